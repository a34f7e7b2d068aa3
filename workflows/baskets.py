"""The client's unsent request: choosing visits, sending them later. `job_requests` takes over once it is sent."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.strategy_options import _AbstractLoad

from foundation import clock
from foundation.db import db
from models import (
    Client,
    ClientStatus,
    JobRequest,
    JobRequestLine,
    LineState,
    NotificationKind,
    Pet,
    ServiceItem,
    job_request_line_pet,
)
from workflows import activity, limits, notifications, outbox, price_books, pricing, settings
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed, WrongState
from workflows.limits import Calendar, Refusal
from workflows.locks import lock_client
from workflows.mail_facts import BasketReminder, MailKind
from workflows.permissions import Permission
from workflows.visit_facts import line_facts
from workflows.wanted import MAX_LINES, Slot, Wanted, clean_note, fingerprint, slots


@dataclass(frozen=True)
class Added:
    """What adding came to: the new lines, and how many were in the request already."""

    lines: list[JobRequestLine]
    n_duplicates: int


def may_request(client: Client) -> bool:
    """May this client request services at all? The one switch of B1, and the client's own standing."""
    is_open = client.portal_enabled and client.status is not ClientStatus.ARCHIVED
    return bool(settings.read()["portal.requests"]) and is_open


def _require_requests(client: Client, actor: Actor) -> None:
    if not may_request(client):
        raise NotAllowed("requests_off", N_("Requests are switched off at the moment."))
    if actor.client is None or actor.client.id != client.id:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))


def basket_of(client_id: int) -> JobRequest | None:
    """The client's basket with its lines and all that is needed to show them, or None. Two queries.

    A third one for a basket that adds to a request; the client is the one that the caller has.
    """
    return db.session.scalars(_BASKET, {"client_id": client_id}).unique().one_or_none()


def with_line_parts(lines: _AbstractLoad) -> _AbstractLoad:
    """Load requested visits with all that is needed to show them and to say whether they can still be requested."""
    return lines.options(
        joinedload(JobRequestLine.service_item).joinedload(ServiceItem.group),
        joinedload(JobRequestLine.time_block),
        selectinload(JobRequestLine.pets),
    )


#: built once: putting a statement with its options together takes longer than the database takes to answer it
_BASKET = (
    sa.select(JobRequest)
    .where(JobRequest.client_id == sa.bindparam("client_id"), JobRequest.submitted_at.is_(None))
    .options(selectinload(JobRequest.adds_to), with_line_parts(joinedload(JobRequest.lines)))
    .execution_options(populate_existing=True)
)  # fmt: skip


def problems(
    lines: Iterable[JobRequestLine], *, known: Calendar | None = None, now: dt.datetime | None = None
) -> dict[int, Refusal]:
    """Which basket lines can no longer be sent, and why: {line id: refusal}.

    Two queries, none when the caller knows the calendar of the lines' days already.
    """
    all_lines = list(lines)
    if not all_lines:
        return {}
    known = known or limits.calendar(*limits.span(line.on_date for line in all_lines))
    values, at = settings.read(), now or clock.now()
    found = {}
    for line in all_lines:
        refusal = limits.why_not_request(
            line.service_item,
            line.on_date,
            start_time=line.start_time,
            block=line.time_block,
            known=known,
            values=values,
            now=at,
        ) or limits.why_not_pets(line.pets, line.on_date, values)
        if refusal:
            found[line.id] = refusal
    return found


def estimates(
    lines: Iterable[JobRequestLine], *, book: price_books.Book, now: dt.datetime
) -> dict[int, price_books.Quote]:
    """What basket lines would cost if they were sent now: {line id: quote}, exactly what `sending.submit` notes."""
    return {line.id: pricing.quote_line(line, booked_at=now, book=book) for line in lines}


def _open_basket(client: Client) -> tuple[JobRequest, list[str], bool]:
    """The basket, made if there is none, the fingerprints of its lines, and whether it was made just now.

    The caller holds the client's lock.
    """
    rows = db.session.execute(_FINGERPRINTS, {"client_id": client.id}).all()
    if rows:
        return rows[0][0], [mark for _basket, mark in rows if mark is not None], False
    basket = JobRequest(client_id=client.id, lines=[])
    db.session.add(basket)
    db.session.flush()
    return basket, [], True


_FINGERPRINTS = (
    sa.select(JobRequest, JobRequestLine.fingerprint)
    .outerjoin(JobRequestLine, JobRequestLine.request_id == JobRequest.id)
    .where(JobRequest.client_id == sa.bindparam("client_id"), JobRequest.submitted_at.is_(None))
    .execution_options(populate_existing=True)
)


def add(
    client: Client, wanted: Wanted, *, actor: Actor, now: dt.datetime | None = None, known: Calendar | None = None
) -> Added:
    """Put visits into the basket: one line for each day and time block. `known` spares reading their days' calendar.

    Restarts the forgotten-basket clock and logs. Lines that are in the basket already are not added twice and
    counted. Refused: requests switched off (NotAllowed); anything of `wanted.slots`; a day or time that can no
    longer be requested; all lines there already; more than 200 lines (Invalid with the field).
    """
    _require_requests(client, actor)
    note = clean_note(wanted.note)
    new_slots = list(slots(wanted, client))
    _check_slots(wanted.item, wanted.pets, new_slots, now or clock.now(), known)
    book = price_books.load_book([client], *limits.span(s.on_date for s in new_slots))
    lock_client(client.id)
    basket, there, is_new = _open_basket(client)
    fresh = [s for s in new_slots if fingerprint(wanted.item, s, wanted.pets) not in there]
    if not fresh:
        raise Invalid("duplicate", N_("This is already in your request. Nothing was added twice."))
    if len(there) + len(fresh) > MAX_LINES:
        raise Invalid("too_many", N_("That is too much at once: at most %(most)s visits in one request."), field="dates", most=MAX_LINES)  # fmt: skip
    lines = _insert(basket, wanted, fresh, client, note=note, book=book)
    if not is_new:
        basket.changed_at = clock.now()
    _log(basket, "basket.added", actor, lines)
    db.session.flush()
    return Added(lines, len(new_slots) - len(fresh))


def _insert(
    basket: JobRequest, wanted: Wanted, fresh: Sequence[Slot], client: Client, *, note: str, book: price_books.Book
) -> list[JobRequestLine]:
    """New lines of a basket with two statements, however many: everybody else who wants to write waits."""
    at = clock.now()
    rows = [
        {
            "request_id": basket.id, "client_id": client.id, "service_item_id": wanted.item.id, "on_date": s.on_date,
            "start_time": s.start_time, "time_block_id": s.block.id if s.block else None, "note": note,
            "price": pricing.quote_slot(wanted, s, client, booked_at=at, book=book).price,
            "fingerprint": fingerprint(wanted.item, s, wanted.pets),
        }
        for s in fresh
    ]  # fmt: skip
    made = db.session.scalars(_NEW_LINES, rows).all()
    pairs = [{"line_id": line.id, "pet_id": pet.id} for line in made for pet in wanted.pets]
    if pairs:
        db.session.execute(_NEW_PAIRS, pairs)
    lines = sorted(made, key=lambda x: (x.on_date, x.start_time or dt.time(0), x.time_block_id or 0))
    for line in lines:
        set_committed_value(line, "service_item", wanted.item)
        set_committed_value(line, "pets", sorted(wanted.pets, key=lambda p: p.name))
    db.session.expire(basket, ["lines"])
    return lines


_NEW_LINES, _NEW_PAIRS = sa.insert(JobRequestLine).returning(JobRequestLine), sa.insert(job_request_line_pet)


def _check_slots(
    item: ServiceItem, pets: Sequence[Pet], wanted: Sequence[Slot], now: dt.datetime, known: Calendar | None = None
) -> None:  # fmt: skip
    known, values = known or limits.calendar(*limits.span(s.on_date for s in wanted)), settings.read()
    for slot in wanted:
        unfit = limits.why_not_pets(pets, slot.on_date, values)
        if unfit:
            raise unfit.error(field="pets")
        refusal = limits.why_not_request(
            item, slot.on_date, start_time=slot.start_time, block=slot.block, known=known, values=values, now=now
        )
        if refusal:
            raise refusal.error(field="service" if refusal.code == "item_hidden" else "dates")


def change_line(
    line: JobRequestLine, wanted: Wanted, *, actor: Actor, now: dt.datetime | None = None
) -> JobRequestLine:
    """Replace one basket line by another wish (one day, at most one block). Refusals as in `add`."""
    _require_requests(line.client, actor)
    note = clean_note(wanted.note)
    new_slots = list(slots(wanted, line.client))
    if len(new_slots) != 1:
        raise Invalid(
            "one_visit", N_("Choose one day and one time here; add further visits separately."), field="dates"
        )
    slot = new_slots[0]
    _check_slots(wanted.item, wanted.pets, new_slots, now or clock.now())
    lock_client(line.client_id)
    basket = basket_of(line.client_id)
    mark = fingerprint(wanted.item, slot, wanted.pets)
    if basket is None or line.id not in {x.id for x in basket.lines}:
        raise WrongState("not_in_basket", N_("This visit is no longer in your basket."))
    if any(x.fingerprint == mark and x.id != line.id for x in basket.lines):
        raise Invalid("duplicate", N_("This is already in your request. Nothing was added twice."))
    line.service_item, line.on_date, line.start_time = wanted.item, slot.on_date, slot.start_time
    line.time_block, line.pets, line.note, line.fingerprint = slot.block, list(wanted.pets), note, mark
    book = price_books.load_book([line.client], slot.on_date, slot.on_date)
    line.price = pricing.quote_slot(wanted, slot, line.client, booked_at=clock.now(), book=book).price
    line.blocked_code = None
    basket.changed_at = clock.now()
    db.session.flush()
    _log(basket, "basket.changed", actor, [line])
    return line


def remove_line(client: Client, line_public_id: str, *, actor: Actor) -> bool:
    """Take a line out of the basket; False when it is not there (any more). Works also while requests are off."""
    lock_client(client.id)
    basket = basket_of(client.id)
    line = next((x for x in basket.lines if x.public_id == line_public_id), None) if basket else None
    if basket is None or line is None:
        return False
    _log(basket, "basket.removed", actor, [line])
    _drop(basket, [line])
    return True


def clear(client: Client, *, actor: Actor) -> int:
    """Empty the basket; says how many lines were in it."""
    lock_client(client.id)
    basket = basket_of(client.id)
    if basket is None:
        return 0
    n_lines = len(basket.lines)
    if n_lines:
        _log(basket, "basket.cleared", actor, basket.lines)
    _drop(basket, list(basket.lines))
    return n_lines


def _drop(basket: JobRequest, lines: list[JobRequestLine]) -> None:
    for line in lines:
        basket.lines.remove(line)
        db.session.delete(line)
    basket.changed_at = clock.now()
    if not basket.lines:
        db.session.flush()
        db.session.delete(basket)
    db.session.flush()


def join_request(client: Client, request: JobRequest, *, actor: Actor) -> JobRequest:
    """Say that what is added next belongs to a sent request of which nothing or not all is decided yet ("Add services").

    Refused with WrongState when none of its lines waits for the office any more.
    """
    _require_requests(client, actor)
    if request.client_id != client.id:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    lock_client(client.id)
    if not n_waiting(request.id):
        raise WrongState("request_decided", N_("This request is decided already. Start a new one."))
    basket, *_rest = _open_basket(client)
    basket.adds_to, basket.changed_at = request, clock.now()
    db.session.flush()
    return basket


def leave_request(client: Client) -> None:
    """Undo `join_request`: the basket becomes a request of its own when it is sent."""
    lock_client(client.id)
    basket = basket_of(client.id)
    if basket is not None:
        basket.adds_to = None
        if not basket.lines:
            db.session.delete(basket)
        db.session.flush()


def n_waiting(request_id: int) -> int:
    """How many lines of a sent request wait for the office."""
    return db.session.scalar(
        sa.select(sa.func.count(JobRequestLine.id)).where(
            JobRequestLine.request_id == request_id, JobRequestLine.state == LineState.SUBMITTED
        )
    ) or 0  # fmt: skip


def flag_hidden_item(item: ServiceItem, *, actor: Actor) -> int:
    """A service item is no longer offered: mark its basket lines, tell HOME and the clients' logs; how many lines.

    The lines leave the sendable part of the basket; the client sees them apart with the reason until removing them.
    """
    lines = db.session.scalars(
        sa.select(JobRequestLine)
        .where(JobRequestLine.service_item_id == item.id, JobRequestLine.state == LineState.DRAFT)
        .where(JobRequestLine.blocked_code.is_(None))
        .options(joinedload(JobRequestLine.request), joinedload(JobRequestLine.client))
    ).all()
    by_client: dict[int, list[JobRequestLine]] = {}
    for line in lines:
        line.blocked_code = "item_hidden"
        by_client.setdefault(line.client_id, []).append(line)
    for own in by_client.values():
        basket = own[0].request
        notifications.notify_office(
            NotificationKind.BASKET_BLOCKED, client=basket.client, request=basket, n_lines=len(own)
        )
        _log(basket, "basket.item_hidden", actor, own)
    db.session.flush()
    return len(lines)


def remind(basket: JobRequest, *, body: str = "", actor: Actor) -> None:
    """The office mails a client about the unsent basket, also with the timer off; logged."""
    actor.require(Permission.REQUESTS)
    if not basket.is_basket or not basket.lines:
        raise WrongState("basket_gone", N_("This basket was sent or emptied meanwhile."))
    if not basket.client.email:
        raise Invalid("no_email", N_("This client has no mail address."))
    text = clean_note(body)
    facts = BasketReminder(
        str(basket.client), basket.client.account_number, tuple(line_facts(x) for x in basket.lines), text
    )
    outbox.queue_client_mail(MailKind.BASKET_REMINDER, facts, client=basket.client)
    activity.record("basket.reminded", actor=actor, subject=basket, client=basket.client, message=text)
    db.session.flush()


def flag_blocked(basket: JobRequest, found: dict[int, Refusal], *, actor: Actor) -> bool:
    """Mark lines that the forgotten-basket clock could not send, once: HOME and the log say so. True if any is new."""
    new = [x for x in basket.lines if x.id in found and x.blocked_code != found[x.id].code]
    for line in new:
        line.blocked_code = found[line.id].code
    if new:
        notifications.notify_office(
            NotificationKind.BASKET_BLOCKED, client=basket.client, request=basket, n_lines=len(new)
        )
        _log(basket, "basket.blocked", actor, new)
        db.session.flush()
    return bool(new)


def _log(basket: JobRequest, verb: str, actor: Actor, lines: Sequence[JobRequestLine]) -> None:
    activity.record(
        verb,
        actor=actor,
        subject=basket,
        client=basket.client,
        n_lines=len(lines),
        lines=[_short(x) for x in lines[:20]],
    )


def _short(line: JobRequestLine) -> str:
    when = line.start_time.strftime("%H:%M") if line.start_time else (line.time_block.name if line.time_block else "")
    return f"{line.service_item.name}, {line.on_date} {when}".strip()
