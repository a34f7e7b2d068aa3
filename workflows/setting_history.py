"""Who changed which setting, and when: read from the log, which keeps old and new value of every change."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from foundation.db import db
from models import Activity


@dataclass(frozen=True)
class LastChange:
    """The newest change of a setting; `at` is UTC."""

    who: str
    at: dt.datetime


_KEY = Activity.facts["key"].as_string()
_OF_SETTINGS = Activity.verb == "setting.changed"


def last_changes(keys: Collection[str]) -> dict[str, LastChange]:
    """{key: its newest change} of those settings that were ever changed, with one query; none for no settings."""
    if not keys:
        return {}
    newest = (
        sa.select(_KEY.label("key"), sa.func.max(Activity.id).label("id"))
        .where(_OF_SETTINGS, _KEY.in_(keys))
        .group_by(_KEY)
        .subquery()
    )
    rows = db.session.execute(
        sa.select(newest.c.key, Activity.actor_name, Activity.at).join(Activity, Activity.id == newest.c.id)
    )
    return {key: LastChange(who, at) for key, who, at in rows}


def newest(keys: Collection[str], *, most: int) -> Sequence[Activity]:
    """The newest lines of the log about these settings, at most `most`."""
    found = sa.select(Activity).where(_OF_SETTINGS, _KEY.in_(keys)).order_by(Activity.id.desc()).limit(most)
    return db.session.scalars(found).all()
