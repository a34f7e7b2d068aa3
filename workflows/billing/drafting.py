"""Drafts of invoices, which are the quotes: visits and free lines put together, changed and dropped before issue."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import flag_modified

from foundation import clock, money
from foundation.db import db
from foundation.text import tidy
from models import (
    BulkRun,
    Client,
    ClientPackage,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceState,
    Job,
    LineKind,
    PaymentTerms,
    TaxRate,
)
from workflows import activity, demo_marks, settings
from workflows.actors import Actor
from workflows.billing import line_amounts, packages, taxes, visit_lines
from workflows.billing.free_lines import FreeLine, check_line, words
from workflows.billing.visit_lines import VISIT_KINDS, Waiting
from workflows.errors import N_, Conflict, Invalid, WrongState
from workflows.locks import lock_client
from workflows.permissions import Permission

ZERO = Decimal(0)
MOST_LINES, MOST_NOTE = 1000, 2000


def draft_for(
    client: Client,
    *,
    jobs: Sequence[Job] | None = None,
    up_to: dt.date | None = None,
    actor: Actor,
    kind: InvoiceKind = InvoiceKind.STANDARD,
    run: BulkRun | None = None,
    replaces: Invoice | None = None,
) -> Invoice:
    """A new draft with visits of one client that wait to be invoiced, done or still to come.

    `jobs`: these, none for a draft of free lines alone; else all up to and including the day `up_to`, or all that are
    scheduled. In this order: the draft; a line for each visit in the order of days, which copies what it costs and why
    (a package of the client pays where it can); the sums; the log. Refused: a visit that is on another invoice or is
    not to be invoiced (WrongState 'visit_not_waiting'), no visit at all (Invalid 'nothing_to_invoice'), a client of the
    demo data (WrongState 'made_up').
    """
    actor.require(Permission.BILLING)
    demo_marks.refuse_books(client)
    lock_client(client.id)
    found = _waiting(client, jobs, up_to)
    draft = put_together(client, found, basis([client.id]), actor=actor, kind=kind, run=run, replaces=replaces)
    db.session.add(draft)
    db.session.flush()
    note_drafted(draft, n_jobs=len(found), actor=actor)
    db.session.flush()
    return draft


@dataclass(frozen=True)
class Basis:
    """What drafts need besides their visits, read under the clients' locks: {client: open packages}, the default tax."""

    packages: Mapping[int, Sequence[ClientPackage]]
    default_rate: TaxRate | None


def basis(client_ids: Iterable[int]) -> Basis:
    """The basis of drafts for these clients."""
    return Basis(packages.open_packages_of(client_ids), taxes.default_rate())


def put_together(
    client: Client,
    jobs: Sequence[Job],
    basis: Basis,
    *,
    actor: Actor,
    kind: InvoiceKind = InvoiceKind.STANDARD,
    run: BulkRun | None = None,
    replaces: Invoice | None = None,
    free: Sequence["FreeLine"] = (),
) -> Invoice:
    """A draft with these visits and then these free lines, which the caller stores: it is not in the session yet, so that
    one statement writes it.

    The caller holds the client's lock and read visits and basis under it. Free lines are refused as by `add_line`.
    """
    draft = Invoice(
        client=client, kind=kind, state=InvoiceState.DRAFT, currency=money.currency(), run=run, replaces=replaces,
        staff_id=actor.staff.id if actor.staff else None, lines=[],
        payment_terms=replaces.payment_terms if replaces else None, note=replaces.note if replaces else "",
    )  # fmt: skip
    _put_on(draft, jobs, basis)
    for wanted in free:
        line = InvoiceLine(position=_next_position(draft))
        _fill(line, wanted, draft)
        draft.lines.append(line)
    _work_out(draft)
    return draft


def note_drafted(draft: Invoice, *, n_jobs: int, actor: Actor) -> None:
    """The log's word of a draft that was stored."""
    activity.record_many([drafted_line(draft, n_jobs)], actor=actor)


def drafted_line(draft: Invoice, n_jobs: int) -> activity.Line:
    """The same, to be written with others."""
    return activity.Line("invoice.drafted", draft, draft.client, {"n_jobs": n_jobs})


def add_visits(draft: Invoice, jobs: Sequence[Job], *, actor: Actor, seen_version: int | None = None) -> Invoice:
    """Put further visits onto a draft; refused like `draft_for`."""
    fresh = _take(draft, actor=actor, seen_version=seen_version)
    _put_on(fresh, _waiting(fresh.client, jobs, None), basis([fresh.client_id]))
    refresh(fresh)
    return fresh


def uninvoiced(*where: sa.ColumnElement[bool], up_to: dt.date | None = None) -> list[Waiting]:
    """What waits to be invoiced, a row a client, as conditions on visits say: for lists and the billing run."""
    return visit_lines.waiting_by_client(*where, up_to=up_to)


def _waiting(client: Client, jobs: Sequence[Job] | None, up_to: dt.date | None) -> list[Job]:
    ids = None if jobs is None else {job.id for job in jobs}
    found = visit_lines.waiting(client.id, up_to=up_to, job_ids=ids)
    if ids is not None and len(found) != len(ids):
        raise WrongState("visit_not_waiting", N_("A visit is on another invoice already, or is not to be invoiced. Nothing was changed."))  # fmt: skip
    if ids is None and not found:
        raise Invalid("nothing_to_invoice", N_("No visit of this client waits to be invoiced."))
    return found


def _put_on(draft: Invoice, jobs: Iterable[Job], basis: Basis) -> None:
    own, default, wanted = basis.packages.get(draft.client.id, ()), basis.default_rate, list(jobs)
    _check_room(len(draft.lines) + len(wanted))  # before a package pays for any
    for position, job in enumerate(wanted, start=_next_position(draft)):
        line = InvoiceLine(position=position)
        visit_lines.fill(line, job, use=packages.draw(job, own), rate=visit_lines.rate_of(job, draft, default))
        draft.lines.append(line)


# ------------------------------------------------------------------------------------------------------- free lines


def add_line(draft: Invoice, wanted: FreeLine, *, actor: Actor, seen_version: int | None = None) -> InvoiceLine:
    """Add something that is no visit: an item, a fee, a discount, a package of visits, a deposit.

    Refused with Invalid: no description, a quantity or price that is no amount, a discount of nothing, a kind that
    does not belong on this invoice; WrongState once it is issued; Conflict when it changed since `seen_version`.
    """
    fresh = _take(draft, actor=actor, seen_version=seen_version)
    line = InvoiceLine(position=_next_position(fresh))
    _fill(line, wanted, fresh)
    fresh.lines.append(line)
    _check_room(len(fresh.lines))
    refresh(fresh)
    return line


def change_line(line: InvoiceLine, wanted: FreeLine, *, actor: Actor, seen_version: int | None = None) -> InvoiceLine:
    """Change a line of a draft. Of a visit's line only words can be changed: its price is the visit's own.

    Refused like `add_line`; another price for a visit's line with Invalid 'visit_price'.
    """
    fresh, own = _take_with(line, actor=actor, seen_version=seen_version)
    if own.kind not in VISIT_KINDS:
        _fill(own, wanted, fresh)
    elif wanted.unit_price != own.unit_price or wanted.quantity != own.quantity:
        raise Invalid("visit_price", N_("This is the visit's own price. Change the visit, or add a discount."), field="unit_price")  # fmt: skip
    else:
        own.description, own.detail = words(wanted.description), line_amounts.line(wanted.detail)
    refresh(fresh)
    return own


def remove_line(line: InvoiceLine, *, actor: Actor, seen_version: int | None = None) -> Invoice:
    """Take a line off a draft; its visit waits to be invoiced again, and a package gets its place back."""
    fresh, own = _take_with(line, actor=actor, seen_version=seen_version)
    _take_off(fresh, [own])
    refresh(fresh)
    return fresh


def order(draft: Invoice, line_ids: Sequence[int], *, actor: Actor, seen_version: int | None = None) -> Invoice:
    """Put the lines into this order; lines that are not named come last, as they were."""
    fresh = _take(draft, actor=actor, seen_version=seen_version)
    places = {line_id: place for place, line_id in enumerate(line_ids)}
    ordered = sorted(fresh.lines, key=lambda line: (places.get(line.id, len(places)), line.position, line.id))
    for position, line in enumerate(ordered, start=1):
        line.position = position
    refresh(fresh)
    return fresh


def set_terms(
    draft: Invoice,
    *,
    terms: PaymentTerms | None,
    due_on: dt.date | None,
    note: str,
    actor: Actor,
    seen_version: int | None = None,
) -> Invoice:
    """The draft's own payment terms (None: the client's), its due date by hand (None: as the terms say), its note.

    Refused: a due date before today, terms that are not in use, a note that is too long (Invalid); as `add_line`.
    """
    fresh = _take(draft, actor=actor, seen_version=seen_version)
    text = tidy(note)
    if due_on is not None and due_on < clock.today():
        raise Invalid("due_past", N_("The due date cannot lie before today."), field="due_on")
    if terms is not None and not terms.is_active and terms.id != fresh.payment_terms_id:
        raise Invalid("terms_inactive", N_("Choose payment terms that are in use."), field="payment_terms")
    if len(text) > MOST_NOTE:
        raise Invalid("note_long", N_("Use at most %(most)s characters."), field="note", most=MOST_NOTE)
    fresh.payment_terms, fresh.due_on, fresh.note = terms, due_on, text
    refresh(fresh)
    return fresh


def drop(draft: Invoice, *, actor: Actor, seen_version: int | None = None) -> None:
    """Delete a draft for good: it has no number. Its visits wait to be invoiced again; packages get their places back."""
    fresh = _take(draft, actor=actor, seen_version=seen_version)
    n_visits = sum(line.kind in VISIT_KINDS for line in fresh.lines)
    activity.record("invoice.dropped", actor=actor, subject=fresh, client=fresh.client, n_jobs=n_visits, total=fresh.total)  # fmt: skip
    _take_off(fresh, list(fresh.lines))
    db.session.flush()
    db.session.delete(fresh)
    db.session.flush()


# ------------------------------------------------------------------------------------------------- for neighbours too


def refresh(draft: Invoice) -> None:
    """Bring a draft's shares, days and sums up to date, and its version on; what it says is what an issue would fix."""
    _work_out(draft)
    flag_modified(draft, "currency")
    db.session.flush()


def _work_out(draft: Invoice) -> None:
    lines = sorted(draft.lines, key=lambda line: (line.position, line.id or 0))
    others = sum((line.amount for line in lines if line.kind is not LineKind.DISCOUNT), ZERO)
    for line in lines:
        if line.percent is not None:
            line.unit_price = line.amount = -money.round_half_up(others * line.percent / 100)
    draft.tax_inclusive = bool(settings.read()["tax.inclusive"])
    sums = taxes.add_up(taxes.charges_of(lines, is_draft=True), inclusive=draft.tax_inclusive)
    # Below zero it cannot be issued; what it lacks is said then, and the lines show why.
    draft.subtotal, draft.tax_total, draft.total = (max(x, ZERO) for x in (sums.subtotal, sums.tax_total, sums.total))
    days = [line.on_date for line in lines if line.kind in VISIT_KINDS and line.on_date is not None]
    draft.first_on, draft.last_on = min(days, default=None), max(days, default=None)


def sync(draft: Invoice, jobs: Iterable[Job]) -> None:
    """These visits changed: their lines on the draft follow, or go when nothing is left to charge."""
    by_job, default = {line.job_id: line for line in draft.lines if line.job_id}, taxes.default_rate()
    found = [job for job in jobs if job.id in by_job]
    uses = visit_lines.package_uses(job.id for job in found)
    for job in found:
        line = by_job[job.id]
        if visit_lines.is_charged(job):
            visit_lines.fill(line, job, use=uses.get(job.id), rate=visit_lines.rate_of(job, draft, default))
        else:
            _take_off(draft, [line])
    refresh(draft)


def take_off(draft: Invoice, jobs: Iterable[Job]) -> None:
    """These visits leave the draft, for example because they are about to be deleted."""
    ids = {job.id for job in jobs}
    _take_off(draft, [line for line in draft.lines if line.job_id in ids])
    refresh(draft)


def fresh_invoice(invoice_id: int) -> Invoice | None:
    """The invoice as it is in the database now, with its lines."""
    return db.session.scalar(
        sa.select(Invoice)
        .where(Invoice.id == invoice_id)
        .options(selectinload(Invoice.lines), selectinload(Invoice.taxes))
        .execution_options(populate_existing=True)
    )


def check_seen(invoice: Invoice, seen_version: int | None) -> None:
    """Refuse with Conflict what was decided while looking at an older version."""
    if seen_version is not None and invoice.version != seen_version:
        raise Conflict("stale", N_("Someone changed this invoice meanwhile. Look at it again, then make your change."))


# ------------------------------------------------------------------------------------------------------------ inside


def _take(draft: Invoice, *, actor: Actor, seen_version: int | None) -> Invoice:
    """The draft as it is now, under the client's lock."""
    actor.require(Permission.BILLING)
    lock_client(draft.client_id)
    fresh = fresh_invoice(draft.id)
    if fresh is None:
        raise WrongState("invoice_gone", N_("This draft no longer exists."))
    if fresh.state is not InvoiceState.DRAFT:
        raise WrongState("invoice_issued", N_("Invoice %(number)s is issued and cannot be changed any more."), number=fresh.number)  # fmt: skip
    check_seen(fresh, seen_version)
    return fresh


def _take_with(line: InvoiceLine, *, actor: Actor, seen_version: int | None) -> tuple[Invoice, InvoiceLine]:
    """The same for a line of it."""
    draft: Invoice | None = line.invoice
    fresh = _take(draft, actor=actor, seen_version=seen_version) if draft is not None else None
    own = next((x for x in fresh.lines if x.id == line.id), None) if fresh is not None else None
    if fresh is None or own is None:
        raise WrongState("line_gone", N_("This line no longer exists."))
    return fresh, own


def _take_off(draft: Invoice, lines: Sequence[InvoiceLine]) -> None:
    for use in visit_lines.package_uses(line.job_id for line in lines if line.job_id).values():
        packages.give_back(use)
    for line in lines:
        draft.lines.remove(line)


def _next_position(draft: Invoice) -> int:
    return max((line.position for line in draft.lines), default=0) + 1


def _check_room(n_lines: int) -> None:
    if n_lines > MOST_LINES:
        raise Invalid("many_lines", N_("An invoice can have at most %(most)s lines."), most=MOST_LINES)


def _fill(line: InvoiceLine, wanted: FreeLine, draft: Invoice) -> None:
    for field, value in check_line(wanted, draft).items():
        setattr(line, field, value)
    item = line.service_item
    untaxed = wanted.no_tax or wanted.kind in {LineKind.DISCOUNT, LineKind.DEPOSIT} or draft.client.is_tax_exempt
    line.tax_rate = None
    if not untaxed:
        line.tax_rate = wanted.tax_rate or taxes.rate_for(draft.client, item, default=taxes.default_rate())
