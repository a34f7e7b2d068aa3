"""The composition root: `create_app` puts the parts together; nothing below imports from here."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, abort, g, redirect, request
from jinja2 import ChoiceLoader, FileSystemLoader
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as BaseResponse

import models
import sign_in
import ui_kit
from application import (
    bounces,
    cli,
    config,
    dev_mails,
    errors,
    hosts,
    logs,
    metrics,
    readiness,
    tasks,
    watching,
    webhooks,
)
from application.addresses import App
from application.bodies import Request
from foundation import clock, sealing, storage
from foundation.db import db, mark_request, prepare_engine
from foundation.extensions import babel, csrf, login_manager, mail, migrate
from sign_in import guard
from ui_kit import uploading
from workflows import registrations, settings
from workflows.billing import modes

ROOT = Path(__file__).resolve().parent.parent
#: the first folder that has a template wins, so ours stand before Flask-Admin's stock ones
TEMPLATE_FOLDERS = (
    "application", "settings_ui", "admin_site", "client_portal", "sitter_portal", "sign_in", "ui_kit",
)  # fmt: skip


def create_app(overrides: dict[str, Any] | None = None) -> Flask:
    """Latchkey as a WSGI app, from the environment; `overrides` are for tests and tools."""
    app = App("latchkey", static_folder=None, root_path=str(ROOT / "application"))
    app.request_class = Request
    app.config.update(config.complete({**config.from_environment(), **(overrides or {})}))
    sealing.use_keys(app.config["FIELD_KEYS"])
    app.jinja_loader = ChoiceLoader([FileSystemLoader(ROOT / folder / "templates") for folder in TEMPLATE_FOLDERS])
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    Path(app.config["DATA_DIR"]).mkdir(mode=0o700, parents=True, exist_ok=True)
    _install_extensions(app)
    app.extensions["store"] = config.file_store(app.config)
    storage.use(app.extensions["store"])
    app.extensions["backups"] = config.backup_store(app.config)
    app.extensions["gateway"] = config.payment_gateway(app.config)
    modes.use(app.extensions["gateway"].mode())
    _install_requests(app)
    logs.install(app)
    errors.install(app)
    sign_in.install(app)
    ui_kit.install(app)
    ui_kit.install_security_headers(app)
    tasks.install(app)
    readiness.install(app)
    cli.install(app)
    _install_faces(app)
    watching.install(app)
    ui_kit.wrap_wsgi(app)
    if app.config["TRUSTED_PROXIES"]:
        hops = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    hosts.install(app)
    return app


def _install_extensions(app: Flask) -> None:
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"), render_as_batch=True, compare_type=True)
    with app.app_context():
        prepare_engine(db.engine, app.config["DATABASE_LIMITS"])
    csrf.init_app(app)
    login_manager.init_app(app)
    mail.init_app(app)
    babel.init_app(
        app,
        locale_selector=lambda: g.get("own_locale") or settings.read()["business.locale"],
        timezone_selector=lambda: settings.read()["business.time_zone"],
        default_translation_directories=str(ROOT / "translations"),
    )


def _install_requests(app: Flask) -> None:
    # Before everything else, as some pages ask for their switches before the checks of a request.
    @app.url_value_preprocessor
    def _begin(endpoint: str | None, _values: dict[str, Any] | None) -> None:
        view = app.view_functions.get(endpoint or "")
        mark_request(
            reads_only=request.method in {"GET", "HEAD", "OPTIONS"},
            reads_first=getattr(view, "reads_first", False),
            one_person=request.path.startswith(("/portal/", "/staff/")),
        )
        uploading.make_room(view)
        settings.forget()
        if endpoint not in guard.OPEN:
            sign_in.current_sign_in()  # its statement brings the settings along
        if endpoint not in {"healthz", "readyz", "logo", "metrics.figures"}:
            settings.read()

    @app.teardown_request
    def _end(_problem: BaseException | None) -> None:
        mark_request(reads_only=False)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        db.session.execute(sa.text("SELECT 1"))
        return {"status": "ok"}

    @app.get("/")
    def front_door() -> BaseResponse:
        return redirect("/portal/")

    @app.get("/register")
    def register() -> BaseResponse:
        """A short address for the business's own web site; 404 unless new clients may register."""
        return redirect("/portal/register") if registrations.is_open() else abort(404)

    @app.get("/business-logo/<path:key>")
    def logo(key: str) -> Response:
        """The business's own logo, the only stored file that is public; any other key is 404."""
        data = storage.here().read(key) if key == settings.read()["business.logo"] else None
        if data is None:
            return errors.page(404)
        headers = {"Cache-Control": "public, max-age=86400, immutable", "X-Content-Type-Options": "nosniff"}
        return Response(data, mimetype="image/webp", headers=headers)


def _install_faces(app: Flask) -> None:
    import admin_site
    import api
    import client_portal
    import settings_ui
    import sitter_portal

    client_portal.install(app)
    sitter_portal.install(app)
    api.install(app)
    admin = admin_site.install(app)
    settings_ui.install(app, admin)
    dev_mails.install(app)
    webhooks.install(app)
    bounces.install(app)
    metrics.install(app)


__all__ = ["clock", "create_app", "models"]
