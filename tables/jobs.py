"""From a request to a visit: requests and their lines, visits."""

import datetime as dt
import enum
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from foundation import clock
from foundation.db import Base
from foundation.types import amount, created_at, enum_column, line_text, long_text, pk, public_id, utc
from tables.catalogue import ServiceItem, TimeBlock
from tables.columns import fk
from tables.people import Client, Staff
from tables.pets import Pet
from tables.prices import Initiator, RefundTo
from tables.repeats import Repeat

if TYPE_CHECKING:
    from tables.reports import ReportCard
    from tables.visits import VisitCheck


class LineState(enum.StrEnum):
    """The life of one requested visit."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    SCHEDULED = "scheduled"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    DELETED = "deleted"


#: SCHEDULED -> SUBMITTED is "back to request". A draft that is removed from the basket is really deleted: nobody
#: else has seen it.
LINE_MOVES: dict[LineState, set[LineState]] = {
    LineState.DRAFT: {LineState.SUBMITTED},
    LineState.SUBMITTED: {LineState.SCHEDULED, LineState.DECLINED, LineState.CANCELLED, LineState.DELETED},
    LineState.SCHEDULED: {LineState.SUBMITTED},
    LineState.DECLINED: set(),
    LineState.CANCELLED: set(),
    LineState.DELETED: set(),
}


class JobState(enum.StrEnum):
    """The life of one visit. Acknowledged is a time stamp, late and unassigned are derived."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    VOIDED = "voided"


#: SCHEDULED -> VOIDED is the missed visit: its date has passed, so it cannot be cancelled any more.
#: CANCELLED -> SCHEDULED is "reinstate": price and pay are kept on the row so that it can restore them.
JOB_MOVES: dict[JobState, set[JobState]] = {
    JobState.SCHEDULED: {JobState.IN_PROGRESS, JobState.CANCELLED, JobState.VOIDED},
    #: back to SCHEDULED: checked in at the wrong visit
    JobState.IN_PROGRESS: {JobState.COMPLETED, JobState.SCHEDULED},
    JobState.COMPLETED: {JobState.VOIDED},
    JobState.CANCELLED: {JobState.SCHEDULED},
    JobState.VOIDED: {JobState.SCHEDULED, JobState.COMPLETED},
}

#: what clients are told; a voided visit is not shown to them at all
JOB_CLIENT_LABELS: dict[JobState, str] = {
    JobState.SCHEDULED: "scheduled",
    JobState.IN_PROGRESS: "live",
    JobState.COMPLETED: "done",
    JobState.CANCELLED: "off",
}


class JobRequest(Base):
    """What a client asked for in one go: the basket until it is sent, then a numbered request."""

    __tablename__ = "job_request"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id", index=False)
    #: given when it is sent
    number: Mapped[int | None] = mapped_column(unique=True)
    #: a basket whose lines will join this sent request
    adds_to_id: Mapped[int | None] = fk("job_request.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    #: last change of the basket: the forgotten-basket clock runs from here
    changed_at: Mapped[utc] = mapped_column(default=clock.now)
    submitted_at: Mapped[utc | None]
    client: Mapped[Client] = relationship()
    adds_to: Mapped["JobRequest | None"] = relationship(remote_side="JobRequest.id")
    lines: Mapped[list["JobRequestLine"]] = relationship(
        back_populates="request", order_by="JobRequestLine.on_date, JobRequestLine.start_time, JobRequestLine.id"
    )
    messages: Mapped[list["RequestMessage"]] = relationship(back_populates="request", order_by="RequestMessage.id")
    __table_args__ = (
        # One basket a household, whatever two tabs or two devices do.
        sa.Index(
            "uq_job_request_basket",
            "client_id",
            unique=True,
            sqlite_where=sa.text("submitted_at IS NULL"),
            postgresql_where=sa.text("submitted_at IS NULL"),
        ),
        sa.Index("ix_job_request_client_id", "client_id", "submitted_at"),
        sa.Index("ix_job_request_changed_at", "changed_at"),
    )

    def __str__(self) -> str:
        return f"#{self.number}" if self.number else "basket"

    @property
    def is_basket(self) -> bool:
        """Not sent yet."""
        return self.submitted_at is None


job_request_line_pet = sa.Table(
    "job_request_line_pet",
    Base.metadata,
    sa.Column("line_id", sa.ForeignKey("job_request_line.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("pet_id", sa.ForeignKey("pet.id", ondelete="RESTRICT"), primary_key=True, index=True),
)


class RequestedTime:
    """When a requested visit is to be."""

    on_date: Mapped[dt.date]
    start_time: Mapped[dt.time | None]
    #: the last day and the end of a stay over several days; only visits that became requests again have them
    ends_on: Mapped[dt.date | None]
    end_time: Mapped[dt.time | None]

    @property
    def last_on(self) -> dt.date:
        """The last day of a stay, else its day."""
        return self.ends_on or self.on_date


class JobRequestLine(RequestedTime, Base):
    """One requested visit: a service item on a date, at a time or in a block, for some pets."""

    __tablename__ = "job_request_line"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    request_id: Mapped[int] = fk("job_request.id", ondelete="CASCADE")
    client_id: Mapped[int] = fk("client.id", index=False)
    service_item_id: Mapped[int] = fk("service_item.id")
    time_block_id: Mapped[int | None] = fk("time_block.id")
    #: the client's words for this visit
    note: Mapped[long_text] = mapped_column(default="")
    #: office and sitter only
    staff_note: Mapped[long_text] = mapped_column(default="")
    state: Mapped[LineState] = mapped_column(enum_column(LineState), default=LineState.DRAFT)
    #: the office's choice before scheduling; "unassigned" must be said, an empty choice is not enough
    sitter_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    leave_unassigned: Mapped[bool] = mapped_column(default=False)
    #: the estimate when the line was last changed
    price: Mapped[amount] = mapped_column(default=Decimal(0))
    #: a visit that became a request again, and that the program of before has billed
    billed_elsewhere: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    #: sent by the forgotten-basket clock, not by the client
    auto_submitted: Mapped[bool] = mapped_column(default=False)
    #: why a basket line cannot be sent any more, as a stable code of `workflows.limits`
    blocked_code: Mapped[str | None] = mapped_column(sa.String(40))
    #: the same line twice in one basket is refused; see `workflows.baskets.fingerprint`
    fingerprint: Mapped[str] = mapped_column(sa.String(200))
    submitted_at: Mapped[utc | None]
    decided_at: Mapped[utc | None]
    decline_reason: Mapped[long_text] = mapped_column(default="")
    cancelled_at: Mapped[utc | None]
    #: a cancelled line stays greyed in the queue until the office has seen it
    dismissed_at: Mapped[utc | None]
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    request: Mapped[JobRequest] = relationship(back_populates="lines")
    client: Mapped[Client] = relationship()
    service_item: Mapped[ServiceItem] = relationship()
    time_block: Mapped[TimeBlock | None] = relationship()
    sitter: Mapped[Staff | None] = relationship()
    pets: Mapped[list[Pet]] = relationship(secondary=job_request_line_pet, order_by=Pet.name)
    job: Mapped["Job | None"] = relationship(back_populates="request_line", uselist=False)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.Index(
            "uq_job_request_line_draft",
            "request_id",
            "fingerprint",
            unique=True,
            sqlite_where=sa.text("state = 'draft'"),
            postgresql_where=sa.text("state = 'draft'"),
        ),
        sa.Index("ix_job_request_line_state", "state", "client_id", "on_date"),
        sa.Index("ix_job_request_line_client_date", "client_id", "on_date"),
        sa.Index("ix_job_request_line_on_date", "on_date", "id"),
    )


class RequestMessage(Base):
    """A word about a request on its thread: of the office (also mailed), of the client, or of a sitter."""

    __tablename__ = "request_message"
    id: Mapped[pk]
    request_id: Mapped[int] = fk("job_request.id", ondelete="CASCADE")
    #: who wrote it; a client's word has neither
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    #: a sitter who answers the office is staff too, but not the office
    from_sitter: Mapped[bool] = mapped_column(default=False)
    from_client: Mapped[bool] = mapped_column(default=False)
    author_name: Mapped[line_text] = mapped_column(default="")
    body: Mapped[long_text]
    to_client: Mapped[bool] = mapped_column(default=True)
    to_sitter: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[created_at]
    request: Mapped[JobRequest] = relationship(back_populates="messages")
    staff: Mapped[Staff | None] = relationship()


job_pet = sa.Table(
    "job_pet",
    Base.metadata,
    sa.Column("job_id", sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("pet_id", sa.ForeignKey("pet.id", ondelete="RESTRICT"), primary_key=True, index=True),
)


class CalledOff:
    """What a visit keeps of its cancellation: when, by whom, why, and the figures before, for reinstating."""

    prior_price: Mapped[amount | None]
    prior_sitter_pay: Mapped[amount | None]
    cancelled_at: Mapped[utc | None]
    cancelled_by: Mapped[Initiator | None] = mapped_column(enum_column(Initiator))
    cancel_reason: Mapped[long_text] = mapped_column(default="")
    #: why the policy's fee was not taken as it stands; and where money that was paid for it goes
    fee_reason: Mapped[line_text] = mapped_column(default="")
    refund_to: Mapped[RefundTo | None] = mapped_column(enum_column(RefundTo))
    #: called off by its series (a pause, its end, a new pattern), which may bring it back; never set by a person's word
    repeat_off: Mapped[bool] = mapped_column(default=False)


class Attended:
    """What the sitter did about a visit, for lists; the checks themselves are in `tables.visits`."""

    #: the sitter has read it
    acknowledged_at: Mapped[utc | None]
    #: of the checks that count; what is completed may have neither
    checked_in_at: Mapped[utc | None]
    checked_out_at: Mapped[utc | None]
    completed_at: Mapped[utc | None]

    @declared_attr
    def checks(self) -> Mapped[list["VisitCheck"]]:
        """Those that count, and those that were replaced."""
        return relationship(back_populates="job", order_by="VisitCheck.id")

    @declared_attr
    def report_card(self) -> Mapped["ReportCard | None"]:
        """What the client is told of it."""
        return relationship(back_populates="job", uselist=False)


class Job(Attended, CalledOff, Base):
    """A visit: one service item, one client, a date (or a stay from a date to a date), at most one sitter."""

    __tablename__ = "job"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id", index=False)
    service_item_id: Mapped[int] = fk("service_item.id")
    on_date: Mapped[dt.date]
    #: the last day that it touches: the same day, the next for an overnight, later for a stay
    ends_on: Mapped[dt.date]
    start_time: Mapped[dt.time | None]
    #: only stays have an end of their own; other visits end after their minutes
    end_time: Mapped[dt.time | None]
    time_block_id: Mapped[int | None] = fk("time_block.id")
    duration_minutes: Mapped[int]
    sitter_id: Mapped[int | None] = fk("staff.id", index=False)
    state: Mapped[JobState] = mapped_column(enum_column(JobState), default=JobState.SCHEDULED)
    price: Mapped[amount] = mapped_column(default=Decimal(0))
    sitter_pay: Mapped[amount] = mapped_column(default=Decimal(0))
    note: Mapped[long_text] = mapped_column(default="")
    staff_note: Mapped[long_text] = mapped_column(default="")
    request_line_id: Mapped[int | None] = fk("job_request_line.id", unique=True)
    billed_elsewhere: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # by the program of before
    #: the lines that make up price and pay, as they were when it was priced: see `workflows.pricing`
    price_lines: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    #: the series that made it, its day and its time there: together unique for ever
    repeat_id: Mapped[int | None] = fk("repeat.id", ondelete="SET NULL", index=False)
    repeat_on: Mapped[dt.date | None]
    repeat_time_id: Mapped[int | None]
    repeat_edited: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    service_item: Mapped[ServiceItem] = relationship()
    time_block: Mapped[TimeBlock | None] = relationship()
    sitter: Mapped[Staff | None] = relationship()
    repeat: Mapped[Repeat | None] = relationship()
    request_line: Mapped[JobRequestLine | None] = relationship(back_populates="job")
    pets: Mapped[list[Pet]] = relationship(secondary=job_pet, order_by=Pet.name)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("ends_on >= on_date", name="order"),
        sa.CheckConstraint("duration_minutes >= 1", name="duration"),
        sa.Index("ix_job_on_date", "on_date", "id"),
        sa.Index("ix_job_client_id", "client_id", "on_date", "ends_on"),
        sa.Index("ix_job_sitter_id", "sitter_id", "on_date", "ends_on"),
        sa.Index("ix_job_state", "state", "on_date"),
        sa.Index("uq_job_repeat", "repeat_id", "repeat_on", "repeat_time_id", unique=True),
        # Stays are few; finding those that reach into a day needs their last day.
        sa.Index(
            "ix_job_longer",
            "ends_on",
            "on_date",
            sqlite_where=sa.text("ends_on > on_date"),
            postgresql_where=sa.text("ends_on > on_date"),
        ),
        # A visit that became a request again is gone; another one must not get its number, and with it its story.
        {"sqlite_autoincrement": True},
    )
