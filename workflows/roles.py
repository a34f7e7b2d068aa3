"""What managers and sitters may do, as the owner ticks it; owners may do everything, always.

Only what differs from the product's own table (`permissions.ROLE_PERMISSIONS`) has a row.
"""

from collections.abc import Mapping

import sqlalchemy as sa

from foundation.db import db
from models import RolePermission, StaffRole
from workflows import activity, locks, settings
from workflows.actors import Actor
from workflows.errors import N_, NotAllowed
from workflows.permissions import OWNER_ONLY, ROLE_PERMISSIONS, Permission, role_allows

#: the roles that can be changed
OPEN_ROLES = (StaffRole.MANAGER, StaffRole.SITTER)


def may_change(*, actor: Actor) -> bool:
    """Only owners (and the command line) decide what the others may."""
    return actor.may(Permission.ROLES)


def matrix() -> dict[Permission, dict[StaffRole, bool]]:
    """Every permission with every role, as the code decides it now."""
    return {p: {r: role_allows(r, p) for r in StaffRole} for p in Permission}


def change(wanted: Mapping[StaffRole, set[Permission]], *, actor: Actor) -> int:
    """Set what each of these roles may; counts from the next request on. Every real change is logged; how many.

    Owners keep everything, and what is the owners' alone stays so whatever is asked. NotAllowed unless by an owner.
    """
    if not may_change(actor=actor):
        raise NotAllowed("not_allowed", N_("Only owners can change this."))
    locks.lock_place("settings")
    settings.forget()
    settings.read()
    n_changed = 0
    for role in OPEN_ROLES:
        if role not in wanted:
            continue
        for permission in Permission:
            new = permission in wanted[role] and permission not in OWNER_ONLY
            if new == role_allows(role, permission):
                continue
            _set(role, permission, is_allowed=new)
            activity.record("role.changed", actor=actor, name=role.value, changes={permission.value: [not new, new]})
            n_changed += 1
    db.session.flush()
    settings.forget()
    settings.read()
    return n_changed


def _set(role: StaffRole, permission: Permission, *, is_allowed: bool) -> None:
    db.session.execute(
        sa.delete(RolePermission).where(RolePermission.role == role, RolePermission.permission == permission.value)
    )
    if is_allowed != (permission in ROLE_PERMISSIONS[role]):
        db.session.add(RolePermission(role=role, permission=permission.value, is_allowed=is_allowed))
        db.session.flush()
