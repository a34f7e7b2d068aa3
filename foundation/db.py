"""The database: one Flask-SQLAlchemy object and what SQLite needs to be trusted with a business.

SQLite in Python's default mode loses updates (measured, see ARCHITECTURE.md): so WAL, foreign keys, synchronous=FULL,
and our own BEGIN: IMMEDIATE where something may be written, behind a file lock that serves waiting writers in turn.
PostgreSQL needs none of this; there, workflows lock the row that becomes scarcer.
"""

import contextvars
import fcntl
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


P = ParamSpec("P")
T = TypeVar("T")


class Base(DeclarativeBase):
    """The declarative base of every table."""

    metadata = sa.MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

_read_only: contextvars.ContextVar[bool] = contextvars.ContextVar("read_only", default=False)
_reads_first: contextvars.ContextVar[bool] = contextvars.ContextVar("reads_first", default=False)
_holding = threading.local()


@contextmanager
def reading() -> Iterator[None]:
    """Inside, transactions only read: SQLite then starts them without the write lock."""
    token = _read_only.set(True)
    try:
        yield
    finally:
        _read_only.reset(token)


def mark_request(*, reads_only: bool, reads_first: bool = False) -> None:
    """Say once a request whether it may write; GET and HEAD may not.

    One that reads first may, but only after `begin_writing`: until then it takes no lock.
    """
    _read_only.set(reads_only or reads_first)
    _reads_first.set(reads_first)


@contextmanager
def writing_between() -> Iterator[None]:
    """A small change of its own inside a request that otherwise reads: committed at once, before and after nothing is open."""
    db.session.commit()
    tokens = _read_only.set(False), _reads_first.set(False)
    try:
        yield
        db.session.commit()
    finally:
        _read_only.reset(tokens[0])
        _reads_first.reset(tokens[1])


def reads_first(view: Callable[P, T]) -> Callable[P, T]:
    """Mark a view whose workflow checks what it can before it locks (`workflows.locks`), and writes only afterwards.

    The others who want to write then wait for a fraction of the request. Up to the lock it is as on PostgreSQL:
    somebody may change meanwhile what was read, so what decides is read again under the lock.
    """
    view.reads_first = True  # type: ignore[attr-defined]
    return view


def begin_writing() -> None:
    """End the part of a request that only reads: the next statement waits for the write lock. Else does nothing."""
    if _reads_first.get():
        db.session.commit()  # objects stay as they are
        mark_request(reads_only=False)


@event.listens_for(db.session, "before_flush")
def _not_yet(*_session_and_more: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's arguments
    if _reads_first.get():
        raise RuntimeError("this view reads first: it must lock (workflows.locks) before it changes anything")


#: mmap: what is mapped counts as each worker's memory, and 64 MB hold the upper levels of a large business's indexes
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=15000",
    "foreign_keys=ON",
    "cache_size=-65536",
    "mmap_size=67108864",
    "temp_store=MEMORY",
)


def prepare_engine(engine: sa.Engine) -> None:
    """Give an SQLite engine its pragmas, its BEGIN and its turnstile; other engines are left alone."""
    if engine.dialect.name != "sqlite":
        return
    database = engine.url.database
    turnstile = Path(f"{database}.turnstile") if database and database != ":memory:" else None

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's pool record
        connection.isolation_level = None  # pysqlite must not send a BEGIN of its own
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        # Case-insensitive LIKE for accents is not SQLite's; unaccented search is done on a folded column.
        connection.create_function("casefold", 1, lambda s: s.casefold() if s else s, deterministic=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        if _read_only.get():
            connection.exec_driver_sql("BEGIN")
            return
        if turnstile is not None and not getattr(_holding, "taken", False):
            lock = turnstile.open("a")
            fcntl.flock(lock, fcntl.LOCK_EX)
            connection.info["turnstile"] = lock
            _holding.taken = True
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            _leave(connection)
            raise

    def _leave(connection: sa.Connection) -> None:
        lock = connection.info.pop("turnstile", None)
        if lock is not None:
            lock.close()
            _holding.taken = False

    event.listen(engine, "commit", _after_commit(_leave))
    event.listen(engine, "rollback", _leave)


def _after_commit(leave: Any) -> Any:  # noqa: ANN401 -- two event callables
    """SQLAlchemy fires `commit` before the driver commits; the turnstile must be left only afterwards.

    So the commit is sent here, which ends SQLite's transaction; the driver's own commit that follows finds none open
    and does nothing. A COMMIT that fails (disk full, deferred foreign key) leaves SQLite's transaction open, and
    SQLAlchemy would give it back to the pool like that.
    """

    def _commit(connection: sa.Connection) -> None:
        try:
            connection.exec_driver_sql("COMMIT")
        except BaseException:
            connection.connection.rollback()
            raise
        finally:
            leave(connection)

    return _commit
