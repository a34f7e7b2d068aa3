"""The office in a client's portal ("go to portal"): a staff member sees it as the client does."""

import datetime as dt
import secrets

from foundation import clock
from foundation.db import db
from foundation.sealing import fingerprint
from models import Client, Realm, SignIn
from workflows import activity
from workflows.actors import Actor, staff_actor
from workflows.errors import N_, NotAllowed
from workflows.permissions import Permission
from workflows.sign_ins import Opened

VIEW_LIFETIME = dt.timedelta(minutes=30)


def open_portal_as(client: Client, *, actor: Actor, opened_by: SignIn) -> Opened:
    """A staff member looks at a client's portal as the client sees it; logged in the client's log.

    Ends by `log_out`, after 30 minutes, or with the staff member's own sign-in. What is done meanwhile is logged as
    the staff member on behalf of the client (`actors.staff_as_client`).
    """
    actor.require(Permission.PORTAL_AS_CLIENT)
    if actor.staff is None:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    token = secrets.token_urlsafe(32)
    sign_in = SignIn(
        token_hash=fingerprint(token), realm=Realm.CLIENT, expires_at=clock.now() + VIEW_LIFETIME, viewed_client=client,
        viewing_staff=actor.staff, opened_by=opened_by,
    )  # fmt: skip
    db.session.add(sign_in)
    db.session.flush()
    activity.record("access.portal_opened", actor=actor, subject=sign_in, client=client)
    return Opened(sign_in, token)


def close_portal_view(sign_in: SignIn) -> None:
    """End "go to portal"; logged. Ending it twice changes nothing."""
    if sign_in.ended_at is None and sign_in.viewing_staff is not None:
        sign_in.ended_at = clock.now()
        actor = staff_actor(sign_in.viewing_staff)
        activity.record("access.portal_closed", actor=actor, subject=sign_in, client=sign_in.viewed_client)
        db.session.flush()
