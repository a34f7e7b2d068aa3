"""Every row that names a record by its number, found in the tables themselves, and giving it to another record.

A table that is added later moves along without a word here. Only where the database allows one row for each (a price of
a client for a service, say) somebody has to say what becomes of the second: `TWINS`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import Base, db
from models import ClientLogin, ClientSitter, Comment, FilePurpose, ImportedRecord, ImportKind, JobRequest, StoredFile
from workflows import activity
from workflows.merging.journal import Journal

#: a table with its rows under a number: which rows name this one without a reference of the database's
Loose = tuple[sa.Table, sa.Column[Any], Mapping[str, Any]]
#: never written into the log
_SECRET = frozenset({"password_hash", "sealed", "link_serial", "agreed_epoch"})
_IMPORTS = {"client": ImportKind.CLIENTS, "pet": ImportKind.PETS, "vet": ImportKind.VETS}


def columns_to(name: str) -> list[sa.Column[Any]]:
    """Every column that refers to this table."""
    found = [key.parent for t in Base.metadata.sorted_tables for key in t.foreign_keys if key.column.table.name == name]
    return sorted(found, key=lambda c: (c.table.name, c.name))


def loose_to(name: str) -> list[Loose]:
    """What names a record of this table by kind and number: remarks, and the numbers that other programs gave it.

    The log's subjects stay: what happened to a record happened to that one.
    """
    comment, imported = Comment.__table__, ImportedRecord.__table__
    return [
        (comment, comment.c.subject_id, {"subject_type": name}),  # type: ignore[list-item]  # declared tables
        (imported, imported.c.record_id, {"kind": _IMPORTS[name]}),  # type: ignore[list-item]
    ]


def uniques(column: sa.Column[Any]) -> list[tuple[list[str], Any]]:
    """Where the database allows one row only: the other columns that must differ, and the condition of a part index."""
    constraints: list[tuple[list[str], Any]] = [
        ([c.name for c in rule.columns if c is not column], None)
        for rule in column.table.constraints
        if isinstance(rule, sa.UniqueConstraint | sa.PrimaryKeyConstraint) and column.name in rule.columns
    ]
    return constraints + [
        ([c.name for c in index.columns if c is not column], index.dialect_options["sqlite"]["where"])
        for index in column.table.indexes
        if index.unique and column.name in index.columns
    ]


def n_rows(name: str, record_id: int) -> dict[str, int]:
    """How many rows of each table name this record, with one query; tables without any are left out."""
    columns = columns_to(name)
    counts = [sa.select(sa.func.count()).where(c == record_id).scalar_subquery() for c in columns]
    loose = loose_to(name)
    counts += [
        sa.select(sa.func.count()).where(c == record_id, *_kind(table, kind)).scalar_subquery()
        for table, c, kind in loose
    ]
    found: dict[str, int] = {}
    tables = [*(c.table.name for c in columns), *(table.name for table, _c, _kind in loose)]
    for table, n in zip(tables, db.session.execute(sa.select(*counts)).one(), strict=True):
        if n:
            found[table] = found.get(table, 0) + n
    return found


def give(name: str, from_id: int, to_id: int, journal: Journal) -> dict[str, list[dict[str, Any]]]:
    """Let everything that names the one record name the other; says which rows were dropped, by table, for the log.

    Each row that changes or goes is noted in the journal.

    Past the session, so that rows that are otherwise fixed (issued invoices, the books) change the account that they
    stand on and nothing else. Where the database allows one row only, the row of `to_id` counts, unless `TWINS` knows
    better.
    """
    dropped: dict[str, list[dict[str, Any]]] = {}
    for column in columns_to(name):
        rules = uniques(column)
        if rules and (join := TWINS[column.table.name, column.name]) is not None:
            join(from_id, to_id, journal)
        for others, where in rules:
            if gone := _drop_twins(column, others, where, from_id, to_id, journal=journal):
                dropped.setdefault(column.table.name, []).extend(gone)
        journal.set(column.table, [column == from_id], {column.name: to_id})
    for table, column, kind in loose_to(name):
        journal.set(table, [column == from_id, *_kind(table, kind)], {column.name: to_id})
    return dropped


def _kind(table: sa.Table, kind: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    return [table.c[key] == value for key, value in kind.items()]


def _drop_twins(
    column: sa.Column[Any], others: list[str], where: Any, from_id: int, to_id: int, *, journal: Journal  # noqa: ANN401 -- a part index's text
) -> list[dict[str, Any]]:  # fmt: skip
    table, twin = column.table, column.table.alias("twin")
    condition = [] if where is None else [where]
    same = [twin.c[name] == table.c[name] for name in others]
    is_twin = sa.exists().where(twin.c[column.name] == to_id, *same, *condition)
    rows = db.session.execute(sa.select(table).where(column == from_id, *condition, is_twin)).mappings().all()
    for row in rows:
        journal.delete(table, [c == row[c.name] for c in table.primary_key.columns])
    return [{k: activity.plain(v) for k, v in row.items() if k not in _SECRET and v is not None} for row in rows]


# ------------------------------------------------------------------------------------------------- one of two counts


def _log_ins(from_id: int, to_id: int, journal: Journal) -> None:
    """Two log-ins with one address are one person's: the one with a password that was used last stays, under the
    client who stays. Its second factor and passkeys stay with it, the other's go."""
    both = sa.select(ClientLogin).where(ClientLogin.client_id.in_([from_id, to_id]), ClientLogin.email.is_not(None))
    by_email: dict[str, list[ClientLogin]] = {}
    for login in db.session.scalars(both.execution_options(populate_existing=True)):
        by_email.setdefault(login.email or "", []).append(login)
    for logins in by_email.values():
        if len(logins) < 2:
            continue
        best, other = sorted(
            logins,
            key=lambda x: (x.password_hash is not None and x.is_active, x.last_login_at is not None,
                           x.last_login_at.timestamp() if x.last_login_at else 0, x.client_id == to_id),
            reverse=True,
        )  # fmt: skip
        best_id, best_of, other_id = best.id, best.client_id, other.id
        for column in columns_to("client_login"):
            if next(iter(column.foreign_keys)).ondelete == "SET NULL":
                journal.set(column.table, [column == other_id], {column.name: best_id})
        table = Base.metadata.tables["client_login"]
        journal.delete(table, [table.c.id == other_id])
        if best_of != to_id:
            journal.set(table, [table.c.id == best_id], {"client_id": to_id})


def _sitters(from_id: int, to_id: int, journal: Journal) -> None:
    """Whom one of the two never wants to see is never sent."""
    blocked = sa.select(ClientSitter.staff_id).where(ClientSitter.client_id == from_id, ClientSitter.is_blocked)
    table = Base.metadata.tables["client_sitter"]
    journal.set(table, [table.c.client_id == to_id, table.c.staff_id.in_(blocked)], {"is_blocked": True})


def _baskets(from_id: int, to_id: int, journal: Journal) -> None:
    """What lies in two unsent baskets lies in one."""
    unsent = sa.select(JobRequest.client_id, JobRequest.id).where(
        JobRequest.client_id.in_([from_id, to_id]), JobRequest.submitted_at.is_(None)
    )
    found: dict[int, int] = {row[0]: row[1] for row in db.session.execute(unsent)}
    if len(found) < 2:
        return
    for column in columns_to("job_request"):
        for others, where in uniques(column):  # the same visit in both
            _drop_twins(column, others, where, found[from_id], found[to_id], journal=journal)
        journal.set(column.table, [column == found[from_id]], {column.name: found[to_id]})
    table = Base.metadata.tables["job_request"]
    journal.delete(table, [table.c.id == found[from_id]])
    journal.set(table, [table.c.id == found[to_id]], {"changed_at": clock.now(), "adds_to_id": None})


def _methods(from_id: int, to_id: int, journal: Journal) -> None:
    """The card or account that is paid with stays the one that was."""
    table = Base.metadata.tables["stored_method"]
    twin = table.alias("twin")
    has_one = sa.exists().where(
        twin.c.client_id == to_id, twin.c.mode == table.c.mode, twin.c.is_default, twin.c.removed_at.is_(None)
    )
    journal.set(table, [table.c.client_id == from_id, table.c.is_default, has_one], {"is_default": False})


def _photos(from_id: int, to_id: int, journal: Journal) -> None:
    """A pet has one picture; the other one stays among the files."""
    is_photo = StoredFile.purpose == FilePurpose.PET_PHOTO, StoredFile.removed_at.is_(None)
    if db.session.scalar(sa.select(StoredFile.id).where(StoredFile.pet_id == to_id, *is_photo)) is not None:
        table = Base.metadata.tables["stored_file"]
        journal.set(table, [StoredFile.pet_id == from_id, *is_photo], {"purpose": FilePurpose.UPLOAD})


#: (table, column) -> what is done before the row of the record that stays counts; None: that is all
TWINS: dict[tuple[str, str], Callable[[int, int, Journal], None] | None] = {
    ("agreement_acceptance", "client_id"): None,
    ("agreement_client", "client_id"): None,
    ("client_login", "client_id"): _log_ins,
    ("client_price", "client_id"): None,
    ("client_sitter", "client_id"): _sitters,
    ("field_value", "client_id"): None,
    ("job_request", "client_id"): _baskets,
    ("stored_method", "client_id"): _methods,
    ("change_item_pet", "pet_id"): None,
    ("field_value", "pet_id"): None,
    ("job_pet", "pet_id"): None,
    ("job_request_line_pet", "pet_id"): None,
    ("repeat_pet", "pet_id"): None,
    ("stored_file", "pet_id"): _photos,
}
