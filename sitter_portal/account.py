"""The sitter's own account: password, second factor, passkeys, devices (`sign_in.account`), in the sitter's frame."""

from typing import Any

from flask import Blueprint, abort
from werkzeug.local import LocalProxy

from models import Realm
from sign_in import account, current_staff
from sitter_portal.frame import frame
from ui_kit.frames import PortalFrame

pages = Blueprint("sitter_account", __name__, url_prefix="/staff/account")


def _frame() -> PortalFrame:
    return frame(current_staff() or abort(403))


@pages.context_processor
def _shared() -> dict[str, Any]:
    return {"frame": LocalProxy(_frame), "nav": "account"}


account.add_routes(pages, Realm.STAFF, "ui/base_portal.html")
