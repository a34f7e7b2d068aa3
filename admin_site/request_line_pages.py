"""Single requested visits on pages of their own: adding one to a client's request, changing a waiting one."""

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext, ngettext

from admin_site import request_queue
from admin_site.fields import UNASSIGNED, VisitForm
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse, warn_of_past
from foundation.db import db
from models import Client, JobRequestLine, LineState
from workflows import job_requests, once
from workflows.errors import N_, Conflict, Invalid, Refusals, WorkflowError, WrongState
from workflows.permissions import Permission
from workflows.requested_stays import keeps_end, may_have_end
from workflows.wanted import Wanted, check


class RequestedForm(VisitForm):
    """A requested visit, or several that are added at once: without `is_single`, one for each ticked time of day."""

    asks_sitter = False

    def __init__(self, formdata: Any, *, is_single: bool, client: Client, **more: Any) -> None:
        super().__init__(formdata, client=client, **more)
        self.is_single = is_single
        #: what the workflows' fields are called here
        self.called = {"dates": "on_date"} | ({"blocks": "block"} if is_single else {})

    def wanted(self) -> Wanted:
        """What is asked for; refused with Invalid when its service is not chosen."""
        if self.item is None:
            raise Invalid("no_service", N_("Choose a service."), field="service")
        block = self.chosen_block
        return Wanted(
            item=self.item,
            dates=[self.on_date.data] if self.on_date.data else [],
            start_time=self.start_time.data,
            blocks=([block] if block else []) if self.is_single else self.chosen_blocks,
            pets=self.chosen_pets,
            note=self.note.data or "",
        )

    def check_times(self, refusals: Refusals) -> None:
        """The day and the time of day."""
        with refusals:
            check(self.wanted(), self.client, any_block=True)


class LinePages(WorkPage):
    """A part of the request pages; `requests.RequestsPage` is the whole."""

    permission = Permission.REQUESTS

    @expose("/<int:client_id>/lines", methods=("GET", "POST"))
    def add(self, client_id: int) -> Answer:
        """Add visits to the client's request; they wait like the others."""
        client = get_or_404(Client, client_id)
        found = [x.request for x in request_queue.waiting_lines(client.id, with_cancelled=False)]
        if not found:
            flash(gettext("Nothing of this client is waiting. Book the visit instead."), "warning")
            return redirect(url_for("visits_page.book", client=client_id))
        about = max(found, key=lambda r: r.id)
        posted = request.method == "POST"
        form = RequestedForm(request.form if posted else None, client=client, is_single=False)
        if not posted:
            form.sitter.data = str(client.primary_sitter_id or "")
            form.pets.data = [str(p.id) for p in form.all_pets]
            form.on_date.data = min((x.on_date for x in about.lines if x.state is LineState.SUBMITTED), default=None)
            form.form_key.data = once.new_key()
        if posted and "refresh" not in request.form and form.is_right("on_date", called=form.called):
            try:
                once.claim(form.form_key.data)
                lines = job_requests.add_lines(about, form.wanted(), sitter=form.chosen_sitter, actor=self.actor)
                if form.is_unassigned:
                    job_requests.choose_sitters(client, {x.id: (None, True) for x in lines}, actor=self.actor)
                db.session.commit()
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem, form.called)
            else:
                flash(ngettext("%(num)d visit added to request #%(no)s.", "%(num)d visits added to request #%(no)s.", len(lines), no=about.number), "success")  # fmt: skip
                warn_of_past(x.on_date for x in lines)
                return redirect(url_for(".batch", client_id=client_id))
        return page("request_line.html", 422 if form.errors else 200, client=client, form=form, line=None, about=about)

    @expose("/<int:client_id>/lines/<int:line_id>/", methods=("GET", "POST"))
    def edit(self, client_id: int, line_id: int) -> Answer:
        """Change a waiting line."""
        line = get_or_404(JobRequestLine, line_id)
        if line.client_id != client_id or line.state is LineState.DRAFT:
            abort(404)
        if line.state is not LineState.SUBMITTED:
            flash(gettext("This visit is no longer waiting. Nothing was changed."), "warning")
            return redirect(url_for(".batch", client_id=client_id))
        posted = request.method == "POST"
        form = _line_form(line, request.form if posted else None)
        if posted and "refresh" not in request.form and form.is_right("on_date", called=form.called):
            try:
                if form.version.data and form.version.data != str(line.version):
                    raise Conflict(
                        "stale", N_("Someone changed this visit meanwhile. Look at it again, then make your change.")
                    )
                job_requests.edit_line(
                    line,
                    form.wanted(),
                    sitter=form.chosen_sitter,
                    leave_unassigned=form.is_unassigned,
                    staff_note=form.staff_note.data or "",
                    ends_on=form.ends_on.data,
                    end_time=form.end_time.data,
                    actor=self.actor,
                )
                db.session.commit()
            except WrongState as problem:
                refuse(problem)
                return redirect(url_for(".batch", client_id=client_id))
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem, form.called)
            else:
                flash(gettext("Requested visit changed."), "success")
                warn_of_past([line.last_on])
                return redirect(url_for(".batch", client_id=client_id))
        return page(
            "request_line.html",
            422 if form.errors else 200,
            client=line.client,
            form=form,
            line=line,
            about=line.request,
            is_stay=form.item is not None and keeps_end(line, form.item),
            may_last=form.item is not None and may_have_end(line, form.item),
        )


def _line_form(line: JobRequestLine, formdata: Any) -> RequestedForm:
    form = RequestedForm(
        formdata, is_single=True, client=line.client, item=line.service_item, sitter=line.sitter, block=line.time_block,
        keep_pets=line.pets, on_date=line.on_date, ends_on=line.ends_on, start_time=line.start_time,
        end_time=line.end_time,
        note=line.note, staff_note=line.staff_note, version=str(line.version), service=str(line.service_item_id),
    )  # fmt: skip
    if formdata is None:
        form.block.data = str(line.time_block_id or "")
        form.pets.data = [str(p.id) for p in line.pets]
        chosen = job_requests.proposed_sitter_id(line)
        form.sitter.data = str(chosen) if chosen else UNASSIGNED if line.leave_unassigned else ""
    return form
