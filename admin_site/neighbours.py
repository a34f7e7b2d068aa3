"""Pages that share one entry of the menu: each shows the others as tabs."""

from flask import current_app, request
from flask_babel import gettext

from admin_site.reading import link
from sign_in import current_actor
from workflows.errors import N_
from workflows.permissions import Permission

#: the heading for screen readers, and (words, endpoint) of each page; the first one is the menu's
TOGETHER: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (N_("Services"), (
        (N_("Services"), "services.index_view"), (N_("Groups"), "service_groups.index_view"),
        (N_("Time blocks"), "time_blocks.index_view"),
    )),
    (N_("Opening and holidays"), (
        (N_("Opening hours"), "opening_hours.index"), (N_("Holidays"), "holidays.index_view"),
        (N_("Closed days"), "closed_days.index_view"),
    )),
    (N_("Import and export"), ((N_("Import"), "imports.index"), (N_("Take everything out"), "archives.index"), (N_("Demo data"), "made_up.index"))),
    (N_("Visits"), ((N_("Visits"), "visits.index_view"), (N_("Requests"), "request_lines.index_view"))),
)  # fmt: skip

#: what a page needs that its neighbours do not
_NEEDS = {
    "imports.index": Permission.IMPORT,
    "archives.index": Permission.TAKE_ALL,
    "made_up.index": Permission.ERASE,
}


def _is_open(endpoint: str) -> bool:
    return endpoint not in _NEEDS or current_actor().may(_NEEDS[endpoint])


def tabs_here() -> tuple[str, list[tuple[str, str | None, bool, None]]] | None:
    """The heading and the tabs of the page that is open; None when it stands alone."""
    for heading, pages in TOGETHER:
        if any(endpoint == request.endpoint for _label, endpoint in pages):
            known = [(label, to) for label, to in pages if to in current_app.view_functions and _is_open(to)]
            return gettext(heading), [(gettext(label), link(to), request.endpoint == to, None) for label, to in known]
    return None
