"""The office and report cards: seen with the visit, written in the sitter's place, corrected; listed, counted."""

import datetime as dt

import pytest

from foundation import storage
from foundation.db import db
from models import FieldArea, FieldKind, JobState, PortalAccess, ReportCard, ReportState
from tests import factories as make
from tests import sent_files as sent
from workflows import report_cards, report_photos, settings
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.mail_facts import MailKind
from workflows.report_cards import Typed
from workflows.uploads import Upload, photo

pytestmark = pytest.mark.covers("V2")
MONDAY = dt.date(2026, 11, 23)


@pytest.fixture
def visit(app, cast):
    storage.use(app.extensions["store"])
    section = make.field_section(make.field_page(FieldArea.REPORT, portal_access=PortalAccess.VIEW))
    make.custom_field(section, label="Mood")
    make.custom_field(section, label="Door locked", kind=FieldKind.TASK, is_required=True)
    job = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=MONDAY, pets=[cast.biscuit], state=JobState.COMPLETED)  # fmt: skip
    db.session.commit()
    return job


def write(visit, *, is_sent):
    sam = staff_actor(visit.sitter)
    card = report_cards.draft_of(visit, actor=sam)
    fields = {f.label: f.public_id for f in db.session.query(make.CustomField)}
    typed = Typed({fields["Door locked"]: "yes", fields["Mood"]: "Happy"}, {"message": "Two puddles", "office_note": "Leash worn"}, base=card.version)  # fmt: skip
    report_cards.save_draft(card, typed, actor=sam)
    report_photos.add(card, [photo(Upload("a.jpg", sent.picture("JPEG")))], actor=sam)
    if is_sent:
        report_cards.send(card, actor=sam)
    db.session.commit()
    return card


def test_a_draft_is_seen_with_the_visit_finished_and_sent(visit, office, outbox):
    assert "Nobody has written it yet." in office.get(f"/admin/visit/{visit.id}/").main
    write(visit, is_sent=False)
    page = office.get(f"/admin/visit/{visit.id}/")
    assert all(words in page.main for words in ("Draft", "Two puddles", "To the office: Leash worn", "Happy"))
    form = office.get(f"/admin/report/{visit.id}/")
    sent_page = form.press("Send report card", message="Two puddles and a stick")
    assert "Report card sent." in sent_page.main
    assert outbox.facts(MailKind.REPORT_CARD).message == "Two puddles and a stick"


def test_what_is_missing_is_named_and_what_was_typed_stays(visit, office):
    form = office.get(f"/admin/report/{visit.id}/")
    refused = form.press("Send report card", message="Wet")
    assert "Before it can be sent, this is left: Door locked." in refused.main
    assert 'name="message"' in refused.html
    assert "Wet</textarea>" in refused.html


def test_a_sent_card_is_corrected_mailed_anew_and_loses_a_photo(visit, office, outbox):
    card = write(visit, is_sent=True)
    form = office.get(f"/admin/report/{visit.id}/")
    assert "Save draft" not in form.main
    page = form.press("Save correction", message="One puddle", mail="yes")
    assert all(words in page.main for words in ("Report card saved.", "One puddle", "corrected"))
    assert [m.facts["message"] for m in outbox.mails(MailKind.REPORT_CARD)] == ["Two puddles", "One puddle"]
    log = office.get(f"/admin/client/{visit.client_id}/?tab=log").main
    assert "Olivia Owens corrected a report card" in log
    assert "Two puddles → became One puddle" in log.replace("Message: ", "")
    (kept,) = report_photos.report_views.photos_of(card)
    office.get(f"/admin/report/{visit.id}/").press("Remove photo 1")
    assert report_photos.report_views.photos_of(card) == []
    assert office.get(f"/admin/files/{kept.id}/thumb", status=404)


def test_cards_are_listed_found_counted_and_stand_with_client_and_pet(cast, visit, office):
    write(visit, is_sent=True)
    listed = office.get("/admin/report-cards/")
    assert all(words in listed.main for words in ("Dog walk", "Alice Archer", "Sam Stone", "Sent"))
    assert "Alice Archer" in office.get("/admin/report-cards/?search=puddles").main
    assert "Alice Archer" not in office.get("/admin/report-cards/?search=nothing+like+it").main
    assert "Alice Archer" not in office.get(f"/admin/report-cards/?flt_client={cast.bob.id}").main
    assert "Two puddles" in office.get(f"/admin/client/{cast.alice.id}/").main
    assert "Two puddles" in office.get(f"/admin/pets/details/?id={cast.biscuit.id}").main
    assert "None was sent yet." in office.get(f"/admin/pets/details/?id={cast.mochi.id}").main
    home = office.get("/admin/").main
    assert "1 report card sent today" in home
    assert "Sam sent the report card of Alice Archer: Leash worn" in home


def test_who_may_not_plan_visits_reads_but_does_not_write_and_off_is_gone(cast, visit, office, http, sign_in_as_staff):
    card = write(visit, is_sent=True)
    settings.change({"reports.on": False}, actor=COMMAND_LINE)
    db.session.commit()
    assert office.get(f"/admin/report/{visit.id}/", status=404)
    assert "Two puddles" not in office.get(f"/admin/visit/{visit.id}/").main
    settings.change({"reports.on": True}, actor=COMMAND_LINE)
    db.session.commit()
    sam = sign_in_as_staff(http(), cast.sam)
    assert sam.get(f"/admin/report/{visit.id}/").status_code in {302, 403}
    assert db.session.get(ReportCard, card.id).state is ReportState.SENT
