"""A client's account: everything that moved what they owe, with the balance after each step, read from the books.

Balance is what is owed less what is held as credit, so an allocation moves nothing; a deposit that pays an invoice does.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

import sqlalchemy as sa

from foundation.among import among
from foundation.db import db, rows_of
from foundation.fixed import fixed
from foundation.types import Money, as_money
from models import Account, Allocation, CreditNote, Dispute, Invoice, Payment, Posting, PostingLine, Refund
from workflows.billing.papers import EntryKind

ZERO = Decimal(0)
_COUNTS = (Account.RECEIVABLE, Account.CLIENT_CREDIT)

_KINDS: dict[str, EntryKind] = {
    "invoice.issued": EntryKind.INVOICE,
    "invoice.voided": EntryKind.VOIDED_INVOICE,
    "invoice.written_off": EntryKind.WRITE_OFF,
    "payment.received": EntryKind.PAYMENT,
    "payment.returned": EntryKind.REVERSED_PAYMENT,
    "payment.voided": EntryKind.REVERSED_PAYMENT,
    "dispute.lost": EntryKind.REVERSED_PAYMENT,
    "refund.taken": EntryKind.REFUND,
    "allocation.made": EntryKind.DEPOSIT,
}


@dataclass(frozen=True)
class Entry:
    """One step: what it was, its number, what it added to (or, below zero, took off) the balance, and that after it."""

    posting_id: int
    on_date: dt.date
    verb: str
    kind: EntryKind
    number: str
    #: the row it is about: table and id, and the public id of one that has a page
    subject_type: str
    subject_id: int
    public_id: str
    amount: Decimal
    balance: Decimal
    #: of a refund: the payment on whose page it stands
    payment_id: int | None = None


def entries(
    client_id: int,
    *,
    first: dt.date | None = None,
    last: dt.date | None = None,
    limit: int | None = None,
    offset: int = 0,
    newest_first: bool = True,
) -> list[Entry]:
    """What moved this client's balance, newest first unless said otherwise, with a fixed number of queries.

    The balances count from the beginning of the account, whatever part of it is asked for.
    """
    asked = {"client_id": client_id, "first": first, "last": last, "limit": limit, "offset": offset or None}
    page = _page(
        newest_first=newest_first, has_first=first is not None, has_last=last is not None,
        has_limit=limit is not None, has_offset=bool(offset),
    )  # fmt: skip
    rows = rows_of(page, {name: value for name, value in asked.items() if value is not None})
    known = _subjects((row.subject_type, row.subject_id) for row in rows)
    balance = (rows[0].edge or ZERO) if rows else ZERO
    found = []
    for row in rows:
        about = known.get((row.subject_type, row.subject_id), _UNKNOWN)
        if not newest_first:
            balance += row.amount
        found.append(
            Entry(
                row.id, row.on_date, row.verb, about.kind or _KINDS.get(row.verb, EntryKind.OTHER), about.number,
                row.subject_type, row.subject_id, about.public_id, row.amount, balance, about.payment_id,
            )
        )  # fmt: skip
        if newest_first:
            balance -= row.amount
    return found


def count(client_id: int) -> int:
    """How many steps there are in all."""
    walk = _walk(newest_first=True, has_first=False, has_last=False).order_by(None).subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(walk), {"client_id": client_id}) or 0


def balance_before(client_id: int, day: dt.date) -> Decimal:
    """The balance at the beginning of a day."""
    total: Decimal | None = db.session.scalar(_BALANCE_BEFORE, {"client_id": client_id, "first": day})
    return total or ZERO


# Statements are built once: putting one together takes longer than the database takes to answer it.
#
# A page is walked from its end of the index of the client's postings, and each posting is asked for its amount; the
# balance at that end is one sum. A window over the whole account took a hundred times as long for 1,000 invoices.

_CLIENT_ID = sa.bindparam("client_id", type_=sa.Integer)
_OF_CLIENT = PostingLine.client_id == _CLIENT_ID, PostingLine.account.in_(_COUNTS)
_BALANCE = sa.select(sa.func.sum(PostingLine.amount)).where(*_OF_CLIENT)
_DATED = _BALANCE.join(Posting, PostingLine.posting_id == Posting.id)
_FIRST, _LAST = sa.bindparam("first", type_=sa.Date), sa.bindparam("last", type_=sa.Date)
_BALANCE_BEFORE = _DATED.where(Posting.on_date < _FIRST)
_BALANCE_UNTIL = _DATED.where(Posting.on_date <= _LAST)


def _walk(*, newest_first: bool, has_first: bool, has_last: bool) -> sa.Select[Any]:
    """Every posting that moved the client's balance, with its amount, in the order that is asked for."""
    amount = sa.select(sa.func.sum(PostingLine.amount)).where(PostingLine.posting_id == Posting.id, *_OF_CLIENT)
    columns = (Posting.id, Posting.on_date, Posting.verb, Posting.subject_type, Posting.subject_id)
    steps = sa.select(*columns, amount.scalar_subquery().label("amount")).where(Posting.client_id == _CLIENT_ID)
    if has_first:
        steps = steps.where(Posting.on_date >= _FIRST)
    if has_last:
        steps = steps.where(Posting.on_date <= _LAST)
    moved = steps.subquery()
    order = (moved.c.on_date, moved.c.id)
    walk = sa.select(moved).where(moved.c.amount != ZERO)
    return walk.order_by(*(c.desc() for c in order) if newest_first else order)


@cache
def _page(*, newest_first: bool, has_first: bool, has_last: bool, has_limit: bool, has_offset: bool) -> sa.Select[Any]:
    """A part of the account; each row also has the balance at the end that the part begins at (`edge`, None for 0)."""
    walk = _walk(newest_first=newest_first, has_first=has_first, has_last=has_last)
    edge: sa.ColumnElement[Decimal]
    if newest_first:
        edge = (_BALANCE_UNTIL if has_last else _BALANCE).scalar_subquery()
    else:
        edge = _BALANCE_BEFORE.scalar_subquery() if has_first else sa.literal(ZERO, Money)
    if has_offset:
        offset = sa.bindparam("offset", type_=sa.Integer)
        passed = walk.limit(offset).subquery("passed")
        sum_passed = sa.func.coalesce(sa.select(sa.func.sum(passed.c.amount)).scalar_subquery(), ZERO)
        start = sa.func.coalesce(edge, ZERO)
        edge = as_money(start - sum_passed if newest_first else start + sum_passed)
        walk = walk.offset(offset)
    if has_limit:
        walk = walk.limit(sa.bindparam("limit", type_=sa.Integer))
    return fixed(walk.add_columns(edge.label("edge")))


_NOTE_KINDS = {
    "credit": EntryKind.CREDIT_NOTE,
    "debit": EntryKind.DEBIT_NOTE,
    "deposit": EntryKind.DEPOSIT,
}


@dataclass(frozen=True)
class _About:
    """What a step is about, as the account shows it; `payment_id` is a refund's, which has no page of its own."""

    number: str = ""
    public_id: str = ""
    kind: EntryKind | None = None
    payment_id: int | None = None


_UNKNOWN = _About()
#: {table: (class, whose number it shows, how it is joined, what stands where that has no number)}
_TABLES: dict[str, tuple[Any, Any, Any, str]] = {
    "invoice": (Invoice, Invoice, None, "draft"),
    "credit_note": (CreditNote, CreditNote, None, "open"),
    "payment": (Payment, Payment, None, ""),
    "refund": (Refund, Refund, None, ""),
    "dispute": (Dispute, Payment, Dispute.payment_id == Payment.id, ""),
    "allocation": (Allocation, Invoice, Allocation.invoice_id == Invoice.id, "draft"),
}


def _subjects(wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], _About]:
    """What the steps are about, with one query."""
    ids: dict[str, list[int]] = defaultdict(list)
    for table, subject_id in wanted:
        if table in _TABLES:
            ids[table].append(subject_id)
    if not ids:
        return {}
    rows = rows_of(_named(tuple(sorted(ids))), {f"{table}_ids": keys for table, keys in ids.items()})
    return {
        (r.of, r.id): _About(r.number or _TABLES[r.of][3] or r.public_id, r.public_id, _NOTE_KINDS.get(r.kind), r.payment_id)
        for r in rows
    }  # fmt: skip


@cache
def _named(tables: tuple[str, ...]) -> Any:  # noqa: ANN401 -- a select, or several as one
    """Number, public id and the like of rows of these tables, all of the same shape."""
    parts = []
    for name in tables:
        of, shown, joined, _none = _TABLES[name]
        kind = sa.cast(CreditNote.kind, sa.String) if of is CreditNote else sa.cast(sa.null(), sa.String)
        payment = Refund.payment_id if of is Refund else sa.cast(sa.null(), sa.Integer)
        part = sa.select(
            sa.cast(sa.literal(name), sa.String).label("of"), of.id, shown.number, shown.public_id,
            kind.label("kind"), payment.label("payment_id"),
        ).where(among(of.id, f"{name}_ids"))  # fmt: skip
        parts.append(part if joined is None else part.join(shown, joined))
    return fixed(sa.union_all(*parts) if len(parts) > 1 else parts[0])
