"""This and following: a series goes on with another pattern from a day on.

The old series ends the day before, a new one follows it. Visits that exist and that nobody has touched move over; those
that a person changed or cancelled stay exactly as they are, and are not made a second time by the new pattern.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import ChangeItem, ChangeState, Job, JobState, Repeat, RepeatPause, RepeatSkip, Staff
from workflows import activity, client_sitters, pricing, repeat_runs, repeats, sitter_mails
from workflows.actors import Actor
from workflows.conflicts import plan_of_item
from workflows.errors import N_, Conflict, Invalid
from workflows.jobs import check_sitter
from workflows.locks import lock_client
from workflows.mail_facts import MailKind, VisitFacts
from workflows.permissions import Permission
from workflows.repeat_outlook import Closed, is_over
from workflows.repeat_patterns import (
    DAY,
    WEEK,
    Occurrence,
    Pattern,
    begins,
    check,
    first_day_from,
    in_short,
    occurrences,
    pairs,
    week_of,
)
from workflows.visit_facts import job_facts


def go_on_with(repeat: Repeat, pattern: Pattern, *, actor: Actor, seen_version: int | None = None) -> repeats.Outcome:
    """From `pattern.starts_on` on, the series has this pattern.

    In this order: the old series ends the day before; a new one follows it, with what is left of its pauses (a series
    of every nth week keeps its weeks); visits that a person has changed or cancelled, that have begun or that a client
    asks something about stay as they are and count as the new pattern's visit of their day; the others move to the new
    pattern, on the same day first, else within their week; those without a place are cancelled free of charge, missing
    ones are made up to the horizon; the sitters are told; the log. Refused: a day in the past and what
    `repeat_patterns.check` refuses (Invalid); a series that is over or already followed (WrongState); changed by
    somebody since `seen_version` (Conflict).
    """
    actor.require(Permission.SCHEDULE)
    lock_client(repeat.client_id)
    old = repeats.fresh(repeat.id)
    if seen_version is not None and old.version != seen_version:
        raise Conflict("stale", N_("Someone changed this series meanwhile. Look at it again, then make your change."))
    repeats.require_going(old)
    repeats.require_not_followed(old)
    if pattern.starts_on < clock.today():
        raise Invalid("past", N_("Choose today or a later day."), field="starts_on")
    if (pattern.every_weeks, pattern.week_starts) == (old.every_weeks, old.week_starts):
        pattern = replace(pattern, starts_on=first_day_from(old, pattern.starts_on))
    check(pattern, old.client, today=clock.today())
    if pattern.sitter is not None and pattern.sitter.id != old.sitter_id:
        check_sitter(pattern.sitter)
    client_sitters.check(old.client, pattern.sitter)
    from_on, was = pattern.starts_on, in_short(old)
    until = max(old.generated_to or clock.today(), repeat_runs.horizon())
    new = repeats.make(old.client, pattern, follows=old)
    new.pauses = [RepeatPause(first_on=max(p.first_on, from_on), last_on=p.last_on, reason=p.reason) for p in old.pauses if p.last_on >= from_on]  # fmt: skip
    if old.ends_on is None or old.ends_on >= from_on:
        repeats.close(old, from_on - DAY)
    cancelled = _move_over(old, new, until, actor=actor)
    activity.record(
        "repeat.followed", actor=actor, subject=new, client=new.client, series=in_short(new), before=was,
        starts_on=from_on, n_jobs=len(cancelled),
    )  # fmt: skip
    run = repeat_runs.generate([new], until, actor=actor)
    db.session.flush()
    return repeats.Outcome(new, run, cancelled)


def _move_over(old: Repeat, new: Repeat, until: dt.date, *, actor: Actor) -> list[Job]:
    """Give the old series' later visits to the new one; returns those that were called off."""
    rows = repeats.visits_from(old, new.starts_on)
    last = max([until, *(j.repeat_on for j in rows if j.repeat_on is not None)])
    last = week_of(last, new.week_starts) + WEEK - DAY  # else Monday's last visit would not find the Tuesday after it
    wanted = list(occurrences(new, new.starts_on, last, pauses=False))
    asked = _asked_about(rows)
    own = [j for j in rows if _is_own(j) and j.id not in asked]
    kept = [j for j in rows if j not in own and not (j.state is JobState.CANCELLED and j.repeat_off)]
    free = _keep(old, new, kept, wanted)
    free = _keep_skips(old, new, free)
    places, left = _places(old, new, own, free)
    news = _News(old, new)
    prices = pricing.load_book([new.client], new.starts_on, last)
    for job in own:
        if job.id in places:
            _take_place(job, new, places[job.id], prices, news)
    news.tell(actor)
    repeats.call_off(left, actor=actor, reason="")
    return left


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


def _begin_of(job: Job, times: dict[int, dt.time]) -> dt.time:
    """When the series meant it to begin."""
    return times.get(job.repeat_time_id or 0, begins(job.start_time, job.time_block))


def _begins_of(repeat: Repeat) -> dict[int, dt.time]:
    return {t.id: begins(t.start_time, t.time_block) for t in repeat.times}


def _keep(old: Repeat, new: Repeat, kept: Sequence[Job], wanted: list[Occurrence]) -> list[Occurrence]:
    """Hand visits that stay as they are to the new series, each in the place of its day; returns the free places."""
    times = _begins_of(old)
    taken, free = pairs([(j.repeat_on, _begin_of(j, times), j.id) for j in kept if j.repeat_on], wanted)
    for job in kept:
        place = taken.get(job.id)
        # Not through the object: nothing of the visit has changed, and whoever looks at it need not look again.
        db.session.execute(
            sa.update(Job)
            .where(Job.id == job.id)
            .values(repeat_id=new.id, repeat_time_id=place.time_id if place else job.repeat_time_id)
            .execution_options(synchronize_session=False)
        )
        db.session.expire(job)
    return free


def _keep_skips(old: Repeat, new: Repeat, wanted: list[Occurrence]) -> list[Occurrence]:
    """The same for days and times whose visit was taken out for good."""
    times = _begins_of(old)
    skips = db.session.scalars(
        sa.select(RepeatSkip).where(RepeatSkip.repeat_id == old.id, RepeatSkip.on_date >= new.starts_on)
    ).all()
    taken, free = pairs([(s.on_date, times.get(s.repeat_time_id, dt.time(0)), s.id) for s in skips], wanted)
    for skip in skips:
        time_id = taken[skip.id].time_id if skip.id in taken else skip.repeat_time_id
        db.session.add(RepeatSkip(repeat_id=new.id, on_date=skip.on_date, repeat_time_id=time_id))
    return free


def _places(
    old: Repeat, new: Repeat, own: Sequence[Job], free: list[Occurrence]
) -> tuple[dict[int, Occurrence], list[Job]]:
    """Where the untouched visits go: on their own day, else within their week; and those that have no place."""
    times = _begins_of(old)
    places, free = pairs([(j.repeat_on, _begin_of(j, times), j.id) for j in own if j.repeat_on], free)
    closed = Closed(free[0].on_date, free[-1].on_date) if free else None
    now = clock.local_now().replace(tzinfo=None)
    by_week: dict[dt.date, list[Occurrence]] = {}
    for x in free:
        paused = any(p.first_on <= x.on_date <= p.last_on for p in new.pauses)
        shut = closed is not None and closed.on(x.on_date, new.service_item)
        if not paused and not shut and not (x.on_date == now.date() and is_over(x, now)):
            by_week.setdefault(week_of(x.on_date, new.week_starts), []).append(x)
    left = []
    for job in own:
        options = by_week.get(week_of(job.on_date, new.week_starts), [])
        if job.id in places:
            continue
        if options:
            places[job.id] = options.pop(0)
        else:
            left.append(job)
    return places, left


def _take_place(job: Job, new: Repeat, place: Occurrence, prices: pricing.Book, news: "_News") -> None:
    """The visit becomes the new pattern's visit of that day and time."""
    before, old_sitter, was = job_facts(job, for_sitter=True), job.sitter, _worth(job)
    plan = plan_of_item(
        None, new.service_item, sitter_id=new.sitter_id, on_date=place.on_date, start_time=place.start_time,
        block=place.block,
    )  # fmt: skip
    when = (job.service_item_id, job.on_date, job.start_time, job.time_block_id)
    job.service_item, job.on_date, job.ends_on = new.service_item, place.on_date, plan.ends_on
    job.start_time, job.end_time, job.time_block = place.start_time, None, place.block
    job.duration_minutes, job.sitter = new.service_item.duration_minutes, news.sitter
    job.note, job.staff_note, job.pets = new.note, new.staff_note, list(new.pets)
    job.repeat, job.repeat_on, job.repeat_time_id = new, place.on_date, place.time_id
    db.session.flush()
    if was != _worth(job):
        figures = pricing.quote(
            job.service_item, n_pets=len(job.pets), client=new.client, on_date=job.on_date,
            begins=pricing.start_of(place.start_time, place.block), book=prices,
        )  # fmt: skip
        job.price, job.sitter_pay, job.price_lines = figures.price, figures.sitter_pay, pricing.lines_to_keep(figures)
    moved = when != (job.service_item_id, job.on_date, job.start_time, job.time_block_id)
    if moved or old_sitter is not job.sitter:
        job.acknowledged_at = None
        news.add(job, before, old_sitter)


def _worth(job: Job) -> tuple[object, ...]:
    """What its price depends on."""
    return (job.service_item_id, job.on_date, job.start_time, job.time_block_id, frozenset(p.id for p in job.pets))


@dataclass
class _News:
    """What the sitters must hear: near visits at once, one by one; the others in one line of the evening's mail."""

    old: Repeat
    new: Repeat
    evening: set[int] = field(default_factory=set)

    @property
    def sitter(self) -> Staff | None:
        """Who does the visits from now on; nobody when the sitter has left."""
        sitter = self.new.sitter
        return sitter if sitter is not None and sitter.is_active and sitter.is_sitter else None

    def add(self, job: Job, before: VisitFacts, old_sitter: Staff | None) -> None:
        """A visit was moved, or is another sitter's now."""
        told: list[Staff] = []
        if old_sitter is not None and old_sitter is not job.sitter:
            told += sitter_mails.tell(
                MailKind.SITTER_VISIT_TAKEN_AWAY, old_sitter, [job], was=before, because="reassigned"
            )  # fmt: skip
        if job.sitter is not None and old_sitter is not job.sitter:
            told += sitter_mails.tell(MailKind.SITTER_VISIT_ASSIGNED, job.sitter, [job])
        elif job.sitter is not None:
            told += sitter_mails.tell(MailKind.SITTER_VISIT_MOVED, job.sitter, [job], was=before)
        self.evening |= {s.id for s in told}

    def tell(self, actor: Actor) -> None:
        """Leave the line for the evening's mail."""
        if self.evening:
            activity.record(
                "job.repeated", actor=actor, subject=self.new, client=self.new.client, evening=sorted(self.evening),
                before=f"{in_short(self.old)} ({self.old.sitter or '-'})",
                after=f"{in_short(self.new)}, {self.new.starts_on} - , {self.new.client} ({self.sitter or '-'})",
            )  # fmt: skip
