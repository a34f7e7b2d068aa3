"""The office's own words on their way out: used, passed over when they break, and never a reason for no mail."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from mailer import own_words
from models import MailState, MailTemplate, OutboxMail, StaffRole
from tests import desk_factories, factories
from tests.mails.test_own_words import SIGNED
from workflows import mail_texts
from workflows.actors import staff_actor
from workflows.mail_facts import MailKind, RequestCancelled, SetPassword, VisitFacts

pytestmark = [pytest.mark.covers("S4"), pytest.mark.usefixtures("business")]


def put(kind, subject, body, **more):
    """Words in use, whatever they are."""
    template = desk_factories.mail_template(kind.value, in_use=1, **more)
    desk_factories.mail_template_version(template, number=1, subject=subject, body=body)
    db.session.commit()
    return template


CANCELLED = RequestCancelled(
    "Alice Archer", "4417209318", 17, (VisitFacts("Dog walk", "2026-11-26"),), "We stay at home"
)


def test_delivery_uses_the_words_and_keeps_what_was_sent(server, queue, drain):
    put(MailKind.REQUEST_CANCELLED, "Off: {REQUEST_NUMBER}", "Dear {CLIENT_FORENAME},\n\n{REASON}\n\n{VISITS}")
    queue(MailKind.REQUEST_CANCELLED, CANCELLED)
    assert drain() == 1
    (letter,) = server.letters
    assert "Off: 17" in str(letter)
    mail = db.session.scalars(sa.select(OutboxMail)).one()
    assert mail.state is MailState.SENT
    assert (mail.subject, mail.body_text.splitlines()[:3]) == ("Off: 17", ["Dear Alice,", "", "  We stay at home"])
    assert mail.body_html.count("Dog walk") == 1


def test_words_that_break_later_are_passed_over_and_told_of(server, queue, drain):
    template = put(MailKind.REQUEST_CANCELLED, "Off", "Dear {OF_AN_OLDER_VERSION}")
    for _ in range(2):
        queue(MailKind.REQUEST_CANCELLED, CANCELLED)
    assert drain() == 2
    assert {m.state for m in db.session.scalars(sa.select(OutboxMail))} == {MailState.SENT}
    assert {m.subject for m in db.session.scalars(sa.select(OutboxMail))} == {"Cancelled: 1 visit of request 17"}
    fresh = db.session.get(MailTemplate, template.id)
    assert fresh.broken_at is not None
    assert fresh.broken_why == "this mail has no code {OF_AN_OLDER_VERSION}"
    assert mail_texts.broken() == ["request_cancelled"]


def test_nothing_that_goes_wrong_with_own_words_holds_a_mail_up(server, queue, drain, monkeypatch):
    def fail(*_args, **_more):
        raise RuntimeError("the link is http://127.0.0.1/secret")

    put(MailKind.SET_PASSWORD, "Log in", "{PASSWORD_URL}")
    monkeypatch.setattr(own_words, "render_words", fail)
    queue(MailKind.SET_PASSWORD)
    assert drain() == 1
    assert db.session.scalars(sa.select(MailTemplate)).one().broken_why == "RuntimeError"
    monkeypatch.setattr(mail_texts, "in_use", fail)
    monkeypatch.setattr(mail_texts, "mark_broken", fail)
    queue(MailKind.SET_PASSWORD)
    assert drain() == 1


def test_a_way_in_is_in_the_mail_and_nowhere_else(server, queue, drain):
    login = factories.client_login()
    put(MailKind.SET_PASSWORD, "Your log-in", "Press:\n\n[[Here|{PASSWORD_URL}]]")
    facts = SetPassword("Alice", "client", login.id, login.link_serial, "invitation")
    queue(MailKind.SET_PASSWORD, facts)
    assert drain() == 1
    mail = db.session.scalars(sa.select(OutboxMail)).one()
    assert "/portal/set-password/" in server.letters[0].part("plain")
    assert (mail.subject, mail.body_text, mail.body_html) == ("Your log-in", None, None)
    assert "one-time-link" in own_words.preview(MailKind.SET_PASSWORD, "x", "{PASSWORD_URL}", mail).text


def test_a_test_mail_goes_to_whoever_asks_and_opens_nothing(server, drain):
    owner = factories.staff(email="olivia@example.com", role=StaffRole.OWNER)
    mail_texts.send_test(MailKind.SET_PASSWORD, "In", "{PASSWORD_URL}", actor=staff_actor(owner))
    assert drain() == 1
    mail = db.session.scalars(sa.select(OutboxMail)).one()
    assert (mail.to_address, mail.cc_addresses, mail.client_id) == ("olivia@example.com", [], None)
    assert mail.subject == "Test: In"
    assert "This is a test of the mail “Log-in link”" in mail.body_text
    assert "one-time-link" in mail.body_text
    assert not SIGNED.search(mail.body_text + mail.body_html)


def test_a_mail_to_an_address_that_gave_one_back_fails_and_says_why(server, queue, drain):
    desk_factories.mail_refusal("gone@example.com")
    lost = queue(to="Gone@example.com", cc=["carla@example.com"])
    kept = queue(to="alice@example.com", cc=["GONE@example.com", "bob@example.com"])
    assert drain() == 1
    lost, kept = (db.session.get(OutboxMail, m.id) for m in (lost, kept))
    assert lost.state is MailState.FAILED
    assert lost.last_error.startswith("an earlier mail to this address came back")
    assert sorted(server.letters[0].recipients) == ["alice@example.com", "bob@example.com"]
    assert kept.cc_addresses == ["GONE@example.com", "bob@example.com"]  # who was meant is not forgotten
