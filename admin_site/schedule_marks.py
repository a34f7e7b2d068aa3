"""What the schedule reads for the visits and rows that it shows: pets, missing keys, addresses, days off."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from admin_site.schedule_rows import Row, Slot
from admin_site.schedule_wish import Wish
from foundation.among import among
from foundation.db import db
from models import Client, Job, Pet, TimeOff, TimeOffState, job_pet, job_request_line_pet
from workflows import homes, key_facts
from workflows.conflicts import AWAY


def add_pets(shown: Iterable[Row], *, with_keys: bool = False) -> None:
    """Give the visits of these rows their pets' names, and mark those without a key; one query for both."""
    add_pets_to([s for row in shown for cell in row.cells.values() for s in cell], with_keys=with_keys)


def add_pets_to(slots: Sequence[Slot], *, with_keys: bool = False) -> None:
    """Give these visits their pets' names, and mark those whose sitter does not hold the client's key; one query."""
    jobs, lines = [*{s.job_id for s in slots if s.job_id}], [*{s.line_id for s in slots if s.line_id}]
    needy = _may_need_keys(slots) if with_keys else []
    of_line = job_request_line_pet.c
    parts: list[Any] = []
    if jobs:
        parts.append(
            sa.select(sa.literal("job"), job_pet.c.job_id, _name_of(job_pet)).where(among(job_pet.c.job_id, jobs))
        )
    if lines:
        parts.append(sa.select(sa.literal("line"), of_line.line_id, _name_of(job_request_line_pet)).where(among(of_line.line_id, lines)))  # fmt: skip
    if needy:
        lacking: Any = key_facts.lacking_among(needy)
        parts.append(lacking.with_only_columns(sa.literal("no key"), Job.id, sa.literal("")))
    if not parts:
        return
    statement: Any = parts[0] if len(parts) == 1 else sa.union_all(*parts)
    found: dict[str, dict[int, list[str]]] = {"job": {}, "line": {}, "no key": {}}
    rows: Any = db.session.connection().execute(statement).all()
    for what, row_id, name in rows:
        found[what].setdefault(row_id, []).append(name)
    of_job, of_line_id, lacking_one = found["job"], found["line"], found["no key"]
    for slot in slots:
        own = of_job.get(slot.job_id) if slot.job_id else of_line_id.get(slot.line_id or 0)
        slot.pets = ", ".join(sorted(own)) if own else ""
        slot.no_key = slot.job_id in lacking_one


def _name_of(table: sa.Table) -> Any:
    """The pet's name, looked up for each row: joined, PostgreSQL reads all pets there are."""
    return sa.select(Pet.name).where(Pet.id == table.c.pet_id).scalar_subquery()


def _may_need_keys(slots: Sequence[Slot]) -> list[int]:
    return [*{s.job_id for s in slots if s.job_id and s.kind in {"scheduled", "live"}}]


def add_keys_to(slots: Sequence[Slot]) -> None:
    """Only mark the visits whose sitter does not hold the client's key; one query."""
    lacking = key_facts.without_key(_may_need_keys(slots))
    for slot in slots:
        slot.no_key = slot.job_id in lacking


def add_keys(shown: Iterable[Row]) -> None:
    """The same for the visits of these rows."""
    add_keys_to([s for row in shown for cell in row.cells.values() for s in cell])


def addresses(shown: Iterable[Row]) -> dict[int, tuple[str, str]]:
    """Where these clients live, and their phone: {client id: (address, phone)}; one query."""
    ids = {s.client_id for row in shown for cell in row.cells.values() for s in cell}
    columns = (Client.address_line1, Client.address_line2, Client.city, Client.region, Client.postcode)
    found = db.session.execute(sa.select(Client.id, Client.phone, *columns).where(Client.id.in_(ids))) if ids else ()
    return {row.id: (homes.in_one_line(row), row.phone or "") for row in found}


def add_time_off(shown: Iterable[Row], wish: Wish) -> None:
    """Mark the days on which these sitters are away, or asked to be; one query."""
    by_id = {row.key: row for row in shown if row.key is not None}
    if not by_id:
        return
    columns = TimeOff.__table__.c
    for staff_id, first, last, state in db.session.execute(
        sa.select(columns.staff_id, columns.first_on, columns.last_on, columns.state).where(
            among(columns.staff_id, by_id), columns.first_on <= wish.last, columns.last_on >= wish.first, AWAY
        )
    ):
        row = by_id[staff_id]
        days = row.away if state is TimeOffState.APPROVED else row.asks_off
        days.update(d for d in wish.days if first <= d <= last)
