"""All pages, sections and fields of the designer as lists: to be searched, filtered and saved as a file.

A row leads into the designer, where they are changed (`field_designer`).
"""

from typing import Any

import sqlalchemy as sa
from flask_admin import Admin
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from admin_site import filters, rows, search, words
from admin_site.base import ReadList
from admin_site.field_rows import name_of, part_url
from admin_site.list_address import Pill
from admin_site.rows import Column
from models import (
    CustomField,
    FieldArea,
    FieldKind,
    FieldPage,
    FieldSection,
    PortalAccess,
    Species,
    StaffAccess,
)
from workflows import field_order
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add the lists to the back office."""
    admin.add_view(FieldList(CustomField, "custom_fields", "/admin/custom-fields"))
    admin.add_view(SectionList(FieldSection, "field_sections", "/admin/field-sections"))
    admin.add_view(PageList(FieldPage, "field_pages", "/admin/field-pages"))


def _live(model: Any) -> Pill:
    return Pill("asked", _l("Asked for"), lambda: model.retired_at.is_(None))


def _retired(model: Any) -> Pill:
    return Pill("retired", _l("Retired"), lambda: model.retired_at.is_not(None))


def _part(name: str, label: Any, sort: Any) -> Column:
    return Column(name, label, value=name_of, sort=sort, show=lambda p: rows.link(name_of(p), part_url(p), main=True))


def _access(model: Any) -> tuple[Column, ...]:
    """What page, section and field come to together, and in the file what the part itself says."""
    return (
        Column("portal_result", _l("Clients"), value=lambda p: words.word(field_order.narrowed(p)[0])),
        Column("staff_result", _l("Sitters"), value=lambda p: words.word(field_order.narrowed(p)[2])),
        Column("portal_access", _l("Clients, by itself"), hidden=True),
        Column("staff_access", _l("Sitters, by itself"), hidden=True),
        Column("help", _l("Help"), hidden=True),
        Column("retired_at", _l("Retired"), hidden=True, sort=(model.retired_at,)),
    )  # fmt: skip


def _levels(model: Any) -> tuple[filters.OfficeFilter, ...]:
    return (
        filters.Choice("clients", model.portal_access, _l("Clients, by itself"), PortalAccess),
        filters.Choice("sitters", model.staff_access, _l("Sitters, by itself"), StaffAccess),
    )


class PartList(ReadList):
    """What the three lists share."""

    reading = Permission.FIELDS
    list_template = "admin/field_parts/list.html"
    empty = ("cat", _l("No pages yet"), _l("Begin with the usual pages in the designer, or make your own."))

    def record_name(self, record: Any) -> str:
        return name_of(record)

    def record_url(self, record: Any) -> str:
        return part_url(record)


class FieldList(PartList):
    """Every field."""

    title, search_hint = _l("Fields"), _l("Label, help, section or page")
    default_order = (CustomField.id,)
    list_options = (joinedload(CustomField.section).joinedload(FieldSection.page),)
    record_options = list_options
    pills = (_live(CustomField), _retired(CustomField), Pill("all", _l("All")))
    columns = (
        _part("label", _l("Field"), (CustomField.label,)),
        Column("area", _l("About"), value=lambda f: words.word(f.section.page.area)),
        Column("page", _l("Page"), value=lambda f: name_of(f.section.page)),
        Column("section", _l("Section"), hidden=True, value=lambda f: name_of(f.section)),
        Column("kind", _l("Asks for")),
        Column("is_required", _l("Required"), hidden=True),
        Column("is_secret", _l("Secret"), hidden=True),
        Column("needs_approval", _l("Waits for approval"), hidden=True),
        Column("for_what", _l("Marks"), export=False, value=lambda f: rows.ticks(f, ("is_required", _l("required")), ("is_secret", _l("secret")), ("needs_approval", _l("approval")))),
        Column("choices", _l("Choices"), hidden=True, value=lambda f: ", ".join(c["label"] for c in f.choices)),
        *_access(CustomField),
    )  # fmt: skip
    filters = (
        filters.Choice("kind", CustomField.kind, _l("Asks for"), FieldKind),
        *_levels(CustomField),
        filters.YesNo("required", CustomField.is_required, _l("Required")),
        filters.YesNo("secret", CustomField.is_secret, _l("Secret")),
        filters.YesNo("approval", CustomField.needs_approval, _l("Waits for approval")),
    )

    def find(self, text: str) -> Any:
        of = sa.select(FieldSection.id).join(FieldPage, FieldSection.page_id == FieldPage.id)
        above = of.where(sa.or_(search.plain(FieldSection.name)(text), search.plain(FieldPage.name)(text)))
        own = search.plain(CustomField.label, CustomField.help)(text)
        return sa.or_(own, CustomField.section_id.in_(above))


class SectionList(PartList):
    """Every section."""

    title, search_hint = _l("Sections"), _l("Heading, help or page")
    default_order = (FieldSection.id,)
    list_options = (joinedload(FieldSection.page),)
    record_options = list_options
    pills = (_live(FieldSection), _retired(FieldSection), Pill("all", _l("All")))
    columns = (
        _part("name", _l("Section"), (FieldSection.name,)),
        Column("area", _l("About"), value=lambda s: words.word(s.page.area)),
        Column("page", _l("Page"), value=lambda s: name_of(s.page)),
        *_access(FieldSection),
    )
    filters = _levels(FieldSection)

    def find(self, text: str) -> Any:
        above = sa.select(FieldPage.id).where(search.plain(FieldPage.name)(text))
        return sa.or_(search.plain(FieldSection.name, FieldSection.help)(text), FieldSection.page_id.in_(above))


class PageList(PartList):
    """Every page."""

    title, search_hint = _l("Pages"), _l("Name or help")
    default_order = (FieldPage.area, FieldPage.position, FieldPage.id)
    pills = (_live(FieldPage), _retired(FieldPage), Pill("all", _l("All")))
    columns = (
        _part("name", _l("Page"), (FieldPage.name,)),
        Column("area", _l("About")),
        Column("species", _l("For"), show=lambda p: words.word(p.species) if p.species else gettext("all")),
        *_access(FieldPage),
    )
    filters = (
        filters.Choice("about", FieldPage.area, _l("About"), FieldArea),
        filters.Choice("species", FieldPage.species, _l("For"), Species),
        *_levels(FieldPage),
    )

    def find(self, text: str) -> Any:
        return search.plain(FieldPage.name, FieldPage.help)(text)
