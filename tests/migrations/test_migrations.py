"""The migrations make what models.py says, on both databases, and lose nothing on the way down and up again."""

import os

import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from foundation.db import Base, db
from migrations.ours import include_name
from tests import cast as cast_
from tests import databases
from tests.factories import FACTORIES
from tests.plugins.needs import find_postgres


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def upgraded_app(request, tmp_path_factory, worker_id):
    """The app over a database of these tests' own, upgraded from nothing; each test leaves it at the newest step."""
    folder = tmp_path_factory.mktemp("migrations")
    if request.param == "sqlite":
        app = databases.make_app(f"sqlite:///{folder / 'new.db'}", folder)
        yield app
        with app.app_context():
            db.engine.dispose()
        return
    server, name = find_postgres(), f"latchkey_migrations_{worker_id}_{os.getpid()}"
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    app = databases.make_app(server.set(database=name).render_as_string(hide_password=False), folder)
    yield app
    with app.app_context():
        db.engine.dispose()
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_app(upgraded_app):
    """That app in an app context, without rows."""
    databases.empty(upgraded_app)
    with upgraded_app.app_context():
        yield upgraded_app
        db.session.remove()


def differences():
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": include_name})
        return compare_metadata(context, Base.metadata)


def guards():
    """Check constraints and the conditions of partial indexes: what Alembic's comparison does not look at."""
    seen = sa.inspect(db.engine)
    checks = {c["name"] for t in Base.metadata.tables for c in seen.get_check_constraints(t)}
    conditions = {
        i["name"] for t in Base.metadata.tables for i in seen.get_indexes(t)
        if any(k.endswith("_where") for k in i.get("dialect_options", {}))
    }  # fmt: skip
    return checks, conditions


def expected_guards():
    tables = Base.metadata.tables.values()
    checks = {str(sa.schema.conv(c.name)) for t in tables for c in t.constraints if isinstance(c, sa.CheckConstraint)}
    conditions = {i.name for t in tables for i in t.indexes if i.dialect_options["sqlite"]["where"] is not None}
    return {str(name) for name in checks}, conditions


def broken_foreign_keys():
    if db.engine.dialect.name != "sqlite":
        return []
    with db.engine.connect() as connection:
        return connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()


def shape():
    """Every table that is there, with its columns."""
    seen = sa.inspect(db.engine)
    return {
        t.name: {c["name"] for c in seen.get_columns(t.name)}
        for t in Base.metadata.sorted_tables
        if seen.has_table(t.name)
    }


def contents(of):
    """Every row of the tables and columns of that shape."""
    with db.engine.connect() as connection:
        return {
            name: sorted(
                map(repr, connection.execute(sa.select(*[Base.metadata.tables[name].c[c] for c in sorted(columns)])))
            )
            for name, columns in of.items()
        }


def fill():
    cast_.make_cast()
    for kind, factory in FACTORIES.items():
        if kind.__name__ != "Counter":
            factory()
    db.session.commit()
    db.session.remove()


def revisions():
    config = flask_migrate.current_app.extensions["migrate"].migrate.get_config()
    return [r.revision for r in ScriptDirectory.from_config(config).walk_revisions()]


def test_upgrade_of_an_empty_database_makes_what_models_say(empty_app):
    assert differences() == []
    assert guards() == expected_guards()


def test_downgrade_to_nothing_and_up_again_makes_the_same(empty_app):
    flask_migrate.downgrade(revision="base")
    assert sa.inspect(db.engine).get_table_names() == ["alembic_version"]
    flask_migrate.upgrade()
    assert (differences(), guards()) == ([], expected_guards())


def test_each_step_down_and_up_again_keeps_what_both_sides_know(empty_app):
    """A table or column that a step brought goes with it; every other row comes back as it was.

    Each step is taken down, up and down again, so that the one below it begins with the rows that it knows itself.
    """
    fill()
    above, full = shape(), contents(shape())
    assert all(full[kind.__tablename__] for kind in FACTORIES)
    newest, *older = revisions()
    for upper, revision in zip([newest, *older], older, strict=False):
        flask_migrate.downgrade(revision=revision)
        known = shape()
        below = contents(known)
        whole = {name for name in known if above[name] == known[name]}
        assert {name: below[name] for name in whole} == {name: full[name] for name in whole}
        assert broken_foreign_keys() == []
        flask_migrate.upgrade(revision=upper)
        assert (shape(), contents(known), broken_foreign_keys()) == (above, below, [])
        if upper == newest:
            assert (differences(), guards()) == ([], expected_guards())
        flask_migrate.downgrade(revision=revision)
        assert contents(known) == below
        above, full = known, below
    flask_migrate.upgrade()
    # All the way up: the rows of the first tables, and nothing that the ways down left behind.
    assert (contents(above), broken_foreign_keys(), differences(), guards()) == (full, [], [], expected_guards())


def test_history_has_one_beginning_and_one_end(empty_app):
    config = flask_migrate.current_app.extensions["migrate"].migrate.get_config()
    scripts = ScriptDirectory.from_config(config)
    assert (len(scripts.get_bases()), len(scripts.get_heads())) == (1, 1)


def test_foreign_keys_are_on_again_after_an_upgrade(empty_app):
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    with pytest.raises(sa.exc.IntegrityError):
        db.session.execute(sa.text("INSERT INTO client_contact (client_id, name, relation, receives_copies, is_emergency) VALUES (99, 'x', '', false, false)"))  # fmt: skip
        db.session.commit()
    db.session.rollback()
