"""The log: what happened, by whom, to what. Rows are only ever added; the sentence is made when it is shown."""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from foundation.db import Base, db
from foundation.inserting import Written, insert_rows
from foundation.together import New
from models import Activity, Client
from workflows.actors import Actor

#: kinds of values, as tuples, because a mail about ten visits asks some hundred times
_AS_IT_IS, _MOMENTS, _SEQUENCES = (str, int, bool), (dt.datetime, dt.date, dt.time), (list, tuple, set)


def plain(value: Any) -> Any:  # noqa: ANN401 -- whatever a column holds
    """A value as JSON can keep it."""
    if value is None or isinstance(value, _AS_IT_IS):
        return value
    if isinstance(value, _MOMENTS):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, _SEQUENCES):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return str(value)


Listener = Callable[[str, Base | Written | None], None]
_listeners: list[Listener] = []


def when_recorded(listener: Listener) -> Listener:
    """Have a function told the verb and the subject of each line, in the same transaction; it must not write lines."""
    _listeners.append(listener)
    return listener


def record(
    verb: str, *, actor: Actor, subject: Base | None = None, client: Client | None = None, **facts: object
) -> Activity:
    """Add a line to the log, in the caller's transaction.

    `verb` is stable ("job_request.submitted"); `client` says whose log it belongs to; facts must be plain values.
    The subject must have been flushed, so that it has an id.
    """
    line = Activity(**_values(verb, actor, subject, client, facts))
    db.session.add(line)
    for listener in _listeners:
        listener(verb, subject)
    return line


def row(verb: str, *, actor: Actor, subject: Base, client: Client | None = None, **facts: object) -> New:
    """The same line, for whoever writes it together with other rows (`foundation.together`). The subject may be a twin."""
    for listener in _listeners:
        listener(verb, subject)
    return New(Activity, _values(verb, actor, subject, client, facts))


@dataclasses.dataclass(frozen=True)
class Line:
    """What `record` is told of one thing that happened, for `record_many`."""

    verb: str
    subject: Base | Written
    client: Client | None
    facts: Mapping[str, object]


def record_many(lines: Iterable[Line], *, actor: Actor) -> None:
    """Add many lines to the log with one statement, in their order; each as `record` would. Subjects may be `Written`."""
    several = list(lines)
    rows = [_values(x.verb, actor, x.subject, x.client, x.facts) for x in several]
    if rows:
        insert_rows(Base.metadata.tables["activity"], tuple(rows[0]), (tuple(row.values()) for row in rows))
    for line in several:
        for listener in _listeners:
            listener(line.verb, line.subject)


def _values(
    verb: str, actor: Actor, subject: Base | Written | None, client: Client | None, facts: Mapping[str, object]
) -> dict[str, Any]:
    return {
        "verb": verb,
        "actor_kind": actor.kind,
        "actor_name": actor.name[:255],
        "staff_id": actor.staff.id if actor.staff else None,
        "client_login_id": actor.client_login.id if actor.client_login else None,
        "on_behalf": actor.on_behalf,
        "via": actor.via,
        "client_id": client.id if client is not None else None,
        "subject_type": subject.__tablename__ if subject is not None else "",
        "subject_id": getattr(subject, "id", None),
        "facts": plain(facts),
    }
