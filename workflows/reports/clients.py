"""How many clients come and go, and who has not been for long."""

import datetime as dt
from typing import Any

import sqlalchemy as sa

from foundation import clock, sql_days
from foundation.db import db
from models import Activity, Client, ClientStatus, Job, JobState
from workflows.errors import N_
from workflows.reports import grouping, periods
from workflows.reports.grouping import TOOK_PLACE
from workflows.reports.periods import Step
from workflows.reports.shapes import Column, Picture, Report, Row, Unit, Wish, report


def growth(wish: Wish) -> Report:
    """Clients who were added, archived, and had a visit that took place, month by month. Four queries.

    Added on the day their record was made; archived as the log says, each time; whoever has visits in several months is
    active in each, and once in the whole period.
    """
    columns = (
        Column(N_("Month")),
        Column(N_("New"), Unit.COUNT, is_card=True),
        Column(N_("Archived"), Unit.COUNT, is_card=True),
        Column(N_("With visits"), Unit.COUNT, adds_up=False, is_card=True),
    )
    period = wish.period
    found = periods.buckets(period, Step.MONTH)
    places = {(bucket.first.year, bucket.first.month): i for i, bucket in enumerate(found)}
    cells = [[0, 0, 0] for _bucket in found]
    for column, query in enumerate((_added(wish), _archived(wish))):
        for day, n in db.session.execute(query):
            cells[places[day.year, day.month]][column] += n
    for year, month, n in db.session.execute(_active(wish)):
        cells[places[int(year), int(month)]][2] = n
    ends = [*(bucket.first - dt.timedelta(days=1) for bucket in found[1:]), period.last]
    rows = [
        Row(i, (bucket, *cells[i]), ("days", (bucket.first, end)))
        for i, (bucket, end) in enumerate(zip(found, ends, strict=True))
    ]
    made = report(columns, rows, picture=Picture.TIME)
    once = db.session.scalar(sa.select(sa.func.count(sa.distinct(Job.client_id))).where(*_took_place(wish))) or 0
    return Report(made.columns, made.rows, (*made.totals[:3], once), made.main, made.picture)


def _moments(wish: Wish, column: Any) -> tuple[Any, Any]:  # noqa: ANN401 -- a column of moments
    """The local day of it, and the condition that it lies in the period."""
    first, last = wish.period.first, wish.period.last
    begin = clock.from_local(first, dt.time(0))
    end = clock.from_local(last + dt.timedelta(days=1), dt.time(0))
    return sql_days.local_day(column, first, last), sa.and_(column >= begin, column < end)


def _added(wish: Wish) -> sa.Select[*tuple[Any, ...]]:
    day, is_in = _moments(wish, Client.created_at)
    return _counted(day, is_in)


def _archived(wish: Wish) -> sa.Select[*tuple[Any, ...]]:
    day, is_in = _moments(wish, Activity.at)
    became = Activity.facts["changes"]["status"][1].as_string()
    return _counted(day, is_in, Activity.verb == "client.changed", became == ClientStatus.ARCHIVED.value)


def _counted(day: Any, *where: Any) -> sa.Select[*tuple[Any, ...]]:  # noqa: ANN401 -- SQL expressions
    """How many on each day; the day is made once, so that PostgreSQL sees that it is the same."""
    days = sa.select(day.label("day")).where(*where).subquery()
    return sa.select(days.c.day, sa.func.count()).group_by(days.c.day)


def _took_place(wish: Wish) -> tuple[Any, ...]:
    return Job.on_date.between(wish.period.first, wish.period.last), Job.state.in_(TOOK_PLACE)


def _active(wish: Wish) -> sa.Select[*tuple[Any, ...]]:
    months = sa.extract("year", Job.on_date), sa.extract("month", Job.on_date)
    return (
        sa.select(*months, sa.func.count(sa.distinct(Job.client_id))).where(*_took_place(wish)).group_by(*months)
    )  # fmt: skip


def lapsed(wish: Wish) -> Report:
    """Active clients whose last visit is so many days ago or more, and who have none ahead; the longest first. One query."""
    columns = (
        Column(N_("Client")),
        Column(N_("Visits so far"), Unit.COUNT),
        Column(N_("Last visit"), Unit.DAY),
        Column(N_("Mail"), Unit.TEXT),
        Column(N_("Phone"), Unit.TEXT),
    )
    today = clock.today()
    name = (Client.id, Client.first_name, Client.last_name, Client.email, Client.phone)
    ahead = sa.orm.aliased(Job)
    coming = sa.exists().where(
        ahead.client_id == Client.id, ahead.ends_on >= today, ahead.state.in_([JobState.SCHEDULED, *TOOK_PLACE])
    )
    last = sa.func.max(Job.on_date)
    found = db.session.execute(
        sa.select(*name, sa.func.count(), last)
        .join(Job, sa.and_(Job.client_id == Client.id, Job.state.in_(TOOK_PLACE)))
        .where(Client.status == ClientStatus.ACTIVE, ~coming)
        .group_by(*name)
        .having(last <= today - dt.timedelta(days=wish.days))
        .order_by(last, Client.id)
    )
    rows = [
        Row(client_id, (grouping.person(first, surname), n, day, mail or "", phone or ""), ("write", client_id))
        for client_id, first, surname, mail, phone, n, day in found
    ]
    return report(columns, rows, picture=Picture.NONE)
