"""What all the sitter's pages share: the frame around them."""

from flask import url_for
from flask_babel import gettext, ngettext

from models import Staff
from sign_in import current_actor, current_sign_in
from sitter_portal import help_links
from ui_kit.frames import NavItem, PortalFrame
from workflows import settings
from workflows.permissions import Permission


def frame(staff: Staff) -> PortalFrame:
    """The frame of a sitter's page."""
    values = settings.read()
    menu = [
        NavItem("day", gettext("Visits"), "calendar", url_for("sitter_day.day")),
        NavItem("keys", gettext("Keys"), "key", url_for("sitter_keys.show")),
        *_time_off(),
        _messages(),
        NavItem("calendar", gettext("Calendar feed"), "rss", url_for("sitter_calendar.show")),
    ]
    if current_actor().may(Permission.OWN_PAY):
        menu.append(NavItem("pay", gettext("Pay"), "wallet", url_for("sitter_pay.show")))
    if current_actor().may(Permission.OFFICE):
        menu.append(NavItem("office", gettext("Back office"), "home", "/admin/"))
    logo = values["business.logo"]
    return PortalFrame(
        business_name=values["business.name"],
        client_name=str(staff),
        nav=menu,
        home_url=url_for("sitter_day.day"),
        logout_url=url_for("office_door.log_out"),
        account_menu=[NavItem("account", gettext("Your account"), "user-circle", url_for("sitter_account.index"))],
        logo_url=url_for("logo", key=logo) if logo else None,
        phone_number=values["business.phone"] or None,
        email=values["business.email"] or None,
        manifest_url=url_for("sitter_offline.manifest"),
        worker_url=url_for("sitter_offline.worker"),
        kept_url=url_for("sitter_offline.shell"),
        help_url=help_links.url_for_page(),
    )


def _time_off() -> list[NavItem]:
    actor = current_actor()
    if not (actor.may(Permission.ASK_TIME_OFF) or actor.may(Permission.SEE_TIME_OFF)):
        return []
    return [NavItem("time_off", gettext("Time off"), "calendar-off", url_for("sitter_time_off.show"))]


def _messages() -> NavItem:
    """With what is unread, which was read together with the sign-in."""
    user = current_sign_in()
    n = user.n_unread if user is not None else 0
    label = ngettext("%(num)d new message", "%(num)d new messages", n)
    return NavItem("messages", gettext("Messages"), "messages", url_for("staff_messages.show"), n, label)
