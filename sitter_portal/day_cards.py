"""The cards of a sitter's day: each visit in full, with what is needed at the door and the buttons.

Functions and no template, as with the buttons (`taps`): a day has twenty cards, which took half of the page there.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from flask import url_for
from flask_babel import gettext
from markupsafe import Markup, escape

from models import JobState, Pet
from sitter_portal.clients import pet_photo_url, told_by
from sitter_portal.keys import KeyNote
from sitter_portal.taps import Taps
from ui_kit.formats import short_day
from ui_kit.quick import chip, icon
from ui_kit.quick import pet as draw_pet
from workflows import once, people

if TYPE_CHECKING:
    from sitter_portal.day import Card, Visit

_KINDS = {
    JobState.SCHEDULED: "scheduled", JobState.IN_PROGRESS: "live", JobState.COMPLETED: "done", JobState.CANCELLED: "off",
}  # fmt: skip


def until(visit: "Visit") -> str:
    """Of a stay " until Wed, Nov 25", else nothing."""
    return f" {gettext('until %(day)s', day=short_day(visit.ends_on))}" if visit.is_long else ""


def when(card: "Card") -> str:
    """When a visit is, under the head of its day; a stay that began on an earlier day says on which."""
    visit = card.visit
    if not visit.is_long:
        return visit.time
    began = [short_day(card.job.on_date)] if card.job.on_date < visit.day else []
    time = [] if began and visit.when[0] is None else [visit.time]
    return f"{', '.join(began + time)}{until(visit)}"


class DayCards:
    """One page's cards; `closed` are the columns that sitters do not read."""

    def __init__(self, closed: Collection[str]) -> None:
        self._told, self._region = told_by(closed), people.region()
        self._taps = Taps("day", once.new_key)
        self._chips = {state: chip(kind) for state, kind in _KINDS.items()}
        self._times: dict[tuple[object, ...], str] = {}
        self._headings = (
            ("feeding", escape(gettext("Feeding"))), ("medication", escape(gettext("Medication"))),
            ("notes", escape(gettext("Notes"))),
        )  # fmt: skip

    def article(self, card: "Card", key_note: KeyNote | None) -> Markup:
        """The card. Of a visit that was called off only when, what and whose it was; of one that is done also when it was.

        So what is still to be done is not pushed off the phone by what is over; the visit's own page has the rest.
        """
        visit, kind, name = card.visit, _KINDS[card.visit.state], escape(card.visit.public_id)
        look = "ui-visit" if kind == "scheduled" else f"ui-visit ui-visit--{kind}"
        is_off, is_done = visit.state is JobState.CANCELLED, visit.state is JobState.COMPLETED
        client = escape(visit.client)
        if not is_off:
            client_url = url_for("sitter_clients.show", client_id=card.job.client.public_id)
            client = Markup(f'<a href="{escape(client_url)}">{client}</a>')  # noqa: S704 -- escaped
        url = escape(url_for("sitter_visit.show", visit_id=visit.public_id))
        return Markup(  # noqa: S704 -- escaped
            f'<article class="{look}" aria-labelledby="v-{name}">\n<div class="ui-row"><span class="ui-visit__time ui-grow">'
            f"{self._time(card)}</span>"
            f"{_key_sign(key_note) if key_note and not is_off and not is_done else ''}{self._chips[visit.state]}</div>\n"
            f'<h3 class="ui-visit__name" id="v-{name}"><a href="{url}">{escape(visit.service)}</a>, {client}</h3>\n'
            f"{'' if is_off else self._when_done(card) if is_done else self._at_the_door(card)}</article>"
        )

    def _when_done(self, card: "Card") -> str:
        """When it was; buttons only where something is left, as for an office that has opened it again."""
        buttons = self._taps.buttons(card.job, card.steps)
        left = f'<div class="ui-row ui-row--wrap u-mt-2">{buttons}</div>\n' if buttons else ""
        return f"{self._taps.so_far(card.job, card.steps)}\n{left}"

    def _at_the_door(self, card: "Card") -> str:
        job, notes = card.job, ""
        if job.note:
            notes += f'<p class="u-mt-2 ui-pre">{escape(gettext("Client: %(text)s", text=job.note))}</p>\n'
        if job.staff_note:
            notes += (
                f'<p class="u-mt-2 ui-pre u-strong">{escape(gettext("Office: %(text)s", text=job.staff_note))}</p>\n'
            )
        return (
            f'<p class="ui-sub u-mt-2">{self._place(card)}</p>\n{"".join(map(self._pet, job.pets))}{notes}'
            f'<div class="u-mt-2">{self._taps.so_far(job, card.steps)}</div>\n'
            f'<div class="ui-row ui-row--wrap u-mt-2">{self._taps.buttons(job, card.steps)}</div>\n'
        )

    def _place(self, card: "Card") -> str:
        if card.map_url:
            place = (
                f'<a class="ui-link" href="{escape(card.map_url)}" target="_blank" rel="noopener noreferrer">'
                f"{icon('map-pin')}{escape(card.address)}</a>"
            )
        else:
            place = str(escape(gettext("No address on file")))
        if not card.phone:
            return place
        words = escape(people.show_phone(card.phone, region=self._region))
        return f'{place}<br><span class="ui-num"><a class="ui-link" href="tel:{escape(card.phone)}">{words}</a></span>'

    def _time(self, card: "Card") -> str:
        """Twenty visits have a dozen times."""
        if card.visit.is_long:
            return str(escape(when(card)))
        key = card.visit.when
        if key not in self._times:
            self._times[key] = str(escape(card.visit.time))
        return self._times[key]

    def _pet(self, pet: Pet) -> str:
        told, warning = self._told, self._told(pet, "warning")
        if warning:
            warning = f'<span class="ui-alert-tag">{icon("alert-triangle")}{escape(warning)}</span>'
        picture = draw_pet(pet.species, pet.id, size="s40", photo_url=pet_photo_url(pet))
        notes = [
            f'<p class="ui-sub ui-pre">{heading}: {escape(words)}</p>\n'
            for column, heading in self._headings
            if (words := told(pet, column))
        ]
        return (
            f'<div class="ui-row ui-row--wrap u-mt-2">{picture}<span class="u-strong">{escape(pet.name)}</span>'
            f"{warning}</div>\n{''.join(notes)}"
        )


def _key_sign(note: KeyNote) -> str:
    if note.is_missing:
        url = escape(url_for("sitter_keys.show"))
        return f'<a class="ui-alert-tag" href="{url}">{icon("key")}{escape(gettext("no key"))}</a>'
    return f'<span class="ui-meta ui-inline u-nowrap">{icon("key")} {escape(", ".join(note.held))}</span>'
