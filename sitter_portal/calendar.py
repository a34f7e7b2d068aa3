"""The sitter's calendar feed: a private address for the own calendar, on, renewed or off; and the file itself."""

from flask import Blueprint, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from models import Staff
from sign_in import current_actor, current_staff
from sitter_portal.frame import frame
from ui_kit import calendar_feed
from workflows import settings

pages = Blueprint("sitter_calendar", __name__, url_prefix="/staff/calendar")


@pages.get("")
def show() -> str:
    """The address, or what it would be good for."""
    staff = _own()
    address = calendar_feed.address(staff, "sitter_calendar.file")
    return render_template("staff/calendar.html", frame=frame(staff), nav="calendar", address=address)


@pages.post("")
def change() -> Response:
    """Turn it on, give it a new address, or turn it off."""
    calendar_feed.do_what_was_pressed(_own(), actor=current_actor())
    return redirect(url_for(".show"), 303)


def _own() -> Staff:
    staff = current_staff()
    return staff or abort(403)


@pages.get("/<token>.ics")
def file(token: str) -> Response:
    """The calendar file, or 404 for an address that is dead. Open to whoever has it: calendar programs cannot log in."""
    feed = calendar_feed.feed_at(token)
    if feed.staff is None:
        abort(404)
    name = f"{settings.read()['business.name']}: {feed.staff.first_name}"
    return calendar_feed.file(feed, name=name, for_sitter=True)
