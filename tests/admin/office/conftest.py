"""Olivia and Max in the back office, Alice's request that waits."""

import datetime as dt

import pytest

from foundation.db import db
from tests import factories
from tests.admin.office.walk import Office
from workflows import baskets, sending
from workflows.wanted import Wanted

THURSDAY = factories.DAY
NOON = dt.time(12)


@pytest.fixture
def office(http, cast, sign_in_as_staff) -> Office:
    """Olivia's browser; the whole cast is there."""
    return Office(sign_in_as_staff(http(), cast.olivia))


@pytest.fixture
def manager(http, cast, sign_in_as_staff) -> Office:
    """Max's browser."""
    return Office(sign_in_as_staff(http(), cast.max))


@pytest.fixture
def alices_request(cast):
    """Request 2: Alice asks for a dog walk on Thursday and on Friday at noon, with a note. Sam is her usual sitter."""
    wanted = Wanted(
        cast.walk, [THURSDAY, THURSDAY + dt.timedelta(days=1)], start_time=NOON, pets=[cast.biscuit],
        note="The gate sticks, lift it.",
    )  # fmt: skip
    baskets.add(cast.alice, wanted, actor=cast.as_alice)
    request = sending.submit(cast.alice, actor=cast.as_alice).request
    db.session.commit()
    return request


@pytest.fixture
def batch_url(cast) -> str:
    """Where Alice's requests are processed."""
    return f"/admin/job-requests/{cast.alice.id}/"
