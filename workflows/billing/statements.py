"""Statements: what moved a client's account between two days, with the balance after each step, to print or mail."""

import datetime as dt
from decimal import Decimal

from foundation import clock, money
from foundation.db import db
from models import Client
from workflows import activity, outbox, settings
from workflows.actors import Actor
from workflows.billing import history, sums
from workflows.billing.papers import AgeBand, Paper, PaperKind, StatementAge, StatementRow
from workflows.billing.parties import business_party, client_party
from workflows.errors import N_, Invalid
from workflows.mail_facts import MailKind, StatementSent
from workflows.permissions import Permission

_BANDS = {0: AgeBand.NOT_DUE, 30: AgeBand.TO_30, 60: AgeBand.TO_60, 90: AgeBand.TO_90, None: AgeBand.OVER_90}
#: steps on one statement
MOST = 2000


def paper(client: Client, first: dt.date, last: dt.date) -> Paper:
    """The statement from one day to another, both included; of today or later it also says how old the debts are.

    Invalid when the days are the wrong way round, or more than 2,000 steps lie between them.
    """
    if first > last:
        raise Invalid("days_order", N_("The last day is before the first."), field="last")
    steps = history.entries(client.id, first=first, last=last, newest_first=False, limit=MOST + 1)
    if len(steps) > MOST:
        raise Invalid("too_long", N_("That is too much for one statement. Choose fewer days."), field="first")
    opening = history.balance_before(client.id, first)
    rows = tuple(
        StatementRow(
            on_date=step.on_date.isoformat(),
            kind=step.kind,
            balance=str(step.balance),
            charge=str(step.amount) if step.amount > 0 else "",
            credit=str(-step.amount) if step.amount < 0 else "",
            number=step.number,
        )
        for step in steps
    )
    stands = sums.client_money(client.id)
    return Paper(
        kind=PaperKind.STATEMENT,
        number="",
        issued_on=clock.today().isoformat(),
        currency=money.currency(),
        business=business_party(),
        client=client_party(client),
        period_from=first.isoformat(),
        period_to=last.isoformat(),
        opening_balance=str(opening),
        rows=rows,
        outstanding=rows[-1].balance if rows else str(opening),
        ages=_ages(client) if last >= clock.today() else (),
        credit=str(stands.credit) if last >= clock.today() else "",
        bank_details=settings.read()["billing.bank_details"],
    )


def _ages(client: Client) -> tuple[StatementAge, ...]:
    found: dict[int | None, Decimal] = sums.by_age(sums.open_by_due_date(client.id))
    return tuple(StatementAge(_BANDS[age], str(amount)) for age, amount in found.items())


def send(client: Client, first: dt.date, last: dt.date, *, actor: Actor) -> None:
    """Mail the statement of these days to the client; the worker draws the PDF and puts it in. Logged.

    Refused like `paper`; without the permission (NotAllowed), a client without a mail address (Invalid).
    """
    actor.require(Permission.BILLING)
    if not client.email:
        raise Invalid("no_address", N_("This client has no mail address."))
    balance = paper(client, first, last).outstanding
    facts = StatementSent(str(client), client.account_number, first.isoformat(), last.isoformat(), balance)
    outbox.queue_client_mail(MailKind.STATEMENT_SENT, facts, client=client)
    activity.record("statement.sent", actor=actor, client=client, first_on=first, last_on=last)
    db.session.flush()
