"""What managers and sitters may do, as the owner ticks it."""

import pytest

from models import Activity, RolePermission, StaffRole
from tests.databases import count, statements
from workflows import invitations, people, permissions, roles, settings
from workflows.actors import COMMAND_LINE
from workflows.errors import NotAllowed
from workflows.permissions import ROLE_PERMISSIONS, SENTENCES, Permission, role_allows

MANAGER, SITTER, OWNER = StaffRole.MANAGER, StaffRole.SITTER, StaffRole.OWNER


def now(role):
    return {p for p in Permission if role_allows(role, p)}


def test_every_permission_has_a_sentence():
    assert set(SENTENCES) == set(Permission)


@pytest.mark.covers("A4")
def test_what_the_owner_ticks_counts_at_once_and_is_logged(cast):
    wanted = now(MANAGER) - {Permission.EXPORT} | {Permission.STAFF}
    assert roles.change({MANAGER: wanted}, actor=cast.as_olivia) == 2
    assert (cast.as_max.may(Permission.EXPORT), cast.as_max.may(Permission.STAFF)) == (False, True)
    assert now(SITTER) == set(ROLE_PERMISSIONS[SITTER])
    assert count(Activity, Activity.verb == "role.changed", Activity.staff_id == cast.olivia.id) == 2
    assert roles.change({MANAGER: wanted}, actor=cast.as_olivia) == 0


def test_taking_it_back_leaves_no_row(cast):
    before = now(SITTER)
    roles.change({SITTER: before | {Permission.OFFICE}}, actor=cast.as_olivia)
    assert (role_allows(SITTER, Permission.OFFICE), count(RolePermission)) == (True, 1)
    roles.change({SITTER: before}, actor=cast.as_olivia)
    assert (now(SITTER), count(RolePermission)) == (before, 0)


@pytest.mark.covers("A4")
def test_owners_keep_everything_whatever_is_asked(cast, db_session):
    roles.change({OWNER: set(), MANAGER: set(), SITTER: set()}, actor=cast.as_olivia)
    db_session.add(RolePermission(role=OWNER, permission=Permission.ROLES.value, is_allowed=False))
    db_session.flush()
    settings.forget()
    assert (now(OWNER), now(MANAGER), now(SITTER)) == (set(Permission), set(), set())


def test_what_is_the_owners_alone_is_given_to_nobody(cast):
    roles.change({MANAGER: set(Permission), SITTER: set(Permission)}, actor=cast.as_olivia)
    assert set(Permission) - now(MANAGER) == set(Permission) - now(SITTER) == set(permissions.OWNER_ONLY)


def test_only_owners_change_roles_also_when_others_manage_the_team(cast):
    roles.change({MANAGER: set(Permission)}, actor=cast.as_olivia)
    for actor in (cast.as_max, cast.as_sam, cast.as_alice):
        with pytest.raises(NotAllowed):
            roles.change({SITTER: set(Permission)}, actor=actor)
    assert roles.may_change(actor=COMMAND_LINE)


def test_a_manager_with_the_team_makes_no_owner_of_anybody(cast):
    roles.change({MANAGER: set(Permission)}, actor=cast.as_olivia)
    for do in (
        lambda: people.change_staff(cast.max, {"role": OWNER}, actor=cast.as_max),
        lambda: people.change_staff(cast.olivia, {"email": "max@example.com"}, actor=cast.as_max),
        lambda: people.add_staff({"first_name": "Eve", "role": OWNER}, actor=cast.as_max),
        lambda: people.remove_staff(cast.olivia, actor=cast.as_max),
        lambda: invitations.invite_staff(cast.olivia, actor=cast.as_max),
    ):
        with pytest.raises(NotAllowed):
            do()
    people.change_staff(cast.sam, {"first_name": "Samuel"}, actor=cast.as_max)


def test_roles_are_read_with_the_settings_in_one_statement(cast, db_session):
    roles.change({MANAGER: set()}, actor=cast.as_olivia)
    settings.change({"business.name": "Paws"}, actor=cast.as_olivia)
    db_session.commit()
    settings.forget()
    with statements() as asked:
        assert settings.read()["business.name"] == "Paws"
        assert not cast.as_max.may(Permission.OFFICE)
        assert cast.as_olivia.may(Permission.OFFICE)
    assert len(asked) == 1


def test_a_row_of_another_version_does_no_harm(cast, db_session):
    db_session.add(RolePermission(role=MANAGER, permission="office:gone:read", is_allowed=True))
    db_session.flush()
    settings.forget()
    assert now(MANAGER) == set(ROLE_PERMISSIONS[MANAGER])
