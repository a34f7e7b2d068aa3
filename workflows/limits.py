"""May this be requested, changed or cancelled now, and if not, why? One pure answer for every picker and every check.

Four kinds of limit at three levels: the service item's, else its group's, else the business's; and separately for
three uses. Blank inherits, zero is no limit. Closed days and opening hours stand in `opening`.
(Time To Pet's four kinds and Pet Sitter Plus's three levels, see requirements B9 and X8.)
"""

import datetime as dt
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from foundation import clock
from models import Job, JobState, LimitKind, Pet, ServiceItem, TimeBlock
from workflows import opening, settings
from workflows.errors import N_, Invalid
from workflows.opening import Calendar, calendar

__all__ = [
    "NO_LIMIT", "Calendar", "Limit", "Refusal", "Use", "calendar", "check_limit", "limit_for", "request_limit", "requestable", "span",
    "why_not_day", "why_not_request", "why_not_target", "why_not_touch",
]  # fmt: skip


class Use(enum.StrEnum):
    """What a client wants to do, each with limits of its own."""

    REQUEST = "request"
    CHANGE = "change"
    CANCEL = "cancel"


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

#: the business's own limit of each use, as its settings are called
_SETTINGS = {Use.REQUEST: "booking.limit", Use.CHANGE: "booking.change_limit", Use.CANCEL: "booking.cancel_limit"}

#: kind of limit -> sentence, for each use; the second of a pair is for "1 hour" and "1 day"
_WORDS: dict[Use, dict[LimitKind, tuple[str, str]]] = {
    Use.REQUEST: {
        LimitKind.HOURS: (
            N_("Ask at least %(n)s hours before the visit."),
            N_("Ask at least one hour before the visit."),
        ),
        LimitKind.DAYS: (N_("Ask at least %(n)s days before the visit."), N_("Ask at least one day before the visit.")),
        LimitKind.TODAY_AFTER: (N_("Visits for today can be asked for until %(time)s."),) * 2,
        LimitKind.TOMORROW_AFTER: (N_("Visits can be asked for until %(time)s on the day before."),) * 2,
    },
    Use.CHANGE: {
        LimitKind.HOURS: (
            N_("Visits can be changed until %(n)s hours before they start."),
            N_("Visits can be changed until one hour before they start."),
        ),
        LimitKind.DAYS: (
            N_("Visits can be changed until %(n)s days before."),
            N_("Visits can be changed until the day before."),
        ),
        LimitKind.TODAY_AFTER: (N_("Today's visits can be changed until %(time)s."),) * 2,
        LimitKind.TOMORROW_AFTER: (N_("Visits can be changed until %(time)s on the day before."),) * 2,
    },
    Use.CANCEL: {
        LimitKind.HOURS: (
            N_("Visits can be cancelled until %(n)s hours before they start."),
            N_("Visits can be cancelled until one hour before they start."),
        ),
        LimitKind.DAYS: (
            N_("Visits can be cancelled until %(n)s days before."),
            N_("Visits can be cancelled until the day before."),
        ),
        LimitKind.TODAY_AFTER: (N_("Today's visits can be cancelled until %(time)s."),) * 2,
        LimitKind.TOMORROW_AFTER: (N_("Visits can be cancelled until %(time)s on the day before."),) * 2,
    },
}

_CODES = {
    LimitKind.HOURS: "limit_hours",
    LimitKind.DAYS: "limit_days",
    LimitKind.TODAY_AFTER: "limit_today",
    LimitKind.TOMORROW_AFTER: "limit_tomorrow",
}


def limit_for(item: ServiceItem, use: Use, values: settings.Values) -> Limit:
    """The limit of this use for this item. Asks for the item's group: load it with the item where there are many."""
    column = f"{use.value}_limit"
    levels: list[tuple[LimitKind | None, int | None, dt.time | None]] = [
        tuple(getattr(row, f"{column}_{part}") for part in ("kind", "number", "time"))
        for row in (item, item.group)
        if row is not None
    ]
    key = _SETTINGS[use]
    levels.append((LimitKind(values[f"{key}_kind"]), values[f"{key}_number"], values[f"{key}_time"]))
    kind, number, time = next(level for level in levels if level[0] is not None)
    if kind is None or kind is LimitKind.NONE or (kind in {LimitKind.HOURS, LimitKind.DAYS} and not number):
        return NO_LIMIT
    return Limit(kind, number or 0, time)


def request_limit(item: ServiceItem, values: settings.Values) -> Limit:
    """The limit that applies to requests for this item."""
    return limit_for(item, Use.REQUEST, values)


def check_limit(
    limit: Limit, day: dt.date, start: dt.datetime, now: dt.datetime, *, use: Use = Use.REQUEST
) -> Refusal | None:
    """Does the limit forbid a visit on `day` that begins at `start` (aware), asked for at `now` (aware)?

    Hours count back from the start as the clock on the wall shows them (`notice`), exactly N hours is in time. Days count dates: 1 day means tomorrow or later.
    At the time of day of the other two it is too late already.
    """
    if not _is_late(limit, day, start, now):
        return None
    many, one = _WORDS[use][limit.kind]
    shown = {"n": limit.number, "time": limit.time.strftime("%H:%M") if limit.time else ""}
    return Refusal(_CODES[limit.kind], one if limit.number == 1 else many, shown, too_late=True)


def _is_late(limit: Limit, day: dt.date, start: dt.datetime, now: dt.datetime) -> bool:
    local = clock.to_local(now)
    today = local.date()
    if limit.kind is LimitKind.HOURS:
        return clock.wall_clock(start) - clock.wall_clock(now) < dt.timedelta(hours=limit.number)
    if limit.kind is LimitKind.DAYS:
        return day < today + dt.timedelta(days=limit.number)
    if limit.kind is LimitKind.NONE or limit.time is None:
        return False
    after = local.time().replace(tzinfo=None) >= limit.time
    if limit.kind is LimitKind.TODAY_AFTER:
        return day <= today and after
    return day <= today or (day == today + dt.timedelta(days=1) and after)


# -------------------------------------------------------------------------------------------------------- requesting


def why_not_day(day: dt.date, known: Calendar, values: settings.Values, now: dt.datetime) -> Refusal | None:
    """What speaks against this day, whatever the service: past, too far ahead, closed."""
    today = clock.to_local(now).date()
    if day < today:
        return Refusal("past", N_("This day is in the past."), {})
    if day > today + dt.timedelta(days=values["booking.days_ahead"]):
        return Refusal(
            "too_far", N_("Visits can be asked for up to %(n)s days ahead."), {"n": values["booking.days_ahead"]}
        )
    return _closed(known.closed[day]) if day in known.closed else None


def _closed(reason: str) -> Refusal:
    if reason:
        return Refusal("closed", N_("Closed on this day: %(reason)s."), {"reason": reason})
    return Refusal("closed", N_("Closed on this day."), {})


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
    refusal = why_not_target(item, day, start_time=start_time, block=block, known=known, values=values, now=now)
    if refusal:
        return refusal
    begins = start_time or (block.starts_at if block else dt.time(0))
    return check_limit(request_limit(item, values), day, clock.from_local(day, begins), now)


def why_not_pets(pets: Iterable[Pet], day: dt.date, values: settings.Values) -> Refusal | None:
    """Why these pets may not be looked after on that day as far as their vaccinations go; the office decides whether
    it matters (`vaccinations.block_requests`)."""
    if not values["vaccinations.block_requests"]:
        return None
    over = [p.name for p in pets if p.vaccinations_expire_on is not None and p.vaccinations_expire_on <= day]
    if not over:
        return None
    return Refusal("vaccination", N_("The vaccinations of %(pets)s have run out by then. Please enter the new ones first."), {"pets": ", ".join(sorted(over))})  # fmt: skip


def why_not_target(
    item: ServiceItem,
    day: dt.date,
    *,
    start_time: dt.time | None,
    block: TimeBlock | None,
    known: Calendar,
    values: settings.Values,
    now: dt.datetime,
    ends_on: dt.date | None = None,
) -> Refusal | None:
    """Why a visit cannot be on this day at this time: past, too far ahead, closed for this service, out of hours.

    For the new day of a change: a visit that exists may move nearer than a fresh request could be, because a person
    decides anyway, so the request limit does not apply to it, nor whether the service is still offered. With
    `ends_on` every day of the stay must be open.
    """
    last = ends_on or day
    while last >= day:
        refusal = why_not_day(last, known, values, now) or _why_closed_for(item, last, known)
        if refusal:
            return refusal
        last -= dt.timedelta(days=1)
    return _why_not_hours(item, day, start_time or (block.starts_at if block else None), known) or _why_passed(
        day, start_time, block, now
    )


def _why_closed_for(item: ServiceItem, day: dt.date, known: Calendar) -> Refusal | None:
    reason = opening.closed_reason(item, day, known)
    if reason:
        return _closed(reason)
    if reason == "":
        return Refusal("closed", N_("%(service)s is not offered on this day."), {"service": item.name})
    return None


def _why_not_hours(item: ServiceItem, day: dt.date, begins: dt.time | None, known: Calendar) -> Refusal | None:
    hours = opening.hours_on(item, day, known)
    if hours is None:
        return None
    if not hours:
        return Refusal("closed", N_("%(service)s is not offered on this day."), {"service": item.name})
    if begins is None or opening.is_open_at(hours, begins):
        return None
    return Refusal(
        "out_of_hours", N_("Choose a time within the opening hours of this day: %(hours)s."),
        {"hours": opening.in_words(hours)},
    )  # fmt: skip


def _why_passed(day: dt.date, start_time: dt.time | None, block: TimeBlock | None, now: dt.datetime) -> Refusal | None:
    if (start_time or block) and _last_start(day, start_time, block) < now:
        return Refusal("past_time", N_("This time of day has passed already."), {})
    return None


def _last_start(day: dt.date, start_time: dt.time | None, block: TimeBlock | None) -> dt.datetime:
    """The moment after which the visit can no longer begin: its time, its block's end, the end of its day."""
    tomorrow = day + dt.timedelta(days=1)
    if block:
        return clock.from_local(tomorrow if block.ends_at <= block.starts_at else day, block.ends_at)
    return clock.from_local(day, start_time) if start_time else clock.from_local(tomorrow, dt.time(0))


# ---------------------------------------------------------------------------------------------- changing, cancelling

_STATES = {
    JobState.IN_PROGRESS: N_("This visit has begun."),
    JobState.COMPLETED: N_("This visit is done."),
    JobState.CANCELLED: N_("This visit is cancelled already."),
    JobState.VOIDED: N_("This visit did not take place."),
}
_TODAY = {
    Use.CHANGE: N_("Today's visits cannot be changed online."),
    Use.CANCEL: N_("Today's visits cannot be cancelled online."),
}


def why_not_touch(
    job: Job,
    *,
    use: Use,
    known: Calendar | None = None,  # noqa: ARG001 -- every question of this module takes the calendar
    values: settings.Values,
    now: dt.datetime,
) -> Refusal | None:
    """Why the client may not ask to change or cancel this visit now, or None.

    In this order: it has begun, is done or cancelled; it is in the past; it is today's and the setting wants only
    later days; the limit of the use. All but done and cancelled are "too late": the owner's text and the phone number
    belong beside them. A visit without a time counts from 00:00 of its day, a block from its start. Needs the
    visit's item with its group, and its block.
    """
    if job.state is not JobState.SCHEDULED:
        return Refusal(f"job_{job.state.value}", _STATES[job.state], {}, job.state is JobState.IN_PROGRESS)
    today = clock.to_local(now).date()
    if job.on_date < today:
        # A stay whose first day is over goes on, whether or not anybody has pressed Start.
        text = _STATES[JobState.IN_PROGRESS] if job.ends_on >= today else N_("This visit is in the past.")
        return Refusal("past", text, {}, too_late=True)
    if job.on_date == today and values["changes.future_only"]:
        return Refusal("today", _TODAY[use], {}, too_late=True)
    if _last_start(job.on_date, job.start_time, None if job.start_time else job.time_block) < now:
        return Refusal("past_time", N_("The time of this visit has passed already."), {}, too_late=True)
    begins = job.start_time or (job.time_block.starts_at if job.time_block else dt.time(0))
    limit = limit_for(job.service_item, use, values)
    return check_limit(limit, job.on_date, clock.from_local(job.on_date, begins), now, use=use)


def requestable(now: dt.datetime, values: settings.Values) -> tuple[dt.date, dt.date]:
    """First and last day that clients can request."""
    today = clock.to_local(now).date()
    return today, today + dt.timedelta(days=values["booking.days_ahead"])


def span(days: Iterable[dt.date]) -> tuple[dt.date, dt.date]:
    """First and last of some days, or today twice."""
    all_days = sorted(days) or [clock.today()]
    return all_days[0], all_days[-1]
