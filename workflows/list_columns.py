"""Which columns of a list one person wants to see: a wish about looks, so nobody is told and nothing is logged."""

from collections.abc import Sequence

import sqlalchemy as sa

from foundation.db import db
from models import ListColumns
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed
from workflows.permissions import Permission

#: columns that a list shows at a time
MOST = 12

#: what the person `me` chose for the list `list_name`; read along with the menu's badges, so that no list needs a query
#: of its own for it
CHOSEN = sa.select(ListColumns.names).where(
    ListColumns.list_name == sa.bindparam("list_name", type_=sa.String),
    ListColumns.staff_id == sa.bindparam("me", type_=sa.Integer),
)


def of_list(list_name: str, *, actor: Actor) -> list[str]:
    """The names of the columns that this person chose; none when they never chose."""
    me = actor.staff.id if actor.staff is not None else None
    names = db.session.scalar(CHOSEN, {"list_name": list_name, "me": me})
    return names.split(",") if names else []


def choose(list_name: str, names: Sequence[str], *, actor: Actor) -> None:
    """Let this list show these columns, in this order, to this person from now on; none: the list's own again.

    Refused with Invalid: more than 12.
    """
    actor.require(Permission.OFFICE)
    if actor.staff is None:
        raise NotAllowed("not_allowed", N_("Your account does not allow this."))
    if len(names) > MOST:
        raise Invalid("too_many", N_("At most %(most)s columns at a time. Take one off first."), most=MOST)
    own = ListColumns.staff_id == actor.staff.id, ListColumns.list_name == list_name
    kept = db.session.scalar(sa.select(ListColumns).where(*own).with_for_update())
    if not names:
        if kept is not None:
            db.session.delete(kept)
    elif kept is not None:
        kept.names = ",".join(names)
    else:
        row = ListColumns(staff_id=actor.staff.id, list_name=list_name, names=",".join(names))
        try:
            with db.session.begin_nested():
                db.session.add(row)
                db.session.flush()
        except sa.exc.IntegrityError:  # two tabs at once: the later press counts
            new = sa.update(ListColumns).where(*own).values(names=",".join(names))
            db.session.execute(new.execution_options(synchronize_session=False))
    db.session.flush()
