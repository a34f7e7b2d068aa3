"""Demo data beside a real business: made-up clients to try things with, added and taken out with a press."""

from flask import flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import ngettext
from werkzeug.wrappers import Response

from admin_site.pages import Answer, WorkPage, page, refuse
from foundation.db import db
from workflows import demo_beside, demo_removal, once
from workflows.errors import WorkflowError
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(DemoDataPage(name="Demo data", endpoint="made_up", url="demo-data"))


class DemoDataPage(WorkPage):
    """What is there of the demo, and the two buttons; who may erase clients may do both."""

    permission = Permission.ERASE

    @expose("/")
    def index(self) -> Answer:
        """What the demo data is, what is refused to it, and what removing it would do."""
        return page("demo_data.html", seen=demo_removal.look(), form_key=once.new_key())

    @expose("/add", methods=("POST",))
    def add(self) -> Response:
        """Add the made-up people; sent twice, they come once."""
        try:
            once.claim(request.form.get("form_key"))
            n = demo_beside.add(actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            flash(ngettext("Three made-up clients with %(num)d visit are there.", "Three made-up clients with %(num)d visits are there.", n), "success")  # fmt: skip
        return redirect(url_for(".index"), 303)

    @expose("/remove", methods=("POST",))
    def remove(self) -> Response:
        """Take them out again, with what was tried out on them."""
        try:
            seen = demo_removal.remove(actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        else:
            n = seen.n_records - seen.n_kept
            flash(ngettext("%(num)d record of the demo is removed.", "%(num)d records of the demo are removed.", n), "success")  # fmt: skip
        return redirect(url_for(".index"), 303)
