"""The lists of requested visits and of visits. Deciding and booking have pages of their own."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from flask import flash, redirect
from flask_admin import Admin, expose
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response

from admin_site import filters, listing, rows, search, texts
from admin_site.base import OfficeList, ReadList
from admin_site.bulk import MOST_SAID, bulk
from admin_site.list_address import Pill
from admin_site.people import OF_CLIENT, client_link
from admin_site.rows import Column
from foundation import clock
from foundation.db import db
from foundation.twins import Twin
from models import (
    Client,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    ServiceItem,
    Staff,
    TimeBlock,
)
from workflows.back_to_request import back_to_request
from workflows.errors import WorkflowError
from workflows.permissions import Permission

_BLOCK = (TimeBlock.name, TimeBlock.starts_at, TimeBlock.ends_at)
_ITEM = (ServiceItem.name, ServiceItem.duration_minutes, ServiceItem.time_type)
_NAME = (Staff.first_name, Staff.last_name)


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(RequestLineList(JobRequestLine, "request_lines", "/admin/request-lines"))
    admin.add_view(VisitList(Job, "visits", "/admin/visits"))


def _day(record: Any) -> str:
    return rows.formats.short_day(record.on_date, year=True)


def _line_time(line: JobRequestLine) -> str:
    item = line.service_item
    if line.last_on != line.on_date:
        return texts.stay_words(line.on_date, line.last_on, line.start_time, line.end_time)
    return texts.time_words(
        line.start_time, minutes=item.duration_minutes, end=line.end_time, block=line.time_block, time_type=item.time_type
    )  # fmt: skip


class RequestLineList(ReadList):
    """Every requested visit, whatever became of it; deciding happens on the job requests page."""

    title = _l("Requests")
    empty = ("dog", _l("No requests yet"), _l("What clients ask for in the portal is listed here, line by line."))
    search_hint = _l("Client, pet, service or sitter")
    default_order = (JobRequestLine.on_date.desc(), JobRequestLine.id.desc())
    list_options = (
        joinedload(JobRequestLine.client).load_only(*OF_CLIENT),
        joinedload(JobRequestLine.service_item).load_only(*_ITEM),
        joinedload(JobRequestLine.time_block).load_only(*_BLOCK),
        joinedload(JobRequestLine.sitter).load_only(*_NAME),
        joinedload(JobRequestLine.request).load_only(JobRequest.number),
    )
    record_options = list_options
    pills = (
        Pill("waiting", _l("Waiting"), lambda: JobRequestLine.state == LineState.SUBMITTED, order=(JobRequestLine.on_date, JobRequestLine.id)),
        Pill("unsent", _l("Not sent yet"), lambda: JobRequestLine.state == LineState.DRAFT),
        Pill("decided", _l("Decided"), lambda: JobRequestLine.state.in_([LineState.SCHEDULED, LineState.DECLINED, LineState.CANCELLED, LineState.DELETED])),
        Pill("all", _l("All")),
    )  # fmt: skip
    columns = (
        Column(
            "on_date", _l("Visit"), sort=(JobRequestLine.on_date,),
            show=lambda x: rows.two_lines(rows.link(_day(x), f"/admin/request-lines/details/?id={x.id}", main=True), _line_time(x)),
        ),
        Column("ends_on", _l("Last day"), hidden=True),
        Column("time", _l("Time"), hidden=True, value=_line_time),
        Column("service_item", _l("Service")),
        Column("client", _l("Client"), show=lambda x: client_link(x.client)),
        Column("state", _l("State"), words=rows.code_chip),
        Column("sitter", _l("Sitter in mind"), hidden=True),
        Column("request", _l("Request"), value=lambda x: f"#{x.request.number}" if x.request.number else ""),
        Column("price", _l("Estimate"), right=True),
        Column("submitted_at", _l("Sent"), hidden=True),
        Column("decided_at", _l("Decided"), hidden=True),
        Column("auto_submitted", _l("Auto-submitted"), hidden=True),
        Column("note", _l("Client's note"), hidden=True),
        Column("staff_note", _l("Office note"), hidden=True),
        Column("decline_reason", _l("Reason"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.Choice("state", JobRequestLine.state, _l("State"), LineState),
        *filters.client_filters(JobRequestLine.client_id),
        filters.service(JobRequestLine.service_item_id),
        filters.Day("from", JobRequestLine.on_date, _l("From")),
        filters.Day("until", JobRequestLine.on_date, _l("Until"), until=True),
        filters.YesNo("auto", JobRequestLine.auto_submitted, _l("Auto-submitted")),
    )

    def find(self, text: str) -> Any:
        return search.request_lines(text)

    def record_name(self, record: JobRequestLine) -> str:
        return f"{record.service_item}, {_day(record)}"


def _job_time(job: Job) -> str:
    if job.ends_on != job.on_date:
        return texts.stay_words(job.on_date, job.ends_on, job.start_time, job.end_time)
    return texts.time_words(
        job.start_time, minutes=job.duration_minutes, end=job.end_time, block=job.time_block, time_type=job.service_item.time_type
    )  # fmt: skip


class VisitList(OfficeList):
    """Every visit. Booking, moving and cancelling have pages of their own."""

    writing = Permission.SCHEDULE
    may_delete = False
    title, add_label = _l("Visits"), _l("Book visits")
    empty = ("dog", _l("No visits yet"), _l("They come from job requests, or are booked here."))
    search_hint = _l("Client, pet, service or sitter")
    keeps_page = True
    default_order = (Job.on_date.desc(), Job.id.desc())
    list_options = (
        joinedload(Job.client).load_only(*OF_CLIENT),
        joinedload(Job.service_item).load_only(*_ITEM),
        joinedload(Job.time_block).load_only(*_BLOCK),
        joinedload(Job.sitter).load_only(*_NAME),
    )
    twin = Twin(
        Job, "on_date", "ends_on", "start_time", "end_time", "duration_minutes", "state", "price", "sitter_id",
        client=Twin(Client, "first_name", "last_name"), service_item=Twin(ServiceItem, "name", "time_type"),
        time_block=Twin(TimeBlock, "name", "starts_at", "ends_at"), sitter=Twin(Staff, "first_name", "last_name"),
    )  # fmt: skip
    record_options = list_options
    pills = (
        Pill("coming", _l("Today and coming"), lambda: Job.on_date >= clock.today(), order=(Job.on_date, Job.id)),
        Pill("nobody", _l("Nobody yet"), lambda: (Job.state == JobState.SCHEDULED) & Job.sitter_id.is_(None) & (Job.on_date >= clock.today()), order=(Job.on_date, Job.id)),
        Pill("past", _l("Past"), lambda: Job.on_date < clock.today()),
        Pill("all", _l("All")),
    )  # fmt: skip
    columns = (
        Column(
            "on_date", _l("Visit"), sort=(Job.on_date,),
            show=lambda j: rows.two_lines(rows.link(_day(j), visit_url(j.id), main=True), _job_time(j)),
        ),
        Column("ends_on", _l("Last day"), hidden=True),
        Column("time", _l("Time"), hidden=True, value=_job_time),
        Column("service_item", _l("Service")),
        Column("client", _l("Client"), show=lambda j: client_link(j.client)),
        Column("sitter", _l("Sitter")),
        Column("state", _l("State"), show=lambda j: rows.chip(*texts.job_chip(j.state, has_sitter=j.sitter_id is not None))),
        Column("acknowledged_at", _l("Acknowledged"), hidden=True),
        Column("checked_in_at", _l("Checked in"), hidden=True),
        Column("checked_out_at", _l("Checked out"), hidden=True),
        Column("price", _l("Price"), right=True),
        Column("sitter_pay", _l("Sitter's pay"), right=True, hidden=True),
        Column("duration_minutes", _l("Minutes"), right=True, hidden=True),
        Column("note", _l("Client's note"), hidden=True),
        Column("staff_note", _l("Office note"), hidden=True),
        Column("cancel_reason", _l("Reason"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.Choice("state", Job.state, _l("State"), JobState),
        *filters.client_filters(Job.client_id),
        filters.sitter(Job.sitter_id),
        filters.service(Job.service_item_id),
        filters.Day("from", Job.on_date, _l("From")),
        filters.Day("until", Job.on_date, _l("Until"), until=True),
    )

    def find(self, text: str) -> Any:
        return search.visits(text)

    def record_name(self, record: Job) -> str:
        return f"{record.service_item}, {_day(record)}"

    def record_url(self, record: Job) -> str:
        return visit_url(record.id)

    def add_url(self) -> str | None:
        return "/admin/visit/new" if self.can_create else None

    @bulk(
        "back_to_request", _l("Back to request"), question=_l("Back to request with what is ticked? The visits leave the schedule and wait in the queue again; their sitters are told."), permission=Permission.SCHEDULE,
    )  # fmt: skip
    def action_back_to_request(self, records: Sequence[Job]) -> None:
        """Turn the ticked visits into requests again, all of a client or none."""
        by_client: dict[Client, list[Job]] = defaultdict(list)
        for job in records:
            by_client[job.client].append(job)
        n_done, refused = 0, []
        for client, jobs in by_client.items():
            try:
                with db.session.begin_nested():
                    n_done += len(back_to_request(jobs, actor=self.actor))
            except (WorkflowError, StaleDataError) as problem:
                refused.append(f"{client}: {self.explain(problem) or ''}")
        db.session.commit()
        listing.forget_counts()
        if n_done:
            flash(ngettext("%(num)d visit went back to request.", "%(num)d visits went back to request.", n_done), "success")  # fmt: skip
        for sentence in refused[:MOST_SAID]:
            flash(sentence, "error")
        if more := len(refused[MOST_SAID:]):
            flash(ngettext("%(num)d client more was left out.", "%(num)d clients more were left out.", more), "error")

    @expose("/new/")
    def create_view(self) -> Response:
        """Booking asks for more than one record's fields."""
        return redirect("/admin/visit/new")

    @expose("/edit/")
    def edit_view(self) -> Response:
        """The visit's own page."""
        return redirect(visit_url(self.asked_record().id))


def visit_url(job_id: int) -> str:
    """The visit's own page."""
    return f"/admin/visit/{job_id}/"
