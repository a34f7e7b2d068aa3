"""A request from Send to its end: what each step does, refuses, mails and logs, and who wins when two come at once."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from models import (
    LINE_MOVES,
    Activity,
    ActorKind,
    Client,
    Counter,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    Notification,
    NotificationKind,
    OutboxMail,
    Pet,
    RequestMessage,
    ServiceItem,
    Staff,
)
from tests import factories as make
from tests.databases import count
from workflows import baskets, job_requests, sending, settings
from workflows.actors import COMMAND_LINE, WORKER, client_actor, staff_actor, staff_as_client
from workflows.conflicts import ConflictsFound
from workflows.errors import Invalid, NotAllowed, WorkflowError, WrongState
from workflows.mail_facts import MailKind
from workflows.wanted import Wanted

THU, FRI, SAT, SUN = (dt.date(2026, 11, d) for d in (26, 27, 28, 29))
NOON = dt.time(12)
NOW = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def admin_inbox(app):
    settings.change({"business.admin_inbox": "office@example.com"}, actor=COMMAND_LINE)


@pytest.fixture
def basket(cast):
    """Alice's basket: two walks of Biscuit at noon."""
    return make.basket(cast.alice, cast.walk, n_lines=2, start_time=NOON, pets=[cast.biscuit])


@pytest.fixture
def sent(cast):
    """Alice's request number 7: three walks of Biscuit at noon, waiting."""
    return make.sent_request(cast.alice, cast.walk, n_lines=3, number=7, start_time=NOON, pets=[cast.biscuit])


def send(cast, **more):
    return sending.submit(cast.alice, actor=cast.as_alice, **more)


def test_only_the_basket_that_was_shown_is_sent(cast, basket, db_session, outbox):
    with pytest.raises(WrongState) as refusal:
        send(cast, shown="another-one")
    assert refusal.value.code == "nothing_to_send"
    assert (basket.is_basket, len(outbox)) == (True, 0)
    assert send(cast, shown=basket.public_id).request is basket


def log(db_session, *verbs):
    db_session.flush()
    lines = db_session.query(Activity).order_by(Activity.id)
    return [a for a in lines if not verbs or a.verb in verbs]


def notices(db_session):
    db_session.flush()
    return [
        (n.kind, n.client_id, n.request_id, n.facts) for n in db_session.query(Notification).order_by(Notification.id)
    ]


def refuse(do, kind=Invalid):
    with pytest.raises(kind) as refused:
        do()
    return refused.value.code, refused.value.field


def everything(db_session):
    """All rows that a step could touch, to compare before and after."""
    db_session.expire_all()
    tables = (JobRequest, JobRequestLine, Job, OutboxMail, Notification, Activity, Counter, RequestMessage)
    return {
        t.__name__: db_session.execute(sa.select(t.__table__).order_by(*t.__table__.primary_key)).all() for t in tables
    }


# ----------------------------------------------------------------------------------------------------------- sending


@pytest.mark.covers("B6")
def test_submit_only_requests(cast, basket, outbox, db_session):
    done = send(cast)
    db_session.commit()
    db_session.expire_all()
    assert (done.request, done.request.number, done.request.submitted_at, done.kept_back) == (basket, 2, NOW, {})
    assert str(done.request) == "#2"
    assert [(x.state, x.submitted_at, x.auto_submitted) for x in basket.lines] == [
        (LineState.SUBMITTED, NOW, False)
    ] * 2
    assert count(Job, Job.client_id == cast.alice.id) == 0
    facts = outbox.facts(MailKind.REQUEST_RECEIVED)
    assert (facts.client_name, facts.account_number, facts.request_number, facts.added, facts.n_kept_back) == (
        "Alice Archer", "4417209318", 2, False, 0,
    )  # fmt: skip
    assert [(x.service, x.on_date, x.start_time, x.pets) for x in facts.lines] == [
        ("Dog walk", "2026-11-26", "12:00", ("Biscuit",)), ("Dog walk", "2026-11-27", "12:00", ("Biscuit",)),
    ]  # fmt: skip
    assert (outbox.one().to_address, outbox.one().cc_addresses) == ("alice@example.com", ["office@example.com"])
    assert notices(db_session) == [
        (NotificationKind.REQUEST_RECEIVED, cast.alice.id, basket.id, {"number": 2, "n_lines": 2, "added": False})
    ]
    (line,) = log(db_session, "job_request.submitted")
    assert (line.client_id, line.subject_id, line.facts["number"], line.facts["lines"]) == (
        cast.alice.id, basket.id, 2, ["Dog walk, 2026-11-26 12:00", "Dog walk, 2026-11-27 12:00"],
    )  # fmt: skip


@pytest.mark.covers("B6")
def test_submit_that_is_rolled_back_leaves_nothing_of_it(cast, basket, db_session):
    db_session.commit()
    before = everything(db_session)
    send(cast)
    db_session.rollback()
    assert everything(db_session) == before
    assert send(cast).request.number == 2


@pytest.mark.covers("B6")
def test_submit_gives_numbers_without_gaps(cast, basket, db_session):
    assert send(cast).request.number == 2
    assert sending.submit(cast.bob, actor=cast.as_bob).request.number == 3


def test_submit_gives_the_first_number_of_an_empty_business(app, db_session):
    carla = make.client()
    make.basket(carla)
    assert sending.submit(carla, actor=client_actor(carla)).request.number == 1


@pytest.mark.covers("B6")
def test_submit_by_many_clients_at_the_same_moment_gives_each_its_own_number(cast, together, db_session):
    ids = []
    for i in range(4):
        client = make.client(f"Client {i}", email=f"c{i}@example.com")
        make.basket(client, cast.walk)
        ids.append(client.id)

    def do(client_id):
        client = db_session.get(Client, client_id)
        return sending.submit(client, actor=client_actor(client)).request.number

    assert sorted(together(*[lambda i=i: do(i) for i in ids])) == [2, 3, 4, 5]


@pytest.mark.covers("B6")
def test_submit_copies_the_mail_to_flagged_contacts(cast, basket, outbox):
    make.client_contact(cast.alice, "Kim", email="kim@example.com", receives_copies=True)
    send(cast)
    assert outbox.one().cc_addresses == ["kim@example.com", "office@example.com"]


@pytest.mark.covers("B6")
def test_submit_by_a_client_without_an_address_tells_the_office_all_the_same(cast, basket, outbox, db_session):
    cast.alice.email = None
    send(cast)
    assert (outbox.one().to_address, len(notices(db_session)), len(log(db_session, "job_request.submitted"))) == (
        "office@example.com", 1, 1,
    )  # fmt: skip


@pytest.mark.covers("B6")
def test_submit_estimates_the_price_afresh(cast, basket):
    cast.walk.price = Decimal("22.00")
    assert [x.price for x in send(cast).lines] == [Decimal("22.00")] * 2


@pytest.mark.covers("B6")
def test_submit_a_second_time_finds_nothing_to_send(cast, basket, outbox):
    send(cast)
    assert refuse(lambda: send(cast), WrongState) == ("nothing_to_send", None)
    assert len(outbox) == 1


def test_submit_of_an_empty_basket_finds_nothing_to_send(cast):
    make.job_request(cast.alice)
    assert refuse(lambda: send(cast), WrongState) == ("nothing_to_send", None)


@pytest.mark.covers("B1")
def test_submit_while_requests_are_off_is_refused(cast, basket):
    settings.change({"portal.requests": False}, actor=COMMAND_LINE)
    assert refuse(lambda: send(cast), NotAllowed) == ("requests_off", None)


def test_submit_is_for_the_client_the_system_and_staff_on_behalf(cast, basket, db_session):
    for who in (cast.as_bob, cast.as_max):
        assert refuse(lambda who=who: sending.submit(cast.alice, actor=who), NotAllowed) == ("not_allowed", None)
    sending.submit(cast.alice, actor=staff_as_client(cast.olivia, cast.alice))
    (line,) = log(db_session, "job_request.submitted")
    assert (line.actor_kind, line.staff_id, line.on_behalf) == (ActorKind.STAFF, cast.olivia.id, True)


@pytest.mark.covers("B6")
def test_submit_twice_at_the_same_moment_sends_once(cast, basket, together, db_session):
    alice_id = cast.alice.id

    def do():
        alice = db_session.get(Client, alice_id)
        return sending.submit(alice, actor=client_actor(alice)).request.number

    results = together(do, do, do, do)
    assert [r for r in results if isinstance(r, int)] == [2]
    assert {r.code for r in results if isinstance(r, WrongState)} == {"nothing_to_send"}
    assert (count(OutboxMail), count(Notification)) == (1, 1)


@pytest.mark.covers("B6", "B8")
def test_submit_keeps_back_what_can_no_longer_be_requested_and_says_so(cast, basket, outbox, db_session):
    make.closed_day(FRI, reason="Holiday")
    done = send(cast)
    db_session.commit()
    db_session.expire_all()
    rest = baskets.basket_of(cast.alice.id)
    assert ([x.on_date for x in done.lines], [x.on_date for x in rest.lines]) == ([THU], [FRI])
    assert {i: r.code for i, r in done.kept_back.items()} == {rest.lines[0].public_id: "closed"}
    assert (rest.id == basket.id, done.request.id != basket.id, done.request.number) == (True, True, 2)
    assert outbox.facts().n_kept_back == 1
    assert len(done.request.lines) == 1


def test_submit_of_nothing_that_can_be_requested_is_refused_with_the_first_reason(cast, basket, outbox):
    make.closed_day(THU, FRI, reason="Holiday")
    with pytest.raises(Invalid) as refused:
        send(cast)
    assert (refused.value.code, str(refused.value), len(outbox)) == ("closed", "Closed on this day: Holiday.", 0)


@pytest.mark.covers("B5")
def test_submit_of_a_basket_that_joins_keeps_back_the_impossible_still_meant_for_that_request(cast, basket, sent):
    basket.adds_to = sent
    make.closed_day(FRI)
    done = send(cast)
    rest = baskets.basket_of(cast.alice.id)
    assert (done.request, done.request.number, rest.adds_to) == (sent, 7, sent)
    assert ([x.on_date for x in done.lines], [x.on_date for x in rest.lines]) == ([THU], [FRI])
    assert list(done.kept_back) == [rest.lines[0].public_id]


@pytest.mark.covers("B5")
def test_submit_of_a_basket_that_joins_says_that_it_was_added(cast, basket, sent, outbox, db_session):
    basket.adds_to = sent
    send(cast)
    facts = outbox.facts(MailKind.REQUEST_RECEIVED)
    assert (facts.added, facts.request_number, len(facts.lines)) == (True, 7, 2)
    assert notices(db_session) == [
        (NotificationKind.REQUEST_RECEIVED, cast.alice.id, sent.id, {"number": 7, "n_lines": 2, "added": True})
    ]
    assert [a.subject_id for a in log(db_session, "job_request.added")] == [sent.id]


@pytest.mark.covers("B5")
def test_submit_can_join_the_same_request_again_and_mails_each_time(cast, sent, outbox):
    for day in (SUN, SUN + dt.timedelta(days=1)):
        extra = make.basket(cast.alice, cast.walk, first_on=day, pets=[cast.biscuit])
        extra.adds_to = sent
        send(cast)
    assert outbox.kinds() == ["request_received"] * 2


def test_submit_never_joins_somebody_else_s_request(cast, basket):
    basket.adds_to = cast.bobs_request
    done = send(cast)
    assert (done.request, done.request.number, len(cast.bobs_request.lines)) == (basket, 2, 1)


@pytest.mark.covers("B7")
def test_n_clients_waiting_counts_clients_not_visits(cast, sent):
    assert job_requests.n_clients_waiting() == 2
    job_requests.cancel_request(sent, actor=cast.as_alice)
    assert job_requests.n_clients_waiting() == 1
    job_requests.cancel_request(cast.bobs_request, actor=cast.as_bob)
    assert job_requests.n_clients_waiting() == 0


# -------------------------------------------------------------------------------------------------- forgotten baskets

DAY_LATER = NOW + dt.timedelta(hours=24)


@pytest.fixture
def no_basket_of_bob(cast, db_session):
    db_session.delete(cast.bobs_basket.lines[0])
    db_session.flush()
    db_session.expire(cast.bobs_basket)
    db_session.delete(cast.bobs_basket)
    db_session.flush()


def auto(cast, clock_at, at=DAY_LATER):
    clock_at(at)
    return sending.auto_submit(cast.alice)


@pytest.mark.covers("B8")
def test_auto_submit_sends_a_basket_untouched_for_a_day_marked_as_such(cast, basket, clock_at, outbox, db_session):
    done = auto(cast, clock_at)
    db_session.commit()
    db_session.expire_all()
    assert [(x.state, x.auto_submitted, x.submitted_at) for x in done.request.lines] == [
        (LineState.SUBMITTED, True, DAY_LATER)
    ] * 2
    assert (outbox.kinds(), outbox.one().cc_addresses) == (["request_auto_submitted"], ["office@example.com"])
    assert [n[0] for n in notices(db_session)] == [NotificationKind.REQUEST_AUTO_SUBMITTED]
    (line,) = log(db_session, "job_request.auto_submitted")
    assert (line.actor_kind, line.client_id) == (ActorKind.SYSTEM, cast.alice.id)


@pytest.mark.covers("B8")
def test_auto_submit_a_minute_too_early_does_nothing(cast, basket, clock_at, outbox):
    assert auto(cast, clock_at, DAY_LATER - dt.timedelta(minutes=1)) is None
    assert (sending.auto_submit_due(), len(outbox)) == ([], 0)


@pytest.mark.covers("B8")
def test_auto_submit_counts_from_the_last_change(cast, basket, clock_at):
    clock_at("2026-11-24 09:00")
    baskets.add(cast.alice, Wanted(cast.walk, [SUN], NOON, pets=[cast.biscuit]), actor=cast.as_alice)
    assert auto(cast, clock_at) is None
    assert auto(cast, clock_at, NOW + dt.timedelta(hours=47))


@pytest.mark.covers("B8")
@pytest.mark.parametrize(("hours", "due"), [("", False), (48, False), (1, True)])
def test_auto_submit_follows_its_setting_and_blank_is_off(cast, basket, clock_at, hours, due):
    settings.change({"portal.auto_submit_hours": hours}, actor=COMMAND_LINE)
    assert bool(auto(cast, clock_at, NOW + dt.timedelta(hours=30))) is due


@pytest.mark.covers("B8")
def test_auto_submit_due_names_the_clients_longest_waiting_first(cast, basket, clock_at):
    basket.changed_at = NOW - dt.timedelta(hours=1)
    clock_at(DAY_LATER)
    assert sending.auto_submit_due() == [cast.alice.id, cast.bob.id]
    assert sending.auto_submit_due(now=NOW + dt.timedelta(hours=23)) == [cast.alice.id]
    settings.change({"portal.auto_submit_hours": ""}, actor=COMMAND_LINE)
    assert sending.auto_submit_due() == []


@pytest.mark.covers("B8")
def test_auto_submit_again_and_again_never_sends_twice(cast, basket, clock_at, outbox, db_session):
    assert auto(cast, clock_at)
    for hours in (0, 1, 24, 48):
        assert auto(cast, clock_at, DAY_LATER + dt.timedelta(hours=hours)) is None
    assert (len(outbox), len(notices(db_session))) == (1, 1)


def test_auto_submit_of_an_empty_or_missing_basket_does_nothing(cast, clock_at):
    assert auto(cast, clock_at) is None
    make.job_request(cast.alice, changed_at=NOW)
    assert auto(cast, clock_at) is None


@pytest.mark.covers("B8")
def test_auto_submit_keeps_flags_and_explains_what_has_become_impossible(cast, clock_at, outbox, db_session):
    basket = make.job_request(cast.alice)
    past = make.line(basket, cast.walk, on_date=dt.date(2026, 11, 23), start_time=dt.time(18), pets=[cast.biscuit])
    fine = make.line(basket, cast.walk, on_date=THU, start_time=NOON, pets=[cast.biscuit])
    make.line(basket, cast.overnight, on_date=FRI, pets=[cast.biscuit])
    make.closed_day(FRI)
    done = auto(cast, clock_at)
    db_session.commit()
    db_session.expire_all()
    rest = baskets.basket_of(cast.alice.id)
    assert ([x.id for x in done.lines], [x.blocked_code for x in rest.lines]) == ([fine.id], ["past", "closed"])
    assert outbox.facts().n_kept_back == 2
    kinds = [n[0] for n in notices(db_session)]
    assert kinds == [NotificationKind.REQUEST_AUTO_SUBMITTED, NotificationKind.BASKET_BLOCKED]
    for hours in (0, 1, 30):
        assert auto(cast, clock_at, DAY_LATER + dt.timedelta(hours=hours)) is None
    assert (len(outbox), len(notices(db_session)), past.state) == (1, 2, LineState.DRAFT)


@pytest.mark.covers("B8")
def test_auto_submit_of_nothing_possible_sends_nothing_and_tells_home_once(cast, basket, clock_at, outbox, db_session):
    make.closed_day(THU, FRI)
    for _ in range(3):
        assert auto(cast, clock_at) is None
    assert (len(outbox), [n[3] for n in notices(db_session)]) == (0, [{"n_lines": 2}])


@pytest.mark.covers("B1", "B8")
def test_auto_submit_while_requests_are_off_keeps_all_and_sends_when_they_are_on_again(
    cast, basket, clock_at, outbox, db_session
):
    settings.change({"portal.requests": False}, actor=COMMAND_LINE)
    for _ in range(2):
        assert auto(cast, clock_at) is None
    assert ({x.blocked_code for x in basket.lines}, len(outbox), len(notices(db_session))) == ({"requests_off"}, 0, 1)
    settings.change({"portal.requests": True}, actor=COMMAND_LINE)
    done = auto(cast, clock_at)
    assert [(x.state, x.blocked_code) for x in done.lines] == [(LineState.SUBMITTED, None)] * 2


@pytest.mark.covers("B8")
@pytest.mark.parametrize("n_sends", [1, 2])
def test_auto_submit_and_send_at_the_same_moment_send_once(cast, basket, clock_at, together, db_session, n_sends):
    alice_id = cast.alice.id
    clock_at(DAY_LATER)

    def press_send():
        alice = db_session.get(Client, alice_id)
        return sending.submit(alice, actor=client_actor(alice)).request.number

    def tick():
        done = sending.auto_submit(db_session.get(Client, alice_id))
        return done.request.number if done else None

    results = together(tick, press_send, tick, *[press_send] * (n_sends - 1))
    assert [r for r in results if isinstance(r, int)] == [2]
    assert all(r.code == "nothing_to_send" for r in results if isinstance(r, WorkflowError))
    assert (count(OutboxMail), count(Notification), count(JobRequest, JobRequest.client_id == alice_id)) == (1, 1, 1)


@pytest.mark.covers("B8")
def test_auto_submit_and_a_change_at_the_same_moment_never_lose_a_line(cast, basket, clock_at, together, db_session):
    alice_id, line_id, walk_id, pet_id = cast.alice.id, basket.lines[0].public_id, cast.walk.id, cast.biscuit.id
    clock_at(DAY_LATER)

    def remove():
        alice = db_session.get(Client, alice_id)
        return baskets.remove_line(alice, line_id, actor=client_actor(alice))

    def add():
        alice = db_session.get(Client, alice_id)
        wanted = Wanted(db_session.get(ServiceItem, walk_id), [SUN], NOON, pets=[db_session.get(Pet, pet_id)])
        return len(baskets.add(alice, wanted, actor=client_actor(alice)).lines)

    def tick():
        sending.auto_submit(db_session.get(Client, alice_id))

    removed, added, _none = together(remove, add, tick)
    left = count(JobRequestLine, JobRequestLine.client_id == alice_id)
    assert (added, left) == (1, 2 + 1 - removed)


# -------------------------------------------------------------------------------------------------------- cancelling


@pytest.mark.covers("C2", "C3")
def test_cancel_lines_tells_client_admin_home_and_log(cast, sent, outbox, db_session):
    line = sent.lines[1]
    assert job_requests.cancel_lines(cast.alice, [line], actor=cast.as_alice, reason=" back early ") == [line]
    db_session.commit()
    assert (line.state, line.cancelled_at, line.decided_at, line.dismissed_at) == (LineState.CANCELLED, NOW, NOW, None)
    assert [x.state for x in sent.lines] == [LineState.SUBMITTED, LineState.CANCELLED, LineState.SUBMITTED]
    facts = outbox.facts(MailKind.REQUEST_CANCELLED)
    assert (facts.request_number, [x.on_date for x in facts.lines], facts.reason) == (7, ["2026-11-27"], "back early")
    assert (outbox.one().to_address, outbox.one().cc_addresses) == ("alice@example.com", ["office@example.com"])
    assert notices(db_session) == [
        (
            NotificationKind.REQUEST_CANCELLED,
            cast.alice.id,
            sent.id,
            {"number": 7, "n_lines": 1, "lines": ["Dog walk, 2026-11-27 12:00"]},
        )
    ]
    (logged,) = log(db_session, "job_request.cancelled")
    assert (logged.client_id, logged.at, logged.facts["lines"], logged.facts["reason"]) == (
        cast.alice.id, NOW, ["Dog walk, 2026-11-27 12:00"], "back early",
    )  # fmt: skip


@pytest.mark.covers("C2")
def test_cancel_request_cancels_all_that_waits_with_one_mail(cast, sent, outbox):
    sent.lines[0].state = LineState.SCHEDULED
    assert len(job_requests.cancel_request(sent, actor=cast.as_alice)) == 2
    assert ([x.state for x in sent.lines], len(outbox)) == (
        [LineState.SCHEDULED, LineState.CANCELLED, LineState.CANCELLED],
        1,
    )


@pytest.mark.covers("C2")
def test_cancel_works_without_notice_and_while_requests_and_limits_forbid_everything(cast, clock_at):
    settings.change(
        {"portal.requests": False, "booking.limit_kind": "days", "booking.limit_number": 30}, actor=COMMAND_LINE
    )
    request = make.sent_request(cast.alice, cast.walk, number=7, first_on=dt.date(2026, 11, 23), start_time=NOON)
    clock_at("2026-11-23 11:59")
    assert len(job_requests.cancel_request(request, actor=cast.as_alice)) == 1


@pytest.mark.covers("C2")
def test_cancel_lines_of_two_requests_mails_each(cast, sent, outbox):
    other = make.sent_request(cast.alice, cast.walk, number=8, first_on=SUN)
    job_requests.cancel_lines(cast.alice, [sent.lines[0], other.lines[0]], actor=cast.as_alice)
    assert [m.facts["request_number"] for m in outbox.mails()] == [7, 8]


@pytest.mark.covers("C4")
@pytest.mark.parametrize("state", [s for s in LineState if s is not LineState.SUBMITTED], ids=str)
def test_cancel_lines_is_all_or_nothing_and_says_what_happened_meanwhile(cast, sent, outbox, state):
    sent.lines[1].state = state
    assert refuse(lambda: job_requests.cancel_lines(cast.alice, sent.lines, actor=cast.as_alice), WrongState) == (
        f"line_{state.value}",
        None,
    )
    assert ([x.state for x in sent.lines], len(outbox)) == ([LineState.SUBMITTED, state, LineState.SUBMITTED], 0)


def test_cancel_request_of_which_nothing_waits_is_refused(cast, sent):
    for line in sent.lines:
        line.state = LineState.SCHEDULED
    assert refuse(lambda: job_requests.cancel_request(sent, actor=cast.as_alice), WrongState) == (
        "request_decided",
        None,
    )


def test_cancel_request_takes_lines_along_that_joined_since_it_was_loaded(cast, sent, elsewhere, db_session):
    assert len(sent.lines) == 3
    request_id, item_id = sent.id, cast.walk.id

    def join():
        make.line(db_session.get(JobRequest, request_id), db_session.get(ServiceItem, item_id), on_date=SUN)

    elsewhere(join)
    assert len(job_requests.cancel_request(sent, actor=cast.as_alice)) == 4


def test_cancel_is_for_the_client_and_the_office_not_for_others(cast, sent, outbox):
    for do in (
        lambda: job_requests.cancel_lines(cast.alice, sent.lines, actor=cast.as_bob),
        lambda: job_requests.cancel_lines(cast.bob, sent.lines, actor=cast.as_bob),
        lambda: job_requests.cancel_lines(cast.bob, [*cast.bobs_request.lines, sent.lines[0]], actor=cast.as_bob),
        lambda: job_requests.cancel_lines(cast.alice, [], actor=cast.as_alice),
        lambda: job_requests.cancel_request(sent, actor=cast.as_bob),
        lambda: job_requests.cancel_request(sent, actor=cast.as_sam),
    ):
        assert refuse(do, NotAllowed) == ("not_allowed", None)
    assert ({x.state for x in sent.lines}, len(outbox)) == ({LineState.SUBMITTED}, 0)
    assert job_requests.cancel_request(sent, actor=cast.as_max)


@pytest.mark.covers("B14")
def test_cancel_by_staff_in_the_client_s_portal_is_logged_on_behalf(cast, sent, db_session):
    job_requests.cancel_request(sent, actor=staff_as_client(cast.max, cast.alice))
    (line,) = log(db_session, "job_request.cancelled")
    assert (line.staff_id, line.on_behalf) == (cast.max.id, True)


@pytest.mark.covers("C3")
def test_dismiss_cancelled_takes_grey_lines_off_the_queue_and_keeps_their_history(cast, sent, clock_at, db_session):
    job_requests.cancel_lines(cast.alice, sent.lines[:2], actor=cast.as_alice)
    bobs = job_requests.cancel_request(cast.bobs_request, actor=cast.as_bob)
    later = clock_at("2026-11-23 12:00")
    assert [job_requests.dismiss_cancelled(cast.alice, actor=cast.as_max) for _ in range(2)] == [2, 0]
    db_session.expire_all()
    assert [x.dismissed_at for x in (*sent.lines, *bobs)] == [later, later, None, None]
    assert sent.lines[0].state is LineState.CANCELLED


# ------------------------------------------------------------------------------------------------- the office's batch


def edit(cast, line, wanted=None, **more):
    values = {"sitter": None, "leave_unassigned": False, "staff_note": "", "actor": cast.as_max, **more}
    return job_requests.edit_line(line, wanted or Wanted(cast.walk, [THU], NOON, pets=[cast.biscuit]), **values)


@pytest.mark.covers("B10")
def test_edit_line_changes_every_column_and_logs_old_to_new(cast, sent, db_session):
    line = sent.lines[0]
    wanted = Wanted(cast.cat_visit, [SUN], dt.time(23), [cast.night], [cast.mochi, cast.biscuit], "new note")
    assert edit(cast, line, wanted, sitter=cast.sita, leave_unassigned=True, staff_note="key at office") is line
    db_session.commit()
    db_session.expire_all()
    assert (line.service_item, line.on_date, line.start_time, line.time_block, line.note, line.staff_note) == (
        cast.cat_visit, SUN, dt.time(23), cast.night, "new note", "key at office",
    )  # fmt: skip
    assert (line.pets, line.sitter, line.leave_unassigned, line.price, line.state) == (
        [cast.biscuit, cast.mochi], cast.sita, False, Decimal("25.00"), LineState.SUBMITTED,
    )  # fmt: skip
    (logged,) = log(db_session, "job_request.line_edited")
    assert (logged.facts["before"], logged.facts["lines"]) == (
        "Dog walk, 2026-11-26 12:00",
        ["Cat visit, 2026-11-29 23:00"],
    )


@pytest.mark.covers("B10")
def test_edit_line_knows_no_limits(cast, sent):
    make.closed_day(THU)
    cast.overnight.visible_in_portal = False
    past = Wanted(cast.overnight, [dt.date(2026, 11, 1)], pets=[cast.biscuit])
    assert edit(cast, sent.lines[0], past).on_date == dt.date(2026, 11, 1)


@pytest.mark.covers("B11")
def test_edit_line_can_choose_unassigned(cast, sent):
    line = edit(cast, sent.lines[0], leave_unassigned=True)
    assert (line.sitter, line.leave_unassigned, job_requests.proposed_sitter_id(line)) == (None, True, None)


@pytest.mark.parametrize(
    ("wanted", "more", "code"),
    [
        ({"dates": [THU, FRI]}, {}, "one_visit"), ({"dates": []}, {}, "no_date"), ({"pets": "bella"}, {}, "foreign_pet"),
        ({}, {"sitter": "max"}, "not_a_sitter"), ({"note": "x" * 10_001}, {}, "note_long"), ({}, {"staff_note": "x" * 10_001}, "note_long"),
    ],
)  # fmt: skip
def test_edit_line_refuses_what_makes_no_sense(cast, sent, wanted, more, code):
    values = {"dates": [THU], "start_time": NOON, **wanted}
    values["pets"] = [cast.bella] if wanted.get("pets") else [cast.biscuit]
    more = {k: getattr(cast, v) if k == "sitter" else v for k, v in more.items()}
    assert refuse(lambda: edit(cast, sent.lines[1], Wanted(cast.walk, **values), **more))[0] == code
    assert sent.lines[1].on_date == FRI


def test_edit_line_that_is_gone_is_refused(cast, basket, db_session):
    line = basket.lines[0]
    assert refuse(lambda: edit(cast, line), WrongState) == ("line_draft", None)
    baskets.remove_line(cast.alice, line.public_id, actor=cast.as_alice)
    db_session.commit()
    assert refuse(lambda: edit(cast, line), WrongState) == ("line_deleted", None)


@pytest.mark.covers("B10")
def test_choose_sitters_notes_the_office_s_choice(cast, sent):
    one, two, three = sent.lines
    job_requests.choose_sitters(
        cast.alice, {one.id: (cast.sita, True), two.id: (None, True), three.id: (None, False)}, actor=cast.as_max
    )
    assert [(x.sitter, x.leave_unassigned) for x in sent.lines] == [(cast.sita, False), (None, True), (None, False)]
    assert [job_requests.proposed_sitter_id(x) for x in sent.lines] == [cast.sita.id, None, cast.sam.id]


def test_choose_sitters_is_all_or_nothing(cast, sent):
    one, two, _three = sent.lines
    choices = {one.id: (cast.sita, False), two.id: (cast.max, False)}
    assert refuse(lambda: job_requests.choose_sitters(cast.alice, choices, actor=cast.as_max))[0] == "not_a_sitter"
    two.state = LineState.SCHEDULED
    choices[two.id] = (cast.sam, False)
    assert (
        refuse(lambda: job_requests.choose_sitters(cast.alice, choices, actor=cast.as_max), WrongState)[0]
        == "line_scheduled"
    )
    assert one.sitter is None


def test_choose_sitters_for_another_client_s_lines_is_refused(cast, sent):
    choices = {cast.bobs_request.lines[0].id: (cast.sam, False)}
    assert refuse(lambda: job_requests.choose_sitters(cast.alice, choices, actor=cast.as_max))[0] == "no_lines"
    assert cast.bobs_request.lines[0].sitter is None


@pytest.mark.covers("B11")
def test_proposed_sitter_is_the_office_s_choice_else_the_primary_while_active(cast, sent):
    line = sent.lines[0]
    assert job_requests.proposed_sitter_id(line) == cast.sam.id
    line.sitter = cast.sita
    line.sitter_id = cast.sita.id
    assert job_requests.proposed_sitter_id(line) == cast.sita.id
    line.sitter = line.sitter_id = None
    for attribute in ("is_active", "is_sitter"):
        setattr(cast.sam, attribute, False)
        assert job_requests.proposed_sitter_id(line) is None
        setattr(cast.sam, attribute, True)
    cast.alice.primary_sitter = None
    assert job_requests.proposed_sitter_id(line) is None


@pytest.mark.covers("B10")
def test_add_lines_puts_the_office_s_extra_visits_into_the_request(cast, sent, db_session, outbox):
    taxi = make.service_item("Pet taxi", visible_in_portal=False)
    (line,) = job_requests.add_lines(
        sent,
        Wanted(taxi, [THU], dt.time(9), pets=[cast.biscuit], note="to the vet"),
        sitter=cast.sita,
        actor=cast.as_max,
    )
    assert (line.state, line.request, line.client_id, line.sitter, line.submitted_at, line.note, line.price) == (
        LineState.SUBMITTED, sent, cast.alice.id, cast.sita, NOW, "to the vet", Decimal(20),
    )  # fmt: skip
    (logged,) = log(db_session, "job_request.line_added")
    assert (logged.client_id, logged.facts["lines"], len(outbox)) == (cast.alice.id, ["Pet taxi, 2026-11-26 09:00"], 0)


def test_add_lines_refuses_baskets_and_nonsense(cast, basket, sent):
    good = Wanted(cast.walk, [SUN], NOON, pets=[cast.biscuit])
    assert (
        refuse(lambda: job_requests.add_lines(basket, good, sitter=None, actor=cast.as_max), WrongState)[0]
        == "not_sent"
    )
    assert refuse(lambda: job_requests.add_lines(sent, good, sitter=cast.max, actor=cast.as_max))[0] == "not_a_sitter"
    foreign = Wanted(cast.walk, [SUN], NOON, pets=[cast.bella])
    assert refuse(lambda: job_requests.add_lines(sent, foreign, sitter=None, actor=cast.as_max))[0] == "foreign_pet"
    assert count(JobRequestLine, JobRequestLine.request_id == sent.id) == 3


# -------------------------------------------------------------------------------------------------------- scheduling


def schedule(cast, lines, **more):
    return job_requests.schedule(cast.alice, lines, **{"actor": cast.as_max, **more})


@pytest.mark.covers("B10", "B11")
def test_schedule_makes_visits_with_price_and_pay_and_mails_the_client(cast, sent, outbox, db_session):
    sent.lines[0].note, sent.lines[0].staff_note = "Gate: 12", "key at office"
    settings.change({"mail.sitter_days": 0}, actor=COMMAND_LINE)
    jobs = schedule(cast, sent.lines[:2], message=" See you! ")
    db_session.commit()
    db_session.expire_all()
    first = jobs[0]
    assert (first.client, first.service_item, first.on_date, first.ends_on, first.start_time, first.pets, first.sitter) == (
        cast.alice, cast.walk, THU, THU, NOON, [cast.biscuit], cast.sam,
    )  # fmt: skip
    assert (first.price, first.sitter_pay, first.duration_minutes, first.note, first.staff_note) == (
        Decimal("20.00"), Decimal("10.00"), 30, "Gate: 12", "key at office",
    )  # fmt: skip
    assert (first.request_line, first.state, sent.lines[0].job) == (sent.lines[0], JobState.SCHEDULED, first)
    assert [x.state for x in sent.lines] == [LineState.SCHEDULED, LineState.SCHEDULED, LineState.SUBMITTED]
    assert sent.lines[0].decided_at == NOW
    facts = outbox.facts(MailKind.JOB_SCHEDULED)
    assert (facts.request_number, [(v.on_date, v.sitter) for v in facts.visits], facts.message) == (
        7, [("2026-11-26", "Sam"), ("2026-11-27", "Sam")], "See you!",
    )  # fmt: skip
    assert (outbox.one().to_address, outbox.one().cc_addresses) == ("alice@example.com", [])
    (logged,) = log(db_session, "job_request.scheduled")
    assert (logged.client_id, logged.subject_id, logged.facts["n_lines"], logged.facts["accepted"]) == (
        cast.alice.id,
        sent.id,
        2,
        0,
    )
    assert notices(db_session) == []


@pytest.mark.covers("B6", "B11")
def test_schedule_that_is_rolled_back_leaves_nothing_of_it(cast, sent, db_session):
    db_session.commit()
    before = everything(db_session)
    schedule(cast, sent.lines)
    db_session.rollback()
    assert everything(db_session) == before


@pytest.mark.covers("B16")
def test_schedule_mails_the_sitter_the_near_visits(cast, sent, outbox):
    schedule(cast, sent.lines)
    facts = outbox.facts(MailKind.SITTER_VISIT_ASSIGNED, to="sam@example.com")
    assert (facts.sitter_name, facts.client_name, [v.on_date for v in facts.visits]) == (
        "Sam",
        "Alice Archer",
        ["2026-11-26"],
    )


@pytest.mark.covers("B11")
def test_schedule_without_sitter_needs_an_explicit_unassigned(cast, sent, outbox):
    cast.alice.primary_sitter = None
    sent.lines[0].leave_unassigned = True
    with pytest.raises(Invalid) as refused:
        schedule(cast, sent.lines[:2])
    assert (refused.value.code, str(refused.value)) == (
        "needs_sitter",
        "Each ticked visit needs a sitter, or choose Unassigned.",
    )
    (job,) = schedule(cast, sent.lines[:1])
    assert (job.sitter, outbox.kinds()) == (None, ["job_scheduled"])


@pytest.mark.covers("B11")
def test_schedule_with_a_chosen_sitter_who_has_left_since_is_refused(cast, sent):
    job_requests.choose_sitters(cast.alice, {sent.lines[0].id: (cast.sita, False)}, actor=cast.as_max)
    cast.sita.is_active = False
    assert refuse(lambda: schedule(cast, sent.lines[:1]))[0] == "not_a_sitter"
    assert count(Job, Job.client_id == cast.alice.id) == 0


@pytest.mark.covers("B11")
def test_schedule_shows_conflicts_before_it_commits_and_does_it_when_they_are_accepted(cast, sent, outbox, db_session):
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=THU, start_time=dt.time(12, 15))
    make.time_off(cast.sam, FRI, FRI, note="dentist")
    with pytest.raises(ConflictsFound) as refused:
        schedule(cast, sent.lines)
    one, two, three = sent.lines
    assert {k: [c.label for c in v] for k, v in refused.value.clashes.items()} == {
        one.id: ["Dog walk, Bob Baker"],
        two.id: ["dentist"],
    }
    assert ({x.state for x in sent.lines}, len(outbox)) == ({LineState.SUBMITTED}, 0)
    tokens = {c.token for clashes in refused.value.clashes.values() for c in clashes}
    assert len(schedule(cast, [one, two, three], accept=tokens)) == 3
    assert log(db_session, "job_request.scheduled")[0].facts["accepted"] == 2


@pytest.mark.covers("B11")
def test_schedule_shows_a_new_conflict_that_came_up_after_the_preview(cast, sent):
    make.time_off(cast.sam, THU, THU)
    shown = {c.token for clashes in job_requests.line_conflicts(sent.lines).values() for c in clashes}
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=THU, start_time=NOON)
    with pytest.raises(ConflictsFound) as refused:
        schedule(cast, sent.lines, accept=shown)
    assert len(refused.value.clashes[sent.lines[0].id]) == 2


@pytest.mark.covers("B11")
def test_schedule_does_not_take_the_token_of_one_sitter_for_another(cast, sent):
    for sitter in (cast.sam, cast.sita):
        make.time_off(sitter, THU, THU)
    shown = {c.token for clashes in job_requests.line_conflicts(sent.lines).values() for c in clashes}
    job_requests.choose_sitters(cast.alice, {sent.lines[0].id: (cast.sita, False)}, actor=cast.as_max)
    with pytest.raises(ConflictsFound):
        schedule(cast, sent.lines, accept=shown)


@pytest.mark.covers("B11")
def test_schedule_sees_lines_of_one_batch_that_clash_with_each_other(cast, sent):
    edit(cast, sent.lines[1], Wanted(cast.walk, [THU], dt.time(12, 10), pets=[cast.biscuit]))
    with pytest.raises(ConflictsFound) as refused:
        schedule(cast, sent.lines)
    assert set(refused.value.clashes) == {sent.lines[0].id, sent.lines[1].id}


@pytest.mark.covers("B11")
def test_schedule_of_an_overnight_shows_everything_of_that_day(cast):
    request = make.sent_request(cast.alice, cast.overnight, number=7, pets=[cast.biscuit])
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=THU)
    with pytest.raises(ConflictsFound):
        schedule(cast, request.lines)


@pytest.mark.covers("C4")
@pytest.mark.parametrize("state", [s for s in LineState if s is not LineState.SUBMITTED], ids=str)
def test_schedule_is_all_or_nothing_and_says_what_happened_meanwhile(cast, sent, state):
    sent.lines[2].state = state
    assert refuse(lambda: schedule(cast, sent.lines), WrongState) == (f"line_{state.value}", None)
    assert count(Job, Job.client_id == cast.alice.id) == 0


def test_schedule_of_nothing_or_of_somebody_else_s_is_refused(cast, sent):
    for lines in ([], cast.bobs_request.lines, [*sent.lines, *cast.bobs_request.lines]):
        assert refuse(lambda lines=lines: schedule(cast, lines)) == ("no_lines", None)


@pytest.mark.covers("B11")
def test_schedule_by_two_offices_for_one_gap_of_a_sitter_shows_the_second_the_conflict(cast, together, db_session):
    ids = []
    for client in (cast.alice, cast.bob):
        request = make.sent_request(client, cast.walk, first_on=SUN, start_time=NOON, sitter=cast.sam)
        ids.append((client.id, request.lines[0].id))
    max_id = cast.max.id

    def do(client_id, line_id):
        client, line = db_session.get(Client, client_id), db_session.get(JobRequestLine, line_id)
        return len(job_requests.schedule(client, [line], actor=staff_actor(db_session.get(Staff, max_id))))

    for _round in range(3):
        results = together(*[lambda i=i: do(*i) for i in ids])
        assert sorted(type(r).__name__ for r in results) == ["ConflictsFound", "int"]
        for job in db_session.query(Job).filter_by(on_date=SUN):
            job.request_line.state = LineState.SUBMITTED
            db_session.delete(job)


@pytest.mark.covers("C4")
def test_schedule_and_cancel_at_the_same_moment_let_exactly_one_win(cast, together, db_session):
    """Twenty rounds: the office schedules while the client cancels. Never both, and the other reads what happened."""
    alice_id, max_id = cast.alice.id, cast.max.id
    winners = []
    for n in range(20):
        request = make.sent_request(
            cast.alice, cast.walk, number=100 + n, first_on=SUN + dt.timedelta(days=n), pets=[cast.biscuit]
        )
        line_id = request.lines[0].id

        def office(line_id=line_id):
            alice, line = db_session.get(Client, alice_id), db_session.get(JobRequestLine, line_id)
            job_requests.schedule(alice, [line], actor=staff_actor(db_session.get(Staff, max_id)))
            return "scheduled"

        def client(line_id=line_id):
            alice, line = db_session.get(Client, alice_id), db_session.get(JobRequestLine, line_id)
            job_requests.cancel_lines(alice, [line], actor=client_actor(alice))
            return "cancelled"

        first, second = (office, client) if n % 2 else (client, office)
        results = together(first, second)
        (winner,) = (r for r in results if isinstance(r, str))
        (loser,) = (r for r in results if isinstance(r, WrongState))
        line = db_session.get(JobRequestLine, line_id)
        assert (line.state.value, loser.code) == (winner, f"line_{winner}")
        assert (line.job is not None) is (winner == "scheduled")
        assert (
            count(
                OutboxMail,
                OutboxMail.dedupe_key.like("job_scheduled:%") | OutboxMail.dedupe_key.like("request_cancelled:%"),
            )
            == n + 1
        )
        winners.append(winner)
    assert len(winners) == 20


# --------------------------------------------------------------------------------------------------- declining, deleting


@pytest.mark.covers("B10")
def test_decline_tells_the_client_why(cast, sent, outbox, db_session):
    job_requests.decline(cast.alice, sent.lines[:2], reason=" Fully booked ", actor=cast.as_max)
    db_session.commit()
    assert [(x.state, x.decline_reason) for x in sent.lines] == [(LineState.DECLINED, "Fully booked")] * 2 + [
        (LineState.SUBMITTED, "")
    ]
    facts = outbox.facts(MailKind.REQUEST_DECLINED)
    assert (facts.request_number, len(facts.lines), facts.reason) == (7, 2, "Fully booked")
    (logged,) = log(db_session, "job_request.declined")
    assert (logged.client_id, logged.facts["reason"], logged.facts["n_lines"]) == (cast.alice.id, "Fully booked", 2)


@pytest.mark.covers("B10")
def test_decline_without_a_reason_is_refused(cast, sent):
    assert refuse(lambda: job_requests.decline(cast.alice, sent.lines, reason=" ", actor=cast.as_max)) == (
        "no_reason",
        "reason",
    )


@pytest.mark.covers("B10")
def test_delete_lines_tells_nobody_and_keeps_the_story(cast, sent, outbox, db_session):
    job_requests.delete_lines(cast.alice, sent.lines[:1], actor=cast.as_max)
    db_session.commit()
    assert (sent.lines[0].state, len(outbox), len(notices(db_session))) == (LineState.DELETED, 0, 0)
    assert [a.facts["lines"] for a in log(db_session, "job_request.deleted")] == [["Dog walk, 2026-11-26 12:00"]]


@pytest.mark.covers("B10")
@pytest.mark.parametrize("verb", ["decline", "delete"])
def test_decline_and_delete_are_all_or_nothing_and_for_one_client_s_lines(cast, sent, verb):
    def do(lines):
        if verb == "decline":
            return job_requests.decline(cast.alice, lines, reason="no", actor=cast.as_max)
        return job_requests.delete_lines(cast.alice, lines, actor=cast.as_max)

    for lines in ([], [*sent.lines, *cast.bobs_request.lines]):
        assert refuse(lambda lines=lines: do(lines)) == ("no_lines", None)
    sent.lines[1].state = LineState.CANCELLED
    assert refuse(lambda: do(sent.lines), WrongState) == ("line_cancelled", None)
    assert [x.state for x in sent.lines] == [LineState.SUBMITTED, LineState.CANCELLED, LineState.SUBMITTED]


# ---------------------------------------------------------------------------------------------------- states and rights


def _verbs(cast, line):
    lines, alice = [line], cast.alice
    wanted = Wanted(cast.walk, [THU], NOON, pets=[cast.biscuit])
    return {
        "cancel_lines": lambda who: job_requests.cancel_lines(alice, lines, actor=who),
        "cancel_request": lambda who: job_requests.cancel_request(line.request, actor=who),
        "edit_line": lambda who: job_requests.edit_line(
            line, wanted, sitter=None, leave_unassigned=False, staff_note="", actor=who
        ),
        "choose_sitters": lambda who: job_requests.choose_sitters(alice, {line.id: (cast.sam, False)}, actor=who),
        "schedule": lambda who: job_requests.schedule(alice, lines, actor=who),
        "decline": lambda who: job_requests.decline(alice, lines, reason="no", actor=who),
        "delete_lines": lambda who: job_requests.delete_lines(alice, lines, actor=who),
    }


BECOMES = {
    "cancel_lines": LineState.CANCELLED, "cancel_request": LineState.CANCELLED, "edit_line": LineState.SUBMITTED,
    "choose_sitters": LineState.SUBMITTED, "schedule": LineState.SCHEDULED, "decline": LineState.DECLINED,
    "delete_lines": LineState.DELETED,
}  # fmt: skip


@pytest.mark.parametrize("verb", BECOMES)
@pytest.mark.parametrize("state", LineState, ids=str)
def test_every_state_and_verb_of_a_line(cast, db_session, state, verb):
    """A verb moves a line just where LINE_MOVES lets it; everywhere else it is refused and nothing is changed."""
    request = make.job_request(cast.alice) if state is LineState.DRAFT else make.job_request(cast.alice, number=7)
    line = make.line(request, cast.walk, start_time=NOON, pets=[cast.biscuit], state=state)
    db_session.commit()
    before = everything(db_session)
    do = _verbs(cast, line)[verb]
    if state is LineState.SUBMITTED:
        assert BECOMES[verb] is state or BECOMES[verb] in LINE_MOVES[state]
        do(cast.as_max)
        db_session.commit()
        db_session.expire_all()
        assert line.state is BECOMES[verb]
    else:
        with pytest.raises(WrongState):
            do(cast.as_max)
        db_session.commit()
        assert everything(db_session) == before


@pytest.mark.parametrize("verb", ["submit", "auto_submit"])
@pytest.mark.parametrize("state", LineState, ids=str)
def test_every_state_and_sending(cast, db_session, clock_at, state, verb):
    request = make.job_request(cast.alice) if state is LineState.DRAFT else make.job_request(cast.alice, number=7)
    line = make.line(request, cast.walk, start_time=NOON, pets=[cast.biscuit], state=state)
    clock_at(DAY_LATER)
    if verb == "auto_submit":
        assert bool(sending.auto_submit(cast.alice)) is (state is LineState.DRAFT)
    elif state is LineState.DRAFT:
        send(cast)
    else:
        assert refuse(lambda: send(cast), WrongState) == ("nothing_to_send", None)
    assert line.state is (LineState.SUBMITTED if state is LineState.DRAFT else state)


def test_line_moves_are_checked_once_more_where_the_state_is_set(cast, sent):
    """A verb that forgot to look would stop here."""
    for state in LineState:
        for to in LineState:
            sent.lines[0].state = state
            if to in LINE_MOVES[state]:
                job_requests.move_line(sent.lines[0], to)
                assert (sent.lines[0].state, sent.lines[0].decided_at) == (
                    to,
                    None if to is LineState.SUBMITTED else NOW,
                )
            else:
                with pytest.raises(WrongState):
                    job_requests.move_line(sent.lines[0], to)
                assert sent.lines[0].state is state


def test_the_office_s_verbs_are_closed_to_sitters_and_clients(cast, sent, db_session):
    line = sent.lines[0]
    verbs = {
        **_verbs(cast, line),
        "add_lines": lambda who: job_requests.add_lines(
            sent, Wanted(cast.walk, [SUN], pets=[cast.biscuit]), sitter=None, actor=who
        ),
        "dismiss_cancelled": lambda who: job_requests.dismiss_cancelled(cast.alice, actor=who),
    }
    db_session.commit()
    before = everything(db_session)
    for name, do in verbs.items():
        for who in (cast.as_sam, cast.as_bob, *([] if name.startswith("cancel") else [cast.as_alice])):
            assert refuse(lambda do=do, who=who: do(who), NotAllowed) == ("not_allowed", None)
    assert everything(db_session) == before


def test_the_system_may_cancel_too(cast, sent):
    assert job_requests.cancel_request(sent, actor=WORKER)
