"""Who lacks the key of which home: asked before a visit is given to a sitter (`conflicts`), and of what is planned already.

A visit needs a key when neither its service nor the client says that none is needed, and a key of the client is on
record (or `keys.expect_always` is on). Any one key of the home that the sitter holds will do.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import sqlalchemy as sa

from foundation import clock
from foundation.among import among
from foundation.db import db, rows_of
from foundation.fixed import fixed
from models import Client, Job, JobState, Key, KeyPlace, ServiceItem, Staff, TimeBlock
from workflows import settings
from workflows.stretches import reach, touching

#: a visit that is over, or off, needs none any more
NEEDY = (JobState.SCHEDULED, JobState.IN_PROGRESS)


@dataclass(frozen=True)
class KeyFact:
    """A key in use, without what only the office reads."""

    id: int
    public_id: str
    client_id: int
    name: str
    reference: str
    place: KeyPlace
    holder_id: int | None
    #: "" unless it is with the team
    holder: str


@dataclass(frozen=True)
class Lack:
    """A sitter has no key of a home; `keys` are those on record, without any when none is."""

    client: str
    keys: tuple[KeyFact, ...]


@dataclass(frozen=True)
class Missing:
    """A planned visit whose sitter does not hold the key."""

    job_id: int
    job_public_id: str
    on_date: dt.date
    ends_on: dt.date
    start_time: dt.time | None
    block: str
    service: str
    sitter_id: int
    sitter: str
    client_id: int
    client: str
    keys: tuple[KeyFact, ...] = field(default=())


def who_lack(pairs: Collection[tuple[int, int]]) -> dict[tuple[int, int], Lack]:
    """Which of these (client's id, sitter's id) would go there without a key that is needed; one query."""
    if not pairs:
        return {}
    rows = db.session.execute(
        sa.select(Client.id, Client.first_name, Client.last_name, *_COLUMNS)
        .outerjoin(Key, sa.and_(Key.client_id == Client.id, Key.retired_at.is_(None)))
        .outerjoin(Staff, Staff.id == Key.holder_id)
        .where(Client.id.in_({c for c, _s in pairs}), Client.key_not_needed.is_(False))
        .order_by(Key.reference)
    )
    names: dict[int, str] = {}
    keys: dict[int, list[KeyFact]] = defaultdict(list)
    for client_id, first, last, *columns in rows:
        names[client_id] = f"{first} {last}".strip()
        if columns[0] is not None:
            keys[client_id].append(_fact(columns))
    always = settings.read()["keys.expect_always"]
    return {
        (client_id, sitter_id): Lack(names[client_id], tuple(keys[client_id]))
        for client_id, sitter_id in pairs
        if client_id in names and (keys[client_id] or always) and all(k.holder_id != sitter_id for k in keys[client_id])
    }


_COLUMNS: tuple[Any, ...] = (
    Key.id, Key.public_id, Key.client_id, Key.name, Key.reference, Key.place, Key.holder_id, Staff.first_name, Staff.last_name,
)  # fmt: skip


def _fact(columns: Sequence[Any]) -> KeyFact:
    key_id, public_id, client_id, name, reference, place, holder_id, first, last = columns
    holder = f"{first or ''} {last or ''}".strip()
    return KeyFact(key_id, public_id, client_id, name, reference, place, holder_id, holder)


# Built once: putting a statement together takes longer than the database takes to answer it.
_key, _holder = Key.__table__.c, Staff.__table__.c
_OF_CLIENTS = fixed(
    sa.select(
        _key.id, _key.public_id, _key.client_id, _key.name, _key.reference, _key.place, _key.holder_id,
        _holder.first_name, _holder.last_name,
    )
    .outerjoin(Staff.__table__, _holder.id == _key.holder_id)
    .where(among(_key.client_id, "client_ids"), _key.retired_at.is_(None))
    .order_by(_key.reference)
)  # fmt: skip


def of_clients(client_ids: Iterable[int]) -> dict[int, tuple[KeyFact, ...]]:
    """The keys in use of these clients; one query."""
    found: dict[int, list[KeyFact]] = defaultdict(list)
    for columns in rows_of(_OF_CLIENTS, {"client_ids": list(set(client_ids))}):
        fact = _fact(columns)
        found[fact.client_id].append(fact)
    return {client_id: tuple(keys) for client_id, keys in found.items()}


def is_lacking(*, always: bool | None = None) -> sa.ColumnElement[bool]:
    """Visits that need a key which their sitter does not hold; `always`: also where no key is on record, as the setting says.

    Said of the visit alone: joined with clients and services, SQLite may begin with every client of every sitter, which
    took it minutes at 8,000 clients.
    """
    in_use = sa.and_(Key.client_id == Job.client_id, Key.retired_at.is_(None))
    held = sa.exists().where(in_use, Key.holder_id == Job.sitter_id)
    spared = (
        sa.select(ServiceItem.key_not_needed).where(ServiceItem.id == Job.service_item_id).correlate(Job),
        sa.select(Client.key_not_needed).where(Client.id == Job.client_id).correlate(Job),
    )
    wanted = [
        Job.state.in_(NEEDY), Job.sitter_id.is_not(None), *(one.scalar_subquery().is_(False) for one in spared), ~held,
    ]  # fmt: skip
    if not (settings.read()["keys.expect_always"] if always is None else always):
        wanted.append(sa.exists().where(in_use))
    return sa.and_(*wanted)


_FIRST, _LAST, _REACH = (sa.bindparam(name, type_=sa.Date) for name in ("first", "last", "reach"))


@cache
def _required(*, of_one: bool, always: bool) -> sa.Select[*tuple[Any, ...]]:
    """Put together once: that takes longer than the database takes to answer."""
    # As `touching_own`, where one sitter's visits are asked for.
    own = sa.and_(Job.sitter_id == sa.bindparam("sitter_id"), Job.on_date.between(_REACH, _LAST), Job.ends_on >= _FIRST)
    # Which visits, and only then their names: PostgreSQL thinks three times as long about all tables at once.
    lacking = (
        sa.select(
            Job.id, Job.public_id, Job.on_date, Job.ends_on, Job.start_time, Job.time_block_id, Job.service_item_id,
            Job.sitter_id, Job.client_id,
        )
        .where(own if of_one else touching(_FIRST, _LAST), is_lacking(always=always))
        .cte("lacking")
        .prefix_with("MATERIALIZED")
    )  # fmt: skip
    visit = lacking.c
    return (
        sa.select(
            visit.id, visit.public_id, visit.on_date, visit.ends_on, visit.start_time, TimeBlock.name, ServiceItem.name,
            Staff.id, Staff.first_name, Staff.last_name, Client.id, Client.first_name, Client.last_name,
        )
        .select_from(lacking)
        .join(ServiceItem, ServiceItem.id == visit.service_item_id)
        .join(Client, Client.id == visit.client_id)
        .join(Staff, Staff.id == visit.sitter_id)
        .outerjoin(TimeBlock, TimeBlock.id == visit.time_block_id)
        .order_by(visit.on_date, sa.func.coalesce(visit.start_time, TimeBlock.starts_at), visit.id)
    )  # fmt: skip


def required(first: dt.date, last: dt.date, sitter: Staff | None = None, *, with_keys: bool = True) -> list[Missing]:
    """The visits that touch these days and whose sitter still has to get a key, with who has it; two queries, or one
    without the keys.

    Visits without a sitter need none yet.
    """
    statement = _required(of_one=sitter is not None, always=bool(settings.read()["keys.expect_always"]))
    asked = {
        "first": first,
        "last": last,
        "reach": reach(first),
        "sitter_id": sitter.id if sitter is not None else None,
    }
    rows = db.session.execute(statement, asked).all()
    keys = of_clients(row[10] for row in rows) if rows and with_keys else {}
    return [
        Missing(
            job_id, public_id, on, ends, start, block or "", service, sitter_id, f"{first} {last}".strip(), client_id,
            f"{given} {family}".strip(), keys.get(client_id, ()),
        )
        for job_id, public_id, on, ends, start, block, service, sitter_id, first, last, client_id, given, family in rows
    ]  # fmt: skip


def without_key(job_ids: Iterable[int]) -> frozenset[int]:
    """Which of these visits come without their sitter having the key; one query, none for no visits."""
    ids = list(job_ids)
    return frozenset(db.session.scalars(lacking_among(ids))) if ids else frozenset()


def lacking_among(job_ids: Iterable[int]) -> sa.Select[int]:
    """The ids of those of these visits that come without their sitter having the key, for a query of more than that."""
    return sa.select(Job.id).where(among(Job.id, job_ids), Job.ends_on >= clock.today(), is_lacking())


def held_by(staff: Staff) -> list[KeyFact]:
    """The keys that somebody of the team has; one query."""
    rows = db.session.execute(
        sa.select(*_COLUMNS).join(Staff, Staff.id == Key.holder_id).where(Key.holder_id == staff.id, Key.retired_at.is_(None))
    )  # fmt: skip
    return sorted(map(_fact, rows), key=attrgetter("reference"))


def with_people_who_left() -> list[tuple[int, str, int]]:
    """(id, name, how many keys) of those who are not active any more and still have keys; one query."""
    rows = db.session.execute(
        sa.select(Staff.id, Staff.first_name, Staff.last_name, sa.func.count())
        .join(Key, Key.holder_id == Staff.id)
        .where(Staff.is_active.is_(False), Key.retired_at.is_(None))
        .group_by(Staff.id, Staff.first_name, Staff.last_name)
        .order_by(Staff.first_name, Staff.id)
    )
    return [(staff_id, f"{first} {last}".strip(), n) for staff_id, first, last, n in rows]


class Known(NamedTuple):
    """What is known of a visit that was read already."""

    job_id: int
    client_id: int
    state: JobState
    ends_on: dt.date
    #: neither its service nor its client says that none is needed
    may_need: bool


def of_known(visits: Iterable[Known]) -> dict[int, tuple[KeyFact, ...]]:
    """The keys for those of these visits that need one and are still to be done; one query, none when no visit does."""
    today = clock.today()
    needy = {v.job_id: v.client_id for v in visits if v.may_need and v.state in NEEDY and v.ends_on >= today}
    keys, always = of_clients(needy.values()) if needy else {}, settings.read()["keys.expect_always"]
    return {job_id: keys.get(client_id, ()) for job_id, client_id in needy.items() if client_id in keys or always}
