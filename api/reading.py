"""What can be read: lists and single records, each with a fixed small number of queries."""

from typing import Any

import sqlalchemy as sa
from flask_babel import gettext
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from api import queries, reach, schemas, shapes
from api.calls import call, wrong
from api.paging import page
from models import Activity, Allocation, Client, Invoice, Job, JobRequest, JobRequestLine, LineState, Pet, ServiceItem
from workflows.stretches import touching_own

Found = sa.Select[Any]


def with_client(found: Found) -> Found:
    """All that a client shows."""
    return found.options(joinedload(Client.primary_sitter))


def with_pet(found: Found) -> Found:
    """All that a pet shows."""
    return found.options(contains_eager(Pet.client))


def with_visit(found: Found) -> Found:
    """All that a visit shows."""
    return found.options(
        joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block), joinedload(Job.sitter),
        selectinload(Job.pets),
    )  # fmt: skip


def with_request(found: Found) -> Found:
    """All that a request shows."""
    lines = selectinload(JobRequest.lines)
    return found.options(
        joinedload(JobRequest.client), lines.joinedload(JobRequestLine.service_item),
        lines.joinedload(JobRequestLine.time_block), lines.joinedload(JobRequestLine.job),
        lines.selectinload(JobRequestLine.pets),
    )  # fmt: skip


def with_invoice(found: Found) -> Found:
    """All that an invoice shows."""
    return found.options(joinedload(Invoice.client), selectinload(Invoice.lines))


@call("GET", "/clients", "clients:read", query=queries.ClientList, answer=schemas.Page[schemas.Client])
def list_clients(query: queries.ClientList) -> schemas.Page[schemas.Client]:
    """List clients.

    In the order in which they were added. A sitter sees the clients of the own visits.
    """
    found = with_client(reach.clients())
    if query.status is not None:
        found = found.where(Client.status == query.status)
    if query.email is not None:
        found = found.where(sa.func.lower(Client.email) == query.email.strip().lower())
        if not reach.sees_all():  # who may not read addresses must not find out by asking
            found = found.where(sa.false())
    return page(found, Client, query, shapes.clients)


@call("GET", "/clients/<public_id:client_id>", "clients:read", answer=schemas.Client)
def get_client(client_id: str) -> schemas.Client:
    """Get a client."""
    return shapes.clients([reach.one(with_client(reach.clients()), Client, client_id)])[0]


@call("GET", "/pets", "pets:read", query=queries.PetList, answer=schemas.Page[schemas.Pet])
def list_pets(query: queries.PetList) -> schemas.Page[schemas.Pet]:
    """List pets."""
    found = with_pet(reach.pets())
    if query.client_id is not None:
        found = found.where(Client.public_id == query.client_id)
    if query.status is not None:
        found = found.where(Pet.status == query.status)
    return page(found, Pet, query, shapes.pets)


@call("GET", "/pets/<public_id:pet_id>", "pets:read", answer=schemas.Pet)
def get_pet(pet_id: str) -> schemas.Pet:
    """Get a pet."""
    return shapes.pets([reach.one(with_pet(reach.pets()), Pet, pet_id)])[0]


@call("GET", "/visits", "visits:read", query=queries.VisitList, answer=schemas.Page[schemas.Visit])
def list_visits(query: queries.VisitList) -> schemas.Page[schemas.Visit]:
    """List visits.

    A sitter sees the own ones. `from` and `to` choose visits that touch these days.
    """
    found = with_visit(reach.visits())
    if query.from_ is not None and query.to is not None and query.to < query.from_:
        raise wrong("to", gettext("The last day must not lie before the first."))
    if query.from_ is not None or query.to is not None:
        found = found.where(touching_own(query.from_ or schemas.FIRST, query.to or schemas.LAST))
    if query.client_id is not None:
        found = found.where(Job.client.has(Client.public_id == query.client_id))
    if query.sitter_id is not None:
        found = found.where(Job.sitter.has(public_id=query.sitter_id))
    if query.state is not None:
        found = found.where(Job.state == query.state)
    moved = None
    if query.updated_since is not None:  # a pause or a new pattern of a series is one line about the series
        lines = sa.select(Activity.subject_id).where(
            Activity.subject_type == "repeat", Activity.at >= query.updated_since
        )
        moved = sa.select(Job.id).where(Job.repeat_id.in_(lines))
    return page(found, Job, query, shapes.visits, also_since=moved)


@call("GET", "/visits/<public_id:visit_id>", "visits:read", answer=schemas.Visit)
def get_visit(visit_id: str) -> schemas.Visit:
    """Get a visit."""
    return shapes.visits([reach.one(with_visit(reach.visits()), Job, visit_id)])[0]


@call("GET", "/requests", "requests:read", query=queries.RequestList, answer=schemas.Page[schemas.Request])
def list_requests(query: queries.RequestList) -> schemas.Page[schemas.Request]:
    """List job requests that were sent."""
    found = with_request(reach.requests())
    if query.client_id is not None:
        found = found.where(JobRequest.client.has(Client.public_id == query.client_id))
    if query.is_waiting is not None:
        waiting = JobRequest.lines.any(JobRequestLine.state == LineState.SUBMITTED)
        found = found.where(waiting if query.is_waiting else ~waiting)
    return page(found, JobRequest, query, shapes.requests)


@call("GET", "/requests/<public_id:request_id>", "requests:read", answer=schemas.Request)
def get_request(request_id: str) -> schemas.Request:
    """Get a job request."""
    return shapes.requests([reach.one(with_request(reach.requests()), JobRequest, request_id)])[0]


@call("GET", "/invoices", "invoices:read", query=queries.InvoiceList, answer=schemas.Page[schemas.Invoice])
def list_invoices(query: queries.InvoiceList) -> schemas.Page[schemas.Invoice]:
    """List invoices with their lines.

    Needs an account that may see invoices and what the business earns.
    """
    found = with_invoice(reach.invoices())
    if query.client_id is not None:
        found = found.where(Invoice.client.has(Client.public_id == query.client_id))
    if query.state is not None:
        found = found.where(Invoice.state == query.state)
    moved = None
    if query.updated_since is not None:
        moved = sa.select(Allocation.invoice_id).where(Allocation.created_at >= query.updated_since)
    return page(found, Invoice, query, shapes.invoices, also_since=moved)


@call("GET", "/invoices/<public_id:invoice_id>", "invoices:read", answer=schemas.Invoice)
def get_invoice(invoice_id: str) -> schemas.Invoice:
    """Get an invoice."""
    return shapes.invoices([reach.one(with_invoice(reach.invoices()), Invoice, invoice_id)])[0]


@call("GET", "/services", "services:read", query=queries.ServiceList, answer=schemas.Page[schemas.Service])
def list_services(query: queries.ServiceList) -> schemas.Page[schemas.Service]:
    """List the services of the price list."""
    found = sa.select(ServiceItem).options(selectinload(ServiceItem.time_blocks))
    if query.is_active is not None:
        found = found.where(ServiceItem.is_active.is_(query.is_active))
    return page(found, ServiceItem, query, shapes.services)
