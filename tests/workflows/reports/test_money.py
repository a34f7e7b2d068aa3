"""Reports about money: small worlds counted by hand, and agreement with the books."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation import clock
from foundation.db import db
from models import Initiator, Job, JobState, NoteState, PaymentKind, RefundTo, StaffRole
from tests import factories as make
from tests import money_factories as make_money
from tests.databases import statements
from tests.workflows.billing.bills import THU, issued, item, right, walk
from tests.workflows.pay.earned import done, run, would_get
from tests.workflows.reports.agreeing import EVER, NOVEMBER, agree, read, sums_of, table
from workflows import cancelling
from workflows.billing import invoicing, notes, recording, refunding
from workflows.cancellation import Outcome
from workflows.errors import NotAllowed
from workflows.pay import extras
from workflows.permissions import ROLE_PERMISSIONS, Permission
from workflows.reports import catalogue
from workflows.reports.periods import Compared, Period, Step

D = Decimal
pytestmark = pytest.mark.covers("S7")
MON, OCTOBER = dt.date(2026, 11, 23), Period(dt.date(2026, 10, 1), dt.date(2026, 10, 31))


@pytest.fixture
def world(cast):
    """November: Alice's two walks done (20, 30), one cancelled with a fee of 5, one void, one ahead (40); Bob's done (15)
    and, as ever, one ahead (20). October: one of Alice's (10)."""
    db.session.delete(cast.bobs_job)
    of_alice = {"sitter": cast.sam, "pets": [cast.biscuit]}

    def one(day, price, state=JobState.COMPLETED, **more):
        return make.job(cast.alice, cast.walk, on_date=day, price=D(price), state=state, **{**of_alice, **more})

    one(dt.date(2026, 11, 1), 20)
    one(dt.date(2026, 11, 20), 30, JobState.IN_PROGRESS, sitter=cast.sita)
    one(
        dt.date(2026, 11, 21),
        5,
        JobState.CANCELLED,
        prior_price=D(25),
        cancelled_by=Initiator.CLIENT,
        cancelled_at=clock.now(),
    )
    one(dt.date(2026, 11, 22), 0, JobState.VOIDED, prior_price=D(99))
    one(dt.date(2026, 11, 30), 40, JobState.SCHEDULED)
    one(dt.date(2026, 10, 31), 10)
    make.job(cast.bob, cast.cat_visit, on_date=MON, price=D(15), state=JobState.COMPLETED)
    db.session.flush()
    return cast


def test_revenue_is_what_took_place_and_fees_and_never_what_is_void_or_ahead(world):
    found = read("revenue", world.as_olivia, by="client")
    assert [c.label for c in found.columns[1:]] == [
        "Revenue",
        "Visits done",
        "Of it cancellation fees",
        "Still scheduled",
    ]
    assert table(found) == [("Alice Archer", "55.00", 2, "5.00", "40.00"), ("Bob Baker", "15.00", 1, "0.00", "0.00")]
    assert sums_of(found) == ("70.00", 3, "5.00", "40.00")
    for by, first in (
        ("service", ("Dog walk", "55.00")),
        ("group", ("Dog walks", "55.00")),
        ("type", ("No type", "70.00")),
        ("town", ("No town", "70.00")),
        ("sitter", ("Sita Singh", "30.00")),
    ):
        assert table(read("revenue", world.as_olivia, by=by))[0][:2] == first
        assert sums_of(read("revenue", world.as_olivia, by=by)) == sums_of(found)
    assert ("Nobody", "15.00", 1, "0.00", "0.00") in table(read("revenue", world.as_olivia, by="sitter"))


def test_time_is_cut_into_days_weeks_and_months_without_gaps(world):
    by_week = read("revenue", world.as_olivia, by="time", step=Step.WEEK, first_weekday=6)
    assert [row[:2] for row in table(by_week)] == [
        ("2026-11-01", "20.00"), ("2026-11-08", "0.00"), ("2026-11-15", "35.00"), ("2026-11-22", "15.00"), ("2026-11-29", "0.00"),
    ]  # fmt: skip
    by_month = read("revenue", world.as_olivia, Period(dt.date(2026, 10, 15), dt.date(2026, 11, 22)), by="time", step=Step.MONTH)  # fmt: skip
    assert [row[:2] for row in table(by_month)] == [("2026-10-15", "10.00"), ("2026-11-01", "55.00")]
    assert len(read("revenue", world.as_olivia, by="time", step=Step.DAY).rows) == 30
    assert len(read("revenue", world.as_olivia, EVER, by="time", step=Step.DAY).rows) == 120, "ten years go by months"


def test_new_clients_only_are_those_whose_first_visit_lies_in_the_period(world):
    found = read("revenue", world.as_olivia, by="client", new_only=True)
    assert table(found) == [("Bob Baker", "15.00", 1, "0.00", "0.00")]


def test_a_period_beside_the_one_before_and_beside_last_year(world):
    found = read("revenue", world.as_olivia, by="client", compared=Compared.PREVIOUS)
    assert [(str(row.cells[0]), row.before) for row in found.rows] == [("Alice Archer", D(10)), ("Bob Baker", D(0))]
    assert found.totals_before[1] == D(10)
    gone = read("revenue", world.as_olivia, OCTOBER, by="sitter", compared=Compared.LAST_YEAR)
    assert gone.totals_before[1] == D(0)
    back = read("revenue", world.as_olivia, Period(dt.date(2026, 12, 1), dt.date(2026, 12, 31)), by="client", compared=Compared.PREVIOUS)  # fmt: skip
    assert [(str(row.cells[0]), row.cells[1], row.before) for row in back.rows] == [("Alice Archer", D(0), D(55)), ("Bob Baker", D(0), D(15))]  # fmt: skip


def test_what_is_not_invoiced(world):
    in_package = make.job(world.bob, world.cat_visit, on_date=MON, price=D(15), state=JobState.COMPLETED)
    make_money.package_use(make_money.client_package(world.bob), job=in_package)
    first = next(j for j in db.session.query(Job).filter(Job.client_id == world.alice.id).order_by(Job.on_date) if j.on_date.month == 11)  # fmt: skip
    issued(world, first)
    found = read("uninvoiced", world.as_olivia)
    assert table(found) == [
        ("Alice Archer", "75.00", 3, "2026-11-20", "2026-11-30"), ("Bob Baker", "15.00", 2, "2026-11-23", "2026-11-23"),
    ]  # fmt: skip


@pytest.fixture
def billed(cast, desk):
    """Invoices of two rates and months, one voided later, notes, a debit note, payments by three ways, a refund, a void."""
    cast.walk.tax_rate = make_money.tax_rate("VAT", D(20))
    low = make_money.tax_rate("Low VAT", D("5.5"))
    walks = [walk(cast, price=price) for price in ("19.99", "30", "11.11")]
    paid = issued(cast, *walks, lines=[item("7.77", tax_rate=low)])
    gone = issued(cast, walk(cast, price=50))
    bobs = issued(cast, lines=[item("100", "Boarding")], client=cast.bob)
    recording.record_payment(cast.alice, amount=paid.total, kind=PaymentKind.CASH, received_on=clock.today(), actor=cast.as_olivia)  # fmt: skip
    cancelling.cancel(
        [walks[1]], actor=cast.as_max, policy={walks[1].id: Outcome(D("4.50"), D(0), RefundTo.CREDIT, "Late")}
    )
    (note,) = [n for n in paid.notes if n.state is NoteState.OPEN]
    notes.commit(note, actor=cast.as_max)
    invoicing.void(gone, actor=cast.as_max, reason="Wrong client")
    notes.grant_credit(cast.bob, D(8), actor=cast.as_olivia, reason="We were late")
    cheque = recording.record_payment(cast.bob, amount=D(60), kind=PaymentKind.CHEQUE, received_on=clock.today(), actor=cast.as_olivia)  # fmt: skip
    wrong = recording.record_payment(cast.bob, amount=D(33), kind=PaymentKind.TRANSFER, received_on=clock.today(), actor=cast.as_olivia)  # fmt: skip
    recording.void_payment(wrong, actor=cast.as_olivia, reason="Not ours")
    refunding.refund(
        cheque, amount=D(20), submit_key="refund-of-the-report", reason="Kindness", actor=cast.as_olivia, gateway=desk
    )
    db.session.commit()
    assert right()
    return paid, gone, bobs, note


def test_invoiced_received_tax_and_notes_to_the_cent_as_the_books_say(cast, billed):
    paid, gone, bobs, note = billed
    found = read("invoiced", cast.as_olivia, by="client")
    issued_net = paid.subtotal + gone.subtotal + bobs.subtotal
    credited = -read("notes", cast.as_olivia).totals[3]
    assert sums_of(found)[1:4] == (3, str(issued_net), str(-gone.subtotal))
    assert found.totals[1] == issued_net - gone.subtotal - credited
    assert credited >= note.subtotal == D("25.50")
    by_rate = table(read("tax", cast.as_olivia))
    # 61.10 at 20 %, less the note; Keys cut at 5.5 %; Bob's boarding has none.
    assert [row[0] for row in by_rate] == ["Low VAT 5.5 %", "VAT 20 %", "Without tax"]
    assert by_rate[0][1:] == ("0.43", "7.77", "0.43", "0.00")
    assert by_rate[1][1:] == ("7.12", "35.60", "12.22", "-5.10")
    money = {row[0]: row[1:] for row in table(read("received", cast.as_olivia, by="method"))}
    assert money["cheque"] == ("40.00", "60.00", 1, "0.00", "-20.00", "0.00", "0.00")
    assert money["transfer"] == ("0.00", "33.00", 1, "-33.00", "0.00", "0.00", "0.00")
    assert money["cash"][0] == str(paid.total)
    for period in (EVER, NOVEMBER, OCTOBER):
        agree(cast.as_olivia, period)


def test_an_invoice_that_is_voided_in_another_month_counts_in_both(cast, clock_at):
    cast.walk.tax_rate = make_money.tax_rate("VAT", D(20))
    invoice = issued(cast, walk(cast, price=50))
    clock_at("2026-12-02 09:00")
    invoicing.void(invoice, actor=cast.as_max, reason="Wrong client")
    december = Period(dt.date(2026, 12, 1), dt.date(2026, 12, 31))
    for period, net, tax in ((NOVEMBER, "50.00", "10.00"), (december, "-50.00", "-10.00")):
        assert (sums_of(read("invoiced", cast.as_olivia, period))[0], sums_of(read("tax", cast.as_olivia, period))[0]) == (net, tax)  # fmt: skip
        agree(cast.as_olivia, period)


@pytest.mark.parametrize(("late", "place"), [(0, 2), (1, 3), (30, 3), (31, 4), (60, 4), (61, 5), (90, 5), (91, 6)])
def test_ageing_goes_by_days_since_due(cast, late, place):
    from tests import issued as quick

    quick.invoice(cast.alice, 40, due=-late)
    quick.invoice(cast.bob, 60, due=None)
    found = read("unpaid", cast.as_olivia)
    assert table(found)[0][:3] == ("Bob Baker", "60.00", "60.00")
    assert found.rows[1].cells[place] == D(40)
    assert found.totals[1] == D(100)
    agree(cast.as_olivia)


def test_staff_pay_is_what_runs_have_and_what_is_due(cast):
    done(cast.alice, cast.sam, item=cast.walk, pay=12)
    done(cast.alice, cast.sita, pay=7)
    make.job(cast.alice, sitter=cast.sam, on_date=THU, sitter_pay=D(99))
    done(cast.alice, cast.sam, pay=3, state=JobState.CANCELLED)
    extras.add(cast.sam, on_date=MON, text="Bus fare", amount=D("2.50"), actor=cast.as_olivia)
    make_money.tip_share(make_money.payment(cast.alice, tip_amount=D(5)), staff=cast.sam)
    db.session.flush()
    before = read("staff-pay", cast.as_olivia)
    sam = ("Sam Stone", "22.50", 1, 30, "12.00", "3.00", "5.00", "2.50")
    assert table(before)[0] == (*sam, "0.00", "22.50")
    assert before.rows[0].cells[9] == would_get(cast.sam)
    run(cast.as_olivia, staff=[cast.sam])
    extras.add(cast.sam, on_date=MON, text="Gloves", amount=D(4), actor=cast.as_olivia)
    after = read("staff-pay", cast.as_olivia)
    assert table(after)[0][8:] == ("22.50", "4.00")
    assert [row[:3] for row in table(after)][1] == ("Sita Singh", "7.00", 1)
    assert table(read("tips", cast.as_olivia)) == [("Sam Stone", "5.00", 1)]
    agree(cast.as_olivia)


def test_money_is_closed_without_its_permission_in_every_report(cast, world, monkeypatch):
    without = frozenset(Permission) - {Permission.FINANCES, Permission.PAY}
    monkeypatch.setitem(ROLE_PERMISSIONS, StaffRole.MANAGER, without)
    for subject in catalogue.SUBJECTS:
        if subject.needs:
            with pytest.raises(NotAllowed):
                read(subject.name, cast.as_max)
        else:
            found = read(subject.name, cast.as_max)
            assert not [c for c in found.columns if c.unit == "money"], subject.name
    assert {s.name for _heading, own in catalogue.open_to(cast.as_max) for s in own} == {s.name for s in catalogue.SUBJECTS if not s.needs}  # fmt: skip
    assert catalogue.open_to(cast.as_sam) == []


@pytest.mark.parametrize("subject", catalogue.SUBJECTS, ids=lambda s: s.name)
def test_every_report_takes_the_same_few_queries_at_any_size_and_by_any_group(cast, world, subject):
    def count():
        n = {}
        for by in subject.groups or [""]:
            with statements() as sent:
                read(subject.name, cast.as_olivia, EVER, by=by)
            n[by] = len(sent)
        return n

    count()
    few = count()
    assert max(few.values()) <= 5
    with make.at_once():
        for n in range(30):
            client = make.client(f"C{n}")
            make.job(client, cast.walk, sitter=cast.sam, on_date=MON, state=JobState.COMPLETED)
    assert count() == few
