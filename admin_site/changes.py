"""Change and cancellation requests: the inbox, and the screen on which one is decided.

Every button here ends in `workflows.change_deciding`; reading is in `change_queue`.
"""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from admin_site import change_queue, frame, queue_lines
from admin_site.fields import VisitForm
from admin_site.number_fields import shown_number
from admin_site.pages import Answer, WorkPage, faces, get_or_404, page, refuse
from admin_site.reading import read_ids, read_page, read_tokens, write_tokens
from admin_site.repeat_form import filled_form
from admin_site.words import chip_of
from foundation import money
from foundation.db import db
from mailer.render import Rendered, render
from models import ChangeItem, ChangeKind, ChangeRequest, ChangeState, OutboxMail
from ui_kit import repeat_words
from workflows import change_deciding, conflicts, following, once
from workflows.change_deciding import Decided, FeeDecision
from workflows.change_requests import fresh_items
from workflows.errors import N_, Conflict, Invalid, WorkflowError, WrongState
from workflows.mail_facts import MailKind
from workflows.permissions import Permission

PER_PAGE = 50
TABS = ("changes", "cancellations", "messages", "auto", "done")


class ChangesPage(WorkPage):
    """The inbox and the processing screen."""

    permission = Permission.SCHEDULE

    # ------------------------------------------------------------------------------------------------ the lists

    @expose("/")
    def index(self) -> Answer:
        """The tab in which something waits, changes first."""
        counts = change_queue.counts()
        full = [tab for tab in change_queue.OPEN_KINDS if getattr(counts, tab)]
        return self._list(full[0] if full else "changes", counts)

    @expose(f"/<any({', '.join(TABS)}):tab>/")
    def tab(self, tab: str) -> Answer:
        """One tab, in pages."""
        return self._list(tab, change_queue.counts())

    def _list(self, tab: str, counts: change_queue.Counts) -> Answer:
        number = read_page()
        rows = change_queue.rows(tab, PER_PAGE + 1, (number - 1) * PER_PAGE)
        return page(
            "changes.html", tab=tab, counts=counts, rows=rows[:PER_PAGE], has_more=len(rows) > PER_PAGE, number=number,
            n_new=frame.n_clients_waiting(), days=change_queue.AUTO_DAYS, lines=queue_lines.ChangeLines(is_over=tab not in change_queue.OPEN_KINDS),
        )  # fmt: skip

    # -------------------------------------------------------------------------------------------------- one request

    @expose("/<int:request_id>/")
    def show(self, request_id: int) -> Answer:
        """What was asked, old beside new, with what it would cause; or what became of it."""
        return self._show(get_or_404(ChangeRequest, request_id))

    def _show(
        self,
        about: ChangeRequest,
        status: int = 200,
        *,
        alert: str | None = None,
        clashes: list[conflicts.Clash] | None = None,
        preview: Rendered | str | None = None,
    ) -> Answer:
        typed = request.form if request.method == "POST" else {}
        return page(
            "change.html", status, request_=about, details=change_queue.details(about), client=about.client,
            kind=chip_of(about.kind), typed=typed, ticked=_ticked() if typed else None, alert=alert,
            clashes=clashes or [], tokens=write_tokens(c.token for c in clashes or []), preview=preview,
            may_change_fees=self.actor.may(Permission.FEES), number=_typed, form_key=once.new_key(),
        )  # fmt: skip

    @expose("/<int:request_id>/approval", methods=("POST",))
    def approve(self, request_id: int) -> Answer:
        """Say yes to the ticked visits, with the figures that were shown or others."""
        return self._decide(request_id, "approve")

    @expose("/<int:request_id>/denial", methods=("POST",))
    def deny(self, request_id: int) -> Answer:
        """Say no to the ticked visits, with a word why."""
        return self._decide(request_id, "deny")

    def _decide(self, request_id: int, how: str) -> Answer:
        about = get_or_404(ChangeRequest, request_id)
        try:
            once.claim(request.form.get("form_key"))
            decided = self._do(about, how)
            db.session.commit()
        except conflicts.ConflictsFound as stopped:
            db.session.rollback()
            clashes = [c for found in stopped.clashes.values() for c in found]
            return self._show(about, 409, alert=stopped.say(gettext), clashes=clashes)
        except (WrongState, Conflict) as problem:
            refuse(problem)
            return redirect(url_for(".show", request_id=request_id))
        except WorkflowError as problem:
            db.session.rollback()
            return self._show(about, 422, alert=problem.say(gettext))
        _say(decided, how, about)
        return self._next(about)

    def _do(self, about: ChangeRequest, how: str) -> Decided:
        ids = set(_ticked())
        items = [i for i in about.items if i.id in ids]
        note = request.form.get("note", "")
        if how == "deny":
            return change_deciding.deny(items, actor=self.actor, note=note)
        return change_deciding.approve(
            items, actor=self.actor, fees=_fees(items), visit_fees=_visit_fees(items), note=note,
            accept=read_tokens(request.form.get("accept")),
        )  # fmt: skip

    def _next(self, about: ChangeRequest) -> Response:
        """Stay while something of it waits, else on to the inbox."""
        if db.session.scalar(sa.select(ChangeRequest.is_open).where(ChangeRequest.id == about.id)):
            return redirect(url_for(".show", request_id=about.id))
        return redirect(url_for(".index"))

    @expose("/<int:request_id>/preview", methods=("POST",))
    def preview(self, request_id: int) -> Answer:
        """What the client would read: the decision is made, its mail is written, and all of it is undone."""
        about = get_or_404(ChangeRequest, request_id)
        how = "deny" if request.form.get("how") == "deny" else "approve"
        try:
            self._do(about, how)
            mail = db.session.scalars(
                sa.select(OutboxMail)
                .where(OutboxMail.client_id == about.client_id, OutboxMail.kind == MailKind.CHANGE_DECIDED.value)
                .where(OutboxMail.dedupe_key == f"change_decided:{about.id}")
                .order_by(OutboxMail.id.desc())
                .limit(1)
            ).first()
            shown: Rendered | str = render(mail) if mail else gettext("No mail goes out yet: something of this request still waits, or there is no mail address.")  # fmt: skip
        except conflicts.ConflictsFound as stopped:
            return self._undo_and_show(about, 409, stopped)
        except WorkflowError as problem:
            return self._undo_and_show(about, 422, problem)
        _undo()
        return self._show(about, preview=shown)

    def _undo_and_show(self, about: ChangeRequest, status: int, problem: WorkflowError) -> Answer:
        _undo()
        clashes = problem.clashes if isinstance(problem, conflicts.ConflictsFound) else {}
        return self._show(
            about, status, alert=problem.say(gettext), clashes=[c for found in clashes.values() for c in found]
        )

    @expose("/<int:request_id>/answer", methods=("POST",))
    def answer(self, request_id: int) -> Answer:
        """A general message is dealt with: answered by mail, or put away without a word."""
        about = get_or_404(ChangeRequest, request_id)
        is_quiet = "quietly" in request.form
        text = "" if is_quiet else request.form.get("answer", "")
        if not is_quiet and not text.strip():
            words = gettext("Write a message first, or mark it as done without an answer.")
            return self._show(about, 422, alert=words)
        try:
            change_deciding.put_away(about, actor=self.actor, answer=text)
            db.session.commit()
        except Invalid as problem:
            db.session.rollback()
            return self._show(about, 422, alert=problem.say(gettext))
        except WorkflowError as problem:
            refuse(problem)
            return redirect(url_for(".show", request_id=request_id))
        flash(gettext("Done. %(name)s gets your answer by mail.", name=about.client.first_name) if text.strip() and about.client.email else gettext("Done."), "success")  # fmt: skip
        return redirect(url_for(".index"))

    # ---------------------------------------------------------------------------------------------- edit, then approve

    @expose("/<int:request_id>/items/<int:item_id>/", methods=("GET", "POST"))
    def edit(self, request_id: int, item_id: int) -> Answer:
        """Approve a change as the office makes it: another time than asked for, or another sitter."""
        about = get_or_404(ChangeRequest, request_id)
        item = next(iter(fresh_items([item_id])), None) if item_id < 2**31 else None
        if item is None or item.request_id != about.id or about.kind is not ChangeKind.CHANGE:
            abort(404)
        if item.state is not ChangeState.PENDING:
            flash(gettext("This request is decided already."), "warning")
            return redirect(url_for(".show", request_id=request_id))
        if item.repeat is not None:
            return self._edit_series(about, item)
        if item.job is None:
            abort(404)
        posted = request.method == "POST"
        form = _edit_form(item, request.form if posted else None)
        stopped: conflicts.ConflictsFound | None = None
        if posted and "refresh" not in request.form and form.is_right("on_date"):
            try:
                edited = form.change()
                accept = read_tokens(request.form.get("accept"))
                note = request.form.get("answer", "")
                decided = change_deciding.approve([item], actor=self.actor, note=note, accept=accept, edited=edited)
                db.session.commit()
            except conflicts.ConflictsFound as found:
                db.session.rollback()
                stopped = found
            except (Conflict, WrongState) as problem:
                refuse(problem)
                return redirect(url_for(".show", request_id=request_id))
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem, {"time_block": "block"})
            else:
                _say(decided, "approve", about)
                return self._next(about)
        clashes = [c for found in (stopped.clashes if stopped else {}).values() for c in found]
        item = fresh_items([item_id])[0]
        return page(
            "change_edit.html", 409 if stopped else 422 if form.errors else 200, request_=about, item=item, form=form,
            job=item.job, client=about.client, words=change_queue.item_words(item), clashes=clashes,
            alert=stopped.say(gettext) if stopped else None, tokens=write_tokens(c.token for c in clashes),
            pets=faces(item.job.pets) if item.job else [],
        )  # fmt: skip

    def _edit_series(self, about: ChangeRequest, item: ChangeItem) -> Answer:
        """The same for a series: the form of "this and following", filled with what the client wants."""
        posted = request.method == "POST"
        try:
            wanted = following.sketch_of(item)
        except WorkflowError as problem:
            refuse(problem)
            return redirect(url_for(".show", request_id=about.id))
        form = filled_form(wanted, request.form if posted else None, starts_on=wanted.starts_on)
        if posted and not {"refresh", "add_row"} & set(request.form) and form.is_right():
            try:
                note = request.form.get("answer", "")
                decided = change_deciding.approve([item], actor=self.actor, note=note, series=form.pattern())
                db.session.commit()
            except (Conflict, WrongState) as problem:
                refuse(problem)
                return redirect(url_for(".show", request_id=about.id))
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
            else:
                _say(decided, "approve", about)
                return self._next(about)
        item = fresh_items([item.id])[0]
        return page(
            "repeat_form.html", 422 if form.errors or form.times_error else 200, form=form, client=about.client,
            repeat=item.repeat, here=url_for(".edit", request_id=about.id, item_id=item.id), words=repeat_words,
            pets=faces(form.all_pets), asked=about,
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------------- helpers


def _undo() -> None:
    """Nothing of a preview may stay, nor wake the worker."""
    db.session.rollback()
    db.session.info.pop("nudge_worker", None)


def _typed(amount: Decimal | None) -> str:
    """An amount as it stands in its field, with the decimals of the currency."""
    return shown_number(money.round_half_up(amount or Decimal(0)))


def _ticked() -> list[int]:
    return read_ids(request.form.getlist("item"))


def _fees(items: list[ChangeItem]) -> dict[int, FeeDecision]:
    """The figures that were typed in for visits that are called off; what is empty stays as the client was shown."""
    found = {}
    for item in items:
        fee, pay = _amount(f"fee-{item.id}", item.fee), _amount(f"pay-{item.id}", item.sitter_pay)
        if "waive" in request.form:
            fee = Decimal(0)
        if item.request.kind is ChangeKind.CANCEL:
            found[item.id] = FeeDecision(fee, pay, request.form.get("why", ""), item.refund_to)
    return found


def _visit_fees(items: list[ChangeItem]) -> dict[int, FeeDecision]:
    """The same for the visits that the end or change of a series calls off: those that cost something have fields of their own."""
    found = {}
    for job, outcome in (pair for item in items for pair in change_queue.charged_of(item)):
        fee, pay = _amount(f"fee-visit-{job.id}", outcome.charge), _amount(f"pay-visit-{job.id}", outcome.sitter_pay)
        if "waive" in request.form:
            fee = Decimal(0)
        found[job.id] = FeeDecision(fee, pay, request.form.get("why", ""))
    return found


def _amount(name: str, shown: Decimal | None) -> Decimal:
    text = request.form.get(name, "").strip()
    if not text:
        return shown or Decimal(0)
    try:
        return money.parse(text)
    except money.BadAmountError as problem:
        raise Invalid("bad_amount", N_("Enter fee and pay as amounts, for example 12.50."), field=name) from problem


def _say(decided: Decided, how: str, about: ChangeRequest) -> None:
    """What came of it, and who is told."""
    n = len(decided.decided)
    if n and how == "deny":
        flash(ngettext("You said no to %(num)d request.", "You said no to %(num)d requests.", n), "success")
    elif n:
        flash(ngettext("%(num)d request approved.", "%(num)d requests approved.", n), "success")
    if decided.over:
        flash(ngettext("%(num)d could not be decided any more: its visit began or was changed meanwhile.", "%(num)d could not be decided any more: their visits began or were changed meanwhile.", len(decided.over)), "warning")  # fmt: skip
    if decided.closed and about.client.email:
        flash(gettext("%(name)s gets one mail about it.", name=about.client.first_name), "success")


def _edit_form(item: ChangeItem, formdata: Any) -> VisitForm:
    job = item.job
    if job is None or item.new_service_item is None:
        abort(404)
    form = VisitForm(
        formdata, client=item.request.client, item=item.new_service_item, sitter=job.sitter, block=item.new_time_block,
        keep_pets=item.new_pets, on_date=item.new_on_date, ends_on=item.new_ends_on, start_time=item.new_start_time,
        end_time=item.new_end_time, note=item.new_note, staff_note=job.staff_note, service=str(item.new_service_item_id),
    )  # fmt: skip
    if formdata is None:
        form.choose(block_id=item.new_time_block_id, pets=item.new_pets, sitter_id=job.sitter_id)
    return form


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(ChangesPage(name="Change requests", endpoint="changes", url="change-requests"))
