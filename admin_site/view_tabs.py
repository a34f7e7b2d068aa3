"""The saved views of a list as its last tabs, and what a list says of a view that no longer fits it."""

from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from flask import request, url_for
from flask_babel import gettext

from admin_site.list_address import Wanted
from workflows import saved_views
from workflows.actors import Actor

#: marks an address as a saved view's, so that the list says what is missing
MARK = "saved"
#: which of a list's arguments a view keeps: all but the page
_ASIDE = {"page", MARK}


class Tabs(NamedTuple):
    """What a list's page shows of saved views: tabs as `ui.filters` takes them, where to save and where to manage."""

    pills: list[tuple[str, str, bool, None]]
    save_url: str | None
    manage_url: str | None


def arguments_of(wanted: Wanted) -> str:
    """What is kept of a list's address, always written in the same order."""
    return urlencode({k: v for k, v in wanted.arguments().items() if k not in _ASIDE})


def of_list(endpoint: str, url: str, wanted: Wanted, actor: Actor) -> Tabs:
    """The tabs of this list for this person. One query, if there are any."""
    from admin_site import frame

    views = saved_views.of_list(endpoint, actor=actor) if frame.n_saved_views() else []
    present = arguments_of(wanted)
    pills = [(v.name, f"{url}/?{v.arguments}&{MARK}=1", v.arguments == present, None) for v in views]
    is_worth = bool(wanted.search or wanted.filters or wanted.sort or wanted.columns) and not any(
        pill[2] for pill in pills
    )
    save_url = f"{url_for('saved_views.new')}?{urlencode({'list': endpoint})}&{present}" if is_worth else None
    manage_url = url_for("saved_views.index", list=endpoint) if views else None
    return Tabs(pills, save_url, manage_url)


def missing_from(of: Any, wanted: Wanted) -> list[str]:
    """Sentences about what a saved view asks for and the list does not have any more."""
    if MARK not in request.args:
        return []
    known = {f"flt_{one.key}" for one in of.filters}
    asked = dict(parse_qsl(request.query_string.decode("utf-8", "replace")))
    gone = [k for k in asked if k.startswith("flt_") and k not in known]
    is_unsorted = bool(asked.get("sort")) and wanted.sort is None
    other_tab = bool(asked.get("view")) and (wanted.pill is None or wanted.pill.key != asked["view"])
    if gone or is_unsorted or other_tab:
        return [gettext("A part of this saved view is not there any more (a filter, a column or a tab), so the list shows more than it did. Save it anew, or remove it.")]  # fmt: skip
    return []
