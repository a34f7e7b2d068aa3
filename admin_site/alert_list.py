"""Warnings about visits: their words, HOME's card of those that stand, and the list of all that were raised."""

from collections.abc import Sequence
from typing import NamedTuple

from flask_admin import Admin
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from admin_site import filters, rows
from admin_site.base import ReadList
from admin_site.bookings import visit_url
from admin_site.bulk import bulk
from admin_site.list_address import Pill
from admin_site.people import OF_CLIENT
from admin_site.rows import Column
from foundation import clock
from models import AlertKind, Job, ServiceItem, Staff, VisitAlert
from ui_kit import formats
from workflows import alerts

_NAME = (Staff.first_name, Staff.last_name)


def register(admin: Admin) -> None:
    """Add the list to the back office."""
    admin.add_view(AlertList(VisitAlert, "alerts", "/admin/alerts"))


#: warnings that HOME draws; the list has them all
MOST = 8
ICONS = {
    AlertKind.UNACKNOWLEDGED: "mail", AlertKind.LATE: "alert-triangle", AlertKind.OVERDUE: "clock",
    AlertKind.SHORT: "hourglass", AlertKind.FAR: "map-pin", AlertKind.NO_PLACE: "map-pin",
    AlertKind.NOT_COMPLETED: "alert-triangle",
}  # fmt: skip


class Warned(NamedTuple):
    """A warning as HOME says it."""

    id: int
    icon: str
    is_urgent: bool
    title: str
    text: str
    url: str
    #: of the sitter, to call, and as people write it; "" when nobody is on it
    phone: str
    shown_phone: str


def sentence(alert: VisitAlert) -> str:
    """What is wrong, without whose visit it is. Lateness is counted up to now, while nobody has come."""
    minutes, metres = int(alert.facts.get("minutes") or 0), int(alert.facts.get("metres") or 0)
    if alert.kind in {AlertKind.LATE, AlertKind.OVERDUE} and alert.cleared_at is None:
        minutes += max(int((clock.now() - alert.raised_at).total_seconds()) // 60, 0)
    match alert.kind:
        case AlertKind.LATE:
            return ngettext("%(num)d minute late", "%(num)d minutes late", minutes)
        case AlertKind.OVERDUE:
            return ngettext("Not checked out, %(num)d minute over", "Not checked out, %(num)d minutes over", minutes)
        case AlertKind.SHORT:
            return ngettext("Over after %(num)d minute", "Over after %(num)d minutes", minutes)
        case AlertKind.FAR:
            return ngettext("%(num)d metre away from the home", "%(num)d metres away from the home", metres)
        case AlertKind.NO_PLACE:
            return gettext("Checked in or out without a place")
        case AlertKind.UNACKNOWLEDGED:
            return gettext("Not acknowledged")
        case AlertKind.NOT_COMPLETED:
            return gettext("Not completed, and the day is over")


def warned(found: Sequence[VisitAlert]) -> list[Warned]:
    """Open warnings as HOME says them, what is urgent first."""
    said = [
        Warned(
            alert.id, ICONS[alert.kind], alert.kind in alerts.URGENT, f"{sentence(alert)}: {alert.job.client}",
            _about(alert), visit_url(alert.job_id), (alert.sitter.phone or "") if alert.sitter else "",
            rows.phone(alert.sitter.phone) if alert.sitter else "",
        )
        for alert in found
    ]  # fmt: skip
    return sorted(said, key=lambda w: (not w.is_urgent, -w.id))


def _about(alert: VisitAlert) -> str:
    job = alert.job
    when = formats.clock_time(job.start_time) if job.start_time else str(job.time_block or "")
    day = "" if job.on_date == clock.today() else formats.short_day(job.on_date)
    who = str(alert.sitter) if alert.sitter else gettext("Nobody on it")
    return ", ".join(part for part in (job.service_item.name, day, when, who) if part)


class AlertList(ReadList):
    """Every warning that was raised, and what became of it."""

    title = _l("Warnings about visits")
    empty = (
        "dog",
        _l("No warnings"),
        _l("Visits that are late, overdue, too short or not acknowledged appear here and on HOME."),
    )
    default_order = (VisitAlert.raised_at.desc(), VisitAlert.id.desc())
    list_options = (
        joinedload(VisitAlert.sitter).load_only(*_NAME),
        joinedload(VisitAlert.seen_by).load_only(*_NAME),
        joinedload(VisitAlert.job)
        .load_only(Job.on_date, Job.start_time)
        .options(
            joinedload(Job.client).load_only(*OF_CLIENT),
            joinedload(Job.service_item).load_only(ServiceItem.name),
            joinedload(Job.time_block),
        ),
    )
    record_options = list_options
    pills = (
        Pill("open", _l("Open"), alerts.is_open),
        Pill("cleared", _l("Over by itself"), lambda: VisitAlert.cleared_at.is_not(None)),
        Pill("seen", _l("Put away"), lambda: VisitAlert.seen_at.is_not(None)),
        Pill("all", _l("All")),
    )
    columns = (
        Column(
            "what", _l("What"), value=sentence, show=lambda a: rows.link(sentence(a), visit_url(a.job_id), main=True)
        ),
        Column("client", _l("Client"), value=lambda a: str(a.job.client)),
        Column("visit", _l("Visit"), value=_about),
        Column("kind", _l("Kind"), hidden=True),
        Column("raised_at", _l("When"), sort=(VisitAlert.raised_at,), one_line=True),
        Column("cleared_at", _l("Over")),
        Column("seen_by", _l("Put away by")),
    )
    filters = (
        filters.Choice("kind", VisitAlert.kind, _l("Kind"), AlertKind),
        filters.sitter(VisitAlert.sitter_id),
        filters.Day("from", VisitAlert.raised_at, _l("From")),
        filters.Day("until", VisitAlert.raised_at, _l("Until"), until=True),
    )

    def record_name(self, record: VisitAlert) -> str:
        return f"{sentence(record)}: {record.job.client}"

    @bulk("put_away", _l("Put away"))
    def action_put_away(self, records: Sequence[VisitAlert]) -> None:
        """Off HOME; the warning stays here."""
        self.each(
            records,
            lambda a: alerts.put_away(a, actor=self.actor),
            lambda n: ngettext("%(num)d warning put away.", "%(num)d warnings put away.", n),
        )
