"""A page of fields as it is read and as it is filled in: plain values for the templates, and what a form sent.

What may be written is decided by `workflows.field_saving`, whatever a form sends.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from client_portal import words
from models import FieldKind, PortalAccess, StoredFile
from ui_kit import field_entry
from ui_kit.field_entry import FIELD, Entry
from workflows import field_kinds, field_saving, field_values
from workflows.actors import Actor
from workflows.errors import Invalid
from workflows.field_kinds import NO, YES, Value, is_needed, kind_of
from workflows.field_layout import Layout, PlacedField, PlacedPage, is_met
from workflows.field_values import Values

#: the names of inputs beside what is typed: the mark of what the form was based on, which of two answers counts, the file that
#: is there, and taking it away
SEEN, PICK, KEPT, DROP = "seen-", "pick-", "kept-", "drop-"


@dataclass(frozen=True)
class Line:
    """A field as it is read."""

    label: str
    words: str
    #: "text", "email", "phone", "link", "file" or "image"
    kind: str
    #: a secret in the clear, behind a press
    secret: str = ""
    #: what waits for the office's yes
    pending: str = ""
    is_pending: bool = False
    pending_file: StoredFile | None = None
    is_missing: bool = False
    #: what the office said no to, and its word about it
    is_declined: bool = False
    declined: str = ""
    answer: str = ""
    href: str = ""
    file: StoredFile | None = None


@dataclass(frozen=True)
class Part:
    """A section with its lines or entries."""

    name: str
    help: str
    rows: list[Any]


# --------------------------------------------------------------------------------------------------------- reading


def read_page(page: PlacedPage, whole: Layout, values: Values, *, secrets: bool, asks: bool) -> list[Part]:
    """The sections of a page with what is filled in; only what the answers ask for.

    `secrets`: may they be opened? `asks`: does it say what is still to be filled in?
    """
    asked = values.asked(whole)
    parts = [
        Part(
            section.section.name,
            section.section.help,
            [_line(p, values, secrets=secrets, asks=asks) for p in section.fields if p.key in asked],
        )
        for section in page.sections
    ]
    return [part for part in parts if part.rows]


def _line(placed: PlacedField, values: Values, *, secrets: bool, asks: bool) -> Line:
    of, value = placed.field, values.of(placed.field)
    said = values.shown(of, translate=_)
    opens = secrets and of.is_secret and value is not None
    kind = kind_of(of).value
    waits, no = values.is_pending(of), values.refused(of)
    refused = field_values.opened(of, no.facts.get("new")) if no else None
    wish = values.proposed(of) if waits else None
    return Line(
        of.label,
        said,
        kind,
        secret=values.shown(of, reveal=True, translate=_) if opens else "",
        pending=field_kinds.shown(of, wish, reveal=secrets, translate=_),
        is_pending=waits,
        pending_file=wish if isinstance(wish, StoredFile) else None,
        is_missing=asks and value is None and not waits and is_needed(of) and placed.portal is PortalAccess.EDIT,
        is_declined=no is not None,
        declined=field_kinds.shown(of, refused, reveal=secrets, translate=_),
        answer=no.answer if no else "",
        href="" if of.is_secret else field_kinds.address_of(kind_of(of), value),
        file=value if isinstance(value, StoredFile) and not of.is_secret else None,
    )


# ------------------------------------------------------------------------------------------------------ filling in


def form_page(
    page: PlacedPage,
    whole: Layout,
    values: Values,
    *,
    actor: Actor,
    open_: frozenset[str],
    sent: "Sent | None" = None,
) -> list[Part]:
    """The sections of a page with the fields that may be filled in here (`open_`), as they stand, or as they were sent.

    A field whose condition hangs on another page, and is not met, is left out; one whose condition hangs on this form
    stands in it with the condition, since the answer may change while it is filled in.
    """
    form = _Form(whole, values, actor, open_, sent or Sent({}, {}))
    parts = [
        Part(s.section.name, s.section.help, [form.entry(p) for p in s.fields if form.stands(p)]) for s in page.sections
    ]
    return [part for part in parts if part.rows]


@dataclass(frozen=True)
class _Form:
    whole: Layout
    values: Values
    actor: Actor
    #: the keys of the fields that are on the form
    open_: frozenset[str]
    sent: "Sent"

    def stands(self, placed: PlacedField) -> bool:
        if placed.key not in self.open_:
            return False
        asked, answers = self.values.asked(self.whole), self.values.answers(self.whole)
        elsewhere = [c for c in self.whole.conditions[placed.key] if c["field"] not in self.open_]
        return all(is_met(c, asked, answers) for c in elsewhere)

    def entry(self, placed: PlacedField) -> Entry:
        of, key = placed.field, placed.key
        base = field_saving.standing(self.values, of, actor=self.actor)
        choices = field_entry.offered(of, base)
        here = [c for c in self.whole.conditions[key] if c["field"] in self.open_]
        return Entry(
            key,
            of.label,
            of.help,
            kind_of(of).value,
            field_entry.drawn(kind_of(of), len(choices)),
            self._typed(placed, base),
            self.sent.seen.get(key) or field_kinds.mark(base),
            choices,
            is_needed(of),
            of.needs_approval,
            self.values.is_pending(of),
            self.sent.problems[key].say(_) if key in self.sent.problems else "",
            _as_json(here),
            words.names([_condition(c, self.whole) for c in here]),
            self._file(placed, base),
        )

    def _file(self, placed: PlacedField, base: Value) -> StoredFile | None:
        """The file that is there, or that was sent with the form that comes back."""
        raw = self.sent.raw.get(placed.key, base) if kind_of(placed.field) in field_kinds.FILES else None
        try:
            found = field_kinds.clean(placed.field, raw, owner=self.values.owner)
        except Invalid:
            return None
        return found if isinstance(found, StoredFile) else None

    def _typed(self, placed: PlacedField, base: Value) -> str | list[str]:
        if placed.key not in self.sent.raw or kind_of(placed.field) in field_kinds.FILES:
            return field_kinds.typed(placed.field, base)
        given = self.sent.raw[placed.key]
        return [str(x) for x in given] if isinstance(given, list) else str(given)


def _as_json(conditions: list[dict[str, Any]]) -> str:
    """Conditions for the script that shows and hides fields while a form is filled in."""
    plain = [{"field": c["field"], "values": [str(v) for v in c.get("values") or []]} for c in conditions]
    return json.dumps(plain) if plain else ""


def _condition(condition: Mapping[str, Any], whole: Layout) -> str:
    """`Alarm: Yes or Sometimes`, as the one who fills it in reads it."""
    other = whole.fields[condition["field"]].field
    wanted = [str(v) for v in condition.get("values") or []]
    if not wanted:
        return _("%(label)s is filled in", label=other.label)
    known = {YES: _("Yes"), NO: _("No")} if kind_of(other) is FieldKind.YES_NO else field_kinds.choices(other)
    said = [known.get(v, v) for v in wanted]
    return _("%(label)s is %(answers)s", label=other.label, answers=words.one_of(said))


# ------------------------------------------------------------------------------------------------------ what was sent


@dataclass(frozen=True)
class Sent:
    """What a form sent: the raw values, and what each field held when the form was made."""

    raw: Mapping[str, object]
    seen: Mapping[str, str]
    #: what was refused about it
    problems: Mapping[str, Invalid] = field(default_factory=dict)


def read_form(form: MultiDict[str, str], whole: Layout) -> Sent:
    """Read a form. Its fields are those whose mark it carries: an empty tick box sends nothing else.

    Where two had changed the same field and this one keeps what is saved, the field is left out.
    """
    raw: dict[str, object] = {}
    seen: dict[str, str] = {}
    for name in list(form)[: field_saving.MAX_FIELDS * 4]:
        key = name.removeprefix(SEEN)
        if name == key or form.get(PICK + key) == "theirs":
            continue
        placed = whole.fields.get(key)
        if KEPT + key in form:
            raw[key], seen[key] = "" if DROP + key in form else form[KEPT + key], form[name]
            continue
        given = form.getlist(FIELD + key)
        # One answer counts where one is asked for, however often it was sent; of a field that is gone we cannot tell.
        many = len(given) > 1 if placed is None else kind_of(placed.field) is FieldKind.MULTI_CHOICE
        raw[key] = given if many else given[0] if given else ""
        seen[key] = form[name]
    return Sent(raw, seen)
