"""What the client of this portal owes: the open invoices with their figures. Every query begins with the client."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from foundation import clock
from foundation.db import db, rows_of
from foundation.fixed import fixed
from foundation.twins import Twin
from models import AttemptTarget, Client, Invoice, InvoiceState
from workflows.billing import sums
from workflows.billing.sums import InvoiceSums

#: a page with more invoices than this helps nobody; they are paid in turns, oldest first
MOST = 200

_target = AttemptTarget.__table__.c


@dataclass(frozen=True)
class Owed:
    """One open invoice."""

    invoice: Invoice
    sums: InvoiceSums
    #: a payment of it is on its way, so that nobody may pay it a second time
    is_locked: bool

    @property
    def outstanding(self) -> Decimal:
        return self.sums.outstanding

    @property
    def key(self) -> str:
        return self.invoice.public_id

    def is_due(self, today: dt.date) -> bool:
        """Due today, earlier, or on no day in particular."""
        return self.invoice.due_on is None or self.invoice.due_on <= today


def owed_by(client: Client, *, only: Sequence[str] | None = None) -> list[Owed]:
    """The client's open invoices, due first first; `only` those with these public ids. Two queries."""
    locked = sa.exists().where(AttemptTarget.invoice_id == Invoice.id, AttemptTarget.is_active)
    query = (
        sa.select(Invoice, locked)
        .where(Invoice.client_id == client.id, Invoice.state == InvoiceState.OPEN)
        .order_by(Invoice.due_on.is_(None), Invoice.due_on, Invoice.id)
        .limit(MOST)
    )
    if only is not None:
        query = query.where(Invoice.public_id.in_(list(only)[:MOST]))
    rows = db.session.execute(query).all()
    figures = sums.invoice_sums(invoice.id for invoice, _locked in rows)
    return [Owed(invoice, figures[invoice.id], bool(is_locked)) for invoice, is_locked in rows]


#: what pages show of an invoice
INVOICE = Twin(Invoice, "public_id", "kind", "state", "number", "issued_on", "sent_at", "due_on")
_invoice = INVOICE.c
_OPEN = fixed(
    sa.select(*INVOICE.columns, sa.exists().where(_target.invoice_id == _invoice.id, _target.is_active.is_(True)))
    .where(_invoice.client_id == sa.bindparam("client_id", type_=sa.Integer), _invoice.state == InvoiceState.OPEN)
    .order_by(_invoice.due_on.is_(None), _invoice.due_on, _invoice.id)
    .limit(MOST)
)


def shown_to(client: Client) -> list[Owed]:
    """The same as all of `owed_by`, for pages that only read (`foundation.twins`)."""
    rows = rows_of(_OPEN, {"client_id": client.id})
    invoices = INVOICE.read(rows)
    figures = sums.invoice_sums(i.id for i in invoices) if invoices else {}
    return [Owed(i, figures[i.id], bool(row[-1])) for i, row in zip(invoices, rows, strict=True)]


def due_now(owed: Sequence[Owed]) -> list[Owed]:
    """Those whose day has come."""
    today = clock.today()
    return [o for o in owed if o.is_due(today)]


def total(owed: Sequence[Owed]) -> Decimal:
    """What they ask for together."""
    return sum((o.outstanding for o in owed), Decimal(0))
