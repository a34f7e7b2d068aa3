"""Which mails a member of staff gets, and the hours in which theirs wait: on the own account page of either face."""

import datetime as dt
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext

from foundation.db import db
from mailer.kinds import KINDS
from models import Staff
from sign_in.people import current_actor, current_staff
from workflows import settings, staff_mails
from workflows.errors import N_, Invalid, WorkflowError
from workflows.mail_facts import STAFF_REFUSABLE_KINDS, MailKind

View = Any

#: what a kind is called where it is chosen, when its own name says too little there
CHOICES = {
    MailKind.SITTER_VISIT_ASSIGNED: N_("New visits, at once"),
    MailKind.SITTER_VISIT_MOVED: N_("Moved visits, at once"),
    MailKind.SITTER_VISIT_TAKEN_AWAY: N_("Cancelled visits and those that somebody else does, at once"),
    MailKind.SITTER_SCHEDULE: N_("Tomorrow’s visits, every evening"),  # noqa: RUF001
    MailKind.SITTER_MESSAGE_ANSWERED: N_("What the office writes to you"),
    MailKind.PAY_STATEMENT: N_("Your pay statements"),
}


def read_time(text: str, field: str) -> dt.time | None:
    """`22:00`, None for nothing, Invalid for what is no time."""
    text = text.strip()
    if not text:
        return None
    try:
        return dt.time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError as problem:
        raise Invalid("no_time", N_("Enter a time, for example 22:00."), field=field) from problem


def save(staff: Staff) -> WorkflowError | None:
    """Keep what the form says about this person; commits. What is refused comes back."""
    try:
        staff_mails.choose(
            staff, wanted=request.form.getlist("kind"), actor=current_actor(),
            quiet_from=read_time(request.form.get("quiet_from", ""), "quiet_from"),
            quiet_until=read_time(request.form.get("quiet_until", ""), "quiet_until"),
        )  # fmt: skip
        db.session.commit()
    except WorkflowError as refusal:
        db.session.rollback()
        return refusal
    return None


def context(staff: Staff, refusal: WorkflowError | None = None) -> dict[str, Any]:
    """What `account/_staff_mails.html` shows: what is kept, or what was just typed."""
    form = request.form if refusal is not None else None
    off = staff_mails.refused(staff)
    return {
        "kinds": [
            (kind.value, gettext(CHOICES[kind]) if kind in CHOICES else KINDS[kind].label,
             kind.value in form.getlist("kind") if form is not None else kind.value not in off)
            for kind in STAFF_REFUSABLE_KINDS
        ],
        "quiet": {
            name: form.get(name, "") if form is not None else (kept.strftime("%H:%M") if kept else "")
            for name, kept in (("quiet_from", staff.quiet_from), ("quiet_until", staff.quiet_until))
        },
        "problem": refusal.say(gettext) if refusal is not None else "",
        "field": refusal.field if refusal is not None else "",
        "days": settings.read()["mail.sitter_days"],
        "address": staff.email or "",
    }  # fmt: skip


def add_routes(group: Blueprint, layout: str) -> None:
    """Add the page to a face's blueprint; `layout` is the template of its frame."""

    def show(status: int = 200, refusal: WorkflowError | None = None) -> View:
        staff = current_staff() or abort(404)
        return render_template("account/staff_mails.html", layout=layout, **context(staff, refusal)), status

    @group.get("/mails")
    def mails() -> View:
        return show()

    @group.post("/mails")
    def choose_mails() -> View:
        refusal = save(current_staff() or abort(404))
        if refusal is not None:
            return show(422, refusal)
        flash(gettext("Saved."), "success")
        return redirect(url_for(".mails"), 303)
