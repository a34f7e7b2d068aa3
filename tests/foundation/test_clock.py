"""The business's clock: moments, dates, and the two nights of the year that are not 24 hours long."""

import datetime as dt

import pytest

from foundation import clock


def utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_now_is_aware_utc():
    assert (clock.now(), clock.now().tzinfo) == (utc("2026-11-23 15:00"), dt.UTC)


def test_today_is_the_business_date_when_utc_is_a_day_ahead(clock_at):
    clock_at("2026-11-23 23:30")
    assert (clock.now().date(), clock.today()) == (dt.date(2026, 11, 24), dt.date(2026, 11, 23))


def test_use_zone_changes_today_and_the_clock_on_the_wall():
    clock.use_zone("Pacific/Auckland")
    assert (clock.zone().key, clock.today()) == ("Pacific/Auckland", dt.date(2026, 11, 24))
    assert clock.local_now().time() == dt.time(4)
    assert clock.to_local(utc("2026-11-23 11:00")).date() == dt.date(2026, 11, 24)


def test_use_zone_with_the_same_zone_keeps_it():
    before = clock.zone()
    clock.use_zone(before.key)
    assert clock.zone() is before


@pytest.mark.parametrize(
    ("zone", "local", "moment"),
    [
        ("America/New_York", "2026-11-26 08:00", "2026-11-26 13:00"),
        ("America/New_York", "2026-07-01 08:00", "2026-07-01 12:00"),
        # 02:30 does not exist on 14 March 2027: it counts as 03:30
        ("America/New_York", "2027-03-14 02:30", "2027-03-14 07:30"),
        # 01:30 happens twice on 1 November 2026: the first one is meant
        ("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30"),
        ("Europe/Berlin", "2027-03-28 02:30", "2027-03-28 01:30"),
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30"),
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:45"),
        ("America/Sao_Paulo", "2026-11-01 08:00", "2026-11-01 11:00"),
    ],
)
def test_from_local_follows_the_zone_s_changes(zone, local, moment):
    clock.use_zone(zone)
    at = dt.datetime.fromisoformat(local)
    assert clock.from_local(at.date(), at.time()) == utc(moment)


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Europe/Berlin", "Australia/Sydney", "Australia/Lord_Howe", "America/Sao_Paulo"]
)
def test_from_local_keeps_eight_in_the_morning_at_eight_every_day_of_two_years(zone):
    clock.use_zone(zone)
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=i) for i in range(730)]
    shown = [clock.to_local(clock.from_local(day, dt.time(8))) for day in days]
    assert [(at.date(), at.time()) for at in shown] == [(day, dt.time(8)) for day in days]


@pytest.mark.parametrize(
    ("zone", "first", "last", "begins", "ends"),
    [
        ("America/New_York", "2026-11-26 08:00", "2026-11-26 09:30", "2026-11-26 13:00", "2026-11-26 14:30"),
        # wholly in the hour that is left out: it begins an hour later and is as long
        ("America/New_York", "2027-03-14 02:15", "2027-03-14 02:45", "2027-03-14 07:15", "2027-03-14 07:45"),
        ("America/New_York", "2027-03-14 02:30", "2027-03-14 03:00", "2027-03-14 07:30", "2027-03-14 08:00"),
        ("Australia/Lord_Howe", "2026-10-04 02:00", "2026-10-04 02:30", "2026-10-03 15:30", "2026-10-03 16:00"),
        # only in part: an hour shorter
        ("Europe/Berlin", "2027-03-28 02:30", "2027-03-28 04:30", "2027-03-28 01:30", "2027-03-28 02:30"),
        ("Europe/Berlin", "2026-10-25 01:30", "2026-10-25 03:30", "2026-10-24 23:30", "2026-10-25 02:30"),
    ],
)
def test_local_span_never_ends_before_it_begins(zone, first, last, begins, ends):
    clock.use_zone(zone)
    a, b = (dt.datetime.fromisoformat(x) for x in (first, last))
    assert clock.local_span(a.date(), a.time(), b.date(), b.time()) == (utc(begins), utc(ends))
