"""A request after Send (`sending`): submitted, then scheduled, declined, cancelled or deleted, line by line.

Whoever moves a line holds the client's lock and reads the line afresh first, so of two people exactly one wins and
the other reads what happened.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import (
    LINE_MOVES,
    Client,
    Job,
    JobRequest,
    JobRequestLine,
    LineState,
    NotificationKind,
    Staff,
)
from workflows import (
    activity,
    conflicts,
    counters,
    jobs,
    limits,
    notifications,
    outbox,
    price_books,
    pricing,
    sitter_mails,
)
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed, WrongState
from workflows.locks import fresh_lines, lock_client, lock_sitters, require_submitted
from workflows.mail_facts import (
    JobScheduled,
    MailKind,
    RequestCancelled,
    RequestDeclined,
    VisitFacts,
)
from workflows.permissions import Permission
from workflows.requested_stays import moved_end, plan_of_line
from workflows.visit_facts import job_facts, line_facts, short
from workflows.wanted import Wanted, clean_note, fingerprint, slots


def move_line(line: JobRequestLine, to: LineState) -> None:
    """Give the line its next state, refused with WrongState where it cannot come from the one that it has."""
    if to not in LINE_MOVES[line.state]:
        raise WrongState(f"line_{line.state.value}", N_("This visit is no longer waiting. Nothing was changed."))
    line.state = to
    line.decided_at = None if to is LineState.SUBMITTED else clock.now()


def next_number() -> int:
    """The next request number, without gaps: the counter's row stays locked until the commit."""
    return counters.next_value("job_request")


# ----------------------------------------------------------------------------------------------------- cancelling


def cancel_lines(
    client: Client, lines: Sequence[JobRequestLine], *, actor: Actor, reason: str = ""
) -> list[JobRequestLine]:
    """Cancel requested visits that are not scheduled yet; no notice limit, whatever the change settings say.

    The lines become cancelled; mail to the client and the admin inbox; HOME; the client's log. All or nothing:
    refused with WrongState when one of them is no longer waiting, with what happened to it.
    """
    _require_own(client, actor)
    text = clean_note(reason)
    lock_client(client.id)
    current = fresh_lines(x.id for x in lines)
    if not current or any(x.client_id != client.id for x in current):
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    require_submitted(current)
    at = clock.now()
    for line in current:
        line.cancelled_at = at
    for request, own in _move_ticked(current, LineState.CANCELLED).items():
        facts = RequestCancelled(
            str(client), client.account_number, request.number or 0, tuple(line_facts(x) for x in own), text
        )
        outbox.queue_client_mail(
            MailKind.REQUEST_CANCELLED,
            facts,
            client=client,
            copy_admin=True,
            dedupe_key=f"request_cancelled:{own[0].id}",
        )
        notifications.notify_office(
            NotificationKind.REQUEST_CANCELLED, client=client, request=request, number=request.number, n_lines=len(own),
            lines=[short(line_facts(x)) for x in own[:5]],
        )  # fmt: skip
        _log("job_request.cancelled", request, own, actor, reason=text)
    db.session.flush()
    return current


def cancel_request(request: JobRequest, *, actor: Actor, reason: str = "") -> list[JobRequestLine]:
    """Cancel all that still waits of a whole request; WrongState when nothing does."""
    _require_own(request.client, actor)
    lock_client(request.client_id)
    line_ids = db.session.scalars(sa.select(JobRequestLine.id).where(JobRequestLine.request_id == request.id))
    waiting = [line for line in fresh_lines(line_ids) if line.state is LineState.SUBMITTED]
    if not waiting:
        raise WrongState("request_decided", N_("Nothing of this request is waiting any more. Nothing was changed."))
    return cancel_lines(request.client, waiting, actor=actor, reason=reason)


def _require_own(client: Client, actor: Actor) -> None:
    if actor.client is not None and actor.client.id == client.id:
        return
    actor.require(Permission.REQUESTS)


# --------------------------------------------------------------------------------------------- the office's batch


def edit_line(
    line: JobRequestLine, wanted: Wanted, *, sitter: Staff | None, leave_unassigned: bool, staff_note: str, actor: Actor,
    ends_on: dt.date | None = None, end_time: dt.time | None = None,
) -> JobRequestLine:  # fmt: skip
    """The office changes a waiting line: service, day, time or any block, pets, sitter, notes. Logged old to new.

    A stay lasts until `ends_on` (None: it stays as long as it is) and ends at `end_time`; its price follows. No limits apply to the office. Refused: not waiting any more
    (WrongState), pets of others, no or two days or blocks, a stay that ends before it starts, a sitter who is not one
    (Invalid).
    """
    actor.require(Permission.REQUESTS)
    note, private = clean_note(wanted.note), clean_note(staff_note, field="staff_note")
    jobs.check_sitter(sitter)
    lock_client(line.client_id)
    found = fresh_lines([line.id])
    if not found:
        raise WrongState("line_deleted", N_("This visit was deleted meanwhile. Nothing was changed."))
    line = found[0]
    require_submitted(found)
    all_slots = list(slots(wanted, line.client, any_block=True))
    if len(all_slots) != 1:
        raise Invalid("one_visit", N_("Choose one day and one time for this line."), field="on_date")
    slot = all_slots[0]
    before = short(line_facts(line))
    line.ends_on, line.end_time = moved_end(line, wanted.item, slot, end_time, ends_on)
    line.service_item, line.on_date, line.start_time = wanted.item, slot.on_date, slot.start_time
    line.time_block, line.pets, line.note, line.staff_note = slot.block, list(wanted.pets), note, private
    line.sitter, line.leave_unassigned = sitter, leave_unassigned and sitter is None
    line.fingerprint = fingerprint(wanted.item, slot, wanted.pets)
    book = price_books.load_book([line.client], slot.on_date, slot.on_date)
    line.price = pricing.quote_line(line, booked_at=line.submitted_at, book=book).price
    db.session.flush()
    _log("job_request.line_edited", line.request, [line], actor, before=before)
    return line


def choose_sitters(
    client: Client, choices: Mapping[int, tuple[Staff | None, bool]], *, actor: Actor
) -> list[JobRequestLine]:
    """Note the office's choice of sitter on waiting lines: {line id: (sitter or None, leave unassigned)}."""
    actor.require(Permission.REQUESTS)
    for sitter, _leave in choices.values():
        jobs.check_sitter(sitter)
    lock_client(client.id)
    lines = fresh_lines(choices)
    if any(x.client_id != client.id for x in lines):
        raise Invalid("no_lines", N_("Tick at least one visit."))
    require_submitted(lines)
    for line in lines:
        sitter, leave = choices[line.id]
        line.sitter, line.leave_unassigned = sitter, leave and sitter is None
    db.session.flush()
    return lines


def add_lines(request: JobRequest, wanted: Wanted, *, sitter: Staff | None, actor: Actor) -> list[JobRequestLine]:
    """The office adds visits to a client's request, for example a pet taxi; they wait like the others. Logged."""
    actor.require(Permission.REQUESTS)
    note = clean_note(wanted.note)
    jobs.check_sitter(sitter)
    lock_client(request.client_id)
    if request.is_basket:
        raise WrongState("not_sent", N_("This request has not been sent yet."))
    at, client = clock.now(), request.client
    book = price_books.load_book([client], *limits.span(wanted.dates))
    lines = [
        JobRequestLine(
            request=request, client_id=request.client_id, service_item=wanted.item, on_date=s.on_date,
            start_time=s.start_time, time_block=s.block, note=note, pets=list(wanted.pets),
            price=pricing.quote_slot(wanted, s, client, booked_at=at, book=book).price,
            state=LineState.SUBMITTED, submitted_at=at, sitter=sitter, fingerprint=fingerprint(wanted.item, s, wanted.pets),
        )
        for s in slots(wanted, client, any_block=True)
    ]  # fmt: skip
    db.session.add_all(lines)
    db.session.flush()
    _log("job_request.line_added", request, lines, actor)
    return lines


def proposed_sitter_id(line: JobRequestLine) -> int | None:
    """Who is proposed for a line: the office's choice, else the client's primary sitter, while active."""
    if line.sitter_id or line.leave_unassigned:
        return line.sitter_id
    primary = line.client.primary_sitter
    return primary.id if primary and primary.is_active and primary.is_sitter else None


def line_conflicts(lines: Iterable[JobRequestLine]) -> dict[Any, list[conflicts.Clash]]:
    """What speaks against scheduling these lines with the sitters that are chosen or proposed: {line id: clashes}."""
    return conflicts.find(
        plan_of_line(
            line, key=line.id, sitter_id=proposed_sitter_id(line), label=f"{line.service_item.name}, {line.client}",
            pets=line.pets,
        )
        for line in lines
    )  # fmt: skip


def _ticked(client: Client, lines: Sequence[JobRequestLine]) -> list[JobRequestLine]:
    """The client's ticked lines as they are now, under the lock; refused when there are none or one waits no more."""
    lock_client(client.id)
    current = fresh_lines(x.id for x in lines)
    if not current or any(x.client_id != client.id for x in current):
        raise Invalid("no_lines", N_("Tick at least one visit."))
    require_submitted(current)
    return current


def _move_ticked(lines: Sequence[JobRequestLine], to: LineState) -> dict[JobRequest, list[JobRequestLine]]:
    """Move the lines, and give them back by the request that each is of: mails and log speak of one request."""
    by_request: dict[JobRequest, list[JobRequestLine]] = defaultdict(list)
    for line in lines:
        move_line(line, to)
        by_request[line.request].append(line)
    db.session.flush()
    return by_request


def schedule(
    client: Client, lines: Sequence[JobRequestLine], *, actor: Actor, accept: Iterable[str] = (), message: str = ""
) -> list[Job]:
    """Turn waiting lines into visits.

    In this order: visits are made with price and pay copied; the lines become scheduled; one "Job scheduled" mail to
    the client; one mail to each sitter for visits within the set number of days, the others come in the evening; the
    client's log. Refused, and then nothing changes: a line that is no longer waiting (WrongState); a line without
    sitter where "unassigned" was not chosen (Invalid); conflicts whose tokens are not in `accept` (ConflictsFound).
    """
    actor.require(Permission.REQUESTS)
    text = clean_note(message)
    current = _ticked(client, lines)
    for line in current:
        jobs.check_sitter(line.sitter)
    if any(proposed_sitter_id(line) is None and not line.leave_unassigned for line in current):
        raise Invalid("needs_sitter", N_("Each ticked visit needs a sitter, or choose Unassigned."))
    lock_sitters(proposed_sitter_id(x) for x in current)
    found = line_conflicts(current)
    if conflicts.stand_against(found, accept):
        raise conflicts.ConflictsFound(found)
    book = price_books.load_book([client], *limits.span(line.on_date for line in current))
    made = [jobs.make_from_line(line, sitter_id=proposed_sitter_id(line), book=book) for line in current]
    for line in current:
        move_line(line, LineState.SCHEDULED)
    db.session.flush()
    by_request: dict[JobRequest, list[Job]] = defaultdict(list)
    for line, job in zip(current, made, strict=True):
        by_request[line.request].append(job)
    for request, own in by_request.items():
        facts = JobScheduled(
            str(client), client.account_number, request.number or 0, tuple(job_facts(j) for j in own), text
        )
        outbox.queue_client_mail(
            MailKind.JOB_SCHEDULED, facts, client=client, dedupe_key=f"job_scheduled:{own[0].public_id}"
        )
        activity.record(
            "job_request.scheduled", actor=actor, subject=request, client=client, number=request.number,
            n_lines=len(own), lines=[short(job_facts(j)) for j in own[:20]], accepted=len(conflicts.tokens(found)),
        )  # fmt: skip
    sitter_mails.tell_assigned(made, actor=actor)
    db.session.flush()
    return made


def decline(
    client: Client, lines: Sequence[JobRequestLine], *, reason: str, actor: Actor
) -> list[JobRequestLine]:  # fmt: skip
    """Say no to waiting lines, with a reason that the client reads: mail, and the client's log. All or nothing."""
    actor.require(Permission.REQUESTS)
    text = clean_note(reason)
    if not text:
        raise Invalid("no_reason", N_("Write the client a word why."), field="reason")
    current = _ticked(client, lines)
    for line in current:
        line.decline_reason = text
    for request, own in _move_ticked(current, LineState.DECLINED).items():
        facts = RequestDeclined(
            str(client), client.account_number, request.number or 0, tuple(line_facts(x) for x in own), text
        )
        outbox.queue_client_mail(
            MailKind.REQUEST_DECLINED, facts, client=client, dedupe_key=f"request_declined:{own[0].id}"
        )
        _log("job_request.declined", request, own, actor, reason=text)
    db.session.flush()
    return current


def delete_lines(client: Client, lines: Sequence[JobRequestLine], *, actor: Actor) -> list[JobRequestLine]:
    """Take waiting lines off the queue without telling the client; the log keeps the story. All or nothing."""
    actor.require(Permission.REQUESTS)
    current = _ticked(client, lines)
    for request, own in _move_ticked(current, LineState.DELETED).items():
        _log("job_request.deleted", request, own, actor)
    return current


def dismiss_cancelled(client: Client, *, actor: Actor) -> int:
    """Take the greyed, cancelled lines of a client off the queue; their history stays. Says how many."""
    actor.require(Permission.REQUESTS)
    result = db.session.execute(
        sa.update(JobRequestLine)
        .where(
            JobRequestLine.client_id == client.id,
            JobRequestLine.state == LineState.CANCELLED,
            JobRequestLine.dismissed_at.is_(None),
        )
        .values(dismissed_at=clock.now(), version=JobRequestLine.version + 1)
        .execution_options(synchronize_session="fetch")
    )
    return int(getattr(result, "rowcount", 0))


def n_clients_waiting() -> int:
    """How many clients have requests that wait for the office: the red badge."""
    return db.session.scalar(CLIENTS_WAITING) or 0


#: every page of the back office asks, so the statement is built once
# Told apart in the order of their index and then counted: a `count(distinct …)` sorts all lines first.
CLIENTS_WAITING = sa.select(sa.func.count()).select_from(
    sa.select(JobRequestLine.client_id).where(JobRequestLine.state == LineState.SUBMITTED).distinct().subquery()
)


def _log(
    verb: str, request: JobRequest, lines: Sequence[JobRequestLine | VisitFacts], actor: Actor, **more: object
) -> None:
    facts = [x if isinstance(x, VisitFacts) else line_facts(x) for x in lines[:20]]
    activity.record(
        verb, actor=actor, subject=request, client=request.client, number=request.number, n_lines=len(lines),
        lines=[short(x) for x in facts], **more,
    )  # fmt: skip
