"""This and following: a series goes on with another pattern from a day on.

The old series ends the day before, a new one follows it. Visits that exist and that nobody has touched move over; those
that a person changed or cancelled stay exactly as they are, and are not made a second time by the new pattern.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Job, Repeat, RepeatSkip, Staff
from workflows import (
    activity,
    change_requests,
    client_sitters,
    price_books,
    pricing,
    repeat_places,
    repeat_runs,
    repeats,
    sitter_mails,
)
from workflows.actors import Actor
from workflows.billing import note_hooks
from workflows.errors import N_, Conflict, Invalid
from workflows.jobs import check_sitter
from workflows.locks import lock_client
from workflows.mail_facts import MailKind, VisitFacts
from workflows.permissions import Permission
from workflows.plans import plan_of_item
from workflows.repeat_patterns import DAY, Occurrence, Pattern, check, in_short
from workflows.repeat_places import Places
from workflows.visit_facts import job_facts


def go_on_with(
    repeat: Repeat,
    pattern: Pattern,
    *,
    actor: Actor,
    seen_version: int | None = None,
    reason: str = "",
    **calling_off: Any,  # noqa: ANN401 -- as `cancelling.cancel` takes them
) -> repeats.Outcome:
    """From `pattern.starts_on` on, the series has this pattern.

    In this order: the old series ends the day before; what clients asked about it has no object any more (superseded,
    and the client told); a new one follows it, with what is left of its pauses (a series of every nth week keeps its
    weeks); its visits go where `repeat_places.work_out` says; those without a place are cancelled, free of charge unless
    `calling_off` has the `policy` that a client was shown; missing ones are made up to the horizon; the sitters are
    told; the log. Refused: a day in the past and what `repeat_patterns.check` refuses (Invalid); a series that is over
    or already followed (WrongState); changed by somebody since `seen_version` (Conflict).
    """
    actor.require(Permission.SCHEDULE)
    lock_client(repeat.client_id)
    old = repeats.fresh(repeat.id)
    if seen_version is not None and old.version != seen_version:
        raise Conflict("stale", N_("Someone changed this series meanwhile. Look at it again, then make your change."))
    repeats.require_going(old)
    repeats.require_not_followed(old)
    pattern = checked(old, pattern)
    if pattern.sitter is not None and pattern.sitter.id != old.sitter_id:
        check_sitter(pattern.sitter)
    client_sitters.check(old.client, pattern.sitter)
    change_requests.supersede_series(old, actor=actor)
    from_on, was, until = pattern.starts_on, in_short(old), repeat_places.made_until(old)
    new = repeats.make(old.client, pattern, follows=old)
    new.pauses = repeat_places.left_pauses(old, from_on)
    if old.ends_on is None or old.ends_on >= from_on:
        repeats.close(old, from_on - DAY)
    cancelled = _move_over(old, new, until, actor=actor, calling_off={"reason": reason, **calling_off})
    activity.record(
        "repeat.followed", actor=actor, subject=new, client=new.client, series=in_short(new), before=was,
        starts_on=from_on, n_jobs=len(cancelled),
    )  # fmt: skip
    run = repeat_runs.generate([new], until, actor=actor)
    db.session.flush()
    return repeats.Outcome(new, run, cancelled)


def checked(old: Repeat, pattern: Pattern) -> Pattern:
    """The pattern from its first day on, refused where it makes no sense; the preview of a client's wish asks the same."""
    if pattern.starts_on < clock.today():
        raise Invalid("past", N_("Choose today or a later day."), field="starts_on")
    pattern = repeat_places.on_with(old, pattern)
    check(pattern, old.client, today=clock.today())
    return pattern


def _move_over(old: Repeat, new: Repeat, until: dt.date, *, actor: Actor, calling_off: dict[str, Any]) -> list[Job]:
    """Give the old series' later visits to the new one; returns those that were called off."""
    found = repeat_places.work_out(old, new, until)
    _hand_over(new, found)
    last = max([until, *(place.on_date for place in found.moved.values())])
    news, prices = _News(old, new), price_books.load_book([new.client], new.starts_on, last)
    for job in found.movers:
        _take_place(job, new, found.moved[job.id], prices, news)
    db.session.flush()
    note_hooks.follow(found.movers, actor=actor)
    news.tell(actor)
    repeats.call_off(found.left, actor=actor, **calling_off)
    return found.left


def _hand_over(new: Repeat, found: Places) -> None:
    """Visits that stay as they are, and days and times that stay empty, are the new series' from now on."""
    for job, place in found.kept:
        # Not through the object: nothing of the visit has changed, and whoever looks at it need not look again.
        db.session.execute(
            sa.update(Job)
            .where(Job.id == job.id)
            .values(repeat_id=new.id, repeat_time_id=place.time_id if place else job.repeat_time_id)
            .execution_options(synchronize_session=False)
        )
        db.session.expire(job)
    for skip, place in found.skips:
        time_id = place.time_id if place else skip.repeat_time_id
        db.session.add(RepeatSkip(repeat_id=new.id, on_date=skip.on_date, repeat_time_id=time_id))


def _take_place(job: Job, new: Repeat, place: Occurrence, prices: price_books.Book, news: "_News") -> None:
    """The visit becomes the new pattern's visit of that day and time."""
    before, old_sitter = job_facts(job, for_sitter=True), job.sitter
    is_same = repeat_places.keeps_figures(job, new, place)
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
    if not is_same:
        figures = repeat_places.quote(new, place, prices)
        job.price, job.sitter_pay, job.price_lines = figures.price, figures.sitter_pay, pricing.lines_to_keep(figures)
    moved = when != (job.service_item_id, job.on_date, job.start_time, job.time_block_id)
    if moved or old_sitter is not job.sitter:
        job.acknowledged_at = None
        news.add(job, before, old_sitter)


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
