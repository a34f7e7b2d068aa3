"""Files as answers."""

from urllib.parse import quote

from flask import Response, abort, request

from models import StoredFile


def calendar_file(data: bytes) -> Response:
    """A calendar as calendar programs want it: private, asked again each time, sent again only when it changed."""
    answer = Response(data, mimetype="text/calendar")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Disposition"] = 'inline; filename="visits.ics"'
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def attachment(file: StoredFile, data: bytes | None) -> Response:
    """A kept file to be saved: never opened by the browser as a page, never kept by a cache; 404 without its bytes."""
    if data is None:
        abort(404)
    answer = Response(data, mimetype=file.media_type)
    answer.headers["Content-Disposition"] = content_disposition(file.name)
    answer.headers["Cache-Control"] = "private, no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def content_disposition(name: str) -> str:
    """`attachment` with the name in plain letters for old programs and in full for the others (RFC 6266)."""
    plain = name.encode("ascii", "ignore").decode().replace("\\", "_").replace('"', "'") or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def text_file(text: str, name: str) -> Response:
    """Plain text to be kept as a file; nothing on the way keeps it."""
    answer = Response(text, mimetype="text/plain")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
