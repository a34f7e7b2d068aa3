"""A request that the office takes down for a client: from the phone, or from a form on the business's own web site."""

from collections.abc import Sequence

from foundation import clock
from foundation.db import db
from models import Client, ClientStatus, JobRequest, JobRequestLine, LineState, NotificationKind
from workflows import activity, limits, notifications, outbox, price_books, pricing
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WrongState
from workflows.job_requests import next_number
from workflows.locks import lock_client
from workflows.mail_facts import MailKind, RequestReceived
from workflows.permissions import Permission
from workflows.visit_facts import line_facts, short
from workflows.wanted import MAX_LINES, Wanted, clean_note, fingerprint, slots


def take_down(client: Client, several: Sequence[Wanted], *, actor: Actor, mail: bool = True) -> JobRequest:
    """Note a client's request as if they had sent it; nothing enters the schedule.

    In this order: the request with its number and its waiting lines, with today's estimate; a notification on HOME;
    the client's log; if asked, the mail that the client gets when they send one. The office is not bound by request limits.
    Refused: an archived client (WrongState), an inactive service, what `wanted.slots` refuses, more than 200 visits (Invalid).
    """
    actor.require(Permission.REQUESTS)
    lock_client(client.id)
    db.session.refresh(client)
    if client.status is ClientStatus.ARCHIVED:
        raise WrongState("client_archived", N_("This client is archived. Nothing can be booked for them."))
    request = JobRequest(client=client, number=next_number(), submitted_at=clock.now())
    db.session.add(request)
    book = price_books.load_book([client], *limits.span(day for wanted in several for day in wanted.dates))
    lines = [line for wanted in several for line in _lines(request, wanted, client, book)]
    if not lines or len(lines) > MAX_LINES:
        raise Invalid("too_many", N_("That is too much at once: at most %(most)s visits in one request."), field="visits", most=MAX_LINES)  # fmt: skip
    db.session.add_all(lines)
    db.session.flush()
    visits = tuple(line_facts(line) for line in lines)
    notifications.notify_office(
        NotificationKind.REQUEST_RECEIVED, client=client, request=request, number=request.number, n_lines=len(lines),
        added=False,
    )  # fmt: skip
    activity.record(
        "job_request.submitted", actor=actor, subject=request, client=client, number=request.number,
        n_lines=len(lines), lines=[short(visit) for visit in visits[:20]],
    )  # fmt: skip
    if mail:
        facts = RequestReceived(str(client), client.account_number, request.number or 0, visits, False, 0)
        outbox.queue_client_mail(
            MailKind.REQUEST_RECEIVED, facts, client=client, dedupe_key=f"request_received:{request.id}:0"
        )
    db.session.flush()
    return request


def _lines(request: JobRequest, wanted: Wanted, client: Client, book: price_books.Book) -> list[JobRequestLine]:
    if not wanted.item.is_active:
        raise Invalid("item_inactive", N_("%(service)s is inactive."), field="service_item", service=wanted.item.name)
    at, note = clock.now(), clean_note(wanted.note)
    return [
        JobRequestLine(
            request=request, client_id=client.id, service_item=wanted.item, on_date=slot.on_date,
            start_time=slot.start_time, time_block=slot.block, note=note, pets=list(wanted.pets),
            price=pricing.quote_slot(wanted, slot, client, booked_at=at, book=book).price,
            state=LineState.SUBMITTED, submitted_at=at, fingerprint=fingerprint(wanted.item, slot, wanted.pets),
        )
        for slot in slots(wanted, client, any_block=True)
    ]  # fmt: skip
