"""Messages with clients: the list of threads, those that nobody read first. A thread is a tab of the client's page."""

import sqlalchemy as sa
from flask import redirect, url_for
from flask_admin import Admin, expose
from flask_babel import ngettext
from werkzeug.wrappers import Response

from admin_site.pages import Answer, WorkPage, page
from admin_site.reading import read_page
from foundation.db import db
from models import Client, Letter

PER_PAGE = 25


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(LettersPage(name="Messages", endpoint="letters", url="letters"))


def unread_words(n: int) -> str:
    """What the badge says."""
    return ngettext("%(num)d client wrote", "%(num)d clients wrote", n)


class LettersPage(WorkPage):
    """Who wrote with whom."""

    @expose("/")
    def index(self) -> Answer:
        """A line a client with the last words, unread ones first, then the newest; two queries."""
        number, n_unread = read_page(), sa.func.count(Letter.id).filter(_is_unread()).label("n_unread")
        threads = (
            sa.select(Letter.client_id, sa.func.max(Letter.id).label("last_id"), n_unread)
            .group_by(Letter.client_id)
            .subquery()
        )
        found = db.session.execute(
            sa.select(Letter, Client, threads.c.n_unread)
            .join(threads, threads.c.last_id == Letter.id)
            .join(Client, Client.id == Letter.client_id)
            .order_by(sa.case((threads.c.n_unread > 0, 0), else_=1), Letter.id.desc())
            .limit(PER_PAGE + 1)
            .offset((number - 1) * PER_PAGE)
        ).all()
        return page("letters.html", threads=found[:PER_PAGE], has_more=len(found) > PER_PAGE, number=number)

    @expose("/<int:client_id>/")
    def thread(self, client_id: int) -> Response:
        """Where the thread is."""
        return redirect(url_for("client_page.show", client_id=client_id, tab="messages"))


def _is_unread() -> sa.ColumnElement[bool]:
    return sa.and_(Letter.from_office.is_(False), Letter.read_at.is_(None))
