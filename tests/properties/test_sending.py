"""Sending splits a basket in two: what can be requested goes, the rest stays, and no line is lost or doubled."""

import datetime as dt

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from models import Counter, Job, JobRequest, JobRequestLine, LineState, Notification, OutboxMail
from tests import factories as make
from tests.databases import count
from workflows import baskets, sending
from workflows.errors import Invalid

#: an example fills and empties tables, so fewer of them
FEWER = settings(max_examples=max(settings.default.max_examples // 3, 10))

#: which day a line is for, and whether that can be requested on Monday 23 November at 10:00
DAYS = {"past": (-1, False), "today": (0, True), "soon": (3, True), "closed": (5, False), "far": (500, False)}
LINES = st.lists(st.tuples(st.sampled_from(sorted(DAYS)), st.booleans()), min_size=1, max_size=8)


@pytest.fixture
def wipe(cast, db_session):
    """Forget all requests between two examples. Saturday is closed, and cat visits are hidden."""
    make.closed_day(dt.date(2026, 11, 28))
    cast.cat_visit.visible_in_portal = False

    def do():
        for table in (OutboxMail, Notification, Job, JobRequestLine, JobRequest, Counter):
            db_session.execute(sa.delete(table))
        db_session.commit()
        db_session.expire_all()

    return do


def outcome(cast, lines, *, joins):
    """Put the lines into Alice's basket and send it. The lines by whether they could go, the result, the request joined."""
    target = make.sent_request(cast.alice, cast.overnight, number=77) if joins else None
    basket = make.job_request(cast.alice, adds_to=target)
    made: dict[bool, set[int]] = {True: set(), False: set()}
    for n, (day, hidden) in enumerate(lines):
        days, possible = DAYS[day]
        item = cast.cat_visit if hidden else cast.walk
        on_date = dt.date(2026, 11, 23) + dt.timedelta(days=days)
        line = make.line(basket, item, on_date=on_date, start_time=dt.time(12, n), pets=[cast.biscuit])
        made[possible and not hidden].add(line.id)
    try:
        return made, sending.submit(cast.alice, actor=cast.as_alice), target
    except Invalid:
        return made, None, target


@FEWER
@given(LINES, st.booleans())
def test_submit_sends_just_what_can_be_requested_and_keeps_the_rest(cast, db_session, wipe, lines, joins):
    wipe()
    made, sent, target = outcome(cast, lines, joins=joins)
    db_session.commit()
    db_session.expire_all()
    rest = baskets.basket_of(cast.alice.id)
    kept = {x.id for x in rest.lines} if rest else set()
    gone = {x.id for x in sent.lines} if sent else set()
    assert (gone, kept) == (made[True], made[False])
    assert {x.state for x in (sent.lines if sent else [])} <= {LineState.SUBMITTED}
    assert {x.state for x in (rest.lines if rest else [])} <= {LineState.DRAFT}
    assert len(sent.kept_back if sent else []) == (len(kept) if sent else 0)
    if sent:
        assert (sent.request.number, {x.id for x in sent.request.lines} >= gone) == (77 if joins else 1, True)
        assert (sent.request is target) is joins
    assert (count(OutboxMail), count(Notification)) == ((1, 1) if sent else (0, 0))


@FEWER
@given(LINES)
def test_auto_submit_sends_the_same_and_doing_it_again_changes_nothing(cast, db_session, wipe, clock_at, lines):
    clock_at("2026-11-23 10:00")
    wipe()
    basket = make.job_request(cast.alice, changed_at=dt.datetime(2026, 11, 22, 14, 59, tzinfo=dt.UTC))
    possible = set()
    for n, (day, hidden) in enumerate(lines):
        days, can = DAYS[day]
        item = cast.cat_visit if hidden else cast.walk
        line = make.line(
            basket,
            item,
            on_date=dt.date(2026, 11, 23) + dt.timedelta(days=days),
            start_time=dt.time(12, n),
            pets=[cast.biscuit],
        )
        possible |= {line.id} if can and not hidden else set()
    seen = []
    for _ in range(3):
        sending.auto_submit(cast.alice)
        db_session.commit()
        db_session.expire_all()
        states = dict(db_session.query(JobRequestLine.id, JobRequestLine.state).filter_by(client_id=cast.alice.id))
        blocked = {i for (i,) in db_session.query(JobRequestLine.id).filter(JobRequestLine.blocked_code.is_not(None))}
        seen.append((states, blocked, count(OutboxMail), count(Notification)))
    assert seen[0] == seen[1] == seen[2]
    states, blocked, _mails, _notices = seen[0]
    assert {i for i, s in states.items() if s is LineState.SUBMITTED} == possible
    assert blocked == set(states) - possible
