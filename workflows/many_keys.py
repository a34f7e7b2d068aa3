"""Keys taken in many at a time, by the rules of `keys` and with a few statements in all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import Client, Key, KeyPlace, Staff
from workflows import activity, key_codes, keys
from workflows.actors import Actor
from workflows.errors import WorkflowError
from workflows.locks import lock_clients
from workflows.permissions import Permission


@dataclass(frozen=True)
class NewKey:
    """What `keys.add` is told of one key."""

    client: Client
    values: Mapping[str, Any]
    place: KeyPlace = KeyPlace.OFFICE
    holder: Staff | None = None


def add_keys(several: Sequence[NewKey], *, actor: Actor) -> list[Key | WorkflowError]:
    """Take many keys in as `keys.add` does one, each with a code of its own; a key or its refusal for each, in order."""
    actor.require(Permission.KEYS)
    lock_clients(new.client.id for new in several)
    made: list[Key | WorkflowError] = []
    for new in several:
        try:
            made.append(keys.new_key(new.client, {"reference": "", **new.values}, new.place, new.holder))
        except WorkflowError as problem:
            made.append(problem)
    codes = {key.reference for key in made if isinstance(key, Key)}
    taken = sa.select(Key.reference).where(Key.reference.in_(codes), Key.retired_at.is_(None))
    with db.session.no_autoflush:
        used = set(db.session.scalars(taken))
    for n, key in enumerate(made):
        if isinstance(key, Key) and key.reference in used:
            made[n] = key_codes.reference_taken()
        elif isinstance(key, Key):
            used.add(key.reference)
    _write([key for key in made if isinstance(key, Key)], actor)
    return made


def _write(some: Sequence[Key], actor: Actor) -> None:
    db.session.add_all(some)
    db.session.flush()
    for key in some:
        keys.note_move(key, None, None, "", actor=actor)
    activity.record_many(
        (
            activity.Line("key.added", k, k.client, {"name": str(k), "after": keys.where(k.place, k.holder)})
            for k in some
        ),
        actor=actor,
    )
    db.session.flush()
