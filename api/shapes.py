"""Rows as the API shows them. Whoever may not see a part gets null or an empty text in its place."""

import datetime as dt
from collections.abc import Collection, Sequence
from decimal import Decimal

import sqlalchemy as sa

from api import reach, schemas
from foundation import clock, money
from foundation.db import db
from models import Client, Invoice, InvoiceLine, Job, JobRequest, JobRequestLine, Payment, Pet, ServiceItem
from workflows import sitter_access
from workflows.billing import sums
from workflows.plans import plan_of_job


def moment(at: dt.datetime | None) -> dt.datetime | None:
    """On the business's clock, with its offset."""
    return clock.to_local(at) if at is not None else None


def known(at: dt.datetime) -> dt.datetime:
    """The same for what is always there."""
    return clock.to_local(at)


def time_of_day(time: dt.time | None) -> str | None:
    """`09:30`."""
    return time.isoformat("minutes") if time is not None else None


def amount(value: Decimal, currency: str | None = None) -> schemas.Amount:
    """In minor units."""
    return schemas.Amount(minor=money.to_minor(value), currency=currency or money.currency())


def _closed() -> Collection[str]:
    """Columns that this person does not read: the office's own reading is not narrowed."""
    return () if reach.sees_all() else sitter_access.closed_columns()


def clients(rows: Sequence[Client]) -> list[schemas.Client]:
    """Sitters read no mail address and no account number, and what else the office closed to them."""
    office, closed = reach.sees_all(), _closed()

    def told(client: Client, column: str) -> str:
        return "" if f"client.{column}" in closed else getattr(client, column) or ""

    return [
        schemas.Client(
            id=c.public_id, account_number=c.account_number if office else "", first_name=c.first_name,
            last_name=c.last_name, email=c.email if office else None, phone=told(c, "phone") or None,
            address_line1=told(c, "address_line1"), address_line2=told(c, "address_line2"), city=told(c, "city"),
            region=told(c, "region"), postcode=told(c, "postcode"), status=c.status,
            primary_sitter_id=c.primary_sitter.public_id if c.primary_sitter and office else None,
            created_at=known(c.created_at), version=c.version,
        )
        for c in rows
    ]  # fmt: skip


def pets(rows: Sequence[Pet]) -> list[schemas.Pet]:
    """Sitters read the care notes on their own pages, around their visits; here they are empty for them."""
    office, closed = reach.sees_all(), _closed()

    def told(pet: Pet, column: str) -> str:
        return "" if f"pet.{column}" in closed else getattr(pet, column) or ""

    return [
        schemas.Pet(
            id=p.public_id, client_id=p.client.public_id, name=p.name, species=p.species, breed=told(p, "breed"),
            born_on=p.born_on if office else None, warning=told(p, "warning"), feeding=p.feeding if office else "",
            medication=p.medication if office else "", notes=p.notes if office else "", status=p.status,
            created_at=known(p.created_at), version=p.version,
        )
        for p in rows
    ]  # fmt: skip


def visits(rows: Sequence[Job]) -> list[schemas.Visit]:
    """Visits with the window in which they happen."""
    return [_visit(job) for job in rows]


def _visit(job: Job) -> schemas.Visit:
    timed = job.start_time is not None or job.time_block is not None
    window = plan_of_job(job).window() if timed else None
    return schemas.Visit(
        id=job.public_id, client_id=job.client.public_id, pet_ids=[p.public_id for p in job.pets],
        service_id=job.service_item.public_id, service_name=job.service_item.name, state=job.state,
        on_date=job.on_date, ends_on=job.ends_on, start_time=time_of_day(job.start_time),
        end_time=time_of_day(job.end_time), time_block=job.time_block.name if job.time_block else None,
        starts_at=moment(window.earliest) if window else None, ends_at=moment(window.latest) if window else None,
        time_zone=clock.zone().key, duration_minutes=job.duration_minutes,
        sitter_id=job.sitter.public_id if job.sitter else None, sitter_name=str(job.sitter) if job.sitter else None,
        price=amount(job.price) if reach.sees_prices() else None, note=job.note, staff_note=job.staff_note,
        checked_in_at=moment(job.checked_in_at), checked_out_at=moment(job.checked_out_at),
        completed_at=moment(job.completed_at), cancelled_at=moment(job.cancelled_at),
        created_at=known(job.created_at), version=job.version,
    )  # fmt: skip


def requests(rows: Sequence[JobRequest]) -> list[schemas.Request]:
    """Requests with all their lines."""
    return [
        schemas.Request(
            id=r.public_id, number=r.number or 0, client_id=r.client.public_id,
            is_waiting=any(line.state.value == "submitted" for line in r.lines),
            submitted_at=known(r.submitted_at or r.created_at), lines=[_line(line) for line in r.lines],
        )
        for r in rows
    ]  # fmt: skip


def _line(line: JobRequestLine) -> schemas.RequestLine:
    return schemas.RequestLine(
        id=line.public_id, service_id=line.service_item.public_id, service_name=line.service_item.name,
        state=line.state, on_date=line.on_date, ends_on=line.last_on, start_time=time_of_day(line.start_time),
        time_block=line.time_block.name if line.time_block else None, pet_ids=[p.public_id for p in line.pets],
        note=line.note, price=amount(line.price), visit_id=line.job.public_id if line.job else None,
        version=line.version,
    )  # fmt: skip


def services(rows: Sequence[ServiceItem]) -> list[schemas.Service]:
    """The price list; prices for whoever may see them."""
    return [
        schemas.Service(
            id=s.public_id, code=s.code, name=s.name, description=s.description, duration_minutes=s.duration_minutes,
            time_type=s.time_type, is_active=s.is_active,
            time_blocks=[
                schemas.TimeBlock(name=b.name, starts_at=b.starts_at.isoformat("minutes"), ends_at=b.ends_at.isoformat("minutes"))
                for b in s.time_blocks if b.is_active
            ],
            price=amount(s.price) if reach.sees_prices() else None,
        )
        for s in rows
    ]  # fmt: skip


def invoices(rows: Sequence[Invoice]) -> list[schemas.Invoice]:
    """Invoices with their lines and what is still owed; the sums of all of them with one query."""
    figures, today = sums.invoice_sums(i.id for i in rows) if rows else {}, clock.today()
    job_ids = {line.job_id for i in rows for line in i.lines if line.job_id is not None}
    public = dict(db.session.execute(sa.select(Job.id, Job.public_id).where(Job.id.in_(job_ids))).tuples().all()) if job_ids else {}  # fmt: skip
    return [
        schemas.Invoice(
            id=i.public_id, number=i.number, client_id=i.client.public_id, kind=i.kind, state=i.state,
            currency=i.currency, tax_inclusive=i.tax_inclusive, issued_on=i.issued_on, due_on=i.due_on,
            is_overdue=i.is_overdue(today), subtotal_minor=money.to_minor(i.subtotal),
            tax_minor=money.to_minor(i.tax_total), total_minor=money.to_minor(i.total),
            debited_minor=money.to_minor(i.debited), paid_minor=money.to_minor(figures[i.id].paid),
            credited_minor=money.to_minor(figures[i.id].credited),
            balance_minor=money.to_minor(figures[i.id].outstanding),
            lines=[_invoice_line(line, public) for line in i.lines], created_at=known(i.created_at), version=i.version,
        )
        for i in rows
    ]  # fmt: skip


def _invoice_line(line: InvoiceLine, visits_of: dict[int, str]) -> schemas.InvoiceLine:
    return schemas.InvoiceLine(
        kind=line.kind, description=line.description, detail=line.detail, on_date=line.on_date,
        quantity=f"{line.quantity.normalize():f}", unit_price_minor=money.to_minor(line.unit_price),
        amount_minor=money.to_minor(line.amount), tax_name=line.tax_name, tax_percent=f"{line.tax_percent.normalize():f}",
        visit_id=visits_of.get(line.job_id or 0),
    )  # fmt: skip


def payment(row: Payment, invoice: Invoice) -> schemas.Payment:
    """A payment that was recorded for an invoice."""
    return schemas.Payment(
        id=row.public_id, number=row.number or "", client_id=row.client.public_id, invoice_id=invoice.public_id,
        kind=row.kind, amount=amount(row.amount, row.currency), received_on=row.received_on, reference=row.reference,
    )  # fmt: skip
