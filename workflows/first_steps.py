"""What a new business does first, in one go each: a service that clients can ask for, and a client with a pet."""

import itertools
import re
from decimal import Decimal

import sqlalchemy as sa

from foundation.db import db
from models import Client, Pet, ServiceItem, Species, TimeType
from workflows import catalogue, invitations, people
from workflows.actors import Actor
from workflows.errors import N_, Invalid


def add_service(
    name: str, *, minutes: int, price: Decimal, in_portal: bool, i_do_visits: bool, actor: Actor
) -> ServiceItem:
    """Add a service at a time of the client's choice (`minutes` long, `price` in major units) with a short code made
    of its name; if wanted, the person who adds it can be given visits from now on. Each is logged.

    Refused as `catalogue.save_item` refuses; nothing is kept then.
    """
    values = {
        "name": name, "code": _code(name, minutes), "duration_minutes": minutes, "price": price,
        "visible_in_portal": in_portal, "time_type": TimeType.STANDARD,
    }  # fmt: skip
    item = catalogue.save_item(ServiceItem(), values, actor=actor)
    if i_do_visits and actor.staff is not None and not actor.staff.is_sitter:
        people.change_staff(actor.staff, {"is_sitter": True}, actor=actor)
    return item


def add_client(
    values: dict[str, str], *, pet: str, species: Species, invite: bool, actor: Actor
) -> tuple[Client, Pet | None]:
    """Add a client, their pet if it has a name, and mail them the link to the portal if wanted.

    Refused as `people.add_client`, `people.add_pet` and `invitations.invite_client` refuse: nothing is kept then. An
    invitation needs a mail address (Invalid).
    """
    if invite and not values.get("email", "").strip():
        raise Invalid("no_email", N_("An invitation needs their mail address."), field="email")
    client = people.add_client(values, actor=actor)
    animal = people.add_pet({"client": client, "name": pet, "species": species}, actor=actor) if pet.strip() else None
    if invite:
        invitations.invite_client(client, actor=actor)
    return client, animal


def _code(name: str, minutes: int) -> str:
    """`Dogwalk30`, and `Dogwalk30-2` when there is one."""
    begins = f"{re.sub(r'[^A-Za-z0-9]', '', name.title())[:12] or 'Service'}{minutes}"
    for n in itertools.count(1):
        wanted = begins if n == 1 else f"{begins}-{n}"
        if not db.session.scalar(sa.select(ServiceItem.id).where(ServiceItem.code == wanted)):
            return wanted
    raise AssertionError  # pragma: no cover -- count() has no end
