"""P2, M5: paying one, several, all or a part, with a kept or a new card; one attempt for each form; clear words after."""

import datetime as dt
import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from gateways.payments import Answer, SaleResult
from models import (
    AttemptState,
    InvoiceState,
    MethodKind,
    OutboxMail,
    Payment,
    PaymentAttempt,
    PaymentConsent,
    Setting,
    StoredMethod,
)
from tests import issued
from tests import money_factories as money
from tests.databases import count
from workflows import settings
from workflows.billing import books, methods
from workflows.mail_facts import MailKind

VISA, REFUSED = "fake-valid-visa-nonce", "fake-gateway-rejected-fraud-nonce"


@pytest.fixture(autouse=True)
def _gateway(gateway):
    """A fresh demo gateway for each test."""
    return gateway


@pytest.fixture
def owed(cast):
    """Three invoices of Alice's: overdue, due today, not yet due."""
    found = [issued.invoice(cast.alice, total, due=due) for total, due in ((70, -3), (40, 0), (25, 10))]
    issued.invoice(cast.bob, 99, due=0)
    db.session.commit()
    return found


@pytest.fixture
def kept(cast, gateway):
    """Alice's Visa, kept with the gateway."""
    method = methods.add(cast.alice, nonce=VISA, actor=cast.as_alice, gateway=gateway)
    db.session.commit()
    return method


def attempts():
    db.session.expire_all()
    return db.session.scalars(sa.select(PaymentAttempt).order_by(PaymentAttempt.id)).all()


def states(invoices):
    db.session.expire_all()
    return [i.state for i in invoices]


def pay(alice, address, **values):
    return alice.press(alice.get(address), "/portal/pay", **values)


# ------------------------------------------------------------------------------------------------------ what is paid


@pytest.mark.covers("P2", "P1")
def test_one_invoice_with_a_new_card_is_paid_and_the_balance_is_right_at_once(walk, cast, owed, gateway):
    alice = walk(cast.alice)
    page = alice.get(f"/portal/pay?invoice={owed[1].public_id}")
    assert "Pay $40.00" in page.text
    done = alice.press(page, "/portal/pay", method="card", nonce=VISA)
    assert re.fullmatch(r"/portal/pay/outcome/[\w-]+", done.path)
    assert "Thank you. $40.00 was paid." in done.text
    assert "Visa ···· 1881" in done.text
    assert states(owed) == [InvoiceState.OPEN, InvoiceState.PAID, InvoiceState.OPEN]
    summary = alice.get("/portal/account").text
    assert "To pay now $70.00 Not yet due $25.00 You owe in all $95.00" in summary
    assert owed[1].number not in summary
    mails = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.client_id == cast.alice.id)).all()
    assert [m.kind for m in mails] == [MailKind.PAYMENT_RECEIPT.value]
    (payment,) = db.session.scalars(sa.select(Payment))
    assert f"/portal/payments/{payment.public_id}/receipt" in done.links()
    assert count(StoredMethod) == 0
    assert books.check() == []


@pytest.mark.covers("P2")
def test_several_are_ticked_all_due_or_everything_is_chosen(walk, cast, owed, kept):
    alice = walk(cast.alice)
    page = alice.get("/portal/account")
    form = page.form("/portal/pay")
    assert form.method == "get"
    assert set(form.choices["invoice"]) == {i.public_id for i in owed}
    several = alice.get(f"/portal/pay?invoice={owed[0].public_id}&invoice={owed[2].public_id}")
    assert "Pay $95.00" in several.text
    assert "Pay $110.00" in alice.get("/portal/pay?what=due").text
    done = pay(alice, "/portal/pay?what=all")
    assert "Thank you. $135.00 was paid." in done.text
    assert states(owed) == [InvoiceState.PAID] * 3
    assert "You have nothing to pay" in alice.get("/portal/account").text
    (attempt,) = attempts()
    assert (attempt.method, [t.amount for t in attempt.targets]) == (kept, [70, 40, 25])


@pytest.mark.covers("P2")
def test_a_part_is_paid_only_once_the_button_said_so(walk, cast, owed, kept):
    alice = walk(cast.alice)
    place = f"amount-{owed[0].public_id}"
    first = pay(alice, f"/portal/pay?invoice={owed[0].public_id}", **{place: "30"})
    assert first.status == 422
    assert "This comes to $30.00. Nothing was taken yet" in first.text
    assert attempts() == []
    done = alice.press(first, "/portal/pay")
    assert "Thank you. $30.00 was paid." in done.text
    assert (
        f"{owed[0].number} Overdue Nov 23, 2026 Nov 20, 2026 $70.00 $30.00 $40.00" in alice.get("/portal/account").text
    )
    assert states(owed)[0] is InvoiceState.OPEN


@pytest.mark.covers("P2")
def test_the_total_is_reckoned_while_the_form_is_filled_in(walk, cast, owed, kept):
    alice = walk(cast.alice)
    page = alice.get(f"/portal/pay?invoice={owed[0].public_id}")
    fields = page.form("/portal/pay").filled(**{f"amount-{owed[0].public_id}": "12,5"})
    part = alice.browser.post("/portal/pay/reckoning", data=fields)
    assert "Pay $12.50" in part.text
    shown = re.search(r'name="shown" value="([^"]+)"', part.text)[1]
    done = alice.browser.post("/portal/pay", data={**fields, "shown": [shown]})
    assert done.status_code == 303
    assert attempts()[0].amount == Decimal("12.50")


@pytest.mark.covers("P2")
def test_a_tip_is_taken_along_and_says_who_it_is_for(walk, cast, owed, kept, change_settings):
    change_settings({"portal.tips": True})
    alice = walk(cast.alice)
    address = f"/portal/pay?invoice={owed[1].public_id}"
    page = pay(alice, address, tip="15", tip_note="For Sam")
    assert "This comes to $46.00." in page.text
    done = alice.press(page, "/portal/pay")
    assert "Thank you. $46.00 was paid." in done.text
    assert "Tip For Sam $6.00" in done.text
    (payment,) = db.session.scalars(sa.select(Payment))
    assert (payment.amount, payment.tip_amount, payment.tip_note) == (40, 6, "For Sam")
    assert books.check() == []
    again = pay(alice, f"/portal/pay?invoice={owed[0].public_id}", tip="other", tip_typed="2.50")
    assert "This comes to $72.50." in again.text
    change_settings({"portal.tips": False})
    assert "Thank you. $70.00 was paid." in pay(alice, f"/portal/pay?invoice={owed[0].public_id}", tip="20").text


@pytest.mark.covers("P2", "P7")
def test_a_new_card_is_kept_with_consent_when_it_is_ticked(walk, cast, owed, gateway):
    alice = walk(cast.alice)
    pay(alice, f"/portal/pay?invoice={owed[1].public_id}", method="card", nonce=VISA, store="yes", automatic="yes")
    (method,) = db.session.scalars(sa.select(StoredMethod))
    assert (method.client_id, method.last4, method.is_default, method.allows_automatic) == (cast.alice.id, "1881", True, True)  # fmt: skip
    (consent,) = db.session.scalars(sa.select(PaymentConsent))
    assert (consent.address, consent.by_name) == ("127.0.0.1", "Alice Archer")
    assert "You may charge this card or bank account for my invoices" in consent.text
    page = alice.get(f"/portal/pay?invoice={owed[0].public_id}")
    assert ("method", method.public_id) in page.form("/portal/pay").fields


# ------------------------------------------------------------------------------------------------- what came of it


@pytest.mark.covers("P2", "M5")
def test_a_decline_says_that_nothing_was_taken_and_leads_back(walk, cast, owed):
    alice = walk(cast.alice)
    done = pay(alice, f"/portal/pay?invoice={owed[0].public_id}", method="card", nonce=REFUSED)
    assert "$70.00 was not paid. Nothing was taken." in done.text
    assert f"/portal/pay?invoice={owed[0].public_id}" in done.links()
    assert [a.state for a in attempts()] == [AttemptState.DECLINED]
    assert (states(owed)[0], count(Payment)) == (InvoiceState.OPEN, 0)
    assert "Thank you" in pay(alice, f"/portal/pay?invoice={owed[0].public_id}", method="card", nonce=VISA).text


@pytest.mark.covers("P2", "M5")
@pytest.mark.parametrize(
    ("state", "said"),
    [
        (AttemptState.SENDING, "is being confirmed. Please do not pay again."),
        (AttemptState.UNKNOWN, "is being confirmed. Please do not pay again."),
        (AttemptState.DECLINED, "was not paid. Nothing was taken."),
        (AttemptState.REJECTED, "was not paid. Nothing was taken."),
        (AttemptState.NOT_SENT, "was not paid. Nothing was taken."),
        (AttemptState.NOT_CHARGED, "was not paid. Nothing was taken."),
        (AttemptState.SUCCEEDED, "Thank you. $40.00 was paid."),
    ],
)
def test_every_state_has_its_words_also_after_a_reload(walk, cast, owed, state, said):
    attempt = money.payment_attempt(cast.alice, state=state)
    money.attempt_target(attempt, owed[1], is_active=state in {AttemptState.SENDING, AttemptState.UNKNOWN})
    db.session.commit()
    alice = walk(cast.alice)
    address = f"/portal/pay/outcome/{attempt.public_id}"
    first, second = alice.get(address), alice.get(address)
    assert said in first.text
    assert first.text == second.text
    assert walk(cast.bob).get(address).status == 404


@pytest.mark.covers("P2", "M5")
def test_an_answer_that_is_lost_locks_the_invoice_and_says_so(walk, cast, owed, kept, gateway, monkeypatch):
    monkeypatch.setattr(type(gateway), "sale", lambda *_a, **_k: SaleResult(answer=Answer.UNKNOWN, code="timeout"))
    alice = walk(cast.alice)
    page = alice.get(f"/portal/pay?invoice={owed[1].public_id}")
    done = alice.press(page, "/portal/pay")
    assert "being confirmed. Please do not pay again." in done.text
    again = alice.press(page, "/portal/pay", form_key="another-key-of-this-form")
    assert "Thank you" not in again.text
    assert len(attempts()) == 1
    assert "is being confirmed" in alice.get("/portal/account").text
    left = alice.get("/portal/pay?what=due")
    assert "1 invoice is left out: a payment of it is being confirmed." in left.text
    assert "Pay $70.00" in left.text


# --------------------------------------------------------------------------------------------------------- only once


@pytest.mark.covers("M5", "P2")
def test_the_same_form_twice_is_one_payment(walk, cast, owed, kept):
    alice = walk(cast.alice)
    page = alice.get(f"/portal/pay?invoice={owed[1].public_id}")
    first, second = alice.press(page, "/portal/pay"), alice.press(page, "/portal/pay")
    assert first.path == second.path
    assert (len(attempts()), count(Payment)) == (1, 1)


@pytest.mark.covers("M5", "P2")
@pytest.mark.parametrize("same_form", [True, False], ids=["double click", "six tabs"])
def test_at_the_same_moment_it_is_one_payment(walk, cast, owed, kept, elsewhere, same_form):
    alice = walk(cast.alice)
    page = alice.get(f"/portal/pay?invoice={owed[1].public_id}")
    tabs = [page if same_form else alice.get(f"/portal/pay?invoice={owed[1].public_id}") for _n in range(6)]
    sent = [t.form("/portal/pay").filled() for t in tabs]
    answers = elsewhere(*[lambda data=data: alice.browser.post("/portal/pay", data=data).status_code for data in sent])
    assert set(answers) <= {303, 422}, answers
    db.session.rollback()
    assert count(Payment) == 1
    assert sum(a.state is AttemptState.SUCCEEDED for a in attempts()) == 1
    assert states(owed)[1] is InvoiceState.PAID
    assert books.check() == []


@pytest.mark.covers("P2")
def test_an_invoice_that_was_voided_or_paid_meanwhile_is_not_paid(walk, cast, owed, kept):
    alice = walk(cast.alice)
    alone, both = alice.get(f"/portal/pay?invoice={owed[0].public_id}"), alice.get("/portal/pay?what=due")
    owed[0].state = InvoiceState.VOID
    db.session.commit()
    gone = alice.press(alone, "/portal/pay")
    assert "These invoices are no longer open. Nothing was taken." in gone.text
    less = alice.press(both, "/portal/pay")
    assert less.status == 422
    assert "This comes to $40.00." in less.text
    assert attempts() == []
    assert "Thank you. $40.00 was paid." in alice.press(less, "/portal/pay").text


@pytest.mark.covers("P2")
def test_more_than_is_left_by_now_is_refused_with_the_form_filled(walk, cast, owed, kept):
    alice = walk(cast.alice)
    page = alice.get(f"/portal/pay?invoice={owed[0].public_id}")
    money.allocation(money.payment(cast.alice, amount=Decimal(60)), owed[0], amount=Decimal(60))
    db.session.commit()
    again = alice.press(page, "/portal/pay")
    assert again.status == 422
    assert "That is more than what is left to pay, $10.00." in again.text
    assert attempts() == []


# -------------------------------------------------------------------------------------------------------- wrong things


@pytest.mark.covers("P2")
@pytest.mark.parametrize("locale", ["en_US", "de_DE", "fr_FR"])
@pytest.mark.parametrize("typed", ["NaN", "1e3", "-5", "0.001", "0,001", "Infinity", "12.5.1", "0x10", "1_0", "71", "70.01", "abc"])  # fmt: skip
def test_amounts_that_are_none_are_refused_where_they_were_typed(
    walk, cast, owed, kept, change_settings, typed, locale
):
    change_settings({"business.locale": locale})
    alice = walk(cast.alice)
    place = f"amount-{owed[0].public_id}"
    page = pay(alice, f"/portal/pay?invoice={owed[0].public_id}", **{place: typed})
    assert (page.status, attempts()) == (422, [])
    assert f'id="{place}-error"' in page.html
    assert (place, typed) in page.form("/portal/pay").fields


@pytest.mark.covers("P2")
@pytest.mark.parametrize("typed", ["", "0", "0.00"])
def test_nothing_is_no_payment(walk, cast, owed, kept, typed):
    page = pay(walk(cast.alice), f"/portal/pay?invoice={owed[0].public_id}", **{f"amount-{owed[0].public_id}": typed})
    assert "Say how much you want to pay." in page.text
    assert attempts() == []


@pytest.mark.covers("P2")
@pytest.mark.parametrize(("locale", "prefilled"), [("en_US", "70.00"), ("de_DE", "70,00")])
def test_a_comma_is_read_as_people_of_each_language_mean_it(walk, cast, owed, kept, change_settings, locale, prefilled):
    change_settings({"business.locale": locale})
    alice = walk(cast.alice)
    place = f"amount-{owed[0].public_id}"
    page = alice.get(f"/portal/pay?invoice={owed[0].public_id}")
    assert (place, prefilled) in page.form("/portal/pay").fields
    again = alice.press(page, "/portal/pay", **{place: "12,5"})
    alice.press(again, "/portal/pay")
    assert [a.amount for a in attempts()] == [Decimal("12.50")]


@pytest.mark.covers("P2")
def test_a_currency_without_cents_takes_whole_amounts_only(walk, cast):
    db.session.add(Setting(key="business.currency", value="JPY"))
    db.session.commit()
    settings.forget()
    settings.read()
    invoice = issued.invoice(cast.alice, 1500, due=0, currency="JPY")
    db.session.commit()
    alice, place = walk(cast.alice), f"amount-{invoice.public_id}"
    page = alice.get("/portal/pay?what=due")
    assert (place, "1500") in page.form("/portal/pay").fields
    assert "Pay ¥1,500" in page.text
    for typed in ("12.5", "12,5", "1500.00", "0.5"):
        assert f'id="{place}-error"' in pay(alice, "/portal/pay?what=due", **{place: typed}).html, typed
    assert "This comes to ¥1,200." in pay(alice, "/portal/pay?what=due", **{place: "1,200"}).text
    assert attempts() == []


@pytest.mark.covers("P2", "M5")
@pytest.mark.parametrize(
    "values",
    [
        {"method": "card", "nonce": "4111111111111111"},
        {"method": "card", "nonce": ""},
        {"method": "card", "nonce": "<script>"},
        {"method": "bank", "bank_nonce": "fake-us-bank-account-nonce", "agreed": "yes"},
        {"method": "AAAAAAAAAAAA"},
        {"method": ""},
        {"method": None},
    ],
    ids=str,
)
def test_what_is_no_way_to_pay_is_refused(walk, cast, owed, values):
    page = pay(walk(cast.alice), f"/portal/pay?invoice={owed[0].public_id}", **values)
    assert page.status == 422
    assert "Nothing was taken yet" in page.text
    assert attempts() == []


@pytest.mark.covers("P2")
def test_another_clients_invoice_or_card_cannot_be_used(walk, cast, owed, kept):
    bob = walk(cast.bob)
    assert "Tick the invoices" in bob.get(f"/portal/pay?invoice={owed[0].public_id}").text
    page = bob.get("/portal/pay?what=due")
    token_of = page.form("/portal/pay").filled(method="card", nonce=VISA)
    mixed = {**token_of, "invoice": [*token_of["invoice"], owed[0].public_id]}
    assert bob.browser.post("/portal/pay", data=mixed).status_code == 303
    (attempt,) = attempts()
    assert [t.invoice.client_id for t in attempt.targets] == [cast.bob.id]
    issued.invoice(cast.bob, 5, due=0)
    db.session.commit()
    refused = pay(bob, "/portal/pay?what=due", method=kept.public_id)
    assert (refused.status, len(attempts())) == (422, 1)


@pytest.mark.covers("P2", "P7")
def test_cards_that_cannot_be_charged_are_not_offered(walk, cast, owed, change_settings):
    good = money.stored_method(cast.alice, last4="1111")
    run_out = money.stored_method(cast.alice, expires="2026-10")
    blocked = money.stored_method(cast.alice, blocked_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    removed = money.stored_method(cast.alice, removed_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    bank = money.stored_method(cast.alice, kind=MethodKind.BANK, expires="", is_verified=False)
    real = money.stored_method(cast.alice, mode="production")
    db.session.commit()
    change_settings({"portal.bank_accounts": True})
    alice = walk(cast.alice)
    offered = alice.get("/portal/pay?what=due").form("/portal/pay").choices["method"]
    assert offered == [good.public_id, "card", "bank"]
    for other in (run_out, blocked, removed, bank, real):
        assert pay(alice, "/portal/pay?what=due", method=other.public_id).status == 422
    change_settings({"portal.new_cards": False, "portal.cards": False, "portal.bank_accounts": False})
    page = alice.get("/portal/pay?what=due")
    assert "New cards cannot be entered at the moment" in page.text
    assert pay(alice, "/portal/pay?what=due", method="card", nonce=VISA).status == 422


@pytest.mark.covers("P7", "P2")
def test_a_bank_account_is_kept_with_its_authorization_and_charged(walk, cast, owed, change_settings):
    change_settings({"portal.bank_accounts": True, "portal.mandate_text": "Debit me."})
    alice = walk(cast.alice)
    address = f"/portal/pay?invoice={owed[0].public_id}"
    values = {"method": "bank", "bank_nonce": "fake-us-bank-account-nonce"}
    assert "Tick this, so that we may debit the account." in pay(alice, address, **values).text
    done = pay(alice, address, **values, agreed="yes")
    assert "Thank you. $70.00 was paid." in done.text
    assert "if it cannot, we tell you" in done.text
    (consent,) = db.session.scalars(sa.select(PaymentConsent))
    assert (consent.text, consent.address) == ("Debit me.", "127.0.0.1")


# ------------------------------------------------------------------------------------------------- links and the office


@pytest.mark.covers("P5", "P2")
def test_the_link_of_the_mail_asks_for_the_log_in_and_leads_to_the_form(walk, cast, owed, http):
    address = f"/portal/pay/{owed[1].public_id}"
    answer = http().get(address)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/portal/log-in")
    assert owed[1].public_id in answer.headers["Location"]
    alice = walk(cast.alice)
    page = alice.get(address)
    assert page.path == f"/portal/pay?invoice={owed[1].public_id}"
    assert "Pay $40.00" in page.text
    assert walk(cast.bob).get(address).status == 404
    owed[1].state = InvoiceState.VOID
    db.session.commit()
    assert "was voided: there is nothing to pay" in alice.get(address).text
    draft = money.invoice(cast.alice, state=InvoiceState.DRAFT)
    db.session.commit()
    assert alice.get(f"/portal/pay/{draft.public_id}").status == 404


@pytest.mark.covers("M5")
def test_every_page_says_that_no_money_moves(walk, cast, owed):
    alice = walk(cast.alice)
    for path in ("/portal/account", "/portal/pay?what=due", "/portal/invoices", "/portal/payments", "/portal/settings/cards", "/portal/schedule"):  # fmt: skip
        assert "Demo payments: no money moves." in alice.get(path).text, path


@pytest.mark.covers("M5")
def test_the_back_office_says_so_too(http, sign_in_as_staff, cast, gateway, monkeypatch):
    olivia = sign_in_as_staff(http(), cast.olivia)
    for path in ("/admin/", "/admin/clients/", "/admin/invoices/", "/admin/payments/"):
        answer = olivia.get(path)
        assert (answer.status_code, "Demo payments: no money moves." in answer.text) == (200, True), path
    monkeypatch.setattr(type(gateway), "mode", lambda _self: "production")
    assert "no money moves" not in olivia.get("/admin/").text


@pytest.mark.covers("M5")
def test_with_a_real_gateway_only_the_pay_page_loads_its_card_fields(walk, cast, owed, gateway, monkeypatch):
    monkeypatch.setattr(type(gateway), "mode", lambda _self: "sandbox")
    page = walk(cast.alice).get("/portal/pay?what=due")
    policy = page.answer.headers["Content-Security-Policy"]
    assert "frame-src 'self' https://assets.braintreegateway.com" in policy
    assert "https://api.sandbox.braintreegateway.com" in policy
    assert "unsafe" not in policy
    assert "Test payments: no money moves." in page.text
    assert "fake-valid" not in page.html
    elsewhere_ = walk(cast.alice).get("/portal/account").answer.headers["Content-Security-Policy"]
    assert "braintree" not in elsewhere_
    names = set(re.findall(r'<input[^>]* name="([^"]+)"', page.html))
    assert not {n for n in names if re.search(r"card|number|cvv|pan|account", n)}
    monkeypatch.setattr(type(gateway), "mode", lambda _self: "off")
    assert walk(cast.alice).get("/portal/pay?what=due").status == 404
    assert "no money moves" not in walk(cast.alice).get("/portal/account").text


@pytest.mark.covers("P2")
def test_a_bank_account_is_offered_first_where_the_owner_prefers_it(walk, cast, owed, change_settings):
    alice = walk(cast.alice)
    change_settings({"portal.bank_accounts": True})
    for prefers, first, second in ((False, "card", "bank"), (True, "bank", "card")):
        change_settings({"payments.prefer_bank": prefers})
        page = alice.get(f"/portal/pay?invoice={owed[0].public_id}")
        ways = [tag for tag in re.findall(r"<input[^>]*>", page.html) if 'name="method"' in tag]
        values = [re.search(r'value="(\w+)"', tag)[1] for tag in ways]
        assert (values, [" checked" in tag for tag in ways]) == ([first, second], [True, False])
        added = re.findall(r"/new-(card|bank)", alice.get("/portal/settings/cards").html)
        assert added == [first, second]
    change_settings({"portal.bank_accounts": False})
    page = alice.get(f"/portal/pay?invoice={owed[0].public_id}")
    assert page.html.count('name="method"') == 1
