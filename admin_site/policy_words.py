"""The cancellation policy in the office's words: when a rule holds, and what it does."""

from collections.abc import Iterator
from decimal import Decimal

from flask_babel import gettext, ngettext

from admin_site import rows
from models import CancellationRule, Initiator, NoticeKind, PolicyBasis, RefundTo


def percent(share: Decimal | None) -> str:
    """`50 %`."""
    return f"{(share or Decimal(0)).normalize():f} %"


def notice_words(rule: CancellationRule) -> str:
    """`less than 24 hours before the start`."""
    n, time = rule.notice_number or 0, rows.show(rule.notice_time)
    if rule.notice_kind is NoticeKind.HOURS:
        return ngettext("less than %(num)d hour before the start", "less than %(num)d hours before the start", n)
    if rule.notice_kind is NoticeKind.DAYS:
        return ngettext("less than %(num)d day before the date", "less than %(num)d days before the date", n)
    if rule.notice_kind is NoticeKind.CLOCK:
        if n == 0:
            return gettext("from %(time)s on the day itself", time=time)
        return ngettext("from %(time)s on the day before", "from %(time)s, %(num)d days before", n, time=time)
    if rule.notice_kind is NoticeKind.BUSINESS_CLOCK:
        if n == 0:
            return gettext("from %(time)s on the day itself, or the last business day before it", time=time)
        return ngettext(
            "from %(time)s on the business day before", "from %(time)s, %(num)d business days before", n, time=time
        )
    return ""


def conditions(rule: CancellationRule) -> list[str]:
    """When it holds, one condition each; "always" without any."""
    return list(_conditions(rule)) or [gettext("always")]


def _conditions(rule: CancellationRule) -> Iterator[str]:
    by_stay = rule.basis is PolicyBasis.STAY
    if rule.service_group is not None:
        yield gettext("services of the group %(group)s", group=str(rule.service_group))
    if rule.notice_kind is not None:
        words = notice_words(rule)
        yield gettext("%(notice)s, counted from the first visit of the stay", notice=words) if by_stay else words
    if rule.initiator is not None:
        yield gettext("the client cancels") if rule.initiator is Initiator.CLIENT else gettext("the office cancels")
    if rule.on_holiday is not None:
        yes = gettext("the stay touches a public holiday") if by_stay else gettext("on a public holiday")
        yield yes if rule.on_holiday else gettext("not on a public holiday")
    if rule.season_from and rule.season_to:
        yield gettext("visits from %(first)s to %(last)s of each year", first=rule.season_from, last=rule.season_to)
    if rule.stay_begun is not None:
        yield gettext("the stay has begun") if rule.stay_begun else gettext("the stay has not begun")
    if rule.stay_day_to:
        yield gettext("day %(first)s to %(last)s of what is cancelled", first=rule.stay_day_from or 1, last=rule.stay_day_to)  # fmt: skip
    elif rule.stay_day_from:
        yield gettext("from day %(first)s of what is cancelled", first=rule.stay_day_from)
    if rule.ends_series is not None:
        yield gettext("a repeating service is ended") if rule.ends_series else gettext("no repeating service is ended")
    yield from _allowances(rule)


def _allowances(rule: CancellationRule) -> Iterator[str]:
    if rule.allowance_visits is not None:
        yield gettext("fewer than %(n)s visits cancelled this year", n=rule.allowance_visits)
    if rule.allowance_months is not None:
        yield ngettext(
            "fewer visits cancelled this year than the client usually has in a month",
            "fewer visits cancelled this year than the client usually has in %(num)d months",
            rule.allowance_months,
        )


def outcome_words(rule: CancellationRule) -> tuple[str, str, str]:
    """What the client pays, what the sitter gets, and where money that was paid goes."""
    charge = _sum(rule.charge_percent, rule.charge_amount, gettext("of the price"), gettext("nothing"))
    if rule.charge_cap is not None:
        charge = gettext("%(charge)s, at most %(cap)s", charge=charge, cap=rows.show(rule.charge_cap))
    return charge, _sum(rule.pay_percent, rule.pay_amount, gettext("of the pay"), gettext("nothing")), refund_words(rule.refund_to)  # fmt: skip


def _sum(share: Decimal | None, amount: Decimal | None, of: str, nothing: str) -> str:
    parts = [f"{percent(share)} {of}"] if share else []
    parts += [str(rows.show(amount))] if amount else []
    return " + ".join(parts) or nothing


def refund_words(to: RefundTo) -> str:
    """Where money goes that was paid already."""
    return {
        RefundTo.CREDIT: gettext("kept as credit"),
        RefundTo.MONEY: gettext("paid back"),
        RefundTo.ASK: gettext("ask each time"),
    }[to]
