"""Who may do what: one page, one sentence a permission. Names read scope:resource:action.

The table here is what a new business begins with; the owner changes it for managers and sitters (`roles`).
"""

import enum
from collections.abc import Mapping

from models import StaffRole
from workflows.errors import N_


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
    #: what managers and sitters may do
    ROLES = "office:roles:edit"
    #: business and portal settings
    SETTINGS = "office:settings:edit"
    #: invoices, notes, payments, balances: to see and to write
    BILLING = "office:billing:edit"
    #: give money back, write off, grant credit
    REFUND = "office:billing:refund"
    #: what the business earns: totals, ageing, the books
    FINANCES = "office:finances:see"
    #: lists as files
    EXPORT = "office:lists:export"
    #: everything of the business as one file, backups
    TAKE_ALL = "office:data:take"
    #: how the installation runs: worker, queue, backups, disk
    OPERATIONS = "office:operations:see"
    #: bring clients, pets, visits and balances in from files, and undo it
    IMPORT = "office:data:import"
    #: own mails to many clients at once
    MAILINGS = "office:mailings:send"
    #: the words of the mails that the program writes
    TEMPLATES = "office:templates:edit"
    #: the log and the outbox
    RECORDS = "office:records:read"
    #: alarm codes, key places and other secrets in the clear, each look logged
    SECRETS = "office:secrets:read"
    #: erase everything about a client for good
    ERASE = "office:clients:erase"
    #: look at a client's portal as the client
    PORTAL_AS_CLIENT = "office:portal:open"
    #: keys of clients' homes: add, change, give out
    KEYS = "office:keys:edit"
    #: what sitters earn: pay runs and statements
    PAY = "office:pay:run"
    #: the sitter's own pages
    OWN_DAY = "sitter:day:open"
    #: give a key to another sitter, or take one over
    HAND_OVER_KEYS = "sitter:keys:hand_over"
    #: ask the office for days off
    ASK_TIME_OFF = "sitter:time_off:ask"
    #: who else is away, and when
    SEE_TIME_OFF = "sitter:time_off:see_all"
    #: own statements and what is still to be paid
    OWN_PAY = "sitter:pay:see"


ROLE_PERMISSIONS: dict[StaffRole, frozenset[Permission]] = {
    StaffRole.OWNER: frozenset(Permission),
    StaffRole.MANAGER: frozenset(Permission)
    - {
        Permission.STAFF,
        Permission.ROLES,
        Permission.SETTINGS,
        Permission.ERASE,
        Permission.TAKE_ALL,
        Permission.OPERATIONS,
        Permission.IMPORT,
    },
    StaffRole.SITTER: frozenset({Permission.OWN_DAY, Permission.ASK_TIME_OFF, Permission.OWN_PAY}),
}


#: what no other role can be given: whoever may change roles could give themselves everything
OWNER_ONLY = frozenset({Permission.ROLES})

#: what the page of roles says of each
SENTENCES: dict[Permission, str] = {
    Permission.OFFICE: N_("Open the back office and look around: all clients, visits and prices"),
    Permission.CLIENTS: N_("Add, change and archive clients, pets and vets; invite them to the portal"),
    Permission.REQUESTS: N_("Decide on job requests and write about them"),
    Permission.SCHEDULE: N_("Book, move, assign and cancel visits; decide on changes"),
    Permission.CATALOGUE: N_("Change services, prices, time blocks, holidays and the cancellation policy"),
    Permission.STAFF: N_("Add and change team members, invite them, reset their log-ins"),
    Permission.FEES: N_("Take another cancellation fee than the policy's"),
    Permission.FIELDS: N_("Design the pages that clients, sitters and the office fill in"),
    Permission.ROLES: N_("Decide what managers and sitters may do"),
    Permission.SETTINGS: N_("Change business and portal settings"),
    Permission.BILLING: N_("See and write invoices and notes, record and take payments"),
    Permission.REFUND: N_("Give money back, write off what is owed, grant credit"),
    Permission.FINANCES: N_("See what the business earns and is owed in all, and the books"),
    Permission.EXPORT: N_("Save lists as files"),
    Permission.TAKE_ALL: N_("Take everything of the business out as one file"),
    Permission.OPERATIONS: N_("See how the installation runs: the worker, backups, what waits"),
    Permission.IMPORT: N_("Bring clients, pets, visits and balances in from files"),
    Permission.MAILINGS: N_("Write to many clients at once"),
    Permission.TEMPLATES: N_("Change the words of the mails that Latchkey writes"),
    Permission.RECORDS: N_("Read the log and the outbox"),
    Permission.SECRETS: N_("See alarm codes, key places and other secrets; each look is logged"),
    Permission.ERASE: N_("Erase everything about a client for good"),
    Permission.PORTAL_AS_CLIENT: N_("Look at a client's portal as the client"),
    Permission.KEYS: N_("Add and change clients' keys, say who has them"),
    Permission.PAY: N_("See what sitters earn, make pay runs"),
    Permission.OWN_DAY: N_("The sitter's own pages: own visits and own calendar"),
    Permission.HAND_OVER_KEYS: N_("Give keys to other sitters and take theirs over"),
    Permission.ASK_TIME_OFF: N_("Ask for time off"),
    Permission.SEE_TIME_OFF: N_("See when others are away"),
    Permission.OWN_PAY: N_("See own pay and statements"),
}


def role_allows(role: StaffRole, permission: Permission) -> bool:
    """Does this role include the permission? The owner's ticks count before the table; owners keep the table's."""
    if role is not StaffRole.OWNER:
        ticked = _ticks().get((role.value, permission.value))
        if ticked is not None:
            return ticked
    return permission in ROLE_PERMISSIONS[role]


def _ticks() -> Mapping[tuple[str, str], bool]:
    """What the owner ticked, read together with the settings, once a request."""
    from workflows import settings

    return settings.read().roles
