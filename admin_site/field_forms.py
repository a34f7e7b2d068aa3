"""The forms of the designer: a page, a section, a field, with its choices and the condition under which it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from admin_site import words
from admin_site.fields import MultiTicks, OfficeForm, Pick, option
from admin_site.reading import read_id
from foundation.db import db
from models import (
    CustomField,
    FieldArea,
    FieldKind,
    FieldPage,
    FieldSection,
    PortalAccess,
    ServiceGroup,
    Species,
    StaffAccess,
)
from workflows import custom_fields, field_order
from workflows.field_order import Part

#: empty lines below the choices that are there
SPARE_CHOICES = 3


@dataclass(frozen=True)
class ChoiceRow:
    """A line of the list of choices."""

    key: str = ""
    label: str = ""
    is_retired: bool = False


class PartForm(OfficeForm):
    """What pages, sections and fields have in common."""

    help = TextAreaField(_l("Help"), description=_l("Stands small under the name."))
    portal_access = Pick(_l("Clients"))
    staff_access = Pick(_l("Sitters"))
    version = HiddenField()
    form_key = HiddenField()

    #: the field that names it
    naming = "name"

    def __init__(self, formdata: Any, part: Part, area: FieldArea, **more: Any) -> None:
        values = {"help": part.help, "version": str(part.version or ""), **more}
        for access, usual in (("portal_access", PortalAccess.EDIT), ("staff_access", StaffAccess.VIEW)):
            values[access] = (getattr(part, access) or usual).value
        super().__init__(formdata, **values)
        self.part, self.area = part, area
        portal = [a for a in PortalAccess if area is not FieldArea.REPORT or a is not PortalAccess.EDIT]
        self.portal_access.choices = [option(a.value, words.word(a)) for a in portal]
        self.staff_access.choices = [option(a.value, words.word(a)) for a in StaffAccess]
        if area is FieldArea.REPORT and self.portal_access.data == PortalAccess.EDIT.value:
            self.portal_access.data = PortalAccess.VIEW.value
        if area is FieldArea.STAFF:
            del self.portal_access

    @property
    def is_new(self) -> bool:
        """Is it not there yet?"""
        return self.part.id is None

    @property
    def seen_version(self) -> int | None:
        """The version that the form showed."""
        return None if self.is_new else read_id(self.version.data) or 0

    def values(self) -> dict[str, Any]:
        """What is typed in, for the workflow."""
        found: dict[str, Any] = {self.naming: self[self.naming].data or "", "help": self.help.data or ""}
        if "portal_access" in self:
            found["portal_access"] = PortalAccess(self.portal_access.data)
        return {**found, "staff_access": StaffAccess(self.staff_access.data)}


class PageForm(PartForm):
    """A page."""

    name = StringField(_l("Name"), description=_l("A tab of its own, such as “House visit routine”."))
    species = Pick(_l("For"))
    service_group_id = Pick(_l("For services of"))

    def __init__(self, formdata: Any, page: FieldPage, area: FieldArea) -> None:
        super().__init__(
            formdata, page, area, name=page.name, species=page.species.value if page.species else "",
            service_group_id=str(page.service_group_id or ""),
        )  # fmt: skip
        self.species.choices = [option("", gettext("All pets")), *(option(s.value, words.word(s)) for s in Species)]
        groups = db.session.scalars(sa.select(ServiceGroup).order_by(ServiceGroup.position, ServiceGroup.name)) if area is FieldArea.REPORT else ()  # fmt: skip
        self.service_group_id.choices = [option("", gettext("All services")), *(option(g.id, g.name) for g in groups)]
        if area is not FieldArea.PET:
            del self.species
        if area is not FieldArea.REPORT:
            del self.service_group_id

    def values(self) -> dict[str, Any]:
        found = super().values()
        if self.is_new:
            found["area"] = self.area
        if "species" in self:
            found["species"] = Species(self.species.data) if self.species.data else None
        if "service_group_id" in self:
            found["service_group_id"] = read_id(self.service_group_id.data)
        return found


class ConditionForm(PartForm):
    """What can be shown depending on an answer."""

    if_field = Pick(_l("Shown"))
    if_values = MultiTicks(_l("When the answer is"))

    def __init__(
        self, formdata: Any, part: FieldSection | CustomField, page: FieldPage, pages: Sequence[FieldPage], **more: Any
    ) -> None:
        condition = part.show_if or {}
        super().__init__(
            formdata,
            part,
            page.area,
            if_field=condition.get("field", ""),
            if_values=condition.get("values", []),
            **more,
        )
        self.pages = pages
        found = field_order.deciders(pages, None if part.id is None else part, page)
        self.if_field.choices = [
            option("", gettext("Always")),
            *(option(f.public_id, gettext("Depending on “%(field)s”", field=f.label), optgroup=field_order.page_of(f).name) for f in found),
        ]  # fmt: skip
        decider = next((f for f in found if f.public_id == self.if_field.data), None)
        if decider is None and self.if_field.data:
            self.if_field.choices.append(option(self.if_field.data, gettext("Depending on a field that is gone")))
        answers = field_order.answers_of(decider) if decider else []
        yes_no = {field_order.YES: gettext("Yes"), field_order.NO: gettext("No")}
        self.if_values.choices = [option(key, label or yes_no[key]) for key, label in answers]
        self.if_values.data = [v for v in self.if_values.data or () if v in {key for key, _label in answers}]
        self.if_values.description = gettext("None ticked: as soon as anything is filled in.")

    def add_problem(self, problem: Any, names: dict[str, str] | None = None) -> None:
        super().add_problem(problem, {"show_if": "if_field", **(names or {})})

    def values(self) -> dict[str, Any]:
        found = super().values()
        if "if_field" in self:
            found["show_if"] = {"field": self.if_field.data, "values": self.if_values.data} if self.if_field.data else None  # fmt: skip
        return found


class SectionForm(ConditionForm):
    """A section."""

    name = StringField(_l("Heading"), description=_l("May stay empty: then its fields stand without one."))
    on_page = Pick(_l("Page"))

    def __init__(self, formdata: Any, section: FieldSection, page: FieldPage, pages: Sequence[FieldPage]) -> None:
        super().__init__(formdata, section, page, pages, name=section.name, on_page=page.public_id)
        self.on_page.choices = [option(p.public_id, page_label(p)) for p in pages if p.retired_at is None or p is page]

    def add_problem(self, problem: Any, names: dict[str, str] | None = None) -> None:
        super().add_problem(problem, {"page": "on_page", **(names or {})})

    def values(self) -> dict[str, Any]:
        page = next(p for p in self.pages if p.public_id == self.on_page.data)
        return {**super().values(), "page": page}


class FieldForm(ConditionForm):
    """A field."""

    naming = "label"
    label = StringField(_l("Label"))
    kind = Pick(_l("Asks for"))
    section = Pick(_l("Section"))
    is_required = BooleanField(_l("Required"), description=_l("The page cannot be saved without it."))
    is_secret = BooleanField(_l("Secret"), description=_l("Encrypted, masked in the log, mails and files; every look is logged."))  # fmt: skip
    needs_approval = BooleanField(_l("Waits for approval"), description=_l("What clients enter counts when the office has said yes."))  # fmt: skip

    def __init__(self, formdata: Any, field: CustomField, section: FieldSection, pages: Sequence[FieldPage]) -> None:
        super().__init__(
            formdata, field, section.page, pages, label=field.label, kind=(field.kind or FieldKind.TEXT).value,
            section=section.public_id, is_required=field.is_required, is_secret=field.is_secret,
            needs_approval=field.needs_approval,
        )  # fmt: skip
        self.is_filled = field.id is not None and custom_fields.holds_data(field)
        kinds = [k for k in FieldKind if not self.is_filled or k is field.kind or (field.kind, k) in custom_fields.KEEPS_VALUES]  # fmt: skip
        if self.area is not FieldArea.REPORT:
            kinds = [k for k in kinds if k is not FieldKind.TASK]
        self.kind.choices = [option(k.value, words.word(k)) for k in kinds]
        self.section.choices = [_place(s) for p in pages for s in p.sections if field_order.is_live(s) or s is section]
        self.choices = self._read_choices(formdata, field)
        self.choice_problems: list[str] = []
        if field.column:
            for name in ("kind", "is_required", "is_secret", "needs_approval", "if_field", "if_values"):
                del self[name]
        elif self.area in {FieldArea.STAFF, FieldArea.REPORT}:
            del self.needs_approval
        if self.area is FieldArea.REPORT and "is_secret" in self:
            del self.is_secret

    @staticmethod
    def _read_choices(formdata: Any, field: CustomField) -> list[ChoiceRow]:
        if formdata is None or "choice-label" not in formdata:
            rows = [ChoiceRow(c["key"], c["label"], "retired" in c) for c in field.choices or ()]
        else:
            keys, labels = formdata.getlist("choice-key"), formdata.getlist("choice-label")
            retired = set(formdata.getlist("choice-retired"))
            pairs = list(zip(keys, labels, strict=False))[: custom_fields.MAX_CHOICES + SPARE_CHOICES]
            rows = [ChoiceRow(key[:60], label, bool(key) and key in retired) for key, label in pairs if key or label.strip()]  # fmt: skip
        return [*rows, *[ChoiceRow()] * SPARE_CHOICES]

    @property
    def asks_choices(self) -> bool:
        """Is it answered by picking from a list of its own?"""
        return "kind" in self and self.kind.data in {k.value for k in custom_fields.CHOICE_KINDS}

    @property
    def used(self) -> set[str]:
        """The choices that somebody chose: they can be retired, not deleted."""
        field = self.part
        return custom_fields.used_choices(field) if self.is_filled and isinstance(field, CustomField) else set()

    def add_problem(self, problem: Any, names: dict[str, str] | None = None) -> None:
        if problem.field == "choices":
            self.choice_problems.append(problem.say(gettext))
        super().add_problem(problem, names)

    def values(self) -> dict[str, Any]:
        found = super().values()
        found["section"] = next(s for p in self.pages for s in p.sections if s.public_id == self.section.data)
        if "kind" not in self:
            return found
        found["kind"] = FieldKind(self.kind.data)
        for name in ("is_required", "is_secret", "needs_approval"):
            if name in self:
                found[name] = bool(self[name].data)
        if self.asks_choices:
            retired: Any = {"retired": "yes"}
            found["choices"] = [
                {"key": c.key, "label": c.label, **(retired if c.is_retired else {})} for c in self.choices
            ]
        return found


def page_label(page: FieldPage) -> str:
    """A page's name, with the kind of pet that it is for."""
    return f"{page.name} ({words.word(page.species)})" if page.species else page.name


def section_label(section: FieldSection) -> str:
    """A section's heading, or that it has none."""
    return section.name or gettext("Without a heading")


def _place(section: FieldSection) -> SelectChoice:
    return option(section.public_id, section_label(section), optgroup=page_label(section.page))
