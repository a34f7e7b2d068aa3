"""Records that are likely the same client, pet or practice; the database compares, a page at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import Client, DistinctPair, Pet, Vet
from workflows.errors import N_
from workflows.merged import was_merged

PAGE = 25
#: pages that can be opened: whoever has more has another trouble
MOST_PAGES = 200


@dataclass(frozen=True)
class Pair:
    """Two records, the older one first, and what they have in common."""

    first: Any
    second: Any
    reasons: tuple[str, ...]


def _lower(*columns: Any) -> Any:  # noqa: ANN401 -- text columns
    text = columns[0]
    for column in columns[1:]:
        text = text + " " + column
    return sa.func.lower(sa.func.trim(text))


def _packed(column: Any) -> Any:  # noqa: ANN401 -- a text column
    return sa.func.replace(sa.func.lower(column), " ", "")


_NAME = _lower(Client.first_name, Client.last_name)
#: table -> (what is the same, the key that two must share, when it counts)
_REASONS: dict[str, list[tuple[str, Any, Any]]] = {
    "client": [
        (N_("Same mail address"), Client.email, Client.email.is_not(None)),
        (N_("Same phone"), Client.phone, Client.phone.is_not(None)),
        (N_("Same name and postcode"), _NAME + "|" + _packed(Client.postcode), Client.postcode != ""),
        (N_("Same name and address"), _NAME + "|" + _packed(Client.address_line1), Client.address_line1 != ""),
    ],
    "pet": [(N_("Same client and name"), sa.cast(Pet.client_id, sa.String) + "|" + _lower(Pet.name), sa.true())],
    "vet": [
        (N_("Same name"), _lower(Vet.name), sa.true()),
        (N_("Same phone"), Vet.phone, Vet.phone.is_not(None)),
        (N_("Same mail address"), Vet.email, Vet.email.is_not(None)),
    ],
}  # fmt: skip
_MODELS: dict[str, Any] = {"client": Client, "pet": Pet, "vet": Vet}


def _pairs(name: str) -> Any:  # noqa: ANN401 -- a subquery
    """(first, second, number of the reason): each record beside the oldest that shares a key with it.

    A window over each key instead of a join with itself: the work grows with the table, not with its square.
    """
    model = _MODELS[name]
    parts = []
    for n, (_why, key, counts) in enumerate(_REASONS[name]):
        rows = sa.select(
            model.id.label("second"), sa.func.min(model.id).over(partition_by=key).label("first")
        ).where(counts, sa.not_(was_merged(model)))  # fmt: skip
        if model is Client:
            rows = rows.where(Client.erased_at.is_(None))
        keyed = rows.subquery()
        parts.append(sa.select(keyed.c.first, keyed.c.second, sa.literal(n).label("why")).where(keyed.c.first < keyed.c.second))  # fmt: skip
    return sa.union_all(*parts).subquery("pairs")


def likely(name: str, *, page: int = 1, of: int | None = None) -> tuple[list[Pair], bool]:
    """A page of likely duplicates, the newest first, and whether there are more; `of`: only those of this record.
    Pairs that are marked as two (`distinct`) are left out.

    Two queries, whatever the size of the table.
    """
    pairs = _pairs(name)
    marks = sa.func.sum(sa.case(*((pairs.c.why == n, 1 << n) for n in range(len(_REASONS[name]))), else_=0))
    wanted = sa.select(pairs.c.first, pairs.c.second, marks).group_by(pairs.c.first, pairs.c.second)
    known = sa.exists().where(
        DistinctPair.record_type == name, DistinctPair.first_id == pairs.c.first,
        DistinctPair.second_id == pairs.c.second,
    )  # fmt: skip
    wanted = wanted.where(~known)
    if of is not None:
        wanted = wanted.where(sa.or_(pairs.c.first == of, pairs.c.second == of))
    page = min(max(page, 1), MOST_PAGES)
    wanted = wanted.order_by(pairs.c.second.desc(), pairs.c.first).limit(PAGE + 1).offset((page - 1) * PAGE)
    found = db.session.execute(wanted).all()
    rows = _records(name, {i for first, second, _marks in found[:PAGE] for i in (first, second)})
    shown = [
        Pair(rows[first], rows[second], tuple(why for n, (why, _k, _c) in enumerate(_REASONS[name]) if int(marks) >> n & 1))
        for first, second, marks in found[:PAGE]
        if first in rows and second in rows
    ]  # fmt: skip
    return shown, len(found) > PAGE


def _records(name: str, ids: set[int]) -> dict[int, Any]:
    model = _MODELS[name]
    rows = sa.select(model).where(model.id.in_(ids))
    if model is Pet:
        rows = rows.options(sa.orm.joinedload(Pet.client))
    return {r.id: r for r in db.session.scalars(rows)}


def sharing(client: Client, fields: Collection[str] = ("email", "phone")) -> dict[str, list[Client]]:
    """Who else has the client's mail address or number, by field and name; households may. At most 20; one query.

    Those that were merged or erased are left out.
    """
    held = {name: getattr(client, name) for name in fields if name in {"email", "phone"} and getattr(client, name)}
    if not held:
        return {}
    same = sa.or_(*(getattr(Client, name) == value for name, value in held.items()))
    found = db.session.scalars(
        sa.select(Client)
        .where(same, Client.id != client.id, Client.erased_at.is_(None), sa.not_(was_merged(Client)))
        .order_by(Client.first_name, Client.last_name, Client.id)
        .limit(20)
    ).all()
    by_field = {name: [one for one in found if getattr(one, name) == value] for name, value in held.items()}
    return {name: several for name, several in by_field.items() if several}


def others(name: str, record: Any, typed: Sequence[int] | None = None) -> list[Any]:  # noqa: ANN401 -- as above
    """Records that this one can be merged with: those with these numbers, or the other pets of its client."""
    model = _MODELS[name]
    wanted = sa.select(model).where(model.id != record.id, sa.not_(was_merged(model)))
    if model is Pet:
        wanted = wanted.where(Pet.client_id == record.client_id).options(sa.orm.joinedload(Pet.client))
    if typed is not None:
        wanted = wanted.where(model.id.in_(typed))
    return list(db.session.scalars(wanted.order_by(model.id.desc()).limit(PAGE)))
