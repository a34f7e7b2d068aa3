"""What a visit costs the client and earns the sitter. One pure function; estimate, request and visit all use it."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from foundation import money
from models import Client, PayKind, ServiceItem


@dataclass(frozen=True)
class Quote:
    """A visit's price and the sitter's pay, both in the business's currency."""

    price: Decimal
    sitter_pay: Decimal


@dataclass(frozen=True)
class Book:
    """All that prices depend on for some clients and days, read once."""


def load_book(clients: Iterable[Client], first: dt.date, last: dt.date) -> Book:
    """The price book for these clients' visits from `first` to `last`, with a fixed number of queries."""
    return Book()


def quote(
    item: ServiceItem,
    *,
    n_pets: int,
    n_days: int = 1,
    client: Client | None = None,
    on_date: dt.date | None = None,
    begins: dt.time | None = None,
    booked_at: dt.datetime | None = None,
    book: Book | None = None,
) -> Quote:
    """Price = the item's price, plus its extra-pet price for each pet after the first, times the days of a stay.

    Pay is the item's amount (for each day), or its share of the price, rounded half up.
    """
    extra = max(n_pets - 1, 0)
    price = (item.price + item.extra_pet_price * extra) * n_days
    if item.pay_kind is PayKind.AMOUNT:
        return Quote(price, item.pay_amount * n_days)
    return Quote(price, money.round_half_up(price * item.pay_percent / 100))
