"""/readyz: what makes a web server unfit for requests, in names that tell strangers nothing."""

import pytest
import sqlalchemy as sa

from application import readiness
from foundation import storage
from foundation.db import db


@pytest.fixture
def ask(app):
    """Ask as whoever watches the servers does: without a cookie, by the machine's number."""
    return lambda: app.test_client().get("/readyz", headers={"Host": "10.0.0.7:8000"})


@pytest.fixture
def at_revision(app):
    """`at_revision("0001")` has the database say that it is there; it is put right afterwards."""

    def say(text):
        db.session.execute(sa.text("UPDATE alembic_version SET version_num = :n"), {"n": text})
        db.session.commit()

    yield say
    say(readiness.revisions()[1])


@pytest.fixture
def store(app, monkeypatch):
    """The app's file store may be replaced; what was seen of it is forgotten."""

    def use(new):
        monkeypatch.setitem(app.extensions, "store", new)
        monkeypatch.setattr(readiness, "STORE_SECONDS", -1)

    return use


def test_ready_when_everything_is_there(ask):
    answer = ask()
    assert (answer.status_code, answer.json) == (200, {"ready": True})
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


def test_the_tables_of_an_older_program_are_not_ready(ask, at_revision):
    at_revision("0001")
    answer = ask()
    assert (answer.status_code, answer.json) == (503, {"ready": False, "missing": ["migrations"]})


def test_the_tables_of_a_newer_program_are_ready_so_that_an_upgrade_stops_nobody(ask, at_revision):
    at_revision("9999")
    assert ask().status_code == 200


def test_a_database_without_tables_is_not_ready(app, ask, monkeypatch):
    def no_table():
        db.session.execute(sa.text("SELECT version_num FROM no_such_table"))

    monkeypatch.setattr(readiness, "_migrations", no_table)
    assert ask().json == {"ready": False, "missing": ["migrations"]}
    monkeypatch.undo()
    assert ask().status_code == 200, "the failed statement holds nothing up"


def test_a_folder_that_cannot_be_written_is_not_ready(ask, store, tmp_path):
    (tmp_path / "files").write_text("a file where the folder should be")
    store(storage.LocalStore(tmp_path / "files"))
    assert ask().json == {"ready": False, "missing": ["files"]}


def test_a_bucket_that_is_away_is_not_ready_and_says_no_address(ask, store, caplog, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    store(storage.S3Store("paws", endpoint="http://127.0.0.1:1"))
    answer = ask()
    assert (answer.status_code, answer.json) == (503, {"ready": False, "missing": ["files"]})
    assert "not ready: files (StoreAwayError)" in caplog.text
    assert "127.0.0.1:1" not in caplog.text


def test_a_store_that_is_there_is_not_asked_at_each_look(app, ask, monkeypatch):
    asked = []

    class Counting:
        def reach(self):
            asked.append(1)

    monkeypatch.setitem(app.extensions, "store", Counting())
    for _ in range(3):
        assert ask().status_code == 200
    assert len(asked) <= 1


def test_a_queue_that_is_away_is_not_ready(app, ask, monkeypatch):
    def away():
        raise ConnectionError("redis://user:secret@10.0.0.9")

    monkeypatch.setattr(app.extensions["huey"], "pending_count", away)
    answer = ask()
    assert (answer.status_code, answer.json) == (503, {"ready": False, "missing": ["queue"]})


def test_a_database_that_is_away_is_named_alone_and_the_rest_still_looked_at(app, ask, monkeypatch):
    def away():
        raise ConnectionError

    monkeypatch.setattr(readiness, "_database", away)
    monkeypatch.setattr(app.extensions["huey"], "pending_count", away)
    assert ask().json == {"ready": False, "missing": ["database", "queue"]}
