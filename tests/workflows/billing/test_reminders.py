"""Overdue invoices are reminded of on the days that the settings name: each step once, one mail a client."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation import clock
from foundation.db import db
from models import Activity, InvoiceReminder, InvoiceState
from tests import money_factories as make
from workflows import settings
from workflows.actors import staff_actor
from workflows.billing import reminders
from workflows.errors import Invalid, NotAllowed, WrongState
from workflows.mail_facts import InvoiceDue, MailKind
from workflows.settings_reminders import steps

D = Decimal


def overdue(client, days, **more):
    return make.invoice(client, due_on=clock.today() - dt.timedelta(days=days), **more)


@pytest.fixture
def switched_on(cast):
    settings.change(
        {"reminders.on": True, "reminders.days": "3, 10", "reminders.text": "Call us."}, actor=staff_actor(cast.olivia)
    )


def sent():
    return sorted((r.invoice_id, r.step) for r in db.session.query(InvoiceReminder))


def test_nothing_is_sent_while_the_switch_is_off(cast, outbox):
    overdue(cast.alice, 30)
    assert (reminders.remind(), len(outbox)) == (0, 0)


def test_a_client_gets_one_mail_about_all_that_reached_a_step(cast, outbox, switched_on):
    first = overdue(cast.alice, 3, total=D(40))
    second = overdue(cast.alice, 11, total=D("12.50"))
    overdue(cast.alice, 2)
    overdue(cast.alice, 30, state=InvoiceState.PAID)
    overdue(cast.alice, 30, state=InvoiceState.VOID)
    make.invoice(cast.alice, due_on=None)
    assert reminders.remind() == 1
    facts = outbox.facts(MailKind.INVOICE_REMINDER, to=cast.alice.email)
    assert facts.invoices == (
        InvoiceDue(second.number, "12.50", second.due_on.isoformat(), 11),
        InvoiceDue(first.number, "40.00", first.due_on.isoformat(), 3),
    )
    assert (facts.total, facts.message) == ("52.50", "Call us.")
    # The first step of the second was missed; only the last counts.
    assert sent() == [(first.id, 1), (second.id, 2)]
    line = db.session.query(Activity).filter_by(verb="invoice.reminded").one()
    assert (line.client_id, line.facts["numbers"]) == (cast.alice.id, [second.number, first.number])


def test_each_step_is_sent_once(cast, outbox, switched_on, clock_at):
    overdue(cast.alice, 3)
    assert [reminders.remind(), reminders.remind()] == [1, 0]
    clock_at("2026-11-29 10:00")
    assert reminders.remind() == 0
    clock_at("2026-11-30 10:00")
    assert [reminders.remind(), reminders.remind()] == [1, 0]
    clock_at("2027-11-30 10:00")
    assert (reminders.remind(), len(outbox)) == (0, 2)


def test_two_workers_at_once_send_one_mail(cast, outbox, switched_on, together):
    overdue(cast.alice, 3)
    overdue(cast.bob, 3)
    db.session.commit()
    assert sum(together(*[reminders.remind] * 4)) == 2
    assert len(outbox) == 2


def test_only_what_is_still_owed_is_asked_for(cast, outbox, switched_on):
    invoice = overdue(cast.alice, 3, total=D(40))
    make.allocation(make.payment(cast.alice, amount=D(15)), invoice, amount=D(15))
    reminders.remind()
    assert outbox.facts(MailKind.INVOICE_REMINDER).total == "25.00"


def test_a_client_without_an_address_is_reminded_once_there_is_one(cast, outbox, switched_on):
    cast.alice.email = None
    overdue(cast.alice, 3)
    assert (reminders.remind(), sent()) == (0, [])
    cast.alice.email = "alice@example.com"
    assert reminders.remind() == 1


def test_by_hand_at_any_time_but_not_without_permission_address_or_debt(cast, outbox):
    olivia, invoice = staff_actor(cast.olivia), overdue(cast.alice, 1)
    assert reminders.remind_now(cast.alice, [invoice], actor=olivia) == 1
    assert reminders.remind_now(cast.alice, [invoice], actor=olivia) == 1
    assert (len(outbox), sent()) == (2, [(invoice.id, None)] * 2)
    with pytest.raises(NotAllowed):
        reminders.remind_now(cast.alice, [invoice], actor=staff_actor(cast.sam))
    with pytest.raises(WrongState, match="Nothing is owed"):
        reminders.remind_now(
            cast.alice, [overdue(cast.bob, 3), overdue(cast.alice, 3, state=InvoiceState.VOID)], actor=olivia
        )
    cast.alice.email = None
    with pytest.raises(Invalid, match="no mail address"):
        reminders.remind_now(cast.alice, [invoice], actor=olivia)


@pytest.mark.parametrize("text", ["3, x", "10, 3", "3, 3", "-1", "1,2,3,4,5,6,7", "400", "3.5"])
def test_days_that_make_no_sense_are_refused_with_a_sentence(text):
    with pytest.raises(Invalid, match="rising order"):
        steps(text)


def test_days_may_be_written_as_people_do():
    assert [steps("3, 10,21"), steps("7;14"), steps(" 0 "), steps("")] == [[3, 10, 21], [7, 14], [0], []]
