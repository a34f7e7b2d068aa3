"""Which price rules hold for one day of a visit, and why the others do not: pure, without the database.

`pricing` makes figures of them, `price_list` saves them.
"""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from decimal import Decimal

from models import PriceEffect, PriceRule, PriceTarget
from workflows.errors import N_

SETS = {PriceEffect.SET_AMOUNT, PriceEffect.SET_PERCENT}
PERCENTS = {PriceEffect.SET_PERCENT, PriceEffect.ADD_PERCENT}


@dataclass(frozen=True)
class Rule:
    """A `PriceRule` as plain values, so that a book outlives the session that it was read with."""

    id: int
    name: str
    target: PriceTarget = PriceTarget.PRICE
    effect: PriceEffect = PriceEffect.SET_AMOUNT
    amount: Decimal | None = None
    percent: Decimal | None = None
    stops: bool = False
    service_item_id: int | None = None
    service_group_id: int | None = None
    client_type_id: int | None = None
    on_holiday: bool | None = None
    weekdays: int | None = None
    starts_from: dt.time | None = None
    starts_before: dt.time | None = None
    pets_from: int | None = None
    pets_to: int | None = None
    first_on: dt.date | None = None
    last_on: dt.date | None = None
    booked_within_hours: int | None = None

    @property
    def sets(self) -> bool:
        """Does it replace the price or pay (instead of adding to it)?"""
        return self.effect in SETS


def rule_of(row: PriceRule) -> Rule:
    """The row's values."""
    return Rule(**{field.name: getattr(row, field.name) for field in fields(Rule)})


@dataclass(frozen=True)
class Case:
    """One day of a visit as the rules see it.

    Only the day on which a visit begins has a start: on the later days of a stay `begins` and `starts_in` are None.
    """

    n_pets: int
    item_id: int | None = None
    group_id: int | None = None
    client_type_id: int | None = None
    on_date: dt.date | None = None
    is_holiday: bool = False
    begins: dt.time | None = None
    #: from the moment of booking until the visit begins
    starts_in: dt.timedelta | None = None


#: why a rule does not apply, by code
REASONS = {
    "item": N_("for another service"),
    "group": N_("for another group of services"),
    "client_type": N_("for another type of client"),
    "holiday": N_("only on public holidays"),
    "no_holiday": N_("not on public holidays"),
    "weekday": N_("for other days of the week"),
    "dates": N_("for other dates"),
    "time": N_("for another time of day"),
    "pets": N_("for another number of pets"),
    "booked": N_("booked early enough"),
    "agreed": N_("the client has an agreed price"),
    "not_first": N_("a rule before it sets the amount already"),
    "stopped": N_("a rule before it ends the list"),
}


def why_not(rule: Rule, case: Case) -> str | None:
    """The first condition of the rule that does not hold, as a code of `REASONS`; None when all of them hold."""
    if rule.service_item_id is not None and rule.service_item_id != case.item_id:
        return "item"
    if rule.service_group_id is not None and rule.service_group_id != case.group_id:
        return "group"
    if rule.client_type_id is not None and rule.client_type_id != case.client_type_id:
        return "client_type"
    return _why_not_day(rule, case.on_date, is_holiday=case.is_holiday) or _why_not_visit(rule, case)


def _why_not_day(rule: Rule, day: dt.date | None, *, is_holiday: bool) -> str | None:
    if rule.on_holiday is not None and (day is None or is_holiday is not rule.on_holiday):
        return "holiday" if rule.on_holiday else "no_holiday"
    if rule.weekdays is not None and (day is None or not rule.weekdays >> day.weekday() & 1):
        return "weekday"
    if rule.first_on is not None and (day is None or day < rule.first_on):
        return "dates"
    if rule.last_on is not None and (day is None or day > rule.last_on):
        return "dates"
    return None


def _why_not_visit(rule: Rule, case: Case) -> str | None:
    if (rule.starts_from or rule.starts_before) is not None and not _begins_within(rule, case.begins):
        return "time"
    if rule.pets_from is not None and case.n_pets < rule.pets_from:
        return "pets"
    if rule.pets_to is not None and case.n_pets > rule.pets_to:
        return "pets"
    within = rule.booked_within_hours
    if within is not None and (case.starts_in is None or case.starts_in >= dt.timedelta(hours=within)):
        return "booked"
    return None


def is_day(rule: Rule, day: dt.date | None, *, is_holiday: bool) -> bool:
    """Does the rule allow for this day, whatever the visit?"""
    return _why_not_day(rule, day, is_holiday=is_holiday) is None


def _begins_within(rule: Rule, begins: dt.time | None) -> bool:
    """From `starts_from` (included) until `starts_before` (excluded); over midnight when it ends before it starts."""
    if begins is None:
        return False
    first, end = rule.starts_from or dt.time(0), rule.starts_before
    if end is None:
        return begins >= first
    return first <= begins < end if first < end else begins >= first or begins < end


def judge(rules: Iterable[Rule], case: Case, *, has_agreed: bool = False) -> Iterator[tuple[Rule, str | None]]:
    """Every rule of one target, in order, with None if it applies, else with the code of the reason.

    Of the SET rules the first that matches applies, none where a price is agreed with the client; of the ADD rules
    every one. A rule that applies and `stops` is the last.
    """
    is_set, is_over = False, False
    for rule in rules:
        why = "stopped" if is_over else why_not(rule, case)
        if why is None and rule.sets:
            why = "agreed" if has_agreed else "not_first" if is_set else None
            is_set = True
        is_over = is_over or (why is None and rule.stops)
        yield rule, why
