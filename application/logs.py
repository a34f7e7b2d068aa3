"""The program's log: lines for people or JSON lines for machines, each with the id of its request, none with anybody's data.

`latchkey.requests` has a line for each request, `latchkey.slow` one for each that took longer than SLOW_REQUEST_MS.
They name the route's rule, never the address, which may hold names, searches or one-time links.
"""

import datetime as dt
import json
import logging
import sys
import time
from typing import Any

from flask import Flask, Response, g, request, request_started

from application import metrics
from foundation import tracing
from sign_in import current_role

requests_log = logging.getLogger("latchkey.requests")
slow_log = logging.getLogger("latchkey.slow")

#: asked every few seconds by machines: no lines
_SILENT = frozenset({"healthz", "readyz", "metrics.figures"})
#: what HTTP knows; anything else is one word in logs and figures, whatever a stranger sends
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class JsonLines(logging.Formatter):
    """One JSON object a line; a trace of a bug is a text inside of it."""

    def format(self, record: logging.LogRecord) -> str:
        """`at`, `level`, `logger`, `message`, `request_id`, then what the line is about."""
        at = dt.datetime.fromtimestamp(record.created, tz=dt.UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "logger": record.name}
        line |= {"message": record.getMessage(), "request_id": _id_of(record), **getattr(record, "facts", {})}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class Lines(logging.Formatter):
    """A line for people; a trace of a bug stands below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Time in UTC, level, logger, the request's id, the words."""
        at = dt.datetime.fromtimestamp(record.created, tz=dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
        words = " ".join(record.getMessage().splitlines())
        line = f"{at} {record.levelname:<7} {record.name} {_id_of(record) or '-'} {words}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _id_of(record: logging.LogRecord) -> str:
    return str(getattr(record, "request_id", "") or tracing.request_id())


class _ToStandardError(logging.Handler):
    """Writes to whatever standard error is at that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            self.handleError(record)


def set_up(*, as_json: bool, level: str) -> None:
    """Have this process write its log so; also what libraries have to say. May be called again."""
    root = logging.getLogger()
    ours = next((h for h in root.handlers if isinstance(h, _ToStandardError)), None)
    if ours is None:
        ours = _ToStandardError()
        root.addHandler(ours)
    ours.setFormatter(JsonLines() if as_json else Lines())
    logging.getLogger("latchkey").setLevel(level.upper())


def install(app: Flask) -> None:
    """The log's shape, an id for each request, and a line when it is answered."""
    set_up(as_json=app.config["LOG_FORMAT"] == "json", level=app.config["LOG_LEVEL"])

    def _begin(_app: Flask, **_more: object) -> None:
        # Only a proxy that we know of may name a request; anybody else could make lines look like another's.
        given = request.headers.get("X-Request-Id") if app.config["TRUSTED_PROXIES"] else None
        g.trace = tracing.begin(tracing.trusted(given))
        g.request_id, g.started = g.trace.request_id, time.perf_counter()

    # Before every hook of a request: some of them ask the database already.
    request_started.connect(_begin, app, weak=False)

    @app.after_request
    def _answered(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        if "started" in g:
            _tell(app, response)
        return response

    @app.teardown_request
    def _end(_problem: BaseException | None) -> None:
        tracing.end()


def _tell(app: Flask, response: Response) -> None:
    seconds = time.perf_counter() - g.started
    route = request.url_rule.rule if request.url_rule is not None else "no route"
    method = request.method if request.method in _METHODS else "OTHER"
    ms, n_queries = round(seconds * 1000, 1), g.trace.n_queries
    metrics.note(route, method, response.status_code, seconds, n_queries)
    is_slow = ms >= app.config["SLOW_REQUEST_MS"] > 0
    if not is_slow and (request.endpoint in _SILENT or not requests_log.isEnabledFor(logging.INFO)):
        return
    facts = {
        "method": method,
        "route": route,
        "status": response.status_code,
        "ms": ms,
        "queries": n_queries,
        "role": current_role(),
    }
    words = "%(method)s %(route)s %(status)s %(ms)s ms, %(queries)s queries, %(role)s"
    if request.endpoint not in _SILENT:
        requests_log.info(words, facts, extra={"facts": facts})
    if is_slow:
        slow_log.warning("slow: " + words, facts, extra={"facts": facts})
