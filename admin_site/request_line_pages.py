"""Single requested visits on pages of their own: adding one to a client's request, changing a waiting one."""

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext, ngettext

from admin_site import request_queue
from admin_site.fields import UNASSIGNED, VisitForm
from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from foundation.db import db
from models import Client, JobRequestLine, LineState
from workflows import job_requests, once
from workflows.errors import N_, Conflict, Invalid, WorkflowError, WrongState
from workflows.permissions import Permission
from workflows.requested_stays import keeps_end, may_have_end
from workflows.wanted import Wanted


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
        form = VisitForm(request.form if posted else None, client=client)
        if not posted:
            form.sitter.data = str(client.primary_sitter_id or "")
            form.pets.data = [str(p.id) for p in form.all_pets]
            form.on_date.data = min((x.on_date for x in about.lines if x.state is LineState.SUBMITTED), default=None)
            form.form_key.data = once.new_key()
        if posted and "refresh" not in request.form and form.validate() and form.require("on_date"):
            try:
                once.claim(form.form_key.data)
                wanted = _wanted(form)
                lines = job_requests.add_lines(about, wanted, sitter=form.chosen_sitter, actor=self.actor)
                if form.is_unassigned:
                    job_requests.choose_sitters(client, {x.id: (None, True) for x in lines}, actor=self.actor)
                db.session.commit()
            except WorkflowError as problem:
                db.session.rollback()
                form.add_problem(problem, {"dates": "on_date"})
            else:
                flash(ngettext("%(num)d visit added to request #%(no)s.", "%(num)d visits added to request #%(no)s.", len(lines), no=about.number), "success")  # fmt: skip
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
        if posted and "refresh" not in request.form and form.validate() and form.require("on_date"):
            try:
                if form.version.data and form.version.data != str(line.version):
                    raise Conflict(
                        "stale", N_("Someone changed this visit meanwhile. Look at it again, then make your change.")
                    )
                job_requests.edit_line(
                    line,
                    _wanted(form, single=True),
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
                form.add_problem(problem, {"dates": "on_date", "blocks": "block"})
            else:
                flash(gettext("Requested visit changed."), "success")
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


def _wanted(form: VisitForm, *, single: bool = False) -> Wanted:
    item = form.item
    if item is None or form.on_date.data is None:
        raise Invalid("no_service", N_("Choose a service."), field="service")
    block = form.chosen_block
    return Wanted(
        item=item,
        dates=[form.on_date.data],
        start_time=form.start_time.data,
        blocks=([block] if block else []) if single else form.chosen_blocks,
        pets=form.chosen_pets,
        note=form.note.data or "",
    )


def _line_form(line: JobRequestLine, formdata: Any) -> VisitForm:
    form = VisitForm(
        formdata, client=line.client, item=line.service_item, sitter=line.sitter, block=line.time_block,
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
