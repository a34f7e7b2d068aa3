"""Notes: what becomes of invoiced visits that are cancelled, put back, repriced or void, to the cent and never twice."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import (
    Account,
    CreditNote,
    InvoiceState,
    JobState,
    LineKind,
    NoteKind,
    NoteState,
    Notification,
    NotificationKind,
    RefundTo,
)
from tests import databases
from tests import factories as make
from tests import money_factories as make_money
from tests.workflows.billing.bills import FRI, SAT, THU, drafted, issued, item, pay, right, walk
from workflows import back_to_request, cancelling, change_asking, changing, settings
from workflows.actors import COMMAND_LINE
from workflows.billing import (
    crediting,
    drafting,
    frozen,
    invoicing,
    ledger,
    note_changes,
    note_hooks,
    notes,
    sums,
    visit_lines,
)
from workflows.billing.drafting import FreeLine
from workflows.billing.papers import EntryKind, PaperKind, PaperStatus
from workflows.cancellation import Outcome
from workflows.changing import Change
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind

D = Decimal


def cancel(cast, *visits, fee="0.00", refund_to=RefundTo.CREDIT, actor=None):
    outcome = Outcome(D(fee), D(0), refund_to, "Late")
    return cancelling.cancel(visits, actor=actor or cast.as_max, policy={v.id: outcome for v in visits})


def all_notes():
    db.session.flush()
    return list(db.session.scalars(sa.select(CreditNote).order_by(CreditNote.id)))


def told(kind):
    db.session.flush()
    return list(
        db.session.scalars(
            sa.select(Notification).where(Notification.kind == kind, Notification.dismissed_at.is_(None))
        )
    )


def client_stands(client):
    money = sums.client_money(client.id)
    return money.owed, money.credit


def wanted(job, **changed):
    facts = {
        "item": job.service_item, "on_date": job.on_date, "start_time": job.start_time, "block": job.time_block,
        "sitter": job.sitter, "pets": job.pets, "note": job.note, "staff_note": job.staff_note,
    }  # fmt: skip
    return Change(**(facts | changed))


# ------------------------------------------------------------------------------------------------ opening and joining


@pytest.mark.covers("X9")
def test_cancelling_an_invoiced_visit_opens_a_credit_note_that_further_ones_join(cast):
    first, second, third = walk(cast, THU), walk(cast, FRI), walk(cast, SAT)
    invoice = issued(cast, first, second, third)
    cancel(cast, first, fee="5.00")
    (note,) = all_notes()
    assert (note.kind, note.state, note.invoice, note.total, note.number) == (NoteKind.CREDIT, NoteState.OPEN, invoice, D("15.00"), None)  # fmt: skip
    cancel(cast, second)
    assert [(x.description, x.on_date, x.amount) for x in note.lines] == [
        ("Cancelled: Dog walk", THU, D("15.00")),
        ("Cancelled: Dog walk", FRI, D("20.00")),
    ]
    assert (len(all_notes()), note.total, notes.n_open()) == (1, D("35.00"), 1)
    assert len(told(NotificationKind.NOTE_OPENED)) == 1, "HOME says it once"
    assert client_stands(cast.alice) == (D("60.00"), D("0.00")), "open notes do not count"
    assert right()


@pytest.mark.covers("X9", "X10")
def test_reinstating_before_commitment_leaves_nothing_of_it(cast):
    job = walk(cast)
    invoice = issued(cast, job)
    for _ in range(2):
        cancel(cast, job, fee="5.00")
        cancelling.reinstate(job, actor=cast.as_max)
    assert [n.state for n in all_notes()] == [NoteState.DROPPED, NoteState.DROPPED]
    assert (notes.n_open(), told(NotificationKind.NOTE_OPENED)) == (0, [])
    assert sums.outstanding(invoice) == D("20.00")


@pytest.mark.covers("X9", "X10")
@pytest.mark.parametrize("paid", ["0", "8.00", "20.00"])
@pytest.mark.parametrize("fee", ["0.00", "5.00", "20.00"])
def test_cancelled_and_reinstated_ends_right_to_the_cent(cast, paid, fee):
    """Unpaid, part-paid and paid; free, with a fee, in full: committed, put back, committed, twice over."""
    job = walk(cast)
    invoice = issued(cast, job)
    if D(paid):
        pay(cast, invoice, paid)
    for _ in range(2):
        cancel(cast, job, fee=fee)
        for note in all_notes():
            if note.state is NoteState.OPEN:
                notes.commit(note, actor=cast.as_max)
                notes.commit(note, actor=cast.as_max)
        owed = max(D(fee) - D(paid), D(0))
        assert client_stands(cast.alice) == (owed, max(D(paid) - D(fee), D(0)))
        assert invoice.state is (InvoiceState.OPEN if owed else InvoiceState.PAID)
        assert right()
        cancelling.reinstate(job, actor=cast.as_max)
        for note in all_notes():
            if note.state is NoteState.OPEN:
                notes.commit(note, actor=cast.as_max)
        assert client_stands(cast.alice) == (D(20) - D(paid), D("0.00"))
        assert invoice.state is (InvoiceState.PAID if D(paid) == D(20) else InvoiceState.OPEN)
        assert right()
    kinds = [n.kind for n in all_notes()]
    assert kinds == ([] if fee == "20.00" else [NoteKind.CREDIT, NoteKind.DEBIT] * 2)


@pytest.mark.covers("X9")
def test_a_visit_that_is_cancelled_before_it_is_invoiced_just_costs_the_fee(cast):
    job = walk(cast)
    cancel(cast, job, fee="5.00")
    invoice = issued(cast, job)
    assert (invoice.total, all_notes()) == (D("5.00"), [])
    cancelling.reinstate(job, actor=cast.as_max)
    (note,) = all_notes()
    assert (note.kind, note.total) == (NoteKind.DEBIT, D("15.00"))


def test_a_draft_follows_its_visits(cast):
    job, other = walk(cast), walk(cast, FRI)
    draft = drafted(cast, job, other)
    cancel(cast, job, fee="5.00")
    assert [(x.kind, x.amount) for x in drafting.fresh_invoice(draft.id).lines] == [(LineKind.FEE, D("5.00")), (LineKind.VISIT, D("20.00"))]  # fmt: skip
    cancelling.reinstate(job, actor=cast.as_max)
    cancel(cast, job)
    fresh = drafting.fresh_invoice(draft.id)
    assert ([x.job for x in fresh.lines], fresh.total, all_notes()) == ([other], D("20.00"), [])


# --------------------------------------------------------------------------------------------- other ways of changing


@pytest.mark.covers("M2")
def test_repricing_opens_a_debit_note_and_going_back_drops_it(cast):
    job = walk(cast, price=20)
    cast.walk.price, cast.walk.extra_pet_price = D(20), D(4)
    invoice = issued(cast, job)
    changing.change(job, wanted(job, pets=[cast.biscuit, cast.mochi]), actor=cast.as_max)
    (note,) = all_notes()
    assert (note.kind, note.total, note.lines[0].description) == (NoteKind.DEBIT, D("4.00"), "Changed: Dog walk")
    changing.change(job, wanted(job, pets=[cast.biscuit]), actor=cast.as_max)
    assert note.state is NoteState.DROPPED
    changing.change(job, wanted(job, pets=[cast.biscuit, cast.mochi]), actor=cast.as_max)
    notes.commit(all_notes()[-1], actor=cast.as_max)
    assert (invoice.debited, invoice.payable, sums.outstanding(invoice)) == (D("4.00"), D("24.00"), D("24.00"))
    changing.change(job, wanted(job, pets=[cast.biscuit]), actor=cast.as_max)
    assert (all_notes()[-1].kind, all_notes()[-1].total) == (NoteKind.CREDIT, D("4.00"))
    assert right()


def test_a_note_of_each_kind_can_be_open_at_once(cast):
    dearer, off = walk(cast, THU), walk(cast, FRI)
    cast.walk.price, cast.walk.extra_pet_price = D(20), D(4)
    invoice = issued(cast, dearer, off)
    changing.change(dearer, wanted(dearer, pets=[cast.biscuit, cast.mochi]), actor=cast.as_max)
    cancel(cast, off)
    assert {(n.kind, n.total) for n in all_notes()} == {(NoteKind.DEBIT, D("4.00")), (NoteKind.CREDIT, D("20.00"))}
    for note in all_notes():
        notes.commit(note, actor=cast.as_max)
    assert sums.outstanding(invoice) == D("24.00")
    assert right()


def test_void_and_unvoid(cast):
    job = walk(cast, dt.date(2026, 11, 20), state=JobState.COMPLETED)
    invoice = issued(cast, job)
    pay(cast, invoice)
    cancelling.void([job], actor=cast.as_max, reason="Nobody came")
    notes.commit(all_notes()[-1], actor=cast.as_max)
    assert client_stands(cast.alice) == (D("0.00"), D("20.00"))
    cancelling.unvoid([job], actor=cast.as_max)
    notes.commit(all_notes()[-1], actor=cast.as_max)
    assert client_stands(cast.alice) == (D("0.00"), D("0.00"))
    assert right()


def test_back_to_request_credits_the_visit_whole_and_it_is_invoiced_anew(cast):
    job = walk(cast)
    invoice = issued(cast, job)
    pay(cast, invoice)
    back_to_request.back_to_request([job], actor=cast.as_max)
    (note,) = all_notes()
    assert (note.total, note.lines[0].description) == (D("20.00"), "Back to request: Dog walk")
    notes.commit(note, actor=cast.as_max)
    again = issued(cast, walk(cast))
    assert (again.state, client_stands(cast.alice)) == (InvoiceState.PAID, (D("0.00"), D("0.00")))
    assert right()


def test_back_to_request_takes_the_visit_off_its_draft(cast):
    job = walk(cast)
    draft = drafted(cast, job, lines=[item(5)])
    back_to_request.back_to_request([job], actor=cast.as_max)
    assert [x.description for x in drafting.fresh_invoice(draft.id).lines] == ["Keys cut"]


# ------------------------------------------------------------------------------------------------------- the portal


@pytest.mark.covers("X9", "X10")
def test_the_portal_s_own_cancellation_credits_at_once(cast):
    settings.change({"changes.auto_approve": True}, actor=COMMAND_LINE)
    job = walk(cast, SAT)
    invoice = issued(cast, job)
    pay(cast, invoice)
    change_asking.ask_to_cancel(cast.alice, [job], actor=cast.as_alice)
    (note,) = all_notes()
    assert (job.state, note.state, note.number) == (JobState.CANCELLED, NoteState.COMMITTED, "CN-1")
    assert client_stands(cast.alice) == (D("0.00"), D("20.00"))
    assert told(NotificationKind.NOTE_OPENED) == []
    assert right()


def test_or_waits_for_the_office_as_the_setting_says(cast):
    settings.change({"changes.auto_approve": True, "billing.commit_on_cancel": False}, actor=COMMAND_LINE)
    job = walk(cast, SAT)
    issued(cast, job)
    change_asking.ask_to_cancel(cast.alice, [job], actor=cast.as_alice)
    assert [n.state for n in all_notes()] == [NoteState.OPEN]
    assert len(told(NotificationKind.NOTE_OPENED)) == 1


@pytest.mark.covers("X10")
@pytest.mark.parametrize(("paid", "due"), [("0", None), ("6.00", "1.00"), ("20.00", "15.00")])
def test_money_back_is_told_with_what_was_really_paid(cast, paid, due):
    job = walk(cast)
    invoice = issued(cast, job)
    if D(paid):
        pay(cast, invoice, paid)
    cancel(cast, job, fee="5.00", refund_to=RefundTo.MONEY)
    notes.commit(all_notes()[0], actor=cast.as_max)
    found = [line.facts["amount"] for line in told(NotificationKind.REFUND_DUE)]
    assert found == ([due] if due else [])
    assert client_stands(cast.alice)[1] == (D(due) if due else D(0))


def test_credit_that_stays_on_account_is_no_refund(cast):
    job = walk(cast)
    pay(cast, issued(cast, job))
    cancel(cast, job)
    notes.commit(all_notes()[0], actor=cast.as_max)
    assert told(NotificationKind.REFUND_DUE) == []


# -------------------------------------------------------------------------------------------------- tax and discounts


@pytest.mark.covers("M2", "M3")
@pytest.mark.parametrize("inclusive", [False, True])
def test_notes_one_after_the_other_give_back_exactly_what_was_asked_for(cast, inclusive):
    """Nine visits of 0.45 at 19 %: a tax for each note by itself would give back 0.81 of 0.77."""
    settings.change({"tax.inclusive": inclusive}, actor=COMMAND_LINE)
    make_money.tax_rate("VAT", D(19), is_default=True)
    visits = [walk(cast, THU, price="0.45", start_time=dt.time(8 + n)) for n in range(9)]
    invoice = issued(cast, *visits, lines=[FreeLine(LineKind.DISCOUNT, "Ten", percent=D(10))])
    pay(cast, invoice)
    for visit in visits:
        cancel(cast, visit)
        notes.commit(all_notes()[-1], actor=cast.as_max)
        assert right()
    assert sum(n.total for n in all_notes()) == invoice.total
    assert sum(n.tax_total for n in all_notes()) == invoice.tax_total
    assert client_stands(cast.alice) == (D("0.00"), invoice.total)
    stands = ledger.client_balances([cast.alice.id])[cast.alice.id]
    assert (stands[Account.INCOME], stands[Account.TAX_PAYABLE]) == (D("0.00"), D("0.00"))


def test_a_discount_holds_for_what_is_credited(cast):
    job = walk(cast, price=50)
    invoice = issued(cast, job, walk(cast, FRI, price=50), lines=[FreeLine(LineKind.DISCOUNT, "Off", unit_price=D(10))])
    cancel(cast, job, fee="10.00")
    assert all_notes()[0].total == D("36.00"), "45.00 were asked for, 9.00 of it stay"
    notes.commit(all_notes()[0], actor=cast.as_max)
    assert sums.outstanding(invoice) == D("54.00")


# ---------------------------------------------------------------------------------------------------- commit and drop


def test_a_committed_note_is_frozen_and_has_a_paper(cast):
    make_money.tax_rate("VAT", D(20), is_default=True)
    job = walk(cast)
    invoice = issued(cast, job)
    cancel(cast, job)
    note = all_notes()[0]
    assert notes.paper(note).status is PaperStatus.DRAFT
    notes.commit(note, actor=cast.as_max)
    paper = notes.paper(note)
    assert (paper.kind, paper.number, paper.applies_to, paper.total) == (PaperKind.CREDIT_NOTE, "CN-1", "INV-1", "24.00")  # fmt: skip
    assert [(t.name, t.rate, t.base, t.amount) for t in paper.taxes] == [("VAT", "20", "20.00", "4.00")]
    assert [p.number for p in invoicing.paper(drafting.fresh_invoice(invoice.id)).attached] == ["CN-1"]
    assert [e.kind for e in invoicing.paper(invoice).entries] == [EntryKind.CREDIT_NOTE]
    db.session.commit()
    for change in (lambda: setattr(note, "total", D(1)), lambda: setattr(note.lines[0], "amount", D(1)), lambda: db.session.delete(note)):  # fmt: skip
        change()
        with pytest.raises(frozen.FrozenError):
            db.session.flush()
        db.session.rollback()


@pytest.mark.parametrize("state", [NoteState.COMMITTED, NoteState.DROPPED])
def test_what_is_committed_or_dropped_stays_so(cast, state):
    job = walk(cast)
    issued(cast, job)
    cancel(cast, job)
    note = all_notes()[0]
    notes.commit(note, actor=cast.as_max) if state is NoteState.COMMITTED else notes.drop(note, actor=cast.as_max)
    with pytest.raises(WrongState):
        notes.drop(note, actor=cast.as_max)
    if state is NoteState.DROPPED:
        for do in (notes.commit, notes.send):
            with pytest.raises(WrongState):
                do(note, actor=cast.as_max)
    assert (note.state, right()) == (state, True)


def test_commit_refuses_what_was_looked_at_before_it_changed(cast):
    first, second = walk(cast), walk(cast, FRI)
    issued(cast, first, second)
    cancel(cast, first)
    note = all_notes()[0]
    seen = note.version
    cancel(cast, second)
    with pytest.raises(Conflict):
        notes.commit(note, actor=cast.as_max, seen_version=seen)
    with pytest.raises(NotAllowed):
        notes.commit(note, actor=cast.as_sam)
    with pytest.raises(NotAllowed):
        notes.drop(note, actor=cast.as_alice)


def test_a_written_off_invoice_owes_that_much_less(cast):
    job = walk(cast)
    invoice = issued(cast, job, walk(cast, FRI))
    pay(cast, invoice, 10)
    invoicing.write_off(invoice, actor=cast.as_max, reason="Gone")
    cancel(cast, job)
    notes.commit(all_notes()[0], actor=cast.as_max)
    assert (invoice.state, invoice.written_off) == (InvoiceState.WRITTEN_OFF, D("10.00"))
    assert right()
    cancelling.reinstate(job, actor=cast.as_max)
    notes.commit(all_notes()[-1], actor=cast.as_max)
    assert (invoice.state, sums.outstanding(invoice)) == (InvoiceState.OPEN, D("20.00"))
    assert right()


def test_voiding_the_invoice_undoes_its_notes(cast):
    first, second, third = walk(cast), walk(cast, FRI), walk(cast, SAT)
    cast.walk.price, cast.walk.extra_pet_price = D(20), D(4)
    invoice = issued(cast, first, second, third)
    pay(cast, invoice, 30)
    cancel(cast, first)
    notes.commit(all_notes()[-1], actor=cast.as_max)
    changing.change(second, wanted(second, pets=[cast.biscuit, cast.mochi]), actor=cast.as_max)
    notes.commit(all_notes()[-1], actor=cast.as_max)
    cancel(cast, third)
    invoicing.void(invoice, actor=cast.as_max, reason="All wrong")
    assert {n.state for n in all_notes()} == {NoteState.DROPPED}
    assert client_stands(cast.alice) == (D("0.00"), D("30.00"))
    assert [j.id for j in visit_lines.waiting(cast.alice.id)] == [second.id]
    assert right()


def test_send_mails_a_committed_note(cast, outbox):
    job = walk(cast)
    pay(cast, issued(cast, job))
    cancel(cast, job)
    note = all_notes()[0]
    with pytest.raises(WrongState):
        notes.send(note, actor=cast.as_max)
    notes.commit(note, actor=cast.as_max, mail=True)
    facts = outbox.facts(MailKind.CREDIT_NOTE_SENT)
    assert (facts.number, facts.invoice_number, facts.total, facts.on_account) == ("CN-1", "INV-1", "20.00", "20.00")
    notes.send(note, actor=cast.as_max)
    assert len(outbox.mails(MailKind.CREDIT_NOTE_SENT)) == 2


def test_granted_credit_pays_the_next_invoice(cast):
    note = notes.grant_credit(cast.alice, D("7.50"), actor=cast.as_max, reason="We were late")
    assert (note.number, note.state, client_stands(cast.alice)) == ("CN-1", NoteState.COMMITTED, (D("0.00"), D("7.50")))
    invoice = issued(cast, walk(cast))
    assert sums.outstanding(invoice) == D("12.50")
    assert [e.kind for e in invoicing.paper(invoice).entries] == [EntryKind.CREDIT]
    assert right()


@pytest.mark.parametrize(("amount", "reason", "field"), [("0", "x", "amount"), ("-1", "x", "amount"), ("0.001", "x", "amount"), ("NaN", "x", "amount"), ("5", " ", "reason")])  # fmt: skip
def test_what_cannot_be_granted(cast, amount, reason, field):
    with pytest.raises(Invalid) as refused:
        notes.grant_credit(cast.alice, D(amount), actor=cast.as_max, reason=reason)
    assert refused.value.field == field


def test_credit_is_granted_by_who_may(cast):
    for who in (cast.as_alice, cast.as_sam):
        with pytest.raises(NotAllowed):
            notes.grant_credit(cast.alice, D(5), actor=who, reason="x")


def test_visits_of_other_clients_are_left_alone(cast):
    issued(cast, cast.bobs_job, client=cast.bob)
    cancel(cast, walk(cast))
    assert all_notes() == []
    assert make.job(cast.bob).state is JobState.SCHEDULED


# ------------------------------------------------------------------------------------------ dropped, and freed credit


@pytest.mark.covers("M2", "X9")
def test_a_difference_that_was_dropped_stays_dropped_until_the_visit_costs_something_else(cast):
    job = walk(cast, price=20)
    cast.walk.price, cast.walk.extra_pet_price = D(20), D(4)
    invoice = issued(cast, job)
    changing.change(job, wanted(job, pets=[cast.biscuit, cast.mochi]), actor=cast.as_max)
    notes.drop(all_notes()[0], actor=cast.as_max, reason="A present")
    changing.change(job, wanted(job, note="The blue lead"), actor=cast.as_max)
    changing.change(job, wanted(job, sitter=cast.sita), actor=cast.as_max)
    assert [n.state for n in all_notes()] == [NoteState.DROPPED], "what the office gave away is not asked for again"
    cast.walk.extra_pet_price = D(7)
    for pets in ([cast.biscuit], [cast.biscuit, cast.mochi]):
        changing.change(job, wanted(job, pets=pets), actor=cast.as_max)
    assert [(n.kind, n.state, n.total) for n in all_notes()[1:]] == [(NoteKind.DEBIT, NoteState.OPEN, D("7.00"))]
    assert sums.outstanding(invoice) == D("20.00")
    assert right()


def test_a_new_cancellation_after_a_dropped_one_is_told_again(cast):
    job = walk(cast)
    issued(cast, job)
    cancel(cast, job)
    notes.drop(all_notes()[0], actor=cast.as_max, reason="They come all the same")
    cancelling.reinstate(job, actor=cast.as_max)
    cancel(cast, job)
    assert [(n.state, n.total) for n in all_notes()] == [(NoteState.DROPPED, D("20.00")), (NoteState.OPEN, D("20.00"))]


@pytest.mark.covers("M4")
def test_freed_credit_pays_what_is_open_if_the_setting_says_so(cast, outbox):
    job = walk(cast)
    first = issued(cast, job)
    pay(cast, first, 20)
    second = issued(cast, walk(cast, FRI))
    cancel(cast, job)
    notes.commit(all_notes()[0], actor=cast.as_max, mail=True)
    assert (sums.outstanding(second), client_stands(cast.alice)) == (D("0.00"), (D("0.00"), D("0.00")))
    assert outbox.facts(MailKind.CREDIT_NOTE_SENT).on_account == ""
    settings.change({"billing.spend_credit": False}, actor=COMMAND_LINE)
    third = issued(cast, walk(cast, SAT))
    notes.grant_credit(cast.alice, D(5), actor=cast.as_max, reason="Sorry")
    assert client_stands(cast.alice) == (D("20.00"), D("5.00"))
    assert crediting.pay_from_credit(cast.alice, actor=cast.as_max) == D("5.00")
    assert sums.outstanding(third) == D("15.00")
    for who, problem in ((cast.as_max, WrongState), (cast.as_sam, NotAllowed)):
        with pytest.raises(problem):
            crediting.pay_from_credit(cast.alice, actor=who)
    assert right()


def test_credit_that_is_to_go_back_as_money_is_not_spent(cast):
    job = walk(cast)
    first = issued(cast, job)
    pay(cast, first, 20)
    second = issued(cast, walk(cast, FRI))
    cancel(cast, job, refund_to=RefundTo.MONEY)
    notes.commit(all_notes()[0], actor=cast.as_max)
    assert (sums.outstanding(second), client_stands(cast.alice)) == (D("20.00"), (D("20.00"), D("20.00")))


# --------------------------------------------------------------------------------------------------------- by hand


@pytest.mark.covers("M2")
def test_a_free_line_is_credited_and_charged_by_hand_as_a_difference(cast):
    invoice = issued(cast, walk(cast), lines=[item(10)])
    keys = invoice.lines[1]
    for _ in range(2):
        note_changes.change_line(keys, D(4), actor=cast.as_max, reason="One key only")
    (note,) = all_notes()
    assert (note.kind, note.total, [x.description for x in note.lines]) == (
        NoteKind.CREDIT,
        D("6.00"),
        ["One key only"],
    )
    assert note_changes.costs_of(keys) == (D("10.00"), D("4.00"))
    note_changes.change_line(keys, D(12), actor=cast.as_max, reason="Three keys")
    assert [(n.kind, n.state, n.total) for n in all_notes()] == [
        (NoteKind.CREDIT, NoteState.DROPPED, D("0.00")),
        (NoteKind.DEBIT, NoteState.OPEN, D("2.00")),
    ]
    notes.commit(all_notes()[-1], actor=cast.as_max)
    note_changes.change_line(keys, D(0), actor=cast.as_max, reason="None")
    notes.commit(all_notes()[-1], actor=cast.as_max)
    assert sums.outstanding(invoice) == D("20.00")
    assert right()


def test_what_cannot_be_changed_by_hand(cast):
    invoice = issued(cast, walk(cast), lines=[item(10), FreeLine(LineKind.DISCOUNT, "Off", unit_price=D(1))])
    visit, keys, off = invoice.lines
    for line in (visit, off):
        with pytest.raises(Invalid, match="cannot be changed by hand"):
            note_changes.change_line(line, D(1), actor=cast.as_max, reason="x")
    for now, reason, field in ((D(-1), "x", "amount"), (D("NaN"), "x", "amount"), (D(1), "", "reason")):
        with pytest.raises(Invalid) as refused:
            note_changes.change_line(keys, now, actor=cast.as_max, reason=reason)
        assert refused.value.field == field
    with pytest.raises(NotAllowed):
        note_changes.change_line(keys, D(1), actor=cast.as_sam, reason="x")
    with pytest.raises(WrongState):
        note_changes.change_line(drafted(cast, lines=[item(1)]).lines[0], D(0), actor=cast.as_max, reason="x")


# -------------------------------------------------------------------------------------------------------- statements


def test_the_queries_do_not_grow_with_the_visits(cast):
    settings.change({"billing.spend_credit": False}, actor=COMMAND_LINE)

    def cost(n):
        visits = [walk(cast, THU + dt.timedelta(days=day)) for day in range(n)]
        db.session.commit()
        with databases.statements() as sent:
            invoice = issued(cast, *visits)
        issuing = sum(x.startswith("SELECT") for x in sent)
        with databases.statements() as sent:
            note_hooks.follow(visits, actor=cast.as_max)
        invoicing.void(invoice, actor=cast.as_max, reason="x")
        cancel(cast, *visits)
        return issuing, len(sent)

    first = cost(2)
    assert cost(9) == first
