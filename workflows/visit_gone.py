"""A sitter was at a visit that has left the schedule: it is a request again, and nothing of the visit is there any more."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Activity, CheckKind, JobRequest, NotificationKind
from workflows import activity, back_to_request, notifications
from workflows.actors import Actor
from workflows.locks import lock_client

#: a phone that kept a tap for longer tells nobody; visits turned back lie ahead or are of today
REMEMBERED = dt.timedelta(days=14)


def note_arrival(visit_id: str, kind: CheckKind, *, actor: Actor) -> bool:
    """Tell the office on HOME and in the log of the request that the visit's last sitter was there all the same.

    `visit_id` is the public id that the visit had. The same tap of the same sitter is told once. True when the office
    knows, now or since before; False for another's visit, one that never was, and one turned back 14 days ago or more.
    """
    found = _turned_back(visit_id, actor)
    if found is None or actor.staff is None:
        return False
    request, left = found
    lock_client(request.client_id)
    facts: dict[str, Any] = {"check": kind.value, "code": "back_to_request", "visit": visit_id}
    told = db.session.scalars(
        sa.select(Activity).where(
            Activity.subject_type == "job_request",
            Activity.subject_id == request.id,
            Activity.verb == "job.check_refused",
        )
    )
    if any(line.staff_id == actor.staff.id and facts.items() <= line.facts.items() for line in told):
        return True
    notifications.notify_office(
        NotificationKind.CHECK_REFUSED, client=request.client, sitter=str(actor.staff), about=[left["was"]],
        check=facts["check"], code=facts["code"],
    )  # fmt: skip
    activity.record(
        "job.check_refused", actor=actor, subject=request, client=request.client, n_jobs=1, jobs=[left["was"]], **facts
    )
    db.session.flush()
    return True


def _turned_back(visit_id: str, actor: Actor) -> tuple[JobRequest, dict[str, Any]] | None:
    """The request that this sitter's visit became, and what the log says of the visit."""
    if actor.staff is None or not visit_id:
        return None
    lines = db.session.scalars(
        sa.select(Activity)
        .where(Activity.verb == back_to_request.VERB, Activity.at >= clock.now() - REMEMBERED)
        .order_by(Activity.id.desc())
    )
    for line in lines:
        for left in line.facts.get("left", ()):
            if (left["id"], left["with"]) == (visit_id, actor.staff.id):
                request = db.session.get(JobRequest, line.subject_id)
                return (request, left) if request is not None else None
    return None
