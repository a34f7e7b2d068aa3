"""The list of the team."""

from collections.abc import Sequence
from typing import Any

from flask_admin import Admin
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import joinedload

from admin_site import filters, rows, search
from admin_site.base import OfficeList
from admin_site.bulk import bulk
from admin_site.field_columns import FieldColumns
from admin_site.forms import Section
from admin_site.list_address import Pill
from admin_site.people import PLAIN_TEXT
from admin_site.rows import Column
from models import FieldArea, Staff
from workflows import invitations, people
from workflows.actors import Actor
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add the list to the back office."""
    admin.add_view(StaffList(Staff, "team", "/admin/staff"))


class StaffList(FieldColumns, OfficeList):
    """The team. Managers see it; only who may change staff changes it."""

    area = FieldArea.STAFF
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
    own_columns = (
        Column("name", _l("Name"), value=str, sort=(Staff.first_name, Staff.last_name)),
        Column("role", _l("Role")),
        Column("is_sitter", _l("Takes visits")),
        Column("phone", _l("Phone"), words=rows.phone),
        Column("email", _l("Mail")),
        Column("is_active", _l("Active"), hidden=True),
        Column("created_at", _l("Added"), hidden=True),
        Column("notes", _l("Notes"), hidden=True),
    )
    own_filters = (
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

    def check(self, record: Staff | None, values: dict[str, Any]) -> None:
        people.checked_staff(values)

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
