"""V5, B16: the sitter asks for days off and gives them back, sees who else is away by permission, writes to the office,
chooses which mails come and when."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Notification, NotificationKind, SitterMessage, StaffRole, TimeOff, TimeOffState
from tests import factories as make
from tests.databases import count, statements
from workflows import roles
from workflows.permissions import Permission

PATH = "/staff/time-off"


@pytest.fixture
def sams(http, cast, sign_in_as_staff):
    return sign_in_as_staff(http(), cast.sam)


def hidden(page):
    return {name: value for name, value in re.findall(r'name="(csrf_token|form_key)" value="([^"]+)"', page.text)}


def allow(cast, *permissions):
    """Sitters open their pages, and may do these things there."""
    roles.change({StaffRole.SITTER: {Permission.OWN_DAY, *permissions}}, actor=cast.as_olivia)


def states():
    return [o.state for o in db.session.scalars(sa.select(TimeOff).order_by(TimeOff.first_on))]


@pytest.mark.covers("V5")
def test_tapped_days_are_asked_for_as_stretches_and_given_back(sams, cast):
    page = sams.get(f"{PATH}?month=2026-12")
    keys = hidden(page)
    data = {
        **keys,
        "month": "2026-12",
        "day": ["2026-12-03", "2026-12-01", "2026-12-02", "2026-12-10"],
        "note": "Skiing",
    }
    assert sams.post(PATH, data=data).status_code == 303
    assert sams.post(PATH, data=data).status_code == 303
    spans = [
        (o.first_on.day, o.last_on.day, o.note)
        for o in db.session.scalars(sa.select(TimeOff).order_by(TimeOff.first_on))
    ]
    assert spans == [(1, 3, "Skiing"), (10, 10, "Skiing")]
    page = sams.get(f"{PATH}?month=2026-12")
    assert page.text.count("Waiting for an answer") == 2
    assert "you asked for it" in page.text
    first = db.session.scalar(sa.select(TimeOff.id).order_by(TimeOff.first_on))
    sams.post(f"{PATH}/withdrawal", data={**hidden(page), "days": first})
    assert states() == [TimeOffState.WITHDRAWN, TimeOffState.REQUESTED]


@pytest.mark.covers("V5")
def test_a_span_is_asked_for_and_what_is_refused_comes_back_filled(sams, cast):
    keys = hidden(sams.get(PATH))
    wrong = sams.post(PATH, data={**keys, "first_on": "2026-12-24", "last_on": "2026-12-20", "note": "Family"})
    assert wrong.status_code == 422
    for text in ("The last day cannot be before the first.", 'value="2026-12-24"', 'value="Family"'):
        assert text in wrong.text
    assert sams.post(PATH, data={**keys, "first_on": "2026-12-24", "last_on": "2026-12-28"}).status_code == 303
    for bad in ({}, {"day": "nonsense"}, {"first_on": "2026-02-31"}):
        assert sams.post(PATH, data={**hidden(sams.get(PATH)), **bad}).status_code == 422
    assert count(TimeOff) == 1


@pytest.mark.covers("V5")
def test_others_days_are_theirs_alone_and_who_is_away_takes_a_permission(sams, cast):
    sitas = make.time_off(cast.sita, dt.date(2026, 12, 5), note="private matter")
    page = sams.get(f"{PATH}?month=2026-12")
    assert "Sita" not in page.text
    assert sams.post(f"{PATH}/withdrawal", data={**hidden(page), "days": sitas.id}).status_code == 404
    allow(cast, Permission.ASK_TIME_OFF, Permission.SEE_TIME_OFF)
    page = sams.get(f"{PATH}?month=2026-12")
    assert ("Sita Singh" in page.text, "private matter" in page.text) == (True, False)
    allow(cast, Permission.SEE_TIME_OFF)
    page = sams.get(f"{PATH}?month=2026-12")
    assert ("Sita Singh" in page.text, "Ask for time off" in page.text) == (True, False)
    assert sams.post(PATH, data={**hidden(sams.get("/staff/messages")), "first_on": "2026-12-24"}).status_code == 404
    allow(cast)
    assert sams.get(PATH).status_code == 404
    assert "Time off" not in sams.get("/staff/").text


@pytest.mark.covers("V5")
def test_the_page_takes_few_queries_however_many_days(sams, cast):
    with statements() as few:
        sams.get(f"{PATH}?month=2026-12")
    for n in range(1, 20):
        make.time_off(cast.sam, dt.date(2026, 12, n))
    with statements() as many:
        sams.get(f"{PATH}?month=2026-12")
    assert len(many) == len(few)


def test_a_sitter_writes_about_an_own_visit_and_reads_the_answer_once(sams, cast):
    job = make.job(cast.alice, cast.walk, sitter=cast.sam)
    make.sitter_message(cast.sam, body="Welcome", from_office=True, author_name="Olivia Owens")
    assert "1 new message" in sams.get("/staff/").text
    page = sams.get(f"/staff/messages?visit={job.public_id}")
    assert "About: Dog walk, Alice Archer" in page.text
    assert "1 new message" not in sams.get("/staff/").text
    data = {**hidden(page), "visit": job.public_id, "body": "The gate sticks"}
    assert [sams.post("/staff/messages", data=data).status_code for _ in range(2)] == [303, 303]
    (own,) = db.session.scalars(sa.select(SitterMessage).where(SitterMessage.from_office.is_(False)))
    assert (own.job_id, own.body) == (job.id, "The gate sticks")
    assert NotificationKind.SITTER_MESSAGE in [n.kind for n in db.session.query(Notification)]
    assert sams.get(f"/staff/messages?visit={cast.bobs_job.public_id}").status_code == 404
    assert sams.post("/staff/messages", data={**hidden(sams.get("/staff/messages")), "body": " "}).status_code == 422


@pytest.mark.covers("B16")
def test_which_mails_and_when_is_chosen_on_the_own_account_page_of_either_face(sams, cast, http, sign_in_as_staff):
    assert "/staff/account/mails" in sams.get("/staff/account/").text
    page = sams.get("/staff/account/mails")
    data = {
        **hidden(page),
        "kind": ["sitter_visit_moved", "sitter_schedule"],
        "quiet_from": "22:00",
        "quiet_until": "07:00",
    }
    assert sams.post("/staff/account/mails", data=data).status_code == 303
    assert set(cast.sam.mails_off) >= {"sitter_visit_assigned", "sitter_visit_taken_away"}
    assert (cast.sam.quiet_from, cast.sam.quiet_until) == (dt.time(22), dt.time(7))
    half = sams.post("/staff/account/mails", data={**data, "quiet_until": ""})
    assert (half.status_code, "Enter both times, or neither." in half.text, 'value="22:00"' in half.text) == (
        422,
        True,
        True,
    )
    assert sams.post("/staff/account/mails", data={**data, "quiet_until": "x"}).status_code == 422
    olivias = sign_in_as_staff(http(), cast.olivia)
    assert olivias.get("/admin/account/mails").status_code == 200
