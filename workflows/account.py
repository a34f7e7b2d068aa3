"""What people do with their own log-in: password, proof of who they are, the rest of the household, mails they do not want.

A member of staff in a client's portal has no log-in there and can do none of this.
"""

import datetime as dt

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import ClientLogin, SignIn
from workflows import access, activity, api_tokens, credentials, locks, passwords, second_factor, sign_ins, tries
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed
from workflows.login_links import mail_link
from workflows.mail_facts import REFUSABLE_KINDS
from workflows.people import clean_email
from workflows.sign_ins import Browser, Login

#: log-ins of a household
MOST_LOGINS = 10


#: after so long a person is asked once more who they are before a new way in is made
FRESH = dt.timedelta(minutes=15)


class NotProved(Invalid):
    """A wrong password or code; the try is written down, so the caller commits."""


def prove(login: Login, typed: str, *, browser: Browser, field: str = "password") -> None:
    """Have the person at the keyboard show once more who they are: by the password, or by a code of the second factor.

    NotProved for a wrong one, which counts like a wrong password at log-in; TooManyTries after ten.
    """
    realm = sign_ins.realm_of(login)
    key = tries.account_key(realm, f"#{login.id}")
    tries.slow_down(realm, "proof", key, browser.address)
    proved = access.matches(login.password_hash or "", typed) or (
        second_factor.state_of(login).is_on and second_factor.pass_factor(login, typed, browser=browser)
    )
    tries.note(realm, "proof", key, browser.address, succeeded=proved)
    db.session.flush()
    if not proved:
        raise NotProved("not_proved", N_("This is not right. Check it, please."), field=field)


def needs_proof(sign_in: SignIn) -> bool:
    """Is the log-in too long ago to make a new way in without asking? A phone left on a table must not be enough."""
    return sign_in.created_at <= clock.now() - FRESH


def change_password(login: Login, present: str, new: str, *, repeated: str, keep: SignIn, browser: Browser) -> None:
    """A new password, after the present one: all other sign-ins end, links that were mailed and tokens are dead; logged, mailed.

    Refused: the present one is wrong (NotProved), the new one is poor or differs from its repetition (Invalid).
    """
    prove(login, present, browser=browser, field="present")
    access.check_password(new, repeated, words=passwords.words_of(login))
    login.password_hash = access.hash_password(new)
    login.link_serial += 1
    sign_ins.end_others(login, keep=keep, actor=sign_ins.person(login))
    activity.record(
        "access.password_set", actor=sign_ins.person(login), subject=login, client=sign_ins.client_of(login)
    )
    second_factor.tell(login, "password_changed")
    api_tokens.revoke_with_password(login)
    db.session.flush()


# ------------------------------------------------------------------------------------------------------- household


def logins_of(login: ClientLogin) -> list[ClientLogin]:
    """All log-ins of the household, the oldest first."""
    return list(
        db.session.scalars(
            sa.select(ClientLogin).where(ClientLogin.client_id == login.client_id).order_by(ClientLogin.id)
        )
    )


def add_login(login: ClientLogin, email: str, *, actor: Actor) -> ClientLogin:
    """Another log-in for the household, invited by one of its own: they choose their own password; logged in the client's log.

    Again for an address that has not come in yet: a new link. Refused: by the office in a client's portal
    (NotAllowed), no or a bad address, one that has its password already, ten log-ins (Invalid).
    """
    _own(login, actor)
    address = clean_email(email)
    if not address:
        raise Invalid("no_email", N_("Enter a full mail address, for example hannah@example.com."), field="email")
    locks.lock_client(login.client_id)
    there = logins_of(login)
    found = next((x for x in there if x.email == address), None)
    if found is not None and found.password_hash and found.is_active:
        raise Invalid("login_there", N_("This address logs in already."), field="email")
    if found is None and len(there) >= MOST_LOGINS:
        raise Invalid("too_many", N_("At most %(most)s log-ins for a household."), field="email", most=MOST_LOGINS)
    if found is None:
        found = ClientLogin(client=login.client, email=address)
        db.session.add(found)
    found.is_active, found.invited_at = True, clock.now()
    db.session.flush()
    mail_link(found, name=login.client.first_name, address=address, reason="invitation")
    activity.record("access.invited", actor=actor, subject=found, client=login.client, email=address)
    db.session.flush()
    return found


def close_login(login: ClientLogin, wanted: int, *, actor: Actor) -> ClientLogin:
    """Close another log-in of the household: it is signed out everywhere, its links and its calendar are dead; logged.

    Refused: by the office in a client's portal (NotAllowed), one's own, or none of this household (Invalid).
    """
    _own(login, actor)
    locks.lock_client(login.client_id)
    found = next((x for x in logins_of(login) if x.id == wanted), None)
    if found is None:
        raise Invalid("no_login", N_("This log-in is not there any more."))
    if found.id == login.id:
        raise Invalid("own_login", N_("You cannot close the log-in that you use now."))
    if found.is_active:
        found.is_active = False
        sign_ins.end_all(found)
        credentials.end_of_login(found, actor=actor)
        activity.record("access.login_closed", actor=actor, subject=found, client=found.client, email=found.email or "")
        db.session.flush()
    return found


def choose_mails(login: ClientLogin, wanted: set[str], *, actor: Actor) -> None:
    """Take only these of the mails that can be refused; the others come to this address no more. Logged when it changes.

    Contacts who get copies, and the other log-ins, keep theirs.
    """
    _own(login, actor)
    off = [kind.value for kind in REFUSABLE_KINDS if kind.value not in wanted]
    if off != sorted_off(login):
        login.mails_off = off
        activity.record("access.mails_chosen", actor=actor, subject=login, client=login.client, off=off)
        db.session.flush()


def sorted_off(login: ClientLogin) -> list[str]:
    """What this log-in refuses, in the order of the page; a kind that can no longer be refused is left out."""
    return [kind.value for kind in REFUSABLE_KINDS if kind.value in (login.mails_off or [])]


def _own(login: ClientLogin, actor: Actor) -> None:
    if actor.client_login is None or actor.client_login.id != login.id:
        raise NotAllowed("not_own", N_("Only the client can do this."))
