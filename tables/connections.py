"""Other programs: personal tokens of the API, answers that were given once, and addresses that are told what happens."""

import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import created_at, enum_column, line_text, long_text, pk, public_id, short_text, utc
from tables.columns import fk
from tables.people import Staff


class ApiToken(Base):
    """A person's key for another program; it can do what they may, and of that no more than its scopes."""

    __tablename__ = "api_token"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    staff_id: Mapped[int] = fk("staff.id", ondelete="CASCADE")
    name: Mapped[short_text]
    #: its first letters, so that people tell it from others
    prefix: Mapped[str] = mapped_column(sa.String(16))
    #: SHA-256 of the whole; the token itself is shown once and kept nowhere
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    #: "visits:read"
    scopes: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    created_at: Mapped[created_at]
    #: None: until it is revoked
    expires_at: Mapped[utc | None]
    #: to five minutes
    last_used_at: Mapped[utc | None]
    revoked_at: Mapped[utc | None]
    staff: Mapped[Staff] = relationship()

    def __str__(self) -> str:
        return self.name


class ApiAnswer(Base):
    """The answer to a write that carried a key: the same key again gets it again, and nothing is done twice."""

    __tablename__ = "api_answer"
    id: Mapped[pk]
    token_id: Mapped[int] = fk("api_token.id", ondelete="CASCADE", index=False)
    key: Mapped[str] = mapped_column(sa.String(80))
    #: of method, address and body: the key belongs to one intent
    fingerprint: Mapped[str] = mapped_column(sa.String(64))
    #: 0 until the answer is known, in the same transaction
    status: Mapped[int] = mapped_column(default=0)
    body: Mapped[long_text] = mapped_column(default="")
    created_at: Mapped[created_at]
    __table_args__ = (
        sa.UniqueConstraint("token_id", "key"),
        sa.Index("ix_api_answer_created_at", "created_at"),
    )


class WebHook(Base):
    """An address of another program that is told what happens."""

    __tablename__ = "web_hook"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    url: Mapped[str] = mapped_column(sa.String(500))
    #: signs what is sent; encrypted
    sealed: Mapped[long_text]
    #: "visit.changed"
    events: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    is_on: Mapped[bool] = mapped_column(default=True)
    #: since when it was given up on; the office was told
    gave_up_at: Mapped[utc | None]
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    staff: Mapped[Staff | None] = relationship()

    def __str__(self) -> str:
        return self.url


class DeliveryState(enum.StrEnum):
    """The life of one message to an address."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"


#: FAILED -> WAITING when a person has it sent again
DELIVERY_MOVES: dict[DeliveryState, set[DeliveryState]] = {
    DeliveryState.WAITING: {DeliveryState.SENDING},
    DeliveryState.SENDING: {DeliveryState.WAITING, DeliveryState.DELIVERED, DeliveryState.FAILED},
    DeliveryState.DELIVERED: set(),
    DeliveryState.FAILED: {DeliveryState.WAITING},
}


class HookDelivery(Base):
    """One message to one address, written together with what it tells of; its public id is the message's for ever."""

    __tablename__ = "hook_delivery"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    hook_id: Mapped[int] = fk("web_hook.id", ondelete="CASCADE", index=False)
    event: Mapped[str] = mapped_column(sa.String(40))
    #: public ids and states only
    data: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    state: Mapped[DeliveryState] = mapped_column(enum_column(DeliveryState), default=DeliveryState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[utc]
    locked_by: Mapped[short_text | None]
    locked_until: Mapped[utc | None]
    #: what the other side answered last, or why there was no answer
    last_status: Mapped[int | None]
    last_error: Mapped[line_text] = mapped_column(default="")
    created_at: Mapped[created_at]
    ended_at: Mapped[utc | None]
    hook: Mapped[WebHook] = relationship()
    __table_args__ = (
        sa.Index("ix_hook_delivery_hook_id", "hook_id", "id"),
        sa.Index("ix_hook_delivery_due", "state", "next_at"),
    )
