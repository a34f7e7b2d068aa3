"""The sitter's messages with the office: the thread, and a field to write in, also about one of the own visits."""

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from foundation.db import db, writing_between
from models import Job, Staff
from sign_in import current_actor, current_sign_in, current_staff
from sitter_portal.frame import frame
from workflows import once, sitter_messages
from workflows.errors import Conflict, WorkflowError

pages = Blueprint("staff_messages", __name__, url_prefix="/staff/messages")
PER_PAGE = 25


@pages.get("")
def show() -> str:
    """The newest messages with a field for another; `?visit=` begins one about a visit. What is shown is read."""
    return _page(_staff())


@pages.post("")
def write() -> str | Response | tuple[str, int]:
    """Send a message; what is refused comes back as it was typed. Sent twice, it is there once."""
    staff, body, job = _staff(), request.form.get("body", ""), _visit(_staff())
    try:
        once.claim(request.form.get("form_key"))
        sitter_messages.write_as_sitter(staff, body=body, job=job, actor=current_actor())
        db.session.commit()
    except Conflict as problem:
        db.session.rollback()
        flash(problem.say(gettext), "info")
    except WorkflowError as problem:
        db.session.rollback()
        return _page(staff, body=body, problem=problem.say(gettext)), 422
    else:
        flash(gettext("Sent. The office answers here and by mail."), "success")
    return redirect(url_for(".show"), 303)


def _staff() -> Staff:
    return current_staff() or abort(403)


def _visit(staff: Staff) -> Job | None:
    """The own visit that the message is about; 404 for anybody else's."""
    asked = request.values.get("visit", "").replace("\0", "")[:16]
    if not asked:
        return None
    found = sa.select(Job).where(Job.public_id == asked, Job.sitter_id == staff.id)
    with_words = found.options(joinedload(Job.client), joinedload(Job.service_item), joinedload(Job.time_block))
    return db.session.scalar(with_words) or abort(404)


def _page(staff: Staff, *, body: str = "", problem: str = "") -> str:
    text = request.args.get("page", "1")
    number = max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= 6 else 1
    found = list(sitter_messages.thread(staff, limit=PER_PAGE + 1, offset=(number - 1) * PER_PAGE))
    if not problem and sitter_messages.unread_of(found, by_office=False):
        with writing_between():
            sitter_messages.mark_read(staff, by_office=False)
        if (user := current_sign_in()) is not None:
            user.n_unread = 0
    return render_template(
        "staff/messages.html", frame=frame(staff), nav="messages", messages=found[:PER_PAGE][::-1], about=_visit(staff),
        older=url_for(".show", page=number + 1) if len(found) > PER_PAGE else "",
        newer=url_for(".show", page=number - 1) if number > 1 else "", body=body, problem=problem,
        most=sitter_messages.MAX_MESSAGE, form_key=once.new_key(),
    )  # fmt: skip
