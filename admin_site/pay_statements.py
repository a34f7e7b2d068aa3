"""One sitter's statement of a run, lines entered by hand, and what one visit pays."""

from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import HiddenField, StringField

from admin_site import pay
from admin_site.fields import DayField, OfficeForm, Pick, option
from admin_site.number_fields import MoneyField
from admin_site.pages import Answer, WorkPage, active_sitters, page, press, refuse
from admin_site.reading import read_id, read_page
from admin_site.visit_ends import fresh_or_404
from documents.pay_statement import kind_words, sum_words, text_words
from foundation import clock
from foundation.db import db
from models import Job, PayLine, PayLineKind, PayRunState, PayStatement, Staff
from ui_kit import paper_files
from workflows import once
from workflows.actors import Actor
from workflows.errors import Conflict, WorkflowError, WrongState
from workflows.pay import extras, figures, previews, runs, statements
from workflows.permissions import Permission

#: files and PDF have all lines
LINES_A_PAGE = 40


class ExtraForm(OfficeForm):
    """Something that the next run pays, or takes off."""

    sitter = Pick(_l("Sitter"))
    on_date = DayField(_l("Day"))
    text = StringField(_l("What for"), description=_l("The sitter reads it on the statement."))
    amount = MoneyField(_l("Amount"), description=_l("Below zero takes it off, for example an advance: -50."))
    form_key = HiddenField()

    def __init__(self, formdata: Any, people: list[Staff], **values: Any) -> None:
        super().__init__(formdata, **values)
        self.people = people
        self.sitter.choices = [option("", gettext("Choose a sitter")), *(option(s.id, str(s)) for s in people)]
        self.sitter.data = self.sitter.data or ""

    @property
    def chosen(self) -> Staff | None:
        """Whose line it is."""
        return next((s for s in self.people if s.id == read_id(self.sitter.data)), None)


class VisitPayForm(OfficeForm):
    """What one visit pays instead."""

    pay = MoneyField(_l("It pays"))
    reason = StringField(_l("Why"))
    version = HiddenField()


class PayStatementPage(WorkPage):
    """A statement with its lines; mailing it, noting that it is paid."""

    permission = Permission.PAY

    @expose("/")
    def index(self) -> Response:
        """There is no list here; each run has one."""
        return redirect(url_for("pay.history"))

    @expose("/<public_id:statement_id>/")
    def show(self, statement_id: str) -> Answer:
        """The lines, the counts of its days, and what can be done."""
        return self._show(_statement(statement_id), None)

    @staticmethod
    def _show(statement: PayStatement, form: pay.PaidForm | None, status: int = 200) -> Answer:
        run, number = statement.run, read_page()
        first = (number - 1) * LINES_A_PAGE
        if form is None:
            form = pay.PaidForm(None)
            form.paid_on.data = clock.today()
        since = previews.since_on(run.upto_on)
        counts = previews.count_visits(since, run.upto_on, [statement.staff_id])
        return page(
            "pay/statement.html", status, statement=statement, run=run, form=form, since=since,
            lines=statement.lines[first : first + LINES_A_PAGE], number=number,
            has_more=len(statement.lines) > first + LINES_A_PAGE,
            sums=statements.sums(statement.lines), n_days=statements.n_days(statement.lines),
            counts=counts.get(statement.staff_id, previews.Counts()), is_undone=run.state is PayRunState.UNDONE,
            kind_words=kind_words, text_words=text_words, sum_words=sum_words,
        )  # fmt: skip

    @expose("/<public_id:statement_id>/pdf")
    def pdf(self, statement_id: str) -> Response:
        """The statement as the sitter gets it."""
        return paper_files.pay_statement(_statement(statement_id))

    @expose("/<public_id:statement_id>/paid", methods=("POST",))
    def paid(self, statement_id: str) -> Answer:
        """The sitter was paid on a day."""
        statement, form = _statement(statement_id), pay.PaidForm(request.form)
        if not form.validate() or form.paid_on.data is None:
            return self._show(statement, form, 422)
        day = form.paid_on.data
        return self._press(
            statement_id, lambda: runs.mark_paid(statement, day, actor=self.actor), gettext("Marked as paid.")
        )

    @expose("/<public_id:statement_id>/unpaid", methods=("POST",))
    def unpaid(self, statement_id: str) -> Answer:
        """That was a mistake."""
        statement = _statement(statement_id)
        said = gettext("The statement is not marked as paid any more.")
        return self._press(statement_id, lambda: runs.mark_paid(statement, None, actor=self.actor), said)

    @expose("/<public_id:statement_id>/mail", methods=("POST",))
    def mail(self, statement_id: str) -> Answer:
        """Mail it, again if need be."""
        statement = _statement(statement_id)
        said = gettext("The statement goes to %(email)s.", email=statement.staff.email or "")
        return self._press(statement_id, lambda: runs.mail_again(statement, actor=self.actor), said)

    @staticmethod
    def _press(statement_id: str, work: Any, said: str) -> Response:
        return press(work, said, url_for(".show", statement_id=statement_id))


class PayExtraPage(WorkPage):
    """Lines entered by hand, while no run has them; and a visit's pay by hand."""

    permission = Permission.PAY

    @expose("/")
    def index(self) -> Response:
        """The list is another page."""
        return redirect(_waiting_lines())

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Answer:
        """Enter a line for a sitter."""
        posted = request.method == "POST"
        form = ExtraForm(request.form if posted else None, active_sitters(), on_date=clock.today())
        if not posted:
            form.sitter.data, form.form_key.data = request.args.get("sitter", ""), once.new_key()
        if (
            posted
            and form.validate()
            and form.require("sitter", "on_date", "amount")
            and (staff := form.chosen) is not None
        ):
            try:
                once.claim(form.form_key.data)
                extras.add(staff, **_values(form), actor=self.actor)
                db.session.commit()
            except Conflict as sent_twice:
                refuse(sent_twice)
                return redirect(_waiting_lines(), 303)
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
            else:
                flash(gettext("The next pay run has this line for %(name)s.", name=staff.first_name), "success")
                return redirect(_waiting_lines(), 303)
        return page("pay/extra.html", 422 if form.errors else 200, form=form, line=None)

    @expose("/<public_id:line_id>/", methods=("GET", "POST"))
    def edit(self, line_id: str) -> Answer:
        """Change a line that waits."""
        line, posted = _waiting(line_id), request.method == "POST"
        form = ExtraForm(
            request.form if posted else None, [line.staff], sitter=str(line.staff_id), on_date=line.on_date,
            text=line.text, amount=line.amount,
        )  # fmt: skip
        if posted and form.validate() and form.require("on_date", "amount"):
            try:
                extras.change(line, **_values(form), actor=self.actor)
                db.session.commit()
            except WrongState as problem:
                refuse(problem)
                return redirect(_waiting_lines(), 303)
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
            else:
                flash(gettext("Line saved."), "success")
                return redirect(_waiting_lines(), 303)
        return page("pay/extra.html", 422 if form.errors else 200, form=form, line=line)

    @expose("/<public_id:line_id>/removal", methods=("POST",))
    def remove(self, line_id: str) -> Answer:
        """Delete a line that waits."""
        line = _waiting(line_id)
        return press(lambda: extras.remove(line, actor=self.actor), gettext("Line removed."), _waiting_lines())

    @expose("/visit/<int:job_id>", methods=("GET", "POST"))
    def visit(self, job_id: int) -> Answer:
        """What a done or called off visit pays, by hand and with a reason."""
        job, back = fresh_or_404(job_id), url_for("visits_page.show", job_id=job_id)
        posted = request.method == "POST"
        form = VisitPayForm(request.form if posted else None, pay=job.sitter_pay, version=str(job.version))
        if posted and form.validate() and form.require("reason"):
            try:
                figures.set_pay(
                    job, form.pay.data if form.pay.data is not None else job.sitter_pay, reason=form.reason.data or "",
                    actor=self.actor, seen_version=read_id(form.version.data),
                )  # fmt: skip
                db.session.commit()
            except (Conflict, WrongState) as problem:
                refuse(problem)
                return redirect(back, 303)
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem)
            else:
                flash(gettext("What the visit pays is changed."), "success")
                return redirect(back, 303)
        if not figures.may_set(job):
            flash(gettext("The pay can be changed by hand once the visit is done or called off."), "warning")
            return redirect(back, 303)
        return page("pay/visit.html", 422 if form.errors else 200, job=job, form=form, lines=figures.lines_of(job))


def of_visit(job: Job, actor: Actor) -> dict[str, Any]:
    """What a visit's page says of its pay: the runs that it stands on; one query, for those who may."""
    if not actor.may(Permission.PAY):
        return {"paid": None}
    return {
        "paid": {
            "lines": [
                (x, url_for("pay_statement.show", statement_id=x.statement.public_id), kind_words(x.kind))
                for x in figures.lines_of(job)
                if x.statement is not None
            ],
            "may_set": figures.may_set(job),
        }
    }


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(PayStatementPage(name="pay_statement", endpoint="pay_statement", url="/admin/pay-statement"))
    admin.add_view(PayExtraPage(name="pay_extra", endpoint="pay_extra", url="/admin/pay-extra"))


def _statement(statement_id: str) -> PayStatement:
    return statements.get(statement_id) or abort(404)


def _waiting(line_id: str) -> PayLine:
    """A line entered by hand that no run has yet, or 404."""
    found = db.session.scalar(
        sa.select(PayLine).where(
            PayLine.public_id == line_id, PayLine.kind == PayLineKind.EXTRA, PayLine.statement_id.is_(None)
        )
    )
    return found or abort(404)


def _waiting_lines() -> str:
    return url_for("pay_lines.index_view", view="waiting")


def _values(form: ExtraForm) -> dict[str, Any]:
    return {"on_date": form.on_date.data, "text": form.text.data or "", "amount": form.amount.data}
