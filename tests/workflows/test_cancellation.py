"""The cancellation policy's engine: every condition at its edges, every outcome to the cent, and the facts it goes by."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import clock
from models import (
    CancellationRule,
    Initiator,
    JobState,
    NoticeKind,
    PolicyBasis,
    RefundTo,
    TimeType,
)
from tests import factories as make
from tests.databases import statements
from workflows import cancellation, cancellation_facts
from workflows.cancellation import FREE, Facts, Outcome, decide, preview, why_not

pytestmark = pytest.mark.covers("X10")

NOW = dt.datetime(2026, 11, 23, 10)
THU = dt.date(2026, 11, 26)


def rule(name="Rule", **more):
    return CancellationRule(name=name, **{"charge_percent": Decimal(100), **more})


def facts(begins="2026-11-26 12:00", now="2026-11-23 10:00", price=40, pay=20, **more):
    return Facts(
        price=Decimal(price), sitter_pay=Decimal(pay), begins=dt.datetime.fromisoformat(begins),
        now=dt.datetime.fromisoformat(now), **more,
    )  # fmt: skip


def holds(a_rule, some):
    no = why_not(a_rule, some)
    return no is None or no.code


# -------------------------------------------------------------------------------------------------------- the outcome


def test_without_a_rule_that_holds_it_is_free():
    assert decide([], facts()) == FREE == Outcome(Decimal(0), Decimal(0), RefundTo.CREDIT, "")
    assert decide([rule(initiator=Initiator.OFFICE)], facts()) == FREE


def test_first_rule_that_holds_decides():
    rules = [rule("Office", initiator=Initiator.OFFICE), rule("Half", charge_percent=Decimal(50)), rule("All")]
    assert decide(rules, facts()) == Outcome(Decimal(20), Decimal(0), RefundTo.CREDIT, "Half")


@pytest.mark.parametrize(
    ("more", "charge", "pay"),
    [
        ({"charge_percent": 50}, "12.50", "0"),
        ({"charge_percent": Decimal("33.33")}, "8.33", "0"),
        ({"charge_percent": Decimal("12.5"), "charge_amount": 5}, "8.13", "0"),  # 3.125 goes up
        ({"charge_percent": 0, "charge_amount": 25}, "25.00", "0"),
        ({"charge_percent": 0, "charge_amount": 26}, "25.00", "0"),
        ({"charge_percent": 100, "charge_amount": 10}, "25.00", "0"),
        ({"charge_percent": 50, "charge_cap": 10}, "10", "0"),
        ({"charge_percent": 50, "charge_cap": 0}, "0", "0"),
        ({"charge_percent": 50, "charge_cap": 100}, "12.50", "0"),
        ({"pay_percent": 50}, "25.00", "5.63"),  # 5.625 goes up
        ({"pay_percent": 0, "pay_amount": 15}, "25.00", "15.00"),
        ({"pay_percent": 100, "pay_amount": 1}, "25.00", "12.25"),
    ],
)
def test_outcome_is_right_to_the_cent(more, charge, pay):
    found = decide([rule(**{k: Decimal(v) for k, v in more.items()})], facts(price=25, pay="11.25"))
    assert (found.charge, found.sitter_pay) == (Decimal(charge), Decimal(pay))


def test_refund_goes_where_the_rule_says():
    assert [decide([rule(refund_to=to)], facts()).refund_to for to in RefundTo] == list(RefundTo)


def test_visit_that_costs_nothing_stays_free_but_its_sitter_may_be_paid():
    assert decide([rule(charge_amount=Decimal(20), pay_percent=Decimal(100))], facts(price=0)) == Outcome(
        Decimal(0), Decimal(20), RefundTo.CREDIT, "Rule"
    )


# ------------------------------------------------------------------------------------------------------------- notice


@pytest.mark.parametrize(
    ("kind", "number", "time", "begins", "now", "late"),
    [
        ("hours", 24, None, "2026-11-26 12:00", "2026-11-25 12:00", False),
        ("hours", 24, None, "2026-11-26 12:00", "2026-11-25 12:00:00.000001", True),
        ("hours", 24, None, "2026-11-26 12:00", "2026-11-27 12:00", True),
        # the clock on the wall counts, not the 25 or 23 hours of the night in which it is changed
        ("hours", 24, None, "2026-11-01 10:00", "2026-10-31 10:00", False),
        ("hours", 24, None, "2026-11-01 10:00", "2026-10-31 10:01", True),
        ("hours", 24, None, "2027-03-14 10:00", "2027-03-13 10:00", False),
        ("hours", 24, None, "2027-03-14 10:00", "2027-03-13 10:01", True),
        ("days", 1, None, "2026-11-26 12:00", "2026-11-25 23:59", False),
        ("days", 1, None, "2026-11-26 12:00", "2026-11-26 00:00", True),
        ("days", 7, None, "2026-11-26 00:00", "2026-11-19 23:59", False),
        ("days", 7, None, "2026-11-26 23:00", "2026-11-20 00:00", True),
        ("clock", 1, "21:00", "2026-11-26 08:00", "2026-11-25 20:59:59", False),
        ("clock", 1, "21:00", "2026-11-26 08:00", "2026-11-25 21:00", True),
        ("clock", 0, "06:30", "2026-11-26 08:00", "2026-11-26 06:29", False),
        ("clock", 0, "06:30", "2026-11-26 08:00", "2026-11-26 06:30", True),
        # Thursday 26 November is a holiday; Friday's cut-off is Wednesday's, Monday's is Friday's
        ("business_clock", 1, "17:00", "2026-11-27 08:00", "2026-11-25 16:59", False),
        ("business_clock", 1, "17:00", "2026-11-27 08:00", "2026-11-25 17:00", True),
        ("business_clock", 1, "17:00", "2026-11-30 08:00", "2026-11-27 16:59", False),
        ("business_clock", 1, "17:00", "2026-11-30 08:00", "2026-11-28 09:00", True),
        ("business_clock", 1, "17:00", "2026-11-29 08:00", "2026-11-27 17:00", True),
        ("business_clock", 2, "17:00", "2026-11-30 08:00", "2026-11-25 16:59", False),
        ("business_clock", 2, "17:00", "2026-11-30 08:00", "2026-11-25 17:00", True),
        # a Saturday counts as the Monday after it: the visit of Tuesday is called off in time
        ("business_clock", 1, "17:00", "2026-12-01 08:00", "2026-11-28 20:00", False),
        # the day itself, or the last business day before it
        ("business_clock", 0, "08:00", "2026-11-27 12:00", "2026-11-27 07:59", False),
        ("business_clock", 0, "08:00", "2026-11-29 12:00", "2026-11-27 08:00", True),
        (None, None, None, "2027-11-29 12:00", "2026-11-27 08:00", True),
    ],
)
def test_notice_is_measured_to_the_moment(kind, number, time, begins, now, late):
    a_rule = rule(
        notice_kind=NoticeKind(kind) if kind else None, notice_number=number,
        notice_time=dt.time.fromisoformat(time) if time else None,
    )  # fmt: skip
    assert holds(a_rule, facts(begins, now, off=frozenset({THU}))) == (late or "notice")


def test_business_that_never_works_does_not_hang():
    every_day = frozenset(THU - dt.timedelta(days=i) for i in range(1500))
    assert holds(rule(notice_kind=NoticeKind.BUSINESS_CLOCK, notice_number=3), facts(off=every_day)) is True


def test_notice_of_a_stay_counts_from_its_first_visit():
    late = {"notice_kind": NoticeKind.DAYS, "notice_number": 7}
    some = facts("2026-12-10 08:00", stay_begins=dt.datetime(2026, 11, 27, 8))
    assert holds(rule(basis=PolicyBasis.STAY, **late), some) is True
    assert holds(rule(basis=PolicyBasis.VISIT, **late), some) == "notice"
    assert holds(rule(basis=PolicyBasis.STAY, **late), facts("2026-12-10 08:00")) == "notice"


# ---------------------------------------------------------------------------------------------------- other conditions


@pytest.mark.parametrize(
    ("conditions", "yes", "no", "code"),
    [
        ({"is_active": True}, {}, None, None),
        ({"service_group_id": 3}, {"group_id": 3}, {"group_id": 4}, "group"),
        ({"service_group_id": 3}, {"group_id": 3}, {"group_id": None}, "group"),
        ({"service_group_id": None}, {"group_id": 3}, None, None),
        ({"initiator": Initiator.CLIENT}, {"initiator": Initiator.CLIENT}, {"initiator": Initiator.OFFICE}, "initiator"),
        ({"initiator": Initiator.OFFICE}, {"initiator": Initiator.OFFICE}, {"initiator": Initiator.CLIENT}, "initiator"),
        ({"ends_series": True}, {"ends_series": True}, {"ends_series": False}, "series"),
        ({"ends_series": False}, {"ends_series": False}, {"ends_series": True}, "series"),
        ({"on_holiday": True}, {"on_holiday": True}, {"on_holiday": False}, "holiday"),
        ({"on_holiday": False}, {"on_holiday": False}, {"on_holiday": True}, "holiday"),
        ({"on_holiday": True, "basis": PolicyBasis.STAY}, {"stay_on_holiday": True}, {"on_holiday": True}, "holiday"),
        ({"stay_begun": True}, {"stay_begun": True}, {"stay_begun": False}, "stay_begun"),
        ({"stay_begun": False}, {"stay_begun": False}, {"stay_begun": True}, "stay_begun"),
        ({"stay_day_to": 3}, {"stay_day": 3}, {"stay_day": 4}, "stay_day"),
        ({"stay_day_from": 4}, {"stay_day": 4}, {"stay_day": 3}, "stay_day"),
        ({"stay_day_from": 2, "stay_day_to": 3}, {"stay_day": 2}, {"stay_day": 1}, "stay_day"),
        ({"season_from": "11-01", "season_to": "11-26"}, {}, {"begins": "2026-11-27 08:00"}, "season"),
        ({"season_from": "12-01", "season_to": "01-31"}, {"begins": "2027-01-31 23:59"}, {"begins": "2027-02-01 00:00"}, "season"),
        ({"season_from": "12-01", "season_to": "01-31"}, {"begins": "2026-12-01 00:00"}, {"begins": "2026-11-30 23:59"}, "season"),
        ({"allowance_visits": 2}, {"cancelled": {None: 1}}, {"cancelled": {None: 2}}, "allowance"),
        ({"allowance_visits": 0}, None, {}, "allowance"),
        ({"allowance_months": 1}, {"cancelled": {None: 19}, "monthly": {None: Decimal("19.5")}},
         {"cancelled": {None: 19}, "monthly": {None: Decimal("19.4")}}, "allowance"),
        ({"allowance_months": 1, "allowance_visits": 5}, {"cancelled": {None: 4}, "monthly": {None: Decimal(20)}},
         {"cancelled": {None: 5}, "monthly": {None: Decimal(20)}}, "allowance"),
        ({"allowance_visits": 2, "service_group_id": 3}, {"group_id": 3, "cancelled": {None: 9, 3: 1}},
         {"group_id": 3, "cancelled": {None: 9, 3: 2}}, "allowance"),
    ],
)  # fmt: skip
def test_each_condition_holds_or_says_why_not(conditions, yes, no, code):
    a_rule = rule(**conditions)
    if yes is not None:
        assert holds(a_rule, facts(**yes)) is True
    if no is not None:
        assert holds(a_rule, facts(**no)) == code
        assert str(why_not(a_rule, facts(**no)).error()).endswith(".")


def test_rule_that_is_switched_off_never_holds():
    assert holds(rule(is_active=False), facts()) == "off"


# ------------------------------------------------------------------------------------------------- a booking over days


def test_booking_over_days_is_split_by_the_days_that_rules_ask_for():
    """100.00 over three nights: 33.33, 33.34, 33.33; the first two full, the last at a quarter."""
    rules = [
        rule("First days", stay_day_to=2, pay_percent=Decimal(100)),
        rule("Rest", charge_percent=Decimal(25), pay_percent=Decimal(50), refund_to=RefundTo.MONEY),
    ]
    assert decide(rules, facts(price=100, pay=50, n_days=3)) == Outcome(
        Decimal("75.00"), Decimal("41.67"), RefundTo.CREDIT, "First days + Rest"
    )
    assert decide(rules[1:], facts(price=100, n_days=3)).charge == Decimal("25.00")
    assert decide(rules[:1], facts(price=100, n_days=3)).charge == Decimal("66.67")
    assert decide(rules, facts(price=100, stay_day=3)).rule_name == "Rest"


def test_booking_over_days_takes_flat_amounts_once():
    rules = [rule(stay_day_to=9, charge_percent=Decimal(0), charge_amount=Decimal(30))]
    assert decide(rules, facts(price=300, n_days=5)).charge == Decimal(30)


# --------------------------------------------------------------------------------------------------------- explaining


def test_verdicts_say_why_each_earlier_rule_does_not_hold_and_stop_at_the_one_that_decides():
    rules = [
        rule("Office", initiator=Initiator.OFFICE), rule("Last minute", notice_kind=NoticeKind.HOURS, notice_number=24),
        rule("Late", notice_kind=NoticeKind.CLOCK, notice_number=7, notice_time=dt.time(17)), rule("Never asked"),
    ]  # fmt: skip
    found = cancellation.verdicts(rules, facts())
    assert [(v.rule.name, v.decides, v.why_not and str(v.why_not.error())) for v in found] == [
        ("Office", False, "Only when the office cancels."),
        ("Last minute", False, "It is cancelled in time: 24 hours before it starts, or earlier."),
        ("Late", True, None),
    ]
    assert (
        str(why_not(rules[2], facts(now="2026-11-19 16:00")).error())
        == "It is cancelled in time: before 2026-11-19 17:00:00."
    )


def test_verdicts_of_a_booking_go_on_until_every_day_is_decided():
    rules = [
        rule("First", stay_day_to=2),
        rule("Office", initiator=Initiator.OFFICE),
        rule("Rest"),
        rule("Never asked"),
    ]
    found = cancellation.verdicts(rules, facts(n_days=3))
    assert [(v.rule.name, v.decides) for v in found] == [("First", True), ("Office", False), ("Rest", True)]


# ------------------------------------------------------------------------------------------------- gathering the facts


def test_preview_without_rules_is_free(cast):
    assert preview([cast.bobs_job], initiator=Initiator.CLIENT) == {cast.bobs_job.id: FREE}
    assert preview([], initiator=Initiator.CLIENT) == {}


def test_preview_asks_the_active_rules_in_their_order(cast):
    make.cancellation_rule("Third", position=3)
    make.cancellation_rule("First", position=1, is_active=False)
    make.cancellation_rule("Second", position=2, charge_percent=Decimal(50))
    assert preview([cast.bobs_job], initiator=Initiator.CLIENT) == {
        cast.bobs_job.id: Outcome(Decimal("10.00"), Decimal(0), RefundTo.CREDIT, "Second")
    }


def gathered(*jobs, initiator=Initiator.CLIENT, now=None):
    _rules, found = cancellation_facts.gather(jobs, initiator=initiator, now=now or clock.now())
    return [found[j.id] for j in jobs]


def test_facts_of_a_visit(cast):
    make.public_holiday(THU)
    make.closed_day(dt.date(2026, 11, 27), dt.date(2026, 11, 28))
    make.closed_day(dt.date(2026, 11, 25), service_item=cast.walk)
    job = make.job(
        cast.alice,
        cast.walk,
        on_date=dt.date(2026, 11, 27),
        start_time=dt.time(9),
        price=Decimal(33),
        sitter_pay=Decimal(11),
    )
    make.job(cast.alice, cast.walk, on_date=THU, block=cast.morning, start_time=None)
    make.cancellation_rule(notice_kind=NoticeKind.BUSINESS_CLOCK, notice_number=2)
    (own,) = gathered(job)
    assert (own.price, own.sitter_pay, own.begins, own.now, own.group_id) == (
        Decimal(33), Decimal(11), dt.datetime(2026, 11, 27, 9), NOW, cast.dog_walks.id,
    )  # fmt: skip
    assert (own.on_holiday, own.stay_on_holiday, own.stay_begins, own.stay_begun, own.stay_day, own.n_days) == (
        False, True, dt.datetime(2026, 11, 26, 7), False, 1, 1,
    )  # fmt: skip
    assert THU in own.off
    assert dt.date(2026, 11, 27) in own.off
    assert dt.date(2026, 11, 25) not in own.off


def test_holiday_is_any_day_that_the_visit_touches(cast):
    make.public_holiday(THU)
    night = make.service_item(duration_minutes=600)
    eve = make.job(cast.alice, night, on_date=dt.date(2026, 11, 25), start_time=dt.time(22))
    day_before = make.job(cast.bob, cast.walk, on_date=dt.date(2026, 11, 25), start_time=dt.time(23))
    after = make.job(make.client(), night, on_date=THU, start_time=dt.time(22))
    assert [f.on_holiday for f in gathered(eve, day_before, after)] == [True, False, True]


def test_days_of_a_stay_count_from_the_first_that_is_cancelled(cast):
    jobs = [make.job(cast.alice, cast.walk, on_date=dt.date(2026, 12, d)) for d in (1, 2, 3, 3, 5, 20)]
    assert [f.stay_day for f in gathered(*jobs[1:])] == [1, 2, 2, 1, 1]
    assert [f.stay_day for f in gathered(*jobs[1:4])] == [1, 2, 2]


def test_booking_has_its_days(cast):
    booking = make.job(cast.alice, cast.overnight, on_date=THU, start_time=None, ends_on=dt.date(2026, 11, 29))
    assert (cast.overnight.time_type, gathered(booking)[0].n_days) == (TimeType.ALL_DAY, 3)


def called_off(client, item, at, by=Initiator.CLIENT, **more):
    moment = (
        clock.from_local(dt.date.fromisoformat(at), dt.time(12)) if len(at) == 10 else dt.datetime.fromisoformat(at)
    )
    return make.job(client, item, state=JobState.CANCELLED, cancelled_at=moment, cancelled_by=by, **more)


def test_only_what_the_client_cancelled_this_year_counts_by_the_day_of_cancelling(cast):
    job = make.job(cast.alice, cast.walk, on_date=dt.date(2026, 12, 20))
    called_off(cast.alice, cast.walk, "2026-01-01")
    called_off(cast.alice, cast.walk, "2026-11-20", on_date=dt.date(2027, 2, 1))
    called_off(cast.alice, cast.cat_visit, "2026-06-01")
    called_off(cast.alice, cast.walk, "2025-12-31", on_date=dt.date(2026, 1, 2))
    called_off(cast.alice, cast.walk, "2026-06-01", by=Initiator.OFFICE)
    called_off(cast.alice, cast.walk, "2026-06-01", by=None)
    called_off(cast.bob, cast.walk, "2026-06-01")
    # half past midnight of New Year in UTC is still the old year in New York
    called_off(cast.alice, cast.walk, "2026-01-01T00:30:00+00:00")
    (own,) = gathered(job)
    assert [own.counts_for(g)[0] for g in (None, cast.dog_walks.id, 999)] == [3, 2, 0]


def test_visits_that_are_cancelled_together_use_up_the_allowance_one_by_one(cast):
    make.cancellation_rule("Free", position=1, charge_percent=Decimal(0), allowance_visits=2)
    make.cancellation_rule("Full", position=2)
    jobs = [make.job(cast.alice, cast.walk, on_date=dt.date(2026, 12, d)) for d in (3, 1, 2)]
    others = [make.job(cast.bob, cast.walk, on_date=dt.date(2026, 12, 9))]
    found = preview([*jobs, *others], initiator=Initiator.CLIENT)
    assert [found[j.id].rule_name for j in (*jobs, *others)] == ["Full", "Free", "Free", "Free"]
    by_office = preview(jobs, initiator=Initiator.OFFICE)
    assert [by_office[j.id].rule_name for j in jobs] == ["Free"] * 3


def test_average_month_is_over_the_months_since_the_first_visit(cast):
    """26 Saturdays in the half year before and 4 in the month ahead: 30 visits in 207 days (6.8 months); the cancelled one is none."""
    for week in range(-26, 4):
        make.job(cast.alice, cast.walk, on_date=dt.date(2026, 11, 28) + dt.timedelta(weeks=week))
    called_off(cast.alice, cast.walk, "2026-11-01", on_date=dt.date(2026, 11, 10))
    job = make.job(cast.alice, cast.walk, on_date=dt.date(2027, 6, 1))
    (own,) = gathered(job)
    used, monthly = own.counts_for(cast.dog_walks.id)
    assert (used, round(monthly, 2)) == (1, Decimal("4.41"))


def test_average_month_of_a_new_client_is_what_the_first_weeks_hold(cast):
    jobs = [make.job(cast.alice, cast.walk, on_date=dt.date(2026, 11, 24) + dt.timedelta(days=d)) for d in range(20)]
    assert gathered(jobs[0])[0].counts_for(None) == (0, Decimal(20))


def test_preview_costs_six_questions_however_many_visits_and_clients(cast, db_session):
    make.cancellation_rule(service_group=cast.dog_walks, notice_kind=NoticeKind.HOURS, notice_number=24)
    jobs = [
        make.job(client, cast.walk, on_date=dt.date(2026, 12, d), block=cast.morning, start_time=None)
        for client in (cast.alice, cast.bob)
        for d in range(1, 15)
    ]
    db_session.commit()
    for job in jobs:
        db_session.refresh(job)
    from workflows import settings

    settings.read()
    for number in (1, len(jobs)):
        with statements() as sent:
            preview(jobs[:number], initiator=Initiator.CLIENT)
        assert len(sent) == 6, sent


def test_explain_is_the_preview_with_its_reasons(cast):
    make.cancellation_rule("Office", position=1, initiator=Initiator.OFFICE)
    make.cancellation_rule("Half", position=2, charge_percent=Decimal(50))
    outcome, found, own = cancellation.explain(cast.bobs_job, initiator=Initiator.CLIENT)
    assert outcome == preview([cast.bobs_job], initiator=Initiator.CLIENT)[cast.bobs_job.id]
    assert [(v.rule.name, v.decides) for v in found] == [("Office", False), ("Half", True)]
    assert own.begins == dt.datetime(2026, 11, 25, 12)


# ---------------------------------------------------------------------------------------------------------- properties

amounts = st.integers(0, 200_000).map(lambda n: Decimal(n) / 100)
percents = st.integers(0, 10_000).map(lambda n: Decimal(n) / 100)
numbers = st.one_of(st.none(), st.integers(0, 40))


@st.composite
def any_rule(draw):
    kind = draw(st.one_of(st.none(), st.sampled_from(NoticeKind)))
    maybe = st.one_of(st.none(), st.booleans())
    return rule(
        notice_kind=kind, notice_number=draw(st.integers(0, 60)), notice_time=draw(st.times()),
        basis=draw(st.sampled_from(PolicyBasis)), on_holiday=draw(maybe), stay_begun=draw(maybe), ends_series=draw(maybe),
        initiator=draw(st.one_of(st.none(), st.sampled_from(Initiator))), stay_day_from=draw(numbers),
        stay_day_to=draw(numbers), allowance_visits=draw(numbers), charge_percent=draw(percents),
        charge_amount=draw(amounts), charge_cap=draw(st.one_of(st.none(), amounts)), pay_percent=draw(percents),
        pay_amount=draw(amounts), refund_to=draw(st.sampled_from(RefundTo)),
    )  # fmt: skip


moments = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2028, 12, 31))


@given(
    st.lists(any_rule(), max_size=5),
    moments,
    moments,
    amounts,
    amounts,
    st.integers(1, 9),
    st.integers(1, 12),
    st.booleans(),
)
def test_charge_is_between_nothing_and_the_price_whatever_the_rules(rules, begins, now, price, pay, n_days, day, yes):
    some = Facts(
        price=price, sitter_pay=pay, begins=begins, now=now, n_days=n_days, stay_day=day, on_holiday=yes, stay_begun=yes,
        cancelled={None: day},
    )  # fmt: skip
    found = decide(rules, some)
    assert Decimal(0) <= found.charge <= price
    assert found.sitter_pay >= 0
    assert found.charge == round(found.charge, 2)
    assert bool(found.rule_name) or found == FREE
    by_verdict = [v.rule.name for v in cancellation.verdicts(rules, some) if v.decides]
    assert bool(by_verdict) == bool(found.rule_name)


@given(
    st.lists(st.tuples(st.integers(1, 400), percents), min_size=1, max_size=5, unique_by=lambda tier: tier[0]),
    moments, st.timedeltas(dt.timedelta(0), dt.timedelta(days=20)), st.timedeltas(dt.timedelta(0), dt.timedelta(days=20)), amounts,
)  # fmt: skip
def test_more_notice_never_costs_more_under_a_tiered_table(tiers, begins, one, other, price):
    """The shorter the notice, the higher the share: tiers sorted by hours, with falling percentages."""
    shares = sorted((percent for _hours, percent in tiers), reverse=True)
    rules = [
        rule(f"{hours} h", notice_kind=NoticeKind.HOURS, notice_number=hours, charge_percent=share)
        for hours, share in zip(sorted(hours for hours, _p in tiers), shares, strict=True)
    ]
    less, more = sorted((one, other))
    costs = [
        decide(rules, Facts(price=price, sitter_pay=Decimal(0), begins=begins, now=begins - notice)).charge
        for notice in (more, less)
    ]
    assert costs[0] <= costs[1]
