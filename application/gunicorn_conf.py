"""gunicorn's settings, for `make run` and for servers: `gunicorn -c application/gunicorn_conf.py wsgi:app`."""

import gc
import os
from pathlib import Path

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

#: Each worker loads the program itself. Loaded once beforehand, they would share some of its memory, but a restart by
#: SIGHUP would then start the old program again, and a fault in the new one would end the server in place of one worker.
preload_app = False

#: Nothing speaks to gunicorn's control socket, which would be made in the account's home folder.
control_socket_disable = True

#: The workers' heartbeat is a file; on a slow disk it can stall a healthy worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 -- gunicorn unlinks it at once


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


def on_starting(_server: object) -> None:
    """Empty the folder of the figures (`application.metrics`): what processes before us have counted is over."""
    for path in (Path(os.environ.get("DATA_DIR", "var")) / "metrics").glob("*.db"):
        path.unlink(missing_ok=True)


def post_worker_init(worker: Worker) -> None:
    """Answer one request, so that all lazy imports are done, then take what exists out of the garbage collector.

    A full collection walks every object of every library: 56 ms each, and the slowest 1 % of the answers.
    """
    Client(worker.wsgi).get("/healthz", base_url=os.environ.get("PUBLIC_URL", "http://127.0.0.1"))
    gc.collect()
    gc.freeze()
