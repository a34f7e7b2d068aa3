"""The office edits what its mails say: find, change, preview, test, go back; and who may not."""

import html
import re

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Activity, MailState, MailTemplate, MailTemplateVersion, OutboxMail, StaffRole
from tests import factories
from workflows import roles
from workflows.actors import staff_actor
from workflows.mail_codes import EDITABLE_KINDS
from workflows.mail_facts import MailKind
from workflows.permissions import Permission

pytestmark = pytest.mark.covers("S4")
AT = "/admin/mail-templates/job_scheduled/"


def hidden(text):
    """What the editor's form carries."""
    form = text[text.index("data-mail-words") :]
    return {n: re.search(rf'name="{n}"[^>]* value="([^"]*)"', form)[1] for n in ("seen", "form_key")}


def opened(office, path, status=200):
    answer = office.browser.get(path)
    assert answer.status_code == status, answer.text[:2000]
    return answer


def posted(office, path, data, status):
    answer = office.browser.post(path, data={"csrf_token": office.token(), **data})
    assert answer.status_code == status, answer.text[:2000]
    return answer


def after(office, answer):
    return opened(office, answer.headers["Location"]).text


def draft(office, subject, body, at=AT, **more):
    return {"subject": subject, "body": body, **hidden(opened(office, at).text), **more}


def test_the_list_names_every_mail_and_finds_them(office):
    text = opened(office, "/admin/mail-templates/").text
    assert "Job scheduled" in text
    assert "Log-in link" in text
    assert "Test of a mail" not in text
    assert text.count("As it came") == len(EDITABLE_KINDS)
    found = opened(office, "/admin/mail-templates/?search=invoice").text
    assert "Overdue invoices" in found
    assert "Job scheduled" not in found
    assert "No mail is like that" in opened(office, "/admin/mail-templates/?search=%00zebra&show=broken").text


def test_words_are_changed_looked_at_tested_and_put_back(office, cast):
    text = opened(office, AT).text
    assert "Hello {CLIENT_NAME}," in html.unescape(text)
    assert "{PORTAL_SCHEDULE_URL}" in text
    assert "{PASSWORD_URL}" not in text

    frame = opened(office, f"{AT}preview")
    assert "sandbox" in frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in frame.headers["Content-Security-Policy"]
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    wanted = draft(
        office, "Yours: {VISIT_COUNT} <visits>", "Dear {CLIENT_FORENAME} & all,\n\n{VISITS}\n\n<script>x</script>"
    )
    seen = posted(office, f"{AT}preview", wanted, 200)
    assert "Dear Alice &amp; all," in seen.text
    assert "<script>" not in seen.text
    plain = posted(office, f"{AT}preview", {**wanted, "layer": "text"}, 200)
    assert plain.mimetype == "text/plain"
    assert plain.text.startswith("Yours: 3 <visits>\n\nDear Alice & all,\n\n- Dog walk")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(MailTemplate)) == 0  # nothing of it is kept

    text = posted(office, f"{AT}test", wanted, 200).text
    assert "A test is on its way to olivia@example.com." in text
    assert "Dear {CLIENT_FORENAME} &amp; all," in text  # the draft stays
    assert "Yours" not in opened(office, AT).text
    mail = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == "template_test")).one()
    assert (mail.to_address, mail.client_id) == ("olivia@example.com", None)
    assert "already" in after(office, posted(office, f"{AT}test", wanted, 303))  # the same form again sends nothing

    text = after(office, posted(office, AT, draft(office, wanted["subject"], wanted["body"]), 303))
    assert "Saved. The next mail has these words." in text
    assert "Version 1" in text
    assert "Your words" in opened(office, "/admin/mail-templates/?show=changed").text
    posted(office, AT, draft(office, "Two", "Second words"), 303)
    assert "Second words" in opened(office, f"{AT}versions/2/").text
    opened(office, f"{AT}versions/3/", 404)
    opened(office, f"{AT}versions/99999999999999999999/", 404)

    posted(office, f"{AT}again", {"number": "1", "seen": hidden(opened(office, AT).text)["seen"]}, 303)
    assert "Dear {CLIENT_FORENAME}" in opened(office, AT).text
    text = after(office, posted(office, f"{AT}reset", {"seen": hidden(opened(office, AT).text)["seen"]}, 303))
    assert "as it came with Latchkey again" in text
    assert "Hello {CLIENT_NAME}," in html.unescape(text)
    numbers = [v.number for v in db.session.scalars(sa.select(MailTemplateVersion))]
    assert numbers == [1, 2, 3]
    log = db.session.scalars(sa.select(Activity).where(Activity.verb.startswith("mail_template")).order_by(Activity.id))
    assert [(a.verb, a.actor_name) for a in log] == [
        ("mail_template.saved", str(cast.olivia)), ("mail_template.saved", str(cast.olivia)),
        ("mail_template.used_again", str(cast.olivia)), ("mail_template.reset", str(cast.olivia)),
    ]  # fmt: skip
    assert "changed the words of the mail “Job scheduled” (version 1)" in html.unescape(
        opened(office, "/admin/log/").text
    )


def test_what_is_broken_is_not_saved_and_the_draft_stays(office):
    wanted = draft(office, "Hi {CLIENT_FORNAME}", "{IF MESSAGE}\nSo: {VISITS}\n[go](javascript:x)")
    answer = posted(office, AT, wanted, 422)
    text = html.unescape(answer.text)
    for told in (
        "This mail has no code {CLIENT_FORNAME}. Do you mean {CLIENT_FORENAME}?", "{IF MESSAGE} has no {END}.",
        "{VISITS} shows a whole piece: put it alone on a line.", "“javascript:x” is no address to lead to.",
    ):  # fmt: skip
        assert told in text
    assert "[go](javascript:x)" in text
    assert "This cannot be shown yet." in posted(office, f"{AT}preview", {"subject": "x", "body": "{NOPE}"}, 200).text
    assert "Write a subject." in posted(office, AT, {}, 422).text
    at = "/admin/mail-templates/set_password/"
    assert "of no use without {PASSWORD_URL}" in posted(office, at, draft(office, "Hi", "No link", at), 422).text
    assert "This mail has no code {PASSWORD_URL}" in posted(office, AT, draft(office, "x", "{PASSWORD_URL}"), 422).text
    for bad in ("nothing", "template_test", "..%2f..", "x" * 300):
        opened(office, f"/admin/mail-templates/{bad}/", 404)
    posted(office, f"{AT}again", {"number": "7", "seen": "0"}, 303)
    posted(office, f"{AT}reset", {"seen": "99999999999999999999"}, 303)


def test_two_at_once_collide_with_a_sentence_and_lose_nothing(office, manager):
    mine, theirs = draft(office, "Mine", "My words"), draft(manager, "Theirs", "Their words")
    posted(manager, AT, theirs, 303)
    answer = posted(office, AT, mine, 409)
    assert "Somebody else changed this mail meanwhile." in answer.text
    assert "Their words" in answer.text
    assert "My words" in answer.text
    posted(office, AT, {"subject": "Mine", "body": "My words", **hidden(answer.text)}, 303)
    assert {v.body for v in db.session.scalars(sa.select(MailTemplateVersion))} == {"My words", "Their words"}


def test_a_real_mail_is_shown_only_to_those_who_may_read_it(office, manager, cast):
    facts = {"client_name": "Zelda Quick", "account_number": "1234567890", "request_number": 3, "visits": [{"service": "Zebra walk", "on_date": "2026-11-26"}]}  # fmt: skip
    factories.outbox_mail(MailKind.JOB_SCHEDULED, facts=facts, sent_at=clock.now(), client_id=cast.alice.id)
    db.session.commit()
    wanted = {"subject": "x", "body": "{CLIENT_NAME}\n\n{VISITS}", "data": "real"}
    assert "The last real mail" in opened(manager, AT).text
    assert "Zebra walk" in posted(manager, f"{AT}preview", wanted, 200).text
    ticks = {StaffRole.MANAGER: {Permission.OFFICE, Permission.TEMPLATES}, StaffRole.SITTER: {Permission.OWN_DAY}}
    roles.change(ticks, actor=staff_actor(cast.olivia))
    db.session.commit()
    assert "The last real mail" not in opened(manager, AT).text
    assert "Zebra walk" not in posted(manager, f"{AT}preview", wanted, 200).text
    roles.change({**ticks, StaffRole.MANAGER: {Permission.OFFICE}}, actor=staff_actor(cast.olivia))
    db.session.commit()
    opened(manager, AT, 403)
    assert "mail-templates" not in opened(manager, "/admin/").text


def test_words_that_broke_are_pointed_out(office):
    posted(office, AT, draft(office, "x", "Words"), 303)
    db.session.execute(sa.update(MailTemplate).values(broken_at=clock.now(), broken_why="no code {OLD}"))
    db.session.commit()
    assert "1 mail goes out in other words than yours" in opened(office, "/admin/").text
    assert "The reason: no code {OLD}" in opened(office, AT).text
    assert "Cannot be used" in opened(office, "/admin/mail-templates/?show=broken").text
    posted(office, AT, draft(office, "x", "Words"), 303)  # the same words, saved again, are tried again
    assert "in other words than yours" not in opened(office, "/admin/").text


def test_a_mail_that_came_back_is_marked_shown_and_let_go(office, cast):
    mail = factories.outbox_mail(state=MailState.SENT, to_address="alice@example.com", client_id=cast.alice.id)
    waits = factories.outbox_mail(to_address="bob@example.com")
    db.session.commit()
    assert "Until then “Do not send” takes it back" in opened(office, f"/admin/outbox/details/?id={waits.id}").text
    posted(office, "/admin/outbox/action/", {"action": "came_back", "rowid": [str(mail.id), str(waits.id)], "confirmed": "1"}, 302)  # fmt: skip
    text = opened(office, "/admin/outbox/").text
    assert text.count("Mails to this address come back") == 1
    assert "Only a mail that was sent can come back." in text
    assert "A mail to alice@example.com came back" in opened(office, f"/admin/outbox/details/?id={mail.id}").text
    assert "Mails come back" in opened(office, f"/admin/client/{cast.alice.id}/").text
    assert "No mail reaches 1 client" in opened(office, "/admin/").text
    page = opened(office, "/admin/returned-mails/").text
    assert "alice@example.com" in page
    action = re.search(r'action="(/admin/returned-mails/\d+/removal)"', page)[1]
    text = after(office, posted(office, action, {}, 303))
    assert "Every mail arrived" in text
    posted(office, action, {}, 404)
    assert "No mail reaches" not in opened(office, "/admin/").text
