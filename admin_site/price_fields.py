"""Fields that only price rules need: weekdays as ticks over one number, and a yes or no that may be left open."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import fields
from wtforms.fields.choices import Choice, SelectChoice, SelectFieldBase

from admin_site.converters import TicksWidget
from ui_kit import formats


class WeekdaysField(SelectFieldBase):
    """Days of the week as check boxes; the column keeps bits, Monday being bit 0, and None for any day."""

    widget = TicksWidget()

    def process_formdata(self, valuelist: list[str]) -> None:
        if any(value not in set("0123456") for value in valuelist):
            raise ValueError(gettext("Choose from the list."))
        self.data = sum(1 << int(value) for value in set(valuelist)) or None

    def iter_choices(self) -> Iterator[Choice]:
        first, names = formats.first_weekday(), formats.weekday_names()
        for n, (_short, long) in enumerate(names):
            day = (first + n) % 7
            yield Choice(str(day), long, bool((self.data or 0) >> day & 1), {})


class HolidayField(fields.SelectField):
    """Holidays only, no holidays, or any day."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            coerce=self._read,
            choices=lambda: [
                SelectChoice(value="", label=gettext("Any day")),
                SelectChoice(value="yes", label=gettext("Only on public holidays")),
                SelectChoice(value="no", label=gettext("Not on public holidays")),
            ],
            invalid_value_message=_l("Choose one of the list."),
            invalid_choice_message=_l("Choose one of the list."),
            **kwargs,
        )

    @staticmethod
    def _read(value: Any) -> bool | None:
        known = {"yes": True, "no": False, "": None, True: True, False: False, None: None}
        if value not in known:
            raise ValueError(value)
        return known[value]
