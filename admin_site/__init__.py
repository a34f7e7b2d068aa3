"""The back office: Flask-Admin as an adapter over the workflows, in our own theme.

`base.py` holds what every list has in common; `people`, `catalogue` and `records` are the lists; `home`, `requests`,
`schedule`, `client_page` and `visits_page` are pages of their own, and `frame` is the menu around all of them.
"""

import importlib
import importlib.util

from babel.numbers import get_currency_symbol
from flask import Flask
from flask_admin import Admin
from flask_babel import get_locale

from admin_site.theme import OfficeTheme
from foundation import money

#: each has `register(admin)`, which adds its views
_MODULES = ("people", "catalogue", "records", "requests", "schedule", "client_page", "visits_page")


def install(app: Flask) -> Admin:
    """The Admin object with every view of the back office; `settings_ui` adds its own to it."""
    from admin_site.base import FirstPage

    index = FirstPage(endpoint="admin", url="/admin")
    if importlib.util.find_spec("admin_site.home"):
        index = importlib.import_module("admin_site.home").index_view()
    app.jinja_env.globals["currency_sign"] = currency_sign
    admin = Admin(app, name="Latchkey", theme=OfficeTheme(), index_view=index)
    if importlib.util.find_spec("admin_site.frame"):
        importlib.import_module("admin_site.frame").install(app)
    for name in _MODULES:
        if importlib.util.find_spec(f"admin_site.{name}"):
            importlib.import_module(f"admin_site.{name}").register(admin)
    return admin


def currency_sign() -> str:
    """The sign of the business's currency, as the reader's language writes it."""
    return get_currency_symbol(money.currency(), get_locale() or "en")
