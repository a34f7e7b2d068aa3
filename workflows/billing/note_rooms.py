"""Making room on an invoice for its credit note: what is not owed any more is not paid any more either."""

from decimal import Decimal

from models import CreditNote, Invoice, InvoiceState, NoteKind, Payment
from workflows.actors import Actor
from workflows.billing import allocations, note_ends, sums

ZERO = Decimal(0)


def make_room(invoice: Invoice, note: CreditNote, *, actor: Actor) -> Decimal:
    """Let a committed credit note pay its own invoice; how much money that frees, as credit on account.

    In this order: what was written off is owed again; what pays more than is left to pay is taken off, newest first;
    the note pays; what is still not paid is written off again. The caller has posted the note.
    """
    was_written_off = invoice.state is InvoiceState.WRITTEN_OFF
    if was_written_off:
        note_ends.owe_again(invoice)
    short, freed = note.total - sums.outstanding(invoice), ZERO
    for source, amount in reversed(allocations.paid_by(invoice)):
        if short <= ZERO:
            break
        if _is_own_credit(source, invoice):
            continue
        part = min(amount, short)
        allocations.take_back(source, invoice, part, actor=actor, reason="credited")
        short -= part
        freed += part if isinstance(source, Payment) or source.kind is NoteKind.DEPOSIT else ZERO
    allocations.allocate(note, invoice, note.total, actor=actor, reason="credited")
    if was_written_off and invoice.state is InvoiceState.OPEN:
        note_ends.give_up(invoice)
    return freed


def _is_own_credit(source: allocations.Source, invoice: Invoice) -> bool:
    """An earlier credit note about the same invoice: it takes off what was asked for, it is not money."""
    return isinstance(source, CreditNote) and source.kind is NoteKind.CREDIT and source.invoice_id == invoice.id
