"""The user guide for sitters: their own part."""

from typing import Any

from flask import Blueprint, Response, abort
from werkzeug.local import LocalProxy

from sign_in import current_staff
from sitter_portal.frame import frame
from sitter_portal.help_links import GUIDE
from ui_kit.frames import PortalFrame

pages = Blueprint("sitter_help", __name__, url_prefix="/staff/help")


def _frame() -> PortalFrame:
    return frame(current_staff() or abort(403))


@pages.context_processor
def _shared() -> dict[str, Any]:
    return {"frame": LocalProxy(_frame)}


@pages.get("/")
def index() -> str:
    """The table of contents."""
    return GUIDE.index()


@pages.get("/sitter/<name>")
def chapter(name: str) -> str:
    """One chapter."""
    return GUIDE.page("sitter", name)


@pages.get("/pictures/<name>")
def picture(name: str) -> Response:
    """A picture of the sitters' chapters."""
    return GUIDE.picture(name)
