"""Days and spans of time inside SQL, the same on SQLite and PostgreSQL: the local day of a moment, days and seconds between."""

import datetime as dt
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import db


def _on_sqlite() -> bool:
    return db.session.get_bind().dialect.name == "sqlite"


def local_day(moment: Any, first: dt.date, last: dt.date) -> Any:  # noqa: ANN401 -- any SQL expression
    """The day that a moment was at the business. SQLite knows no zones: it is right for moments of these days, over the
    changes of the clock too, and within an hour of midnight it may be a day off for moments far outside."""
    if not _on_sqlite():
        return sa.cast(sa.func.timezone(clock.zone().key, moment), sa.Date)
    changes = _changes(first - dt.timedelta(days=2), last + dt.timedelta(days=2))
    shift: Any = sa.literal(_words(changes[-1][1]))
    if len(changes) > 1:
        shift = sa.case(
            *((moment < until, _words(offset)) for (_at, offset), (until, _next) in pairwise(changes)),
            else_=_words(changes[-1][1]),
        )  # fmt: skip
    return sa.func.date(moment, shift, type_=sa.Date)


def _words(offset: dt.timedelta) -> str:
    return f"{int(offset.total_seconds() // 60):+d} minutes"


def _changes(first: dt.date, last: dt.date) -> list[tuple[dt.datetime, dt.timedelta]]:
    """(from when, how far ahead of UTC) over these days, one for each time that the clock stands differently."""
    at, end = (clock.from_local(day, dt.time(0)) for day in (first, last))
    found = [(at, _offset(at))]
    while at < end:
        later = min(at + dt.timedelta(days=7), end)
        if _offset(later) != found[-1][1]:
            low, high = at, later
            while high - low > dt.timedelta(minutes=1):
                middle = low + (high - low) // 2
                low, high = (low, middle) if _offset(middle) != found[-1][1] else (middle, high)
            high = high.replace(second=0, microsecond=0)
            found.append((high, _offset(later)))
        at = later
    return found


def _offset(moment: dt.datetime) -> dt.timedelta:
    return clock.to_local(moment).utcoffset() or dt.timedelta(0)


def days_between(earlier: Any, later: Any) -> Any:  # noqa: ANN401 -- any SQL expressions of days
    """How many days `later` is after `earlier`."""
    if _on_sqlite():
        return sa.cast(sa.func.julianday(later) - sa.func.julianday(earlier), sa.Integer)
    return sa.type_coerce(sa.type_coerce(later, sa.Date).op("-")(earlier), sa.Integer)


def minutes_between(start: Any, end: Any) -> Any:  # noqa: ANN401 -- any SQL expressions of moments
    """The minutes from one moment to the other, not rounded."""
    if _on_sqlite():
        return (sa.func.julianday(end) - sa.func.julianday(start)) * 1440.0
    return sa.extract("epoch", sa.type_coerce(end, sa.DateTime) - sa.type_coerce(start, sa.DateTime)) / 60.0
