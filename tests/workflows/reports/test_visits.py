"""Reports about visits, clients, keys and vaccinations, and the periods of all of them."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation import clock, sql_days
from foundation.db import db
from models import ClientStatus, Initiator, JobState, KeyPlace, PetStatus
from tests import factories as make
from tests.workflows.reports.agreeing import NOVEMBER, read, sums_of, table
from workflows import people
from workflows.errors import Invalid
from workflows.reports import periods
from workflows.reports.periods import Compared, Named, Period, Step
from workflows.reports.shapes import change

D = Decimal
pytestmark = pytest.mark.covers("S7")
DAY, MON = dt.timedelta(days=1), dt.date(2026, 11, 23)


def at(day, hour=12, minute=0):
    return clock.from_local(day, dt.time(hour, minute))


@pytest.mark.parametrize(
    ("name", "first", "last", "before", "year"),
    [
        (Named.THIS_MONTH, "2024-02-01", "2024-02-29", ("2024-01-01", "2024-01-31"), ("2023-02-01", "2023-02-28")),
        (Named.LAST_MONTH, "2024-01-01", "2024-01-31", ("2023-12-01", "2023-12-31"), ("2023-01-01", "2023-01-31")),
        (Named.LAST_QUARTER, "2023-10-01", "2023-12-31", ("2023-07-01", "2023-09-30"), ("2022-10-01", "2022-12-31")),
        (Named.THIS_YEAR, "2024-01-01", "2024-12-31", ("2023-01-01", "2023-12-31"), ("2023-01-01", "2023-12-31")),
        (Named.LAST_30_DAYS, "2024-01-31", "2024-02-29", ("2024-01-01", "2024-01-30"), ("2023-01-31", "2023-02-28")),
    ],
)
def test_periods_and_what_they_are_compared_with(name, first, last, before, year):
    period = periods.named(name, dt.date(2024, 2, 29))
    assert (period.first.isoformat(), period.last.isoformat()) == (first, last)
    for compared, days in ((Compared.PREVIOUS, before), (Compared.LAST_YEAR, year)):
        other = periods.before(period, compared)
        assert (other.first.isoformat(), other.last.isoformat()) == days
    assert periods.before(period, Compared.NOTHING) is None


def test_days_of_ones_own_are_checked_and_long_periods_go_by_larger_steps():
    day = dt.date(2024, 2, 29)
    assert periods.own(day, day).n_days == 1
    assert periods.own(day, dt.date(2034, 2, 27)).n_days == 3652
    for first, last, code in ((None, day, "no_first"), (day, None, "no_last"), (day, day - DAY, "turned"), (day, dt.date(2034, 2, 28), "too_long")):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            periods.own(first, last)
        assert refused.value.code == code
    assert periods.step_for(Period(day, day + 400 * DAY), Step.DAY) is Step.WEEK
    assert periods.step_for(Period(day, day + 3600 * DAY), Step.DAY) is Step.MONTH
    assert [change(D(15), D(10)), change(5, 10), change(1, 0), change(D(0), D(3))] == [50, -50, None, -100]


def test_visits_by_what_became_of_them_and_their_hours(cast):
    common = {"sitter": cast.sam, "on_date": MON}
    # Over the night in which the clock goes back: seven hours by the clock are eight.
    night = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 10, 31), state=JobState.COMPLETED)
    night.checked_in_at, night.checked_out_at = at(dt.date(2026, 10, 31), 23), at(dt.date(2026, 11, 1), 6)
    make.job(
        cast.alice,
        cast.walk,
        state=JobState.COMPLETED,
        checked_in_at=at(MON, 9),
        checked_out_at=at(MON, 9, 25),
        **common,
    )
    make.job(cast.alice, cast.walk, state=JobState.COMPLETED, **common)
    make.job(cast.alice, cast.walk, state=JobState.CANCELLED, **common)
    make.job(cast.alice, cast.walk, state=JobState.VOIDED, **common)
    db.session.flush()
    assert table(read("visits", cast.as_olivia, by="sitter")) == [
        ("Sam Stone", 2, 0, 1, 1, 60, 25),
        ("Sita Singh", 0, 1, 0, 0, 0, 0),
    ]
    october = Period(dt.date(2026, 10, 1), dt.date(2026, 10, 31))
    assert sums_of(read("visits", cast.as_olivia, october, by="time"))[-1] == 480


def test_busiest_times_by_weekday_and_hour(cast):
    db.session.delete(cast.bobs_job)
    for day, time, block in ((MON, dt.time(9, 59), None), (MON, dt.time(9), None), (MON, None, cast.morning), (MON + 6 * DAY, dt.time(11), None), (MON, None, None)):  # fmt: skip
        make.job(cast.alice, cast.walk, on_date=day, start_time=time, block=block)
    make.job(cast.alice, cast.walk, on_date=MON, state=JobState.CANCELLED)
    db.session.flush()
    found = read("busiest", cast.as_olivia, first_weekday=6)
    assert [str(c.label)[:5] for c in found.columns] == [
        "Weekd",
        "Visit",
        "07:00",
        "08:00",
        "09:00",
        "10:00",
        "11:00",
        "No ti",
    ]
    assert table(found)[:2] == [("Sunday", 1, 0, 0, 0, 0, 1, 0), ("Monday", 4, 1, 0, 2, 0, 0, 1)]
    assert read("busiest", cast.as_olivia, Period(dt.date(2020, 1, 1), dt.date(2020, 1, 2))).rows == ()


def test_cancellations_by_reason_by_whom_and_by_notice(cast):
    make.cancellation_reason("Ill")
    make.cancellation_reason("Ill: pet")
    # The visit is on Monday the 2nd; the night before, the clock went back.
    day = dt.date(2026, 11, 2)
    for words, by, when, more in (
        ("Ill", Initiator.CLIENT, at(day - DAY, 23, 59), {}),
        ("Ill: pet", Initiator.CLIENT, at(day - DAY, 0, 30), {}),
        ("Ill: pet: fever", Initiator.OFFICE, at(day, 0, 0), {}),
        ("Ill: a cold", Initiator.CLIENT, at(day - 2 * DAY, 23, 59), {}),
        ("Illness", Initiator.CLIENT, at(day - 7 * DAY), {}),
        ("", None, at(day - 14 * DAY), {}),
        ("Pause", Initiator.OFFICE, at(day + DAY), {"repeat_off": True}),
    ):
        make.job(
            cast.alice, cast.walk, on_date=day, state=JobState.CANCELLED, cancel_reason=words, cancelled_by=by,
            cancelled_at=when, price=D(5), prior_price=D(20), **more,
        )  # fmt: skip
    make.job(cast.alice, cast.walk, on_date=day, state=JobState.VOIDED, cancel_reason="Ill", cancelled_at=at(day))
    db.session.flush()
    assert table(read("cancellations", cast.as_olivia, by="reason")) == [
        ("Ill", 2, 2, 0, "10.00", "30.00"), ("Ill: pet", 2, 1, 1, "10.00", "30.00"), ("In own words", 1, 1, 0, "5.00", "15.00"),
        ("Its series was paused or ended", 1, 0, 1, "5.00", "15.00"), ("No reason given", 1, 0, 1, "5.00", "15.00"),
    ]  # fmt: skip
    assert [row[:2] for row in table(read("cancellations", cast.as_olivia, by="by"))] == [("client", 4), ("office", 3)]
    assert [row[:2] for row in table(read("cancellations", cast.as_olivia, by="notice"))] == [
        ("14 days before or more", 1), ("7 to 13 days before", 1), ("2 to 6 days before", 1), ("The day before", 2),
        ("The same day", 1), ("After the day", 1),
    ]  # fmt: skip
    for by in ("time", "service", "client", "sitter"):
        assert sums_of(read("cancellations", cast.as_olivia, by=by)) == (7, 4, 3, "35.00", "105.00")


def test_client_growth_counts_days_of_the_business(cast):
    for client, moment in ((cast.alice, at(dt.date(2026, 11, 1), 0, 0)), (cast.bob, at(dt.date(2026, 10, 31), 23, 59))):
        client.created_at = moment
    for day in (dt.date(2026, 10, 5), dt.date(2026, 11, 5), dt.date(2026, 11, 6)):
        make.job(cast.alice, cast.walk, on_date=day, state=JobState.COMPLETED)
    make.job(cast.bob, cast.walk, on_date=dt.date(2026, 11, 5), state=JobState.CANCELLED)
    db.session.flush()
    people.change_client(cast.bob, {"status": ClientStatus.ARCHIVED}, actor=cast.as_olivia)
    people.change_client(cast.bob, {"notes": "archived"}, actor=cast.as_olivia)
    db.session.flush()
    found = read("growth", cast.as_olivia, Period(dt.date(2026, 10, 1), dt.date(2026, 11, 30)))
    assert table(found) == [("2026-10-01", 1, 0, 1), ("2026-11-01", 1, 1, 1)]
    assert found.totals[1:] == (2, 1, 1), "active once, whatever the months"


@pytest.mark.parametrize(
    "zone", ["America/New_York", "America/St_Johns", "Pacific/Kiritimati", "Australia/Lord_Howe", "Pacific/Chatham"]
)
def test_the_local_day_of_a_moment_over_both_changes_of_the_clock(cast, zone):
    clock.use_zone(zone)
    year = [dt.date(2026, 1, 1) + n * DAY for n in range(365)]
    changed = [
        day for day in year if clock.from_local(day + DAY, dt.time(0)) - clock.from_local(day, dt.time(0)) != DAY
    ]
    assert len(changed) == (0 if zone == "Pacific/Kiritimati" else 2)
    for day in {year[0], year[-1], *(day + n * DAY for day in changed for n in (-1, 0, 1))}:
        for hour, minute in ((0, 0), (1, 59), (3, 0), (23, 59)):
            make.activity_line("x", at=clock.from_local(day, dt.time(hour, minute)), facts={"day": day.isoformat()})
    db.session.flush()
    from models import Activity

    days = sql_days.local_day(Activity.at, year[0], year[-1])
    for day, facts in db.session.query(days, Activity.facts).filter(Activity.verb == "x"):
        assert day.isoformat() == facts["day"]


def test_lapsed_clients_have_nothing_ahead(cast):
    today = clock.today()
    carla = make.client("Carla", email="carla@example.com")
    for client in (cast.alice, cast.bob, carla):
        make.job(client, cast.walk, on_date=today - 60 * DAY, state=JobState.COMPLETED)
    make.job(cast.alice, cast.walk, on_date=today - 59 * DAY, state=JobState.COMPLETED)
    make.job(carla, cast.walk, on_date=today, state=JobState.CANCELLED)
    db.session.flush()
    # Bob has a visit on Wednesday, Alice was here a day too late.
    assert table(read("lapsed", cast.as_olivia)) == [("Carla Clark", 1, str(today - 60 * DAY), "carla@example.com", "")]
    assert [row[0] for row in table(read("lapsed", cast.as_olivia, days=30))] == ["Carla Clark", "Alice Archer"]
    carla.status = ClientStatus.INACTIVE
    assert table(read("lapsed", cast.as_olivia)) == []


def test_keys_and_vaccinations(cast):
    make.key(cast.alice, holder=cast.sam)
    make.key(cast.alice, holder=cast.sam)
    make.key(cast.bob)
    make.key(cast.bob, retired_at=clock.now())
    make.key(cast.bob, place=KeyPlace.LOST)
    assert table(read("keys", cast.as_olivia)) == [("Sam Stone", 2, 1), ("lost", 1, 1), ("office", 1, 1)]
    assert table(read("keys-missing", cast.as_olivia)) == [("Sita Singh", 1, "Bob Baker", "2026-11-25")]
    today = clock.today()
    for days, more in ((0, {}), (30, {}), (31, {}), (-5, {"ended_at": clock.now()})):
        make.vaccination(cast.biscuit, name=f"In {days}", expires_on=today + days * DAY, **more)
    make.vaccination(cast.bella, name="Gone", expires_on=today)
    cast.bella.status = PetStatus.DECEASED
    db.session.flush()
    assert table(read("vaccinations", cast.as_olivia)) == [
        ("Biscuit", "In 0", str(today), "Has run out", "Alice Archer"), ("Biscuit", "In 30", str(today + 30 * DAY), "Runs out", "Alice Archer"),
    ]  # fmt: skip
    assert len(read("vaccinations", cast.as_olivia, days=60).rows) == 3
    assert NOVEMBER.n_days == 30
