"""Giving somebody a log-in: clients and the rest of their household, one by one or many at once, and staff members."""

import enum
from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from foundation import clock
from foundation.db import db
from models import BulkKind, BulkRun, Client, ClientLogin, ClientStatus, Staff, StaffLogin
from workflows import activity, bulk, locks
from workflows.actors import Actor
from workflows.bulk_kinds import Failure, Piece
from workflows.errors import N_, Invalid, NotAllowed, WorkflowError
from workflows.login_links import LINK_LIFETIME, mail_link
from workflows.people import check_owners_alone, clean_email
from workflows.permissions import Permission
from workflows.sign_ins import Login, why_closed

#: clients in one piece of a bulk invitation
AT_ONCE = 25
_GONE = N_("This client no longer exists.")


class InvitationState(enum.StrEnum):
    """How far an invitation has come."""

    NONE = "none"
    INVITED = "invited"
    EXPIRED = "expired"
    ACCEPTED = "accepted"
    CLOSED = "closed"


def state_of(login: Login | None) -> InvitationState:
    """Where this log-in's invitation stands: a link lives seven days, and is accepted with the password."""
    if login is None:
        return InvitationState.NONE
    if why_closed(login) is not None:
        return InvitationState.CLOSED
    if login.password_hash:
        return InvitationState.ACCEPTED
    if login.invited_at is None:
        return InvitationState.NONE
    is_old = login.invited_at + LINK_LIFETIME["invitation"] < clock.now()
    return InvitationState.EXPIRED if is_old else InvitationState.INVITED


#: the states that a household can be in, the furthest first
HOUSEHOLD = (InvitationState.ACCEPTED, InvitationState.INVITED, InvitationState.EXPIRED, InvitationState.NONE)


def state_of_household(client: Client) -> InvitationState:
    """How far the one of its log-ins has come that came furthest; closed ones do not count."""
    states = {state_of(login) for login in client.logins if login.is_active}
    if not client.portal_enabled or client.status is ClientStatus.ARCHIVED:
        return InvitationState.CLOSED
    return next((state for state in HOUSEHOLD if state in states), InvitationState.NONE)


def household_is(state: InvitationState) -> sa.ColumnElement[bool]:
    """The same for a query about clients."""
    closed = sa.or_(Client.portal_enabled.is_(False), Client.status == ClientStatus.ARCHIVED)
    if state is InvitationState.CLOSED:
        return closed
    oldest = clock.now() - LINK_LIFETIME["invitation"]
    in_, invited, fresh = (
        sa.exists().where(ClientLogin.client_id == Client.id, ClientLogin.is_active, *where)
        for where in (
            (ClientLogin.password_hash.is_not(None),),
            (ClientLogin.invited_at.is_not(None),),
            (ClientLogin.invited_at >= oldest,),
        )
    )
    return sa.and_(
        ~closed,
        {
            InvitationState.ACCEPTED: in_,
            InvitationState.INVITED: sa.and_(~in_, fresh),
            InvitationState.EXPIRED: sa.and_(~in_, ~fresh, invited),
            InvitationState.NONE: sa.and_(~in_, ~invited),
        }[state],
    )


def invite_client(client: Client, *, actor: Actor, email: str | None = None) -> ClientLogin:
    """Give a client (or another member of the household) a portal log-in and mail the one-time link; logged.

    Again for the same address: a new link, the old one is dead. Refused with Invalid without an address, and with
    NotAllowed while the client's portal is closed.
    """
    actor.require(Permission.CLIENTS)
    address = clean_email(email) or client.email
    if not address:
        raise Invalid("no_email", N_("This client has no mail address."), field="email")
    if not client.portal_enabled or client.status is ClientStatus.ARCHIVED:
        raise NotAllowed("portal_closed", N_("The portal is closed for this client. Open it first."))
    locks.lock_client(client.id)  # pressed twice: the second sees the log-in of the first
    mine = sa.select(ClientLogin).where(ClientLogin.client_id == client.id, ClientLogin.email == address)
    login = db.session.scalar(mine.execution_options(populate_existing=True))
    if login is None:
        login = ClientLogin(client=client, email=address)
        db.session.add(login)
    login.invited_at = clock.now()
    db.session.flush()
    mail_link(login, name=client.first_name, address=address, reason="invitation")
    activity.record("access.invited", actor=actor, subject=login, client=client, email=address)
    db.session.flush()
    return login


def invite_staff(staff: Staff, *, actor: Actor) -> StaffLogin:
    """Give a staff member a log-in and mail the one-time link; logged.

    Invalid without a mail address of their own; NotAllowed for an owner, unless by an owner.
    """
    actor.require(Permission.STAFF)
    check_owners_alone(staff.role, actor=actor)
    if not staff.email:
        raise Invalid("no_email", N_("This staff member has no mail address."), field="email")
    locks.lock_place("staff log-ins")  # pressed twice, or two people with one address
    db.session.refresh(staff, ["login"])
    login = staff.login
    taken = db.session.scalar(sa.select(StaffLogin).where(StaffLogin.email == staff.email))
    if taken is not None and taken is not login:
        raise Invalid("email_taken", N_("Another staff member logs in with this address."), field="email")
    if login is None:
        login = StaffLogin(staff=staff, email=staff.email)
        db.session.add(login)
    login.email, login.invited_at = staff.email, clock.now()
    db.session.flush()
    mail_link(login, name=staff.first_name, address=staff.email, reason="invitation")
    activity.record("access.invited", actor=actor, subject=login, email=staff.email)
    db.session.flush()
    return login


# ------------------------------------------------------------------------------------------------------- many at once


def order(client_ids: Iterable[int], *, actor: Actor) -> BulkRun:
    """Store an order to invite these clients; the worker does it in pieces and can be followed. Logged.

    Who has a password already, no address, or a closed portal is left out with its reason. Invalid: nobody, or more
    than 2,000.
    """
    actor.require(Permission.CLIENTS)
    ids = list(dict.fromkeys(client_ids))
    if not ids:
        raise Invalid("nobody", N_("Tick at least one client."))
    if len(ids) > bulk.MOST:
        raise Invalid("too_many", N_("At most %(most)s clients at once."), most=bulk.MOST)
    run = BulkRun(
        kind=BulkKind.INVITE, staff_id=actor.staff.id if actor.staff else None, n_total=len(ids), failures=[], wish={"ids": ids}
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    activity.record("invitations.ordered", actor=actor, subject=run, n=len(ids))
    bulk.wake()
    return run


def work_piece(run: BulkRun, left: Sequence[int], *, actor: Actor) -> Piece:  # noqa: ARG001 -- as `bulk.Work` wants it
    """Invite the next clients of an order."""
    ids = list(left[:AT_ONCE])
    locks.lock_clients(ids)
    found = db.session.scalars(sa.select(Client).where(Client.id.in_(ids)).options(selectinload(Client.logins)))
    clients = {client.id: client for client in found}
    piece = Piece(len(ids))
    for client_id in ids:
        client = clients.get(client_id)
        try:
            _invite_once(client, actor)
        except WorkflowError as refusal:
            label = {"label": str(client)} if client is not None else {}
            piece.failures.append(Failure(client_id, refusal.message, {**refusal.values, **label}))
    return piece


def _invite_once(client: Client | None, actor: Actor) -> None:
    if client is None:
        raise Invalid("gone", _GONE)
    own = next((x for x in client.logins if x.email == client.email), None)
    if own is not None and own.password_hash:
        raise Invalid("has_password", N_("Has a password already."))
    invite_client(client, actor=actor)


def retry(run: BulkRun, *, actor: Actor) -> BulkRun:
    """Invite those again who could not be invited. Refused when there are none (Invalid)."""
    return order([failure["job_id"] for failure in run.failures], actor=actor)


bulk.KINDS[BulkKind.INVITE] = work_piece
bulk.NEEDED[BulkKind.INVITE] = Permission.CLIENTS
bulk.RETRIES[BulkKind.INVITE] = retry
