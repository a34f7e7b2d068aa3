"""`flask archive`, `backup`, `backup-check` and `restore`: everything out as one file, and in again."""

import os
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

from foundation import sealed_files
from foundation.db import db
from workflows import activity, backups, search_index, settings
from workflows.actors import COMMAND_LINE
from workflows.archiving import backup, checking, loading, making, shelf
from workflows.archiving.shape import ArchiveProblem
from workflows.errors import N_, WorkflowError

FILE = click.Path(dir_okay=False, path_type=Path)


def install(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(_archive)
    app.cli.add_command(_backup)
    app.cli.add_command(_backups)
    app.cli.add_command(_backup_fetch)
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
@click.option("--keep", default=14, show_default=True, help="How many of the newest stay in FOLDER; 0 keeps all.")
@with_appcontext
def _backup(folder: Path | None, keep: int) -> None:
    """Back up database and files into FOLDER, while people work, and read the backup back.

    Without FOLDER it goes where the worker puts its own (BACKUP_URL), and those settings say which ones stay.
    """
    with _said(), _counted() as passed:
        if folder is None:
            made = _to_the_shelf(passed)
        else:
            path = backup.make(folder, keep=keep, passed=passed)
            made = shelf.Made(path.name, path.stat().st_size, sealed_files.has_key())
    settings.forget()
    settings.read()
    backups.done(made, actor=COMMAND_LINE)
    db.session.commit()
    if folder is None:
        click.echo(f"{made.name}: {made.n_bytes:,} bytes{', encrypted' if made.is_sealed else ''}.")
    else:
        _told(path)


def _to_the_shelf(passed: Callable[[int], object]) -> shelf.Made:
    store = current_app.extensions["backups"]
    made = shelf.make(store, near=Path(current_app.config["DATA_DIR"]), passed=passed)
    values = settings.read()
    shelf.prune(store, daily=values["backups.keep_daily"], weekly=values["backups.keep_weekly"])
    db.session.rollback()
    return made


@click.command("backups")
@with_appcontext
def _backups() -> None:
    """List the backups that lie where the worker puts them, the newest first."""
    for name in shelf.names(current_app.extensions["backups"]):
        click.echo(name)


@click.command("backup-fetch")
@click.argument("name")
@click.argument("file", type=FILE)
@with_appcontext
def _backup_fetch(name: str, file: Path) -> None:
    """Copy the backup NAME of `flask backups` to FILE, as it is, encrypted or not; for `flask restore FILE`."""
    if file.exists():
        raise click.ClickException(f"{file} is there already. Name another file.")
    with _said(), open(file, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as out:
        try:
            shelf.fetch(current_app.extensions["backups"], name, out)
        except BaseException:
            file.unlink()
            raise


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
        flask_migrate.upgrade()  # a restore that was killed may have left the tables of an older version
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
