"""What clients ask about visits that are scheduled."""

import datetime as dt
import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import amount, created_at, enum_column, line_text, long_text, pk, public_id, short_text, utc
from tables.catalogue import ServiceItem, TimeBlock
from tables.columns import fk
from tables.jobs import Job
from tables.people import Client, Staff
from tables.pets import Pet
from tables.prices import CancellationReason, RefundTo
from tables.repeats import Repeat


class ChangeKind(enum.StrEnum):
    """What a client asks for about visits that are in the schedule."""

    CANCEL = "cancel"
    CHANGE = "change"
    #: the general message of the simple mode; it has no items
    MESSAGE = "message"
    PAUSE = "pause"
    END = "end"


class ChangeState(enum.StrEnum):
    """The life of one visit's change or cancellation request."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    #: its visit began before anybody decided
    EXPIRED = "expired"
    #: the office changed or cancelled the visit meanwhile
    SUPERSEDED = "superseded"


CHANGE_MOVES: dict[ChangeState, set[ChangeState]] = {
    ChangeState.PENDING: {
        ChangeState.APPROVED,
        ChangeState.DENIED,
        ChangeState.WITHDRAWN,
        ChangeState.EXPIRED,
        ChangeState.SUPERSEDED,
    },
    ChangeState.APPROVED: set(),
    ChangeState.DENIED: set(),
    ChangeState.WITHDRAWN: set(),
    ChangeState.EXPIRED: set(),
    ChangeState.SUPERSEDED: set(),
}


class ChangeRequest(Base):
    """What a client sent in one go about scheduled visits: a cancellation, a change, a message, a pause or an end."""

    __tablename__ = "change_request"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id")
    kind: Mapped[ChangeKind] = mapped_column(enum_column(ChangeKind))
    reason_id: Mapped[int | None] = fk("cancellation_reason.id", ondelete="SET NULL")
    #: the client's own words
    body: Mapped[long_text] = mapped_column(default="")
    #: cancelled at once by the setting, not by a person
    auto_approved: Mapped[bool] = mapped_column(default=False)
    #: has an item that waits, or is a message that nobody has answered or put away
    is_open: Mapped[bool] = mapped_column(default=True)
    #: what the client was shown before sending: policy, fees, prices; see `workflows.change_requests`
    snapshot: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    created_at: Mapped[created_at]
    closed_at: Mapped[utc | None]
    #: the office's word to the client when it decided
    answer: Mapped[long_text] = mapped_column(default="")
    decided_by_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    client: Mapped[Client] = relationship()
    reason: Mapped[CancellationReason | None] = relationship()
    decided_by: Mapped[Staff | None] = relationship()
    items: Mapped[list["ChangeItem"]] = relationship(back_populates="request", order_by="ChangeItem.id")
    __table_args__ = (
        sa.Index("ix_change_request_open", "is_open", "kind", "id"),
        sa.Index("ix_change_request_closed_at", "closed_at", "id"),
    )


change_item_pet = sa.Table(
    "change_item_pet",
    Base.metadata,
    sa.Column("item_id", sa.ForeignKey("change_item.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("pet_id", sa.ForeignKey("pet.id", ondelete="RESTRICT"), primary_key=True, index=True),
)


class ChangeItem(Base):
    """One visit (or series) of a change request, with what is wanted and what it was worth when it was asked."""

    __tablename__ = "change_item"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    request_id: Mapped[int] = fk("change_request.id", ondelete="CASCADE")
    #: None when the visit went back to request, and for a series
    job_id: Mapped[int | None] = fk("job.id", ondelete="SET NULL", index=False)
    repeat_id: Mapped[int | None] = fk("repeat.id", ondelete="CASCADE")
    #: the visit's version when it was asked: another one means that somebody changed it meanwhile
    job_version: Mapped[int | None]
    state: Mapped[ChangeState] = mapped_column(enum_column(ChangeState), default=ChangeState.PENDING)
    #: the visit as it was, in the words of a mail (VisitFacts)
    old: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    #: what is wanted instead, for CHANGE
    new_service_item_id: Mapped[int | None] = fk("service_item.id")
    new_on_date: Mapped[dt.date | None]
    new_ends_on: Mapped[dt.date | None]
    new_start_time: Mapped[dt.time | None]
    new_end_time: Mapped[dt.time | None]
    new_time_block_id: Mapped[int | None] = fk("time_block.id")
    new_note: Mapped[long_text] = mapped_column(default="")
    #: the days of a pause, or the last day of a series that ends
    first_on: Mapped[dt.date | None]
    last_on: Mapped[dt.date | None]
    #: figures as shown to the client: what the visit costs, would cost, and the fee for calling it off
    price_before: Mapped[amount | None]
    price_after: Mapped[amount | None]
    fee: Mapped[amount | None]
    #: the sitter's pay when it is cancelled, as the policy says
    sitter_pay: Mapped[amount | None]
    refund_to: Mapped[RefundTo | None] = mapped_column(enum_column(RefundTo))
    rule_name: Mapped[short_text] = mapped_column(default="")
    #: why the office took another fee than the policy's
    fee_reason: Mapped[line_text] = mapped_column(default="")
    decided_at: Mapped[utc | None]
    note: Mapped[long_text] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    request: Mapped[ChangeRequest] = relationship(back_populates="items")
    job: Mapped[Job | None] = relationship()
    repeat: Mapped[Repeat | None] = relationship()
    new_service_item: Mapped[ServiceItem | None] = relationship()
    new_time_block: Mapped[TimeBlock | None] = relationship()
    new_pets: Mapped[list[Pet]] = relationship(secondary=change_item_pet, order_by=Pet.name)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        # Whatever two tabs do: one request waits for a visit, and one for a series.
        sa.Index(
            "uq_change_item_pending",
            "job_id",
            unique=True,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
        sa.Index("ix_change_item_job_id", "job_id", "id"),
        sa.Index("ix_change_item_state", "state", "id"),
    )
