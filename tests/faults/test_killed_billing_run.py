"""A worker is killed (kill -9) in the middle of a billing run; another one ends it: each invoice once, no number missing."""

import datetime as dt
import os
import signal

import pytest
import sqlalchemy as sa

from application import tasks
from foundation.db import db
from models import BulkRun, BulkState, Invoice, MailState, OutboxMail
from tests import factories as make
from tests import loaded_python
from tests.databases import count
from workflows.billing import books, runs

#: raises piece after piece and dies in its third, when all of it is written and nothing committed
PROGRAM = """
import os, signal
from application import create_app, tasks
from application.tasks import turns
from workflows.billing import raising, runs

turns.TURN_SECONDS = 3600
app = create_app({"TESTING": True, "SECRET_KEY": "x" * 40, "FIELD_KEYS": "a2V5IGZvciB0ZXN0cyBvbmx5LCBub3Qgc2VjcmV0ISE="})
runs.AT_ONCE, n = 3, 0
issue_all = raising.issue_all
def deadly(*args, **more):
    global n
    n += 1
    issue_all(*args, **more)
    if n == 3:
        os.kill(os.getpid(), signal.SIGKILL)
raising.issue_all = deadly
tasks.orders.bulk_orders(app)
"""


@pytest.mark.covers("M2")
def test_killed_in_the_middle_of_a_billing_run(app, cast):
    clients = [make.client("Ann", f"No {n:02}", email=f"ann{n}@example.com") for n in range(10)]
    for client in clients:
        for day in (22, 23):
            make.job(client, cast.walk, on_date=dt.date(2026, 11, day))
    run_id = runs.order([c.id for c in clients], runs.Options(), actor=cast.as_olivia).id
    db.session.commit()
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("BRAINTREE", "DATABASE"))},
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"], "DATA_DIR": str(app.config["DATA_DIR"]),
        "PUBLIC_URL": "http://127.0.0.1:8000",
    }  # fmt: skip
    ended, said = loaded_python.run("-c", PROGRAM, env=env, timeout=500)
    assert ended == -signal.SIGKILL, said
    db.session.expire_all()
    run = db.session.get(BulkRun, run_id)
    assert (run.state, run.n_done, count(Invoice)) == (BulkState.RUNNING, 6, 6)
    assert books.check() == []
    db.session.commit()
    tasks.orders.bulk_orders(app)
    db.session.expire_all()
    assert (run.state, run.n_done, run.failures) == (BulkState.DONE, 10, [])
    made = db.session.execute(sa.select(Invoice.number, Invoice.client_id).order_by(Invoice.sequence)).all()
    assert made == [(f"INV-{n}", client.id) for n, client in enumerate(clients, 1)]
    mails = sa.select(OutboxMail.client_id).where(
        OutboxMail.kind == "invoice_sent", OutboxMail.state == MailState.QUEUED
    )
    assert sorted(db.session.scalars(mails)) == sorted(c.id for c in clients)
    assert books.check() == []
