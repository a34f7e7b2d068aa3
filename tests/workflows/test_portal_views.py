"""The office in a client's portal ("go to portal"): a staff member in a client's portal."""

import datetime as dt

import pytest

from models import (
    Activity,
    Realm,
    StaffRole,
)
from tests import factories as make
from tests.coming_in import found, log_in
from tests.databases import count
from workflows import portal_views, sign_ins
from workflows.actors import COMMAND_LINE
from workflows.errors import NotAllowed


@pytest.fixture
def fresh(db_session):
    """Commit and forget what was loaded, as the next request would."""

    def again():
        db_session.commit()
        db_session.expire_all()

    return again


# --------------------------------------------------------------------------------------------------- "go to portal"


@pytest.fixture
def office(cast):
    """Olivia at work in the back office."""
    make.staff_login(cast.olivia)
    return log_in("olivia@example.com", realm=Realm.STAFF)


@pytest.mark.covers("B14")
def test_open_portal_as_a_client_shows_that_client_s_portal_and_is_logged(cast, office, db_session, fresh):
    view = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=office.sign_in)
    fresh()
    seen = found(view)
    assert (seen.realm, seen.viewed_client, seen.viewing_staff) == (Realm.CLIENT, cast.alice, cast.olivia)
    line = db_session.query(Activity).order_by(Activity.id.desc()).first()
    assert (line.verb, line.actor_name, line.client_id) == ("access.portal_opened", "Olivia Owens", cast.alice.id)


@pytest.mark.covers("B14")
def test_portal_view_ends_after_thirty_minutes(cast, office, clock_at):
    view = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=office.sign_in)
    clock_at("2026-11-23 10:29:59")
    assert found(view)
    clock_at("2026-11-23 10:30")
    assert found(view) is None


@pytest.mark.covers("B14")
@pytest.mark.parametrize(
    "how", ["log out", "row ended", "expired", "deactivated", "log-in closed", "removed sitter role"]
)
def test_portal_view_ends_with_the_staff_member_s_own_sign_in(cast, office, clock_at, fresh, db_session, how):
    clock_at("2026-11-24 09:50")  # ten minutes before the sign-in itself expires
    view = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=office.sign_in)
    fresh()
    assert found(view)
    if how == "log out":
        sign_ins.log_out(office.sign_in)
    elif how == "row ended":
        office.sign_in.ended_at = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    elif how == "expired":
        clock_at("2026-11-24 10:00")
    elif how == "deactivated":
        cast.olivia.is_active = False
    elif how == "log-in closed":
        cast.olivia.login.is_active = False
    else:
        cast.olivia.role = StaffRole.SITTER
    fresh()
    assert found(view) is None


def test_portal_view_survives_the_client_s_own_log_out(cast, office, fresh):
    make.client_login(cast.alice)
    own = log_in("alice@example.com")
    view = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=office.sign_in)
    sign_ins.log_out(own.sign_in)
    fresh()
    assert found(view)


@pytest.mark.covers("B14")
def test_close_portal_view_is_logged_once(cast, office, db_session, fresh):
    view = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=office.sign_in)
    portal_views.close_portal_view(view.sign_in)
    portal_views.close_portal_view(view.sign_in)
    fresh()
    assert (found(view), found(office)) == (None, office.sign_in)
    assert count(Activity, Activity.verb == "access.portal_closed", Activity.client_id == cast.alice.id) == 1


def test_close_portal_view_of_a_client_s_own_sign_in_changes_nothing(cast, fresh):
    make.client_login(cast.alice)
    own = log_in("alice@example.com")
    portal_views.close_portal_view(own.sign_in)
    fresh()
    assert found(own)


def test_open_portal_as_a_client_needs_the_permission_and_a_person(cast, office):
    for actor in (cast.as_sam, cast.as_alice, COMMAND_LINE):
        with pytest.raises(NotAllowed):
            portal_views.open_portal_as(cast.bob, actor=actor, opened_by=office.sign_in)
