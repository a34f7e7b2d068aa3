"""Files as answers."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from flask import Response, g, request
from werkzeug.wsgi import wrap_file

from foundation import storage
from models import StoredFile

#: a stored file is never a page: whatever it holds, nothing in it runs and nothing is fetched
SEALED = "default-src 'none'; style-src 'none'; script-src 'none'; object-src 'none'; frame-ancestors 'none'; sandbox"


@dataclass(frozen=True)
class Taken:
    """A file that this answer hands out to be kept, for whoever writes the log (`g.taken`).

    A stored file by its number alone, a drawn paper by its name, which is made of its kind and number.
    """

    file_id: int | None = None
    name: str = ""


def calendar_file(data: bytes) -> Response:
    """A calendar as calendar programs want it: private, asked again each time, sent again only when it changed."""
    answer = Response(data, mimetype="text/calendar")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Disposition"] = 'inline; filename="visits.ics"'
    answer.add_etag()
    answer.make_conditional(request)
    return answer


def download(file: StoredFile) -> Response | None:
    """The file to be saved, piece by piece from the store; never kept by the browser, never shown as a page.

    None when the store has it no longer.
    """
    stream = storage.here().open(file.key)
    if stream is None:
        return None
    answer = Response(wrap_file(request.environ, stream), mimetype=file.media_type, direct_passthrough=True)
    answer.headers["Content-Disposition"] = disposition("attachment", file.name)
    answer.headers["Cache-Control"] = "private, no-store"
    answer.content_length = file.n_bytes
    g.taken = Taken(file_id=file.id)
    return sealed(answer)


def picture(file: StoredFile, *, small: bool) -> Response | None:
    """One of our own WebP pictures, shown in its place; the browser asks each time whether it may still have it.

    None when the file is no picture, or the store has it no longer.
    """
    if file.thumbnail_key is None:
        return None
    etag = file.sha256[:32] + ("s" if small else "")
    if request.if_none_match.contains(etag):
        answer = Response(status=304)
    else:
        stream = storage.here().open(file.thumbnail_key if small else file.key)
        if stream is None:
            return None
        answer = Response(wrap_file(request.environ, stream), mimetype="image/webp", direct_passthrough=True)
        answer.headers["Content-Disposition"] = disposition("inline", file.name)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(etag)
    return sealed(answer)


def sealed(answer: Response) -> Response:
    """Nothing in it runs, and no browser guesses what it is."""
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = SEALED
    return answer


def disposition(how: str, name: str) -> str:
    """The Content-Disposition of RFC 6266: a plain name for old programs, the whole one for the others."""
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", name)
    if plain == name:
        return f'{how}; filename="{plain}"'
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def text_file(text: str, name: str) -> Response:
    """Plain text to be kept as a file; nothing on the way keeps it."""
    answer = Response(text, mimetype="text/plain")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
