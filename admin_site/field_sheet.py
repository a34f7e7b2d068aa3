"""A page of fields in the back office: as it is read, and as it is filled in. Plain values for the templates.

What may be written is decided by `workflows.field_saving`, whatever a form sends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from admin_site.reading import link
from models import CustomField, FieldArea, FieldKind, PortalAccess, StoredFile
from ui_kit import field_entry
from workflows import field_kinds, field_order, field_saving
from workflows.actors import Actor
from workflows.errors import Invalid
from workflows.field_kinds import kind_of
from workflows.field_layout import Layout, PlacedField, PlacedPage
from workflows.field_saving import Clash
from workflows.field_values import Values

FIELD, SEEN, EMPTY, KEPT = "f-", "seen-", "empty-", "kept-"


@dataclass(frozen=True)
class Line:
    """A field as it is read."""

    key: str
    label: str
    #: what is filled in, secrets masked unless they were opened
    words: str
    kind: str
    href: str = ""
    is_secret: bool = False
    is_open: bool = False
    #: clients do not see it
    is_hidden: bool = False
    #: what a client proposed, and waits; a photo or document with the way to it
    pending: str = ""
    pending_href: str = ""


@dataclass(frozen=True)
class Sheet:
    """A page with its sections: pairs of heading and lines, or of heading and entries."""

    public_id: str
    name: str
    sections: list[tuple[str, list[Any]]]
    has_secrets: bool = False
    is_open: bool = False


@dataclass(frozen=True)
class Entry:
    """A field as the office fills it in."""

    id: str
    name: str
    label: str
    help: str
    kind: str
    answers: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    is_needed: bool = False
    #: what the form was based on
    seen_name: str = ""
    seen: str = ""
    #: a secret is never shown in a form: its box is empty, and empty keeps it
    is_secret: bool = False
    is_filled: bool = False
    empty_name: str = ""
    #: a file that came with a form that was refused: it is kept, and named in the next one
    kept_name: str = ""
    kept: str = ""
    error: str = ""
    #: "Alarm: Yes"
    only_if: str = ""


def read_sheet(page: PlacedPage, whole: Layout, values: Values, opened: Mapping[str, str]) -> Sheet:
    """The page with what is filled in; what the answers do not ask for is left out. `opened`: secrets in the clear."""
    asked = values.asked(whole)
    sections = []
    for section in page.sections:
        lines = [_line(p, values, opened) for p in section.fields if p.key in asked]
        if lines:
            sections.append((section.section.name, lines))
    every = [line for _name, lines in sections for line in lines]
    return Sheet(
        page.page.public_id, page.page.name, sections,
        has_secrets=any(x.is_secret and x.words for x in every), is_open=any(x.is_open for x in every),
    )  # fmt: skip


def _line(placed: PlacedField, values: Values, opened: Mapping[str, str]) -> Line:
    of = placed.field
    value, kind = values.of(of), kind_of(of)
    is_open = placed.key in opened
    hidden = placed.portal is PortalAccess.HIDDEN and placed.page.area is not FieldArea.STAFF
    wish = values.proposed(of) if values.is_pending(of) else None
    waits = field_kinds.shown(of, wish, translate=gettext)
    return Line(
        placed.key, of.label, opened[placed.key] if is_open else values.shown(of, translate=gettext), kind.value,
        "" if of.is_secret else _href(kind, value), of.is_secret, is_open, hidden, waits,
        _href(kind, wish) if isinstance(wish, StoredFile) else "",
    )  # fmt: skip


def _href(kind: FieldKind, value: Any) -> str:
    if isinstance(value, StoredFile):
        return link("files_page.give", file_id=value.id, how="picture" if kind is FieldKind.IMAGE else "download") or ""
    return field_kinds.address_of(kind, value)


def form_sheet(page: PlacedPage, values: Values, *, actor: Actor, sent: "Sent | None" = None) -> Sheet:
    """The page with the fields that the actor may fill in, as they stand or as they were sent."""
    sent = sent or Sent({}, {})
    sections = []
    for section in page.sections:
        entries = [_entry(p, values, sent, actor) for p in section.fields if field_saving.may_edit(p, actor=actor)]
        if entries:
            sections.append((section.section.name, entries))
    return Sheet(page.page.public_id, page.page.name, sections)


def _entry(placed: PlacedField, values: Values, sent: "Sent", actor: Actor) -> Entry:
    of, key = placed.field, placed.key
    base = field_saving.standing(values, of, actor=actor)
    shown = None if of.is_secret else base
    typed = sent.raw[key] if key in sent.raw else field_kinds.typed(of, shown)
    kept = _kept(of, values, sent.raw.get(key)) if kind_of(of) in field_kinds.FILES else None
    if kind_of(of) in field_kinds.FILES:
        there = kept or base
        typed = there.name if isinstance(there, StoredFile) else ""
    answers = tuple(map(str, typed)) if isinstance(typed, list) else (str(typed),) if typed else ()
    conditions = [c for c in (placed.section.show_if, of.show_if) if c]
    return Entry(
        f"{FIELD}{key}", f"{FIELD}{key}", of.label, of.help, kind_of(of).value, answers, choices_of(of, shown),
        field_kinds.is_needed(of), f"{SEEN}{key}", sent.seen.get(key) or field_kinds.mark(base), of.is_secret,
        base is not None or kept is not None, f"{EMPTY}{key}", f"{KEPT}{key}", kept.public_id if kept else "",
        sent.problems.get(key, ""),
        "; ".join(field_order.condition_words(c, gettext) for c in conditions),
    )  # fmt: skip


def _kept(of: CustomField, values: Values, raw: object) -> StoredFile | None:
    """The file that was sent, if it is one of this record's."""
    try:
        found = field_kinds.clean(of, raw, owner=values.owner)
    except Invalid:
        return None
    return found if isinstance(found, StoredFile) else None


def choices_of(of: CustomField, now: Any = None) -> dict[str, str]:
    """What can be picked, key to words; yes and no among it."""
    return dict(field_entry.offered(of, now))


# ------------------------------------------------------------------------------------------------------ what was sent


@dataclass(frozen=True)
class Sent:
    """What a form sent: the raw values, what each field held when it was made, and what is wrong with it, in words."""

    raw: Mapping[str, object]
    seen: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)

    def with_files(self, kept: Mapping[str, StoredFile]) -> "Sent":
        """The same, with the files that came along."""
        return Sent({**self.raw, **{key: file.public_id for key, file in kept.items()}}, self.seen, self.problems)

    def with_problems(self, problems: Mapping[str, Invalid]) -> "Sent":
        """The same, with refusals."""
        return Sent(self.raw, self.seen, {key: problem.say(gettext) for key, problem in problems.items()})

    def with_clashes(self, clashes: tuple[Clash, ...]) -> "Sent":
        """The same, where somebody else was first: their answer beside it, and the next saving means ours."""
        now = {c.field.public_id: field_kinds.mark(c.theirs) for c in clashes}
        said = {
            c.field.public_id: gettext("Changed meanwhile to: %(value)s. Save again to use yours.", value=_short(c)) for c in clashes
        }  # fmt: skip
        return Sent(self.raw, {**self.seen, **now}, said)


def _short(clash: Clash) -> str:
    return field_kinds.shown(clash.field, clash.theirs, translate=gettext)[:200] or gettext("nothing")


def read_form(form: MultiDict[str, str], page: PlacedPage) -> Sent:
    """Read a form: the fields whose mark it carries. A secret's empty box means that it stays, unless it is emptied."""
    raw: dict[str, object] = {}
    seen: dict[str, str] = {}
    for placed in page.fields:
        key, of = placed.key, placed.field
        if SEEN + key not in form:
            continue
        if kind_of(of) in field_kinds.FILES:  # the files themselves come another way
            seen[key] = form[SEEN + key]
            raw |= {key: ""} if EMPTY + key in form else {key: form[KEPT + key]} if form.get(KEPT + key) else {}
            continue
        given = form.getlist(FIELD + key)
        many = kind_of(of) is FieldKind.MULTI_CHOICE
        is_blank = not any(text.strip() for text in given)
        if of.is_secret and is_blank and EMPTY + key not in form:
            continue
        raw[key] = given if many else "" if of.is_secret and EMPTY + key in form else given[0] if given else ""
        seen[key] = form[SEEN + key]
    return Sent(raw, seen)
