"""A form for each page of settings, made from the registry."""

import hashlib
import json
from functools import lru_cache
from typing import Any

from flask_babel import get_locale, gettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, Field, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import Optional

from settings_ui.options import KeptSelect, choices_of
from ui_kit.form_fields import TimeOfForm, WholeField
from workflows import settings
from workflows.settings import Entry, Kind


def field_name(key: str) -> str:
    """`portal.requests` as a form field: `portal__requests`."""
    return key.replace(".", "__")


def entries_of(page: str) -> list[Entry]:
    """The settings of a page, in the registry's order."""
    groups = {g.key for g in settings.GROUPS if g.page == page}
    return [e for e in settings.REGISTRY.values() if e.group in groups]


def _field(entry: Entry) -> Field:
    common: dict[str, Any] = {"label": gettext(entry.label), "description": gettext(entry.help)}
    optional = [Optional()] if entry.blank else []
    if entry.kind is Kind.SWITCH:
        return BooleanField(**common)
    if entry.kind is Kind.NUMBER:
        limits = {k: v for k, v in {"min": entry.least, "max": entry.most}.items() if v is not None}
        return WholeField(validators=optional, render_kw={**limits, "inputmode": "numeric"}, **common)
    if entry.kind is Kind.TIME:
        return TimeOfForm(validators=optional, **common)
    if entry.kind is Kind.LONG_TEXT:
        return TextAreaField(render_kw={"rows": 3, "maxlength": entry.max_length}, **common)
    if entry.kind is Kind.IMAGE:
        return FileField(render_kw={"accept": "image/jpeg,image/png,image/webp,image/heic,.heic"}, **common)
    if entry.kind is Kind.CHOICE and entry.choices:
        choices = choices_of(entry)
        searchable = {"data-searchable": ""} if len(choices) > 15 else {}
        return SelectField(choices=choices, validate_choice=False, render_kw=searchable, widget=KeptSelect(), **common)
    return StringField(render_kw={"maxlength": entry.max_length}, **common)


def shown(entry: Entry, value: Any) -> Any:
    """What the field holds: a text that came with Latchkey in the reader's language, as clients read it."""
    return gettext(value) if entry.kind is Kind.LONG_TEXT and value and value == entry.default else value


def given(entry: Entry, value: Any) -> Any:
    """What the field says; the text that came with Latchkey, left as it was shown, is the default again."""
    is_default = isinstance(value, str) and value.replace("\r\n", "\n") == shown(entry, entry.default)
    return entry.default if is_default else value


def digest(page: str, values: settings.Values) -> str:
    """A mark of what the page showed, so that two people who save at once do not overwrite each other unseen."""
    stored = {e.key: values.stored.get(e.key, e.default) for e in entries_of(page)}
    return hashlib.sha256(json.dumps(stored, sort_keys=True).encode()).hexdigest()[:24]


@lru_cache(maxsize=64)
def _form_class(page: str, _language: str, _choices: tuple[Any, ...]) -> type[FlaskForm]:
    """The page's fields in a language, made once for what can be chosen: that took a tenth of a long page."""
    fields: dict[str, Any] = {field_name(e.key): _field(e) for e in entries_of(page)}
    images = [e for e in entries_of(page) if e.kind is Kind.IMAGE]
    for entry in images:
        fields[f"remove_{field_name(entry.key)}"] = BooleanField(gettext("Remove the present picture"))
    fields["seen"] = HiddenField()
    return type("SettingsForm", (FlaskForm,), fields)


def make_form(page: str, values: settings.Values, formdata: Any = None) -> FlaskForm:
    """The page's form, filled with what is set, or with what was sent."""
    choices = tuple(tuple(e.choices()) for e in entries_of(page) if e.choices)
    form_class = _form_class(page, str(get_locale()), choices)
    data = {field_name(e.key): shown(e, values[e.key]) for e in entries_of(page) if e.kind is not Kind.IMAGE}
    return form_class(formdata, data={**data, "seen": digest(page, values)})
