"""What a visit costs, and what is due when it is cancelled."""

import datetime as dt
import enum
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import amount, enum_column, pk, short_text
from tables.catalogue import ServiceGroup, ServiceItem
from tables.columns import fk
from tables.people import Client, ClientType


class PriceTarget(enum.StrEnum):
    """What a rule is about: what the client pays, or what the sitter earns."""

    PRICE = "price"
    PAY = "pay"


class PriceEffect(enum.StrEnum):
    """What a matching rule does. Of the SET rules the first that matches wins; every matching ADD is added."""

    SET_AMOUNT = "set_amount"
    #: a share of the client's price; for PAY only
    SET_PERCENT = "set_percent"
    ADD_AMOUNT = "add_amount"
    #: of the price (or pay) before any addition; negative takes off
    ADD_PERCENT = "add_percent"


class PriceRule(Base):
    """One rule of the ordered list; a condition that is None is not asked, the others must all hold."""

    __tablename__ = "price_rule"
    id: Mapped[pk]
    name: Mapped[short_text]
    position: Mapped[int] = mapped_column(default=0, index=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    target: Mapped[PriceTarget] = mapped_column(enum_column(PriceTarget), default=PriceTarget.PRICE)
    effect: Mapped[PriceEffect] = mapped_column(enum_column(PriceEffect), default=PriceEffect.SET_AMOUNT)
    #: for the AMOUNT effects; may be negative with ADD
    amount: Mapped[amount | None]
    percent: Mapped[Decimal | None] = mapped_column(sa.Numeric(7, 2))
    #: nothing after it is looked at any more
    stops: Mapped[bool] = mapped_column(default=False)
    service_item_id: Mapped[int | None] = fk("service_item.id", ondelete="CASCADE")
    service_group_id: Mapped[int | None] = fk("service_group.id", ondelete="CASCADE")
    client_type_id: Mapped[int | None] = fk("client_type.id", ondelete="CASCADE")
    on_holiday: Mapped[bool | None]
    #: bit 0 is Monday, bit 6 Sunday; None is any day
    weekdays: Mapped[int | None]
    #: the visit begins from here (included) until there (excluded); over midnight when it ends before it starts
    starts_from: Mapped[dt.time | None]
    starts_before: Mapped[dt.time | None]
    pets_from: Mapped[int | None]
    pets_to: Mapped[int | None]
    first_on: Mapped[dt.date | None]
    last_on: Mapped[dt.date | None]
    #: asked for or booked less than so many hours before its start: the late-booking fee
    booked_within_hours: Mapped[int | None]
    version: Mapped[int] = mapped_column(default=1)
    service_item: Mapped[ServiceItem | None] = relationship()
    service_group: Mapped[ServiceGroup | None] = relationship()
    client_type: Mapped[ClientType | None] = relationship()
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.name


class ExtraPetPrice(Base):
    """What the nth pet of a visit adds, from this one on until the next row; before any row the item's own amount."""

    __tablename__ = "extra_pet_price"
    id: Mapped[pk]
    service_item_id: Mapped[int] = fk("service_item.id", ondelete="CASCADE", index=False)
    from_pet: Mapped[int]
    amount: Mapped[amount]
    version: Mapped[int] = mapped_column(default=1)
    service_item: Mapped[ServiceItem] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.UniqueConstraint("service_item_id", "from_pet"),
        sa.CheckConstraint("from_pet >= 2", name="from_pet"),
        sa.CheckConstraint("amount >= 0", name="amount"),
    )

    def __str__(self) -> str:
        return f"{self.service_item}, {self.from_pet}+"


class ClientPrice(Base):
    """A price agreed with one client for one service item; it replaces the item's price and every SET rule."""

    __tablename__ = "client_price"
    id: Mapped[pk]
    client_id: Mapped[int] = fk("client.id", ondelete="CASCADE", index=False)
    service_item_id: Mapped[int] = fk("service_item.id", ondelete="CASCADE")
    price: Mapped[amount]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    service_item: Mapped[ServiceItem] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.UniqueConstraint("client_id", "service_item_id"),
        sa.CheckConstraint("price >= 0", name="price"),
        sa.Index("ix_client_price_price", "price", "id"),
    )

    def __str__(self) -> str:
        return f"{self.client}, {self.service_item}"


class NoticeKind(enum.StrEnum):
    """How a cancellation rule measures the notice that was given."""

    #: less than N hours before the start
    HOURS = "hours"
    #: less than N days before the date
    DAYS = "days"
    #: after a time of day, N days before the date
    CLOCK = "clock"
    #: after a time of day, N business days before the date
    BUSINESS_CLOCK = "business_clock"


class Initiator(enum.StrEnum):
    """Who calls a visit off."""

    CLIENT = "client"
    OFFICE = "office"


class PolicyBasis(enum.StrEnum):
    """What a rule counts its notice from: the visit itself, or the first visit of its stay."""

    VISIT = "visit"
    STAY = "stay"


class RefundTo(enum.StrEnum):
    """Where money goes that was paid for a cancelled visit."""

    CREDIT = "credit"
    MONEY = "money"
    ASK = "ask"


class CancellationRule(Base):
    """One rule of the ordered cancellation policy; the first whose conditions all hold decides."""

    __tablename__ = "cancellation_rule"
    id: Mapped[pk]
    name: Mapped[short_text]
    position: Mapped[int] = mapped_column(default=0, index=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    #: of this group only; of every service when None
    service_group_id: Mapped[int | None] = fk("service_group.id", ondelete="CASCADE")
    #: None: whatever the notice
    notice_kind: Mapped[NoticeKind | None] = mapped_column(enum_column(NoticeKind))
    #: hours or days, by kind
    notice_number: Mapped[int | None]
    notice_time: Mapped[dt.time | None]
    basis: Mapped[PolicyBasis] = mapped_column(enum_column(PolicyBasis), default=PolicyBasis.VISIT)
    on_holiday: Mapped[bool | None]
    initiator: Mapped[Initiator | None] = mapped_column(enum_column(Initiator))
    #: every year from this day to that one, as MM-DD; over the new year when it ends before it starts
    season_from: Mapped[str | None] = mapped_column(sa.String(5))
    season_to: Mapped[str | None] = mapped_column(sa.String(5))
    #: only when the stay has begun (an early return), or only when it has not
    stay_begun: Mapped[bool | None]
    #: only the nth to mth day of what is cancelled of the stay, counted from 1
    stay_day_from: Mapped[int | None]
    stay_day_to: Mapped[int | None]
    #: only when a repeating arrangement is ended
    ends_series: Mapped[bool | None]
    #: only while the client has cancelled fewer visits than this in the calendar year (a free allowance)
    allowance_visits: Mapped[int | None]
    #: the same, counted as the client's average visits in so many months
    allowance_months: Mapped[int | None]
    charge_percent: Mapped[Decimal] = mapped_column(sa.Numeric(5, 2), default=Decimal(0))
    charge_amount: Mapped[amount] = mapped_column(default=Decimal(0))
    #: the most that is charged for one visit, and never more than its price
    charge_cap: Mapped[amount | None]
    #: a share of the sitter's pay for the visit, and an amount on top
    pay_percent: Mapped[Decimal] = mapped_column(sa.Numeric(5, 2), default=Decimal(0))
    pay_amount: Mapped[amount] = mapped_column(default=Decimal(0))
    refund_to: Mapped[RefundTo] = mapped_column(enum_column(RefundTo), default=RefundTo.CREDIT)
    version: Mapped[int] = mapped_column(default=1)
    service_group: Mapped[ServiceGroup | None] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("charge_percent BETWEEN 0 AND 100", name="charge_percent"),
        sa.CheckConstraint("pay_percent BETWEEN 0 AND 100", name="pay_percent"),
        sa.CheckConstraint("charge_amount >= 0 AND pay_amount >= 0", name="amounts"),
    )

    def __str__(self) -> str:
        return self.name


class CancellationReason(Base):
    """A reason that clients and the office choose from when they call a visit off."""

    __tablename__ = "cancellation_reason"
    id: Mapped[pk]
    name: Mapped[short_text] = mapped_column(unique=True)
    position: Mapped[int] = mapped_column(default=0)
    #: clients may choose it; the others are the office's own
    for_clients: Mapped[bool] = mapped_column(default=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.name
