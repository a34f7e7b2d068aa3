"""Packages of visits: sold on an invoice's line, drawn from in the order of days, given back by what does not take place.

Whoever calls holds the client's lock; a place that two visits want at once is refused to the second by the database.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from foundation import clock
from foundation.db import db
from models import ClientPackage, Invoice, InvoiceLine, Job, JobState, LineKind, PackageUse
from workflows import activity
from workflows.actors import Actor
from workflows.errors import N_, WrongState


def open_packages(client_id: int) -> list[ClientPackage]:
    """The client's packages that have not ended, with their uses: those that run out first come first."""
    return open_packages_of([client_id]).get(client_id, [])


def open_packages_of(client_ids: Iterable[int]) -> dict[int, list[ClientPackage]]:
    """The same of several clients at once; who has none is left out."""
    found: dict[int, list[ClientPackage]] = {}
    for package in db.session.scalars(
        sa.select(ClientPackage)
        .where(ClientPackage.client_id.in_(list(client_ids)), ClientPackage.ended_at.is_(None))
        .options(selectinload(ClientPackage.uses))
        .order_by(ClientPackage.expires_on.is_(None), ClientPackage.expires_on, ClientPackage.id)
        .execution_options(populate_existing=True)
    ):
        found.setdefault(package.client_id, []).append(package)
    return found


def n_left(package: ClientPackage) -> int:
    """How many visits it still pays for."""
    return package.n_visits - len(package.uses)


def draw(job: Job, packages: Sequence[ClientPackage]) -> PackageUse | None:
    """Let the first of these packages that covers the visit and has room pay for it; None when none does.

    It covers visits of its service (or group) up to its last day. A visit without a price needs none.
    """
    if job.state in {JobState.CANCELLED, JobState.VOIDED} or not job.price:
        return None
    for package in packages:
        if _covers(package, job) and n_left(package) > 0:
            taken = {use.position for use in package.uses}
            place = next(n for n in range(1, package.n_visits + 1) if n not in taken)
            use = PackageUse(package=package, job=job, position=place)
            db.session.add(use)
            db.session.flush()
            return use
    return None


def _covers(package: ClientPackage, job: Job) -> bool:
    item = job.service_item
    fits = package.service_item_id == item.id if package.service_item_id else package.service_group_id == item.group_id
    return fits and (package.expires_on is None or job.on_date <= package.expires_on)


def still_covers(use: PackageUse, job: Job) -> bool:
    """Does the package that pays a visit cover it also after the visit was changed?"""
    return _covers(use.package, job)


def paid(line: InvoiceLine) -> bool:
    """Was the visit of this line paid by a package when it was invoiced?"""
    return any(x.get("code") == "package" for x in line.price_lines)


def give_back(use: PackageUse) -> None:
    """The visit's place is free for another one."""
    package = use.package
    if use in package.uses:
        package.uses.remove(use)
    db.session.delete(use)
    db.session.flush()


# ---------------------------------------------------------------------------------------------- selling and ending


def sell(invoice: Invoice, *, actor: Actor) -> list[ClientPackage]:
    """At issue: the packages that its lines sell belong to the client from this day on; logged."""
    sold = [
        _sold(line, invoice) for line in invoice.lines if line.kind is LineKind.PACKAGE for _ in range(int(line.quantity))
    ]  # fmt: skip
    if not sold:
        return []
    db.session.add_all(sold)
    db.session.flush()
    for package in sold:
        activity.record(
            "client_package.sold", actor=actor, subject=package, client=invoice.client, name=package.name,
            number=invoice.number,
        )  # fmt: skip
    return sold


def _sold(line: InvoiceLine, invoice: Invoice) -> ClientPackage:
    package = line.visit_package
    if package is None:
        raise WrongState("package_gone", N_("A package on this invoice no longer exists. Remove its line."))
    today = clock.today()
    return ClientPackage(
        client=invoice.client, visit_package=package, name=package.name, service_item_id=package.service_item_id,
        service_group_id=package.service_group_id, n_visits=package.n_visits,
        price=line.unit_price, bought_on=today, invoice_line_id=line.id,
        expires_on=today + dt.timedelta(days=package.valid_days) if package.valid_days is not None else None,
    )  # fmt: skip


def take_back(invoice: Invoice, *, actor: Actor) -> None:
    """When the invoice that sold them is voided, its packages end. Refused while a visit has drawn from one."""
    ids = [line.id for line in invoice.lines if line.kind is LineKind.PACKAGE]
    sold = db.session.scalars(
        sa.select(ClientPackage)
        .where(ClientPackage.invoice_line_id.in_(ids), ClientPackage.ended_at.is_(None))
        .options(selectinload(ClientPackage.uses))
        .execution_options(populate_existing=True)
    ).all() if ids else []  # fmt: skip
    if any(package.uses for package in sold):
        raise WrongState("package_used", N_("Visits draw from the package that this invoice sold. Take them off their invoices first."))  # fmt: skip
    for package in sold:
        end(package, actor=actor)


def end(package: ClientPackage, *, actor: Actor) -> ClientPackage:
    """No further visit draws from the package; those that did keep their place. Ending it twice changes nothing; logged."""
    if package.ended_at is None:
        package.ended_at = clock.now()
        activity.record(
            "client_package.ended", actor=actor, subject=package, client=package.client, name=package.name
        )  # fmt: skip
        db.session.flush()
    return package


def lines_because(use: PackageUse, price: Decimal) -> list[dict[str, object]]:
    """What takes the price off a visit that a package pays, for the lines that explain it."""
    values = {"package": use.package.name}
    return [{"of": "price", "code": "package", "text": N_("Paid by %(package)s"), "values": values, "amount": str(-price)}]  # fmt: skip
