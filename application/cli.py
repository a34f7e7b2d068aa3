"""The command line: first owner, demo business, worker, mail previews. Each ends in the same workflows as the web."""

import getpass
import os

import click
from flask import Flask
from flask.cli import AppGroup
from flask_babel import gettext

from application import archive_commands, doctor, tasks
from foundation import sealing
from foundation.db import db, reading
from workflows import access, field_defaults, resealing, search_index, settings
from workflows.actors import COMMAND_LINE
from workflows.billing import books
from workflows.errors import WorkflowError


def install(app: Flask) -> None:
    """Register the commands."""
    owner = AppGroup("owner", help="The business's owner account.")

    @owner.command("create")
    @click.option("--email", prompt="Mail address")
    @click.option("--first-name", prompt="First name")
    @click.option("--last-name", prompt="Last name", default="")
    @click.option("--business", default=None, help="Business name, for a new installation.")
    def create(email: str, first_name: str, last_name: str, business: str | None) -> None:
        """Make an owner account that can log in at once; the password is asked for, or taken from OWNER_PASSWORD."""
        password = os.environ.get("OWNER_PASSWORD") or getpass.getpass("Password (8 characters or more): ")
        try:
            settings.read()
            staff = access.create_owner(first_name, last_name, email, password, actor=COMMAND_LINE)
            if business:
                settings.change({"business.name": business}, actor=COMMAND_LINE)
            field_defaults.install(actor=COMMAND_LINE, say=gettext)
            db.session.commit()
        except WorkflowError as problem:
            db.session.rollback()
            raise click.ClickException(problem.say()) from problem
        click.echo(f"{staff} can log in at {app.config['PUBLIC_URL']}/admin/ with {email}.")

    app.cli.add_command(owner)

    @app.cli.command("worker")
    @click.option("--processes", default=1, show_default=True)
    def worker(processes: int) -> None:
        """Deliver mails and do the timed work, until stopped."""
        tasks.worker.run_worker(app, workers=processes)

    @app.cli.command("search-rebuild")
    def search_rebuild() -> None:
        """Make the office's search anew from the records; after rows were written past the program."""
        n = search_index.rebuild(every=True)
        db.session.commit()
        click.echo(f"{n} records can be found.")

    archive_commands.install(app)
    _install_keys(app)
    _install_books(app)
    _install_doctor(app)
    _install_demo(app)


def _install_keys(app: Flask) -> None:
    keys = AppGroup("field-keys", help="The keys that seal alarm codes and the like.")

    @keys.command("new")
    def new() -> None:
        """Print a fresh key. Put it in front of the others in FIELD_KEYS, restart, then reseal."""
        click.echo(sealing.new_key())

    @keys.command("reseal")
    def reseal() -> None:
        """Seal everything anew with the first key of FIELD_KEYS; afterwards the older ones can go."""
        n_done, n_lost = resealing.reseal_all()
        db.session.commit()
        click.echo(f"{n_done} secrets are sealed with the newest key.")
        if n_lost:
            raise click.ClickException(f"{n_lost} secrets open with none of the keys. Keep the older keys.")

    app.cli.add_command(keys)


def _install_books(app: Flask) -> None:
    ledger = AppGroup("books", help="The double-entry books.")

    @ledger.command("check")
    def check() -> None:
        """Prove that the books add up and match invoices, payments and notes; exit code 1 when they do not."""
        settings.read()
        with reading():
            differences = books.check()
        for one in differences:
            click.echo(str(one))
        if differences:
            raise click.ClickException(f"{len(differences)} differences. Nothing was changed.")
        click.echo("The books are right.")

    app.cli.add_command(ledger)


def _install_doctor(app: Flask) -> None:
    @app.cli.command("doctor")
    @click.option("--production", is_flag=True, help="Judge as on a server, whatever LATCHKEY_ENV says.")
    def doctor_(production: bool) -> None:  # noqa: FBT001 -- click's flag
        """Look for unsafe settings and broken data; exit code 1 when something is wrong. Changes nothing."""
        from application import demo as demo_business

        more = [("demo log-ins", demo_business.printed_password)]
        found = doctor.examine(app, production=production or app.config["ENV_NAME"] == "production", more=more)
        for line in doctor.lines(found):
            click.echo(line)
        if any(one.level is doctor.Level.WRONG for one in found):
            raise click.exceptions.Exit(1)


def _install_demo(app: Flask) -> None:
    @app.cli.command("demo")
    @click.option("--cast", is_flag=True, help="Only the named cast, in seconds.")
    @click.option("--logins", is_flag=True, help="Only print the log-ins of the demo.")
    @click.option("--remove", is_flag=True, help="Take the demo's records out again; your own stay.")
    @click.option("--beside", is_flag=True, help="Add a few made-up clients beside your own, to try things with.")
    def demo(cast: bool, logins: bool, remove: bool, beside: bool) -> None:  # noqa: FBT001 -- click's flags
        """Fill an empty database with a demo business; a database that has one is left alone."""
        from application import demo as demo_business

        if remove:
            demo_business.take_out(app)
            return
        if beside:
            demo_business.add_beside(app)
            return
        if not logins:
            demo_business.fill(app, cast_only=cast)
        click.echo(demo_business.logins_text())
