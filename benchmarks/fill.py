"""A made-up business of a given size, written in bulk: speed is measured over data as large as a real one's."""

import datetime as dt
import itertools
import random
from dataclasses import dataclass

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from foundation.types import new_public_id
from models import (
    Client,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    Pet,
    ServiceItem,
    Staff,
    job_pet,
    job_request_line_pet,
)
from workflows import access, settings
from workflows.actors import COMMAND_LINE

PASSWORD = "measure-me-gently"  # noqa: S105 -- of nobody
BATCH = 20_000


@dataclass(frozen=True)
class Size:
    """How much of everything; the Large tier is 8,000 clients and 900,000 visits over five years."""

    n_staff: int = 60
    n_clients: int = 8_000
    n_pets: int = 14_000
    n_jobs: int = 900_000
    n_days: int = 5 * 365
    n_waiting: int = 500

    def shrunk(self, by: int) -> "Size":
        """A smaller business of the same shape."""
        return Size(max(self.n_staff // by, 6), self.n_clients // by, self.n_pets // by, self.n_jobs // by, self.n_days, self.n_waiting // by)  # fmt: skip


def fill(size: Size) -> None:
    """Fill the empty database; about a minute for the Large tier on SQLite."""
    settings.read()
    dice, now, today = random.Random(7), clock.now(), clock.today()
    access.create_owner("Olivia", "Owner", "owner@example.com", PASSWORD, actor=COMMAND_LINE)
    items = [
        ServiceItem(code=f"S{n}", name=f"Visit {n}", price=10 + n, duration_minutes=30, visible_in_portal=True)
        for n in range(8)
    ]
    db.session.add_all(items)
    db.session.flush()
    item_ids = [i.id for i in items]
    stamp = {"created_at": now, "version": 1}
    _insert(Staff, ({"public_id": new_public_id(), "first_name": f"Sitter{n}", "last_name": "Busy", "email": f"s{n}@example.com", "role": "sitter", "is_sitter": True, "is_active": True, "notes": "", **stamp} for n in range(size.n_staff)))  # fmt: skip
    staff_ids = list(db.session.scalars(sa.select(Staff.id).where(Staff.email.like("s%@example.com"))))
    _insert(Client, ({"public_id": new_public_id(), "account_number": str(1_000_000_000 + n), "first_name": f"First{n % 997}", "last_name": f"Last{n}", "email": f"c{n}@example.com", "phone": None, "address_line1": "", "address_line2": "", "city": "", "postcode": "", "status": "active", "portal_enabled": True, "primary_sitter_id": staff_ids[n % len(staff_ids)], "notes": "", **stamp} for n in range(size.n_clients)))  # fmt: skip
    client_ids = list(db.session.scalars(sa.select(Client.id).order_by(Client.id)))
    _insert(Pet, ({"public_id": new_public_id(), "client_id": client_ids[n % len(client_ids)], "name": f"Pet{n}", "species": "dog", "breed": "", "warning": "", "feeding": "", "medication": "", "notes": "", "status": "active", **stamp} for n in range(size.n_pets)))  # fmt: skip
    firsts = db.session.execute(sa.select(Pet.client_id, sa.func.min(Pet.id)).group_by(Pet.client_id))
    pet_of = {client_id: pet_id for client_id, pet_id in firsts}  # noqa: C416 -- a Result is no mapping
    first_day = today - dt.timedelta(days=size.n_days - 60)

    def job(n: int) -> dict[str, object]:
        day = first_day + dt.timedelta(days=n * size.n_days // size.n_jobs)
        client_id, item = client_ids[dice.randrange(len(client_ids))], dice.randrange(len(item_ids))
        state = JobState.COMPLETED if day < today else JobState.SCHEDULED
        return {
            "public_id": new_public_id(), "client_id": client_id, "service_item_id": item_ids[item], "on_date": day, "ends_on": day,
            "start_time": dt.time(7 + n % 13, 30 * (n % 2)), "duration_minutes": 30, "sitter_id": staff_ids[n % len(staff_ids)], "state": state.value,
            "price": 10 + item, "sitter_pay": 5, "note": "", "staff_note": "", "cancel_reason": "", **stamp,
        }  # fmt: skip

    _insert(Job, (job(n) for n in range(size.n_jobs)))
    rows = db.session.execute(sa.select(Job.id, Job.client_id).execution_options(yield_per=BATCH)).tuples()
    _insert(job_pet, ({"job_id": job_id, "pet_id": pet_of[owner]} for job_id, owner in list(rows) if owner in pet_of))
    _waiting(size, client_ids, item_ids, pet_of, today)
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if db.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
    db.session.execute(sa.text("ANALYZE"))
    db.session.commit()


def _waiting(size: Size, client_ids: list[int], item_ids: list[int], pet_of: dict[int, int], today: dt.date) -> None:
    now = clock.now()
    for n, client_id in enumerate(client_ids[: max(size.n_waiting, 1)]):
        request = JobRequest(client_id=client_id, number=n + 1, submitted_at=now)
        line = JobRequestLine(
            request=request, client_id=client_id, service_item_id=item_ids[0], on_date=today + dt.timedelta(days=3 + n % 20),
            start_time=dt.time(12), state=LineState.SUBMITTED, submitted_at=now, fingerprint=str(n),
        )  # fmt: skip
        db.session.add_all([request, line])
        db.session.flush()
        if client_id in pet_of:
            db.session.execute(sa.insert(job_request_line_pet).values(line_id=line.id, pet_id=pet_of[client_id]))


def _insert(table: object, rows: object) -> None:
    statement = sa.insert(table)  # type: ignore[arg-type]
    iterator = iter(rows)  # type: ignore[call-overload]
    while batch := list(itertools.islice(iterator, BATCH)):
        db.session.execute(statement, batch)
