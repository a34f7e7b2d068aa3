"""The office changes a visit: its service, days, times, pets, words or sitter, with the conflicts shown first.

One visit at a time; `moving` moves them by hand on the schedule and can undo it, `bulk_kinds` changes many.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from foundation.db import db
from models import Job, JobState, Pet, ServiceItem, Staff, TimeBlock, TimeType
from workflows import activity, change_requests, conflicts, limits, plans, price_books, pricing, sitter_mails
from workflows.actors import Actor
from workflows.billing import note_hooks
from workflows.conflicts import ConflictsFound
from workflows.errors import N_, Conflict, Invalid, WrongState
from workflows.jobs import Stay, check_sitter, check_stay, get_fresh, not_now
from workflows.locks import lock_client, lock_sitters
from workflows.mail_facts import MailKind
from workflows.permissions import Permission
from workflows.plans import plan_of_item
from workflows.repeat_patterns import touched
from workflows.visit_facts import job_facts, short
from workflows.wanted import check_pets, clean_note


@dataclass(frozen=True)
class Change:
    """What a visit shall be. Every field is given; unchanged ones as they are."""

    item: ServiceItem
    on_date: dt.date
    start_time: dt.time | None
    block: TimeBlock | None
    sitter: Staff | None
    pets: Sequence[Pet]
    note: str = ""
    staff_note: str = ""
    ends_on: dt.date | None = None
    end_time: dt.time | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "pets", tuple(dict.fromkeys(self.pets)))  # a pet that is named twice goes once


def change(
    job: Job, wanted: Change, *, actor: Actor, seen_version: int | None = None, accept: Iterable[str] = ()
) -> Job:
    """Move, reassign or edit a visit that has not begun.

    In this order: the row (another service, other pets or days bring price and pay of today's list; so does another
    time, but only if the list makes it dearer or cheaper than the old time; what was invoiced gets a note); the log, old to new;
    the sitter who keeps it is told of a move, one who loses it that it is gone, one who gets it that it is theirs.
    Refused: begun, done, cancelled or void (WrongState); changed by somebody since `seen_version` (Conflict); what
    `wanted.slots` refuses; conflicts not in `accept` (ConflictsFound).
    """
    actor.require(Permission.SCHEDULE)
    note, private = clean_note(wanted.note), clean_note(wanted.staff_note, field="staff_note")
    if wanted.sitter is not None and wanted.sitter.id != job.sitter_id:
        check_sitter(wanted.sitter)
    lock_client(job.client_id)
    fresh = get_fresh(job.id)
    if fresh is None:
        raise WrongState("job_gone", N_("This visit no longer exists."))
    if seen_version is not None and fresh.version != seen_version:
        raise Conflict("stale", N_("Someone changed this visit meanwhile. Look at it again, then make your change."))
    if fresh.state is not JobState.SCHEDULED:
        raise not_now(fresh)
    check_pets(wanted.pets, fresh.client)
    if wanted.item.time_type is TimeType.TIME_BLOCK and wanted.block is None:
        raise Invalid("no_block", N_("Choose at least one time of day."), field="time_block")
    new_sitter_id = wanted.sitter.id if wanted.sitter else None
    lock_sitters([new_sitter_id])
    stay_end = _stay_end(wanted)
    plan = plan_of_item(
        ("job", fresh.id), wanted.item, sitter_id=new_sitter_id, on_date=wanted.on_date, start_time=wanted.start_time,
        block=wanted.block, ends_on=stay_end, end_time=wanted.end_time,
        job_id=fresh.id, label=f"{wanted.item.name}, {fresh.client}", pets=wanted.pets, client_id=fresh.client_id,
        same_sitter=new_sitter_id == fresh.sitter_id and not fresh.service_item.key_not_needed,
    )  # fmt: skip
    same_place = (
        fresh.sitter_id, fresh.on_date, fresh.ends_on, fresh.start_time, fresh.end_time, fresh.time_block_id,
        fresh.service_item_id,
    ) == (
        new_sitter_id, plan.on_date, plan.ends_on, plan.start_time, plan.end_time,
        wanted.block.id if wanted.block else None, wanted.item.id,
    )  # fmt: skip
    found = conflicts.find([plan])
    if same_place:  # a note may be changed whatever stands against the visit; another pet may not
        same_pets = {p.id for p in wanted.pets} == {p.id for p in fresh.pets}
        found = {} if same_pets else conflicts.vaccinations([plan])
    if conflicts.stand_against(found, accept):
        raise ConflictsFound(found)
    return _apply(fresh, wanted, plan, note=note, staff_note=private, actor=actor)


def _stay_end(wanted: Change) -> dt.date | None:
    """The last day of a stay (whole days, or with an end of its own); None for visits that end after their minutes."""
    if wanted.ends_on is not None and (wanted.end_time is not None or wanted.item.time_type is TimeType.ALL_DAY):
        check_stay(Stay(wanted.on_date, wanted.ends_on, wanted.start_time, wanted.end_time))
        return wanted.ends_on
    if wanted.end_time is not None:
        raise Invalid("stay_times", N_("Give both times of the stay, or neither."), field="end_time")
    return None


def _apply(job: Job, wanted: Change, plan: plans.Plan, *, note: str, staff_note: str, actor: Actor) -> Job:
    before, old_sitter, old_when = job_facts(job, for_sitter=True), job.sitter, _when(job)
    was = _Figures(job, wanted, plan)
    old_label = f"{short(before)} ({old_sitter or '-'})"
    job.service_item, job.on_date, job.ends_on = wanted.item, wanted.on_date, plan.ends_on
    job.start_time, job.end_time, job.time_block = wanted.start_time, wanted.end_time, wanted.block
    job.pets, job.note, job.staff_note, job.sitter = list(wanted.pets), note, staff_note, wanted.sitter
    edited = db.session.is_modified(job)
    if edited:
        touched(job)
    db.session.flush()
    noted = was.bring_up_to_date(job)
    db.session.flush()
    if edited:
        note_hooks.follow([job], actor=actor)
    moved = old_when != _when(job)
    new_label = f"{short(job_facts(job, for_sitter=True))} ({job.sitter or '-'})"
    told: list[Staff] = []
    if moved or old_sitter is not job.sitter:
        job.acknowledged_at = None
    if old_sitter is not None and old_sitter is not job.sitter:
        told += sitter_mails.tell(MailKind.SITTER_VISIT_TAKEN_AWAY, old_sitter, [job], was=before, because="reassigned")
    if job.sitter is not None and old_sitter is not job.sitter:
        told += sitter_mails.tell(MailKind.SITTER_VISIT_ASSIGNED, job.sitter, [job])
    elif job.sitter is not None and moved:
        told += sitter_mails.tell(MailKind.SITTER_VISIT_MOVED, job.sitter, [job], was=before)
    if old_sitter is not None and old_sitter is not job.sitter:  # who may have been at the door already
        noted["was_with"] = old_sitter.id
    if edited:
        verb = "job.moved" if moved else "job.changed"
        activity.record(
            verb, actor=actor, subject=job, client=job.client, before=old_label, after=new_label,
            evening=sorted({sitter.id for sitter in told}), **noted,
        )  # fmt: skip
    if moved or was.is_other(job):
        change_requests.supersede_for([job], actor=actor)
    db.session.flush()
    return job


class _Figures:
    """What a visit costs and pays before a change; nothing is read when neither its place nor its pets change."""

    def __init__(self, job: Job, wanted: Change, plan: plans.Plan) -> None:
        block_id = wanted.block.id if wanted.block else None
        new = (plan.on_date, plan.ends_on, wanted.start_time, wanted.end_time, block_id, wanted.item.id)
        self.book = None
        if _when(job) != new or {p.id for p in job.pets} != {p.id for p in wanted.pets}:
            self.book = price_books.load_book([job.client], *limits.span([job.on_date, wanted.on_date]))
            self.by_list, self.listed = pricing.quote_job(job, book=self.book), self._listed(job)

    def bring_up_to_date(self, job: Job) -> dict[str, object]:
        """Price and pay of the changed visit; for the log, old and new figures where they changed."""
        if self.book is None:
            return {}
        figures = pricing.quote_job(job, book=self.book)
        if self.is_other(job):
            job.duration_minutes = job.service_item.duration_minutes
        elif figures == self.by_list:
            return {}
        changed = {"price": [job.price, figures.price], "sitter_pay": [job.sitter_pay, figures.sitter_pay]}
        job.price, job.sitter_pay, job.price_lines = figures.price, figures.sitter_pay, pricing.lines_to_keep(figures)
        changed = {field: pair for field, pair in changed.items() if pair[0] != pair[1]}
        return {"figures": changed} if changed else {}

    def is_other(self, job: Job) -> bool:
        """Is the changed visit another one for the price list: another service, other pets, another length?"""
        return self.book is not None and self.listed != self._listed(job)

    @staticmethod
    def _listed(job: Job) -> tuple[object, ...]:
        """What a price of the list is for; a change of it brings price and pay of today's list."""
        return (job.service_item_id, {p.id for p in job.pets}, pricing.days_of(job))


def _when(job: Job) -> tuple[object, ...]:
    return (job.on_date, job.ends_on, job.start_time, job.end_time, job.time_block_id, job.service_item_id)
