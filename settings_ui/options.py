"""Long selections whose options are written once: a page of settings has 700 time zones, currencies and the like.

WTForms writes each option anew, which took nine tenths of the page.
"""

from functools import lru_cache
from typing import Any

from flask_babel import get_locale, gettext
from markupsafe import Markup, escape
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from ui_kit.quick import html_params
from workflows.setting_kinds import Entry

_Choices = tuple[tuple[Any, str], ...]


class KeptSelect:
    """The widget: the kept options, with the chosen one marked."""

    def __call__(self, field: SelectField, **attributes: Any) -> Markup:
        attributes.setdefault("id", field.id)
        options = _options(tuple((choice.value, str(choice.label)) for choice in field.choices))
        chosen = f'<option value="{escape(field.data)}">'
        marked = options.replace(chosen, f'<option selected value="{escape(field.data)}">', 1)
        return Markup(f"<select {html_params(name=field.name, **attributes)}>{marked}</select>")  # noqa: S704 -- escaped


@lru_cache(maxsize=256)
def _options(choices: _Choices) -> str:
    return "".join(f'<option value="{escape(value)}">{escape(label)}</option>' for value, label in choices)


def choices_of(entry: Entry) -> list[SelectChoice]:
    """What can be chosen, in the reader's language."""
    return list(_translated(tuple(entry.choices()), str(get_locale()))) if entry.choices else []


@lru_cache(maxsize=256)
def _translated(choices: _Choices, _language: str) -> tuple[SelectChoice, ...]:
    return tuple(SelectChoice(value, gettext(label)) for value, label in choices)
