"""Visits in the schedule: booked by the office or made from a request, moved, given to a sitter.

Calling them off is in `cancelling`, telling the sitters in `sitter_mails`.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.among import among
from foundation.db import db
from models import (
    Client,
    Job,
    JobRequestLine,
    JobState,
    Pet,
    ServiceItem,
    Staff,
    TimeBlock,
    TimeType,
)
from workflows import activity, change_requests, conflicts, limits, outbox, plans, pricing, sitter_mails
from workflows.actors import Actor
from workflows.billing import note_hooks
from workflows.conflicts import ClashKind, ConflictsFound
from workflows.errors import N_, Conflict, Invalid, WrongState
from workflows.locks import lock_client, lock_sitters
from workflows.mail_facts import (
    JobScheduled,
    MailKind,
)
from workflows.permissions import Permission
from workflows.plans import plan_of_item, plan_of_job
from workflows.repeat_patterns import touched
from workflows.stretches import MAX_STAY_DAYS
from workflows.visit_facts import job_facts, short
from workflows.wanted import Wanted, check_pets, clean_note, slots


def not_now(job: Job) -> WrongState:
    """The refusal for a visit whose state does not allow it, naming the state."""
    state = job.state.value
    return WrongState(
        f"job_{state}", N_("This visit is %(state)s. Nothing was changed."), state=state.replace("_", " ")
    )


def check_sitter(sitter: Staff | None) -> None:
    """Refuse somebody who may not be given visits."""
    if sitter is not None and not (sitter.is_active and sitter.is_sitter):
        raise Invalid("not_a_sitter", N_("%(name)s cannot be given visits."), field="sitter", name=str(sitter))


def make_from_line(line: JobRequestLine, *, sitter_id: int | None, book: pricing.Book | None = None) -> Job:
    """A visit from a request line, price and pay copied from today's price list; `job_requests.schedule` calls it.

    Notice counts from the moment at which the client asked, as in the estimate that was shown.
    """
    return new_job(
        line.client,
        line.service_item,
        on_date=line.on_date,
        start_time=line.start_time,
        block=line.time_block,
        pets=line.pets,
        sitter_id=sitter_id,
        note=line.note,
        staff_note=line.staff_note,
        line=line,
        ends_on=line.ends_on,
        end_time=line.end_time,
        booked_at=line.submitted_at,
        book=book,
    )


def new_facts(
    client: Client,
    item: ServiceItem,
    *,
    on_date: dt.date,
    start_time: dt.time | None,
    block: TimeBlock | None,
    pets: Sequence[Pet],
    sitter_id: int | None,
    ends_on: dt.date | None = None,
    end_time: dt.time | None = None,
    booked_at: dt.datetime | None = None,
    book: pricing.Book | None = None,
) -> dict[str, Any]:
    """The columns of a new visit with price and pay of the list, by their names; nothing is checked."""
    plan = plan_of_item(
        None, item, sitter_id=sitter_id, on_date=on_date, start_time=start_time, block=block, ends_on=ends_on,
        end_time=end_time,
    )  # fmt: skip
    figures = pricing.quote(
        item, n_pets=len(pets), n_days=pricing.charged_days(on_date, ends_on), client=client, on_date=on_date,
        begins=pricing.start_of(start_time, block), booked_at=booked_at or clock.now(), book=book,
    )  # fmt: skip
    return {
        "client_id": client.id, "service_item_id": item.id, "on_date": on_date, "ends_on": plan.ends_on,
        "start_time": start_time, "end_time": end_time, "time_block_id": block.id if block else None,
        "duration_minutes": item.duration_minutes, "sitter_id": sitter_id, "price": figures.price,
        "sitter_pay": figures.sitter_pay, "price_lines": pricing.lines_to_keep(figures),
    }  # fmt: skip


def new_job(
    client: Client,
    item: ServiceItem,
    *,
    block: TimeBlock | None,
    pets: Sequence[Pet],
    note: str = "",
    staff_note: str = "",
    line: JobRequestLine | None = None,
    **more: Any,  # noqa: ANN401 -- as `new_facts` has them
) -> Job:
    """A visit by `new_facts`, added to the session and not written yet; nothing is checked."""
    facts = new_facts(client, item, block=block, pets=pets, **more)
    job = Job(
        **facts, client=client, service_item=item, time_block=block, pets=list(pets), note=note, staff_note=staff_note,
        request_line=line, billed_elsewhere=line is not None and line.billed_elsewhere,
    )  # fmt: skip
    db.session.add(job)
    return job


@dataclass(frozen=True)
class Stay:
    """A visit that lasts over days: first and last day, and the times if they are known."""

    on_date: dt.date
    ends_on: dt.date
    start_time: dt.time | None = None
    end_time: dt.time | None = None


def book(
    client: Client,
    wanted: Wanted,
    *,
    sitter: Staff | None,
    actor: Actor,
    stay: Stay | None = None,
    staff_note: str = "",
    accept: Iterable[str] = (),
    mail_client: bool = True,
    tell_sitter: bool = True,
) -> list[Job]:
    """The office books visits without a request (a phone call): one for each day and block, or one stay.

    In this order: visits with price and pay of today's list; if asked, one mail to the client and word to the
    sitter; the client's log. The office is not bound by request limits, and may choose hidden items and any block. Refused:
    as `wanted.slots`; a stay that ends before it starts or lasts over 120 days (Invalid); conflicts whose tokens are
    not in `accept` (ConflictsFound).
    """
    actor.require(Permission.SCHEDULE)
    note, private = clean_note(wanted.note), clean_note(staff_note, field="staff_note")
    check_sitter(sitter)
    sitter_id = sitter.id if sitter else None
    if not wanted.item.is_active:
        raise Invalid("item_inactive", N_("%(service)s is inactive."), field="service_item", service=wanted.item.name)
    lock_client(client.id)
    lock_sitters([sitter_id])
    days = [stay.on_date] if stay is not None else wanted.dates
    prices = pricing.load_book([client], *limits.span(days))
    if stay is not None:
        check_pets(wanted.pets, client)
        check_stay(stay)
        made = [
            new_job(
                client, wanted.item, on_date=stay.on_date, ends_on=stay.ends_on, start_time=stay.start_time,
                end_time=stay.end_time, block=None, pets=wanted.pets, sitter_id=sitter_id, note=note, staff_note=private,
                book=prices,
            )
        ]  # fmt: skip
    else:
        made = [
            new_job(
                client, wanted.item, on_date=s.on_date, start_time=s.start_time, block=s.block, pets=wanted.pets,
                sitter_id=sitter_id, note=note, staff_note=private, book=prices,
            )
            for s in slots(wanted, client, any_block=True)
        ]  # fmt: skip
    db.session.flush()
    found = conflicts.find(plan_of_job(j, with_pets=True) for j in made)
    _require_accepted(found, accept, made)
    activity.record(
        "job.booked", actor=actor, subject=made[0], client=client, n_jobs=len(made),
        jobs=[short(job_facts(j)) for j in made[:20]], accepted=sum(len(c) for c in found.values()),
    )  # fmt: skip
    if mail_client:
        facts = JobScheduled(str(client), client.account_number, 0, tuple(job_facts(j) for j in made))
        outbox.queue_client_mail(MailKind.VISITS_BOOKED, facts, client=client)
    if tell_sitter:
        sitter_mails.tell_assigned(made, actor=actor)
    db.session.flush()
    return made


def check_stay(stay: Stay) -> None:
    """Refuse a stay that ends before it starts, is too long, or has only one of its two times (Invalid)."""
    begins = (stay.on_date, stay.start_time or dt.time(0))
    ends = (stay.ends_on, stay.end_time or dt.time.max)
    if ends <= begins:
        raise Invalid("stay_order", N_("The stay must end after it starts."), field="ends_on")
    if (stay.ends_on - stay.on_date).days > MAX_STAY_DAYS:
        raise Invalid("stay_long", N_("A stay can last at most %(most)s days."), field="ends_on", most=MAX_STAY_DAYS)
    if (stay.start_time is None) != (stay.end_time is None):
        raise Invalid("stay_times", N_("Give both times of the stay, or neither."), field="end_time")


def _require_accepted(
    found: dict[object, list[conflicts.Clash]], accept: Iterable[str], made: Sequence[Job]
) -> None:  # fmt: skip
    """Booking has no visits yet that a token could name, so the tokens name dates: the same visit, the same clash."""
    by_id = {("job", j.id): j for j in made}
    shown: dict[object, list[conflicts.Clash]] = {}
    for key, clashes in found.items():
        job = by_id[key]  # type: ignore[index]
        when = conflicts.place(plan_of_job(job))
        shown[key] = [
            c if c.kind is ClashKind.MISSING_KEY else c._replace(token=f"{when}:{c.kind}:{c.about}:{job.sitter_id}")
            for c in clashes
        ]
    if conflicts.stand_against(shown, accept):
        raise ConflictsFound(shown)


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


def get_fresh(job_id: int) -> Job | None:
    """The visit as it is in the database now, with what its mails need."""
    return next(iter(fresh_jobs([job_id])), None)


def fresh_jobs(job_ids: Iterable[int]) -> list[Job]:
    """The visits as they are in the database now, with what their mails need, in the order of their days."""
    return list(db.session.scalars(_FRESH, {"job_ids": job_ids}))


_FRESH = (
    sa.select(Job)
    .where(among(Job.id, "job_ids"))
    .options(
        joinedload(Job.client), joinedload(Job.sitter), joinedload(Job.service_item), joinedload(Job.time_block),
        selectinload(Job.pets),
    )
    .order_by(Job.on_date, Job.start_time, Job.id)
    .execution_options(populate_existing=True)
)  # fmt: skip


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
            self.book = pricing.load_book([job.client], *limits.span([job.on_date, wanted.on_date]))
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
