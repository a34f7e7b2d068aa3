"""What is kept about everything else: the log, settings, numbers, forms sent, work on many visits."""

import datetime as dt
import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation import clock
from foundation.db import Base
from foundation.types import UTCDateTime, created_at, enum_column, line_text, pk, public_id, utc
from tables.columns import fk
from tables.people import Client, Staff


class ActorKind(enum.StrEnum):
    """Who did it. A staff member in a client's portal is STAFF with `on_behalf`."""

    STAFF = "staff"
    CLIENT = "client"
    SYSTEM = "system"


class Via(enum.StrEnum):
    """Through which door it was done."""

    PORTAL = "portal"
    OFFICE = "office"
    WORKER = "worker"
    COMMAND_LINE = "cli"


class Activity(Base):
    """What happened, by whom, to what: append-only."""

    __tablename__ = "activity"
    id: Mapped[pk]
    at: Mapped[utc] = mapped_column(default=clock.now)
    #: stable verb such as "job_request.submitted"; the sentence is made when it is shown
    verb: Mapped[str] = mapped_column(sa.String(60), index=True)
    actor_kind: Mapped[ActorKind] = mapped_column(enum_column(ActorKind))
    #: the name at that time, readable also when the person is gone
    actor_name: Mapped[line_text]
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="SET NULL")
    on_behalf: Mapped[bool] = mapped_column(default=False)
    via: Mapped[Via] = mapped_column(enum_column(Via))
    #: whose log it belongs to
    client_id: Mapped[int | None] = fk("client.id", ondelete="SET NULL", index=False)
    subject_type: Mapped[str] = mapped_column(sa.String(40))
    subject_id: Mapped[int | None]
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    client: Mapped[Client | None] = relationship()
    staff: Mapped[Staff | None] = relationship()
    __table_args__ = (
        sa.Index("ix_activity_at", "at", "id"),
        sa.Index("ix_activity_client_id", "client_id", "id"),
        sa.Index("ix_activity_subject", "subject_type", "subject_id"),
    )


class Setting(Base):
    """A business setting that was changed from its default; the registry stands in `workflows.settings`."""

    __tablename__ = "setting"
    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    value: Mapped[Any] = mapped_column(sa.JSON)
    changed_at: Mapped[utc] = mapped_column(default=clock.now, onupdate=clock.now)


class Counter(Base):
    """A number that is given out without gaps, such as the request number."""

    __tablename__ = "counter"
    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


class FormKey(Base):
    """A form that has been sent: its second arrival finds the key used and changes nothing."""

    __tablename__ = "form_key"
    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    used_at: Mapped[dt.datetime] = mapped_column(UTCDateTime, default=clock.now, index=True)
    #: where the first arrival led to
    result: Mapped[line_text] = mapped_column(default="")


class BulkKind(enum.StrEnum):
    """Work on many visits or clients at once, which the worker does in pieces."""

    CANCEL = "cancel"
    MOVE = "move"
    REASSIGN = "reassign"
    GENERATE = "generate"
    INVITE = "invite"
    INVOICE = "invoice"
    CHARGE = "charge"
    STATEMENT = "statement"
    MAILING = "mailing"
    EDIT = "edit"


class BulkState(enum.StrEnum):
    """The life of such work."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"


BULK_MOVES: dict[BulkState, set[BulkState]] = {
    BulkState.WAITING: {BulkState.RUNNING, BulkState.STOPPED},
    BulkState.RUNNING: {BulkState.DONE, BulkState.STOPPED},
    BulkState.DONE: set(),
    BulkState.STOPPED: set(),
}


class BulkRun(Base):
    """One order of the office about many visits: what is to be done, how far it is, and what could not be done."""

    __tablename__ = "bulk_run"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    kind: Mapped[BulkKind] = mapped_column(enum_column(BulkKind))
    state: Mapped[BulkState] = mapped_column(enum_column(BulkState), default=BulkState.WAITING)
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    #: what to do, as plain values, with the numbers of the visits
    wish: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    n_total: Mapped[int] = mapped_column(default=0)
    n_done: Mapped[int] = mapped_column(default=0)
    #: [{"job_id": 7, "why": "..."}] of those that could not be done
    failures: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    created_at: Mapped[created_at]
    started_at: Mapped[utc | None]
    finished_at: Mapped[utc | None]
    staff: Mapped[Staff | None] = relationship()
    __table_args__ = (sa.Index("ix_bulk_run_state", "state", "id"),)
