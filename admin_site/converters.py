"""Form fields for our columns, all native inputs: money, codes, clock times, moments, and records of other tables.

Flask-Admin leaves out, without a word, what it has no converter for; a test asks that every editable column has one.
"""

import datetime as dt
import enum
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from flask import url_for
from flask_admin.contrib.sqla.form import AdminModelConverter
from flask_admin.form import BaseForm
from flask_admin.model.form import converts
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from wtforms import fields, validators
from wtforms.fields.choices import Choice, SelectChoice, SelectFieldBase
from wtforms.utils import unset_value

from admin_site import search
from admin_site.home_field import HomeField
from admin_site.lookups import Lookup
from admin_site.number_fields import FineShareField, MoneyField, ShareField
from admin_site.reading import read_id
from admin_site.words import word
from foundation import clock
from foundation.text import visible
from ui_kit.form_fields import DateOfForm, TimeOfForm, WholeField
from workflows import people

MAX_INT = 2**31 - 1
LONG_TEXT = 20_000
#: options from which on one would rather type than look
SEARCHED_FROM = 15


class OfficeForm(BaseForm):
    """What every form of a list carries: the version that was shown (change) and a key for one sending (add)."""

    row_version = fields.HiddenField()
    form_key = fields.HiddenField()


# ------------------------------------------------------------------------------------------------ codes and moments


class CodeField(fields.SelectField):
    """One of an enum, in words."""

    def __init__(self, kind: type[enum.StrEnum], *, blank: Any = None, **kwargs: Any) -> None:
        self.kind, self.blank = kind, blank
        super().__init__(
            coerce=self._read,
            choices=self._options,
            invalid_value_message=_l("Choose one of the list."),
            invalid_choice_message=_l("Choose one of the list."),
            **kwargs,
        )

    def _read(self, value: Any) -> enum.StrEnum | None:
        if self.blank is not None and value in {"", None}:
            return None
        return self.kind(value)

    def _options(self) -> list[SelectChoice]:
        options = [SelectChoice(value=member.value, label=word(member)) for member in self.kind]
        return options if self.blank is None else [SelectChoice(value="", label=str(self.blank)), *options]


class PerhapsField(fields.SelectField):
    """Yes, no, or not asked: a condition that may be left open. `choices` are its three words in the order open, yes, no."""

    def __init__(self, *, choices: Any = None, **kwargs: Any) -> None:
        self.words = choices or (_l("Either"), _l("Yes"), _l("No"))
        super().__init__(
            coerce=self._read, choices=self._options, invalid_value_message=_l("Choose one of the list."),
            invalid_choice_message=_l("Choose one of the list."), **kwargs,
        )  # fmt: skip

    @staticmethod
    def _read(value: Any) -> bool | None:
        read = {None: None, "": None, "None": None, True: True, "yes": True, False: False, "no": False}
        if value not in read:
            raise ValueError(value)
        return read[value]

    def _options(self) -> list[SelectChoice]:
        return [SelectChoice(value=v, label=str(w)) for v, w in zip(("", "yes", "no"), self.words, strict=True)]

    def iter_choices(self) -> Iterator[Choice]:
        for choice in self._options():
            yield Choice(choice.value, choice.label, self._read(choice.value) == self.data, {})

    def pre_validate(self, form: Any) -> None:
        """What was read is one of the three."""


class LocalMomentField(fields.DateTimeLocalField):
    """A moment, typed on the business's clock and kept in UTC."""

    def process_data(self, value: dt.datetime | None) -> None:
        self.data = clock.to_local(value).replace(tzinfo=None) if value is not None and value.tzinfo else value

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data is not None:
            self.data = clock.from_local(self.data.date(), self.data.time())


# ------------------------------------------------------------------------------------------------- other records


class RecordWidget:
    """A `<select>`. With a long list it holds only what is chosen; office.js then asks `ajax/lookup/` while one types,
    and without JavaScript a text box beside it says who is meant."""

    input_type = "select"
    multiple = False

    def __call__(self, field: "RecordField", **kwargs: Any) -> Markup:
        kwargs.setdefault("id", field.id)
        kwargs.pop("required", None)
        choices = list(field.iter_choices())
        if field.is_long:
            kwargs["data-lookup"] = url_for(".ajax_lookup", name=field.name)
        elif len(choices) > SEARCHED_FROM:
            kwargs["data-searchable"] = "yes"
        options = "".join(
            f'<option value="{escape(c.value)}"{" selected" if c.selected else ""}>{escape(c.label)}</option>'
            for c in choices
        )
        html = Markup(f"<select {_attributes(name=field.name, **kwargs)}>{options}</select>")  # noqa: S704 -- escaped
        if not field.is_long:
            return html
        return html + Markup(
            '<span class="ui-nojs"><label class="ui-hint" for="{id}-search">{words}</label>'
            '<input class="ui-input" id="{id}-search" name="{name}-search" value="{typed}" autocomplete="off"></span>'
        ).format(id=field.id, name=field.name, typed=field.typed, words=gettext("Another one: type a part of the name"))


def _attributes(**attributes: Any) -> Markup:
    pairs = ((k.rstrip("_").replace("_", "-"), v) for k, v in attributes.items())
    return Markup(  # noqa: S704 -- escaped
        " ".join(f'{escape(k)}="{escape(v)}"' for k, v in pairs if v is not None and v is not False)
    )


class RecordField(SelectFieldBase):
    """A record of another table; only those that its lookup knows can be chosen, and the one that is there already."""

    widget = RecordWidget()

    def __init__(self, lookup: Lookup, *, allow_blank: bool = False, blank: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lookup, self.allow_blank, self.blank = lookup, allow_blank, blank
        self.typed = ""
        self._offered: list[Any] | None = None
        if not allow_blank:
            self.flags.required = True

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        self.typed = search.tidy(formdata.get(f"{self.name}-search")) if formdata else ""
        super().process(formdata, data, extra_filters)

    def process_formdata(self, valuelist: list[str]) -> None:
        if self.typed:
            self._choose_typed()
        elif valuelist:
            self._choose(valuelist[0])

    def _choose(self, value: str) -> None:
        chosen, self.data = read_id(value), None
        if not value:
            return
        if self.object_data is not None and chosen == getattr(self.object_data, "id", None):
            self.data = self.object_data
        elif chosen is not None:
            self.data = self.lookup.get_one(chosen)
        if self.data is None:
            raise ValueError(gettext("Choose one of the list."))

    def _choose_typed(self) -> None:
        """No JavaScript: take what the words find if that is one record, else offer what they find."""
        self.data = None
        found = self.lookup.get_list(self.typed, 0, self.lookup.page_size + 1)
        if len(found) == 1:
            self.data, self.typed = found[0], ""
            return
        self._offered = found[: self.lookup.page_size]
        if not found:
            raise ValueError(gettext("Nothing is called “%(words)s”.", words=self.typed))
        self.typed = ""
        raise ValueError(gettext("Several are called so. Choose one of the list."))

    def pre_validate(self, form: Any) -> None:
        if self.data is None and not self.allow_blank and not self.process_errors:
            raise validators.StopValidation(gettext("Choose one of the list."))

    @cached_property
    def _all(self) -> Sequence[Any] | None:
        """What may be chosen, None if there is more than a list may hold."""
        return self.lookup.offered()

    @property
    def is_long(self) -> bool:
        """Are there more than a list may hold?"""
        return self._all is None

    def iter_choices(self) -> Iterator[Choice]:
        if self.allow_blank or self.data is None:
            yield Choice(
                "",
                str(self.blank or gettext("Nobody yet") if self.allow_blank else gettext("Choose")),
                self.data is None,
                {},
            )
        records = self._offered if self._offered is not None else (self._all or ())
        chosen = getattr(self.data, "id", None)
        if self.data is not None and chosen not in {r.id for r in records}:
            records = [self.data, *records]
        for record in records:
            yield Choice(str(record.id), self.lookup.label(record), record.id == chosen, {})


class PhoneField(fields.TelField):
    """A phone number as people here write it; the workflow reads it back."""

    def _value(self) -> str:
        return str(self.data or "") if self.raw_data else people.show_phone(self.data, region=people.region())


class TicksWidget:
    """Only tells `ui.field` that these are check boxes."""

    input_type = "checkbox"
    multiple = True


class RecordsField(SelectFieldBase):
    """Some records of a short list, as check boxes."""

    widget = TicksWidget()

    def __init__(self, lookup: Lookup, **kwargs: Any) -> None:
        kwargs.pop("allow_blank", None)
        super().__init__(**kwargs)
        self.lookup = lookup

    def process_formdata(self, valuelist: list[str]) -> None:
        known = {str(r.id): r for r in self._records}
        if any(value not in known for value in valuelist):
            raise ValueError(gettext("Choose from the list."))
        self.data = [known[value] for value in dict.fromkeys(valuelist)]

    @cached_property
    def _records(self) -> list[Any]:
        records = list(self.lookup.all())
        there = {r.id for r in records}
        return records + [r for r in self.object_data or [] if r.id not in there]

    def iter_choices(self) -> Iterator[Choice]:
        chosen = {r.id for r in self.data or []}
        for record in self._records:
            yield Choice(str(record.id), self.lookup.label(record), record.id in chosen, {})


# ------------------------------------------------------------------------------------------------------ converter


def _readable(value: str | None) -> str | None:
    return visible(value) if value else value


class OfficeConverter(AdminModelConverter):
    """Which field a column gets. Uniqueness is not checked here: the workflows do, and say more.

    The methods have the names of Flask-Admin's own: two for one type would leave it to the alphabet which one counts.
    """

    @converts("String")
    def conv_String(self, column: Any, field_args: Any, **extra: Any) -> Any:  # noqa: N802 -- Flask-Admin's name
        kind = PhoneField if column.name == "phone" else fields.StringField
        return kind(**self._text(column, field_args, column.type.length or LONG_TEXT))

    @converts("Text")
    def conv_Text(self, column: Any, field_args: Any, **extra: Any) -> Any:  # noqa: N802 -- Flask-Admin's name
        return fields.TextAreaField(**self._text(column, field_args, LONG_TEXT))

    def _text(self, column: Any, field_args: Any, most: int) -> Any:
        args = self._tidy(field_args)
        args["validators"].append(validators.Length(max=most, message=_l("At most %(max)d characters.")))
        args["filters"] = [*args.get("filters", []), _readable]
        if column.nullable:
            args["filters"].append(lambda value: value or None)
        return args

    @converts("Boolean")
    def conv_Boolean(self, column: Any, field_args: Any, **extra: Any) -> Any:  # noqa: N802 -- Flask-Admin's name
        args = self._tidy(field_args)
        return PerhapsField(**args) if column.nullable else fields.BooleanField(**args)

    @converts("Integer")
    def handle_integer_types(self, field_args: Any, **extra: Any) -> Any:
        args = self._tidy(field_args)
        message = _l("Enter a whole number.")
        args["validators"].append(validators.NumberRange(-MAX_INT, MAX_INT, message=message))
        return WholeField(**args)

    @converts("Numeric")
    def handle_decimal_types(self, column: Any, field_args: Any, **extra: Any) -> Any:
        kind = FineShareField if (column.type.scale or 0) > 2 else ShareField
        return kind(**self._tidy(field_args))

    @converts("Double")
    def conv_place(self, field_args: Any, **extra: Any) -> Any:
        return HomeField(**self._tidy(field_args))

    @converts("Money")
    def conv_money(self, field_args: Any, **extra: Any) -> Any:
        return MoneyField(**self._tidy(field_args))

    @converts("sqlalchemy.sql.sqltypes.Enum")
    def convert_enum(self, column: Any, field_args: Any, **extra: Any) -> Any:
        args = self._tidy(field_args)
        blank = args.pop("blank", _l("None")) if column.nullable else None
        return CodeField(column.type.enum_class, blank=blank, **args)

    @converts("Date")
    def convert_date(self, field_args: Any, **extra: Any) -> Any:
        return DateOfForm(**self._tidy(field_args))

    @converts("Time")
    def convert_time(self, field_args: Any, **extra: Any) -> Any:
        return TimeOfForm(format=["%H:%M", "%H:%M:%S"], **self._tidy(field_args))

    @converts("UTCDateTime")
    def conv_moment(self, field_args: Any, **extra: Any) -> Any:
        return LocalMomentField(format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **self._tidy(field_args))

    def _model_select_field(self, prop: Any, multiple: Any, remote_model: Any, **kwargs: Any) -> Any:
        """A relation: always through a lookup, never through the whole table."""
        lookup = self.view._form_ajax_refs[prop.key]  # noqa: SLF001 -- where Flask-Admin keeps them
        kwargs["validators"] = [
            v for v in kwargs["validators"] if not isinstance(v, validators.Optional | validators.InputRequired)
        ]
        return RecordsField(lookup, **kwargs) if multiple else RecordField(lookup, **kwargs)

    @staticmethod
    def _tidy(field_args: dict[str, Any]) -> dict[str, Any]:
        """Our words for "required"; no check for uniqueness."""
        kept: list[Any] = []
        for validator in field_args["validators"]:
            if isinstance(validator, validators.InputRequired):
                kept.append(validators.InputRequired(_l("Fill this in.")))
            elif type(validator).__name__ != "Unique":
                kept.append(validator)
        return {**field_args, "validators": kept}
