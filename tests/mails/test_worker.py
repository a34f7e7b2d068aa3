"""Several workers at once, workers that are asked to stop, and workers that are killed in the middle."""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from application import tasks
from foundation import clock
from foundation.db import db, reading
from mailer import deliver
from mailer.previews import PREVIEWS
from models import MailState, OutboxMail
from tests.mails.conftest import states
from tests.mails.programs import make_app
from workflows import outbox
from workflows.mail_facts import MailKind

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _stopped_clock():
    """It runs here: other processes live in real time, so this one does too."""


@pytest.fixture
def programs(app, tmp_path):
    """`programs("work", …)` starts one of `tests.mails.programs`; what is left of them at the end is killed."""
    started = []
    url = app.config["SQLALCHEMY_DATABASE_URI"]

    def start(what, *, mail_port=0, **options):
        config = {
            "SQLALCHEMY_DATABASE_URI": url, "DATA_DIR": str(tmp_path), "MAIL_SERVER": "127.0.0.1" if mail_port else "",
            "MAIL_PORT": mail_port,
        }  # fmt: skip
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.mails.programs", what, json.dumps(config), json.dumps(options)],
            cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        kill(process)


def kill(process):
    """kill -9, with all that it started; nobody can say goodbye."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()


def wait_until(holds, *, seconds=40):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain: {count_states()}"
        time.sleep(0.02)


def queue_mails(n):
    mails = [
        outbox.queue_mail(MailKind.VISITS_BOOKED, PREVIEWS[MailKind.VISITS_BOOKED], to=f"c{i}@example.com")
        for i in range(n)
    ]
    db.session.info.pop("nudge_worker")
    db.session.commit()
    return {m.message_id for m in mails}


def look(query):
    """Ask without holding SQLite's one write lock, which the workers need."""
    db.session.rollback()
    with reading():
        try:
            return query()
        finally:
            db.session.rollback()


def count_states():
    return look(states)


def count_leases():
    held = sa.select(sa.func.count(OutboxMail.id)).where(OutboxMail.locked_until >= clock.now())
    return look(lambda: db.session.scalar(held))


def test_threads_that_claim_at_once_share_the_mails_without_a_double(app, together):
    queue_mails(60)
    claimed = [[], [], [], []]

    def claim(place):
        while mails := deliver.claim(f"worker {place}"):
            claimed[place] += [m.id for m in mails]

    together(*[lambda place=i: claim(place) for i in range(4)])
    assert sorted(itertools.chain(*claimed)) == sorted(db.session.scalars(sa.select(OutboxMail.id)))


def test_processes_that_claim_at_once_share_the_mails_without_a_double(app, programs, tmp_path):
    queue_mails(300)
    gate = tmp_path / "gate"
    racing = [programs("claim_all", gate=str(gate)) for _ in range(3)]
    assert [p.stdout.readline() for p in racing] == ["ready\n"] * 3
    gate.touch()
    claimed = [json.loads(p.stdout.readline()) for p in racing]
    assert sorted(itertools.chain(*claimed)) == sorted(db.session.scalars(sa.select(OutboxMail.id)))
    assert all(claimed)


def test_killed_workers_lose_no_mail_and_repeat_only_under_the_same_message_id(app, peer, programs):
    wanted = queue_mails(200)
    peer.answers.extend(["451 busy" if n % 20 == 0 else "" for n in range(1, 200)])
    doomed = programs("work", mail_port=peer.port, lease_seconds=2, processes=2)
    wait_until(lambda: len(peer.letters) >= 60)
    kill(doomed)
    after_kill = len(peer.letters)
    assert after_kill < 200
    assert count_states().get("sending", 0) >= 1
    # Those that were put off are due at once, and the killed worker's leases run out.
    db.session.execute(sa.update(OutboxMail).where(OutboxMail.state == MailState.QUEUED).values(next_at=clock.now()))
    db.session.commit()
    wait_until(lambda: count_leases() == 0)
    peer.answers.clear()
    programs("work", mail_port=peer.port, lease_seconds=2, processes=2)
    wait_until(lambda: count_states() == {"sent": 200})

    times = peer.by_id()
    assert set(times) == wanted
    repeated = Counter(times.values())
    # Each of the two killed processes had at most one mail between the server's "250" and its own note.
    assert set(repeated) <= {1, 2}
    assert repeated[2] <= 2


def test_a_worker_that_is_asked_to_stop_ends_soon_and_leaves_nothing_locked(app, peer, programs):
    queue_mails(100)
    peer.silence = 0.02
    worker = programs("work", mail_port=peer.port, lease_seconds=600, processes=2)
    wait_until(lambda: len(peer.letters) >= 10)
    assert worker.poll() is None
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.stdout.read() == "ready\nended\n"
    assert worker.wait(timeout=10) == 0
    assert time.monotonic() - began < tasks.SHUTDOWN_SECONDS
    sent = len(peer.letters)
    assert count_states() == {"sent": sent, "queued": 100 - sent}
    assert 10 <= sent < 100
    assert peer.by_id().most_common(1)[0][1] == 1


def test_children_end_when_their_worker_is_killed(programs):
    worker = programs("work", lease_seconds=600, processes=2)
    wait_until(lambda: len(psutil.Process(worker.pid).children()) == 3)
    children = psutil.Process(worker.pid).children()
    worker.kill()
    worker.wait()
    _gone, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


def test_a_mail_leaves_a_moment_after_its_commit(app, peer, programs, tmp_path):
    queue_mails(1)
    programs("work", mail_port=peer.port, lease_seconds=600, processes=1)
    wait_until(lambda: len(peer.letters) == 1)  # the sweep at the start; the next one is a minute away
    web = make_app({"SQLALCHEMY_DATABASE_URI": app.config["SQLALCHEMY_DATABASE_URI"], "DATA_DIR": str(tmp_path)})
    with web.app_context():
        outbox.queue_mail(MailKind.VISITS_BOOKED, PREVIEWS[MailKind.VISITS_BOOKED], to="alice@example.com")
        db.session.commit()
        db.engine.dispose()
    wait_until(lambda: len(peer.letters) == 2)
