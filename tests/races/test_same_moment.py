"""Two people, two tabs, two devices in the same second, through the real pages: one outcome, told to everybody."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from models import Client, Job, JobRequest, JobRequestLine, LineState, Notification, OutboxMail
from tests import factories
from workflows import baskets, sending
from workflows.mail_facts import MailKind
from workflows.wanted import Wanted

DAY = dt.date(2026, 12, 10)


def token_of(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]


def n(kind, *where):
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind).where(*where))


@pytest.fixture
def basket(cast):
    baskets.add(
        cast.alice,
        Wanted(cast.walk, [DAY, DAY + dt.timedelta(1)], dt.time(12), pets=[cast.biscuit]),
        actor=cast.as_alice,
    )
    db.session.commit()
    return baskets.basket_of(cast.alice.id)


@pytest.fixture
def tabs(http, cast, sign_in_as_client):
    """Several devices of Alice, each with the request page open."""

    def open_tabs(count):
        found = []
        for _ in range(count):
            browser = sign_in_as_client(http(), cast.alice)
            found.append((browser, token_of(browser.get("/portal/request"))))
        return found

    return open_tabs


@pytest.mark.covers("B6", "B8")
def test_send_on_eight_devices_at_once_sends_one_request(cast, basket, tabs, together, outbox):
    shown = basket.public_id

    def press(browser, token):
        return lambda: (
            browser.post("/portal/request/submission", data={"csrf_token": token, "basket": shown}).status_code
        )

    answers = together(*(press(*tab) for tab in tabs(8)))
    assert all(code in {200, 302, 303} for code in answers), answers
    assert n(JobRequest, JobRequest.client_id == cast.alice.id) == 1
    assert (
        n(JobRequestLine, JobRequestLine.client_id == cast.alice.id, JobRequestLine.state == LineState.SUBMITTED) == 2
    )
    assert n(OutboxMail, OutboxMail.kind == MailKind.REQUEST_RECEIVED.value, OutboxMail.client_id == cast.alice.id) == 1
    assert n(Notification, Notification.client_id == cast.alice.id) == 1


@pytest.mark.covers("B5")
def test_the_same_visit_added_on_six_devices_at_once_is_there_once(cast, tabs, together):
    data = {
        "dates": DAY.isoformat(), "service": cast.walk.public_id, f"time-{cast.walk.public_id}": "12:00",
        "pets": cast.biscuit.public_id, "month": "2026-12",
    }  # fmt: skip

    def press(browser, token):
        return lambda: browser.post("/portal/request", data={**data, "csrf_token": token}).status_code

    answers = together(*(press(*tab) for tab in tabs(6)))
    assert min(answers) in {302, 303}
    assert all(code < 500 for code in answers), answers
    assert n(JobRequestLine, JobRequestLine.client_id == cast.alice.id) == 1


@pytest.mark.covers("B8")
def test_the_clock_and_the_client_send_in_the_same_second_once(cast, basket, tabs, together, app):
    basket.changed_at = clock.now() - dt.timedelta(hours=25)
    db.session.commit()
    shown, alice_id = basket.public_id, cast.alice.id
    ((browser, token),) = tabs(1)

    def worker():
        return sending.auto_submit(db.session.get(Client, alice_id)) is not None

    answers = together(
        lambda: browser.post("/portal/request/submission", data={"csrf_token": token, "basket": shown}).status_code,
        worker,
        worker,
    )
    assert answers[0] in {302, 303}
    assert n(JobRequest, JobRequest.client_id == alice_id, JobRequest.submitted_at.is_not(None)) == 1
    assert n(OutboxMail, OutboxMail.client_id == alice_id) == 1


@pytest.mark.covers("C4")
@pytest.mark.parametrize("round_", range(5))
def test_office_schedules_while_the_client_cancels_and_exactly_one_wins(
    cast, http, sign_in_as_client, sign_in_as_staff, together, round_
):
    request = factories.sent_request(cast.alice)
    db.session.commit()
    line = request.lines[0]
    line_id, public_id, alice_id, sam_id = line.id, line.public_id, cast.alice.id, cast.sam.id
    client, office = sign_in_as_client(http(), cast.alice), sign_in_as_staff(http(), cast.olivia)
    path = f"/portal/requests/lines/{public_id}/cancellation"
    client_token = token_of(client.get(path))
    office_token = token_of(office.get(f"/admin/job-requests/{alice_id}/"))
    answers = together(
        lambda: client.post(path, data={"csrf_token": client_token}),
        lambda: office.post(
            f"/admin/job-requests/{alice_id}/scheduling",
            data={"csrf_token": office_token, "line": line_id, f"sitter-{line_id}": sam_id},
        ),
    )
    assert [a.status_code < 500 for a in answers] == [True, True]
    state = db.session.get(JobRequestLine, line_id, populate_existing=True).state
    n_jobs = n(Job, Job.request_line_id == line_id)
    assert (state, n_jobs) in {(LineState.CANCELLED, 0), (LineState.SCHEDULED, 1)}
    kinds = set(db.session.scalars(sa.select(OutboxMail.kind).where(OutboxMail.client_id == alice_id)))
    won = MailKind.REQUEST_CANCELLED if state is LineState.CANCELLED else MailKind.JOB_SCHEDULED
    lost = MailKind.JOB_SCHEDULED if state is LineState.CANCELLED else MailKind.REQUEST_CANCELLED
    assert won.value in kinds
    assert lost.value not in kinds
