"""The main journeys over two web servers and two workers, where no step ends at the server where it began."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Job, JobRequest, JobState, OutboxMail, StoredFile
from tests import factories
from tests.databases import count
from tests.scale.town import eventually, quiet, token
from tests.sent_files import PDF
from workflows import login_links
from workflows.mail_facts import MailKind

pytestmark = [pytest.mark.own_postgres, pytest.mark.redis]


def mails(client, kind):
    return count(OutboxMail, OutboxMail.client_id == client.id, OutboxMail.kind == kind.value)


def ask_for(visitor, port, cast, pet, days):
    """Put visits into the basket; the page that follows."""
    page = visitor.get(port, "/portal/request")
    wanted = {"dates": [d.isoformat() for d in days], "service": cast.walk.public_id, "pets": [pet.public_id]}
    return visitor.post(port, "/portal/request", {"csrf_token": token(page), **wanted})


def basket_of(page):
    return re.search(r'name="basket" value="([^"]+)"', page.html)[1]


def test_both_servers_have_all_that_they_need(town):
    assert [town.ready(port) for port in (town.a, town.b)] == [(200, {"ready": True})] * 2


@pytest.mark.covers("B6", "C4", "X3")
def test_from_the_request_to_the_visit_and_its_end_with_a_change_of_server_at_each_step(
    town, cast, newcomer, visitor, day
):
    client, pet = newcomer()
    nora, olivia = visitor(), visitor()
    assert nora.log_in(town.a, "portal", client.email, factories.PASSWORD).status == 200
    ask_for(nora, town.b, cast, pet, [day, day + dt.timedelta(1)])
    page = nora.get(town.a, "/portal/request")
    sent = nora.post(town.b, "/portal/request/submission", {"csrf_token": token(page), "basket": basket_of(page)})
    assert re.search(r"Request \d+ sent", sent.text)

    assert olivia.log_in(town.b, "office", cast.olivia.email, factories.PASSWORD).status == 200
    request = db.session.scalars(sa.select(JobRequest).where(JobRequest.client_id == client.id)).one()
    queue = olivia.get(town.a, f"/admin/job-requests/{client.id}/")
    lines = [line.id for line in request.lines]
    scheduled = olivia.post(
        town.b, f"/admin/job-requests/{client.id}/scheduling",
        {"csrf_token": token(queue), "line": lines, **{f"sitter-{n}": cast.sam.id for n in lines}},
    )  # fmt: skip
    assert scheduled.status == 200
    eventually(lambda: count(Job, Job.client_id == client.id) == 2, town)

    visit = db.session.scalars(sa.select(Job).where(Job.client_id == client.id).order_by(Job.on_date)).first()
    page = nora.get(town.a, f"/portal/visits/{visit.public_id}/cancellation")
    done = nora.press(town.b, page, "/cancellation")
    assert "Your visit is cancelled" in done.text
    eventually(lambda: db.session.get(Job, visit.id).state is JobState.CANCELLED, town)

    quiet(town)
    kinds = (MailKind.REQUEST_RECEIVED, MailKind.JOB_SCHEDULED, MailKind.VISIT_CANCELLED_BY_CLIENT)
    assert [mails(client, kind) for kind in kinds] == [1, 1, 1]
    assert len(town.mails_to(client.email)) == len(set(town.mails_to(client.email))) == 3


def test_logging_out_at_one_server_ends_it_at_the_other(town, newcomer, visitor):
    client, _pet = newcomer()
    nora = visitor()
    nora.log_in(town.a, "portal", client.email, factories.PASSWORD)
    kept = list(nora.jar)
    page = nora.get(town.b, "/portal/")
    nora.post(
        town.b, "/portal/log-out", {"csrf_token": re.search(r'name="csrf-token" content="([^"]+)"', page.html)[1]}
    )
    for cookie in kept:
        nora.jar.set_cookie(cookie)
    answer = nora.ask(town.a, "/portal/")
    assert (answer.status, "/portal/log-in" in answer.answer.location) == (302, True)


def test_a_file_given_to_one_server_is_shown_by_the_other_and_lies_with_neither(town, newcomer, visitor):
    client, _pet = newcomer()
    nora = visitor()
    nora.log_in(town.a, "portal", client.email, factories.PASSWORD)
    page = nora.get(town.b, "/portal/files")
    assert nora.send_file(town.a, page, "/portal/files", "plan.pdf", PDF).status == 200
    file = db.session.scalars(sa.select(StoredFile).where(StoredFile.client_id == client.id)).one()
    assert nora.read(town.b, f"/portal/files/{file.public_id}/download") == PDF
    assert [p for name in ("a", "b") for p in (town.folder / name / "files").glob("*/*")] == []


@pytest.mark.covers("S5")
def test_a_setting_changed_at_one_server_counts_at_the_other_with_the_next_request(town, cast, newcomer, visitor):
    client, _pet = newcomer()
    nora, olivia = visitor(), visitor()
    nora.log_in(town.b, "portal", client.email, factories.PASSWORD)
    olivia.log_in(town.a, "office", cast.olivia.email, factories.PASSWORD)
    for wanted, seen in ((None, 404), ("y", 200)):
        page = olivia.get(town.a, "/admin/settings/portal")
        (form,) = [f for f in page.forms if any(name == "portal__calendar_feed" for name in f.choices)]
        data = form.filled(portal__schedule=wanted) | selected(page.html)
        assert olivia.ask(town.a, "/admin/settings/portal", data).status == 302
        assert [nora.get(port, "/portal/schedule").status for port in (town.b, town.a, town.b)] == [seen] * 3


def selected(html):
    """What stands in the page's selects."""
    found = {}
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', html, re.DOTALL):
        chosen = re.search(r'<option selected value="([^"]*)"', body) or re.search(r'<option value="([^"]*)"', body)
        found[name] = [chosen[1]]
    return found


def test_wrong_passwords_are_counted_over_both_servers(town, newcomer, visitor):
    client, _pet = newcomer()
    ports = [town.a, town.b] * 5
    tries = [visitor().log_in(port, "portal", client.email, "wrong password").status for port in ports]
    assert tries == [422] * 10
    for port in (town.a, town.b):
        assert visitor().log_in(port, "portal", client.email, factories.PASSWORD).status == 429


def test_links_asked_for_are_counted_over_both_servers(town, newcomer, visitor):
    client, _pet = newcomer()
    for port in [town.a, town.b] * 6:
        asker = visitor()
        page = asker.get(port, "/portal/forgotten")
        asker.post(port, "/portal/forgotten", {"csrf_token": token(page), "name": client.email})
    assert mails(client, MailKind.SET_PASSWORD) == login_links.LINK_TRIES < 12
