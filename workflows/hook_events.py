"""What other programs are told: events with public ids and states, written together with the change that they tell of.

The log is the one place where every change passes, so this listens to it (`activity.when_recorded`); new and removed
visits are seen when they are written. What came together in a transaction becomes rows of `HookDelivery` right
before its commit: with the states of that moment, once for each thing, and not at all when it is rolled back.
"""

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.among import among
from foundation.db import Base, db
from foundation.inserting import Written
from foundation.twins import loaded
from models import (
    Client,
    HookDelivery,
    Invoice,
    Job,
    JobRequest,
    JobRequestLine,
    LineState,
    Payment,
    Pet,
    WebHook,
)
from workflows import activity, settings
from workflows.errors import N_

#: event -> what the office reads
EVENTS: dict[str, str] = {
    "visit.scheduled": N_("A visit enters the schedule"),
    "visit.changed": N_("A visit is moved, changed or checked in"),
    "visit.cancelled": N_("A visit is cancelled or taken out"),
    "visit.completed": N_("A visit is done"),
    "request.received": N_("A job request comes in"),
    "request.changed": N_("A job request is decided, changed or cancelled"),
    "invoice.issued": N_("An invoice is issued"),
    "invoice.paid": N_("An invoice is paid"),
    "invoice.changed": N_("An invoice is voided, written off or opened again"),
    "payment.received": N_("Money comes in"),
    "payment.returned": N_("A payment comes back or is voided"),
    "client.changed": N_("A client is added or changed"),
    "pet.changed": N_("A pet is added or changed"),
}
#: sent by a person's press only
PING = "ping"

#: verb of the log -> event
_OF_VERB = {
    **dict.fromkeys(
        ("job.moved", "job.changed", "job.move_undone", "job.priced", "job.checked_in", "job.checked_out",
         "job.check_taken_back", "job.times_adjusted", "job.voided", "job.unvoided"), "visit.changed"),
    "job.reinstated": "visit.scheduled",
    "job.cancelled": "visit.cancelled",
    "job.completed": "visit.completed",
    **dict.fromkeys(("job_request.submitted", "job_request.added", "job_request.auto_submitted"), "request.received"),
    **dict.fromkeys(
        ("job_request.scheduled", "job_request.declined", "job_request.cancelled", "job_request.deleted",
         "job_request.line_edited", "job_request.line_added", "job.back_to_request"), "request.changed"),
    "invoice.issued": "invoice.issued",
    "invoice.paid": "invoice.paid",
    **dict.fromkeys(
        ("invoice.reopened", "invoice.voided", "invoice.written_off", "invoice.write_off_undone"), "invoice.changed"),
    **dict.fromkeys(("payment.recorded", "payment.received"), "payment.received"),
    **dict.fromkeys(("payment.voided", "payment.returned"), "payment.returned"),
    **dict.fromkeys(("client.added", "client.changed"), "client.changed"),
    **dict.fromkeys(("pet.added", "pet.changed"), "pet.changed"),
}  # fmt: skip
#: what each event is about: a line of the log about something else tells nothing
_ABOUT = {"visit": Job, "request": JobRequest, "invoice": Invoice, "payment": Payment, "client": Client, "pet": Pet}
_KEY = "hook_events"


def _is_on() -> bool:
    """The settings are read at the start of each request and task, so that asking costs nothing there."""
    return bool(settings.read()["api.on"])


@activity.when_recorded
def _heard(verb: str, subject: Base | Written | None) -> None:
    event = _OF_VERB.get(verb)
    if event is None or not _is_on():
        return
    about = loaded(subject)
    if isinstance(about, _ABOUT[event.partition(".")[0]]):
        _waiting().append((event, about))


def tell(event: str, about: Iterable[Base]) -> None:
    """Tell of these, for what no line of the log is about; costs nothing while the API is off."""
    if _is_on():
        _waiting().extend((event, one) for one in about)


def tell_inserted(highest: int, repeat_ids: Collection[int]) -> None:
    """Tell of the visits of these series with a number above `highest`, which were inserted without objects."""
    if not _is_on():
        return
    rows = db.session.execute(
        sa.select(Job.public_id, Client.public_id, Job.state)
        .join(Job.client)
        .where(Job.id > highest, among(Job.repeat_id, repeat_ids))
    )
    _waiting().extend(
        ("visit.scheduled", {"id": job_id, "client_id": client_id, "state": state.value})
        for job_id, client_id, state in rows
    )


def tell_written(event: str, public_ids: Iterable[str]) -> None:
    """Tell of these visits, which were inserted without objects; of those that are there when it is committed."""
    if _is_on():
        _waiting().append((event, tuple(public_ids)))


def _waiting() -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = db.session.info.setdefault(_KEY, [])
    return found


@sa.event.listens_for(db.session, "after_flush")
def _seen(session: Any, _context: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's own
    # In the middle of a flush nothing is asked: whoever makes visits has looked at the settings before.
    values = session.info.get("settings")
    if values is None or not values["api.on"]:
        return
    waiting = session.info.setdefault(_KEY, [])
    waiting.extend(("visit.scheduled", one) for one in session.new if isinstance(one, Job))
    waiting.extend(
        ("visit.cancelled", {"id": one.public_id, "client_id": one.client.public_id, "state": "removed"})
        for one in session.deleted
        if isinstance(one, Job)
    )


@sa.event.listens_for(db.session, "before_commit")
def _write(session: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's session of any kind
    # A savepoint's release comes here too; what is told waits for the commit.
    if session.in_nested_transaction() or not session.info.get(_KEY):
        return
    session.flush()
    waiting = session.info.pop(_KEY)
    hooks = session.execute(sa.select(WebHook.id, WebHook.events).where(WebHook.is_on).order_by(WebHook.id)).all()
    if not hooks:
        return
    told = _told(waiting)
    rows = [
        {"hook_id": hook_id, "event": event, "data": data, "next_at": clock.now()}
        for event, data in told
        for hook_id, events in hooks
        if event in events
    ]
    if rows:
        session.execute(sa.insert(HookDelivery), rows)
        session.info["nudge_hooks"] = True
    session.info.pop(_KEY, None)


@sa.event.listens_for(db.session, "after_rollback")
def _forget(session: Any) -> None:  # noqa: ANN401 -- as above
    if not session.in_nested_transaction():
        session.info.pop(_KEY, None)


def _told(waiting: Iterable[tuple[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Each thing once for each event, in order; what a savepoint took back is left out."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for event, about in waiting:
        if isinstance(about, tuple):
            found.update({(event, data["id"]): data for data in _written(about)})
            continue
        data = about if isinstance(about, dict) else _data(about) if sa.inspect(about).persistent else None
        if data is not None:
            found[event, data["id"]] = data
    new = {key for event, key in found if event == "visit.scheduled"}
    return [(event, data) for (event, key), data in found.items() if not (event == "visit.changed" and key in new)]


def _written(public_ids: tuple[str, ...]) -> list[dict[str, Any]]:
    rows = db.session.execute(
        sa.select(Job.public_id, Client.public_id, Job.state)
        .join(Job.client)
        .where(Job.public_id.in_(public_ids))
        .order_by(Job.id)
    )
    return [{"id": job_id, "client_id": client_id, "state": state.value} for job_id, client_id, state in rows]


def _data(about: Any) -> dict[str, Any]:  # noqa: ANN401 -- one of our records
    """Public ids and the state, and nothing else: whoever wants more asks the API for it, with a token."""
    if isinstance(about, Client):
        return {"id": about.public_id, "state": about.status.value}
    if isinstance(about, Pet):
        return {"id": about.public_id, "client_id": about.client.public_id, "state": about.status.value}
    if isinstance(about, JobRequest):
        waits = db.session.scalar(
            sa.select(JobRequestLine.id)
            .where(JobRequestLine.request_id == about.id, JobRequestLine.state == LineState.SUBMITTED)
            .limit(1)
        )
        return {"id": about.public_id, "client_id": about.client.public_id, "state": "waiting" if waits else "decided"}
    return {"id": about.public_id, "client_id": about.client.public_id, "state": about.state.value}
