"""What may stand behind the question mark of each list."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.schemas import Day, Line, Moment, PublicId
from models import ClientStatus, InvoiceState, JobState, PetStatus


class Query(BaseModel):
    """Parameters behind the question mark: texts, so numbers and days are read from them."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Listing(Query):
    """What every list takes."""

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    """Records on a page."""
    cursor: Annotated[str, StringConstraints(min_length=1, max_length=400)] | None = None
    """The `next_cursor` of the page before, as it came; only with the same filters."""
    updated_since: Moment | None = None
    """Only what was made since, or has a line in the log since."""


class ClientList(Listing):
    """Filters of clients."""

    status: ClientStatus | None = None
    email: Line | None = None
    """Exactly this address."""


class PetList(Listing):
    """Filters of pets."""

    client_id: PublicId | None = None
    status: PetStatus | None = None


class VisitList(Listing):
    """Filters of visits; they touch the days from `from` to `to`, both included."""

    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None
    client_id: PublicId | None = None
    sitter_id: PublicId | None = None
    state: JobState | None = None


class RequestList(Listing):
    """Filters of requests."""

    client_id: PublicId | None = None
    is_waiting: bool | None = None


class InvoiceList(Listing):
    """Filters of invoices."""

    client_id: PublicId | None = None
    state: InvoiceState | None = None


class ServiceList(Listing):
    """Filters of services."""

    is_active: bool | None = None
