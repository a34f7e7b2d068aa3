"""What the cancellation policy has to know of a visit, gathered for many visits with a fixed number of queries."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation import clock
from foundation.db import db
from foundation.types import UTCDateTime
from models import CancellationRule, Initiator, Job, JobState, NoticeKind, ServiceItem
from workflows import opening, stays
from workflows.stays import Stay

#: the days of a month, on average
MONTH = Decimal("30.4375")
YEAR_BACK, MONTH_AHEAD = dt.timedelta(days=365), dt.timedelta(days=30)
#: of all services together
ALL = None

Counts = Mapping[int | None, int]


@dataclass(frozen=True)
class Facts:
    """One visit that is called off. Moments are on the business's clock, without a zone; amounts in its currency."""

    price: Decimal
    sitter_pay: Decimal
    begins: dt.datetime
    now: dt.datetime
    group_id: int | None = None
    initiator: Initiator = Initiator.CLIENT
    ends_series: bool = False
    #: any day that the visit touches is a public holiday
    on_holiday: bool = False
    stay_on_holiday: bool = False
    #: when the first visit of its stay begins; None when it stands alone
    stay_begins: dt.datetime | None = None
    stay_begun: bool = False
    #: which day of what is cancelled of the stay it is, from 1
    stay_day: int = 1
    #: how many days (or nights) it is charged for: more than 1 only for a booking over several days
    n_days: int = 1
    #: no business days: public holidays and days closed for every service
    off: frozenset[dt.date] = frozenset()
    #: group (None: all services) -> how many visits the client has cancelled this year before this one
    cancelled: Counts = field(default_factory=dict)
    #: group (None: all services) -> the client's average visits in a month
    monthly: Mapping[int | None, Decimal] = field(default_factory=dict)

    def counts_for(self, group_id: int | None) -> tuple[int, Decimal]:
        """Cancelled this year and visits in a month: of one group, or of all services with None."""
        return self.cancelled.get(group_id, 0), self.monthly.get(group_id, Decimal(0))


def active_rules() -> list[CancellationRule]:
    """The policy, in order. One query."""
    return list(db.session.scalars(_RULES))


# Statements that are always the same are built once: for a snow day's hundreds of clients that took a third of the time.
_RULES = (
    sa.select(CancellationRule)
    .where(CancellationRule.is_active)
    .options(joinedload(CancellationRule.service_group))
    .order_by(CancellationRule.position, CancellationRule.id)
)
_OF_CLIENTS = Job.client_id.in_(sa.bindparam("client_ids", expanding=True))
_CANCELLED = (
    sa.select(Job.client_id, ServiceItem.group_id, sa.func.count())
    .join(ServiceItem, ServiceItem.id == Job.service_item_id)
    .where(
        _OF_CLIENTS,
        Job.state == JobState.CANCELLED,
        Job.cancelled_by == Initiator.CLIENT,
        Job.cancelled_at >= sa.bindparam("first", type_=UTCDateTime),
        Job.cancelled_at < sa.bindparam("after", type_=UTCDateTime),
    )
    .group_by(Job.client_id, ServiceItem.group_id)
)
_VISITS = (
    sa.select(Job.client_id, ServiceItem.group_id, sa.func.count(), sa.func.min(Job.on_date))
    .join(ServiceItem, ServiceItem.id == Job.service_item_id)
    .where(
        _OF_CLIENTS,
        Job.on_date.between(sa.bindparam("first", type_=sa.Date), sa.bindparam("last", type_=sa.Date)),
        Job.state.in_((JobState.SCHEDULED, JobState.IN_PROGRESS, JobState.COMPLETED)),
    )
    .group_by(Job.client_id, ServiceItem.group_id)
)


def gather(
    jobs: Sequence[Job], *, initiator: Initiator, now: dt.datetime, ends_series: bool = False
) -> tuple[list[CancellationRule], dict[int, Facts]]:
    """The rules and the facts of each visit, in order of time. Six queries, however many visits.

    Allowances count the visits that the client cancelled in the calendar year of `now`, by the day on which they were
    cancelled, never those that the office did; a rule of one group counts that group's only. The visits at hand count
    one after the other, earliest first.
    """
    rules = active_rules()
    stay_of = stays.stays_of(jobs, now=now)
    if not jobs:
        return rules, {}
    by_id = {job.id: job for job in jobs}
    all_stays = list(dict.fromkeys(stay_of.values()))
    visits = {v.job_id: v for stay in all_stays for v in stay.visits if v.job_id in by_id}
    known = _calendar(rules, all_stays)
    clients = {job.client_id for job in jobs}
    cancelled, monthly = _cancelled(clients, now), _monthly(clients, now)
    first_days: dict[Stay, dt.date] = {}
    for job_id, stay in stay_of.items():
        first_days[stay] = min(first_days.get(stay, visits[job_id].on_date), visits[job_id].on_date)
    facts: dict[int, Facts] = {}
    off = frozenset({*known.holidays, *known.closed})
    for visit in sorted(visits.values(), key=lambda v: (v.begins, v.job_id)):
        job, stay = by_id[visit.job_id], stay_of[visit.job_id]
        counts = cancelled[job.client_id]
        facts[job.id] = Facts(
            price=job.price, sitter_pay=job.sitter_pay, begins=visit.begins, now=clock.wall_clock(now),
            group_id=visit.group_id, initiator=initiator, ends_series=ends_series,
            on_holiday=_touches(visit.on_date, visit.ends_on, known.holidays),
            stay_on_holiday=_touches(stay.first_on, stay.last_on, known.holidays), stay_begins=stay.begins,
            stay_begun=stay.has_begun, stay_day=(visit.on_date - first_days[stay]).days + 1, n_days=visit.n_days,
            off=off, cancelled=dict(counts), monthly=monthly[job.client_id],
        )  # fmt: skip
        if initiator is Initiator.CLIENT:
            for scope in {ALL, visit.group_id}:
                counts[scope] += 1
    return rules, facts


def _touches(first: dt.date, last: dt.date, days: Mapping[dt.date, str]) -> bool:
    return any(first <= day <= last for day in days)


def _calendar(rules: Sequence[CancellationRule], all_stays: Sequence[Stay]) -> opening.Calendar:
    """Far enough back to count the business days of the rules."""
    business = [r.notice_number or 0 for r in rules if r.notice_kind is NoticeKind.BUSINESS_CLOCK]
    back = dt.timedelta(days=2 * max(business) + 30 if business else 0)
    return opening.calendar(min(s.first_on for s in all_stays) - back, max(s.last_on for s in all_stays))


def _cancelled(clients: set[int], now: dt.datetime) -> dict[int, dict[int | None, int]]:
    """Client -> group -> visits that the client cancelled in this calendar year; under None those of all services."""
    year = clock.to_local(now).year
    first, after = (clock.from_local(dt.date(y, 1, 1), dt.time(0)) for y in (year, year + 1))
    rows = db.session.execute(_CANCELLED, {"client_ids": clients, "first": first, "after": after})
    found: dict[int, dict[int | None, int]] = {c: defaultdict(int) for c in clients}
    for client_id, group_id, number in rows:
        for scope in {ALL, group_id}:
            found[client_id][scope] += number
    return found


def _monthly(clients: set[int], now: dt.datetime) -> dict[int, dict[int | None, Decimal]]:
    """Client -> group -> average visits in a month; under None those of all services.

    Visits from a year ago to 30 days ahead that were not called off, over the months since the first of them: at
    least one month, so that a new client's first weeks count as what they are.
    """
    today = clock.to_local(now).date()
    first, last = today - YEAR_BACK, today + MONTH_AHEAD
    rows = db.session.execute(_VISITS, {"client_ids": clients, "first": first, "last": last})
    numbers: dict[int, dict[int | None, int]] = {c: defaultdict(int) for c in clients}
    begun: dict[int, dict[int | None, dt.date]] = {c: {} for c in clients}
    for client_id, group_id, number, earliest in rows:
        for scope in {ALL, group_id}:
            numbers[client_id][scope] += number
            begun[client_id][scope] = min(begun[client_id].get(scope, earliest), earliest)
    return {
        client_id: {
            scope: number / max(Decimal((last - begun[client_id][scope]).days) / MONTH, Decimal(1))
            for scope, number in own.items()
        }
        for client_id, own in numbers.items()
    }
