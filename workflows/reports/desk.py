"""Keys and vaccinations: what is where, what is missing, what runs out."""

import datetime as dt

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Client, Job, Key, KeyPlace, Pet, PetStatus, Staff, Vaccination
from workflows import settings
from workflows.errors import N_
from workflows.key_facts import is_lacking
from workflows.reports import grouping
from workflows.reports.shapes import Column, Picture, Report, Row, Said, Unit, Wish, largest_first, report

HAS_RUN_OUT, RUNS_OUT = Said(N_("Has run out")), Said(N_("Runs out"))


def keys(_wish: Wish) -> Report:
    """Where the keys in use are today: at the office, with whom of the team, given back, lost. One query."""
    columns = (
        Column(N_("Where")),
        Column(N_("Keys"), Unit.COUNT, is_card=True),
        Column(N_("Clients"), Unit.COUNT),
    )
    name = (Staff.id, Staff.first_name, Staff.last_name)
    found = db.session.execute(
        sa.select(Key.place, *name, sa.func.count(), sa.func.count(sa.distinct(Key.client_id)))
        .outerjoin(Staff, Staff.id == Key.holder_id)
        .where(Key.retired_at.is_(None))
        .group_by(Key.place, *name)
    )
    rows = []
    for place, staff_id, first, last, n, n_clients in found:
        where = grouping.person(first, last) if place is KeyPlace.STAFF else place
        rows.append(Row((place.value, staff_id), (where, n, n_clients), ("keys", (place.value, staff_id))))
    return report(columns, largest_first(rows))


def keys_missing(_wish: Wish) -> Report:
    """Visits of the days that `keys.days` looks ahead whose sitter does not hold the key, by sitter and client. One query."""
    columns = (
        Column(N_("Sitter")),
        Column(N_("Visits"), Unit.COUNT, is_card=True),
        Column(N_("Client")),
        Column(N_("First"), Unit.DAY),
    )
    today = clock.today()
    last = today + dt.timedelta(days=settings.read()["keys.days"] - 1)
    name = (Staff.id, Staff.first_name, Staff.last_name, Client.id, Client.first_name, Client.last_name)
    found = db.session.execute(
        sa.select(*name, sa.func.count(), sa.func.min(Job.on_date))
        .select_from(Job)
        .outerjoin(Client, Client.id == Job.client_id)  # both are there: see `is_lacking`
        .outerjoin(Staff, Staff.id == Job.sitter_id)
        .where(Job.on_date <= last, Job.ends_on >= today, is_lacking())
        .group_by(*name)
        .order_by(sa.func.min(Job.on_date), Staff.id, Client.id)
    )
    rows = [
        Row((sitter, client), (grouping.person(first, surname), n, grouping.person(*of), max(day, today)), ("client_keys", client))
        for sitter, first, surname, client, *of, n, day in found
    ]  # fmt: skip
    return report(columns, rows, picture=Picture.NONE)


def vaccinations(wish: Wish) -> Report:
    """Vaccinations of pets that are with us, not replaced, that have run out or do so within these days. One query."""
    columns = (
        Column(N_("Pet")),
        Column(N_("Against")),
        Column(N_("Lasts until"), Unit.DAY),
        Column(N_("State")),
        Column(N_("Client")),
    )
    today = clock.today()
    found = db.session.execute(
        sa.select(
            Vaccination.id, Pet.id, Pet.name, Vaccination.name, Vaccination.expires_on, Client.first_name, Client.last_name
        )
        .join(Pet, Pet.id == Vaccination.pet_id)
        .join(Client, Client.id == Pet.client_id)
        .where(
            Vaccination.ended_at.is_(None), Pet.status == PetStatus.ACTIVE,
            Vaccination.expires_on <= today + dt.timedelta(days=wish.days),
        )
        .order_by(Vaccination.expires_on, Vaccination.id)
    )  # fmt: skip
    rows = [
        Row(row_id, (pet, name, day, HAS_RUN_OUT if day is not None and day <= today else RUNS_OUT, grouping.person(first, last)), ("pet", pet_id))
        for row_id, pet_id, pet, name, day, first, last in found
    ]  # fmt: skip
    return report(columns, rows, main=0, picture=Picture.NONE)
