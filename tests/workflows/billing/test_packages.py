"""Packages of visits: sold on a line, drawn from by day, given back by what does not take place, never overdrawn."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import ClientPackage, InvoiceState, LineKind, NoteKind, PackageUse
from tests import money_factories as make_money
from tests.workflows.billing.bills import FRI, SAT, THU, drafted, issued, item, right, walk
from tests.workflows.billing.test_notes import all_notes, cancel, wanted
from workflows import back_to_request, cancelling, changing
from workflows.billing import drafting, invoicing, notes, packages, visit_lines
from workflows.billing.drafting import FreeLine
from workflows.errors import Invalid, WrongState

D = Decimal
TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def ten(cast):
    """Two walks for 30.00, good for 30 days."""
    return make_money.visit_package("Two walks", service_item=cast.walk, n_visits=2, price=D(30), valid_days=30)


def bought(cast, package, **more):
    line = FreeLine(LineKind.PACKAGE, package=package, unit_price=package.price)
    issued(cast, lines=[line], **more)
    return db.session.scalars(sa.select(ClientPackage).order_by(ClientPackage.id.desc())).first()


def uses(*visits):
    db.session.flush()
    return [visit_lines.package_use(v) for v in visits]


def test_a_package_is_the_client_s_once_its_invoice_is_issued(cast, ten):
    draft = drafted(cast, lines=[FreeLine(LineKind.PACKAGE, package=ten, unit_price=D(30), quantity=D(2))])
    assert db.session.scalars(sa.select(ClientPackage)).all() == []
    invoicing.issue(draft, actor=cast.as_max, mail=False)
    one, two = db.session.scalars(sa.select(ClientPackage))
    assert (one.client, one.n_visits, one.price, one.bought_on, one.expires_on) == (cast.alice, 2, D("30.00"), TODAY, dt.date(2026, 12, 23))  # fmt: skip
    assert (draft.total, draft.lines[0].description, two.name) == (D("60.00"), "Two walks", "Two walks")
    assert right()


@pytest.mark.parametrize(("quantity", "active"), [("1.5", True), ("1", False)])
def test_packages_are_sold_whole_and_only_those_on_offer(cast, ten, quantity, active):
    ten.is_active = active
    with pytest.raises(Invalid):
        drafting.add_line(
            drafted(cast), FreeLine(LineKind.PACKAGE, package=ten, quantity=D(quantity)), actor=cast.as_max
        )


def test_visits_draw_from_it_in_the_order_of_their_days(cast, ten):
    package = bought(cast, ten)
    late, early, between = walk(cast, SAT), walk(cast, THU), walk(cast, FRI)
    draft = drafting.draft_for(cast.alice, actor=cast.as_max)
    assert [(line.job, line.amount) for line in draft.lines] == [(early, D("0.00")), (between, D("0.00")), (late, D("20.00"))]  # fmt: skip
    assert [(use.package, use.position) if use else None for use in uses(early, between, late)] == [(package, 1), (package, 2), None]  # fmt: skip
    line = draft.lines[0]
    assert line.detail.endswith("Two walks")
    assert line.price_lines[-1]["amount"] == "-20.00"
    invoicing.issue(draft, actor=cast.as_max, mail=False)
    assert draft.total == D("20.00")
    assert right()


def test_those_that_run_out_first_are_used_first_and_none_after_its_last_day(cast, ten):
    forever = bought(cast, make_money.visit_package("No end", service_group=cast.dog_walks, n_visits=5))
    soon = bought(cast, ten)
    soon.expires_on = FRI
    visits = walk(cast, THU), walk(cast, SAT)
    drafted(cast, *visits)
    assert [use.package for use in uses(*visits)] == [soon, forever]


def test_other_services_and_ended_packages_pay_nothing(cast, ten):
    package = bought(cast, ten)
    other = walk(cast)
    other.service_item = cast.overnight
    packages.end(package, actor=cast.as_max)
    packages.end(package, actor=cast.as_max)
    plain = walk(cast, FRI)
    drafted(cast, other, plain)
    assert uses(other, plain) == [None, None]


def test_dropping_and_taking_off_give_the_place_back(cast, ten):
    package = bought(cast, ten)
    first, second = walk(cast, THU), walk(cast, FRI)
    draft = drafted(cast, first, second)
    drafting.remove_line(draft.lines[0], actor=cast.as_max)
    assert packages.n_left(packages.open_packages(cast.alice.id)[0]) == 1
    drafting.drop(draft, actor=cast.as_max)
    assert packages.n_left(packages.open_packages(cast.alice.id)[0]) == 2
    drafted(cast, first)
    assert [(use.package, use.position) for use in uses(first)] == [(package, 1)]


@pytest.mark.covers("X9", "X10")
def test_cancelling_gives_the_visit_back_and_reinstating_takes_it_again(cast, ten):
    bought(cast, ten)
    job = walk(cast)
    invoice = issued(cast, job)
    assert (invoice.total, invoice.state) == (D("0.00"), InvoiceState.PAID)
    for _ in range(2):
        cancel(cast, job)
        assert (uses(job), all_notes()) == ([None], [])
        cancelling.reinstate(job, actor=cast.as_max)
        assert uses(job)[0] is not None
    assert all_notes() == []
    assert right()


def test_a_fee_is_asked_for_beside_the_package_and_a_whole_fee_uses_the_place_up(cast, ten):
    bought(cast, ten)
    part, whole = walk(cast, THU), walk(cast, FRI)
    issued(cast, part, whole)
    cancel(cast, part, fee="5.00")
    cancel(cast, whole, fee="20.00")
    (note,) = all_notes()
    assert (note.kind, note.total, [bool(u) for u in uses(part, whole)]) == (NoteKind.DEBIT, D("5.00"), [False, True])
    cancelling.reinstate(part, actor=cast.as_max)
    assert [n.total for n in all_notes() if n.state == "open"] == []


def test_a_reinstated_visit_whose_place_was_taken_meanwhile_is_asked_for(cast, ten):
    bought(cast, ten)
    first, second, third = walk(cast, THU), walk(cast, FRI), walk(cast, SAT)
    issued(cast, first, second)
    cancel(cast, first)
    issued(cast, third)
    assert [bool(u) for u in uses(first, second, third)] == [False, True, True]
    cancelling.reinstate(first, actor=cast.as_max)
    (note,) = all_notes()
    notes.commit(note, actor=cast.as_max)
    assert (note.kind, note.total) == (NoteKind.DEBIT, D("20.00"))
    assert right()


def test_a_visit_that_is_moved_beyond_the_last_day_is_asked_for(cast, ten):
    package = bought(cast, ten)
    package.expires_on = FRI
    job = walk(cast)
    issued(cast, job)
    changing.change(job, wanted(job, on_date=SAT), actor=cast.as_max)
    assert (uses(job), [(n.kind, n.total) for n in all_notes()]) == ([None], [(NoteKind.DEBIT, D("20.00"))])
    changing.change(job, wanted(job, on_date=FRI), actor=cast.as_max)
    assert ([bool(u) for u in uses(job)], notes.n_open()) == ([True], 0)


def test_back_to_request_gives_the_place_back(cast, ten):
    bought(cast, ten)
    job = walk(cast)
    issued(cast, job)
    back_to_request.back_to_request([job], actor=cast.as_max)
    assert (db.session.scalars(sa.select(PackageUse)).all(), all_notes()) == ([], [])


def test_voiding_the_visit_s_invoice_gives_it_back(cast, ten):
    bought(cast, ten)
    job = walk(cast)
    invoice = issued(cast, job, lines=[item(5)])
    invoicing.void(invoice, actor=cast.as_max, reason="x")
    assert uses(job) == [None]
    again = invoicing.raise_again(invoice, actor=cast.as_max)
    assert (uses(job)[0].position, again.total) == (1, D("5.00"))


def test_an_invoice_that_sold_a_used_package_is_not_voided(cast, ten):
    sold = issued(cast, lines=[FreeLine(LineKind.PACKAGE, package=ten, unit_price=D(30))])
    draft = drafted(cast, walk(cast))
    with pytest.raises(WrongState, match="draw from the package"):
        invoicing.void(sold, actor=cast.as_max, reason="x")
    drafting.drop(draft, actor=cast.as_max)
    invoicing.void(sold, actor=cast.as_max, reason="x")
    assert packages.open_packages(cast.alice.id) == []
    assert right()
