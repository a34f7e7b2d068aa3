"""How figures are put together: by day, week or month, by service, group, client, sitter, kind of client, town."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import Client, ClientType, Job, JobState, ServiceGroup, ServiceItem, Staff
from workflows.errors import N_
from workflows.reports import periods
from workflows.reports.periods import Period
from workflows.reports.shapes import Column, Row, Said, Wish, nothing

#: what a group of nothing is called
NOBODY, NO_GROUP, NO_TYPE, NO_TOWN = Said(N_("Nobody")), Said(N_("No group")), Said(N_("No type")), Said(N_("No town"))


@dataclass(frozen=True)
class Group:
    """Columns that make a group and its name, how they hang together with visits, and what the name links to."""

    columns: tuple[Any, ...]
    joins: tuple[tuple[Any, Any], ...]
    name: Callable[..., Any]
    about: str = ""


def person(first: str | None, last: str | None) -> Any:  # noqa: ANN401 -- a name, or what is said in its place
    """A name as it is shown."""
    return f"{first or ''} {last or ''}".strip() or NOBODY


_SERVICE = (ServiceItem, ServiceItem.id == Job.service_item_id)
_CLIENT = (Client, Client.id == Job.client_id)
#: the ways to put visits together, beside time
OF_VISITS: dict[str, Group] = {
    "service": Group((ServiceItem.id, ServiceItem.name), (_SERVICE,), lambda name: name, "service"),
    "group": Group(
        (ServiceGroup.id, ServiceGroup.name),
        (_SERVICE, (ServiceGroup, ServiceGroup.id == ServiceItem.group_id)),
        lambda name: name or NO_GROUP,
    ),
    "client": Group((Client.id, Client.first_name, Client.last_name), (_CLIENT,), person, "client"),
    "sitter": Group((Staff.id, Staff.first_name, Staff.last_name), ((Staff, Staff.id == Job.sitter_id),), person, "sitter"),
    "type": Group(
        (ClientType.id, ClientType.name),
        (_CLIENT, (ClientType, ClientType.id == Client.client_type_id)),
        lambda name: name or NO_TYPE,
    ),
    "town": Group((Client.city,), (_CLIENT,), lambda: NO_TOWN),
}  # fmt: skip

LABELS: dict[str, str] = {
    "time": N_("Time"), "service": N_("Service"), "group": N_("Service group"), "client": N_("Client"), "sitter": N_("Sitter"),
    "type": N_("Client type"), "town": N_("Town"), "method": N_("Method"), "reason": N_("Reason"), "by": N_("By whom"),
    "notice": N_("Notice"), "state": N_("State"), "rate": N_("Tax"),
}  # fmt: skip


def labels(*keys: str) -> dict[str, str]:
    """The choices of a report, in this order."""
    return {key: LABELS[key] for key in keys}


#: a visit that is under way or done: it took place
TOOK_PLACE = (JobState.IN_PROGRESS, JobState.COMPLETED)


def is_new_client(period: Period) -> Any:  # noqa: ANN401 -- a condition
    """Visits of clients of whom none took place before the period."""
    earlier = sa.orm.aliased(Job)
    return ~sa.exists().where(
        earlier.client_id == Job.client_id, earlier.on_date < period.first, earlier.state.in_(TOOK_PLACE)
    )


def rows_of_visits(
    wish: Wish, measures: Sequence[Any], columns: Sequence[Column], where: Sequence[Any] = ()
) -> list[Row]:
    """One row for each group of the visits of the period, each with these sums; one query."""
    of = Job.on_date.between(wish.period.first, wish.period.last), *where
    if wish.by == "time":
        found = sa.select(Job.on_date, *measures).where(*of).group_by(Job.on_date)
        return rows_of_time(wish, db.session.execute(found), columns)
    group = OF_VISITS[wish.by]
    query = sa.select(*group.columns, *measures).select_from(Job)
    for table, on in group.joins:
        query = query.outerjoin(table, on)
    n = len(group.columns)
    return [
        named(tuple(found[:n]), tuple(found[n:]), columns, group)
        for found in db.session.execute(query.where(*of).group_by(*group.columns))
    ]


def named(key: tuple[Any, ...], sums: tuple[Any, ...], columns: Sequence[Column], group: Group) -> Row:
    """A group's row."""
    name = key[0] or group.name() if len(key) == 1 else group.name(*key[1:])
    about = (group.about, key[0]) if group.about and key[0] is not None else None
    return Row(key[0], (name, *filled(sums, columns[1:])), about)


def filled(sums: Iterable[Any], columns: Sequence[Column]) -> tuple[Any, ...]:
    """Sums over nothing are nothing, and what PostgreSQL counts as a decimal is a number."""
    cells = []
    for amount, column in zip(sums, columns, strict=True):
        zero = nothing(column.unit)
        cells.append(zero if amount is None else int(amount) if isinstance(zero, int) else amount)
    return tuple(cells)


def rows_of_time(wish: Wish, sums: Iterable[Any], columns: Sequence[Column]) -> list[Row]:
    """Sums of each day put together to days, weeks or months; those without anything are there too."""
    found = periods.buckets(wish.period, wish.step, wish.first_weekday)
    places = periods.place_of(found, wish.period)
    cells = [[nothing(c.unit) for c in columns[1:]] for _bucket in found]
    for day, *amounts in sums:
        own = cells[places[day]]
        for i, amount in enumerate(filled(amounts, columns[1:])):
            own[i] += amount
    about = [("days", span) for span in _spans(found, wish.period)]
    return [Row(i, (bucket, *cells[i]), about[i]) for i, bucket in enumerate(found)]


def _spans(found: Sequence[periods.Bucket], period: Period) -> list[tuple[dt.date, dt.date]]:
    """First and last day of each bucket."""
    ends = [*(bucket.first - dt.timedelta(days=1) for bucket in found[1:]), period.last]
    return [(bucket.first, end) for bucket, end in zip(found, ends, strict=True)]


def total_if(condition: Any, amount: Any) -> Any:  # noqa: ANN401 -- SQL expressions
    """The sum of an amount over the rows that fit."""
    return sa.func.sum(sa.case((condition, amount)))


def n_if(condition: Any) -> Any:  # noqa: ANN401 -- SQL expressions
    """How many rows fit."""
    return sa.func.sum(sa.case((condition, 1), else_=0))
