"""The list of repeating services. Beginning and changing them have pages of their own: `repeat_pages`."""

from typing import Any

import sqlalchemy as sa
from flask import redirect
from flask_admin import Admin, expose
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from admin_site import filters, rows, search
from admin_site.base import OfficeList
from admin_site.list_address import Pill
from admin_site.people import OF_CLIENT, client_link
from admin_site.rows import Column
from foundation import clock
from models import Client, Repeat, RepeatTime, ServiceItem, Staff
from ui_kit import repeat_words
from workflows.permissions import Permission


def going_on() -> sa.ColumnElement[bool]:
    """Series that will have visits."""
    return Repeat.is_active & (Repeat.ends_on.is_(None) | (Repeat.ends_on >= clock.today()))


def state_chip(repeat: Repeat) -> tuple[str, str]:
    """Where a series stands, as the pair for `ui.chip`. Its pauses must be loaded."""
    today = clock.today()
    if not repeat.is_active or (repeat.ends_on is not None and repeat.ends_on < today):
        return "mute", gettext("Ended")
    if any(p.first_on <= today <= p.last_on for p in repeat.pauses):
        return "req", gettext("Paused")
    if repeat.starts_on > today:
        return "change", gettext("Not begun yet")
    if repeat.ends_on is not None:
        return "ok", gettext("Active, ends")
    return "ok", gettext("Active")


class RepeatList(OfficeList):
    """Every repeating service."""

    writing = Permission.SCHEDULE
    may_delete = False
    title, add_label = _l("Repeating services"), _l("Add repeating service")
    empty = ("dog", _l("No repeating services yet"), _l("A walk each weekday at noon: set it once, its visits are made ahead."))  # fmt: skip
    search_hint = _l("Client, pet or account number")
    default_order = (Repeat.id.desc(),)
    list_template = "admin/repeats/list.html"
    list_options = (
        joinedload(Repeat.client).load_only(*OF_CLIENT),
        joinedload(Repeat.service_item).load_only(ServiceItem.name),
        joinedload(Repeat.sitter).load_only(Staff.first_name, Staff.last_name),
        selectinload(Repeat.times).joinedload(RepeatTime.time_block),
        selectinload(Repeat.pauses),
    )
    record_options = list_options
    pills = (
        Pill("active", _l("Active"), going_on),
        Pill("ended", _l("Ended"), lambda: sa.not_(going_on())),
        Pill("all", _l("All")),
    )
    columns = (
        Column(
            "pattern", _l("Service"), value=lambda r: "; ".join(repeat_words.time_lines(r)),
            show=lambda r: rows.two_lines(
                rows.link(r.service_item.name, repeat_url(r.id), main=True),
                f"{'; '.join(repeat_words.time_lines(r))}, {repeat_words.rhythm(r)}",
            ),
        ),
        Column("service_item", _l("Service item"), hidden=True),
        Column("client", _l("Client"), show=lambda r: client_link(r.client)),
        Column("sitter", _l("Sitter"), show=lambda r: str(r.sitter) if r.sitter else gettext("Nobody yet")),
        Column("starts_on", _l("From")),
        Column("ends_on", _l("Until"), show=lambda r: rows.show(r.ends_on) if r.ends_on else gettext("no end")),
        Column("generated_to", _l("Made up to"), hidden=True),
        Column("state", _l("State"), value=lambda r: state_chip(r)[1], show=lambda r: rows.chip(*state_chip(r))),
        Column("note", _l("Client's note"), hidden=True),
        Column("staff_note", _l("Office note"), hidden=True),
    )  # fmt: skip
    filters = (
        *filters.client_filters(Repeat.client_id),
        filters.sitter(Repeat.sitter_id),
        filters.service(Repeat.service_item_id),
        filters.Day("from", Repeat.starts_on, _l("Begins from")),
        filters.Day("until", Repeat.starts_on, _l("Begins until"), until=True),
    )

    def find(self, text: str) -> Any:
        return Repeat.client_id.in_(sa.select(Client.id).where(search.clients(text)))

    def record_name(self, record: Repeat) -> str:
        return repeat_words.sentence(record)

    def record_url(self, record: Repeat) -> str:
        return repeat_url(record.id)

    def add_url(self) -> str | None:
        return "/admin/repeat/new" if self.can_create else None

    @expose("/new/")
    def create_view(self) -> Response:
        """A series asks for more than one record's fields."""
        return redirect("/admin/repeat/new")

    @expose("/edit/")
    def edit_view(self) -> Response:
        """The series' own page."""
        return redirect(repeat_url(self.asked_record().id))

    @expose("/details/")
    def details_view(self) -> Response:
        """The series' own page."""
        return redirect(repeat_url(self.asked_record().id))


def repeat_url(repeat_id: int) -> str:
    """The series' own page."""
    return f"/admin/repeat/{repeat_id}/"


def register(admin: Admin) -> None:
    """Add the list to the back office, and the words of a series to its templates."""
    admin.app.jinja_env.globals["repeat_words"] = repeat_words.sentence
    admin.add_view(RepeatList(Repeat, "repeats", "/admin/repeats"))
