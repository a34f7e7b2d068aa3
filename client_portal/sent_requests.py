"""A client's sent requests as they are shown, newest first: read as twins (`foundation.twins`).

Five queries, and a sixth where some visits are scheduled and others not, however many there are.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from client_portal.shown import PETS_OF_JOBS, PETS_OF_LINES, put_pets
from foundation.among import among
from foundation.db import rows_of
from foundation.fixed import fixed
from foundation.twins import Twin, put_beside
from models import (
    Client,
    Job,
    JobRequest,
    JobRequestLine,
    LineState,
    ReportCard,
    RequestMessage,
    ServiceItem,
    Staff,
    TimeBlock,
)

_SERVICE = "name", "time_type", "duration_minutes", "is_internal"
_HOURS = "name", "starts_at", "ends_at"
# The line's own service and block, and those of the visit that came of it.
_job_item, _job_block = ServiceItem.__table__.alias(), TimeBlock.__table__.alias()
_REQUEST = Twin(JobRequest, "public_id", "number", "submitted_at")
_LINE = Twin(
    JobRequestLine, "public_id", "on_date", "ends_on", "start_time", "end_time", "state", "note", "price",
    "submitted_at", "auto_submitted", "decided_at", "decline_reason", "cancelled_at",
    service_item=Twin(ServiceItem, *_SERVICE), time_block=Twin(TimeBlock, *_HOURS),
    job=Twin(
        Job, "public_id", "on_date", "ends_on", "start_time", "end_time", "duration_minutes", "state", "price", "note",
        "cancelled_at",
        service_item=Twin(ServiceItem, *_SERVICE, table=_job_item), time_block=Twin(TimeBlock, *_HOURS, table=_job_block),
        sitter=Twin(Staff, "first_name"), report_card=Twin(ReportCard, "public_id", "state"),
    ),
)  # fmt: skip
_MESSAGE = Twin(RequestMessage, "from_client", "body", "created_at", staff=Twin(Staff, "first_name"))

_request, _line, _job, _message = (m.__table__.c for m in (JobRequest, JobRequestLine, Job, RequestMessage))
_item, _block, _staff, _report = (m.__table__.c for m in (ServiceItem, TimeBlock, Staff, ReportCard))
_OF_CLIENT = fixed(
    sa.select(*_REQUEST.columns)
    .where(_request.client_id == sa.bindparam("client_id", type_=sa.Integer), _request.submitted_at.is_not(None))
    .order_by(_request.submitted_at.desc(), _request.id.desc())
)
# Built once: putting a statement together takes longer than the database takes to answer it.
_PAGE = _OF_CLIENT.limit(sa.bindparam("n")).offset(sa.bindparam("skip"))
_ONE = _OF_CLIENT.where(_request.public_id == sa.bindparam("public_id"))
_LINES = fixed(
    sa.select(_line.request_id, *_LINE.columns)
    .join(ServiceItem.__table__, _item.id == _line.service_item_id)
    .outerjoin(TimeBlock.__table__, _block.id == _line.time_block_id)
    .outerjoin(Job.__table__, _job.request_line_id == _line.id)
    .outerjoin(_job_item, _job_item.c.id == _job.service_item_id)
    .outerjoin(_job_block, _job_block.c.id == _job.time_block_id)
    .outerjoin(Staff.__table__, _staff.id == _job.sitter_id)
    .outerjoin(ReportCard.__table__, _report.job_id == _job.id)
    .where(among(_line.request_id, "request_ids"))
    .order_by(_line.on_date, _line.start_time, _line.id)
)
_MESSAGES = fixed(
    sa.select(_message.request_id, *_MESSAGE.columns)
    .outerjoin(Staff.__table__, _staff.id == _message.staff_id)
    .where(among(_message.request_id, "request_ids"), _message.to_client.is_(True))
    .order_by(_message.id)
)


def page_of(client: Client, *, most: int, skip: int) -> tuple[list[JobRequest], bool]:
    """So many of the client's requests, each with its lines, what became of them, and the words that went to the client;
    and whether there are more."""
    rows = rows_of(_PAGE, {"client_id": client.id, "n": most + 1, "skip": skip})
    return _whole(rows[:most]), len(rows) > most


def one_of(client: Client, request_id: str) -> JobRequest | None:
    """One of them."""
    found = _whole(rows_of(_ONE, {"client_id": client.id, "public_id": request_id}))
    return found[0] if found else None


def _whole(rows: Sequence[sa.Row[Any]]) -> list[JobRequest]:
    requests = _REQUEST.read(rows)
    ids = {"request_ids": [r.id for r in requests]}
    if requests:
        lines = _LINE.by_first(rows_of(_LINES, ids))
        put_beside(requests, "lines", lines)
        put_beside(requests, "messages", _MESSAGE.by_first(rows_of(_MESSAGES, ids)))
        _put_pets([line for own in lines.values() for line in own])
    return requests


def _put_pets(lines: Sequence[JobRequestLine]) -> None:
    """A scheduled line is shown as its visit, with the visit's pets; the others with those that were asked for."""
    jobs = [line.job for line in lines if line.state is LineState.SCHEDULED and line.job is not None]
    booked = {job.id for job in jobs}
    put_pets(jobs, PETS_OF_JOBS)
    put_pets([line for line in lines if line.job is None or line.job.id not in booked], PETS_OF_LINES)
