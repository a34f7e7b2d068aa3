"""The Flask extensions' objects, made once and given their app by `application.create_app`."""

from typing import Any

import flask_babel
from flask import g
from flask_babel import Babel, Domain
from flask_login import LoginManager
from flask_mail import Mail
from flask_migrate import Migrate
from flask_wtf import CSRFProtect


class OneLookUp(Domain):  # type: ignore[misc]
    """The texts of the request's language, looked up once a request: Flask-Babel asks for the language at each text.

    That took a tenth of a list page's time. Kept where `force_locale` and `refresh` of Flask-Babel forget it.
    """

    def get_translations(self) -> Any:  # noqa: ANN401 -- of a library without types
        try:
            context = g._flask_babel  # noqa: SLF001 -- where Flask-Babel keeps the rest of it
        except (AttributeError, RuntimeError):  # nobody asked in this context yet, or there is none
            return super().get_translations()
        found = getattr(context, "babel_translations", None)
        if found is None:
            found = context.babel_translations = super().get_translations()
        return found


class QuickBabel(Babel):  # type: ignore[misc]
    """Flask-Babel with that domain."""

    @property
    def domain_instance(self) -> Domain:
        return _DOMAIN


_DOMAIN = OneLookUp()
# Every text, lazy or not, first asks Flask-Babel which domain it belongs to; there is one. That way through three
# proxies took longer than the look-up itself, a hundred times a page.
flask_babel.get_domain = lambda: _DOMAIN
babel = QuickBabel()
csrf = CSRFProtect()
login_manager = LoginManager()
mail = Mail()
migrate = Migrate()
