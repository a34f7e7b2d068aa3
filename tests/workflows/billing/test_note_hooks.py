"""Every way in which the schedule changes an invoiced visit ends on a note: moves, their undoing, approvals, series."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import CreditNote, Job, JobState, NoteKind, NoteState, NoticeKind
from tests import databases
from tests import factories as make
from tests.workflows.billing.bills import FRI, SAT, THU, issued, pay, right, walk
from workflows import (
    change_asking,
    change_deciding,
    changing,
    moving,
    repeat_changes,
    repeat_runs,
    repeats,
    settings,
)
from workflows.actors import COMMAND_LINE
from workflows.billing import note_hooks, notes, sums
from workflows.change_preview import Wish
from workflows.moving import Place
from workflows.repeat_patterns import Pattern, PatternTime

D = Decimal
NOON = dt.time(12)


def live_notes():
    """(kind, total) of the notes that are open or committed."""
    db.session.flush()
    wanted = sa.select(CreditNote).where(CreditNote.state != NoteState.DROPPED).order_by(CreditNote.id)
    return [(note.kind, note.total) for note in db.session.scalars(wanted)]


def commit_all(cast):
    for note in db.session.scalars(sa.select(CreditNote).where(CreditNote.state == NoteState.OPEN)):
        notes.commit(note, actor=cast.as_max)
    assert right()


@pytest.fixture
def dearer_on_saturdays(cast):
    """5.00 more for walks on Saturdays."""
    return make.price_rule("Weekend", effect="add_amount", amount=D(5), weekdays=1 << 5)


@pytest.mark.covers("M1", "M2")
def test_moving_across_a_price_rule_and_undoing_it(cast, dearer_on_saturdays):
    job = walk(cast, THU)
    issued(cast, job)
    moved = moving.move(job, Place(SAT, NOON, None, cast.sam), actor=cast.as_max)
    assert (job.price, live_notes()) == (D("25.00"), [(NoteKind.DEBIT, D("5.00"))])
    moving.undo(moved.number, actor=cast.as_max)
    assert (job.price, live_notes()) == (D("20.00"), [])


@pytest.mark.covers("M2")
def test_an_undone_move_whose_note_was_committed_is_credited(cast, dearer_on_saturdays):
    job = walk(cast, THU)
    invoice = issued(cast, job)
    moved = moving.move(job, Place(SAT, NOON, None, cast.sam), actor=cast.as_max)
    commit_all(cast)
    moving.undo(moved.number, actor=cast.as_max)
    commit_all(cast)
    assert live_notes() == [(NoteKind.DEBIT, D("5.00")), (NoteKind.CREDIT, D("5.00"))]
    assert sums.outstanding(invoice) == D("20.00")


def test_a_word_on_the_visit_changes_no_money(cast):
    job = walk(cast)
    issued(cast, job)
    change = moving.as_change(job, moving.place_of(job))
    changing.change(job, changing.Change(**{**change.__dict__, "note": "The key is under the mat"}), actor=cast.as_max)
    assert live_notes() == []


@pytest.mark.covers("X9", "X10")
def test_an_approved_change_with_its_fee_is_one_line_of_one_debit_note(cast, dearer_on_saturdays):
    settings.change({"changes.count_as_cancel": True}, actor=COMMAND_LINE)
    make.cancellation_rule("Half", notice_kind=NoticeKind.HOURS, notice_number=96, charge_percent=D(50))
    job = walk(cast, THU)
    invoice = issued(cast, job)
    wish = Wish(item=cast.walk, on_date=SAT, start_time=NOON, pets=[cast.biscuit])
    request = change_asking.ask_to_change(cast.alice, job, wish, actor=cast.as_alice)
    assert live_notes() == [], "asking changes nothing"
    change_deciding.approve(request.items, actor=cast.as_max)
    assert job.price == D("35.00")
    assert live_notes() == [(NoteKind.DEBIT, D("15.00"))]
    commit_all(cast)
    assert sums.outstanding(invoice) == D("35.00")


@pytest.mark.covers("X9", "X10")
def test_an_approved_cancellation_is_credited_at_once_with_the_fee_that_was_shown(cast):
    make.cancellation_rule("Half", notice_kind=NoticeKind.HOURS, notice_number=96, charge_percent=D(50))
    job = walk(cast, THU)
    pay(cast, issued(cast, job))
    request = change_asking.ask_to_cancel(cast.alice, [job], actor=cast.as_alice)
    change_deciding.approve(request.items, actor=cast.as_max)
    (note,) = db.session.scalars(sa.select(CreditNote))
    assert (note.state, note.total, sums.client_money(cast.alice.id).credit) == (NoteState.COMMITTED, D("10.00"), D("10.00"))  # fmt: skip
    assert right()


def test_what_the_office_left_open_as_debit_is_not_committed_by_the_client(cast, dearer_on_saturdays):
    settings.change({"changes.auto_approve": True}, actor=COMMAND_LINE)
    moved, off = walk(cast, THU), walk(cast, FRI)
    issued(cast, moved, off)
    moving.move(moved, Place(SAT, NOON, None, cast.sam), actor=cast.as_max)
    change_asking.ask_to_cancel(cast.alice, [off], actor=cast.as_alice)
    states = {note.kind: note.state for note in db.session.scalars(sa.select(CreditNote))}
    assert states == {NoteKind.DEBIT: NoteState.OPEN, NoteKind.CREDIT: NoteState.COMMITTED}


# ------------------------------------------------------------------------------------------------------------ series


@pytest.fixture
def series(cast):
    """Biscuit's walks on Thursdays and Fridays, two weeks of them invoiced in advance."""
    pattern = Pattern(item=cast.walk, starts_on=THU, sitter=cast.sam, pets=[cast.biscuit], times=[PatternTime(3, NOON), PatternTime(4, NOON)])  # fmt: skip
    repeat = repeats.start(cast.alice, pattern, actor=cast.as_max).repeat
    db.session.flush()
    visits = list(db.session.scalars(sa.select(Job).where(Job.repeat_id == repeat.id).order_by(Job.on_date).limit(4)))
    pay(cast, issued(cast, *visits))
    return repeat


@pytest.mark.covers("X9")
def test_a_pause_credits_what_was_prepaid_and_its_end_asks_for_it_again(cast, series):
    pause = repeats.pause(series, THU, FRI, actor=cast.as_max)
    assert live_notes() == [(NoteKind.CREDIT, D("40.00"))]
    commit_all(cast)
    assert sums.client_money(cast.alice.id).credit == D("40.00")
    assert pause.cancelled
    repeats.resume(series.pauses[0], actor=cast.as_max)
    assert live_notes() == [(NoteKind.CREDIT, D("40.00")), (NoteKind.DEBIT, D("40.00"))]
    commit_all(cast)
    money = sums.client_money(cast.alice.id)
    assert (money.owed, money.credit) == (D("0.00"), D("0.00"))


def test_ending_the_series_credits_what_comes_after(cast, series):
    repeats.end(series, FRI, actor=cast.as_max)
    assert live_notes() == [(NoteKind.CREDIT, D("40.00"))]
    repeats.end(series, None, actor=cast.as_max)
    repeat_runs.generate([series], FRI + dt.timedelta(days=7), actor=cast.as_max)
    assert live_notes() == []


def test_going_on_with_another_pattern_follows_each_visit(cast, series, dearer_on_saturdays):
    pattern = Pattern(item=cast.walk, starts_on=THU, sitter=cast.sam, pets=[cast.biscuit], times=[PatternTime(5, NOON)])
    repeat_changes.go_on_with(series, pattern, actor=cast.as_max)
    kinds = dict(live_notes())
    assert kinds == {NoteKind.DEBIT: D("10.00"), NoteKind.CREDIT: D("40.00")}, "two moved to Saturday, two called off"
    commit_all(cast)


def test_visits_that_were_never_invoiced_cost_one_query(cast):
    visits = [walk(cast, THU), walk(cast, FRI)]
    db.session.commit()
    with databases.statements() as sent:
        note_hooks.follow(visits, actor=cast.as_max)
    assert len(sent) == 1
    assert {v.state for v in visits} == {JobState.SCHEDULED}
