"""Which visits the client may still ask to change or cancel: states, the past, today, and the limits of each use."""

import datetime as dt

import pytest

from foundation import clock
from models import JobState, LimitKind
from tests import factories as make
from workflows import limits, settings
from workflows.actors import COMMAND_LINE
from workflows.limits import NO_LIMIT, Limit, Use

pytestmark = pytest.mark.covers("X8")

TODAY, TOMORROW = dt.date(2026, 11, 23), dt.date(2026, 11, 24)


def set_(**values):
    settings.change({k.replace("__", "."): v for k, v in values.items()}, actor=COMMAND_LINE)


def ask(job, use=Use.CANCEL, now=None):
    return limits.why_not_touch(
        job, use=use, known=limits.Calendar({}, {}), values=settings.read(), now=now or clock.now()
    )


def told(job, use=Use.CANCEL, now=None):
    refusal = ask(job, use, now)
    return (refusal.code, str(refusal.error()), refusal.too_late) if refusal else None


def visit(on_date=TOMORROW, start="10:00", **more):
    return make.job(on_date=on_date, start_time=dt.time.fromisoformat(start) if start else None, **more)


# ---------------------------------------------------------------------------------------------------- which applies


@pytest.mark.parametrize("use", list(Use), ids=str)
def test_each_use_has_its_own_limits_at_all_three_levels(db_session, use):
    prefix = {"request": "", "change": "change_", "cancel": "cancel_"}[use.value]
    set_(**{f"booking__{prefix}limit_kind": "hours", f"booking__{prefix}limit_number": 5})
    group = make.service_group(**{f"{use.value}_limit_kind": LimitKind.DAYS, f"{use.value}_limit_number": 2})
    own = make.service_item(
        group=group, **{f"{use.value}_limit_kind": LimitKind.TODAY_AFTER, f"{use.value}_limit_time": dt.time(9)}
    )
    none = make.service_item(
        group=group, **{f"{use.value}_limit_kind": LimitKind.HOURS, f"{use.value}_limit_number": 0}
    )
    items = [
        own,
        none,
        make.service_item(group=group),
        make.service_item(group=make.service_group()),
        make.service_item(),
    ]
    assert [limits.limit_for(i, use, settings.read()) for i in items] == [
        Limit(LimitKind.TODAY_AFTER, 0, dt.time(9)), NO_LIMIT, Limit(LimitKind.DAYS, 2), Limit(LimitKind.HOURS, 5),
        Limit(LimitKind.HOURS, 5),
    ]  # fmt: skip
    for other in set(Use) - {use}:
        assert [limits.limit_for(i, other, settings.read()) for i in items] == [NO_LIMIT] * 5


# ------------------------------------------------------------------------------------------------- states and the past


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        (JobState.IN_PROGRESS, ("job_in_progress", "This visit has begun.", True)),
        (JobState.COMPLETED, ("job_completed", "This visit is done.", False)),
        (JobState.CANCELLED, ("job_cancelled", "This visit is cancelled already.", False)),
        (JobState.VOIDED, ("job_voided", "This visit did not take place.", False)),
        (JobState.SCHEDULED, None),
    ],
)
@pytest.mark.parametrize("use", [Use.CHANGE, Use.CANCEL], ids=str)
def test_only_scheduled_visits(db_session, state, refused, use):
    assert told(visit(state=state), use) == refused


@pytest.mark.parametrize("future_only", [True, False])
def test_visit_of_the_past_never(db_session, future_only):
    set_(changes__future_only=future_only)
    assert told(visit(dt.date(2026, 11, 22))) == ("past", "This visit is in the past.", True)
    stay = visit(dt.date(2026, 11, 22), ends_on=dt.date(2026, 11, 25))
    assert told(stay) == ("past", "This visit has begun.", True)


def test_today_is_too_late_by_the_setting_whatever_the_hour(db_session):
    assert told(visit(TODAY, "23:59")) == ("today", "Today's visits cannot be cancelled online.", True)
    assert told(visit(TODAY, "23:59"), Use.CHANGE) == ("today", "Today's visits cannot be changed online.", True)
    assert told(visit(TOMORROW, "00:00")) is None


def test_today_without_the_setting_until_its_time_has_passed(db_session):
    set_(changes__future_only=False)
    late = ("past_time", "The time of this visit has passed already.", True)
    assert [told(visit(TODAY, s)) for s in ("09:59", "10:00", "10:01", None)] == [late, None, None, None]
    over, running = make.time_block(None, dt.time(7), dt.time(9)), make.time_block(None, dt.time(9), dt.time(12))
    assert [told(visit(TODAY, None, block=b)) for b in (over, running)] == [late, None]
    assert told(visit(TODAY, "09:30", block=running)) == late


def test_today_is_the_business_s_today(db_session, clock_at):
    """23:30 in New York is tomorrow already where the server stands and in UTC."""
    now = clock_at("2026-11-23 23:30")
    assert [ask(visit(d), now=now) is None for d in (TODAY, TOMORROW)] == [False, True]


# --------------------------------------------------------------------------------------------------------- the limits


@pytest.mark.parametrize(
    ("limit", "start", "now", "cancel", "change"),
    [
        ((LimitKind.HOURS, 24, None), "10:00", "2026-11-23 10:00", None, None),
        ((LimitKind.HOURS, 24, None), "10:00", "2026-11-23 10:00:01",
         "Visits can be cancelled until 24 hours before they start.", "Visits can be changed until 24 hours before they start."),
        ((LimitKind.HOURS, 1, None), "00:30", "2026-11-23 23:31",
         "Visits can be cancelled until one hour before they start.", "Visits can be changed until one hour before they start."),
        ((LimitKind.DAYS, 2, None), "10:00", "2026-11-22 23:59", None, None),
        ((LimitKind.DAYS, 2, None), "10:00", "2026-11-23 00:00",
         "Visits can be cancelled until 2 days before.", "Visits can be changed until 2 days before."),
        ((LimitKind.DAYS, 1, None), "10:00", "2026-11-23 23:59", None, None),
        ((LimitKind.DAYS, 0, None), "10:00", "2026-11-23 23:59", None, None),
        ((LimitKind.NONE, None, None), "10:00", "2026-11-23 23:59", None, None),
        ((LimitKind.TODAY_AFTER, None, dt.time(8)), "10:00", "2026-11-23 23:59", None, None),
        ((LimitKind.TODAY_AFTER, None, dt.time(8)), "10:00", "2026-11-24 08:00",
         "Today's visits can be cancelled until 08:00.", "Today's visits can be changed until 08:00."),
        ((LimitKind.TOMORROW_AFTER, None, dt.time(20)), "10:00", "2026-11-23 19:59:59", None, None),
        ((LimitKind.TOMORROW_AFTER, None, dt.time(20)), "10:00", "2026-11-23 20:00",
         "Visits can be cancelled until 20:00 on the day before.", "Visits can be changed until 20:00 on the day before."),
    ],
)  # fmt: skip
def test_limits_of_cancelling_and_changing_to_the_second(db_session, clock_at, limit, start, now, cancel, change):
    set_(changes__future_only=False)
    moment = clock_at(now)
    for use, says in ((Use.CANCEL, cancel), (Use.CHANGE, change)):
        kind, number, time = limit
        own = {f"{use.value}_limit_kind": kind, f"{use.value}_limit_number": number, f"{use.value}_limit_time": time}
        job = visit(TOMORROW, start, item=make.service_item(**own))
        refusal = ask(job, use, moment)
        assert (str(refusal.error()), refusal.too_late) == (says, True) if says else refusal is None
        other = Use.CHANGE if use is Use.CANCEL else Use.CANCEL
        assert ask(job, other, moment) is None


def test_block_counts_from_its_start_and_no_time_from_midnight(db_session):
    block = make.time_block("Morning", dt.time(7), dt.time(10))
    for hours, start, chosen, fits in (
        (21, None, block, True), (22, None, block, False), (24, "10:00", block, True), (25, "10:00", block, False),
        (14, None, None, True), (15, None, None, False),
    ):  # fmt: skip
        item = make.service_item(cancel_limit_kind=LimitKind.HOURS, cancel_limit_number=hours)
        assert (told(visit(TOMORROW, start, block=chosen, item=item)) is None) == fits, (hours, start)


# ---------------------------------------------------------------------------------------------- the new day of a change


def target(item, day, start="10:00", **more):
    refusal = limits.why_not_target(
        item, day, start_time=dt.time.fromisoformat(start) if start else None, block=None,
        known=limits.calendar(TODAY, dt.date(2026, 12, 31)), values=settings.read(), now=clock.now(), **more,
    )  # fmt: skip
    return refusal and refusal.code


def test_target_of_a_change_is_checked_like_a_request_without_the_request_limit(db_session):
    item = make.service_item(visible_in_portal=False, request_limit_kind=LimitKind.DAYS, request_limit_number=30)
    make.closed_day(dt.date(2026, 12, 24), reason="Christmas")
    make.opening_hours(1, dt.time(8), dt.time(12))
    make.opening_hours(0, dt.time(8), dt.time(12))
    days = {
        "2026-11-22": "past", "2026-11-23": None, "2026-11-24": None, "2026-11-25": "closed", "2026-12-24": "closed",
        "2027-12-29": "too_far",
    }  # fmt: skip
    assert {d: target(item, dt.date.fromisoformat(d)) for d in days} == days
    assert [target(item, TOMORROW, s) for s in ("07:59", "12:01")] == ["out_of_hours"] * 2
    assert target(item, TODAY, "09:30") == "past_time"


def test_target_of_a_stay_needs_every_day_open(db_session):
    item = make.service_item()
    make.closed_day(dt.date(2026, 12, 24), service_item=item)
    assert target(item, dt.date(2026, 12, 21), ends_on=dt.date(2026, 12, 23)) is None
    assert target(item, dt.date(2026, 12, 21), ends_on=dt.date(2026, 12, 24)) == "closed"
    assert target(item, dt.date(2027, 12, 20), ends_on=dt.date(2028, 1, 2)) == "too_far"
