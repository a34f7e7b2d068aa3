"""What happened to one record, whichever list it stands in, and what the team remarked on it.

Whoever may read the record's list may read its history: lines about an invoice are closed to who may not see invoices.
"""

from typing import Any

import sqlalchemy as sa
from flask import abort, current_app, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin_site import log_entries
from admin_site.base import OfficeList
from admin_site.pages import Answer, WorkPage, get_or_404, page, press
from admin_site.reading import MAX_ID, read_id
from foundation.db import db
from models import Activity, Comment
from workflows import comments, once

#: lines on a page
PAGE = 30


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(HistoryPage(name="History", endpoint="history", url="history"))


def url_of(table: str, record_id: int) -> str:
    """Where a record's history stands."""
    return url_for("history.show", table=table, record_id=record_id)


class HistoryPage(WorkPage):
    """One page for every kind of record that has a list."""

    @expose("/")
    def index(self) -> Answer:
        """The whole log, or HOME for who may not read it."""
        return redirect(url_for("activity.index_view"))

    @expose("/<table>/<int:record_id>/")
    def show(self, table: str, record_id: int) -> Answer:
        """The remarks, then the log of this record, the newest first."""
        view, record = _record(table, record_id)
        return self._page(view, record)

    @expose("/<table>/<int:record_id>/remarks", methods=("POST",))
    def remark(self, table: str, record_id: int) -> Answer:
        """Add a remark; what cannot be kept comes back in its field."""
        view, record = _record(table, record_id)
        body = request.form.get("body", "")

        def work() -> None:
            once.claim(request.form.get("form_key"))
            comments.add(record, body, actor=self.actor)

        if not 0 < len(body.strip()) <= comments.MOST:
            problem = gettext("Write a remark first.") if not body.strip() else gettext("Use at most %(most)s characters.", most=comments.MOST)  # fmt: skip
            return self._page(view, record, body=body, problem=problem, status=422)
        return press(work, gettext("Remark added."), url_of(table, record_id))

    @expose("/<table>/<int:record_id>/remarks/<comment_id>", methods=("POST",))
    def take_back(self, table: str, record_id: int, comment_id: str) -> Response:
        """Take a remark back."""
        _view, record = _record(table, record_id)
        mine = sa.select(Comment).where(
            Comment.public_id == comment_id.replace("\0", ""), Comment.subject_type == table,
            Comment.subject_id == record_id,
        )  # fmt: skip
        comment = db.session.scalars(mine).one_or_none() or abort(404)
        work = lambda: comments.take_back(comment, record, actor=self.actor)  # noqa: E731 -- one line
        return press(work, gettext("Remark taken back."), url_of(table, record_id))

    def _page(self, view: OfficeList, record: Any, *, body: str = "", problem: str = "", status: int = 200) -> Answer:
        table, number = record.__tablename__, max(1, read_id(request.args.get("page")) or 1)
        found = db.session.scalars(
            sa.select(Activity)
            .where(Activity.subject_type == table, Activity.subject_id == record.id)
            .order_by(Activity.id.desc())
            .limit(PAGE + 1)
            .offset(min(number - 1, 10_000) * PAGE)
        ).all()
        remarks = comments.of_record(table, record.id)
        return page(
            "history.html", status, name=view.record_name(record), list_title=view.title, list_url=f"{view.url}/",
            record_url=view.record_url(record), nav=view.endpoint, table=table, record=record, body=body, problem=problem,
            remarks=[(c, comments.may_take_back(c, actor=self.actor)) for c in remarks], form_key=once.new_key(),
            entries=[log_entries.log_entry(line) for line in found[:PAGE]], number=number, has_more=len(found) > PAGE,
            page_url=lambda n: f"{url_of(table, record.id)}?page={n}", most=comments.MOST,
        )  # fmt: skip


def _record(table: str, record_id: int) -> tuple[OfficeList, Any]:
    """The list that such records stand in and the record; 404 for what has none, 403 for whom the list is closed."""
    views = (v for admin in current_app.extensions["admin"] for v in admin._views)  # noqa: SLF001 -- Flask-Admin has no other list
    view = next((v for v in views if isinstance(v, OfficeList) and v.model.__tablename__ == table), None)
    if view is None or record_id > MAX_ID:
        abort(404)
    if not view.is_accessible():
        abort(403)
    return view, get_or_404(view.model, record_id)
