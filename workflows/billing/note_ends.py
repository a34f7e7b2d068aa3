"""Undoing what stands on an invoice: its notes when it is voided, and what was given up of it."""

from decimal import Decimal

import sqlalchemy as sa

from foundation.db import db
from models import INVOICE_MOVES, NOTE_MOVES, Account, CreditNote, Invoice, InvoiceState, NoteKind, NoteState, Posting
from workflows import activity
from workflows.actors import Actor
from workflows.billing import allocations, ledger, sums
from workflows.errors import N_, WrongState


def books(note: CreditNote) -> dict[Account, Decimal]:
    """What commitment posts: a credit note lowers income and tax and is held as credit; a debit note the reverse."""
    sign = -1 if note.kind is NoteKind.DEBIT else 1
    against = Account.RECEIVABLE if note.kind is NoteKind.DEBIT else Account.CLIENT_CREDIT
    return {
        Account.INCOME: sign * note.subtotal,
        Account.TAX_PAYABLE: sign * note.tax_total,
        against: -sign * note.total,
    }


def move(note: CreditNote, to: NoteState) -> None:
    """Give the note its next state; refused with WrongState where it cannot come from the one that it has."""
    if to not in NOTE_MOVES[note.state]:
        raise WrongState("note_state", N_("This note was changed meanwhile. Nothing was done."))
    note.state = to


def undo_all(invoice: Invoice, *, actor: Actor, reason: str) -> None:
    """When an invoice is voided: its open notes are dropped, its committed ones undone in the books; logged."""
    for note in sorted(invoice.notes, key=lambda n: n.id):
        if note.state is NoteState.DROPPED or note.kind is NoteKind.DEPOSIT:
            continue
        if note.state is NoteState.COMMITTED:
            allocations.free_source(note, actor=actor, reason="void")
            ledger.post("note.undone", subject=note, client=note.client, lines=ledger.turned(books(note)), memo=reason)
        move(note, NoteState.DROPPED)
        activity.record(
            "credit_note.dropped", actor=actor, subject=note, client=note.client, number=note.number or "",
            reason=reason, kind=note.kind, invoice=invoice.number,
        )  # fmt: skip
    db.session.flush()


def refuse_spent_deposit(invoice: Invoice) -> None:
    """Refuse with WrongState a deposit's end while it pays other invoices."""
    for note in invoice.notes:
        given = note.kind is NoteKind.DEPOSIT and note.state is NoteState.COMMITTED
        if given and sums.notes_left([note.id])[note.id] != note.total:
            raise WrongState("deposit_spent", N_("This deposit pays other invoices already. Void those first."))


def give_up(invoice: Invoice) -> Decimal:
    """Write off what is outstanding; how much. The caller has checked that it may."""
    left = sums.outstanding(invoice)
    _move(invoice, InvoiceState.WRITTEN_OFF)
    invoice.written_off += left
    _post(invoice, "invoice.written_off", left)
    return left


def owe_again(invoice: Invoice) -> Decimal:
    """What was written off is owed again; how much."""
    amount = invoice.written_off
    _move(invoice, InvoiceState.OPEN)
    invoice.written_off = Decimal(0)
    _post(invoice, "invoice.write_off_undone", -amount)
    return amount


def reopen(invoice: Invoice) -> None:
    """A debit note asks for more of a written-off invoice: what was given up stays so, the rest is owed."""
    _move(invoice, InvoiceState.OPEN)


def _post(invoice: Invoice, verb: str, amount: Decimal) -> None:
    """Each time is an event of its own: an invoice can be written off, paid after all, and written off again."""
    db.session.flush()
    before = db.session.scalar(
        sa.select(sa.func.count()).where(
            Posting.verb == verb, Posting.subject_type == "invoice", Posting.subject_id == invoice.id
        )
    )
    lines = {Account.BAD_DEBT: amount, Account.RECEIVABLE: -amount}
    ledger.post(verb, subject=invoice, client=invoice.client, lines=lines, event_key=f"{verb}:{invoice.id}:{before}")


def _move(invoice: Invoice, to: InvoiceState) -> None:
    if to not in INVOICE_MOVES[invoice.state]:
        raise WrongState("invoice_state", N_("This invoice was changed meanwhile. Nothing was done."))
    invoice.state = to
