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
    PriceEffect,
    RepeatSkip,
    RequestMessage,
    TimeType,
)
from tests import factories as make
from tests.databases import count
from workflows import changing, job_requests, jobs, settings, sitter_mails
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.back_to_request import back_to_request
from workflows.conflicts import ConflictsFound, tokens
from workflows.errors import Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind
from workflows.wanted import Wanted

THU, FRI, SAT, SUN = (dt.date(2026, 11, day) for day in (26, 27, 28, 29))
SIX, NINE = dt.time(18), dt.time(9)


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
    changing.change(
        job, changing.Change(cast.cat_visit, FRI, None, cast.evening, cast.sita, [cast.mochi], "new", "private"),
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


def test_past_visits_do_not_go_back(cast, job, clock_at):
    clock_at("2026-11-27 00:00")
    assert refuse(lambda: back(cast, job)) == "job_past"


def test_over_midnight_goes_back(cast):
    late = make.job(cast.alice, cast.walk, start_time=dt.time(23, 45))
    night = make.job(cast.alice, cast.cat_visit, start_time=None, block=cast.night)
    lines = back(cast, late, night)
    assert [(x.on_date, x.last_on, x.ends_on) for x in lines] == [(THU, THU, None)] * 2, "these end after their minutes"


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


# ------------------------------------------------------------------------------------------------------------- stays


@pytest.fixture
def stay(cast, outbox, db_session):
    """Alice's overnight stay with Sam from Friday 18:00 to Sunday 9:00, booked by the office: two nights, 200.00."""
    wanted = Wanted(cast.overnight, [], pets=[cast.mochi], note="Two bowls")
    (made,) = jobs.book(
        cast.alice, wanted, sitter=cast.sam, actor=cast.as_max, stay=jobs.Stay(FRI, SUN, SIX, NINE)
    )  # fmt: skip
    outbox.clear()
    db_session.commit()
    return made


def span(placed):
    return placed.on_date, placed.ends_on, placed.start_time, placed.end_time


def given_back(cast, stay, db_session):
    """The line that a stay became, read afresh."""
    (line,) = back(cast, stay, keep_sitter=True)
    db_session.commit()
    db_session.expire_all()
    return line


def again(cast, line, **more):
    (job,) = job_requests.schedule(cast.alice, [line], actor=cast.as_max, **more)
    return job


@pytest.mark.covers("B12", "B15")
@pytest.mark.parametrize(
    ("first", "last", "start", "end", "n_days"),
    [(FRI, SUN, SIX, NINE, 2), (FRI, SUN, None, None, 2), (FRI, SAT, SIX, NINE, 1), (FRI, FRI, NINE, SIX, 1)],
)
def test_a_stay_goes_back_as_one_line_and_is_scheduled_again_as_it_was(
    cast, db_session, first, last, start, end, n_days
):
    wanted = Wanted(cast.overnight, [], pets=[cast.mochi])
    booked = jobs.Stay(first, last, start, end)
    (made,) = jobs.book(cast.alice, wanted, sitter=cast.sam, actor=cast.as_max, stay=booked)
    assert made.price == 100 * n_days
    line = given_back(cast, made, db_session)
    assert (line.on_date, line.last_on, line.start_time, line.end_time) == (first, last, start, end)
    assert (line.price, line.state, count(Job, Job.client_id == cast.alice.id)) == (
        100 * n_days,
        LineState.SUBMITTED,
        0,
    )
    job = again(cast, line)
    assert span(job) == (first, last, start, end)
    assert (job.price, job.sitter_pay, job.sitter_id, job.state) == (
        100 * n_days, 50 * n_days, cast.sam.id, JobState.SCHEDULED,
    )  # fmt: skip


@pytest.mark.covers("B12")
def test_a_stay_that_became_a_visit_of_one_day_goes_back_as_one(cast, stay, db_session):
    job = again(cast, given_back(cast, stay, db_session))
    changing.change(job, changing.Change(cast.walk, FRI, NINE, None, cast.sam, [cast.biscuit]), actor=cast.as_max)
    line = given_back(cast, job, db_session)
    assert span(line) == (FRI, None, NINE, None)


@pytest.mark.covers("B12")
def test_mails_about_the_requested_stay_say_from_when_to_when(cast, stay, outbox, db_session):
    settings.change({"portal.show_prices": True}, actor=COMMAND_LINE)
    line = given_back(cast, stay, db_session)
    again(cast, line)
    scheduled = outbox.facts(MailKind.JOB_SCHEDULED, to="alice@example.com").visits[0]
    (line,) = back(cast, line.job, message="Sam is ill.")
    asked = outbox.facts(MailKind.REQUEST_MESSAGE, to="alice@example.com").lines[0]
    job_requests.decline(cast.alice, [line], reason="Nobody is free", actor=cast.as_max)
    declined = outbox.facts(MailKind.REQUEST_DECLINED, to="alice@example.com").lines[0]
    for visit in (scheduled, asked, declined):
        when = (visit.on_date, visit.start_time, visit.ends_on, visit.end_time)
        assert when == ("2026-11-27", "18:00", "2026-11-29", "09:00")
    assert (scheduled.price, declined.price) == ("200.00", "200.00")
    assert line.state is LineState.DECLINED


@pytest.mark.covers("B12", "C1")
@pytest.mark.parametrize("how", ["client", "office"])
def test_the_client_cancels_or_the_office_deletes_a_requested_stay(cast, stay, outbox, db_session, how):
    line = given_back(cast, stay, db_session)
    if how == "client":
        job_requests.cancel_lines(cast.alice, [line], actor=cast.as_alice)
        (visit,) = outbox.facts(MailKind.REQUEST_CANCELLED, to="alice@example.com").lines
        assert (visit.ends_on, visit.end_time) == ("2026-11-29", "09:00")
    else:
        job_requests.delete_lines(cast.alice, [line], actor=cast.as_max)
    assert line.state is (LineState.CANCELLED if how == "client" else LineState.DELETED)
    assert refuse(lambda: again(cast, line)) == f"line_{line.state.value}"


@pytest.mark.covers("B12", "B11")
@pytest.mark.parametrize(
    ("day", "hour", "stands_in_the_way"),
    [(FRI, 17, False), (FRI, 18, True), (SAT, 12, True), (SUN, 8, True), (SUN, 9, False)],
)
def test_whatever_is_in_the_stay_stands_against_it(cast, stay, db_session, day, hour, stands_in_the_way):
    line = given_back(cast, stay, db_session)
    make.job(cast.bob, cast.walk, sitter=cast.sam, on_date=day, start_time=dt.time(hour))
    found = job_requests.line_conflicts([line])
    assert bool(found) is stands_in_the_way
    if stands_in_the_way:
        assert refuse(lambda: again(cast, line), ConflictsFound) == "conflicts"
        assert span(again(cast, line, accept=tokens(found))) == (FRI, SUN, SIX, NINE)
    else:
        again(cast, line)


@pytest.mark.covers("B12")
def test_a_day_off_on_the_last_day_of_the_stay_stands_against_it(cast, stay, db_session):
    line = given_back(cast, stay, db_session)
    make.time_off(cast.sam, SUN)
    assert [c.kind for c in job_requests.line_conflicts([line])[line.id]] == ["time_off"]


def edit(cast, line, item=None, day=FRI, start=SIX, end=NINE):
    wanted = Wanted(item or line.service_item, [day], start_time=start, pets=[cast.mochi])
    return job_requests.edit_line(
        line, wanted, sitter=cast.sita, leave_unassigned=False, staff_note="", actor=cast.as_max, end_time=end
    )


@pytest.mark.covers("B12", "B10")
def test_a_requested_stay_that_is_moved_stays_as_long_as_it_is_and_is_priced_day_by_day(cast, stay, db_session):
    make.public_holiday(dt.date(2026, 12, 25), "Christmas Day")
    make.price_rule("Holidays", effect=PriceEffect.ADD_AMOUNT, amount=Decimal(30), on_holiday=True)
    line = given_back(cast, stay, db_session)
    edit(cast, line, day=dt.date(2026, 12, 24), start=NINE, end=dt.time(20))
    assert span(line) == (dt.date(2026, 12, 24), dt.date(2026, 12, 26), NINE, dt.time(20))
    assert line.price == Decimal(230), "two nights, the second on a holiday"
    job = again(cast, line)
    assert (span(job), job.price, job.sitter_id) == (span(line), Decimal(230), cast.sita.id)


def test_a_requested_stay_loses_its_end_with_another_service_and_keeps_it_over_whole_days(cast, stay, db_session):
    line = given_back(cast, stay, db_session)
    sitting = make.service_item("House sitting", time_type=TimeType.ALL_DAY, price=Decimal(40))
    assert (span(edit(cast, line, sitting)), line.price) == ((FRI, SUN, SIX, NINE), Decimal(80))
    assert (span(edit(cast, line, cast.walk, start=NINE)), line.price) == ((FRI, None, NINE, None), cast.walk.price)
    assert span(edit(cast, line, cast.overnight, start=None)) == (FRI, None, None, None)


def test_a_requested_stay_is_not_given_an_end_before_its_start_or_one_time_only(cast, stay, db_session):
    line = given_back(cast, stay, db_session)
    assert refuse(lambda: edit(cast, line, end=None), Invalid) == "stay_times"
    assert refuse(lambda: edit(cast, line, start=None), Invalid) == "stay_times"
    assert span(edit(cast, line, start=None, end=None)) == (FRI, SUN, None, None)
    day_care = make.job(cast.alice, cast.overnight, on_date=FRI, start_time=NINE, end_time=SIX, pets=[cast.mochi])
    line = given_back(cast, day_care, db_session)
    assert refuse(lambda: edit(cast, line, start=SIX, end=NINE), Invalid) == "stay_order"
