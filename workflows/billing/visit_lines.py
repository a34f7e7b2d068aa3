"""What an invoice says of a visit: which visits wait to be invoiced, and how one becomes a line."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from babel.dates import format_interval, format_time
from sqlalchemy.orm import joinedload, selectinload

from foundation.db import db
from models import Invoice, InvoiceLine, Job, JobState, LineKind, PackageUse, ServiceItem, TaxRate
from workflows import demo_marks, pricing, settings
from workflows.billing import packages, taxes
from workflows.errors import N_

ZERO = Decimal(0)
#: a visit's line has one of these kinds: the visit itself, or what calling it off costs
VISIT_KINDS = frozenset({LineKind.VISIT, LineKind.FEE})
#: between the parts of a line's detail
DOT = " · "


def cost(job: Job, *, by_package: bool) -> Decimal:
    """What the client pays for a visit now: nothing when it is void or a package pays it, the fee when it is cancelled."""
    return ZERO if job.state is JobState.VOIDED or by_package else job.price


def is_charged(job: Job) -> bool:
    """Does it belong on an invoice? Not when it is void, cancelled without a fee, internal without a price, or when the
    program that was used before has billed it."""
    if job.state is JobState.VOIDED or job.billed_elsewhere:
        return False
    return bool(job.price) or (job.state is not JobState.CANCELLED and not job.service_item.is_internal)


def to_invoice() -> sa.ColumnElement[bool]:
    """The condition for visits that belong on an invoice and are on none; `is_charged` says the same of one visit."""
    billed = sa.exists().where(InvoiceLine.job_id == Job.id, InvoiceLine.is_live)
    internal = sa.exists().where(ServiceItem.id == Job.service_item_id, ServiceItem.is_internal)
    return sa.and_(
        Job.state != JobState.VOIDED, Job.billed_elsewhere.is_(False), sa.or_(Job.price > ZERO, sa.and_(Job.state != JobState.CANCELLED, ~internal)), ~billed,
        ~demo_marks.is_made_up("client", Job.client_id),
    )  # fmt: skip


def waiting(client_id: int, *, up_to: dt.date | None = None, job_ids: Iterable[int] | None = None) -> list[Job]:
    """The client's visits that wait to be invoiced, by their days; of stays the first day counts."""
    wanted = _JOBS.where(Job.client_id == client_id, to_invoice())
    if up_to is not None:
        wanted = wanted.where(Job.on_date <= up_to)
    if job_ids is not None:
        wanted = wanted.where(Job.id.in_(list(job_ids)))
    return list(db.session.scalars(wanted))


def waiting_of(
    client_ids: Iterable[int], *where: sa.ColumnElement[bool], up_to: dt.date | None = None
) -> dict[int, list[Job]]:
    """The same of several clients at once, as conditions on visits say; who has none is left out."""
    wanted = _JOBS.where(Job.client_id.in_(list(client_ids)), to_invoice(), *where)
    if up_to is not None:
        wanted = wanted.where(Job.on_date <= up_to)
    found: dict[int, list[Job]] = {}
    for job in db.session.scalars(wanted):
        found.setdefault(job.client_id, []).append(job)
    return found


def load(job_ids: Iterable[int]) -> list[Job]:
    """These visits as they are in the database now, with all that a line says of them."""
    ids = list(job_ids)
    return list(db.session.scalars(_JOBS.where(Job.id.in_(ids)))) if ids else []


_JOBS = (
    sa.select(Job)
    .order_by(Job.on_date, Job.start_time, Job.id)
    .options(
        joinedload(Job.service_item).joinedload(ServiceItem.tax_rate),
        joinedload(Job.sitter),
        joinedload(Job.time_block),
        selectinload(Job.pets),
    )
    .execution_options(populate_existing=True)
)


def live_lines(job_ids: Iterable[int]) -> dict[int, InvoiceLine]:
    """{visit: the line that charges it}, on a draft or on an issued invoice."""
    wanted = sa.select(InvoiceLine).where(InvoiceLine.job_id.in_(list(job_ids)), InvoiceLine.is_live)
    return {
        line.job_id: line for line in db.session.scalars(wanted.order_by(InvoiceLine.id)) if line.job_id is not None
    }


def package_uses(job_ids: Iterable[int]) -> dict[int, PackageUse]:
    """{visit: the place in a package that pays it}."""
    wanted = sa.select(PackageUse).where(PackageUse.job_id.in_(list(job_ids))).options(joinedload(PackageUse.package))
    return {use.job_id: use for use in db.session.scalars(wanted)}


def package_use(job: Job) -> PackageUse | None:
    """The place in a package that pays this visit."""
    return package_uses([job.id]).get(job.id)


def fill(line: InvoiceLine, job: Job, *, use: PackageUse | None, rate: TaxRate | None) -> None:
    """Bring a draft's line in line with its visit: what it is, what it costs and why."""
    line.kind = LineKind.FEE if job.state is JobState.CANCELLED else LineKind.VISIT
    line.job, line.service_item, line.on_date = job, job.service_item, job.on_date
    line.description, line.detail = describe(job), detail(job, use=use)
    line.quantity, line.unit_price = Decimal(1), cost(job, by_package=use is not None)
    line.amount, line.tax_rate = line.unit_price, rate
    line.price_lines = _why(job, use)


def describe(job: Job) -> str:
    """The service, or that this is what calling it off costs."""
    name = job.service_item.name
    return N_("Cancellation fee: %(service)s") % {"service": name} if job.state is JobState.CANCELLED else name


def _why(job: Job, use: PackageUse | None) -> list[dict[str, Any]]:
    """The lines that make up the visit's price, and what a cancellation or a package takes off; they add up."""
    lines: list[dict[str, Any]] = [x for x in job.price_lines if x.get("of") == "price"]
    if lines and job.state is JobState.CANCELLED and job.prior_price is not None:
        off = {"text": N_("Less, because it was cancelled"), "values": {}, "amount": str(job.price - job.prior_price)}
        lines = [*lines, {"of": "price", "code": "cancelled", **off}]
    return [*lines, *packages.lines_because(use, job.price)] if use is not None else lines


def detail(job: Job, *, use: PackageUse | None = None) -> str:
    """Pets, a stay's days, and as the settings say times and the sitter's first name; the package that pays it."""
    values = settings.read()
    when = _when(job, values["business.locale"]) if values["billing.show_times"] else ""
    sitter = job.sitter.first_name if values["billing.show_sitter"] and job.sitter else ""
    pets = ", ".join(pet.name for pet in job.pets)
    package = use.package.name if use is not None else ""
    return DOT.join(part for part in (pets, _days(job, values["business.locale"]), when, sitter, package) if part)[:255]


def _days(job: Job, locale: str) -> str:
    """First and last day of a stay over more than one night, as the business writes them."""
    if pricing.days_of(job) == 1:
        return ""
    found = str(format_interval(job.on_date, job.ends_on, "MMMd", locale=locale))
    return found.replace("\u2009", " ")  # thin spaces are in few typefaces


def _when(job: Job, locale: str) -> str:
    """Its time of day as the business writes it, or its block."""
    if job.start_time is not None:
        return str(format_time(job.start_time, "short", locale=locale)).replace("\u202f", " ")
    return job.time_block.name if job.time_block is not None else ""


# ------------------------------------------------------------------------------------------------------- for the run


@dataclass(frozen=True)
class Waiting:
    """What waits to be invoiced of one client; visits that a package will pay are counted with their price."""

    client_id: int
    n_visits: int
    amount: Decimal
    first_on: dt.date
    last_on: dt.date


def waiting_by_client(*where: sa.ColumnElement[bool], up_to: dt.date | None = None) -> list[Waiting]:
    """One row for each client with visits to invoice that fit the conditions on `Job`, with one query."""
    wanted = (
        sa.select(Job.client_id, sa.func.count(), sa.func.sum(Job.price), sa.func.min(Job.on_date), sa.func.max(Job.on_date))
        .where(to_invoice(), *where)
        .group_by(Job.client_id)
        .order_by(Job.client_id)
    )  # fmt: skip
    if up_to is not None:
        wanted = wanted.where(Job.on_date <= up_to)
    return [Waiting(*row) for row in db.session.execute(wanted)]


def rate_of(job: Job, invoice: Invoice, default: TaxRate | None) -> TaxRate | None:
    """The tax that this visit's line bears."""
    return taxes.rate_for(invoice.client, job.service_item, default=default)
