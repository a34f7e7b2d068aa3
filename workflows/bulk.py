"""One order about many visits: cancel, move or reassign them ("snow day"). It is stored first, then done in pieces.

A piece is all visits of one client, or of some clients who are called off together, in one transaction with the note of
how far the order is. So a worker that is killed leaves the order where its last piece ended, and no visit is done twice. Clients get one mail for an order, each
sitter one. Other kinds of work join by an entry in `KINDS`.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation import clock
from foundation.db import db
from models import BULK_MOVES, BulkKind, BulkRun, BulkState, Job, MailState, OutboxMail, Staff
from workflows import activity, bulk_kinds, mail_facts, outbox, sitter_mails, staff_mails
from workflows.actors import WORKER, Actor, staff_actor
from workflows.bulk_kinds import Failure, Piece
from workflows.errors import N_, Conflict, Invalid
from workflows.mail_facts import MailKind, SitterChanges, VisitNews
from workflows.permissions import Permission
from workflows.sitter_mails import Told
from workflows.visit_facts import job_facts

#: visits in one order
MOST = 2000
#: smaller orders are done while one waits
SMALL = 20
#: how long a sitter's mail waits for the end of its order at most
HOLD = dt.timedelta(hours=1)


class Work(Protocol):
    """What a kind of order does with the first ids of the list that is left."""

    def __call__(self, run: BulkRun, left: Sequence[int], *, actor: Actor) -> Piece: ...


#: what each kind does with the first ids of the list: says how many it took, and which failed
KINDS: dict[BulkKind, Work] = {
    BulkKind.CANCEL: bulk_kinds.cancel,
    BulkKind.MOVE: bulk_kinds.move,
    BulkKind.REASSIGN: bulk_kinds.reassign,
}
#: what stopping an order takes where it is not about visits; the kinds' own files put it here
NEEDED: dict[BulkKind, Permission] = {}


#: kinds whose failed ones are tried again in their own way
RETRIES: dict[BulkKind, Callable[..., BulkRun]] = {}


@dataclass(frozen=True)
class Wish:
    """What shall be done with the visits. Each kind reads its own part."""

    #: MOVE: to this day, or by so many days
    to_date: dt.date | None = None
    by_days: int = 0
    #: REASSIGN: None takes the sitter off
    sitter_id: int | None = None
    #: CANCEL: shown to the clients
    reason: str = ""
    #: CANCEL: without the policy's fee, and why
    waive_fee: bool = False
    fee_reason: str = ""
    mail_client: bool = True
    #: MOVE, REASSIGN: also where it clashes
    anyway: bool = False


def order(kind: BulkKind, job_ids: Iterable[int], wish: Wish, *, actor: Actor) -> BulkRun:
    """Store an order for these visits, in the order of their clients and days; the worker is woken after the commit.

    Logged. Refused: none or more than 2,000 visits, a move to nowhere, a sitter who cannot be given visits (Invalid);
    without the permission, and waiving fees without that permission (NotAllowed).
    """
    actor.require(Permission.SCHEDULE)
    ids = list(dict.fromkeys(job_ids))
    if not ids:
        raise Invalid("no_jobs", N_("Tick at least one visit."))
    if len(ids) > MOST:
        raise Invalid("too_many", N_("At most %(most)s visits at once."), most=MOST)
    bulk_kinds.check(kind, wish, actor=actor)
    found = db.session.execute(
        sa.select(Job.id).where(Job.id.in_(ids)).order_by(Job.client_id, Job.on_date, Job.start_time, Job.id)
    )
    known = [row[0] for row in found]
    stored = activity.plain({name: getattr(wish, name) for name in Wish.__dataclass_fields__})
    run = BulkRun(
        kind=kind, staff_id=actor.staff.id if actor.staff else None, n_total=len(known), failures=[],
        wish={"ids": known, **stored},
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    activity.record("bulk.ordered", actor=actor, subject=run, n_jobs=len(known), kind=kind.value, reason=wish.reason)
    wake()
    return run


def wake() -> None:
    """Have the worker look for orders after this commit; the minute's task would find them too."""
    db.session.info["nudge_bulk"] = True


def due() -> list[int]:
    """Orders that are not finished, the oldest first; runs of repeating services are in `repeat_orders`."""
    open_ = (
        sa.select(BulkRun.id)
        .where(BulkRun.kind.in_(KINDS), BulkRun.state.in_([BulkState.WAITING, BulkState.RUNNING]))
        .order_by(BulkRun.id)
    )
    return list(db.session.scalars(open_))


def work(run_id: int) -> bool:
    """Do the next piece of an order in the caller's transaction; False when there is nothing left to do.

    The order's row is held until the commit, so two workers never take the same piece. With the last piece the
    sitters' mails are let go, and the end is logged.
    """
    run = _locked(run_id)
    if run is None or run.state not in {BulkState.WAITING, BulkState.RUNNING}:
        return False
    if run.state is BulkState.WAITING:
        _move(run, BulkState.RUNNING)
        run.started_at = clock.now()
    actor = _actor(run)
    left = _left(run)
    if left:
        piece = KINDS[run.kind](run, left, actor=actor)
        _tell_sitters(run, piece.told)
        note(run, piece.n_taken, piece.failures)
    if not _left(run):
        finish(run, BulkState.DONE, actor=actor)
    db.session.flush()
    return run.state is BulkState.RUNNING


def pass_over(run_id: int) -> None:
    """Leave out the next visit, whose piece broke for a reason that nobody foresaw: it is listed, the rest goes on."""
    run = _locked(run_id)
    if run is not None and run.state in {BulkState.WAITING, BulkState.RUNNING} and (left := _left(run)):
        note(run, 1, [Failure(left[0], N_("Something went wrong with this visit. Nothing was changed."))])
        db.session.flush()


def stop(run: BulkRun, *, actor: Actor) -> BulkRun:
    """End an order before its time: what is done stays done, the rest is left. Logged. Refused once it has ended."""
    actor.require(NEEDED.get(run.kind, Permission.SCHEDULE))
    held = _locked(run.id)
    if held is None or BulkState.STOPPED not in BULK_MOVES[held.state]:
        raise Conflict("bulk_over", N_("This has ended already."))
    finish(held, BulkState.STOPPED, actor=actor)
    db.session.flush()
    return held


def retry(run: BulkRun, *, actor: Actor, anyway: bool = False) -> BulkRun:
    """A new order for the visits that could not be done; `anyway` also where it clashes. Refused without any."""
    if run.kind in RETRIES:
        return RETRIES[run.kind](run, actor=actor)
    ids = [f["job_id"] for f in run.failures]
    values = {name: run.wish[name] for name in Wish.__dataclass_fields__ if name in run.wish}
    day = values.get("to_date")
    values["to_date"] = dt.date.fromisoformat(day) if day else None
    values["anyway"] = anyway or bool(values.get("anyway"))
    return order(run.kind, ids, Wish(**values), actor=actor)


# ----------------------------------------------------------------------------------------------------------- helpers


def _locked(run_id: int) -> BulkRun | None:
    return db.session.scalar(
        sa.select(BulkRun).where(BulkRun.id == run_id).with_for_update().execution_options(populate_existing=True)
    )


def _move(run: BulkRun, to: BulkState) -> None:
    if to not in BULK_MOVES[run.state]:
        raise Conflict("bulk_over", N_("This has ended already."))
    run.state = to


def _left(run: BulkRun) -> list[int]:
    """What is still to be done: every visit counts once, as done or as failed, in the stored order."""
    ids: list[int] = run.wish["ids"]
    return ids[run.n_done + len(run.failures) :]


def note(run: BulkRun, n_taken: int, failures: Sequence[Failure]) -> None:
    """Write down that so many were taken, and which of them failed."""
    run.n_done += n_taken - len(failures)
    run.failures = [*run.failures, *({"job_id": f.job_id, "why": f.why, "values": activity.plain(f.values)} for f in failures)]  # fmt: skip


def _actor(run: BulkRun) -> Actor:
    """Who gave the order; what they may no longer do fails."""
    return staff_actor(run.staff) if run.staff is not None else WORKER


def finish(run: BulkRun, to: BulkState, *, actor: Actor) -> None:
    """End an order: the sitters' mails are let go, and the end is logged."""
    _move(run, to)
    run.finished_at = clock.now()
    _let_go(run)
    db.session.info["nudge_worker"] = True
    what = _LOGGED_AS.get(run.kind, "bulk")
    activity.record(
        f"{what}.done" if to is BulkState.DONE else f"{what}.stopped", actor=actor, subject=run, n_jobs=run.n_done,
        n_failed=len(run.failures), kind=run.kind.value,
    )  # fmt: skip


_LOGGED_AS = {
    BulkKind.INVITE: "invitations",
    BulkKind.INVOICE: "billing_run",
    BulkKind.CHARGE: "billing_run",
    BulkKind.STATEMENT: "billing_run",
    BulkKind.MAILING: "mailing",
    BulkKind.EDIT: "list_edit",
}


def _key(run: BulkRun, sitter_id: int | str) -> str:
    return f"bulk:{run.id}:{sitter_id}"


def _tell_sitters(run: BulkRun, told: Sequence[Told]) -> None:
    """Write the visits into each sitter's one mail, which waits for the end of the order."""
    sitters = {t.sitter.id: t.sitter for t in told}
    mails = _mails_of(run, sitters)
    for sitter in sitters.values():
        own = [t for t in told if t.sitter.id == sitter.id]
        news: dict[str, list[VisitNews]] = {"gone": [], "gained": [], "moved": []}
        for one in own:
            for job in one.jobs:
                visit = one.was if one.was and one.list_name == "gone" else job_facts(job, for_sitter=True)
                was = one.was if one.list_name == "moved" else None
                news[one.list_name].append(VisitNews(str(job.client), visit, was))
        _add_to_mail(run, sitter, news, mails.get(_key(run, sitter.id)))


def _let_go(run: BulkRun) -> None:
    """The sitters' mails leave now, or when the quiet hours of each end."""
    held = sa.select(OutboxMail).where(
        OutboxMail.dedupe_key.like(_key(run, "%")), OutboxMail.state == MailState.QUEUED
    ).options(joinedload(OutboxMail.staff))  # fmt: skip
    db.session.flush()
    for mail in db.session.scalars(held).all():
        visits = [v for name in ("gone", "gained", "moved") for news in mail.facts.get(name, []) for v in (news["visit"], news["was"]) if v]  # fmt: skip
        begins = min((sitter_mails.begin_of(mail_facts.visit_from_json(v)) for v in visits), default=None)
        leaves = staff_mails.leaves_at(mail.staff, clock.now(), begins=begins) if mail.staff else clock.now()
        db.session.execute(
            sa.update(OutboxMail)
            .where(OutboxMail.id == mail.id, OutboxMail.state == MailState.QUEUED)
            .values(next_at=leaves)
            .execution_options(synchronize_session=False)
        )


def _mails_of(run: BulkRun, sitter_ids: Iterable[int]) -> dict[str | None, OutboxMail]:
    """The sitters' mails of this order, by their keys, as they are now; nobody else can send or change them meanwhile."""
    keys = [_key(run, i) for i in sitter_ids]
    if not keys:
        return {}
    held = sa.select(OutboxMail).where(OutboxMail.dedupe_key.in_(keys)).order_by(OutboxMail.id).with_for_update()
    return {mail.dedupe_key: mail for mail in db.session.scalars(held.execution_options(populate_existing=True))}


def _add_to_mail(run: BulkRun, sitter: Staff, news: dict[str, list[VisitNews]], mail: OutboxMail | None) -> None:
    key = _key(run, sitter.id)
    facts = SitterChanges(
        sitter.first_name, str(run.wish.get("reason") or ""), tuple(news["gone"]), tuple(news["gained"]), tuple(news["moved"])
    )  # fmt: skip
    if mail is None or mail.state is not MailState.QUEUED:
        key = key if mail is None else f"{key}:{run.n_done + len(run.failures)}"
        outbox.queue_mail(  # `_let_go` looks at quiet hours
            MailKind.SITTER_CHANGES, facts, to=sitter.email, staff=sitter, dedupe_key=key, not_before=clock.now() + HOLD
        )
        return
    added: dict[str, Any] = outbox.stored(facts)
    mail.facts = {**mail.facts, **{name: [*mail.facts[name], *added[name]] for name in news}}
