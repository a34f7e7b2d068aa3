"""Charges and refunds of a gateway that is not the one of today: nobody can be asked about them, so a person decides.

They are unclear, their invoices are locked, and the worker looks only at those of its own gateway. Whoever has looked
into the other gateway's control panel says here what happened.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import db
from gateways.payments import Transaction, TransactionStatus
from models import (
    AttemptState,
    AttemptTarget,
    GatewayMode,
    PaymentAttempt,
    Refund,
    RefundState,
    RefundWay,
)
from workflows import activity
from workflows.actors import Actor
from workflows.billing import attempts, booking, modes, payment_news, refund_outcomes
from workflows.errors import N_, Conflict, Invalid, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission

MOST = 50
_UNCLEAR = (AttemptState.UNKNOWN, AttemptState.SENDING)
_UNCLEAR_REFUND = (RefundState.UNKNOWN, RefundState.PENDING)
NOT_CHARGED = N_("Nothing was charged. Somebody looked it up at the gateway.")


def of_another(mode: Any) -> sa.ColumnElement[bool]:  # noqa: ANN401 -- a column
    """Is this another gateway's than today's? All are, where there is none today."""
    current = modes.current()
    return sa.true() if current is None else mode != current


def stranded_attempts() -> Sequence[PaymentAttempt]:
    """Unclear charges of another gateway, the oldest first."""
    wanted = (
        sa.select(PaymentAttempt)
        .where(PaymentAttempt.state.in_(_UNCLEAR), of_another(PaymentAttempt.mode))
        .where(PaymentAttempt.created_at < clock.now() - attempts.LOST_AFTER)
    )
    loads = joinedload(PaymentAttempt.client), selectinload(PaymentAttempt.targets).joinedload(AttemptTarget.invoice)
    return db.session.scalars(wanted.order_by(PaymentAttempt.id).options(*loads).limit(MOST)).all()


def stranded_refunds() -> Sequence[Refund]:
    """The same for refunds by a gateway."""
    wanted = (
        sa.select(Refund)
        .where(Refund.state.in_(_UNCLEAR_REFUND), Refund.way != RefundWay.RECORDED, of_another(Refund.mode))
        .where(Refund.created_at < clock.now() - attempts.LOST_AFTER)
    )
    loads = joinedload(Refund.client), joinedload(Refund.payment)
    return db.session.scalars(wanted.order_by(Refund.id).options(*loads).limit(MOST)).all()


def settle_attempt(
    attempt: PaymentAttempt, *, charged: bool, reason: str, transaction_id: str = "", actor: Actor
) -> PaymentAttempt:
    """Say what became of an unclear charge of another gateway.

    Charged: it is booked as a payment with that gateway's number of it, as `booking.book` does. Not charged: its
    invoices can be paid again; HOME and the client are told. Both: the log, with the reason. Refused: no reason, no
    number of the charge, a charge where no money moves (Invalid); one that this gateway can be asked about or that is
    decided (WrongState); a number that is booked already (Conflict).
    """
    actor.require(Permission.BILLING)
    words, number = _reason(reason), transaction_id.strip()[:64]
    lock_client(attempt.client_id)
    attempt = attempts.fresh(attempt.id)
    _require_stranded(attempt.mode, is_unclear=attempt.state in _UNCLEAR)
    activity.record(
        "payment.settled_by_hand", actor=actor, subject=attempt, client=attempt.client, amount=attempt.amount, reason=words,
        name=number, charged=charged,
    )  # fmt: skip
    if charged:
        transaction = _transaction(attempt, number)
        attempts.move(attempt, AttemptState.UNKNOWN, code="by_hand")
        booking.book(attempt, transaction, late=True, actor=actor)
    else:
        attempts.move(attempt, AttemptState.UNKNOWN, code="by_hand")
        attempts.move(attempt, AttemptState.NOT_CHARGED, code="by_hand", message=NOT_CHARGED)
        payment_news.tell_of_attempt(attempt, actor=actor, late=True)
    db.session.flush()
    return attempt


def _transaction(attempt: PaymentAttempt, number: str) -> Transaction:
    if attempt.mode is not GatewayMode.PRODUCTION:
        raise Invalid("no_money", N_("This gateway moved no money, so nothing can have been charged."), field="charged")
    if not number:
        raise Invalid("no_number", N_("Enter the number of the charge, as the gateway's control panel shows it."), field="transaction")  # fmt: skip
    if booking.of_transaction(number) is not None:
        raise Conflict("booked", N_("This charge is booked already."))
    return Transaction(
        id=number, order_id=attempt.order_id, status=TransactionStatus.SUBMITTED_FOR_SETTLEMENT, amount=attempt.amount,
        currency=attempt.currency, created_at=attempt.created_at,
    )  # fmt: skip


def settle_refund(row: Refund, *, went: bool, reason: str, actor: Actor) -> Refund:
    """Say what became of an unclear refund of another gateway: the money went back, or it did not and is here again.

    Told and booked as the gateway's own answer (`refund_outcomes`); the log, with the reason. Refused: no reason
    (Invalid); one that this gateway can be asked about or that is decided (WrongState).
    """
    actor.require(Permission.REFUND)
    words = _reason(reason)
    row = refund_outcomes.locked(row.id)
    is_unclear = row.state in _UNCLEAR_REFUND and row.way is not RefundWay.RECORDED
    _require_stranded(row.mode, is_unclear=is_unclear)
    activity.record(
        "refund.settled_by_hand",
        actor=actor,
        subject=row,
        client=row.client,
        amount=row.amount,
        reason=words,
        went=went,
    )
    if went:
        refund_outcomes.succeed(row, None, actor=actor)
    else:
        refund_outcomes.fail(row, actor=actor, code="by_hand", message=words)
    return row


def _require_stranded(mode: GatewayMode | None, *, is_unclear: bool) -> None:
    if not is_unclear:
        raise WrongState("decided", N_("Somebody dealt with this meanwhile. Nothing was changed."))
    if mode is modes.current():
        raise WrongState("can_be_asked", N_("The gateway is asked about this each minute. Nothing was changed."))


def _reason(reason: str) -> str:
    words = " ".join(reason.split())[:255]
    if not words:
        raise Invalid("no_reason", N_("Say why, in a few words."), field="reason")
    return words
