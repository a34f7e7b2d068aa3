"""P7: cards and bank accounts: list, add, default, automatic payment, confirm, remove; and what is allowed is kept."""

import re

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from gateways.payments import Answer, StoreResult
from models import ConsentKind, MethodKind, PaymentConsent, StoredMethod
from tests import factories as make
from tests import money_factories as money
from tests.databases import count, statements
from tests.portal.test_frame import olivia_as_alice  # noqa: F401 -- a fixture
from workflows.billing import methods

VISA, MASTER = "fake-valid-visa-nonce", "fake-valid-mastercard-nonce"
LIST = "/portal/settings/cards"


@pytest.fixture(autouse=True)
def _gateway(gateway):
    """A fresh demo gateway for each test."""
    return gateway


@pytest.fixture
def alice(walk, cast):
    return walk(cast.alice)


def kept():
    db.session.expire_all()
    return db.session.scalars(sa.select(StoredMethod).where(StoredMethod.removed_at.is_(None)).order_by(StoredMethod.id)).all()  # fmt: skip


def consents():
    return [(c.kind, c.is_given, c.text, c.address, c.by_name) for c in db.session.scalars(sa.select(PaymentConsent).order_by(PaymentConsent.id))]  # fmt: skip


def add(alice, nonce=VISA, **values):
    page = alice.get(f"{LIST}/new-card")
    return alice.press(page, f"{LIST}/new-card", nonce=nonce, **values)


@pytest.mark.covers("P7")
def test_a_card_is_added_made_default_and_removed(alice, cast, gateway):
    page = alice.get("/portal/settings/")
    assert LIST in page.links()
    assert "Nothing is kept yet" in alice.get(LIST).text
    done = add(alice)
    assert (done.path, "Visa ···· 1881 is kept for you." in done.text) == (LIST, True)
    add(alice, MASTER)
    first, second = kept()
    assert (first.is_default, second.is_default) == (True, False)
    page = alice.get(LIST)
    assert "Visa ···· 1881 Default" in page.text
    assert re.search(r"expires \d\d/20\d\d", page.text)
    page = alice.press(page, f"{LIST}/{second.public_id}/default")
    assert "MasterCard ···· 4444 is your default now." in page.text
    assert [m.is_default for m in kept()] == [False, True]
    asked = alice.get(f"{LIST}/{second.public_id}/removal")
    assert "Remove MasterCard ···· 4444?" in asked.text
    done = alice.press(asked, f"{LIST}/{second.public_id}/removal")
    assert "MasterCard ···· 4444 is removed." in done.text
    assert [(m.last4, m.is_default) for m in kept()] == [("1881", True)]
    assert gateway.find_method(second.token) is None
    assert alice.get(f"{LIST}/{second.public_id}/removal").status == 404


@pytest.mark.covers("P7", "M5")
def test_a_card_that_is_refused_is_not_kept_and_the_form_comes_back(alice):
    page = add(alice, "fake-processor-declined-visa-nonce", default="yes", automatic="yes")
    assert page.status == 422
    assert {("nonce", "fake-processor-declined-visa-nonce"), ("default", "yes"), ("automatic", "yes")} <= set(page.form("new-card").fields)  # fmt: skip
    assert (kept(), consents()) == ([], [])
    assert add(alice, "4111111111111111").status == 422
    assert add(alice, "").status == 422


@pytest.mark.covers("P7")
def test_the_same_form_twice_keeps_one_card(alice):
    page = alice.get(f"{LIST}/new-card")
    alice.press(page, f"{LIST}/new-card", nonce=VISA)
    again = alice.press(page, f"{LIST}/new-card", nonce=VISA)
    assert "This was already saved. Nothing was done twice." in again.text
    assert len(kept()) == 1


@pytest.mark.covers("P7")
def test_automatic_payment_is_the_clients_choice_and_each_change_is_logged(alice, change_settings):
    change_settings({"portal.automatic_text": "Charge me when it is due."})
    add(alice, automatic="yes")
    add(alice, MASTER)
    first, second = kept()
    assert (first.allows_automatic, second.allows_automatic) == (True, False)
    given = (ConsentKind.AUTOMATIC, True, "Charge me when it is due.", "127.0.0.1", "Alice Archer")
    assert consents() == [given]
    page = alice.press(alice.get(LIST), f"{LIST}/{first.public_id}/automatic")
    assert "is not charged without you any more" in page.text
    page = alice.press(page, f"{LIST}/{second.public_id}/automatic")
    assert [m.allows_automatic for m in kept()] == [False, True]
    assert [c[:2] for c in consents()] == [given[:2], (ConsentKind.AUTOMATIC, False), given[:2]]
    log = alice.get(LIST).text.split("What you authorized, and when")[1]
    assert "Automatic payment allowed: MasterCard ···· 4444" in log
    assert "Automatic payment stopped: Visa ···· 1881" in log
    assert "from 127.0.0.1" in log


@pytest.mark.covers("P7")
def test_automatic_payment_can_be_mandatory_or_off(alice, change_settings):
    change_settings({"portal.automatic": "required"})
    page = alice.get(f"{LIST}/new-card")
    assert "By keeping it you agree: You may charge this card" in page.text
    assert "automatic" not in page.form("new-card").choices
    add(alice)
    (method,) = kept()
    assert method.allows_automatic
    assert "Stop automatic payment" not in alice.get(LIST).text
    refused = alice.post(f"{LIST}/{method.public_id}/automatic", on="no")
    assert refused.status_code == 303
    assert kept()[0].allows_automatic
    change_settings({"portal.automatic": "off"})
    add(alice, MASTER, automatic="yes")
    assert not kept()[1].allows_automatic
    assert "Allow automatic payment" not in alice.get(LIST).text


@pytest.mark.covers("P7")
def test_a_bank_account_needs_its_authorization_which_is_kept(alice, change_settings):
    assert alice.get(f"{LIST}/new-bank-account").status == 404
    change_settings({"portal.bank_accounts": True, "portal.mandate_text": "You may debit my account."})
    page = alice.get(f"{LIST}/new-bank-account")
    assert "You may debit my account." in page.text
    refused = alice.press(page, "new-bank-account", bank_nonce="fake-us-bank-account-nonce")
    assert "Tick the authorization" in refused.text
    done = alice.press(page, "new-bank-account", bank_nonce="fake-us-bank-account-nonce", agreed="yes")
    assert "is kept for you" in done.text
    (method,) = kept()
    assert (method.kind, method.last4) == (MethodKind.BANK, "0000")
    assert consents() == [(ConsentKind.BANK_MANDATE, True, "You may debit my account.", "127.0.0.1", "Alice Archer")]
    assert "Bank account authorized: " in done.text
    (consent,) = db.session.scalars(sa.select(PaymentConsent))
    assert consent.at == clock.now()
    alice.press(alice.get(f"{LIST}/{method.public_id}/removal"), f"{LIST}/{method.public_id}/removal")
    assert [c[:2] for c in consents()][1] == (ConsentKind.BANK_MANDATE, False)


@pytest.mark.covers("P7")
def test_bank_accounts_are_for_dollars_alone(alice, change_settings):
    change_settings({"portal.bank_accounts": True, "business.currency": "EUR"})
    assert alice.get(f"{LIST}/new-bank-account").status == 404
    assert "new-bank-account" not in alice.get(LIST).html


@pytest.mark.covers("P7")
def test_two_small_deposits_confirm_a_bank_account(alice, cast, gateway, change_settings, monkeypatch):
    change_settings({"portal.bank_accounts": True})
    page = alice.get(f"{LIST}/new-bank-account")
    alice.press(page, "new-bank-account", bank_nonce="fake-us-bank-account-nonce", agreed="yes")
    (method,) = kept()
    method.is_verified = False
    db.session.commit()
    page = alice.get(LIST)
    assert "Not confirmed yet" in page.text
    asked = []

    def answer(_self, token, amounts):
        asked.append((token, amounts))
        good = amounts == (17, 29)
        found = gateway.find_method(token) if good else None
        return StoreResult(answer=Answer.SUCCEEDED if good else Answer.REJECTED, method=found, message="" if good else "These are not the two amounts.")  # fmt: skip

    monkeypatch.setattr(type(gateway), "micro_deposits", answer)
    for first, second in (("x", "29"), ("17", ""), ("-1", "5"), ("100", "5"), ("1.7", "2")):
        wrong = alice.press(page, f"{method.public_id}/deposits", first=first, second=second)
        assert (wrong.status, "Enter the two amounts in cents" in wrong.text) == (422, True)
    assert asked == []
    wrong = alice.press(page, f"{method.public_id}/deposits", first="17", second="28")
    assert (wrong.status, "These are not the two amounts." in wrong.text) == (422, True)
    done = alice.press(page, f"{method.public_id}/deposits", first="17", second="29")
    assert "is confirmed. You can pay with it now." in done.text
    assert kept()[0].is_verified


@pytest.mark.covers("P7")
def test_run_out_and_blocked_ones_say_so(alice, cast):
    money.stored_method(cast.alice, expires="2026-10", last4="1111")
    money.stored_method(cast.alice, blocked_at=clock.now(), blocked_reason="R02", last4="2222")
    money.stored_method(cast.alice, expires="2026-11", last4="3333")
    db.session.commit()
    text = alice.get(LIST).text
    assert "Visa ···· 1111 Has run out" in text
    assert "Visa ···· 2222 Blocked" in text
    assert "The bank no longer allows debits. Remove it and add another." in text
    assert "Visa ···· 3333 expires 11/2026" in text


@pytest.mark.covers("P7", "P8")
def test_new_cards_can_be_closed_while_kept_ones_stay(alice, change_settings):
    add(alice)
    change_settings({"portal.new_cards": False})
    page = alice.get(LIST)
    assert "New cards cannot be added at the moment." in page.text
    assert f"{LIST}/new-card" not in page.links()
    assert alice.get(f"{LIST}/new-card").status == 404
    assert alice.post(f"{LIST}/new-card", nonce=VISA).status_code == 404
    assert len(kept()) == 1


@pytest.mark.covers("P7")
def test_a_card_can_be_required_before_a_request(alice, cast, change_settings):
    basket = make.basket(cast.alice, cast.walk, pets=[cast.biscuit])
    db.session.commit()
    assert "must be kept for you" not in alice.get("/portal/request").text
    change_settings({"portal.method_required": True})
    page = alice.get("/portal/request")
    assert "Before you can send a request, a card or bank account must be kept for you." in page.text
    assert f"{LIST}/new-card?next=request" in page.links()
    refused = alice.press(page, "/portal/request/submission")
    assert "Nothing was sent." in refused.text
    assert basket.submitted_at is None
    done = alice.press(alice.get(f"{LIST}/new-card?next=request"), "new-card", nonce=VISA)
    assert done.path == "/portal/request"
    assert "must be kept for you" not in done.text
    assert "sent: 1 visit." in alice.press(done, "/portal/request/submission").text


@pytest.mark.covers("P7")
def test_nobody_elses_can_be_touched(walk, cast, alice):
    add(alice)
    (method,) = kept()
    bob = walk(cast.bob)
    for path in ("default", "automatic", "removal", "deposits"):
        assert bob.post(f"{LIST}/{method.public_id}/{path}", on="yes", first="1", second="2").status_code == 404, path
    assert bob.get(f"{LIST}/{method.public_id}/removal").status == 404
    assert "1881" not in bob.get(LIST).text
    assert (len(kept()), kept()[0].is_default) == (1, True)


@pytest.mark.covers("P7")
def test_the_office_in_the_portal_agrees_to_nothing(olivia_as_alice, cast, gateway):  # noqa: F811
    method = methods.add(cast.alice, nonce=VISA, actor=cast.as_alice, gateway=gateway)
    db.session.commit()
    assert LIST not in olivia_as_alice.get("/portal/account").links()
    for path in (LIST, f"{LIST}/new-card", f"{LIST}/{method.public_id}/removal"):
        assert olivia_as_alice.get(path).status == 404, path
    for path in ("new-card", f"{method.public_id}/removal", f"{method.public_id}/automatic", "token"):
        assert olivia_as_alice.post(f"{LIST}/{path}", nonce=VISA, on="yes").status_code == 404, path
    assert (len(kept()), count(PaymentConsent)) == (1, 0)


def test_many_cost_as_many_queries_as_one(alice, cast):
    add(alice)

    def cost():
        with statements() as sql:
            assert alice.browser.get(LIST).status_code == 200
        return len(sql)

    few = cost()
    for _n in range(30):
        money.payment_consent(cast.alice, method_id=money.stored_method(cast.alice).id)
    db.session.commit()
    assert cost() == few <= 8
