"""What a client asked about visits and waits for, as the portal shows it: read as twins, as nothing of it is changed here.

Whoever decides or withdraws takes the entities, from `change_requests`.
"""

import sqlalchemy as sa

from foundation.among import among
from foundation.db import rows_of
from foundation.fixed import fixed
from foundation.twins import Twin, lend, put_beside
from models import (
    CancellationReason,
    ChangeItem,
    ChangeRequest,
    Client,
    Job,
    Pet,
    Repeat,
    ServiceItem,
    TimeBlock,
    change_item_pet,
)

# The service and the block of the visit, those that are wanted instead, and the service of the series.
_new_item, _series_item = ServiceItem.__table__.alias(), ServiceItem.__table__.alias()
_new_block = TimeBlock.__table__.alias()
_ITEM = Twin(
    ChangeItem, "public_id", "job_id", "repeat_id", "state", "old", "new_on_date", "new_ends_on", "new_start_time",
    "new_end_time", "new_note", "first_on", "last_on", "price_before", "price_after", "fee",
    job=Twin(
        Job, "public_id", "on_date", "ends_on", "start_time", "end_time", "duration_minutes", "service_item_id",
        service_item=Twin(ServiceItem, "name", "time_type"), time_block=Twin(TimeBlock, "name", "starts_at", "ends_at"),
    ),
    new_service_item=Twin(ServiceItem, "name", "duration_minutes", "time_type", table=_new_item),
    new_time_block=Twin(TimeBlock, "name", "starts_at", "ends_at", table=_new_block),
    repeat=Twin(Repeat, service_item=Twin(ServiceItem, "name", table=_series_item)),
)  # fmt: skip
_REQUEST = Twin(
    ChangeRequest, "public_id", "kind", "body", "created_at", "snapshot",
    reason=Twin(CancellationReason, "name"), item=_ITEM,
)  # fmt: skip
_PET = Twin(Pet, "name")

_request, _item, _job, _repeat = (m.__table__.c for m in (ChangeRequest, ChangeItem, Job, Repeat))
_service, _block, _reason, _pet = (m.__table__.c for m in (ServiceItem, TimeBlock, CancellationReason, Pet))
_OPEN = fixed(
    sa.select(*_REQUEST.columns)
    .outerjoin(CancellationReason.__table__, _reason.id == _request.reason_id)
    .outerjoin(ChangeItem.__table__, _item.request_id == _request.id)
    .outerjoin(Job.__table__, _job.id == _item.job_id)
    .outerjoin(ServiceItem.__table__, _service.id == _job.service_item_id)
    .outerjoin(TimeBlock.__table__, _block.id == _job.time_block_id)
    .outerjoin(_new_item, _new_item.c.id == _item.new_service_item_id)
    .outerjoin(_new_block, _new_block.c.id == _item.new_time_block_id)
    .outerjoin(Repeat.__table__, _repeat.id == _item.repeat_id)
    .outerjoin(_series_item, _series_item.c.id == _repeat.service_item_id)
    .where(_request.client_id == sa.bindparam("client_id", type_=sa.Integer), _request.is_open)
    .order_by(_request.id, _item.id)
)
_NEW_PETS = (
    sa.select(change_item_pet.c.item_id, *_PET.columns)
    .join(Pet.__table__, _pet.id == change_item_pet.c.pet_id)
    .where(among(change_item_pet.c.item_id, "item_ids"))
    .order_by(_pet.name)
)


def open_of(client: Client) -> list[ChangeRequest]:
    """This client's requests and messages that wait, oldest first, with what is shown of them.

    One query, and a second where a change is wanted: only that has pets of its own.
    """
    requests: dict[int, ChangeRequest] = {}
    items: dict[int, list[ChangeItem]] = {}
    for row in _REQUEST.read(rows_of(_OPEN, {"client_id": client.id})):
        request, item = requests.setdefault(row.id, row), row.__dict__["item"]
        if item is not None:
            lend([item], "request", request)
            items.setdefault(request.id, []).append(item)
    put_beside(requests.values(), "items", items)
    every = [item for own in items.values() for item in own]
    changes = [item.id for item in every if item.new_service_item is not None]
    pets = _PET.by_first(rows_of(_NEW_PETS, {"item_ids": changes})) if changes else {}
    put_beside(every, "new_pets", pets)
    return list(requests.values())
