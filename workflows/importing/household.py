"""Files of clients' contacts and pets."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import ClientContact, ImportKind, Pet, PetStatus, Species, Vet
from workflows import many_people, people
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WorkflowError
from workflows.importing.kind import (
    CLIENT_FIELDS,
    CLIENT_NAMES,
    Added,
    Clients,
    Field,
    Kind,
    Row,
    client_key,
    lower_in,
)
from workflows.importing.values import choice, date, words, yes_no

OF_CLIENT = (("client_id", "client_account", "client_email", "client_name"),)
_HINT = N_("The client must be here, or be brought in first.")


class ContactKind(Kind):
    """A row is somebody else of a household, or for an emergency."""

    kind = ImportKind.CONTACTS
    model = ClientContact
    one_of = OF_CLIENT
    hint = _HINT
    fields = (
        *CLIENT_FIELDS[:2],
        Field("client_email", N_("Client's mail address"), words(255), "jo@example.com", aliases=("owner email", "customer email")),
        CLIENT_FIELDS[3],
        Field("name", N_("Name"), words(120), "Tom Moore", required=True, aliases=("contact", "contact name", "emergency contact", "full name", "emergency contact name")),
        Field("relation", N_("Relation"), words(120), "Neighbour", aliases=("relationship", "type")),
        Field("email", N_("Mail address"), words(255), "tom@example.com", aliases=("email", "e-mail", "contact email")),
        Field("phone", N_("Phone"), words(60), "212 555 0143", aliases=("mobile", "telephone", "contact phone", "emergency contact phone", "phone number")),
        Field("receives_copies", N_("Gets copies of mails"), yes_no, "no", aliases=("cc",)),
        Field("is_emergency", N_("For emergencies"), yes_no, "yes", aliases=("emergency", "is emergency contact")),
    )  # fmt: skip

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.clients = Clients(source)
        self.known: dict[tuple[int, str], ClientContact] = {}

    def prepare(self, rows: Sequence[Row]) -> None:
        """The clients, and their contacts of these names."""
        self.clients.prepare(rows)
        ids = self.clients.ids()
        if ids:
            for one in db.session.scalars(sa.select(ClientContact).where(ClientContact.client_id.in_(ids))):
                self.known[one.client_id, one.name.casefold()] = one

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The client and the name."""
        return (*client_key(values), values.get("name", ""))

    def find(self, values: Mapping[str, Any]) -> ClientContact | None:
        """By its name with the client."""
        return self.known.get((self.clients.of(values).id, str(values.get("name", "")).casefold()))

    def add_many(self, several: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[Added | WorkflowError]:
        """By the rules of `people`."""
        wanted, refused = self.split(several, lambda v: {"client": self.clients.of(v), **self._wanted(v)})
        return self.joined(len(several), many_people.add_contacts(wanted, actor=actor), refused)

    def save(self, record: ClientContact | None, values: Mapping[str, Any], *, actor: Actor) -> ClientContact:
        """By the rules of `people`."""
        wanted = self._wanted(values)
        if record is None:
            client = self.clients.of(values)
            record = ClientContact(client_id=client.id, receives_copies=False)
            with db.session.no_autoflush:
                return people.save_contact(record, {"client": client, **wanted}, actor=actor)
        return people.save_contact(record, wanted, actor=actor)

    def _wanted(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in values.items() if k not in CLIENT_NAMES}


_SPECIES = {
    "canine": Species.DOG, "puppy": Species.DOG, "dogs": Species.DOG, "feline": Species.CAT, "kitten": Species.CAT, "cats": Species.CAT,
    "bunny": Species.RABBIT, "parrot": Species.BIRD, "chicken": Species.BIRD, "budgie": Species.BIRD, "snake": Species.REPTILE,
    "lizard": Species.REPTILE, "tortoise": Species.REPTILE, "turtle": Species.REPTILE,
}  # fmt: skip
_STATUS = {
    "yes": PetStatus.ACTIVE, "true": PetStatus.ACTIVE, "1": PetStatus.ACTIVE, "no": PetStatus.INACTIVE, "false": PetStatus.INACTIVE,
    "0": PetStatus.INACTIVE, "archived": PetStatus.INACTIVE, "dead": PetStatus.DECEASED, "passed away": PetStatus.DECEASED, "passed": PetStatus.DECEASED,
}  # fmt: skip


class PetKind(Kind):
    """A row is an animal of one client."""

    kind = ImportKind.PETS
    model = Pet
    one_of = OF_CLIENT
    hint = N_("The client must be here, or be brought in first. A vet that is named must be in the list of vets.")
    fields = (
        Field("foreign_id", N_("Number in the old program"), words(200), "501", aliases=("pet id", "petid", "id", "animal id")),
        *CLIENT_FIELDS,
        Field("name", N_("Name"), words(120), "Biscuit", required=True, aliases=("pet", "pet name", "animal", "animal name")),
        Field("species", N_("Kind of animal"), choice(Species, _SPECIES, rest=Species.OTHER), "dog", aliases=("species", "type", "pet type", "animal type", "kind")),
        Field("breed", N_("Breed"), words(120), "Beagle"),
        Field("born_on", N_("Birthday"), date, "2020-05-17", aliases=("date of birth", "dob", "birth date", "birthdate", "born")),
        Field("warning", N_("Warning"), words(255), "", aliases=("alert", "important", "health alert")),
        Field("feeding", N_("Feeding"), words(20000), "", aliases=("feeding instructions", "food", "diet", "feeding notes")),
        Field("medication", N_("Medication"), words(20000), "", aliases=("medications", "medical", "medical notes", "medicine")),
        Field("notes", N_("Notes"), words(20000), "", aliases=("note", "pet notes", "comments", "description")),
        Field("vet", N_("Vet"), words(120), "", N_("The practice's name."), aliases=("vet name", "veterinarian", "practice", "clinic")),
        Field("vaccinations_expire_on", N_("Vaccinations run out on"), date, "", aliases=("vaccination expiry", "vaccinations expire", "vaccination due", "rabies expiration")),
        Field("status", N_("Status"), choice(PetStatus, _STATUS), "active", aliases=("active", "pet status")),
    )  # fmt: skip

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.clients = Clients(source)
        self.known: dict[tuple[int, str], list[Pet]] = {}
        self.vets: dict[str, Vet] = {}

    def prepare(self, rows: Sequence[Row]) -> None:
        """The clients with their pets, and the vets that are named."""
        self.clients.prepare(rows)
        ids = self.clients.ids()
        if ids:
            for one in db.session.scalars(sa.select(Pet).where(Pet.client_id.in_(ids)).order_by(Pet.id)):
                self.known.setdefault((one.client_id, one.name.casefold()), []).append(one)
        names = {r.values["vet"] for r in rows if r.values.get("vet")}
        if names:
            found = db.session.scalars(sa.select(Vet).where(lower_in(Vet.name, names)).order_by(Vet.id.desc()))
            self.vets = {v.name.casefold(): v for v in found}

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The client and the name."""
        return (*client_key(values), values.get("name", ""))

    def find(self, values: Mapping[str, Any]) -> Pet | None:
        """By its name with the client."""
        known = self.known.get((self.clients.of(values).id, str(values.get("name", "")).casefold()), [])
        return known[0] if known else None

    def add_many(self, several: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[Added | WorkflowError]:
        """By the rules of `people`."""
        wanted, refused = self.split(several, lambda v: {"client": self.clients.of(v), **self._wanted(v)})
        return self.joined(len(several), many_people.add_pets(wanted, actor=actor), refused)

    def save(self, record: Pet | None, values: Mapping[str, Any], *, actor: Actor) -> Pet:
        """By the rules of `people`."""
        wanted = self._wanted(values)
        if record is None:
            return people.add_pet({"client": self.clients.of(values), **wanted}, actor=actor)
        people.change_pet(record, {**wanted, "name": wanted.get("name", record.name)}, actor=actor)
        return record

    def _wanted(self, values: Mapping[str, Any]) -> dict[str, Any]:
        wanted = {k: v for k, v in values.items() if k not in {*CLIENT_NAMES, "foreign_id"}}
        if "vet" in wanted:
            wanted["vet"] = self.vets.get(str(wanted["vet"]).casefold())
            if wanted["vet"] is None:
                raise Invalid("unknown_vet", N_("There is no such vet. Bring the vets in first."), field="vet")
        expires = wanted.get("vaccinations_expire_on")
        if isinstance(expires, dt.date) and not 1990 <= expires.year <= 2100:
            raise Invalid("bad_date", N_("This date is out of range."), field="vaccinations_expire_on")
        return wanted
