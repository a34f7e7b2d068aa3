"""Credit and debit notes: what changed about an issued invoice."""

import datetime as dt
import enum
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import amount, created_at, enum_column, line_text, pk, public_id, short_text, utc
from tables.columns import fk
from tables.invoices import Invoice, IssuedFigures
from tables.jobs import Job
from tables.people import Client, Staff
from tables.prices import RefundTo


class NoteKind(enum.StrEnum):
    """What a note does: gives back, or asks for more. A deposit note is what a paid deposit gives to later invoices."""

    CREDIT = "credit"
    DEBIT = "debit"
    DEPOSIT = "deposit"


class NoteState(enum.StrEnum):
    """A note is open while further changes join it; from commitment on it counts and never changes."""

    OPEN = "open"
    COMMITTED = "committed"
    DROPPED = "dropped"


#: COMMITTED -> DROPPED: a deposit that was paid back
NOTE_MOVES: dict[NoteState, set[NoteState]] = {
    NoteState.OPEN: {NoteState.COMMITTED, NoteState.DROPPED},
    NoteState.COMMITTED: {NoteState.DROPPED},
    NoteState.DROPPED: set(),
}


class CreditNote(IssuedFigures, Base):
    """A credit or debit note: what was changed about an issued invoice, or credit given without one."""

    __tablename__ = "credit_note"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id", index=False)
    kind: Mapped[NoteKind] = mapped_column(enum_column(NoteKind), default=NoteKind.CREDIT)
    state: Mapped[NoteState] = mapped_column(enum_column(NoteState), default=NoteState.OPEN)
    #: None: goodwill, on account
    invoice_id: Mapped[int | None] = fk("invoice.id")
    #: given at commitment without a gap, and as it is printed
    sequence: Mapped[int | None]
    number: Mapped[str | None] = mapped_column(sa.String(40), unique=True)
    reason: Mapped[line_text] = mapped_column(default="")
    committed_at: Mapped[utc | None]
    committed_on: Mapped[dt.date | None]
    sent_at: Mapped[utc | None]
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    invoice: Mapped[Invoice | None] = relationship(back_populates="notes")
    staff: Mapped[Staff | None] = relationship()
    lines: Mapped[list["CreditNoteLine"]] = relationship(
        back_populates="note", cascade="all, delete-orphan", order_by="CreditNoteLine.id"
    )
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("total >= 0", name="total"),
        sa.CheckConstraint("state <> 'committed' OR number IS NOT NULL", name="number"),
        sa.UniqueConstraint("kind", "sequence"),
        # Changes join the note that is open; two people at once must not open two.
        sa.Index(
            "uq_credit_note_open",
            "invoice_id",
            "kind",
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
        sa.Index("ix_credit_note_client_id", "client_id", "state"),
        sa.Index("ix_credit_note_state", "state", "id"),
    )

    def __str__(self) -> str:
        return self.number or "open"


class CreditNoteLine(Base):
    """One change on a note: a visit cancelled, reinstated or repriced, or free words."""

    __tablename__ = "credit_note_line"
    id: Mapped[pk]
    note_id: Mapped[int] = fk("credit_note.id", ondelete="CASCADE")
    invoice_line_id: Mapped[int | None] = fk("invoice_line.id", ondelete="SET NULL")
    job_id: Mapped[int | None] = fk("job.id", ondelete="SET NULL")
    on_date: Mapped[dt.date | None]
    description: Mapped[line_text]
    #: as the invoice's lines are, with or without tax; always what the note gives or asks for, never negative
    amount: Mapped[amount]
    tax_name: Mapped[short_text] = mapped_column(default="")
    tax_percent: Mapped[Decimal] = mapped_column(sa.Numeric(6, 3), default=Decimal(0))
    #: where money that was paid for it goes, as the cancellation policy said
    refund_to: Mapped[RefundTo | None] = mapped_column(enum_column(RefundTo))
    note: Mapped[CreditNote] = relationship(back_populates="lines")
    job: Mapped[Job | None] = relationship()
    __table_args__ = (sa.CheckConstraint("amount >= 0", name="amount"),)
