"""The words about a request before it is decided: the office asks, the client and the sitters answer.

Everything stays on the request's thread. The client answers in the portal, a sitter by the link in the mail, which is
signed at delivery and is nowhere in the database.
"""

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Sequence

import sqlalchemy as sa
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import db
from models import JobRequest, JobRequestLine, NotificationKind, RequestMessage, Staff
from workflows import activity, notifications, outbox, settings, staff_mails
from workflows.actors import Actor, staff_actor
from workflows.errors import N_, Invalid, NotAllowed, WrongState
from workflows.job_requests import proposed_sitter_id
from workflows.mail_facts import MailKind, RequestAnswered, RequestMessageFacts
from workflows.permissions import Permission
from workflows.visit_facts import line_facts, short
from workflows.wanted import clean_note

#: how long the link in a sitter's mail opens the thread
LINK_LIFETIME = dt.timedelta(days=14)
#: more words than this in an hour from one side are an accident, or no accident
MOST_AN_HOUR = 20


def write(
    request: JobRequest, lines: Sequence[JobRequestLine], *, body: str, to_client: bool, to_sitters: bool, actor: Actor
) -> RequestMessage:
    """The office writes to the client and/or the sitters of the lines; mailed, and kept on the thread. Logged.

    Refused with Invalid: no text, nobody chosen, or nobody chosen has an address.
    """
    actor.require(Permission.REQUESTS)
    text = _text(body)
    if not to_client and not to_sitters:
        raise Invalid("nobody", N_("Choose who gets the message."), field="to_client")
    client = request.client
    sitter_ids = {proposed_sitter_id(x) for x in lines} - {None}
    sitters = list(db.session.scalars(sa.select(Staff).where(Staff.id.in_(sitter_ids)))) if to_sitters else []
    if not (to_client and client.email) and not any(s.email for s in sitters):
        raise Invalid("no_email", N_("Nobody chosen has a mail address."), field="to_client")
    message = _add(request, text, actor, to_client=to_client, to_sitter=bool(sitters))
    facts = RequestMessageFacts(
        recipient_name=client.first_name,
        client_name=str(client),
        request_number=request.number or 0,
        lines=tuple(line_facts(x) for x in lines),
        body=text,
        staff_name=actor.name,
    )
    if to_client:
        outbox.queue_mail(MailKind.REQUEST_MESSAGE, facts, to=client.email, client=client)
    without_prices = tuple(line_facts(x, for_sitter=True) for x in lines)
    for sitter in sitters:
        own = dataclasses.replace(
            facts, recipient_name=sitter.first_name, lines=without_prices, answer_to=(request.id, sitter.id)
        )
        staff_mails.queue(MailKind.SITTER_REQUEST_MESSAGE, own, staff=sitter)
    _log("job_request.message", request, text, actor, lines, to_client=to_client, to_sitter=bool(sitters))
    db.session.flush()
    return message


def answer(request: JobRequest, *, body: str, actor: Actor) -> RequestMessage:
    """The client writes about an own request that was sent, also when it is decided already.

    Kept on the thread; mail to the admin inbox; HOME; the client's log. Refused: another client's request
    (NotAllowed), a basket (WrongState), no text or too many words in an hour (Invalid).
    """
    if actor.client is None or actor.client.id != request.client_id:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    if request.is_basket:
        raise WrongState("not_sent", N_("This request has not been sent yet."))
    text = _text(body)
    _require_calm(request, RequestMessage.from_client)
    message = _add(request, text, actor, from_client=True, to_client=True)
    _tell_office(message, actor)
    return message


def answer_as_sitter(request: JobRequest, sitter: Staff, *, body: str) -> RequestMessage:
    """A sitter answers the office by the link in the mail; the client does not read it.

    Kept on the thread; mail to the admin inbox; HOME; the client's log. Refused with Invalid: no text, or too many
    words in an hour.
    """
    text = _text(body)
    _require_calm(request, RequestMessage.from_sitter)
    actor = staff_actor(sitter)
    message = _add(request, text, actor, from_sitter=True, to_client=False)
    _tell_office(message, actor)
    return message


def sitter_thread(request: JobRequest, sitter: Staff) -> list[RequestMessage]:
    """What a sitter may read of the thread, oldest first: the office's words to sitters, and the sitter's own."""
    messages = db.session.scalars(
        sa.select(RequestMessage)
        .where(RequestMessage.request_id == request.id)
        .options(joinedload(RequestMessage.staff))
        .order_by(RequestMessage.id)
    )
    return [m for m in messages if m.to_sitter or (m.from_sitter and m.staff_id == sitter.id)]


# ------------------------------------------------------------------------------------------------- the sitter's link


def sign_answer_link(secret_key: str, request_id: int, staff_id: int) -> str:
    """The token of the link in a sitter's mail, made at delivery."""
    return _signer(secret_key).dumps([request_id, staff_id])


def read_answer_link(secret_key: str, token: str) -> tuple[JobRequest, Staff]:
    """The request and the sitter that a link is for.

    Invalid 'link_dead' when it was altered or is older than 14 days, or the sitter has left.
    """
    dead = Invalid("link_dead", N_("This link is too old or not complete. Log in, or ask the office."))
    try:
        (request_id, staff_id), made_at = _signer(secret_key).loads(
            token, max_age=int(LINK_LIFETIME.total_seconds()), return_timestamp=True
        )
        too_old = clock.now() - made_at > LINK_LIFETIME
    except (BadSignature, ValueError, TypeError) as problem:
        raise dead from problem
    request = db.session.scalar(
        sa.select(JobRequest)
        .where(JobRequest.id == request_id)
        .options(
            joinedload(JobRequest.client),
            selectinload(JobRequest.lines).options(
                joinedload(JobRequestLine.service_item),
                joinedload(JobRequestLine.time_block),
                selectinload(JobRequestLine.pets),
            ),
        )
    )
    sitter = db.session.get(Staff, staff_id)
    if request is None or sitter is None or not sitter.is_active or too_old:
        raise dead
    return request, sitter


def _signer(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        secret_key, salt="latchkey-request-answer", signer_kwargs={"digest_method": hashlib.sha256}
    )


# ---------------------------------------------------------------------------------------------------------- helpers


def _text(body: str) -> str:
    text = clean_note(body)
    if not text:
        raise Invalid("no_text", N_("Write a message first."), field="body")
    return text


def _require_calm(request: JobRequest, side: sa.ColumnElement[bool] | object) -> None:
    since = clock.now() - dt.timedelta(hours=1)
    n_lately = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(RequestMessage)
        .where(RequestMessage.request_id == request.id, side, RequestMessage.created_at > since)  # type: ignore[arg-type]
    )
    if (n_lately or 0) >= MOST_AN_HOUR:
        raise Invalid("too_many", N_("That is a lot for one hour. Please call us instead."), field="body")


def _add(request: JobRequest, text: str, actor: Actor, **more: bool) -> RequestMessage:
    message = RequestMessage(request=request, staff=actor.staff, author_name=actor.name[:255], body=text, **more)
    db.session.add(message)
    db.session.flush()
    return message


def _tell_office(message: RequestMessage, actor: Actor) -> None:
    """HOME, the admin inbox and the log hear of an answer."""
    request, client = message.request, message.request.client
    facts = RequestAnswered(
        str(client), client.account_number, request.number or 0, message.body, actor.name, message.from_sitter
    )
    inbox = settings.read()["business.admin_inbox"]
    outbox.queue_mail(
        MailKind.REQUEST_ANSWERED, facts, to=inbox, client=client, dedupe_key=f"request_answered:{message.id}"
    )
    notifications.notify_office(
        NotificationKind.REQUEST_ANSWERED, client=client, request=request, number=request.number, name=actor.name,
        from_sitter=message.from_sitter, text=message.body[:200],
    )  # fmt: skip
    verb = "job_request.sitter_answered" if message.from_sitter else "job_request.client_answered"
    _log(verb, request, message.body, actor)
    db.session.flush()


def _log(
    verb: str, request: JobRequest, text: str, actor: Actor, lines: Sequence[JobRequestLine] = (), **more: object
) -> None:
    activity.record(
        verb, actor=actor, subject=request, client=request.client, number=request.number, n_lines=len(lines),
        lines=[short(line_facts(x)) for x in lines[:20]], message=text, **more,
    )  # fmt: skip
