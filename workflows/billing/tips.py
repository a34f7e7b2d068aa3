"""Who gets a tip: the sitters who did the visits that the payment was for, or as the office decides."""

from collections.abc import Mapping
from decimal import Decimal

import sqlalchemy as sa

from foundation import money
from foundation.db import db
from models import (
    Allocation,
    Dispute,
    InvoiceLine,
    Job,
    JobState,
    LineKind,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    Staff,
    TipShare,
)
from workflows import activity
from workflows.actors import Actor
from workflows.billing import amounts
from workflows.errors import N_, Invalid, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission

ZERO = Decimal(0)


def kept(payment: Payment) -> Decimal:
    """What is still there of the tip: less what was refunded or lost in a dispute; nothing of a payment that ended."""
    if payment.state is not PaymentState.RECEIVED:
        return ZERO
    refunded = db.session.scalar(
        sa.select(sa.func.sum(Refund.tip_amount)).where(
            Refund.payment_id == payment.id, Refund.state != RefundState.FAILED
        )
    )
    lost = db.session.scalar(sa.select(sa.func.sum(Dispute.tip_lost)).where(Dispute.payment_id == payment.id))
    return payment.tip_amount - (refunded or ZERO) - (lost or ZERO)


def share(payment: Payment) -> list[TipShare]:
    """Share a new payment's tip, to the cent: by what the visits cost that it pays, each to its sitter.

    A payment that pays no visit with a sitter gives it to the client's primary sitter; without one nobody has a share
    and the office decides.
    """
    if not payment.tip_amount:
        return []
    weights = _weights(payment)
    if not weights and payment.client.primary_sitter_id is not None:
        weights = {payment.client.primary_sitter_id: Decimal(1)}
    return _write(payment, split(kept(payment), weights))


def share_anew(payment: Payment) -> list[TipShare]:
    """After a part of the tip came back: as `share_again`; where nobody had a share left, as for a new payment."""
    return share_again(payment) or share(payment)


def share_again(payment: Payment) -> list[TipShare]:
    """After a part of the tip went back: everybody's share shrinks alike, to the cent."""
    return _write(payment, split(kept(payment), {s.staff_id: s.amount for s in _shares(payment) if s.amount}))


def decide(payment: Payment, wanted: Mapping[int, Decimal], *, actor: Actor) -> list[TipShare]:
    """The office shares a tip otherwise: {staff id: amount}. Logged old to new.

    Refused: no tip left, amounts that are none, people who are no sitters, shares that are not the whole tip (Invalid).
    """
    actor.require(Permission.BILLING)
    lock_client(payment.client_id)
    db.session.refresh(payment)
    tip = kept(payment)
    if not tip:
        raise WrongState("no_tip", N_("There is no tip to share."))
    shares = {staff_id: amounts.check(amount, field="shares", zero=True) for staff_id, amount in wanted.items()}
    sitters = set(db.session.scalars(sa.select(Staff.id).where(Staff.id.in_(shares), Staff.is_sitter)))
    if set(shares) - sitters:
        raise Invalid("not_a_sitter", N_("Choose a sitter."), field="shares")
    if sum(shares.values(), ZERO) != tip:
        raise Invalid("not_the_tip", N_("The shares must add up to the tip of %(tip)s."), field="shares", tip=str(tip))
    before = {str(s.staff): s.amount for s in _shares(payment)}
    made = _write(payment, {staff_id: amount for staff_id, amount in shares.items() if amount})
    after = {str(s.staff): s.amount for s in made}
    activity.record(
        "payment.tip_shared", actor=actor, subject=payment, client=payment.client, number=payment.number,
        changes={name: [before.get(name), after.get(name)] for name in sorted(before.keys() | after.keys())},
    )  # fmt: skip
    return made


def split(total: Decimal, weights: Mapping[int, Decimal]) -> dict[int, Decimal]:
    """Share an amount by weights so that the parts are exactly the whole: what rounding leaves goes to the largest rests."""
    whole, units = sum(weights.values(), ZERO), money.to_minor(total)
    if not weights or whole <= ZERO or not units:
        return {}
    exact = {key: units * weight / whole for key, weight in weights.items()}
    parts = {key: int(value) for key, value in exact.items()}
    rest = units - sum(parts.values())
    for key in sorted(exact, key=lambda k: (parts[k] - exact[k], k))[:rest]:
        parts[key] += 1
    return {key: money.from_minor(part) for key, part in parts.items() if part}


def _weights(payment: Payment) -> dict[int, Decimal]:
    """{sitter: what their visits cost} of the invoices that the payment pays."""
    paid = (
        sa.select(Allocation.invoice_id)
        .where(Allocation.payment_id == payment.id)
        .group_by(Allocation.invoice_id)
        .having(sa.func.sum(Allocation.amount) > 0)
    )
    rows = db.session.execute(
        sa.select(Job.sitter_id, sa.func.sum(InvoiceLine.amount))
        .join(Job, InvoiceLine.job_id == Job.id)
        .where(
            InvoiceLine.invoice_id.in_(paid),
            InvoiceLine.kind == LineKind.VISIT,
            InvoiceLine.amount > 0,
            Job.sitter_id.is_not(None),
            Job.state.not_in([JobState.CANCELLED, JobState.VOIDED]),
        )
        .group_by(Job.sitter_id)
    )
    return {sitter_id: Decimal(amount) for sitter_id, amount in rows if sitter_id is not None}


def _shares(payment: Payment) -> list[TipShare]:
    return list(
        db.session.scalars(sa.select(TipShare).where(TipShare.payment_id == payment.id).order_by(TipShare.staff_id))
    )


def _write(payment: Payment, wanted: Mapping[int, Decimal]) -> list[TipShare]:
    """The shares as they are from now on; those of nothing are gone."""
    known = {s.staff_id: s for s in _shares(payment)}
    for staff_id, row in known.items():
        if staff_id not in wanted:
            db.session.delete(row)
        else:
            row.amount = wanted[staff_id]
    for staff_id in wanted.keys() - known.keys():
        db.session.add(TipShare(payment_id=payment.id, staff_id=staff_id, amount=wanted[staff_id]))
    db.session.flush()
    db.session.expire(payment, ["tip_shares"])
    return _shares(payment)
