"""The outbox: queued with the change, never twice under one key, and decided by the database when two hands reach for it."""

import datetime as dt

import pytest

from models import MAIL_MOVES, Activity, MailState, OutboxMail
from tests import factories as make
from tests.databases import count
from workflows import outbox, settings
from workflows.actors import COMMAND_LINE
from workflows.errors import NotAllowed, WrongState
from workflows.mail_facts import BasketReminder, MailKind, VisitFacts, from_json

FACTS = BasketReminder("Alice Archer", "4417209318", (VisitFacts("Dog walk", "2026-11-26", pets=("Biscuit",)),))


def queue(**more):
    mail = outbox.queue_mail(MailKind.BASKET_REMINDER, FACTS, **{"to": "alice@example.com", **more})
    return mail


def test_queue_mail_keeps_facts_recipient_and_a_message_id(cast, db_session):
    mail = queue(client=cast.alice, staff=cast.sam)
    db_session.commit()
    db_session.expire_all()
    assert (mail.kind, mail.to_address, mail.client, mail.staff) == (
        "basket_reminder",
        "alice@example.com",
        cast.alice,
        cast.sam,
    )
    assert (mail.state, mail.attempts, mail.next_at) == (
        MailState.QUEUED,
        0,
        dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC),
    )
    assert mail.message_id.startswith("<")
    assert from_json(MailKind.BASKET_REMINDER, mail.facts) == FACTS
    assert (mail.subject, mail.body_text, mail.body_html) == (None, None, None)


def test_queue_mail_asks_for_the_worker_after_the_commit(db_session):
    queue()
    assert db_session.info["nudge_worker"] is True


def test_queue_mail_to_nobody_queues_nothing(db_session):
    assert (queue(to=None), queue(to="", cc=["", None])) == (None, None)
    assert (count(OutboxMail), db_session.info.get("nudge_worker")) == (0, None)


def test_queue_mail_without_a_recipient_goes_to_the_first_of_the_copies(db_session):
    mail = queue(to=None, cc=["kim@example.com", "office@example.com"])
    assert (mail.to_address, mail.cc_addresses) == ("kim@example.com", ["office@example.com"])


def test_queue_mail_sends_each_address_one_copy(db_session):
    mail = queue(cc=["ALICE@example.com", "kim@example.com", "Kim@example.com", "office@example.com"])
    assert mail.cc_addresses == ["kim@example.com", "office@example.com"]


def test_queue_mail_with_a_used_key_queues_nothing(db_session):
    first = queue(dedupe_key="x:1")
    db_session.commit()
    assert (first.dedupe_key, queue(dedupe_key="x:1"), count(OutboxMail)) == ("x:1", None, 1)
    assert queue(dedupe_key="x:2")


def test_queue_mail_with_one_key_by_four_at_the_same_moment_queues_one(app, together):
    results = together(*[lambda: bool(queue(dedupe_key="x:1"))] * 4)
    assert (sorted(results), count(OutboxMail)) == ([False, False, False, True], 1)


def test_queue_mail_can_hold_it_back(db_session):
    later = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    assert queue(not_before=later).next_at == later


def test_queue_mail_is_undone_with_the_change_it_tells_about(db_session):
    queue()
    db_session.rollback()
    assert count(OutboxMail) == 0


@pytest.mark.covers("B6", "C3")
def test_queue_client_mail_copies_flagged_contacts_and_the_admin_inbox(cast):
    settings.change({"business.admin_inbox": "office@example.com"}, actor=COMMAND_LINE)
    make.client_contact(cast.alice, "Kim", email="kim@example.com", receives_copies=True)
    make.client_contact(cast.alice, "Neighbour", email="no@example.com")
    make.client_contact(cast.alice, "Aunt", receives_copies=True)
    make.client_contact(cast.bob, "Bob's aunt", email="aunt@example.com", receives_copies=True)
    mail = outbox.queue_client_mail(MailKind.BASKET_REMINDER, FACTS, client=cast.alice, copy_admin=True)
    assert (mail.to_address, mail.cc_addresses) == ("alice@example.com", ["kim@example.com", "office@example.com"])
    mail = outbox.queue_client_mail(MailKind.BASKET_REMINDER, FACTS, client=cast.alice)
    assert mail.cc_addresses == ["kim@example.com"]


def test_queue_client_mail_without_admin_inbox_or_address(cast):
    cast.alice.email = None
    assert outbox.queue_client_mail(MailKind.BASKET_REMINDER, FACTS, client=cast.alice, copy_admin=True) is None


VERBS = {"retry": (outbox.retry, MailState.QUEUED, {MailState.FAILED}), "cancel": (outbox.cancel, MailState.CANCELLED, {MailState.QUEUED, MailState.FAILED})}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", MailState, ids=str)
def test_every_state_and_verb_of_a_mail(cast, db_session, verb, state):
    do, becomes, from_states = VERBS[verb]
    mail = make.outbox_mail(state=state, attempts=8, locked_by="worker", client=cast.alice)
    if state in from_states:
        assert becomes in MAIL_MOVES[state]
        do(mail, actor=cast.as_max)
        db_session.commit()
        db_session.expire_all()
        line = db_session.query(Activity).one()
        assert (mail.state, line.subject_id, line.client_id, line.facts) == (
            becomes, mail.id, cast.alice.id, {"kind": "basket_reminder"},
        )  # fmt: skip
    else:
        with pytest.raises(WrongState) as refused:
            do(mail, actor=cast.as_max)
        db_session.expire_all()
        assert (refused.value.code, mail.state, mail.attempts, count(Activity)) == ("mail_state", state, 8, 0)


@pytest.mark.covers("S4")
def test_retry_makes_it_due_now_with_all_its_tries_again(cast, clock_at, db_session):
    mail = make.outbox_mail(
        state=MailState.FAILED, attempts=8, locked_by="worker", next_at=dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    )
    at = clock_at("2026-11-24 08:00")
    outbox.retry(mail, actor=cast.as_max)
    assert (mail.attempts, mail.next_at, mail.locked_by, db_session.info["nudge_worker"]) == (0, at, None, True)


@pytest.mark.covers("S4")
def test_retry_by_two_at_the_same_moment_works_for_one(cast, together, db_session):
    mail_id = make.outbox_mail(state=MailState.FAILED).id

    def do():
        outbox.retry(db_session.get(OutboxMail, mail_id), actor=COMMAND_LINE)

    assert sorted(type(r).__name__ for r in together(do, do)) == ["NoneType", "WrongState"]


def test_mails_are_for_those_who_may_read_the_records(cast):
    mail = make.outbox_mail(state=MailState.FAILED)
    for who in (cast.as_sam, cast.as_alice):
        for do in (outbox.retry, outbox.cancel):
            with pytest.raises(NotAllowed):
                do(mail, actor=who)
