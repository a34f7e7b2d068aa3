"""Bulk actions: something done to every ticked row of a list, asked first where it says so, committed once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request
from flask_admin import expose
from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.wrappers import Response

from admin_site import list_address, listing
from admin_site.filters import OfficeFilter
from admin_site.reading import read_ids
from admin_site.rows import Column
from foundation.db import db
from foundation.twins import Twin
from workflows.actors import Actor
from workflows.errors import WorkflowError
from workflows.permissions import Permission

#: rows that one bulk action takes
MOST_TICKED = 500
#: refusals that are said one by one
MOST_SAID = 5


@dataclass(frozen=True)
class Bulk:
    """What a bulk action needs to be offered."""

    permission: Permission
    danger: bool
    #: rows that it takes, where that is not the number for all
    most: int | None = None


def bulk(
    name: str,
    text: Any,
    *,
    question: Any = None,
    permission: Permission = Permission.OFFICE,
    danger: bool = False,
    most: int | None = None,
) -> Callable[[Any], Any]:
    """Make a method of a list a bulk action: it is given the ticked records and says what came of it."""

    def wrap(method: Any) -> Any:
        method._action = (name, text, question)  # noqa: SLF001 -- how Flask-Admin's own decorator marks it
        method._bulk = Bulk(permission, danger, most)  # noqa: SLF001 -- read below
        return method

    return wrap


@dataclass(frozen=True)
class Offered:
    """A bulk action as the page offers it."""

    name: str
    text: str
    question: str
    danger: bool


class BulkActions:
    """The part of a list that does something to its ticked rows."""

    _search_supported: bool
    model: type[Any]
    pills: Sequence[list_address.Pill]
    filters: Sequence[OfficeFilter]
    columns: Sequence[Column]
    default_order: Sequence[Any]
    list_options: Sequence[Any]
    twin: Twin[Any] | None
    counts_rows: bool
    keeps_page: bool
    scope: Callable[[Any], Any]
    find: Callable[[str], Any]
    actor: Actor
    url: str
    record_options: Sequence[Any]
    _actions_data: dict[str, tuple[Any, str, str | None]]
    remove: Callable[[Any, Actor], None]
    record_name: Callable[[Any], str]
    return_url: Callable[[], str]
    confirm_page: Callable[..., str]
    explain: Callable[[Exception], str | None]
    can_delete: bool

    @property
    def shows_only_usual(self) -> bool:
        """The list itself knows."""
        raise NotImplementedError

    def is_action_allowed(self, name: str) -> bool:
        """Offered, and taken, only with the action's permission."""
        if name not in self._actions_data or (name == "delete" and not self.can_delete):
            return False
        return self.actor.may(_bulk_of(self._actions_data[name]).permission)

    def offered_actions(self) -> list[Offered]:
        """The bulk actions that this person may use, the dangerous ones last."""
        actions = [
            Offered(name, str(data[1]), str(data[2] or ""), _bulk_of(data).danger)
            for name, data in self._actions_data.items()
            if self.is_action_allowed(name)
        ]
        return sorted(actions, key=lambda a: a.danger)

    @expose("/action/", methods=("POST",))
    def action_view(self) -> str | Response:
        """Do something to the ticked rows; asked first where the action says so."""
        name = request.form.get("action", "")
        if name not in self._actions_data:
            abort(400)
        if not self.is_action_allowed(name):
            abort(403)
        most = _bulk_of(self._actions_data[name]).most or MOST_TICKED
        ids = self._all_ids(most) if "all" in request.form else read_ids(request.form.getlist("rowid"))
        if len(ids) > most:
            flash(gettext("At most %(n)s rows at once.", n=most), "error")
            return redirect(self.return_url())
        records = self.ticked(ids)
        if not records:
            flash(gettext("Nothing was ticked."), "error")
            return redirect(self.return_url())
        handler, text, question = self._actions_data[name]
        if question and "confirmed" not in request.form:
            return self._ask(name, str(text), str(question), records)
        return handler(records) or redirect(self.return_url())

    def _all_ids(self, most: int) -> list[int]:
        """The keys of everything that the list shows over all its pages, up to one too many."""
        wanted = list_address.read(self, searchable=self._search_supported)
        conditions, order = listing.conditions_of(self, wanted), listing.order_of(self, wanted)
        return list(db.session.scalars(listing.page_of_ids(self, conditions, order, most + 1, 0)))

    def _ask(self, name: str, text: str, question: str, records: Sequence[Any]) -> str:
        fields = [("action", name), ("confirmed", "yes"), ("url", self.return_url())]
        names = [self.record_name(r) for r in records[:MOST_SAID]]
        more = len(records) - len(names)
        listed = ", ".join(names) + (ngettext(" and %(num)d more", " and %(num)d more", more) if more else "")
        return self.confirm_page(
            question,
            listed,
            text,
            f"{self.url}/action/",
            [*fields, *(("rowid", str(r.id)) for r in records)],
            danger=_bulk_of(self._actions_data[name]).danger,
        )

    def ticked(self, ids: Sequence[int]) -> list[Any]:
        """The records behind ticked rows, those inside the scope."""
        wanted = self.scope(sa.select(self.model)).where(self.model.id.in_(ids)).order_by(self.model.id)
        return list(db.session.scalars(wanted.options(*self.record_options)).unique())

    def each(self, records: Sequence[Any], do: Callable[[Any], Any], done: Callable[[int], str]) -> None:
        """Do it to one after the other and commit once; what is refused is left out and said."""
        refused: list[str] = []
        n_done = 0
        for record in records:
            name = self.record_name(record)
            try:
                with db.session.begin_nested():
                    do(record)
                    db.session.flush()
                n_done += 1
            except (WorkflowError, StaleDataError, IntegrityError) as problem:
                said = self.explain(problem) or ""
                refused.append(said if name in said else f"{name}: {said}")
        db.session.commit()
        listing.forget_counts()
        if n_done:
            flash(done(n_done), "success")
        for sentence in refused[:MOST_SAID]:
            flash(sentence, "error")
        if more := len(refused[MOST_SAID:]):
            flash(ngettext("%(num)d more was left out.", "%(num)d more were left out.", more), "error")

    @bulk("delete", _l("Delete"), question=_l("Delete what is ticked? It is gone for good."), danger=True)
    def action_delete(self, records: Sequence[Any]) -> None:
        """Delete the ticked records; those that others need stay."""
        self.each(
            records,
            lambda r: self.remove(r, self.actor),
            lambda n: ngettext("%(num)d was deleted.", "%(num)d were deleted.", n),
        )


def _bulk_of(data: tuple[Any, Any, Any]) -> Bulk:
    kept: Bulk = data[0]._bulk  # noqa: SLF001 -- put there by `bulk`
    return kept
