"""Olivia and Max at their desks, visits that wait to be invoiced, and a look that is never stale."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Invoice, JobState, Payment
from tests import factories as make
from tests.admin.crud.desk import Desk, forms_of

TODAY = dt.date(2026, 11, 23)


class Till(Desk):
    """A desk where money is counted: forms answer with 303, and every look reads the database afresh."""

    def form(self, action=""):
        """The form whose address ends so, before one that only holds it."""
        exact = [f for f in forms_of(self.page.text) if action and f.method == "post" and f.action.endswith(action)]
        return exact[0] if exact else super().form(action)

    def done(self, answer, status=303) -> str:
        """The text of the page that the answer leads to."""
        assert answer.status_code == status, (answer.status_code, answer.text[:3000])
        text = self.open(answer.headers["Location"]).text
        db.session.expire_all()
        return text

    def do(self, url, action, /, **changes) -> str:
        """Open a page, send its form with this in the action, and read where it leads."""
        self.open(url)
        return self.done(self.send(self.form(action), **changes))

    @staticmethod
    def newest(kind=Invoice):
        """The row that was made last."""
        db.session.expire_all()
        return db.session.scalar(sa.select(kind).order_by(kind.id.desc()).limit(1))

    def draft(self, client, **data) -> Invoice:
        """A draft with all visits that are ticked at first, made through the page."""
        self.open(f"/admin/invoice/new?client={client.id}")
        self.done(self.send(self.form("/invoice/new"), **data))
        return self.newest()

    def issued(self, client, *, mail="0", **data) -> Invoice:
        """The same, issued."""
        made = self.draft(client, **data)
        self.do(f"/admin/invoice/{made.id}/", "/issue", mail=mail)
        return self.newest()

    def paid(self, client, amount, **data) -> Payment:
        """Cash of the client, recorded through the page."""
        self.do(f"/admin/payment/new?client={client.id}", "/payment/new", amount=amount, **data)
        return self.newest(Payment)


@pytest.fixture
def office(http, cast, sign_in_as_staff) -> Till:
    """Olivia's desk."""
    return Till(sign_in_as_staff(http(), cast.olivia))


@pytest.fixture
def manager(http, cast, sign_in_as_staff) -> Till:
    """Max's desk."""
    return Till(sign_in_as_staff(http(), cast.max))


@pytest.fixture
def walks(cast):
    """Two walks of Alice that are done, 20.00 each, and one that is scheduled for tomorrow."""
    done = [
        make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY - dt.timedelta(days=n), pets=[cast.biscuit],
                 state=JobState.COMPLETED, price=Decimal(20))
        for n in (2, 1)
    ]  # fmt: skip
    ahead = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY + dt.timedelta(days=1), price=Decimal(20))
    db.session.commit()
    return [*done, ahead]
