"""The PDF of an invoice, note, payment, refund or statement: the kept one, or drawn now.

Portal, office, mails and the worker all come here, and so hand out the same bytes.
"""

import dataclasses
import datetime as dt
import hashlib
from dataclasses import dataclass

from flask import current_app
from flask_babel import force_locale

from documents import billing
from foundation import clock, storage
from workflows import settings
from workflows.billing import paper_makers, paper_store, papers
from workflows.billing.paper_store import About
from workflows.billing.papers import Paper


@dataclass(frozen=True)
class PaperPdf:
    """A paper's PDF: what it is of, its name for people, and the fingerprint of all that it shows."""

    about: About
    name: str
    content_hash: str
    paper: Paper
    #: when its facts were read
    as_of: dt.datetime
    #: None until it is drawn
    data: bytes | None = None
    #: drawn now, and not kept yet
    is_new: bool = False


def look(about: About) -> PaperPdf | None:
    """What its PDF shows, without the PDF; None when there is no such thing."""
    as_of = clock.now()
    paper = paper_makers.make(about, site=current_app.config["PUBLIC_URL"])
    if paper is None:
        return None
    values = settings.read()
    with force_locale(values["business.locale"]):
        name = billing.file_name(paper)
    # The logo by its random name: its bytes are only fetched to draw.
    shown = (papers.fingerprint(paper), billing.version(), values["business.locale"], values["business.logo"] or "")
    return PaperPdf(about, name, hashlib.sha256("\n".join(shown).encode()).hexdigest(), paper, as_of)


def fill(seen: PaperPdf) -> PaperPdf:
    """With its bytes: the kept ones, or drawn now. BadDocument when it cannot be drawn; nothing is written."""
    kept = paper_store.find(seen.content_hash)
    data = paper_store.read(kept) if kept is not None else None
    if data is not None:
        return dataclasses.replace(seen, data=data)
    return dataclasses.replace(seen, data=_draw(seen.paper), is_new=True)


def keep(pdf: PaperPdf) -> None:
    """Keep what was drawn for whoever asks next; of a kept one, note that it is still right."""
    if pdf.is_new and pdf.data is not None:
        paper_store.keep(pdf.about, pdf.content_hash, pdf.data, as_of=pdf.as_of)
    elif (kept := paper_store.find(pdf.content_hash)) is not None:
        paper_store.still_right(kept, as_of=pdf.as_of)


def _draw(paper: Paper) -> bytes:
    values = settings.read()
    logo = storage.here().read(values["business.logo"]) if values["business.logo"] else None
    return billing.draw_paper(dataclasses.replace(paper, logo=logo), locale=values["business.locale"])
