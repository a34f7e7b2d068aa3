"""Pieces of forms that stand in a long page some fifty times, as plain functions that templates call like macros."""

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup, escape

from ui_kit.quick import icon


def described(field: Any, hint: object) -> str:  # noqa: ANN401 -- a field of WTForms
    """The ids of what explains a field: its hint and what is wrong with it."""
    ids = [f"{field.id}-hint"] if hint else []
    return " ".join([*ids, f"{field.id}-error"] if field.errors else ids)


def errors(field: Any) -> Markup:  # noqa: ANN401 -- as above
    """`ui.errors`: what is wrong with a field."""
    if not field.errors:
        return Markup("")
    words = " ".join(str(escape(error)) for error in field.errors)
    return Markup(  # noqa: S704 -- escaped
        f'<span class="ui-error" id="{escape(field.id)}-error">{icon("alert-triangle")}<span>{words}</span></span>'
    )


def switch(field: Any, hint: object = None, label: object = None, cls: str = "", **more: object) -> Markup:  # noqa: ANN401 -- as above
    """`ui.switch`: a yes/no as a switch, its label on the left."""
    hint = field.description if hint is None else hint
    if about := described(field, hint):
        more["aria_describedby"] = about
    if field.errors:
        more["aria_invalid"] = "true"
    look = f" {escape(cls)}" if cls else ""
    below = f'<div class="ui-sub" id="{escape(field.id)}-hint">{escape(hint)}</div>' if hint else ""
    return Markup(  # noqa: S704 -- escaped
        f'<div class="ui-field{look}"><div class="ui-switchline"><div class="ui-grow"><label class="u-strong" for="{escape(field.id)}">'
        f"{escape(field.label.text if label is None else label)}</label>{below}</div>"
        f'<span class="ui-switch">{field(role="switch", **more)}<i></i></span></div>{errors(field)}</div>'
    )


def options(pairs: Iterable[tuple[object, object]]) -> Markup:
    """The options of a long selection: values with their words."""
    return Markup("".join(f'<option value="{escape(value)}">{escape(words)}</option>' for value, words in pairs))  # noqa: S704 -- escaped
