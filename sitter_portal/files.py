"""Photos and documents of the clients whom a sitter visits, given out by address; the pages about them link here."""

from flask import Blueprint, abort
from werkzeug.wrappers import Response

from foundation.db import db, writing_between
from models import StoredFile
from sign_in import current_actor, current_staff
from ui_kit import downloads
from workflows import file_access, sitter_access
from workflows.errors import NotAllowed

pages = Blueprint("sitter_files", __name__, url_prefix="/staff/files")


@pages.get("/<public_id:file_id>/<any(thumb, picture, download):how>")
def give(file_id: str, how: str) -> Response:
    """A file to be saved, or a picture in its place; 404 for those of other clients.

    What the office restricted opens around own visits only, and each look is logged.
    """
    staff = current_staff() or abort(403)
    file = file_access.find(file_id, file_access.of_sitter(staff)) or _around_a_visit(file_id)
    answer = downloads.download(file) if how == "download" else downloads.picture(file, small=how == "thumb")
    return answer or abort(404)


def _around_a_visit(file_id: str) -> StoredFile:
    """Found and logged in a transaction of its own, as the rest of the request only reads."""
    staff = current_staff() or abort(403)
    file = file_access.find(file_id, file_access.of_sitter_around_visits(staff)) or abort(404)
    with writing_between():
        try:
            sitter_access.open_file(file, actor=current_actor())
        except NotAllowed:
            db.session.rollback()
            abort(404)
    return file
