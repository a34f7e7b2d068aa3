"""gunicorn as it is run in earnest, with application/gunicorn_conf.py, on a free port of this machine only."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.databases import SECRET_KEY

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
START_SECONDS = 60


@dataclass(frozen=True)
class Memory:
    """The largest worker, in MB."""

    #: resident now, and the part of it that no other process shares with it (the pages of the SQLite file are shared)
    rss: float
    own: float
    peak: float


@dataclass
class Server:
    """A running server and what it costs."""

    port: int
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """What the workers have computed so far."""
        return sum(t.user + t.system for t in (p.cpu_times() for p in self.process.children()))

    def memory(self) -> Memory:
        """What the largest worker holds."""
        parts = [(p.memory_info(), p.pid) for p in self.process.children()]
        rss = max(i.rss for i, _pid in parts)
        own = max(i.rss - getattr(i, "shared", 0) for i, _pid in parts)
        return Memory(rss / 2**20, own / 2**20, max(_peak(pid, i.rss) for i, pid in parts) / 2**20)


def _peak(pid: int, rss: int) -> int:
    """The most that a process ever held, where the system keeps count."""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) * 1024 if found else rss
    return rss


@contextmanager
def running(application: str, *, url: str, folder: Path, workers: int) -> Iterator[Server]:
    """The server, once it answers; stopped at the end."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    env = {
        "PATH": os.environ["PATH"], "DATABASE_URL": url, "DATA_DIR": str(folder), "SECRET_KEY": SECRET_KEY,
        "PUBLIC_URL": f"http://{HOST}", "WEB_CONCURRENCY": str(workers), "PYTHONWARNINGS": "ignore",
        # A worker that was replaced would take its count of CPU seconds and its memory with it.
        "WEB_MAX_REQUESTS": "0",
    }  # fmt: skip
    command = [sys.executable, "-m", "gunicorn", "-c", "application/gunicorn_conf.py", "-b", f"{HOST}:{port}"]
    process = subprocess.Popen([*command, "--log-level", "error", application], cwd=ROOT, env=env, stdin=subprocess.DEVNULL)  # fmt: skip
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


def django_cookie(url: str) -> str:
    """Make Django's own tables beside ours; the cookie of somebody who is signed in there."""
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": url, "SECRET_KEY": SECRET_KEY}
    command = [sys.executable, "-m", "benchmarks.django_peer"]
    done = subprocess.run(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
    return done.stdout.strip()


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
