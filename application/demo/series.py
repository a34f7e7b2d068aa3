"""Repeating visits: the same walk on the same days of every week, with one sitter.

What lies behind us is written down in bulk with the rest of the year; what is to come, the workflow makes.
"""

import datetime as dt
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from random import Random

import sqlalchemy as sa

from application.demo.crowd import Animal, Household
from application.demo.founding import House
from application.demo.past import at
from application.demo.roster import Roster
from application.demo.wishes import REGULAR_DAYS
from foundation import clock
from foundation.db import db
from models import Client, ClientType, Pet, Repeat, Species
from workflows import activity, repeat_runs, repeats, sitter_mails
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.repeat_patterns import Pattern, PatternTime, in_short

#: one household in so many has a standing arrangement; the others ring each month
ONE_IN = 13
MINUTES = {"Walk30": 30, "Walk60": 60}


@dataclass
class Series:
    """A standing arrangement, and its row."""

    household: Household
    code: str
    pets: list[Animal]
    weekdays: tuple[int, ...]
    #: minutes after midnight
    start: int
    sitter_id: int
    since: dt.date
    row: Repeat | None = None
    #: weekday -> id of the time in the pattern
    time_ids: dict[int, int] = field(default_factory=dict)


def plan(households: Sequence[Household], roster: Roster, random: Random, first: dt.date) -> list[Series]:
    """Who has one, and when: at a time at which the sitter is free and there on all days to come. That time is kept.

    Leo's dog is walked on Tuesday and Thursday mornings.
    """
    _hannah, leo, *crowd = households
    long_ago = max(first, clock.today() - dt.timedelta(days=180))
    with_dog = [h for h in crowd if h.of(Species.DOG) and h.sitter_id in roster.route_ids]
    chosen = random.sample(with_dog, min(len(with_dog), -(-len(households) // ONE_IN)))
    found = [_plan(leo, (1, 3), "Walk30", 9 * 60 + 30, roster, long_ago)]
    for household in chosen:
        code, near = random.choice(("Walk30", "Walk30", "Walk60")), random.randrange(9 * 4, 15 * 4) * 15
        begins = first + dt.timedelta(days=random.randrange(max((clock.today() - first).days - 30, 1)))
        found.append(_plan(household, random.choice(REGULAR_DAYS), code, near, roster, begins))
    return [series for series in found if series is not None]


def _plan(
    household: Household, weekdays: tuple[int, ...], code: str, near: int, roster: Roster, first: dt.date
) -> Series | None:
    today, last = clock.today(), repeat_runs.horizon()
    since = max(first, household.since + dt.timedelta(days=5))
    ahead = [today + dt.timedelta(days=n) for n in range(1, (last - today).days + 1)]
    days = [d for d in ahead if d.weekday() in weekdays]
    for sitter_id in roster.who(household.sitter_id, days[0]):
        if not all(roster.works(sitter_id, d) for d in days):
            continue
        for start in (near + shift for shift in range(0, 4 * 60, 15)):
            if all(roster.is_free(sitter_id, d, start, MINUTES[code] + 15) for d in days):
                for day in days:
                    roster.take(sitter_id, day, start, MINUTES[code])
                return Series(household, code, household.of(Species.DOG), weekdays, start, sitter_id, since)
    return None


def begin(house: House, planned: Sequence[Series], regulars: ClientType) -> None:
    """The rows of the arrangements, as of the day on which each was made; their clients become weekly regulars."""
    by_id = {c.id: c for c in db.session.scalars(sa.select(Client).where(Client.id.in_([s.household.id for s in planned])))}  # fmt: skip
    for series in planned:
        client, time = by_id[series.household.id], dt.time(series.start // 60, series.start % 60)
        wanted = {a.id for a in series.pets}
        pattern = Pattern(
            house.items[series.code], [PatternTime(d, time) for d in series.weekdays], series.since,
            sitter=next(s for s in house.sitters if s.id == series.sitter_id),
            pets=list(db.session.scalars(sa.select(Pet).where(Pet.id.in_(wanted)))),
        )  # fmt: skip
        client.client_type = client.client_type or regulars
        with at(clock.from_local(series.since - dt.timedelta(days=4), dt.time(11))):
            series.row = repeats.make(client, pattern)
            activity.record(
                "repeat.started", actor=staff_actor(house.max), subject=series.row, client=client,
                series=in_short(series.row), starts_on=series.since,
            )  # fmt: skip
        series.time_ids = {t.weekday: t.id for t in series.row.times}


def days_behind(series: Series, holidays: Container[dt.date], random: Random) -> list[dt.date]:
    """The days up to today on which it took place; on holidays most people walk themselves."""
    today = clock.today()
    days = [series.since + dt.timedelta(days=n) for n in range((today - series.since).days + 1)]
    return [d for d in days if d.weekday() in series.weekdays and random.random() < (0.25 if d in holidays else 0.97)]


def make_ahead(planned: Sequence[Series]) -> int:
    """What the nightly runs have made by now: the visits after today, of which the sitters know; how many."""
    rows = [s.row for s in planned if s.row is not None]
    tomorrow = clock.today() + dt.timedelta(days=1)
    with sitter_mails.gathered():
        run = repeat_runs.generate(rows, repeat_runs.horizon(), actor=COMMAND_LINE, first=tomorrow, quiet=True)
    return run.n_made
