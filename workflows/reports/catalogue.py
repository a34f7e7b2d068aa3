"""Every report with its words, who may open it, and what may be chosen; and making one."""

from collections.abc import Iterable
from dataclasses import replace

from workflows.actors import Actor
from workflows.errors import N_
from workflows.permissions import Permission
from workflows.reports import books, clients, desk, earned, owed, papers, periods, revenue, visits
from workflows.reports.grouping import labels
from workflows.reports.periods import Compared
from workflows.reports.shapes import Report, Subject, Wish, beside

MONEY, PAY, VISITS, CLIENTS, DESK = N_("Money"), N_("Sitters' pay"), N_("Visits"), N_("Clients"), N_("Keys and pets")
_FINANCES, _PAY = frozenset({Permission.FINANCES}), frozenset({Permission.PAY})
_OF_VISITS = ("service", "group", "client", "sitter", "type", "town")

SUBJECTS: tuple[Subject, ...] = (
    Subject(
        "revenue", MONEY, N_("Revenue by visit"), N_("What visits bring in, by month, service, client or sitter."),
        N_("By the day of the visit: visits that took place at their price, cancelled ones at their fee. Void visits do not count; tax is in it if your prices include it."),
        revenue.revenue, _FINANCES, labels("time", *_OF_VISITS), offers_new=True,
    ),
    Subject(
        "invoiced", MONEY, N_("Revenue by invoice"), N_("What was invoiced, voided and credited."),
        N_("By the day of issue, before tax: invoices, less those voided that day, less credit notes, plus debit notes, as in the books. Deposits are no revenue."),
        books.invoiced, _FINANCES, labels("time", "client"),
    ),
    Subject(
        "received", MONEY, N_("Payments received"), N_("What came in, by day or by method, and what went back."),
        N_("By the day of the payment, tips included: payments, less what was returned, voided, refunded or lost in a dispute, as in the books."),
        books.received, _FINANCES, labels("time", "method", "client"),
    ),
    Subject(
        "uninvoiced", MONEY, N_("Not invoiced"), N_("Visits that are on no invoice yet, by client."),
        N_("By the day of the visit: visits that cost something, or took place or will, and stand on no invoice and no draft. What a package pays costs nothing here."),
        revenue.uninvoiced, _FINANCES,
    ),
    Subject(
        "unpaid", MONEY, N_("Unpaid and ageing"), N_("Who owes how much, and for how long."),
        N_("As of today: what is outstanding on issued invoices, by the days since they were due. Credit that clients hold is not taken off."),
        owed.unpaid, _FINANCES, has_period=False,
    ),
    Subject(
        "balances", MONEY, N_("Client balances"), N_("Where every client stands: owed, credit, deposits."),
        N_("As of today, from the books: balance is what is owed less credit on account. Deposits stand apart."),
        owed.balances, _FINANCES, has_period=False,
    ),
    Subject(
        "tax", MONEY, N_("Tax"), N_("Tax at each rate on what was invoiced."),
        N_("By the day of issue, rounded as on each invoice: invoices, less those voided in the period, less credit notes, plus debit notes."),
        papers.tax, _FINANCES,
    ),
    Subject(
        "notes", MONEY, N_("Credit and debit notes"), N_("What was given back or asked for afterwards, and why."),
        N_("By the day a note was committed. Credit notes stand below zero; a note that was undone with its invoice is taken off again."),
        papers.notes, _FINANCES,
    ),
    Subject(
        "staff-pay", PAY, N_("Sitters' pay"), N_("What each sitter earned, and what is still to be paid."),
        N_("As it stands now: visits by their last day once they are done or cancelled with pay, tips by the day they were received, extras by their own day."),
        earned.staff_pay, _PAY,
    ),
    Subject(
        "tips", PAY, N_("Tips"), N_("Who gets how much of the tips."),
        N_("Sitters' shares of tips, by the day the payment was received, without what was refunded."), earned.tips, _PAY,
    ),
    Subject(
        "visits", VISITS, N_("Visits"), N_("Done, scheduled, cancelled: by time, service, client or sitter; and the hours."),
        N_("By the day of the visit. Hours planned are the minutes of the visits that took place; hours checked lie between check-in and check-out."),
        visits.visits, groups=labels("sitter", "time", "service", "group", "client", "type", "town"),
    ),
    Subject(
        "cancellations", VISITS, N_("Cancellations"), N_("How many, by whom, why, and how long before."),
        N_("By the day of the visit. Notice counts calendar days from the day of the cancellation. Lost is the price less the fee."),
        visits.cancellations, groups=labels("reason", "by", "notice", "time", "service", "client", "sitter"),
    ),
    Subject(
        "busiest", VISITS, N_("Busiest times"), N_("On which weekdays and at which hours visits begin."),
        N_("Visits that took place or are scheduled, by when they begin; a visit in a block counts at the start of the block."),
        visits.busiest,
    ),
    Subject(
        "growth", CLIENTS, N_("Client growth"), N_("New, archived and active clients, month by month."),
        N_("New by the day the record was made, archived as the log says, with visits when one took place. The sum counts a client with visits once."),
        clients.growth,
    ),
    Subject(
        "lapsed", CLIENTS, N_("Clients who have not been for long"), N_("No visit for some time and none ahead: write to them."),
        N_("As of today: active clients with at least one visit that took place, the last one so many days ago or more, and none ahead."),
        clients.lapsed, has_period=False, days=(60, 30, 90, 180, 365),
    ),
    Subject(
        "keys", DESK, N_("Keys"), N_("How many keys are where."), N_("As of today: keys in use, without retired ones."),
        desk.keys, has_period=False,
    ),
    Subject(
        "keys-missing", DESK, N_("Keys still required"), N_("Which sitter still has to get which client's key."),
        N_("Visits of today and the days that the settings look ahead, whose sitter does not hold a key that is needed."),
        desk.keys_missing, has_period=False,
    ),
    Subject(
        "vaccinations", DESK, N_("Vaccinations"), N_("Which have run out or will soon."),
        N_("As of today: vaccinations of active pets, without those that a newer one replaced."),
        desk.vaccinations, has_period=False, days=(30, 0, 60, 90),
    ),
)  # fmt: skip

_BY_NAME = {subject.name: subject for subject in SUBJECTS}


def find(name: str) -> Subject | None:
    """The report of this name."""
    return _BY_NAME.get(name)


def may(actor: Actor, subject: Subject) -> bool:
    """May this person open it? Everybody of the office may what says nothing about money."""
    return actor.may(Permission.OFFICE) and all(actor.may(needed) for needed in subject.needs)


def open_to(actor: Actor) -> list[tuple[str, list[Subject]]]:
    """What this person may open, under its headings."""
    found: dict[str, list[Subject]] = {}
    for subject in _allowed(actor):
        found.setdefault(subject.heading, []).append(subject)
    return list(found.items())


def _allowed(actor: Actor) -> Iterable[Subject]:
    return (subject for subject in SUBJECTS if may(actor, subject))


def make(subject: Subject, wish: Wish, *, compared: Compared = Compared.NOTHING, actor: Actor) -> Report:
    """The report, beside the period that it is compared with. NotAllowed without its permissions.

    Always the same number of queries, twice as many with a comparison.
    """
    actor.require(Permission.OFFICE)
    for needed in sorted(subject.needs):
        actor.require(needed)
    by = wish.by if wish.by in subject.groups else next(iter(subject.groups), "")
    days = wish.days if wish.days in subject.days else next(iter(subject.days), 0)
    asked = replace(
        wish, by=by, days=days, new_only=wish.new_only and subject.offers_new,
        step=periods.step_for(wish.period, wish.step), may_money=actor.may(Permission.FINANCES),
    )  # fmt: skip
    found = subject.figures(asked)
    other = periods.before(wish.period, compared) if subject.has_period else None
    return found if other is None else beside(found, subject.figures(replace(asked, period=other)))
