"""Lines of an invoice that are no visit: what may be typed, and what it comes to."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from foundation import money
from models import Invoice, InvoiceKind, LineKind, ServiceItem, TaxRate, VisitPackage
from workflows.billing import line_amounts
from workflows.errors import N_, Invalid, Refusals

ZERO = Decimal(0)


@dataclass(frozen=True)
class FreeLine:
    """A line that is no visit, as the office typed it. A discount has either an amount (above zero) or a percentage."""

    kind: LineKind = LineKind.ITEM
    description: str = ""
    detail: str = ""
    on_date: dt.date | None = None
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = ZERO
    #: of a discount that is a share of all other lines
    percent: Decimal | None = None
    service_item: ServiceItem | None = None
    package: VisitPackage | None = None
    #: None: as the client, the service and the default say
    tax_rate: TaxRate | None = None
    no_tax: bool = False


def words(text: str) -> str:
    """What a line is for, or Invalid when nothing says it."""
    said = line_amounts.line(text)
    if not said:
        raise Invalid("no_description", N_("Say what this line is for."), field="description")
    return said


#: what may stand on which invoice, apart from visits
_KINDS: dict[InvoiceKind, frozenset[LineKind]] = {
    InvoiceKind.STANDARD: frozenset({LineKind.ITEM, LineKind.FEE, LineKind.DISCOUNT, LineKind.PACKAGE}),
    InvoiceKind.DEPOSIT: frozenset({LineKind.DEPOSIT}),
}


def check_line(wanted: FreeLine, draft: Invoice) -> dict[str, Any]:
    """What a free line would hold; refused with Invalid as `add_line` says, all at once. Nothing is written."""
    refusals, held = Refusals(), dict[str, Any](kind=wanted.kind, on_date=wanted.on_date)
    with refusals:
        if wanted.kind not in _KINDS[draft.kind]:
            raise Invalid("bad_kind", N_("Such a line does not belong on this invoice."), field="kind")
    with refusals:
        held |= _figures(wanted)
    package = wanted.package if wanted.kind is LineKind.PACKAGE else None
    item = package.service_item if package is not None else wanted.service_item
    default_words = package.name if package is not None else (item.name if item is not None else "")
    with refusals:
        held["description"] = words(wanted.description or default_words)
    with refusals:
        held["detail"] = line_amounts.line(wanted.detail, field="detail")
    refusals.say()
    return held | {"service_item": item, "visit_package": package}


def _figures(wanted: FreeLine) -> dict[str, Any]:
    """Quantity, unit price and amount of a free line."""
    if wanted.kind is LineKind.DISCOUNT:
        if wanted.percent is not None:
            return {"percent": line_amounts.percent(wanted.percent), "quantity": Decimal(1)} | dict.fromkeys(("unit_price", "amount"), ZERO)  # fmt: skip
        off = -line_amounts.price(abs(wanted.unit_price), least=money.quantum())
        return {"percent": None, "quantity": Decimal(1), "unit_price": off, "amount": off}
    refusals, quantity, price = Refusals(), ZERO, ZERO
    with refusals:
        if wanted.kind is LineKind.PACKAGE and (wanted.package is None or not wanted.package.is_active):
            raise Invalid("no_package", N_("Choose a package of visits."), field="package")
    with refusals:
        quantity = line_amounts.quantity(wanted.quantity)
        if wanted.kind is LineKind.PACKAGE and quantity != int(quantity):
            raise Invalid("bad_quantity", N_("Packages are sold whole."), field="quantity")
    with refusals:
        price = line_amounts.price(wanted.unit_price)
    refusals.say()
    amount = line_amounts.price(money.round_half_up(quantity * price))
    return {"percent": None, "quantity": quantity, "unit_price": price, "amount": amount}
