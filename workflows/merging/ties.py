"""What belongs together among a client's rows, so that taking a merge apart leaves nothing between two clients.

The tables themselves are asked, as in `references`: a row is tied to those that its foreign keys name.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from workflows import privacy
from workflows.merging.journal import born, key_names

Node = tuple[str, Any]
#: what only tells of others or opens a door, and what stands alone
_LEFT_OUT = frozenset(
    {
        "client", "activity", "search_entry", "sign_in", "mail_refusal", "outbox_mail", "client_login", "authenticator",
        "recovery_code", "passkey", "calendar_feed", "registration", "merge_note", "agreement_client", "client_sitter",
    }
)  # fmt: skip
_GOES, _STAYS = "goes", "stays"


@dataclass
class Ties:
    """What would become of the rows of a client whose merge is taken apart."""

    #: rows added since that hang on what goes back, and on nothing that stays
    along: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    #: rows added since that stay
    added: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    #: rows of both that belong together by now
    between: list[Node] = field(default_factory=list)


def high_water() -> dict[str, int]:
    """The highest number of each table that can be a client's: what is above it was added later. One query."""
    tables = [t for t in _tables().values() if "id" in t.c]
    found = db.session.execute(sa.select(*(sa.select(sa.func.max(t.c.id)).scalar_subquery() for t in tables))).one()
    return {t.name: n or 0 for t, n in zip(tables, found, strict=True)}


def find(
    client_id: int,
    goes: Mapping[str, Collection[Any]],
    *,
    high: Mapping[str, int],
    since: dt.datetime,
    loosens: Callable[[str, Any, str], bool],
) -> Ties:
    """How the rows of a client hang together when those in `goes` (table -> numbers) leave.

    `loosens` says of a row's column whether taking the merge apart changes it, so that it ties nothing. A query for
    each table.
    """
    sides: dict[Node, str] = {}
    there: set[Node] = set()
    late: set[Node] = set()
    edges: list[tuple[Node, Node]] = []
    for name, row in _rows(client_id):
        node = _node(name, row)
        there.add(node)
        if row.get("client_id") == client_id:
            is_late = node[1] > high.get(name, 0) or (row["born"] is not None and row["born"] > since)
            if node[1] in goes.get(name, ()):
                sides[node] = _GOES
            elif is_late:
                late.add(node)
            else:
                sides[node] = _STAYS
        edges += [(node, other) for column, other in _named(name, row) if not loosens(name, node[1], column)]
    return _sorted(sides, late, [(one, other) for one, other in edges if other in there])


def _sorted(sides: Mapping[Node, str], late: set[Node], edges: list[tuple[Node, Node]]) -> Ties:
    """Rows without a side are joined with what they hang on; a heap with both sides stands between the two."""
    heads: dict[Node, Node] = {}

    def head(node: Node) -> Node:
        while (above := heads.get(node, node)) != node:
            heads[node] = heads.get(above, above)
            node = above
        return node

    ties = Ties()
    for one, other in edges:
        if one not in sides and other not in sides:
            heads[head(one)] = head(other)
        elif one in sides and other in sides and sides[one] != sides[other]:
            ties.between += [one, other]
    touched: dict[Node, dict[str, list[Node]]] = defaultdict(lambda: defaultdict(list))
    for pair in edges:
        for one, other in (pair, pair[::-1]):
            if one not in sides and other in sides:
                touched[head(one)][sides[other]].append(other)
    for heap in touched.values():
        if len(heap) > 1:
            ties.between += heap[_GOES][:1] + heap[_STAYS][:1]
    for node in sorted(late):
        if set(touched[head(node)]) == {_GOES}:
            ties.along[node[0]].append(node[1])
        else:
            ties.added[node[0]] += 1
    ties.between = list(dict.fromkeys(ties.between))
    return ties


@cache
def _tables() -> dict[str, sa.Table]:
    return {n: t for n, t in privacy.tables().items() if n not in _LEFT_OUT}


@cache
def _keys(name: str) -> list[tuple[str, str]]:
    """The columns of a table that name rows which can be a client's, and of which table."""
    found = [(c.name, key.column.table.name) for c in _tables()[name].columns for key in c.foreign_keys]
    return [(column, target) for column, target in found if target in _tables()]


def _rows(client_id: int) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    conditions = privacy.rows_of(client_id)
    for name, table in _tables().items():
        wanted = {c.name for c in table.columns if c.primary_key or c.foreign_keys}
        wanted |= {"subject_type", "subject_id"} & set(table.c.keys())
        since = born(name)
        at = table.c[since] if since is not None else sa.null()
        rows = sa.select(*(table.c[c] for c in sorted(wanted)), at.label("born")).where(conditions[name])
        for row in db.session.execute(rows).mappings():
            yield name, row


def _node(name: str, row: Mapping[Any, Any]) -> Node:
    keys = key_names(name)
    return (name, row[keys[0]]) if len(keys) == 1 else (name, tuple(row[k] for k in keys))


def _named(name: str, row: Mapping[Any, Any]) -> Iterator[tuple[str, Node]]:
    """The rows that this one names; a posting names its paper by kind and number."""
    if row.get("subject_type") in _tables() and row["subject_id"] is not None:
        yield "subject_id", (row["subject_type"], row["subject_id"])
    for column, target in _keys(name):
        if row[column] is not None:
            yield column, (target, row[column])
