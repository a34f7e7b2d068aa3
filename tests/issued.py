"""Issued invoices with their postings, for tests of pages: what `invoicing.issue` leaves behind, without its lines' way there."""

import datetime as dt
from decimal import Decimal
from typing import Any

from foundation import clock
from models import Account, Client, Invoice
from tests import money_factories as money
from workflows.billing import ledger


def invoice(client: Client, total: Decimal | int | str = 40, *, due: int | None = 14, **more: Any) -> Invoice:
    """Open, issued, due in so many days (below zero: overdue), in the books."""
    amount = Decimal(total)
    day = None if due is None else clock.today() + dt.timedelta(days=due)
    made = money.invoice(client, total=amount, **{"due_on": day, **more})
    money.invoice_line(made, amount=amount)
    ledger.post(
        "invoice.issued",
        subject=made,
        client=client,
        lines={Account.RECEIVABLE: amount, Account.INCOME: -amount},
    )
    return made
