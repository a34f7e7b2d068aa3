"""Behind a real PgBouncer in transaction mode: pages, writing, tasks that go alone, with fewer connections than users."""

import contextlib
import threading

import pytest
import sqlalchemy as sa

from application import create_app
from foundation.alone import alone
from foundation.db import db
from foundation.pooling import Limits
from models import Client
from tests import cast as cast_
from tests import databases, factories
from tests.own_pgbouncer import OwnPgBouncer
from tests.own_servers import OwnPostgres
from tests.sessions import begin
from workflows import settings

PATHS = ("/portal/", "/portal/request", "/portal/schedule", "/portal/account", "/readyz")
pytestmark = [pytest.mark.own_postgres, pytest.mark.pgbouncer]


@pytest.fixture(scope="module")
def bouncer(tmp_path_factory):
    """PgBouncer, and the app behind it over tables that were made on the server itself."""
    with OwnPostgres() as server, contextlib.ExitStack() as stack:
        direct = databases.make_app(server.new_database("shop"), tmp_path_factory.mktemp("direct"))
        with direct.app_context():
            db.engine.dispose()
        bouncer = stack.enter_context(OwnPgBouncer(server))
        app = create_app(
            {
                "SQLALCHEMY_DATABASE_URI": bouncer.url("shop"), "DATA_DIR": str(tmp_path_factory.mktemp("behind")),
                "SECRET_KEY": "x" * 40, "FIELD_KEYS": direct.config["FIELD_KEYS"], "TESTING": True,
                "DATABASE_LIMITS": Limits(statement_seconds=20, lock_seconds=10, by_transaction=True),
            }
        )  # fmt: skip
        yield app
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def behind(bouncer):
    """That app in an app context, empty."""
    with bouncer.app_context():
        db.session.remove()
        with db.engine.begin() as connection:
            connection.exec_driver_sql("SELECT empty_all_tables()")
        databases.take_the_process(bouncer)
        settings.forget()
        settings.read()
        db.session.rollback()  # a transaction that is open keeps one of the two connections
        yield bouncer
        db.session.rollback()
        db.session.remove()


def test_people_walk_through_pages_over_two_connections_and_the_limits_hold_in_each_transaction(behind):
    people = cast_.make_cast()
    login = factories.client_login(people.alice)
    db.session.commit()
    name, cookie = begin(behind, login)
    seen, problems = [], []

    def walk():
        browser = behind.test_client()
        browser.set_cookie(name, cookie)
        try:
            for path in PATHS * 2:
                seen.append((path, browser.get(path).status_code))  # noqa: PERF401 -- what came before a problem counts
        except Exception as problem:  # noqa: BLE001 -- shown by the test
            problems.append(problem)

    db.session.rollback()
    walkers = [threading.Thread(target=walk) for _ in range(5)]
    for one in walkers:
        one.start()
    for one in walkers:
        one.join(120)
    assert problems == []
    assert len(seen) == 5 * 2 * len(PATHS)
    # The portal's first page leads on to another; the rest is there itself.
    assert {code for path, code in seen if path != "/portal/"} == {200}
    assert {code for path, code in seen if path == "/portal/"} <= {200, 302, 303}
    for _ in range(3):
        limits = sa.text("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        assert db.session.execute(limits).one() == ("20s", "10s")
        db.session.rollback()


def test_two_who_want_the_same_row_take_turns(behind):
    client = factories.client("Carla", "Clark", notes="")
    db.session.commit()
    client_id = client.id

    def add():
        found = db.session.execute(sa.select(Client).where(Client.id == client_id).with_for_update()).scalar_one()
        found.last_name += "x"

    databases.together(behind, *[add] * 2)
    assert db.session.get(Client, client_id).last_name == "Clarkxx"


def test_only_one_goes_alone_and_lets_go_at_the_end(behind):
    with alone("work") as first, alone("work") as second:
        assert (first, second) == (True, False)
    with alone("work") as again:
        assert again is True
