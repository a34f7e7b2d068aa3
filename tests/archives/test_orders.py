"""Archives that the owner orders in the office: made by the worker, fetched, removed, gone after a week."""

import io
import json
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from application import tasks
from foundation import storage
from foundation.alone import alone
from foundation.db import db
from models import Activity, ArchiveState, DataArchive
from workflows import archives
from workflows.actors import staff_actor
from workflows.archiving import making
from workflows.errors import Conflict, NotAllowed, WrongState

pytestmark = pytest.mark.covers("S6")


@pytest.fixture
def owner(cast, http, sign_in_as_staff):
    return sign_in_as_staff(http(), cast.olivia)


def send(browser, path, **data):
    token = re.search(r'name="csrf_token" [^>]*value="([^"]+)"', browser.get("/admin/account/password").text)[1]
    return browser.post(path, data={"csrf_token": token, **data})


def make(app, **more):
    """What the worker does each minute."""
    db.session.commit()
    n_made = tasks.archives.make_archives(app, **{"should_stop": lambda: False, **more})
    db.session.expire_all()
    return n_made


def only():
    db.session.rollback()
    return db.session.scalars(sa.select(DataArchive)).one()


def stored():
    return [k for k in storage.here().keys(before=making.EVER) if k.startswith("archives/")]


@pytest.fixture(autouse=True)
def _no_older_files(app):
    for key in stored():
        storage.here().delete(key)


def test_owner_orders_the_worker_makes_and_the_owner_downloads(app, cast, owner):
    key = storage.here().put(b"a photo", folder="files", suffix="webp")
    assert "No archive yet" in owner.get("/admin/archives/").text
    sent = {"with_files": "1", "form_key": "k" * 24}
    assert send(owner, "/admin/archives/order", **sent).status_code == 303
    send(owner, "/admin/archives/order", **sent)  # sent twice
    page = owner.get("/admin/archives/").text
    assert ("Waiting" in page, only().state) == (True, ArchiveState.WAITING)
    file_url = f"/admin/archives/{only().public_id}/file"
    assert send(owner, file_url).status_code == 404
    assert make(app) == 1
    assert make(app) == 0
    page = owner.get("/admin/archives/").text
    assert ("Ready" in page, "Download" in page) == (True, True)
    answer = send(owner, file_url)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="latchkey-2026-11-23.zip"'
    inside = zipfile.ZipFile(io.BytesIO(answer.data))
    manifest = json.loads(inside.read("manifest.json"))
    assert (manifest["with_log_ins"], manifest["files"][key]["bytes"]) == (False, 7)
    assert len(inside.read("tables/client.jsonl").splitlines()) == 2
    verbs = db.session.scalars(sa.select(Activity.verb).where(Activity.verb.like("archive.%")).order_by(Activity.id))
    assert list(verbs) == ["archive.ordered", "archive.fetched"]
    assert send(owner, f"/admin/archives/{only().public_id}/removal").status_code == 303
    assert send(owner, file_url).status_code == 404
    assert "Removed" in owner.get("/admin/archives/").text
    make(app)
    assert (stored(), only().key) == ([], None)


def test_manager_and_unknown_archives_are_turned_away(app, cast, owner, http, sign_in_as_staff):
    archives.order(with_files=False, actor=staff_actor(cast.olivia))
    db.session.commit()
    make(app)
    max_ = sign_in_as_staff(http(), cast.max)
    ways = ("order", f"{only().public_id}/file", f"{only().public_id}/removal")
    assert [max_.get("/admin/archives/").status_code, *(send(max_, f"/admin/archives/{w}").status_code for w in ways)] == [
        403, 403, 403, 403,
    ]  # fmt: skip
    assert "Take everything out" not in max_.get("/admin/").text
    assert (send(owner, "/admin/archives/nothing-here/file").status_code, only().state) == (404, ArchiveState.DONE)
    for refused in (
        lambda: archives.order(with_files=True, actor=staff_actor(cast.max)),
        lambda: archives.fetch(only(), actor=staff_actor(cast.max)),
        lambda: archives.remove(only(), actor=staff_actor(cast.max)),
        lambda: archives.latest(actor=staff_actor(cast.max)),
    ):
        with pytest.raises(NotAllowed):
            refused()


def test_one_is_made_at_a_time_and_those_of_last_week_go(app, cast, clock_at):
    actor = staff_actor(cast.olivia)
    archives.order(with_files=False, actor=actor)
    with pytest.raises(Conflict):
        archives.order(with_files=True, actor=actor)
    with pytest.raises(WrongState):
        archives.fetch(only_in_session(), actor=actor)
    db.session.commit()
    with alone("archives") as is_ours:
        assert is_ours
        assert make(app) == 0  # another worker is at it
    assert make(app) == 1
    assert len(stored()) == 1
    clock_at("2026-11-30 09:00")
    make(app)
    assert (len(stored()), only().state) == (1, ArchiveState.DONE)
    clock_at("2026-11-30 11:00")
    make(app)
    assert (stored(), only().state) == ([], ArchiveState.GONE)


def only_in_session():
    return db.session.scalars(sa.select(DataArchive)).one()


def test_worker_that_is_killed_or_stopped_leaves_it_to_the_next(app, cast, monkeypatch):
    actor = staff_actor(cast.olivia)
    archives.order(with_files=False, actor=actor)
    db.session.commit()
    assert make(app) == 1
    second = archives.order(with_files=False, actor=actor)
    db.session.commit()
    stops = iter([False, False, True])
    assert make(app, should_stop=lambda: next(stops, True)) == 0
    db.session.expire_all()
    assert second.state is ArchiveState.WAITING
    # As a kill leaves it: taken up, half of it stored, and nobody at it any more.
    task = archives.begin(second.id, n_total=5)
    storage.here().take(io.BytesIO(b"half"), key=task.key)
    db.session.commit()
    with pytest.raises(WrongState):
        archives.remove(second, actor=actor)
    db.session.rollback()
    assert make(app) == 1
    db.session.expire_all()
    assert (second.state, second.key in stored(), task.key in stored()) == (ArchiveState.DONE, True, False)
    assert archives.finish(task, n_bytes=4, sha256="0" * 64) is False  # were the killed one still alive


def test_archive_that_breaks_says_why(app, cast, monkeypatch, owner):
    archives.order(with_files=False, actor=staff_actor(cast.olivia))
    db.session.commit()
    monkeypatch.setattr(making, "write", lambda *_a, **_k: 1 // 0)
    assert make(app) == 0
    assert "ZeroDivisionError" in owner.get("/admin/archives/").text


KILLED = """
import os, signal, sys
from foundation.alone import alone
from tests import databases
from pathlib import Path
app = databases.make_app(sys.argv[1], Path(sys.argv[2]))
with app.app_context(), alone("archives") as ours:
    print(ours, flush=True)
    signal.pause()
"""


def test_lock_ends_with_the_process_that_held_it(app, tmp_path):
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    db.session.rollback()
    if url.startswith("postgresql"):
        with alone("archives") as first, alone("archives") as second:
            assert (first, second) == (True, False)
        return
    other = subprocess.Popen(
        [sys.executable, "-c", KILLED, url, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert other.stdout.readline() == "True\n"
    with alone("archives") as is_ours:
        assert not is_ours
    other.send_signal(signal.SIGKILL)
    other.wait(20)
    other.stdout.close()
    with alone("archives") as is_ours:
        assert is_ours
