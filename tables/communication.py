"""What is told: mails, the lines on HOME, calendar feeds."""

import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation import clock
from foundation.db import Base
from foundation.types import created_at, enum_column, line_text, long_text, pk, public_id, utc
from tables.changes import ChangeRequest
from tables.columns import fk
from tables.jobs import Job, JobRequest
from tables.people import Client, ClientLogin, Staff


class MailState(enum.StrEnum):
    """The life of a mail; FAILED is the dead letter that the office can retry."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


MAIL_MOVES: dict[MailState, set[MailState]] = {
    MailState.QUEUED: {MailState.SENDING, MailState.CANCELLED, MailState.FAILED},
    MailState.SENDING: {MailState.SENT, MailState.QUEUED, MailState.FAILED, MailState.CANCELLED},
    MailState.SENT: set(),
    MailState.FAILED: {MailState.QUEUED, MailState.CANCELLED},
    MailState.CANCELLED: set(),
}


class OutboxMail(Base):
    """A mail that is due or sent: facts when queued, the rendered text once it is delivered."""

    __tablename__ = "outbox_mail"
    id: Mapped[pk]
    kind: Mapped[str] = mapped_column(sa.String(40), index=True)
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    to_address: Mapped[line_text]
    cc_addresses: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    client_id: Mapped[int | None] = fk("client.id", ondelete="SET NULL")
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    #: of an order of the office's own mails: sent after all others
    mailing_id: Mapped[int | None] = fk("mailing.id", ondelete="SET NULL")
    #: ids of stored files that go along
    file_ids: Mapped[list[int]] = mapped_column(sa.JSON, default=list)
    #: stable across retries, so that receivers can hide a repeat
    message_id: Mapped[line_text] = mapped_column(unique=True)
    #: the same mail must not be queued twice: "request_received:17"
    dedupe_key: Mapped[str | None] = mapped_column(sa.String(200), unique=True)
    state: Mapped[MailState] = mapped_column(enum_column(MailState), default=MailState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[utc] = mapped_column(default=clock.now)
    locked_by: Mapped[str | None] = mapped_column(sa.String(80))
    locked_until: Mapped[utc | None]
    last_error: Mapped[long_text | None]
    subject: Mapped[line_text | None]
    body_text: Mapped[long_text | None]
    body_html: Mapped[long_text | None]
    created_at: Mapped[created_at]
    sent_at: Mapped[utc | None]
    client: Mapped[Client | None] = relationship()
    staff: Mapped[Staff | None] = relationship()
    __table_args__ = (
        sa.Index("ix_outbox_mail_due", "state", "next_at"),
        sa.Index("ix_outbox_mail_created_at", "created_at", "id"),
        # How an address begins: PostgreSQL needs this order of letters for LIKE 'a%'.
        sa.Index("ix_outbox_mail_to_address", "to_address", postgresql_ops={"to_address": "text_pattern_ops"}),
    )


class NotificationKind(enum.StrEnum):
    """What HOME tells the office."""

    REQUEST_RECEIVED = "request_received"
    REQUEST_AUTO_SUBMITTED = "request_auto_submitted"
    REQUEST_CANCELLED = "request_cancelled"
    REQUEST_ANSWERED = "request_answered"
    CHANGE_REQUESTED = "change_requested"
    CANCELLATION_REQUESTED = "cancellation_requested"
    VISIT_CANCELLED = "visit_cancelled"
    CHANGE_WITHDRAWN = "change_withdrawn"
    CLIENT_MESSAGE = "client_message"
    SERIES_REQUESTED = "series_requested"
    SERIES_TROUBLE = "series_trouble"
    BASKET_BLOCKED = "basket_blocked"
    MAIL_FAILED = "mail_failed"
    DATA_CHANGED = "data_changed"
    DATA_PROPOSED = "data_proposed"
    PET_ADDED = "pet_added"
    PET_LEFT = "pet_left"
    FILES_UPLOADED = "files_uploaded"
    VET_PROPOSED = "vet_proposed"
    VACCINATION_DUE = "vaccination_due"
    AGREEMENT_ACCEPTED = "agreement_accepted"
    CLIENT_REGISTERED = "client_registered"
    REGISTRATION_WAITING = "registration_waiting"
    LETTER_RECEIVED = "letter_received"
    VISITS_OF_ARCHIVED = "visits_of_archived"
    PAYMENT_RECEIVED = "payment_received"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_RETURNED = "payment_returned"
    PAYMENT_UNCLEAR = "payment_unclear"
    METHOD_CHANGED = "method_changed"
    NOTE_OPENED = "note_opened"
    REFUND_DUE = "refund_due"
    REFUND_FAILED = "refund_failed"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_CLOSED = "dispute_closed"
    BOOKS_DIFFER = "books_differ"
    TIME_OFF_REQUESTED = "time_off_requested"
    TIME_OFF_WITHDRAWN = "time_off_withdrawn"
    SITTER_MESSAGE = "sitter_message"
    REPORT_SENT = "report_sent"
    REPORT_THANKED = "report_thanked"
    KEY_MOVED = "key_moved"
    KEY_LOST = "key_lost"
    CHECK_REFUSED = "check_refused"
    HOOK_FAILED = "hook_failed"


class Notification(Base):
    """A line on HOME for the office; dismissed by a person, never by being looked at."""

    __tablename__ = "notification"
    id: Mapped[pk]
    kind: Mapped[NotificationKind] = mapped_column(enum_column(NotificationKind))
    client_id: Mapped[int | None] = fk("client.id", ondelete="CASCADE")
    request_id: Mapped[int | None] = fk("job_request.id", ondelete="CASCADE")
    change_request_id: Mapped[int | None] = fk("change_request.id", ondelete="CASCADE")
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    created_at: Mapped[created_at]
    dismissed_at: Mapped[utc | None]
    dismissed_by_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    client: Mapped[Client | None] = relationship()
    request: Mapped[JobRequest | None] = relationship()
    change_request: Mapped[ChangeRequest | None] = relationship()
    dismissed_by: Mapped[Staff | None] = relationship()
    __table_args__ = (sa.Index("ix_notification_open", "dismissed_at", "id"),)


class CalendarFeed(Base):
    """A private calendar address of a client or a staff member; a raised serial kills the address that was given out."""

    __tablename__ = "calendar_feed"
    id: Mapped[pk]
    client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="CASCADE", unique=True)
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="CASCADE", unique=True)
    serial: Mapped[int] = mapped_column(default=1)
    is_on: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[created_at]
    client_login: Mapped[ClientLogin | None] = relationship()
    staff: Mapped[Staff | None] = relationship()


class SitterMessage(Base):
    """A word between a sitter and the office, about a visit or about nothing in particular."""

    __tablename__ = "sitter_message"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    #: the sitter whose thread it is
    staff_id: Mapped[int] = fk("staff.id", ondelete="CASCADE", index=False)
    job_id: Mapped[int | None] = fk("job.id", ondelete="SET NULL")
    from_office: Mapped[bool] = mapped_column(default=False)
    author_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    author_name: Mapped[line_text] = mapped_column(default="")
    body: Mapped[long_text]
    created_at: Mapped[created_at]
    #: by the other side
    read_at: Mapped[utc | None]
    staff: Mapped[Staff] = relationship(foreign_keys=[staff_id])
    author: Mapped[Staff | None] = relationship(foreign_keys=[author_id])
    job: Mapped[Job | None] = relationship()
    __table_args__ = (
        sa.Index("ix_sitter_message_staff_id", "staff_id", "id"),
        sa.Index("ix_sitter_message_unread", "from_office", "read_at", "id"),
    )
