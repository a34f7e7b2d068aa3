"""A file of each kind, checked and brought in: rows a second of this process's CPU time, with all validation.

Services and price rules come last: nobody has five thousand, and every price of a visit asks the rules.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from benchmarks import filling
from benchmarks.done import Done
from foundation import clock
from foundation.db import db
from models import Client, ImportKind, ImportRun, ImportState, Staff
from workflows.actors import staff_actor
from workflows.importing import runs, work

ROWS, LEAST = 5_000, 1_000
CLIENT = "client_email"
Line = Callable[[int, int], tuple[object, ...]]


def _client(n: int, clients: int) -> str:
    return f"client{n % clients + 1}@example.net"


def _day(n: int) -> dt.date:
    """Weeks to come and weeks that are past, for visits that clash with few others."""
    return clock.today() + dt.timedelta(days=60 + n // 60)


FILES: dict[str, tuple[ImportKind, tuple[str, ...], Line]] = {
    "clients": (
        ImportKind.CLIENTS, ("First name", "Last name", "Email", "Phone", "Address", "City", "Postcode", "Notes"),
        lambda n, _c: (filling.FIRST[n % len(filling.FIRST)], f"Newcomer{n}", f"new{n}@example.org", f"+1 212 555 {n % 10_000:04}",
                       f"{n} Oak Road", "Brookmere", n % 90_000 + 10_000, f"Key under the {n}th pot"),
    ),
    "contacts": (
        ImportKind.CONTACTS, (CLIENT, "name", "relation", "phone", "is_emergency"),
        lambda n, c: (_client(n, c), f"Neighbour {n}", "Neighbour", f"212 556 {n % 10_000:04}", "yes"),
    ),
    "vets": (
        ImportKind.VETS, ("name", "phone", "address"),
        lambda n, _c: (f"Practice {n}", f"212 557 {n % 10_000:04}", f"{n} Pine Street"),
    ),
    "pets": (
        ImportKind.PETS, (CLIENT, "name", "species", "breed", "vet", "feeding"),
        lambda n, c: (_client(n, c), f"Rex {n}", "dog", "Mixed breed", f"Practice {n % 40}", "One cup"),
    ),
    "visits to come": (
        ImportKind.VISITS, (CLIENT, "service", "on_date", "start_time", "sitter", "note"),
        lambda n, c: (_client(n, c), "Walk30", _day(n), f"{7 + n % 12:02}:{n // 12 % 4 * 15:02}", f"staff{4 + n % 3}@example.com", f"Note {n}"),
    ),
    "past visits": (
        ImportKind.VISITS, (CLIENT, "service", "on_date", "start_time", "sitter", "price", "billed"),
        lambda n, c: (_client(n, c), "Walk60", clock.today() - dt.timedelta(days=1 + n // 60), f"{7 + n % 12:02}:{n // 12 % 4 * 15:02}", f"staff{4 + n % 3}@example.com", "27.50", "yes"),
    ),
    "stays": (
        ImportKind.VISITS, (CLIENT, "service", "on_date", "ends_on", "start_time", "end_time", "sitter"),
        lambda n, c: (_client(n, c), "Night", _day(n), _day(n) + dt.timedelta(days=2), "18:00", "09:00", f"staff{4 + n % 3}@example.com"),
    ),
    "repeating services": (
        ImportKind.REPEATS, (CLIENT, "service", "weekdays", "start_time", "starts_on", "sitter"),
        lambda n, c: (_client(n, c), "Walk30", "Mon, Wed", f"{7 + n % 12:02}:00", clock.today() + dt.timedelta(days=7 + n % 50), f"staff{4 + n % 3}@example.com"),
    ),
    "balances": (
        ImportKind.BALANCES, (CLIENT, "amount", "on_date", "note"),
        lambda n, c: (_client(n, c), f"{20 + n % 70}.50", clock.today() - dt.timedelta(days=n // c), f"Old balance {n}"),
    ),
    "keys": (
        ImportKind.KEYS, (CLIENT, "reference", "name", "holder"),
        lambda n, c: (_client(n, c), f"IMP-{n}", "Front door", f"staff{4 + n % 3}@example.com" if n % 2 else ""),
    ),
    "services": (
        ImportKind.SERVICES, ("name", "price", "duration_minutes", "group"),
        lambda n, _c: (f"Special walk {n}", f"{20 + n % 30}.00", 30, "Visits"),
    ),
    "price rules": (
        ImportKind.PRICE_RULES, ("name", "amount", "weekdays", "service", "is_active"),
        lambda n, _c: (f"Surcharge {n}", f"{1 + n % 20}.00", "Sat, Sun", "Walk30", "no"),
    ),
}  # fmt: skip


def jobs(names: list[str] | None = None, rows: int = ROWS) -> Iterator[Done]:
    """Each file checked and then brought in, piece by piece as the worker does it; within an app."""
    owner = staff_actor(db.session.get_one(Staff, 1))
    clients = db.session.scalar(sa.select(sa.func.count()).where(Client.email.like("client%@example.net"))) or 1
    for name in names or FILES:
        kind, heads, line = FILES[name]
        data = "\n".join([",".join(heads), *(_csv(line(n, clients)) for n in range(rows))]).encode()
        run = runs.start(kind, f"{kind.value}.csv", data, actor=owner)
        yield _done(f"rows of {name} checked before an import", runs.check, run.id, ImportState.CHECKED, rows)
        yield _done(f"rows of {name} imported", runs.run_now, run.id, ImportState.DONE, rows)


def _csv(cells: tuple[object, ...]) -> str:
    return ",".join(f'"{cell}"' for cell in cells)


def _done(name: str, begin: Callable[..., ImportRun], run_id: int, end: ImportState, rows: int) -> Done:
    owner = staff_actor(db.session.get_one(Staff, 1))
    begin(db.session.get_one(ImportRun, run_id), actor=owner)
    db.session.commit()
    seconds = _worked(run_id)
    db.session.expunge_all()
    run = db.session.get_one(ImportRun, run_id)
    # A visit in a thousand is one that the made-up business has at that very time.
    if run.state is not end or run.n_errors or run.n_new < rows * 0.99:
        raise RuntimeError(f"{name}: the import is {run.state} with {run.n_new} new and {run.n_errors} wrong rows")
    return Done(name, rows, seconds, LEAST)


def _worked(run_id: int) -> float:
    cursor, begun = work.Cursor(), time.perf_counter()
    while work.work(run_id, cursor):
        db.session.commit()
        db.session.expunge_all()
    db.session.commit()
    cursor.close()
    return time.perf_counter() - begun
