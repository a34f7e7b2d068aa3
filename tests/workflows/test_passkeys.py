"""Passkeys: made on this site, for this log-in, with finger or PIN; used once a challenge; counted upwards."""

import json

import pytest
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from models import Activity, Passkey, Realm
from tests import factories as make
from tests.coming_in import found
from tests.databases import count
from tests.passkey_device import USER_PRESENT, Device
from workflows import passkeys, sign_ins
from workflows.errors import Conflict, Invalid
from workflows.mail_facts import MailKind
from workflows.passkeys import Challenge
from workflows.sign_ins import NOWHERE
from workflows.tries import TooManyTries

SITE = passkeys.site_of("http://127.0.0.1:8000", "Paws")


@pytest.fixture
def hannah(cast):
    return make.client_login(cast.alice, email="alice@example.com")


def registered(login, device, *, name="My phone"):
    options, challenge = passkeys.ask_to_register(login, SITE)
    return passkeys.register(login, SITE, challenge, device.make(options), name=name, actor=sign_ins.person(login))


def come_in(device, realm=Realm.CLIENT, *, login=None):
    options, challenge = passkeys.ask_to_log_in(SITE, login)
    return passkeys.log_in(realm, SITE, challenge, device.sign(options), browser=NOWHERE)


@pytest.mark.parametrize(
    ("url", "host", "origin"),
    [
        ("https://portal.example.com", "portal.example.com", "https://portal.example.com"),
        ("http://127.0.0.1:8000/", "127.0.0.1", "http://127.0.0.1:8000"),
    ],
)
def test_site_is_that_of_the_configured_address(url, host, origin):
    assert passkeys.site_of(url, "Paws") == passkeys.Site(host, origin, "Paws")


@pytest.mark.covers("P7", "A4")
def test_a_passkey_logs_in_without_a_password_and_counts_as_both_factors(cast, hannah, outbox):
    device = Device()
    key = registered(hannah, device)
    assert (key.name, key.client_login_id) == ("My phone", hannah.id)
    assert outbox.facts(MailKind.SECURITY_NEWS, to="alice@example.com").what == "passkey_added"
    opened = come_in(device)
    assert found(opened).client_login is hannah
    assert (key.sign_count, key.last_used_at is None) == (1, False)
    assert count(Activity, Activity.verb == "access.logged_in", Activity.client_id == cast.alice.id) == 1


def test_what_is_asked_of_the_browser_wants_a_discoverable_key_and_finger_or_pin(hannah):
    registered(hannah, Device())
    asked = json.loads(passkeys.ask_to_register(hannah, SITE)[0])
    assert asked["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
    }  # fmt: skip
    assert len(asked["excludeCredentials"]) == 1
    assert "alice" not in asked["user"]["id"]
    assert json.loads(passkeys.ask_to_log_in(SITE)[0])["userVerification"] == "required"


@pytest.mark.parametrize(
    "device",
    [
        Device(origin="http://evil.example"), Device(host="evil.example"), Device(flags=USER_PRESENT),
        Device(origin="http://127.0.0.1:8001"), Device(origin="https://127.0.0.1:8000"),
    ],
    ids=["origin", "host", "no finger", "port", "scheme"],
)  # fmt: skip
def test_a_key_for_elsewhere_or_without_finger_is_not_kept(hannah, device):
    with pytest.raises(Invalid) as refused:
        registered(hannah, device)
    assert (refused.value.code, count(Passkey)) == ("bad_passkey", 0)


@pytest.mark.parametrize(
    "answer", [None, "", "{", [], {}, 7, {"id": "x"}, {"id": "x", "rawId": "x", "type": "public-key", "response": {}}, "x" * 99999, "[" * 99999]
)  # fmt: skip
def test_nonsense_is_neither_kept_nor_let_in(hannah, answer):
    _options, challenge = passkeys.ask_to_register(hannah, SITE)
    with pytest.raises(Invalid):
        passkeys.register(hannah, SITE, challenge, answer, name="x", actor=sign_ins.person(hannah))
    _options, challenge = passkeys.ask_to_log_in(SITE)
    assert passkeys.log_in(Realm.CLIENT, SITE, challenge, answer, browser=NOWHERE) is None


def test_an_answer_that_is_torn_or_nested_without_end_is_not_kept(hannah):
    def refused(change):
        options, challenge = passkeys.ask_to_register(hannah, SITE)
        answer = Device().make(options)
        answer["response"] = change(answer["response"])
        with pytest.raises(Invalid):
            passkeys.register(hannah, SITE, challenge, answer, name="x", actor=sign_ins.person(hannah))

    for part, deep in (("clientDataJSON", b"[" * 99_999), ("attestationObject", b"\x81" * 9999), ("attestationObject", b"\xa1" * 9999)):  # fmt: skip
        refused(lambda sent, part=part, deep=deep: {**sent, part: bytes_to_base64url(deep)})
    for length in range(0, 180, 3):
        refused(lambda sent, n=length: {**sent, "attestationObject": bytes_to_base64url(base64url_to_bytes(sent["attestationObject"])[:n])})  # fmt: skip
    assert count(Passkey) == 0


@pytest.mark.parametrize("wrong", ["origin", "host", "flags", "key"])
def test_a_signature_from_elsewhere_or_without_finger_lets_nobody_in(hannah, wrong):
    device = Device()
    registered(hannah, device)
    values = {"origin": "http://evil.example", "host": "evil.example", "flags": USER_PRESENT, "key": Device().key}
    setattr(device, wrong, values[wrong])
    assert come_in(device) is None


def test_a_counter_that_does_not_rise_lets_nobody_in(hannah):
    device = Device(counter=5)
    registered(hannah, device)
    assert come_in(device) is not None
    device.counter = 4
    assert come_in(device) is None


def test_a_challenge_is_good_once(hannah):
    device = Device()
    registered(hannah, device)
    options, challenge = passkeys.ask_to_log_in(SITE)
    answer = device.sign(options)
    assert passkeys.log_in(Realm.CLIENT, SITE, challenge, answer, browser=NOWHERE) is not None
    with pytest.raises(Conflict):
        passkeys.log_in(Realm.CLIENT, SITE, challenge, device.sign(options), browser=NOWHERE)


def test_an_answer_to_another_challenge_lets_nobody_in(hannah):
    device = Device()
    registered(hannah, device)
    options, _challenge = passkeys.ask_to_log_in(SITE)
    _options, other = passkeys.ask_to_log_in(SITE)
    assert passkeys.log_in(Realm.CLIENT, SITE, other, device.sign(options), browser=NOWHERE) is None


def test_a_challenge_is_good_for_five_minutes(hannah, clock_at):
    _options, challenge = passkeys.ask_to_log_in(SITE)
    stored = challenge.stored()
    clock_at("2026-11-23 10:05")
    assert passkeys.read_challenge(stored) == challenge
    clock_at("2026-11-23 10:05:01")
    assert passkeys.read_challenge(stored) is None


@pytest.mark.parametrize("stored", [None, "x", [], ["x"], {}, ["x", 0, 0, 0]])
def test_no_challenge_is_none(stored):
    assert passkeys.read_challenge(stored) is None


def test_a_challenge_for_one_person_makes_no_key_for_another(cast, hannah):
    bobs = make.client_login(cast.bob)
    options, challenge = passkeys.ask_to_register(hannah, SITE)
    with pytest.raises(Invalid):
        passkeys.register(bobs, SITE, challenge, Device().make(options), name="x", actor=sign_ins.person(bobs))
    with pytest.raises(Invalid):
        passkeys.register(bobs, SITE, None, Device().make(options), name="x", actor=sign_ins.person(bobs))
    assert count(Passkey) == 0


def test_a_second_factor_s_challenge_takes_this_person_s_key_alone(cast, hannah):
    mine, bobs = Device(), Device()
    registered(hannah, mine)
    registered(make.client_login(cast.bob), bobs)
    assert come_in(bobs, login=hannah) is None
    assert come_in(mine, login=hannah) is not None


def test_a_key_opens_its_own_realm_alone(cast, hannah):
    device = Device()
    registered(hannah, device)
    assert come_in(device, Realm.STAFF) is None
    office = Device()
    registered(make.staff_login(cast.olivia), office)
    assert come_in(office, Realm.CLIENT) is None
    assert come_in(office, Realm.STAFF) is not None


@pytest.mark.parametrize("shut", ["login", "portal"])
def test_a_key_of_a_closed_log_in_lets_nobody_in(cast, hannah, shut):
    device = Device()
    registered(hannah, device)
    hannah.is_active, cast.alice.portal_enabled = shut != "login", shut != "portal"
    assert come_in(device) is None


def test_the_same_key_is_kept_once(cast, hannah):
    device = Device()
    registered(hannah, device)
    with pytest.raises(Invalid) as refused:
        registered(make.client_login(cast.bob), device)
    assert refused.value.code == "key_known"


def test_ten_are_enough(hannah):
    for _ in range(10):
        make.passkey(client_login=hannah)
    with pytest.raises(Invalid):
        passkeys.ask_to_register(hannah, SITE)


def test_one_renames_and_removes_one_s_own_alone(cast, hannah, outbox):
    device = Device()
    key, theirs = registered(hannah, device), make.passkey(make.staff_login(cast.olivia))
    outbox.clear()
    passkeys.rename(hannah, key.public_id, " Blue phone ")
    assert key.name == "Blue phone"
    for do in (
        lambda: passkeys.rename(hannah, theirs.public_id, "x"),
        lambda: passkeys.remove(hannah, theirs.public_id, actor=sign_ins.person(hannah)),
        lambda: passkeys.rename(hannah, key.public_id, " "),
    ):
        with pytest.raises(Invalid):
            do()
    passkeys.remove(hannah, key.public_id, actor=sign_ins.person(hannah))
    assert (come_in(device), count(Passkey)) == (None, 1)
    assert outbox.facts(MailKind.SECURITY_NEWS).what == "passkey_removed"


def test_twenty_wrong_ones_from_an_address_are_the_end(hannah):
    device = Device()
    for _ in range(20):
        assert come_in(device) is None
    with pytest.raises(TooManyTries):
        come_in(device)


def test_a_challenge_can_be_kept_as_json():
    challenge = Challenge("abc", 12.5, 3)
    assert Challenge(*json.loads(json.dumps(challenge.stored()))) == challenge
