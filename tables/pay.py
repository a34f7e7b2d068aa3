"""What sitters earn: pay runs, a statement for each sitter, and its lines."""

import datetime as dt
import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import amount, created_at, enum_column, line_text, pk, public_id, utc
from tables.columns import fk
from tables.jobs import Job
from tables.payments import TipShare
from tables.people import Staff


class PayRunState(enum.StrEnum):
    """A run is made as it was previewed; one that was wrong is undone, and its lines wait for the next."""

    MADE = "made"
    UNDONE = "undone"


PAY_RUN_MOVES: dict[PayRunState, set[PayRunState]] = {
    PayRunState.MADE: {PayRunState.UNDONE},
    PayRunState.UNDONE: set(),
}


class PayLineKind(enum.StrEnum):
    """What a line of a statement is for."""

    VISIT = "visit"
    #: what the policy pays for a visit that was called off
    CANCELLATION = "cancellation"
    TIP = "tip"
    #: a visit or tip of an earlier run is worth more or less by now
    CORRECTION = "correction"
    #: entered by hand: a bonus, expenses, an advance (negative)
    EXTRA = "extra"


class PayRun(Base):
    """The pay of all sitters, or of some, up to and including a day."""

    __tablename__ = "pay_run"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    number: Mapped[int] = mapped_column(unique=True)
    upto_on: Mapped[dt.date]
    state: Mapped[PayRunState] = mapped_column(enum_column(PayRunState), default=PayRunState.MADE)
    by_staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    undone_at: Mapped[utc | None]
    version: Mapped[int] = mapped_column(default=1)
    by_staff: Mapped[Staff | None] = relationship()
    statements: Mapped[list["PayStatement"]] = relationship(back_populates="run", order_by="PayStatement.id")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.Index("ix_pay_run_created_at", "created_at", "id"),)

    def __str__(self) -> str:
        return f"#{self.number}"


class PayStatement(Base):
    """What one sitter gets in one run; its lines add up to the total and never change."""

    __tablename__ = "pay_statement"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    run_id: Mapped[int] = fk("pay_run.id", index=False)
    staff_id: Mapped[int] = fk("staff.id")
    #: the sitter's name then
    name: Mapped[line_text]
    total: Mapped[amount]
    n_visits: Mapped[int] = mapped_column(default=0)
    #: the office has paid it out
    paid_on: Mapped[dt.date | None]
    run: Mapped[PayRun] = relationship(back_populates="statements")
    staff: Mapped[Staff] = relationship()
    lines: Mapped[list["PayLine"]] = relationship(back_populates="statement", order_by="(PayLine.on_date, PayLine.id)")
    __table_args__ = (sa.UniqueConstraint("run_id", "staff_id"),)


class PayLine(Base):
    """One thing that a sitter is paid for. Without a statement it waits for the next run."""

    __tablename__ = "pay_line"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    staff_id: Mapped[int] = fk("staff.id", index=False)
    statement_id: Mapped[int | None] = fk("pay_statement.id")
    kind: Mapped[PayLineKind] = mapped_column(enum_column(PayLineKind))
    on_date: Mapped[dt.date]
    #: frozen: "30-minute visit, Hannah Okafor"
    text: Mapped[line_text]
    amount: Mapped[amount]
    job_id: Mapped[int | None] = fk("job.id", ondelete="SET NULL", index=False)
    tip_share_id: Mapped[int | None] = fk("tip_share.id", ondelete="SET NULL", index=False)
    created_at: Mapped[created_at]
    #: its run was undone: it pays nobody, and its visit may stand on another run
    released_at: Mapped[utc | None]
    statement: Mapped[PayStatement | None] = relationship(back_populates="lines")
    staff: Mapped[Staff] = relationship()
    job: Mapped[Job | None] = relationship()
    tip_share: Mapped[TipShare | None] = relationship()
    __table_args__ = (
        # One visit, one tip: on one run only, whatever two offices do. Corrections are lines of their own.
        sa.Index(
            "uq_pay_line_job",
            "job_id",
            unique=True,
            sqlite_where=sa.text("released_at IS NULL AND kind IN ('visit', 'cancellation')"),
            postgresql_where=sa.text("released_at IS NULL AND kind IN ('visit', 'cancellation')"),
        ),
        sa.Index(
            "uq_pay_line_tip",
            "tip_share_id",
            unique=True,
            sqlite_where=sa.text("released_at IS NULL AND kind = 'tip'"),
            postgresql_where=sa.text("released_at IS NULL AND kind = 'tip'"),
        ),
        sa.Index("ix_pay_line_staff_id", "staff_id", "on_date"),
        sa.Index("ix_pay_line_job", "job_id", "id"),
        sa.Index("ix_pay_line_tip_share", "tip_share_id", "id"),
    )
