"""GET /readyz: may this web server be sent requests? For roll-outs and for whoever watches; /healthz says only that it lives.

It answers strangers, so it names what is missing and nothing else: no addresses, no versions, no messages.
"""

import logging
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask, Response, jsonify

from foundation.db import db

log = logging.getLogger("latchkey.readiness")

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
#: a store that was there is not asked again so soon (seconds): each question to a bucket costs a little
STORE_SECONDS = 10


class NotReadyError(Exception):
    """Something answers, but not as this program needs it."""


def install(app: Flask) -> None:
    """Add the page. 200 with {"ready": true}, or 503 with the names of what is missing."""
    seen = {"store": 0.0}

    def store() -> None:
        now = time.monotonic()
        if not seen["store"] or now - seen["store"] > STORE_SECONDS:
            seen["store"] = 0.0
            app.extensions["store"].reach()
            seen["store"] = now

    def queue() -> None:
        app.extensions["huey"].pending_count()

    @app.get("/readyz")
    def readyz() -> tuple[Response, int]:
        missing = _missing([("database", _database), ("migrations", _migrations)], stop=True)
        missing += _missing([("files", store), ("queue", queue)])
        answer = jsonify({"ready": False, "missing": missing} if missing else {"ready": True})
        answer.headers["Cache-Control"] = "no-store"
        return answer, 503 if missing else 200


def _missing(checks: list[tuple[str, Callable[[], None]]], *, stop: bool = False) -> list[str]:
    found = []
    for name, check in checks:
        try:
            check()
        except Exception as problem:  # noqa: BLE001 -- whatever it is, it is not there
            # Its message may hold an address; the class says enough.
            log.warning("not ready: %s (%s)", name, type(problem).__name__)
            db.session.rollback()
            found.append(name)
            if stop:
                break
    return found


def _database() -> None:
    db.session.execute(sa.text("SELECT 1"))


def _migrations() -> None:
    """The tables are those of this program, or newer ones: then `flask db upgrade` ran, and the restart is still to come."""
    known, newest = revisions()
    here = set(db.session.scalars(sa.text("SELECT version_num FROM alembic_version")))
    if not here or (here != {newest} and here & known):
        raise NotReadyError


@cache
def revisions() -> tuple[set[str], str]:
    """All the revisions that this program knows, and the newest."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    newest = scripts.get_current_head()
    if newest is None:
        raise NotReadyError
    return {one.revision for one in scripts.walk_revisions()}, newest
