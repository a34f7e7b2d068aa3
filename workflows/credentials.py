"""What opens doors without a password: passkeys, tokens of other programs, private calendars, links in mails.

They end with the account that they belong to. Whoever is let in again later makes new ones: nobody knows any more who has the old.
The password, and the codes of a phone that it asks for, stay: they are in somebody's head, and open nothing by lying about.
"""

import sqlalchemy as sa

from foundation.db import db
from models import CalendarFeed, ClientLogin, Staff
from workflows import activity, api_tokens, passkeys
from workflows.actors import Actor


def end_of_staff(staff: Staff, *, actor: Actor) -> None:
    """Kill the person's tokens, passkeys, calendar address and mailed links. All but the links are logged one by one."""
    for token in api_tokens.of_person(staff):
        api_tokens.revoke(token, actor=actor)
    if staff.login is not None:
        staff.login.link_serial += 1
        passkeys.remove_all(staff.login, actor=actor)
    _end_feed(CalendarFeed.staff_id == staff.id, actor=actor)


def end_of_login(login: ClientLogin, *, actor: Actor) -> None:
    """Kill a household's log-in's passkeys and calendar address, which are logged, and its mailed links."""
    login.link_serial += 1
    passkeys.remove_all(login, actor=actor)
    _end_feed(CalendarFeed.client_login_id == login.id, actor=actor)


def _end_feed(whose: sa.ColumnElement[bool], *, actor: Actor) -> None:
    feed = db.session.scalar(sa.select(CalendarFeed).where(whose, CalendarFeed.is_on))
    if feed is None:
        return
    feed.is_on = False
    db.session.flush()
    client = feed.client_login.client if feed.client_login else None
    activity.record("calendar_feed.off", actor=actor, subject=feed, client=client, name=actor.name)
