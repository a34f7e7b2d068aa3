"""The code on a key's tag: one that is free, and one that somebody typed."""

import re
import secrets

import sqlalchemy as sa

from foundation.db import db
from models import Key
from workflows.errors import N_, Conflict, Invalid

MAX_REFERENCE = 40
#: letters and digits that are not taken for one another, and that make no words
_LETTERS = "BCDFGHJKMNPQRSTVWXZ23456789"
_LENGTH = 5
_SHAPE = re.compile(r"[\w./#-]+( [\w./#-]+)*")


def unused_reference() -> str:
    """A random code that no key in use has."""
    while True:
        code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
        if not is_taken(code):
            return code


def is_taken(reference: str, key_id: int | None = None) -> bool:
    """Is it the code of another key that is in use?"""
    found = sa.select(Key.id).where(Key.reference == reference, Key.retired_at.is_(None))
    return db.session.scalar(found.where(Key.id != key_id) if key_id else found) is not None


def clean_reference(text: str) -> str:
    """A code as it stands on the tag: in capitals, single spaces; Invalid when it is none."""
    code = " ".join(text.upper().split())
    if not code:
        raise Invalid("no_reference", N_("Enter what stands on the tag."), field="reference")
    if len(code) > MAX_REFERENCE or not _SHAPE.fullmatch(code):
        raise Invalid(
            "bad_reference", N_("Use letters, digits and - . / #, at most %(most)s in all."), field="reference",
            most=MAX_REFERENCE,
        )  # fmt: skip
    return code


def reference_taken() -> Conflict:
    """The refusal of a code that another key in use has."""
    return Conflict("reference_taken", N_("Another key in use has this code. Choose another one."), field="reference")
