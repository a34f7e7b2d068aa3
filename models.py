"""Every table and every enum of Latchkey. Columns, relationships, tiny derived properties; no rules, no queries.

Contents, in the order of the story:
  people          Staff, StaffLogin, ClientType, Client, ClientContact, ClientLogin, SignIn, LoginAttempt
  pets and vets   Vet, Pet
  catalogue       ServiceGroup, TimeBlock, ServiceItem, PublicHoliday, ClosedDay, OpeningHours
  prices          PriceRule, ExtraPetPrice, ClientPrice
  policy          CancellationRule, CancellationReason
  requests, jobs  JobRequest, JobRequestLine, RequestMessage, Repeat, RepeatTime, RepeatPause, RepeatSkip, Job, TimeOff
  changes         ChangeRequest, ChangeItem
  communication   OutboxMail, Notification, CalendarFeed
  bookkeeping     Activity, Setting, Counter, FormKey, BulkRun

The rules live in `workflows/`; allowed moves of a state stand as a dict right under its enum.
"""

import datetime as dt
import enum
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation import clock
from foundation.db import Base, db
from foundation.types import (
    UTCDateTime,
    amount,
    created_at,
    enum_column,
    line_text,
    long_text,
    pk,
    public_id,
    short_text,
    utc,
)

__all__ = [
    "Activity", "ActorKind", "BULK_MOVES", "BulkKind", "BulkRun", "BulkState", "CHANGE_MOVES", "CalendarFeed",
    "CancellationReason", "CancellationRule", "ChangeItem", "ChangeKind", "ChangeRequest", "ChangeState", "Client",
    "ClientContact", "ClientLogin", "ClientPrice", "ClientStatus", "ClientType", "ClosedDay", "Counter",
    "ExtraPetPrice", "FormKey", "Initiator", "JOB_CLIENT_LABELS", "JOB_MOVES", "Job", "JobRequest", "JobRequestLine",
    "JobState", "LINE_MOVES", "LimitKind", "LineState", "LoginAttempt", "MAIL_MOVES", "MailState", "NoticeKind",
    "Notification", "NotificationKind", "OpeningHours", "OutboxMail", "PayKind", "Pet", "PetStatus", "PolicyBasis",
    "PriceEffect", "PriceRule", "PriceTarget", "PublicHoliday", "Realm", "RefundTo", "Repeat", "RepeatPause",
    "RepeatSkip", "RepeatTime", "RequestMessage", "ServiceGroup", "ServiceItem", "Setting", "SignIn", "Species",
    "Staff", "StaffLogin", "StaffRole", "TimeBlock", "TimeOff", "TimeType", "Vet", "Via", "db",
]  # fmt: skip


def _fk(target: str, *, ondelete: str = "RESTRICT", index: bool = True, **more: Any) -> Any:  # noqa: ANN401 -- a column
    """A foreign key column with an explicit ON DELETE and, unless a wider index covers it, an index."""
    return mapped_column(sa.ForeignKey(target, ondelete=ondelete), index=index, **more)


# ---------------------------------------------------------------------------------------------------------- people


class StaffRole(enum.StrEnum):
    """What a staff member may do; the permissions behind each role stand in `workflows.permissions`."""

    OWNER = "owner"
    MANAGER = "manager"
    SITTER = "sitter"


class ClientStatus(enum.StrEnum):
    """Where a client stands with the business."""

    PROSPECT = "prospect"
    ACTIVE = "active"
    INACTIVE = "inactive"
    ARCHIVED = "archived"


class Realm(enum.StrEnum):
    """The two separate worlds of sign-in."""

    STAFF = "staff"
    CLIENT = "client"


class Staff(Base):
    """A staff member: owner, manager or sitter."""

    __tablename__ = "staff"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    first_name: Mapped[short_text]
    last_name: Mapped[short_text] = mapped_column(default="")
    email: Mapped[line_text | None] = mapped_column(index=True)
    phone: Mapped[str | None] = mapped_column(sa.String(40))
    role: Mapped[StaffRole] = mapped_column(enum_column(StaffRole), default=StaffRole.SITTER)
    #: may be given visits; an owner who also walks dogs has it too
    is_sitter: Mapped[bool] = mapped_column(default=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    notes: Mapped[long_text] = mapped_column(default="")
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    login: Mapped["StaffLogin | None"] = relationship(back_populates="staff", uselist=False)
    time_off: Mapped[list["TimeOff"]] = relationship(back_populates="staff", cascade="all, delete-orphan")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.Index("ix_staff_name", "first_name", "last_name"),)

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class StaffLogin(Base):
    """A staff member's credential for the back office and the sitter pages."""

    __tablename__ = "staff_login"
    id: Mapped[pk]
    staff_id: Mapped[int] = _fk("staff.id", ondelete="CASCADE", unique=True)
    #: always lower case
    email: Mapped[line_text] = mapped_column(unique=True)
    password_hash: Mapped[line_text | None]
    #: raised with every link that is asked for, so that an older link is dead
    link_serial: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    last_login_at: Mapped[utc | None]
    created_at: Mapped[created_at]
    staff: Mapped[Staff] = relationship(back_populates="login")


class ClientType(Base):
    """A group of clients with prices of its own, such as Recurring."""

    __tablename__ = "client_type"
    id: Mapped[pk]
    name: Mapped[short_text] = mapped_column(unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.name


class Client(Base):
    """The household that pays: contacts, pets, home, requests, visits."""

    __tablename__ = "client"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    #: ten digits, allotted once, usable as log-in name
    account_number: Mapped[str] = mapped_column(sa.String(10), unique=True)
    first_name: Mapped[short_text]
    last_name: Mapped[short_text] = mapped_column(default="")
    email: Mapped[line_text | None] = mapped_column(index=True)
    phone: Mapped[str | None] = mapped_column(sa.String(40), index=True)
    address_line1: Mapped[line_text] = mapped_column(default="")
    address_line2: Mapped[line_text] = mapped_column(default="")
    city: Mapped[short_text] = mapped_column(default="")
    postcode: Mapped[str] = mapped_column(sa.String(20), default="")
    status: Mapped[ClientStatus] = mapped_column(enum_column(ClientStatus), default=ClientStatus.ACTIVE)
    #: off: the household's log-ins are refused, whatever its status
    portal_enabled: Mapped[bool] = mapped_column(default=True)
    primary_sitter_id: Mapped[int | None] = _fk("staff.id", ondelete="SET NULL")
    client_type_id: Mapped[int | None] = _fk("client_type.id", ondelete="SET NULL")
    #: office only
    notes: Mapped[long_text] = mapped_column(default="")
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    primary_sitter: Mapped[Staff | None] = relationship()
    client_type: Mapped[ClientType | None] = relationship()
    contacts: Mapped[list["ClientContact"]] = relationship(back_populates="client", cascade="all, delete-orphan")
    logins: Mapped[list["ClientLogin"]] = relationship(back_populates="client", cascade="all, delete-orphan")
    pets: Mapped[list["Pet"]] = relationship(back_populates="client", order_by="Pet.name")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.Index("ix_client_name", "last_name", "first_name", "id"),
        sa.Index("ix_client_status", "status", "id"),
        sa.Index("ix_client_created_at", "created_at", "id"),
    )

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def account_number_grouped(self) -> str:
        """'4417 209 318' style grouping that people can read aloud: 4, 3, 3 digits."""
        number = self.account_number
        return f"{number[:4]} {number[4:7]} {number[7:]}"


class ClientContact(Base):
    """Somebody else of the household, or for an emergency."""

    __tablename__ = "client_contact"
    id: Mapped[pk]
    client_id: Mapped[int] = _fk("client.id", ondelete="CASCADE")
    name: Mapped[short_text]
    relation: Mapped[short_text] = mapped_column(default="")
    email: Mapped[line_text | None]
    phone: Mapped[str | None] = mapped_column(sa.String(40))
    #: gets a copy of the mails about requests and visits
    receives_copies: Mapped[bool] = mapped_column(default=False)
    is_emergency: Mapped[bool] = mapped_column(default=False)
    client: Mapped[Client] = relationship(back_populates="contacts")
    __table_args__ = (sa.Index("ix_client_contact_name", "name", "id"),)

    def __str__(self) -> str:
        return self.name


class ClientLogin(Base):
    """A credential for the portal; a household can have several. Two households may share one address."""

    __tablename__ = "client_login"
    id: Mapped[pk]
    client_id: Mapped[int] = _fk("client.id", ondelete="CASCADE")
    #: always lower case; None for a log-in by account number alone
    email: Mapped[line_text | None] = mapped_column(index=True)
    password_hash: Mapped[line_text | None]
    #: raised with every link that is asked for, so that an older link is dead
    link_serial: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    last_login_at: Mapped[utc | None]
    created_at: Mapped[created_at]
    client: Mapped[Client] = relationship(back_populates="logins")
    __table_args__ = (sa.UniqueConstraint("client_id", "email"),)

    def __str__(self) -> str:
        return self.email or ""


class SignIn(Base):
    """One browser that is signed in; ended rows are dead at once, also for a copied cookie."""

    __tablename__ = "sign_in"
    id: Mapped[pk]
    #: SHA-256 of the secret in the cookie
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    realm: Mapped[Realm] = mapped_column(enum_column(Realm))
    staff_login_id: Mapped[int | None] = _fk("staff_login.id", ondelete="CASCADE")
    client_login_id: Mapped[int | None] = _fk("client_login.id", ondelete="CASCADE")
    #: "go to portal": the client whose portal a staff member looks at, and who looks
    viewed_client_id: Mapped[int | None] = _fk("client.id", ondelete="CASCADE")
    viewing_staff_id: Mapped[int | None] = _fk("staff.id", ondelete="CASCADE")
    #: the staff sign-in that opened the view: when it ends, the view ends
    opened_by_id: Mapped[int | None] = _fk("sign_in.id", ondelete="CASCADE")
    created_at: Mapped[created_at]
    expires_at: Mapped[utc]
    ended_at: Mapped[utc | None]
    staff_login: Mapped[StaffLogin | None] = relationship()
    client_login: Mapped[ClientLogin | None] = relationship()
    viewed_client: Mapped[Client | None] = relationship()
    viewing_staff: Mapped[Staff | None] = relationship()
    opened_by: Mapped["SignIn | None"] = relationship(remote_side="SignIn.id")


class LoginAttempt(Base):
    """A try to log in or to ask for a link, kept to slow down guessing."""

    __tablename__ = "login_attempt"
    id: Mapped[pk]
    realm: Mapped[Realm] = mapped_column(enum_column(Realm))
    #: "log-in" or "link"
    purpose: Mapped[str] = mapped_column(sa.String(10))
    #: SHA-256 of what was typed as name, so that the table is no list of addresses
    account_key: Mapped[str] = mapped_column(sa.String(64))
    address: Mapped[str] = mapped_column(sa.String(64))
    succeeded: Mapped[bool] = mapped_column(default=False)
    at: Mapped[created_at]
    __table_args__ = (
        sa.Index("ix_login_attempt_account", "account_key", "at"),
        sa.Index("ix_login_attempt_address", "address", "at"),
        sa.Index("ix_login_attempt_at", "at"),
    )


# --------------------------------------------------------------------------------------------------- pets and vets


class Species(enum.StrEnum):
    """Kinds of pet, as far as they need different pictures and pages."""

    DOG = "dog"
    CAT = "cat"
    RABBIT = "rabbit"
    BIRD = "bird"
    FISH = "fish"
    REPTILE = "reptile"
    OTHER = "other"


class PetStatus(enum.StrEnum):
    """Pets are never deleted in the portal; they are 'no longer with us'."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DECEASED = "deceased"


class Vet(Base):
    """A veterinary practice, shared by clients."""

    __tablename__ = "vet"
    id: Mapped[pk]
    name: Mapped[short_text] = mapped_column(index=True)
    phone: Mapped[str | None] = mapped_column(sa.String(40))
    email: Mapped[line_text | None]
    address: Mapped[line_text] = mapped_column(default="")
    notes: Mapped[long_text] = mapped_column(default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.name


class Pet(Base):
    """An animal of one client, with what a sitter must know."""

    __tablename__ = "pet"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = _fk("client.id")
    name: Mapped[short_text] = mapped_column(index=True)
    species: Mapped[Species] = mapped_column(enum_column(Species), default=Species.DOG)
    breed: Mapped[short_text] = mapped_column(default="")
    born_on: Mapped[dt.date | None]
    #: what everybody must see first: "insulin at 8:00 and 18:00"
    warning: Mapped[line_text] = mapped_column(default="")
    feeding: Mapped[long_text] = mapped_column(default="")
    medication: Mapped[long_text] = mapped_column(default="")
    notes: Mapped[long_text] = mapped_column(default="")
    vet_id: Mapped[int | None] = _fk("vet.id", ondelete="SET NULL")
    #: the first day on which a vaccination has run out; None when it is not watched
    vaccinations_expire_on: Mapped[dt.date | None]
    status: Mapped[PetStatus] = mapped_column(enum_column(PetStatus), default=PetStatus.ACTIVE)
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship(back_populates="pets")
    vet: Mapped[Vet | None] = relationship()
    __mapper_args__ = {"version_id_col": version}

    def __str__(self) -> str:
        return self.name


# ------------------------------------------------------------------------------------------------------- catalogue


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
    group_id: Mapped[int | None] = _fk("service_group.id", ondelete="SET NULL")
    price: Mapped[amount] = mapped_column(default=Decimal(0))
    #: added for the second and each further pet
    extra_pet_price: Mapped[amount] = mapped_column(default=Decimal(0))
    pay_kind: Mapped[PayKind] = mapped_column(enum_column(PayKind), default=PayKind.PERCENT)
    pay_amount: Mapped[amount] = mapped_column(default=Decimal(0))
    pay_percent: Mapped[Decimal] = mapped_column(sa.Numeric(5, 2), default=Decimal(50))
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
    service_group_id: Mapped[int | None] = _fk("service_group.id", ondelete="CASCADE")
    service_item_id: Mapped[int | None] = _fk("service_item.id", ondelete="CASCADE")
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
    service_group_id: Mapped[int | None] = _fk("service_group.id", ondelete="CASCADE")
    service_item_id: Mapped[int | None] = _fk("service_item.id", ondelete="CASCADE")
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


# ---------------------------------------------------------------------------------------------------------- prices


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
    service_item_id: Mapped[int | None] = _fk("service_item.id", ondelete="CASCADE")
    service_group_id: Mapped[int | None] = _fk("service_group.id", ondelete="CASCADE")
    client_type_id: Mapped[int | None] = _fk("client_type.id", ondelete="CASCADE")
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
    service_item_id: Mapped[int] = _fk("service_item.id", ondelete="CASCADE", index=False)
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
    client_id: Mapped[int] = _fk("client.id", ondelete="CASCADE", index=False)
    service_item_id: Mapped[int] = _fk("service_item.id", ondelete="CASCADE")
    price: Mapped[amount]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    service_item: Mapped[ServiceItem] = relationship()
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.UniqueConstraint("client_id", "service_item_id"),
        sa.CheckConstraint("price >= 0", name="price"),
    )

    def __str__(self) -> str:
        return f"{self.client}, {self.service_item}"


# ---------------------------------------------------------------------------------------------- cancellation policy


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
    service_group_id: Mapped[int | None] = _fk("service_group.id", ondelete="CASCADE")
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


# ----------------------------------------------------------------------------------------------- requests and jobs


class LineState(enum.StrEnum):
    """The life of one requested visit."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    SCHEDULED = "scheduled"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    DELETED = "deleted"


#: SCHEDULED -> SUBMITTED is "back to request". A draft that is removed from the basket is really deleted: nobody
#: else has seen it.
LINE_MOVES: dict[LineState, set[LineState]] = {
    LineState.DRAFT: {LineState.SUBMITTED},
    LineState.SUBMITTED: {LineState.SCHEDULED, LineState.DECLINED, LineState.CANCELLED, LineState.DELETED},
    LineState.SCHEDULED: {LineState.SUBMITTED},
    LineState.DECLINED: set(),
    LineState.CANCELLED: set(),
    LineState.DELETED: set(),
}


class JobState(enum.StrEnum):
    """The life of one visit. Acknowledged is a time stamp, late and unassigned are derived."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    VOIDED = "voided"


#: SCHEDULED -> VOIDED is the missed visit: its date has passed, so it cannot be cancelled any more.
#: CANCELLED -> SCHEDULED is "reinstate": price and pay are kept on the row so that it can restore them.
JOB_MOVES: dict[JobState, set[JobState]] = {
    JobState.SCHEDULED: {JobState.IN_PROGRESS, JobState.CANCELLED, JobState.VOIDED},
    JobState.IN_PROGRESS: {JobState.COMPLETED},
    JobState.COMPLETED: {JobState.VOIDED},
    JobState.CANCELLED: {JobState.SCHEDULED},
    JobState.VOIDED: {JobState.SCHEDULED, JobState.COMPLETED},
}

#: what clients are told; a voided visit is not shown to them at all
JOB_CLIENT_LABELS: dict[JobState, str] = {
    JobState.SCHEDULED: "scheduled",
    JobState.IN_PROGRESS: "live",
    JobState.COMPLETED: "done",
    JobState.CANCELLED: "off",
}


class JobRequest(Base):
    """What a client asked for in one go: the basket until it is sent, then a numbered request."""

    __tablename__ = "job_request"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = _fk("client.id", index=False)
    #: given when it is sent
    number: Mapped[int | None] = mapped_column(unique=True)
    #: a basket whose lines will join this sent request
    adds_to_id: Mapped[int | None] = _fk("job_request.id", ondelete="SET NULL")
    created_at: Mapped[created_at]
    #: last change of the basket: the forgotten-basket clock runs from here
    changed_at: Mapped[utc] = mapped_column(default=clock.now)
    submitted_at: Mapped[utc | None]
    client: Mapped[Client] = relationship()
    adds_to: Mapped["JobRequest | None"] = relationship(remote_side="JobRequest.id")
    lines: Mapped[list["JobRequestLine"]] = relationship(
        back_populates="request", order_by="JobRequestLine.on_date, JobRequestLine.start_time, JobRequestLine.id"
    )
    messages: Mapped[list["RequestMessage"]] = relationship(back_populates="request", order_by="RequestMessage.id")
    __table_args__ = (
        # One basket a household, whatever two tabs or two devices do.
        sa.Index(
            "uq_job_request_basket",
            "client_id",
            unique=True,
            sqlite_where=sa.text("submitted_at IS NULL"),
            postgresql_where=sa.text("submitted_at IS NULL"),
        ),
        sa.Index("ix_job_request_client_id", "client_id", "submitted_at"),
        sa.Index("ix_job_request_changed_at", "changed_at"),
    )

    def __str__(self) -> str:
        return f"#{self.number}" if self.number else "basket"

    @property
    def is_basket(self) -> bool:
        """Not sent yet."""
        return self.submitted_at is None


job_request_line_pet = sa.Table(
    "job_request_line_pet",
    Base.metadata,
    sa.Column("line_id", sa.ForeignKey("job_request_line.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("pet_id", sa.ForeignKey("pet.id", ondelete="RESTRICT"), primary_key=True, index=True),
)


class JobRequestLine(Base):
    """One requested visit: a service item on a date, at a time or in a block, for some pets."""

    __tablename__ = "job_request_line"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    request_id: Mapped[int] = _fk("job_request.id", ondelete="CASCADE")
    client_id: Mapped[int] = _fk("client.id", index=False)
    service_item_id: Mapped[int] = _fk("service_item.id")
    on_date: Mapped[dt.date]
    start_time: Mapped[dt.time | None]
    time_block_id: Mapped[int | None] = _fk("time_block.id")
    #: the client's words for this visit
    note: Mapped[long_text] = mapped_column(default="")
    #: office and sitter only
    staff_note: Mapped[long_text] = mapped_column(default="")
    state: Mapped[LineState] = mapped_column(enum_column(LineState), default=LineState.DRAFT)
    #: the office's choice before scheduling; "unassigned" must be said, an empty choice is not enough
    sitter_id: Mapped[int | None] = _fk("staff.id", ondelete="SET NULL")
    leave_unassigned: Mapped[bool] = mapped_column(default=False)
    #: the estimate when the line was last changed
    price: Mapped[amount] = mapped_column(default=Decimal(0))
    #: sent by the forgotten-basket clock, not by the client
    auto_submitted: Mapped[bool] = mapped_column(default=False)
    #: why a basket line cannot be sent any more, as a stable code of `workflows.limits`
    blocked_code: Mapped[str | None] = mapped_column(sa.String(40))
    #: the same line twice in one basket is refused; see `workflows.baskets.fingerprint`
    fingerprint: Mapped[str] = mapped_column(sa.String(200))
    submitted_at: Mapped[utc | None]
    decided_at: Mapped[utc | None]
    decline_reason: Mapped[long_text] = mapped_column(default="")
    cancelled_at: Mapped[utc | None]
    #: a cancelled line stays greyed in the queue until the office has seen it
    dismissed_at: Mapped[utc | None]
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    request: Mapped[JobRequest] = relationship(back_populates="lines")
    client: Mapped[Client] = relationship()
    service_item: Mapped[ServiceItem] = relationship()
    time_block: Mapped[TimeBlock | None] = relationship()
    sitter: Mapped[Staff | None] = relationship()
    pets: Mapped[list[Pet]] = relationship(secondary=job_request_line_pet, order_by=Pet.name)
    job: Mapped["Job | None"] = relationship(back_populates="request_line", uselist=False)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.Index(
            "uq_job_request_line_draft",
            "request_id",
            "fingerprint",
            unique=True,
            sqlite_where=sa.text("state = 'draft'"),
            postgresql_where=sa.text("state = 'draft'"),
        ),
        sa.Index("ix_job_request_line_state", "state", "client_id", "on_date"),
        sa.Index("ix_job_request_line_client_date", "client_id", "on_date"),
        sa.Index("ix_job_request_line_on_date", "on_date", "id"),
    )


class RequestMessage(Base):
    """A word about a request on its thread: of the office (also mailed), of the client, or of a sitter."""

    __tablename__ = "request_message"
    id: Mapped[pk]
    request_id: Mapped[int] = _fk("job_request.id", ondelete="CASCADE")
    #: who wrote it; a client's word has neither
    staff_id: Mapped[int | None] = _fk("staff.id", ondelete="SET NULL")
    #: a sitter who answers the office is staff too, but not the office
    from_sitter: Mapped[bool] = mapped_column(default=False)
    from_client: Mapped[bool] = mapped_column(default=False)
    author_name: Mapped[line_text] = mapped_column(default="")
    body: Mapped[long_text]
    to_client: Mapped[bool] = mapped_column(default=True)
    to_sitter: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[created_at]
    request: Mapped[JobRequest] = relationship(back_populates="messages")
    staff: Mapped[Staff | None] = relationship()


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
    client_id: Mapped[int] = _fk("client.id")
    service_item_id: Mapped[int] = _fk("service_item.id")
    sitter_id: Mapped[int | None] = _fk("staff.id", ondelete="SET NULL")
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
    follows_id: Mapped[int | None] = _fk("repeat.id", ondelete="SET NULL")
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
    repeat_id: Mapped[int] = _fk("repeat.id", ondelete="CASCADE")
    weekday: Mapped[int]
    start_time: Mapped[dt.time | None]
    time_block_id: Mapped[int | None] = _fk("time_block.id")
    repeat: Mapped[Repeat] = relationship(back_populates="times")
    time_block: Mapped[TimeBlock | None] = relationship()
    __table_args__ = (sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),)


class RepeatPause(Base):
    """Days on which a series makes no visits, first and last included."""

    __tablename__ = "repeat_pause"
    id: Mapped[pk]
    repeat_id: Mapped[int] = _fk("repeat.id", ondelete="CASCADE")
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
    repeat_id: Mapped[int] = _fk("repeat.id", ondelete="CASCADE", index=False)
    #: no key of its own there: the time may be gone from the pattern
    repeat_time_id: Mapped[int]
    on_date: Mapped[dt.date]
    __table_args__ = (sa.UniqueConstraint("repeat_id", "on_date", "repeat_time_id"),)


job_pet = sa.Table(
    "job_pet",
    Base.metadata,
    sa.Column("job_id", sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("pet_id", sa.ForeignKey("pet.id", ondelete="RESTRICT"), primary_key=True, index=True),
)


class CalledOff:
    """What a visit keeps of its cancellation: when, by whom, why, and the figures before, for reinstating."""

    prior_price: Mapped[amount | None]
    prior_sitter_pay: Mapped[amount | None]
    cancelled_at: Mapped[utc | None]
    cancelled_by: Mapped[Initiator | None] = mapped_column(enum_column(Initiator))
    cancel_reason: Mapped[long_text] = mapped_column(default="")
    #: why the policy's fee was not taken as it stands; and where money that was paid for it goes
    fee_reason: Mapped[line_text] = mapped_column(default="")
    refund_to: Mapped[RefundTo | None] = mapped_column(enum_column(RefundTo))
    #: called off by its series (a pause, its end, a new pattern), which may bring it back; never set by a person's word
    repeat_off: Mapped[bool] = mapped_column(default=False)


class Job(CalledOff, Base):
    """A visit: one service item, one client, a date (or a stay from a date to a date), at most one sitter."""

    __tablename__ = "job"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = _fk("client.id", index=False)
    service_item_id: Mapped[int] = _fk("service_item.id")
    on_date: Mapped[dt.date]
    #: the last day that it touches: the same day, the next for an overnight, later for a stay
    ends_on: Mapped[dt.date]
    start_time: Mapped[dt.time | None]
    #: only stays have an end of their own; other visits end after their minutes
    end_time: Mapped[dt.time | None]
    time_block_id: Mapped[int | None] = _fk("time_block.id")
    duration_minutes: Mapped[int]
    sitter_id: Mapped[int | None] = _fk("staff.id", index=False)
    state: Mapped[JobState] = mapped_column(enum_column(JobState), default=JobState.SCHEDULED)
    price: Mapped[amount] = mapped_column(default=Decimal(0))
    sitter_pay: Mapped[amount] = mapped_column(default=Decimal(0))
    note: Mapped[long_text] = mapped_column(default="")
    staff_note: Mapped[long_text] = mapped_column(default="")
    request_line_id: Mapped[int | None] = _fk("job_request_line.id", unique=True)
    #: the lines that make up price and pay, as they were when it was priced: see `workflows.pricing`
    price_lines: Mapped[list[dict[str, Any]]] = mapped_column(sa.JSON, default=list)
    #: the series that made it, its day and its time there: together unique for ever
    repeat_id: Mapped[int | None] = _fk("repeat.id", ondelete="SET NULL", index=False)
    repeat_on: Mapped[dt.date | None]
    repeat_time_id: Mapped[int | None]
    repeat_edited: Mapped[bool] = mapped_column(default=False)
    acknowledged_at: Mapped[utc | None]
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    client: Mapped[Client] = relationship()
    service_item: Mapped[ServiceItem] = relationship()
    time_block: Mapped[TimeBlock | None] = relationship()
    sitter: Mapped[Staff | None] = relationship()
    repeat: Mapped[Repeat | None] = relationship()
    request_line: Mapped[JobRequestLine | None] = relationship(back_populates="job")
    pets: Mapped[list[Pet]] = relationship(secondary=job_pet, order_by=Pet.name)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("ends_on >= on_date", name="order"),
        sa.CheckConstraint("duration_minutes >= 1", name="duration"),
        sa.Index("ix_job_on_date", "on_date", "id"),
        sa.Index("ix_job_client_id", "client_id", "on_date"),
        sa.Index("ix_job_sitter_id", "sitter_id", "on_date"),
        sa.Index("ix_job_state", "state", "on_date"),
        sa.Index("uq_job_repeat", "repeat_id", "repeat_on", "repeat_time_id", unique=True),
        # Stays are few; finding those that reach into a day needs their last day.
        sa.Index(
            "ix_job_longer",
            "ends_on",
            "on_date",
            sqlite_where=sa.text("ends_on > on_date"),
            postgresql_where=sa.text("ends_on > on_date"),
        ),
    )


class TimeOff(Base):
    """Days on which a sitter is away, first and last included."""

    __tablename__ = "time_off"
    id: Mapped[pk]
    staff_id: Mapped[int] = _fk("staff.id", ondelete="CASCADE", index=False)
    first_on: Mapped[dt.date]
    last_on: Mapped[dt.date]
    note: Mapped[line_text] = mapped_column(default="")
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    staff: Mapped[Staff] = relationship(back_populates="time_off")
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        sa.CheckConstraint("last_on >= first_on", name="order"),
        sa.Index("ix_time_off_staff_id", "staff_id", "first_on"),
    )


# ---------------------------------------------------------------------------------------------------------- changes


class ChangeKind(enum.StrEnum):
    """What a client asks for about visits that are in the schedule."""

    CANCEL = "cancel"
    CHANGE = "change"
    #: the general message of the simple mode; it has no items
    MESSAGE = "message"
    PAUSE = "pause"
    END = "end"


class ChangeState(enum.StrEnum):
    """The life of one visit's change or cancellation request."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    #: its visit began before anybody decided
    EXPIRED = "expired"
    #: the office changed or cancelled the visit meanwhile
    SUPERSEDED = "superseded"


CHANGE_MOVES: dict[ChangeState, set[ChangeState]] = {
    ChangeState.PENDING: {
        ChangeState.APPROVED,
        ChangeState.DENIED,
        ChangeState.WITHDRAWN,
        ChangeState.EXPIRED,
        ChangeState.SUPERSEDED,
    },
    ChangeState.APPROVED: set(),
    ChangeState.DENIED: set(),
    ChangeState.WITHDRAWN: set(),
    ChangeState.EXPIRED: set(),
    ChangeState.SUPERSEDED: set(),
}


class ChangeRequest(Base):
    """What a client sent in one go about scheduled visits: a cancellation, a change, a message, a pause or an end."""

    __tablename__ = "change_request"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    client_id: Mapped[int] = _fk("client.id")
    kind: Mapped[ChangeKind] = mapped_column(enum_column(ChangeKind))
    reason_id: Mapped[int | None] = _fk("cancellation_reason.id", ondelete="SET NULL")
    #: the client's own words
    body: Mapped[long_text] = mapped_column(default="")
    #: cancelled at once by the setting, not by a person
    auto_approved: Mapped[bool] = mapped_column(default=False)
    #: has an item that waits, or is a message that nobody has answered or put away
    is_open: Mapped[bool] = mapped_column(default=True)
    #: what the client was shown before sending: policy, fees, prices; see `workflows.change_requests`
    snapshot: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    created_at: Mapped[created_at]
    closed_at: Mapped[utc | None]
    #: the office's word to the client when it decided
    answer: Mapped[long_text] = mapped_column(default="")
    decided_by_id: Mapped[int | None] = _fk("staff.id", ondelete="SET NULL")
    client: Mapped[Client] = relationship()
    reason: Mapped[CancellationReason | None] = relationship()
    decided_by: Mapped[Staff | None] = relationship()
    items: Mapped[list["ChangeItem"]] = relationship(back_populates="request", order_by="ChangeItem.id")
    __table_args__ = (
        sa.Index("ix_change_request_open", "is_open", "kind", "id"),
        sa.Index("ix_change_request_closed_at", "closed_at", "id"),
    )


change_item_pet = sa.Table(
    "change_item_pet",
    Base.metadata,
    sa.Column("item_id", sa.ForeignKey("change_item.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("pet_id", sa.ForeignKey("pet.id", ondelete="RESTRICT"), primary_key=True, index=True),
)


class ChangeItem(Base):
    """One visit (or series) of a change request, with what is wanted and what it was worth when it was asked."""

    __tablename__ = "change_item"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    request_id: Mapped[int] = _fk("change_request.id", ondelete="CASCADE")
    #: None when the visit went back to request, and for a series
    job_id: Mapped[int | None] = _fk("job.id", ondelete="SET NULL", index=False)
    repeat_id: Mapped[int | None] = _fk("repeat.id", ondelete="CASCADE")
    #: the visit's version when it was asked: another one means that somebody changed it meanwhile
    job_version: Mapped[int | None]
    state: Mapped[ChangeState] = mapped_column(enum_column(ChangeState), default=ChangeState.PENDING)
    #: the visit as it was, in the words of a mail (VisitFacts)
    old: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    #: what is wanted instead, for CHANGE
    new_service_item_id: Mapped[int | None] = _fk("service_item.id")
    new_on_date: Mapped[dt.date | None]
    new_ends_on: Mapped[dt.date | None]
    new_start_time: Mapped[dt.time | None]
    new_end_time: Mapped[dt.time | None]
    new_time_block_id: Mapped[int | None] = _fk("time_block.id")
    new_note: Mapped[long_text] = mapped_column(default="")
    #: the days of a pause, or the last day of a series that ends
    first_on: Mapped[dt.date | None]
    last_on: Mapped[dt.date | None]
    #: figures as shown to the client: what the visit costs, would cost, and the fee for calling it off
    price_before: Mapped[amount | None]
    price_after: Mapped[amount | None]
    fee: Mapped[amount | None]
    #: the sitter's pay when it is cancelled, as the policy says
    sitter_pay: Mapped[amount | None]
    refund_to: Mapped[RefundTo | None] = mapped_column(enum_column(RefundTo))
    rule_name: Mapped[short_text] = mapped_column(default="")
    #: why the office took another fee than the policy's
    fee_reason: Mapped[line_text] = mapped_column(default="")
    decided_at: Mapped[utc | None]
    note: Mapped[long_text] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=1)
    request: Mapped[ChangeRequest] = relationship(back_populates="items")
    job: Mapped[Job | None] = relationship()
    repeat: Mapped[Repeat | None] = relationship()
    new_service_item: Mapped[ServiceItem | None] = relationship()
    new_time_block: Mapped[TimeBlock | None] = relationship()
    new_pets: Mapped[list[Pet]] = relationship(secondary=change_item_pet, order_by=Pet.name)
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (
        # Whatever two tabs do: one request waits for a visit, and one for a series.
        sa.Index(
            "uq_change_item_pending",
            "job_id",
            unique=True,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
        sa.Index("ix_change_item_job_id", "job_id", "id"),
        sa.Index("ix_change_item_state", "state", "id"),
    )


# --------------------------------------------------------------------------------------------------- communication


class MailState(enum.StrEnum):
    """The life of a mail; FAILED is the dead letter that the office can retry."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


MAIL_MOVES: dict[MailState, set[MailState]] = {
    MailState.QUEUED: {MailState.SENDING, MailState.CANCELLED, MailState.FAILED},
    MailState.SENDING: {MailState.SENT, MailState.QUEUED, MailState.FAILED},
    MailState.SENT: set(),
    MailState.FAILED: {MailState.QUEUED, MailState.CANCELLED},
    MailState.CANCELLED: set(),
}


class OutboxMail(Base):
    """A mail that is due or sent: facts when queued, the rendered text once it is delivered."""

    __tablename__ = "outbox_mail"
    id: Mapped[pk]
    kind: Mapped[str] = mapped_column(sa.String(40), index=True)
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    to_address: Mapped[line_text]
    cc_addresses: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    client_id: Mapped[int | None] = _fk("client.id", ondelete="SET NULL")
    staff_id: Mapped[int | None] = _fk("staff.id", ondelete="SET NULL")
    #: stable across retries, so that receivers can hide a repeat
    message_id: Mapped[line_text] = mapped_column(unique=True)
    #: the same mail must not be queued twice: "request_received:17"
    dedupe_key: Mapped[str | None] = mapped_column(sa.String(200), unique=True)
    state: Mapped[MailState] = mapped_column(enum_column(MailState), default=MailState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[utc] = mapped_column(default=clock.now)
    locked_by: Mapped[str | None] = mapped_column(sa.String(80))
    locked_until: Mapped[utc | None]
    last_error: Mapped[long_text | None]
    subject: Mapped[line_text | None]
    body_text: Mapped[long_text | None]
    body_html: Mapped[long_text | None]
    created_at: Mapped[created_at]
    sent_at: Mapped[utc | None]
    client: Mapped[Client | None] = relationship()
    staff: Mapped[Staff | None] = relationship()
    __table_args__ = (
        sa.Index("ix_outbox_mail_due", "state", "next_at"),
        sa.Index("ix_outbox_mail_created_at", "created_at", "id"),
        # How an address begins: PostgreSQL needs this order of letters for LIKE 'a%'.
        sa.Index("ix_outbox_mail_to_address", "to_address", postgresql_ops={"to_address": "text_pattern_ops"}),
    )


class NotificationKind(enum.StrEnum):
    """What HOME tells the office."""

    REQUEST_RECEIVED = "request_received"
    REQUEST_AUTO_SUBMITTED = "request_auto_submitted"
    REQUEST_CANCELLED = "request_cancelled"
    REQUEST_ANSWERED = "request_answered"
    CHANGE_REQUESTED = "change_requested"
    CANCELLATION_REQUESTED = "cancellation_requested"
    VISIT_CANCELLED = "visit_cancelled"
    CHANGE_WITHDRAWN = "change_withdrawn"
    CLIENT_MESSAGE = "client_message"
    SERIES_REQUESTED = "series_requested"
    SERIES_TROUBLE = "series_trouble"
    BASKET_BLOCKED = "basket_blocked"
    MAIL_FAILED = "mail_failed"


class Notification(Base):
    """A line on HOME for the office; dismissed by a person, never by being looked at."""

    __tablename__ = "notification"
    id: Mapped[pk]
    kind: Mapped[NotificationKind] = mapped_column(enum_column(NotificationKind))
    client_id: Mapped[int | None] = _fk("client.id", ondelete="CASCADE")
    request_id: Mapped[int | None] = _fk("job_request.id", ondelete="CASCADE")
    change_request_id: Mapped[int | None] = _fk("change_request.id", ondelete="CASCADE")
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON, default=dict)
    created_at: Mapped[created_at]
    dismissed_at: Mapped[utc | None]
    dismissed_by_id: Mapped[int | None] = _fk("staff.id", ondelete="SET NULL")
    client: Mapped[Client | None] = relationship()
    request: Mapped[JobRequest | None] = relationship()
    change_request: Mapped[ChangeRequest | None] = relationship()
    dismissed_by: Mapped[Staff | None] = relationship()
    __table_args__ = (sa.Index("ix_notification_open", "dismissed_at", "id"),)


class CalendarFeed(Base):
    """A private calendar address of a client or a staff member; a raised serial kills the address that was given out."""

    __tablename__ = "calendar_feed"
    id: Mapped[pk]
    client_login_id: Mapped[int | None] = _fk("client_login.id", ondelete="CASCADE", unique=True)
    staff_id: Mapped[int | None] = _fk("staff.id", ondelete="CASCADE", unique=True)
    serial: Mapped[int] = mapped_column(default=1)
    is_on: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[created_at]
    client_login: Mapped[ClientLogin | None] = relationship()
    staff: Mapped[Staff | None] = relationship()


# ----------------------------------------------------------------------------------------------------- bookkeeping


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
    staff_id: Mapped[int | None] = _fk("staff.id", ondelete="SET NULL")
    client_login_id: Mapped[int | None] = _fk("client_login.id", ondelete="SET NULL")
    on_behalf: Mapped[bool] = mapped_column(default=False)
    via: Mapped[Via] = mapped_column(enum_column(Via))
    #: whose log it belongs to
    client_id: Mapped[int | None] = _fk("client.id", ondelete="SET NULL", index=False)
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
    """Work on many visits at once, which the worker does in pieces."""

    CANCEL = "cancel"
    MOVE = "move"
    REASSIGN = "reassign"
    GENERATE = "generate"


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
    staff_id: Mapped[int | None] = _fk("staff.id", ondelete="SET NULL")
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
