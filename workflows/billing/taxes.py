"""Taxes of invoices and notes: which rate a line bears, and the sums, rounded once for each rate.

Discounts bear no rate of their own: they are spread over the other lines in proportion, to the last cent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from foundation import money
from foundation.db import db
from models import Client, InvoiceLine, LineKind, ServiceItem, TaxRate

ZERO = Decimal(0)


@dataclass(frozen=True)
class Rate:
    """A tax as a paper keeps it: its name and its percentage."""

    name: str
    percent: Decimal


@dataclass(frozen=True)
class Charge:
    """One line as the sums see it. Only discounts are below zero."""

    amount: Decimal
    rate: Rate | None = None
    is_discount: bool = False


@dataclass(frozen=True)
class TaxSum:
    """The tax at one rate, and what it is taken of, without the tax."""

    rate: Rate
    base: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Sums:
    """What lines come to: before tax, the tax, both together, and each rate's share."""

    subtotal: Decimal
    tax_total: Decimal
    total: Decimal
    taxes: tuple[TaxSum, ...] = ()


def add_up(charges: Sequence[Charge], *, inclusive: bool) -> Sums:
    """The sums of some lines; `inclusive`: their amounts hold the tax already."""
    by_rate: dict[Rate | None, Decimal] = {}
    for charge, net in zip(charges, after_discounts(charges), strict=True):
        if not charge.is_discount:
            by_rate[charge.rate] = by_rate.get(charge.rate, ZERO) + net
    taxes = [_tax(rate, amount, inclusive=inclusive) for rate, amount in by_rate.items() if rate is not None]
    # Without any other line, discounts are spread over nothing; they still count, and are refused at issue.
    lost = ZERO if by_rate else sum((c.amount for c in charges), ZERO)
    stated, tax = sum(by_rate.values(), lost), sum((t.amount for t in taxes), ZERO)
    subtotal, total = (stated - tax, stated) if inclusive else (stated, stated + tax)
    return Sums(_whole(subtotal), _whole(tax), _whole(total), tuple(taxes))


def _tax(rate: Rate, amount: Decimal, *, inclusive: bool) -> TaxSum:
    tax = tax_in(amount, rate.percent, inclusive=inclusive)
    return TaxSum(rate, _whole(amount - tax if inclusive else amount), tax)


def tax_in(amount: Decimal, percent: Decimal, *, inclusive: bool) -> Decimal:
    """The tax on an amount, or within it when it is `inclusive`; halves up."""
    if inclusive:
        return _whole(amount - money.round_half_up(amount / (1 + percent / 100)))
    return money.round_half_up(amount * percent / 100)


def after_discounts(charges: Sequence[Charge]) -> list[Decimal]:
    """What is left of each line once the discounts are spread over them; nothing of the discounts themselves."""
    real = [i for i, charge in enumerate(charges) if not charge.is_discount]
    off = sum((c.amount for c in charges if c.is_discount), ZERO)
    left = [ZERO if charge.is_discount else charge.amount for charge in charges]
    if not off:
        return left
    for i, share in zip(real, allot(off, [charges[i].amount for i in real]), strict=True):
        left[i] += share
    return left


def allot(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Split an amount in proportion to `weights` (none below zero) so that the parts add up: largest remainder first.

    Equal remainders go to the earlier part. All of it is lost when the weights are all zero.
    """
    whole = sum(weights, ZERO)
    if not whole:
        return [ZERO for _ in weights]
    sign, amount, each = (-1 if total < 0 else 1), abs(money.to_minor(total)), [money.to_minor(w) for w in weights]
    of = money.to_minor(whole)
    parts = [amount * weight // of for weight in each]
    rest = sorted(range(len(each)), key=lambda i: (-(amount * each[i] % of), i))
    for i in rest[: amount - sum(parts)]:
        parts[i] += 1
    return [money.from_minor(sign * part) for part in parts]


def _whole(amount: Decimal) -> Decimal:
    """With the currency's own number of decimals; nothing is rounded away here."""
    return money.from_minor(money.to_minor(amount))


# ------------------------------------------------------------------------------------------------------- which rate


def default_rate() -> TaxRate | None:
    """What services and clients bear that name no other."""
    return db.session.scalar(sa.select(TaxRate).where(TaxRate.is_default, TaxRate.is_active))


def rate_for(client: Client, item: ServiceItem | None, *, default: TaxRate | None) -> TaxRate | None:
    """The tax of a line: none for who is exempt, else the client's, else the service's, else the default."""
    if client.is_tax_exempt:
        return None
    return client.tax_rate or (item.tax_rate if item is not None else None) or default


def charges_of(lines: Sequence[InvoiceLine], *, is_draft: bool) -> list[Charge]:
    """An invoice's lines for `add_up`, in their order: a draft's with the rates as they are now, an issued one's as copied."""
    ordered = sorted(lines, key=lambda x: x.position)
    return [Charge(x.amount, _rate(x, is_draft=is_draft), x.kind is LineKind.DISCOUNT) for x in ordered]


def _rate(line: InvoiceLine, *, is_draft: bool) -> Rate | None:
    if line.kind is LineKind.DISCOUNT:
        return None
    if is_draft:
        return Rate(line.tax_rate.name, line.tax_rate.percent) if line.tax_rate is not None else None
    return Rate(line.tax_name, line.tax_percent) if line.tax_name else None
