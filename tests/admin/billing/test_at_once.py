"""Two people at the same money at the same moment: exactly one of them wins, and the books stay right."""

import secrets
from decimal import Decimal
from urllib.parse import urljoin

import pytest
import sqlalchemy as sa

from foundation.db import db
from gateways.payments import SaleOrder
from models import Client, FindingKind, GatewayFinding, Invoice, Payment, Refund, Staff
from tests import money_factories as money
from tests.admin.billing.conftest import Till
from workflows.actors import staff_actor
from workflows.billing import attention, books, sums
from workflows.errors import WorkflowError


def n(kind) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind))


@pytest.fixture
def tills(http, cast, sign_in_as_staff):
    """Two desks of the office."""
    return [Till(sign_in_as_staff(http(), who)) for who in (cast.olivia, cast.max)]


def press(till, form):
    """Send a form from another thread: nothing of the test's own session is touched."""
    return lambda: till.browser.post(urljoin(till.url, form.action), data=form.fields).status_code


@pytest.mark.covers("M4")
def test_one_form_sent_twice_at_once_records_one_payment(office, cast, walks, together):
    office.issued(cast.alice)
    office.open(f"/admin/payment/new?client={cast.alice.id}")
    form = office.form("/payment/new")
    assert together(press(office, form), press(office, form)) == [303, 303]
    assert (n(Payment), books.check()) == (1, [])


@pytest.mark.covers("M2")
def test_two_people_invoice_the_same_visits_at_once_and_one_invoice_is_there(tills, cast, walks, together):
    forms = []
    for till in tills:
        till.open(f"/admin/invoice/new?client={cast.alice.id}")
        forms.append(till.form("/invoice/new"))
    answers = together(*(press(till, form) for till, form in zip(tills, forms, strict=True)))
    assert sorted(answers) == [303, 422]
    assert n(Invoice) == 1


@pytest.mark.covers("M4")
def test_two_people_give_the_same_payment_back_at_once_and_it_goes_back_once(tills, office, cast, together):
    paid = office.paid(cast.alice, "30")
    forms = []
    for till in tills:
        till.open(f"/admin/payment/{paid.id}/refund")
        form = till.form()
        form.fields["reason"] = "Wanted back"
        forms.append(form)
    answers = together(*(press(till, form) for till, form in zip(tills, forms, strict=True)))
    assert sorted(answers) == [303, 422]
    assert (n(Refund), sums.client_money(cast.alice.id).credit, books.check()) == (1, Decimal(0), [])


@pytest.mark.covers("M4")
def test_two_people_book_one_charge_for_two_clients_at_once_and_it_is_one_payment(app, cast, together):
    gateway = app.extensions["gateway"]
    amount = Decimal(secrets.randbelow(90_000) + 3_000).scaleb(-2)
    sale = gateway.sale(
        SaleOrder(order_id=f"e{secrets.token_hex(8)}", amount=amount, currency="USD", nonce="fake-valid-visa-nonce")
    )
    finding = money.gateway_finding(kind=FindingKind.ORPHAN, gateway_transaction_id=sale.transaction.id)
    db.session.commit()

    def book(client_id, staff_id, finding_id):
        def do():
            actor = staff_actor(db.session.get(Staff, staff_id))
            return attention.book_orphan(
                db.session.get(GatewayFinding, finding_id),
                db.session.get(Client, client_id),
                actor=actor,
                gateway=gateway,
            )

        return do

    answers = together(book(cast.alice.id, cast.olivia.id, finding.id), book(cast.bob.id, cast.max.id, finding.id))
    assert sum(isinstance(a, WorkflowError) for a in answers) == 1
    assert (n(Payment), books.check()) == (1, [])
