"""The daily digest of what clients changed: when it leaves, to whom, what stands in it, and that secrets do not."""

import pytest

from foundation.db import db
from models import PetStatus
from tests import factories as make
from tests.databases import statements
from workflows import field_digest, own_pets, settings
from workflows.field_saving import save
from workflows.mail_facts import ClientNews, MailKind

pytestmark = pytest.mark.covers("D6")


@pytest.fixture
def home(cast):
    return make.field_section(make.field_page())


@pytest.fixture
def daily(cast):
    settings.change({"data.digest": "daily"}, actor=cast.as_olivia)


def change(cast, field, text, owner=None):
    save(owner or cast.alice, {field.public_id: text}, actor=cast.as_alice if owner is not cast.bob else cast.as_bob)
    db.session.commit()


def test_it_leaves_once_in_the_morning_when_it_is_on_and_something_changed(cast, home, outbox, clock_at):
    door = make.custom_field(home, label="Door")
    change(cast, door, "blue")
    clock_at("2026-11-24 06:00")
    assert field_digest.send_due() is False  # off
    settings.change({"data.digest": "daily"}, actor=cast.as_olivia)
    clock_at("2026-11-24 05:59")
    assert field_digest.send_due() is False
    clock_at("2026-11-24 06:00")
    assert field_digest.send_due() is True
    assert field_digest.send_due() is False
    assert outbox.one(MailKind.DATA_DIGEST).to_address == "olivia@example.com"
    clock_at("2026-11-25 06:00")
    assert field_digest.send_due() is False  # nothing new
    settings.change({"business.admin_inbox": "desk@example.com"}, actor=cast.as_olivia)
    change(cast, door, "red")
    clock_at("2026-11-28 09:00")
    assert field_digest.send_due() is True
    last = outbox.mails(MailKind.DATA_DIGEST)[-1]
    assert last.to_address == "desk@example.com"
    # It goes on from where the last one ended.
    assert (last.facts["first_on"], last.facts["clients"][0]["changed"]) == ("2026-11-24", [["Door", "blue", "red"]])


def test_it_says_what_was_done_by_client_with_secrets_masked(cast, home, daily, clock_at):
    door, code = make.custom_field(home, label="Door"), make.custom_field(home, label="Code", is_secret=True)
    place = make.custom_field(home, label="Key place", needs_approval=True)
    food = make.custom_field(make.field_section(make.field_page("pet")), label="Food")
    change(cast, door, "green", cast.bob)
    change(cast, code, "4711")
    change(cast, place, "mat")
    change(cast, food, "raw", cast.mochi)
    own_pets.add(cast.alice, {"name": "Rex", "species": "dog"}, actor=cast.as_alice)
    own_pets.leave(cast.biscuit, PetStatus.INACTIVE, actor=cast.as_alice)
    save(cast.alice, {door.public_id: "by the office"}, actor=cast.as_max)
    db.session.commit()
    clock_at("2026-11-24 06:00")
    with statements() as sql:
        found = field_digest.facts(
            field_digest.clock.today(), field_digest.clock.today() - field_digest.dt.timedelta(1)
        )
    assert len(sql) == 1
    assert found.clients == (
        ClientNews(
            "Alice Archer", cast.alice.account_number_grouped, (("Code", "", "••••"), ("Mochi, Food", "", "raw")),
            (("Key place", "", "mat"),), ("Rex",), ("Biscuit",),
        ),
        ClientNews("Bob Baker", cast.bob.account_number_grouped, (("Door", "", "green"),)),
    )  # fmt: skip


def test_two_workers_mail_it_once(cast, home, daily, together, outbox, clock_at):
    change(cast, make.custom_field(home), "blue")
    clock_at("2026-11-24 06:00")
    assert sorted(map(bool, together(field_digest.send_due, field_digest.send_due))) == [False, True]
    assert len(outbox.mails(MailKind.DATA_DIGEST)) == 1


def test_without_anybody_to_write_to_nothing_is_queued(cast, home, daily, outbox, clock_at):
    cast.olivia.email = None
    change(cast, make.custom_field(home), "blue")
    clock_at("2026-11-24 06:00")
    assert field_digest.send_due() is False
    assert outbox.mails(MailKind.DATA_DIGEST) == []
