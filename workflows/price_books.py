"""All that prices depend on, read once for some clients and days: rules, agreed prices, further pets, holidays."""

import datetime as dt
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from foundation import money
from foundation.among import among
from foundation.db import rows_of
from models import (
    Client,
    ClientPrice,
    ExtraPetPrice,
    PriceRule,
    PriceTarget,
    PublicHoliday,
    ServiceItem,
)
from workflows.price_rules import Case, Rule, is_day, rule_of

_HOUR = dt.timedelta(hours=1)
#: holidays are read for so many days after the last day that a visit of the book may begin on
_LONGEST_STAY = dt.timedelta(days=400)


@dataclass(frozen=True)
class QuoteLine:
    """One line of the sum: a stable code, a text with its values (plain ones), and what it adds.

    Of a stay the values say on how many days (`n_days`) it came to how much (`each`).
    """

    code: str
    text: str
    values: Mapping[str, Any]
    amount: Decimal


@dataclass(frozen=True)
class Quote:
    """A visit's price and the sitter's pay, both in the business's currency, and the lines that they are the sums of."""

    price: Decimal
    sitter_pay: Decimal
    lines: tuple[QuoteLine, ...] = field(default=(), compare=False)
    pay_lines: tuple[QuoteLine, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Book:
    """All that prices depend on for some clients and days, read once. Plain values: it stays good over commits."""

    price_rules: tuple[Rule, ...] = ()
    pay_rules: tuple[Rule, ...] = ()
    #: {item id: ((from which pet, amount), …)}, ascending
    extra_pets: Mapping[int, tuple[tuple[int, Decimal], ...]] = field(default_factory=dict)
    #: {(client id, item id): price}
    agreed: Mapping[tuple[int, int], Decimal] = field(default_factory=dict)
    holidays: Mapping[dt.date, str] = field(default_factory=dict)
    #: what it was read for; None when it knows of no bounds
    client_ids: frozenset[int] | None = None
    days: tuple[dt.date, dt.date] | None = None
    #: what was quoted already, by `kind_of`: a year of visits has few different days
    quotes: dict[Hashable, Quote] = field(default_factory=dict, init=False, repr=False, compare=False)
    _day_kinds: dict[dt.date | None, tuple[bool, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def _rules(self) -> tuple[Rule, ...]:
        return (*self.price_rules, *self.pay_rules)

    @cached_property
    def _notices(self) -> frozenset[int]:
        return frozenset(r.booked_within_hours for r in self._rules if r.booked_within_hours is not None)

    def kind_of_day(self, on_date: dt.date | None) -> tuple[bool, ...]:
        """Which rules ask for days like this one. A service costs the same at the same time of all days of one kind."""
        kind = self._day_kinds.get(on_date)
        if kind is None:
            is_holiday = on_date in self.holidays
            kind = tuple(is_day(rule, on_date, is_holiday=is_holiday) for rule in self._rules)
            self._day_kinds[on_date] = kind
        return kind

    def kind_of(self, item: ServiceItem, case: Case, agreed: Decimal | None) -> Hashable:
        """All that the quote of one day depends on: days of one kind cost the same, with the same lines."""
        day = self.kind_of_day(case.on_date)
        is_late = tuple(n for n in self._notices if case.starts_in is not None and case.starts_in < n * _HOUR)
        of_item = (item.name, item.price, item.extra_pet_price, item.pay_kind, item.pay_amount, item.pay_percent)
        return (
            case.item_id, case.group_id, case.client_type_id, case.n_pets, case.begins, day, is_late, agreed, of_item,
            money.currency(),
        )  # fmt: skip


def load_book(clients: Iterable[Client], first: dt.date, last: dt.date) -> Book:
    """The price book for these clients' visits that begin from `first` to `last`, with two queries."""
    ids = frozenset(client.id for client in clients)
    rules = [rule_of(row) for row in rows_of(_RULES)]
    furthest = last + min(_LONGEST_STAY, dt.date.max - last)
    steps: dict[int, list[tuple[int, Decimal]]] = defaultdict(list)
    agreed: dict[tuple[int, int], Decimal] = {}
    holidays: dict[dt.date, str] = {}
    # The list of ids is not empty even without clients: nobody has the number 0.
    wanted = {"client_ids": sorted(ids) or [0], "first": first, "last": furthest}
    for kind, item_id, number, price, day, name in rows_of(_LISTS, wanted):
        if kind == _STEP:
            steps[item_id].append((number, price))
        elif kind == _OWN:
            agreed[number, item_id] = price
        else:
            holidays[day] = name
    return Book(
        price_rules=tuple(r for r in rules if r.target is PriceTarget.PRICE),
        pay_rules=tuple(r for r in rules if r.target is PriceTarget.PAY),
        extra_pets={item_id: tuple(sorted(own)) for item_id, own in steps.items()},
        agreed=agreed,
        holidays=holidays,
        client_ids=ids,
        days=(first, last),
    )


# Built once: putting the statements together takes longer than the database takes to answer them.
_rule = PriceRule.__table__.c
_RULES = sa.select(PriceRule.__table__).where(_rule.is_active).order_by(_rule.position, _rule.id)
_STEP, _OWN, _HOLIDAY = 1, 2, 3


def _lists() -> sa.CompoundSelect[*tuple[Any, ...]]:
    """Prices of further pets, agreed prices and holidays as rows of one answer: (kind, service, number, price, day, name)."""

    def none(column: Any) -> Any:  # noqa: ANN401 -- a column of any type
        return sa.cast(sa.null(), column.type)

    step, own, holiday = (m.__table__.c for m in (ExtraPetPrice, ClientPrice, PublicHoliday))
    amount, day, name, number = step.amount, holiday.on_date, holiday.name, step.from_pet
    return sa.union_all(
        sa.select(sa.literal(_STEP), step.service_item_id, number, amount, none(day), none(name)),
        sa.select(
            sa.literal(_OWN),
            own.service_item_id,
            own.client_id,
            own.price,
            none(day),
            none(name),
        ).where(among(own.client_id, "client_ids")),
        sa.select(sa.literal(_HOLIDAY), none(number), none(number), none(amount), day, name).where(
            day.between(sa.bindparam("first"), sa.bindparam("last"))
        ),
    )


_LISTS = _lists()
