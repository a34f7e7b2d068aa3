"""What the known people filled in on the usual pages, through the workflow; and a little of the crowd's, in bulk."""

from collections.abc import Sequence
from random import Random
from typing import Any

import sqlalchemy as sa

from application.demo.crowd import Known
from application.demo.founding import House
from foundation.db import db
from models import Client, ClientStatus, CustomField, FieldArea, FieldPage, FieldSection, FieldValue, Pet, PetStatus
from workflows import field_saving
from workflows.actors import COMMAND_LINE, Actor, client_actor
from workflows.field_kinds import Person

Typed = dict[str, Any]

HANNAH: Typed = {
    "Parking": "The spot marked 3 behind the house; the street is for residents only.",
    "Way in": "key",
    "Key place or door code": "Your key is number 31. A spare hangs at Chidi's mother's, 19 Juniper Street.",
    "There is an alarm": "yes",
    "Alarm code": "7304",
    "Using the alarm": "The panel is behind the coats. You have 45 seconds.",
    "Entry notes": "Check for Biscuit before you turn the handle.",
    "What we may do for you": ["mail", "plants"],
    "Plants": "Only the two on the kitchen windowsill, a cup each on Thursdays.",
    "Mail and packages": "On the table in the hall.",
    "Where the sitter sleeps": "The guest room at the end of the hall; fresh sheets are on the chair.",
    "Television and Wi-Fi": "One remote for everything. The network is called juniper.",
    "Wi-Fi password": "three-cats-no-dog",
}
LEO: Typed = {
    "Parking": "In the drive.",
    "Way in": "keypad",
    "Key place or door code": "2580, then the star.",
    "There is an alarm": "no",
    "What we may do for you": ["bins"],
    "Bins": "Tuesday evening, to the left of the gate.",
}
PETS: dict[str, Typed] = {
    "Biscuit": {
        "Colour and marks": "Brown, black and white", "Sex": "male", "Neutered": "yes", "Microchip number": "985 112 004 377 021",
        "Meals": ["morning", "evening"], "Treats are fine": "yes", "Which treats": "The small ones from the jar, four a day",
        "With people": "Loves everybody, jumps up at the door.", "Afraid of": "Fireworks",
        "Lead and harness": "Harness on the hook, the blue leash is his", "Off the lead": "fenced", "Comes back to": "Cheese",
        "Favourite walk": "The long way round the pond.", "Sleeps": "On the landing, on his own blanket",
    },
    "Mochi": {
        "Colour and marks": "Grey tabby", "Sex": "female", "Neutered": "yes", "Meals": ["morning", "evening"],
        "Treats are fine": "no", "Where it is kept": "Fridge door, behind the milk", "How it is given": "While she eats; she does not notice.",
        "Illnesses and operations": "Diabetes since 2022.", "Litter trays": "Two, in the bathroom; scoop once a day.",
        "Goes outside": "no", "Hiding places": "Under the bed in the guest room.",
    },
    "Pepper": {"Sex": "female", "Neutered": "yes", "Goes outside": "no", "Hiding places": "Behind the washing machine."},
    "Rufus": {
        "Sex": "male", "Neutered": "yes", "Colour and marks": "Yellow", "Treats are fine": "yes", "With other animals": "Friendly, a bit rough.",
        "Off the lead": "never", "Favourite walk": "To the water and back.", "Towels and paws": "Blue towel by the back door",
    },
}  # fmt: skip
SITTERS: dict[str, Typed] = {
    "sam": {"In a few words": "Ten years with cats, five with dogs.", "Drives a car": "yes", "Takes care of": ["dog", "cat"]},
    "sita": {"In a few words": "Trained in first aid for pets.", "Languages": "English, Malayalam", "Takes care of": ["dog", "cat", "rabbit"]},
}  # fmt: skip
#: share of the active households in the crowd that filled in a little
SHARE = 0.4


def fill_in(house: House, known: Known) -> None:
    """The known clients, their pets and two sitters."""
    _save(known.hannah, HANNAH, COMMAND_LINE)
    _save(known.leo, LEO, COMMAND_LINE)
    for name, typed in PETS.items():
        _save(known.pets[name], typed, COMMAND_LINE)
    _save(house.sam, SITTERS["sam"], COMMAND_LINE)
    _save(house.sita, SITTERS["sita"], COMMAND_LINE)


def hannah_changes(known: Known) -> None:
    """Lately, in the portal: the office reads it on HOME."""
    parking = {"Parking": "The spot marked 5 behind the house; number 3 is being paved."}
    _save(known.hannah, parking, client_actor(known.hannah))


def _save(owner: Person, typed: Typed, actor: Actor) -> None:
    fields = _fields(FieldArea(owner.__tablename__))
    field_saving.save(owner, {fields[label].public_id: value for label, value in typed.items()}, actor=actor)


def _fields(area: FieldArea) -> dict[str, CustomField]:
    rows = sa.select(CustomField).join(CustomField.section).join(FieldSection.page).where(FieldPage.area == area)
    return {f.label: f for f in db.session.scalars(rows) if not f.column}


def fill_in_crowd(known: Known) -> None:
    """Plain answers of some of the crowd, so that the lists have something to sort and filter."""
    random = Random(len(HANNAH))  # its own dice: the rest of the story stays as it was
    clients = _ids(sa.select(Client.id).where(Client.status == ClientStatus.ACTIVE), [known.hannah.id, known.leo.id], Client.id)  # fmt: skip
    pets = _ids(sa.select(Pet.id).where(Pet.status == PetStatus.ACTIVE), [p.id for p in known.pets.values()], Pet.id)
    home, animal = _fields(FieldArea.CLIENT), _fields(FieldArea.PET)
    rows: list[dict[str, Any]] = []
    for client in clients:
        if random.random() < SHARE:
            rows.append({"field_id": home["Way in"].id, "client_id": client, "text": random.choice(("key", "key", "safe", "keypad"))})  # fmt: skip
            rows.append({"field_id": home["There is an alarm"].id, "client_id": client, "yes": random.random() < 0.3})
    for pet in pets:
        if random.random() < SHARE:
            rows.append({"field_id": animal["Sex"].id, "pet_id": pet, "text": random.choice(("female", "male"))})
            rows.append({"field_id": animal["Neutered"].id, "pet_id": pet, "yes": random.random() < 0.8})
    columns = ("client_id", "pet_id", "text", "yes")
    if rows:
        db.session.execute(sa.insert(FieldValue), [{**dict.fromkeys(columns), **row} for row in rows])


def _ids(rows: Any, without: Sequence[int], key: Any) -> list[int]:  # noqa: ANN401 -- a statement and its key
    return list(db.session.scalars(rows.where(key.not_in(list(without))).order_by(key)))
