"""The billing run: who is in it, what it raises, what fails, and the charges that follow, each once."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from application import tasks
from foundation.db import db
from models import (
    Account,
    BulkKind,
    BulkRun,
    BulkState,
    Invoice,
    InvoiceState,
    Job,
    JobState,
    Payment,
    PaymentAttempt,
    StaffRole,
)
from tests import factories as make
from tests import money_factories as money_make
from tests.databases import statements as queries
from workflows import bulk
from workflows.actors import staff_actor
from workflows.billing import books, drafting, ledger, methods, runs, sums
from workflows.billing.runs import Options, Wanted
from workflows.errors import Conflict, Invalid, NotAllowed
from workflows.mail_facts import MailKind
from workflows.permissions import ROLE_PERMISSIONS, Permission

D = Decimal
MON, TUE, THU = dt.date(2026, 11, 23), dt.date(2026, 11, 24), dt.date(2026, 11, 26)


@pytest.fixture
def visits(cast):
    """Alice: Monday 20 and Thursday 20; Bob: Tuesday 20."""
    # What the cast has of its own did not take place.
    db.session.execute(sa.update(Job).values(state=JobState.VOIDED))
    made = [
        make.job(cast.alice, cast.walk, on_date=MON, price=D(20)),
        make.job(cast.alice, cast.walk, on_date=THU, price=D(20)),
        make.job(cast.bob, cast.walk, on_date=TUE, price=D(20)),
    ]
    db.session.commit()
    return made


@pytest.fixture
def as_olivia(cast):
    return staff_actor(cast.olivia)


def finish(run):
    """What the worker does."""
    while bulk.work(run.id):
        db.session.commit()
    db.session.commit()
    db.session.expire_all()


def raised():
    return [
        (i.client.first_name, i.state, i.total) for i in db.session.scalars(sa.select(Invoice).order_by(Invoice.id))
    ]


@pytest.fixture
def card(app, cast, as_olivia):
    """Alice's card at the demo gateway; she allowed automatic payment."""
    method = methods.add(
        cast.alice, nonce="fake-valid-visa-nonce", allow_automatic=True, make_default=True, actor=as_olivia,
        gateway=app.extensions["gateway"],
    )  # fmt: skip
    db.session.commit()
    return method


# -------------------------------------------------------------------------------------------------------- candidates


def test_candidates_are_who_has_visits_on_no_invoice(cast, visits):
    found = runs.candidates(Wanted())
    assert [(c.client.first_name, c.n_visits, c.amount, c.first_on, c.last_on) for c in found] == [
        ("Alice", 2, D(40), MON, THU), ("Bob", 1, D(20), TUE, TUE),
    ]  # fmt: skip
    assert [c.warnings for c in found] == [("visits_ahead",), ("visits_ahead",)]
    money_make.invoice_line(money_make.invoice(cast.bob), job=visits[2])
    assert [c.client.first_name for c in runs.candidates(Wanted(up_to=MON))] == ["Alice"]
    assert runs.candidates(Wanted(first=dt.date(2027, 1, 1))) == []


def test_candidates_are_filtered_by_terms_type_group_and_payment(cast, visits, card):
    terms, kind, group = money_make.payment_terms(), make.client_type(), make.service_group()
    cast.bob.payment_terms, cast.bob.client_type = terms, kind
    other = make.job(cast.bob, make.service_item(group=group), on_date=TUE)
    cast.bob.email = None
    db.session.flush()

    def names(**more):
        return [c.client.first_name for c in runs.candidates(Wanted(**more))]

    assert names(payment_terms_id=terms.id) == names(client_type_id=kind.id) == ["Bob"]
    (row,) = runs.candidates(Wanted(service_group_id=group.id))
    assert (row.n_visits, row.amount, row.terms) == (1, other.price, terms)
    assert "no_address" in row.warnings
    assert (names(automatic=True), names(automatic=False)) == (["Alice"], ["Bob"])


def test_candidates_cost_the_same_however_many(cast, visits):
    with queries() as few:
        runs.candidates(Wanted())
    for n in range(20):
        make.job(make.client("More", f"No {n}"), cast.walk, on_date=MON)
    db.session.flush()
    with queries() as many:
        assert len(runs.candidates(Wanted())) == 22
    assert len(many) == len(few) <= 4


# --------------------------------------------------------------------------------------------------------------- runs


def test_run_raises_one_invoice_a_client_up_to_and_including_a_day(cast, visits, as_olivia, outbox):
    run = runs.order([cast.alice.id, cast.bob.id], Options(up_to=TUE), actor=as_olivia)
    db.session.commit()
    finish(run)
    assert raised() == [("Alice", InvoiceState.OPEN, D(20)), ("Bob", InvoiceState.OPEN, D(20))]
    assert (run.state, run.n_done, run.failures) == (BulkState.DONE, 2, [])
    assert {i.run_id for i in db.session.scalars(sa.select(Invoice))} == {run.id}
    assert sorted(m.client_id for m in outbox.mails(MailKind.INVOICE_SENT)) == sorted([cast.alice.id, cast.bob.id])
    assert books.check() == []
    again = runs.order([cast.alice.id, cast.bob.id], Options(), actor=as_olivia)
    finish(again)
    assert raised()[2:] == [("Alice", InvoiceState.OPEN, D(20))], "what is invoiced is not invoiced again"
    assert [f["why"] for f in again.failures] == ["No visit of this client waits to be invoiced."]


def test_run_takes_only_the_visits_that_the_list_was_about(cast, visits, as_olivia):
    group = make.service_group()
    other = make.job(cast.alice, make.service_item(group=group), on_date=MON, price=D(7))
    finish(runs.order([cast.alice.id], Options(service_group_id=group.id, mail=False), actor=as_olivia))
    assert raised() == [("Alice", InvoiceState.OPEN, other.price)]
    finish(runs.order([cast.alice.id], Options(first=TUE, mail=False), actor=as_olivia))
    assert raised()[1:] == [("Alice", InvoiceState.OPEN, D(20))]
    nothing = runs.order([cast.bob.id], Options(first=THU, mail=False), actor=as_olivia)
    finish(nothing)
    assert [f["why"] for f in nothing.failures] == ["No visit of this client waits to be invoiced."]
    assert runs.options_of(nothing) == Options(first=THU, mail=False)


def test_run_works_out_taxes_packages_terms_and_credit_as_one_invoice_does(cast, visits, as_olivia, outbox):
    cast.alice.tax_rate = money_make.tax_rate("City", D(10))
    cast.bob.payment_terms = money_make.payment_terms(days=3)
    kind = money_make.visit_package(service_item=cast.walk, n_visits=1)
    money_make.client_package(cast.alice, kind, service_item=cast.walk, n_visits=1)
    credit = money_make.payment(cast.bob, amount=D(5))
    ledger.post("payment.received", subject=credit, client=cast.bob, lines={Account.CASH: D(5), Account.CLIENT_CREDIT: D(-5)})  # fmt: skip
    finish(runs.order([cast.alice.id, cast.bob.id], Options(), actor=as_olivia))
    alices, bobs = db.session.scalars(sa.select(Invoice).order_by(Invoice.id))
    assert [(x.amount, x.tax_name, x.tax_percent) for x in alices.lines] == [
        (D(0), "City", D(10)),
        (D(20), "City", D(10)),
    ]
    assert [(t.name, t.base, t.amount) for t in alices.taxes] == [("City", D(20), D(2))]
    assert (alices.subtotal, alices.tax_total, alices.total) == (D(20), D(2), D(22))
    assert (alices.number, bobs.number, bobs.due_on - bobs.issued_on) == ("INV-1", "INV-2", dt.timedelta(days=3))
    assert sums.outstanding(bobs) == D(15)
    assert {m.client_id: m.facts["outstanding"] for m in outbox.mails(MailKind.INVOICE_SENT)} == {
        cast.alice.id: "22.00", cast.bob.id: "15.00",
    }  # fmt: skip
    assert books.check() == []


def test_who_is_refused_leaves_no_trace_and_no_gap(cast, visits, as_olivia, monkeypatch):
    kind = money_make.visit_package(service_item=cast.walk, n_visits=2)
    package = money_make.client_package(cast.alice, kind, service_item=cast.walk, n_visits=2)
    free = make.client("Free", "Of charge")
    make.job(free, cast.walk, on_date=MON, price=D(0))
    db.session.commit()
    monkeypatch.setattr(drafting, "MOST_LINES", 1)
    run = runs.order([cast.alice.id, cast.bob.id, free.id], Options(), actor=as_olivia)
    finish(run)
    assert [(f["job_id"], f["why"]) for f in run.failures] == [
        (cast.alice.id, "An invoice can have at most %(most)s lines.")
    ]
    assert raised() == [("Bob", InvoiceState.OPEN, D(20)), ("Free", InvoiceState.PAID, D(0))]
    assert package.uses == []
    monkeypatch.undo()
    finish(bulk.retry(run, actor=as_olivia))
    assert [(i.client.first_name, i.number, i.total) for i in db.session.scalars(sa.select(Invoice).order_by(Invoice.id))] == [
        ("Bob", "INV-1", D(20)), ("Free", "INV-2", D(0)), ("Alice", "INV-3", D(0)),
    ]  # fmt: skip
    assert books.check() == []


def test_a_further_client_costs_a_run_no_statement(cast, visits, as_olivia):
    """All are read at once and written at once; old visits are not read at all."""

    def n_statements(client_ids):
        run = runs.order(client_ids, Options(first=MON), actor=as_olivia)
        db.session.commit()
        db.session.expire_all()
        with queries() as sent:
            bulk.work(run.id)
        assert run.n_done == len(client_ids)
        return len(sent)

    more = [make.client("More", f"No {n}", email=f"more{n}@example.com") for n in range(11)]
    for client in more:
        make.job(client, cast.walk, on_date=MON)
        make.job(client, cast.walk, on_date=MON - dt.timedelta(days=30))
    db.session.commit()
    one, ten = n_statements([more[0].id]), n_statements([c.id for c in more[1:]])
    assert ten <= one <= 25


def test_run_without_mail_and_of_drafts_only(cast, visits, as_olivia, outbox):
    finish(runs.order([cast.alice.id], Options(mail=False), actor=as_olivia))
    assert len(outbox.mails(MailKind.INVOICE_SENT)) == 0
    finish(runs.order([cast.bob.id], Options(only_drafts=True, take_payment=True), actor=as_olivia))
    assert raised() == [("Alice", InvoiceState.OPEN, D(40)), ("Bob", InvoiceState.DRAFT, D(20))]
    assert db.session.scalar(sa.select(sa.func.count()).where(BulkRun.kind == BulkKind.CHARGE)) == 0


def test_failures_are_listed_and_can_be_tried_again(cast, visits, as_olivia):
    nobody = make.client("Nora", "Nothing")
    run = runs.order([cast.alice.id, nobody.id], Options(up_to=THU, mail=False), actor=as_olivia)
    finish(run)
    assert [(f["job_id"], f["values"]["label"]) for f in run.failures] == [(nobody.id, "Nora Nothing")]
    make.job(nobody, cast.walk, on_date=MON)
    again = bulk.retry(run, actor=as_olivia)
    assert (again.wish["ids"], runs.options_of(again)) == ([nobody.id], Options(up_to=THU, mail=False))
    finish(again)
    assert (again.n_done, again.failures) == (1, [])


def test_order_refuses_nobody_too_many_and_whoever_may_not(cast, monkeypatch, as_olivia):
    with pytest.raises(Invalid, match="at least one"):
        runs.order([], Options(), actor=as_olivia)
    with pytest.raises(Invalid, match="at least one"):
        runs.order_charges([], actor=as_olivia)
    with pytest.raises(NotAllowed):
        runs.order([cast.alice.id], Options(), actor=staff_actor(cast.sam))
    monkeypatch.setattr(runs, "MOST", 1)
    with pytest.raises(Invalid, match="At most 1"):
        runs.order([cast.alice.id, cast.bob.id], Options(), actor=as_olivia)
    monkeypatch.setitem(ROLE_PERMISSIONS, StaffRole.MANAGER, frozenset({Permission.SCHEDULE}))
    run = runs.order([cast.alice.id], Options(), actor=as_olivia)
    with pytest.raises(NotAllowed):
        bulk.stop(run, actor=staff_actor(cast.max))
    bulk.stop(run, actor=as_olivia)
    with pytest.raises(Conflict):
        bulk.stop(run, actor=as_olivia)


def test_two_workers_on_one_run_raise_each_invoice_once(cast, visits, as_olivia, together):
    run_id = runs.order([cast.alice.id, cast.bob.id], Options(mail=False), actor=as_olivia).id
    db.session.commit()
    together(*[lambda: bulk.work(run_id)] * 4)
    assert raised() == [("Alice", InvoiceState.OPEN, D(40)), ("Bob", InvoiceState.OPEN, D(20))]


# ------------------------------------------------------------------------------------------------------------ charges


def test_automatic_payment_is_taken_where_it_is_allowed(app, cast, visits, card, as_olivia):
    run = runs.order([cast.alice.id, cast.bob.id], Options(take_payment=True), actor=as_olivia)
    db.session.commit()
    tasks.orders.bulk_orders(app)
    db.session.expire_all()
    assert raised() == [("Alice", InvoiceState.PAID, D(40)), ("Bob", InvoiceState.OPEN, D(20))]
    charge = db.session.scalars(sa.select(BulkRun).where(BulkRun.kind == BulkKind.CHARGE)).one()
    assert (charge.wish["of_run"], charge.n_done, charge.failures, charge.state) == (run.id, 1, [], BulkState.DONE)
    attempt = db.session.scalars(sa.select(PaymentAttempt)).one()
    assert (attempt.is_automatic, attempt.amount) == (True, D(40))
    assert books.check() == []


def test_a_declined_charge_is_listed_and_the_invoice_stays_open(app, cast, card, as_olivia):
    make.job(cast.alice, cast.walk, on_date=MON, price=D(2000))
    db.session.commit()
    runs.order([cast.alice.id], Options(take_payment=True), actor=as_olivia)
    db.session.commit()
    tasks.orders.bulk_orders(app)
    db.session.expire_all()
    assert raised() == [("Alice", InvoiceState.OPEN, D(2000))]
    charge = db.session.scalars(sa.select(BulkRun).where(BulkRun.kind == BulkKind.CHARGE)).one()
    ((failure),) = charge.failures
    assert (failure["values"]["label"], bool(failure["why"])) == (f"Alice Archer, {invoice_number()}", True)
    assert runs.retry(charge, actor=as_olivia).wish["ids"] == [failure["job_id"]]


def invoice_number():
    return db.session.scalars(sa.select(Invoice.number)).one()


def test_a_charge_is_taken_once_however_often_the_worker_comes(app, cast, visits, card, as_olivia, together):
    finish(runs.order([cast.alice.id], Options(mail=False), actor=as_olivia))
    invoice = db.session.scalars(sa.select(Invoice)).one()
    run_id = runs.order_charges([invoice.id], actor=as_olivia).id
    db.session.commit()
    together(*[lambda: runs.charge_next(run_id, gateway=app.extensions["gateway"])] * 4)
    db.session.expire_all()
    assert db.session.scalars(sa.select(Payment.amount)).all() == [D(40)]
    run = db.session.get(BulkRun, run_id)
    assert (run.n_done, run.failures, run.state) == (1, [], BulkState.DONE)


def test_what_was_paid_meanwhile_or_may_not_be_charged_is_left_alone(app, cast, visits, card, as_olivia):
    finish(runs.order([cast.alice.id, cast.bob.id], Options(mail=False), actor=as_olivia))
    alices, bobs = db.session.scalars(sa.select(Invoice).order_by(Invoice.client_id))
    card.allows_automatic = False
    run = runs.order_charges([alices.id, bobs.id], actor=as_olivia)
    db.session.commit()
    tasks.orders.bulk_orders(app)
    db.session.expire_all()
    assert {f["why"] for f in run.failures} == {"No card or bank account may be charged automatically."}
    assert db.session.scalars(sa.select(Payment.id)).all() == []
