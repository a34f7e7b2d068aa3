"""What clients do with their own pets in the portal: add one, and say that one is no longer with them.

The office's own adding and changing is in `people`; what is filled in about a pet is saved by `field_saving`.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from foundation.text import tidy
from models import Client, NotificationKind, Pet, PetStatus, Species
from workflows import activity, field_kinds, leaving, notifications, people, records
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed, Refusals, WrongState
from workflows.locks import lock_client

#: more pets than any household has
MAX_PETS = 100
MAX_NAME = 120
MAX_REASON = 255
#: what a pet that leaves can become
LEFT = (PetStatus.INACTIVE, PetStatus.DECEASED)


def add(client: Client, values: Mapping[str, Any], *, actor: Actor) -> Pet:
    """Add a pet (name, species) to the actor's own household; logged, and told to the office on HOME.

    Refused with Invalid: no name or too long a one, no species, a household with 100 pets; with NotAllowed: another
    client's household.
    """
    _require_own(client, actor)
    name, species = _checked(values)
    lock_client(client.id)
    if (db.session.scalar(sa.select(sa.func.count(Pet.id)).where(Pet.client_id == client.id)) or 0) >= MAX_PETS:
        raise Invalid(
            "many_pets", N_("There are %(most)s pets here already. Please ask us to add more."), most=MAX_PETS
        )
    pet = Pet(client=client, name=name, species=species)
    records.add(pet, actor=actor, client=client)
    notifications.notify_office(NotificationKind.PET_ADDED, client=client, pet=name)
    db.session.flush()
    return pet


def _checked(values: Mapping[str, Any]) -> tuple[str, Species]:
    """Name and species of a new pet; what is wrong with either is refused at once."""
    name = tidy(str(values.get("name") or "")).replace("\n", " ")
    species, refusals = str(values.get("species") or ""), Refusals()
    with refusals:
        if len(name) > MAX_NAME:
            raise Invalid("value_long", N_("Use at most %(most)s characters; these are %(n)s."), field="name", most=MAX_NAME, n=len(name))  # fmt: skip
        people.check_pet({"name": name})
    with refusals:
        if species not in set(Species):
            raise Invalid("no_species", N_("Say what kind of pet it is."), field="species")
    refusals.say()
    return name, Species(species)


def leave(pet: Pet, status: PetStatus, *, actor: Actor, left_on: dt.date | None = None, reason: str = "") -> None:
    """Mark a pet as no longer with its household, since `left_on` (today unless given); it is never deleted.

    Logged with the reason and told to the office on HOME, where its visits ahead stand too (`leaving.flag`). Refused with WrongState when it has left already (also by
    somebody else at this moment), with Invalid for a day in the future or before it was born, with NotAllowed for
    another client's pet.
    """
    _require_own(pet.client, actor)
    day, said = left_on or clock.today(), tidy(reason)[:MAX_REASON]
    if status not in LEFT:
        raise Invalid("no_status", N_("Say whether it lives elsewhere or has died."), field="status")
    if day > clock.today() or day < (pet.born_on or dt.date(1900, 1, 1)):
        raise Invalid("bad_day", N_("Enter a day in the past, or today."), field="left_on")
    lock_client(pet.client_id)
    db.session.refresh(pet)
    if pet.status is not PetStatus.ACTIVE:
        raise WrongState("pet_left", N_("%(name)s is already marked as no longer with you."), name=pet.name)
    before, pet.status, pet.left_on = pet.status, status, day
    db.session.flush()
    activity.record(
        "pet.left",
        actor=actor,
        subject=pet,
        client=pet.client,
        name=pet.name,
        changes={"status": [before.value, status.value], "left_on": [None, day]},
        reason=said,
    )
    about = [field_kinds.day_words(day), *([said] if said else [])]
    notifications.notify_office(NotificationKind.PET_LEFT, client=pet.client, pet=pet.name, about=about)
    leaving.flag(pet.client, pet)
    db.session.flush()


def _require_own(client: Client, actor: Actor) -> None:
    if actor.client is None or actor.client.id != client.id:
        raise NotAllowed("not_yours", N_("This is not yours to change."))
