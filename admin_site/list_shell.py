"""What is kept of a list's page: the page without its rows, and rows as they were drawn.

The page without its rows is made once, and filled with the rows and the forms' token at each request.

Head, menu, tabs, columns' heads and the bar of actions are two thirds of a list's work, and the same for the next who looks.
A shell is kept by the person's frame (what they may, language, settings, badges), by what the address asks for, and by
all that the list's template is given. Not kept: what is searched, filtered or has notes, and words that are told once.

A row is drawn from what its statement read (`foundation.twins`), and most rows of a first page are those of the last time:
they are kept by all that was read, so that one that changed is drawn anew.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, session
from markupsafe import Markup

from admin_site import rows
from admin_site.list_address import Wanted
from admin_site.listing import Found
from foundation import clock
from foundation.extensions import form_token
from ui_kit.formats import language
from workflows import settings

#: shells that a process keeps, of some ten kilobytes each; then it begins afresh
MOST_KEPT = 150
#: kinds of rows (a list as somebody may see it on a day), and rows of each, of one to two kilobytes; then they begin afresh
MOST_KINDS, MOST_ROWS = 8, 50
#: where the rows go; nobody can write it into a record
_ROWS = Markup(f"<!--{secrets.token_hex(12)}-->")  # noqa: S704 -- no words of anybody

#: the text before the rows and behind them, each cut where the token stands
_Shell = tuple[list[str], list[str]]


def page(of: Any, wanted: Wanted, found: Found, shown: Markup, given: Mapping[str, Any]) -> str:
    """The list's page; `given` is what its template is given besides, all of it the key's part."""

    def drawn(shown: Markup) -> str:
        text: str = of.render(of.list_template, wanted=wanted, found=found, rows=shown, **given)
        return text

    key = _key(of, wanted, found, given)
    if key is None:
        return drawn(shown)
    shells: dict[Any, _Shell] = current_app.extensions.setdefault("office_list_shells", {})
    token, shell = form_token(), shells.get(key)
    if shell is None:
        before, after = drawn(_ROWS).split(_ROWS)
        if len(shells) >= MOST_KEPT:
            shells.clear()
        shell = shells[key] = before.split(token), after.split(token)
    return f"{token.join(shell[0])}{shown}{token.join(shell[1])}"


def _key(of: Any, wanted: Wanted, found: Found, given: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """All that the page shows beside its rows; None where it is not kept."""
    from admin_site import frame  # it needs the lists itself

    is_usual = of.keeps_page and found.records and not (wanted.is_narrow or wanted.panel or wanted.notes)
    office = frame.here() if is_usual and "_flashes" not in session else None
    if office is None or office.key is None:
        return None
    return (
        office.key, frame.nav(), of.endpoint, tuple(wanted.arguments().items()), wanted.pill and wanted.pill.key,
        len(found.records), found.total, found.page, found.size, found.is_capped, found.has_next,
        tuple((c.name, str(c.label), c.right, bool(c.sort)) for c in of.shown_columns), _frozen(given),
    )  # fmt: skip


def _frozen(value: Any) -> Any:
    """The same as something that can be a key; what cannot be one raises."""
    if isinstance(value, Mapping):
        return tuple((name, _frozen(one)) for name, one in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_frozen(one) for one in value)
    hash(value)
    return value


def rows_of(of: Any, records: Sequence[Any], *, can_tick: bool) -> Markup:
    """The rows of a list as HTML (`rows.table_rows`); those that were drawn already from the same are not drawn again."""
    if not of.keeps_page or not records or of.row_key(records[0]) is None:
        return rows.table_rows(of, records, can_tick=can_tick)
    kinds: dict[Any, dict[Any, str]] = current_app.extensions.setdefault("office_rows", {})
    # The settings say how numbers and amounts are written, the day what is today's and what is overdue.
    kind = (
        of.endpoint, can_tick, of.can_edit, tuple(c.name for c in of.shown_columns), language(), settings.read().serial,
        clock.today(),
    )  # fmt: skip
    kept = kinds.get(kind)
    if kept is None or len(kept) > MOST_ROWS:
        if len(kinds) >= MOST_KINDS:
            kinds.clear()
        kept = kinds[kind] = {}
    draw, parts = None, []
    for record in records:
        key = of.row_key(record)
        drawn = kept.get(key)
        if drawn is None:
            draw = draw or rows.row_drawing(of, can_tick=can_tick)
            drawn = kept[key] = draw(record)
        parts.append(drawn)
    return Markup("".join(parts))  # noqa: S704 -- escaped where they were drawn
