"""What notes come to: shares of what was billed, and taxes as the difference that they make to the whole invoice.

Tax is rounded once for each rate on an invoice, so a note takes the tax before less the tax after. Several notes then
give back together exactly what the invoice asked for, never a cent more.
"""

from collections.abc import Iterable
from decimal import Decimal

from foundation import money
from models import CreditNote, Invoice, InvoiceLine, NoteKind, NoteState, RefundTo
from workflows.billing import taxes
from workflows.billing.invoice_papers import plain, text
from workflows.billing.taxes import Rate, Sums, TaxSum

ZERO = Decimal(0)


def net(invoice: Invoice, line: InvoiceLine) -> Decimal:
    """What an issued line asks for once the invoice's discounts are spread over all lines."""
    lines = sorted(invoice.lines, key=lambda x: x.position)
    shares = taxes.after_discounts(taxes.charges_of(lines, is_draft=False))
    return next(share for own, share in zip(lines, shares, strict=True) if own.id == line.id)


def worth(invoice: Invoice, line: InvoiceLine, cost: Decimal) -> Decimal:
    """What the line would ask for if its visit cost so much: the invoice's discounts hold for it in proportion."""
    return money.round_half_up(cost * net(invoice, line) / line.amount) if line.amount else cost


def billed(invoice: Invoice, line: InvoiceLine, notes: Iterable[CreditNote]) -> Decimal:
    """What was asked for a line until now: as issued, and as committed notes changed it."""
    return net(invoice, line) + sum(
        (_sign(note) * x.amount for note in _committed(notes) for x in note.lines if x.invoice_line_id == line.id), ZERO
    )


def dropped(line: InvoiceLine, notes: Iterable[CreditNote]) -> Decimal | None:
    """The difference about this line that the office dropped, when nothing was decided about it since; else None."""
    decided = [
        n for n in notes if n.state in {NoteState.COMMITTED, NoteState.DROPPED} and n.kind is not NoteKind.DEPOSIT
    ]
    about = [(n, x) for n in decided for x in n.lines if x.invoice_line_id == line.id]
    if not about:
        return None
    last, own = max(about, key=lambda pair: pair[0].id)
    return _sign(last) * own.amount if last.state is NoteState.DROPPED else None


def add_up(note: CreditNote, notes: Iterable[CreditNote]) -> Sums:
    """The sums of a note about an invoice: for each rate, the tax that it adds or takes off beside all others."""
    invoice = note.invoice
    if invoice is None:
        raise LookupError("only notes about an invoice have tax")
    before = _bases(invoice, [n for n in notes if n.id != note.id])
    changed: dict[Rate | None, Decimal] = {}
    for line in note.lines:
        rate = Rate(line.tax_name, line.tax_percent) if line.tax_name else None
        changed[rate] = changed.get(rate, ZERO) + line.amount
    inclusive, found = note.tax_inclusive, []
    for rate, amount in changed.items():
        if rate is not None:
            was = before.get(rate, ZERO)
            old, new = (taxes.tax_in(x, rate.percent, inclusive=inclusive) for x in (was, was + _sign(note) * amount))
            tax = abs(new - old)
            found.append(TaxSum(rate, amount - tax if inclusive else amount, tax))
    stated, tax_total = sum(changed.values(), ZERO), sum((t.amount for t in found), ZERO)
    subtotal, total = (stated - tax_total, stated) if inclusive else (stated, stated + tax_total)
    return Sums(subtotal, tax_total, total, tuple(found))


def as_json(found: Sums) -> list[dict[str, str]]:
    """The taxes of a note as it keeps them."""
    return [
        {"name": t.rate.name, "percent": plain(t.rate.percent), "base": text(t.base), "amount": text(t.amount)}
        for t in found.taxes
    ]


def to_money(note: CreditNote, freed: Decimal) -> Decimal:
    """Of the money that a credit note freed, what goes back to the client instead of staying credit on account.

    The cancellation policy said so for some lines; those count first, with their share of the tax.
    """
    lines = sum((x.amount for x in note.lines if x.refund_to in {RefundTo.MONEY, RefundTo.ASK}), ZERO)
    every = sum((x.amount for x in note.lines), ZERO)
    if note.kind is not NoteKind.CREDIT or not lines or not every:
        return ZERO
    return min(freed, money.round_half_up(note.total * lines / every))


# ------------------------------------------------------------------------------------------------------------ inside


def _committed(notes: Iterable[CreditNote]) -> list[CreditNote]:
    return [n for n in notes if n.state is NoteState.COMMITTED and n.kind is not NoteKind.DEPOSIT]


def _sign(note: CreditNote) -> int:
    return 1 if note.kind is NoteKind.DEBIT else -1


def _bases(invoice: Invoice, notes: Iterable[CreditNote]) -> dict[Rate | None, Decimal]:
    """What the invoice asks for at each rate now, in the amounts of its lines."""
    found: dict[Rate | None, Decimal] = {}
    lines = sorted(invoice.lines, key=lambda x: x.position)
    charges = taxes.charges_of(lines, is_draft=False)
    for charge, share in zip(charges, taxes.after_discounts(charges), strict=True):
        if not charge.is_discount:
            found[charge.rate] = found.get(charge.rate, ZERO) + share
    for note in _committed(notes):
        for line in note.lines:
            rate = Rate(line.tax_name, line.tax_percent) if line.tax_name else None
            found[rate] = found.get(rate, ZERO) + _sign(note) * line.amount
    return found
