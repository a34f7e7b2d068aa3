"""The sitter's calendar feed: a private address for the own calendar, on, renewed or off; and the file itself."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from documents import calendar
from foundation.db import db
from models import Staff
from sign_in import current_actor, current_staff
from sitter_portal.frame import frame
from ui_kit.downloads import calendar_file
from workflows import calendar_feeds, settings

pages = Blueprint("sitter_calendar", __name__, url_prefix="/staff/calendar")


@pages.get("")
def show() -> str:
    """The address, or what it would be good for."""
    staff = _own()
    feed = calendar_feeds.feed_of(staff)
    address = None
    if feed is not None and feed.is_on:
        token = calendar_feeds.sign(current_app.config["SECRET_KEY"], feed)
        address = current_app.config["PUBLIC_URL"].rstrip("/") + url_for(".file", token=token)
    return render_template("staff/calendar.html", frame=frame(staff), nav="calendar", address=address)


@pages.post("")
def change() -> Response:
    """Turn it on, give it a new address, or turn it off."""
    staff, actor, what = _own(), current_actor(), request.form.get("do")
    if what == "off":
        calendar_feeds.turn_off(staff, actor=actor)
        flash(gettext("The calendar feed is off. Its address does not work any more."), "success")
    elif what == "renew":
        calendar_feeds.renew(staff, actor=actor)
        flash(gettext("Here is the new address. The old one does not work any more."), "success")
    elif what == "on":
        calendar_feeds.turn_on(staff, actor=actor)
        flash(gettext("The calendar feed is on."), "success")
    else:
        abort(400)
    db.session.commit()
    return redirect(url_for(".show"), 303)


def _own() -> Staff:
    staff = current_staff()
    return staff or abort(403)


@pages.get("/<token>.ics")
def file(token: str) -> Response:
    """The calendar file, or 404 for an address that is dead. Open to whoever has it: calendar programs cannot log in."""
    feed = calendar_feeds.read(current_app.config["SECRET_KEY"], token)
    if feed is None or feed.staff is None:
        abort(404)
    name = f"{settings.read()['business.name']}: {feed.staff.first_name}"
    return calendar_file(calendar.write(calendar_feeds.entries(feed), name=name, for_sitter=True))
