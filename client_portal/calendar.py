"""The client's calendar feed: a private address for the own calendar, on, renewed or off; and the file itself."""

from flask import Blueprint, abort, current_app, flash, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from client_portal.frame import View, page, page_group, see
from documents import calendar
from foundation.db import db
from models import ClientLogin
from sign_in import current_actor, current_sign_in
from ui_kit.downloads import calendar_file
from workflows import calendar_feeds, settings

pages = page_group(
    "portal_calendar", __name__, under="/calendar", nav="calendar", switches=[calendar_feeds.feeds_are_on]
)
#: open to whoever has the address: calendar programs cannot log in
feeds = Blueprint("portal_calendar_feed", __name__, url_prefix="/portal/calendar")


@pages.get("")
def show() -> View:
    """The address, or what it would be good for."""
    feed = calendar_feeds.feed_of(_own_login())
    address = None
    if feed is not None and feed.is_on:
        token = calendar_feeds.sign(current_app.config["SECRET_KEY"], feed)
        address = current_app.config["PUBLIC_URL"].rstrip("/") + url_for("portal_calendar_feed.file", token=token)
    return page("calendar.html", address=address)


@pages.post("")
def change() -> View:
    """Turn it on, give it a new address, or turn it off."""
    login, actor, what = _own_login(), current_actor(), request.form.get("do")
    if what == "off":
        calendar_feeds.turn_off(login, actor=actor)
        flash(_("The calendar feed is off. Its address does not work any more."), "success")
    elif what == "renew":
        calendar_feeds.renew(login, actor=actor)
        flash(_("Here is the new address. The old one does not work any more."), "success")
    elif what == "on":
        calendar_feeds.turn_on(login, actor=actor)
        flash(_("The calendar feed is on."), "success")
    else:
        abort(400)
    db.session.commit()
    return see(url_for(".show"))


def _own_login() -> ClientLogin:
    """The log-in itself: the office, which looks at the portal as the client, has none and finds nothing here."""
    user = current_sign_in()
    login = user.sign_in.client_login if user is not None else None
    return login or abort(404)


@feeds.get("/<token>.ics")
def file(token: str) -> Response:
    """The calendar file, or 404 for an address that is dead."""
    feed = calendar_feeds.read(current_app.config["SECRET_KEY"], token)
    if feed is None or feed.client_login is None:
        abort(404)
    data = calendar.write(
        calendar_feeds.entries(feed), name=str(settings.read()["business.name"]), for_sitter=False
    )  # fmt: skip
    return calendar_file(data)
