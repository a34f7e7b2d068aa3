"""What all tests share: both databases, a stopped clock, browsers, the outbox; and nothing reaches the outside."""

import datetime as dt
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis
import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from application.tasks import turns
from foundation import clock, money
from foundation.db import db
from gateways import choose
from gateways.braintree_gateway import BraintreeGateway
from gateways.demo import DemoGateway
from models import Client, OutboxMail, Realm, Staff
from tests import cast as cast_
from tests import databases, factories, sessions, snapshots
from translations import texts
from workflows import access, mail_facts, paces
from workflows.mail_facts import MailKind

pytest_plugins = ["tests.plugins.rows", "tests.own_servers", "tests.plugins.needs", "tests.plugins.order"]

#: Monday morning at the business
ZONE = "America/New_York"
NOW = dt.datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo(ZONE))

# Whoever asks the machine's own zone gets a wrong answer here too, not only on the customer's server.
os.environ["TZ"] = "Pacific/Auckland"
time.tzset()
for name in (
    *(name for name in os.environ if name.startswith("BRAINTREE_") and not name.startswith("BRAINTREE_SANDBOX_")),
    "DATABASE_URL",
    "DATA_DIR",
    "FIELD_KEYS",
    "GATEWAY_PORT",
    "LATCHKEY_ENV",
    "MAIL_SERVER",
    "PUBLIC_URL",
    "QUEUE_URL",
    "SECRET_KEY",
    "TESTS_MAY_LEAVE",
):
    os.environ.pop(name, None)

# The least that werkzeug lets scrypt run with.
access._METHOD = "scrypt:128:8:1"
# On a busy machine the work of a test would give way by the clock; those that look at turns set their own.
turns.TURN_SECONDS = 3600

hypothesis.settings.register_profile(
    "dev", max_examples=25, deadline=None, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture]
)
hypothesis.settings.register_profile(
    "ci", parent=hypothesis.settings.get_profile("dev"), max_examples=100, derandomize=True
)
# What `make deep` runs: new histories each time, thousands of them; what fails is kept in .hypothesis and printed.
hypothesis.settings.register_profile(
    "deep",
    parent=hypothesis.settings.get_profile("dev"),
    max_examples=int(os.environ.get("DEEP_EXAMPLES") or 20_000),
    print_blob=True,
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


def _only_to_this_machine(event: str, details: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(details[1], tuple):
        host = str(details[1][0])
        outside = not host.startswith("127.") and host not in {"::1", "localhost"}
        if outside and "TESTS_MAY_LEAVE" not in os.environ:
            raise RuntimeError(f"a test wants to talk to {host}")


sys.addaudithook(_only_to_this_machine)


def pytest_sessionstart() -> None:
    # `make test` has done it; whoever calls pytest alone may have edited a catalogue.
    texts.compile_stale()


# What is loaded and collected stays to the end: until then nobody looks for garbage.
gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    _keep_to_the_end()
    # What tests leave is small, and a look through everything takes as long as a page: seldom, then.
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


def _keep_to_the_end() -> None:
    """What is there now stays: no collection of garbage needs to walk through 15,000 tests and the app again."""
    gc.collect()
    gc.freeze()


# ----------------------------------------------------------------------------------------------------------- clock


@pytest.fixture(autouse=True)
def _stopped_clock() -> Iterator[time_machine.Traveller]:
    """Every test begins on Monday 23 November 2026, 10:00 in New York, and time stands still."""
    clock.use_zone(ZONE)
    money.use_currency("USD")
    with time_machine.travel(NOW.astimezone(dt.UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def clock_at(_stopped_clock: time_machine.Traveller) -> Callable[..., dt.datetime]:
    """`clock_at("2026-11-26 18:00")` sets the moment, on the business's clock unless `zone` or an offset says otherwise."""

    def set_to(moment: str | dt.datetime, *, zone: str = ZONE, fold: int = 0) -> dt.datetime:
        at = dt.datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        if at.tzinfo is None:
            at = at.replace(tzinfo=ZoneInfo(zone), fold=fold)
        at = at.astimezone(dt.UTC)
        _stopped_clock.move_to(at)
        return at

    return set_to


@pytest.fixture(autouse=True)
def _nobody_was_fast() -> None:
    """What the process has counted of the people of the test before is forgotten."""
    paces.forget()


# ------------------------------------------------------------------------------------------------------- databases


@pytest.fixture(scope="session")
def sqlite_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder: Path = tmp_path_factory.mktemp("sqlite")
    app = databases.make_app(f"sqlite:///{folder / 'latchkey.db'}", folder)
    _keep_to_the_end()
    return app


@pytest.fixture(scope="session")
def postgresql_app(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    app = databases.make_app(postgres_url, tmp_path_factory.mktemp("postgresql"))
    sweeper = databases.use_sweeper(app)
    _keep_to_the_end()
    yield app
    if sweeper is not None:
        sweeper.dispose()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The app over an empty database, in an app context; each test runs once for each database."""
    app: Flask = request.getfixturevalue(f"{request.param}_app")
    databases.empty(app)
    databases.take_the_process(app)
    with app.app_context():
        yield app
        db.session.rollback()


@pytest.fixture
def db_session(app: Flask) -> Any:
    """The test's own session."""
    return db.session


@pytest.fixture
def cast(app: Flask) -> cast_.Cast:
    """Alice, Bob, Sam, Sita, Olivia and Max, committed."""
    return snapshots.cast(app)


@pytest.fixture
def together(app: Flask) -> Callable[..., list[object]]:
    """`together(f, g)` does both at the same moment in threads of their own; see `tests.databases.together`."""
    return lambda *doings: databases.together(app, *doings)


@pytest.fixture
def elsewhere(app: Flask) -> Callable[..., list[object]]:
    """`elsewhere(f)` does it in another session, while this test's own keeps what it has loaded."""
    return lambda *doings: databases.elsewhere(app, *doings)


# --------------------------------------------------------------------------------------------------------- gateway


@pytest.fixture
def gateway(app: Flask) -> Iterator[BraintreeGateway]:
    """The app's payment gateway for this test: fresh, in memory. `gateway.simulator.fault(…)` spoils its answers."""
    usual = app.extensions["gateway"]
    app.extensions["gateway"] = fresh = choose.over(DemoGateway())
    yield fresh
    app.extensions["gateway"] = usual


# ---------------------------------------------------------------------------------------------------------- outbox


class Outbox:
    """The mails that are queued or sent, oldest first."""

    def mails(self, kind: MailKind | None = None, *, to: str | None = None) -> list[OutboxMail]:
        query = sa.select(OutboxMail).order_by(OutboxMail.id)
        if kind is not None:
            query = query.where(OutboxMail.kind == kind.value)
        if to is not None:
            query = query.where(OutboxMail.to_address == to)
        return list(db.session.scalars(query))

    def kinds(self) -> list[str]:
        return [mail.kind for mail in self.mails()]

    def one(self, kind: MailKind | None = None, *, to: str | None = None) -> OutboxMail:
        (mail,) = self.mails(kind, to=to)
        return mail

    def facts(self, kind: MailKind | None = None, *, to: str | None = None) -> Any:
        """The facts of the one such mail, as their dataclass."""
        mail = self.one(kind, to=to)
        return mail_facts.from_json(MailKind(mail.kind), mail.facts)

    def clear(self) -> None:
        db.session.execute(sa.delete(OutboxMail))

    def __len__(self) -> int:
        return len(self.mails())


@pytest.fixture
def outbox(app: Flask) -> Outbox:
    return Outbox()


# -------------------------------------------------------------------------------------------------------- browsers


@pytest.fixture
def http(app: Flask) -> Callable[[], databases.Http]:
    """`http()` is a fresh browser; see `tests.databases.Http`."""
    return lambda: databases.Http(app, app.response_class, use_cookies=True)


def _put_cookie(browser: databases.Http, realm: Realm, token: str) -> None:
    browser.set_cookie(*sessions.cookie(browser.application, realm, token))


@pytest.fixture
def sign_in_as_staff(app: Flask) -> Callable[[databases.Http, Staff], databases.Http]:
    """`sign_in_as_staff(browser, olivia)`; a log-in is made if there is none."""

    def sign_in(browser: databases.Http, staff: Staff) -> databases.Http:
        login = staff.login or factories.staff_login(staff)
        browser.set_cookie(*sessions.begin(app, login))
        return browser

    return sign_in


@pytest.fixture
def sign_in_as_client(app: Flask) -> Callable[[databases.Http, Client], databases.Http]:
    """`sign_in_as_client(browser, alice)`; a log-in is made if there is none."""

    def sign_in(browser: databases.Http, client: Client) -> databases.Http:
        login = min(client.logins, key=lambda login: login.id, default=None) or factories.client_login(client)
        browser.set_cookie(*sessions.begin(app, login))
        return browser

    return sign_in
