"""The sitter gives days back while the office says yes; the office books while it says yes: one outcome, nothing unseen."""

import datetime as dt

import pytest

from foundation.db import db
from models import Client, Pet, ServiceItem, Staff, TimeOff, TimeOffState
from workflows import jobs, time_off
from workflows.actors import staff_actor
from workflows.conflicts import ClashKind, ConflictsFound
from workflows.errors import WorkflowError
from workflows.wanted import Wanted

pytestmark = pytest.mark.covers("V5")

THU = dt.date(2026, 11, 26)


@pytest.fixture
def asked(cast):
    off = time_off.ask(cast.sam, first_on=THU, last_on=THU, actor=cast.as_sam)
    db.session.commit()
    return off.id


def test_withdrawn_and_approved_in_the_same_second(cast, asked, together):
    sam, max_ = cast.sam.id, cast.max.id

    def withdraw():
        off = db.session.get(TimeOff, asked)
        return time_off.withdraw(off, actor=staff_actor(db.session.get(Staff, sam))).state

    def approve():
        off = db.session.get(TimeOff, asked)
        return time_off.approve(off, actor=staff_actor(db.session.get(Staff, max_))).state

    withdrawn, approved = together(withdraw, approve)
    # Days that were approved first can still be given back; those that were given back cannot be approved.
    assert withdrawn is TimeOffState.WITHDRAWN
    assert approved is TimeOffState.APPROVED or isinstance(approved, WorkflowError)
    assert db.session.get(TimeOff, asked).state is TimeOffState.WITHDRAWN


def test_booked_and_approved_in_the_same_second(cast, asked, together):
    max_, alice, walk, biscuit, sam = cast.max.id, cast.alice.id, cast.walk.id, cast.biscuit.id, cast.sam.id

    def book():
        wanted = Wanted(db.session.get(ServiceItem, walk), [THU], dt.time(12), pets=[db.session.get(Pet, biscuit)])
        return jobs.book(
            db.session.get(Client, alice), wanted, sitter=db.session.get(Staff, sam),
            accept=[f"{THU}/12:00:00/:{ClashKind.TIME_OFF_ASKED}:off-{asked}:{sam}"],
            actor=staff_actor(db.session.get(Staff, max_)),
        )[0].id  # fmt: skip

    def approve():
        off = db.session.get(TimeOff, asked)
        return time_off.approve(off, actor=staff_actor(db.session.get(Staff, max_)), seen=[]).state

    booked, approved = together(book, approve)
    # Whoever comes second is shown what the first did.
    assert isinstance(booked, ConflictsFound) is not isinstance(approved, time_off.VisitsInTheWay)
