"""What merging changes and deletes, noted row by row, so that it can be put back."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa

from foundation.db import Base, db
from workflows.archiving import shape

#: ways into an account, which are kept nowhere else: who gets a log-in back sets a new password
_WAYS_IN = frozenset({"password_hash"})
#: keys in one statement
AT_ONCE = 500


@cache
def kept(name: str) -> sa.TableClause:
    """The table with its values as the database keeps them, past rules of types: an amount is a number of cents."""
    table = Base.metadata.tables[name]
    columns: list[sa.ColumnClause[Any]] = []
    for column in table.columns:
        kind = shape.kind_of(column)
        columns.append(sa.column(column.name, sa.JSON(none_as_null=True) if kind == "json" else shape.KINDS[kind]))
    return sa.table(name, *columns)


def written(name: str, row: Mapping[Any, Any]) -> dict[str, Any]:
    """Values of a row as JSON can hold them."""
    kinds = shape.columns(Base.metadata.tables[name])
    return {k: shape.WRITTEN[kinds[k]](v) if v is not None and kinds[k] in shape.WRITTEN else v for k, v in row.items()}


def read(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The same values again."""
    kinds = shape.columns(Base.metadata.tables[name])
    return {k: v if v is None or kinds[k] == "json" else shape.READ[kinds[k]](v) for k, v in row.items()}


def key_names(name: str) -> list[str]:
    """The columns that make a row of this table unique."""
    return [c.name for c in Base.metadata.tables[name].primary_key.columns]


def born(name: str) -> str | None:
    """The column that says since when a row is there, if the table has one."""
    columns = Base.metadata.tables[name].columns
    return next((c for c in ("created_at", "at") if c in columns), None)


class Journal:
    """The steps of one merge, in their order. `put_back` goes through them from the last to the first."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []

    def set(self, table: sa.Table, where: Sequence[Any], values: Mapping[str, Any]) -> None:
        """Change these rows past the session, and note what stood there before."""
        name, keys = table.name, key_names(table.name)
        columns = kept(name).c
        wanted = dict.fromkeys([*keys, *values])
        rows = db.session.execute(sa.select(*(sa.type_coerce(table.c[c], columns[c].type).label(c) for c in wanted)).where(*where))  # fmt: skip
        new = written(name, {c: getattr(v, "value", v) for c, v in values.items()})
        by_old: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
        for row in rows.mappings():
            plain = written(name, row)
            after = {**plain, **new}
            by_old[tuple(plain[c] for c in values)].append([after[k] for k in keys] if len(keys) > 1 else after[keys[0]])  # fmt: skip
        if not by_old:
            return
        _run(sa.update(table).where(*where).values(dict(values)))
        for old, ids in by_old.items():
            self.steps.append({"table": name, "new": new, "old": dict(zip(values, old, strict=True)), "keys": ids})

    def delete(self, table: sa.Table, where: Sequence[Any]) -> None:
        """Delete these rows past the session, and note them as they were, without their ways in."""
        columns = [c for c in kept(table.name).c if c.name not in _WAYS_IN]
        found = sa.select(*(sa.type_coerce(table.c[c.name], c.type).label(c.name) for c in columns)).where(*where)
        rows = [written(table.name, row) for row in db.session.execute(found).mappings()]
        if rows:
            _run(sa.delete(table).where(*where))
            self.steps.append({"table": table.name, "rows": rows})


def still(step: Mapping[str, Any], before: dt.datetime) -> list[Any]:
    """The keys of a step whose rows are there and stand as the merge left them. One query.

    A row that began after `before` is another one: SQLite gives the number of a deleted row to the next.
    """
    name, keys = step["table"], key_names(step["table"])
    table, since = kept(name), born(name)
    new = read(name, step["new"])
    where = [table.c[c].is_not_distinct_from(v) for c, v in new.items()]
    if since is not None:
        where.append(table.c[since] <= before)
    if len(step["keys"]) <= AT_ONCE:
        where.append(_among(table, keys, step["keys"]))
    rows = db.session.execute(sa.select(*(table.c[k] for k in keys)).where(*where)).all()
    there = {tuple(row) for row in rows}
    return [k for k in step["keys"] if (tuple(k) if isinstance(k, list) else (k,)) in there]


def put_back(steps: Sequence[Mapping[str, Any]], before: dt.datetime) -> Counter[str]:
    """Set what was changed and add what was deleted, the last first; says of each table how many rows are as they were.

    Left as they are: rows that were changed in these columns, or deleted, since; of rows that were deleted those whose
    place is taken, or whose owner is gone.
    """
    n: Counter[str] = Counter()
    numbers: dict[tuple[str, Any], Any] = {}
    for step in reversed(steps):
        name = step["table"]
        if "rows" in step:
            n[name] += sum(_add(name, row, numbers) for row in step["rows"])
            continue
        ids, keys = still(step, before), key_names(name)
        table, old = kept(name), _renumbered(name, read(name, step["old"]), numbers)
        for start in range(0, len(ids), AT_ONCE):
            _run(sa.update(table).where(_among(table, keys, ids[start : start + AT_ONCE])).values(old))
        n[name] += len(ids)
    return n


def _add(name: str, row: Mapping[str, Any], numbers: dict[tuple[str, Any], Any]) -> bool:
    table, keys = kept(name), key_names(name)
    values = _renumbered(name, read(name, row), numbers)
    if "link_serial" in values:  # links that were mailed before are dead
        values["link_serial"] += 1
    if keys == ["id"]:
        taken = db.session.scalar(sa.select(table.c.id).where(table.c.id == values["id"])) is not None
        number = values.pop("id") if taken else values["id"]
    try:
        with db.session.begin_nested():
            insert = sa.insert(table).values(values)
            if keys == ["id"]:
                numbers[name, number] = db.session.scalar(insert.returning(table.c.id))
            else:
                db.session.execute(insert)
    except sa.exc.IntegrityError:
        return False
    return True


def _renumbered(name: str, values: dict[str, Any], numbers: Mapping[tuple[str, Any], Any]) -> dict[str, Any]:
    """Where a row that came back got another number, those that lead to it follow."""
    table = Base.metadata.tables[name]
    return {
        c: next((numbers[f.column.table.name, v] for f in table.c[c].foreign_keys if (f.column.table.name, v) in numbers), v)
        for c, v in values.items()
    }  # fmt: skip


def _among(table: sa.TableClause, keys: Sequence[str], ids: Sequence[Any]) -> sa.ColumnElement[bool]:
    if len(keys) == 1:
        return table.c[keys[0]].in_(ids)
    return sa.tuple_(*(table.c[k] for k in keys)).in_([tuple(i) for i in ids])


def _run(statement: Any) -> None:  # noqa: ANN401 -- an update or a delete
    db.session.execute(statement.execution_options(synchronize_session=False))
