"""A client's account step by step."""

import datetime as dt
import itertools
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Account, Allocation, InvoiceState
from tests import money_factories as make
from tests.databases import statements as queries
from tests.workflows.billing.test_allocations import issued, received
from workflows.actors import WORKER
from workflows.billing import allocations, history, ledger
from workflows.billing.papers import EntryKind

D = Decimal
NOV = dt.date(2026, 11, 1)
LAST = dt.date(2026, 11, 30)


@pytest.fixture
def account(cast, clock_at):
    """Invoice 40, paid 60 (20 left as credit), invoice 50 paid from it in part, refund of nothing, a void."""
    clock_at("2026-11-02 10:00")
    first = issued(cast.alice, D(40))
    clock_at("2026-11-05 10:00")
    payment = received(cast.alice, D(60))
    allocations.spread(payment, actor=WORKER)
    clock_at("2026-11-10 10:00")
    second = issued(cast.alice, D(50), due_on=dt.date(2026, 11, 20))
    allocations.spread(payment, actor=WORKER)
    third = issued(cast.alice, D(7))
    third.state = InvoiceState.VOID
    lines = {Account.RECEIVABLE: D(-7), Account.INCOME: D(7)}
    ledger.post("invoice.voided", subject=third, client=cast.alice, lines=lines)
    issued(cast.bob, D(99))
    clock_at("2026-11-23 10:00")
    db.session.commit()
    return first, payment, second, third


def test_entries_tell_each_step_with_the_balance_after_it(cast, account):
    first, payment, second, third = account
    found = history.entries(cast.alice.id)
    assert [(e.on_date.day, e.kind, e.number, e.amount, e.balance) for e in found] == [
        (10, EntryKind.VOIDED_INVOICE, third.number, D(-7), D(30)),
        (10, EntryKind.INVOICE, third.number, D(7), D(37)),
        (10, EntryKind.INVOICE, second.number, D(50), D(30)),
        (5, EntryKind.PAYMENT, payment.number, D(-60), D(-20)),
        (2, EntryKind.INVOICE, first.number, D(40), D(40)),
    ]
    assert [e.public_id for e in found[-2:]] == [payment.public_id, first.public_id]
    assert history.count(cast.alice.id) == 5
    assert history.entries(cast.alice.id, limit=2, offset=2) == found[2:4]
    assert history.entries(cast.alice.id, newest_first=False) == found[::-1]
    assert history.balance_before(cast.alice.id, dt.date(2026, 11, 10)) == D(-20)


@pytest.mark.parametrize("newest_first", [True, False])
def test_any_part_of_the_account_has_the_balances_of_the_whole(cast, account, newest_first):
    whole = history.entries(cast.alice.id, newest_first=newest_first)
    days = [None, *(dt.date(2026, 11, day) for day in (1, 2, 5, 7, 10, 11)), dt.date.max]
    for first, last in itertools.product(days, days):
        of_days = [e for e in whole if (first or dt.date.min) <= e.on_date <= (last or dt.date.max)]
        for limit, offset in itertools.product((None, 1, 2, 50), (0, 1, 3)):
            found = history.entries(
                cast.alice.id, first=first, last=last, limit=limit, offset=offset, newest_first=newest_first
            )
            assert found == of_days[offset:][:limit], (first, last, limit, offset)


def test_a_step_names_the_paper_that_it_is_about_whatever_that_is(cast, account):
    first, payment, _second, _third = account
    note = make.credit_note(first)
    refund = make.refund(payment, amount=D(5))
    dispute = make.dispute(payment)
    allocation = db.session.scalar(sa.select(Allocation).order_by(Allocation.id).limit(1))
    for verb, subject in (("refund.taken", refund), ("dispute.lost", dispute), ("allocation.made", allocation), ("note.committed", note)):  # fmt: skip
        lines = {Account.RECEIVABLE: D(5), Account.CASH: D(-5)}
        ledger.post(verb, subject=subject, client=cast.alice, lines=lines, on_date=LAST, event_key=f"again:{verb}")
    told = {
        e.subject_type: (e.kind, e.number, e.public_id, e.payment_id)
        for e in history.entries(cast.alice.id, first=LAST)
    }
    assert told == {
        "refund": (EntryKind.REFUND, refund.number or refund.public_id, refund.public_id, payment.id),
        "dispute": (EntryKind.REVERSED_PAYMENT, payment.number, payment.public_id, None),
        "allocation": (EntryKind.DEPOSIT, first.number, first.public_id, None),
        "credit_note": (EntryKind.CREDIT_NOTE, note.number or "open", note.public_id, None),
    }


def test_entries_cost_the_same_however_long_the_account_is(cast, account):
    with queries() as few:
        history.entries(cast.alice.id)
    for n in range(30):
        issued(cast.alice, D(n + 1))
    with queries() as many:
        history.entries(cast.alice.id)
    assert len(many) == len(few) <= 2


def test_history_of_somebody_without_one_is_empty(cast):
    assert (history.entries(cast.bob.id), history.count(cast.bob.id)) == ([], 0)
    assert make.invoice(cast.bob) is not None
    assert history.entries(cast.bob.id) == [], "what is not in the books is not in the account"
