"""Errors at the edge: a refusal becomes a clear page, anything else is logged once with the request's id."""

import logging
import secrets

from flask import Flask, Response, current_app, g, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, SecurityError

from foundation.db import db
from foundation.storage import StoreAwayError
from ui_kit import render_error
from workflows.errors import Conflict, NotAllowed, WorkflowError, WrongState
from workflows.tries import TooManyTries

log = logging.getLogger("latchkey.errors")


def page(code: int, message: str | None = None) -> Response:
    """The error page for a status; `message` says what to do when more is known than the status."""
    return Response(render_error(code, request_id=g.get("request_id"), text=message), code)


def place() -> str:
    """Where it happened, for the log: the route. The address itself may hold a one-time link, or a line break."""
    return request.url_rule.rule if request.url_rule is not None else "no route"


def install(app: Flask) -> None:
    """Request ids, and a handler for each way in which a request can fail."""

    @app.before_request
    def _number() -> None:
        g.request_id = secrets.token_hex(6)

    @app.after_request
    def _show_number(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        return response

    @app.errorhandler(CSRFError)
    def _csrf(_problem: CSRFError) -> Response:
        db.session.rollback()
        return page(400, gettext("This page was open for too long, or was opened elsewhere. Go back, reload it, and try again. Nothing was changed."))  # fmt: skip

    @app.errorhandler(WorkflowError)
    def _refused(problem: WorkflowError) -> Response:
        db.session.rollback()
        code = 429 if isinstance(problem, TooManyTries) else 403 if isinstance(problem, NotAllowed) else 409 if isinstance(problem, WrongState | Conflict) else 400  # fmt: skip
        return page(code, problem.say(gettext))

    @app.errorhandler(StaleDataError)
    def _stale(_problem: StaleDataError) -> Response:
        db.session.rollback()
        return page(
            409, gettext("Someone changed this meanwhile. Go back, reload the page, and make your change again.")
        )

    @app.errorhandler(OperationalError)
    def _busy(problem: OperationalError) -> Response:
        db.session.rollback()
        log.exception("database unavailable, request %s", g.get("request_id", ""), exc_info=problem)
        return page(503)

    @app.errorhandler(StoreAwayError)
    def _store_away(problem: StoreAwayError) -> Response:
        db.session.rollback()
        log.error("file store unavailable, request %s: %s", g.get("request_id", ""), problem)
        return page(503)

    @app.errorhandler(DBAPIError)
    def _database(problem: DBAPIError) -> Response:
        db.session.rollback()
        log.exception("database refused, request %s %s", g.get("request_id", ""), place(), exc_info=problem)
        return page(500)

    @app.errorhandler(HTTPException)
    def _http(problem: HTTPException) -> Response | HTTPException:
        if problem.code is None or problem.code < 400:
            return problem
        if isinstance(problem, SecurityError):  # of werkzeug, about the Host header; there are no addresses to link to
            return Response(gettext("Latchkey does not answer under this name. Use the address that you were given."), 400, mimetype="text/plain")  # fmt: skip
        response = page(problem.code)
        if problem.code == 405 and problem.response is None:
            response.headers["Allow"] = ", ".join(getattr(problem, "valid_methods", None) or [])
        response.status_code = problem.code
        return response

    @app.errorhandler(Exception)
    def _bug(problem: Exception) -> Response:
        db.session.rollback()
        log.exception("unhandled error, request %s %s", g.get("request_id", ""), place(), exc_info=problem)
        if current_app.config.get("PROPAGATE_BUGS"):
            raise problem
        return page(500)
