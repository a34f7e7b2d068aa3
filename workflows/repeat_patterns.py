"""What a repeating service says: its week, and the days and times that follow from it. No queries, no clock.

`repeats` starts and ends series, `repeat_changes` goes on with another pattern, `repeat_runs` makes the visits.
Planned times are wall-clock times: a visit at 7:00 stays at 7:00 when the clocks change.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from models import Client, Job, Pet, Repeat, ServiceItem, Staff, TimeBlock, TimeType
from workflows.errors import N_, Invalid, Refusals
from workflows.wanted import check_pets

DAY = dt.timedelta(days=1)
WEEK = dt.timedelta(days=7)
#: ten visits a day, every day
MOST_TIMES = 70
MOST_WEEKS = 52
#: a series that begins later than this is a slip of the pen
FURTHEST_START = dt.timedelta(days=731)

#: a day and a time of a series: (day, id of the RepeatTime)
Slot = tuple[dt.date, int]


@dataclass(frozen=True)
class PatternTime:
    """One visit of the week: a weekday (0 is Monday) with a time or a block, or with neither."""

    weekday: int
    start_time: dt.time | None = None
    block: TimeBlock | None = None


@dataclass(frozen=True)
class Pattern:
    """What shall repeat. `starts_on` is the first day that may have a visit, `ends_on` the last (None is open)."""

    item: ServiceItem
    times: Sequence[PatternTime]
    starts_on: dt.date
    ends_on: dt.date | None = None
    #: every nth week, counted from the week of `starts_on`; weeks begin on `week_starts` (0 is Monday)
    every_weeks: int = 1
    week_starts: int = 0
    sitter: Staff | None = None
    pets: Sequence[Pet] = ()
    note: str = ""
    staff_note: str = ""

    def __post_init__(self) -> None:
        unique = {(t.weekday, t.start_time, t.block.id if t.block else None): t for t in self.times}
        ordered = sorted(unique.values(), key=lambda t: (t.weekday, begins(t.start_time, t.block)))
        object.__setattr__(self, "times", tuple(ordered))
        object.__setattr__(self, "pets", tuple(dict.fromkeys(self.pets)))


@dataclass(frozen=True)
class Occurrence:
    """One day and time of a series."""

    on_date: dt.date
    time_id: int
    start_time: dt.time | None
    block: TimeBlock | None

    @property
    def slot(self) -> Slot:
        """What is unique for ever."""
        return self.on_date, self.time_id

    @property
    def begins(self) -> dt.time:
        """When it begins or its window opens; 00:00 for any time of the day."""
        return begins(self.start_time, self.block)


def begins(start_time: dt.time | None, block: TimeBlock | None) -> dt.time:
    """When a visit begins or its window opens; 00:00 for any time of the day."""
    return start_time or (block.starts_at if block is not None else dt.time(0))


def week_of(day: dt.date, week_starts: int) -> dt.date:
    """The first day of the week that `day` lies in, for weeks that begin on that weekday."""
    return day - DAY * ((day.weekday() - week_starts) % 7)


def is_on_week(repeat: Repeat, day: dt.date) -> bool:
    """Does the series have visits in the week of this day?"""
    weeks = week_of(day, repeat.week_starts) - week_of(repeat.starts_on, repeat.week_starts)
    return (weeks.days // 7) % repeat.every_weeks == 0


def occurrences(
    repeat: Repeat, first: dt.date, last: dt.date, *, skips: Collection[Slot] = (), pauses: bool = True
) -> Iterator[Occurrence]:
    """The visits that the series has from `first` to `last`, both included, in order of day and time.

    None outside of the series' own first and last day, in the weeks that it leaves out, in a pause (unless `pauses`
    is off), at a slot of `skips`, or when it is not active.
    """
    if not repeat.is_active:
        return
    first = max(first, repeat.starts_on)
    last = last if repeat.ends_on is None else min(last, repeat.ends_on)
    times: dict[int, list[Occurrence]] = {}
    for t in repeat.times:
        times.setdefault(t.weekday, []).append(Occurrence(first, t.id, t.start_time, t.time_block))
    for weekday in times.values():
        weekday.sort(key=lambda o: (o.begins, o.time_id))
    stretches = [(p.first_on, p.last_on) for p in repeat.pauses] if pauses else []
    week, this_week = week_of(repeat.starts_on, repeat.week_starts), week_of(first, repeat.week_starts)
    step = WEEK * repeat.every_weeks
    week += step * ((this_week - week) // step)
    while week <= last:
        for day in (week + DAY * n for n in range(7)):
            if not first <= day <= last or any(a <= day <= b for a, b in stretches):
                continue
            for o in times.get(day.weekday(), ()):
                if (day, o.time_id) not in skips:
                    yield Occurrence(day, o.time_id, o.start_time, o.block)
        week += step


def first_day_from(repeat: Repeat, day: dt.date) -> dt.date:
    """`day`, or the first day of the next week that has visits when the series leaves out the week of `day`.

    A series that goes on from here with the same rhythm keeps its odd or even weeks.
    """
    if day <= repeat.starts_on:
        return repeat.starts_on
    while not is_on_week(repeat, day):
        day = week_of(day, repeat.week_starts) + WEEK
    return day


def check(pattern: Pattern, client: Client, *, today: dt.date) -> None:
    """Refuse a pattern that makes no sense with Invalid and the field that it is about.

    No or too many times; a weekday or rhythm that does not exist; a service that needs a block without one; an end
    before its start or before any visit falls; a start years ahead; pets of others or no longer with us.
    """
    refusals = Refusals()
    with refusals:
        check_item(pattern.item)
    with refusals:
        check_times(pattern.times, pattern.item)
    with refusals:
        check_rhythm(pattern.every_weeks, pattern.week_starts)
    with refusals:
        check_days(pattern.starts_on, pattern.ends_on, today=today)
    with refusals:
        check_pets(pattern.pets, client)
    refusals.say()


def check_item(item: ServiceItem) -> None:
    """Refuse a service that is not offered any more."""
    if not item.is_active:
        raise Invalid("item_inactive", N_("%(service)s is inactive."), field="service_item", service=item.name)


def check_times(times: Sequence[PatternTime], item: ServiceItem) -> None:
    """The part of `check` that is about the week."""
    if not times:
        raise Invalid("no_times", N_("Choose at least one day of the week."), field="times")
    if len(times) > MOST_TIMES:
        raise Invalid("many_times", N_("A week can have at most %(most)s visits."), field="times", most=MOST_TIMES)
    if any(not 0 <= t.weekday <= 6 for t in times):
        raise Invalid("weekday", N_("Choose days of the week."), field="times")
    if item.time_type is TimeType.TIME_BLOCK and any(t.block is None for t in times):
        raise Invalid("no_block", N_("Choose at least one time of day."), field="times")


def check_rhythm(every_weeks: int | None, week_starts: int) -> None:
    """The part of `check` that is about which weeks."""
    if every_weeks is None or not 1 <= every_weeks <= MOST_WEEKS:
        raise Invalid("every_weeks", N_("Choose every 1 to %(most)s weeks."), field="every_weeks", most=MOST_WEEKS)
    if not 0 <= week_starts <= 6:
        raise Invalid("week_starts", N_("Choose the day on which a week begins."), field="week_starts")


def check_days(starts_on: dt.date | None, ends_on: dt.date | None, *, today: dt.date) -> None:
    """The part of `check` that is about first and last day, both said at once."""
    refusals = Refusals()
    with refusals:
        if starts_on is None:
            raise Invalid("no_date", N_("Choose a day."), field="starts_on")
        if starts_on > today + FURTHEST_START:
            raise Invalid("starts_late", N_("The first day is more than two years ahead."), field="starts_on")
        if starts_on < today - FURTHEST_START:
            raise Invalid("starts_early", N_("The first day is more than two years ago."), field="starts_on")
    with refusals:
        if ends_on is not None and starts_on is not None and ends_on < starts_on:
            raise Invalid("order", N_("The last day cannot be before the first."), field="ends_on")
        if ends_on is not None and ends_on < today:
            raise Invalid("ended", N_("The last day is in the past."), field="ends_on")
    refusals.say()


def tidy_times(pattern: Pattern) -> list[PatternTime]:
    """The times without what the service does not ask for, as with a single booking by the office."""
    if pattern.item.time_type is TimeType.TIME_BLOCK:
        return list(pattern.times)
    if pattern.item.time_type is TimeType.ALL_DAY:
        return [PatternTime(weekday) for weekday in sorted({t.weekday for t in pattern.times})]
    return [PatternTime(t.weekday, t.start_time) for t in pattern.times]


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def in_short(repeat: Repeat) -> str:
    """One line for the log and for a sitter's evening mail: "Dog walk, Mon Wed Fri 12:00, every 2 weeks"."""
    by_time: dict[str, list[int]] = {}
    for t in repeat.times:
        when = t.start_time.strftime("%H:%M") if t.start_time else t.time_block.name if t.time_block else ""
        by_time.setdefault(when, []).append(t.weekday)
    parts = [f"{' '.join(_DAYS[d] for d in sorted(set(days)))} {when}".strip() for when, days in by_time.items()]
    rhythm = f", every {repeat.every_weeks} weeks" if repeat.every_weeks > 1 else ""
    return f"{repeat.service_item.name}, {'; '.join(parts)}{rhythm}"


# ------------------------------------------------------------------------------------- what others do to its visits


def touched(job: Job) -> None:
    """A person decided on this very visit (changed, cancelled or brought it back): its series leaves it alone from now.

    Whoever changes, cancels or reinstates visits calls it for each; visits of no series are left as they are.
    """
    if job.repeat_id is not None:
        job.repeat_edited, job.repeat_off = True, False


def pairs(
    kept: Iterable[tuple[dt.date, dt.time, int]], wanted: Iterable[Occurrence]
) -> tuple[dict[int, Occurrence], list[Occurrence]]:
    """Which wanted occurrence each kept visit (day, begin, key) takes up on its day, and the wanted that are left.

    On a day the same time goes first, then the nearest; each occurrence is taken up once.
    """
    free: dict[dt.date, list[Occurrence]] = {}
    for o in wanted:
        free.setdefault(o.on_date, []).append(o)
    taken: dict[int, Occurrence] = {}
    todo = sorted(kept, key=lambda k: (k[0], k[1], k[2]))
    for nearest in (False, True):
        for day, at, key in todo:
            options = free.get(day, [])
            if key in taken or not options:
                continue
            best = min(options, key=lambda o: (_apart(o.begins, at), o.begins, o.time_id))
            if nearest or best.begins == at:
                taken[key] = best
                options.remove(best)
    return taken, [o for day in sorted(free) for o in free[day]]


def _apart(a: dt.time, b: dt.time) -> int:
    return abs(a.hour * 60 + a.minute - b.hour * 60 - b.minute)
