"""What `bulk` does with one client's visits: cancel, move or reassign them. Each visit by the workflow that does one.

What is refused for one visit fails that visit, with the refusal's sentence; the others of the client are done.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby, takewhile
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from foundation.among import among
from foundation.db import db
from models import BulkKind, BulkRun, Initiator, Job, Staff
from workflows import cancellation, cancelling, changing, conflicts, jobs, moving, outbox, sitter_mails
from workflows.actors import Actor
from workflows.conflicts import ConflictsFound
from workflows.errors import N_, Invalid, WorkflowError
from workflows.mail_facts import MailKind, VisitFacts, VisitMoved
from workflows.moving import Place
from workflows.permissions import Permission
from workflows.sitter_mails import Told
from workflows.visit_facts import job_facts

if TYPE_CHECKING:
    from workflows.bulk import Wish

log = logging.getLogger("latchkey.bulk")

MOST_DAYS = 365
#: visits that are called off in one piece, if they are not of one client: so long do others wait who want to write
AT_ONCE = 20
#: looked at first: few clients have more visits in one order
SOME = 40


@dataclass(frozen=True)
class Failure:
    """A visit that could not be done, and the sentence that says why."""

    job_id: int
    why: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass
class Piece:
    """What came of a piece: how many of the first ids it took, what failed, what the sitters are to be told."""

    n_taken: int
    failures: list[Failure] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


def check(kind: BulkKind, wish: "Wish", *, actor: Actor) -> None:
    """Refuse an order that makes no sense before any of it is done."""
    if kind is BulkKind.MOVE and (wish.to_date is None) == (not wish.by_days):
        raise Invalid("no_place", N_("Say to which day, or by how many days."), field="to_date")
    if kind is BulkKind.MOVE and abs(wish.by_days) > MOST_DAYS:
        raise Invalid("too_far", N_("At most %(most)s days."), field="by_days", most=MOST_DAYS)
    if kind is BulkKind.REASSIGN and wish.sitter_id is not None:
        sitter = db.session.get(Staff, wish.sitter_id)
        if sitter is None:
            raise Invalid("not_a_sitter", N_("Choose a sitter."), field="sitter")
        jobs.check_sitter(sitter)
    if kind is BulkKind.CANCEL and wish.waive_fee:
        actor.require(Permission.FEES)
        if not wish.fee_reason.strip():
            raise Invalid("no_fee_reason", N_("Say why no fee is taken."), field="fee_reason")


def cancel(run: BulkRun, left: Sequence[int], *, actor: Actor) -> Piece:
    """Call off the next clients' visits, `AT_ONCE` or so together: one mail to each client.

    What is refused for one visit, or breaks, leaves all of them as they were; then it goes client by client. A client
    whose visits break for a reason that nobody foresaw is left to be the first of the next piece.
    """
    groups = _next_clients(left)
    with sitter_mails.gathered() as told:
        if len(groups) > 1 and _together(run, groups, actor=actor):
            return Piece(sum(len(ids) for _client, ids in groups), told=told)
        told.clear()
        piece = Piece(0, told=told)
        for _n in range(max(len(groups), 1)):
            n_told = len(told)
            try:
                with db.session.begin_nested():
                    one = _cancel_one(run, left[piece.n_taken :], told, actor=actor)
            except DBAPIError:
                raise
            except Exception:
                if piece.n_taken == 0:
                    raise
                log.exception("the visits of a client of order %s broke", run.id)
                del told[n_told:]
                break
            piece.n_taken += one.n_taken
            piece.failures += one.failures
    return piece


def _together(run: BulkRun, groups: Sequence[tuple[int, Sequence[int]]], *, actor: Actor) -> bool:
    """Call off all these clients' visits; False when one is refused or breaks, and nothing was done."""
    wish = run.wish
    do = partial(
        cancelling.cancel_together, [i for _client, ids in groups for i in ids], {client for client, _ids in groups},
        actor=actor, reason=str(wish["reason"]), waive_fee=bool(wish["waive_fee"]), fee_reason=str(wish["fee_reason"]),
        mail_client=bool(wish["mail_client"]),
    )  # fmt: skip
    try:
        return _try(do)
    except DBAPIError:
        raise
    except Exception:
        log.exception("a piece of order %s broke", run.id)
        return False


def _cancel_one(run: BulkRun, left: Sequence[int], told: list[Told], *, actor: Actor) -> Piece:
    """Call off the next client's visits; those that are refused fail, the others are done."""
    piece, own = _next_client(left)
    n_told = len(told)

    def do(some: Sequence[Job], *, mail: bool) -> None:
        policy = cancellation.preview(some, initiator=Initiator.OFFICE)
        free = {i: replace(o, charge=o.charge * 0) for i, o in policy.items()} if run.wish["waive_fee"] else {}
        cancelling.cancel(
            some, actor=actor, reason=str(run.wish["reason"]), mail_client=mail, policy=policy, outcomes=free,
            fee_reason=str(run.wish["fee_reason"]),
        )  # fmt: skip

    good = own
    if own and not _try(lambda: do(own, mail=bool(run.wish["mail_client"]))):
        good = [job for job in own if _alone(piece, job, partial(do, [job], mail=False))]
        del told[n_told:]
        if good:
            do(good, mail=bool(run.wish["mail_client"]))
    return piece


def move(run: BulkRun, left: Sequence[int], *, actor: Actor) -> Piece:
    """Move the next client's visits to a day, or by days: one mail to the client."""
    to, by = run.wish["to_date"], int(run.wish["by_days"])

    def place(job: Job) -> Place:
        day = dt.date.fromisoformat(to) if to else job.on_date + dt.timedelta(days=by)
        return Place(day, job.start_time, job.time_block, job.sitter)

    return _change(run, left, place, actor=actor)


def reassign(run: BulkRun, left: Sequence[int], *, actor: Actor) -> Piece:
    """Give the next client's visits to a sitter, or to nobody. The client gets no mail."""
    sitter = db.session.get(Staff, run.wish["sitter_id"]) if run.wish["sitter_id"] else None
    return _change(run, left, lambda job: Place(job.on_date, job.start_time, job.time_block, sitter), actor=actor)


def _change(run: BulkRun, left: Sequence[int], place: Callable[[Job], Place], *, actor: Actor) -> Piece:
    piece, own = _next_client(left)
    moved: list[tuple[Job, VisitFacts]] = []
    with sitter_mails.gathered() as told:
        for job in own:
            was, n_told = job_facts(job), len(told)
            if not _alone(piece, job, partial(_to, job, place(job), run, actor=actor), keep=True):
                del told[n_told:]
            elif was.on_date != job.on_date.isoformat():
                moved.append((job, was))
    if moved and run.wish["mail_client"]:
        client = moved[0][0].client
        facts = VisitMoved(
            str(client), client.account_number, tuple(job_facts(j) for j, _was in moved), tuple(was for _j, was in moved),
            str(run.wish.get("reason") or ""),
        )  # fmt: skip
        outbox.queue_client_mail(MailKind.VISIT_MOVED, facts, client=client)
    piece.told = told
    return piece


def _to(job: Job, place: Place, run: BulkRun, *, actor: Actor) -> None:
    """One visit to its place; with `anyway` also where it clashes."""
    wanted = moving.as_change(job, place)
    try:
        changing.change(job, wanted, actor=actor)
    except ConflictsFound as found:
        if not run.wish["anyway"]:
            raise
        changing.change(job, wanted, actor=actor, accept=conflicts.tokens(found.clashes))


def _next_client(left: Sequence[int]) -> tuple[Piece, list[Job]]:
    """The first visits of the list that are of one client; the first one alone when it is gone."""
    clients = _clients_of(left[:SOME])
    if len(left) > SOME and set(clients.values()) == {clients.get(left[0])}:
        clients = _clients_of(left)
    first = clients.get(left[0])
    if first is None:
        return Piece(1, [Failure(left[0], N_("This visit no longer exists."))]), []
    ids = list(takewhile(lambda i: clients.get(i) == first, left))
    by_id = {job.id: job for job in jobs.fresh_jobs(ids)}
    return Piece(len(ids)), [by_id[i] for i in ids if i in by_id]


def _next_clients(left: Sequence[int]) -> list[tuple[int, list[int]]]:
    """The next clients and their visits, `AT_ONCE` visits at most, or the first client; none when the first visit is
    gone."""
    some = left[: AT_ONCE + 1]
    clients = _clients_of(some)
    groups = [
        (client, list(ids)) for client, ids in groupby(takewhile(clients.__contains__, some), clients.__getitem__)
    ]
    if len(groups) > 1 and sum(len(ids) for _client, ids in groups) > AT_ONCE:
        groups.pop()  # there may be more of this one's
    return groups


def _clients_of(ids: Sequence[int]) -> dict[int, int]:
    return {row[0]: row[1] for row in db.session.execute(_CLIENTS, {"ids": ids})}


_CLIENTS = sa.select(Job.id, Job.client_id).where(among(Job.id, "ids"))


def _try(do: Callable[[], object]) -> bool:
    """Do it, or leave everything as it was when it is refused."""
    try:
        with db.session.begin_nested():
            do()
    except WorkflowError:
        return False
    return True


def _alone(piece: Piece, job: Job, do: Callable[[], object], *, keep: bool = False) -> bool:
    """Do it for one visit, and unless `keep` undo it again: only whether it can be done is asked. Failures are noted."""
    label = f"{job.service_item.name}, {job.client}, {job.on_date.isoformat()}"
    trial = db.session.begin_nested()
    try:
        do()
    except WorkflowError as problem:
        trial.rollback()
        why, values = problem.message, problem.values
        if isinstance(problem, ConflictsFound):
            why, values = N_("Conflict: %(what)s"), {"what": _clash(problem)}
        piece.failures.append(Failure(job.id, why, {"label": label, **values}))
        return False
    if keep:
        trial.commit()
    else:
        trial.rollback()
    return True


def _clash(found: ConflictsFound) -> str:
    """The first conflict in short."""
    clashes: Iterable[conflicts.Clash] = (c for each in found.clashes.values() for c in each)
    first = next(iter(clashes))
    return f"{first.sitter_name}: {first.label or first.kind.value.replace('_', ' ')}, {first.on_date.isoformat()}"
