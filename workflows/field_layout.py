"""The pages that the office designed, as a reader may see them: pages, sections, fields, in order, in two queries.

Access narrows downwards: of page, section and field the narrowest counts, so a hidden page hides everything below it
and nothing further down can open it again. What was filled in is read and written in `field_values`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import CustomField, FieldArea, FieldKind, FieldPage, FieldSection, PortalAccess, Species, StaffAccess

_PORTAL = (PortalAccess.HIDDEN, PortalAccess.VIEW, PortalAccess.EDIT)
_FILES = (FieldKind.IMAGE, FieldKind.FILE)
_STAFF = (StaffAccess.HIDDEN, StaffAccess.RESTRICTED, StaffAccess.VIEW)

#: what was answered, as texts to compare conditions with: {field's public id: its keys}; not filled in: no keys
Answers = Mapping[str, Collection[str]]


def narrowest_portal(*levels: PortalAccess) -> PortalAccess:
    """The one of these that lets clients do the least."""
    return min(levels, key=_PORTAL.index)


def narrowest_staff(*levels: StaffAccess) -> StaffAccess:
    """The one of these that shows staff the least."""
    return min(levels, key=_STAFF.index)


@dataclass(frozen=True)
class PlacedField:
    """A field where it stands, with the access that page, section and field leave."""

    field: CustomField
    page: FieldPage
    section: FieldSection
    portal: PortalAccess
    staff: StaffAccess

    @property
    def key(self) -> str:
        """The field's name in forms and in conditions."""
        return self.field.public_id


@dataclass(frozen=True)
class PlacedSection:
    """A section with its fields."""

    section: FieldSection
    portal: PortalAccess
    staff: StaffAccess
    fields: tuple[PlacedField, ...]


@dataclass(frozen=True)
class PlacedPage:
    """A page with its sections."""

    page: FieldPage
    portal: PortalAccess
    staff: StaffAccess
    sections: tuple[PlacedSection, ...]

    @property
    def fields(self) -> tuple[PlacedField, ...]:
        """Its fields in order."""
        return tuple(field for section in self.sections for field in section.fields)


@dataclass(frozen=True)
class Layout:
    """The pages of an area in order."""

    pages: tuple[PlacedPage, ...]

    @cached_property
    def fields(self) -> dict[str, PlacedField]:
        """All fields by public id, in order."""
        return {placed.key: placed for page in self.pages for placed in page.fields}

    def page(self, public_id: str) -> PlacedPage | None:
        """One of the pages, or None when this reader has none of that id."""
        return next((page for page in self.pages if page.page.public_id == public_id), None)

    def for_species(self, species: Species) -> "Layout":
        """The pages of pets of this kind, out of the pages of all kinds."""
        return Layout(tuple(page for page in self.pages if page.page.species in {None, species}))

    def for_group(self, service_group_id: int | None) -> "Layout":
        """The pages of services of this group, out of the pages of all kinds."""
        return Layout(tuple(page for page in self.pages if page.page.service_group_id in {None, service_group_id}))

    def for_portal(self) -> "Layout":
        """What clients see: without hidden fields, and without the sections and pages that are empty then."""
        return self._only(lambda placed: placed.portal is not PortalAccess.HIDDEN)

    def for_sitters(self) -> "Layout":
        """What sitters see, restricted fields among it; without what is hidden from them."""
        return self._only(lambda placed: placed.staff is not StaffAccess.HIDDEN)

    def for_phone(self) -> "Layout":
        """What sitters fill in without a connection, kept on the phone meanwhile: nothing that is restricted, no files."""
        return self._only(lambda placed: placed.staff is StaffAccess.VIEW and placed.field.kind not in _FILES)

    def _only(self, keep: Callable[[PlacedField], bool]) -> "Layout":
        pages = []
        for page in self.pages:
            sections = []
            for section in page.sections:
                fields = tuple(placed for placed in section.fields if keep(placed))
                if fields:
                    sections.append(PlacedSection(section.section, section.portal, section.staff, fields))
            if sections:
                pages.append(PlacedPage(page.page, page.portal, page.staff, tuple(sections)))
        return Layout(tuple(pages))

    def asked(self, answers: Answers) -> frozenset[str]:
        """The fields (public ids) whose conditions, and whose sections' conditions, are met by these answers.

        - A condition on a field that is itself not asked is not met, whatever that field still holds: chains close.
        - A condition on a field that the reader may not see is judged by what that field holds; so the office can
          steer a page with a field of its own. Ask the whole layout then, not the narrowed one.
        - A condition on a field that is not in the layout (retired, on a retired page, of another species) is met:
          nobody can answer it any more, and what hangs on it must not become unreachable.
        - A condition that leads back to its own field counts as met: a slip in the designer hides nothing for ever.
        - A condition without values is met as soon as the field is filled in.
        """
        asked = set(self.fields)
        while True:
            # Each round can only take fields away, so this ends, after as many rounds as the longest chain has links.
            left = {key for key in asked if all(is_met(c, asked, answers) for c in self.conditions[key])}
            if left == asked:
                return frozenset(asked)
            asked = left

    @cached_property
    def conditions(self) -> dict[str, list[dict[str, Any]]]:
        """What each field (public id) hangs on: its own condition and its section's, as far as they can be judged."""
        known = {
            key: [c for c in (placed.section.show_if, placed.field.show_if) if c and c.get("field") in self.fields]
            for key, placed in self.fields.items()
        }
        return {key: [c for c in found if not _leads_to(c["field"], key, known)] for key, found in known.items()}


def is_met(condition: Mapping[str, Any], asked: Collection[str], answers: Answers) -> bool:
    """Is a condition on a field of the layout met, when these fields are asked for and answered like this?"""
    wanted, given = condition.get("values") or [], answers.get(condition["field"], ())
    fits = any(str(value) in given for value in wanted) if wanted else bool(given)
    return fits and condition["field"] in asked


def _leads_to(start: str, goal: str, conditions: Mapping[str, list[dict[str, Any]]]) -> bool:
    """Does one get from `start` to `goal` along conditions?"""
    seen, ahead = set(), [start]
    while ahead:
        key = ahead.pop()
        if key == goal:
            return True
        if key not in seen:
            seen.add(key)
            ahead.extend(c["field"] for c in conditions[key])
    return False


def layout(
    area: FieldArea,
    *,
    species: Species | None = None,
    service_group_id: int | None = None,
    of_all_kinds: bool = False,
    with_retired: bool = False,
) -> Layout:
    """The pages of an area with everything on them, in two queries whatever their number.

    Pages for one species or one service group come only with that species or group (`of_all_kinds`: all of them).
    Retired pages, sections and fields are left out unless asked for.
    """
    given: dict[str, object] = {"area": area}
    if not of_all_kinds:
        given |= {"species": species, "service_group_id": service_group_id}
    pages, fields = _questions(of_all_kinds, with_retired)
    rows = db.session.execute(pages, given).all()
    of_section: dict[int, list[CustomField]] = {}
    if rows:
        for field in db.session.scalars(fields, given):
            of_section.setdefault(field.section_id, []).append(field)
    sections: dict[FieldPage, list[FieldSection]] = {}
    for page, section in rows:
        sections.setdefault(page, []).extend([section] if section is not None else [])
    return Layout(tuple(_page(page, found, of_section) for page, found in sections.items()))


@cache
def _questions(
    of_all_kinds: bool,  # noqa: FBT001 -- the key of what is kept
    with_retired: bool,  # noqa: FBT001
) -> tuple[sa.Select[FieldPage, FieldSection], sa.Select[CustomField]]:
    """The pages with their sections, and the fields. Built once: to put them together takes longer than to answer them."""
    wanted = [FieldPage.area == sa.bindparam("area")]
    if not of_all_kinds:
        wanted.append(sa.or_(FieldPage.species.is_(None), FieldPage.species == sa.bindparam("species")))
        group = sa.bindparam("service_group_id", type_=sa.Integer)
        wanted.append(sa.or_(FieldPage.service_group_id.is_(None), FieldPage.service_group_id == group))
    of_page = [FieldSection.page_id == FieldPage.id]
    # Their sections and pages are read by the other query and need not come with each field again.
    fields = sa.select(CustomField).join(CustomField.section).join(FieldSection.page)
    if not with_retired:
        wanted.append(FieldPage.retired_at.is_(None))
        of_page.append(FieldSection.retired_at.is_(None))
        fields = fields.where(FieldSection.retired_at.is_(None), CustomField.retired_at.is_(None))
    pages = sa.select(FieldPage, FieldSection).outerjoin(FieldSection, sa.and_(*of_page)).where(*wanted)
    return (
        pages.order_by(FieldPage.position, FieldPage.id, FieldSection.position, FieldSection.id),
        fields.where(*wanted).order_by(CustomField.position, CustomField.id),
    )


def _page(page: FieldPage, sections: list[FieldSection], fields: dict[int, list[CustomField]]) -> PlacedPage:
    placed = tuple(_section(page, section, fields.get(section.id, [])) for section in sections)
    return PlacedPage(page, page.portal_access, page.staff_access, placed)


def _section(page: FieldPage, section: FieldSection, fields: list[CustomField]) -> PlacedSection:
    portal = narrowest_portal(page.portal_access, section.portal_access)
    staff = narrowest_staff(page.staff_access, section.staff_access)
    placed = tuple(
        PlacedField(
            field,
            page,
            section,
            narrowest_portal(portal, field.portal_access),
            narrowest_staff(staff, field.staff_access),
        )
        for field in fields
    )
    return PlacedSection(section, portal, staff, placed)
