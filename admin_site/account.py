"""The own account of whoever works in the back office: password, second factor, passkeys, devices (`sign_in.account`)."""

from flask import Blueprint, Flask

from models import Realm
from sign_in import account


def install(app: Flask) -> None:
    """Add the pages under /admin; the guard asks for the office permission, the frame is made for every such path."""
    pages = Blueprint("office_account", __name__, url_prefix="/admin/account")
    account.add_routes(pages, Realm.STAFF, "ui/base_office.html")
    app.register_blueprint(pages)
