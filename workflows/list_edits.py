"""One field of many records gets one value: looked at first, done as an order, and taken back as long as nothing else changed.

Each record is changed by the workflow that changes one, so its rules hold and its history tells. Which fields may be
changed so stands in `TABLES`: those whose values are few, and never words that a person wrote.
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import (
    BulkKind,
    BulkRun,
    BulkState,
    Client,
    ClientStatus,
    ClientType,
    PaymentTerms,
    Pet,
    PetStatus,
    ServiceGroup,
    ServiceItem,
    Species,
    Staff,
    TaxRate,
    Vet,
)
from workflows import activity, bulk, catalogue, people
from workflows.actors import Actor
from workflows.bulk_kinds import Failure, Piece
from workflows.errors import N_, Conflict, Invalid, WorkflowError
from workflows.permissions import Permission

#: records of one order
MOST = 500
#: records that one piece takes
AT_ONCE = 25
#: records to choose from as a value
MOST_OPTIONS = 300

#: what a value is chosen from: an enum, yes and no (`bool`), or the records of a table
Choice = type[Any]


@dataclass(frozen=True)
class Table:
    """A list whose rows can be changed so: who may, which fields, and the workflow that changes one record."""

    model: type[Any]
    permission: Permission
    #: field -> what its value is chosen from
    fields: Mapping[str, Choice]
    change: Callable[[Any, dict[str, Any], Actor], object]


TABLES: dict[str, Table] = {
    "client": Table(
        Client,
        Permission.CLIENTS,
        {
            "status": ClientStatus, "portal_enabled": bool, "primary_sitter": Staff, "client_type": ClientType,
            "payment_terms": PaymentTerms, "tax_rate": TaxRate, "is_tax_exempt": bool, "pays_online": bool,
            "key_not_needed": bool,
        },
        lambda record, values, actor: people.change_client(record, values, actor=actor),
    ),
    "pet": Table(
        Pet,
        Permission.CLIENTS,
        {"status": PetStatus, "species": Species, "vet": Vet},
        lambda record, values, actor: people.change_pet(record, values, actor=actor),
    ),
    "vet": Table(
        Vet,
        Permission.CLIENTS,
        {"is_active": bool},
        lambda record, values, actor: people.save_vet(record, values, actor=actor),
    ),
    "service_item": Table(
        ServiceItem,
        Permission.CATALOGUE,
        {
            "is_active": bool, "visible_in_portal": bool, "group": ServiceGroup, "tax_rate": TaxRate,
            "key_not_needed": bool, "is_internal": bool,
        },
        lambda record, values, actor: catalogue.save_item(record, values, actor=actor),
    ),
}  # fmt: skip
#: fields that may be empty
_OPTIONAL = frozenset({"primary_sitter", "client_type", "payment_terms", "tax_rate", "vet", "group"})


@dataclass(frozen=True)
class Line:
    """One record of a preview: what it has, and why it would be refused ("" when it would be changed)."""

    record: Any
    old: Any
    refusal: WorkflowError | None = None
    is_same: bool = False


def options(table: Table, field: str) -> list[tuple[str, Any]]:
    """(token, value) of everything that the field may be given, records by name, at most 300."""
    kind = table.fields[field]
    if kind is bool:
        return [("yes", True), ("no", False)]
    if issubclass(kind, enum.Enum):
        return [(str(member.value), member) for member in kind]
    wanted = sa.select(kind)
    if kind is Staff:
        wanted = wanted.where(Staff.is_active, Staff.is_sitter)
    elif "is_active" in kind.__table__.c:
        wanted = wanted.where(kind.is_active.is_(True))
    found = sorted(db.session.scalars(wanted.limit(MOST_OPTIONS)), key=lambda r: str(r).casefold())
    empty: list[tuple[str, Any]] = [("", None)] if field in _OPTIONAL else []
    return [*empty, *((str(r.id), r) for r in found)]


def token_of(value: Any) -> str:  # noqa: ANN401 -- whatever one of these columns holds
    """A value as an order keeps it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value.value) if isinstance(value, enum.Enum) else str(value.id)


def read(table: Table, field: str, token: str) -> Any:  # noqa: ANN401 -- as above
    """The value of a token. Invalid for what is none, also for a record that is gone."""
    kind = table.fields.get(field)
    unknown = Invalid("no_value", N_("Choose a value."), field="value")
    if kind is None:
        raise Invalid("no_field", N_("Choose a field."), field="field")
    if kind is bool:
        try:
            return {"yes": True, "no": False}[token]
        except KeyError as none:
            raise unknown from none
    if issubclass(kind, enum.Enum):
        try:
            return kind(token)
        except ValueError as none:
            raise unknown from none
    if not token and field in _OPTIONAL:
        return None
    record = db.session.get(kind, int(token)) if token.isascii() and token.isdigit() and len(token) < 10 else None
    if record is None:
        raise unknown
    return record


def preview(name: str, ids: Sequence[int], field: str, token: str, *, actor: Actor) -> list[Line]:
    """What would become of each record. Each is really changed and put back, so what is refused here is refused then.

    Nothing is kept. Refused: without the table's permission (NotAllowed); no such field or value, too many (Invalid).
    """
    table = TABLES[name]
    actor.require(table.permission)
    value = read(table, field, token)
    records = _records(table, _checked(ids))
    lines = []
    for record in records:
        old = getattr(record, field)
        if old == value:
            lines.append(Line(record, old, is_same=True))
            continue
        trial = db.session.begin_nested()
        refusal = None
        try:
            table.change(record, {field: value}, actor)
            db.session.flush()
        except WorkflowError as problem:
            refusal = problem
        trial.rollback()
        lines.append(Line(record, old, refusal))
    return lines


def order(name: str, ids: Sequence[int], field: str, token: str, *, actor: Actor) -> BulkRun:
    """Store an order to give this field of these records the value; the worker does it in pieces. Logged.

    Refusals as for `preview`.
    """
    table = TABLES[name]
    actor.require(table.permission)
    read(table, field, token)
    return _order({"ids": _checked(ids), "table": name, "field": field, "value": token, "was": {}}, actor=actor)


def undo(run: BulkRun, *, actor: Actor) -> BulkRun:
    """Store an order that puts back what this one changed; what somebody changed since is left and listed. Logged.

    Refused: not over yet, nothing was changed, undone already (Conflict); without the table's permission (NotAllowed).
    """
    actor.require(TABLES[run.wish["table"]].permission)
    held = db.session.scalar(
        sa.select(BulkRun).where(BulkRun.id == run.id).with_for_update().execution_options(populate_existing=True)
    )
    if held is None or held.state not in {BulkState.DONE, BulkState.STOPPED}:
        raise Conflict("not_over", N_("This is still being worked on."))
    was: dict[str, Any] = held.wish.get("was") or {}
    if not was or held.wish.get("undone_by"):
        raise Conflict("nothing_to_undo", N_("There is nothing left to undo."))
    ids = [int(key) for key in was]
    new = _order(
        {"ids": ids, "table": held.wish["table"], "field": held.wish["field"], "undo_of": held.id, "was": {}},
        actor=actor,
    )
    held.wish = {**held.wish, "undone_by": new.public_id}
    db.session.flush()
    return new


def can_undo(run: BulkRun) -> bool:
    """Is it over, did it change anything, and is it neither undone nor an undoing itself?"""
    over = run.state in {BulkState.DONE, BulkState.STOPPED}
    return over and bool(run.wish.get("was")) and not run.wish.get("undone_by") and not run.wish.get("undo_of")


def work_piece(run: BulkRun, left: Sequence[int], *, actor: Actor) -> Piece:
    """Change the next records; what is refused fails that record, the others are done."""
    ids = list(left[:AT_ONCE])
    piece, table, field = Piece(len(ids)), TABLES[run.wish["table"]], str(run.wish["field"])
    was: dict[str, Any] = dict(run.wish["was"])
    before = _before(run)
    found = {r.id: r for r in _records(table, ids, fresh=True)}
    for record_id in ids:
        record = found.get(record_id)
        if record is None:
            piece.failures.append(Failure(record_id, N_("This record no longer exists.")))
            continue
        label = str(record)
        try:
            with db.session.begin_nested():
                changed = _change(run, table, field, record, before.get(str(record_id)), actor=actor)
                db.session.flush()
        except WorkflowError as problem:
            piece.failures.append(Failure(record_id, problem.message, {**problem.values, "label": label}))
        else:
            if changed is not None:
                was[str(record_id)] = [changed, record.version]
    run.wish = {**run.wish, "was": was}
    return piece


def _before(run: BulkRun) -> Mapping[str, Any]:
    """Of an order that undoes another: record -> [value before, version after]."""
    first = db.session.get(BulkRun, run.wish["undo_of"]) if run.wish.get("undo_of") else None
    return first.wish["was"] if first is not None else {}


def _change(
    run: BulkRun, table: Table, field: str, record: Any, before: Any, *, actor: Actor  # noqa: ANN401 -- a record; JSON
) -> str | None:  # fmt: skip
    """Give one record its value; the token of what it had, None when it had it already."""
    token = run.wish.get("value")
    if run.wish.get("undo_of"):
        token, version = before
        if record.version != version:
            raise Conflict("changed_since", N_("Somebody changed this record since. It is left as it is."))
    value, old = read(table, field, str(token)), getattr(record, field)
    if old == value:
        return None
    table.change(record, {field: value}, actor)
    return token_of(old)


def retry(run: BulkRun, *, actor: Actor) -> BulkRun:
    """The same order for those that could not be done."""
    ids = [failure["job_id"] for failure in run.failures]
    return order(run.wish["table"], ids, run.wish["field"], str(run.wish.get("value", "")), actor=actor)


def _order(wish: dict[str, Any], *, actor: Actor) -> BulkRun:
    run = BulkRun(
        kind=BulkKind.EDIT, staff_id=actor.staff.id if actor.staff else None, n_total=len(wish["ids"]), failures=[], wish=wish
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    activity.record("list_edit.ordered", actor=actor, subject=run, n_jobs=run.n_total, name=wish["field"])
    bulk.wake()
    return run


def _checked(ids: Sequence[int]) -> list[int]:
    wanted = list(dict.fromkeys(ids))
    if not wanted:
        raise Invalid("nothing", N_("Nothing was ticked."))
    if len(wanted) > MOST:
        raise Invalid("too_many", N_("At most %(most)s rows at once."), most=MOST)
    return wanted


def _records(table: Table, ids: Sequence[int], *, fresh: bool = False) -> list[Any]:
    rows = sa.select(table.model).where(table.model.id.in_(ids)).order_by(table.model.id)
    if fresh:
        rows = rows.with_for_update(of=table.model).execution_options(populate_existing=True)
    return list(db.session.scalars(rows))


bulk.KINDS[BulkKind.EDIT] = work_piece
bulk.NEEDED[BulkKind.EDIT] = Permission.OFFICE
bulk.RETRIES[BulkKind.EDIT] = retry
