"""The buttons of a visit, as far as they can be tapped now, and what was tapped already.

Functions and no macros: a day has twenty visits, and theirs took a fifth of the page. Without JavaScript the buttons are
plain forms; with it check-in.js asks the phone where it is before it sends.
"""

from collections.abc import Callable

from flask import url_for
from flask_babel import gettext
from markupsafe import Markup, escape

from foundation import clock
from foundation.extensions import form_token
from models import Job, JobState
from ui_kit.formats import clock_time, short_day
from ui_kit.quick import icon
from workflows.visit_rules import Steps

_PLACE = "".join(
    f'<input type="hidden" name="{name}">' for name in ("place", "latitude", "longitude", "accuracy")
)  # fmt: skip


class Taps:
    """One page's buttons; `back` names the page that is shown after a tap, `new_key` makes a name for each check."""

    def __init__(self, back: str, new_key: Callable[[], str]) -> None:
        self._new_key = new_key
        self._hidden = (
            f'<input type="hidden" name="csrf_token" value="{escape(form_token())}">'
            f'<input type="hidden" name="back" value="{escape(back)}">'
        )

    def buttons(self, job: Job, steps: Steps) -> Markup:
        """The forms, each with one button."""
        parts = []
        if steps.check_in:
            parts.append(self._form(job, "arrival", gettext("Check in"), "map-pin", "primary", self._key()))
        if steps.check_out:
            parts.append(self._form(job, "departure", gettext("Check out"), "logout", "primary", self._key()))
        if steps.complete:
            kind = "primary" if job.checked_out_at else ""
            parts.append(self._form(job, "completion", gettext("Complete"), "checks", kind))
        if steps.acknowledge:
            version = f'<input type="hidden" name="version" value="{job.version}">'
            parts.append(self._form(job, "acknowledgement", gettext("Acknowledge"), "check", "", version))
        return Markup("\n".join(parts))  # noqa: S704 -- escaped

    def so_far(self, job: Job, steps: Steps) -> Markup:
        """What was tapped already, in a line."""
        lines = [
            f'<p class="ui-sub{" ui-num" if is_time else ""}">{escape(text)}</p>'
            for text, is_time in _words(job, steps)
        ]
        return Markup("".join(lines))  # noqa: S704 -- escaped

    def _key(self) -> str:
        return f'<input type="hidden" name="form_key" value="{escape(self._new_key())}">{_PLACE}'

    def _form(self, job: Job, tap: str, label: str, sign: str, kind: str, more: str = "") -> str:  # noqa: PLR0917 -- private
        address = url_for("sitter_visit.tapped", visit_id=job.public_id, tap=tap)
        look = f"ui-btn ui-btn--{kind}" if kind else "ui-btn"
        return (
            f'<form class="ui-inline" method="post" action="{escape(address)}" data-tap="{tap}"'
            f' data-visit="{escape(job.public_id)}">{self._hidden}{more}<button class="{look}">'
            f'{icon(sign)}{escape(label)}<span class="ui-vh"> {escape(str(job.client))}</span></button></form>'
        )


def _words(job: Job, steps: Steps) -> list[tuple[str, bool]]:
    """(words, do they hold a time) of each line."""
    lines = []
    if job.checked_in_at:
        said = gettext("In %(time)s", time=clock_time(job.checked_in_at))
        if job.checked_out_at:
            said += " · " + gettext("Out %(time)s", time=clock_time(job.checked_out_at))
        lines.append((said, True))
    elif steps.opens_at:
        opens = clock.to_local(steps.opens_at)
        time = clock_time(opens.time())
        if opens.date() == job.on_date:
            said = gettext("Check-in opens at %(time)s", time=time)
        else:
            said = gettext("Check-in opens %(when)s", when=f"{short_day(opens.date())}, {time}")
        lines.append((f"{said} · {gettext('Acknowledged')}" if job.acknowledged_at else said, True))
    elif job.state is JobState.SCHEDULED and job.acknowledged_at:
        lines.append((gettext("Acknowledged"), False))
    if steps.report_first:
        lines.append((gettext("Send the report card, then complete the visit."), False))
    return lines
