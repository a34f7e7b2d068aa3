"""The day picker of the request form: a month of ticks, with the days that cannot be requested and why."""

import datetime as dt
from dataclasses import dataclass

from client_portal.draft import Draft, say, too_late_text
from client_portal.offer import Service
from foundation import clock
from ui_kit import MonthGrid, month_grid
from workflows import limits, settings
from workflows.limits import Calendar


@dataclass(frozen=True)
class Picker:
    """A month to choose from."""

    grid: MonthGrid
    #: months as the buttons send them; None at either end
    previous: str | None
    next: str | None
    #: chosen days of other months, which the form keeps
    elsewhere: list[dt.date]
    has_holidays: bool
    #: the owner's words, when days of this month are blocked because it is too late
    too_late: str


def stretch(draft: Draft) -> tuple[dt.date, dt.date]:
    """The days whose closings and holidays the picker needs."""
    first = _shown(draft)
    return first, (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)


def make(draft: Draft, service: Service | None, known: Calendar, *, now: dt.datetime) -> Picker:
    """The month of the draft. Days that are chosen already stay ticked and can be unticked, whatever speaks against them."""
    first, last = stretch(draft)
    reasons: dict[dt.date, str] = {}
    late, values = False, settings.read()
    day = first
    while day <= last:
        refusal = limits.why_not_day(day, known, values, now)
        if refusal is None and service is not None:
            refusal = service.why_not(day, known, now)
        if refusal and day not in draft.dates:
            reasons[day] = say(refusal)
            late = late or refusal.too_late
        day += dt.timedelta(days=1)
    notes = {d: name for d, name in known.holidays.items() if first <= d <= last}
    begin, end = _range()
    after = last + dt.timedelta(days=1)
    return Picker(
        month_grid(first, today=clock.today(), selected=draft.dates, reasons=reasons, notes=notes),
        previous=f"{(first - dt.timedelta(days=1)):%Y-%m}" if first > begin else None,
        next=f"{after:%Y-%m}" if after <= end else None,
        elsewhere=[d for d in draft.dates if not first <= d <= last],
        has_holidays=bool(notes),
        too_late=too_late_text() if late else "",
    )


def _range() -> tuple[dt.date, dt.date]:
    """From the first of this month to the last day that may be requested."""
    today = clock.today()
    return today.replace(day=1), today + dt.timedelta(days=settings.read()["booking.days_ahead"])


def _shown(draft: Draft) -> dt.date:
    begin, end = _range()
    return min(max(draft.month, begin), end).replace(day=1)
