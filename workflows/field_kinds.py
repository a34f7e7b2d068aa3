"""What each kind of field takes, and how it is written: from what was typed to a value, and back to words.

Values are plain: text, Decimal, date, bool, a tuple of keys, a StoredFile; None is "not filled in". Which client, pet,
staff member or report card has which value is `field_values`.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from babel.dates import format_skeleton
from babel.numbers import NumberFormatError, format_decimal, parse_decimal

from foundation import sealing
from foundation.db import db
from foundation.text import tidy
from models import Client, CustomField, FieldKind, FilePurpose, Pet, ReportCard, Staff, StoredFile
from workflows import people, settings
from workflows.errors import N_, Invalid

#: whose own pages are saved at once as they are typed; a report card is a draft first (`report_cards`)
Person = Client | Pet | Staff
Owner = Person | ReportCard
Value = str | Decimal | dt.date | bool | tuple[str, ...] | StoredFile | None

MASK = "••••"
MAX_TEXT = 255
MAX_LONG_TEXT = 10_000
MAX_LINK = 1000
#: ten-thousandths are kept as BIGINT
SCALE = 10_000
MAX_NUMBER = Decimal(10) ** 12
FIRST_YEAR, LAST_YEAR = 1900, 2199

YES, NO = "yes", "no"
YES_NO_WORDS = {True: N_("Yes"), False: N_("No")}
DONE = N_("Done")
TEXTS = frozenset(
    {FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.EMAIL, FieldKind.PHONE, FieldKind.LINK, FieldKind.CHOICE}
)
FILES = frozenset({FieldKind.IMAGE, FieldKind.FILE})


@dataclass(frozen=True)
class Column:
    """A column of ours that can stand among the office's fields."""

    kind: FieldKind
    most: int
    #: never empty
    needed: bool = False


#: what `CustomField.column` may name
COLUMNS: dict[str, Column] = {
    "client.first_name": Column(FieldKind.TEXT, 120, needed=True),
    "client.last_name": Column(FieldKind.TEXT, 120),
    "client.email": Column(FieldKind.EMAIL, 255),
    "client.phone": Column(FieldKind.PHONE, 40),
    "client.address_line1": Column(FieldKind.TEXT, 255),
    "client.address_line2": Column(FieldKind.TEXT, 255),
    "client.city": Column(FieldKind.TEXT, 120),
    "client.region": Column(FieldKind.TEXT, 120),
    "client.postcode": Column(FieldKind.TEXT, 20),
    "pet.name": Column(FieldKind.TEXT, 120, needed=True),
    "pet.breed": Column(FieldKind.TEXT, 120),
    "pet.born_on": Column(FieldKind.DATE, 0),
    "pet.warning": Column(FieldKind.TEXT, 255),
    "pet.feeding": Column(FieldKind.LONG_TEXT, MAX_LONG_TEXT),
    "pet.medication": Column(FieldKind.LONG_TEXT, MAX_LONG_TEXT),
    "pet.notes": Column(FieldKind.LONG_TEXT, MAX_LONG_TEXT),
    "staff.first_name": Column(FieldKind.TEXT, 120, needed=True),
    "staff.last_name": Column(FieldKind.TEXT, 120),
    "staff.email": Column(FieldKind.EMAIL, 255),
    "staff.phone": Column(FieldKind.PHONE, 40),
}


def kind_of(field: CustomField) -> FieldKind:
    """What the field asks for; a column's kind is not the office's to change."""
    return COLUMNS[field.column].kind if field.column else field.kind


def is_needed(field: CustomField) -> bool:
    """Must clients fill it in while they are asked for it?"""
    return field.is_required or bool(field.column and COLUMNS[field.column].needed)


# -------------------------------------------------------------------------------------------------- from what is typed


def clean(field: CustomField, raw: object, *, owner: Owner | None = None, now: Value = None) -> Value:
    """The value for what was typed (a text, or a list of texts for a multi-choice), or for a value as it is.

    Nothing typed is None. `now` is what the field holds: a choice that the office took away since may stay. Refused
    with Invalid, the field's public id as `field`: too long, not a number, date, address or link; a number with more
    than four decimals; a choice that is not offered; a file that is not this owner's.
    """
    try:
        return _CLEANERS[kind_of(field)](field, raw, owner, now)
    except Invalid as problem:
        problem.field = field.public_id
        raise


def _typed_text(raw: object) -> str:
    return tidy(raw if isinstance(raw, str) else "" if raw is None else str(raw))


def _text(field: CustomField, raw: object, _owner: Owner | None, _now: Value) -> Value:
    return _short_enough(re.sub(r"[ ]*[\n\t\u2028\u2029]+[ ]*", " ", _typed_text(raw)), _most(field, MAX_TEXT))


def _long_text(field: CustomField, raw: object, _owner: Owner | None, _now: Value) -> Value:
    return _short_enough(_typed_text(raw), _most(field, MAX_LONG_TEXT))


def _most(field: CustomField, usual: int) -> int:
    return COLUMNS[field.column].most if field.column else usual


def _short_enough(text: str, most: int) -> str | None:
    if len(text) > most:
        raise Invalid("value_long", N_("Use at most %(most)s characters; these are %(n)s."), most=most, n=len(text))
    return text or None


def _number(_field: CustomField, raw: object, _owner: Owner | None, _now: Value) -> Value:
    if isinstance(raw, bool):
        raise _no_number()
    if isinstance(raw, Decimal | int):
        number = Decimal(raw)
    else:
        text = _typed_text(raw)
        if not text:
            return None
        number = _read_number(text)
    if not number.is_finite() or abs(number) >= MAX_NUMBER:
        raise Invalid("value_number_big", N_("Enter a number with at most 12 digits before the decimals."))
    if number * SCALE != (number * SCALE).to_integral_value():
        raise Invalid("value_decimals", N_("Use at most four decimals."))
    return number.normalize() + 0


def _read_number(text: str) -> Decimal:
    """As the business's country writes numbers; groups of thousands only where they belong."""
    if not re.fullmatch(r"[+-]?[0-9][0-9.,'\u2019 \u00a0\u202f]{0,39}", text.replace("\u2212", "-")):
        raise _no_number()
    try:
        number = parse_decimal(text.replace("\u2212", "-").lstrip("+"), locale=_locale(), strict=True)
    except (NumberFormatError, InvalidOperation, ValueError) as problem:
        raise _no_number() from problem
    return Decimal(number)


def _no_number() -> Invalid:
    example = format_decimal(Decimal("12.5"), locale=_locale())
    return Invalid("value_number", N_("Enter a number, for example %(example)s."), example=example)


def _date(_field: CustomField, raw: object, _owner: Owner | None, _now: Value) -> Value:
    if isinstance(raw, dt.date):
        day = raw
    else:
        text = _typed_text(raw)
        if not text:
            return None
        try:
            day = dt.date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) else dt.date.min
        except ValueError:
            day = dt.date.min
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Invalid("value_date", N_("Enter a date as year, month and day, for example 2026-11-26."))
    return day


def _yes_no(_field: CustomField, raw: object, _owner: Owner | None, _now: Value) -> Value:
    if isinstance(raw, bool):
        return raw
    answer = {"": None, YES: True, NO: False}.get(_typed_text(raw), "?")
    if answer == "?":
        raise Invalid("value_yes_no", N_("Choose yes or no."))
    return answer


def _task(field: CustomField, raw: object, owner: Owner | None, now: Value) -> Value:
    """Done, or not filled in: a task that was not done is one that is left."""
    return _yes_no(field, raw, owner, now) or None


def _choice(field: CustomField, raw: object, _owner: Owner | None, now: Value) -> Value:
    key = _typed_text(raw)
    if not key:
        return None
    if key not in choices(field, now):
        raise Invalid("value_choice", N_("Choose one of the listed answers."))
    return key


def _multi_choice(field: CustomField, raw: object, _owner: Owner | None, now: Value) -> Value:
    given = raw if isinstance(raw, list | tuple | set | frozenset) else [raw]
    keys = {key for key in (_typed_text(one) for one in given) if key}
    offered = choices(field, now)
    if not keys <= offered.keys():
        raise Invalid("value_choice", N_("Choose among the listed answers."))
    return tuple(key for key in offered if key in keys) or None


def choices(field: CustomField, now: Value = None) -> dict[str, str]:
    """What can be chosen, key to words, in order; with what the field holds (`now`) even if it is offered no more."""
    known = {str(c["key"]): str(c["label"]) for c in field.choices}
    offered = {str(c["key"]): str(c["label"]) for c in field.choices if not c.get("retired")}
    held = (now,) if isinstance(now, str) else now if isinstance(now, tuple) else ()
    return offered | {key: known.get(key, key) for key in held if key not in offered}


def _email(field: CustomField, raw: object, _owner: Owner | None, _now: Value) -> Value:
    return _short_enough(people.clean_email(_typed_text(raw)) or "", _most(field, MAX_TEXT))


def _phone(_field: CustomField, raw: object, _owner: Owner | None, _now: Value) -> Value:
    return people.clean_phone(_typed_text(raw), region=people.region())


def _link(_field: CustomField, raw: object, _owner: Owner | None, _now: Value) -> Value:
    text = _typed_text(raw)
    try:
        parts = urlsplit(text)
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"[\s\\\"<>]", text)
    except ValueError:  # a bracket that is not closed
        fine = False
    if text and not fine:
        raise Invalid("value_link", N_("Enter a full web address that begins with https://."))
    return _short_enough(text, MAX_LINK)


def _file(field: CustomField, raw: object, owner: Owner | None, _now: Value) -> Value:
    if raw is None or raw == "":
        return None
    file = raw if isinstance(raw, StoredFile) else _find_file(str(raw))
    if file is None or owner is None or not is_file_of(owner, file):
        raise Invalid("value_file", N_("This file is not there any more. Please choose it again."))
    if kind_of(field) is FieldKind.IMAGE and not file.media_type.startswith("image/"):
        raise Invalid("value_image", N_("Choose a photo here."))
    return file


def _find_file(public_id: str) -> StoredFile | None:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,16}", public_id):
        return None
    return db.session.scalar(sa.select(StoredFile).where(StoredFile.public_id == public_id))


def is_file_of(owner: Owner, file: StoredFile) -> bool:
    """Was this file given for a field of this client, pet, staff member or report card, and is it still there?"""
    if file.purpose is not FilePurpose.FIELD or file.removed_at is not None:
        return False
    if isinstance(owner, ReportCard) or file.report_card_id is not None:
        return isinstance(owner, ReportCard) and file.report_card_id == owner.id
    if isinstance(owner, Pet):
        return file.pet_id == owner.id
    if isinstance(owner, Staff):
        return file.staff_id == owner.id
    return file.client_id == owner.id and file.pet_id is None and file.staff_id is None


_CLEANERS: dict[FieldKind, Callable[[CustomField, object, Owner | None, Value], Value]] = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _long_text,
    FieldKind.NUMBER: _number,
    FieldKind.DATE: _date,
    FieldKind.YES_NO: _yes_no,
    FieldKind.TASK: _task,
    FieldKind.CHOICE: _choice,
    FieldKind.MULTI_CHOICE: _multi_choice,
    FieldKind.EMAIL: _email,
    FieldKind.PHONE: _phone,
    FieldKind.LINK: _link,
    FieldKind.IMAGE: _file,
    FieldKind.FILE: _file,
}


# ------------------------------------------------------------------------------------------------------- to words


def shown(field: CustomField, value: Value, *, reveal: bool = False, translate: Callable[[str], str] = str) -> str:
    """The value in words, '' when not filled in. A secret is masked unless it is revealed."""
    if value is None:
        return ""
    if field.is_secret and not reveal:
        return MASK
    if isinstance(value, bool):
        return translate(DONE if value and kind_of(field) is FieldKind.TASK else YES_NO_WORDS[value])
    if isinstance(value, Decimal):
        return format_decimal(value, format="#,##0.####", locale=_locale())
    if isinstance(value, dt.date):
        return day_words(value)
    if isinstance(value, tuple):
        words = choices(field, value)
        return ", ".join(words[key] for key in value)
    return value.name if isinstance(value, StoredFile) else _shown_text(field, value)


def address_of(kind: FieldKind, value: Value) -> str:
    """Where a press on the value leads: to write a mail, to call, to a web page; "" for all else, whatever is stored."""
    if not isinstance(value, str):
        return ""
    if kind is FieldKind.LINK:
        return value if value.lower().startswith(("https://", "http://")) else ""
    return {FieldKind.EMAIL: f"mailto:{value}", FieldKind.PHONE: f"tel:{value}"}.get(kind, "")


def day_words(day: dt.date) -> str:
    """`Nov 26, 2026`, as the business's country writes it."""
    return format_skeleton("yMMMd", day, locale=_locale())


def _shown_text(field: CustomField, value: str) -> str:
    if kind_of(field) is FieldKind.CHOICE:
        return choices(field, value)[value]
    return people.show_phone(value, region=people.region()) if kind_of(field) is FieldKind.PHONE else value


def typed(field: CustomField, value: Value) -> str | list[str]:
    """The value as it stands in a form, so that `clean` gives it back; a list for a multi-choice. Never masked."""
    if isinstance(value, tuple):
        return list(value)
    if value is None:
        return [] if kind_of(field) is FieldKind.MULTI_CHOICE else ""
    if isinstance(value, bool):
        return YES if value else NO
    if isinstance(value, Decimal):
        return format_decimal(value, format="0.####", locale=_locale())
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, StoredFile):
        return value.public_id
    return value if kind_of(field) is FieldKind.CHOICE else _shown_text(field, value)


def keys_of(value: Value) -> Collection[str]:
    """The value as conditions compare it: the chosen keys, "yes" or "no", else its text; nothing when not filled in."""
    if value is None:
        return ()
    if isinstance(value, tuple):
        return value
    if isinstance(value, bool):
        return (YES if value else NO,)
    return (str(pack(value)),)


def _locale() -> str:
    return str(settings.read()["business.locale"])


# -------------------------------------------------------------------------------------------------- as plain JSON


def pack(value: Value) -> Any:  # noqa: ANN401 -- whatever JSON has
    """The value as JSON keeps it."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, StoredFile):
        return value.public_id
    return list(value) if isinstance(value, tuple) else value


def unpack(field: CustomField, packed: Any) -> Value:  # noqa: ANN401 -- whatever JSON has
    """The value again; None when the field has become something that it cannot be."""
    kind = kind_of(field)
    if kind is FieldKind.MULTI_CHOICE:
        return tuple(str(key) for key in packed) if isinstance(packed, list) else None
    if kind in {FieldKind.YES_NO, FieldKind.TASK}:
        return packed if isinstance(packed, bool) else None
    if not isinstance(packed, str):
        return None
    if kind in TEXTS:
        return packed
    if kind in FILES:
        return _find_file(packed)
    try:
        return Decimal(packed) if kind is FieldKind.NUMBER else dt.date.fromisoformat(packed)
    except (ValueError, InvalidOperation):
        return None


def mark(value: Value) -> str:
    """A short sign of the value, to see later whether it is still the same; nobody can guess the value from it."""
    return sealing.sign(json.dumps(pack(value)))
