"""The papers that go along with mails: an invoice with its invoice mail, a receipt with the payment's, a sitter's statement."""

from documents import billing_files, pay_statement
from foundation.db import db, reading
from models import OutboxMail
from workflows.billing.paper_store import About, AboutKind
from workflows.pay import statements

#: by kind of mail: what its paper is of, and which of its facts names it
PAPERS = {
    "invoice_sent": (AboutKind.INVOICE, "invoice_id"),
    "credit_note_sent": (AboutKind.NOTE, "note_id"),
    "payment_receipt": (AboutKind.PAYMENT, "payment_id"),
    "refund_made": (AboutKind.REFUND, "refund_id"),
}
STATEMENT = "statement_sent"
PAY_STATEMENT = "pay_statement"


def paper_of(mail: OutboxMail) -> About | None:
    """The paper that goes along with this mail; None for mails that have none."""
    if mail.kind == STATEMENT and mail.client_id is not None:
        return About(AboutKind.STATEMENT, mail.client_id, mail.facts["first_on"], mail.facts["last_on"])
    kind, name = PAPERS.get(mail.kind, (None, ""))
    return About(kind, mail.facts[name]) if kind is not None and mail.facts.get(name) else None


def pdf_of(mail: OutboxMail) -> billing_files.PaperPdf | None:
    """The kept PDF, or drawn now and kept; nobody has to wait while it is drawn. None when its thing is gone.

    BadDocument when it cannot be drawn: words that speak of an attachment must not go out without it.
    """
    about = paper_of(mail)
    if about is None:
        return None
    with reading():
        seen = billing_files.look(about)
        pdf = billing_files.fill(seen) if seen is not None else None
        db.session.rollback()
    if pdf is not None and pdf.is_new:
        billing_files.keep(pdf)
        db.session.commit()
    return pdf


def pay_statement_of(mail: OutboxMail) -> tuple[str, bytes] | None:
    """Name and bytes of the sitter's statement; None for other mails. BadDocument when it cannot be drawn."""
    if mail.kind != PAY_STATEMENT or not mail.facts.get("statement_id"):
        return None
    with reading():
        found = statements.get(int(mail.facts["statement_id"]))
        paper = statements.paper(found) if found is not None else None
        db.session.rollback()
    if paper is None:
        return None
    name, data, _mark = pay_statement.pdf(paper)
    return name, data
