"""From nothing: the owner's account by the command line, the first service, the first client, the first request."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from foundation import clock
from foundation.db import db
from models import Client, Job, OutboxMail
from tests import databases
from workflows import login_links, mail_facts
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.browser


@pytest.mark.covers("S1", "S3", "B2", "B6", "B11")
@pytest.mark.parametrize("size", ["phone", "desk"])
def test_an_empty_business_comes_to_its_first_scheduled_visit(live, live_app, visitor, size, monkeypatch):
    live.look_again()
    databases.empty(live_app)
    monkeypatch.setenv("OWNER_PASSWORD", "six quiet llamas")
    made = live_app.test_cli_runner().invoke(
        args=["owner", "create", "--email", "office@example.com", "--first-name", "Rosa", "--last-name", "Reed", "--business", "Quiet Paws"]
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    live.look_again()

    # The owner logs in; HOME leads through the first steps.
    rosa = visitor(size)
    page = rosa.go("/office/log-in")
    page.get_by_label("Mail address").fill("office@example.com")
    page.get_by_label("Password").fill("six quiet llamas")
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="First steps")).to_be_visible()
    rosa.look()

    # The first service, offered in the portal by the Advanced section.
    rosa.go("/admin/services/new/")
    page.get_by_label("Name").fill("Puppy visit")
    page.get_by_label("Code").fill("Puppy30")
    page.get_by_label("Price", exact=True).fill("21.50")
    page.get_by_text("Advanced", exact=True).click()
    page.get_by_label("Visible in portal").check()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Puppy visit").first).to_be_visible()

    # The sitter, and the first client with a pet.
    rosa.go("/admin/staff/new/")
    page.get_by_label("First name").fill("Tess")
    page.get_by_label(re.compile("^Mail")).first.fill("tess@example.com")
    page.get_by_role("button", name="Save", exact=True).click()
    rosa.go("/admin/clients/new/")
    page.get_by_label("First name").fill("Nora")
    page.get_by_label("Last name").fill("Quill")
    page.get_by_label(re.compile("^Mail")).first.fill("nora@example.com")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Nora Quill").first).to_be_visible()
    live.look_again()
    nora = db.session.scalars(sa.select(Client)).one()
    assert re.fullmatch(r"\d{10}", nora.account_number)
    client_id = nora.id
    live.look_again()
    rosa.go(f"/admin/pets/new/?client={client_id}")
    page.get_by_label("Name", exact=False).first.fill("Pip")
    page.get_by_role("button", name="Save", exact=True).click()

    # The client's one-time link comes by mail; she chooses a password and is in.
    rosa.go(f"/admin/client/{client_id}/")
    page.get_by_role("button", name=re.compile("^Invite to|^Send log-in link")).click()
    rosa.look()
    live.look_again()
    mail = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.kind == MailKind.SET_PASSWORD.value)).one()
    token = login_links.sign_link(
        live_app.config["SECRET_KEY"], mail_facts.from_json(MailKind.SET_PASSWORD, mail.facts)
    )
    live.look_again()
    guest = visitor(size)
    portal = guest.go(f"/portal/set-password/{token}")
    guest.look()
    portal.get_by_label("New password").fill("four red bicycles")
    portal.get_by_label("The same again").fill("four red bicycles")
    portal.get_by_role("button", name="Save password and log in").click()
    expect(portal.get_by_role("heading", name="Account summary")).to_be_visible()

    # She requests a visit.
    day = clock.today() + dt.timedelta(days=3)
    guest.go(f"/portal/request?month={day:%Y-%m}")
    guest.look()
    portal.locator(f'input[name="dates"][value="{day.isoformat()}"]').check(force=True)
    portal.get_by_role("radio", name=re.compile("^Puppy visit")).check(force=True)
    portal.get_by_role("checkbox", name="Pip").check(force=True)
    portal.get_by_role("button", name=re.compile("Add .*to your request")).locator("visible=true").click()
    expect(portal.locator("#basket")).to_contain_text("Puppy visit")
    portal.get_by_role("button", name="Send request").click()
    expect(portal.get_by_text(re.compile(r"Request 1 sent"))).to_be_visible()

    # Scheduling needs a sitter: there is no usual one, so one is chosen.
    rosa.go(f"/admin/job-requests/{client_id}/")
    page.locator('input[name="line"]').first.check()
    page.get_by_role("button", name=re.compile("^Schedule")).locator("visible=true").click()
    expect(page.get_by_text(re.compile("needs a sitter", re.IGNORECASE)).first).to_be_visible()
    page.locator('select[name^="sitter-"]').first.select_option(label="Tess")
    rosa.look()
    page.locator('input[name="line"]').first.check()
    page.get_by_role("button", name=re.compile("^Schedule")).locator("visible=true").click()
    expect(page.get_by_text("1 visit scheduled").first).to_be_visible()
    live.look_again()
    job = db.session.scalars(sa.select(Job)).one()
    assert (str(job.sitter), str(job.price), job.on_date) == ("Tess", "21.50", day)
    live.deliver_mails()
    kinds = set(db.session.scalars(sa.select(OutboxMail.kind)))
    assert {"request_received", "job_scheduled", "sitter_visit_assigned"} <= kinds
