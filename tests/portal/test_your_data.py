"""D1, D2, D6 as a client meets them: pages read first, then edited; pets; switches; what two people change at once."""

import datetime as dt
import re

import pytest

from foundation import clock
from foundation.db import db
from models import (
    Activity,
    FieldKind,
    FieldProposal,
    FieldValue,
    Notification,
    NotificationKind,
    Pet,
    PetStatus,
    PortalAccess,
    ProposalState,
    Realm,
    Species,
)
from tests import factories as make
from tests.conftest import _put_cookie as put_cookie
from tests.databases import count, statements
from tests.portal.conftest import Walker
from workflows import field_proposals, field_values, portal_views, sign_ins

HIDDEN, VIEW, EDIT = PortalAccess.HIDDEN, PortalAccess.VIEW, PortalAccess.EDIT
FOOD = [{"key": "raw", "label": "Raw food"}, {"key": "dry", "label": "Dry food"}]


@pytest.fixture
def home(cast):
    """A page of the client's with a section."""
    return make.field_section(make.field_page(name="Home and security", help="How we get in."), name="Door")


@pytest.fixture
def dogs(cast):
    """A page for dogs."""
    return make.field_section(make.field_page("pet", name="Feeding", species=Species.DOG), name="Meals")


def url(section, pet=None, more=""):
    pets = f"pets/{pet.public_id}/" if pet else ""
    return f"/portal/your-data/{pets}{section.page.public_id}{more}"


def held(owner, field):
    return field_values.read(owner).of(field)


def told(kind):
    return [n.facts for n in db.session.query(Notification).filter_by(kind=kind).order_by(Notification.id)]


# --------------------------------------------------------------------------------------------------------- reading


@pytest.mark.covers("D1")
def test_pages_are_tabs_read_first_and_then_edited(walk, cast, home):
    door, code = make.custom_field(home, label="Which door?"), make.custom_field(home, label="Code", is_secret=True)
    make.field_value(door, cast.alice, text="The <b>blue</b> one")
    make.field_page(name="Empty page")
    alice = walk(cast.alice)
    page = alice.get("/portal/your-data/")
    assert page.path == url(home)
    for words in ("Home and security", "How we get in.", "Door", "Which door?", "The <b>blue</b> one", "Not filled in"):
        assert words in page.text, words
    assert "<b>blue" not in page.html
    assert "Empty page" not in page.text
    assert not [f for f in page.forms if f.action.startswith("/portal/your-data")]
    form = alice.get(url(home, more="/edit"))
    done = alice.press(form, url(home), **{f"f-{door.public_id}": "Back door", f"f-{code.public_id}": "4711"})
    assert (done.path, held(cast.alice, door), held(cast.alice, code)) == (url(home), "Back door", "4711")
    assert "Saved." in done.text
    assert "Back door" in done.text


@pytest.mark.covers("D3")
def test_every_kind_is_filled_in_and_shown(walk, cast, home):
    typed = {
        FieldKind.TEXT: ("Blue door", "Blue door"),
        FieldKind.LONG_TEXT: ("one\r\ntwo", "one two"),
        FieldKind.NUMBER: ("1,234.5", "1,234.5"),
        FieldKind.DATE: ("2026-02-03", "Feb 3, 2026"),
        FieldKind.YES_NO: ("no", "No"),
        FieldKind.CHOICE: ("raw", "Raw food"),
        FieldKind.MULTI_CHOICE: (["dry", "raw"], "Raw food, Dry food"),
        FieldKind.EMAIL: ("Ann@Example.com", "ann@example.com"),
        FieldKind.PHONE: ("2125550134", "(212) 555-0134"),
        FieldKind.LINK: ("https://example.com/", "https://example.com/"),
    }
    fields = {k: make.custom_field(home, label=f"A {k}", kind=k, choices=FOOD if "choice" in k else []) for k in typed}
    alice = walk(cast.alice)
    sent = {f"f-{fields[k].public_id}": raw for k, (raw, _words) in typed.items()}
    done = alice.press(alice.get(url(home, more="/edit")), url(home), **sent)
    for kind, (_raw, words) in typed.items():
        assert f"A {kind} {words}" in done.text, kind
    assert {"mailto:ann@example.com", "tel:+12125550134", "https://example.com/"} <= done.links()
    # What stands in the form is what is saved: sent again as it is, nothing changes.
    before = count(Activity)
    again = alice.press(alice.get(url(home, more="/edit")), url(home))
    assert "Nothing was changed." in again.text
    assert count(Activity) == before
    # Many choices stand in a list; one tick is no more than none.
    emptied = {f"f-{fields[FieldKind.MULTI_CHOICE].public_id}": None, f"f-{fields[FieldKind.CHOICE].public_id}": ""}
    alice.press(alice.get(url(home, more="/edit")), url(home), **emptied)
    assert (held(cast.alice, fields[FieldKind.MULTI_CHOICE]), held(cast.alice, fields[FieldKind.CHOICE])) == (
        None,
        None,
    )


def test_many_choices_stand_in_a_list(walk, cast, home):
    choices = [{"key": f"k{n}", "label": f"Way {n}"} for n in range(8)]
    make.custom_field(home, kind=FieldKind.CHOICE, choices=choices)
    page = walk(cast.alice).get(url(home, more="/edit"))
    assert page.html.count("<option") == 9


@pytest.mark.covers("D1", "D3")
def test_a_refusal_brings_back_what_was_typed_and_says_which_field(walk, cast, home):
    door = make.custom_field(home, label="Which door?", is_required=True)
    day, note = (
        make.custom_field(home, kind=FieldKind.DATE, label="Until"),
        make.custom_field(home, kind=FieldKind.LONG_TEXT),
    )
    alice = walk(cast.alice)
    sent = {f"f-{door.public_id}": " ", f"f-{day.public_id}": "soon", f"f-{note.public_id}": "kept <i>\n\U0001f415"}
    page = alice.press(alice.get(url(home, more="/edit")), url(home), **sent)
    assert page.status == 422
    assert "2 things need another look" in page.text
    assert "Which door? : Fill this in." in page.text
    assert page.form(url(home)).filled()[f"f-{day.public_id}"] == ["soon"]
    assert page.form(url(home)).filled()[f"f-{note.public_id}"] == ["kept <i>\n\U0001f415"]
    assert count(FieldValue) == 0
    done = alice.press(page, url(home), **{f"f-{door.public_id}": "blue", f"f-{day.public_id}": ""})
    assert (done.status, held(cast.alice, door), held(cast.alice, note)) == (200, "blue", "kept <i>\n\U0001f415")


@pytest.mark.covers("D1")
def test_what_is_still_to_be_filled_in_stands_at_its_tab_and_line(walk, cast, home, change_settings):
    for _ in range(2):
        make.custom_field(home, is_required=True)
    make.custom_field(home, is_required=True, portal_access=VIEW)
    alice = walk(cast.alice)
    page = alice.get(url(home))
    assert "2 to fill in" in page.text
    assert page.text.count("Still to fill in") == 2
    change_settings({"portal.your_data_amend": False})
    assert "to fill in" not in alice.get(url(home)).text


@pytest.mark.covers("D3")
def test_conditions_are_followed_without_a_script(walk, cast, home):
    alarm = make.custom_field(home, label="Alarm", kind=FieldKind.YES_NO)
    needs = {"field": alarm.public_id, "values": ["yes"]}
    code = make.custom_field(home, label="Code", is_required=True, show_if=needs)
    other = make.field_section(make.field_page(name="Other"))
    far = make.custom_field(other, label="Alarm company", show_if=needs)
    make.custom_field(other, label="Always there")
    alice = walk(cast.alice)
    assert "Code" not in alice.get(url(home)).text
    form = alice.get(url(home, more="/edit"))
    assert "Only if Alarm is Yes." in form.text
    assert f"f-{far.public_id}" not in alice.get(url(other, more="/edit")).html
    page = alice.press(form, url(home), **{f"f-{alarm.public_id}": "no", f"f-{code.public_id}": "4711"})
    assert "Not changed, as your other answers do not ask for it: Code." in page.text
    done = alice.press(alice.get(url(home, more="/edit")), url(home), **{f"f-{alarm.public_id}": "yes", f"f-{code.public_id}": "4711"})  # fmt: skip
    assert "Code 4711" in done.text
    assert f"f-{far.public_id}" in alice.get(url(other, more="/edit")).html


# ------------------------------------------------------------------------------------------------------- who may


@pytest.mark.covers("D3", "D1")
@pytest.mark.parametrize("level", ["page", "section", "field"])
@pytest.mark.parametrize("access", [HIDDEN, VIEW])
def test_a_hand_made_post_writes_nothing_that_is_not_open(walk, cast, home, level, access):
    page = make.field_page(portal_access=access if level == "page" else EDIT)
    section = make.field_section(page, portal_access=access if level == "section" else EDIT)
    closed = make.custom_field(section, label="Risk score", portal_access=access if level == "field" else EDIT)
    beside = make.custom_field(make.field_section(page, portal_access=EDIT), label="Beside")
    opened = make.custom_field(home, label="Open")
    make.field_value(closed, cast.alice, text="7 of 10")
    alice = walk(cast.alice)
    seen = alice.get(url(section))
    assert ("7 of 10" in seen.text) is (access is VIEW)
    for target in (section, home):
        data = {f"{kind}{f.public_id}": "x" for f in (closed, opened, beside) for kind in ("f-", "seen-")}
        answer = alice.post(url(target), **data)
        assert answer.status_code < 500
    assert held(cast.alice, closed) == "7 of 10"
    form = alice.get(url(section, more="/edit"))
    assert closed.public_id not in form.html


@pytest.mark.covers("P8", "D1", "D2")
def test_a_switch_closes_changing_and_adding(walk, cast, home, dogs, change_settings):
    door, food = make.custom_field(home), make.custom_field(dogs)
    alice = walk(cast.alice)
    change_settings({"portal.your_data_amend": False, "portal.add_pet": False})
    page, pets = alice.get(url(home)), alice.get("/portal/your-data/pets")
    assert not [x for x in page.links() | pets.links() if x.endswith(("/edit", "/leaving", "/new"))]
    pet = f"/portal/your-data/pets/{cast.biscuit.public_id}"
    for path in (
        url(home, more="/edit"),
        url(dogs, cast.biscuit, "/edit"),
        f"{pet}/leaving",
        "/portal/your-data/pets/new",
    ):
        assert alice.get(path).status == 404, path
    for path in (url(home), url(dogs, cast.biscuit), f"{pet}/leaving", "/portal/your-data/pets"):
        sent = {f"f-{f.public_id}": "x" for f in (door, food)} | {f"seen-{f.public_id}": "x" for f in (door, food)}
        answer = alice.post(path, name="Rex", species="dog", status="deceased", **sent)
        assert answer.status_code in {404, 405}, path
    assert (count(FieldValue), count(Pet), cast.biscuit.status) == (0, 3, PetStatus.ACTIVE)
    change_settings({"portal.your_data": False})
    assert "Your Data" not in alice.get("/portal/").text


@pytest.mark.covers("D2")
def test_other_households_pets_and_pages_are_not_there(walk, cast, home, dogs):
    food = make.custom_field(dogs)
    alice = walk(cast.alice)
    bella = f"/portal/your-data/pets/{cast.bella.public_id}"
    for path in (
        bella,
        f"{bella}/leaving",
        url(dogs, cast.bella),
        url(dogs, cast.bella, "/edit"),
        url(dogs),
        url(home, cast.biscuit),
    ):
        assert alice.get(path).status == 404, path
    for path in (f"{bella}/leaving", url(dogs, cast.bella)):
        sent = {f"f-{food.public_id}": "x", f"seen-{food.public_id}": "x"}
        assert alice.post(path, status="deceased", **sent).status_code == 404
    assert (cast.bella.status, count(FieldValue)) == (PetStatus.ACTIVE, 0)
    # A cat has no pages of dogs.
    make.custom_field(make.field_section(make.field_page("pet", name="Cats", species=Species.CAT)))
    assert alice.get(url(dogs, cast.mochi)).status == 404


@pytest.fixture
def olivia_as_alice(http, cast):
    """Olivia in Alice's portal."""
    opener = sign_ins.begin(make.staff_login(cast.olivia))
    db.session.flush()
    opened = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=opener.sign_in)
    db.session.commit()
    browser = http()
    put_cookie(browser, Realm.CLIENT, opened.token)
    return Walker(browser)


@pytest.mark.covers("D1", "B14")
def test_a_household_opens_its_own_secrets_and_the_office_s_view_does_not(walk, cast, home, olivia_as_alice):
    code, door = make.custom_field(home, label="Alarm code", is_secret=True), make.custom_field(home, label="Door")
    row = FieldValue(field=code, client=cast.alice)
    field_values.put(row, code, "4711")
    db.session.add(row)
    page = walk(cast.alice).get(url(home))
    assert "4711" in page.html
    assert "••••" in page.text
    assert "4711" in walk(cast.alice).get(url(home, more="/edit")).html
    for path in (url(home), url(home, more="/edit")):
        assert "4711" not in olivia_as_alice.get(path).html, path
    form = olivia_as_alice.get(url(home, more="/edit"))
    olivia_as_alice.press(form, url(home), **{f"f-{code.public_id}": "0000", f"seen-{code.public_id}": "x", f"f-{door.public_id}": "red"})  # fmt: skip
    assert (held(cast.alice, code), held(cast.alice, door)) == ("4711", "red")


# ------------------------------------------------------------------------------------------------------ being told


@pytest.mark.covers("D6")
def test_the_office_reads_on_home_what_changed_and_gets_to_the_client(walk, cast, home, http, sign_in_as_staff):
    door, code = make.custom_field(home, label="Door"), make.custom_field(home, label="Alarm code", is_secret=True)
    make.field_value(door, cast.alice, text="blue")
    alice = walk(cast.alice)
    alice.press(alice.get(url(home, more="/edit")), url(home), **{f"f-{door.public_id}": "red", f"f-{code.public_id}": "4711"})  # fmt: skip
    office = sign_in_as_staff(http(), cast.olivia)
    seen = office.get("/admin/").text
    assert "Door: blue → red" in seen
    assert "Alarm code: - → ••••" in seen
    assert f"/admin/client/{cast.alice.id}/" in seen
    log = office.get(f"/admin/client/{cast.alice.id}/").text
    assert "4711" not in seen + log
    (line,) = db.session.query(Activity).filter_by(verb="client.changed")
    assert line.facts["changes"] == {"Door": ["blue", "red"], "Alarm code": ["", "••••"]}


@pytest.mark.covers("D6")
def test_what_needs_approval_waits_and_is_shown_as_waiting(walk, cast, home):
    place = make.custom_field(home, label="Key place", needs_approval=True)
    make.field_value(place, cast.alice, text="pot")
    alice = walk(cast.alice)
    done = alice.press(alice.get(url(home, more="/edit")), url(home), **{f"f-{place.public_id}": "mat"})
    assert "Key place waits for the yes of" in done.text
    assert "Key place pot Waiting for approval mat" in done.text
    assert held(cast.alice, place) == "pot"
    again = alice.press(alice.get(url(home, more="/edit")), url(home))
    assert "Nothing was changed." in again.text
    alice.press(alice.get(url(home, more="/edit")), url(home), **{f"f-{place.public_id}": "pot"})
    assert [p.state for p in db.session.query(FieldProposal)] == [ProposalState.WITHDRAWN]


@pytest.mark.covers("D6")
def test_the_office_s_no_and_its_word_are_shown_for_a_month(walk, cast, home, clock_at):
    place = make.custom_field(home, label="Key place", needs_approval=True)
    alice = walk(cast.alice)
    alice.press(alice.get(url(home, more="/edit")), url(home), **{f"f-{place.public_id}": "mat"})
    one = db.session.query(FieldProposal).one()
    field_proposals.decline(one, actor=cast.as_max, answer="Too easy to find")
    page = alice.get(url(home))
    assert "Key place Not filled in Not accepted mat" in page.text
    assert "says: Too easy to find" in page.text
    # What stands in the form is what holds, and a new wish takes the place of the answer.
    alice.press(alice.get(url(home, more="/edit")), url(home), **{f"f-{place.public_id}": "safe"})
    assert "Not accepted" not in alice.get(url(home)).text
    field_proposals.decline(db.session.query(FieldProposal).filter_by(state=ProposalState.PENDING).one(), actor=cast.as_max)  # fmt: skip
    assert "Not accepted safe" in alice.get(url(home)).text
    clock_at("2026-12-24 10:01")
    assert "Not accepted" not in walk(cast.alice).get(url(home)).text


# ---------------------------------------------------------------------------------------------------- two at once


@pytest.mark.covers("D1", "D2")
def test_two_people_who_edit_at_once_lose_nothing(walk, cast, dogs):
    food, walks, often = (make.custom_field(dogs, label=x) for x in ("Food", "Walks", "Often"))
    one, two = walk(cast.alice), walk(cast.alice)
    mine, yours = one.get(url(dogs, cast.biscuit, "/edit")), two.get(url(dogs, cast.biscuit, "/edit"))
    one.press(mine, url(dogs, cast.biscuit), **{f"f-{food.public_id}": "dry", f"f-{often.public_id}": "twice"})
    page = two.press(yours, url(dogs, cast.biscuit), **{f"f-{food.public_id}": "raw", f"f-{walks.public_id}": "long"})
    assert page.status == 409
    assert "Two answers, one question" in page.text
    assert "dry" in page.text
    form = page.form(url(dogs, cast.biscuit)).filled()
    assert (form[f"f-{food.public_id}"], form[f"f-{walks.public_id}"]) == (["raw"], ["long"])
    assert (held(cast.biscuit, food), held(cast.biscuit, walks), held(cast.biscuit, often)) == ("dry", None, "twice")
    kept = two.press(page, url(dogs, cast.biscuit), **{f"pick-{food.public_id}": "theirs"})
    assert kept.status == 200
    assert [held(cast.biscuit, f) for f in (food, walks, often)] == ["dry", "long", "twice"]
    # And the other way round, with an answer that joins both.
    page = two.press(yours, url(dogs, cast.biscuit), **{f"f-{food.public_id}": "raw"})
    two.press(page, url(dogs, cast.biscuit), **{f"f-{food.public_id}": "dry and raw"})
    assert [held(cast.biscuit, f) for f in (food, walks, often)] == ["dry and raw", "long", "twice"]
    # A third one who was faster again is noticed too.
    page = two.press(yours, url(dogs, cast.biscuit), **{f"f-{food.public_id}": "fish"})
    one.press(one.get(url(dogs, cast.biscuit, "/edit")), url(dogs, cast.biscuit), **{f"f-{food.public_id}": "beef"})
    assert two.press(page, url(dogs, cast.biscuit)).status == 409


@pytest.mark.covers("D3")
def test_a_field_and_a_page_that_go_while_the_form_is_open(walk, cast, home):
    door, gate = make.custom_field(home, label="Door"), make.custom_field(home, label="Gate")
    alice = walk(cast.alice)
    form = alice.get(url(home, more="/edit"))
    gate.retired_at = clock.now()
    done = alice.press(form, url(home), **{f"f-{door.public_id}": "blue", f"f-{gate.public_id}": "green"})
    assert "does not ask for Gate any more, so that was not saved. Everything else was." in done.text
    assert (held(cast.alice, door), held(cast.alice, gate)) == ("blue", None)
    home.page.retired_at = clock.now()
    make.custom_field(make.field_section(make.field_page(name="Another")))
    done = alice.press(form, url(home), **{f"f-{door.public_id}": "red"})
    assert "does not ask for “Home and security” any more" in done.text
    assert held(cast.alice, door) == "blue"


# ------------------------------------------------------------------------------------------------------------ pets


@pytest.mark.covers("D2")
def test_a_pet_is_added_and_its_pages_follow(walk, cast, dogs):
    food = make.custom_field(dogs, label="Food")
    alice = walk(cast.alice)
    page = alice.get("/portal/your-data/pets/new")
    done = alice.press(page, "/portal/your-data/pets", name=" Rex ", species="dog")
    rex = db.session.query(Pet).filter_by(name="Rex").one()
    assert (rex.client, rex.species, done.path) == (cast.alice, Species.DOG, url(dogs, rex, "/edit"))
    done = alice.press(done, url(dogs, rex), **{f"f-{food.public_id}": "raw"})
    assert "Rex" in done.text
    assert held(rex, food) == "raw"
    assert told(NotificationKind.PET_ADDED) == [{"pet": "Rex"}]
    assert count(Activity, Activity.verb == "pet.added", Activity.client_id == cast.alice.id) == 1
    # Pressed twice, added once.
    assert "already saved" in alice.press(page, "/portal/your-data/pets", name="Rex", species="dog").text
    assert count(Pet, Pet.name == "Rex") == 1


@pytest.mark.covers("D2")
@pytest.mark.parametrize(
    ("name", "species", "said"),
    [("", "dog", "Fill in a name."), ("Rex", "", "Say what kind"), ("Rex", "unicorn", "Say what kind"), ("x" * 121, "dog", "at most 120")],
)  # fmt: skip
def test_a_pet_without_name_or_kind_comes_back(walk, cast, name, species, said):
    alice = walk(cast.alice)
    page = alice.press(alice.get("/portal/your-data/pets/new"), "/portal/your-data/pets", name=name, species=species)
    assert (page.status, said in page.text, count(Pet)) == (422, True, 3)
    assert page.form("/portal/your-data/pets").filled()["name"] == [name]


def test_a_pet_without_name_and_kind_hears_both(walk, cast):
    alice = walk(cast.alice)
    page = alice.press(alice.get("/portal/your-data/pets/new"), "/portal/your-data/pets", name=" ", species="")
    assert [words in page.text for words in ("Fill in a name.", "Say what kind of pet it is.")] == [True, True]


@pytest.mark.covers("D2", "S8")
def test_a_pet_is_no_longer_with_us_and_never_deleted(walk, cast, dogs):
    make.custom_field(dogs)
    alice, path = walk(cast.alice), f"/portal/your-data/pets/{cast.biscuit.public_id}/leaving"
    assert path in alice.get(url(dogs, cast.biscuit)).links()
    page = alice.get(path)
    assert "Nothing is deleted." in page.text
    refused = alice.press(page, path, left_on="2026-11-20")
    assert (refused.status, "Say whether it lives elsewhere" in refused.text) == (422, True)
    for day in ("2026-11-24", "yesterday"):
        assert alice.press(page, path, status="deceased", left_on=day).status == 422
    done = alice.press(page, path, status="deceased", left_on="2026-11-20", reason="In her sleep")
    assert done.path == "/portal/your-data/pets"
    assert (cast.biscuit.status, cast.biscuit.left_on) == (PetStatus.DECEASED, dt.date(2026, 11, 20))
    assert told(NotificationKind.PET_LEFT) == [{"pet": "Biscuit", "about": ["Nov 20, 2026", "In her sleep"]}]
    (line,) = db.session.query(Activity).filter_by(verb="pet.left")
    assert (line.facts["reason"], line.client_id) == ("In her sleep", cast.alice.id)
    # Still there to read, not to be changed, and not to be sent away twice.
    assert "No longer with us Biscuit since" in re.sub(r"\s+", " ", done.text)
    assert alice.get(url(dogs, cast.biscuit)).status == 200
    assert alice.get(url(dogs, cast.biscuit, "/edit")).status == alice.post(url(dogs, cast.biscuit)).status_code == 404
    assert alice.get(path).status == 404
    again = alice.press(page, path, status="inactive", left_on="2026-11-20")
    assert "already marked as no longer with you" in again.text
    assert (cast.biscuit.status, len(told(NotificationKind.PET_LEFT))) == (PetStatus.DECEASED, 1)


def test_a_pet_without_pages_and_a_household_without_pets_say_so(walk, cast):
    alice = walk(cast.alice)
    page = alice.get("/portal/your-data/")
    assert page.path == "/portal/your-data/pets"
    assert {f"/portal/your-data/pets/{p.public_id}" for p in (cast.biscuit, cast.mochi)} <= page.links()
    page = alice.get(f"/portal/your-data/pets/{cast.mochi.public_id}")
    assert page.path == f"/portal/your-data/pets/{cast.mochi.public_id}/health"
    assert "No vet is noted for Mochi." in page.text
    assert "No pets here yet" in walk(make.client("Carla", "Clark")).get("/portal/your-data/pets").text


def test_a_page_costs_the_same_for_one_pet_and_field_and_for_twenty(walk, cast, home, dogs):
    make.custom_field(home), make.custom_field(dogs)
    alice = walk(cast.alice)

    def costs():
        found = []
        for path in (url(home), url(home, more="/edit"), "/portal/your-data/pets", url(dogs, cast.biscuit)):
            with statements() as sql:
                assert alice.browser.get(path).status_code == 200
            found.append(len(sql))
        return found

    few = costs()
    for n in range(20):
        pet = make.pet(cast.alice, name=f"Pet {n}", species=Species.DOG)
        make.field_value(make.custom_field(make.field_section(dogs.page)), pet=pet)
        make.field_value(make.custom_field(make.field_section(make.field_page(name=f"Page {n}"))), cast.alice)
    assert costs() == few
    assert max(few) <= 14
