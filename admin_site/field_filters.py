"""Filters of a list by a custom field: which comparisons each kind has, their words, and their conditions.

A value in the address reads `least:5`, `has:fish`, `is:yes`, `filled:`, `empty:`.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext

from admin_site import search
from admin_site.filters import Condition, OfficeFilter
from admin_site.reading import like, read_day
from models import CustomField, FieldKind, FieldValue
from ui_kit import formats
from workflows import field_kinds
from workflows.errors import N_, Invalid
from workflows.field_kinds import FILES, SCALE, kind_of

#: comparison -> its words; "" stands for what is compared with
WORDS: Mapping[str, str] = {
    "has": N_("contains"), "is": N_("is"), "least": N_("at least"), "most": N_("at most"), "on": N_("on"),
    "from": N_("from"), "until": N_("until"), "filled": N_("filled in"), "empty": N_("not filled in"),
}  # fmt: skip
_ANY = ("filled", "empty")
_TEXT = ("has", "is", *_ANY)
OPERATORS: Mapping[FieldKind, tuple[str, ...]] = {
    FieldKind.NUMBER: ("least", "most", "is", *_ANY),
    FieldKind.DATE: ("from", "until", "on", *_ANY),
    FieldKind.YES_NO: ("is", *_ANY),
    FieldKind.TASK: ("is", *_ANY),
    FieldKind.CHOICE: ("is", *_ANY),
    FieldKind.MULTI_CHOICE: ("has", *_ANY),
    FieldKind.IMAGE: _ANY,
    FieldKind.FILE: _ANY,
}


def operators_of(of: CustomField) -> tuple[str, ...]:
    """The comparisons that the field has; of a secret only whether there is one."""
    return _ANY if of.is_secret else OPERATORS.get(kind_of(of), _TEXT)


def owner_column(model: Any) -> Any:
    """The column of the values that names a record of this table."""
    return getattr(FieldValue, f"{model.__tablename__}_id")


class FieldFilter(OfficeFilter):
    """Rows by what is filled in under one field."""

    #: a link or the page of `field_lists` sets it
    input = ""

    def __init__(self, of: CustomField, model: Any) -> None:
        super().__init__(f"f-{of.public_id}", model.id, of.label)
        self.of, self.model, self.kind = of, model, kind_of(of)

    def read(self, value: str) -> tuple[str, Any] | None:
        operator, colon, raw = value.partition(":")
        if not colon or operator not in operators_of(self.of):
            return None
        if operator in _ANY:
            return operator, None
        operand = self._operand(search.tidy(raw))
        return None if operand is None else (operator, operand)

    def _operand(self, raw: str) -> Any:
        if not raw:
            return None
        if self.kind is FieldKind.DATE:
            return read_day(raw)
        if self.kind is FieldKind.NUMBER:
            try:
                return field_kinds.clean(self.of, raw)
            except Invalid:
                return None
        if self.kind in {FieldKind.YES_NO, FieldKind.TASK}:
            return {field_kinds.YES: True, field_kinds.NO: False}.get(raw)
        if self.kind in {FieldKind.CHOICE, FieldKind.MULTI_CHOICE}:
            return raw if raw in {c["key"] for c in self.of.choices} else None
        return re.sub(r"[^\d]", "", raw).lstrip("0") or None if self.kind is FieldKind.PHONE else raw

    def words(self, value: str) -> str:
        read = self.read(value)
        if read is None:
            return ""
        operator, operand = read
        said = gettext(WORDS[operator])
        return said if operand is None else f"{said} {self._said(operand)}"

    def _said(self, operand: Any) -> str:
        if self.kind is FieldKind.DATE:
            return formats.local_date(operand)
        if self.kind is FieldKind.MULTI_CHOICE:
            return field_kinds.shown(self.of, (operand,), translate=gettext)
        return operand if self.kind is FieldKind.PHONE else field_kinds.shown(self.of, operand, translate=gettext)

    def where(self, value: str) -> Condition:
        read = self.read(value)
        if read is None:
            return sa.false()
        operator, operand = read
        if self.of.column:
            column: Any = getattr(self.model, self.of.column.partition(".")[2])
            return self._is_empty(column) if operator == "empty" else self._compare(column, operator, operand)
        held = sa.select(sa.literal(1)).where(FieldValue.field_id == self.of.id, owner_column(self.model) == self.model.id)  # fmt: skip
        column = self._column()
        if operator == "empty":
            return ~held.where(self._compare(column, "filled", None)).exists()
        return held.where(self._compare(column, operator, operand)).exists()

    def _column(self) -> Any:
        if self.of.is_secret:
            return FieldValue.sealed
        if self.kind in FILES:
            return FieldValue.file_id
        return {
            FieldKind.NUMBER: FieldValue.number, FieldKind.DATE: FieldValue.on_date, FieldKind.YES_NO: FieldValue.yes,
            FieldKind.TASK: FieldValue.yes, FieldKind.MULTI_CHOICE: FieldValue.keys,
        }.get(self.kind, FieldValue.text)  # fmt: skip

    def _is_empty(self, column: Any) -> Condition:
        return sa.or_(column.is_(None), column == "") if isinstance(column.type, sa.String) else column.is_(None)

    def _compare(self, column: Any, operator: str, operand: Any) -> Condition:
        if operator == "filled":
            return sa.not_(self._is_empty(column))
        if isinstance(operand, Decimal):
            operand = int(operand * SCALE)
        if self.kind is FieldKind.MULTI_CHOICE:
            return sa.cast(column, sa.Text).like(like(f'"{operand}"'), escape="\\")
        if operator == "has":
            return column.ilike(like(operand), escape="\\")
        if operator == "is" and isinstance(operand, str) and self.kind is not FieldKind.CHOICE:
            return sa.func.lower(column) == operand.lower()
        if operator in {"least", "from"}:
            return column >= operand
        return column <= operand if operator in {"most", "until"} else column == operand
