"""Kept cards and bank accounts: whose they are, which is the default, what was allowed, and that they are forgotten."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import (
    ConsentKind,
    GatewayMode,
    MethodKind,
    Notification,
    NotificationKind,
    PaymentConsent,
    StoredMethod,
)
from tests import money_factories
from tests.databases import count
from workflows import settings
from workflows.billing import methods, modes
from workflows.errors import Invalid, NotAllowed, WorkflowError, WrongState

pytestmark = pytest.mark.covers("P7")


def add(cast, desk, nonce="fake-valid-nonce", **more):
    return methods.add(cast.alice, nonce=nonce, gateway=desk, **{"actor": cast.as_alice, **more})


def test_the_first_is_the_default_and_another_can_become_it(cast, desk):
    visa, master = add(cast, desk, "fake-valid-visa-nonce"), add(cast, desk, "fake-valid-mastercard-nonce")
    assert (visa.is_default, master.is_default) == (True, False)
    assert [m.id for m in methods.of_client(cast.alice.id)] == [visa.id, master.id]
    methods.make_default(master, actor=cast.as_alice)
    db.session.commit()
    assert (visa.is_default, master.is_default) == (False, True)
    methods.remove(master, actor=cast.as_alice, gateway=desk)
    assert (visa.is_default, master.removed_at is not None) == (True, True)
    assert desk.find_method(master.token) is None
    assert count(Notification, Notification.kind == NotificationKind.METHOD_CHANGED) == 3
    methods.remove(master, actor=cast.as_alice, gateway=desk)
    with pytest.raises(WrongState):
        methods.make_default(master, actor=cast.as_alice)


def test_a_card_that_its_bank_refuses_is_not_kept(cast, desk):
    with pytest.raises(Invalid) as refusal:
        add(cast, desk, "fake-processor-declined-visa-nonce")
    assert refusal.value.code == "method_refused"
    assert refusal.value.message
    db.session.rollback()
    assert count(StoredMethod) == 0


def test_others_may_not_touch_them(cast, desk):
    card = add(cast, desk)
    for actor in (cast.as_bob, cast.as_sam):
        for act in (
            lambda a: methods.remove(card, actor=a, gateway=desk),
            lambda a: methods.make_default(card, actor=a),
            lambda a: methods.set_automatic(card, on=True, actor=a),
            lambda a: methods.confirm_deposits(card, (17, 29), actor=a, gateway=desk),
            lambda a: add(cast, desk, actor=a),
        ):
            with pytest.raises(NotAllowed):
                act(actor)
            db.session.rollback()
    assert db.session.scalars(sa.select(StoredMethod.removed_at)).all() == [None]


def test_allowing_and_taking_back_are_both_kept(cast, desk):
    card = add(cast, desk, allow_automatic=True, automatic_text="Yes.", address="203.0.113.9", device="Firefox")
    methods.set_automatic(card, on=False, actor=cast.as_alice)
    methods.set_automatic(card, on=False, actor=cast.as_alice)
    methods.set_automatic(card, on=True, actor=cast.as_alice, text="Again.")
    db.session.commit()
    rows = db.session.scalars(sa.select(PaymentConsent).order_by(PaymentConsent.id)).all()
    assert [(r.is_given, r.text) for r in rows] == [(True, "Yes."), (False, ""), (True, "Again.")]
    assert {r.kind for r in rows} == {ConsentKind.AUTOMATIC}
    assert (rows[0].address, rows[0].device, rows[0].by_name) == ("203.0.113.9", "Firefox", "Alice Archer")
    methods.remove(card, actor=cast.as_alice, gateway=desk)
    assert (card.allows_automatic, count(PaymentConsent)) == (False, 4)


def test_the_owner_can_switch_automatic_payment_off_or_make_it_the_rule(cast, desk):
    settings.change({"portal.automatic": "off"}, actor=cast.as_olivia)
    with pytest.raises(NotAllowed):
        add(cast, desk, allow_automatic=True)
    db.session.rollback()
    settings.change({"portal.automatic": "required"}, actor=cast.as_olivia)
    db.session.commit()
    with pytest.raises(Invalid) as refusal:
        add(cast, desk)
    assert refusal.value.code == "automatic_required"
    db.session.rollback()
    card = add(cast, desk, allow_automatic=True)
    with pytest.raises(Invalid):
        methods.set_automatic(card, on=False, actor=cast.as_alice)


def test_new_cards_can_be_switched_off_for_clients_but_not_for_the_office(cast, desk):
    settings.change({"portal.new_cards": False}, actor=cast.as_olivia)
    db.session.commit()
    with pytest.raises(NotAllowed):
        add(cast, desk)
    db.session.rollback()
    assert add(cast, desk, actor=cast.as_olivia).client_id == cast.alice.id


def test_what_the_gateway_could_not_forget_is_forgotten_at_night(cast, desk):
    card = add(cast, desk)
    desk.simulator.fault("*", "503_before")
    methods.remove(card, actor=cast.as_alice, gateway=desk)
    assert desk.find_method(card.token) is not None
    assert methods.forget_removed(desk) == 1
    assert desk.find_method(card.token) is None
    assert methods.forget_removed(desk) == 0


def test_only_what_can_be_charged_counts_where_one_is_required(cast, desk):
    assert not methods.needs_card(cast.alice)
    settings.change({"portal.method_required": True}, actor=cast.as_olivia)
    db.session.commit()
    assert methods.needs_card(cast.alice)
    for spoilt in ({"expires": "2026-10"}, {"is_verified": False}, {"mode": GatewayMode.SANDBOX}):
        money_factories.stored_method(cast.alice, **spoilt)
    assert methods.needs_card(cast.alice)
    card = add(cast, desk)
    assert not methods.needs_card(cast.alice)
    assert methods.needs_card(cast.bob)
    methods.block(card, "R02")
    assert methods.needs_card(cast.alice)
    cast.alice.pays_online = False
    assert not methods.needs_card(cast.alice)
    modes.use("off")
    assert not methods.needs_card(cast.bob)


def test_a_bank_account_is_confirmed_by_its_two_deposits(cast, desk):
    settings.change({"portal.bank_accounts": True}, actor=cast.as_olivia)
    customer = methods.customer_of(cast.alice)
    db.session.commit()
    customer.make_known(desk)
    from foundation import clock
    from gateways.payments import Mandate

    kept = desk.store_method(
        customer.id, "fake-us-bank-account-nonce", verify_card=False,
        mandate=Mandate(text="Yes", accepted_at=clock.now()), bank_check="micro_transfers",
    )  # fmt: skip
    account = methods.keep(cast.alice, kept.method, mode=GatewayMode.DEMO, actor=cast.as_alice)
    db.session.commit()
    assert (account.kind, account.is_verified) == (MethodKind.BANK, False)
    for cents, code in (((0, 29), "bad_deposits"), ((1, 2), "deposits_wrong")):
        with pytest.raises(WorkflowError) as refusal:
            methods.confirm_deposits(account, cents, actor=cast.as_alice, gateway=desk)
        assert refusal.value.code == code
        db.session.rollback()
    assert methods.confirm_deposits(account, (17, 29), actor=cast.as_alice, gateway=desk).is_verified
