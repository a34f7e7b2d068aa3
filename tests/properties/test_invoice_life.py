"""The life of invoices in any order: drafted, issued, paid, changed, credited, voided; the books are right after each step.

A machine does what the office and a client do with the visits of one client. After each step the books are compared
with invoices, payments and notes, no invoice is paid with more than it asks for, and what was billed for each visit is
what it costs, once all open notes are committed.
"""

import datetime as dt
from decimal import Decimal

import sqlalchemy as sa
from flask import Flask
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from foundation.db import db
from models import (
    CreditNote,
    Invoice,
    InvoiceLine,
    InvoiceState,
    Job,
    JobState,
    LineKind,
    NoteKind,
    NoteState,
    RefundTo,
)
from tests import cast as cast_
from tests import databases
from tests import money_factories as make_money
from tests.workflows.billing import bills
from tests.workflows.reports import agreeing
from workflows import cancelling, changing, settings
from workflows.actors import COMMAND_LINE
from workflows.billing import books, drafting, invoicing, note_sums, notes, sums, visit_lines
from workflows.billing.drafting import FreeLine
from workflows.cancellation import Outcome
from workflows.changing import Change
from workflows.errors import WorkflowError

#: an example fills and empties tables, so fewer of them
FEWER = effort(max_examples=max(effort.default.max_examples // 5, 6), stateful_step_count=25)
WHICH = st.integers(0, 7)
CENTS = st.integers(1, 6000).map(lambda n: Decimal(n) / 100)
D = Decimal


class InvoiceLife(RuleBasedStateMachine):
    """Each rule is one transaction, or refused and nothing."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        db.session.rollback()
        databases.empty(app)
        settings.forget()
        self.cast = cast_.make_cast()
        db.session.commit()

    @initialize(
        inclusive=st.booleans(),
        at_once=st.booleans(),
        spend=st.booleans(),
        percent=st.sampled_from(["0", "8.875", "19"]),
    )
    def the_business_is_set_up(self, inclusive: bool, at_once: bool, spend: bool, percent: str) -> None:
        """Prices with or without tax; credit by itself or by hand; a package and six visits of odd prices."""
        settings.change({"tax.inclusive": inclusive, "billing.commit_on_cancel": at_once, "billing.spend_credit": spend}, actor=COMMAND_LINE)  # fmt: skip
        self.cast.walk.price, self.cast.walk.extra_pet_price = D("20.15"), D("3.33")
        if percent != "0":
            make_money.tax_rate("Tax", D(percent), is_default=True)
        self.package = make_money.visit_package("Two", service_item=self.cast.walk, n_visits=2, price=D("30.01"))
        for n, price in enumerate(("20.15", "0.45", "19.99", "33.33", "0.01", "20.15")):
            bills.walk(self.cast, dt.date(2026, 11, 24) + dt.timedelta(days=n), price=D(price))
        db.session.commit()

    def _do(self, act) -> None:
        """Commit it, or nothing of it."""
        try:
            act()
            db.session.commit()
        except WorkflowError:
            db.session.rollback()
        db.session.expire_all()

    def _pick(self, kind, which: int, *where):
        found = list(db.session.scalars(sa.select(kind).where(*where).order_by(kind.id)))
        return found[which % len(found)] if found else None

    def _visit(self, which: int) -> Job | None:
        return self._pick(Job, which, Job.client_id == self.cast.alice.id)

    @rule(which=WHICH, n=st.integers(1, 3), off=st.sampled_from(["", "10", "33.333"]), package=st.booleans())
    def draft(self, which: int, n: int, off: str, package: bool) -> None:
        waiting = visit_lines.waiting(self.cast.alice.id)[which % 3 :][:n]

        def act() -> None:
            draft = drafting.draft_for(self.cast.alice, jobs=waiting, actor=self.cast.as_max)
            if package:
                line = FreeLine(LineKind.PACKAGE, package=self.package, unit_price=self.package.price)
                drafting.add_line(draft, line, actor=self.cast.as_max)
            if off:
                drafting.add_line(draft, FreeLine(LineKind.DISCOUNT, "Less", percent=D(off)), actor=self.cast.as_max)

        self._do(act)

    @rule(which=WHICH)
    def drop(self, which: int) -> None:
        if draft := self._pick(Invoice, which, Invoice.state == InvoiceState.DRAFT):
            self._do(lambda: drafting.drop(draft, actor=self.cast.as_max))

    @rule(which=WHICH)
    def issue(self, which: int) -> None:
        if draft := self._pick(Invoice, which, Invoice.state == InvoiceState.DRAFT):
            self._do(lambda: invoicing.issue(draft, actor=self.cast.as_max, mail=False))

    @rule(which=WHICH, amount=CENTS)
    def pay(self, which: int, amount: Decimal) -> None:
        if invoice := self._pick(Invoice, which, Invoice.state == InvoiceState.OPEN):
            self._do(lambda: bills.pay(self.cast, invoice, amount))

    @rule(which=WHICH, what=st.sampled_from(["void", "write_off", "undo", "raise_again"]))
    def end(self, which: int, what: str) -> None:
        invoice, who = self._pick(Invoice, which, Invoice.state != InvoiceState.DRAFT), self.cast.as_max
        if invoice is None:
            return
        acts = {
            "void": lambda: invoicing.void(invoice, actor=who, reason="x"),
            "write_off": lambda: invoicing.write_off(invoice, actor=who, reason="x"),
            "undo": lambda: invoicing.undo_write_off(invoice, actor=who),
            "raise_again": lambda: invoicing.raise_again(invoice, actor=who),
        }
        self._do(acts[what])

    @rule(which=WHICH, share=st.sampled_from(["0", "0.5", "1"]), portal=st.booleans(), money=st.booleans())
    def cancel(self, which: int, share: str, portal: bool, money: bool) -> None:
        if job := self._visit(which):
            fee = (job.price * D(share)).quantize(D("0.01"))
            outcome = Outcome(fee, D(0), RefundTo.MONEY if money else RefundTo.CREDIT)
            who = self.cast.as_alice if portal else self.cast.as_max
            self._do(lambda: cancelling.cancel([job], actor=who, policy={job.id: outcome}))

    @rule(which=WHICH)
    def reinstate(self, which: int) -> None:
        if job := self._pick(Job, which, Job.state == JobState.CANCELLED):
            self._do(lambda: cancelling.reinstate(job, actor=self.cast.as_max))

    @rule(which=WHICH, two=st.booleans())
    def reprice(self, which: int, two: bool) -> None:
        job, pets = self._visit(which), [self.cast.biscuit, *([self.cast.mochi] if two else [])]
        if job is not None:
            wanted = Change(item=job.service_item, on_date=job.on_date, start_time=job.start_time, block=None, sitter=job.sitter, pets=pets, note="", staff_note="")  # fmt: skip
            self._do(lambda: changing.change(job, wanted, actor=self.cast.as_max))

    @rule(which=WHICH, drop=st.booleans())
    def note(self, which: int, drop: bool) -> None:
        if note := self._pick(CreditNote, which, CreditNote.state == NoteState.OPEN):
            do = notes.drop if drop and which > 5 else notes.commit
            self._do(lambda: do(note, actor=self.cast.as_max))

    @rule(amount=CENTS)
    def give_credit(self, amount: Decimal) -> None:
        self._do(lambda: notes.grant_credit(self.cast.alice, amount, actor=self.cast.as_max, reason="x"))

    # ------------------------------------------------------------------------------------------------- what must hold

    @invariant()
    def the_books_are_right(self) -> None:
        assert [str(difference) for difference in books.check()] == []

    @invariant()
    def no_invoice_is_paid_with_more_than_it_asks_for(self) -> None:
        for invoice in db.session.scalars(sa.select(Invoice)):
            own = sums.invoice_sums([invoice.id])[invoice.id]
            assert D(0) <= own.outstanding <= own.payable

    @invariant()
    def credit_notes_never_give_more_than_was_asked_for(self) -> None:
        for invoice in db.session.scalars(sa.select(Invoice).where(Invoice.state != InvoiceState.DRAFT)):
            given = sum(
                (n.total for n in invoice.notes if n.state is NoteState.COMMITTED and n.kind is NoteKind.CREDIT), D(0)
            )
            assert given <= invoice.payable

    @invariant()
    def what_is_billed_and_open_is_what_each_visit_costs(self) -> None:
        """As far as no note was thrown away: then the office decided otherwise."""
        for line in db.session.scalars(
            sa.select(InvoiceLine).where(InvoiceLine.job_id.is_not(None), InvoiceLine.is_live)
        ):
            invoice, own = line.invoice, list(line.invoice.notes)
            thrown = any(n.state is NoteState.DROPPED and n.lines for n in own)
            use = visit_lines.package_use(line.job)
            cost = visit_lines.cost(line.job, by_package=use is not None)
            if invoice.state is InvoiceState.DRAFT:
                assert line.amount == cost
            elif not thrown:
                waits = sum((x.amount if n.kind is NoteKind.DEBIT else -x.amount for n in own if n.state is NoteState.OPEN for x in n.lines if x.invoice_line_id == line.id), D(0))  # fmt: skip
                assert note_sums.billed(invoice, line, own) + waits == note_sums.worth(invoice, line, cost)

    @invariant()
    def numbers_have_no_gap(self) -> None:
        given = sorted(s for s in db.session.scalars(sa.select(Invoice.sequence)) if s is not None)
        assert given == list(range(1, len(given) + 1))

    def teardown(self) -> None:
        agreeing.agree()


def test_the_life_of_invoices(app):
    run_state_machine_as_test(lambda: InvoiceLife(app), settings=FEWER)
    db.session.rollback()
