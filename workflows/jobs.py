"""Visits in the schedule: booked by the office or made from a request.

Changing one is in `changing`, calling them off in `cancelling`, telling the sitters in `sitter_mails`.
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
from models import Client, Job, JobRequestLine, Pet, ServiceItem, Staff, TimeBlock
from workflows import activity, conflicts, limits, outbox, price_books, pricing, sitter_mails
from workflows.actors import Actor
from workflows.conflicts import ClashKind, ConflictsFound
from workflows.errors import N_, Invalid, WrongState
from workflows.locks import lock_client, lock_sitters
from workflows.mail_facts import JobScheduled, MailKind
from workflows.permissions import Permission
from workflows.plans import plan_of_item, plan_of_job
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


def make_from_line(line: JobRequestLine, *, sitter_id: int | None, book: price_books.Book | None = None) -> Job:
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
    book: price_books.Book | None = None,
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
    prices = price_books.load_book([client], *limits.span(days))
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
