"""What the API says of a field that is not shaped as its schema wants it: a sentence for each kind of error.

The kinds are pydantic's own names; whatever has none here gets a general sentence, so that nothing is left untranslated.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext, ngettext

from api.schemas import FIRST, LAST, SEEN, TIME

Context = Mapping[str, Any]


def sentence(kind: str, context: Context) -> str:
    """The sentence for one error, in the reader's language. `context` is what pydantic gives with it."""
    return SENTENCES.get(kind, _other)(context)


def _other(_context: Context) -> str:
    return gettext("This is not as it must be.")


def _missing(_context: Context) -> str:
    return gettext("This must be filled in.")


def _unknown(_context: Context) -> str:
    return gettext("There is no such field here.")


def _text(_context: Context) -> str:
    return gettext("This must be a text.")


def _too_short(context: Context) -> str:
    least = context["min_length"]
    return ngettext("Write at least one letter.", "Write at least %(num)s letters.", least)


def _too_long(context: Context) -> str:
    return gettext("Write at most %(most)s letters.", most=context["max_length"])


def _pattern(context: Context) -> str:
    if context["pattern"] == TIME:
        return gettext("Write hours and minutes, like 09:30.")
    if context["pattern"] == SEEN:
        return gettext("There is a sign in it that cannot be kept.")
    return gettext("This is no id.")


def _number(_context: Context) -> str:
    return gettext("This must be a whole number.")


def _at_least(context: Context) -> str:
    return gettext("This must be %(least)s or more.", least=context["ge"])


def _at_most(context: Context) -> str:
    return gettext("This must be %(most)s or less.", most=context["le"])


def _yes_or_no(_context: Context) -> str:
    return gettext("This must be true or false.")


def _one_of(context: Context) -> str:
    return gettext("Use one of these: %(words)s.", words=", ".join(re.findall(r"'([^']*)'", context["expected"])))


def _day(_context: Context) -> str:
    return gettext("Write the day as 2026-11-30.")


def _day_is_far(_context: Context) -> str:
    return gettext("The day must lie between %(first)s and %(last)s.", first=FIRST.year, last=LAST.year)


def _moment(_context: Context) -> str:
    return gettext("Write the moment with its offset, like 2026-11-30T09:30:00-05:00.")


def _list(_context: Context) -> str:
    return gettext("This must be a list.")


def _too_few(context: Context) -> str:
    return ngettext("Send at least one.", "Send at least %(num)s.", context["min_length"])


def _too_many(context: Context) -> str:
    return gettext("Send at most %(most)s.", most=context["max_length"])


def _object(_context: Context) -> str:
    return gettext("This must be an object with fields.")


SENTENCES: dict[str, Callable[[Context], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "string_type": _text,
    "string_unicode": _text,
    "string_too_short": _too_short,
    "string_too_long": _too_long,
    "string_pattern_mismatch": _pattern,
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float", "finite_number"), _number),
    "greater_than_equal": _at_least,
    "less_than_equal": _at_most,
    **dict.fromkeys(("bool_type", "bool_parsing"), _yes_or_no),
    "enum": _one_of,
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), _day),
    "day_is_far": _day_is_far,
    **dict.fromkeys(
        (
            "datetime_type",
            "datetime_parsing",
            "datetime_from_date_parsing",
            "datetime_object_invalid",
            "timezone_aware",
        ),
        _moment,
    ),
    "list_type": _list,
    "too_short": _too_few,
    "too_long": _too_many,
    "model_type": _object,
    "model_attributes_type": _object,
}
