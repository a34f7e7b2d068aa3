"""What is compared when two records of a kind become one, which of two values counts, and how it is saved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from foundation.db import Base, db
from models import Client, ClientStatus, CustomField, FieldArea, FieldValue, Pet, PetStatus, Vet
from workflows import field_kinds, field_values, people
from workflows.actors import Actor
from workflows.field_news import Change, in_words
from workflows.field_values import Values
from workflows.merging.journal import Journal

#: whose value counts
STAYS, GOES, BOTH = "stays", "goes", "both"
CHOICES = (STAYS, GOES, BOTH)
#: texts of which both can be kept
JOINABLE = frozenset({"notes", "feeding", "medication", "warning"})
#: as long as a warning may be
MOST_LINE = 255
#: two columns that are one thing
_PLACE = {"latitude": ("latitude", "longitude")}


@dataclass(frozen=True)
class Kind:
    """A table whose records can be merged."""

    model: type[Any]
    fields: Sequence[str]
    change: Callable[[Any, Mapping[str, Any], Actor], object]
    #: what becomes of the one that goes
    away: Mapping[str, Any]
    area: FieldArea | None = None

    @property
    def name(self) -> str:
        """Its table."""
        table: str = self.model.__tablename__
        return table


KINDS: dict[str, Kind] = {
    "client": Kind(
        Client,
        ("first_name", "last_name", "email", "phone", "address_line1", "address_line2", "city", "region", "postcode", "latitude",
         "key_not_needed", "status", "portal_enabled", "primary_sitter", "client_type", "payment_terms", "tax_rate",
         "tax_number", "is_tax_exempt", "pays_online", "notes"),
        lambda record, values, actor: people.change_client(record, values, actor=actor),
        {"status": ClientStatus.ARCHIVED, "portal_enabled": False},
        FieldArea.CLIENT,
    ),
    "pet": Kind(
        Pet,
        ("name", "species", "breed", "born_on", "status", "left_on", "warning", "feeding", "medication", "notes", "vet"),
        lambda record, values, actor: people.change_pet(record, values, actor=actor),
        {"status": PetStatus.INACTIVE},
        FieldArea.PET,
    ),
    "vet": Kind(
        Vet,
        ("name", "phone", "email", "address", "is_active", "notes"),
        lambda record, values, actor: people.save_vet(record, values, actor=actor),
        {"is_active": False},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One field of the two records, and whose value is suggested."""

    key: str
    stays: Any
    goes: Any
    suggested: str
    #: a field of the office's own, whose values are words already
    own: CustomField | None = None
    both: bool = False

    @property
    def differs(self) -> bool:
        """Is there anything to choose?"""
        return bool(self.stays != self.goes)


@dataclass(frozen=True)
class Compared:
    """Two records side by side."""

    stays: Any
    goes: Any
    lines: Sequence[Line] = field(default_factory=list)


def compare(kind: Kind, stays: Base, goes: Base) -> Compared:
    """The fields of both, those of the office's own among them, secrets masked. A few queries."""
    lines = []
    for name in kind.fields:
        mine, theirs = _of(stays, name), _of(goes, name)
        can_join = name in JOINABLE and bool(mine and theirs) and mine != theirs
        lines.append(Line(name, mine, theirs, _suggested(mine, theirs, can_join=can_join), both=can_join))
    lines += own_lines(kind, stays, goes)
    return Compared(stays, goes, lines)


def own_lines(kind: Kind, stays: Any, goes: Any) -> list[Line]:  # noqa: ANN401 -- clients or pets
    """The lines of the office's own fields that one of the two has filled in."""
    if kind.area is None:
        return []
    values = field_values.read_many([stays, goes])
    mine, theirs = values[stays.id], values[goes.id]
    ids = {*mine.held, *theirs.held}
    found = db.session.scalars(sa.select(CustomField).where(CustomField.id.in_(ids)).order_by(CustomField.id))
    lines = []
    for one in found:
        words = _words(mine, one), _words(theirs, one)
        # Two secrets look alike behind their mask.
        same = mine.of(one) == theirs.of(one)
        shown = words if same or words[0] != words[1] else (words[0], f"{words[1]} ")
        lines.append(Line(f"field-{one.public_id}", *shown, _suggested(*words, can_join=False), own=one))
    return lines


def _words(values: Values, one: CustomField) -> str:
    return field_kinds.shown(one, values.of(one))


def _of(record: Base, name: str) -> Any:  # noqa: ANN401 -- whatever a column holds
    """The value; a place on the map is two."""
    if name in _PLACE:
        values = tuple(getattr(record, n) for n in _PLACE[name])
        return values if any(v is not None for v in values) else None
    return getattr(record, name)


def _suggested(mine: Any, theirs: Any, *, can_join: bool) -> str:  # noqa: ANN401 -- as above
    if can_join:
        return BOTH
    return GOES if mine in {None, ""} and theirs not in {None, ""} else STAYS


def chosen(compared: Compared, choices: Mapping[str, str]) -> dict[str, Any]:
    """The values that the record shall have, by column; a line that nobody chose for is as suggested."""
    values: dict[str, Any] = {}
    for line in compared.lines:
        if line.own is not None:
            continue
        choice = choices.get(line.key, line.suggested)
        value = line.goes if choice == GOES else line.stays
        if choice == BOTH and line.both:
            joint = ". " if line.key == "warning" else "\n\n"
            value = f"{line.stays}{joint}{line.goes}"
            value = value[:MOST_LINE] if line.key == "warning" else value
        if line.key in _PLACE:
            values.update(zip(_PLACE[line.key], value or (None, None), strict=True))
        else:
            values[line.key] = value
    return values


def keep_own(kind: Kind, compared: Compared, choices: Mapping[str, str], journal: Journal) -> dict[str, Any]:
    """Drop the rows of the office's own fields that do not count; says what changed, in words for the log.

    What is left of the record that goes moves along with everything else.
    """
    lines = [line for line in compared.lines if line.own is not None and line.differs]
    changes, column = [], getattr(FieldValue, f"{kind.name}_id") if lines else None
    values = field_values.read_many([compared.stays, compared.goes]) if lines else {}
    for line in lines:
        one: Any = line.own
        counts_theirs = choices.get(line.key, line.suggested) == GOES
        loser = compared.stays if counts_theirs else compared.goes
        journal.delete(Base.metadata.tables["field_value"], [FieldValue.field_id == one.id, column == loser.id])
        if counts_theirs:
            old, new = values[compared.stays.id].of(one), values[compared.goes.id].of(one)
            changes.append(Change(one, old, new))
    return dict(in_words(changes))
