"""The team's remarks on records: a client, a pet, a visit, an invoice. Clients never see them."""

from collections.abc import Sequence

import sqlalchemy as sa

from foundation import clock
from foundation.db import Base, db
from foundation.text import tidy
from models import Client, Comment, Invoice, Job, JobRequest, Pet, StaffRole
from workflows import activity
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed
from workflows.permissions import Permission

MOST = 2000


def of_record(table: str, record_id: int, *, most: int = 200) -> Sequence[Comment]:
    """The remarks on a record that stand, the oldest first, at most `most`."""
    found = (
        sa.select(Comment)
        .where(Comment.subject_type == table, Comment.subject_id == record_id, Comment.removed_at.is_(None))
        .order_by(Comment.id)
        .limit(most)
    )
    return db.session.scalars(found).all()


def add(record: Base, body: str, *, actor: Actor) -> Comment:
    """Add a remark, signed with the name of who wrote it. Logged without its words.

    Refused: no words, more than 2,000 characters (Invalid); who may not open the office (NotAllowed).
    """
    actor.require(Permission.OFFICE)
    words = tidy(body)
    if not words:
        raise Invalid("no_words", N_("Write a remark first."), field="body")
    if len(words) > MOST:
        raise Invalid("too_long", N_("Use at most %(most)s characters."), field="body", most=MOST)
    comment = Comment(
        subject_type=record.__tablename__, subject_id=getattr(record, "id"),  # noqa: B009 -- every record has one
        body=words, author_id=actor.staff.id if actor.staff else None, author_name=actor.name[:255],
    )  # fmt: skip
    db.session.add(comment)
    db.session.flush()
    activity.record("comment.written", actor=actor, subject=record, client=_client_of(record))
    return comment


def may_take_back(comment: Comment, *, actor: Actor) -> bool:
    """Whether this person may take the remark back: its author may, and owners."""
    return actor.staff is not None and (comment.author_id == actor.staff.id or actor.staff.role is StaffRole.OWNER)


def take_back(comment: Comment, record: Base, *, actor: Actor) -> None:
    """Take a remark off its record; its words are gone, the log keeps that it was there. Twice changes nothing.

    Refused with NotAllowed for everybody but its author and owners.
    """
    actor.require(Permission.OFFICE)
    if not may_take_back(comment, actor=actor):
        raise NotAllowed("not_yours", N_("Only who wrote a remark can take it back, or an owner."))
    if comment.removed_at is None:
        comment.removed_at, comment.body = clock.now(), ""
        activity.record("comment.taken_back", actor=actor, subject=record, client=_client_of(record))
    db.session.flush()


def forget_client(client: Client) -> None:
    """Delete the remarks on a client and on what is theirs; `erasing.erase` calls it."""
    for kind in (Pet, Job, JobRequest, Invoice):
        own = sa.select(kind.id).where(kind.client_id == client.id)
        _delete(kind.__tablename__, Comment.subject_id.in_(own))
    _delete(Client.__tablename__, Comment.subject_id == client.id)


def _delete(table: str, which: sa.ColumnElement[bool]) -> None:
    gone = sa.delete(Comment).where(Comment.subject_type == table, which)
    db.session.execute(gone.execution_options(synchronize_session=False))


def _client_of(record: Base) -> Client | None:
    owner = record if isinstance(record, Client) else getattr(record, "client", None)
    return owner if isinstance(owner, Client) else None
