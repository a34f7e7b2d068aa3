"""People: staff, clients with their contacts, log-ins, and who is signed in."""

import datetime as dt
import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.db import Base
from foundation.types import created_at, enum_column, line_text, long_text, pk, public_id, short_text, utc
from tables.columns import fk

if TYPE_CHECKING:
    from tables.invoices import PaymentTerms, TaxRate
    from tables.pets import Pet
    from tables.visits import TimeOff


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
    #: kinds of mail that this person does not want; some kinds cannot be refused
    mails_off: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    #: local time: mails wait until the end, over midnight too
    quiet_from: Mapped[dt.time | None]
    quiet_until: Mapped[dt.time | None]
    created_at: Mapped[created_at]
    version: Mapped[int] = mapped_column(default=1)
    login: Mapped["StaffLogin | None"] = relationship(back_populates="staff", uselist=False)
    time_off: Mapped[list["TimeOff"]] = relationship(
        back_populates="staff", cascade="all, delete-orphan", foreign_keys="TimeOff.staff_id"
    )
    __mapper_args__ = {"version_id_col": version}
    __table_args__ = (sa.Index("ix_staff_name", "first_name", "last_name"),)

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class StaffLogin(Base):
    """A staff member's credential for the back office and the sitter pages."""

    __tablename__ = "staff_login"
    id: Mapped[pk]
    staff_id: Mapped[int] = fk("staff.id", ondelete="CASCADE", unique=True)
    #: always lower case
    email: Mapped[line_text] = mapped_column(unique=True)
    password_hash: Mapped[line_text | None]
    #: raised with every link that is asked for, so that an older link is dead
    link_serial: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    last_login_at: Mapped[utc | None]
    invited_at: Mapped[utc | None]
    #: the language and formats of the pages, "de_DE"; None: the business's
    locale: Mapped[str | None] = mapped_column(sa.String(10))
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


class Home:
    """The client's home, as far as it is no address."""

    #: where it is, in degrees: what check-ins are measured against; None while nobody has said
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    #: no key is missed here: somebody is at home, or a code opens
    key_not_needed: Mapped[bool] = mapped_column(default=False)


class Client(Home, Base):
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
    #: state, province or county, where addresses have one
    region: Mapped[short_text] = mapped_column(default="", server_default="")
    postcode: Mapped[str] = mapped_column(sa.String(20), default="")
    status: Mapped[ClientStatus] = mapped_column(enum_column(ClientStatus), default=ClientStatus.ACTIVE)
    #: off: the household's log-ins are refused, whatever its status
    portal_enabled: Mapped[bool] = mapped_column(default=True)
    primary_sitter_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    client_type_id: Mapped[int | None] = fk("client_type.id", ondelete="SET NULL")
    #: in place of the services' own; and no tax at all
    tax_rate_id: Mapped[int | None] = fk("tax_rate.id", ondelete="SET NULL")
    is_tax_exempt: Mapped[bool] = mapped_column(default=False)
    tax_number: Mapped[str] = mapped_column(sa.String(40), default="")
    payment_terms_id: Mapped[int | None] = fk("payment_terms.id", ondelete="SET NULL")
    #: off: this household pays by other ways than card and bank account
    pays_online: Mapped[bool] = mapped_column(default=True)
    #: office only
    notes: Mapped[long_text] = mapped_column(default="")
    created_at: Mapped[created_at]
    #: their data were erased on their wish; what the law keeps is without name
    erased_at: Mapped[utc | None]
    version: Mapped[int] = mapped_column(default=1)
    primary_sitter: Mapped[Staff | None] = relationship()
    client_type: Mapped[ClientType | None] = relationship()
    tax_rate: Mapped["TaxRate | None"] = relationship()
    payment_terms: Mapped["PaymentTerms | None"] = relationship()
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
    client_id: Mapped[int] = fk("client.id", ondelete="CASCADE")
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
    client_id: Mapped[int] = fk("client.id", ondelete="CASCADE")
    #: always lower case; None for a log-in by account number alone
    email: Mapped[line_text | None] = mapped_column(index=True)
    password_hash: Mapped[line_text | None]
    #: raised with every link that is asked for, so that an older link is dead
    link_serial: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    last_login_at: Mapped[utc | None]
    #: of the last invitation; it was accepted when a password is there
    invited_at: Mapped[utc | None]
    #: `workflows.agreements.epoch` when this person had nothing left to accept
    agreed_epoch: Mapped[int] = mapped_column(default=0)
    #: kinds of mail that this person does not want; some kinds cannot be refused
    mails_off: Mapped[list[str]] = mapped_column(sa.JSON, default=list)
    #: the language and formats of the pages, "de_DE"; None: the business's
    locale: Mapped[str | None] = mapped_column(sa.String(10))
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
    staff_login_id: Mapped[int | None] = fk("staff_login.id", ondelete="CASCADE")
    client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="CASCADE")
    #: "go to portal": the client whose portal a staff member looks at, and who looks
    viewed_client_id: Mapped[int | None] = fk("client.id", ondelete="CASCADE")
    viewing_staff_id: Mapped[int | None] = fk("staff.id", ondelete="CASCADE")
    #: the staff sign-in that opened the view: when it ends, the view ends
    opened_by_id: Mapped[int | None] = fk("sign_in.id", ondelete="CASCADE")
    created_at: Mapped[created_at]
    expires_at: Mapped[utc]
    ended_at: Mapped[utc | None]
    #: for the person's own list of sign-ins: "Firefox on Android", and where from
    device: Mapped[short_text] = mapped_column(default="")
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    #: to the hour
    last_seen_at: Mapped[utc | None]
    #: password accepted, second factor not yet: opens nothing but the page that asks for it
    awaits_factor: Mapped[bool] = mapped_column(default=False)
    staff_login: Mapped[StaffLogin | None] = relationship()
    client_login: Mapped[ClientLogin | None] = relationship()
    viewed_client: Mapped[Client | None] = relationship()
    viewing_staff: Mapped[Staff | None] = relationship()
    opened_by: Mapped["SignIn | None"] = relationship(remote_side="SignIn.id")
    #: no column: `agreements.EPOCH`, read together with the row
    agreements_epoch = 0
    #: no column: the office's letters that the household has not read, read together with the row
    n_unread = 0
    #: no columns: `household_facts.COLUMNS`, read together with the row
    household: ClassVar[Sequence[Any]] = ()


class RolePermission(Base):
    """A permission that the owner gave to a role or took from it; without a row the product's own table counts."""

    __tablename__ = "role_permission"
    role: Mapped[StaffRole] = mapped_column(enum_column(StaffRole), primary_key=True)
    permission: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    is_allowed: Mapped[bool]


class ClientSitter(Base):
    """A sitter whom a client prefers, or who is never to be sent there."""

    __tablename__ = "client_sitter"
    client_id: Mapped[int] = fk("client.id", ondelete="CASCADE", index=False, primary_key=True)
    staff_id: Mapped[int] = fk("staff.id", ondelete="CASCADE", primary_key=True)
    is_blocked: Mapped[bool] = mapped_column(default=False)
    note: Mapped[line_text] = mapped_column(default="")
    client: Mapped[Client] = relationship()
    staff: Mapped[Staff] = relationship()


class Authenticator(Base):
    """A phone's code generator (TOTP) as second factor of a log-in."""

    __tablename__ = "authenticator"
    id: Mapped[pk]
    staff_login_id: Mapped[int | None] = fk("staff_login.id", ondelete="CASCADE", unique=True)
    client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="CASCADE", unique=True)
    #: encrypted
    sealed: Mapped[long_text]
    #: None until the first right code proved it
    confirmed_at: Mapped[utc | None]
    #: the step of the last code used: none is good twice
    last_step: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    created_at: Mapped[created_at]


class RecoveryCode(Base):
    """A code on paper that lets its owner in once without the phone."""

    __tablename__ = "recovery_code"
    id: Mapped[pk]
    staff_login_id: Mapped[int | None] = fk("staff_login.id", ondelete="CASCADE")
    client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="CASCADE")
    code_hash: Mapped[str] = mapped_column(sa.String(64))
    used_at: Mapped[utc | None]


class Passkey(Base):
    """A passkey (WebAuthn) of a log-in."""

    __tablename__ = "passkey"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    staff_login_id: Mapped[int | None] = fk("staff_login.id", ondelete="CASCADE")
    client_login_id: Mapped[int | None] = fk("client_login.id", ondelete="CASCADE")
    name: Mapped[short_text]
    #: base64url
    credential_id: Mapped[str] = mapped_column(sa.String(1400), unique=True)
    public_key: Mapped[long_text]
    sign_count: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    created_at: Mapped[created_at]
    last_used_at: Mapped[utc | None]
    staff_login: Mapped[StaffLogin | None] = relationship()
    client_login: Mapped[ClientLogin | None] = relationship()


class RegistrationState(enum.StrEnum):
    """How far somebody who registers has come."""

    MAILED = "mailed"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"


REGISTRATION_MOVES: dict[RegistrationState, set[RegistrationState]] = {
    RegistrationState.MAILED: {RegistrationState.WAITING, RegistrationState.ACCEPTED},
    RegistrationState.WAITING: {RegistrationState.ACCEPTED, RegistrationState.DECLINED},
    RegistrationState.ACCEPTED: set(),
    RegistrationState.DECLINED: set(),
}


class Registration(Base):
    """Somebody who wants to become a client: an address to be verified, then names, then perhaps the office's yes."""

    __tablename__ = "registration"
    id: Mapped[pk]
    public_id: Mapped[public_id]
    #: always lower case
    email: Mapped[line_text] = mapped_column(index=True)
    state: Mapped[RegistrationState] = mapped_column(enum_column(RegistrationState), default=RegistrationState.MAILED)
    #: raised with every link, so that an older link is dead
    link_serial: Mapped[int] = mapped_column(default=1)
    first_name: Mapped[short_text] = mapped_column(default="")
    last_name: Mapped[short_text] = mapped_column(default="")
    #: kept until the client exists
    password_hash: Mapped[line_text | None]
    #: what they accepted while registering, until the client exists: [{"version", "text_hash", "typed_name", "address",
    #: "at"}], the version by its public id
    terms: Mapped[list[dict[str, str]] | None] = mapped_column(sa.JSON(none_as_null=True))
    client_id: Mapped[int | None] = fk("client.id", ondelete="CASCADE")
    address: Mapped[str] = mapped_column(sa.String(64), default="")
    created_at: Mapped[created_at]
    verified_at: Mapped[utc | None]
    decided_at: Mapped[utc | None]
    decided_by_id: Mapped[int | None] = fk("staff.id", ondelete="SET NULL")
    answer: Mapped[line_text] = mapped_column(default="")
    client: Mapped[Client | None] = relationship()
    decided_by: Mapped[Staff | None] = relationship()
    __table_args__ = (sa.Index("ix_registration_state", "state", "id"),)


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
