"""The client's calendar feed: a private address for the own calendar, on, renewed or off; and the file itself."""

from flask import Blueprint, abort, url_for
from werkzeug.wrappers import Response

from client_portal.frame import View, page, page_group, see
from models import ClientLogin
from sign_in import current_actor, current_sign_in
from ui_kit import calendar_feed
from workflows import calendar_feeds, settings

pages = page_group(
    "portal_calendar", __name__, under="/calendar", nav="calendar", switches=[calendar_feeds.feeds_are_on]
)
#: open to whoever has the address: calendar programs cannot log in
feeds = Blueprint("portal_calendar_feed", __name__, url_prefix="/portal/calendar")


@pages.get("")
def show() -> View:
    """The address, or what it would be good for."""
    return page("calendar.html", address=calendar_feed.address(_own_login(), "portal_calendar_feed.file"))


@pages.post("")
def change() -> View:
    """Turn it on, give it a new address, or turn it off."""
    calendar_feed.do_what_was_pressed(_own_login(), actor=current_actor())
    return see(url_for(".show"))


def _own_login() -> ClientLogin:
    """The log-in itself: the office, which looks at the portal as the client, has none and finds nothing here."""
    user = current_sign_in()
    login = user.login if user is not None else None
    return login if isinstance(login, ClientLogin) else abort(404)


@feeds.get("/<token>.ics")
def file(token: str) -> Response:
    """The calendar file, or 404 for an address that is dead."""
    feed = calendar_feed.feed_at(token)
    if feed.client_login is None:
        abort(404)
    return calendar_feed.file(feed, name=settings.read()["business.name"], for_sitter=False)
