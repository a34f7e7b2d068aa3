"""Invoices and notes leave by mail with the PDF that the office and the portal hand out too."""

import pytest

from foundation.db import db
from models import CreditNote, Invoice
from tests.workflows.billing.bills import drafted, walk
from workflows import cancelling
from workflows.billing import invoicing, notes
from workflows.cancellation import FREE

pytestmark = pytest.mark.usefixtures("business")


def parts(letter):
    found = letter.message
    return found["Subject"], [(a.get_filename(), a.get_content()[:5]) for a in found.iter_attachments()]


@pytest.mark.covers("M2")
def test_invoice_and_credit_note_carry_their_pdf(cast, server, drain):
    job = walk(cast)
    invoice = invoicing.issue(drafted(cast, job), actor=cast.as_max)
    cancelling.cancel([job], actor=cast.as_max, policy={job.id: FREE}, mail_client=False, told=False)
    notes.commit(db.session.query(CreditNote).one(), actor=cast.as_max, mail=True)
    db.session.commit()
    assert drain() == 2
    assert [parts(letter) for letter in server.letters] == [
        ("Invoice INV-1", [("Invoice INV-1.pdf", b"%PDF-")]),
        ("Credit note CN-1", [("Credit note CN-1.pdf", b"%PDF-")]),
    ]
    assert db.session.get(Invoice, invoice.id).sent_at is not None
