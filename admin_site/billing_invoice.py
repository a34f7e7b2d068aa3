"""The page of one invoice: the draft's editor, or the paper that the client got, with what can be done about it.

Issued invoices are never edited: they are paid, voided and raised again, written off, or changed by notes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from sqlalchemy.orm import joinedload

from admin_site import billing_papers, log_entries
from admin_site.billing_drafts import DraftPages, invoice_or_404, sorted_lines, why_lines
from admin_site.billing_forms import ReasonForm
from admin_site.billing_records import invoice_chip, invoice_name
from admin_site.pages import Answer, page, press, refuse
from admin_site.reading import read_id
from documents import billing_words
from foundation.db import db
from models import (
    Activity,
    Allocation,
    AttemptTarget,
    CreditNote,
    Invoice,
    InvoiceReminder,
    InvoiceState,
    NoteState,
    Payment,
    PaymentAttempt,
)
from workflows import once
from workflows.billing import invoicing, note_changes, sums
from workflows.billing.paper_store import AboutKind
from workflows.errors import Conflict, WorkflowError, WrongState
from workflows.permissions import Permission


@dataclass(frozen=True)
class PaidBy:
    """A payment or note, and how much of the invoice it pays."""

    label: str
    url: str
    on_date: Any
    amount: Decimal


class InvoicePage(DraftPages):
    """Everything about one invoice."""

    @expose("/")
    def index(self) -> Any:
        """The list is another page."""
        return redirect(url_for("invoices.index_view"))

    @expose("/<int:invoice_id>/")
    def show(self, invoice_id: int) -> Answer:
        """The editor of a draft; else the paper, its payments and notes, and what can be done."""
        invoice = invoice_or_404(invoice_id)
        if invoice.state is InvoiceState.DRAFT:
            return self.draft_page(invoice)
        reminders = sa.select(InvoiceReminder).where(InvoiceReminder.invoice_id == invoice.id)
        return page(
            "billing/invoice.html", invoice=invoice, name=invoice_name(invoice), chip=invoice_chip(invoice),
            said=billing_words.say(invoicing.paper(invoice)), figures=sums.invoice_sums([invoice.id])[invoice.id],
            paid_by=_paid_by(invoice), open_notes=_open_notes(invoice), under_way=_under_way(invoice),
            replaced_by=db.session.scalar(sa.select(Invoice).where(Invoice.replaces_id == invoice.id).limit(1)),
            replaces=invoice.replaces, lines=[(x, why_lines(x)) for x in sorted_lines(invoice)],
            log=[log_entries.log_entry(x) for x in _log(invoice)], reminders=db.session.scalars(reminders).all(),
            may_refund=self.actor.may(Permission.REFUND), form_key=once.new_key(),
            may_change=lambda x: invoice.state is not InvoiceState.VOID and note_changes.may_change_line(x),
        )  # fmt: skip

    @expose("/<int:invoice_id>/pdf")
    def pdf(self, invoice_id: int) -> Answer:
        """The paper as PDF: the very one that the client gets; of a draft the quote."""
        return billing_papers.pdf(AboutKind.INVOICE, invoice_or_404(invoice_id).id)

    @expose("/<int:invoice_id>/issue", methods=("POST",))
    def issue(self, invoice_id: int) -> Answer:
        """Number it, freeze it, mail it or not. A second press changes nothing."""
        invoice = invoice_or_404(invoice_id)
        mail = request.form.get("mail") == "1"
        try:
            issued = invoicing.issue(invoice, mail=mail, actor=self.actor, seen_version=read_id(request.form.get("version")))  # fmt: skip
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            told = mail and issued.client.email
            flash(
                gettext("Invoice %(number)s is issued. %(name)s gets it by mail.", number=issued.number, name=issued.client.first_name)
                if told
                else gettext("Invoice %(number)s is issued. No mail was sent.", number=issued.number),
                "success",
            )  # fmt: skip
        return redirect(url_for(".show", invoice_id=invoice_id), 303)

    @expose("/<int:invoice_id>/sending", methods=("POST",))
    def send_again(self, invoice_id: int) -> Answer:
        """Mail it once more, once for each press."""
        invoice = invoice_or_404(invoice_id)

        def send() -> None:
            once.claim(request.form.get("form_key"))
            if invoicing.send_again(invoice, actor=self.actor) is None:
                raise WrongState("no_address", gettext("This client has no mail address that wants mails."))

        return press(send, gettext("The invoice is on its way."), url_for(".show", invoice_id=invoice_id))

    @expose("/<int:invoice_id>/void", methods=("GET", "POST"))
    def void(self, invoice_id: int) -> Answer:
        """Void it, with the reason; it may be raised again afterwards."""
        return self._end(
            invoice_id, "void", lambda i, f: invoicing.void(i, actor=self.actor, reason=f.reason.data or "", seen_version=f.seen),
            lambda i: gettext("Invoice %(number)s is void.", number=i.number),
        )  # fmt: skip

    @expose("/<int:invoice_id>/write-off", methods=("GET", "POST"))
    def write_off(self, invoice_id: int) -> Answer:
        """Give up what is still owed, with the reason."""
        self.actor.require(Permission.REFUND)
        return self._end(
            invoice_id, "write_off", lambda i, f: invoicing.write_off(i, actor=self.actor, reason=f.reason.data or "", seen_version=f.seen),
            lambda i: gettext("Invoice %(number)s is written off.", number=i.number),
        )  # fmt: skip

    def _end(
        self, invoice_id: int, how: str, work: Callable[[Invoice, ReasonForm], Invoice], said: Callable[[Invoice], str]
    ) -> Answer:
        invoice = invoice_or_404(invoice_id)
        posted = request.method == "POST"
        form = ReasonForm(request.form if posted else None, version=str(invoice.version))
        if posted and form.validate():
            try:
                once.claim(form.form_key.data)
                ended = work(invoice, form)
                db.session.commit()
            except (Conflict, WrongState) as problem:
                refuse(problem)
                return redirect(url_for(".show", invoice_id=invoice_id), 303)
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
            else:
                flash(said(ended), "success")
                return redirect(url_for(".show", invoice_id=invoice_id), 303)
        figures = sums.invoice_sums([invoice.id])[invoice.id]
        return page(
            "billing/end.html", 422 if form.errors else 200, invoice=invoice, form=form, how=how, figures=figures
        )

    @expose("/<int:invoice_id>/write-off-undone", methods=("POST",))
    def undo_write_off(self, invoice_id: int) -> Answer:
        """The client pays after all."""
        self.actor.require(Permission.REFUND)
        invoice = invoice_or_404(invoice_id)
        return press(lambda: invoicing.undo_write_off(invoice, actor=self.actor), gettext("It is owed again."), url_for(".show", invoice_id=invoice_id))  # fmt: skip

    @expose("/<int:invoice_id>/raised-again", methods=("POST",))
    def raise_again(self, invoice_id: int) -> Answer:
        """A new draft in place of a voided invoice."""
        voided = invoice_or_404(invoice_id)
        try:
            draft = invoicing.raise_again(voided, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
            return redirect(url_for(".show", invoice_id=invoice_id), 303)
        flash(gettext("A new draft is there. Look it over, then issue it."), "success")
        return redirect(url_for(".show", invoice_id=draft.id), 303)


# --------------------------------------------------------------------------------------------------------- reading


def _paid_by(invoice: Invoice) -> list[PaidBy]:
    """What pays it: each payment and note with its part, in their order."""
    rows = db.session.execute(
        sa.select(Allocation.payment_id, Allocation.note_id, sa.func.sum(Allocation.amount), sa.func.min(Allocation.id))
        .where(Allocation.invoice_id == invoice.id)
        .group_by(Allocation.payment_id, Allocation.note_id)
        .having(sa.func.sum(Allocation.amount) != 0)
        .order_by(sa.func.min(Allocation.id))
    ).all()
    payments = _by_id(Payment, [row[0] for row in rows if row[0]])
    notes = _by_id(CreditNote, [row[1] for row in rows if row[1]])
    found = []
    for payment_id, note_id, amount, _first in rows:
        if payment_id:
            paid = payments[payment_id]
            label = gettext("Payment %(number)s", number=paid.number)
            found.append(PaidBy(label, url_for("payment_page.show", payment_id=payment_id), paid.received_on, amount))
        elif note_id:
            note = notes[note_id]
            label = gettext("Credit %(number)s", number=note.number)
            found.append(PaidBy(label, url_for("note_page.show", note_id=note_id), note.committed_on, amount))
    return found


def _by_id(kind: Any, ids: list[int]) -> dict[int, Any]:
    return {row.id: row for row in db.session.scalars(sa.select(kind).where(kind.id.in_(ids)))} if ids else {}


def _open_notes(invoice: Invoice) -> list[CreditNote]:
    return [note for note in invoice.notes if note.state is not NoteState.DROPPED]


def _under_way(invoice: Invoice) -> list[PaymentAttempt]:
    """Payments of it whose outcome is not known yet."""
    wanted = (
        sa.select(PaymentAttempt)
        .join(AttemptTarget, AttemptTarget.attempt_id == PaymentAttempt.id)
        .where(AttemptTarget.invoice_id == invoice.id, AttemptTarget.is_active)
        .options(joinedload(PaymentAttempt.method))
    )
    return list(db.session.scalars(wanted))


def _log(invoice: Invoice) -> list[Activity]:
    wanted = sa.select(Activity).where(Activity.subject_type == "invoice", Activity.subject_id == invoice.id)
    return list(db.session.scalars(wanted.order_by(Activity.id.desc()).limit(30)))


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(InvoicePage(name="Invoice", endpoint="invoice_page", url="invoice"))
