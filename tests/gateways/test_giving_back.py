"""Voids, reversals, refunds and lower amounts: never twice, never more than was paid."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from foundation import clock
from gateways.payments import Answer, TransactionStatus
from tests.gateways.test_charging import LOST


def paid(twin, amount="40.00", *, settled=False):
    done = twin.gateway.sale(twin.order(amount)).transaction
    if settled:
        twin.settle(done.id)
    return done.id


def refund(twin, id_, amount, order_id="ref-1", **more):
    return twin.gateway.refund(id_, Decimal(amount), currency="USD", order_id=order_id, **more)


def test_reversal_before_settlement_is_a_void(twin):
    id_ = paid(twin)
    done = twin.gateway.reverse(id_, request_key="r")
    assert (done.answer, done.voided, done.transaction.id) == (Answer.SUCCEEDED, True, id_)
    assert twin.gateway.find(id_).status is TransactionStatus.VOIDED


def test_reversal_after_settlement_is_a_refund_of_all(twin):
    id_ = paid(twin, settled=True)
    done = twin.gateway.reverse(id_, request_key="r")
    assert (done.answer, done.voided, done.transaction.amount) == (Answer.SUCCEEDED, False, Decimal("40.00"))
    assert (done.transaction.is_refund, done.transaction.refunded_transaction_id) == (True, id_)
    assert twin.gateway.find(id_).refund_ids == (done.transaction.id,)
    again = twin.gateway.reverse(id_, request_key="another")
    assert (again.answer, again.code, again.message) == ("rejected", "91512", "This payment was given back already.")


def test_parts_are_refunded_up_to_the_whole(twin):
    id_ = paid(twin, settled=True)
    first, second = refund(twin, id_, "15.50", "ref-1"), refund(twin, id_, "24.50", "ref-2")
    assert [(one.answer, one.transaction.order_id, str(one.transaction.amount)) for one in (first, second)] == [
        ("succeeded", "ref-1", "15.50"), ("succeeded", "ref-2", "24.50"),
    ]  # fmt: skip
    assert refund(twin, id_, "0.01", "ref-3").code == "91512"
    assert twin.gateway.find(id_).refund_ids == (first.transaction.id, second.transaction.id)


@pytest.mark.parametrize(
    ("settled", "amount", "code"), [(False, "10.00", "91506"), (True, "40.01", "91521"), (True, "1000000.00", "91521")]
)
def test_refund_that_cannot_be_is_rejected_with_a_sentence(twin, settled, amount, code):
    done = refund(twin, paid(twin, settled=settled), amount)
    assert (done.answer, done.code) == (Answer.REJECTED, code)
    assert done.message


def test_refund_of_a_refund_is_rejected(twin):
    made = refund(twin, paid(twin, settled=True), "10.00").transaction
    twin.settle(made.id)
    assert refund(twin, made.id, "10.00").code == "91505"


def test_amount_is_lowered_before_settlement_only(twin):
    id_ = paid(twin)
    done = twin.gateway.reduce(id_, Decimal("30.00"), currency="USD")
    assert (done.answer, done.voided, str(done.transaction.amount)) == (Answer.SUCCEEDED, False, "30.00")
    assert twin.gateway.reduce(id_, Decimal("30.01"), currency="USD").code == "91522"
    twin.settle(id_)
    assert twin.gateway.reduce(id_, Decimal("20.00"), currency="USD").code == "915129"
    assert str(twin.gateway.find(id_).amount) == "30.00"


def test_void_works_until_it_settles(twin):
    id_, other = paid(twin), paid(twin, settled=True)
    assert twin.gateway.void(id_, request_key="v").voided
    late = twin.gateway.void(other)
    assert (late.answer, late.code) == (Answer.REJECTED, "91504")


@pytest.mark.parametrize("act", ["reverse", "refund", "void", "reduce"])
def test_payment_that_nobody_knows_is_rejected(twin, act):
    calls = {
        "reverse": lambda: twin.gateway.reverse("nothing"),
        "refund": lambda: refund(twin, "nothing", "5.00"),
        "void": lambda: twin.gateway.void("no thing"),
        "reduce": lambda: twin.gateway.reduce("nothing", Decimal(5), currency="USD"),
    }
    done = calls[act]()
    assert (done.answer, done.code, done.message) == ("rejected", "http_404", "The gateway does not know this payment.")


def test_amount_that_cannot_be_said_is_not_sent(twin):
    id_ = paid(twin, settled=True)
    before = len(twin.bodies)
    assert refund(twin, id_, "1.001").answer is Answer.NOT_SENT
    assert twin.gateway.reduce(id_, Decimal("NaN"), currency="USD").answer is Answer.NOT_SENT
    assert len(twin.bodies) == before


# ------------------------------------------------------------------------------------------------------ lost answers


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("act", ["refund", "reverse"])
def test_lost_answer_is_unknown_and_a_repeat_gives_back_once(twin, act, kind, when):
    id_ = paid(twin, settled=True)

    def give_back(**more):
        if act == "refund":
            return refund(twin, id_, "15.00", request_key="back", **more)
        return twin.gateway.reverse(id_, request_key="back", **more)

    twin.simulator.fault(act, f"{kind}_{when}", seconds=0.4)
    twin.wait(0.2 if kind == "hang" else 10)
    first = give_back()
    assert (first.answer, first.transaction) == (Answer.UNKNOWN, None)
    twin.wait(10)
    again = give_back(repeat=True)
    assert again.answer is Answer.SUCCEEDED
    assert [doc["id"] for doc in twin.books() if doc["type"] == "credit"] == [again.transaction.id]


@pytest.mark.parametrize("act", ["void", "reduce"])
def test_lost_answer_of_what_changes_the_sale_itself_is_seen_on_it(twin, act):
    id_ = paid(twin)
    twin.simulator.fault(act, "reset_after")
    done = twin.gateway.void(id_) if act == "void" else twin.gateway.reduce(id_, Decimal(9), currency="USD")
    assert done.answer is Answer.UNKNOWN
    now = twin.gateway.find(id_)
    assert now.status is TransactionStatus.VOIDED if act == "void" else str(now.amount) == "9.00"


def test_repeat_without_a_key_sends_nothing(twin):
    id_ = paid(twin, settled=True)
    before = len(twin.bodies)
    assert refund(twin, id_, "5.00", repeat=True).answer is Answer.UNKNOWN
    assert twin.gateway.reverse(id_, repeat=True).answer is Answer.UNKNOWN
    assert len(twin.bodies) == before


def test_gateway_that_refuses_keys_gives_back_once_without(twin):
    id_ = paid(twin, settled=True)
    twin.simulator.takes_keys = False
    done = refund(twin, id_, "5.00", request_key="back")
    assert (done.answer, done.key_refused) == (Answer.SUCCEEDED, True)
    assert len([doc for doc in twin.books() if doc["type"] == "credit"]) == 1


def test_ten_refunds_at_once_never_pass_the_payment(twin):
    id_ = paid(twin, settled=True)
    with ThreadPoolExecutor(10) as pool:
        done = list(pool.map(lambda n: refund(twin, id_, "15.00", f"ref-{n}", request_key=f"k{n}"), range(10)))
    assert sorted(one.answer for one in done) == ["rejected"] * 8 + ["succeeded"] * 2


def test_refund_in_another_amount_than_was_ordered_is_no_quiet_success(twin, monkeypatch):
    from gateways.demo import transactions

    id_ = paid(twin, settled=True)
    usual = transactions.refund
    monkeypatch.setattr(
        transactions, "refund", lambda books, doc, params: usual(books, doc, {**params, "amount": "1.00"})
    )
    done = refund(twin, id_, "5.00")
    assert (done.answer, done.mismatch) == (Answer.UNKNOWN, True)


# --------------------------------------------------------------------------------------------------------- finding


def test_order_finds_its_sales_and_refunds_oldest_first_and_no_others(twin, clock_at):
    order = twin.order("2000.00", order_id="same")
    declined = twin.gateway.sale(order)
    clock_at(clock.now() + dt.timedelta(minutes=1))
    good = twin.gateway.sale(twin.order(order_id="same"))
    twin.gateway.sale(twin.order(order_id="same-but-longer"))
    twin.settle(good.transaction.id)
    back = twin.gateway.reverse(good.transaction.id)
    found = twin.gateway.find_by_order("same")
    assert [one.id for one in found] == [declined.transaction.id, good.transaction.id, back.transaction.id]
    assert [(one.status.is_good, one.status.is_bad, one.is_refund) for one in found] == [
        (False, True, False), (True, False, False), (True, False, True),
    ]  # fmt: skip
    assert (found[1].settled, found[1].status.can_be_refunded, found[1].status.can_be_voided) == (True, True, False)
    assert twin.gateway.find_by_order("none") == []
    assert twin.gateway.find("none") is None


def test_all_of_a_day_are_found_over_several_pages_with_both_ends(twin, clock_at):
    first = clock_at("2026-11-24 00:00")
    inside = [twin.gateway.sale(twin.order()).transaction.id for _each in range(120)]
    last = clock_at("2026-11-24 23:59:59")
    inside.append(twin.gateway.sale(twin.order()).transaction.id)
    clock_at("2026-11-25 00:00")
    twin.gateway.sale(twin.order())
    found = [one.id for one in twin.gateway.created_between(first, last)]
    assert sorted(found) == sorted(inside)
    assert len(twin.calls("advanced_search ")) == 3


def test_moment_is_asked_for_in_utc_whatever_zone_it_is_given_in(twin, clock_at):
    clock.use_zone("Pacific/Auckland")
    at = clock_at("2026-11-24 08:00", zone="Pacific/Auckland")
    made = twin.gateway.sale(twin.order()).transaction
    assert made.created_at == at
    local = at.astimezone(clock.zone())
    assert [one.id for one in twin.gateway.created_between(local, local)] == [made.id]


def test_cards_settle_overnight_and_bank_debits_in_days(twin, clock_at):
    from tests.gateways.test_keeping import mandate

    account = twin.card(nonce="fake-us-bank-account-nonce", mandate=mandate())
    card = paid(twin)
    debit = twin.gateway.sale(twin.order(payment_method_token=account.token)).transaction.id
    clock_at("2026-11-24 10:00")
    assert [twin.gateway.find(id_).settled for id_ in (card, debit)] == [True, False]
    clock_at("2026-11-27 10:00")
    assert twin.gateway.find(debit).settled


def test_amount_that_the_sandbox_refuses_at_settlement_does_not_settle(twin):
    id_ = paid(twin, "4001.00")
    twin.settle(id_)
    assert twin.gateway.find(id_).status is TransactionStatus.SETTLEMENT_DECLINED
