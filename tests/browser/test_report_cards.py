"""A report card from the sitter's phone to the client's: typed, kept over a reload, sent; read with its photos, thanked for."""

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from foundation import clock, storage
from foundation.db import db, mark_request
from models import FieldArea, FieldKind, JobState, OutboxMail, PortalAccess, ReportCard
from tests import factories as make
from tests import sent_files as sent
from workflows.mail_facts import MailKind

pytestmark = [pytest.mark.browser, pytest.mark.covers("V2", "P4")]


@pytest.fixture
def visit(live):
    """Sam is at Alice's. Whoever is not happy is asked why."""
    mark_request(reads_only=False)
    storage.use(live.app.extensions["store"])
    people = live.cast
    section = make.field_section(make.field_page(FieldArea.REPORT, portal_access=PortalAccess.VIEW), name="How it went")
    mood = make.custom_field(
        section, label="Mood", kind=FieldKind.CHOICE,
        choices=[{"key": "happy", "label": "Happy"}, {"key": "shy", "label": "Shy"}],
    )  # fmt: skip
    make.custom_field(section, label="Why", position=1, show_if={"field": mood.public_id, "values": ["shy"]})
    make.custom_field(section, label="Door locked", kind=FieldKind.TASK, is_required=True, position=2)
    job = make.job(
        people.alice, people.walk, sitter=people.sam, on_date=clock.today(), pets=[people.biscuit],
        state=JobState.IN_PROGRESS, checked_in_at=clock.now(),
    )  # fmt: skip
    db.session.commit()
    key = job.public_id
    mark_request(reads_only=True)
    return key


def test_written_on_the_phone_kept_over_a_reload_sent_read_and_thanked_for(live, visitor, visit, tmp_path):
    sam = visitor("phone").log_in("office", "sam@example.com")
    page = sam.go(f"/staff/visits/{visit}/")
    page.get_by_role("link", name="Write the report card").click()
    expect(page.get_by_label("Why")).to_be_hidden()
    page.get_by_label("Shy").check()
    expect(page.get_by_label("Why")).to_be_visible()
    page.get_by_label("Why").fill("Thunder")
    page.get_by_label("Message to Alice").fill("Two puddles, one stick.")
    expect(page.get_by_text("Saved at")).to_be_visible()
    for n, color in enumerate([(200, 120, 40), (40, 120, 200)]):
        (tmp_path / f"{n}.jpg").write_bytes(sent.picture("JPEG", size=(800, 600), color=color))
    page.get_by_label("Add photos").set_input_files([tmp_path / "0.jpg", tmp_path / "1.jpg"])
    expect(page.locator("#photos-there img")).to_have_count(2)
    page.get_by_role("button", name="Remove photo 2").click()
    expect(page.locator("#photos-there img")).to_have_count(1)
    sam.look()
    sam.keep("report-sitter-phone")
    page.reload()
    expect(page.get_by_label("Message to Alice")).to_have_value("Two puddles, one stick.")
    expect(page.get_by_label("Why")).to_have_value("Thunder")
    page.get_by_role("button", name="Send report card").click()
    expect(page.get_by_role("alert")).to_contain_text("Before it can be sent, this is left: Door locked.")
    page.get_by_label("Door locked").check()
    expect(page.get_by_text("Saved at")).to_be_visible()
    page.get_by_role("button", name="Send report card").click()
    expect(page.get_by_text("Report card sent.")).to_be_visible()
    sam.look()
    sam.keep("report-sitter-sent")

    live.deliver_mails()
    mail = db.session.scalar(sa.select(OutboxMail).where(OutboxMail.kind == MailKind.REPORT_CARD.value))
    card = db.session.scalar(sa.select(ReportCard))
    link = f"/portal/reports/{card.public_id}"
    assert live.url + link in mail.body_text
    alice = visitor("phone", scheme="dark").log_in("portal", "alice@example.com")
    page = alice.go("/portal/schedule/" + clock.today().isoformat())
    page.get_by_role("link", name="Report card Dog walk").click()
    expect(page).to_have_url(live.url + link)
    expect(page.get_by_text("Two puddles, one stick.")).to_be_visible()
    photo = page.get_by_role("img", name="Photo 1 of 1")
    assert photo.evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    alice.look()
    alice.keep("report-client-phone-dark")
    page.get_by_label("A few words").fill("You made our day")
    page.get_by_role("button", name="Say thank you").click()
    expect(page.get_by_text("It is passed on.")).to_be_visible()
    expect(page.get_by_role("button", name="Say thank you")).to_have_count(0)
    page = alice.go("/portal/reports/")
    expect(page.get_by_text("Two puddles")).to_be_visible()
    alice.look()
    alice.keep("report-list-phone-dark")

    olivia = visitor("desk").log_in("office", "olivia@example.com")
    page = olivia.go(f"/admin/visit/{card.job_id}/")
    expect(page.get_by_text("The client says thank you: You made our day")).to_be_visible()
    olivia.look()
    olivia.keep("report-office-visit")
    page.get_by_role("link", name="Correct the report card").click()
    page.get_by_label("Message to Alice").fill("Three puddles.")
    olivia.look()
    olivia.keep("report-office-correct")
    page.get_by_role("button", name="Save correction").click()
    expect(page.get_by_text("Three puddles.").first).to_be_visible()
