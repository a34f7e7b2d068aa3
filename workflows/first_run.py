"""The first minutes of an installation: its first owner and business, made by whoever can read its terminal.

The address that begins it holds a code made of the SECRET_KEY: nobody can guess it, nothing is stored, and it is
worth nothing from the moment that a member of staff exists.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from foundation.db import db
from foundation.text import tidy
from models import Staff
from workflows import access, activity, field_defaults, once, settings
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.errors import N_, Conflict, Invalid, Refusals

#: the form key that only one owner can be the first with
_KEY = "the-first-owner-of-all"


@dataclass(frozen=True)
class Beginning:
    """Who begins, and with what business."""

    first_name: str
    last_name: str
    email: str
    password: str
    repeated: str
    business: str
    time_zone: str
    currency: str
    locale: str


def is_open() -> bool:
    """Has nobody begun yet? One query."""
    return db.session.scalar(sa.select(Staff.id).limit(1)) is None


def code(secret_key: str) -> str:
    """The code in the address of the first page, the same at every start."""
    return hmac.new(secret_key.encode(), b"the first owner", hashlib.sha256).hexdigest()[:32]


def fits(secret_key: str, typed: str) -> bool:
    """Is it the code? Compared in constant time."""
    return hmac.compare_digest(code(secret_key).encode(), typed.encode(errors="replace"))


def check(beginning: Beginning) -> None:
    """What `begin` would refuse with Invalid, all at once; a setting is named as the settings name it."""
    refusals = Refusals()
    with refusals:
        if not tidy(beginning.business):
            raise Invalid("required", N_("Fill in a name."), field="business")
    with refusals:
        settings.checked(_settings(beginning))
    with refusals:
        access.check_owner(
            beginning.first_name, beginning.last_name, beginning.email, beginning.password, beginning.repeated
        )
    refusals.say()


def _settings(beginning: Beginning) -> dict[str, str]:
    return {
        "business.name": beginning.business, "business.time_zone": beginning.time_zone,
        "business.currency": beginning.currency, "business.locale": beginning.locale,
    }  # fmt: skip


def begin(beginning: Beginning, *, say: Callable[[str], str]) -> Staff:
    """Make the owner, who then sets the business's name, time zone, currency and language; and lay out the usual pages
    of Your Data. The owner is logged as made at the command line, where the code was read.

    Refused: when somebody has begun already, also at this very moment (Conflict 'begun'); a bad address, a poor
    password, two that differ, a business without a name, a zone, currency or language that does not exist (Invalid,
    all at once).
    """
    if not is_open():
        raise Conflict("begun", N_("This Latchkey has an owner already. Log in, or ask them to invite you."))
    try:
        once.claim(_KEY)
    except Conflict as other:
        raise Conflict("begun", N_("This Latchkey has an owner already. Log in, or ask them to invite you.")) from other
    check(beginning)
    owner = access.create_owner(
        beginning.first_name, beginning.last_name, beginning.email, beginning.password, actor=COMMAND_LINE
    )
    settings.change(_settings(beginning), actor=staff_actor(owner))
    field_defaults.install(actor=COMMAND_LINE, say=say)
    activity.record("business.begun", actor=COMMAND_LINE, subject=owner, name=beginning.business)
    return owner
