"""A sitter answers the office about a request by the signed link in the mail, without logging in."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from foundation.db import db
from models import LineState
from ui_kit.frames import AuthFrame
from workflows import once, request_threads, settings
from workflows.errors import Conflict, WorkflowError

pages = Blueprint("sitter_answers", __name__, url_prefix="/staff/answers")


@pages.route("/<token>", methods=["GET", "POST"])
def answer(token: str) -> str | Response | tuple[str, int]:
    """The waiting visits, what the office asked, and a field for the answer. No address, no price, no other sitter's words."""
    try:
        about, sitter = request_threads.read_answer_link(current_app.config["SECRET_KEY"], token)
    except WorkflowError as dead:
        return render_template("staff/answer.html", auth=_frame(), dead=dead.say(gettext)), 410
    body, problem = request.form.get("body", ""), ""
    if request.method == "POST":
        try:
            once.claim(request.form.get("form_key"))
            request_threads.answer_as_sitter(about, sitter, body=body)
            db.session.commit()
        except Conflict as sent_twice:
            db.session.rollback()
            flash(sent_twice.say(gettext), "info")
            return redirect(url_for(".answer", token=token), 303)
        except WorkflowError as refusal:
            db.session.rollback()
            problem = refusal.say(gettext)
        else:
            flash(gettext("Answer sent. Thank you, %(name)s.", name=sitter.first_name), "success")
            return redirect(url_for(".answer", token=token), 303)
    page = render_template(
        "staff/answer.html",
        auth=_frame(),
        dead="",
        token=token,
        about=about,
        sitter=sitter,
        lines=[line for line in about.lines if line.state is LineState.SUBMITTED],
        messages=request_threads.sitter_thread(about, sitter),
        problem=problem,
        body=body,
        form_key=once.new_key(),
    )
    return (page, 422) if problem else page


def _frame() -> AuthFrame:
    values = settings.read()
    logo = values["business.logo"]
    return AuthFrame(
        values["business.name"],
        url_for("sitter_day.day"),
        logo_url=url_for("logo", key=logo) if logo else None,
        phone_number=values["business.phone"] or None,
        email=values["business.email"] or None,
    )
