"""The way in: /portal/ leads to the first page that is on; and the way out of a view that the office opened."""

from flask import abort

from client_portal.frame import View, client_here, first_page, page, page_group, see
from foundation.db import db
from sign_in import current_sign_in, end
from workflows import portal_views

pages = page_group("portal_home", __name__)


@pages.get("/")
def home() -> View:
    """Nothing of its own yet: the first function that is on, or a word when all are off."""
    client_here()
    first = first_page()
    return see(first) if first else page("nothing_on.html")


@pages.post("/office-view/end")
def end_office_view() -> View:
    """A member of staff has seen enough of this client's portal; back to the client's page in the office."""
    user = current_sign_in()
    if user is None or not user.is_view:
        abort(404)
    client = client_here()
    portal_views.close_portal_view(user.sign_in)
    db.session.commit()
    end()
    return see(f"/admin/client/{client.id}/")
