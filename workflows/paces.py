"""How often one person may do what costs work or sends mails: far above what anybody does by hand, far below what a program
could do. Counted in the database, for all processes and machines together.

Which pages each stands before is said in `application.watching`.
"""

import datetime as dt
from dataclasses import dataclass

from foundation import clock
from foundation.sealing import fingerprint
from models import LoginAttempt, Realm
from workflows import tries
from workflows.errors import N_, NotAllowed

_HOUR, _MINUTES = dt.timedelta(hours=1), dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Pace:
    """So many within so long. With `step`, only each so-manieth of a process is written down, because writing would cost
    more than what is counted; then so many more pass as there are processes times steps."""

    name: str
    most: int
    within: dt.timedelta
    step: int = 1


#: messages and thanks, each news for the office and often a mail: two a minute for half an hour is a conversation
WORDS = Pace("words", 60, _HOUR)
#: requests, changes and cancellations, each with mails: a month of daily visits called off one by one is 31. Writing each
#: down was a fifth of sending a request, and on SQLite a second wait for the write lock
ASKS = Pace("asks", 80, _HOUR, step=4)
#: presses of Upload, each a picture made anew: an album, one by one
UPLOADS = Pace("uploads", 120, _HOUR)
#: files of lists, reports and archives: all fifty lists in both kinds, twice
EXPORTS = Pace("exports", 240, _HOUR)
#: reports look through years: one each two seconds for ten minutes
REPORTS = Pace("reports", 300, _MINUTES, step=10)
#: searching as one types asks at each pause: one each second for ten minutes
SEARCHES = Pace("searches", 600, _MINUTES, step=20)
#: everything else that a client sends, such as the lines of a basket
POSTS = Pace("posts", 600, _MINUTES, step=20)
#: refusals that are written into the log: what somebody who tries all doors does is clear after these
REFUSALS = Pace("refusals", 20, _HOUR)

#: what this process has counted since it last wrote, and who has to wait; both are emptied when they grow
_counted: dict[tuple[str, str], int] = {}
_waiting: dict[tuple[str, str], dt.datetime] = {}
_MOST_KEPT = 10_000


class TooOften(NotAllowed):
    """Somebody does it faster than people do; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(
            "too_often", N_("That was a lot in a short time. Wait %(minutes)s minutes, then go on; nothing of what you sent before is lost."),
            minutes=max(1, -(-retry_after // 60)),
        )  # fmt: skip


def is_written(pace: Pace, person: str) -> bool:
    """Would `keep` write now? The others of a step pass without a look at the database, unless the person has to wait."""
    key = (pace.name, person)
    if pace.step == 1 or key in _waiting:
        return True
    if len(_counted) > _MOST_KEPT:
        _counted.clear()
    _counted[key] = _counted.get(key, 0) + 1
    return _counted[key] >= pace.step


def keep(pace: Pace, realm: Realm, person: str) -> None:
    """Count one for this person, in the caller's transaction. TooOften when there were too many; that one is not counted.

    Ask `is_written` first.
    """
    key = (pace.name, person)
    _wait(key)
    _counted.pop(key, None)
    account_key = fingerprint(f"{pace.name}:{person}")
    try:
        tries.check(pace.most // pace.step, pace.within, LoginAttempt.account_key == account_key)
    except tries.TooManyTries as problem:
        if len(_waiting) > _MOST_KEPT:
            _waiting.clear()
        _waiting[key] = clock.now() + dt.timedelta(seconds=problem.retry_after)
        raise TooOften(problem.retry_after) from problem
    tries.note(realm, pace.name, account_key, "", succeeded=True)


def _wait(key: tuple[str, str]) -> None:
    until = _waiting.get(key)
    if until is None:
        return
    seconds = int((until - clock.now()).total_seconds())
    if seconds > 0:
        raise TooOften(seconds)
    _waiting.pop(key, None)


def forget() -> None:
    """Forget what this process alone knows."""
    _counted.clear()
    _waiting.clear()
