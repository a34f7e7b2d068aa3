"""Whom a client likes to see, and who is never to be sent there: one page of the client's."""

from flask import abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from admin_site.pages import Answer, WorkPage, active_sitters, get_or_404, page
from admin_site.reading import read_id
from foundation.db import db
from models import Client, Staff
from workflows import client_sitters, once
from workflows.errors import WorkflowError
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(ClientSittersPage(name="Sitters of a client", endpoint="client_sitters", url="client-sitters"))


class ClientSittersPage(WorkPage):
    """Preferred and blocked sitters of one client."""

    permission = Permission.CLIENTS

    @expose("/")
    def index(self) -> Response:
        """There is no list here."""
        return redirect(url_for("clients.index_view"))

    @expose("/<int:client_id>/", methods=("GET", "POST"))
    def show(self, client_id: int) -> Answer:
        """Those that are noted, and a form for one more."""
        client = get_or_404(Client, client_id)
        if request.method == "GET":
            return self._show(client)
        try:
            once.claim(request.form.get("form_key"))
            self._do(client)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            return self._show(client, 409 if problem.code == "sent_twice" else 422, problem=problem)
        return redirect(url_for(".show", client_id=client_id), 303)

    def _do(self, client: Client) -> None:
        sitter_id = read_id(request.form.get("sitter"))
        sitter = db.session.get(Staff, sitter_id) if sitter_id else None
        if sitter is None:
            abort(404)
        if request.form.get("do") == "forget":
            client_sitters.forget(client, sitter, actor=self.actor)
            flash(gettext("%(name)s is a sitter like all others here.", name=sitter), "success")
            return
        is_blocked = request.form.get("do") == "block"
        client_sitters.choose(
            client, sitter, is_blocked=is_blocked, note=request.form.get("note", ""), actor=self.actor
        )
        if not is_blocked:
            flash(gettext("%(name)s comes first in every choice for this client.", name=sitter), "success")
            return
        flash(gettext("%(name)s can no longer be given visits here.", name=sitter), "success")
        n = client_sitters.coming_with(client, sitter)
        if n:
            flash(ngettext("%(name)s still has %(num)d visit here. Give it to somebody else.", "%(name)s still has %(num)d visits here. Give them to somebody else.", n, name=sitter), "warning")  # fmt: skip

    def _show(self, client: Client, status: int = 200, *, problem: WorkflowError | None = None) -> Answer:
        noted = client_sitters.of_client(client.id)
        return page(
            "client_sitters.html", status, client=client, noted=noted, form=request.form, form_key=once.new_key(),
            people=active_sitters(client.id), problem=problem.say(gettext) if problem else "",
            field=problem.field if problem else "",
        )  # fmt: skip
