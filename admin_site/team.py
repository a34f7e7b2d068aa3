"""The lists of the team and of its time off."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask_admin import Admin
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import joinedload

from admin_site import filters, lookups, rows, search
from admin_site.base import OfficeList
from admin_site.bulk import bulk
from admin_site.forms import Section
from admin_site.listing import Pill
from admin_site.people import PLAIN_TEXT
from admin_site.rows import Column
from foundation import clock
from models import Staff, TimeOff
from ui_kit import formats
from workflows import invitations, people
from workflows.actors import Actor
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(StaffList(Staff, "team", "/admin/staff"))
    admin.add_view(TimeOffList(TimeOff, "time_off", "/admin/time-off"))


class StaffList(OfficeList):
    """The team. Managers see it; only who may change staff changes it."""

    writing = Permission.STAFF
    list_template = "admin/team/list.html"
    details_template = "admin/team/details.html"
    title, add_label = _l("Team"), _l("Add team member")
    empty = ("dog", _l("Nobody here yet"), "")
    search_hint = _l("Name, mail or phone")
    default_order = (Staff.first_name, Staff.last_name, Staff.id)
    record_options = (joinedload(Staff.login),)
    pills = (
        Pill("active", _l("Active"), lambda: Staff.is_active.is_(True)),
        Pill("inactive", _l("Inactive"), lambda: Staff.is_active.is_(False)),
        Pill("all", _l("All")),
    )
    columns = (
        Column("name", _l("Name"), value=str, sort=(Staff.first_name, Staff.last_name)),
        Column("role", _l("Role")),
        Column("is_sitter", _l("Takes visits")),
        Column("phone", _l("Phone"), words=rows.phone),
        Column("email", _l("Mail")),
        Column("is_active", _l("Active"), hidden=True),
        Column("created_at", _l("Added"), hidden=True),
        Column("notes", _l("Notes"), hidden=True),
    )
    filters = (
        filters.Choice("role", Staff.role, _l("Role"), Staff.role.type.enum_class),
        filters.YesNo("sitter", Staff.is_sitter, _l("Takes visits")),
        filters.YesNo("active", Staff.is_active, _l("Active")),
    )
    sections = (
        Section(_l("Name"), (("first_name", "last_name"), ("email", "phone"))),
        Section(_l("Work"), ("role", "is_sitter", "is_active")),
        Section(_l("Notes"), ("notes",)),
    )
    form_args = {
        "first_name": {"label": _l("First name"), "description": _l("Clients see it on their visits.")},
        "last_name": {"label": _l("Last name")},
        "email": {
            "label": _l("Mail address"),
            "description": _l("For the log-in and for mails."),
            "render_kw": {"inputmode": "email", **PLAIN_TEXT},
        },
        "phone": {"label": _l("Phone"), "render_kw": {"inputmode": "tel", **PLAIN_TEXT}},
        "role": {
            "label": _l("Role"),
            "description": _l(
                "Owners may do everything, managers all but team and settings, sitters see their own day."
            ),
        },
        "is_sitter": {"label": _l("Takes visits"), "description": _l("Can be chosen as sitter, whatever the role.")},
        "is_active": {"label": _l("Active"), "description": _l("Off: signed out at once, and cannot log in.")},
        "notes": {"label": _l("Notes")},
    }

    def find(self, text: str) -> Any:
        return search.staff(text)

    def may_reach_log_ins(self) -> bool:
        """May this person see how others get in, and the roles?"""
        return self.actor.may(Permission.STAFF)

    def add(self, values: dict[str, Any], actor: Actor) -> Staff:
        return people.add_staff(values, actor=actor)

    def change(self, record: Staff, values: dict[str, Any], actor: Actor) -> None:
        people.change_staff(record, values, actor=actor)

    def remove(self, record: Staff, actor: Actor) -> None:
        people.remove_staff(record, actor=actor)

    @bulk(
        "invite", _l("Invite to log in"), permission=Permission.STAFF,
        question=_l("Send a link to set a password? An older link is dead then."),
    )  # fmt: skip
    def action_invite(self, records: Sequence[Staff]) -> None:
        """Mail the one-time link to each; those without an address are said."""
        self.each(
            records,
            lambda s: invitations.invite_staff(s, actor=self.actor),
            lambda n: ngettext("%(num)d invitation is on its way.", "%(num)d invitations are on their way.", n),
        )

    @bulk("activate", _l("Make active"), permission=Permission.STAFF)
    def action_activate(self, records: Sequence[Staff]) -> None:
        """May log in again."""
        self._set(records, is_active=True)

    @bulk(
        "deactivate", _l("Make inactive"), permission=Permission.STAFF,
        question=_l("Make these people inactive? They are signed out at once and cannot log in any more."),
    )  # fmt: skip
    def action_deactivate(self, records: Sequence[Staff]) -> None:
        """Signed out at once."""
        self._set(records, is_active=False)

    def _set(self, records: Sequence[Staff], *, is_active: bool) -> None:
        self.each(
            records,
            lambda s: people.change_staff(s, {"is_active": is_active}, actor=self.actor),
            lambda n: ngettext("%(num)d person was changed.", "%(num)d people were changed.", n),
        )


class TimeOffList(OfficeList):
    """Days on which a sitter is away."""

    writing = Permission.SCHEDULE
    title, add_label = _l("Time off"), _l("Add time off")
    empty = ("bird", _l("Nobody is away"), _l("Visits for a sitter who is away are pointed out before you save them."))
    search_hint = _l("Sitter or note")
    default_order = (TimeOff.first_on.desc(), TimeOff.id.desc())
    list_options = (joinedload(TimeOff.staff).load_only(Staff.first_name, Staff.last_name),)
    record_options = (joinedload(TimeOff.staff),)
    pills = (
        Pill("coming", _l("Now and coming"), lambda: TimeOff.last_on >= clock.today()),
        Pill("past", _l("Past"), lambda: TimeOff.last_on < clock.today()),
        Pill("all", _l("All")),
    )
    columns = (
        Column("staff", _l("Sitter")),
        Column("first_on", _l("First day"), sort=(TimeOff.first_on,)),
        Column("last_on", _l("Last day")),
        Column("note", _l("Note")),
    )
    filters = (
        filters.sitter(TimeOff.staff_id, may_be_nobody=False),
        filters.Day("from", TimeOff.last_on, _l("From")),
        filters.Day("until", TimeOff.first_on, _l("Until"), until=True),
    )
    sections = (Section(_l("Away"), ("staff", ("first_on", "last_on"), "note")),)
    form_ajax_refs = {"staff": lookups.team("staff")}
    form_args = {
        "staff": {"label": _l("Who")},
        "first_on": {"label": _l("First day")},
        "last_on": {"label": _l("Last day"), "description": _l("This day included.")},
        "note": {"label": _l("Note")},
    }

    def find(self, text: str) -> Any:
        return sa.or_(
            TimeOff.staff_id.in_(sa.select(Staff.id).where(search.staff(text))), search.plain(TimeOff.note)(text)
        )

    def record_name(self, record: TimeOff) -> str:
        days = formats.time_span(rows.show(record.first_on), rows.show(record.last_on))
        return f"{record.staff}, {days}"

    def saved_url(self, record: TimeOff) -> str:
        return f"{self.url}/"

    def add(self, values: dict[str, Any], actor: Actor) -> TimeOff:
        return people.save_time_off(TimeOff(), values, actor=actor)

    def change(self, record: TimeOff, values: dict[str, Any], actor: Actor) -> None:
        people.save_time_off(record, values, actor=actor)

    def remove(self, record: TimeOff, actor: Actor) -> None:
        people.remove_time_off(record, actor=actor)
