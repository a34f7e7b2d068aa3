"""P6: payments and refunds, newest first, ten a page, with the portion for each invoice; receipts."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation import clock
from foundation.db import db
from models import PaymentKind, PaymentState, RefundState
from tests import issued
from tests import money_factories as money


def back(days):
    return clock.today() - dt.timedelta(days=days)


@pytest.mark.covers("P6")
def test_each_says_its_day_total_and_the_portion_for_every_invoice(walk, cast):
    one, two = issued.invoice(cast.alice, 40), issued.invoice(cast.alice, 60)
    paid = money.payment(cast.alice, amount=Decimal(75), received_on=back(3), kind=PaymentKind.CARD, shown_as="Visa ···· 1881", tip_amount=Decimal(5))  # fmt: skip
    money.allocation(paid, one, amount=Decimal(40))
    money.allocation(paid, two, amount=Decimal(50))
    money.allocation(paid, two, amount=Decimal(-20))
    bobs = money.payment(cast.bob, amount=Decimal("99.99"), received_on=back(1))
    db.session.commit()
    page = walk(cast.alice).get("/portal/payments")
    assert (
        f"Payment Fri, Nov 20, 2026, Visa ···· 1881 $80.00 USD What it was for Invoice {one.number} $40.00 "
        f"Invoice {two.number} $30.00 Tip $5.00 Credit on your account $5.00 Receipt {paid.number} (PDF)"
    ) in page.text
    assert f"/portal/invoices/{one.public_id}" in page.links()
    assert "99.99" not in page.text
    assert bobs.number not in page.text


@pytest.mark.covers("P6")
def test_refunds_stand_among_them_with_what_they_took_from(walk, cast):
    invoice = issued.invoice(cast.alice, 40)
    paid = money.payment(cast.alice, amount=Decimal(40), received_on=back(9))
    money.allocation(paid, invoice, amount=Decimal(40))
    refund = money.refund(paid, amount=Decimal(15), refunded_on=back(2), number="R-1", sequence=1)
    money.allocation(paid, invoice, amount=Decimal(-15), refund_id=refund.id)
    money.refund(paid, amount=Decimal(7), refunded_on=back(1), state=RefundState.FAILED)
    money.refund(paid, amount=Decimal(3), refunded_on=back(0), state=RefundState.PENDING)
    db.session.commit()
    text = walk(cast.alice).get("/portal/payments").text
    assert f"Refund Sat, Nov 21, 2026, of receipt {paid.number} −$15.00 USD What it was for Invoice {invoice.number} $15.00 Receipt R-1 (PDF)" in text  # fmt: skip
    assert f"Refund On its way Mon, Nov 23, 2026, of receipt {paid.number} −$3.00" in text
    assert f"$40.00 USD What it was for Invoice {invoice.number} $25.00 Went back to you $18.00 Receipt" in text
    assert "$7.00" not in text
    assert text.index("−$3.00") < text.index("−$15.00") < text.index("$25.00")


@pytest.mark.covers("P6")
def test_what_came_back_or_was_a_mistake_is_marked(walk, cast):
    money.payment(cast.alice, kind=PaymentKind.BANK, state=PaymentState.RETURNED, amount=Decimal(1))
    money.payment(cast.alice, state=PaymentState.VOIDED, amount=Decimal(2))
    money.payment(cast.alice, kind=PaymentKind.BANK, amount=Decimal(3))
    money.payment(cast.alice, kind=PaymentKind.BANK, amount=Decimal(4), settled_at=clock.now())
    db.session.commit()
    text = walk(cast.alice).get("/portal/payments").text
    assert "Payment Returned by the bank" in text
    assert "Payment Void" in text
    assert text.count("Not sure yet") == 1


@pytest.mark.covers("P6")
def test_ten_stand_on_a_page_the_newest_first(walk, cast):
    for n in range(23):
        money.payment(cast.alice, amount=Decimal(100 + n), received_on=back(n))
    db.session.commit()
    alice = walk(cast.alice)
    seen, address = [], "/portal/payments"
    for expected in (10, 10, 3):
        page = alice.get(address)
        here = [n for n in range(23) if f"${100 + n}.00" in page.text]
        assert len(here) == expected
        seen += here
        older = [link for link in page.links() if "page=" in link and "Older payments" in page.text]
        address = max(older, key=lambda x: int(x[-1])) if older else address
    assert seen == list(range(23))
    assert "Older payments" not in page.text
    for odd in ("0", "-1", "x", "1e3", "99999999", "٣"):
        assert alice.get(f"/portal/payments?page={odd}").status == 200, odd
    assert "No payments here" in alice.get("/portal/payments?page=7").text


@pytest.mark.covers("P6")
def test_receipts_are_the_clients_own(walk, cast):
    paid = money.payment(cast.alice)
    refund = money.refund(paid, number="R-1", sequence=1)
    open_ = money.refund(paid, state=RefundState.PENDING)
    db.session.commit()
    alice, bob = walk(cast.alice), walk(cast.bob)
    mine = (f"/portal/payments/{paid.public_id}/receipt", f"/portal/payments/refunds/{refund.public_id}/receipt")
    for path in mine:
        answer = alice.browser.get(path)
        assert (answer.status_code, answer.mimetype, answer.data[:5]) == (200, "application/pdf", b"%PDF-"), path
        assert answer.data == alice.browser.get(path).data
        assert bob.browser.get(path).status_code == 404, path
    assert alice.browser.get(f"/portal/payments/refunds/{open_.public_id}/receipt").status_code == 404
    assert alice.browser.get("/portal/payments/AAAAAAAAAAAA/receipt").status_code == 404
