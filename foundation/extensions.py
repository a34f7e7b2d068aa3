"""The Flask extensions' objects, made once and given their app by `application.create_app`."""

from typing import Any

import flask_babel
from flask import g
from flask_babel import Babel, Domain, get_locale
from flask_login import LoginManager
from flask_mail import Mail
from flask_migrate import Migrate
from flask_wtf import CSRFProtect


class OneLookUp(Domain):  # type: ignore[misc]
    """The texts of a language, looked up once a request: Flask-Babel writes the language out at each text to find them.

    That took a tenth of a list page's time. A language that `force_locale` sets has texts of its own.
    """

    def get_translations(self) -> Any:  # noqa: ANN401 -- of a library without types
        try:
            context = g._flask_babel  # noqa: SLF001 -- where Flask-Babel keeps the locale; one look instead of six
            locale = context.babel_locale or get_locale()
        except (AttributeError, RuntimeError):  # nobody asked in this context yet, or there is none
            locale = get_locale()
            if locale is None:
                return super().get_translations()
            context = g._flask_babel  # noqa: SLF001 -- there now
        kept = getattr(context, "texts_of_language", None)
        if kept is None or kept[0] is not locale:
            context.texts_of_language = kept = (locale, super().get_translations())
        return kept[1]


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
