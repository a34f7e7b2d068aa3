"""Files as answers."""

from flask import Response, request


def calendar_file(data: bytes) -> Response:
    """A calendar as calendar programs want it: private, asked again each time, sent again only when it changed."""
    answer = Response(data, mimetype="text/calendar")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Disposition"] = 'inline; filename="visits.ics"'
    answer.add_etag()
    answer.make_conditional(request)
    return answer
