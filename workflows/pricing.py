"""What a visit costs the client and earns the sitter. One pure function; estimate, request and visit all use it."""

from dataclasses import dataclass
from decimal import Decimal

from foundation import money
from models import PayKind, ServiceItem


@dataclass(frozen=True)
class Quote:
    """A visit's price and the sitter's pay, both in the business's currency."""

    price: Decimal
    sitter_pay: Decimal


def quote(item: ServiceItem, *, n_pets: int, n_days: int = 1) -> Quote:
    """Price = the item's price, plus its extra-pet price for each pet after the first, times the days of a stay.

    Pay is the item's amount (for each day), or its share of the price, rounded half up.
    """
    extra = max(n_pets - 1, 0)
    price = (item.price + item.extra_pet_price * extra) * n_days
    if item.pay_kind is PayKind.AMOUNT:
        return Quote(price, item.pay_amount * n_days)
    return Quote(price, money.round_half_up(price * item.pay_percent / 100))
