"""The writers, a process of its own: `python -m benchmarks.writing`, a job as JSON on its standard input.

Each writer sends one request after the other for its own clients. "send" presses Send on baskets of ten visits that
are there; "ask and send" fills the form first: ten days, then the page with the basket, then Send.
"""

import http.client
import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.load import HOST, MOST_SECONDS, percentile

ROOT = Path(__file__).resolve().parent.parent
_BASKET = re.compile(rb'name="basket" value="([^"]+)"')


@dataclass
class Client:
    """Somebody who sends: the cookie, and the basket that waits or the form to be filled."""

    cookie: str
    basket: str = ""
    form: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Job:
    """Who sends what for how long. With `again`, a writer begins anew with its first client after its last one."""

    port: int
    csrf: str
    clients: Sequence[Client]
    writers: int = 8
    seconds: float = 60.0
    again: bool = False


@dataclass
class Outcome:
    """How it went: milliseconds by step (p50, p95, p99, longest), what failed, how many were acknowledged as sent."""

    steps: dict[str, tuple[float, float, float, float]]
    errors: dict[str, int]
    acknowledged: int
    n_asked: int
    seconds: float


def measure(job: Job) -> Outcome:
    """Run the job in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.writing"],
        cwd=ROOT, input=json.dumps(asdict(job)), capture_output=True, text=True, check=False, timeout=MOST_SECONDS + 60,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Outcome(**json.loads(done.stdout))


class _Writer(threading.Thread):
    """One person's browser after the other."""

    def __init__(self, job: Job, n: int, until: float) -> None:
        super().__init__(daemon=True)
        self.job, self.until = job, until
        self.clients = list(job.clients[n :: job.writers])
        self.took: dict[str, list[float]] = {}
        self.errors: Counter[str] = Counter()
        self.acknowledged = 0

    def run(self) -> None:
        while self.clients and time.perf_counter() < self.until:
            client = self.clients.pop(0)
            self._one(client)
            if self.job.again:
                self.clients.append(client)

    def _one(self, client: Client) -> None:
        basket = client.basket
        if client.form:
            form = [("csrf_token", self.job.csrf), *client.form]
            if self._ask("add 10 visits", client, "POST", "/portal/request", form=form) is None:
                return
            page = self._ask("look at the basket", client, "GET", "/portal/request")
            found = _BASKET.search(page) if page is not None else None
            if found is None:
                self.errors["no basket on the page"] += 1
                return
            basket = found[1].decode()
        form = [("csrf_token", self.job.csrf), ("basket", basket)]
        where: list[str] = []
        sent = self._ask("send", client, "POST", "/portal/request/submission", form=form, led_to=where.append)
        if sent is not None and "/portal/requests/" in where[0]:
            self.acknowledged += 1
        elif sent is not None:
            self.errors["not sent"] += 1

    def _ask(
        self, step: str, client: Client, method: str, path: str, *, form: Sequence[tuple[str, str]] = (),
        led_to: Callable[[str], Any] = str,
    ) -> bytes | None:  # fmt: skip
        """The answer's body, or None when it was not what it must be: 303 after a post, else 200."""
        headers = {"Cookie": client.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        begun = time.perf_counter()
        try:
            connection = http.client.HTTPConnection(HOST, self.job.port, timeout=60)
            connection.request(method, path, urlencode(form) if form else None, headers)
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
        except OSError as problem:
            self.errors[f"{step}: {type(problem).__name__}"] += 1
            return None
        self.took.setdefault(step, []).append((time.perf_counter() - begun) * 1000)
        if answer.status != (303 if method == "POST" else 200):
            self.errors[f"{step}: {answer.status}"] += 1
            return None
        led_to(answer.headers.get("Location", ""))
        return body


def run(job: Job) -> Outcome:
    """Write until the time or the clients are used up."""
    begun = time.perf_counter()
    until = begun + min(job.seconds, MOST_SECONDS)
    writers = [_Writer(job, n, until) for n in range(job.writers)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    seconds = time.perf_counter() - begun
    took: dict[str, list[float]] = {}
    for writer in writers:
        for step, times in writer.took.items():
            took.setdefault(step, []).extend(times)
    steps = {}
    for step, times in took.items():
        times.sort()
        steps[step] = (*(percentile(times, s) for s in (0.5, 0.95, 0.99)), times[-1])
    errors = sum((w.errors for w in writers), Counter[str]())
    n_asked = sum(len(times) for times in took.values())
    return Outcome(steps, dict(errors), sum(w.acknowledged for w in writers), n_asked, seconds)


if __name__ == "__main__":
    read = json.load(sys.stdin)
    read["clients"] = [Client(**one) for one in read["clients"]]
    json.dump(asdict(run(Job(**read))), sys.stdout)
