"""Giving money back, exactly once, with the same intent as a charge: committed before the gateway is asked, no
transaction open while it is, its answer committed afterwards. What was asked for counts as taken until it failed.
"""

import datetime as dt
import logging
import secrets
from decimal import Decimal

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from foundation.types import as_money
from gateways.payments import GatewayProblem, PaymentGateway, RefundResult, Transaction, TransactionStatus
from models import (
    Account,
    Dispute,
    DisputeState,
    GatewayMode,
    Payment,
    PaymentKind,
    PaymentState,
    Refund,
    RefundState,
    RefundWay,
)
from workflows import activity
from workflows.actors import Actor
from workflows.billing import (
    allocations,
    amounts,
    booking,
    ledger,
    methods,
    modes,
    recording,
    refund_outcomes,
    request_keys,
    sums,
    tips,
)
from workflows.billing.receipts import refund_paper as paper
from workflows.errors import N_, Conflict, Invalid, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission

__all__ = ["paper", "refund", "refundable"]
log = logging.getLogger("latchkey.payments")
ZERO = Decimal(0)
_RUNNING = (RefundState.PENDING, RefundState.UNKNOWN)


def refundable(payment: Payment) -> Decimal:
    """How much can still go back: what came in with the tip, less refunds that did not fail and disputes that were lost."""
    if payment.state is not PaymentState.RECEIVED:
        return ZERO
    gone = db.session.scalar(
        sa.select(sa.func.sum(Refund.amount)).where(Refund.payment_id == payment.id, Refund.state != RefundState.FAILED)
    )
    lost = db.session.scalar(
        sa.select(as_money(sa.func.sum(Dispute.amount_lost + Dispute.tip_lost))).where(Dispute.payment_id == payment.id)
    )
    return payment.amount + payment.tip_amount - (gone or ZERO) - (lost or ZERO)


def refund(
    payment: Payment,
    *,
    amount: Decimal,
    reason: str,
    submit_key: str,
    actor: Actor,
    gateway: PaymentGateway,
    refunded_on: dt.date | None = None,
    include_tip: bool = True,
    by_hand: PaymentKind | None = None,
) -> Refund:
    """Give a payment back, whole or in part. Commits; the refund's `state` says what happened.

    In this order: permission, amount and reason are checked under the client's lock; the refund is written as PENDING
    and counts as taken (credit that the payment still has goes first, then the newest invoice it pays opens again; the
    tip last, and only with `include_tip`) and is COMMITTED; the gateway is asked with no transaction open, and once
    more if it takes request keys and no answer came; the outcome is COMMITTED: the number, log and mail, or all taken
    back. Cash, cheques and transfers (or `by_hand`, for money that came through the gateway) are only recorded.
    The same `submit_key` again finds the first refund. Refused: a day ahead or before the payment, more than is left, a refund of it that is not decided
    yet, an open dispute, a payment that ended, a part of what cannot be given back in part yet (WorkflowError).
    """
    actor.require(Permission.REFUND)
    amount = amounts.check(amount)
    if not reason.strip():
        raise Invalid("no_reason", N_("Say why."), field="reason")
    if not submit_key or len(submit_key) > 80:
        raise Invalid("no_key", N_("Open the page again, then give the refund."))
    if refunded_on is not None and refunded_on > clock.today():
        raise Invalid("day_ahead", N_("This day is still to come."), field="refunded_on")
    if refunded_on is not None and refunded_on < payment.received_on:
        raise Invalid("day_before", N_("On this day the payment had not come in yet."), field="refunded_on")
    if by_hand is not None and by_hand not in recording.BY_HAND:
        raise Invalid("bad_kind", N_("Choose how the money went back."), field="by_hand")
    if (known := _by_submit_key(submit_key, payment)) is not None:
        return known
    through_gateway = payment.kind not in recording.BY_HAND and by_hand is None
    found = _look_first(payment, gateway) if through_gateway else None
    lock_client(payment.client_id)
    db.session.refresh(payment)
    if (known := _by_submit_key(submit_key, payment)) is not None:
        return known
    tip = _check(payment, amount, include_tip=include_tip)
    row = Refund(
        client=payment.client,
        payment=payment,
        submit_key=submit_key,
        order_id=f"ref_{secrets.token_hex(12)}",
        request_key=request_keys.new(payment.mode) if found is not None and payment.mode is not None else "",
        amount=amount,
        tip_amount=tip,
        currency=payment.currency,
        mode=payment.mode or modes.current() or GatewayMode.PRODUCTION,
        via=actor.via,
        staff_id=actor.staff.id if actor.staff else None,
        way=_way(payment, amount, found),
        kind=by_hand or payment.kind,
        refunded_on=refunded_on or clock.today(),
        reason=reason.strip()[:255],
        state=RefundState.PENDING,
        created_at=clock.now(),
    )
    _take(row, actor=actor)
    if found is None:
        refund_outcomes.succeed(row, None, actor=actor)
        db.session.commit()
        return row
    refund_id, call = row.id, refund_outcomes.call_of(row, found)
    db.session.commit()
    return conclude(refund_id, refund_outcomes.ask(call, gateway), actor=actor)


def conclude(refund_id: int, result: RefundResult, *, actor: Actor) -> Refund:
    """Write down what the gateway said, and commit. A refund that was decided meanwhile stays as it is."""
    row = refund_outcomes.locked(refund_id)
    if result.key_refused:
        request_keys.remember_refused(row.mode)
    refund_outcomes.apply(row, result, actor=actor)
    db.session.commit()
    return row


def _by_submit_key(key: str, payment: Payment) -> Refund | None:
    known = db.session.scalar(
        sa.select(Refund).where(Refund.submit_key == key).execution_options(populate_existing=True)
    )
    if known is not None and known.payment_id != payment.id:
        raise Conflict("sent_twice", N_("Open the page again, then give the refund."))
    return known


def _look_first(payment: Payment, gateway: PaymentGateway) -> Transaction:
    """Where the charge stands at the gateway now, which decides how it can go back; asked with no transaction open."""
    transaction_id, mode = payment.gateway_transaction_id or "", payment.mode
    if mode is not modes.of(gateway):
        raise WrongState("other_gateway", N_("This was paid through another gateway. Record the refund by hand."))
    db.session.commit()
    methods.require_no_transaction()
    try:
        found = gateway.find(transaction_id)
    except GatewayProblem as problem:
        raise WrongState("gateway", problem.message) from problem
    if found is None:
        raise WrongState("gone", N_("The payment gateway does not know this payment. Record the refund by hand."))
    return found


def _check(payment: Payment, amount: Decimal, *, include_tip: bool) -> Decimal:
    """May so much go back now? What of it is the tip's."""
    if payment.state is not PaymentState.RECEIVED:
        raise WrongState("payment_ended", N_("This payment no longer counts. Nothing was changed."))
    if db.session.scalar(
        sa.select(Dispute.id).where(Dispute.payment_id == payment.id, Dispute.state == DisputeState.OPEN).limit(1)
    ):
        raise WrongState("disputed", N_("The client disputes this payment with the bank. It cannot be refunded now."))
    if db.session.scalar(
        sa.select(Refund.id).where(Refund.payment_id == payment.id, Refund.state.in_(_RUNNING)).limit(1)
    ):
        raise WrongState("refund_running", N_("Another refund of this payment is still being confirmed. Wait for it."))
    left, tip = refundable(payment), tips.kept(payment)
    if not include_tip:
        left -= tip
    if amount > left:
        raise Invalid("more_than_left", N_("At most %(left)s can go back."), field="amount", left=str(left))
    return max(amount - (refundable(payment) - tip), ZERO)


def _way(payment: Payment, amount: Decimal, found: Transaction | None) -> RefundWay:
    """Whole: the gateway decides whether it is voided or refunded. In part: as far as the charge has come."""
    if found is None:
        return RefundWay.RECORDED
    if found.status.is_bad:
        raise WrongState("gone", N_("The payment gateway gave this payment back already."))
    reduced = db.session.scalar(
        sa.select(sa.func.sum(Refund.amount)).where(
            Refund.payment_id == payment.id, Refund.state != RefundState.FAILED, Refund.way == RefundWay.REDUCE
        )
    )
    if found.amount != payment.amount + payment.tip_amount - (reduced or ZERO):
        raise WrongState("changed", N_("This payment was changed meanwhile. Look again, then give the refund."))
    refunded_before = db.session.scalar(
        sa.select(Refund.id)
        .where(Refund.payment_id == payment.id, Refund.state != RefundState.FAILED, Refund.way == RefundWay.REFUND)
        .limit(1)
    )
    if amount == found.amount and not refunded_before and not found.refund_ids:
        return RefundWay.REVERSE
    if found.status.can_be_refunded:
        return RefundWay.REFUND
    if found.status is TransactionStatus.SUBMITTED_FOR_SETTLEMENT and payment.kind is PaymentKind.CARD:
        return RefundWay.REDUCE
    raise WrongState(
        "not_in_part_yet", N_("A part of it can go back only once the bank has paid it out. All of it can go back now.")
    )


def _take(row: Refund, *, actor: Actor) -> None:
    """From now on it counts as gone: credit first, then the newest invoice that the payment pays."""
    payment, own = row.payment, row.amount - row.tip_amount
    db.session.add(row)
    db.session.flush()
    missing = -sums.unallocated(payment)  # it counts already, so below zero is what invoices must give back
    for invoice, amount in reversed(refund_outcomes.paid_invoices(payment)):
        if missing <= ZERO:
            break
        part = min(missing, amount)
        allocations.take_back(payment, invoice, part, actor=actor, reason="refund", refund=row)
        missing -= part
    lines = {
        Account.CLIENT_CREDIT: own,
        Account.TIPS_PAYABLE: row.tip_amount,
        booking.account_of(row.kind): -row.amount,
    }
    ledger.post("refund.taken", subject=row, client=row.client, lines=lines, on_date=row.refunded_on)
    if row.tip_amount:
        tips.share_again(payment)
    activity.record(
        "refund.ordered", actor=actor, subject=row, client=row.client, number=payment.number, amount=row.amount,
        reason=row.reason,
    )  # fmt: skip
    db.session.flush()
