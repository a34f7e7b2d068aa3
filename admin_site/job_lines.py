"""The lines of many visits on HOME and on a day of the schedule, put together in Python.

A day of 900 draws hundreds of them, and a template takes four times as long for each.
"""

from collections.abc import Iterable

from flask_babel import gettext
from markupsafe import Markup, escape

from admin_site.bookings import visit_url
from admin_site.home_figures import Chip
from admin_site.reading import link
from admin_site.schedule_rows import Slot
from ui_kit import formats
from ui_kit.quick import icon

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


def of_chips(chips: Iterable[Chip]) -> Markup:
    """Today's visits of a sitter, as HOME shows them."""
    said = {
        "done": gettext("done"),
        "live": gettext("on now"),
        "none": gettext("nobody on it"),
        "late": gettext("late"),
    }
    after = {kind: f", {escape(word)}" for kind, word in said.items()}
    parts = [
        f'<a class="ui-job ui-job--{chip.kind}" id="j{chip.job_id}" href="{visit_url(chip.job_id)}">{_sign(chip.kind)}'
        f"{f'<b>{escape(formats.clock_time(chip.time))}</b>' if chip.time else ''} {escape(chip.who)}"
        f'<span class="ui-vh">, {escape(chip.service)}{after.get(chip.kind, "")}</span></a>'
        for chip in chips
    ]
    return Markup("".join(parts))  # noqa: S704 -- every piece is escaped where it is put in


def of_slots(slots: Iterable[Slot], *, by_client: bool, picks: bool) -> Markup:
    """A row's visits of a day. `by_client` says the sitter instead of the client; `picks` gives each visit that may be
    moved a tick for the form "picked"."""
    nobody, asked = gettext("Nobody yet"), f"{escape(gettext('REQ:'))} "
    words: dict[str, str] = {}
    no_key = Markup()
    parts: list[str] = []
    for slot in slots:
        if slot.kind not in words:
            words[slot.kind] = slot.word
        if picks and slot.job_id and slot.kind in MOVABLE:
            label = escape(gettext("Select %(visit)s", visit=f"{slot.client}, {slot.short_time}"))
            parts.append(
                f'<label class="ui-jobtick"><input class="ui-check" type="checkbox" name="job" value="{slot.job_id}"'
                f' form="picked"><span class="ui-vh">{label}</span></label>'
            )
        url = visit_url(slot.job_id) if slot.job_id else link("requests.batch", client_id=slot.client_id) or ""
        who = slot.sitter or nobody if by_client else slot.client
        pets = f" ({escape(slot.pets)})" if slot.pets else ""
        if slot.no_key and not no_key:
            no_key = Markup(' <span class="ui-alert-tag">{}{}</span>').format(icon("key"), gettext("no key"))
        parts.append(
            f'<a class="ui-job ui-job--{slot.kind}" href="{escape(url)}">{_sign(slot.kind)}'
            f"<span><b>{asked if slot.kind == 'req' else ''}{escape(slot.time)}</b> {escape(who)}{pets},"
            f' {escape(slot.service)}{no_key if slot.no_key else ""}<span class="ui-vh">, {escape(words[slot.kind])}</span></span></a>'
        )
    return Markup("".join(parts))  # noqa: S704 -- every piece is escaped where it is put in
