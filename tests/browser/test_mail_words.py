"""The office's words in mails, in a real browser: the editor of a mail, and an own mail to a filtered list with undo."""

import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from foundation.db import db, mark_request
from models import MailState, MailTemplate, OutboxMail, RefusalKind
from tests import desk_factories
from tests.browser.conftest import SIZES
from workflows.mail_facts import MailKind

pytestmark = [pytest.mark.browser, pytest.mark.covers("S4")]


def test_a_mail_is_found_changed_with_its_preview_refused_when_broken_and_put_back(live, visitor):
    olivia = visitor().log_in("office", live.cast.olivia.login.email)
    page = olivia.go("/admin/mail-templates/")
    olivia.look()
    page.get_by_role("link", name=re.compile("^Job scheduled")).click()
    frame = page.frame_locator("iframe[name=mail-preview]")
    expect(frame.get_by_text("Hello Alice")).to_be_visible()
    olivia.look()

    # The picker inserts where the cursor is, and the preview follows by itself.
    words = page.get_by_label("Text", exact=True)
    words.fill("Dear ,\n\n{VISITS}")
    words.evaluate("field => field.setSelectionRange(5, 5)")
    page.get_by_role("button", name="Insert CLIENT_FORENAME", exact=True).click()
    expect(words).to_have_value("Dear {CLIENT_FORENAME},\n\n{VISITS}")
    expect(words).to_be_focused()
    expect(frame.get_by_text("Dear Alice,")).to_be_visible()
    page.get_by_role("radio", name="Plain text").check()
    expect(frame.locator("pre")).to_contain_text("Dear Alice,\n\n- Dog walk")

    # What cannot be sent is said in the frame while one types, and cannot be saved; nothing typed is lost.
    words.fill("Dear {CLIENT_FORNAME}")
    expect(frame.locator("body")).to_contain_text("Do you mean {CLIENT_FORENAME}?")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".ui-problems")).to_be_focused()
    expect(page.locator(".ui-problems")).to_contain_text("Do you mean {CLIENT_FORENAME}?")
    expect(words).to_have_value("Dear {CLIENT_FORNAME}")
    expect(page.get_by_text("As it came").first).to_be_visible()
    page.set_viewport_size(SIZES["phone"])
    olivia.look()
    olivia.keep("mail-words-phone")
    page.set_viewport_size(SIZES["desk"])
    live.look_again()
    assert db.session.scalar(sa.select(MailTemplate.id)) is None

    words.fill("Dear {CLIENT_FORENAME},\n\n{VISITS}")
    page.get_by_role("button", name="Send a test to me").click()
    expect(page.get_by_text("A test is on its way to olivia@example.com.")).to_be_visible()
    expect(words).to_have_value("Dear {CLIENT_FORENAME},\n\n{VISITS}")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved. The next mail has these words.")).to_be_visible()
    page.get_by_text("Back to how it came").click()
    page.evaluate("scrollTo(0, 0)")  # the page's head lies over a button
    olivia.look()
    olivia.keep("mail-words-desk")
    page.get_by_role("button", name="Go back", exact=True).click()
    expect(page.get_by_text("sent as it came with Latchkey again")).to_be_visible()
    expect(words).to_have_value(re.compile("^Hello {CLIENT_NAME}"))
    expect(page.get_by_role("link", name="Version 1")).to_be_visible()


def test_an_own_mail_to_a_filtered_list_and_back(live, visitor):
    mark_request(reads_only=False)
    desk_factories.mail_refusal("bob@example.com", RefusalKind.UNSUBSCRIBED, client_id=live.cast.bob.id)
    db.session.commit()
    mark_request(reads_only=True)
    olivia = visitor().log_in("office", live.cast.olivia.login.email)
    page = olivia.go("/admin/clients/?view=all&search=archer")
    page.get_by_label("Alice Archer", exact=True).check()
    page.get_by_role("button", name="Write to them").click()
    expect(page.get_by_role("heading", name="Write to 1 client")).to_be_visible()
    page.get_by_label("Subject").fill("We are away")
    page.get_by_label("Message").fill("Hello ,\n\nno walks in May.")
    page.get_by_label("Message").evaluate("field => field.setSelectionRange(6, 6)")
    page.get_by_role("button", name="Insert CLIENT_FORENAME", exact=True).click()
    frame = page.frame_locator("iframe[name=mail-preview]")
    expect(frame.get_by_text("Hello Alice,")).to_be_visible()
    olivia.look()
    page.get_by_role("button", name="Send a test to me").click()
    expect(page.get_by_text("A test is on its way to olivia@example.com.")).to_be_visible()
    page.get_by_role("button", name="Write to 1 client").click()
    expect(page.get_by_text("1 mail has not left yet.")).to_be_visible()
    page.set_viewport_size(SIZES["phone"])
    olivia.look()
    olivia.keep("mailing-phone")
    page.get_by_role("button", name="Undo: call them back").click()
    expect(page.get_by_text("1 mail was called back.").first).to_be_visible()
    olivia.look()
    live.deliver_mails()
    states = db.session.execute(sa.select(OutboxMail.to_address, OutboxMail.state).where(OutboxMail.kind == MailKind.OWN_MAIL.value).order_by(OutboxMail.id))  # fmt: skip
    assert [(m.to_address, m.state is MailState.CANCELLED) for m in states] == [("olivia@example.com", False), ("alice@example.com", True)]  # fmt: skip
    page = olivia.go("/admin/returned-mails/")
    olivia.look()
    olivia.keep("no-news-phone")
    page.get_by_role("button", name="Send news again bob@example.com").click()
    expect(page.get_by_text("Nobody has asked to be spared.")).to_be_visible()
