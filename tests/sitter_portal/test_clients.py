"""V6 through the sitter's browser: the client's card, and what it locks away."""

import datetime as dt
import re

import pytest

from foundation import sealing, storage
from foundation.db import db
from models import Activity, FieldArea, FieldKind, FilePurpose, JobState, StaffAccess
from tests import factories as make
from tests import sent_files
from tests.databases import count, statements
from workflows import files
from workflows.field_kinds import MASK
from workflows.uploads import Upload, photo

pytestmark = pytest.mark.covers("V6")

TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def fields(cast):
    """An alarm code, a restricted place, a hidden note, a plain one of Alice; feeding of Biscuit."""
    home = make.field_section(name="Getting in")
    code = make.custom_field(home, label="Alarm code", is_secret=True)
    make.field_value(code, cast.alice, text=None, sealed=sealing.seal('"4711"'))
    for label, access, text in (
        ("Safe", StaffAccess.RESTRICTED, "Behind the clock"),
        ("Temper", StaffAccess.HIDDEN, "Pays late"),
        ("Parking", StaffAccess.VIEW, "In the yard"),
    ):
        make.field_value(make.custom_field(home, label=label, staff_access=access), cast.alice, text=text)
    food = make.custom_field(make.field_section(make.field_page(FieldArea.PET, name="Feeding")), label="Food")
    make.field_value(food, pet=cast.biscuit, text="Two scoops")
    chip = make.custom_field(food.section, label="Chip number", is_secret=True)
    make.field_value(chip, pet=cast.biscuit, text=None, sealed=sealing.seal('"985-112"'))
    return {"code": code, "chip": chip, "page": home.page, "food": food.section.page}


@pytest.fixture
def sam(http, cast, sign_in_as_staff):
    return sign_in_as_staff(http(), cast.sam)


def card(cast):
    return f"/staff/clients/{cast.alice.public_id}/"


def show(browser, page, of, sheet):
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    return browser.post(f"{page.request.path}secrets", data={"csrf_token": token, "of": of, "page": sheet})


def test_the_card_of_a_client_with_a_visit_today_and_the_secret_for_one_look(cast, fields, sam):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, pets=[cast.biscuit], note="Gate sticks")
    make.client_contact(cast.alice, "Nina Neighbour", phone="+14135550123", is_emergency=True)
    make.client_contact(cast.alice, "Quiet Friend", phone="+14135550124")
    cast.biscuit.warning = "Bites postmen"
    day = sam.get("/staff/")
    assert f'href="{card(cast)}"' in day.text
    page = sam.get(card(cast))
    for words in ("Alice Archer", "Biscuit", "Bites postmen", "Gate sticks", "In the yard", "Two scoops", "Nina Neighbour", "Safe", "Alarm code"):  # fmt: skip
        assert words in page.text
    for words in ("4711", "Behind the clock", "Pays late", "Temper", "985-112", "Quiet Friend", "Bob Baker"):
        assert words not in page.text
    assert page.text.count("••••") == 3
    shown = show(sam, page, cast.alice.public_id, fields["page"].public_id)
    assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "no-store")
    assert "4711" in shown.text
    assert "Behind the clock" in shown.text
    assert "Pays late" not in shown.text
    assert "985-112" not in shown.text
    assert "4711" not in sam.get(card(cast)).text
    (line,) = [a for a in db.session.query(Activity) if a.verb == "secret.seen"]
    assert (line.actor_name, line.client_id, sorted(line.facts["lines"])) == ("Sam Stone", cast.alice.id, ["Alarm code", "Safe"])  # fmt: skip


def test_the_pets_secrets_have_their_own_button(cast, fields, sam):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY)
    page = sam.get(card(cast))
    assert "985-112" in show(sam, page, cast.biscuit.public_id, fields["food"].public_id).text


def test_days_before_and_after_the_visit_all_stays_masked_and_a_hand_made_post_opens_nothing(cast, fields, sam):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY + dt.timedelta(3))
    page = sam.get(card(cast))
    assert ">Show<" not in re.sub(r"<svg.*?</svg>", "", page.text, flags=re.DOTALL)
    assert "Codes and keys open to you" in page.text
    token = re.search(r'name="csrf_token" value="([^"]+)"', sam.get("/staff/calendar").text)[1]
    data = {"csrf_token": token, "of": cast.alice.public_id, "page": fields["page"].public_id}
    refused = sam.post(f"{card(cast)}secrets", data=data)
    assert refused.status_code == 303
    after = sam.get(card(cast)).text
    assert "shortly before your own visit" in after
    assert "4711" not in after
    assert count(Activity, Activity.verb == "secret.seen") == 0


def test_other_clients_other_pets_and_hidden_pages_are_not_found(cast, fields, sam):
    job = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY)
    assert sam.get(f"/staff/clients/{cast.bob.public_id}/").status_code == 404
    assert sam.get("/staff/clients/nothing/").status_code == 404
    page = sam.get(card(cast))
    for of, sheet in (
        (cast.bella.public_id, fields["food"].public_id),
        (cast.alice.public_id, "nothing"),
        (cast.alice.public_id, "\0"),
        ("x" * 10_000, fields["page"].public_id),
        (cast.alice.public_id, fields["food"].public_id),
    ):
        assert show(sam, page, of, sheet).status_code == 404
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    data = {"csrf_token": token, "of": cast.bob.public_id, "page": fields["page"].public_id}
    assert sam.post(f"/staff/clients/{cast.bob.public_id}/secrets", data=data).status_code == 404
    job.state = JobState.CANCELLED
    assert sam.get(card(cast)).status_code == 404
    job.state, job.sitter = JobState.SCHEDULED, cast.sita
    assert sam.get(card(cast)).status_code == 404
    assert count(Activity, Activity.verb == "secret.seen") == 0


def test_a_cancelled_visit_stands_in_the_day_without_the_way_to_the_home(cast, sam):
    cast.alice.address_line1, cast.alice.phone = "9 Elm Row", "+14135550123"
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, pets=[cast.biscuit], note="Gate sticks", staff_note="Key 7", state=JobState.CANCELLED)  # fmt: skip
    page = sam.get("/staff/").text
    assert "Alice Archer" in page
    assert [
        w for w in ("9 Elm Row", "555-0123", "Gate sticks", "Key 7", "Biscuit", "/staff/clients/") if w in page
    ] == []


def test_the_card_costs_as_many_queries_for_five_pets_as_for_one(cast, fields, sam):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY)
    url = card(cast)
    sam.get(url)
    with statements() as few:
        sam.get(url)
    for i in range(5):
        make.pet(cast.alice, f"Kitten {i}", vet=make.vet(f"Vet {i}"))
    db.session.commit()
    with statements() as many:
        assert "Vet 4" in sam.get(url).text
    assert len(many) == len(few)


@pytest.mark.parametrize(("level", "is_told"), [(StaffAccess.VIEW, True), (StaffAccess.RESTRICTED, False), (StaffAccess.HIDDEN, False)])  # fmt: skip
@pytest.mark.parametrize("where", ["page", "section", "field"])
def test_what_stands_in_our_own_columns_follows_the_access_of_its_page(cast, sam, level, is_told, where):
    cast.biscuit.notes, cast.biscuit.warning, cast.biscuit.breed = "Steals socks", "Bites postmen", "Whippet"
    cast.alice.phone, cast.alice.address_line1, cast.alice.city = "+14135550123", "9 Elm Row", "Springfield"
    for area, columns in (
        (FieldArea.PET, ("pet.notes", "pet.warning", "pet.breed")),
        (FieldArea.CLIENT, ("client.phone", "client.address_line1")),
    ):
        page = make.field_page(area, **({"staff_access": level} if where == "page" else {}))
        section = make.field_section(page, **({"staff_access": level} if where == "section" else {}))
        for column in columns:
            own = {"staff_access": level} if where == "field" else {}
            make.custom_field(section, label=column, column=column, **own)
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, pets=[cast.biscuit])
    db.session.commit()
    day, client_card = sam.get("/staff/").text, sam.get(card(cast)).text
    for words in ("Bites postmen", "9 Elm Row", "(413) 555-0123"):
        assert (words in day, words in client_card) == (is_told, is_told)
    assert ("Steals socks" in day, "Whippet" in client_card) == (is_told, is_told)
    # What nobody restricted is there all the same, and what is restricted opens around the visit, on the card.
    assert "Springfield" in day
    assert client_card.count(MASK) == (5 if level is StaffAccess.RESTRICTED else 0)


def test_a_photo_of_the_entrance_opens_around_the_visit_only_and_each_look_is_logged(cast, fields, app, sam, clock_at):
    storage.use(app.extensions["store"])
    photos = make.field_section(fields["page"], name="Photos", staff_access=StaffAccess.RESTRICTED)
    entrance = make.custom_field(photos, label="The entrance", kind=FieldKind.IMAGE)
    checked = photo(Upload("door.png", sent_files.picture(size=(400, 200))))
    file = files.keep(checked, actor=cast.as_alice, purpose=FilePurpose.FIELD, client=cast.alice)
    make.field_value(entrance, cast.alice, text=None, file_id=file.id)
    url = f"/staff/files/{file.public_id}/picture"
    assert sam.get(url).status_code == 404
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY)
    page = sam.get(card(cast))
    assert url not in page.text
    opened = show(sam, page, cast.alice.public_id, fields["page"].public_id)
    assert f'href="{url}"' in opened.text
    assert sam.get(url).status_code == 200
    looks = [a.facts["lines"] for a in db.session.query(Activity).filter_by(verb="secret.seen").order_by(Activity.id)]
    assert (len(looks), looks[1]) == (2, ["The entrance"])
    entrance.staff_access = StaffAccess.HIDDEN
    db.session.commit()
    assert sam.get(url).status_code == 404
    entrance.staff_access = StaffAccess.RESTRICTED
    clock_at("2026-11-23 20:00")
    db.session.commit()
    assert sam.get(url).status_code == 404
    entrance.staff_access = photos.staff_access = StaffAccess.VIEW
    db.session.commit()
    assert f'href="{url}"' in sam.get(card(cast)).text
    assert sam.get(url).status_code == 200
    assert count(Activity, Activity.verb == "secret.seen") == 2
