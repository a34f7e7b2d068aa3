"""The runs: pages under load beside stock Flask-Admin, writers, memory, growth."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from flask import Flask

from benchmarks import baskets, counting, filling, load, people, server, writing
from benchmarks.databases import make_app, say
from benchmarks.pages import Page, all_pages
from benchmarks.tiers import Tier
from foundation import clock
from foundation.db import db
from workflows import settings

APP, STOCK = "benchmarks.wsgi:app", "benchmarks.stock:app"
#: web workers while pages are read, and while requests are written
READ_WORKERS, WRITE_WORKERS, WRITERS = 2, 4, 8
#: requests before memory is read for the first time, and then again
MIXED = 10_000


@dataclass
class Timed(load.Outcome):
    """A load, and what each answer cost the workers: the steadiest figure when the machine has other work too."""

    cpu_ms: float


@dataclass(frozen=True)
class Measured:
    """One page, and how it did."""

    page: Page
    queries: int
    outcome: Timed
    #: p99 / p50 at one connection, for clients' pages
    evenness: float = math.nan
    first_visit_kb: float = math.nan
    stock: Timed | None = None


@dataclass(frozen=True)
class Reading:
    """All pages of one server, and its floor."""

    floor: Timed
    pages: list[Measured]
    absent: list[str]
    memory: server.Memory


@dataclass(frozen=True)
class Written:
    """One write load: how it went and what is missing in the database."""

    name: str
    floor: Timed
    outcome: writing.Outcome
    missing: list[str]
    memory: server.Memory


@dataclass(frozen=True)
class Run:
    """What every run needs: the filled database and how long to look."""

    url: str
    folder: Path
    tier: Tier
    seconds: float
    only: str = ""

    @property
    def kind(self) -> str:
        """Which database: sqlite or postgresql."""
        return self.url.partition("+")[0].partition(":")[0]

    def pages(self) -> list[Page]:
        """The pages that are asked for; within an app."""
        return [p for p in all_pages(self.tier, clock.today()) if self.only in p.name]


@dataclass(frozen=True)
class _Asked:
    page: Page
    path: str
    cookie: str
    queries: int
    first_visit_kb: float


def _prepare(run: Run) -> tuple[list[_Asked], list[str]]:
    """Addresses, cookies and query counts of the pages that exist, and the names of those that do not."""
    app = make_app(run.url, run.folder)
    found, absent = [], []
    with app.app_context():
        settings.read()
        cookies = people.cookies_of(app)
        pages = run.pages()
    for page in pages:
        path = page.path(app)
        if path is None:
            absent.append(page.name)
            continue
        found.append(_look(app, page, path, cookies[page.who]))
    _close(app)
    return found, absent


def _look(app: Flask, page: Page, path: str, cookie: str) -> _Asked:
    counting.queries(app, path, cookie)  # what is read once in a process's life does not count
    n = counting.queries(app, path, cookie)
    kb = counting.first_visit_kb(app, path, cookie) if page.is_portal else math.nan
    return _Asked(page, path, cookie, n, kb)


def _close(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _timed(of: server.Server, path: str, cookie: str, seconds: float, connections: int = 4) -> Timed:
    """A short warm-up, then the measure."""
    load.measure(load.Job(of.port, [(path, cookie)], connections, min(seconds, 1.0)))
    before = of.cpu_seconds()
    outcome = load.measure(load.Job(of.port, [(path, cookie)], connections, seconds))
    if outcome.errors:
        raise RuntimeError(f"{path}: {outcome.errors} of {outcome.n} answers were none")
    return Timed(**asdict(outcome), cpu_ms=(of.cpu_seconds() - before) * 1000 / outcome.n)


def read(run: Run) -> Reading:
    """Every page under load, the hello route before and after them, and stock Flask-Admin's lists."""
    asked, absent = _prepare(run)
    stock = _read_stock(run, [a.page for a in asked])
    with server.running(APP, url=run.url, folder=run.folder, workers=READ_WORKERS) as ours:
        floors = [_timed(ours, "/hello", "", run.seconds)]
        found = []
        for a in asked:
            outcome = _timed(ours, a.path, a.cookie, run.seconds)
            alone = _timed(ours, a.path, a.cookie, run.seconds, 1) if a.page.is_portal else None
            even = alone.p99 / alone.p50 if alone else math.nan
            found.append(Measured(a.page, a.queries, outcome, even, a.first_visit_kb, stock.get(a.page.stock)))
            say(
                f"  {a.page.name}: {outcome.per_second:.0f}/s, {outcome.p50:.1f} ms, CPU {outcome.cpu_ms:.1f} ms, {a.queries} queries"
            )
        floors.append(_timed(ours, "/hello", "", run.seconds))
        return Reading(max(floors, key=lambda f: f.per_second), found, absent, ours.memory())


def _read_stock(run: Run, pages: Sequence[Page]) -> dict[str, Timed]:
    paths = [p.stock for p in pages if p.stock]
    if not paths:
        return {}
    with server.running(STOCK, url=run.url, folder=run.folder, workers=READ_WORKERS) as stock:
        found = {path: _timed(stock, path, "", run.seconds) for path in paths}
    for path, outcome in found.items():
        say(f"  stock {path}: {outcome.per_second:.1f}/s, {outcome.p50:.1f} ms")
    return found


def write(run: Run, seconds: float) -> list[Written]:
    """Eight writers over four processes: Send on baskets that wait, then the whole way from the form to the request."""
    app = make_app(run.url, run.folder)
    with app.app_context():
        settings.read()
        csrf = people.csrf_field(app)
        n_others = min(400, run.tier.clients // 8)
        waiting = baskets.put(app, run.tier.clients - n_others - filling.BASKETS - 1)
        filling_in = baskets.forms(app, n_others)
        found = []
        for name, clients in (("send a request of 10 lines", waiting), ("fill in 10 days, look, send", filling_in)):
            with server.running(APP, url=run.url, folder=run.folder, workers=WRITE_WORKERS) as ours:
                floor = _timed(ours, "/hello", "", run.seconds, WRITERS)
                before = baskets.books()
                db.session.remove()
                job = writing.Job(ours.port, csrf, clients, WRITERS, seconds, again=clients is filling_in)
                outcome = writing.measure(job)
                missing = baskets.missing(before, baskets.books(), outcome.acknowledged)
                db.session.remove()
                found.append(Written(name, floor, outcome, missing, ours.memory()))
            say(f"  {name}: {outcome.acknowledged / outcome.seconds:.0f}/s, errors {outcome.errors}, missing {missing}")
    _close(app)
    return found


def memory(run: Run) -> list[tuple[int, server.Memory]]:
    """The largest worker after no, 10,000 and 20,000 mixed requests."""
    asked, _absent = _prepare(run)
    asks = [(a.path, a.cookie) for a in asked]
    with server.running(APP, url=run.url, folder=run.folder, workers=READ_WORKERS) as ours:
        found = [(0, ours.memory())]
        for n in (1, 2):
            left = MIXED
            while left > 0:
                part = min(left, 2_000)
                outcome = load.measure(load.Job(ours.port, asks, 4, load.MOST_SECONDS, part))
                if outcome.errors:
                    raise RuntimeError(f"{outcome.errors} of {outcome.n} answers were none")
                left -= outcome.n
            found.append((n * MIXED, ours.memory()))
            say(f"  {n * MIXED} requests: {found[-1][1].rss:.0f} MB")
    return found


def alone(run: Run) -> dict[str, tuple[int, float]]:
    """Queries and p50 of every page at one connection."""
    asked, _absent = _prepare(run)
    with server.running(APP, url=run.url, folder=run.folder, workers=READ_WORKERS) as ours:
        return {a.page.name: (a.queries, _timed(ours, a.path, a.cookie, run.seconds, 1).p50) for a in asked}
