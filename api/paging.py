"""Lists in pages that stay put: what was there with the first page comes once, whatever is added meanwhile."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from flask_babel import gettext

from api.calls import wrong
from api.queries import Listing
from api.schemas import Page
from foundation import sealing
from foundation.db import Base, db
from models import Activity

Row = TypeVar("Row", bound=Base)
Shown = TypeVar("Shown")


def page(
    found: Any,  # noqa: ANN401 -- a select of the rows
    model: Any,  # noqa: ANN401 -- their class
    query: Listing,
    show: Callable[[Sequence[Any]], list[Shown]],
    *,
    also_since: Any = None,  # noqa: ANN401 -- a select of numbers
) -> Page[Shown]:
    """The part of the list that the cursor asks for, in the order in which the rows were made.

    `also_since`: the numbers of rows that count as changed although no line of the log is about them.
    """
    name = model.__tablename__
    if query.cursor is not None:
        found = found.where(model.id > _place(name, query.cursor))
    if query.updated_since is not None:
        found = found.where(_since(model, query.updated_since, also_since))
    rows = list(db.session.scalars(found.order_by(model.id).limit(query.limit + 1)).unique())
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    # Sealed: an internal number is nobody's business, and nobody can make a place up.
    following = sealing.seal(f"{name}:{rows[-1].id}") if more else None
    return Page(data=show(rows), next_cursor=following)


def _place(name: str, cursor: str) -> int:
    try:
        of, _colon, number = sealing.unseal(cursor).partition(":")
    except (sealing.UnreadableError, UnicodeEncodeError):
        of, number = "", ""
    if of != name:
        raise wrong("cursor", gettext("This cursor is none of this list. Begin without one."))
    return int(number)


def _since(model: Any, moment: dt.datetime, also: Any) -> sa.ColumnElement[bool]:  # noqa: ANN401 -- a class of ours
    """Made since, or with a line in the log since: every change has one."""
    told = sa.select(Activity.subject_id).where(
        Activity.subject_type == model.__tablename__, Activity.at >= moment, Activity.subject_id.is_not(None)
    )
    more = [] if also is None else [model.id.in_(also)]
    return sa.or_(model.created_at >= moment, model.id.in_(told), *more)
