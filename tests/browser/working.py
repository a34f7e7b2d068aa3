"""The worker's part of a journey, done by the test when it is its turn."""

from collections.abc import Callable
from typing import Any

from foundation.db import db, mark_request


def work(live: Any, task: Callable[..., Any]) -> None:
    """Run a task of the worker as it would; the browsers see what came of it."""
    db.session.rollback()
    mark_request(reads_only=False)
    task(live.app)
    mark_request(reads_only=True)
    live.look_again()
