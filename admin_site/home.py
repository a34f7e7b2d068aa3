"""HOME: what needs somebody, today's visits, what came from the portal, the weeks; and the first steps of a new business."""

import hashlib
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext, ngettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from admin_site import (
    alert_list,
    billing_home,
    change_queue,
    frame,
    home_figures,
    job_lines,
    keys,
    notices,
    operations,
    texts,
    time_off,
)
from admin_site.pages import Answer, WorkPage, get_or_404, is_htmx, page
from admin_site.reading import link, read_id
from foundation import clock
from foundation.db import db
from models import Notification, VisitAlert
from ui_kit import formats
from workflows import alerts, condition, notifications, settings
from workflows.actors import Actor
from workflows.permissions import Permission


@dataclass(frozen=True)
class ToDo:
    """A row of "Needs you"."""

    kind: str
    icon: str
    title: str
    text: str
    url: str | None
    button: str


@dataclass(frozen=True)
class Step:
    """A row of the list for a new business."""

    title: str
    text: str
    is_done: bool
    url: str | None
    button: str


class HomePage(WorkPage):
    """The first page of the back office."""

    @expose("/")
    def index(self) -> Answer:
        """Today at a glance."""
        live, facts = _live(), home_figures.facts()
        today = live["today"]
        found = home_figures.notices()
        shown = found[: home_figures.MOST_NOTICES]
        return page(
            "home.html",
            greeting=_greeting(self.actor),
            subtitle=_subtitle(today),
            todos=_todos(self.actor, facts),
            n_reports=facts.n_reports,
            notices=[(line, notices.notification(line)) for line in shown],
            has_more=len(found) > len(shown),
            last_id=shown[0].id if shown else 0,
            weeks=_bars(),
            weeks_wait=home_figures.WEEKS.waits,
            **live,
            steps=_steps(self.actor, facts),
            owed=billing_home.owed(self.actor),
        )

    @expose("/live/")
    def live(self) -> Answer:
        """Warnings and today's visits alone, for HOME to renew itself; 204 when nothing is new since `?seen=`."""
        found = _live()
        if found["seen"] == request.args.get("seen"):
            return Response(status=204)
        return page("_home_live.html", **found)

    @expose("/warnings/<int:alert_id>", methods=("POST",))
    def put_away(self, alert_id: int) -> Response:
        """Somebody takes care: the warning leaves HOME."""
        alerts.put_away(get_or_404(VisitAlert, alert_id), actor=self.actor)
        db.session.commit()
        return redirect(url_for(".index", _anchor="warnings"))

    @expose("/dismissal/<int:notification_id>", methods=("POST",))
    def dismiss(self, notification_id: int) -> Answer:
        """Take one notification off HOME."""
        notifications.dismiss(get_or_404(Notification, notification_id), actor=self.actor)
        db.session.commit()
        return "" if is_htmx() else redirect(url_for(".index", _anchor="feed"))

    @expose("/dismissal", methods=("POST",))
    def dismiss_all(self) -> Response:
        """Take all off HOME that this page showed; newer ones stay."""
        n = notifications.dismiss_all(actor=self.actor, up_to_id=read_id(request.form.get("up_to_id")) or 0)
        db.session.commit()
        flash(ngettext("%(num)d notification dismissed.", "%(num)d notifications dismissed.", n), "success")
        return redirect(url_for(".index", _anchor="feed"))


def _live() -> dict[str, Any]:
    """What HOME renews by itself; `seen` changes with every word of it."""
    open_ones = alerts.newest(alert_list.MOST + 1)
    warned = alert_list.warned(open_ones[: alert_list.MOST])
    today = home_figures.today(late={a.job_id for a in open_ones if a.kind in alerts.URGENT})
    shown: dict[str, Any] = {
        "warned": warned,
        "more_warned": len(open_ones) > alert_list.MOST,
        "today": today,
        "day": clock.today(),
    }
    seen = hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
    return {**shown, "lines": job_lines.of_chips, "seen": seen}


def _greeting(actor: Actor) -> str:
    first = actor.staff.first_name if actor.staff else actor.name
    hour = clock.local_now().hour
    if hour < 12:
        return gettext("Good morning, %(name)s", name=first)
    if hour < 18:
        return gettext("Good afternoon, %(name)s", name=first)
    return gettext("Good evening, %(name)s", name=first)


def _subtitle(today: home_figures.Today) -> str:
    day = formats.long_day(clock.today())
    if not today.n_all:
        return gettext("%(day)s. No visits today.", day=day)
    visits = ngettext("%(num)d visit today", "%(num)d visits today", today.n_all)
    if today.first is None:
        return gettext("%(day)s. %(visits)s.", day=day, visits=visits)
    return gettext("%(day)s. %(visits)s, the first at %(time)s.", day=day, visits=visits, time=formats.clock_time(today.first))  # fmt: skip


def _todos(actor: Actor, facts: home_figures.Facts) -> list[ToDo]:
    rows = [*_requests(actor, facts), *_changes(actor, facts), *_nobody(facts), *_keys(facts), *_time_off(actor)]
    if facts.n_baskets and actor.may(Permission.REQUESTS):
        title = ngettext("%(num)d unsent basket", "%(num)d unsent baskets", facts.n_baskets)
        hours = settings.read()["portal.auto_submit_hours"]
        text = (
            ngettext("Baskets are sent by themselves %(num)d hour after their last change.", "Baskets are sent by themselves %(num)d hours after their last change.", hours)
            if hours
            else gettext("Baskets are not sent by themselves. You can write to the clients.")
        )  # fmt: skip
        rows.append(ToDo("", "basket", title, text, url_for("requests.baskets"), gettext("Look")))
    if facts.n_failed_mails and actor.may(Permission.RECORDS):
        title = ngettext("%(num)d mail could not be sent", "%(num)d mails could not be sent", facts.n_failed_mails)
        text = gettext("Look at what went wrong, then send again or stop it.")
        rows.append(ToDo("danger", "mail", title, text, link("outbox.index_view"), gettext("Outbox")))
    return [*_troubles(actor, facts), *rows, *_mail_troubles(actor, facts), *_billing(actor, facts)]


def _troubles(actor: Actor, facts: home_figures.Facts) -> list[ToDo]:
    """The worker is gone, or a backup is missing: first of all, as everything else depends on them."""
    found = operations.warnings(condition.troubles(facts.condition, actor=actor))
    return [ToDo("danger", "alert-triangle", title, text, url, gettext("Look")) for title, text, url in found]


def _mail_troubles(actor: Actor, facts: home_figures.Facts) -> list[ToDo]:
    """Words of mails that could not be used, and clients whom no mail reaches."""
    rows = []
    if facts.n_broken_words and actor.may(Permission.TEMPLATES):
        title = ngettext("%(num)d mail goes out in other words than yours", "%(num)d mails go out in other words than yours", facts.n_broken_words)  # fmt: skip
        text = gettext("Your words could not be used, so it is sent as it came with Latchkey.")
        rows.append(ToDo("danger", "mail", title, text, url_for("mail_texts.index", show="broken"), gettext("Look")))
    if facts.n_bounced and actor.may(Permission.RECORDS):
        title = ngettext("No mail reaches %(num)d client", "No mail reaches %(num)d clients", facts.n_bounced)
        text = gettext("Their address gave a mail back. Ask for another one, or take the mark off.")
        rows.append(ToDo("danger", "mail", title, text, url_for("mail_refusals.index"), gettext("Look")))
    return rows


def _billing(actor: Actor, facts: home_figures.Facts) -> list[ToDo]:
    if not actor.may(Permission.BILLING):
        return []
    rows = []
    if facts.n_attention:
        title, text, url = billing_home.attention_words(facts.n_attention)
        rows.append(ToDo("danger", "alert-triangle", title, text, url, gettext("Look")))
    if facts.n_notes:
        title, text, url = billing_home.notes_words(facts.n_notes)
        rows.append(ToDo("req", "receipt-refund", title, text, url, gettext("Decide")))
    return rows


def _requests(actor: Actor, facts: home_figures.Facts) -> list[ToDo]:
    n_clients = frame.n_clients_waiting()
    if not n_clients or not actor.may(Permission.REQUESTS):
        return []
    parts = [ngettext("%(num)d visit.", "%(num)d visits.", facts.n_lines)]
    if facts.first_on is not None:
        parts.append(gettext("The soonest is %(day)s.", day=texts.day_words(facts.first_on, inside=True)))
    if facts.n_auto:
        parts.append(ngettext("%(num)d was auto-submitted.", "%(num)d were auto-submitted.", facts.n_auto))
    title = frame.outstanding(n_clients)
    return [ToDo("req", "inbox", title, " ".join(parts), url_for("requests.index"), gettext("Process requests"))]


def _changes(actor: Actor, facts: home_figures.Facts) -> list[ToDo]:
    """What clients ask about visits in the schedule, as far as nobody has decided."""
    n_clients = frame.n_clients_with_changes()
    if not n_clients or not actor.may(Permission.SCHEDULE):
        return []
    n_changes, n_cancellations, n_messages = facts.n_changes, facts.n_cancellations, facts.n_messages
    parts = (
        ngettext("%(num)d change.", "%(num)d changes.", n_changes) if n_changes else "",
        ngettext("%(num)d cancellation.", "%(num)d cancellations.", n_cancellations) if n_cancellations else "",
        ngettext("%(num)d message.", "%(num)d messages.", n_messages) if n_messages else "",
    )
    title = change_queue.waiting_words(n_clients)
    text = " ".join(part for part in parts if part)
    return [ToDo("req", "calendar-time", title, text, url_for("changes.index"), gettext("Decide"))]


def _nobody(facts: home_figures.Facts) -> list[ToDo]:
    n_all, today, first_on = facts.n_nobody, facts.n_nobody_today, facts.first_nobody_on
    if first_on is None:
        return []
    if today:
        title = ngettext("%(num)d visit today has nobody on it", "%(num)d visits today have nobody on them", today)
        later = n_all - today
        text = ngettext("%(num)d more in the next 7 days.", "%(num)d more in the next 7 days.", later) if later else gettext("None in the next 7 days.")  # fmt: skip
        day = clock.today()
    else:
        title = ngettext("%(num)d visit in the next 7 days has nobody on it", "%(num)d visits in the next 7 days have nobody on them", n_all)  # fmt: skip
        day = first_on
        text = gettext("The first is %(day)s.", day=texts.day_words(day, inside=True))
    url = url_for(
        "schedule.index", state="nobody", view="day" if today and today == n_all else "week", on=day.isoformat()
    )
    return [ToDo("danger", "alert-triangle", title, text, url, gettext("Assign"))]


def _keys(facts: home_figures.Facts) -> list[ToDo]:
    """Keys that sitters still have to get, and those that somebody took along."""
    may_lack = facts.has_keys or settings.read()["keys.expect_always"]
    found = (keys.todo_words() if may_lack else None, keys.left_words() if facts.has_left_keys else None)
    return [ToDo("req", "key", *words, gettext("Look")) for words in found if words is not None]


def _time_off(actor: Actor) -> list[ToDo]:
    n = frame.n_sitters_waiting()
    if not n or not actor.may(Permission.SCHEDULE):
        return []
    url = link("time_off.index_view", view="waiting")
    text = gettext("Their visits in these days are shown before you decide.")
    return [ToDo("req", "calendar-off", time_off.waiting_words(n), text, url, gettext("Decide"))]


def _bars() -> list[tuple[str, int, str, bool]]:
    today = clock.today()
    found = home_figures.weeks(formats.first_weekday())
    this = max(first for first, _n in found if first <= today)
    words = [
        formats.local_date(first, "MMM d" if formats.locale_code() == "en-US" else "d MMM").split(" ")
        for first, _n in found
    ]
    return [
        (Markup("<br>").join(label), n, str(n), first == this) for label, (first, n) in zip(words, found, strict=True)
    ]


def _steps(actor: Actor, facts: home_figures.Facts) -> list[Step]:
    """The first steps, until all are done; computed from what is there."""
    values = settings.read()
    profile = values.is_changed("business.name") or values["business.logo"] is not None
    all_steps: tuple[tuple[Permission, Step], ...] = (
        (Permission.SETTINGS, Step(gettext("Say who you are"), gettext("Business name, logo, phone: clients see them in the portal and in mails."), profile, link("settings.index"), gettext("Open settings"))),
        (Permission.CATALOGUE, Step(gettext("Add your first service"), gettext("A walk, a visit, an overnight, with its price and length."), facts.has_service, link("services.create_view"), gettext("Add service"))),
        (Permission.CATALOGUE, Step(gettext("Offer a service in the portal"), gettext('Tick "Visible in portal" under Advanced, so that clients can request it.'), facts.has_offer, link("services.index_view"), gettext("Open services"))),
        (Permission.STAFF, Step(gettext("Add who does the visits"), gettext('A sitter, or yourself: tick "Takes visits".'), facts.has_sitter, link("team.index_view"), gettext("Open team"))),
        (Permission.CLIENTS, Step(gettext("Add your first client"), gettext("With their pets; the account number is made for you."), facts.has_client, link("clients.create_view"), gettext("Add client"))),
        (Permission.CLIENTS, Step(gettext("Invite a client to the portal"), gettext("From the client's page; the mail holds a link to set a password."), facts.has_login, link("clients.index_view"), gettext("Open clients"))),
    )  # fmt: skip
    mine = [step for permission, step in all_steps if actor.may(permission)]
    return [] if all(step.is_done for step in mine) else mine


def index_view() -> Any:
    """The view that Flask-Admin shows at /admin/."""
    return HomePage(endpoint="admin", url="/admin")
