"""The rows of the request queue and of the change inbox, put together in Python: a template takes three times as long."""

from collections.abc import Iterable

from flask import url_for
from flask_babel import gettext, ngettext
from markupsafe import Markup, escape

from admin_site import frame, texts
from admin_site.change_queue import Row
from admin_site.request_queue import QueueRow
from ui_kit import formats
from ui_kit.quick import chip, escaped

_OFF, _BLANK = ' class="is-off"', ' class="is-blank"'


def of_queue(rows: Iterable[QueueRow]) -> Markup:
    """A row for each client with requests."""
    said = {
        name: escaped(word)
        for name, word in (("visits", gettext("Visits")), ("first", gettext("First visit")), ("sent", gettext("Sent")))
    }
    soon, auto = (
        chip("late", gettext("Starts within 24 hours")),
        chip("change", gettext("Auto-submitted"), with_icon=False),
    )
    off = chip("off", gettext("Cancelled by the client"))
    return Markup("\n".join([_of_client(row, said, soon, auto, off) for row in rows]))  # noqa: S704 -- every piece is escaped where it is put in


def _of_client(row: QueueRow, said: dict[str, str], soon: str, auto: str, off: str) -> str:
    first = ""
    if row.first_on:
        time = (
            f' <span class="ui-num">{escaped(formats.clock_time(row.starts))}</span>'
            if row.starts and row.has_time
            else ""
        )
        first = f"<span>{escaped(texts.day_words(row.first_on))}{time}</span>"
    cancelled = ""
    if row.n_cancelled:
        words = ngettext("%(num)d cancelled", "%(num)d cancelled", row.n_cancelled)
        cancelled = f'<span class="ui-meta">{" + " if row.n_waiting else ""}{escaped(words)}</span>'
    marks = f"{soon if row.is_soon else ''}{auto if row.is_auto else ''}{'' if row.n_waiting else off}"
    return (
        f"<tr{'' if row.n_waiting else _OFF}>"
        f'<th scope="row"><span class="ui-row"><span class="ui-who ui-who--{row.client_id % 4 + 1} ui-who--s36" aria-hidden="true">'
        f'{escaped(row.initials)}</span><a class="ui-table__main" href="{url_for("requests.batch", client_id=row.client_id)}">'
        f"{escaped(row.name)}</a></span></th>\n"
        f'<td class="ui-r" data-label="{said["visits"]}"><span>{f"<strong>{row.n_waiting}</strong>" if row.n_waiting else ""}'
        f"{cancelled}</span></td>\n"
        f'<td class="u-nowrap{"" if row.first_on else " is-blank"}" data-label="{said["first"]}">{first}</td>\n'
        f'<td class="u-nowrap{"" if row.sent_at else " is-blank"}" data-label="{said["sent"]}">'
        f'<span class="ui-num">{escaped(texts.moment_words(row.sent_at))}</span></td>\n'
        f'<td{"" if marks else _BLANK}><span class="ui-row ui-row--2 ui-row--wrap">{marks}</span></td></tr>'
    )


class ChangeLines:
    """The rows of a tab of the change inbox; `is_over` for the tabs of what is decided."""

    def __init__(self, *, is_over: bool) -> None:
        self._is_over = is_over
        self._result, self._decided = escaped(gettext("Result")), escaped(gettext("Decided"))
        self._starts, self._age, self._fee = (escaped(t) for t in (gettext("Starts"), gettext("Age"), gettext("Fee")))
        self._soon = chip("late", gettext("Starts within 24 h"))
        no_visit = gettext("no visit")
        self._no_visit = f'<span class="ui-meta">{escaped(no_visit)}</span>'
        self._none = f'<span class="ui-meta">{escaped(gettext("none"))}</span>'

    def of(self, rows: Iterable[Row]) -> Markup:
        """All of them."""
        return Markup("\n".join([self._row(row) for row in rows]))  # noqa: S704 -- every piece is escaped where it is put in

    def _row(self, row: Row) -> str:
        about = row.request
        lines = "<br>".join([f'<span class="ui-num">{escaped(line)}</span>' for line in row.lines])
        more = ""
        if row.n_more:
            words = ngettext("and %(num)d more visit", "and %(num)d more visits", row.n_more)
            more = f'<br><span class="ui-meta">{escaped(words)}</span>'
        if about.reason or (about.body and about.items):
            parts = (about.reason.name if about.reason else "", _shortened(about.body))
            more += f'<br><span class="ui-meta">“{escape(": ".join(part for part in parts if part))}”</span>'
        return (
            f'<tr><td><a class="ui-table__main" href="{url_for("changes.show", request_id=about.id)}">{escaped(str(about.client))}'
            f"</a><br>{chip(*row.kind)}</td>\n<td>{lines}{more}</td>\n{self._over(row) if self._is_over else self._open(row)}"
            f'<td class="ui-r ui-num" data-label="{self._fee}"><span>{escaped(frame.money_words(row.fee)) if row.fee else self._none}'
            "</span></td></tr>"
        )

    def _open(self, row: Row) -> str:
        starts = self._no_visit
        if row.starts:
            starts = f'<span class="u-nowrap">{escaped(row.starts)}</span>{f"<br>{self._soon}" if row.is_soon else ""}'
        return (
            f'<td class="ui-num" data-label="{self._starts}"><span>{starts}</span></td>'
            f'<td class="ui-meta ui-num u-nowrap" data-label="{self._age}"><span>{escaped(row.age)}</span></td>\n'
        )

    def _over(self, row: Row) -> str:
        about, states = row.request, "".join([f"{chip(*state)} " for state in row.states])
        who = ""
        if about.decided_by:
            who = f", {escaped(about.decided_by.first_name)}"
        elif about.auto_approved:
            who = f", {escaped(gettext('automatic'))}"
        states = states or chip("ok", gettext("Answered") if about.answer else gettext("Done"))
        return (
            f'<td data-label="{self._result}"><span>{states}</span></td><td class="ui-meta ui-num" data-label="{self._decided}">'
            f"<span>{escaped(texts.moment_words(about.closed_at))}{who}</span></td>\n"
        )


def _shortened(text: str) -> str:
    """As the templates' `truncate(80)`: whole words, and a few letters more rather than dots for them."""
    return text if len(text) <= 85 else f"{text[:77].rsplit(' ', 1)[0]}..."
