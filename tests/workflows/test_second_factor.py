"""The second factor: setting up, codes once only, paper codes, what is required, resets."""

import datetime as dt

import pyotp
import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.twins import attached
from models import Activity, Authenticator, OutboxMail, Realm, RecoveryCode, SignIn
from tests import factories as make
from tests.databases import count
from workflows import access, account, login_links, second_factor, settings, sign_ins
from workflows.account import NotProved
from workflows.errors import Conflict, Invalid, NotAllowed
from workflows.mail_facts import MailKind
from workflows.sign_ins import NOWHERE, Browser
from workflows.tries import TooManyTries


def code_of(secret, *, steps=0):
    """What the phone shows now, or so many half minutes away."""
    return pyotp.TOTP(secret).at(clock.now() + dt.timedelta(seconds=30 * steps))


def turned_on(login):
    """(secret, recovery codes) of a log-in that has just turned it on."""
    secret = second_factor.start(login)
    return secret, second_factor.confirm(login, code_of(secret, steps=-1), actor=sign_ins.person(login))


@pytest.fixture
def olivia(cast):
    return make.staff_login(cast.olivia)


@pytest.fixture
def hannah(cast):
    return make.client_login(cast.alice, email="alice@example.com")


def passes(login, typed):
    return second_factor.pass_factor(login, typed, browser=NOWHERE)


def require(cast, value="required"):
    settings.change({"access.staff_two_factor": value}, actor=cast.as_olivia)


@pytest.mark.covers("A4", "P7")
def test_setting_up_counts_from_the_first_right_code_and_hands_out_ten_codes_once(cast, olivia, db_session, outbox):
    secret = second_factor.start(olivia)
    assert second_factor.start(olivia) == secret == second_factor.pending_secret(olivia)
    assert not second_factor.is_asked(olivia)
    with pytest.raises(Invalid) as refused:
        second_factor.confirm(olivia, "000000", actor=cast.as_olivia)
    assert refused.value.code == "wrong_code"
    codes = second_factor.confirm(olivia, code_of(secret), actor=cast.as_olivia)
    assert (len(set(codes)), second_factor.pending_secret(olivia), second_factor.is_asked(olivia)) == (10, None, True)
    assert second_factor.state_of(olivia).n_codes_left == 10
    assert outbox.facts(MailKind.SECURITY_NEWS).what == "factor_on"
    assert count(Activity, Activity.verb == "access.factor_on") == 1
    with pytest.raises(Conflict):
        second_factor.start(olivia)
    with pytest.raises(Conflict):
        second_factor.confirm(olivia, code_of(secret, steps=1), actor=cast.as_olivia)


def test_neither_the_secret_nor_a_code_stands_in_the_database(cast, olivia, db_session):
    secret, codes = turned_on(olivia)
    db_session.flush()
    tables = (Authenticator, RecoveryCode, Activity, OutboxMail)
    rows = " ".join(str(db_session.execute(sa.select(t.__table__)).all()) for t in tables)
    assert [x for x in (secret, *codes, *(c.replace("-", "") for c in codes)) if x in rows] == []


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_a_code_of_this_half_minute_or_one_beside_it_passes_once(olivia, clock_at, steps):
    secret, _codes = turned_on(olivia)
    clock_at("2026-11-23 10:05")
    code = code_of(secret, steps=steps)
    assert [passes(olivia, f" {code[:3]} {code[3:]} "), passes(olivia, code)] == [True, False]


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_code_further_away_does_not_pass(olivia, clock_at, steps):
    secret, _codes = turned_on(olivia)
    clock_at("2026-11-23 10:05")
    assert not passes(olivia, code_of(secret, steps=steps))


def test_an_older_code_does_not_pass_after_a_newer_one(olivia, clock_at):
    secret, _codes = turned_on(olivia)
    clock_at("2026-11-23 10:05")
    assert [passes(olivia, code_of(secret, steps=s)) for s in (0, -1)] == [True, False]


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "١٢٣٤٥٦", "abcdef", "\0", "🐕" * 6, "x" * 10_000])
def test_nonsense_does_not_pass(olivia, typed):
    turned_on(olivia)
    assert not passes(olivia, typed)


def test_a_code_of_somebody_else_does_not_pass(cast, olivia, clock_at):
    _secret, _codes = turned_on(olivia)
    others, codes = turned_on(make.staff_login(cast.max))
    clock_at("2026-11-23 10:05")
    assert [passes(olivia, x) for x in (code_of(others), codes[0])] == [False, False]


def test_a_code_from_two_windows_passes_in_one(cast, olivia, clock_at, together, db_session):
    secret, _codes = turned_on(olivia)
    clock_at("2026-11-23 10:05")
    code, login_id = code_of(secret), olivia.id
    db_session.commit()
    kind = type(olivia)

    def use():
        return second_factor.pass_factor(db_session.get(kind, login_id), code, browser=NOWHERE)

    assert sorted(together(use, use)) == [False, True]


def test_a_recovery_code_works_once_however_it_is_written(olivia):
    _secret, codes = turned_on(olivia)
    assert [passes(olivia, codes[0].upper().replace("-", " ")), passes(olivia, codes[0])] == [True, False]
    assert second_factor.state_of(olivia).n_codes_left == 9


def test_new_codes_kill_the_older_ones(cast, olivia):
    _secret, codes = turned_on(olivia)
    fresh = second_factor.new_codes(olivia, actor=cast.as_olivia)
    assert [passes(olivia, codes[0]), passes(olivia, fresh[0])] == [False, True]
    assert second_factor.are_own(olivia, fresh[1:])
    assert not second_factor.are_own(olivia, codes)


def test_ten_wrong_codes_in_five_minutes_are_the_end_also_for_the_right_one(olivia, clock_at):
    secret, _codes = turned_on(olivia)
    for _ in range(10):
        assert not passes(olivia, "000000")
    with pytest.raises(TooManyTries):
        passes(olivia, code_of(secret))
    clock_at("2026-11-23 10:06")
    assert passes(olivia, code_of(secret))


def test_fifty_wrong_codes_in_a_day_are_the_end(olivia, clock_at):
    turned_on(olivia)
    for n in range(50):
        clock_at(f"2026-11-23 {11 + n // 8:02}:{n % 8 * 7:02}")
        second_factor.pass_factor(olivia, "000000", browser=Browser(f"192.0.2.{n}"))
    clock_at("2026-11-23 20:00")
    with pytest.raises(TooManyTries):
        passes(olivia, "000000")


def test_a_right_password_alone_opens_nothing(cast, olivia, clock_at):
    secret, _codes = turned_on(olivia)
    found = access.log_in(Realm.STAFF, olivia.email, make.PASSWORD, browser=NOWHERE)
    assert sign_ins.find_sign_in(Realm.STAFF, found.token) is None
    assert sign_ins.find_waiting(Realm.STAFF, found.token) is found.sign_in
    assert sign_ins.find_waiting(Realm.CLIENT, found.token) is None
    assert count(Activity, Activity.verb == "access.logged_in") == 0
    clock_at("2026-11-23 10:05")
    assert passes(olivia, code_of(secret))
    opened = second_factor.finish(olivia, found.sign_in, browser=NOWHERE)
    assert opened.token != found.token
    assert attached(sign_ins.find_sign_in(Realm.STAFF, opened.token)) is opened.sign_in
    assert count(Activity, Activity.verb == "access.logged_in") == 1


def test_the_first_half_is_dead_after_the_second_and_after_fifteen_minutes(cast, olivia, clock_at, db_session):
    turned_on(olivia)
    one, two = (access.log_in(Realm.STAFF, olivia.email, make.PASSWORD, browser=NOWHERE) for _ in range(2))
    second_factor.finish(olivia, one.sign_in, browser=NOWHERE)
    db_session.expire_all()
    assert sign_ins.find_waiting(Realm.STAFF, one.token) is None
    assert sign_ins.find_waiting(Realm.STAFF, two.token) is not None
    clock_at("2026-11-23 10:15")
    assert sign_ins.find_waiting(Realm.STAFF, two.token) is None


def test_a_password_link_does_not_go_around_the_second_factor(olivia):
    turned_on(olivia)
    olivia.link_serial = 3
    opened = login_links.set_password(olivia, "a new good password", serial=3)
    assert sign_ins.find_sign_in(Realm.STAFF, opened.token) is None


@pytest.mark.covers("A4")
def test_required_asks_everybody_of_the_team_and_no_client(cast, olivia, hannah):
    require(cast)
    assert (second_factor.is_asked(olivia), second_factor.is_asked(hannah)) == (True, False)
    with pytest.raises(NotAllowed) as refused:
        second_factor.turn_off(olivia, actor=cast.as_olivia)
    assert refused.value.code == "factor_required"


def test_requiring_it_leads_who_is_signed_in_without_one_to_the_set_up(cast, olivia, db_session):
    turned_on(olivia)
    with_key = make.staff_login(cast.max)
    make.passkey(with_key)
    bare = make.staff_login(cast.sam)
    opened = [sign_ins.begin(x) for x in (olivia, with_key, bare)]
    db_session.flush()
    require(cast)
    db_session.expire_all()
    assert [sign_ins.find_sign_in(Realm.STAFF, x.token) is not None for x in opened] == [True, True, False]
    assert sign_ins.find_waiting(Realm.STAFF, opened[2].token) is not None


def test_off_offers_it_to_nobody_and_keeps_it_for_who_has_it(cast, olivia):
    turned_on(olivia)
    require(cast, "off")
    assert second_factor.is_asked(olivia)
    with pytest.raises(NotAllowed):
        second_factor.start(make.staff_login(cast.max))


def test_clients_may_where_it_is_switched_on(cast, hannah):
    settings.change({"portal.two_factor": False}, actor=cast.as_olivia)
    with pytest.raises(NotAllowed):
        second_factor.start(hannah)
    settings.change({"portal.two_factor": True}, actor=cast.as_olivia)
    turned_on(hannah)
    assert second_factor.is_asked(hannah)


def test_turning_off_takes_generator_and_codes_away_and_is_told(cast, olivia, outbox):
    turned_on(olivia)
    outbox.clear()
    second_factor.turn_off(olivia, actor=cast.as_olivia)
    assert (count(Authenticator), count(RecoveryCode), second_factor.is_asked(olivia)) == (0, 0, False)
    assert outbox.facts(MailKind.SECURITY_NEWS).what == "factor_off"


def test_proving_takes_the_password_or_a_code_and_counts_wrong_ones(olivia, clock_at):
    secret, _codes = turned_on(olivia)
    clock_at("2026-11-23 10:05")
    account.prove(olivia, make.PASSWORD, browser=NOWHERE)
    account.prove(olivia, code_of(secret), browser=NOWHERE)
    for _ in range(9):
        with pytest.raises(NotProved):
            account.prove(olivia, "wrong", browser=NOWHERE)
    with pytest.raises(NotProved):
        account.prove(olivia, code_of(secret), browser=NOWHERE)
    with pytest.raises(TooManyTries):
        account.prove(olivia, make.PASSWORD, browser=NOWHERE)


@pytest.mark.covers("A4")
def test_reset_by_the_owner_takes_all_away_ends_sign_ins_and_tells(cast, olivia, outbox, db_session):
    sams = make.staff_login(cast.sam)
    turned_on(sams)
    make.passkey(sams)
    turned_on(olivia)
    opened = sign_ins.begin(sams)
    outbox.clear()
    with pytest.raises(NotAllowed):
        second_factor.reset(cast.sam, actor=cast.as_max)
    second_factor.reset(cast.sam, actor=cast.as_olivia)
    db_session.expire_all()
    assert second_factor.state_of(sams) == second_factor.State(is_on=False, since=None, n_codes_left=0, n_passkeys=0)
    assert second_factor.state_of(olivia).is_on
    assert sign_ins.find_sign_in(Realm.STAFF, opened.token) is None
    assert outbox.one(MailKind.SECURITY_NEWS).to_address == sams.email
    assert count(Activity, Activity.verb == "access.factor_reset", Activity.staff_id == cast.olivia.id) == 1
    assert count(SignIn, SignIn.ended_at.is_(None)) == 0


def test_reset_of_a_client_is_the_office_s(cast, hannah):
    turned_on(hannah)
    second_factor.reset(cast.alice, actor=cast.as_max)
    assert not second_factor.state_of(hannah).is_on
