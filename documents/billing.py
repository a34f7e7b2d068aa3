"""Billing papers as PDF: invoice, quote, credit and debit note, receipt, statement, in one design."""

import base64
import dataclasses
import hashlib
import io
import re
from functools import lru_cache
from pathlib import Path

import segno
from flask_babel import force_locale, gettext
from PIL import Image, ImageOps

from documents import billing_words, figures
from documents.page import draw
from workflows.billing.papers import Paper, PaperKind

TEMPLATE = "billing.html"
#: the room for the logo, in millimetres
LOGO_WIDTH, LOGO_HEIGHT = 58.0, 17.0
#: as sharp as a printer can show it in that room
_LOGO_DOTS = (1000, 300)
_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")
MAX_NAME = 120


@dataclasses.dataclass(frozen=True)
class _Logo:
    source: str
    width: float
    height: float


def draw_paper(paper: Paper, *, locale: str) -> bytes:
    """The PDF in that language, A4 or Letter as its country prints; the same paper gives the same bytes.

    BadDocument when it cannot be drawn. A logo that is no picture is left out, and a character that no typeface of
    this machine has is shown as a question mark in a diamond.
    """
    with force_locale(locale):
        said = billing_words.say(paper)
        return draw(
            TEMPLATE, locale=locale, business_name=paper.business.name, said=said,
            logo=logo_of(paper.logo), code=_code(said.pay.pay_link) if said.pay else "",
        )  # fmt: skip


def file_name(paper: Paper) -> str:
    """`Invoice INV-9.pdf`, in the language that is set; nothing in it that a file system or a header would mind."""
    name = billing_words.name(paper)
    if paper.kind is PaperKind.STATEMENT:
        covered = [day for day in (paper.period_from, paper.period_to or paper.issued_on) if day]
        name = gettext("Statement %(days)s", days=" ".join(covered))
    return plain_name(name)


def plain_name(name: str) -> str:
    """A file name of these words."""
    plain = " ".join(_NOT_IN_NAMES.sub("-", name).split())
    return f"{plain[:MAX_NAME].strip(' .')}.pdf"


@lru_cache(maxsize=8)
def version() -> str:
    """A name for this design: kept PDFs of another one are drawn anew."""
    folder = Path(__file__).resolve().parent
    files = [folder / "templates" / TEMPLATE, *(Path(m.__file__) for m in (billing_words, figures) if m.__file__)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def logo_of(picture: bytes | None) -> _Logo | None:
    """The picture as our papers show it; None for none, and for what Pillow cannot read."""
    return _logo(picture) if picture else None


@lru_cache(maxsize=4)
def _logo(picture: bytes) -> _Logo | None:
    """The picture as a PNG of ours, as large as its room lets it be; None when Pillow cannot read it."""
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    image.thumbnail(_LOGO_DOTS)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    scale = min(LOGO_WIDTH / image.width, LOGO_HEIGHT / image.height)
    return _Logo(_data_address(out.getvalue()), round(image.width * scale, 2), round(image.height * scale, 2))


def _code(link: str) -> str:
    """The address as a QR code for a telephone's camera; "" for none, or one that is too long for a code."""
    if not link:
        return ""
    try:
        code = segno.make_qr(link, error="m", boost_error=False)
    except segno.DataOverflowError:
        return ""
    out = io.BytesIO()
    code.save(out, kind="png", scale=8, border=4)
    return _data_address(out.getvalue())


def _data_address(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
