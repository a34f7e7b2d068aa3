"""Later bad news about money that was booked: bank payments that come back, and charges that clients dispute.

Under the client's lock, in the caller's transaction. What cannot be taken from the payment any more (it was refunded
before) is a loss of ours: BAD_DEBT, so that the books say what the gateway really has.
"""

from decimal import Decimal

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways.events import DisputeNews, EventKind
from models import (
    DISPUTE_MOVES,
    PAYMENT_MOVES,
    Account,
    Dispute,
    DisputeState,
    Payment,
    PaymentState,
    Posting,
    Refund,
    RefundState,
    RefundWay,
)
from workflows import activity
from workflows.actors import Actor
from workflows.billing import allocations, ledger, methods, payment_news, refund_outcomes, sums, tips

ZERO = Decimal(0)
#: returns after which the account is not debited again: closed, no account, invalid number, revoked, not authorised
BLOCKING = {"R02", "R03", "R04", "R07", "R10"}
_CLOSED = {
    EventKind.DISPUTE_LOST: DisputeState.LOST,
    EventKind.DISPUTE_ACCEPTED: DisputeState.ACCEPTED,
    EventKind.DISPUTE_EXPIRED: DisputeState.EXPIRED,
    EventKind.DISPUTE_WON: DisputeState.WON,
}


def bring_back(payment: Payment, *, return_code: str = "", actor: Actor) -> bool:
    """The bank took a payment back, also long after it had settled. False when it counts no more already.

    In this order: what it paid is owed again; the posting; tip shares go; an account that the bank refuses for good is
    blocked; the log, a mail to the client, HOME.
    """
    if PaymentState.RETURNED not in PAYMENT_MOVES[payment.state]:
        return False
    own, tip = _left(payment), tips.kept(payment)
    whole = payment.amount + payment.tip_amount - _reduced(payment)
    numbers = tuple(invoice.number or "" for invoice, _amount in refund_outcomes.paid_invoices(payment))
    allocations.free_source(payment, actor=actor, reason="returned")
    payment.state, payment.ended_at, payment.end_reason = PaymentState.RETURNED, clock.now(), return_code
    lines = {
        Account.GATEWAY: -whole,
        Account.CLIENT_CREDIT: own,
        Account.TIPS_PAYABLE: tip,
        Account.BAD_DEBT: whole - own - tip,
    }
    ledger.post("payment.returned", subject=payment, client=payment.client, lines=lines)
    if payment.tip_amount:
        tips.share_again(payment)
    if return_code in BLOCKING and payment.method is not None and payment.method.blocked_at is None:
        methods.block(payment.method, return_code)
        activity.record(
            "stored_method.blocked", actor=actor, subject=payment.method, client=payment.client, name=str(payment.method),
            code=return_code,
        )  # fmt: skip
    activity.record(
        "payment.returned", actor=actor, subject=payment, client=payment.client, number=payment.number, code=return_code,
        amount=payment.amount,
    )  # fmt: skip
    payment_news.tell_of_return(payment, numbers)
    db.session.flush()
    return True


def hear(news: DisputeNews, kind: EventKind, payment: Payment, *, actor: Actor) -> Dispute:
    """What a message says of a dispute; told again, or in another order, it changes nothing twice.

    Opened: written down with its last day to answer, told to the office; its invoices stay paid and it cannot be
    refunded. Lost, accepted, expired: what was disputed is taken from what the payment pays. Won: that comes back; won
    in part, by the amounts that the gateway tells: the rest of what was disputed is taken.
    """
    dispute = db.session.scalar(
        sa.select(Dispute)
        .where(Dispute.gateway_dispute_id == news.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    to = _CLOSED.get(kind)
    if dispute is None:
        dispute = Dispute(
            gateway_dispute_id=news.id, payment=payment, amount_disputed=news.amount_disputed, reason=news.reason[:120],
            reply_by=news.reply_by, state=DisputeState.OPEN,
        )  # fmt: skip
        db.session.add(dispute)
        db.session.flush()
        activity.record(
            "dispute.opened", actor=actor, subject=dispute, client=payment.client, number=payment.number,
            amount=dispute.amount_disputed,
        )  # fmt: skip
        if to is None:
            payment_news.tell_of_dispute(dispute)
    elif dispute.state is DisputeState.OPEN and news.reply_by is not None:
        dispute.reply_by = news.reply_by
    if to is not None and to in DISPUTE_MOVES[dispute.state]:
        _close(dispute, to, won=news.amount_won, actor=actor)
    db.session.flush()
    return dispute


def _close(dispute: Dispute, to: DisputeState, *, won: Decimal | None, actor: Actor) -> None:
    disputed, lost = dispute.amount_disputed, ZERO
    if to is DisputeState.WON:
        _win_back(dispute, actor=actor)
        lost = max(disputed - won, ZERO) if won else ZERO  # without an amount all of it is meant
    else:
        lost = disputed
    if lost:
        _lose(dispute, lost, actor=actor)
    dispute.state, dispute.resolved_at = to, clock.now()
    activity.record(
        "dispute.closed", actor=actor, subject=dispute, client=dispute.payment.client, number=dispute.payment.number,
        outcome=to.value, amount=disputed, lost=lost,
    )  # fmt: skip
    payment_news.tell_dispute_closed(dispute)


def _lose(dispute: Dispute, disputed: Decimal, *, actor: Actor) -> None:
    """Take so much: credit of this payment first, then the newest invoice it pays, then its tip; the rest is our loss."""
    payment = dispute.payment
    counts = payment.state is PaymentState.RECEIVED
    own = min(disputed, _left(payment)) if counts else ZERO
    tip = min(disputed - own, tips.kept(payment)) if counts else ZERO
    missing = own - max(sums.unallocated(payment), ZERO)
    for invoice, amount in reversed(refund_outcomes.paid_invoices(payment)):
        if missing <= ZERO:
            break
        part = min(missing, amount)
        allocations.take_back(payment, invoice, part, actor=actor, reason="dispute")
        missing -= part
    dispute.amount_lost, dispute.tip_lost = own, tip
    db.session.flush()
    lines = {
        Account.GATEWAY: -disputed,
        Account.CLIENT_CREDIT: own,
        Account.TIPS_PAYABLE: tip,
        Account.BAD_DEBT: disputed - own - tip,
    }
    whole = disputed == dispute.amount_disputed
    key = f"dispute.lost:{dispute.id}" if whole else f"dispute.lost_in_part:{dispute.id}"
    ledger.post("dispute.lost", subject=dispute, client=payment.client, lines=lines, event_key=key)
    if tip:
        tips.share_again(payment)


def _win_back(dispute: Dispute, *, actor: Actor) -> None:
    """What was taken when it was lost is here again, and pays what is owed."""
    lost = db.session.scalar(sa.select(Posting).where(Posting.event_key == f"dispute.lost:{dispute.id}"))
    if lost is None:
        return
    payment, tip = dispute.payment, dispute.tip_lost
    lines = ledger.turned({line.account: line.amount for line in lost.lines})
    if payment.state is not PaymentState.RECEIVED:
        # It came back by another way meanwhile, which counted this as lost.
        total = dispute.amount_disputed
        lines = {Account.GATEWAY: total, Account.BAD_DEBT: -total}
    dispute.amount_lost = dispute.tip_lost = ZERO
    db.session.flush()
    ledger.post("dispute.won", subject=dispute, client=payment.client, lines=lines)
    if payment.state is PaymentState.RECEIVED:
        allocations.spread(payment, actor=actor)
        if tip:
            tips.share_anew(payment)


def _left(payment: Payment) -> Decimal:
    """What of the payment's amount is still the client's: credit, and what it pays of invoices."""
    paid = sum((amount for _invoice, amount in refund_outcomes.paid_invoices(payment)), ZERO)
    return sums.unallocated(payment) + paid


def _reduced(payment: Payment) -> Decimal:
    """By how much the charge was lowered before it settled: that money never came."""
    total = db.session.scalar(
        sa.select(sa.func.sum(Refund.amount)).where(
            Refund.payment_id == payment.id, Refund.state != RefundState.FAILED, Refund.way == RefundWay.REDUCE
        )
    )
    return total or ZERO
