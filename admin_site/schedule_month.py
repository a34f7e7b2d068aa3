"""The month overview: how many visits each day has, how many of them nobody does, are cancelled or only requested.

Sums made by the database: three queries for a month of any number of visits.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext, ngettext

from admin_site import schedule_rows
from admin_site.schedule_rows import DAY
from admin_site.schedule_wish import Wish
from foundation.db import db
from models import Client, Job, JobRequestLine, JobState, LineState, ServiceItem
from ui_kit.month import DayItem
from workflows.cancelling import still_shown
from workflows.requested_stays import LINE_ENDS_ON, lines_touching
from workflows.stretches import BUSY_STATES

OFF_STATES = (JobState.CANCELLED, JobState.VOIDED)


@dataclass
class Sums:
    """One day in numbers."""

    visits: int = 0
    nobody: int = 0
    cancelled: int = 0
    requests: int = 0

    def items(self) -> list[DayItem]:
        """As the calendar draws them."""
        found = []
        if self.visits:
            found.append(_item("scheduled", self.visits, ngettext("visit", "visits", self.visits)))
        if self.nobody:
            found.append(_item("none", self.nobody, gettext("nobody yet")))
        if self.requests:
            found.append(_item("req", self.requests, gettext("requested")))
        if self.cancelled:
            found.append(_item("off", self.cancelled, gettext("cancelled")))
        return found


def _item(kind: str, n: int, words: str) -> DayItem:
    return DayItem(kind, str(n), words, gettext("In the schedule") if kind == "scheduled" else "", str(n))


def sums(wish: Wish) -> dict[dt.date, Sums]:
    """The days of the wish that have anything."""
    days: dict[dt.date, Sums] = defaultdict(Sums)
    is_busy, is_off = Job.state.in_(BUSY_STATES), sa.and_(Job.state.in_(OFF_STATES), still_shown())
    nobody = sa.and_(Job.state == JobState.SCHEDULED, Job.sitter_id.is_(None))
    counted = _of(wish, Job.on_date, _n(is_busy), _n(nobody), _n(is_off)).where(
        Job.on_date.between(wish.first, wish.last)
    )
    for day, n_busy, n_nobody, n_off in db.session.execute(counted.group_by(Job.on_date)):
        days[day] = Sums(int(n_busy), int(n_nobody), int(n_off))
    longer = _of(wish, Job.on_date, Job.ends_on, Job.state, Job.sitter_id).where(
        Job.ends_on > Job.on_date, Job.ends_on >= wish.first, Job.on_date <= wish.last, is_busy
    )
    for on, until, state, sitter_id in db.session.execute(longer):
        for day in (on + DAY * n for n in range(1, (until - on).days + 1)):
            if wish.first <= day <= wish.last:
                days[day].visits += 1
                days[day].nobody += state is JobState.SCHEDULED and sitter_id is None
    for on, until, n in db.session.execute(_requests(wish)):
        for day in (on + DAY * i for i in range((until - on).days + 1)):
            if wish.first <= day <= wish.last:
                days[day].requests += int(n)
    return days


def _of(wish: Wish, *columns: Any) -> Any:
    return schedule_rows.narrow(_join_items(sa.select(*columns), wish), wish, Job.sitter_id)


def _n(condition: Any) -> Any:
    return sa.func.sum(sa.case((condition, 1), else_=0))


def _requests(wish: Wish) -> Any:
    """How many visits are requested for each day."""
    sitter_id = sa.func.coalesce(
        JobRequestLine.sitter_id, sa.case((JobRequestLine.leave_unassigned, None), else_=Client.primary_sitter_id)
    )
    statement = (
        sa.select(JobRequestLine.on_date, LINE_ENDS_ON, sa.func.count())
        .join(Client, Client.id == JobRequestLine.client_id)
        .join(ServiceItem, ServiceItem.id == JobRequestLine.service_item_id)
        .where(JobRequestLine.state == LineState.SUBMITTED, lines_touching(wish.first, wish.last))
    )
    return schedule_rows.narrow(statement, wish, sitter_id).group_by(JobRequestLine.on_date, LINE_ENDS_ON)


def _join_items(statement: Any, wish: Wish) -> Any:
    """With the price list, where a filter asks for it."""
    return (
        statement.join(ServiceItem, ServiceItem.id == Job.service_item_id) if wish.group_id is not None else statement
    )
