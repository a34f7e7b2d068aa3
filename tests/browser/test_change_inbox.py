"""The inbox of change requests as Olivia uses it, on a phone and at a desk."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation import clock
from foundation.db import db, mark_request
from models import ChangeRequest, Initiator
from tests import factories
from workflows import change_asking
from workflows.change_preview import Wish

pytestmark = pytest.mark.browser


@pytest.fixture
def asked(live):
    """Alice asks to move one visit (Sam is busy then) and to cancel two others."""
    mark_request(reads_only=False)
    people, day = live.cast, clock.today() + dt.timedelta(days=1)
    factories.cancellation_rule(
        "Half for late notice", initiator=Initiator.CLIENT, charge_percent=Decimal(50), pay_percent=Decimal(50)
    )
    visits = [
        factories.job(people.alice, people.walk, sitter=people.sam, on_date=day + dt.timedelta(days=n), pets=[people.biscuit])
        for n in range(3)
    ]  # fmt: skip
    factories.job(people.bob, people.walk, sitter=people.sam, on_date=day, start_time=dt.time(15))
    wish = Wish(people.walk, day, dt.time(15), pets=[people.biscuit, people.mochi])
    change = change_asking.ask_to_change(
        people.alice, visits[0], wish, actor=people.as_alice, body="We come home later"
    )
    off = change_asking.ask_to_cancel(people.alice, visits[1:], actor=people.as_alice, body="The dog is ill")
    db.session.commit()
    mark_request(reads_only=True)
    return change.id, off.id


@pytest.mark.covers("X7")
@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desk", "dark")])
def test_olivia_decides_about_changes_and_cancellations(asked, live, visitor, size, scheme):
    change_id, off_id = asked
    olivia = visitor(size, scheme=scheme).log_in("office", "olivia@example.com")
    for number, name in ((change_id, "change"), (off_id, "cancel")):
        page = olivia.go(f"/admin/change-requests/{number}/")
        olivia.look()
        olivia.keep(f"{name}-{size}")
    page.get_by_label("Word to Alice").fill("Get well soon")
    page.get_by_role("button", name="See the mail for yes").click()
    olivia.look()
    olivia.keep(f"preview-{size}")
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_text("2 requests approved.").wait_for()
    olivia.look()
    olivia.keep(f"list-{size}")
    page.get_by_role("link", name="Alice Archer").first.click()
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("button", name="Approve anyway").click()
    page.get_by_text("1 request approved.").wait_for()
    live.look_again()
    assert not any(db.session.get(ChangeRequest, n).is_open for n in asked)
