"""The Flask extensions' objects, made once and given their app by `application.create_app`."""

from functools import lru_cache
from typing import Any

import flask_babel
from flask import Flask, current_app, g, session
from flask_babel import Babel, Domain, get_locale
from flask_login import LoginManager
from flask_mail import Mail
from flask_migrate import Migrate
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from itsdangerous import URLSafeTimedSerializer

from foundation import clock

#: `g` itself: each look through the proxy takes three times as long
_here = g._get_current_object  # noqa: SLF001 -- documented, for what is asked two hundred times a page


class OneLookUp(Domain):  # type: ignore[misc]
    """The texts of a language, looked up once a request: Flask-Babel writes the language out at each text to find them.

    That took a tenth of a list page's time. A language that `force_locale` sets has texts of its own.
    """

    def get_translations(self) -> Any:  # noqa: ANN401 -- of a library without types
        try:
            context = _here()._flask_babel  # noqa: SLF001 -- where Flask-Babel keeps the locale; one look instead of six
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


@lru_cache(maxsize=1024)
def _signed(key: Any, secret: str, _minute: int) -> str:  # noqa: ANN401 -- a text or bytes
    return str(URLSafeTimedSerializer(key, salt="wtf-csrf-token").dumps(secret))


def form_token() -> str:
    """`csrf_token()` of the templates: Flask-WTF's own, but signed once a minute for each session.

    To sign it for every page took a twentieth of a list.
    """
    secret = session.get("csrf_token")
    if "csrf_token" not in g and isinstance(secret, str):
        key = current_app.config.get("WTF_CSRF_SECRET_KEY") or current_app.secret_key
        g.csrf_token = _signed(key, secret, int(clock.now().timestamp()) // 60)
    return str(generate_csrf())


class QuickCSRF(CSRFProtect):  # type: ignore[misc]
    """Flask-WTF's protection with that token in the templates."""

    def init_app(self, app: Flask) -> None:
        super().init_app(app)
        app.jinja_env.globals["csrf_token"] = form_token
        app.context_processor(lambda: {"csrf_token": form_token})


babel = QuickBabel()
csrf = QuickCSRF()
login_manager = LoginManager()
mail = Mail()
migrate = Migrate()
