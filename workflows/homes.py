"""Where a client's home is: the town as papers write it, and in degrees, which check-ins are measured against."""

import re
from collections.abc import Collection
from typing import Any

from models import Client, VisitCheck
from workflows import records
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WrongState
from workflows.permissions import Permission

_NUMBER = r"(-?\d{1,3}(?:\.\d{1,15})?)"
#: as it is typed, and as links to maps have it
_SHAPES = (
    rf"\s*{_NUMBER}\s*[,; ]\s*{_NUMBER}\s*",
    rf".*[?&]mlat={_NUMBER}&mlon={_NUMBER}(?!\d).*",
    rf".*!3d{_NUMBER}!4d{_NUMBER}(?!\d).*",
    rf".*#map=\d+(?:\.\d+)?/{_NUMBER}/{_NUMBER}(?!\d).*",
    rf".*@{_NUMBER},{_NUMBER}(?:,.*)?",
    rf".*[?&](?:q|query|ll|destination)=(?:loc:)?{_NUMBER}(?:,|%2C){_NUMBER}(?!\d).*",
)


def town_line(client: Client) -> str:
    """The last line of the address: "Springfield, MA 01101"; what is not known is left out."""
    place = ", ".join(part for part in (client.city, client.region) if part)
    return " ".join(part for part in (place, client.postcode) if part)


#: where a client lives, as the columns of ours are named
ADDRESS = ("address_line1", "address_line2", "city", "region", "postcode")


def in_one_line(client: Any, closed: Collection[str] = ()) -> str:  # noqa: ANN401 -- a client, or a row with the columns of ADDRESS
    """The address, such as "12 Elm Street, Springfield, MA 01101", without what is `closed` to the reader."""
    street, more, city, region, postcode = (
        getattr(client, name) if f"client.{name}" not in closed else "" for name in ADDRESS
    )
    end = " ".join(part for part in (region, postcode) if part)
    return ", ".join(part for part in (street, more, city, end) if part)


def read_home(text: str) -> tuple[float, float] | None:
    """Latitude and longitude of what was typed ("51.50, -0.12") or of a pasted link to a map; None for an empty text."""
    typed = text.strip()
    if not typed:
        return None
    for shape in _SHAPES:
        if found := re.fullmatch(shape, typed, re.ASCII):
            latitude, longitude = float(found[1]), float(found[2])
            if abs(latitude) <= 90 and abs(longitude) <= 180:
                return latitude, longitude
            break
    raise Invalid("bad_place", N_("Enter latitude and longitude, for example 51.50, -0.12, or paste a link to a map."), field="latitude")  # fmt: skip


def take_from(check: VisitCheck, *, actor: Actor) -> Client:
    """The place of this check-in or check-out is the client's home from now on; logged.

    Distances of checks that are there already stay as they were. Refused: a check without a place (WrongState).
    """
    actor.require(Permission.CLIENTS)
    if check.latitude is None:
        raise WrongState("no_place", N_("The place of this check-in is not known."))
    client: Client = check.job.client
    records.change(client, {"latitude": check.latitude, "longitude": check.longitude}, actor=actor)
    return client
