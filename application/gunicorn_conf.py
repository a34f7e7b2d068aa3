"""gunicorn's settings, for `make run` and for servers: `gunicorn -c application/gunicorn_conf.py wsgi:app`."""

import gc
import os
import queue
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from gunicorn.arbiter import Arbiter
from gunicorn.http.errors import NoMoreData
from gunicorn.workers.base import Worker
from werkzeug.test import Client

#: More workers than cores make it slower; the figures are in ARCHITECTURE.md.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))

#: A worker that is told to go finishes the request in hand first; whoever stops the server must wait a little longer.
graceful_timeout = int(os.environ.get("WEB_GRACEFUL_SECONDS", "30"))

#: One request holds one worker. Longer than any page takes, and longer than DATABASE_STATEMENT_SECONDS should be.
timeout = int(os.environ.get("WEB_TIMEOUT", "60"))

#: A worker that drew many reports and PDFs has grown; a new one is small again. Not all at the same moment.
max_requests = int(os.environ.get("WEB_MAX_REQUESTS", "20000"))
max_requests_jitter = max_requests // 10

#: Each worker loads the program itself. Loaded once beforehand, they would share some of its memory, but SIGHUP would then
#: start the old program again, and what it connected to before the fork would be every worker's.
preload_app = False

#: how long the old workers go on at most while new ones load the program
BOOT_SECONDS = 90

#: Nothing speaks to gunicorn's control socket, which would be made in the account's home folder.
control_socket_disable = True

#: The workers' heartbeat is a file; on a slow disk it can stall a healthy worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 -- gunicorn unlinks it at once


#: of what was sent and nobody wanted to read, so much is still taken, for so long
LEFT_BYTES, LEFT_SECONDS = 128 * 2**20, 20

#: gunicorn's own lines as JSON too, when the program's are
if os.environ.get("LOG_FORMAT") == "json":
    logconfig_dict = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "application.logs.JsonLines"}},
        "handlers": {"error": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"level": "WARNING", "handlers": []},
        "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["error"], "propagate": False}},
    }


def on_starting(server: Arbiter) -> None:
    """Empty the folder of the figures (`application.metrics`): what processes before us have counted is over.

    And at SIGHUP, let old workers answer until the new ones can: gunicorn sends them away at once. Everybody would then
    wait while the new ones load the program: four seconds, or half a minute on a busy machine.
    """
    for path in (Path(os.environ.get("DATA_DIR", "var")) / "metrics").glob("*.db"):
        path.unlink(missing_ok=True)
    usual = server.manage_workers

    def manage_workers() -> None:
        if len(server.WORKERS) > server.num_workers:
            _wait_for_new_workers(server)
        usual()

    server.manage_workers = manage_workers


def post_worker_init(worker: Worker) -> None:
    """Answer one request, so that all lazy imports are done, then take what exists out of the garbage collector.

    A full collection walks every object of every library: 56 ms each, and the slowest 1 % of the answers.
    """
    Client(worker.wsgi).get("/healthz", base_url=os.environ.get("PUBLIC_URL", "http://127.0.0.1"))
    gc.collect()
    gc.freeze()


def post_request(_worker: Worker, request: Any, _environ: object, _response: object) -> None:  # noqa: ANN401 -- gunicorn's
    """Take the rest of what was sent with a request that was answered early, such as an upload that is too large.

    With something left unread the connection would be reset, and the sentence that says what is wrong would be lost.
    """
    until, left = time.monotonic() + LEFT_SECONDS, LEFT_BYTES
    with suppress(OSError, NoMoreData):
        while left > 0 and (seconds := until - time.monotonic()) > 0:
            request.unreader.sock.settimeout(seconds)
            piece = request.body.read(min(left, 2**16))
            if not piece:
                break
            left -= len(piece)


def _wait_for_new_workers(server: Arbiter) -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline and not _asked_to_stop(server):
        server.reap_workers()
        newest = sorted(server.WORKERS.values(), key=lambda one: one.age)[-server.num_workers :]
        # A worker's first sign of life, which it gives when it begins to serve, sets the time of its file: by the
        # machine's clock since its start. Until then the time is the calendar's, which is far greater.
        if all(one.tmp.last_update() <= time.monotonic() for one in newest):
            return
        time.sleep(0.1)


def _asked_to_stop(server: Arbiter) -> bool:
    """Is a signal waiting that is more urgent? Those of ended workers are not: they are looked after here."""
    waiting = []
    with suppress(queue.Empty):
        while True:
            waiting.append(server.SIG_QUEUE.get_nowait())
    urgent = [number for number in waiting if number != signal.SIGCHLD]
    for number in urgent:
        server.SIG_QUEUE.put_nowait(number)
    return bool(urgent)
