"""Closed stretches and opening hours, for everything or for some services: which level counts, on which day, to the minute."""

import datetime as dt

import pytest

from foundation import clock
from models import TimeType
from tests import factories as make
from tests.databases import statements
from workflows import limits, opening, settings

pytestmark = pytest.mark.covers("B9")

THU, FRI, SAT, SUN = (dt.date(2026, 11, d) for d in (26, 27, 28, 29))


def t(text):
    return dt.time.fromisoformat(text)


def ask(item, day=THU, start=None, block=None):
    refusal = limits.why_not_request(
        item, day, start_time=t(start) if start else None, block=block, known=limits.calendar(THU, SUN),
        values=settings.read(), now=clock.now(),
    )  # fmt: skip
    return str(refusal.error()) if refusal else None


def open_(weekday, opens, closes, **scope):
    return make.opening_hours(weekday, t(opens), t(closes), **scope)


# ---------------------------------------------------------------------------------------------------- closed stretches


def test_closed_stretch_of_a_group_or_an_item_closes_only_them(db_session):
    walks, sits = make.service_group("Walks"), make.service_group("Sits")
    walk, run, sit = (make.service_item(n, group=g) for n, g in (("Walk", walks), ("Run", walks), ("Sit", sits)))
    alone = make.service_item("Taxi")
    make.closed_day(THU, FRI, reason="Icy paths", service_group=walks)
    make.closed_day(SAT, service_item=sit)
    assert {(i.name, d.day): ask(i, d) for i in (walk, run, sit, alone) for d in (THU, FRI, SAT, SUN) if ask(i, d)} == {
        ("Walk", 26): "Closed on this day: Icy paths.", ("Walk", 27): "Closed on this day: Icy paths.",
        ("Run", 26): "Closed on this day: Icy paths.", ("Run", 27): "Closed on this day: Icy paths.",
        ("Sit", 28): "Sit is not offered on this day.",
    }  # fmt: skip


def test_stretch_for_every_service_comes_before_that_of_one(db_session):
    walk = make.service_item("Walk")
    make.closed_day(THU, reason="Ours", service_item=walk)
    make.closed_day(THU, reason="Everybody's")
    assert ask(walk) == "Closed on this day: Everybody's."


# ------------------------------------------------------------------------------------------------------- opening hours


def test_without_any_row_a_visit_may_begin_at_any_time(db_session):
    assert [ask(make.service_item(), start=s) for s in ("00:00", "03:30", "23:59", None)] == [None] * 4


@pytest.mark.parametrize(
    ("start", "fits"),
    [("06:59", False), ("07:00", True), ("12:00", True), ("12:01", False), ("14:59", False), ("15:00", True),
     ("19:00", True), ("19:01", False), (None, True)],
)  # fmt: skip
def test_visit_begins_within_the_day_s_stretches_both_ends_included(db_session, start, fits):
    open_(3, "15:00", "19:00")
    open_(3, "07:00", "12:00")
    says = "Choose a time within the opening hours of this day: 07:00-12:00, 15:00-19:00."
    assert ask(make.service_item(), start=start) == (None if fits else says)


def test_weekday_without_a_row_is_closed_once_there_is_any(db_session):
    open_(3, "07:00", "12:00")
    walk = make.service_item("Walk")
    anytime = make.service_item("Anytime", time_type=TimeType.ANYTIME)
    assert [ask(walk, FRI, "09:00"), ask(anytime, FRI), ask(walk, THU, "09:00"), ask(anytime, THU)] == [
        "Walk is not offered on this day.", "Anytime is not offered on this day.", None, None,
    ]  # fmt: skip


def test_rows_of_the_item_replace_its_group_s_and_those_the_business_s(db_session):
    walks = make.service_group("Walks")
    early, walk = make.service_item("Early bird", group=walks), make.service_item("Walk", group=walks)
    taxi = make.service_item("Taxi")
    open_(3, "08:00", "18:00")
    open_(4, "08:00", "18:00")
    open_(3, "10:00", "16:00", service_group=walks)
    open_(3, "05:00", "06:00", service_item=early)
    known = limits.calendar(THU, SUN)
    assert {i.name: opening.in_words(opening.hours_on(i, THU, known)) for i in (early, walk, taxi)} == {
        "Early bird": "05:00-06:00", "Walk": "10:00-16:00", "Taxi": "08:00-18:00",
    }  # fmt: skip
    # the whole week is replaced, not only the day: on Friday walks are closed although the business is open
    assert [ask(i, FRI, "09:00") for i in (early, walk, taxi)] == [
        "Early bird is not offered on this day.", "Walk is not offered on this day.", None,
    ]  # fmt: skip


def test_public_holiday_s_rows_replace_the_weekday_s(db_session):
    make.public_holiday(THU)
    make.public_holiday(FRI, "Day after")
    open_(3, "08:00", "18:00")
    walk = make.service_item()
    assert (ask(walk, THU, "09:00"), ask(walk, FRI, "10:00")) == (None, f"{walk.name} is not offered on this day.")
    open_(7, "10:00", "12:00")
    assert [ask(walk, d, "10:00") for d in (THU, FRI)] == [None, None]
    assert ask(walk, THU, "09:00") == "Choose a time within the opening hours of this day: 10:00-12:00."


def test_block_counts_by_its_start(db_session):
    morning, late = make.time_block("Morning", t("07:00"), t("10:00")), make.time_block("Late", t("11:00"), t("15:00"))
    visit = make.service_item(time_type=TimeType.TIME_BLOCK, time_blocks=[morning, late])
    open_(3, "08:00", "12:00")
    assert ask(visit, block=morning) == "Choose a time within the opening hours of this day: 08:00-12:00."
    assert ask(visit, block=late) is None


def test_latest_start_is_the_last_closing_time(db_session):
    walk = make.service_item()
    assert opening.latest_start(walk, THU, limits.calendar(THU, THU)) == t("23:59")
    open_(3, "08:00", "12:00")
    open_(3, "15:00", "19:30")
    assert opening.latest_start(walk, THU, limits.calendar(THU, THU)) == t("19:30")


def test_calendar_costs_two_questions_with_every_kind_of_row(db_session):
    walk = make.service_item(group=make.service_group())
    for scope in ({}, {"service_item": walk}, {"service_group": walk.group}):
        make.closed_day(THU, SAT, **scope)
        open_(3, "08:00", "12:00", **scope)
    db_session.expire_all()
    with statements() as sent:
        limits.calendar(THU, SUN)
    assert len(sent) == 2


@pytest.mark.parametrize(
    ("day", "is_one"), [(THU, False), (FRI, True), (SAT, False), (dt.date(2026, 11, 30), False), (dt.date(2026, 12, 1), True)]
)  # fmt: skip
def test_business_day_is_monday_to_friday_neither_holiday_nor_closed_for_all(db_session, day, is_one):
    make.public_holiday(THU)
    make.closed_day(dt.date(2026, 11, 30))
    make.closed_day(FRI, dt.date(2026, 12, 1), service_item=make.service_item())
    assert opening.is_business_day(day, limits.calendar(THU, dt.date(2026, 12, 1))) == is_one
