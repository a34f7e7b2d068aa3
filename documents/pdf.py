"""HTML to PDF by xhtml2pdf: nothing is fetched, no file is read but our fonts, and the same input gives the same bytes.

The one module that knows xhtml2pdf. It is heavy, so it is loaded when the first PDF is asked for.
"""

import io
import threading
from functools import cache
from pathlib import Path

#: Debian's and Fedora's places of a typeface that has more than Latin-1; without one, PDFs say what Helvetica can say
FONT_FOLDERS = (
    Path("/usr/share/fonts/truetype/noto"),
    Path("/usr/share/fonts/google-noto"),
    Path("/usr/share/fonts/truetype/dejavu"),
    Path("/usr/share/fonts/dejavu-sans-fonts"),
)
FONT_FILES = (("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"), ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"))

#: what a document of ours can need at most; a text that wants more is an attack or a mistake
MOST_BYTES = 5 * 2**20
MOST_SECONDS = 60

# reportlab keeps fonts and a switch for repeatable output in globals.
_one_at_a_time = threading.Lock()


class BadDocument(RuntimeError):
    """xhtml2pdf could not make a PDF of it."""


def write(html: str) -> bytes:
    """The page as a PDF. BadDocument when it cannot be drawn.

    `html` is a whole document of ours with every value escaped. Images and styles by address are not fetched, files
    are not read.
    """
    from reportlab import rl_config
    from xhtml2pdf import pisa
    from xhtml2pdf.config.resources import ResourceAccessPolicy

    policy = ResourceAccessPolicy.server(
        allow_remote=False, max_render_seconds=MOST_SECONDS, max_document_bytes=MOST_BYTES
    )
    out = io.BytesIO()
    with _one_at_a_time:
        before, rl_config.invariant = rl_config.invariant, 1
        try:
            typeface()
            result = pisa.CreatePDF(html, dest=out, encoding="utf-8", resource_policy=policy)
        except Exception as problem:
            raise BadDocument(str(problem)) from problem
        finally:
            rl_config.invariant = before
    if result.err:
        raise BadDocument("xhtml2pdf reported an error")
    return out.getvalue()


@cache
def typeface() -> str:
    """The name of the typeface for CSS: one of the machine's with many scripts, or Helvetica."""
    from reportlab.lib.fonts import addMapping
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from xhtml2pdf.default import DEFAULT_FONT

    for folder in FONT_FOLDERS:
        for regular, bold in FONT_FILES:
            if (folder / regular).is_file() and (folder / bold).is_file():
                pdfmetrics.registerFont(TTFont("latchkey", str(folder / regular)))
                pdfmetrics.registerFont(TTFont("latchkey-bold", str(folder / bold)))
                for is_bold, is_italic in ((0, 0), (0, 1), (1, 0), (1, 1)):
                    addMapping("latchkey", is_bold, is_italic, "latchkey-bold" if is_bold else "latchkey")
                DEFAULT_FONT["latchkey"] = "latchkey"  # the families that xhtml2pdf's CSS knows
                return "latchkey"
    return "Helvetica"
