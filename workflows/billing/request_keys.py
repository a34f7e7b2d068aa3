"""Whether the gateway takes request keys, with which a repeated request is known for what it is; remembered for good."""

import secrets

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from foundation.db import db
from models import GatewayMode, Setting


def new(mode: GatewayMode) -> str:
    """A fresh key; empty where this gateway refused them once."""
    refused = db.session.scalar(sa.select(Setting.value).where(Setting.key == _name(mode)))
    return "" if refused else secrets.token_hex(24)


def remember_refused(mode: GatewayMode) -> None:
    """Send none from now on. Two that learn it at the same moment do no harm."""
    if db.session.get(Setting, _name(mode)) is not None:
        return
    try:
        with db.session.begin_nested():
            db.session.execute(sa.insert(Setting).values(key=_name(mode), value=True))
    except IntegrityError:
        pass


def _name(mode: GatewayMode) -> str:
    return f"gateway.{mode.value}.refuses_keys"
