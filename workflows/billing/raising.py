"""Invoices of several clients in one transaction, as the billing run raises them.

What `drafting.draft_for` and `invoicing.issue` read for one client is read here for all at once, under all their locks,
and nothing of it is read again: an invoice is written once, with its number.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, selectinload

from foundation.db import db
from models import BulkRun, Client, Invoice, Job, PaymentTerms
from workflows import activity
from workflows.actors import Actor
from workflows.billing import allocations, drafting, due, invoicing, visit_lines
from workflows.billing.free_lines import FreeLine
from workflows.errors import N_, Invalid, WorkflowError
from workflows.locks import lock_clients
from workflows.permissions import Permission


@dataclass(frozen=True)
class Turn:
    """Clients whose locks we hold until the commit, and what their invoices are made of."""

    clients: Mapping[int, Client]
    jobs: Mapping[int, Sequence[Job]]
    basis: drafting.Basis
    default_terms: PaymentTerms | None
    #: who may hold credit with us
    holders: frozenset[int]

    def terms_of(self, client: Client) -> due.Terms:
        """The payment terms that the client's invoice gets."""
        return due.as_terms(client.payment_terms or self.default_terms)


def take_turn(
    client_ids: Iterable[int], *where: sa.ColumnElement[bool], up_to: dt.date | None = None, actor: Actor
) -> Turn:
    """Wait for our turn with these clients, and read what waits to be invoiced as the conditions on visits say.

    A fixed number of queries. Who is gone is left out. Refused without the permission (NotAllowed).
    """
    actor.require(Permission.BILLING)
    ids = list(client_ids)
    lock_clients(ids)
    clients = db.session.scalars(
        sa.select(Client)
        .where(Client.id.in_(ids))
        .options(joinedload(Client.payment_terms), joinedload(Client.tax_rate), selectinload(Client.contacts))
        .execution_options(populate_existing=True)
    )
    return Turn(
        {client.id: client for client in clients},
        visit_lines.waiting_of(ids, *where, up_to=up_to),
        drafting.basis(ids),
        due.default_terms(),
        frozenset(allocations.may_hold_credit(ids)),
    )


def draft(turn: Turn, client: Client, *, run: BulkRun, actor: Actor) -> Invoice:
    """A draft with the client's visits and all its figures, not written yet; packages have paid for what they can.

    Refused with Invalid before anything is written: 'nothing_to_invoice' without a visit, too many of them.
    """
    jobs = turn.jobs.get(client.id)
    if not jobs:
        raise Invalid("nothing_to_invoice", N_("No visit of this client waits to be invoiced."))
    draft = drafting.put_together(client, jobs, turn.basis, actor=actor, run=run)
    invoicing.fix_figures(draft)
    return draft


def keep_all(drafts: Sequence[Invoice], *, actor: Actor) -> None:
    """Write them as drafts; logged."""
    db.session.add_all(drafts)
    db.session.flush()
    activity.record_many([drafting.drafted_line(draft, len(draft.lines)) for draft in drafts], actor=actor)


def issue_all(turn: Turn, drafts: Sequence[Invoice], *, mail: bool, actor: Actor) -> None:
    """Write them as invoices with their numbers, logged as drafted and as issued; for clients who hold no credit.

    All together, so that an invoice more is some rows more and no statement more.
    """
    invoicing.issue_new(drafts, turn.terms_of, actor=actor, mail=mail)


def issue(turn: Turn, draft: Invoice, *, mail: bool, actor: Actor) -> None:
    """The same for one invoice whose client may hold credit that pays it; what follows is as `invoicing.issue` says."""
    invoicing.fix(draft, turn.terms_of(draft.client))
    keep_all([draft], actor=actor)
    invoicing.after_issue(draft, actor=actor, mail=mail)


def issue_lines(several: Sequence[tuple[Client, FreeLine]], *, actor: Actor) -> list[Invoice | WorkflowError]:
    """An invoice with one free line for each of these, issued without a mail; the invoice or its refusal for each.

    None of the clients may hold credit that would pay it. A fixed number of statements. Refused, each by itself, as
    `drafting.add_line`.
    """
    actor.require(Permission.BILLING)
    ids = {client.id for client, _line in several}
    lock_clients(ids)
    db.session.scalars(
        sa.select(Client)
        .where(Client.id.in_(ids))
        .options(joinedload(Client.payment_terms), joinedload(Client.tax_rate), selectinload(Client.contacts))
    ).all()
    default, nothing = due.default_terms(), drafting.Basis({}, None)
    made: list[Invoice | WorkflowError] = []
    for client, line in several:
        try:
            draft = drafting.put_together(client, [], nothing, actor=actor, free=[line])
            invoicing.fix_figures(draft)
        except WorkflowError as refusal:
            made.append(refusal)
        else:
            made.append(draft)
    drafts = [draft for draft in made if isinstance(draft, Invoice)]
    invoicing.issue_new(drafts, lambda client: due.as_terms(client.payment_terms or default), actor=actor, mail=False)
    return made
