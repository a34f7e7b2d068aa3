"""What a visit costs the client and earns the sitter. One pure function; estimate, request and visit all use it.

Price of one day: the price agreed with the client, else the first matching SET rule, else the item's price; then the
extra pets; then every matching ADD rule. Pay of one day: the first matching SET rule for pay, else the item's own;
then the ADD rules for pay. Neither falls below zero.

A stay is priced day by day and the days are added up, so a holiday or a weekend costs its surcharge for the nights
that begin on it and for no other; the day of departure is not counted. What rules ask about the start (time of day,
booked at short notice) holds for the first day only, since the later days have no start.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any

from foundation import clock, money
from models import (
    Client,
    Job,
    JobRequestLine,
    PayKind,
    PriceTarget,
    ServiceItem,
    TimeBlock,
    TimeType,
)
from workflows.errors import N_
from workflows.price_books import Book, Quote, QuoteLine, load_book
from workflows.price_rules import PERCENTS, Case, Rule, judge
from workflows.wanted import Slot, Wanted


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
    """The price and pay of a visit, or of a stay of `n_days` charged days from `on_date` on, line by line.

    `begins` is its time, or the start of its block. `booked_at` is when it was asked for; hours of notice count from
    there to its start, for visits without a time to 00:00 of their day. What is not given matches no rule that asks
    for it. Without a `book` one is read; pass one where more than one visit is priced.
    """
    if book is None:
        day = on_date or clock.today()
        book = load_book([client] if client and client.id else [], day, day)
    _check_covers(book, client, on_date)
    agreed = book.agreed.get((client.id, item.id)) if client else None
    days = list(cases(
        item, n_pets=n_pets, n_days=n_days, client=client, on_date=on_date, begins=begins, booked_at=booked_at, book=book
    ))  # fmt: skip
    key = tuple(book.kind_of(item, case, agreed) for case in days)
    found = book.quotes.get(key)
    if found is None:
        found = book.quotes[key] = _sum_up(item, days, n_days, agreed, book)
    return found


def _sum_up(item: ServiceItem, days: Iterable[Case], n_days: int, agreed: Decimal | None, book: Book) -> Quote:
    price, pay = _Sum(n_days), _Sum(n_days)
    for case in days:
        extra = list(_extra_pets(item, case.n_pets, book.extra_pets.get(item.id, ())))
        of_day = price.add_day(_price_of_day(item, case, agreed, extra, book.price_rules))
        pay.add_day(_pay_of_day(item, case, of_day, book.pay_rules))
    return Quote(price.total, pay.total, price.lines(), pay.lines())


def cases(
    item: ServiceItem,
    *,
    n_pets: int,
    n_days: int,
    client: Client | None,
    on_date: dt.date | None,
    begins: dt.time | None,
    booked_at: dt.datetime | None,
    book: Book,
) -> Iterator[Case]:
    """The charged days as the rules see them; only the first has a start."""
    starts_in = None
    if booked_at is not None and on_date is not None:
        starts_in = dt.datetime.combine(on_date, begins or dt.time(0)) - clock.wall_clock(booked_at)
    type_id = client.client_type_id if client else None
    first = Case(n_pets, item.id, item.group_id, type_id, on_date, on_date in book.holidays, begins, starts_in)
    yield first
    for n in range(1, n_days):
        day = on_date + dt.timedelta(days=n) if on_date else None
        yield replace(first, on_date=day, is_holiday=day in book.holidays, begins=None, starts_in=None)


def _check_covers(book: Book, client: Client | None, on_date: dt.date | None) -> None:
    """A book that was read for other clients or days would quote a wrong price without a word."""
    if client is not None and client.id and book.client_ids is not None and client.id not in book.client_ids:
        raise LookupError(f"this price book was not read for client {client.id}")
    if on_date is not None and book.days is not None and not book.days[0] <= on_date <= book.days[1]:
        raise LookupError(f"this price book was not read for {on_date}")


# ----------------------------------------------------------------------------------------------------- one day


@dataclass(frozen=True)
class _Part:
    """What one line adds on one day. `place`: the base first, then extra pets, additions, and the floor."""

    place: int
    code: str
    text: str
    values: tuple[tuple[str, str | int], ...]
    amount: Decimal


_NAME_ONLY = N_("%(rule)s")


def _price_of_day(
    item: ServiceItem, case: Case, agreed: Decimal | None, extra: list[_Part], rules: tuple[Rule, ...]
) -> list[_Part]:  # fmt: skip
    applied = [rule for rule, why in judge(rules, case, has_agreed=agreed is not None) if why is None]
    setting = next((rule for rule in applied if rule.sets), None)
    if agreed is not None:
        base = _Part(0, "agreed", N_("%(service)s, agreed price"), (("service", item.name),), agreed)
    elif setting is not None:
        base = _by_rule(0, setting, item.price)
    else:
        base = _Part(0, "item", N_("%(service)s"), (("service", item.name),), item.price)
    return _with_additions([base, *extra], applied)


def _pay_of_day(item: ServiceItem, case: Case, price: Decimal, rules: tuple[Rule, ...]) -> list[_Part]:
    applied = [rule for rule, why in judge(rules, case) if why is None]
    setting = next((rule for rule in applied if rule.sets), None)
    if setting is not None:
        base = _by_rule(0, setting, price)
    elif item.pay_kind is PayKind.AMOUNT:
        base = _Part(0, "pay_amount", N_("Pay for %(service)s"), (("service", item.name),), item.pay_amount)
    else:
        share = money.round_half_up(price * item.pay_percent / 100)
        base = _Part(
            0, "pay_percent", N_("%(percent)s%% of the price"), (("percent", _plain(item.pay_percent)),), share
        )
    return _with_additions([base], applied)


def _by_rule(place: int, rule: Rule, of: Decimal) -> _Part:
    """The rule's amount, or its share of `of`, rounded half up."""
    if rule.effect not in PERCENTS:
        return _Part(place, f"rule:{rule.id}", _NAME_ONLY, (("rule", rule.name),), rule.amount or Decimal(0))
    percent = rule.percent or Decimal(0)
    return _Part(
        place, f"rule:{rule.id}", N_("%(rule)s, %(percent)s%%"), (("rule", rule.name), ("percent", _plain(percent))),
        money.round_half_up(of * percent / 100),
    )  # fmt: skip


def _with_additions(parts: list[_Part], applied: list[Rule]) -> list[_Part]:
    """The ADD rules, each of what there is before any of them; and what keeps the sum from falling below zero."""
    before = sum((p.amount for p in parts), Decimal(0))
    parts += [_by_rule(2, rule, before) for rule in applied if not rule.sets]
    total = sum((p.amount for p in parts), Decimal(0))
    if total < 0:
        parts.append(_Part(3, "floor", N_("Never below zero"), (), -total))
    return parts


def _extra_pets(item: ServiceItem, n_pets: int, steps: tuple[tuple[int, Decimal], ...]) -> Iterator[_Part]:
    """One part for each run of further pets that add the same."""
    each = [
        next((add for from_pet, add in reversed(steps) if from_pet <= pet), item.extra_pet_price)
        for pet in range(2, n_pets + 1)
    ]
    for add, run in groupby(enumerate(each, start=2), lambda pair: pair[1]):
        pets = [pet for pet, _ in run]
        if not add:
            continue
        if len(pets) == 1:
            yield _Part(1, "extra_pet", N_("Extra pet: no. %(first)s"), (("first", pets[0]),), add)
        else:
            between = (("first", pets[0]), ("last", pets[-1]))
            yield _Part(1, "extra_pets", N_("Extra pets: no. %(first)s to %(last)s"), between, add * len(pets))


def _plain(percent: Decimal) -> str:
    """'50' and '12.5', not '50.00'."""
    return f"{percent.normalize():f}"


class _Sum:
    """Adds up days; what came to the same on several days becomes one line."""

    def __init__(self, n_days: int) -> None:
        self.n_days, self.total = n_days, money.from_minor(0)
        self._seen: dict[_Part, int] = {}

    def add_day(self, parts: list[_Part]) -> Decimal:
        """Take in one day; what it came to."""
        for part in parts:
            self._seen[part] = self._seen.get(part, 0) + 1
        of_day = sum((p.amount for p in parts), Decimal(0))
        self.total += of_day
        return of_day

    def lines(self) -> tuple[QuoteLine, ...]:
        """Base, extra pets, additions, each in the order in which they came up."""
        return tuple(self._line(part, n) for part, n in sorted(self._seen.items(), key=lambda pair: pair[0].place))

    def _line(self, part: _Part, n: int) -> QuoteLine:
        values: dict[str, Any] = dict(part.values)
        if self.n_days > 1:
            values |= {"n_days": n, "each": str(money.from_minor(money.to_minor(part.amount)))}
        return QuoteLine(part.code, part.text, values, money.from_minor(money.to_minor(part.amount * n)))


# ----------------------------------------------------------------------------------- for requests and for visits


def start_of(start_time: dt.time | None, block: TimeBlock | None) -> dt.time | None:
    """When a visit begins for the rules: at its time, else with its block."""
    return start_time or (block.starts_at if block else None)


def quote_slot(wanted: Wanted, slot: Slot, client: Client, *, booked_at: dt.datetime, book: Book) -> Quote:
    """One visit of what is wanted."""
    return quote(
        wanted.item, n_pets=len(wanted.pets), client=client, on_date=slot.on_date,
        begins=start_of(slot.start_time, slot.block), booked_at=booked_at, book=book,
    )  # fmt: skip


def quote_line(line: JobRequestLine, *, booked_at: dt.datetime | None, book: Book) -> Quote:
    """A requested visit as it is now."""
    return quote(
        line.service_item, n_pets=len(line.pets), n_days=charged_days(line.on_date, line.ends_on), client=line.client,
        on_date=line.on_date, begins=start_of(line.start_time, line.time_block), booked_at=booked_at, book=book,
    )  # fmt: skip


def charged_days(on_date: dt.date, ends_on: dt.date | None) -> int:
    """A stay from Friday to Sunday is two nights; a stay within one day counts as one."""
    return max((ends_on - on_date).days, 1) if ends_on else 1


def days_of(job: Job) -> int:
    """The charged days of a visit: more than one only for a stay."""
    is_stay = job.end_time is not None or job.service_item.time_type is TimeType.ALL_DAY
    return charged_days(job.on_date, job.ends_on if is_stay else None)


def asked_at(job: Job) -> dt.datetime | None:
    """When a visit was asked for by its client, else when it was booked; a series is never booked at short notice."""
    if job.repeat_id is not None:
        return None
    line = job.request_line
    return line.submitted_at if line is not None and line.submitted_at is not None else job.created_at


def quote_job(job: Job, *, book: Book) -> Quote:
    """A visit as it stands, by today's list."""
    return quote(
        job.service_item, n_pets=len(job.pets), n_days=days_of(job), client=job.client, on_date=job.on_date,
        begins=start_of(job.start_time, job.time_block), booked_at=asked_at(job), book=book,
    )  # fmt: skip


def lines_to_keep(figures: Quote) -> list[dict[str, Any]]:
    """The lines of price and pay as plain JSON, for `Job.price_lines`; `kept_lines` reads them."""
    return [
        {"of": of, "code": x.code, "text": x.text, "values": dict(x.values), "amount": str(x.amount)}
        for of, lines in ((PriceTarget.PRICE, figures.lines), (PriceTarget.PAY, figures.pay_lines))
        for x in lines
    ]


def fee_lines(fee: Decimal, pay: Decimal, rule_name: str) -> list[dict[str, Any]]:
    """What a moved date costs and pays on top, among the lines that explain a visit's figures."""
    texts = (
        ("price", fee, N_("Fee for the moved date: %(rule)s"), N_("Fee for the moved date")),
        ("pay", pay, N_("Pay for the moved date: %(rule)s"), N_("Pay for the moved date")),
    )
    values = {"rule": rule_name} if rule_name else {}
    return [
        {"of": of, "code": "change_fee", "text": by_rule if values else alone, "values": values, "amount": str(amount)}
        for of, amount, by_rule, alone in texts
        if amount
    ]


def kept_lines(kept: Iterable[Mapping[str, Any]], of: PriceTarget) -> list[QuoteLine]:
    """The lines of price or of pay from what `lines_to_keep` made."""
    return [QuoteLine(x["code"], x["text"], x["values"], Decimal(x["amount"])) for x in kept if x["of"] == of]
