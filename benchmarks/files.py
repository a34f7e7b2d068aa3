"""Work on whole files: a file of each kind checked and brought in, a list as CSV, the archive of everything.

In this process: imports and the archive as the worker makes them, the list as the office's page gives it.
"""

import io
import tempfile
import time
from collections.abc import Iterator

from flask import Flask

from benchmarks import imports, people
from benchmarks.done import Done
from foundation.db import db, reading
from workflows import settings
from workflows.archiving import making

#: a list gives at most this many
MOST = 10_000


def jobs(app: Flask) -> Iterator[Done]:
    """One after the other; with an app, outside of its context."""
    with app.app_context():
        settings.read()
        yield from imports.jobs()
    for name in ("clients", "visits"):
        yield _export(app, name)
    with app.app_context():
        yield _archive()


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
