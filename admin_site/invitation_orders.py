"""Orders to invite many clients, to be followed by whoever may change clients; given on the list of clients."""

from flask import abort, redirect, request, url_for
from flask_admin import Admin, expose
from werkzeug.wrappers import Response

from admin_site import orders
from admin_site.pages import Answer, WorkPage, refuse
from foundation.db import db
from models import BulkKind, BulkRun
from workflows import bulk, once
from workflows.errors import WorkflowError
from workflows.permissions import Permission


class InvitationOrders(WorkPage):
    """Orders to invite many clients; `orders` has those about visits."""

    permission = Permission.CLIENTS

    @expose("/")
    def index(self) -> Response:
        """They are given on the list of clients."""
        return redirect(url_for("clients.index_view"))

    @expose("/<public_id:run_id>/")
    def follow(self, run_id: str) -> Answer:
        """How far it is; the page asks again every two seconds and may be left."""
        return orders.show_state(_run(run_id), form_key=once.new_key())

    @expose("/<public_id:run_id>/stop", methods=("POST",))
    def stop(self, run_id: str) -> Response:
        """Leave the rest."""
        return orders.stop(_run(run_id), actor=self.actor)

    @expose("/<public_id:run_id>/retry", methods=("POST",))
    def retry(self, run_id: str) -> Response:
        """Invite those again who could not be invited, as an order of its own."""
        run = _run(run_id)
        try:
            once.claim(request.form.get("form_key"))
            run = bulk.retry(run, actor=self.actor)
            db.session.commit()
        except WorkflowError as problem:
            refuse(problem)
        return redirect(url_for(".follow", run_id=run.public_id))


def _run(run_id: str) -> BulkRun:
    run = orders.find(run_id)
    return run if run is not None and run.kind is BulkKind.INVITE else abort(404)


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(InvitationOrders(name="Invitations", endpoint="invitations", url="invitations"))
