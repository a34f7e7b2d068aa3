"""What is done to several invoices at once: reminding, recording, charging."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from application import tasks
from foundation.db import db
from models import BulkRun, Invoice, InvoiceState, Payment, PaymentKind
from tests import factories as make
from tests.workflows.billing.test_allocations import issued
from workflows.billing import books, runs
from workflows.mail_facts import MailKind

D = Decimal
LIST = "/admin/invoices/"


@pytest.fixture
def owed(cast):
    """Alice owes 40 and 12.50, Bob 7."""
    made = [issued(cast.alice, D(40)), issued(cast.alice, D("12.50")), issued(cast.bob, D(7))]
    db.session.commit()
    return made


def act(office, name, invoices):
    """The ticked ones, the action, and yes to its question: the words of the page afterwards."""
    text = office.after(office.press(name, invoices, at=f"{LIST}?view=all"))
    db.session.expire_all()
    return text


@pytest.mark.covers("M3")
def test_ticked_invoices_are_reminded_of_with_one_mail_a_client(office, cast, owed, outbox):
    text = act(office, "remind", owed)
    assert "2 clients are reminded." in text
    facts = outbox.facts(MailKind.INVOICE_REMINDER, to=cast.alice.email)
    assert [(i.number, i.outstanding) for i in facts.invoices] == [(owed[0].number, "40.00"), (owed[1].number, "12.50")]
    cast.bob.email = None
    db.session.commit()
    assert "This client has no mail address." in act(office, "remind", owed[2:])


@pytest.mark.covers("M4")
def test_ticked_invoices_are_recorded_as_paid_in_full_once(office, owed, outbox):
    assert "3 payments recorded." in act(office, "paid", owed)
    assert {i.state for i in db.session.scalars(sa.select(Invoice))} == {InvoiceState.PAID}
    kinds = db.session.execute(sa.select(Payment.kind, Payment.amount).order_by(Payment.amount)).all()
    assert kinds == [(PaymentKind.TRANSFER, a) for a in (D(7), D("12.50"), D(40))]
    assert "Nothing is owed any more." in act(office, "paid", owed[:1])
    assert len(outbox.mails(MailKind.PAYMENT_RECEIPT)) == 3
    assert books.check() == []


def test_charging_makes_an_order_that_can_be_followed(office, owed):
    assert "Take 3 payments" in act(office, "charge", owed)


@pytest.mark.covers("M6")
def test_ticked_clients_are_sent_statements_of_the_days_that_the_office_chooses_by_an_order(
    app, office, cast, owed, outbox
):
    nobody = make.client("Nora", "Nothing", email="nora@example.com")
    cast.bob.email = None
    ticked = [cast.alice, cast.bob, nobody]
    asked = office.press("statement", ticked, at="/admin/clients/?view=all")
    assert asked.status_code == 200
    for words in ("Send statements to 3 clients", 'value="2026-10-01"', 'value="2026-10-31"'):
        assert words in asked.text, words
    days = {"action": "statement", "rowid": [str(c.id) for c in ticked], "first": "2026-11-30", "last": "2026-11-01"}
    wrong = office.post("/admin/clients/action/", **days)
    assert (wrong.status_code, "before the first" in wrong.text) == (422, True)
    office.post("/admin/clients/action/", **{**days, "first": "2026-10-01", "last": "2026-11-15"})
    tasks.orders.bulk_orders(app)
    db.session.expire_all()
    facts = outbox.facts(MailKind.STATEMENT_SENT, to=cast.alice.email)
    assert (facts.first_on, facts.last_on) == ("2026-10-01", "2026-11-15")
    run = db.session.scalars(sa.select(BulkRun)).one()
    assert (run.n_done, sorted(f["why"] for f in run.failures)) == (
        1, ["Nothing has happened on this account.", "This client has no mail address."],
    )  # fmt: skip
    page = office.open(f"/admin/billing-run/{run.public_id}/")
    assert "1 statement is on its way. 2 could not be done." in page.text
    assert runs.retry(run, actor=cast.as_olivia).wish["first"] == "2026-10-01"
