"""A billing paper as PDF, as the answer to a GET: the very bytes that the client gets."""

from flask import Response, abort

from ui_kit import paper_files
from workflows.billing.paper_store import About, AboutKind


def pdf(kind: AboutKind, row_id: int, *, first: str = "", last: str = "") -> Response:
    """The PDF to be saved, or 404; of a statement for the period. Whoever may not see it was turned away before."""
    answer = paper_files.paper(About(kind, row_id, first, last))
    if answer is None:
        abort(404)
    return answer
