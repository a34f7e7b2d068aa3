r"""Large files that only the holder of a key can read: written in one go, read at any place, a piece in memory at a time.

Used for backups. The keys come from the environment (BACKUP_KEY), the newest first: it seals, all open. The format is
described in docs/archive-format.md, so that a file can be opened without Latchkey:

    b"LKSEALED1\n", 16 random bytes (salt), 4 bytes (length of a piece, big-endian), then the pieces

Each piece is AES-256-GCM under HKDF-SHA256(key, salt, "latchkey backup"). Its nonce is its number in 11 bytes and one byte
that is 1 for the last piece and 0 before; the head is authenticated with each. So no piece can be changed, moved, taken
out or added, and a file that was cut off has no last piece.
"""

import base64
import binascii
import io
import os
import secrets
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = b"LKSEALED1\n"
SALT, TAG = 16, 16
PIECE = 2**20
#: what a file may claim as its length of a piece: one that it takes a gigabyte to open was made to do harm
MOST_PIECE = 2**24
_HEAD = len(MAGIC) + SALT + 4


class CannotOpenError(OSError):
    """Sealed with another key, cut off or altered."""


class _Ring:
    """The process's keys."""

    def __init__(self) -> None:
        self.keys: list[bytes] = []


_ring = _Ring()


def use_keys(keys: list[str]) -> None:
    """Take these keys, the newest first; none means that files are written unsealed. ValueError when one is no key."""
    _ring.keys = [_key(text) for text in keys]


def has_key() -> bool:
    """Are files sealed here?"""
    return bool(_ring.keys)


def _key(text: str) -> bytes:
    try:
        key = base64.urlsafe_b64decode(text)
    except (binascii.Error, ValueError) as problem:
        raise ValueError("a key is 32 bytes in base64") from problem
    if len(key) != 32:
        raise ValueError("a key is 32 bytes in base64")
    return key


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=b"latchkey backup").derive(key))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


class Sealer(io.RawIOBase):
    """What is written to it lands sealed in `out`. Only `close` writes the last piece; without it nothing can be opened."""

    def __init__(self, out: BinaryIO) -> None:
        super().__init__()
        if not _ring.keys:
            raise RuntimeError("no keys: set BACKUP_KEY")
        salt = secrets.token_bytes(SALT)
        self._head = MAGIC + salt + PIECE.to_bytes(4, "big")
        self._cipher = _cipher(_ring.keys[0], salt)
        self._out, self._number, self._waiting = out, 0, bytearray()
        out.write(self._head)

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 -- whatever has bytes
        """Take the bytes; whole pieces go out, but for the last one."""
        self._waiting += data
        while len(self._waiting) > PIECE:
            self._put(bytes(self._waiting[:PIECE]), is_last=False)
            del self._waiting[:PIECE]
        return len(data)

    def finish(self) -> None:
        """Write the last piece; nothing can be written afterwards."""
        self._put(bytes(self._waiting), is_last=True)
        self.close()

    def _put(self, piece: bytes, *, is_last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), piece, self._head))
        self._number += 1


def is_sealed(source: BinaryIO) -> bool:
    """Does it begin as a sealed file does? Leaves the source at its beginning."""
    source.seek(0)
    found = source.read(len(MAGIC)) == MAGIC
    source.seek(0)
    return found


def unsealed(source: BinaryIO) -> BinaryIO:
    """A sealed file as what it holds, to be read at any place. CannotOpenError at once when no key fits or the end is
    missing, and later as soon as a piece is read that was altered."""
    return io.BufferedReader(_Unsealed(source))


class _Unsealed(io.RawIOBase):
    """The pieces, one at a time."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        source.seek(0)
        self._head = source.read(_HEAD)
        self._piece = int.from_bytes(self._head[-4:], "big")
        body = source.seek(0, os.SEEK_END) - _HEAD
        self._n_pieces = -(-body // (self._piece + TAG)) if self._piece else 0
        self._size = body - TAG * self._n_pieces
        if len(self._head) < _HEAD or not 0 < self._piece <= MOST_PIECE or self._n_pieces < 1 or self._size < 0:
            raise CannotOpenError("no sealed file, or only its beginning")
        self._source, self._at, self._kept = source, 0, (-1, b"")
        salt = self._head[len(MAGIC) : len(MAGIC) + SALT]
        for key in _ring.keys:
            self._cipher = _cipher(key, salt)
            try:
                self._open(self._n_pieces - 1)
            except CannotOpenError:
                continue
            return
        raise CannotOpenError("no key opens it, or its end is missing")

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As of any file."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise OSError("before the beginning")
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        """As of any file."""
        return self._at

    def readinto(self, room: Any) -> int:  # noqa: ANN401 -- a writable buffer
        """What is left of the piece that we stand in, as far as there is room."""
        if self._at >= self._size:
            return 0
        number, inside = divmod(self._at, self._piece)
        found = self._open(number)[inside : inside + len(room)]
        room[: len(found)] = found
        self._at += len(found)
        return len(found)

    def _open(self, number: int) -> bytes:
        if self._kept[0] != number:
            self._source.seek(_HEAD + number * (self._piece + TAG))
            sealed = self._source.read(self._piece + TAG)
            nonce = _nonce(number, is_last=number == self._n_pieces - 1)
            try:
                self._kept = number, self._cipher.decrypt(nonce, sealed, self._head)
            except InvalidTag as problem:
                raise CannotOpenError("altered, or sealed with another key") from problem
        return self._kept[1]
