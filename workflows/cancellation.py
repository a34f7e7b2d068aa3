"""What calling a visit off costs: the cancellation policy, in one preview for portal, office and auto-approval.

`decide` is pure: the ordered rules over the facts of one visit, the first whose conditions all hold decides.
`cancellation_facts` gathers the facts, `cancelling` does it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from foundation import clock, money
from models import CancellationRule, Initiator, Job, PolicyBasis, RefundTo
from workflows import cancellation_facts, notice
from workflows.cancellation_facts import Facts
from workflows.errors import N_, WorkflowError

__all__ = ["FREE", "Facts", "Outcome", "Verdict", "WhyNot", "decide", "explain", "preview", "verdicts", "why_not"]


@dataclass(frozen=True)
class Outcome:
    """What a cancelled visit costs the client, earns its sitter, and where money that was paid for it goes."""

    charge: Decimal
    sitter_pay: Decimal
    refund_to: RefundTo = RefundTo.CREDIT
    #: the rule that decided, "" when none applied
    rule_name: str = ""


FREE = Outcome(Decimal(0), Decimal(0))


def preview(
    jobs: Sequence[Job], *, initiator: Initiator, now: dt.datetime | None = None, ends_series: bool = False
) -> dict[int, Outcome]:
    """What cancelling these visits together now would cost: {job id: outcome}. Without a rule it is free.

    The visits may be of several clients. Those of one client count together: as days of what is called off of a
    stay, and one after the other against a free allowance. A fixed number of queries.
    """
    rules, facts = cancellation_facts.gather(jobs, initiator=initiator, now=now or clock.now(), ends_series=ends_series)
    return {job_id: decide(rules, own) for job_id, own in facts.items()}


# ---------------------------------------------------------------------------------------------------------- deciding


def decide(rules: Sequence[CancellationRule], facts: Facts) -> Outcome:
    """The outcome for one visit: free without a rule that holds.

    A booking over several days is looked at day by day when a rule asks for days of the stay: each rule then gets the
    share of price and pay of the days that it decides, and its flat amounts once.
    """
    found = _by_rule(rules, facts)
    outcome = FREE
    for rule, price, pay in found:
        part = _outcome(rule, price, pay) if rule else FREE
        first = rule is not None and not outcome.rule_name
        outcome = Outcome(
            outcome.charge + part.charge,
            outcome.sitter_pay + part.sitter_pay,
            part.refund_to if first else outcome.refund_to,
            " + ".join(n for n in (outcome.rule_name, part.rule_name) if n)[:120],
        )
    return replace(outcome, charge=min(outcome.charge, facts.price))


def _by_rule(rules: Sequence[CancellationRule], facts: Facts) -> list[tuple[CancellationRule | None, Decimal, Decimal]]:
    """The rules that decide, each with its share of price and pay; None for days without a rule."""
    days = _days(rules, facts)
    shares: dict[int, tuple[CancellationRule | None, Decimal, Decimal]] = {}
    for i, day in enumerate(days):
        rule = next((r for r in rules if why_not(r, day) is None), None)
        key = rules.index(rule) if rule is not None else -1
        _rule, price, pay = shares.get(key, (rule, Decimal(0), Decimal(0)))
        shares[key] = (
            rule, price + _share(facts.price, i, len(days)), pay + _share(facts.sitter_pay, i, len(days)),
        )  # fmt: skip
    return list(shares.values())


def _days(rules: Sequence[CancellationRule], facts: Facts) -> list[Facts]:
    by_day = facts.n_days > 1 and any(r.stay_day_from or r.stay_day_to for r in rules)
    return [replace(facts, stay_day=facts.stay_day + i) for i in range(facts.n_days)] if by_day else [facts]


def _share(total: Decimal, i: int, n: int) -> Decimal:
    """The ith of n equal shares that add up to the total exactly."""
    return money.round_half_up(total * (i + 1) / n) - money.round_half_up(total * i / n)


def _outcome(rule: CancellationRule, price: Decimal, pay: Decimal) -> Outcome:
    charge = money.round_half_up(price * (rule.charge_percent or 0) / 100) + (rule.charge_amount or 0)
    if rule.charge_cap is not None:
        charge = min(charge, rule.charge_cap)
    earns = money.round_half_up(pay * (rule.pay_percent or 0) / 100) + (rule.pay_amount or 0)
    return Outcome(min(charge, price), earns, rule.refund_to or RefundTo.CREDIT, rule.name)


# -------------------------------------------------------------------------------------------------------- conditions


@dataclass(frozen=True)
class WhyNot:
    """Why a rule does not hold: a stable code and a sentence, for the office."""

    code: str
    message: str
    values: Mapping[str, object]

    def error(self) -> WorkflowError:
        """The same as something that can be said in the reader's language."""
        return WorkflowError(self.code, self.message, values=self.values)


def _no(code: str, message: str, **values: object) -> WhyNot:
    return WhyNot(code, message, values)


def why_not(rule: CancellationRule, facts: Facts) -> WhyNot | None:
    """The first condition of the rule that does not hold for this visit, or None when all hold."""
    return _why_not_here(rule, facts) or _why_not_of_stay(rule, facts) or _why_not_now(rule, facts)


def _why_not_here(rule: CancellationRule, facts: Facts) -> WhyNot | None:
    """What the rule asks of the visit itself and of who calls it off."""
    if rule.is_active is False:
        return _no("off", N_("This rule is switched off."))
    if rule.service_group_id is not None and rule.service_group_id != facts.group_id:
        return _no("group", N_("Only for services of the group %(group)s."), group=str(rule.service_group or ""))
    if rule.initiator is not None and rule.initiator is not facts.initiator:
        by_client = rule.initiator is Initiator.CLIENT
        return _no(
            "initiator", N_("Only when the client cancels.") if by_client else N_("Only when the office cancels.")
        )
    if rule.ends_series is not None and rule.ends_series != facts.ends_series:
        ends = N_("Only when a repeating service is ended.")
        return _no("series", ends if rule.ends_series else N_("Not when a repeating service is ended."))
    holiday = facts.stay_on_holiday if rule.basis is PolicyBasis.STAY else facts.on_holiday
    if rule.on_holiday is not None and rule.on_holiday != holiday:
        return _no("holiday", N_("Only on public holidays.") if rule.on_holiday else N_("Not on public holidays."))
    if rule.season_from and rule.season_to and not _in_season(rule.season_from, rule.season_to, facts.begins.date()):
        return _no("season", N_("Only from %(first)s to %(last)s (month-day)."), first=rule.season_from, last=rule.season_to)  # fmt: skip
    return None


def _in_season(first: str, last: str, day: dt.date) -> bool:
    here = f"{day:%m-%d}"
    return first <= here <= last if first <= last else here >= first or here <= last


def _why_not_of_stay(rule: CancellationRule, facts: Facts) -> WhyNot | None:
    if rule.stay_begun is not None and rule.stay_begun != facts.stay_begun:
        begun = N_("Only when the stay has begun.")
        return _no("stay_begun", begun if rule.stay_begun else N_("Only before the stay begins."))
    first, last = rule.stay_day_from or 1, rule.stay_day_to
    if facts.stay_day < first or (last is not None and facts.stay_day > last):
        if last is None:
            return _no("stay_day", N_("Only from day %(first)s of what is cancelled of the stay."), first=first)
        return _no("stay_day", N_("Only for days %(first)s to %(last)s of what is cancelled of the stay."), first=first, last=last)  # fmt: skip
    return None


def _why_not_now(rule: CancellationRule, facts: Facts) -> WhyNot | None:
    """What the rule asks of the moment: notice, and the client's allowance."""
    begins = (facts.stay_begins if rule.basis is PolicyBasis.STAY else None) or facts.begins
    begin = notice.cut_off(rule, begins=begins, off=facts.off)
    if begin is not None and rule.notice_kind is not None and facts.now < begin:
        return _no("notice", notice.IN_TIME[rule.notice_kind], n=rule.notice_number or 0, when=begin)
    used, monthly = facts.counts_for(rule.service_group_id)
    most = [] if rule.allowance_visits is None else [rule.allowance_visits]
    if rule.allowance_months is not None:
        most.append(_whole(monthly * rule.allowance_months))
    if most and used >= min(most):
        return _no("allowance", N_("The allowance of %(n)s visits this year is used up."), n=min(most))
    return None


def _whole(number: Decimal) -> int:
    """A number of visits, halves up."""
    return int(number + Decimal("0.5"))


# -------------------------------------------------------------------------------------------------------- explaining


@dataclass(frozen=True)
class Verdict:
    """What one rule says to one visit: the reason why it does not hold, or that it decides."""

    rule: CancellationRule
    #: None for a rule that decides, and for those after it, which are not asked
    why_not: WhyNot | None
    decides: bool


def verdicts(rules: Sequence[CancellationRule], facts: Facts) -> list[Verdict]:
    """Every rule in order, up to and including the one that decides (for the last of the days, of several)."""
    days = _days(rules, facts)
    left, found = list(days), []
    for rule in rules:
        if not left:
            break
        reasons = [why_not(rule, day) for day in left]
        found.append(Verdict(rule, reasons[0] if None not in reasons else None, decides=None in reasons))
        left = [day for day, reason in zip(left, reasons, strict=True) if reason is not None]
    return found


def explain(
    job: Job, *, initiator: Initiator, now: dt.datetime | None = None, ends_series: bool = False
) -> tuple[Outcome, list[Verdict], Facts]:
    """What cancelling this one visit would cost and why, rule by rule."""
    rules, facts = cancellation_facts.gather(
        [job], initiator=initiator, now=now or clock.now(), ends_series=ends_series
    )
    own = facts[job.id]
    return decide(rules, own), verdicts(rules, own), own
