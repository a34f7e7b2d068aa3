"""People who registered and wait for the office's yes."""

from collections.abc import Callable

import sqlalchemy as sa
from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from flask_wtf import FlaskForm
from wtforms import TextAreaField

from admin_site.pages import Answer, WorkPage, page, refuse
from admin_site.people import client_url
from foundation.db import db
from models import Client, Registration
from workflows import registrations
from workflows.errors import WorkflowError
from workflows.permissions import Permission


class AnswerForm(FlaskForm):
    """A word to whoever registered."""

    message = TextAreaField()


class RegistrationsPage(WorkPage):
    """The queue: yes, or no with a word."""

    permission = Permission.CLIENTS

    @expose("/")
    def index(self) -> Answer:
        """Who waits, the longest first."""
        return self._show(None, "")

    def _show(self, failed: Registration | None, problem: str) -> Answer:
        return page(
            "registrations.html", 422 if problem else 200, waiting=registrations.waiting(), mode=registrations.mode(),
            failed=failed.id if failed is not None else 0, problem=problem, typed=request.form.get("message", ""),
        )  # fmt: skip

    @expose("/<public_id:registration_id>/acceptance", methods=("POST",))
    def accept(self, registration_id: str) -> Answer:
        """Yes: the client's page is next."""

        def say_yes(found: Registration, message: str) -> Client:
            return registrations.accept(found, actor=self.actor, message=message)

        return self._decide(registration_id, say_yes, gettext("Accepted. A welcome mail is on its way."))

    @expose("/<public_id:registration_id>/refusal", methods=("POST",))
    def decline(self, registration_id: str) -> Answer:
        """No, with a word."""

        def say_no(found: Registration, message: str) -> None:
            registrations.decline(found, actor=self.actor, message=message)

        return self._decide(registration_id, say_no, gettext("Declined. Your word goes to them by mail."))

    def _decide(self, registration_id: str, decide: Callable[[Registration, str], Client | None], done: str) -> Answer:
        found = db.session.scalar(sa.select(Registration).where(Registration.public_id == registration_id))
        if found is None:
            abort(404)
        try:
            client = decide(found, request.form.get("message", ""))
            db.session.commit()
        except WorkflowError as problem:
            if problem.field:
                db.session.rollback()
                return self._show(found, problem.say(gettext))
            refuse(problem)
            return redirect(url_for(".index"), 303)
        flash(done, "success")
        return redirect(client_url(client.id) if client is not None else url_for(".index"), 303)


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(RegistrationsPage(name="Registrations", endpoint="registrations", url="registrations"))
