"""When the business works: closed stretches, public holidays and opening hours, for everything or for some services.

`limits` asks here whether a visit may begin; `cancellation` asks which days are business days.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from foundation.db import rows_of
from models import ClosedDay, OpeningHours, PublicHoliday, ServiceItem

#: `OpeningHours.weekday` of the rows that replace the weekday's on a public holiday
HOLIDAY = 7
#: for whom something holds: ("item", 7), ("group", 2) or EVERYTHING
Scope = tuple[str, int]
EVERYTHING: Scope = ("all", 0)
#: first and last moment at which a visit may begin, both included
Stretch = tuple[dt.time, dt.time]


@dataclass(frozen=True)
class Calendar:
    """Closed days, public holidays and opening hours of a stretch of time; read once, asked often."""

    #: closed for every service
    closed: dict[dt.date, str]
    holidays: dict[dt.date, str]
    #: closed for a group or an item only
    closed_for: Mapping[Scope, Mapping[dt.date, str]] = field(default_factory=dict)
    #: weekday (7 is a public holiday) -> stretches, for each scope that has any row
    hours: Mapping[Scope, Mapping[int, Sequence[Stretch]]] = field(default_factory=dict)


def calendar(first: dt.date, last: dt.date) -> Calendar:
    """Closed days, holidays and opening hours from `first` to `last`, with two queries."""
    closed: dict[Scope, dict[dt.date, str]] = defaultdict(dict)
    holidays: dict[dt.date, str] = {}
    days = rows_of(_DAYS, {"first": first, "last": last})
    for is_holiday, is_closed, begins, ends, name, group_id, item_id in days:
        if is_holiday:
            holidays[begins] = name
        if not is_closed:
            continue
        scope, day = _scope(group_id, item_id), max(begins, first)
        while day <= min(ends, last):
            closed[scope].setdefault(day, name)
            day += dt.timedelta(days=1)
    everything = closed.pop(EVERYTHING, {})
    return Calendar(everything, holidays, dict(closed), _all_hours())


def _days() -> sa.CompoundSelect[*tuple[Any, ...]]:
    """Closed stretches and holidays in one: the owner's own words for a day come first."""
    first, last = sa.bindparam("first", type_=sa.Date), sa.bindparam("last", type_=sa.Date)
    nobody = sa.cast(sa.null(), sa.Integer)
    stretches = sa.select(
        sa.literal(False).label("is_holiday"), sa.literal(True).label("is_closed"), ClosedDay.first_on.label("begins"),
        ClosedDay.last_on.label("ends"), ClosedDay.reason.label("name"), ClosedDay.service_group_id.label("group_id"),
        ClosedDay.service_item_id.label("item_id"),
    ).where(ClosedDay.first_on <= last, ClosedDay.last_on >= first)  # fmt: skip
    holidays = sa.select(
        sa.literal(True), PublicHoliday.is_closed, PublicHoliday.on_date, PublicHoliday.on_date, PublicHoliday.name,
        nobody, nobody,
    ).where(PublicHoliday.on_date.between(first, last))  # fmt: skip
    return sa.union_all(stretches, holidays).order_by("is_holiday", "begins")


#: each page about days asks, so the statements are built once
_DAYS = _days()
_HOURS = sa.select(
    OpeningHours.service_group_id, OpeningHours.service_item_id, OpeningHours.weekday, OpeningHours.opens_at,
    OpeningHours.closes_at,
).order_by(OpeningHours.opens_at, OpeningHours.id)  # fmt: skip


def usual_hours() -> Stretch | None:
    """From when until when the business works, over all days and services; None while no hours are set. One query."""
    every = [s for days in _all_hours().values() for stretches in days.values() for s in stretches]
    return (min(opens for opens, _closes in every), max(closes for _opens, closes in every)) if every else None


def _scope(group_id: int | None, item_id: int | None) -> Scope:
    if item_id is not None:
        return ("item", item_id)
    return ("group", group_id) if group_id is not None else EVERYTHING


def _all_hours() -> dict[Scope, dict[int, list[Stretch]]]:
    found: dict[Scope, dict[int, list[Stretch]]] = {}
    for group_id, item_id, weekday, opens_at, closes_at in rows_of(_HOURS):
        found.setdefault(_scope(group_id, item_id), {}).setdefault(weekday, []).append((opens_at, closes_at))
    return found


def scopes(item: ServiceItem) -> list[Scope]:
    """The levels of an item, the closest first."""
    group: list[Scope] = [("group", item.group_id)] if item.group_id is not None else []
    return [("item", item.id), *group, EVERYTHING]


def closed_reason(item: ServiceItem, day: dt.date, known: Calendar) -> str | None:
    """The reason why this service is closed on the day ("" without one), or None when it is not.

    A stretch for every service counts too, and comes first.
    """
    if day in known.closed:
        return known.closed[day]
    return next((known.closed_for[s][day] for s in scopes(item) if day in known.closed_for.get(s, {})), None)


def hours_on(item: ServiceItem, day: dt.date, known: Calendar) -> Sequence[Stretch] | None:
    """The stretches in which the service may begin on the day; [] is closed, None is any time.

    The item's rows replace its group's, those the business's. On a public holiday the rows for public holidays of
    that level replace the weekday's, if it has any.
    """
    level = next((known.hours[s] for s in scopes(item) if known.hours.get(s)), None)
    if level is None:
        return None
    if day in known.holidays and HOLIDAY in level:
        return level[HOLIDAY]
    return level.get(day.weekday(), [])


def latest_start(item: ServiceItem, day: dt.date, known: Calendar) -> dt.time:
    """The last moment of the day at which the service may begin; 23:59 without opening hours."""
    hours = hours_on(item, day, known)
    return max(closes for _opens, closes in hours) if hours else dt.time(23, 59)


def is_open_at(hours: Sequence[Stretch], begins: dt.time) -> bool:
    """May a visit begin then? Both ends of a stretch are included."""
    return any(opens <= begins <= closes for opens, closes in hours)


def in_words(hours: Sequence[Stretch]) -> str:
    """`07:00-12:00, 15:00-19:00`."""
    return ", ".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in hours)


def is_business_day(day: dt.date, known: Calendar) -> bool:
    """Monday to Friday, no public holiday, and not closed for every service."""
    return day.weekday() < 5 and day not in known.holidays and day not in known.closed
