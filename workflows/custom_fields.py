"""What the office asks for: adding, changing, retiring pages, sections and fields, each logged from old to new.

Their places and what is shown depending on what stand in `field_order`, the usual pages in `field_defaults`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import (
    CustomField,
    FieldArea,
    FieldKind,
    FieldPage,
    FieldProposal,
    FieldSection,
    FieldValue,
    PortalAccess,
    ProposalState,
)
from workflows import activity, field_history, field_order, records
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid
from workflows.field_order import Part, area_of, fields_below, lock_design
from workflows.permissions import Permission

MAX_NAME = 120
MAX_HELP = 2000
MAX_CHOICES = 100
MAX_CHOICE = 120
#: kinds that are answered by picking
CHOICE_KINDS = frozenset({FieldKind.CHOICE, FieldKind.MULTI_CHOICE})
#: what stands in a file or is picked is no secret
NEVER_SECRET = frozenset({FieldKind.IMAGE, FieldKind.FILE})
#: the only change of kind that loses nothing
KEEPS_VALUES = frozenset({(FieldKind.TEXT, FieldKind.LONG_TEXT)})
#: what the office may change of a column of ours
SYSTEM_OPEN = frozenset({"label", "help", "portal_access", "staff_access", "section"})

_KEY = re.compile("[a-z0-9_]{1,50}")
Choice = dict[str, str]
Saved = TypeVar("Saved", FieldPage, FieldSection, CustomField)


# ------------------------------------------------------------------------------------------ pages, sections, fields


def save_page(
    page: FieldPage, values: Mapping[str, Any], *, actor: Actor, seen_version: int | None = None
) -> FieldPage:
    """Add a page at the end of its area, or change one; logged. A page keeps its area.

    Refused with Invalid: no name, a text too long, a kind of pet on a page that is not about pets, a service group on
    one that is not about report cards; with Conflict: it is not as `seen_version` showed it.
    """
    cleaned = _begin(page, values, "name", actor=actor, seen_version=seen_version)
    if "area" in cleaned and page.id is not None and cleaned["area"] is not page.area:
        raise Invalid("keeps_area", N_("A page keeps what it is about."), field="area")
    area = cleaned.get("area", page.area)
    if area is not FieldArea.PET:
        cleaned["species"] = None
    if area is not FieldArea.REPORT:
        cleaned["service_group_id"] = None
    _only_look(page, cleaned, area)
    return _save(page, cleaned, actor=actor)


def save_section(
    section: FieldSection, values: Mapping[str, Any], *, actor: Actor, seen_version: int | None = None
) -> FieldSection:
    """Add a section at the end of its page, or change one, or move it to another page of the area; logged.

    Refused with Invalid: a text too long, a page of another area, a condition that cannot hold; with Conflict as pages.
    """
    cleaned = _begin(section, values, None, actor=actor, seen_version=seen_version)
    _check_parent(section, cleaned, "page")
    _check_condition(cleaned)
    _only_look(section, cleaned, cleaned.get("page", section.page).area)
    return _save(section, cleaned, actor=actor)


def save_field(
    field: CustomField, values: Mapping[str, Any], *, actor: Actor, seen_version: int | None = None
) -> CustomField:
    """Add a field at the end of its section, or change one, or move it to another section of the area; logged.

    `choices` come as [{"key": …, "label": …, "retired": "yes"}] in their order; a new one has no key yet. Refused with
    Invalid: no label, a text too long; another kind while something is filled in (text may become long text); a choice
    taken away that somebody chose; whatever is not the office's to change of a column of ours; a condition that cannot
    hold. With Conflict as pages. What is filled in or proposed is sealed when the field becomes a secret, and what log,
    HOME and mails told of it before is masked; it is opened when the field is one no more, which needs the permission
    for secrets.
    """
    cleaned = _begin(field, values, "label", actor=actor, seen_version=seen_version)
    _check_parent(field, cleaned, "section")
    _check_system(field, cleaned)
    _check_condition(cleaned)
    kind = cleaned.get("kind", field.kind) or FieldKind.TEXT
    area = cleaned.get("section", field.section).page.area
    _only_look(field, cleaned, area)
    is_new = field.id is None
    filled = not is_new and holds_data(field)
    if filled and kind is not field.kind and (field.kind, kind) not in KEEPS_VALUES:
        raise Invalid("kind_fixed", N_("Something is filled in here already, so it stays what it is. Retire it, and add another field."), field="kind")  # fmt: skip
    if kind is FieldKind.TASK and area is not FieldArea.REPORT:
        raise Invalid("task_place", N_("Tasks to tick belong on report cards."), field="kind")
    if area is FieldArea.REPORT and cleaned.get("is_secret", field.is_secret):
        raise Invalid("never_secret", N_("What stands on a report card cannot be a secret."), field="is_secret")
    if kind in NEVER_SECRET and cleaned.get("is_secret", field.is_secret):
        raise Invalid("never_secret", N_("Photos and documents cannot be kept as a secret."), field="is_secret")
    turns = not is_new and bool(cleaned.get("is_secret", field.is_secret)) is not field.is_secret
    if turns and field.is_secret and filled:
        actor.require(Permission.SECRETS)
    if field.column is None:
        choices = _choices(field, cleaned.pop("choices", field.choices or []), kind)
        if is_new or choices != field.choices:
            cleaned["choices"] = choices
    close_again = field_history.open_up(field) if turns else None
    saved = _save(field, cleaned, actor=actor)
    if close_again is not None:
        close_again()
        db.session.flush()
    if turns and saved.is_secret:
        field_history.hide(saved, area)
    return saved


def retire(part: Part, *, actor: Actor) -> bool:
    """Ask for it no more; what was filled in stays and can be read in the log. False when it is retired already.

    Refused with Invalid: a column of ours is in it; something that stays is shown depending on it.
    """
    actor.require(Permission.FIELDS)
    _refresh(part)
    if part.retired_at is not None:
        return False
    _check_no_column(part)
    _change_state(part, "retired", actor=actor, retired_at=clock.now())
    return True


def restore(part: Part, *, actor: Actor) -> bool:
    """Ask for it again, at the end of its list. False when it is not retired. Refused: its condition cannot hold."""
    actor.require(Permission.FIELDS)
    _refresh(part)
    if part.retired_at is None:
        return False
    _change_state(part, "restored", actor=actor, retired_at=None, position=field_order.end_of(part))
    return True


def _change_state(part: Part, verb: str, *, actor: Actor, **values: Any) -> None:  # noqa: ANN401 -- columns
    with db.session.begin_nested():
        for key, value in values.items():
            setattr(part, key, value)
        db.session.flush()
        field_order.check(area_of(part))
    _log(verb, part, actor=actor)


def remove(part: Part, *, actor: Actor) -> None:
    """Delete a page, section or field with all below it; logged.

    Refused with Invalid: somebody filled something in (it can be retired), a column of ours is in it, something that
    stays is shown depending on it.
    """
    actor.require(Permission.FIELDS)
    _refresh(part)
    _check_no_column(part)
    name, area, table, number = str(part), area_of(part), part.__tablename__, part.id
    fields = [f.id for f in fields_below(part)]
    if with_data(fields):
        raise _holds_data(name)
    try:
        with db.session.begin_nested():
            _delete(part, fields)
            field_order.check(area)
    except sa.exc.IntegrityError as problem:  # filled in at this moment
        raise _holds_data(name) from problem
    line = activity.record(f"{table}.removed", actor=actor, name=name, area=area.value)
    line.subject_type, line.subject_id = table, number


def _delete(part: Part, fields: Sequence[int]) -> None:
    """The rows below first: the database refuses a field that somebody filled in."""
    sections = [s.id for s in part.sections] if isinstance(part, FieldPage) else []
    db.session.execute(sa.delete(CustomField).where(CustomField.id.in_(fields)))
    db.session.execute(sa.delete(FieldSection).where(FieldSection.id.in_(sections)))
    if not isinstance(part, CustomField):
        db.session.execute(sa.delete(type(part)).where(type(part).id == part.id))
    db.session.expire_all()


def _holds_data(name: str) -> Invalid:
    return Invalid("holds_data", N_("Something is filled in under “%(name)s”. Retire it instead: nothing is lost then."), name=name)  # fmt: skip


# ------------------------------------------------------------------------------------------------- what is filled in


def with_data(field_ids: Sequence[int]) -> set[int]:
    """Those of the fields that somebody filled in, or proposed something for."""
    if not field_ids:
        return set()
    filled = sa.select(FieldValue.field_id).where(FieldValue.field_id.in_(field_ids))
    proposed = sa.select(FieldProposal.field_id).where(FieldProposal.field_id.in_(field_ids))
    return set(db.session.scalars(sa.union(filled, proposed)))


def holds_data(part: Part) -> bool:
    """Is anything below it filled in? Columns of ours count as filled in."""
    fields = list(fields_below(part))
    return any(f.column for f in fields) or bool(with_data([f.id for f in fields]))


def used_choices(field: CustomField) -> set[str]:
    """The keys of the choices that somebody chose or proposed; all of them for a secret, which cannot be asked."""
    found: set[str] = set()
    rows = db.session.execute(
        sa.select(FieldValue.text, FieldValue.keys, FieldValue.sealed).where(FieldValue.field_id == field.id)
    )
    for text, keys, sealed in rows:
        if sealed is not None:
            return {c["key"] for c in field.choices}
        found |= {text} if text else set()
        found |= set(keys or ())
    waiting = sa.select(FieldProposal.facts).where(
        FieldProposal.field_id == field.id, FieldProposal.state == ProposalState.PENDING
    )
    for facts in db.session.scalars(waiting):
        new = facts.get("new")
        found |= set(map(str, new)) if isinstance(new, list) else {str(new)}
    return found


# ------------------------------------------------------------------------------------------------------------ checks


def _begin(
    part: Part, values: Mapping[str, Any], needed: str | None, *, actor: Actor, seen_version: int | None
) -> dict[str, Any]:
    """May they, is it as they saw it, and are the texts of a sensible length?"""
    actor.require(Permission.FIELDS)
    cleaned = records.tidy(values)
    if part.id is not None:
        _refresh(part)
        if seen_version is not None and part.version != seen_version:
            raise Conflict("meanwhile", N_("Somebody else changed “%(name)s” meanwhile. Nothing was saved: look at it as it is now."), name=str(part))  # fmt: skip
    if needed:
        records.require_text({needed: cleaned.get(needed, getattr(part, needed))}, [needed], N_("Fill in a name."))
    for key, most in (("name", MAX_NAME), ("label", MAX_NAME), ("help", MAX_HELP)):
        if len(str(cleaned.get(key) or "")) > most:
            raise Invalid("too_long", N_("Use at most %(most)s characters."), field=key, most=most)
    for key in ("name", "label"):
        if key in cleaned:
            cleaned[key] = " ".join(str(cleaned[key] or "").split())
    return cleaned


def _refresh(part: Part) -> None:
    """Take turns with everybody who works on the same area, and read the part as it is now."""
    lock_design(area_of(part))
    db.session.expire(part)


def _check_parent(part: FieldSection | CustomField, cleaned: Mapping[str, Any], key: str) -> None:
    parent = cleaned.get(key, getattr(part, key))
    if parent is None:
        raise Invalid("no_parent", N_("Choose where it stands."), field=key)
    old = getattr(part, key) if part.id is not None else None
    if old is not None and area_of(old) is not area_of(parent):
        raise Invalid("other_area", N_("It can only stand on a page that is about the same."), field=key)


def _only_look(part: Part, cleaned: dict[str, Any], area: FieldArea) -> None:
    """Clients read report cards; what is open to be changed elsewhere is open to be looked at there."""
    if area is FieldArea.REPORT and cleaned.get("portal_access", part.portal_access) in {None, PortalAccess.EDIT}:
        cleaned["portal_access"] = PortalAccess.VIEW


def _check_system(field: CustomField, cleaned: Mapping[str, Any]) -> None:
    if field.id is None or (field.column is None and not cleaned.get("column")):
        return
    for key, value in cleaned.items():
        if key not in SYSTEM_OPEN and value != getattr(field, key):
            raise Invalid("system_field", N_("“%(name)s” belongs to Latchkey: its label, help, place and access are yours, the rest stays."), field=key, name=str(field))  # fmt: skip


def _check_no_column(part: Part) -> None:
    ours = [f.label for f in fields_below(part) if f.column]
    if ours and isinstance(part, CustomField):
        raise Invalid("system_field", N_("“%(name)s” belongs to Latchkey and stays. You can hide it by its access."), name=str(part))  # fmt: skip
    if ours:
        raise Invalid("holds_system", N_("Move “%(names)s” to another page first: Latchkey needs it."), names="”, “".join(ours))  # fmt: skip


def _check_condition(cleaned: dict[str, Any]) -> None:
    """A condition names a field and its answers, or none of them: as soon as it is filled in."""
    condition = cleaned.get("show_if")
    if "show_if" in cleaned:
        answers = list(dict.fromkeys(str(v) for v in (condition or {}).get("values") or ()))
        cleaned["show_if"] = {"field": str(condition.get("field") or ""), "values": answers} if condition else None


def _choices(field: CustomField, typed: Sequence[Mapping[str, Any]], kind: FieldKind) -> list[Choice]:
    """The choices as they are kept: old ones under their keys, new ones under keys made of their labels."""
    if kind not in CHOICE_KINDS:
        return []
    old = {c["key"]: c for c in field.choices or []} if field.id is not None else {}
    kept: list[Choice] = []
    for row in typed:
        label = " ".join(records.tidy({"label": str(row.get("label") or "")})["label"].split())
        if not label:
            continue
        if len(label) > MAX_CHOICE:
            raise Invalid("too_long", N_("Use at most %(most)s characters."), field="choices", most=MAX_CHOICE)
        key = str(row.get("key") or "")
        if key not in old and (field.id is not None or not _KEY.fullmatch(key)):
            key = ""
        retired = {"retired": "yes"} if row.get("retired") else {}
        kept.append({"key": key, "label": label, **retired})
    if len(kept) > MAX_CHOICES:
        raise Invalid("too_many", N_("A list has at most %(most)s choices."), field="choices", most=MAX_CHOICES)
    if len({c["label"].casefold() for c in kept}) < len(kept):
        raise Invalid("choice_twice", N_("Each choice can be in the list once."), field="choices")
    if not [c for c in kept if "retired" not in c]:
        raise Invalid("no_choices", N_("Fill in at least one choice."), field="choices")
    taken = {*old, *(c["key"] for c in kept if c["key"])}
    for choice in kept:
        choice["key"] = choice["key"] or _new_key(choice["label"], taken)
        taken.add(choice["key"])
    gone = set(old) - {c["key"] for c in kept}
    if gone and (lost := gone & used_choices(field)):
        words = ", ".join(sorted(old[key]["label"] for key in lost))
        raise Invalid("choice_in_use", N_("Somebody chose “%(labels)s”. Retire it instead: it is not offered any more, and what was chosen stays."), field="choices", labels=words)  # fmt: skip
    return kept


def _new_key(label: str, taken: set[str]) -> str:
    """`Raw food` becomes raw_food, a second one raw_food_2."""
    plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40] or "choice"
    key, n = stem, 1
    while key in taken:
        n += 1
        key = f"{stem}_{n}"
    return key


# ------------------------------------------------------------------------------------------------------------ saving


def _save(part: Saved, cleaned: Mapping[str, Any], *, actor: Actor) -> Saved:
    """Write it, see whether the whole area still makes sense, and log it; all or nothing."""
    is_new = part.id is None
    moves = not is_new and any(k in cleaned and cleaned[k] is not getattr(part, k) for k in ("page", "section"))
    changed = {} if is_new else _changes(part, cleaned)
    with db.session.begin_nested():
        with db.session.no_autoflush:
            for key, value in cleaned.items():
                setattr(part, key, value)
            if is_new:
                lock_design(area_of(part))
            if is_new or moves:
                part.position = field_order.end_of(part)
        db.session.add(part)
        db.session.flush()
        if changed or cleaned.get("show_if"):
            field_order.check(area_of(part))
    if is_new:
        _log("added", part, actor=actor)
    elif changed:
        _log("changed", part, actor=actor, changes=changed)
    return part


def _changes(part: Part, cleaned: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Old and new as the log keeps them: choices and conditions in words."""
    changed = records.changes_of(part, cleaned)
    if "choices" in changed and isinstance(part, CustomField):
        changed["choices"] = [_choice_words(side) for side in (part.choices, cleaned["choices"])]
    if "show_if" in changed and not isinstance(part, FieldPage):
        changed["show_if"] = [field_order.condition_words(side) for side in (part.show_if, cleaned["show_if"])]
    return changed


def _choice_words(choices: Sequence[Choice]) -> str:
    """Those that are offered, in their order; retired ones in brackets."""
    return ", ".join(f"({c['label']})" if "retired" in c else c["label"] for c in choices)


def _log(verb: str, part: Part, *, actor: Actor, **facts: Any) -> None:  # noqa: ANN401 -- plain values
    activity.record(
        f"{part.__tablename__}.{verb}", actor=actor, subject=part, name=str(part), area=area_of(part).value, **facts
    )
