"""A table as an Excel file: text stays text, days and amounts are days and amounts."""

import csv
import datetime as dt
import io
import zipfile
from decimal import Decimal
from xml.etree import ElementTree as ET

from foundation import xlsx
from workflows.importing import excel, reading

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cells(data: bytes) -> list[list[ET.Element]]:
    sheet = ET.fromstring(zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml"))  # noqa: S314 -- our own
    return [list(row) for row in sheet.iter(f"{MAIN}row")]


def test_days_times_and_figures_are_what_they_are_and_come_back_through_our_own_reader():
    row = [
        dt.date(2026, 11, 26),
        dt.datetime(2026, 11, 26, 14, 30),
        dt.time(7, 5),
        Decimal("1234.50"),
        -3,
        True,
        None,
        "x",
    ]
    data = xlsx.book("Visits", ["a"] * len(row), [row])
    _head, made = cells(data)
    assert [c.get("t") for c in made] == [None, None, None, None, None, "b", "inlineStr"]
    assert [c.get("r") for c in made] == ["A2", "B2", "C2", "D2", "E2", "F2", "H2"]
    assert [c.findtext(f"{MAIN}v") for c in made][:5] == ["46352", "46352.604167", "0.295139", "1234.50", "-3"]
    read = list(csv.reader(io.StringIO(excel.as_csv(data).decode("utf-8-sig"))))
    assert read[1][:5] == ["2026-11-26", "2026-11-26 14:30", "07:05", "1234.5", "-3"]
    assert excel.sheets(data) == ["Visits"]


def test_text_stays_text_whatever_it_looks_like():
    texts = ["=1+1", "+4413", "-1", "@SUM(A1)", "007", "1e5", "a & <b>", " room ", "_x0041_", "\ttab", "line\nline", "x" * 40_000, "bad\x00\x08\ud800end"]  # fmt: skip
    long_number, ancient, nothing = 12345678901234567890, dt.date(1850, 1, 2), Decimal("NaN")
    data = xlsx.book("[a]/b*: " + "y" * 50, ["=head"], [*([t] for t in texts), [long_number], [ancient], [nothing]])
    names = zipfile.ZipFile(io.BytesIO(data))
    assert b"<f" not in names.read("xl/worksheets/sheet1.xml").replace(b"<fo", b"")
    rows = cells(data)
    assert {c.get("t") for row in rows for c in row} == {"inlineStr"}
    said = ["".join(row[0].itertext()) for row in rows]
    assert said[:10] == ["'=head", "'=1+1", "'+4413", "-1", "'@SUM(A1)", *texts[4:8], "_x005F_x0041_"]
    assert said[10] == "'\ttab"
    assert len(said[12]) == 32_767
    assert said[13:] == ["badend", "12345678901234567890", "1850-01-02", "NaN"]
    assert len(excel.sheets(data)[0]) <= 31


def test_what_begins_like_a_formula_stands_behind_an_apostrophe_and_is_read_without_it():
    """Else Excel makes a formula of `=1+1` once somebody opens the cell and presses Enter, or saves the sheet as CSV."""
    texts = [f"{sign}x" for sign in ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")]
    data = xlsx.book("Formulas", ["=head", "b"], [[text, f"a{text}"] for text in texts])
    sheet = zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    assert not list(ET.fromstring(sheet).iter(f"{MAIN}f"))  # noqa: S314 -- our own
    said = [["".join(c.itertext()) for c in row] for row in cells(data)]
    assert [cell[0] for row in said for cell in row] == ["'", "b", *["'", "a"] * len(texts)]
    read = list(reading.lines(io.BytesIO(excel.as_csv(data)), {"encoding": "utf-8"}))
    assert [line.cells[0] for line in read] == [x.replace("\r", "\n") for x in ("=head", *texts)]
