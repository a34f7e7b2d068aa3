"""A visit through asking, deciding, cancelling and reinstating in any order: one state, no loss, every figure explained."""

import datetime as dt
import itertools
from decimal import Decimal

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from models import (
    Activity,
    CancellationRule,
    ChangeItem,
    ChangeKind,
    ChangeRequest,
    ChangeState,
    Job,
    JobState,
    Notification,
    OutboxMail,
    change_item_pet,
    job_pet,
)
from tests import factories as make
from workflows import cancelling, change_asking, change_deciding, change_requests
from workflows.change_preview import Wish
from workflows.errors import WorkflowError

#: an example fills and empties tables, so fewer of them
FEWER = settings(max_examples=max(settings.default.max_examples // 3, 8))
DAYS = [dt.date(2026, 12, d) for d in (3, 4, 5)]
STEPS = ("ask_cancel", "ask_change", "withdraw", "approve", "deny", "office_cancel", "reinstate", "dearer")
LIFE = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 1), st.sampled_from(DAYS)), min_size=1, max_size=14)


@pytest.fixture
def wipe(cast, db_session):
    """Two walks of Alice at half the price when they are called off; nothing of the example before."""

    def do():
        for table in (OutboxMail, Notification, Activity, change_item_pet, ChangeItem, ChangeRequest, job_pet, Job):
            db_session.execute(sa.delete(table))
        db_session.execute(sa.delete(CancellationRule))
        db_session.commit()
        db_session.expire_all()
        make.cancellation_rule("Half", charge_percent=Decimal(50), pay_percent=Decimal(50))
        visits = [make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=d, pets=[cast.biscuit]) for d in DAYS[:2]]
        db_session.commit()
        return visits

    return do


def step(cast, db_session, name, visit, day):
    """One thing that somebody does, in a transaction of its own; refusals change nothing."""
    waiting = list(change_requests.waiting_for([visit.id]).values())
    wanted = Wish(cast.walk, day, dt.time(15), pets=[cast.biscuit])
    doings = {
        "ask_cancel": lambda: change_asking.ask_to_cancel(cast.alice, [visit], actor=cast.as_alice),
        "ask_change": lambda: change_asking.ask_to_change(cast.alice, visit, wanted, actor=cast.as_alice),
        "withdraw": lambda: change_requests.withdraw(waiting, actor=cast.as_alice),
        "approve": lambda: change_deciding.approve(waiting, actor=cast.as_olivia),
        "deny": lambda: change_deciding.deny(waiting, actor=cast.as_olivia, note="No"),
        "office_cancel": lambda: cancelling.cancel([visit], actor=cast.as_olivia),
        "reinstate": lambda: cancelling.reinstate(visit, actor=cast.as_olivia),
        "dearer": lambda: make.cancellation_rule("All of it", position=-1),
    }
    try:
        doings[name]()
    except WorkflowError:
        db_session.rollback()
    db_session.commit()
    db_session.expire_all()


def check(cast, db_session, ids):
    """What must hold whatever happened."""
    visits = list(db_session.scalars(sa.select(Job).where(Job.client_id == cast.alice.id).order_by(Job.id)))
    assert [v.id for v in visits] == ids, "no visit is lost or doubled"
    for visit in visits:
        own = list(db_session.scalars(sa.select(ChangeItem).where(ChangeItem.job_id == visit.id)))
        pending = [i for i in own if i.state is ChangeState.PENDING]
        approved = [i for i in own if i.state is ChangeState.APPROVED]
        assert len(pending) <= (1 if visit.state is JobState.SCHEDULED else 0)
        assert visit.state in {JobState.SCHEDULED, JobState.CANCELLED}
        assert (visit.prior_price is not None) is (visit.state is JobState.CANCELLED)
        assert visit.prior_price in {None, Decimal(20)}
        if visit.state is JobState.SCHEDULED:
            assert (visit.price, visit.sitter_pay) == (20, 10), "the price is whole again"
        lines = list(
            db_session.scalars(
                sa.select(Activity)
                .where(
                    Activity.subject_type == "job",
                    Activity.subject_id == visit.id,
                    Activity.facts["changes"].is_not(None),
                )
                .order_by(Activity.id)
            )
        )
        told = [x.facts["changes"]["price"] for x in lines if x.facts.get("changes")]
        for before, after in itertools.pairwise(told):
            assert before[1] == after[0], "each line goes on from the one before"
        assert Decimal(told[-1][1] if told else 20) == visit.price, "the last line says today's price"
        assert all(i.decided_at is not None for i in approved)
    for request in db_session.scalars(sa.select(ChangeRequest)):
        assert request.is_open is any(i.state is ChangeState.PENDING for i in request.items)
        assert request.kind in {ChangeKind.CANCEL, ChangeKind.CHANGE}


@FEWER
@given(LIFE)
def test_a_visit_keeps_one_state_and_every_figure_is_explained(cast, db_session, wipe, life):
    visits = wipe()
    ids = [v.id for v in visits]
    for name, which, day in life:
        step(cast, db_session, name, db_session.get(Job, ids[which]), day)
        check(cast, db_session, ids)
