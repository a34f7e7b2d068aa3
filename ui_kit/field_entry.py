"""A field of a custom page as clients fill it in: plain values for the macros of `ui/_entry.html`.

The portal's forms are made of these, and the designer's preview, so that it cannot show anything else.
"""

from dataclasses import dataclass, field

from flask_babel import gettext as _

from models import CustomField, FieldKind, StoredFile
from workflows import field_kinds
from workflows.field_kinds import NO, YES, Value, kind_of

#: more choices than this stand in a list that opens
MOST_TILES = 7
#: how the names of inputs begin
FIELD = "f-"


@dataclass(frozen=True)
class Entry:
    """A field as it is filled in."""

    key: str
    label: str
    help: str
    kind: str
    #: text, area, tiles, ticks, task, select, file
    as_: str
    typed: str | list[str]
    #: the mark of what the form was based on; without one it is only looked at
    seen: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)
    is_required: bool = False
    needs_approval: bool = False
    is_pending: bool = False
    error: str = ""
    #: conditions on other fields of the same form, as JSON for the script
    conditions: str = ""
    #: the same in words, for who has no script
    only_if: str = ""
    file: StoredFile | None = None
    prefix: str = FIELD

    @property
    def name(self) -> str:
        """Its name in the form."""
        return self.prefix + self.key


def offered(of: CustomField, now: Value = None) -> list[tuple[str, str]]:
    """What can be picked, key and words, with what the field holds; nothing for fields in which one types."""
    kind = kind_of(of)
    if kind is FieldKind.TASK:
        return [(YES, _("Done"))]
    if kind is FieldKind.YES_NO:
        return [(YES, _("Yes")), (NO, _("No"))]
    if kind in {FieldKind.CHOICE, FieldKind.MULTI_CHOICE}:
        return list(field_kinds.choices(of, now).items())
    return []


def drawn(kind: FieldKind, n_choices: int) -> str:
    """How it is drawn: as `Entry.as_` has it."""
    if kind is FieldKind.MULTI_CHOICE:
        return "ticks"
    if kind is FieldKind.TASK:
        return "task"
    if kind in {FieldKind.CHOICE, FieldKind.YES_NO}:
        return "tiles" if n_choices <= MOST_TILES else "select"
    if kind in field_kinds.FILES:
        return "file"
    return "area" if kind is FieldKind.LONG_TEXT else "text"
