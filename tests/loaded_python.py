"""Python processes that tests start beside themselves and kill, with the product loaded already.

To load it takes seconds, and a hundred such processes are started. Here one loads it (Python's own fork server), and each that a
test wants is forked from that one: as one from the command line it has its own environment, session, output and end.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from multiprocessing import reduction
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(
    ["application", "admin_site", "api", "client_portal", "settings_ui", "sitter_portal", "gunicorn.app.wsgiapp",
     "gunicorn.workers.sync"]
)  # fmt: skip


class Python:
    """`Python("-m", "flask", "worker")` or `Python("-c", "print(1)")`; used like a `subprocess.Popen` in a session of its own.

    What it says goes to the end of the file `log`; without one it is read from `stdout`, and errors are said where ours are.
    """

    def __init__(self, *arguments: str, env: dict[str, str] | None = None, log: Path | None = None) -> None:
        self.stdout = None
        if log is None:
            reading, writing = os.pipe()
            self.stdout = os.fdopen(reading, encoding="utf-8", errors="replace")
        else:
            writing = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self.args = arguments
        self._process = _server.Process(target=_run, args=(arguments, dict(env or os.environ), _Handed(writing), log))
        try:
            self._process.start()
        finally:
            os.close(writing)
        with suppress(ProcessLookupError):
            while self.poll() is None and os.getpgid(self.pid) != self.pid:
                time.sleep(0.001)

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        """How it ended, the number of a signal below zero; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; subprocess.TimeoutExpired after so many seconds."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(*arguments: str, env: dict[str, str], timeout: float) -> tuple[int, str]:
    """Start one and wait for its end: how it ended, and all that it said."""
    with tempfile.TemporaryDirectory() as folder:
        process = Python(*arguments, env=env, log=Path(folder) / "log")
        try:
            return process.wait(timeout), (Path(folder) / "log").read_text("utf-8", "replace")
        finally:
            process.kill()


class _Handed:
    """A file descriptor on its way to the new process."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple[Any, ...]:
        return _taken, (reduction.DupFd(self.number),)


def _taken(handed: Any) -> int:
    return handed.detach()


def _run(arguments: tuple[str, ...], environment: dict[str, str], output: int, log: Path | None) -> None:
    os.setsid()
    os.dup2(output, 1)
    if log is not None:
        os.dup2(output, 2)
    os.close(output)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(ROOT)
    kind, what, *_rest = arguments
    sys.argv = list(arguments[1:])
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<program>", "exec"), {"__name__": "__main__"})  # noqa: S102 -- the program of a test
