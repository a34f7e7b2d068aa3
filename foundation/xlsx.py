"""A table as an Excel file (.xlsx), written as plain as the format allows: one sheet, a head that stays in view.

Text is always text, whatever it begins with: there is not one formula in the file, and what begins like one stands behind
an apostrophe as in our CSV files, so that it stays text when somebody edits the cell or saves the sheet as CSV. Days, times,
moments and amounts are what they are, so that a spreadsheet sorts and sums them.
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from xml.sax.saxutils import escape

from foundation.cells import safe_cell

#: what the format allows in a cell
_MOST_LETTERS = 32_767
_MOST_NAME = 31
#: spreadsheets keep figures with so many digits
_MOST_DIGITS = 15
_ZERO = dt.date(1899, 12, 30)
#: before it, spreadsheets count a day that never was
_FIRST_DAY = dt.date(1900, 3, 1)
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")

#: the places of the formats in `_STYLES`
_PLAIN, _DAY, _MOMENT, _TIME, _AMOUNT, _HEAD = range(6)

_TYPES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>"""
_ROOT = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"""
_BOOK = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="{name}" sheetId="1" r:id="rId1"/></sheets></workbook>"""
_PARTS = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>"""
_STYLES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="3"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd hh:mm"/><numFmt numFmtId="166" formatCode="hh:mm"/></numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="6"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/><xf numFmtId="166" applyNumberFormat="1"/><xf numFmtId="{amount}" applyNumberFormat="1"/><xf fontId="1" applyFont="1"/></cellXfs></styleSheet>"""
_SHEET = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><sheetData>
"""


def book(name: str, head: Iterable[str], body: Iterable[Iterable[object]], *, digits: int = 2) -> bytes:
    """The file. `name` is the sheet's; amounts are shown with so many decimals. Rows are written as they come."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _ROOT)
        archive.writestr("xl/workbook.xml", _BOOK.format(name=_sheet_name(name)))
        archive.writestr("xl/_rels/workbook.xml.rels", _PARTS)
        archive.writestr("xl/styles.xml", _STYLES.format(amount=4 if digits else 3))
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(_SHEET.encode())
            sheet.write(_row(1, [_text(str(cell), _HEAD) for cell in head]))
            for number, line in enumerate(body, 2):
                sheet.write(_row(number, [_cell(value) for value in line]))
            sheet.write(b"</sheetData></worksheet>")
    return out.getvalue()


def _row(number: int, cells: list[str]) -> bytes:
    """The cells with their places: not every reader counts those that are left out."""
    placed = "".join(f'<c r="{_letters(n)}{number}"{cell}' for n, cell in enumerate(cells) if cell)
    return f'<row r="{number}">{placed}</row>\n'.encode()


@cache
def _letters(n: int) -> str:
    """0 is A, 26 is AA."""
    return (_letters(n // 26 - 1) if n >= 26 else "") + chr(ord("A") + n % 26)


def _sheet_name(name: str) -> str:
    allowed = re.sub(r"[\[\]:*?/\\]", " ", _clean(name)).strip(" '")
    return escape(allowed[:_MOST_NAME] or "1", {'"': "&quot;"})


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)


def _text(text: str, style: int = _PLAIN) -> str:
    cleaned = safe_cell(_clean(text))
    if len(cleaned) > _MOST_LETTERS:
        cleaned = f"{cleaned[: _MOST_LETTERS - 1]}…"
    # A spreadsheet would read "_x0041_" as the letter A.
    written = escape(_ESCAPED.sub("_x005F_", cleaned))
    return f' t="inlineStr"{_styled(style)}><is><t xml:space="preserve">{written}</t></is></c>'


def _styled(style: int) -> str:
    return f' s="{style}"' if style else ""


def _number(figure: str, style: int = _PLAIN) -> str:
    return f"{_styled(style)}><v>{figure}</v></c>"


def _cell(value: object) -> str:
    """One value by its type, from behind the cell's place on; "" for none. Moments must be local already. What a spreadsheet could not keep whole is written as text."""
    match value:
        case None | "":
            return ""
        case bool():
            return f' t="b"><v>{int(value)}</v></c>'
        case int() | Decimal():
            return _figure(value)
        case dt.date():
            return _day(value)
        case dt.time():
            return _number(f"{_part(value):.6f}", _TIME)
        case _:
            return _text(str(value))


def _figure(value: int | Decimal) -> str:
    figure = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if not re.fullmatch(r"-?\d+(\.\d+)?", figure) or len(re.sub(r"\D", "", figure).lstrip("0")) > _MOST_DIGITS:
        return _text(figure)
    return _number(figure, _AMOUNT if isinstance(value, Decimal) else _PLAIN)


def _day(value: dt.date) -> str:
    """A day, or a moment of it."""
    is_moment = isinstance(value, dt.datetime)
    day = value.date() if isinstance(value, dt.datetime) else value
    if day < _FIRST_DAY:
        return _text(f"{value:%Y-%m-%d %H:%M}" if is_moment else value.isoformat())
    n = (day - _ZERO).days
    return (
        _number(f"{n + _part(value.time()):.6f}", _MOMENT) if isinstance(value, dt.datetime) else _number(str(n), _DAY)
    )


def _part(time: dt.time) -> float:
    """The part of a day that is over."""
    return (time.hour * 3600 + time.minute * 60 + time.second) / 86_400
