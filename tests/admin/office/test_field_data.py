"""What is filled in, in the back office: read by pages, changed, secrets opened on a press and logged, two at once."""

import datetime as dt
import io
import re
from decimal import Decimal

import pytest
import sqlalchemy as sa
from PIL import Image

from foundation.db import db
from models import Activity, FieldArea, FieldKind, FieldValue, FilePurpose, PortalAccess, Species
from tests import factories as make
from tests.databases import statements
from workflows import field_saving, field_values

pytestmark = pytest.mark.covers("D1", "D3")

HOSTILE = "<script>alert(1)</script>"


def data(owner):
    return f"/admin/data/{owner.__tablename__}/{owner.id}/"


def fill(owner, field, value, **more):
    row = FieldValue(field=field, **{owner.__tablename__: owner}, **more)
    field_values.put(row, field, value)
    db.session.add(row)
    db.session.flush()
    return row


def held(owner, field):
    db.session.expire_all()
    return field_values.read(owner).of(field)


def last_log():
    return db.session.scalars(sa.select(Activity).order_by(Activity.id.desc()).limit(1)).one()


@pytest.fixture
def door(cast):
    """Way in, an alarm, and its code as a secret that only is asked for when there is one."""
    section = make.field_section(name="Getting in")
    way = make.custom_field(section, label="Way in", position=1)
    alarm = make.custom_field(section, label="Alarm", kind=FieldKind.YES_NO, position=2)
    condition = {"field": alarm.public_id, "values": ["yes"]}
    code = make.custom_field(section, label="Alarm code", is_secret=True, show_if=condition, position=3)
    return section, way, alarm, code


def test_the_client_s_page_shows_what_is_filled_in_by_pages_secrets_masked(office, cast, door):
    section, way, alarm, code = door
    fill(cast.alice, way, "Back door")
    fill(cast.alice, alarm, True)
    fill(cast.alice, code, "4711-geheim")
    fill(cast.bob, way, "Bob's cellar")
    make.custom_field(section, label="Only us", portal_access=PortalAccess.HIDDEN, position=9)
    for path in (f"/admin/client/{cast.alice.id}/?tab=details", data(cast.alice)):
        page = office.get(path)
        assert "Getting in Way in Back door Alarm Yes Alarm code •••• Only us Clients do not see it not filled in" in page.main  # fmt: skip
        assert ("4711" in page.html, "cellar" in page.html) == (False, False)
    page.follow("Edit Home")


@pytest.mark.covers("V6")
def test_secrets_are_opened_by_a_press_this_once_and_the_look_is_logged(office, cast, door):
    _section, _way, alarm, code = door
    fill(cast.alice, alarm, True)
    fill(cast.alice, code, "4711-geheim")
    page = office.get(data(cast.alice))
    shown = page.press("Show secrets")
    assert ("4711-geheim" in shown.main, "Your look is in the log" in shown.main) == (True, True)
    assert shown.answer.headers["Cache-Control"] == "no-store"
    line = last_log()
    assert (line.verb, line.client_id, line.facts["lines"], line.actor_name) == ("secret.seen", cast.alice.id, ["Alarm code"], "Olivia Owens")  # fmt: skip
    assert "4711" not in office.get(data(cast.alice)).html
    assert "4711" not in office.get("/admin/log/").html


def test_a_form_never_carries_a_secret_and_empty_keeps_it(office, cast, door):
    section, way, alarm, code = door
    fill(cast.alice, alarm, True)
    fill(cast.alice, code, "4711-geheim")
    page = office.get(data(cast.alice)).follow("Edit Home")
    assert ("4711" in page.html, "What you type replaces it" in page.main) == (False, True)
    page.press("Save", **{f"f-{way.public_id}": "Front door"})
    assert (held(cast.alice, way), held(cast.alice, code)) == ("Front door", "4711-geheim")
    page = office.get(f"{data(cast.alice)}{section.page.public_id}/")
    page.press("Save", **{f"f-{code.public_id}": "0815"})
    assert held(cast.alice, code) == "0815"
    assert "0815" not in str(last_log().facts)
    office.get(f"{data(cast.alice)}{section.page.public_id}/").press("Save", **{f"empty-{code.public_id}": "y"})
    assert held(cast.alice, code) is None


@pytest.mark.covers("D2")
def test_every_kind_is_filled_in_for_a_pet_and_logged_from_old_to_new(office, cast):
    section = make.field_section(make.field_page(FieldArea.PET, name="Feeding"), name="")
    typed = {
        FieldKind.TEXT: ("Two cups", "Two cups"),
        FieldKind.LONG_TEXT: ("Two cups a day", "Two cups a day"),
        FieldKind.NUMBER: ("1.5", Decimal("1.5")),
        FieldKind.DATE: ("2026-11-01", dt.date(2026, 11, 1)),
        FieldKind.YES_NO: ("no", False),
        FieldKind.CHOICE: ("raw", "raw"),
        FieldKind.MULTI_CHOICE: (["dry", "raw"], ("raw", "dry")),
        FieldKind.EMAIL: ("Ann@Example.com", "ann@example.com"),
        FieldKind.PHONE: ("212 555 0134", "+12125550134"),
        FieldKind.LINK: ("https://example.com/food", "https://example.com/food"),
    }
    food = [{"key": "raw", "label": "Raw"}, {"key": "dry", "label": "Dry"}]
    fields = {kind: make.custom_field(section, label=kind.value, kind=kind, choices=food if "choice" in kind else []) for kind in typed}  # fmt: skip
    name = make.custom_field(section, label="Breed", column="pet.breed")
    page = office.get(data(cast.mochi)).follow("Edit Feeding")
    sent = {f"f-{fields[kind].public_id}": raw for kind, (raw, _value) in typed.items()}
    done = page.press("Save", **sent, **{f"f-{name.public_id}": "Siamese"})
    assert {kind: held(cast.mochi, fields[kind]) for kind in typed} == {k: v for k, (_raw, v) in typed.items()}
    assert cast.mochi.breed == "Siamese"
    assert ("(212) 555-0134" in done.main, "Raw, Dry" in done.main) == (True, True)
    line = last_log()
    assert (line.verb, line.client_id, line.facts["changes"]["choice"]) == ("pet.changed", cast.alice.id, ["", "Raw"])
    again = office.get(data(cast.mochi)).follow("Edit Feeding")
    assert "Nothing was different" in again.press("Save").text


def test_what_is_wrong_comes_back_filled_with_its_reason(office, cast):
    section = make.field_section()
    number = make.custom_field(section, label="Age", kind=FieldKind.NUMBER)
    other = make.custom_field(section, label="Way in")
    page = office.get(data(cast.alice)).follow("Edit Home")
    refused = page.press("Save", **{f"f-{number.public_id}": "many", f"f-{other.public_id}": "Back"})
    assert (refused.status, "Enter a number" in refused.main, 'value="many"' in refused.html, 'value="Back"' in refused.html) == (422, True, True, True)  # fmt: skip
    assert held(cast.alice, other) is None


@pytest.mark.covers("D6")
def test_what_the_client_changed_meanwhile_stands_beside_and_nothing_is_lost(office, cast):
    section = make.field_section()
    way = make.custom_field(section, label="Way in")
    other = make.custom_field(section, label="Parking")
    fill(cast.alice, way, "Front")
    page = office.get(data(cast.alice)).follow("Edit Home")
    field_saving.save(cast.alice, {way.public_id: "Cellar"}, actor=cast.as_alice)
    crossed = page.press("Save", **{f"f-{way.public_id}": "Roof", f"f-{other.public_id}": "Street"})
    assert (crossed.status, "Changed meanwhile to: Cellar" in crossed.main, 'value="Roof"' in crossed.html) == (409, True, True)  # fmt: skip
    assert (held(cast.alice, way), held(cast.alice, other)) == ("Cellar", None)
    crossed.press("Save")
    assert (held(cast.alice, way), held(cast.alice, other)) == ("Roof", "Street")


def test_what_only_waits_for_approval_is_said_and_stays(office, cast):
    section = make.field_section()
    way = make.custom_field(section, label="Way in", needs_approval=True)
    fill(cast.alice, way, "Front")
    field_saving.save(cast.alice, {way.public_id: "Cellar"}, actor=cast.as_alice)
    page = office.get(data(cast.alice))
    assert "Way in Front Waits for your yes: Cellar" in page.main


def test_pages_of_other_animals_and_of_nobody_are_not_there(office, cast):
    dogs = make.field_section(make.field_page(FieldArea.PET, name="Walks", species=Species.DOG))
    make.custom_field(dogs, label="Lead")
    assert "Walks" in office.get(data(cast.biscuit)).main
    assert "Walks" not in office.get(data(cast.mochi)).main
    client_page = make.field_section().page
    for path in (
        f"{data(cast.mochi)}{dogs.page.public_id}/",
        f"{data(cast.alice)}{dogs.page.public_id}/",
        f"{data(cast.biscuit)}{client_page.public_id}/",
        f"{data(cast.biscuit)}nothing/",
        f"{data(cast.biscuit)}%00/",
        "/admin/data/client/999999/",
        "/admin/data/pet/99999999999999999999/",
        "/admin/data/dog/1/",
    ):
        office.get(path, 404)
        assert office.post(path, follow=False).status in {404, 405}
    assert office.post(f"{data(cast.mochi)}{dogs.page.public_id}/secrets", follow=False).status == 404


def test_a_page_without_secrets_opens_none(office, cast):
    page = make.custom_field().section.page
    assert "There is nothing hidden here." in office.post(f"{data(cast.alice)}{page.public_id}/secrets").text


def test_texts_are_texts(office, cast):
    section = make.field_section(make.field_page(name=HOSTILE), name=HOSTILE)
    way = make.custom_field(section, label=HOSTILE, help=HOSTILE)
    link = make.custom_field(section, label="Link", kind=FieldKind.LINK)
    fill(cast.alice, way, HOSTILE)
    fill(cast.alice, link, "https://example.com/?a=1&b=<b>")
    for path in (data(cast.alice), f"{data(cast.alice)}{section.page.public_id}/", f"/admin/client/{cast.alice.id}/?tab=details"):  # fmt: skip
        page = office.get(path)
        assert ("<script>alert" in page.html, HOSTILE in page.main) == (False, True)
    assert 'rel="noopener noreferrer nofollow"' in page.html
    refused = office.get(f"{data(cast.alice)}{section.page.public_id}/").press("Save", **{f"f-{link.public_id}": "javascript:alert(1)"})  # fmt: skip
    assert refused.status == 422


def test_staff_details_are_the_owner_s_to_change(office, manager, cast):
    section = make.field_section(make.field_page(FieldArea.STAFF, name="About"))
    make.custom_field(section, label="Languages")
    path = f"{data(cast.sam)}{section.page.public_id}/"
    page = office.get(path).press("Save", **{f"f-{section.fields[0].public_id}": "Spanish"})
    assert "Spanish" in page.main
    assert "Edit About" not in str(manager.get(data(cast.sam))._read.links)
    manager.get(path, 403)
    assert "Your account does not allow this." in manager.post(path).text
    assert "All details" in office.get(f"/admin/staff/details/?id={cast.sam.id}").main


def test_pets_are_reached_from_their_client_and_their_record(office, cast):
    assert office.get(f"/admin/client/{cast.alice.id}/").has_link(data(cast.mochi))
    assert office.get(f"/admin/pets/details/?id={cast.mochi.id}").has_link(data(cast.mochi))


@pytest.mark.parametrize("n", [1, 25])
def test_reading_costs_the_same_whatever_is_filled_in(office, cast, n):
    section = make.field_section()
    for _ in range(n):
        fill(cast.alice, make.custom_field(section), "x")
    office.get(data(cast.alice))
    for path, most in ((data(cast.alice), 12), (f"/admin/client/{cast.alice.id}/?tab=details", 19)):
        with statements() as seen:
            office.get(path)
        assert len(seen) <= most, "\n".join(seen)


@pytest.mark.covers("D4")
def test_photos_and_documents_of_a_page_are_given_replaced_and_emptied(office, cast):
    section = make.field_section()
    photo = make.custom_field(section, label="The entrance", kind=FieldKind.IMAGE)
    plan = make.custom_field(section, label="Plan", kind=FieldKind.FILE)
    page = office.get(data(cast.alice)).follow("Edit Home")
    fields = page.fields(page.path).to_dict(flat=True)

    def send(**more):
        return office.browser.post(page.path, data={**fields, **more}, content_type="multipart/form-data")

    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(picture, "PNG")
    sent = send(**{f"f-{photo.public_id}": (io.BytesIO(picture.getvalue()), "front.png"), f"f-{plan.public_id}": (io.BytesIO(b"Ring twice."), "plan.txt")})  # fmt: skip
    assert sent.status_code == 302
    first = held(cast.alice, photo)
    assert (first.media_type, first.client_id, held(cast.alice, plan).name) == ("image/webp", cast.alice.id, "plan.txt")
    shown = office.get(data(cast.alice))
    assert shown.has_link(f"/admin/files/{first.id}/picture")
    assert office.browser.get(f"/admin/files/{first.id}/picture").status_code == 200

    bad = send(**{f"f-{photo.public_id}": (io.BytesIO(b"<svg onload=alert(1)>"), "front.png")})
    assert (bad.status_code, held(cast.alice, photo).id) == (422, first.id)
    page = office.get(page.path)
    fields = page.fields(page.path).to_dict(flat=True)
    assert send(**{f"empty-{photo.public_id}": "y"}).status_code == 302
    assert (held(cast.alice, photo), first.removed_at is not None) == (None, True)
    assert held(cast.alice, plan).name == "plan.txt"


@pytest.mark.covers("D4")
def test_a_photo_that_was_chosen_need_not_be_chosen_again_when_the_form_comes_back(office, cast):
    section = make.field_section()
    photo = make.custom_field(section, label="The entrance", kind=FieldKind.IMAGE)
    visits = make.custom_field(section, label="Visits", kind=FieldKind.NUMBER)
    page = office.get(data(cast.alice)).follow("Edit Home")
    fields = page.fields(page.path).to_dict(flat=True)
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(picture, "PNG")
    wrong = {
        **fields,
        f"f-{photo.public_id}": (io.BytesIO(picture.getvalue()), "front.png"),
        f"f-{visits.public_id}": "many",
    }
    answer = office.browser.post(page.path, data=wrong, content_type="multipart/form-data")
    assert (answer.status_code, "front.webp" in answer.text, held(cast.alice, photo)) == (422, True, None)
    kept = re.search(rf'name="kept-{photo.public_id}" value="([^"]+)"', answer.text)[1]
    again = {**fields, f"kept-{photo.public_id}": kept, f"f-{visits.public_id}": "2"}
    assert office.browser.post(page.path, data=again).status_code == 302
    assert (held(cast.alice, photo).public_id, held(cast.alice, visits)) == (kept, 2)
    # Somebody else's file is no answer.
    foreign = make.stored_file(cast.bob, purpose=FilePurpose.FIELD)
    fields = office.get(page.path).fields(page.path).to_dict(flat=True)
    refused = office.browser.post(page.path, data={**fields, f"kept-{photo.public_id}": foreign.public_id})
    assert (refused.status_code, held(cast.alice, photo).public_id) == (422, kept)
