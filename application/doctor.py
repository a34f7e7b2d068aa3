"""`flask doctor`: is this installation safe and whole? Each check answers with what is wrong and what to do about it.

It only looks. What is unsafe on the internet is WRONG in production (`LATCHKEY_ENV=production`, or asked with
`--production`) and a WARNING on a developer's machine; what is broken is WRONG everywhere.
"""

import enum
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, current_app

from application import config
from foundation import clock, sealing, storage
from foundation.db import db, reading
from gateways import choose
from models import Activity, FieldValue, MailState, OutboxMail, StaffLogin
from ui_kit import assets
from workflows import condition, settings
from workflows.billing import books

ROOT = Path(__file__).resolve().parent.parent
#: a key with fewer different characters was typed, not drawn
LEAST_VARIED = 12
SEALED_SAMPLE = 20


class Level(enum.StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `told` says what is wrong and what to do, or what was found to be right."""

    level: Level
    about: str
    told: str

    def __str__(self) -> str:
        return f"{self.level.value:<8} {self.about}: {self.told}"


#: True with what is right, False with what is wrong; the flag says whether it only matters in production
Answer = tuple[bool, str]


def examine(app: Flask, *, production: bool, more: Iterable["Check"] = ()) -> list[Finding]:
    """Look at everything, in the order of an installation: environment, database, files, worker, business.

    `more` are checks of what is unsafe on the internet that only the caller knows of.
    A check that fails in itself is a finding, never an error: the others still answer.
    """
    unsafe = Level.WRONG if production else Level.WARNING
    found = []
    with app.app_context(), reading():
        for about, check, level in (
            *((about, check, unsafe) for about, check in (*UNSAFE, *more)),
            *((about, check, Level.WRONG) for about, check in BROKEN),
            *((about, check, Level.WARNING) for about, check in NEGLECTED),
        ):
            try:
                is_right, told = check()
            except Exception as problem:  # noqa: BLE001 -- whatever it is, the doctor goes on and says so
                db.session.rollback()
                is_right, told = (
                    False,
                    f"could not be looked at ({type(problem).__name__}: {str(problem).splitlines()[0]})",
                )
            found.append(Finding(Level.OK if is_right else level, about, told))
        db.session.rollback()
    return found


# ------------------------------------------------------------------------------------------ unsafe on the internet


def _environment() -> Answer:
    name = current_app.config["ENV_NAME"]
    return (
        name == "production",
        name if name == "production" else f"LATCHKEY_ENV is {name}. Set it to production on a server",
    )


def _debug() -> Answer:
    asked = current_app.debug or config.debugging(os.environ)
    return not asked, "debug is on: anybody could run programs here. Unset FLASK_DEBUG" if asked else "debug is off"


def _secret_key() -> Answer:
    keys = [current_app.config["SECRET_KEY"], *current_app.config["SECRET_KEY_FALLBACKS"]]
    weak = any(len(key) < 32 or len(set(key)) < LEAST_VARIED for key in keys)
    if weak:
        return (
            False,
            'a SECRET_KEY can be guessed. Set it to the output of: python -c "import secrets; print(secrets.token_urlsafe(48))"',
        )
    if not os.environ.get("SECRET_KEY"):
        return False, "the key lies beside the data. Set SECRET_KEY, so that a copy of the data is no copy of the key"
    return True, "long and varied"


def _field_keys() -> Answer:
    if not os.environ.get("FIELD_KEYS"):
        return False, "the keys that seal alarm codes lie beside the data. Set FIELD_KEYS, and keep a copy elsewhere"
    return True, "set apart from the data"


def _address() -> Answer:
    address = current_app.config["PUBLIC_URL"]
    if urlsplit(address).scheme != "https":
        return False, f"people use {address}. Set PUBLIC_URL to an https address: home access travels over it"
    return True, address


def _gateway() -> Answer:
    mode = current_app.config["BRAINTREE"].environment
    if mode in choose.PRETENDING:
        return False, f"payments go to the {mode} gateway, where no money moves. Set BRAINTREE_ENVIRONMENT"
    return True, f"Braintree: {mode}"


def _mail_server() -> Answer:
    given = current_app.config
    if not given["MAIL_SERVER"]:
        return False, "no MAIL_SERVER is set: mails become files that nobody reads"
    if not (given["MAIL_USE_TLS"] or given["MAIL_USE_SSL"]):
        return False, "mails leave without TLS. Set MAIL_USE_TLS=1 (port 587) or MAIL_USE_SSL=1 (port 465)"
    return True, f"{given['MAIL_SERVER']} with TLS"


def _permissions() -> Answer:
    folder = Path(current_app.config["DATA_DIR"])
    if not folder.stat().st_mode & 0o001:  # nobody else gets in
        return True, "other accounts of this machine cannot reach the data"
    readable = sorted(path.name for path in folder.iterdir() if path.is_file() and path.stat().st_mode & 0o004)
    if readable:
        return False, f"everybody on this machine can read {', '.join(readable[:3])}. Run: chmod o-rwx {folder}"
    return True, "other accounts of this machine cannot read the data"


# ----------------------------------------------------------------------------------------------- broken everywhere


def _schema() -> Answer:
    here = set(MigrationContext.configure(db.session.connection()).get_current_heads())
    wanted = set(ScriptDirectory(str(ROOT / "migrations")).get_heads())
    if here != wanted:
        return (
            False,
            f"the tables are at {', '.join(sorted(here)) or 'nothing'}, the program needs {', '.join(sorted(wanted))}. Run: flask db upgrade",
        )
    return True, f"at {', '.join(sorted(here))}"


def _integrity() -> Answer:
    if db.engine.dialect.name != "sqlite":
        db.session.execute(sa.text("SELECT 1"))
        return True, "PostgreSQL answers"
    whole = db.session.execute(sa.text("PRAGMA integrity_check")).scalars().all()
    loose = db.session.execute(sa.text("PRAGMA foreign_key_check")).all()
    if whole != ["ok"] or loose:
        return (
            False,
            f"SQLite says: {'; '.join(map(str, whole[:3]))}; {len(loose)} rows point nowhere. Restore the last backup",
        )
    return True, "SQLite finds the file whole, and no row points nowhere"


def _books() -> Answer:
    settings.read()
    differences = books.check()
    if differences:
        return False, f"{len(differences)} differences in the books. See: flask books check"
    return True, "the ledger balances and matches invoices, payments and notes"


def _secrets_open() -> Answer:
    kept = db.session.scalars(
        sa.select(FieldValue.sealed)
        .where(FieldValue.sealed.is_not(None))
        .order_by(FieldValue.id.desc())
        .limit(SEALED_SAMPLE)
    ).all()
    n_shut = 0
    for sealed in [*filter(None, kept), sealing.seal("probe")]:
        try:
            sealing.unseal(sealed)
        except sealing.UnreadableError:
            n_shut += 1
    if n_shut:
        return (
            False,
            f"{n_shut} of the {len(kept)} newest secrets open with none of the keys. Put the older keys back into FIELD_KEYS",
        )
    return True, "what is sealed can be opened"


def _front_end() -> Answer:
    gone = assets.missing()
    return not gone, f"files are missing: {', '.join(gone[:4])}. Run: make assets" if gone else "all files are there"


def _store() -> Answer:
    key = storage.here().put(b"doctor", folder="doctor", suffix="txt")
    back = storage.here().read(key)
    storage.here().delete(key)
    return back == b"doctor", "uploads can be written, read and deleted"


def _owner() -> Answer:
    n = db.session.scalar(sa.select(sa.func.count()).select_from(StaffLogin)) or 0
    return bool(n), f"{n} team members can log in" if n else "nobody can log in. Run: flask owner create"


# ------------------------------------------------------------------------------------------------------- neglected


def _disk() -> Answer:
    free = shutil.disk_usage(current_app.config["DATA_DIR"]).free
    return free >= condition.LEAST_DISK, f"{free / 2**30:.1f} GB are free in DATA_DIR"


def _worker() -> Answer:
    late = db.session.scalar(
        sa.select(sa.func.count())
        .select_from(OutboxMail)
        .where(OutboxMail.state == MailState.QUEUED, OutboxMail.next_at < clock.now() - condition.SILENT_AFTER)
    )
    minutes = condition.SILENT_AFTER.seconds // 60
    if late:
        return False, f"{late} mails have been due for over {minutes} minutes. Is flask worker running?"
    if condition.is_silent(condition.known()):
        return False, f"it has given no sign of life for over {minutes} minutes. Is flask worker running?"
    return True, "no mail waits that is due"


def _queue() -> Answer:
    try:
        current_app.extensions["huey"].pending_count()
    except Exception as problem:  # noqa: BLE001 -- each kind of queue has errors of its own
        said = str(problem).partition("\n")[0][:120]
        return False, f"QUEUE_URL does not answer ({type(problem).__name__}: {said}). Mails wait until it does"
    return True, "the worker can be woken"


def _backup() -> Answer:
    last = db.session.scalar(sa.select(sa.func.max(Activity.at)).where(Activity.verb == "backup.made"))
    if last is None:
        return False, "none was ever made. Run the worker, which makes one each day, or give flask backup to cron"
    age = clock.now() - last
    return age <= condition.BACKUP_OLD_AFTER, f"the last one is {age.days} days and {age.seconds // 3600} hours old"


Check = tuple[str, Callable[[], Answer]]
UNSAFE: tuple[Check, ...] = (
    ("environment", _environment),
    ("debug", _debug),
    ("secret key", _secret_key),
    ("field keys", _field_keys),
    ("address", _address),
    ("payments", _gateway),
    ("mail", _mail_server),
    ("data folder", _permissions),
)
BROKEN: tuple[Check, ...] = (
    ("tables", _schema),
    ("database", _integrity),
    ("books", _books),
    ("sealed fields", _secrets_open),
    ("front end", _front_end),
    ("files", _store),
    ("owner", _owner),
)
NEGLECTED: tuple[Check, ...] = (
    ("disk", _disk),
    ("queue", _queue),
    ("worker", _worker),
    ("backup", _backup),
)


def lines(found: list[Finding]) -> Iterator[str]:
    """For the terminal: each finding, then how it stands in all."""
    yield from map(str, found)
    n_wrong, n_warn = (sum(f.level is level for f in found) for level in (Level.WRONG, Level.WARNING))
    yield f"{len(found)} checks, {n_wrong} wrong, {n_warn} warnings."
