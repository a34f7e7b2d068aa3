"""What the business offers and when: service items, time blocks, holidays, closed days, opening hours."""

import datetime as dt
import enum
from decimal import Decimal
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import amount, created_at, enum_column, line_text, pk, public_id, short_text
from tables.columns import fk

if TYPE_CHECKING:
    from tables.invoices import TaxRate


class TimeType(enum.StrEnum):
    """What a service item asks about the time of day."""

    STANDARD = "standard"
    TIME_BLOCK = "time_block"
    ANYTIME = "anytime"
    ALL_DAY = "all_day"


class PayKind(enum.StrEnum):
    """A sitter's pay for a visit: an amount, or a share of the price."""

    AMOUNT = "amount"
    PERCENT = "percent"


class LimitKind(enum.StrEnum):
    """How late a client may still request. No row value (NULL) inherits; NONE is 'no limit'."""

    NONE = "none"
    HOURS = "hours"
    DAYS = "days"
    TODAY_AFTER = "today_after"
    TOMORROW_AFTER = "tomorrow_after"


class ServiceGroup(Base):
    """A group of service items: for filters, reports and shared request limits."""

    __tablename__ = "service_group"
    id: Mapped[pk]
    name: Mapped[short_text] = mapped_column(unique=True)
    position: Mapped[int] = mapped_column(default=0)
    request_limit_kind: Mapped[LimitKind | None] = mapped_column(enum_column(LimitKind))
    #: hours or days, by kind
    request_limit_number: Mapped[int | None]
    #: clock time, for the "after" kinds
    request_limit_time: Mapped[dt.time | None]
    change_limit_kind: Mapped[LimitKind | None] = mapped_column(enum_column(LimitKind, name="change_limit"))
    change_limit_number: Mapped[int | None]
    change_limit_time: Mapped[dt.time | None]
    cancel_limit_kind: Mapped[LimitKind | None] = mapped_column(enum_column(LimitKind, name="cancel_limit"))
    cancel_limit_number: Mapped[int | None]
    cancel_limit_time: Mapped[dt.time | None]
    version: Mapped[int] = mapped_column(default=1)
    items: Mapped[list["ServiceItem"]] = relationship(back_populates="group")
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.name


class TimeBlock(Base):
    """A named window of the day, such as Morning 7 to 10; an end before its start lies on the next day."""

    __tablename__ = "time_block"
    id: Mapped[pk]
    name: Mapped[short_text] = mapped_column(unique=True)
    starts_at: Mapped[dt.time]
    ends_at: Mapped[dt.time]
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return f"{self.name} {self.starts_at:%H:%M}-{self.ends_at:%H:%M}"


service_item_time_block = sa.Table(
    "service_item_time_block",
    Base.metadata,
    sa.Column("service_item_id", sa.ForeignKey("service_item.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("time_block_id", sa.ForeignKey("time_block.id", ondelete="RESTRICT"), primary_key=True, index=True),
)


class ServiceItem(Base):
    """An entry of the price list: a 30-minute visit, an overnight."""

    __tablename__ = "service_item"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    #: staff-facing short code, such as "Walk30"
    code: Mapped[str] = mapped_column(sa.String(20), unique=True)
    #: what clients read
    name: Mapped[short_text] = mapped_column(index=True)
    description: Mapped[line_text] = mapped_column(default="")
    group_id: Mapped[int | None] = fk("service_group.id", ondelete="SET NULL")
    price: Mapped[amount] = mapped_column(default=Decimal(0))
    #: added for the second and each further pet
    extra_pet_price: Mapped[amount] = mapped_column(default=Decimal(0))
    pay_kind: Mapped[PayKind] = mapped_column(enum_column(PayKind), default=PayKind.PERCENT)
    pay_amount: Mapped[amount] = mapped_column(default=Decimal(0))
    pay_percent: Mapped[Decimal] = mapped_column(sa.Numeric(5, 2), default=Decimal(50))
    #: None: the business's default rate
    tax_rate_id: Mapped[int | None] = fk("tax_rate.id", ondelete="SET NULL")
    duration_minutes: Mapped[int] = mapped_column(default=30)
    time_type: Mapped[TimeType] = mapped_column(enum_column(TimeType), default=TimeType.STANDARD)
    position: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    visible_in_portal: Mapped[bool] = mapped_column(default=False)
    #: clients never see visits of it
    is_internal: Mapped[bool] = mapped_column(default=False)
    key_not_needed: Mapped[bool] = mapped_column(default=False)
    request_limit_kind: Mapped[LimitKind | None] = mapped_column(enum_column(LimitKind))
    request_limit_number: Mapped[int | None]
    request_limit_time: Mapped[dt.time | None]
    change_limit_kind: Mapped[LimitKind | None] = mapped_column(enum_column(LimitKind, name="change_limit"))
    change_limit_number: Mapped[int | None]
    change_limit_time: Mapped[dt.time | None]
    cancel_limit_kind: Mapped[LimitKind | None] = mapped_column(enum_column(LimitKind, name="cancel_limit"))
    cancel_limit_number: Mapped[int | None]
    cancel_limit_time: Mapped[dt.time | None]
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    group: Mapped[ServiceGroup | None] = relationship(back_populates="items")
    tax_rate: Mapped["TaxRate | None"] = relationship()
    time_blocks: Mapped[list[TimeBlock]] = relationship(secondary=service_item_time_block, order_by=TimeBlock.starts_at)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("duration_minutes BETWEEN 1 AND 1440", name="duration"),
        sa.CheckConstraint("price >= 0 AND extra_pet_price >= 0 AND pay_amount >= 0", name="amounts"),
        sa.CheckConstraint("pay_percent BETWEEN 0 AND 100", name="pay_percent"),
    )

    def __str__(self) -> str:
        return self.name


class PublicHoliday(Base):
    """A public holiday; the business may close on it."""

    __tablename__ = "public_holiday"
    id: Mapped[pk]
    on_date: Mapped[dt.date] = mapped_column(unique=True)
    name: Mapped[short_text]
    #: clients cannot request services for this day
    is_closed: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.name


class ClosedDay(Base):
    """A stretch of days on which the business takes no requests, first and last day included."""

    __tablename__ = "closed_day"
    id: Mapped[pk]
    first_on: Mapped[dt.date] = mapped_column(index=True)
    last_on: Mapped[dt.date]
    #: clients read it: "Closed for our summer break"
    reason: Mapped[line_text] = mapped_column(default="")
    #: only for these services; for all of them when both are None
    service_group_id: Mapped[int | None] = fk("service_group.id", ondelete="CASCADE")
    service_item_id: Mapped[int | None] = fk("service_item.id", ondelete="CASCADE")
    service_group: Mapped["ServiceGroup | None"] = relationship()
    service_item: Mapped["ServiceItem | None"] = relationship()
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.CheckConstraint("last_on >= first_on", name="order"),)

    def __str__(self) -> str:
        return self.reason or f"{self.first_on} - {self.last_on}"


class OpeningHours(Base):
    """A stretch of a weekday in which visits may begin; a service without any such row may begin at any time."""

    __tablename__ = "opening_hours"
    id: Mapped[pk]
    #: 0 is Monday, 6 Sunday, 7 any public holiday (which then replaces its weekday)
    weekday: Mapped[int]
    opens_at: Mapped[dt.time]
    closes_at: Mapped[dt.time]
    #: only for these services; the item's rows replace its group's, and those the business's (both None)
    service_group_id: Mapped[int | None] = fk("service_group.id", ondelete="CASCADE")
    service_item_id: Mapped[int | None] = fk("service_item.id", ondelete="CASCADE")
    version: Mapped[int] = mapped_column(default=1)
    service_group: Mapped[ServiceGroup | None] = relationship()
    service_item: Mapped[ServiceItem | None] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("weekday BETWEEN 0 AND 7", name="weekday"),
        sa.CheckConstraint("closes_at > opens_at", name="order"),
    )

    def __str__(self) -> str:
        return f"{self.opens_at:%H:%M}-{self.closes_at:%H:%M}"
