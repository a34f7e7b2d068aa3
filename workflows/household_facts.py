"""What every page of the portal tells of the household behind a sign-in, as columns of the statement that finds it.

Whatever stands there costs each page next to nothing, while a statement of its own costs a way to the database and back.
"""

import datetime as dt
from typing import Any, NamedTuple

import sqlalchemy as sa

from models import ChangeRequest, ClientLogin, JobRequest, JobRequestLine, LineState, Repeat, SignIn

_sign_in, _login = SignIn.__table__.c, ClientLogin.__table__.c
#: of a sign-in beside its log-in; a member of staff in the portal has none
HOUSEHOLD = sa.func.coalesce(_sign_in.viewed_client_id, _login.client_id)


class BasketFacts(NamedTuple):
    """As much of the basket as the banner needs; and whether the client waits for something else, or has a series."""

    n_lines: int
    n_blocked: int
    #: None when there is no basket
    changed_at: dt.datetime | None
    n_asked: int = 0
    n_series: int = 0
    #: requested visits that were sent and are not decided
    n_waiting: int = 0


_line, _request, _change, _repeat = (m.__table__.c for m in (JobRequestLine, JobRequest, ChangeRequest, Repeat))
_waiting = JobRequestLine.__table__.alias()


def _columns(client_id: sa.ColumnElement[Any]) -> tuple[sa.ColumnElement[Any], ...]:
    def one(value: sa.ColumnElement[Any], *where: sa.ColumnElement[bool]) -> sa.ScalarSelect[Any]:
        return sa.select(value).where(*where).correlate(SignIn.__table__, ClientLogin.__table__).scalar_subquery()

    in_basket = (_line.request_id == _request.id, _request.client_id == client_id, _request.submitted_at.is_(None))
    return (
        one(sa.func.count(_line.id), *in_basket),
        one(sa.func.count(_line.blocked_code), *in_basket),
        one(sa.func.max(_request.changed_at), *in_basket[1:]),
        one(sa.func.count(_change.id), _change.client_id == client_id, _change.is_open.is_(True)),
        one(sa.func.count(_repeat.id), _repeat.client_id == client_id, _repeat.is_active.is_(True)),
        one(sa.func.count(_waiting.c.id), _waiting.c.client_id == client_id, _waiting.c.state == LineState.SUBMITTED),
    )


#: beside a sign-in
COLUMNS = _columns(HOUSEHOLD)
#: of a client, built once: for pages that changed something of it before they are shown
OF_CLIENT = sa.select(*_columns(sa.bindparam("client_id", type_=sa.Integer)))
