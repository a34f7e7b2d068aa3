"""The PDF of a billing paper as an answer, the same bytes in the portal and in the office."""

import logging

from flask import Response, g, request

from documents import billing_files
from documents import pay_statement as pay_documents
from foundation import storage
from foundation.db import writing_between
from models import PayStatement
from ui_kit.downloads import Taken, disposition, sealed
from workflows.billing.paper_store import About
from workflows.pay import statements

log = logging.getLogger("latchkey.papers")


def paper(about: About) -> Response | None:
    """The PDF to be saved, for a GET; None when there is no such thing.

    Whoever may not see it has to be turned away before. The kept one, else it is drawn now and kept; whoever has
    this version already is told so. Private: neither the browser nor anything on the way keeps it.
    """
    seen = billing_files.look(about)
    if seen is None:
        return None
    etag = seen.content_hash[:32]
    if request.if_none_match.contains(etag):
        answer = Response(status=304)
    else:
        pdf = billing_files.fill(seen)
        if pdf.is_new:
            _keep(pdf)
        answer = Response(pdf.data, mimetype="application/pdf")
        answer.headers["Content-Disposition"] = disposition("attachment", pdf.name)
        g.taken = Taken(name=pdf.name)
    answer.headers["Cache-Control"] = "private, no-store"
    answer.set_etag(etag)
    return sealed(answer)


def _keep(pdf: billing_files.PaperPdf) -> None:
    """A store that is away must not keep somebody from their paper."""
    try:
        with writing_between():
            billing_files.keep(pdf)
    except (OSError, storage.StoreAwayError):
        log.exception("a drawn paper could not be kept")


def pay_statement(statement: PayStatement) -> Response:
    """A sitter's statement to be saved. Whoever may not see it has to be turned away before; private, like `paper`."""
    name, data, mark = pay_documents.pdf(statements.paper(statement))
    if request.if_none_match.contains(mark):
        answer = Response(status=304)
    else:
        answer = Response(data, mimetype="application/pdf")
        answer.headers["Content-Disposition"] = disposition("attachment", name)
        g.taken = Taken(name=name)
    answer.headers["Cache-Control"] = "private, no-store"
    answer.set_etag(mark)
    return sealed(answer)
