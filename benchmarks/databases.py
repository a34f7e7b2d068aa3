"""Filled databases: SQLite files in a folder of this run, PostgreSQL databases that are dropped at its end.

With `--keep` they stay (under var/bench/, and as latchkey_bench_*), and a later run of the same week works on a copy.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import sqlalchemy as sa

from application import create_app
from benchmarks import filling
from benchmarks.filling import Filling
from benchmarks.tiers import Tier
from foundation import clock
from foundation.db import db
from workflows import access, search_index

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / "var" / "bench"
ZONE = "America/New_York"
POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
SECRET_KEY = "b" * 40


def key_of(tier: Tier) -> str:
    """Changes with the tables, with what fills them, and with the week, because the data stand around today."""
    digest = hashlib.sha256()
    versions = (ROOT / "migrations" / "versions").glob("*.py")
    fillers = [ROOT / "benchmarks" / f"{name}.py" for name in ("filling", "columns", "changes", "money")]
    for path in (*sorted((ROOT / "tables").glob("*.py")), *fillers, *sorted(versions)):
        digest.update(path.read_bytes())
    digest.update(json.dumps([asdict(tier), clock.today().isocalendar()[:2]]).encode())
    return digest.hexdigest()[:12]


@contextmanager
def filled(kind: str, tier: Tier, folder: Path, *, keep: bool) -> Iterator[str]:
    """The URL of a filled database for this run alone; gone afterwards."""
    clock.use_zone(ZONE)
    with (_sqlite if kind == "sqlite" else _postgresql)(tier, folder, keep=keep) as url:
        yield url


def make_app(url: str, folder: Path) -> Any:  # noqa: ANN401 -- a Flask app
    """Latchkey over this database."""
    wanted = {
        "SQLALCHEMY_DATABASE_URI": url,
        "DATA_DIR": str(folder),
        "SECRET_KEY": SECRET_KEY,
        "PUBLIC_URL": "http://127.0.0.1",
    }
    return create_app(wanted)


def _migrated(url: str, folder: Path) -> sa.Dialect:
    """Make the tables; say how values reach this database."""
    app = make_app(url, folder)
    with app.app_context():
        flask_migrate.upgrade()
        dialect = db.engine.dialect
        db.engine.dispose()
    return dialect


def _make_findable(url: str, folder: Path) -> None:
    """The rows were written past the program, so the search does not know them yet."""
    app = make_app(url, folder)
    with app.app_context():
        search_index.rebuild()
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


def _tables(tier: Tier, dialect: sa.Dialect) -> Iterator[tuple[str, list[str], Iterator[tuple[Any, ...]]]]:
    """Table, columns and the rows as the driver wants them; columns that nobody names get their default."""
    clock.use_zone(ZONE)
    rows_of = Filling(tier, hash_password=access.hash_password, today=clock.today(), now=clock.now())
    for name, columns, rows in rows_of.tables():
        table = filling.TABLES[name]
        more = {c.name: _default(c) for c in table.columns if c.name not in columns and c.default is not None}
        names = [*columns, *more]
        steps = [table.c[n].type.dialect_impl(dialect).bind_processor(dialect) for n in names]
        yield name, names, _processed(rows, tuple(more.values()), steps)


def _default(column: sa.Column[Any]) -> Any:  # noqa: ANN401 -- of any type
    default: Any = column.default
    return default.arg(None) if default.is_callable else default.arg


def _processed(
    rows: Iterable[tuple[Any, ...]], more: tuple[Any, ...], steps: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    busy = [(n, step) for n, step in enumerate(steps) if step is not None]
    for row in rows:
        values = [*row, *more]
        for n, step in busy:
            values[n] = step(values[n])
        yield tuple(values)


def say(text: str) -> float:
    """Tell people what is going on, beside the tables on standard output; says when it was."""
    print(text, file=sys.stderr, flush=True)
    return time.monotonic()


# ---------------------------------------------------------------------------------------------------------- SQLite


@contextmanager
def _sqlite(tier: Tier, folder: Path, *, keep: bool) -> Iterator[str]:
    mine = folder / f"{tier.name}.db"
    if keep:
        kept = KEPT / f"{tier.name}-{key_of(tier)}.db"
        if not kept.exists():
            KEPT.mkdir(parents=True, exist_ok=True)
            for old in KEPT.glob(f"{tier.name}-*"):
                old.unlink()
            _fill_sqlite(kept, tier)
        shutil.copyfile(kept, mine)
    else:
        _fill_sqlite(mine, tier)
    yield f"sqlite:///{mine}"
    for path in folder.glob(f"{mine.name}*"):
        path.unlink()


def _fill_sqlite(path: Path, tier: Tier) -> None:
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    begun = say(f"Filling SQLite with {tier.clients:,} clients and {tier.visits:,} visits ...")
    dialect = _migrated(f"sqlite:///{part}", path.parent)
    connection = sqlite3.connect(part, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-262144;")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for name, _sql in indexes:
        connection.execute(f'DROP INDEX "{name}"')
    connection.execute("BEGIN")
    for name, columns, rows in _tables(tier, dialect):
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows)  # noqa: S608 -- our own names
    connection.execute("COMMIT")
    for _name, sql in indexes:
        connection.execute(sql)
    connection.execute("ANALYZE")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    _make_findable(f"sqlite:///{part}", path.parent)
    for rest in ("-wal", "-shm", ".turnstile"):
        Path(f"{part}{rest}").unlink(missing_ok=True)
    part.rename(path)
    say(f"  filled in {time.monotonic() - begun:.0f} s, {path.stat().st_size / 2**20:.0f} MB")


# ------------------------------------------------------------------------------------------------------ PostgreSQL


def _postgres() -> sa.URL:
    return sa.make_url(os.environ.get("BENCH_POSTGRES_URL") or os.environ.get("TEST_POSTGRES_URL") or POSTGRES)


def has_postgresql() -> bool:
    """Is there a server?"""
    try:
        with _server():
            return True
    except psycopg.OperationalError:
        return False


@contextmanager
def _server(database: str | None = None) -> Iterator[psycopg.Connection[Any]]:
    url = _postgres().set(drivername="postgresql", database=database or _postgres().database)
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


def _drop(name: str) -> None:
    with _server() as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def _postgresql(tier: Tier, folder: Path, *, keep: bool) -> Iterator[str]:
    mine, kept = f"latchkey_bench_run_{tier.name}_{os.getpid()}", f"latchkey_bench_{tier.name}"
    try:
        if keep:
            key = key_of(tier)
            if _comment(kept) != key:
                _fill_postgresql(kept, tier, folder)
                with _server() as server:
                    server.execute(f"COMMENT ON DATABASE {kept} IS '{key}'")
            with _server() as server:
                server.execute(f"CREATE DATABASE {mine} TEMPLATE {kept}")
            with _server(mine) as connection:
                connection.execute("VACUUM ANALYZE")
        else:
            _fill_postgresql(mine, tier, folder)
        yield _postgres().set(database=mine).render_as_string(hide_password=False)
    finally:
        _drop(mine)


def _comment(name: str) -> str | None:
    with _server() as server:
        found = server.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        return str(found[0]) if found else None


def _fill_postgresql(name: str, tier: Tier, folder: Path) -> None:
    begun = say(f"Filling PostgreSQL with {tier.clients:,} clients and {tier.visits:,} visits ...")
    _drop(name)
    with _server() as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    url = _postgres().set(database=name).render_as_string(hide_password=False)
    dialect = _migrated(url, folder)
    with _server(name) as connection:
        _copy_all(connection, tier, dialect)
        _make_findable(url, folder)
        connection.execute("VACUUM ANALYZE")
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    say(f"  filled in {time.monotonic() - begun:.0f} s, {(size or [0])[0] / 2**20:.0f} MB")


def _copy_all(connection: psycopg.Connection[Any], tier: Tier, dialect: sa.Dialect) -> None:
    # Indexes that belong to a constraint stay.
    indexes = connection.execute(
        "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = 'public' AND NOT EXISTS "
        "(SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname) AND i.tablename <> 'alembic_version'"
    ).fetchall()
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for name, _definition in indexes:
            connection.execute(f'DROP INDEX "{name}"')
        for name, columns, rows in _tables(tier, dialect):
            with connection.cursor() as cursor, cursor.copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            if "id" in columns:
                top = f"(SELECT max(id) FROM {name})"  # noqa: S608 -- our own names
                connection.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {top})")
        for _name, definition in indexes:
            connection.execute(definition)
