"""Visits called off and back on: figures of the policy, figures kept, who is told, void for the past."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from models import JOB_MOVES, Activity, Initiator, Job, JobState, Notification, NotificationKind, OutboxMail, RefundTo
from tests import factories as make
from workflows import cancelling, conflicts, settings
from workflows.actors import COMMAND_LINE, staff_actor, staff_as_client
from workflows.cancellation import Outcome
from workflows.conflicts import ConflictsFound
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind, from_json

THU, FRI = dt.date(2026, 11, 26), dt.date(2026, 11, 27)
YESTERDAY = dt.date(2026, 11, 22)
HALF = Outcome(Decimal("10.00"), Decimal("5.00"), RefundTo.MONEY, "Late")


@pytest.fixture
def job(cast):
    """Alice's walk on Thursday at noon by Sam: 20.00, of which Sam gets 10.00."""
    return make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit])


@pytest.fixture
def past(cast):
    """Alice's walk of yesterday, which nobody began."""
    return make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=YESTERDAY, pets=[cast.biscuit])


def cancel(cast, *jobs, **more):
    return cancelling.cancel(jobs, **{"actor": cast.as_max, **more})


def log(db_session, *verbs):
    db_session.flush()
    return [a for a in db_session.query(Activity).order_by(Activity.id) if a.verb in verbs]


def refuse(do, kind=Invalid):
    with pytest.raises(kind) as refused:
        do()
    return refused.value.code, refused.value.field


def everything(db_session):
    db_session.expire_all()
    return [
        db_session.execute(sa.select(t.__table__).order_by(t.__table__.c.id)).all()
        for t in (Job, OutboxMail, Notification, Activity)
    ]


def figures(job):
    return job.price, job.sitter_pay, job.prior_price, job.prior_sitter_pay


# ------------------------------------------------------------------------------------------------------- cancelling


@pytest.mark.covers("X9")
def test_cancel_takes_the_policy_s_figures_and_keeps_those_before(cast, job, db_session):
    cancel(cast, job, reason=" snow ", policy={job.id: HALF})
    db_session.commit()
    db_session.expire_all()
    assert (job.state, *figures(job)) == (
        JobState.CANCELLED, Decimal("10.00"), Decimal("5.00"), Decimal("20.00"), Decimal("10.00"),
    )  # fmt: skip
    assert (job.cancelled_by, job.cancel_reason, job.fee_reason, job.refund_to) == (
        Initiator.OFFICE, "snow", "", RefundTo.MONEY,
    )  # fmt: skip
    assert job.cancelled_at == dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)


@pytest.mark.covers("X9", "X10")
def test_cancel_asks_the_policy_itself_when_nothing_is_given(cast, job):
    make.cancellation_rule("All of it", initiator=Initiator.CLIENT)
    cancel(cast, job)
    assert (job.price, job.prior_price, job.refund_to) == (0, Decimal("20.00"), RefundTo.CREDIT)


@pytest.mark.covers("X9")
def test_cancel_logs_each_visit_with_its_figures(cast, job, db_session):
    other = make.job(cast.alice, cast.walk, on_date=FRI)
    cancel(cast, other, job, policy={job.id: HALF}, reason="snow")
    lines = log(db_session, "job.cancelled")
    assert [(a.client_id, a.subject_id, a.facts["jobs"], a.facts["changes"], a.facts["rule"]) for a in lines] == [
        (
            cast.alice.id, job.id, ["Dog walk, 2026-11-26 12:00"],
            {"price": ["20.00", "10.00"], "sitter_pay": ["10.00", "5.00"]}, "Late",
        ),
        (
            cast.alice.id, other.id, ["Dog walk, 2026-11-27 12:00"],
            {"price": ["20.00", "0.00"], "sitter_pay": ["10.00", "0.00"]}, "",
        ),
    ]  # fmt: skip
    assert {(a.facts["reason"], a.facts["by"]) for a in lines} == {("snow", "office")}


@pytest.mark.covers("X9")
def test_cancel_tells_the_client_what_each_costs_and_the_sum(cast, job, outbox):
    others = [make.job(cast.alice, cast.walk, on_date=FRI) for _n in range(2)]
    cancel(cast, job, *others, policy={job.id: HALF, others[0].id: HALF})
    facts = outbox.facts(MailKind.VISIT_CANCELLED)
    assert ([(v.fee, v.price) for v in facts.visits], facts.fee) == (
        [("10.00", ""), ("10.00", ""), ("", "")],
        "20.00",
    )


def test_cancel_without_telling_anybody(cast, job, outbox, db_session):
    cancel(cast, job, mail_client=False, told=False)
    assert (len(outbox), log(db_session, "job.cancelled")[0].facts["evening"]) == (0, [])


@pytest.mark.covers("X9")
@pytest.mark.parametrize(("days", "at_once"), [(0, False), (2, False), (3, True), (365, True)])
def test_cancel_tells_the_sitter_at_once_within_the_set_days_else_in_the_evening(
    cast, job, outbox, db_session, days, at_once
):
    settings.change({"mail.cancel_sitter_days": days, "mail.sitter_days": 0}, actor=COMMAND_LINE)
    cancel(cast, job, mail_client=False)
    assert [m.to_address for m in outbox.mails(MailKind.SITTER_VISIT_TAKEN_AWAY)] == ["sam@example.com"] * at_once
    facts = log(db_session, "job.cancelled")[0].facts
    assert (facts["evening"], facts["news"]) == (
        ([], {}) if at_once else ([cast.sam.id], {str(cast.sam.id): "Dog walk, 2026-11-26 12:00 ✗"})
    )


@pytest.mark.covers("X9")
def test_cancel_by_the_client_puts_a_notice_on_home_and_counts_as_the_client_s(cast, job, outbox, db_session):
    cancelling.cancel([job], actor=cast.as_alice, reason="Back home", policy={job.id: HALF})
    (notice,) = db_session.scalars(sa.select(Notification))
    assert (notice.kind, notice.client_id, notice.facts["lines"], notice.facts["fee"], notice.facts["reason"]) == (
        NotificationKind.VISIT_CANCELLED, cast.alice.id, ["Dog walk, 2026-11-26 12:00"], "10.00", "Back home",
    )  # fmt: skip
    assert (job.cancelled_by, log(db_session, "job.cancelled")[0].actor_name) == (Initiator.CLIENT, "Alice Archer")
    assert outbox.kinds() == ["visit_cancelled", "sitter_visit_taken_away"]


@pytest.mark.covers("X9")
def test_cancel_for_the_client_in_the_portal_counts_as_the_client_s_too(cast, job, db_session):
    cancelling.cancel([job], actor=staff_as_client(cast.max, cast.alice))
    assert (job.cancelled_by, len(list(db_session.scalars(sa.select(Notification))))) == (Initiator.CLIENT, 1)
    assert log(db_session, "job.cancelled")[0].on_behalf


def test_cancel_by_the_office_puts_nothing_on_home(cast, job, db_session):
    cancel(cast, job, initiator=Initiator.CLIENT)
    assert (job.cancelled_by, list(db_session.scalars(sa.select(Notification)))) == (Initiator.CLIENT, [])


def test_cancel_takes_a_reason_of_the_list_with_words_or_without(cast, job):
    weather = make.cancellation_reason("Weather")
    other = make.job(cast.alice, cast.walk, on_date=FRI)
    cancel(cast, job, reason_id=weather.id, reason="snow")
    cancel(cast, other, reason_id=weather.id)
    assert (job.cancel_reason, other.cancel_reason) == ("Weather: snow", "Weather")
    weather.is_active = False
    again = make.job(cast.alice, cast.walk, on_date=FRI)
    for bad in (weather.id, 999_999):
        assert refuse(lambda bad=bad: cancel(cast, again, reason_id=bad)) == ("bad_reason", "reason_id")


@pytest.mark.covers("X10")
def test_cancel_with_other_figures_needs_a_reason_and_keeps_it(cast, job, db_session):
    policy, mine = {job.id: HALF}, {job.id: Outcome(Decimal(0), Decimal("10.00"))}
    assert refuse(lambda: cancel(cast, job, policy=policy, outcomes=mine)) == ("no_fee_reason", "fee_reason")
    assert job.state is JobState.SCHEDULED
    cancel(cast, job, policy=policy, outcomes=mine, fee_reason=" The dog\nis ill ")
    assert (figures(job)[:2], job.fee_reason) == ((Decimal(0), Decimal("10.00")), "The dog is ill")
    assert log(db_session, "job.cancelled")[0].facts["fee_reason"] == "The dog is ill"


def test_cancel_keeps_no_reason_for_visits_that_cost_what_the_policy_says(cast, job):
    other = make.job(cast.alice, cast.walk, on_date=FRI)
    free = Outcome(Decimal(0), Decimal(0))
    cancel(
        cast,
        job,
        other,
        policy={job.id: HALF, other.id: free},
        outcomes={job.id: free, other.id: free},
        fee_reason="Ill",
    )
    assert (job.fee_reason, other.fee_reason) == ("Ill", "")


@pytest.mark.covers("X10")
def test_cancel_with_other_figures_is_closed_to_clients(cast, job):
    mine = {job.id: Outcome(Decimal(0), Decimal(0))}
    do = lambda: cancelling.cancel(  # noqa: E731
        [job], actor=cast.as_alice, policy={job.id: HALF}, outcomes=mine, fee_reason="I am nice"
    )
    assert refuse(do, NotAllowed)[0] == "not_allowed"


@pytest.mark.parametrize(
    ("outcome", "code", "field"),
    [
        (Outcome(Decimal("20.01"), Decimal(0)), "fee_range", "charge"),
        (Outcome(Decimal("-0.01"), Decimal(0)), "fee_range", "charge"),
        (Outcome(Decimal(0), Decimal("-0.01")), "pay_range", "sitter_pay"),
    ],
)
def test_cancel_refuses_figures_that_make_no_sense(cast, job, outcome, code, field):
    assert refuse(lambda: cancel(cast, job, outcomes={job.id: outcome}, fee_reason="x")) == (code, field)
    top = {job.id: Outcome(Decimal("20.00"), Decimal("99.00"))}
    assert refuse(lambda: cancel(cast, job, outcomes=top, fee_reason="x" * 256)) == ("fee_reason_long", "fee_reason")
    cancel(cast, job, outcomes=top, fee_reason="x" * 255)


def test_cancel_is_closed_to_sitters_and_to_other_clients(cast, job):
    for who in (cast.as_sam, cast.as_bob):
        assert refuse(lambda who=who: cancel(cast, job, actor=who), NotAllowed) == ("not_allowed", None)
    assert refuse(lambda: cancel(cast, cast.bobs_job, job, actor=cast.as_bob), WrongState) == ("job_gone", None)


@pytest.mark.covers("X11")
def test_cancel_leaves_the_row_of_a_series_so_that_it_is_never_made_again(cast, job, db_session):
    series = make.repeat(cast.alice, cast.walk)
    job.repeat, job.repeat_on, job.repeat_time_id = series, THU, series.times[0].id
    cancel(cast, job)
    db_session.commit()
    db_session.expire_all()
    assert (job.repeat_id, job.repeat_on, job.repeat_time_id) == (series.id, THU, series.times[0].id)


# ----------------------------------------------------------------------------------------------------- reinstating


@pytest.fixture
def off(cast, job, outbox, db_session):
    """The walk, cancelled for half of its price; the mails of it are gone."""
    cancel(cast, job, policy={job.id: HALF}, reason="snow", initiator=Initiator.CLIENT)
    outbox.clear()
    db_session.commit()
    return job


def reinstate(cast, job, **more):
    return cancelling.reinstate(job, **{"actor": cast.as_max, **more})


@pytest.mark.covers("X9")
def test_reinstate_brings_price_and_pay_back_and_leaves_nothing_of_the_cancellation(cast, off, db_session):
    off.acknowledged_at = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    reinstate(cast, off)
    db_session.commit()
    db_session.expire_all()
    assert (off.state, *figures(off)) == (JobState.SCHEDULED, Decimal("20.00"), Decimal("10.00"), None, None)
    assert (off.cancelled_at, off.cancelled_by, off.cancel_reason, off.fee_reason, off.refund_to) == (
        None, None, "", "", None,
    )  # fmt: skip
    assert (off.sitter, off.acknowledged_at) == (cast.sam, None)
    (line,) = log(db_session, "job.reinstated")
    assert (line.subject_id, line.client_id, line.facts["changes"]) == (
        off.id, cast.alice.id, {"price": ["10.00", "20.00"], "sitter_pay": ["5.00", "10.00"]},
    )  # fmt: skip


@pytest.mark.covers("X9")
def test_reinstate_tells_the_sitter_and_if_asked_the_client(cast, off, outbox):
    reinstate(cast, off, mail_client=True)
    assert [(m.kind, m.to_address) for m in outbox.mails()] == [
        ("visit_reinstated", "alice@example.com"),
        ("sitter_visit_assigned", "sam@example.com"),
    ]
    assert [v.on_date for v in outbox.facts(MailKind.VISIT_REINSTATED).visits] == ["2026-11-26"]


def test_reinstate_tells_the_sitter_of_a_far_visit_in_the_evening(cast, off, outbox, db_session):
    settings.change({"mail.sitter_days": 0}, actor=COMMAND_LINE)
    reinstate(cast, off)
    assert (len(outbox), log(db_session, "job.reinstated")[0].facts["evening"]) == (0, [cast.sam.id])


@pytest.mark.covers("X9", "B11")
def test_reinstate_shows_conflicts_first(cast, off, db_session):
    make.job(cast.bob, cast.walk, sitter=cast.sam)
    db_session.commit()
    before = everything(db_session)
    with pytest.raises(ConflictsFound) as refused:
        reinstate(cast, off)
    db_session.rollback()
    assert everything(db_session) == before
    assert reinstate(cast, off, accept=conflicts.tokens(refused.value.clashes)).sitter is cast.sam


def test_reinstate_with_another_sitter_or_nobody(cast, off, outbox, db_session):
    make.job(cast.bob, cast.walk, sitter=cast.sam)
    assert reinstate(cast, off, sitter=cast.sita).sitter is cast.sita
    assert [m.to_address for m in outbox.mails()] == ["sita@example.com"]
    cancel(cast, off)
    assert reinstate(cast, off, leave_unassigned=True).sitter is None


def test_reinstate_asks_for_somebody_else_when_the_sitter_has_left(cast, off):
    cast.sam.is_active = False
    assert refuse(lambda: reinstate(cast, off)) == ("sitter_left", "sitter")
    assert refuse(lambda: reinstate(cast, off, sitter=cast.max)) == ("not_a_sitter", "sitter")
    assert reinstate(cast, off, sitter=cast.sita)


def test_reinstate_of_the_past_is_refused_and_of_today_is_not(cast, off, clock_at):
    clock_at("2026-11-27 00:00")
    assert refuse(lambda: reinstate(cast, off), WrongState) == ("job_past", None)
    clock_at("2026-11-26 23:59")
    assert reinstate(cast, off)


def test_reinstate_of_what_somebody_changed_meanwhile_is_refused(cast, off):
    assert refuse(lambda: reinstate(cast, off, seen_version=off.version - 1), Conflict) == ("stale", None)
    assert reinstate(cast, off, seen_version=off.version)


def test_reinstate_by_two_at_once_happens_once(cast, off, together, db_session):
    job_id, max_ = off.id, staff_actor(cast.max)

    def do():
        return cancelling.reinstate(db_session.get(Job, job_id), actor=max_).state.value

    results = together(do, do)
    assert sorted(r if isinstance(r, str) else r.code for r in results) == ["job_scheduled", "scheduled"]


def test_cancel_and_reinstate_many_times_changes_no_figure(cast, job):
    for _n in range(3):
        cancel(cast, job, policy={job.id: HALF})
        reinstate(cast, job)
    assert figures(job) == (Decimal("20.00"), Decimal("10.00"), None, None)


# ---------------------------------------------------------------------------------------------------------- voiding


@pytest.mark.covers("X9")
@pytest.mark.parametrize("state", [JobState.SCHEDULED, JobState.COMPLETED], ids=str)
def test_void_and_unvoid_of_the_past(cast, past, outbox, db_session, state):
    past.state = state
    cancelling.void([past], actor=cast.as_max, reason="Nobody was there")
    db_session.commit()
    db_session.expire_all()
    assert (past.state, *figures(past)) == (JobState.VOIDED, 0, 0, Decimal("20.00"), Decimal("10.00"))
    assert (past.cancel_reason, past.cancelled_by) == ("Nobody was there", Initiator.OFFICE)
    cancelling.unvoid([past], actor=cast.as_max)
    db_session.commit()
    db_session.expire_all()
    assert (past.state, *figures(past), past.cancel_reason) == (
        state,
        Decimal("20.00"),
        Decimal("10.00"),
        None,
        None,
        "",
    )
    lines = log(db_session, "job.voided", "job.unvoided")
    assert [(a.verb, a.subject_id, a.facts["changes"]["price"]) for a in lines] == [
        ("job.voided", past.id, ["20.00", "0.00"]),
        ("job.unvoided", past.id, ["0.00", "20.00"]),
    ]
    assert len(outbox) == 0


def test_unvoid_goes_by_the_last_time_it_was_voided(cast, past):
    cancelling.void([past], actor=cast.as_max, reason="missed")
    cancelling.unvoid([past], actor=cast.as_max)
    past.state = JobState.COMPLETED
    cancelling.void([past], actor=cast.as_max, reason="free of charge")
    assert cancelling.unvoid([past], actor=cast.as_max)[0].state is JobState.COMPLETED


def test_void_needs_a_reason_and_is_for_the_past(cast, past, job):
    void = lambda *jobs, reason="x", actor=cast.as_max: cancelling.void(jobs, actor=actor, reason=reason)  # noqa: E731
    assert refuse(lambda: void(past, reason="  ")) == ("no_reason", "reason")
    assert refuse(lambda: void(past, job), WrongState) == ("job_ahead", None)
    assert past.state is JobState.SCHEDULED
    assert refuse(void) == ("no_jobs", None)
    for who in (cast.as_sam, cast.as_alice):
        assert refuse(lambda who=who: void(past, actor=who), NotAllowed)[0] == "not_allowed"
        assert refuse(lambda who=who: cancelling.unvoid([past], actor=who), NotAllowed)[0] == "not_allowed"
    assert refuse(lambda: cancelling.unvoid([], actor=cast.as_max)) == ("no_jobs", None)


VERBS = {
    "reinstate": (lambda c, j: cancelling.reinstate(j, actor=c.as_max), {JobState.CANCELLED: JobState.SCHEDULED}),
    "void": (
        lambda c, j: cancelling.void([j], actor=c.as_max, reason="x"),
        {JobState.SCHEDULED: JobState.VOIDED, JobState.COMPLETED: JobState.VOIDED},
    ),
    "unvoid": (lambda c, j: cancelling.unvoid([j], actor=c.as_max), {JobState.VOIDED: JobState.SCHEDULED}),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", JobState, ids=str)
def test_every_state_and_verb_of_a_called_off_visit(cast, job, past, db_session, verb, state):
    do, allowed = VERBS[verb]
    of = job if verb == "reinstate" else past
    of.state = state
    db_session.commit()
    before = everything(db_session)
    if state in allowed:
        assert allowed[state] in JOB_MOVES[state]
        do(cast, of)
        assert of.state is allowed[state]
    else:
        assert refuse(lambda: do(cast, of), WrongState)[0] == f"job_{state.value}"
        db_session.commit()
        assert everything(db_session) == before


def test_mail_of_an_older_version_still_reads(cast):
    old = {"client_name": "Alice", "account_number": "1", "visits": [{"service": "Walk", "on_date": "2026-11-26"}]}
    facts = from_json(MailKind.VISIT_CANCELLED, old)
    assert (facts.fee, facts.visits[0].fee) == ("", "")
