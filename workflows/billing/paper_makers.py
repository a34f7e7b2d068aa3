"""One way from a row to its paper: what the PDF, the page and the mail's attachment of it all say."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from foundation.db import db
from models import Client, CreditNote, Invoice, Payment, Refund
from workflows import settings
from workflows.billing import invoice_papers, receipts, statements
from workflows.billing.paper_store import About, AboutKind
from workflows.billing.papers import Paper

#: by kind: the table, and what makes the paper of one of its rows
ROWS: dict[AboutKind, tuple[type[Any], Callable[[Any], Paper]]] = {
    AboutKind.INVOICE: (Invoice, invoice_papers.of_invoice),
    AboutKind.NOTE: (CreditNote, invoice_papers.of_note),
    AboutKind.PAYMENT: (Payment, receipts.payment_paper),
    AboutKind.REFUND: (Refund, receipts.refund_paper),
}


def make(about: About, *, site: str = "") -> Paper | None:
    """The paper as things stand now; None when the thing is gone. Invalid for a statement of a period that is none.

    `site` is the address of the portal, for the link that takes the payment; without one the paper has no link, as
    while the portal takes no payments.
    """
    if about.kind is AboutKind.STATEMENT:
        client = db.session.get(Client, about.id)
        return with_link(statements.paper(client, *about.days), client, site, "?what=due") if client else None
    table, of = ROWS[about.kind]
    row = db.session.get(table, about.id)
    if row is None:
        return None
    return with_link(of(row), row.client, site, f"/{row.public_id}") if isinstance(row, Invoice) else of(row)


def with_link(paper: Paper, client: Client, site: str, tail: str) -> Paper:
    """The paper with the address of the portal's page that takes the payment."""
    is_open = bool(site) and client.pays_online and bool(settings.read()["portal.pay"])
    return replace(paper, pay_link=f"{site.rstrip('/')}/portal/pay{tail}" if is_open else "")
