"""What needs attention, and the gateway's own page: what stands there, what can be decided, and who may."""

import datetime as dt
import itertools
import secrets
from decimal import Decimal

import pytest

from foundation.db import db
from gateways.payments import SaleOrder
from models import (
    AttemptState,
    CreditNote,
    EventState,
    FindingKind,
    GatewayEvent,
    GatewayFinding,
    GatewayMode,
    Payment,
    PaymentState,
    RefundState,
    RefundTo,
)
from tests import money_factories as money
from workflows.billing import attention, books, methods, paying, sums
from workflows.errors import WrongState

VISA = "fake-valid-visa-nonce"
_CENTS = (Decimal(n).scaleb(-2) for n in itertools.count(1))


@pytest.fixture
def gateway(app):
    """The demo gateway that the app talks to."""
    return app.extensions["gateway"]


@pytest.fixture
def orphan(app, cast, gateway):
    """A charge of 12.00 that the gateway took and the books do not know."""
    # The gateway keeps what earlier tests did: another amount is no duplicate to it.
    amount = Decimal(12) + next(_CENTS)
    sale = gateway.sale(SaleOrder(order_id=f"e{secrets.token_hex(8)}", amount=amount, currency="USD", nonce=VISA))
    found = money.gateway_finding(
        kind=FindingKind.ORPHAN,
        gateway_transaction_id=sale.transaction.id,
        facts={"amount": str(amount), "currency": "USD"},
    )
    db.session.commit()
    return found


def test_nothing_waits_at_first(office):
    assert "All is well" in office.open("/admin/attention/").text
    assert "needs attention" not in office.open("/admin/").text


@pytest.mark.covers("M4")
def test_everything_that_waits_stands_there_and_on_home(office, cast):
    paid = money.payment(cast.alice)
    money.dispute(paid, reply_by=paid.received_on, reason="fraud", opened_at=paid.created_at.replace(year=2024))
    money.gateway_event(state=EventState.UNMATCHED, kind="disbursement")
    money.gateway_finding(gateway_transaction_id="abc123")
    money.refund(paid, state=RefundState.FAILED, message="The card is closed.")
    attempt = money.payment_attempt(cast.bob, state="unknown", created_at=paid.created_at.replace(year=2025))
    money.attempt_target(attempt)
    db.session.commit()
    text = office.open("/admin/attention/").text
    for words in (
        "Alice Archer disputes $40.00",
        "Nov 23, 2026",
        "disbursement",
        "abc123",
        "The card is closed.",
        "Bob Baker",
    ):
        assert words in text, words
    assert "4 payments need attention" in office.open("/admin/").text
    assert "2024" in office.open(f"/admin/payment/{paid.id}/").text, "since when it is disputed"


@pytest.mark.covers("M4")
def test_messages_and_findings_are_dismissed_with_a_reason_and_once(office, cast):
    event = money.gateway_event(state=EventState.UNMATCHED)
    finding = money.gateway_finding()
    db.session.commit()
    for url, kind in (
        (f"/messages/{event.id}/dismissal", GatewayEvent),
        (f"/findings/{finding.id}/dismissal", GatewayFinding),
    ):
        office.open("/admin/attention/")
        form = office.form(url)
        assert "Say why" in office.done(office.send(form, reason="  "))
        assert "Dismissed" in office.done(office.send(form, reason="Another shop of ours"))
        office.done(office.send(form, reason="Again"))
        assert office.newest(kind) is not None
    assert (office.newest(GatewayEvent).state, office.newest(GatewayEvent).remark) == (
        EventState.DISMISSED,
        "Another shop of ours",
    )
    assert office.newest(GatewayFinding).dismissed_by_id == cast.olivia.id
    done = money.gateway_event(state=EventState.DONE)
    db.session.commit()
    assert office.post(f"/admin/attention/messages/{done.id}/dismissal", reason="x").status_code == 303
    assert office.newest(GatewayEvent).state is EventState.DONE


@pytest.mark.covers("M4", "M5")
def test_what_another_gateway_left_unclear_is_settled_by_hand(office, cast):
    live = {
        "mode": GatewayMode.PRODUCTION,
        "state": AttemptState.UNKNOWN,
        "created_at": dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
    }
    charged, not_charged = (money.payment_attempt(c, **live) for c in (cast.alice, cast.bob))
    db.session.commit()
    text = office.open("/admin/attention/").text
    for words in ("Made with another gateway", "Gateway: Live, order", "control panel of the gateway that made it"):
        assert words in text, words
    assert "It is asked each minute" not in text
    url = "/admin/attention/charges/{}/outcome"
    assert "Enter the number of the charge" in office.done(
        office.post(url.format(charged.id), reason="Seen", charged="yes")
    )
    assert "Booked as a payment." in office.done(office.post(url.format(charged.id), reason="Seen", charged="yes", transaction="tx55"))  # fmt: skip
    assert "can be paid again" in office.done(office.post(url.format(not_charged.id), reason="Not there", charged="no"))
    assert office.newest(Payment).gateway_transaction_id == "tx55"
    assert "All is well" in office.open("/admin/attention/").text
    assert books.check() == []


@pytest.mark.covers("M4")
def test_an_orphan_becomes_a_payment_of_the_client_that_the_office_names(office, cast, walks, orphan):
    invoice = office.issued(cast.alice)
    text = office.open(f"/admin/attention/findings/{orphan.id}/booking").text
    assert "For whom?" in text
    text = office.do(f"/admin/attention/findings/{orphan.id}/booking?client={cast.alice.id}", "")
    paid = office.newest(Payment)
    assert (paid.amount, paid.gateway_transaction_id, paid.client_id) == (
        Decimal(orphan.facts["amount"]),
        orphan.gateway_transaction_id,
        cast.alice.id,
    )
    assert (sums.outstanding(invoice), f"Payment {paid.number} is booked" in text) == (Decimal(40) - paid.amount, True)
    again = office.done(office.post(f"/admin/attention/findings/{orphan.id}/booking", client=cast.bob.id))
    assert "dealt with this meanwhile" in again
    assert books.check() == []


def test_a_charge_is_booked_once_even_when_it_is_found_twice(app, cast, orphan, gateway):
    attention.book_orphan(orphan, cast.alice, actor=cast.as_olivia, gateway=gateway)
    db.session.commit()
    orphan.dismissed_at = None
    db.session.commit()
    with pytest.raises(Exception, match="booked already"):
        attention.book_orphan(orphan, cast.bob, actor=cast.as_olivia, gateway=gateway)


@pytest.mark.parametrize(
    ("facts", "code"), [({"kind": FindingKind.MISSING}, "no_orphan"), ({"gateway_transaction_id": "nothere"}, "gone")]
)
def test_what_is_no_orphan_is_not_booked(app, cast, gateway, facts, code):
    finding = money.gateway_finding(**facts)
    db.session.commit()
    with pytest.raises(WrongState) as refused:
        attention.book_orphan(finding, cast.alice, actor=cast.as_olivia, gateway=gateway)
    assert refused.value.code == code


def test_credit_that_is_to_go_back_as_money_stands_there_while_it_is_held(office, cast, walks):
    office.issued(cast.alice)
    office.paid(cast.alice, "40")
    office.open(f"/admin/credit-note/grant?client={cast.alice.id}")
    office.done(office.send(office.form("/grant"), amount="20", reason="Cancelled"))
    note = office.newest(CreditNote)
    money.credit_note_line(note, refund_to=RefundTo.MONEY)
    db.session.commit()
    assert "Money to give back" in office.open("/admin/attention/").text


@pytest.mark.covers("M4")
def test_the_demos_buttons_do_what_banks_do(office, cast, walks, gateway):
    invoice = office.issued(cast.alice)
    card = methods.add(cast.alice, nonce=VISA, actor=cast.as_alice, gateway=gateway)
    db.session.commit()
    paying.pay(
        cast.alice,
        submit_key="d" * 20,
        targets=[(invoice, Decimal(40))],
        method=card,
        actor=cast.as_olivia,
        gateway=gateway,
    )
    paid = office.newest(Payment)
    for do in ("settle", "open_dispute"):
        office.done(office.post(f"/admin/attention/demo/{paid.id}", do=do))
    assert office.post(f"/admin/attention/demo/{paid.id}", do="burn").status_code == 404
    assert office.post("/admin/attention/demo/999999", do="settle").status_code == 404
    office.done(office.post("/admin/attention/look"))
    assert office.newest(Payment).state is PaymentState.RECEIVED


def test_where_money_is_real_the_demos_buttons_have_no_address(office, cast, app, monkeypatch, gateway):
    paid = money.payment(cast.alice, gateway_transaction_id="real1", mode="production", kind="card")
    db.session.commit()
    monkeypatch.setattr(type(gateway), "demo", lambda self: None)
    assert office.post(f"/admin/attention/demo/{paid.id}", do="settle").status_code == 404
    assert "Demo gateway" not in office.open(f"/admin/payment/{paid.id}/").text


@pytest.mark.covers("M5")
def test_the_gateways_page_says_mode_address_and_last_message(office, manager, cast):
    money.gateway_event(kind="check")
    db.session.commit()
    text = office.open("/admin/payment-gateway/").text
    for words in ("Demo payments", "no money moves", "/webhooks/braintree", "check"):
        assert words in text, words
    assert "knows the keys" in office.do("/admin/payment-gateway/", "/check")
    assert manager.browser.get("/admin/payment-gateway/").status_code == 403


@pytest.mark.parametrize("url", ["messages/999999/dismissal", "findings/999999/dismissal", "findings/0/dismissal"])
def test_what_is_not_there_is_404(office, url):
    assert office.post(f"/admin/attention/{url}", reason="x").status_code == 404
