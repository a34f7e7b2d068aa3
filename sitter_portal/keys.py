"""The sitter's keys: those that are with them, those that they still need and who has them; handed over, taken over, lost."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from foundation.db import db
from models import Client, Job, Key, KeyPlace, Staff
from sign_in import current_actor, current_staff
from sitter_portal.frame import frame
from workflows import key_facts, keys, once, settings, sitter_access
from workflows.errors import WorkflowError
from workflows.key_facts import KeyFact, Known, Missing
from workflows.permissions import Permission

pages = Blueprint("sitter_keys", __name__, url_prefix="/staff/keys")


@dataclass(frozen=True)
class KeyNote:
    """What a sitter must know of the key for one visit."""

    #: codes of those that they have
    held: tuple[str, ...]
    #: the others of this client, with who has them
    others: tuple[KeyFact, ...]

    @property
    def is_missing(self) -> bool:
        """Has the sitter none?"""
        return not self.held


def for_known(visits: Iterable[Known], staff: Staff) -> dict[int, KeyNote]:
    """The notes for those of these visits that need a key; one query."""
    found = key_facts.of_known(visits)
    return {
        job_id: KeyNote(
            tuple(k.reference for k in own if k.holder_id == staff.id),
            tuple(k for k in own if k.holder_id != staff.id),
        )
        for job_id, own in found.items()
    }


@pages.app_template_global()
def visit_keys(job: Job) -> KeyNote | None:
    """For the page of one visit: its note, or None when it needs no key."""
    staff = current_staff()
    may_need = not (job.client.key_not_needed or job.service_item.key_not_needed)
    known = Known(job.id, job.client_id, job.state, job.ends_on, may_need)
    return for_known([known], staff).get(job.id) if staff is not None else None


@pages.app_template_global()
def key_place(key: KeyFact) -> str:
    """Where a key is, as sitters read it."""
    return {
        KeyPlace.OFFICE: gettext("at the office"),
        KeyPlace.STAFF: gettext("with %(name)s", name=key.holder),
        KeyPlace.CLIENT: gettext("with the client"),
        KeyPlace.LOST: gettext("lost"),
    }[key.place]


@pages.get("")
def show() -> str:
    """The keys with me, and what I still have to get for the next days."""
    staff = _own()
    held = key_facts.held_by(staff)
    missing = sorted(keys.required_soon(staff), key=lambda m: m.client_id)
    needed: list[list[Missing]] = [list(own) for _id, own in groupby(missing, key=lambda m: m.client_id)]
    may = current_actor().may(Permission.HAND_OVER_KEYS)
    receivers = keys.receivers({k.client_id for k in held}, staff) if may and held else {}
    return render_template(
        "staff/keys.html", frame=frame(staff), nav="keys", held=held, clients=_names(held), versions=_versions(held, missing),
        needed=sorted(needed, key=lambda own: own[0].on_date), may=may, receivers=receivers,
        form_key=once.new_key(), days=settings.read()["keys.days"],
    )  # fmt: skip


def _names(held: list[KeyFact]) -> dict[int, str]:
    wanted = {k.client_id for k in held}
    found = sa.select(Client.id, Client.first_name, Client.last_name).where(Client.id.in_(wanted))
    return {row[0]: f"{row[1]} {row[2]}".strip() for row in db.session.execute(found)} if wanted else {}


def _versions(held: list[KeyFact], missing: list[Missing]) -> dict[int, int]:
    """Which state of each key the page shows: a tap on an older one changes nothing."""
    ids = {k.id for k in held} | {k.id for m in missing for k in m.keys}
    return dict(db.session.execute(sa.select(Key.id, Key.version).where(Key.id.in_(ids))).all()) if ids else {}


@pages.post("/<public_id:key_id>/handing-over")
def hand_over(key_id: str) -> Response:
    """Give a key that I have to somebody who visits the client too."""
    staff, key = _mine(key_id)
    to = next((s for s in keys.receivers([key.client_id], staff).get(key.client_id, ()) if str(s.id) == request.form.get("to")), None)  # fmt: skip
    if to is None:
        abort(404)
    return _press(
        lambda: keys.hand_over(key, to, actor=current_actor(), note=_note(), seen_version=_seen()),
        gettext("%(key)s is with %(name)s now. The office knows.", key=key.reference, name=to),
    )


@pages.post("/<public_id:key_id>/taking-over")
def take_over(key_id: str) -> Response:
    """Take a key over from another sitter, of a client whom I visit."""
    staff = _own()
    key = _find(Key.public_id == key_id, Key.retired_at.is_(None))
    if key is None or sitter_access.hours_at(staff, key.client) is None:
        abort(404)
    return _press(
        lambda: keys.take_over(key, actor=current_actor(), note=_note(), seen_version=_seen()),
        gettext("%(key)s is with you now. The office knows.", key=key.reference),
    )


@pages.post("/<public_id:key_id>/loss")
def lose(key_id: str) -> Response:
    """I cannot find a key that I have."""
    _staff, key = _mine(key_id)
    return _press(
        lambda: keys.report_lost(key, actor=current_actor(), note=_note(), seen_version=_seen()),
        gettext("The office is told that %(key)s is lost. Tell them when you find it.", key=key.reference),
    )


def _press(work: Callable[[], object], said: str) -> Response:
    try:
        once.claim(request.form.get("form_key"))
        work()
        db.session.commit()
    except WorkflowError as problem:
        db.session.rollback()
        flash(problem.say(gettext), "error")
    else:
        flash(said, "success")
    return redirect(url_for(".show"), 303)


def _note() -> str:
    return request.form.get("note", "")


def _seen() -> int | None:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _own() -> Staff:
    staff = current_staff()
    return staff or abort(403)


def _find(*where: sa.ColumnElement[bool]) -> Key | None:
    return db.session.scalar(sa.select(Key).where(*where).options(joinedload(Key.client)))


def _mine(key_id: str) -> tuple[Staff, Key]:
    """A key that is with me, or 404."""
    staff = _own()
    key = _find(Key.public_id == key_id, Key.retired_at.is_(None), Key.holder_id == staff.id)
    return staff, key or abort(404)
