"""Which mails a team member gets, and when, changed by the office; they do it themselves on their account page."""

from flask import flash, redirect, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response

from admin_site.pages import Answer, WorkPage, get_or_404, page
from models import Staff
from sign_in import staff_mails
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(StaffMailsPage(name="Mails", endpoint="staff_mails", url="staff-mails"))


class StaffMailsPage(WorkPage):
    """One team member's mails."""

    permission = Permission.STAFF

    @expose("/")
    def index(self) -> Response:
        """The list of the team is another page."""
        return redirect(url_for("team.index_view"))

    @expose("/<int:staff_id>/")
    def show(self, staff_id: int) -> Answer:
        """What they chose."""
        staff = get_or_404(Staff, staff_id)
        return page("staff_mails.html", staff=staff, **staff_mails.context(staff))

    @expose("/<int:staff_id>/choice", methods=("POST",))
    def choose(self, staff_id: int) -> Answer:
        """Save it for them; logged."""
        staff = get_or_404(Staff, staff_id)
        refusal = staff_mails.save(staff)
        if refusal is not None:
            return page("staff_mails.html", 422, staff=staff, **staff_mails.context(staff, refusal))
        flash(gettext("Saved."), "success")
        return redirect(url_for("team.details_view", id=staff_id), 303)
