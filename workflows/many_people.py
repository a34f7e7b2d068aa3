"""Clients, contacts, pets and vets added many at a time, by the rules of `people` and with a few statements in all.

What comes back has a record or a refusal for each that was wanted, in the same order.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from foundation.db import Base, db
from models import Client, ClientContact, Pet, Vet
from workflows import people, records
from workflows.actors import Actor
from workflows.errors import WorkflowError
from workflows.permissions import Permission

Values = Mapping[str, Any]
Made = TypeVar("Made", bound=Base)


def add_clients(several: Sequence[Values], *, actor: Actor) -> list[Client | WorkflowError]:
    """Add many clients as `people.add_client` does one."""
    actor.require(Permission.CLIENTS)
    made = each(several, lambda values: Client(**people.checked_client(values)))
    clients = [c for c in made if isinstance(c, Client)]
    for client, number in zip(clients, _new_account_numbers(len(clients)), strict=True):
        client.account_number = number
    records.add_many(clients, actor=actor)
    return made


def add_contacts(several: Sequence[Values], *, actor: Actor) -> list[ClientContact | WorkflowError]:
    """Add many contacts, each with its `client`, as `people.save_contact` does one."""
    actor.require(Permission.CLIENTS)

    def made_of(values: Values) -> ClientContact:
        contact = ClientContact(receives_copies=False)
        for field, value in people.checked_contact(values, contact).items():
            setattr(contact, field, value)
        return contact

    return _added(each(several, made_of), actor)


def add_pets(several: Sequence[Values], *, actor: Actor) -> list[Pet | WorkflowError]:
    """Add many pets, each with its `client`, as `people.add_pet` does one."""
    actor.require(Permission.CLIENTS)

    def made_of(values: Values) -> Pet:
        cleaned = records.tidy(values)
        people.check_pet(cleaned)
        return Pet(**cleaned)

    return _added(each(several, made_of), actor)


def add_vets(several: Sequence[Values], *, actor: Actor) -> list[Vet | WorkflowError]:
    """Add many practices as `people.save_vet` does one."""
    actor.require(Permission.CLIENTS)
    return _added(each(several, lambda values: Vet(**people.checked_vet(values))), actor)


def each(several: Sequence[Values], make: Callable[[Values], Made]) -> list[Made | WorkflowError]:
    """What is made of each, or its refusal. Nothing is written by it."""
    made: list[Made | WorkflowError] = []
    with db.session.no_autoflush:
        for values in several:
            try:
                made.append(make(values))
            except WorkflowError as problem:
                made.append(problem)
    return made


def _added(made: list[Made | WorkflowError], actor: Actor) -> list[Made | WorkflowError]:
    records.add_many([r for r in made if not isinstance(r, WorkflowError)], actor=actor)
    return made


def _new_account_numbers(n: int) -> list[str]:
    """As `people.new_account_number`, with one question for all."""
    found: set[str] = set()
    while len(found) < n:
        new = {str(secrets.randbelow(9_000_000_000) + 1_000_000_000) for _ in range(n - len(found))}
        found |= new - set(db.session.scalars(sa.select(Client.account_number).where(Client.account_number.in_(new))))
    return list(found)
