"""The statement that is mailed from a client's account."""

from decimal import Decimal

import pytest

from foundation.db import db
from tests.workflows.billing.test_allocations import issued
from workflows.mail_facts import MailKind


@pytest.fixture
def owed(cast):
    """Alice owes 52.50."""
    issued(cast.alice, Decimal("52.50"))
    db.session.commit()


@pytest.mark.covers("M6")
def test_statement_is_mailed_and_only_once(office, cast, owed, outbox):
    url = f"/admin/client/{cast.alice.id}/?tab=account"
    page = office.get(url)
    done = page.press("Mail it", first="2026-11-01", last="2026-11-30")
    assert "The statement is on its way." in done.html
    facts = outbox.facts(MailKind.STATEMENT_SENT, to=cast.alice.email)
    assert (facts.first_on, facts.last_on, facts.balance) == ("2026-11-01", "2026-11-30", "52.50")
    page.press("Mail it", first="2026-11-01", last="2026-11-30")
    assert len(outbox.mails(MailKind.STATEMENT_SENT)) == 1
    assert "before the first" in office.get(url).press("Mail it", first="2026-11-30", last="2026-11-01").html
    assert "Choose the first" in office.get(url).press("Mail it", first="", last="x").html
