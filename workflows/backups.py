"""Backups by themselves: when the next one is due, what is noted of it, and who hears when it fails.

The worker makes them (`application.backup_tasks`); what stands in one and where it lies is `workflows.archiving`'s.
"""

import datetime as dt

from foundation import clock
from models import Sign, SignOfLife
from workflows import activity, condition, outbox, settings
from workflows.actors import Actor
from workflows.archiving.shelf import Checked, Made
from workflows.mail_facts import BackupFailed, MailKind

#: after one that failed; a full disk or a store that is away is not mended sooner
AGAIN_AFTER = dt.timedelta(hours=1)
#: a file that was good yesterday may lie on a disk that is not
CHECK_AFTER = dt.timedelta(hours=24)


def is_due() -> bool:
    """Should one be made now? Once a day from the set time on, and again an hour after one that failed.

    A new installation waits for the first time of day that its worker lives to see. A moment that lies ahead was noted
    while the machine's clock was wrong, and does not count.
    """
    slot = _slot()
    if slot is None:
        return False
    seen = condition.signs()
    last, worker = seen.get(Sign.BACKUP), seen.get(Sign.WORKER)
    since = last.well_at if last is not None and last.well_at is not None else worker.since if worker else None
    now = clock.now()
    if since is None or slot <= since <= now:
        return False
    return last is None or last.is_well or not now - AGAIN_AFTER < last.at <= now


def _slot() -> dt.datetime | None:
    """The last moment at which one should have been made; None when none should."""
    at = settings.read()["backups.at"]
    if at is None:
        return None
    now = clock.now()
    today = clock.to_local(now).date()
    moment = clock.from_local(today, at)
    return moment if moment <= now else clock.from_local(today - dt.timedelta(days=1), at)


def done(made: Made, *, actor: Actor) -> None:
    """Note that there is a new one. Logged."""
    condition.leave(Sign.BACKUP, name=made.name, n_bytes=made.n_bytes, is_sealed=made.is_sealed)
    activity.record("backup.made", actor=actor)


def failed(problem: str) -> None:
    """Note that there is none, and why. The owners get a mail, one a day however often it is tried."""
    seen = condition.signs().get(Sign.BACKUP)
    condition.leave(Sign.BACKUP, **{**_kept(seen), "problem": problem}, is_well=False)
    _tell("backup", problem, seen)


def is_check_due() -> bool:
    """Should the newest one be read? Each new one once, and once a day afterwards; also when the clock was put back."""
    seen = condition.signs()
    last, check = seen.get(Sign.BACKUP), seen.get(Sign.BACKUP_CHECK)
    if last is None or last.well_at is None:
        return False
    now = clock.now()
    return check is None or check.at < last.well_at or not now - CHECK_AFTER < check.at <= now


def checked(found: Checked) -> None:
    """Note that the newest one is whole."""
    condition.leave(Sign.BACKUP_CHECK, name=found.name, n_rows=found.n_rows, n_files=found.n_files)


def check_failed(name: str, problem: str) -> None:
    """Note that the newest one cannot be read, and why. The owners get a mail, one a day."""
    condition.leave(Sign.BACKUP_CHECK, is_well=False, name=name, problem=problem)
    _tell("check", problem, condition.signs().get(Sign.BACKUP))


def _kept(seen: SignOfLife | None) -> dict[str, object]:
    """What is known of the last good one."""
    return {k: v for k, v in seen.facts.items() if k != "problem"} if seen is not None else {}


def _tell(what: str, problem: str, last: SignOfLife | None) -> None:
    well_at = last.well_at if last is not None else None
    facts = BackupFailed(what == "check", problem, clock.to_local(well_at).date().isoformat() if well_at else None)
    to = outbox.owner_addresses()
    key = f"backup_failed:{what}:{clock.today()}"
    if to:
        outbox.queue_mail(MailKind.BACKUP_FAILED, facts, to=to[0], cc=to[1:], dedupe_key=key)
