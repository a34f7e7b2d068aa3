"""A client asks to change this and all following visits of a series; the office's yes does what was shown."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, ChangeState, Job, JobState, Notification, NotificationKind, Repeat, TimeType
from tests import factories as make
from workflows import change_deciding, change_requests, changing, repeat_changes, repeats, settings
from workflows.actors import COMMAND_LINE
from workflows.change_deciding import FeeDecision
from workflows.change_preview import FiguresChanged
from workflows.changing import Change
from workflows.errors import NotAllowed, WorkflowError
from workflows.following import ask_to_change_following, preview_item
from workflows.following_preview import (
    SeriesWish,
    as_it_is,
    check_following,
    conflicts_of,
    pattern_for,
    preview_following,
)
from workflows.mail_facts import MailKind
from workflows.repeat_patterns import Pattern, PatternTime

MON, TUE, WED, THU, FRI, SAT, SUN = (dt.date(2026, 11, d) for d in range(23, 30))
NEXT_MON = MON + dt.timedelta(days=7)
NOON, TWO, SIX = dt.time(12), dt.time(14), dt.time(18)
WEEK = dt.timedelta(days=7)

pytestmark = pytest.mark.covers("X11", "X4")


@pytest.fixture
def series(cast):
    """Biscuit is walked by Sam on Monday, Wednesday and Friday at noon, from this Wednesday on, made two weeks ahead."""
    settings.change({"schedule.repeat_days": 14, "business.admin_inbox": "office@example.com"}, actor=COMMAND_LINE)
    pattern = Pattern(
        item=cast.walk, times=[PatternTime(d, NOON) for d in (0, 2, 4)], starts_on=WED, sitter=cast.sam, pets=[cast.biscuit]
    )  # fmt: skip
    return repeats.start(cast.alice, pattern, actor=cast.as_max).repeat


def wish(cast, *, days=(0, 2, 4), at=NOON, item=None, pets=None, note=""):
    times = [PatternTime(d, at) for d in days]
    return SeriesWish(item or cast.walk, times, [cast.biscuit] if pets is None else pets, note)


def ask(cast, series, wanted, from_on=NEXT_MON, **more):
    return ask_to_change_following(cast.alice, series, from_on, wanted, actor=cast.as_alice, **more)


def shown(series, wanted, from_on=NEXT_MON):
    return preview_following(series, pattern_for(series, wanted, from_on))


def visits(*, state=JobState.SCHEDULED):
    db.session.flush()
    db.session.expire_all()
    query = sa.select(Job).where(Job.repeat_id.is_not(None), Job.state == state).order_by(Job.on_date, Job.start_time)
    return [(j.on_date, j.start_time, j.price) for j in db.session.scalars(query)]


def follower(series):
    return db.session.scalars(sa.select(Repeat).where(Repeat.follows_id == series.id)).one()


def refused(code, call):
    with pytest.raises(WorkflowError) as refusal:
        call()
    assert refusal.value.code == code
    return refusal.value.field


# ------------------------------------------------------------------------------------------------ what is shown


def test_the_preview_names_each_visit_before_and_after_and_changes_nothing(cast, series):
    before = visits()
    preview = shown(series, wish(cast, days=(0, 2), at=TWO, pets=[cast.biscuit, cast.mochi]))
    lines = [
        (x.job.on_date if x.job else None, x.place and (x.place.on_date, x.place.start_time), x.price_before, x.price_after)
        for x in preview.lines
    ]  # fmt: skip
    assert lines == [
        (NEXT_MON, (NEXT_MON, TWO), 20, 25),
        (WED + WEEK, (WED + WEEK, TWO), 20, 25),
        (FRI + WEEK, None, 20, 0),
        (NEXT_MON + WEEK, (NEXT_MON + WEEK, TWO), 20, 25),
    ]
    assert (preview.before, preview.after, preview.total) == (80, 75, 0)
    assert (visits(), db.session.scalars(sa.select(Repeat)).all()) == (before, [series])


def test_a_visit_that_loses_its_place_costs_what_the_policy_says(cast, series):
    make.cancellation_rule("Half", charge_percent=Decimal(50), pay_percent=Decimal(50))
    preview = shown(series, wish(cast, days=(0, 2)))
    assert [(job.on_date, o.charge, o.rule_name) for job, o in preview.charged] == [(FRI + WEEK, 10, "Half")]
    assert (preview.total, preview.sitter_pay > 0, preview.rule_name) == (10, True, "Half")


def test_another_day_costs_a_fee_only_when_a_new_date_counts_as_a_cancellation(cast, series):
    make.cancellation_rule("Half", charge_percent=Decimal(50), pay_percent=Decimal(0))
    tuesdays = wish(cast, days=(1, 2, 4))
    assert shown(series, tuesdays).total == 0
    settings.change({"changes.count_as_cancel": True}, actor=COMMAND_LINE)
    assert [(job.on_date, o.charge) for job, o in shown(series, tuesdays).charged] == [
        (NEXT_MON, 10),
        (NEXT_MON + WEEK, 10),
    ]


def test_visits_that_a_person_changed_are_not_touched(cast, series):
    monday = db.session.scalars(sa.select(Job).where(Job.on_date == NEXT_MON)).one()
    changing.change(monday, Change(item=cast.walk, on_date=NEXT_MON, start_time=SIX, block=None, sitter=cast.sam, pets=[cast.biscuit]), actor=cast.as_max)  # fmt: skip
    assert [x.job.on_date for x in shown(series, wish(cast, at=TWO)).lines if x.job] == [
        WED + WEEK,
        FRI + WEEK,
        NEXT_MON + WEEK,
    ]


# --------------------------------------------------------------------------------------------------- asking


def test_asking_keeps_the_figures_tells_both_sides_and_leaves_all_visits_alone(cast, series, outbox):
    outbox.clear()
    before = visits()
    request = ask(cast, series, wish(cast, at=TWO), body="School is out later")
    (item,) = request.items
    assert (item.state, item.first_on, item.price_before, item.price_after) == (ChangeState.PENDING, NEXT_MON, 80, 80)
    assert visits() == before
    asked = outbox.facts(MailKind.SERIES_CHANGE_REQUESTED, to=cast.alice.email)
    (told,) = asked.items
    assert (asked.kind, told.first_on, told.series.times[0][:2], told.series_wanted.times[0][:2]) == (
        "change", "2026-11-30", [0, "12:00"], [0, "14:00"],
    )  # fmt: skip
    line = db.session.scalars(
        sa.select(Notification).where(Notification.kind == NotificationKind.SERIES_REQUESTED)
    ).one()
    assert "Mon Wed Fri 12:00 → Dog walk, Mon Wed Fri 14:00, 2026-11-30 -" in line.facts["lines"][0]
    assert db.session.scalars(sa.select(Activity).where(Activity.verb == "change_request.following_asked")).one()


def test_asking_is_refused(cast, series):
    week = wish(cast, at=TWO)
    assert refused("nothing_changed", lambda: ask(cast, series, as_it_is(series))) is None
    assert refused("past", lambda: ask(cast, series, week, MON - WEEK)) == "starts_on"
    assert refused("no_times", lambda: ask(cast, series, wish(cast, days=()))) == "times"
    assert refused("foreign_pet", lambda: ask(cast, series, wish(cast, pets=[cast.bella]))) == "pets"
    hidden = make.service_item("Secret", visible_in_portal=False)
    assert refused("item_hidden", lambda: ask(cast, series, wish(cast, item=hidden))) == "service"
    stranger = make.time_block("Dawn")
    blocks = make.service_item("Cat visit", time_type=TimeType.TIME_BLOCK, visible_in_portal=True)
    wanted = SeriesWish(blocks, [PatternTime(0, None, stranger)], [cast.biscuit])
    assert refused("foreign_block", lambda: ask(cast, series, wanted)) == "times"
    with pytest.raises(NotAllowed):
        ask_to_change_following(cast.bob, series, NEXT_MON, week, actor=cast.as_bob)
    ask(cast, series, week)
    assert refused("asked_already", lambda: ask(cast, series, wish(cast, at=SIX))) is None


@pytest.mark.parametrize("switch", ["changes.changes", "changes.series"])
def test_asking_needs_both_switches(cast, series, switch):
    settings.change({switch: False}, actor=COMMAND_LINE)
    with pytest.raises(NotAllowed):
        ask(cast, series, wish(cast, at=TWO))


def test_other_figures_than_shown_send_nothing(cast, series):
    mark = shown(series, wish(cast, item=cast.walk, pets=[cast.biscuit, cast.mochi])).mark
    cast.walk.price = Decimal("21.00")
    db.session.flush()
    with pytest.raises(FiguresChanged):
        ask(cast, series, wish(cast, pets=[cast.biscuit, cast.mochi]), seen=mark)
    assert change_requests.waiting_of(cast.alice) == []


# ------------------------------------------------------------------------------------------------- the decision


def test_yes_does_exactly_what_was_shown_by_the_function_of_the_office(cast, series, outbox):
    wanted = wish(cast, days=(0, 2), at=TWO, pets=[cast.biscuit, cast.mochi], note="Blue lead")
    preview = shown(series, wanted)
    request = ask(cast, series, wanted, seen=preview.mark)
    cast.walk.price = Decimal("99.00")  # the list changes before anybody decides
    db.session.flush()
    outbox.clear()
    assert [(x.price_after, x.place is None) for x in preview_item(request.items[0]).lines] == [(25, False), (25, False), (0, True), (25, False)]  # fmt: skip
    decided = change_deciding.approve(request.items, actor=cast.as_max)
    assert (decided.decided, decided.closed) == (request.items, [request])
    new = follower(series)
    assert (series.ends_on, new.starts_on, new.note, new.sitter, sorted(p.name for p in new.pets)) == (
        SUN, NEXT_MON, "Blue lead", cast.sam, ["Biscuit", "Mochi"],
    )  # fmt: skip
    assert visits()[2:] == [(d, TWO, 25) for d in (NEXT_MON, WED + WEEK, NEXT_MON + WEEK)]
    assert [v[0] for v in visits(state=JobState.CANCELLED)] == [FRI + WEEK]
    mail = outbox.facts(MailKind.CHANGE_DECIDED, to=cast.alice.email)
    assert (mail.outcome, mail.kind, mail.items[0].series_wanted.service) == ("all", "change", "Dog walk")
    assert outbox.mails(MailKind.VISIT_CANCELLED) == []
    again = [(x.job is None, x.price_after) for x in shown(new, as_it_is(new)).lines]
    assert again == [(False, 25)] * 3


def test_fees_are_taken_as_shown_or_as_the_office_says_with_a_reason(cast, series):
    make.cancellation_rule("Half", charge_percent=Decimal(50), pay_percent=Decimal(0))
    request = ask(cast, series, wish(cast, days=(0,)))
    db.session.execute(sa.text("UPDATE cancellation_rule SET charge_percent = 100"))
    wednesday, friday = (job for job, _o in preview_item(request.items[0]).charged)
    own = {friday.id: FeeDecision(Decimal(0), Decimal(0), "A friend")}
    change_deciding.approve(request.items, actor=cast.as_max, visit_fees=own)
    db.session.expire_all()
    assert (wednesday.price, friday.price, friday.fee_reason) == (10, 0, "A friend")
    assert (request.items[0].fee, request.items[0].fee_reason) == (10, "A friend")


def test_a_moved_day_that_counts_as_a_cancellation_adds_its_fee_to_the_visit(cast, series):
    settings.change({"changes.count_as_cancel": True}, actor=COMMAND_LINE)
    make.cancellation_rule("Half", charge_percent=Decimal(50), pay_percent=Decimal(0))
    request = ask(cast, series, wish(cast, days=(1, 2, 4)))
    change_deciding.approve(request.items, actor=cast.as_max)
    assert visits()[2:] == [
        (TUE + WEEK, NOON, 30), (WED + WEEK, NOON, 20), (FRI + WEEK, NOON, 20), (TUE + 2 * WEEK, NOON, 30)
    ]  # fmt: skip
    moved = db.session.scalars(sa.select(Job).where(Job.on_date == TUE + WEEK)).one()
    assert [x["code"] for x in moved.price_lines][-1] == "change_fee"


def test_the_office_edits_and_approves_at_the_prices_of_now(cast, series):
    request = ask(cast, series, wish(cast, at=TWO))
    pattern = pattern_for(series, wish(cast, at=SIX, days=(0, 2, 4)), WED + WEEK)
    change_deciding.approve(request.items, actor=cast.as_max, series=pattern)
    assert [(d, t) for d, t, _p in visits()][2:] == [(NEXT_MON, NOON), (WED + WEEK, SIX), (FRI + WEEK, SIX), (NEXT_MON + WEEK, SIX)]  # fmt: skip


def test_a_no_leaves_everything_and_says_why(cast, series, outbox):
    before, request = visits(), ask(cast, series, wish(cast, at=TWO))
    outbox.clear()
    change_deciding.deny(request.items, actor=cast.as_max, note="Sam is busy then")
    assert (visits(), series.ends_on) == (before, None)
    assert outbox.facts(MailKind.CHANGE_DECIDED, to=cast.alice.email).outcome == "none"


def test_a_day_that_passed_meanwhile_begins_today(cast, series, clock_at):
    request = ask(cast, series, wish(cast, at=TWO), WED)
    clock_at("2026-11-27 09:00")
    change_deciding.approve(request.items, actor=cast.as_max)
    assert (series.ends_on, follower(series).starts_on) == (THU, FRI)
    assert [(d, t) for d, t, _p in visits()][:2] == [(WED, NOON), (FRI, TWO)]


def test_the_office_changed_the_series_itself_the_request_is_superseded_and_told(cast, series, outbox):
    request = ask(cast, series, wish(cast, at=TWO))
    outbox.clear()
    repeat_changes.go_on_with(series, pattern_for(series, wish(cast, at=SIX), NEXT_MON), actor=cast.as_max)
    db.session.expire_all()
    assert (request.items[0].state, request.is_open) == (ChangeState.SUPERSEDED, False)
    assert len(outbox.mails(MailKind.CHANGE_SUPERSEDED)) >= 1


def test_the_office_ended_the_series_the_night_closes_the_request(cast, series):
    request = ask(cast, series, wish(cast, at=TWO))
    repeats.end(series, FRI, actor=cast.as_max)
    assert change_requests.expire_due() == [cast.alice.id]
    change_requests.expire(cast.alice, actor=COMMAND_LINE)
    assert request.items[0].state is ChangeState.SUPERSEDED


def test_withdrawing_leaves_all_as_it_is(cast, series):
    request = ask(cast, series, wish(cast, at=TWO))
    change_requests.withdraw_request(request, actor=cast.as_alice)
    assert request.items[0].state is ChangeState.WITHDRAWN
    ask(cast, series, wish(cast, at=SIX))


def test_conflicts_of_the_sitter_are_found_before_the_decision(cast, series):
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=WED + WEEK, start_time=TWO)
    found = conflicts_of(series, shown(series, wish(cast, at=TWO)))
    assert [(f.on_date, f.kind.value) for f in found] == [(WED + WEEK, "overlap")]
    assert conflicts_of(series, shown(series, wish(cast, note="Only a word"))) == []


def test_too_late_for_one_visit_or_out_of_hours_is_refused_with_the_reason(cast, series):
    settings.change({"booking.change_limit_kind": "hours", "booking.change_limit_number": 96}, actor=COMMAND_LINE)
    assert refused("limit_hours", lambda: ask(cast, series, wish(cast, at=TWO), WED)) == "visits"
    for weekday in range(7):
        make.opening_hours(weekday)
    assert refused("out_of_hours", lambda: ask(cast, series, wish(cast, at=dt.time(20)))) == "times"
    wanted = wish(cast, at=dt.time(17))
    check_following(series, wanted, shown(series, wanted))
