"""Figures for Prometheus at /metrics: what all web processes have answered, and how the installation stands.

Each process counts in files of its own under DATA_DIR/metrics, which whoever is asked adds up (prometheus_client's way for
several processes). gunicorn empties that folder when it starts. Off, and 404, unless METRICS_TOKEN or METRICS_LOOPBACK is set.
"""

import hmac
import os
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, request

from foundation.tracing import traced

figures = Blueprint("metrics", __name__)

#: headers by which a proxy betrays that the one who asks is somewhere else
_FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via")


def install(app: Flask) -> None:
    """The address, and the counting when it is on."""
    app.register_blueprint(figures)
    if not is_on(app.config):
        return
    folder = Path(app.config["DATA_DIR"]) / "metrics"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The library looks for it when it is imported, and that once a process.
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(folder))


def is_on(config: dict[str, Any]) -> bool:
    """Does anybody get figures?"""
    return bool(config["METRICS_TOKEN"] or config["METRICS_LOOPBACK"])


def note(route: str, method: str, status: int, seconds: float, n_queries: int) -> None:
    """Count an answered request; nothing where nobody gets figures."""
    if is_on(current_app.config):
        from application import counters

        counters.note(route, method, status, seconds, n_queries)


@figures.get("/metrics", endpoint="figures")
def show() -> Response:
    """All figures as text. 404 for everybody without the token, and for other machines unless they have it."""
    if not _may():
        abort(404)
    from application import counters

    with traced():
        return Response(counters.text(), content_type=counters.CONTENT_TYPE)


def _may() -> bool:
    token = str(current_app.config["METRICS_TOKEN"] or "")
    sent = request.headers.get("Authorization", "")
    if token and hmac.compare_digest(sent.encode("utf-8", "replace"), f"Bearer {token}".encode()):
        return True
    # A proxy on this machine asks from the loopback too, for anybody.
    is_near = request.remote_addr in {"127.0.0.1", "::1"} and not any(name in request.headers for name in _FORWARDED)
    return bool(current_app.config["METRICS_LOOPBACK"]) and is_near
