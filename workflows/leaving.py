"""Clients who are archived and pets that are no longer with us: their visits ahead are shown to the office, which decides.

Nothing is called off by itself: a client who moves may still have a last week booked.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import db
from models import Client, Job, JobState, Notification, NotificationKind, Pet, job_pet
from workflows import notifications


def visits_ahead(client: Client, pet: Pet | None = None) -> Sequence[Job]:
    """The client's scheduled visits from today on, or those with this pet, in the order of their days; two queries."""
    return db.session.scalars(
        sa.select(Job)
        .where(*_ahead(client, pet))
        .options(
            joinedload(Job.service_item), joinedload(Job.time_block), joinedload(Job.sitter), selectinload(Job.pets)
        )
        .order_by(Job.on_date, Job.start_time, Job.id)
    ).all()


def n_with_visits_ahead(clients: Sequence[Client]) -> int:
    """How many of these clients have scheduled visits from today on; one query."""
    ids = [c.id for c in clients]
    where = Job.client_id.in_(ids), Job.state == JobState.SCHEDULED, Job.ends_on >= clock.today()
    return db.session.scalar(sa.select(sa.func.count(Job.client_id.distinct())).where(*where)) or 0


def flag(client: Client, pet: Pet | None = None) -> Notification | None:
    """Put a line on HOME when a client who was archived, or a pet that left, still has visits ahead; None without any.

    While one about the same client or pet stands there, it gets the new number in place of a second line.
    """
    n = db.session.scalar(sa.select(sa.func.count()).select_from(Job).where(*_ahead(client, pet))) or 0
    if not n:
        return None
    pet_id = pet.id if pet is not None else None
    standing = db.session.scalars(
        sa.select(Notification).where(
            Notification.kind == NotificationKind.VISITS_OF_ARCHIVED,
            Notification.client_id == client.id,
            Notification.dismissed_at.is_(None),
        )
    )
    for line in standing:
        if line.facts.get("pet_id") == pet_id:
            line.facts = {**line.facts, "n_jobs": n}
            return line
    name = pet.name if pet is not None else ""
    return notifications.notify_office(
        NotificationKind.VISITS_OF_ARCHIVED, client=client, pet=name, pet_id=pet_id, n_jobs=n
    )


def _ahead(client: Client, pet: Pet | None) -> list[sa.ColumnElement[bool]]:
    where = [Job.client_id == client.id, Job.state == JobState.SCHEDULED, Job.ends_on >= clock.today()]
    if pet is not None:
        where.append(sa.exists().where(job_pet.c.job_id == Job.id, job_pet.c.pet_id == pet.id))
    return where
