"""Taxes by rate, and credit and debit notes, as the papers froze them."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from foundation import money
from foundation.db import db
from models import Account, CreditNote, Invoice, InvoiceTax, NoteKind, Posting, PostingLine
from workflows.errors import N_
from workflows.reports.shapes import Column, Report, Row, Said, Unit, Wish, report

ZERO = Decimal(0)
UNTAXED = Said(N_("Without tax"))
_SIGNS = {"invoice.issued": 1, "invoice.voided": -1}


def tax(wish: Wish) -> Report:
    """The tax at each rate on what was invoiced in the period, rounded as each invoice rounded it.

    An invoice that is voided later counts against the period in which it is voided, a note on the day it was committed.
    The tax adds up to what the books say. Three queries; of notes each with its taxes is read.
    """
    columns = (
        Column(N_("Tax")),
        Column(N_("Tax amount"), Unit.MONEY, is_card=True),
        Column(N_("On"), Unit.MONEY, is_card=True),
        Column(N_("Of invoices"), Unit.MONEY),
        Column(N_("Of notes"), Unit.MONEY),
    )
    sums: dict[tuple[str, Decimal], list[Decimal]] = defaultdict(lambda: [money.from_minor(0)] * 4)
    for name, percent, base, amount in _of_invoices(wish):
        own = sums[name, Decimal(percent).normalize()]
        own[0] += amount
        own[1] += base
        own[2] += amount
    for name, percent, base, amount in _of_notes(wish):
        own = sums[name, percent.normalize()]
        own[0] += amount
        own[1] += base
        own[3] += amount
    taxed = sum((own[1] for own in sums.values()), ZERO)
    income = -(db.session.scalar(_income(wish)) or ZERO)
    rows = [
        Row((name, percent), (_name(name, percent), *own)) for (name, percent), own in sorted(sums.items())
    ]  # fmt: skip
    if income != taxed:
        none = money.from_minor(0)
        rows.append(Row("", (UNTAXED, none, income - taxed, none, none)))
    return report(columns, rows)


def _name(name: str, percent: Decimal) -> str:
    """`VAT 20 %`, unless the name says its percentage itself."""
    figure = f"{percent:f}"
    return name if figure in name else f"{name} {figure} %"


def _of_invoices(wish: Wish) -> Iterable[Any]:
    rows = db.session.execute(
        sa.select(
            InvoiceTax.name, InvoiceTax.percent, Posting.verb, sa.func.sum(InvoiceTax.base), sa.func.sum(InvoiceTax.amount)
        )
        .join(Invoice, Invoice.id == InvoiceTax.invoice_id)
        .join(Posting, sa.and_(Posting.subject_type == "invoice", Posting.subject_id == Invoice.id))
        .where(Posting.verb.in_(_SIGNS), _in(wish))
        .group_by(InvoiceTax.name, InvoiceTax.percent, Posting.verb)
    )  # fmt: skip
    return [(name, percent, _SIGNS[verb] * base, _SIGNS[verb] * tax) for name, percent, verb, base, tax in rows]


def _of_notes(wish: Wish) -> Iterable[tuple[str, Decimal, Decimal, Decimal]]:
    rows = db.session.execute(
        sa.select(CreditNote.kind, Posting.verb, CreditNote.frozen["taxes"])
        .join(Posting, sa.and_(Posting.subject_type == "credit_note", Posting.subject_id == CreditNote.id))
        .where(Posting.verb.in_(["note.committed", "note.undone"]), _in(wish), CreditNote.tax_total != ZERO)
    )
    for kind, verb, taxes in rows:
        sign = (1 if kind is NoteKind.DEBIT else -1) * (1 if verb == "note.committed" else -1)
        for each in taxes or ():
            yield each["name"], Decimal(each["percent"]), sign * Decimal(each["base"]), sign * Decimal(each["amount"])


def _in(wish: Wish) -> sa.ColumnElement[bool]:
    return Posting.on_date.between(wish.period.first, wish.period.last)


def _income(wish: Wish) -> sa.Select[Any]:
    return (
        sa.select(sa.func.sum(PostingLine.amount))
        .join(Posting, Posting.id == PostingLine.posting_id)
        .where(PostingLine.account == Account.INCOME, _in(wish))
    )


def notes(wish: Wish) -> Report:
    """Notes that were committed in the period, by kind and reason, less those that were undone in it. One query."""
    columns = (
        Column(N_("Reason")),
        Column(N_("Total"), Unit.MONEY, is_card=True),
        Column(N_("Notes"), Unit.COUNT, is_card=True),
        Column(N_("Before tax"), Unit.MONEY),
        Column(N_("Tax"), Unit.MONEY),
        Column(N_("Kind")),
    )
    found = db.session.execute(
        sa.select(
            CreditNote.reason, CreditNote.kind, Posting.verb, sa.func.count(), sa.func.sum(CreditNote.subtotal),
            sa.func.sum(CreditNote.tax_total), sa.func.sum(CreditNote.total),
        )
        .join(Posting, sa.and_(Posting.subject_type == "credit_note", Posting.subject_id == CreditNote.id))
        .where(Posting.verb.in_(["note.committed", "note.undone"]), _in(wish))
        .group_by(CreditNote.reason, CreditNote.kind, Posting.verb)
    )  # fmt: skip
    sums: dict[tuple[str, NoteKind], list[Any]] = defaultdict(lambda: [0, *[money.from_minor(0)] * 3])
    for reason, kind, verb, n, *amounts in found:
        undone = -1 if verb == "note.undone" else 1
        factor = undone * (1 if kind is NoteKind.DEBIT else -1)
        own = sums[reason, kind]
        own[0] += undone * n
        own[1:] = [was + factor * amount for was, amount in zip(own[1:], amounts, strict=True)]
    rows = [
        Row((reason, kind.value), (reason or Said(N_("No reason given")), total, n, net, taxes, kind))
        for (reason, kind), (n, net, taxes, total) in sums.items()
    ]
    return report(columns, sorted(rows, key=lambda row: (-abs(row.cells[1]), str(row.cells[0]))))
