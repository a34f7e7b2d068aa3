"""The sitter's keys through the browser: what is with me, what I need, handing over by permission, nothing of others'."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Key, KeyPlace, Notification, NotificationKind, StaffRole
from tests import factories as make
from tests.databases import statements
from workflows import keys, roles, sitter_mails
from workflows.mail_facts import MailKind
from workflows.permissions import ROLE_PERMISSIONS, Permission

pytestmark = pytest.mark.covers("V5")
TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def k7(cast):
    """Alice's key, with Sita."""
    key = keys.add(
        cast.alice, {"name": "Front door", "reference": "K7", "description": "under the blue pot"}, actor=cast.as_olivia,
        place=KeyPlace.STAFF, holder=cast.sita,
    )  # fmt: skip
    db.session.commit()
    return key


@pytest.fixture
def sam(http, cast, sign_in_as_staff):
    return sign_in_as_staff(http(), cast.sam)


@pytest.fixture
def sita(http, cast, sign_in_as_staff):
    return sign_in_as_staff(http(), cast.sita)


def allow(cast):
    allowed = {*ROLE_PERMISSIONS[StaffRole.SITTER], Permission.HAND_OVER_KEYS}
    roles.change({StaffRole.SITTER: allowed}, actor=cast.as_olivia)
    db.session.commit()


def press(browser, key, what, **fields):
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get("/staff/account").text + browser.get("/staff/keys").text)[1]  # fmt: skip
    answer = browser.post(f"/staff/keys/{key.public_id}/{what}", data={"csrf_token": token, **fields})
    return browser.get("/staff/keys") if answer.status_code == 303 else answer


def holder(key):
    db.session.expire_all()
    return db.session.get(Key, key.id).holder_id


def test_a_sitter_sees_the_keys_that_are_needed_and_who_has_them(cast, k7, sam, sita):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, pets=[cast.biscuit])
    make.key(cast.bob, "BOB1", holder=cast.sita)
    db.session.commit()
    page, day = sam.get("/staff/keys").text, sam.get("/staff/").text
    for words in ("Alice Archer", "K7", "with Sita Singh"):
        assert words in page
    assert "blue pot" not in page
    assert "BOB1" not in page
    assert "I have it now" not in page  # not without the permission
    assert "no key" in day
    hers = sita.get("/staff/keys").text
    assert ("K7" in hers, "BOB1" in hers, "blue pot" in hers) == (True, True, False)
    keys.move(k7, KeyPlace.STAFF, cast.sam, actor=cast.as_olivia)
    db.session.commit()
    day = sam.get("/staff/").text
    assert ("no key" in day, "K7" in day) == (False, True)


def test_handing_over_and_taking_over_need_the_permission_and_a_visit_there(cast, k7, sam, sita, app):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY)
    db.session.commit()
    assert "does not allow" in press(sam, k7, "taking-over").text
    assert press(sita, k7, "handing-over", to=cast.max.id).status_code == 404
    allow(cast)
    version = db.session.get(Key, k7.id).version
    assert "with you now" in press(sam, k7, "taking-over", version=version).text
    assert holder(k7) == cast.sam.id
    assert press(sita, k7, "handing-over", to=cast.sam.id).status_code == 404  # not with her any more
    assert press(sita, k7, "taking-over").status_code == 404  # no visit of hers there
    make.job(cast.alice, cast.walk, sitter=cast.sita, on_date=TODAY, start_time=dt.time(18))
    db.session.commit()
    assert "meanwhile" in press(sita, k7, "taking-over", version=version).text
    assert "with Sita Singh now" in press(sam, k7, "handing-over", to=cast.sita.id, note="at the station").text
    assert holder(k7) == cast.sita.id


def test_a_lost_key_is_reported_once_and_only_by_who_has_it(cast, k7, sam, sita):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY)
    db.session.commit()
    assert press(sam, k7, "loss").status_code == 404
    form_key = "x" * 20
    assert "office is told" in press(sita, k7, "loss", form_key=form_key, note="in the park").text
    assert press(sita, k7, "loss", form_key=form_key).status_code == 404
    db.session.expire_all()
    assert db.session.get(Key, k7.id).place is KeyPlace.LOST
    assert [n.kind for n in db.session.scalars(sa.select(Notification))] == [NotificationKind.KEY_LOST]


def test_the_pages_ask_as_much_for_many_keys_as_for_one(cast, k7, sam):
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY)
    make.key(cast.bob, "B1", holder=cast.sam)
    db.session.commit()
    sam.get("/staff/keys")

    def asked(url):
        with statements() as sent:
            assert sam.get(url).status_code == 200
        return len(sent)

    before = asked("/staff/keys"), asked("/staff/")
    for n in range(8):
        client = make.client(f"C{n}")
        make.key(client, f"N{n}")
        if n % 2:
            make.key(client, f"S{n}", holder=cast.sam)
        make.job(client, cast.walk, sitter=cast.sam, on_date=TODAY, start_time=dt.time(8 + n))
    db.session.commit()
    assert (asked("/staff/keys"), asked("/staff/")) == before


def test_the_evening_mail_says_which_keys_to_fetch_and_where(cast, k7, outbox, clock_at):
    clock_at("2026-11-23 20:00")
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY + dt.timedelta(1))
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY + dt.timedelta(1), start_time=dt.time(18))
    db.session.commit()
    sitter_mails.evening_schedules()
    facts = outbox.facts(MailKind.SITTER_SCHEDULE, to=cast.sam.email)
    assert [(k.client_name, k.reference, k.place, k.holder) for k in facts.keys] == [("Alice Archer", "K7", "staff", "Sita Singh")]  # fmt: skip
    assert "blue pot" not in str(outbox.one(MailKind.SITTER_SCHEDULE, to=cast.sam.email).facts)
