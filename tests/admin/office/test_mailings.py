"""The office writes to chosen clients: from the list or the client's page, previewed, ordered, followed; and who may not.

And the other end: the link in news, with a browser and with a mail program's own button.
"""

import re

import pytest
import sqlalchemy as sa

from foundation.db import db
from mailer.render import render
from models import BulkRun, Mailing, MailRefusal, MailState, OutboxMail, StaffRole
from tests import factories
from workflows import bulk, roles
from workflows.mail_facts import MailKind
from workflows.permissions import ROLE_PERMISSIONS, Permission

pytestmark = pytest.mark.covers("S4")
WORDS = {"subject": "We are away", "body": "Hello {CLIENT_FORENAME},\n\nno walks in May."}
NEW = "/admin/mailings/new"


def count(of):
    return db.session.scalar(sa.select(sa.func.count()).select_from(of))


def test_chosen_clients_get_a_mail_that_is_previewed_ordered_and_followed(office, cast, outbox):
    nobody = factories.client("No", "Address", email=None)
    page = office.post("/admin/clients/action/", action="write", rowid=[cast.alice.id, cast.bob.id, nobody.id])
    assert "Write to 3 clients" in page.main
    assert "1 has no address to write to" in page.main
    assert "{CLIENT_FORENAME}" in page.main
    assert "{INVOICE_TOTAL}" not in page.main
    seen = page.press("Show", **WORDS, is_news="y")
    assert "Hello Alice," in seen.html
    assert "sandbox" in seen.answer.headers["Content-Security-Policy"]
    assert "Hello Alice,\n" in page.press("Show", **WORDS, layer="text").html
    assert "has no code {NOPE}" in page.press("Show", subject="x", body="{NOPE}").html
    wrong = page.press("Write to 3 clients", subject="", body="{CLIENT_FORNAME} stays")
    assert wrong.status == 422
    assert "Write a subject." in wrong.main
    assert "{CLIENT_FORNAME} stays" in wrong.main
    wrong = wrong.press("Write to 3 clients", subject="x")
    assert "Do you mean {CLIENT_FORENAME}?" in wrong.main
    assert "Write to 3 clients" in wrong.buttons()
    assert count(Mailing) == 0

    done = wrong.press("Write to 3 clients", **WORDS)
    assert "2 mails are on their way. 1 could not be done." in done.main
    assert "No Address" in done.main
    assert "Has no mail address." in done.main
    assert "no walks in May" in done.main
    assert done.path.startswith("/admin/mailings/")
    assert sorted(m.to_address for m in outbox.mails(MailKind.OWN_MAIL)) == sorted([cast.alice.email, cast.bob.email])
    twice = wrong.press("Write to 3 clients", **WORDS)
    assert "already" in twice.text
    assert (count(Mailing), len(outbox)) == (1, 2)

    past = office.get("/admin/mailings/")
    assert "We are away" in past.main
    assert "2 of 3" in past.main
    assert "1 left out" in past.main
    assert past.follow("We are away").path == done.path
    office.get(done.path.replace("mailings", "orders"), 404)
    assert "Write to 3" not in office.get("/admin/orders/").main
    log = office.get("/admin/log/").main
    assert "ordered the mail “We are away” to clients" in log


def test_one_client_a_whole_list_and_a_large_order_that_is_stopped(office, cast, outbox):
    page = office.get(f"/admin/client/{cast.bob.id}/").follow("Write to this client")
    assert "Write to 1 client" in page.main
    assert "1 mail is on its way." in page.press("Write to 1 client", **WORDS).main
    assert outbox.one().client_id == cast.bob.id
    office.get(f"{NEW}?client=99999999999999999999", 404)
    assert "Tick the clients" in office.get(office.browser.get(NEW).headers["Location"]).text

    for n in range(30):
        factories.client(f"C{n}", email=f"c{n}@example.com")
    page = office.post("/admin/clients/action/?search=c", action="write", all="1", url="/admin/clients/?flt=x")
    n = int(re.search(r"Write to (\d+) clients", page.main)[1])
    assert n >= 30
    page = page.press(f"Write to {n} clients", **WORDS)
    assert f"0 of {n} clients" in page.main
    assert "Stopped" in page.press("Stop here").main
    run = db.session.scalars(sa.select(BulkRun).order_by(BulkRun.id.desc())).first()
    assert bulk.work(run.id) is False
    assert len(outbox) == 1


def test_a_test_to_oneself_first_and_back_again_afterwards(office, cast, outbox):
    page = office.get(f"{NEW}?client={cast.bob.id}")
    wrong = page.press("Send a test to me", subject="x", body="{NOPE}")
    assert (wrong.status, len(outbox)) == (422, 0)
    page = wrong.press("Send a test to me", **WORDS, is_news="y")
    test = outbox.one()
    assert (test.to_address, test.client_id) == (cast.olivia.email, None)
    assert "Hello Bob," in render(test).text
    assert "A test is on its way to olivia@example.com" in page.text
    assert "no walks in May" in page.main
    done = page.press("Write to 1 client", **WORDS)
    assert "1 mail has not left yet." in done.main
    back = done.press("Undo: call them back")
    assert "1 mail was called back." in back.main
    assert "0 mails are on their way." in back.main
    assert "Undo: call them back" not in back.buttons()
    mail = outbox.mails()[1]
    assert mail.state is MailState.CANCELLED
    assert "have left already" in done.press("Undo: call them back").text
    mail.state = MailState.FAILED
    db.session.commit()
    again = office.get(done.path).press("Send the failed ones again")
    assert "1 mail is on its way again." in again.text
    assert [m.state for m in outbox.mails()] == [MailState.QUEUED] * 2
    log = office.get("/admin/log/").main
    assert "called the mail “We are away” to clients back" in log
    assert "sent the failed ones of the mail “We are away” again" in log


def test_nobody_reachable_nobody_at_all_and_bad_input_come_back_with_a_sentence(office, cast):
    nobody = factories.client("No", "Address", email=None)
    for ids, said in ((str(nobody.id), "None of these clients can be written to"), ("", "Tick at least one client."), ("x,\0,-1,9" + "9" * 30, "Tick at least one client.")):  # fmt: skip
        page = office.post(NEW, ids=ids, **WORDS)
        assert (page.status, said in page.main) == (422, True)
    assert office.post(f"{NEW[:-3]}preview", ids="\0").status == 200
    assert office.browser.post(NEW, data={"ids": str(cast.alice.id), **WORDS}).status_code == 400  # no token
    assert count(Mailing) == 0


def test_without_the_permission_nothing_is_offered_and_nothing_opens(manager, cast):
    roles.change({StaffRole.MANAGER: ROLE_PERMISSIONS[StaffRole.MANAGER] - {Permission.MAILINGS}}, actor=cast.as_olivia)
    db.session.commit()
    assert "Write to them" not in manager.get("/admin/clients/").html
    assert "Write to this client" not in manager.get(f"/admin/client/{cast.bob.id}/").main
    manager.get("/admin/mailings/", 403)
    manager.get(f"{NEW}?client={cast.bob.id}", 403)
    for path, data in ((NEW, WORDS), ("/admin/clients/action/", {"action": "write", "rowid": [cast.bob.id]})):
        assert manager.post(path, ids=str(cast.bob.id), **data).status == 403
    assert count(Mailing) == 0


def test_the_link_in_news_by_browser_and_by_a_mail_programs_button(office, cast, http, outbox):
    office.post(NEW, ids=str(cast.alice.id), is_news="y", **WORDS)
    text = render(outbox.one(MailKind.OWN_MAIL)).text
    at = re.search(r"(/portal/unsubscribe/\S+)", text)[1]
    reader = http()
    page = reader.get(at)
    assert page.status_code == 200
    assert cast.alice.email in page.text
    assert count(MailRefusal) == 0  # opening it is not pressing it
    token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.text)[1]
    assert reader.post(at, data={"csrf_token": token}).status_code == 303
    assert "We send no more news" in reader.get(at).text
    assert count(MailRefusal) == 1
    assert reader.post(f"{at}/again").status_code == 400  # only sparing does without a token
    assert reader.post(f"{at}/again", data={"csrf_token": token}).status_code == 303
    assert count(MailRefusal) == 0
    for _again in range(2):
        one_click = http().post(at, data={"List-Unsubscribe": "One-Click"})
        assert (one_click.status_code, one_click.text) == (200, "")
        assert count(MailRefusal) == 1
    page = office.post(NEW, ids=f"{cast.alice.id},{cast.bob.id}", is_news="y", **WORDS)
    assert "Wants no news by mail." in page.main
    assert [m.to_address for m in db.session.scalars(sa.select(OutboxMail).order_by(OutboxMail.id))] == [cast.alice.email, cast.bob.email]  # fmt: skip
    log = office.get("/admin/log/").main
    assert f"{cast.alice.email} wants no more news by mail" in log
    spared = office.get("/admin/returned-mails/")
    assert "Every mail arrived" in spared.main
    assert "They pressed the link in news" in spared.main
    assert "Alice Archer" in spared.main
    back = spared.press(f"Send news again {cast.alice.email}")
    assert f"News go to {cast.alice.email} again." in back.text
    assert "Nobody has asked to be spared." in back.main
    assert count(MailRefusal) == 0
    assert f"Olivia Owens lets news go to {cast.alice.email} again" in office.get("/admin/log/").main
    for dead in ("nothing", at.rpartition("/")[2] + "x", "%00", "é"):
        for answer in (http().get(f"/portal/unsubscribe/{dead}"), http().post(f"/portal/unsubscribe/{dead}")):
            assert answer.status_code == 410
            assert "This link does not work" in answer.text
