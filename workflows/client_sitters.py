"""Whom a client likes to see, and who is never to be sent there; and a visit's sitter at this client's door.

A preferred sitter stands first wherever one is chosen. A blocked one is a conflict that nobody can wave through
(`conflicts.ClashKind.BLOCKED`); a series whose sitter is blocked makes its visits unassigned.
"""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation import clock
from foundation.db import db
from foundation.text import tidy
from models import Client, ClientSitter, Job, JobState, Staff
from workflows import activity
from workflows.actors import Actor
from workflows.errors import N_, Invalid
from workflows.locks import lock_client
from workflows.permissions import Permission

MAX_NOTE = 255


def of_client(client_id: int) -> Sequence[ClientSitter]:
    """The client's preferred and blocked sitters with their names, preferred ones first; one query."""
    return db.session.scalars(_OF_CLIENT, {"client_id": client_id}).all()


_OF_CLIENT = (
    sa.select(ClientSitter)
    .join(ClientSitter.staff)
    .where(ClientSitter.client_id == sa.bindparam("client_id", type_=sa.Integer))
    .options(joinedload(ClientSitter.staff))
    .order_by(ClientSitter.is_blocked, Staff.first_name, Staff.last_name, Staff.id)
)


def blocked_pairs(client_ids: Collection[int]) -> set[tuple[int, int]]:
    """Which of these clients never want which sitter: (client's id, sitter's id); one query."""
    if not client_ids:
        return set()
    pairs = sa.select(ClientSitter.client_id, ClientSitter.staff_id).where(ClientSitter.is_blocked.is_(True))
    return {(c, s) for c, s in db.session.execute(pairs.where(ClientSitter.client_id.in_(client_ids)))}


def check(client: Client, sitter: Staff | None, *, blocked: Collection[tuple[int, int]] | None = None) -> None:
    """Refuse (Invalid 'sitter_blocked') a sitter whom the client never wants; `blocked` are `blocked_pairs` read before."""
    if sitter is None:
        return
    if (client.id, sitter.id) in (blocked_pairs({client.id}) if blocked is None else blocked):
        raise Invalid(
            "sitter_blocked", N_("%(name)s is never to be sent to %(client)s. Choose somebody else."),
            field="sitter", name=str(sitter), client=str(client),
        )  # fmt: skip


def choose(client: Client, sitter: Staff, *, is_blocked: bool, note: str = "", actor: Actor) -> ClientSitter:
    """Note that a client prefers a sitter, or never wants one; the other way round it is changed.

    In this order, holding the client's lock: the row; a blocked usual sitter is not the usual one any more; the
    client's log. Visits that the sitter has already stay (`coming_with` finds them): a person decides who goes there.
    Refused: somebody who cannot be given visits, a note over 255 characters (Invalid).
    """
    actor.require(Permission.CLIENTS)
    words = tidy(note).replace("\n", " ")
    if len(words) > MAX_NOTE:
        raise Invalid("note_long", N_("Use at most %(most)s characters."), field="note", most=MAX_NOTE)
    lock_client(client.id)
    found = _row(client, sitter)
    if found is None and not (sitter.is_active and sitter.is_sitter):
        raise Invalid("not_a_sitter", N_("%(name)s cannot be given visits."), field="sitter", name=str(sitter))
    if found is not None and (found.is_blocked, found.note) == (is_blocked, words):
        return found
    if found is None:
        found = ClientSitter(client=client, staff=sitter)
        db.session.add(found)
    found.is_blocked, found.note = is_blocked, words
    db.session.refresh(client, ["primary_sitter_id", "version"])
    if is_blocked and client.primary_sitter_id == sitter.id:
        client.primary_sitter = None
    db.session.flush()
    verb = "client_sitter.blocked" if is_blocked else "client_sitter.preferred"
    activity.record(verb, actor=actor, subject=client, client=client, name=str(sitter), reason=words)
    return found


def forget(client: Client, sitter: Staff, *, actor: Actor) -> bool:
    """The sitter is one like all others for this client again; logged. False when that was so already."""
    actor.require(Permission.CLIENTS)
    lock_client(client.id)
    found = _row(client, sitter)
    if found is None:
        return False
    db.session.delete(found)
    db.session.flush()
    activity.record("client_sitter.forgotten", actor=actor, subject=client, client=client, name=str(sitter))
    return True


def coming_with(client: Client, sitter: Staff) -> int:
    """How many visits of this client the sitter still has before them."""
    return db.session.scalar(
        sa.select(sa.func.count()).select_from(Job).where(
            Job.client_id == client.id, Job.sitter_id == sitter.id, Job.state == JobState.SCHEDULED,
            Job.ends_on >= clock.today(),
        )
    ) or 0  # fmt: skip


def _row(client: Client, sitter: Staff) -> ClientSitter | None:
    return db.session.get(ClientSitter, (client.id, sitter.id), populate_existing=True)
