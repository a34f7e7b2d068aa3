"""The sitter's pages on a phone without a connection: the app's manifest and worker, the day to keep, what is sent later.

The day that the phone keeps holds what the pages of the day show: never a code, a key's place or anything else that is
locked away. It is the one stated exception to "no-store", cleared at log-out and at the next contact after the session
ended; whoever is taken off a visit loses it there with the next contact too.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from flask import Blueprint, Response, abort, flash, jsonify, render_template, request, url_for
from flask_babel import gettext
from flask_wtf.csrf import generate_csrf

from foundation import clock, text
from foundation.db import db
from models import JobState, Pet, Staff
from sign_in import current_actor, current_staff
from sitter_portal import day as day_pages
from sitter_portal import offline_reports
from sitter_portal import visit as visit_pages
from sitter_portal.day import Card, told_by
from sitter_portal.day_cards import when
from ui_kit import formats, installable
from workflows import people, settings, sitter_access, visit_checks, visit_rules, visits
from workflows.errors import NotAllowed, WorkflowError
from workflows.report_cards import TEXTS

pages = Blueprint("sitter_offline", __name__, url_prefix="/staff")
#: so many days are kept, from today on; the lines of the next days lead to them also without a connection
DAYS_KEPT = 3
MOST_TAPS = 200
#: what the offline page needs beside the shell
FILES = ("day.js", "day-store.js", "day-report.js", "offline-day.js", "offline-report.js", "onlyif.js", "check-in.js")
#: refusals that say that it is done already
DONE = frozenset({"already", "completed"})


@pages.get("/manifest.webmanifest")
def manifest() -> Response:
    """For "Add to home screen"."""
    return installable.manifest(scope="/staff/", start=url_for("sitter_day.day"), what=gettext("Visits"))


@pages.get("/sw.js")
def worker() -> Response:
    """The service worker of the sitter's pages."""
    return installable.worker(name="staff", offline=url_for(".shell"), files=FILES)


@pages.get("/offline")
def shell() -> str:
    """The page that the phone shows without a connection: the same for everybody, it reads the day from the phone."""
    return render_template(
        "staff/offline.html", business=settings.read()["business.name"], days_kept=DAYS_KEPT,
        most={name: most for name, (most, _label) in TEXTS.items()},
    )  # fmt: skip


@pages.get("/offline/day.json")
def day() -> Response:
    """The own visits of today and the next days for the phone, with a token for what it will send."""
    staff = current_staff() or abort(403)
    first, closed = clock.today(), sitter_access.closed_columns()
    last = first + dt.timedelta(days=DAYS_KEPT - 1)
    found = day_pages.visits_of(staff, first, last)
    cards = {card.visit.job_id: card for card in day_pages.cards_of(found, closed)}
    reports = offline_reports.Kept([card.job for card in cards.values()])
    days: dict[dt.date, list[dict[str, Any]]] = {}
    for visit in found:
        if visit.state in {JobState.SCHEDULED, JobState.IN_PROGRESS, JobState.COMPLETED}:
            days.setdefault(visit.day, []).append(_visit(cards[visit.job_id], closed, reports))
    facts = {
        "who": staff.public_id,
        "token": generate_csrf(),
        "first": first.isoformat(),
        "last": last.isoformat(),
        "zone": settings.read()["business.time_zone"],
        "forms": reports.forms,
        "nothing": offline_reports.nothing(),
        "days": [{"date": key.isoformat(), "label": formats.long_day(key), "visits": own} for key, own in days.items()],
    }
    return jsonify(facts)


def _visit(card: Card, closed: Collection[str], reports: offline_reports.Kept) -> dict[str, Any]:
    job, told = card.job, told_by(closed)
    values = settings.read()
    opens = visit_checks.opens_at(job)
    return {
        "id": job.public_id, "time": when(card), "service": card.visit.service, "client": card.visit.client,
        "address": card.address, "phone": card.phone,
        "phone_words": people.show_phone(card.phone, region=people.region()) if card.phone else "",
        "pets": [_pet(pet, told) for pet in job.pets], "note": job.note, "staff_note": job.staff_note,
        "state": job.state.value, "is_read": job.acknowledged_at is not None,
        "came": job.checked_in_at.isoformat() if job.checked_in_at else None,
        "left": job.checked_out_at.isoformat() if job.checked_out_at else None,
        "opens_at": opens.isoformat(), "completes": values["visits.complete_on_check_out"] and not values["reports.needed"],
        "report": reports.of(job) if values["reports.on"] else None,
    }  # fmt: skip


def _pet(pet: Pet, told: Any) -> dict[str, str]:  # noqa: ANN401 -- (owner, column) -> its words
    return {"name": pet.name, **{part: told(pet, part) for part in ("warning", "feeding", "medication", "notes")}}


@pages.post("/offline/taps")
def taps() -> Response | tuple[Response, int]:
    """What was tapped while there was no connection, in the order in which it was: each one for itself, each once.

    Takes `{"phone_now": what the phone's clock shows, "taps": [{"key": the phone's name for the tap, "tap":
    "acknowledgement", "arrival", "departure" or "completion", "visit": public id, "at": when, "place", "latitude",
    "longitude", "accuracy"}]}`, moments as ISO with offset. Answers `{"results": [{"key", "outcome": "done" or
    "refused", "said"}]}`; what was refused because the visit was taken away is told to the office. Sent again, a key
    changes nothing and is "done". 400 for anything else.
    """
    staff = current_staff() or abort(403)
    body = request.get_json(silent=True)
    sent: Mapping[str, Any] = body if isinstance(body, dict) else {}
    wanted = sent.get("taps")
    if not isinstance(wanted, list) or not all(isinstance(one, dict) for one in wanted) or len(wanted) > MOST_TAPS:
        abort(400)
    phone_now = visit_checks.read_moment(sent.get("phone_now"))
    results = [{"key": str(one.get("key") or ""), **_do(staff, one, phone_now)} for one in wanted]
    return jsonify({"results": results})


def _do(staff: Staff, one: Mapping[str, Any], phone_now: dt.datetime | None) -> dict[str, str]:
    visit_id, tap = text.visible(str(one.get("visit") or "")), str(one.get("tap") or "")
    job = visit_pages.find(visit_id)
    if job is None and (said := visit_pages.told_gone(visit_id, tap)):
        flash(said, "error")
        return {"outcome": "refused", "said": said}
    if job is None or (job.sitter_id != staff.id and not visit_rules.was_theirs(job, staff)):
        return {
            "outcome": "refused",
            "said": gettext("This visit is not yours any more. Call the office if you were there."),
        }
    actor, at = current_actor(), visit_checks.read_moment(one.get("at"))
    try:
        if tap == "acknowledgement":
            visits.acknowledge(job, actor=actor)
        elif tap == "completion":
            visits.complete(job, actor=actor)
        elif tap in visit_pages.CHECKS:
            check = visits.check_in if tap == "arrival" else visits.check_out
            check(
                job, actor=actor, place=visit_checks.read_place(one), at=at, key=str(one.get("key") or "") or None,
                phone_now=phone_now,
            )  # fmt: skip
        else:
            abort(400)
        db.session.commit()
    except NotAllowed:
        db.session.rollback()
        return {
            "outcome": "refused",
            "said": gettext("This visit is not yours any more. Call the office if you were there."),
        }
    except WorkflowError as refusal:
        db.session.rollback()
        if visits.note_refused(refusal, actor=actor):
            db.session.commit()
        said = refusal.say(gettext)
        flash(said, "info" if refusal.code in DONE else "error")
        return {"outcome": "done" if refusal.code in DONE else "refused", "said": said}
    said = visit_pages.said(tap, job)
    flash(said, "success")
    return {"outcome": "done", "said": said}
