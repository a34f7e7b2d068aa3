"""Making the visits of repeating services: each night, and when the office says "Run repeats".

An occurrence (series, day, time) exists once for ever: as a visit in any state, or as a note that it was taken out.
So a run can be done again at any time and by any number of workers: it makes only what is missing.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.among import among
from foundation.db import db
from foundation.inserting import insert_rows
from foundation.types import new_public_id
from models import Job, JobState, Repeat, job_pet, repeat_pet
from workflows import activity, hook_events, price_books, pricing, repeat_outlook, settings
from workflows.actors import Actor
from workflows.billing import note_hooks
from workflows.locks import lock_clients
from workflows.permissions import Permission
from workflows.repeat_clashes import DayBook
from workflows.repeat_news import report_trouble, tell_sitters
from workflows.repeat_outlook import Outlook, Run
from workflows.repeat_patterns import DAY, in_short


def horizon(*, today: dt.date | None = None) -> dt.date:
    """How far ahead visits are made each night."""
    n_days: int = settings.read()["schedule.repeat_days"]
    return (today or clock.today()) + DAY * n_days


def due(*, until: dt.date | None = None) -> list[int]:
    """The clients who have a series that may make visits up to `until` (the horizon): what the nightly run looks at.

    Sitter by sitter: some clients at a time are then a few sitters, whose days are read.
    """
    last = until or horizon()
    return list(
        db.session.scalars(
            sa.select(Repeat.client_id)
            .where(Repeat.is_active, Repeat.starts_on <= last)
            .where(sa.or_(Repeat.ends_on.is_(None), Repeat.ends_on >= clock.today()))
            .group_by(Repeat.client_id)
            .order_by(sa.func.min(sa.func.coalesce(Repeat.sitter_id, 0)), Repeat.client_id)
        )
    )


def repeats_of(client_ids: Iterable[int]) -> list[Repeat]:
    """The active series of these clients."""
    ids = list(client_ids)
    return list(db.session.scalars(sa.select(Repeat).where(Repeat.client_id.in_(ids), Repeat.is_active)))


def generate(
    repeats: Sequence[Repeat],
    until: dt.date,
    *,
    actor: Actor,
    first: dt.date | None = None,
    book: DayBook | None = None,
    quiet: bool = False,
) -> Run:
    """Make the visits of these series from `first` (today) up to `until`, both included.

    In this order, holding the clients' locks: what is missing is inserted with price and pay of today's price book;
    visits that a pause or an end had called off come back where they are wanted again; the near ones are mailed to
    their sitters at once, the others stand in the evening's mail in one line a series (`quiet`, the nightly run: only
    what is so near that it is a surprise); conflicts and what else is odd stand on HOME, once a series; the log.
    The client gets no mail. Visits of a sitter who has left are made unassigned. Nothing is made twice, on days on
    which the business is closed, in the past, or for clients who are not served any more; what a person has changed,
    moved or cancelled stays as it is.
    """
    actor.require(Permission.SCHEDULE)
    if not repeats:
        return Run([])
    lock_clients(r.client_id for r in repeats)
    start = max(first or clock.today(), clock.today())
    outlooks = repeat_outlook.look(repeat_outlook.fresh(repeats), start, until)
    repeat_outlook.find_conflicts(outlooks, book)
    if not quiet:  # at night only the last days are added; HOME says which keys are missing for the next ones
        repeat_outlook.find_missing_keys(outlooks)
    prices = price_books.load_book({o.repeat.client for o in outlooks}, start, until)
    _bring_back(outlooks, prices, actor=actor)
    _insert(outlooks, prices)
    _note_horizon(outlooks, start, until)
    for o in outlooks:
        if o.n_ready and not quiet:
            days = [x.on_date for x in o.wanted]
            activity.record(
                "repeat.run", actor=actor, subject=o.repeat, client=o.repeat.client, n_jobs=o.n_ready,
                series=in_short(o.repeat), first=days[0], last=days[-1], conflicts=len(o.conflicts),
            )  # fmt: skip
    tell_sitters([(o.repeat, o.sitter_id, o.wanted) for o in outlooks], actor=actor, quiet=quiet)
    for o in outlooks:
        report_trouble(
            o.repeat, remarks=o.remarks, n_conflicts=len(o.conflicts), on_date=repeat_outlook.first_conflict(o)
        )
    db.session.flush()
    return Run(outlooks)


# --------------------------------------------------------------------------------------------------------- making


def _bring_back(outlooks: list[Outlook], prices: price_books.Book, *, actor: Actor) -> None:
    """Put visits back into the schedule that their series had called off, at today's price."""
    wanted = {job_id: o for o in outlooks for job_id in o.back}
    if not wanted:
        return
    jobs = list(
        db.session.scalars(
            sa.select(Job)
            .where(Job.id.in_(wanted))
            .options(
                joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block), selectinload(Job.pets)
            )
            .order_by(Job.on_date, Job.id)
            .execution_options(populate_existing=True)
        )
    )
    for job in jobs:
        o = wanted[job.id]
        figures = pricing.quote(
            job.service_item, n_pets=len(job.pets), client=job.client, on_date=job.on_date,
            begins=pricing.start_of(job.start_time, job.time_block), book=prices,
        )  # fmt: skip
        job.state, job.repeat_off, job.sitter_id = JobState.SCHEDULED, False, o.sitter_id
        job.price, job.sitter_pay, job.price_lines = figures.price, figures.sitter_pay, pricing.lines_to_keep(figures)
        job.prior_price = job.prior_sitter_pay = job.cancelled_at = job.cancelled_by = job.refund_to = None
        job.cancel_reason = job.fee_reason = ""
        job.acknowledged_at = None
    db.session.flush()
    hook_events.tell("visit.scheduled", jobs)
    note_hooks.follow(jobs, actor=actor, cause="reinstated")


_COLUMNS = (
    "client_id", "service_item_id", "duration_minutes", "sitter_id", "state", "note", "staff_note", "repeat_id",
    "created_at", "price", "sitter_pay", "price_lines", "public_id", "on_date", "ends_on", "start_time",
    "time_block_id", "repeat_on", "repeat_time_id",
)  # fmt: skip


def _insert(outlooks: list[Outlook], prices: price_books.Book) -> None:
    """Insert the visits and their pets, in bulk: objects would take ten times as long."""
    at, making = clock.now(), [o for o in outlooks if o.ready]
    if not making:
        return
    highest = db.session.scalar(sa.select(sa.func.max(Job.id))) or 0
    insert_rows(db.metadata.tables["job"], _COLUMNS, (row for o in making for row in _rows(o, prices, at)))
    # The database pairs them itself: reading thousands of numbers to send them back took a tenth of the time.
    coming = {pet.id for o in making for pet in o.pets}
    if coming:
        pairs = (
            sa.select(Job.id, repeat_pet.c.pet_id)
            .join(repeat_pet, repeat_pet.c.repeat_id == Job.repeat_id)
            .where(
                Job.id > highest, among(Job.repeat_id, {o.repeat.id for o in making}),
                among(repeat_pet.c.pet_id, coming),
            )
        )  # fmt: skip
        db.session.execute(sa.insert(job_pet).from_select(["job_id", "pet_id"], pairs))
    hook_events.tell_inserted(highest, {o.repeat.id for o in outlooks if o.ready})


def _rows(o: Outlook, prices: price_books.Book, at: dt.datetime) -> Iterator[tuple[Any, ...]]:
    """The values of _COLUMNS for a series. All that its visits have in common is read once, not for each of hundreds."""
    repeat, item, client, n_pets = o.repeat, o.repeat.service_item, o.repeat.client, len(o.pets)
    common = (
        repeat.client_id, item.id, item.duration_minutes, o.sitter_id, JobState.SCHEDULED, repeat.note, repeat.staff_note,
        repeat.id, at,
    )  # fmt: skip
    times: dict[tuple[int, tuple[bool, ...]], tuple[Any, ...]] = {}
    # Days of one kind have the same quote, also at different times; what of it is written down is then the same object,
    # which `insert_rows` works on once for all neighbours.
    quotes: dict[int, tuple[Any, ...]] = {}
    for x in o.ready:
        kind = x.time_id, prices.kind_of_day(x.on_date)
        known = times.get(kind)
        if known is None:
            q = pricing.quote(
                item, n_pets=n_pets, client=client, on_date=x.on_date, begins=pricing.start_of(x.start_time, x.block),
                book=prices,
            )  # fmt: skip
            figures = quotes.setdefault(id(q), (q.price, q.sitter_pay, pricing.lines_to_keep(q)))
            known = times[kind] = (figures, (x.start_time, x.block.id if x.block else None))
        figures, time = known
        yield (
            *common, *figures, new_public_id(), x.on_date, repeat_outlook.ends_on(o, x), *time, x.on_date, x.time_id,
        )  # fmt: skip


def _note_horizon(outlooks: list[Outlook], first: dt.date, until: dt.date) -> None:
    """Note up to which day the visits exist, unless this run left days out in between."""
    ids = [
        o.repeat.id
        for o in outlooks
        if (o.repeat.generated_to or max(o.repeat.starts_on, clock.today()) - DAY) >= first - DAY
        and (o.repeat.generated_to is None or o.repeat.generated_to < until)
    ]
    if ids:
        # Not through the objects: the office's open form is not stale because a night has passed.
        db.session.execute(
            sa.update(Repeat)
            .where(Repeat.id.in_(ids))
            .values(generated_to=until)
            .execution_options(synchronize_session="fetch")
        )
