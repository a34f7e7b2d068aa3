"""What households want in a year: regular walks, and trips during which somebody must come."""

import datetime as dt
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from application.demo.crowd import Animal, Household
from models import Species

if TYPE_CHECKING:
    from application.demo.series import Series

NOON = 12 * 60


@dataclass
class Wish:
    """One wished visit. With a block it may be at any time in it; without block and start at any time of the day."""

    household: Household
    code: str
    pets: list[Animal]
    start: int | None = None
    block: str | None = None
    trip: "Trip | None" = None
    #: nights of a boarding stay
    nights: int = 0
    #: the standing arrangement that it is of
    series: "Series | None" = None


@dataclass
class Trip:
    """Days on which a household is away; its visits were asked for in one request, or by phone."""

    household: Household
    first: dt.date
    last: dt.date
    by_portal: bool
    #: keys of the visits that came of it, filled while planning
    visits: list[int] = field(default_factory=list)


REGULAR_DAYS = (
    (0, 1, 2, 3, 4), (0, 1, 2, 3, 4), (0, 2, 4), (0, 2, 4), (1, 3), (1, 2, 3), (1, 3, 5), (5, 6), (2, 5, 6),
)  # fmt: skip

Wishes = dict[dt.date, list[Wish]]


def all_wishes(
    households: list[Household], first: dt.date, last: dt.date, *, holidays: Container[dt.date], settled: Container[int],
    random: Random,
) -> Wishes:  # fmt: skip
    """Day -> what is wished for it. The `settled` households have a standing arrangement for their regular walks."""
    wishes: Wishes = defaultdict(list)
    for household in households:
        begins = max(first, household.since + dt.timedelta(days=3))
        if begins > last:
            continue
        dogs = household.of(Species.DOG)
        if dogs and household.id not in settled and random.random() < 0.42:
            _regular(household, dogs, begins, last, holidays, wishes, random)
        taken: set[dt.date] = set()
        for _ in range(random.choice((1, 2, 2, 3, 4, 5))):
            _trip(household, begins, last, taken, wishes, random)
    return wishes


def _regular(
    household: Household, dogs: list[Animal], first: dt.date, last: dt.date, holidays: Container[dt.date],
    wishes: Wishes, random: Random,
) -> None:  # fmt: skip
    """The same walk on the same days of every week; on holidays most people walk themselves."""
    weekdays = random.choice(REGULAR_DAYS)
    code = random.choices(("Walk30", "Walk60", "Potty15"), (66, 20, 14))[0]
    start = None if code == "Potty15" else random.randrange(9 * 4, 16 * 4) * 15
    day = first
    while day <= last:
        if day.weekday() in weekdays and random.random() < (0.25 if day in holidays else 0.97):
            wishes[day].append(Wish(household, code, dogs, start))
        day += dt.timedelta(days=1)


def _trip(
    household: Household, first: dt.date, last: dt.date, taken: set[dt.date], wishes: Wishes, random: Random
) -> None:
    """Some days away, unless there is another trip at that time."""
    length = random.choice((1, 2, 2, 3, 4, 4, 6, 8, 10))
    begins = first + dt.timedelta(days=random.randrange(max((last - first).days, 1)))
    ends = min(begins + dt.timedelta(days=length), last)
    trip = Trip(household, begins, ends, by_portal=random.random() < 0.75)
    dogs, cats, small = household.of(Species.DOG), household.of(Species.CAT), household.small
    days = [begins + dt.timedelta(days=n) for n in range((ends - begins).days + 1)]
    if not taken.isdisjoint(days):
        return
    taken.update(days)
    if dogs:
        _dogs_away(trip, dogs, days, wishes, random)
    if cats:
        code, twice = random.choice(("Cat20", "Cat20", "Cat40")), random.random() < 0.6
        for day in days:
            for block in ("Morning", "Evening") if twice else (random.choice(("Morning", "Midday", "Evening")),):
                wishes[day].append(Wish(household, code, cats, block=block, trip=trip))
    if small and not cats:
        for day in days:
            wishes[day].append(Wish(household, "Home30", small, block="Afternoon", trip=trip))


def _dogs_away(trip: Trip, dogs: list[Animal], days: list[dt.date], wishes: Wishes, random: Random) -> None:
    kind = random.choices(("night", "walks", "board"), (50, 35, 15))[0]
    nights = len(days) - 1
    if kind == "board" and nights:
        wishes[days[0]].append(Wish(trip.household, "Board", dogs, trip=trip, nights=nights))
    elif kind == "night" and nights:
        for day in days[:-1]:
            wishes[day].append(Wish(trip.household, "Night", dogs, 20 * 60, trip=trip))
            if random.random() < 0.5:
                wishes[day].append(Wish(trip.household, "Walk30", dogs, NOON + 30, trip=trip))
    else:
        for day in days:
            for start in (8 * 60, 13 * 60, 18 * 60):
                wishes[day].append(Wish(trip.household, "Walk30", dogs, start, trip=trip))
