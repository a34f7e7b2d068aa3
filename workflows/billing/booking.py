"""A charge that succeeded becomes a payment: booked once, allocated to what it was for, the rest is credit on account."""

from decimal import Decimal

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways.payments import MethodShown, Transaction
from models import (
    Account,
    AttemptState,
    FindingKind,
    InvoiceState,
    Payment,
    PaymentAttempt,
    PaymentKind,
    StoredMethod,
)
from workflows import activity
from workflows.actors import Actor
from workflows.billing import allocations, attempts, findings, ledger, methods, numbers, payment_news, sums, tips

ZERO = Decimal(0)


def book(
    attempt: PaymentAttempt, transaction: Transaction, *, mismatch: bool = False, late: bool = False, actor: Actor
) -> Payment | None:
    """Book the charge, in the caller's transaction, under the client's lock. None when it was booked before.

    In this order: the attempt succeeds and frees its invoices; the payment gets its number and its posting; it pays
    what it was for as far as that is still owed, and what is left is credit on account, so that money for an invoice
    that was voided or paid meanwhile is never lost; a new card is kept; tip shares, log, mail and HOME.
    Money in another currency than was asked for is not booked but given back by `reconciling`.
    """
    if transaction.currency != attempt.currency:
        findings.add(FindingKind.AMOUNT, transaction, wanted=attempt.amount, wanted_currency=attempt.currency)
        attempts.move(attempt, AttemptState.UNKNOWN, code="currency")
        attempt.next_look_at = clock.now()
        return None
    if attempt.state is AttemptState.SUCCEEDED:
        if attempt.gateway_transaction_id != transaction.id:
            attempt.next_look_at = clock.now()  # a second charge: it is looked at, and given back
        return None
    if not attempts.move(attempt, AttemptState.SUCCEEDED):
        return None
    attempt.gateway_transaction_id = transaction.id
    if mismatch or transaction.amount != attempt.amount:
        findings.add(FindingKind.AMOUNT, transaction, wanted=attempt.amount, wanted_currency=attempt.currency)
    if attempt.store_method and transaction.method is not None and transaction.method.token:
        attempt.method = methods.keep_charged(attempt, transaction.method, actor=actor)
    payment = _payment(attempt, transaction)
    db.session.add(payment)
    db.session.flush()
    post_received(payment)
    _allocate(attempt, payment, actor=actor)
    tips.share(payment)
    activity.record(
        "payment.received", actor=actor, subject=payment, client=payment.client, number=payment.number,
        amount=payment.amount, tip=payment.tip_amount, shown_as=payment.shown_as,
    )  # fmt: skip
    payment_news.tell_of_payment(payment, actor=actor, late=late)
    db.session.flush()
    return payment


def _payment(attempt: PaymentAttempt, transaction: Transaction) -> Payment:
    """What came in is what the gateway says; if it took less than was asked for, the tip goes short first."""
    amount = min(transaction.amount, attempt.amount - attempt.tip_amount)
    tip = min(transaction.amount - amount, attempt.tip_amount)
    sequence, number = numbers.next_number("receipt")
    now = clock.now()
    return Payment(
        client=attempt.client,
        kind=PaymentKind(transaction.method.kind if transaction.method is not None else attempt.kind.value),
        amount=transaction.amount - tip,
        tip_amount=tip,
        tip_note=attempt.tip_note if tip else "",
        currency=attempt.currency,
        received_on=clock.today(),
        shown_as=shown_as(attempt.method, transaction.method),
        attempt=attempt,
        method=attempt.method,
        gateway_transaction_id=transaction.id,
        mode=attempt.mode,
        settled_at=now if transaction.settled else None,
        staff_id=attempt.staff_id,
        sequence=sequence,
        number=number,
    )


def shown_as(method: StoredMethod | None, shown: MethodShown | None) -> str:
    """What people recognise a card or account by, such as Visa ···· 1881."""
    if method is not None:
        return str(method)[:120]
    return f"{shown.brand} ···· {shown.last4}".strip()[:120] if shown is not None else ""


def account_of(kind: PaymentKind) -> Account:
    """Where money of this kind lies."""
    return Account.GATEWAY if kind in {PaymentKind.CARD, PaymentKind.BANK} else Account.CASH


def post_received(payment: Payment) -> None:
    """Money in; the client's credit until it pays something; the tip is the sitters'."""
    lines = {
        account_of(payment.kind): payment.amount + payment.tip_amount,
        Account.CLIENT_CREDIT: -payment.amount,
        Account.TIPS_PAYABLE: -payment.tip_amount,
    }
    ledger.post("payment.received", subject=payment, client=payment.client, lines=lines, on_date=payment.received_on)


def _allocate(attempt: PaymentAttempt, payment: Payment, *, actor: Actor) -> None:
    """Pay what it was for, in the order of the form, as far as it is still owed."""
    left = payment.amount
    for target in attempt.targets:
        invoice = target.invoice
        db.session.refresh(invoice)
        if invoice.state is not InvoiceState.OPEN:
            continue
        part = min(left, target.amount, sums.outstanding(invoice))
        if part > ZERO:
            allocations.allocate(payment, invoice, part, actor=actor)
            left -= part


def of_transaction(transaction_id: str) -> Payment | None:
    """The payment that this charge was booked as."""
    return db.session.scalar(sa.select(Payment).where(Payment.gateway_transaction_id == transaction_id))
