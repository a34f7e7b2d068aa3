"""Adding, changing and removing plain records with a log line of what changed, field by field, old to new.

Subjects with rules of their own (`clients`, `catalogue`, …) check them and end here.
"""

import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from foundation import text
from foundation.db import Base, db
from models import Client
from workflows import activity
from workflows.actors import Actor
from workflows.errors import N_, Invalid

#: never written to the log in clear
SECRET_FIELDS = {"password_hash"}


def _value(value: Any) -> Any:  # noqa: ANN401 -- whatever an attribute holds
    if isinstance(value, list):
        return sorted(str(v) for v in value)
    return str(value) if isinstance(value, Base) else activity.plain(value)


def tidy(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with their texts stripped, and without what nobody sees. Enums are texts too: left alone."""
    return {k: text.tidy(v) if isinstance(v, str) and not isinstance(v, enum.Enum) else v for k, v in values.items()}


def changes_of(record: Base, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The fields among `values` that differ from the record: {field: [old, new]}."""
    changed: dict[str, list[Any]] = {}
    for field, new in values.items():
        old = getattr(record, field)
        same = {id(o) for o in old} == {id(n) for n in new} if isinstance(old, list) else old == new
        if not same:
            secret = field in SECRET_FIELDS
            changed[field] = ["…", "…"] if secret else [_value(old), _value(new)]
    return changed


def add(record: Base, *, actor: Actor, client: Client | None = None) -> Base:
    """Add the record and log "<table>.added"."""
    db.session.add(record)
    db.session.flush()
    owner = record if isinstance(record, Client) else client
    activity.record(f"{record.__tablename__}.added", actor=actor, subject=record, client=owner, name=str(record))
    return record


def add_many(some: Sequence[Base], *, actor: Actor) -> None:
    """The same for many records of one table, each logged with its client if it has one; a few statements in all."""
    db.session.add_all(some)
    db.session.flush()
    owners = [r if isinstance(r, Client) else getattr(r, "client", None) for r in some]
    activity.record_many(
        (
            activity.Line(f"{r.__tablename__}.added", r, owner, {"name": str(r)})
            for r, owner in zip(some, owners, strict=True)
        ),
        actor=actor,
    )


def change(
    record: Base, values: Mapping[str, Any], *, actor: Actor, client: Client | None = None
) -> dict[str, list[Any]]:
    """Set the values and log "<table>.changed" with old and new; says what changed. No change, no log line."""
    changed = changes_of(record, values)
    for field in changed:
        setattr(record, field, values[field])
    if changed:
        db.session.flush()
        owner = record if isinstance(record, Client) else client
        activity.record(
            f"{record.__tablename__}.changed",
            actor=actor,
            subject=record,
            client=owner,
            name=str(record),
            changes=changed,
        )
    return changed


def remove(record: Base, *, actor: Actor, client: Client | None = None) -> None:
    """Delete the record and log "<table>.removed". Refused with Invalid when other records still need it."""
    name, owner = str(record), None if isinstance(record, Client) else client
    try:
        with db.session.begin_nested():
            db.session.delete(record)
            db.session.flush()
    except sa.exc.IntegrityError as used:
        raise still_used(record, name) from used
    activity.record(f"{record.__tablename__}.removed", actor=actor, subject=record, client=owner, name=name)


def remove_many(some: Sequence[Base], *, actor: Actor) -> None:
    """The same for many records of one table, each logged with its client if it has one; a few statements in all.

    When one of them is still needed by others, IntegrityError is raised and none is deleted.
    """
    own = sa.inspect(type(some[0]))
    # What they lead to is asked for when they are deleted and named: all at once, not one after the other.
    ways = [r for r in own.relationships if not r.viewonly and not r.passive_deletes]
    db.session.scalars(
        sa.select(type(some[0]))
        .where(own.primary_key[0].in_([own.primary_key_from_instance(r)[0] for r in some]))
        .options(*(sa.orm.selectinload(r.class_attribute) for r in ways))
    ).all()
    owners = [None if isinstance(r, Client) else getattr(r, "client", None) for r in some]
    lines = [
        activity.Line(f"{r.__tablename__}.removed", r, owner, {"name": str(r)})
        for r, owner in zip(some, owners, strict=True)
    ]
    with db.session.begin_nested():
        for record in some:
            db.session.delete(record)
        db.session.flush()
    activity.record_many(lines, actor=actor)


def still_used(record: Base, name: str | None = None) -> Invalid:
    """The refusal to delete what other records still need."""
    return Invalid(
        "still_used",
        N_("%(name)s is used by other records and stays. Make it inactive instead."),
        name=name or str(record),
    )


def require_text(values: Mapping[str, Any], fields: Iterable[str], message: str) -> None:
    """Refuse with Invalid when one of the fields is given but blank."""
    for field in fields:
        if field in values and not str(values[field] or "").strip():
            raise Invalid("required", message, field=field)


def holds_text(column: Any, texts: Iterable[str]) -> sa.ColumnElement[bool]:  # noqa: ANN401 -- a column of any kind
    """Does one of the texts stand somewhere in the column, as it is or as JSON writes it?"""
    held = sa.cast(column, sa.Text)
    forms = {form for text in texts for form in (text, json.dumps(text)[1:-1])}
    return sa.or_(sa.false(), *(held.contains(form, autoescape=True) for form in sorted(forms)))
