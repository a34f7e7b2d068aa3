"""What goes in and out, once: the same classes check what comes, shape what goes, and are the specification.

Amounts are whole numbers of the currency's smallest unit, moments RFC 3339 with the business's offset, days and times
of day on its clock. Ids are public ones; time blocks, which have none, go by their unique names.
"""

import datetime as dt
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from models import (
    ClientStatus,
    InvoiceKind,
    InvoiceState,
    JobState,
    LineKind,
    LineState,
    PaymentKind,
    PetStatus,
    Species,
    TimeType,
)

T = TypeVar("T")
#: what people type: nothing that no database carries
SEEN = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$"
ID = r"^[A-Za-z0-9_-]{1,16}$"
PublicId = Annotated[str, StringConstraints(pattern=ID)]
Short = Annotated[str, StringConstraints(max_length=120, pattern=SEEN)]
Line = Annotated[str, StringConstraints(max_length=255, pattern=SEEN)]
Long = Annotated[str, StringConstraints(max_length=10_000, pattern=SEEN)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=SEEN)]
Cents = Annotated[int, Field(ge=1, le=10**11)]
FIRST, LAST = dt.date(1990, 1, 1), dt.date(2190, 12, 31)


def _sane(day: dt.date) -> dt.date:
    """Days before and after it must exist too."""
    if not FIRST <= day <= LAST:
        raise PydanticCustomError("day_is_far", "must lie between 1990 and 2190")
    return day


Day = Annotated[dt.date, AfterValidator(_sane)]


#: hours and minutes on the business's clock
TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
TimeOfDay = Annotated[str, StringConstraints(pattern=TIME)]


def _sane_moment(moment: dt.datetime) -> dt.datetime:
    _sane(moment.date())
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_sane_moment)]


class In(BaseModel):
    """What comes: unknown fields are refused, and nothing is guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class Out(BaseModel):
    """What goes."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Amount(Out):
    """Money: whole minor units (cents, pence) and the currency's ISO 4217 code."""

    minor: int
    currency: str


class Page(Out, Generic[T]):
    """A part of a list; ask again with `cursor` = `next_cursor` until that is null."""

    data: list[T]
    next_cursor: str | None


# ------------------------------------------------------------------------------------------------------------ people


class Client(Out):
    """A client (household). Notes, alarm codes and keys are never given out."""

    id: str
    account_number: str
    first_name: str
    last_name: str
    email: str | None
    phone: str | None
    address_line1: str
    address_line2: str
    city: str
    region: str
    """State, province or county."""
    postcode: str
    status: ClientStatus
    primary_sitter_id: str | None
    created_at: dt.datetime
    version: int


class ClientFields(In):
    """What can be set of a client."""

    last_name: Short = ""
    email: Line | None = None
    phone: Annotated[str, StringConstraints(max_length=40, pattern=SEEN)] | None = None
    address_line1: Line = ""
    address_line2: Line = ""
    city: Short = ""
    region: Short = ""
    postcode: Annotated[str, StringConstraints(max_length=20, pattern=SEEN)] = ""


class NewClient(ClientFields):
    """A client to be added; the business gives the account number."""

    first_name: Name


class ClientChange(ClientFields):
    """What is to be another; what is left out stays."""

    first_name: Name = ""


class Pet(Out):
    """A pet with its care notes."""

    id: str
    client_id: str
    name: str
    species: Species
    breed: str
    born_on: dt.date | None
    warning: str
    feeding: str
    medication: str
    notes: str
    status: PetStatus
    created_at: dt.datetime
    version: int


class PetFields(In):
    """What can be set of a pet."""

    breed: Short = ""
    born_on: Day | None = None
    warning: Line = ""
    feeding: Long = ""
    medication: Long = ""
    notes: Long = ""


class NewPet(PetFields):
    """A pet to be added to a client."""

    client_id: PublicId
    name: Name
    species: Species = Species.DOG


class PetChange(PetFields):
    """What is to be another; what is left out stays."""

    name: Name = ""
    species: Species = Species.DOG
    status: PetStatus = PetStatus.ACTIVE


# ------------------------------------------------------------------------------------------------------------ visits


class TimeBlock(Out):
    """A named part of the day; its name is its id."""

    name: str
    starts_at: str
    ends_at: str


class Service(Out):
    """An entry of the price list. The price is null for those who may not see prices."""

    id: str
    code: str
    name: str
    description: str
    duration_minutes: int
    time_type: TimeType
    time_blocks: list[TimeBlock]
    price: Amount | None
    is_active: bool


class Visit(Out):
    """A visit in the schedule. `starts_at` and `ends_at` are the window in which it happens; null without a time of day."""

    id: str
    client_id: str
    pet_ids: list[str]
    service_id: str
    service_name: str
    state: JobState
    on_date: dt.date
    ends_on: dt.date
    start_time: str | None
    end_time: str | None
    time_block: str | None
    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    time_zone: str
    duration_minutes: int
    sitter_id: str | None
    sitter_name: str | None
    price: Amount | None
    note: str
    staff_note: str
    checked_in_at: dt.datetime | None
    checked_out_at: dt.datetime | None
    completed_at: dt.datetime | None
    cancelled_at: dt.datetime | None
    created_at: dt.datetime
    version: int


class VisitMove(In):
    """Where a visit shall stand; what is left out stays. `sitter_id` null takes the sitter off."""

    on_date: Day = dt.date(2000, 1, 1)
    start_time: TimeOfDay | None = None
    time_block: Short | None = None
    sitter_id: PublicId | None = None
    accept: Annotated[list[Line], Field(max_length=50)] = []
    """Tokens of conflicts that are to be overridden."""
    tell_client: bool = True


class VisitCancellation(In):
    """Calling a visit off, with the fee of the cancellation policy."""

    reason: Annotated[str, StringConstraints(max_length=1000, pattern=SEEN)] = ""
    tell_client: bool = True


# ---------------------------------------------------------------------------------------------------------- requests


class RequestLine(Out):
    """One requested visit."""

    id: str
    service_id: str
    service_name: str
    state: LineState
    on_date: dt.date
    ends_on: dt.date
    start_time: str | None
    time_block: str | None
    pet_ids: list[str]
    note: str
    price: Amount
    visit_id: str | None
    version: int


class Request(Out):
    """A job request that was sent. It is waiting as long as one of its lines is."""

    id: str
    number: int
    client_id: str
    is_waiting: bool
    submitted_at: dt.datetime
    lines: list[RequestLine]


class WantedVisits(In):
    """One service on one or many days; with time blocks, a visit a day for each."""

    service_id: PublicId
    dates: Annotated[list[Day], Field(min_length=1, max_length=100)]
    start_time: TimeOfDay | None = None
    time_blocks: Annotated[list[Short], Field(max_length=10)] = []
    pet_ids: Annotated[list[PublicId], Field(max_length=20)] = []
    note: Annotated[str, StringConstraints(max_length=2000, pattern=SEEN)] = ""


class NewRequest(In):
    """What a client asks for; it waits for the office like one from the portal."""

    client_id: PublicId
    visits: Annotated[list[WantedVisits], Field(min_length=1, max_length=20)]
    tell_client: bool = True


class Scheduling(In):
    """Putting a requested visit into the schedule. Without `sitter_id` the client's own sitter gets it."""

    sitter_id: PublicId | None = None
    unassigned: bool = False
    """Into the schedule without a sitter."""
    message: Annotated[str, StringConstraints(max_length=1000, pattern=SEEN)] = ""
    accept: Annotated[list[Line], Field(max_length=50)] = []


# ---------------------------------------------------------------------------------------------------------- invoices


class InvoiceLine(Out):
    """A line of an invoice; whole minor units, before or with tax as the invoice's `tax_inclusive` says."""

    kind: LineKind
    description: str
    detail: str
    on_date: dt.date | None
    quantity: str
    """A decimal number as a text, like 1.5."""
    unit_price_minor: int
    amount_minor: int
    tax_name: str
    tax_percent: str
    """A decimal number as a text, like 8.875."""
    visit_id: str | None


class Invoice(Out):
    """An invoice; a draft has no number yet. All `_minor` are whole minor units of `currency`."""

    id: str
    number: str | None
    client_id: str
    kind: InvoiceKind
    state: InvoiceState
    currency: str
    tax_inclusive: bool
    issued_on: dt.date | None
    due_on: dt.date | None
    is_overdue: bool
    subtotal_minor: int
    tax_minor: int
    total_minor: int
    debited_minor: int
    """What debit notes added."""
    paid_minor: int
    credited_minor: int
    balance_minor: int
    """Still owed."""
    lines: list[InvoiceLine]
    created_at: dt.datetime
    version: int


class NewPayment(In):
    """Money that came in by hand for this invoice; not more than its balance."""

    kind: PaymentKind
    amount_minor: Cents
    """Whole minor units of the invoice's currency."""
    received_on: Day
    """The day on which the money came, not after today."""
    reference: Short = ""
    """What is written on the cheque or the transfer."""
    tell_client: bool = False
    """Send the client a receipt."""


class Payment(Out):
    """A payment that was recorded."""

    id: str
    number: str
    client_id: str
    invoice_id: str
    kind: PaymentKind
    amount: Amount
    received_on: dt.date
    reference: str
