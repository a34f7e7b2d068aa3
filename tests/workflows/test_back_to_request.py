"""A visit leaves the schedule and waits as a request again."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from models import (
    Activity,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    OutboxMail,
    RepeatSkip,
    RequestMessage,
)
from tests import factories as make
from tests.databases import count
from workflows import job_requests, jobs, settings, sitter_mails
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.back_to_request import back_to_request
from workflows.errors import Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind

THU, FRI = dt.date(2026, 11, 26), dt.date(2026, 11, 27)


@pytest.fixture
def job(cast, outbox, db_session):
    """Alice's walk on Thursday at noon by Sam, made from her request number 17."""
    request = make.sent_request(cast.alice, cast.walk, number=17, pets=[cast.biscuit], start_time=dt.time(12))
    (made,) = job_requests.schedule(cast.alice, request.lines, actor=cast.as_max)
    outbox.clear()
    db_session.commit()
    return made


@pytest.fixture
def booked(cast):
    """Alice's cat visit on Friday morning by Sita, booked by the office."""
    return make.job(
        cast.alice, cast.cat_visit, sitter=cast.sita, on_date=FRI, start_time=None, block=cast.morning,
        pets=[cast.mochi], note="Shy cat", staff_note="Key at office",
    )  # fmt: skip


def back(cast, *which, **more):
    return back_to_request(which, **{"actor": cast.as_max, **more})


def refuse(do, kind=WrongState):
    with pytest.raises(kind) as refused:
        do()
    return refused.value.code


@pytest.mark.covers("B12")
def test_a_visit_goes_back_to_the_request_that_it_came_from(cast, job, db_session):
    line, job_id = job.request_line, job.id
    assert back(cast, job) == [line]
    db_session.commit()
    db_session.expire_all()
    assert (db_session.get(Job, job_id), line.state, line.request.number, line.decided_at) == (
        None, LineState.SUBMITTED, 17, None,
    )  # fmt: skip
    assert (line.sitter, line.leave_unassigned, count(JobRequest, JobRequest.client_id == cast.alice.id)) == (
        None, False, 1,
    )  # fmt: skip
    assert job_requests.n_clients_waiting() == 2  # with Bob, who waits too
    (again,) = job_requests.schedule(cast.alice, [line], actor=cast.as_max)
    assert (again.request_line, again.state, again.sitter_id) == (line, JobState.SCHEDULED, cast.sam.id)


@pytest.mark.covers("B12")
def test_scheduled_once_more_the_client_is_told_once_more(cast, job, outbox, db_session):
    """Also where the database gives the new visit the id of the one that is gone."""
    (line,) = back(cast, job)
    db_session.commit()
    for _ in range(2):
        (again,) = job_requests.schedule(cast.alice, [line], actor=cast.as_max)
        db_session.commit()
        back(cast, again)
    assert outbox.kinds().count(MailKind.JOB_SCHEDULED.value) == 2


@pytest.mark.covers("B12")
def test_the_line_is_what_the_visit_was_at_last(cast, job):
    jobs.change(
        job, jobs.Change(cast.cat_visit, FRI, None, cast.evening, cast.sita, [cast.mochi], "new", "private"),
        actor=cast.as_max,
    )  # fmt: skip
    price = job.price
    (line,) = back(cast, job, keep_sitter=True)
    assert (line.service_item, line.on_date, line.start_time, line.time_block, line.pets) == (
        cast.cat_visit, FRI, None, cast.evening, [cast.mochi],
    )  # fmt: skip
    assert (line.note, line.staff_note, line.sitter, line.price) == ("new", "private", cast.sita, price)


@pytest.mark.covers("B12")
def test_visits_without_a_request_get_a_new_one_together(cast, job, booked, db_session):
    other = make.job(cast.alice, cast.walk, on_date=FRI, pets=[cast.biscuit])
    lines = back(cast, job, booked, other)
    db_session.commit()
    numbers = [line.request.number for line in lines]
    assert (numbers[0], len(set(numbers[1:])), numbers[1] not in {None, 17}) == (17, 1, True)
    by_booked = next(x for x in lines if x.service_item is cast.cat_visit)
    assert (by_booked.state, by_booked.time_block, by_booked.pets, by_booked.note, by_booked.staff_note) == (
        LineState.SUBMITTED, cast.morning, [cast.mochi], "Shy cat", "Key at office",
    )  # fmt: skip
    assert (by_booked.price, by_booked.request.submitted_at, by_booked.submitted_at) == (
        Decimal("20.00"),
        dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC),
    )


@pytest.mark.covers("B12", "X11")
def test_a_series_never_makes_the_visit_again(cast, booked, db_session):
    series = make.repeat(cast.alice, cast.cat_visit)
    time_id = series.times[0].id
    booked.repeat, booked.repeat_on, booked.repeat_time_id = series, FRI, time_id
    back(cast, booked)
    db_session.commit()
    assert [(s.repeat_id, s.on_date, s.repeat_time_id) for s in db_session.scalars(sa.select(RepeatSkip))] == [
        (series.id, FRI, time_id)
    ]
    again = make.job(cast.alice, cast.walk, repeat=series, repeat_on=FRI, repeat_time_id=time_id)
    back(cast, again)
    assert count(RepeatSkip) == 1


@pytest.mark.covers("B12", "B16")
def test_the_sitter_is_told_and_the_client_only_with_a_message(cast, job, outbox):
    back(cast, job)
    facts = outbox.facts(MailKind.SITTER_VISIT_TAKEN_AWAY, to="sam@example.com")
    assert (len(outbox), facts.because, facts.visits[0].on_date) == (1, "request", "2026-11-26")


@pytest.mark.covers("B12", "B13")
def test_a_message_goes_to_the_client_and_onto_the_thread(cast, job, outbox, db_session):
    back(cast, job, message="Sam fell ill, we look for somebody.")
    facts = outbox.facts(MailKind.REQUEST_MESSAGE, to="alice@example.com")
    assert (facts.request_number, facts.body) == (17, "Sam fell ill, we look for somebody.")
    assert db_session.scalar(sa.select(RequestMessage.body)) == "Sam fell ill, we look for somebody."
    cast.alice.email = None
    (line,) = db_session.scalars(sa.select(JobRequestLine).where(JobRequestLine.client_id == cast.alice.id))
    (again,) = job_requests.schedule(cast.alice, [line], actor=cast.as_max)
    assert refuse(lambda: back(cast, again, message="Hello"), Invalid) == "no_email"


@pytest.mark.covers("B12")
def test_the_log_keeps_the_story_and_the_evening_mail_tells_of_far_visits(cast, job, outbox, clock_at, db_session):
    settings.change({"mail.sitter_days": 0}, actor=COMMAND_LINE)
    back(cast, job)
    line = db_session.scalars(sa.select(Activity).where(Activity.verb == "job.back_to_request")).one()
    assert (line.client_id, line.subject_type, line.facts["number"], line.facts["jobs"]) == (
        cast.alice.id, "job_request", 17, ["Dog walk, 2026-11-26 12:00"],
    )  # fmt: skip
    clock_at("2026-11-23 18:00")
    sitter_mails.evening_schedules()
    assert outbox.facts(MailKind.SITTER_SCHEDULE, to="sam@example.com").changes[-1] == "Dog walk, 2026-11-26 12:00 ✗"


@pytest.mark.parametrize("state", [s for s in JobState if s is not JobState.SCHEDULED], ids=str)
def test_only_scheduled_visits_go_back_and_all_or_none(cast, job, booked, outbox, db_session, state):
    booked.state = state
    db_session.commit()
    assert refuse(lambda: back(cast, job, booked)) == f"job_{state.value}"
    db_session.rollback()
    assert (count(Job, Job.client_id == cast.alice.id), len(outbox)) == (2, 0)


def test_past_visits_and_stays_do_not_go_back(cast, job, clock_at):
    stay = make.job(cast.alice, cast.overnight, on_date=FRI, ends_on=dt.date(2026, 11, 29), start_time=None)
    timed = make.job(cast.alice, cast.walk, on_date=FRI, start_time=dt.time(9), end_time=dt.time(18))
    assert [refuse(lambda x=x: back(cast, x)) for x in (stay, timed)] == ["job_stay", "job_stay"]
    clock_at("2026-11-27 00:00")
    assert refuse(lambda: back(cast, job)) == "job_past"


def test_over_midnight_goes_back(cast):
    late = make.job(cast.alice, cast.walk, start_time=dt.time(23, 45))
    night = make.job(cast.alice, cast.cat_visit, start_time=None, block=cast.night)
    assert [x.on_date for x in back(cast, late, night)] == [THU, THU]


def test_back_to_request_is_closed_to_sitters_clients_and_for_nothing(cast, job):
    for who in (cast.as_sam, cast.as_alice):
        assert refuse(lambda who=who: back(cast, job, actor=who), NotAllowed) == "not_allowed"
    assert refuse(lambda: back(cast), Invalid) == "no_jobs"
    assert refuse(lambda: back(cast, job, cast.bobs_job)) == "job_gone"


def test_back_to_request_twice_at_once_happens_once(cast, job, together, db_session):
    job_id, max_ = job.id, staff_actor(cast.max)

    def do():
        found = db_session.get(Job, job_id)
        return len(back_to_request([found], actor=max_)) if found else "gone"

    results = [r if isinstance(r, int | str) else getattr(r, "code", repr(r)) for r in together(do, do)]
    assert results.count(1) == 1
    assert {*results} - {1} <= {"gone", "job_gone"}
    assert count(OutboxMail, OutboxMail.kind == MailKind.SITTER_VISIT_TAKEN_AWAY.value) == 1


def test_a_later_visit_never_gets_the_number_of_one_that_is_gone(cast, db_session):
    """On SQLite too: else the log of the one would be shown as the story of the other."""
    job = make.job(cast.alice, cast.walk)
    number = job.id
    db_session.delete(job)
    db_session.flush()
    assert make.job(cast.bob, cast.walk).id != number
