"""Giving somebody a log-in: clients and the rest of their household, staff members."""

import sqlalchemy as sa

from foundation.db import db
from models import Client, ClientLogin, ClientStatus, Staff, StaffLogin
from workflows import activity
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed
from workflows.login_links import mail_link
from workflows.people import clean_email
from workflows.permissions import Permission


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
    login = next((x for x in client.logins if x.email == address), None)
    if login is None:
        login = ClientLogin(client=client, email=address)
        db.session.add(login)
        db.session.flush()
    mail_link(login, name=client.first_name, address=address, reason="invitation")
    activity.record("access.invited", actor=actor, subject=login, client=client, email=address)
    db.session.flush()
    return login


def invite_staff(staff: Staff, *, actor: Actor) -> StaffLogin:
    """Give a staff member a log-in and mail the one-time link; logged. Invalid without a mail address of their own."""
    actor.require(Permission.STAFF)
    if not staff.email:
        raise Invalid("no_email", N_("This staff member has no mail address."), field="email")
    login = staff.login
    taken = db.session.scalar(sa.select(StaffLogin).where(StaffLogin.email == staff.email))
    if taken is not None and taken is not login:
        raise Invalid("email_taken", N_("Another staff member logs in with this address."), field="email")
    if login is None:
        login = StaffLogin(staff=staff, email=staff.email)
        db.session.add(login)
    login.email = staff.email
    db.session.flush()
    mail_link(login, name=staff.first_name, address=staff.email, reason="invitation")
    activity.record("access.invited", actor=actor, subject=login, email=staff.email)
    db.session.flush()
    return login
