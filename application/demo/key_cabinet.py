"""The keys of the demo's clients: most are with the sitter who goes there, some hang at the office, one is lost."""

import datetime as dt

import sqlalchemy as sa

from application.demo.crowd import Known
from application.demo.founding import House
from application.demo.past import at
from foundation import clock
from foundation.db import db
from models import Client, ClientStatus, Job, JobRequestLine, JobState, Key, KeyPlace, LineState, Staff
from workflows import keys
from workflows.actors import staff_actor

#: households of the crowd whose keys are known; of the last ones the sitter still has to fetch it
N_CROWD, N_AT_OFFICE = 18, 2


def hang_up(house: House, known: Known, *, with_crowd: bool) -> None:
    """Hannah's two keys and Leo's, with their history; and those of some of the crowd."""
    now, olivia = clock.now(), staff_actor(house.olivia)
    with at(now - dt.timedelta(days=290)):
        front = keys.add(
            known.hannah, {"name": "Front door", "reference": "31", "description": "Yellow tag. Turn it twice."},
            actor=olivia, place=KeyPlace.STAFF, holder=house.sam,
        )  # fmt: skip
        keys.add(known.hannah, {"name": "Storm door", "reference": "32"}, actor=olivia)
        leos = keys.add(known.leo, {"name": "Front door", "reference": "40"}, actor=olivia)
        keys.move(leos, KeyPlace.STAFF, house.sita, actor=olivia)
    for days, holder, note in ((120, house.sita, "While Sam is on leave"), (106, house.sam, "")):
        with at(now - dt.timedelta(days=days)):
            keys.move(front, KeyPlace.STAFF, holder, actor=olivia, note=note)
    if with_crowd:
        visited = _visited(N_CROWD, known)
        with at(now - dt.timedelta(days=200)):
            found = [_add(client, sitter, house) for client, sitter in visited]
        for key in found[:N_AT_OFFICE]:
            with at(now - dt.timedelta(days=3)):
                keys.move(key, KeyPlace.OFFICE, actor=olivia, note="Came back with the summer's keys")
        if len(found) > N_AT_OFFICE and found[-1].holder is not None:
            with at(now - dt.timedelta(hours=20)):
                keys.report_lost(found[-1], actor=staff_actor(found[-1].holder), note="Not in the car, not in the bag.")


def _visited(most: int, known: Known) -> list[tuple[Client, Staff]]:
    """Households with a sitter of their own who goes there soon, and nothing that waits for an answer."""
    today = clock.today()
    soon = sa.exists().where(
        Job.client_id == Client.id, Job.sitter_id == Client.primary_sitter_id, Job.state == JobState.SCHEDULED,
        Job.on_date.between(today, today + dt.timedelta(days=2)),
    )  # fmt: skip
    waits = sa.exists().where(JobRequestLine.client_id == Client.id, JobRequestLine.state == LineState.SUBMITTED)
    found = db.session.scalars(
        sa.select(Client)
        .where(Client.status == ClientStatus.ACTIVE, soon, ~waits, Client.id.not_in([known.hannah.id, known.leo.id]))
        .order_by(Client.id)
        .limit(most)
    )
    return [(client, client.primary_sitter) for client in found if client.primary_sitter is not None]


def _add(client: Client, sitter: Staff, house: House) -> Key:
    return keys.add(
        client, {"name": "Front door"}, actor=staff_actor(house.olivia), place=KeyPlace.STAFF, holder=sitter
    )  # fmt: skip
