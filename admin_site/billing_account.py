"""A client's money on their page: the tile of the snapshot, and the tab Account with its history, cards and statement."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from sqlalchemy.orm import aliased

from admin_site import account_lines, billing_papers, export
from admin_site.billing_records import invoice_chip, invoice_name, invoice_url
from admin_site.pages import Answer, WorkPage, get_or_404, press, refuse
from admin_site.reading import read_day
from documents import billing_tables
from foundation import clock
from foundation.db import db
from foundation.fixed import fixed
from foundation.twins import Twin
from models import Client, CreditNote, Invoice, InvoiceState, NoteState
from sign_in import current_actor
from workflows import activity, once
from workflows.billing import crediting, history, methods, statements, sums
from workflows.billing.history import Entry
from workflows.billing.paper_store import AboutKind
from workflows.errors import WorkflowError
from workflows.permissions import Permission

PER_PAGE = 25
MOST_INVOICES = 10
#: a longer history is asked for in parts
MOST_ROWS = 10_000


@dataclass(frozen=True)
class Tile:
    """What the blue snapshot says of money."""

    balance: Decimal
    credit: Decimal
    #: id, number and day of the last invoice that counts; None without one
    last: tuple[int, str, dt.date] | None


def last_invoice(client_id: int | sa.BindParameter[int]) -> tuple[type[Invoice], sa.ColumnElement[bool], list[Any]]:
    """The client's last invoice for a bigger statement: what to join, on what, and its id, number and day as columns."""
    newest = (
        sa.select(Invoice.id)
        .where(Invoice.client_id == client_id, Invoice.state.not_in([InvoiceState.DRAFT, InvoiceState.VOID]))
        .order_by(Invoice.issued_on.desc(), Invoice.id.desc())
        .limit(1)
    )
    last = aliased(Invoice, name="last")
    return last, last.id == newest.scalar_subquery(), [last.id, last.number, last.issued_on]


def tile(stands: sums.Stands, last: tuple[Any, Any, Any]) -> dict[str, Any]:
    """The snapshot's figures; nothing for those who may not see them."""
    if not current_actor().may(Permission.BILLING):
        return {"money": None}
    return {"money": Tile(stands.owed - stands.credit, stands.credit, last if last[0] is not None else None)}


def tab(client: Client, number: int, stands: sums.Stands, *, has_notes: bool, has_methods: bool) -> dict[str, Any]:
    """The tab: history with the balance after each step, open papers, kept cards. `stands` and what there is at all are
    known to the page; four queries, two more where there are open notes and kept cards."""
    current_actor().require(Permission.BILLING)
    found = history.entries(client.id, limit=PER_PAGE + 1, offset=(number - 1) * PER_PAGE)
    invoices = _INVOICE.read(_asked().execute(_INVOICES, {"client_id": client.id}).all())
    return {
        "history": account_lines.of_history((e, entry_url(e)) for e in found[:PER_PAGE]),
        "has_more": len(found) > PER_PAGE,
        "invoices": [(i, invoice_name(i), invoice_chip(i)) for i in invoices],
        "outstanding": {k: v.outstanding for k, v in sums.invoice_sums([i.id for i in invoices]).items()},
        "open_notes": _open_notes(client) if has_notes else [],
        "methods": methods.of_client(client.id) if has_methods else [],
        "stands": sums.client_money(client.id, stands),
        "form_key": once.new_key(),
        "first_of_year": clock.today().replace(month=1, day=1),
        "today": clock.today(),
    }


def _asked() -> sa.Connection:
    return db.session.connection()


# Built once: putting a statement together takes longer than the database takes to answer it.
_CLIENT_ID = sa.bindparam("client_id", type_=sa.Integer)
_INVOICE = Twin(Invoice, "number", "state", "issued_on", "due_on", "total", "debited")
# Keys first: a long account's invoices are sorted without reading them.
_INVOICES = fixed(
    sa.select(*_INVOICE.columns)
    .where(
        Invoice.id.in_(
            sa.select(Invoice.id)
            .where(Invoice.client_id == _CLIENT_ID)
            .order_by(Invoice.id.desc())
            .limit(MOST_INVOICES)
        )
    )
    .order_by(Invoice.id.desc())
)


def _open_notes(client: Client) -> list[CreditNote]:
    return _NOTE.read(_asked().execute(_NOTES, {"client_id": client.id}).all())


_NOTE = Twin(CreditNote, "kind", "total", invoice=Twin(Invoice, "number"))
_NOTES = fixed(
    sa.select(*_NOTE.columns)
    .select_from(_NOTE.joined())
    .where(_NOTE.c.client_id == _CLIENT_ID, _NOTE.c.state == NoteState.OPEN)
    .order_by(_NOTE.c.id)
)


def entry_url(entry: Entry) -> str | None:
    """The page of what a step is about."""
    match entry.subject_type:
        case "invoice":
            return invoice_url(entry.subject_id)
        case "payment":
            return url_for("payment_page.show", payment_id=entry.subject_id)
        case "credit_note":
            return url_for("note_page.show", note_id=entry.subject_id)
        case "refund":
            return url_for("payment_page.show", payment_id=entry.payment_id) if entry.payment_id else None
        case _:
            return None


class AccountPage(WorkPage):
    """The account as a file and as a statement."""

    permission = Permission.BILLING

    @expose("/")
    def index(self) -> Answer:
        """Accounts stand on their clients' pages."""
        return redirect(url_for("clients.index_view"))

    @expose("/<int:client_id>/history.csv", methods=("POST",))
    def export(self, client_id: int) -> Answer:
        """The account as a CSV or Excel file: every step with the balance after it; never by a GET, and logged."""
        self.actor.require(Permission.EXPORT)
        client = get_or_404(Client, client_id)
        steps = history.entries(client.id, newest_first=False, limit=MOST_ROWS)
        head = gettext("Day"), gettext("What"), gettext("Number"), gettext("Amount"), gettext("Balance")
        body = [(s.on_date, billing_tables.entry_words(s.kind, ""), s.number, s.amount, s.balance) for s in steps]
        activity.record("list.exported", actor=self.actor, client=client, list="account", n_rows=len(steps), of={})
        db.session.commit()
        name = f"account-{client.account_number}-{clock.today().isoformat()}"
        return export.file_of(head, body, name, gettext("Account history"))

    @expose("/<int:client_id>/credit", methods=("POST",))
    def spend_credit(self, client_id: int) -> Answer:
        """What the client holds pays their open invoices."""
        client = get_or_404(Client, client_id)
        back = url_for("client_page.show", client_id=client.id, tab="account")
        return press(lambda: crediting.pay_from_credit(client, actor=self.actor), gettext("The credit pays what was open."), back)  # fmt: skip

    @expose("/<int:client_id>/statement", methods=("POST",))
    def mail_statement(self, client_id: int) -> Answer:
        """The statement of a period: shown, or mailed to the client."""
        client = get_or_404(Client, client_id)
        back = url_for("client_page.show", client_id=client.id, tab="account")
        first, last = read_day(request.form.get("first")), read_day(request.form.get("last"))
        if first is None or last is None:
            flash(gettext("Choose the first and the last day of the statement."), "error")
            return redirect(back, 303)

        if "mail" not in request.form:
            return redirect(
                url_for(".statement", client_id=client.id, first=first.isoformat(), last=last.isoformat()), 303
            )

        def send() -> None:
            once.claim(request.form.get("form_key"))
            statements.send(client, first, last, actor=self.actor)

        return press(send, gettext("The statement is on its way."), back)

    @expose("/<int:client_id>/statement")
    def statement(self, client_id: int) -> Answer:
        """The statement of a period as PDF."""
        client = get_or_404(Client, client_id)
        first, last = read_day(request.args.get("first")), read_day(request.args.get("last"))
        if first is None or last is None or first > last:
            flash(gettext("Choose the first and the last day of the statement."), "error")
            return redirect(url_for("client_page.show", client_id=client.id, tab="account"), 303)
        try:
            return billing_papers.pdf(AboutKind.STATEMENT, client.id, first=first.isoformat(), last=last.isoformat())
        except WorkflowError as problem:
            refuse(problem)
            return redirect(url_for("client_page.show", client_id=client.id, tab="account"), 303)


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(AccountPage(name="Account", endpoint="client_account", url="client-account"))
