"""Two people at the same invoice in the same moment: one outcome, told to both, and the books stay right."""

from decimal import Decimal

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from foundation.db import db
from models import (
    AttemptState,
    Client,
    ClientPackage,
    CreditNote,
    Invoice,
    InvoiceLine,
    InvoiceState,
    Job,
    LineKind,
    NoteState,
    PackageUse,
    PaymentAttempt,
    Posting,
    Staff,
)
from tests import databases
from tests import money_factories as make_money
from tests.workflows.billing.bills import FRI, SAT, THU, drafted, issued, pay, right, walk
from workflows import cancelling
from workflows.actors import staff_actor
from workflows.billing import drafting, invoicing, notes, packages, sums
from workflows.billing.drafting import FreeLine
from workflows.cancellation import FREE
from workflows.errors import WorkflowError, WrongState
from workflows.locks import lock_client

D = Decimal


def refusals(results):
    return [r for r in results if isinstance(r, WorkflowError)]


def invoice_of(invoice_id):
    return db.session.get(Invoice, invoice_id)


def job_of(job_id):
    return db.session.get(Job, job_id)


def by(staff_id):
    """Somebody of the office, from the thread's own session."""
    return staff_actor(db.session.get(Staff, staff_id))


def cancelled(job_id, staff_id):
    return cancelling.cancel([job_of(job_id)], actor=by(staff_id), policy={job_id: FREE})


@pytest.fixture
def both(cast):
    """The ids of Max and Olivia."""
    return cast.max.id, cast.olivia.id


@pytest.mark.covers("M2")
def test_two_people_draft_one_visit_at_once(cast, both, together):
    job, alice = walk(cast).id, cast.alice.id
    results = together(
        *(
            lambda who=who: drafting.draft_for(db.session.get(Client, alice), jobs=[job_of(job)], actor=by(who)).id
            for who in both
        )
    )
    (refused,) = refusals(results)
    assert (refused.code, databases.count(Invoice), databases.count(InvoiceLine)) == ("visit_not_waiting", 1, 1)


def test_the_database_itself_refuses_a_visit_on_two_live_lines(cast):
    job = walk(cast)
    drafted(cast, job)
    other = drafted(cast)
    other.lines.append(InvoiceLine(job=job, description="Again", amount=D(1), position=1, kind=LineKind.VISIT))
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()


@pytest.mark.covers("M2")
def test_issue_pressed_by_many_at_once_issues_once(cast, both, together, outbox):
    draft = drafted(cast, walk(cast)).id
    results = together(*(lambda who=who: invoicing.issue(invoice_of(draft), actor=by(who)).number for who in both * 2))
    assert results == ["INV-1"] * 4
    assert (databases.count(Posting), len(outbox)) == (1, 1)


@pytest.mark.covers("M2")
def test_many_invoices_issued_at_once_have_numbers_without_a_gap(cast, together):
    drafts = [drafted(cast, walk(cast, day)).id for day in (THU, FRI, SAT)]
    drafts += [drafted(cast, cast.bobs_job, client=cast.bob).id]
    max_ = cast.max.id
    together(*(lambda i=i: invoicing.issue(invoice_of(i), actor=by(max_), mail=False) for i in drafts))
    assert sorted(db.session.scalars(sa.select(Invoice.sequence))) == [1, 2, 3, 4]
    assert right()


@pytest.mark.covers("M2", "X9")
def test_issue_and_cancel_at_once(cast, both, together):
    """Whoever comes second sees what the first did: the invoice is without the visit, or a note takes it off."""
    job = walk(cast).id
    draft = drafted(cast, job_of(job), lines=[FreeLine(description="Keys", unit_price=D(5))]).id
    results = together(
        lambda: invoicing.issue(invoice_of(draft), actor=by(both[0]), mail=False),
        lambda: cancelled(job, both[1]),
    )
    assert refusals(results) == []
    invoice = invoice_of(draft)
    open_notes = list(db.session.scalars(sa.select(CreditNote)))
    credited = sum((n.total for n in open_notes), D(0))
    assert invoice.total - credited == D("5.00")
    for note in open_notes:
        notes.commit(note, actor=cast.as_max)
    assert sums.outstanding(invoice) == D("5.00")
    assert right()


@pytest.mark.covers("X9", "X10")
@pytest.mark.parametrize("paid", ["0", "7.00", "20.00"])
def test_two_people_cancel_and_commit_at_once(cast, both, together, paid):
    job = walk(cast).id
    invoice = issued(cast, job_of(job))
    if D(paid):
        pay(cast, invoice, paid)
    (refused,) = refusals(together(*(lambda who=who: cancelled(job, who) for who in both)))
    assert isinstance(refused, WrongState)
    (note,) = db.session.scalars(sa.select(CreditNote.id))
    together(*(lambda who=who: notes.commit(db.session.get(CreditNote, note), actor=by(who)) for who in both))  # fmt: skip
    money = sums.client_money(cast.alice.id)
    assert (money.owed, money.credit) == (D("0.00"), D(paid))
    (refused,) = refusals(
        together(*(lambda who=who: cancelling.reinstate(job_of(job), actor=by(who)) for who in both))
    )  # fmt: skip
    (debit,) = db.session.scalars(sa.select(CreditNote.id).where(CreditNote.state == NoteState.OPEN))
    together(*(lambda who=who: notes.commit(db.session.get(CreditNote, debit), actor=by(who)) for who in both))  # fmt: skip
    money = sums.client_money(cast.alice.id)
    assert (money.owed, money.credit) == (D(20) - D(paid), D("0.00"))
    assert right()


def test_cancelling_two_visits_of_an_invoice_at_once_joins_one_note(cast, together):
    ids = [walk(cast, day).id for day in (THU, FRI)]
    issued(cast, *(job_of(i) for i in ids))
    max_ = cast.max.id
    assert refusals(together(*(lambda i=i: cancelled(i, max_) for i in ids))) == []
    (note,) = db.session.scalars(sa.select(CreditNote))
    assert (note.total, len(note.lines)) == (D("40.00"), 2)


def test_void_and_commit_at_once(cast, both, together):
    job = walk(cast)
    invoice = issued(cast, job, walk(cast, FRI)).id
    cancelled(job.id, cast.max.id)
    (note,) = db.session.scalars(sa.select(CreditNote.id))
    together(
        lambda: invoicing.void(invoice_of(invoice), actor=by(both[0]), reason="x"),
        lambda: notes.commit(db.session.get(CreditNote, note), actor=by(both[1])),
    )
    assert invoice_of(invoice).state is InvoiceState.VOID
    assert db.session.get(CreditNote, note).state is NoteState.DROPPED
    assert sums.client_money(cast.alice.id).owed == D("0.00")
    assert right()


def test_void_and_write_off_at_once(cast, both, together):
    invoice = issued(cast, walk(cast)).id
    results = together(
        lambda: invoicing.void(invoice_of(invoice), actor=by(both[0]), reason="x"),
        lambda: invoicing.write_off(invoice_of(invoice), actor=by(both[1]), reason="x"),
    )
    assert len(refusals(results)) == 1
    assert right()


def test_void_against_a_payment_that_begins(cast, together):
    """A payment locks the client before it writes its attempt: void sees it, or the attempt finds a void invoice."""
    invoice, client, max_ = issued(cast, walk(cast)).id, cast.alice.id, cast.max.id

    def begin_to_pay():
        lock_client(client)
        found = drafting.fresh_invoice(invoice)
        if found.state is not InvoiceState.OPEN:
            raise WrongState("void", "void")
        attempt = make_money.payment_attempt(found.client, amount=D(20))
        make_money.attempt_target(attempt, found, amount=D(20))

    results = together(begin_to_pay, lambda: invoicing.void(invoice_of(invoice), actor=by(max_), reason="x"))
    assert len(refusals(results)) == 1
    is_paid = databases.count(PaymentAttempt, PaymentAttempt.state == AttemptState.SENDING) == 1
    assert invoice_of(invoice).state is (InvoiceState.OPEN if is_paid else InvoiceState.VOID)


def test_two_visits_want_the_last_place_of_a_package_at_once(cast, together):
    kind = make_money.visit_package("One", service_item=cast.walk, n_visits=1, price=D(18))
    issued(cast, lines=[FreeLine(LineKind.PACKAGE, package=kind, unit_price=D(18))])
    ids, alice, max_ = [walk(cast, day).id for day in (THU, FRI)], cast.alice.id, cast.max.id
    results = together(
        *(
            lambda i=i: drafting.draft_for(db.session.get(Client, alice), jobs=[job_of(i)], actor=by(max_)).total
            for i in ids
        )
    )
    assert sorted(results) == [D("0.00"), D("20.00")]
    assert databases.count(PackageUse) == 1


def test_the_database_itself_refuses_a_place_that_is_taken(cast):
    kind = make_money.visit_package("One", service_item=cast.walk, n_visits=1, price=D(18))
    issued(cast, lines=[FreeLine(LineKind.PACKAGE, package=kind, unit_price=D(18))])
    package = db.session.scalars(sa.select(ClientPackage)).one()
    packages.draw(walk(cast), packages.open_packages(cast.alice.id))
    db.session.add(PackageUse(package=package, job=walk(cast, FRI), position=1))
    with pytest.raises(IntegrityError):
        db.session.flush()
    db.session.rollback()
