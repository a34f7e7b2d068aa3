"""What the calendar pages of clients and of sitters have in common: the address, the three buttons, the file."""

from typing import Any

from flask import abort, current_app, flash, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from documents import calendar
from foundation.db import db
from models import CalendarFeed, ClientLogin, Staff
from ui_kit.downloads import calendar_file
from workflows import calendar_feeds
from workflows.actors import Actor


def address(owner: ClientLogin | Staff, endpoint: str) -> str | None:
    """The private address of the owner's feed, or None while it is off."""
    feed = calendar_feeds.feed_of(owner)
    if feed is None or not feed.is_on:
        return None
    token = calendar_feeds.sign(current_app.config["SECRET_KEY"], feed)
    return str(current_app.config["PUBLIC_URL"].rstrip("/") + url_for(endpoint, token=token))


def do_what_was_pressed(owner: ClientLogin | Staff, *, actor: Actor) -> None:
    """Turn the feed on, give it a new address, or turn it off; said on the next page. 400 for anything else."""
    what = request.form.get("do")
    if what == "off":
        calendar_feeds.turn_off(owner, actor=actor)
        flash(gettext("The calendar feed is off. Its address does not work any more."), "success")
    elif what == "renew":
        calendar_feeds.renew(owner, actor=actor)
        flash(gettext("Here is the new address. The old one does not work any more."), "success")
    elif what == "on":
        calendar_feeds.turn_on(owner, actor=actor)
        flash(gettext("The calendar feed is on."), "success")
    else:
        abort(400)
    db.session.commit()


def feed_at(token: str) -> CalendarFeed:
    """The feed of an address, or 404 for one that is dead."""
    return calendar_feeds.read(current_app.config["SECRET_KEY"], token) or abort(404)


def file(feed: CalendarFeed, *, name: Any, for_sitter: bool) -> Response:  # noqa: ANN401 -- a setting
    """The calendar file."""
    return calendar_file(calendar.write(calendar_feeds.entries(feed), name=str(name), for_sitter=for_sitter))
