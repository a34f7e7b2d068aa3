"""Trying prices out: what a visit would cost and pay, and for every rule whether it applies or why not."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from models import Client, ServiceItem
from workflows import price_books, pricing
from workflows.price_books import Quote
from workflows.price_rules import REASONS, Case, Rule, judge


@dataclass(frozen=True)
class Verdict:
    """One active rule: on how many of the charged days it applies, and why not on the first on which it does not."""

    rule: Rule
    n_days: int
    #: a sentence of `price_rules.REASONS`, "" when it applies every day
    why_not: str


@dataclass(frozen=True)
class Trial:
    """The figures and the verdicts, rules for the price first, each list in its order."""

    figures: Quote
    n_days: int
    price: list[Verdict]
    pay: list[Verdict]


def try_out(
    item: ServiceItem,
    *,
    on_date: dt.date,
    n_pets: int,
    n_days: int = 1,
    begins: dt.time | None = None,
    booked_at: dt.datetime | None = None,
    client: Client | None = None,
    client_type_id: int | None = None,
) -> Trial:
    """What this visit would cost and pay by today's list, and why. Nothing is saved.

    With a client their own type and agreed prices count; without one, `client_type_id` stands for somebody of that
    type with whom nothing is agreed.
    """
    book = price_books.load_book([client] if client else [], on_date, on_date)
    who = client or Client(client_type_id=client_type_id)
    asked = {"n_pets": n_pets, "n_days": n_days, "on_date": on_date, "begins": begins, "booked_at": booked_at}
    figures = pricing.quote(item, client=who, book=book, **asked)  # type: ignore[arg-type]
    days = list(pricing.cases(item, client=who, book=book, **asked))  # type: ignore[arg-type]
    has_agreed = client is not None and (client.id, item.id) in book.agreed
    return Trial(
        figures,
        n_days,
        list(_verdicts(book.price_rules, days, has_agreed=has_agreed)),
        list(_verdicts(book.pay_rules, days, has_agreed=False)),
    )


def _verdicts(rules: tuple[Rule, ...], days: list[Case], *, has_agreed: bool) -> Iterator[Verdict]:
    of_days = [[why for _, why in judge(rules, day, has_agreed=has_agreed)] for day in days]
    for rule, whys in zip(rules, zip(*of_days, strict=True), strict=False):
        first = next((why for why in whys if why is not None), None)
        yield Verdict(rule, sum(why is None for why in whys), REASONS[first] if first else "")
