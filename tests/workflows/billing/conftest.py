"""Invoices that ask for money, and the gateway as the mode of the process."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from foundation.db import db
from gateways.braintree_gateway import BraintreeGateway
from models import Account, Client, Invoice
from tests import factories, money_factories
from workflows.billing import ledger, modes


@pytest.fixture
def issued(cast) -> Callable[..., Invoice]:
    """`issued(total, client)` is an open invoice of Alice's that stands in the books; committed."""

    def make(total: str | Decimal = "40.00", client: Client | None = None, **more: Any) -> Invoice:
        invoice = money_factories.invoice(client or cast.alice, total=Decimal(total), **more)
        lines = {Account.RECEIVABLE: invoice.total, Account.INCOME: -invoice.total}
        ledger.post("invoice.issued", subject=invoice, client=invoice.client, lines=lines)
        db.session.commit()
        return invoice

    return make


@pytest.fixture
def desk(gateway: BraintreeGateway) -> Iterator[BraintreeGateway]:
    """The built-in gateway of this test, as the one that this process uses."""
    before = modes.current()
    modes.use(gateway.mode())
    yield gateway
    modes.use(before.value if before else "off")


__all__ = ["desk", "factories", "issued"]
