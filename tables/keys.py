"""The keys of clients' homes: which there are, who has them, and where they went."""

import enum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import created_at, enum_column, line_text, pk, public_id, short_text, utc
from tables.columns import fk
from tables.people import Client, Staff


class KeyPlace(enum.StrEnum):
    """Where a key is."""

    OFFICE = "office"
    #: with a member of the team
    STAFF = "staff"
    #: given back
    CLIENT = "client"
    LOST = "lost"


class Key(Base):
    """One key of a client's home. Its reference is the business's own code; the client's name is never on the tag."""

    __tablename__ = "home_key"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id", ondelete="CASCADE")
    #: "Front door"
    name: Mapped[short_text]
    #: on the tag, in capitals; no two keys in use have the same
    reference: Mapped[str] = mapped_column(sa.String(40))
    #: office only: in no report and no mail
    description: Mapped[line_text] = mapped_column(default="")
    place: Mapped[KeyPlace] = mapped_column(enum_column(KeyPlace), default=KeyPlace.OFFICE)
    #: who has it, while it is with the team
    holder_id: Mapped[int | None] = fk("staff.id")
    #: since when it is there
    moved_at: Mapped[utc | None]
    created_at: Mapped[created_at]
    retired_at: Mapped[utc | None]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    holder: Mapped[Staff | None] = relationship()
    moves: Mapped[list["KeyMove"]] = relationship(back_populates="key", order_by="KeyMove.id.desc()")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("(place = 'staff') = (holder_id IS NOT NULL)", name="holder"),
        sa.Index(
            "uq_home_key_reference",
            "reference",
            unique=True,
            sqlite_where=sa.text("retired_at IS NULL"),
            postgresql_where=sa.text("retired_at IS NULL"),
        ),
        sa.Index("ix_home_key_place", "place", "holder_id"),
        sa.Index("ix_home_key_moved_at", "moved_at", "id"),
    )

    def __str__(self) -> str:
        return f"{self.reference} {self.name}"


class KeyMove(Base):
    """A key went from somewhere to somewhere: its history, only ever added to."""

    __tablename__ = "key_move"
    id: Mapped[pk]
    key_id: Mapped[int] = fk("home_key.id", ondelete="CASCADE")
    at: Mapped[created_at]
    place: Mapped[KeyPlace] = mapped_column(enum_column(KeyPlace))
    holder_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    #: where it was before
    from_place: Mapped[KeyPlace | None] = mapped_column(enum_column(KeyPlace, name="from_place"))
    from_holder_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    by_staff_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    note: Mapped[line_text] = mapped_column(default="")
    key: Mapped[Key] = relationship(back_populates="moves")
    holder: Mapped[Staff | None] = relationship(foreign_keys=[holder_id])
    from_holder: Mapped[Staff | None] = relationship(foreign_keys=[from_holder_id])
    by_staff: Mapped[Staff | None] = relationship(foreign_keys=[by_staff_id])
