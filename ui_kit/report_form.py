"""The form of a report card, the same for the sitter and for the office, and what it sent.

What may be written is decided by `workflows.report_cards`, whatever a form sends.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from models import Job, ReportCard, StoredFile
from ui_kit import field_entry, uploading
from ui_kit.field_entry import FIELD, Entry
from workflows import field_kinds, field_order, field_saving, field_values, report_cards, report_views, uploads
from workflows.actors import Actor
from workflows.errors import Invalid
from workflows.field_kinds import FILES, kind_of
from workflows.field_layout import Layout, PlacedField
from workflows.field_values import Values
from workflows.report_cards import TEXTS, Side, Typed
from workflows.uploads import Checked, Upload

#: beside what is typed: the mark of what the form was based on, the file that is there, and taking it away
SEEN, KEPT, DROP = "seen-", "kept-", "drop-"


@dataclass(frozen=True)
class Part:
    """A section with its entries."""

    name: str
    help: str
    rows: list[Entry]


@dataclass(frozen=True)
class Text:
    """The message, or the note to the office."""

    typed: str
    seen: str
    most: int
    error: str = ""


@dataclass(frozen=True)
class Form:
    """All that the template needs."""

    parts: list[Part]
    texts: Mapping[str, Text]
    base: int
    #: address on the page, label, sentence
    wrong: list[tuple[str, str, str]]


def form_of(
    job: Job,
    card: ReportCard | None,
    *,
    actor: Actor,
    sent: Typed | None = None,
    problems: Mapping[str, Invalid] | None = None,
    sides: Iterable[Side] = (),
) -> Form:
    """The form as the card stands, or as it was sent, with what is wrong about that.

    Where somebody else was first, their answer stands beside the one that was typed, and the next saving means that.
    """
    whole = report_views.layout_of(job)
    open_ = report_cards.writable(whole, actor=actor)
    # A card that is not there yet holds nothing; one that belongs to no visit is never saved by chance.
    values = field_values.read(card) if card else Values(ReportCard())
    marks = report_cards.marks_of(card, open_, values)
    both = {side.key: side for side in sides}
    seen = {key: sent.seen.get(key, sign) if sent and key not in both else sign for key, sign in marks.items()}
    wrong = {key: problem.say(_) for key, problem in (problems or {}).items()}
    wrong |= {key: _("Changed meanwhile to: %(value)s. Save again to use yours.", value=side.theirs or _("nothing")) for key, side in both.items()}  # fmt: skip
    raw = dict(sent.values) if sent else {}
    stand = _Stand(open_, values, raw, seen, wrong)
    parts = _parts(stand)
    texts = {
        key: Text((sent.texts if sent else {}).get(key, getattr(card, key) if card else ""), seen[key], most, wrong.get(key, ""))
        for key, (most, _label) in TEXTS.items()
    }  # fmt: skip
    labels = {key: p.field.label for key, p in open_.fields.items()} | {k: _(label) for k, (_m, label) in TEXTS.items()}
    base = sent.base if sent and sent.base is not None else card.version if card else 0
    said = [(key if key in TEXTS else FIELD + key, labels[key], words) for key, words in wrong.items() if key in labels]
    return Form(parts, texts, base, said)


def parts_of(open_: Layout, values: Values) -> list[Part]:
    """The sections with their entries and what is offered in them, for a script that knows the marks itself."""
    return _parts(_Stand(open_, values, {}, dict.fromkeys(open_.fields, ""), {}))


@dataclass(frozen=True)
class _Stand:
    """What the entries are made of: the pages, what the card holds, what was sent, its marks, and what is wrong with it."""

    layout: Layout
    values: Values
    raw: Mapping[str, object]
    seen: Mapping[str, str]
    wrong: Mapping[str, str]


def _parts(stand: _Stand) -> list[Part]:
    parts = [
        Part(s.section.name, s.section.help, [_entry(p, stand) for p in s.fields])
        for page in stand.layout.pages
        for s in page.sections
    ]
    return [part for part in parts if part.rows]


def _entry(placed: PlacedField, stand: _Stand) -> Entry:
    of, key = placed.field, placed.key
    held, kind = stand.values.of(of), kind_of(of)
    choices, conditions = field_entry.offered(of, held), stand.layout.conditions[key]
    typed = field_kinds.typed(of, held)
    if key in stand.raw and kind not in FILES:
        given = stand.raw[key]
        typed = [str(x) for x in given] if isinstance(given, list) else str(given)
    return Entry(
        key, of.label, of.help, kind.value, field_entry.drawn(kind, len(choices)), typed, stand.seen[key], choices,
        is_required=of.is_required, error=stand.wrong.get(key, ""), conditions=_as_json(conditions),
        only_if="; ".join(field_order.condition_words(c, _) for c in conditions),
        file=_file(placed, stand.values, stand.raw.get(key, held)) if kind in FILES else None,
    )  # fmt: skip


def _file(placed: PlacedField, values: Values, raw: object) -> StoredFile | None:
    """The file that is there, or that was sent with the form that comes back."""
    try:
        found = field_kinds.clean(placed.field, raw, owner=values.owner)
    except Invalid:
        return None
    return found if isinstance(found, StoredFile) else None


def _as_json(conditions: list[dict[str, Any]]) -> str:
    """Conditions for the script that shows and hides fields while a form is filled in."""
    plain = [{"field": c["field"], "values": [str(v) for v in c.get("values") or []]} for c in conditions]
    return json.dumps(plain) if plain else ""


# ------------------------------------------------------------------------------------------------------ what was sent


def read_form(form: MultiDict[str, str]) -> Typed:
    """Read a form. Its fields are those whose mark it carries: an empty tick box sends nothing else."""
    values: dict[str, object] = {}
    seen: dict[str, str] = {}
    for name in list(form)[: field_saving.MAX_FIELDS * 4]:
        key = name.removeprefix(SEEN)
        if name == key:
            continue
        seen[key] = form[name]
        if key in TEXTS:
            continue
        if KEPT + key in form:
            values[key] = "" if DROP + key in form else form[KEPT + key]
            continue
        given = form.getlist(FIELD + key)
        values[key] = given if len(given) > 1 else given[0] if given else ""
    return Typed(values, {key: form[key] for key in TEXTS if key in form}, seen, form.get("base", type=int))


def read_json(sent: Mapping[str, Any]) -> Typed:
    """The same from JSON: {"base": 3, "message": "…", "office_note": "…", "fields": {id: text or list}, "seen": {id: mark}}."""

    def plain(part: object) -> dict[str, Any]:
        pairs = list(part.items())[: field_saving.MAX_FIELDS] if isinstance(part, dict) else []
        return {str(k): [str(x) for x in v] if isinstance(v, list) else str(v) for k, v in pairs if v is not None}

    base = sent.get("base")
    return Typed(
        plain(sent.get("fields")),
        {key: str(sent[key]) for key in TEXTS if isinstance(sent.get(key), str)},
        {key: sign for key, sign in plain(sent.get("seen")).items() if isinstance(sign, str)},
        base if isinstance(base, int) and not isinstance(base, bool) else None,
    )


def look_at_files(open_: Layout) -> tuple[dict[str, Checked], dict[str, Invalid]]:
    """The files that came for fields of the card, made safe, and why others cannot be kept."""
    good: dict[str, Checked] = {}
    bad: dict[str, Invalid] = {}
    for key, placed in open_.fields.items():
        kind = kind_of(placed.field)
        for name, data in uploading.received(FIELD + key)[:1] if kind in FILES else ():
            look = uploads.photo if kind.value == "image" else uploads.photo_or_document
            try:
                good[key] = look(Upload(name, data))
            except Invalid as problem:
                bad[key] = problem
    return good, bad


def look_at_photos() -> tuple[list[Checked], list[tuple[str, Invalid]]]:
    """The photos that came, made safe, and of others the name and the refusal."""
    good, bad = [], []
    for name, data in uploading.received("photos"):
        try:
            good.append(uploads.photo(Upload(name, data)))
        except Invalid as refusal:
            bad.append((uploads.shown_name(name), refusal))
    return good, bad
