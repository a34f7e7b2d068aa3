"""The same write twice is done once: the answer to a key is kept for a day, in the transaction of what it tells of.

`once` does this for forms, which only want to know that they came before; a program wants its answer again.
"""

import datetime as dt

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import ApiAnswer, ApiToken, Client
from workflows.errors import N_, Invalid

KEEP = dt.timedelta(days=1)


def begin(token: ApiToken, key: str, fingerprint: str) -> tuple[ApiAnswer, bool]:
    """The row of this token's key, and whether it is new: what is not new has its answer.

    Another request with the key that runs at this moment is waited for. Refused with Invalid 'key_reused' when the
    key came before with another request.
    """
    insert = sa.insert(ApiAnswer).values(token_id=token.id, key=key, fingerprint=fingerprint, created_at=clock.now())
    is_new = True
    try:
        with db.session.begin_nested():
            db.session.execute(insert)
    except sa.exc.IntegrityError:
        is_new = False
    row = db.session.scalars(
        sa.select(ApiAnswer)
        .where(ApiAnswer.token_id == token.id, ApiAnswer.key == key)
        .execution_options(populate_existing=True)
    ).one()
    if row.fingerprint != fingerprint:
        raise Invalid("key_reused", N_("This Idempotency-Key came before with another request. Use a new one."))
    return row, is_new


def keep(row: ApiAnswer, status: int, body: str) -> None:
    """Write the answer down."""
    row.status, row.body = status, body
    db.session.flush()


def forget_old() -> int:
    """Drop answers older than a day; how many. The nightly task calls it."""
    result = db.session.execute(sa.delete(ApiAnswer).where(ApiAnswer.created_at < clock.now() - KEEP))
    return int(getattr(result, "rowcount", 0))


def forget_client(client: Client) -> None:
    """Drop the answers that name a client; for whoever erases them."""
    db.session.execute(
        sa.delete(ApiAnswer)
        .where(ApiAnswer.body.contains(client.public_id, autoescape=True))
        .execution_options(synchronize_session=False)
    )
