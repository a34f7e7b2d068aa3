"""What all the sitter's pages share: the frame around them."""

from flask import url_for
from flask_babel import gettext

from models import Staff
from sign_in import current_actor
from ui_kit.frames import NavItem, PortalFrame
from workflows import settings
from workflows.permissions import Permission


def frame(staff: Staff) -> PortalFrame:
    """The frame of a sitter's page."""
    values = settings.read()
    menu = [
        NavItem("day", gettext("Visits"), "calendar", url_for("sitter_day.day")),
        NavItem("calendar", gettext("Calendar feed"), "rss", url_for("sitter_calendar.show")),
    ]
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
    )
