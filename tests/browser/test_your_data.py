"""Your Data on a phone: a pet is added and filled in, the office reads it; two of one household edit at once."""

import re

import pytest
from playwright.sync_api import expect

from foundation.db import db, mark_request
from models import FieldArea, FieldKind, Pet
from tests import factories as make
from workflows import field_defaults, field_layout, field_values

pytestmark = pytest.mark.browser


@pytest.fixture
def usual(live):
    """The usual pages; a second log-in for Alice's household."""
    db.session.rollback()
    mark_request(reads_only=False)
    field_defaults.install(FieldArea.CLIENT, FieldArea.PET, actor=live.cast.as_olivia)
    make.client_login(live.cast.alice, email="partner@example.com")
    db.session.commit()
    mark_request(reads_only=True)
    return live


def held(owner, label):
    """What is filled in under this label."""
    layout = field_layout.layout(field_values.area_of(owner), of_all_kinds=True)
    (field,) = [p.field for p in layout.fields.values() if p.field.label == label and p.field.column is None]
    return field_values.read(owner).of(field)


def save(page):
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


@pytest.mark.covers("D1", "D2", "D3", "D6")
def test_a_pet_is_added_and_filled_in_on_a_phone_and_the_office_reads_it(usual, visitor):
    live, alice = usual, visitor("phone").log_in("portal", usual.cast.alice.email)
    page = alice.go("/portal/account")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Your Data").locator("visible=true").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Contact details")
    alice.look()
    page.get_by_role("navigation", name="Your Data").get_by_role("link", name="Add pet").click()
    alice.look()
    page.get_by_label("Name").fill("Rex")
    page.get_by_role("button", name="Add pet").click()
    expect(page.get_by_text("Say what kind of pet it is.").first).to_be_visible()
    alice.look()
    page.locator("label", has_text=re.compile("^Dog$")).click()
    page.get_by_role("button", name="Add pet").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rex")
    page.get_by_label("Breed").fill("Whippet")
    page.get_by_label("Birthday").fill("2023-05-04")
    alice.look()
    save(page)
    alice.look()

    # Questions come and go with the answers.
    page.get_by_role("link", name="Behaviour").click()
    page.get_by_role("link", name="Edit").click()
    story = page.get_by_label("What happened")
    expect(story).to_be_hidden()
    bitten = page.get_by_role("group", name="Has bitten or scratched")
    bitten.locator("label", has_text="Yes").click()
    expect(story).to_be_visible()
    story.fill("The postman, once")
    bitten.locator("label", has_text=re.compile("^No$")).click()
    expect(story).to_be_hidden()
    bitten.locator("label", has_text="Yes").click()
    alice.look()

    # Leaving with something unsaved is asked about first.
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.get_by_role("link", name="Close").click(no_wait_after=True)
    expect(story).to_have_value("The postman, once")
    assert asked == ["beforeunload"]
    save(page)
    expect(page.get_by_text("The postman, once")).to_be_visible()

    live.look_again()
    rex = db.session.query(Pet).filter_by(name="Rex").one()
    assert (rex.client_id, rex.breed, held(rex, "What happened")) == (
        live.cast.alice.id,
        "Whippet",
        "The postman, once",
    )
    olivia = visitor("desk").log_in("office", live.cast.olivia.login.email)
    olivia.go("/admin/")
    expect(olivia.page.get_by_text(re.compile("Rex, What happened: - → The postman, once")).first).to_be_visible()
    expect(olivia.page.get_by_text("added Rex").first).to_be_visible()
    olivia.look()


@pytest.mark.covers("D1", "D2")
def test_two_of_one_household_who_edit_at_once_choose_which_answer_counts(usual, visitor):
    live = usual
    (page_of,) = [p for p in field_layout.layout(FieldArea.PET).pages if p.page.name == "Feeding"]
    address = f"/portal/your-data/pets/{live.cast.biscuit.public_id}/{page_of.page.public_id}/edit"
    one = visitor("phone").log_in("portal", live.cast.alice.email)
    two = visitor("phone", scheme="dark").log_in("portal", "partner@example.com")
    one.go(address)
    two.go(address)
    one.page.get_by_label("Feeding", exact=False).first.fill("Dry, twice a day")
    save(one.page)
    two.page.get_by_label("Feeding", exact=False).first.fill("Raw, 200 g")
    two.page.get_by_label("Allergies").fill("Chicken")
    two.page.get_by_role("button", name="Save").click()
    expect(two.page.get_by_role("heading", level=1)).to_have_text("Two answers, one question")
    expect(two.page.get_by_text("Dry, twice a day")).to_be_visible()
    two.look()
    live.look_again()
    assert (live.cast.biscuit.feeding, held(live.cast.biscuit, "Allergies")) == ("Dry, twice a day", None)
    two.page.get_by_label("My answer: Feeding").fill("Dry, twice a day; on Sundays raw, 200 g")
    save(two.page)
    live.look_again()
    assert live.cast.biscuit.feeding == "Dry, twice a day; on Sundays raw, 200 g"
    assert held(live.cast.biscuit, "Allergies") == "Chicken"


@pytest.mark.covers("D1")
def test_without_a_script_every_question_stands_there_with_its_condition(usual, visitor):
    (home,) = [p for p in field_layout.layout(FieldArea.CLIENT).pages if p.page.name.startswith("Property")]
    alice = visitor("phone", javascript=False).log_in("portal", usual.cast.alice.email)
    page = alice.go(f"/portal/your-data/{home.page.public_id}/edit")
    expect(page.get_by_text("Only if There is an alarm is Yes.").first).to_be_visible()
    page.get_by_role("group", name="There is an alarm").locator("label", has_text="Yes").click()
    page.get_by_label("Alarm code").fill("4711")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_text("4711")).to_be_hidden()
    page.get_by_text("Show Alarm code").click()
    expect(page.get_by_text("4711")).to_be_visible()


@pytest.mark.covers("D3", "D4")
def test_a_file_that_is_too_large_is_said_before_anything_is_sent_and_what_was_typed_stays(usual, visitor, tmp_path):
    live, alice = usual, visitor("phone").log_in("portal", usual.cast.alice.email)
    section = make.field_section(make.field_page(name="Papers"))
    for label, kind in (("Story", FieldKind.TEXT), ("The plan", FieldKind.FILE)):
        make.custom_field(section, label=label, kind=kind)
    db.session.commit()
    page = alice.go(f"/portal/your-data/{section.page.public_id}/edit")
    page.get_by_label("Story").fill("The door sticks")
    path = tmp_path / "plan.pdf"
    path.write_bytes(b"%PDF-1.7" + b" " * (16 * 2**20))
    page.get_by_label("The plan").set_input_files(path)
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    page.get_by_role("button", name="Save").click()
    assert "15 MB" in page.get_by_label("The plan").evaluate("field => field.validationMessage")
    expect(page.get_by_label("Story")).to_have_value("The door sticks")
    assert "POST" not in sent
    page.get_by_label("The plan").set_input_files([])
    save(page)
    assert held(live.cast.alice, "Story") == "The door sticks"
