"""Archives whose bytes were changed: read to the end or refused with a sentence, whatever the unpacking says."""

import io
import json
import zipfile

import pytest

from foundation import storage
from workflows.archiving import checking, shape
from workflows.archiving.shape import ArchiveProblem


def facts_of(data):
    tally = shape.Tally()
    tally.add(data)
    return dict(tally.facts())


@pytest.fixture(scope="module")
def whole():
    """A small archive with a table and a file, its bytes."""
    rows = "".join(f'{{"id":{n},"name":"row {n}"}}\n' for n in range(60)).encode()
    key, file = storage.new_key("files", "pdf"), b"hello" * 9
    columns = {"id": "integer", "name": "text"}
    manifest = {
        "format": 1, "revision": "0001", "name": "x", "made_at": "x", "probe": "x", "missing": [],
        "tables": {"pet": {"columns": columns, "rows": 60, **facts_of(rows)}}, "files": {key: facts_of(file)},
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tables/pet.jsonl", rows)
        archive.writestr(zipfile.ZipInfo(f"files/{key}"), file)
        archive.writestr(shape.MANIFEST, json.dumps(manifest))
    return out.getvalue()


def is_read(data):
    """Is it read to its end? False where it is refused; anything else is a bug and raised."""
    try:
        with checking.opened_stream(io.BytesIO(data), "x.zip") as archive:
            checking.verify(archive)
            return list(archive.rows("pet"))[-1] == {"id": 59, "name": "row 59"}
    except ArchiveProblem:
        return False


def test_whatever_byte_is_wrong_it_is_whole_or_refused(whole):
    assert is_read(whole)
    refused = 0
    for at, byte in enumerate(whole):
        for other in {0, 255, byte ^ 1, byte ^ 0x80, 99} - {byte}:
            refused += not is_read(whole[:at] + bytes([other]) + whole[at + 1 :])
    assert refused > len(whole) * 2


def test_wherever_it_is_cut_off_it_is_refused(whole):
    assert not any(is_read(whole[:length]) for length in range(0, len(whole), 3))
