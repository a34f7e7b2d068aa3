"""Files that people give us, kept outside the web root under random keys. A local folder; other stores can follow."""

import re
import secrets
from pathlib import Path

_KEY = re.compile(r"[a-z]+/[A-Za-z0-9_-]{16,64}\.[a-z0-9]{1,5}")


class LocalStore:
    """A folder. Keys look like `logos/<random>.webp` and are the only names that ever reach the disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes, *, folder: str, suffix: str) -> str:
        """Keep the bytes and return their new key; written under another name first, so a key never shows half."""
        key = f"{folder}/{secrets.token_urlsafe(24)}.{suffix}"
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_bytes(data)
        part.replace(path)
        return key

    def read(self, key: str) -> bytes | None:
        """The bytes, or None for a key that is not there or not one of ours."""
        try:
            return self._path(key).read_bytes()
        except (FileNotFoundError, ValueError):
            return None

    def delete(self, key: str) -> None:
        """Forget the file; a key that is gone already is no error."""
        self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError("not a storage key")
        return self.root / key
