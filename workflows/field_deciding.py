"""The office's yes or no to what clients proposed, several at once; the clients hear of it in one mail each.

One proposal is `field_proposals`; here are the queue's ways with many.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from foundation.db import db
from foundation.text import tidy
from models import Client, FieldProposal, ProposalState
from workflows import field_proposals, outbox, settings
from workflows.actors import Actor
from workflows.errors import N_, Invalid, WorkflowError, WrongState
from workflows.field_proposals import MAX_ANSWER
from workflows.locks import lock_clients
from workflows.mail_facts import DetailsDecided, MailKind
from workflows.permissions import Permission

#: as many at once as a page shows
MOST = 200


@dataclass
class Decided:
    """What became of them."""

    done: list[FieldProposal] = field(default_factory=list)
    #: decided or taken back before we came
    over: int = 0
    #: why the others could not be: proposal and reason
    refused: list[tuple[FieldProposal, WorkflowError]] = field(default_factory=list)


def decide(public_ids: Sequence[str], *, accept: bool, actor: Actor, answer: str = "") -> Decided:
    """Accept or decline these proposals, with a word to the clients; what can be decided is, the rest is named.

    In order: takes the locks of all clients, decides one after the other as `field_proposals` does, and queues a mail
    to each client that says field by field what was decided, unless the setting says no. Ids of nothing are left out.
    Refused with Invalid: a word that is too long, more than 200 at once; NotAllowed without the permission.
    """
    actor.require(Permission.CLIENTS)
    word = " ".join(tidy(answer).split())
    if len(word) > MAX_ANSWER:
        raise Invalid("too_long", N_("Use at most %(most)s characters."), field="answer", most=MAX_ANSWER)
    if len(public_ids) > MOST:
        raise Invalid("too_many", N_("At most %(most)s at once."), most=MOST)
    rows = sa.select(FieldProposal).where(FieldProposal.public_id.in_(list(public_ids))).order_by(FieldProposal.id)
    proposals = list(db.session.scalars(rows))
    lock_clients(p.client_id for p in proposals)
    decided = Decided()
    for proposal in proposals:
        try:
            with db.session.begin_nested():
                if accept:
                    field_proposals.accept(proposal, actor=actor, answer=word)
                else:
                    field_proposals.decline(proposal, actor=actor, answer=word)
        except WrongState:
            decided.over += 1
        except WorkflowError as problem:
            decided.refused.append((proposal, problem))
        else:
            decided.done.append(proposal)
    if settings.read()["portal.tell_decided"]:
        for client in dict.fromkeys(p.client for p in decided.done):
            _tell(client, [p for p in decided.done if p.client_id == client.id], word)
    return decided


def _tell(client: Client, proposals: Sequence[FieldProposal], word: str) -> None:
    """Labels only: what they asked for stands in their portal, and a secret never in a mail."""

    def labels(state: ProposalState) -> tuple[str, ...]:
        return tuple(
            f"{p.pet.name}: {p.field.label}" if p.pet else p.field.label for p in proposals if p.state is state
        )

    facts = DetailsDecided(
        str(client), client.account_number, labels(ProposalState.ACCEPTED), labels(ProposalState.DECLINED), word
    )
    outbox.queue_client_mail(MailKind.DETAILS_DECIDED, facts, client=client)


#: how many clients wait for an answer; the badge of the menu counts it on every page
CLIENTS_WAITING = sa.select(sa.func.count(FieldProposal.client_id.distinct())).where(
    FieldProposal.state == ProposalState.PENDING
)
