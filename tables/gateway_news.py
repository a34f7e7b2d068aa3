"""What the gateway says by itself, how it differs from our books, and the PDFs of billing."""

import datetime as dt
import enum
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import amount, created_at, enum_column, line_text, pk, public_id, short_text, utc
from tables.columns import fk
from tables.payments import GatewayMode, Payment
from tables.people import Staff


class DisputeState(enum.StrEnum):
    """A client disputes a charge with their bank."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    ACCEPTED = "accepted"
    EXPIRED = "expired"


DISPUTE_MOVES: dict[DisputeState, set[DisputeState]] = {
    DisputeState.OPEN: {DisputeState.WON, DisputeState.LOST, DisputeState.ACCEPTED, DisputeState.EXPIRED},
    DisputeState.WON: set(),
    DisputeState.LOST: {DisputeState.WON},
    DisputeState.ACCEPTED: set(),
    DisputeState.EXPIRED: {DisputeState.WON},
}


class Dispute(Base):
    """A charge that a client disputes with their bank; the office has until a day to answer the gateway."""

    __tablename__ = "dispute"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    gateway_dispute_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    payment_id: Mapped[int] = fk("payment.id")
    state: Mapped[DisputeState] = mapped_column(enum_column(DisputeState), default=DisputeState.OPEN)
    amount_disputed: Mapped[amount]
    #: what was taken from us for good, and posted: of the payment's amount, and of its tip
    amount_lost: Mapped[amount] = mapped_column(default=Decimal(0))
    tip_lost: Mapped[amount] = mapped_column(default=Decimal(0))
    reason: Mapped[short_text] = mapped_column(default="")
    reply_by: Mapped[dt.date | None]
    opened_at: Mapped[created_at]
    resolved_at: Mapped[utc | None]
    version: Mapped[int] = mapped_column(default=1)
    payment: Mapped[Payment] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.Index("ix_dispute_state", "state", "reply_by"),)

    def __str__(self) -> str:
        return self.gateway_dispute_id


class EventState(enum.StrEnum):
    """A message of the gateway: kept first, worked on afterwards."""

    WAITING = "waiting"
    DONE = "done"
    #: about money that we do not know (yet): tried again after each reconciliation
    UNMATCHED = "unmatched"
    DISMISSED = "dismissed"


EVENT_MOVES: dict[EventState, set[EventState]] = {
    EventState.WAITING: {EventState.DONE, EventState.UNMATCHED},
    EventState.UNMATCHED: {EventState.DONE, EventState.DISMISSED},
    EventState.DONE: set(),
    EventState.DISMISSED: set(),
}


class GatewayEvent(Base):
    """A webhook message as it came in, each once; a hint to look, never the truth itself."""

    __tablename__ = "gateway_event"
    id: Mapped[pk]
    #: sha256 of the payload: a replay finds it here
    payload_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    kind: Mapped[str] = mapped_column(sa.String(80))
    mode: Mapped[GatewayMode] = mapped_column(enum_column(GatewayMode))
    state: Mapped[EventState] = mapped_column(enum_column(EventState), default=EventState.WAITING)
    #: what the message was about, as plain values
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    happened_at: Mapped[utc | None]
    received_at: Mapped[created_at]
    processed_at: Mapped[utc | None]
    n_tries: Mapped[int] = mapped_column(default=0)
    remark: Mapped[line_text] = mapped_column(default="")
    __table_args__ = (sa.Index("ix_gateway_event_state", "state", "id"),)


class FindingKind(enum.StrEnum):
    """How books and gateway differ."""

    #: the gateway took money that we know nothing of
    ORPHAN = "orphan"
    #: we booked what the gateway does not know
    MISSING = "missing"
    AMOUNT = "amount"
    #: several charges for one attempt: the later ones were reversed
    DOUBLE = "double"
    #: the gateway paid back what we did not
    FOREIGN_REFUND = "foreign_refund"


class GatewayFinding(Base):
    """A difference between books and gateway for a person to look at; each is told once."""

    __tablename__ = "gateway_finding"
    id: Mapped[pk]
    kind: Mapped[FindingKind] = mapped_column(enum_column(FindingKind))
    gateway_transaction_id: Mapped[str] = mapped_column(sa.String(64))
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    found_at: Mapped[created_at]
    dismissed_at: Mapped[utc | None]
    dismissed_by_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    dismissed_by: Mapped[Staff | None] = relationship()
    __table_args__ = (
        sa.UniqueConstraint("kind", "gateway_transaction_id"),
        sa.Index("ix_gateway_finding_open", "dismissed_at", "id"),
    )


class PaperFile(Base):
    """A PDF that was rendered of an invoice, note, payment, refund or statement; one for each version of its content."""

    __tablename__ = "paper_file"
    id: Mapped[pk]
    invoice_id: Mapped[int | None] = fk("invoice.id", ondelete="CASCADE")
    note_id: Mapped[int | None] = fk("credit_note.id", ondelete="CASCADE")
    payment_id: Mapped[int | None] = fk("payment.id", ondelete="CASCADE")
    refund_id: Mapped[int | None] = fk("refund.id", ondelete="CASCADE")
    #: of a statement
    client_id: Mapped[int | None] = fk("client.id", ondelete="CASCADE")
    #: sha256 of what it shows and of the template
    content_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    storage_key: Mapped[line_text]
    size: Mapped[int]
    created_at: Mapped[created_at]
