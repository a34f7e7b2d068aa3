"""What is watched around every page: nobody goes faster than people do, and files that leave and refusals are in the log.

The paces themselves stand in `workflows.paces`; log-ins and links have limits of their own in `workflows.tries`.
"""

import logging

from flask import Flask, Response, g, request

from foundation.db import db, writing_between
from models import Client, Realm, StoredFile
from sign_in import current_sign_in
from ui_kit.downloads import Taken
from workflows import activity, paces
from workflows.paces import Pace

log = logging.getLogger("latchkey.watching")

_WORDS = (
    "portal_messages.send", "portal_letters.write", "portal_requests.answer", "portal_reports.thank",
    "staff_messages.write", "sitter_time_off.ask",
)  # fmt: skip
_ASKS = (
    "portal_requesting.submit", "portal_requests.add_services", "portal_cancelling.cancel_whole",
    "portal_cancelling.cancel_line", "portal_visit_cancelling.cancel_one", "portal_visit_cancelling.cancel_several",
    "portal_changing.ask", "portal_following.ask", "portal_series.send_end", "portal_series.send_pause",
    "portal_withdrawing.withdraw_one", "portal_withdrawing.withdraw_whole", "portal_vets.propose",
)  # fmt: skip
_UPLOADS = ("portal_uploads.upload", "portal_uploads.set_photo", "sitter_report.add_photos")
_EXPORTS = ("archives.order", "client_account.export", "client_data.export", "reports.file")
_SEARCHES = ("global_search.show", "global_search.quick", "global_search.keys", "settings.search")

#: (endpoint, method) -> the pace before it; every other POST of the portal goes at POSTS
PACES: dict[tuple[str, str], Pace] = {
    **dict.fromkeys([(name, "POST") for name in _WORDS], paces.WORDS),
    **dict.fromkeys([(name, "POST") for name in _ASKS], paces.ASKS),
    **dict.fromkeys([(name, "POST") for name in _UPLOADS], paces.UPLOADS),
    **dict.fromkeys([(name, "POST") for name in _EXPORTS], paces.EXPORTS),
    **dict.fromkeys([(name, "GET") for name in _SEARCHES], paces.SEARCHES),
    ("reports.show", "GET"): paces.REPORTS,
}
#: a list's file, of whichever list
_LIST_FILE = "/export/<export_type>/"


def install(app: Flask) -> None:
    """Behind the guard, so that it is known who asks."""

    @app.before_request
    def _pace() -> None:
        pace = pace_of()
        person = _person() if pace is not None else None
        if pace is None or person is None or not paces.is_written(pace, person[1]):
            return
        with writing_between():
            paces.keep(pace, *person)

    @app.after_request
    def _note_file(response: Response) -> Response:
        taken = g.pop("taken", None)
        if taken is not None and request.method == "GET" and response.status_code == 200:
            _log_file(taken)
        if response.status_code == 403:
            _log_refusal()
        return response


def pace_of() -> Pace | None:
    """The pace of this request, if it has one."""
    if request.endpoint is None or request.url_rule is None:
        return None
    pace = PACES.get((request.endpoint, request.method))
    if pace is not None or request.method != "POST":
        return pace
    if request.url_rule.rule.endswith(_LIST_FILE):
        return paces.EXPORTS
    return paces.POSTS if request.url_rule.rule.startswith("/portal/") else None


def _person() -> tuple[Realm, str] | None:
    """Whose pace it is: a household's, or a member's of the team, also in a client's portal."""
    user = current_sign_in()
    if user is None:
        return None
    actor = user.actor
    if actor.staff is not None:
        return Realm.STAFF, f"staff:{actor.staff.id}"
    return Realm.CLIENT, f"client:{actor.client.id if actor.client else 0}"


def _log_file(taken: Taken) -> None:
    """Before the first byte leaves. Its own name may be anybody's words, so it is not written down; a paper's is a number."""
    user = current_sign_in()
    if user is None:
        return
    with writing_between():
        file = db.session.get(StoredFile, taken.file_id) if taken.file_id is not None else None
        client_id = file.client_id if file is not None else None
        client = user.actor.client or (db.session.get(Client, client_id) if client_id is not None else None)
        verb = "file.taken" if file is not None else "paper.taken"
        activity.record(verb, actor=user.actor, subject=file, client=client, name=taken.name)


def _log_refusal() -> None:
    """Who was refused where, by the route's rule. It must not make of a refusal a fault."""
    try:
        user, person, rule = current_sign_in(), _person(), request.url_rule
        if user is None or person is None or rule is None:
            return
        with writing_between():
            paces.keep(paces.REFUSALS, *person)
            activity.record("access.refused", actor=user.actor, name=f"{request.method} {rule.rule}")
    except paces.TooOften:
        db.session.rollback()
    except Exception:
        db.session.rollback()
        log.exception("a refusal could not be written into the log")
