"""Where a visit is, and where a sitter checked in: the same words and maps for all faces."""

from urllib.parse import quote_plus

from flask_babel import format_decimal, gettext

_MAP = "https://www.openstreetmap.org"


def map_of_place(latitude: float | None, longitude: float | None) -> str:
    """A page with a map of the place, or "" when it is not known."""
    if latitude is None or longitude is None:
        return ""
    return f"{_MAP}/?mlat={latitude:.6f}&mlon={longitude:.6f}#map=17/{latitude:.6f}/{longitude:.6f}"


def map_of_address(address: str) -> str:
    """A page with a map of what looks like this address, or "" without one."""
    return f"{_MAP}/search?query={quote_plus(address)}" if address else ""


def place_words(place: str, metres: int | None) -> str:
    """What is known of the place of a check: how far from the home it was, or why there is none."""
    if place == "given":
        if metres is None:
            return gettext("place known")
        return gettext("%(way)s from the home", way=_way(metres))
    return {
        "refused": gettext("without a place: the phone may not tell"),
        "unavailable": gettext("without a place"),
        "adjusted": gettext("adjusted by the office"),
    }[place]


def _way(metres: int) -> str:
    """`150 m`, `1.2 km`."""
    if metres < 1000:
        return gettext("%(n)s m", n=metres)
    return gettext("%(n)s km", n=format_decimal(metres / 1000, format="0.0"))
