"""A year of visits, in bulk: eleven months behind us, four weeks before us, and the requests they came from.

Bulk means rows as the workflows would have left them, without their mails and without most of their log.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

import sqlalchemy as sa

from application.demo import bulk, names, series
from application.demo.crowd import Animal, Household
from application.demo.founding import House
from application.demo.roster import Roster
from application.demo.wishes import Trip, Wish, all_wishes
from foundation import clock
from foundation.db import db
from foundation.types import new_public_id
from models import (
    Activity,
    ActorKind,
    Client,
    Counter,
    Initiator,
    Job,
    JobRequest,
    JobRequestLine,
    JobState,
    LineState,
    ServiceItem,
    Staff,
    TimeOff,
    TimeOffState,
    Via,
    job_pet,
    job_request_line_pet,
)
from workflows import cancellation, cancellation_facts, limits, price_books, pricing
from workflows.cancellation import Facts, Outcome

DAYS_AHEAD = 28
#: whoever asked later than this did so by phone: the requests of the last days are made by the workflows
PORTAL_UNTIL = dt.timedelta(days=12)
#: visits a sitter and day; the two whom the story is about have room for what comes in
MOST, MOST_TO_COME = 12, 7


@dataclass
class Visit:
    """A planned visit before it becomes a row."""

    wish: Wish
    day: dt.date
    start: int | None
    sitter_id: int | None
    #: when it begins, also where the row has no start of its own
    begins: int


def make_roster(house: House) -> Roster:
    """The roster of the staff: two of a full crew only board, nobody works while away."""
    ids = [s.id for s in house.sitters]
    boarders = ids[-3:-1] if len(ids) > 8 else []
    away = []
    for off in db.session.scalars(sa.select(TimeOff).where(TimeOff.state == TimeOffState.APPROVED)):
        away += [
            (off.staff_id, off.first_on + dt.timedelta(days=n)) for n in range((off.last_on - off.first_on).days + 1)
        ]
    return Roster(ids, boarder_ids=boarders, away=away)


def fill_year(house: House, households: list[Household], roster: Roster, random: Random, *, days_back: int) -> int:
    """Plan what is wished and write it down; how many visits."""
    today = clock.today()
    first, last = today - dt.timedelta(days=days_back), today + dt.timedelta(days=DAYS_AHEAD)
    holidays = limits.calendar(first, last).holidays
    standing = series.plan(households, roster, random, first)
    series.begin(house, standing, house.types["Weekly regular"])
    settled = {s.household.id for s in standing}
    wishes = all_wishes(households, first, last, holidays=holidays, settled=settled, random=random)
    for one in standing:
        for day in series.days_behind(one, holidays, random):
            wishes[day].append(Wish(one.household, one.code, one.pets, one.start, series=one))
    visits: list[Visit] = []
    spared = {house.sam.id, house.sita.id}
    for day in sorted(wishes):
        # What is settled, then nights and fixed times, then what can be done at any time.
        for wish in sorted(
            wishes[day], key=lambda w: (w.series is None, w.code != "Night", w.start is None, w.block is None)
        ):
            place = _place if wish.series is None else _place_settled
            visit = place(wish, day, roster, today, spared, random)
            if visit is not None:
                if wish.trip:
                    wish.trip.visits.append(len(visits))
                visits.append(visit)
    clients = db.session.scalars(sa.select(Client).where(Client.id.in_([h.id for h in households]))).all()
    _Writer(house, random, clients, price_books.load_book(clients, first, last)).write(visits)
    return len(visits) + series.make_ahead(standing)


def _place(
    wish: Wish, day: dt.date, roster: Roster, today: dt.date, spared: set[int], random: Random
) -> Visit | None:  # fmt: skip
    if wish.code == "Board":
        boarder = roster.take_stay(day, day + dt.timedelta(days=wish.nights))
        return Visit(wish, day, None, boarder, 0) if boarder else None
    minutes, within, near = _time_of(wish, random)
    if day > today and random.random() < 0.035:
        return Visit(wish, day, wish.start, None, near)
    for sitter_id in roster.who(wish.household.sitter_id, day):
        if not roster.has_room(sitter_id, day, MOST_TO_COME if day > today and sitter_id in spared else MOST):
            continue
        start = roster.find(sitter_id, day, near, minutes, within=within)
        if start is not None:
            roster.take(sitter_id, day, start, minutes)
            return Visit(wish, day, start if wish.start is not None else None, sitter_id, start)
    return Visit(wish, day, wish.start, None, near) if day > today and random.random() < 0.3 else None


def _place_settled(
    wish: Wish, day: dt.date, roster: Roster, _today: dt.date, _spared: set[int], _random: Random
) -> Visit | None:  # fmt: skip
    """At its time by its sitter; by somebody else at the same time when that one is away."""
    start, minutes = wish.start or 0, MINUTES[wish.code]
    usual = wish.series.sitter_id if wish.series else 0
    for sitter_id in roster.who(usual, day):
        if roster.is_free(sitter_id, day, start, minutes + 15):
            roster.take(sitter_id, day, start, minutes)
            return Visit(wish, day, start, sitter_id, start)
    return None


MINUTES = {"Walk30": 30, "Walk60": 60, "Potty15": 15, "Cat20": 20, "Cat40": 40, "Home30": 30, "Night": 660}
BLOCK_MINUTES = {"Morning": (420, 600), "Midday": (660, 840), "Afternoon": (840, 1020), "Evening": (1020, 1200)}


def _time_of(wish: Wish, random: Random) -> tuple[int, tuple[int, int] | None, int]:
    """Minutes, between when, and the wished start."""
    minutes = MINUTES[wish.code]
    if wish.code == "Night":
        return minutes, (20 * 60, 20 * 60 + minutes), 20 * 60
    if wish.block:
        first, last = BLOCK_MINUTES[wish.block]
        return minutes, (first, last), random.randrange(first, last - 60, 15)
    return minutes, (7 * 60, 20 * 60), wish.start if wish.start is not None else random.randrange(600, 960, 15)


class _Writer:
    """Turns planned visits into rows."""

    def __init__(self, house: House, random: Random, clients: Iterable[Client], book: price_books.Book) -> None:
        self.house, self.random, self.ids = house, random, bulk.Ids()
        self.clients, self.book = {c.id: c for c in clients}, book
        self.policy = cancellation_facts.active_rules()
        self.now, self.today = clock.now(), clock.today()
        self.job_ids: list[int] = []
        self.line_ids: dict[int, int] = {}
        self.log: list[dict[str, Any]] = []

    def write(self, visits: Sequence[Visit]) -> None:
        self.job_ids = [self.ids.next(_table(Job)) for _ in visits]
        self._requests(visits)
        rows = [self._job(i, v) for i, v in enumerate(visits)]
        bulk.insert(_table(Job), rows)
        pairs = [
            {"job_id": job_id, "pet_id": p.id}
            for job_id, v in zip(self.job_ids, visits, strict=True)
            for p in v.wish.pets
        ]
        bulk.insert(job_pet, pairs)
        self.log.sort(key=lambda line: line["at"])
        bulk.insert(_table(Activity), self.log)
        self.ids.settle()

    # ------------------------------------------------------------------------------------------------------ visits

    def _job(self, i: int, visit: Visit) -> dict[str, Any]:
        wish, random = visit.wish, self.random
        item = self.house.items[wish.code]
        state = self._state(visit, item)
        made = self._made_at(visit)
        quote = self._quote(visit, self._asked_at(wish.trip) if wish.trip and i in self.line_ids else made)
        row = {
            "id": self.job_ids[i], "public_id": new_public_id(), "client_id": wish.household.id,
            "service_item_id": item.id, "on_date": visit.day, "ends_on": _ends_on(visit, item),
            "start_time": _clock_time(visit.start), "end_time": None,
            "time_block_id": self.house.blocks[wish.block].id if wish.block else None,
            "duration_minutes": item.duration_minutes, "sitter_id": visit.sitter_id, "state": state,
            "price": quote.price, "sitter_pay": quote.sitter_pay, "price_lines": pricing.lines_to_keep(quote),
            "prior_price": None, "prior_sitter_pay": None,
            "note": random.choice(names.VISIT_NOTES) if random.random() < 0.15 else "",
            "request_line_id": self.line_ids.get(i), "acknowledged_at": self._acknowledged(visit, made),
            "cancelled_at": None, "cancelled_by": None, "cancel_reason": "", "created_at": made, **self._in_series(visit),
        }  # fmt: skip
        if state is JobState.CANCELLED:
            self._call_off(row, visit, quote)
        elif state is JobState.VOIDED:
            self._void(row, visit, quote)
        return row

    def _call_off(self, row: dict[str, Any], visit: Visit, quote: price_books.Quote) -> None:
        """The client rang, and pays what the policy says."""
        at = max(row["created_at"], self._before(visit, hours=30))
        outcome = self._outcome(visit, quote, at)
        row |= {"price": outcome.charge, "sitter_pay": outcome.sitter_pay, "cancelled_by": Initiator.CLIENT,
                "cancelled_at": at, "cancel_reason": self.random.choice(names.CANCEL_REASONS),
                "repeat_edited": visit.wish.series is not None}  # fmt: skip
        more = {"rule": outcome.rule_name, "by": Initiator.CLIENT.value}
        self._note_gone("job.cancelled", row, visit, quote, more)

    def _void(self, row: dict[str, Any], visit: Visit, quote: price_books.Quote) -> None:
        """Nobody was there to do it: nothing is charged or paid."""
        at = min(clock.from_local(visit.day, dt.time(21)), self.now)
        row |= {"price": Decimal(0), "sitter_pay": Decimal(0), "cancelled_by": Initiator.OFFICE, "cancelled_at": at,
                "cancel_reason": "The key was not where it should be."}  # fmt: skip
        self._note_gone("job.voided", row, visit, quote, {"was": JobState.SCHEDULED.value})

    def _note_gone(
        self, verb: str, row: dict[str, Any], visit: Visit, quote: price_books.Quote, more: dict[str, Any]
    ) -> None:
        row |= {"prior_price": quote.price, "prior_sitter_pay": quote.sitter_pay}
        changes = {k: [str(row[f"prior_{k}"]), str(row[k])] for k in ("price", "sitter_pay")}
        facts = {
            "reason": row["cancel_reason"], "n_jobs": 1, "jobs": [_short(visit, self.house.items[visit.wish.code])],
            "evening": [], "changes": changes, **more,
        }  # fmt: skip
        self._note(verb, row["cancelled_at"], visit.wish.household, "job", row["id"], self.house.max, facts)

    def _quote(self, visit: Visit, asked_at: dt.datetime) -> price_books.Quote:
        """By the price list, for this client and day; a standing arrangement is never asked for at short notice."""
        wish = visit.wish
        block = self.house.blocks[wish.block] if wish.block else None
        return pricing.quote(
            self.house.items[wish.code], n_pets=len(wish.pets), n_days=max(wish.nights, 1),
            client=self.clients[wish.household.id], on_date=visit.day,
            begins=pricing.start_of(_clock_time(visit.start), block), booked_at=None if wish.series else asked_at,
            book=self.book,
        )  # fmt: skip

    def _outcome(self, visit: Visit, quote: price_books.Quote, at: dt.datetime) -> Outcome:
        """What the policy says when the client calls it off then."""
        item = self.house.items[visit.wish.code]
        facts = Facts(
            quote.price, quote.sitter_pay, dt.datetime.combine(visit.day, _clock_time(visit.begins) or dt.time(0)),
            clock.to_local(at).replace(tzinfo=None), group_id=item.group_id, on_holiday=visit.day in self.book.holidays,
        )  # fmt: skip
        return cancellation.decide(self.policy, facts)

    def _in_series(self, visit: Visit) -> dict[str, Any]:
        """What ties a visit to its standing arrangement; one that somebody else does was changed by a person."""
        own = visit.wish.series
        if own is None or own.row is None:
            return {"repeat_id": None, "repeat_on": None, "repeat_time_id": None, "repeat_edited": False}
        return {
            "repeat_id": own.row.id, "repeat_on": visit.day, "repeat_time_id": own.time_ids[visit.day.weekday()],
            "repeat_edited": visit.sitter_id != own.sitter_id,
        }  # fmt: skip

    def _state(self, visit: Visit, item: ServiceItem) -> JobState:
        begins = clock.from_local(visit.day, _clock_time(visit.begins) or dt.time(0))
        ends = begins + dt.timedelta(minutes=item.duration_minutes * max(visit.wish.nights, 1))
        chance = self.random.random()
        if chance < (0.055 if begins <= self.now else 0.02):
            return JobState.CANCELLED
        if begins > self.now:
            return JobState.SCHEDULED
        if chance < 0.06 and visit.day < self.today:
            return JobState.VOIDED
        return JobState.COMPLETED if ends <= self.now else JobState.IN_PROGRESS

    def _made_at(self, visit: Visit) -> dt.datetime:
        """Trips are booked some weeks before, regular walks with the month."""
        trip = visit.wish.trip
        if trip is not None:
            return self._asked_at(trip) + dt.timedelta(hours=3)
        first = visit.day.replace(day=1) - dt.timedelta(days=6)
        return min(clock.from_local(first, dt.time(10, 30)), self.now - dt.timedelta(days=2))

    def _asked_at(self, trip: Trip) -> dt.datetime:
        lead = 6 + (trip.household.id * 7 + trip.first.toordinal()) % 24
        time = dt.time(7 + trip.household.id % 15, trip.first.toordinal() % 60)
        asked = clock.from_local(trip.first - dt.timedelta(days=lead), time)
        return min(asked, self.now - dt.timedelta(days=2, hours=5))

    def _before(self, visit: Visit, *, hours: int) -> dt.datetime:
        begins = clock.from_local(visit.day, dt.time(9))
        moment = begins - dt.timedelta(hours=self.random.randrange(2, hours), minutes=self.random.randrange(60))
        return min(moment, self.now - dt.timedelta(hours=self.random.randrange(1, 60)))

    def _acknowledged(self, visit: Visit, made: dt.datetime) -> dt.datetime | None:
        if visit.sitter_id is None or visit.day > self.today + dt.timedelta(days=3) or self.random.random() < 0.25:
            return None
        return min(max(made, clock.from_local(visit.day - dt.timedelta(days=2), dt.time(18, 20))), self.now)

    # ---------------------------------------------------------------------------------------------------- requests

    def _requests(self, visits: Sequence[Visit]) -> None:
        """One request a trip that came through the portal, numbered in the order in which they were sent."""
        trips = {id(v.wish.trip): v.wish.trip for v in visits if v.wish.trip and not v.wish.nights}
        asked = sorted(
            (
                (self._asked_at(t), t)
                for t in trips.values()
                if t.by_portal and self._asked_at(t) < self.now - PORTAL_UNTIL
            ),
            key=lambda pair: (pair[0], pair[1].household.id, pair[1].first),
        )
        requests, lines, pets = [], [], []
        for number, (at, trip) in enumerate(asked, 1):
            request_id = self.ids.next(_table(JobRequest))
            own = [i for i in trip.visits if not visits[i].wish.nights]
            requests.append(
                {
                    "id": request_id, "public_id": new_public_id(), "client_id": trip.household.id, "number": number,
                    "created_at": at - dt.timedelta(minutes=9), "changed_at": at - dt.timedelta(minutes=1), "submitted_at": at,
                }
            )  # fmt: skip
            for i in own:
                self.line_ids[i] = self.ids.next(_table(JobRequestLine))
                lines.append(self._line(i, visits[i], request_id, at))
                pets += [{"line_id": self.line_ids[i], "pet_id": p.id} for p in visits[i].wish.pets]
            self._log_request(request_id, number, at, trip, [visits[i] for i in own])
        bulk.insert(_table(JobRequest), requests)
        bulk.insert(_table(JobRequestLine), lines)
        bulk.insert(job_request_line_pet, pets)
        if requests:
            db.session.execute(sa.insert(_table(Counter)).values(name="job_request", value=len(requests)))

    def _line(self, i: int, visit: Visit, request_id: int, at: dt.datetime) -> dict[str, Any]:
        wish, item = visit.wish, self.house.items[visit.wish.code]
        start, block = _clock_time(visit.start), self.house.blocks[wish.block] if wish.block else None
        who = ",".join(str(n) for n in sorted(p.id for p in wish.pets))
        return {
            "id": self.line_ids[i], "public_id": new_public_id(), "request_id": request_id, "client_id": wish.household.id,
            "service_item_id": item.id, "on_date": visit.day, "start_time": start,
            "time_block_id": block.id if block else None, "state": LineState.SCHEDULED, "sitter_id": visit.sitter_id,
            "leave_unassigned": visit.sitter_id is None, "price": self._quote(visit, at).price,
            # As `workflows.wanted.fingerprint` would write it.
            "fingerprint": f"{item.id}|{visit.day}|{start.strftime('%H:%M') if start else ''}|{block.id if block else ''}|{who}"[:200],
            "submitted_at": at, "decided_at": at + dt.timedelta(hours=3), "created_at": at - dt.timedelta(minutes=5),
        }  # fmt: skip

    def _log_request(self, request_id: int, number: int, at: dt.datetime, trip: Trip, visits: Iterable[Visit]) -> None:
        lines = [_short(v, self.house.items[v.wish.code]) for v in visits]
        facts = {"number": number, "n_lines": len(lines), "lines": lines[:20]}
        self._note("job_request.submitted", at, trip.household, "job_request", request_id, None, facts)
        decided = at + dt.timedelta(hours=3)
        who = self.house.max if number % 3 else self.house.olivia
        self._note(
            "job_request.scheduled", decided, trip.household, "job_request", request_id, who, {**facts, "accepted": 0}
        )

    def _note(
        self, verb: str, at: dt.datetime, household: Household, kind: str, subject_id: int, staff: Staff | None, facts: dict[str, Any]
    ) -> None:  # fmt: skip
        """A line of the log; without a staff member it was the client."""
        self.log.append(
            {
                "at": at, "verb": verb, "actor_kind": ActorKind.STAFF if staff else ActorKind.CLIENT,
                "actor_name": str(staff) if staff else household.name, "staff_id": staff.id if staff else None,
                "via": Via.OFFICE if staff else Via.PORTAL, "client_id": household.id, "subject_type": kind,
                "subject_id": subject_id, "facts": facts,
            }
        )  # fmt: skip


def _clock_time(minutes: int | None) -> dt.time | None:
    return None if minutes is None else dt.time(minutes // 60, minutes % 60)


def _ends_on(visit: Visit, item: ServiceItem) -> dt.date:
    if visit.wish.nights:
        return visit.day + dt.timedelta(days=visit.wish.nights)
    over_midnight = visit.start is not None and visit.start + item.duration_minutes > 24 * 60
    return visit.day + dt.timedelta(days=1 if over_midnight else 0)


def _short(visit: Visit, item: ServiceItem) -> str:
    """As `workflows.visit_facts.short` would put it."""
    start = _clock_time(visit.start)
    return f"{item.name}, {visit.day} {start.strftime('%H:%M') if start else visit.wish.block or ''}".strip()


def _table(kind: Any) -> sa.Table:  # noqa: ANN401 -- a mapped class
    table: sa.Table = kind.__table__
    return table


__all__ = ["Animal", "Roster", "fill_year", "make_roster"]
