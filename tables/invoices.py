"""What clients owe: taxes, terms, invoices with their lines."""

import datetime as dt
import enum
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import amount, created_at, enum_column, line_text, long_text, pk, public_id, short_text, utc
from tables.bookkeeping import BulkRun
from tables.catalogue import ServiceItem
from tables.columns import fk
from tables.jobs import Job
from tables.people import Client, Staff

if TYPE_CHECKING:
    from tables.credit_notes import CreditNote
    from tables.packages import VisitPackage


class TaxRate(Base):
    """A tax with its rate, such as VAT 20 %; what an invoice took is copied onto it."""

    __tablename__ = "tax_rate"
    id: Mapped[pk]
    name: Mapped[short_text] = mapped_column(unique=True)
    percent: Mapped[Decimal] = mapped_column(sa.Numeric(6, 3))
    #: for services and clients that name no other
    is_default: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
        sa.Index(
            "uq_tax_rate_default",
            "is_default",
            unique=True,
            sqlite_where=sa.text("is_default"),
            postgresql_where=sa.text("is_default"),
        ),
    )

    def __str__(self) -> str:
        return self.name


class DueKind(enum.StrEnum):
    """From where the days until an invoice is due are counted."""

    AFTER_SENT = "after_sent"
    BEFORE_SERVICE = "before_service"


class PaymentTerms(Base):
    """When an invoice is due, such as 14 days after it was sent or 7 days before the first visit."""

    __tablename__ = "payment_terms"
    id: Mapped[pk]
    name: Mapped[short_text] = mapped_column(unique=True)
    kind: Mapped[DueKind] = mapped_column(enum_column(DueKind), default=DueKind.AFTER_SENT)
    days: Mapped[int] = mapped_column(default=14)
    #: the sentence on the invoice; empty: one is made
    text: Mapped[line_text] = mapped_column(default="")
    is_default: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("days BETWEEN 0 AND 365", name="days"),
        sa.Index(
            "uq_payment_terms_default",
            "is_default",
            unique=True,
            sqlite_where=sa.text("is_default"),
            postgresql_where=sa.text("is_default"),
        ),
    )

    def __str__(self) -> str:
        return self.name


class InvoiceKind(enum.StrEnum):
    """What an invoice asks for: visits and other services, or a deposit that later invoices are paid from."""

    STANDARD = "standard"
    DEPOSIT = "deposit"


class InvoiceState(enum.StrEnum):
    """The life of an invoice. A draft is the quote; part-paid and overdue are derived."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    WRITTEN_OFF = "written_off"


#: PAID -> OPEN when money is taken back (refund, returned bank payment, lost dispute) or a debit note adds to it;
#: WRITTEN_OFF -> OPEN when the client pays after all. A draft that is dropped is really deleted: it has no number.
INVOICE_MOVES: dict[InvoiceState, set[InvoiceState]] = {
    InvoiceState.DRAFT: {InvoiceState.OPEN},
    InvoiceState.OPEN: {InvoiceState.PAID, InvoiceState.VOID, InvoiceState.WRITTEN_OFF},
    InvoiceState.PAID: {InvoiceState.OPEN, InvoiceState.VOID},
    InvoiceState.VOID: set(),
    InvoiceState.WRITTEN_OFF: {InvoiceState.OPEN},
}


class IssuedFigures:
    """What an invoice fixes when it is issued, in its currency."""

    #: lines before tax, the tax, and both together
    subtotal: Mapped[amount] = mapped_column(default=Decimal(0))
    tax_total: Mapped[amount] = mapped_column(default=Decimal(0))
    total: Mapped[amount] = mapped_column(default=Decimal(0))
    currency: Mapped[str] = mapped_column(sa.String(3))
    #: the amounts of the lines hold their tax already
    tax_inclusive: Mapped[bool] = mapped_column(default=False)
    #: client, business, terms and bank details as they were when it was issued: see `workflows.billing.papers`
    frozen: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)


class Numbered:
    """Counted without a gap."""

    #: given when it begins to count, and as it is printed
    sequence: Mapped[int | None] = mapped_column(unique=True)
    number: Mapped[str | None] = mapped_column(sa.String(40), unique=True)


class InvoiceFate:
    """What became of an invoice from its issue on."""

    issued_on: Mapped[dt.date | None]
    issued_at: Mapped[utc | None]
    #: last mailed to the client
    sent_at: Mapped[utc | None]
    #: what committed debit notes added, and what was given up; both only ever with a posting in the ledger
    debited: Mapped[amount] = mapped_column(default=Decimal(0))
    written_off: Mapped[amount] = mapped_column(default=Decimal(0))
    #: why it was voided or written off
    end_reason: Mapped[line_text] = mapped_column(default="")
    ended_at: Mapped[utc | None]


#: a part of an index, on both databases
_WHERE_OPEN: dict[str, Any] = {f"{name}_where": sa.text("state = 'open'") for name in ("sqlite", "postgresql")}


class Invoice(Numbered, IssuedFigures, InvoiceFate, Base):
    """What a client owes for visits and other services; frozen with a gapless number when it is issued."""

    __tablename__ = "invoice"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id", index=False)
    kind: Mapped[InvoiceKind] = mapped_column(enum_column(InvoiceKind), default=InvoiceKind.STANDARD)
    state: Mapped[InvoiceState] = mapped_column(enum_column(InvoiceState), default=InvoiceState.DRAFT)
    payment_terms_id: Mapped[int | None] = fk("payment_terms.id", ondelete="SET NULL")
    #: set by hand before issue; else the terms say it
    due_on: Mapped[dt.date | None]
    #: the days of its visits
    first_on: Mapped[dt.date | None]
    last_on: Mapped[dt.date | None]
    #: for the client, on the paper
    note: Mapped[long_text] = mapped_column(default="")
    #: the voided one that this replaces
    replaces_id: Mapped[int | None] = fk("invoice.id", ondelete="SET NULL")
    #: the billing run that raised it
    run_id: Mapped[int | None] = fk("bulk_run.id", ondelete="SET NULL")
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    payment_terms: Mapped[PaymentTerms | None] = relationship()
    staff: Mapped[Staff | None] = relationship()
    run: Mapped[BulkRun | None] = relationship()
    replaces: Mapped["Invoice | None"] = relationship(remote_side="Invoice.id")
    lines: Mapped[list["InvoiceLine"]] = relationship(
        back_populates="invoice", cascade="all, delete-orphan", order_by="InvoiceLine.position, InvoiceLine.id"
    )
    taxes: Mapped[list["InvoiceTax"]] = relationship(
        back_populates="invoice", cascade="all, delete-orphan", order_by="InvoiceTax.id"
    )
    notes: Mapped[list["CreditNote"]] = relationship(back_populates="invoice", order_by="CreditNote.id")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("(state = 'draft') = (number IS NULL)", name="number"),
        sa.CheckConstraint("total >= 0 AND debited >= 0 AND written_off >= 0", name="amounts"),
        sa.Index("ix_invoice_of_client", "client_id", "state", "issued_on", "id"),
        # What is owed by age is added up from it alone.
        sa.Index("ix_invoice_open", "id", "due_on", "total", "debited", "written_off", **_WHERE_OPEN),
        sa.Index("ix_invoice_state", "state", "due_on"),
        sa.Index("ix_invoice_issued_on", "issued_on", "id"),
        sa.Index("ix_invoice_due_on", "due_on", "id"),
        sa.Index("ix_invoice_total", "total", "id"),
    )  # fmt: skip

    def __str__(self) -> str:
        return self.number or "draft"

    @property
    def payable(self) -> Decimal:
        """All that is to be paid for it: its total, and what debit notes added."""
        return self.total + self.debited

    def is_overdue(self, today: dt.date) -> bool:
        """Open after its due date."""
        return self.state is InvoiceState.OPEN and self.due_on is not None and self.due_on < today


class LineKind(enum.StrEnum):
    """What a line is for."""

    VISIT = "visit"
    ITEM = "item"
    FEE = "fee"
    DISCOUNT = "discount"
    PACKAGE = "package"
    DEPOSIT = "deposit"


class InvoiceLine(Base):
    """One line: a visit, a cancellation fee, or anything else that the office charges or takes off."""

    __tablename__ = "invoice_line"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    invoice_id: Mapped[int] = fk("invoice.id", ondelete="CASCADE")
    position: Mapped[int] = mapped_column(default=0)
    kind: Mapped[LineKind] = mapped_column(enum_column(LineKind), default=LineKind.ITEM)
    #: the visit; one invoice at a time may charge it, see `is_live`
    job_id: Mapped[int | None] = fk("job.id", ondelete="SET NULL", index=False)
    #: False when its invoice is void: the visit can be invoiced again
    is_live: Mapped[bool] = mapped_column(default=True)
    service_item_id: Mapped[int | None] = fk("service_item.id", ondelete="SET NULL")
    on_date: Mapped[dt.date | None]
    description: Mapped[line_text]
    #: pets, times, sitter: what the settings let the paper show
    detail: Mapped[line_text] = mapped_column(default="")
    quantity: Mapped[Decimal] = mapped_column(sa.Numeric(9, 3), default=Decimal(1))
    unit_price: Mapped[amount] = mapped_column(default=Decimal(0))
    #: quantity times unit price, rounded half up; negative for discounts
    amount: Mapped[amount]
    #: of a discount that is a share of the other lines
    percent: Mapped[Decimal | None] = mapped_column(sa.Numeric(6, 3))
    #: of a line that sells a package
    visit_package_id: Mapped[int | None] = fk("visit_package.id", ondelete="SET NULL")
    tax_rate_id: Mapped[int | None] = fk("tax_rate.id", ondelete="SET NULL")
    #: copied at issue
    tax_name: Mapped[short_text] = mapped_column(default="")
    tax_percent: Mapped[Decimal] = mapped_column(sa.Numeric(6, 3), default=Decimal(0))
    #: why it costs this: the lines of `workflows.pricing`, copied from the visit
    price_lines: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    invoice: Mapped[Invoice] = relationship(back_populates="lines")
    job: Mapped[Job | None] = relationship()
    service_item: Mapped[ServiceItem | None] = relationship()
    visit_package: Mapped["VisitPackage | None"] = relationship()
    tax_rate: Mapped[TaxRate | None] = relationship()
    __table_args__ = (
        sa.Index(
            "uq_invoice_line_job",
            "job_id",
            unique=True,
            sqlite_where=sa.text("is_live AND job_id IS NOT NULL"),
            postgresql_where=sa.text("is_live AND job_id IS NOT NULL"),
        ),
        sa.Index("ix_invoice_line_job_id", "job_id"),
    )


class InvoiceTax(Base):
    """The tax of an issued invoice at one rate: rounded once, on the sum of its lines."""

    __tablename__ = "invoice_tax"
    id: Mapped[pk]
    invoice_id: Mapped[int] = fk("invoice.id", ondelete="CASCADE")
    name: Mapped[short_text]
    percent: Mapped[Decimal] = mapped_column(sa.Numeric(6, 3))
    #: what it is taken of, without the tax
    base: Mapped[amount]
    amount: Mapped[amount]
    invoice: Mapped[Invoice] = relationship(back_populates="taxes")


class InvoiceReminder(Base):
    """A reminder of an overdue invoice that was sent: each step of the schedule once."""

    __tablename__ = "invoice_reminder"
    id: Mapped[pk]
    invoice_id: Mapped[int] = fk("invoice.id", ondelete="CASCADE", index=False)
    #: 1 for the first; None for one that the office sent by hand
    step: Mapped[int | None]
    sent_at: Mapped[created_at]
    __table_args__ = (sa.UniqueConstraint("invoice_id", "step"),)
