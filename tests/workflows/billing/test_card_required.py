"""A card or bank account before requests: sending is refused with its reason, a forgotten basket waits and says why."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import JobRequest, JobRequestLine, LineState, Notification, NotificationKind
from tests import factories
from tests.databases import count
from workflows import baskets, sending, settings
from workflows.billing import methods
from workflows.errors import Invalid

pytestmark = pytest.mark.covers("P7")


@pytest.fixture(autouse=True)
def _required(cast):
    settings.change({"portal.method_required": True}, actor=cast.as_olivia)
    db.session.commit()


@pytest.fixture
def basket(cast):
    return factories.basket(cast.alice, cast.walk, pets=[cast.biscuit])


def test_sending_is_refused_until_a_card_is_kept(cast, desk, basket):
    db.session.commit()
    with pytest.raises(Invalid) as refusal:
        sending.submit(cast.alice, actor=cast.as_alice)
    assert refusal.value.code == "method_required"
    db.session.rollback()
    assert baskets.basket_of(cast.alice.id) is not None
    methods.add(cast.alice, nonce="fake-valid-nonce", actor=cast.as_alice, gateway=desk)
    assert sending.submit(cast.alice, actor=cast.as_alice).lines


def test_a_forgotten_basket_waits_says_why_and_goes_once_a_card_is_kept(cast, desk, basket):
    basket.changed_at = clock.now() - dt.timedelta(hours=25)
    db.session.commit()
    for _ in range(2):
        assert sending.auto_submit(cast.alice) is None
        db.session.commit()
    mine = sa.select(JobRequestLine.blocked_code).where(JobRequestLine.client_id == cast.alice.id)
    assert set(db.session.scalars(mine)) == {"method_required"}
    assert count(Notification, Notification.kind == NotificationKind.BASKET_BLOCKED) == 1
    methods.add(cast.alice, nonce="fake-valid-nonce", actor=cast.as_alice, gateway=desk)
    assert sending.auto_submit(cast.alice) is not None
    db.session.commit()
    assert count(JobRequest, JobRequest.client_id == cast.alice.id, JobRequest.submitted_at.is_not(None)) == 1
    assert set(
        db.session.scalars(sa.select(JobRequestLine.state).where(JobRequestLine.client_id == cast.alice.id))
    ) == {LineState.SUBMITTED}


def test_who_cannot_give_one_is_not_asked_for_one(cast, desk, basket):
    for off in ({"portal.pay": False}, {"portal.cards": False}, {"portal.new_cards": False}):
        settings.change(off, actor=cast.as_olivia)
        assert not methods.needs_card(cast.alice), off
        db.session.rollback()
        settings.forget()
    assert methods.needs_card(cast.alice)
