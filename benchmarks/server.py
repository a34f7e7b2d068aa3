"""gunicorn as it is run in earnest, with application/gunicorn_conf.py, on a free port of this machine only."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
START_SECONDS = 60


@dataclass
class Server:
    """A running server and what it costs."""

    port: int
    process: psutil.Process

    def workers(self) -> list[psutil.Process]:
        """The worker processes."""
        return self.process.children()

    def memory(self) -> float:
        """The largest worker's resident memory in MB."""
        return max((p.memory_info().rss for p in self.workers()), default=0) / 2**20

    def cpu_seconds(self) -> float:
        """What the workers have computed so far."""
        return sum(p.cpu_times().user + p.cpu_times().system for p in self.workers())


@contextmanager
def running(application: str, *, url: str, folder: Path, workers: int) -> Iterator[Server]:
    """The server, once it answers; stopped at the end."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    env = {
        "PATH": os.environ["PATH"], "DATABASE_URL": url, "DATA_DIR": str(folder), "SECRET_KEY": "b" * 40,
        "PUBLIC_URL": f"http://{HOST}", "WEB_CONCURRENCY": str(workers), "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        "application/gunicorn_conf.py",
        "-b",
        f"{HOST}:{port}",
        "--log-level",
        "error",
        application,
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL)
    try:
        _wait(process, port, workers)
        yield Server(port, psutil.Process(process.pid))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, workers: int) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            opener.open(f"http://{HOST}:{port}/healthz", timeout=5).close()
        except urllib.error.HTTPError:
            pass
        except OSError:
            time.sleep(0.1)
            continue
        if len(psutil.Process(process.pid).children()) >= workers:
            return
    raise RuntimeError("the server did not start; what it said is above")
