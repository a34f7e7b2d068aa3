"""Privacy: everything about one client as a file, and erasing it for good."""

from flask import Response, abort, flash, redirect, request, url_for
from flask_admin import Admin, expose
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from admin_site.pages import Answer, WorkPage, get_or_404, page, refuse
from documents import client_data
from foundation import storage
from foundation.db import db, mark_request
from models import Client
from workflows import erasing, privacy
from workflows.errors import WorkflowError
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add the pages to the back office."""
    admin.add_view(ClientDataPage(name="Data of a client", endpoint="client_data", url="client-data"))


class ClientDataPage(WorkPage):
    """What is known about one client."""

    @expose("/")
    def index(self) -> AnyResponse:
        """There is no list here."""
        return redirect(url_for("clients.index_view"))

    @expose("/<int:client_id>/")
    def show(self, client_id: int) -> Answer:
        """What can be done with it."""
        client = get_or_404(Client, client_id)
        stands_against = erasing.why_not(client)
        return page(
            "client_data.html", client=client, why_not=stands_against.say(gettext) if stands_against else "",
            visits_ahead=stands_against is not None and stands_against.code == "visits_ahead" and self.actor.may(Permission.SCHEDULE),
            may_export=self.actor.may(Permission.EXPORT), may_erase=self.actor.may(Permission.ERASE),
            may_open=self.actor.may(Permission.SECRETS),
        )  # fmt: skip

    @expose("/<int:client_id>/export", methods=("POST",))
    def export(self, client_id: int) -> Answer:
        """A zip, sent while it is made; logged before the first byte leaves."""
        if not self.actor.may(Permission.EXPORT):
            abort(403)
        client = get_or_404(Client, client_id)
        made = privacy.export(client, actor=self.actor)
        number = client.account_number
        db.session.commit()
        mark_request(reads_only=True)  # a long look: nobody who writes should wait for it
        data = client_data.manifest(made.head, made.tables)
        answer = Response(client_data.parts(data, made.files, storage.here().read), mimetype="application/zip")
        answer.headers["Content-Disposition"] = f'attachment; filename="client-{number}.zip"'
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @expose("/<int:client_id>/erasure", methods=("GET", "POST"))
    def erase(self, client_id: int) -> Answer:
        """Ask for the account number, then erase."""
        if not self.actor.may(Permission.ERASE):
            abort(403)
        client = get_or_404(Client, client_id)
        problem = None
        if request.method == "POST":
            try:
                erasing.erase(client, typed=request.form.get("typed", ""), actor=self.actor)
                db.session.commit()
            except WorkflowError as refusal:
                if refusal.field is None:
                    refuse(refusal)
                    return redirect(url_for(".show", client_id=client_id), 303)
                db.session.rollback()
                problem = refusal.say(gettext)
            else:
                flash(gettext("Erased. What the books need stays without a name."), "success")
                return redirect(url_for("client_page.show", client_id=client_id), 303)
        stands_against = erasing.why_not(client)
        return page(
            "client_erasure.html", 422 if problem else 200, client=client, problem=problem,
            why_not=stands_against.say(gettext) if stands_against else "", typed=request.form.get("typed", ""),
        )  # fmt: skip
