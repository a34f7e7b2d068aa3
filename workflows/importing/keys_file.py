"""Files of clients' keys."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import ImportKind, Key, KeyPlace, Staff
from workflows import keys, many_keys
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WorkflowError
from workflows.importing.kind import CLIENT_FIELDS, Added, Clients, Field, Kind, Row, client_key
from workflows.importing.values import words
from workflows.permissions import Permission


class KeyKind(Kind):
    """A row is one key of a client's home."""

    kind = ImportKind.KEYS
    permission = Permission.KEYS
    model = Key
    one_of = (("client_id", "client_account", "client_email", "client_name"),)
    goes_along = frozenset({"key_move"})
    hint = N_("A key without a holder lies in the office.")
    fields = (
        *CLIENT_FIELDS,
        Field("name", N_("Which key"), words(120), "Front door", N_("Front door, if the file does not say."), aliases=("key name", "description", "key", "type")),
        Field("reference", N_("Code on the tag"), words(40), "K-17", required=True, aliases=("reference", "key number", "key code", "tag", "key tag", "key id", "key ref")),
        Field("description", N_("Note"), words(255), "", aliases=("notes", "note", "comments")),
        Field("holder", N_("Who has it"), words(240), "", N_("Name or mail address of one of the team."), aliases=("held by", "holder", "location", "staff", "with")),
    )  # fmt: skip

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.clients = Clients(source)
        self.known: dict[str, Key] = {}
        self.team: dict[str, Staff] = {}

    def prepare(self, rows: Sequence[Row]) -> None:
        """The clients, the keys with these codes, the team."""
        self.clients.prepare(rows)
        codes = {_code(r.values["reference"]) for r in rows if r.values.get("reference")}
        found = sa.select(Key).where(Key.reference.in_(sorted(codes)), Key.retired_at.is_(None))
        self.known = {k.reference: k for k in db.session.scalars(found)}
        for person in db.session.scalars(sa.select(Staff).where(Staff.is_active).order_by(Staff.id.desc())):
            self.team.update({str(person).casefold(): person, (person.email or "-").casefold(): person})

    def key(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """The code, and whose it is."""
        return (*client_key(values), _code(values.get("reference", "")))

    def about(self, values: Mapping[str, Any]) -> str:
        """The code on the tag."""
        return str(values.get("reference", ""))

    def find(self, values: Mapping[str, Any]) -> Key | None:
        """By its code; it must be the same client's."""
        found = self.known.get(_code(values.get("reference", "")))
        if found is not None and found.client_id != self.clients.of(values).id:
            raise Invalid("reference_taken", N_("Another client's key has this code."), field="reference")
        return found

    def add_many(self, several: Sequence[Mapping[str, Any]], *, actor: Actor) -> list[Added | WorkflowError]:
        """By the rules of `keys`."""
        wanted, refused = self.split(several, self._new)
        return self.joined(len(several), many_keys.add_keys(wanted, actor=actor), refused)

    def save(self, record: Key | None, values: Mapping[str, Any], *, actor: Actor) -> Key:
        """By the rules of `keys`. Of a key that is here, name and note change; who has it is not touched."""
        if record is not None:
            if keys.changes(record, _facts(values)):
                keys.edit(record, _facts(values), actor=actor)
            return record
        new = self._new(values)
        return keys.add(new.client, new.values, actor=actor, place=new.place, holder=new.holder)

    def _new(self, values: Mapping[str, Any]) -> many_keys.NewKey:
        holder = None
        if values.get("holder") and str(values["holder"]).casefold() != "office":
            holder = self.team.get(str(values["holder"]).casefold())
            if holder is None:
                raise Invalid("unknown_sitter", N_("Nobody of the team is called so."), field="holder")
        client = self.clients.of(values)
        place = KeyPlace.STAFF if holder is not None else KeyPlace.OFFICE
        return many_keys.NewKey(client, {"name": "Front door", **_facts(values)}, place, holder)

    def remove(self, record: Key, *, actor: Actor) -> None:
        """With the first line of its history; one that has gone anywhere stays."""
        keys.remove(record, actor=actor)


def _facts(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if k in {"name", "reference", "description"}}


def _code(text: Any) -> str:  # noqa: ANN401 -- a cell
    return " ".join(str(text).upper().split())
