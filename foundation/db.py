"""The database: one Flask-SQLAlchemy object and what SQLite needs to be trusted with a business.

SQLite in Python's default mode loses updates (measured, see ARCHITECTURE.md): so WAL, foreign keys, synchronous=FULL,
and our own BEGIN: IMMEDIATE where something may be written, behind a file lock that serves waiting writers in turn.
PostgreSQL needs none of this; there, workflows lock the row that becomes scarcer.
"""

import contextvars
import fcntl
import re
import select
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import psycopg
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import TransactionStatus
from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.sql.compiler import InsertmanyvaluesSentinelOpts

from foundation import tracing
from foundation.pooling import Limits

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
_asks: contextvars.ContextVar[bool] = contextvars.ContextVar("asks", default=False)
_one_person: contextvars.ContextVar[bool] = contextvars.ContextVar("one_person", default=False)
_holding = threading.local()


@contextmanager
def reading() -> Iterator[None]:
    """Inside, transactions only read: SQLite then starts them without the write lock."""
    token = _read_only.set(True)
    try:
        yield
    finally:
        _read_only.reset(token)


def mark_request(*, reads_only: bool, reads_first: bool = False, one_person: bool = False) -> None:
    """Say once a request whether it may write; GET and HEAD may not.

    One that reads first may, but only after `begin_writing`: until then it takes no lock. `one_person`: all that it
    asks is about one client or one sitter, so PostgreSQL need not plan its statements anew (`_keep_plans`).
    """
    _read_only.set(reads_only or reads_first)
    _reads_first.set(reads_first)
    _asks.set(reads_only or reads_first)
    _one_person.set(one_person)


@contextmanager
def writing_between() -> Iterator[None]:
    """A small change of its own inside a request that otherwise reads: committed at once, before and after nothing is open."""
    db.session.commit()
    db.session.info["has_written"] = True
    tokens = _read_only.set(False), _reads_first.set(False)
    try:
        yield
        db.session.commit()
    finally:
        _read_only.reset(tokens[0])
        _reads_first.reset(tokens[1])


def has_written() -> bool:
    """Did this request change something in between? What it read before may be another by now."""
    return bool(db.session.info.get("has_written"))


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
        mark_request(reads_only=False, one_person=_one_person.get())


@event.listens_for(db.session, "before_flush")
def _not_yet(*_session_and_more: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's arguments
    if _reads_first.get():
        raise RuntimeError("this view reads first: it must lock (workflows.locks) before it changes anything")


def rows_of(statement: sa.Executable, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
    """All rows of a statement of columns. Asked of the session's connection: the session's own way to the same rows takes
    a third longer, and one row at a time longer still. What waits in the session is written first, as there."""
    session = db.session()
    if session.autoflush:
        session.flush()
    return session.connection().execute(statement, values).all()


#: mmap: what is mapped counts as each worker's memory, and 64 MB hold the upper levels of a large business's indexes.
#: cache: with 16 MB HOME and the client page take a sixth less, and a worker 12 MB more
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "busy_timeout=15000",
    "foreign_keys=ON",
    "cache_size=-4096",
    "mmap_size=67108864",
    "temp_store=MEMORY",
)


def prepare_engine(engine: sa.Engine, limits: Limits | None = None) -> None:
    """Give an SQLite engine its pragmas, its BEGIN and its turnstile, and let PostgreSQL keep plans; count for both.

    Behind PgBouncer (`limits.by_transaction`) no connection keeps anything; each transaction says the limits anew.
    """
    tracing.count_queries(engine)
    if engine.dialect.name != "sqlite":
        _notice_hang_ups(engine)
        if limits is not None and limits.by_transaction:
            _say_limits(engine, limits.begin().encode())
        else:
            _keep_plans(engine)
        return
    # SQLAlchemy would insert row by row to know which id is whose. SQLite numbers the rows of one INSERT in their order
    # (tests/foundation hold it to that), so they can go a thousand at a time, as on PostgreSQL.
    engine.dialect.insertmanyvalues_implicit_sentinel = InsertmanyvaluesSentinelOpts.ANY_AUTOINCREMENT
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


#: statements that stay prepared on one connection; the product has more than psycopg's hundred
PREPARED = 400
#: what locks rows, so is no mere question
_LOCKS = re.compile(r" FOR (UPDATE|NO KEY|SHARE|KEY)")


class _Columns(Sequence[psycopg.Column]):
    """The columns of an answer, described when somebody looks at them."""

    def __init__(self, cursor: "_Cursor") -> None:
        self._cursor = cursor

    def __len__(self) -> int:
        return self._cursor.pgresult.nfields if self._cursor.pgresult is not None else 0

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 -- a column, or a list of them for a slice
        return (self._cursor.described() or [])[index]


class _Cursor(psycopg.Cursor[Any]):
    """SQLAlchemy looks at an answer's columns only the first time that it sends a statement.

    psycopg describes them each time, a microsecond a column: with some hundred columns a page, that was a tenth of it.
    """

    @property
    def description(self) -> Any:  # noqa: ANN401 -- as psycopg's list, see above
        return _Columns(self) if self.pgresult is not None and self.pgresult.nfields else super().description

    def described(self) -> list[psycopg.Column] | None:
        """The columns themselves."""
        return super().description


def _notice_hang_ups(engine: sa.Engine) -> None:
    """Give up the kept connections to a server that ended or was killed, before somebody gets one of them.

    Whatever hung up can be read on a connection that nobody uses. To ask the kernel takes microseconds; SQLAlchemy's own
    ping is a message there and back.
    """

    @event.listens_for(engine, "checkout")
    def _is_there(connection: Any, _record: Any, _proxy: Any) -> None:  # noqa: ANN401 -- psycopg's, SQLAlchemy's
        if not connection.closed:
            look = select.poll()
            look.register(connection.fileno(), select.POLLIN)
            if not look.poll(0):
                return
        raise InvalidatePoolError


def _say_limits(engine: sa.Engine, begin: bytes) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:  # noqa: ANN401 -- psycopg's connection, SQLAlchemy's record
        connection.cursor_factory = _Cursor

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        own: Any = connection.connection.dbapi_connection
        if not own.autocommit and own.info.transaction_status == TransactionStatus.IDLE:
            own.pgconn.exec_(begin)  # what goes wrong here goes wrong again, with a word, at the first statement


def _keep_plans(engine: sa.Engine) -> None:
    """Let requests about one person run with the plans that PostgreSQL made once, and those that only read ask without
    a transaction.

    It plans a prepared statement anew for each set of values, and for the portals' statements, with up to ten joins,
    that takes three to ten times as long as the answer. With one person's rows, which an index finds, the values
    make no difference; for lists of everything they do, and those are planned as ever.

    And each message to the server costs the web worker two tenths of a millisecond. A page that only reads needs no
    BEGIN and no ROLLBACK: as PostgreSQL is set up here (READ COMMITTED), each statement sees what is committed when it
    begins, inside a transaction or not. Whatever is no mere question begins one, so that all of it can be undone.
    """

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:  # noqa: ANN401 -- psycopg's connection, SQLAlchemy's record
        connection.prepared_max = PREPARED
        connection.cursor_factory = _Cursor

    @event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        own: Any = connection.connection.dbapi_connection
        if "isolation_level" in connection.get_execution_options():
            connection.info["asks"] = False
            return
        mode = "force_generic_plan" if _one_person.get() else "auto"
        if connection.info.get("plans", "auto") != mode and own.info.transaction_status == TransactionStatus.IDLE:
            own.pgconn.exec_(f"SET plan_cache_mode = {mode}".encode())
            connection.info["plans"] = mode
        # Else the server went away: the statement that follows says so, and SQLAlchemy gives the connection up.
        if own.info.transaction_status == TransactionStatus.IDLE:
            asks = _asks.get() and _read_only.get()
            if own.autocommit != asks:
                own.autocommit = asks
            connection.info["asks"] = asks

    @event.listens_for(engine, "before_cursor_execute")
    def _really_begin(connection: sa.Connection, *given: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's arguments
        if not connection.info.get("asks"):
            return
        _cursor, statement, _values, context, _many = given
        is_streamed = context is not None and context.execution_options.keys() & {"stream_results", "yield_per"}
        if is_streamed or not statement.startswith("SELECT") or _LOCKS.search(statement):
            own: Any = connection.connection.dbapi_connection
            own.autocommit, connection.info["asks"] = False, False

    @event.listens_for(engine, "rollback")
    def _rollback(connection: sa.Connection) -> None:
        # Every page that only reads ends so, and psycopg would drop all that is prepared, for fear that a table was
        # dropped before. PostgreSQL keeps it, and no request makes tables. psycopg's own ROLLBACK then finds none open.
        if connection.invalidated:
            return  # the server went away, and what was open with it
        own: Any = connection.connection.dbapi_connection
        if own.info.transaction_status == TransactionStatus.INTRANS:
            own.pgconn.exec_(b"ROLLBACK")


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
