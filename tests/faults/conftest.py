"""A gateway on the other end of a real socket, in this test's own mode."""

from collections.abc import Iterator

import pytest

from gateways.braintree_gateway import BraintreeGateway
from gateways.demo import DemoGateway
from tests import money_world
from workflows.billing import modes


@pytest.fixture
def line(app) -> Iterator[BraintreeGateway]:
    """The gateway over a socket; `line.simulator.fault(…)` spoils its answers."""
    before = modes.current()
    with money_world.over_a_socket(DemoGateway()) as gateway:
        modes.use(gateway.mode())
        yield gateway
    modes.use(before.value if before else "off")
