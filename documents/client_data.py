"""Everything about one client as a zip: data.json and the files, written piece by piece while it is sent."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

MANIFEST = "data.json"


class _Pipe(io.RawIOBase):
    """What the archive has written since it was asked last; it cannot go back, so the archive does not try."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # noqa: ANN401 -- whatever zipfile writes
        self._written.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """And forget it."""
        taken, self._written = b"".join(self._written), []
        return taken


def parts(data: dict[str, Any], files: list[tuple[str, str]], read: Callable[[str], bytes | None]) -> Iterator[bytes]:
    """The archive in pieces, one file in memory at a time. `read` gives the bytes of a key, None when they are gone."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, json.dumps(data, ensure_ascii=False, indent=1))
        yield pipe.take()
        for name, key in files:
            content = read(key)
            if content is not None:
                archive.writestr(name, content)
                yield pipe.take()
    yield pipe.take()
