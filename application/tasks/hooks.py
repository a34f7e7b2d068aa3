"""The worker's part of web hooks: what is due is sent, message by message, and nothing is locked meanwhile."""

import logging
import os
import socket
import uuid

from flask import Flask

from application.tasks.turns import turn
from application.units import unit_of_work
from foundation.db import reading
from gateways import hook_post
from workflows import api_tokens, hooks

log = logging.getLogger("latchkey.hooks")


def deliver_hooks(app: Flask) -> int:
    """Send what is due, turn by turn; how many messages arrived. Nothing while the API is off.

    Safe with many workers: each message is claimed for two minutes by one of them, and only the claim's holder writes
    what became of it. An address that fails is left alone for the rest of the round, so that a slow one does not hold
    up the others for more than one message.
    """
    worker = f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:12]}"
    failing: set[int] = set()
    n_arrived = 0
    with turn(app, "hooks_nudge") as mine:
        while not mine.is_over():
            with reading(), unit_of_work(app):
                due = api_tokens.is_on() and hooks.is_due(failing)
            if not due:
                break
            with unit_of_work(app):
                message = hooks.claim(worker, failing)
            if message is None:
                break
            if _send(app, message, worker):
                n_arrived += 1
            else:
                failing.add(message.hook_id)
    return n_arrived


def _send(app: Flask, message: hooks.Message, worker: str) -> bool:
    """Send it and note what became of it; did it arrive?"""
    may_be_local = app.config["ENV_NAME"] != "production"
    answer = hook_post.send(message.url, message.body, message.headers, may_be_local=may_be_local)
    with unit_of_work(app):
        if not hooks.finish(message, worker, status=answer.status, error=answer.error):
            log.warning("message %s: the claim had run out, its result is dropped", message.delivery_id)
    return answer.status is not None and 200 <= answer.status < 300
