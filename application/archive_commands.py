"""`flask archive`, `backup`, `backup-check` and `restore`: everything out as one file, and in again."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import flask_migrate
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from flask.cli import with_appcontext

from foundation.db import db
from workflows import activity, search_index, settings
from workflows.actors import COMMAND_LINE
from workflows.archiving import backup, checking, loading, making
from workflows.archiving.shape import ArchiveProblem
from workflows.errors import N_, WorkflowError

FILE = click.Path(dir_okay=False, path_type=Path)


def install(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(_archive)
    app.cli.add_command(_backup)
    app.cli.add_command(_backup_check)
    app.cli.add_command(_restore)


@contextmanager
def _said() -> Iterator[None]:
    """A refusal as a sentence and exit code 1, with nothing changed."""
    try:
        yield
    except WorkflowError as problem:
        db.session.rollback()
        raise click.ClickException(problem.say()) from problem


@contextmanager
def _counted() -> Iterator[Callable[[int], None]]:
    """How many rows are done, on a line that is written over; nothing where no person looks."""
    is_seen = sys.stderr.isatty()

    def passed(n: int) -> None:
        if is_seen:
            click.echo(f"\r{n:,} rows", nl=False, err=True)

    yield passed
    if is_seen:
        click.echo(err=True)


def _told(path: Path) -> None:
    with checking.opened(path) as archive:
        n_files, n_rows = len(archive.files), archive.n_rows
        click.echo(f"{path}: {n_rows:,} rows and {n_files:,} files, {path.stat().st_size:,} bytes.")
        if archive.n_missing:
            click.echo(f"{archive.n_missing} files that the rows name were not in the store.", err=True)


@click.command("archive")
@click.argument("file", type=FILE)
@click.option("--files/--no-files", "with_files", default=True, show_default=True, help="Uploads, photos, papers.")
@click.option("--log-ins/--no-log-ins", "with_log_ins", default=True, show_default=True, help="Passwords (hashed).")
@with_appcontext
def _archive(file: Path, *, with_files: bool, with_log_ins: bool) -> None:
    """Write everything of the business into one zip FILE, while people work; docs/archive-format.md says what is in it."""
    with _said(), _counted() as passed:
        backup.write_file(file, making.Wanted(with_files, with_log_ins), passed=passed)
    _logged("archive.written", with_files=with_files, with_log_ins=with_log_ins)
    _told(file)


@click.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option("--keep", default=14, show_default=True, help="How many of the newest stay in the folder; 0 keeps all.")
@with_appcontext
def _backup(folder: Path | None, keep: int) -> None:
    """Back up database and files into FOLDER (DATA_DIR/backups), while people work, and read the backup back."""
    folder = folder or Path(current_app.config["DATA_DIR"]) / "backups"
    with _said(), _counted() as passed:
        path = backup.make(folder, keep=keep, passed=passed)
    _logged("backup.made")
    _told(path)


@click.command("backup-check")
@click.argument("file", type=FILE)
@with_appcontext
def _backup_check(file: Path) -> None:
    """Read every row and every file of a backup or an archive; exit code 1 when it is not whole."""
    with _said(), checking.opened(file) as archive:
        checking.verify(archive)
        _warn_of_keys(archive)
    _told(file)


@click.command("restore")
@click.argument("file", type=FILE)
@with_appcontext
def _restore(file: Path) -> None:
    """Load a backup or an archive into an empty installation, its tables made or brought up to date as needed.

    A database in use is refused: name an empty one in DATABASE_URL, restore there, then let Latchkey use that.
    """
    with _said(), checking.opened(file) as archive:
        if not sa.inspect(db.engine).has_table("alembic_version"):
            flask_migrate.upgrade()
        loading.require_empty()
        db.session.rollback()
        with _tables_as_then(str(archive.manifest["revision"])):
            _load(archive)
        _warn_of_keys(archive)
        if not archive.manifest["with_log_ins"]:
            click.echo('It holds no passwords: everybody asks for a new one with "Forgot password".', err=True)
    search_index.rebuild(every=True)
    db.session.commit()
    _logged("archive.loaded", made_at=archive.manifest["made_at"], n_rows=archive.n_rows)
    click.echo(f"{archive.n_rows:,} rows and {len(archive.files):,} files are in.")


def _load(archive: checking.Opened) -> None:
    put = loading.load(archive)
    try:
        db.session.commit()
    except BaseException:
        loading.forget(put)
        raise


@contextmanager
def _tables_as_then(revision: str) -> Iterator[None]:
    """Take the empty tables back to the archive's version, and bring them up to date with its rows afterwards."""
    with db.engine.connect() as connection:
        current = making.revision_of(connection)
    if current == revision:
        yield
        return
    config = current_app.extensions["migrate"].migrate.get_config()
    if revision not in {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}:
        raise ArchiveProblem("newer", N_("The archive was made by a newer Latchkey. Update this one first."))
    flask_migrate.downgrade(revision=revision)
    try:
        yield
    finally:
        db.session.rollback()
        db.session.remove()
        flask_migrate.upgrade()


def _warn_of_keys(archive: checking.Opened) -> None:
    if not archive.keys_fit():
        click.echo(
            "FIELD_KEYS are not those of the installation that it comes from: alarm codes and other secrets cannot be "
            "opened before its key stands there too.",
            err=True,
        )


def _logged(verb: str, **facts: Any) -> None:  # noqa: ANN401 -- the log's
    settings.forget()
    settings.read()
    activity.record(verb, actor=COMMAND_LINE, **facts)
    db.session.commit()
