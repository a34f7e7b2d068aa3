"""Orders to invite many clients, to be followed by whoever may change clients; given on the list of clients."""

from flask import abort, redirect, url_for
from flask_admin import Admin, expose
from werkzeug.wrappers import Response

from admin_site import orders
from admin_site.pages import Answer, WorkPage
from models import BulkKind, BulkRun
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
        return orders.show_state(_run(run_id))

    @expose("/<public_id:run_id>/stop", methods=("POST",))
    def stop(self, run_id: str) -> Response:
        """Leave the rest."""
        return orders.stop(_run(run_id), actor=self.actor)


def _run(run_id: str) -> BulkRun:
    run = orders.find(run_id)
    return run if run is not None and run.kind is BulkKind.INVITE else abort(404)


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(InvitationOrders(name="Invitations", endpoint="invitations", url="invitations"))
