"""M6: the nightly check of the books finds what somebody changed behind the program's back, and says where."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Allocation, Invoice, InvoiceState, Payment, PostingLine
from tests.workflows.billing import bills
from workflows.billing import books

pytestmark = pytest.mark.covers("M6")


def test_each_kind_of_tampering_is_found_and_named(app, cast):
    invoice = bills.issued(cast, lines=[bills.item(40)])
    bills.pay(cast, invoice)
    assert books.check() == []
    ways = {
        "posting": sa.update(PostingLine).values(amount=PostingLine.amount + Decimal(1)),
        "receivable": sa.update(Invoice).values(written_off=Decimal(1)),
        "income": sa.update(Invoice).values(subtotal=Invoice.subtotal + Decimal(1)),
        "tax_payable": sa.update(Invoice).values(tax_total=Invoice.tax_total + Decimal(1)),
        f"invoice {invoice.number} (open)": sa.update(Invoice).values(state=InvoiceState.OPEN),
        "client_credit": sa.update(Payment).values(amount=Payment.amount + Decimal(5)),
        "payment": sa.update(Allocation).values(amount=Allocation.amount + Decimal(1)),
    }
    for named, tampering in ways.items():
        db.session.commit()
        db.session.execute(tampering.execution_options(synchronize_session=False))
        found = books.check()
        assert any(one.what.startswith(named) for one in found), (named, found)
        assert all(f"{one.expected} expected" in str(one) for one in found)
        db.session.rollback()
    assert books.check() == []
    done = app.test_cli_runner().invoke(args=["books", "check"])
    assert (done.exit_code, done.output) == (0, "The books are right.\n")
    db.session.execute(ways["income"])
    db.session.commit()
    done = app.test_cli_runner().invoke(args=["books", "check"])
    assert done.exit_code == 1
    assert "income: " in done.output
    assert "Nothing was changed" in done.output
