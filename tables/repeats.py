"""Repeating services: a week that comes again, its days and times, the pauses, and the days that are left out."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import created_at, line_text, long_text, pk, public_id
from tables.catalogue import ServiceItem, TimeBlock
from tables.columns import fk
from tables.people import Client, Staff
from tables.pets import Pet

repeat_pet = sa.Table(
    "repeat_pet",
    Base.metadata,
    sa.Column("repeat_id", sa.ForeignKey("repeat.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("pet_id", sa.ForeignKey("pet.id", ondelete="RESTRICT"), primary_key=True, index=True),
)


class Repeat(Base):
    """A repeating service of a client: a weekly pattern from a day on, until a day or for good."""

    __tablename__ = "repeat"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = fk("client.id")
    service_item_id: Mapped[int] = fk("service_item.id")
    sitter_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    starts_on: Mapped[dt.date]
    #: the last day that may have a visit; None is open
    ends_on: Mapped[dt.date | None]
    #: every nth week, counted from the week of `starts_on`
    every_weeks: Mapped[int] = mapped_column(default=1)
    #: the day on which its weeks begin: 0 is Monday, 6 Sunday
    week_starts: Mapped[int] = mapped_column(default=0)
    note: Mapped[long_text] = mapped_column(default="")
    staff_note: Mapped[long_text] = mapped_column(default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    #: visits exist up to this day; the next run begins after it
    generated_to: Mapped[dt.date | None] = mapped_column(index=True)
    #: the series that this one went on from: "this and following"
    follows_id: Mapped[int | None] = fk("repeat.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    service_item: Mapped[ServiceItem] = relationship()
    sitter: Mapped[Staff | None] = relationship()
    pets: Mapped[list[Pet]] = relationship(secondary=repeat_pet, order_by=Pet.name)
    times: Mapped[list["RepeatTime"]] = relationship(
        back_populates="repeat", cascade="all, delete-orphan", order_by="RepeatTime.weekday, RepeatTime.id"
    )
    pauses: Mapped[list["RepeatPause"]] = relationship(
        back_populates="repeat", cascade="all, delete-orphan", order_by="RepeatPause.first_on"
    )
    follows: Mapped["Repeat | None"] = relationship(remote_side="Repeat.id")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("every_weeks BETWEEN 1 AND 52", name="every_weeks"),
        sa.CheckConstraint("week_starts BETWEEN 0 AND 6", name="week_starts"),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="order"),
    )


class RepeatTime(Base):
    """One visit of a series' week: a weekday with a time or a block, or with neither."""

    __tablename__ = "repeat_time"
    id: Mapped[pk]
    repeat_id: Mapped[int] = fk("repeat.id", ondelete="CASCADE")
    weekday: Mapped[int]
    start_time: Mapped[dt.time | None]
    time_block_id: Mapped[int | None] = fk("time_block.id")
    repeat: Mapped[Repeat] = relationship(back_populates="times")
    time_block: Mapped[TimeBlock | None] = relationship()
    __table_args__ = (sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),)


class RepeatPause(Base):
    """Days on which a series makes no visits, first and last included."""

    __tablename__ = "repeat_pause"
    id: Mapped[pk]
    repeat_id: Mapped[int] = fk("repeat.id", ondelete="CASCADE")
    first_on: Mapped[dt.date]
    last_on: Mapped[dt.date]
    reason: Mapped[line_text] = mapped_column(default="")
    created_at: Mapped[created_at]
    repeat: Mapped[Repeat] = relationship(back_populates="pauses")
    __table_args__ = (sa.CheckConstraint("last_on >= first_on", name="order"),)


class RepeatSkip(Base):
    """A day and time of a series whose visit was taken out for good, for example back to request."""

    __tablename__ = "repeat_skip"
    id: Mapped[pk]
    repeat_id: Mapped[int] = fk("repeat.id", ondelete="CASCADE", index=False)
    #: no key of its own there: the time may be gone from the pattern
    repeat_time_id: Mapped[int]
    on_date: Mapped[dt.date]
    __table_args__ = (sa.UniqueConstraint("repeat_id", "on_date", "repeat_time_id"),)
