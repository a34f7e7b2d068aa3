"""The billing run: invoices for many clients at once, the charges that follow, statements; and the failed ones again.

A run is an order in `bulk_run`, done by the worker in pieces (see `workflows.bulk`): a piece is some clients in one
transaction. Charging is an order of its own, because money is never taken inside a transaction: the worker takes one
invoice after the other (`charge_next`), and the attempt's key is made of run and invoice, so a run that was killed never
charges twice.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation import clock
from foundation.db import db
from gateways.payments import PaymentGateway
from models import (
    BULK_MOVES,
    AttemptState,
    BulkKind,
    BulkRun,
    BulkState,
    Client,
    Invoice,
    InvoiceState,
    Job,
    PaymentTerms,
    ServiceItem,
    StoredMethod,
)
from workflows import activity, bulk
from workflows.actors import WORKER, Actor, staff_actor
from workflows.billing import drafting, history, paying, raising, statements, sums
from workflows.bulk_kinds import Failure, Piece
from workflows.errors import N_, Invalid, WorkflowError
from workflows.permissions import Permission

#: clients in one transaction
AT_ONCE = 20
#: clients in one run
MOST = 5000


@dataclass(frozen=True)
class Options:
    """What a run does with each client."""

    #: visits up to and including this day; None: all that are scheduled
    up_to: dt.date | None = None
    #: only visits from this day on, and only of this group's services
    first: dt.date | None = None
    service_group_id: int | None = None
    #: only drafts, to look through and issue one by one
    only_drafts: bool = False
    mail: bool = True
    #: charge the default card or account of clients who allowed automatic payment
    take_payment: bool = False


@dataclass(frozen=True)
class Wanted:
    """Which clients and visits the list shows."""

    up_to: dt.date | None = None
    first: dt.date | None = None
    payment_terms_id: int | None = None
    client_type_id: int | None = None
    service_group_id: int | None = None
    #: only clients who allowed automatic payment, or only the others
    automatic: bool | None = None


@dataclass(frozen=True)
class Candidate:
    """One client with visits to invoice, and what a person should know before the run."""

    client: Client
    n_visits: int
    amount: Decimal
    first_on: dt.date
    last_on: dt.date
    terms: PaymentTerms | None
    #: what would be charged automatically
    method: StoredMethod | None = None
    #: stable codes: no_address, visits_ahead, zero
    warnings: tuple[str, ...] = field(default=())


def candidates(wanted: Wanted) -> list[Candidate]:
    """Who has visits to invoice, by name, with the checks made before a run; a fixed number of queries."""
    waiting = {w.client_id: w for w in drafting.uninvoiced(*_conditions(wanted), up_to=wanted.up_to)}
    if not waiting:
        return []
    query = (
        sa.select(Client)
        .options(joinedload(Client.payment_terms))
        .order_by(Client.last_name, Client.first_name, Client.id)
    )
    if wanted.payment_terms_id is not None:
        query = query.where(Client.payment_terms_id == wanted.payment_terms_id)
    if wanted.client_type_id is not None:
        query = query.where(Client.client_type_id == wanted.client_type_id)
    clients = [c for c in db.session.scalars(query) if c.id in waiting]
    automatic = automatic_methods(c.id for c in clients)
    found = []
    for client in clients:
        method, waits = automatic.get(client.id), waiting[client.id]
        if wanted.automatic is None or wanted.automatic == (method is not None):
            warnings = _warnings(client, waits.amount, waits.last_on)
            found.append(
                Candidate(
                    client,
                    waits.n_visits,
                    waits.amount,
                    waits.first_on,
                    waits.last_on,
                    client.payment_terms,
                    method,
                    warnings,
                )
            )
    return found


def _warnings(client: Client, amount: Decimal, last_on: dt.date) -> tuple[str, ...]:
    checks = {
        "no_address": not client.email,
        "zero": not amount,
        "visits_ahead": last_on > clock.today(),
    }
    return tuple(code for code, holds in checks.items() if holds)


def automatic_methods(client_ids: Iterable[int]) -> dict[int, StoredMethod]:
    """{client: the default card or account that may be charged without asking}, with one query."""
    ids = list(client_ids)
    rows = db.session.scalars(
        sa.select(StoredMethod)
        .join(Client, StoredMethod.client_id == Client.id)
        .where(
            StoredMethod.is_default, StoredMethod.allows_automatic, StoredMethod.removed_at.is_(None),
            StoredMethod.blocked_at.is_(None), StoredMethod.is_verified, Client.pays_online,
        )
    )  # fmt: skip
    wanted = set(ids)
    return {m.client_id: m for m in rows if m.client_id in wanted}


# ---------------------------------------------------------------------------------------------------------- ordering


def order(client_ids: Iterable[int], options: Options, *, actor: Actor) -> BulkRun:
    """Store a run for these clients; the worker is woken after the commit. Logged.

    Refused: without the permission (NotAllowed), nobody or more than 5,000 clients (Invalid).
    """
    actor.require(Permission.BILLING)
    ids = sorted(set(client_ids))
    if not ids:
        raise Invalid("nobody", N_("Tick at least one client."))
    if len(ids) > MOST:
        raise Invalid("too_many", N_("At most %(most)s clients at once."), most=MOST)
    stored = activity.plain({name: getattr(options, name) for name in Options.__dataclass_fields__})
    return _store(BulkKind.INVOICE, ids, stored, actor=actor)


def order_charges(invoice_ids: Iterable[int], *, actor: Actor, run: BulkRun | None = None) -> BulkRun:
    """Store an order to charge these invoices to their clients' automatic methods. Logged; refused like `order`."""
    actor.require(Permission.BILLING)
    ids = sorted(set(invoice_ids))
    if not ids:
        raise Invalid("no_invoices", N_("Tick at least one invoice."))
    return _store(BulkKind.CHARGE, ids, {"of_run": run.id if run else None}, actor=actor)


def order_statements(client_ids: Iterable[int], first: dt.date, last: dt.date, *, actor: Actor) -> BulkRun:
    """Store an order to mail these clients a statement of these days. Logged; refused like `order`, and days the wrong
    way round (Invalid)."""
    actor.require(Permission.BILLING)
    ids = sorted(set(client_ids))
    if not ids:
        raise Invalid("nobody", N_("Tick at least one client."))
    if first > last:
        raise Invalid("days_order", N_("The last day is before the first."))
    return _store(BulkKind.STATEMENT, ids, {"first": first.isoformat(), "last": last.isoformat()}, actor=actor)


def retry(run: BulkRun, *, actor: Actor) -> BulkRun:
    """A new order for what could not be done, with the same options. Refused when nothing failed (Invalid)."""
    ids = [failure["job_id"] for failure in run.failures]
    if run.kind is BulkKind.CHARGE:
        return order_charges(ids, actor=actor)
    if run.kind is BulkKind.STATEMENT:
        first, last = (dt.date.fromisoformat(run.wish[name]) for name in ("first", "last"))
        return order_statements(ids, first, last, actor=actor)
    return order(ids, options_of(run), actor=actor)


def options_of(run: BulkRun) -> Options:
    """The options that a run was ordered with."""
    stored = {name: run.wish[name] for name in Options.__dataclass_fields__ if name in run.wish}
    days = {name: dt.date.fromisoformat(stored[name]) for name in ("up_to", "first") if stored.get(name)}
    return Options(**{**stored, **days})


def _store(kind: BulkKind, ids: Sequence[int], wish: dict[str, object], *, actor: Actor) -> BulkRun:
    run = BulkRun(
        kind=kind, staff_id=actor.staff.id if actor.staff else None, n_total=len(ids), failures=[],
        wish={"ids": list(ids), **wish},
    )  # fmt: skip
    db.session.add(run)
    db.session.flush()
    activity.record("billing_run.ordered", actor=actor, subject=run, n=len(ids), kind=kind.value)
    bulk.wake()
    return run


# ---------------------------------------------------------------------------------------------------------- invoices


def work_piece(run: BulkRun, left: Sequence[int], *, actor: Actor) -> Piece:
    """Raise the invoices of the next clients, in ascending order of their numbers as everybody takes their locks."""
    options, ids = options_of(run), list(left[:AT_ONCE])
    turn = raising.take_turn(ids, *_conditions(options), up_to=options.up_to, actor=actor)
    piece, raised, alone = Piece(len(ids)), list[Invoice](), list[Client]()
    for client_id in ids:
        client = turn.clients.get(client_id)
        if client is None:
            piece.failures.append(Failure(client_id, N_("This client is gone.")))
        elif client_id in turn.holders and not options.only_drafts:
            alone.append(client)
        else:
            with _listing(piece, client):
                raised.append(raising.draft(turn, client, run=run, actor=actor))
    if options.only_drafts:
        raising.keep_all(raised, actor=actor)
    else:
        raising.issue_all(turn, raised, mail=options.mail, actor=actor)
    for client in alone:  # paying with their credit may be refused, and then nothing of theirs stays
        with _listing(piece, client), db.session.begin_nested():
            draft = raising.draft(turn, client, run=run, actor=actor)
            raising.issue(turn, draft, mail=options.mail, actor=actor)
            raised.append(draft)
    if options.take_payment and not options.only_drafts:
        _charge_afterwards(run, raised, actor)
    return piece


@contextmanager
def _listing(piece: Piece, client: Client) -> Iterator[None]:
    """What is refused is listed, and the others go on."""
    try:
        yield
    except WorkflowError as refusal:
        piece.failures.append(Failure(client.id, refusal.message, {**refusal.values, "label": str(client)}))


def _conditions(of: Options | Wanted) -> list[sa.ColumnElement[bool]]:
    """Which visits: from a day on, of a group's services."""
    found: list[sa.ColumnElement[bool]] = []
    if of.first is not None:
        found.append(Job.on_date >= of.first)
    if of.service_group_id is not None:
        items = sa.select(ServiceItem.id).where(ServiceItem.group_id == of.service_group_id)
        found.append(Job.service_item_id.in_(items))
    return found


def _charge_afterwards(run: BulkRun, raised: Iterable[Invoice], actor: Actor) -> None:
    """An order for the charges of this piece: they begin as soon as it is committed."""
    owed = [i for i in raised if i.state is InvoiceState.OPEN]
    allowed = automatic_methods(i.client_id for i in owed)
    ids = [i.id for i in owed if i.client_id in allowed]
    if ids:
        order_charges(ids, actor=actor, run=run)


def send_piece(run: BulkRun, left: Sequence[int], *, actor: Actor) -> Piece:
    """Mail the next clients their statements; who has nothing on the account is left out and listed."""
    first, last = (dt.date.fromisoformat(run.wish[name]) for name in ("first", "last"))
    ids = list(left[:AT_ONCE])
    found = db.session.scalars(sa.select(Client).where(Client.id.in_(ids)).options(selectinload(Client.contacts)))
    clients, piece = {c.id: c for c in found}, Piece(len(ids))
    for client_id in ids:
        client = clients.get(client_id)
        try:
            if client is None or not history.count(client_id):
                raise Invalid("no_history", N_("Nothing has happened on this account."))
            with db.session.begin_nested():
                statements.send(client, first, last, actor=actor)
        except WorkflowError as refusal:
            label = {"label": str(client)} if client is not None else {}
            piece.failures.append(Failure(client_id, refusal.message, {**refusal.values, **label}))
    return piece


bulk.KINDS[BulkKind.INVOICE] = work_piece
bulk.KINDS[BulkKind.STATEMENT] = send_piece
for _kind in (BulkKind.INVOICE, BulkKind.CHARGE, BulkKind.STATEMENT):
    bulk.NEEDED[_kind] = Permission.BILLING
    bulk.RETRIES[_kind] = retry


# ----------------------------------------------------------------------------------------------------------- charges


def charges_due() -> list[int]:
    """Orders to charge that are not finished, the oldest first."""
    return list(
        db.session.scalars(
            sa.select(BulkRun.id)
            .where(BulkRun.kind == BulkKind.CHARGE, BulkRun.state.in_([BulkState.WAITING, BulkState.RUNNING]))
            .order_by(BulkRun.id)
        )
    )


def charge_next(run_id: int, *, gateway: PaymentGateway) -> bool:
    """Charge the next invoice of an order. Commits, as all that takes money; False when nothing is left to do.

    Two workers may come to the same invoice: the key of the attempt is made of order and invoice, so it is charged
    once, and whoever notes it second finds it noted; False also when another worker is at it this moment. A refused, declined or unclear charge is listed with its reason.
    """
    run = db.session.get(BulkRun, run_id)
    if run is None or run.state not in {BulkState.WAITING, BulkState.RUNNING}:
        return False
    actor = staff_actor(run.staff) if run.staff is not None else WORKER
    position = run.n_done + len(run.failures)
    left: list[int] = run.wish["ids"][position:]
    try:
        failure = _charge(run, left[0], actor=actor, gateway=gateway) if left else None
    except _UnderWay:
        db.session.rollback()
        return False
    return _note(run_id, position, failure, had_one=bool(left), actor=actor)


def _charge(run: BulkRun, invoice_id: int, *, actor: Actor, gateway: PaymentGateway) -> Failure | None:
    invoice = db.session.get(Invoice, invoice_id, populate_existing=True)
    label = {"label": str(invoice) if invoice else ""}
    if invoice is None:
        return Failure(invoice_id, N_("This invoice is gone."), label)
    label["label"] = f"{invoice.client}, {invoice}"
    owed = sums.outstanding(invoice)
    if owed <= 0:
        return None
    method = automatic_methods([invoice.client_id]).get(invoice.client_id)
    if method is None:
        return Failure(invoice_id, N_("No card or bank account may be charged automatically."), label)
    try:
        attempt = paying.pay(
            invoice.client, submit_key=f"run:{run.id}:{invoice_id}", targets=[(invoice, owed)], method=method,
            actor=actor, gateway=gateway, automatic=True,
        )  # fmt: skip
    except WorkflowError as refusal:
        db.session.rollback()
        return Failure(invoice_id, refusal.message, {**refusal.values, **label})
    if attempt.state is AttemptState.SUCCEEDED:
        return None
    if attempt.state is AttemptState.SENDING:
        raise _UnderWay
    is_unclear = attempt.state is AttemptState.UNKNOWN
    why = N_("Being confirmed: do not charge it again.") if is_unclear else attempt.message
    return Failure(invoice_id, why or N_("The payment did not go through."), label)


class _UnderWay(Exception):
    """The answer is not there yet; a later round notes it."""


def _note(run_id: int, position: int, failure: Failure | None, *, had_one: bool, actor: Actor) -> bool:
    """Write down how far the order is, once for each invoice; the end is logged."""
    run = db.session.scalar(
        sa.select(BulkRun).where(BulkRun.id == run_id).with_for_update().execution_options(populate_existing=True)
    )
    if run is None or run.state not in {BulkState.WAITING, BulkState.RUNNING}:
        db.session.rollback()
        return False
    if run.state is BulkState.WAITING and BulkState.RUNNING in BULK_MOVES[run.state]:
        run.state, run.started_at = BulkState.RUNNING, clock.now()
    if had_one and run.n_done + len(run.failures) == position:
        bulk.note(run, 1, [failure] if failure else [])
    if run.n_done + len(run.failures) >= run.n_total:
        bulk.finish(run, BulkState.DONE, actor=actor)
    db.session.commit()
    return run.state is BulkState.RUNNING
