"""Where a record leads that was joined with another one (`workflows.merging`): asked by whoever meets an old number."""

import sqlalchemy as sa

from foundation.db import Base, db
from models import MergedRecord
from workflows.errors import N_, WrongState


def leads_to(record_type: str, record_id: int) -> int | None:
    """The number of the record that this one was joined with, one that stands; None for what was never joined."""
    return db.session.scalar(
        sa.select(MergedRecord.into_id).where(
            MergedRecord.record_type == record_type, MergedRecord.record_id == record_id
        )
    )


def ids_in(record_type: str, record_id: int) -> list[int]:
    """The records that were joined with this one, directly or by way of others."""
    return list(
        db.session.scalars(
            sa.select(MergedRecord.record_id)
            .where(MergedRecord.record_type == record_type, MergedRecord.into_id == record_id)
            .order_by(MergedRecord.record_id)
        )
    )


def was_merged(model: type[Base]) -> sa.ColumnElement[bool]:
    """The condition under which a row of this table was joined with another one."""
    own: sa.ColumnElement[int] = getattr(model, "id")  # noqa: B009 -- every table that is asked about has one
    return sa.exists().where(MergedRecord.record_type == model.__tablename__, MergedRecord.record_id == own)


def require_whole(record: Base) -> None:
    """Refuse with WrongState when this record was joined with another one: it stays as it is."""
    record_id: int = getattr(record, "id")  # noqa: B009 -- as above
    if leads_to(record.__tablename__, record_id) is not None:
        raise WrongState("merged", N_("%(name)s was merged with another record and stays as it is."), name=str(record))
