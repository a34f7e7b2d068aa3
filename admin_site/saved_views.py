"""Saving, naming, sharing, ordering and removing the views of the lists."""

from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import abort, current_app, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin_site import list_address
from admin_site.base import OfficeList
from admin_site.pages import Answer, WorkPage, page, press
from admin_site.view_tabs import MARK, arguments_of
from foundation.db import db
from models import SavedView
from workflows import saved_views
from workflows.errors import WorkflowError


class SavedViews(WorkPage):
    """Views of one list after the other."""

    @expose("/")
    def index(self) -> Answer:
        """The views of a list that the person sees."""
        of = find_list(request.args.get("list"))
        views = saved_views.of_list(of.endpoint, actor=self.actor)
        own = self.actor.staff.id if self.actor.staff else None
        rows = [(v, v.staff_id == own, saved_views.may_remove(v, actor=self.actor), _address(of, v)) for v in views]
        return page("saved_views.html", of=of, rows=rows, longest=saved_views.LONGEST_NAME, nav=of.endpoint)

    @expose("/new", methods=("GET", "POST"))
    def new(self) -> Answer:
        """Give the list that the address describes a name."""
        of = find_list(request.args.get("list"))
        kept = arguments_of(list_address.read(of, searchable=of._search_supported))  # noqa: SLF001 -- Flask-Admin's name
        problem: WorkflowError | None = None
        if request.method == "POST":
            try:
                name, shared = request.form.get("name", ""), "shared" in request.form
                view = saved_views.save(of.endpoint, name, kept, is_shared=shared, actor=self.actor)
                db.session.commit()
            except WorkflowError as refusal:
                db.session.rollback()
                problem = refusal
            else:
                flash(gettext("“%(name)s” is a tab of the list now.", name=view.name), "success")
                return redirect(_address(of, view))
        return page(
            "saved_view.html", 422 if problem else 200, of=of, problem=problem and problem.say(gettext),
            name=request.form.get("name", "")[:200], shared="shared" in request.form, longest=saved_views.LONGEST_NAME,
            here=f"{url_for('.new')}?{urlencode({'list': of.endpoint})}&{kept}", back=f"{of.url}/?{kept}",
            nav=of.endpoint,
        )  # fmt: skip

    @expose("/<public_id:view_id>/", methods=("POST",))
    def change(self, view_id: str) -> Response:
        """Another name, shared or not."""
        view, of = _view(view_id, self.actor.staff)
        name, shared = request.form.get("name", ""), "shared" in request.form
        return press(
            lambda: saved_views.change(view, name, is_shared=shared, actor=self.actor), gettext("Saved."), _back(of)
        )

    @expose("/<public_id:view_id>/up", methods=("POST",))
    def up(self, view_id: str) -> Response:
        """One place further to the front."""
        view, of = _view(view_id, self.actor.staff)
        return press(lambda: saved_views.move_up(view, actor=self.actor), gettext("Saved."), _back(of))

    @expose("/<public_id:view_id>/removal", methods=("POST",))
    def remove(self, view_id: str) -> Response:
        """Take it out; the list itself stays as it is."""
        view, of = _view(view_id, self.actor.staff)
        name = view.name
        said = gettext("“%(name)s” is removed. The list itself is as it was.", name=name)
        return press(lambda: saved_views.remove(view, actor=self.actor), said, _back(of))


def find_list(endpoint: str | None) -> Any:
    """The list with this endpoint, if there is one and the person may open it; else 404."""
    views = (v for admin in current_app.extensions["admin"] for v in admin._views)  # noqa: SLF001 -- Flask-Admin has no other list
    of = next((v for v in views if isinstance(v, OfficeList) and v.endpoint == endpoint), None)
    if of is None or not of.is_accessible():
        abort(404)
    return of


def _view(public_id: str, staff: Any) -> tuple[SavedView, Any]:
    """A view that the person sees, with its list; else 404."""
    view = db.session.scalar(sa.select(SavedView).where(SavedView.public_id == public_id))
    if view is None or staff is None or not (view.is_shared or view.staff_id == staff.id):
        abort(404)
    return view, find_list(view.list_name)


def _address(of: Any, view: SavedView) -> str:
    return f"{of.url}/?{view.arguments}&{MARK}=1"


def _back(of: Any) -> str:
    return url_for("saved_views.index", list=of.endpoint)


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(SavedViews(name="Saved views", endpoint="saved_views", url="views"))
