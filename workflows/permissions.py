"""Who may do what: one page, one sentence a permission. Names read scope:resource:action."""

import enum

from models import StaffRole


class Permission(enum.StrEnum):
    """What a staff member can be allowed."""

    #: open the back office at all
    OFFICE = "office:pages:open"
    #: clients, pets, vets: add, change, archive
    CLIENTS = "office:clients:edit"
    #: decide on job requests and write about them
    REQUESTS = "office:requests:decide"
    #: book, move, assign and cancel visits
    SCHEDULE = "office:schedule:edit"
    #: service items, groups, time blocks, prices, holidays
    CATALOGUE = "office:catalogue:edit"
    #: staff members, their roles and log-ins
    STAFF = "office:staff:edit"
    #: take another cancellation fee than the policy's, with a reason
    FEES = "office:fees:waive"
    #: the pages, sections and fields that clients, sitters and the office fill in
    FIELDS = "office:fields:design"
    #: business and portal settings
    SETTINGS = "office:settings:edit"
    #: lists as files
    EXPORT = "office:lists:export"
    #: the log and the outbox
    RECORDS = "office:records:read"
    #: alarm codes, key places and other secrets in the clear, each look logged
    SECRETS = "office:secrets:read"
    #: look at a client's portal as the client
    PORTAL_AS_CLIENT = "office:portal:open"
    #: the sitter's own pages
    OWN_DAY = "sitter:day:open"


ROLE_PERMISSIONS: dict[StaffRole, frozenset[Permission]] = {
    StaffRole.OWNER: frozenset(Permission),
    StaffRole.MANAGER: frozenset(Permission) - {Permission.STAFF, Permission.SETTINGS},
    StaffRole.SITTER: frozenset({Permission.OWN_DAY}),
}


def role_allows(role: StaffRole, permission: Permission) -> bool:
    """Does this role include the permission?"""
    return permission in ROLE_PERMISSIONS[role]
