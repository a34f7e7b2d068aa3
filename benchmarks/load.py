"""The load generator, a process of its own: `python -m benchmarks.load`, a job as JSON on its standard input.

Bare sockets and one loop, so that asking costs little beside answering. Only this machine, only so long, only so often.
"""

import json
import math
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent
#: no run asks more often or longer than this, or goes on after more errors
MOST_REQUESTS, MOST_SECONDS, MOST_ERRORS = 200_000, 300.0, 10


@dataclass
class Job:
    """What to ask: the addresses in turn, over so many connections at once, until the time or the number is used up."""

    port: int
    #: path and cookie header
    asks: Sequence[tuple[str, str]]
    connections: int = 4
    seconds: float = 5.0
    most: int = MOST_REQUESTS


@dataclass
class Outcome:
    """How it went. Times in milliseconds."""

    n: int
    errors: int
    seconds: float
    p50: float
    p95: float
    p99: float
    size: int
    #: how long each answer took, the quickest first
    times: list[float] = field(default_factory=list)
    #: the first answer that was none: its path and how it began
    first_error: str = ""

    @property
    def per_second(self) -> float:
        """Answered requests a second."""
        return self.n / self.seconds if self.seconds else 0.0


def percentile(sorted_values: Sequence[float], share: float) -> float:
    """The value that `share` of all are not above."""
    if not sorted_values:
        return math.nan
    return sorted_values[max(math.ceil(share * len(sorted_values)) - 1, 0)]


def measure(job: Job) -> Outcome:
    """Run the job in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        cwd=ROOT, input=json.dumps(asdict(job)), capture_output=True, text=True, check=False, timeout=MOST_SECONDS + 60,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Outcome(**json.loads(done.stdout))


class _Connection:
    """One request after the other; opened anew whenever the server closes."""

    def __init__(self, job: Job, n: int) -> None:
        self.job, self.n = job, n
        self.socket: socket.socket | None = None
        self.answer = bytearray()
        self.length = -1
        self.begun = 0.0

    def ask(self) -> socket.socket:
        self.path, cookie = self.job.asks[self.n % len(self.job.asks)]
        self.n += self.job.connections
        self.answer.clear()
        self.length = -1
        self.begun = time.perf_counter()
        if self.socket is None:
            self.socket = socket.create_connection((HOST, self.job.port), timeout=30)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [f"GET {self.path} HTTP/1.1", f"Host: {HOST}", "Connection: keep-alive", f"Cookie: {cookie}", "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        return self.socket

    def hear(self) -> bool:
        """Read what is there; True when the answer is complete."""
        if self.socket is None:
            return True
        piece = self.socket.recv(262_144)
        self.answer += piece
        if self.length < 0 and (end := self.answer.find(b"\r\n\r\n")) >= 0:
            head = self.answer[:end].lower()
            mark = head.find(b"content-length:")
            self.length = end + 4 + int(head[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else sys.maxsize
        complete = not piece or 0 <= self.length <= len(self.answer)
        if complete and (not piece or b"connection: close" in self.answer[:2000].lower()):
            self.socket.close()
            self.socket = None
        return complete

    def is_fine(self) -> bool:
        """Was it answered with 200, and whole?"""
        return self.answer[9:12] == b"200" and (self.length == sys.maxsize or len(self.answer) >= self.length)


def run(job: Job) -> Outcome:
    """Ask until the time or the number is used up."""
    most, seconds = min(job.most, MOST_REQUESTS), min(job.seconds, MOST_SECONDS)
    waiting = selectors.DefaultSelector()
    begun = time.perf_counter()
    times: list[float] = []
    n_asked = errors = size = 0
    problem = ""
    for i in range(job.connections):
        connection = _Connection(job, i)
        waiting.register(connection.ask(), selectors.EVENT_READ, connection)
        n_asked += 1
    while waiting.get_map():
        for key, _events in waiting.select(30) or _nothing_came():
            connection = key.data
            if not connection.hear():
                continue
            now = time.perf_counter()
            times.append((now - connection.begun) * 1000)
            size = max(size, len(connection.answer))
            if not connection.is_fine():
                errors += 1
                problem = problem or f"{connection.path}: {bytes(connection.answer[:60])!r}"
            waiting.unregister(key.fileobj)
            if now - begun < seconds and n_asked < most and errors < MOST_ERRORS:
                n_asked += 1
                waiting.register(connection.ask(), selectors.EVENT_READ, connection)
    took = time.perf_counter() - begun
    return replace(outcome(times, errors, took, size), first_error=problem)


def outcome(times: Sequence[float], errors: int, seconds: float, size: int) -> Outcome:
    """What these answers come to."""
    in_order = sorted(times)
    return Outcome(
        len(in_order), errors, seconds, *(percentile(in_order, s) for s in (0.5, 0.95, 0.99)), size, in_order
    )


def together(parts: Sequence[Outcome]) -> Outcome:
    """Several short loads as one."""
    times = [t for part in parts for t in part.times]
    return outcome(times, sum(p.errors for p in parts), sum(p.seconds for p in parts), max(p.size for p in parts))


def _nothing_came() -> Any:  # noqa: ANN401 -- never returns
    raise TimeoutError("no answer for 30 seconds")


if __name__ == "__main__":
    json.dump(asdict(run(Job(**json.load(sys.stdin)))), sys.stdout)
