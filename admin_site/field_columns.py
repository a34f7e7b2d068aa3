"""Custom fields as columns of the lists of what they are about: shown, sorted, filtered by their type, and in their files.

Nothing is asked of the database for a list that shows none of them. Secrets are masked everywhere and sort nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask import g, has_request_context, request
from flask_babel import gettext

from admin_site.field_filters import FieldFilter, owner_column
from admin_site.rows import Column
from foundation.db import db
from models import CustomField, FieldArea, FieldKind, FieldPage, FieldSection, FieldValue, StoredFile
from workflows import field_kinds, field_lists, field_values
from workflows.field_kinds import FILES, kind_of
from workflows.field_values import Values

PREFIX = "f-"
#: as many filters by fields as one address may have
MOST_FILTERS = 5
#: as much of a text as a list shows
MOST_SHOWN = 80


@dataclass
class Extra:
    """What this request's list has beyond its own columns and filters."""

    columns: list[Column] = field(default_factory=list)
    filters: list[FieldFilter] = field(default_factory=list)
    #: what the rows at hand hold, by owner
    values: dict[int, Values] = field(default_factory=dict)
    field_ids: list[int] = field(default_factory=list)


class FieldColumns:
    """Mixed into the list of an area: its columns and filters are its own and those of the fields."""

    area: FieldArea
    model: Any
    endpoint: str
    own_columns: Sequence[Column] = ()
    own_filters: Sequence[Any] = ()

    if TYPE_CHECKING:  # to the lists they are plain attributes
        columns: Sequence[Column]
        filters: Sequence[Any]
    else:

        @property
        def columns(self) -> Sequence[Column]:
            """Its own, then the fields'."""
            return [*self.own_columns, *self._extra().columns]

        @property
        def filters(self) -> Sequence[Any]:
            """Its own, then the fields' that the address names."""
            return [*self.own_filters, *self._extra().filters]

    def prefetch(self, records: Sequence[Any]) -> None:
        """Read what these rows hold in the fields that are shown, with one query."""
        extra = self._extra()
        if extra.field_ids and records:
            extra.values = field_values.read_many(records, only=extra.field_ids)

    def _extra(self) -> Extra:
        if not has_request_context() or (request.endpoint or "").partition(".")[0] != self.endpoint:
            return Extra()
        found: dict[str, Extra] = g.setdefault("field_columns", {})
        if self.endpoint not in found:
            found[self.endpoint] = Extra()  # while it is read, nobody asks again
            found[self.endpoint] = self._read()
        return found[self.endpoint]

    def _read(self) -> Extra:
        is_file = "/export/" in request.path
        shown = [] if is_file else field_lists.chosen(self.area)
        asked = [k.removeprefix(f"flt_{PREFIX}") for k in request.args if k.startswith(f"flt_{PREFIX}")][:MOST_FILTERS]
        if not (is_file or shown or asked):
            return Extra()
        fields = _fields(self.area, None if is_file else [*shown, *asked])
        extra = Extra()
        by_id = {f.public_id: f for f in fields}
        columns = [f for f in fields if not f.column] if is_file else [by_id[i] for i in shown if i in by_id]
        extra.columns = [_column(f, self.model, extra) for f in columns]
        extra.filters = [FieldFilter(by_id[i], self.model) for i in asked if i in by_id]
        extra.field_ids = [f.id for f in columns if not f.column]
        return extra


def _fields(area: FieldArea, public_ids: Sequence[str] | None) -> list[CustomField]:
    """The live fields of the area in their order, or those of them that are named; taken out of the session, so that a
    commit does not make them be read again one by one."""
    rows = (
        sa.select(CustomField)
        .join(CustomField.section)
        .join(FieldSection.page)
        .where(FieldPage.area == area, *(kind.retired_at.is_(None) for kind in (CustomField, FieldSection, FieldPage)))
        .order_by(FieldPage.position, FieldPage.id, FieldSection.position, FieldSection.id, CustomField.position, CustomField.id)
    )  # fmt: skip
    if public_ids is not None:
        rows = rows.where(CustomField.public_id.in_([i[:16].replace("\0", "") for i in public_ids]))
    found = list(db.session.scalars(rows))
    for one in found:
        db.session.expunge(one)
    return found


def fields_of(area: FieldArea) -> list[CustomField]:
    """All live fields of the area in their order."""
    return _fields(area, None)


def _column(of: CustomField, model: Any, extra: Extra) -> Column:
    def value(record: Any) -> Any:
        return _plain(of, record, extra)

    return Column(
        PREFIX + of.public_id, of.label, value=value, show=lambda r: _words(of, r, extra), sort=_sort(of, model),
        right=kind_of(of) is FieldKind.NUMBER,
    )  # fmt: skip


def _held(of: CustomField, record: Any, extra: Extra) -> Any:
    if of.column:
        return getattr(record, of.column.partition(".")[2]) or None
    values = extra.values.get(record.id)
    if values is None or of.id not in values.held:
        return None
    if of.is_secret:
        return field_kinds.MASK if values.held[of.id].row.sealed else None
    return values.of(of)


def _words(of: CustomField, record: Any, extra: Extra) -> str:
    held = _held(of, record, extra)
    words = held if of.is_secret and held else field_kinds.shown(of, held, translate=gettext)
    return words if len(words) <= MOST_SHOWN else f"{words[: MOST_SHOWN - 1]}…"


def _plain(of: CustomField, record: Any, extra: Extra) -> Any:
    """For files: figures and dates as they are, the rest in words."""
    held = _held(of, record, extra)
    if held is None or of.is_secret:
        return held
    if isinstance(held, StoredFile | tuple) or kind_of(of) in {FieldKind.CHOICE, FieldKind.PHONE, FieldKind.TASK}:
        return field_kinds.shown(of, held, translate=gettext)
    return held


def _sort(of: CustomField, model: Any) -> tuple[Any, ...]:
    """What the list sorts by: the value by its type; a secret, a file and several answers sort nothing."""
    kind = kind_of(of)
    if of.column:
        return (getattr(model, of.column.partition(".")[2]),)
    if of.is_secret or kind in FILES or kind is FieldKind.MULTI_CHOICE:
        return ()
    column = {FieldKind.NUMBER: FieldValue.number, FieldKind.DATE: FieldValue.on_date, FieldKind.YES_NO: FieldValue.yes, FieldKind.TASK: FieldValue.yes}.get(kind, FieldValue.text)  # fmt: skip
    held: Any = sa.select(column).where(FieldValue.field_id == of.id, owner_column(model) == model.id).scalar_subquery()
    if kind is FieldKind.CHOICE:
        places = {c["key"]: place for place, c in enumerate(of.choices)}
        held = sa.case(places, value=held, else_=len(places)) if places else held
    return (held,)
