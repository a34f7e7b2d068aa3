"""A worker is killed (kill -9) in the middle of an import; another one ends it, and every row is there once."""

import os
import signal

import pytest
import sqlalchemy as sa

from application import tasks
from application.tasks import turns
from foundation import storage
from foundation.alone import alone
from foundation.db import db
from models import Client, ImportedRecord, ImportKind, ImportRow, ImportRun, ImportState
from tests import loaded_python
from tests.databases import count
from workflows.importing import runs, work

#: brings in piece after piece and dies in one of them, before that is committed
PROGRAM = """
import os, signal
from application import create_app, tasks
from application.tasks import turns
from workflows.importing import work

turns.TURN_SECONDS = 3600
app = create_app({"TESTING": True, "SECRET_KEY": "x" * 40, "FIELD_KEYS": "a2V5IGZvciB0ZXN0cyBvbmx5LCBub3Qgc2VjcmV0ISE="})
n, last = 0, int(os.environ["LAST_PIECE"])
note = work._note
def deadly(run, results, *, is_real):
    global n
    n += 1
    note(run, results, is_real=is_real)
    if n == last:
        os.kill(os.getpid(), signal.SIGKILL)
work._note = deadly
tasks.orders.bring_in(app)
print("finished")
"""


@pytest.mark.covers("S6")
def test_killed_in_the_middle_of_an_import(app, cast):
    storage.use(app.extensions["store"])
    n, piece = 2_430, work.PIECE
    text = "id,first name,last name\n" + "".join(f"{i},Ann,Lee {i}\n" for i in range(n)) + "7,Ann,Again\n"
    before = count(Client)
    run = runs.start(ImportKind.CLIENTS, "list.csv", text.encode(), actor=cast.as_olivia)
    runs.check(run, actor=cast.as_olivia)
    db.session.commit()
    tasks.orders.bring_in(app)
    db.session.rollback()
    run = db.session.get(ImportRun, run.id, populate_existing=True)
    assert (run.state, run.n_new, run.n_errors) == (ImportState.CHECKED, n, 1)
    runs.run_now(run, actor=cast.as_olivia)
    db.session.commit()
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("BRAINTREE", "DATABASE"))},
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"], "DATA_DIR": str(app.config["DATA_DIR"]),
        "PUBLIC_URL": "http://127.0.0.1:8000",
    }  # fmt: skip
    for last, n_done in ((3, 2 * piece), (5, 6 * piece)):  # two workers die, the second after four more pieces
        ended, said = loaded_python.run("-c", PROGRAM, env={**env, "LAST_PIECE": str(last)}, timeout=500)
        assert ended == -signal.SIGKILL, said
        run = db.session.get(ImportRun, run.id, populate_existing=True)
        assert (run.state, run.n_done, run.n_new) == (ImportState.RUNNING, n_done, n_done)
        assert count(Client) - before == n_done
        db.session.commit()
    with alone("imports"):  # one worker is enough: a second one would read the file anew for each of its pieces
        assert tasks.orders.bring_in(app) == 0
    tasks.orders.bring_in(app)
    db.session.rollback()
    run = db.session.get(ImportRun, run.id, populate_existing=True)
    assert (run.state, run.n_done, run.n_new, run.n_errors) == (ImportState.DONE, n + 1, n, 1)
    assert (count(Client) - before, count(ImportedRecord), count(ImportRow)) == (n, n, n + 1)
    names = sa.select(sa.func.count(sa.distinct(Client.last_name))).where(Client.first_name == "Ann")
    assert db.session.scalar(names) == n


def test_an_import_gives_way_to_whoever_waits_and_goes_on_behind_them(app, cast, monkeypatch):
    storage.use(app.extensions["store"])
    monkeypatch.setattr(turns, "TURN_SECONDS", 0)
    monkeypatch.setattr(turns, "LOOK_SECONDS", 0)
    n = 2 * work.PIECE + 10
    run = runs.start(ImportKind.CLIENTS, "list.csv", ("id,first name,last name\n" + "".join(f"{i},Ann,Lee {i}\n" for i in range(n))).encode(), actor=cast.as_olivia)  # fmt: skip
    runs.check(run, actor=cast.as_olivia)
    db.session.commit()
    huey = app.extensions["huey"]
    huey.storage.flush_all()
    app.extensions["nudge"]()
    assert tasks.orders.bring_in(app) == 0
    assert [task.name for task in huey.pending()] == ["nudge", "imports_nudge"]
    monkeypatch.setattr(turns, "TURN_SECONDS", 60)
    for _ in range(2):
        huey.execute(huey.dequeue())
    assert huey.pending_count() == 0
    db.session.rollback()
    assert db.session.get(ImportRun, run.id, populate_existing=True).state is ImportState.CHECKED
