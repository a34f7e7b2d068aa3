"""What pays what: money and notes onto invoices and back, each step a row and a posting.

Whoever calls holds the client's lock (`workflows.locks`). Rows are only added; what is taken back is a negative row.
"""

from collections.abc import Iterable
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from foundation import clock
from foundation.db import db
from models import (
    INVOICE_MOVES,
    NOTE_MOVES,
    Account,
    Allocation,
    Client,
    CreditNote,
    Invoice,
    InvoiceKind,
    InvoiceState,
    NoteKind,
    NoteState,
    Payment,
    PaymentState,
    Refund,
)
from workflows import activity
from workflows.actors import Actor
from workflows.billing import ledger, numbers, sums
from workflows.errors import N_, Invalid, WrongState

ZERO = Decimal(0)
Source = Payment | CreditNote


def allocate(source: Source, invoice: Invoice, amount: Decimal, *, actor: Actor, reason: str = "") -> Allocation:
    """Let a payment or note pay so much of an invoice of the same client.

    In this order: the row, its posting; an invoice of which nothing is outstanding any more becomes paid (a deposit
    then gives its amount to later invoices). Refused: another client's invoice, nothing or less, more than the source
    has left or than is outstanding (Invalid), an invoice that is not open (WrongState).
    """
    if source.client_id != invoice.client_id:
        raise Invalid("other_client", N_("This invoice is another client's."))
    if invoice.state is not InvoiceState.OPEN:
        raise WrongState(
            "invoice_not_open", N_("Invoice %(number)s is not open any more."), values={"number": invoice.number}
        )
    if not ZERO < amount <= sums.unallocated(source):
        raise Invalid("not_enough_left", N_("There is not so much left of it."), field="amount")
    if amount > sums.outstanding(invoice):
        raise Invalid(
            "more_than_owed",
            N_("That is more than invoice %(number)s still asks for."),
            field="amount",
            values={"number": invoice.number},
        )
    row = _add(source, invoice, amount, actor=actor, reason=reason)
    settle(invoice, actor=actor)
    return row


def take_back(
    source: Source, invoice: Invoice, amount: Decimal, *, actor: Actor, reason: str, refund: Refund | None = None
) -> Allocation:
    """Take so much back of what a payment or note pays of an invoice; the invoice opens again.

    Refused: nothing or less, or more than it pays there (Invalid). `reason` is a stable word: refund, void, moved…
    """
    if not ZERO < amount <= allocated_between(source, invoice):
        raise Invalid("not_allocated", N_("It does not pay so much of this invoice."), field="amount")
    row = _add(source, invoice, -amount, actor=actor, reason=reason, refund=refund)
    settle(invoice, actor=actor)
    return row


def spread(source: Source, *, actor: Actor, invoices: Iterable[Invoice] | None = None) -> list[Allocation]:
    """Let a payment or note pay what it can: the given invoices in their order, else those due first."""
    left, made = sums.unallocated(source), []
    targets = list(invoices) if invoices is not None else open_invoices(source.client_id)
    owed = sums.invoice_sums(i.id for i in targets)
    for invoice in targets:
        part = min(left, owed[invoice.id].outstanding)
        if part > ZERO and invoice.state is InvoiceState.OPEN:
            made.append(allocate(source, invoice, part, actor=actor))
            left -= part
    return made


def spend_credit(client: Client, *, actor: Actor, invoices: Iterable[Invoice] | None = None) -> list[Allocation]:
    """Let all that the client holds with us pay what it can: deposits first, then notes, then payments, oldest first."""
    targets = list(invoices) if invoices is not None else None
    made: list[Allocation] = []
    for source in free_sources(client.id):
        made += spread(source, actor=actor, invoices=targets)
    return made


def free_sources(client_id: int) -> list[Source]:
    """What this client holds with us and has something left: deposits, notes, payments, each oldest first."""
    notes = list(
        db.session.scalars(
            sa.select(CreditNote)
            .where(CreditNote.client_id == client_id, *_FREE_NOTES)
            .order_by(sa.case((CreditNote.kind == NoteKind.DEPOSIT, 0), else_=1), CreditNote.id)
        )
    )
    payments = list(
        db.session.scalars(
            sa.select(Payment)
            .where(Payment.client_id == client_id, *_FREE_PAYMENTS)
            .order_by(Payment.received_on, Payment.id)
        )
    )
    left = sums.payments_left(p.id for p in payments) if payments else {}
    return [*notes, *(p for p in payments if left[p.id] > ZERO)]


def may_hold_credit(client_ids: Iterable[int]) -> set[int]:
    """Which of these clients may have something left with us, with one query: all for whom `free_sources` finds any."""
    ids = list(client_ids)
    return set(
        db.session.scalars(
            sa.union(
                sa.select(CreditNote.client_id).where(CreditNote.client_id.in_(ids), *_FREE_NOTES),
                sa.select(Payment.client_id).where(Payment.client_id.in_(ids), *_FREE_PAYMENTS),
            )
        )
    )


def _spent(column: InstrumentedAttribute[int | None], own: InstrumentedAttribute[int]) -> sa.ScalarSelect[Decimal]:
    return sa.select(sa.func.coalesce(sa.func.sum(Allocation.amount), ZERO)).where(column == own).scalar_subquery()


#: what may have something left; of payments, refunds and disputes are looked at afterwards
_FREE_NOTES = (
    CreditNote.state == NoteState.COMMITTED,
    CreditNote.kind != NoteKind.DEBIT,
    CreditNote.total > _spent(Allocation.note_id, CreditNote.id),
)
_FREE_PAYMENTS = (
    Payment.state == PaymentState.RECEIVED,
    Payment.amount > _spent(Allocation.payment_id, Payment.id),
)


def free_all(invoice: Invoice, *, actor: Actor, reason: str) -> list[Allocation]:
    """Take everything back that pays this invoice, newest first; it becomes credit on account."""
    return [
        take_back(source, invoice, amount, actor=actor, reason=reason) for source, amount in reversed(paid_by(invoice))
    ]


def free_source(source: Source, *, actor: Actor, reason: str) -> list[Allocation]:
    """Take everything back that this payment or note pays, newest invoice first."""
    own = Allocation.payment_id if isinstance(source, Payment) else Allocation.note_id
    rows = db.session.execute(
        sa.select(Allocation.invoice_id, sa.func.sum(Allocation.amount))
        .where(own == source.id)
        .group_by(Allocation.invoice_id)
        .having(sa.func.sum(Allocation.amount) != 0)
        .order_by(sa.func.max(Allocation.id).desc())
    ).all()
    invoices = {i.id: i for i in db.session.scalars(sa.select(Invoice).where(Invoice.id.in_([r[0] for r in rows])))}
    return [take_back(source, invoices[i], amount, actor=actor, reason=reason) for i, amount in rows]


def paid_by(invoice: Invoice) -> list[tuple[Source, Decimal]]:
    """What pays this invoice, and how much each: in the order in which it was allocated."""
    found: list[tuple[Source, Decimal]] = []
    rows = db.session.execute(
        sa.select(Allocation.payment_id, Allocation.note_id, sa.func.sum(Allocation.amount))
        .where(Allocation.invoice_id == invoice.id)
        .group_by(Allocation.payment_id, Allocation.note_id)
        .having(sa.func.sum(Allocation.amount) != 0)
        .order_by(sa.func.min(Allocation.id))
    ).all()
    for payment_id, note_id, amount in rows:
        source = db.session.get(Payment, payment_id) if payment_id else db.session.get(CreditNote, note_id)
        if source is not None:
            found.append((source, amount))
    return found


def allocated_between(source: Source, invoice: Invoice) -> Decimal:
    """How much of the invoice this payment or note pays."""
    own = Allocation.payment_id if isinstance(source, Payment) else Allocation.note_id
    total: Decimal | None = db.session.scalar(
        sa.select(sa.func.sum(Allocation.amount)).where(own == source.id, Allocation.invoice_id == invoice.id)
    )
    return total or ZERO


def open_invoices(client_id: int) -> list[Invoice]:
    """The client's invoices that still ask for something, due first first."""
    return list(
        db.session.scalars(
            sa.select(Invoice)
            .where(Invoice.client_id == client_id, Invoice.state == InvoiceState.OPEN)
            .order_by(Invoice.due_on.is_(None), Invoice.due_on, Invoice.id)
        )
    )


# ------------------------------------------------------------------------------------------------------------ inside


def _add(
    source: Source, invoice: Invoice, amount: Decimal, *, actor: Actor, reason: str, refund: Refund | None = None
) -> Allocation:
    """The row and its posting."""
    is_payment = isinstance(source, Payment)
    row = Allocation(
        client_id=invoice.client_id,
        invoice=invoice,
        payment_id=source.id if is_payment else None,
        note_id=None if is_payment else source.id,
        amount=amount,
        reason=reason,
        refund_id=refund.id if refund else None,
        staff_id=actor.staff.id if actor.staff else None,
    )
    db.session.add(row)
    db.session.flush()
    held = Account.DEPOSITS_HELD if not is_payment and source.kind is NoteKind.DEPOSIT else Account.CLIENT_CREDIT
    lines = {held: amount, Account.RECEIVABLE: -amount}
    ledger.post("allocation.made", subject=row, client=invoice.client, lines=lines, memo=f"{source} - {invoice}")
    return row


def settle(invoice: Invoice, *, actor: Actor) -> None:
    """Bring the state in line with what is outstanding: open with nothing left is paid, paid with something left is open.

    So is one that was written off and of which a payment came back: what was given up stays so, the rest is owed.
    """
    left = sums.outstanding(invoice)
    if invoice.state is InvoiceState.OPEN and left == ZERO:
        _move(invoice, InvoiceState.PAID)
        activity.record("invoice.paid", actor=actor, subject=invoice, client=invoice.client, number=invoice.number)
        if invoice.kind is InvoiceKind.DEPOSIT and invoice.total:
            _give_deposit(invoice)
    elif invoice.state in {InvoiceState.PAID, InvoiceState.WRITTEN_OFF} and left > ZERO:
        _move(invoice, InvoiceState.OPEN)
        activity.record("invoice.reopened", actor=actor, subject=invoice, client=invoice.client, number=invoice.number)
        if invoice.kind is InvoiceKind.DEPOSIT:
            _take_deposit(invoice, actor=actor)
    db.session.flush()


def _move(invoice: Invoice, to: InvoiceState) -> None:
    if to not in INVOICE_MOVES[invoice.state]:
        raise WrongState("invoice_state", N_("This invoice was changed meanwhile. Nothing was done."))
    invoice.state = to


def _give_deposit(invoice: Invoice) -> None:
    """A paid deposit becomes something that later invoices are paid from."""
    sequence, number = numbers.next_number("deposit_note")
    note = CreditNote(
        client=invoice.client, kind=NoteKind.DEPOSIT, state=NoteState.COMMITTED, invoice=invoice, sequence=sequence,
        number=number, reason=invoice.number or "", subtotal=invoice.payable, total=invoice.payable,
        currency=invoice.currency, committed_at=clock.now(), committed_on=clock.today(),
    )  # fmt: skip
    db.session.add(note)
    db.session.flush()
    lines = {Account.DEPOSITS_BILLED: note.total, Account.DEPOSITS_HELD: -note.total}
    ledger.post("deposit.given", subject=note, client=invoice.client, lines=lines)


def _take_deposit(invoice: Invoice, *, actor: Actor) -> None:
    """The deposit was not paid after all: what it paid is owed again, and it pays nothing more."""
    for note in invoice.notes:
        if note.kind is NoteKind.DEPOSIT and note.state is NoteState.COMMITTED:
            free_source(note, actor=actor, reason="deposit_returned")
            if NoteState.DROPPED not in NOTE_MOVES[note.state]:
                raise WrongState("note_state", N_("This note was changed meanwhile. Nothing was done."))
            note.state = NoteState.DROPPED
            lines = {Account.DEPOSITS_BILLED: -note.total, Account.DEPOSITS_HELD: note.total}
            ledger.post("deposit.taken_back", subject=note, client=invoice.client, lines=lines)
