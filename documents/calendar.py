"""A calendar feed as an iCalendar file (RFC 5545): stable UIDs, the time zone's own rules, requests as tentative."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard
from icalendar.prop import vDuration

from foundation import clock
from workflows.calendar_feeds import Entry

#: how often a calendar program should ask again; most take their own time (Google up to a day)
REFRESH = dt.timedelta(hours=1)


def write(entries: Iterable[Entry], *, name: str, for_sitter: bool) -> bytes:
    """The file, the same bytes for the same entries. `name` is what calendar programs call the calendar."""
    calendar = Calendar()
    calendar.add("prodid", "-//Latchkey//Visits//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", str(clock.zone()))
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    shown = list(entries)
    if (zone := _time_zone(clock.zone(), shown)) is not None:
        calendar.add_component(zone)
    for entry in shown:
        calendar.add_component(_event(entry, clock.zone(), for_sitter=for_sitter))
    return bytes(calendar.to_ical())


def _time_zone(zone: ZoneInfo, entries: Iterable[Entry]) -> Timezone | None:
    """The zone's rules for the time of these entries: one observance for each change of the clocks, none open.

    Our own, because icalendar's names the hour after the change where the standard wants the one before it, and its
    long lists of dates are not understood everywhere. None when nothing in the file has a time of day.
    """
    moments = [m for e in entries for m in (e.starts, e.ends) if m is not None]
    if not moments:
        return None
    component = Timezone()
    component.add("tzid", str(zone))
    first = (min(moments) - dt.timedelta(days=1)).astimezone(zone)
    component.add_component(_observance(first.replace(tzinfo=None), first, first))
    for before, after in _changes(first.astimezone(dt.UTC), max(moments).astimezone(dt.UTC), zone):
        local = (after.astimezone(dt.UTC) + (before.utcoffset() or dt.timedelta(0))).replace(tzinfo=None)
        component.add_component(_observance(local, before, after))
    return component


def _changes(
    first: dt.datetime, last: dt.datetime, zone: ZoneInfo
) -> Iterator[tuple[dt.datetime, dt.datetime]]:  # fmt: skip
    """The moments (to the minute) at which the offset changes: the minute before, and the one that has the new offset."""
    day = first
    while day < last:
        low, high = day, day + dt.timedelta(days=1)
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            while high - low > dt.timedelta(minutes=1):
                middle = low + (high - low) / 2
                same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            change = high.replace(second=0, microsecond=0)
            yield (change - dt.timedelta(minutes=1)).astimezone(zone), change.astimezone(zone)
        day += dt.timedelta(days=1)


def _observance(begins: dt.datetime, before: dt.datetime, after: dt.datetime) -> TimezoneStandard | TimezoneDaylight:
    part = TimezoneDaylight() if after.dst() else TimezoneStandard()
    part.add("dtstart", begins.replace(second=0, microsecond=0))
    part.add("tzoffsetfrom", before.utcoffset())
    part.add("tzoffsetto", after.utcoffset())
    part.add("tzname", after.tzname())
    return part


def _event(entry: Entry, zone: ZoneInfo, *, for_sitter: bool) -> Event:
    event = Event()
    event.add("uid", f"{entry.uid}@latchkey")
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.changed_at)
    for key, value in _when(entry, zone):
        event.add(key, value)
    event.add("summary", _summary(entry, for_sitter=for_sitter))
    event.add("status", entry.status)
    event.add("transp", "OPAQUE" if for_sitter and entry.status == "CONFIRMED" else "TRANSPARENT")
    if text := _description(entry):
        event.add("description", text)
    if entry.address:
        event.add("location", entry.address)
    return event


def _when(entry: Entry, zone: ZoneInfo) -> list[tuple[str, Any]]:
    """Start and end; a whole day's end is the day after, as the standard wants it."""
    if entry.starts is None or entry.ends is None:
        return [("dtstart", entry.on_date), ("dtend", entry.ends_on + dt.timedelta(days=1))]
    return [("dtstart", entry.starts.astimezone(zone)), ("dtend", entry.ends.astimezone(zone))]


def _summary(entry: Entry, *, for_sitter: bool) -> str:
    who = entry.client if for_sitter else ", ".join(entry.pets)
    text = f"{entry.service}: {who}" if who else entry.service
    if entry.status == "TENTATIVE":
        return f"{gettext('REQ:')} {text}"
    return gettext("Cancelled: %(visit)s", visit=text) if entry.status == "CANCELLED" else text


def _description(entry: Entry) -> str:
    lines = []
    if entry.pets:
        lines.append(gettext("For %(pets)s", pets=", ".join(entry.pets)))
    if entry.sitter:
        lines.append(gettext("With %(sitter)s", sitter=entry.sitter))
    if entry.status == "TENTATIVE":
        lines.append(gettext("Requested, not booked yet."))
    if entry.note:
        lines.append(entry.note)
    return "\n".join(lines)
