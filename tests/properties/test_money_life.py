"""Money in any order while the line breaks: issued, paid, refunded, voided, returned, disputed, given as credit.

A machine does what clients, the office, banks and the gateway do. After each step the books must be right in themselves
and nothing over-allocated; at the end, when all that was unclear is found out, they must say what the gateway has.
"""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from foundation import clock
from foundation.db import db
from gateways import choose
from gateways.demo import DemoGateway
from gateways.payments import GatewayProblem, Mandate
from models import (
    Account,
    AttemptState,
    Invoice,
    MethodKind,
    Payment,
    PaymentAttempt,
    PaymentKind,
    Refund,
    RefundState,
)
from tests import cast as cast_
from tests import databases, money_world
from tests.conftest import NOW
from tests.workflows.reports import agreeing
from workflows import settings
from workflows.billing import (
    books,
    comparing,
    gateway_events,
    invoicing,
    ledger,
    modes,
    notes,
    paying,
    reconciling,
    recording,
    refunding,
    settling,
    sums,
)
from workflows.errors import WorkflowError

D = Decimal
pytestmark = pytest.mark.covers("M5", "M6")
FEWER = effort(max_examples=max(effort.default.max_examples // 7, 4), stateful_step_count=20)
WHO, WHICH, CENTS = st.integers(0, 1), st.integers(0, 30), st.integers(1, 6000)
FAULT = st.sampled_from(
    [
        None,
        None,
        None,
        "reset_before",
        "reset_after",
        "500_after",
        "html_after",
        "empty_after",
        "503_before",
        "401_before",
    ]
)


class Money(RuleBasedStateMachine):
    """Two clients, one gateway; each rule is what one of them does, or is refused and nothing happens."""

    def __init__(self, app: Any, move_to: Any) -> None:
        super().__init__()
        self.move_to = move_to
        move_to(NOW)
        db.session.rollback()
        databases.empty(app)
        settings.forget()
        self.cast = cast_.make_cast()
        self.clients = [self.cast.alice, self.cast.bob]
        self.gateway = choose.over(DemoGateway())
        modes.use("demo")
        on = {"portal.tips": True, "portal.bank_accounts": True}
        settings.change(on, actor=self.cast.as_olivia)
        db.session.commit()
        self.n = 0

    # ------------------------------------------------------------------------------------------------- what is done

    def _key(self) -> str:
        self.n += 1
        return f"key-of-a-form-{self.n:06}"

    def _pick(self, kind: type[Any], which: int) -> Any:
        found = db.session.scalars(sa.select(kind).order_by(kind.id)).all()
        return found[which % len(found)] if found else None

    def _try(self, do: Any) -> Any:
        """Committed, or refused with a sentence and undone."""
        try:
            done = do()
            db.session.commit()
        except (WorkflowError, GatewayProblem) as refusal:
            db.session.rollback()
            assert str(refusal)
            return None
        return done

    @rule(who=WHO, cents=CENTS)
    def issue(self, who: int, cents: int) -> None:
        money_world.issue(self.clients[who], D(cents) / 100)

    @rule(
        who=WHO,
        cents=CENTS,
        tip=st.sampled_from([0, 0, 100, 333]),
        bank=st.booleans(),
        fault=FAULT,
        all_=st.booleans(),
        key=st.booleans(),
    )
    def pay(self, who: int, cents: int, tip: int, bank: bool, fault: str | None, all_: bool, key: bool) -> None:
        client = self.clients[who]
        owed = [
            (i, sums.outstanding(i))
            for i in db.session.scalars(sa.select(Invoice).where(Invoice.client_id == client.id))
        ]
        targets = [(i, left if all_ else min(D(cents) / 100, left)) for i, left in owed if left > 0][:3]
        if not targets:
            return
        if fault:
            self.gateway.simulator.fault("sale", fault, times=1 if key else 2)
        more: dict[str, Any] = {"nonce": "fake-valid-nonce"}
        if bank:
            mandate = Mandate(text="Yes", accepted_at=clock.now())
            more = {"nonce": "fake-us-bank-account-nonce", "kind": MethodKind.BANK, "mandate": mandate}
        submit_key = self._key()
        for _press in range(2):
            self._try(lambda: paying.pay(
                client, submit_key=submit_key, targets=targets, tip=D(tip) / 100, actor=self.cast.as_olivia,
                gateway=self.gateway, **more,
            ))  # fmt: skip
        self.gateway.simulator.faults.clear()

    @rule(who=WHO, cents=CENTS, tip=st.sampled_from([0, 50]))
    def cash(self, who: int, cents: int, tip: int) -> None:
        self._try(lambda: recording.record_payment(
            self.clients[who], kind=PaymentKind.CASH, amount=D(cents) / 100, tip=D(tip) / 100, received_on=clock.today(),
            actor=self.cast.as_olivia,
        ))  # fmt: skip

    @rule(who=WHO, cents=CENTS)
    def credit(self, who: int, cents: int) -> None:
        self._try(
            lambda: notes.grant_credit(self.clients[who], D(cents) / 100, actor=self.cast.as_olivia, reason="Sorry")
        )

    @rule(which=WHICH, cents=CENTS, whole=st.booleans(), by_hand=st.booleans(), fault=FAULT)
    def refund(self, which: int, cents: int, whole: bool, by_hand: bool, fault: str | None) -> None:
        payment = self._pick(Payment, which)
        if payment is None:
            return
        left = refunding.refundable(payment)
        amount = left if whole else min(D(cents) / 100, left)
        if fault:
            for op in ("reverse", "refund", "update"):
                self.gateway.simulator.fault(op, fault)
        self._try(lambda: refunding.refund(
            payment, amount=amount, reason="x", submit_key=self._key(), actor=self.cast.as_olivia, gateway=self.gateway,
            by_hand=PaymentKind.CASH if by_hand else None,
        ))  # fmt: skip
        self.gateway.simulator.faults.clear()

    @rule(which=WHICH, what=st.sampled_from(["void", "write_off"]))
    def end_invoice(self, which: int, what: str) -> None:
        invoice = self._pick(Invoice, which)
        if invoice is not None:
            self._try(lambda: getattr(invoicing, what)(invoice, actor=self.cast.as_olivia, reason="x"))

    @rule(which=WHICH, into=WHICH, cents=CENTS, void=st.booleans())
    def correct(self, which: int, into: int, cents: int, void: bool) -> None:
        payment, invoice = self._pick(Payment, which), self._pick(Invoice, into)
        if payment is None or invoice is None:
            return
        if void:
            self._try(lambda: recording.void_payment(payment, actor=self.cast.as_olivia, reason="x"))
        else:
            wanted = {invoice.id: min(D(cents) / 100, sums.outstanding(invoice))}
            self._try(lambda: recording.reallocate(payment, wanted, actor=self.cast.as_olivia))

    @rule(
        which=WHICH,
        what=st.sampled_from(["settle", "bank_return", "open_dispute", "lose_dispute", "win_dispute"]),
        cents=CENTS,
    )
    def the_bank(self, which: int, what: str, cents: int) -> None:
        payment = self._pick(Payment, which)
        if payment is None or payment.gateway_transaction_id is None:
            return
        if what == "bank_return" and payment.kind is not PaymentKind.BANK:
            return
        more = {}
        if what == "open_dispute":
            if payment.state.value != "received":
                return
            more = {"amount": min(D(cents) / 100, payment.amount + payment.tip_amount)}
        if what == "win_dispute" and cents % 2:
            more = {"amount": D(cents) / 100}
        hook = self._try(lambda: getattr(self.gateway.demo(), what)(payment.gateway_transaction_id, **more))
        if hook is not None:
            for _again in range(2):
                self._try(lambda: gateway_events.receive(hook.signature, hook.payload, gateway=self.gateway))
            gateway_events.process(gateway=self.gateway)
        settling.poll(gateway=self.gateway)

    @rule(which=WHICH)
    def the_refund_comes_back(self, which: int) -> None:
        row = self._pick(Refund, which)
        if row is None or row.gateway_transaction_id is None or row.state is not RefundState.SUCCEEDED:
            return
        hook = self._try(lambda: self.gateway.demo().refund_fails(row.gateway_transaction_id))
        if hook is not None:
            self._try(lambda: gateway_events.receive(hook.signature, hook.payload, gateway=self.gateway))
            gateway_events.process(gateway=self.gateway)

    @rule(minutes=st.integers(1, 30))
    def time_passes(self, minutes: int) -> None:
        self.move_to(clock.now() + dt.timedelta(minutes=minutes))
        reconciling.look_again(gateway=self.gateway)
        gateway_events.process(gateway=self.gateway)

    # ------------------------------------------------------------------------------------------------ what must hold

    @invariant()
    def the_books_are_right(self) -> None:
        db.session.rollback()
        db.session.expire_all()
        assert [str(one) for one in books.check()] == []
        tips = ledger.account_balance(Account.TIPS_PAYABLE)
        assert tips <= 0, "more tips given back than came in"
        for client in self.clients:
            assert sums.client_money(client.id).credit >= 0

    def teardown(self) -> None:
        for _minute in range(40):
            self.move_to(clock.now() + dt.timedelta(minutes=1))
            reconciling.look_again(gateway=self.gateway)
        gateway_events.process(gateway=self.gateway)
        settling.poll(gateway=self.gateway)
        db.session.expire_all()
        open_ = {AttemptState.SENDING, AttemptState.UNKNOWN}
        assert databases.count(PaymentAttempt, PaymentAttempt.state.in_(open_)) == 0
        assert databases.count(Refund, Refund.state.in_([RefundState.PENDING, RefundState.UNKNOWN])) == 0
        orders = [doc["order_id"] for doc in money_world.sales(self.gateway)]
        assert len(orders) == len(set(orders)), "charged twice"
        kept = [d for d in money_world.disputes(self.gateway) if d["status"] in {"lost", "won"}]
        lost = [D(d["amount_disputed"]) - D(d["amount_won"] or 0) for d in kept]
        money_world.agree(self.gateway, disputed=sum(lost, D(0)))
        agreeing.agree()
        self.move_to(clock.now() + dt.timedelta(hours=2))
        assert comparing.compare(gateway=self.gateway) == 0
        db.session.rollback()


def test_books_and_gateway_agree_whatever_happens(app, clock_at):
    run_state_machine_as_test(lambda: Money(app, clock_at), settings=FEWER)
    db.session.rollback()
