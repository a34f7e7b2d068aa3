"""The lists of what was asked for: invoices, notes, clients' packages. `payment_lists` has what came in and went back.

All are for reading: what is issued or received is never edited. Their own pages do what can be done (`billing_invoice`,
`billing_payment`, `billing_note`); `billing_attempts` has what was asked of the gateway and what it said.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import redirect, url_for
from flask_admin import Admin
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from admin_site import filters, rows, search
from admin_site.billing_lists import BillingList
from admin_site.bulk import bulk
from admin_site.list_address import Pill
from admin_site.people import OF_CLIENT, client_link
from admin_site.rows import Column
from admin_site.texts import moment_words
from foundation import clock
from foundation.db import db
from foundation.twins import Twin
from models import (
    BulkRun,
    Client,
    ClientPackage,
    CreditNote,
    Invoice,
    InvoiceKind,
    InvoiceState,
    NoteKind,
    NoteState,
    PackageUse,
    PaymentKind,
    PaymentTerms,
    Staff,
)
from workflows.billing import recording, reminders, runs, sums
from workflows.errors import N_, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(InvoiceList(Invoice, "invoices", "/admin/invoices"))
    admin.add_view(NoteList(CreditNote, "credit_notes", "/admin/credit-notes"))
    admin.add_view(ClientPackageList(ClientPackage, "client_packages", "/admin/client-packages"))


_NAME = (Staff.first_name, Staff.last_name)


class BooksList(BillingList):
    """A list for reading: it has no forms and nothing is deleted."""

    may_add = may_change = may_delete = False


def is_overdue() -> Any:
    """Open after its due date."""
    return (Invoice.state == InvoiceState.OPEN) & (Invoice.due_on < clock.today())


def invoice_chip(invoice: Invoice) -> Any:
    """The state of an invoice; an open one that is overdue says so."""
    if invoice.is_overdue(clock.today()):
        return rows.chip("late", gettext("Overdue"))
    return rows.code_chip(invoice.state)


def invoice_url(invoice_id: int) -> str:
    """The invoice's own page."""
    return f"/admin/invoice/{invoice_id}/"


def invoice_name(invoice: Invoice) -> str:
    """Its number, or that it is a draft."""
    return invoice.number or gettext("Draft %(id)s", id=invoice.id)


class OfRun(filters.Record):
    """The invoices that one billing run raised; its page leads here."""

    def words(self, value: str) -> str:
        """When the run was ordered."""
        run = db.session.get(BulkRun, self.read(value))
        return moment_words(run.created_at, inside=True) if run else gettext("not there any more")


class InvoiceList(BooksList):
    """Every invoice and draft; a row leads to its own page."""

    title, add_label = _l("Invoices"), _l("New invoice")
    empty = ("dog", _l("No invoices yet"), _l("Choose a client and tick their visits: that makes the first one."))
    search_hint = _l("Number or client")
    keeps_page = True
    default_order = (Invoice.id.desc(),)
    list_options = (joinedload(Invoice.client).load_only(*OF_CLIENT),)
    twin = Twin(
        Invoice, "number", "state", "issued_on", "due_on", "total", client=Twin(Client, "first_name", "last_name")
    )
    record_options = (*list_options, joinedload(Invoice.payment_terms), joinedload(Invoice.staff).load_only(*_NAME))
    pills = (
        Pill("open", _l("Unpaid"), lambda: Invoice.state == InvoiceState.OPEN),
        Pill("overdue", _l("Overdue"), is_overdue),
        Pill("drafts", _l("Drafts"), lambda: Invoice.state == InvoiceState.DRAFT),
        Pill("paid", _l("Paid"), lambda: Invoice.state == InvoiceState.PAID),
        Pill(
            "ended", _l("Void, written off"), lambda: Invoice.state.in_([InvoiceState.VOID, InvoiceState.WRITTEN_OFF])
        ),
        Pill("all", _l("All")),
    )
    columns = (
        Column(
            "number", _l("Number"), sort=(Invoice.sequence,), value=lambda i: i.number or "",
            show=lambda i: rows.link(invoice_name(i), invoice_url(i.id), main=True),
        ),
        Column("client", _l("Client"), show=lambda i: client_link(i.client)),
        Column("kind", _l("Kind"), hidden=True),
        Column("state", _l("State"), show=invoice_chip),
        Column("issued_on", _l("Issued"), sort=(Invoice.issued_on,)),
        Column("due_on", _l("Due"), sort=(Invoice.due_on,)),
        Column("first_on", _l("First visit"), hidden=True),
        Column("last_on", _l("Last visit"), hidden=True),
        Column("subtotal", _l("Before tax"), right=True, hidden=True),
        Column("tax_total", _l("Tax"), right=True, hidden=True),
        Column("total", _l("Total"), right=True, sort=(Invoice.total,)),
        Column("debited", _l("Added by debit notes"), right=True, hidden=True),
        Column("written_off", _l("Written off"), right=True, hidden=True),
        Column("currency", _l("Currency"), hidden=True),
        Column("sent_at", _l("Last mailed"), hidden=True),
        Column("end_reason", _l("Reason"), hidden=True),
        Column("note", _l("Note"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.Choice("state", Invoice.state, _l("State"), InvoiceState),
        filters.Choice("kind", Invoice.kind, _l("Kind"), InvoiceKind),
        *filters.client_filters(Invoice.client_id),
        filters.RecordChoice("terms", Invoice.payment_terms_id, _l("Payment terms"), PaymentTerms, order=(PaymentTerms.name,), none=_l("None")),
        filters.Day("from", Invoice.issued_on, _l("Issued from")),
        filters.Day("until", Invoice.issued_on, _l("Issued until"), until=True),
        filters.Day("due", Invoice.due_on, _l("Due until"), until=True),
        OfRun("run", Invoice.run_id, _l("Billing run"), BulkRun),
    )  # fmt: skip

    def find(self, text: str) -> Any:
        return search.billing_papers(Invoice, Invoice.number)(text)

    def record_name(self, record: Invoice) -> str:
        return invoice_name(record)

    def record_url(self, record: Invoice) -> str:
        return invoice_url(record.id)

    def add_url(self) -> str | None:
        return "/admin/invoice/new" if self.actor.may(self.writing) else None

    @bulk(
        "remind", _l("Send reminders"), permission=Permission.BILLING,
        question=_l("Send reminders? Each client gets one mail about what is ticked and still owed."),
    )  # fmt: skip
    def action_remind(self, records: Sequence[Invoice]) -> None:
        """One mail a client, whatever was sent before."""
        groups = _by_client(records)
        self.each(
            [own[0] for own in groups.values()],
            lambda invoice: reminders.remind_now(invoice.client, groups[invoice.client_id], actor=self.actor),
            lambda n: ngettext("%(num)d client is reminded.", "%(num)d clients are reminded.", n),
        )

    @bulk(
        "paid", _l("Record as paid by transfer"), permission=Permission.BILLING,
        question=_l("Record that what is ticked was paid in full by bank transfer today? Receipts are mailed."),
    )  # fmt: skip
    def action_paid(self, records: Sequence[Invoice]) -> None:
        """The exact amounts; for part payments there is the invoice's own page."""
        self.each(
            sorted(records, key=lambda i: (i.client_id, i.id)),
            self._record_paid,
            lambda n: ngettext("%(num)d payment recorded.", "%(num)d payments recorded.", n),
        )

    def _record_paid(self, invoice: Invoice) -> None:
        lock_client(invoice.client_id)
        owed = sums.outstanding(invoice)
        if owed <= 0:
            raise WrongState("nothing_owed", N_("Nothing is owed any more."))
        recording.record_payment(
            invoice.client, kind=PaymentKind.TRANSFER, amount=owed, received_on=clock.today(),
            allocate={invoice.id: owed}, actor=self.actor,
        )  # fmt: skip

    @bulk(
        "charge", _l("Charge cards"), permission=Permission.BILLING,
        question=_l("Charge what is ticked to the cards and accounts of clients who allowed automatic payment?"),
    )  # fmt: skip
    def action_charge(self, records: Sequence[Invoice]) -> Response:
        """An order of its own, which can be followed."""
        run = runs.order_charges([i.id for i in records], actor=self.actor)
        db.session.commit()
        return redirect(url_for("billing_run.follow", run_id=run.public_id))


def _by_client(invoices: Sequence[Invoice]) -> dict[int, list[Invoice]]:
    """In the order in which everybody takes clients' locks."""
    found: dict[int, list[Invoice]] = {}
    for invoice in sorted(invoices, key=lambda i: (i.client_id, i.id)):
        found.setdefault(invoice.client_id, []).append(invoice)
    return found


def note_url(note_id: int) -> str:
    """The note's own page."""
    return f"/admin/credit-note/{note_id}/"


def note_name(note: CreditNote) -> str:
    """Its number, or that it is not committed yet."""
    return note.number or gettext("Note %(id)s", id=note.id)


class NoteList(BooksList):
    """Credit and debit notes; the uncommitted ones first."""

    title = _l("Credit and debit notes")
    intro = _l("When an invoiced visit is cancelled or changed, the difference waits here. A committed note counts.")
    empty = ("cat", _l("No notes yet"), _l("They come by themselves when invoiced visits change."))
    search_hint = _l("Number, invoice or client")
    default_order = (CreditNote.id.desc(),)
    list_options = (
        joinedload(CreditNote.client).load_only(*OF_CLIENT),
        joinedload(CreditNote.invoice).load_only(Invoice.number, Invoice.state),
    )
    record_options = (*list_options, joinedload(CreditNote.staff).load_only(*_NAME))
    pills = (
        Pill("open", _l("Not committed"), lambda: CreditNote.state == NoteState.OPEN),
        Pill("committed", _l("Committed"), lambda: CreditNote.state == NoteState.COMMITTED),
        Pill("all", _l("All")),
    )
    columns = (
        Column(
            "number", _l("Number"), sort=(CreditNote.number,), value=lambda n: n.number or "",
            show=lambda n: rows.link(note_name(n), note_url(n.id), main=True),
        ),
        Column("kind", _l("Kind")),
        Column("client", _l("Client"), show=lambda n: client_link(n.client)),
        Column(
            "invoice", _l("Invoice"), value=lambda n: invoice_name(n.invoice) if n.invoice else "",
            show=lambda n: rows.link(invoice_name(n.invoice), invoice_url(n.invoice_id)) if n.invoice else "",
        ),
        Column("state", _l("State"), words=rows.code_chip),
        Column("subtotal", _l("Before tax"), right=True, hidden=True),
        Column("tax_total", _l("Tax"), right=True, hidden=True),
        Column("total", _l("Total"), right=True),
        Column("reason", _l("Reason"), hidden=True),
        Column("created_at", _l("Begun"), hidden=True),
        Column("committed_on", _l("Committed on"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.Choice("kind", CreditNote.kind, _l("Kind"), NoteKind),
        filters.Choice("state", CreditNote.state, _l("State"), NoteState),
        *filters.client_filters(CreditNote.client_id),
        filters.Day("from", CreditNote.committed_on, _l("Committed from")),
        filters.Day("until", CreditNote.committed_on, _l("Committed until"), until=True),
    )

    def find(self, text: str) -> Any:
        of_invoice = sa.select(Invoice.id).where(search.contains(Invoice.number, search.tidy(text)))
        return sa.or_(
            search.billing_papers(CreditNote, CreditNote.number)(text).rows, CreditNote.invoice_id.in_(of_invoice)
        )

    def record_name(self, record: CreditNote) -> str:
        return note_name(record)

    def record_url(self, record: CreditNote) -> str:
        return note_url(record.id)


class ClientPackageList(BooksList):
    """Packages that clients bought, and how much of each is used up."""

    title = _l("Clients' packages")
    intro = _l("Sold on an invoice; visits draw from them until they are used up or have run out.")
    empty = ("rabbit", _l("No packages sold yet"), _l("A package is sold as a line of an invoice."))
    search_hint = _l("Name or client")
    default_order = (ClientPackage.id.desc(),)
    list_options = record_options = (
        joinedload(ClientPackage.client).load_only(*OF_CLIENT),
        joinedload(ClientPackage.service_item),
        joinedload(ClientPackage.service_group),
    )
    pills = (
        Pill("running", _l("Running"), lambda: ClientPackage.ended_at.is_(None)),
        Pill("all", _l("All")),
    )
    columns = (
        Column("name", _l("Package")),
        Column("client", _l("Client"), show=lambda p: client_link(p.client)),
        Column("of", _l("For"), value=lambda p: str(p.service_item or p.service_group or "")),
        Column("used", _l("Used"), right=True, value=lambda p: f"{p.n_used}/{p.n_visits}"),
        Column("price", _l("Price"), right=True),
        Column("bought_on", _l("Bought")),
        Column("expires_on", _l("Until")),
        Column("ended_at", _l("Ended"), hidden=True),
    )
    filters = (
        *filters.client_filters(ClientPackage.client_id),
        filters.Day("from", ClientPackage.bought_on, _l("Bought from")),
        filters.Day("until", ClientPackage.bought_on, _l("Bought until"), until=True),
    )

    def prefetch(self, records: Any) -> None:
        """How many visits drew from each, with one query."""
        ids = [p.id for p in records]
        found = sa.select(PackageUse.package_id, sa.func.count()).where(PackageUse.package_id.in_(ids))
        used = dict(db.session.execute(found.group_by(PackageUse.package_id)).all()) if ids else {}
        for package in records:
            package.n_used = used.get(package.id, 0)

    def find(self, text: str) -> Any:
        return search.billing_papers(ClientPackage, ClientPackage.name)(text)
