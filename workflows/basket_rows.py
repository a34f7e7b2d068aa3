"""The basket as it is read by the page that shows it and by Send, without entities, and whether it is still so."""

import sqlalchemy as sa

from foundation.db import rows_of
from foundation.twins import Twin, lend, put_beside
from models import (
    Client,
    JobRequest,
    JobRequestLine,
    Pet,
    ServiceGroup,
    ServiceItem,
    TimeBlock,
    job_request_line_pet,
)


def read(client: Client) -> JobRequest | None:
    """The same as twins, which cannot be changed: for the page that shows the basket, and for Send. Two queries."""
    rows = rows_of(_READ, {"client_id": client.id})
    if not rows:
        return None
    basket, width = _HEAD.read(rows[:1])[0], len(_HEAD.columns)
    lines = [line for line in _LINE.read(row[width:] for row in rows) if line is not None]
    put_beside(lines, "pets", _PET.by_first(rows_of(_READ_PETS, {"client_id": client.id})) if lines else {})
    put_beside([basket], "lines", {basket.id: lines})
    lend([basket, *lines], "client", client)
    return basket


def is_as_read(basket: JobRequest) -> bool:
    """Under the client's lock: is the basket, which was read before, with its lines as it was then? One short query.

    Whatever changes a line moves its version on; what is read before the lock keeps nobody waiting.
    """
    found = [tuple(row) for row in rows_of(_MARKS, {"client_id": basket.client_id})]
    head = (basket.id, basket.adds_to_id, basket.changed_at)
    marks = {(*head, line.id, line.version) for line in basket.lines}
    return marks == set(found) if marks else found == [(*head, None, None)]


_request, _line, _older = JobRequest.__table__, JobRequestLine.__table__, JobRequest.__table__.alias()
_OF_BASKET = _request.outerjoin(_line, _line.c.request_id == _request.c.id)
_IS_BASKET = sa.and_(_request.c.client_id == sa.bindparam("client_id"), _request.c.submitted_at.is_(None))
_MARKS = (
    sa.select(_request.c.id, _request.c.adds_to_id, _request.c.changed_at, _line.c.id, _line.c.version)
    .select_from(_OF_BASKET)
    .where(_IS_BASKET)
)  # fmt: skip
#: what a basket's lines are shown, checked and priced by
_HEAD = Twin(
    JobRequest, "public_id", "client_id", "adds_to_id", "changed_at", "submitted_at",
    adds_to=Twin(JobRequest, "public_id", "client_id", "number", table=_older),
)  # fmt: skip
_LIMIT = ("request_limit_kind", "request_limit_number", "request_limit_time")
_GROUP = Twin(ServiceGroup, "name", *_LIMIT)
_ITEM = Twin(
    ServiceItem, "name", "group_id", "price", "extra_pet_price", "pay_kind", "pay_amount", "pay_percent", "duration_minutes",
    "time_type", "is_active", "visible_in_portal", *_LIMIT, group=_GROUP,
)  # fmt: skip
_BLOCK = Twin(TimeBlock, "name", "starts_at", "ends_at")
_LINE = Twin(
    JobRequestLine, "public_id", "request_id", "client_id", "service_item_id", "time_block_id", "on_date", "start_time", "ends_on",
    "end_time", "note", "state", "price", "blocked_code", "version", service_item=_ITEM, time_block=_BLOCK,
)  # fmt: skip
_PET = Twin(Pet, "public_id", "name", "species", "vaccinations_expire_on")
_READ = (
    sa.select(*_HEAD.columns, *_LINE.columns)
    .select_from(
        _OF_BASKET.outerjoin(_older, _older.c.id == _request.c.adds_to_id)
        .outerjoin(_ITEM.table, _ITEM.c.id == _line.c.service_item_id)
        .outerjoin(_GROUP.table, _GROUP.c.id == _ITEM.c.group_id)
        .outerjoin(_BLOCK.table, _BLOCK.c.id == _line.c.time_block_id)
    )
    .where(_IS_BASKET)
    .order_by(_line.c.on_date, _line.c.start_time, _line.c.id)
)
_READ_PETS = (
    sa.select(job_request_line_pet.c.line_id, *_PET.columns)
    .select_from(
        _request.join(_line, _line.c.request_id == _request.c.id)
        .join(job_request_line_pet, job_request_line_pet.c.line_id == _line.c.id)
        .join(_PET.table, _PET.c.id == job_request_line_pet.c.pet_id)
    )
    .where(_IS_BASKET)
    .order_by(_PET.c.name)
)
