"""Work on whole files: a file of new clients checked and brought in, a list as CSV, the archive of everything.

In this process: imports and the archive as the worker makes them, the list as the office's page gives it.
"""

import io
import tempfile
import time
from collections.abc import Iterator

from flask import Flask

from benchmarks import filling, people
from benchmarks.done import Done
from foundation.db import db, reading
from models import ImportKind, ImportRun, ImportState, Staff
from workflows import settings
from workflows.actors import staff_actor
from workflows.archiving import making
from workflows.importing import runs, work

#: rows of the file, and a list gives at most this many
ROWS, MOST = 5_000, 10_000


def jobs(app: Flask) -> Iterator[Done]:
    """One after the other; with an app, outside of its context."""
    with app.app_context():
        settings.read()
        yield from _import()
    for name in ("clients", "visits"):
        yield _export(app, name)
    with app.app_context():
        yield _archive()


def _file() -> bytes:
    """New clients with an address, a phone and a note each."""
    lines = ["First name,Last name,Email,Phone,Address,City,Postcode,Notes"]
    lines += [
        f"{filling.FIRST[n % len(filling.FIRST)]},Newcomer{n},new{n}@example.org,+1 212 555 {n % 10_000:04},{n} Oak Road,"
        f"Brookmere,{n % 90_000 + 10_000},Key under the {n}th pot"
        for n in range(ROWS)
    ]
    return "\n".join(lines).encode()


def _import() -> Iterator[Done]:
    """Checked and then brought in, each with its validation and piece by piece."""
    owner = staff_actor(db.session.get_one(Staff, 1))
    run = runs.start(ImportKind.CLIENTS, "clients.csv", _file(), actor=owner)
    for name, begin, end in (
        ("rows of clients checked before an import", runs.check, ImportState.CHECKED),
        ("rows of clients imported", runs.run_now, ImportState.DONE),
    ):
        run = begin(db.session.get_one(ImportRun, run.id), actor=owner)
        db.session.commit()
        seconds = _worked(run.id)
        db.session.expunge_all()
        run = db.session.get_one(ImportRun, run.id)
        if run.state is not end or run.n_new != ROWS:
            raise RuntimeError(f"the import is {run.state} with {run.n_new} new and {run.n_errors} wrong rows")
        yield Done(name, ROWS, seconds, 1_000)


def _worked(run_id: int) -> float:
    cursor, begun = work.Cursor(), time.perf_counter()
    while work.work(run_id, cursor):
        db.session.commit()
        db.session.expunge_all()
    db.session.commit()
    cursor.close()
    return time.perf_counter() - begun


def _export(app: Flask, name: str) -> Done:
    """What the button under a list gives."""
    with app.app_context():
        cookie = people.cookies_of(app)[people.OWNER]
        csrf = people.csrf_field(app)
        db.session.remove()
    begun = time.perf_counter()
    path, headers = f"/admin/{name}/export/csv/?view=all", {"Cookie": cookie}
    answer = app.test_client(use_cookies=False).post(path, headers=headers, data={"csrf_token": csrf})
    seconds = time.perf_counter() - begun
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}")
    return Done(f"rows of the list of {name} as CSV", answer.data.count(b"\r\n") - 1, seconds)


def _archive() -> Done:
    """Every row of every table but the log-ins; without files, of which there are none."""
    db.session.remove()
    wanted = making.Wanted(with_files=False)
    with reading():
        head = making.head()
    db.session.remove()
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as out, making.snapshot() as connection:
        manifest = making.write(out, wanted, connection=connection, head=head)
        n_bytes = out.seek(0, io.SEEK_END)
    n = sum(table["rows"] for table in manifest["tables"].values())
    return Done(f"rows of the whole archive, {n_bytes / 2**20:.0f} MB", n, time.perf_counter() - begun)
