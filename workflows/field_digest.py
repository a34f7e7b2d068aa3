"""The office's digest: what clients changed about themselves since the last one, in one mail a day, for who wants it."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation import clock
from foundation.db import db
from models import Activity, OutboxMail, Via
from workflows import field_news, outbox, settings
from workflows.mail_facts import ClientNews, DataDigest, MailKind

#: it leaves at this time of the business's clock
AT = dt.time(6)
#: what happened longer ago is left out, also when no digest was sent meanwhile
MOST_DAYS = 7
OFF = "off"
_CHANGED = ("client.changed", "pet.changed")
_VERBS = (*_CHANGED, "field_proposal.asked", "pet.added", "pet.left")
_KEY = "data_digest:"


def facts(day: dt.date, since: dt.date) -> DataDigest:
    """What was done in the portal from six in the morning of `since` to six of `day`, by client; one query."""
    lines = db.session.scalars(
        sa.select(Activity)
        .where(Activity.at >= clock.from_local(since, AT), Activity.at < clock.from_local(day, AT))
        .where(Activity.via == Via.PORTAL, Activity.verb.in_(_VERBS), Activity.client_id.is_not(None))
        .options(joinedload(Activity.client))
        .order_by(Activity.id)
    )
    news: dict[int, dict[str, list[Any]]] = {}
    names: dict[int, tuple[str, str]] = {}
    for line in lines:
        if line.client is None:
            continue
        names[line.client.id] = str(line.client), line.client.account_number_grouped
        _sort_in(line, news.setdefault(line.client.id, {"changed": [], "wanted": [], "added": [], "left": []}))
    clients = tuple(_client_news(*names[i], news[i]) for i in sorted(names, key=lambda i: (names[i][0].casefold(), i)))
    return DataDigest(since.isoformat(), day.isoformat(), clients)


def _client_news(name: str, number: str, news: dict[str, list[Any]]) -> ClientNews:
    return ClientNews(
        name, number, tuple(news["changed"]), tuple(news["wanted"]), tuple(news["added"]), tuple(news["left"])
    )


def _sort_in(line: Activity, into: dict[str, list[Any]]) -> None:
    name, changes = str(line.facts.get("name") or ""), line.facts.get("changes") or {}
    if line.verb in {"pet.added", "pet.left"}:
        into["added" if line.verb == "pet.added" else "left"].append(name)
        return
    about = f"{name}, " if line.subject_type == "pet" else ""
    said = [(f"{about}{label}", *map(field_news.short, pair)) for label, pair in changes.items()]
    into["changed" if line.verb in _CHANGED else "wanted"] += said


def send_due(*, now: dt.datetime | None = None) -> bool:
    """Mail it to the admin inbox, else to the owners, after six in the morning when it is on; whether it did.

    Nothing when no client changed anything. Once a day however often and by however many workers it is called: the
    mail's dedupe key. It goes on from where the last one ended.
    """
    local = clock.to_local(now or clock.now())
    if settings.read()["data.digest"] == OFF or local.time().replace(tzinfo=None) < AT:
        return False
    key = f"{_KEY}{local.date()}"
    last = db.session.scalar(
        sa.select(OutboxMail.dedupe_key)
        .where(OutboxMail.dedupe_key.like(f"{_KEY}%"))
        .order_by(OutboxMail.dedupe_key.desc())
        .limit(1)
    )
    if last == key:
        return False
    oldest = local.date() - dt.timedelta(days=MOST_DAYS)
    since = max(dt.date.fromisoformat(last.removeprefix(_KEY)), oldest) if last else local.date() - dt.timedelta(days=1)
    found = facts(local.date(), since)
    to = outbox.office_addresses()
    if not found.clients or not to:
        return False
    queued = outbox.queue_mail(MailKind.DATA_DIGEST, found, to=to[0], cc=to[1:], dedupe_key=key)
    db.session.flush()
    return queued is not None
