"""Seals what must not be read from a stolen database: home access, second factors.

The keys come from the environment (FIELD_KEYS) or from a file beside the data, never from the database. The first
seals, all open: so a key is replaced by putting a new one in front, sealing everything anew, and dropping the old one.
"""

import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class UnreadableError(Exception):
    """Sealed with a key that is not there any more, or altered."""


class _Ring:
    """The process's keys."""

    def __init__(self) -> None:
        self.fernet: MultiFernet | None = None
        self.newest = b""


_ring = _Ring()


def new_key() -> str:
    """A fresh key, as text."""
    return Fernet.generate_key().decode()


def use_keys(keys: list[str]) -> None:
    """Take these keys, the newest first. ValueError when one of them is none."""
    _ring.fernet = MultiFernet([Fernet(key) for key in keys]) if keys else None
    _ring.newest = keys[0].encode() if keys else b""


def fingerprint(text: str) -> str:
    """SHA-256 in hex: by it a long random secret is found again without being kept."""
    return hashlib.sha256(text.encode()).hexdigest()


def seal(text: str) -> str:
    """The text, unreadable without the keys; twice the same text gives two different results."""
    return _keys().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """The text again; UnreadableError when no key fits."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken as problem:
        raise UnreadableError("no key opens this") from problem


def reseal(sealed: str) -> str:
    """The same text under the newest key; UnreadableError when no key fits."""
    try:
        return _keys().rotate(sealed.encode()).decode()
    except InvalidToken as problem:
        raise UnreadableError("no key opens this") from problem


def sign(text: str) -> str:
    """A short sign of the text: the same for the same text under the same newest key, and telling nothing without it.

    A plain hash would do that for long texts only: all codes of four digits are hashed in a millisecond.
    """
    _keys()
    return hmac.new(_ring.newest, b"sign:" + text.encode(), hashlib.sha256).hexdigest()[:20]


def _keys() -> MultiFernet:
    if _ring.fernet is None:
        raise RuntimeError("no keys: set FIELD_KEYS")
    return _ring.fernet
