"""The page that stands before the portal while a text is to be accepted, without JavaScript."""

import io
import re

import pypdf
import pytest
import sqlalchemy as sa

from application import tasks
from foundation.db import db
from models import AgreementAcceptance, MailState, OutboxMail, SignIn
from tests import factories as make
from tests.databases import statements
from tests.portal.conftest import Page
from workflows import agreements
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.covers("D7")

TERMS = "We walk <b>your</b> dog.\nIn the rain too.\n\nYou pay us."


@pytest.fixture
def terms(cast):
    made = agreements.add({"name": "Terms of Service", "for_all": True}, TERMS, actor=cast.as_olivia)
    db.session.commit()
    return made


def accept(alice, page, **values):
    ticks = page.form("/portal/agreements").choices["accept"]
    return alice.press(page, "/portal/agreements", **{"accept": ticks, "typed_name": "Alice Archer", **values})


def test_client_reads_types_the_name_and_gets_in(walk, cast, terms):
    alice = walk(cast.alice)
    page = alice.get("/portal/schedule")
    assert (page.path, page.status) == ("/portal/agreements", 200)
    assert "We walk &lt;b&gt;your&lt;/b&gt; dog." in page.html
    assert "Terms of Service" in page.text
    after = accept(alice, page)
    assert after.path.startswith("/portal/account")
    assert "Your copy comes by mail." in after.text
    row = db.session.scalars(sa.select(AgreementAcceptance)).one()
    assert (row.client_id, row.typed_name, row.address) == (cast.alice.id, "Alice Archer", "127.0.0.1")
    again = alice.get("/portal/agreements")
    assert "Accepted" in again.text
    assert not [f for f in again.forms if f.action.endswith("/portal/agreements")]


def test_nothing_else_opens_before_the_yes_also_not_by_a_hand_made_post(walk, cast, terms):
    alice = walk(cast.alice)
    token = alice.token()
    for path in ("/portal/", "/portal/request", "/portal/requests", "/portal/calendar", "/portal/schedule/2026-11-25"):
        assert alice.get(path).path == "/portal/agreements", path
    before = db.session.scalar(sa.select(sa.func.count(OutboxMail.id)))
    for path in ("/portal/request", "/portal/request/submission", "/portal/calendar"):
        answer = alice.browser.post(path, data={"csrf_token": token})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/portal/agreements"), path
    assert db.session.scalar(sa.select(sa.func.count(OutboxMail.id))) == before
    page = alice.get("/portal/agreements")
    alice.press(page, "/portal/log-out")
    assert (
        db.session.scalars(
            sa.select(SignIn).where(SignIn.ended_at.is_(None), SignIn.client_login_id.is_not(None))
        ).all()
        == []
    )


def test_bad_input_comes_back_with_a_sentence_and_what_was_typed(walk, cast, terms):
    alice = walk(cast.alice)
    page = alice.get("/portal/agreements")
    refused = accept(alice, page, typed_name="  ")
    assert (refused.status, "Type your full name" in refused.text) == (422, True)
    assert "checked" in re.search(r'<input[^>]*name="accept"[^>]*>', refused.html)[0]
    refused = accept(alice, page, accept=None, typed_name="Alice A.")
    assert (refused.status, "Tick that you have read" in refused.text) == (422, True)
    assert 'value="Alice A."' in refused.html
    assert accept(alice, page, accept="no version at all").status == 422
    for nonsense in ("x.y", ".", "\0.z", f"{'9' * 400}.1"):
        assert accept(alice, page, accept=nonsense).status == 409


def test_text_that_changed_meanwhile_is_read_again(walk, cast, terms):
    alice = walk(cast.alice)
    page = alice.get("/portal/agreements")
    agreements.revise(terms, "You pay us more.", keeps_consent=False, seen=1, actor=cast.as_olivia)
    db.session.commit()
    refused = accept(alice, page)
    assert (refused.status, "changed meanwhile" in refused.text) == (409, True)
    assert "You pay us more." in refused.text
    assert accept(alice, refused).path.startswith("/portal/account")


def test_who_is_signed_in_already_is_asked_at_the_next_page(walk, cast):
    alice = walk(cast.alice)
    assert alice.get("/portal/schedule").path.startswith("/portal/schedule")
    agreements.add({"name": "Key release", "for_all": True}, TERMS, actor=cast.as_olivia)
    db.session.commit()
    assert alice.get("/portal/schedule").path == "/portal/agreements"


def test_two_agreements_can_be_accepted_one_after_the_other(walk, cast, terms):
    agreements.add({"name": "Key release", "for_all": True, "position": 1}, TERMS, actor=cast.as_olivia)
    db.session.commit()
    alice = walk(cast.alice)
    page = alice.get("/portal/")
    first, _second = page.form("/portal/agreements").choices["accept"]
    left = accept(alice, page, accept=first)
    assert (left.path, "Key release" in left.text) == ("/portal/agreements", True)
    assert accept(alice, left).path.startswith("/portal/account")


def test_staff_in_the_clients_portal_pass_and_cannot_accept(http, cast, terms, sign_in_as_staff, walk):
    viewer = walk(cast.bob)
    viewer.browser = sign_in_as_staff(http(), cast.olivia)
    viewer.press(Page(viewer.browser.get(f"/admin/client/{cast.alice.id}/")), "/portal-visit")
    assert viewer.get("/portal/schedule").path.startswith("/portal/schedule")
    page = viewer.get("/portal/agreements")
    assert "The client is asked for this" in page.text
    version = agreements.latest(terms)
    answer = viewer.post("/portal/agreements", accept=f"{version.public_id}.{version.text_hash}", typed_name="Alice")
    assert answer.status_code == 403
    assert db.session.scalars(sa.select(AgreementAcceptance)).all() == []


def test_copy_is_made_mailed_and_downloaded_by_its_client_only(walk, cast, terms, app):
    alice = walk(cast.alice)
    accept(alice, alice.get("/portal/agreements"))
    assert "The copy is being made." in alice.get("/portal/agreements").text
    assert tasks.mails.make_agreement_copies(app) == 1
    assert tasks.mails.make_agreement_copies(app) == 0
    row = db.session.scalars(sa.select(AgreementAcceptance)).one()
    mail = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == MailKind.AGREEMENT_ACCEPTED.value)).one()
    assert (mail.to_address, mail.file_ids, mail.state) == (cast.alice.email, [row.file_id], MailState.QUEUED)
    (link,) = [x for x in alice.get("/portal/agreements").links() if x.endswith("/copy")]
    answer = alice.browser.get(link)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="Terms of Service 1.pdf"')
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == (
        "nosniff",
        "private, no-store",
    )
    text = "\n".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(answer.data)).pages)
    for words in (
        "Terms of Service",
        "We walk <b>your</b> dog.",
        "Alice Archer",
        "127.0.0.1",
        row.text_hash[:32],
        "1 / 1",
    ):
        assert words in text, words
    bob = walk(cast.bob)
    accept(bob, bob.get("/portal/agreements"), typed_name="Bob Baker")
    assert bob.browser.get(link).status_code == 404


def test_pages_cost_no_query_more_once_all_is_accepted(walk, cast):
    alice = walk(cast.alice)
    alice.get("/portal/schedule")
    with statements() as sent:
        alice.get("/portal/schedule")
    before = len(sent)
    for n in range(3):
        agreements.add({"name": f"Terms {n}", "for_all": True}, TERMS, actor=cast.as_olivia)
    db.session.commit()
    accept(alice, alice.get("/portal/agreements"))
    alice.get("/portal/schedule")
    with statements() as sent:
        alice.get("/portal/schedule")
    assert len(sent) == before, sent


def test_agreement_of_others_is_no_ones_business(walk, cast):
    make.agreement_version(make.agreement("Bob only", for_all=False, clients=[cast.bob]))
    db.session.commit()
    assert walk(cast.alice).get("/portal/schedule").path.startswith("/portal/schedule")
