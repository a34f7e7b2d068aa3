"""Errors at the edge: a refusal becomes a clear page, anything else is logged once with the request's id."""

import errno
import logging

from flask import Flask, Response, current_app, g, request
from flask_babel import gettext
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError, PendingRollbackError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, SecurityError

import api
from foundation.db import db
from foundation.storage import StoreAwayError
from ui_kit import render_error
from workflows.errors import Conflict, NotAllowed, WorkflowError, WrongState
from workflows.paces import TooOften
from workflows.tries import TooManyTries

log = logging.getLogger("latchkey.errors")

#: seconds until a page that cannot be shown now is worth another try
RETRY_AFTER = 5
#: the machine has no room for what it was to write: disk, quota, a limit of the process
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def page(code: int, message: str | None = None) -> Response:
    """The error page for a status; `message` says what to do when more is known than the status.

    Programs that call the API get a problem document instead.
    """
    if api.is_here(request.path):
        response = api.problem(code, message)
    else:
        response = Response(render_error(code, request_id=g.get("request_id"), text=message), code)
    if code == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def place() -> str:
    """Where it happened, for the log: the route. The address itself may hold a one-time link, or a line break."""
    return request.url_rule.rule if request.url_rule is not None else "no route"


def put_back() -> None:
    """Undo what was begun. That must not fail for the same reason: a session that cannot even do this is thrown away."""
    try:
        db.session.rollback()
    except DBAPIError:
        db.session().invalidate()


def _close() -> None:
    try:
        db.session.close()
    except DBAPIError:
        db.session().invalidate()


def install(app: Flask) -> None:
    """A handler for each way in which a request can fail; its id is given by `logs`."""

    @app.errorhandler(CSRFError)
    def _csrf(_problem: CSRFError) -> Response:
        db.session.rollback()
        return page(400, gettext("This page was open for too long, or was opened elsewhere. Go back, reload it, and try again. Nothing was changed."))  # fmt: skip

    @app.errorhandler(WorkflowError)
    def _refused(problem: WorkflowError) -> Response:
        db.session.rollback()
        code = 429 if isinstance(problem, TooManyTries | TooOften) else 403 if isinstance(problem, NotAllowed) else 409 if isinstance(problem, WrongState | Conflict) else 400  # fmt: skip
        answer = page(code, problem.say(gettext))
        if isinstance(problem, TooManyTries | TooOften):
            answer.headers["Retry-After"] = str(problem.retry_after)
        return answer

    @app.errorhandler(StaleDataError)
    def _stale(_problem: StaleDataError) -> Response:
        db.session.rollback()
        return page(
            409, gettext("Someone changed this meanwhile. Go back, reload the page, and make your change again.")
        )

    @app.errorhandler(HTTPException)
    def _http(problem: HTTPException) -> Response | HTTPException:
        if problem.code is None or problem.code < 400:
            return problem
        if isinstance(problem, SecurityError):  # of werkzeug, about the Host header; there are no addresses to link to
            return Response(gettext("Latchkey does not answer under this name. Use the address that you were given."), 400, mimetype="text/plain")  # fmt: skip
        response = page(problem.code)
        if response.status_code != problem.code:
            return response  # the API while it is off: nothing is there, whatever was asked
        if problem.code == 405 and problem.response is None:
            response.headers["Allow"] = ", ".join(getattr(problem, "valid_methods", None) or [])
        response.status_code = problem.code
        return response

    app.register_error_handler(Exception, bug)
    _install_absences(app)


def bug(problem: Exception) -> Response:
    """What nobody thought of: logged once, with its trace."""
    put_back()
    log.exception("unhandled error, request %s %s", g.get("request_id", ""), place(), exc_info=problem)
    if current_app.config.get("PROPAGATE_BUGS"):
        raise problem
    return page(500)


def _install_absences(app: Flask) -> None:
    """What a page stands on is away: database, file store, room on the disk."""

    @app.teardown_appcontext
    def _let_go(_problem: BaseException | None) -> None:
        # Runs before Flask-SQLAlchemy's own end of the session, where a connection that broke after its last answer
        # would turn a page that is ready into the server's bare "Internal Server Error".
        # To close it undoes what is open as well; rolled back first, each object of the page would be taken out of use one
        # by one, of a session that is thrown away with all that listens to it.
        if db.session.registry.has():
            _close()

    @app.errorhandler(OperationalError)
    def _busy(problem: OperationalError) -> Response:
        return _away(problem)

    @app.errorhandler(PendingRollbackError)
    def _lost_before(problem: PendingRollbackError) -> Response:
        # The connection broke in a statement whose error somebody caught; what came after it finds none.
        return _away(problem)

    @app.errorhandler(OSError)
    def _no_room(problem: OSError) -> Response:
        if problem.errno not in NO_ROOM:
            return bug(problem)
        return _away(problem)

    def _away(problem: Exception) -> Response:
        """What the page stands on is not there now; nothing was changed, and the same may be sent again."""
        put_back()
        log.error("unavailable, request %s %s", g.get("request_id", ""), place(), exc_info=problem)
        return page(503)

    @app.errorhandler(StoreAwayError)
    def _store_away(problem: StoreAwayError) -> Response:
        put_back()
        log.error("file store unavailable, request %s: %s", g.get("request_id", ""), problem)
        return page(503)

    @app.errorhandler(DBAPIError)
    def _database(problem: DBAPIError) -> Response:
        if problem.connection_invalidated:
            return _away(problem)
        put_back()
        log.exception("database refused, request %s %s", g.get("request_id", ""), place(), exc_info=problem)
        return page(500)
