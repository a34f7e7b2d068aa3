"""Rows of several tables at once: what is new, what changes, what is there already, and that all of it is one transaction."""

import pytest
import sqlalchemy as sa

from foundation.together import Changed, New, write_together
from models import Activity, ActorKind, Notification, NotificationKind, OutboxMail, Via
from tests import factories as make
from tests.databases import count, statements

MAIL = {"kind": "x", "facts": {"n": 1}, "to_address": "a@example.com", "dedupe_key": "x:1"}
LINE = {"verb": "x.y", "actor_kind": ActorKind.SYSTEM, "actor_name": "Z", "via": Via.WORKER, "subject_type": ""}


@pytest.fixture
def request_7(cast, db_session):
    made = make.sent_request(cast.alice, cast.walk, number=7)
    db_session.commit()
    return made


def write(request, message_id):
    write_together([
        Changed(type(request), request.id, {"number": 8}),
        New(Notification, {"kind": NotificationKind.REQUEST_RECEIVED, "request_id": request.id, "facts": {"n": 2}}),
        New(Activity, LINE),
        New(OutboxMail, {**MAIL, "message_id": message_id}, unless="dedupe_key"),
    ])  # fmt: skip


def test_new_and_changed_rows_hold_what_was_said_and_the_defaults_of_the_rest(request_7, db_session):
    at_first = count(Activity)
    with statements() as sent:
        write(request_7, "<1>")
    assert len(sent) == (4 if db_session.get_bind().dialect.name == "sqlite" else 1)
    db_session.refresh(request_7)
    assert request_7.number == 8
    notice, mail = db_session.scalars(sa.select(Notification)).one(), db_session.scalars(sa.select(OutboxMail)).one()
    assert (notice.facts, notice.request, notice.dismissed_at) == ({"n": 2}, request_7, None)
    assert (mail.facts, mail.cc_addresses, mail.state.value, mail.attempts) == ({"n": 1}, [], "queued", 0)
    assert None not in {notice.created_at, mail.created_at, mail.next_at}
    line = db_session.scalars(sa.select(Activity).order_by(Activity.id.desc())).first()
    assert (count(Activity) - at_first, line.verb, line.facts, line.client_id) == (1, "x.y", {}, None)


def test_what_is_there_already_is_not_added_again_and_the_rest_is(request_7, db_session):
    write(request_7, "<1>")
    write(request_7, "<2>")
    assert db_session.scalars(sa.select(OutboxMail.message_id)).all() == ["<1>"]
    assert count(Notification) == 2


def test_a_refused_row_leaves_none_of_them(request_7, db_session):
    with pytest.raises(sa.exc.IntegrityError):
        write_together([
            Changed(type(request_7), request_7.id, {"number": 9}),
            New(Notification, {"kind": NotificationKind.REQUEST_RECEIVED, "request_id": 999_999}),
        ])  # fmt: skip
    db_session.rollback()
    assert (request_7.number, count(Notification)) == (7, 0)
