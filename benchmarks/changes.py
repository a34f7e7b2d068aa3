"""Rows for the inbox: clients want to call off visits that are to come, one request each, and nobody has decided yet."""

import datetime as dt
import secrets
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

from models import ChangeKind, ChangeState

_REASON = ("id", "name", "position", "for_clients", "is_active", "version")
_REQUEST = (
    "id", "public_id", "client_id", "kind", "reason_id", "body", "auto_approved", "is_open", "snapshot", "created_at",
    "answer",
)  # fmt: skip
_ITEM = (
    "id", "public_id", "request_id", "job_id", "job_version", "state", "old", "new_note", "price_before", "fee",
    "sitter_pay", "rule_name", "fee_reason", "note", "version",
)  # fmt: skip


def tables(
    visits: Iterable[tuple[int, int, dt.date]], n: int, *, now: dt.datetime
) -> Iterator[tuple[str, Sequence[str], Iterable[tuple[Any, ...]]]]:
    """Table name, columns, rows of `n` open requests about these visits (visit, client, day)."""
    asked = list(islice(visits, n))
    yield "cancellation_reason", _REASON, [(1, "We are at home", 0, True, True, 1)]
    yield (
        "change_request",
        _REQUEST,
        [_request(k, client_id, now) for k, (_job, client_id, _day) in enumerate(asked, 1)],
    )
    yield "change_item", _ITEM, [_item(k, job_id, day) for k, (job_id, _client, day) in enumerate(asked, 1)]


def _request(n: int, client_id: int, now: dt.datetime) -> tuple[Any, ...]:
    body, at = "We are away." if n % 3 == 0 else "", now - dt.timedelta(minutes=n)
    snapshot = {"policy": "", "total": "5.00", "shown": "", "figures": {}}
    kind = ChangeKind.CANCEL
    return n, secrets.token_urlsafe(9), client_id, kind, 1 if n % 2 else None, body, False, True, snapshot, at, ""


def _item(n: int, job_id: int, day: dt.date) -> tuple[Any, ...]:
    old = {"service": "Dog walk", "on_date": day.isoformat(), "start_time": "12:00", "pets": ["Milo"]}
    figures = Decimal(24), Decimal(5), Decimal(0)
    return n, secrets.token_urlsafe(9), n, job_id, 1, ChangeState.PENDING, old, "", *figures, "Late", "", "", 1
