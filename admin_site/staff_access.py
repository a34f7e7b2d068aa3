"""How a team member gets in: invitation, second factor, devices; and what the office can end or reset."""

from flask import redirect, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from admin_site.invited import state_chip
from admin_site.pages import Answer, WorkPage, get_or_404, page, press
from models import Staff
from sign_in.account import device_words, seen_words
from workflows import invitations, second_factor, sign_ins
from workflows.permissions import Permission


class StaffAccessPage(WorkPage):
    """One team member's log-in."""

    permission = Permission.STAFF

    @expose("/")
    def index(self) -> Response:
        """The list of the team is another page."""
        return redirect(url_for("team.index_view"))

    @expose("/<int:staff_id>/")
    def show(self, staff_id: int) -> Answer:
        """Where things stand."""
        staff = get_or_404(Staff, staff_id, joinedload(Staff.login))
        login = staff.login
        return page(
            "staff_access.html", staff=staff, login=login, chip=state_chip(login),
            state=second_factor.state_of(login) if login else None,
            found=sign_ins.list_of(login) if login else [], device=device_words, seen=seen_words,
        )  # fmt: skip

    @expose("/<int:staff_id>/invitation", methods=("POST",))
    def invite(self, staff_id: int) -> Response:
        """Mail a link to set a password; an older one is dead."""
        staff = get_or_404(Staff, staff_id)
        return press(lambda: invitations.invite_staff(staff, actor=self.actor), gettext("A log-in link is on its way. It works once, for 7 days."), url_for(".show", staff_id=staff.id))  # fmt: skip

    @expose("/<int:staff_id>/signing-out", methods=("POST",))
    def sign_out(self, staff_id: int) -> Response:
        """End every sign-in."""
        staff = get_or_404(Staff, staff_id)
        return press(lambda: sign_ins.sign_out_staff(staff, actor=self.actor), gettext("Logged out everywhere."), url_for(".show", staff_id=staff.id))  # fmt: skip

    @expose("/<int:staff_id>/factor-reset", methods=("POST",))
    def reset(self, staff_id: int) -> Response:
        """Take second factor and passkeys away, for somebody whose phone is gone."""
        staff = get_or_404(Staff, staff_id)
        done = gettext("Reset. They log in with their password alone and are told by mail.")
        return press(lambda: second_factor.reset(staff, actor=self.actor), done, url_for(".show", staff_id=staff.id))


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(StaffAccessPage(name="Log-in", endpoint="staff_access", url="staff-access"))
