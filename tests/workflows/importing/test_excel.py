"""Excel files: a visible sheet as CSV, with days, times and gaps; bombs and broken ones are refused."""

import io
import zipfile

import pytest

from workflows.errors import Invalid
from workflows.importing import excel

BOOK = '<workbook xmlns:r="x"><sheets><sheet name="Old" state="hidden" r:id="r1"/><sheet name="Now" r:id="r2"/></sheets></workbook>'
LINKS = '<Relationships><Relationship Id="r1" Target="worksheets/a.xml"/><Relationship Id="r2" Target="/xl/worksheets/b.xml"/></Relationships>'
STRINGS = "<sst><si><t>Name</t></si><si><r><t>An</t></r><r><t>na</t></r><rPh><t>x</t></rPh></si></sst>"
STYLES = '<styleSheet><numFmts><numFmt numFmtId="170" formatCode="dd/mm/yyyy"/><numFmt numFmtId="171" formatCode="0.00&quot;d&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/><xf numFmtId="20"/><xf numFmtId="171"/></cellXfs></styleSheet>'
SHEET = (
    '<x:worksheet xmlns:x="y"><x:sheetData><x:row r="1"><x:c r="A1" t="s"><x:v>0</x:v></x:c><x:c r="B1" t="inlineStr"><x:is><x:t>Day</x:t></x:is></x:c>'
    '<x:c r="C1" t="str"><x:v>At</x:v></x:c><x:c r="D1" t="str"><x:v>Price</x:v></x:c><x:c r="E1" t="str"><x:v>Ok</x:v></x:c></x:row>'
    '<x:row r="2"><x:c r="A2" t="s"><x:v>1</x:v></x:c><x:c r="B2" s="1"><x:v>46387</x:v></x:c><x:c r="C2" s="2"><x:v>0.604166666666667</x:v></x:c>'
    '<x:c r="D2" s="3"><x:f>1+1</x:f><x:v>12.5</x:v></x:c><x:c r="E2" t="b"><x:v>1</x:v></x:c></x:row>'
    '<x:row r="3"><x:c r="B3" s="1"><x:v>46387.5</x:v></x:c></x:row></x:sheetData></x:worksheet>'
)  # fmt: skip


def made(**changed):
    parts = {
        "xl/workbook.xml": BOOK, "xl/_rels/workbook.xml.rels": LINKS, "xl/sharedStrings.xml": STRINGS, "xl/styles.xml": STYLES,
        "xl/worksheets/a.xml": "<worksheet/>", "xl/worksheets/b.xml": SHEET,
    }  # fmt: skip
    parts.update({k.replace("__", "/") + ".xml": v for k, v in changed.items() if not k.endswith("rels")})
    parts["xl/_rels/workbook.xml.rels"] = changed.get("rels", LINKS)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return out.getvalue()


def test_a_visible_sheet_as_csv():
    data = made()
    assert excel.is_excel(data)
    assert excel.sheets(data) == ["Now"]
    assert excel.as_csv(data).decode().splitlines() == [
        "Name,Day,At,Price,Ok", "Anna,2026-12-31,14:30,12.5,yes", ",2026-12-31 12:00,,,",
    ]  # fmt: skip
    several = made(
        xl__workbook=BOOK.replace("</sheets>", '<sheet name="Chart" r:id="r3"/><sheet name=" A  &amp; B" r:id="r1"/></sheets>'),
        rels=LINKS.replace("</", '<Relationship Id="r3" Type="x/chartsheet" Target="c.xml"/></'),
        xl__worksheets__a=SHEET.replace(">Ok<", ">Fine<"),
    )  # fmt: skip
    assert excel.sheets(several) == ["Now", "A & B"]
    assert [excel.as_csv(several, n).decode().splitlines()[0] for n in (0, 1)] == ["Name,Day,At,Price,Ok", "Name,Day,At,Price,Fine"]  # fmt: skip
    with pytest.raises(Invalid):
        excel.as_csv(several, 2)


@pytest.mark.parametrize(
    "changed",
    [
        {"xl__worksheets__b": '<!DOCTYPE a [<!ENTITY b "ccc">]><worksheet>&b;</worksheet>'},
        {"xl__worksheets__b": "<worksheet><row>"},
        {"xl__workbook": "<workbook/>"},
        {"xl__sharedStrings": "<sst/>"},
        {"xl__worksheets__b": '<worksheet><row><c r="ZZZ1" t="str"><v>1</v></c></row></worksheet>'},
    ],
)
def test_broken_ones_are_refused(changed):
    with pytest.raises(Invalid):
        excel.as_csv(made(**changed))


def test_what_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(excel, "MOST_UNPACKED", 100_000)
    with pytest.raises(Invalid, match="too large"):
        excel.as_csv(made(xl__worksheets__b="<worksheet>" + " " * 200_000 + "</worksheet>"))
    assert not excel.is_excel(b"PK\x03\x04rest")


def test_a_small_file_cannot_say_a_large_text_again_and_again():
    """One text that many cells share, and many empty rows that are made as long as the head: both are kilobytes when packed."""
    long = "a" * excel.MOST_LETTERS
    fits = f'<worksheet><row><c r="A1" t="str"><v>{long}</v></c></row></worksheet>'
    assert excel.as_csv(made(xl__worksheets__b=fits)).decode().strip() == long
    for changed in (
        {"xl__sharedStrings": f"<sst><si><r><t>{long}</t></r><r><t>b</t></r></si></sst>"},
        {"xl__worksheets__b": fits.replace("</v>", "b</v>")},
    ):
        with pytest.raises(Invalid, match="too large"):
            excel.as_csv(made(**changed))


def test_rows_that_grow_by_their_head_are_refused(monkeypatch):
    monkeypatch.setattr(excel, "MOST_CSV", 100_000)
    sheet = '<worksheet><row><c r="RZ1" t="str"><v>x</v></c></row>' + "<row/>" * 1000 + "</worksheet>"
    with pytest.raises(Invalid, match="too large"):
        excel.as_csv(made(xl__worksheets__b=sheet))


@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_whatever_byte_is_wrong_it_is_read_or_refused(packed):
    whole = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made())) as from_, zipfile.ZipFile(whole, "w", packed) as to:
        for part in from_.namelist():
            to.writestr(part, from_.read(part))
    refused = 0
    for at in range(0, len(whole.getvalue()), 7):
        data = bytearray(whole.getvalue())
        data[at] ^= 0xFF
        try:
            excel.as_csv(bytes(data) if excel.is_excel(bytes(data)) else whole.getvalue())
        except Invalid:
            refused += 1
    assert refused > 20
