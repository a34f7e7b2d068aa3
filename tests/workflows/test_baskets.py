"""The unsent request: adding, changing, removing, joining a sent one, and lines that have become impossible."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation import clock
from models import (
    Activity,
    ActorKind,
    Client,
    ClientStatus,
    JobRequest,
    JobRequestLine,
    LineState,
    Notification,
    NotificationKind,
)
from tests import factories as make
from tests.databases import count, statements
from workflows import basket_rows, baskets, catalogue, limits, sending, settings
from workflows.actors import COMMAND_LINE, WORKER, client_actor, staff_as_client
from workflows.baskets import Added
from workflows.errors import Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind
from workflows.wanted import MAX_LINES, Wanted

THU, FRI, SAT = (dt.date(2026, 11, d) for d in (26, 27, 28))
NOON = dt.time(12)


@pytest.fixture
def walk(cast):
    """walk(THU, FRI): what Alice wants, Biscuit at noon."""

    def wanted(*days, **more):
        return Wanted(cast.walk, list(days) or [THU], **{"start_time": NOON, "pets": [cast.biscuit], **more})

    return wanted


@pytest.fixture
def add(cast, walk):
    """Alice adds walks."""
    return lambda *days, **more: baskets.add(cast.alice, walk(*days, **more), actor=cast.as_alice)


def log(db_session, client):
    db_session.flush()
    return [
        (a.verb, a.facts["lines"])
        for a in db_session.query(Activity).filter_by(client_id=client.id).order_by(Activity.id)
    ]


def refuse(do, kind=Invalid):
    with pytest.raises(kind) as refused:
        do()
    return refused.value.code, refused.value.field


# ------------------------------------------------------------------------------------------------------------ adding


@pytest.mark.covers("B4")
def test_add_puts_one_line_a_day_into_the_basket_and_logs(cast, add, db_session):
    added = add(FRI, THU, note="Gate: 12")
    db_session.commit()
    db_session.expire_all()
    basket = baskets.basket_of(cast.alice.id)
    assert [(x.on_date, x.start_time, x.note, x.pets, x.state, x.price) for x in basket.lines] == [
        (day, NOON, "Gate: 12", [cast.biscuit], LineState.DRAFT, Decimal("20.00")) for day in (THU, FRI)
    ]
    assert (basket.is_basket, basket.number, str(basket), added) == (True, None, "basket", Added(basket.lines, 0))
    assert log(db_session, cast.alice) == [
        ("basket.added", ["Dog walk, 2026-11-26 12:00", "Dog walk, 2026-11-27 12:00"])
    ]


@pytest.mark.covers("B4")
def test_add_of_time_blocks_puts_one_line_for_each_day_and_block(cast, db_session):
    wanted = Wanted(cast.cat_visit, [THU, FRI], blocks=[cast.evening, cast.morning], pets=[cast.mochi, cast.biscuit])
    lines = baskets.add(cast.alice, wanted, actor=cast.as_alice).lines
    assert [(x.on_date, x.time_block, x.start_time) for x in lines] == [
        (d, b, None) for d in (THU, FRI) for b in (cast.morning, cast.evening)
    ]
    assert lines[0].price == Decimal(25)
    assert log(db_session, cast.alice)[0][1][0] == "Cat visit, 2026-11-26 Morning"


@pytest.mark.covers("B4")
def test_add_of_an_all_day_item_asks_for_no_time(cast, db_session):
    wanted = Wanted(cast.overnight, [THU], start_time=NOON, blocks=[cast.morning], pets=[cast.biscuit])
    (line,) = baskets.add(cast.alice, wanted, actor=cast.as_alice).lines
    assert (line.start_time, line.time_block) == (None, None)
    assert log(db_session, cast.alice) == [("basket.added", ["Overnight, 2026-11-26"])]


def test_add_again_goes_into_the_same_basket_and_restarts_its_clock(cast, add, clock_at):
    first = add(THU).lines[0].request
    later = clock_at("2026-11-23 20:00")
    assert add(FRI).lines[0].request is first
    assert (len(first.lines), first.changed_at) == (2, later)


@pytest.mark.covers("B5")
def test_add_leaves_out_what_is_in_the_basket_already(cast, add):
    add(THU)
    added = add(THU, FRI)
    assert ([x.on_date for x in added.lines], added.n_duplicates) == ([FRI], 1)


@pytest.mark.covers("B5")
def test_add_of_nothing_new_is_refused_and_the_clock_runs_on(cast, add, clock_at, db_session):
    basket = add(THU, FRI).lines[0].request
    before = basket.changed_at
    clock_at("2026-11-23 20:00")
    assert refuse(lambda: add(THU, note="once more")) == ("duplicate", None)
    assert (len(basket.lines), basket.changed_at, len(log(db_session, cast.alice))) == (2, before, 1)


@pytest.mark.covers("B5")
@pytest.mark.parametrize("other", ["time", "pets", "service", "day"])
def test_add_of_something_that_differs_is_no_duplicate(cast, add, other):
    add(THU)
    more = {
        "time": lambda: add(THU, start_time=dt.time(13)), "pets": lambda: add(THU, pets=[cast.biscuit, cast.mochi]),
        "service": lambda: baskets.add(cast.alice, Wanted(cast.overnight, [THU], pets=[cast.biscuit]), actor=cast.as_alice),
        "day": lambda: add(FRI),
    }[other]()  # fmt: skip
    assert (len(more.lines), more.n_duplicates) == (1, 0)


@pytest.mark.covers("B5")
def test_add_of_the_same_by_two_tabs_at_the_same_moment_adds_it_once(cast, db_session, together):
    alice_id, walk_id, pet_id = cast.alice.id, cast.walk.id, cast.biscuit.id

    def do():
        alice = db_session.get(Client, alice_id)
        wanted = Wanted(
            db_session.get(type(cast.walk), walk_id),
            [THU, FRI],
            NOON,
            pets=[db_session.get(type(cast.biscuit), pet_id)],
        )
        return len(baskets.add(alice, wanted, actor=client_actor(alice)).lines)

    results = together(do, do, do)
    assert (results.count(2), sum(isinstance(r, Invalid) for r in results)) == (1, 2)
    assert (
        count(JobRequest, JobRequest.client_id == alice_id),
        count(JobRequestLine, JobRequestLine.client_id == alice_id),
    ) == (1, 2)


def test_add_stops_at_two_hundred_lines(cast, add):
    add(*(THU + dt.timedelta(days=i) for i in range(MAX_LINES)))
    assert refuse(lambda: add(THU, start_time=dt.time(13))) == ("too_many", "dates")


@pytest.mark.parametrize(
    ("why", "code", "field"),
    [
        ("hidden", "item_hidden", "service"), ("past", "past", "dates"), ("closed", "closed", "dates"), ("late", "limit_days", "dates"),
        ("passed", "past_time", "dates"), ("long note", "note_long", "note"), ("foreign pet", "foreign_pet", "pets"), ("no day", "no_date", "dates"),
    ],
)  # fmt: skip
def test_add_refuses_what_cannot_be_requested_and_leaves_no_basket(cast, walk, why, code, field):
    wanted = walk(THU)
    if why == "hidden":
        cast.walk.visible_in_portal = False
    elif why == "past":
        wanted = walk(THU, dt.date(2026, 11, 22))
    elif why == "closed":
        make.closed_day(FRI)
        wanted = walk(THU, FRI)
    elif why == "late":
        settings.change({"booking.limit_kind": "days", "booking.limit_number": 4}, actor=COMMAND_LINE)
    elif why == "passed":
        wanted = walk(dt.date(2026, 11, 23), start_time=dt.time(9))
    elif why == "long note":
        wanted = walk(THU, note="x" * 10_001)
    elif why == "foreign pet":
        wanted = walk(THU, pets=[cast.bella])
    else:
        wanted = Wanted(cast.walk, [], pets=[cast.biscuit])
    assert refuse(lambda: baskets.add(cast.alice, wanted, actor=cast.as_alice)) == (code, field)
    assert baskets.basket_of(cast.alice.id) is None


@pytest.mark.covers("B1")
@pytest.mark.parametrize("off", ["switch", "portal", "archived"])
def test_requests_that_are_off_refuse_adding_changing_joining_and_sending(cast, add, walk, off):
    (line,) = add(THU).lines
    if off == "switch":
        settings.change({"portal.requests": False}, actor=COMMAND_LINE)
    elif off == "portal":
        cast.alice.portal_enabled = False
    else:
        cast.alice.status = ClientStatus.ARCHIVED
    assert not baskets.may_request(cast.alice)
    for do in (
        lambda: add(FRI),
        lambda: baskets.change_line(line, walk(FRI), actor=cast.as_alice),
        lambda: baskets.join_request(cast.alice, cast.bobs_request, actor=cast.as_alice),
        lambda: sending.submit(cast.alice, actor=cast.as_alice),
    ):
        assert refuse(do, NotAllowed) == ("requests_off", None)
    assert baskets.remove_line(cast.alice, line.public_id, actor=cast.as_alice)


def test_basket_is_its_own_client_s_alone(cast, add, walk):
    (line,) = add(THU).lines
    for who in (cast.as_bob, cast.as_olivia, WORKER):
        for do in (
            lambda who=who: baskets.add(cast.alice, walk(FRI), actor=who),
            lambda who=who: baskets.change_line(line, walk(FRI), actor=who),
            lambda who=who: baskets.join_request(cast.alice, cast.bobs_request, actor=who),
        ):
            assert refuse(do, NotAllowed) == ("not_allowed", None)


@pytest.mark.covers("B14")
def test_add_by_staff_in_the_client_s_portal_is_logged_as_theirs_on_behalf(cast, walk, db_session):
    baskets.add(cast.alice, walk(THU), actor=staff_as_client(cast.olivia, cast.alice))
    db_session.flush()
    line = db_session.query(Activity).one()
    assert (line.actor_kind, line.actor_name, line.on_behalf, line.client_id) == (
        ActorKind.STAFF,
        "Olivia Owens",
        True,
        cast.alice.id,
    )


# ---------------------------------------------------------------------------------------------------------- changing


@pytest.mark.covers("B4")
def test_change_line_replaces_the_wish(cast, add, clock_at, db_session):
    (line,) = add(THU).lines
    later = clock_at("2026-11-23 20:00")
    line.blocked_code = "closed"
    wanted = Wanted(cast.cat_visit, [SAT], blocks=[cast.evening], pets=[cast.mochi, cast.biscuit], note="new")
    assert baskets.change_line(line, wanted, actor=cast.as_alice) is line
    db_session.commit()
    db_session.expire_all()
    assert (line.service_item, line.on_date, line.start_time, line.time_block, line.note, line.price, line.blocked_code) == (
        cast.cat_visit, SAT, None, cast.evening, "new", Decimal("25.00"), None,
    )  # fmt: skip
    assert (line.pets, line.request.changed_at) == ([cast.biscuit, cast.mochi], later)
    assert log(db_session, cast.alice)[-1] == ("basket.changed", ["Cat visit, 2026-11-28 Evening"])


def test_change_line_to_itself_with_another_note_is_no_duplicate(cast, add, walk):
    (line,) = add(THU).lines
    assert baskets.change_line(line, walk(THU, note="gate open"), actor=cast.as_alice).note == "gate open"


@pytest.mark.covers("B5")
def test_change_line_to_another_one_s_wish_is_refused(cast, add, walk):
    thursday, friday = add(THU, FRI).lines
    assert refuse(lambda: baskets.change_line(thursday, walk(FRI), actor=cast.as_alice)) == ("duplicate", None)
    assert (thursday.on_date, friday.on_date) == (THU, FRI)


@pytest.mark.parametrize("days", [(THU, FRI), ()], ids=["two", "none"])
def test_change_line_is_about_one_visit(cast, add, days):
    (line,) = add(THU).lines
    wanted = Wanted(cast.walk, days, NOON, pets=[cast.biscuit])
    assert refuse(lambda: baskets.change_line(line, wanted, actor=cast.as_alice)) == (
        "one_visit" if days else "no_date",
        "dates",
    )


def test_change_line_to_what_cannot_be_requested_is_refused(cast, add, walk):
    (line,) = add(THU).lines
    make.closed_day(FRI)
    assert refuse(lambda: baskets.change_line(line, walk(FRI), actor=cast.as_alice)) == ("closed", "dates")
    assert line.on_date == THU


@pytest.mark.parametrize("how", ["sent", "removed"])
def test_change_line_that_is_no_longer_in_the_basket_is_refused(cast, add, walk, how, db_session):
    line, _other = add(THU, FRI).lines
    if how == "sent":
        sending.submit(cast.alice, actor=cast.as_alice)
    else:
        baskets.remove_line(cast.alice, line.public_id, actor=cast.as_alice)
    assert refuse(lambda: baskets.change_line(line, walk(SAT), actor=cast.as_alice), WrongState) == (
        "not_in_basket",
        None,
    )


# ---------------------------------------------------------------------------------------------------------- removing


@pytest.mark.covers("B4")
def test_remove_line_takes_it_out_and_logs(cast, add, clock_at, db_session):
    thursday, _friday = add(THU, FRI).lines
    later = clock_at("2026-11-23 20:00")
    assert baskets.remove_line(cast.alice, thursday.public_id, actor=cast.as_alice)
    db_session.commit()
    basket = baskets.basket_of(cast.alice.id)
    assert ([x.on_date for x in basket.lines], basket.changed_at) == ([FRI], later)
    assert log(db_session, cast.alice)[-1] == ("basket.removed", ["Dog walk, 2026-11-26 12:00"])


def test_remove_line_of_the_last_one_removes_the_basket(cast, add, db_session):
    (line,) = add(THU).lines
    baskets.remove_line(cast.alice, line.public_id, actor=cast.as_alice)
    db_session.commit()
    assert (baskets.basket_of(cast.alice.id), count(JobRequest, JobRequest.client_id == cast.alice.id)) == (None, 0)


def test_remove_line_that_is_not_there_or_not_one_s_own_changes_nothing(cast, add, db_session):
    add(THU)
    bobs = cast.bobs_basket.lines[0].public_id
    sent = cast.bobs_request.lines[0].public_id
    assert [baskets.remove_line(cast.alice, i, actor=cast.as_alice) for i in (bobs, sent, "nothing")] == [False] * 3
    assert not baskets.remove_line(make.client(), bobs, actor=cast.as_alice)
    assert len(log(db_session, cast.alice)) == 1


@pytest.mark.covers("B4")
def test_clear_empties_the_basket_and_no_other(cast, add, db_session):
    add(THU, FRI)
    assert baskets.clear(cast.alice, actor=cast.as_alice) == 2
    db_session.commit()
    assert (baskets.basket_of(cast.alice.id), len(baskets.basket_of(cast.bob.id).lines)) == (None, 1)
    assert log(db_session, cast.alice)[-1] == (
        "basket.cleared",
        ["Dog walk, 2026-11-26 12:00", "Dog walk, 2026-11-27 12:00"],
    )


def test_clear_of_nothing_changes_nothing(cast, db_session):
    assert baskets.clear(cast.alice, actor=cast.as_alice) == 0
    make.job_request(cast.alice)
    assert baskets.clear(cast.alice, actor=cast.as_alice) == 0
    assert log(db_session, cast.alice) == []


# ----------------------------------------------------------------------------------------------- "Add services" later


@pytest.fixture
def sent(cast):
    return make.sent_request(cast.alice, cast.walk, n_lines=2, number=7, pets=[cast.biscuit])


@pytest.mark.covers("B5")
def test_join_request_makes_new_lines_keep_its_number(cast, add, sent, db_session):
    basket = baskets.join_request(cast.alice, sent, actor=cast.as_alice)
    assert (basket.adds_to, add(SAT).lines[0].request) == (sent, basket)
    done = sending.submit(cast.alice, actor=cast.as_alice)
    db_session.commit()
    db_session.expire_all()
    assert (done.request, [x.state for x in sent.lines], sent.number) == (sent, [LineState.SUBMITTED] * 3, 7)
    assert baskets.basket_of(cast.alice.id) is None


@pytest.mark.covers("B5")
@pytest.mark.parametrize("state", [s for s in LineState if s not in {LineState.DRAFT, LineState.SUBMITTED}], ids=str)
def test_join_request_that_is_decided_is_refused(cast, sent, state):
    for line in sent.lines:
        line.state = state
    assert refuse(lambda: baskets.join_request(cast.alice, sent, actor=cast.as_alice), WrongState) == (
        "request_decided",
        None,
    )
    assert baskets.basket_of(cast.alice.id) is None


def test_join_request_of_somebody_else_is_refused(cast):
    assert refuse(lambda: baskets.join_request(cast.alice, cast.bobs_request, actor=cast.as_alice), NotAllowed) == (
        "not_allowed",
        None,
    )


@pytest.mark.covers("B5")
def test_lines_that_were_to_join_become_a_request_of_their_own_when_the_other_was_decided_meanwhile(cast, add, sent):
    baskets.join_request(cast.alice, sent, actor=cast.as_alice)
    add(SAT)
    for line in sent.lines:
        line.state = LineState.DECLINED
    done = sending.submit(cast.alice, actor=cast.as_alice)
    assert (done.request is sent, done.request.number, done.request.adds_to) == (False, 2, None)


def test_leave_request_makes_the_basket_one_of_its_own(cast, add, sent):
    baskets.join_request(cast.alice, sent, actor=cast.as_alice)
    add(SAT)
    baskets.leave_request(cast.alice)
    assert (
        baskets.basket_of(cast.alice.id).adds_to,
        sending.submit(cast.alice, actor=cast.as_alice).request.number,
    ) == (None, 2)


def test_leave_request_with_an_empty_basket_forgets_it(cast, sent):
    baskets.leave_request(cast.alice)
    baskets.join_request(cast.alice, sent, actor=cast.as_alice)
    baskets.leave_request(cast.alice)
    assert baskets.basket_of(cast.alice.id) is None


def test_n_waiting_counts_what_the_office_has_not_decided(cast, sent):
    assert baskets.n_waiting(sent.id) == 2
    sent.lines[0].state = LineState.SCHEDULED
    assert (baskets.n_waiting(sent.id), baskets.n_waiting(0)) == (1, 0)


# --------------------------------------------------------------------------------------- lines that became impossible


@pytest.mark.covers("B8")
def test_problems_names_each_line_that_can_no_longer_be_sent_and_why(cast, clock_at):
    basket = make.job_request(cast.alice)
    past = make.line(basket, cast.walk, on_date=dt.date(2026, 11, 23), start_time=NOON, pets=[cast.biscuit])
    closed = make.line(basket, cast.walk, on_date=FRI, pets=[cast.biscuit])
    hidden = make.line(basket, make.service_item(visible_in_portal=False), on_date=SAT)
    fine = make.line(basket, cast.cat_visit, on_date=THU, block=cast.morning)
    make.closed_day(FRI, reason="Holiday")
    clock_at("2026-11-24 08:00")
    found = baskets.problems([past, closed, hidden, fine])
    assert {line: r.code for line, r in found.items()} == {
        past.id: "past",
        closed.id: "closed",
        hidden.id: "item_hidden",
    }
    assert baskets.problems([past], now=dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)) == {}
    assert baskets.problems([]) == {}


def test_problems_asks_nothing_when_the_calendar_is_known(cast, db_session):
    basket = make.job_request(cast.alice)
    closed = make.line(basket, cast.walk, on_date=FRI, pets=[cast.biscuit])
    make.closed_day(FRI, reason="Holiday")
    db_session.commit()
    known = limits.calendar(FRI, FRI)
    settings.read()
    with statements() as sent:
        found = baskets.problems([closed], known=known)
    assert ({line: r.code for line, r in found.items()}, sent) == ({closed.id: "closed"}, [])


def test_basket_of_is_shown_with_few_questions_however_long_it_is(cast, db_session):
    make.basket(cast.alice, cast.walk, n_lines=20, pets=[cast.biscuit, cast.mochi])
    db_session.commit()
    db_session.expunge_all()
    alice_id = cast.alice.id
    with statements() as sent:
        basket = baskets.basket_of(alice_id)
        settings.read()
        found = baskets.problems(basket.lines)
        assert [len(x.pets) for x in basket.lines] == [2] * 20
        assert (found, len(sent) <= 6) == ({}, True)


def locked(sent):
    """The statements while everybody else who wants to write waits."""
    return sent[next(n for n, s in enumerate(sent) if s.startswith("SELECT client.status \nFROM client")) :]


@pytest.mark.parametrize("n_days", [2, 40])
def test_adding_and_sending_take_few_statements_however_many_visits(cast, db_session, n_days):
    """Measured: one statement for each visit halves the requests that a SQLite business takes a second."""
    wanted = Wanted(
        cast.walk, [FRI + dt.timedelta(days=n) for n in range(n_days)], NOON, pets=[cast.biscuit, cast.mochi]
    )
    db_session.commit()
    with statements() as sent:
        added = baskets.add(cast.alice, wanted, actor=cast.as_alice).lines
        db_session.commit()
    assert [[p.name for p in x.pets] for x in added] == [["Biscuit", "Mochi"]] * n_days
    assert (len(sent), len(locked(sent))) == (11, 6), sent
    db_session.expunge_all()
    client = db_session.get_one(Client, cast.alice.id)
    with statements() as sent:
        done = sending.submit(client, actor=client_actor(client))
        db_session.commit()
    n_locked = 8 if db_session.get_bind().dialect.name == "sqlite" else 5
    assert (len(sent), len(locked(sent))) == (7 + n_locked, n_locked), sent
    assert [(x.state, x.submitted_at, x.price, x.version) for x in done.lines] == [
        (LineState.SUBMITTED, done.request.submitted_at, 25, 2)
    ] * n_days


@pytest.mark.covers("B2")
def test_hidden_item_is_kept_apart_and_explained_and_can_be_sent_when_it_is_back(cast, add, db_session):
    add(THU)
    catalogue.save_item(cast.walk, {"visible_in_portal": False}, actor=cast.as_max)
    (line,) = baskets.basket_of(cast.alice.id).lines
    assert (line.blocked_code, baskets.problems([line])[line.id].code) == ("item_hidden", "item_hidden")
    assert refuse(lambda: sending.submit(cast.alice, actor=cast.as_alice)) == ("item_hidden", None)
    catalogue.save_item(cast.walk, {"visible_in_portal": True}, actor=cast.as_max)
    (sent,) = sending.submit(cast.alice, actor=cast.as_alice).lines
    assert (sent.state, sent.blocked_code) == (LineState.SUBMITTED, None)


@pytest.mark.covers("B8")
def test_flag_blocked_tells_home_and_the_log_once(cast, add, db_session):
    thursday, friday = add(THU, FRI).lines
    basket = thursday.request
    make.closed_day(THU)
    found = baskets.problems(basket.lines)
    assert [baskets.flag_blocked(basket, found, actor=WORKER) for _ in range(2)] == [True, False]
    assert (thursday.blocked_code, friday.blocked_code) == ("closed", None)
    db_session.flush()
    notice = db_session.query(Notification).one()
    assert (notice.kind, notice.client_id, notice.request_id, notice.facts) == (
        NotificationKind.BASKET_BLOCKED, cast.alice.id, basket.id, {"n_lines": 1},
    )  # fmt: skip
    assert log(db_session, cast.alice)[-1] == ("basket.blocked", ["Dog walk, 2026-11-26 12:00"])


# ---------------------------------------------------------------------------------------------------------- reminding


@pytest.mark.covers("B8")
def test_remind_mails_the_client_what_is_in_the_basket_also_with_the_timer_off(cast, add, outbox, db_session):
    settings.change({"portal.auto_submit_hours": None}, actor=COMMAND_LINE)
    basket = add(THU, FRI).lines[0].request
    make.client_contact(cast.alice, "Kim", email="kim@example.com", receives_copies=True)
    baskets.remind(basket, body=" Shall we? ", actor=cast.as_max)
    facts = outbox.facts(MailKind.BASKET_REMINDER)
    assert (facts.client_name, [x.on_date for x in facts.lines], facts.body) == (
        "Alice Archer",
        ["2026-11-26", "2026-11-27"],
        "Shall we?",
    )
    mail = outbox.one()
    assert (mail.to_address, mail.cc_addresses, mail.client) == ("alice@example.com", ["kim@example.com"], cast.alice)
    line = db_session.query(Activity).filter_by(verb="basket.reminded").one()
    assert (line.client_id, line.staff_id, line.facts) == (cast.alice.id, cast.max.id, {"message": "Shall we?"})


def test_remind_about_a_basket_that_was_sent_or_emptied_is_refused(cast, add, outbox):
    basket = add(THU).lines[0].request
    sending.submit(cast.alice, actor=cast.as_alice)
    n = len(outbox)
    for gone in (basket, make.job_request(cast.alice)):
        assert refuse(lambda gone=gone: baskets.remind(gone, actor=cast.as_max), WrongState) == ("basket_gone", None)
    assert len(outbox) == n


def test_remind_needs_an_address_and_the_permission(cast, add):
    basket = add(THU).lines[0].request
    for who in (cast.as_sam, cast.as_alice):
        assert refuse(lambda who=who: baskets.remind(basket, actor=who), NotAllowed) == ("not_allowed", None)
    cast.alice.email = None
    assert refuse(lambda: baskets.remind(basket, actor=cast.as_max)) == ("no_email", None)


def test_what_was_read_before_the_lock_counts_while_nothing_of_the_basket_changed(cast, add, walk, db_session):
    add(THU, FRI)
    basket = baskets.basket_of(cast.alice.id)
    line = basket.lines[0]
    assert basket_rows.is_as_read(basket)
    changes = [
        sa.update(JobRequestLine).where(JobRequestLine.id == line.id).values(version=JobRequestLine.version + 1),
        sa.insert(JobRequestLine).values(
            request_id=basket.id,
            client_id=cast.alice.id,
            service_item_id=cast.walk.id,
            on_date=SAT,
            price=Decimal(20),
            fingerprint="x",
        ),
        sa.delete(JobRequestLine).where(JobRequestLine.id == line.id),
        sa.update(JobRequest).where(JobRequest.id == basket.id).values(submitted_at=clock.now(), number=999),
    ]
    for change in changes:
        with db_session.begin_nested() as undone:
            db_session.execute(change.execution_options(synchronize_session=False))
            assert not basket_rows.is_as_read(basket)
            undone.rollback()
        basket = baskets.basket_of(cast.alice.id)
        assert basket_rows.is_as_read(basket)
    baskets.clear(cast.alice, actor=cast.as_alice)
    empty = make.job_request(cast.alice)
    assert basket_rows.is_as_read(baskets.basket_of(cast.alice.id))
    baskets.join_request(cast.alice, make.sent_request(cast.alice, cast.walk), actor=cast.as_alice)
    assert empty.adds_to is not None
    db_session.execute(
        sa.update(JobRequest).where(JobRequest.id == empty.id).values(adds_to_id=None),
        execution_options={"synchronize_session": False},
    )
    assert not basket_rows.is_as_read(empty)
