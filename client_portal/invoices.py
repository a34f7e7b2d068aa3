"""The invoices of the last twelve months, each as a page and as the PDF that the office has too."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from flask import abort, current_app, request, url_for

from client_portal.frame import View, can_pay, client_here, invoices_are_on, page, page_group
from client_portal.owing import INVOICE
from documents import billing_words
from foundation import clock
from foundation.db import db, rows_of
from foundation.fixed import fixed
from models import Client, Invoice, InvoiceState
from ui_kit import paper_files
from workflows.billing import paper_makers, sums
from workflows.billing.paper_store import About, AboutKind
from workflows.billing.sums import InvoiceSums

pages = page_group("portal_invoices", __name__, under="/invoices", nav="invoices", switches=[invoices_are_on])
PER_PAGE = 25
MONTHS = 12


@dataclass(frozen=True)
class Row:
    """One invoice of the list."""

    invoice: Invoice
    sums: InvoiceSums
    #: when it was last sent, or else issued
    on_date: dt.date | None


def earliest() -> dt.date:
    """The first day of the twelve months."""
    today = clock.today()
    try:
        return today.replace(year=today.year - 1)
    except ValueError:  # 29 February
        return today.replace(year=today.year - 1, day=28)


def shown(client: Client) -> tuple[sa.ColumnElement[bool], ...]:
    """What a client may read: issued in these months, or still open; never a draft."""
    recent = sa.or_(Invoice.issued_on >= earliest(), Invoice.state == InvoiceState.OPEN)
    return Invoice.client_id == client.id, Invoice.state != InvoiceState.DRAFT, recent


_invoice = INVOICE.c
_of_client = _invoice.client_id == sa.bindparam("client_id", type_=sa.Integer)
_OVER = [state for state in InvoiceState if state not in {InvoiceState.DRAFT, InvoiceState.OPEN}]
_PAGE = fixed(
    sa.select(*INVOICE.columns)
    # Each half in full and the states by name, so that both are looked up in the client's index, which has the state in it.
    .where(
        sa.or_(
            sa.and_(_of_client, _invoice.state == InvoiceState.OPEN),
            sa.and_(
                _of_client, _invoice.state.in_(_OVER), _invoice.issued_on >= sa.bindparam("earliest", type_=sa.Date)
            ),
        )
    )
    .order_by(_invoice.issued_on.desc(), _invoice.id.desc())
    .limit(PER_PAGE + 1)
    .offset(sa.bindparam("skip"))
)


@pages.get("")
def index() -> View:
    """Newest first, also void ones; `?page=2` has older ones."""
    text = request.args.get("page", "1")
    number = max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= 4 else 1
    wanted = {"client_id": client_here().id, "earliest": earliest(), "skip": (number - 1) * PER_PAGE}
    found = INVOICE.read(rows_of(_PAGE, wanted))
    listed = found[:PER_PAGE]
    figures = sums.invoice_sums(i.id for i in listed) if listed else {}
    return page(
        "invoices.html",
        rows=[Row(i, figures[i.id], clock.to_local(i.sent_at).date() if i.sent_at else i.issued_on) for i in listed],
        older=url_for(".index", page=number + 1) if len(found) > PER_PAGE else "",
        newer=url_for(".index", page=number - 1) if number > 1 else "",
        today=clock.today(),
        can_pay=can_pay(),
    )


def own(invoice_id: str) -> Invoice:
    """An invoice that this client may read, or 404."""
    return db.session.scalar(sa.select(Invoice).where(Invoice.public_id == invoice_id, *shown(client_here()))) or abort(
        404
    )


@pages.get("/<public_id:invoice_id>")
def show(invoice_id: str) -> View:
    """The invoice as a page: it says what the PDF says, and reads well aloud."""
    invoice = own(invoice_id)
    paper = paper_makers.make(About(AboutKind.INVOICE, invoice.id), site=current_app.config["PUBLIC_URL"]) or abort(404)
    return page(
        "invoice.html",
        said=billing_words.say(paper),
        pdf_url=url_for(".pdf", invoice_id=invoice.public_id),
        pay_url=url_for("portal_pay.form", invoice=invoice.public_id)
        if can_pay() and invoice.state is InvoiceState.OPEN
        else "",
        back=url_for(".index"),
    )


@pages.get("/<public_id:invoice_id>/pdf")
def pdf(invoice_id: str) -> View:
    """The PDF, the very bytes that the office has."""
    return paper_files.paper(About(AboutKind.INVOICE, own(invoice_id).id)) or abort(404)
