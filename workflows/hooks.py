"""Web hooks: addresses of other programs that are told what happens, and what became of each message.

What is told is written by `hook_events`; `application.hook_tasks` sends it. At least once: a worker that dies between
the other side's answer and its own note leaves a message that is sent again, under the same id.
"""

import base64
import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from foundation import clock, sealing
from foundation.db import db
from models import DELIVERY_MOVES, DeliveryState, HookDelivery, NotificationKind, WebHook
from workflows import activity, notifications
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WrongState
from workflows.hook_events import EVENTS, PING
from workflows.permissions import Permission

MARK = "whsec_"
MOST_HOOKS = 10
#: deliveries that a hook's page shows
SHOWN = 50
#: how long a worker holds a message that it sends; sending takes fifteen seconds at most
LEASE = dt.timedelta(minutes=2)
#: how long to wait after the first, second… try; after the last the message is given up: about a day and a half in all
WAITS = tuple(dt.timedelta(seconds=s) for s in (5, 60, 300, 1800, 7200, 18_000, 36_000, 72_000))
KEPT = dt.timedelta(days=30)


@dataclass(frozen=True)
class Made:
    """A new hook and its secret, which is shown once."""

    hook: WebHook
    secret: str


@dataclass(frozen=True)
class Message:
    """What is sent: the address, the body and its headers; the same id with every try."""

    delivery_id: int
    hook_id: int
    attempts: int
    url: str
    body: bytes
    headers: dict[str, str]


def all_of(*, actor: Actor) -> Sequence[WebHook]:
    """The hooks, in the order in which they were added. Refused with NotAllowed without the permission."""
    actor.require(Permission.SETTINGS)
    return db.session.scalars(sa.select(WebHook).order_by(WebHook.id)).all()


def add(*, url: str, events: Iterable[str], may_be_local: bool, actor: Actor) -> Made:
    """Add an address that is told of these events. Logged.

    `may_be_local` allows http and this machine, for development. Refused: without the permission (NotAllowed), an
    address that is none or not https, one with a name and password in it or a private number, no or unknown events,
    more than ten hooks (Invalid).
    """
    actor.require(Permission.SETTINGS)
    address, wanted = url.strip(), set(events)
    _check_url(address, may_be_local=may_be_local)
    if not wanted or not wanted <= EVENTS.keys():
        raise Invalid("hook_events", N_("Tick at least one event."), field="events")
    if (db.session.scalar(sa.select(sa.func.count()).select_from(WebHook)) or 0) >= MOST_HOOKS:
        raise Invalid("hook_many", N_("There are %(most)s web hooks already. Remove one first."), most=MOST_HOOKS)
    secret = MARK + base64.b64encode(secrets.token_bytes(24)).decode()
    hook = WebHook(
        url=address, sealed=sealing.seal(secret), events=[e for e in EVENTS if e in wanted],
        staff_id=actor.staff.id if actor.staff else None,
    )  # fmt: skip
    db.session.add(hook)
    db.session.flush()
    activity.record("web_hook.added", actor=actor, subject=hook, name=address, events=hook.events)
    return Made(hook, secret)


def _check_url(url: str, *, may_be_local: bool) -> None:
    """Shape only; where a name leads to is looked at with each message, when it counts."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    plain = url.isascii() and url.isprintable() and " " not in url and "\\" not in url and len(url) <= 500
    if not host or not plain or parts.username is not None or parts.fragment or parts.scheme not in {"http", "https"}:
        raise Invalid("hook_url", N_("Enter a full address that begins with https://."), field="url")
    if may_be_local and host in {"localhost", "127.0.0.1", "::1"}:
        return
    if parts.scheme != "https":
        raise Invalid("hook_url", N_("Enter a full address that begins with https://."), field="url")
    try:
        is_private = not ipaddress.ip_address(host).is_global
    except ValueError:
        is_private = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    if is_private:
        raise Invalid("hook_private", N_("This address is inside of a private network. Nothing is sent there."), field="url")  # fmt: skip


def switch(hook: WebHook, *, on: bool, actor: Actor) -> WebHook:
    """Stop telling it anything, or begin again; what waits is kept. Logged; twice changes nothing."""
    actor.require(Permission.SETTINGS)
    if hook.is_on is not on:
        hook.is_on = on
        if on:
            hook.gave_up_at = None
        db.session.flush()
        activity.record("web_hook.on" if on else "web_hook.off", actor=actor, subject=hook, name=hook.url)
        db.session.info["nudge_hooks"] = True
    return hook


def remove(hook: WebHook, *, actor: Actor) -> None:
    """Forget it, and what was and is to be sent there. Logged."""
    actor.require(Permission.SETTINGS)
    activity.record("web_hook.removed", actor=actor, subject=hook, name=hook.url)
    db.session.flush()
    db.session.execute(sa.delete(HookDelivery).where(HookDelivery.hook_id == hook.id))
    db.session.delete(hook)
    db.session.flush()


def ping(hook: WebHook, *, actor: Actor) -> HookDelivery:
    """Send it a message without meaning, to try it out. Refused with WrongState while it is off."""
    actor.require(Permission.SETTINGS)
    if not hook.is_on:
        raise WrongState("hook_off", N_("This web hook is off. Turn it on first."))
    made = HookDelivery(hook_id=hook.id, event=PING, data={"id": hook.public_id}, next_at=clock.now())
    db.session.add(made)
    db.session.flush()
    db.session.info["nudge_hooks"] = True
    return made


def retry(delivery: HookDelivery, *, actor: Actor) -> HookDelivery:
    """Send a message that was given up once more, under its id, with its tries counted from zero.

    Refused with WrongState unless it was given up.
    """
    actor.require(Permission.SETTINGS)
    db.session.refresh(delivery, with_for_update=True)
    if DeliveryState.WAITING not in DELIVERY_MOVES[delivery.state] or delivery.state is not DeliveryState.FAILED:
        raise WrongState("delivery_state", N_("Only what was given up can be sent again."))
    delivery.state, delivery.attempts, delivery.next_at, delivery.ended_at = DeliveryState.WAITING, 0, clock.now(), None
    db.session.flush()
    db.session.info["nudge_hooks"] = True
    return delivery


def latest(hook: WebHook, *, actor: Actor) -> Sequence[HookDelivery]:
    """The hook's newest messages, the last one first."""
    actor.require(Permission.SETTINGS)
    return db.session.scalars(
        sa.select(HookDelivery).where(HookDelivery.hook_id == hook.id).order_by(HookDelivery.id.desc()).limit(SHOWN)
    ).all()


# ------------------------------------------------------------------------------------------------ the worker's part


def _due(now: dt.datetime, without: Collection[int]) -> sa.ColumnElement[bool]:
    on = sa.select(WebHook.id).where(WebHook.is_on)
    return sa.and_(
        sa.or_(
            sa.and_(HookDelivery.state == DeliveryState.WAITING, HookDelivery.next_at <= now),
            sa.and_(HookDelivery.state == DeliveryState.SENDING, HookDelivery.locked_until < now),
        ),
        HookDelivery.hook_id.in_(on),
        HookDelivery.hook_id.not_in(list(without)),
    )


def is_due(without: Collection[int] = ()) -> bool:
    """Is there anything to send? Asked first, because claiming takes SQLite's one write lock."""
    return db.session.scalar(sa.select(HookDelivery.id).where(_due(clock.now(), without)).limit(1)) is not None


def claim(worker: str, without: Collection[int] = ()) -> Message | None:
    """The message that has been due for longest, for this worker alone; none of the hooks `without`.

    Each claim counts as a try, also when the worker dies with it.
    """
    now = clock.now()
    pick = (
        sa.select(HookDelivery.id).where(_due(now, without)).order_by(HookDelivery.next_at, HookDelivery.id).limit(1)
        .with_for_update(skip_locked=True).cte("pick")
    )  # fmt: skip
    taken = db.session.scalar(
        sa.update(HookDelivery)
        .where(HookDelivery.id.in_(sa.select(pick.c.id)))
        .values(state=DeliveryState.SENDING, locked_by=worker, locked_until=now + LEASE, attempts=HookDelivery.attempts + 1)
        .returning(HookDelivery)
        .execution_options(synchronize_session=False, populate_existing=True)
    )  # fmt: skip
    if taken is None:
        return None
    hook = db.session.get(WebHook, taken.hook_id)
    return _message(taken, hook) if hook is not None else None


def _message(delivery: HookDelivery, hook: WebHook) -> Message:
    """The body and its signature, as Standard Webhooks has them: over id, time stamp and body."""
    at = clock.to_local(delivery.created_at).isoformat()
    body = json.dumps({"type": delivery.event, "timestamp": at, "data": delivery.data}, separators=(",", ":")).encode()
    stamp = str(int(clock.now().timestamp()))
    return Message(
        delivery.id, hook.id, delivery.attempts, hook.url, body,
        {
            "Content-Type": "application/json", "User-Agent": "Latchkey", "webhook-id": delivery.public_id,
            "webhook-timestamp": stamp,
            "webhook-signature": sign(sealing.unseal(hook.sealed), delivery.public_id, stamp, body),
        },
    )  # fmt: skip


def sign(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, time stamp and body, in base64."""
    key = base64.b64decode(secret.removeprefix(MARK))
    digest = hmac.new(key, b".".join((message_id.encode(), stamp.encode(), body)), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def finish(message: Message, worker: str, *, status: int | None, error: str = "") -> bool:
    """Write down what the other side answered; False and nothing when the claim has passed to another worker.

    2xx is delivered. All else is tried again later, and given up after the last try: then the hook is marked, and HOME
    told once.
    """
    now, good = clock.now(), status is not None and 200 <= status < 300
    last = not good and message.attempts > len(WAITS)
    values: dict[str, Any] = {"state": DeliveryState.DELIVERED if good else DeliveryState.FAILED if last else DeliveryState.WAITING}  # fmt: skip
    if good or last:
        values["ended_at"] = now
    else:
        values["next_at"] = now + WAITS[message.attempts - 1]
    result = db.session.execute(
        sa.update(HookDelivery)
        .where(
            HookDelivery.id == message.delivery_id, HookDelivery.locked_by == worker,
            HookDelivery.state == DeliveryState.SENDING,
        )
        .values(locked_by=None, locked_until=None, last_status=status, last_error=error[:255], **values)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if getattr(result, "rowcount", 0) != 1:
        return False
    if good:
        db.session.execute(sa.update(WebHook).where(WebHook.id == message.hook_id).values(gave_up_at=None))
    elif last:
        _give_up(message, now)
    return True


def _give_up(message: Message, now: dt.datetime) -> None:
    marked = db.session.execute(
        sa.update(WebHook)
        .where(WebHook.id == message.hook_id, WebHook.gave_up_at.is_(None))
        .values(gave_up_at=now)
        .execution_options(synchronize_session=False)
    )
    if getattr(marked, "rowcount", 0) == 1:
        notifications.notify_office(NotificationKind.HOOK_FAILED, about=[urlsplit(message.url).hostname or ""])


def forget_old() -> int:
    """Drop messages that ended more than a month ago; how many. The nightly task calls it."""
    result = db.session.execute(sa.delete(HookDelivery).where(HookDelivery.ended_at < clock.now() - KEPT))
    return int(getattr(result, "rowcount", 0))


def delivery_of(public_id: str) -> HookDelivery | None:
    """A message by its id."""
    return db.session.scalar(sa.select(HookDelivery).where(HookDelivery.public_id == public_id))
