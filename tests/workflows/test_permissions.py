"""Who may do what: the whole table of roles and permissions, and who counts as whom."""

import pytest

from models import ActorKind, StaffRole, Via
from tests import factories as make
from workflows.actors import COMMAND_LINE, WORKER, client_actor, staff_actor, staff_as_client
from workflows.errors import NotAllowed
from workflows.permissions import ROLE_PERMISSIONS, Permission, role_allows

OWNER_ONLY = {
    Permission.STAFF, Permission.ROLES, Permission.SETTINGS, Permission.ERASE, Permission.TAKE_ALL, Permission.OPERATIONS, Permission.IMPORT,
}  # fmt: skip


def test_every_role_has_its_permissions():
    assert set(ROLE_PERMISSIONS) == set(StaffRole)


@pytest.mark.parametrize("permission", Permission, ids=str)
def test_role_allows_what_the_table_says(app, permission):
    allowed = {role for role in StaffRole if role_allows(role, permission)}
    if permission in {Permission.OWN_DAY, Permission.ASK_TIME_OFF, Permission.OWN_PAY}:
        assert allowed == set(StaffRole)
    elif permission in OWNER_ONLY:
        assert allowed == {StaffRole.OWNER}
    else:
        assert allowed == {StaffRole.OWNER, StaffRole.MANAGER}


def test_staff_may_what_their_role_says_while_they_are_active(cast):
    assert cast.as_max.may(Permission.REQUESTS)
    assert not cast.as_sam.may(Permission.REQUESTS)
    cast.max.is_active = False
    assert not cast.as_max.may(Permission.REQUESTS)


def test_clients_may_nothing_of_the_office(cast):
    assert [p for p in Permission if cast.as_alice.may(p)] == []


@pytest.mark.parametrize("actor", [WORKER, COMMAND_LINE], ids=lambda a: a.name)
def test_the_system_may_everything(actor):
    assert all(actor.may(p) for p in Permission)
    actor.require(Permission.STAFF)


def test_require_without_the_permission_is_refused(cast):
    with pytest.raises(NotAllowed) as refused:
        cast.as_max.require(Permission.SETTINGS)
    assert (refused.value.code, str(refused.value)) == ("not_allowed", "Your account does not allow this.")


@pytest.mark.covers("B14")
def test_staff_in_a_client_s_portal_act_as_themselves_on_behalf_of_the_client(cast):
    actor = staff_as_client(cast.olivia, cast.alice)
    assert (actor.kind, actor.name, actor.via, actor.on_behalf, actor.is_client) == (
        ActorKind.STAFF, "Olivia Owens", Via.PORTAL, True, True,
    )  # fmt: skip


def test_client_and_staff_in_their_own_places_act_for_themselves(cast):
    login = make.client_login(cast.alice)
    alice, olivia = client_actor(cast.alice, login), staff_actor(cast.olivia, Via.COMMAND_LINE)
    assert (alice.kind, alice.via, alice.on_behalf, alice.is_client) == (ActorKind.CLIENT, Via.PORTAL, False, True)
    assert (olivia.kind, olivia.via, olivia.on_behalf, olivia.is_client) == (
        ActorKind.STAFF,
        Via.COMMAND_LINE,
        False,
        False,
    )
    assert alice.client_login is login
