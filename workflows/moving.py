"""Moving one visit on the board or in the Move dialog: to another day, time or sitter; and the way back.

The change itself is `changing.change`, with its checks and its conflicts. Here its mails are held back for as long as the
move can be undone, and the log line keeps what `undo` needs to put everything as it was.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Activity, ChangeItem, ChangeState, Job, JobState, Staff, TimeBlock, TimeType
from workflows import activity, changing, conflicts, jobs, outbox, settings
from workflows.actors import Actor
from workflows.billing import note_hooks
from workflows.errors import N_, Conflict, WrongState
from workflows.locks import lock_client, lock_sitters
from workflows.mail_facts import MailKind, VisitFacts, VisitMoved
from workflows.permissions import Permission
from workflows.plans import plan_of_job
from workflows.visit_facts import job_facts, short

#: what a move can change, and how `undo` reads what the log kept of it
KEPT: dict[str, Callable[[Any], Any]] = {
    "on_date": dt.date.fromisoformat, "ends_on": dt.date.fromisoformat, "start_time": dt.time.fromisoformat,
    "end_time": dt.time.fromisoformat, "time_block_id": int, "duration_minutes": int, "sitter_id": int,
    "price": Decimal, "sitter_pay": Decimal, "price_lines": list, "acknowledged_at": dt.datetime.fromisoformat,
    "repeat_edited": bool, "repeat_off": bool,
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a visit shall stand in the schedule. A stay keeps its length and its last day's time."""

    on_date: dt.date
    start_time: dt.time | None
    block: TimeBlock | None
    sitter: Staff | None


@dataclass(frozen=True)
class Moved:
    """What came of a move. `number` is the log line that `undo` takes; None when there is nothing that can be undone."""

    job: Job
    number: int | None
    until: dt.datetime
    changed: bool = True


def place_of(job: Job) -> Place:
    """Where it stands now."""
    return Place(job.on_date, job.start_time, job.time_block, job.sitter)


def as_change(job: Job, place: Place) -> changing.Change:
    """The visit as it is, at another place."""
    item, is_stay = job.service_item, is_stay_of(job)
    takes_time = is_stay or item.time_type in {TimeType.STANDARD, TimeType.TIME_BLOCK}
    return changing.Change(
        item=item,
        on_date=place.on_date,
        start_time=place.start_time if takes_time or job.start_time else None,
        block=place.block if item.time_type is TimeType.TIME_BLOCK or job.time_block else None,
        sitter=place.sitter,
        pets=job.pets,
        note=job.note,
        staff_note=job.staff_note,
        ends_on=place.on_date + (job.ends_on - job.on_date) if is_stay else None,
        end_time=job.end_time,
    )


def is_stay_of(job: Job) -> bool:
    """Does it last over days by agreement, and not only past midnight?"""
    return job.end_time is not None or job.service_item.time_type is TimeType.ALL_DAY


def move(
    job: Job,
    place: Place,
    *,
    actor: Actor,
    seen_version: int | None = None,
    accept: Iterable[str] = (),
    tell_client: bool = True,
) -> Moved:
    """Put a visit somewhere else, so that it can be undone for `schedule.undo_seconds` seconds.

    In this order: what `changing.change` does, its mails held back that long; if asked and the day or time is another, a
    mail to the client, held back too; the log line keeps the former state. Nothing different: nothing happens. A move
    that closes a waiting change request of the client cannot be undone. Refused: as `changing.change`.
    """
    actor.require(Permission.SCHEDULE)
    until = clock.now() + dt.timedelta(seconds=settings.read()["schedule.undo_seconds"])
    lock_client(job.client_id)
    fresh = jobs.get_fresh(job.id)
    if fresh is None:
        raise WrongState("job_gone", N_("This visit no longer exists."))
    if fresh.state is JobState.SCHEDULED and fresh.version == (seen_version or fresh.version) and place == place_of(fresh):  # fmt: skip
        return Moved(fresh, None, until, changed=False)
    closes_request = _is_asked_about(fresh)
    before, was = _snapshot(fresh), job_facts(fresh)
    clashes = sorted(conflicts.tokens(conflicts.find([plan_of_job(fresh)])))
    with outbox.held(until) as mails:
        changing.change(fresh, as_change(fresh, place), actor=actor, seen_version=seen_version, accept=accept)
        if tell_client and _when(was) != _when(job_facts(fresh)):
            facts = VisitMoved(str(fresh.client), fresh.client.account_number, (job_facts(fresh),), (was,))
            outbox.queue_client_mail(MailKind.VISIT_MOVED, facts, client=fresh.client)
    db.session.flush()
    line = _line_of(fresh)
    if line is None or before == _snapshot(fresh):
        return Moved(fresh, None, until, changed=False)
    if closes_request:  # the client's request stays closed, so the former state cannot come back
        return Moved(fresh, None, until)
    line.facts = {
        **line.facts,
        "undo": {
            "state": before, "version": fresh.version, "until": until.isoformat(), "mails": [m.id for m in mails],
            "clashes": clashes,
        },
    }  # fmt: skip
    db.session.flush()
    return Moved(fresh, line.id, until)


def undo(number: int, *, actor: Actor) -> Job:
    """Put a moved visit back exactly as it was: place, sitter, price, pay, and whether the sitter had seen it.

    In this order: its waiting mails are cancelled; the row; a note that it opened; the log; a sitter's evening mail names neither way.
    Refused: nothing to undo, or too late (WrongState); somebody changed the visit since, or took the sitter's time
    there (Conflict); a mail about it has left (WrongState).
    """
    actor.require(Permission.SCHEDULE)
    line = db.session.get(Activity, number)
    kept: dict[str, Any] | None = line.facts.get("undo") if line is not None else None
    if line is None or kept is None or line.client_id is None or line.subject_id is None:
        raise WrongState("no_undo", N_("This cannot be undone."))
    lock_client(line.client_id)
    job = jobs.get_fresh(line.subject_id)
    if job is None or job.version != kept["version"] or job.state is not JobState.SCHEDULED:
        raise Conflict("stale", N_("Someone changed this visit since. Nothing was undone."))
    if clock.now() > dt.datetime.fromisoformat(kept["until"]):
        raise WrongState("undo_late", N_("It is too late to undo this. Move the visit back instead."))
    after, now = _label(job), _snapshot(job)
    lock_sitters([kept["state"]["sitter_id"]])
    _restore(job, kept["state"])
    if conflicts.tokens(conflicts.find([plan_of_job(job)])) - set(kept["clashes"]):
        raise Conflict("place_taken", N_("The old place was taken meanwhile. Nothing was undone."))
    outbox.call_back(kept["mails"])
    note_hooks.follow([job], actor=actor)
    activity.record(
        "job.move_undone", actor=actor, subject=job, client=job.client, before=after, after=_label(job), undoes=line.id,
        evening=line.facts.get("evening", []),
        **({"changes": prices} if (prices := _prices(now, kept["state"])) else {}),
    )  # fmt: skip
    db.session.flush()
    return job


def _is_asked_about(job: Job) -> bool:
    """Does a change or cancellation request of the client wait for an answer about it?"""
    waiting = sa.select(ChangeItem.id).where(ChangeItem.job_id == job.id, ChangeItem.state == ChangeState.PENDING)
    return db.session.scalar(waiting.limit(1)) is not None


def _line_of(job: Job) -> Activity | None:
    """The line that `changing.change` has just written."""
    return db.session.scalar(
        sa.select(Activity)
        .where(Activity.subject_type == "job", Activity.subject_id == job.id)
        .where(Activity.verb.in_(["job.moved", "job.changed"]))
        .order_by(Activity.id.desc())
        .limit(1)
    )


def _snapshot(job: Job) -> dict[str, Any]:
    return {name: activity.plain(getattr(job, name)) for name in KEPT}


def _prices(now: dict[str, Any], then: dict[str, Any]) -> dict[str, list[Any]]:
    """Every price and pay is explained by a line of the log, also when it comes back."""
    return {name: [now[name], then[name]] for name in ("price", "sitter_pay") if now[name] != then[name]}


def _restore(job: Job, state: dict[str, Any]) -> None:
    """Set what `_snapshot` kept; plain values become the columns' own types again."""
    for name, read in KEPT.items():
        setattr(job, name, None if state[name] is None else read(state[name]))
    db.session.flush()
    db.session.refresh(job, ["sitter", "time_block"])


def _label(job: Job) -> str:
    return f"{short(job_facts(job, for_sitter=True))} ({job.sitter or '-'})"


def _when(visit: VisitFacts) -> tuple[str, ...]:
    return (visit.on_date, visit.ends_on, visit.start_time, visit.end_time, visit.block)
