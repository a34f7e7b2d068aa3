"""A client's account: everything that moved what they owe, with the balance after each step, read from the books.

Balance is what is owed less what is held as credit, so an allocation moves nothing; a deposit that pays an invoice does.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from foundation.db import Base, db
from foundation.types import as_money
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
    steps = _steps(client_id)
    query = sa.select(steps)
    if first is not None:
        query = query.where(steps.c.on_date >= first)
    if last is not None:
        query = query.where(steps.c.on_date <= last)
    order = [steps.c.on_date, steps.c.id]
    query = query.order_by(*(c.desc() for c in order) if newest_first else order).limit(limit).offset(offset or None)
    rows = db.session.execute(query).all()
    known = _subjects((row.subject_type, row.subject_id) for row in rows)
    found = []
    for row in rows:
        number, public_id, kind = known.get((row.subject_type, row.subject_id), ("", "", None))
        found.append(
            Entry(
                row.id, row.on_date, row.verb, kind or _KINDS.get(row.verb, EntryKind.OTHER), number, row.subject_type,
                row.subject_id, public_id, row.amount, row.balance,
            )
        )  # fmt: skip
    return found


def count(client_id: int) -> int:
    """How many steps there are in all."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(_steps(client_id))) or 0


def balance_before(client_id: int, day: dt.date) -> Decimal:
    """The balance at the beginning of a day."""
    total: Decimal | None = db.session.scalar(
        sa.select(sa.func.sum(PostingLine.amount))
        .join(Posting, PostingLine.posting_id == Posting.id)
        .where(PostingLine.client_id == client_id, PostingLine.account.in_(_COUNTS), Posting.on_date < day)
    )
    return total or ZERO


def _steps(client_id: int) -> sa.Subquery:
    """(id, on_date, verb, subject, amount, balance) of every posting that moved the client's balance."""
    moved = (
        sa.select(
            Posting.id,
            Posting.on_date,
            Posting.verb,
            Posting.subject_type,
            Posting.subject_id,
            sa.func.sum(PostingLine.amount).label("amount"),
        )
        .join(PostingLine, PostingLine.posting_id == Posting.id)
        .where(PostingLine.client_id == client_id, PostingLine.account.in_(_COUNTS))
        .group_by(Posting.id, Posting.on_date, Posting.verb, Posting.subject_type, Posting.subject_id)
        .having(sa.func.sum(PostingLine.amount) != 0)
        .subquery()
    )
    balance = as_money(sa.func.sum(moved.c.amount).over(order_by=[moved.c.on_date, moved.c.id]))
    return sa.select(moved, balance.label("balance")).subquery()


_NOTE_KINDS = {
    "credit": EntryKind.CREDIT_NOTE,
    "debit": EntryKind.DEBIT_NOTE,
    "deposit": EntryKind.DEPOSIT,
}


def _subjects(wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], tuple[str, str, EntryKind | None]]:
    """{(table, id): (number, public id, kind)} of what the steps are about, a query for each table that is there."""
    ids: dict[str, list[int]] = defaultdict(list)
    for table, subject_id in wanted:
        ids[table].append(subject_id)
    found: dict[tuple[str, int], tuple[str, str, EntryKind | None]] = {}
    tables: Sequence[type[Base]] = (Invoice, CreditNote, Payment, Refund, Dispute, Allocation)
    for cls in tables:
        name = cls.__tablename__
        for row in (
            db.session.scalars(sa.select(cls).where(sa.inspect(cls).primary_key[0].in_(ids[name]))) if ids[name] else ()
        ):
            kind = _NOTE_KINDS[row.kind.value] if isinstance(row, CreditNote) else None
            about = row.payment if isinstance(row, Dispute) else row.invoice if isinstance(row, Allocation) else row
            found[name, getattr(row, "id")] = (str(about), getattr(about, "public_id", ""), kind)  # noqa: B009 -- each of these tables has one
    return found
