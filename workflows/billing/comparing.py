"""Each night: the charges and refunds of the last days at the gateway, against the books. What differs is a finding."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways.payments import PaymentGateway, Transaction, TransactionStatus
from models import (
    AttemptState,
    FindingKind,
    GatewayFinding,
    GatewayMode,
    Payment,
    PaymentAttempt,
    PaymentState,
    Refund,
    RefundState,
    RefundWay,
)
from workflows.billing import booking, findings, methods

ZERO = Decimal(0)
#: what was made just now is still being written down
YOUNGEST = dt.timedelta(minutes=30)
#: attempts that may still become a payment by themselves
_OPEN = {AttemptState.SENDING, AttemptState.UNKNOWN}


def compare(*, gateway: PaymentGateway, days: int = 3, now: dt.datetime | None = None) -> int:
    """Compare the last days; how many new findings. Commits. GatewayProblem when the gateway cannot be asked.

    A charge that we know nothing of (ORPHAN), or that came late for an attempt that we had given up (booked); another
    amount than is booked (AMOUNT); a booked charge that the gateway does not know (MISSING); money that went back there
    and not here (FOREIGN_REFUND). Each is told once. Safe with many workers: a finding is unique in the database.
    """
    mode, last = gateway.mode(), (now or clock.now()) - YOUNGEST
    if mode == "off":
        return 0
    first = last - dt.timedelta(days=days)
    before = _n_findings()
    db.session.commit()
    methods.require_no_transaction()
    found = list(gateway.created_between(first, last))
    missing = [t for t in _booked(GatewayMode(mode), first, last) if t not in {one.id for one in found}]
    db.session.commit()
    # One that is not in the list may be there all the same: the list is a search, and that may lag.
    looked_up = {transaction_id: gateway.find(transaction_id) for transaction_id in missing}
    _sales([one for one in found if not one.is_refund] + [one for one in looked_up.values() if one is not None])
    _refunds([one for one in found if one.is_refund])
    for transaction_id, truth in looked_up.items():
        payment = booking.of_transaction(transaction_id)
        if truth is None and payment is not None:
            findings.add(
                FindingKind.MISSING, None, transaction_id=transaction_id, client=payment.client, number=payment.number,
                amount=payment.amount + payment.tip_amount,
            )  # fmt: skip
    db.session.commit()
    return _n_findings() - before


def _n_findings() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(GatewayFinding)) or 0


def _booked(mode: GatewayMode, first: dt.datetime, last: dt.datetime) -> list[str]:
    return [
        transaction_id
        for transaction_id in db.session.scalars(
            sa.select(Payment.gateway_transaction_id).where(
                Payment.mode == mode, Payment.created_at >= first, Payment.created_at <= last
            )
        )
        if transaction_id
    ]


def _sales(sales: list[Transaction]) -> None:
    payments = {
        payment.gateway_transaction_id: payment
        for payment in db.session.scalars(
            sa.select(Payment).where(Payment.gateway_transaction_id.in_([one.id for one in sales]))
        )
    }
    told = _told(one.id for one in sales)
    for one in sales:
        payment = payments.get(one.id)
        if payment is not None:
            _booked_sale(payment, one)
        elif one.status.is_good and one.id not in told and not _is_ours_to_decide(one):
            findings.add(FindingKind.ORPHAN, one)


def _is_ours_to_decide(one: Transaction) -> bool:
    """It belongs to an attempt that reconciliation still decides, or books now: a charge that came late."""
    attempt = db.session.scalar(sa.select(PaymentAttempt).where(PaymentAttempt.order_id == one.order_id))
    if attempt is None:
        return False
    if attempt.state in {*_OPEN, AttemptState.NOT_CHARGED, AttemptState.SUCCEEDED}:
        attempt.next_look_at = clock.now()
        db.session.flush()
        return True
    return False


def _booked_sale(payment: Payment, one: Transaction) -> None:
    """Amount and fate of a charge that is booked."""
    expected = payment.amount + payment.tip_amount - _reduced(payment.id)
    facts = {"client": payment.client, "number": payment.number}
    if one.amount != expected or one.currency != payment.currency:
        findings.add(FindingKind.AMOUNT, one, wanted=expected, wanted_currency=payment.currency, **facts)  # type: ignore[arg-type]
    gone = one.status is TransactionStatus.VOIDED and payment.state is PaymentState.RECEIVED
    if gone and not _reversals(payment.id):
        findings.add(FindingKind.FOREIGN_REFUND, one, **facts)  # type: ignore[arg-type]


def _reduced(payment_id: int) -> Decimal:
    total = db.session.scalar(
        sa.select(sa.func.sum(Refund.amount)).where(
            Refund.payment_id == payment_id, Refund.state == RefundState.SUCCEEDED, Refund.way == RefundWay.REDUCE
        )
    )
    return total or ZERO


def _reversals(payment_id: int) -> bool:
    row = sa.select(Refund.id).where(
        Refund.payment_id == payment_id, Refund.state != RefundState.FAILED, Refund.way == RefundWay.REVERSE
    )
    return db.session.scalar(row.limit(1)) is not None


def _refunds(refunds: list[Transaction]) -> None:
    """Money that went back there: known here, ours and unclear, of a charge that was one too many, or a finding."""
    known = set(
        db.session.scalars(
            sa.select(Refund.gateway_transaction_id).where(
                Refund.gateway_transaction_id.in_([one.id for one in refunds]), Refund.state != RefundState.FAILED
            )
        )
    )
    unclear = set(
        db.session.scalars(
            sa.select(Payment.gateway_transaction_id)
            .join(Refund, Refund.payment_id == Payment.id)
            .where(Refund.state.in_([RefundState.PENDING, RefundState.UNKNOWN]))
        )
    )
    told = _told(one.refunded_transaction_id or "" for one in refunds)
    for one in refunds:
        original = one.refunded_transaction_id or ""
        if one.status.is_bad or one.id in known or original in unclear or original in told:
            continue
        payment = booking.of_transaction(original)
        findings.add(
            FindingKind.FOREIGN_REFUND, one, client=payment.client if payment else None, original=original,
            number=payment.number if payment else None,
        )  # fmt: skip


def _told(transaction_ids: Iterable[str]) -> set[str]:
    """Charges that were one too many or in another currency, and were given back."""
    return set(
        db.session.scalars(
            sa.select(GatewayFinding.gateway_transaction_id).where(
                GatewayFinding.gateway_transaction_id.in_(list(transaction_ids)),
                GatewayFinding.kind.in_([FindingKind.DOUBLE, FindingKind.AMOUNT]),
            )
        )
    )
