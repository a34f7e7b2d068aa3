"""What clients ask about visits in the schedule: which of it is switched on, what waits, and how a request ends.

Asking is in `change_asking`, the office's decision in `change_deciding`. Here are the ends that need no decision:
withdrawn by the client, superseded by the office's own change of the visit, expired when the visit began.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.among import among
from foundation.db import db
from models import (
    CHANGE_MOVES,
    ChangeItem,
    ChangeRequest,
    ChangeState,
    Client,
    ClientStatus,
    Job,
    JobState,
    NotificationKind,
    Repeat,
)
from workflows import activity, notifications, outbox, settings
from workflows.actors import Actor
from workflows.change_facts import changed_visit, is_about_following, print_of, print_of_series, said
from workflows.errors import N_, NotAllowed, WrongState
from workflows.locks import lock_client
from workflows.mail_facts import ChangeDecided, ChangeEnded, MailKind
from workflows.permissions import Permission
from workflows.plans import window_of

# ------------------------------------------------------------------------------------------------------- switches


def mode() -> str:
    """How clients may ask: "off", "message" (a general text), "visits" (visit by visit)."""
    return str(settings.read()["changes.mode"])


def messages_are_on() -> bool:
    """May clients write a general message about their schedule?"""
    return mode() == "message"


def cancellations_are_on() -> bool:
    """May clients ask to cancel visits?"""
    return mode() == "visits" and bool(settings.read()["changes.cancellations"])


def changes_are_on() -> bool:
    """May clients ask for changes of visits?"""
    return mode() == "visits" and bool(settings.read()["changes.changes"])


def series_are_on() -> bool:
    """May clients ask to pause or end repeating visits?"""
    return mode() == "visits" and bool(settings.read()["changes.series"])


def auto_approves() -> bool:
    """Are cancellations done at once, without a person? Changes never are."""
    return cancellations_are_on() and bool(settings.read()["changes.auto_approve"])


def require_own(client: Client, *, actor: Actor, is_on: bool) -> None:
    """Refuse with NotAllowed what is switched off, a client who may not use the portal, and whoever is somebody else."""
    if not is_on or not client.portal_enabled or client.status is ClientStatus.ARCHIVED:
        raise NotAllowed("changes_off", N_("This cannot be asked for online at the moment. Please call us."))
    if actor.client is None or actor.client.id != client.id:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))


# -------------------------------------------------------------------------------------------------------- reading


def _job_loads() -> Any:  # noqa: ANN401 -- a loader option
    return joinedload(ChangeItem.job).options(
        joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block), joinedload(Job.sitter),
        selectinload(Job.pets),
    )  # fmt: skip


def _items() -> sa.Select[Any]:
    """Items with all that shows, mails and decides them: five queries however many."""
    return (
        sa.select(ChangeItem)
        .join(ChangeItem.request)
        .options(
            joinedload(ChangeItem.request).options(joinedload(ChangeRequest.reason), joinedload(ChangeRequest.client)),
            _job_loads(),
            joinedload(ChangeItem.new_service_item),
            joinedload(ChangeItem.new_time_block),
            joinedload(ChangeItem.repeat).joinedload(Repeat.service_item),
            selectinload(ChangeItem.new_pets),
        )
        .order_by(ChangeItem.request_id, ChangeItem.id)
        .execution_options(populate_existing=True)
    )


# Built once: putting them together takes longer than the database takes to answer.
_PENDING = ChangeItem.state == ChangeState.PENDING
_WAITING_OF = _items().where(ChangeRequest.client_id == sa.bindparam("client_id", type_=sa.Integer), _PENDING)
_WAITING_FOR = _items().where(among(ChangeItem.job_id, "job_ids"), _PENDING)
_PENDING_ABOUT = sa.select(ChangeItem.job_id, ChangeItem.id).where(among(ChangeItem.job_id, "job_ids"), _PENDING)
_THESE_ITEMS = _items().where(among(ChangeItem.id, "item_ids"))


def waiting_of(client: Client) -> list[ChangeItem]:
    """All that this client still waits for, oldest request first."""
    return list(db.session.scalars(_WAITING_OF, {"client_id": client.id}))


def waiting_for(job_ids: Iterable[int]) -> dict[int, ChangeItem]:
    """What waits about these visits: {job id: item}; the database allows one each."""
    return {item.job_id: item for item in db.session.scalars(_WAITING_FOR, {"job_ids": job_ids})}


def fresh_items(item_ids: Iterable[int]) -> list[ChangeItem]:
    """The items as they are in the database now, in their order; what was loaded before is overwritten."""
    ids = list(item_ids)
    return list(db.session.scalars(_THESE_ITEMS, {"item_ids": ids})) if ids else []


def n_open() -> int:
    """How many requests and messages wait for the office: its red badge."""
    return db.session.scalar(sa.select(sa.func.count(ChangeRequest.id)).where(ChangeRequest.is_open)) or 0


def has_begun(job: Job, now: dt.datetime) -> bool:
    """Did the visit begin, or can it not begin later any more? A block's visit can begin until only its minutes are left."""
    window = window_of(job)
    return job.state is not JobState.SCHEDULED or window.latest - window.length <= now


def why_over(item: ChangeItem, now: dt.datetime) -> ChangeState | None:
    """The end that an item has come to without anybody's decision, or None while it can still be decided.

    SUPERSEDED: the visit is gone, called off, or another one than the client asked about (a new sitter or a staff note
    does not make it another one). EXPIRED: it began, or the days of the series are over.
    """
    job = item.job
    if job is None:
        if item.repeat is None:
            return ChangeState.SUPERSEDED
        if is_about_following(item):
            return _why_series_over(item, item.repeat, clock.to_local(now).date())
        over = item.last_on is not None and item.last_on < clock.to_local(now).date()
        return ChangeState.EXPIRED if over else None
    if job.state in {JobState.CANCELLED, JobState.VOIDED}:
        return ChangeState.SUPERSEDED
    if has_begun(job, now):
        return ChangeState.EXPIRED
    changed = job.version != item.job_version and print_of(job) != item.old.get("print")
    return ChangeState.SUPERSEDED if changed else None


def _why_series_over(item: ChangeItem, repeat: Repeat, today: dt.date) -> ChangeState | None:
    """The same for a wish about a series from a day on: that day may pass, the rest of the series still changes."""
    if repeat.is_active and repeat.ends_on is not None and repeat.ends_on < today:
        return ChangeState.EXPIRED
    return None if print_of_series(repeat) == item.old.get("print") else ChangeState.SUPERSEDED


# --------------------------------------------------------------------------------------------------------- moving


_MEANWHILE = {
    ChangeState.PENDING: N_("This request is waiting for the office."),
    ChangeState.APPROVED: N_("This request was approved meanwhile. Nothing was changed."),
    ChangeState.DENIED: N_("This request was answered with no meanwhile. Nothing was changed."),
    ChangeState.WITHDRAWN: N_("This request was withdrawn meanwhile. Nothing was changed."),
    ChangeState.EXPIRED: N_("The visit began before anybody decided. Nothing was changed."),
    ChangeState.SUPERSEDED: N_("The visit was changed or cancelled meanwhile. Nothing was changed."),
}


def move(item: ChangeItem, to: ChangeState, *, note: str = "") -> None:
    """Give an item its end, refused with WrongState (naming what happened) when it has one."""
    if to not in CHANGE_MOVES[item.state]:
        raise WrongState(f"item_{item.state.value}", _MEANWHILE[item.state])
    item.state, item.decided_at, item.note = to, clock.now(), note


def settle(
    request: ChangeRequest, ended: Sequence[ChangeItem], *, actor: Actor, answer: str = "", mail_ended: bool = True
) -> bool:
    """Close the request when nothing of it waits any more, and tell the client once; True when it closed.

    Some of it was decided: one mail lists every visit with what became of it. Nothing was: a mail says that these
    were superseded or began (unless `mail_ended` is off). What the client withdrew is told by `withdraw`.
    """
    db.session.flush()
    db.session.refresh(request, ["items"])
    closed = all(item.state is not ChangeState.PENDING for item in request.items)
    if closed:
        request.is_open, request.closed_at = False, clock.now()
        request.answer = answer or request.answer
        request.decided_by_id = actor.staff.id if actor.staff and not actor.is_client else request.decided_by_id
    decided = {i.state for i in request.items} & {ChangeState.APPROVED, ChangeState.DENIED}
    if closed and decided:
        _mail_decision(request)
    elif mail_ended:
        _mail_ended(ended)
    db.session.flush()
    return closed


def _mail_decision(request: ChangeRequest) -> None:
    told = [i for i in request.items if i.state is not ChangeState.WITHDRAWN]
    yes = sum(1 for i in told if i.state is ChangeState.APPROVED)
    facts = ChangeDecided(
        client_name=str(request.client),
        account_number=request.client.account_number,
        kind=request.kind.value,
        outcome="all" if yes == len(told) else "some" if yes else "none",
        items=tuple(changed_visit(i) for i in told),
        message=request.answer,
    )
    outbox.queue_client_mail(
        MailKind.CHANGE_DECIDED,
        facts,
        client=request.client,
        copy_admin=True,
        dedupe_key=f"change_decided:{request.id}",
    )


def _mail_ended(items: Sequence[ChangeItem]) -> None:
    for state in (ChangeState.SUPERSEDED, ChangeState.EXPIRED):
        own = [i for i in items if i.state is state]
        if own:
            facts = _ended_facts(own, state.value)
            client = own[0].request.client
            outbox.queue_client_mail(MailKind.CHANGE_SUPERSEDED, facts, client=client, copy_admin=True)


def _ended_facts(items: Sequence[ChangeItem], why: str) -> ChangeEnded:
    request = items[0].request
    return ChangeEnded(
        str(request.client),
        request.client.account_number,
        request.kind.value,
        tuple(changed_visit(i) for i in items),
        why,
    )


def log(verb: str, request: ChangeRequest, items: Sequence[ChangeItem], *, actor: Actor, **more: object) -> None:
    """A line in the client's log about a request and some of its visits."""
    activity.record(
        verb, actor=actor, subject=request, client=request.client, kind=request.kind.value, n_lines=len(items),
        lines=[said(i) for i in items[:20]], **more,
    )  # fmt: skip


def by_request(items: Iterable[ChangeItem]) -> dict[ChangeRequest, list[ChangeItem]]:
    """The items under the requests that they came in."""
    grouped: dict[ChangeRequest, list[ChangeItem]] = defaultdict(list)
    for item in items:
        grouped[item.request].append(item)
    return grouped


# ------------------------------------------------------------------------------------------------------ withdrawn


def withdraw(items: Sequence[ChangeItem], *, actor: Actor) -> list[ChangeItem]:
    """The client takes back what waits: it stays undone. Works whatever the switches say by now.

    In this order: the items are withdrawn; what of their requests was decided is told, now that nothing waits; one
    mail to the client and the admin inbox; HOME; the log. All or nothing: refused with WrongState, naming what
    happened, when one of them has an end already; with NotAllowed for somebody else's.
    """
    if not items:
        raise WrongState("nothing_waits", N_("Nothing of this request is waiting any more. Nothing was changed."))
    client = items[0].request.client
    if actor.client is None or actor.client.id != client.id:
        actor.require(Permission.SCHEDULE)
    lock_client(client.id)
    current = fresh_items(i.id for i in items)
    if len(current) != len({i.id for i in items}) or any(i.request.client_id != client.id for i in current):
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    for item in current:
        move(item, ChangeState.WITHDRAWN)
    for request, own in by_request(current).items():
        settle(request, own, actor=actor)
        outbox.queue_client_mail(
            MailKind.CHANGE_WITHDRAWN, _ended_facts(own, "withdrawn"), client=client, copy_admin=True,
            dedupe_key=f"change_withdrawn:{own[0].id}",
        )  # fmt: skip
        notifications.notify_office(
            NotificationKind.CHANGE_WITHDRAWN, client=client, change_request=request, asked=request.kind.value,
            n_lines=len(own), lines=[said(i) for i in own[:5]],
        )  # fmt: skip
        log("change_request.withdrawn", request, own, actor=actor)
    db.session.flush()
    return current


def withdraw_request(request: ChangeRequest, *, actor: Actor) -> list[ChangeItem]:
    """Take back all of a request that still waits; WrongState when nothing does."""
    db.session.refresh(request, ["items"])
    return withdraw([i for i in request.items if i.state is ChangeState.PENDING], actor=actor)


# ----------------------------------------------------------------------------------------- superseded and expired


def supersede_for(jobs: Iterable[Job], *, actor: Actor, mail: bool = True) -> list[ChangeItem]:
    """The office changed, cancelled or took out these visits itself: what the client asked about them has no object.

    Call it with the client's lock held, before the visit is deleted. The items are superseded; the client is told by
    mail (not when `mail` is off, because another mail says the same), and the log. Returns the items.
    """
    return supersede(waiting_about(j.id for j in jobs).values(), actor=actor, mail=mail)


def waiting_about(job_ids: Iterable[int]) -> dict[int, int]:
    """What waits about these visits, by numbers: {visit: item}."""
    rows = db.session.execute(_PENDING_ABOUT, {"job_ids": list(job_ids)})
    return {job_id: item_id for job_id, item_id in rows if job_id is not None}


def supersede(item_ids: Iterable[int], *, actor: Actor, mail: bool = True) -> list[ChangeItem]:
    """The same for items that are known."""
    return _supersede(fresh_items(item_ids), actor=actor, mail=mail)


def _supersede(found: list[ChangeItem], *, actor: Actor, mail: bool) -> list[ChangeItem]:
    for item in found:
        move(item, ChangeState.SUPERSEDED)
    for request, own in by_request(found).items():
        settle(request, own, actor=actor, mail_ended=mail)
        log("change_request.superseded", request, own, actor=actor)
    return found


def supersede_series(repeat: Repeat, *, actor: Actor) -> list[ChangeItem]:
    """The office goes on with another pattern: what the client asked about the series itself has no object any more.

    Call it with the client's lock held. Superseded, told by mail and logged as `supersede_for` does; returns the items.
    """
    found = fresh_items(db.session.scalars(sa.select(ChangeItem.id).where(ChangeItem.repeat_id == repeat.id, _PENDING)))
    return _supersede(found, actor=actor, mail=True)


def expire_due(*, now: dt.datetime | None = None) -> list[int]:
    """Which clients have asked about visits that have begun, or about days of a series that are over? Client ids."""
    at = now or clock.now()
    today = clock.to_local(at).date()
    near = sa.or_(
        Job.on_date <= today, Job.state != JobState.SCHEDULED, ChangeItem.last_on < today,
        sa.and_(ChangeItem.repeat_id.is_not(None), ChangeItem.last_on.is_(None)),
        sa.and_(ChangeItem.job_id.is_(None), ChangeItem.repeat_id.is_(None)),
    )  # fmt: skip
    waiting = _items().outerjoin(ChangeItem.job).where(ChangeItem.state == ChangeState.PENDING, near)
    return sorted({i.request.client_id for i in db.session.scalars(waiting) if why_over(i, at)})


def expire(client: Client, *, actor: Actor, now: dt.datetime | None = None) -> list[ChangeItem]:
    """End what one client still waits for although the visit began or is another one now; looks again under the lock.

    The items expire (or are superseded); the client is told by mail; the log. A second worker finds nothing to do.
    """
    at = now or clock.now()
    lock_client(client.id)
    ends = [(item, why_over(item, at)) for item in waiting_of(client)]
    over = [(item, why) for item, why in ends if why is not None]
    for item, why in over:
        move(item, why)
    for request, own in by_request(item for item, _why in over).items():
        settle(request, own, actor=actor)
        log_over(request, own, actor=actor)
    return [item for item, _why in over]


def log_over(request: ChangeRequest, items: Sequence[ChangeItem], *, actor: Actor) -> None:
    """Log those of the items that ended without a decision."""
    for why in (ChangeState.SUPERSEDED, ChangeState.EXPIRED):
        if own := [i for i in items if i.state is why]:
            log(f"change_request.{why.value}", request, own, actor=actor)
