"""/dev/mails: what went out, to look at while there is no mail server. Also `flask mails`, which writes the examples.

The pages show one-time links, so they exist only outside production and only while mails go to the folder; they are
for staff who may see the outbox.
"""

import re
from pathlib import Path

import click
from flask import Blueprint, Flask, Response, abort, current_app, render_template
from flask.cli import with_appcontext

from admin_site.frame import office_frame
from foundation.db import reading
from mailer import folder, previews
from mailer.kinds import label
from sign_in import current_actor
from workflows.permissions import Permission

pages = Blueprint("dev_mails", __name__, url_prefix="/dev/mails")
#: how many mails the list shows
SHOWN = 200
#: the mail's own page may do nothing but show itself, inside our frame
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
_LINK = re.compile(r"https?://[^\s<>\"']+")


def install(app: Flask) -> None:
    """Register `flask mails`, and the pages where they are allowed."""
    app.cli.add_command(write_examples)
    if folder.delivers_to_folder(app) and app.config["ENV_NAME"] != "production":
        app.register_blueprint(pages)


@click.command("mails")
@click.option("--folder", "target", type=click.Path(path_type=Path), help="Default: DATA_DIR/mail-previews.")
@with_appcontext
def write_examples(target: Path | None) -> None:
    """Write an example of every kind of mail as HTML and text."""
    target = target or Path(current_app.config["DATA_DIR"]) / "mail-previews"
    with reading():
        written = previews.write_previews(target)
    click.echo(f"{len(written)} kinds of mail are in {target}")


@pages.before_request
def _only_for_records() -> None:
    current_actor().require(Permission.RECORDS)


@pages.get("/")
def index() -> str:
    """The newest mails first."""
    found = [folder.read(_folder(), name) for name in folder.names(_folder())[:SHOWN]]
    return _show("list.html", mails=[m for m in found if m is not None])


@pages.get("/<name>")
def one(name: str) -> str:
    """One mail: its head, its text, its links, its HTML in a frame."""
    mail = _mail(name)
    ours = current_app.config["PUBLIC_URL"]
    links = [x for x in dict.fromkeys(_LINK.findall(mail.text)) if x.startswith(f"{ours}/")]
    return _show("one.html", mail=mail, links=links)


@pages.get("/<name>/html")
def html(name: str) -> Response:
    """The mail's HTML as the receiver gets it."""
    response = Response(_mail(name).html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _folder() -> Path:
    return folder.folder_of(current_app)


def _mail(name: str) -> folder.FiledMail:
    mail = folder.read(_folder(), name)
    if mail is None:
        abort(404)
    return mail


def _show(template: str, **values: object) -> str:
    frame = office_frame(current_actor())
    return render_template(f"dev_mails/{template}", office=frame, nav="outbox", kind_label=label, **values)
