"""The lines of many visits on HOME and on a day of the schedule, put together in Python.

A day of 900 draws hundreds of them, and a template takes four times as long for each.
"""

import datetime as dt
from collections.abc import Hashable, Iterable, Sequence

from flask_babel import gettext
from markupsafe import Markup, escape

from admin_site.bookings import visit_url
from admin_site.home_figures import Chip
from admin_site.reading import link
from admin_site.schedule_rows import Slot
from ui_kit import formats
from ui_kit.quick import escaped, icon

_SIGNS = {
    "done": "check",
    "live": "walk",
    "none": "alert-triangle",
    "late": "alert-triangle",
    "req": "hourglass",
    "off": "calendar-x",
}
#: what may still be moved
MOVABLE = frozenset({"scheduled", "none"})


def _sign(kind: str) -> Markup | str:
    return icon(_SIGNS[kind]) if kind in _SIGNS else ""


def of_chips(chips: Sequence[Chip]) -> Markup:
    """Today's visits of a sitter, as HOME shows them."""
    said = {
        "done": gettext("done"),
        "live": gettext("on now"),
        "none": gettext("nobody on it"),
        "late": gettext("late"),
    }
    after = {kind: f", {escaped(word)}" for kind, word in said.items()}
    times: dict[dt.time | None, str] = {None: ""}
    for chip in chips:
        if chip.time not in times:
            times[chip.time] = f"<b>{escaped(formats.clock_time(chip.time))}</b>"
    parts = [
        f'<a class="ui-job ui-job--{chip.kind}" id="j{chip.job_id}" href="{visit_url(chip.job_id)}">{_sign(chip.kind)}'
        f"{times[chip.time]} {escaped(chip.who)}"
        f'<span class="ui-vh">, {escaped(chip.service)}{after.get(chip.kind, "")}</span></a>'
        for chip in chips
    ]
    return Markup("".join(parts))  # noqa: S704 -- every piece is escaped where it is put in


class SlotLines:
    """The visits of a day, row by row. `by_client` says the sitter instead of the client; `picks` gives each visit that
    may be moved a tick for the form "picked"."""

    def __init__(self, *, by_client: bool, picks: bool) -> None:
        self._by_client, self._picks = by_client, picks
        self._nobody, self._asked = gettext("Nobody yet"), f"{escaped(gettext('REQ:'))} "
        self._no_key = Markup(' <span class="ui-alert-tag">{}{}</span>').format(icon("key"), gettext("no key"))
        #: what visits that look alike begin and end with
        self._ends: dict[Hashable, tuple[str, str]] = {}

    def of(self, slots: Iterable[Slot]) -> Markup:
        """The visits of a row."""
        return Markup("".join([self._line(slot) for slot in slots]))  # noqa: S704 -- every piece is escaped where it is put in

    def _line(self, slot: Slot) -> str:
        look = slot.look
        if look not in self._ends:
            begin = f"{_sign(slot.kind)}<span><b>{self._asked if slot.kind == 'req' else ''}{escaped(slot.time)}</b> "
            self._ends[look] = begin, f'<span class="ui-vh">, {escaped(slot.word)}</span></span></a>'
        begin, end = self._ends[look]
        tick = self._tick(slot) if self._picks and slot.job_id and slot.kind in MOVABLE else ""
        url = visit_url(slot.job_id) if slot.job_id else escape(link("requests.batch", client_id=slot.client_id) or "")
        who = slot.sitter or self._nobody if self._by_client else slot.client
        pets = f" ({escaped(slot.pets)})" if slot.pets else ""
        no_key = self._no_key if slot.no_key else ""
        return (
            f'{tick}<a class="ui-job ui-job--{slot.kind}" href="{url}">{begin}{escaped(who)}{pets}, {escaped(slot.service)}'
            f"{no_key}{end}"
        )

    @staticmethod
    def _tick(slot: Slot) -> str:
        label = escaped(gettext("Select %(visit)s", visit=f"{slot.client}, {slot.short_time}"))
        return (
            f'<label class="ui-jobtick"><input class="ui-check" type="checkbox" name="job" value="{slot.job_id}"'
            f' form="picked"><span class="ui-vh">{label}</span></label>'
        )
