"""The typefaces of PDFs: Noto Sans, and what the machine has for the scripts that Noto Sans does not know.

Used under the lock of `documents.pdf`: reportlab keeps fonts in globals.
"""

import logging
import re
import unicodedata
from functools import cache
from pathlib import Path

#: where Noto Sans is put with the front-end packages, then Debian's and Fedora's places of a typeface that has more
#: than Latin-1; without one, PDFs say what Helvetica can say
FONT_FOLDERS = (
    Path(__file__).resolve().parent.parent / "ui_kit" / "static" / "vendor",
    Path("/usr/share/fonts/truetype/noto"),
    Path("/usr/share/fonts/google-noto"),
    Path("/usr/share/fonts/truetype/dejavu"),
    Path("/usr/share/fonts/dejavu-sans-fonts"),
)
FONT_FILES = (("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"), ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"))

#: asked one after the other for what the first one does not have; TrueType outlines only, which reportlab can embed
MORE_FONTS = (
    Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
    Path("/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf"),
    Path("/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"),
    Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"),
    Path("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"),
    Path("/usr/share/fonts/wqy-microhei-fonts/wqy-microhei.ttc"),
    Path("/usr/share/fonts/truetype/noto/NotoSansThai-Regular.ttf"),
    Path("/usr/share/fonts/truetype/noto/NotoSansDevanagari-Regular.ttf"),
    Path("/usr/share/fonts/truetype/nanum/NanumGothic.ttf"),
    Path("/usr/share/fonts/truetype/fonts-japanese-gothic.ttf"),
)

#: drawn for a character that no typeface has
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
#: what the PDF would show as an empty box or nothing, and what joins or colours a sign that is replaced anyway
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff]"
)

log = logging.getLogger("latchkey.documents")


def family() -> str:
    """What CSS says for `font-family`: the typeface, and those that are asked for what it does not have."""
    return ", ".join([main(), *(_more_name(n) for n, file in enumerate(MORE_FONTS) if file.is_file())])


def main() -> str:
    """The name of the first typeface, or Helvetica where the machine has none of ours."""
    return "latchkey" if _files() else "Helvetica"


def legible(text: str) -> str:
    """The text with a visible sign for each character that cannot be drawn; typefaces that are needed are loaded."""
    text = _UNSEEN.sub("", text)
    missing = {char for char in set(text) if ord(char) > 0x7E and not char.isspace()} - _letters_of_main()
    missing = {char for char in missing if unicodedata.category(char) != "Cf"}
    for n, file in enumerate(MORE_FONTS):
        if missing and file.is_file():
            missing -= _more_letters(_more_name(n), file)
    return text.translate({ord(char): REPLACEMENT for char in missing})


def _more_name(n: int) -> str:
    return f"latchkey-more-{n}"


@cache
def _files() -> tuple[Path, Path] | None:
    """Regular and bold."""
    for folder in FONT_FOLDERS:
        for regular, bold in FONT_FILES:
            if (folder / regular).is_file() and (folder / bold).is_file():
                return folder / regular, folder / bold
    return None


def _name(name: str, bold: str) -> None:
    """Make it a family that xhtml2pdf's CSS knows; italics are drawn upright."""
    from reportlab.lib.fonts import addMapping
    from xhtml2pdf.default import DEFAULT_FONT

    for is_bold, is_italic in ((0, 0), (0, 1), (1, 0), (1, 1)):
        addMapping(name, is_bold, is_italic, bold if is_bold else name)
    DEFAULT_FONT[name] = name


@cache
def _letters_of_main() -> frozenset[str]:
    """Load the typeface and say what it has."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    files = _files()
    if files is None:
        return frozenset(bytes(range(0x80, 0x100)).decode("cp1252", "ignore"))
    for name, file in zip(("latchkey", "latchkey-bold"), files, strict=True):
        pdfmetrics.registerFont(TTFont(name, str(file)))
    _name("latchkey", "latchkey-bold")
    return frozenset(map(chr, pdfmetrics.getFont("latchkey").face.charToGlyph))


@cache
def _more_letters(name: str, file: Path) -> frozenset[str]:
    """Load a further typeface and say what it has; one that cannot be read has nothing."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    try:
        font = TTFont(name, str(file))
    except Exception:
        log.warning("the typeface %s cannot be used in PDFs", file.name, exc_info=True)
        return frozenset()
    pdfmetrics.registerFont(font)
    _name(name, name)
    return frozenset(map(chr, font.face.charToGlyph))
