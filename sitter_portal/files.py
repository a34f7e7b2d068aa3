"""Photos and documents of the clients whom a sitter visits, given out by address; the pages about them link here."""

from flask import Blueprint, abort
from werkzeug.wrappers import Response

from sign_in import current_staff
from ui_kit import downloads
from workflows import file_access

pages = Blueprint("sitter_files", __name__, url_prefix="/staff/files")


@pages.get("/<public_id:file_id>/<any(thumb, picture, download):how>")
def give(file_id: str, how: str) -> Response:
    """A file to be saved, or a picture in its place; 404 for those of other clients."""
    staff = current_staff()
    file = file_access.find(file_id, file_access.of_sitter(staff)) if staff else None
    if file is None:
        abort(404)
    answer = downloads.download(file) if how == "download" else downloads.picture(file, small=how == "thumb")
    return answer or abort(404)
