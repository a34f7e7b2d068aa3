"""Connections by the environment, and what is different when PgBouncer gives each transaction another one."""

import psycopg
import pytest
import sqlalchemy as sa

from application import config
from foundation.db import prepare_engine
from foundation.pooling import Limits

URL = "postgresql+psycopg://latchkey@127.0.0.1/latchkey"


@pytest.fixture
def engine(postgres_url):
    """`engine(limits)` over this test process's own database, made as the app makes it."""
    made = []

    def make(limits):
        one = sa.create_engine(postgres_url, **limits.engine_options(postgres_url))
        prepare_engine(one, limits)
        made.append(one)
        return one

    yield make
    for one in made:
        one.dispose()


def limits(**given):
    return config.from_environment({"DATA_DIR": "/nowhere", "SECRET_KEY": "x" * 40, **given})["DATABASE_LIMITS"]


def test_the_environment_says_how_many_and_how_long():
    found = limits(
        DATABASE_POOL="2", DATABASE_POOL_MORE="1", DATABASE_POOL_WAIT="3", DATABASE_CONNECT_SECONDS="4",
        DATABASE_STATEMENT_SECONDS="25", DATABASE_LOCK_SECONDS="6", DATABASE_PGBOUNCER="1",
    )  # fmt: skip
    assert found == Limits(2, 1, 3, 4, 25, 6, by_transaction=True)
    assert limits() == Limits()


@pytest.mark.parametrize(
    ("name", "value"),
    [("DATABASE_POOL", "many"), ("DATABASE_POOL", "-1"), ("DATABASE_LOCK_SECONDS", "1.5"), ("DATABASE_PGBOUNCER", "yes"),
     ("DATABASE_STATEMENT_SECONDS", "١")],
)  # fmt: skip
def test_what_is_no_number_is_refused_by_its_name(name, value):
    with pytest.raises(config.ConfigError, match=name):
        limits(**{name: value})


def test_sqlite_gets_none_of_it():
    assert Limits().engine_options("sqlite:////srv/latchkey.db") == {}


def test_a_tool_adds_to_what_the_operator_set():
    given = {"connect_args": {"options": "-c synchronous_commit=off"}, "query_cache_size": 7}
    made = config._engine_options(
        {"DATABASE_LIMITS": Limits(kept=3), "SQLALCHEMY_DATABASE_URI": URL, "SQLALCHEMY_ENGINE_OPTIONS": given}
    )
    assert made == {
        "hide_parameters": True, "pool_size": 3, "max_overflow": 10, "pool_timeout": 10, "query_cache_size": 7,
        "connect_args": {"connect_timeout": 5, "options": "-c synchronous_commit=off"},
    }  # fmt: skip


@pytest.mark.postgres
@pytest.mark.parametrize("by_transaction", [False, True])
def test_a_statement_that_takes_too_long_and_a_lock_that_does_not_come_are_broken_off(engine, by_transaction):
    ours = engine(Limits(statement_seconds=30, lock_seconds=1, by_transaction=by_transaction))
    with ours.begin() as holder:
        said = holder.execute(sa.text("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"))
        assert said.one() == ("30s", "1s")
        holder.execute(sa.text("SELECT pg_advisory_xact_lock(8)"))
        with ours.connect() as other, pytest.raises(sa.exc.OperationalError) as refused:
            other.execute(sa.text("SELECT pg_advisory_xact_lock(8)"))
        assert isinstance(refused.value.orig, psycopg.errors.LockNotAvailable)


@pytest.mark.postgres
@pytest.mark.parametrize(("by_transaction", "n_prepared"), [(False, 1), (True, 0)])
def test_behind_pgbouncer_nothing_is_left_on_a_connection(engine, by_transaction, n_prepared):
    ours = engine(Limits(kept=1, more=0, statement_seconds=30, by_transaction=by_transaction))
    for _ in range(12):
        with ours.begin() as connection:
            connection.execute(sa.text("SELECT CAST(:n AS integer)"), {"n": 8}).scalar_one()
    with ours.begin() as connection:
        driver = connection.connection.driver_connection
        # Asked by hand, so that the question does not count itself.
        found = driver.execute("SELECT count(*) FROM pg_prepared_statements", prepare=False).fetchone()
    assert found == (n_prepared,)
    driver = ours.raw_connection()
    driver.driver_connection.autocommit = True
    (left,) = driver.driver_connection.execute("SHOW statement_timeout").fetchone()
    driver.driver_connection.autocommit = False
    driver.close()
    assert left == ("0" if by_transaction else "30s")
