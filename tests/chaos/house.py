"""The product's own processes, as a server runs them: gunicorn and `flask worker`, over a database that the test made.

Whoever runs them on a server starts a dead main process again (systemd and the like); here the test does. Their children
are replaced by the main processes themselves. What they say lies in `web.log` and `worker.log` of the folder.
"""

import http.client
import os
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.loaded_python import Python
from tests.own_servers import free_port, is_alive, until

#: all bounds are for a machine that does ten other things; on a quiet one it takes a few seconds
START_SECONDS = 240
STOP_SECONDS = 60


class House:
    """`open` starts both; `kill_…` are kill -9, `stop` is SIGTERM; `open` again brings back what is missing."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.port = folder, free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("BRAINTREE", "DATABASE", "MAIL", "QUEUE"))},
            "PUBLIC_URL": self.address, **environment,
        }  # fmt: skip
        self.web: Python | None = None
        self.worker: Python | None = None

    def open(self) -> None:
        """Start what does not run; returns when the web server takes connections, and it may take some seconds."""
        if self.web is None:
            self.web = self._start(
                "web", "gunicorn", "--config", "application/gunicorn_conf.py", "--workers", "2", "--log-level", "error",
                "--bind", f"127.0.0.1:{self.port}", "--graceful-timeout", "5", "wsgi:app",
            )  # fmt: skip
        if self.worker is None:
            self.worker = self._start("worker", "flask", "worker")
        until(lambda: self.says("/healthz") is not None, seconds=START_SECONDS, saying=self.last_words)

    def says(self, path: str) -> int | None:
        """The status of a page, or None when nobody answers."""
        assert self.web is None or self.web.poll() is None, self.last_words()
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            line.request("GET", path)
            return line.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            line.close()

    def is_well(self) -> bool:
        """Does it reach its database?"""
        return self.says("/healthz") == 200

    def web_workers(self) -> list[int]:
        """The processes that answer pages."""
        return _children(self.web)

    def task_workers(self) -> list[int]:
        """The children of the worker, its clock among them."""
        return _children(self.worker)

    def kill_web(self) -> None:
        """kill -9 of gunicorn and all that it started."""
        self.web = _kill(self.web)

    def kill_worker(self) -> None:
        """kill -9 of the worker's main process alone: its children must not stay behind."""
        assert self.worker is not None
        children = self.task_workers()
        self.worker.kill()
        self.worker.wait(timeout=STOP_SECONDS)
        self.worker = None
        until(lambda: not any(map(is_alive, children)), saying=lambda: "the killed worker's children live on")

    def kill_child(self, of: Callable[[], list[int]]) -> None:
        """kill -9 of one child (`house.web_workers` or `house.task_workers`); returns when another one is in its place."""
        before = of()
        os.kill(before[-1], signal.SIGKILL)
        until(
            lambda: before[-1] not in of() and len(of()) == len(before), seconds=START_SECONDS, saying=self.last_words
        )

    def stop(self) -> None:
        """SIGTERM to both, as when the machine is restarted; both must end by themselves."""
        for process in (self.web, self.worker):
            if process is not None:
                process.send_signal(signal.SIGTERM)
        for process in (self.web, self.worker):
            if process is not None:
                assert process.wait(timeout=STOP_SECONDS) == 0, self.last_words()
        self.web = self.worker = None

    def close(self) -> None:
        """End everything, whatever it does."""
        self.web, self.worker = _kill(self.web), _kill(self.worker)

    @contextmanager
    def no_room(self) -> Iterator[None]:
        """Every write into a file fails meanwhile, as on a full disk: no process of the house may make a file longer."""
        pids = [p.pid for p in (self.web, self.worker) if p] + self.web_workers() + self.task_workers()
        _limit(pids, 0)
        try:
            yield
        finally:
            _limit([*pids, *self.web_workers(), *self.task_workers()], resource.RLIM_INFINITY)

    def last_words(self) -> str:
        """What both logged last."""
        return "\n".join(
            f"{name}: {(self.folder / name).read_text(errors='replace')[-3000:]}"
            for name in ("web.log", "worker.log")
            if (self.folder / name).exists()
        )

    def _start(self, name: str, module: str, *arguments: str) -> Python:
        return Python("-m", module, *arguments, env=self.environment, log=self.folder / f"{name}.log")


def _children(process: Python | None) -> list[int]:
    if process is None:
        return []
    with suppress(psutil.NoSuchProcess):
        return [p.pid for p in psutil.Process(process.pid).children() if is_alive(p.pid)]
    return []


def _kill(process: Python | None) -> None:
    if process is not None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=STOP_SECONDS)


def _limit(pids: list[int], most: int) -> None:
    for pid in set(pids):
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
