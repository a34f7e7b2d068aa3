"""Settings that need each other, on whatever page they stand."""

from collections.abc import Mapping
from typing import Any

from models import LimitKind
from workflows.errors import N_, Invalid, Refusals


def check_together(values: Mapping[str, Any]) -> None:
    """Refuse with Invalid a limit without its number or time, and half a link button; all at once."""
    refusals = Refusals()
    for limit in ("booking.limit", "booking.change_limit", "booking.cancel_limit"):
        kind = values[f"{limit}_kind"]
        with refusals:
            if kind in {LimitKind.HOURS, LimitKind.DAYS} and values[f"{limit}_number"] is None:
                raise Invalid("limit_number", N_("Say how many hours or days."), field=f"{limit}_number")
            if kind in {LimitKind.TODAY_AFTER, LimitKind.TOMORROW_AFTER} and values[f"{limit}_time"] is None:
                raise Invalid("limit_time", N_("Say until what time of day."), field=f"{limit}_time")
    with refusals:
        if bool(values["portal.button_label"]) != bool(values["portal.button_url"]):
            missing = "portal.button_url" if values["portal.button_label"] else "portal.button_label"
            raise Invalid("button_half", N_("The link button needs both a text and an address."), field=missing)
    refusals.say()
