"""Lines on HOME: put there by what happens, taken away by a person."""

import datetime as dt

import pytest

from models import Notification, NotificationKind
from tests import factories as make
from workflows import notifications
from workflows.actors import WORKER
from workflows.errors import NotAllowed

NOW = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC)


def test_notify_office_puts_a_line_on_home(cast, db_session):
    line = notifications.notify_office(
        NotificationKind.REQUEST_RECEIVED, client=cast.bob, request=cast.bobs_request, on=dt.date(2026, 11, 26)
    )
    db_session.flush()
    assert (line.client, line.request, line.facts, line.dismissed_at) == (
        cast.bob, cast.bobs_request, {"on": "2026-11-26"}, None,
    )  # fmt: skip


def test_notify_office_about_nobody_in_particular(db_session):
    line = notifications.notify_office(NotificationKind.MAIL_FAILED)
    db_session.flush()
    assert (line.client_id, line.request_id, line.facts) == (None, None, {})


def test_dismiss_notes_who_and_when_and_a_second_time_changes_nothing(cast, clock_at):
    line = make.notification()
    notifications.dismiss(line, actor=cast.as_max)
    clock_at("2026-11-23 11:00")
    notifications.dismiss(line, actor=cast.as_olivia)
    assert (line.dismissed_at, line.dismissed_by_id) == (NOW, cast.max.id)


def test_dismiss_by_the_system_names_nobody(db_session):
    line = notifications.dismiss(make.notification(), actor=WORKER)
    assert (line.dismissed_at, line.dismissed_by_id) == (NOW, None)


def test_dismiss_all_leaves_what_the_person_has_not_seen(cast, db_session):
    old, seen, newer = make.notification(), make.notification(), make.notification()
    notifications.dismiss(old, actor=cast.as_olivia)
    assert notifications.dismiss_all(actor=cast.as_max, up_to_id=seen.id) == 1
    db_session.expire_all()
    assert [n.dismissed_by_id for n in (old, seen, newer)] == [cast.olivia.id, cast.max.id, None]


def test_dismiss_all_by_the_system_names_nobody(db_session):
    line = make.notification()
    assert notifications.dismiss_all(actor=WORKER, up_to_id=line.id) == 1
    db_session.expire_all()
    assert db_session.get(Notification, line.id).dismissed_by_id is None


def test_dismissing_is_refused_without_the_office_permission(cast):
    line = make.notification()
    for actor in (cast.as_sam, cast.as_alice):
        with pytest.raises(NotAllowed):
            notifications.dismiss(line, actor=actor)
        with pytest.raises(NotAllowed):
            notifications.dismiss_all(actor=actor, up_to_id=line.id)
    assert line.dismissed_at is None
