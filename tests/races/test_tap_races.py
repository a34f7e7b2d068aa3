"""Two phones, a phone and the office, in the same second at one visit: each thing is there once."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, CheckKind, Job, JobState, Staff, VisitCheck
from tests import factories as make
from workflows import cancelling, visits
from workflows.actors import staff_actor
from workflows.errors import WorkflowError
from workflows.visit_checks import Place

pytestmark = pytest.mark.covers("V1")


@pytest.fixture
def visit(cast, clock_at):
    """Alice's walk today at noon by Sam; it is noon."""
    found = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 11, 23), pets=[cast.biscuit])
    db.session.commit()
    clock_at("2026-11-23 12:00")
    return found.id


def tap(do, staff_id, visit_id, **more):
    sam = staff_actor(db.session.get(Staff, staff_id))
    return do(db.session.get(Job, visit_id), actor=sam, place=Place(), **more).id


def n(kind, *where):
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind).where(*where))


def test_two_phones_check_in_and_out_at_once(cast, visit, together):
    sam = cast.sam.id
    for do, kind in ((visits.check_in, CheckKind.IN), (visits.check_out, CheckKind.OUT)):
        taps = [lambda do=do, key=f"phone-{i % 2}-{do.__name__}": tap(do, sam, visit, key=key) for i in range(4)]
        answers = together(*taps)
        rows = {a for a in answers if not isinstance(a, WorkflowError)}
        assert len(rows) == 1, answers  # one phone's tap, sent twice, gets the same row both times
        assert {a.code for a in answers if isinstance(a, WorkflowError)} == {"already"}
        assert n(VisitCheck, VisitCheck.kind == kind) == 1
    assert db.session.get(Job, visit).state is JobState.COMPLETED
    assert n(Activity, Activity.verb == "job.completed") == 1


def test_a_check_in_while_the_office_cancels_is_one_or_the_other(cast, visit, together):
    sam, olivia = cast.sam.id, cast.olivia.id

    def call_off():
        return cancelling.cancel([db.session.get(Job, visit)], actor=staff_actor(db.session.get(Staff, olivia)))[0].id

    came, off = together(lambda: tap(visits.check_in, sam, visit), call_off)
    job = db.session.get(Job, visit)
    assert isinstance(came, WorkflowError) is not isinstance(off, WorkflowError)
    assert job.state is (JobState.CANCELLED if isinstance(came, WorkflowError) else JobState.IN_PROGRESS)
    assert n(VisitCheck) == (0 if isinstance(came, WorkflowError) else 1)
