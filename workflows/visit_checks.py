"""What a check-in or check-out is made of: the place that the phone told, its distance from the client's home, its time.

A phone's place may be missing and its clock wrong; neither is a reason to refuse somebody who stands at the door.
"""

import datetime as dt
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from foundation import clock
from models import Client, Job, PlaceSource
from workflows import settings
from workflows.plans import window_of

#: a phone's clock that is off by less is taken as right
SLACK = dt.timedelta(minutes=2)
#: a tap that claims to be older was made by a wrong clock
LONGEST_OFFLINE = dt.timedelta(days=14)
#: the sitter can tap until so long after the visit; later times are the office's to enter
DAYS_AFTER = dt.timedelta(days=2)
_EARTH_METRES = 6_371_000
_MOST_METRES = 100_000
KEY_SHAPE = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True)
class Place:
    """Where the phone was, or why that is not known."""

    source: PlaceSource = PlaceSource.UNAVAILABLE
    latitude: float | None = None
    longitude: float | None = None
    accuracy_metres: int | None = None


def read_place(told: Mapping[str, object]) -> Place:
    """The place as a phone told it: `place` (a PlaceSource), `latitude`, `longitude`, `accuracy` (metres).

    Nonsense is no place, never a refusal: the check-in counts without it.
    """
    if told.get("place") == PlaceSource.REFUSED.value:
        return Place(PlaceSource.REFUSED)
    latitude, longitude = _number(told.get("latitude"), 90), _number(told.get("longitude"), 180)
    if latitude is None or longitude is None:
        return Place()
    accuracy = _number(told.get("accuracy"), math.inf)
    metres = None if accuracy is None or accuracy < 0 else min(round(accuracy), _MOST_METRES)
    return Place(PlaceSource.GIVEN, round(latitude, 6), round(longitude, 6), metres)


def read_moment(told: object) -> dt.datetime | None:
    """An aware moment as a phone writes it, ISO with offset; None for anything else."""
    try:
        moment = dt.datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _number(value: object, most: float) -> float | None:
    """A finite number between -most and most."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) and abs(number) <= most else None


def metres_between(a: tuple[float, float], b: tuple[float, float]) -> int:
    """The way as the crow flies between two places (latitude, longitude in degrees), in whole metres."""
    (lat_a, lon_a), (lat_b, lon_b) = (tuple(map(math.radians, place)) for place in (a, b))
    half = math.sin((lat_b - lat_a) / 2) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return round(2 * _EARTH_METRES * math.asin(min(1, math.sqrt(half))))


def metres_from_home(client: Client, place: Place) -> int | None:
    """How far the place is from the client's home; None while either is not known."""
    if client.latitude is None or client.longitude is None or place.latitude is None or place.longitude is None:
        return None
    return metres_between((client.latitude, client.longitude), (place.latitude, place.longitude))


def opens_at(job: Job) -> dt.datetime:
    """From when on a sitter can check in (UTC): the set hours before the visit's window, or any time of its day."""
    window, hours = window_of(job), settings.read()["visits.check_in_hours"]
    if hours is None or (job.start_time is None and job.time_block is None):
        return clock.from_local(job.on_date, dt.time(0))
    return window.earliest - dt.timedelta(hours=hours)


def closes_at(job: Job) -> dt.datetime:
    """Until when a sitter can tap (UTC)."""
    return window_of(job).latest + DAYS_AFTER


def time_that_counts(
    said: dt.datetime | None, *, received: dt.datetime, phone_now: dt.datetime | None, not_before: dt.datetime
) -> tuple[dt.datetime, dt.datetime | None]:
    """When it was, and what the phone said where that could not be taken as it was.

    `said` is None for a tap that arrives as it is made. One made offline keeps its own time. `phone_now` is what the
    phone's clock showed when it sent: the same clock was as wrong when it was tapped. What would be in the future, or
    older than a phone can be offline, counts as now; what would be too early counts at the first moment that is not.
    """
    if said is None:
        return received, None
    at = said
    if phone_now is not None and abs(received - phone_now) > SLACK:
        at += received - phone_now
    if at > received + SLACK or at < received - LONGEST_OFFLINE:
        at = received
    at = max(min(at, received), not_before)
    return at, said if abs(at - said) > SLACK else None
