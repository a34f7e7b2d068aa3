"""Reports: the index, each report with its period, its figures beside another period, and the file."""

from typing import Any

from flask import Response as FlaskResponse
from flask import abort, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from admin_site import export, report_words
from admin_site.fields import DayField, OfficeForm, Pick, option
from admin_site.pages import Answer, WorkPage, page
from foundation import clock
from foundation.db import db
from ui_kit import formats
from workflows import activity
from workflows.errors import Invalid
from workflows.permissions import Permission
from workflows.reports import catalogue, periods
from workflows.reports.periods import Compared, Named, Period, Step
from workflows.reports.shapes import SUMMED, Report, Subject, Wish

#: rows on the page; the file has all
MOST_ROWS = 100
_DOORS = ("revenue", "invoiced", "received")


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(ReportPages(name="reports", endpoint="reports", url="/admin/reports"))


class AskForm(OfficeForm):
    """What is asked of a report; comes in the query string, so that it can be kept as a bookmark."""

    period = Pick(_l("Period"))
    first = DayField(_l("From"))
    last = DayField(_l("Until"))
    compare = Pick(_l("Compare with"))
    by = Pick(_l("By"))
    step = Pick(_l("Steps"))
    days = Pick(_l("Days"))
    new = BooleanField(_l("New clients only"))

    def __init__(self, formdata: Any, subject: Subject) -> None:
        super().__init__(formdata)
        self.subject = subject
        self._offer()
        given = set(formdata or ())
        for field, usual in (
            (self.period, Named.THIS_MONTH), (self.compare, Compared.NOTHING), (self.step, ""),
            (self.by, next(iter(subject.groups), "")), (self.days, str(next(iter(subject.days), ""))),
        ):  # fmt: skip
            if field.name not in given:
                field.data = str(usual)
        if self.period.data != Named.OWN:
            named = self._named()
            self.first.data, self.last.data = named.first, named.last
            self.first.raw_data = self.last.raw_data = None
            self.first.process_errors = self.last.process_errors = []

    def _offer(self) -> None:
        self.period.choices = [option(name, report_words.named_words(name)) for name in Named]
        self.compare.choices = [
            option(Compared.NOTHING, gettext("Nothing")),
            option(Compared.PREVIOUS, gettext("The period before")),
            option(Compared.LAST_YEAR, gettext("The same days last year")),
        ]
        self.step.choices = [
            option("", gettext("As it suits")), option(Step.DAY, gettext("Days")), option(Step.WEEK, gettext("Weeks")),
            option(Step.MONTH, gettext("Months")),
        ]  # fmt: skip
        self.by.choices = [option(key, gettext(label)) for key, label in (self.subject.groups or {"": ""}).items()]
        self.days.choices = [option(n, str(n)) for n in sorted(self.subject.days)] or [option("", "")]

    def _named(self) -> Period:
        return periods.named(Named(self.period.data) if self.period.data in set(Named) else Named.THIS_MONTH)

    def wish(self) -> Wish | None:
        """What is asked; None when it makes no sense, and the fields say why."""
        if not self.validate():
            return None
        try:
            period = periods.own(self.first.data, self.last.data) if self.period.data == Named.OWN else self._named()
        except Invalid as problem:
            self.add_problem(problem)
            return None
        return Wish(
            period, by=self.by.data, step=periods.step_for(period, Step(self.step.data) if self.step.data else None),
            first_weekday=formats.first_weekday(), new_only=bool(self.new.data), days=int(self.days.data or -1),
        )  # fmt: skip


class ReportPages(WorkPage):
    """Reading and saving; each report has its own permissions."""

    @expose("/")
    def index(self) -> Answer:
        """What this person may open, with a sentence each."""
        return page("reports/index.html", headings=catalogue.open_to(self.actor))

    @expose("/<report>/")
    def show(self, report: str) -> Answer:
        """One report: 403 without its permission, 422 with a sentence for days that make no sense."""
        subject = self._subject(report)
        form = AskForm(request.args, subject)
        wish = form.wish()
        found = self._made(subject, wish, form) if wish is not None else None
        shown = found.rows[:MOST_ROWS] if found is not None else ()
        compared = Compared(form.compare.data) if wish is not None else Compared.NOTHING
        other = periods.before(wish.period, compared) if wish is not None and subject.has_period else None
        return page(
            "reports/report.html", 200 if wish is not None else 422, subject=subject, form=form, wish=wish, found=found,
            rows=[(row, report_words.link_of(report, row, self._days(subject, wish), self.actor)) for row in shown],
            n_more=len(found.rows) - len(shown) if found is not None else 0, other=other, words=report_words, summed=SUMMED,
            drawn=report_words.drawn(found) if found is not None else None,
            heat=report_words.heat(found) if found is not None and found.picture == "heat" else None,
            doors=self._doors(report), asked=_asked(form), may_export=self.actor.may(Permission.EXPORT),
        )  # fmt: skip

    @expose("/<report>/file", methods=("POST",))
    def file(self, report: str) -> FlaskResponse:
        """Every row as a CSV or Excel file; who took it is logged, with what was asked and no figures."""
        self.actor.require(Permission.EXPORT)
        subject = self._subject(report)
        form = AskForm(request.args, subject)
        wish = form.wish()
        if wish is None:
            abort(422)
        found = self._made(subject, wish, form)
        head, body = _file(found)
        asked = _asked(form)
        activity.record(
            "list.exported", actor=self.actor, list=f"report_{report.replace('-', '_')}", n_rows=len(body),
            of=asked | _days_of(subject, wish),
        )  # fmt: skip
        db.session.commit()
        days = "-".join(_days_of(subject, wish).values()) or clock.today().isoformat()
        return export.file_of(head, body, f"{report}-{days}", gettext(subject.title))

    def _subject(self, name: str) -> Subject:
        subject = catalogue.find(name)
        if subject is None:
            abort(404)
        if not catalogue.may(self.actor, subject):
            abort(403)
        return subject

    def _made(self, subject: Subject, wish: Wish, form: AskForm) -> Report:
        return catalogue.make(subject, wish, compared=Compared(form.compare.data), actor=self.actor)

    @staticmethod
    def _days(subject: Subject, wish: Wish | None) -> Period | None:
        return wish.period if wish is not None and subject.has_period else None

    def _doors(self, name: str) -> list[tuple[str, str, bool, None]]:
        """Revenue has three: by visit, by invoice, by payment; the days stay the same from one to the other."""
        if name not in _DOORS:
            return []
        kept: dict[str, Any] = {
            k: v for k, v in request.args.items() if k in {"period", "first", "last", "compare", "step"}
        }
        found = [catalogue.find(door) for door in _DOORS]
        return [(gettext(s.title), url_for(".show", report=s.name, **kept), s.name == name, None) for s in found if s]


def _asked(form: AskForm) -> dict[str, str]:
    """What the address says of the form, and nothing else that may stand there."""
    return {key: value for key, value in request.args.items() if key in form._fields}


def _days_of(subject: Subject, wish: Wish) -> dict[str, str]:
    """The days, for the log and the file's name."""
    return {"first": wish.period.first.isoformat(), "last": wish.period.last.isoformat()} if subject.has_period else {}


def _file(found: Report) -> tuple[list[str], list[list[Any]]]:
    """Head and lines, with the other period's main figure last."""
    head = [report_words.label(column) for column in found.columns]
    if found.totals_before is not None:
        head.append(gettext("%(what)s before", what=head[found.main]))
    body = []
    for row in found.rows:
        line = [report_words.in_file(c, column.unit) for c, column in zip(row.cells, found.columns, strict=True)]
        if found.totals_before is not None:
            line.append(report_words.in_file(row.before, found.columns[found.main].unit))
        body.append(line)
    return head, body
