"""Which column of the file is which of our fields: guessed from the heads, chosen by the office, kept under a name."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from foundation import text
from foundation.db import db
from models import ImportKind, ImportMapping
from workflows import activity
from workflows.actors import Actor
from workflows.errors import N_, Invalid
from workflows.importing.kinds import KINDS
from workflows.permissions import Permission

#: programs whose lists we guess at; nobody has shown us a real one yet, and the pages say so
STYLES: dict[str, str] = {
    "pet_sitter_plus": N_("Pet Sitter Plus style (not verified with a real export)"),
    "time_to_pet": N_("Time To Pet style (not verified with a real export)"),
}
_FIRST: dict[str, dict[str, tuple[str, ...]]] = {
    "pet_sitter_plus": {
        "foreign_id": ("Client ID", "Pet ID", "Ref"), "first_name": ("Client Forename", "Forename"), "last_name": ("Client Surname", "Surname"),
        "phone": ("Mobile", "Telephone"), "region": ("County",), "postcode": ("Postcode",), "primary_sitter": ("Default Sitter",), "client_name": ("Client",),
        "client_id": ("Client ID",), "service": ("Service Type", "Service"), "on_date": ("Job Date", "Date"), "sitter": ("Staff Member", "Sitter"),
        "name": ("Charge Condition", "Compensation Condition"), "weekdays": ("Day", "Days"), "starts_on": ("Start Date",), "ends_on": ("End Date",),
    },
    "time_to_pet": {
        "foreign_id": ("Client ID", "Pet ID", "ID"), "first_name": ("First Name",), "last_name": ("Last Name",), "phone": ("Mobile Phone", "Phone Number"),
        "region": ("State",), "postcode": ("Zip",), "primary_sitter": ("Default Staff",), "client_name": ("Client Name", "Client"), "client_id": ("Client ID",),
        "service": ("Service Name", "Service"), "on_date": ("Date",), "sitter": ("Staff", "Assigned To"),
        "weekdays": ("Repeat On", "Days"), "starts_on": ("Start Date",), "ends_on": ("End Date",),
    },
}  # fmt: skip


def guess(kind: ImportKind, heads: Sequence[str], style: str = "") -> dict[str, str]:
    """Our field -> the column that it most probably is; each column once."""
    plain = {_plain(head): head for head in reversed(heads)}
    mapping: dict[str, str] = {}
    fields = KINDS[kind].fields
    first = _FIRST.get(style, {})
    for rank in range(3):
        for field in fields:
            names = (first.get(field.name, ()), (field.name, field.label), field.aliases)[rank]
            found = next((plain[_plain(n)] for n in names if _plain(n) in plain), None)
            if found is not None and field.name not in mapping and found not in mapping.values():
                mapping[field.name] = found
    return mapping


def _plain(head: str) -> str:
    return re.sub(r"[\W_]+", "", head).casefold()


def check(kind: ImportKind, mapping: Mapping[str, str], heads: Sequence[str]) -> dict[str, str]:
    """The mapping without what is not there. Invalid: a required field without a column."""
    known = KINDS[kind]
    clean = {f.name: mapping[f.name] for f in known.fields if mapping.get(f.name) in heads}
    labels = {f.name: f.label for f in known.fields}
    for field in known.fields:
        if field.required and field.name not in clean:
            raise Invalid("unmatched", N_("Choose the column for “%(label)s”."), field=field.name, label=field.label)
    for some in known.one_of:
        if not any(name in clean for name in some):
            raise Invalid("unmatched", N_("Choose the column for “%(label)s”."), field=some[0], label=labels[some[0]])
    return clean


def saved(kind: ImportKind) -> list[ImportMapping]:
    """The mappings that the office kept for such files, by name."""
    return list(
        db.session.scalars(sa.select(ImportMapping).where(ImportMapping.kind == kind).order_by(ImportMapping.name))
    )


def keep(
    kind: ImportKind, name: str, mapping: Mapping[str, Any], reading: Mapping[str, Any], *, actor: Actor
) -> ImportMapping:
    """Keep a mapping under a name; one of the same name is replaced. Logged. Invalid without a name."""
    actor.require(Permission.IMPORT)
    name = text.tidy(name)[:120]
    if not name:
        raise Invalid("required", N_("Fill in a name."), field="save_as")
    kept = db.session.scalar(sa.select(ImportMapping).where(ImportMapping.kind == kind, ImportMapping.name == name))
    if kept is None:
        kept = ImportMapping(kind=kind, name=name)
        db.session.add(kept)
    kept.mapping = dict(mapping)
    kept.reading = {k: reading[k] for k in ("date_order", "decimal_sign", "source") if k in reading}
    db.session.flush()
    activity.record("import.mapping_kept", actor=actor, subject=kept, name=name)
    return kept
