"""Short ways to visits, drafts and invoices for the tests of billing."""

import datetime as dt
from decimal import Decimal

from models import Invoice, Payment
from tests import factories as make
from tests import money_factories as make_money
from workflows.billing import allocations, books, drafting, invoicing, ledger
from workflows.billing.drafting import FreeLine

THU, FRI, SAT = (dt.date(2026, 11, day) for day in (26, 27, 28))


def walk(cast, on=THU, *, price=20, **more):
    """Alice's walk with Biscuit by Sam."""
    facts = {"sitter": cast.sam, "pets": [cast.biscuit], "on_date": on, "price": Decimal(price), **more}
    return make.job(cast.alice, cast.walk, **facts)


def drafted(cast, *jobs, lines=(), client=None) -> Invoice:
    """A draft with these visits and free lines."""
    invoice = drafting.draft_for(client or cast.alice, jobs=jobs, actor=cast.as_max)
    for line in lines:
        drafting.add_line(invoice, line, actor=cast.as_max)
    return drafting.fresh_invoice(invoice.id)


def issued(cast, *jobs, lines=(), client=None, **more) -> Invoice:
    """The same, issued without a mail."""
    return invoicing.issue(drafted(cast, *jobs, lines=lines, client=client), actor=cast.as_max, mail=False, **more)


def item(amount, words="Keys cut", **more) -> FreeLine:
    return FreeLine(description=words, unit_price=Decimal(amount), **more)


def pay(cast, invoice, amount=None, *, client=None) -> Payment:
    """Cash, booked and allocated as the office records it; all of the invoice without an amount."""
    money = Decimal(amount) if amount is not None else invoice.payable
    payment = make_money.payment(client or cast.alice, amount=money)
    lines = {_CASH: money, _CREDIT: -money}
    ledger.post("payment.received", subject=payment, client=payment.client, lines=lines)
    allocations.spread(payment, actor=cast.as_max, invoices=[invoice])
    return payment


_CASH, _CREDIT = ledger.Account.CASH, ledger.Account.CLIENT_CREDIT


def right() -> bool:
    """Are the books right? With what differs, if not."""
    found = [str(difference) for difference in books.check()]
    assert found == []
    return True
