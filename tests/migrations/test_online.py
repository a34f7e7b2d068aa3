"""Migrations while people work: what would stop them is found, the helpers do not stop them, and new steps keep the rule."""

import os
import threading

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import event

from admin_site import search
from foundation.db import db
from migrations import judge, online
from models import Client, Pet
from tests import databases
from tests.plugins.needs import find_postgres

#: the steps up to the first version that anybody runs; whoever has no business yet needs no step online
BEFORE_THE_RULE = 15


# --------------------------------------------------------------------------------------------------------- the judge


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("ALTER TABLE job DROP COLUMN price", "contract"),
        ("DROP TABLE job", "contract"),
        ("ALTER TABLE job RENAME COLUMN price TO cost", "old name"),
        ("ALTER TABLE job RENAME TO visit", "old name"),
        ("ALTER TABLE job ALTER COLUMN price TYPE NUMERIC", "whole table"),
        ("ALTER TABLE job ALTER COLUMN price SET NOT NULL", "locked"),
        ("CREATE INDEX ix_job_day ON job (on_date)", "create_index"),
        ("CREATE UNIQUE INDEX ix_job_day ON job (on_date)", "create_index"),
        ("ALTER TABLE job ADD COLUMN kind VARCHAR(20) NOT NULL", "server_default"),
        ("ALTER TABLE job ADD CONSTRAINT ck_job_kind CHECK (kind IN ('a'))", "add_check"),
        ("ALTER TABLE job ADD CONSTRAINT fk_job_x FOREIGN KEY(x) REFERENCES x (id)", "add_foreign_key"),
        ("ALTER TABLE job ADD CONSTRAINT uq_job_x UNIQUE (x)", "unique"),
        ("LOCK TABLE job", "stops everybody"),
    ],
)  # fmt: skip
def test_what_would_stop_people_is_found(statement, word):
    (said,) = judge.objections([statement])
    assert word in said.partition(": ")[2]


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE toy (id INTEGER)", "CREATE INDEX ix_toy ON toy (id)", "ALTER TABLE toy ADD CONSTRAINT u UNIQUE (id)"],
        ["ALTER TABLE job ADD COLUMN kind VARCHAR(20)"],
        ["ALTER TABLE job ADD COLUMN kind VARCHAR(20) DEFAULT 'a' NOT NULL"],
        ["CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_job_day ON job (on_date)"],
        ["ALTER TABLE job ADD CONSTRAINT c CHECK (kind = 'a') NOT VALID", "ALTER TABLE job VALIDATE CONSTRAINT c"],
        ["UPDATE alembic_version SET version_num='0012'", "INSERT INTO setting VALUES (1)"],
    ],
)  # fmt: skip
def test_what_stops_nobody_is_let_pass(statements):
    assert judge.objections(statements) == []


def test_a_contract_step_may_drop_what_nothing_reads_any_more_and_nothing_else():
    drop, index = "ALTER TABLE job DROP COLUMN price", "CREATE INDEX ix_job_day ON job (on_date)"
    assert judge.objections([drop], contract="since 0012 nothing reads it") == []
    assert len(judge.objections([drop, index], contract="since 0012 nothing reads it")) == 1


# -------------------------------------------------------------------------------------------------- the steps we have


@pytest.fixture(scope="module")
def empty_postgres(worker_id, tmp_path_factory):
    """The app over a database of these tests' own without tables."""
    server, name = find_postgres(), f"latchkey_online_{worker_id}_{os.getpid()}"
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    url = server.set(database=name).render_as_string(hide_password=False)
    app = databases.make_app(url, tmp_path_factory.mktemp("online"))
    yield app
    with app.app_context():
        db.engine.dispose()
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.postgres
def test_every_new_step_lets_people_work_meanwhile(empty_postgres):
    """Each step is run, and what it sends is judged. 0009, from before the rule, shows that something is heard."""
    with empty_postgres.app_context():
        config = flask_migrate.current_app.extensions["migrate"].migrate.get_config()
        steps = {s.revision: s for s in ScriptDirectory.from_config(config).walk_revisions() if int(s.revision) >= 9}
        sent, wrong = [], {}
        event.listen(db.engine, "before_cursor_execute", lambda _c, _u, statement, *_r: sent.append(statement))
        flask_migrate.downgrade(revision="0008")
        for revision, step_ in reversed(steps.items()):
            sent.clear()
            flask_migrate.upgrade(revision=revision)
            if found := judge.objections(sent, contract=getattr(step_.module, "contract", "")):
                wrong[revision] = found
    assert len(wrong["0009"]) == 2
    assert "use online.create_index" in wrong["0009"][0]
    held = {revision: found for revision, found in wrong.items() if int(revision) > BEFORE_THE_RULE}
    assert held == {}, "see CONTRIBUTING.md, Migrations while people work"


@pytest.mark.postgres
def test_a_step_that_finds_a_table_taken_gives_up_soon_and_changes_nothing(empty_postgres, monkeypatch):
    monkeypatch.setenv("MIGRATION_LOCK_SECONDS", "1")
    with empty_postgres.app_context():
        head = db.session.scalar(sa.text("SELECT version_num FROM alembic_version"))
        db.session.rollback()
        with db.engine.begin() as holder:
            holder.exec_driver_sql("LOCK TABLE job IN ACCESS SHARE MODE")
            with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
                flask_migrate.downgrade(revision="0008")
            assert holder.exec_driver_sql("SELECT count(*) FROM job").scalar() == 0
        flask_migrate.upgrade()
        assert db.session.scalar(sa.text("SELECT version_num FROM alembic_version")) == head
        db.session.rollback()


# ------------------------------------------------------------------------------------------------------- the helpers


@pytest.fixture
def toys(postgres_url):
    """A table with 5,000 rows, and a connection on which steps run."""
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE toy (id SERIAL PRIMARY KEY, size INTEGER, word TEXT)")
        connection.exec_driver_sql("INSERT INTO toy (size) SELECT mod(n, 10) FROM generate_series(1, 5000) n")
    yield engine
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE toy")
    engine.dispose()


def step(engine, doing):
    """Run it as a step of a migration."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"transaction_per_migration": True})
        with context.begin_transaction(_per_migration=True), Operations.context(context):
            doing()


@pytest.mark.postgres
def test_an_index_is_made_while_somebody_writes_and_twice_is_once(toys):
    make = lambda: online.create_index("ix_toy_size", "toy", ["size"], where="size > 3")  # noqa: E731 -- said twice
    with toys.connect() as writer:
        writer.exec_driver_sql("UPDATE toy SET size = 5 WHERE id = 1")
        thread = threading.Thread(target=step, args=(toys, make), daemon=True)
        thread.start()
        # The step waits for this transaction, and others who write do not wait for the step.
        with toys.begin() as other:
            other.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
            other.exec_driver_sql("UPDATE toy SET size = 6 WHERE id = 2")
        writer.commit()
        thread.join(30)
        assert not thread.is_alive()
    step(toys, make)
    seen = {i["name"]: i for i in sa.inspect(toys).get_indexes("toy")}
    assert seen["ix_toy_size"]["column_names"] == ["size"]
    step(toys, lambda: online.drop_index("ix_toy_size", "toy"))
    assert sa.inspect(toys).get_indexes("toy") == []


@pytest.mark.postgres
def test_an_index_that_a_broken_try_left_half_is_made_anew(toys):
    make = lambda: online.create_index("ix_toy_one", "toy", ["size"], unique=True)  # noqa: E731 -- said twice
    with pytest.raises(sa.exc.IntegrityError):
        step(toys, make)
    with toys.begin() as connection:
        connection.exec_driver_sql("UPDATE toy SET size = id")
    step(toys, make)
    with toys.connect() as connection:
        valid = connection.exec_driver_sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_toy_one'::regclass")
        assert valid.scalar_one() is True


@pytest.mark.postgres
def test_an_index_of_parts_of_words_is_made_where_the_server_lets_us(toys, caplog):
    make = lambda: online.create_part_index("ix_toy_parts", "toy", ["word"])  # noqa: E731 -- said three times
    step(toys, make)
    step(toys, make)
    with toys.connect() as connection:
        made = connection.exec_driver_sql("SELECT pg_get_indexdef('ix_toy_parts'::regclass)").scalar_one()
    assert made.endswith('USING gin (word COLLATE "C" gin_trgm_ops)')
    step(toys, lambda: online.drop_part_index("ix_toy_parts", "toy"))
    with toys.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA apart")
        connection.exec_driver_sql("ALTER EXTENSION pg_trgm SET SCHEMA apart")
    try:
        step(toys, make)
    finally:
        with toys.begin() as connection:
            connection.exec_driver_sql("ALTER EXTENSION pg_trgm SET SCHEMA public")
            connection.exec_driver_sql("DROP SCHEMA apart")
    assert sa.inspect(toys).get_indexes("toy") == []
    assert "no index ix_toy_parts" in caplog.text


@pytest.mark.postgres
def test_a_search_of_names_is_answered_by_the_indexes_of_their_parts(empty_postgres):
    with empty_postgres.app_context():
        wanted = {Client: search.clients("mia"), Pet: search.pets("mia")}
        db.session.execute(sa.text("SET LOCAL enable_seqscan = off"))
        for model, condition in wanted.items():
            written = sa.select(model.id).where(condition).compile(db.engine, compile_kwargs={"literal_binds": True})
            plan = " ".join(db.session.connection().exec_driver_sql(f"EXPLAIN {written}").scalars())
            assert [name for name in ("ix_client_parts", "ix_pet_parts") if name not in plan] == [], plan
        db.session.rollback()


@pytest.mark.postgres
def test_a_constraint_holds_for_new_rows_first_and_then_for_all(toys):
    small = lambda: online.add_check("toy", "ck_toy_small", "size < 9")  # noqa: E731 -- said twice
    with pytest.raises(sa.exc.IntegrityError, match="ck_toy_small"):
        step(toys, small)
    with toys.begin() as connection, pytest.raises(sa.exc.IntegrityError, match="ck_toy_small"):
        connection.exec_driver_sql("INSERT INTO toy (size) VALUES (9)")
    with toys.begin() as connection:
        connection.exec_driver_sql("DELETE FROM toy WHERE size = 9")
    step(toys, small)
    with toys.connect() as connection:
        whole = connection.exec_driver_sql("SELECT convalidated FROM pg_constraint WHERE conname = 'ck_toy_small'")
        assert whole.scalar_one() is True


@pytest.mark.postgres
def test_a_backfill_goes_piece_by_piece_and_on_where_it_was(toys, monkeypatch):
    monkeypatch.setattr(online, "ROWS_AT_ONCE", 1000)
    sent = []
    event.listen(toys, "commit", lambda _c: sent.append("commit"))
    event.listen(toys, "before_cursor_execute", lambda _c, _u, statement, *_r: sent.append(statement.split()[0]))
    with toys.begin() as connection:
        connection.exec_driver_sql("UPDATE toy SET word = 'done' WHERE id <= 1500")
    sent.clear()
    found = []
    step(toys, lambda: found.append(online.backfill("toy", "word = 'done'", "word IS NULL")))
    assert (found, sent.count("UPDATE")) == ([3500], 5)
    with toys.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM toy WHERE word = 'done'").scalar() == 5000
