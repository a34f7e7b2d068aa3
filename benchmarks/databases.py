"""Filled databases, kept under var/bench/ (SQLite) or as latchkey_bench (PostgreSQL); a run works on a copy of them."""

import datetime as dt
import hashlib
import json
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import sqlalchemy as sa

from benchmarks import filling
from benchmarks.filling import Filling, Tier
from foundation import clock
from foundation.db import db
from workflows import access

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "bench"
ZONE = "America/New_York"
POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
BATCH = 20_000


def key_of(tier: Tier, today: dt.date) -> str:
    """Changes with the tables, with what fills them, and with the week, because the data stand around today."""
    digest = hashlib.sha256()
    for path in (
        ROOT / "models.py",
        ROOT / "benchmarks" / "filling.py",
        *sorted((ROOT / "migrations" / "versions").glob("*.py")),
    ):
        digest.update(path.read_bytes())
    digest.update(json.dumps([asdict(tier), today.isocalendar()[:2]]).encode())
    return digest.hexdigest()[:12]


@contextmanager
def copy_of(kind: str, tier: Tier, folder: Path) -> Iterator[str]:
    """The URL of a copy of the filled database, for this run alone; filled first if it is not there."""
    clock.use_zone(ZONE)
    key = key_of(tier, clock.today())
    if kind == "sqlite":
        filled, copy = FOLDER / f"{tier.name}-{key}.db", folder / f"{tier.name}.db"
        if not filled.exists():
            _fill_sqlite(filled, tier)
        shutil.copyfile(filled, copy)
        yield f"sqlite:///{copy}"
        for path in folder.glob(f"{copy.name}*"):
            path.unlink()
    else:
        filled_name, copy_name = f"latchkey_bench_{tier.name}", f"latchkey_bench_run_{os.getpid()}"
        _fill_postgresql_unless(filled_name, key, tier)
        with _server() as server:
            server.execute(f"DROP DATABASE IF EXISTS {copy_name} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {copy_name} TEMPLATE {filled_name}")
        try:
            yield _postgres().set(database=copy_name).render_as_string(hide_password=False)
        finally:
            with _server() as server:
                server.execute(f"DROP DATABASE IF EXISTS {copy_name} WITH (FORCE)")


def make_app(url: str, folder: Path) -> Any:  # noqa: ANN401 -- a Flask app
    """Latchkey over this database."""
    from application import create_app

    return create_app(
        {
            "SQLALCHEMY_DATABASE_URI": url,
            "DATA_DIR": str(folder),
            "SECRET_KEY": "b" * 40,
            "PUBLIC_URL": "http://127.0.0.1",
        }
    )


def processors(table: sa.Table, columns: Sequence[str], dialect: sa.Dialect) -> list[Any]:
    """What SQLAlchemy does to a value of each column on its way to the driver; None for nothing."""
    return [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in columns]


def processed(rows: Iterable[tuple[Any, ...]], steps: list[Any]) -> Iterator[tuple[Any, ...]]:
    """The rows as the driver wants them."""
    busy = [(n, step) for n, step in enumerate(steps) if step is not None]
    for row in rows:
        values = list(row)
        for n, step in busy:
            values[n] = step(values[n])
        yield tuple(values)


# ---------------------------------------------------------------------------------------------------------- SQLite


def _fill_sqlite(path: Path, tier: Tier) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob(f"{tier.name}-*"):
        old.unlink()
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    begun = _say(f"Filling SQLite with {tier.visits:,} visits ...")
    app = make_app(f"sqlite:///{part}", path.parent)
    with app.app_context():
        flask_migrate.upgrade()
        dialect = db.engine.dialect
        db.engine.dispose()
    connection = sqlite3.connect(part, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-262144;")
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).fetchall()
    for name, _sql in indexes:
        connection.execute(f'DROP INDEX "{name}"')
    connection.execute("BEGIN")
    for name, columns, rows in _filling(tier).tables():
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 -- our own names
        connection.executemany(statement, processed(rows, processors(filling.TABLES[name], columns, dialect)))
    connection.execute("COMMIT")
    for _name, sql in indexes:
        connection.execute(sql)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    for rest in ("-wal", "-shm", ".turnstile"):
        with suppress(FileNotFoundError):
            Path(f"{part}{rest}").unlink()
    part.rename(path)
    _say(f"  done in {time.monotonic() - begun:.0f} s, {path.stat().st_size / 2**20:.0f} MB")


def _filling(tier: Tier) -> Filling:
    clock.use_zone(ZONE)
    return Filling(tier, hash_password=access.hash_password, today=clock.today(), now=clock.now())


# ------------------------------------------------------------------------------------------------------ PostgreSQL


def _postgres() -> sa.URL:
    return sa.make_url(os.environ.get("BENCH_POSTGRES_URL") or POSTGRES)


@contextmanager
def _server(database: str | None = None) -> Iterator[psycopg.Connection[Any]]:
    url = _postgres()
    with psycopg.connect(
        host=url.host,
        port=url.port,
        user=url.username,
        password=url.password,
        dbname=database or url.database,
        autocommit=True,
    ) as connection:
        yield connection


def _fill_postgresql_unless(name: str, key: str, tier: Tier) -> None:
    with _server() as server:
        there = server.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if there and there[0] == key:
            return
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    begun = _say(f"Filling PostgreSQL with {tier.visits:,} visits ...")
    FOLDER.mkdir(parents=True, exist_ok=True)
    app = make_app(_postgres().set(database=name).render_as_string(hide_password=False), FOLDER)
    with app.app_context():
        flask_migrate.upgrade()
        dialect = db.engine.dialect
        db.engine.dispose()
    with _server(name) as connection:
        _copy_all(connection, _filling(tier), dialect)
        connection.execute("VACUUM ANALYZE")
    with _server() as server:
        server.execute(f"COMMENT ON DATABASE {name} IS '{key}'")
    _say(f"  done in {time.monotonic() - begun:.0f} s")


def _copy_all(connection: psycopg.Connection[Any], rows_of: Filling, dialect: sa.Dialect) -> None:
    # Indexes that belong to a constraint stay.
    indexes = connection.execute(
        "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = 'public' AND NOT EXISTS "
        "(SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname) AND i.tablename <> 'alembic_version'"
    ).fetchall()
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        for name, _definition in indexes:
            connection.execute(f'DROP INDEX "{name}"')
        for name, columns, rows in rows_of.tables():
            steps = processors(filling.TABLES[name], columns, dialect)
            with connection.cursor() as cursor, cursor.copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in processed(rows, steps):
                    copy.write_row(row)
            if "id" in columns:
                connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"
                )
        for _name, definition in indexes:
            connection.execute(definition)


def _say(text: str) -> float:
    print(text, file=sys.stderr, flush=True)
    return time.monotonic()
