"""What is owed, paid and left over: figures that are never stored, always summed up."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

import sqlalchemy as sa

from foundation import clock
from foundation.among import among, among_query
from foundation.db import db, rows_of
from foundation.fixed import fixed
from foundation.types import as_money
from models import (
    Account,
    Allocation,
    CreditNote,
    Dispute,
    Invoice,
    InvoiceState,
    NoteKind,
    NoteState,
    Payment,
    PaymentState,
    PostingLine,
    Refund,
    RefundState,
)
from workflows.billing import ledger

ZERO = Decimal(0)


@dataclass(frozen=True)
class InvoiceSums:
    """One invoice's figures: all that is to be paid, what payments and notes paid of it, what is still owed."""

    payable: Decimal
    paid: Decimal
    credited: Decimal
    outstanding: Decimal


_invoice, _allocation = Invoice.__table__.c, Allocation.__table__.c
#: built once, of the tables' own columns: every page with invoices asks
_INVOICE_SUMS = (
    sa.select(
        _invoice.id, _invoice.state, _invoice.total, _invoice.debited, _invoice.written_off,
        *(
            sa.func.coalesce(sa.func.sum(sa.case((source.is_not(None), _allocation.amount), else_=sa.null())), ZERO)
            for source in (_allocation.payment_id, _allocation.note_id)
        ),
    )
    .outerjoin(Allocation.__table__, _allocation.invoice_id == _invoice.id)
    .where(among(_invoice.id, "invoice_ids"))
    .group_by(_invoice.id, _invoice.state, _invoice.total, _invoice.debited, _invoice.written_off)
)  # fmt: skip


def invoice_sums(invoice_ids: Iterable[int]) -> dict[int, InvoiceSums]:
    """The figures of these invoices, with one query. Nothing is outstanding of drafts and of void invoices."""
    found: dict[int, InvoiceSums] = {}
    for row in rows_of(_INVOICE_SUMS, {"invoice_ids": list(invoice_ids)}):
        invoice_id, state, total, debited, written_off, paid, credited = row
        counts = state not in {InvoiceState.DRAFT, InvoiceState.VOID}
        outstanding = total + debited - written_off - paid - credited if counts else ZERO
        found[invoice_id] = InvoiceSums(total + debited, paid, credited, outstanding)
    return found


def outstanding(invoice: Invoice) -> Decimal:
    """What is still owed of one invoice."""
    return invoice_sums([invoice.id])[invoice.id].outstanding


def allocated() -> sa.Subquery:
    """(invoice_id, amount) of all invoices that something was allocated to; for lists that join it."""
    return (
        sa.select(Allocation.invoice_id, sa.func.sum(Allocation.amount).label("amount"))
        .group_by(Allocation.invoice_id)
        .subquery("allocated")
    )


def unallocated(source: Payment | CreditNote) -> Decimal:
    """What a payment or note has left: credit on account until it pays an invoice or goes back."""
    if isinstance(source, Payment):
        return payments_left([source.id])[source.id]
    return notes_left([source.id])[source.id]


def payments_left(payment_ids: Iterable[int]) -> dict[int, Decimal]:
    """What these payments have left: less allocations, refunds that did not fail, disputes that were lost.

    Nothing is left of a payment that was returned or voided.
    """
    ids = list(payment_ids)
    spent: dict[int | None, Decimal] = {**dict.fromkeys(ids, ZERO)}
    for statement in (
        sa.select(Allocation.payment_id, sa.func.sum(Allocation.amount))
        .where(Allocation.payment_id.in_(ids))
        .group_by(Allocation.payment_id),
        sa.select(Refund.payment_id, as_money(sa.func.sum(Refund.amount - Refund.tip_amount)))
        .where(Refund.payment_id.in_(ids), Refund.state != RefundState.FAILED)
        .group_by(Refund.payment_id),
        sa.select(Dispute.payment_id, sa.func.sum(Dispute.amount_lost))
        .where(Dispute.payment_id.in_(ids))
        .group_by(Dispute.payment_id),
    ):
        for payment_id, amount in db.session.execute(statement):
            spent[payment_id] += amount
    rows = db.session.execute(sa.select(Payment.id, Payment.state, Payment.amount).where(Payment.id.in_(ids)))
    return {
        payment_id: amount - spent[payment_id] if state is PaymentState.RECEIVED else ZERO
        for payment_id, state, amount in rows
    }


def notes_left(note_ids: Iterable[int]) -> dict[int, Decimal]:
    """What these notes have left to pay invoices with; nothing before they are committed, and never of debit notes."""
    ids = list(note_ids)
    spent: dict[int | None, Decimal] = dict.fromkeys(ids, ZERO)
    spent |= dict(
        db.session.execute(
            sa.select(Allocation.note_id, sa.func.sum(Allocation.amount))
            .where(Allocation.note_id.in_(ids))
            .group_by(Allocation.note_id)
        ).all()
    )
    rows = db.session.execute(
        sa.select(CreditNote.id, CreditNote.kind, CreditNote.state, CreditNote.total).where(CreditNote.id.in_(ids))
    )
    return {
        note_id: total - spent[note_id] if state is NoteState.COMMITTED and kind is not NoteKind.DEBIT else ZERO
        for note_id, kind, state, total in rows
    }


# ----------------------------------------------------------------------------------------------------------- clients


@dataclass(frozen=True)
class ClientMoney:
    """Where a client stands: what is owed in all, of it what is overdue and not yet due, and what they hold with us."""

    owed: Decimal
    overdue: Decimal
    not_yet_due: Decimal
    credit: Decimal
    deposits: Decimal

    @property
    def balance(self) -> Decimal:
        """What is owed less what is held as credit; below zero the account is in credit. Deposits stand apart."""
        return self.owed - self.credit


class Stands(NamedTuple):
    """What a client owes, and the credit and deposits that they hold with us, as they stand in the books."""

    owed: Decimal
    credit: Decimal
    deposits: Decimal


def stands_of(client_id: Any) -> list[Any]:  # noqa: ANN401 -- a parameter or column, and SQL
    """The three sums for a bigger statement, as debits less credits, None for 0: what clients hold is below zero."""
    amounts = sa.select(sa.func.sum(PostingLine.amount)).where(PostingLine.client_id == client_id)
    accounts = (Account.RECEIVABLE, Account.CLIENT_CREDIT, Account.DEPOSITS_HELD)
    return [amounts.where(PostingLine.account == account).scalar_subquery() for account in accounts]


def client_money(client_id: int, stands: Stands | None = None) -> ClientMoney:
    """Where this client stands, with two queries however long the history is; one, where the books' sums are known."""
    if stands is None:
        found = ledger.client_balances([client_id])[client_id]
        held = (-found.get(account, ZERO) for account in (Account.CLIENT_CREDIT, Account.DEPOSITS_HELD))
        stands = Stands(found.get(Account.RECEIVABLE, ZERO), *held)
    overdue = sum((amount for due, amount in open_by_due_date(client_id) if due and due < clock.today()), ZERO)
    return ClientMoney(
        owed=stands.owed,
        overdue=overdue,
        not_yet_due=stands.owed - overdue,
        credit=stands.credit,
        deposits=stands.deposits,
    )


def owed_by(client_ids: Iterable[int]) -> dict[int, tuple[Decimal, Decimal]]:
    """(owed, credit) of each of these clients, with one query: for lists."""
    return {
        client_id: (stands.get(Account.RECEIVABLE, ZERO), -stands.get(Account.CLIENT_CREDIT, ZERO))
        for client_id, stands in ledger.client_balances(client_ids).items()
    }


def open_by_due_date(client_id: int) -> list[tuple[dt.date | None, Decimal]]:
    """What is outstanding of a client on each due date."""
    return [(due, amount) for due, amount in rows_of(_OPEN_OF_CLIENT, {"client_id": client_id})]


_CHARGED = Invoice.total + Invoice.debited - Invoice.written_off


def _paid() -> Any:  # noqa: ANN401 -- an SQL expression
    """What was paid of an invoice, to be asked of each."""
    return (
        sa.select(sa.func.coalesce(sa.func.sum(Allocation.amount), ZERO))
        .where(Allocation.invoice_id == Invoice.id)
        .scalar_subquery()
    )


def _open() -> sa.Select[dt.date | None, Decimal]:
    asked = sa.func.sum(_CHARGED - _paid())
    return (
        sa.select(Invoice.due_on, as_money(asked).label("amount"))
        .where(Invoice.state == InvoiceState.OPEN)
        .group_by(Invoice.due_on)
    )


#: built once: putting a statement together takes longer than the database takes to answer it
_OPEN_OF_CLIENT = fixed(_open().where(Invoice.client_id == sa.bindparam("client_id", type_=sa.Integer)))

#: the last day of each step of ageing after the due date; None is beyond
AGES = (0, 30, 60, 90, None)


def open_by_age() -> tuple[dict[int | None, Decimal], int]:
    """What clients owe in all by age (see `by_age`), and of how many open invoices it is the sum; one query.

    Added up by the database: a row for each of some hundred due dates took longer than all the rest of it.
    """
    ((n, *amounts),) = rows_of(_BY_AGE, _last_days())
    return {age: amount or ZERO for age, amount in zip(AGES, amounts, strict=True)}, n


def late(days: Mapping[str, Any], due: sa.ColumnElement[Any] | None = None) -> list[Any]:
    """Conditions on invoices that cut them by age as `by_age` does, in the order of AGES; `days` as `_last_days` says. `due` is
    the column of their due dates where it is not the table's own."""
    on: Any = Invoice.due_on if due is None else due
    ends = list(days.values())
    between = [sa.and_(on >= end, on < before) for before, end in pairwise(ends)]
    return [sa.or_(on >= ends[0], on.is_(None)), *between, on < ends[-1]]


def late_now() -> list[Any]:
    """The same for today."""
    return late(_last_days())


def _last_days() -> dict[str, dt.date]:
    """The oldest due date of each age but the last."""
    return {f"late_{age}": clock.today() - dt.timedelta(days=age) for age in AGES if age is not None}


def _all_by_age() -> sa.Select[*tuple[Any, ...]]:
    """What is left of each open invoice, added up by age. The payments of all of them are looked up by their numbers as one
    list, which is found first: joined with the open invoices, PostgreSQL read the allocations of all years, with two more
    processes; asked of each invoice by itself, they took a third longer."""
    is_open = Invoice.state == InvoiceState.OPEN
    paid = (
        sa.select(Allocation.invoice_id, sa.func.sum(Allocation.amount).label("amount"))
        .where(among_query(Allocation.invoice_id, sa.select(Invoice.id).where(is_open)))
        .group_by(Allocation.invoice_id)
        .subquery("paid")
    )
    left = sa.select(Invoice.due_on, (_CHARGED - sa.func.coalesce(paid.c.amount, ZERO)).label("amount"))
    of = left.outerjoin(paid, paid.c.invoice_id == Invoice.id).where(is_open).subquery("left")
    days = {name: sa.bindparam(name, type_=sa.Date) for name in _last_days()}
    amounts = (as_money(sa.func.sum(sa.case((is_late, of.c.amount)))) for is_late in late(days, of.c.due_on))
    return fixed(sa.select(sa.func.count(), *amounts).select_from(of))


_BY_AGE = _all_by_age()


def by_age(owed: Iterable[tuple[dt.date | None, Decimal]]) -> dict[int | None, Decimal]:
    """{0: not yet due, 30: up to 30 days late, 60: …, 90: …, None: later than that}."""
    found: dict[int | None, Decimal] = dict.fromkeys(AGES, ZERO)
    today = clock.today()
    for due, amount in owed:
        late = (today - due).days if due else 0
        found[next((age for age in AGES if age is not None and late <= age), None)] += amount
    return found
