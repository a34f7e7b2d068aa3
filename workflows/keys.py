"""The keys of clients' homes: kept, given out, handed over, lost. Each way of a key stands in its history.

What the tag says is the business's own code. Nothing of the client's name or address is ever in a code of ours, so
that a key that is found in the street opens nothing.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import begin_writing, db
from foundation.text import tidy
from models import Client, Job, Key, KeyMove, KeyPlace, NotificationKind, Staff
from workflows import activity, key_facts, notifications, settings
from workflows.actors import Actor
from workflows.errors import N_, Conflict, Invalid, NotAllowed, WrongState
from workflows.key_codes import clean_reference, is_taken, reference_taken, unused_reference
from workflows.key_facts import Missing
from workflows.locks import lock_clients
from workflows.permissions import Permission
from workflows.records import changes_of
from workflows.sitter_access import DAYS_AFTER, OPENS

MAX_TEXT = 255
DAY = dt.timedelta(days=1)


# ---------------------------------------------------------------------------------------------------- what is needed


def required_soon(sitter: Staff | None = None, *, with_keys: bool = True) -> list[Missing]:
    """The visits of today and the days that `keys.days` looks ahead whose sitter does not hold the key that they need."""
    today = clock.today()
    return key_facts.required(today, today + DAY * (settings.read()["keys.days"] - 1), sitter, with_keys=with_keys)


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    cleaned = {k: tidy(str(v or "")).replace("\n", " ") for k, v in values.items() if k in {"name", "description"}}
    if "name" in cleaned and not cleaned["name"]:
        raise Invalid("no_name", N_("Say which key it is, such as Front door."), field="name")
    for column, most in (("name", 120), ("description", MAX_TEXT)):
        if len(cleaned.get(column, "")) > most:
            raise Invalid(f"{column}_long", N_("Use at most %(most)s characters."), field=column, most=most)
    if "reference" in values:
        cleaned["reference"] = clean_reference(str(values["reference"] or ""))
    return cleaned


def _save(key: Key, values: Mapping[str, Any]) -> None:
    """Write the key with these values; Conflict when its code was taken meanwhile, also in this very moment."""
    with db.session.no_autoflush:
        if is_taken(values.get("reference", key.reference), key.id):
            raise reference_taken()
    try:
        with db.session.begin_nested():
            for column, value in values.items():
                setattr(key, column, value)
            db.session.add(key)
            db.session.flush()
    except sa.exc.IntegrityError as twice:
        raise reference_taken() from twice


# --------------------------------------------------------------------------------------------------------- the verbs


def add(
    client: Client, values: Mapping[str, Any], *, actor: Actor, place: KeyPlace = KeyPlace.OFFICE, holder: Staff | None = None
) -> Key:  # fmt: skip
    """Take a key into the cabinet, or straight into somebody's hands.

    `values`: name, reference (a random code without one) and description. In this order: the key, the first line of
    its history, the client's log. Refused: no name, a code that is none (Invalid); one that is in use (Conflict).
    """
    actor.require(Permission.KEYS)
    lock_clients([client.id])
    key = new_key(client, {**values, "reference": values.get("reference") or unused_reference()}, place, holder)
    _save(key, {})
    note_move(key, None, None, "", actor=actor)
    activity.record("key.added", actor=actor, subject=key, client=client, name=str(key), after=where(place, holder))
    db.session.flush()
    return key


def new_key(client: Client, values: Mapping[str, Any], place: KeyPlace, holder: Staff | None) -> Key:
    """A key that is not written yet; refused as `add` says, but for a code that is in use."""
    cleaned = _clean({"name": "", **values})
    _check_place(place, holder)
    if client.erased_at is not None:
        raise WrongState("erased", N_("The data of this client were erased; the record stays as it is."))
    with db.session.no_autoflush:
        return Key(client=client, place=place, holder=holder, moved_at=clock.now(), **cleaned)


def edit(key: Key, values: Mapping[str, Any], *, actor: Actor, seen_version: int | None = None) -> dict[str, list[Any]]:
    """Change a key's name, code or description; logged, but what the description says is not.

    Refused: retired (WrongState), changed since `seen_version` or a code in use (Conflict), as `add` (Invalid).
    """
    actor.require(Permission.KEYS)
    cleaned = _clean(values)
    _lock([key], {key.id: seen_version})
    changed = changes_of(key, cleaned)
    if not changed:
        return {}
    _save(key, cleaned)
    told = {k: ["…", "…"] if k == "description" else pair for k, pair in changed.items()}
    activity.record("key.changed", actor=actor, subject=key, client=key.client, name=str(key), changes=told)
    db.session.flush()
    return changed


def changes(key: Key, values: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What `edit` would change of the key as it was read; refused as there for values that are none."""
    return changes_of(key, _clean(values))


def retire(key: Key, *, actor: Actor, seen_version: int | None = None) -> Key:
    """A key is not ours any more: given back for good, or its lock was changed. Its code is free again; logged.

    Refused: still with somebody of the team (WrongState): take it back first. Twice is once.
    """
    actor.require(Permission.KEYS)
    _lock([key], {key.id: seen_version}, also_retired=True)
    if key.retired_at is not None:
        return key
    if key.holder is not None:
        raise WrongState(
            "key_out", N_("%(key)s is still with %(name)s. Take it back first."), key=key.reference, name=str(key.holder)
        )  # fmt: skip
    key.retired_at = clock.now()
    activity.record("key.retired", actor=actor, subject=key, client=key.client, name=str(key))
    db.session.flush()
    return key


def restore(key: Key, *, actor: Actor) -> Key:
    """Let a retired key count again; logged. Refused: its code was given to another meanwhile (Conflict)."""
    actor.require(Permission.KEYS)
    _lock([key], {}, also_retired=True)
    if key.retired_at is None:
        return key
    _save(key, {"retired_at": None})
    activity.record("key.restored", actor=actor, subject=key, client=key.client, name=str(key))
    db.session.flush()
    return key


def remove(key: Key, *, actor: Actor) -> None:
    """Delete a key that was entered by mistake; logged. Once it has gone anywhere it can only be retired (WrongState)."""
    actor.require(Permission.KEYS)
    _lock([key], {}, also_retired=True)
    if has_moved(key):
        raise WrongState("key_moved", N_("%(key)s has a history and stays. Retire it instead."), key=key.reference)
    name, client = str(key), key.client
    for move_ in list(key.moves):
        db.session.delete(move_)
    db.session.flush()
    db.session.delete(key)
    db.session.flush()
    activity.record("key.removed", actor=actor, subject=key, client=client, name=name)
    db.session.flush()


def has_moved(key: Key) -> bool:
    """Was it ever anywhere else than where it was entered?"""
    return any(m.from_place is not None for m in key.moves)


def move(
    key: Key,
    place: KeyPlace,
    holder: Staff | None = None,
    *,
    actor: Actor,
    note: str = "",
    seen_version: int | None = None,
) -> Key:
    """Give a key to somebody, take it back, give it back to the client, or note that it is lost.

    In this order, holding the client's lock: the key, its history, the client's log, and of a lost one a line on HOME.
    Refused: retired (WrongState), moved or changed since `seen_version` (Conflict), a holder who is not active, or
    one for a place that has none (Invalid). Where it is already: nothing happens.
    """
    actor.require(Permission.KEYS)
    _check_place(place, holder)
    words = _note(note)
    _lock([key], {key.id: seen_version})
    _move(key, place, holder, words, actor)
    db.session.flush()
    return key


def bulk_assign(
    keys: Sequence[Key], place: KeyPlace, holder: Staff | None = None, *, actor: Actor, note: str = ""
) -> int:
    """Move many keys at once, all or none; how many were not there already. Each has its own history and log line.

    Refused, naming the first few: retired or deleted meanwhile (WrongState). Losing keys is noted one by one (Invalid).
    """
    actor.require(Permission.KEYS)
    _check_place(place, holder)
    if place is KeyPlace.LOST:
        raise Invalid("lost_one_by_one", N_("Note lost keys one by one, so that it is said what happened."))
    words = _note(note)
    _lock(keys, {})
    n = sum(_move(key, place, holder, words, actor) for key in sorted(keys, key=lambda k: k.reference))
    db.session.flush()
    return n


def hand_over(key: Key, to: Staff, *, actor: Actor, note: str = "", seen_version: int | None = None) -> Key:
    """A sitter who holds a key gives it to another one who visits that client; the office reads of it on HOME.

    Refused: whoever may not (`HAND_OVER_KEYS`), or does not hold it (NotAllowed, WrongState); somebody who has no visit
    there (Invalid); moved since `seen_version` (Conflict).
    """
    me = _sitter(actor, Permission.HAND_OVER_KEYS)
    words = _note(note)
    _lock([key], {key.id: seen_version})
    if key.holder_id != me.id:
        raise WrongState("not_with_you", N_("This key is not with you any more. Look where it is now."))
    if to.id == me.id or not _visits(key.client_id, [to.id]):
        raise Invalid("no_visit", N_("%(name)s has no visit there. Ask the office."), field="to", name=str(to))
    return _between_sitters(key, to, words, actor)


def take_over(key: Key, *, actor: Actor, note: str = "", seen_version: int | None = None) -> Key:
    """A sitter takes a key over from another one, of a client whom they visit themselves; the office reads of it on HOME.

    Refused as `hand_over`; and a key that no sitter has: the office gives it out (WrongState).
    """
    me = _sitter(actor, Permission.HAND_OVER_KEYS)
    words = _note(note)
    _lock([key], {key.id: seen_version})
    if not _visits(key.client_id, [me.id]):
        raise NotAllowed("not_yours", N_("This is not open to you."))
    if key.place is not KeyPlace.STAFF:
        raise WrongState("not_with_team", N_("No sitter has this key. Ask the office for it."))
    if key.holder_id == me.id:
        return key
    return _between_sitters(key, me, words, actor)


def report_lost(key: Key, *, actor: Actor, note: str = "", seen_version: int | None = None) -> Key:
    """A sitter cannot find a key that they hold; it stands on HOME at once. Refused as `hand_over`."""
    me = _sitter(actor, Permission.OWN_DAY)
    words = _note(note)
    _lock([key], {key.id: seen_version})
    if key.holder_id != me.id:
        raise WrongState("not_with_you", N_("This key is not with you any more. Look where it is now."))
    _move(key, KeyPlace.LOST, None, words, actor)
    db.session.flush()
    return key


def receivers(client_ids: Iterable[int], but: Staff) -> Mapping[int, list[Staff]]:
    """Who else visits these clients, so that a key can be handed to them: {client's id: sitters}; one query."""
    pairs = (
        sa.select(Job.client_id, Job.sitter_id)
        .where(Job.client_id.in_(set(client_ids)), _counts())
        .distinct()
        .subquery()
    )
    rows = db.session.execute(
        sa.select(pairs.c.client_id, Staff)
        .join(Staff, Staff.id == pairs.c.sitter_id)
        .where(Staff.is_active, Staff.is_sitter, Staff.id != but.id)
    )
    found: dict[int, list[Staff]] = {}
    for client_id, sitter in rows:
        found.setdefault(client_id, []).append(sitter)
    return {c: sorted(sitters, key=str) for c, sitters in found.items()}


def _counts() -> sa.ColumnElement[bool]:
    """Visits that let a sitter know the client."""
    return sa.and_(Job.state.in_(OPENS), Job.ends_on >= clock.today() - DAY * DAYS_AFTER)


def _visits(client_id: int, sitter_ids: Iterable[int]) -> bool:
    found = sa.select(Job.id).join(Staff, Staff.id == Job.sitter_id).where(
        Job.client_id == client_id, Job.sitter_id.in_(list(sitter_ids)), Staff.is_active, Staff.is_sitter, _counts()
    )  # fmt: skip
    return db.session.scalar(found.limit(1)) is not None


def _sitter(actor: Actor, permission: Permission) -> Staff:
    actor.require(permission)
    if actor.staff is None:
        raise NotAllowed("not_yours", N_("This is not open to you."))
    return actor.staff


def _check_place(place: KeyPlace, holder: Staff | None) -> None:
    if (place is KeyPlace.STAFF) is not (holder is not None):
        raise Invalid("who", N_("Choose who gets it."), field="holder")
    if holder is not None and not holder.is_active:
        raise Invalid("holder_left", N_("%(name)s is not in the team any more."), field="holder", name=str(holder))


def _note(note: str) -> str:
    words = tidy(note or "").replace("\n", " ")
    if len(words) > MAX_TEXT:
        raise Invalid("note_long", N_("Use at most %(most)s characters."), field="note", most=MAX_TEXT)
    return words


def _lock(keys: Sequence[Key], seen: Mapping[int, int | None], *, also_retired: bool = False) -> None:
    """Hold the clients' rows and read the keys as they are now; refuse what changed since it was seen, or is retired."""
    wanted = {key.id for key in keys}
    if not wanted:
        raise Invalid("no_keys", N_("Tick at least one key."))
    begin_writing()
    lock_clients(db.session.scalars(sa.select(Key.client_id).where(Key.id.in_(wanted))))
    now = db.session.scalars(
        sa.select(Key).where(Key.id.in_(wanted)).order_by(Key.id).with_for_update().execution_options(populate_existing=True)
    ).all()  # fmt: skip
    if len(now) < len(wanted):
        raise WrongState("key_gone", N_("A key was deleted meanwhile. Nothing was changed."))
    if any(version is not None and key.version != version for key in now for version in [seen.get(key.id)]):
        raise Conflict(
            "stale", N_("Someone moved or changed this key meanwhile. Look where it is now, then try again.")
        )
    retired = [key.reference for key in now if key.retired_at is not None]
    if retired and not also_retired:
        raise WrongState(
            "key_retired", N_("No longer in use: %(keys)s. Nothing was changed."), keys=", ".join(sorted(retired)[:5])
        )  # fmt: skip


def _move(key: Key, place: KeyPlace, holder: Staff | None, note: str, actor: Actor) -> bool:
    if (key.place, key.holder_id) == (place, holder.id if holder else None):
        return False
    was_place, was_holder = key.place, key.holder
    key.place, key.holder, key.moved_at = place, holder, clock.now()
    db.session.flush()
    note_move(key, was_place, was_holder, note, actor=actor)
    activity.record(
        "key.lost" if place is KeyPlace.LOST else "key.moved", actor=actor, subject=key, client=key.client, name=str(key),
        changes={"key_place": [where(was_place, was_holder), where(place, holder)]}, reason=note,
    )  # fmt: skip
    if place is KeyPlace.LOST:
        notifications.notify_office(
            NotificationKind.KEY_LOST, client=key.client, sitter=str(was_holder or actor.name), about=[str(key)]
        )  # fmt: skip
    return True


def _between_sitters(key: Key, to: Staff, note: str, actor: Actor) -> Key:
    was = key.holder
    _move(key, KeyPlace.STAFF, to, note, actor)
    notifications.notify_office(
        NotificationKind.KEY_MOVED, client=key.client, sitter=actor.name, about=[f"{key}, {was} → {to}"]
    )  # fmt: skip
    db.session.flush()
    return key


def note_move(key: Key, place: KeyPlace | None, holder: Staff | None, note: str, *, actor: Actor) -> None:
    """A line of its history: where it is now, and where it was."""
    db.session.add(
        KeyMove(
            key=key, place=key.place, holder=key.holder, from_place=place, from_holder=holder, note=note,
            by_staff=actor.staff,
        )
    )  # fmt: skip


def where(place: KeyPlace, holder: Staff | None) -> str:
    """Where it is, as the log keeps it: the person's name, or the place."""
    return str(holder) if holder is not None else place.value
