"""Which practice a pet goes to: chosen from the office's list, or proposed by a client and decided by the office."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from foundation import clock
from foundation.db import db
from foundation.text import tidy
from models import PROPOSAL_MOVES, Client, NotificationKind, Pet, ProposalState, Vet, VetProposal
from workflows import activity, locks, notifications, outbox, people, records
from workflows.actors import Actor
from workflows.errors import N_, Invalid, NotAllowed, Refusals, WrongState
from workflows.mail_facts import MailKind, VetDecided
from workflows.permissions import Permission

#: what one household can have waiting at once
MOST_WAITING = 10
ANSWER_MOST = 255


def choose(pet: Pet, vet: Vet | None, *, actor: Actor) -> bool:
    """Set a pet's practice, or none; logged old to new, and told on HOME when the client did it. False: as it was.

    Refused: NotAllowed for somebody else's pet; Invalid for a practice that is not in the list any more.
    """
    _require_own(pet, actor)
    locks.lock_client(pet.client_id)
    if pet.vet_id == (vet.id if vet else None):
        return False
    if vet is not None and not vet.is_active:
        raise Invalid("vet_inactive", N_("%(name)s is not in the list any more."), field="vet", name=vet.name)
    records.change(pet, {"vet": vet}, actor=actor, client=pet.client)
    if actor.is_client:
        about = [f"{pet.name}: {vet.name}" if vet else pet.name]
        notifications.notify_office(NotificationKind.DATA_CHANGED, client=pet.client, about=about)
        db.session.flush()
    return True


def propose(client: Client, pet: Pet | None, values: Mapping[str, Any], *, actor: Actor) -> VetProposal:
    """A client's "my vet is not listed": name, phone, address, note. Logged, and told on HOME.

    Refused: NotAllowed for somebody else; Invalid without a name, for texts that are too long, when the same practice
    waits already, and beyond ten that wait.
    """
    if actor.client is None or actor.client.id != client.id or (pet is not None and pet.client_id != client.id):
        raise NotAllowed("not_yours", N_("Choose among your own pets."))
    cleaned = {k: tidy(str(values.get(k) or "")) for k in ("name", "phone", "address", "note")}
    refusals = Refusals()
    for name, most in (("name", 120), ("address", 255), ("note", 2000)):
        with refusals:
            if len(cleaned[name]) > most:
                raise Invalid("text_long", N_("Use at most %(most)s characters."), field=name, most=most)
    with refusals:
        if not cleaned["name"]:
            raise Invalid("no_name", N_("Fill in the name of the practice."), field="name")
    with refusals:
        cleaned["phone"] = people.clean_phone(cleaned["phone"], region=people.region()) or ""
    refusals.say()
    locks.lock_client(client.id)
    waiting = db.session.scalars(
        sa.select(VetProposal).where(VetProposal.client_id == client.id, VetProposal.state == ProposalState.PENDING)
    ).all()
    if any(w.name.casefold() == cleaned["name"].casefold() and w.pet_id == (pet.id if pet else None) for w in waiting):
        raise Invalid("proposed", N_("You told us about this practice already; we are looking at it."), field="name")
    if len(waiting) >= MOST_WAITING:
        raise Invalid("too_many", N_("Please wait until we have looked at what you proposed before."), field="name")
    row = VetProposal(
        client=client, pet=pet, client_login_id=actor.client_login.id if actor.client_login else None, **cleaned
    )
    db.session.add(row)
    db.session.flush()
    activity.record("vet_proposal.sent", actor=actor, subject=row, client=client, name=row.name)
    notifications.notify_office(
        NotificationKind.VET_PROPOSED, client=client, about=[row.name], url="/admin/vet-proposals/"
    )
    db.session.flush()
    return row


def accept(proposal: VetProposal, values: Mapping[str, Any], *, actor: Actor, answer: str = "") -> Vet:
    """Put the practice into the list, as the office corrected it, give it to the pet, and mail the client; logged."""
    _take(proposal, actor)
    vet = people.save_vet(Vet(), values, actor=actor)
    return _decide(proposal, vet, answer, actor=actor)


def merge(proposal: VetProposal, vet: Vet, *, actor: Actor, answer: str = "") -> Vet:
    """It is a practice that is in the list: give that one to the pet, and mail the client; logged."""
    if not vet.is_active:
        raise Invalid("vet_inactive", N_("%(name)s is not in the list any more."), field="vet", name=vet.name)
    _take(proposal, actor)
    return _decide(proposal, vet, answer, actor=actor)


def decline(proposal: VetProposal, answer: str, *, actor: Actor) -> None:
    """Do not list it; the client reads why. Invalid without a word."""
    word = _clean_answer(answer)
    if not word:
        raise Invalid("no_answer", N_("Tell the client why."), field="answer")
    _take(proposal, actor)
    _move(proposal, ProposalState.DECLINED, actor, word)
    _tell(proposal, None, word)


def withdraw(proposal: VetProposal, *, actor: Actor) -> None:
    """The client takes it back; logged. WrongState once it is decided."""
    if actor.client is None or actor.client.id != proposal.client_id:
        raise NotAllowed("not_yours", N_("Choose among your own pets."))
    _fresh(proposal)
    _move(proposal, ProposalState.WITHDRAWN, actor, "")


def waiting_of(client: Client) -> list[VetProposal]:
    """What this client proposed and nobody has decided; one query."""
    wanted = sa.select(VetProposal).where(
        VetProposal.client_id == client.id, VetProposal.state == ProposalState.PENDING
    )
    return list(db.session.scalars(wanted.order_by(VetProposal.id)))


def _require_own(pet: Pet, actor: Actor) -> None:
    if actor.client is None:
        actor.require(Permission.CLIENTS)
    elif actor.client.id != pet.client_id:
        raise NotAllowed("not_yours", N_("Choose among your own pets."))


def _take(proposal: VetProposal, actor: Actor) -> None:
    actor.require(Permission.CLIENTS)
    _fresh(proposal)


def _fresh(proposal: VetProposal) -> None:
    """Hold the client and look again: two managers, or a manager and the client, may decide in the same second."""
    locks.lock_client(proposal.client_id)
    db.session.refresh(proposal)


def _decide(proposal: VetProposal, vet: Vet, answer: str, *, actor: Actor) -> Vet:
    word = _clean_answer(answer)
    proposal.vet_id = vet.id
    _move(proposal, ProposalState.ACCEPTED, actor, word)
    if proposal.pet is not None and proposal.pet.vet_id != vet.id:
        records.change(proposal.pet, {"vet": vet}, actor=actor, client=proposal.client)
    _tell(proposal, vet, word)
    return vet


def _move(proposal: VetProposal, to: ProposalState, actor: Actor, answer: str) -> None:
    if to not in PROPOSAL_MOVES[proposal.state]:
        raise WrongState("proposal_decided", N_("This was decided already. Nothing was changed."))
    proposal.state, proposal.answer, proposal.decided_at = to, answer, clock.now()
    proposal.decided_by_id = actor.staff.id if actor.staff else None
    db.session.flush()
    activity.record(
        f"vet_proposal.{to.value}", actor=actor, subject=proposal, client=proposal.client, name=proposal.name,
        reason=answer,
    )  # fmt: skip


def _tell(proposal: VetProposal, vet: Vet | None, word: str) -> None:
    client = proposal.client
    facts = VetDecided(
        str(client), client.account_number, proposal.name, vet.name if vet else "",
        proposal.pet.name if proposal.pet else "", word,
    )  # fmt: skip
    outbox.queue_client_mail(MailKind.VET_DECIDED, facts, client=client, dedupe_key=f"vet_proposal:{proposal.id}")


def _clean_answer(answer: str) -> str:
    word = tidy(answer)
    if len(word) > ANSWER_MOST:
        raise Invalid("text_long", N_("Use at most %(most)s characters."), field="answer", most=ANSWER_MOST)
    return word


def proposal_for_office(proposal_id: int) -> VetProposal | None:
    """A proposal with whom and what it is about."""
    wanted = sa.select(VetProposal).where(VetProposal.id == proposal_id)
    return db.session.scalar(
        wanted.options(joinedload(VetProposal.client), joinedload(VetProposal.pet), joinedload(VetProposal.decided_by))
    )
