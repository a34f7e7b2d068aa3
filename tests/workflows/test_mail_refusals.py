"""Addresses that give mails back: marked once, known again in any spelling, and let go."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, MailRefusal, MailState, StaffRole
from tests import factories
from workflows import mail_refusals
from workflows.actors import WORKER, staff_actor
from workflows.errors import Invalid, NotAllowed, WrongState

pytestmark = pytest.mark.covers("S4")


def test_marking_is_once_logged_and_finds_its_client(app):
    first = factories.client(email="Carla@Example.com")
    second = factories.client(email="carla@example.com")
    mail = factories.outbox_mail(state=MailState.SENT, to_address="carla@EXAMPLE.com", client_id=second.id)
    mark = mail_refusals.came_back(mail, actor=WORKER)
    assert (mark.address, mark.client_id, mark.mail_id) == ("carla@example.com", second.id, mail.id)
    assert mail_refusals.mark_bounced(" CARLA@example.com ", reason="again", actor=WORKER) is None
    assert db.session.scalars(sa.select(Activity.verb)).all() == ["mail_refusal.bounced"]
    assert mail_refusals.bounced(["Carla@example.com", "other@example.com"]) == {"carla@example.com"}
    assert mail_refusals.bounced([]) == set()
    mail_refusals.take_off(mark, actor=WORKER)
    assert mail_refusals.find("carla@example.com") is None
    anew = mail_refusals.mark_bounced("carla@example.com", reason="550 no\r\nsuch \0user" + "x" * 400, actor=WORKER)
    assert anew.client_id == first.id
    assert anew.reason.startswith("550 no such user")
    assert len(anew.reason) <= 255


def test_what_is_refused(app):
    for bad in ("", "nobody", "a b@c.example", "x" * 300 + "@example.com"):
        with pytest.raises(Invalid):
            mail_refusals.mark_bounced(bad, reason="", actor=WORKER)
    with pytest.raises(WrongState):
        mail_refusals.came_back(factories.outbox_mail(state=MailState.QUEUED), actor=WORKER)
    with pytest.raises(NotAllowed):
        mail_refusals.mark_bounced("a@b.example", reason="", actor=staff_actor(factories.staff(role=StaffRole.SITTER)))
    assert db.session.scalars(sa.select(MailRefusal)).all() == []
