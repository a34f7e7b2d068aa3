"""A sitter writes a report card on the phone, without JavaScript and as the script does it, and sends it."""

import datetime as dt
import io
import re

import pytest
import sqlalchemy as sa

from foundation import clock, storage
from foundation.db import db
from models import FieldArea, FieldKind, JobState, MailState, PortalAccess, ReportCard, ReportState, StoredFile
from tests import factories as make
from tests import sent_files as sent
from workflows import report_cards, report_photos, settings
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.mail_facts import MailKind
from workflows.report_cards import Typed
from workflows.uploads import Upload, photo

pytestmark = pytest.mark.covers("V2")
MONDAY = dt.date(2026, 11, 23)


@pytest.fixture(autouse=True)
def store(app):
    storage.use(app.extensions["store"])


@pytest.fixture
def visit(cast):
    """Sam is at Alice's; a task must be ticked, and a question hangs on another."""
    section = make.field_section(make.field_page(FieldArea.REPORT, portal_access=PortalAccess.VIEW), name="How it went")
    make.custom_field(section, label="Door locked", kind=FieldKind.TASK, is_required=True)
    make.custom_field(section, label="Minutes", kind=FieldKind.NUMBER)
    job = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=MONDAY, pets=[cast.biscuit], state=JobState.IN_PROGRESS)  # fmt: skip
    db.session.commit()
    return job


@pytest.fixture
def sam(http, cast, sign_in_as_staff):
    return sign_in_as_staff(http(), cast.sam)


def where(visit, more=""):
    return f"/staff/visits/{visit.public_id}/report{more}"


def hidden_fields(page):
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def key_of(label):
    return db.session.scalar(sa.select(make.CustomField.public_id).where(make.CustomField.label == label))


def card_of(visit):
    db.session.rollback()
    return db.session.scalar(sa.select(ReportCard).where(ReportCard.job_id == visit.id))


def jpeg(color=sent.RED):
    return io.BytesIO(sent.picture("JPEG", size=(400, 200), color=color))


def test_written_saved_checked_and_sent_without_javascript(visit, sam, outbox):
    page = sam.get(where(visit)).text
    assert ("Door locked" in page, "must be done" in page, card_of(visit)) == (True, True, None)
    data = {**hidden_fields(page), "message": "Two puddles.", "office_note": "Leash worn", f"f-{key_of('Minutes')}": "3x"}  # fmt: skip
    files = {"photos": [(jpeg(), "a.jpg"), (io.BytesIO(b"nothing"), "b.jpg")]}
    answer = sam.post(where(visit), data={**data, **files, "do": "save"}, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "Enter a number" in answer.text
    assert "b.jpg: " in answer.text
    assert "Two puddles." in answer.text
    assert card_of(visit).message == "Two puddles."
    page = sam.get(where(visit)).text
    assert len(re.findall(r"/staff/files/[\w-]+/thumb", page)) == 1
    data = {**hidden_fields(page), "message": "Two puddles.", f"f-{key_of('Minutes')}": "30", "do": "send"}
    refused = sam.post(where(visit), data=data)
    assert (refused.status_code, "Before it can be sent, this is left: Door locked." in refused.text) == (422, True)
    assert "Two puddles." in refused.text
    data = {**hidden_fields(refused.text), f"f-{key_of('Minutes')}": "30", f"f-{key_of('Door locked')}": "yes"}
    answer = sam.post(where(visit), data={**data, "message": "Two puddles.", "do": "send"})
    assert answer.status_code == 303
    seen = sam.get(where(visit)).text
    assert all(words in seen for words in ("Report card sent.", "Two puddles.", "Leash worn", "Done", "30"))
    assert (card_of(visit).state, len(outbox.mails(MailKind.REPORT_CARD))) == (ReportState.SENT, 1)
    late = sam.post(where(visit), data={**data, "do": "send"})
    assert (late.status_code, "Ask the office" in late.text or "Sent" in late.text) == (409, True)


def test_typing_is_saved_by_the_script_and_by_the_phone_s_queue(visit, sam):
    page = sam.get(where(visit)).text
    fields = hidden_fields(page)
    token = {"X-CSRFToken": fields["csrf_token"], "Accept": "application/json"}
    form = {k: v for k, v in fields.items() if k != "csrf_token"}
    told = sam.post(where(visit, "/draft"), data={**form, "key": "a" * 32, "message": "One"}, headers=token).json
    assert (told["problems"], card_of(visit).message) == ({}, "One")
    again = sam.post(where(visit, "/draft"), data={**form, "key": "a" * 32, "message": "One"}, headers=token)
    assert again.status_code == 200
    queued = {"base": told["base"], "key": "b" * 32, "message": "Two", "fields": {key_of("Door locked"): "yes", key_of("Minutes"): "x"}}  # fmt: skip
    answer = sam.post(where(visit, "/draft"), json=queued, headers=token)
    assert (answer.status_code, list(answer.json["problems"])) == (200, [key_of("Minutes")])
    with_office = Typed(texts={"message": "From the office"}, base=card_of(visit).version)
    report_cards.save_draft(card_of(visit), with_office, actor=COMMAND_LINE)
    db.session.commit()
    crossed = sam.post(where(visit, "/draft"), json={**queued, "key": "c" * 32, "message": "Three"}, headers=token)
    assert (crossed.status_code, crossed.json["theirs"]) == (409, {"message": "From the office"})
    page = sam.post(where(visit), data={**fields, "message": "Three", "do": "save"})
    assert page.status_code == 409
    assert "Changed meanwhile to: From the office" in page.text
    assert "Three" in page.text
    settled = sam.post(where(visit), data={**hidden_fields(page.text), "message": "Three", "do": "save"})
    assert (settled.status_code, card_of(visit).message) == (303, "Three")
    assert sam.post(where(visit, "/draft"), json={"key": "d" * 32}, headers={}).status_code == 400
    for odd in ([], "x", {"base": "x", "fields": [], "seen": {"a": []}, "message": 3, "key": 4}):
        assert sam.post(where(visit, "/draft"), json=odd, headers=token).status_code == 200


def test_what_a_phone_kept_has_its_own_time_and_is_told_what_nobody_asks_any_more(visit, sam, clock_at):
    token = {"X-CSRFToken": hidden_fields(sam.get(where(visit)).text)["csrf_token"]}

    def send(n, message, **more):
        return sam.post(where(visit, "/draft"), json={"key": str(n) * 32, "message": message, **more}, headers=token)

    def saved():
        return clock.to_local(card_of(visit).saved_at).strftime("%H:%M")

    clock_at("2026-11-23 13:00")
    kept = {"at": "2026-11-23T11:02:00-05:00", "phone_now": "2026-11-23T13:00:00-05:00", "base": 0}
    for _again in range(2):
        assert send(1, "One", **kept).status_code == 200
    assert (saved(), card_of(visit).version) == ("11:02", 2)
    # A clock that is an hour slow was so when it was typed; and nothing is older than what was saved before it.
    send(2, "Two", base=2, at="2026-11-23T11:30:00-05:00", phone_now="2026-11-23T12:00:00-05:00")
    assert saved() == "12:30"
    send(3, "Three", base=3, at="2026-11-23T10:00:00-05:00", phone_now="2026-11-23T13:00:00-05:00")
    assert saved() == "12:30"
    send(4, "Four", base=4, at="yesterday")
    assert saved() == "13:00"
    field = db.session.scalar(sa.select(make.CustomField).where(make.CustomField.label == "Minutes"))
    field.retired_at = clock.now()
    db.session.commit()
    gone = send(5, "Five", base=5, fields={field.public_id: "30"})
    assert gone.json["problems"] == {field.public_id: "This question is not on the report card any more."}
    assert card_of(visit).message == "Five"


def test_photos_are_made_safe_refused_with_a_sentence_and_taken_away(visit, sam):
    fields = hidden_fields(sam.get(where(visit)).text)
    token = {"X-CSRFToken": fields["csrf_token"], "Accept": "application/json"}

    def add(data, name="p.jpg"):
        return sam.post(where(visit, "/photos"), data={"photos": (io.BytesIO(data), name)}, headers=token, content_type="multipart/form-data")  # fmt: skip

    assert add(sent.with_place()).json == {"ok": True, "problem": ""}
    assert add(sent.with_place()).json["ok"]
    huge = add(sent.huge_png())
    assert (huge.status_code, "too many pixels" in huge.json["problem"]) == (422, True)
    (row,) = db.session.scalars(sa.select(StoredFile))
    assert b"PhonePhone" not in storage.here().read(row.key)
    gone = sam.post(where(visit, f"/photos/{row.public_id}/removal"), headers=token)
    assert gone.json["ok"]
    assert sam.get(f"/staff/files/{row.public_id}/thumb").status_code == 404
    assert "No photos yet." in sam.get(where(visit)).text
    assert sam.post(where(visit, "/photos/AAAAAAAAAAAA/removal"), headers=token).status_code == 404


def test_another_sitter_s_visit_a_void_one_and_a_switched_off_page_are_404(visit, cast, http, sign_in_as_staff, sam):
    sita = sign_in_as_staff(http(), cast.sita)
    card = report_cards.draft_of(visit, actor=staff_actor(cast.sam))
    (kept,) = report_photos.add(card, [photo(Upload("a.jpg", jpeg().read()))], actor=staff_actor(cast.sam))
    db.session.commit()
    token = {"X-CSRFToken": hidden_fields(sam.get(where(visit)).text)["csrf_token"]}
    other = {"X-CSRFToken": re.search(r'name="csrf-token" content="([^"]+)"', sita.get("/staff/").text)[1]}

    def answers(browser, headers):
        return {
            browser.get(where(visit)).status_code, browser.post(where(visit), headers=headers).status_code,
            browser.post(where(visit, "/draft"), json={}, headers=headers).status_code,
            browser.post(where(visit, "/photos"), headers=headers).status_code,
            browser.post(where(visit, f"/photos/{kept.public_id}/removal"), headers=headers).status_code,
            browser.get(f"/staff/files/{kept.public_id}/picture").status_code,
        }  # fmt: skip

    assert answers(sita, other) == {404}
    visit.sitter = cast.sita
    db.session.commit()
    assert answers(sam, token) == {404}
    told = sam.post(where(visit, "/draft"), json={}, headers=token).json
    assert told == {"problem": "The report card of this visit is not yours to write any more."}
    visit.sitter, visit.state = cast.sam, JobState.VOIDED
    db.session.commit()
    assert answers(sam, token) == {404}
    visit.state = JobState.IN_PROGRESS
    settings.change({"reports.on": False}, actor=COMMAND_LINE)
    db.session.commit()
    assert answers(sam, token) == {404}


def test_the_mail_tells_the_visit_and_leads_to_the_card(visit, cast, app, outbox):
    from mailer.render import render

    make.client_login(cast.alice)
    card = report_cards.draft_of(visit, actor=staff_actor(cast.sam))
    door = {key_of("Door locked"): "yes"}
    report_cards.save_draft(card, Typed(door, {"message": "Two puddles.\n<b>Wet</b>"}, base=card.version), actor=staff_actor(cast.sam))  # fmt: skip
    report_photos.add(card, [photo(Upload("a.jpg", jpeg().read()))], actor=staff_actor(cast.sam))
    report_cards.send(card, actor=staff_actor(cast.sam))
    mail = outbox.one(MailKind.REPORT_CARD)
    shown = render(mail)
    link = f"/portal/reports/{card.public_id}"
    assert (mail.state, link in shown.text, link in shown.html) == (MailState.QUEUED, True, True)
    assert all(words in shown.text for words in ("Two puddles.", "Door locked: Done", "See the photo"))
    assert "&lt;b&gt;Wet" in shown.html
    assert "24" not in shown.text.split("Account number")[0].replace("2026", "")
