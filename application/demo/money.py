"""The demo's books: a year of monthly invoices that are nearly all paid, and the last weeks as they are in real life.

The months that are over are written in one go, as the visits of `year` are; `books.check` proves that they agree. What is
still alive (drafts, a part payment, credit, a write-off) goes through the workflows.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from application.demo.bulk import Ids, insert
from application.demo.past import at
from foundation import clock
from foundation.db import Base, db
from models import (
    Account,
    Allocation,
    Client,
    Counter,
    DueKind,
    Invoice,
    InvoiceLine,
    InvoiceState,
    Job,
    JobState,
    LineKind,
    Payment,
    PaymentKind,
    PaymentTerms,
    Posting,
    PostingLine,
    ServiceItem,
    VisitPackage,
)
from workflows import settings
from workflows.actors import Actor
from workflows.billing import drafting, due, invoice_papers, invoicing, notes, numbers, recording, set_up, visit_lines

SETTINGS = {
    "billing.bank_details": "Maple Lane Pet Care\nFirst Bank of Brookmere\nRouting 000000000, account 0012345678",
    "billing.terms_text": "By bank transfer, check or card in the portal.",
    "billing.footer_note": "Thank you for trusting us with your animals.",
    "reminders.on": True,
}
#: name, kind, days, default
TERMS = (
    ("Monthly, 14 days", DueKind.AFTER_SENT, 14, True),
    ("Weekly, 7 days", DueKind.AFTER_SENT, 7, False),
    ("Vacation, 7 days before", DueKind.BEFORE_SERVICE, 7, False),
)
#: of a hundred invoices of the last month, so many are still open; of earlier months nearly none
LATE = 7
N_KNOWN = 2
WAYS = (PaymentKind.TRANSFER, PaymentKind.TRANSFER, PaymentKind.CHEQUE, PaymentKind.CASH)


def set_up_billing(items: dict[str, ServiceItem], *, actor: Actor) -> None:
    """Terms, a package of walks, the words on invoices."""
    settings.change(SETTINGS, actor=actor)
    for name, kind, days, is_default in TERMS:
        values = {"name": name, "kind": kind, "days": days, "is_default": is_default}
        set_up.save_terms(PaymentTerms(), values, actor=actor)
    ten = {"name": "Ten walks", "service_item": items["Walk30"], "n_visits": 10, "price": items["Walk30"].price * 9, "valid_days": 180}  # fmt: skip
    set_up.save_package(VisitPackage(), ten, actor=actor)


def bill_the_year(random: Random) -> int:
    """Invoices of every month before this one for all clients who had visits; how many."""
    return _Year(random).bill()


class _Year:
    """Rows for the months that are over."""

    def __init__(self, random: Random) -> None:
        self.random, self.ids = random, Ids()
        self.first_of_month = clock.today().replace(day=1)
        self.last_month = (self.first_of_month - dt.timedelta(days=1)).replace(day=1)
        self.rows: dict[type[Base], list[dict[str, Any]]] = defaultdict(list)
        self.n_invoices = self.n_receipts = 0
        self.names = {item.id: item.name for item in db.session.scalars(sa.select(ServiceItem))}

    def bill(self) -> int:
        jobs = db.session.execute(
            sa.select(Job.client_id, Job.id, Job.on_date, Job.state, Job.price, Job.service_item_id)
            .where(visit_lines.to_invoice(), Job.on_date < self.first_of_month)
            .order_by(Job.on_date, Job.id)
        ).all()
        by_month: dict[tuple[dt.date, int], list[Any]] = defaultdict(list)
        for job in jobs:
            by_month[job.on_date.replace(day=1), job.client_id].append(job)
        ids = {client_id for _month, client_id in by_month}
        clients = {c.id: c for c in db.session.scalars(sa.select(Client).where(Client.id.in_(ids)))}
        frozen = {i: invoice_papers.freeze(c, terms=due.terms_for(c)) for i, c in clients.items()}
        for month, client_id in sorted(by_month):
            self._invoice(clients[client_id], month, by_month[month, client_id], frozen[client_id])
        for kind, rows in self.rows.items():
            for _keys, same in groupby(rows, key=lambda row: tuple(sorted(row))):
                insert(_table(kind), list(same))
        self.ids.settle()
        for name, value in (("invoice", self.n_invoices), ("receipt", self.n_receipts)):
            if value:
                db.session.add(Counter(name=name, value=value))
        db.session.flush()
        return self.n_invoices

    def _invoice(self, client: Client, month: dt.date, jobs: Sequence[Any], frozen: dict[str, Any]) -> None:
        issued_on = (month + dt.timedelta(days=32)).replace(day=1)
        issued_at = clock.from_local(issued_on, dt.time(9, 15))
        total = sum((job.price for job in jobs), Decimal(0))
        if not total or issued_at >= clock.now():
            return
        self.n_invoices += 1
        invoice_id, due_on = self.ids.next(_table(Invoice)), issued_on + dt.timedelta(days=14)
        number = f"{settings.read()['billing.invoice_prefix']}{self.n_invoices}"
        is_late = self.random.randrange(100) < (LATE if month == self.last_month else 0)
        self.rows[Invoice].append({
            "id": invoice_id, "client_id": client.id, "state": InvoiceState.OPEN if is_late else InvoiceState.PAID,
            "sequence": self.n_invoices, "number": number, "due_on": due_on, "issued_on": issued_on,
            "issued_at": issued_at, "sent_at": issued_at, "first_on": jobs[0].on_date, "last_on": jobs[-1].on_date,
            "subtotal": total, "total": total, "currency": "USD", "frozen": frozen, "created_at": issued_at,
        })  # fmt: skip
        self.rows[InvoiceLine] += [
            {
                "invoice_id": invoice_id, "position": n, "job_id": job.id, "service_item_id": job.service_item_id,
                "kind": LineKind.FEE if job.state is JobState.CANCELLED else LineKind.VISIT, "on_date": job.on_date,
                "description": self._name(job),
                "unit_price": job.price, "amount": job.price,
            }
            for n, job in enumerate(jobs, start=1)
        ]  # fmt: skip
        self._post("invoice.issued", "invoice", invoice_id, client.id, issued_at, {Account.RECEIVABLE: total, Account.INCOME: -total})  # fmt: skip
        if not is_late:
            self._pay(client.id, invoice_id, total, min(due_on, clock.today()) - dt.timedelta(days=self.random.randrange(12)))  # fmt: skip

    def _name(self, job: Any) -> str:  # noqa: ANN401 -- a row
        name = self.names[job.service_item_id]
        return f"Cancellation fee: {name}" if job.state is JobState.CANCELLED else name

    def _pay(self, client_id: int, invoice_id: int, total: Decimal, day: dt.date) -> None:
        self.n_receipts += 1
        moment = min(clock.from_local(day, dt.time(16, 5)), clock.now())
        payment_id, allocation_id = self.ids.next(_table(Payment)), self.ids.next(_table(Allocation))
        self.rows[Payment].append({
            "id": payment_id, "client_id": client_id, "kind": self.random.choice(WAYS), "amount": total,
            "currency": "USD", "received_on": clock.to_local(moment).date(), "sequence": self.n_receipts,
            "number": f"{numbers.PREFIXES['receipt']}{self.n_receipts}", "description": "Payment received",
            "settled_at": moment, "created_at": moment,
        })  # fmt: skip
        self.rows[Allocation].append({
            "id": allocation_id, "client_id": client_id, "invoice_id": invoice_id, "payment_id": payment_id,
            "amount": total, "created_at": moment,
        })  # fmt: skip
        self._post("payment.received", "payment", payment_id, client_id, moment, {Account.CASH: total, Account.CLIENT_CREDIT: -total})  # fmt: skip
        self._post("allocation.made", "allocation", allocation_id, client_id, moment, {Account.CLIENT_CREDIT: total, Account.RECEIVABLE: -total})  # fmt: skip

    def _post(
        self, verb: str, table: str, subject_id: int, client_id: int, moment: dt.datetime, lines: dict[Account, Decimal]
    ) -> None:
        posting_id = self.ids.next(_table(Posting))
        self.rows[Posting].append({
            "id": posting_id, "at": moment, "on_date": clock.to_local(moment).date(), "verb": verb,
            "event_key": f"{verb}:{subject_id}", "client_id": client_id, "subject_type": table, "subject_id": subject_id,
        })  # fmt: skip
        self.rows[PostingLine] += [
            {"posting_id": posting_id, "account": account, "client_id": client_id, "amount": amount}
            for account, amount in lines.items()
        ]


def live_on(clients: Iterable[Client], *, actor: Actor) -> None:
    """The last days, through the workflows: weekly invoices, one paid in part, credit for goodwill, a draft to look through."""
    today = clock.today()
    for n, client in enumerate(clients):
        # The two who can log in pay for what is ahead of them, as most clients of sitters do.
        up_to = today + dt.timedelta(days=60 if n < N_KNOWN else -1)
        with at(clock.now() - dt.timedelta(days=2, hours=n)):
            if not visit_lines.waiting(client.id, up_to=up_to):
                continue
            draft = drafting.draft_for(client, up_to=up_to, actor=actor)
            if n % 5 == 4:
                continue
            invoice = invoicing.issue(draft, actor=actor)
            if n % 5 == 1 and invoice.total >= 2:
                half = Decimal(int(invoice.total / 2))
                recording.record_payment(
                    client, kind=PaymentKind.CHEQUE, amount=half, received_on=clock.today(), reference=f"10{n}", actor=actor
                )  # fmt: skip
            elif n % 5 == 2:
                notes.grant_credit(client, Decimal(10), actor=actor, reason="For the muddy hallway")


def some_clients(n: int, *, without: Iterable[int]) -> list[Client]:
    """Clients with visits in this month, for `live_on`."""
    first = clock.today().replace(day=1)
    ids = sa.select(Job.client_id).where(
        Job.on_date >= first, Job.on_date < clock.today(), Job.client_id.not_in(list(without))
    )
    found = sa.select(Client).where(Client.id.in_(ids)).order_by(Client.id).limit(n)
    return list(db.session.scalars(found.options(selectinload(Client.contacts), selectinload(Client.logins))))


def _table(kind: Any) -> sa.Table:  # noqa: ANN401 -- a mapped class
    return kind.__table__
