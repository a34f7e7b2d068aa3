"""Everything about one client as a zip: data.json and the files, written piece by piece while it is sent."""

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, BinaryIO, cast

MANIFEST = "data.json"
#: bytes of data.json that are kept in memory, and that are packed at a time
IN_MEMORY, PIECE = 2**20, 2**16


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


def manifest(head: Mapping[str, Any], tables: Iterable[tuple[str, Iterable[Mapping[str, Any]]]]) -> BinaryIO:
    """data.json, a line for each row: in memory while it is small, else in a temporary file without a name."""
    out = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 -- `parts` closes it

    def say(text: str) -> None:
        out.write(text.encode())

    say("{" + "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in head.items()))
    for n, (name, rows) in enumerate(tables):
        say(f"{',' if n else ''}\n{json.dumps(name)}: [")
        for k, row in enumerate(rows):
            say(f"{',' if k else ''}\n{json.dumps(row, ensure_ascii=False)}")
        say("]")
    say("\n}\n")
    out.seek(0)
    return cast("BinaryIO", out)


def parts(data: BinaryIO, files: list[tuple[str, str]], read: Callable[[str], bytes | None]) -> Iterator[bytes]:
    """The archive in pieces, one file in memory at a time. `read` gives the bytes of a key, None when they are gone."""
    pipe = _Pipe()
    with data, zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(MANIFEST, "w", force_zip64=True) as entry:
            while piece := data.read(PIECE):
                entry.write(piece)
                yield pipe.take()
        yield pipe.take()
        for name, key in files:
            content = read(key)
            if content is not None:
                archive.writestr(name, content)
                yield pipe.take()
    yield pipe.take()
