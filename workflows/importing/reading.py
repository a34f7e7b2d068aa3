"""From the bytes of a file to rows of text, a row at a time: encoding, delimiter, quotes, heads.

Nothing is believed of a file. What cannot be read at all is refused with a sentence; a row that cannot be read is
handed on with what is wrong with it, and the next one is read.
"""

import codecs
import contextlib
import csv
import io
import re
import shutil
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO

from foundation.cells import read_cell
from workflows.errors import N_, Invalid

#: what can be chosen; the first that fits is what is found
ENCODINGS = ("utf-8", "utf-16", "cp1252", "iso-8859-1", "mac_roman")
DELIMITERS = (",", ";", "\t", "|")
MOST_COLUMNS = 200
MOST_ROWS = 1_000_000
#: characters of a line; of a cell Python's own limit of 131,072 counts, so that an open quote does not swallow the file
MOST_IN_LINE = 1_000_000
_SAMPLE = 65536
_PIECE = 1 << 20
#: how files that are something else begin
_OTHERS = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
    b"SQLite format",
    b"{\\rtf",
)
_NOT_A_TABLE = N_("This is no CSV file. In your old program, or in Excel, save the list as CSV and send that.")
_OLD_EXCEL = N_("This is an Excel file. In Excel choose Save as, then CSV UTF-8, and send that file.")


@dataclass(frozen=True)
class Line:
    """A row: where it begins, and its cells or what is wrong with it."""

    number: int
    cells: list[str]
    problem: str = ""
    values: dict[str, Any] = field(default_factory=dict)


def local_copy(stream: BinaryIO) -> IO[bytes]:
    """The bytes in a file of this machine that vanishes when it is closed: stores' streams go forward only."""
    copy: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- the caller closes it
    shutil.copyfileobj(stream, copy)
    copy.seek(0)
    return copy


def find_reading(file: IO[bytes]) -> dict[str, Any]:
    """How the file wants to be read: {"encoding", "delimiter"}. Invalid for what is no table of text."""
    file.seek(0)
    head = file.read(_SAMPLE)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\r\n\t ,;"):
        raise Invalid("empty_file", N_("There is nothing in this file."), field="file")
    if head.startswith((b"\xd0\xcf\x11\xe0", b"PK\x03\x04")):
        raise Invalid("excel_file", _OLD_EXCEL, field="file")
    if head.startswith(_OTHERS):
        raise Invalid("not_a_table", _NOT_A_TABLE, field="file")
    encoding = _encoding(file, head)
    file.seek(0)
    try:
        text = codecs.getincrementaldecoder(_codec(encoding))("strict").decode(head)
    except UnicodeDecodeError as problem:
        raise Invalid("not_a_table", _NOT_A_TABLE, field="file") from problem
    odd = sum(1 for c in text if c < " " and c not in "\t\r\n\x0b\x0c")
    if odd > 5 + len(text) // 200:
        raise Invalid("not_a_table", _NOT_A_TABLE, field="file")
    return {"encoding": encoding, "delimiter": _delimiter(text, is_whole=len(head) < _SAMPLE)}


def _codec(encoding: str) -> str:
    """A mark at the beginning is no part of the text."""
    return {"utf-8": "utf-8-sig"}.get(encoding, encoding)


def _encoding(file: IO[bytes], head: bytes) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")
    file.seek(0)
    rest = b""
    try:
        while piece := file.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    file.seek(0)
    undefined = re.compile(b"[\x81\x8d\x8f\x90\x9d]")
    while piece := file.read(_PIECE):
        if undefined.search(piece):
            rest = piece
            break
    return "iso-8859-1" if rest else "cp1252"


def _delimiter(text: str, *, is_whole: bool) -> str:
    """The sign that cuts the first rows into the most columns of equal number."""
    best, best_score = ",", 0.0
    for sign in DELIMITERS:
        rows = []
        try:
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=sign):
                if row:
                    rows.append(len(row))
                if len(rows) > 50:
                    break
        except csv.Error:
            pass
        if not is_whole and len(rows) > 1:
            rows.pop()
        width = rows[0] if rows else 1
        alike = sum(1 for n in rows if n == width) / len(rows) if rows else 0
        score = (width - 1) * alike
        if score > best_score:
            best, best_score = sign, score
    return best


def lines(file: IO[bytes], reading: dict[str, Any]) -> Generator[Line]:
    """The rows, the head first, blank ones left out. Invalid when the bytes are not of that encoding."""
    file.seek(0)
    encoding = str(reading.get("encoding") or "utf-8")
    delimiter = str(reading.get("delimiter") or ",")
    text = io.TextIOWrapper(file, encoding=_codec(encoding), errors="strict", newline="")
    try:
        yield from _rows(text, delimiter)
    except (UnicodeError, LookupError) as problem:
        raise Invalid(
            "bad_encoding",
            N_("The file is not written in the encoding that is chosen. Choose another one."),
            field="encoding",
        ) from problem
    finally:
        text.detach()  # the file is its owner's


def _rows(text: io.TextIOWrapper, delimiter: str) -> Iterator[Line]:
    reader = csv.reader(_physical(text), delimiter=delimiter, strict=True)
    width, n = 0, 0
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            why = N_("The quotes do not match, in lines %(first)s to %(last)s.")
            yield Line(number, [], why, {"first": number, "last": max(reader.line_num, number)})
            continue
        if not any(c.strip() for c in cells):
            continue
        n += 1
        if n > MOST_ROWS:
            raise Invalid("too_many_rows", N_("At most a million rows. Cut the file into several."), field="file")
        if not width:
            width = len(cells)
        yield _line(number, cells, width)


def _line(number: int, cells: list[str], width: int) -> Line:
    while len(cells) > width and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != width:
        why = N_("The row has %(found)s cells, and the head %(wanted)s.")
        return Line(number, cells, why, {"found": len(cells), "wanted": width})
    if any("\0" in c for c in cells):
        return Line(number, [c.replace("\0", "") for c in cells], N_("The row has signs that are no text."))
    return Line(number, [read_cell(c) for c in cells])


def _physical(text: io.TextIOWrapper) -> Iterator[str]:
    while True:
        line = text.readline(MOST_IN_LINE)
        if not line:
            return
        if len(line) >= MOST_IN_LINE:
            raise Invalid("not_a_table", _NOT_A_TABLE, field="file")
        yield line


def heads(line: Line | None) -> list[str]:
    """The columns' names, each once: `Phone`, `Phone (2)`; one without a name is `Column 3`."""
    if line is None or line.problem:
        raise Invalid("no_head", N_("The first row must hold the columns' names."), field="file")
    if len(line.cells) > MOST_COLUMNS:
        raise Invalid("too_many_columns", N_("At most %(n)s columns."), field="file", n=MOST_COLUMNS)
    names: list[str] = []
    for i, cell in enumerate(line.cells, 1):
        name = " ".join(cell.split())[:80] or f"Column {i}"
        base, n = name, 1
        while name in names:
            n += 1
            name = f"{base} ({n})"
        names.append(name)
    return names


@dataclass
class Survey:
    """What one look over the whole file found."""

    heads: list[str]
    n_rows: int
    #: the first values of each column
    samples: list[list[str]]
    #: "dmy", "mdy" or "" when no date says
    date_order: str
    #: ",", "." or "" when no amount says
    decimal_sign: str


_DATE = re.compile(r"\s*(\d{1,2})[/.-](\d{1,2})[/.-](?:\d{4}|\d{2})\b")
_COMMA = re.compile(r"[^\d]{0,4}-?[\d.\s]*\d,\d{2}[^\d]{0,4}")
_POINT = re.compile(r"[^\d]{0,4}-?[\d,\s]*\d\.\d{2}[^\d]{0,4}")


def survey(file: IO[bytes], reading: dict[str, Any]) -> Survey:
    """Look over all rows: how many, what the first ones say, which way round the dates stand."""
    with contextlib.closing(lines(file, reading)) as rows:
        return _survey(rows)


def _survey(rows: Iterator[Line]) -> Survey:
    names = heads(next(rows, None))
    samples: list[list[str]] = [[] for _ in names]
    n, day_first, month_first, comma, point = 0, 0, 0, 0, 0
    for line in rows:
        n += 1
        for i, cell in enumerate(line.cells[: len(names)]):
            if not cell:
                continue
            if len(samples[i]) < 3 and cell.strip() and cell not in samples[i]:
                samples[i].append(cell.strip()[:80])
            if not cell[0].isdigit() and not cell[-1].isdigit():
                continue
            if found := _DATE.match(cell):
                day_first += int(found[1]) > 12 >= int(found[2])
                month_first += int(found[2]) > 12 >= int(found[1])
            elif "," in cell and _COMMA.fullmatch(cell):
                comma += 1
            elif "." in cell and _POINT.fullmatch(cell):
                point += 1
    order = "dmy" if day_first > month_first else "mdy" if month_first else ""
    sign = "," if comma > point else "." if point else ""
    return Survey(names, n, samples, order, sign)
