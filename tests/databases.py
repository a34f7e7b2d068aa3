"""The two databases that every test runs on: one app each for the whole run, its tables emptied before each test.

Tests commit for real (threads must see each other's rows), so nothing is wrapped in a transaction that is undone.
"""

import contextvars
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import flask_migrate
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import event
from werkzeug.test import TestResponse

from application import create_app
from foundation import sealing, storage
from foundation.db import Base, db
from workflows import settings
from workflows.billing import modes
from workflows.errors import WorkflowError


class _Compiled(BytecodeCache):
    """The templates of this process, so that not each of its apps compiles them anew."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._code.get(bucket.key):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


COMPILED = _Compiled()


def make_app(url: str, data_dir: Path, *, is_durable: bool = False) -> Flask:
    """Latchkey over the database at `url`, its tables made by the migrations.

    Most tests pull no plug, and need not wait for the disk; `is_durable` keeps what it confirmed, as the product does.
    """
    # Room for the statements of all tests: those that had to make room for others would be compiled again and again.
    options: dict[str, Any] = {"query_cache_size": 20_000}
    if "postgresql" in url and not is_durable:
        options["connect_args"] = {"options": "-c synchronous_commit=off"}
    app = create_app(
        {
            "SQLALCHEMY_ENGINE_OPTIONS": options,
            "SQLALCHEMY_DATABASE_URI": url,
            "DATA_DIR": str(data_dir),
            "TESTING": True,
            "SECRET_KEY": "x" * 40,
            "FIELD_KEYS": "a2V5IGZvciB0ZXN0cyBvbmx5LCBub3Qgc2VjcmV0ISE=",
            "PUBLIC_URL": "http://127.0.0.1:8000",
        }
    )
    app.jinja_env.bytecode_cache = COMPILED
    with app.app_context():
        if db.engine.dialect.name == "sqlite" and not is_durable:
            event.listen(db.engine, "connect", _need_not_survive_a_power_cut)
        flask_migrate.upgrade()
        if db.engine.dialect.name == "postgresql":
            with db.engine.begin() as connection:
                connection.exec_driver_sql(_EMPTY)
        event.listen(db.engine, "before_cursor_execute", partial(_notice_inserts, app))
        db.engine.dispose()
    return app


_INTO = re.compile(r'INSERT (?:OR \w+ )?INTO "?(\w+)')


def _notice_inserts(app: Flask, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
    if statement.startswith("INSERT"):
        app.extensions.setdefault("tests_filled", {"?"}).add(_INTO.match(statement)[1])


def _need_not_survive_a_power_cut(connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


TABLES = [table.name for table in reversed(Base.metadata.sorted_tables)]
#: the numbers of the tables that have rows; one statement, so that the driver keeps it prepared
_FULL = " UNION ALL ".join(f"SELECT {i} WHERE EXISTS (SELECT 1 FROM {table})" for i, table in enumerate(TABLES))  # noqa: S608 -- names of our own tables
#: in a function, so that the server plans these once for each connection
_EMPTY = f"""
CREATE FUNCTION empty_all_tables() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
{"".join(f"IF EXISTS (SELECT 1 FROM {table}) THEN DELETE FROM {table}; END IF; " for table in TABLES)}
END $$
"""  # noqa: S608 -- as above


def take_the_process(app: Flask) -> None:
    """Keys, file store and payment mode belong to the process: another app that a test made must not have left its own."""
    sealing.use_keys(app.config["FIELD_KEYS"])
    storage.use(app.extensions["store"])
    modes.use(app.extensions["gateway"].mode())


def empty(app: Flask) -> None:
    """Delete every row of every table."""
    with sweeping(app).begin() as connection:
        driver: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            for (full,) in driver.execute(_FULL).fetchall():
                driver.execute(f"DELETE FROM {TABLES[full]}")  # noqa: S608 -- as above
        else:
            driver.execute("SELECT empty_all_tables()")
    app.extensions["tests_filled"] = set()


def sweeping(app: Flask) -> sa.Engine:
    """What the tables are emptied and filled through between tests: the sweeper, if the app has one."""
    with app.app_context():
        return app.extensions.get("tests_sweeper") or db.engine


def use_sweeper(app: Flask) -> sa.Engine | None:
    """Let tables be emptied and filled through a connection of its own that looks at no foreign key.

    All rows go, or all come back as they were together: looking after each one would take longest. Only PostgreSQL's
    superusers may do without; with anybody else the tables are swept as they are used.
    """
    with app.app_context(), db.engine.connect() as connection:
        if not connection.exec_driver_sql("SELECT usesuper FROM pg_user WHERE usename = current_user").scalar():
            return None
        options = "-c synchronous_commit=off -c session_replication_role=replica"
        app.extensions["tests_sweeper"] = sweeper = sa.create_engine(
            db.engine.url, pool_size=1, connect_args={"options": options}
        )
    return sweeper


class Http(FlaskClient):
    """A browser. What the test made so far is committed before a request, and looked at afresh after it."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        db.session.commit()
        # Read to the end and closed, as a server does: a file that is streamed must not stay open.
        kwargs.setdefault("buffered", True)
        # In a context of its own, so that a request has its own session and `g`, as it has behind a server.
        try:
            return contextvars.Context().run(super().open, *args, **kwargs)
        finally:
            db.session.expire_all()
            settings.forget()


def together(app: Flask, *doings: Callable[[], object]) -> list[object]:
    """Do these at the same moment, each in a thread, session and transaction of its own.

    The results in order; a WorkflowError is a result like any other (and rolls back), anything else is raised here.
    """
    results = elsewhere(app, *doings)
    db.session.expire_all()
    settings.forget()
    return results


def elsewhere(app: Flask, *doings: Callable[[], object]) -> list[object]:
    """The same, but what the test's own session has loaded stays as it was: stale."""
    db.session.commit()
    start = threading.Barrier(len(doings))
    results: list[object] = [None] * len(doings)
    bugs: list[BaseException] = []

    def run(place: int, do: Callable[[], object]) -> None:
        with app.app_context():
            start.wait()
            try:
                results[place] = do()
                db.session.commit()
            except WorkflowError as refusal:
                db.session.rollback()
                results[place] = refusal
            except BaseException as bug:  # noqa: BLE001 -- raised again in the test's own thread
                db.session.rollback()
                bugs.append(bug)

    threads = [threading.Thread(target=run, args=(i, do), daemon=True) for i, do in enumerate(doings)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads), "they wait for each other"
    if bugs:
        raise bugs[0]
    return results


@contextmanager
def statements() -> Iterator[list[str]]:
    """The SQL that is sent meanwhile, without savepoints and the like."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.split(maxsplit=1)[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}:
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def count(kind: type[Base], *where: Any) -> int:
    """How many rows there are."""
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind).where(*where)) or 0
