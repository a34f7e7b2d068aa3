"""The runs: pages under load beside stock Flask-Admin, writers, memory, growth."""

import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from flask import Flask

from benchmarks import baskets, counting, filling, load, people, server, writing
from benchmarks.databases import make_app, say
from benchmarks.pages import Page, all_pages
from benchmarks.tiers import Tier
from foundation import clock
from foundation.db import db
from workflows import settings

APP, STOCK, DJANGO = "benchmarks.wsgi:app", "benchmarks.stock:app", "benchmarks.django_peer.wsgi:app"
#: web workers while pages are read, and while requests are written
READ_WORKERS, WRITE_WORKERS, WRITERS = 2, 4, 8
#: pieces in which an address and what it is compared with are asked, in turn
ROUNDS = 5
#: requests before memory is read for the first time, and then again
MIXED = 10_000


@dataclass(frozen=True)
class Timed:
    """A load, and what each answer cost the workers."""

    load: load.Outcome
    cpu_ms: float


@dataclass(frozen=True)
class Ratio:
    """One address beside another, asked in turn: the middle one of the rounds, by answers a second and by CPU time."""

    speed: float
    cpu: float


@dataclass(frozen=True)
class Measured:
    """One page, and how it did."""

    page: Page
    queries: int
    outcome: Timed
    #: beside hello, beside stock Flask-Admin, beside Django, and beside page 1 of the same list
    share: Ratio
    stock: Ratio | None = None
    django: Ratio | None = None
    #: beside Django's list with counts that are kept, as ours are
    kept: Ratio | None = None
    like: Ratio | None = None
    #: p99 / p50 at one connection, for clients' pages
    evenness: float = math.nan
    first_visit_kb: float = math.nan


@dataclass(frozen=True)
class Reading:
    """All pages of one server, and its floor: all of hello that was asked between them."""

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


@dataclass(frozen=True)
class _Address:
    """What is asked, and the server that answers."""

    of: server.Server
    path: str
    cookie: str = ""

    def warm(self, seconds: float) -> None:
        load.measure(load.Job(self.of.port, [(self.path, self.cookie)], 4, min(seconds, 0.5)))

    def ask(self, seconds: float, connections: int = 4) -> Timed:
        before = self.of.cpu_seconds()
        outcome = load.measure(load.Job(self.of.port, [(self.path, self.cookie)], connections, seconds))
        if outcome.errors:
            raise RuntimeError(f"{self.path}: {outcome.errors} of {outcome.n} answers were none")
        return Timed(outcome, (self.of.cpu_seconds() - before) * 1000 / outcome.n)


def _timed(address: _Address, seconds: float, connections: int = 4) -> Timed:
    """A short warm-up, then the measure."""
    address.warm(seconds)
    return address.ask(seconds, connections)


def _in_turn(addresses: Sequence[_Address], seconds: float, connections: int = 4) -> list[list[Timed]]:
    """The rounds of each: a piece of one, a piece of the next. A shared machine is never as fast for a minute as for the
    next, so what is compared is asked within the same second or two."""
    for address in addresses:
        address.warm(seconds / ROUNDS)
    rounds = [[a.ask(seconds / ROUNDS, connections) for a in addresses] for _ in range(ROUNDS)]
    return [list(of_one) for of_one in zip(*rounds, strict=True)]


def _together(rounds: Sequence[Timed]) -> Timed:
    whole = load.together([r.load for r in rounds])
    return Timed(whole, sum(r.cpu_ms * r.load.n for r in rounds) / whole.n)


def _ratio(ours: Sequence[Timed], theirs: Sequence[Timed]) -> Ratio:
    pairs = list(zip(ours, theirs, strict=True))
    return Ratio(
        median(a.load.per_second / b.load.per_second for a, b in pairs),
        median(b.cpu_ms / a.cpu_ms if a.cpu_ms else 0.0 for a, b in pairs),
    )


def read(run: Run) -> Reading:
    """Every page under load in turn with hello, with stock Flask-Admin's and Django's of the same, and a last page with the
    first."""
    asked, absent = _prepare(run)
    paths = {a.page.name: (a.path, a.cookie) for a in asked}
    with ExitStack() as servers:

        def start(application: str) -> server.Server:
            return servers.enter_context(
                server.running(application, url=run.url, folder=run.folder, workers=READ_WORKERS)
            )

        ours = start(APP)
        stock = start(STOCK) if any(a.page.stock for a in asked) else None
        beside_django = any(a.page.django for a in asked)
        somebody = server.django_cookie(run.url) if beside_django else ""
        django = start(DJANGO) if beside_django else None
        floor, found = [], []
        for a in asked:
            beside = {"page": _Address(ours, a.path, a.cookie), "hello": _Address(ours, "/hello")}
            if stock is not None and a.page.stock:
                beside["stock"] = _Address(stock, a.page.stock)
            if django is not None and a.page.django:
                beside["django"] = _Address(django, a.page.django, somebody)
                if a.page.django.startswith("/admin/"):
                    beside["kept"] = _Address(django, a.page.django.replace("/admin/", "/kept/", 1), somebody)
            if a.page.like in paths:
                beside["like"] = _Address(ours, *paths[a.page.like])
            rounds = dict(zip(beside, _in_turn(list(beside.values()), run.seconds), strict=True))
            floor += rounds["hello"]
            ratios = {name: _ratio(rounds["page"], other) for name, other in rounds.items() if name != "page"}
            outcome = _together(rounds["page"])
            alone = _timed(beside["page"], run.seconds, 1).load if a.page.is_portal else None
            even = alone.p99 / alone.p50 if alone else math.nan
            share = ratios.pop("hello")
            found.append(Measured(a.page, a.queries, outcome, share, **ratios, evenness=even, first_visit_kb=a.first_visit_kb))  # fmt: skip
            say(f"  {a.page.name}: {outcome.load.per_second:.0f}/s, 1/{1 / share.speed:.1f}, CPU {outcome.cpu_ms:.1f} ms, {a.queries} queries")  # fmt: skip
        return Reading(_together(floor), found, absent, ours.memory())


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
                floor = _timed(_Address(ours, "/hello"), run.seconds, WRITERS)
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


def _as_in_a_day(asked: Sequence[_Asked]) -> list[tuple[str, str]]:
    """Path and cookie of every page in turn, twenty times over; a report of a year once in that time."""
    reports = [a for a in asked if a.page.name.startswith("report:")]
    pages = [a for a in asked if a not in reports]
    return [(a.path, a.cookie) for n in range(20) for a in (*pages, *reports[n::20])]


def memory(run: Run) -> list[tuple[int, server.Memory]]:
    """The largest worker after no, 10,000 and 20,000 mixed requests."""
    asked, _absent = _prepare(run)
    asks = _as_in_a_day(asked)
    with server.running(APP, url=run.url, folder=run.folder, workers=READ_WORKERS) as ours:
        found = [(0, ours.memory())]
        for n in (1, 2):
            left = MIXED
            while left > 0:
                part = min(left, 2_000)
                outcome = load.measure(load.Job(ours.port, asks, 4, load.MOST_SECONDS, part))
                if outcome.errors:
                    raise RuntimeError(
                        f"{outcome.errors} of {outcome.n} answers were none, first {outcome.first_error}"
                    )
                left -= outcome.n
            found.append((n * MIXED, ours.memory()))
            say(f"  {n * MIXED} requests: {found[-1][1].rss:.0f} MB")
    return found


def alone(runs: Sequence[Run]) -> list[dict[str, tuple[int, float]]]:
    """Queries and p50 of every page at one connection, for each of the databases; they are asked in turn."""
    prepared = [{a.page.name: a for a in _prepare(run)[0]} for run in runs]
    found: list[dict[str, tuple[int, float]]] = [{} for _ in runs]
    with ExitStack() as servers:
        running = [
            servers.enter_context(server.running(APP, url=r.url, folder=r.folder, workers=1)) for r in runs
        ]  # fmt: skip
        for name in prepared[-1]:
            present = [n for n, pages in enumerate(prepared) if name in pages]
            addresses = [_Address(running[n], prepared[n][name].path, prepared[n][name].cookie) for n in present]
            for n, rounds in zip(present, _in_turn(addresses, runs[0].seconds, 1), strict=True):
                found[n][name] = (prepared[n][name].queries, _together(rounds).load.p50)
            say(f"  {name}: " + ", ".join(f"{f[name][1]:.1f} ms" for f in found if name in f))
    return found
