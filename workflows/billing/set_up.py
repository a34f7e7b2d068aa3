"""What billing is set up with: tax rates, payment terms, packages of visits. Adding, changing and deleting them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa

from foundation.db import db
from models import Client, ClientPackage, Invoice, InvoiceLine, PaymentTerms, ServiceItem, TaxRate, VisitPackage
from workflows import records
from workflows.actors import Actor
from workflows.amounts import check_amount
from workflows.errors import N_, Invalid
from workflows.permissions import Permission

SetUp = TaxRate | PaymentTerms | VisitPackage
Kind = TypeVar("Kind", TaxRate, PaymentTerms, VisitPackage)
_NAME = N_("Fill in a name.")
MOST_DAYS, MOST_VISITS, MOST_VALID = 365, 1000, 3650
#: what refers to each: deleting it would change what others cost or when they are due
_USED_BY: dict[type[Any], tuple[Any, ...]] = {
    TaxRate: (Client.tax_rate_id, ServiceItem.tax_rate_id, InvoiceLine.tax_rate_id),
    PaymentTerms: (Client.payment_terms_id, Invoice.payment_terms_id),
    VisitPackage: (ClientPackage.visit_package_id,),
}


def save_tax_rate(rate: TaxRate, values: Mapping[str, Any], *, actor: Actor) -> TaxRate:
    """Add or change a tax rate; logged old to new. The new default takes the place of the one before.

    Issued invoices keep what they took. Refused with Invalid: no name or one that is taken, a percentage outside 0 to
    100 or with a fourth decimal, a default that is not active.
    """
    actor.require(Permission.BILLING)
    values = records.tidy(values)
    percent = values.get("percent", rate.percent)
    if not _is_between(percent, 0, 100) or percent != round(percent, 3):
        raise Invalid("bad_percent", N_("Enter a percentage from 0 to 100, with at most three decimals."), field="percent")  # fmt: skip
    _check_default(rate, values)
    return _save(rate, values, actor=actor)


def save_terms(terms: PaymentTerms, values: Mapping[str, Any], *, actor: Actor) -> PaymentTerms:
    """Add or change payment terms; logged old to new. The new default takes the place of the one before.

    Issued invoices keep their due date. Refused with Invalid: no name or one that is taken, days outside 0 to 365, a
    default that is not active.
    """
    actor.require(Permission.BILLING)
    values = records.tidy(values)
    if not _is_between(values.get("days", terms.days), 0, MOST_DAYS):
        raise Invalid("bad_days", N_("Enter days from 0 to 365."), field="days")
    _check_default(terms, values)
    return _save(terms, values, actor=actor)


def save_package(package: VisitPackage, values: Mapping[str, Any], *, actor: Actor) -> VisitPackage:
    """Add or change a package of visits; logged old to new. Packages that clients bought stay as they are.

    Refused with Invalid: no name or one that is taken, visits outside 1 to 1000, an impossible price, days below 1, or
    not exactly one of service and group.
    """
    actor.require(Permission.BILLING)
    values = records.tidy(values)
    if not _is_between(values.get("n_visits", package.n_visits), 1, MOST_VISITS):
        raise Invalid("bad_visits", N_("Enter visits from 1 to 1000."), field="n_visits")
    check_amount(values.get("price", package.price), "price")
    days = values.get("valid_days", package.valid_days)
    if days is not None and not _is_between(days, 1, MOST_VALID):
        raise Invalid("bad_days", N_("Enter days from 1 to 3650, or nothing."), field="valid_days")
    scopes = [values.get(f, getattr(package, f)) for f in ("service_item", "service_group")]
    if sum(scope is not None for scope in scopes) != 1:
        raise Invalid("one_scope", N_("Choose a service or a group, one of the two."), field="service_item")
    return _save(package, values, actor=actor)


def remove(record: SetUp, *, actor: Actor) -> None:
    """Delete what nothing uses; logged. What is in use is made inactive instead (Invalid says so)."""
    actor.require(Permission.BILLING)
    used = (sa.exists().where(column == record.id) for column in _USED_BY[type(record)])
    if db.session.scalar(sa.select(sa.or_(*used))):
        raise records.still_used(record)
    records.remove(record, actor=actor)


def _is_between(value: Decimal | int | None, least: int, most: Decimal | int) -> bool:
    if value is None or (isinstance(value, Decimal) and not value.is_finite()):
        return False
    return least <= value <= most


def _check_default(record: TaxRate | PaymentTerms, values: Mapping[str, Any]) -> None:
    new: dict[str, Any] = {"is_default": False, "is_active": True} if record.id is None else {}
    is_default, is_active = (values.get(f, new.get(f, getattr(record, f))) for f in ("is_default", "is_active"))
    if is_default and not is_active:
        raise Invalid("default_inactive", N_("What counts for everybody must be active."), field="is_active")


def _save(record: Kind, values: dict[str, Any], *, actor: Actor) -> Kind:
    kind: Any = type(record)
    records.require_text({"name": record.name, **values}, ["name"], _NAME)
    with db.session.no_autoflush:
        name = sa.func.lower(kind.name) == str(values.get("name", record.name)).lower()
        if db.session.scalar(sa.select(kind.id).where(name, kind.id != (record.id or 0))):
            raise Invalid("name_taken", N_("This name is taken already."), field="name")
        if values.get("is_default") and not isinstance(record, VisitPackage):
            for other in db.session.scalars(sa.select(kind).where(kind.is_default, kind.id != (record.id or 0))):
                records.change(other, {"is_default": False}, actor=actor)
    if record.id is None:
        for field, value in values.items():
            setattr(record, field, value)
        records.add(record, actor=actor)
    else:
        records.change(record, values, actor=actor)
    return record
