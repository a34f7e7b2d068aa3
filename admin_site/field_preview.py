"""The preview of the designer: a page as clients see it, with answers that show what depends on them.

Its fields are drawn by the portal's own macros (`ui_kit.field_entry`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models import CustomField, FieldArea, FieldKind, FieldPage, FieldSection, PortalAccess
from ui_kit import field_entry
from ui_kit.field_entry import Entry
from workflows import field_kinds, field_layout, field_order
from workflows.field_layout import PlacedField
from workflows.field_order import Part

#: names of the preview's inputs begin so
PREFIX = "answer-"


@dataclass(frozen=True)
class Shown:
    """A field as it stands in the preview."""

    field: CustomField
    can_edit: bool
    entry: Entry


@dataclass(frozen=True)
class Preview:
    """A page as clients see it: its sections with their fields."""

    page: FieldPage
    is_hidden: bool
    is_retired: bool
    for_clients: bool
    sections: list[tuple[FieldSection, list[Shown]]]
    #: what conditions hide for now
    n_not_asked: int


def of(part: Part, typed: Mapping[str, Any]) -> Preview:
    """The page of the part, as the database has it now; `typed` holds the answers that were tried."""
    page = field_order.page_of(part)
    area = page.area
    layout = field_layout.layout(area, of_all_kinds=True)
    placed = layout.page(page.public_id)
    answers = {key: _answers(typed, key) for key in layout.fields}
    asked = layout.asked(answers)
    sections, n_not_asked = [], 0
    for section in placed.sections if placed else ():
        rows = []
        for one in section.fields:
            if one.portal is PortalAccess.HIDDEN and area is not FieldArea.STAFF:
                continue
            if one.key not in asked:
                n_not_asked += 1
                continue
            can_edit = one.portal is PortalAccess.EDIT or area in {FieldArea.STAFF, FieldArea.REPORT}
            rows.append(Shown(one.field, can_edit, _entry(one, answers[one.key])))
        if rows:
            sections.append((section.section, rows))
    is_hidden = placed is not None and placed.portal is PortalAccess.HIDDEN and area is not FieldArea.STAFF
    return Preview(page, is_hidden, page.retired_at is not None, area is not FieldArea.STAFF, sections, n_not_asked)


def _entry(placed: PlacedField, answers: list[str]) -> Entry:
    """The field as the portal draws it."""
    of = placed.field
    kind, choices = field_kinds.kind_of(of), field_entry.offered(of)
    typed: str | list[str] = answers if kind is FieldKind.MULTI_CHOICE else answers[0] if answers else ""
    return Entry(
        placed.key, of.label, of.help, kind.value, field_entry.drawn(kind, len(choices)), typed, choices=choices,
        is_required=field_kinds.is_needed(of), needs_approval=of.needs_approval, prefix=PREFIX,
    )  # fmt: skip


def _answers(typed: Any, key: str) -> list[str]:
    found = typed.getlist(PREFIX + key) if hasattr(typed, "getlist") else []
    return [str(v)[:200] for v in found if str(v)]
