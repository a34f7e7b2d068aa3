"""Made-up clients, pets, visits and a sitter beside a real business, to try things with; `demo_removal` takes them out.

Real records are not touched: they have a service and a sitter of their own, nobody can log in as them, and
`demo_marks` says what is refused to them.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import Base, begin_writing, db
from models import Client, ClientContact, DemoRecord, ServiceItem, Species, Staff, StaffRole
from workflows import activity, first_steps, jobs, locks, people
from workflows.actors import Actor
from workflows.conflicts import ConflictsFound
from workflows.errors import N_, WrongState
from workflows.permissions import Permission
from workflows.wanted import Wanted

#: days with visits, from today on
DAYS = 14
#: what their visits are called
SERVICE = "Demo visit"
_LAST = "Demo"
#: first name, town, the notes, and pets: (name, species, breed, feeding, warning)
_HOUSEHOLDS: tuple[tuple[str, str, str, tuple[tuple[str, Species, str, str, str], ...]], ...] = (
    ("Hannah", "27 Juniper Street", "Flies a lot at short notice.", (
        ("Biscuit", Species.DOG, "Beagle", "One cup of dry food at 7:30 and 17:30.", "Slips out of open doors."),
        ("Mochi", Species.CAT, "Domestic Shorthair", "Half a can at 8:00 and at 20:00.", ""),
    )),
    ("Leo", "4 Willow Bend", "Always home on Fridays.", (
        ("Rufus", Species.DOG, "Labrador Retriever", "Treats from the jar are fine.", ""),
    )),
    ("Mia", "12 Harbour Lane", "The bell does not work: knock.", (
        ("Pepper", Species.CAT, "Tuxedo", "A quarter cup twice a day.", "Hides behind the washing machine."),
    )),
)  # fmt: skip


def is_there() -> bool:
    """Are there made-up records beside the real ones?"""
    return db.session.scalar(sa.select(DemoRecord.id).where(DemoRecord.is_beside).limit(1)) is not None


def add(*, actor: Actor) -> int:
    """Add the made-up people, their pets and two weeks of visits, all marked as such; how many visits. Logged.

    In order: a service that clients cannot ask for, a sitter without a log-in, three clients with pets and a contact,
    visits from today on where the calendar is free. No mail is queued, and no number of any series is used. Refused:
    without the permission to erase clients, which removing takes too (NotAllowed); while demo records are there (WrongState).
    """
    actor.require(Permission.ERASE)
    owners = sa.select(Staff.id).where(Staff.role == StaffRole.OWNER, Staff.is_active)
    begin_writing()
    locks.lock_sitters(db.session.scalars(owners))  # two who press at once take turns
    if db.session.scalar(sa.select(DemoRecord.id).limit(1)) is not None:
        raise WrongState("demo_there", N_("There is demo data already. Remove it first."))
    with _marked():
        item = first_steps.add_service(
            SERVICE, minutes=30, price=Decimal(20), in_portal=False, i_do_visits=False, actor=actor
        )
        sitter = people.add_staff(
            {"first_name": "Dana", "last_name": _LAST, "email": "dana.demo@example.com", "role": StaffRole.SITTER, "is_sitter": True},
            actor=actor,
        )  # fmt: skip
        clients = [_household(*one, sitter=sitter, actor=actor) for one in _HOUSEHOLDS]
        db.session.flush()
        n_visits = sum(_visits(client, item, sitter, n, actor=actor) for n, client in enumerate(clients))
    activity.record("demo.added", actor=actor, n_records=len(clients))
    db.session.flush()
    return n_visits


def _household(first: str, street: str, notes: str, pets: Any, *, sitter: Staff, actor: Actor) -> Client:  # noqa: ANN401 -- as in `_HOUSEHOLDS`
    client = people.add_client(
        {
            "first_name": first, "last_name": _LAST, "email": f"{first.casefold()}.demo@example.com", "address_line1": street,
            "notes": notes, "primary_sitter": sitter,
        },
        actor=actor,
    )  # fmt: skip
    for name, species, breed, feeding, warning in pets:
        values = {
            "client": client,
            "name": name,
            "species": species,
            "breed": breed,
            "feeding": feeding,
            "warning": warning,
        }
        people.add_pet(values, actor=actor)
    friend = {"name": f"Chris {_LAST}", "relation": "Friend", "email": "chris.demo@example.com", "is_emergency": True}
    people.save_contact(ClientContact(client=client), friend, actor=actor)
    return client


def _visits(client: Client, item: ServiceItem, sitter: Staff, place: int, *, actor: Actor) -> int:
    """Every second day, each household at an hour of its own; days that clash with anything are left out."""
    db.session.refresh(client, ["pets"])
    made = 0
    for day in range(place % 2, DAYS, 2):
        wanted = Wanted(
            item, [clock.today() + dt.timedelta(days=day)], start_time=dt.time(9 + 3 * place), pets=client.pets
        )
        try:
            with db.session.begin_nested():
                booked = jobs.book(client, wanted, sitter=sitter, actor=actor, mail_client=False, tell_sitter=False)
        except ConflictsFound:
            continue
        for job in booked:
            job.billed_elsewhere = True
        made += len(booked)
    return made


@contextmanager
def _marked() -> Iterator[None]:
    """Every row that this session adds inside is noted as made up; what others write at the same time is not."""
    session = db.session()
    seen: set[tuple[str, int]] = set()

    def note(_session: Any, row: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's event
        if "id" in row.__table__.c:
            seen.add((row.__tablename__, row.id))

    sa.event.listen(session, "pending_to_persistent", note)
    try:
        yield
        db.session.flush()
    finally:
        sa.event.remove(session, "pending_to_persistent", note)
    marks = [{"table_name": name, "row_id": row_id, "is_beside": True} for name, row_id in sorted(_there(seen))]
    db.session.execute(sa.insert(DemoRecord), marks)


def _there(seen: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """Those of these rows that are there: a day that was left out took its rows back, and somebody else may get their ids."""
    found = set()
    for name in {name for name, _row_id in seen}:
        table = Base.metadata.tables[name]
        ids = [row_id for of, row_id in seen if of == name]
        found |= {(name, i) for i in db.session.scalars(sa.select(table.c.id).where(table.c.id.in_(ids)))}
    return found
