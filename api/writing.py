"""What can be changed: small, and through the workflows only; each refuses as the office's own screens do."""

import datetime as dt

from flask_babel import gettext
from pydantic import BaseModel

from api import reach, schemas, shapes
from api.calls import actor, call, require_version, wrong
from api.reading import with_client, with_invoice, with_pet, with_request, with_visit
from foundation import money
from foundation.db import db
from models import Client, Invoice, Job, JobRequest, Pet
from workflows import cancelling, job_requests, moving, people, taken_requests
from workflows.billing import recording
from workflows.locks import lock_client
from workflows.wanted import Wanted


def _given(body: BaseModel) -> dict[str, object]:
    """The fields that were sent. None clears a text, which is kept as an empty one where a column has no null."""
    return {name: getattr(body, name) for name in body.model_fields_set}


def _time(text: str | None) -> dt.time | None:
    return dt.time.fromisoformat(text) if text is not None else None


# ------------------------------------------------------------------------------------------------------------ people


@call("POST", "/clients", "clients:write", body=schemas.NewClient, answer=schemas.Client, status=201)
def add_client(body: schemas.NewClient) -> schemas.Client:
    """Add a client."""
    return shapes.clients([people.add_client(_given(body), actor=actor())])[0]


@call("PATCH", "/clients/<public_id:client_id>", "clients:write", body=schemas.ClientChange, answer=schemas.Client, versioned=True)  # fmt: skip
def change_client(client_id: str, body: schemas.ClientChange, seen: int | None) -> schemas.Client:
    """Change a client.

    What is left out stays as it is.
    """
    client: Client = reach.one(with_client(reach.clients()), Client, client_id)
    lock_client(client.id)
    db.session.refresh(client)
    require_version(client.version, seen)
    values = {**_given(body), "primary_sitter": client.primary_sitter}
    people.change_client(client, values, actor=actor())
    return shapes.clients([client])[0]


@call("POST", "/pets", "pets:write", body=schemas.NewPet, answer=schemas.Pet, status=201)
def add_pet(body: schemas.NewPet) -> schemas.Pet:
    """Add a pet to a client."""
    client: Client = reach.named(reach.clients(), Client, body.client_id, "client_id")
    lock_client(client.id)
    values = {name: value for name, value in _given(body).items() if name != "client_id"}
    return shapes.pets([people.add_pet({**values, "client": client}, actor=actor())])[0]


@call("PATCH", "/pets/<public_id:pet_id>", "pets:write", body=schemas.PetChange, answer=schemas.Pet, versioned=True)
def change_pet(pet_id: str, body: schemas.PetChange, seen: int | None) -> schemas.Pet:
    """Change a pet.

    What is left out stays as it is.
    """
    pet: Pet = reach.one(with_pet(reach.pets()), Pet, pet_id)
    lock_client(pet.client_id)
    db.session.refresh(pet)
    require_version(pet.version, seen)
    people.change_pet(pet, _given(body), actor=actor())
    return shapes.pets([pet])[0]


# ---------------------------------------------------------------------------------------------------------- requests


@call("POST", "/requests", "requests:write", body=schemas.NewRequest, answer=schemas.Request, status=201)
def add_request(body: schemas.NewRequest) -> schemas.Request:
    """Take a job request down for a client.

    It waits for the office like one from the portal; nothing enters the schedule.
    """
    client: Client = reach.named(reach.clients(), Client, body.client_id, "client_id")
    several = [
        Wanted(
            reach.service(wanted.service_id, f"visits.{n}.service_id"), wanted.dates, _time(wanted.start_time),
            [reach.block(name, f"visits.{n}.time_blocks") for name in wanted.time_blocks],
            reach.own_pets(client, wanted.pet_ids, f"visits.{n}.pet_ids"), wanted.note,
        )
        for n, wanted in enumerate(body.visits)
    ]  # fmt: skip
    made = taken_requests.take_down(client, several, actor=actor(), mail=body.tell_client)
    return _request(made.public_id)


def _request(public_id: str) -> schemas.Request:
    """As it is now: the lines were moved meanwhile."""
    fresh = with_request(reach.requests()).execution_options(populate_existing=True)
    return shapes.requests([reach.one(fresh, JobRequest, public_id)])[0]


@call("POST", "/requests/<public_id:request_id>/lines/<public_id:line_id>/scheduling", "requests:write", body=schemas.Scheduling, answer=schemas.Visit, status=201)  # fmt: skip
def schedule_line(request_id: str, line_id: str, body: schemas.Scheduling) -> schemas.Visit:
    """Put a requested visit into the schedule.

    Conflicts are refused with their tokens, unless `accept` names them.
    """
    request: JobRequest = reach.one(with_request(reach.requests()), JobRequest, request_id)
    line = reach.line_of(request, line_id)
    if body.sitter_id is not None and body.unassigned:
        raise wrong("unassigned", gettext("Choose a sitter or nobody, not both."))
    if body.sitter_id is not None or body.unassigned:
        sitter = reach.sitter(body.sitter_id) if body.sitter_id is not None else None
        job_requests.choose_sitters(request.client, {line.id: (sitter, body.unassigned)}, actor=actor())
    made = job_requests.schedule(request.client, [line], actor=actor(), accept=body.accept, message=body.message)
    return shapes.visits(made)[0]


# ------------------------------------------------------------------------------------------------------------ visits


@call("POST", "/visits/<public_id:visit_id>/move", "visits:write", body=schemas.VisitMove, answer=schemas.Visit, versioned=True)  # fmt: skip
def move_visit(visit_id: str, body: schemas.VisitMove, seen: int | None) -> schemas.Visit:
    """Move a visit to another day, time or sitter.

    What is left out stays. The sitter and, unless `tell_client` is false, the client are told as by the office.
    """
    job: Job = reach.one(with_visit(reach.visits()), Job, visit_id)
    now, sent = moving.place_of(job), body.model_fields_set
    place = moving.Place(
        on_date=body.on_date if "on_date" in sent else now.on_date,
        start_time=_time(body.start_time) if "start_time" in sent else now.start_time,
        block=(reach.block(body.time_block) if body.time_block is not None else None) if "time_block" in sent else now.block,
        sitter=(reach.sitter(body.sitter_id) if body.sitter_id is not None else None) if "sitter_id" in sent else now.sitter,
    )  # fmt: skip
    # Without a version to go by, what was read a moment ago counts: the parts that stay are from there.
    version = seen if seen is not None else job.version
    moved = moving.move(job, place, actor=actor(), seen_version=version, accept=body.accept, tell_client=body.tell_client)  # fmt: skip
    if not moved.changed:
        require_version(moved.job.version, seen)
    return shapes.visits([moved.job])[0]


@call("POST", "/visits/<public_id:visit_id>/cancellation", "visits:write", body=schemas.VisitCancellation, answer=schemas.Visit, versioned=True)  # fmt: skip
def cancel_visit(visit_id: str, body: schemas.VisitCancellation, seen: int | None) -> schemas.Visit:
    """Cancel a visit that has not begun.

    With the fee of the cancellation policy; the sitter and, unless `tell_client` is false, the client are told.
    """
    job: Job = reach.one(with_visit(reach.visits()), Job, visit_id)
    lock_client(job.client_id)
    db.session.refresh(job, ["version"])
    require_version(job.version, seen)
    (done,) = cancelling.cancel([job], actor=actor(), reason=body.reason, mail_client=body.tell_client)
    return shapes.visits([done])[0]


# ---------------------------------------------------------------------------------------------------------- invoices


@call("POST", "/invoices/<public_id:invoice_id>/payments", "invoices:write", body=schemas.NewPayment, answer=schemas.Payment, status=201)  # fmt: skip
def record_payment(invoice_id: str, body: schemas.NewPayment) -> schemas.Payment:
    """Record money that came in for an invoice.

    Cash, cheques, transfers and others; cards and bank accounts go through the payment gateway. Not more than the balance.
    """
    invoice: Invoice = reach.one(with_invoice(reach.invoices()), Invoice, invoice_id)
    made = recording.record_payment(
        invoice.client, kind=body.kind, amount=money.from_minor(body.amount_minor), received_on=body.received_on,
        reference=body.reference, allocate={invoice.id: money.from_minor(body.amount_minor)}, mail=body.tell_client,
        actor=actor(),
    )  # fmt: skip
    return shapes.payment(made, invoice)
