"""Overdue invoices: reminded of on the days that the settings name, each step once, one mail a client and morning."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import selectinload

from foundation import clock, money
from foundation.db import db
from models import Client, Invoice, InvoiceReminder, InvoiceState
from workflows import activity, outbox, settings
from workflows.actors import WORKER, Actor
from workflows.billing import sums
from workflows.errors import N_, Invalid, WrongState
from workflows.locks import lock_client
from workflows.mail_facts import InvoiceDue, InvoiceReminded, MailKind
from workflows.permissions import Permission
from workflows.settings_reminders import steps

#: clients in one transaction; the rest follows with the next call
BATCH = 200


def remind() -> int:
    """Remind every client of the invoices that have reached a step today or before; how many clients were mailed.

    Of several steps that were missed (the worker stood still, or the switch was off) only the last is sent. In this
    order, for each client under their lock: what is still open and overdue is read afresh; the steps are written down,
    which nobody else can do a second time; one mail about all of them; a line in the client's log. A client without
    an address keeps the steps for the day on which there is one.
    """
    values = settings.read()
    if not values["reminders.on"]:
        return 0
    days = steps(values["reminders.days"])
    due = _due(days)
    told = 0
    for client_id in sorted(due)[:BATCH]:
        lock_client(client_id)
        fresh = _due(days, client_id).get(client_id, [])
        if fresh and _remind(fresh[0][0].client, fresh):
            told += 1
    return told


def remind_now(client: Client, invoices: Sequence[Invoice], *, actor: Actor) -> int:
    """Remind of these invoices by hand, whatever was sent before; how many.

    Refused: without the permission (NotAllowed), a client without a mail address (Invalid), invoices of which nothing
    is owed any more (WrongState).
    """
    actor.require(Permission.BILLING)
    lock_client(client.id)
    if not client.email:
        raise Invalid("no_address", N_("This client has no mail address."))
    owed = sums.invoice_sums(i.id for i in invoices)
    due = [i for i in invoices if i.client_id == client.id and owed[i.id].outstanding > 0]
    if not due:
        raise WrongState("nothing_owed", N_("Nothing is owed any more."))
    db.session.add_all(InvoiceReminder(invoice_id=i.id, step=None) for i in due)
    _mail(client, due, actor=actor)
    return len(due)


def _due(days: Sequence[int], client_id: int | None = None) -> dict[int, list[tuple[Invoice, int]]]:
    """{client: [(invoice, step that it has reached and was not reminded of)]}."""
    if not days:
        return {}
    today = clock.today()
    query = (
        sa.select(Invoice, sa.func.max(InvoiceReminder.step))
        .outerjoin(InvoiceReminder, InvoiceReminder.invoice_id == Invoice.id)
        .join(Client, Invoice.client_id == Client.id)
        .where(
            Invoice.state == InvoiceState.OPEN,
            Invoice.due_on <= today - dt.timedelta(days=days[0]),
            Invoice.due_on < today,
            Client.email.is_not(None),
        )
        .group_by(Invoice.id)
        .order_by(Invoice.due_on, Invoice.id)
        .options(selectinload(Invoice.client))
    )
    if client_id is not None:
        query = query.where(Invoice.client_id == client_id).execution_options(populate_existing=True)
    found: dict[int, list[tuple[Invoice, int]]] = defaultdict(list)
    for invoice, last in db.session.execute(query):
        late = (today - invoice.due_on).days if invoice.due_on else 0
        reached = sum(day <= late for day in days)
        if reached > (last or 0):
            found[invoice.client_id].append((invoice, reached))
    return found


def _remind(client: Client, due: Sequence[tuple[Invoice, int]]) -> bool:
    insert = pg_insert if db.session.get_bind().dialect.name == "postgresql" else sqlite_insert
    claimed = []
    for invoice, step in due:
        done = db.session.execute(
            insert(InvoiceReminder)
            .values(invoice_id=invoice.id, step=step, sent_at=clock.now())
            .on_conflict_do_nothing()
            .returning(InvoiceReminder.id)
        ).first()
        if done is not None:
            claimed.append(invoice)
    if claimed:
        _mail(client, claimed, actor=WORKER)
    return bool(claimed)


def _mail(client: Client, invoices: Sequence[Invoice], *, actor: Actor) -> None:
    owed = sums.invoice_sums(i.id for i in invoices)
    today = clock.today()
    rows = tuple(
        InvoiceDue(
            str(i.number), str(owed[i.id].outstanding), i.due_on.isoformat() if i.due_on else "",
            max((today - i.due_on).days, 0) if i.due_on else 0,
        )
        for i in invoices
    )  # fmt: skip
    total = sum((owed[i.id].outstanding for i in invoices), start=money.from_minor(0))
    facts = InvoiceReminded(str(client), client.account_number, rows, str(total), settings.read()["reminders.text"])
    outbox.queue_client_mail(MailKind.INVOICE_REMINDER, facts, client=client)
    activity.record(
        "invoice.reminded", actor=actor, client=client, numbers=[i.number for i in invoices], total=str(total)
    )
    db.session.flush()
