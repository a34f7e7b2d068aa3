"""What the papers of invoices, quotes and notes say: parties and terms as they were frozen, and where each stands now."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from foundation import clock, money
from models import Client, CreditNote, Invoice, InvoiceLine, InvoiceState, LineKind, NoteKind, NoteState, Payment
from workflows import settings
from workflows.billing import allocations, due, parties, sums, taxes
from workflows.billing.papers import (
    EntryKind,
    Paper,
    PaperEntry,
    PaperKind,
    PaperLine,
    PaperParty,
    PaperStatus,
    PaperTax,
)
from workflows.billing.papers import LineKind as PaperLineKind

_LINE_KINDS = {
    LineKind.VISIT: PaperLineKind.VISIT,
    LineKind.FEE: PaperLineKind.FEE,
    LineKind.DISCOUNT: PaperLineKind.DISCOUNT,
}


def freeze(client: Client, *, terms: due.Terms | None = None) -> dict[str, Any]:
    """Parties, terms and bank details of this moment, as an issued invoice or committed note keeps them."""
    values = settings.read()
    business, household = parties.business_party(), parties.client_party(client)
    return {
        "business": _kept(business),
        "client": _kept(household),
        "terms": " ".join(x for x in (terms.sentence if terms else "", values["billing.terms_text"]) if x),
        "bank_details": values["billing.bank_details"] or "",
        "footer": values["billing.footer_note"] or "",
    }


def _kept(party: PaperParty) -> dict[str, Any]:
    """Its texts and the lines of its address; `dataclasses.asdict` would copy each of them deeply."""
    return {**vars(party), "address": list(party.address)}


def of_invoice(invoice: Invoice) -> Paper:
    """An invoice as it was issued, with all that happened to it since; of a draft the quote, as things are now."""
    is_draft = invoice.state is InvoiceState.DRAFT
    kept = invoice.frozen or freeze(invoice.client, terms=due.terms_for(invoice.client, invoice.payment_terms))
    figures = sums.invoice_sums([invoice.id])[invoice.id]
    worked = taxes.add_up(taxes.charges_of(invoice.lines, is_draft=True), inclusive=invoice.tax_inclusive).taxes if is_draft else ()  # fmt: skip
    rows = [PaperTax(t.rate.name, plain(t.rate.percent), text(t.base), text(t.amount), invoice.tax_inclusive) for t in worked]  # fmt: skip
    rows += [PaperTax(t.name, plain(t.percent), text(t.base), text(t.amount), invoice.tax_inclusive) for t in invoice.taxes]  # fmt: skip
    return Paper(
        kind=PaperKind.QUOTE if is_draft else PaperKind.INVOICE, number=invoice.number or "",
        issued_on=(invoice.issued_on or clock.today()).isoformat(), currency=invoice.currency, business=_party(kept, "business"),
        client=_party(kept, "client"), status=_status(invoice, figures),
        due_on="" if is_draft or invoice.due_on is None else invoice.due_on.isoformat(),
        lines=tuple(_line(line, is_draft=is_draft) for line in _in_order(invoice.lines)), taxes=tuple(rows),
        subtotal=text(invoice.subtotal), tax_total=text(invoice.tax_total), total=text(invoice.total),
        entries=() if is_draft else tuple(_entries(invoice)), outstanding="" if is_draft else text(figures.outstanding),
        notes="\n".join(x for x in (invoice.note, kept.get("footer", "")) if x), terms=str(kept.get("terms", "")),
        bank_details=str(kept.get("bank_details", "")), reason=invoice.end_reason,
        period_from=invoice.first_on.isoformat() if invoice.first_on else "",
        period_to=invoice.last_on.isoformat() if invoice.last_on else "",
        attached=() if is_draft else tuple(of_note(note) for note in invoice.notes if _is_printed(note)),
    )  # fmt: skip


def of_note(note: CreditNote) -> Paper:
    """A credit or debit note: what it gave or asked for; an open one as it stands now."""
    kept = note.frozen if "business" in note.frozen else {**freeze(note.client), **note.frozen}
    rates: Sequence[Mapping[str, str]] = kept.get("taxes", ())
    lines = tuple(
        PaperLine(
            line.description, text(line.amount), PaperLineKind.VISIT if line.job_id else PaperLineKind.ITEM,
            line.on_date.isoformat() if line.on_date else "", quantity="", tax_name=line.tax_name,
        )
        for line in note.lines
    )  # fmt: skip
    status = {NoteState.OPEN: PaperStatus.DRAFT, NoteState.DROPPED: PaperStatus.VOID}
    return Paper(
        kind=PaperKind.DEBIT_NOTE if note.kind is NoteKind.DEBIT else PaperKind.CREDIT_NOTE, number=note.number or "",
        issued_on=(note.committed_on or clock.today()).isoformat(), currency=note.currency,
        business=_party(kept, "business"), client=_party(kept, "client"),
        status=status.get(note.state, PaperStatus.NONE), lines=lines,
        taxes=tuple(PaperTax(r["name"], r["percent"], r["base"], r["amount"], note.tax_inclusive) for r in rates),
        subtotal=text(note.subtotal), tax_total=text(note.tax_total), total=text(note.total),
        applies_to=(note.invoice.number or "") if note.invoice is not None else "", reason=note.reason,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ inside


def text(amount: Decimal) -> str:
    """An amount as papers keep it: with the currency's own number of decimals."""
    return str(money.from_minor(money.to_minor(amount)))


def plain(number: Decimal) -> str:
    """'20' and '8.875', not '20.000'."""
    return f"{number.normalize():f}"


def _party(kept: Mapping[str, Any], who: str) -> PaperParty:
    stored = dict(kept[who])
    return PaperParty(**{**stored, "address": tuple(stored["address"])})


def _in_order(lines: Sequence[InvoiceLine]) -> list[InvoiceLine]:
    return sorted(lines, key=lambda line: (line.position, line.id))


def _line(line: InvoiceLine, *, is_draft: bool) -> PaperLine:
    counted = line.kind in {LineKind.ITEM, LineKind.FEE, LineKind.PACKAGE} and line.job_id is None
    of_draft = line.tax_rate.name if line.tax_rate is not None else ""
    share = f"{plain(line.percent)} %" if line.percent is not None else ""
    return PaperLine(
        line.description, text(line.amount), _LINE_KINDS.get(line.kind, PaperLineKind.ITEM),
        line.on_date.isoformat() if line.on_date else "", "\n".join(x for x in (share, line.detail) if x),
        plain(line.quantity) if counted else "", text(line.unit_price) if counted else "",
        of_draft if is_draft else line.tax_name,
    )  # fmt: skip


def _status(invoice: Invoice, figures: sums.InvoiceSums) -> PaperStatus:
    if invoice.state is InvoiceState.OPEN and invoice.is_overdue(clock.today()):
        return PaperStatus.OVERDUE
    if invoice.state is InvoiceState.OPEN and (figures.paid or figures.credited):
        return PaperStatus.PART_PAID
    return {
        InvoiceState.DRAFT: PaperStatus.DRAFT,
        InvoiceState.PAID: PaperStatus.PAID,
        InvoiceState.VOID: PaperStatus.VOID,
        InvoiceState.WRITTEN_OFF: PaperStatus.WRITTEN_OFF,
    }.get(invoice.state, PaperStatus.NONE)


def _is_printed(note: CreditNote) -> bool:
    return note.kind is not NoteKind.DEPOSIT and note.state is NoteState.COMMITTED


def _entries(invoice: Invoice) -> list[PaperEntry]:
    """What was added and taken off since the issue: the total less all of them is outstanding."""
    found = [
        PaperEntry(EntryKind.DEBIT_NOTE, text(-note.total), _day(note), note.number or "")
        for note in invoice.notes
        if note.kind is NoteKind.DEBIT and note.state is NoteState.COMMITTED
    ]
    for source, amount in allocations.paid_by(invoice):
        if isinstance(source, Payment):
            about = source.shown_as or source.reference
            found.append(PaperEntry(EntryKind.PAYMENT, text(amount), source.received_on.isoformat(), source.number or "", about))  # fmt: skip
        else:
            found.append(PaperEntry(_entry_kind(source, invoice), text(amount), _day(source), source.number or ""))
    if invoice.written_off:
        day = clock.to_local(invoice.ended_at).date().isoformat() if invoice.ended_at else ""
        found.append(PaperEntry(EntryKind.WRITE_OFF, text(invoice.written_off), day))
    return found


def _entry_kind(note: CreditNote, invoice: Invoice) -> EntryKind:
    if note.kind is NoteKind.DEPOSIT:
        return EntryKind.DEPOSIT
    return EntryKind.CREDIT_NOTE if note.invoice_id == invoice.id else EntryKind.CREDIT


def _day(note: CreditNote) -> str:
    return note.committed_on.isoformat() if note.committed_on else ""
