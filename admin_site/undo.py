"""The last move of this browser: what it is called, and whether it can still be undone."""

import datetime as dt
from typing import Any

from flask import session
from flask_babel import gettext

from admin_site import texts
from foundation import clock
from models import Job
from workflows import moving

#: where the browser keeps which move it may offer to undo
UNDO = "undo_move"


def where_words(job: Job) -> str:
    """`Thu 26 Nov, 12:00 to 12:30, Sam Stone`."""
    if job.ends_on > job.on_date and job.end_time is not None:
        when = texts.stay_words(job.on_date, job.ends_on, job.start_time, job.end_time)
    else:
        time = texts.time_words(
            job.start_time, minutes=job.duration_minutes, end=job.end_time, block=job.time_block,
            time_type=job.service_item.time_type,
        )  # fmt: skip
        when = gettext("%(day)s, %(time)s", day=texts.day_words(job.on_date), time=time)
    return f"{when}, {job.sitter or gettext('Nobody yet')}"


def moved_words(job: Job) -> str:
    """What the toast says."""
    return gettext("%(client)s moved: %(where)s.", client=str(job.client), where=where_words(job))


def undone_words(job: Job) -> str:
    """What is said after an undo."""
    return gettext("Undone. %(client)s is back: %(where)s.", client=str(job.client), where=where_words(job))


def remember(moved: moving.Moved) -> None:
    """Have the next page offer to undo it."""
    if moved.number is not None:
        session[UNDO] = [moved.number, moved_words(moved.job), moved.until.isoformat()]


def forget() -> None:
    """Offer no undo any more."""
    session.pop(UNDO, None)


def to_undo() -> dict[str, Any] | None:
    """The last move of this browser, while it can be undone: its number, its sentence, the seconds left."""
    kept = session.get(UNDO)
    if not isinstance(kept, list) or len(kept) != 3:
        return None
    left = (dt.datetime.fromisoformat(kept[2]) - clock.now()).total_seconds()
    if left <= 0:
        return None
    return {"number": int(kept[0]), "text": str(kept[1]), "seconds": int(left)}
