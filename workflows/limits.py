"""May this be requested now, and if not, why? One pure answer for the portal's day picker and for the server's check.

Four kinds of limit at three levels: the service item's, else its group's, else the business's. Blank inherits, zero
is no limit. (Time To Pet's four kinds and Pet Sitter Plus's three levels, see requirements B9.)
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import ClosedDay, LimitKind, PublicHoliday, ServiceItem, TimeBlock
from workflows import settings
from workflows.errors import N_, Invalid


@dataclass(frozen=True)
class Refusal:
    """Why not: a stable code and a sentence; `too_late` adds the owner's own text and the phone number."""

    code: str
    message: str
    values: Mapping[str, object]
    too_late: bool = False

    def error(self, *, field: str | None = None) -> Invalid:
        """The same as an exception."""
        return Invalid(self.code, self.message, field=field, values=self.values)


@dataclass(frozen=True)
class Limit:
    """A limit as it applies, after inheritance."""

    kind: LimitKind
    number: int = 0
    time: dt.time | None = None


NO_LIMIT = Limit(LimitKind.NONE)


@dataclass(frozen=True)
class Calendar:
    """Days on which the business takes no requests, and the public holidays, of a stretch of time."""

    closed: dict[dt.date, str]
    holidays: dict[dt.date, str]


def calendar(first: dt.date, last: dt.date) -> Calendar:
    """Closed days and holidays from `first` to `last`, with two queries."""
    closed: dict[dt.date, str] = {}
    stretches = db.session.scalars(sa.select(ClosedDay).where(ClosedDay.first_on <= last, ClosedDay.last_on >= first))
    for stretch in stretches:
        day = max(stretch.first_on, first)
        while day <= min(stretch.last_on, last):
            closed[day] = stretch.reason
            day += dt.timedelta(days=1)
    holidays: dict[dt.date, str] = {}
    for holiday in db.session.scalars(sa.select(PublicHoliday).where(PublicHoliday.on_date.between(first, last))):
        holidays[holiday.on_date] = holiday.name
        if holiday.is_closed:
            closed.setdefault(holiday.on_date, holiday.name)
    return Calendar(closed, holidays)


def request_limit(item: ServiceItem, values: settings.Values) -> Limit:
    """The limit that applies to requests for this item."""
    levels = [
        (item.request_limit_kind, item.request_limit_number, item.request_limit_time),
        (item.group.request_limit_kind, item.group.request_limit_number, item.group.request_limit_time)
        if item.group
        else (None, None, None),
        (LimitKind(values["booking.limit_kind"]), values["booking.limit_number"], values["booking.limit_time"]),
    ]
    kind, number, time = next(level for level in levels if level[0] is not None)
    if kind is None or kind is LimitKind.NONE or (kind in {LimitKind.HOURS, LimitKind.DAYS} and not number):
        return NO_LIMIT
    return Limit(kind, number or 0, time)


def check_limit(limit: Limit, day: dt.date, start: dt.datetime, now: dt.datetime) -> Refusal | None:
    """Does the limit forbid a visit on `day` that begins at `start` (aware), asked for at `now` (aware)?

    Hours count back from the start, exactly N hours is in time. Days count dates: 1 day means tomorrow or later.
    """
    local = clock.to_local(now)
    today, tomorrow = local.date(), local.date() + dt.timedelta(days=1)
    if limit.kind is LimitKind.HOURS and start - now < dt.timedelta(hours=limit.number):
        return Refusal("limit_hours", N_("Ask at least %(n)s hours before the visit."), {"n": limit.number}, True)
    if limit.kind is LimitKind.DAYS and day < today + dt.timedelta(days=limit.number):
        return Refusal("limit_days", N_("Ask at least %(n)s days before the visit."), {"n": limit.number}, True)
    if limit.time is not None:
        shown = {"time": limit.time.strftime("%H:%M")}
        late = local.time().replace(tzinfo=None) >= limit.time
        if limit.kind is LimitKind.TODAY_AFTER and day <= today and late:
            return Refusal("limit_today", N_("Visits for today can be asked for until %(time)s."), shown, True)
        if limit.kind is LimitKind.TOMORROW_AFTER and (day <= today or (day == tomorrow and late)):
            return Refusal(
                "limit_tomorrow", N_("Visits can be asked for until %(time)s on the day before."), shown, True
            )
    return None


def why_not_day(day: dt.date, known: Calendar, values: settings.Values, now: dt.datetime) -> Refusal | None:
    """What speaks against this day, whatever the service: past, too far ahead, closed."""
    today = clock.to_local(now).date()
    if day < today:
        return Refusal("past", N_("This day is in the past."), {})
    if day > today + dt.timedelta(days=values["booking.days_ahead"]):
        return Refusal(
            "too_far", N_("Visits can be asked for up to %(n)s days ahead."), {"n": values["booking.days_ahead"]}
        )
    if day in known.closed:
        reason = known.closed[day]
        if reason:
            return Refusal("closed", N_("Closed on this day: %(reason)s."), {"reason": reason})
        return Refusal("closed", N_("Closed on this day."), {})
    return None


def why_not_request(
    item: ServiceItem,
    day: dt.date,
    *,
    start_time: dt.time | None,
    block: TimeBlock | None,
    known: Calendar,
    values: settings.Values,
    now: dt.datetime,
) -> Refusal | None:
    """Why a client may not request this visit now, or None. Items without a time count from 00:00 of their day."""
    if not item.is_active or not item.visible_in_portal:
        return Refusal("item_hidden", N_("%(service)s is no longer offered online."), {"service": item.name})
    refusal = why_not_day(day, known, values, now)
    if refusal:
        return refusal
    begins = start_time or (block.starts_at if block else None)
    start = clock.from_local(day, begins or dt.time(0))
    ends = clock.from_local(day, block.ends_at) if block else start
    if block and block.ends_at <= block.starts_at:
        ends += dt.timedelta(days=1)
    if begins and ends < now:
        return Refusal("past_time", N_("This time of day has passed already."), {})
    return check_limit(request_limit(item, values), day, start, now)


def span(days: Iterable[dt.date]) -> tuple[dt.date, dt.date]:
    """First and last of some days, or today twice."""
    all_days = sorted(days) or [clock.today()]
    return all_days[0], all_days[-1]
