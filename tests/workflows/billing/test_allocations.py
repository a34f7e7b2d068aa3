"""What pays what: the rows, the postings, the states; and that the books notice what is wrong."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import (
    Account,
    Allocation,
    Invoice,
    InvoiceKind,
    InvoiceState,
    NoteKind,
    NoteState,
    PaymentState,
    PostingLine,
)
from tests import factories as make
from tests import money_factories as money_make
from workflows.actors import WORKER
from workflows.billing import allocations, books, ledger, sums
from workflows.errors import Invalid, WrongState

D = Decimal
FORTY = D(40)


def issued(client, total=FORTY, **more):
    """An invoice that stands in the books, as issuing one does."""
    invoice = money_make.invoice(client, total=total, **more)
    income = Account.DEPOSITS_BILLED if invoice.kind is InvoiceKind.DEPOSIT else Account.INCOME
    ledger.post("invoice.issued", subject=invoice, client=client, lines={Account.RECEIVABLE: total, income: -total})
    return invoice


def received(client, amount=FORTY, **more):
    """Money that stands in the books, as recording it does."""
    payment = money_make.payment(client, amount=amount, **more)
    lines = {Account.CASH: amount, Account.CLIENT_CREDIT: -amount}
    ledger.post("payment.received", subject=payment, client=client, lines=lines)
    return payment


@pytest.fixture
def alice(cast):
    return cast.alice


def test_allocate_pays_the_invoice_and_take_back_opens_it(alice):
    invoice, payment = issued(alice), received(alice, D(50))
    allocations.allocate(payment, invoice, D(40), actor=WORKER)
    assert (invoice.state, sums.unallocated(payment)) == (InvoiceState.PAID, D(10))
    assert sums.invoice_sums([invoice.id])[invoice.id] == sums.InvoiceSums(D(40), D(40), D(0), D(0))
    assert books.check() == []
    allocations.take_back(payment, invoice, D(15), actor=WORKER, reason="moved")
    assert (invoice.state, sums.outstanding(invoice), sums.unallocated(payment)) == (InvoiceState.OPEN, D(15), D(25))
    assert [row.amount for row in db.session.scalars(sa.select(Allocation).order_by(Allocation.id))] == [D(40), D(-15)]
    assert books.check() == []


@pytest.mark.parametrize(
    ("amount", "code"), [(D(0), "not_enough_left"), (D(-1), "not_enough_left"), (D(41), "not_enough_left")]
)
def test_allocate_refuses_what_the_payment_does_not_have(alice, amount, code):
    invoice, payment = issued(alice, D(100)), received(alice)
    with pytest.raises(Invalid) as refused:
        allocations.allocate(payment, invoice, amount, actor=WORKER)
    assert refused.value.code == code
    assert books.check() == []


def test_allocate_refuses_more_than_is_owed_other_clients_and_what_is_not_open(cast):
    alice = cast.alice
    invoice, payment = issued(alice, D(30)), received(alice)
    with pytest.raises(Invalid, match="more than invoice"):
        allocations.allocate(payment, invoice, D("30.01"), actor=WORKER)
    with pytest.raises(Invalid) as refused:
        allocations.allocate(payment, issued(cast.bob), D(1), actor=WORKER)
    assert refused.value.code == "other_client"
    invoice.state = InvoiceState.VOID
    with pytest.raises(WrongState):
        allocations.allocate(payment, invoice, D(1), actor=WORKER)
    with pytest.raises(Invalid):
        allocations.take_back(payment, invoice, D(1), actor=WORKER, reason="moved")


def test_spread_pays_what_is_due_first_and_keeps_the_rest(alice, clock_at):
    late = issued(alice, D(20), due_on=make.DAY)
    later = issued(alice, D(20), due_on=make.DAY.replace(year=2027))
    undated = issued(alice, D(20), due_on=None)
    payment = received(alice, D(30))
    allocations.spread(payment, actor=WORKER)
    assert [sums.outstanding(i) for i in (late, later, undated)] == [D(0), D(10), D(20)]
    assert sums.unallocated(payment) == 0
    other = received(alice, D(50))
    allocations.spread(other, actor=WORKER, invoices=[undated, later])
    assert [i.state for i in (late, later, undated)] == [InvoiceState.PAID] * 3
    assert sums.client_money(alice.id) == sums.ClientMoney(D(0), D(0), D(0), D(20), D(0))
    assert books.check() == []


def test_spend_credit_takes_deposits_first_then_notes_then_payments(alice):
    deposit = issued(alice, D(30), kind=InvoiceKind.DEPOSIT)
    allocations.spread(received(alice, D(30)), actor=WORKER, invoices=[deposit])
    (note,) = deposit.notes
    assert (note.kind, note.state, note.total, deposit.state) == (
        NoteKind.DEPOSIT, NoteState.COMMITTED, D(30), InvoiceState.PAID,
    )  # fmt: skip
    goodwill = money_make.credit_note(
        client=alice, invoice=None, total=D(5), subtotal=D(5), state=NoteState.COMMITTED, number="CN-1", sequence=1
    )
    lines = {Account.INCOME: D(5), Account.CLIENT_CREDIT: D(-5)}
    ledger.post("note.committed", subject=goodwill, client=alice, lines=lines)
    payment = received(alice, D(100))
    assert sums.client_money(alice.id) == sums.ClientMoney(D(0), D(0), D(0), D(105), D(30))
    invoice = issued(alice, D(50))
    allocations.spend_credit(alice, actor=WORKER)
    assert [(str(s), amount) for s, amount in allocations.paid_by(invoice)] == [
        (note.number, D(30)), ("CN-1", D(5)), (payment.number, D(15)),
    ]  # fmt: skip
    assert sums.invoice_sums([invoice.id])[invoice.id] == sums.InvoiceSums(D(50), D(15), D(35), D(0))
    assert sums.client_money(alice.id) == sums.ClientMoney(D(0), D(0), D(0), D(85), D(0))
    assert books.check() == []


def test_a_deposit_that_is_paid_back_pays_nothing_more(alice):
    deposit = issued(alice, D(30), kind=InvoiceKind.DEPOSIT)
    payment = received(alice, D(30))
    allocations.spread(payment, actor=WORKER)
    invoice = issued(alice, D(40))
    allocations.spend_credit(alice, actor=WORKER)
    assert sums.outstanding(invoice) == D(10)
    allocations.free_source(payment, actor=WORKER, reason="refund")
    assert [deposit.state, invoice.state, deposit.notes[0].state] == [
        InvoiceState.OPEN, InvoiceState.OPEN, NoteState.DROPPED,
    ]  # fmt: skip
    assert (sums.outstanding(invoice), sums.outstanding(deposit), sums.unallocated(payment)) == (D(40), D(30), D(30))
    assert books.check() == []


def test_free_all_gives_everything_back_to_where_it_came_from(alice):
    invoice = issued(alice, D(40))
    first, second = received(alice, D(25)), received(alice, D(25))
    allocations.spread(first, actor=WORKER)
    allocations.spread(second, actor=WORKER)
    assert invoice.state is InvoiceState.PAID
    allocations.free_all(invoice, actor=WORKER, reason="void")
    assert (sums.outstanding(invoice), sums.unallocated(first), sums.unallocated(second)) == (D(40), D(25), D(25))
    assert books.check() == []


def test_nothing_is_left_of_a_payment_that_came_back(alice):
    payment = received(alice)
    payment.state = PaymentState.RETURNED
    assert sums.unallocated(payment) == 0


def test_client_money_tells_overdue_from_not_yet_due(cast, clock_at):
    issued(cast.alice, D(10), due_on=make.DAY.replace(year=2025))
    issued(cast.alice, D(7), due_on=make.DAY.replace(year=2027))
    issued(cast.alice, D(3), due_on=None)
    issued(cast.bob, D(99))
    assert sums.client_money(cast.alice.id) == sums.ClientMoney(D(20), D(10), D(10), D(0), D(0))
    assert sums.owed_by([cast.alice.id, cast.bob.id]) == {cast.alice.id: (D(20), D(0)), cast.bob.id: (D(99), D(0))}
    assert sums.open_by_age()[0] == {0: D(109), 30: D(0), 60: D(0), 90: D(0), None: D(10)}


# --------------------------------------------------------------------------------------------------------- the books


def test_post_refuses_what_does_not_add_up_and_the_same_event_twice(alice):
    invoice = money_make.invoice(alice)
    with pytest.raises(ledger.Unbalanced):
        ledger.post("invoice.issued", subject=invoice, client=alice, lines={Account.RECEIVABLE: D(1)})
    lines = {Account.RECEIVABLE: D(1), Account.INCOME: D(-1), Account.TAX_PAYABLE: D(0)}
    posting = ledger.post("invoice.issued", subject=invoice, client=alice, lines=lines)
    assert [(line.account, line.amount) for line in posting.lines] == [
        (Account.RECEIVABLE, D(1)), (Account.INCOME, D(-1)),
    ]  # fmt: skip
    with pytest.raises(sa.exc.IntegrityError), db.session.begin_nested():
        ledger.post("invoice.issued", subject=invoice, client=alice, lines=lines)
    assert ledger.account_balance(Account.RECEIVABLE) == D(1)


def test_check_finds_whatever_was_changed_behind_the_books_back(alice):
    invoice, payment = issued(alice, D(40)), received(alice, D(25))
    allocations.spread(payment, actor=WORKER)
    assert books.check() == []

    def spoiled(change):
        with db.session.begin_nested() as savepoint:
            change()
            db.session.flush()
            found = [d.what for d in books.check()]
            savepoint.rollback()
        db.session.expire_all()
        return found

    def overwrite(**values):  # below the guard that keeps issued invoices as they are
        db.session.execute(sa.update(Invoice).where(Invoice.id == invoice.id).values(**values))

    assert spoiled(lambda: overwrite(total=D(41))) == [f"receivable of client {alice.id}"]
    assert spoiled(lambda: overwrite(subtotal=D(41))) == ["income"]
    assert spoiled(lambda: setattr(payment, "amount", D(26))) == [f"client_credit of client {alice.id}"]
    assert spoiled(lambda: setattr(invoice, "state", InvoiceState.PAID)) == [f"invoice {invoice.number} (paid)"]
    line = db.session.scalars(sa.select(PostingLine).where(PostingLine.account == Account.CASH)).one()
    assert spoiled(lambda: setattr(line, "amount", D(26))) == [f"posting payment.received:{payment.id}"]
    assert f"payment {payment.id}" in spoiled(lambda: money_make.allocation(payment, invoice, amount=D(1)))
    assert books.check() == []
