"""The words about a request: who may write them, who reads them, who is told."""

import datetime as dt

import pytest

from foundation import clock
from models import Activity, Notification, NotificationKind, RequestMessage
from tests import factories as make
from tests.databases import count
from workflows import job_requests, request_threads, settings
from workflows.actors import COMMAND_LINE, staff_as_client
from workflows.errors import Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind

NOON = dt.time(12)
KEY = "k" * 40


@pytest.fixture(autouse=True)
def admin_inbox(app):
    settings.change({"business.admin_inbox": "office@example.com"}, actor=COMMAND_LINE)


@pytest.fixture
def sent(cast):
    """Alice's request number 7: three walks of Biscuit at noon, waiting."""
    return make.sent_request(cast.alice, cast.walk, n_lines=3, number=7, start_time=NOON, pets=[cast.biscuit])


def refuse(do, kind=Invalid):
    with pytest.raises(kind) as refusal:
        do()
    return refusal.value.code, refusal.value.field


def log(db_session, verb):
    db_session.flush()
    return list(db_session.query(Activity).filter_by(verb=verb).order_by(Activity.id))


# ------------------------------------------------------------------------------------------------------ the office


def write(cast, request, lines=None, **more):
    values = {
        "body": "Is the gate code the same?",
        "to_client": True,
        "to_sitters": False,
        "actor": cast.as_max,
        **more,
    }
    return request_threads.write(request, request.lines if lines is None else lines, **values)


@pytest.mark.covers("B10", "B13")
def test_write_to_the_client_stays_on_the_thread(cast, sent, outbox, db_session):
    message = write(cast, sent, sent.lines[:1])
    db_session.commit()
    assert (sent.messages, message.body, message.staff, message.to_client, message.to_sitter) == (
        [message], "Is the gate code the same?", cast.max, True, False,
    )  # fmt: skip
    facts = outbox.facts(MailKind.REQUEST_MESSAGE, to="alice@example.com")
    assert (facts.recipient_name, facts.client_name, facts.request_number, len(facts.lines), facts.body, facts.staff_name) == (
        "Alice", "Alice Archer", 7, 1, "Is the gate code the same?", "Max Mason",
    )  # fmt: skip
    (logged,) = log(db_session, "job_request.message")
    assert (logged.client_id, logged.facts["message"], logged.facts["to_client"], logged.facts["to_sitter"]) == (
        cast.alice.id, "Is the gate code the same?", True, False,
    )  # fmt: skip


@pytest.mark.covers("B10", "B13")
def test_write_to_the_sitters_of_the_lines_names_no_price(cast, sent, outbox):
    settings.change({"portal.show_prices": True}, actor=COMMAND_LINE)
    job_requests.choose_sitters(cast.alice, {sent.lines[0].id: (cast.sita, False)}, actor=cast.as_max)
    write(cast, sent, to_client=False, to_sitters=True)
    assert sorted((m.kind, m.to_address, m.staff_id) for m in outbox.mails()) == [
        ("sitter_request_message", "sam@example.com", cast.sam.id), ("sitter_request_message", "sita@example.com", cast.sita.id),
    ]  # fmt: skip
    assert {x["price"] for m in outbox.mails() for x in m.facts["lines"]} == {""}


def test_write_to_both_where_one_has_no_address_goes_to_the_other(cast, sent, outbox):
    cast.alice.email = None
    message = write(cast, sent, to_sitters=True)
    assert ([m.to_address for m in outbox.mails()], message.to_client, message.to_sitter) == (
        ["sam@example.com"],
        True,
        True,
    )


def test_write_to_the_client_about_lines_without_a_sitter(cast, sent, outbox):
    cast.alice.primary_sitter = None
    message = write(cast, sent, to_sitters=True)
    assert (outbox.kinds(), message.to_sitter) == (["request_message"], False)


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"body": " "}, "no_text", "body"),
        ({"to_client": False}, "nobody", "to_client"),
        ({"body": "x" * 10_001}, "note_long", "note"),
    ],
    ids=["empty", "nobody", "book"],
)
def test_write_refuses_nothing_and_nobody(cast, sent, more, code, field):
    assert refuse(lambda: write(cast, sent, **more)) == (code, field)


def test_write_to_people_without_addresses_is_refused(cast, sent):
    cast.alice.email = cast.sam.email = None
    assert refuse(lambda: write(cast, sent, to_sitters=True)) == ("no_email", "to_client")
    assert count(RequestMessage) == 0


def test_only_the_office_writes_for_the_office(cast, sent):
    for who in (cast.as_alice, cast.as_sam, cast.as_bob):
        assert refuse(lambda who=who: write(cast, sent, actor=who), NotAllowed) == ("not_allowed", None)


# ------------------------------------------------------------------------------------------------------ the client


@pytest.mark.covers("B13")
def test_answer_stays_on_the_thread_and_tells_home_the_inbox_and_the_log(cast, sent, outbox, db_session):
    message = request_threads.answer(sent, body="Yes, the same code.", actor=cast.as_alice)
    db_session.commit()
    assert (message.from_client, message.author_name, message.staff, sent.messages) == (
        True, "Alice Archer", None, [message],
    )  # fmt: skip
    facts = outbox.facts(MailKind.REQUEST_ANSWERED, to="office@example.com")
    assert (facts.client_name, facts.request_number, facts.body, facts.author_name, facts.from_sitter) == (
        "Alice Archer", 7, "Yes, the same code.", "Alice Archer", False,
    )  # fmt: skip
    (notice,) = db_session.query(Notification)
    assert (notice.kind, notice.client_id, notice.request_id, notice.facts["text"]) == (
        NotificationKind.REQUEST_ANSWERED, cast.alice.id, sent.id, "Yes, the same code.",
    )  # fmt: skip
    (line,) = log(db_session, "job_request.client_answered")
    assert (line.client_id, line.facts["message"], line.facts["number"]) == (cast.alice.id, "Yes, the same code.", 7)


def test_answer_without_an_admin_inbox_still_reaches_home(cast, sent, outbox, db_session):
    settings.change({"business.admin_inbox": ""}, actor=COMMAND_LINE)
    request_threads.answer(sent, body="Yes", actor=cast.as_alice)
    assert (len(outbox), count(Notification)) == (0, 1)


def test_answer_of_the_office_in_the_client_s_portal_is_the_client_s_word_by_the_staff_member(cast, sent, db_session):
    message = request_threads.answer(sent, body="She called: yes.", actor=staff_as_client(cast.max, cast.alice))
    assert (message.from_client, message.staff, message.author_name) == (True, cast.max, "Max Mason")
    assert log(db_session, "job_request.client_answered")[0].on_behalf


def test_answer_is_possible_when_everything_is_decided(cast, sent):
    job_requests.decline(cast.alice, sent.lines, reason="Full", actor=cast.as_max)
    assert request_threads.answer(sent, body="Any other day?", actor=cast.as_alice).id


def test_answer_is_refused_to_others_for_baskets_and_without_words(cast, sent, db_session):
    def say(request, body="Hello", actor=cast.as_alice):
        return lambda: request_threads.answer(request, body=body, actor=actor)

    assert refuse(say(sent, actor=cast.as_bob), NotAllowed) == ("not_allowed", None)
    assert refuse(say(sent, actor=cast.as_max), NotAllowed) == ("not_allowed", None)
    assert refuse(say(make.basket(cast.alice, cast.walk)), WrongState) == ("not_sent", None)
    assert refuse(say(sent, body=" \0 ")) == ("no_text", "body")
    assert count(RequestMessage) == count(Notification) == 0


def test_answer_is_slowed_down_after_twenty_in_an_hour(cast, sent, clock_at):
    for n in range(request_threads.MOST_AN_HOUR):
        request_threads.answer(sent, body=f"Word {n}", actor=cast.as_alice)
    assert refuse(lambda: request_threads.answer(sent, body="One more", actor=cast.as_alice)) == ("too_many", "body")
    assert write(cast, sent).id, "the office is another side"
    clock_at("2026-11-23 11:00:01")
    assert request_threads.answer(sent, body="An hour later", actor=cast.as_alice).id


# ------------------------------------------------------------------------------------------------------ the sitter


@pytest.mark.covers("B13")
def test_sitter_answers_by_the_link_and_the_client_reads_nothing_of_it(cast, sent, outbox, db_session):
    write(cast, sent, body="Sam, are you free?", to_client=False, to_sitters=True)
    request_threads.answer(sent, body="For the office", actor=cast.as_alice)
    facts = outbox.facts(MailKind.SITTER_REQUEST_MESSAGE)
    token = request_threads.sign_answer_link(KEY, *facts.answer_to)
    about, sitter = request_threads.read_answer_link(KEY, token)
    assert (about.id, sitter) == (sent.id, cast.sam)
    message = request_threads.answer_as_sitter(about, sitter, body="Yes, from 11 on.")
    db_session.commit()
    assert (message.from_sitter, message.to_client, message.staff) == (True, False, cast.sam)
    assert [m.body for m in request_threads.sitter_thread(sent, cast.sam)] == ["Sam, are you free?", "Yes, from 11 on."]
    assert [m.body for m in request_threads.sitter_thread(sent, cast.sita)] == ["Sam, are you free?"]
    told = [m.facts["body"] for m in outbox.mails(MailKind.REQUEST_ANSWERED)]
    assert told == ["For the office", "Yes, from 11 on."]
    (line,) = log(db_session, "job_request.sitter_answered")
    assert (line.actor_name, line.client_id) == ("Sam Stone", cast.alice.id)
    assert {n.kind for n in db_session.query(Notification)} == {NotificationKind.REQUEST_ANSWERED}


def test_sitter_s_link_dies_after_two_weeks_when_altered_and_with_the_sitter(cast, sent, clock_at, db_session):
    token = request_threads.sign_answer_link(KEY, sent.id, cast.sam.id)
    dead = [token[:-2] + "xx", "", "a.b.c", request_threads.sign_answer_link("o" * 40, sent.id, cast.sam.id),
            request_threads.sign_answer_link(KEY, 0, 0)]  # fmt: skip
    for broken in dead:
        assert refuse(lambda broken=broken: request_threads.read_answer_link(KEY, broken)) == ("link_dead", None)
    cast.sam.is_active = False
    assert refuse(lambda: request_threads.read_answer_link(KEY, token)) == ("link_dead", None)
    cast.sam.is_active = True
    clock_at(clock.now() + request_threads.LINK_LIFETIME)
    assert request_threads.read_answer_link(KEY, token)
    clock_at(clock.now() + dt.timedelta(seconds=2))
    assert refuse(lambda: request_threads.read_answer_link(KEY, token)) == ("link_dead", None)
