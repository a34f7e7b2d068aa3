"""Mails to members of staff: the kinds that each of them refuses, and the hours in which theirs wait.

All mails to sitters about their work go through `queue`. What lets somebody in (log-in links, security news) does not: it
is never refused and never held.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any

from foundation import clock
from foundation.db import db
from models import OutboxMail, Staff
from workflows import activity, outbox
from workflows.actors import Actor
from workflows.errors import N_, Invalid
from workflows.mail_facts import STAFF_REFUSABLE_KINDS, MailKind
from workflows.permissions import Permission

#: a visit that begins so soon after the quiet hours is not kept for their end either
URGENT = dt.timedelta(hours=1)


def wants(staff: Staff, kind: MailKind) -> bool:
    """Did this person leave such mails on? What cannot be refused is always wanted."""
    return kind not in STAFF_REFUSABLE_KINDS or kind.value not in (staff.mails_off or ())


def leaves_at(staff: Staff, moment: dt.datetime, *, begins: dt.datetime | None = None) -> dt.datetime:
    """When a mail of this moment leaves: at once, or when the person's quiet hours end (both UTC).

    Quiet hours are local time and may run over midnight. A mail about a visit that begins before they end, or within an
    hour of it, leaves at once.
    """
    if staff.quiet_from is None or staff.quiet_until is None:
        return moment
    local = clock.to_local(moment)
    now, day = local.time().replace(tzinfo=None), local.date()
    over_midnight = staff.quiet_until <= staff.quiet_from
    is_quiet = (now >= staff.quiet_from or now < staff.quiet_until) if over_midnight else staff.quiet_from <= now < staff.quiet_until  # fmt: skip
    if not is_quiet:
        return moment
    if over_midnight and now >= staff.quiet_from:
        day += dt.timedelta(days=1)
    ends = clock.from_local(day, staff.quiet_until)
    if begins is not None and begins < ends + URGENT:
        return moment
    return max(ends, moment)


def queue(
    kind: MailKind,
    facts: Any,  # noqa: ANN401 -- the kind's own dataclass of mail_facts
    *,
    staff: Staff,
    begins: dt.datetime | None = None,
    dedupe_key: str | None = None,
    not_before: dt.datetime | None = None,
    anyway: bool = False,
) -> OutboxMail | None:
    """Queue a mail to a member of staff; None for whoever refuses such mails (unless `anyway`) or has no address.

    It waits for the end of the quiet hours, unless the visit that it is about `begins` (UTC) before or just after that.
    """
    if not anyway and not wants(staff, kind):
        return None
    leaves = leaves_at(staff, max(clock.now(), not_before or clock.now()), begins=begins)
    return outbox.queue_mail(
        kind, facts, to=staff.email, staff=staff, dedupe_key=dedupe_key, not_before=leaves
    )  # fmt: skip


def choose(
    staff: Staff,
    *,
    wanted: Collection[str],
    quiet_from: dt.time | None,
    quiet_until: dt.time | None,
    actor: Actor,
) -> None:
    """Keep which mails this person gets, and when; logged when it changes. Of kinds that they are not offered, nothing is
    said or changed.

    They do it themselves; who may change the team does it for them. Refused with Invalid: one end of the quiet hours
    without the other, or both the same.
    """
    if actor.staff is None or actor.staff.id != staff.id:
        actor.require(Permission.STAFF)
    if (quiet_from is None) != (quiet_until is None):
        missing = "quiet_from" if quiet_from is None else "quiet_until"
        raise Invalid("quiet_half", N_("Enter both times, or neither."), field=missing)
    if quiet_from is not None and quiet_from == quiet_until:
        raise Invalid("quiet_whole", N_("Quiet hours must end at another time than they begin."), field="quiet_until")
    off = [kind.value for kind in STAFF_REFUSABLE_KINDS if kind.value not in wanted]
    before = (refused(staff), staff.quiet_from, staff.quiet_until)
    if before == (off, quiet_from, quiet_until):
        return
    staff.mails_off, staff.quiet_from, staff.quiet_until = off, quiet_from, quiet_until
    db.session.flush()
    activity.record(
        "staff.mails_chosen", actor=actor, subject=staff, name=str(staff), off=off, quiet_from=quiet_from, quiet_until=quiet_until
    )  # fmt: skip


def refused(staff: Staff) -> list[str]:
    """What this person refuses, in the order of the page."""
    return [kind.value for kind in STAFF_REFUSABLE_KINDS if kind.value in (staff.mails_off or ())]


def waits_for(mail: OutboxMail) -> dt.time | None:
    """Until when a queued mail waits because its reader has quiet hours; None when it waits for nothing of the kind."""
    until = mail.staff.quiet_until if mail.staff else None
    if until is None or mail.attempts or mail.next_at <= clock.now():
        return None
    return until if clock.to_local(mail.next_at).time().replace(tzinfo=None) == until else None
