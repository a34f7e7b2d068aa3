"""P1: the account summary, the first page of the portal."""

import datetime as dt
import gzip
import re
from decimal import Decimal

import pytest

from foundation import clock
from foundation.db import db
from models import Account, AttemptState, InvoiceKind, InvoiceState, NoteKind
from tests import issued, money_factories
from tests.databases import statements
from ui_kit.static_files import SHORT, STATIC
from workflows.billing import ledger


@pytest.mark.covers("P1")
def test_it_is_the_first_page_with_each_invoice_and_all_its_figures(walk, cast):
    late = issued.invoice(cast.alice, 100, due=-3)
    paid_in_part = money_factories.payment(cast.alice, amount=Decimal(30))
    money_factories.allocation(paid_in_part, late, amount=Decimal(30))
    today = issued.invoice(cast.alice, 40, due=0)
    later = issued.invoice(cast.alice, 25, due=10)
    bobs = issued.invoice(cast.bob, 77, due=0)
    db.session.commit()
    page = walk(cast.alice).get("/portal/")
    assert page.path == "/portal/account"
    due, not_yet = page.text.split("Payments not yet due")
    assert f"{late.number} Overdue Nov 23, 2026 Nov 20, 2026 $100.00 $30.00 $70.00 Pay" in due
    assert f"{today.number} Nov 23, 2026 Nov 23, 2026 $40.00 $0.00 $40.00 Pay" in due
    assert f"{later.number} Nov 23, 2026 Dec 3, 2026 $25.00 $0.00 $25.00 Pay" in not_yet
    assert later.number not in due.split("To pay Pay this one")[1]
    assert "To pay now $110.00 Not yet due $25.00 You owe in all $135.00" in page.text
    assert bobs.number not in page.text
    assert {f"/portal/pay?invoice={i.public_id}" for i in (late, today, later)} <= page.links()
    assert "nothing to pay" not in page.text


@pytest.mark.covers("P1")
def test_the_date_is_when_it_was_last_sent(walk, cast):
    again = issued.invoice(cast.alice, due=3, sent_at=clock.now() + dt.timedelta(days=2))
    db.session.commit()
    assert f"{again.number} Nov 25, 2026 Nov 26, 2026" in walk(cast.alice).get("/portal/account").text


@pytest.mark.covers("P1")
def test_with_nothing_to_pay_it_says_so_with_zeros(walk, cast):
    issued.invoice(cast.alice, state=InvoiceState.VOID)
    issued.invoice(cast.bob, 50)
    money_factories.invoice(cast.alice, state=InvoiceState.DRAFT, total=Decimal(99))
    db.session.commit()
    text = walk(cast.alice).get("/portal/account").text
    assert "You have nothing to pay" in text
    assert "To pay now $0.00 You owe in all $0.00" in text
    assert "99.00" not in text


@pytest.mark.covers("P1")
def test_credit_deposits_and_pending_notes_stand_beside_it(walk, cast):
    invoice = issued.invoice(cast.alice, 20, due=0)
    money_factories.credit_note(invoice, total=Decimal(7))
    money_factories.credit_note(invoice, kind=NoteKind.DEBIT, total=Decimal(3))
    payment = money_factories.payment(cast.alice, amount=Decimal(50))
    ledger.post("payment.received", subject=payment, client=cast.alice, lines={Account.CASH: Decimal(50), Account.CLIENT_CREDIT: Decimal(-50)})  # fmt: skip
    ledger.post("deposit.given", subject=payment, client=cast.alice, lines={Account.DEPOSITS_BILLED: Decimal(15), Account.DEPOSITS_HELD: Decimal(-15)})  # fmt: skip
    db.session.commit()
    text = walk(cast.alice).get("/portal/account").text
    assert "Your credit with us $50.00 Your deposits $15.00" in text
    assert "Your account is in credit: $30.00." in text
    assert "Pending credit: $7.00." in text
    assert "Pending change: $3.00 will be added" in text
    bobs = walk(cast.bob).get("/portal/account").text
    assert "credit" not in bobs
    assert "Pending" not in bobs


@pytest.mark.covers("P1")
def test_the_office_writes_what_stands_above_and_below(walk, cast, change_settings):
    change_settings({"portal.account_above": "Pay by Friday.\n<b>Thanks</b>", "portal.account_below": "IBAN GB00 0000"})
    page = walk(cast.alice).get("/portal/account")
    above, below = page.text.index("Pay by Friday. <b>Thanks</b>"), page.text.index("IBAN GB00 0000")
    assert above < page.text.index("You have nothing to pay") < below
    assert "<b>Thanks" not in page.html


@pytest.mark.covers("P1", "P2")
def test_a_payment_that_is_being_confirmed_locks_its_invoice(walk, cast):
    invoice, other = issued.invoice(cast.alice, 40, due=0), issued.invoice(cast.alice, 8, due=0)
    attempt = money_factories.payment_attempt(cast.alice, amount=Decimal(40), state=AttemptState.UNKNOWN)
    money_factories.attempt_target(attempt, invoice, amount=Decimal(40))
    db.session.commit()
    page = walk(cast.alice).get("/portal/account")
    assert "A payment of $40.00 is being confirmed. Please do not pay again." in page.text
    assert f"{invoice.number} Being confirmed" in page.text
    assert f"/portal/pay?invoice={invoice.public_id}" not in page.links()
    assert f"/portal/pay?invoice={other.public_id}" in page.links()
    assert page.form("/portal/pay").choices["invoice"] == [other.public_id]


@pytest.mark.covers("P1")
def test_a_deposit_says_that_it_is_one(walk, cast):
    deposit = issued.invoice(cast.alice, kind=InvoiceKind.DEPOSIT, due=0)
    db.session.commit()
    assert f"{deposit.number} Deposit" in walk(cast.alice).get("/portal/account").text


def test_without_paying_online_it_shows_the_same_without_buttons(walk, cast, change_settings):
    invoice = issued.invoice(cast.alice, due=0)
    cast.alice.pays_online = False
    db.session.commit()
    page = walk(cast.alice).get("/portal/account")
    assert invoice.number in page.text
    assert not [link for link in page.links() if link.startswith("/portal/pay?")]
    assert "/portal/settings/cards" not in page.links()


def test_a_thousand_invoices_cost_as_many_queries_as_one(walk, cast):
    first = money_factories.payment(cast.alice, amount=Decimal(10))
    money_factories.allocation(first, issued.invoice(cast.alice, due=0), amount=Decimal(5))
    money_factories.refund(first, amount=Decimal(5))
    db.session.commit()
    alice = walk(cast.alice)
    paths = ("/portal/account", "/portal/invoices", "/portal/payments", "/portal/pay?what=due")

    def costs():
        found = {}
        for path in paths:
            with statements() as sql:
                assert alice.browser.get(path).status_code == 200
            found[path] = len(sql)
        return found

    few = costs()
    assert max(few.values()) <= 8, few
    for n in range(1000):
        invoice = issued.invoice(cast.alice, 10, due=n % 90 - 45, state=InvoiceState.OPEN if n % 5 == 0 else InvoiceState.PAID)  # fmt: skip
        if n % 5:
            money_factories.allocation(
                money_factories.payment(cast.alice, amount=Decimal(10)), invoice, amount=Decimal(10)
            )
    db.session.commit()
    many = costs()
    # The sums of all that is not on the page any more cost one.
    assert {p: n for p, n in many.items() if n > few[p]} == {"/portal/account": few["/portal/account"] + 1}
    page = alice.get("/portal/account")
    assert "You owe in all $2,035.00" in page.text
    assert "There are more invoices than stand here." in page.text
    assert page.html.count("<tr>") <= 203


def test_a_first_visit_stays_below_80_kilobytes_and_only_pay_pages_load_the_card_form(walk, cast):
    for n in range(12):
        issued.invoice(cast.alice, 20 + n, due=n - 6)
    db.session.commit()
    alice = walk(cast.alice)
    page = alice.get("/portal/account")
    names = {n.split("#")[0] for n in re.findall(r'/static/[^/"]+/([^"]+)', page.html)} - {
        "icon-180.png",
        "favicon.svg",
    }
    assert not [n for n in names if "pay.js" in n or "braintree" in n]
    weight = len(gzip.compress(page.html.encode()))
    for name in names:
        file = STATIC / {short: whole for whole, short in SHORT.items()}.get(name, name)
        zipped = file.with_name(f"{file.name}.gz")
        weight += len(zipped.read_bytes() if zipped.exists() else gzip.compress(file.read_bytes()) if file.suffix != ".woff2" else file.read_bytes())  # fmt: skip
    assert 50_000 < weight < 80 * 1024, weight
    assert "pay.js" in alice.get("/portal/pay?what=due").html
