"""The portal on a phone's home screen: manifest, service worker and the page without a connection. Nothing of a client
is ever kept: the worker holds the shell alone."""

from flask import Blueprint, Response, render_template, url_for

from ui_kit import installable
from workflows import settings

pages = Blueprint("portal_install", __name__, url_prefix="/portal")


@pages.get("/manifest.webmanifest")
def manifest() -> Response:
    """For "Add to home screen"."""
    return installable.manifest(scope="/portal/", start="/portal/")


@pages.get("/sw.js")
def worker() -> Response:
    """The service worker of the portal."""
    return installable.worker(name="portal", offline=url_for(".offline"))


@pages.get("/offline")
def offline() -> str:
    """What the phone shows without a connection; the same for everybody."""
    values = settings.read()
    return render_template("portal/offline.html", business=values["business.name"], phone=values["business.phone"])
