"""A month as weeks of days, ready for the calendar macros: `ui.month` (each day a link), `ui.month_picker` (each a tick)."""

import calendar
import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from ui_kit import formats


@dataclass(frozen=True)
class DayItem:
    """What stands in a cell: `kind` is a chip kind (`req`, `scheduled` …), `word` its meaning for screen readers."""

    kind: str
    time: str
    name: str
    word: str
    short: str = ""


class Day(NamedTuple):
    """One cell. `reason` says why a day cannot be picked; `note` is a remark such as "holiday rate"."""

    date: dt.date
    in_month: bool
    is_today: bool
    is_selected: bool
    label: str
    url: str | None = None
    items: Sequence[DayItem] = ()
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class MonthGrid:
    """Whole weeks that cover the month, beginning on the locale's first day of the week."""

    title: str
    first: dt.date
    previous: dt.date
    next: dt.date
    weekdays: list[tuple[str, str]]
    weeks: list[list[Day]] = field(default_factory=list)


def weeks_of(month: dt.date) -> list[list[dt.date]]:
    """The whole weeks that cover the month, beginning on the locale's first day of the week."""
    return calendar.Calendar(formats.first_weekday()).monthdatescalendar(month.year, month.month)


@lru_cache(maxsize=64)
def _labelled(month: dt.date, _locale: str) -> list[list[tuple[dt.date, str]]]:
    """The days of these weeks, each as it is called."""
    return [[(day, formats.long_day(day)) for day in week] for week in weeks_of(month)]


def month_grid(
    month: dt.date,
    *,
    today: dt.date,
    items: Mapping[dt.date, Sequence[DayItem]] | None = None,
    selected: Collection[dt.date] = (),
    day_url: Callable[[dt.date], str] | None = None,
    reasons: Mapping[dt.date, str] | None = None,
    notes: Mapping[dt.date, str] | None = None,
) -> MonthGrid:
    """The month that holds `month`. `reasons` are the days that cannot be picked, `notes` remarks on days."""
    first = month.replace(day=1)
    items, reasons, notes = items or {}, reasons or {}, notes or {}
    return MonthGrid(
        title=formats.month_name(first),
        first=first,
        previous=(first - dt.timedelta(days=1)).replace(day=1),
        next=(first + dt.timedelta(days=31)).replace(day=1),
        weekdays=formats.weekday_names(),
        weeks=[
            [
                Day(
                    date=day,
                    in_month=day.month == first.month,
                    is_today=day == today,
                    is_selected=day in selected,
                    label=label,
                    url=day_url(day) if day_url else None,
                    items=items.get(day, ()),
                    reason=reasons.get(day),
                    note=notes.get(day),
                )
                for day, label in week
            ]
            for week in _labelled(first, formats.language())
        ],
    )
