"""Disks that are really full, one thing at a time; tests/chaos/test_chaos.py fills them under many people."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from foundation.db import db
from tests import databases
from tests.chaos.full_disk import Household
from tests.chaos.people import SENTENCE
from tests.chaos.small_disk import WHY_NOT, SmallDiskPostgres, mounted
from tests.own_servers import until
from workflows.billing import modes

ROOT = Path(__file__).resolve().parents[2]
#: small enough to be filled in a moment
MEGABYTES = 64


@pytest.fixture(autouse=True)
def _stopped_clock():
    """It runs here: other processes live in real time, so this one does too."""


def test_sqlite_uploads_and_backups_on_a_full_disk_lose_nothing_and_go_on_when_there_is_room(tmp_path):
    """Database, log of changes, uploads and backups lie on that disk; what people met is said by the program."""
    if subprocess.run(mounted(tmp_path, 1, "true"), check=False, capture_output=True).returncode:
        pytest.fail(WHY_NOT, pytrace=False)
    done = subprocess.run(
        mounted(tmp_path, MEGABYTES, f"exec {sys.executable} -m tests.chaos.full_disk {tmp_path}"), cwd=ROOT,
        capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr[-3000:]


@pytest.mark.own_postgres
def test_postgres_without_room_for_its_log_ends_and_has_all_that_it_confirmed_when_it_is_started_again(tmp_path):
    with SmallDiskPostgres(with_log=True, min_wal_size="32MB", max_wal_size="32MB") as server:
        app = databases.make_app(server.new_database("full"), tmp_path, is_durable=True)
        databases.take_the_process(app)
        house = Household(app)
        house.open_pages()
        assert house.wish(10)[0] == 303
        with server.no_room():
            until(lambda: _is_down(server), seconds=120, saying=server.last_words)
            assert "No space left on device" in server.log.read_text(errors="replace")
            for answer in (house.wish(11), house.report(0), house.look()):
                assert answer[0] == 503
                assert all(words in answer[1] for words in SENTENCE)
        server.start()
        assert (house.look()[0], house.wish(11)[0], house.report(0)[0]) == (200, 303, 303)
        has = house.kept()
        assert (has["days"], has["photos"]) == ([10, 11], [[True], []])
        with app.app_context():
            db.engine.dispose()
        assert server.check("full") == ""
    modes.use("off")


def _is_down(server):
    """Write into the log until the server gives up, and then up to start again."""
    if server.is_running():
        try:
            with server.connect("full") as connection:
                connection.execute("SELECT pg_logical_emit_message(false, 'x', repeat('x', 4000000))")
        except psycopg.Error:
            return False
    return not server.is_running()
