"""What all pages of the portal share: the frame around them, which functions are switched on, how a page is answered.

What the frame says is read with the sign-in, which every request has; after a change with one query more.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from client_portal import gateway, help_links
from client_portal.words import soon
from foundation import clock, money
from foundation.db import rows_of
from models import Client, JobRequest
from sign_in import current_client, current_sign_in
from ui_kit.frames import Impersonation, Link, NavItem, PortalFrame, Unsent
from workflows import baskets, calendar_feeds, change_requests, household_facts, letters, report_views, settings
from workflows.household_facts import BasketFacts

View = str | Response | tuple[str, int]

READS = frozenset({"GET", "HEAD", "OPTIONS"})


def page_group(
    name: str, import_name: str, *, under: str = "", nav: str = "", switches: Sequence[Callable[[], bool]] = ()
) -> Blueprint:
    """A blueprint under /portal with the frame. With `switches`, all its URLs are 404 unless one of them is on."""
    group = Blueprint(name, import_name, url_prefix=f"/portal{under}")

    @group.context_processor
    def _shared() -> dict[str, Any]:
        # Answers to htmx are only a part of a page: their frame is made when they ask for it, which few do.
        is_part = by_htmx()
        return {"frame": LocalProxy(frame) if is_part else frame(), "nav": nav, "by_htmx": is_part}

    def check() -> None:
        if switches and not any(is_on() for is_on in switches):
            abort(404)

    @group.url_value_preprocessor
    def _before_csrf(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
        # Runs before the CSRF check, which would answer a hand-made post with 400 and so tell that the page exists.
        if request.method not in READS:
            check()

    @group.before_request
    def _before_view() -> None:
        check()

    return group


def schedule_is_on() -> bool:
    """May clients see their schedule?"""
    return bool(settings.read()["portal.schedule"])


def requests_are_on() -> bool:
    """May clients request services?"""
    return bool(settings.read()["portal.requests"])


def can_cancel_visits() -> bool:
    """May clients ask to cancel scheduled visits? They find them in the schedule, so without it they may not."""
    return schedule_is_on() and change_requests.cancellations_are_on()


def can_change_visits() -> bool:
    """May clients ask for changes of scheduled visits?"""
    return schedule_is_on() and change_requests.changes_are_on()


def can_ask_about_series() -> bool:
    """May clients ask to pause or end repeating visits?"""
    return schedule_is_on() and change_requests.series_are_on()


def can_write_message() -> bool:
    """May clients write a general message about their schedule?"""
    return schedule_is_on() and change_requests.messages_are_on()


def data_is_on() -> bool:
    """May clients see what the business keeps about them?"""
    return bool(settings.read()["portal.your_data"])


def can_amend_data() -> bool:
    """May clients change it?"""
    return data_is_on() and bool(settings.read()["portal.your_data_amend"])


def can_add_pet() -> bool:
    """May clients add pets?"""
    return data_is_on() and bool(settings.read()["portal.add_pet"])


def can_upload() -> bool:
    """May clients send photos and documents, and take away what they sent?"""
    return data_is_on() and bool(settings.read()["portal.upload"])


def can_download() -> bool:
    """May clients save the files that are here for them?"""
    return data_is_on() and bool(settings.read()["portal.download"])


def files_are_on() -> bool:
    """Is there anything to do on the page of photos and documents?"""
    return can_upload() or can_download()


def reports_are_on() -> bool:
    """Do clients read what sitters tell of visits?"""
    return report_views.is_open_to_clients()


def summary_is_on() -> bool:
    """Do clients see what they owe?"""
    return bool(settings.read()["portal.account_summary"])


def invoices_are_on() -> bool:
    """May clients read their invoices?"""
    return bool(settings.read()["portal.invoices"])


def payments_are_on() -> bool:
    """May clients see what they paid?"""
    return bool(settings.read()["portal.payments"])


def pays_online() -> bool:
    """Does this client pay online, and is there a gateway? Before the log-in nobody is left out."""
    client = current_client()
    return (client is None or client.pays_online) and gateway.is_there()


def can_pay() -> bool:
    """May this client pay invoices here?"""
    return bool(settings.read()["portal.pay"]) and pays_online()


def cards_are_on() -> bool:
    """May this client keep cards?"""
    return bool(settings.read()["portal.cards"]) and pays_online()


def accounts_are_on() -> bool:
    """May this client keep and use bank accounts? There are debits in US dollars alone."""
    return bool(settings.read()["portal.bank_accounts"]) and money.currency() == "USD" and pays_online()


def client_here() -> Client:
    """The client whose portal this is; every query of a page begins with it."""
    client = current_client()
    if client is None:
        abort(404)
    return client


def first_page() -> str | None:
    """The address of the first function that is on, or None when all are off."""
    if summary_is_on():
        return url_for("portal_account.show")
    if schedule_is_on():
        return url_for("portal_schedule.month")
    if requests_are_on():
        return url_for("portal_requesting.show")
    if data_is_on():
        return url_for("portal_data.start")
    if invoices_are_on():
        return url_for("portal_invoices.index")
    if payments_are_on():
        return url_for("portal_payments.index")
    if letters.is_on():
        return url_for("portal_letters.show")
    return url_for("portal_reports.index") if reports_are_on() else None


def by_htmx(target: str | None = None) -> bool:
    """Does htmx ask, and for this element?"""
    asked = request.headers.get("HX-Request") == "true" and request.headers.get("HX-History-Restore-Request") != "true"
    return asked and (target is None or request.headers.get("HX-Target") == target)


def see(address: str) -> Response:
    """After a post: go and look there."""
    return redirect(address, 303)


def page(template: str, status: int = 200, **more: object) -> tuple[str, int]:
    """A page of the portal."""
    return render_template(f"portal/{template}", **more), status


# ------------------------------------------------------------------------------------------------------- the frame


def know_basket(basket: JobRequest | None) -> None:
    """Spare the frame its query: the page has read the basket already."""
    lines = basket.lines if basket else []
    g.portal_basket = BasketFacts(
        len(lines), sum(1 for x in lines if x.blocked_code), basket.changed_at if basket else None
    )


def basket_facts(client: Client) -> BasketFacts:
    """As they were read with the sign-in; in a request that may have changed them since, with a query."""
    if "portal_basket" not in g:
        user = current_sign_in()
        if user is not None and request.method in READS:
            g.portal_basket = BasketFacts(*user.read.household)
        else:
            (found,) = rows_of(household_facts.OF_CLIENT, {"client_id": client.id})
            g.portal_basket = BasketFacts(*found)
    facts: BasketFacts = g.portal_basket
    return facts


def frame() -> PortalFrame:
    """The frame of this request's pages, made once."""
    if "portal_frame" not in g:
        g.portal_frame = _make_frame(client_here())
    made: PortalFrame = g.portal_frame
    return made


def _make_frame(client: Client) -> PortalFrame:
    values = settings.read()
    can_request = baskets.may_request(client)
    facts = basket_facts(client)
    return PortalFrame(
        business_name=values["business.name"],
        client_name=str(client),
        nav=_nav(can_request=can_request),
        account_menu=_account_menu(),
        home_url=url_for("portal_home.home"),
        logout_url=url_for("portal_door.log_out"),
        manifest_url=url_for("portal_install.manifest"),
        worker_url=url_for("portal_install.worker"),
        account_number=client.account_number_grouped,
        hide_business_name=values["portal.hide_business_name"],
        logo_url=url_for("logo", key=values["business.logo"]) if values["business.logo"] else None,
        header_button=_button(values["portal.button_label"], values["portal.button_url"]),
        notice=_notice(values["portal.notice"], facts, can_request=can_request),
        can_request=can_request,
        request_url=url_for("portal_requesting.show"),
        unsent=_unsent(facts, values["portal.auto_submit_hours"]) if can_request else None,
        impersonation=_impersonation(),
        phone_number=values["business.phone"] or None,
        email=values["business.email"] or None,
        demo_note=gateway.note(),
        help_url=help_links.url_for_page(),
    )


def _nav(*, can_request: bool) -> list[NavItem]:
    items = []
    if summary_is_on():
        items.append(
            NavItem("account", _("Account summary"), "wallet", url_for("portal_account.show"), short=_("Account"))
        )
    if schedule_is_on():
        items.append(NavItem("schedule", _("Schedule"), "calendar", url_for("portal_schedule.month")))
    if can_request:
        items.append(NavItem("requests", _("My requests"), "list-details", url_for("portal_requests.index")))
    if invoices_are_on():
        items.append(NavItem("invoices", _("Invoices"), "file-invoice", url_for("portal_invoices.index")))
    if payments_are_on():
        items.append(NavItem("payments", _("Payments"), "receipt", url_for("portal_payments.index")))
    if data_is_on():
        items.append(NavItem("data", _("Your Data"), "home-heart", url_for("portal_data.start")))
    if reports_are_on():
        items.append(NavItem("reports", _("Report cards"), "report", url_for("portal_reports.index")))
    if letters.is_on():
        user = current_sign_in()
        n = user.n_unread if user is not None else 0
        label = ngettext("%(num)d new message", "%(num)d new messages", n)
        items.append(NavItem("letters", _("Messages"), "messages", url_for("portal_letters.show"), n, label))
    return items


def _account_menu() -> list[NavItem]:
    """What concerns the log-in alone; the office, which has none here, does not see it."""
    user = current_sign_in()
    if user is None or user.is_view:
        return []
    items = [NavItem("settings", _("Settings"), "settings", url_for("portal_settings.index"))]
    if cards_are_on() or accounts_are_on():
        items.append(NavItem("methods", _("Cards and bank accounts"), "credit-card", url_for("portal_methods.index")))
    if calendar_feeds.feeds_are_on():
        items.append(NavItem("calendar", _("Calendar feed"), "rss", url_for("portal_calendar.show")))
    return items


def _button(label: str, address: str) -> Link | None:
    return Link(label, address) if label and address else None


def _notice(office: str, facts: BasketFacts, *, can_request: bool) -> str | None:
    """The office's notice; and a word about a basket that cannot be sent because requests are switched off."""
    words = [office] if office else []
    if facts.n_lines and not can_request:
        words.append(_("Your request was not sent: requests are switched off at the moment. Please ask us about it."))
    return "\n\n".join(words) or None


def _unsent(facts: BasketFacts, hours: int | None) -> Unsent | None:
    if not facts.n_lines or facts.changed_at is None:
        return None
    return Unsent(
        facts.n_lines,
        forgotten_text(facts.changed_at, hours, can_go=facts.n_blocked < facts.n_lines),
        url_for("portal_requesting.show", _anchor="basket"),
    )


def forgotten_text(changed_at: dt.datetime, hours: int | None, *, can_go: bool) -> str:
    """What happens to a basket that nobody sends."""
    if not can_go:
        return _("It can no longer be requested online. Please have a look.")
    if not hours:
        return _("Nothing is requested until you send it.")
    due = changed_at + dt.timedelta(hours=hours)
    if due <= clock.now():
        return _("We are about to send it for you, so no pet is left out.")
    return _("If you forget, we send it for you %(when)s, so no pet is left out.", when=soon(due))


def _impersonation() -> Impersonation | None:
    user = current_sign_in()
    if user is None or not user.is_view or user.read.viewing_staff is None:
        return None
    return Impersonation(str(user.read.viewing_staff), url_for("portal_home.end_office_view"), user.read.expires_at)
