"""Billing papers as PDF, read back with another library: what stands on them, on which pages, and what never happens."""

import dataclasses
import io
import itertools
import logging
import os
import re
import socket
import threading
from pathlib import Path

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from documents import billing, billing_words, pdf, typefaces
from tests import sample_papers
from tests.sample_papers import BUSINESS, CLIENT, LINK, SAMPLES, invoice, lines, receipt, statement
from workflows.billing.papers import LineKind, Paper, PaperEntry, PaperKind, PaperLine, PaperStatus, PaperTax
from workflows.settings import LOCALES

pytestmark = pytest.mark.covers("M2")


@pytest.fixture(autouse=True)
def _language(sqlite_app):
    """No database is asked."""
    with sqlite_app.app_context():
        yield


def read(paper, locale="en_US"):
    return PdfReader(io.BytesIO(billing.draw_paper(paper, locale=locale)))


def pages(paper, locale="en_US"):
    """The text of each page, spaces as single ones."""
    return [" ".join(page.extract_text().split()) for page in read(paper, locale).pages]


def text(paper, locale="en_US"):
    return " ".join(pages(paper, locale))


def holds(whole, *parts):
    """Do the parts stand in it, in this order?"""
    at = 0
    for part in parts:
        found = whole.find(part, at)
        assert found >= 0, f"{part!r} after {whole[:at][-40:]!r}: {whole}"
        at = found + len(part)
    return True


# ------------------------------------------------------------------------------------------------- what stands on them


def test_invoice_says_who_what_and_how_much():
    said = text(invoice(status=PaperStatus.PART_PAID))
    assert holds(
        said, "Invoice", "Part paid", "From", "Maple Lane Pets", "14 Maple Lane", "EIN 12-3456789", "For",
        "Alice Archer", "2 Oak Street", "Account 1000 000 001", "Invoice number", "INV-42", "Mon, Nov 23, 2026", "Due",
        "Mon, Dec 7, 2026", "Visits", "Nov 1 – 28, 2026", "Amount due", "$975.00", "By Mon, Dec 7, 2026",
    )  # fmt: skip
    assert holds(
        said, "Date", "Description", "Quantity", "Price", "Amount", "Sun, Nov 1", "Dog walk 0",
        "Biscuit and Mochi · 12:00 to 12:30", "1", "$22.50", "$22.50", "Holiday surcharge", "3", "$5.00", "$15.00",
        "Ten visits or more", "-$20.00",
    )  # fmt: skip
    assert holds(
        said, "Subtotal", "$1,180.00", "Sales tax 8.875% on $1,200.00", "$106.50", "Total", "$1,286.50",
        "Payment R-118", "Tue, Nov 24 · Visa ending in 1881", "-$286.50", "Credit note CN-7", "-$25.00", "Amount due",
        "$975.00", "Note", "Thank you for trusting us.", "The key is in the box.",
    )  # fmt: skip
    assert holds(said, "How to pay", "First Bank of Albany", "Account 123456789", "Pay online", "Due within 14 days.")
    assert "Page 1 of 1" in said
    assert LINK in "".join(said.split())


def test_invoice_shows_its_notes_below_it():
    said = text(SAMPLES["invoice"])
    assert holds(
        said, "Amount due", "Credit note CN-7 · Wed, Nov 25, 2026", "You cancelled it on 24 November.", "Cat visit",
        "Cancelled in time", "Total credited", "$25.00", "Note", "Thank you for trusting us.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "outstanding", "words"),
    [
        (PaperStatus.NONE, "10.00", "By Mon, Dec 7, 2026"),
        (PaperStatus.OVERDUE, "10.00", "It was due on Mon, Dec 7, 2026."),
        (PaperStatus.PAID, "0.00", "Paid in full. Thank you."),
        (PaperStatus.VOID, "10.00", "This invoice is void. Nothing is owed on it. Raised twice."),
        (PaperStatus.DRAFT, "10.00", "A draft: not issued yet."),
        (PaperStatus.WRITTEN_OFF, "0.00", "This invoice is closed. You have nothing to pay on it."),
    ],
)
def test_invoice_says_how_it_stands(status, outstanding, words):
    reason = "Raised twice." if status is PaperStatus.VOID else ""
    paper = invoice(status=status, outstanding=outstanding, reason=reason)
    said = text(paper)
    badge = {"": "", "overdue": "Overdue", "paid": "Paid", "void": "Void", "draft": "Draft", "written_off": "Closed"}[
        status
    ]
    assert holds(said, "Invoice", badge, words)
    asks = status in {PaperStatus.NONE, PaperStatus.OVERDUE}
    assert ("How to pay" in said, LINK in "".join(said.split())) == (asks, asks)
    assert bool(links(paper)) is asks


def test_quote_is_no_invoice():
    said = text(SAMPLES["quote"])
    assert holds(said, "Quote", "Quote number", "Q-9", "Holds until", "Mon, Dec 7, 2026", "This is a quote, not an invoice.")  # fmt: skip
    assert "How to pay" not in said
    assert "Amount due" not in said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("credit_note", ("Credit note", "CN-7", "Belongs to invoice", "INV-42", "Credited", "$25.00", "On invoice INV-42", "You cancelled it on 24 November.", "Total credited", "$25.00")),
        ("debit_note", ("Debit note", "DN-2", "Charged in addition", "$6.00", "On invoice INV-42", "Extra 15 minutes", "Pay online", "It is added to your next payment.", "Total", "$6.00")),
        ("receipt", ("Receipt", "R-118", "Paid by", "Visa ending in 1881", "Reference", "ch_8f3c1d", "Received", "$400.00", "On Tue, Nov 24, 2026. Thank you.", "Invoice INV-42", "Mon, Nov 23, 2026", "$380.00", "Tip", "For Sam", "$8.00", "Kept as credit on your account", "$12.00", "Total received", "$400.00", "Still owed", "$975.00", "Credit on your account", "$12.00")),
        ("refund_receipt", ("Refund receipt", "RF-3", "Paid back by", "Visa ending in 1881", "Refunded", "$25.00", "On Thu, Nov 26, 2026.", "Cat visit of 27 November.", "Invoice INV-42", "$25.00", "Total refunded", "$25.00")),
        ("statement", ("Statement", "Period", "Nov 1 – 30, 2026", "Balance on Mon, Nov 30, 2026", "$320.00", "Charges", "Payments and credits", "Balance", "Balance brought forward", "$120.00", "Invoice INV-0", "$100.00", "$220.00", "Payment", "Cash", "$50.00", "$170.00", "Balance at the end", "$320.00", "How long it has been owed", "Not due yet", "Over 90 days late", "$200.00", "$75.00", "$45.00", "$0.00", "How to pay", "Pay online", "Credit not used yet", "$12.00")),
    ],
)  # fmt: skip
def test_other_papers_say_what_they_are(name, words):
    assert holds(text(SAMPLES[name]), *words)


@pytest.mark.parametrize(
    ("status", "badge", "words"),
    [
        (PaperStatus.PENDING, "Not confirmed yet", "The bank has not confirmed it yet."),
        (PaperStatus.REVERSED, "Taken back", "It was taken back afterwards and pays nothing."),
    ],
)
def test_receipt_says_when_the_money_is_not_sure(status, badge, words):
    assert holds(text(receipt(status=status)), badge, words)


@pytest.mark.parametrize(("outstanding", "words"), [("0.00", "You have nothing to pay."), ("-12.00", "Your account is in credit.")])  # fmt: skip
def test_statement_asks_for_nothing_when_nothing_is_owed(outstanding, words):
    said = text(statement(outstanding=outstanding, ages=()))
    assert words in said
    assert "How to pay" not in said
    assert "How long" not in said


def test_columns_that_no_line_needs_are_left_out():
    plain = invoice(lines=(PaperLine("Registration", "5.00", unit_price="5.00"),), taxes=())
    said = text(plain)
    assert "Quantity" not in said
    assert "Subtotal" not in said
    mixed = (PaperLine("Walk", "5.00", tax_name="VAT"), PaperLine("Stamp", "1.00"), PaperLine("Tip", "2.00", LineKind.TIP))  # fmt: skip
    assert holds(text(invoice(lines=mixed)), "Description", "Tax", "Amount", "Walk", "VAT")
    assert "Tax" not in text(invoice(lines=mixed[:1] + mixed[2:])).replace("Sales tax", "")


def test_tax_within_the_prices_is_not_added():
    taxes = (PaperTax("VAT", "20", "10.00", "2.00", inclusive=True),)
    assert holds(text(invoice(taxes=taxes, subtotal="12.00", total="12.00"), "en_GB"), "Total", "US$12.00", "Includes VAT 20%", "US$2.00")  # fmt: skip


# -------------------------------------------------------------------------------------------------- paper and pages


@pytest.mark.parametrize(("locale", "size"), [("en_US", (612, 792)), ("en_CA", (612, 792)), ("de_DE", (595, 842))])
def test_size_is_the_countrys(locale, size):
    box = read(invoice(), locale).pages[0].mediabox
    assert (round(box.width), round(box.height)) == size


@pytest.mark.parametrize(("n", "n_pages"), [(1, 1), (40, 3), (400, 21)])
def test_every_page_repeats_the_head_and_says_its_number(n, n_pages):
    found = pages(invoice(n))
    assert len(found) == n_pages
    whole = " ".join(found)
    assert [f"Dog walk {i} " in whole for i in range(n)] == [True] * n
    for number, page in enumerate(found, 1):
        assert holds(page, f"Page {number} of {n_pages}")
        assert ("Dog walk" in page) <= holds(page, *(["Description"] if "Dog walk" in page else []))
        assert page.count("Invoice INV-42 · Alice Archer") == (number > 1)


def test_forty_short_lines_fit_two_pages():
    short = tuple(dataclasses.replace(line, detail="") for line in lines(40))
    assert len(pages(invoice(lines=short, notes=""))) == 2


def test_totals_stay_together():
    """Whatever the number of lines, the subtotal and what is due stand on the same page."""
    for n in range(10, 22, 2):
        found = pages(invoice(n))
        at = [number for number, page in enumerate(found) if "Subtotal" in page]
        assert len(at) == 1
        assert holds(found[at[0]], "Subtotal", "Total", "Payment R-118", "Amount due", "$975.00")


@pytest.mark.parametrize("n", range(18, 23))
def test_the_heading_of_the_small_table_stays_with_it(n):
    heads = [(("How long it has been owed" in page), ("61 to 90 days late" in page)) for page in pages(statement(n))]
    assert all(heading == table for heading, table in heads), n
    assert any(heading for heading, _table in heads)


def test_long_statement_repeats_its_head():
    found = pages(statement(60))
    assert len(found) > 2
    assert all("Payments and credits" in page for page in found if "Cash" in page)


# ---------------------------------------------------------------------------------------------- letters and figures


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", SAMPLES)
def test_every_kind_can_be_drawn_in_every_language(name, locale, caplog):
    caplog.set_level(logging.WARNING)
    found = read(SAMPLES[name], locale)
    assert len(found.pages) == (2 if name == "invoice" else 1)
    assert found.trailer["/Root"]["/Lang"] == locale.replace("_", "-")
    assert SAMPLES[name].client.name in found.pages[0].extract_text()
    assert typefaces.REPLACEMENT not in found.pages[0].extract_text()
    assert caplog.messages == [], "xhtml2pdf left something of the design out"


@pytest.mark.parametrize(
    ("currency", "locale", "total", "shown"),
    [
        ("USD", "en_US", "1284.50", "$1,284.50"),
        ("EUR", "de_DE", "1284.5", "1.284,50 €"),
        ("EUR", "fr_FR", "1284.50", "1 284,50 €"),
        ("JPY", "en_US", "1285", "¥1,285"),
        ("KWD", "en_GB", "1.25", "KWD1.250"),
        ("USD", "en_US", "-1284.50", "-$1,284.50"),
    ],
)
def test_amounts_are_written_as_the_currency_and_language_do(currency, locale, total, shown):
    line = PaperLine("Visits", total, quantity="2", unit_price=total)
    paper = Paper(PaperKind.CREDIT_NOTE, "1", "2026-11-23", currency, BUSINESS, CLIENT, lines=(line,), total=total)
    assert text(paper, locale).count(shown) == 4


def test_amounts_stand_right_and_under_each_other():
    found = {}
    amounts = ("1.00", "22.50", "1234.56")
    paper = invoice(lines=tuple(PaperLine(f"Thing {a}", a) for a in amounts), entries=(), taxes=())

    def visit(words, _cm, matrix, _font, size):
        if (shown := words.strip()) in {"$1.00", "$22.50", "$1,234.56"}:
            found[shown] = (matrix[4], size, len(shown))

    read(paper).pages[0].extract_text(visitor_text=visit)
    from reportlab.pdfbase.pdfmetrics import stringWidth

    ends = {round(x + stringWidth(shown, "latchkey", size), 1) for shown, (x, size, _n) in found.items()}
    assert len(found) == 3
    assert len(ends) == 1
    assert len({stringWidth(digit, "latchkey", 10) for digit in "0123456789"}) == 1


def test_all_typefaces_are_in_the_file():
    for paper in SAMPLES.values():
        fonts = {}
        for page in read(paper).pages:
            fonts |= page["/Resources"]["/Font"]
        names = {str(f["/BaseFont"]) for f in fonts.values()}
        assert all("NotoSans" in name for name in names), names
        assert all("/FontFile2" in f["/FontDescriptor"] for f in fonts.values())


def test_letters_of_europe_come_out():
    name = "Žofie Łącka Ñandú Ελένη Привет Щ ½ ₴ €"
    assert name in text(invoice(client=dataclasses.replace(CLIENT, name=name)))


def test_letter_that_no_typeface_has_is_shown_as_a_sign(monkeypatch):
    monkeypatch.setattr(typefaces, "MORE_FONTS", ())
    said = text(invoice(notes="Dog 北京 \U0001f436\U0001f3fd and\x07 more"))
    assert f"Dog {typefaces.REPLACEMENT * 2} {typefaces.REPLACEMENT} and more" in said


def test_letter_of_another_script_is_drawn_with_a_typeface_of_the_machine(monkeypatch, tmp_path):
    """Armenian is not in Noto Sans; any TrueType file that has it may help out."""
    from reportlab.pdfbase.ttfonts import TTFontFile

    here = [f for f in typefaces.MORE_FONTS if f.is_file() and ord("Ա") in TTFontFile(str(f)).charToGlyph]
    if not here:
        assert not os.environ.get("CI"), "CI installs one"
        pytest.skip("this machine has no typeface with Armenian letters")
    assert "Արամ" in text(invoice(notes="Արամ"))
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no typeface")
    monkeypatch.setattr(typefaces, "MORE_FONTS", (broken,))
    typefaces._more_letters.cache_clear()
    try:
        assert typefaces.REPLACEMENT * 4 in text(invoice(notes="Արամ"))
    finally:
        typefaces._more_letters.cache_clear()


def test_long_words_stay_within_their_column():
    word = "Pneumonoultramicroscopicsilicovolcanoconiosis" * 3
    line = PaperLine(word, "1.00", LineKind.VISIT, "2026-11-20", word, "2", "0.50", "Tax")
    paper = invoice(client=dataclasses.replace(CLIENT, name=word, address=(word,)), lines=(line, line), notes=word)
    ends, starts = [], []

    def visit(words, _cm, matrix, _font, _size):
        if words.strip().startswith("$"):
            starts.append(matrix[4])
        elif re.fullmatch("[a-zA-Z]{20,}", words.strip()):
            ends.append(matrix[4])

    found = read(paper)
    found.pages[0].extract_text(visitor_text=visit)
    width = float(found.pages[0].mediabox.width)
    assert ends
    assert max(ends) < width - 50
    assert "".join(found.pages[0].extract_text().split()).count(word) >= 3


# --------------------------------------------------------------------------------------------------- the way to pay


def links(paper):
    return [a["/A"]["/URI"] for page in read(paper).pages for a in page.get("/Annots", []) if "/URI" in a.get("/A", {})]


def test_code_holds_the_pay_link():
    code = segno.make_qr(LINK, error="m", boost_error=False)
    width, _height = code.symbol_size(scale=8, border=4)
    pictures = [image.image.convert("L") for image in read(invoice(logo=None)).pages[0].images]
    assert [p.size for p in pictures] == [(width, width)]
    n = len(code.matrix)
    seen = [[int(pictures[0].getpixel((36 + 8 * x, 36 + 8 * y)) < 128) for x in range(n)] for y in range(n)]
    assert seen == [list(row) for row in code.matrix]
    assert links(invoice()) == [LINK]


@pytest.mark.parametrize("link", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "//example.com"])
def test_link_that_is_no_web_address_is_left_out(link):
    paper = invoice(pay_link=link, logo=None)
    assert links(paper) == []
    assert list(read(paper).pages[0].images) == []
    assert "Pay online" not in text(paper)


def test_link_that_is_too_long_for_a_code_is_still_a_link():
    paper = invoice(pay_link=LINK + "a" * 3000, logo=None)
    found = read(paper)
    assert not any(list(page.images) for page in found.pages)
    assert links(paper)[0] == paper.pay_link
    assert "scan this code" not in text(paper)


# ----------------------------------------------------------------------------------------------------- the logo


def test_logo_is_a_picture_of_ours():
    pictures = [i.image for i in read(invoice(pay_link="")).pages[0].images]
    assert [p.size for p in pictures] == [(300, 100)]


@pytest.mark.parametrize(
    "picture", [b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"RIFF\0\0\0\0WEBP"]
)
def test_logo_that_is_no_picture_is_left_out(picture):
    paper = invoice(pay_link="", logo=picture)
    assert list(read(paper).pages[0].images) == []
    assert "Maple Lane Pets" in text(paper)


# ------------------------------------------------------------------------------------------------ what never happens

ATTACKS = [
    '<img src="http://127.0.0.1:9/x.png">',
    "</style><style>@import url(http://127.0.0.1:9/a.css); body { display: none }</style>",
    '<link rel="stylesheet" href="http://127.0.0.1:9/a.css">',
    "</style><style>@font-face { font-family: x; src: url(http://127.0.0.1:9/f.ttf) }</style>",
    '<div style="background-image: url(http://127.0.0.1:9/b.png)">x</div>',
    '<img src="file:///etc/hostname">',
    '<img src="../../../../etc/hostname">',
    '<pdf:insertpdf src="file:///etc/hostname"/><pdf:include src="/etc/hostname"/>',
    '"><script>alert(1)</script><b>bold</b><pdf:nextpage/>',
    "{{ 7*7 }}{% for x in y %}{{ config }}",
]  # fmt: skip


def with_text(hostile):
    """The text in every field that people fill in."""
    party = dataclasses.replace(CLIENT, **dict.fromkeys(("name", "account_number", "email", "phone", "tax_number", "website"), hostile), address=(hostile,))  # fmt: skip
    line = PaperLine(hostile, "1.00", LineKind.VISIT, "2026-11-20", hostile, "2", "0.50", hostile)
    entry = PaperEntry(sample_papers.EntryKind.OTHER, "1.00", "2026-11-20", hostile, hostile)
    return invoice(
        number=hostile, business=party, client=party, lines=(line,), entries=(entry,), notes=hostile, terms=hostile,
        bank_details=hostile, reason=hostile, method=hostile, reference=hostile, applies_to=hostile,
        taxes=(PaperTax(hostile, "1", "1.00", "0.01"),), logo=None,
    )  # fmt: skip


@pytest.mark.parametrize("hostile", ATTACKS)
def test_text_of_people_is_only_text(hostile, monkeypatch):
    asked = []
    from xhtml2pdf import files

    for kind in (files.NetworkFileUri, files.LocalFileURI):
        monkeypatch.setattr(kind, "get_data", lambda self: asked.append(self), raising=False)
    found = read(with_text(hostile))
    said = "".join("".join(page.extract_text() for page in found.pages).split())
    assert said.count("".join(hostile.split())) > 8
    assert asked == []
    assert found.attachments == {}
    assert sum(len(list(page.images)) for page in found.pages) == 1, "the code of the pay link"
    assert links(with_text(hostile)) == [LINK]


@pytest.mark.parametrize("markup", [*ATTACKS[:8], '<img src="http://pictures.example/x.png">', '<link rel="stylesheet" href="https://pictures.example/x.css">', '<img src="secret.png">', '<img src="{folder}/secret.png">', '<img src="file://{folder}/secret.png">'])  # fmt: skip
def test_even_markup_reaches_neither_files_nor_the_network(markup, tmp_path, monkeypatch):
    """The second wall: were a value ever not escaped, no name is looked up and no picture beside or elsewhere is read."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (20, 20), "red").save(tmp_path / "secret.png")
    asked = []

    def note(*address, **_more):
        asked.append(address)
        raise OSError("not in a test")

    monkeypatch.setattr(socket, "getaddrinfo", note)
    monkeypatch.setattr(socket.socket, "connect", note)
    html = f"<html><head><style>p {{ color: red }}</style></head><body><p>Hello</p>{markup.replace('{folder}', str(tmp_path))}</body></html>"
    found = PdfReader(io.BytesIO(pdf.write(html)))
    assert "Hello" in found.pages[0].extract_text() or "display: none" in markup
    assert not any(list(page.images) for page in found.pages)
    assert asked == []
    hostname = Path("/etc/hostname").read_text("utf-8").strip()
    assert hostname not in "".join(page.extract_text() for page in found.pages)


def test_log_says_where_but_not_what(caplog):
    caplog.set_level(logging.DEBUG)
    pdf.write(
        "<html><body><p style='border-collapse: collapse; color: nonsense'>My alarm code is 4711</p><img src='secret-name.png'></body></html>"
    )
    assert [r.name for r in caplog.records] == ["latchkey.documents"]
    assert re.search(r"xhtml2pdf complained in \w+", caplog.text)
    assert "secret" not in caplog.text
    assert "4711" not in caplog.text


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
figures_ = st.decimals(-99999, 99999, places=2).map(str)


@given(
    name=words, detail=words, notes=words, terms=words, number=words, total=figures_, outstanding=figures_,
    kind=st.sampled_from(PaperKind), status=st.sampled_from(PaperStatus), n=st.integers(0, 3),
)  # fmt: skip
def test_whatever_people_wrote_gives_a_paper(name, detail, notes, terms, number, total, outstanding, kind, status, n):
    party = dataclasses.replace(CLIENT, name=name, address=(detail,))
    line = PaperLine(name, total, LineKind.VISIT, "2026-11-20", detail, "2", outstanding, notes[:8])
    paper = statement(n, kind=kind, status=status, client=party, lines=(line,) * n, notes=notes, terms=terms, number=number, total=total, outstanding=outstanding, reason=detail)  # fmt: skip
    assert billing.draw_paper(paper, locale="en_GB").startswith(b"%PDF-")
    assert re.fullmatch(r"[^/\\\x00-\x1f]{1,124}\.pdf", billing.file_name(paper))


# ----------------------------------------------------------------------------------------------------- the same bytes


@pytest.mark.parametrize("name", SAMPLES)
def test_same_paper_gives_the_same_bytes(name, clock_at):
    first = billing.draw_paper(SAMPLES[name], locale="en_GB")
    clock_at("2027-03-01 08:00")
    billing.draw_paper(with_text("北京 Արամ"), locale="fr_FR")
    again = dataclasses.replace(
        SAMPLES[name], logo=bytes(bytearray(SAMPLES[name].logo)) if SAMPLES[name].logo else None
    )
    assert billing.draw_paper(again, locale="en_GB") == first


def test_threads_get_the_same_bytes_and_reportlab_its_settings_back():
    from reportlab import rl_config

    before = (rl_config.invariant, rl_config.canvas_basefontname)
    from flask import current_app

    app, found = current_app._get_current_object(), []

    def work():
        with app.app_context():
            found.append(billing.draw_paper(invoice(), locale="en_GB"))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert (rl_config.invariant, rl_config.canvas_basefontname) == before


def test_another_word_gives_other_bytes():
    found = {billing.draw_paper(p, locale="en_GB") for p in (invoice(), invoice(notes="x"), invoice(logo=None))}
    assert len(found) == 3
    assert billing.draw_paper(invoice(), locale="en_US") not in found


# ------------------------------------------------------------------------------------------------------ file names


@pytest.mark.parametrize(
    ("paper", "name"),
    [
        (invoice(), "Invoice INV-42.pdf"),
        (invoice(number="2026/11: 7"), "Invoice 2026-11- 7.pdf"),
        (invoice(number="", status=PaperStatus.DRAFT), "Draft invoice.pdf"),
        (SAMPLES["quote"], "Quote Q-9.pdf"),
        (SAMPLES["refund_receipt"], "Refund receipt RF-3.pdf"),
        (SAMPLES["statement"], "Statement 2026-11-01 2026-11-30.pdf"),
        (invoice(number='x"\r\nSet-Cookie: a'), "Invoice x-Set-Cookie- a.pdf"),
        (invoice(number="9" * 300), f"Invoice {'9' * 112}.pdf"),
    ],
)
def test_file_has_a_plain_name(paper, name):
    assert billing.file_name(paper) == name


def test_kinds_have_titles_of_their_own():
    titles = [billing_words.title(kind) for kind in PaperKind]
    assert len(set(titles)) == len(PaperKind)
    assert all(a != b for a, b in itertools.pairwise(titles))
