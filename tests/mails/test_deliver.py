"""From the outbox to a mail server and back into the row: states, tries, refusals, what is kept and what is not."""

import dataclasses
import datetime as dt
import email
import logging
import re
from email.header import decode_header, make_header

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from mailer import deliver, smtp
from mailer.examples import PREVIEWS
from mailer.message import plain_address
from models import MailState, Notification, NotificationKind, OutboxMail, Setting
from workflows import outbox
from workflows.actors import WORKER
from workflows.mail_facts import MailKind, SetPassword

pytestmark = pytest.mark.usefixtures("business")
LINK = SetPassword("Alice", "client", 5, 2, "forgotten", "4417209318")


def fresh(mail):
    db.session.expire_all()
    return db.session.get(OutboxMail, mail.id)


def office_lines():
    found = db.session.scalars(sa.select(Notification).order_by(Notification.id))
    return [(n.kind, n.client_id, n.facts) for n in found]


def now_plus(**span):
    return clock.now() + dt.timedelta(**span)


# ------------------------------------------------------------------------------------------------------- it leaves


def test_a_queued_mail_is_sent_and_kept_as_it_went_out(server, queue, drain):
    mail = queue()
    assert drain() == 1
    (letter,) = server.letters
    row = fresh(mail)
    assert (row.state, row.attempts, row.sent_at, row.last_error) == (MailState.SENT, 1, clock.now(), None)
    assert (row.locked_by, row.locked_until) == (None, None)
    assert row.subject == letter.message["Subject"] == "Booked for you: 1 visit, Thu, Nov 26"
    assert row.body_text.splitlines() == letter.part("plain").splitlines()
    assert row.body_html.splitlines() == letter.part("html").splitlines()


def test_the_envelope_and_the_head_are_the_businesss(server, queue, drain):
    mail = queue(cc=["kim@example.com", "inbox@maple.example", "KIM@example.com"])
    drain()
    (letter,) = server.letters
    head = letter.message
    assert letter.sender == "post@maple.example"
    assert sorted(letter.recipients) == ["alice@example.com", "inbox@maple.example", "kim@example.com"]
    assert head["From"] == "Maple Lane Pet Care <post@maple.example>"
    assert head["To"] == "alice@example.com"
    assert sorted(a.addr_spec for a in head["Cc"].addresses) == ["inbox@maple.example", "kim@example.com"]
    assert head["Reply-To"] == "hello@maple.example"
    assert head["Message-ID"] == mail.message_id
    assert head["Auto-Submitted"] == "auto-generated"
    assert head["Bcc"] is None
    assert letter.message.get_body(("plain",)) is not None
    assert letter.message.get_body(("html",)) is not None


@pytest.mark.parametrize(
    "name", ['Paws, Claws & "Co." <Ltd>', "Zoë's Tiere", "x\r\nBcc: evil@example.net", "evil@example.net,"]
)
def test_any_business_name_is_a_display_name_and_nothing_else(server, queue, drain, name):
    db.session.merge(Setting(key="business.name", value=name))
    queue()
    assert drain() == 1
    (letter,) = server.letters
    (sender,) = letter.message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (" ".join(name.split()), "post@maple.example")
    assert letter.recipients == ["alice@example.com"]
    assert letter.message["Bcc"] is None
    assert letter.sender == "post@maple.example"


def test_the_longest_business_name_comes_through_whole(server, queue, drain):
    name = "Ä" * 80
    db.session.merge(Setting(key="business.name", value=name))
    queue()
    assert drain() == 1
    raw = email.message_from_bytes(server.letters[0].raw)["From"]  # policy.default puts spaces where the name is folded
    assert str(make_header(decode_header(raw))) == f"{name} <post@maple.example>"


def test_long_and_foreign_texts_keep_to_the_lines_that_smtp_allows(server, queue, drain):
    line = dataclasses.replace(PREVIEWS[MailKind.VISITS_BOOKED].visits[0], note="ä" * 5000, service="Größe 🐕" * 10)
    mail = queue(facts=dataclasses.replace(PREVIEWS[MailKind.VISITS_BOOKED], visits=(line,)))
    assert drain() == 1
    (letter,) = server.letters
    assert max(len(x) for x in letter.raw.split(b"\r\n")) <= 998
    assert "ä" * 5000 in letter.part("plain")
    assert fresh(mail).body_text.splitlines() == letter.part("plain").splitlines()


def test_all_that_is_due_goes_in_its_order_and_in_few_talks(server, queue, drain, monkeypatch):
    monkeypatch.setattr(deliver, "MAILS_A_TALK", 7)
    mails = [queue(to=f"c{n}@example.com") for n in range(12)]
    assert drain() == 12
    assert [x.message_id for x in server.letters] == [m.message_id for m in mails]
    assert server.n_talks == 2


def test_what_is_not_due_waits(server, queue, drain, clock_at):
    mail = queue(not_before=now_plus(hours=1))
    assert drain() == 0
    clock_at(now_plus(hours=1))
    assert drain() == 1
    assert fresh(mail).state is MailState.SENT


def test_cancelled_sent_and_failed_mails_stay_where_they_are(server, queue, drain):
    for state in (MailState.CANCELLED, MailState.SENT, MailState.FAILED):
        queue().state = state
    db.session.commit()
    assert drain() == 0
    assert server.letters == []


def test_a_testing_or_debugging_app_sends_all_the_same_and_prints_nothing(
    app, server, queue, drain, monkeypatch, capfd
):
    monkeypatch.setitem(app.config, "MAIL_SUPPRESS_SEND", True)
    monkeypatch.setitem(app.config, "MAIL_DEBUG", 1)
    assert app.testing
    queue(MailKind.SET_PASSWORD, LINK)
    assert drain() == 1
    assert len(server.letters) == 1
    assert capfd.readouterr() == ("", "")


def test_a_rolled_back_change_sends_nothing(server, drain):
    outbox.queue_mail(MailKind.VISITS_BOOKED, LINK, to="alice@example.com")
    db.session.flush()
    db.session.rollback()
    assert drain() == 0
    assert server.letters == []


# ---------------------------------------------------------------------------------------------------- it is refused


def test_a_temporary_refusal_is_tried_again_later(server, queue, drain, clock_at):
    server.answers.append("451 4.3.0 come back later")
    mail = queue()
    assert drain() == 0
    row = fresh(mail)
    assert (row.state, row.attempts, row.last_error) == (MailState.QUEUED, 1, "451 4.3.0 come back later")
    assert now_plus(seconds=12) <= row.next_at <= now_plus(seconds=18)
    assert row.locked_by is None
    assert drain() == 0
    clock_at(row.next_at)
    assert drain() == 1
    assert fresh(mail).last_error is None
    assert [x.message_id for x in server.letters] == [mail.message_id]
    assert office_lines() == []


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 15), (2, 60), (3, 240), (4, 960), (5, 3840), (6, 15360), (7, 21600), (8, 21600)]
)
def test_the_pause_grows_fourfold_up_to_six_hours(attempts, seconds):
    pauses = [deliver.backoff(attempts).total_seconds() for _ in range(200)]
    assert seconds * 0.8 <= min(pauses) < max(pauses) <= seconds * 1.2
    assert len(set(pauses)) > 100


def test_after_eight_tries_it_has_failed_and_the_office_is_told(server, queue, drain, clock_at, cast):
    server.answers.extend(["451 busy"] * 8)
    mail = queue(client=cast.alice)
    for n in range(8):
        assert fresh(mail).state is MailState.QUEUED
        clock_at(fresh(mail).next_at)
        assert drain() == 0
        assert fresh(mail).attempts == n + 1
    row = fresh(mail)
    assert (row.state, row.last_error, row.locked_by) == (MailState.FAILED, "451 busy", None)
    facts = {"mail_id": mail.id, "mail_kind": "visits_booked", "to": "alice@example.com", "error": "451 busy"}
    assert office_lines() == [(NotificationKind.MAIL_FAILED, cast.alice.id, facts)]
    assert server.letters == []


@pytest.mark.parametrize("answer", ["550 5.7.1 no thanks", "554 5.6.0 spam", "552 5.2.2 mailbox full"])
def test_a_lasting_refusal_fails_at_once(server, queue, drain, answer):
    server.answers.append(answer)
    mail, other = queue(), queue(to="bob@example.com")
    assert drain() == 1
    assert (fresh(mail).state, fresh(mail).attempts, fresh(mail).last_error) == (MailState.FAILED, 1, answer)
    assert fresh(other).state is MailState.SENT
    assert [n[0] for n in office_lines()] == [NotificationKind.MAIL_FAILED]


def test_an_unknown_recipient_fails_at_once_and_is_named(server, queue, drain):
    server.refuse["alice@example.com"] = "550 5.1.1 no such user"
    mail = queue()
    assert drain() == 0
    assert fresh(mail).state is MailState.FAILED
    assert fresh(mail).last_error == "alice@example.com: 550 5.1.1 no such user"


def test_a_failed_mail_can_be_tried_again_from_the_start(server, queue, drain):
    server.answers.append("550 no")
    mail = queue()
    drain()
    outbox.retry(fresh(mail), actor=WORKER)
    db.session.commit()
    assert (fresh(mail).state, fresh(mail).attempts) == (MailState.QUEUED, 0)
    assert drain() == 1
    assert [x.message_id for x in server.letters] == [mail.message_id]


def test_while_one_copy_is_put_off_nobody_gets_it_twice(server, queue, drain, clock_at):
    server.refuse["kim@example.com"] = "450 4.2.0 greylisted"
    mail = queue(cc=["kim@example.com"])
    assert drain() == 0
    assert server.letters == []
    assert fresh(mail).last_error == "kim@example.com: 450 4.2.0 greylisted"
    server.refuse.clear()
    clock_at(fresh(mail).next_at)
    assert drain() == 1
    assert [sorted(x.recipients) for x in server.letters] == [["alice@example.com", "kim@example.com"]]


def test_on_the_last_try_those_who_can_get_it_do(server, queue, drain):
    server.refuse["kim@example.com"] = "450 4.2.0 full"
    mail = queue(cc=["kim@example.com"])
    mail.attempts = 7
    assert drain() == 1
    assert [x.recipients for x in server.letters] == [["alice@example.com"]]
    assert fresh(mail).state is MailState.SENT


def test_a_copy_that_is_refused_does_not_keep_the_others_from_theirs_and_the_office_hears_of_it(server, queue, drain):
    server.refuse["kim@example.com"] = "550 5.1.1 gone"
    mail = queue(cc=["kim@example.com"])
    assert drain() == 1
    assert [x.recipients for x in server.letters] == [["alice@example.com"]]
    assert (fresh(mail).state, fresh(mail).last_error) == (MailState.SENT, "kim@example.com: 550 5.1.1 gone")
    assert [(n[2]["to"], n[2]["error"]) for n in office_lines()] == [
        ("kim@example.com", "kim@example.com: 550 5.1.1 gone")
    ]


def test_a_client_who_is_refused_is_a_failure_although_the_copies_went_out(server, queue, drain):
    server.refuse["alice@example.com"] = "550 5.1.1 gone"
    mail = queue(cc=["inbox@maple.example"])
    assert drain() == 0
    assert [x.recipients for x in server.letters] == [["inbox@maple.example"]]
    assert fresh(mail).state is MailState.FAILED
    assert fresh(mail).last_error == "alice@example.com: 550 5.1.1 gone; the copies went out"


@pytest.mark.parametrize(
    "address",
    [
        "a@x.example,b@y.example",
        "a@x.example\r\nBcc: b@y.example",
        "nobody",
        "Al <a@x.example>",
        "a b@x.example",
        "é@x.example",
    ],
)
def test_what_is_no_single_address_is_nobodys(server, queue, drain, address):
    mail, other = queue(to=address), queue(to="bob@example.com", cc=[address])
    assert drain() == 1
    assert fresh(mail).state is MailState.FAILED
    assert fresh(mail).last_error.startswith("BadAddress: ")
    assert [x.recipients for x in server.letters] == [["bob@example.com"]]
    assert fresh(other).state is MailState.SENT


def test_a_domain_in_any_alphabet_is_reached():
    assert plain_address(" anna@bücher.example ") == "anna@xn--bcher-kva.example"


def test_a_mail_that_cannot_be_rendered_fails_with_the_reason_and_holds_up_nobody(server, queue, drain):
    first, bad, strange, last = queue(), queue(), queue(), queue(to="bob@example.com")
    bad.facts = {"client_name": "Alice"}
    strange.kind = "of_tomorrows_version"
    db.session.commit()
    assert drain() == 2
    assert [fresh(m).state for m in (first, bad, strange, last)] == [
        MailState.SENT, MailState.FAILED, MailState.FAILED, MailState.SENT,
    ]  # fmt: skip
    assert fresh(bad).last_error.startswith("TypeError: ")
    assert "of_tomorrows_version" in fresh(strange).last_error
    assert len(office_lines()) == 2


# ------------------------------------------------------------------------------------------------ the server is down


def test_when_nobody_answers_all_wait_a_minute_and_none_is_charged(peer, use_server, queue, drain, clock_at):
    use_server(peer.port)
    peer.stop()
    mails = [queue(to=f"c{n}@example.com") for n in range(7)]
    assert drain() == 0
    rows = [fresh(m) for m in mails]
    assert {(r.state, r.attempts) for r in rows} == {(MailState.QUEUED, 0)}
    assert [r.next_at for r in rows] == [now_plus(seconds=60)] * 5 + [clock.now()] * 2
    assert rows[0].last_error.startswith("ConnectionRefusedError")
    assert office_lines() == []


def test_a_server_that_hangs_costs_one_mail_a_try_and_the_others_nothing(server, queue, drain, monkeypatch):
    monkeypatch.setattr(smtp, "TIMEOUT", 0.3)
    server.silence = 1.5
    slow, other = queue(), queue(to="bob@example.com")
    stopped = iter([False, False, True, True, True])
    assert drain(should_stop=lambda: next(stopped)) == 0
    assert (fresh(slow).state, fresh(slow).attempts) == (MailState.QUEUED, 1)
    assert "timed out" in fresh(slow).last_error
    assert (fresh(other).state, fresh(other).attempts) == (MailState.QUEUED, 0)


def test_a_refused_log_in_is_nobodys_fault(server, queue, drain):
    server.sender_answer = "530 5.7.0 Authentication required"
    mails = [queue(), queue(to="bob@example.com")]
    assert drain() == 0
    assert {(fresh(m).state, fresh(m).attempts) for m in mails} == {(MailState.QUEUED, 0)}
    assert fresh(mails[0]).last_error == "530 5.7.0 Authentication required"
    assert server.n_talks == 1


def test_a_server_that_hangs_up_is_called_again_for_the_next_mail(server, queue, drain):
    server.answers.append("421 4.3.2 closing")
    first, second = queue(), queue(to="bob@example.com")
    assert drain() == 1
    assert (fresh(first).state, fresh(first).attempts) == (MailState.QUEUED, 1)
    assert fresh(second).state is MailState.SENT
    assert server.n_talks == 2


@pytest.mark.parametrize("setup", [{"MAIL_DEFAULT_SENDER": "nonsense"}, {"MAIL_USE_TLS": True}])
def test_a_wrong_set_up_keeps_the_mails(app, server, queue, drain, monkeypatch, setup):
    for key, value in setup.items():
        monkeypatch.setitem(app.config, key, value)
    mail = queue()
    assert drain() == 0
    assert (fresh(mail).state, fresh(mail).attempts) == (MailState.QUEUED, 0)
    assert fresh(mail).last_error


# --------------------------------------------------------------------------------------------------------- secrets


def test_a_one_time_link_is_sent_but_neither_kept_nor_logged(server, queue, drain, caplog, clock_at):
    caplog.set_level(logging.DEBUG)
    server.answers.append("451 cannot take http://127.0.0.1:8000/portal/set-password/WzUsMl0.abcdef.x now")
    mail = queue(MailKind.SET_PASSWORD, LINK)
    drain()
    assert fresh(mail).last_error == "451 cannot take [link] now"
    clock_at(fresh(mail).next_at)
    assert drain() == 1
    token = re.search(r"/set-password/(\S+)", server.letters[0].part("plain"))[1]
    row = fresh(mail)
    assert (row.state, row.body_text, row.body_html) == (MailState.SENT, None, None)
    assert row.subject == "Choose a new password for Maple Lane Pet Care"
    stored = " ".join(str(getattr(row, c.key)) for c in OutboxMail.__table__.columns)
    logged = " ".join(r.getMessage() for r in caplog.records if r.name != "mail.log")  # that is the other end's
    assert token not in stored + logged
    assert "set-password" not in stored + logged


def test_what_goes_wrong_with_a_link_is_written_down_without_its_text(server, queue, drain, monkeypatch):
    def broken(*_args):
        raise ValueError("the link http://127.0.0.1/x and WzUsMl0.abcdef." + "y" * 43)

    monkeypatch.setattr(deliver, "render_for_sending", broken)
    sensitive, plain = queue(MailKind.SET_PASSWORD, LINK), queue()
    drain()
    assert fresh(sensitive).last_error == "ValueError"
    assert fresh(plain).last_error == "ValueError: the link [link] and [link]"


def test_an_error_is_one_short_line_without_our_secrets():
    assert deliver.clean_error("a\r\nb\x00 hunter2", "hunter2", None, "") == "a b [secret]"
    assert len(deliver.clean_error("x y" * 1000)) == 500
