"""The tables and totals of a billing paper, cell by cell, in the language that is set."""

from dataclasses import dataclass

from flask_babel import gettext as _

from documents import figures
from workflows.billing.papers import (
    AgeBand,
    EntryKind,
    LineKind,
    Paper,
    PaperEntry,
    PaperKind,
    PaperLine,
    PaperTax,
    StatementRow,
)
from workflows.errors import N_


@dataclass(frozen=True)
class Head:
    """A column: what it is called, whether numbers stand in it, and its share of the width (0: the rest)."""

    text: str
    is_number: bool = False
    width: int = 0


@dataclass(frozen=True)
class Cell:
    """What stands in one place of a table; `detail` is smaller, below it."""

    text: str
    detail: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One line; `is_sum` for the balance at a statement's begin and end. `title` is the cell that names the row."""

    cells: tuple[Cell, ...]
    title: int = 0
    is_sum: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its caption."""

    caption: str
    heads: tuple[Head, ...]
    rows: tuple[Row, ...]
    #: few columns of the same kind, such as how long what has been owed
    is_small: bool = False


@dataclass(frozen=True)
class Total:
    """A line of the totals; the tone is one of "", strong, due, note."""

    label: str
    value: str
    tone: str = ""
    detail: str = ""


def tables(paper: Paper) -> tuple[Table, ...]:
    """The lines of an invoice or note, what a receipt paid, the movements and ages of a statement."""
    if paper.kind is PaperKind.STATEMENT:
        return tuple(t for t in (_movements(paper), _ages(paper)) if t is not None)
    found = [_lines(paper)] if paper.lines else []
    if paper.kind in {PaperKind.RECEIPT, PaperKind.REFUND_RECEIPT} and paper.entries:
        found.append(_paid(paper))
    return tuple(found)


# ------------------------------------------------------------------------------------------------ lines of an invoice


def _lines(paper: Paper) -> Table:
    """A column stands there when one line has something for it."""
    lines = paper.lines
    has_days = any(line.on_date for line in lines)
    has_quantities = any(line.unit_price and line.quantity not in {"", "1"} for line in lines)
    has_taxes = len({line.tax_name for line in lines if line.kind is not LineKind.TIP}) > 1
    heads = [
        (has_days, Head(_("Date"), width=15)),
        (True, Head(_("Description"))),
        (has_taxes, Head(_("Tax"), width=12)),
        (has_quantities, Head(_("Quantity"), is_number=True, width=10)),
        (has_quantities, Head(_("Price"), is_number=True, width=13)),
        (True, Head(_("Amount"), is_number=True, width=14)),
    ]
    wanted = [is_there for is_there, _head in heads]
    rows = []
    for line in lines:
        cells = zip(wanted, _cells(line, paper), strict=True)
        rows.append(Row(tuple(cell for is_there, cell in cells if is_there), title=int(has_days)))
    return Table(_("What it is for"), tuple(head for is_there, head in heads if is_there), tuple(rows))


def _cells(line: PaperLine, paper: Paper) -> tuple[Cell, ...]:
    return (
        Cell(figures.near_day(line.on_date, paper.issued_on)),
        Cell(line.description, _details(line.detail)),
        Cell(line.tax_name),
        Cell(figures.number(line.quantity) if line.unit_price else ""),
        Cell(figures.amount(line.unit_price, paper.currency)),
        Cell(figures.amount(line.amount, paper.currency)),
    )


def _details(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


# ------------------------------------------------------------------------------------------------------------- totals


def totals(paper: Paper) -> tuple[Total, ...]:
    """From the subtotal down to what is left to pay."""
    if paper.kind is PaperKind.STATEMENT:
        credit = figures.amount(paper.credit, paper.currency)
        return (Total(_("Credit not used yet"), credit),) if figures.is_more_than_nothing(paper.credit) else ()
    found = []
    if paper.taxes and paper.subtotal:
        found.append(Total(_("Subtotal"), figures.amount(paper.subtotal, paper.currency)))
    found += [_added_tax(tax, paper) for tax in paper.taxes if not tax.inclusive]
    found.append(Total(_total_word(paper.kind), figures.amount(paper.total, paper.currency), "strong"))
    found += [_included_tax(tax, paper) for tax in paper.taxes if tax.inclusive]
    if paper.kind is PaperKind.INVOICE:
        found += [_taken(entry, paper) for entry in paper.entries]
        if paper.outstanding:
            found.append(Total(_("Amount due"), figures.amount(paper.outstanding, paper.currency), "due"))
    elif paper.kind is PaperKind.RECEIPT and paper.outstanding:
        found.append(Total(_("Still owed"), figures.amount(paper.outstanding, paper.currency), "due"))
    if paper.kind is not PaperKind.INVOICE and figures.is_more_than_nothing(paper.credit):
        found.append(Total(_("Credit on your account"), figures.amount(paper.credit, paper.currency), "note"))
    return tuple(found)


def _total_word(kind: PaperKind) -> str:
    return {
        PaperKind.CREDIT_NOTE: _("Total credited"),
        PaperKind.RECEIPT: _("Total received"),
        PaperKind.REFUND_RECEIPT: _("Total refunded"),
    }.get(kind, _("Total"))


def _added_tax(tax: PaperTax, paper: Paper) -> Total:
    base = figures.amount(tax.base, paper.currency)
    words = _("%(tax)s %(rate)s on %(base)s", tax=tax.name, rate=figures.percent(tax.rate), base=base)
    return Total(words, figures.amount(tax.amount, paper.currency))


def _included_tax(tax: PaperTax, paper: Paper) -> Total:
    words = _("Includes %(tax)s %(rate)s", tax=tax.name, rate=figures.percent(tax.rate))
    return Total(words, figures.amount(tax.amount, paper.currency), "note")


def _taken(entry: PaperEntry, paper: Paper) -> Total:
    about = [figures.near_day(entry.on_date, paper.issued_on), "" if _says_all(entry) else entry.text]
    label = entry_words(entry.kind, entry.number, entry.text)
    return Total(label, figures.taken_off(entry.amount, paper.currency), detail=" · ".join(a for a in about if a))


def _says_all(entry: PaperEntry | StatementRow) -> bool:
    return entry.kind is EntryKind.OTHER


_ENTRIES = {
    EntryKind.INVOICE: N_("Invoice"),
    EntryKind.VOIDED_INVOICE: N_("Voided invoice"),
    EntryKind.CREDIT_NOTE: N_("Credit note"),
    EntryKind.DEBIT_NOTE: N_("Debit note"),
    EntryKind.PAYMENT: N_("Payment"),
    EntryKind.REVERSED_PAYMENT: N_("Payment taken back"),
    EntryKind.REFUND: N_("Refund"),
    EntryKind.CREDIT: N_("Account credit"),
    EntryKind.TIP: N_("Tip"),
    EntryKind.DEPOSIT: N_("Deposit"),
    EntryKind.WRITE_OFF: N_("Written off"),
}


def entry_words(kind: EntryKind, number: str = "", text: str = "") -> str:
    """What an entry or a statement's row is: `Payment R-12`, `Credit note CN-3`."""
    what = _(_ENTRIES[kind]) if kind in _ENTRIES else text
    return f"{what} {number}".strip()


# ------------------------------------------------------------------------------------------ receipts and statements


def _paid(paper: Paper) -> Table:
    """What a receipt's money was for; an amount that pays no invoice is credit."""
    caption = _("What it paid") if paper.kind is PaperKind.RECEIPT else _("What was refunded")
    heads = (Head(_("For")), Head(_("Date"), width=24), Head(_("Amount"), is_number=True, width=22))
    rows = []
    for entry in paper.entries:
        is_kept = entry.kind is EntryKind.CREDIT and paper.kind is PaperKind.RECEIPT
        words = _("Kept as credit on your account") if is_kept else entry_words(entry.kind, entry.number, entry.text)
        cells = (
            Cell(words, () if _says_all(entry) else _details(entry.text)),
            Cell(figures.day(entry.on_date)),
            Cell(figures.amount(entry.amount, paper.currency)),
        )
        rows.append(Row(cells))
    return Table(caption, heads, tuple(rows))


def _movements(paper: Paper) -> Table:
    heads = (
        Head(_("Date"), width=15),
        Head(_("What")),
        Head(_("Charges"), is_number=True, width=16),
        Head(_("Payments and credits"), is_number=True, width=22),
        Head(_("Balance"), is_number=True, width=16),
    )

    def balance(on_date: str, words: str, text: str) -> Row:
        cells = (
            Cell(figures.near_day(on_date, paper.issued_on)),
            Cell(words),
            Cell(""),
            Cell(""),
            Cell(figures.amount(text, paper.currency)),
        )
        return Row(cells, title=1, is_sum=True)

    rows = [balance(paper.period_from, _("Balance brought forward"), paper.opening_balance or "0")]
    rows += [_movement(row, paper) for row in paper.rows]
    rows.append(balance(paper.period_to, _("Balance at the end"), paper.outstanding or "0"))
    return Table(_("Movements"), heads, tuple(rows))


def _movement(row: StatementRow, paper: Paper) -> Row:
    words = entry_words(row.kind, row.number, row.text)
    cells = (
        Cell(figures.near_day(row.on_date, paper.issued_on)),
        Cell(words, () if row.kind is EntryKind.OTHER else _details(row.text)),
        Cell(figures.amount(row.charge, paper.currency)),
        Cell(figures.amount(row.credit, paper.currency)),
        Cell(figures.amount(row.balance, paper.currency)),
    )
    return Row(cells, title=1)


def _ages(paper: Paper) -> Table | None:
    """How long the open amounts have been owed; none when nothing is."""
    if not any(figures.is_more_than_nothing(age.amount) for age in paper.ages):
        return None
    heads = tuple(Head(_band(age.band), is_number=True) for age in paper.ages)
    cells = tuple(Cell(figures.amount(age.amount, paper.currency)) for age in paper.ages)
    return Table(_("How long it has been owed"), heads, (Row(cells, title=-1),), is_small=True)


def _band(band: AgeBand) -> str:
    return {
        AgeBand.NOT_DUE: _("Not due yet"),
        AgeBand.TO_30: _("1 to 30 days late"),
        AgeBand.TO_60: _("31 to 60 days late"),
        AgeBand.TO_90: _("61 to 90 days late"),
        AgeBand.OVER_90: _("Over 90 days late"),
    }[band]
