"""The order of pages, sections and fields, and what is shown depending on which answer.

A condition looks back: it names a field that comes earlier on a page of the same area, so no two can wait for each other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from foundation.db import db
from models import CustomField, FieldArea, FieldKind, FieldPage, FieldSection, PortalAccess, StaffAccess
from workflows import activity
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid
from workflows.permissions import Permission

Part = FieldPage | FieldSection | CustomField

YES, NO = "yes", "no"

_PORTAL = list(PortalAccess)
_STAFF = list(StaffAccess)


# ----------------------------------------------------------------------------------------------------------- reading


def pages_of(area: FieldArea) -> list[FieldPage]:
    """All pages of the area with their sections and fields, retired ones too, as the database has them now."""
    return list(
        db.session.scalars(
            sa.select(FieldPage)
            .where(FieldPage.area == area)
            .options(selectinload(FieldPage.sections).selectinload(FieldSection.fields))
            .order_by(FieldPage.position, FieldPage.id)
            .execution_options(populate_existing=True)
        )
    )


def area_of(part: Part) -> FieldArea:
    """What the part is about."""
    return page_of(part).area


def page_of(part: Part) -> FieldPage:
    """The page that it stands on; a page itself."""
    if isinstance(part, FieldPage):
        return part
    return part.page if isinstance(part, FieldSection) else part.section.page


def fields_below(part: Part) -> Iterator[CustomField]:
    """Its fields, retired ones too; a field itself."""
    if isinstance(part, CustomField):
        yield part
        return
    for section in part.sections if isinstance(part, FieldPage) else [part]:
        yield from section.fields


def chain_of(part: Part) -> list[Part]:
    """Page, section and field down to the part."""
    if isinstance(part, FieldPage):
        return [part]
    if isinstance(part, FieldSection):
        return [part.page, part]
    return [part.section.page, part.section, part]


def is_live(part: Part) -> bool:
    """Is it asked for: neither it nor what it stands on is retired?"""
    return all(p.retired_at is None for p in chain_of(part))


def narrowed(part: Part) -> tuple[PortalAccess, Part, StaffAccess, Part]:
    """What clients and sitters may do in the end, and the part that says so: the highest of the narrowest."""
    chain = chain_of(part)
    portal = min(chain, key=lambda p: _PORTAL.index(p.portal_access))
    staff = min(chain, key=lambda p: _STAFF.index(p.staff_access))
    return portal.portal_access, portal, staff.staff_access, staff


# ------------------------------------------------------------------------------------------------------------ places


def lock_design(area: FieldArea) -> None:
    """Take turns with everybody who works on the pages of this area, until the commit."""
    db.session.execute(sa.select(FieldPage.id).where(FieldPage.area == area).order_by(FieldPage.id).with_for_update())


def siblings(part: Part) -> list[Part]:
    """The live parts that stand in one list with it, in their order."""
    kind: Any = type(part)
    return list(db.session.scalars(sa.select(kind).where(_together(part), kind.retired_at.is_(None)).order_by(kind.position, kind.id)))  # fmt: skip


def _together(part: Part) -> Any:  # noqa: ANN401 -- a condition
    if isinstance(part, FieldPage):
        return FieldPage.area == part.area
    if isinstance(part, FieldSection):
        return FieldSection.page_id == part.page.id
    return CustomField.section_id == part.section.id


def end_of(part: Part) -> int:
    """The place behind all others of its list."""
    kind: Any = type(part)
    return (db.session.scalar(sa.select(sa.func.max(kind.position)).where(_together(part))) or 0) + 1


def move(part: Part, to: int, *, seen: Sequence[str], actor: Actor) -> bool:
    """Put it at place `to` (from 0) among the live ones of its list; logged. False when it stands there already.

    `seen` is the order, as public ids, that the mover looked at. Refused with Conflict when it is another one by now,
    so that of two people who move at once the second looks again; with Invalid when something would come before the
    field that decides whether it is shown.
    """
    actor.require(Permission.FIELDS)
    lock_design(area_of(part))
    db.session.expire(part)
    row = siblings(part)
    if part not in row or [p.public_id for p in row] != list(seen):
        raise Conflict("order_changed", N_("Somebody else changed the order meanwhile. Nothing was moved: look at it as it is now."))  # fmt: skip
    here, there = row.index(part), max(0, min(to, len(row) - 1))
    if here == there:
        return False
    row.insert(there, row.pop(here))
    with db.session.begin_nested():
        _number(row)
        check(area_of(part))
    activity.record(
        f"{part.__tablename__}.moved", actor=actor, subject=part, name=str(part), area=area_of(part).value,
        changes={"position": [here + 1, there + 1]},
    )  # fmt: skip
    return True


def _number(row: Sequence[Part]) -> None:
    """Places from 1. The version stays: a form that somebody has open is about other things than the order."""
    kind: Any = type(row[0])
    for place, part in enumerate(row, start=1):
        db.session.execute(
            sa.update(kind)
            .where(kind.id == part.id)
            .values(position=place)
            .execution_options(synchronize_session=False)
        )
    for part in row:
        db.session.expire(part, ["position"])


# -------------------------------------------------------------------------------------------------------- conditions


def deciders(pages: Sequence[FieldPage], part: Part | None, page: FieldPage) -> list[CustomField]:
    """The fields that can decide whether `part` is shown (None: something new at the end of `page`)."""
    found: list[CustomField] = []
    for other, one in _in_order(pages):
        if part is not None and one is part:
            break
        if part is None and _is_behind(other, page):
            break
        if isinstance(one, CustomField) and is_live(one) and can_decide(one) and _covers(other, page):
            found.append(one)
    return found


def _is_behind(page: FieldPage, end: FieldPage) -> bool:
    return (page.position, page.id) > (end.position, end.id)


def can_decide(field: CustomField) -> bool:
    """Can others be shown depending on it? A secret would give itself away."""
    return not field.is_secret


def answers_of(field: CustomField) -> list[tuple[str, str | None]]:
    """The answers that a condition can name: key and label; yes and no have no label of their own, a text has none."""
    if field.kind is FieldKind.YES_NO:
        return [(YES, None), (NO, None)]
    if field.kind is FieldKind.TASK:
        return [(YES, None)]
    return [(c["key"], c["label"]) for c in field.choices]


def condition_words(condition: Mapping[str, Any] | None, translate: Callable[[str], str] = str) -> str:
    """`Way in: Key safe, Keypad`; nothing for no condition."""
    if not condition:
        return ""
    field = db.session.scalar(sa.select(CustomField).where(CustomField.public_id == condition.get("field")))
    labels = (
        {YES: translate(N_("Yes")), NO: translate(N_("No"))}
        if field is None or not field.choices
        else dict(answers_of(field))
    )
    return f"{field or '…'}: " + (", ".join(labels.get(v) or v for v in condition["values"]) or "…")


def check(area: FieldArea) -> None:
    """Refuse with Invalid, naming both, when a live part of the area is shown depending on what cannot decide it."""
    pages = pages_of(area)
    by_id = {one.public_id: (place, one) for place, (_page, one) in enumerate(_in_order(pages))}
    for place, (page, part) in enumerate(_in_order(pages)):
        condition = None if isinstance(part, FieldPage) else part.show_if
        if not condition or not is_live(part):
            continue
        found = by_id.get(str(condition.get("field")))
        names = {"part": str(part) or str(page), "field": str(found[1]) if found else "…"}
        if found is None or not isinstance(found[1], CustomField) or not is_live(found[1]):
            raise Invalid("decider_gone", N_("“%(part)s” is shown depending on an answer to “%(field)s”, which would not be asked any more. Change that first."), field="show_if", values=names)  # fmt: skip
        if not can_decide(found[1]) or not set(condition["values"]) <= {k for k, _label in answers_of(found[1])}:
            raise Invalid("decider_kind", N_("“%(part)s” is shown depending on an answer to “%(field)s” that could not be given any more. Change that first."), field="show_if", values=names)  # fmt: skip
        if found[0] >= place:
            raise Invalid("decider_later", N_("“%(part)s” is shown depending on “%(field)s”, which must come before it."), field="show_if", values=names)  # fmt: skip
        if not _covers(page_of(found[1]), page):
            raise Invalid("decider_elsewhere", N_("“%(part)s” is shown depending on “%(field)s”, which is not asked of everybody who sees this page."), field="show_if", values=names)  # fmt: skip


def _in_order(pages: Sequence[FieldPage]) -> Iterator[tuple[FieldPage, Part]]:
    """Every part behind its page, from top to bottom."""
    for page in pages:
        yield page, page
        for section in page.sections:
            yield page, section
            for field in section.fields:
                yield page, field


def _covers(page: FieldPage, other: FieldPage) -> bool:
    """Is the page asked of everybody of whom the other one is asked?"""
    return page.species in {None, other.species} and page.service_group_id in {None, other.service_group_id}
