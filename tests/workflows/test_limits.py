"""How late, how far ahead, and on which days clients may request: every kind of limit at every level, to the minute."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation import clock
from models import LimitKind, TimeType
from tests import factories as make
from tests.databases import statements
from workflows import limits, settings
from workflows.actors import COMMAND_LINE
from workflows.errors import Invalid
from workflows.limits import NO_LIMIT, Calendar, Limit

pytestmark = pytest.mark.covers("B9")

NOTHING = Calendar({}, {})
TODAY = dt.date(2026, 11, 23)
TOMORROW = dt.date(2026, 11, 24)


def at(text, zone="America/New_York", fold=0):
    from zoneinfo import ZoneInfo

    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(dt.UTC)


def code(refusal):
    return refusal.code if refusal else None


def ask(item, day, *, start_time=None, block=None, known=NOTHING, now=None):
    return limits.why_not_request(
        item, day, start_time=start_time, block=block, known=known, values=settings.read(), now=now or clock.now()
    )


# ----------------------------------------------------------------------------------------------------- which applies


def change(**values):
    settings.change({"booking.limit_" + k: v for k, v in values.items()}, actor=COMMAND_LINE)


def limited(kind, number=None, time=None):
    return {"request_limit_kind": kind, "request_limit_number": number, "request_limit_time": time}


def test_request_limit_is_none_when_nobody_sets_one(db_session):
    assert limits.request_limit(make.service_item(), settings.read()) == NO_LIMIT
    assert limits.request_limit(make.service_item(group=make.service_group()), settings.read()) == NO_LIMIT


def test_request_limit_is_the_item_s_else_its_group_s_else_the_business_s(db_session):
    change(kind="hours", number=5)
    group = make.service_group(**limited(LimitKind.DAYS, 2))
    own = make.service_item(group=group, **limited(LimitKind.TODAY_AFTER, None, dt.time(9)))
    by_group = make.service_item(group=group)
    by_business = make.service_item(group=make.service_group())
    assert [limits.request_limit(i, settings.read()) for i in (own, by_group, by_business)] == [
        Limit(LimitKind.TODAY_AFTER, 0, dt.time(9)), Limit(LimitKind.DAYS, 2), Limit(LimitKind.HOURS, 5),
    ]  # fmt: skip


@pytest.mark.parametrize("level", ["item", "group"])
@pytest.mark.parametrize(
    ("kind", "number"),
    [(LimitKind.NONE, None), (LimitKind.HOURS, 0), (LimitKind.DAYS, 0)],
    ids=["none", "0 hours", "0 days"],
)
def test_request_limit_of_zero_is_none_and_a_blank_inherits(db_session, level, kind, number):
    change(kind="hours", number=5)
    group = make.service_group(**(limited(kind, number) if level == "group" else {}))
    item = make.service_item(group=group, **(limited(kind, number) if level == "item" else {}))
    assert limits.request_limit(item, settings.read()) == NO_LIMIT
    blank = make.service_item(group=make.service_group())
    assert limits.request_limit(blank, settings.read()) == Limit(LimitKind.HOURS, 5)


def test_request_limit_of_zero_at_the_business_is_none(db_session):
    change(kind="hours", number=0)
    assert limits.request_limit(make.service_item(), settings.read()) == NO_LIMIT


# ------------------------------------------------------------------------------------------------------- the four kinds


@pytest.mark.parametrize(
    ("limit", "start", "now", "refused"),
    [
        # exactly N hours before is in time
        (Limit(LimitKind.HOURS, 24), "2026-11-24 10:00", "2026-11-23 10:00", None),
        (Limit(LimitKind.HOURS, 24), "2026-11-24 09:59", "2026-11-23 10:00", "limit_hours"),
        (Limit(LimitKind.HOURS, 24), "2026-11-24 10:00", "2026-11-23 10:00:01", "limit_hours"),
        # the clock on the wall counts, in the night of 1 November 2026, an hour longer, and in that of 14 March 2027
        (Limit(LimitKind.HOURS, 12), "2026-11-01 08:00", "2026-10-31 20:00", None),
        (Limit(LimitKind.HOURS, 12), "2026-11-01 08:00", "2026-10-31 20:01", "limit_hours"),
        (Limit(LimitKind.HOURS, 12), "2027-03-14 08:00", "2027-03-13 20:00", None),
        (Limit(LimitKind.HOURS, 12), "2027-03-14 08:00", "2027-03-13 20:01", "limit_hours"),
        # days count dates: 1 means tomorrow or later, whatever the hour
        (Limit(LimitKind.DAYS, 1), "2026-11-23 23:59", "2026-11-23 00:00", "limit_days"),
        (Limit(LimitKind.DAYS, 1), "2026-11-24 00:00", "2026-11-23 23:59", None),
        (Limit(LimitKind.DAYS, 3), "2026-11-25 12:00", "2026-11-23 10:00", "limit_days"),
        (Limit(LimitKind.DAYS, 3), "2026-11-26 12:00", "2026-11-23 23:00", None),
        (Limit(LimitKind.TODAY_AFTER, 0, dt.time(9)), "2026-11-23 18:00", "2026-11-23 08:59:59", None),
        (Limit(LimitKind.TODAY_AFTER, 0, dt.time(9)), "2026-11-23 18:00", "2026-11-23 09:00", "limit_today"),
        (Limit(LimitKind.TODAY_AFTER, 0, dt.time(9)), "2026-11-24 08:00", "2026-11-23 23:00", None),
        (Limit(LimitKind.TOMORROW_AFTER, 0, dt.time(20)), "2026-11-24 08:00", "2026-11-23 19:59:59", None),
        (Limit(LimitKind.TOMORROW_AFTER, 0, dt.time(20)), "2026-11-24 08:00", "2026-11-23 20:00", "limit_tomorrow"),
        (Limit(LimitKind.TOMORROW_AFTER, 0, dt.time(20)), "2026-11-23 18:00", "2026-11-23 10:00", "limit_tomorrow"),
        (Limit(LimitKind.TOMORROW_AFTER, 0, dt.time(20)), "2026-11-25 08:00", "2026-11-23 23:59", None),
        (Limit(LimitKind.TODAY_AFTER), "2026-11-23 18:00", "2026-11-23 17:00", None),
        (NO_LIMIT, "2026-11-23 10:01", "2026-11-23 10:00", None),
    ],
)  # fmt: skip
def test_check_limit_is_right_to_the_second(limit, start, now, refused):
    begins = at(start)
    refusal = limits.check_limit(limit, clock.to_local(begins).date(), begins, at(now))
    assert (code(refusal), refusal.too_late if refusal else False) == (refused, refused is not None)


def test_check_limit_goes_by_the_business_s_date_not_the_server_s():
    clock.use_zone("Europe/Berlin")
    start = at("2026-11-24 08:00", "Europe/Berlin")
    late_in_utc_s_yesterday = at("2026-11-24 00:30", "Europe/Berlin")
    assert (
        code(limits.check_limit(Limit(LimitKind.DAYS, 1), dt.date(2026, 11, 24), start, late_in_utc_s_yesterday))
        == "limit_days"
    )


def test_refusal_is_an_error_about_a_field_with_the_same_sentence():
    refusal = limits.check_limit(Limit(LimitKind.HOURS, 24), TOMORROW, at("2026-11-24 09:00"), clock.now())
    error = refusal.error(field="dates")
    assert isinstance(error, Invalid)
    assert (error.code, error.field, str(error)) == ("limit_hours", "dates", "Ask at least 24 hours before the visit.")


# ------------------------------------------------------------------------------------------------------------- days


@pytest.mark.parametrize(
    ("day", "refused"),
    [("2026-11-22", "past"), ("2026-11-23", None), ("2027-12-28", None), ("2027-12-29", "too_far")],
)
def test_day_is_between_today_and_the_set_number_of_days_ahead(db_session, day, refused):
    assert code(limits.why_not_day(dt.date.fromisoformat(day), NOTHING, settings.read(), clock.now())) == refused


def test_closed_days_and_closed_holidays_are_refused_with_their_reason(db_session):
    make.closed_day(dt.date(2026, 12, 24), dt.date(2026, 12, 26), reason="Christmas break")
    make.closed_day(dt.date(2027, 1, 2))
    make.public_holiday(dt.date(2026, 12, 25), "Christmas Day", is_closed=True)
    make.public_holiday(dt.date(2027, 1, 1), "New Year's Day", is_closed=True)
    make.public_holiday(dt.date(2026, 11, 26), "Thanksgiving Day")
    make.closed_day(dt.date(2026, 11, 1), dt.date(2026, 11, 22), reason="long ago")
    known = limits.calendar(dt.date(2026, 11, 23), dt.date(2027, 1, 1))
    assert known.closed == {
        dt.date(2026, 12, 24): "Christmas break", dt.date(2026, 12, 25): "Christmas break",
        dt.date(2026, 12, 26): "Christmas break", dt.date(2027, 1, 1): "New Year's Day",
    }  # fmt: skip
    assert known.holidays == {
        dt.date(2026, 11, 26): "Thanksgiving Day", dt.date(2026, 12, 25): "Christmas Day", dt.date(2027, 1, 1): "New Year's Day",
    }  # fmt: skip
    known.closed[dt.date(2027, 1, 2)] = ""
    says = {
        day: limits.why_not_day(day, known, settings.read(), clock.now())
        for day in (dt.date(2026, 12, 24), dt.date(2027, 1, 2), dt.date(2026, 11, 26))
    }
    assert [r and str(r.error()) for r in says.values()] == [
        "Closed on this day: Christmas break.",
        "Closed on this day.",
        None,
    ]


def test_calendar_of_a_stretch_that_reaches_over_both_ends_is_cut(db_session):
    make.closed_day(dt.date(2000, 1, 1), dt.date(2100, 1, 1))
    assert sorted(limits.calendar(TODAY, TOMORROW).closed) == [TODAY, TOMORROW]


def test_calendar_asks_two_questions_however_long_the_stretch(db_session):
    with statements() as sent:
        limits.calendar(TODAY, dt.date(2028, 1, 1))
        assert len(sent) == 2


def test_span_is_first_and_last_day():
    assert limits.span([TOMORROW, TODAY, dt.date(2026, 12, 1)]) == (TODAY, dt.date(2026, 12, 1))
    assert limits.span([]) == (TODAY, TODAY)


# --------------------------------------------------------------------------------------------------- the whole answer


@pytest.mark.covers("B2")
@pytest.mark.parametrize("values", [{"is_active": False}, {"visible_in_portal": False}], ids=["inactive", "hidden"])
def test_item_that_is_not_offered_cannot_be_requested(db_session, values):
    refusal = ask(make.service_item("Pet taxi", **values), make.DAY)
    assert (refusal.code, str(refusal.error())) == ("item_hidden", "Pet taxi is no longer offered online.")


@pytest.mark.parametrize(
    ("start", "refused"),
    [("09:59", "past_time"), ("10:00", None), ("10:01", None), ("00:00", "past_time"), (None, None)],
)
def test_time_of_today_that_has_passed_cannot_be_requested(db_session, start, refused):
    start_time = dt.time.fromisoformat(start) if start else None
    assert code(ask(make.service_item(), TODAY, start_time=start_time)) == refused


@pytest.mark.parametrize(
    ("block", "now", "refused"),
    [
        (("07:00", "10:00"), "2026-11-23 09:59", None), (("07:00", "10:00"), "2026-11-23 10:00:01", "past_time"),
        (("22:00", "02:00"), "2026-11-23 23:30", None), (("20:00", "00:00"), "2026-11-23 23:59", None),
        # the block over the long night ends at 02:00 of the new time, seven real hours after 20:00
        (("20:00", "02:00"), "2026-10-31 23:30", None),
    ],
)  # fmt: skip
def test_block_can_be_requested_until_it_ends_also_over_midnight(db_session, clock_at, block, now, refused):
    moment = clock_at(now)
    starts, ends = (dt.time.fromisoformat(t) for t in block)
    chosen = make.time_block(None, starts, ends)
    item = make.service_item(time_type=TimeType.TIME_BLOCK, time_blocks=[chosen])
    assert code(ask(item, clock.today(), block=chosen, now=moment)) == refused


def test_block_counts_from_its_start_for_a_limit_in_hours(db_session):
    block = make.time_block("Morning", dt.time(7), dt.time(10))
    item = make.service_item(time_type=TimeType.TIME_BLOCK, time_blocks=[block], **limited(LimitKind.HOURS, 21))
    assert code(ask(item, TOMORROW, block=block)) is None
    item.request_limit_number = 22
    assert code(ask(item, TOMORROW, block=block)) == "limit_hours"


@pytest.mark.parametrize("time_type", [TimeType.ANYTIME, TimeType.ALL_DAY], ids=str)
def test_item_without_a_time_counts_from_midnight_for_a_limit_in_hours(db_session, time_type):
    item = make.service_item(time_type=time_type, price=Decimal(1), **limited(LimitKind.HOURS, 14))
    assert code(ask(item, TOMORROW)) is None
    item.request_limit_number = 15
    assert code(ask(item, TOMORROW)) == "limit_hours"


def test_closed_day_comes_before_the_limit(db_session):
    item = make.service_item(**limited(LimitKind.DAYS, 30))
    assert code(ask(item, TOMORROW, known=Calendar({TOMORROW: ""}, {}))) == "closed"
    assert code(ask(item, TOMORROW)) == "limit_days"
