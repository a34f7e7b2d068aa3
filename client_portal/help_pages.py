"""The user guide in the portal: the part for clients, whatever the office has switched on."""

from flask import Response

from client_portal.frame import client_here, page_group
from client_portal.help_links import GUIDE

pages = page_group("portal_help", __name__, under="/help", nav="help")


@pages.get("/")
def index() -> str:
    """The table of contents."""
    client_here()
    return GUIDE.index()


@pages.get("/client/<name>")
def chapter(name: str) -> str:
    """One chapter."""
    client_here()
    return GUIDE.page("client", name)


@pages.get("/pictures/<name>")
def picture(name: str) -> Response:
    """A picture of the clients' chapters."""
    client_here()
    return GUIDE.picture(name)
