"""S8: archiving a client or losing a pet flags the visits ahead; nothing is called off by itself."""

import datetime as dt

import pytest

from foundation.db import db
from models import ClientStatus, JobState, Notification, NotificationKind, PetStatus
from tests import factories as make
from workflows import leaving, notifications, own_pets, people

pytestmark = pytest.mark.covers("S8")


def flags():
    lines = db.session.query(Notification).order_by(Notification.id)
    return [
        (n.client_id, n.facts["pet"], n.facts["n_jobs"])
        for n in lines
        if n.kind is NotificationKind.VISITS_OF_ARCHIVED and n.dismissed_at is None
    ]


@pytest.fixture
def ahead(cast):
    """Of Alice's visits two with Biscuit, one with both and one with Mochi are ahead; others do not count."""
    day = make.DAY
    biscuits = [make.job(cast.alice, on_date=day + dt.timedelta(n), pets=[cast.biscuit]) for n in range(2)]
    both = make.job(cast.alice, on_date=day + dt.timedelta(5), pets=[cast.biscuit, cast.mochi])
    mochis = make.job(cast.alice, on_date=day + dt.timedelta(6), pets=[cast.mochi])
    stay = make.job(cast.alice, on_date=dt.date(2026, 11, 20), ends_on=dt.date(2026, 11, 22), pets=[cast.biscuit])
    assert stay.ends_on < make.clock.today()
    for state in (JobState.CANCELLED, JobState.VOIDED, JobState.COMPLETED):
        make.job(cast.alice, on_date=day, pets=[cast.biscuit], state=state)
    return [*biscuits, both, mochis]


def test_archiving_a_client_flags_all_visits_ahead_once(cast, ahead):
    people.change_client(cast.alice, {"status": ClientStatus.INACTIVE}, actor=cast.as_olivia)
    assert flags() == []
    people.change_client(cast.alice, {"status": ClientStatus.ARCHIVED}, actor=cast.as_olivia)
    people.change_client(cast.alice, {"status": ClientStatus.ARCHIVED, "city": "Salem"}, actor=cast.as_olivia)
    assert flags() == [(cast.alice.id, "", 4)]
    assert list(leaving.visits_ahead(cast.alice)) == ahead
    assert {job.state for job in ahead} == {JobState.SCHEDULED}


@pytest.mark.parametrize("way", ["the client", "the office's form", "the office's list"])
def test_a_pet_that_leaves_flags_the_visits_with_it(cast, ahead, way):
    if way == "the client":
        own_pets.leave(cast.biscuit, PetStatus.DECEASED, actor=cast.as_alice)
    elif way == "the office's form":
        people.change_pet(cast.biscuit, {"status": PetStatus.INACTIVE}, actor=cast.as_olivia)
    else:
        people.set_pet_status(cast.biscuit, PetStatus.INACTIVE, actor=cast.as_olivia)
    assert flags() == [(cast.alice.id, "Biscuit", 3)]
    assert list(leaving.visits_ahead(cast.alice, cast.biscuit)) == ahead[:3]


def test_nothing_ahead_flags_nothing_and_a_pet_that_comes_back_neither(cast):
    people.change_client(cast.alice, {"status": ClientStatus.ARCHIVED}, actor=cast.as_olivia)
    people.set_pet_status(cast.bella, PetStatus.INACTIVE, actor=cast.as_olivia)
    (line,) = [n for n in db.session.query(Notification) if n.kind is NotificationKind.VISITS_OF_ARCHIVED]
    assert line.client_id == cast.bob.id
    notifications.dismiss(line, actor=cast.as_olivia)
    people.set_pet_status(cast.bella, PetStatus.ACTIVE, actor=cast.as_olivia)
    assert flags() == []


def test_the_same_again_gets_the_new_number_and_a_pet_has_a_line_beside_the_clients(cast, ahead):
    people.set_pet_status(cast.biscuit, PetStatus.INACTIVE, actor=cast.as_olivia)
    ahead[0].state = JobState.CANCELLED
    people.set_pet_status(cast.biscuit, PetStatus.DECEASED, actor=cast.as_olivia)
    people.change_client(cast.alice, {"status": ClientStatus.ARCHIVED}, actor=cast.as_olivia)
    assert flags() == [(cast.alice.id, "Biscuit", 2), (cast.alice.id, "", 3)]
