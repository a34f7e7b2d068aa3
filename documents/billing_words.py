"""A billing paper in words: what its PDF and its page both say, in the language that is set.

`say` turns the facts of a `Paper` into headings, tables of cells and totals; the two templates only place them.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask_babel import gettext as _

from documents import billing_tables, figures
from documents.billing_tables import Table, Total
from workflows.billing.papers import Paper, PaperKind, PaperParty, PaperStatus

#: nothing is asked for on these, whatever stands open on them
_ASKS_FOR_NOTHING = frozenset({PaperStatus.VOID, PaperStatus.DRAFT, PaperStatus.PAID, PaperStatus.WRITTEN_OFF})

LONGEST_RUNNING = 70


@dataclass(frozen=True)
class Fact:
    """A label and what belongs to it."""

    label: str
    value: str


@dataclass(frozen=True)
class Badge:
    """The state in one word; its tone is one of ok, req, danger, mute."""

    tone: str
    text: str


@dataclass(frozen=True)
class Party:
    """Who it is from or for."""

    heading: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Headline:
    """The one amount that matters, and the sentence to it; the tone is one of brand, ok, danger, mute."""

    label: str
    amount: str
    sentence: str
    tone: str = "brand"
    #: why it is void, credited, refunded; several lines
    reason: str = ""


@dataclass(frozen=True)
class HowToPay:
    """Where the money can go."""

    heading: str
    bank_heading: str
    bank_details: tuple[str, ...]
    pay_link: str
    pay_words: str
    scan_words: str


@dataclass(frozen=True)
class Said:
    """All words of a paper, in the order in which they stand."""

    title: str
    #: "Invoice INV-9"
    name: str
    #: what stands above page 2, and the business at every page's foot
    running: str
    foot: str
    badge: Badge | None
    sender: Party
    receiver: Party
    facts: tuple[Fact, ...]
    headline: Headline
    tables: tuple[Table, ...]
    totals: tuple[Total, ...]
    attached: tuple["Said", ...]
    pay: HowToPay | None
    notes: tuple[str, ...]
    notes_heading: str
    terms: str


def title(kind: PaperKind) -> str:
    """The kind as a heading."""
    return {
        PaperKind.INVOICE: _("Invoice"),
        PaperKind.QUOTE: _("Quote"),
        PaperKind.CREDIT_NOTE: _("Credit note"),
        PaperKind.DEBIT_NOTE: _("Debit note"),
        PaperKind.RECEIPT: _("Receipt"),
        PaperKind.REFUND_RECEIPT: _("Refund receipt"),
        PaperKind.STATEMENT: _("Statement"),
    }[kind]


def name(paper: Paper) -> str:
    """`Invoice INV-9`, `Statement, 1 to 30 Nov 2026`, `Draft invoice`."""
    if paper.kind is PaperKind.STATEMENT:
        covered = figures.period(paper.period_from, paper.period_to)
        return _("Statement, %(period)s", period=covered) if covered else title(paper.kind)
    if paper.number:
        return f"{title(paper.kind)} {paper.number}"
    if paper.kind is PaperKind.INVOICE and paper.status is PaperStatus.DRAFT:
        return _("Draft invoice")
    return title(paper.kind)


def say(paper: Paper) -> Said:
    """Everything that the paper says."""
    return Said(
        title=title(paper.kind),
        name=name(paper),
        running=_short(" · ".join(part for part in (name(paper), paper.client.name) if part)),
        foot=_short(paper.business.name),
        badge=_badge(paper),
        sender=party(_("From"), paper.business),
        receiver=party(_("For"), paper.client),
        facts=_facts(paper),
        headline=_headline(paper),
        tables=billing_tables.tables(paper),
        totals=billing_tables.totals(paper),
        attached=tuple(say(one) for one in paper.attached),
        pay=_how_to_pay(paper),
        notes=_lines(paper.notes),
        notes_heading=_("Note") if paper.notes.strip() else "",
        terms=paper.terms,
    )


def _short(text: str) -> str:
    """As much as fits one line above a page."""
    return text if len(text) <= LONGEST_RUNNING else f"{text[:LONGEST_RUNNING].rstrip()}…"


def _badge(paper: Paper) -> Badge | None:
    is_refund = paper.kind is PaperKind.REFUND_RECEIPT
    return {
        PaperStatus.NONE: None,
        PaperStatus.DRAFT: Badge("mute", _("Draft")),
        PaperStatus.PAID: Badge("ok", _("Paid")),
        PaperStatus.PART_PAID: Badge("req", _("Part paid")),
        PaperStatus.OVERDUE: Badge("danger", _("Overdue")),
        PaperStatus.VOID: Badge("mute", _("Void")),
        PaperStatus.WRITTEN_OFF: Badge("mute", _("Closed")),
        PaperStatus.PENDING: Badge("req", _("Not confirmed yet")),
        PaperStatus.REVERSED: Badge("danger", _("Failed") if is_refund else _("Taken back")),
    }[paper.status]


def _lines(text: str) -> tuple[str, ...]:
    """The lines of a free text; an empty one between paragraphs stays, those around it do not."""
    return tuple(line.strip() for line in text.strip().splitlines())


def party(heading: str, of: PaperParty) -> Party:
    """Who it is from or for, in words."""
    lines = [*of.address, of.phone, of.email, of.website, of.tax_number]
    if of.account_number:
        lines.append(_("Account %(number)s", number=of.account_number))
    return Party(heading, of.name, tuple(line for line in lines if line))


def _facts(paper: Paper) -> tuple[Fact, ...]:
    number_label = {
        PaperKind.INVOICE: _("Invoice number"),
        PaperKind.QUOTE: _("Quote number"),
        PaperKind.CREDIT_NOTE: _("Credit note number"),
        PaperKind.DEBIT_NOTE: _("Debit note number"),
        PaperKind.STATEMENT: _("Statement number"),
    }.get(paper.kind, _("Receipt number"))
    covered = figures.period(paper.period_from, paper.period_to)
    is_statement = paper.kind is PaperKind.STATEMENT
    found = [
        (number_label, paper.number),
        (_("Date"), figures.day(paper.issued_on)),
        (_("Holds until") if paper.kind is PaperKind.QUOTE else _("Due"), figures.day(paper.due_on)),
        (_("Period") if is_statement else _("Visits"), covered),
        (_("Belongs to invoice"), paper.applies_to),
        (_("Paid by") if paper.kind is PaperKind.RECEIPT else _("Paid back by"), _method(paper.method)),
        (_("Reference"), paper.reference),
    ]
    return tuple(Fact(label, value) for label, value in found if value)


def _method(text: str) -> str:
    """The kinds of payment by their word; what the gateway or the office calls it stays."""
    return {
        "card": _("Card"),
        "bank": _("Bank account"),
        "cash": _("Cash"),
        "cheque": _("Cheque"),
        "transfer": _("Bank transfer"),
        "other": "",
    }.get(text, text)


def _headline(paper: Paper) -> Headline:
    if paper.kind in {PaperKind.INVOICE, PaperKind.STATEMENT}:
        return _of_what_is_owed(paper)
    label = {
        PaperKind.QUOTE: _("Total"),
        PaperKind.CREDIT_NOTE: _("Credited"),
        PaperKind.DEBIT_NOTE: _("Charged in addition"),
        PaperKind.REFUND_RECEIPT: _("Refunded"),
    }.get(paper.kind, _("Received"))
    total = figures.amount(paper.total, paper.currency)
    if paper.status is PaperStatus.VOID:
        return Headline(label, total, _("This paper is void."), "mute", paper.reason)
    if paper.kind is PaperKind.QUOTE:
        return Headline(label, total, _("This is a quote, not an invoice. Nothing is owed yet."))
    if paper.kind in {PaperKind.CREDIT_NOTE, PaperKind.DEBIT_NOTE}:
        sentence = _("On invoice %(number)s", number=paper.applies_to) if paper.applies_to else ""
        return Headline(label, total, sentence, "brand", paper.reason)
    return _of_money_moved(paper, label, total)


def _of_money_moved(paper: Paper, label: str, total: str) -> Headline:
    when = figures.day(paper.issued_on)
    is_receipt = paper.kind is PaperKind.RECEIPT
    sentence, tone = _("On %(day)s.", day=when), "ok"
    if paper.status is PaperStatus.PENDING:
        sentence, tone = _("On %(day)s. The bank has not confirmed it yet.", day=when), "brand"
    elif paper.status is PaperStatus.REVERSED and is_receipt:
        sentence, tone = _("On %(day)s. It was taken back afterwards and pays nothing.", day=when), "danger"
    elif paper.status is PaperStatus.REVERSED:
        sentence, tone = _("On %(day)s. It did not reach you.", day=when), "danger"
    elif is_receipt:
        sentence = _("On %(day)s. Thank you.", day=when)
    if paper.is_demo:
        sentence = f"{sentence} {_('This is a demo: no money moved.')}"
    return Headline(label, total, sentence, tone, paper.reason)


def _of_what_is_owed(paper: Paper) -> Headline:
    left = paper.outstanding or paper.total
    owed = figures.amount(left, paper.currency)
    if paper.kind is PaperKind.STATEMENT:
        label = _("Balance on %(day)s", day=figures.day(paper.period_to or paper.issued_on))
        if figures.is_more_than_nothing(left):
            return Headline(label, owed, "")
        if figures.is_nothing(left):
            return Headline(label, owed, _("You have nothing to pay."), "ok")
        return Headline(label, owed, _("Your account is in credit. You have nothing to pay."), "ok")
    ended = {
        PaperStatus.VOID: _("This invoice is void. Nothing is owed on it."),
        PaperStatus.WRITTEN_OFF: _("This invoice is closed. You have nothing to pay on it."),
        PaperStatus.DRAFT: _("A draft: not issued yet."),
    }.get(paper.status)
    if ended:
        return Headline(_("Total"), figures.amount(paper.total, paper.currency), ended, "mute", paper.reason)
    if not figures.is_more_than_nothing(left):
        return Headline(_("Amount due"), owed, _("Paid in full. Thank you."), "ok")
    due = figures.day(paper.due_on)
    if paper.status is PaperStatus.OVERDUE:
        return Headline(_("Amount due"), owed, _("It was due on %(day)s.", day=due), "danger")
    return Headline(_("Amount due"), owed, _("By %(day)s", day=due) if due else "")


def _how_to_pay(paper: Paper) -> HowToPay | None:
    """None where nothing is to be paid, or nobody has said where to."""
    asks = paper.kind in {PaperKind.INVOICE, PaperKind.STATEMENT, PaperKind.DEBIT_NOTE}
    left = paper.outstanding or paper.total
    if not asks or paper.status in _ASKS_FOR_NOTHING or not figures.is_more_than_nothing(left):
        return None
    link = paper.pay_link if urlsplit(paper.pay_link).scheme in {"https", "http"} else ""
    bank = _lines(paper.bank_details)
    if not link and not bank:
        return None
    return HowToPay(
        _("How to pay"),
        _("By bank transfer") if bank else "",
        bank,
        link,
        _("Pay online") if link else "",
        _("Or scan this code with your phone.") if link else "",
    )
