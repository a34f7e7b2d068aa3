"""Money that came in by hand: cash, cheques, transfers. Recording, allocating anew, voiding; and the receipt."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

import sqlalchemy as sa

from foundation import clock, money
from foundation.db import db
from models import (
    PAYMENT_MOVES,
    Account,
    Allocation,
    Client,
    Invoice,
    Payment,
    PaymentKind,
    PaymentState,
    Refund,
    RefundState,
)
from workflows import activity, demo_marks, once
from workflows.actors import Actor
from workflows.billing import allocations, amounts, booking, ledger, numbers, payment_news, sums, tips
from workflows.billing.receipts import payment_paper as paper
from workflows.errors import N_, Invalid, Refusals, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission

__all__ = ["BY_HAND", "paper", "reallocate", "record_payment", "void_payment"]
ZERO = Decimal(0)
#: kinds that the office records; cards and bank accounts come through the gateway
BY_HAND = (PaymentKind.CASH, PaymentKind.CHEQUE, PaymentKind.TRANSFER, PaymentKind.OTHER)
#: older money belongs to books that are closed
OLDEST = dt.timedelta(days=3 * 366)


def record_payment(
    client: Client,
    *,
    kind: PaymentKind,
    amount: Decimal,
    received_on: dt.date,
    reference: str = "",
    description: str = "",
    allocate: Mapping[int, Decimal] | None = None,
    tip: Decimal = ZERO,
    mail: bool = True,
    actor: Actor,
    form_key: str | None = None,
) -> Payment:
    """Record money that the office received. Pressed twice it is recorded once.

    In this order: the payment with its receipt number and posting; what it pays: the invoices of `allocate`
    ({invoice id: amount}; the rest is credit), or the oldest due first; tip shares; the log; a receipt by mail if wanted.
    Refused: no such kind, amounts that are none, a day ahead or long past, another client's or no open invoice, more
    than is outstanding or than came in (Invalid, WrongState); a client of the demo data (WrongState 'made_up').
    """
    actor.require(Permission.BILLING)
    if kind not in BY_HAND:
        raise Invalid("bad_kind", N_("Choose how the money came."), field="kind")
    check_received(amount, tip, received_on)
    amount, tip = amounts.check(amount), amounts.check(tip, zero=True)
    demo_marks.refuse_books(client)
    lock_client(client.id)
    once.claim(form_key)
    sequence, number = numbers.next_number("receipt")
    payment = Payment(
        client=client, kind=kind, amount=amount, tip_amount=tip, currency=money.currency(), received_on=received_on,
        reference=reference.strip()[:120], description=description.strip()[:255], sequence=sequence, number=number,
        settled_at=clock.now(), staff_id=actor.staff.id if actor.staff else None,
    )  # fmt: skip
    db.session.add(payment)
    db.session.flush()
    booking.post_received(payment)
    if allocate is None:
        allocations.spread(payment, actor=actor)
    else:
        _become(payment, allocate, actor=actor)
    tips.share(payment)
    activity.record(
        "payment.recorded", actor=actor, subject=payment, client=client, number=number, amount=amount, tip=tip,
        kind=kind.value,
    )  # fmt: skip
    if mail:
        payment_news.mail_receipt(payment)
    db.session.flush()
    return payment


def reallocate(payment: Payment, wanted: Mapping[int, Decimal], *, actor: Actor) -> Payment:
    """Let a payment pay these invoices instead: {invoice id: amount}; the rest is credit on account. Logged old to new.

    What it pays too much is taken back first (those invoices open again), then the new ones are paid. Refused: money
    that was returned or voided, another client's or no open invoice, more than is outstanding or than it has left.
    """
    actor.require(Permission.BILLING)
    lock_client(payment.client_id)
    db.session.refresh(payment)
    if payment.state is not PaymentState.RECEIVED:
        raise WrongState("payment_ended", N_("This payment no longer counts. Nothing was changed."))
    before = paid_by(payment)
    _become(payment, wanted, actor=actor)
    after = paid_by(payment)
    if before != after:
        names = _numbers(before.keys() | after.keys())
        activity.record(
            "payment.reallocated", actor=actor, subject=payment, client=payment.client, number=payment.number,
            changes={names[i]: [before.get(i), after.get(i)] for i in sorted(names) if before.get(i) != after.get(i)},
        )  # fmt: skip
    db.session.flush()
    return payment


def void_payment(payment: Payment, *, actor: Actor, reason: str) -> Payment:
    """Take back money that was recorded in error. Twice changes nothing.

    What it paid is owed again, its posting is posted back, tip shares go; logged with the reason. Refused: no reason,
    money through the gateway (that is refunded), money of which a part was refunded, returned money.
    """
    actor.require(Permission.BILLING)
    if not reason.strip():
        raise Invalid("no_reason", N_("Say why."), field="reason")
    lock_client(payment.client_id)
    db.session.refresh(payment)
    if payment.state is PaymentState.VOIDED:
        return payment
    if payment.kind not in BY_HAND:
        raise WrongState("through_gateway", N_("This money came through the payment gateway. Refund it instead."))
    if PaymentState.VOIDED not in PAYMENT_MOVES[payment.state]:
        raise WrongState("payment_ended", N_("This payment no longer counts. Nothing was changed."))
    if db.session.scalar(
        sa.select(Refund.id).where(Refund.payment_id == payment.id, Refund.state != RefundState.FAILED).limit(1)
    ):
        raise WrongState("has_refunds", N_("A part of it was refunded. Refund the rest instead."))
    allocations.free_source(payment, actor=actor, reason="void")
    payment.state, payment.ended_at, payment.end_reason = PaymentState.VOIDED, clock.now(), reason.strip()[:255]
    lines = {
        booking.account_of(payment.kind): -(payment.amount + payment.tip_amount),
        Account.CLIENT_CREDIT: payment.amount,
        Account.TIPS_PAYABLE: payment.tip_amount,
    }
    ledger.post("payment.voided", subject=payment, client=payment.client, lines=lines)
    tips.share_again(payment)
    activity.record(
        "payment.voided",
        actor=actor,
        subject=payment,
        client=payment.client,
        number=payment.number,
        reason=reason.strip(),
    )
    db.session.flush()
    return payment


def paid_by(payment: Payment) -> dict[int, Decimal]:
    """What this payment pays: {invoice id: amount}."""
    rows = db.session.execute(
        sa.select(Allocation.invoice_id, sa.func.sum(Allocation.amount))
        .where(Allocation.payment_id == payment.id)
        .group_by(Allocation.invoice_id)
        .having(sa.func.sum(Allocation.amount) != 0)
    )
    return dict(rows.all())


def _become(payment: Payment, wanted: Mapping[int, Decimal], *, actor: Actor) -> None:
    """Take back what is too much, then allocate what is missing; all checked before anything is moved."""
    target = {i: amounts.check(amount, zero=True) for i, amount in wanted.items()}
    target = {i: amount for i, amount in target.items() if amount}
    present = paid_by(payment)
    ids = sorted(target.keys() | present.keys())
    invoices = {
        invoice.id: invoice
        for invoice in db.session.scalars(
            sa.select(Invoice).where(Invoice.id.in_(ids)).execution_options(populate_existing=True)
        )
    }
    if any(i not in invoices or invoices[i].client_id != payment.client_id for i in target):
        raise Invalid("other_client", N_("This invoice is another client's."))
    free = sums.unallocated(payment) + sum(present.values(), ZERO)
    if sum(target.values(), ZERO) > free:
        raise Invalid("not_enough_left", N_("That is more than there is to allocate."), field="amount")
    for i in ids:
        if (less := present.get(i, ZERO) - target.get(i, ZERO)) > ZERO:
            allocations.take_back(payment, invoices[i], less, actor=actor, reason="moved")
    for i in ids:
        if (more := target.get(i, ZERO) - present.get(i, ZERO)) > ZERO:
            allocations.allocate(payment, invoices[i], more, actor=actor)


def check_received(amount: Decimal | None, tip: Decimal | None, received_on: dt.date | None) -> None:
    """Refuse with Invalid, all at once, amounts that are none and a day ahead or long past; None is not looked at."""
    refusals = Refusals()
    with refusals:
        if amount is not None:
            amounts.check(amount)
    with refusals:
        if tip is not None:
            amounts.check(tip, field="tip", zero=True)
    with refusals:
        if received_on is not None:
            _check_day(received_on)
    refusals.say()


def _check_day(day: dt.date) -> None:
    today = clock.today()
    if day > today:
        raise Invalid("day_ahead", N_("This day is still to come."), field="received_on")
    if day < today - OLDEST:
        raise Invalid("day_too_old", N_("Enter a day of the last three years."), field="received_on")


def _numbers(invoice_ids: set[int]) -> dict[int, str]:
    rows = db.session.execute(sa.select(Invoice.id, Invoice.number).where(Invoice.id.in_(invoice_ids)))
    return {i: number or str(i) for i, number in rows}
