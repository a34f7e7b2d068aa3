"""The office's desk: lists as each person wants them, remarks on records, and records that were joined."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import created_at, line_text, long_text, pk, public_id, short_text, utc
from tables.columns import fk
from tables.people import Staff


class SavedView(Base):
    """A list's search, filters, order and columns under a name, as a tab; of one person, or of the whole team."""

    __tablename__ = "saved_view"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    staff_id: Mapped[int] = fk("staff.id", ondelete="CASCADE", index=False)
    #: the list's endpoint
    list_name: Mapped[str] = mapped_column(sa.String(60))
    name: Mapped[short_text]
    #: the list's address behind the question mark
    arguments: Mapped[long_text]
    is_shared: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[created_at]
    staff: Mapped[Staff] = relationship()
    __table_args__ = (
        sa.UniqueConstraint("staff_id", "list_name", "name"),
        sa.Index("ix_saved_view_list", "list_name", "is_shared"),
    )


class Comment(Base):
    """A remark of the team on a record; clients never see it."""

    __tablename__ = "comment"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    subject_type: Mapped[str] = mapped_column(sa.String(40))
    subject_id: Mapped[int]
    body: Mapped[long_text]
    author_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    author_name: Mapped[line_text] = mapped_column(default="")
    created_at: Mapped[created_at]
    #: taken back by its author or an owner; the log keeps that it was
    removed_at: Mapped[utc | None]
    author: Mapped[Staff | None] = relationship()
    __table_args__ = (sa.Index("ix_comment_subject", "subject_type", "subject_id", "id"),)


class ListColumns(Base):
    """Which columns of a list one person wants to see, in which order; without a row the list's own."""

    __tablename__ = "list_columns"
    id: Mapped[pk]
    staff_id: Mapped[int] = fk("staff.id", ondelete="CASCADE", index=False)
    #: the list's endpoint
    list_name: Mapped[str] = mapped_column(sa.String(60))
    #: names of columns, with a comma between them
    names: Mapped[long_text]
    staff: Mapped[Staff] = relationship()
    __table_args__ = (sa.UniqueConstraint("staff_id", "list_name"),)


class MergedRecord(Base):
    """A client, pet or practice that was joined with another one, and where it leads: always to one that stands."""

    __tablename__ = "merged_record"
    id: Mapped[pk]
    record_type: Mapped[str] = mapped_column(sa.String(40))
    record_id: Mapped[int]
    into_id: Mapped[int]
    merged_at: Mapped[created_at]
    __table_args__ = (
        sa.UniqueConstraint("record_type", "record_id"),
        sa.Index("ix_merged_record_into", "record_type", "into_id"),
    )


class MergeNote(Base):
    """What one merge moved, changed and dropped, so that it can be undone for a while; gone once it was, or can no more."""

    __tablename__ = "merge_note"
    id: Mapped[pk]
    record_type: Mapped[str] = mapped_column(sa.String(40))
    record_id: Mapped[int]
    into_id: Mapped[int]
    #: the client who stays, or whose pets they are; practices have none
    client_id: Mapped[int | None] = fk("client.id", ondelete="CASCADE")
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    staff_name: Mapped[line_text] = mapped_column(default="")
    merged_at: Mapped[created_at]
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    __table_args__ = (
        sa.UniqueConstraint("record_type", "record_id"),
        sa.Index("ix_merge_note_into", "record_type", "into_id"),
        sa.Index("ix_merge_note_merged_at", "merged_at"),
    )


class DistinctPair(Base):
    """Two records that look like one client, pet or practice and are two, as somebody of the office knows."""

    __tablename__ = "distinct_pair"
    id: Mapped[pk]
    record_type: Mapped[str] = mapped_column(sa.String(40))
    #: the smaller number first
    first_id: Mapped[int]
    second_id: Mapped[int]
    staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    staff_name: Mapped[line_text] = mapped_column(default="")
    marked_at: Mapped[created_at]
    __table_args__ = (
        sa.UniqueConstraint("record_type", "first_id", "second_id"),
        sa.CheckConstraint("first_id < second_id", name="order"),
    )
