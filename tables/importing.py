"""Bringing a business in: files that were sent, what each row became, and how columns were matched before."""

import enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import created_at, enum_column, line_text, long_text, pk, public_id, short_text, utc
from tables.columns import fk
from tables.people import Staff


class ImportKind(enum.StrEnum):
    """What the rows of a file are."""

    CLIENTS = "clients"
    CONTACTS = "contacts"
    PETS = "pets"
    VETS = "vets"
    SERVICES = "services"
    PRICE_RULES = "price_rules"
    REPEATS = "repeats"
    VISITS = "visits"
    KEYS = "keys"
    BALANCES = "balances"


class ImportState(enum.StrEnum):
    """The life of an import. Nothing of the business is touched before RUNNING."""

    #: the file is there; its columns are being matched
    MATCHING = "matching"
    #: the worker reads every row and says what would happen
    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    #: it cannot be read; the office sends another file
    FAILED = "failed"
    #: called off before it ran
    DROPPED = "dropped"


IMPORT_MOVES: dict[ImportState, set[ImportState]] = {
    ImportState.MATCHING: {ImportState.CHECKING, ImportState.FAILED, ImportState.DROPPED},
    ImportState.CHECKING: {ImportState.CHECKED, ImportState.MATCHING, ImportState.FAILED, ImportState.DROPPED},
    ImportState.CHECKED: {ImportState.MATCHING, ImportState.CHECKING, ImportState.RUNNING, ImportState.DROPPED},
    ImportState.RUNNING: {ImportState.DONE, ImportState.FAILED},
    ImportState.DONE: {ImportState.UNDOING},
    ImportState.UNDOING: {ImportState.UNDONE, ImportState.DONE},
    ImportState.UNDONE: set(),
    ImportState.FAILED: {ImportState.UNDOING},
    ImportState.DROPPED: set(),
}


class ImportRun(Base):
    """One file that is brought in: how it is read, how far the worker is, what came of it."""

    __tablename__ = "import_run"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    kind: Mapped[ImportKind] = mapped_column(enum_column(ImportKind))
    state: Mapped[ImportState] = mapped_column(enum_column(ImportState), default=ImportState.MATCHING)
    #: the file's name for people, and where its bytes lie in the store
    name: Mapped[line_text]
    key: Mapped[str] = mapped_column(sa.String(120))
    n_bytes: Mapped[int]
    #: found in the file, changeable: encoding, delimiter, sheet, date_order, decimal_sign, source
    reading: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    #: {"first_name": "Client Forename"}: our field -> the file's column
    mapping: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    #: raised whenever reading or mapping change, so that a check of the old ones is not taken for the new
    serial: Mapped[int] = mapped_column(default=1)
    n_rows: Mapped[int] = mapped_column(default=0)
    #: rows that the present phase has behind it
    n_done: Mapped[int] = mapped_column(default=0)
    n_new: Mapped[int] = mapped_column(default=0)
    n_changed: Mapped[int] = mapped_column(default=0)
    n_same: Mapped[int] = mapped_column(default=0)
    n_errors: Mapped[int] = mapped_column(default=0)
    #: why it failed
    problem: Mapped[line_text] = mapped_column(default="")
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    started_at: Mapped[utc | None]
    finished_at: Mapped[utc | None]
    undone_at: Mapped[utc | None]
    staff: Mapped[Staff | None] = relationship()
    __table_args__ = (sa.Index("ix_import_run_state", "state", "id"),)


class RowOutcome(enum.StrEnum):
    """What a row is, or became."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    ERROR = "error"


class ImportRow(Base):
    """One row of a file: what it became, what was wrong, and what stood there before, for the undo."""

    __tablename__ = "import_row"
    id: Mapped[pk]
    run_id: Mapped[int] = fk("import_run.id", ondelete="CASCADE", index=False)
    #: the line of the file where it begins, the head being 1
    number: Mapped[int]
    outcome: Mapped[RowOutcome] = mapped_column(enum_column(RowOutcome))
    #: [{"field": "email", "why": "..."}]
    problems: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    #: for people: the name that the row is about
    about: Mapped[line_text] = mapped_column(default="")
    #: the table and number of what it made or changed
    record_type: Mapped[str] = mapped_column(sa.String(40), default="")
    record_id: Mapped[int | None]
    #: {"phone": [old, new]} of a changed record; further records made along with it under "made"
    changes: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    is_undone: Mapped[bool] = mapped_column(default=False)
    #: why it could not be undone
    kept_why: Mapped[line_text] = mapped_column(default="")
    run: Mapped[ImportRun] = relationship()
    __table_args__ = (
        sa.UniqueConstraint("run_id", "number"),
        sa.Index("ix_import_row_outcome", "run_id", "outcome", "number"),
    )


class ImportedRecord(Base):
    """What another program calls a record of ours, so that a file can be brought in twice and later files find it."""

    __tablename__ = "imported_record"
    id: Mapped[pk]
    #: the program that it came from, "" for a plain file
    source: Mapped[str] = mapped_column(sa.String(40), default="")
    kind: Mapped[ImportKind] = mapped_column(enum_column(ImportKind))
    #: its number there, or a mark made of what the row says
    foreign_key: Mapped[line_text]
    record_id: Mapped[int]
    __table_args__ = (
        sa.UniqueConstraint("source", "kind", "foreign_key"),
        sa.Index("ix_imported_record_record", "kind", "record_id"),
    )


class ImportMapping(Base):
    """How the columns of such files were matched, kept under a name."""

    __tablename__ = "import_mapping"
    id: Mapped[pk]
    kind: Mapped[ImportKind] = mapped_column(enum_column(ImportKind))
    name: Mapped[short_text]
    mapping: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    reading: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    created_at: Mapped[created_at]
    __table_args__ = (sa.UniqueConstraint("kind", "name"),)


class ArchiveState(enum.StrEnum):
    """The life of an archive of everything."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    #: its file was removed
    GONE = "gone"


ARCHIVE_MOVES: dict[ArchiveState, set[ArchiveState]] = {
    ArchiveState.WAITING: {ArchiveState.RUNNING, ArchiveState.FAILED, ArchiveState.GONE},
    ArchiveState.RUNNING: {ArchiveState.DONE, ArchiveState.FAILED, ArchiveState.WAITING},
    ArchiveState.DONE: {ArchiveState.GONE},
    ArchiveState.FAILED: {ArchiveState.GONE},
    ArchiveState.GONE: set(),
}


class DataArchive(Base):
    """Everything of the business as one file, made by the worker and kept for a few days."""

    __tablename__ = "data_archive"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    state: Mapped[ArchiveState] = mapped_column(enum_column(ArchiveState), default=ArchiveState.WAITING)
    with_files: Mapped[bool] = mapped_column(default=True)
    key: Mapped[str | None] = mapped_column(sa.String(120))
    n_bytes: Mapped[int | None] = mapped_column(sa.BigInteger)
    sha256: Mapped[str | None] = mapped_column(sa.String(64))
    n_done: Mapped[int] = mapped_column(default=0)
    n_total: Mapped[int] = mapped_column(default=0)
    problem: Mapped[long_text | None]
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    finished_at: Mapped[utc | None]
    staff: Mapped[Staff | None] = relationship()


class DemoRecord(Base):
    """A row that the demo business made, so that it can be taken out again without touching real ones."""

    __tablename__ = "demo_record"
    id: Mapped[pk]
    table_name: Mapped[str] = mapped_column(sa.String(60))
    row_id: Mapped[int]
    #: made up beside a real business, to try things with (`workflows.demo_marks`)
    is_beside: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    __table_args__ = (sa.UniqueConstraint("table_name", "row_id"),)
