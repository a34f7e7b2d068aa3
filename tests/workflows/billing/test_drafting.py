"""Drafts: which visits wait to be invoiced, lines that copy what a visit costs and why, free lines and discounts."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from models import Activity, Invoice, InvoiceKind, InvoiceLine, InvoiceState, JobState, LineKind
from tests import databases
from tests import factories as make
from tests import money_factories as make_money
from tests.workflows.billing.bills import FRI, SAT, THU, drafted, issued, item, walk
from workflows import cancelling, price_books, pricing, settings
from workflows.actors import COMMAND_LINE
from workflows.billing import drafting, invoicing, visit_lines
from workflows.billing.drafting import FreeLine
from workflows.cancellation import Outcome
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState

D = Decimal
FEE = Outcome(D("5.00"), D("2.00"), rule_name="Late")


def rows(invoice):
    return [(line.kind, line.description, line.amount) for line in invoice.lines]


@pytest.mark.covers("M2")
def test_a_draft_takes_all_visits_that_wait_in_the_order_of_their_days(cast, db_session):
    late, early = walk(cast, FRI, price=25), walk(cast, THU)
    done = walk(cast, dt.date(2026, 11, 20), state=JobState.COMPLETED)
    walk(cast, SAT, state=JobState.VOIDED, price=0)
    draft = drafting.draft_for(cast.alice, actor=cast.as_max)
    assert [line.job for line in draft.lines] == [done, early, late]
    assert (draft.state, draft.total, draft.number) == (InvoiceState.DRAFT, D("65.00"), None)
    assert (draft.first_on, draft.last_on) == (dt.date(2026, 11, 20), FRI)
    log = db_session.scalar(sa.select(Activity).where(Activity.verb == "invoice.drafted"))
    assert (log.client_id, log.facts["n_jobs"]) == (cast.alice.id, 3)


@pytest.mark.covers("M2")
def test_up_to_and_including_a_day(cast):
    thursday, friday, _saturday = walk(cast, THU), walk(cast, FRI), walk(cast, SAT)
    draft = drafting.draft_for(cast.alice, up_to=FRI, actor=cast.as_max)
    assert [line.job for line in draft.lines] == [thursday, friday]


def test_cancelled_visits_cost_their_fee_or_stay_away(cast):
    with_fee, free = walk(cast, THU), walk(cast, FRI)
    cancelling.cancel([with_fee], actor=cast.as_max, policy={with_fee.id: FEE})
    cancelling.cancel([free], actor=cast.as_max)
    draft = drafting.draft_for(cast.alice, actor=cast.as_max)
    assert rows(draft) == [(LineKind.FEE, "Cancellation fee: Dog walk", D("5.00"))]


def test_internal_visits_without_a_price_are_never_invoiced(cast):
    internal = make.service_item("Office", is_internal=True)
    make.job(cast.alice, internal, price=D(0))
    with pytest.raises(Invalid, match="No visit of this client waits"):
        drafting.draft_for(cast.alice, actor=cast.as_max)
    paid = make.job(cast.alice, internal, price=D(7))
    gift = walk(cast, price=0)
    draft = drafting.draft_for(cast.alice, actor=cast.as_max)
    assert {line.job_id: line.amount for line in draft.lines} == {paid.id: D("7.00"), gift.id: D("0.00")}


@pytest.mark.covers("M1", "M2")
def test_a_line_copies_what_the_visit_costs_and_why(cast):
    settings.change({"billing.show_sitter": True}, actor=COMMAND_LINE)
    book = price_books.load_book([cast.alice], THU, THU)
    job = walk(cast, THU, start_time=dt.time(12), pets=[cast.biscuit, cast.mochi])
    figures = pricing.quote_job(job, book=book)
    job.price, job.price_lines = figures.price, pricing.lines_to_keep(figures)
    (line,) = drafting.draft_for(cast.alice, actor=cast.as_max).lines
    assert (line.on_date, line.description, line.unit_price) == (THU, "Dog walk", figures.price)
    assert line.detail == "Biscuit, Mochi · 12:00 PM · Sam"
    assert sum(D(x["amount"]) for x in line.price_lines) == line.amount
    assert {x["of"] for x in line.price_lines} == {"price"}


def test_times_and_sitter_are_shown_as_the_settings_say(cast):
    settings.change({"billing.show_times": False, "billing.show_sitter": False}, actor=COMMAND_LINE)
    job = walk(cast, start_time=dt.time(12))
    assert visit_lines.detail(job) == "Biscuit"
    settings.change({"billing.show_times": True}, actor=COMMAND_LINE)
    block = make.job(cast.alice, cast.cat_visit, block=cast.morning, start_time=None, pets=[cast.mochi])
    assert visit_lines.detail(block) == "Mochi · Morning"


def test_a_stay_s_line_names_its_days_as_the_business_writes_them(cast):
    stay = make.job(
        cast.alice, cast.overnight, on_date=FRI, ends_on=dt.date(2026, 11, 30), start_time=None, pets=[cast.biscuit]
    )
    assert visit_lines.detail(stay) == "Biscuit · Nov 27 – 30"
    settings.change({"business.locale": "de_DE"}, actor=COMMAND_LINE)
    assert visit_lines.detail(stay) == "Biscuit · 27.–30. Nov."
    one_night = make.job(cast.alice, cast.overnight, on_date=FRI, ends_on=SAT, start_time=None, pets=[cast.biscuit])
    assert visit_lines.detail(one_night) == "Biscuit"


def test_the_fee_of_a_cancelled_visit_is_explained(cast):
    job = walk(cast)
    job.price_lines = [{"of": "price", "code": "item", "text": "Dog walk", "values": {}, "amount": "20.00"}]
    cancelling.cancel([job], actor=cast.as_max, policy={job.id: FEE})
    (line,) = drafting.draft_for(cast.alice, actor=cast.as_max).lines
    assert [x["amount"] for x in line.price_lines] == ["20.00", "-15.00"]


def test_a_visit_is_on_one_live_invoice_only(cast):
    job = walk(cast)
    drafted(cast, job)
    with pytest.raises(WrongState, match="on another invoice already"):
        drafting.draft_for(cast.alice, jobs=[job], actor=cast.as_max)
    with pytest.raises(WrongState):
        drafting.draft_for(cast.alice, jobs=[cast.bobs_job], actor=cast.as_max)
    with pytest.raises(Invalid):
        drafting.draft_for(cast.alice, actor=cast.as_max)


def test_clients_and_sitters_draft_nothing(cast):
    for who in (cast.as_alice, cast.as_sam):
        with pytest.raises(NotAllowed):
            drafting.draft_for(cast.alice, jobs=[], actor=who)


def test_add_visits_to_a_draft(cast):
    draft = drafted(cast, walk(cast))
    later = walk(cast, FRI)
    drafting.add_visits(draft, [later], actor=cast.as_max)
    assert draft.total == D("40.00")


# ------------------------------------------------------------------------------------------------------- free lines


@pytest.mark.covers("M2")
def test_free_lines_and_discounts(cast):
    draft = drafted(cast, walk(cast), lines=[item("2.30", quantity=D("1.5"))])
    drafting.add_line(draft, FreeLine(LineKind.DISCOUNT, "Ten percent", percent=D(10)), actor=cast.as_max)
    drafting.add_line(draft, FreeLine(LineKind.DISCOUNT, "Welcome", unit_price=D(5)), actor=cast.as_max)
    assert rows(draft)[1:] == [
        (LineKind.ITEM, "Keys cut", D("3.45")),
        (LineKind.DISCOUNT, "Ten percent", D("-2.35")),
        (LineKind.DISCOUNT, "Welcome", D("-5.00")),
    ]
    assert draft.total == D("16.10")
    drafting.add_visits(draft, [walk(cast, FRI)], actor=cast.as_max)
    assert [line.amount for line in draft.lines if line.percent] == [D("-4.35")]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (FreeLine(description=" "), "description"),
        (FreeLine(description="x" * 256), "description"),
        (FreeLine(description="x", quantity=D(0)), "quantity"),
        (FreeLine(description="x", quantity=D("1.0001")), "quantity"),
        (FreeLine(description="x", quantity=D("NaN")), "quantity"),
        (FreeLine(description="x", unit_price=D(-1)), "unit_price"),
        (FreeLine(description="x", unit_price=D("0.001")), "unit_price"),
        (FreeLine(description="x", unit_price=D("1e30")), "unit_price"),
        (FreeLine(description="x", unit_price=D(9_000_000), quantity=D(99)), "unit_price"),
        (FreeLine(LineKind.DISCOUNT, "x"), "unit_price"),
        (FreeLine(LineKind.DISCOUNT, "x", percent=D(101)), "percent"),
        (FreeLine(LineKind.DISCOUNT, "x", percent=D(0)), "percent"),
        (FreeLine(LineKind.PACKAGE, "x"), "package"),
        (FreeLine(LineKind.DEPOSIT, "x", unit_price=D(5)), "kind"),
        (FreeLine(LineKind.VISIT, "x", unit_price=D(5)), "kind"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field(cast, line, field):
    draft = drafted(cast)
    with pytest.raises(Invalid) as refused:
        drafting.add_line(draft, line, actor=cast.as_max)
    assert refused.value.field == field
    assert drafting.fresh_invoice(draft.id).lines == []


def test_change_order_and_remove_lines(cast):
    draft = drafted(cast, walk(cast), lines=[item(5), item(7, "Poop bags")])
    visit, keys, bags = draft.lines
    drafting.change_line(keys, item(6, "Two keys", quantity=D(2)), actor=cast.as_max)
    drafting.order(draft, [bags.id, keys.id], actor=cast.as_max)
    assert [(x.description, x.amount) for x in drafting.fresh_invoice(draft.id).lines] == [
        ("Poop bags", D("7.00")),
        ("Two keys", D("12.00")),
        ("Dog walk", D("20.00")),
    ]
    drafting.change_line(visit, FreeLine(description="A long walk", unit_price=D("20.00")), actor=cast.as_max)
    with pytest.raises(Invalid, match="visit's own price"):
        drafting.change_line(visit, FreeLine(description="Walk", unit_price=D(15)), actor=cast.as_max)
    drafting.remove_line(visit, actor=cast.as_max)
    fresh = drafting.fresh_invoice(draft.id)
    assert (fresh.total, len(fresh.lines), fresh.first_on) == (D("19.00"), 2, None)
    assert len(visit_lines.waiting(cast.alice.id)) == 1
    with pytest.raises(WrongState, match="no longer exists"):
        drafting.remove_line(visit, actor=cast.as_max)


def test_drop_deletes_it_and_its_visits_wait_again(cast, db_session):
    job = walk(cast)
    draft = drafted(cast, job, lines=[item(5)])
    drafting.drop(draft, actor=cast.as_max)
    assert (databases.count(Invoice), databases.count(InvoiceLine)) == (0, 0)
    assert visit_lines.waiting(cast.alice.id) == [job]
    with pytest.raises(WrongState, match="no longer exists"):
        drafting.drop(draft, actor=cast.as_max)


def test_terms_and_note_and_what_is_refused_of_them(cast):
    draft = drafted(cast, walk(cast))
    terms, old = make_money.payment_terms(), make_money.payment_terms(is_active=False)
    drafting.set_terms(draft, terms=terms, due_on=None, note=" Thanks ", actor=cast.as_max)
    assert (draft.payment_terms, draft.note) == (terms, "Thanks")
    with pytest.raises(Invalid):
        drafting.set_terms(draft, terms=old, due_on=None, note="", actor=cast.as_max)
    with pytest.raises(Invalid):
        drafting.set_terms(draft, terms=None, due_on=None, note="x" * 2001, actor=cast.as_max)


def test_every_change_moves_the_version_so_that_a_stale_form_is_refused(cast):
    draft = drafted(cast, walk(cast))
    seen = draft.version
    drafting.add_line(draft, FreeLine(description="Free of charge"), actor=cast.as_max)
    with pytest.raises(Conflict):
        drafting.add_line(draft, item(5), actor=cast.as_max, seen_version=seen)
    with pytest.raises(Conflict):
        invoicing.issue(draft, actor=cast.as_max, seen_version=seen)


def test_an_issued_invoice_can_no_longer_be_drafted_with(cast):
    invoice = issued(cast, walk(cast))
    for do in (
        lambda: drafting.add_line(invoice, item(5), actor=cast.as_max),
        lambda: drafting.remove_line(invoice.lines[0], actor=cast.as_max),
        lambda: drafting.set_terms(invoice, terms=None, due_on=None, note="", actor=cast.as_max),
        lambda: drafting.drop(invoice, actor=cast.as_max),
        lambda: drafting.add_visits(invoice, [], actor=cast.as_max),
        lambda: drafting.order(invoice, [], actor=cast.as_max),
    ):
        with pytest.raises(WrongState, match="cannot be changed any more"):
            do()


def test_a_deposit_invoice_has_deposit_lines_only(cast):
    draft = drafting.draft_for(cast.alice, jobs=[], kind=InvoiceKind.DEPOSIT, actor=cast.as_max)
    drafting.add_line(draft, FreeLine(LineKind.DEPOSIT, "Deposit", unit_price=D(50)), actor=cast.as_max)
    with pytest.raises(Invalid):
        drafting.add_line(draft, item(5), actor=cast.as_max)
    assert (draft.total, draft.tax_total) == (D("50.00"), D("0.00"))


def test_what_waits_by_client_for_the_run(cast):
    walk(cast, THU), walk(cast, FRI, price=30)
    issued(cast, walk(cast, SAT))
    alice, bob = drafting.uninvoiced()
    assert (alice.client_id, alice.n_visits, alice.amount, alice.first_on, alice.last_on) == (cast.alice.id, 2, D("50.00"), THU, FRI)  # fmt: skip
    assert bob.client_id == cast.bob.id
    assert [w.n_visits for w in drafting.uninvoiced(up_to=THU)] == [1, 1]
