"""One visit (move, reassign, edit, cancel), and booking visits without a request. All of it ends in `workflows.jobs`."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from admin_site import billing_home, log_entries, pay_statements, price_words, report_cards, rows, texts, undo
from admin_site.fields import DayField, MultiTicks, VisitForm, option
from admin_site.pages import Answer, faces, get_or_404, page, refuse, warn_of_past
from admin_site.reading import (
    FIRST_DAY,
    LAST_DAY,
    initials,
    like,
    link,
    read_day,
    read_id,
    read_search,
    read_tokens,
    write_tokens,
)
from admin_site.visit_ends import (
    fresh_or_404,
    may_cancel,
    may_reinstate,
    may_void,
    why_not_back,
    why_not_cancelled,
    why_not_changed,
)
from admin_site.visit_times import VisitTimes, checks_of
from foundation import clock
from foundation.db import db
from models import Activity, Client, ClientStatus, Job, JobState
from ui_kit import formats, month_grid
from workflows import changing, conflicts, jobs, key_facts, limits, once
from workflows.errors import N_, Conflict, Invalid, Refusals, WorkflowError, WrongState
from workflows.permissions import Permission
from workflows.wanted import Wanted, check

DAY = dt.timedelta(days=1)
MOST_FOUND = 25
#: a longer stretch of days is more than one booking holds anyway
MOST_RANGE_DAYS = 800


class BookingForm(VisitForm):
    """Many days, or one stay."""

    span = RadioField(_l("How long"), default="stay", validate_choice=False)
    range_from = DayField(_l("From"))
    range_until = DayField(_l("Until"))
    weekdays = MultiTicks(_l("On these weekdays"))

    def __init__(self, formdata: Any, *, client: Client, days: list[dt.date], **more: Any) -> None:
        super().__init__(formdata, client=client, **more)
        self.span.choices = [
            SelectChoice("stay", gettext("One stay, from a day to a day")),
            SelectChoice("days", gettext("Single days")),
        ]
        names = formats.weekday_names()
        first = formats.first_weekday()
        self.weekdays.choices = [option((first + n) % 7, long) for n, (_short, long) in enumerate(names)]
        self.days = days

    @property
    def is_stay(self) -> bool:
        """One visit over days."""
        return self.is_all_day and self.span.data != "days"

    @property
    def needed(self) -> tuple[str, ...]:
        """The fields that must not be empty."""
        return ("on_date", "ends_on") if self.is_stay else ()

    def wanted(self) -> Wanted | None:
        """What is booked; None while no service is chosen."""
        if self.item is None:
            return None
        return Wanted(
            item=self.item,
            dates=[] if self.is_stay else self.all_days(),
            start_time=self.start_time.data if self.kind in {"standard", "time_block"} else None,
            blocks=self.chosen_blocks,
            pets=self.chosen_pets,
            note=self.note.data or "",
        )

    def check_times(self, refusals: Refusals) -> None:
        """The days and times of day, or the order of a stay's days."""
        if self.is_stay:
            super().check_times(refusals)
        elif not (self.range_from.errors or self.range_until.errors):
            with refusals:
                if (wanted := self.wanted()) is not None:
                    check(wanted, self.client, any_block=True)

    def all_days(self) -> list[dt.date]:
        """The ticked days, and those of the range."""
        first, last = self.range_from.data, self.range_until.data
        if (first is None) != (last is None):
            raise Invalid("range_half", N_("Give both ends of the range, or neither."), field="range_until")
        found = set(self.days)
        if first is not None and last is not None:
            if last < first:
                raise Invalid("order", N_("The last day cannot be before the first."), field="range_until")
            wanted = {int(n) for n in self.weekdays.data or ()} or set(range(7))
            n_days = min((last - first).days + 1, MOST_RANGE_DAYS)
            found |= {day for n in range(n_days) if (day := first + DAY * n).weekday() in wanted}
        return sorted(found)


class VisitsPage(VisitTimes):
    """Booking, and the page of one visit."""

    permission = Permission.SCHEDULE

    @expose("/")
    def index(self) -> Response:
        """There is no list here; the schedule is one."""
        return redirect(url_for("schedule.index"))

    # --------------------------------------------------------------------------------------------------- booking

    @expose("/new", methods=("GET", "POST"))
    def book(self) -> Answer:
        """Book visits for a client, who is looked up first."""
        client_id = read_id(request.args.get("client"))
        if client_id is None:
            return self._choose_client()
        client = get_or_404(Client, client_id)
        posted = request.method == "POST"
        form = BookingForm(request.form if posted else None, client=client, days=_days(posted=posted))
        if not posted:
            form.pets.data = [str(p.id) for p in form.all_pets]
            form.sitter.data = str(client.primary_sitter_id or "")
            form.form_key.data = once.new_key()
        stopped: conflicts.ConflictsFound | None = None
        if posted and not {"refresh", "month"} & set(request.form) and form.is_right(*form.needed):
            try:
                made = self._book(client, form)
                db.session.commit()
            except conflicts.ConflictsFound as found:
                db.session.rollback()
                stopped = found
            except Conflict as problem:
                refuse(problem)
                return redirect(_after(client))
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem, {"service_item": "service"})
            else:
                flash(_booked(len(made), client, mailed=bool(form.mail_client.data)), "success")
                warn_of_past(job.ends_on for job in made)
                return redirect(_after(client))
        return self._show_booking(client, form, stopped)

    def _book(self, client: Client, form: BookingForm) -> list[Job]:
        once.claim(form.form_key.data)
        wanted = form.wanted()
        if wanted is None:
            raise Invalid("no_service", N_("Choose a service."), field="service")
        return jobs.book(
            client, wanted, sitter=form.chosen_sitter, actor=self.actor, stay=form.stay, staff_note=form.staff_note.data or "",
            accept=read_tokens(request.form.get("accept")), mail_client=bool(form.mail_client.data),
        )  # fmt: skip

    def _show_booking(self, client: Client, form: BookingForm, stopped: conflicts.ConflictsFound | None) -> Answer:
        month = _month(form.days)
        first, last = month.replace(day=1) - DAY * 7, month.replace(day=1) + DAY * 38
        known = limits.calendar(first, last)
        notes = {**known.holidays, **{day: reason or gettext("Closed") for day, reason in known.closed.items()}}
        grid = month_grid(month, today=clock.today(), selected=form.days, notes=notes)
        clashes = each_once(stopped)
        return page(
            "book.html", 409 if stopped else 422 if form.errors else 200, client=client, form=form, grid=grid,
            elsewhere=[d for d in form.days if (d.year, d.month) != (month.year, month.month)], clashes=clashes,
            alert=stopped.say(gettext) if stopped else None, tokens=write_tokens(c.token for c in clashes),
            pets=faces(form.all_pets), previous=max(grid.previous, FIRST_DAY), following=min(grid.next, LAST_DAY),
        )  # fmt: skip

    def _choose_client(self) -> Answer:
        """The first step: whose visits?"""
        search = read_search(request.args.get("search"))
        statement = sa.select(Client).where(Client.status != ClientStatus.ARCHIVED)
        for word in search.split()[:5]:
            text = like(word)
            statement = statement.where(
                sa.or_(
                    Client.first_name.ilike(text, escape="\\"),
                    Client.last_name.ilike(text, escape="\\"),
                    Client.email.ilike(text, escape="\\"),
                    Client.account_number.ilike(text, escape="\\"),
                    Client.pets.any(Client.pets.property.mapper.class_.name.ilike(text, escape="\\")),
                )
            )
        found = db.session.scalars(
            statement.options(sa.orm.selectinload(Client.pets))
            .order_by(Client.last_name, Client.first_name, Client.id)
            .limit(MOST_FOUND + 1)
        ).all()
        return page(
            "book_client.html", search=search, clients=found[:MOST_FOUND], has_more=len(found) > MOST_FOUND,
            on=read_day(request.args.get("on")), faces=faces, initials=initials,
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------- one visit

    @expose("/<int:job_id>/", methods=("GET", "POST"))
    def show(self, job_id: int) -> Answer:
        """A visit with its log; while it has not begun it can be changed here."""
        job = fresh_or_404(job_id)
        posted, was = request.method == "POST", job.on_date
        if posted and job.state is not JobState.SCHEDULED:
            flash(why_not_changed(job) or "", "warning")
            return redirect(url_for(".show", job_id=job_id))
        form = _visit_form(job, request.form if posted else None)
        stopped: conflicts.ConflictsFound | None = None
        if posted and "refresh" not in request.form and form.is_right("on_date"):
            try:
                self._change(job, form)
                db.session.commit()
            except conflicts.ConflictsFound as found:
                db.session.rollback()
                stopped = found
            except (Conflict, WrongState) as problem:
                refuse(problem)
                return redirect(url_for(".show", job_id=job_id))
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem, {"time_block": "block"})
            else:
                flash(gettext("Visit saved."), "success")
                if job.on_date != was:
                    warn_of_past([job.ends_on])
                return redirect(url_for(".show", job_id=job_id))
        return self._show_visit(job, form, stopped)

    def _change(self, job: Job, form: VisitForm) -> None:
        changing.change(
            job, form.change(), actor=self.actor, seen_version=read_id(form.version.data),
            accept=read_tokens(request.form.get("accept")),
        )  # fmt: skip

    def _show_visit(self, job: Job, form: VisitForm, stopped: conflicts.ConflictsFound | None) -> Answer:
        log = db.session.scalars(
            sa.select(Activity)
            .where(Activity.subject_type == "job", Activity.subject_id == job.id)
            .order_by(Activity.id.desc())
            .limit(20)
        )
        clashes = each_once(stopped)
        return page(
            "visit.html", 409 if stopped else 422 if form.errors else 200, job=job, form=form,
            chip=texts.job_chip(job.state, has_sitter=job.sitter_id is not None), why_not=why_not_changed(job),
            no_cancel=why_not_cancelled(job), log=[log_entries.log_entry(line) for line in log], clashes=clashes,
            alert=stopped.say(gettext) if stopped else None, tokens=write_tokens(c.token for c in clashes),
            pets=faces(job.pets), undo=undo.to_undo(), may_cancel=may_cancel(job), may_go_back=why_not_back(job) is None,
            may_reinstate=may_reinstate(job), may_void=may_void(job), no_key=key_facts.without_key([job.id]),
            phone=rows.phone(job.client.phone),
            **checks_of(job, self.actor),
            **price_words.of_visit(job), **billing_home.of_visit(job, self.actor),
            **pay_statements.of_visit(job, self.actor), **report_cards.of_visit(job, self.actor),
        )  # fmt: skip


# ------------------------------------------------------------------------------------------------------- helpers


def _visit_form(job: Job, formdata: Any) -> VisitForm:
    form = VisitForm(
        formdata, client=job.client, item=job.service_item, sitter=job.sitter, block=job.time_block, keep_pets=job.pets,
        on_date=job.on_date, ends_on=job.ends_on, start_time=job.start_time, end_time=job.end_time, note=job.note,
        staff_note=job.staff_note, version=str(job.version), service=str(job.service_item_id),
    )  # fmt: skip
    if formdata is None:
        form.choose(block_id=job.time_block_id, pets=job.pets, sitter_id=job.sitter_id)
    return form


def _days(*, posted: bool) -> list[dt.date]:
    """The ticked days; a link may bring one."""
    found = request.form.getlist("dates") if posted else [request.args.get("on", "")]
    return sorted({day for text in found[:1000] if (day := read_day(text))})


def _month(days: list[dt.date]) -> dt.date:
    """Which month the picker shows: the one that was asked for, else the one before, else that of the first day."""
    asked = read_day(request.form.get("month")) or read_day(request.form.get("shown"))
    return asked or max(days[0] if days else clock.today(), FIRST_DAY)


def each_once(stopped: conflicts.ConflictsFound | None) -> list[conflicts.Clash]:
    """Every conflict, the same one only once."""
    found = {clash.token: clash for clashes in (stopped.clashes if stopped else {}).values() for clash in clashes}
    return sorted(found.values(), key=lambda c: (c.on_date, c.start_time or dt.time(0), c.token))


def _after(client: Client) -> str:
    return link("client_page.show", client_id=client.id, tab="schedule") or url_for("schedule.index")


def _booked(n: int, client: Client, *, mailed: bool) -> str:
    if mailed and client.email:
        return ngettext("%(num)d visit booked. %(name)s gets one mail.", "%(num)d visits booked. %(name)s gets one mail.", n, name=client.first_name)  # fmt: skip
    return ngettext("%(num)d visit booked.", "%(num)d visits booked.", n)


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(VisitsPage(name="Visit", endpoint="visits_page", url="visit"))
