"""What changed about what is billed already, brought onto the open notes of its invoice."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from foundation import money
from foundation.db import db
from models import (
    CreditNote,
    CreditNoteLine,
    Invoice,
    InvoiceLine,
    InvoiceState,
    Job,
    LineKind,
    NoteKind,
    NoteState,
    NotificationKind,
)
from workflows import activity, notifications
from workflows.actors import Actor
from workflows.billing import (
    drafting,
    line_amounts,
    note_sums,
    visit_lines,
)
from workflows.billing import notes as all_notes
from workflows.errors import N_, Invalid, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission

ZERO = Decimal(0)
#: what a line says of its visit
CAUSES = {
    "cancelled": N_("Cancelled: %(service)s"),
    "reinstated": N_("Takes place after all: %(service)s"),
    "voided": N_("Does not count: %(service)s"),
    "unvoided": N_("Counts after all: %(service)s"),
    "changed": N_("Changed: %(service)s"),
    "back_to_request": N_("Back to request: %(service)s"),
}


def change_for(jobs: Sequence[Job], *, actor: Actor, cause: str = "changed", gone: bool = False) -> list[CreditNote]:
    """Visits were changed: bring the open notes of their invoices in line with what they cost now; the open notes.

    Of a draft the lines follow instead. `gone`: the visits are about to be deleted, and cost nothing. The caller holds
    the client's lock and has flushed the change. A note that opens is told on HOME; one that has no line left is
    dropped by itself. A difference that the office dropped stays dropped while the visit costs the same, whatever else
    is changed about it; once it costs something else, or is called off or put back, the whole difference is said. A
    fixed number of queries for the visits of one invoice.
    """
    lines = visit_lines.live_lines(job.id for job in jobs)
    uses = visit_lines.package_uses(lines)
    by_invoice: dict[int, list[Job]] = defaultdict(list)
    for job in jobs:
        if job.id in lines:
            by_invoice[lines[job.id].invoice_id].append(job)
    touched: list[CreditNote] = []
    for invoice_id, own in sorted(by_invoice.items()):
        invoice = drafting.fresh_invoice(invoice_id)
        if invoice is not None and invoice.state is InvoiceState.DRAFT:
            drafting.take_off(invoice, own) if gone else drafting.sync(invoice, own)
        elif invoice is not None:
            now = {job.id: ZERO if gone else visit_lines.cost(job, by_package=job.id in uses) for job in own}
            said, by_hand = CAUSES[cause], cause == "changed"
            changes = [Change(lines[job.id], now[job.id], said % {"service": job.service_item.name}, job, may_rest=by_hand) for job in own]  # fmt: skip
            touched += _apply(invoice, changes, actor=actor)
    return touched


def change_line(line: InvoiceLine, now: Decimal, *, actor: Actor, reason: str) -> list[CreditNote]:
    """Something else on an issued invoice costs so much now (before discounts and tax): onto the open note, as visits are.

    Refused: a visit's line, whose price is the visit's, and discounts (Invalid 'visit_price'); no amount or no reason
    (Invalid); an invoice that is a draft or void (WrongState).
    """
    actor.require(Permission.BILLING)
    words = line_amounts.line(reason, field="reason")
    if not words:
        raise Invalid("no_reason", N_("Say why, in a few words."), field="reason")
    cost = line_amounts.price(now, field="amount")
    lock_client(line.invoice.client_id)
    invoice = drafting.fresh_invoice(line.invoice_id)
    if invoice is None or invoice.state in {InvoiceState.DRAFT, InvoiceState.VOID}:
        raise WrongState("not_issued", N_("Only what stands on an issued invoice can be credited or charged."))
    own = next(x for x in invoice.lines if x.id == line.id)
    if not may_change_line(own):
        raise Invalid("visit_price", N_("This cannot be changed by hand. Change the visit, or void the invoice."), field="amount")  # fmt: skip
    return _apply(invoice, [Change(own, cost, words, None)], actor=actor)


@dataclass(frozen=True)
class Change:
    """What a line of an invoice costs now, and the words for it; the visit that it is about."""

    line: InvoiceLine
    now: Decimal
    words: str
    job: Job | None
    #: does a difference stay dropped that the office has dropped already?
    may_rest: bool = False


def _apply(invoice: Invoice, changes: Sequence[Change], *, actor: Actor) -> list[CreditNote]:
    """Let the open notes of an issued invoice say these differences, and nothing else about these lines."""
    notes = all_notes.notes_of(invoice)
    for change in changes:
        more = note_sums.worth(invoice, change.line, change.now) - note_sums.billed(invoice, change.line, notes)
        if change.may_rest and more == note_sums.dropped(change.line, notes):
            more = ZERO
        _set(invoice, notes, NoteKind.CREDIT, change=change, amount=max(-more, ZERO), actor=actor)
        _set(invoice, notes, NoteKind.DEBIT, change=change, amount=max(more, ZERO), actor=actor)
    still_open = [note for note in notes if note.state is NoteState.OPEN]
    new = [note for note in still_open if note.id is None]
    for note in still_open:
        _settle_open(note, notes, actor=actor)
    for note in new:
        _tell_opened(note, actor=actor)
    return [note for note in still_open if note.lines]


def _set(
    invoice: Invoice, notes: list[CreditNote], kind: NoteKind, *, change: Change, amount: Decimal, actor: Actor
) -> None:
    """Let the open note of this kind say so much about a line: one is opened where it is needed."""
    note = next((n for n in notes if n.kind is kind and n.state is NoteState.OPEN), None)
    own = next((x for x in note.lines if x.invoice_line_id == change.line.id), None) if note is not None else None
    if not amount:
        if note is not None and own is not None:
            note.lines.remove(own)
        return
    if note is None:
        note = CreditNote(
            client=invoice.client, invoice=invoice, kind=kind, state=NoteState.OPEN, currency=invoice.currency,
            tax_inclusive=invoice.tax_inclusive, lines=[], staff_id=actor.staff.id if actor.staff else None,
        )  # fmt: skip
        db.session.add(note)
        notes.append(note)
    if own is None:
        own = CreditNoteLine(invoice_line_id=change.line.id)
        note.lines.append(own)
    job = change.job
    own.job_id, own.on_date = (job.id, job.on_date) if job is not None else (None, change.line.on_date)
    own.amount, own.description = amount, change.words[:255]
    own.tax_name, own.tax_percent = change.line.tax_name, change.line.tax_percent
    own.refund_to = job.refund_to if job is not None and kind is NoteKind.CREDIT else None


def _settle_open(note: CreditNote, notes: Iterable[CreditNote], *, actor: Actor) -> None:
    """Bring an open note's sums up to date, or drop it when nothing is left on it."""
    if not note.lines:
        note.subtotal = note.tax_total = note.total = ZERO
        db.session.flush()
        all_notes.drop_now(note, actor=actor)
        return
    found = note_sums.add_up(note, notes)
    note.subtotal, note.tax_total, note.total = found.subtotal, found.tax_total, found.total
    db.session.flush()


def _tell_opened(note: CreditNote, *, actor: Actor) -> None:
    number = (note.invoice.number or "") if note.invoice is not None else ""
    notifications.notify_office(
        NotificationKind.NOTE_OPENED, client=note.client, about=[number], note_id=note.id, note_kind=note.kind,
        invoice=number,
    )  # fmt: skip
    activity.record(
        "credit_note.opened", actor=actor, subject=note, client=note.client, kind=note.kind, invoice=number
    )  # fmt: skip


def costs_of(line: InvoiceLine) -> tuple[Decimal, Decimal]:
    """What a line of an issued invoice cost until now, and what it costs with its open notes: before discounts and tax."""
    notes = all_notes.notes_of(line.invoice)
    billed, share = note_sums.billed(line.invoice, line, notes), note_sums.net(line.invoice, line)
    now = billed + sum(
        (x.amount if n.kind is NoteKind.DEBIT else -x.amount for n in notes if n.state is NoteState.OPEN for x in n.lines if x.invoice_line_id == line.id),
        ZERO,
    )  # fmt: skip
    if not share:
        return billed, now
    return money.round_half_up(billed * line.amount / share), money.round_half_up(now * line.amount / share)


def may_change_line(line: InvoiceLine) -> bool:
    """Can it be changed by hand? Not a visit's line, whose price is the visit's, nor discounts, packages, deposits."""
    return line.job_id is None and line.kind in {LineKind.ITEM, LineKind.FEE}
