"""A sheet of an Excel file (.xlsx) as CSV, so that all else need only know CSV.

Read as a stream, with limits on what unpacking may come to, and without document types: an XML file that brings
entities of its own is refused. Formulas count with the value that Excel kept beside them.
"""

import contextlib
import csv
import datetime as dt
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from xml.parsers import expat

from workflows.errors import N_, Invalid

#: what the parts that we read may be when unpacked
MOST_UNPACKED = 400 * 2**20
MOST_CSV = 100 * 2**20
MOST_SHEETS = 100
#: what Excel itself allows in a cell; cells may share a text, so a small file could say a large one thousands of times
MOST_LETTERS = 32_767
_MOST_COLUMNS = 500
_PIECE = 1 << 16
_TOO_LARGE = N_("This Excel file is too large. Save it as CSV and send that.")
_BROKEN = N_("This Excel file cannot be read. In Excel choose Save as, then CSV UTF-8, and send that file.")
_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})

#: what a made-up or torn file makes zipfile, expat and our own reading stumble over
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, expat.ExpatError,
    LookupError, ValueError, ArithmeticError, StopIteration,
)  # fmt: skip

Start = Callable[[str, dict[str, str]], None]


def is_excel(data: bytes) -> bool:
    """Is it a zip archive with a workbook in it?"""
    if not data.startswith(b"PK\x03\x04"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except _UNREADABLE:
        return False


def sheets(data: bytes) -> list[str]:
    """The names of the sheets that people see, in their order. Invalid as below."""
    with _opened(data) as book:
        return [name for name, _part in book.sheets]


def as_csv(data: bytes, sheet: int = 0) -> bytes:
    """A sheet's rows, by its place in `sheets`; days as 2026-12-31, times as 14:30.

    Invalid when the file is broken or unpacks to too much.
    """
    with _opened(data) as book:
        return book.rows(sheet)


@contextlib.contextmanager
def _opened(data: bytes) -> Iterator["_Book"]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(i.file_size for i in archive.infolist() if i.filename.endswith((".xml", ".rels"))) > MOST_UNPACKED:
                raise _too_large()
            yield _Book(archive)
    except _UNREADABLE as problem:
        raise Invalid("broken_excel", _BROKEN, field="file") from problem


def _too_large() -> Invalid:
    return Invalid("too_large", _TOO_LARGE, field="file")


class _Text:
    """The text of one cell while it is read, piece by piece."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._parts: list[str] = []
        self._n_letters = 0

    def add(self, piece: str) -> None:
        self._n_letters += len(piece)
        if self._n_letters > MOST_LETTERS:
            raise _too_large()
        self._parts.append(piece)

    def __str__(self) -> str:
        return "".join(self._parts)


class _Book:
    """A workbook's parts."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.strings: list[str] = []
        self.dates: list[bool] = []
        self.first_day = dt.datetime(1899, 12, 30)  # noqa: DTZ001 -- Excel's moments have no zone
        #: what people call each sheet that they see, and the part that holds it
        self.sheets: list[tuple[str, str]] = []
        self._look()

    def _parse(
        self, part: str, start: Start, end: Start | None = None, text: Callable[[str], None] | None = None
    ) -> None:
        def refuse(*_doctype: object) -> None:
            raise Invalid("broken_excel", _BROKEN, field="file")

        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = refuse
        parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
        if end is not None:
            parser.EndElementHandler = lambda name: end(name.rpartition(":")[2], {})
        if text is not None:
            parser.CharacterDataHandler = text
        with self.archive.open(part) as stream:
            while piece := stream.read(_PIECE):
                parser.Parse(piece, False)
            parser.Parse(b"", True)

    def _look(self) -> None:
        named: list[tuple[str, str]] = []
        targets: dict[str, str] = {}

        def of_book(name: str, attributes: dict[str, str]) -> None:
            if name == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
                self.first_day = dt.datetime(1904, 1, 1)  # noqa: DTZ001 -- see above
            if name == "sheet" and attributes.get("state", "visible") == "visible":
                link = next(v for k, v in attributes.items() if k.rpartition(":")[2] == "id" and ":" in k)
                named.append((" ".join(attributes.get("name", "").split())[:80], link))

        def of_links(name: str, attributes: dict[str, str]) -> None:
            if name == "Relationship" and not attributes.get("Type", "").endswith("/chartsheet"):
                targets[attributes["Id"]] = attributes["Target"]

        self._parse("xl/workbook.xml", of_book)
        self._parse("xl/_rels/workbook.xml.rels", of_links)
        found = [(name, targets[link]) for name, link in named if link in targets][:MOST_SHEETS]
        if not found:
            raise Invalid("broken_excel", _BROKEN, field="file")
        self.sheets = [(name, part.lstrip("/") if part.startswith("/") else f"xl/{part}") for name, part in found]
        names = self.archive.namelist()
        if "xl/sharedStrings.xml" in names:
            self._read_strings()
        if "xl/styles.xml" in names:
            self._read_styles()

    def _read_strings(self) -> None:
        words = _Text()
        state = {"text": False, "aside": False}

        def start(name: str, _attributes: dict[str, str]) -> None:
            if name == "si":
                words.clear()
            state["aside"] = state["aside"] or name == "rPh"
            state["text"] = name == "t" and not state["aside"]

        def end(name: str, _attributes: dict[str, str]) -> None:
            if name == "si":
                self.strings.append(str(words))
            if name == "rPh":
                state["aside"] = False
            state["text"] = False

        self._parse("xl/sharedStrings.xml", start, end, lambda t: words.add(t) if state["text"] else None)

    def _read_styles(self) -> None:
        codes: dict[str, bool] = {}
        inside = {"xfs": False}

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "numFmt":
                bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|_.', "", attributes.get("formatCode", ""))
                codes[attributes["numFmtId"]] = bool(re.search(r"[dyhs]|m", bare, re.IGNORECASE))
            if name == "cellXfs":
                inside["xfs"] = True
            if name == "xf" and inside["xfs"]:
                number = attributes.get("numFmtId", "0")
                self.dates.append(codes.get(number, number.isdigit() and int(number) in _DATES))

        def end(name: str, _attributes: dict[str, str]) -> None:
            if name == "cellXfs":
                inside["xfs"] = False

        self._parse("xl/styles.xml", start, end)

    def rows(self, sheet: int) -> bytes:
        """One sheet."""
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        row: dict[int, str] = {}
        cell: dict[str, str] = {}
        words = _Text()
        state = {"text": False, "row": 0}

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "row":
                row.clear()
            elif name == "c":
                cell.clear()
                cell.update(attributes)
                words.clear()
            state["text"] = name in {"v", "t"}

        def end(name: str, _attributes: dict[str, str]) -> None:
            state["text"] = False
            if name == "c" and (value := self._value(cell, str(words))):
                place = _column(cell["r"]) if "r" in cell else len(row)
                if place >= _MOST_COLUMNS:
                    raise Invalid("too_many_columns", N_("At most %(n)s columns."), field="file", n=_MOST_COLUMNS)
                row[place] = value
            elif name == "row":
                writer.writerow([row.get(i, "") for i in range(max(row) + 1)] if row else [])
                if out.tell() > MOST_CSV:
                    raise _too_large()

        self._parse(self.sheets[sheet][1], start, end, lambda t: words.add(t) if state["text"] else None)
        return _squared(out).encode("utf-8")

    def _value(self, cell: dict[str, str], text: str) -> str:
        kind = cell.get("t", "n")
        if kind == "s":
            return self.strings[int(text)] if text else ""
        if kind == "b":
            return "yes" if text == "1" else "no"
        if kind != "n" or not text:
            return "" if kind == "e" else text
        style = cell.get("s", "0")
        if style.isdigit() and int(style) < len(self.dates) and self.dates[int(style)]:
            return self._moment(float(text))
        number = float(text)
        return str(int(number)) if number == int(number) and abs(number) < 1e15 else f"{number:.10f}".rstrip("0")

    def _moment(self, serial: float) -> str:
        if not 0 <= serial < 2_958_466:
            return str(serial)
        at = self.first_day + dt.timedelta(minutes=round(serial * 1440))
        if serial < 1:
            return f"{at:%H:%M}"
        return f"{at:%Y-%m-%d}" if serial == int(serial) else f"{at:%Y-%m-%d %H:%M}"


def _column(reference: str) -> int:
    """`AB12` is column 27, counted from 0."""
    n = 0
    for letter in reference:
        if not letter.isalpha():
            break
        n = n * 26 + ord(letter.upper()) - 64
    return n - 1


def _squared(out: io.StringIO) -> str:
    """Excel leaves empty cells at a row's end out: each row is made as long as the first."""
    out.seek(0)
    squared = io.StringIO(newline="")
    writer = csv.writer(squared)
    width = 0
    for row in csv.reader(out):
        width = width or len(row)
        writer.writerow([*row, *[""] * (width - len(row))])
        if squared.tell() > MOST_CSV:
            raise _too_large()
    return squared.getvalue()
