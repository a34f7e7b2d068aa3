"""Files as they come in: one by one from `files.js`, which wants JSON, or several in a form."""

from flask import Response, jsonify, request
from flask_babel import gettext as _

from ui_kit.files import MAX_BYTES


def by_script() -> bool:
    """Did files.js send this, file by file?"""
    return bool(request.accept_mimetypes.best == "application/json")


def answer(problem: str = "", status: int = 200) -> Response:
    """What files.js reads."""
    told: Response = jsonify(ok=not problem, problem=problem)
    told.status_code = status
    return told


def received(field: str = "files") -> list[tuple[str, bytes]]:
    """Names and bytes of the form's files; of each at most one byte more than is allowed, so that it is refused."""
    sent = [f for f in request.files.getlist(field) if f.filename]
    return [(f.filename or "", f.stream.read(MAX_BYTES + 1)) for f in sent]


def too_large() -> str:
    """What to do after 413."""
    return _("That was too much at once. A file may have up to 15 MB, and all files of one form together too: send larger ones one after the other.")  # fmt: skip
