"""Stays of several days, and visits that the old program has billed: history that no invoice ever takes up."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import ImportKind, ImportRow, Job, JobState, OutboxMail, PayLine
from tests.databases import count
from tests.workflows.importing.test_clients import brought_in, checked, contents, counts, work_off
from workflows import job_requests
from workflows.back_to_request import back_to_request
from workflows.billing import books, drafting, visit_lines
from workflows.errors import WrongState
from workflows.importing import runs

pytestmark = pytest.mark.covers("S6")


def test_stays_and_billed_visits_come_in_stay_off_invoices_and_go(cast):
    alice, walk, before, n = cast.alice, cast.walk, contents(), (count(OutboxMail), count(PayLine))
    waiting = {job.id for job in visit_lines.waiting(alice.id)}
    text = (
        "Client Email,Service,Start Date,End Date,Start Time,End Time,Assigned To,Price,Billed\n"
        f"{alice.email},{walk.name},2026-12-20,2026-12-27,,,Sam Stone,350.00,no\n"
        f"{alice.email},{walk.name},2026-10-20,2026-10-23,15:00,10:00,Sam Stone,,yes\n"
        f"{alice.email},{walk.name},2015-05-04,2015-05-04,9:00,9:30,,18.00,yes\n"
        f"{alice.email},{walk.name},2026-12-02,,11:00,,,25.00,yes\n"
        f"{alice.email},{walk.name},2026-11-02,,11:00,,,,no\n"
        f"{alice.email},{walk.name},2026-11-03,,11:00,,,,\n"
        f"{alice.email},{walk.name},2015-05-05,,9:00,,,,no\n"
        f"{alice.email},{walk.name},2026-12-09,2026-12-08,,,,,\n"
        f"{alice.email},{walk.name},2026-12-10,2027-12-08,,,,,\n"
        f"{alice.email},{walk.name},2026-12-14,2026-12-16,9:00,,,,\n"
    )
    run = brought_in(ImportKind.VISITS, text, cast.as_olivia)
    rows = db.session.scalars(sa.select(ImportRow).where(ImportRow.run_id == run.id).order_by(ImportRow.number)).all()
    assert counts(run) == ("done", 5, 0, 0, 5), [(r.number, r.problems) for r in rows]
    assert {r.number: r.problems[0]["field"] for r in rows if r.outcome.value == "error"} == {
        7: "billed", 8: "on_date", 9: "ends_on", 10: "ends_on", 11: "end_time",
    }  # fmt: skip
    stay, old_stay, oldest, ahead, open_ = (db.session.get(Job, r.record_id) for r in rows if r.record_id is not None)
    assert (stay.on_date, stay.ends_on, stay.state, stay.price, stay.sitter) == (dt.date(2026, 12, 20), dt.date(2026, 12, 27), JobState.SCHEDULED, Decimal(350), cast.sam)  # fmt: skip
    assert (old_stay.ends_on, old_stay.end_time, old_stay.state, old_stay.sitter_pay) == (dt.date(2026, 10, 23), dt.time(10), JobState.COMPLETED, 0)  # fmt: skip
    assert (oldest.state, oldest.price, oldest.ends_on) == (JobState.COMPLETED, Decimal(18), oldest.on_date)
    assert ahead.state is JobState.SCHEDULED
    assert [j.billed_elsewhere for j in (stay, old_stay, oldest, ahead, open_)] == [False, True, True, True, False]

    # What was billed waits for no invoice, however it is asked; what was not does.
    assert {job.id for job in visit_lines.waiting(alice.id)} - waiting == {stay.id, open_.id}
    assert [visit_lines.is_charged(j) for j in (oldest, ahead, open_)] == [False, False, True]
    for job in (old_stay, oldest, ahead):
        with pytest.raises(WrongState):
            drafting.draft_for(alice, jobs=[job], actor=cast.as_olivia)
    db.session.rollback()
    assert (count(OutboxMail), count(PayLine)) == n
    assert books.check() == []
    again = checked(ImportKind.VISITS, text, cast.as_olivia)
    assert counts(again) == ("checked", 0, 0, 5, 5)
    runs.drop(again, actor=cast.as_olivia)
    runs.undo(run, actor=cast.as_olivia)
    work_off(run)
    assert db.session.scalars(sa.select(ImportRow.kept_why).where(ImportRow.kept_why != "")).all() == []
    assert contents() == before


def test_a_billed_visit_stays_off_invoices_when_it_was_a_request_in_between(cast):
    text = (
        "Client Email,Service,Start Date,Start Time,Billed\n"
        f"{cast.alice.email},{cast.walk.name},2026-12-02,11:00,yes\n{cast.alice.email},{cast.walk.name},2026-12-03,11:00,no\n"
    )
    brought_in(ImportKind.VISITS, text, cast.as_olivia)
    found = db.session.scalars(sa.select(Job).where(Job.client_id == cast.alice.id).order_by(Job.on_date)).all()
    lines = back_to_request(found, actor=cast.as_olivia)
    for line in lines:
        line.leave_unassigned = True
    again = job_requests.schedule(cast.alice, lines, actor=cast.as_olivia)
    assert sorted((job.on_date.day, job.billed_elsewhere) for job in again) == [(2, True), (3, False)]
    assert [job.on_date.day for job in visit_lines.waiting(cast.alice.id)] == [3]
