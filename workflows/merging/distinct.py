"""Pairs that look like duplicates and are none: marked by the office, proposed no more, and taken back the same way."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import Client, DistinctPair
from workflows import activity
from workflows.actors import Actor
from workflows.errors import N_, Invalid
from workflows.merging.kinds import KINDS
from workflows.permissions import Permission

#: marks that a page shows
MOST = 100


@dataclass(frozen=True)
class Marked:
    """A mark with its two records."""

    mark: DistinctPair
    first: Any
    second: Any


def mark(kind: str, one_id: int, other_id: int, *, actor: Actor) -> DistinctPair | None:
    """Note that two records are two, so that they are not proposed for merging again; logged at both. None when noted already.

    Refused: without the permission (NotAllowed); the same record twice, or one that is not there (Invalid). They can
    still be merged by whoever finds out otherwise.
    """
    actor.require(Permission.CLIENTS)
    first, second = sorted((one_id, other_id))
    model = KINDS[kind].model
    records = [db.session.get(model, i) for i in (first, second)]
    if first == second or None in records:
        raise Invalid("no_pair", N_("One of these records is not there any more."))
    if find(kind, first, second) is not None:
        return None
    found = DistinctPair(
        record_type=kind, first_id=first, second_id=second, staff_id=actor.staff.id if actor.staff else None,
        staff_name=actor.name[:255],
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(found)
    except sa.exc.IntegrityError:  # two people pressed at this moment
        return None
    _log("merging.distinct", records, actor)
    return found


def take_back(kind: str, one_id: int, other_id: int, *, actor: Actor) -> bool:
    """Propose the two again; logged. False when they are not marked: safe to press twice."""
    actor.require(Permission.CLIENTS)
    first, second = sorted((one_id, other_id))
    found = find(kind, first, second)
    if found is None:
        return False
    db.session.delete(found)
    _log("merging.maybe_again", [db.session.get(KINDS[kind].model, i) for i in (first, second)], actor)
    db.session.flush()
    return True


def find(kind: str, first: int, second: int) -> DistinctPair | None:
    """The mark of this pair, the smaller number first."""
    return db.session.scalar(
        sa.select(DistinctPair).where(
            DistinctPair.record_type == kind, DistinctPair.first_id == first, DistinctPair.second_id == second
        )
    )


def marked(kind: str) -> list[Marked]:
    """The newest marks whose records are both there. Two queries."""
    model = KINDS[kind].model
    marks = list(
        db.session.scalars(
            sa.select(DistinctPair).where(DistinctPair.record_type == kind).order_by(DistinctPair.id.desc()).limit(MOST)
        )
    )
    ids = {i for m in marks for i in (m.first_id, m.second_id)}
    there = {r.id: r for r in db.session.scalars(sa.select(model).where(model.id.in_(ids)))}
    return [
        Marked(m, there[m.first_id], there[m.second_id]) for m in marks if m.first_id in there and m.second_id in there
    ]


def _log(verb: str, records: list[Any], actor: Actor) -> None:
    """A line for each record, so that the history of both tells of it."""
    for record, other in ((records[0], records[1]), (records[1], records[0])):
        if record is not None:
            client = record if isinstance(record, Client) else getattr(record, "client", None)
            activity.record(verb, actor=actor, subject=record, client=client, name=str(other or ""))
