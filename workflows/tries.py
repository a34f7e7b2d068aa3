"""Guessing is slowed down: wrong passwords and codes, links and mails asked for, counted by account and by address.

An account is slowed down wherever the tries come from, an address whatever the accounts are. What was typed as name
is kept as a fingerprint only, so that the table is no list of addresses.
"""

import datetime as dt

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from foundation.sealing import fingerprint
from models import LoginAttempt, Realm
from workflows.errors import N_, NotAllowed

#: wrong passwords an account in five minutes, and an address in an hour (PyPI's and healthchecks' figures)
ACCOUNT_TRIES, ACCOUNT_WINDOW = 10, dt.timedelta(minutes=5)
ADDRESS_TRIES, ADDRESS_WINDOW = 20, dt.timedelta(hours=1)


class TooManyTries(NotAllowed):
    """Guessing was slowed down; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(
            "too_many_tries", N_("Too many tries. Wait %(minutes)s minutes, or ask for a new password link."),
            minutes=max(1, -(-retry_after // 60)),
        )  # fmt: skip


def account_key(realm: Realm, name: str) -> str:
    """How an account is counted, whether or not it exists."""
    return fingerprint(f"{realm}:{name}")


def note(realm: Realm, purpose: str, key: str, address: str, *, succeeded: bool) -> None:
    """Write a try down; the caller commits also when it failed."""
    db.session.add(
        LoginAttempt(realm=realm, purpose=purpose, account_key=key, address=address[:64], succeeded=succeeded)
    )


def slow_down(realm: Realm, purpose: str, key: str, address: str) -> None:
    """Raise TooManyTries when this account or this address had too many wrong ones."""
    wrong = (LoginAttempt.succeeded.is_(False), LoginAttempt.purpose == purpose, LoginAttempt.realm == realm)
    check(ACCOUNT_TRIES, ACCOUNT_WINDOW, *wrong, LoginAttempt.account_key == key)
    check(ADDRESS_TRIES, ADDRESS_WINDOW, *wrong, LoginAttempt.address == address[:64])


def check(tries: int, window: dt.timedelta, *where: sa.ColumnElement[bool]) -> None:
    """Raise TooManyTries when so many of these tries lie within the window; it ends when the first of them leaves it."""
    now = clock.now()
    times = db.session.scalars(
        sa.select(LoginAttempt.at).where(*where, LoginAttempt.at > now - window).order_by(LoginAttempt.at.desc()).limit(tries)
    ).all()  # fmt: skip
    if len(times) >= tries:
        raise TooManyTries(int((times[-1] + window - now).total_seconds()) + 1)


def forget_old() -> int:
    """Drop tries older than two days; how many. The nightly task calls it."""
    result = db.session.execute(sa.delete(LoginAttempt).where(LoginAttempt.at < clock.now() - dt.timedelta(days=2)))
    return int(getattr(result, "rowcount", 0))
