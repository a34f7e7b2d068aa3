"""How many visits, when they are, and which were called off."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from foundation import sql_days
from foundation.db import db
from foundation.types import as_money
from models import CancellationReason, Initiator, Job, JobState, TimeBlock
from workflows.errors import N_
from workflows.reports import grouping
from workflows.reports.grouping import TOOK_PLACE, n_if, total_if
from workflows.reports.shapes import Column, Picture, Report, Row, Said, Unit, Wish, largest_first, report

#: (key, from how many days before, words): the day of the cancellation against the day of the visit
NOTICES: tuple[tuple[int, int, str], ...] = (
    (0, 14, N_("14 days before or more")),
    (1, 7, N_("7 to 13 days before")),
    (2, 2, N_("2 to 6 days before")),
    (3, 1, N_("The day before")),
    (4, 0, N_("The same day")),
    (5, -36_500, N_("After the day")),
)
#: in place of the reasons of the list
OWN_WORDS, NO_REASON, BY_SERIES = -1, -2, -3
WEEKDAYS = (
    N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"),
)  # fmt: skip


def visits(wish: Wish) -> Report:
    """Visits of the period by what became of them, with the hours that were planned and those between checks. One query."""
    columns = (
        Column(grouping.LABELS[wish.by]),
        Column(N_("Done"), Unit.COUNT, is_card=True),
        Column(N_("Scheduled"), Unit.COUNT, is_card=True),
        Column(N_("Cancelled"), Unit.COUNT, is_card=True),
        Column(N_("Void"), Unit.COUNT),
        Column(N_("Hours planned"), Unit.TIME, is_card=True),
        Column(N_("Hours checked"), Unit.TIME),
    )
    done = Job.state.in_(TOOK_PLACE)
    checked = sa.and_(done, Job.checked_in_at.is_not(None), Job.checked_out_at.is_not(None))
    minutes = sql_days.minutes_between(Job.checked_in_at, Job.checked_out_at)
    measures = (
        n_if(done), n_if(Job.state == JobState.SCHEDULED), n_if(Job.state == JobState.CANCELLED),
        n_if(Job.state == JobState.VOIDED), total_if(done, Job.duration_minutes),
        sa.cast(sa.func.round(total_if(checked, minutes)), sa.Integer),
    )  # fmt: skip
    rows = grouping.rows_of_visits(wish, measures, columns)
    if wish.by == "time":
        return report(columns, rows, picture=Picture.TIME)
    return report(columns, largest_first([row for row in rows if any(row.cells[1:])]))


def busiest(wish: Wish) -> Report:
    """On which weekdays and at which hours visits begin, those of a block at its start; called off ones left out. One query."""
    hour = sa.extract("hour", sa.func.coalesce(Job.start_time, TimeBlock.starts_at))
    found = db.session.execute(
        sa.select(sa.extract("dow", Job.on_date), hour, sa.func.count())
        .outerjoin(TimeBlock, TimeBlock.id == Job.time_block_id)
        .where(
            Job.on_date.between(wish.period.first, wish.period.last),
            Job.state.in_((JobState.SCHEDULED, *TOOK_PLACE)),
        )
        .group_by(sa.extract("dow", Job.on_date), hour)
    )
    # The database counts weekdays from Sunday, we from Monday.
    counts: dict[tuple[int, int | None], int] = {
        ((int(day) - 1) % 7, None if at is None else int(at)): n for day, at, n in found
    }
    known = [at for _day, at in counts if at is not None]
    hours: list[int | None] = [*range(min(known), max(known) + 1)] if known else []
    if any(at is None for _day, at in counts):
        hours.append(None)
    columns = (
        Column(N_("Weekday")),
        Column(N_("Visits"), Unit.COUNT, is_card=True),
        *(Column(N_("No time") if at is None else dt.time(at), Unit.COUNT) for at in hours),
    )
    order = [(wish.first_weekday + n) % 7 for n in range(7)]
    rows = []
    for day in order:
        own = [counts.get((day, at), 0) for at in hours]
        rows.append(Row(day, (Said(WEEKDAYS[day]), sum(own), *own)))
    return report(columns, rows if counts else [], picture=Picture.HEAT)


def cancellations(wish: Wish) -> Report:
    """Visits of the period that were called off: how many, what they still cost, what they would have cost. One query.

    By the day of the visit. Void visits are no cancellations. Amounts only for those who may see them.
    """
    money = (
        Column(N_("Fees"), Unit.MONEY, is_card=True),
        Column(N_("Lost"), Unit.MONEY, is_card=True),
    )
    columns = (
        Column(grouping.LABELS[wish.by]),
        Column(N_("Cancelled"), Unit.COUNT, is_card=True),
        Column(N_("By clients"), Unit.COUNT, is_card=True),
        Column(N_("By the office"), Unit.COUNT),
        *(money if wish.may_money else ()),
    )
    lost = as_money(sa.func.coalesce(Job.prior_price, Job.price) - Job.price)
    by_client = sa.func.coalesce(Job.cancelled_by, Initiator.OFFICE) == Initiator.CLIENT
    measures: list[Any] = [sa.func.count(), n_if(by_client), n_if(~by_client)]
    if wish.may_money:
        measures += [sa.func.sum(Job.price), sa.func.sum(lost)]
    is_off = Job.state == JobState.CANCELLED
    if wish.by in {"reason", "by", "notice"}:
        rows = _by_kind(wish, measures, columns, is_off)
        return report(columns, rows if wish.by == "notice" else largest_first(rows))
    rows = grouping.rows_of_visits(wish, measures, columns, [is_off])
    if wish.by == "time":
        return report(columns, rows, picture=Picture.TIME)
    return report(columns, largest_first([row for row in rows if row.cells[1]]))


def _by_kind(wish: Wish, measures: list[Any], columns: tuple[Column, ...], is_off: Any) -> list[Row]:  # noqa: ANN401 -- a condition
    kinds: dict[str, Callable[[], Any]] = {
        "reason": _reason,
        "by": lambda: sa.func.coalesce(Job.cancelled_by, Initiator.OFFICE),
        "notice": lambda: _notice(wish),
    }
    names = sa.orm.aliased(CancellationReason)
    kind = kinds[wish.by]().label("kind")
    # The measures stand on Job, so the kind of each visit is found first, beside it.
    of = sa.select(Job.id.label("job_id"), kind).where(
        is_off, Job.on_date.between(wish.period.first, wish.period.last)
    ).subquery()  # fmt: skip
    query = sa.select(of.c.kind, *measures).select_from(of).join(Job, Job.id == of.c.job_id).group_by(of.c.kind)
    if wish.by == "reason":
        query = query.outerjoin(names, names.id == of.c.kind).add_columns(sa.func.max(names.name))
    rows = []
    for value, *sums in db.session.execute(query):
        name = sums.pop() if wish.by == "reason" else None
        rows.append(Row(value, (_name(wish.by, value, name), *grouping.filled(sums, columns[1:]))))
    return sorted(rows, key=lambda row: row.key if isinstance(row.key, int) else -1)


def _name(by: str, value: Any, name: str | None) -> Any:  # noqa: ANN401 -- keys and words of all kinds
    if by == "reason":
        said = {
            OWN_WORDS: N_("In own words"),
            NO_REASON: N_("No reason given"),
            BY_SERIES: N_("Its series was paused or ended"),
        }
        return name or Said(said.get(value, said[OWN_WORDS]))
    if by == "notice":
        return Said(next((words for key, _from, words in NOTICES if key == value), NOTICES[-1][2]))
    return Initiator(value)


def _reason() -> Any:  # noqa: ANN401 -- an SQL expression
    """The reason of the list that the words begin with: the list's word alone, or with words of one's own after a colon."""
    words, name = Job.cancel_reason, CancellationReason.name
    begun = sa.func.substr(words, 1, sa.func.length(name) + 2) == name + ": "
    listed = (
        sa.select(CancellationReason.id)
        .where(sa.or_(words == name, begun))
        .order_by(sa.func.length(name).desc(), CancellationReason.id)
        .limit(1)
        .correlate(Job)
        .scalar_subquery()
    )
    return sa.case((Job.repeat_off, BY_SERIES), (words == "", NO_REASON), else_=sa.func.coalesce(listed, OWN_WORDS))


def _notice(wish: Wish) -> Any:  # noqa: ANN401 -- an SQL expression
    """Which of NOTICES: counted in days of the business's calendar."""
    # Visits are called off up to years before; the zone's changes of those days count too.
    first = wish.period.first - dt.timedelta(days=800)
    days = sql_days.days_between(
        sql_days.local_day(Job.cancelled_at, first, wish.period.last + dt.timedelta(days=60)), Job.on_date
    )
    return sa.case(*((days >= least, key) for key, least, _words in NOTICES), else_=NOTICES[-1][0])
