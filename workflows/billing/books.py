"""The proof that the books are right: the ledger against invoices, payments and notes.

Runs each night, by `flask books check`, and after every step of the random histories in the tests.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from foundation.types import as_money
from models import (
    Account,
    Allocation,
    CreditNote,
    Dispute,
    Invoice,
    InvoiceKind,
    InvoiceState,
    NoteKind,
    NoteState,
    Payment,
    PaymentState,
    Posting,
    PostingLine,
    Refund,
    RefundState,
)

ZERO = Decimal(0)
#: states of invoices that stand in the books
_ISSUED = (InvoiceState.OPEN, InvoiceState.PAID, InvoiceState.WRITTEN_OFF)


@dataclass(frozen=True)
class Difference:
    """Something that does not add up: what (with its number), what it should be and what was found."""

    what: str
    expected: Decimal
    found: Decimal

    def __str__(self) -> str:
        return f"{self.what}: {self.expected} expected, {self.found} found"


def check() -> list[Difference]:
    """Everything that does not add up; an empty list when the books are right. A fixed number of queries.

    In this order: postings that are not balanced; what each client owes, holds as credit and as deposits; income, tax
    and tips in all; invoices that are paid with more than they ask for, or whose state says something else;
    payments and notes that paid more than they are.
    """
    return [*_unbalanced(), *_of_clients(), *_in_all(), *_invoices(), *_overspent()]


def _unbalanced() -> Iterable[Difference]:
    rows = db.session.execute(
        sa.select(Posting.event_key, sa.func.coalesce(sa.func.sum(PostingLine.amount), ZERO))
        .outerjoin(PostingLine, PostingLine.posting_id == Posting.id)
        .group_by(Posting.id, Posting.event_key)
        .having(sa.func.sum(PostingLine.amount) != 0)
    )
    return [Difference(f"posting {key}", ZERO, total) for key, total in rows]


Sums = dict[int, Decimal]


def _sum_up(*statements: sa.Select[*tuple[Any, ...]]) -> Sums:
    """{client id: the sum of what the statements give}."""
    found: Sums = defaultdict(lambda: ZERO)
    for statement in statements:
        for client_id, amount in db.session.execute(statement):
            found[client_id] += amount or ZERO
    return found


def _of_clients() -> Iterable[Difference]:
    stands: Mapping[Account, Sums] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for account, client_id, amount in db.session.execute(
        sa.select(PostingLine.account, PostingLine.client_id, sa.func.sum(PostingLine.amount)).group_by(
            PostingLine.account, PostingLine.client_id
        )
    ):
        stands[account][client_id or 0] = amount
    total: Callable[[Any], Any] = sa.func.sum
    client = Invoice.client_id
    allocated = sa.select(Allocation.client_id, as_money(-total(Allocation.amount))).group_by(Allocation.client_id)
    owed = _sum_up(
        sa.select(client, as_money(total(Invoice.total + Invoice.debited - Invoice.written_off)))
        .where(Invoice.state.in_(_ISSUED))
        .group_by(client),
        allocated,
    )
    of_deposits = allocated.join(CreditNote, Allocation.note_id == CreditNote.id).where(
        CreditNote.kind == NoteKind.DEPOSIT
    )
    notes = (
        sa.select(CreditNote.client_id, total(CreditNote.total))
        .where(CreditNote.state == NoteState.COMMITTED)
        .group_by(CreditNote.client_id)
    )
    held = _sum_up(notes.where(CreditNote.kind == NoteKind.DEPOSIT), of_deposits)
    good = Payment.state == PaymentState.RECEIVED
    credit = _sum_up(
        sa.select(Payment.client_id, total(Payment.amount)).where(good).group_by(Payment.client_id),
        sa.select(Payment.client_id, as_money(-total(Refund.amount - Refund.tip_amount)))
        .join(Refund, Refund.payment_id == Payment.id)
        .where(good, Refund.state != RefundState.FAILED)
        .group_by(Payment.client_id),
        sa.select(Payment.client_id, as_money(-total(Dispute.amount_lost)))
        .join(Dispute, Dispute.payment_id == Payment.id)
        .where(good)
        .group_by(Payment.client_id),
        notes.where(CreditNote.kind == NoteKind.CREDIT),
        allocated,
    )
    for client_id, amount in _sum_up(of_deposits).items():  # not out of their credit
        credit[client_id] -= amount
    for account, expected, sign in (
        (Account.RECEIVABLE, owed, 1),
        (Account.CLIENT_CREDIT, credit, -1),
        (Account.DEPOSITS_HELD, held, -1),
    ):
        for client_id in sorted({*expected, *stands[account]}):
            wanted, found = sign * expected.get(client_id, ZERO), stands[account].get(client_id, ZERO)
            if wanted != found:
                yield Difference(f"{account.value} of client {client_id}", wanted, found)


def _in_all() -> Iterable[Difference]:
    stands = dict(
        db.session.execute(
            sa.select(PostingLine.account, sa.func.sum(PostingLine.amount)).group_by(PostingLine.account)
        ).all()
    )
    issued = Invoice.state.in_(_ISSUED), Invoice.kind == InvoiceKind.STANDARD
    subtotal, tax = db.session.execute(
        sa.select(sa.func.sum(Invoice.subtotal), sa.func.sum(Invoice.tax_total)).where(*issued)
    ).one()
    income, taxes = subtotal or ZERO, tax or ZERO
    # Notes about an invoice that was voided afterwards stay: what they gave or asked for is undone by nothing.
    for kind, sign in ((NoteKind.CREDIT, -1), (NoteKind.DEBIT, 1)):
        net, of_tax = db.session.execute(
            sa.select(sa.func.sum(CreditNote.subtotal), sa.func.sum(CreditNote.tax_total)).where(
                CreditNote.kind == kind, CreditNote.state == NoteState.COMMITTED
            )
        ).one()
        income, taxes = income + sign * (net or ZERO), taxes + sign * (of_tax or ZERO)
    for account, expected in ((Account.INCOME, -income), (Account.TAX_PAYABLE, -taxes)):
        if expected != stands.get(account, ZERO):
            yield Difference(account.value, expected, stands.get(account, ZERO))


def _invoices() -> Iterable[Difference]:
    paid = sa.func.coalesce(sa.func.sum(Allocation.amount), ZERO)
    asked = as_money(Invoice.total + Invoice.debited - Invoice.written_off)
    rows = db.session.execute(
        sa.select(Invoice.number, Invoice.state, asked, paid)
        .outerjoin(Allocation, Allocation.invoice_id == Invoice.id)
        .where(Invoice.state != InvoiceState.DRAFT)
        .group_by(Invoice.id, Invoice.number, Invoice.state, Invoice.total, Invoice.debited, Invoice.written_off)
    )
    for number, state, wanted, amount in rows:
        fine = {
            InvoiceState.OPEN: ZERO <= amount < wanted,
            InvoiceState.PAID: amount == wanted,
            InvoiceState.WRITTEN_OFF: amount == wanted,
            InvoiceState.VOID: amount == ZERO,
        }[state]
        if not fine:
            yield Difference(
                f"invoice {number} ({state.value})", wanted if state is not InvoiceState.VOID else ZERO, amount
            )


def _overspent() -> Iterable[Difference]:
    from workflows.billing import sums

    for name, left in (
        ("payment", sums.payments_left(db.session.scalars(sa.select(Payment.id)).all())),
        ("note", sums.notes_left(db.session.scalars(sa.select(CreditNote.id)).all())),
    ):
        for number, amount in left.items():
            if amount < ZERO:
                yield Difference(f"{name} {number}", ZERO, amount)
