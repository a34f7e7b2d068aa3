"""A list's page without its rows: made once, and filled with the rows and the forms' token at each request.

Head, menu, tabs, columns' heads and the bar of actions are two thirds of a list's work, and the same for the next who looks.
A shell is kept by the person's frame (what they may, language, settings, badges), by what the address asks for, and by
all that the list's template is given. Not kept: what is searched, filtered or has notes, and words that are told once.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app, session
from markupsafe import Markup

from admin_site.list_address import Wanted
from admin_site.listing import Found
from foundation.extensions import form_token

#: shells that a process keeps, of some ten kilobytes each; then it begins afresh
MOST_KEPT = 150
#: where the rows go; nobody can write it into a record
_ROWS = Markup(f"<!--{secrets.token_hex(12)}-->")  # noqa: S704 -- no words of anybody

#: the text before the rows and behind them, each cut where the token stands
_Shell = tuple[list[str], list[str]]


def page(of: Any, wanted: Wanted, found: Found, rows: Markup, given: Mapping[str, Any]) -> str:
    """The list's page; `given` is what its template is given besides, all of it the key's part."""

    def drawn(rows: Markup) -> str:
        text: str = of.render(of.list_template, wanted=wanted, found=found, rows=rows, **given)
        return text

    key = _key(of, wanted, found, given)
    if key is None:
        return drawn(rows)
    shells: dict[Any, _Shell] = current_app.extensions.setdefault("office_list_shells", {})
    token, shell = form_token(), shells.get(key)
    if shell is None:
        before, after = drawn(_ROWS).split(_ROWS)
        if len(shells) >= MOST_KEPT:
            shells.clear()
        shell = shells[key] = before.split(token), after.split(token)
    return f"{token.join(shell[0])}{rows}{token.join(shell[1])}"


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
