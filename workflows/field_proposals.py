"""What clients enter in fields that need approval: it waits here, and the office accepts or declines it."""

from collections.abc import Iterable

import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from foundation.text import tidy
from models import PROPOSAL_MOVES, FieldProposal, NotificationKind, Pet, ProposalState, StoredFile
from workflows import activity, field_news, field_values
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed, WrongState
from workflows.field_kinds import Person, Value
from workflows.field_news import Change
from workflows.field_values import Values, client_of
from workflows.locks import lock_client
from workflows.permissions import Permission

MAX_ANSWER = 255


def propose(owner: Person, wish: Change, values: Values, *, actor: Actor) -> bool:
    """Let a client's new value wait for the office; an older proposal for the same field is withdrawn.

    Logged, and told on HOME. Whoever types what the field holds takes the proposal back; then nothing waits, and the
    answer is False. The caller holds the client's lock.
    """
    older, now, client = values.pending.get(wish.field.id), values.of(wish.field), client_of(owner)
    if client is None:
        raise Invalid("no_client", N_("Only clients' details can wait for approval."))
    if older is not None:
        _move(older, ProposalState.WITHDRAWN)
    if wish.new == now:
        _log("withdrawn", owner, [Change(wish.field, wish.old, now)], actor)
        return False
    db.session.add(
        FieldProposal(
            field_id=wish.field.id,
            client_id=client.id,
            pet_id=owner.id if isinstance(owner, Pet) else None,
            facts={"old": field_values.closed(wish.field, now), "new": field_values.closed(wish.field, wish.new)},
            client_login_id=actor.client_login.id if actor.client_login else None,
        )
    )
    asked = Change(wish.field, now, wish.new)
    _log("asked", owner, [asked], actor)
    field_news.tell(owner, [asked], NotificationKind.DATA_PROPOSED)
    return True


def accept(proposal: FieldProposal, *, actor: Actor, answer: str = "") -> Value:
    """Write the proposed value into the record; logged old to new. The value, as it is now.

    What the field holds by now is replaced, also when the office changed it meanwhile: the screen shows both. Refused
    with WrongState once it was decided or withdrawn, with Invalid when it fits the field no more (a choice that is
    gone, a field that is retired), with NotAllowed without the permission; secrets need that for secrets too.
    """
    if proposal.field.is_secret:
        actor.require(Permission.SECRETS)
    owner = _take(proposal, actor)
    of = proposal.field
    value = field_values.opened(of, proposal.facts.get("new"))
    if value is None and proposal.facts.get("new") is not None:
        raise Invalid("proposal_unreadable", N_("What was proposed cannot be read any more. Decline it and ask again."))
    from workflows import field_saving  # saving proposes, and accepting saves

    field_saving.save(owner, {of.public_id: value}, actor=actor)
    if field_values.read(owner).of(of) != value:
        raise Invalid("proposal_unfit", N_("This field is not asked for any more, so nothing can be saved there."))
    _decide(proposal, ProposalState.ACCEPTED, actor, answer)
    return value


def decline(proposal: FieldProposal, *, actor: Actor, answer: str = "") -> None:
    """Leave the record as it is and keep the office's word to the client; logged. Refused as `accept`."""
    owner = _take(proposal, actor)
    _decide(proposal, ProposalState.DECLINED, actor, answer)
    _log("declined", owner, [_change(proposal)], actor)


def withdraw(proposal: FieldProposal, *, actor: Actor) -> None:
    """The client takes it back; logged. WrongState once it was decided, NotAllowed for another client's."""
    if not actor.is_client or actor.client is None or actor.client.id != proposal.client_id:
        raise NotAllowed("not_yours", N_("This is not yours to change."))
    _lock(proposal)
    _move(proposal, ProposalState.WITHDRAWN)
    _log("withdrawn", owner_of(proposal), [_change(proposal)], actor)


def owner_of(proposal: FieldProposal) -> Person:
    """The client, or the pet, that it is about."""
    return proposal.pet or proposal.client


def _take(proposal: FieldProposal, actor: Actor) -> Person:
    actor.require(Permission.CLIENTS)
    _lock(proposal)
    if proposal.state is not ProposalState.PENDING:
        _move(proposal, ProposalState.ACCEPTED)
    return owner_of(proposal)


def _lock(proposal: FieldProposal) -> None:
    lock_client(proposal.client_id)
    db.session.refresh(proposal)


def _move(proposal: FieldProposal, to: ProposalState) -> None:
    if to not in PROPOSAL_MOVES[proposal.state]:
        raise WrongState("proposal_decided", N_("This was decided or taken back meanwhile. Nothing was changed."))
    proposal.state, proposal.decided_at = to, clock.now()
    wish = field_values.opened(proposal.field, proposal.facts.get("new"))
    if isinstance(wish, StoredFile) and to is not ProposalState.ACCEPTED:
        wish.removed_at = clock.now()


def _decide(proposal: FieldProposal, to: ProposalState, actor: Actor, answer: str) -> None:
    _move(proposal, to)
    proposal.decided_by_id = actor.staff.id if actor.staff else None
    proposal.answer = tidy(answer)[:MAX_ANSWER]
    db.session.flush()


def _change(proposal: FieldProposal) -> Change:
    of, facts = proposal.field, proposal.facts
    return Change(of, field_values.opened(of, facts.get("old")), field_values.opened(of, facts.get("new")))


def _log(what: str, owner: Person, changes: Iterable[Change], actor: Actor) -> None:
    activity.record(
        f"field_proposal.{what}",
        actor=actor,
        subject=owner,
        client=client_of(owner),
        name=str(owner),
        changes=field_news.in_words(changes),
    )


def pending(*, limit: int = 200) -> list[FieldProposal]:
    """What waits for the office, oldest first, with field, client and pet; one query."""
    return list(
        db.session.scalars(
            sa.select(FieldProposal)
            .where(FieldProposal.state == ProposalState.PENDING)
            .options(
                sa.orm.joinedload(FieldProposal.field),
                sa.orm.joinedload(FieldProposal.client),
                sa.orm.joinedload(FieldProposal.pet),
            )
            .order_by(FieldProposal.id)
            .limit(limit)
        )
    )
