"""The papers of payments and refunds: receipts, complete in plain values, drawn by `documents.billing`."""

from collections.abc import Iterable
from decimal import Decimal

import sqlalchemy as sa

from foundation import money
from foundation.db import db
from models import (
    Allocation,
    Dispute,
    GatewayMode,
    Invoice,
    Payment,
    PaymentKind,
    PaymentState,
    Refund,
    RefundState,
)
from workflows.billing import sums
from workflows.billing.papers import EntryKind, Paper, PaperEntry, PaperKind, PaperStatus
from workflows.billing.parties import business_party, client_party

ZERO = Decimal(0)


def payment_paper(payment: Payment) -> Paper:
    """The receipt: what came in, which invoices it pays now, the tip, what went back, what is left over as credit.

    The entries add up to what came in, unless the payment as a whole was returned or voided.
    """
    refunds = _counting(payment.refunds)
    tip = payment.tip_amount - sum((r.tip_amount for r in refunds), ZERO)
    lost = (
        db.session.scalar(sa.select(sa.func.sum(Dispute.amount_lost)).where(Dispute.payment_id == payment.id)) or ZERO
    )
    left = sums.unallocated(payment)
    entries = [_for(invoice, amount) for invoice, amount in _net(Allocation.payment_id == payment.id)]
    entries += [PaperEntry(EntryKind.TIP, _text(tip), text=payment.tip_note)] if tip > ZERO else []
    entries += [
        PaperEntry(EntryKind.REFUND, _text(r.amount), r.refunded_on.isoformat(), r.number or "", r.reason)
        for r in refunds
    ]
    entries += [PaperEntry(EntryKind.REVERSED_PAYMENT, _text(lost))] if lost else []
    entries += [PaperEntry(EntryKind.CREDIT, _text(left))] if left > ZERO else []
    return Paper(
        kind=PaperKind.RECEIPT,
        number=payment.number or "",
        issued_on=payment.received_on.isoformat(),
        currency=payment.currency,
        business=business_party(),
        client=client_party(payment.client),
        status=_status(payment),
        total=_text(payment.amount + payment.tip_amount),
        entries=tuple(entries),
        method=payment.shown_as or payment.kind.value,
        reference=payment.reference or payment.gateway_transaction_id or "",
        notes=payment.description,
        reason=payment.end_reason,
        is_demo=payment.mode is GatewayMode.DEMO,
    )


def refund_paper(row: Refund) -> Paper:
    """The receipt of a refund: what went back, of which invoices and of which tip, why."""
    payment = row.payment
    taken = [(invoice, -amount) for invoice, amount in _net(Allocation.refund_id == row.id)]
    rest = row.amount - row.tip_amount - sum((amount for _invoice, amount in taken), ZERO)
    entries = [_for(invoice, amount) for invoice, amount in taken]
    entries += [PaperEntry(EntryKind.TIP, _text(row.tip_amount))] if row.tip_amount else []
    day = payment.received_on.isoformat()
    entries += [PaperEntry(EntryKind.PAYMENT, _text(rest), day, payment.number or "")] if rest > ZERO else []
    statuses = {RefundState.FAILED: PaperStatus.REVERSED, RefundState.SUCCEEDED: PaperStatus.NONE}
    return Paper(
        kind=PaperKind.REFUND_RECEIPT,
        number=row.number or "",
        issued_on=row.refunded_on.isoformat(),
        currency=row.currency,
        business=business_party(),
        client=client_party(row.client),
        status=statuses.get(row.state, PaperStatus.PENDING),
        total=_text(row.amount),
        entries=tuple(entries),
        method=(payment.shown_as if row.kind is payment.kind else "") or row.kind.value,
        reference=row.gateway_transaction_id or "",
        reason=row.reason,
        is_demo=payment.mode is GatewayMode.DEMO,
    )


def _counting(refunds: Iterable[Refund]) -> list[Refund]:
    """Those that took money away, or may have."""
    return [r for r in refunds if r.state is not RefundState.FAILED]


def _net(condition: sa.ColumnElement[bool]) -> list[tuple[Invoice, Decimal]]:
    """What these allocations come to for each invoice, the oldest first; what was taken back whole is left out."""
    rows = db.session.execute(
        sa.select(Invoice, sa.func.sum(Allocation.amount))
        .join(Allocation, Allocation.invoice_id == Invoice.id)
        .where(condition)
        .group_by(Invoice.id)
        .order_by(Invoice.id)
    )
    return [(invoice, amount) for invoice, amount in rows if amount]


def _for(invoice: Invoice, amount: Decimal) -> PaperEntry:
    day = invoice.issued_on.isoformat() if invoice.issued_on else ""
    return PaperEntry(EntryKind.INVOICE, _text(amount), day, invoice.number or "")


def _text(amount: Decimal) -> str:
    return str(money.from_minor(money.to_minor(amount)))


def _status(payment: Payment) -> PaperStatus:
    if payment.state is not PaymentState.RECEIVED:
        return PaperStatus.REVERSED
    is_pending = payment.kind is PaymentKind.BANK and payment.mode is not None and payment.settled_at is None
    return PaperStatus.PENDING if is_pending else PaperStatus.NONE
