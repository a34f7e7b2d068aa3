"""The books: one balanced posting for each event that moves money or debt, and the proof that they are right.

Debit is above zero, credit below. Nothing is ever changed: what is undone is posted the other way round.
`ledger_check` compares them with invoices, payments and notes.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from foundation import clock
from foundation.among import among
from foundation.db import Base, db
from foundation.inserting import insert_rows, new_ids
from models import Account, Client, Posting, PostingLine


class Unbalanced(RuntimeError):
    """A posting whose lines do not add up to nothing: a bug, never a person's mistake."""


def post(
    verb: str,
    *,
    subject: Base,
    client: Client | None,
    lines: Mapping[Account, Decimal],
    on_date: dt.date | None = None,
    event_key: str = "",
    memo: str = "",
) -> Posting:
    """Write an event into the books, in the caller's transaction.

    `lines` are debits above and credits below zero; what is zero is left out. `event_key` names the event, of which
    there is one posting ever (the database refuses a second); without it verb and subject do. `on_date` is the local day
    that it counts for, today if not given. The subject must have been flushed. Unbalanced when the lines do not add up.
    """
    facts, real = _facts(verb, subject, client, lines, on_date or clock.today(), event_key, memo)
    posting = Posting(**facts)
    posting.lines = [PostingLine(account=a, client_id=posting.client_id, amount=amount) for a, amount in real.items()]
    db.session.add(posting)
    db.session.flush()
    return posting


def post_many(
    verb: str, events: Iterable[tuple[Base, Client, Mapping[Account, Decimal]]], *, on_date: dt.date | None = None
) -> None:
    """Write many events of one kind, each (subject, client, lines), with a few statements; each as `post` would."""
    day = on_date or clock.today()
    several = [_facts(verb, subject, client, lines, day) for subject, client, lines in events]
    if not several:
        return
    tables = Base.metadata.tables
    ids = new_ids(tables["posting"], len(several))
    rows = ((posting_id, *facts.values()) for posting_id, (facts, _real) in zip(ids, several, strict=True))
    insert_rows(tables["posting"], ("id", *several[0][0]), rows)
    sides = (
        (posting_id, account, facts["client_id"], amount)
        for posting_id, (facts, real) in zip(ids, several, strict=True)
        for account, amount in real.items()
    )
    insert_rows(tables["posting_line"], ("posting_id", "account", "client_id", "amount"), sides)


def _facts(  # noqa: PLR0917 -- as `post`
    verb: str, subject: Base, client: Client | None, lines: Mapping[Account, Decimal], on_date: dt.date,
    event_key: str = "", memo: str = "",
) -> tuple[dict[str, Any], dict[Account, Decimal]]:  # fmt: skip
    """The columns of a posting, and its sides."""
    real = {account: amount for account, amount in lines.items() if amount}
    if sum(real.values(), Decimal(0)):
        raise Unbalanced(f"{verb}: {real}")
    subject_id = int(getattr(subject, "id"))  # noqa: B009 -- whatever table it is of, it has one
    facts = {
        "verb": verb,
        "event_key": event_key or f"{verb}:{subject_id}",
        "on_date": on_date,
        "client_id": client.id if client is not None else None,
        "subject_type": subject.__tablename__,
        "subject_id": subject_id,
        "memo": memo[:255],
    }
    return facts, real


def turned(lines: Mapping[Account, Decimal]) -> dict[Account, Decimal]:
    """The same the other way round: what undoes it."""
    return {account: -amount for account, amount in lines.items()}


def account_balance(account: Account) -> Decimal:
    """What stands on an account: debits less credits."""
    total: Decimal | None = db.session.scalar(
        sa.select(sa.func.sum(PostingLine.amount)).where(PostingLine.account == account)
    )
    return total or Decimal(0)


def client_balances(client_ids: Iterable[int]) -> dict[int, dict[Account, Decimal]]:
    """What stands on each account for these clients, with one query: {client id: {account: debits less credits}}."""
    ids = list(client_ids)
    found: dict[int, dict[Account, Decimal]] = {client_id: {} for client_id in ids}
    for client_id, account, total in db.session.execute(_BALANCES, {"client_ids": ids}):
        if client_id is not None:
            found[client_id][account] = total
    return found


#: built once: every list of clients and every client's page asks
_line = PostingLine.__table__.c
_BALANCES = (
    sa.select(_line.client_id, _line.account, sa.func.sum(_line.amount))
    .where(among(_line.client_id, "client_ids"))
    .group_by(_line.client_id, _line.account)
)
