"""A small Flask app of its own: the kit needs no database and no page of ours."""

from collections.abc import Callable

import pytest
from flask import Flask, render_template_string, request
from flask_babel import Babel
from flask_wtf import CSRFProtect

import ui_kit
from tests.ui_kit.samples import UI


@pytest.fixture
def mini() -> Flask:
    """An app with nothing but the kit; `?lang=` chooses the locale. Whitespace as `application` sets it."""
    app = Flask("mini", static_folder=None)
    app.config.update(SECRET_KEY="not secret here", TESTING=True)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Babel(
        app,
        locale_selector=lambda: request.args.get("lang", "en_GB"),
        timezone_selector=lambda: "Europe/London",
    )
    CSRFProtect(app)
    ui_kit.install(app)
    ui_kit.install_security_headers(app)
    return app


@pytest.fixture
def render(mini: Flask) -> Callable[..., str]:
    """`render("{{ ui.icon('home') }}", lang="de", x=1)`: a piece of template with the macros at hand."""

    def _render(source: str, lang: str = "en_GB", /, **context: object) -> str:
        with mini.test_request_context(f"/?lang={lang}"):
            # The layouts bring their own import; pieces of macros need one.
            return render_template_string(source if "extends" in source else UI + source, **context)

    return _render
