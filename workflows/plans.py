"""A visit as it stands in somebody's day, or would: when it must happen, how long it takes, and whether two fit.

A visit has a window in which it must happen and a length. A fixed time's window is as long as the visit, a time
block's is longer. Two visits clash when they fit into their windows in neither order. Times are compared as UTC
moments, so a night with a clock change is as long as it really is. What speaks against a plan is said by `conflicts`.
"""

import datetime as dt
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from foundation import clock
from models import Job, Pet, ServiceItem, TimeBlock, TimeType

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """From `earliest` to `latest` (UTC, half open), somewhere in it `length` of work."""

    earliest: dt.datetime
    latest: dt.datetime
    length: dt.timedelta

    def fits_after(self, other: "Window") -> bool:
        """Can this be done when the other is done first, as early as it may?"""
        return max(other.earliest + other.length, self.earliest) + self.length <= self.latest


def clash(a: Window, b: Window) -> bool:
    """True when one person cannot do both."""
    return not a.fits_after(b) and not b.fits_after(a)


#: with more visits than this around a planned one, only their minutes are added up
MOST_TRIED = 8


def have_room(windows: Sequence[Window]) -> bool:
    """Can one person do all of these, in some order? Two may fit each other and three not: a block that is full."""
    by_deadline = sorted(windows, key=lambda w: (w.latest, w.earliest))
    by_start = sorted(windows, key=lambda w: (w.earliest, w.latest))
    if _done_in_turn(by_deadline) or _done_in_turn(by_start):
        return True
    if len(windows) > MOST_TRIED:
        total = sum((w.length for w in windows), dt.timedelta(0))
        return total <= max(w.latest for w in windows) - min(w.earliest for w in windows)
    # The earliest moment at which each set of them (a bit for each) can be finished.
    finished: dict[int, dt.datetime] = {0: by_start[0].earliest}
    never = dt.datetime.max.replace(tzinfo=dt.UTC)
    for done in range(1 << len(windows)):
        if done not in finished:
            continue
        for i, window in enumerate(windows):
            more = done | 1 << i
            ends = max(finished[done], window.earliest) + window.length
            if more != done and ends <= window.latest and ends < finished.get(more, never):
                finished[more] = ends
    return (1 << len(windows)) - 1 in finished


def _done_in_turn(windows: Sequence[Window]) -> bool:
    free = windows[0].earliest
    for window in windows:
        free = max(free, window.earliest) + window.length
        if free > window.latest:
            return False
    return True


def last_day(
    day: dt.date, *, start_time: dt.time | None, minutes: int, block: TimeBlock | None, all_day: bool = False
) -> dt.date:
    """The last date that a visit touches: the next day when it runs over midnight."""
    if all_day:
        return day
    if start_time is not None:
        ends = dt.datetime.combine(day, start_time) + dt.timedelta(minutes=minutes)
        return (ends - dt.timedelta(microseconds=1)).date()
    if block is not None and block.ends_at <= block.starts_at and block.ends_at != dt.time(0):
        return day + DAY
    return day


@dataclass(frozen=True)
class Plan:
    """A visit that is, or would be, in somebody's day. `key` names it for whoever asks."""

    key: Hashable
    sitter_id: int | None
    on_date: dt.date
    ends_on: dt.date
    start_time: dt.time | None
    end_time: dt.time | None
    block: TimeBlock | None
    minutes: int
    time_type: TimeType
    #: the visit itself, when it exists already: it does not clash with its old place
    job_id: int | None = None
    label: str = ""
    #: whose vaccinations are watched; only of visits that are being planned
    pets: tuple[Pet, ...] = ()
    #: whose visit it is, to see whether they want this sitter
    client_id: int | None = None
    #: is somebody planned for it who may need the key? Not of visits that stay with the one who does them
    asks_for_key: bool = False

    def window(self) -> Window:
        """The window that the sitter must find the time in; made once (`cached_property` would take a lock each time)."""
        made: Window | None = self.__dict__.get("made_window")
        if made is None:
            made = self.__dict__["made_window"] = _window(
                self.on_date,
                self.ends_on,
                start_time=self.start_time,
                end_time=self.end_time,
                block=self.block,
                minutes=self.minutes,
                time_type=self.time_type,
            )
        return made


def window_of(job: Job) -> Window:
    """The window of an existing visit: that of its plan, without the plan."""
    return _window(
        job.on_date, job.ends_on, start_time=job.start_time, end_time=job.end_time, block=job.time_block,
        minutes=job.duration_minutes, time_type=job.service_item.time_type,
    )  # fmt: skip


def _window(
    on_date: dt.date,
    ends_on: dt.date,
    *,
    start_time: dt.time | None,
    end_time: dt.time | None,
    block: TimeBlock | None,
    minutes: int,
    time_type: TimeType,
) -> Window:
    length = dt.timedelta(minutes=minutes)
    if start_time is not None:
        start = clock.from_local(on_date, start_time)
        ends = start + length
        if end_time is not None:
            start, ends = clock.local_span(on_date, start_time, ends_on, end_time)
        return Window(start, ends, ends - start)
    if block is not None:
        over_midnight = block.ends_at <= block.starts_at
        last = on_date + (DAY if over_midnight else DAY * 0)
        start, ends = clock.local_span(on_date, block.starts_at, last, block.ends_at)
        return Window(start, ends, min(length, ends - start))
    start = clock.from_local(on_date, dt.time(0))
    ends = clock.from_local(ends_on + DAY, dt.time(0))
    whole = time_type is TimeType.ALL_DAY or ends_on > on_date
    return Window(start, ends, ends - start if whole else min(length, ends - start))


def plan_of_job(job: Job, *, with_pets: bool = False) -> Plan:
    """An existing visit as a plan; `with_pets` for one that is being booked now: its pets and key are looked at."""
    return Plan(
        key=("job", job.id),
        sitter_id=job.sitter_id,
        on_date=job.on_date,
        ends_on=job.ends_on,
        start_time=job.start_time,
        end_time=job.end_time,
        block=job.time_block,
        minutes=job.duration_minutes,
        time_type=job.service_item.time_type,
        job_id=job.id,
        label=f"{job.service_item.name}, {job.client}",
        pets=tuple(job.pets) if with_pets else (),
        client_id=job.client_id,
        asks_for_key=with_pets and not job.service_item.key_not_needed,
    )


def plan_of_item(
    key: Hashable,
    item: ServiceItem,
    *,
    sitter_id: int | None,
    on_date: dt.date,
    start_time: dt.time | None,
    block: TimeBlock | None,
    ends_on: dt.date | None = None,
    end_time: dt.time | None = None,
    label: str = "",
    job_id: int | None = None,
    pets: Iterable[Pet] = (),
    client_id: int | None = None,
    same_sitter: bool = False,
) -> Plan:
    """A visit that is being planned; with `same_sitter` the one who does it already keeps it, and is asked for no key."""
    all_day = item.time_type is TimeType.ALL_DAY
    last = ends_on or last_day(
        on_date, start_time=start_time, minutes=item.duration_minutes, block=block, all_day=all_day
    )
    return Plan(
        key, sitter_id, on_date, last, start_time, end_time, block, item.duration_minutes, item.time_type, job_id, label,
        tuple(pets), client_id, not (same_sitter or item.key_not_needed),
    )  # fmt: skip


def is_full(window: Window, others: list[Window]) -> bool:
    """Is there no room for it beside those others that can be done at all? (What is overfull already is not its fault.)"""
    kept: list[Window] = []
    for other in others:
        if have_room([*kept, other]):
            kept.append(other)
    return len(kept) > 1 and not have_room([*kept, window])
