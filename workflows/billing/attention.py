"""What a person of the office must look at about money: what is there, and what can be decided about it.

Payments that are being confirmed and disputes end by themselves; the rest stays until somebody has dealt with it.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock, money
from foundation.db import Base, db
from gateways.payments import GatewayProblem, PaymentGateway, Transaction
from models import (
    AttemptState,
    AttemptTarget,
    Client,
    CreditNote,
    CreditNoteLine,
    Dispute,
    DisputeState,
    EventState,
    FindingKind,
    GatewayEvent,
    GatewayFinding,
    NoteState,
    Payment,
    PaymentAttempt,
    PaymentKind,
    Refund,
    RefundState,
    RefundTo,
)
from workflows import activity
from workflows.actors import Actor
from workflows.billing import allocations, booking, gateway_events, methods, modes, numbers, stranded, sums
from workflows.errors import N_, Conflict, Invalid, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission

Row = TypeVar("Row", bound=Base)
#: a refund that failed longer ago is no news; credit that is to go back as money is looked for as far back
RECENT = dt.timedelta(days=60)
MOST = 50
_WAITING = (AttemptState.UNKNOWN, AttemptState.SENDING)
#: an attempt that was only just sent is answered in a moment
SOON = dt.timedelta(minutes=2)


def counted() -> tuple[sa.ScalarSelect[Any], sa.ScalarSelect[Any]]:
    """(notes that wait to be committed, everything else that waits) as pieces of a bigger statement: for HOME."""
    others = [
        _count(PaymentAttempt, PaymentAttempt.state == AttemptState.UNKNOWN),
        _count(GatewayEvent, GatewayEvent.state == EventState.UNMATCHED),
        _count(GatewayFinding, GatewayFinding.dismissed_at.is_(None)),
        _count(Dispute, Dispute.state == DisputeState.OPEN),
        _count(Refund, Refund.state == RefundState.UNKNOWN),
    ]
    together = sa.select(sum(others[1:], others[0])).scalar_subquery()
    return _count(CreditNote, CreditNote.state == NoteState.OPEN), together


def _count(kind: Any, *where: Any) -> sa.ScalarSelect[Any]:  # noqa: ANN401 -- a table
    return sa.select(sa.func.count()).select_from(kind).where(*where).scalar_subquery()


# --------------------------------------------------------------------------------------------------------- reading


def attempts() -> Sequence[PaymentAttempt]:
    """Charges of today's gateway whose outcome nobody knows yet, the oldest first; their invoices are locked meanwhile."""
    wanted = sa.select(PaymentAttempt).where(
        PaymentAttempt.state.in_(_WAITING), PaymentAttempt.created_at < clock.now() - SOON,
        sa.not_(stranded.of_another(PaymentAttempt.mode)),
    )  # fmt: skip
    return _some(
        wanted.order_by(PaymentAttempt.id).options(
            joinedload(PaymentAttempt.client), joinedload(PaymentAttempt.method),
            selectinload(PaymentAttempt.targets).joinedload(AttemptTarget.invoice),
        )
    )  # fmt: skip


def disputes() -> Sequence[Dispute]:
    """Charges that clients dispute with their banks, the most urgent first."""
    wanted = sa.select(Dispute).where(Dispute.state == DisputeState.OPEN)
    payment = joinedload(Dispute.payment).joinedload(Payment.client)
    return _some(wanted.order_by(Dispute.reply_by, Dispute.id).options(payment))


def findings() -> Sequence[GatewayFinding]:
    """How books and gateway differ, as far as nobody has dismissed it."""
    return _some(sa.select(GatewayFinding).where(GatewayFinding.dismissed_at.is_(None)).order_by(GatewayFinding.id))


def events() -> Sequence[GatewayEvent]:
    """The gateway's messages about money that we do not know."""
    return _some(sa.select(GatewayEvent).where(GatewayEvent.state == EventState.UNMATCHED).order_by(GatewayEvent.id))


def refunds() -> Sequence[Refund]:
    """Refunds that did not go through lately, and those whose outcome nobody knows yet."""
    failed = sa.and_(Refund.state == RefundState.FAILED, Refund.created_at >= clock.now() - RECENT)
    unclear = sa.and_(Refund.state == RefundState.UNKNOWN, sa.not_(stranded.of_another(Refund.mode)))
    wanted = sa.select(Refund).where(sa.or_(failed, unclear)).order_by(Refund.id)
    return _some(wanted.options(joinedload(Refund.client), joinedload(Refund.payment)))


def refunds_due() -> list[tuple[CreditNote, Any]]:
    """Committed credit that is to go back as money by the cancellation policy, while the client still holds it."""
    as_money = sa.exists().where(CreditNoteLine.note_id == CreditNote.id, CreditNoteLine.refund_to == RefundTo.MONEY)
    wanted = sa.select(CreditNote).where(
        CreditNote.state == NoteState.COMMITTED, CreditNote.committed_at >= clock.now() - RECENT, as_money
    )
    found = _some(wanted.order_by(CreditNote.id).options(joinedload(CreditNote.client)))
    held = sums.owed_by({note.client_id for note in found})
    return [(note, held[note.client_id][1]) for note in found if held[note.client_id][1] > 0]


def _some(wanted: sa.Select[Row]) -> Sequence[Row]:
    return db.session.scalars(wanted.limit(MOST)).all()


# -------------------------------------------------------------------------------------------------------- deciding


def dismiss_event(event: GatewayEvent, *, actor: Actor, reason: str) -> GatewayEvent:
    """A message about money that is not ours: looked at, and why; logged. Twice changes nothing.

    Refused: no reason (Invalid), a message that is not about unknown money (WrongState).
    """
    actor.require(Permission.BILLING)
    return gateway_events.dismiss(event, actor=actor, remark=_reason(reason))


def dismiss_finding(finding: GatewayFinding, *, actor: Actor, reason: str) -> GatewayFinding:
    """A difference that was looked at, and why it may stand; logged. Twice changes nothing. Invalid without a reason."""
    actor.require(Permission.BILLING)
    words = _reason(reason)
    db.session.refresh(finding, with_for_update=True)
    if finding.dismissed_at is None:
        _dismiss(finding, actor)
        activity.record(
            "gateway_finding.dismissed", actor=actor, subject=finding, name=finding.gateway_transaction_id, reason=words
        )
        db.session.flush()
    return finding


def _dismiss(finding: GatewayFinding, actor: Actor) -> None:
    finding.dismissed_at = clock.now()
    finding.dismissed_by_id = actor.staff.id if actor.staff else None


def _reason(reason: str) -> str:
    words = " ".join(reason.split())[:255]
    if not words:
        raise Invalid("no_reason", N_("Say why, in a few words."), field="reason")
    return words


def book_orphan(finding: GatewayFinding, client: Client, *, actor: Actor, gateway: PaymentGateway) -> Payment:
    """Book money that the gateway took and that we know nothing of as a payment of this client.

    The gateway is asked first, with no transaction open: what it says counts, not what was found at night. Then, under
    the client's lock: the payment with its receipt number and posting; it pays the oldest invoices first, the rest is
    credit; the finding is dismissed; the log. Refused: another kind of finding or one that is dismissed, money of
    another gateway or currency, a charge that is gone or did not succeed, one that is booked already (WrongState).
    """
    actor.require(Permission.BILLING)
    _check_orphan(finding)
    transaction_id, mode = finding.gateway_transaction_id, modes.of(gateway)
    db.session.commit()
    methods.require_no_transaction()
    try:
        found = gateway.find(transaction_id)
    except GatewayProblem as problem:
        raise WrongState("gateway", problem.message) from problem
    if found is None:
        raise WrongState("gone", N_("The payment gateway does not know this charge any more."))
    _check_transaction(found)
    lock_client(client.id)
    db.session.refresh(finding, with_for_update=True)
    _check_orphan(finding)
    if booking.of_transaction(transaction_id) is not None:
        raise Conflict("booked", N_("This charge is booked already."))
    sequence, number = numbers.next_number("receipt")
    payment = Payment(
        client=client, kind=PaymentKind(found.method.kind) if found.method else PaymentKind.CARD, amount=found.amount,
        currency=found.currency, received_on=clock.to_local(found.created_at).date(), mode=mode, sequence=sequence,
        number=number, gateway_transaction_id=found.id, shown_as=booking.shown_as(None, found.method),
        settled_at=clock.now() if found.settled else None, staff_id=actor.staff.id if actor.staff else None,
    )  # fmt: skip
    db.session.add(payment)
    db.session.flush()
    booking.post_received(payment)
    allocations.spread(payment, actor=actor)
    _dismiss(finding, actor)
    activity.record(
        "payment.orphan_booked", actor=actor, subject=payment, client=client, number=number, amount=payment.amount
    )
    db.session.flush()
    return payment


def _check_orphan(finding: GatewayFinding) -> None:
    if finding.kind is not FindingKind.ORPHAN:
        raise WrongState("no_orphan", N_("Only a charge that is not in our books can be booked."))
    if finding.dismissed_at is not None:
        raise WrongState("dismissed", N_("Somebody dealt with this meanwhile. Nothing was changed."))


def _check_transaction(found: Transaction) -> None:
    if found.is_refund or not found.status.is_good:
        raise WrongState("not_good", N_("This charge did not succeed, or was given back. There is nothing to book."))
    if found.currency != money.currency():
        raise WrongState("currency", N_("This charge is in another currency. Give it back at the gateway."))
