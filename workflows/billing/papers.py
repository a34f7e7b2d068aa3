"""What a billing paper says, as frozen plain values: an invoice, a quote, a note, a receipt, a statement.

Workflows fill a `Paper` in; `documents.billing` draws it as PDF and `ui_kit`'s paper page as HTML, so that both say the
same. Dates are ISO text in the business's local time, money is text in major units ("12.50", "-3.00"), as in
`mail_facts`; weekdays, currency signs and all headings are made when it is shown. `as_json` and `from_json` let a paper
be kept; the logo's bytes are the one thing that stays out.
"""

import dataclasses
import enum
import hashlib
import json
from dataclasses import dataclass
from typing import Any


class PaperKind(enum.StrEnum):
    """What the paper is."""

    INVOICE = "invoice"
    #: not an invoice yet: what it would cost
    QUOTE = "quote"
    CREDIT_NOTE = "credit_note"
    DEBIT_NOTE = "debit_note"
    RECEIPT = "receipt"
    REFUND_RECEIPT = "refund_receipt"
    STATEMENT = "statement"


class PaperStatus(enum.StrEnum):
    """The badge beside the heading."""

    NONE = ""
    DRAFT = "draft"
    PAID = "paid"
    PART_PAID = "part_paid"
    OVERDUE = "overdue"
    VOID = "void"
    WRITTEN_OFF = "written_off"
    #: a bank payment that is not sure yet
    PENDING = "pending"
    #: a payment that was taken back, or a refund that did not go through
    REVERSED = "reversed"


class LineKind(enum.StrEnum):
    """What one line is about."""

    VISIT = "visit"
    ITEM = "item"
    FEE = "fee"
    DISCOUNT = "discount"
    TIP = "tip"
    PACKAGE = "package"
    DEPOSIT = "deposit"


class EntryKind(enum.StrEnum):
    """What an entry or a statement's row is; its words are made from this, its number and its text."""

    INVOICE = "invoice"
    VOIDED_INVOICE = "voided_invoice"
    CREDIT_NOTE = "credit_note"
    DEBIT_NOTE = "debit_note"
    PAYMENT = "payment"
    #: a payment that was returned or disputed
    REVERSED_PAYMENT = "reversed_payment"
    REFUND = "refund"
    #: from the client's credit, or kept as credit
    CREDIT = "credit"
    TIP = "tip"
    DEPOSIT = "deposit"
    #: written off
    WRITE_OFF = "write_off"
    #: only its own text says what it is
    OTHER = "other"


class AgeBand(enum.StrEnum):
    """How long an amount of a statement has been owed, in days past its due date."""

    NOT_DUE = "not_due"
    TO_30 = "1_30"
    TO_60 = "31_60"
    TO_90 = "61_90"
    OVER_90 = "over_90"


@dataclass(frozen=True)
class PaperParty:
    """The business or the client, as the head of the paper names them."""

    name: str
    address: tuple[str, ...] = ()
    #: the client's, grouped for reading
    account_number: str = ""
    email: str = ""
    phone: str = ""
    #: VAT number or the like, with the word that the business uses for it
    tax_number: str = ""
    website: str = ""


@dataclass(frozen=True)
class PaperLine:
    """One line of an invoice, quote or note."""

    description: str
    amount: str
    kind: LineKind = LineKind.ITEM
    #: "" for what belongs to no day
    on_date: str = ""
    #: pets, times, sitter, the office's note on this line; may have several lines
    detail: str = ""
    #: "1", "1.5"; "" when quantity and unit price are not worth saying
    quantity: str = "1"
    unit_price: str = ""
    #: which of the paper's taxes it bears, "" for none
    tax_name: str = ""


@dataclass(frozen=True)
class PaperTax:
    """One tax: once a rate."""

    name: str
    #: percent: "20", "8.875"
    rate: str
    base: str
    amount: str
    #: it is within the prices, not added to them
    inclusive: bool = False


@dataclass(frozen=True)
class PaperEntry:
    """Below an invoice: what took something off (positive) or added something (negative). On a receipt: what it paid."""

    kind: EntryKind
    amount: str
    on_date: str = ""
    #: number of the invoice, note or receipt it is about
    number: str = ""
    #: as the office or the gateway calls it: "Visa ending in 1881", "Cheque 104"
    text: str = ""


@dataclass(frozen=True)
class StatementRow:
    """One movement of a statement, and the balance after it (what the client owes; negative is in credit)."""

    on_date: str
    kind: EntryKind
    balance: str
    charge: str = ""
    credit: str = ""
    number: str = ""
    text: str = ""


@dataclass(frozen=True)
class StatementAge:
    """So much has been owed for so long."""

    band: AgeBand
    amount: str


@dataclass(frozen=True)
class Paper:
    """One paper, complete: nothing else is read to draw it.

    Of the money fields, an invoice, quote or note has subtotal, tax_total and total (and an invoice outstanding); a
    receipt has total, the money that came or went, its entries, and method; a statement has opening_balance, rows,
    outstanding (the balance at its end) and ages. A credit note's and a refund's money is positive: so much is
    credited, so much went back. Only what lowers its own paper is negative, such as a discount's line.
    """

    kind: PaperKind
    #: "" for a draft or quote that has none yet, and for a statement
    number: str
    issued_on: str
    currency: str
    business: PaperParty
    client: PaperParty
    status: PaperStatus = PaperStatus.NONE
    #: of an invoice; for a quote the last day on which it holds
    due_on: str = ""
    lines: tuple[PaperLine, ...] = ()
    taxes: tuple[PaperTax, ...] = ()
    subtotal: str = ""
    tax_total: str = ""
    total: str = ""
    entries: tuple[PaperEntry, ...] = ()
    outstanding: str = ""
    #: free text of the office for this client to read
    notes: str = ""
    #: one sentence on when and how to pay
    terms: str = ""
    #: free text: account, sort code, IBAN
    bank_details: str = ""
    #: absolute address of the page that takes the payment, "" for none
    pay_link: str = ""
    #: number of the invoice that a credit or debit note belongs to
    applies_to: str = ""
    #: why: of a note, a void, a refund
    reason: str = ""
    #: of a receipt: "Visa ending in 1881"; a bare "cash", "cheque", "transfer", "card", "bank" gets its word when shown
    method: str = ""
    #: of a receipt: the gateway's or the cheque's number
    reference: str = ""
    #: what a statement covers; of an invoice the days of its first and last visit
    period_from: str = ""
    period_to: str = ""
    opening_balance: str = ""
    rows: tuple[StatementRow, ...] = ()
    ages: tuple[StatementAge, ...] = ()
    #: money that the client holds with us and that pays nothing yet
    credit: str = ""
    #: credit and debit notes that are printed below their invoice
    attached: tuple["Paper", ...] = ()
    #: taken by the demo gateway: the paper says that no money moved
    is_demo: bool = False
    #: a picture that Pillow can read, as the settings store it; not part of the JSON
    logo: bytes | None = dataclasses.field(default=None, repr=False)


def as_json(paper: Paper) -> dict[str, Any]:
    """The paper as plain values for a JSON column, without its logo."""
    stored = dataclasses.asdict(dataclasses.replace(paper, logo=None))
    plain: dict[str, Any] = json.loads(json.dumps(stored))
    return _without_logo(plain)


def from_json(stored: dict[str, Any], *, logo: bytes | None = None) -> Paper:
    """A kept paper again; what an older or newer version had more is left out."""
    paper: Paper = _build(Paper, stored)
    return dataclasses.replace(paper, logo=logo)


def fingerprint(paper: Paper) -> str:
    """SHA-256 of all that the paper says, its logo too: the same paper has the same one on every machine."""
    logos = [hashlib.sha256(p.logo).hexdigest() if p.logo else "" for p in (paper, *paper.attached)]
    text = json.dumps([as_json(paper), logos], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _without_logo(stored: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in stored.items() if name != "logo"}
    kept["attached"] = [_without_logo(one) for one in stored["attached"]]
    return kept


_PARTS: dict[str, type] = {
    "business": PaperParty, "client": PaperParty, "lines": PaperLine, "taxes": PaperTax, "entries": PaperEntry,
    "rows": StatementRow, "ages": StatementAge, "attached": Paper,
}  # fmt: skip
_ENUMS: dict[tuple[type, str], type[enum.StrEnum]] = {
    (Paper, "kind"): PaperKind, (Paper, "status"): PaperStatus, (PaperLine, "kind"): LineKind,
    (PaperEntry, "kind"): EntryKind, (StatementRow, "kind"): EntryKind, (StatementAge, "band"): AgeBand,
}  # fmt: skip


def _build(cls: type, stored: dict[str, Any]) -> Any:  # noqa: ANN401 -- an instance of `cls`
    names = {f.name for f in dataclasses.fields(cls)} - {"logo"}
    return cls(**{name: _value(cls, name, value) for name, value in stored.items() if name in names})


def _value(cls: type, name: str, value: Any) -> Any:  # noqa: ANN401 -- whatever JSON holds
    if (kind := _ENUMS.get((cls, name))) is not None:
        return kind(value)
    if isinstance(value, list):
        return tuple(_build(_PARTS[name], one) if isinstance(one, dict) else one for one in value)
    return _build(_PARTS[name], value) if isinstance(value, dict) else value
