"""Rows for the books: five years of invoices, nearly all paid, with their payments and the postings of both.

Everybody is invoiced each quarter; the client whose portal is measured was lately invoiced for each visit by itself. The
last weeks are not invoiced yet, so that the billing run has something to do.
"""

import datetime as dt
import secrets
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from foundation import clock
from models import Account, InvoiceState, LineKind, PaymentKind, PaymentState

#: days up to today that are on no invoice yet, and visits that the measured client got an invoice for each
NOT_YET, SINGLE = 31, 1_000
PRICE, CURRENCY = Decimal(24), "USD"
DUE, PAID_AFTER = dt.timedelta(days=14), dt.timedelta(days=6)

Rows = tuple[str, Sequence[str], Iterable[tuple[Any, ...]]]
_INVOICE = (
    "id", "public_id", "client_id", "state", "sequence", "number", "subtotal", "total", "currency", "issued_on",
    "issued_at", "sent_at", "due_on", "first_on", "last_on", "created_at", "version",
)  # fmt: skip
_LINE = (
    "id", "public_id", "invoice_id", "position", "kind", "job_id", "service_item_id", "on_date", "description",
    "unit_price", "amount",
)  # fmt: skip
_PAYMENT = (
    "id", "public_id", "client_id", "kind", "state", "sequence", "number", "amount", "currency", "received_on",
    "reference", "created_at", "version",
)  # fmt: skip
_ALLOCATION = ("id", "client_id", "invoice_id", "payment_id", "amount", "created_at")
_POSTING = ("id", "at", "on_date", "verb", "event_key", "client_id", "subject_type", "subject_id", "memo")


@dataclass(frozen=True, slots=True)
class Bill:
    """One invoice: its visits (id, day, item), packed: three times the large business has millions of them."""

    number: int
    client_id: int
    packed: "array[int]"
    is_paid: bool

    @property
    def visits(self) -> Iterator[tuple[int, dt.date, int]]:
        of = self.packed
        return ((of[n], dt.date.fromordinal(of[n + 1]), of[n + 2]) for n in range(0, len(of), 3))

    @property
    def first_on(self) -> dt.date:
        return dt.date.fromordinal(self.packed[1])

    @property
    def last_on(self) -> dt.date:
        return dt.date.fromordinal(self.packed[-2])

    @property
    def issued_on(self) -> dt.date:
        return self.last_on + dt.timedelta(days=1)

    @property
    def total(self) -> Decimal:
        return PRICE * (len(self.packed) // 3)


def plan(visits: Iterable[tuple[int, int, dt.date, int]], *, single: int, today: dt.date) -> list[Bill]:
    """Invoices of these visits (id, client, day, item), which come day by day; the client `single` is invoiced often."""
    often = today - dt.timedelta(days=NOT_YET + SINGLE)
    found: dict[tuple[int, dt.date], array[int]] = defaultdict(lambda: array("I"))
    for job_id, client_id, day, item in visits:
        if day >= today - dt.timedelta(days=NOT_YET):
            break
        is_single = client_id == single and day >= often
        key = day if is_single else dt.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
        found[client_id, key].extend((job_id, day.toordinal(), item))
    ordered = sorted(found.items(), key=lambda of: (of[1][-2], of[0]))
    return [Bill(n, client_id, packed, n % 97 > 0) for n, ((client_id, _key), packed) in enumerate(ordered, 1)]


def tables(bills: Sequence[Bill], names: Sequence[str]) -> Iterator[Rows]:
    """Table, columns, rows. `names` of the services, the first one's number is 1."""
    paid = [b for b in bills if b.is_paid]
    yield "invoice", _INVOICE, (_invoice(b) for b in bills)
    yield "invoice_line", _LINE, _lines(bills, names)
    yield "payment", _PAYMENT, (_payment(n, b) for n, b in enumerate(paid, 1))
    yield (
        "allocation",
        _ALLOCATION,
        ((n, b.client_id, b.number, n, b.total, _paid_at(b)) for n, b in enumerate(paid, 1)),
    )
    yield "counter", ("name", "value"), [("invoice", len(bills)), ("receipt", len(paid))]
    yield "posting", _POSTING, (row for row, _sides in _postings(bills, paid))
    yield "posting_line", ("id", "posting_id", "account", "client_id", "amount"), _sides(bills, paid)


def _issued_at(bill: Bill) -> dt.datetime:
    return clock.from_local(bill.issued_on, dt.time(9))


def _paid_at(bill: Bill) -> dt.datetime:
    return clock.from_local(bill.issued_on + PAID_AFTER, dt.time(10))


def _invoice(b: Bill) -> tuple[Any, ...]:
    at, state = _issued_at(b), InvoiceState.PAID if b.is_paid else InvoiceState.OPEN
    return (
        b.number, secrets.token_urlsafe(9), b.client_id, state, b.number, str(b.number), b.total, b.total, CURRENCY,
        b.issued_on, at, at, b.issued_on + DUE, b.first_on, b.last_on, at, 1,
    )  # fmt: skip


def _lines(bills: Iterable[Bill], names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    n = 0
    for b in bills:
        for position, (job_id, day, item) in enumerate(b.visits):
            n += 1
            yield (
                n, secrets.token_urlsafe(9), b.number, position, LineKind.VISIT, job_id, item, day, names[item - 1],
                PRICE, PRICE,
            )  # fmt: skip


def _payment(n: int, b: Bill) -> tuple[Any, ...]:
    kind = (PaymentKind.CHEQUE, PaymentKind.TRANSFER, PaymentKind.CASH)[n % 3]
    return (
        n, secrets.token_urlsafe(9), b.client_id, kind, PaymentState.RECEIVED, n, f"R-{n}", b.total, CURRENCY,
        b.issued_on + PAID_AFTER, "", _paid_at(b), 1,
    )  # fmt: skip


def _postings(
    bills: Sequence[Bill], paid: Sequence[Bill]
) -> Iterator[tuple[tuple[Any, ...], tuple[int, Decimal, Account, Account]]]:
    """Each posting with its two sides: (client, amount, debit, credit)."""
    n = 0
    for of, verb, table, debit, credit in (
        (bills, "invoice.issued", "invoice", Account.RECEIVABLE, Account.INCOME),
        (paid, "payment.received", "payment", Account.CASH, Account.CLIENT_CREDIT),
        (paid, "allocation.made", "allocation", Account.CLIENT_CREDIT, Account.RECEIVABLE),
    ):
        for k, b in enumerate(of, 1):
            n += 1
            at, day = (_issued_at(b), b.issued_on) if table == "invoice" else (_paid_at(b), b.issued_on + PAID_AFTER)
            yield (n, at, day, verb, f"{verb}:{k}", b.client_id, table, k, ""), (b.client_id, b.total, debit, credit)


def _sides(bills: Sequence[Bill], paid: Sequence[Bill]) -> Iterator[tuple[Any, ...]]:
    n = 0
    for row, (client_id, total, debit, credit) in _postings(bills, paid):
        for account, amount in ((debit, total), (credit, -total)):
            n += 1
            yield n, row[0], account, client_id, amount
