"""Send: the basket becomes a request. The client presses it, or the forgotten-basket clock does.

Everybody else who wants to write waits while it holds the lock: so it reads, checks, prices and words everything before,
looks under the lock whether all is still so, and writes rows.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm.util import identity_key

from foundation import clock
from foundation.among import among
from foundation.db import Base, db
from foundation.together import Changed, New, write_together
from foundation.twins import lend
from models import ActorKind, Client, JobRequest, JobRequestLine, LineState, NotificationKind
from workflows import (
    activity,
    basket_rows,
    baskets,
    counters,
    limits,
    notifications,
    outbox,
    price_books,
    pricing,
    settings,
)
from workflows.actors import WORKER, Actor
from workflows.billing import methods
from workflows.errors import N_, NotAllowed, WrongState
from workflows.limits import Calendar, Refusal
from workflows.locks import lock_client
from workflows.mail_facts import MailKind, RequestReceived, VisitFacts
from workflows.visit_facts import line_facts, short


@dataclass(frozen=True)
class Sent:
    """What sending came to: the request, the lines that went, and those kept back with the reason."""

    request_id: int
    public_id: str
    number: int
    line_ids: tuple[int, ...]
    #: {public id of a line: reason}
    kept_back: dict[str, Refusal]

    @property
    def request(self) -> JobRequest:
        """The request itself; one query."""
        return db.session.get_one(JobRequest, self.request_id)

    @property
    def lines(self) -> list[JobRequestLine]:
        """The lines that went; one query."""
        return list(db.session.scalars(_LINES.where(JobRequestLine.id.in_(self.line_ids))))


_LINES = sa.select(JobRequestLine).order_by(JobRequestLine.on_date, JobRequestLine.start_time, JobRequestLine.id)


@dataclass(frozen=True)
class _Ready:
    """A basket as it would be sent now: as it was read, why lines cannot go, and of those that go price and words."""

    basket: JobRequest
    found: dict[int, Refusal]
    going: list[JobRequestLine]
    by_price: dict[Decimal, list[int]]
    visits: tuple[VisitFacts, ...]
    at: dt.datetime

    @property
    def is_whole(self) -> bool:
        """Does no line stay behind?"""
        return len(self.going) == len(self.basket.lines)


def submit(
    client: Client, *, actor: Actor, shown: str | None = None, now: dt.datetime | None = None, auto: bool = False
) -> Sent:
    """Send the basket. Nothing enters the schedule. With `shown`, only the basket of this public id.

    In this order: the lines become submitted with a fresh estimate; a new number is given, or the lines join the
    request that they were added to (while it still waits); lines that can no longer be requested stay in the basket;
    mail to the client with copies and to the admin inbox; a notification on HOME; a line in the client's log.
    Refused: requests switched off (NotAllowed), no card where one is required (Invalid 'method_required'), an empty basket, which is also what a second press finds, or another
    one than was shown (WrongState 'nothing_to_send'), or no line that can still be requested (Invalid).
    """
    if not baskets.may_request(client):
        raise NotAllowed("requests_off", N_("Requests are switched off at the moment."))
    if actor.kind is not ActorKind.SYSTEM and (actor.client is None or actor.client.id != client.id):
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    if methods.needs_card(client):
        raise methods.METHOD_REQUIRED.error()
    # Read before the lock for whatever the basket holds.
    days = limits.requestable(now or clock.now(), settings.read())
    known, book = limits.calendar(*days), price_books.load_book([client], *days)
    kind = MailKind.REQUEST_AUTO_SUBMITTED if auto else MailKind.REQUEST_RECEIVED
    readers = outbox.readers_of(kind, [client])[client.id]
    ready = _ready(client, known, book, now)
    lock_client(client.id)
    if ready is None or not basket_rows.is_as_read(ready.basket):
        ready = _ready(client, known, book, now)
    if ready is None or not ready.basket.lines or shown not in {None, ready.basket.public_id}:
        raise WrongState(
            "nothing_to_send", N_("There is nothing to send: your request was sent already, or it is empty.")
        )
    if not ready.going:
        raise next(iter(ready.found.values())).error()
    return _send(ready, kind, readers, actor=actor, auto=auto)


def _ready(client: Client, known: Calendar, book: price_books.Book, now: dt.datetime | None) -> _Ready | None:
    basket = basket_rows.read(client)
    if basket is None:
        return None
    found = baskets.problems(basket.lines, known=known, now=now) if basket.lines else {}
    going, at = [line for line in basket.lines if line.id not in found], clock.now()
    by_price: dict[Decimal, list[int]] = defaultdict(list)
    for line in going:
        price = pricing.quote_line(line, booked_at=at, book=book).price
        by_price[price].append(line.id)
        lend([line], "price", price)
    return _Ready(basket, found, going, by_price, tuple(line_facts(x) for x in going), at)


def _send(ready: _Ready, kind: MailKind, readers: outbox.Readers, *, actor: Actor, auto: bool) -> Sent:
    basket, at = ready.basket, ready.at
    target = basket.adds_to
    rows: list[New | Changed] = []
    if target is not None and target.client_id == basket.client_id and baskets.n_waiting(target.id) > 0:
        request, added, number = target, True, target.number or 0
    elif ready.is_whole:
        request, added, number = basket, False, 0
    else:
        request, added, number = _new_request(basket, at), False, 0
    _mark_submitted(ready, request.id, auto=auto)
    if not added:
        # Whoever sends meanwhile waits for the number from here to the commit.
        number = counters.next_value("job_request")
        rows.append(Changed(JobRequest, request.id, {"number": number, "submitted_at": at, "adds_to_id": None}))
    rows += _news(ready, request, number, kind, readers, added=added, actor=actor)
    write_together(rows)
    _look_again([basket.id, request.id], [line.id for line in basket.lines])
    if request is not basket:
        _leave_behind(ready, added=added)
    kept = {line.public_id: ready.found[line.id] for line in basket.lines if line.id in ready.found}
    return Sent(request.id, request.public_id, number, tuple(line.id for line in ready.going), kept)


def _new_request(basket: JobRequest, at: dt.datetime) -> JobRequest:
    """What the lines that go become where others stay behind; its number follows."""
    made = JobRequest(client_id=basket.client_id, submitted_at=at, changed_at=basket.changed_at)
    db.session.add(made)
    db.session.flush()
    return made


def _leave_behind(ready: _Ready, *, added: bool) -> None:
    """The basket of a request that is another one: gone when it is empty; what is left will be a new request."""
    basket = db.session.get_one(JobRequest, ready.basket.id)
    if not ready.is_whole:
        basket.adds_to = basket.adds_to if added else None
    else:
        db.session.delete(basket)
    db.session.flush()


def _mark_submitted(ready: _Ready, request_id: int, *, auto: bool) -> None:
    """Move all lines with one statement for each price that they have."""
    connection, n_moved = db.session.connection(), 0
    for price, ids in ready.by_price.items():
        values = {"ids": ids, "in_request": request_id, "at": ready.at, "is_auto": auto, "new_price": price}
        n_moved += connection.execute(_SUBMIT, values).rowcount
    if n_moved != len(ready.going):
        raise WrongState("line_moved", N_("This visit is no longer waiting. Nothing was changed."))


_line = Base.metadata.tables["job_request_line"]
#: written so that no index serves it: with that of the states, SQLite goes through all drafts of all clients
_is_draft = sa.type_coerce(_line.c.state, sa.String) + sa.literal_column("''") == sa.literal_column(
    f"'{LineState.DRAFT}'"
)
_SUBMIT = (
    sa.update(_line)
    .where(among(_line.c.id, "ids"), _is_draft)
    .values(
        request_id=sa.bindparam("in_request"),
        state=LineState.SUBMITTED,
        decided_at=None,
        blocked_code=None,
        version=_line.c.version + 1,
        submitted_at=sa.bindparam("at"),
        auto_submitted=sa.bindparam("is_auto"),
        price=sa.bindparam("new_price"),
    )
)


def _news(
    ready: _Ready, request: JobRequest, number: int, kind: MailKind, readers: outbox.Readers, *, added: bool, actor: Actor
) -> list[New]:  # fmt: skip
    """The line on HOME, the line in the log, and the mail if anybody reads it."""
    auto, client, visits = kind is MailKind.REQUEST_AUTO_SUBMITTED, ready.basket.client, ready.visits
    notice = NotificationKind.REQUEST_AUTO_SUBMITTED if auto else NotificationKind.REQUEST_RECEIVED
    verb = "job_request.auto_submitted" if auto else ("job_request.added" if added else "job_request.submitted")
    facts = RequestReceived(str(client), client.account_number, number, visits, added, len(ready.found))
    return [
        notifications.row(
            notice, client=client, request_id=request.id, number=number, n_lines=len(visits), added=added
        ),
        activity.row(
            verb, actor=actor, subject=request, client=client, number=number, n_lines=len(visits),
            lines=[short(x) for x in visits[:20]],
        ),
        *outbox.client_mail_rows(
            kind, facts, client=client, readers=readers,
            dedupe_key=f"request_received:{request.id}:{min(x.id for x in ready.going)}",
        ),
    ]  # fmt: skip


def _look_again(request_ids: Sequence[int], line_ids: Sequence[int]) -> None:
    """Entities of what was written as rows are read anew when somebody looks at them."""
    known = db.session().identity_map
    for model, ids in ((JobRequest, request_ids), (JobRequestLine, line_ids)):
        for one in filter(None, (known.get(identity_key(model, key)) for key in ids)):
            db.session.expire(one)


# --------------------------------------------------------------------------------------------- the forgotten basket


def auto_submit_due(*, now: dt.datetime | None = None) -> list[int]:
    """Which clients' baskets are due: unchanged for the set number of hours. Client ids; empty when it is off."""
    hours, at = settings.read()["portal.auto_submit_hours"], now or clock.now()
    if not hours:
        return []
    return list(
        db.session.scalars(
            sa.select(JobRequest.client_id)
            .where(JobRequest.submitted_at.is_(None), JobRequest.changed_at <= at - dt.timedelta(hours=hours))
            .order_by(JobRequest.changed_at)
        )
    )


def auto_submit(client: Client, *, now: dt.datetime | None = None) -> Sent | None:
    """Send one client's forgotten basket, marked "Auto-submitted". None when there is nothing to do any more.

    Looks again under the lock, so that the client's own Send in that second, or another worker, leaves nothing to do.
    Lines that have become impossible are kept, flagged, and told to the office once.
    """
    at = now or clock.now()
    lock_client(client.id)
    db.session.refresh(client)
    basket = baskets.basket_of(client.id)
    hours = settings.read()["portal.auto_submit_hours"]
    if basket is None or not hours or basket.changed_at > at - dt.timedelta(hours=hours):
        return None
    found = baskets.problems(basket.lines, now=at)
    needs_card = methods.needs_card(client)
    if baskets.may_request(client) and not needs_card and len(found) < len(basket.lines):
        sent = submit(client, actor=WORKER, now=at, auto=True)
        rest = baskets.basket_of(client.id)
        if rest is not None:
            baskets.flag_blocked(rest, found, actor=WORKER)
        return sent
    if not baskets.may_request(client):
        off = Refusal("requests_off", N_("Requests are switched off at the moment."), {})
        found = {line.id: off for line in basket.lines}
    elif needs_card:
        found = {line.id: methods.METHOD_REQUIRED for line in basket.lines}
    baskets.flag_blocked(basket, found, actor=WORKER)
    return None
