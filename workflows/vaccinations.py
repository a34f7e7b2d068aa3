"""Vaccinations of pets: what a client or the office enters, the day on which one runs out, and reminders before it.

`Pet.vaccinations_expire_on`, which conflicts and requests look at, is the earliest end among a pet's own rows.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation import clock
from foundation.db import db
from models import Client, ClientStatus, NotificationKind, Pet, PetStatus, StoredFile, Vaccination
from workflows import activity, locks, notifications, outbox, records, settings
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed, Refusals
from workflows.mail_facts import MailKind, VaccinationDue
from workflows.permissions import Permission

NAME_MOST = 120
#: kept at most for one pet: nobody has more, and a form sent in a loop ends somewhere
MOST_OF_A_PET = 60
BATCH = 200


def of_pet(pet: Pet) -> list[Vaccination]:
    """The vaccinations that count, by the day on which they run out; one query."""
    return list(
        db.session.scalars(
            sa.select(Vaccination)
            .where(Vaccination.pet_id == pet.id, Vaccination.ended_at.is_(None))
            .options(joinedload(Vaccination.certificate))
            .order_by(Vaccination.expires_on.is_(None), Vaccination.expires_on, Vaccination.name, Vaccination.id)
        )
    )


def add(pet: Pet, values: Mapping[str, Any], *, actor: Actor, certificate: StoredFile | None = None) -> Vaccination:
    """Enter a vaccination; it takes the place of an older one of the same name. Logged in the client's log.

    `values`: name, given_on, expires_on (the first day on which it has run out). When a client enters it, HOME says so.
    Refused: NotAllowed for anybody but the household and who may edit clients; Invalid without a name, with days that
    cannot be, for a pet that is no longer with us, and beyond 60 for one pet.
    """
    _require_own(pet, actor)
    cleaned = records.tidy(values)
    name, given, ends = str(cleaned.get("name") or ""), cleaned.get("given_on"), cleaned.get("expires_on")
    check(name, given, ends)
    if certificate is not None and certificate.pet_id != pet.id:
        raise Invalid("foreign_file", N_("Choose a file of this pet."), field="certificate")
    locks.lock_client(pet.client_id)
    db.session.refresh(pet)
    if pet.status is not PetStatus.ACTIVE and not actor.may(Permission.CLIENTS):
        raise Invalid("pet_gone", N_("%(name)s is no longer with us."), name=pet.name)
    there = of_pet(pet)
    if len(there) >= MOST_OF_A_PET:
        raise Invalid("too_many", N_("At most %(most)s vaccinations can be kept for one pet."), most=MOST_OF_A_PET)
    for old in there:
        if old.name.casefold() == name.casefold():
            old.ended_at = clock.now()
    row = Vaccination(pet=pet, name=name, given_on=given, expires_on=ends, certificate=certificate)
    db.session.add(row)
    db.session.flush()
    refresh(pet)
    activity.record(
        "vaccination.entered", actor=actor, subject=row, client=pet.client, name=f"{pet.name}: {name}",
        changes={"vaccinations_expire_on": [None, ends]},
    )  # fmt: skip
    if actor.is_client:
        notifications.notify_office(NotificationKind.DATA_CHANGED, client=pet.client, about=[f"{pet.name}: {name}"])
    db.session.flush()
    return row


def end(vaccination: Vaccination, *, actor: Actor) -> None:
    """Take one away: entered by mistake, or no longer of interest. Logged; twice is once."""
    pet = vaccination.pet
    _require_own(pet, actor)
    locks.lock_client(pet.client_id)
    db.session.refresh(pet)
    db.session.refresh(vaccination)
    if vaccination.ended_at is not None:
        return
    vaccination.ended_at = clock.now()
    db.session.flush()
    refresh(pet)
    activity.record(
        "vaccination.ended", actor=actor, subject=vaccination, client=pet.client,
        name=f"{pet.name}: {vaccination.name}",
    )  # fmt: skip
    if actor.is_client:
        notifications.notify_office(
            NotificationKind.DATA_CHANGED, client=pet.client, about=[f"{pet.name}: {vaccination.name}"]
        )
    db.session.flush()


def _require_own(pet: Pet, actor: Actor) -> None:
    if actor.client is not None and actor.client.id == pet.client_id:
        return
    if actor.client is not None:
        raise NotAllowed("not_yours", N_("Choose among your own pets."))
    actor.require(Permission.CLIENTS)


def check(name: str, given: Any, ends: Any) -> None:  # noqa: ANN401 -- what a form holds
    """Refuse with Invalid, all at once: no name, or a long one; days that cannot be, or are in the wrong order."""
    refusals, today, lifetime = Refusals(), clock.today(), dt.timedelta(days=40 * 366)
    with refusals:
        if not name:
            raise Invalid("no_name", N_("Say what the vaccination is for, such as rabies."), field="name")
        if len(name) > NAME_MOST:
            raise Invalid("name_long", N_("Use at most %(most)s characters."), field="name", most=NAME_MOST)
    with refusals:
        if isinstance(given, dt.date) and not today - lifetime <= given <= today:
            raise Invalid("bad_given", N_("Enter a day in the past."), field="given_on")
    with refusals:
        if not isinstance(ends, dt.date):
            raise Invalid("no_end", N_("Enter until when it lasts."), field="expires_on")
        if not today - lifetime <= ends <= today + lifetime:
            raise Invalid("bad_end", N_("Enter until when it lasts."), field="expires_on")
        if isinstance(given, dt.date) and ends <= given:
            raise Invalid(
                "end_first", N_("It must last longer than the day on which it was given."), field="expires_on"
            )
    refusals.say()


def refresh(pet: Pet) -> None:
    """Let the pet know its earliest end; a day that the office typed for a pet without rows is left alone."""
    earliest = db.session.scalar(
        sa.select(sa.func.min(Vaccination.expires_on)).where(
            Vaccination.pet_id == pet.id, Vaccination.ended_at.is_(None)
        )
    )
    if pet.vaccinations_expire_on != earliest:
        pet.vaccinations_expire_on = earliest
        db.session.flush()


# -------------------------------------------------------------------------------------------------------- reminders


def remind() -> int:
    """Tell clients and HOME about vaccinations that run out within the setting's days, and again once they have.

    Each of the two once for a vaccination: the day of the last reminder is kept, and the mails have dedupe keys. Only
    for pets that are with us, of clients that are not archived. How many vaccinations; at most a batch, the rest
    follows with the next call.
    """
    days = settings.read()["vaccinations.remind_days"]
    if days is None:
        return 0
    due = _due(clock.today(), int(days))
    for client_id in sorted({row.pet.client_id for row in due}):
        locks.lock_client(client_id)
    told = 0
    for row in due:
        stage = "over" if row.expires_on is not None and row.expires_on <= clock.today() else "soon"
        claimed = db.session.execute(
            sa.update(Vaccination)
            .where(Vaccination.id == row.id, Vaccination.reminded_on.is_not_distinct_from(row.reminded_on))
            .values(reminded_on=clock.today())
            .execution_options(synchronize_session=False)
        )
        if getattr(claimed, "rowcount", 0) == 1:
            _tell(row, stage)
            told += 1
    db.session.flush()
    return told


def _due(today: dt.date, days: int) -> Sequence[Vaccination]:
    """Those within the days of which nobody was reminded, and those that have run out since the reminder."""
    soon = sa.and_(Vaccination.expires_on <= today + dt.timedelta(days=days), Vaccination.reminded_on.is_(None))
    over = sa.and_(Vaccination.expires_on <= today, Vaccination.reminded_on < Vaccination.expires_on)
    return db.session.scalars(
        sa.select(Vaccination)
        .join(Pet, Vaccination.pet_id == Pet.id)
        .join(Client, Pet.client_id == Client.id)
        .where(
            Vaccination.ended_at.is_(None), sa.or_(soon, over), Pet.status == PetStatus.ACTIVE,
            Client.status != ClientStatus.ARCHIVED,
            # What ran out long before it was entered needs no mail.
            Vaccination.expires_on > today - dt.timedelta(days=365),
        )
        .options(joinedload(Vaccination.pet).joinedload(Pet.client))
        .order_by(Vaccination.expires_on, Vaccination.id)
        .limit(BATCH)
    ).all()  # fmt: skip


def _tell(row: Vaccination, stage: str) -> None:
    pet, client = row.pet, row.pet.client
    ends = row.expires_on.isoformat() if row.expires_on else ""
    facts = VaccinationDue(str(client), client.account_number, pet.name, row.name, ends, stage == "over")
    outbox.queue_client_mail(
        MailKind.VACCINATION_DUE, facts, client=client, dedupe_key=f"vaccination:{row.id}:{stage}:{ends}"
    )
    notifications.notify_office(
        NotificationKind.VACCINATION_DUE, client=client, pet=pet.name, about=[row.name], expires_on=ends
    )
