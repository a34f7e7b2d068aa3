"""The price list and the business's calendar: services, groups, time blocks, holidays, closed days."""

from collections.abc import Sequence
from typing import Any

import holidays as holiday_calendars
from babel import Locale
from flask import abort, flash, redirect, request
from flask_admin import Admin, expose
from flask_babel import get_locale, gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from admin_site import filters, listing, lookups, rows, search
from admin_site.base import OfficeList
from admin_site.bulk import bulk
from admin_site.forms import Section
from admin_site.listing import Pill, Wanted
from admin_site.reading import read_id
from admin_site.rows import Column
from foundation import clock
from foundation.db import db
from models import ClosedDay, PayKind, PublicHoliday, ServiceGroup, ServiceItem, TimeBlock, TimeType
from workflows import catalogue
from workflows.actors import Actor
from workflows.errors import WorkflowError
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(ServiceList(ServiceItem, "services", "/admin/services"))
    admin.add_view(GroupList(ServiceGroup, "service_groups", "/admin/service-groups"))
    admin.add_view(TimeBlockList(TimeBlock, "time_blocks", "/admin/time-blocks"))
    admin.add_view(HolidayList(PublicHoliday, "holidays", "/admin/holidays"))
    admin.add_view(ClosedDayList(ClosedDay, "closed_days", "/admin/closed-days"))


_LIMIT = {
    "request_limit_kind": {
        "label": _l("How late clients may request"),
        "blank": _l("No limit of its own"),
        "description": _l("Without one, the next counts: the item's, then its group's, then the portal settings'."),
    },
    "request_limit_number": {"label": _l("Hours or days"), "description": _l("The N of the limit.")},
    "request_limit_time": {
        "label": _l("Time of day"),
        "description": _l("For the two limits that end at a time of day."),
    },
}


class CatalogueList(OfficeList):
    """An entry of the price list or the calendar."""

    writing = Permission.CATALOGUE

    def remove(self, record: Any, actor: Actor) -> None:
        catalogue.remove(record, actor=actor)


class PlainList(CatalogueList):
    """Those that `catalogue.save_plain` saves."""

    def add(self, values: dict[str, Any], actor: Actor) -> Any:
        record = self.model()
        catalogue.save_plain(record, values, actor=actor)
        return record

    def change(self, record: Any, values: dict[str, Any], actor: Actor) -> None:
        catalogue.save_plain(record, values, actor=actor)


class ServiceList(CatalogueList):
    """Service items. "Visible in portal" stands in the Advanced section."""

    title, add_label = _l("Services"), _l("Add service")
    empty = ("dog", _l("No services yet"), _l("Add what you offer: a walk, a visit, a night."))
    search_hint = _l("Name, code or description")
    default_order = (ServiceItem.position, ServiceItem.name, ServiceItem.id)
    list_template = "admin/services/list.html"
    list_options = (joinedload(ServiceItem.group).load_only(ServiceGroup.name), selectinload(ServiceItem.time_blocks))
    record_options = (joinedload(ServiceItem.group), selectinload(ServiceItem.time_blocks))
    pills = (
        Pill("active", _l("Active"), lambda: ServiceItem.is_active.is_(True)),
        Pill("portal", _l("In the portal"), lambda: ServiceItem.is_active & ServiceItem.visible_in_portal),
        Pill("inactive", _l("Inactive"), lambda: ServiceItem.is_active.is_(False)),
        Pill("all", _l("All")),
    )
    columns = (
        Column(
            "name", _l("Name"), sort=(ServiceItem.name,),
            show=lambda s: rows.two_lines(rows.link(s.name, f"/admin/services/details/?id={s.id}", main=True), s.code),
        ),
        Column("code", _l("Code"), hidden=True),
        Column("description", _l("Description"), hidden=True),
        Column("group", _l("Group")),
        Column("price", _l("Price"), right=True, inline=True),
        Column("extra_pet_price", _l("Each further pet"), right=True, hidden=True),
        Column("pay", _l("Sitter's pay"), right=True, hidden=True, value=lambda s: _pay(s)),
        Column("duration_minutes", _l("Minutes"), right=True, inline=True),
        Column("time_type", _l("Time"), hidden=True),
        Column("time_blocks", _l("Time blocks"), hidden=True),
        Column("visible_in_portal", _l("In portal"), show=lambda s: _portal_chip(s), inline=True),
        Column("is_active", _l("Active"), hidden=True),
        Column("is_internal", _l("Internal"), hidden=True),
        Column("key_not_needed", _l("Key not needed"), hidden=True),
        Column("request_limit", _l("How late clients may request"), hidden=True, value=lambda s: limit_words(s)),
        Column("position", _l("Position"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.RecordChoice("group", ServiceItem.group_id, _l("Group"), ServiceGroup, order=(ServiceGroup.position, ServiceGroup.name), none=_l("None")),
        filters.YesNo("portal", ServiceItem.visible_in_portal, _l("Visible in portal")),
        filters.YesNo("active", ServiceItem.is_active, _l("Active")),
        filters.Choice("time", ServiceItem.time_type, _l("Time"), TimeType),
    )  # fmt: skip
    sections = (
        Section(_l("What clients read"), (("name", "code"), "description", ("group", "position"))),
        Section(
            _l("Price and pay"),
            (("price", "extra_pet_price"), "pay_kind", ("pay_amount", "pay_percent"), "duration_minutes"),
            _l("Visits that exist keep their price."),
        ),
        Section(
            _l("Advanced"),
            (
                "visible_in_portal", "is_active", "is_internal", "key_not_needed", "time_type", "time_blocks",
                "request_limit_kind", ("request_limit_number", "request_limit_time"),
            ),
            advanced=True,
        ),
    )  # fmt: skip
    form_ajax_refs = {"group": lookups.service_group(), "time_blocks": lookups.time_block()}
    field_looks = {
        "pay_percent": {"after": "%"},
        "duration_minutes": {"after": _l("minutes"), "class_": "ui-input--w8"},
        "time_blocks": {"as_": "checks"},
        "position": {"class_": "ui-input--w8"},
    }
    form_args = {
        "name": {"label": _l("Name")},
        "code": {"label": _l("Code"), "description": _l("A short word for the office, such as Walk30.")},
        "description": {"label": _l("Description"), "description": _l("One line that clients read under the name.")},
        "group": {"label": _l("Group"), "blank": _l("None")},
        "position": {"label": _l("Position"), "description": _l("Smaller numbers come first.")},
        "price": {"label": _l("Price")},
        "extra_pet_price": {"label": _l("Each further pet"), "description": _l("Added for the second pet and on.")},
        "pay_kind": {"label": _l("The sitter gets")},
        "pay_amount": {"label": _l("Amount")},
        "pay_percent": {"label": _l("Share of the price")},
        "duration_minutes": {"label": _l("Duration")},
        "visible_in_portal": {
            "label": _l("Visible in portal"),
            "description": _l("Clients can request this service from the portal."),
        },
        "is_active": {
            "label": _l("Active"),
            "description": _l("Off: nobody can book it any more. Visits that exist stay."),
        },
        "is_internal": {"label": _l("Internal"), "description": _l("Clients never see visits of it, such as training.")},
        "key_not_needed": {"label": _l("Key not needed"), "description": _l("For walks that begin at the gate.")},
        "time_type": {"label": _l("Time"), "description": _l("What is asked about the time of day.")},
        "time_blocks": {"label": _l("Time blocks"), "description": _l("Which ones clients can choose from.")},
        **_LIMIT,
    }

    def find(self, text: str) -> Any:
        return search.services(text)

    def add(self, values: dict[str, Any], actor: Actor) -> ServiceItem:
        return catalogue.save_item(ServiceItem(), values, actor=actor)

    def change(self, record: ServiceItem, values: dict[str, Any], actor: Actor) -> None:
        catalogue.save_item(record, values, actor=actor)

    @bulk("show", _l("Show in the portal"), permission=Permission.CATALOGUE)
    def action_show(self, records: Sequence[ServiceItem]) -> None:
        """Clients can request them."""
        self._set(records, {"visible_in_portal": True})

    @bulk(
        "hide", _l("Hide from the portal"), permission=Permission.CATALOGUE,
        question=_l("Hide these services from the portal? They leave the baskets that have them; clients are told why."),
    )  # fmt: skip
    def action_hide(self, records: Sequence[ServiceItem]) -> None:
        """Clients cannot request them any more; baskets are flagged."""
        self._set(records, {"visible_in_portal": False})

    @bulk("activate", _l("Make active"), permission=Permission.CATALOGUE)
    def action_activate(self, records: Sequence[ServiceItem]) -> None:
        """Can be booked again."""
        self._set(records, {"is_active": True})

    @bulk(
        "deactivate", _l("Make inactive"), permission=Permission.CATALOGUE,
        question=_l("Make these services inactive? Nobody can book or request them any more; visits that exist stay."),
    )  # fmt: skip
    def action_deactivate(self, records: Sequence[ServiceItem]) -> None:
        """Cannot be booked any more; baskets are flagged."""
        self._set(records, {"is_active": False})

    def _set(self, records: Sequence[ServiceItem], values: dict[str, Any]) -> None:
        self.each(
            records,
            lambda s: catalogue.save_item(s, values, actor=self.actor),
            lambda n: ngettext("%(num)d service was changed.", "%(num)d services were changed.", n),
        )


def _portal_chip(item: ServiceItem) -> Any:
    if not item.is_active:
        return rows.chip("mute", gettext("Inactive"))
    return rows.chip("ok", gettext("Visible")) if item.visible_in_portal else rows.chip("mute", gettext("Hidden"))


def _pay(item: ServiceItem) -> str:
    if item.pay_kind is PayKind.AMOUNT:
        return str(rows.show(item.pay_amount))
    return f"{item.pay_percent.normalize():f} %"


def limit_words(item: ServiceItem | ServiceGroup) -> str:
    """A request limit in words: the kind, then its number or time."""
    if item.request_limit_kind is None:
        return ""
    more = item.request_limit_number if item.request_limit_time is None else rows.show(item.request_limit_time)
    return f"{rows.show(item.request_limit_kind)} ({more})" if more not in {None, ""} else rows.show(item.request_limit_kind)


class GroupList(PlainList):
    """Groups of services, with a request limit that they share."""

    title, add_label = _l("Service groups"), _l("Add group")
    empty = ("cat", _l("No groups yet"), _l("Groups keep a long price list tidy and can share a request limit."))
    search_hint = _l("Name")
    default_order = (ServiceGroup.position, ServiceGroup.name, ServiceGroup.id)
    columns = (
        Column("name", _l("Name"), sort=(ServiceGroup.name,)),
        Column("position", _l("Position"), right=True),
        Column("request_limit", _l("How late clients may request"), value=lambda g: limit_words(g)),
    )
    sections = (
        Section(_l("Group"), (("name", "position"),)),
        Section(_l("Request limit"), ("request_limit_kind", ("request_limit_number", "request_limit_time"))),
    )
    field_looks = {"position": {"class_": "ui-input--w8"}}
    form_args = {
        "name": {"label": _l("Name")},
        "position": {"label": _l("Position"), "description": _l("Smaller numbers come first.")},
        **_LIMIT,
    }

    def find(self, text: str) -> Any:
        return search.plain(ServiceGroup.name)(text)


class TimeBlockList(PlainList):
    """Named windows of the day."""

    title, add_label = _l("Time blocks"), _l("Add time block")
    empty = ("bird", _l("No time blocks yet"), _l("Morning, midday, evening: windows that clients choose from."))
    search_hint = _l("Name")
    default_order = (TimeBlock.starts_at, TimeBlock.id)
    columns = (
        Column("name", _l("Name"), sort=(TimeBlock.name,)),
        Column("starts_at", _l("From")),
        Column("ends_at", _l("Until")),
        Column("is_active", _l("Active")),
    )
    filters = (filters.YesNo("active", TimeBlock.is_active, _l("Active")),)
    sections = (Section(_l("Time block"), ("name", ("starts_at", "ends_at"), "is_active")),)
    form_args = {
        "name": {"label": _l("Name")},
        "starts_at": {"label": _l("From")},
        "ends_at": {"label": _l("Until"), "description": _l("Earlier than the start: it ends on the next day.")},
        "is_active": {"label": _l("Active"), "description": _l("Off: it cannot be chosen for a service any more.")},
    }

    def find(self, text: str) -> Any:
        return search.plain(TimeBlock.name)(text)


class HolidayList(PlainList):
    """Public holidays; a country's can be loaded at once."""

    title, add_label = _l("Public holidays"), _l("Add holiday")
    empty = ("rabbit", _l("No holidays yet"), _l("Load your country's, then say on which ones you are closed."))
    search_hint = _l("Name")
    default_order = (PublicHoliday.on_date, PublicHoliday.id)
    list_template = "admin/holidays/list.html"
    pills = (
        Pill("coming", _l("Coming"), lambda: PublicHoliday.on_date >= clock.today()),
        Pill("past", _l("Past"), lambda: PublicHoliday.on_date < clock.today()),
        Pill("all", _l("All")),
    )
    columns = (
        Column("name", _l("Name")),
        Column("on_date", _l("Day"), sort=(PublicHoliday.on_date,), show=lambda h: rows.formats.short_day(h.on_date, year=True)),
        Column("is_closed", _l("Closed"), show=lambda h: rows.chip("req", gettext("Closed")) if h.is_closed else gettext("Open")),
    )  # fmt: skip
    filters = (
        filters.YesNo("closed", PublicHoliday.is_closed, _l("Closed")),
        filters.Day("from", PublicHoliday.on_date, _l("From")),
        filters.Day("until", PublicHoliday.on_date, _l("Until"), until=True),
    )
    sections = (Section(_l("Holiday"), (("name", "on_date"), "is_closed")),)
    form_args = {
        "name": {"label": _l("Name"), "description": _l("Clients read it in the calendar.")},
        "on_date": {"label": _l("Day")},
        "is_closed": {"label": _l("Closed"), "description": _l("Clients cannot request services for this day.")},
    }

    def find(self, text: str) -> Any:
        return search.plain(PublicHoliday.name)(text)

    def list_context(self, wanted: Wanted) -> dict[str, Any]:
        year = clock.today().year
        return {"years": [year, year + 1, year + 2], "here": _here()}

    @expose("/load/", methods=("POST",))
    def load(self) -> Response:
        """Add a country's holidays of a year that are not in the list yet."""
        if not self.can_create:
            abort(403)
        year = read_id(request.form.get("year"))
        country = _country_code(search.tidy(request.form.get("country")))
        if year is None or not 2000 <= year <= 2100 or country is None:
            flash(gettext("Enter a country, such as Canada or CA, and a year."), "error")
            return redirect(f"{self.url}/")
        try:
            n = catalogue.load_holidays(country, year, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            flash(problem.say(gettext), "error")
            return redirect(f"{self.url}/")
        listing.forget_counts()
        flash(
            ngettext("%(num)d holiday was added.", "%(num)d holidays were added.", n)
            if n
            else gettext("All of them are in the list already."),
            "success",
        )
        return redirect(f"{self.url}/?view=all&flt_from={year}-01-01&flt_until={year}-12-31")

    @bulk("close", _l("Closed on these days"), permission=Permission.CATALOGUE)
    def action_close(self, records: Sequence[PublicHoliday]) -> None:
        """No requests for these days."""
        self._set(records, is_closed=True)

    @bulk("open", _l("Open on these days"), permission=Permission.CATALOGUE)
    def action_open(self, records: Sequence[PublicHoliday]) -> None:
        """Requests as on any day."""
        self._set(records, is_closed=False)

    def _set(self, records: Sequence[PublicHoliday], *, is_closed: bool) -> None:
        self.each(
            records,
            lambda h: catalogue.save_plain(h, {"is_closed": is_closed}, actor=self.actor),
            lambda n: ngettext("%(num)d holiday was changed.", "%(num)d holidays were changed.", n),
        )


def _country_code(typed: str) -> str | None:
    """The code of a country whose holidays are known, from its code or its name in the reader's language."""
    known = {code for code in holiday_calendars.list_supported_countries() if len(code) == 2}
    words = typed.strip().casefold()
    if words.upper() in known:
        return words.upper()
    names = (get_locale() or Locale("en")).territories
    return next((code for code in known if str(names.get(code, "")).casefold() == words), None)


def _here() -> str:
    """The business's own country, from its language and format setting."""
    locale = get_locale() or Locale("en", "US")
    return str(locale.territories.get(locale.territory or "US", ""))


class ClosedDayList(PlainList):
    """Stretches of days on which no requests are taken."""

    title, add_label = _l("Closed days"), _l("Add closed days")
    empty = ("fish", _l("No closed days"), _l("Your own holidays: clients cannot request anything on these days."))
    search_hint = _l("Reason")
    default_order = (ClosedDay.first_on.desc(), ClosedDay.id.desc())
    pills = (
        Pill("coming", _l("Now and coming"), lambda: ClosedDay.last_on >= clock.today()),
        Pill("past", _l("Past"), lambda: ClosedDay.last_on < clock.today()),
        Pill("all", _l("All")),
    )
    columns = (
        Column("reason", _l("Reason")),
        Column("first_on", _l("First day"), sort=(ClosedDay.first_on,)),
        Column("last_on", _l("Last day")),
    )
    filters = (
        filters.Day("from", ClosedDay.last_on, _l("From")),
        filters.Day("until", ClosedDay.first_on, _l("Until"), until=True),
    )
    sections = (Section(_l("Closed"), (("first_on", "last_on"), "reason")),)
    form_args = {
        "first_on": {"label": _l("First day")},
        "last_on": {"label": _l("Last day"), "description": _l("This day included.")},
        "reason": {"label": _l("Reason"), "description": _l("Clients read it, such as “Closed for our summer break”.")},
    }

    def find(self, text: str) -> Any:
        return search.plain(ClosedDay.reason)(text)

    def record_name(self, record: ClosedDay) -> str:
        days = gettext("%(start)s to %(end)s", start=rows.show(record.first_on), end=rows.show(record.last_on))
        return record.reason or days
