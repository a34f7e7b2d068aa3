"""Policies that real companies publish, each written as rules and worked through with figures.

A late-booking fee is no cancellation: price rules have it. Whether a change of date counts as a cancellation is the
setting `changes.count_as_cancel`, which the change requests ask.
"""

import datetime as dt
from decimal import Decimal
from itertools import count

import pytest

from foundation import clock
from models import Initiator, JobState, NoticeKind, PolicyBasis, RefundTo, TimeType
from tests import factories as make
from workflows.cancellation import preview

pytestmark = pytest.mark.covers("X10")

HOURS, DAYS, CLOCK, BUSINESS = NoticeKind.HOURS, NoticeKind.DAYS, NoticeKind.CLOCK, NoticeKind.BUSINESS_CLOCK
STAY = PolicyBasis.STAY


def t(text):
    return dt.time.fromisoformat(text)


def d(text):
    return dt.date.fromisoformat(text)


@pytest.fixture
def policy(db_session):
    """`policy(("Late", 50, {...}), …)`: rules in order, each with its percentage."""
    places = count(1)

    def write(*rules):
        for name, percent, more in rules:
            make.cancellation_rule(name, position=next(places), charge_percent=Decimal(percent), **more)

    return write


@pytest.fixture
def alice(db_session):
    return make.client("Alice", "Archer")


def visit(client, when, *, price=40, item=None, **more):
    day, start = when.split()
    return make.job(
        client, item, on_date=d(day), start_time=t(start), price=Decimal(price), sitter_pay=Decimal(price) / 2, **more
    )


def charges(jobs, now, *, by=Initiator.CLIENT, **more):
    """What each of the visits costs when they are called off together at `now` (the business's clock)."""
    day, time = now.split()
    found = preview(jobs, initiator=by, now=clock.from_local(d(day), t(time)), **more)
    return [found[j.id].charge for j in jobs]


def charge(job, now, **more):
    return charges([job], now, **more)[0]


# ------------------------------------------------------------------------------------------------- tiers by the notice


@pytest.mark.parametrize(
    ("now", "costs"),
    [
        ("2026-12-03 11:59", 0), ("2026-12-03 12:00", 0), ("2026-12-03 12:01", 10), ("2026-12-07 12:00", 10),
        ("2026-12-07 12:01", 20), ("2026-12-09 12:00", 20), ("2026-12-09 12:01", 40), ("2026-12-10 11:00", 40),
    ],
)  # fmt: skip
def test_tiers_of_seven_days_72_hours_24_hours(policy, alice, now, costs):
    """25 % within 7 days, 50 % within 72 hours, 100 % within 24 hours; at exactly 24 hours it is still half."""
    policy(
        ("24 hours", 100, {"notice_kind": HOURS, "notice_number": 24}),
        ("72 hours", 50, {"notice_kind": HOURS, "notice_number": 72}),
        ("7 days", 25, {"notice_kind": HOURS, "notice_number": 168}),
    )
    assert charge(visit(alice, "2026-12-10 12:00"), now) == costs


@pytest.mark.parametrize(
    ("begins", "free", "late"),
    [
        ("2026-11-01 10:00", "2026-10-31 10:00", "2026-10-31 10:01"),
        ("2027-03-14 10:00", "2027-03-13 10:00", "2027-03-13 10:01"),
    ],
    ids=["autumn", "spring"],
)
def test_24_hours_are_the_same_time_on_the_day_before_also_when_the_clock_is_changed(policy, alice, begins, free, late):
    policy(("24 hours", 100, {"notice_kind": HOURS, "notice_number": 24}))
    assert [charge(visit(alice, begins), now) for now in (free, late)] == [0, 40]


# ------------------------------------------------------------------------------------------ cut-offs by the clock


@pytest.mark.parametrize(
    ("now", "costs", "night_costs"),
    [
        ("2026-12-06 22:00", 0, 0), ("2026-12-06 22:01", 0, 120), ("2026-12-08 20:59", 0, 120),
        ("2026-12-08 21:00", 25, 120), ("2026-12-09 06:29", 25, 120), ("2026-12-09 06:30", 40, 120),
    ],
)  # fmt: skip
def test_clock_cut_offs_with_flat_fees(policy, alice, now, costs, night_costs):
    """After 9 pm the day before 25, after 6:30 on the day 50 (never more than the price), overnight under 72 h 120."""
    nights = make.service_group("Nights")
    policy(
        ("Overnight", 0, {"service_group": nights, "notice_kind": HOURS, "notice_number": 72, "charge_amount": Decimal(120)}),
        ("Nights are done", 0, {"service_group": nights}),
        ("Same morning", 0, {"notice_kind": CLOCK, "notice_number": 0, "notice_time": t("06:30"), "charge_amount": Decimal(50)}),
        ("Evening before", 0, {"notice_kind": CLOCK, "notice_number": 1, "notice_time": t("21:00"), "charge_amount": Decimal(25)}),
    )  # fmt: skip
    night = visit(make.client(), "2026-12-09 22:00", price=150, item=make.service_item(group=nights))
    assert (charge(visit(alice, "2026-12-09 12:00"), now), charge(night, now)) == (costs, night_costs)
    assert charge(visit(make.client(), "2026-12-09 12:00", price=60), "2026-12-09 07:00") == 50


@pytest.mark.parametrize(
    ("begins", "free", "late"),
    [
        ("2026-12-08 08:00", "2026-12-07 16:59", "2026-12-07 17:00"),  # Tuesday: Monday at five
        ("2026-12-07 08:00", "2026-12-04 16:59", "2026-12-04 17:00"),  # Monday: Friday at five
        ("2026-12-07 08:00", "2026-12-04 16:59", "2026-12-05 09:00"),  # a Saturday is too late for Monday
        ("2026-12-08 08:00", "2026-12-06 20:00", "2026-12-07 17:00"),  # a Sunday counts as the Monday after it
        ("2026-12-06 08:00", "2026-12-04 16:59", "2026-12-04 17:00"),  # Sunday: Friday at five
        ("2026-11-27 08:00", "2026-11-25 16:59", "2026-11-25 17:00"),  # the day after Thanksgiving: Wednesday
        ("2026-12-29 08:00", "2026-12-23 16:59", "2026-12-23 17:00"),  # after Christmas, with the 24th and 28th closed
    ],
)
def test_five_o_clock_on_the_business_day_before(policy, alice, begins, free, late):
    make.public_holiday(d("2026-11-26"))
    make.public_holiday(d("2026-12-25"), "Christmas Day")
    make.closed_day(d("2026-12-24"))
    make.closed_day(d("2026-12-28"))
    policy(("Late", 100, {"notice_kind": BUSINESS, "notice_number": 1, "notice_time": t("17:00")}))
    assert [charge(visit(alice, begins), now) for now in (free, late)] == [0, 40]


def test_half_past_eight_for_walks_and_24_hours_on_holidays(policy, alice):
    make.public_holiday(d("2026-12-25"), "Christmas Day")
    walks = make.service_group("Walks")
    walk = make.service_item(group=walks)
    policy(
        ("Holiday", 100, {"service_group": walks, "on_holiday": True, "notice_kind": HOURS, "notice_number": 24}),
        ("Same day", 100, {"service_group": walks, "on_holiday": False, "notice_kind": CLOCK, "notice_number": 0, "notice_time": t("08:30")}),
    )  # fmt: skip
    usual, holiday = visit(alice, "2026-12-23 15:00", item=walk), visit(alice, "2026-12-25 15:00", item=walk)
    assert [charge(usual, f"2026-12-23 {now}") for now in ("08:29", "08:30")] == [0, 40]
    assert [charge(holiday, f"2026-12-24 {now}") for now in ("15:00", "15:01")] == [0, 40]
    assert charge(visit(alice, "2026-12-23 15:00"), "2026-12-23 14:00") == 0


# ------------------------------------------------------------------------------------------ tables per kind of service


@pytest.mark.parametrize(
    ("service", "holiday", "free", "late", "costs"),
    [
        ("walk", False, "2026-12-09 12:00", "2026-12-09 12:01", 20),
        ("sit", False, "2026-12-07 12:00", "2026-12-07 12:01", 20),
        ("night", False, "2026-12-03 23:59", "2026-12-04 00:00", 20),
        ("walk", True, "2026-12-03 23:59", "2026-12-04 00:00", 40),
        ("sit", True, "2026-12-03 23:59", "2026-12-04 00:00", 40),
        ("night", True, "2026-11-26 23:59", "2026-11-27 00:00", 40),
    ],
)
def test_table_for_each_kind_of_service_with_a_holiday_variant(policy, alice, service, holiday, free, late, costs):
    """Walks 24 hours, sits 72 hours, nights 7 days at half; on holidays 7 days, nights 14 days, in full."""
    groups = {name: make.service_group(name) for name in ("walk", "sit", "night")}
    for name, kind, number, on_holidays in (("walk", HOURS, 24, 7), ("sit", HOURS, 72, 7), ("night", DAYS, 7, 14)):
        policy(
            (f"{name}, holiday", 100, {"service_group": groups[name], "on_holiday": True, "notice_kind": DAYS, "notice_number": on_holidays}),
            (name, 50, {"service_group": groups[name], "on_holiday": False, "notice_kind": kind, "notice_number": number}),
        )  # fmt: skip
    if holiday:
        make.public_holiday(d("2026-12-10"), "Founders' Day")
    job = visit(alice, "2026-12-10 12:00", item=make.service_item(group=groups[service]))
    assert [charge(job, now) for now in (free, late)] == [0, costs]


# --------------------------------------------------------------------------------------------------------------- stays


def stay(client, first, days, **more):
    return [visit(client, f"{d(first) + dt.timedelta(days=i)} 12:00", **more) for i in range(days)]


def test_notice_from_the_first_visit_of_the_stay_on_the_whole_of_it(policy, alice):
    """Half of everything within 7 days of the first visit, also of the visits that are further away."""
    policy(("Stay", 50, {"basis": STAY, "notice_kind": DAYS, "notice_number": 7}))
    jobs = stay(alice, "2026-12-10", 10)
    other = visit(alice, "2026-12-22 12:00")
    assert charges([*jobs, other], "2026-12-03 23:59") == [0] * 11
    assert charges([*jobs, other], "2026-12-04 00:00") == [20] * 10 + [0]
    assert charge(jobs[-1], "2026-12-04 00:00") == 20
    assert [charge(other, now) for now in ("2026-12-15 23:59", "2026-12-16 00:00")] == [0, 20]


def test_late_cancel_of_a_stay_first_three_days_full_the_rest_at_the_deposit_rate(policy, alice):
    late = {"basis": STAY, "notice_kind": HOURS, "notice_number": 48}
    policy(("First days", 100, {**late, "stay_day_to": 3}), ("Deposit", 25, {**late, "stay_day_from": 4}))
    jobs = [*stay(alice, "2026-12-10", 6), visit(alice, "2026-12-12 18:00")]
    assert charges(jobs, "2026-12-09 12:00") == [40, 40, 40, 10, 10, 10, 40]
    assert charges(jobs, "2026-12-08 12:00") == [0] * 7
    # when the last three days alone are called off, those are the first three of what is called off
    assert charges(jobs[3:6], "2026-12-09 12:00") == [40, 40, 40]
    whole = make.service_item("Overnight", time_type=TimeType.ALL_DAY)
    booking = make.job(
        make.client(), whole, on_date=d("2026-12-10"), start_time=None, ends_on=d("2026-12-16"), price=Decimal(600)
    )
    assert charge(booking, "2026-12-09 12:00") == 3 * 100 + 3 * 25


def test_early_return_charges_the_remaining_visits_in_full_and_pays_the_sitter(policy, alice):
    policy(
        ("Early return", 100, {"stay_begun": True, "pay_percent": Decimal(100)}),
        ("Late", 50, {"stay_begun": False, "notice_kind": HOURS, "notice_number": 48}),
    )
    done = visit(alice, "2026-11-22 12:00", state=JobState.COMPLETED)
    left = stay(alice, "2026-11-23", 4)
    now = clock.from_local(d("2026-11-23"), t("09:00"))
    found = preview(left, initiator=Initiator.CLIENT, now=now)
    assert [(o.charge, o.sitter_pay, o.rule_name) for o in found.values()] == [(40, 20, "Early return")] * 4
    assert done.id not in found
    fresh = stay(make.client(), "2026-11-24", 4)
    assert charges(fresh, "2026-11-23 09:00") == [20, 0, 0, 0]
    assert charges(fresh, "2026-11-24 12:00") == [40] * 4


# ----------------------------------------------------------------------------------------------- refunds and fees kept


@pytest.mark.parametrize(
    ("now", "keeps"),
    [("2026-12-08 12:00", 0), ("2026-12-08 12:01", 20), ("2026-12-09 12:00", 20), ("2026-12-09 12:01", 40)],
)
def test_refund_only_as_credit_all_half_or_nothing(policy, alice, now, keeps):
    policy(
        ("24 hours", 100, {"notice_kind": HOURS, "notice_number": 24, "refund_to": RefundTo.CREDIT}),
        ("48 hours", 50, {"notice_kind": HOURS, "notice_number": 48, "refund_to": RefundTo.CREDIT}),
        ("In time", 0, {"refund_to": RefundTo.CREDIT}),
    )
    job = visit(alice, "2026-12-10 12:00")
    day, time = now.split()
    found = preview([job], initiator=Initiator.CLIENT, now=clock.from_local(d(day), t(time)))[job.id]
    assert (found.charge, found.refund_to) == (keeps, RefundTo.CREDIT)


@pytest.mark.parametrize(
    ("begins", "far", "near"),
    [
        # the balance is due ten days before, in December and January four weeks before
        ("2026-11-30", 10, 40), ("2026-12-01", 20, 40), ("2027-01-31", 20, 40), ("2027-02-01", 10, 40),
    ],
)  # fmt: skip
def test_booking_fee_is_kept_and_the_balance_falls_due_before(policy, alice, begins, far, near):
    season = {"season_from": "12-01", "season_to": "01-31"}
    policy(
        ("High season", 100, {**season, "notice_kind": DAYS, "notice_number": 28}),
        ("High season fee", 50, season),
        ("Balance due", 100, {"notice_kind": DAYS, "notice_number": 10}),
        ("Booking fee", 25, {}),
    )
    in_season = "2026-12-01" <= begins <= "2027-01-31"
    job = visit(alice, f"{begins} 12:00")
    due = d(begins) - dt.timedelta(days=28 if in_season else 10)
    assert [charge(job, f"{day} 12:00") for day in (due - dt.timedelta(days=60), due, due + dt.timedelta(days=1))] == [
        far,
        far,
        near,
    ]


# ---------------------------------------------------------------------------------------------------------- allowances


def test_allowance_of_one_month_s_walks_a_year_and_the_office_s_cancels_do_not_count(policy, alice):
    """Two walks a week since a year: about nine a month are free, then late ones cost all."""
    walks = make.service_group("Walks")
    walk = make.service_item(group=walks)
    for week in range(-52, 4):
        for day in (0, 3):
            visit(alice, f"{d('2026-11-23') + dt.timedelta(weeks=week, days=day)} 12:00", item=walk)
    used = {"state": JobState.CANCELLED, "cancelled_at": clock.from_local(d("2026-05-01"), t("12:00"))}
    for i in range(8):
        visit(alice, f"2026-05-{i + 1:02} 13:00", item=walk, cancelled_by=Initiator.CLIENT, **used)
    for i in range(9):
        visit(alice, f"2026-05-{i + 1:02} 14:00", item=walk, cancelled_by=Initiator.OFFICE, **used)
    policy(
        ("Your free month", 0, {"service_group": walks, "allowance_months": 1}),
        ("Late", 100, {"notice_kind": HOURS, "notice_number": 24}),
    )
    first, second = visit(alice, "2026-11-24 08:00", item=walk), visit(alice, "2026-11-24 09:00", item=walk)
    assert charges([first, second], "2026-11-24 07:00") == [0, 40]
    # in the new year the count begins again
    later = visit(alice, "2027-01-05 09:00", item=walk)
    assert charge(later, "2027-01-05 08:00") == 0


# ------------------------------------------------------------------------------------------------ the office, and series


def test_sickness_and_weather_are_the_office_s_to_waive(policy, alice):
    """The office cancels free of charge and may still pay the sitter; taking another fee than the rule's is `FEES`."""
    policy(
        ("Office", 0, {"initiator": Initiator.OFFICE, "pay_amount": Decimal(10)}),
        ("Late", 100, {"notice_kind": HOURS, "notice_number": 24, "pay_percent": Decimal(50)}),
    )
    job = visit(alice, "2026-11-23 12:00")
    assert [charge(job, "2026-11-23 11:00", by=by) for by in (Initiator.OFFICE, Initiator.CLIENT)] == [0, 40]
    paid = [preview([job], initiator=by)[job.id].sitter_pay for by in (Initiator.OFFICE, Initiator.CLIENT)]
    assert paid == [10, 10]


def test_thirty_days_notice_to_end_a_repeating_arrangement(policy, alice):
    """Visits of the next 30 days are charged when the series ends; a single one that is called off is not."""
    policy(("30 days", 100, {"ends_series": True, "notice_kind": DAYS, "notice_number": 30}))
    jobs = [visit(alice, f"{day} 12:00") for day in ("2026-11-24", "2026-12-22", "2026-12-23", "2027-01-05")]
    assert charges(jobs, "2026-11-23 10:00", ends_series=True) == [40, 40, 0, 0]
    assert charges(jobs, "2026-11-23 10:00") == [0] * 4


# ------------------------------------------------------------------------------------------------------------- nights


def test_overnight_counts_from_the_evening_on_which_it_begins(policy, alice):
    make.public_holiday(d("2026-12-25"), "Christmas Day")
    night = make.service_item(duration_minutes=600)
    policy(
        ("Holiday", 100, {"on_holiday": True, "notice_kind": HOURS, "notice_number": 48}),
        ("Late", 50, {"notice_kind": HOURS, "notice_number": 24}),
    )
    eve, after = visit(alice, "2026-12-24 22:00", item=night), visit(make.client(), "2026-12-26 22:00", item=night)
    assert [charge(eve, f"2026-12-22 {now}") for now in ("22:00", "22:01")] == [0, 40]
    assert [charge(after, f"2026-12-25 {now}") for now in ("22:00", "22:01")] == [0, 20]
