"""Who hears of payments, refunds, returns and disputes: receipts and other mails, and lines on HOME."""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa

from foundation.db import db
from models import (
    Allocation,
    AttemptState,
    AttemptTarget,
    Client,
    Dispute,
    Invoice,
    NotificationKind,
    Payment,
    PaymentAttempt,
    PaymentKind,
    Refund,
)
from workflows import activity, notifications, outbox, settings
from workflows.actors import Actor
from workflows.billing import sums
from workflows.mail_facts import (
    DisputeOpened,
    MailKind,
    PaidInvoice,
    PaymentFailed,
    PaymentReceipt,
    PaymentReturned,
    RefundMade,
)

ZERO = Decimal(0)
#: what the log says of an attempt that ended otherwise than well
_VERBS = {
    AttemptState.UNKNOWN: "payment.unclear",
    AttemptState.DECLINED: "payment.declined",
    AttemptState.REJECTED: "payment.declined",
    AttemptState.NOT_SENT: "payment.not_sent",
    AttemptState.NOT_CHARGED: "payment.not_charged",
}


def tell_of_payment(payment: Payment, *, actor: Actor, late: bool = False) -> None:
    """A charge went through: the receipt by mail, and HOME unless the office itself took it."""
    mail_receipt(payment)
    if settings.read()["payments.notify"] and (late or actor.staff is None or actor.on_behalf):
        notifications.notify_office(
            NotificationKind.PAYMENT_RECEIVED, client=payment.client, about=_about(payment), amount=payment.amount,
            tip=payment.tip_amount, number=payment.number,
        )  # fmt: skip


def mail_receipt(payment: Payment) -> None:
    """The receipt to the client, once a payment; not at all when the owner switched receipts off."""
    if not settings.read()["payments.mail_receipts"]:
        return
    client = payment.client
    facts = PaymentReceipt(
        client_name=str(client),
        account_number=client.account_number,
        receipt_number=payment.number or "",
        amount=str(payment.amount + payment.tip_amount),
        on_date=payment.received_on.isoformat(),
        kind=payment.kind.value,
        method=payment.shown_as,
        reference=payment.reference,
        tip=str(payment.tip_amount) if payment.tip_amount else "",
        paid=paid_invoices(payment),
        credit=_unless_zero(sums.unallocated(payment)),
        is_pending=payment.kind is PaymentKind.BANK and payment.settled_at is None,
        payment_id=payment.id,
    )
    key = f"payment_receipt:{payment.id}"
    outbox.queue_client_mail(MailKind.PAYMENT_RECEIPT, facts, client=client, dedupe_key=key)


def paid_invoices(payment: Payment) -> tuple[PaidInvoice, ...]:
    """What a payment pays, as a mail lists it."""
    rows = db.session.execute(
        sa.select(Invoice.number, sa.func.sum(Allocation.amount))
        .join(Invoice, Allocation.invoice_id == Invoice.id)
        .where(Allocation.payment_id == payment.id)
        .group_by(Invoice.id, Invoice.number)
        .having(sa.func.sum(Allocation.amount) != 0)
        .order_by(Invoice.id)
    )
    return tuple(PaidInvoice(number or "", str(amount)) for number, amount in rows)


def tell_of_attempt(attempt: PaymentAttempt, *, actor: Actor, late: bool) -> None:
    """An attempt came to no payment, or nobody knows yet: the log; HOME and the client's mail when nobody watches.

    Whoever pays at the screen reads what happened there. Of what is unclear the office hears at once.
    """
    client = attempt.client
    activity.record(
        _VERBS[attempt.state], actor=actor, subject=attempt, client=client, amount=attempt.amount, code=attempt.code,
        automatic=attempt.is_automatic,
    )  # fmt: skip
    if attempt.state is AttemptState.UNKNOWN:
        tell_unclear(client, attempt.order_id)
        return
    if not (late or attempt.is_automatic):
        return
    numbers = _numbers(attempt)
    notifications.notify_office(NotificationKind.PAYMENT_FAILED, client=client, about=[*numbers], amount=attempt.amount)
    facts = PaymentFailed(
        client_name=str(client),
        account_number=client.account_number,
        amount=str(attempt.amount),
        method=str(attempt.method) if attempt.method else "",
        numbers=numbers,
        reason=attempt.message,
        automatic=attempt.is_automatic,
    )
    key = f"payment_failed:{attempt.id}"
    outbox.queue_client_mail(MailKind.PAYMENT_FAILED, facts, client=client, dedupe_key=key)


def tell_unclear(client: Client, name: str) -> None:
    """Money may have moved and nobody knows: HOME."""
    notifications.notify_office(NotificationKind.PAYMENT_UNCLEAR, client=client, about=[name])


def mail_refund(row: Refund) -> None:
    """Money is on its way back: a mail to the client, once a refund."""
    client = row.client
    facts = RefundMade(
        client_name=str(client),
        account_number=client.account_number,
        refund_number=row.number or "",
        amount=str(row.amount),
        on_date=row.refunded_on.isoformat(),
        kind=row.kind.value,
        method=row.payment.shown_as if row.kind is row.payment.kind else "",
        receipt_number=row.payment.number or "",
        reason=row.reason,
        refund_id=row.id,
    )
    outbox.queue_client_mail(MailKind.REFUND_MADE, facts, client=client, dedupe_key=f"refund_made:{row.id}")


def tell_refund_failed(row: Refund) -> None:
    """A refund did not go through: HOME."""
    notifications.notify_office(
        NotificationKind.REFUND_FAILED, client=row.client, about=[row.payment.number or ""], amount=row.amount
    )


def tell_of_return(payment: Payment, numbers: tuple[str, ...]) -> None:
    """The bank took a payment back: a mail to the client with the invoices that are owed again, and HOME."""
    client = payment.client
    notifications.notify_office(
        NotificationKind.PAYMENT_RETURNED, client=client, about=[payment.number or ""], amount=payment.amount
    )
    facts = PaymentReturned(
        client_name=str(client),
        account_number=client.account_number,
        receipt_number=payment.number or "",
        amount=str(payment.amount + payment.tip_amount),
        method=payment.shown_as,
        numbers=numbers,
        is_blocked=payment.method is not None and payment.method.blocked_at is not None,
    )
    key = f"payment_returned:{payment.id}"
    outbox.queue_client_mail(MailKind.PAYMENT_RETURNED, facts, client=client, dedupe_key=key)


def tell_of_dispute(dispute: Dispute) -> None:
    """A client disputes a charge with their bank: HOME, and a mail to the office with the last day to answer."""
    payment, client = dispute.payment, dispute.payment.client
    notifications.notify_office(
        NotificationKind.DISPUTE_OPENED, client=client, about=[payment.number or ""], amount=dispute.amount_disputed,
        reply_by=dispute.reply_by,
    )  # fmt: skip
    facts = DisputeOpened(
        client_name=str(client),
        account_number=client.account_number,
        receipt_number=payment.number or "",
        amount=str(dispute.amount_disputed),
        reason=dispute.reason,
        reply_by=_iso(dispute.reply_by),
    )
    first, *others = outbox.office_addresses() or [""]
    key = f"dispute_opened:{dispute.id}"
    outbox.queue_mail(MailKind.DISPUTE_OPENED, facts, to=first or None, cc=others, client=client, dedupe_key=key)


def tell_dispute_closed(dispute: Dispute) -> None:
    """The bank has decided: HOME."""
    notifications.notify_office(
        NotificationKind.DISPUTE_CLOSED, client=dispute.payment.client, about=[dispute.payment.number or ""],
        outcome=dispute.state.value, amount=dispute.amount_disputed,
    )  # fmt: skip


def _about(payment: Payment) -> list[str]:
    return [one.number for one in paid_invoices(payment)] or [payment.number or ""]


def _numbers(attempt: PaymentAttempt) -> tuple[str, ...]:
    rows = db.session.scalars(
        sa.select(Invoice.number)
        .join(AttemptTarget, AttemptTarget.invoice_id == Invoice.id)
        .where(AttemptTarget.attempt_id == attempt.id)
        .order_by(AttemptTarget.id)
    )
    return tuple(number or "" for number in rows)


def _unless_zero(amount: Decimal) -> str:
    return str(amount) if amount > ZERO else ""


def _iso(day: dt.date | None) -> str:
    return day.isoformat() if day else ""
