"""One of the sitter's own visits: everything that is needed at the door, and what is tapped there."""

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from foundation import clock
from foundation.db import db
from models import CheckKind, Job, JobState
from sign_in import current_actor, current_staff
from sitter_portal import report
from sitter_portal.clients import abouts, pet_photo_url, time_words, told_by
from sitter_portal.day import home_of
from sitter_portal.frame import frame
from sitter_portal.taps import Taps
from ui_kit.formats import clock_time
from ui_kit.visit_words import place_words
from workflows import once, people, sitter_access, visit_checks, visit_gone, visit_rules, visits
from workflows.errors import Conflict, NotAllowed, WorkflowError
from workflows.sitter_access import Hours

pages = Blueprint("sitter_visit", __name__, url_prefix="/staff/visits")
#: the taps that say that somebody was there
CHECKS = {"arrival": CheckKind.IN, "departure": CheckKind.OUT}


@pages.get("/<public_id:visit_id>/")
def show(visit_id: str) -> str:
    """The visit; 404 for another sitter's, or one that does not count."""
    staff = current_staff() or abort(403)
    job = find(visit_id) or abort(404)
    if job.sitter_id != staff.id or job.state is JobState.VOIDED:
        abort(404)
    own = sitter_access.hours_at(staff, job.client)
    closed, region = sitter_access.closed_columns(), people.region()
    address, map_url = home_of(job.client, closed)
    return render_template(
        "staff/visit.html",
        frame=frame(staff),
        nav="day",
        job=job,
        steps=visit_rules.steps(job, actor=current_actor(), now=clock.now()),
        taps=Taps("visit", once.new_key),
        checks=[(c, place_words(c.place.value, c.distance_metres)) for c in job.checks if c.replaced_at is None],
        time=time_words(job),
        # what the client's home and pets are is open for as long as the client's card is, and not of a visit that is off
        own=own if job.state is not JobState.CANCELLED else None,
        told=told_by(closed),
        address=address,
        map_url=map_url,
        phone_words=lambda phone: people.show_phone(phone, region=region),
        photo_url=pet_photo_url,
        reports=report.beside(job, staff),
        **_sheets(job, own),
    )


def _sheets(job: Job, own: Hours | None) -> dict[str, object]:
    """What is filled in about the household, and of the visit's pets; what is locked away is masked."""
    if own is None or job.state is JobState.CANCELLED:
        return {"household": [], "pets": []}
    household, *pets = abouts(job.client)
    chosen = {pet.id for pet in job.pets}
    return {
        "household": household.sheets({}),
        "pets": [(a.owner, a.sheets({})) for a in pets if a.owner.id in chosen or not chosen],
    }


@pages.post("/<public_id:visit_id>/<any(acknowledgement, arrival, departure, completion):tap>")
def tapped(visit_id: str, tap: str) -> Response:
    """What was tapped is done once; the form's key names the tap, so that a page sent twice counts once.

    404 for another sitter's visit. Who was there but lost the visit meanwhile is told so, and so is the office.
    """
    staff, actor = current_staff() or abort(403), current_actor()
    job = find(visit_id)
    if job is None:
        flash(told_gone(visit_id, tap) or abort(404), "error")
        return redirect(url_for("sitter_day.day"), 303)
    if job.sitter_id != staff.id and not visit_rules.was_theirs(job, staff):
        abort(404)
    try:
        said = _do(tap, job)
        db.session.commit()
    except NotAllowed:
        db.session.rollback()
        abort(404)
    except WorkflowError as refusal:
        db.session.rollback()
        if visits.note_refused(refusal, actor=actor):
            db.session.commit()
        flash(refusal.say(gettext), "info" if isinstance(refusal, Conflict) else "error")
        if isinstance(refusal, visit_rules.NotCounted):
            return redirect(url_for("sitter_day.day"), 303)
    else:
        flash(said, "success")
    if request.form.get("back") == "day":
        return redirect(url_for("sitter_day.day"), 303)
    return redirect(url_for(".show", visit_id=visit_id), 303)


# Built once: putting a statement with its options together takes longer than the database takes to answer it.
_VISIT = (
    sa.select(Job)
    .where(Job.public_id == sa.bindparam("visit_id"))
    .options(
        joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block),
        joinedload(Job.report_card), selectinload(Job.pets), selectinload(Job.checks),
    )
)  # fmt: skip


def find(visit_id: str) -> Job | None:
    """The visit of that id with what its page shows, whoever's it is."""
    return db.session.scalar(_VISIT, {"visit_id": visit_id})


def told_gone(visit_id: str, tap: str) -> str | None:
    """What a sitter hears whose visit became a request again, once the office knows of the tap (committed); else None."""
    if tap not in CHECKS or not visit_gone.note_arrival(visit_id, CHECKS[tap], actor=current_actor()):
        return None
    db.session.commit()
    return gettext("This visit is a request again. Nothing was recorded; the office is told that you were there.")


def _do(tap: str, job: Job) -> str:
    """Do it, and say so."""
    actor = current_actor()
    if tap == "acknowledgement":
        visits.acknowledge(job, actor=actor, seen_version=request.form.get("version", type=int))
    elif tap == "completion":
        visits.complete(job, actor=actor)
    else:
        check = visits.check_in if tap == "arrival" else visits.check_out
        check(job, actor=actor, place=visit_checks.read_place(request.form), key=request.form.get("form_key"))
    return said(tap, job)


def said(tap: str, job: Job) -> str:
    """What was done with the visit, for whoever tapped it, now or without a connection."""
    client = str(job.client)
    if tap == "acknowledgement":
        return gettext("Visit to %(client)s acknowledged.", client=client)
    if tap == "completion":
        return gettext("Visit to %(client)s completed.", client=client)
    if tap == "arrival":
        return gettext("Checked in at %(client)s, %(time)s.", client=client, time=clock_time(job.checked_in_at))
    return gettext("Checked out at %(client)s, %(time)s.", client=client, time=clock_time(job.checked_out_at))
