"""The client asks while the office acts on the same visit, in the same second: one outcome, told to everybody."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import ChangeItem, ChangeRequest, ChangeState, Client, Job, JobState, Staff
from tests import factories as make
from workflows import cancelling, change_asking, change_deciding, change_requests
from workflows.actors import client_actor, staff_actor
from workflows.errors import WorkflowError


@pytest.fixture
def visit(cast):
    """Alice's walk on Thursday at noon, committed."""
    found = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 11, 26), pets=[cast.biscuit])
    db.session.commit()
    return found.id


def ask(alice_id, visit_id):
    client, job = db.session.get(Client, alice_id), db.session.get(Job, visit_id)
    return change_asking.ask_to_cancel(client, [job], actor=client_actor(client)).id


def call_off(olivia_id, visit_id):
    olivia, job = db.session.get(Staff, olivia_id), db.session.get(Job, visit_id)
    return cancelling.cancel([job], actor=staff_actor(olivia))[0].id


@pytest.mark.covers("X3")
def test_the_client_confirms_while_the_office_cancels(cast, visit, together):
    alice, olivia = cast.alice.id, cast.olivia.id
    asked, cancelled = together(lambda: ask(alice, visit), lambda: call_off(olivia, visit))
    assert not isinstance(cancelled, WorkflowError)
    assert db.session.get(Job, visit).state is JobState.CANCELLED
    states = [i.state for i in db.session.scalars(sa.select(ChangeItem))]
    assert states == ([] if isinstance(asked, WorkflowError) else [ChangeState.SUPERSEDED])
    assert db.session.scalar(sa.select(sa.func.count(ChangeRequest.id)).where(ChangeRequest.is_open)) == 0


@pytest.mark.covers("X3")
def test_the_same_visit_from_six_devices_at_once_is_asked_about_once(cast, visit, together):
    alice = cast.alice.id
    answers = together(*[lambda: ask(alice, visit)] * 6)
    assert sum(1 for a in answers if not isinstance(a, WorkflowError)) == 1
    assert {a.code for a in answers if isinstance(a, WorkflowError)} == {"asked_already"}
    assert db.session.scalar(sa.select(sa.func.count(ChangeItem.id))) == 1


@pytest.mark.covers("X5", "X7")
def test_the_client_withdraws_while_the_office_approves(cast, visit, together):
    alice, olivia = cast.alice.id, cast.olivia.id
    item = change_asking.ask_to_cancel(cast.alice, [db.session.get(Job, visit)], actor=cast.as_alice).items[0].id
    db.session.commit()

    def withdraw():
        found = db.session.get(ChangeItem, item)
        return change_requests.withdraw([found], actor=client_actor(db.session.get(Client, alice)))[0].id

    def approve():
        found = db.session.get(ChangeItem, item)
        return len(change_deciding.approve([found], actor=staff_actor(db.session.get(Staff, olivia))).decided)

    withdrawn, approved = together(withdraw, approve)
    assert isinstance(withdrawn, WorkflowError) is not isinstance(approved, WorkflowError)
    state, job = db.session.get(ChangeItem, item).state, db.session.get(Job, visit)
    assert (state, job.state) in {
        (ChangeState.WITHDRAWN, JobState.SCHEDULED), (ChangeState.APPROVED, JobState.CANCELLED),
    }  # fmt: skip
