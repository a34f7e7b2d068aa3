"""HTML to PDF by xhtml2pdf: nothing is fetched, no file is read but our fonts, and the same input gives the same bytes.

The one module that knows xhtml2pdf. It is heavy, so it is loaded when the first PDF is asked for.
"""

import functools
import io
import logging
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from documents import typefaces

#: what a document of ours can need at most; a text that wants more is an attack or a mistake
MOST_BYTES = 5 * 2**20
MOST_SECONDS = 120
#: below this size a PDF is made without a file in the temporary folder
IN_MEMORY = 50 * 2**20

log = logging.getLogger("latchkey.documents")

# reportlab keeps fonts and a switch for repeatable output in globals.
_one_at_a_time = threading.Lock()


class BadDocument(RuntimeError):
    """xhtml2pdf could not make a PDF of it."""


def write(html: str) -> bytes:
    """The page as a PDF. BadDocument when it cannot be drawn.

    `html` is a whole document of ours with every value escaped. Images and styles by address are not fetched, files
    are not read. Characters that no typeface of this machine has are shown as a question mark in a diamond.
    """
    from xhtml2pdf import pisa
    from xhtml2pdf.config.resources import ResourceAccessPolicy

    policy = ResourceAccessPolicy.server(
        allow_remote=False, max_render_seconds=MOST_SECONDS, max_document_bytes=MOST_BYTES
    )
    out = io.BytesIO()
    with _one_at_a_time, _hushed(), _our_defaults():
        try:
            html = typefaces.legible(html)
            result = pisa.CreatePDF(html, dest=out, encoding="utf-8", resource_policy=policy, capacity=IN_MEMORY)
        except Exception as problem:
            raise BadDocument(str(problem)) from problem
    if result.err:
        raise BadDocument("xhtml2pdf reported an error")
    return out.getvalue()


@contextmanager
def _our_defaults() -> Iterator[None]:
    """The same bytes each time, and no typeface named in the file that is not in it.

    reportlab begins each page and each cell with Helvetica, which it does not embed, even when nothing is written so.
    """
    from reportlab import rl_config
    from reportlab.platypus.tables import CellStyle

    before = rl_config.invariant, rl_config.canvas_basefontname, CellStyle.fontname
    rl_config.invariant, rl_config.canvas_basefontname, CellStyle.fontname = 1, typefaces.main(), typefaces.main()
    try:
        yield
    finally:
        rl_config.invariant, rl_config.canvas_basefontname, CellStyle.fontname = before


class _Hush(logging.Filter):
    """Keeps xhtml2pdf's warnings out of the log, which quote what the client wrote, and counts where they came from."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        """Never; from warnings on it is counted."""
        if record.levelno >= logging.WARNING:
            self.seen[f"{record.module}.{record.funcName}"] += 1
        return False


@functools.cache
def _hush() -> _Hush:
    return _Hush()


@contextmanager
def _hushed() -> Iterator[None]:
    """While a document is drawn, what xhtml2pdf complains about is logged by place and number, without its words."""
    hush = _hush()
    hush.seen.clear()
    # A filter acts on the logger that was asked, not on those below it, so that each one gets it.
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in {"xhtml2pdf", "reportlab"}]
    for name in names:
        logging.getLogger(name).addFilter(hush)
    try:
        yield
    finally:
        for name in names:
            logging.getLogger(name).removeFilter(hush)
        if hush.seen:
            places = ", ".join(f"{place} ({n})" for place, n in sorted(hush.seen.items()))
            log.warning("a PDF may look other than meant; xhtml2pdf complained in %s", places)
