"""The Move page: by keyboard, without JavaScript; conflicts first; and Undo."""

import datetime as dt

import pytest

from foundation import clock
from foundation.db import db
from models import JobState
from tests import factories as make
from tests.admin.office.conftest import NOON, THURSDAY
from workflows.mail_facts import MailKind

TUESDAY = dt.date(2026, 11, 24)


@pytest.fixture
def job(cast):
    """Alice's walk tomorrow at noon by Sam."""
    return make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TUESDAY, pets=[cast.biscuit])


def again(job):
    db.session.expire_all()
    return job


@pytest.mark.covers("V3")
def test_a_visit_is_moved_from_its_page_and_the_move_undone(office, cast, job, outbox):
    page = office.get(f"/admin/visit/{job.id}/").follow("Move")
    assert "Dog walk, Alice Archer" in page.main
    moved = page.press("Move visit", on_date="2026-11-25", start_time="15:30", sitter=cast.sita.id)
    assert "Alice Archer moved: Wed, Nov 25, 3:30 PM to 4:00 PM, Sita Singh." in moved.text
    assert (again(job).on_date, job.start_time, job.sitter) == (dt.date(2026, 11, 25), dt.time(15, 30), cast.sita)
    assert {m.next_at - clock.now() for m in outbox.mails()} == {dt.timedelta(seconds=60)}
    back = moved.press("Undo")
    assert "Undone. Alice Archer is back: Tomorrow, 12:00 PM to 12:30 PM, Sam Stone." in back.text
    assert (again(job).on_date, job.start_time, job.sitter) == (TUESDAY, NOON, cast.sam)
    assert {m.state.value for m in outbox.mails()} == {"cancelled"}
    assert "Undo" not in back.buttons()
    assert "Olivia Owens undid a move" in back.main
    assert "Olivia Owens moved a visit" in back.main


@pytest.mark.covers("V3")
def test_conflicts_are_shown_before_it_is_saved_and_can_be_overruled(office, cast, job, outbox):
    make.job(make.client("Leo", "Feld"), cast.walk, sitter=cast.sam, on_date=THURSDAY, start_time=NOON)
    asked = office.get(f"/admin/moves/{job.id}/").press("Move visit", on_date=THURSDAY.isoformat())
    assert asked.status == 409
    assert "Sam Stone has another visit then: Dog walk, Leo Feld, Thu, Nov 26, 12:00 PM." in asked.main
    assert (again(job).on_date, len(outbox)) == (TUESDAY, 0)
    asked.press("Move anyway")
    assert again(job).on_date == THURSDAY


def test_the_client_is_told_unless_the_tick_is_taken_away(office, job, outbox):
    office.get(f"/admin/moves/{job.id}/").press("Move visit", on_date="2026-11-25")
    assert outbox.one(MailKind.VISIT_MOVED).to_address == "alice@example.com"
    outbox.clear()
    office.get(f"/admin/moves/{job.id}/").press("Move visit", on_date="2026-11-27", tell_client=None)
    assert outbox.mails(MailKind.VISIT_MOVED) == []


def test_who_moves_second_is_told(office, manager, job):
    first, second = office.get(f"/admin/moves/{job.id}/"), manager.get(f"/admin/moves/{job.id}/")
    first.press("Move visit", on_date="2026-11-25")
    told = second.press("Move visit", on_date="2026-11-27")
    assert "Someone changed this visit meanwhile." in told.text
    assert again(job).on_date == dt.date(2026, 11, 25)


def test_undo_after_somebody_changed_it_says_so(office, manager, job):
    moved = office.get(f"/admin/moves/{job.id}/").press("Move visit", on_date="2026-11-25")
    manager.get(f"/admin/moves/{job.id}/").press("Move visit", on_date="2026-11-27")
    assert "Someone changed this visit since. Nothing was undone." in moved.press("Undo").text
    assert again(job).on_date == dt.date(2026, 11, 27)


def test_the_offer_to_undo_ends_with_its_time(office, job, clock_at):
    moved = office.get(f"/admin/moves/{job.id}/").press("Move visit", on_date="2026-11-25")
    clock_at(clock.now() + dt.timedelta(seconds=61))
    assert "Undo" not in office.get(f"/admin/visit/{job.id}/").buttons()
    assert "It is too late to undo this." in moved.press("Undo").text


def test_a_block_visit_is_moved_to_another_block(office, cast):
    visit = make.job(
        cast.alice,
        cast.cat_visit,
        sitter=cast.sam,
        block=cast.morning,
        on_date=TUESDAY,
        start_time=None,
        pets=[cast.mochi],
    )
    page = office.get(f"/admin/moves/{visit.id}/")
    moved = page.press("Move visit", block=cast.evening.id)
    assert moved.status == 200, moved.main
    assert again(visit).time_block == cast.evening
    refused = office.get(f"/admin/moves/{visit.id}/").press("Move visit", block="")
    assert (refused.status, again(visit).time_block) == (422, cast.evening)


@pytest.mark.parametrize("fields", [{"on_date": ""}, {"on_date": "soon"}, {"start_time": "25:00"}, {"sitter": "999"}])
def test_what_makes_no_sense_comes_back_with_a_sentence(office, job, fields):
    page = office.get(f"/admin/moves/{job.id}/").press("Move visit", **fields)
    assert page.status == 422
    assert "needs another look" in page.main
    assert again(job).on_date == TUESDAY


def test_a_visit_that_is_over_is_not_moved(office, job):
    job.state = JobState.CANCELLED
    assert "The visit was cancelled." in office.get(f"/admin/visit/{job.id}/").main
    answer = office.browser.get(f"/admin/moves/{job.id}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/visit/{job.id}/")
    assert not office.get(f"/admin/visit/{job.id}/").has_link(f"/admin/moves/{job.id}/")


def test_moving_to_where_it_stands_changes_nothing(office, job, outbox):
    page = office.get(f"/admin/moves/{job.id}/").press("Move visit")
    assert "Nothing was different, so nothing was changed." in page.text
    assert len(outbox) == 0


def test_back_leads_only_within_the_house(office, job):
    answer = office.browser.get(f"/admin/moves/{job.id}/?back=//evil.example/")
    assert "evil.example" not in answer.text
