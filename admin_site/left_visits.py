"""Visits ahead of a client who was archived, or with a pet that is no longer with us: cancel them at once, or keep them."""

from flask import abort, redirect, request, url_for
from flask_admin import Admin, expose
from werkzeug.wrappers import Response

from admin_site.pages import Answer, WorkPage, get_or_404, page
from admin_site.reading import read_id
from models import BulkKind, Client
from workflows import leaving
from workflows.bulk import MOST
from workflows.permissions import Permission


def register(admin: Admin) -> None:
    """Add the page to the back office."""
    admin.add_view(LeftVisitsPage(name="Visits of who left", endpoint="left_visits", url="left-visits"))


class LeftVisitsPage(WorkPage):
    """The visits of one client, all ticked."""

    permission = Permission.SCHEDULE

    @expose("/")
    def index(self) -> Response:
        """There is no list here."""
        return redirect(url_for("visits.index_view"))

    @expose("/<int:client_id>/")
    def show(self, client_id: int) -> Answer:
        """What is ahead; what is ticked goes into an order like any other, where the fee can be waived."""
        client = get_or_404(Client, client_id)
        pet = None
        if "pet" in request.args:
            pet = next((p for p in client.pets if p.id == read_id(request.args["pet"])), None) or abort(404)
        visits = leaving.visits_ahead(client, pet)
        return page(
            "left_visits.html", client=client, pet=pet, visits=visits[:MOST], n_more=len(visits[MOST:]),
            kind=BulkKind.CANCEL.value,
        )  # fmt: skip
