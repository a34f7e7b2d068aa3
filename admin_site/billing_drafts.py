"""Drafts of invoices: begun for a client with the visits that wait, changed line by line. Part of the invoice's pages.

Everything is a plain form; the figures that a draft shows are those that its issue would fix.
"""

import dataclasses
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from admin_site import client_choice, price_words
from admin_site.billing_forms import LineForm, TermsForm
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from admin_site.reading import MAX_ID, read_day, read_id, read_ids
from foundation import clock
from foundation.db import db
from models import (
    Client,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceState,
    PaymentTerms,
    PriceTarget,
    ServiceItem,
    TaxRate,
    VisitPackage,
)
from workflows import once
from workflows.billing import drafting, taxes, visit_lines
from workflows.billing.free_lines import FreeLine, check_line
from workflows.errors import Conflict, Invalid, WorkflowError, WrongState
from workflows.permissions import Permission


class DraftPages(WorkPage):
    """What `InvoicePage` has for drafts."""

    permission = Permission.BILLING

    # ------------------------------------------------------------------------------------------------ a new draft

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Answer:
        """Choose a client, tick their visits that wait, and begin a draft with them; or one of free lines alone."""
        client_id = read_id(request.values.get("client"))
        if client_id is None:
            return client_choice.choose(url_for(".new"), gettext("New invoice"), ("invoices.index_view", gettext("Invoices")))  # fmt: skip
        client = get_or_404(Client, client_id)
        problem = ""
        if request.method == "POST":
            try:
                draft = self._begin(client)
                db.session.commit()
            except Conflict as sent_twice:
                refuse(sent_twice)
                return redirect(url_for("client_page.show", client_id=client.id, tab="account"), 303)
            except WorkflowError as refused:
                db.session.rollback()
                problem = refused.say(gettext)
            else:
                flash(gettext("The draft is there. Nothing is sent yet."), "success")
                return redirect(url_for(".show", invoice_id=draft.id), 303)
        return self._choose_visits(client, problem)

    def _begin(self, client: Client) -> Invoice:
        once.claim(request.form.get("form_key"))
        what = request.form.get("what")
        if what in {"free", "deposit"}:
            kind = InvoiceKind.DEPOSIT if what == "deposit" else InvoiceKind.STANDARD
            return drafting.draft_for(client, jobs=[], kind=kind, actor=self.actor)
        ids = read_ids(request.form.getlist("visits"))
        jobs = visit_lines.waiting(client.id, job_ids=ids)
        if len(jobs) != len(ids):
            raise WrongState("visit_not_waiting", gettext("A visit is on another invoice already, or is not to be invoiced. Nothing was changed."))  # fmt: skip
        if not jobs:
            raise WrongState("none_ticked", gettext("Tick at least one visit."))
        return drafting.draft_for(client, jobs=jobs, actor=self.actor)

    def _choose_visits(self, client: Client, problem: str) -> Answer:
        up_to = read_day(request.values.get("up_to"))
        only = read_id(request.args.get("visit"))
        found = visit_lines.waiting(client.id, up_to=up_to)
        ticked = set(read_ids(request.form.getlist("visits"))) if request.method == "POST" else None
        if ticked is None:
            today = clock.today()
            ticked = {only} if only else {j.id for j in found if up_to is not None or j.on_date <= today}
        return page(
            "billing/new.html", 422 if problem else 200, client=client, visits=found, ticked=ticked, up_to=up_to,
            problem=problem, form_key=once.new_key(), total=sum((j.price for j in found if j.id in ticked), Decimal(0)),
            today=clock.today(), cost=visit_cost,
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------- changing a draft

    @expose("/<int:invoice_id>/visits", methods=("POST",))
    def add_visits(self, invoice_id: int) -> Answer:
        """Put all visits up to a day that wait onto the draft."""
        draft = invoice_or_404(invoice_id)
        up_to = read_day(request.form.get("up_to"))
        if up_to is None:
            flash(gettext("Choose a day, for example 2026-11-26."), "error")
            return redirect(_here(draft), 303)
        jobs = visit_lines.waiting(draft.client_id, up_to=up_to)
        said = ngettext("%(num)d visit was added.", "%(num)d visits were added.", len(jobs))
        return self._change(
            draft, lambda: drafting.add_visits(draft, jobs, actor=self.actor, seen_version=_seen()), said
        )

    @expose("/<int:invoice_id>/lines", methods=("POST",))
    def add_line(self, invoice_id: int) -> Answer:
        """Add a line that is no visit."""
        draft = invoice_or_404(invoice_id)
        form = line_form(draft, request.form)
        return self._save_line(draft, form, None)

    @expose("/<int:invoice_id>/lines/<int:line_id>", methods=("POST",))
    def change_line(self, invoice_id: int, line_id: int) -> Answer:
        """Change, move or take off one line."""
        draft = invoice_or_404(invoice_id)
        line = next((x for x in draft.lines if x.id == line_id), None)
        if line is None:
            abort(404)
        do = request.form.get("do")
        if do == "remove":
            return self._change(draft, lambda: drafting.remove_line(line, actor=self.actor, seen_version=_seen()), gettext("The line is gone."))  # fmt: skip
        if do in {"up", "down"}:
            ids = _moved([x.id for x in sorted_lines(draft)], line_id, -1 if do == "up" else 1)
            return self._change(draft, lambda: drafting.order(draft, ids, actor=self.actor, seen_version=_seen()), gettext("The order is saved."))  # fmt: skip
        return self._save_line(draft, line_form(draft, request.form), line)

    def _save_line(self, draft: Invoice, form: LineForm, line: InvoiceLine | None) -> Answer:
        if form.validate():
            try:
                once.claim(form.form_key.data)
                if line is None:
                    drafting.add_line(draft, form.wanted(), actor=self.actor, seen_version=form.seen)
                else:
                    drafting.change_line(line, _wanted_of(line, form), actor=self.actor, seen_version=form.seen)
                db.session.commit()
            except (Conflict, WrongState) as problem:
                refuse(problem)
                return redirect(_here(draft), 303)
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
            else:
                flash(gettext("Saved."), "success")
                return redirect(_here(draft), 303)
        elif not form.kind.errors and (line is None or line.kind not in visit_lines.VISIT_KINDS):
            try:
                check_line(form.wanted(), draft)
            except Invalid as problem:
                form.add_problem(problem)
        if line is None:
            return self.draft_page(invoice_or_404(draft.id), 422, adding=form)
        return self.draft_page(invoice_or_404(draft.id), 422, changing=(line.id, form))

    @expose("/<int:invoice_id>/totals", methods=("POST",))
    def totals(self, invoice_id: int) -> Answer:
        """What the draft would come to with the line as it is typed: tried out, and all of it undone."""
        draft = invoice_or_404(invoice_id)
        asked, form, is_typed = read_id(request.args.get("line")), line_form(draft, request.form), False
        line = next((x for x in draft.lines if x.id == asked), None)
        if is_draft(draft) and form.validate() and (asked is None or line is not None):
            try:
                if line is None:
                    drafting.add_line(draft, _named(form.wanted()), actor=self.actor)
                else:
                    drafting.change_line(line, _named(_wanted_of(line, form)), actor=self.actor)
                is_typed = True
            except WorkflowError:  # half typed: the figures stay until it makes sense
                db.session.rollback()
                draft = invoice_or_404(invoice_id)
        answer = page("billing/_draft_sum.html", invoice=draft, taxes=draft_taxes(draft), is_typed=is_typed)
        db.session.rollback()
        return answer

    @expose("/<int:invoice_id>/terms", methods=("POST",))
    def terms(self, invoice_id: int) -> Answer:
        """Terms, due date and note."""
        draft = invoice_or_404(invoice_id)
        form = terms_form(draft, request.form)
        if form.validate():
            try:
                drafting.set_terms(
                    draft, terms=form.chosen, due_on=form.due_on.data, note=form.note.data or "", actor=self.actor,
                    seen_version=form.seen,
                )  # fmt: skip
                db.session.commit()
            except (Conflict, WrongState) as problem:
                refuse(problem)
                return redirect(_here(draft), 303)
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem, {"payment_terms": "terms"})
            else:
                flash(gettext("Saved."), "success")
                return redirect(_here(draft), 303)
        return self.draft_page(invoice_or_404(draft.id), 422, terms=form)

    @expose("/<int:invoice_id>/dropping", methods=("GET", "POST"))
    def drop(self, invoice_id: int) -> Answer:
        """Delete a draft, after the question."""
        draft = invoice_or_404(invoice_id)
        if request.method == "GET":
            return page("billing/drop.html", invoice=draft)
        client_id = draft.client_id
        try:
            drafting.drop(draft, actor=self.actor, seen_version=_seen())
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
            return redirect(_here(draft), 303)
        flash(gettext("The draft is deleted. Its visits wait to be invoiced again."), "success")
        return redirect(url_for("client_page.show", client_id=client_id, tab="account"), 303)

    def _change(self, draft: Invoice, work: Any, said: str) -> Response:
        try:
            once.claim(request.form.get("form_key"))
            work()
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(said, "success")
        return redirect(_here(draft), 303)

    def draft_page(
        self,
        draft: Invoice,
        status: int = 200,
        *,
        adding: LineForm | None = None,
        changing: tuple[int, LineForm] | None = None,
        terms: TermsForm | None = None,
    ) -> Answer:
        """The editor. One line at a time is open for changes: the one that the address or a refused form names."""
        lines = sorted_lines(draft)
        if changing is None and (asked := read_id(request.args.get("line"))):
            line = next((x for x in lines if x.id == asked), None)
            changing = (line.id, line_form(draft, None, line)) if line is not None else None
        return page(
            "billing/draft.html", status, invoice=draft, lines=lines, version=draft.version, why=why_lines,
            adding=adding or line_form(draft, None), changing=changing, terms=terms or terms_form(draft, None),
            taxes=draft_taxes(draft), waiting=visit_lines.waiting(draft.client_id), today=clock.today(),
            form_key=once.new_key(), is_visit=lambda x: x.kind in visit_lines.VISIT_KINDS,
            is_adding=adding is not None, replaced=draft.replaces, may_issue=bool(lines),
        )  # fmt: skip


# --------------------------------------------------------------------------------------------------------- reading


def invoice_or_404(invoice_id: int) -> Invoice:
    """The invoice as it is in the database now, with its lines; 404 when there is none."""
    found = drafting.fresh_invoice(invoice_id) if 0 < invoice_id <= MAX_ID else None
    if found is None:
        abort(404)
    return found


def sorted_lines(invoice: Invoice) -> list[InvoiceLine]:
    """The lines in their order."""
    return sorted(invoice.lines, key=lambda line: (line.position, line.id))


def visit_cost(job: Any) -> Decimal:
    """What a visit that waits would cost on an invoice."""
    return visit_lines.cost(job, by_package=False)


def why_lines(line: InvoiceLine) -> list[Any]:
    """Why the line costs this, in words; none for what was typed."""
    kept = price_words.kept_lines(line.price_lines or [], PriceTarget.PRICE)
    return price_words.with_rest(kept, line.amount) if kept else []


def draft_taxes(draft: Invoice) -> Any:
    """What each tax of a draft would come to."""
    return taxes.add_up(taxes.charges_of(draft.lines, is_draft=True), inclusive=draft.tax_inclusive).taxes


def line_form(draft: Invoice, formdata: Any, line: InvoiceLine | None = None) -> LineForm:
    """The form of a line: empty, as a line is, or as it was typed. Three queries for its lists."""
    values: dict[str, Any] = {} if line is None else LineForm.values_of(line)
    return LineForm(
        formdata, invoice_kind=draft.kind, packages=_active(VisitPackage), services=_active(ServiceItem), rates=_active(TaxRate),
        version=str(draft.version), **values,
    )  # fmt: skip


def _active(kind: Any) -> Any:
    """What of a short list can be chosen."""
    return db.session.scalars(sa.select(kind).where(kind.is_active).order_by(kind.name, kind.id).limit(200)).all()


def terms_form(draft: Invoice, formdata: Any) -> TermsForm:
    """The form of a draft's terms."""
    own = PaymentTerms.id == (draft.payment_terms_id or 0)
    found = db.session.scalars(
        sa.select(PaymentTerms).where(sa.or_(PaymentTerms.is_active, own)).order_by(PaymentTerms.name, PaymentTerms.id)
    ).all()
    return TermsForm(
        formdata, all_terms=found, terms=str(draft.payment_terms_id or ""), due_on=draft.due_on, note=draft.note,
        version=str(draft.version),
    )  # fmt: skip


def _wanted_of(line: InvoiceLine, form: LineForm) -> FreeLine:
    """What is wanted of a line; a visit's keeps its figures, which its form does not ask."""
    if line.kind not in visit_lines.VISIT_KINDS:
        return form.wanted()
    return FreeLine(
        kind=line.kind, description=form.description.data or "", detail=form.detail.data or "",
        quantity=line.quantity, unit_price=line.unit_price,
    )  # fmt: skip


def _named(wanted: FreeLine) -> FreeLine:
    """Words are not needed for a sum."""
    return wanted if wanted.description.strip() else dataclasses.replace(wanted, description="-")


def _moved(ids: list[int], which: int, by: int) -> list[int]:
    at = ids.index(which)
    to = min(max(at + by, 0), len(ids) - 1)
    ids.insert(to, ids.pop(at))
    return ids


def _seen() -> int | None:
    return read_id(request.form.get("version"))


def _here(invoice: Invoice) -> str:
    return url_for("invoice_page.show", invoice_id=invoice.id)


def is_draft(invoice: Invoice) -> bool:
    """Can it still be changed?"""
    return invoice.state is InvoiceState.DRAFT
