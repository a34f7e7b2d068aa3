"""P5: the invoices of the last twelve months, each as a page and as the PDF that the office has too."""

import datetime as dt
from decimal import Decimal

import pytest

from documents import billing_files
from foundation import clock
from foundation.db import db
from models import InvoiceState, NoteState
from tests import issued
from tests import money_factories as money
from workflows.billing import paper_makers
from workflows.billing.paper_store import About, AboutKind


def ago(days):
    return clock.today() - dt.timedelta(days=days)


@pytest.mark.covers("P5")
def test_the_list_has_the_last_twelve_months_newest_first_and_marks_void_ones(walk, cast):
    new = issued.invoice(cast.alice, 40, issued_on=ago(1))
    void = issued.invoice(cast.alice, 41, issued_on=ago(100), state=InvoiceState.VOID)
    paid = issued.invoice(cast.alice, 42, issued_on=ago(364), state=InvoiceState.PAID)
    old = issued.invoice(cast.alice, 43, issued_on=ago(366), state=InvoiceState.PAID)
    old_open = issued.invoice(cast.alice, 44, issued_on=ago(500), due=-400)
    draft = money.invoice(cast.alice, total=Decimal(45), state=InvoiceState.DRAFT)
    bobs = issued.invoice(cast.bob, 46)
    db.session.commit()
    alice = walk(cast.alice)
    page = alice.get("/portal/invoices")
    assert page.text.index(new.number) < page.text.index(f"{void.number} Void") < page.text.index(f"{paid.number} Paid")
    assert f"{old_open.number} Overdue" in page.text
    for hidden, shown in ((old, "$43.00"), (draft, "$45.00"), (bobs, "$46.00")):
        assert shown not in page.text
        for tail in ("", "/pdf"):
            assert alice.get(f"/portal/invoices/{hidden.public_id}{tail}").status == 404
    assert {f"/portal/invoices/{i.public_id}/pdf" for i in (new, void, paid, old_open)} <= page.links()
    assert f"/portal/pay?invoice={new.public_id}" in page.links()
    assert f"/portal/pay?invoice={void.public_id}" not in page.links()


@pytest.mark.covers("P5")
def test_the_date_is_when_it_was_last_sent(walk, cast):
    invoice = issued.invoice(cast.alice, issued_on=ago(9), sent_at=clock.now() - dt.timedelta(days=2))
    db.session.commit()
    assert f"{invoice.number} Nov 21, 2026" in walk(cast.alice).get("/portal/invoices").text


@pytest.mark.covers("P5")
def test_more_than_a_page_goes_on(walk, cast):
    for n in range(30):
        issued.invoice(cast.alice, 100 + n, issued_on=ago(n))
    db.session.commit()
    alice = walk(cast.alice)
    first, second = alice.get("/portal/invoices"), alice.get("/portal/invoices?page=2")
    assert ("$124.00" in first.text, "$125.00" in first.text) == (True, False)
    assert ("$124.00" in second.text, "$125.00" in second.text, "$129.00" in second.text) == (False, True, True)
    assert ("Older invoices" in second.text, "Newer invoices" in second.text) == (False, True)


@pytest.mark.covers("P5")
def test_the_page_says_what_the_paper_says_and_the_pdf_is_the_offices(walk, cast, app):
    invoice = issued.invoice(cast.alice, 40)
    note = money.credit_note(invoice, state=NoteState.COMMITTED, number="CN-7", sequence=7, committed_on=clock.today(), committed_at=clock.now())  # fmt: skip
    money.credit_note_line(note, description="Walk called off")
    db.session.commit()
    alice = walk(cast.alice)
    page = alice.get(f"/portal/invoices/{invoice.public_id}")
    assert f"Invoice {invoice.number}" in page.text
    assert "CN-7" in page.text
    assert "Walk called off" in page.text
    assert {f"/portal/pay?invoice={invoice.public_id}", f"/portal/invoices/{invoice.public_id}/pdf"} <= page.links()
    answer = alice.browser.get(f"/portal/invoices/{invoice.public_id}/pdf")
    assert (answer.status_code, answer.mimetype, answer.data[:5]) == (200, "application/pdf", b"%PDF-")
    assert f"Invoice {invoice.number}.pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "private, no-store"
    # What the worker draws for the office and the mails.
    about = About(AboutKind.INVOICE, invoice.id)
    assert paper_makers.make(about) is not None
    assert billing_files.fill(billing_files.look(about)).data == answer.data
    bob = walk(cast.bob)
    for tail in ("", "/pdf"):
        assert bob.get(f"/portal/invoices/{invoice.public_id}{tail}").status == 404


@pytest.mark.covers("P5", "P8")
def test_a_void_one_is_marked_and_offers_no_payment(walk, cast):
    invoice = issued.invoice(cast.alice, 40, state=InvoiceState.VOID)
    db.session.commit()
    page = walk(cast.alice).get(f"/portal/invoices/{invoice.public_id}")
    assert "Void" in page.text
    assert not [link for link in page.links() if link.startswith(("/portal/pay?", "/portal/pay/"))]
