"""The form in which the office types in visits: on the batch screen, when booking, and when changing a visit.

It checks shape only (is this a date, is this one of the listed pets); meaning is the workflows' business.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from markupsafe import Markup
from sqlalchemy.orm import joinedload, selectinload
from wtforms import (
    BooleanField,
    DateField,
    Field,
    HiddenField,
    SelectField,
    SelectMultipleField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from admin_site.pages import active_sitters
from admin_site.reading import read_clock, read_day, read_id
from foundation.db import db
from models import Client, Pet, PetStatus, ServiceItem, Staff, TimeBlock, TimeType
from ui_kit import formats
from ui_kit.refused import point_out
from workflows.changing import Change
from workflows.errors import N_, Invalid, Refusals, WorkflowError
from workflows.jobs import Stay, check_stay
from workflows.wanted import check_pets, clean_note

UNASSIGNED = "none"


class OfficeForm(FlaskForm):
    """A form of the back office. Its token is checked by CSRFProtect, as on every POST."""

    class Meta:
        csrf = False

    def add_problem(self, problem: WorkflowError, names: dict[str, str] | None = None) -> None:
        """Put a refusal, and what else it says, where the form says what is wrong (`refused.point_out`)."""
        point_out(self, problem, names)

    def require(self, *names: str) -> bool:
        """Ask for these fields too; says whether all are there."""
        missing = [self[n] for n in names if not self[n].data]
        for field in missing:
            field.errors = field.errors or [gettext("Fill this in.")]
        return not missing

    def check(self, refusals: Refusals) -> None:
        """Ask the workflows' rules that need no more than this form, each with `refusals` around it."""

    def is_right(self, *names: str, called: dict[str, str] | None = None) -> bool:
        """Could everything be read, are these fields there, and do the rules agree? All that is not so is said at once.

        `called` says which field of the form is meant by a workflow's.
        """
        is_read = self.validate()
        is_right = self.require(*names) and is_read
        refusals = Refusals()
        self.check(refusals)
        try:
            refusals.say()
        except Invalid as problem:
            self.add_problem(problem, called)
            return False
        return is_right


class DayField(DateField):
    """A day of this century."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = read_day(text)
        if text and self.data is None:
            raise ValueError(gettext("Choose a day, for example 2026-11-26."))


class ClockField(TimeField):
    """A time of day."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = str(valuelist[0]).strip() if valuelist else ""
        self.data = read_clock(text) if text else None
        if text and self.data is None:
            raise ValueError(gettext("Enter a time, for example 12:00."))


class Pick(SelectField):
    """One of a list; says so in plain words when it is none of them."""

    def pre_validate(self, form: Any) -> None:
        if self.data not in {choice.value for choice in self.choices}:
            raise ValidationError(gettext("Choose one of the listed values."))


class MultiTicks(SelectMultipleField):
    """Some of a list, each with a box to tick. (The macros of ui_kit know such fields by "Multi" in the name.)"""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        if not set(self.data or ()) <= {choice.value for choice in self.choices}:
            raise ValidationError(gettext("Choose among the listed values."))


def option(value: object, label: str, **more: Any) -> SelectChoice:
    """One entry of a list."""
    return SelectChoice(value=str(value), label=label, **more)


def sitter_options(sitters: Iterable[Staff], *, current: Staff | None = None, empty: bool = True) -> list[SelectChoice]:
    """The sitters by name, after "Choose a sitter" and "Unassigned"; somebody who left stays where they are chosen."""
    options = [option("", gettext("Choose a sitter"))] if empty else []
    options.append(option(UNASSIGNED, gettext("Unassigned")))
    people = list(sitters)
    options += [option(s.id, str(s)) for s in people]
    if current is not None and current.id not in {s.id for s in people}:
        options.append(option(current.id, gettext("%(name)s (no longer a sitter)", name=str(current))))
    return options


def services(current: ServiceItem | None = None) -> list[ServiceItem]:
    """The active price list in its order; an inactive item only where it is chosen already. Two queries."""
    offered = sa.select(ServiceItem).where(
        sa.or_(ServiceItem.is_active, ServiceItem.id == (current.id if current else 0))
    )
    return list(
        db.session.scalars(
            offered.options(joinedload(ServiceItem.group), selectinload(ServiceItem.time_blocks)).order_by(
                ServiceItem.position, ServiceItem.name, ServiceItem.id
            )
        )
    )


def service_options(items: Sequence[ServiceItem]) -> list[SelectChoice]:
    """The price list, by groups as far as there are any."""
    grouped = sorted(items, key=lambda i: (i.group is None, i.group.position if i.group else 0, i.group.name if i.group else ""))  # fmt: skip
    other = gettext("Other services") if any(i.group for i in items) else None
    return [option(i.id, _service_label(i), optgroup=i.group.name if i.group else other) for i in grouped]


def _service_label(item: ServiceItem) -> str:
    if item.time_type is TimeType.ALL_DAY:
        return item.name
    return f"{item.name}, {formats.short_length(item.duration_minutes)}"


def all_blocks() -> list[TimeBlock]:
    """Every active time block: the office may use any of them with any service."""
    return list(db.session.scalars(sa.select(TimeBlock).where(TimeBlock.is_active).order_by(TimeBlock.starts_at)))


class VisitForm(OfficeForm):
    """A visit. Which of the time fields are asked for follows from the service that is chosen."""

    #: must somebody be chosen, or "Unassigned"?
    asks_sitter = True

    service = Pick(_l("Service"))
    on_date = DayField(_l("Day"), [Optional()])
    ends_on = DayField(_l("Last day"), [Optional()])
    start_time = ClockField(_l("Time"), [Optional()])
    end_time = ClockField(_l("Until"), [Optional()])
    block = Pick(_l("Time of day"))
    blocks = MultiTicks(_l("Times of day"))
    pets = MultiTicks(_l("Pets"))
    sitter = Pick(_l("Sitter"))
    note = TextAreaField(_l("Note from the client"))
    staff_note = TextAreaField(_l("Note for the sitter"))
    mail_client = BooleanField(_l("Mail the client"), default=True)
    version = HiddenField()
    form_key = HiddenField()

    def __init__(
        self,
        formdata: Any,
        *,
        client: Client,
        item: ServiceItem | None = None,
        sitter: Staff | None = None,
        block: TimeBlock | None = None,
        keep_pets: Sequence[Pet] = (),
        **values: Any,
    ) -> None:
        super().__init__(formdata, **values)
        self.client = client
        self.items = services(item)
        self.service.choices = service_options(self.items)
        self.all_blocks = all_blocks()
        if block is not None and block.id not in {b.id for b in self.all_blocks}:
            self.all_blocks.append(block)
        options = [option(b.id, formats.block_words(b)) for b in self.all_blocks]
        self.blocks.choices = options
        self.block.choices = [option("", gettext("Choose a time of day")), *options]
        self.all_pets = [p for p in client.pets if p.status is PetStatus.ACTIVE or p in keep_pets]
        self.pets.choices = [option(p.id, p.name) for p in self.all_pets]
        self.all_sitters = active_sitters(client.id)
        self.sitter.choices = sitter_options(self.all_sitters, current=sitter)
        self.current_sitter = sitter
        for name in ("block", "sitter"):
            field: Field = self[name]
            field.data = field.data or ""
        if not self.service.data and self.items:
            self.service.data = str(self.items[0].id)

    @property
    def item(self) -> ServiceItem | None:
        """The service that is chosen."""
        return next((i for i in self.items if str(i.id) == self.service.data), None)

    @property
    def kind(self) -> str:
        """How this service asks for its time."""
        return self.item.time_type.value if self.item else TimeType.STANDARD.value

    @property
    def asks_block(self) -> bool:
        """Does this service happen in a time block?"""
        return self.kind == TimeType.TIME_BLOCK.value

    @property
    def is_all_day(self) -> bool:
        """Can this service last over days?"""
        return self.kind == TimeType.ALL_DAY.value

    @property
    def chosen_pets(self) -> list[Pet]:
        """The pets that are ticked."""
        return [p for p in self.all_pets if str(p.id) in set(self.pets.data or ())]

    @property
    def chosen_block(self) -> TimeBlock | None:
        """The block of one visit."""
        return next((b for b in self.all_blocks if str(b.id) == self.block.data), None) if self.asks_block else None

    @property
    def chosen_blocks(self) -> list[TimeBlock]:
        """The blocks of visits that are booked together."""
        return [b for b in self.all_blocks if str(b.id) in set(self.blocks.data or ())] if self.asks_block else []

    @property
    def chosen_sitter(self) -> Staff | None:
        """Who is chosen; None for unassigned and for no choice."""
        sitter_id = read_id(self.sitter.data)
        people = [*self.all_sitters, *([self.current_sitter] if self.current_sitter else [])]
        return next((s for s in people if s.id == sitter_id), None)

    @property
    def is_unassigned(self) -> bool:
        """Was "Unassigned" said?"""
        return bool(self.sitter.data == UNASSIGNED)

    @property
    def is_stay(self) -> bool:
        """Is it one visit over days?"""
        return self.is_all_day

    @property
    def stay(self) -> Stay | None:
        """First and last day with their times, as far as all of them could be read."""
        first, last, fields = (
            self.on_date.data,
            self.ends_on.data,
            (self.on_date, self.ends_on, self.start_time, self.end_time),
        )
        if not self.is_stay or first is None or last is None or any(f.errors for f in fields):
            return None
        return Stay(first, last, self.start_time.data, self.end_time.data)

    def check(self, refusals: Refusals) -> None:
        """Pets, sitter, notes, and when it is."""
        with refusals:
            check_pets(self.chosen_pets, self.client)
        with refusals:
            if self.asks_sitter and self.chosen_sitter is None and not self.is_unassigned:
                raise Invalid("needs_sitter", N_("Choose a sitter, or Unassigned."), field="sitter")
        for field in (self.note, self.staff_note):
            with refusals:
                clean_note(field.data or "", field=field.name)
        self.check_times(refusals)

    def check_times(self, refusals: Refusals) -> None:
        """The time of day, and the order of a stay's days."""
        with refusals:
            if self.asks_block and self.chosen_block is None:
                raise Invalid("no_block", N_("Choose at least one time of day."), field="block")
        with refusals:
            if (stay := self.stay) is not None:
                check_stay(stay)

    def choose(self, *, block_id: int | None, pets: Iterable[Pet], sitter_id: int | None) -> None:
        """Show a visit's block, pets and sitter as chosen, before anything was sent."""
        self.block.data = str(block_id or "")
        self.pets.data = [str(p.id) for p in pets]
        self.sitter.data = str(sitter_id or UNASSIGNED)

    def change(self) -> Change:
        """What the visit shall be; refused with Invalid when its service is not chosen."""
        if self.item is None or self.on_date.data is None:
            raise Invalid("no_service", N_("Choose a service."), field="service")
        return Change(
            item=self.item, on_date=self.on_date.data,
            start_time=self.start_time.data if self.kind != "anytime" else None, block=self.chosen_block,
            sitter=self.chosen_sitter, pets=self.chosen_pets, note=self.note.data or "",
            staff_note=self.staff_note.data or "", ends_on=self.ends_on.data if self.is_all_day else None,
            end_time=self.end_time.data if self.is_all_day else None,
        )  # fmt: skip


def days_hint(days: Iterable[dt.date]) -> Markup:
    """Chosen days in words."""
    return Markup(", ").join(formats.short_day(d) for d in days)
