"""What some tests need from the machine: a Chromium, a PostgreSQL server, a Redis, the keys of a payment sandbox.

A test marked `browser`, `postgres`, `own_postgres`, `redis`, `pgbouncer`, `proxies` or `sandbox` is skipped where its need is not met, so that
everyone can run the rest. Where REQUIRE_BROWSER=1, REQUIRE_POSTGRES=1 or REQUIRE_REDIS=1 is set, as in CI, it fails
instead: nothing goes untested unnoticed.
"""

import os
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import own_pgbouncer, own_proxies, own_servers

#: the one without windows of its own first: it does the same with a third less of the machine
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DEFAULT_SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"


@cache
def find_chromium() -> str | None:
    """Where a Chromium is: CHROMIUM if set, else the first on the PATH, else the one Playwright fetched."""
    if given := os.environ.get("CHROMIUM"):
        return given
    for name in CHROMIUMS:
        if found := shutil.which(name):
            return found
    fetched = Path("~/.cache/ms-playwright").expanduser().glob("chromium-*/chrome-linux*/chrome")
    return next((str(path) for path in sorted(fetched, reverse=True)), None)


@cache
def find_postgres() -> sa.URL | None:
    """The server of TEST_POSTGRES_URL, if it answers."""
    url = sa.make_url(os.environ.get("TEST_POSTGRES_URL") or DEFAULT_SERVER)
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": 3})
    try:
        with engine.connect():
            return url
    except sa.exc.OperationalError:
        return None


def find_sandbox() -> list[str] | None:
    """Merchant id, public and private key of a Braintree sandbox, if all three are given."""
    given = [os.environ.get(f"BRAINTREE_SANDBOX_{name}", "") for name in ("MERCHANT_ID", "PUBLIC_KEY", "PRIVATE_KEY")]
    return given if all(given) else None


NEEDS = {
    "browser": (find_chromium, "a Chromium: install one, or name it in CHROMIUM"),
    "postgres": (find_postgres, "a PostgreSQL server: start one, or name it in TEST_POSTGRES_URL"),
    "own_postgres": (own_servers.find_programs, "PostgreSQL's programs: install postgresql"),
    "redis": (own_servers.find_redis, "a Redis server's program: install redis-server"),
    "pgbouncer": (own_pgbouncer.find_pgbouncer, "PgBouncer: install pgbouncer"),
    "proxies": (own_proxies.find_proxies, "Caddy and nginx: install caddy and nginx-light"),
    "sandbox": (
        find_sandbox,
        "the keys of a Braintree sandbox in BRAINTREE_SANDBOX_MERCHANT_ID, _PUBLIC_KEY, _PRIVATE_KEY",
    ),
}


def pytest_runtest_setup(item: pytest.Item) -> None:
    for name, (find, what) in NEEDS.items():
        if item.get_closest_marker(name) is not None and find() is None:
            if os.environ.get(f"REQUIRE_{name.removeprefix('own_').upper()}") == "1":
                pytest.fail(f"This test needs {what}.", pytrace=False)
            pytest.skip(f"needs {what}")


@pytest.fixture
def sandbox_keys(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of the sandbox, for tests marked `sandbox`; the only tests that may talk to another machine."""
    keys = find_sandbox()
    assert keys is not None, "mark the test with @pytest.mark.sandbox"
    monkeypatch.setenv("TESTS_MAY_LEAVE", "1")
    return keys


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium, for tests marked `browser`."""
    path = find_chromium()
    assert path is not None, "mark the test with @pytest.mark.browser"
    return path


@pytest.fixture(scope="session")
def postgres_url(worker_id: str) -> Iterator[str]:
    """The URL of an empty database of this test process's own, for tests marked `postgres`; dropped at the end."""
    server = find_postgres()
    assert server is not None, "mark the test with @pytest.mark.postgres"
    name = f"latchkey_test_{worker_id}_{os.getpid()}"
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
