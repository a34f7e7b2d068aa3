"""What the client has sent: the list, one request with its thread, adding to it, cancelling a line or all of it.

Cancelling is open as long as requests or the schedule are on: a request that is out must be possible to take back.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa
from flask import abort, flash, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import joinedload, selectinload

from client_portal import cards, sent_requests, words
from client_portal.cards import Card
from client_portal.frame import (
    View,
    client_here,
    page,
    page_group,
    requests_are_on,
    schedule_is_on,
    see,
)
from foundation.db import db
from models import (
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    RequestMessage,
)
from sign_in import current_actor
from workflows import baskets, job_requests, once, request_threads, settings
from workflows.errors import Conflict, WorkflowError, WrongState

PER_PAGE = 5
#: how many visits of a request the list shows
SHOWN = 6

pages = page_group("portal_requests", __name__, under="/requests", nav="requests", switches=[requests_are_on])
cancelling = page_group(
    "portal_cancelling", __name__, under="/requests", nav="requests", switches=[requests_are_on, schedule_is_on]
)


@dataclass(frozen=True)
class Sent:
    """A sent request as its card shows it."""

    key: str
    number: int
    sent: str
    cards: list[Card]
    #: (chip kind, words) of how things stand, such as "2 waiting"
    standing: list[tuple[str, str]]
    n_waiting: int
    auto_submitted: bool
    messages: list[RequestMessage] = field(default_factory=list)


# --------------------------------------------------------------------------------------------------------- reading


#: for what is changed: the workflows read what they need of its lines themselves
_ONE = sa.select(JobRequest).where(
    JobRequest.client_id == sa.bindparam("client_id"),
    JobRequest.submitted_at.is_not(None),
    JobRequest.public_id == sa.bindparam("public_id"),
)


def _own(request_id: str) -> JobRequest:
    """A sent request of this client, to change it, or 404."""
    found = db.session.scalar(_ONE, {"client_id": client_here().id, "public_id": request_id})
    return found or abort(404)


def _shown(request_id: str) -> Sent:
    """A sent request of this client as it is shown, or 404."""
    return _sent(sent_requests.one_of(client_here(), request_id) or abort(404))


def _sent(found: JobRequest) -> Sent:
    own = [_card(x) for x in found.lines if _is_shown(x)]
    shown = sorted(own, key=lambda c: (c.day, c.order))
    return Sent(
        key=found.public_id,
        number=found.number or 0,
        sent=words.soon(found.submitted_at) if found.submitted_at else "",
        cards=shown,
        standing=_standing(shown),
        n_waiting=sum(1 for x in found.lines if x.state is LineState.SUBMITTED),
        auto_submitted=any(x.auto_submitted for x in found.lines),
        messages=list(found.messages),
    )


def _is_shown(line: JobRequestLine) -> bool:
    """Lines that the office deleted were never answered to the client; internal and voided visits are the office's own."""
    if line.state in {LineState.DRAFT, LineState.DELETED}:
        return False
    job = line.job if line.state is LineState.SCHEDULED else None
    return job is None or not (job.state is JobState.VOIDED or job.service_item.is_internal)


def _card(line: JobRequestLine) -> Card:
    """The visit that came of it, or the line as long as there is none."""
    if line.state is LineState.SCHEDULED and line.job is not None:
        return cards.of_job(line.job)
    return cards.of_line(line)


def _standing(own: list[Card]) -> list[tuple[str, str]]:
    n = Counter(c.kind for c in own)
    said: dict[str, Callable[[int], str]] = {
        "req": lambda k: ngettext("REQ: %(num)d waiting", "REQ: %(num)d waiting", k),
        "scheduled": lambda k: ngettext("%(num)d scheduled", "%(num)d scheduled", k),
        "live": lambda _k: _("On the visit"),
        "done": lambda k: ngettext("%(num)d done", "%(num)d done", k),
        "declined": lambda k: ngettext("%(num)d declined", "%(num)d declined", k),
        "off": lambda k: ngettext("%(num)d cancelled", "%(num)d cancelled", k),
    }
    return [(kind, words(n[kind])) for kind, words in said.items() if n[kind]]


@pages.get("")
def index() -> View:
    """Sent requests, newest first, five a page: each shows up to six visits."""
    number = request.args.get("page", 1, type=int)
    number = number if 1 <= number <= 10_000 else 1
    found, has_more = sent_requests.page_of(client_here(), most=PER_PAGE, skip=(number - 1) * PER_PAGE)
    return page(
        "requests.html",
        sent=[_sent(x) for x in found],
        page_number=number,
        has_more=has_more,
        shown=SHOWN,
        business=settings.read()["business.name"],
    )


@pages.get("/<public_id:request_id>")
def one(request_id: str) -> View:
    """One request: what happens next, its visits, and the words that went to and fro."""
    return _show(request_id)


def _show(request_id: str, status: int = 200, *, problem: str = "", body: str = "") -> View:
    return page(
        "one_request.html",
        status,
        one=_shown(request_id),
        client=client_here(),
        business=settings.read()["business.name"],
        form_key=once.new_key(),
        problem=problem,
        body=body,
    )


@pages.post("/<public_id:request_id>/messages")
def answer(request_id: str) -> View:
    """Write to the office about this request; pressed twice, it is sent once."""
    found, body = _own(request_id), request.form.get("body", "")
    try:
        once.claim(request.form.get("form_key"))
        request_threads.answer(found, body=body, actor=current_actor())
    except Conflict as problem:
        db.session.rollback()
        flash(problem.say(_), "info")
        return see(url_for(".one", request_id=request_id))
    except WorkflowError as problem:
        db.session.rollback()
        return _show(request_id, 422, problem=problem.say(_), body=body)
    db.session.commit()
    flash(_("Message sent. %(business)s reads it.", business=settings.read()["business.name"]), "success")
    return see(url_for(".one", request_id=request_id, _anchor="thread-h"))


# ---------------------------------------------------------------------------------------------------------- adding


@pages.post("/<public_id:request_id>/additions")
def add_services(request_id: str) -> View:
    """What is added next keeps this request's number; to the form."""
    client, found = client_here(), _own(request_id)
    try:
        baskets.join_request(client, found, actor=current_actor())
    except WrongState as problem:
        db.session.rollback()
        flash(problem.say(_), "error")
        return see(url_for(".one", request_id=request_id))
    db.session.commit()
    return see(url_for("portal_requesting.show"))


# ------------------------------------------------------------------------------------------------------ cancelling


def _own_line(line_id: str) -> JobRequestLine:
    """A sent line of this client, or 404."""
    found = db.session.scalar(
        sa.select(JobRequestLine)
        .where(JobRequestLine.public_id == line_id, JobRequestLine.client_id == client_here().id)
        .where(JobRequestLine.state != LineState.DRAFT)
        .options(
            joinedload(JobRequestLine.service_item),
            joinedload(JobRequestLine.time_block),
            joinedload(JobRequestLine.request),
            selectinload(JobRequestLine.pets),
        )
        .execution_options(populate_existing=True)
    )
    return found or abort(404)


@cancelling.get("/lines/<public_id:line_id>/cancellation")
def line(line_id: str) -> View:
    """Ask whether to cancel a requested visit; the page behind the dialog."""
    return _ask_line(_own_line(line_id))


@cancelling.post("/lines/<public_id:line_id>/cancellation")
def cancel_line(line_id: str) -> View:
    """Cancel a requested visit. When the office was faster, nothing changes and the client reads what happened."""
    client, found = client_here(), _own_line(line_id)
    reason = request.form.get("reason", "")
    try:
        job_requests.cancel_lines(client, [found], actor=current_actor(), reason=reason)
    except WrongState as problem:
        db.session.rollback()
        now = _own_line(line_id)
        if now.state is LineState.CANCELLED:
            flash(_("This visit is cancelled already. Nothing was done twice."), "info")
            return see(_after(now))
        return _ask_line(now, 409, problem=problem.say(_), reason=reason)
    except WorkflowError as problem:
        db.session.rollback()
        return _ask_line(_own_line(line_id), 422, problem=problem.say(_), reason=reason)
    db.session.commit()
    flash(_cancelled(1), "success")
    return see(_after(found))


def _cancelled(n_lines: int) -> str:
    business = settings.read()["business.name"]
    return ngettext(
        "Your request for this visit is cancelled. %(business)s is told, and a mail confirms it to you.",
        "%(num)d requested visits are cancelled. %(business)s is told, and a mail confirms it to you.",
        n_lines,
        business=business,
    )


def _after(found: JobRequestLine) -> str:
    if schedule_is_on():
        return url_for("portal_schedule.day", day=found.on_date)
    return url_for("portal_requests.one", request_id=found.request.public_id)


def _ask_line(found: JobRequestLine, status: int = 200, *, problem: str = "", reason: str = "") -> View:
    return page(
        "cancellation.html",
        status,
        card=cards.of_line(found),
        waiting=found.state is LineState.SUBMITTED,
        back=_after(found),
        problem=problem,
        reason=reason,
        business=settings.read()["business.name"],
    )


@cancelling.get("/<public_id:request_id>/cancellation")
def whole(request_id: str) -> View:
    """Ask whether to cancel all of a request that still waits."""
    return _ask_whole(request_id)


@cancelling.post("/<public_id:request_id>/cancellation")
def cancel_whole(request_id: str) -> View:
    """Cancel all of a request that still waits."""
    found, reason = _own(request_id), request.form.get("reason", "")
    try:
        cancelled = job_requests.cancel_request(found, actor=current_actor(), reason=reason)
    except WrongState as problem:
        db.session.rollback()
        return _ask_whole(request_id, 409, problem=problem.say(_), reason=reason)
    except WorkflowError as problem:
        db.session.rollback()
        return _ask_whole(request_id, 422, problem=problem.say(_), reason=reason)
    db.session.commit()
    flash(_cancelled(len(cancelled)), "success")
    return see(_after_whole(request_id))


def _after_whole(request_id: str) -> str:
    if requests_are_on():
        return url_for("portal_requests.one", request_id=request_id)
    return url_for("portal_schedule.month")


def _ask_whole(request_id: str, status: int = 200, *, problem: str = "", reason: str = "") -> View:
    sent = _shown(request_id)
    return page(
        "whole_cancellation.html",
        status,
        one=sent,
        waiting=[c for c in sent.cards if c.cancel_url],
        back=_after_whole(request_id),
        problem=problem,
        reason=reason,
        business=settings.read()["business.name"],
    )
