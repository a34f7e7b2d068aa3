"""Taking turns, reading afresh, and saying what happened meanwhile."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Client, JobRequestLine, LineState
from tests import factories as make
from workflows import locks
from workflows.errors import WrongState


def test_lock_client_makes_the_second_wait_until_the_first_has_committed(cast, together):
    alice_id = cast.alice.id

    def add_star():
        locks.lock_client(alice_id)
        notes = db.session.scalar(sa.select(Client.notes).where(Client.id == alice_id))
        db.session.execute(sa.update(Client).where(Client.id == alice_id).values(notes=notes + "*"))

    for _round in range(3):
        together(*[add_star] * 4)
    assert cast.alice.notes == "*" * 12


def test_fresh_lines_overwrite_what_was_loaded_before(cast, db_session, together):
    line = cast.bobs_request.lines[0]

    def decline():
        db.session.execute(
            sa.update(JobRequestLine).where(JobRequestLine.id == line_id).values(state=LineState.DECLINED)
        )

    line_id = line.id
    db_session.commit()
    together(decline)
    assert locks.fresh_lines([line_id]) == [line]
    assert line.state is LineState.DECLINED


def test_fresh_lines_come_in_the_order_of_their_dates_and_times(cast):
    request = make.job_request(cast.alice, number=2)
    lines = [
        make.line(
            request, cast.walk, on_date=make.DAY + dt.timedelta(days=d), start_time=dt.time(h), pets=[cast.biscuit]
        )
        for d, h in ((1, 9), (0, 15), (0, 9))
    ]
    assert locks.fresh_lines(x.id for x in lines) == lines[::-1]
    assert locks.fresh_lines([]) == []


@pytest.mark.parametrize("state", LineState, ids=str)
def test_require_submitted_says_what_happened(cast, state):
    line = make.line(make.job_request(cast.alice, number=2), cast.walk, state=state)
    if state is LineState.SUBMITTED:
        locks.require_submitted([line])
        return
    with pytest.raises(WrongState) as refused:
        locks.require_submitted([line])
    assert refused.value.code == f"line_{state.value}"
    assert state is LineState.DRAFT or state.value in str(refused.value)
