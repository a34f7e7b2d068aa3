"""The basket as the request page lists it: lines of one kind together, with a chip for each day; what cannot go apart."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from client_portal import words
from client_portal.cards import drawings
from client_portal.draft import say, too_late_text
from client_portal.frame import forgotten_text
from models import JobRequest, JobRequestLine
from workflows import settings
from workflows.limits import Refusal
from workflows.price_books import Quote


@dataclass(frozen=True)
class DayChip:
    """One line: its day, which leads to its own page, and a button that takes it out."""

    key: str
    day: dt.date
    #: why it cannot go
    reason: str = ""


@dataclass(frozen=True)
class Group:
    """Lines that differ only in their day."""

    title: str
    name: str
    time: str
    pets: list[dict[str, Any]]
    pet_names: str
    note: str
    price: str
    chips: list[DayChip]


@dataclass(frozen=True)
class BasketView:
    """Everything of the basket's card."""

    key: str = ""
    #: number of the sent request that the lines will join
    adds_to: int | None = None
    going: list[Group] = field(default_factory=list)
    n_going: int = 0
    estimate: str = ""
    #: what the estimate is made of: text and amount
    made_of: list[tuple[str, str]] = field(default_factory=list)
    #: of services that are no longer offered
    taken_out: list[Group] = field(default_factory=list)
    #: past, closed, too late
    impossible: list[Group] = field(default_factory=list)
    too_late: str = ""
    forgotten: str = ""

    @property
    def n_lines(self) -> int:
        return self.n_going + sum(len(g.chips) for g in (*self.taken_out, *self.impossible))


def view(basket: JobRequest | None, found: Mapping[int, Refusal], quotes: Mapping[int, Quote]) -> BasketView:
    """The basket's card. `quotes` has today's price of every line that can go; it is empty where prices are not shown."""
    if basket is None:
        return BasketView()
    values = settings.read()
    going = [x for x in basket.lines if x.id not in found]
    hidden = [x for x in basket.lines if x.id in found and found[x.id].code == "item_hidden"]
    impossible = [x for x in basket.lines if x.id in found and found[x.id].code != "item_hidden"]
    return BasketView(
        key=basket.public_id,
        adds_to=basket.adds_to.number if basket.adds_to else None,
        going=_groups(going, found, quotes),
        n_going=len(going),
        estimate=words.amount(sum((q.price for q in quotes.values()), Decimal(0))) if quotes else "",
        made_of=_made_of(quotes),
        taken_out=_groups(hidden, found, {}),
        impossible=_groups(impossible, found, {}),
        too_late=too_late_text() if any(found[x.id].too_late for x in impossible) else "",
        forgotten=forgotten_text(basket.changed_at, values["portal.auto_submit_hours"], can_go=bool(going)),
    )


def _made_of(quotes: Mapping[int, Quote]) -> list[tuple[str, str]]:
    """The lines of all prices, those that read the same added up; nothing when the services alone make the sum."""
    sums: dict[str, Decimal] = {}
    for each in (line for one in quotes.values() for line in one.lines):
        text = _(each.text) % each.values
        sums[text] = sums.get(text, Decimal(0)) + each.amount
    plain = all(line.code in {"item", "agreed"} for one in quotes.values() for line in one.lines)
    return [] if plain else [(text, words.amount(amount)) for text, amount in sums.items()]


def _groups(
    lines: list[JobRequestLine], found: Mapping[int, Refusal], quotes: Mapping[int, Quote]
) -> list[Group]:  # fmt: skip
    by_kind: dict[tuple[object, ...], list[JobRequestLine]] = defaultdict(list)
    for line in lines:
        by_kind[_kind(line)].append(line)
    return [_group(own, found, quotes) for own in by_kind.values()]


def _kind(line: JobRequestLine) -> tuple[object, ...]:
    pets = tuple(p.id for p in line.pets)
    return line.service_item_id, line.start_time, line.time_block_id, pets, line.note


def _group(own: list[JobRequestLine], found: Mapping[int, Refusal], quotes: Mapping[int, Quote]) -> Group:
    first = own[0]
    return Group(
        title=words.item_title(first.service_item),
        name=first.service_item.name,
        time=words.line_time(first),
        pets=drawings(first.pets),
        pet_names=words.names([p.name for p in first.pets]),
        note=first.note,
        price=words.amount(sum((quotes[x.id].price for x in own), Decimal(0))) if quotes else "",
        chips=[DayChip(x.public_id, x.on_date, say(found[x.id]) if x.id in found else "") for x in own],
    )
