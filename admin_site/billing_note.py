"""The page of one credit or debit note: what it changes, committing or dropping it; and giving credit by hand."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, pgettext
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from admin_site import billing_papers, client_choice, log_entries, rows
from admin_site.billing_forms import CostForm, CreditForm, ReasonForm
from admin_site.billing_records import note_name
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from admin_site.reading import MAX_ID, read_id
from documents import billing_words
from foundation.db import db
from models import (
    Activity,
    Allocation,
    Client,
    CreditNote,
    CreditNoteLine,
    InvoiceLine,
    InvoiceState,
    NoteKind,
    NoteState,
)
from workflows import once
from workflows.billing import note_changes, notes, sums
from workflows.billing.paper_store import AboutKind
from workflows.errors import Conflict, WorkflowError, WrongState
from workflows.permissions import Permission


class NotePage(WorkPage):
    """Everything about one note, and granting credit."""

    permission = Permission.BILLING

    @expose("/")
    def index(self) -> Response:
        """The list is another page."""
        return redirect(url_for("credit_notes.index_view"))

    @expose("/grant", methods=("GET", "POST"))
    def grant(self) -> Answer:
        """Give a client credit without an invoice: goodwill, a voucher."""
        self.actor.require(Permission.REFUND)
        client_id = read_id(request.values.get("client"))
        if client_id is None:
            return client_choice.choose(url_for(".grant"), gettext("Grant credit"), ("credit_notes.index_view", pgettext("credit and debit", "Notes")))  # fmt: skip
        client = get_or_404(Client, client_id)
        form = CreditForm(request.form if request.method == "POST" else None)
        if request.method == "POST" and form.is_right():
            try:
                once.claim(form.form_key.data)
                note = notes.grant_credit(
                    client, form.amount.data or Decimal(0), actor=self.actor, reason=form.reason.data or ""
                )
                db.session.commit()
            except Conflict as sent_twice:
                refuse(sent_twice)
                return redirect(url_for("client_page.show", client_id=client.id, tab="account"), 303)
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
            else:
                flash(gettext("%(name)s has %(amount)s more credit.", name=client.first_name, amount=rows.show(note.total)), "success")  # fmt: skip
                return redirect(url_for(".show", note_id=note.id), 303)
        return page("billing/grant.html", 422 if form.errors else 200, client=client, form=form)

    @expose("/<int:note_id>/")
    def show(self, note_id: int) -> Answer:
        """The paper, what it pays, and what can be done."""
        note = _note_or_404(note_id)
        return page(
            "billing/note.html", note=note, name=note_name(note), chip=rows.code_chip(note.state), is_open=note.state is NoteState.OPEN,
            said=billing_words.say(notes.paper(note)), left=sums.unallocated(note), pays=_pays(note), is_debit=note.kind is NoteKind.DEBIT,
            log=[log_entries.log_entry(x) for x in _log(note)], version=note.version,
            lines=_changeable(note),
        )  # fmt: skip

    @expose("/lines/<int:line_id>", methods=("GET", "POST"))
    def line(self, line_id: int) -> Answer:
        """Something on an issued invoice costs more or less: the difference goes onto the open note, or changes there."""
        line = get_or_404(InvoiceLine, line_id)
        invoice = line.invoice
        if invoice.state in {InvoiceState.DRAFT, InvoiceState.VOID} or not note_changes.may_change_line(line):
            abort(404)
        billed, now = note_changes.costs_of(line)
        posted = request.method == "POST"
        form = CostForm(request.form if posted else None, amount=now)
        if posted and form.validate():
            try:
                once.claim(form.form_key.data)
                cost, why = form.amount.data or Decimal(0), form.reason.data or ""
                touched = note_changes.change_line(line, cost, actor=self.actor, reason=why)
                db.session.commit()
            except (Conflict, WrongState) as problem:
                refuse(problem)
                return redirect(url_for("invoice_page.show", invoice_id=invoice.id), 303)
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
            else:
                return self._line_changed(invoice.id, line_id, touched)
        return page("billing/note_line.html", 422 if form.errors else 200, line=line, invoice=invoice, form=form, billed=billed, now=now)  # fmt: skip

    def _line_changed(self, invoice_id: int, line_id: int, touched: list[CreditNote]) -> Response:
        about = next((n for n in touched if any(x.invoice_line_id == line_id for x in n.lines)), None)
        if about is None:
            flash(gettext("It costs what was billed: no note is needed for it."), "success")
            return redirect(url_for("invoice_page.show", invoice_id=invoice_id), 303)
        flash(gettext("It stands on the note. It counts once the note is committed."), "success")
        return redirect(url_for(".show", note_id=about.id), 303)

    @expose("/<int:note_id>/pdf")
    def pdf(self, note_id: int) -> Answer:
        """The note as PDF."""
        return billing_papers.pdf(AboutKind.NOTE, _note_or_404(note_id).id)

    @expose("/<int:note_id>/commitment", methods=("POST",))
    def commit(self, note_id: int) -> Answer:
        """From now on it counts. A second press changes nothing."""
        note = _note_or_404(note_id)
        try:
            mail, seen = request.form.get("mail") == "1", read_id(request.form.get("version"))
            committed = notes.commit(note, actor=self.actor, mail=mail, seen_version=seen)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(gettext("Note %(number)s counts from now on.", number=committed.number), "success")
        return redirect(url_for(".show", note_id=note_id), 303)

    @expose("/<int:note_id>/dropping", methods=("GET", "POST"))
    def drop(self, note_id: int) -> Answer:
        """It never counts: the invoice stays as it is."""
        note = _note_or_404(note_id)
        form = ReasonForm(request.form if request.method == "POST" else None)
        if request.method == "POST" and form.validate():
            try:
                notes.drop(note, actor=self.actor, reason=form.reason.data or "")
                db.session.commit()
            except WrongState as problem:
                refuse(problem)
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
                return page("billing/note_drop.html", 422, note=note, form=form)
            else:
                flash(gettext("The note is dropped. The invoice stays as it is."), "success")
            return redirect(url_for(".show", note_id=note_id), 303)
        return page("billing/note_drop.html", 422 if form.errors else 200, note=note, form=form)


def _note_or_404(note_id: int) -> CreditNote:
    if not 0 < note_id <= MAX_ID:
        abort(404)
    found = db.session.scalar(
        sa.select(CreditNote)
        .where(CreditNote.id == note_id)
        .options(joinedload(CreditNote.client), joinedload(CreditNote.invoice), selectinload(CreditNote.lines))
        .execution_options(populate_existing=True)
    )
    if found is None:
        abort(404)
    return found


def _changeable(note: CreditNote) -> list[tuple[CreditNoteLine, str]]:
    """The lines of an open note with where each is changed: by hand, or at its visit."""
    if note.state is not NoteState.OPEN or note.invoice is None:
        return []
    by_id, found = {x.id: x for x in note.invoice.lines}, []
    for own in note.lines:
        line = by_id.get(own.invoice_line_id or 0)
        if own.job_id is not None:
            found.append((own, url_for("visits_page.show", job_id=own.job_id)))
        elif line is not None and note_changes.may_change_line(line):
            found.append((own, url_for(".line", line_id=line.id)))
    return found


def _pays(note: CreditNote) -> list[tuple[Any, Any]]:
    """The invoices that it pays, with how much of each."""
    wanted = sa.select(Allocation).where(Allocation.note_id == note.id).options(joinedload(Allocation.invoice))
    by_invoice: dict[int, tuple[Any, Any]] = {}
    for one in db.session.scalars(wanted.order_by(Allocation.id)):
        invoice, amount = by_invoice.get(one.invoice_id, (one.invoice, 0))
        by_invoice[one.invoice_id] = (invoice, amount + one.amount)
    return [pair for pair in by_invoice.values() if pair[1]]


def _log(note: CreditNote) -> list[Activity]:
    wanted = sa.select(Activity).where(Activity.subject_type == "credit_note", Activity.subject_id == note.id)
    return list(db.session.scalars(wanted.order_by(Activity.id.desc()).limit(30)))


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(NotePage(name="Note", endpoint="note_page", url="credit-note"))
