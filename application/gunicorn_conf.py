"""gunicorn's settings, for `make run` and for servers: `gunicorn -c application/gunicorn_conf.py wsgi:app`."""

import gc
import os

from gunicorn.workers.base import Worker
from werkzeug.test import Client

#: More workers than cores make it slower; the figures are in ARCHITECTURE.md.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))

#: Nothing speaks to gunicorn's control socket, which would be made in the account's home folder.
control_socket_disable = True

#: The workers' heartbeat is a file; on a slow disk it can stall a healthy worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 -- gunicorn unlinks it at once


def post_worker_init(worker: Worker) -> None:
    """Answer one request, so that all lazy imports are done, then take what exists out of the garbage collector.

    A full collection walks every object of every library: 56 ms each, and the slowest 1 % of the answers.
    """
    Client(worker.wsgi).get("/healthz", base_url=os.environ.get("PUBLIC_URL", "http://127.0.0.1"))
    gc.collect()
    gc.freeze()
