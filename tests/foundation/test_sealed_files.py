"""Sealed files: what was written comes back at any place, and nothing that was altered, moved, cut or lengthened does."""

import io
import random
import zipfile
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from foundation import sealed_files, sealing
from foundation.sealed_files import CannotOpenError, Sealer, unsealed

HEAD = len(sealed_files.MAGIC) + 20


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    """Small pieces, and a key; none afterwards."""
    monkeypatch.setattr(sealed_files, "PIECE", 16)
    sealed_files.use_keys([sealing.new_key()])
    yield
    sealed_files.use_keys([])


def sealed(data, step=7):
    out = io.BytesIO()
    sealer = Sealer(out)
    for start in range(0, len(data), step):
        sealer.write(data[start : start + step])
    sealer.finish()
    return out.getvalue()


@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 32, 33, 100])
def test_every_length_comes_back_whole_and_at_any_place(n):
    data = random.Random(n).randbytes(n)
    kept = sealed(data)
    assert sealed_files.is_sealed(io.BytesIO(kept))
    assert unsealed(io.BytesIO(kept)).read() == data
    found = unsealed(io.BytesIO(kept))
    for at in (n // 2, 0, n):
        found.seek(at)
        assert (found.tell(), found.read()) == (at, data[at:])
    if n > 4:
        found.seek(-3, io.SEEK_END)
        assert found.read(2) == data[-3:-1]
        assert data[:5] not in kept


def test_a_zip_is_written_and_read_through_it():
    out = io.BytesIO()
    sealer = Sealer(out)
    with zipfile.ZipFile(sealer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one", "a" * 500)
        with archive.open("two", "w", force_zip64=True) as entry:
            entry.write(b"b" * 70)
    sealer.finish()
    with zipfile.ZipFile(unsealed(out)) as archive:
        assert (archive.read("one"), archive.read("two")) == (b"a" * 500, b"b" * 70)


def test_whatever_is_altered_is_noticed():
    data = bytes(range(50))
    kept = sealed(data)
    piece = 16 + sealed_files.TAG
    first, second = kept[HEAD : HEAD + piece], kept[HEAD + piece : HEAD + 2 * piece]
    spoilt = {
        "cut off in a piece": kept[:-1],
        "cut off between pieces": kept[: HEAD + 2 * piece],
        "nothing but a head": kept[:HEAD],
        "half a head": kept[:12],
        "longer": kept + b"x",
        "a piece more": kept + first,
        "pieces changed places": kept[:HEAD] + second + first + kept[HEAD + 2 * piece :],
        "a piece twice": kept[:HEAD] + first + first + kept[HEAD + 2 * piece :],
        "a piece gone": kept[:HEAD] + kept[HEAD + piece :],
        **{f"byte {i}": kept[:i] + bytes([kept[i] ^ 1]) + kept[i + 1 :] for i in (10, 29, HEAD, HEAD + piece + 3, -1 % len(kept))},
    }  # fmt: skip
    for what, bad in spoilt.items():
        with pytest.raises(CannotOpenError):
            unsealed(io.BytesIO(bad)).read()
            pytest.fail(what)


def test_older_keys_open_and_other_keys_do_not():
    old, new, other = (sealing.new_key() for _ in range(3))
    sealed_files.use_keys([old])
    kept = sealed(b"of last year")
    sealed_files.use_keys([new, old])
    assert unsealed(io.BytesIO(kept)).read() == b"of last year"
    fresh = sealed(b"of today")
    sealed_files.use_keys([new])
    assert unsealed(io.BytesIO(fresh)).read() == b"of today"
    for keys in ([other], []):
        sealed_files.use_keys(keys)
        with pytest.raises(CannotOpenError):
            unsealed(io.BytesIO(kept))
    with pytest.raises(RuntimeError):
        Sealer(io.BytesIO())
    for bad in ("", "short", "äöü", "a" * 43):
        with pytest.raises(ValueError, match="32 bytes"):
            sealed_files.use_keys([bad])


def test_twice_the_same_looks_different():
    assert sealed(b"the same") != sealed(b"the same")


def test_the_documents_own_lines_open_a_file():
    """docs/archive-format.md: without Latchkey."""
    text = (Path(__file__).parents[2] / "docs" / "archive-format.md").read_text()
    lines = text.rpartition("```python\n")[2].partition("```")[0]
    key = sealing.new_key()
    sealed_files.use_keys([key])
    for data in (b"", b"x" * 16, bytes(range(77))):
        known = {
            "sealed": sealed(data), "BACKUP_KEY": key, "HKDF": HKDF, "SHA256": SHA256, "AESGCM": AESGCM,
            "urlsafe_b64decode": urlsafe_b64decode,
        }  # fmt: skip
        exec(lines, known)  # noqa: S102 -- our own document
        assert known["archive"] == data
