"""Revenue by the day of the visit, and visits that no invoice has yet."""

from decimal import Decimal

import sqlalchemy as sa

from foundation.db import db
from foundation.types import Money
from models import Client, Job, JobState, PackageUse
from workflows.billing.visit_lines import to_invoice
from workflows.errors import N_
from workflows.reports import grouping
from workflows.reports.grouping import TOOK_PLACE, n_if, total_if
from workflows.reports.shapes import Column, Picture, Report, Row, Unit, Wish, largest_first, report

_NOTHING = sa.literal(Decimal(0), Money)


def revenue(wish: Wish) -> Report:
    """What visits of the period cost: those that took place at their price, cancelled ones at their fee.

    Void visits count nothing; those that still stand as scheduled are in a column of their own. Tax is in it where the
    prices include it. One query.
    """
    columns = (
        Column(grouping.LABELS[wish.by]),
        Column(N_("Revenue"), Unit.MONEY, is_card=True),
        Column(N_("Visits done"), Unit.COUNT, is_card=True),
        Column(N_("Of it cancellation fees"), Unit.MONEY, is_card=True),
        Column(N_("Still scheduled"), Unit.MONEY, is_card=True),
    )
    done, fee = Job.state.in_(TOOK_PLACE), Job.state == JobState.CANCELLED
    measures = (
        total_if(sa.or_(done, fee), Job.price), n_if(done), total_if(fee, Job.price),
        total_if(Job.state == JobState.SCHEDULED, Job.price),
    )  # fmt: skip
    where = [Job.state != JobState.VOIDED]
    if wish.new_only:
        where.append(grouping.is_new_client(wish.period))
    rows = grouping.rows_of_visits(wish, measures, columns, where)
    if wish.by == "time":
        return report(columns, rows, picture=Picture.TIME)
    return report(columns, largest_first([row for row in rows if any(row.cells[1:])]))


def uninvoiced(wish: Wish) -> Report:
    """Visits of the period that belong on an invoice and are on none, by client: what they cost now. One query.

    What a package pays costs nothing here.
    """
    columns = (
        Column(N_("Client")),
        Column(N_("Not invoiced"), Unit.MONEY, is_card=True),
        Column(N_("Visits"), Unit.COUNT, is_card=True),
        Column(N_("First"), Unit.DAY),
        Column(N_("Last"), Unit.DAY),
    )
    price = sa.case((PackageUse.id.is_(None), Job.price), else_=_NOTHING)
    # Added up by client and named afterwards. "+ 0" keeps SQLite from going through the index of the clients, which
    # would look up each of their visits by itself, when the days are found at once.
    client_id = (Job.client_id + 0).label("client_id")
    waiting = (
        sa.select(
            client_id, sa.func.sum(price).label("cost"), sa.func.count().label("n"), sa.func.min(Job.on_date).label("first"),
            sa.func.max(Job.on_date).label("last"),
        )
        .select_from(Job)
        .outerjoin(PackageUse, PackageUse.job_id == Job.id)
        .where(to_invoice(), Job.on_date.between(wish.period.first, wish.period.last))
        .group_by(client_id)
        .subquery()
    )  # fmt: skip
    found = db.session.execute(
        sa.select(
            Client.id, Client.first_name, Client.last_name, waiting.c.cost, waiting.c.n, waiting.c.first, waiting.c.last
        )
        .select_from(waiting)
        .join(Client, Client.id == waiting.c.client_id)
    )
    rows = [
        Row(client_id, (grouping.person(first, last), *sums), ("uninvoiced", client_id))
        for client_id, first, last, *sums in found
    ]
    return report(columns, largest_first(rows))
