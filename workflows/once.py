"""One intent, one effect: a form carries a random key, and only its first arrival changes anything.

The key is written in the same transaction as the effect, so a crash in between leaves neither.
"""

import datetime as dt
import re
import secrets

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import FormKey
from workflows.errors import N_, Conflict

_SHAPE = re.compile(r"[A-Za-z0-9_-]{16,64}")
KEEP = dt.timedelta(days=7)


def new_key() -> str:
    """A fresh key for a form that is about to be shown."""
    return secrets.token_urlsafe(18)


def claim(key: str | None) -> None:
    """Use up the key; Conflict 'sent_twice' if it was used before, also by a request that runs at this moment.

    A form without a key (a hand-made request) is let through: it harms only whoever makes it.
    """
    if not key or not _SHAPE.fullmatch(key):
        return
    insert = sa.insert(FormKey).values(key=key, used_at=clock.now(), result="")
    try:
        with db.session.begin_nested():
            db.session.execute(insert)
    except sa.exc.IntegrityError as used:
        raise Conflict("sent_twice", N_("This was already saved. Nothing was done twice.")) from used


def forget_old() -> int:
    """Drop keys older than a week; how many. The nightly task calls it."""
    result = db.session.execute(sa.delete(FormKey).where(FormKey.used_at < clock.now() - KEEP))
    return int(getattr(result, "rowcount", 0))
