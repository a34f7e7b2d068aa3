"""What one visit pays its sitter, changed by hand once it is done or called off."""

from collections.abc import Sequence
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation.db import db
from models import Job, PayLine, PayStatement
from workflows import activity
from workflows.actors import Actor
from workflows.billing import amounts
from workflows.cancelling import MOST_REASON
from workflows.errors import N_, Conflict, Invalid, WrongState
from workflows.jobs import get_fresh
from workflows.locks import lock_client
from workflows.pay.due import PAYING
from workflows.permissions import Permission


def may_set(job: Job) -> bool:
    """Does it pay something that can be changed by hand? Before it is done, price rules and moves decide."""
    return job.state in PAYING


def set_pay(job: Job, pay: Decimal, *, reason: str, actor: Actor, seen_version: int | None = None) -> Job:
    """Let a done or called off visit pay its sitter so much instead; logged old to new with the reason.

    What stands on a run already stays; the next run has the difference as a correction. Refused: without the
    permission (NotAllowed), an amount that is none or below zero, no reason (Invalid), neither done nor called off
    (WrongState), changed since `seen_version` (Conflict).
    """
    actor.require(Permission.PAY)
    new, why = amounts.check(pay, field="pay", zero=True), " ".join(reason.split())
    if not why:
        raise Invalid("no_reason", N_("Say why the pay is another one."), field="reason")
    if len(why) > MOST_REASON:
        raise Invalid("reason_long", N_("Say why in at most %(most)s characters."), field="reason", most=MOST_REASON)
    lock_client(job.client_id)
    fresh = get_fresh(job.id)
    if fresh is None:
        raise WrongState("job_gone", N_("This visit no longer exists."))
    if seen_version is not None and fresh.version != seen_version:
        raise Conflict("stale", N_("Someone changed this visit meanwhile. Look at it again, then make your change."))
    if not may_set(fresh):
        raise WrongState("not_done", N_("The pay can be changed by hand once the visit is done or called off."))
    old = fresh.sitter_pay
    if old != new:
        fresh.sitter_pay = new
        db.session.flush()
        activity.record(
            "job.pay_changed", actor=actor, subject=fresh, client=fresh.client, reason=why,
            changes={"sitter_pay": [old, new]},
        )  # fmt: skip
    db.session.flush()
    return fresh


def lines_of(job: Job) -> Sequence[PayLine]:
    """The lines of runs about this visit, undone ones too, the oldest first; one query."""
    return db.session.scalars(
        sa.select(PayLine)
        .where(PayLine.job_id == job.id, PayLine.statement_id.is_not(None))
        .options(joinedload(PayLine.statement).joinedload(PayStatement.run), joinedload(PayLine.staff))
        .order_by(PayLine.id)
    ).all()
