"""The SQLite engine: its pragmas, its BEGIN IMMEDIATE, and the turnstile that serves waiting writers in turn."""

import contextlib
import fcntl
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from psycopg.pq import TransactionStatus
from sqlalchemy.exc import OperationalError

from foundation import db as foundation_db
from foundation.db import begin_writing, db, mark_request, prepare_engine, reading
from models import Counter
from tests import factories as make


@pytest.fixture
def engine(tmp_path):
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'small.db'}", connect_args={"timeout": 0.2})
    prepare_engine(engine)

    @sa.event.listens_for(engine, "connect")
    def _soon_tired(connection, _record):
        connection.execute("PRAGMA busy_timeout=200")

    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE n (value INTEGER)")
        connection.exec_driver_sql("INSERT INTO n VALUES (0)")
    yield engine
    engine.dispose()


def turnstile_is_free(engine):
    with Path(f"{engine.url.database}.turnstile").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def value(connection):
    return connection.exec_driver_sql("SELECT value FROM n").scalar_one()


def test_engine_has_its_pragmas(engine):
    with engine.connect() as connection:
        seen = {
            p: connection.exec_driver_sql(f"PRAGMA {p}").scalar()
            for p in ("journal_mode", "synchronous", "foreign_keys")
        }
        folded = connection.exec_driver_sql("SELECT casefold('Éclair'), casefold(NULL)").one()
    assert seen == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert tuple(folded) == ("éclair", None)


def test_postgresql_keeps_the_plans_of_requests_about_one_person_and_of_no_others(app, db_session):
    def mode():
        """How PostgreSQL plans in this transaction, and how many statements stay prepared."""
        if db.engine.dialect.name == "sqlite":
            return None
        own = db_session.connection().connection.dbapi_connection
        return db_session.scalar(sa.text("SHOW plan_cache_mode")), own.prepared_max

    found = []
    for one_person in (True, False):
        db_session.rollback()
        mark_request(reads_only=True, one_person=one_person)
        try:
            found.append(mode())
            db_session.commit()
            found.append(mode())
        finally:
            mark_request(reads_only=False)
    kept, anew = ("force_generic_plan", foundation_db.PREPARED), ("auto", foundation_db.PREPARED)
    assert found in ([None] * 4, [kept, kept, anew, anew])


@pytest.mark.parametrize("one_person", [True, False])
def test_a_page_that_reads_asks_postgresql_without_a_transaction_and_what_it_changes_is_undone(
    app, db_session, one_person
):
    is_postgresql = db.engine.dialect.name == "postgresql"

    def is_open():
        own = db_session.connection().connection.dbapi_connection
        return own.info.transaction_status == TransactionStatus.INTRANS if is_postgresql else None

    def ask():
        return db_session.scalar(sa.select(sa.func.count()).select_from(Counter))

    db_session.rollback()
    mark_request(reads_only=True, one_person=one_person)
    try:
        assert ask() == 0
        assert is_open() is (False if is_postgresql else None)
        make.counter("undone", 1)
        db_session.flush()
        assert ask() == 1
        assert is_open() is (True if is_postgresql else None)
        db_session.rollback()
        assert ask() == 0
        db_session.execute(sa.select(Counter).with_for_update()).all()
        assert is_open() is (True if is_postgresql else None)
        db_session.rollback()
        for row in db_session.execute(sa.select(Counter.name).execution_options(yield_per=5)):
            assert not row
    finally:
        mark_request(reads_only=False)
    db_session.rollback()
    make.counter("kept", 1)
    db_session.commit()
    assert ask() == 1


def test_postgresql_keeps_what_is_prepared_after_a_rollback_and_after_a_failure(app, db_session):
    is_postgresql = db.engine.dialect.name == "postgresql"

    def ask():
        assert db_session.scalar(sa.select(sa.func.count()).select_from(Counter)) == 0
        db_session.rollback()

    def n_prepared():
        return db_session.scalar(sa.text("SELECT count(*) FROM pg_prepared_statements")) if is_postgresql else 1

    db_session.rollback()
    db.engine.dispose()  # one connection from here on: tests with several leave several, which are used in turn
    for _ in range(8):
        ask()
    assert n_prepared()
    make.counter("undone", 1)
    db_session.rollback()
    ask()
    with pytest.raises(sa.exc.DBAPIError):
        db_session.execute(sa.text("SELECT no_such_column FROM counter"))
    db_session.rollback()
    ask()
    ask()


@pytest.mark.parametrize("one_person", [True, False])
@pytest.mark.parametrize("in_use", [True, False], ids=["in use", "idle"])
def test_postgresql_that_went_away_is_an_error_for_who_uses_it_and_connected_anew(app, db_session, in_use, one_person):
    if db.engine.dialect.name == "sqlite":
        return
    engine, others = sa.create_engine(db.engine.url), sa.create_engine(db.engine.url, poolclass=sa.NullPool)
    prepare_engine(engine)

    def end(connection):
        of_server = connection.scalar(sa.text("SELECT pg_backend_pid()"))
        connection.rollback()
        with others.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": of_server})

    mark_request(reads_only=True, one_person=one_person)
    try:
        with engine.connect() as connection:
            end(connection)
            if in_use:
                with pytest.raises(OperationalError) as problem:
                    connection.scalar(sa.text("SELECT 1"))
                assert problem.value.connection_invalidated
        # Who comes now is told nothing of it.
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT 1")) == 1
    finally:
        mark_request(reads_only=False)
    engine.dispose()


def test_postgresql_describes_the_columns_of_an_answer_when_somebody_looks(app, db_session):
    if db.engine.dialect.name == "sqlite":
        return
    own = db_session.connection().connection.dbapi_connection
    with own.cursor() as cursor:
        cursor.execute("SELECT 1 AS one, 'x' AS two")
        assert [c.name for c in cursor.description] == ["one", "two"]
        assert (len(cursor.description), cursor.description[1].name, cursor.fetchall()) == (2, "two", [(1, "x")])
        cursor.execute("SET LOCAL work_mem = '4MB'")
        assert cursor.description is None


def test_engine_in_memory_needs_no_turnstile():
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
    prepare_engine(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE n (value INTEGER)")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM n").scalar() == 0
    engine.dispose()


def test_transaction_holds_turnstile_and_write_lock_from_its_first_statement_to_the_commit(engine):
    with engine.connect() as connection:
        value(connection)
        assert not turnstile_is_free(engine)
        connection.exec_driver_sql("UPDATE n SET value = 1")
        connection.commit()
        assert turnstile_is_free(engine)
        assert value(connection) == 1


def test_rollback_leaves_the_turnstile_and_nothing_else(engine):
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE n SET value = 1")
        connection.rollback()
        assert turnstile_is_free(engine)
        assert value(connection) == 0


def test_connection_that_is_closed_without_a_word_leaves_the_turnstile(engine):
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE n SET value = 1")
    assert turnstile_is_free(engine)


def test_commit_that_fails_leaves_the_turnstile(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE owner (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql("CREATE TABLE pet (owner_id INTEGER REFERENCES owner DEFERRABLE INITIALLY DEFERRED)")
    with engine.connect() as connection:
        connection.exec_driver_sql("INSERT INTO pet VALUES (1)")
        with pytest.raises(sa.exc.IntegrityError):
            connection.commit()
    assert turnstile_is_free(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM pet").scalar() == 0


def test_begin_that_fails_leaves_the_turnstile(engine):
    with engine.connect() as first:
        value(first)
        with pytest.raises(OperationalError, match="locked"), engine.connect() as second:
            value(second)  # of the same thread, so it does not queue behind itself
    assert turnstile_is_free(engine)
    stranger = sa.create_engine(engine.url, connect_args={"timeout": 0})
    with stranger.connect() as other, engine.connect() as connection:
        other.exec_driver_sql("UPDATE n SET value = 5")
        with pytest.raises(OperationalError, match="locked"):
            value(connection)
        assert turnstile_is_free(engine)
    stranger.dispose()


def test_reading_takes_no_lock_and_sees_one_state_throughout(engine):
    with reading(), engine.connect() as reader:
        assert value(reader) == 0
        assert turnstile_is_free(engine)
        with writing_thread(engine):
            pass
        assert value(reader) == 0
    with engine.connect() as connection:
        assert value(connection) == 1


@contextlib.contextmanager
def writing_thread(engine):
    def write():
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE n SET value = value + 1")

    thread = threading.Thread(target=write)
    thread.start()
    thread.join(timeout=10)
    assert not thread.is_alive()
    yield


def test_mark_request_decides_for_what_follows(engine):
    mark_request(reads_only=True)
    try:
        with engine.connect() as connection:
            value(connection)
            assert turnstile_is_free(engine)
    finally:
        mark_request(reads_only=False)
    with engine.connect() as connection:
        value(connection)
        assert not turnstile_is_free(engine)


def test_reading_inside_reading_ends_with_the_outer_one(engine):
    with reading():
        with reading():
            pass
        assert foundation_db._read_only.get() is True
    assert foundation_db._read_only.get() is False


@pytest.fixture
def reads_first(db_session):
    db_session.commit()
    mark_request(reads_only=False, reads_first=True)
    yield
    mark_request(reads_only=False)


def test_request_that_reads_first_takes_its_turn_when_it_begins_to_write(reads_first, elsewhere):
    def waits():
        return db.engine.dialect.name == "sqlite" and not turnstile_is_free(db.engine)

    assert db.session.get(Counter, "turns") is None
    assert not waits()
    elsewhere(lambda: make.counter("turns", 1))
    begin_writing()
    row = db.session.get(Counter, "turns")
    assert row.value == 1, "what was written since is seen under the lock"
    assert waits() or db.engine.dialect.name != "sqlite"
    row.value = 2
    db.session.commit()
    assert not waits()
    begin_writing()
    assert db.session.get(Counter, "turns").value == 2, "a second time it does nothing"


def test_request_that_reads_first_cannot_change_anything_without_its_turn(db_session, reads_first):
    make_one = Counter(name="early", value=1)
    db_session.add(make_one)
    with pytest.raises(RuntimeError, match="reads first"):
        db_session.flush()
    with pytest.raises(RuntimeError, match="reads first"):
        begin_writing()


def test_waiting_writers_are_served_and_none_is_lost(app, together):
    make.counter("visits", 0)
    db.session.commit()

    def add_one():
        row = db.session.scalar(sa.select(Counter).where(Counter.name == "visits").with_for_update())
        row.value += 1

    for _round in range(5):
        together(*[add_one] * 4)
    assert db.session.get(Counter, "visits").value == 20


def test_savepoint_that_is_rolled_back_keeps_what_was_before(db_session):
    make.counter("kept", 1)
    with contextlib.suppress(ZeroDivisionError), db_session.begin_nested():
        make.counter("undone", 1)
        raise ZeroDivisionError
    db_session.commit()
    assert db_session.scalars(sa.select(Counter.name)).all() == ["kept"]


def test_many_rows_of_one_insert_get_their_ids_in_their_order(engine):
    """SQLAlchemy gives each object the id of its place: `prepare_engine` promises that SQLite numbers them so."""
    table = sa.Table(
        "numbered",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("word", sa.Text, unique=True),
    )
    words = [f"{n * 7919 % 3001:05}" for n in range(3000)]
    n_statements = 0
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(sa.insert(table), [{"id": n, "word": f"old {n}"} for n in (3, 500, 40)])
        connection.execute(sa.delete(table).where(table.c.id == 40))

        @sa.event.listens_for(connection, "before_cursor_execute")
        def _count(*_more):
            nonlocal n_statements
            n_statements += 1

        adding = sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)
        ids = connection.scalars(adding, [{"word": w} for w in words]).all()
        kept = dict(connection.execute(sa.select(table.c.id, table.c.word).where(table.c.id > 500)).all())
    assert n_statements < 10  # a thousand at a time
    assert ids == sorted(ids)
    assert [kept[i] for i in ids] == words
