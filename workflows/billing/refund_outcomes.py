"""What becomes of a refund: the call to the gateway, its answer, finding out what a lost answer was, and failing late."""

import datetime as dt
import logging
from dataclasses import dataclass, replace
from decimal import Decimal

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways.payments import Answer, PaymentGateway, RefundResult, Transaction, TransactionStatus
from models import (
    REFUND_MOVES,
    Account,
    Allocation,
    FindingKind,
    Invoice,
    InvoiceState,
    Payment,
    PaymentState,
    Refund,
    RefundState,
    RefundWay,
)
from workflows import activity
from workflows.actors import Actor
from workflows.billing import allocations, booking, findings, ledger, methods, numbers, payment_news, sums, tips
from workflows.locks import lock_client

log = logging.getLogger("latchkey.payments")
ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Call:
    """A refund as it goes to the gateway, from the stored row alone."""

    way: RefundWay
    transaction_id: str
    amount: Decimal
    currency: str
    order_id: str
    request_key: str
    #: of a reduction: what the charge is lowered to
    new_amount: Decimal = ZERO
    #: refunds of the same charge that the books know
    known: frozenset[str] = frozenset()


def call_of(row: Refund, found: Transaction | None = None) -> Call:
    """The call for a refund; `found` is the charge as the gateway has it, which only the first call knows."""
    payment = row.payment
    earlier = db.session.execute(
        sa.select(Refund.gateway_transaction_id, Refund.way, Refund.amount).where(
            Refund.payment_id == payment.id, Refund.id != row.id, Refund.state != RefundState.FAILED
        )
    ).all()
    reduced = sum((amount for _id, way, amount in earlier if way is RefundWay.REDUCE), ZERO)
    before = found.amount if found is not None else payment.amount + payment.tip_amount - reduced
    return Call(
        way=row.way,
        transaction_id=payment.gateway_transaction_id or "",
        amount=row.amount,
        currency=row.currency,
        order_id=row.order_id,
        request_key=row.request_key,
        new_amount=before - row.amount,
        known=frozenset(one for one, _way, _amount in earlier if one),
    )


def ask(call: Call, gateway: PaymentGateway) -> RefundResult:
    """Have the gateway give the money back, and ask once more where a key makes that safe and no answer came."""
    methods.require_no_transaction()
    result = _send(call, gateway, repeat=False)
    is_safe = bool(call.request_key) or call.way is RefundWay.REDUCE
    if result.answer is not Answer.UNKNOWN or not is_safe or result.key_refused:
        return result
    again = _send(call, gateway, repeat=True)
    if call.way is RefundWay.REDUCE and again.answer is not Answer.SUCCEEDED:
        return replace(again, answer=Answer.UNKNOWN)
    return replace(again, answer=Answer.UNKNOWN) if again.answer is Answer.NOT_SENT else again


def _send(call: Call, gateway: PaymentGateway, *, repeat: bool) -> RefundResult:
    try:
        if call.way is RefundWay.REVERSE:
            return gateway.reverse(call.transaction_id, request_key=call.request_key, repeat=repeat)
        if call.way is RefundWay.REDUCE:
            return gateway.reduce(call.transaction_id, call.new_amount, currency=call.currency)
        return gateway.refund(
            call.transaction_id, call.amount, currency=call.currency, order_id=call.order_id,
            request_key=call.request_key, repeat=repeat,
        )  # fmt: skip
    except Exception:
        log.exception("refund %s: the gateway's adapter broke; nobody knows what happened", call.order_id)
        return RefundResult(answer=Answer.UNKNOWN, code="adapter")


def find_out(call: Call, gateway: PaymentGateway) -> RefundResult:
    """What became of a refund whose answer was lost; UNKNOWN when the gateway shows nothing (yet). May raise GatewayProblem."""
    methods.require_no_transaction()
    nothing = RefundResult(answer=Answer.UNKNOWN, code="not_found")
    charge = gateway.find(call.transaction_id)
    if charge is None:
        return nothing
    if call.way is RefundWay.REDUCE:
        return (
            RefundResult(answer=Answer.SUCCEEDED, transaction=charge) if charge.amount == call.new_amount else nothing
        )
    if call.way is RefundWay.REVERSE and charge.status is TransactionStatus.VOIDED:
        return RefundResult(answer=Answer.SUCCEEDED, transaction=charge, voided=True)
    for refund_id in charge.refund_ids:
        if refund_id in call.known:
            continue
        one = gateway.find(refund_id)
        if one is None:
            continue
        is_ours = one.order_id == call.order_id or (call.way is RefundWay.REVERSE and one.amount == call.amount)
        if is_ours:
            return RefundResult(answer=Answer.DECLINED if one.status.is_bad else Answer.SUCCEEDED, transaction=one)
    return nothing


# ---------------------------------------------------------------------------------------------------------- outcomes


def locked(refund_id: int) -> Refund:
    """The refund as it is now, its client's turn and its row ours until the commit."""
    row = db.session.get(Refund, refund_id)
    if row is None:
        raise LookupError(refund_id)
    lock_client(row.client_id)
    return db.session.scalars(
        sa.select(Refund).where(Refund.id == refund_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def apply(row: Refund, result: RefundResult, *, actor: Actor) -> None:
    """Move the refund by what the gateway said, under the client's lock; one that was decided meanwhile stays."""
    answer, transaction = result.answer, result.transaction
    if answer is Answer.SUCCEEDED and transaction is not None and row.way is not RefundWay.REDUCE:
        # A refund can be taken and refused in one answer.
        refused = transaction.status.is_bad and not (result.voided or transaction.status is TransactionStatus.VOIDED)
        answer = Answer.DECLINED if refused else answer
    if answer is Answer.SUCCEEDED:
        if result.mismatch and transaction is not None:
            findings.add(FindingKind.AMOUNT, transaction, client=row.client, wanted=row.amount)
        succeed(row, transaction, actor=actor)
    elif answer is Answer.UNKNOWN:
        if RefundState.UNKNOWN in REFUND_MOVES[row.state]:
            row.state, row.code, row.message = RefundState.UNKNOWN, result.code[:60], result.message[:255]
            row.next_look_at = clock.now() + dt.timedelta(minutes=1)
            payment_news.tell_unclear(row.client, row.payment.shown_as)
            activity.record("refund.unclear", actor=actor, subject=row, client=row.client, amount=row.amount)
            db.session.flush()
    else:
        if transaction is not None and row.way is not RefundWay.REDUCE:
            row.gateway_transaction_id = transaction.id
        fail(row, actor=actor, code=result.code, message=result.message)


def succeed(row: Refund, transaction: Transaction | None, *, actor: Actor) -> bool:
    """The money is on its way back: number, log, mail. False when it was decided before."""
    if RefundState.SUCCEEDED not in REFUND_MOVES[row.state]:
        return False
    row.state, row.resolved_at, row.next_look_at = RefundState.SUCCEEDED, clock.now(), None
    row.code = row.message = ""
    row.sequence, row.number = numbers.next_number("refund")
    if transaction is not None:
        row.gateway_transaction_id = transaction.id
    activity.record(
        "refund.made",
        actor=actor,
        subject=row,
        client=row.client,
        number=row.number,
        amount=row.amount,
        reason=row.reason,
    )
    payment_news.mail_refund(row)
    db.session.flush()
    return True


def fail(row: Refund, *, actor: Actor, code: str = "", message: str = "") -> bool:
    """No money went back, also when it looked so at first: all that was taken is as before; log and HOME.

    The invoices that it opened are paid again as far as they are still owed; the rest is credit on account.
    """
    if RefundState.FAILED not in REFUND_MOVES[row.state]:
        return False
    row.state, row.resolved_at, row.next_look_at = RefundState.FAILED, clock.now(), None
    row.code, row.message = code[:60], message[:255]
    db.session.flush()
    counts = row.payment.state is PaymentState.RECEIVED
    lines = {
        Account.CLIENT_CREDIT: -(row.amount - row.tip_amount) if counts else ZERO,
        Account.TIPS_PAYABLE: -row.tip_amount if counts else ZERO,
        # The payment itself came back meanwhile: then this had counted as our loss.
        Account.BAD_DEBT: ZERO if counts else -row.amount,
        booking.account_of(row.kind): row.amount,
    }
    ledger.post("refund.failed", subject=row, client=row.client, lines=lines)
    if counts:
        _pay_again(row, actor=actor)
        if row.tip_amount:
            tips.share_anew(row.payment)
    activity.record(
        "refund.failed",
        actor=actor,
        subject=row,
        client=row.client,
        amount=row.amount,
        code=row.code,
        reason=row.message,
    )
    payment_news.tell_refund_failed(row)
    db.session.flush()
    return True


def _pay_again(row: Refund, *, actor: Actor) -> None:
    taken = db.session.execute(
        sa.select(Allocation.invoice_id, sa.func.sum(Allocation.amount))
        .where(Allocation.refund_id == row.id)
        .group_by(Allocation.invoice_id)
        .order_by(Allocation.invoice_id)
    ).all()
    for invoice_id, amount in taken:
        invoice = db.session.get(Invoice, invoice_id, populate_existing=True)
        if invoice is None or invoice.state is not InvoiceState.OPEN:
            continue
        part = min(-amount, sums.outstanding(invoice), sums.unallocated(row.payment))
        if part > ZERO:
            allocations.allocate(row.payment, invoice, part, actor=actor, reason="refund_failed")


def paid_invoices(payment: Payment) -> list[tuple[Invoice, Decimal]]:
    """What this payment pays, the invoice that it paid last at the end."""
    rows = db.session.execute(
        sa.select(Allocation.invoice_id, sa.func.sum(Allocation.amount))
        .where(Allocation.payment_id == payment.id)
        .group_by(Allocation.invoice_id)
        .having(sa.func.sum(Allocation.amount) != 0)
        .order_by(sa.func.max(Allocation.id))
    ).all()
    found = {i.id: i for i in db.session.scalars(sa.select(Invoice).where(Invoice.id.in_([i for i, _ in rows])))}
    return [(found[i], amount) for i, amount in rows]
