"""Due dates: days after the invoice, days before the first visit, by hand; never before the day of issue."""

import datetime as dt

import pytest

from models import DueKind
from tests import money_factories as make_money
from tests.workflows.billing.bills import FRI, THU, drafted, walk
from workflows import settings
from workflows.actors import COMMAND_LINE
from workflows.billing import drafting, due, invoicing
from workflows.errors import Invalid

TODAY = dt.date(2026, 11, 23)


@pytest.mark.covers("M3")
@pytest.mark.parametrize(
    ("kind", "days", "first_on", "expected"),
    [
        (DueKind.AFTER_SENT, 0, THU, TODAY),
        (DueKind.AFTER_SENT, 14, THU, dt.date(2026, 12, 7)),
        (DueKind.BEFORE_SERVICE, 1, FRI, THU),
        (DueKind.BEFORE_SERVICE, 0, FRI, FRI),
        (DueKind.BEFORE_SERVICE, 7, FRI, TODAY),
        (DueKind.BEFORE_SERVICE, 7, None, TODAY),
    ],
)
def test_due_on(kind, days, first_on, expected):
    assert due.due_on(due.Terms(kind, days), issued_on=TODAY, first_on=first_on) == expected


@pytest.mark.covers("M3")
def test_the_invoice_s_terms_come_before_the_client_s_and_those_before_the_default(cast):
    settings.change({"billing.due_days": 10}, actor=COMMAND_LINE)
    assert due.terms_for(cast.alice) == due.Terms(DueKind.AFTER_SENT, 10)
    default = make_money.payment_terms("Monthly", days=30, is_default=True)
    assert due.terms_for(cast.alice).days == 30
    cast.alice.payment_terms = make_money.payment_terms("Prepaid", kind=DueKind.BEFORE_SERVICE, days=2)
    assert due.terms_for(cast.alice).kind is DueKind.BEFORE_SERVICE
    own = make_money.payment_terms("On receipt", days=0, text="Right away, please.")
    assert due.terms_for(cast.alice, own).sentence == "Right away, please."
    default.is_active = False
    assert due.terms_for(cast.bob).days == 10


@pytest.mark.parametrize(
    ("kind", "days", "said"),
    [
        (DueKind.AFTER_SENT, 0, "Please pay on receipt."),
        (DueKind.AFTER_SENT, 1, "Please pay within one day."),
        (DueKind.AFTER_SENT, 14, "Please pay within 14 days."),
        (DueKind.BEFORE_SERVICE, 0, "Please pay by the day of the first visit."),
        (DueKind.BEFORE_SERVICE, 3, "Please pay at least 3 days before the first visit."),
    ],
)
def test_a_sentence_is_made_of_the_terms(kind, days, said):
    assert due.Terms(kind, days).sentence == said


@pytest.mark.covers("M3")
def test_a_due_date_by_hand_counts_but_not_before_the_day_of_issue(cast, clock_at):
    draft = drafted(cast, walk(cast))
    with pytest.raises(Invalid, match="before today"):
        drafting.set_terms(draft, terms=None, due_on=TODAY - dt.timedelta(days=1), note="", actor=cast.as_max)
    drafting.set_terms(draft, terms=None, due_on=THU, note="", actor=cast.as_max)
    clock_at("2026-11-30 09:00")
    assert invoicing.issue(draft, actor=cast.as_max, mail=False).due_on == dt.date(2026, 11, 30)
