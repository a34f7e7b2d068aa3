"""What a document is, told by its content and never by its name or by what the browser says of it.

Accepted are PDF, Word, Excel, text and TIFF; pictures are `uploads`' business. A document is kept as it came, so it is
refused when its parts do not fit together: then somebody hid something in it, or it is broken.
"""

import io
import re
import struct
import zipfile
from dataclasses import dataclass

from PIL import Image

from workflows.errors import N_, Invalid


@dataclass(frozen=True)
class Kind:
    """A type of document."""

    suffix: str
    media_type: str


PDF = Kind("pdf", "application/pdf")
DOC = Kind("doc", "application/msword")
XLS = Kind("xls", "application/vnd.ms-excel")
DOCX = Kind("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
XLSX = Kind("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
TXT = Kind("txt", "text/plain")
TIFF = Kind("tiff", "image/tiff")
KINDS = (PDF, DOC, XLS, DOCX, XLSX, TXT, TIFF)

#: bounds of an Office file's zip: parts in it, bytes of its contents list, bytes unpacked, and how many times smaller
#: packing may have made it. Real files stay far below; none of it is found out by unpacking.
ZIP_PARTS, ZIP_LIST, ZIP_UNPACKED, ZIP_RATIO = 4000, 2**20, 200 * 2**20, 100
ZIP_RATIO_COUNTS_FROM = 10 * 2**20
TIFF_PIXELS = 80_000_000


def document_kind(data: bytes, suffix: str) -> Kind:
    """The document's type. `suffix` is that of its name, in small letters: only a .txt may be text, as all may be.

    Refused with Invalid: another type, one with macros, one that is broken, hides another file, or unpacks to too much.
    """
    if data.startswith(b"%PDF-"):
        return _pdf(data)
    if data.startswith(b"PK\x03\x04"):
        return _office_zip(data)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _office_old(data)
    if data[:4] in {b"II*\0", b"MM\0*"}:
        return _tiff(data)
    if suffix in {"txt", "text", ""}:
        return _text(data)
    raise _unknown()


def _unknown() -> Invalid:
    return Invalid(
        "file_type",
        N_("This type of file cannot be kept. Send a photo (JPEG, PNG, WebP, HEIC) or a PDF, Word, Excel, text or TIFF document."),
    )  # fmt: skip


def _broken() -> Invalid:
    return Invalid(
        "file_broken", N_("This document is damaged or unusual, so it was not kept. Save it anew, or as a PDF.")
    )


def _macros() -> Invalid:
    return Invalid("file_macros", N_("Documents with macros cannot be kept. Save it without macros, or as a PDF."))


def _pdf(data: bytes) -> Kind:
    """Begins as one, names where its index stands, and ends as one with nothing hung on behind."""
    tail = data[-2048:].rstrip(b"\0 \t\r\n\f\x1a")
    if not re.match(rb"%PDF-[12]\.\d", data) or not re.search(rb"startxref\s+\d+\s+%%EOF\Z", tail):
        raise _broken()
    return PDF


def _office_zip(data: bytes) -> Kind:
    """A zip whose list of contents says Word or Excel; bounded before it is read, and no part but that list unpacked."""
    end = len(data) - 22
    if end < 0 or data[end : end + 4] != b"PK\x05\x06":
        raise _broken()
    _disk, _first, _here, n_parts, list_size, list_at = struct.unpack("<HHHHII", data[end + 4 : end + 20])
    if n_parts > ZIP_PARTS or list_size > ZIP_LIST:
        raise Invalid("file_bomb", N_("This document unpacks to far too much, so it was not kept."))
    if list_at + list_size != end:
        raise _broken()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_parts(parts, len(data), n_parts)
            with archive.open("[Content_Types].xml") as listed:
                types = listed.read(ZIP_LIST + 1)
    except Invalid:
        raise
    except Exception as problem:  # whatever zipfile stumbles over in a made-up zip
        raise _broken() from problem
    if len(types) > ZIP_LIST:
        raise _broken()
    names = {part.filename for part in parts}
    if re.search(rb"macroEnabled|vbaProject", types, re.IGNORECASE) or any("vbaproject" in n.lower() for n in names):
        raise _macros()
    for kind, main in ((DOCX, b"wordprocessingml.document.main+xml"), (XLSX, b"spreadsheetml.sheet.main+xml")):
        folder = "word/" if kind is DOCX else "xl/"
        if main in types and any(n.startswith(folder) for n in names):
            return kind
    raise _unknown()


def _check_parts(parts: list[zipfile.ZipInfo], n_bytes: int, n_told: int) -> None:
    packed, unpacked = sum(p.compress_size for p in parts), sum(p.file_size for p in parts)
    if unpacked > ZIP_UNPACKED or (unpacked > ZIP_RATIO_COUNTS_FROM and unpacked > ZIP_RATIO * packed):
        raise Invalid("file_bomb", N_("This document unpacks to far too much, so it was not kept."))
    names = [p.filename for p in parts]
    # Parts that share bytes are a bomb's trick; two of one name, or one that climbs out, are another's.
    if packed > n_bytes or len(parts) != n_told or len(set(names)) != len(names) or min(p.header_offset for p in parts):
        raise _broken()
    if any(p.flag_bits & 1 or p.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for p in parts):
        raise _broken()
    if any(n.startswith("/") or "\\" in n or ":" in n or ".." in n.split("/") for n in names):
        raise _broken()


def _office_old(data: bytes) -> Kind:
    """A compound file as Word and Excel wrote before 2007, told by the names in its directory."""
    order, shift = struct.unpack("<HH", data[28:32]) if len(data) >= 1536 else (0, 0)
    if order != 0xFFFE or shift not in {9, 12}:
        raise _broken()
    if any(_has_entry(data, name, kind=1) for name in ("Macros", "_VBA_PROJECT_CUR", "VBA")):
        raise _macros()
    if _has_entry(data, "WordDocument", kind=2):
        return DOC
    if _has_entry(data, "Workbook", kind=2) or _has_entry(data, "Book", kind=2):
        return XLS
    raise _unknown()


def _has_entry(data: bytes, name: str, *, kind: int) -> bool:
    """Is there a directory entry of this name? Entries are 128 bytes: name, its length, and 1 for a folder, 2 a stream."""
    wanted = name.encode("utf-16-le") + b"\0\0"
    at = data.find(wanted)
    while at >= 0:
        if at % 128 == 0 and data[at + 64 : at + 67] == struct.pack("<HB", len(wanted), kind):
            return True
        at = data.find(wanted, at + 1)
    return False


def _tiff(data: bytes) -> Kind:
    """Read as far as the first page's header; a fax of many pages stays what it is."""
    try:
        with Image.open(io.BytesIO(data), formats=["TIFF"]) as first:
            n_pixels = first.width * first.height
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        n_pixels = TIFF_PIXELS + 1
    except Exception as problem:  # Pillow's many
        raise _broken() from problem
    if n_pixels > TIFF_PIXELS:
        raise Invalid("image_big", N_("This picture has too many pixels: at most %(n)s million can be taken. Send a smaller copy of it."), n=TIFF_PIXELS // 1_000_000)  # fmt: skip
    return TIFF


#: what makes a browser, a server or a shell take a text for something to run
_ACTIVE = re.compile(
    r"<\s*[!?/]?\s*(?:doctype|html|head|body|script|svg|iframe|frame|object|embed|applet|form|input|img|image|style|link|meta"
    r"|base|math|video|audio|template|xml|php|%|a\s|div|table|button|isindex|plaintext)|<\?|<%|\A\s*#!|\bMIME-Version\s*:|\A\s*\{\\rtf",
    re.IGNORECASE,
)


def _text(data: bytes) -> Kind:
    """UTF-8 or Latin-1 without control characters, and nothing in it that a browser would take for a page."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")  # Latin-1, and the quotation marks that Windows adds to it
    if re.search("[\0-\x08\x0b\x0e-\x1f\x7f-\x9f\ufffd]", text):
        raise _unknown()
    if _ACTIVE.search(text):
        raise Invalid(
            "file_active", N_("Web pages, pictures in code and scripts cannot be kept. Send plain text or a PDF.")
        )
    return TXT
