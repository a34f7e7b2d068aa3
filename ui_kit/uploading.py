"""Files as they come in: one by one from `files.js`, which wants JSON, or several in a form."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, jsonify, request
from flask_babel import gettext as _

from ui_kit.files import MAX_BYTES

#: what the forms may hold that several files come in: all else is refused before it is read, with what was typed
ROOM = 64 * 2**20
View = TypeVar("View", bound=Callable[..., Any])


def takes_files(view: View) -> View:
    """Mark a view whose form has files: up to 64 MB of it are read, so that a file that is too large is refused by its
    name and everything else that was typed comes back."""
    view.takes_files = True  # type: ignore[attr-defined]
    return view


def make_room(view: Any) -> None:  # noqa: ANN401 -- a view, or None
    """Let this request be as large as its view takes; before anything reads its form."""
    if getattr(view, "takes_files", False):
        request.max_content_length = ROOM


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
    return _("That was too much at once. A file may have up to 15 MB, and all files of one form together 60 MB: send the others afterwards.")  # fmt: skip
