"""The town for these tests, with its people, and real time."""

import contextlib
import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from foundation import clock
from foundation.db import db
from models import Client, Pet
from tests import cast as cast_
from tests import databases, factories
from tests.cast import Cast
from tests.scale.town import Town, Visitor
from workflows import settings

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _stopped_clock() -> Iterator[None]:
    """It runs here: other processes live in real time, so this one does too."""
    yield  # noqa: PT022 -- a fixture of this name yields


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Both web servers and both workers, up and ready; the cast lives there, and nobody is ever deleted."""
    with contextlib.ExitStack() as stack:
        built = Town(tmp_path_factory.mktemp("town"))
        built.build(stack)
        with built.app.app_context():
            settings.forget()
            settings.read()
            built.cast = cast_.make_cast()
            for who in (built.cast.olivia, built.cast.max):
                factories.staff_login(who)
            factories.setting("alerts.mail", value=False)
            factories.setting("changes.auto_approve", value=True)
            db.session.commit()
            db.session.remove()
        for name, port in (("a", built.a), ("b", built.b)):
            built.start_web(name, port)
        for name in ("worker-1", "worker-2"):
            built.start_worker(name)
        built.wait_until_ready(built.a, built.b)
        yield built


@pytest.fixture(autouse=True)
def _here(town: Town) -> Iterator[None]:
    with town.app.app_context():
        databases.take_the_process(town.app)
        settings.forget()
        settings.read()
        yield
        db.session.rollback()
        db.session.remove()


@pytest.fixture
def cast(town: Town) -> Cast:
    """The town's people, looked up anew."""
    old: Cast = town.cast
    return Cast(*[db.session.get(type(one), one.id) for one in vars(old).values()])


@pytest.fixture
def visitor() -> Callable[[], Visitor]:
    """`visitor()`: a browser at an address that no other test uses, so that nobody's tries are counted for it."""
    return lambda: Visitor(f"203.0.113.{next(_numbers)}")


@pytest.fixture
def newcomer(cast: Cast) -> Callable[[], tuple[Client, Pet]]:
    """`newcomer()`: a client of this test's own with a log-in and a dog, committed."""

    def make() -> tuple[Client, Pet]:
        who = factories.client(
            "Nora", f"Nr{next(_numbers)}", email=f"nora{next(_numbers)}@example.com", primary_sitter=cast.sam
        )
        factories.client_login(who)
        pet = factories.pet(who, "Rex")
        db.session.commit()
        return who, pet

    return make


@pytest.fixture
def day() -> dt.date:
    """Far enough away for every limit, and for no mail at once to the sitter."""
    return clock.today() + dt.timedelta(days=20)


@pytest.fixture
def together(town: Town) -> Callable[..., list[Any]]:
    """At the same moment, in threads."""
    return lambda *doings: databases.together(town.app, *doings)
