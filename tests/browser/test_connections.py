"""Other programs, from the office's side: a token made, used, seen and revoked; a web hook told, refused, told again."""

import base64
import hashlib
import hmac
import json

import pytest
from playwright.sync_api import expect

from application import tasks
from foundation import clock
from foundation.db import db, mark_request
from models import HookDelivery
from tests import connection_factories as make
from tests.api.hook_peer import listening

pytestmark = pytest.mark.browser


@pytest.fixture
def worker(live):
    """`worker()` sends the messages that are due; those that wait for another try are due at once."""
    db.session.rollback()
    mark_request(reads_only=False)
    make.switch_on()
    db.session.commit()
    mark_request(reads_only=True)

    def work():
        db.session.rollback()
        mark_request(reads_only=False)
        db.session.query(HookDelivery).update({HookDelivery.next_at: clock.now()})
        db.session.commit()
        tasks.hooks.deliver_hooks(live.app)
        mark_request(reads_only=True)
        live.look_again()

    return work


def test_the_owner_makes_a_token_sees_its_use_and_revokes_it(live, visitor, worker):
    owner = visitor("desk").log_in("office", "olivia@example.com")
    page = owner.go("/admin/account/tokens")
    page.get_by_label("Name").fill("Books")
    for group in ("Clients", "Invoices"):
        page.get_by_role("group", name=group).get_by_role("checkbox").first.check()
    owner.look_in_every_way()
    page.get_by_role("button", name="Make a token").click()
    secret = page.get_by_label("Token", exact=True).input_value()
    expect(page.get_by_text("Not used yet")).to_be_visible()
    owner.look_in_every_way()

    def status_of(path):
        """What the live server answers a program with this token."""
        asked = page.request.get(f"{live.url}/api/v1{path}", headers={"Authorization": f"Bearer {secret}"})
        return asked.status

    assert status_of("/clients") == 200
    assert status_of("/visits") == 403
    owner.go("/admin/account/tokens")
    expect(page.get_by_text("Last used")).to_be_visible()
    owner.look_in_every_way()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("button", name="Revoke")).to_have_count(0)
    assert status_of("/clients") == 401


def test_a_web_hook_is_told_signed_and_what_failed_is_seen_and_told_again(live, visitor, worker):
    owner = visitor("phone").log_in("office", "olivia@example.com")
    page = owner.go("/admin/connections/")
    with listening() as peer:
        page.get_by_label("Address").fill(f"{peer.url}/in")
        page.get_by_role("checkbox").first.check()
        page.get_by_role("button", name="Add", exact=True).click()
        secret = page.locator("input[value^=whsec_]").input_value()
        owner.look_in_every_way()

        page = owner.go("/admin/connections/")
        page.get_by_role("link", name=f"{peer.url}/in").click()
        page.get_by_role("button", name="Send a test message").click()
        expect(page.get_by_role("row", name="ping")).to_be_visible()
        peer.answers = [500]
        worker()
        page.get_by_role("link", name="Look again").click()
        expect(page.get_by_role("row", name="ping")).to_contain_text("500")
        owner.look_in_every_way()
        worker()
        page.get_by_role("link", name="Look again").click()
        expect(page.get_by_role("row", name="ping")).to_contain_text("200")
        owner.look_in_every_way()

    assert len(set(peer.ids)) == 1
    assert len(peer.ids) == 2
    _path, headers, body = peer.got[-1]
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    mark = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(mark).decode()}"
    assert json.loads(body)["type"] == "ping"
