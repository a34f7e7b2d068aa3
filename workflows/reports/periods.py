"""The days that a report is about: named periods, the one before, the same a year ago, and their days, weeks or months."""

import calendar
import datetime as dt
import enum
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from foundation import clock
from workflows.errors import N_, Invalid

#: how long a period may be
MOST_YEARS = 10
#: so many bars and lines of time at most; longer periods go by the next larger step
MOST_STEPS = 124


@dataclass(frozen=True)
class Period:
    """From a day to a day, both included, by the business's calendar."""

    first: dt.date
    last: dt.date

    @property
    def n_days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


class Named(enum.StrEnum):
    """Periods that have a name."""

    THIS_MONTH = "this-month"
    LAST_MONTH = "last-month"
    THIS_QUARTER = "this-quarter"
    LAST_QUARTER = "last-quarter"
    THIS_YEAR = "this-year"
    LAST_YEAR = "last-year"
    LAST_30_DAYS = "last-30-days"
    OWN = "own"


class Step(enum.StrEnum):
    """How time is cut."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Compared(enum.StrEnum):
    """With what a period is compared."""

    NOTHING = "no"
    PREVIOUS = "previous"
    LAST_YEAR = "year"


@dataclass(frozen=True)
class Bucket:
    """A day, week or month of a period; `first` is the first of its days inside the period."""

    first: dt.date
    step: Step


def named(name: Named, today: dt.date | None = None) -> Period:
    """The days that the name means today; OWN means this month until days are given."""
    day = today or clock.today()
    month = day.replace(day=1)
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    periods: dict[Named, Callable[[], Period]] = {
        Named.THIS_MONTH: lambda: _months(month, 1),
        Named.LAST_MONTH: lambda: _months(_shift(month, -1), 1),
        Named.THIS_QUARTER: lambda: _months(quarter, 3),
        Named.LAST_QUARTER: lambda: _months(_shift(quarter, -3), 3),
        Named.THIS_YEAR: lambda: _months(month.replace(month=1), 12),
        Named.LAST_YEAR: lambda: _months(month.replace(year=day.year - 1, month=1), 12),
        Named.LAST_30_DAYS: lambda: Period(day - dt.timedelta(days=29), day),
    }
    return periods.get(name, periods[Named.THIS_MONTH])()


def own(first: dt.date | None, last: dt.date | None) -> Period:
    """These days; Invalid when one is missing, they are the wrong way round, or too long a time."""
    if first is None:
        raise Invalid("no_first", N_("Enter the first day, for example 2026-01-31."), field="first")
    if last is None:
        raise Invalid("no_last", N_("Enter the last day, for example 2026-01-31."), field="last")
    if last < first:
        raise Invalid("turned", N_("The last day is before the first."), field="last")
    if last >= _year(first, MOST_YEARS):
        raise Invalid("too_long", N_("At most %(most)s years at once."), field="last", most=MOST_YEARS)
    return Period(first, last)


def before(period: Period, compared: Compared) -> Period | None:
    """What the period is compared with: as long a time right before it (whole months before whole months), or the same
    days a year earlier, of whole months also a 29 February that the one has and the other has not."""
    are_months = period.first.day == 1 and _is_month_end(period.last)
    if compared is Compared.LAST_YEAR:
        first, last = _year(period.first, -1), _year(period.last, -1)
        return Period(first, _month_end(last) if are_months else last)
    if compared is Compared.PREVIOUS:
        if are_months:
            n = (period.last.year - period.first.year) * 12 + period.last.month - period.first.month + 1
            return _months(_shift(period.first, -n), n)
        return Period(period.first - dt.timedelta(days=period.n_days), period.first - dt.timedelta(days=1))
    return None


def step_for(period: Period, wanted: Step | None) -> Step:
    """The wanted step, or one that suits; always a larger one when there would be too many."""
    if wanted is None:
        wanted = Step.DAY if period.n_days <= 31 else Step.WEEK if period.n_days <= 92 else Step.MONTH
    if wanted is Step.DAY and period.n_days > MOST_STEPS:
        wanted = Step.WEEK
    if wanted is Step.WEEK and period.n_days > MOST_STEPS * 7 - 7:
        wanted = Step.MONTH
    return wanted


def buckets(period: Period, step: Step, first_weekday: int = 0) -> list[Bucket]:
    """All days, weeks or months of the period, in order."""
    starts, day = [period.first], _next(period.first, step, first_weekday)
    while day <= period.last:
        starts.append(day)
        day = _next(day, step, first_weekday)
    return [Bucket(start, step) for start in starts]


def place_of(found: list[Bucket], period: Period) -> dict[dt.date, int]:
    """{day: in which bucket it lies}."""
    ends = [*(b.first for b in found), period.last + dt.timedelta(days=1)]
    return {
        start + dt.timedelta(days=n): i for i, (start, end) in enumerate(pairwise(ends)) for n in range((end - start).days)
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ inside


def _next(day: dt.date, step: Step, first_weekday: int) -> dt.date:
    if step is Step.DAY:
        return day + dt.timedelta(days=1)
    if step is Step.WEEK:
        return day + dt.timedelta(days=7 - (day.weekday() - first_weekday) % 7)
    return _shift(day.replace(day=1), 1)


def _shift(month: dt.date, n: int) -> dt.date:
    """The first of the month so many months later."""
    count = month.year * 12 + month.month - 1 + n
    return dt.date(count // 12, count % 12 + 1, 1)


def _months(first: dt.date, n: int) -> Period:
    return Period(first, _shift(first, n) - dt.timedelta(days=1))


def _year(day: dt.date, n: int) -> dt.date:
    """The same day so many years later; February 29 becomes the 28th."""
    return day.replace(year=day.year + n, day=min(day.day, calendar.monthrange(day.year + n, day.month)[1]))


def _month_end(day: dt.date) -> dt.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _is_month_end(day: dt.date) -> bool:
    return day == _month_end(day)
