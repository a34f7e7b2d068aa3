"""Run repeats for many series at once: ordered by a press, done by the worker in pieces, followed on a page."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from application import tasks
from application.tasks.turns import Turn
from foundation.db import db
from models import Activity, BulkRun, BulkState, Job, OutboxMail, Repeat
from tests import factories as make
from tests.databases import count, statements
from workflows import repeat_orders, repeats

RUN = "/admin/repeat/run"
THU, LAST = dt.date(2026, 11, 26), dt.date(2026, 12, 10)
#: Thursdays from the 26th to the 10th
EACH = 3


@pytest.fixture
def many(cast):
    """45 clients with a walk each Thursday at noon by Sam or Sita, nothing made yet."""
    series = []
    for n in range(45):
        client = make.client("Client", f"No {n:02}")
        series.append(
            make.repeat(client, cast.walk, pets=[make.pet(client)], sitter=(cast.sam, cast.sita)[n % 2], times=[(3, dt.time(6 + n // 4))])
        )  # fmt: skip
    db.session.commit()
    return series


def press(office):
    """Look at the range, then press."""
    return office.get(f"{RUN}?first=2026-11-23&until={LAST}").press("Make 135 visits")


def made():
    db.session.expire_all()
    return db.session.execute(
        sa.select(Job.repeat_id, Job.on_date).where(Job.repeat_id.is_not(None)).order_by(Job.repeat_id, Job.on_date)
    ).all()


def runs():
    db.session.expire_all()
    return db.session.scalars(sa.select(BulkRun).order_by(BulkRun.id)).all()


@pytest.mark.covers("V4")
def test_a_run_of_many_series_is_left_to_the_worker_and_followed(app, office, cast, many, monkeypatch):
    monkeypatch.setattr(repeat_orders, "PIECE", 20)
    page = press(office)
    assert "0 of 45 series, 0 visits made" in page.main
    assert "You can leave this page" in page.main
    assert 'hx-trigger="every 2s"' in page.html
    assert re.search(r'<progress[^>]*value="0"[^>]*max="45"|<progress[^>]*max="45"[^>]*value="0"', page.html)
    assert made() == []
    (run,) = runs()
    assert repeat_orders.work(run.id) is True
    db.session.commit()
    part = office.browser.get(page.path, headers={"HX-Request": "true"}).text
    assert "20 of 45 series, 60 visits made" in part
    assert "<html" not in part
    assert tasks.visits.run_ordered_repeats(app, Turn(app)) == 2, "the pieces that were left"
    over = office.get(page.path)
    assert "45 of 45 series, 135 visits made" in over.main
    assert "hx-get" not in over.html
    assert len(made()) == len(set(made())) == 45 * EACH
    (run,) = runs()
    assert (run.state, run.n_done, run.staff_id, run.finished_at is not None) == (
        BulkState.DONE,
        45,
        cast.olivia.id,
        True,
    )
    assert tasks.visits.run_ordered_repeats(app, Turn(app)) == 0
    assert count(Activity, Activity.verb == "repeat.run_ordered") == 1


@pytest.mark.covers("V4")
def test_a_second_press_orders_nothing(app, office, many):
    form = office.get(f"{RUN}?first=2026-11-23&until={LAST}")
    page = form.press("Make 135 visits")
    again = form.press("Make 135 visits")
    assert "Nothing was done twice" in again.main, "the same form"
    assert len(runs()) == 1
    assert press(office).path == page.path, "a fresh form leads to the run that is under way"
    assert len(runs()) == 1
    other = office.get(f"{RUN}?first=2026-11-23&until=2026-12-03").press("Make 90 visits")
    assert (other.path != page.path, len(runs())) == (True, 2), "other days are another run"
    db.session.rollback()
    assert tasks.visits.run_ordered_repeats(app, Turn(app)) == 2
    assert len(made()) == len(set(made())) == 45 * EACH
    assert [r.wish["n_made"] for r in runs()] == [45 * EACH, 0]
    done = office.get(f"{RUN}?first=2026-11-23&until={LAST}")
    assert "0 visits are missing, 135 exist already" in done.main
    assert "Make " not in " ".join(done.buttons())


def test_a_run_that_broke_goes_on_where_its_last_piece_ended(office, many, monkeypatch):
    monkeypatch.setattr(repeat_orders, "PIECE", 20)
    press(office)
    (run,) = runs()
    repeat_orders.work(run.id)
    db.session.commit()
    repeat_orders.work(run.id)
    db.session.rollback()  # the worker was killed before its commit
    assert (runs()[0].n_done, len(made())) == (20, 60)
    while repeat_orders.work(run.id):
        db.session.commit()
    db.session.commit()
    assert (runs()[0].n_done, len(made()), len(set(made()))) == (45, 135, 135)
    assert repeat_orders.work(run.id) is False


def test_two_workers_at_once_make_each_visit_once(office, many, together, monkeypatch):
    monkeypatch.setattr(repeat_orders, "PIECE", 15)
    press(office)
    (run_id,) = (r.id for r in runs())

    def work():
        while repeat_orders.work(run_id):
            db.session.commit()
        db.session.commit()

    together(work, work)
    assert (len(made()), len(set(made())), runs()[0].n_done) == (135, 135, 45)
    assert runs()[0].wish["n_made"] == 135


def test_a_series_that_ended_meanwhile_gets_no_more_visits(cast, office, many):
    press(office)
    db.session.refresh(many[0])
    repeats.end(many[0], THU, actor=cast.as_max)
    db.session.commit()
    (run,) = runs()
    while repeat_orders.work(run.id):
        db.session.commit()
    db.session.commit()
    assert [day for series, day in made() if series == many[0].id] == [THU]
    assert runs()[0].n_done == 45


def test_sitters_hear_of_a_large_run_and_no_client_does(office, many):
    press(office)
    (run,) = runs()
    while repeat_orders.work(run.id):
        db.session.commit()
    db.session.commit()
    assert count(OutboxMail, OutboxMail.client_id.is_not(None)) == 0
    told = db.session.scalars(sa.select(OutboxMail.staff_id).where(OutboxMail.staff_id.is_not(None))).all()
    evening = db.session.scalars(sa.select(Activity.facts).where(Activity.verb == "job.repeated")).all()
    assert told or evening


def test_looking_at_many_series_costs_the_same_queries(office, many):
    office.get(f"{RUN}?first=2026-11-23&until={LAST}")
    with statements() as sent:
        page = office.get(f"{RUN}?first=2026-11-23&until={LAST}")
    assert len(sent) <= 24, sent
    assert "135 visits are missing" in page.main
    press(office)
    with statements() as sent:
        office.get(f"/admin/repeat/run/{runs()[0].public_id}/")
    assert len(sent) <= 6
    assert count(Repeat) == 45
