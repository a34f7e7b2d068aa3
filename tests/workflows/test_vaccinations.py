"""Vaccinations: entered by client or office, reminded of once, and in the way of requests when the office wants that."""

import datetime as dt

import pytest
import sqlalchemy as sa

from models import Activity, ClientStatus, Notification, NotificationKind, PetStatus, Vaccination
from tests import factories as make
from workflows import baskets, people, sending, settings, vaccinations
from workflows.errors import Invalid, NotAllowed
from workflows.mail_facts import MailKind
from workflows.wanted import Wanted

pytestmark = pytest.mark.covers("B11")

TODAY = dt.date(2026, 11, 23)
SOON, LATER = TODAY + dt.timedelta(days=20), TODAY + dt.timedelta(days=400)


def enter(pet, actor, name="Rabies", ends=SOON, **more):
    return vaccinations.add(pet, {"name": name, "expires_on": ends, **more}, actor=actor)


def test_entering_notes_the_earliest_end_logs_and_tells_home(cast, db_session):
    enter(cast.biscuit, cast.as_alice, ends=LATER)
    assert cast.biscuit.vaccinations_expire_on == LATER
    enter(cast.biscuit, cast.as_alice, "Distemper", SOON)
    assert cast.biscuit.vaccinations_expire_on == SOON
    lines = db_session.scalars(sa.select(Activity).where(Activity.verb == "vaccination.entered")).all()
    assert [(x.client_id, x.facts["name"]) for x in lines] == [
        (cast.alice.id, "Biscuit: Rabies"), (cast.alice.id, "Biscuit: Distemper"),
    ]  # fmt: skip
    told = db_session.scalars(sa.select(Notification).where(Notification.kind == NotificationKind.DATA_CHANGED)).all()
    assert [x.facts["about"] for x in told] == [["Biscuit: Rabies"], ["Biscuit: Distemper"]]


def test_newer_one_of_the_same_name_takes_the_place_of_the_older(cast):
    enter(cast.biscuit, cast.as_olivia, "Rabies", TODAY - dt.timedelta(days=3))
    enter(cast.biscuit, cast.as_olivia, "RABIES", LATER)
    assert [(v.name, v.expires_on) for v in vaccinations.of_pet(cast.biscuit)] == [("RABIES", LATER)]
    assert cast.biscuit.vaccinations_expire_on == LATER


def test_taking_one_away_looks_again_and_twice_is_once(cast, db_session):
    row = enter(cast.biscuit, cast.as_alice)
    vaccinations.end(row, actor=cast.as_alice)
    vaccinations.end(row, actor=cast.as_alice)
    assert (vaccinations.of_pet(cast.biscuit), cast.biscuit.vaccinations_expire_on) == ([], None)
    ended = sa.select(sa.func.count(Activity.id)).where(Activity.verb == "vaccination.ended")
    assert db_session.scalar(ended) == 1


def test_nobody_enters_or_ends_for_a_pet_of_others(cast):
    row = enter(cast.bella, cast.as_olivia)
    for work in (lambda: enter(cast.bella, cast.as_alice), lambda: vaccinations.end(row, actor=cast.as_alice)):
        with pytest.raises(NotAllowed):
            work()
    assert len(vaccinations.of_pet(cast.bella)) == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"expires_on": None}, "expires_on"),
        ({"expires_on": dt.date(9999, 1, 1)}, "expires_on"),
        ({"expires_on": dt.date(1970, 1, 1)}, "expires_on"),
        ({"given_on": TODAY + dt.timedelta(days=1)}, "given_on"),
        ({"given_on": TODAY, "expires_on": TODAY}, "expires_on"),
    ],
    ids=["no name", "long name", "no end", "far end", "old end", "given tomorrow", "ends at once"],
)
def test_what_cannot_be_is_refused(cast, values, field):
    with pytest.raises(Invalid) as refused:
        vaccinations.add(cast.biscuit, {"name": "Rabies", "expires_on": SOON, **values}, actor=cast.as_alice)
    assert refused.value.field == field


def test_certificate_must_be_of_the_pet(cast):
    file = make.stored_file(cast.alice, pet=cast.mochi)
    with pytest.raises(Invalid):
        vaccinations.add(cast.biscuit, {"name": "Rabies", "expires_on": SOON}, actor=cast.as_alice, certificate=file)


def test_pet_that_left_gets_none_from_the_client(cast):
    people.set_pet_status(cast.biscuit, PetStatus.DECEASED, actor=cast.as_olivia)
    with pytest.raises(Invalid):
        enter(cast.biscuit, cast.as_alice)


# -------------------------------------------------------------------------------------------------------- reminders


def told(db_session):
    lines = sa.select(Notification).where(Notification.kind == NotificationKind.VACCINATION_DUE)
    return [
        (x.client_id, x.facts["pet"], x.facts["about"]) for x in db_session.scalars(lines.order_by(Notification.id))
    ]


def test_client_and_home_are_told_once_before_and_once_after(cast, db_session, outbox, clock_at):
    enter(cast.biscuit, cast.as_olivia)
    enter(cast.mochi, cast.as_olivia, "Distemper", LATER)
    assert [vaccinations.remind(), vaccinations.remind()] == [1, 0]
    facts = outbox.facts(MailKind.VACCINATION_DUE, to=cast.alice.email)
    assert (facts.pet_name, facts.vaccination, facts.on_date, facts.is_over) == ("Biscuit", "Rabies", SOON.isoformat(), False)  # fmt: skip
    assert told(db_session) == [(cast.alice.id, "Biscuit", ["Rabies"])]
    clock_at(f"{SOON} 09:00")
    assert [vaccinations.remind(), vaccinations.remind()] == [1, 0]
    assert len(outbox.mails(MailKind.VACCINATION_DUE)) == len(told(db_session)) == 2


def test_nobody_is_told_when_it_does_not_matter(cast, db_session, outbox):
    enter(cast.biscuit, cast.as_olivia, ends=TODAY + dt.timedelta(days=31))
    enter(cast.mochi, cast.as_olivia, "Old", TODAY - dt.timedelta(days=500))
    enter(cast.bella, cast.as_olivia)
    cast.bob.status = ClientStatus.ARCHIVED
    gone = make.pet(cast.alice, "Old Tom", status=PetStatus.DECEASED)
    db_session.add(Vaccination(pet=gone, name="Rabies", expires_on=SOON))
    db_session.flush()
    assert vaccinations.remind() == 0
    settings.change({"vaccinations.remind_days": None}, actor=cast.as_olivia)
    enter(cast.biscuit, cast.as_olivia, "Flu", SOON)
    assert (vaccinations.remind(), len(outbox.mails(MailKind.VACCINATION_DUE))) == (0, 0)


# --------------------------------------------------------------------------------------------------------- requests


def wish(cast, day):
    return Wanted(cast.walk, [day], start_time=dt.time(12), pets=[cast.biscuit])


def test_requests_are_only_refused_when_the_office_wants_that(cast):
    enter(cast.biscuit, cast.as_olivia, ends=TODAY + dt.timedelta(days=5))
    baskets.add(cast.alice, wish(cast, TODAY + dt.timedelta(days=6)), actor=cast.as_alice)
    settings.change({"vaccinations.block_requests": True}, actor=cast.as_olivia)
    with pytest.raises(Invalid, match="Biscuit have run out") as refused:
        baskets.add(cast.alice, wish(cast, TODAY + dt.timedelta(days=5)), actor=cast.as_alice)
    assert refused.value.field == "pets"
    baskets.add(cast.alice, wish(cast, TODAY + dt.timedelta(days=4)), actor=cast.as_alice)


def test_basket_that_waited_too_long_keeps_its_lines_flagged(cast):
    baskets.add(cast.alice, wish(cast, TODAY + dt.timedelta(days=6)), actor=cast.as_alice)
    settings.change({"vaccinations.block_requests": True}, actor=cast.as_olivia)
    enter(cast.biscuit, cast.as_olivia, ends=TODAY + dt.timedelta(days=5))
    basket = baskets.basket_of(cast.alice.id)
    (refusal,) = baskets.problems(basket.lines).values()
    assert refusal.code == "vaccination"
    with pytest.raises(Invalid):
        sending.submit(cast.alice, actor=cast.as_alice)
    assert len(baskets.basket_of(cast.alice.id).lines) == 1
