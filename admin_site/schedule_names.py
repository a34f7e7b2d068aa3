"""What the schedule says of its visits besides the visit: sitters, services, time blocks and groups; one query.

Few rows that thousands of visits share. Joined to each visit, they take longer than the visits themselves.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from foundation.db import db
from models import ServiceGroup, ServiceItem, Staff, TimeBlock, TimeType


class Named(NamedTuple):
    """Somebody or something that can be chosen."""

    id: int
    name: str

    def __str__(self) -> str:
        return self.name


class Block(NamedTuple):
    """The columns of a time block."""

    name: str
    starts_at: dt.time
    ends_at: dt.time


class Service(NamedTuple):
    """What a visit's service says of it."""

    name: str
    time_type: TimeType


@dataclass(frozen=True)
class Names:
    """By their ids; those who left and what is no longer offered are among them, for visits of before."""

    staff: dict[int, str]
    services: dict[int, Service]
    blocks: dict[int, Block]
    #: who can be given visits, by name
    sitters: list[Named]
    #: of services, in the office's order
    groups: list[Named]

    def of_sitter(self, sitter_id: int | None) -> str:
        """The name, or nothing for nobody."""
        return self.staff[sitter_id] if sitter_id is not None else ""


def read() -> Names:
    """All of them."""
    found = Names({}, {}, {}, [], [])
    for what, row_id, first, last, _position, is_sitter, starts_at, ends_at in db.session.execute(_ALL).all():
        if what == "staff":
            name = found.staff[row_id] = f"{first} {last}".strip()
            if is_sitter:
                found.sitters.append(Named(row_id, name))
        elif what == "service":
            found.services[row_id] = Service(first, TimeType(last))
        elif what == "block":
            found.blocks[row_id] = Block(first, starts_at, ends_at)
        else:
            found.groups.append(Named(row_id, first))
    return found


def _part(what: str, of: Any, first: Any, **more: Any) -> sa.Select[Any]:
    columns = {
        "first": first, "last": sa.literal(""), "position": sa.literal(0), "is_sitter": sa.literal(0),
        "starts_at": sa.null(), "ends_at": sa.null(), **more,
    }  # fmt: skip
    return sa.select(sa.literal(what), of.c.id.label("id"), *(value.label(name) for name, value in columns.items()))


_STAFF, _SERVICE, _BLOCK, _GROUP = (e.__table__ for e in (Staff, ServiceItem, TimeBlock, ServiceGroup))
_ALL = sa.union_all(
    # The first part says the types of all, and blocks have the times.
    _part("block", _BLOCK, _BLOCK.c.name, starts_at=_BLOCK.c.starts_at, ends_at=_BLOCK.c.ends_at),
    _part(
        "staff", _STAFF, _STAFF.c.first_name, last=_STAFF.c.last_name,
        is_sitter=sa.case((sa.and_(_STAFF.c.is_active, _STAFF.c.is_sitter), 1), else_=0),
    ),
    _part("service", _SERVICE, _SERVICE.c.name, last=sa.type_coerce(_SERVICE.c.time_type, sa.String)),
    _part("group", _GROUP, _GROUP.c.name, position=_GROUP.c.position),
).order_by("position", "first", "last", "id")  # fmt: skip
