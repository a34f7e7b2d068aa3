"""Everything about one client: which rows are theirs, what becomes of them when the client is erased, and handing it over.

Which rows are a client's is read off the tables themselves: whatever refers to the client, and what refers to that.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import Base, db
from models import (
    Client,
    CustomField,
    Pet,
    StoredFile,
)
from workflows import activity, field_kinds, field_values, merged
from workflows.actors import Actor
from workflows.field_kinds import MASK
from workflows.field_values import Values
from workflows.permissions import Permission

#: what is deleted; everything else stays, without a word that a person wrote
GONE = (
    "client_contact", "client_login", "client_sitter", "client_price", "field_value", "field_proposal", "vet_proposal",
    "agreement_acceptance", "agreement_client", "letter", "vaccination", "mail_refusal", "outbox_mail", "notification",
    "request_message", "registration", "sign_in", "calendar_feed", "authenticator", "recovery_code", "passkey",
    "report_card", "visit_check", "visit_alert", "home_key", "key_move", "sitter_message", "search_entry",
    "merge_note",
)  # fmt: skip
#: what stays for the books, for the sitters' pay and for the log
KEPT = (
    "client", "pet", "job", "job_pet", "job_request", "job_request_line", "job_request_line_pet", "repeat", "repeat_pet",
    "repeat_time", "repeat_pause", "repeat_skip", "change_request", "change_item", "change_item_pet", "activity",
    "stored_file",
)  # fmt: skip
#: what stays as it is, word for word, as tax law asks: invoices with their copies, payments, the books, what was authorised
BOOKS = (
    "invoice", "invoice_line", "invoice_tax", "invoice_reminder", "credit_note", "credit_note_line", "payment",
    "payment_attempt", "attempt_target", "payment_consent", "refund", "dispute", "allocation", "tip_share", "posting",
    "posting_line", "client_package", "package_use", "paper_file", "stored_method",
    "pay_line",
)  # fmt: skip
#: never handed over: they are no facts about a person, but ways in
_WAYS_IN = frozenset(
    {"password_hash", "token_hash", "code_hash", "link_serial", "sealed", "public_key", "credential_id", "key", "thumbnail_key"}
)  # fmt: skip
#: made of the others, so nothing of its own to hand over
_DERIVED = "search_entry"
#: rows that are in memory at a time while they are handed over
AT_ONCE = 50


@dataclass(frozen=True)
class Export:
    """What is handed over: by table its rows as plain values, read while they are asked for, in the same transaction or
    a later one; and (name in the archive, key in the store) of the files."""

    head: dict[str, Any]
    tables: Iterable[tuple[str, Iterable[dict[str, Any]]]]
    files: list[tuple[str, str]]


def tables() -> dict[str, sa.Table]:
    """The tables whose rows can be a client's, each after those that it refers to."""
    found: dict[str, sa.Table] = {"client": Base.metadata.tables["client"]}
    grown = True
    while grown:
        grown = False
        for name, table in sorted(Base.metadata.tables.items()):
            if name not in found and any(fk.column.table.name in found for fk in table.foreign_keys):
                found[name] = table
                grown = True
    return {table.name: table for table in Base.metadata.sorted_tables if table.name in found}


def rows_of(client_id: int) -> dict[str, sa.ColumnElement[bool]]:
    """For each of these tables the condition under which a row is this client's."""
    of: dict[str, sa.ColumnElement[bool]] = {}
    for name, table in tables().items():
        if name == "client":
            of[name] = table.c.id.in_([client_id, *merged.ids_in("client", client_id)])
            continue
        direct = [c for c in table.columns if any(fk.column.table.name == "client" for fk in c.foreign_keys)]
        if direct and not all(c.nullable for c in direct):
            of[name] = sa.or_(*(c == client_id for c in direct))
            continue
        ways = [
            c.in_(sa.select(fk.column).where(of[fk.column.table.name]))
            for c in table.columns
            for fk in c.foreign_keys
            if fk.column.table.name in of and fk.column.table.name != name
        ]
        of[name] = sa.or_(*ways)
    return of


# ----------------------------------------------------------------------------------------------------------- export


def export(client: Client, *, actor: Actor) -> Export:
    """Everything about one client as plain values, with the files; logged.

    Secrets stand in the clear for who may see them (`Permission.SECRETS`), masked for others; ways into an account
    (hashes, keys) are left out. Refused with NotAllowed without the permission to save lists as files.
    """
    actor.require(Permission.EXPORT)
    with_secrets = actor.may(Permission.SECRETS)
    head: dict[str, Any] = {"made_at": activity.plain(clock.now()), "with_secrets": with_secrets}
    kept = db.session.scalars(
        sa.select(StoredFile)
        .where(StoredFile.client_id == client.id, StoredFile.removed_at.is_(None))
        .order_by(StoredFile.id)
    )
    activity.record("client.exported", actor=actor, subject=client, client=client, with_secrets=with_secrets)
    db.session.flush()
    names = [(f"files/{file.id} {_safe(file.name)}", file.key) for file in kept]
    return Export(head, _tables(client.id, reveal=with_secrets), names)


def _tables(client_id: int, *, reveal: bool) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    """The tables one after the other, a few rows in memory at a time."""
    for name, where in rows_of(client_id).items():
        if name == _DERIVED:
            continue
        if name == "field_value":
            yield name, _values(client_id, reveal=reveal)
            continue
        rows = _rows(Base.metadata.tables[name], where)
        if name == "merge_note":
            rows = ({**row, "facts": _without_ways_in(row["facts"])} for row in rows)
        if name == "field_proposal":
            rows = ({**row, "facts": _unsealed(row, reveal=reveal)} for row in rows)
        yield name, rows


def _rows(table: sa.Table, where: sa.ColumnElement[bool]) -> Iterator[dict[str, Any]]:
    wanted = sa.select(table).where(where).order_by(*table.primary_key.columns)
    for row in db.session.execute(wanted.execution_options(yield_per=AT_ONCE)).mappings():
        yield _plain(dict(row))


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {column: activity.plain(value) for column, value in row.items() if column not in _WAYS_IN}


def _values(client_id: int, *, reveal: bool) -> list[dict[str, Any]]:
    """What was filled in, with the names of the fields."""
    found: list[dict[str, Any]] = []
    client = db.session.get_one(Client, client_id)
    pets = list(db.session.scalars(sa.select(Pet).where(Pet.client_id == client_id).order_by(Pet.id)))
    fields = {f.id: f for f in db.session.scalars(sa.select(CustomField))}
    of_pets = field_values.read_many(pets)
    owners: list[tuple[Client | Pet, Values]] = [
        (client, field_values.read(client)),
        *((p, of_pets[p.id]) for p in pets),
    ]
    for owner, values in owners:
        pet_id = owner.id if isinstance(owner, Pet) else None
        for field_id in values.held:
            words = values.shown(fields[field_id], reveal=reveal)
            found.append({"field": fields[field_id].label, "pet_id": pet_id, "value": words})
    return found


def _unsealed(proposal: dict[str, Any], *, reveal: bool) -> dict[str, Any]:
    field = db.session.get(CustomField, proposal["field_id"])
    facts = proposal["facts"]
    if field is None or not field.is_secret:
        return dict(facts)
    opened = {k: field_kinds.pack(field_values.opened(field, v)) for k, v in facts.items() if k in {"old", "new"}}
    return {k: v if reveal or v is None else MASK for k, v in opened.items()}


def _without_ways_in(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON holds
    """What a merge dropped, as any other row is handed over."""
    if isinstance(value, dict):
        return {k: _without_ways_in(v) for k, v in value.items() if k not in _WAYS_IN}
    return [_without_ways_in(v) for v in value] if isinstance(value, list) else value


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in " .-_()" else "_" for c in name).strip(" .")[:100] or "file"
