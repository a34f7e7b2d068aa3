"""What a client's page asks first, with one statement: the client, the snapshot's figures, and what there is of the rest.

Of many clients there are no agreed prices, no preferred sitters, nothing that waits: to look through an index for one such
row costs a tenth of the statement that would then find none.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from admin_site import billing_account, keys
from foundation.db import rows_of
from foundation.fixed import fixed
from foundation.twins import Twin, lend, put_beside
from models import (
    Client,
    ClientContact,
    ClientLogin,
    ClientPrice,
    ClientSitter,
    ClientType,
    CreditNote,
    JobRequestLine,
    LineState,
    NoteState,
    Staff,
    StoredMethod,
)
from workflows import agreements, mail_refusals, second_factor
from workflows.billing import sums


@dataclass(frozen=True)
class Snapshot:
    """The client, with type, usual sitter and log-ins, as a twin; and what is known of them besides."""

    client: Client
    #: requested visits that wait, agreements that they have still to accept, and whether any is asked of them at all
    n_waiting: int
    n_agreements: int
    has_agreements: bool
    #: id, number and day of the last invoice, all None without one
    last: tuple[Any, Any, Any]
    #: keys in use, with the team, lost
    n_keys: tuple[int, int, int]
    is_returned: bool
    #: codes of a phone or a passkey, which can be reset
    has_factor: bool
    #: what is owed, the credit and the deposits, as they stand in the books
    stands: sums.Stands
    has_contacts: bool
    has_sitters: bool
    has_prices: bool
    has_open_notes: bool
    has_methods: bool


def read(client_id: int) -> Snapshot | None:
    """The client's; None when there is no such client. One query."""
    rows = rows_of(_CLIENT, {"client_id": client_id})
    if not rows:
        return None
    (client,), facts = _TWIN.read(rows[:1]), rows[0][_N_CLIENT:]
    logins = [login for login in _LOGIN.read(row[-len(_LOGIN.columns) :] for row in rows) if login is not None]
    lend(logins, "client", client)
    put_beside([client], "logins", {client.id: logins})
    n_waiting, n_agreements, is_asked, last_id, number, day, n_keys, n_with_team, n_lost, *more = facts
    is_returned, has_factor, *more = more
    owed, credit, deposits, *has = more[: -len(_LOGIN.columns)]
    zero = Decimal(0)
    return Snapshot(
        client, n_waiting, int(n_agreements or 0), bool(is_asked), (last_id, number, day), (n_keys, n_with_team, n_lost), is_returned, has_factor,
        sums.Stands(owed or zero, -(credit or zero), -(deposits or zero)), *has,
    )  # fmt: skip


_CLIENT_ID = sa.bindparam("client_id", type_=sa.Integer)
_TWIN = Twin.whole(Client, primary_sitter=Twin(Staff, "first_name", "last_name"), client_type=Twin(ClientType, "name"))
_N_CLIENT = len(_TWIN.columns)
_LOGIN = Twin.whole(ClientLogin)
_LAST, _IS_LAST, _LAST_COLUMNS = billing_account.last_invoice(_CLIENT_ID)


def _any_of(table: Any, *where: Any) -> sa.Exists:
    return sa.exists(sa.select(sa.literal_column("1")).select_from(table).where(table.client_id == _CLIENT_ID, *where))


_CLIENT = fixed(
    sa.select(
        *_TWIN.columns,
        sa.select(sa.func.count(JobRequestLine.id))
        .where(JobRequestLine.state == LineState.SUBMITTED, JobRequestLine.client_id == _CLIENT_ID)
        .scalar_subquery(),
        agreements.N_OUTSTANDING,
        agreements.IS_ASKED,
        *_LAST_COLUMNS,
        *keys.n_of_client(_CLIENT_ID),
        mail_refusals.is_returned(_TWIN.c.email),
        second_factor.is_in_household(_CLIENT_ID),
        *sums.stands_of(_CLIENT_ID),
        _any_of(ClientContact),
        _any_of(ClientSitter),
        _any_of(ClientPrice),
        _any_of(CreditNote, CreditNote.state == NoteState.OPEN),
        _any_of(StoredMethod, StoredMethod.removed_at.is_(None)),
        *_LOGIN.columns,
    )
    .select_from(_TWIN.joined().outerjoin(_LOGIN.table, _LOGIN.c.client_id == _TWIN.c.id).outerjoin(_LAST, _IS_LAST))
    .where(_TWIN.c.id == _CLIENT_ID)
)
