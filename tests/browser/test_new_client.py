"""A new client on a phone, from the first click to a record that the office can work with."""

import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from foundation import storage
from foundation.db import db, mark_request
from models import AgreementAcceptance, Client, FieldArea, OutboxMail
from tests import factories as make
from tests import sent_files as sent
from workflows import agreements, field_defaults, mail_facts, registrations, settings
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.browser


@pytest.fixture
def business(live):
    """Registering is open, with terms; the usual pages; a vet in the list."""
    storage.use(live.app.extensions["store"])
    db.session.rollback()
    mark_request(reads_only=False)
    owner = live.cast.as_olivia
    settings.change({"portal.registration": "open"}, actor=owner)
    agreements.add({"name": "House terms", "at_registration": True}, "We walk your dog.", actor=owner)
    field_defaults.install(FieldArea.CLIENT, FieldArea.PET, actor=owner)
    make.vet("Oakfield Vets")
    db.session.commit()
    mark_request(reads_only=True)
    return live


@pytest.mark.covers("A2", "D7", "D2", "D4", "D5", "D6")
def test_somebody_registers_agrees_adds_a_pet_with_photo_and_vet_and_the_office_sees_it(business, visitor):
    live, nora = business, visitor("phone")
    page = nora.go("/portal/register")
    page.get_by_label("Mail address").fill("nora@example.com")
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_text("a mail with a link is on its way")).to_be_visible()
    live.look_again()
    mail = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.to_address == "nora@example.com")).one()
    facts = mail_facts.from_json(MailKind.REGISTRATION_LINK, mail.facts)
    nora.go(f"/portal/register/{registrations.sign_link(live.app.config['SECRET_KEY'], facts)}")
    page.get_by_label("First name").fill("Nora")
    page.get_by_label("Last name").fill("New")
    page.get_by_label("Password").fill("tulips on the windowsill")
    page.get_by_label("The same again").fill("tulips on the windowsill")
    page.get_by_role("checkbox").check()
    nora.look()
    page.get_by_role("button", name="Register").click()
    page.wait_for_url(re.compile(r"/portal/(?!register/)"))

    nora.go("/portal/your-data/pets/new")
    page.get_by_label("Name").fill("Rex")
    page.locator("label", has_text=re.compile("^Dog$")).click()
    page.get_by_role("button", name="Add pet").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rex")
    page.get_by_label("Breed").fill("Whippet")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("link", name="Add photo Rex").click()
    page.locator("input[type=file]").set_input_files(
        {
            "name": "rex.jpg",
            "mimeType": "image/jpeg",
            "buffer": sent.picture("JPEG", size=(600, 400), color=(90, 80, 70)),
        }
    )
    page.get_by_role("button", name="Use this photo").click()
    expect(page.get_by_role("link", name="Change photo Rex")).to_be_visible()
    page.get_by_role("link", name="Health").click()
    page.get_by_role("link", name="Choose vet").click()
    nora.look()
    page.get_by_role("button", name="Choose Oakfield Vets").click()
    expect(page.get_by_text("The vet of Rex is saved.")).to_be_visible()
    nora.look()

    live.look_again()
    client = db.session.scalars(sa.select(Client).where(Client.email == "nora@example.com")).one()
    (rex,) = client.pets
    assert (rex.breed, rex.vet.name, rex.photo is not None) == ("Whippet", "Oakfield Vets", True)
    accepted = db.session.scalars(sa.select(AgreementAcceptance).where(AgreementAcceptance.client == client)).one()
    assert accepted.typed_name == "Nora New"
    olivia = visitor("desk").log_in("office", live.cast.olivia.login.email)
    home = olivia.go("/admin/")
    expect(home.get_by_text("registered as a new client").first).to_be_visible()
    expect(home.get_by_text("added Rex").first).to_be_visible()
    olivia.go(f"/admin/client/{client.id}/")
    expect(home.get_by_role("heading", name="Nora New")).to_be_visible()
    expect(home.get_by_text("all accepted")).to_be_visible()
    olivia.look()
