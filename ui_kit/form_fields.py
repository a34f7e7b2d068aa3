"""Fields of forms that say in plain words what is wrong with a number, a day or a time that cannot be read."""

from typing import Any

from flask_babel import gettext
from wtforms import DateField, IntegerField, TimeField
from wtforms.form import BaseForm
from wtforms.validators import StopValidation


class _Plain:
    """One sentence for what cannot be read, and no further one from the validators, which then see nothing."""

    raw_data: Any
    process_errors: Any

    def _sentence(self) -> str:
        raise NotImplementedError

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was typed."""
        try:
            super().process_formdata(valuelist)  # type: ignore[misc]
        except ValueError as problem:
            raise ValueError(self._sentence()) from problem

    def pre_validate(self, form: BaseForm) -> None:
        """Leave an empty field to the validators, which know whether it may be empty."""
        if self.process_errors and any(str(text).strip() for text in self.raw_data or ()):
            raise StopValidation
        super().pre_validate(form)  # type: ignore[misc]


class WholeField(_Plain, IntegerField):
    """A whole number."""

    def _sentence(self) -> str:
        return gettext("Enter a whole number.")


class DateOfForm(_Plain, DateField):
    """A day of any century, such as a birthday."""

    def _sentence(self) -> str:
        return gettext("Choose a day, for example 2026-11-26.")


class TimeOfForm(_Plain, TimeField):
    """A time of day."""

    def _sentence(self) -> str:
        return gettext("Enter a time, for example 12:00.")
