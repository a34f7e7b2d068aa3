"""The lists of what happened, for reading: notifications, the log, the outbox. `bookings` has requests and visits."""

from collections.abc import Sequence
from typing import Any

from flask import g
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext, pgettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy.orm import defer, joinedload
from werkzeug.wrappers import Response

from admin_site import filters, log_entries, notices, rows, search, texts
from admin_site.base import ReadList
from admin_site.bulk import bulk
from admin_site.list_address import Pill, Wanted
from admin_site.log_words import RECORDS
from admin_site.people import OF_CLIENT, client_link
from admin_site.rows import Column
from mailer.kinds import label as mail_word
from models import (
    Activity,
    ActorKind,
    MailState,
    Notification,
    NotificationKind,
    OutboxMail,
    Staff,
    Via,
)
from ui_kit import formats
from workflows import mail_refusals, notifications, outbox, staff_mails
from workflows.mail_facts import SENSITIVE_KINDS, MailKind
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add these lists to the back office."""
    admin.add_view(NotificationList(Notification, "notifications", "/admin/notifications"))
    admin.add_view(LogList(Activity, "activity", "/admin/log"))
    admin.add_view(OutboxList(OutboxMail, "outbox", "/admin/outbox"))


_NAME = (Staff.first_name, Staff.last_name)


def _told(line: Notification) -> Any:
    told = notices.notification(line)
    if told.url is None:
        return told.html
    return told.html + Markup(' <a class="ui-link" href="{}">{}</a>').format(told.url, pgettext("a link", "Open"))


class NotificationList(ReadList):
    """What HOME tells the office; dismissed by a person, never by being looked at."""

    title = _l("Notifications")
    empty = ("cat", _l("Nothing to tell"), _l("New requests, cancellations and failed mails appear here and on HOME."))
    default_order = (Notification.id.desc(),)
    list_options = (
        joinedload(Notification.client).load_only(*OF_CLIENT),
        joinedload(Notification.dismissed_by).load_only(*_NAME),
    )
    record_options = list_options
    pills = (
        Pill("open", _l("Open"), lambda: Notification.dismissed_at.is_(None)),
        Pill("dismissed", _l("Dismissed"), lambda: Notification.dismissed_at.is_not(None)),
        Pill("all", _l("All")),
    )
    columns = (
        Column("what", _l("What"), value=lambda n: notices.notification(n).html.striptags(), show=_told),
        Column("kind", _l("Kind")),
        Column("client", _l("Client"), hidden=True),
        Column("created_at", _l("When"), one_line=True),
        Column("dismissed_at", _l("Dismissed")),
        Column("dismissed_by", _l("Dismissed by"), hidden=True),
    )
    filters = (
        filters.Choice("kind", Notification.kind, _l("Kind"), NotificationKind),
        *filters.client_filters(Notification.client_id),
        filters.Day("from", Notification.created_at, _l("From")),
        filters.Day("until", Notification.created_at, _l("Until"), until=True),
    )

    def record_name(self, record: Notification) -> str:
        return notices.notification(record).html.striptags()

    @bulk("dismiss", _l("Dismiss"))
    def action_dismiss(self, records: Sequence[Notification]) -> None:
        """Off HOME; the line stays here."""
        self.each(
            records,
            lambda n: notifications.dismiss(n, actor=self.actor),
            lambda n: ngettext("%(num)d notification dismissed.", "%(num)d notifications dismissed.", n),
        )


def _subjects() -> list[tuple[str, str]]:
    """What the log can be about, in words."""
    nouns = [(table, gettext(noun).capitalize()) for table, (_icon, noun) in RECORDS.items()]
    return [
        *nouns,
        ("job_request", gettext("Job request")),
        ("job", gettext("Visit")),
        ("invoice", gettext("Invoice")),
        ("credit_note", gettext("Credit or debit note")),
        ("payment", gettext("Payment")),
        ("refund", gettext("Refund")),
        ("outbox_mail", gettext("Mail")),
        ("client_login", gettext("Client log-in")),
        ("staff_login", gettext("Team log-in")),
    ]


class LogList(ReadList):
    """What happened, by whom: rows are only ever added."""

    reading = writing = Permission.RECORDS
    title = _l("Log")
    empty = ("cat", _l("Nothing happened yet"), "")
    search_hint = _l("Client, or who did it")
    counts_rows = False
    details_template = "admin/activity/details.html"
    default_order = (Activity.at.desc(), Activity.id.desc())
    list_options = (joinedload(Activity.client).load_only(*OF_CLIENT),)
    record_options = list_options
    columns = (
        Column("at", _l("When"), sort=(Activity.at,), show=lambda a: rows.link(rows.show(a.at), f"/admin/log/details/?id={a.id}", main=True)),
        Column("what", _l("What"), value=lambda a: log_entries.log_entry(a).text),
        Column("client", _l("Client"), show=lambda a: client_link(a.client) if a.client else ""),
        Column("actor_name", _l("Who"), hidden=True),
        Column("actor_kind", _l("As"), hidden=True),
        Column("via", _l("Through")),
        Column("verb", _l("Code"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.Choice("by", Activity.actor_kind, _l("As"), ActorKind),
        filters.Choice("via", Activity.via, _l("Through"), Via),
        filters.TextChoice("about", Activity.subject_type, _l("About"), _subjects),
        *filters.client_filters(Activity.client_id),
        filters.Day("from", Activity.at, _l("From")),
        filters.Day("until", Activity.at, _l("Until"), until=True),
    )

    def find(self, text: str) -> Any:
        return search.log_lines(text)

    def record_name(self, record: Activity) -> str:
        return log_entries.log_entry(record).text

    def details_context(self, record: Activity) -> dict[str, Any]:
        return {"entry": log_entries.log_entry(record)}


def _state(mail: OutboxMail) -> Any:
    """The chip, why a mail to a member of staff waits, and whether mails to the address come back."""
    chip = rows.code_chip(mail.state)
    if mail_refusals.plain(mail.to_address) in g.get("returned_addresses", ()):
        return rows.two_lines(chip, gettext("Mails to this address come back"))
    until = staff_mails.waits_for(mail) if mail.state is MailState.QUEUED else None
    return chip if until is None else rows.two_lines(chip, gettext("Waits for quiet hours to end, %(time)s", time=formats.clock_time(until)))  # fmt: skip


class OutboxList(ReadList):
    """What was mailed or will be: when, to whom, and the text as it was sent."""

    reading = writing = Permission.RECORDS
    title = _l("Outbox")
    empty = ("bird", _l("No mails yet"), _l("Every mail to clients and sitters is kept here with its text."))
    search_hint = _l("Client, or how the address begins")
    list_template = "admin/outbox/list.html"
    details_template = "admin/outbox/details.html"
    default_order = (OutboxMail.created_at.desc(), OutboxMail.id.desc())
    list_options = (
        joinedload(OutboxMail.client).load_only(*OF_CLIENT), joinedload(OutboxMail.staff).load_only(Staff.quiet_until),
        defer(OutboxMail.body_text), defer(OutboxMail.body_html), defer(OutboxMail.facts),
    )  # fmt: skip
    record_options = (joinedload(OutboxMail.client), joinedload(OutboxMail.staff))
    pills = (
        Pill("all", _l("All")),
        Pill("failed", _l("Failed"), lambda: OutboxMail.state == MailState.FAILED),
        Pill("waiting", _l("Waiting"), lambda: OutboxMail.state.in_([MailState.QUEUED, MailState.SENDING])),
        Pill("sent", _l("Sent"), lambda: OutboxMail.state == MailState.SENT),
    )
    columns = (
        Column(
            "kind", _l("Mail"), value=lambda m: mail_word(m.kind),
            show=lambda m: rows.two_lines(rows.link(mail_word(m.kind), f"/admin/outbox/details/?id={m.id}", main=True), m.subject or ""),
        ),
        Column("subject", _l("Subject"), hidden=True),
        Column("to_address", _l("To")),
        Column("cc_addresses", _l("Copies to"), hidden=True),
        Column("client", _l("Client"), show=lambda m: client_link(m.client) if m.client else ""),
        Column("state", _l("State"), show=_state),
        Column("created_at", _l("Queued"), sort=(OutboxMail.created_at,), one_line=True),
        Column("sent_at", _l("Sent"), hidden=True),
        Column("attempts", _l("Tries"), right=True, hidden=True),
        Column("next_at", _l("Next try"), hidden=True, value=lambda m: m.next_at if m.state is MailState.QUEUED else None),
        Column("last_error", _l("What went wrong"), hidden=True),
    )  # fmt: skip
    filters = (
        filters.Choice("state", OutboxMail.state, _l("State"), MailState),
        filters.TextChoice(
            "kind", OutboxMail.kind, _l("Kind"), lambda: [(k.value, mail_word(k.value)) for k in MailKind]
        ),
        *filters.client_filters(OutboxMail.client_id),
        filters.Day("from", OutboxMail.created_at, _l("From")),
        filters.Day("until", OutboxMail.created_at, _l("Until"), until=True),
    )

    def find(self, text: str) -> Any:
        return search.mails(text)

    def record_name(self, record: OutboxMail) -> str:
        return gettext("%(mail)s to %(address)s", mail=mail_word(record.kind), address=record.to_address)

    def record_actions(self, record: OutboxMail) -> list[Any]:
        fitting = {
            "retry": record.state is MailState.FAILED,
            "cancel": record.state in {MailState.FAILED, MailState.QUEUED},
            "came_back": record.state is MailState.SENT,
        }
        return [a for a in self.offered_actions() if fitting[a.name]]

    @bulk("retry", _l("Send again"), permission=Permission.RECORDS)
    def action_retry(self, records: Sequence[OutboxMail]) -> None:
        """Queue failed mails again, due now."""
        self.each(
            records,
            lambda m: outbox.retry(m, actor=self.actor),
            lambda n: ngettext("%(num)d mail is queued again.", "%(num)d mails are queued again.", n),
        )

    @bulk(
        "cancel", _l("Do not send"), permission=Permission.RECORDS, danger=True,
        question=_l("Stop these mails? Those that were sent already cannot be stopped."),
    )  # fmt: skip
    def action_cancel(self, records: Sequence[OutboxMail]) -> None:
        """Keep queued and failed mails from being sent."""
        self.each(
            records,
            lambda m: outbox.cancel(m, actor=self.actor),
            lambda n: ngettext("%(num)d mail was stopped.", "%(num)d mails were stopped.", n),
        )

    @bulk("came_back", _l("This mail came back"), permission=Permission.RECORDS, danger=True,
        question=_l("Mark the addresses of these mails? Nothing is sent there until you take the mark off."),
    )  # fmt: skip
    def action_came_back(self, records: Sequence[OutboxMail]) -> None:
        """Write to these addresses no more."""
        self.each(
            records,
            lambda m: mail_refusals.came_back(m, actor=self.actor),
            lambda n: ngettext("%(num)d address is marked.", "%(num)d addresses are marked.", n),
        )

    def details_context(self, record: OutboxMail) -> dict[str, Any]:
        return {
            "mark": mail_refusals.find(record.to_address), "sensitive": {k.value for k in SENSITIVE_KINDS},
            "leaves": texts.moment_words(record.next_at, inside=True),
        }  # fmt: skip

    def prefetch(self, records: Sequence[OutboxMail]) -> None:
        g.returned_addresses = mail_refusals.bounced([m.to_address for m in records]) if records else set()

    def list_context(self, wanted: Wanted) -> dict[str, Any]:
        return {"may_edit_words": self.actor.may(Permission.TEMPLATES)}

    @expose("/html/")
    def html(self) -> Response:
        """The HTML part of a mail for the frame on its page: no scripts, no requests, no way out."""
        mail = self.asked_record()
        policy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
        return Response(
            mail.body_html or "",
            mimetype="text/html",
            headers={"Content-Security-Policy": policy, "X-Frame-Options": "SAMEORIGIN", "Cache-Control": "no-store"},
        )
