"""Loading an archive into an empty installation, on either database: all of it in the caller's transaction, or nothing.

It goes by the database's own tables and not by models.py, so that an archive can be loaded into the tables of its time
before the migrations bring them up to date.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from foundation import storage
from foundation.db import db
from workflows import settings
from workflows.archiving import making, shape
from workflows.archiving.checking import Opened
from workflows.archiving.shape import ArchiveProblem
from workflows.errors import N_, WrongState

#: rows that are inserted at a time
AT_ONCE = 1000
_BOOKKEEPING = "alembic_version"


def require_empty() -> None:
    """Refuse with WrongState when somebody lives in this database: a member of staff or a client."""
    for table in ("staff", "client"):
        if db.session.scalar(sa.text(f"SELECT 1 FROM {table} LIMIT 1")):  # noqa: S608 -- one of two words
            raise WrongState(
                "not_empty",
                N_(
                    "This database is in use, and nothing is ever loaded over one that is. "
                    "Name an empty one in DATABASE_URL, load the archive there, then let Latchkey use that."
                ),
            )


def load(archive: Opened) -> list[str]:
    """Fill this installation from the archive; the keys of the files that were put into the store come back.

    In order: whatever a new installation wrote by itself is deleted; the rows are inserted; every foreign key is
    checked; the rows are counted again; PostgreSQL's sequences go on after the highest number; the files are stored.
    If it raises, no file of it stays, and the caller rolls back. When the caller's commit fails, the files stay.

    Refused: a database in use (WrongState); an archive of other tables than these, a damaged one, and one whose rows
    refer to some that are not there (ArchiveProblem).
    """
    require_empty()
    connection = db.session.connection()
    there = _columns(connection)
    _require_same_tables(archive, connection, there)
    try:
        with _foreign_keys_checked_at_the_end(connection):
            for name in there:
                connection.execute(sa.text(f"DELETE FROM {_quoted(connection, name)}"))  # noqa: S608 -- our own names
            for name, facts in archive.tables.items():
                _insert(archive, name, facts["columns"], connection)
    except (sa.exc.StatementError, OverflowError, ValueError) as problem:
        # The last two: numbers and letters that the database's own driver cannot write.
        why = str(getattr(problem, "orig", problem))[:300]
        raise ArchiveProblem(
            "does_not_fit", N_("The archive's rows do not fit together: %(why)s"), why=why
        ) from problem
    _check_counts(archive, connection)
    if connection.dialect.name == "postgresql":
        _set_sequences(there, connection)
    settings.forget()
    return _store_files(archive)


def _columns(connection: sa.Connection) -> dict[str, set[str]]:
    """The tables that are there, with their columns; not those that an index of SQLite's full text search is made of."""
    seen, left_out = sa.inspect(connection), {_BOOKKEEPING}
    if connection.dialect.name == "sqlite":
        listed = connection.exec_driver_sql("SELECT name FROM pragma_table_list WHERE type <> 'table'")
        left_out |= {name for (name,) in listed}
    return {
        table: {column["name"] for column in found}
        for (_schema, table), found in seen.get_multi_columns().items()
        if table not in left_out
    }


def _require_same_tables(archive: Opened, connection: sa.Connection, there: dict[str, set[str]]) -> None:
    if archive.manifest["revision"] != making.revision_of(connection):
        raise ArchiveProblem("other_revision", N_("The archive's tables are of another version than the database's."))
    for name, facts in archive.tables.items():
        if set(facts["columns"]) != there.get(name):
            raise ArchiveProblem("other_columns", N_("The archive's table %(name)s is not as it is here."), name=name)


def _quoted(connection: sa.Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)


def _insert(archive: Opened, name: str, kinds: dict[str, str], connection: sa.Connection) -> None:
    is_postgres = connection.dialect.name == "postgresql"
    values = [f"CAST(:{c} AS JSON)" if kind == "json" and is_postgres else f":{c}" for c, kind in kinds.items()]
    columns = ", ".join(_quoted(connection, c) for c in kinds)
    statement = sa.text(
        f"INSERT INTO {_quoted(connection, name)} ({columns}) VALUES ({', '.join(values)})"  # noqa: S608 -- names that the database itself gave us
    ).bindparams(*(sa.bindparam(c, type_=shape.KINDS[kind]) for c, kind in kinds.items()))
    left = archive.rows(name)
    while rows := list(itertools.islice(left, AT_ONCE)):
        connection.execute(statement, rows)


@contextmanager
def _foreign_keys_checked_at_the_end(connection: sa.Connection) -> Iterator[None]:
    """Let rows come in any order. SQLite is asked to wait with its checks; PostgreSQL, whose keys are not made for that,
    gets them back at the end, which checks them all at once; nobody else sees the tables until the commit."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        yield
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(3)
        if broken:
            why = ", ".join(f"{row[0]} -> {row[2]}" for row in broken)
            raise ArchiveProblem("does_not_fit", N_("The archive's rows do not fit together: %(why)s"), why=why)
        return
    keys = connection.execute(
        sa.text(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
        )
    ).all()
    for table, key, _definition in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {key}")
    yield
    for table, key, definition in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {key} {definition}")


def _check_counts(archive: Opened, connection: sa.Connection) -> None:
    for name, facts in archive.tables.items():
        n = connection.scalar(sa.text(f"SELECT COUNT(*) FROM {_quoted(connection, name)}"))  # noqa: S608 -- as above
        if n != facts["rows"]:
            raise ArchiveProblem("count", N_("Not all rows of %(name)s were kept."), name=name)


def _set_sequences(there: dict[str, set[str]], connection: sa.Connection) -> None:
    for name, columns in there.items():
        if "id" in columns:
            connection.execute(
                sa.text(
                    f"SELECT setval(pg_get_serial_sequence(:name, 'id'), MAX(id)) "  # noqa: S608 -- as above
                    f"FROM {_quoted(connection, name)} HAVING MAX(id) IS NOT NULL"
                ),
                {"name": _quoted(connection, name)},
            )


def _store_files(archive: Opened) -> list[str]:
    """Into the store under the keys that the rows know; a file that lies there already is the same one."""
    store, put = storage.here(), []
    try:
        for key in archive.files:
            if _is_there(key, archive.files[key]):
                continue
            with archive.file(key) as stream:
                put.append(key)
                store.take(stream, key=key)
    except BaseException:
        forget(put)
        raise
    return put


def _is_there(key: str, facts: dict[str, Any]) -> bool:
    stream = storage.here().open(key)
    if stream is None:
        return False
    tally = shape.Tally()
    with stream:
        while piece := stream.read(making.PIECE):
            tally.add(piece)
    if tally.facts() != facts:
        raise ArchiveProblem("other_file", N_("Another file lies under the name %(key)s already."), key=key)
    return True


def forget(keys: list[str]) -> None:
    """Take files out of the store again, when the rows that know them were not committed."""
    for key in keys:
        storage.here().delete(key)
