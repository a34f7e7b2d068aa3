"""Many visits at once: chosen in the list, asked with everything in view, followed to the end. And the snow day."""

import datetime as dt
import re

import pytest

from application import tasks
from foundation import clock
from foundation.db import db
from models import BulkKind, BulkRun, BulkState, Job, JobState
from tests import factories as make
from tests.admin.office.conftest import THURSDAY
from tests.databases import count, statements
from workflows import bulk
from workflows.mail_facts import MailKind

DAY = f"/admin/schedule/?view=day&on={THURSDAY}"


@pytest.fixture
def visits(cast):
    """Thursday: three of Alice by Sam, one of Bob by Sita."""
    made = [
        make.job(cast.alice, cast.walk, sitter=cast.sam, start_time=dt.time(h), pets=[cast.biscuit])
        for h in (9, 11, 15)
    ]
    return [*made, make.job(cast.bob, cast.walk, sitter=cast.sita, pets=[cast.bella])]


def states(visits):
    db.session.expire_all()
    return [v.state.value for v in visits]


def ticked(office, kind, visits, url=DAY, **more):
    """The list with these ticked, and the button pressed."""
    page = office.get(f"{url}&pick=1")
    label = {"move": "Move", "reassign": "Give to a sitter", "cancel": "Cancel visits"}[kind]
    return page.press(label, at="/choice", job=[v.id for v in visits], **more)


def test_ticks_are_offered_only_for_what_can_change(office, cast, visits):
    visits[0].state = JobState.COMPLETED
    page = office.get(f"{DAY}&pick=1")
    offered = {int(n) for n in re.findall(r'name="job" value="(\d+)"', page.html)}
    assert offered == {v.id for v in visits[1:]}
    assert 'name="job"' not in office.get(DAY).html
    week = office.get("/admin/schedule/?pick=1")
    assert {int(n) for n in re.findall(r'name="job" value="(\d+)"', week.html)} >= offered


@pytest.mark.covers("V3")
def test_ticked_visits_are_cancelled_with_one_mail_each(office, visits, outbox):
    asked = ticked(office, "cancel", [visits[0], visits[1], visits[3]])
    assert "3 visits, 2 clients, 2 sitters" in asked.main
    assert "Thu, Nov 26, 9:00 AM to 9:30 AM: Alice Archer, Dog walk, Sam Stone" in asked.main
    done = asked.press("Cancel 3 visits", reason="Snow", fee_reason="Snow day")
    assert "Done: 3 of 3 visits" in done.main
    assert "3 visits done." in done.main
    assert states(visits) == ["cancelled", "cancelled", "scheduled", "cancelled"]
    assert visits[0].price == 0
    assert sorted(outbox.kinds()) == ["sitter_changes", "sitter_changes", "visit_cancelled", "visit_cancelled"]
    assert {m.state.value for m in outbox.mails()} == {"queued"}
    assert "Olivia Owens cancelled" in office.get(f"/admin/visit/{visits[0].id}/").main


@pytest.mark.covers("V3")
def test_ticked_visits_are_moved_to_another_day(office, visits, outbox):
    done = ticked(office, "move", visits).press("Move 4 visits", to_date="2026-11-30")
    assert "4 visits done." in done.main
    db.session.expire_all()
    assert {v.on_date for v in visits} == {dt.date(2026, 11, 30)}
    assert len(outbox.mails(MailKind.VISIT_MOVED)) == 2


def test_ticked_visits_are_moved_by_days(office, visits):
    ticked(office, "move", visits[:2]).press("Move 2 visits", by_days="-1", mail_client=None)
    db.session.expire_all()
    assert [v.on_date.day for v in visits] == [25, 25, 26, 26]


@pytest.mark.covers("V3")
def test_a_sick_sitters_day_goes_to_somebody_else_and_what_clashes_is_listed(office, cast, visits, outbox):
    make.job(make.client("Leo", "Feld"), cast.walk, sitter=cast.sita, start_time=dt.time(9))
    done = ticked(office, "reassign", visits[:3]).press("Give 3 visits to a sitter", sitter=cast.sita.id)
    assert "2 visits done. 1 could not be done." in done.main
    assert "Dog walk, Alice Archer, Thu, Nov 26 Conflict: Sita Singh: Dog walk, Leo Feld, Thu, Nov 26" in done.main
    db.session.expire_all()
    assert [v.sitter for v in visits[:3]] == [cast.sam, cast.sita, cast.sita]
    again = done.press("Do these anyway")
    assert "1 visit done." in again.main
    db.session.expire_all()
    assert visits[0].sitter == cast.sita
    assert outbox.mails(MailKind.VISIT_MOVED) == []


@pytest.mark.covers("V3")
def test_a_snow_day_of_500_visits_is_ordered_at_once_and_done_by_the_worker(app, office, cast, outbox):
    with make.at_once():
        clients = [make.client("Client", f"No {n:03}", email=f"c{n}@example.com") for n in range(250)]
        pets = [[make.pet(client)] for client in clients for _hour in range(2)]
    with make.at_once():
        for n, pet in enumerate(pets):
            sitter = (cast.sam, cast.sita)[n // 2 % 2]
            make.job(pet[0].client, cast.walk, sitter=sitter, start_time=dt.time(14 if n % 2 else 8), pets=pet)
    db.session.commit()
    asked = ticked(office, "cancel", [], all="1")
    assert "500 visits, 250 clients, 2 sitters" in asked.main
    assert "This is done in the background" in asked.main
    page = asked.press("Cancel 500 visits", reason="Snow", fee_reason="Snow day")
    assert "Waiting for its turn: 0 of 500 visits" in page.main
    assert "You can leave this page" in page.main
    assert 'hx-trigger="every 2s"' in page.html
    assert re.search(r"<progress[^>]+aria-label=\"Cancel 500 visits\"", page.html)
    assert len(outbox) == 0
    run = db.session.query(BulkRun).one()
    bulk.work(run.id)
    db.session.commit()
    part = office.browser.get(page.path, headers={"HX-Request": "true"}).text
    assert "Under way: 20 of 500 visits" in part
    assert "<html" not in part
    tasks.orders.bulk_orders(app)
    over = office.get(page.path)
    assert "Done: 500 of 500 visits" in over.main
    assert "hx-get" not in over.html
    assert count(Job, Job.state == JobState.CANCELLED, Job.price == 0) == 500
    assert len(outbox.mails(MailKind.VISIT_CANCELLED)) == 250
    assert len(outbox.mails(MailKind.SITTER_CHANGES)) == 2
    assert {m.state.value for m in outbox.mails()} == {"queued"}


def test_an_order_sent_twice_is_done_once(office, visits):
    asked = ticked(office, "cancel", visits)
    asked.press("Cancel 4 visits", fee_reason="Snow")
    again = asked.press("Cancel 4 visits", fee_reason="Snow")
    assert "This was already saved." in again.text
    assert count(BulkRun) == 1
    assert "Cancel 4 visits" in again.main


def test_a_running_order_can_be_stopped(office, cast, visits, monkeypatch):
    monkeypatch.setattr(bulk, "SMALL", 1)
    page = ticked(office, "cancel", visits).press("Cancel 4 visits", fee_reason="Snow")
    stopped = page.press("Stop here")
    assert "Stopped: 0 of 4 visits" in stopped.main
    assert set(states(visits)) == {"scheduled"}
    assert "This has ended already." in page.press("Stop here").text


def test_nothing_ticked_is_said(office, visits):
    assert "Tick at least one visit." in ticked(office, "cancel", []).text


def test_all_that_match_follows_the_filters(office, cast, visits):
    asked = ticked(office, "cancel", [], url=f"{DAY}&sitter={cast.sam.id}", all="1")
    assert "3 visits, 1 client, 1 sitter" in asked.main


@pytest.mark.parametrize(
    ("kind", "label", "fields"),
    [
        ("move", "Move", {}),
        ("move", "Move", {"to_date": "2026-11-30", "by_days": "2"}),
        ("move", "Move", {"by_days": "many"}),
        ("move", "Move", {"by_days": "9999"}),
        ("reassign", "Give", {"sitter": ""}),
        ("cancel", "Cancel", {"waive_fee": "y", "fee_reason": ""}),
    ],
)
def test_what_makes_no_sense_comes_back_with_a_sentence(office, visits, kind, label, fields):
    page = ticked(office, kind, visits).press(f"{label} 4 visits", **fields)
    assert page.status == 422
    assert "needs another look" in page.main
    assert count(BulkRun) == 0


def test_the_list_of_orders(office, visits):
    assert "Nothing here yet" in office.get("/admin/orders/").main
    ticked(office, "cancel", visits).press("Cancel 4 visits", fee_reason="Snow")
    assert "Cancel 4 visits Olivia Owens Today, 10:00 AM Done" in office.get("/admin/orders/").main


def test_nonsense_is_an_answer(office, visits):
    token = office.token()
    for path, data in [
        ("/admin/orders/choice", {"kind": "explode"}),
        ("/admin/orders/choice", {"kind": "generate"}),
        ("/admin/orders/new", {"kind": "cancel", "ids": "x,-1,99999999999"}),
        ("/admin/orders/new", {"kind": "move", "ids": "\0", "by_days": "٣"}),
        ("/admin/orders/AAAAAAAAAAAA/stop", {}),
        ("/admin/orders/AAAAAAAAAAAA/retry", {}),
    ]:
        status = office.browser.post(path, data={**data, "csrf_token": token}).status_code
        assert status in {302, 400, 404, 422}, (path, status)


def test_an_order_of_another_kind_can_be_followed(office, cast):
    run = BulkRun(
        kind=BulkKind.GENERATE, wish={"ids": []}, n_total=0, failures=[], state=BulkState.DONE, finished_at=clock.now()
    )
    db.session.add(run)
    db.session.commit()
    assert "Done" in office.get(f"/admin/orders/{run.public_id}/").main


def test_following_costs_few_queries(office, visits):
    page = ticked(office, "cancel", visits).press("Cancel 4 visits", fee_reason="Snow")
    with statements() as sent:
        office.get(page.path)
    assert len(sent) <= 8
