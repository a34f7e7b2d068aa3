"""The clients of many years with their pets, contacts and log-ins, in bulk; and the two who are known by name."""

import datetime as dt
from dataclasses import dataclass
from random import Random
from typing import Any

import sqlalchemy as sa

from application.demo import bulk, names
from application.demo.founding import PASSWORD, House
from application.demo.terms import FOSTERS
from foundation import clock
from foundation.db import db
from foundation.types import new_public_id
from models import Client, ClientContact, ClientLogin, ClientStatus, Pet, PetStatus, Species
from workflows import access, people
from workflows.actors import COMMAND_LINE

SPECIES = (
    [Species.DOG] * 52 + [Species.CAT] * 36 + [Species.RABBIT] * 3 + [Species.BIRD] * 3 + [Species.FISH] * 2
    + [Species.REPTILE] * 2 + [Species.OTHER] * 2
)  # fmt: skip


@dataclass(frozen=True)
class Animal:
    """A pet that is with its people now."""

    id: int
    species: Species


@dataclass
class Household:
    """What planning a year needs to know of a client."""

    id: int
    name: str
    since: dt.date
    sitter_id: int
    pets: list[Animal]

    def of(self, *species: Species) -> list[Animal]:
        """Its pets of these kinds."""
        return [p for p in self.pets if p.species in species]

    @property
    def small(self) -> list[Animal]:
        """Neither dogs nor cats."""
        return [p for p in self.pets if p.species not in {Species.DOG, Species.CAT}]


@dataclass
class Known:
    """Hannah Okafor and Leo Feld."""

    hannah: Client
    leo: Client
    #: by name
    pets: dict[str, Pet]


def add_known(house: House) -> Known:
    """Hannah with Biscuit, Mochi and Pepper, whom Sam looks after; Leo with Rufus. Both can log in."""
    vet = house.vets[0]
    hannah = people.add_client(
        {
            "first_name": "Hannah", "last_name": "Okafor", "email": "hannah@example.com", "phone": "(413) 555-0170",
            "address_line1": "27 Juniper Street", "address_line2": "Apt 3", "city": "Brookmere", "region": "MA", "postcode": "01091",
            "primary_sitter": house.sam, "notes": "Key number 31, tag is yellow. Flies a lot at short notice.",
        },
        actor=COMMAND_LINE,
    )  # fmt: skip
    leo = people.add_client(
        {
            "first_name": "Leo", "last_name": "Feld", "email": "leo@example.com", "phone": "(413) 555-0171",
            "address_line1": "4 Willow Bend", "city": "Alder Creek", "region": "MA", "postcode": "01093", "primary_sitter": house.sita,
            "notes": "Always home on Fridays.",
        },
        actor=COMMAND_LINE,
    )  # fmt: skip
    pets: tuple[dict[str, Any], ...] = (
        {
            "client": hannah, "name": "Biscuit", "species": Species.DOG, "breed": "Beagle", "born_on": dt.date(2021, 4, 12),
            "warning": "Slips out of open doors: check before you turn the handle.",
            "feeding": "One cup of dry food at 7:30 and 17:30. The bin is in the pantry, scoop inside.",
            "notes": "Harness on the hook, the blue leash is his. Loves the long way round the pond.", "vet": vet,
        },
        {
            "client": hannah, "name": "Mochi", "species": Species.CAT, "breed": "Domestic Shorthair",
            "born_on": dt.date(2013, 9, 2), "warning": "Insulin at 8:00 and 20:00, never without food.",
            "feeding": "Half a can at 8:00 and at 20:00, in the kitchen with the door closed.",
            "medication": "Insulin, 2 units, only after eating. The kit is in the fridge door.", "vet": house.vets[1],
        },
        {
            "client": hannah, "name": "Pepper", "species": Species.CAT, "breed": "Tuxedo", "born_on": dt.date(2019, 6, 20),
            "feeding": "A quarter cup of dry food twice a day, on the windowsill so that Biscuit cannot reach it.",
            "notes": "Hides behind the washing machine; please see with your own eyes that she is there.",
            "vet": house.vets[1],
        },
        {
            "client": leo, "name": "Rufus", "species": Species.DOG, "breed": "Labrador Retriever",
            "born_on": dt.date(2018, 2, 3), "feeding": "No breakfast before the walk, treats from the jar are fine.",
            "medication": "Arthritis chew with the evening meal.", "notes": "Slow on stairs, fast near water.", "vet": vet,
        },
    )  # fmt: skip
    added = {values["name"]: people.add_pet(values, actor=COMMAND_LINE) for values in pets}
    people.save_contact(
        ClientContact(client=hannah),
        {"name": "Chidi Okafor", "relation": "Partner", "email": "chidi@example.com", "receives_copies": True},
        actor=COMMAND_LINE,
    )
    people.save_contact(
        ClientContact(client=leo),
        {"name": "Rosa Feld", "relation": "Sister", "phone": "413-555-0172", "is_emergency": True},
        actor=COMMAND_LINE,
    )
    for client in (hannah, leo):
        db.session.add(ClientLogin(client=client, email=client.email, password_hash=access.hash_password(PASSWORD)))
    db.session.flush()
    return Known(hannah, leo, added)


def household(client: Client, house: House) -> Household:
    """A client of the workflows, as planning wants it."""
    sitter = client.primary_sitter or house.sam
    since = clock.to_local(client.created_at).date()
    return Household(client.id, str(client), since, sitter.id, [Animal(p.id, p.species) for p in client.pets])


def add_crowd(house: House, random: Random, *, n_clients: int, n_active: int, n_pets: int) -> list[Household]:
    """Clients and pets, so many that with the known ones it makes these numbers; the active ones as households."""
    return _Crowd(house, random).make(n_clients - 2, n_active - 2, n_pets - 4)


class _Crowd:
    """The rows of the crowd while they are made up."""

    def __init__(self, house: House, random: Random) -> None:
        self.house, self.random, self.ids = house, random, bulk.Ids()
        self.today, self.now = clock.today(), clock.now()
        self.clients: list[dict[str, Any]] = []
        self.pets: list[dict[str, Any]] = []
        self.contacts: list[dict[str, Any]] = []
        self.logins: list[dict[str, Any]] = []
        self.households: list[Household] = []
        self.password_hash = access.hash_password(PASSWORD)
        self.taken_emails: set[str] = set()
        self.account_numbers = random.sample(range(1_000_000_000, 10_000_000_000), 60_000)

    def make(self, n_clients: int, n_active: int, n_pets: int) -> list[Household]:
        counts = self._pet_counts(n_clients, n_pets)
        standings = self._standings(n_clients, n_active)
        for i in range(n_clients):
            self._client(i, standings[i], counts[i])
        bulk.insert(_table(Client), self.clients)
        bulk.insert(_table(Pet), self.pets)
        bulk.insert(_table(ClientContact), self.contacts)
        bulk.insert(_table(ClientLogin), self.logins)
        self.ids.settle()
        return self.households

    def _pet_counts(self, n_clients: int, n_pets: int) -> list[int]:
        counts = [1] * n_clients
        for _ in range(max(n_pets - n_clients, 0)):
            i = self.random.randrange(n_clients)
            while counts[i] > 4:
                i = self.random.randrange(n_clients)
            counts[i] += 1
        return counts

    def _standings(self, n_clients: int, n_active: int) -> list[ClientStatus]:
        rest = n_clients - n_active
        n_prospects, n_archived = rest // 30, rest // 8
        standings = (
            [ClientStatus.ACTIVE] * n_active
            + [ClientStatus.PROSPECT] * n_prospects
            + [ClientStatus.ARCHIVED] * n_archived
            + [ClientStatus.INACTIVE] * (rest - n_prospects - n_archived)
        )
        self.random.shuffle(standings)
        return standings

    def _client(self, i: int, status: ClientStatus, n_pets: int) -> None:
        random, active = self.random, status is ClientStatus.ACTIVE
        first, last = random.choice(names.FIRST_NAMES), random.choice(names.LAST_NAMES)
        oldest, newest = (60, 2) if status is ClientStatus.PROSPECT else (1900, 20 if active else 400)
        created = self.now - dt.timedelta(days=random.randrange(newest, oldest), minutes=random.randrange(1440))
        city, postcode = random.choice(names.TOWNS)
        sitter = random.choice(self.house.sitters)
        email = None if random.random() < 0.04 else self._email(first, last)
        code, rest = divmod(i, 100)
        client_id = self.ids.next(_table(Client))
        self.clients.append(
            {
                "id": client_id, "public_id": new_public_id(), "account_number": str(self.account_numbers[i]),
                "first_name": first, "last_name": last, "email": email,
                "phone": f"+1{names.AREA_CODES[code % len(names.AREA_CODES)]}55501{rest:02}",
                "address_line1": f"{random.randrange(1, 240)} {random.choice(names.STREETS)}",
                "address_line2": f"Apt {random.randrange(1, 30)}" if random.random() < 0.2 else "",
                "city": city, "region": "MA", "postcode": postcode, "status": status,
                "portal_enabled": status is not ClientStatus.ARCHIVED,
                "primary_sitter_id": sitter.id if active and random.random() < 0.93 else None,
                "client_type_id": self._type(i),
                "notes": random.choice(names.CLIENT_NOTES), "created_at": created,
            }
        )  # fmt: skip
        animals = [self._pet(client_id, created, first=n == 0, active=active) for n in range(n_pets)]
        self._contact(client_id, last)
        if email and random.random() < (0.9 if active else 0.4):
            self._login(client_id, email, created, active=active)
        if active:
            present = [a for a in animals if a is not None]
            self.households.append(Household(client_id, f"{first} {last}", created.date(), sitter.id, present))

    def _type(self, i: int) -> int | None:
        """One in twenty looks after animals of the shelter."""
        return self.house.types[FOSTERS].id if i % 20 == 7 else None

    def _email(self, first: str, last: str) -> str:
        plain, n = f"{first}.{last}".lower(), 1
        while f"{plain}{n if n > 1 else ''}" in self.taken_emails:
            n += 1
        name = f"{plain}{n if n > 1 else ''}"
        self.taken_emails.add(name)
        return f"{name}@example.net"

    def _pet(self, client_id: int, created: dt.datetime, *, first: bool, active: bool) -> Animal | None:
        random = self.random
        species = random.choice(SPECIES)
        gone = not first and random.random() < (0.03 if active else 0.12)
        pet_id = self.ids.next(_table(Pet))
        self.pets.append(
            {
                "id": pet_id, "public_id": new_public_id(), "client_id": client_id,
                "name": random.choice(names.PET_NAMES[species]), "species": species,
                "breed": random.choice(names.BREEDS[species]),
                "born_on": self.today - dt.timedelta(days=random.randrange(120, 5200)) if random.random() < 0.9 else None,
                "warning": random.choice(names.WARNINGS) if random.random() < 0.2 else "",
                "feeding": random.choice(names.FEEDING[species]),
                "medication": random.choice(names.MEDICATION) if random.random() < 0.15 else "",
                "notes": random.choice(names.PET_NOTES),
                "vet_id": random.choice(self.house.vets).id if random.random() < 0.85 else None,
                "status": random.choice((PetStatus.DECEASED, PetStatus.INACTIVE)) if gone else PetStatus.ACTIVE,
                "created_at": created,
            }
        )  # fmt: skip
        return None if gone else Animal(pet_id, species)

    def _contact(self, client_id: int, last_name: str) -> None:
        random = self.random
        if random.random() > 0.35:
            return
        relation, first = random.choice(names.RELATIONS), random.choice(names.FIRST_NAMES)
        copies = relation == "Partner" and random.random() < 0.5
        self.contacts.append(
            {
                "id": self.ids.next(_table(ClientContact)), "client_id": client_id,
                "name": f"{first} {last_name if relation == 'Partner' else random.choice(names.LAST_NAMES)}",
                "relation": relation, "email": self._email(first, last_name) if copies else None,
                "phone": f"+1{random.choice(names.AREA_CODES)}55501{random.randrange(100):02}",
                "receives_copies": copies, "is_emergency": relation != "Partner",
            }
        )  # fmt: skip

    def _login(self, client_id: int, email: str, created: dt.datetime, *, active: bool) -> None:
        days = self.random.randrange(1, 60 if active else 900)
        seen = max(created, self.now - dt.timedelta(days=days, minutes=self.random.randrange(1440)))
        self.logins.append(
            {
                "id": self.ids.next(_table(ClientLogin)), "client_id": client_id, "email": email,
                "password_hash": self.password_hash, "last_login_at": seen if self.random.random() < 0.9 else None,
                "created_at": created,
            }
        )  # fmt: skip


def _table(kind: Any) -> sa.Table:  # noqa: ANN401 -- a mapped class
    table: sa.Table = kind.__table__
    return table
