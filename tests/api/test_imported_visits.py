"""Visits that a file brings in are told to web hooks as any others: once it is real, and each once."""

import sqlalchemy as sa

from foundation.db import db
from models import HookDelivery, ImportKind
from tests import connection_factories as make
from tests.workflows.importing.test_clients import brought_in, checked, counts
from workflows import hook_events


def told():
    db.session.expire_all()
    return [(x.event, x.data["state"]) for x in db.session.scalars(sa.select(HookDelivery).order_by(HookDelivery.id))]


def test_a_check_tells_nothing_and_the_import_each_visit_once(on, cast):
    make.web_hook("https://peer.example/in", events=list(hook_events.EVENTS))
    db.session.commit()
    text = (
        "Client Email,Service,Date,Time,Billed\n"
        f"{cast.alice.email},{cast.walk.name},2026-12-01,14:00,\n{cast.alice.email},{cast.walk.name},2026-11-02,9:00,yes\n"
        f"{cast.alice.email},{cast.walk.name},2026-11-03,9:00,\n"
    )
    assert counts(checked(ImportKind.VISITS, text, cast.as_olivia)) == ("checked", 2, 0, 0, 1)
    assert told() == []
    assert counts(brought_in(ImportKind.VISITS, text, cast.as_olivia)) == ("done", 2, 0, 0, 1)
    assert sorted(told()) == [("visit.completed", "completed"), ("visit.scheduled", "completed"), ("visit.scheduled", "scheduled")]  # fmt: skip
