"""The designer of pages, sections and fields: adding, changing, order, retiring, the preview, and what it withstands."""

import csv
import io
import re

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import CustomField, FieldArea, FieldKind, FieldPage, FieldSection, PortalAccess, Species, StaffAccess
from tests import factories as make
from tests.databases import statements
from workflows import field_defaults, field_order

pytestmark = pytest.mark.covers("D3")

CLIENT, PET = "/admin/fields/client/", "/admin/fields/pet/"
HOSTILE = "<img src=x onerror=alert(1)>\"'{{7*7}}"


def one(kind, **wanted):
    db.session.expire_all()
    return db.session.scalars(sa.select(kind).filter_by(**wanted)).one()


def url_of(part):
    names = zip(("page", "section", "field"), (p.public_id for p in field_order.chain_of(part)), strict=False)
    return f"/admin/fields/{field_order.area_of(part).value}/?" + "&".join(f"{n}={v}" for n, v in names)


def a_field(label="Way in", *, section=None, **more):
    return make.custom_field(section or make.field_section(), label=label, **more)


# ------------------------------------------------------------------------------------------------ adding and changing


@pytest.mark.covers("D1", "S3")
def test_a_page_with_a_section_and_fields_is_made_from_nothing(office):
    empty = office.get(CLIENT)
    assert "No pages yet" in empty.main
    form = empty.follow("Add page")
    refused = form.press("Add page", name=" ")
    assert (refused.status, "Fill in a name." in refused.main) == (422, True)
    page = refused.press("Add page", name="Our garden", help="The shed and what is in it.", portal_access="view")
    assert "Our garden saved." in page.text
    section = page.follow("Add section").press("Add section", name="Shed", staff_access="restricted")
    form = section.follow("Add field")
    form = form.press("Show what this kind needs", label="Tools", kind="choice")
    assert (form.status, "Choices" in form.main) == (200, True)
    field = form.press("Add field", **{"choice-label": ["Rake", "Hose", ""], "is_required": "y"})
    assert "Tools saved." in field.text
    tools = one(CustomField, label="Tools")
    assert ([c["label"] for c in tools.choices], tools.is_required, tools.kind) == (["Rake", "Hose"], True, FieldKind.CHOICE)  # fmt: skip
    assert (tools.section.name, tools.section.staff_access) == ("Shed", StaffAccess.RESTRICTED)
    assert (tools.section.page.portal_access, tools.section.page.help) == (PortalAccess.VIEW, "The shed and what is in it.")  # fmt: skip
    assert "Can see, because of its page “Our garden”" in field.main
    assert "Around own visits only, because of its section “Shed”" in field.main


def test_the_usual_pages_are_a_button_where_there_are_none(office):
    page = office.get(PET).press("Add the usual pages")
    assert "Walks & play (Dog)" in page.main
    n = len(field_order.pages_of(FieldArea.PET))
    assert n == len(field_defaults.USUAL[FieldArea.PET])
    again = office.post("/admin/fields/pet/usual")
    assert "There are pages already" in again.text
    assert len(field_order.pages_of(FieldArea.PET)) == n


def test_everything_of_a_field_is_changed_in_its_form(office):
    field = a_field(kind=FieldKind.YES_NO)
    other = make.field_section(field.section.page, name="Other", position=1)
    page = office.get(url_of(field)).press(
        "Save", label="Alarm", help="Is there one?", is_required="y", needs_approval="y", portal_access="view",
        staff_access="hidden", section=other.public_id,
    )  # fmt: skip
    assert "Alarm saved." in page.text
    field = one(CustomField, id=field.id)
    assert (field.label, field.help, field.is_required, field.needs_approval, field.portal_access, field.staff_access, field.section_id) == (
        "Alarm", "Is there one?", True, True, PortalAccess.VIEW, StaffAccess.HIDDEN, other.id,
    )  # fmt: skip


def test_a_condition_is_built_from_earlier_fields_and_their_answers(office):
    section = make.field_section()
    alarm = a_field("Alarm", section=section, kind=FieldKind.YES_NO, position=1)
    code = a_field("Code", section=section, position=2)
    a_field("Later", section=section, position=3)
    form = office.get(url_of(code))
    assert ("Depending on “Alarm”" in form.main, "Depending on “Later”" in form.main) == (True, False)
    form = form.press("Show its answers", if_field=alarm.public_id)
    page = form.press("Save", if_values=["yes"])
    assert one(CustomField, id=code.id).show_if == {"field": alarm.public_id, "values": ["yes"]}
    assert "depends on an answer" in page.main
    refused = office.get(url_of(alarm)).press("Retire")
    assert "“Code” is shown depending on an answer to “Alarm”" in refused.text
    assert one(CustomField, id=alarm.id).retired_at is None
    page.press("Save", if_field="", if_values=None)
    assert one(CustomField, id=code.id).show_if is None


def test_what_is_filled_in_decides_what_can_be_done(office, cast):
    field = a_field(kind=FieldKind.CHOICE, choices=[{"key": "a", "label": "Key"}, {"key": "b", "label": "Safe"}])
    make.field_value(field, cast.alice, text="a")
    page = office.get(url_of(field))
    assert ("Something is filled in" in page.main, "in use" in page.main) == (True, True)
    assert ("Retire" in page.buttons(), "Delete" in page.buttons()) == (True, False)
    refused = page.press("Save", **{"choice-key": ["b"], "choice-label": ["Safe"]})
    assert (refused.status, "Somebody chose “Key”" in refused.main) == (422, True)
    page = page.press("Save", **{"choice-key": ["b", "a"], "choice-label": ["Box", "Key"], "choice-retired": ["a"]})
    assert one(CustomField, id=field.id).choices == [
        {"key": "b", "label": "Box"}, {"key": "a", "label": "Key", "retired": "yes"},
    ]  # fmt: skip
    gone = page.press("Retire")
    assert "Way in retired. What was filled in stays." in gone.text
    assert "1 retired" in gone.main
    back = gone.press("Bring back")
    assert "Way in is asked for again." in back.text
    assert one(CustomField, id=field.id).retired_at is None


def test_what_is_empty_is_deleted_and_the_one_above_is_shown(office):
    field = a_field()
    page = office.get(url_of(field)).press("Delete")
    assert "Way in deleted." in page.text
    assert "Section “Door”" in page.main
    page = page.press("Delete")
    assert "Page “Home”" in page.main
    assert "No pages yet" in page.press("Delete").main


def test_a_column_of_ours_shows_only_what_can_be_changed(office):
    phone = a_field("Phone", kind=FieldKind.PHONE, column="client.phone")
    page = office.get(url_of(phone))
    assert "Latchkey’s own" in page.main
    assert not {"Retire", "Delete"} & set(page.buttons())
    page.press("Save", label="Mobile", kind="text", is_secret="y", is_required="y")
    phone = one(CustomField, id=phone.id)
    assert (phone.label, phone.kind, phone.is_secret, phone.is_required) == ("Mobile", FieldKind.PHONE, False, False)


def test_a_page_for_pets_says_for_which(office):
    page = office.get(PET + "?new=page").press("Add page", name="Walks", species="dog")
    assert "Page “Walks (Dog)”" in page.main
    assert one(FieldPage, name="Walks").species is Species.DOG


# ------------------------------------------------------------------------------------------------------------- order


def test_the_order_is_changed_by_buttons(office):
    section = make.field_section()
    for n, label in enumerate("ABC", start=1):
        a_field(label, section=section, position=n)
    page = office.get(url_of(one(CustomField, label="C")))
    page = page.press("Move up")
    assert "C is now 2 of 3." in page.text
    stale = page
    page.press("Move up")
    assert [f.label for f in field_order.siblings(one(CustomField, label="A"))] == ["C", "A", "B"]
    refused = stale.press("Move up")
    assert "Somebody else changed the order meanwhile" in refused.text
    assert [f.label for f in field_order.siblings(one(CustomField, label="A"))] == ["C", "A", "B"]


def test_dragging_is_answered_with_the_new_order_or_the_reason(office):
    section = make.field_section()
    a, b = (a_field(label, section=section, position=n) for n, label in enumerate("AB"))
    ids = [a.public_id, b.public_id]
    headers = {"Accept": "application/json"}
    path = f"/admin/fields/field/{b.public_id}/place"
    moved = office.post(path, headers=headers, to="0", seen=",".join(ids))
    assert moved.answer.json == {"text": "B is now 1 of 2.", "seen": ids[::-1]}
    refused = office.post(path, headers=headers, to="1", seen=",".join(ids))
    assert (refused.status, list(refused.answer.json)) == (409, ["error"])


# ----------------------------------------------------------------------------------------------------------- preview


def preview(office, path, **data):
    answer = office.post(path.replace("/?", "/preview?"), headers={"HX-Request": "true"}, **data)
    assert answer.status == 200
    return answer


def test_the_preview_shows_the_page_as_clients_see_it(office):
    section = make.field_section(name="Getting in")
    a_field("Alarm", section=section, kind=FieldKind.YES_NO, position=1, is_required=True)
    a_field("Office only", section=section, portal_access=PortalAccess.HIDDEN, position=2)
    a_field("Read only", section=section, portal_access=PortalAccess.VIEW, position=3)
    shown = office.get(url_of(section)).html.partition('id="fd-preview"')[2]
    assert ("Alarm" in shown, "Office only" in shown, "Read only" in shown) == (True, False, True)
    section.page.portal_access = PortalAccess.HIDDEN
    assert "Clients do not see this page." in office.get(url_of(section)).main


def test_the_preview_tries_what_is_in_the_form_and_saves_nothing(office):
    field = a_field()
    path, version = url_of(field), field.version
    shown = preview(office, path, label="Entrance", kind="text", section=field.section.public_id, portal_access="edit", staff_access="view", version=str(version))  # fmt: skip
    assert "Entrance" in shown.html
    hidden = preview(office, path, label="Entrance", kind="text", section=field.section.public_id, portal_access="hidden", staff_access="view", version=str(version))  # fmt: skip
    assert ("Entrance" in hidden.html, "Hidden" in hidden.html) == (False, True)
    wrong = preview(office, path, label="", kind="text", section=field.section.public_id, portal_access="edit", staff_access="view", version=str(version))  # fmt: skip
    assert "Fill in a name." in wrong.html
    field = one(CustomField, id=field.id)
    assert (field.label, field.version) == ("Way in", version)
    new = preview(office, url_of(field.section) + "&new=field", label="Brand new", kind="text", section=field.section.public_id, portal_access="edit", staff_access="view", version="")  # fmt: skip
    assert "Brand new" in new.html
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CustomField)) == 1


@pytest.mark.covers("D1", "D3")
def test_the_preview_draws_each_kind_as_the_portal_does(office, cast, http, sign_in_as_client):
    section = make.field_section(name="Getting in")
    three, nine = ([{"key": f"k{n}", "label": f"Choice {n}"} for n in range(most)] for most in (3, 9))
    for n, (kind, more) in enumerate([
        *((kind, {}) for kind in FieldKind if kind not in {FieldKind.CHOICE, FieldKind.MULTI_CHOICE, FieldKind.TASK}),
        (FieldKind.CHOICE, {"choices": three}), (FieldKind.CHOICE, {"choices": nine}), (FieldKind.MULTI_CHOICE, {"choices": nine}),
    ]):  # fmt: skip
        a_field(f"Field {n}", section=section, kind=kind, position=n, help=f"Help {n}", is_required=n % 2 == 0, needs_approval=n % 3 == 0, **more)  # fmt: skip
    db.session.commit()

    def entries(html, prefix):
        """The fields as they are drawn, without what only a form that is sent needs."""
        plain = re.sub(r'<input type="hidden"[^>]*>', "", html)
        plain = re.sub(rf'(?<=["\s#]){re.escape(prefix)}', "", plain)  # an id may end with the same letters
        return [re.sub(r"(</div>)+\Z", "", re.sub(r"\s+", "", one)) for one in re.findall(r'<div class="pt-entry".*?(?=<div class="pt-entry"|</section>)', plain, re.DOTALL)]  # fmt: skip

    portal = sign_in_as_client(http(), cast.alice).get(f"/portal/your-data/{section.page.public_id}/edit").text
    shown = preview(office, url_of(section)).html
    assert len(entries(portal, "f-")) == 13
    assert entries(shown, "answer-") == entries(portal, "f-")


def test_answers_in_the_preview_show_what_depends_on_them(office):
    section = make.field_section()
    alarm = a_field("Alarm", section=section, kind=FieldKind.YES_NO, position=1)
    a_field("Code", section=section, position=2, show_if={"field": alarm.public_id, "values": ["yes"]})
    path = url_of(section)
    closed = preview(office, path)
    assert ("Code" in closed.html, "1 field more" in closed.html) == (False, True)
    assert "Code" in preview(office, path, **{f"answer-{alarm.public_id}": "yes"}).html
    assert "Code" not in preview(office, path, **{f"answer-{alarm.public_id}": "no"}).html


# -------------------------------------------------------------------------------------------------------- withstands


def test_names_helps_and_choices_are_texts_and_nothing_else(office):
    page = office.get(CLIENT + "?new=page").press("Add page", name=HOSTILE, help=HOSTILE)
    section = page.follow("Add section").press("Add section", name=HOSTILE, help=HOSTILE)
    form = section.follow("Add field").press("Show what this kind needs", label=HOSTILE, help=HOSTILE, kind="choice")
    page = form.press("Add field", **{"choice-label": [HOSTILE, "Other"]})
    assert page.status == 200
    assert "<img src=x" not in page.html
    assert "{{7*7}}" in page.main
    shown = preview(office, url_of(one(CustomField, label=HOSTILE)))
    assert "<img src=x" not in shown.html
    assert "<img src=x" not in office.get("/admin/log/").html


@pytest.mark.parametrize("query", ["?page=nothing", "?page=%00", "?new=door", "?new=field", "?new=section", "?page={page}&section=nothing", "?page={page}&section={section}&field=nothing"])  # fmt: skip
def test_what_is_not_there_is_not_found(office, query):
    section = make.field_section()
    path = CLIENT + query.format(page=section.page.public_id, section=section.public_id)
    office.get(path, 404)
    assert office.post(path, name="X", follow=False).status == 404


def test_ids_of_nothing_and_of_other_kinds_are_not_found(office):
    section = make.field_section()
    for kind, part_id in (("field", "nothing"), ("field", section.public_id), ("page", section.public_id), ("page", "x" * 400), ("page", "a%00b")):  # fmt: skip
        for verb in ("place", "retirement", "return", "removal"):
            assert office.post(f"/admin/fields/{kind}/{part_id}/{verb}", follow=False).status == 404
    assert one(FieldSection, id=section.id).retired_at is None


@pytest.mark.parametrize("to", ["", "-1", "x", "9" * 5000, "²"])
def test_a_place_that_is_none_is_the_first(office, to):
    section = make.field_section()
    fields = [a_field(label, section=section, position=n) for n, label in enumerate("AB")]
    seen = ",".join(f.public_id for f in fields)
    office.post(f"/admin/fields/field/{fields[1].public_id}/place", to=to, seen=seen)
    assert [f.label for f in field_order.siblings(one(CustomField, label="A"))] == ["B", "A"]


def test_values_of_a_form_that_were_never_offered_are_refused(office):
    field = a_field(kind=FieldKind.TEXT)
    elsewhere = make.field_section(make.field_page(FieldArea.PET))
    page = office.get(url_of(field))
    for name, value in (("kind", "spaceship"), ("portal_access", "own"), ("section", elsewhere.public_id), ("if_field", "nothing")):  # fmt: skip
        refused = page.press("Save", **{name: value})
        assert (name, refused.status) == (name, 422)
    long = page.press("Save", label="x" * 10_000)
    assert (long.status, "Use at most 120 characters." in long.main) == (422, True)
    assert page.press("Save", label="Nul\x00l").status == 200
    assert one(CustomField, id=field.id).label == "Null"


def test_a_form_that_is_sent_twice_adds_once(office):
    form = office.get(CLIENT + "?new=page")
    form.press("Add page", name="Garden")
    again = form.press("Add page", name="Garden")
    assert (again.status, "This was already saved" in again.main) == (422, True)
    one(FieldPage, name="Garden")


def test_a_form_of_yesterday_does_not_overwrite(office, manager):
    field = a_field()
    old = office.get(url_of(field))
    manager.get(url_of(field)).press("Save", label="Entrance")
    refused = old.press("Save", label="Mine")
    assert (refused.status, "Somebody else changed “Entrance” meanwhile" in refused.main) == (422, True)
    assert one(CustomField, id=field.id).label == "Entrance"
    assert 'value="Mine"' in refused.html


@pytest.mark.parametrize("n", [1, 12])
def test_the_page_costs_the_same_whatever_is_on_it(office, n):
    section = make.field_section()
    for _ in range(n):
        a_field(section=section)
        make.field_section(section.page)
        make.field_page()
    path = url_of(section)
    office.get(path)
    with statements() as seen:
        answer = office.get(path)
    assert len(seen) <= 20, "\n".join(seen)
    assert len(answer.html) < 90_000
    counts = getattr(test_the_page_costs_the_same_whatever_is_on_it, "counts", {})
    counts[n] = len(seen)
    test_the_page_costs_the_same_whatever_is_on_it.counts = counts
    assert len(set(counts.values())) == 1


def test_sitters_do_not_design(cast, http, sign_in_as_staff):
    browser = sign_in_as_staff(http(), cast.sam)
    assert browser.get(CLIENT).status_code == 403


def test_the_menu_leads_there(office):
    assert re.search(r'href="/admin/fields/"', office.get("/admin/").html)


@pytest.mark.covers("S3")
def test_all_parts_stand_in_lists_that_are_searched_filtered_and_saved_and_lead_into_the_designer(office, cast):
    home = make.field_page(name="Property", portal_access=PortalAccess.VIEW)
    door = make.field_section(home, name="Getting in")
    code = make.custom_field(door, label="Alarm code", is_secret=True, staff_access=StaffAccess.RESTRICTED)
    make.custom_field(door, label="Way in", kind=FieldKind.CHOICE, choices=[{"key": "k", "label": "Key safe"}])
    food = make.custom_field(make.field_section(make.field_page("pet", name="Feeding")), label="<b>Food")
    food.retired_at = clock.now()
    db.session.commit()
    url = "/admin/custom-fields/"

    def names(query=""):
        return re.findall(r'ui-table__main"[^>]*>([^<]*)<', office.get(url + query).html)

    assert names() == ["Alarm code", "Way in"]
    assert names("?view=retired") == ["&lt;b&gt;Food"]
    assert names("?search=alarm") == names("?flt_secret=yes") == names("?flt_sitters=restricted") == ["Alarm code"]
    assert names("?search=property") == ["Alarm code", "Way in"]
    assert names("?flt_kind=choice") == ["Way in"]
    page = office.get(url).follow("Alarm code")
    assert page.path == url_of(code)
    for other, name in (("field-sections", "Getting in"), ("field-pages", "Property")):
        assert f">{name}</a>" in office.get(f"/admin/{other}/?search={name}").html
    assert "All fields" in office.get("/admin/fields/client/").html
    saved = office.browser.post(f"{url}export/csv/", data={"csrf_token": office.token()})
    (row,) = [line for line in csv.DictReader(io.StringIO(saved.data.decode("utf-8-sig"))) if line["Field"] == "Alarm code"]  # fmt: skip
    assert (row["Page"], row["Section"], row["Secret"], row["Clients"]) == (
        "Property",
        "Getting in",
        "Yes",
        "Can see",
    )
    assert (row["Clients, by itself"], row["Sitters"]) == ("Can see and change", "Around own visits only")


def test_a_field_of_ours_that_stands_nowhere_is_named_and_added_by_a_press(office, cast):
    field_defaults.install(FieldArea.CLIENT, actor=cast.as_olivia)
    assert "On no page yet" not in office.get("/admin/fields/client/").main
    db.session.execute(sa.delete(CustomField).where(CustomField.column == "client.region"))
    db.session.commit()
    page = office.get("/admin/fields/client/")
    assert "On no page yet: State or province." in page.main
    added = page.press("Add to the pages")
    assert "State or province added." in added.main
    assert "On no page yet" not in added.main
    assert "Every field is there already" in office.post("/admin/fields/client/missing").text
