"""Differences between books and gateway, each told to the office once."""

import datetime as dt
import logging
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from foundation import clock
from foundation.db import db
from gateways.payments import Transaction
from models import Client, FindingKind, GatewayFinding, Notification, NotificationKind
from workflows import activity, notifications
from workflows.actors import Actor
from workflows.permissions import Permission

log = logging.getLogger("latchkey.payments")


def add(
    kind: FindingKind, transaction: Transaction | None, *, transaction_id: str = "", client: Client | None = None, **facts: object
) -> GatewayFinding | None:  # fmt: skip
    """Write a difference down and put it on HOME; None when this one was told before, dismissed or not."""
    known: dict[str, object] = {}
    if transaction is not None:
        transaction_id = transaction.id
        known = {
            "amount": transaction.amount, "currency": transaction.currency, "status": transaction.status.value,
            "order_id": transaction.order_id, "created_at": transaction.created_at,
        }  # fmt: skip
    finding = GatewayFinding(
        kind=kind, gateway_transaction_id=transaction_id, facts=activity.plain({**known, **facts}), found_at=clock.now()
    )
    try:
        with db.session.begin_nested():
            db.session.add(finding)
    except IntegrityError:
        return None
    notifications.notify_office(NotificationKind.BOOKS_DIFFER, client=client, about=[transaction_id])
    return finding


def tell_books(differences: Sequence[object]) -> int:
    """What does not add up in the books themselves: the log of the server, and HOME once a day; how many."""
    if not differences:
        return 0
    for one in differences:
        log.error("the books do not add up: %s", one)
    told = sa.select(Notification.id).where(
        Notification.kind == NotificationKind.BOOKS_DIFFER,
        Notification.created_at > clock.now() - dt.timedelta(hours=20),
    )
    if db.session.scalar(told.where(Notification.client_id.is_(None)).limit(1)) is None:
        notifications.notify_office(NotificationKind.BOOKS_DIFFER, about=[str(one) for one in differences[:5]])
    return len(differences)


def dismiss(finding: GatewayFinding, *, actor: Actor) -> GatewayFinding:
    """A person has looked at it; logged. Twice changes nothing."""
    actor.require(Permission.BILLING)
    if finding.dismissed_at is None:
        finding.dismissed_at = clock.now()
        finding.dismissed_by_id = actor.staff.id if actor.staff else None
        activity.record("gateway_finding.dismissed", actor=actor, subject=finding, name=finding.gateway_transaction_id)
        db.session.flush()
    return finding


def n_open() -> int:
    """How many wait for a person."""
    return (
        db.session.scalar(
            sa.select(sa.func.count()).select_from(GatewayFinding).where(GatewayFinding.dismissed_at.is_(None))
        )
        or 0
    )
