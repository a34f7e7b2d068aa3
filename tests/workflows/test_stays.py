"""Which visits of a client make one stay: gaps to the hour, blocks, whole days, bookings over days, other clients."""

import datetime as dt

import pytest

from foundation import clock
from models import JobState, TimeType
from tests import factories as make
from tests.databases import statements
from workflows import settings, stays
from workflows.actors import COMMAND_LINE

pytestmark = pytest.mark.covers("X10")

D = [dt.date(2026, 12, day) for day in range(1, 12)]


def visit(client, day, start="12:00", **more):
    return make.job(client, on_date=day, start_time=dt.time.fromisoformat(start) if start else None, **more)


def stays_of(*jobs, now=None):
    """The stays as sets of positions among the jobs."""
    found = stays.stays_of(jobs, now=now or clock.now())
    places = {job.id: i for i, job in enumerate(jobs)}
    return [sorted(places[v.job_id] for v in found[job.id].visits if v.job_id in places) for job in jobs]


@pytest.fixture
def client(db_session):
    return make.client()


def test_gap_of_exactly_the_set_hours_belongs_together_a_minute_more_does_not(client):
    """A visit of 30 minutes at noon ends at 12:30; 36 hours later is half past midnight."""
    first = visit(client, D[0])
    assert stays_of(first, visit(client, D[2], "00:30")) == [[0, 1], [0, 1]]
    assert stays_of(first, visit(make.client(), D[2], "00:30")) == [[0], [1]]


def test_gap_longer_than_the_set_hours_parts_two_stays(client):
    jobs = visit(client, D[0]), visit(client, D[2], "00:31"), visit(client, D[3], "12:31")
    assert stays_of(*jobs) == [[0], [1, 2], [1, 2]]
    settings.change({"schedule.stay_gap_hours": 12}, actor=COMMAND_LINE)
    assert stays_of(*jobs) == [[0], [1], [2]]


def test_gap_is_real_time_in_the_night_of_the_clock_change(client):
    """From 31 October 12:30 to 2 November 00:30 the clock shows 36 hours, but 37 pass."""
    autumn = visit(client, dt.date(2026, 10, 31)), visit(client, dt.date(2026, 11, 2), "00:30")
    assert stays_of(*autumn) == [[0], [1]]
    spring = visit(client, dt.date(2027, 3, 13)), visit(client, dt.date(2027, 3, 15), "01:30")
    assert stays_of(*spring) == [[0, 1], [0, 1]]


def test_chain_is_told_by_its_visits_that_are_not_asked_for(client):
    jobs = [visit(client, day) for day in D]
    visit(make.client(), D[0] - dt.timedelta(days=1))
    stay = stays.stays_of([jobs[5]], now=clock.now())[jobs[5].id]
    assert (stay.first_on, stay.last_on, len(stay.visits), stay.has_begun) == (D[0], D[-1], 11, False)
    assert stay.begins == dt.datetime(2026, 12, 1, 12)


def test_block_ends_with_its_window_and_a_visit_without_a_time_takes_its_day(client):
    block = make.time_block("Morning", dt.time(7), dt.time(10))
    assert stays_of(visit(client, D[0], None, block=block), visit(client, D[1], "22:00")) == [[0, 1], [0, 1]]
    assert stays_of(visit(client, D[4], None), visit(client, D[6], "12:00")) == [[0, 1], [0, 1]]
    assert stays_of(visit(client, D[8], None), visit(client, D[10], "12:01")) == [[0], [1]]


def test_booking_over_days_is_a_stay_of_its_own(client):
    before = visit(client, D[0])
    whole = make.service_item("Overnight", time_type=TimeType.ALL_DAY)
    booking = visit(client, D[1], None, item=whole, ends_on=D[4])
    timed = visit(client, D[4], "18:00", ends_on=D[5], end_time=dt.time(9))
    after = visit(client, D[5])
    assert stays_of(before, booking, timed, after) == [[0], [1], [2], [3]]
    found = stays.stays_of([booking, timed], now=clock.now())
    assert [found[j.id].visits[0].n_days for j in (booking, timed)] == [3, 1]


def test_overnights_after_one_another_are_a_chain_although_each_ends_on_the_next_day(client):
    night = make.service_item(duration_minutes=600)
    jobs = [visit(client, d, "22:00", item=night) for d in D[:3]]
    assert [(j.ends_on - j.on_date).days for j in jobs] == [1, 1, 1]
    assert stays_of(*jobs) == [[0, 1, 2]] * 3


@pytest.mark.parametrize(
    ("state", "belongs"),
    [(JobState.COMPLETED, True), (JobState.IN_PROGRESS, True), (JobState.CANCELLED, False), (JobState.VOIDED, False)],
)
def test_visits_that_were_done_belong_to_the_stay_and_begin_it(client, state, belongs):
    first, second = visit(client, D[0], state=state), visit(client, D[1])
    stay = stays.stays_of([second], now=clock.now())[second.id]
    assert (len(stay.visits), stay.has_begun) == ((2, True) if belongs else (1, False))
    assert stays.stays_of([first], now=clock.now())[first.id].visits[0].job_id == first.id


def test_stay_has_begun_when_its_first_visit_s_time_has_come(client, clock_at):
    jobs = [visit(client, d) for d in D[:2]]
    for now, begun in (("2026-12-01 11:59", False), ("2026-12-01 12:00", True)):
        assert stays.stays_of([jobs[1]], now=clock_at(now))[jobs[1].id].has_begun is begun


def test_stays_of_cost_one_question_however_many_clients_and_visits(client, db_session):
    jobs = [visit(c, d, block=make.time_block()) for c in (client, make.client(), make.client()) for d in D[:4]]
    settings.read()
    db_session.flush()
    with statements() as sent:
        stays.stays_of(jobs, now=clock.now())
    assert len(sent) == 1
    assert stays.stays_of([], now=clock.now()) == {}
