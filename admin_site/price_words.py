"""Price rules and the lines of a price in words, for lists, the tester and the page of a visit."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext, ngettext

from admin_site import rows
from models import Job, PriceEffect, PriceRule, PriceTarget
from ui_kit import formats
from workflows.price_books import QuoteLine
from workflows.pricing import kept_lines


def effect(rule: Any) -> str:
    """What a rule does: "Price becomes $30.00", "+25% of the price". A row or a `price_rules.Rule`."""
    is_pay = rule.target is PriceTarget.PAY
    percent = f"{rule.percent.normalize():f}" if rule.percent is not None else ""
    match rule.effect:
        case PriceEffect.SET_AMOUNT:
            amount = rows.show(rule.amount)
            return (
                gettext("Pay is %(amount)s", amount=amount) if is_pay else gettext("Price is %(amount)s", amount=amount)
            )
        case PriceEffect.SET_PERCENT:
            return gettext("Pay is %(percent)s%% of the price", percent=percent)
        case PriceEffect.ADD_AMOUNT:
            sign = "+" if rule.amount >= 0 else "\u2212"
            return f"{sign}{rows.show(abs(rule.amount))}"
        case _:
            return f"+{percent}%" if rule.percent >= 0 else f"\u2212{percent.removeprefix('-')}%"


def conditions(rule: PriceRule) -> list[str]:
    """When a rule applies, one piece for each condition; nothing for one that always does."""
    found = [str(x) for x in (rule.service_item, rule.service_group, rule.client_type) if x is not None]
    if rule.on_holiday is not None:
        found.append(gettext("on public holidays") if rule.on_holiday else gettext("not on public holidays"))
    if rule.weekdays is not None:
        found.append(_weekdays(rule.weekdays))
    if rule.starts_from is not None or rule.starts_before is not None:
        found.append(_times(rule))
    if rule.pets_from is not None or rule.pets_to is not None:
        found.append(_pets(rule.pets_from, rule.pets_to))
    if rule.first_on is not None or rule.last_on is not None:
        found.append(_days(rule))
    if rule.booked_within_hours is not None:
        found.append(
            ngettext("booked less than %(num)d hour ahead", "booked less than %(num)d hours ahead", rule.booked_within_hours)
        )  # fmt: skip
    return found


def _weekdays(bits: int) -> str:
    first, names = formats.first_weekday(), formats.weekday_names()
    return ", ".join(short for n, (short, _long) in enumerate(names) if bits >> (first + n) % 7 & 1)


def _times(rule: PriceRule) -> str:
    first, end = rows.show(rule.starts_from), rows.show(rule.starts_before)
    if first and end:
        return gettext("begins from %(first)s, before %(end)s", first=first, end=end)
    return gettext("begins from %(first)s", first=first) if first else gettext("begins before %(end)s", end=end)


def _pets(least: int | None, most: int | None) -> str:
    if least == most:
        return ngettext("%(num)d pet", "%(num)d pets", least or 0)
    if most is None:
        return gettext("%(n)s pets or more", n=least)
    return gettext("up to %(n)s pets", n=most) if least is None else gettext("%(n)s to %(m)s pets", n=least, m=most)


def _days(rule: PriceRule) -> str:
    first, last = rows.show(rule.first_on), rows.show(rule.last_on)
    if first and last:
        return formats.time_span(first, last)
    return gettext("from %(day)s", day=first) if first else gettext("until %(day)s", day=last)


@dataclass(frozen=True)
class Line:
    """A line of a sum as a page shows it: what it is, on how many days it came to how much, and its amount."""

    text: str
    each: str
    amount: Any


def lines(of: Iterable[QuoteLine]) -> list[Line]:
    """The lines of a price or pay in the reader's language."""
    return [Line(gettext(x.text) % x.values, _each(x.values), x.amount) for x in of]


def _each(values: Any) -> str:
    if "n_days" not in values:
        return ""
    each = rows.show(Decimal(values["each"]))
    return ngettext("%(num)d day at %(each)s", "%(num)d days at %(each)s", values["n_days"], each=each)


def of_visit(job: Job) -> dict[str, list[Line]]:
    """The lines of a visit's price and pay, for "Why does this visit cost this?"; none for visits older than them.

    Of a cancelled visit they say what it cost before. What somebody changed by hand since is a line of its own.
    """
    price = job.price if job.prior_price is None else job.prior_price
    pay = job.sitter_pay if job.prior_sitter_pay is None else job.prior_sitter_pay
    return {
        "price_lines": with_rest(kept_lines(job.price_lines or [], PriceTarget.PRICE), price),
        "pay_lines": with_rest(kept_lines(job.price_lines or [], PriceTarget.PAY), pay),
    }


def with_rest(kept: list[QuoteLine], total: Decimal) -> list[Line]:
    """The lines in words, and one for what somebody changed by hand since."""
    rest = total - sum((x.amount for x in kept), Decimal(0))
    if not kept or not rest:
        return lines(kept)
    return [*lines(kept), Line(gettext("Changed by hand"), "", rest)]
