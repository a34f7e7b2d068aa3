"""Baskets that wait to be sent, and what became of those that were."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

import sqlalchemy as sa
from flask import Flask

from benchmarks import filling
from benchmarks.people import sign_in_clients
from benchmarks.writing import Client as Sender
from foundation import clock
from foundation.db import db
from foundation.types import new_public_id
from models import (
    Counter,
    JobRequest,
    JobRequestLine,
    LineState,
    Notification,
    OutboxMail,
    Pet,
    ServiceItem,
    job_request_line_pet,
)

#: visits in each request
LINES = 10
BATCH = 5_000


def put(app: Flask, n: int) -> list[Sender]:
    """A basket of ten visits for each of `n` clients, written in bulk, and their cookies."""
    first_id = filling.FIRST_WRITER + filling.BASKETS
    ids = list(range(first_id, first_id + n))
    now, first = clock.now(), clock.today() + dt.timedelta(days=3)
    request_id, line_id = (db.session.scalar(sa.select(sa.func.max(t.id))) or 0 for t in (JobRequest, JobRequestLine))
    pets = dict(db.session.execute(sa.select(Pet.client_id, sa.func.min(Pet.id)).group_by(Pet.client_id)).all())
    requests, lines, line_pets = [], [], []
    for client_id in ids:
        request_id += 1
        requests.append({"id": request_id, "public_id": new_public_id(), "client_id": client_id, "created_at": now, "changed_at": now})  # fmt: skip
        for k in range(LINES):
            line_id += 1
            day = first + dt.timedelta(days=k)
            lines.append({
                "id": line_id, "public_id": new_public_id(), "request_id": request_id, "client_id": client_id,
                "service_item_id": 1, "on_date": day, "start_time": dt.time(9, 30), "note": "", "staff_note": "",
                "state": LineState.DRAFT, "leave_unassigned": False, "price": Decimal(24), "auto_submitted": False,
                "fingerprint": f"bench|{day}", "decline_reason": "", "created_at": now, "version": 1,
            })  # fmt: skip
            line_pets.append({"line_id": line_id, "pet_id": pets[client_id]})
    for table, rows in ((JobRequest, requests), (JobRequestLine, lines), (job_request_line_pet, line_pets)):
        waiting = iter(rows)
        while batch := list(islice(waiting, BATCH)):
            db.session.execute(sa.insert(table), batch)
    if db.engine.dialect.name == "postgresql":
        for name, top in (("job_request", request_id), ("job_request_line", line_id)):
            db.session.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {top})"))
    db.session.commit()
    cookies = sign_in_clients(app, ids)
    return [Sender(cookie, r["public_id"]) for cookie, r in zip(cookies, requests, strict=True)]


def forms(app: Flask, n: int) -> list[Sender]:
    """`n` other clients with the form for ten days filled in."""
    last = db.session.scalar(sa.select(sa.func.max(Pet.client_id))) or 0
    ids = list(range(last - n + 1, last + 1))
    item = db.session.get_one(ServiceItem, 1)
    pets = dict(db.session.execute(sa.select(Pet.client_id, sa.func.min(Pet.public_id)).group_by(Pet.client_id)).all())
    first = clock.today() + dt.timedelta(days=3)
    days = [("dates", (first + dt.timedelta(days=k)).isoformat()) for k in range(LINES)]
    return [
        Sender(cookie, "", [("service", item.public_id), (f"time-{item.public_id}", "09:30"), ("pets", pets[client_id]), *days])
        for client_id, cookie in zip(ids, sign_in_clients(app, ids), strict=True)
    ]  # fmt: skip


@dataclass(frozen=True)
class Books:
    """How many there are of what belongs to a sent request."""

    requests: int
    lines: int
    notices: int
    mails: int
    number: int


def books() -> Books:
    """As it stands in the database."""
    db.session.rollback()
    count = lambda *where: db.session.scalar(sa.select(sa.func.count()).where(*where)) or 0  # noqa: E731 -- five times below
    return Books(
        count(JobRequest.submitted_at.is_not(None)),
        count(JobRequestLine.state == LineState.SUBMITTED),
        count(Notification.id > 0),
        count(OutboxMail.dedupe_key.like("request_received:%")),
        db.session.scalar(sa.select(Counter.value).where(Counter.name == "job_request")) or 0,
    )


def missing(before: Books, after: Books, acknowledged: int) -> list[str]:
    """What was acknowledged but is not there, or is there without a word of it; empty when the books are right."""
    wanted = {"requests": 1, "lines": LINES, "notices": 1, "mails": 1, "number": 1}
    found = []
    for what, each in wanted.items():
        grown = getattr(after, what) - getattr(before, what)
        if grown != acknowledged * each:
            found.append(f"{what}: {grown} instead of {acknowledged * each}")
    return found
