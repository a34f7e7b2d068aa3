"""The report card of an own visit: written on the phone, saved while it is typed, sent; read afterwards.

The rules are in `workflows.report_cards`, the form in `ui_kit.report_form`; without JavaScript a button saves the draft.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from flask import Blueprint, Response, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as Answer

from foundation import clock
from foundation.db import db
from models import Job, JobState, ReportCard, ReportState, Staff, StoredFile
from sign_in import current_actor, current_staff
from sitter_portal.frame import frame
from ui_kit import report_form, uploading
from ui_kit.files import PHOTOS
from ui_kit.formats import clock_time
from workflows import field_files, file_access, once, report_cards, report_photos, report_views, visit_checks
from workflows.errors import Invalid, NotAllowed, WorkflowError
from workflows.report_cards import Crossed, Typed
from workflows.report_views import Told

pages = Blueprint("sitter_report", __name__, url_prefix="/staff/visits/<public_id:visit_id>/report")


@dataclass(frozen=True)
class Beside:
    """What the page of the visit says about report cards."""

    card: ReportCard | None
    #: once it is sent
    told: Told | None
    can_write: bool
    #: the client's last cards, whoever wrote them
    last: Sequence[ReportCard]


def beside(job: Job, staff: Staff) -> Beside | None:
    """The visit's card and the client's last ones, in a fixed number of queries; None while report cards are off."""
    if not report_views.is_on():
        return None
    card = report_views.card_of(job) if job.report_card is not None else None
    is_sent = card is not None and card.state is ReportState.SENT
    last = report_views.last_there(job, staff)
    told = report_views.told(card, to_client=False, translate=gettext) if card is not None and is_sent else None
    return Beside(card, told, _can_write(job, card), last)


def _can_write(job: Job, card: ReportCard | None) -> bool:
    return card is not None or (job.on_date <= clock.today() and job.state is not JobState.CANCELLED)


@pages.get("")
def show(visit_id: str) -> str:
    """The card to write, or the sent one to read; 404 for another sitter's visit, and while report cards are off."""
    job = _own(visit_id)
    return _page(job)


@pages.post("")
@uploading.takes_files
def save(visit_id: str) -> Answer | tuple[str, int]:
    """Save the draft with its photos, and send it if that was pressed; what is refused comes back as it was typed."""
    job, typed = _own(visit_id), report_form.read_form(request.form)
    saved = _keep(job, typed)
    if not isinstance(saved, ReportCard):
        return saved
    if request.form.get("do") != "send":
        flash(gettext("Draft saved. Nobody but you and the office sees it yet."), "success")
        return _back(visit_id)
    try:
        report_cards.send(saved, actor=current_actor())
        db.session.commit()
    except WorkflowError as refusal:
        db.session.rollback()
        return _refused(visit_id, refusal)
    flash(gettext("Report card sent. %(client)s can read it now.", client=saved.job.client), "success")
    return _back(visit_id)


def _keep(job: Job, typed: Typed) -> ReportCard | tuple[str, int] | Answer:
    """Save what a whole form sent, files first; the card, or the page to answer with."""
    visit_id, actor = job.public_id, current_actor()
    open_ = report_cards.writable(report_views.layout_of(job), actor=actor)
    db.session.commit()  # looking at a picture takes seconds, in which nobody else should wait for the database
    checked, problems = report_form.look_at_files(open_)
    photos, bad = report_form.look_at_photos()
    try:
        card = report_cards.draft_of(_own(visit_id), actor=actor)
        files = field_files.keep(checked, owner=card, actor=actor)
        if photos:
            report_photos.add(card, photos, actor=actor)
        db.session.commit()  # kept for good at once: whatever is refused about the form, they need not be chosen again
        typed = Typed(
            {**typed.values, **{k: f.public_id for k, f in files.items()}}, typed.texts, typed.seen, typed.base
        )
        saved = report_cards.save_draft(card, typed, actor=actor, key=request.form.get("key"))
        db.session.commit()
    except Crossed as crossed:
        db.session.rollback()
        return _page(_own(visit_id), sent=typed, sides=crossed.sides, sentence=crossed.say(gettext)), 409
    except NotAllowed:
        db.session.rollback()
        abort(404)
    except WorkflowError as refusal:
        db.session.rollback()
        if isinstance(refusal, Invalid):
            return _page(_own(visit_id), sent=typed, sentence=refusal.say(gettext)), 422
        return _refused(visit_id, refusal)
    problems = {**problems, **saved.problems}
    if problems or bad:
        said = " ".join(f"{name}: {problem.say(gettext)}" for name, problem in bad)
        return _page(_own(visit_id), sent=typed, problems=problems, sentence=said), 422
    return saved.card


@pages.errorhandler(RequestEntityTooLarge)
def _too_large(_problem: RequestEntityTooLarge) -> Answer | tuple[str, int]:
    """The page again and what to do; what was sent was not even read."""
    db.session.rollback()
    if uploading.by_script():
        return uploading.answer(uploading.too_large(), 413)
    return _page(_own((request.view_args or {})["visit_id"]), sentence=uploading.too_large()), 413


@pages.post("/draft")
def draft(visit_id: str) -> Response:
    """Save what is typed so far, from the page while one types or from the phone's queue; answers with JSON.

    Takes the page's form, or JSON: `{"base": version of the card when the form was made (0: none yet), "key": the
    sender's own name of 16 to 64 letters and digits for this very save, "message": "…", "office_note": "…", "fields":
    {field's public id: text, or list for several choices}, "seen": {the same ids, "message", "office_note": the marks
    that the form came with}, "at": when it was typed, "phone_now": what the phone's clock shows}`, the moments as ISO
    with offset. What is left out stays as it is. Sent again with the same key, nothing changes.

    200: `{"base", "seen"}` are what the next save is based on, `{"problems": {name: sentence}}` names what could not be
    kept yet, `{"saved": "12:04"}` is the time. 409 with `{"theirs": {name: words}, "problem": sentence}`: somebody else
    wrote the same parts meanwhile; nothing was saved, keep what was typed and ask the person. 409 without `theirs`: it
    was sent already, or the visit is off. 404: not this sitter's visit (any more), to JSON with a sentence as well.
    CSRF as everywhere: `X-CSRFToken`.
    """
    body = request.get_json(silent=True) if request.is_json else None
    sent = body if isinstance(body, dict) else {}
    if (job := _find_own(visit_id)) is None:
        return _json(404, problem=gettext("The report card of this visit is not yours to write any more.")) if request.is_json else abort(404)  # fmt: skip
    typed = replace(report_form.read_json(sent), at=_typed_at(job, sent)) if request.is_json else report_form.read_form(request.form)  # fmt: skip
    key = sent.get("key") if request.is_json else request.form.get("key")
    try:
        card = report_cards.draft_of(job, actor=current_actor())
        saved = report_cards.save_draft(card, typed, actor=current_actor(), key=key if isinstance(key, str) else None)
        db.session.commit()
    except Crossed as crossed:
        db.session.rollback()
        theirs = {side.key: side.theirs for side in crossed.sides}
        return _json(409, problem=crossed.say(gettext), theirs=theirs)
    except NotAllowed:
        db.session.rollback()
        abort(404)
    except WorkflowError as refusal:
        db.session.rollback()
        return _json(409, problem=refusal.say(gettext))
    problems = {name: problem.say(gettext) for name, problem in saved.problems.items()}
    problems |= dict.fromkeys(saved.gone, gettext("This question is not on the report card any more."))
    return _json(200, base=saved.base, seen=dict(saved.marks), problems=problems, saved=clock_time(clock.local_now().time()))  # fmt: skip


def _typed_at(job: Job, sent: Mapping[str, object]) -> dt.datetime | None:
    """When a phone without a connection kept it, by the phone's own clock; never before what was saved last."""
    if (said := visit_checks.read_moment(sent.get("at"))) is None:
        return None
    last = job.report_card.saved_at if job.report_card is not None else None
    at, _differs = visit_checks.time_that_counts(
        said, received=clock.now(), phone_now=visit_checks.read_moment(sent.get("phone_now")),
        not_before=last or clock.from_local(job.on_date, dt.time(0)),
    )  # fmt: skip
    return at


@pages.post("/photos")
@uploading.takes_files
def add_photos(visit_id: str) -> Answer:
    """Add photos beside the form; the script sends them one by one and wants JSON."""
    _own(visit_id)
    db.session.commit()  # looking at a picture takes seconds, in which nobody else should wait for the database
    photos, bad = report_form.look_at_photos()
    said = " ".join(f"{name}: {problem.say(gettext)}" for name, problem in bad)

    def add(job: Job) -> None:
        report_photos.add(report_cards.draft_of(job, actor=current_actor()), photos, actor=current_actor())

    problem = said if said and not photos else _do(_own(visit_id), add) or said
    if uploading.by_script():
        return uploading.answer(problem, 422 if problem else 200)
    if problem:
        flash(problem, "error")
    return _back(visit_id, "photos")


@pages.post("/photos/<public_id:file_id>/removal")
def remove_photo(visit_id: str, file_id: str) -> Answer:
    """Take a photo away; the rest of the form is saved with it, so that nothing typed is lost."""
    job = _own(visit_id)
    card = report_views.card_of(job) or abort(404)
    photo = db.session.scalar(sa.select(StoredFile).where(StoredFile.public_id == file_id, file_access.of_card(card)))
    if photo is None:
        abort(404)

    def remove(_job: Job) -> None:
        if any(name.startswith(report_form.SEEN) for name in request.form):
            report_cards.save_draft(card, report_form.read_form(request.form), actor=current_actor())
        report_photos.remove(card, photo, actor=current_actor())

    problem = _do(job, remove)
    if uploading.by_script():
        return uploading.answer(problem, 422 if problem else 200)
    if problem:
        flash(problem, "error")
    return _back(visit_id, "photos")


def _do(job: Job, work: Callable[[Job], None]) -> str:
    """Do it, and commit; or the sentence of the refusal. 404 for who lost the visit meanwhile."""
    try:
        work(job)
        db.session.commit()
    except NotAllowed:
        db.session.rollback()
        abort(404)
    except WorkflowError as refusal:
        db.session.rollback()
        return refusal.say(gettext)
    return ""


# ----------------------------------------------------------------------------------------------------------- showing


def _own(visit_id: str) -> Job:
    """An own visit that counts, or 404."""
    return _find_own(visit_id) or abort(404)


def _find_own(visit_id: str) -> Job | None:
    staff = current_staff() or abort(403)
    found = db.session.scalar(
        sa.select(Job)
        .where(Job.public_id == visit_id, Job.sitter_id == staff.id, Job.state != JobState.VOIDED)
        .options(
            joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block), selectinload(Job.pets)
        )
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return found if report_views.is_on() else None


def _page(
    job: Job,
    *,
    sent: Typed | None = None,
    problems: dict[str, Invalid] | None = None,
    sides: tuple[report_cards.Side, ...] = (),
    sentence: str = "",
) -> str:
    staff = current_staff() or abort(403)
    card = report_views.card_of(job)
    if card is not None and card.state is ReportState.SENT:
        return render_template("staff/report_sent.html", **_around(staff, job), told=report_views.told(card, to_client=False, translate=gettext))  # fmt: skip
    return render_template(
        "staff/report.html",
        **_around(staff, job),
        card=card,
        form=report_form.form_of(job, card, actor=current_actor(), sent=sent, problems=problems, sides=sides),
        photos=report_views.photos_of(card) if card else [],
        most_photos=report_photos.MAX_PHOTOS,
        accept=PHOTOS,
        form_key=once.new_key(),
        sentence=sentence,
        can_write=_can_write(job, card),
        can_send=job.state in report_cards.TOLD_OF,
    )


def _around(staff: Staff, job: Job) -> dict[str, object]:
    return {"frame": frame(staff), "nav": "day", "job": job}


def _refused(visit_id: str, refusal: WorkflowError) -> tuple[str, int]:
    """The page as it is saved, with the sentence."""
    job = _own(visit_id)
    problems = {of.public_id: Invalid("required", gettext("Still to do.")) for of in refusal.left} if isinstance(refusal, report_cards.NotReady) else {}  # fmt: skip
    return _page(job, problems=problems, sentence=refusal.say(gettext)), 422 if isinstance(refusal, Invalid) else 409


def _back(visit_id: str, anchor: str | None = None) -> Answer:
    return redirect(url_for(".show", visit_id=visit_id, _anchor=anchor), 303)


def _json(status: int, **told: object) -> Response:
    answer: Response = jsonify(told)
    answer.status_code = status
    return answer
