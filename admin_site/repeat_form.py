"""The form of a repeating service: a week as a grid of times by weekdays, which works without JavaScript."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms.validators import Optional

from admin_site.fields import UNASSIGNED, DayField, Pick, VisitForm, option
from admin_site.reading import read_clock
from foundation import clock
from models import Client, Repeat, TimeBlock, TimeType
from ui_kit import formats, repeat_words
from ui_kit.form_fields import WholeField
from workflows.errors import N_, Invalid, Refusals, WorkflowError
from workflows.repeat_patterns import Pattern, PatternTime, check_days, check_item, check_rhythm, check_times

#: a service with a time of its own begins with so many lines; "Add a time" gives another
FIRST_ROWS = 2
MOST_ROWS = 12
ALL_DAY_ROW = "day"


@dataclass
class Row:
    """One line of the grid: a time or a block, and the ticked weekdays."""

    key: str
    label: str = ""
    block: TimeBlock | None = None
    #: what was typed in, also when it is no time
    typed: str = ""
    days: set[int] = field(default_factory=set)

    @property
    def time(self) -> dt.time | None:
        """The time, if one was typed in."""
        return read_clock(self.typed) if self.typed else None

    @property
    def is_wrong(self) -> bool:
        """Was something typed in that is no time?"""
        return bool(self.typed.strip()) and self.time is None


class RepeatForm(VisitForm):
    """A visit's fields, the week and its rhythm."""

    starts_on = DayField(_l("First day"))
    every_weeks = WholeField(_l("Every how many weeks"), [Optional()], default=1)
    week_starts = Pick(_l("A week begins on"))

    def __init__(self, formdata: Any, *, client: Client, repeat: Repeat | None = None, **values: Any) -> None:
        super().__init__(formdata, client=client, **values)
        self.week_starts.choices = [option(d, repeat_words.weekday_name(d, long=True)) for d in range(7)]
        if not self.week_starts.data:
            self.week_starts.data = str(formats.first_weekday())
        self.weekdays = [
            ((formats.first_weekday() + n) % 7, short, long) for n, (short, long) in enumerate(formats.weekday_names())
        ]
        self.rows = self._rows(formdata, repeat)
        self.times_error = ""

    def _rows(self, formdata: Any, repeat: Repeat | None) -> list[Row]:
        if self.asks_block:
            rows = [Row(f"b{b.id}", formats.block_words(b), b) for b in self.all_blocks]
        elif self.is_all_day or self.kind == TimeType.ANYTIME.value:
            rows = [Row(ALL_DAY_ROW, gettext("All day") if self.is_all_day else gettext("Any time"))]
        else:
            rows = self._typed_rows(formdata, repeat)
        for row in rows:
            if formdata is not None:
                row.days = {int(d) for d in formdata.getlist(f"{row.key}-days") if d in set("0123456")}
            elif repeat is not None:
                row.days |= {t.weekday for t in repeat.times if self._is_of(row, t.start_time, t.time_block_id)}
        return rows

    def _typed_rows(self, formdata: Any, repeat: Repeat | None) -> list[Row]:
        if formdata is not None:
            typed = [str(t).strip()[:20] for t in formdata.getlist("row-time")][:MOST_ROWS] or [""] * FIRST_ROWS
            if "add_row" in formdata and len(typed) < MOST_ROWS:
                typed.append("")
        else:
            typed = sorted({t.start_time.strftime("%H:%M") if t.start_time else "" for t in (repeat.times if repeat else ())})  # fmt: skip
            typed += [""] * (FIRST_ROWS - len(typed)) if typed != [""] else [""]
        return [Row(f"r{n}", gettext("Time %(n)s", n=n + 1), typed=text) for n, text in enumerate(typed)]

    @staticmethod
    def _is_of(row: Row, start: dt.time | None, block_id: int | None) -> bool:
        if row.block is not None:
            return row.block.id == block_id
        return row.key == ALL_DAY_ROW or (row.typed == (start.strftime("%H:%M") if start else "") and row.key[0] == "r")

    @property
    def can_add_row(self) -> bool:
        """Are there lines with a time to type in, and room for one more?"""
        return self.kind == TimeType.STANDARD.value and len(self.rows) < MOST_ROWS

    def pattern_times(self) -> list[PatternTime]:
        """The ticks of the grid. A time without a day, or a day without a readable time, is refused."""
        for row in self.rows:
            if row.is_wrong:
                raise Invalid("bad_time", N_("Enter a time, for example 12:00."), field="times")
            if row.time is not None and not row.days:
                raise Invalid("no_days", N_("Tick the days of %(time)s."), field="times", time=row.typed)
            if row.key[0] == "r" and row.days and row.time is None:
                raise Invalid("no_time", N_("Enter a time for the ticked days."), field="times")
        return [PatternTime(day, row.time, row.block) for row in self.rows for day in sorted(row.days)]

    @property
    def first_weekday(self) -> int:
        """The day on which a week begins, 0 for Monday; -1, which the rules refuse, for what no page offers."""
        offered = {choice.value for choice in self.week_starts.choices}
        return int(self.week_starts.data) if self.week_starts.data in offered else -1

    def check_times(self, refusals: Refusals) -> None:
        """The service, the week, its rhythm, and first and last day."""
        with refusals:
            if self.item is None:
                raise Invalid("no_service", N_("Choose a service."), field="service")
            check_item(self.item)
        with refusals:
            times = self.pattern_times()
            if self.item is not None:
                check_times(times, self.item)
        with refusals:
            check_rhythm(self.every_weeks.data, self.first_weekday)
        with refusals:
            check_days(self.starts_on.data, self.ends_on.data, today=clock.today())

    def pattern(self) -> Pattern:
        """What was asked for, of a form that is right."""
        item, starts_on, weeks = self.item, self.starts_on.data, self.every_weeks.data
        if item is None or starts_on is None or weeks is None:
            raise Invalid("no_service", N_("Choose a service."), field="service")
        return Pattern(
            item=item, times=self.pattern_times(), starts_on=starts_on, ends_on=self.ends_on.data,
            every_weeks=weeks, week_starts=self.first_weekday, sitter=self.chosen_sitter, pets=self.chosen_pets,
            note=self.note.data or "", staff_note=self.staff_note.data or "",
        )  # fmt: skip

    def add_problem(self, problem: WorkflowError, names: dict[str, str] | None = None) -> None:
        """As in every form; the grid, which is no field of WTForms, has its sentence too."""
        super().add_problem(problem, {"service_item": "service", **(names or {})})
        for one in problem.all if isinstance(problem, Invalid) else [problem]:
            if one.field == "times":
                self.times_error = one.say(gettext)


def empty_form(client: Client, *, starts_on: dt.date, form_key: str) -> RepeatForm:
    """The form of a new series, with the client's pets and usual sitter chosen."""
    form = RepeatForm(None, client=client, starts_on=starts_on, form_key=form_key)
    form.pets.data = [str(p.id) for p in form.all_pets]
    form.sitter.data = str(client.primary_sitter_id or "")
    return form


def filled_form(repeat: Repeat, formdata: Any, *, starts_on: dt.date, form_key: str = "") -> RepeatForm:
    """The form of "this and following": the series as it is, from a day on."""
    form = RepeatForm(
        formdata, client=repeat.client, repeat=repeat, item=repeat.service_item, sitter=repeat.sitter,
        keep_pets=_with_us(repeat), starts_on=starts_on, ends_on=repeat.ends_on, every_weeks=repeat.every_weeks,
        week_starts=str(repeat.week_starts), note=repeat.note, staff_note=repeat.staff_note, version=str(repeat.version),
        service=str(repeat.service_item_id), form_key=form_key,
    )  # fmt: skip
    if formdata is None:
        form.pets.data = [str(p.id) for p in repeat.pets]
        form.sitter.data = str(repeat.sitter_id or UNASSIGNED)
    return form


def _with_us(repeat: Repeat) -> Sequence[Any]:
    return [p for p in repeat.pets if p.status.value == "active"]
