"""Getting in as people do it: a passkey on the device, a code from the phone, registering as a new client."""

import re

import pyotp
import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from foundation import clock
from foundation.db import db, mark_request
from models import Client, OutboxMail, Passkey
from tests import factories as make
from workflows import mail_facts, registrations, settings
from workflows.mail_facts import MailKind

pytestmark = pytest.mark.browser


def with_device(person):
    """Give the person's browser a device that has a finger on it."""
    cdp = person.page.context.new_cdp_session(person.page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    return cdp, cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]


def at_localhost(live):
    """Passkeys belong to a host name; browsers take no bare address for one."""
    live.app.config["PUBLIC_URL"] = live.url.replace("127.0.0.1", "localhost")
    return live.app.config["PUBLIC_URL"]


def change_settings(live, **values):
    mark_request(reads_only=False)
    settings.change({k.replace("__", "."): v for k, v in values.items()}, actor=live.cast.as_olivia)
    db.session.commit()
    mark_request(reads_only=True)


@pytest.mark.covers("P7", "A4")
@pytest.mark.parametrize(
    ("door", "home", "account"), [("portal", "/portal/", "/portal/settings/"), ("office", "/admin/", "/admin/account/")]
)
def test_a_passkey_is_made_and_opens_the_door_without_a_password(live, visitor, door, home, account):
    who = visitor("phone")
    who.url = at_localhost(live)
    who.log_in_by_form(door, live.cast.alice.email if door == "portal" else live.cast.olivia.login.email)
    with_device(who)
    page = who.go(account)
    who.look()
    page.get_by_role("link", name="Passkeys").click()
    who.look()
    page.get_by_label("Name").fill("Hannah's phone")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_text("is ready.")).to_be_visible()
    who.look()
    live.look_again()
    assert db.session.scalars(sa.select(Passkey.name)).all() == ["Hannah's phone"]

    page.context.clear_cookies()
    who.go(f"/{door}/log-in")
    who.look()
    page.get_by_role("button", name="Log in with a passkey").click()
    page.wait_for_url(lambda url: "log-in" not in url)
    assert page.url.removeprefix(who.url).startswith(home)

    # Taken away, it opens nothing.
    who.go(f"{account}passkeys")
    page.get_by_role("button", name="Remove Hannah's phone").click()
    expect(page.get_by_text("The passkey is removed.")).to_be_visible()
    page.context.clear_cookies()
    who.go(f"/{door}/log-in")
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_text("This passkey did not open anything.")).to_be_visible()
    who.look()


@pytest.mark.covers("A4")
@pytest.mark.parametrize("size", ["phone", "desk"])
def test_the_team_sets_up_the_second_factor_that_the_owner_requires(live, visitor, size):
    change_settings(live, access__staff_two_factor="required")
    sam = visitor(size)
    page = sam.go("/office/log-in")
    page.get_by_label("Mail address").fill(live.cast.sam.login.email)
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="Set up two-step log-in")).to_be_visible()
    sam.look()
    sam.keep(f"factor-set-up-{size}")
    assert page.get_by_alt_text("QR code with the key below").evaluate("image => image.naturalWidth") > 100
    sam.go("/staff/")
    expect(page.get_by_role("heading", name="Set up two-step log-in")).to_be_visible()
    secret = page.locator("code").inner_text().replace(" ", "")
    page.get_by_label("3. Enter the code").fill(pyotp.TOTP(secret).at(clock.now()))
    page.get_by_role("button", name="Turn on and go on").click()
    expect(page.get_by_role("heading", name="Two-step log-in is on")).to_be_visible()
    sam.look()
    sam.keep(f"factor-codes-{size}")
    codes = page.get_by_role("list", name="Recovery codes").locator("code").all_inner_texts()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save them as a file").click()
    text = saved.value.path().read_text("utf-8")
    assert [c for c in codes if c not in text] == []
    page.get_by_role("link", name="I have kept them: go on").click()
    page.wait_for_url("**/staff/")

    page.context.clear_cookies()
    sam.go("/office/log-in")
    page.get_by_label("Mail address").fill(live.cast.sam.login.email)
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_role("heading", name="One more step")).to_be_visible()
    sam.look()
    sam.keep(f"factor-{size}")
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("This code is not right")).to_be_visible()
    sam.look()
    page.get_by_label("Code").fill(codes[0])
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url("**/staff/")


@pytest.mark.covers("A2")
def test_somebody_registers_on_a_phone_and_the_office_says_yes(live, visitor):
    change_settings(live, portal__registration="approval")
    nora, olivia = visitor("phone"), visitor("desk").log_in("office", live.cast.olivia.login.email)
    page, office = nora.go("/portal/log-in"), olivia.page
    page.get_by_role("link", name="New here? Become a client").click()
    nora.look()
    nora.keep("register-phone")
    page.get_by_label("Mail address").fill("nora@example.com")
    page.get_by_role("button", name="Mail me a link").click()
    expect(page.get_by_text("a mail with a link is on its way")).to_be_visible()
    nora.look()
    live.look_again()
    mail = db.session.scalars(sa.select(OutboxMail).where(OutboxMail.to_address == "nora@example.com")).one()
    facts = mail_facts.from_json(MailKind.REGISTRATION_LINK, mail.facts)
    nora.go(f"/portal/register/{registrations.sign_link(live.app.config['SECRET_KEY'], facts)}")
    nora.look()
    nora.keep("register-person-phone")
    page.get_by_label("First name").fill("Nora")
    page.get_by_label("Last name").fill("New")
    page.get_by_label("Password").fill("tulips on the windowsill")
    page.get_by_label("The same again").fill("tulips on the windowsill")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="Thank you for registering")).to_be_visible()
    nora.look()

    olivia.go("/admin/")
    office.get_by_text("Somebody registered and waits for your yes").first.wait_for()
    olivia.go("/admin/registrations/")
    olivia.look()
    olivia.keep("registrations")
    office.get_by_role("button", name="Decline Nora New").click()
    expect(office.get_by_text("Write a word to them.")).to_be_visible()
    olivia.look()
    office.get_by_role("button", name="Accept Nora New").click()
    expect(office.get_by_role("heading", name="Nora New")).to_be_visible()
    olivia.look()
    live.look_again()
    assert db.session.scalars(sa.select(Client).where(Client.email == "nora@example.com")).one().logins[0].password_hash

    nora.go("/portal/log-in")
    page.get_by_label("Mail address").fill("nora@example.com")
    page.get_by_label("Password").fill("tulips on the windowsill")
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(re.compile(r"/portal/account"))


def test_every_page_about_one_s_log_in_is_fit_to_be_seen(live, visitor):
    hannah = visitor().log_in("portal", live.cast.alice.email)
    for name in ("", "password", "two-factor", "passkeys", "sign-ins", "log-ins", "mails"):
        hannah.go(f"/portal/settings/{name}")
        hannah.look_in_every_way(f"settings-{name or 'index'}")
    hannah.go("/portal/settings/two-factor")
    hannah.page.get_by_role("button", name="Set it up").click()
    hannah.look_in_every_way("settings-two-factor-2")
    olivia = visitor().log_in("office", live.cast.olivia.login.email)
    for path in (
        "/admin/account/", "/admin/account/password", "/admin/account/two-factor", "/admin/account/passkeys",
        "/admin/account/sign-ins", "/admin/roles/", "/admin/registrations/", f"/admin/staff-access/{live.cast.sam.id}/",
        f"/admin/client/{live.cast.alice.id}/",
    ):  # fmt: skip
        olivia.go(path)
        olivia.look_in_every_way(path.strip("/").replace("/", "-"))
    sam = visitor().log_in("office", live.cast.sam.login.email)
    for name in ("", "password", "two-factor", "passkeys", "sign-ins"):
        sam.go(f"/staff/account/{name}")
        sam.look_in_every_way(f"staff-account-{name}")
