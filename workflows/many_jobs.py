"""Visits booked many at a time, by the rules of `jobs.book` and with a few statements in all.

They are written as rows: for each visit as an object, with its relations, SQLAlchemy took half of an import.
"""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from foundation import clock
from foundation.db import Base, db
from foundation.inserting import Written, insert_rows, new_ids, unsaid
from foundation.types import new_public_id
from models import Client, Job, JobState, Staff
from workflows import activity, conflicts, hook_events, jobs, limits, price_books
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WorkflowError
from workflows.locks import lock_clients, lock_sitters
from workflows.permissions import Permission
from workflows.plans import Plan, plan_of_item
from workflows.visit_facts import short_plan
from workflows.wanted import Slot, Wanted, check_pets, clean_note, slots


@dataclass(frozen=True)
class Booking:
    """One visit to be booked: `wanted` names one day and at most one block."""

    client: Client
    wanted: Wanted
    sitter: Staff | None = None
    #: it lies behind us and took place: it comes in as completed
    is_done: bool = False
    #: what is agreed of it besides, such as another price; called with its columns before they are written
    shape: Callable[[dict[str, Any]], None] = lambda _facts: None
    #: it lasts over days: `wanted` names the first of them, and what else the stay says counts
    stay: jobs.Stay | None = None


@dataclass(frozen=True)
class Booked:
    """A visit's row, and how many conflicts stand against it."""

    visit: Written
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
    clients = {b.client for b in several}
    _load_pets(clients)
    found: list[Slot | WorkflowError] = [_slot(b) for b in several]
    plans = {n: _plan(n, b, s) for n, (b, s) in enumerate(zip(several, found, strict=True)) if isinstance(s, Slot)}
    clashes = conflicts.find(plans.values())
    prices = price_books.load_book(
        clients, *limits.span([d for b in several for d in b.wanted.dates] or [clock.today()])
    )
    numbers, at = iter(new_ids(db.metadata.tables["job"], len(plans))), clock.now()
    made: list[Booked | WorkflowError] = []
    for n, (booking, slot) in enumerate(zip(several, found, strict=True)):
        own = clashes.get(n, [])
        if isinstance(slot, WorkflowError):
            made.append(slot)
        elif any(clash.is_final for clash in own):
            made.append(conflicts.ConflictsFound({n: own}))
        else:
            made.append(Booked(Written(Job, next(numbers), _facts(booking, slot, prices, at)), len(own)))
    booked = {n: x for n, x in enumerate(made) if isinstance(x, Booked)}
    _write([(several[n], x.visit) for n, x in booked.items()])
    _log([(several[n], plans[n], x) for n, x in booked.items()], actor)
    return made


def _load_pets(clients: Collection[Client]) -> None:
    """The pets of those clients who came without, with one question."""
    bare = [c.id for c in clients if "pets" in sa.inspect(c).unloaded]
    if bare:
        db.session.scalars(sa.select(Client).where(Client.id.in_(bare)).options(selectinload(Client.pets))).all()


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


_UNSAID = unsaid(Job)


def _facts(booking: Booking, slot: Slot, prices: price_books.Book, at: dt.datetime) -> dict[str, Any]:
    """All columns but the number: an undo compares with what stands here."""
    wanted, stay = booking.wanted, booking.stay
    facts = {
        **_UNSAID,
        "public_id": new_public_id(),
        "created_at": at,
        "note": clean_note(wanted.note),
        **jobs.new_facts(
            booking.client, wanted.item, on_date=slot.on_date, start_time=slot.start_time, block=slot.block, pets=wanted.pets,
            sitter_id=booking.sitter.id if booking.sitter else None, book=prices,
            ends_on=stay.ends_on if stay else None, end_time=stay.end_time if stay else None,
        ),
    }  # fmt: skip
    booking.shape(facts)
    if booking.is_done:
        facts["state"], facts["completed_at"] = JobState.COMPLETED, at
    return facts


def _write(booked: Sequence[tuple[Booking, Written]]) -> None:
    """The visits and who of the pets is cared for; other programs hear of the visits."""
    if not booked:
        return
    names, tables = [name for name in booked[0][1].values if name != "id"], Base.metadata.tables
    rows = ((x.id, *(x.values[name] for name in names)) for _booking, x in booked)
    insert_rows(tables["job"], ("id", *names), rows)
    insert_rows(tables["job_pet"], ("job_id", "pet_id"), ((x.id, pet.id) for b, x in booked for pet in b.wanted.pets))
    hook_events.tell_written("visit.scheduled", (x.values["public_id"] for _booking, x in booked))
    hook_events.tell_written("visit.completed", (x.values["public_id"] for b, x in booked if b.is_done))


def _log(booked: Sequence[tuple[Booking, Plan, Booked]], actor: Actor) -> None:
    lines = []
    for booking, plan, one in booked:
        done = {"n_jobs": 1, "jobs": [short_plan(plan, booking.wanted.item.name)]}
        lines.append(activity.Line("job.booked", one.visit, booking.client, {**done, "accepted": one.n_clashes}))
        if booking.is_done:
            lines.append(activity.Line("job.completed", one.visit, booking.client, done))
    activity.record_many(lines, actor=actor)
