"""Paying as people live it: on a phone with the demo's cards, without JavaScript, and with the real card form (stubbed)."""

import json
import re
from decimal import Decimal

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from foundation.db import db, mark_request
from gateways import choose
from gateways.demo import DemoGateway
from models import AttemptState, InvoiceState, MethodKind, Payment, PaymentAttempt, StoredMethod
from tests import issued
from tests import money_factories as money
from workflows import settings
from workflows.billing import books

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def fresh_gateway(live):
    """The demo gateway of this test, in memory."""
    usual = live.app.extensions["gateway"]
    live.app.extensions["gateway"] = fresh = choose.over(DemoGateway())
    yield fresh
    live.app.extensions["gateway"] = usual


@pytest.fixture
def set_up(live):
    """Change something while the browsers wait."""

    def do(work):
        db.session.rollback()
        mark_request(reads_only=False)
        work()
        db.session.commit()
        mark_request(reads_only=True)
        live.look_again()

    return do


@pytest.fixture
def owed(live, set_up):
    """Three invoices of Alice's: overdue, due today, not yet due."""
    found = []
    set_up(lambda: found.extend(issued.invoice(live.cast.alice, n, due=d) for n, d in ((70, -3), (40, 0), (25, 10))))
    return found


@pytest.mark.covers("P1", "P2", "P5", "P6", "P7", "M5")
def test_one_of_three_with_a_new_card_after_a_decline_the_rest_with_the_kept_one(live, visitor, owed):
    hannah = visitor("phone").log_in("portal", live.cast.alice.email)
    page = hannah.go("/portal/account")
    expect(page.get_by_role("heading", name="Account summary")).to_be_visible()
    hannah.look()
    hannah.keep("account-phone")

    # The first card is refused: nothing was taken.
    page.get_by_role("link", name=f"Pay invoice {owed[1].number}").click()
    hannah.look()
    page.get_by_label("Visa ···· 1511: is refused as fraud").check()
    page.get_by_role("button", name="Pay $40.00").click()
    expect(page.get_by_text("$40.00 was not paid. Nothing was taken.")).to_be_visible()
    hannah.look()
    hannah.keep("declined-phone")

    # Another is taken, and kept.
    page.get_by_role("link", name="Try again").click()
    page.get_by_label("Visa ···· 1881: is accepted").check()
    page.get_by_label("Keep this card for next time").check()
    page.get_by_role("button", name="Pay $40.00").click()
    expect(page.get_by_text("Thank you. $40.00 was paid.")).to_be_visible()
    hannah.look()
    hannah.keep("paid-phone")
    page.reload()
    expect(page.get_by_text("Thank you. $40.00 was paid.")).to_be_visible()
    page.go_back()
    page.wait_for_load_state()

    # The rest with the kept one; the total follows what is typed.
    hannah.go("/portal/account")
    page.get_by_role("link", name="Pay everything, $95.00").click()
    expect(page.get_by_label("Visa ···· 1881expires", exact=False)).to_be_checked()
    page.get_by_text("Change payment amount").first.click()
    field = page.get_by_label(f"Pay of invoice {owed[0].number}")
    field.fill("60")
    field.blur()
    expect(page.get_by_role("button", name="Pay $85.00")).to_be_visible()
    field.fill("70")
    field.blur()
    hannah.look()
    page.get_by_role("button", name="Pay $95.00").click()
    expect(page.get_by_text("Thank you. $95.00 was paid.")).to_be_visible()
    hannah.go("/portal/account")
    expect(page.get_by_role("heading", name="You have nothing to pay")).to_be_visible()

    # The PDF, the receipts, and what is kept.
    hannah.go("/portal/invoices")
    hannah.look()
    with page.expect_download() as saved:
        page.get_by_role("link", name=f"PDF of invoice {owed[0].number}").click()
    assert saved.value.path().read_bytes().startswith(b"%PDF-")
    for path, words in (("/portal/payments", "Receipt"), ("/portal/settings/cards", "Default"), (f"/portal/invoices/{owed[0].public_id}", "Download PDF")):  # fmt: skip
        hannah.go(path)
        expect(page.get_by_text(words).first).to_be_visible()
        hannah.look()
        hannah.keep(path.strip("/").replace("/", "-") + "-phone")
    live.look_again()
    assert [i.state for i in db.session.scalars(sa.select(type(owed[0])).order_by(sa.text("id")))] == [InvoiceState.PAID] * 3  # fmt: skip
    assert sorted(db.session.scalars(sa.select(Payment.amount))) == [40, 95]
    assert books.check() == []


@pytest.mark.covers("P2", "M5")
def test_without_javascript_a_card_of_the_demo_is_charged(live, visitor, owed):
    page = visitor("phone", javascript=False).log_in("portal", live.cast.alice.email).go("/portal/account")
    page.get_by_role("link", name="Pay all that is due").click()
    page.get_by_role("button", name="Pay $110.00").click()
    expect(page.get_by_text("Thank you. $110.00 was paid.")).to_be_visible()


@pytest.mark.covers("P1", "P2", "P7")
def test_every_money_page_is_fit_to_be_looked_at(live, visitor, set_up, owed):
    alice = live.cast.alice

    def things():
        on = ("portal.tips", "portal.bank_accounts")
        settings.change({**dict.fromkeys(on, True), "portal.account_above": "Please pay within two weeks.", "portal.account_below": "Bank transfer: Maple Lane, 021000021, 123456."}, actor=live.cast.as_olivia)  # fmt: skip
        money.allocation(money.payment(alice, amount=Decimal(30)), owed[0], amount=Decimal(30))
        money.refund(money.payment(alice, amount=Decimal(12)), amount=Decimal(12))
        money.credit_note(owed[0])
        money.attempt_target(money.payment_attempt(alice, amount=Decimal(41)), issued.invoice(alice, 41, due=0))
        money.stored_method(alice, is_default=True)
        money.stored_method(alice, brand="MasterCard", last4="4444", expires="2020-01")
        money.stored_method(alice, kind=MethodKind.BANK, brand="Demo Bank", last4="0000", expires="", is_verified=False)
        money.payment_consent(alice)

    set_up(things)
    v = visitor().log_in("portal", alice.email)
    for path in (
        "account", "pay?what=all", "invoices", f"invoices/{owed[0].public_id}", "payments", "settings/cards",
        "settings/cards/new-card", "settings/cards/new-bank-account",
    ):  # fmt: skip
        v.go(f"/portal/{path}")
        v.look_in_every_way(path.replace("/", "-").replace("?", "-"), sizes=("desk", "phone", "small"))


# ------------------------------------------------------------------------------------ the real card form, stubbed

STUB = """
window.asked = [];
const answer = (name, value) => { window.asked.push(name); return Promise.resolve(value); };
window.braintree = {
  client: { create: (o) => answer("client:" + o.authorization, {}) },
  hostedFields: { create: (o) => {
    for (const [name, field] of Object.entries(o.fields)) document.querySelector(field.container).textContent = name;
    return answer("fields", { tokenize: () => window.bad
      ? Promise.reject(new Error("HOSTED_FIELDS_FIELDS_INVALID"))
      : answer("tokenize", { nonce: NONCE, details: { bin: "401288" } }) });
  } },
  threeDSecure: { create: () => answer("3ds", { verifyCard: (o) => answer("verify:" + o.amount + ":" + o.nonce, {
    nonce: window.unconfirmed ? "x" : SECURE, threeDSecureInfo: { liabilityShifted: !window.unconfirmed, liabilityShiftPossible: true } }) }) },
  usBankAccount: { create: () => answer("bank", { tokenize: (o) => answer("account:" + o.mandateText.slice(0, 11) + ":" + o.bankDetails.accountNumber, { nonce: "fake-us-bank-account-nonce" }) }) },
};
"""


@pytest.fixture
def live_mode(fresh_gateway, monkeypatch):
    """The pages believe that this is Braintree's sandbox; the demo behind them charges."""
    monkeypatch.setattr("client_portal.gateway.mode", lambda: "sandbox")
    return fresh_gateway


def stub(page, nonce="fake-valid-visa-nonce", secure="fake-three-d-secure-visa-full-authentication-nonce"):
    """Braintree's files answer with ours; nothing leaves this machine."""
    body = STUB.replace("NONCE", json.dumps(nonce)).replace("SECURE", json.dumps(secure))
    page.route(re.compile(r"/vendor/braintree-client\.js"), lambda route: route.fulfill(content_type="text/javascript", body=body))  # fmt: skip
    page.route(re.compile(r"/vendor/braintree-(hosted|three|us)"), lambda route: route.fulfill(content_type="text/javascript", body=""))  # fmt: skip


@pytest.mark.covers("P2", "M5")
def test_the_real_form_sends_a_nonce_and_never_a_number(live, visitor, owed, live_mode):
    v = visitor("phone").log_in("portal", live.cast.alice.email)
    page = v.page
    stub(page)
    v.go("/portal/pay?what=due")
    expect(page.locator("#card-number")).to_have_text("number")
    expect(page.locator("#card-code")).to_have_text("cvv")
    v.look()
    v.keep("real-card-phone")
    page.evaluate("window.bad = true")
    page.get_by_role("button", name="Pay $110.00").click()
    expect(page.get_by_text("Please look at the card once more")).to_be_visible()
    page.evaluate("window.bad = false")
    sent = []
    page.context.on("request", lambda r: sent.append(r.post_data or "") if r.method == "POST" else None)
    page.get_by_role("button", name="Pay $110.00").click()
    expect(page.get_by_text("Thank you. $110.00 was paid.")).to_be_visible()
    assert any("nonce=fake-valid-visa-nonce" in data for data in sent)
    live.look_again()
    assert db.session.scalars(sa.select(PaymentAttempt.state)).all() == [AttemptState.SUCCEEDED]


@pytest.mark.covers("P2")
def test_with_three_d_secure_the_bank_confirms_first(live, visitor, set_up, owed, live_mode):
    set_up(lambda: settings.change({"payments.three_d_secure": "required"}, actor=live.cast.as_olivia))
    v = visitor("desk").log_in("portal", live.cast.alice.email)
    page = v.page
    stub(page)
    v.go("/portal/pay?what=due")
    expect(page.locator("#card-number")).to_have_text("number")
    page.evaluate("window.unconfirmed = true")
    page.get_by_role("button", name="Pay $110.00").click()
    expect(page.get_by_text("The bank did not confirm it. Nothing was taken.")).to_be_visible()
    page.evaluate("window.unconfirmed = false")
    page.get_by_role("button", name="Pay $110.00").click()
    expect(page.get_by_text("Thank you. $110.00 was paid.")).to_be_visible()
    assert v.complaints == []


@pytest.mark.covers("P2")
def test_offline_it_says_that_the_card_form_could_not_load(live, visitor, owed, live_mode):
    v = visitor("phone").log_in("portal", live.cast.alice.email)
    v.page.route(re.compile(r"/vendor/braintree-"), lambda route: route.abort())
    v.go("/portal/pay?what=due")
    expect(v.page.get_by_text("The card form could not load.")).to_be_visible()
    expect(v.page.get_by_text("Nothing was taken. Check your connection")).to_be_visible()
    expect(v.page.locator("#card-number")).to_be_hidden()
    v.keep("offline-phone")


@pytest.mark.covers("P7")
def test_a_bank_account_goes_to_the_gateway_alone(live, visitor, set_up, owed, live_mode):
    set_up(lambda: settings.change({"portal.bank_accounts": True}, actor=live.cast.as_olivia))
    v = visitor("phone").log_in("portal", live.cast.alice.email)
    page = v.page
    stub(page)
    v.go("/portal/settings/cards/new-bank-account")
    for label, words in (
        ("First name", "Alice"), ("Last name", "Archer"), ("Routing number", "021000021"), ("Account number", "1000000000"),
        ("Street and number", "1 Main St"), ("Town", "Albany"), ("State", "NY"), ("ZIP code", "12207"),
    ):  # fmt: skip
        page.get_by_label(label).fill(words)
    page.get_by_label("I agree to this authorization").check()
    sent = []
    page.context.on("request", lambda r: sent.append(r.post_data or "") if r.method == "POST" else None)
    page.get_by_role("button", name="Keep bank account").click()
    expect(page.get_by_text("is kept for you").first).to_be_visible()
    assert not any("1000000000" in data or "021000021" in data for data in sent)
    live.look_again()
    assert [m.kind for m in db.session.scalars(sa.select(StoredMethod))] == [MethodKind.BANK]
