"""Periods of reports, at each day of two leap years and what lies between them; no database."""

import datetime as dt

import pytest

from workflows.reports import periods
from workflows.reports.periods import Compared, Named, Period, Step

DAY = dt.timedelta(days=1)
DAYS = [dt.date(2027, 12, 1) + DAY * n for n in range(4 * 366 + 120)]

THIS = {
    Named.LAST_MONTH: Named.THIS_MONTH, Named.LAST_QUARTER: Named.THIS_QUARTER, Named.LAST_YEAR: Named.THIS_YEAR,
}  # fmt: skip


@pytest.mark.parametrize("name", Named)
def test_on_any_day_periods_meet_what_is_compared_and_are_wholly_cut_into_steps(name):
    for today in DAYS:
        period = periods.named(name, today)
        if name in THIS:
            assert periods.named(THIS[name], today).first == period.last + DAY
        else:
            assert period.first <= today <= period.last
        before = periods.before(period, Compared.PREVIOUS)
        assert before.last == period.first - DAY
        earlier = periods.before(period, Compared.LAST_YEAR)
        if name is Named.LAST_30_DAYS:
            assert period.n_days == 30
            assert (earlier.first.month, earlier.last.month) == (period.first.month, period.last.month)
            assert earlier.last == _a_year_before(period.last)
        else:
            assert (earlier.first.day, (earlier.last + DAY).day) == (1, 1), "whole months"
            assert abs(earlier.n_days - period.n_days) <= 1
        for wanted in Step:
            found = periods.buckets(period, periods.step_for(period, wanted))
            places = periods.place_of(found, period)
            assert sorted(places) == [period.first + DAY * n for n in range(period.n_days)]
            assert found[0].first == period.first
            assert sorted(set(places.values())) == list(range(len(found)))


def _a_year_before(day):
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


@pytest.mark.parametrize(
    ("first", "last", "earlier"),
    [
        ("2028-02-01", "2028-02-29", ("2027-02-01", "2027-02-28")),
        ("2029-02-01", "2029-02-28", ("2028-02-01", "2028-02-29")),
        ("2028-01-01", "2028-12-31", ("2027-01-01", "2027-12-31")),
        # these are days, not months: the 29th of the year before is none of them
        ("2029-02-28", "2029-02-28", ("2028-02-28", "2028-02-28")),
        ("2029-01-30", "2029-02-28", ("2028-01-30", "2028-02-28")),
        ("2028-02-29", "2028-02-29", ("2027-02-28", "2027-02-28")),
    ],
)
def test_the_same_days_last_year_around_a_29_february(first, last, earlier):
    period = Period(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    found = periods.before(period, Compared.LAST_YEAR)
    assert (found.first.isoformat(), found.last.isoformat()) == earlier
