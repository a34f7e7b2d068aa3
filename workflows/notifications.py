"""Lines on HOME for the office. Looking at them changes nothing; a person dismisses them."""

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from foundation.together import New
from models import ChangeRequest, Client, JobRequest, Notification, NotificationKind
from workflows.activity import plain
from workflows.actors import Actor
from workflows.permissions import Permission


def notify_office(
    kind: NotificationKind,
    *,
    client: Client | None = None,
    request: JobRequest | None = None,
    change_request: ChangeRequest | None = None,
    **facts: object,
) -> Notification:
    """Put a line on HOME, in the caller's transaction."""
    line = Notification(
        kind=kind,
        client_id=client.id if client else None,
        request_id=request.id if request else None,
        change_request_id=change_request.id if change_request else None,
        facts=plain(facts),
    )
    db.session.add(line)
    return line


def row(kind: NotificationKind, *, client: Client, request_id: int, **facts: object) -> New:
    """A line about a request, for whoever writes it together with other rows (`foundation.together`)."""
    return New(Notification, {"kind": kind, "client_id": client.id, "request_id": request_id, "facts": plain(facts)})


def dismiss(notification: Notification, *, actor: Actor) -> Notification:
    """Take a line off HOME. Dismissing it twice changes nothing."""
    actor.require(Permission.OFFICE)
    if notification.dismissed_at is None:
        notification.dismissed_at = clock.now()
        notification.dismissed_by_id = actor.staff.id if actor.staff else None
        db.session.flush()
    return notification


def dismiss_all(*, actor: Actor, up_to_id: int) -> int:
    """Dismiss every open line that the person has seen (ids up to `up_to_id`); newer ones stay. Says how many."""
    actor.require(Permission.OFFICE)
    result = db.session.execute(
        sa.update(Notification)
        .where(Notification.dismissed_at.is_(None), Notification.id <= up_to_id)
        .values(dismissed_at=clock.now(), dismissed_by_id=actor.staff.id if actor.staff else None)
        .execution_options(synchronize_session=False)
    )
    return int(getattr(result, "rowcount", 0))
