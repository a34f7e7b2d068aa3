"""What the office's own pages (not the CRUD lists) share: the permission check, safe reading of URLs and forms.

Flask-Admin's part is small here: each is one of its views, so that it stands beside the CRUD views in one site.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from flask import abort, flash, g, redirect, render_template, request
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from admin_site.base import OfficePage
from admin_site.reading import MAX_ID
from foundation import clock
from foundation.db import Base, db
from models import ClientSitter, Pet, Staff
from sign_in import current_actor
from ui_kit import formats
from workflows.actors import Actor
from workflows.errors import WorkflowError

#: what an office view answers with
Answer = str | Response | tuple[str, int]
Row = TypeVar("Row", bound=Base)


class WorkPage(OfficePage):
    """A page that is no list of records."""

    @property
    def actor(self) -> Actor:
        """Who acts; asked for dozens of times a page."""
        if "actor" not in g:
            g.actor = current_actor()
        actor: Actor = g.actor
        return actor


def page(template: str, status: int = 200, **context: Any) -> tuple[str, int]:
    """A rendered office template."""
    return render_template(f"office/{template}", **context), status


def is_htmx() -> bool:
    """Was this asked for by htmx, which swaps a part of the page?"""
    return request.headers.get("HX-Request") == "true"


def refuse(problem: WorkflowError) -> None:
    """Undo, and say why on the next page."""
    db.session.rollback()
    flash(problem.say(gettext), "error")


def warn_of_past(days: Iterable[dt.date]) -> None:
    """Say that something was put into the past: the office may, but mostly a finger slipped."""
    past = sorted({day for day in days if day < clock.today()})
    if past:
        said = ngettext(
            "%(day)s is in the past. Change it once more if that was a slip.",
            "%(num)d days are in the past, the first is %(day)s. Change them once more if that was a slip.", len(past),
            day=formats.short_day(past[0]),
        )  # fmt: skip
        flash(said, "warning")


def press(work: Callable[[], object], said: str, back: str) -> Response:
    """What a button does: the work with its commit, a word about it or the refusal, and back to where it stood."""
    try:
        work()
        db.session.commit()
    except WorkflowError as problem:
        refuse(problem)
    else:
        flash(said, "success")
    return redirect(back, 303)


def get_or_404(model: type[Row], row_id: int, *options: Any) -> Row:
    """The row, or 404; numbers that no database column can hold are not asked for."""
    row = db.session.get(model, row_id, options=options) if 0 < row_id <= MAX_ID else None
    if row is None:
        abort(404)
    return row


def faces(pets: Sequence[Pet], *, photo_url: Callable[[Pet], str | None] = lambda _pet: None) -> list[dict[str, Any]]:
    """Pets as the macro `ui.pets` wants them; with `photo_url`, which needs each pet's photo, as they look."""
    return [{"kind": p.species.value, "look": p.id, "name": p.name, "photo_url": photo_url(p)} for p in pets]


def active_sitters(client_id: int | None = None) -> list[Staff]:
    """Everybody who can be given visits, by name; for a client's visit those whom the client prefers come first, and
    those who are never to be sent there last."""
    found = sa.select(Staff).where(Staff.is_active, Staff.is_sitter)
    order: list[Any] = [Staff.first_name, Staff.last_name, Staff.id]
    if client_id is not None:
        own = sa.and_(ClientSitter.staff_id == Staff.id, ClientSitter.client_id == client_id)
        found = found.outerjoin(ClientSitter, own)
        order.insert(
            0, sa.case((ClientSitter.is_blocked.is_(False), 0), (ClientSitter.is_blocked.is_(True), 2), else_=1)
        )
    return list(db.session.scalars(found.order_by(*order)))
