"""Who was made up to try things out beside a real business: asked by whatever must not happen to them.

No number of the books is given to them, no pay run takes up their visits, and no mail goes to an address at example.com.
Of a whole demo business nothing of this holds: there everything may be tried.
"""

from typing import Any

import sqlalchemy as sa

from foundation.db import db
from models import Client, DemoRecord, OutboxMail
from workflows.errors import N_, WrongState

#: names that belong to nobody (RFC 2606)
_NOBODYS = ("example.com", "example.org", "example.net")
_NOBODYS_ENDS = (".example", ".test", ".invalid", *(f".{name}" for name in _NOBODYS))


def is_made_up(table_name: str, column: Any) -> sa.Exists:  # noqa: ANN401 -- a column that names rows of that table
    """Inside a query: does this column name a made-up row?"""
    return sa.exists().where(DemoRecord.table_name == table_name, DemoRecord.row_id == column, DemoRecord.is_beside)


def refuse_books(client: Client) -> None:
    """WrongState for a made-up client: invoices and payments take real numbers, which have no gaps. One query."""
    if client.id is not None and db.session.scalar(sa.select(is_made_up("client", client.id))):
        raise WrongState(
            "made_up",
            N_("%(name)s is of the demo data: invoices and payments would take real numbers. Try them with a demo of their own (flask demo)."),
            name=str(client),
        )  # fmt: skip


def leads_nowhere(address: str) -> bool:
    """An address that cannot be anybody's."""
    host = address.rpartition("@")[2].strip().casefold()
    return host in _NOBODYS or host.endswith(_NOBODYS_ENDS)


def is_about_made_up(mail: OutboxMail) -> bool:
    """Is this mail to or about somebody who was made up? No query for a mail about nobody."""
    asked = [is_made_up(name, key) for name, key in (("client", mail.client_id), ("staff", mail.staff_id)) if key]
    return bool(asked) and bool(db.session.scalar(sa.select(sa.or_(*asked))))
