"""What happens at the door: check-ins and check-outs with their time and place, and what the office is warned of."""

import datetime as dt
import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation import clock
from foundation.db import Base
from foundation.types import created_at, enum_column, line_text, pk, utc
from tables.columns import fk
from tables.jobs import Job
from tables.people import Staff


class CheckKind(enum.StrEnum):
    """Arrived, or left."""

    IN = "in"
    OUT = "out"


class PlaceSource(enum.StrEnum):
    """Is the place of a check known, and if not, why."""

    GIVEN = "given"
    #: the sitter's phone may not tell, or the sitter said no
    REFUSED = "refused"
    #: the phone could not find out, or has no such thing
    UNAVAILABLE = "unavailable"
    #: entered by the office afterwards
    ADJUSTED = "adjusted"


class VisitCheck(Base):
    """A check-in or check-out. An adjusted one is replaced by a new row; the old one stays as it was."""

    __tablename__ = "visit_check"
    id: Mapped[pk]
    job_id: Mapped[int] = fk("job.id", ondelete="CASCADE")
    kind: Mapped[CheckKind] = mapped_column(enum_column(CheckKind))
    #: what counts
    at: Mapped[utc]
    #: what the phone's own clock said, when it was off by so much that it could not be taken as it was
    phone_at: Mapped[utc | None]
    #: when it reached us: later than `at` when the phone was offline
    received_at: Mapped[utc] = mapped_column(default=clock.now)
    #: who did it; an office person where it is adjusted
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    place: Mapped[PlaceSource] = mapped_column(enum_column(PlaceSource), default=PlaceSource.UNAVAILABLE)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    #: how exact the phone says that it is, and how far it was from the client's home then
    accuracy_metres: Mapped[int | None]
    distance_metres: Mapped[int | None]
    #: the phone's own name for this tap: it may arrive twice
    key: Mapped[str | None] = mapped_column(sa.String(64), unique=True)
    #: why the office set it
    reason: Mapped[line_text] = mapped_column(default="")
    replaced_at: Mapped[utc | None]
    job: Mapped[Job] = relationship(back_populates="checks")
    staff: Mapped[Staff | None] = relationship()
    __table_args__ = (
        # One of each kind counts, whatever two phones do.
        sa.Index(
            "uq_visit_check_counts",
            "job_id",
            "kind",
            unique=True,
            sqlite_where=sa.text("replaced_at IS NULL"),
            postgresql_where=sa.text("replaced_at IS NULL"),
        ),
        sa.CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL) AND (latitude IS NULL OR latitude BETWEEN -90 AND 90)"
            " AND (longitude IS NULL OR longitude BETWEEN -180 AND 180)",
            name="place_on_earth",
        ),
    )


class AlertKind(enum.StrEnum):
    """What the office is warned of."""

    #: the sitter has not said yet that they have read it
    UNACKNOWLEDGED = "unacknowledged"
    #: not checked in some minutes after it should have begun
    LATE = "late"
    #: not checked out some minutes after it should have ended
    OVERDUE = "overdue"
    #: over much sooner than it should be
    SHORT = "short"
    #: checked in or out far from the client's home
    FAR = "far"
    #: checked in or out without a place
    NO_PLACE = "no_place"
    #: the day is over and nobody said that it was done
    NOT_COMPLETED = "not_completed"


class VisitAlert(Base):
    """A warning about a visit: raised once, gone when its reason is gone or a person has seen it."""

    __tablename__ = "visit_alert"
    id: Mapped[pk]
    job_id: Mapped[int] = fk("job.id", ondelete="CASCADE", index=False)
    kind: Mapped[AlertKind] = mapped_column(enum_column(AlertKind))
    #: whose visit it was then
    sitter_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    raised_at: Mapped[created_at]
    #: its reason is gone: the sitter checked in after all
    cleared_at: Mapped[utc | None]
    seen_at: Mapped[utc | None]
    seen_by_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    job: Mapped[Job] = relationship()
    sitter: Mapped[Staff | None] = relationship(foreign_keys=[sitter_id])
    seen_by: Mapped[Staff | None] = relationship(foreign_keys=[seen_by_id])
    __table_args__ = (
        sa.UniqueConstraint("job_id", "kind"),
        sa.Index("ix_visit_alert_raised_at", "raised_at", "id"),
        sa.Index("ix_visit_alert_open", "seen_at", "cleared_at", "id"),
    )


class TimeOffState(enum.StrEnum):
    """What a sitter asked for, and what the office said to it. What the office enters itself is approved."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


TIME_OFF_MOVES: dict[TimeOffState, set[TimeOffState]] = {
    TimeOffState.REQUESTED: {TimeOffState.APPROVED, TimeOffState.DECLINED, TimeOffState.WITHDRAWN},
    TimeOffState.APPROVED: {TimeOffState.DECLINED, TimeOffState.WITHDRAWN},
    TimeOffState.DECLINED: {TimeOffState.APPROVED},
    TimeOffState.WITHDRAWN: set(),
}


class TimeOff(Base):
    """Days on which a sitter is away, first and last included; only what is approved keeps visits from them."""

    __tablename__ = "time_off"
    id: Mapped[pk]
    staff_id: Mapped[int] = fk("staff.id", ondelete="CASCADE", index=False)
    first_on: Mapped[dt.date]
    last_on: Mapped[dt.date]
    note: Mapped[line_text] = mapped_column(default="")
    state: Mapped[TimeOffState] = mapped_column(enum_column(TimeOffState), default=TimeOffState.APPROVED)
    decided_at: Mapped[utc | None]
    decided_by_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    #: the office's word to the sitter
    answer: Mapped[line_text] = mapped_column(default="")
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    staff: Mapped[Staff] = relationship(back_populates="time_off", foreign_keys=[staff_id])
    decided_by: Mapped[Staff | None] = relationship(foreign_keys=[decided_by_id])
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("last_on >= first_on", name="order"),
        sa.Index("ix_time_off_staff_id", "staff_id", "first_on"),
        sa.Index("ix_time_off_state", "state", "first_on"),
    )

    def __str__(self) -> str:
        return f"{self.staff}, {self.first_on} \N{EN DASH} {self.last_on}"
