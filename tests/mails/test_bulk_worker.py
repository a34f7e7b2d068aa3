"""A worker that is killed in the middle of an order about many visits: the next one finishes it, nothing twice."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Activity, BulkKind, BulkRun, BulkState, OutboxMail
from tests import factories as make
from tests.mails.beside import kill, look, wait_until
from workflows import bulk
from workflows.bulk import Wish


@pytest.fixture(autouse=True)
def _stopped_clock():
    """It runs here: other processes live in real time, so this one does too."""


def test_a_killed_worker_leaves_an_order_that_the_next_one_finishes_without_a_double(app, cast, peer, programs):
    day = clock.today() + dt.timedelta(days=20)
    with make.at_once():
        clients = [make.client("Client", f"No {n}", email=f"c{n}@example.com") for n in range(100)]
    with make.at_once():
        visits = [
            make.job(client, cast.walk, sitter=cast.sam, on_date=day, start_time=dt.time(hour))
            for client in clients
            for hour in range(8, 14)
        ]
    run = bulk.order(BulkKind.CANCEL, [v.id for v in visits], Wish(reason="Snow"), actor=cast.as_olivia)
    run_id, visit_ids = run.id, {v.id for v in visits}
    db.session.info.pop("nudge_bulk")
    db.session.commit()

    def far():
        return look(
            lambda: db.session.execute(sa.select(BulkRun.n_done, BulkRun.state).where(BulkRun.id == run_id)).one()
        )

    doomed = programs("work", mail_port=peer.port, lease_seconds=600, processes=2)
    wait_until(lambda: far()[0] >= 10)
    kill(doomed)
    at_kill, state = far()
    assert 10 <= at_kill < 600
    assert state is BulkState.RUNNING
    programs("work", mail_port=peer.port, lease_seconds=600, processes=2)
    wait_until(lambda: far()[1] is BulkState.DONE)

    def outcome():
        told = db.session.scalars(sa.select(Activity.subject_id).where(Activity.verb == "job.cancelled")).all()
        mails = db.session.execute(sa.select(OutboxMail.kind, OutboxMail.client_id, OutboxMail.facts)).all()
        return far_from(run_id), sorted(told), mails

    (n_done, failures), told, mails = look(outcome)
    assert (n_done, failures) == (600, [])
    assert told == sorted(visit_ids)
    assert sorted(m.client_id for m in mails if m.kind == "visit_cancelled") == sorted(c.id for c in clients)
    (sams,) = [m.facts for m in mails if m.kind == "sitter_changes"]
    assert len(sams["gone"]) == 600


def far_from(run_id):
    return db.session.execute(sa.select(BulkRun.n_done, BulkRun.failures).where(BulkRun.id == run_id)).one()
