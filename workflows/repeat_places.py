"""Where the visits of a series go when it goes on with another pattern. Nothing is changed here.

`repeat_changes` carries it out; a client who wishes for it is shown the same beforehand.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import ChangeItem, ChangeState, Job, JobState, Repeat, RepeatPause, RepeatSkip, RepeatTime
from workflows import price_books, pricing, repeat_runs, repeats
from workflows.repeat_outlook import Closed, is_over
from workflows.repeat_patterns import (
    DAY,
    WEEK,
    Occurrence,
    Pattern,
    begins,
    first_day_from,
    occurrences,
    pairs,
    tidy_times,
    week_of,
)


@dataclass
class Places:
    """What becomes of the visits that a series has made, and which the new pattern is missing."""

    #: untouched visits by id, with the place in the new pattern that they move to
    moved: dict[int, Occurrence] = field(default_factory=dict)
    #: the visits of `moved`, in order
    movers: list[Job] = field(default_factory=list)
    #: untouched visits without a place: they are called off
    left: list[Job] = field(default_factory=list)
    #: visits that stay exactly as they are, with the place that they take up (None: on no day of the pattern)
    kept: list[tuple[Job, Occurrence | None]] = field(default_factory=list)
    #: days and times that were taken out for good, with the place that stays empty for them
    skips: list[tuple[RepeatSkip, Occurrence | None]] = field(default_factory=list)
    #: visits that nobody has made yet, up to the day to which the series is made
    missing: list[Occurrence] = field(default_factory=list)


def on_with(old: Repeat, pattern: Pattern) -> Pattern:
    """The pattern from the first day on which it can begin: a series of every nth week keeps its weeks."""
    if (pattern.every_weeks, pattern.week_starts) != (old.every_weeks, old.week_starts):
        return pattern
    first = first_day_from(old, pattern.starts_on)
    return pattern if first == pattern.starts_on else replace(pattern, starts_on=first)


def made_until(old: Repeat) -> dt.date:
    """Up to which day the visits of the new pattern are made."""
    return max(old.generated_to or clock.today(), repeat_runs.horizon())


def left_pauses(old: Repeat, from_on: dt.date) -> list[RepeatPause]:
    """What is left of a series' pauses from a day on, for the series that follows it."""
    return [
        RepeatPause(first_on=max(p.first_on, from_on), last_on=p.last_on, reason=p.reason)
        for p in old.pauses
        if p.last_on >= from_on
    ]


def sketch(old: Repeat, pattern: Pattern) -> Repeat:
    """The series that would follow, as an object that no session knows. Its times have ids below zero."""
    times = [
        RepeatTime(
            id=-n,
            weekday=t.weekday,
            start_time=t.start_time,
            time_block=t.block,
            time_block_id=t.block.id if t.block else None,
        )
        for n, t in enumerate(tidy_times(pattern), 1)
    ]
    return Repeat(
        client_id=old.client_id, client=old.client, service_item_id=pattern.item.id, service_item=pattern.item,
        sitter=pattern.sitter, sitter_id=pattern.sitter.id if pattern.sitter else None, starts_on=pattern.starts_on,
        ends_on=pattern.ends_on, every_weeks=pattern.every_weeks, week_starts=pattern.week_starts, note=pattern.note,
        staff_note=pattern.staff_note, pets=list(pattern.pets), times=times, is_active=True,
        pauses=left_pauses(old, pattern.starts_on),
    )  # fmt: skip


def work_out(old: Repeat, new: Repeat, until: dt.date) -> Places:
    """Sort the old series' visits from the new one's first day on.

    Visits that a person has changed or cancelled, that have begun or that a client asks something about stay, and count
    as the new pattern's visit of their day. The others move, on the same day first, else within their week.
    """
    rows = repeats.visits_from(old, new.starts_on)
    last = max([until, *(j.repeat_on for j in rows if j.repeat_on is not None)])
    last = week_of(last, new.week_starts) + WEEK - DAY  # else Monday's last visit would not find the Tuesday after it
    wanted = list(occurrences(new, new.starts_on, last, pauses=False))
    asked = _asked_about(rows)
    own = [j for j in rows if _is_own(j) and j.id not in asked]
    kept = [j for j in rows if j not in own and not (j.state is JobState.CANCELLED and j.repeat_off)]
    times, found = {t.id: begins(t.start_time, t.time_block) for t in old.times}, Places()

    def begin_of(job: Job) -> dt.time:
        """When the series meant it to begin."""
        return times.get(job.repeat_time_id or 0, begins(job.start_time, job.time_block))

    taken, free = pairs([(j.repeat_on, begin_of(j), j.id) for j in kept if j.repeat_on], wanted)
    found.kept = [(job, taken.get(job.id)) for job in kept]
    skips = db.session.scalars(
        sa.select(RepeatSkip).where(RepeatSkip.repeat_id == old.id, RepeatSkip.on_date >= new.starts_on)
    ).all()
    gone, free = pairs([(s.on_date, times.get(s.repeat_time_id, dt.time(0)), s.id) for s in skips], free)
    found.skips = [(skip, gone.get(skip.id)) for skip in skips]
    found.moved, free = pairs([(j.repeat_on, begin_of(j), j.id) for j in own if j.repeat_on], free)
    _within_their_week(found, own, _usable(new, free), new.week_starts)
    used = set(found.moved.values())
    found.missing = [x for x in _usable(new, free) if x not in used and x.on_date <= until]
    found.movers = [job for job in own if job.id in found.moved]
    return found


def _within_their_week(found: Places, own: Sequence[Job], usable: Sequence[Occurrence], week_starts: int) -> None:
    """Give the visits without a place on their day another day of their week; the rest has none."""
    by_week: dict[dt.date, list[Occurrence]] = {}
    for x in usable:
        by_week.setdefault(week_of(x.on_date, week_starts), []).append(x)
    for job in own:
        if job.id in found.moved:
            continue
        options = by_week.get(week_of(job.on_date, week_starts), [])
        if options:
            found.moved[job.id] = options.pop(0)
        else:
            found.left.append(job)


def _usable(new: Repeat, free: Sequence[Occurrence]) -> list[Occurrence]:
    """The free places on which a visit can be: not in a pause, on a closed day, or over already."""
    if not free:
        return []
    closed = Closed(free[0].on_date, free[-1].on_date)
    now = clock.local_now().replace(tzinfo=None)
    return [
        x
        for x in free
        if not any(p.first_on <= x.on_date <= p.last_on for p in new.pauses)
        and not closed.on(x.on_date, new.service_item)
        and not (x.on_date == now.date() and is_over(x, now))
    ]


def _asked_about(rows: Sequence[Job]) -> set[int]:
    """The visits that wait for the office's answer to a client: they are decided there."""
    found = db.session.scalars(
        sa.select(ChangeItem.job_id).where(
            ChangeItem.job_id.in_([j.id for j in rows]), ChangeItem.state == ChangeState.PENDING
        )
    )
    return {job_id for job_id in found if job_id is not None}


def _is_own(job: Job) -> bool:
    return job.state is JobState.SCHEDULED and not job.repeat_edited and not repeats.has_begun(job)


# ---------------------------------------------------------------------------------------------------------- figures


def quote(new: Repeat, place: Occurrence, book: price_books.Book) -> price_books.Quote:
    """What the price list says of the new pattern's visit at this place."""
    return pricing.quote(
        new.service_item, n_pets=len(new.pets), client=new.client, on_date=place.on_date,
        begins=pricing.start_of(place.start_time, place.block), book=book,
    )  # fmt: skip


def keeps_figures(job: Job, new: Repeat, place: Occurrence) -> bool:
    """Does a visit that moves there keep its price? Only when nothing changes that a price depends on."""
    was = (job.service_item_id, job.on_date, job.start_time, job.time_block_id, frozenset(p.id for p in job.pets))
    block_id = place.block.id if place.block else None
    pets = frozenset(p.id for p in new.pets)
    return was == (new.service_item_id, place.on_date, place.start_time, block_id, pets)
