"""A field that becomes a secret, or is one no more: what is filled in is sealed or opened, what was told of it is masked.

`custom_fields.save_field` decides that it may.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import sqlalchemy as sa

from foundation.db import Base, db
from models import (
    Activity,
    CustomField,
    FieldArea,
    FieldProposal,
    FieldValue,
    Notification,
    NotificationKind,
    OutboxMail,
)
from workflows import field_values, records
from workflows.errors import N_, Invalid
from workflows.field_kinds import MASK
from workflows.mail_facts import MailKind

_VERBS = {
    FieldArea.CLIENT: ("client.changed",),
    FieldArea.PET: ("pet.changed",),
    FieldArea.STAFF: ("staff.changed",),
    FieldArea.REPORT: (),
}
_PROPOSED = ("field_proposal.asked", "field_proposal.declined", "field_proposal.withdrawn")
_TOLD = (NotificationKind.DATA_CHANGED, NotificationKind.DATA_PROPOSED)


def open_up(field: CustomField) -> Callable[[], None]:
    """Read what is filled in and proposed in the clear; calling the answer puts it back, sealed or open as the field is
    by then. Refused when something cannot be read, as its key is gone."""
    # Whoever fills the field in holds its row too (`field_saving.save`), and looks again when we have let go.
    db.session.execute(sa.select(CustomField.id).where(CustomField.id == field.id).with_for_update())
    rows = db.session.scalars(sa.select(FieldValue).where(FieldValue.field_id == field.id).with_for_update())
    held = [(row, field_values.of_row(field, row)) for row in rows]
    proposals = db.session.scalars(sa.select(FieldProposal).where(FieldProposal.field_id == field.id).with_for_update())
    wished = [
        (one, {key: field_values.opened(field, kept) for key, kept in one.facts.items() if key in {"old", "new"}})
        for one in proposals
    ]
    lost = any(value is None and row.sealed for row, value in held)
    if lost or any(value is None and one.facts[key] for one, values in wished for key, value in values.items()):
        raise Invalid("secret_fixed", N_("Something in it cannot be read, as its key is missing; so it stays as it is."), field="is_secret")  # fmt: skip

    def close_again() -> None:
        for row, value in held:
            field_values.put(row, field, value)
        for one, values in wished:
            one.facts = {**one.facts, **{key: field_values.closed(field, value) for key, value in values.items()}}

    return close_again


def hide(field: CustomField, area: FieldArea) -> int:
    """Mask old and new of this field wherever they were told, under all labels that it ever had; in how many places.

    Lines know a field by its label, so another field of the same label is masked with it: rather one too many. Digest
    mails that were sent lose the text that was kept of them.
    """
    labels = _labels(field)
    n = 0
    verbs = [*_VERBS[area], *_PROPOSED]
    for kind, where in ((Activity, Activity.verb.in_(verbs)), (Notification, Notification.kind.in_(_TOLD))):
        rows = sa.select(kind.id, kind.facts).where(where, records.holds_text(kind.facts, labels))
        for row_id, facts in db.session.execute(rows).all():
            changes = facts.get("changes")
            masked = _masked(changes, labels) if isinstance(changes, dict) else changes
            if masked != changes:
                _write(kind, row_id, facts={**facts, "changes": masked})
                n += 1
    return n + _hide_in_mails(labels)


def _labels(field: CustomField) -> set[str]:
    """The label of now and all that it had before, as the log of the field knows them."""
    found = {field.label}
    lines = sa.select(Activity.facts).where(Activity.verb == "custom_field.changed", Activity.subject_id == field.id)
    for facts in db.session.scalars(lines):
        found |= {str(label) for label in (facts.get("changes") or {}).get("label") or () if label}
    return found


def _masked(changes: Mapping[str, Any], labels: Collection[str]) -> dict[str, Any]:
    return {key: _both(pair) if _is_about(key, labels) else pair for key, pair in changes.items()}


def _is_about(key: str, labels: Collection[str]) -> bool:
    """`Door`, `Door (2)`, and `Biscuit, Door` are."""
    bare = re.sub(r" \(\d+\)\Z", "", key)
    return any(text in labels or any(text.endswith(f", {label}") for label in labels) for text in (key, bare))


def _both(pair: Any) -> Any:  # noqa: ANN401 -- old and new, as JSON has them
    return [MASK if side not in (None, "") else side for side in pair] if isinstance(pair, list) else MASK


def _hide_in_mails(labels: Collection[str]) -> int:
    n = 0
    rows = sa.select(OutboxMail.id, OutboxMail.facts).where(
        OutboxMail.kind == MailKind.DATA_DIGEST.value, records.holds_text(OutboxMail.facts, labels)
    )
    for row_id, facts in db.session.execute(rows).all():
        clients = [
            {**one, **{key: [_line(x, labels) for x in one.get(key) or ()] for key in ("changed", "wanted")}}
            for one in facts.get("clients") or ()
        ]
        if clients != facts.get("clients"):
            _write(OutboxMail, row_id, facts={**facts, "clients": clients}, body_text=None, body_html=None)
            n += 1
    return n


def _line(line: list[Any], labels: Collection[str]) -> list[Any]:
    label, *pair = line
    return [label, *_both(pair)] if _is_about(label, labels) else line


def _write(kind: type[Base], row_id: int, **values: Any) -> None:  # noqa: ANN401 -- columns
    """Beside the objects: the log's rows are only ever added by everybody else."""
    change = sa.update(kind).where(sa.inspect(kind).primary_key[0] == row_id).values(**values)
    db.session.execute(change.execution_options(synchronize_session="fetch"))
