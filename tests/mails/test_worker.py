"""Several workers at once, workers that are asked to stop, and workers that are killed in the middle."""

import itertools
import json
import signal
from collections import Counter

import psutil
import pytest
import sqlalchemy as sa

from foundation.db import db
from mailer import deliver
from mailer.examples import PREVIEWS
from models import OutboxMail
from tests.mails.beside import all_due_now, count_leases, count_states, kill, queue_mails, wait_until
from tests.mails.programs import make_app
from tests.own_servers import is_alive
from workflows import outbox
from workflows.mail_facts import MailKind


@pytest.fixture(autouse=True)
def _stopped_clock():
    """It runs here: other processes live in real time, so this one does too."""


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
    racing = [programs("claim_all", gate=str(gate), racers=3) for _ in range(3)]
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
    # Each mail takes its time from here on, so that the kill meets one that is on its way.
    peer.silence = 0.5
    wait_until(lambda: count_states().get("sending", 0) >= 1)
    kill(doomed)
    after_kill = len(peer.letters)
    assert after_kill < 200
    assert count_states().get("sending", 0) >= 1
    peer.silence = 0
    # Those that were put off are due at once, and the killed worker's leases run out.
    all_due_now()
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
    peer.silence = 0.5  # so that the rest is not out before the signal is there
    assert worker.poll() is None
    worker.send_signal(signal.SIGTERM)
    # One that does not end by itself is interrupted, and then has a mail that was sent and is not noted as such.
    assert worker.stdout.read() == "ready\nended\n"
    assert worker.wait(timeout=60) == 0
    sent = len(peer.letters)
    assert count_states() == {"sent": sent, "queued": 100 - sent}
    assert 10 <= sent < 100
    assert peer.by_id().most_common(1)[0][1] == 1


def test_children_end_when_their_worker_is_killed(programs):
    worker = programs("work", lease_seconds=600, processes=2)
    wait_until(lambda: len(psutil.Process(worker.pid).children()) == 3)
    children = [child.pid for child in psutil.Process(worker.pid).children()]
    worker.kill()
    worker.wait()
    # Who asks after orphans depends on the machine; a dead one that nobody has asked about does not run.
    wait_until(lambda: not any(map(is_alive, children)))


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
