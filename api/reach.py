"""Whose records a token's person sees: the office all, a sitter those of the own visits, as on the own pages."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from api.calls import actor, wrong
from api.problems import ApiProblem
from foundation import clock
from foundation.db import db
from models import Client, Invoice, Job, JobRequest, JobRequestLine, Pet, ServiceItem, Staff, TimeBlock
from workflows import sitter_access
from workflows.permissions import Permission


def sees_all() -> bool:
    """The office's people see every client; sitters their own."""
    return actor().may(Permission.OFFICE)


def sees_prices() -> bool:
    """Sitters are told no prices."""
    return sees_all()


def _mine() -> Staff:
    staff = actor().staff
    if staff is None:
        raise ApiProblem(403, "not_allowed", gettext("Your account does not allow this."))
    return staff


def own_client_ids() -> Any:  # noqa: ANN401 -- a subquery
    """The clients of a sitter's visits that come, go on or are not over for long (`workflows.sitter_access`)."""
    since = clock.today() - dt.timedelta(days=sitter_access.DAYS_AFTER)
    return sa.select(Job.client_id).where(
        Job.sitter_id == _mine().id, Job.state.in_(sitter_access.OPENS), Job.ends_on >= since
    )


def clients() -> sa.Select[Any]:
    """Clients within reach; those whose data were erased are in no list."""
    found = sa.select(Client).where(Client.erased_at.is_(None))
    return found if sees_all() else found.where(Client.id.in_(own_client_ids()))


def pets() -> sa.Select[Any]:
    """Pets of clients within reach."""
    found = sa.select(Pet).join(Pet.client).where(Client.erased_at.is_(None))
    return found if sees_all() else found.where(Pet.client_id.in_(own_client_ids()))


def visits() -> sa.Select[Any]:
    """Visits; a sitter's own alone."""
    found = sa.select(Job)
    return found if sees_all() else found.where(Job.sitter_id == _mine().id)


def requests() -> sa.Select[Any]:
    """Requests that were sent; baskets are the client's own business."""
    return sa.select(JobRequest).where(JobRequest.submitted_at.is_not(None))


def invoices() -> sa.Select[Any]:
    """All of them, drafts too."""
    return sa.select(Invoice)


def one(found: sa.Select[Any], model: Any, public_id: str) -> Any:  # noqa: ANN401 -- a row of that class
    """The row with this public id within reach, or 404."""
    row = db.session.scalars(found.where(model.public_id == public_id)).unique().one_or_none()
    if row is None:
        raise ApiProblem(404, "not_found", gettext("There is nothing here."))
    return row


def named(found: sa.Select[Any], model: Any, public_id: str, field: str) -> Any:  # noqa: ANN401 -- as above
    """The same for an id in a body: 422 with the field."""
    row = db.session.scalars(found.where(model.public_id == public_id)).unique().one_or_none()
    if row is None:
        raise wrong(field, gettext("Nothing with this id."), "unknown_id")
    return row


def service(public_id: str, field: str = "service_id") -> ServiceItem:
    """An entry of the price list, by the id in a body."""
    found: ServiceItem = named(sa.select(ServiceItem), ServiceItem, public_id, field)
    return found


def sitter(public_id: str, field: str = "sitter_id") -> Staff:
    """A team member, by the id in a body."""
    found: Staff = named(sa.select(Staff), Staff, public_id, field)
    return found


def block(name: str, field: str = "time_block") -> TimeBlock:
    """A time block, by its name in a body."""
    found = db.session.scalar(sa.select(TimeBlock).where(TimeBlock.name == name, TimeBlock.is_active))
    if found is None:
        raise wrong(field, gettext("No time block with this name."), "unknown_id")
    return found


def own_pets(client: Client, ids: list[str], field: str = "pet_ids") -> list[Pet]:
    """Pets of this client, by the ids in a body."""
    by_id = {pet.public_id: pet for pet in client.pets}
    if unknown := [i for i in ids if i not in by_id]:
        raise wrong(field, gettext("No pet of this client: %(id)s.", id=unknown[0]), "unknown_id")
    return [by_id[i] for i in ids]


def line_of(request: JobRequest, public_id: str) -> JobRequestLine:
    """A line of a request, or 404."""
    for line in request.lines:
        if line.public_id == public_id:
            return line
    raise ApiProblem(404, "not_found", gettext("There is nothing here."))
