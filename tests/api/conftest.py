"""What the tests of the API share: it is on, and `api(staff)` is a program with that person's token."""

import itertools
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import Staff
from tests import connection_factories as make
from tests.databases import Http

_numbers = itertools.count(10_000)


class Program:
    """Calls the API with one token; bodies and answers are JSON."""

    def __init__(self, browser: FlaskClient, secret: str) -> None:
        self.browser, self.secret = browser, secret

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.secret}", **more.pop("headers", {})}
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            more["data"] = body if isinstance(body, str) else json.dumps(body)
        return self.browser.open(f"/api/v1{path}", method=method, headers=headers, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> TestResponse:
        return self.call("POST", path, body, **more)

    def patch(self, path: str, body: Any, **more: Any) -> TestResponse:
        return self.call("PATCH", path, body, **more)


@pytest.fixture
def on(app, cast):
    """The API is on; Alice, Bob and the others are there."""
    make.switch_on()
    return cast


@pytest.fixture
def program(app, on):
    """`program(olivia)` or `program(sam, scopes=["visits:read"])`."""

    def begin(staff: Staff, **more: Any) -> Program:
        number = next(_numbers)
        made = make.api_token(staff, number=number, **more)
        started = Program(Http(app, app.response_class, use_cookies=False), make.secret_of(number))
        started.token = made
        return started

    return begin


@pytest.fixture
def office(program, on):
    """The owner's program, which may do everything."""
    return program(on.olivia)
