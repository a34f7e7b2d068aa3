"""The business's calendar: public holidays and closed days."""

from collections.abc import Sequence
from typing import Any

import holidays as holiday_calendars
from babel import Locale
from flask import abort, flash, redirect, request
from flask_admin import Admin, expose
from flask_babel import get_locale, gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from admin_site import filters, listing, lookups, rows, search
from admin_site.bulk import bulk
from admin_site.catalogue import PlainList
from admin_site.forms import Section
from admin_site.list_address import Pill, Wanted
from admin_site.reading import read_id
from admin_site.rows import Column
from foundation import clock
from foundation.db import db
from models import ClosedDay, PublicHoliday, ServiceGroup, ServiceItem
from ui_kit import formats
from workflows import catalogue
from workflows.errors import WorkflowError
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(HolidayList(PublicHoliday, "holidays", "/admin/holidays"))
    admin.add_view(ClosedDayList(ClosedDay, "closed_days", "/admin/closed-days"))


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
    words = typed.casefold()
    if not words:
        return None
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
        Pill(
            "coming",
            _l("Now and coming"),
            lambda: ClosedDay.last_on >= clock.today(),
            order=(ClosedDay.first_on, ClosedDay.id),
        ),
        Pill("past", _l("Past"), lambda: ClosedDay.last_on < clock.today()),
        Pill("all", _l("All")),
    )
    list_options = (
        joinedload(ClosedDay.service_group).load_only(ServiceGroup.name),
        joinedload(ClosedDay.service_item).load_only(ServiceItem.name),
    )
    record_options = list_options
    columns = (
        Column("reason", _l("Reason")),
        Column("first_on", _l("First day"), sort=(ClosedDay.first_on,)),
        Column("last_on", _l("Last day")),
        Column("scope", _l("For"), value=lambda c: str(c.service_item or c.service_group or gettext("Every service"))),
    )
    filters = (
        filters.Day("from", ClosedDay.last_on, _l("From")),
        filters.Day("until", ClosedDay.first_on, _l("Until"), until=True),
    )
    sections = (
        Section(_l("Closed"), (("first_on", "last_on"), "reason")),
        Section(_l("Only for some services"), ("service_group", "service_item"), _l("Choose neither to close for every service.")),
    )  # fmt: skip
    form_ajax_refs = {
        "service_group": lookups.service_group("service_group"),
        "service_item": lookups.service("service_item"),
    }
    form_args = {
        "service_group": {"label": _l("Only the group"), "blank": _l("Every service")},
        "service_item": {"label": _l("Only the service"), "blank": _l("Every service")},
        "first_on": {"label": _l("First day")},
        "last_on": {"label": _l("Last day"), "description": _l("This day included.")},
        "reason": {"label": _l("Reason"), "description": _l("Clients read it, such as “Closed for our summer break”.")},
    }

    def find(self, text: str) -> Any:
        return search.plain(ClosedDay.reason)(text)

    def record_name(self, record: ClosedDay) -> str:
        days = formats.time_span(rows.show(record.first_on), rows.show(record.last_on))
        return record.reason or days
