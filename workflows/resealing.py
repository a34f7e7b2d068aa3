"""Putting everything that is sealed under the newest key, after a new one was put in front of FIELD_KEYS."""

from typing import Any

import sqlalchemy as sa

from foundation import sealing
from foundation.db import db
from models import Authenticator, FieldProposal, FieldValue, MergeNote, WebHook

#: how everything begins that `foundation.sealing` made
_MARK = "gAAAA"


def reseal_all() -> tuple[int, int]:
    """Seal every secret anew: home access, what clients propose for it, what a merge may bring back, second factors, web hooks. Safe to run twice.

    Returns how many were sealed anew, and how many no key opens any more: those are left as they are. Once the second
    is 0, the older keys can go.
    """
    n_done = n_lost = 0
    for kind in (Authenticator, FieldValue, WebHook):
        for row_id, sealed in db.session.execute(sa.select(kind.id, kind.sealed).where(kind.sealed.is_not(None))).all():
            fresh = _reseal(sealed)
            n_done, n_lost = n_done + (fresh is not None), n_lost + (fresh is None)
            if fresh is not None:
                _write(kind, row_id, sealed=fresh)
    for kept in (FieldProposal, MergeNote):
        for row_id, facts in db.session.execute(sa.select(kept.id, kept.facts)).all():
            changed, done, lost = _inside(facts)
            n_done, n_lost = n_done + done, n_lost + lost
            if done:
                _write(kept, row_id, facts=changed)
    return n_done, n_lost


def _write(
    kind: type[Authenticator | FieldValue | FieldProposal | MergeNote | WebHook],
    row_id: int,
    **values: Any,  # noqa: ANN401 -- a text, or JSON
) -> None:
    """Beside the objects, so that no version rises: a form that somebody has open stays good."""
    change = sa.update(kind).where(kind.id == row_id).values(**values)
    db.session.execute(change.execution_options(synchronize_session=False))


def _reseal(sealed: str | None) -> str | None:
    try:
        return sealing.reseal(sealed or "")
    except sealing.UnreadableError:
        return None


def _inside(value: Any) -> tuple[Any, int, int]:  # noqa: ANN401 -- JSON of any shape
    """The same JSON with its sealed texts sealed anew; how many, and how many could not be opened."""
    if isinstance(value, str) and value.startswith(_MARK):
        fresh = _reseal(value)
        return fresh or value, int(fresh is not None), int(fresh is None)
    if isinstance(value, dict):
        parts = {k: _inside(v) for k, v in value.items()}
        return {k: p[0] for k, p in parts.items()}, sum(p[1] for p in parts.values()), sum(p[2] for p in parts.values())
    if isinstance(value, list):
        items = [_inside(v) for v in value]
        return [i[0] for i in items], sum(i[1] for i in items), sum(i[2] for i in items)
    return value, 0, 0
