"""The preview of the designer: a page as clients see it, with answers that show what depends on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from admin_site.field_sheet import Entry, choices_of
from models import CustomField, FieldArea, FieldPage, FieldSection, PortalAccess
from workflows import field_kinds, field_layout, field_order
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
            can_edit = one.portal is PortalAccess.EDIT or area is FieldArea.STAFF
            rows.append(
                Shown(
                    one.field, can_edit,
                    Entry(
                        f"p-{one.key}", PREFIX + one.key, one.field.label, one.field.help, field_kinds.kind_of(one.field).value,
                        tuple(answers[one.key]), choices_of(one.field), field_kinds.is_needed(one.field),
                    ),
                )
            )  # fmt: skip
        if rows:
            sections.append((section.section, rows))
    is_hidden = placed is not None and placed.portal is PortalAccess.HIDDEN and area is not FieldArea.STAFF
    return Preview(page, is_hidden, page.retired_at is not None, area is not FieldArea.STAFF, sections, n_not_asked)


def _answers(typed: Any, key: str) -> list[str]:
    found = typed.getlist(PREFIX + key) if hasattr(typed, "getlist") else []
    return [str(v)[:200] for v in found if str(v)]
