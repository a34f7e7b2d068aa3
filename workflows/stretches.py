"""Which visits touch a stretch of days, said so that the database finds them by its indexes."""

import datetime as dt

import sqlalchemy as sa

from models import Job, JobState

#: no stay is longer, so whoever looks for visits that touch a day need not look further back
MAX_STAY_DAYS = 120
LONGEST_STAY = dt.timedelta(days=MAX_STAY_DAYS)
#: a cancelled or voided visit keeps nobody busy
BUSY_STATES = (JobState.SCHEDULED, JobState.IN_PROGRESS, JobState.COMPLETED)

Day = dt.date | sa.BindParameter[dt.date]


def reach(first: dt.date) -> dt.date:
    """The first day on which a visit can begin that still touches this one."""
    return first - min(LONGEST_STAY, first - dt.date.min)


def touching(first: Day, last: Day) -> sa.ColumnElement[bool]:
    """Visits of the whole business that touch a stretch of days. The long ones are found by their own small index:
    "begins before, ends after" alone would read all that ever was."""
    longer = sa.and_(Job.ends_on > Job.on_date, Job.ends_on >= first, Job.on_date < first)
    return sa.or_(Job.on_date.between(first, last), longer)


def touching_own(first: dt.date, last: dt.date) -> sa.ColumnElement[bool]:
    """The same beside "of these sitters" or "of this client": one stretch of that index, whatever the past holds.

    With `touching`, the half about long visits read all that a sitter ever did: 13 ms for 15,000 visits, not 0.4.
    """
    return sa.and_(Job.on_date.between(reach(first), last), Job.ends_on >= first)


def is_busy() -> sa.ColumnElement[bool]:
    """A visit in one of BUSY_STATES, for queries that look for days. Said by what it is not: SQLite without statistics
    would look for the state first, and walk through all that was ever done."""
    return Job.state.not_in([s for s in JobState if s not in BUSY_STATES])
