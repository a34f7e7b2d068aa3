"""Documents: told by content, and refused when they hide, break or unpack to too much."""

import io
import resource
import struct
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import sent_files as sent
from workflows import upload_kinds as kinds
from workflows.errors import Invalid
from workflows.upload_kinds import document_kind
from workflows.uploads import Upload, photo_or_document

TIFF = sent.picture("TIFF")


@pytest.mark.parametrize(
    ("data", "suffix", "kind"),
    [
        (sent.PDF, "pdf", kinds.PDF), (sent.PDF.rstrip(), "exe", kinds.PDF), (sent.PDF + b"\r\n\0\0", "", kinds.PDF), (sent.PDF.replace(b"1.4", b"2.0"), "pdf", kinds.PDF),
        (sent.office(), "docx", kinds.DOCX), (sent.office(sent.EXCEL_MAIN), "zip", kinds.XLSX), (sent.office(parts={"word/media/a.png": b"x" * 1000}), "docx", kinds.DOCX),
        (sent.office(parts={"word/a.xml": bytes(9 * 2**20)}), "docx", kinds.DOCX),
        (sent.compound("Root Entry", "WordDocument"), "doc", kinds.DOC), (sent.compound("Workbook"), "xls", kinds.XLS), (sent.compound("Book"), "doc", kinds.XLS),
        (b"Key under the pot.\r\n\tTwice a day\f", "txt", kinds.TXT), ("\ufeffWei\u00dfe Katze \U0001f408".encode(), "txt", kinds.TXT), ("Weiße".encode("latin-1"), "text", kinds.TXT), ("“Rex”".encode("cp1252"), "", kinds.TXT),
        (b"2 < 3 and 5 > 4, <3 you", "txt", kinds.TXT), (TIFF, "tiff", kinds.TIFF), (sent.picture("TIFF", compression="tiff_lzw"), "pdf", kinds.TIFF),
    ],
)  # fmt: skip
def test_a_document_is_told_by_its_content(data, suffix, kind):
    assert document_kind(data, suffix) is kind


@pytest.mark.covers("D4")
@pytest.mark.parametrize("name", sent.HOSTILE)
def test_nothing_hostile_is_kept(name):
    given_name, data = sent.HOSTILE[name]
    began = time.process_time()
    with pytest.raises(Invalid):
        photo_or_document(Upload(given_name, data))
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("html as txt", "file_active"), ("svg", "file_type"), ("pdf and html", "file_broken"), ("zip bomb", "file_bomb"), ("too many parts", "file_bomb"), ("zip with macros", "file_macros"),
        ("zip with hidden macros", "file_macros"), ("old word with macros", "file_macros"), ("zip and jpeg", "file_broken"), ("40,000 pixels", "image_big"), ("empty", "file_empty"),
        ("over 15 MB", "file_big"), ("plain zip", "file_type"), ("film", "not_an_image"), ("text as csv", "file_type"), ("only a tiff's head", "file_broken"),
    ],
)  # fmt: skip
def test_the_refusal_says_why(name, code):
    with pytest.raises(Invalid) as refused:
        photo_or_document(Upload(*sent.HOSTILE[name]))
    assert refused.value.code == code


def test_a_bomb_is_refused_without_being_unpacked():
    bomb = sent.zip_bomb(1000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Invalid, match="unpacks to far too much"):
        document_kind(bomb, "docx")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


def lying(data, **told):
    """The same zip, its parts' packed or unpacked sizes told otherwise in the list of contents."""
    whole = bytearray(data)
    at = whole.find(b"PK\x01\x02")
    while at >= 0:
        for field, place in (("packed", 20), ("unpacked", 24), ("flags", 8), ("offset", 42)):
            if field in told:
                struct.pack_into("<H" if field == "flags" else "<I", whole, at + place, told[field])
        at = whole.find(b"PK\x01\x02", at + 4)
    return bytes(whole)


@pytest.mark.parametrize(
    ("told", "code"),
    [({"packed": 10**6}, "file_broken"), ({"unpacked": 2**31 - 1}, "file_bomb"), ({"flags": 1}, "file_broken"), ({"offset": 40}, "file_broken")],
)  # fmt: skip
def test_a_zip_that_lies_about_its_parts_is_refused(told, code):
    with pytest.raises(Invalid) as refused:
        document_kind(lying(sent.office(), **told), "docx")
    assert refused.value.code == code


def test_a_list_of_contents_that_unpacks_to_too_much_is_read_no_further():
    spaces = sent.office(types=f'<Types ContentType="{sent.WORD_MAIN}">{" " * 9 * 2**20}</Types>')
    with pytest.raises(Invalid) as refused:
        document_kind(spaces, "docx")
    assert refused.value.code == "file_broken"


def test_two_parts_of_one_name_are_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", sent.WORD_MAIN)
        archive.writestr("word/document.xml", "<w/>")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("word/document.xml", "<w/>")
    with pytest.raises(Invalid) as refused:
        document_kind(out.getvalue(), "docx")
    assert refused.value.code == "file_broken"


def test_a_name_in_the_text_of_an_old_file_is_no_directory_entry():
    told = b"WordDocument".decode().encode("utf-16-le")
    with pytest.raises(Invalid) as refused:
        document_kind(sent.compound("Other") + b"xx" + told, "doc")
    assert refused.value.code == "file_type"


WHOLE = [sent.PDF, sent.office(), sent.compound("WordDocument"), TIFF, sent.picture("JPEG"), sent.picture("HEIF")]


@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=12),
    st.integers(0, 3000),
)
def test_a_broken_file_is_kept_or_refused_never_a_bug(whole, hits, length):
    data = bytearray(whole[:length] if length < 2900 else whole)
    for place, byte in hits:
        if data:
            data[place % len(data)] = byte
    try:
        checked = photo_or_document(Upload("a.txt", bytes(data)))
    except Invalid:
        return
    assert checked.data
