"""Visits booked many at a time, by the rules of `jobs.book` and with a few statements in all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from foundation import clock
from foundation.db import db
from models import JOB_MOVES, Client, Job, JobState, Staff
from workflows import activity, conflicts, jobs, limits, pricing
from workflows.actors import Actor
from workflows.conflicts import Plan, plan_of_item
from workflows.errors import N_, Invalid, WorkflowError
from workflows.locks import lock_clients, lock_sitters
from workflows.permissions import Permission
from workflows.visit_facts import job_facts, short
from workflows.wanted import Slot, Wanted, check_pets, clean_note, slots


@dataclass(frozen=True)
class Booking:
    """One visit to be booked: `wanted` names one day and at most one block."""

    client: Client
    wanted: Wanted
    sitter: Staff | None = None
    #: it lies behind us and took place: it comes in as completed
    is_done: bool = False
    #: what is agreed of it besides, such as another price; called before it is written
    shape: Callable[[Job], None] = lambda _job: None
    #: it lasts over days: `wanted` names the first of them, and what else the stay says counts
    stay: jobs.Stay | None = None


@dataclass(frozen=True)
class Booked:
    """A visit, and how many conflicts stand against it."""

    job: Job
    n_clashes: int


def book_all(several: Sequence[Booking], *, actor: Actor) -> list[Booked | WorkflowError]:
    """Book many visits silently, also where they clash; the visit or its refusal for each, in the same order.

    In this order, holding the locks of all clients and sitters: the visits with price and pay of today's list; each in
    its client's log, and completed where it is done. Refused, each by itself: what `jobs.book` refuses, and a sitter
    whom the client never wants.
    """
    actor.require(Permission.SCHEDULE)
    if not several:
        return []
    lock_clients(b.client.id for b in several)
    lock_sitters(b.sitter.id if b.sitter else None for b in several)
    clients = db.session.scalars(
        sa.select(Client).where(Client.id.in_({b.client.id for b in several})).options(selectinload(Client.pets))
    ).all()
    found: list[Slot | WorkflowError] = [_slot(b) for b in several]
    plans = [_plan(n, b, s) for n, (b, s) in enumerate(zip(several, found, strict=True)) if isinstance(s, Slot)]
    clashes = conflicts.find(plans)
    prices = pricing.load_book(clients, *limits.span([d for b in several for d in b.wanted.dates] or [clock.today()]))
    made: list[Booked | WorkflowError] = []
    for n, (booking, slot) in enumerate(zip(several, found, strict=True)):
        own = clashes.get(n, [])
        if isinstance(slot, WorkflowError):
            made.append(slot)
        elif any(clash.is_final for clash in own):
            made.append(conflicts.ConflictsFound({n: own}))
        else:
            made.append(Booked(_new(booking, slot, prices), len(own)))
    db.session.flush()
    _log([(b, x) for b, x in zip(several, made, strict=True) if isinstance(x, Booked)], actor)
    return made


def _slot(booking: Booking) -> Slot | WorkflowError:
    wanted = booking.wanted
    try:
        clean_note(wanted.note)
        jobs.check_sitter(booking.sitter)
        if not wanted.item.is_active:
            raise Invalid(
                "item_inactive", N_("%(service)s is inactive."), field="service_item", service=wanted.item.name
            )
        if booking.stay is not None:
            check_pets(wanted.pets, booking.client)
            jobs.check_stay(booking.stay)
            return Slot(booking.stay.on_date, booking.stay.start_time)
        return next(slots(wanted, booking.client, any_block=True))
    except WorkflowError as problem:
        return problem


def _plan(n: int, booking: Booking, slot: Slot) -> Plan:
    item = booking.wanted.item
    return plan_of_item(
        n, item, sitter_id=booking.sitter.id if booking.sitter else None, on_date=slot.on_date, start_time=slot.start_time,
        block=slot.block, label=f"{item.name}, {booking.client}", pets=booking.wanted.pets, client_id=booking.client.id,
        ends_on=booking.stay.ends_on if booking.stay else None, end_time=booking.stay.end_time if booking.stay else None,
    )  # fmt: skip


def _new(booking: Booking, slot: Slot, prices: pricing.Book) -> Job:
    wanted = booking.wanted
    with db.session.no_autoflush:
        job = jobs.new_job(
            booking.client, wanted.item, on_date=slot.on_date, start_time=slot.start_time, block=slot.block, pets=wanted.pets,
            sitter_id=booking.sitter.id if booking.sitter else None, note=clean_note(wanted.note), book=prices,
            ends_on=booking.stay.ends_on if booking.stay else None, end_time=booking.stay.end_time if booking.stay else None,
        )  # fmt: skip
        booking.shape(job)
    if booking.is_done:
        for state in (JobState.IN_PROGRESS, JobState.COMPLETED):
            if state not in JOB_MOVES[job.state or JobState.SCHEDULED]:
                raise jobs.not_now(job)
            job.state = state
        job.completed_at = clock.now()
    return job


def _log(booked: Sequence[tuple[Booking, Booked]], actor: Actor) -> None:
    lines = []
    for booking, one in booked:
        done = {"n_jobs": 1, "jobs": [short(job_facts(one.job))]}
        lines.append(activity.Line("job.booked", one.job, booking.client, {**done, "accepted": one.n_clashes}))
        if booking.is_done:
            lines.append(activity.Line("job.completed", one.job, booking.client, done))
    activity.record_many(lines, actor=actor)
