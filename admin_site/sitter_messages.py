"""What sitters and the office wrote to each other: the list of threads, those that nobody read first, and each thread."""

import sqlalchemy as sa
from flask import flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext

from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from admin_site.reading import read_page
from foundation.db import db, writing_between
from models import SitterMessage, Staff
from workflows import once, sitter_messages
from workflows.errors import Conflict, WorkflowError
from workflows.permissions import Permission

PER_PAGE = 25


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(SitterMessagesPage(name="Team messages", endpoint="sitter_messages", url="sitter-messages"))


def unread_words(n: int) -> str:
    """What the badge says."""
    return ngettext("%(num)d sitter wrote", "%(num)d sitters wrote", n)


class SitterMessagesPage(WorkPage):
    """Who wrote with whom."""

    @expose("/")
    def index(self) -> Answer:
        """A line a sitter with the last words, unread ones first, then the newest; and with whom a thread can begin."""
        number = read_page()
        unread = sa.and_(SitterMessage.from_office.is_(False), SitterMessage.read_at.is_(None))
        threads = (
            sa.select(
                SitterMessage.staff_id, sa.func.max(SitterMessage.id).label("last_id"),
                sa.func.count(SitterMessage.id).filter(unread).label("n_unread"),
            )
            .group_by(SitterMessage.staff_id)
            .subquery()
        )  # fmt: skip
        found = db.session.execute(
            sa.select(SitterMessage, Staff, threads.c.n_unread)
            .join(threads, threads.c.last_id == SitterMessage.id)
            .join(Staff, Staff.id == SitterMessage.staff_id)
            .order_by(sa.case((threads.c.n_unread > 0, 0), else_=1), SitterMessage.id.desc())
            .limit(PER_PAGE + 1)
            .offset((number - 1) * PER_PAGE)
        ).all()
        without = sa.select(Staff).where(
            Staff.is_active, Staff.is_sitter, Staff.id.not_in(sa.select(SitterMessage.staff_id))
        )
        others = db.session.scalars(without.order_by(Staff.first_name, Staff.last_name, Staff.id)).all()
        return page(
            "sitter_messages.html", threads=found[:PER_PAGE], has_more=len(found) > PER_PAGE, number=number, others=others
        )  # fmt: skip

    @expose("/<int:staff_id>/")
    def thread(self, staff_id: int) -> Answer:
        """The newest messages with a field for an answer. Looking at it is reading it, for the whole office."""
        staff = get_or_404(Staff, staff_id)
        found = _found(staff)
        if sitter_messages.unread_of(found, by_office=True) and self.actor.may(Permission.SCHEDULE):
            with writing_between():
                sitter_messages.mark_read(staff, by_office=True)
        return self._show(staff)

    @expose("/<int:staff_id>/answer", methods=("POST",))
    def answer(self, staff_id: int) -> Answer:
        """Write to the sitter; what is refused comes back as it was typed. Sent twice, it is there once."""
        staff, body = get_or_404(Staff, staff_id), request.form.get("body", "")
        try:
            once.claim(request.form.get("form_key"))
            sitter_messages.answer(staff, body=body, actor=self.actor)
            db.session.commit()
        except Conflict as problem:
            refuse(problem)
        except WorkflowError as problem:
            db.session.rollback()
            return self._show(get_or_404(Staff, staff_id), 422, body=body, problem=problem.say(gettext))
        else:
            flash(gettext("Sent. %(name)s gets it by mail too.", name=staff.first_name) if staff.email else gettext("Sent."), "success")  # fmt: skip
        return redirect(url_for(".thread", staff_id=staff_id), 303)

    def _show(self, staff: Staff, status: int = 200, *, body: str = "", problem: str = "") -> tuple[str, int]:
        number, found = read_page(), _found(staff)
        return page(
            "sitter_thread.html", status, staff=staff, messages=found[:PER_PAGE][::-1], problem=problem, body=body,
            older=url_for(".thread", staff_id=staff.id, page=number + 1) if len(found) > PER_PAGE else "",
            newer=url_for(".thread", staff_id=staff.id, page=number - 1) if number > 1 else "",
            may_write=self.actor.may(Permission.SCHEDULE), most=sitter_messages.MAX_MESSAGE, form_key=once.new_key(),
        )  # fmt: skip


def _found(staff: Staff) -> list[SitterMessage]:
    return list(sitter_messages.thread(staff, limit=PER_PAGE + 1, offset=(read_page() - 1) * PER_PAGE))
