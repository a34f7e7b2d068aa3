"""Sitters' pay: what a run would pay, with what to look at first; the runs, and each run with its statements."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask import Response as FlaskResponse
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload, selectinload
from wtforms import BooleanField, HiddenField

from admin_site import export
from admin_site.fields import DayField, OfficeForm, Pick, option
from admin_site.pages import Answer, WorkPage, get_or_404, page, press, refuse
from admin_site.reading import read_id, read_page
from documents.pay_statement import kind_words, text_words
from foundation import clock, money
from foundation.db import db
from models import PayLine, PayLineKind, PayRun, PayRunState, PayStatement, Staff
from workflows import activity, once
from workflows.errors import WorkflowError
from workflows.pay import previews, runs
from workflows.pay.previews import Preview, SitterPay
from workflows.permissions import Permission

#: sitters on the page; a run may be for all of them
MOST_SHOWN = 20
RUNS_A_PAGE, STATEMENTS_A_PAGE, LINES_A_PAGE = 30, 40, 40


class WishForm(OfficeForm):
    """Up to which day, and whose; comes in the query string."""

    class Meta:
        csrf = False

    upto_on = DayField(_l("Up to and including"))
    sitter = Pick(_l("Sitter"))

    def __init__(self, formdata: Any) -> None:
        super().__init__(formdata)
        people = sa.select(Staff).order_by(Staff.is_active.desc(), Staff.first_name, Staff.last_name, Staff.id)
        self.sitter.choices = [option("", gettext("All")), *(option(s.id, str(s)) for s in db.session.scalars(people))]
        self.sitter.data = self.sitter.data or ""
        if "upto_on" not in request.args:
            self.upto_on.data = clock.today()

    def preview(self) -> Preview:
        """What the run would pay; of nobody while the form makes no sense."""
        day = self.upto_on.data or clock.today()
        one = read_id(self.sitter.data)
        return previews.preview(day, ([one] if one else None) if self.validate() else [])


class RunForm(OfficeForm):
    """How the run is made."""

    mail = BooleanField(_l("Mail statements"), default=True)
    form_key = HiddenField()


class PaidForm(OfficeForm):
    """The day on which money went out."""

    paid_on = DayField(_l("Paid on"))


class PayPage(WorkPage):
    """Looking, running, undoing, paying."""

    permission = Permission.PAY

    @expose("/")
    def index(self) -> Answer:
        """What a run would pay now."""
        form = RunForm(None)
        form.form_key.data = once.new_key()
        return self._preview(WishForm(request.args), form)

    @expose("/", methods=("POST",))
    def run(self) -> Answer:
        """Make the run for the ticked sitters, as they were shown."""
        wish, form = WishForm(request.args), RunForm(request.form)
        seen = _ticked()
        try:
            made = runs.make(
                wish.upto_on.data or clock.today(), list(seen), actor=self.actor, key=form.form_key.data, seen=seen,
                mail=bool(form.mail.data),
            )  # fmt: skip
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
            if problem.code == "sent_twice":
                return redirect(url_for(".history"), 303)
            form.form_key.data = once.new_key()
            return self._preview(wish, form, 409)
        n = len(made.statements)
        flash(ngettext("Pay run %(number)s is made: %(num)d statement.", "Pay run %(number)s is made: %(num)d statements.", n, number=made.number), "success")  # fmt: skip
        return redirect(url_for(".show", run_id=made.public_id), 303)

    def _preview(self, wish: WishForm, form: RunForm, status: int = 200) -> Answer:
        found = wish.preview()
        payable = [s for s in found.sitters if s.lines]
        return page(
            "pay/preview.html", 422 if wish.errors else status, wish=wish, form=form, found=found,
            rows=payable[:MOST_SHOWN], more=payable[MOST_SHOWN:], problems=problems,
            idle=[s for s in found.sitters if not s.lines][:MOST_SHOWN], tips=tips_of, others=others_of, newest=runs.newest(),
            may_export=self.actor.may(Permission.EXPORT),
        )  # fmt: skip

    @expose("/file", methods=("POST",))
    def file(self) -> FlaskResponse:
        """What the run would pay as a CSV or Excel file, a line for each sitter."""
        self.actor.require(Permission.EXPORT)
        found = WishForm(request.args).preview()
        body = [_summary(s.staff, s, found.upto_on) for s in found.sitters]
        return self._file("pay_preview", _summary_head(), body, f"pay-{found.upto_on.isoformat()}")

    @expose("/sitter/<int:staff_id>")
    def sitter(self, staff_id: int) -> Answer:
        """What one sitter would get, line by line, and the visits that are not in order."""
        staff = get_or_404(Staff, staff_id)
        wish = WishForm(request.args)
        found = previews.preview(wish.upto_on.data or clock.today(), [staff.id])
        own = next(iter(found.sitters), SitterPay(staff, (), previews.Counts()))
        number = read_page()
        first = (number - 1) * LINES_A_PAGE
        return page(
            "pay/sitter.html", staff=staff, found=found, own=own, lines=own.lines[first : first + LINES_A_PAGE],
            number=number, has_more=len(own.lines) > first + LINES_A_PAGE, kind_words=kind_words, text_words=text_words,
            open_visits=previews.not_in_order(staff, found.since_on, found.upto_on),
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------------- runs

    @expose("/runs")
    def history(self) -> Answer:
        """All runs, the newest first; two queries."""
        number = read_page()
        wanted = sa.select(PayRun).options(joinedload(PayRun.by_staff)).order_by(PayRun.number.desc())
        found = db.session.scalars(wanted.offset((number - 1) * RUNS_A_PAGE).limit(RUNS_A_PAGE + 1)).all()
        return page(
            "pay/runs.html", runs=found[:RUNS_A_PAGE], has_more=len(found) > RUNS_A_PAGE, number=number,
            sums=_sums_of(found), undone=PayRunState.UNDONE,
        )  # fmt: skip

    @expose("/runs/<public_id:run_id>/")
    def show(self, run_id: str) -> Answer:
        """A run with its statements."""
        return self._show(run_or_404(run_id), _paid_form(None))

    def _show(self, run: PayRun, form: PaidForm, status: int = 200) -> Answer:
        statements, number = sorted(run.statements, key=lambda s: (s.name, s.id)), read_page()
        first = (number - 1) * STATEMENTS_A_PAGE
        return page(
            "pay/run.html", status, run=run, statements=statements[first : first + STATEMENTS_A_PAGE], form=form, is_undone=run.state is PayRunState.UNDONE,
            number=number, has_more=len(statements) > first + STATEMENTS_A_PAGE, total=sum((s.total for s in statements), Decimal(0)),
            n_unpaid=sum(s.paid_on is None for s in statements),
            why_not=runs.why_not_undone(run), may_export=self.actor.may(Permission.EXPORT),
        )  # fmt: skip

    @expose("/runs/<public_id:run_id>/paid", methods=("POST",))
    def paid(self, run_id: str) -> Answer:
        """Everybody of the run was paid on a day."""
        run, form = run_or_404(run_id), _paid_form(request.form)
        if not form.validate() or form.paid_on.data is None:
            return self._show(run, form, 422)
        day = form.paid_on.data
        said = gettext("Marked as paid.")
        return press(lambda: runs.mark_all_paid(run, day, actor=self.actor), said, url_for(".show", run_id=run_id))

    @expose("/runs/<public_id:run_id>/undoing", methods=("GET", "POST"))
    def undo(self, run_id: str) -> Answer:
        """Take the run back, with a reason."""
        run, back = run_or_404(run_id), url_for(".show", run_id=run_id)
        if (stands_against := runs.why_not_undone(run)) is not None:
            flash(stands_against.say(gettext), "warning")
            return redirect(back, 303)
        if request.method == "GET":
            return page("pay/undo.html", run=run, error=None)
        try:
            runs.undo(run, reason=request.form.get("reason", ""), actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            return page("pay/undo.html", 422, run=run_or_404(run_id), error=problem.say(gettext))
        flash(gettext("Pay run %(number)s is undone. Its lines come with the next one.", number=run.number), "success")
        return redirect(back, 303)

    @expose("/runs/<public_id:run_id>/file/<any(summary, detail):what>", methods=("POST",))
    def run_file(self, run_id: str, what: str) -> FlaskResponse:
        """The run as a CSV or Excel file: a line for each sitter, or for each thing that is paid."""
        self.actor.require(Permission.EXPORT)
        run = run_or_404(run_id)
        name = f"pay-run-{run.number}-{what}"
        if what == "detail":
            return self._file("pay_run_detail", _detail_head(), _detail(run), name)
        return self._file("pay_run", _run_head(), _run_summary(run), name)

    def _file(self, what: str, head: Any, body: list[Any], name: str) -> FlaskResponse:
        activity.record("list.exported", actor=self.actor, list=what, n_rows=len(body), of={})
        db.session.commit()
        return export.file_of(head, body, name, gettext("Sitters' pay"))


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(PayPage(name="pay", endpoint="pay", url="/admin/pay"))


# ------------------------------------------------------------------------------------------------------- helpers


def run_or_404(run_id: str) -> PayRun:
    """The run with its statements; two queries."""
    run = db.session.scalar(
        sa.select(PayRun)
        .where(PayRun.public_id == run_id)
        .options(joinedload(PayRun.by_staff), selectinload(PayRun.statements))
    )
    if run is None:
        abort(404)
    return run


def _sums_of(found: Sequence[PayRun]) -> dict[int, tuple[int, Decimal, int]]:
    """{run: statements, what they come to, how many of them are not paid}."""
    unpaid = sa.func.count(sa.case((PayStatement.paid_on.is_(None), 1)))
    rows = db.session.execute(
        sa.select(PayStatement.run_id, sa.func.count(), sa.func.sum(PayStatement.total), unpaid)
        .where(PayStatement.run_id.in_([run.id for run in found]))
        .group_by(PayStatement.run_id)
    )
    return {run_id: (n, total, n_unpaid) for run_id, n, total, n_unpaid in rows}


def _paid_form(formdata: Any) -> PaidForm:
    form = PaidForm(formdata)
    if formdata is None:
        form.paid_on.data = clock.today()
    return form


def _ticked() -> dict[int, str]:
    """{sitter: what was seen} of the ticked boxes, and if wished of those not shown: `12:240.00:0a1b…`."""
    found = {}
    rest = request.form.get("more", "").split() if "all" in request.form else []
    for text in [*request.form.getlist("sitter"), *rest]:
        number, _colon, seen = text.partition(":")
        if (staff_id := read_id(number)) is not None:
            found[staff_id] = seen[:80]
    return found


def problems(of: SitterPay) -> list[str]:
    """What the office should look at before it pays this sitter, in words."""
    c = of.counts
    words = (
        (c.n_scheduled, lambda n: ngettext("%(num)d visit not completed", "%(num)d visits not completed", n)),
        (c.n_no_check_out, lambda n: ngettext("%(num)d without check-out", "%(num)d without check-out", n)),
        (c.n_voided, lambda n: ngettext("%(num)d void", "%(num)d void", n)),
    )
    return [say(n) for n, say in words if n]


def tips_of(of: SitterPay) -> Decimal:
    """Tips alone."""
    return of.sum_of(PayLineKind.TIP)


def others_of(of: SitterPay) -> Decimal:
    """Corrections and what was entered by hand."""
    return of.sum_of(PayLineKind.CORRECTION, PayLineKind.EXTRA)


def _summary_head() -> tuple[str, ...]:
    return (
        gettext("Sitter"), gettext("Up to"), gettext("Days"), gettext("Visits done"), gettext("Not completed"),
        gettext("Cancelled"), gettext("Void"), gettext("All visits"), gettext("Visits paid"), gettext("Pay for visits"),
        gettext("Pay for cancelled visits"), gettext("Tips"), gettext("Corrections"), gettext("Extras"), gettext("Total"),
    )  # fmt: skip


def _summary(staff: Staff, of: SitterPay, upto_on: dt.date) -> tuple[Any, ...]:
    c = of.counts
    return (
        str(staff), upto_on, c.n_days, c.n_done, c.n_scheduled, c.n_cancelled, c.n_voided, c.n_all, of.n_visits,
        *(of.sum_of(kind) for kind in PayLineKind), of.total,
    )  # fmt: skip


def _run_head() -> tuple[str, ...]:
    return (
        gettext("Pay run"), gettext("Sitter"), gettext("Up to"), gettext("Visits paid"), *map(kind_words, PayLineKind),
        gettext("Total"), gettext("Paid on"),
    )  # fmt: skip


def _run_summary(run: PayRun) -> list[tuple[Any, ...]]:
    rows = db.session.execute(
        sa.select(PayLine.statement_id, PayLine.kind, sa.func.sum(PayLine.amount))
        .where(PayLine.statement_id.in_([s.id for s in run.statements]))
        .group_by(PayLine.statement_id, PayLine.kind)
    )
    sums = {(statement_id, kind): amount for statement_id, kind, amount in rows}
    return [
        (
            run.number, s.name, run.upto_on, s.n_visits,
            *(sums.get((s.id, kind), money.from_minor(0)) for kind in PayLineKind), s.total, s.paid_on,
        )
        for s in run.statements
    ]  # fmt: skip


def _detail_head() -> tuple[str, ...]:
    return (gettext("Pay run"), gettext("Sitter"), gettext("Day"), gettext("Kind"), gettext("What"), gettext("Amount"))


def _detail(run: PayRun) -> list[tuple[Any, ...]]:
    names = {s.id: s.name for s in run.statements}
    lines = db.session.execute(
        sa.select(PayLine.statement_id, PayLine.on_date, PayLine.kind, PayLine.text, PayLine.amount)
        .where(PayLine.statement_id.in_(names))
        .order_by(PayLine.statement_id, PayLine.on_date, PayLine.id)
    )
    return [
        (run.number, names[statement_id or 0], day, kind_words(kind), text_words(text), amount)
        for statement_id, day, kind, text, amount in lines
    ]
