"""Report cards: what the sitter tells the client about a visit."""

import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import created_at, enum_column, long_text, pk, public_id, utc
from tables.columns import fk
from tables.jobs import Job
from tables.people import ClientLogin, Staff


class ReportState(enum.StrEnum):
    """A card is the sitter's until it is sent; what was sent can be corrected by the office."""

    DRAFT = "draft"
    SENT = "sent"


REPORT_MOVES: dict[ReportState, set[ReportState]] = {
    ReportState.DRAFT: {ReportState.SENT},
    ReportState.SENT: set(),
}


class ReportCard(Base):
    """The report of one visit: words, what is filled in (FieldValue), photos (StoredFile), and the client's thanks."""

    __tablename__ = "report_card"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    job_id: Mapped[int] = fk("job.id", ondelete="CASCADE", unique=True)
    state: Mapped[ReportState] = mapped_column(enum_column(ReportState), default=ReportState.DRAFT)
    #: who wrote it; the visit's sitter may be another one by now
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    #: to the client, in the sitter's words
    message: Mapped[long_text] = mapped_column(default="")
    #: to the office only
    office_note: Mapped[long_text] = mapped_column(default="")
    created_at: Mapped[created_at]
    #: the last change of the draft
    saved_at: Mapped[utc | None]
    sent_at: Mapped[utc | None]
    corrected_at: Mapped[utc | None]
    thanked_at: Mapped[utc | None]
    thanks: Mapped[long_text] = mapped_column(default="")
    thanked_by_id: Mapped[int | None] = fk("client_login.id", ondelete="SET NULL")
    version: Mapped[int] = mapped_column(default=1)
    job: Mapped[Job] = relationship(back_populates="report_card")
    staff: Mapped[Staff | None] = relationship()
    thanked_by: Mapped[ClientLogin | None] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.Index("ix_report_card_state", "state", "sent_at", "id"),
        sa.Index("ix_report_card_sent_at", "sent_at", "id"),
    )

    def __str__(self) -> str:
        return self.public_id
