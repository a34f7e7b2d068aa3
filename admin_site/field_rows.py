"""The designer's lists in words and signs: what stands in each column, what can be done with it, what access comes to."""

from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext

from admin_site import words
from admin_site.field_forms import page_label, section_label
from models import CustomField, FieldArea, FieldPage, FieldSection, PortalAccess, StaffAccess
from workflows import custom_fields, field_order
from workflows.field_order import Part

KINDS: dict[str, Any] = {"page": FieldPage, "section": FieldSection, "field": CustomField}


@dataclass
class Row:
    """A part in its column."""

    part: Part
    label: str
    url: str
    #: the chosen one, or one that leads to it
    is_current: bool
    #: in words, for who cannot see the signs
    signs: list[tuple[str, str]]
    place_url: str


def part_url(part: Part) -> str:
    """The designer with this part chosen."""
    chain: dict[str, Any] = dict(zip(KINDS, (p.public_id for p in field_order.chain_of(part)), strict=False))
    return url_for("fields.show", area=field_order.area_of(part).value, **chain)


def kind_of(part: Part | None) -> str:
    return next((kind for kind, model in KINDS.items() if isinstance(part, model)), "page")


def name_of(part: Part | None) -> str:
    if isinstance(part, FieldPage):
        return page_label(part)
    return section_label(part) if isinstance(part, FieldSection) else str(part or "")


def row_of(part: Part, *, is_current: bool) -> Row:
    portal, _by, staff, _staff_by = field_order.narrowed(part)
    signs = []
    area = field_order.area_of(part)
    if area is not FieldArea.STAFF:
        if portal is PortalAccess.HIDDEN:
            signs.append(("eye-off", gettext("hidden from clients")))
        elif portal is PortalAccess.VIEW and area is not FieldArea.REPORT:
            signs.append(("eye", gettext("clients can only see it")))
    if isinstance(part, CustomField):
        if part.is_secret:
            signs.append(("lock", gettext("secret")))
        if part.is_required:
            signs.append(("star", gettext("required")))
        if part.needs_approval:
            signs.append(("user-check", gettext("waits for approval")))
    elif staff is StaffAccess.RESTRICTED:
        signs.append(("shield-lock", gettext("sitters around own visits only")))
    if not isinstance(part, FieldPage) and part.show_if:
        signs.append(("arrows-exchange", gettext("depends on an answer")))
    place = url_for("fields.place", kind=kind_of(part), part_id=part.public_id)
    return Row(part, name_of(part), part_url(part), is_current, signs, place)


def facts_of(part: Part) -> dict[str, Any]:
    """What can be done with it."""
    row = [p.public_id for p in field_order.siblings(part)]
    here = row.index(part.public_id) if part.public_id in row else None
    ours = any(f.column for f in field_order.fields_below(part))
    return {
        "seen": ",".join(row), "here": here, "n": len(row), "is_retired": part.retired_at is not None, "is_ours": ours,
        "is_filled": custom_fields.holds_data(part),
        **{verb: url_for(f"fields.{verb}", kind=kind_of(part), part_id=part.public_id) for verb in ("place", "retirement", "restoring", "removal")},
    }  # fmt: skip


def results(part: Part | None) -> list[tuple[str, str]]:
    """What page, section and field come to together: for clients, for sitters."""
    if part is None:
        return []
    portal, portal_by, staff, staff_by = field_order.narrowed(part)
    found = []
    if field_order.area_of(part) is not FieldArea.STAFF:
        found.append((gettext("Clients"), _because(words.word(portal), portal_by, is_own=portal is part.portal_access)))
    return [*found, (gettext("Sitters"), _because(words.word(staff), staff_by, is_own=staff is part.staff_access))]


def _because(result: str, by: Part, *, is_own: bool) -> str:
    if is_own:
        return result
    if isinstance(by, FieldPage):
        return gettext("%(result)s, because of its page “%(name)s”", result=result, name=by.name)
    return gettext("%(result)s, because of its section “%(name)s”", result=result, name=name_of(by))
