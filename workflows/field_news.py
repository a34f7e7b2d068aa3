"""Telling the office what clients changed about themselves: a line on HOME, and a digest by mail for who wants one."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Client, CustomField, Notification, NotificationKind, Pet
from workflows import field_kinds, notifications
from workflows.field_kinds import Owner, Value
from workflows.field_values import client_of
from workflows.merging import duplicates

#: an answer as it is told: words, or a yes or no that is translated when it is read
Answer = str | bool

#: changes of one client this close together are one line on HOME
TOGETHER = dt.timedelta(minutes=15)
#: as many fields as a line on HOME keeps, and as much of each
MOST_TOLD = 40
MOST_WORDS = 120


@dataclass(frozen=True)
class Change:
    """A field with what it held and what it holds now."""

    field: CustomField
    old: Value
    new: Value


def in_words(changes: Iterable[Change]) -> dict[str, list[Answer]]:
    """Label to old and new, secrets masked, as log and notifications keep it: in words, but yes and no as they are, so
    that each reader gets them in their own language."""
    said: dict[str, list[Answer]] = {}
    for change in changes:
        label, n = change.field.label, 1
        while label in said:
            n += 1
            label = f"{change.field.label} ({n})"
        said[label] = [_kept(change.field, change.old), _kept(change.field, change.new)]
    return said


def _kept(of: CustomField, value: Value) -> Answer:
    return value if isinstance(value, bool) and not of.is_secret else field_kinds.shown(of, value)


def tell(owner: Owner, changes: Iterable[Change], kind: NotificationKind = NotificationKind.DATA_CHANGED) -> None:
    """Put what a client changed on HOME: each field with old and new, secrets masked, and whether another client has the
    new mail address or number too.

    Joins the line that an earlier save within minutes left, unless somebody has dismissed that. The caller holds the
    client's lock.
    """
    changes = list(changes)
    said, client = in_words(changes), client_of(owner)
    if not said or client is None:
        return
    if isinstance(owner, Pet):
        said = {f"{owner.name}, {label}": pair for label, pair in said.items()}
    line = db.session.scalar(
        sa.select(Notification)
        .where(Notification.kind == kind, Notification.client_id == client.id, Notification.dismissed_at.is_(None))
        .where(Notification.created_at >= clock.now() - TOGETHER)
        .order_by(Notification.id.desc())
        .limit(1)
    )
    if line is None:
        line = notifications.notify_office(kind, client=client)
    before = (line.facts or {}).get("changes", {})
    for label, (old, new) in said.items():
        before = {**before, label: [before.get(label, [old])[0], new]}
    kept = dict(list(before.items())[-MOST_TOLD:])
    facts: dict[str, object] = {"changes": {label: [short(old), short(new)] for label, (old, new) in kept.items()}}
    if shared := _shared(owner, changes):
        facts["shared"] = sorted({*(line.facts or {}).get("shared", ()), *shared})
    line.facts = facts


def _shared(owner: Owner, changes: Iterable[Change]) -> list[str]:
    """Which of a client's changed mail address and number another client has too: told to the office, never to them."""
    if not isinstance(owner, Client):
        return []
    return list(duplicates.sharing(owner, [(change.field.column or "").partition(".")[2] for change in changes]))


def sentence(label: str, old: Answer, new: Answer, translate: Callable[[str], str] = str) -> str:
    """`Door: blue → red`, long answers cut; yes and no in the reader's words."""
    return f"{label}: {_said(old, translate)} → {_said(new, translate)}"


def _said(answer: Answer, translate: Callable[[str], str]) -> str:
    words = short(answer)
    return (translate(field_kinds.YES_NO_WORDS[words]) if isinstance(words, bool) else words) or "-"


def short(answer: Answer) -> Answer:
    """The same in one line, cut when it is long."""
    if isinstance(answer, bool):
        return answer
    flat = " ".join(answer.split())
    return flat if len(flat) <= MOST_WORDS else f"{flat[: MOST_WORDS - 1]}…"
