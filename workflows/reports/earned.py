"""What sitters earned: pay for visits, tips, extras; what runs have of it and what is still to come."""

from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from foundation import money
from foundation.db import db
from models import Job, JobState, PayLine, PayLineKind, Payment, Staff, TipShare
from workflows.errors import N_
from workflows.pay import due
from workflows.reports import grouping
from workflows.reports.grouping import n_if, total_if
from workflows.reports.shapes import Column, Report, Row, Unit, Wish, largest_first, report

_PLACES = ("all", "visits", "minutes", "done", "cancelled", "tips", "extras", "paid")


def staff_pay(wish: Wish) -> Report:
    """What each sitter earned in the period as it stands now, and how much of it is on pay runs. Five queries.

    A visit counts on its last day once it is done, or called off with pay; a tip on the day it was received; an extra on
    its own day. Over all time, what is still to be paid is what the next run pays.
    """
    columns = (
        Column(N_("Sitter")),
        Column(N_("Earned"), Unit.MONEY, is_card=True),
        Column(N_("Visits done"), Unit.COUNT, is_card=True),
        Column(N_("Hours"), Unit.TIME, is_card=True),
        Column(N_("For visits"), Unit.MONEY),
        Column(N_("For cancelled visits"), Unit.MONEY),
        Column(N_("Tips"), Unit.MONEY),
        Column(N_("Extras"), Unit.MONEY),
        Column(N_("On pay runs"), Unit.MONEY),
        Column(N_("Still to be paid"), Unit.MONEY, is_card=True),
    )
    zero = money.from_minor(0)
    own: dict[int, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(_PLACES, zero) | {"visits": 0, "minutes": 0})
    for names, query in _queries(wish):
        for staff_id, *found in db.session.execute(query):
            for name, amount in zip(names, found, strict=True):
                own[staff_id][name] = own[staff_id][name] + (amount or 0)
    people = {row[0]: row[1:] for row in db.session.execute(sa.select(Staff.id, Staff.first_name, Staff.last_name))}
    rows = []
    for staff_id, sums in own.items():
        all_of_it = sums["done"] + sums["cancelled"] + sums["tips"] + sums["extras"]
        cells = (
            all_of_it, sums["visits"], sums["minutes"], sums["done"], sums["cancelled"], sums["tips"], sums["extras"],
            sums["paid"], all_of_it - sums["paid"],
        )  # fmt: skip
        if any(cells):
            rows.append(Row(staff_id, (grouping.person(*people[staff_id]), *grouping.filled(cells, columns[1:])), ("pay", staff_id)))  # fmt: skip
    return report(columns, largest_first(rows))


def _queries(wish: Wish) -> list[tuple[tuple[str, ...], sa.Select[*tuple[Any, ...]]]]:
    first, last = wish.period.first, wish.period.last
    done = Job.state == JobState.COMPLETED
    counts_or_waits = sa.and_(PayLine.kind == PayLineKind.EXTRA, PayLine.released_at.is_(None))
    return [
        (
            ("visits", "minutes", "done", "cancelled"),
            sa.select(
                Job.sitter_id, n_if(done), total_if(done, Job.duration_minutes), total_if(done, Job.sitter_pay),
                total_if(Job.state == JobState.CANCELLED, Job.sitter_pay),
            )
            .where(Job.state.in_(due.PAYING), Job.sitter_id.is_not(None), Job.ends_on.between(first, last))
            .group_by(Job.sitter_id),
        ),
        (("tips",), _tips(wish, sa.func.sum(TipShare.amount))),
        (
            ("extras",),
            sa.select(PayLine.staff_id, sa.func.sum(PayLine.amount))
            .where(counts_or_waits, PayLine.on_date.between(first, last))
            .group_by(PayLine.staff_id),
        ),
        (
            ("paid",),
            sa.select(PayLine.staff_id, sa.func.sum(PayLine.amount))
            .where(due.counts(), PayLine.on_date.between(first, last))
            .group_by(PayLine.staff_id),
        ),
    ]  # fmt: skip


def _tips(wish: Wish, *measures: Any) -> sa.Select[*tuple[Any, ...]]:  # noqa: ANN401 -- SQL expressions
    return (
        sa.select(TipShare.staff_id, *measures)
        .join(Payment, Payment.id == TipShare.payment_id)
        .where(Payment.received_on.between(wish.period.first, wish.period.last))
        .group_by(TipShare.staff_id)
    )


def tips(wish: Wish) -> Report:
    """Sitters' shares of the tips that were received in the period, without what went back. One query."""
    columns = (
        Column(N_("Sitter")),
        Column(N_("Tips"), Unit.MONEY, is_card=True),
        Column(N_("Shares"), Unit.COUNT, is_card=True),
    )
    shares = _tips(wish, sa.func.sum(TipShare.amount).label("amount"), n_if(TipShare.amount > 0).label("n")).subquery()
    found = db.session.execute(
        sa.select(Staff.id, Staff.first_name, Staff.last_name, shares.c.amount, shares.c.n)
        .join(shares, shares.c.staff_id == Staff.id)
    )  # fmt: skip
    rows = [
        Row(staff_id, (grouping.person(first, last), *grouping.filled(sums, columns[1:])), ("pay", staff_id))
        for staff_id, first, last, *sums in found
    ]
    return report(columns, largest_first([row for row in rows if row.cells[1]]))
