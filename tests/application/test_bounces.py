"""The address for bounces: off without a token, closed without the right one, and safe to repeat."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import MailRefusal, MailState
from tests import factories

pytestmark = pytest.mark.covers("S4")
TOKEN = {"Authorization": "Bearer t0ken-of-the-provider"}


def test_bounces_are_taken_with_the_token_only(app, http, monkeypatch):
    browser = http()
    mail = factories.outbox_mail(state=MailState.SENT, to_address="carla@example.com")
    db.session.commit()
    assert browser.post("/hooks/bounces", json={"address": "a@b.example"}, headers=TOKEN).status_code == 404
    monkeypatch.setitem(app.config, "BOUNCE_TOKEN", "t0ken-of-the-provider")
    for wrong in (
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer \u00e4"},
        {"Authorization": "t0ken-of-the-provider"},
    ):
        assert browser.post("/hooks/bounces", json={"address": "a@b.example"}, headers=wrong).status_code == 401
    assert browser.get("/hooks/bounces", headers=TOKEN).status_code == 405
    for bad in ("[]", "{", "null", '"x"', "{}", '{"address": 3}', '{"address": "no address"}', '{"address": "\\u0000", "reason": []}', "[" * 9000, '{"address": "a@b.example", "reason": "' + "x" * 20_000 + '"}'):  # fmt: skip
        assert browser.post("/hooks/bounces", data=bad, headers=TOKEN).status_code == 400, bad[:60]
    assert db.session.scalars(sa.select(MailRefusal)).all() == []
    told = {"message_id": mail.message_id.strip("<>"), "reason": "550 no such user"}
    for _ in range(2):
        assert browser.post("/hooks/bounces", json=told, headers=TOKEN).status_code == 204
    assert browser.post("/hooks/bounces", json={"address": "CARLA@example.com"}, headers=TOKEN).status_code == 204
    assert browser.post("/hooks/bounces", json={"message_id": "<of@somebody.else>\0"}, headers=TOKEN).status_code == 204
    mark = db.session.scalars(sa.select(MailRefusal)).one()
    assert (mark.address, mark.reason, mark.mail_id) == ("carla@example.com", "550 no such user", mail.id)
