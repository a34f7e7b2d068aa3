"""Getting in: log-in and its limits, one-time links, sign-ins that end, "go to portal", the first owner."""

import datetime as dt
import sys

import pytest
import sqlalchemy as sa

from models import (
    Activity,
    ActorKind,
    ClientLogin,
    ClientStatus,
    LoginAttempt,
    Realm,
    SignIn,
    Staff,
    StaffLogin,
    StaffRole,
)
from tests import factories as make
from tests.databases import count, statements
from tests.factories import PASSWORD
from workflows import access, invitations, login_links, people, portal_views, sign_ins, tries
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.errors import Conflict, Invalid, NotAllowed
from workflows.mail_facts import MailKind, SetPassword
from workflows.sign_ins import Browser

KEY = "k" * 40
HOME, CAFE = "192.0.2.1", "198.51.100.7"


def log_in(name, password=PASSWORD, *, realm=Realm.CLIENT, address=HOME):
    return access.log_in(realm, name, password, browser=Browser(address))


def found(opened, realm=None):
    """What a browser that holds this secret is."""
    return sign_ins.find_sign_in(realm or opened.sign_in.realm, opened.token)


@pytest.fixture
def fresh(db_session):
    """Commit and forget what was loaded, as the next request would."""

    def again():
        db_session.commit()
        db_session.expire_all()

    return again


# ----------------------------------------------------------------------------------------------------------- log in


@pytest.mark.parametrize(
    "name", ["alice@example.com", " Alice@Example.COM ", "4417209318", "4417 209 318", "4417-209-318"]
)
def test_log_in_by_mail_address_or_account_number(cast, db_session, name):
    login = make.client_login(cast.alice)
    opened = log_in(name)
    assert (opened.sign_in.client_login, opened.sign_in.realm, login.last_login_at) == (
        login, Realm.CLIENT, dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC),
    )  # fmt: skip
    line = db_session.query(Activity).one()
    assert (line.verb, line.actor_kind, line.client_id, line.client_login_id) == (
        "access.logged_in", ActorKind.CLIENT, cast.alice.id, login.id,
    )  # fmt: skip
    assert count(LoginAttempt, LoginAttempt.succeeded) == 1


def test_log_in_of_staff_is_by_mail_address_and_logged_as_theirs(cast, db_session):
    login = make.staff_login(cast.olivia)
    assert log_in("Olivia@example.com", realm=Realm.STAFF).sign_in.staff_login is login
    line = db_session.query(Activity).one()
    assert (line.verb, line.staff_id, line.client_id) == ("access.logged_in", cast.olivia.id, None)


@pytest.mark.parametrize("name", ["alice@example.com", "4417209318"])
def test_log_in_in_the_other_realm_finds_nobody(cast, name):
    make.client_login(cast.alice)
    assert log_in(name, realm=Realm.STAFF) is None


@pytest.mark.parametrize(
    ("name", "password"),
    [("alice@example.com", "wrong"), ("nobody@example.com", PASSWORD), ("4417209318", ""), ("1234567890", PASSWORD),
     ("", ""), ("\0", "\0"), ("a" * 5000, "b" * 5000), ("²³", PASSWORD)],
    ids=["wrong password", "unknown", "empty password", "unknown number", "nothing", "nul", "very long", "odd digits"],
)  # fmt: skip
def test_log_in_with_wrong_words_gives_nothing_and_is_counted(cast, db_session, name, password):
    make.client_login(cast.alice)
    assert log_in(name, password) is None
    db_session.commit()
    assert (count(SignIn), count(LoginAttempt, ~LoginAttempt.succeeded)) == (0, 1)


def test_log_in_without_a_password_set_gives_nothing(cast):
    make.client_login(cast.alice).password_hash = None
    assert log_in("alice@example.com", "") is None


def test_log_in_of_two_households_with_one_address_goes_by_the_password(cast):
    make.client_login(cast.alice, email="shared@example.com")
    bobs = make.client_login(cast.bob, email="shared@example.com", password="another password")
    assert log_in("shared@example.com", "another password").sign_in.client_login is bobs


@pytest.mark.parametrize("shut", ["login", "portal", "archived"])
def test_log_in_to_a_closed_portal_gives_nothing(cast, shut):
    login = make.client_login(cast.alice)
    if shut == "login":
        login.is_active = False
    elif shut == "portal":
        cast.alice.portal_enabled = False
    else:
        cast.alice.status = ClientStatus.ARCHIVED
    assert (log_in("alice@example.com"), login.last_login_at) == (None, None)


@pytest.mark.parametrize("shut", ["login", "staff"])
def test_log_in_of_staff_who_left_gives_nothing(cast, shut):
    login = make.staff_login(cast.sam)
    (login if shut == "login" else cast.sam).is_active = False
    assert log_in("sam@example.com", realm=Realm.STAFF) is None


def test_log_in_compares_one_hash_whether_or_not_there_is_such_an_account(cast):
    make.client_login(cast.alice)
    access._nobody()

    def n_hashes(name):
        calls = []
        sys.setprofile(
            lambda frame, event, _arg: event == "call" and frame.f_code.co_name == "matches" and calls.append(1)
        )
        try:
            log_in(name, "wrong")
        finally:
            sys.setprofile(None)
        return len(calls)

    assert {n_hashes(n) for n in ("alice@example.com", "4417209318", "nobody@example.com", "0000000000")} == {1}


def test_log_in_keeps_neither_secret_nor_name(cast, db_session):
    make.client_login(cast.alice)
    opened = log_in("alice@example.com")
    rows = [str(db_session.execute(sa.select(t)).all()) for t in (SignIn.__table__, LoginAttempt.__table__)]
    assert not [r for r in rows if opened.token in r or "alice" in r]


@pytest.mark.parametrize(("realm", "hours"), [(Realm.STAFF, 24), (Realm.CLIENT, 14 * 24)])
def test_sign_in_lasts_its_time_and_no_longer(cast, clock_at, fresh, realm, hours):
    make.staff_login(cast.olivia)
    make.client_login(cast.alice)
    opened = log_in("olivia@example.com" if realm is Realm.STAFF else "alice@example.com", realm=realm)
    end = dt.datetime(2026, 11, 23, 15, tzinfo=dt.UTC) + dt.timedelta(hours=hours)
    clock_at(end - dt.timedelta(seconds=1))
    assert found(opened) is opened.sign_in
    clock_at(end)
    assert found(opened) is None


def test_sign_in_is_found_by_its_own_secret_in_its_own_realm_only(cast):
    make.client_login(cast.alice)
    opened = log_in("alice@example.com")
    assert sign_ins.find_sign_in(Realm.STAFF, opened.token) is None
    assert sign_ins.find_sign_in(Realm.CLIENT, opened.token[:-1] + "x") is None
    assert sign_ins.find_sign_in(Realm.CLIENT, opened.sign_in.token_hash) is None


def test_find_sign_in_asks_the_database_once(cast, fresh):
    make.client_login(cast.alice)
    opened = log_in("alice@example.com")
    fresh()
    with statements() as sent:
        sign_in = sign_ins.find_sign_in(Realm.CLIENT, opened.token)
        assert (sign_in.client_login.client.first_name, len(sent)) == ("Alice", 1)


@pytest.mark.parametrize("shut", ["login", "portal", "archived"])
def test_sign_in_is_dead_once_its_person_is_out(cast, fresh, shut):
    login = make.client_login(cast.alice)
    opened = log_in("alice@example.com")
    if shut == "login":
        login.is_active = False
    elif shut == "portal":
        cast.alice.portal_enabled = False
    else:
        cast.alice.status = ClientStatus.ARCHIVED
    fresh()
    assert found(opened) is None


def test_log_out_ends_this_sign_in_and_no_other(cast, fresh):
    make.client_login(cast.alice)
    phone, laptop = log_in("alice@example.com"), log_in("alice@example.com")
    sign_ins.log_out(phone.sign_in)
    fresh()
    assert (found(phone), found(laptop)) == (None, laptop.sign_in)


# ------------------------------------------------------------------------------------------------------------ limits


def guess(n, name="alice@example.com", *, address=HOME, realm=Realm.CLIENT):
    for _ in range(n):
        assert log_in(name, "wrong", address=address, realm=realm) is None


def test_log_in_is_refused_after_ten_wrong_passwords_even_with_the_right_one_from_anywhere(cast, clock_at):
    make.client_login(cast.alice)
    guess(10)
    for address in (HOME, CAFE):
        with pytest.raises(tries.TooManyTries) as refused:
            log_in("alice@example.com", address=address)
        assert (refused.value.code, refused.value.retry_after) == ("too_many_tries", 301)
    assert "Wait 6 minutes" in str(refused.value)
    assert count(LoginAttempt) == 10
    clock_at("2026-11-23 10:04:59")
    with pytest.raises(tries.TooManyTries):
        log_in("alice@example.com")
    clock_at("2026-11-23 10:05:00")
    assert log_in("alice@example.com")


def test_log_in_with_ten_wrong_passwords_from_ten_places_is_refused_too(cast):
    make.client_login(cast.alice)
    for i in range(10):
        guess(1, address=f"192.0.2.{i}")
    with pytest.raises(tries.TooManyTries):
        log_in("alice@example.com", address="203.0.113.9")


def test_log_in_limit_of_one_account_locks_nobody_else_out(cast):
    make.client_login(cast.bob)
    make.staff_login(cast.olivia)
    guess(10)
    assert log_in("bob@example.com")
    guess(9, "olivia@example.com", realm=Realm.STAFF)
    assert log_in("olivia@example.com", realm=Realm.STAFF)


def test_log_in_limit_takes_each_writing_of_an_account_number_as_the_same(cast):
    make.client_login(cast.alice)
    for i in range(10):
        guess(1, ["4417209318", "4417 209 318"][i % 2])
    with pytest.raises(tries.TooManyTries):
        log_in("4417-209-318")


def test_log_in_with_nine_wrong_passwords_is_still_open(cast):
    make.client_login(cast.alice)
    guess(9)
    assert log_in("alice@example.com")


def test_log_in_that_succeeds_does_not_wipe_out_the_wrong_ones(cast):
    make.client_login(cast.alice)
    guess(9)
    assert log_in("alice@example.com")
    guess(1)
    with pytest.raises(tries.TooManyTries):
        log_in("alice@example.com")


def test_log_in_from_an_address_is_refused_after_twenty_wrong_in_an_hour(cast, clock_at):
    make.client_login(cast.alice)
    for i in range(20):
        clock_at(f"2026-11-23 10:{i:02}")
        guess(1, f"somebody{i}@example.com")
    with pytest.raises(tries.TooManyTries) as refused:
        log_in("alice@example.com")
    assert refused.value.retry_after == 41 * 60 + 1
    assert log_in("alice@example.com", address=CAFE)
    clock_at("2026-11-23 11:00")
    assert log_in("alice@example.com")


def test_log_in_limits_are_each_realm_s_own(cast):
    make.staff_login(cast.olivia)
    for i in range(20):
        guess(1, f"somebody{i}@example.com")
    assert log_in("olivia@example.com", realm=Realm.STAFF)


def test_refusal_names_at_least_one_minute():
    assert "Wait 1 minutes" in str(tries.TooManyTries(0))


def test_forget_old_attempts_drops_what_no_limit_asks_for(cast, clock_at, db_session):
    make.client_login(cast.alice)
    guess(3)
    opened = log_in("alice@example.com")
    clock_at("2026-11-25 10:00")
    assert tries.forget_old() == 0
    clock_at("2026-11-25 10:01")
    assert (tries.forget_old(), count(SignIn, SignIn.id == opened.sign_in.id)) == (4, 1)
    clock_at("2027-01-06 10:01")
    sign_ins.forget_old()
    assert count(SignIn) == 0


# ------------------------------------------------------------------------------------------------------------- links


def link_of(outbox, *, to):
    """The token of the newest link mailed to this address, with its facts."""
    facts = SetPassword(**outbox.mails(MailKind.SET_PASSWORD, to=to)[-1].facts)
    return login_links.sign_link(KEY, facts), facts


def use(token, password="a new good password", *, realm=Realm.CLIENT, **more):
    login = login_links.read_link(KEY, realm, token)
    return login_links.set_password(login, password, serial=login.link_serial, **more)


def is_dead(token, *, realm=Realm.CLIENT):
    try:
        login_links.read_link(KEY, realm, token)
    except Invalid as refused:
        assert refused.code == "link_dead"
        return True
    return False


def test_invite_client_makes_a_log_in_and_mails_a_link(cast, outbox, db_session):
    login = invitations.invite_client(cast.alice, actor=cast.as_max)
    token, facts = link_of(outbox, to="alice@example.com")
    assert facts == SetPassword("Alice", "client", login.id, 1, "invitation", "4417209318")
    assert login_links.read_link(KEY, Realm.CLIENT, token) is login
    assert (login.email, login.password_hash) == ("alice@example.com", None)
    assert [(a.verb, a.client_id, a.facts) for a in db_session.query(Activity)] == [
        ("access.invited", cast.alice.id, {"email": "alice@example.com"})
    ]


def test_invite_client_for_another_member_of_the_household(cast, outbox):
    invitations.invite_client(cast.alice, actor=cast.as_max)
    other = invitations.invite_client(cast.alice, actor=cast.as_max, email="Kim@Example.com")
    assert (other.email, other.client, count(ClientLogin)) == ("kim@example.com", cast.alice, 2)
    assert [m.to_address for m in outbox.mails()] == ["alice@example.com", "kim@example.com"]


def test_invite_client_again_kills_the_older_link(cast, outbox):
    invitations.invite_client(cast.alice, actor=cast.as_max)
    older, _facts = link_of(outbox, to="alice@example.com")
    invitations.invite_client(cast.alice, actor=cast.as_max)
    newer, _facts = link_of(outbox, to="alice@example.com")
    assert (is_dead(older), is_dead(newer), count(ClientLogin)) == (True, False, 1)


def test_invite_client_without_an_address_is_refused(cast):
    cast.alice.email = None
    with pytest.raises(Invalid) as refused:
        invitations.invite_client(cast.alice, actor=cast.as_max)
    assert (refused.value.code, refused.value.field, count(ClientLogin)) == ("no_email", "email", 0)


@pytest.mark.parametrize("shut", ["portal", "archived"])
def test_invite_client_whose_portal_is_closed_is_refused(cast, shut):
    if shut == "portal":
        cast.alice.portal_enabled = False
    else:
        cast.alice.status = ClientStatus.ARCHIVED
    with pytest.raises(NotAllowed) as refused:
        invitations.invite_client(cast.alice, actor=cast.as_max)
    assert refused.value.code == "portal_closed"


def test_invite_staff_makes_a_log_in_and_mails_a_link_into_the_staff_realm(cast, outbox):
    login = invitations.invite_staff(cast.sam, actor=cast.as_olivia)
    token, facts = link_of(outbox, to="sam@example.com")
    assert facts == SetPassword("Sam", "staff", login.id, 1, "invitation", "")
    assert login_links.read_link(KEY, Realm.STAFF, token) is login
    assert is_dead(token, realm=Realm.CLIENT)
    assert use(token, realm=Realm.STAFF).sign_in.staff_login is login


def test_invite_staff_again_follows_their_new_address(cast):
    login = invitations.invite_staff(cast.sam, actor=cast.as_olivia)
    people.change_staff(cast.sam, {"email": "sam.stone@example.com"}, actor=cast.as_olivia)
    assert invitations.invite_staff(cast.sam, actor=cast.as_olivia) is login
    assert (login.email, login.link_serial) == ("sam.stone@example.com", 2)


@pytest.mark.parametrize(("email", "code"), [(None, "no_email"), ("olivia@example.com", "email_taken")])
def test_invite_staff_needs_an_address_of_their_own(cast, email, code):
    make.staff_login(cast.olivia)
    cast.sam.email = email
    with pytest.raises(Invalid) as refused:
        invitations.invite_staff(cast.sam, actor=cast.as_olivia)
    assert (refused.value.code, refused.value.field, cast.sam.login) == (code, "email", None)


def test_invitations_need_their_permission(cast):
    for do in (
        lambda: invitations.invite_client(cast.alice, actor=cast.as_sam),
        lambda: invitations.invite_staff(cast.sam, actor=cast.as_max),
    ):
        with pytest.raises(NotAllowed):
            do()


@pytest.mark.parametrize("name", ["alice@example.com", "ALICE@example.com ", "4417 209 318"])
def test_ask_for_link_mails_one_to_who_forgot(cast, outbox, name):
    login = make.client_login(cast.alice)
    login_links.ask_for_link(Realm.CLIENT, name, address=HOME)
    token, facts = link_of(outbox, to="alice@example.com")
    assert (facts.reason, facts.name, login_links.read_link(KEY, Realm.CLIENT, token)) == ("forgotten", "Alice", login)


def test_ask_for_link_of_staff(cast, outbox):
    login = make.staff_login(cast.sam)
    login_links.ask_for_link(Realm.STAFF, "sam@example.com", address=HOME)
    assert login_links.read_link(KEY, Realm.STAFF, link_of(outbox, to="sam@example.com")[0]) is login


def test_ask_for_link_for_nobody_and_for_somebody_gives_the_same_answer(cast, outbox):
    make.client_login(cast.alice)
    answers = {
        login_links.ask_for_link(Realm.CLIENT, n, address=HOME)
        for n in ("alice@example.com", "nobody@example.com", "", "\0")
    }
    assert (answers, len(outbox), count(LoginAttempt)) == ({None}, 1, 4)


def test_ask_for_link_for_a_shared_address_mails_one_for_each_household(cast, outbox):
    for client in (cast.alice, cast.bob):
        make.client_login(client, email="shared@example.com")
    login_links.ask_for_link(Realm.CLIENT, "shared@example.com", address=HOME)
    assert [m.facts["account_number"] for m in outbox.mails()] == ["4417209318", "8890123456"]


def test_ask_for_link_of_a_closed_account_or_one_without_address_mails_nothing(cast, outbox):
    make.client_login(cast.alice).is_active = False
    cast.bob.email = None
    make.client_login(cast.bob)
    for name in ("alice@example.com", "8890123456"):
        login_links.ask_for_link(Realm.CLIENT, name, address=HOME)
    assert len(outbox) == 0


def test_ask_for_link_a_fourth_time_in_an_hour_mails_nothing_and_says_nothing(cast, outbox, clock_at):
    make.client_login(cast.alice)
    for _ in range(4):
        login_links.ask_for_link(Realm.CLIENT, "alice@example.com", address=HOME)
    assert len(outbox) == 3
    clock_at("2026-11-23 11:00")
    login_links.ask_for_link(Realm.CLIENT, "alice@example.com", address=HOME)
    assert len(outbox) == 4


def test_ask_for_link_from_one_address_is_refused_after_twenty(cast, outbox):
    make.client_login(cast.alice)
    for i in range(20):
        login_links.ask_for_link(Realm.CLIENT, f"somebody{i}@example.com", address=HOME)
    with pytest.raises(tries.TooManyTries):
        login_links.ask_for_link(Realm.CLIENT, "alice@example.com", address=HOME)
    login_links.ask_for_link(Realm.CLIENT, "alice@example.com", address=CAFE)
    assert len(outbox) == 1


def test_ask_for_link_does_not_count_as_a_wrong_password(cast):
    make.client_login(cast.alice)
    for _ in range(15):
        login_links.ask_for_link(Realm.CLIENT, "alice@example.com", address=HOME)
    assert log_in("alice@example.com")


def test_link_sets_the_password_once(cast, outbox, fresh):
    invitations.invite_client(cast.alice, actor=cast.as_max)
    token, _facts = link_of(outbox, to="alice@example.com")
    opened = use(token)
    fresh()
    assert (found(opened) is not None, is_dead(token)) == (True, True)
    assert log_in("alice@example.com", "a new good password")
    assert log_in("alice@example.com", PASSWORD) is None


def test_link_used_in_two_windows_sets_the_first_password_only(cast, outbox):
    invitations.invite_client(cast.alice, actor=cast.as_max)
    token, _facts = link_of(outbox, to="alice@example.com")
    login = login_links.read_link(KEY, Realm.CLIENT, token)
    serial = login.link_serial
    login_links.set_password(login, "the first password", serial=serial)
    with pytest.raises(Conflict) as refused:
        login_links.set_password(login, "the second password", serial=serial)
    assert (refused.value.code, log_in("alice@example.com", "the second password")) == ("link_dead", None)


def test_link_used_by_two_at_the_same_moment_works_for_one(cast, outbox, together, db_session):
    login = invitations.invite_client(cast.alice, actor=cast.as_max)
    login_id, serial = login.id, login.link_serial

    def set_to(password):
        return lambda: login_links.set_password(db_session.get(ClientLogin, login_id), password, serial=serial).token

    results = together(set_to("the first password"), set_to("the second password"))
    assert sorted(type(r).__name__ for r in results) == ["Conflict", "str"]


@pytest.mark.parametrize(("reason", "last"), [("forgotten", "2026-11-23 11:00"), ("invitation", "2026-11-30 10:00")])
def test_link_lasts_its_time_from_delivery(cast, clock_at, reason, last):
    login = make.client_login(cast.alice)
    token = login_links.sign_link(KEY, SetPassword("Alice", "client", login.id, 0, reason))
    at = clock_at(last)
    assert not is_dead(token)
    clock_at(at + dt.timedelta(seconds=1))
    assert is_dead(token)


def test_link_of_an_unknown_kind_or_log_in_is_dead(cast, clock_at):
    login = make.client_login(cast.alice)
    unknown_kind = login_links.sign_link(KEY, SetPassword("A", "client", login.id, 0, "birthday"))
    unknown_login = login_links.sign_link(KEY, SetPassword("A", "client", login.id + 99, 0, "forgotten"))
    clock_at("2026-11-23 10:00:01")
    assert is_dead(unknown_kind)
    assert is_dead(unknown_login)


def test_link_that_was_altered_or_signed_by_others_is_dead(cast):
    login = make.client_login(cast.alice)
    facts = SetPassword("Alice", "client", login.id, 0, "forgotten")
    token = login_links.sign_link(KEY, facts)
    for bad in ("", "x", token[:-2], token + "x", token.replace(".", "", 1), login_links.sign_link("other key" * 5, facts),
                login_links._signer(KEY, "client").dumps("not three"), login_links._signer(KEY, "client").dumps([1, 2])):  # fmt: skip
        assert is_dead(bad)
    assert not is_dead(token)


def test_link_of_the_other_realm_is_dead_though_the_number_is_the_same(cast):
    client, staff = make.client_login(cast.alice), make.staff_login(cast.sam)
    for realm, login in ((Realm.CLIENT, staff), (Realm.STAFF, client)):
        token = login_links.sign_link(
            KEY, SetPassword("X", "staff" if login is staff else "client", login.id, 0, "forgotten")
        )
        assert is_dead(token, realm=realm)


def test_link_of_an_account_that_was_closed_meanwhile_is_dead(cast):
    login = make.client_login(cast.alice)
    token = login_links.sign_link(KEY, SetPassword("Alice", "client", login.id, 0, "forgotten"))
    cast.alice.portal_enabled = False
    assert is_dead(token)


def test_set_password_ends_all_other_sign_ins_of_this_log_in(cast, fresh, db_session):
    login = make.client_login(cast.alice)
    thief, kim = log_in("alice@example.com"), make.client_login(cast.alice, email="kim@example.com")
    kims = log_in("kim@example.com")
    opened = login_links.set_password(login, "a new good password", serial=0)
    fresh()
    assert (found(thief), found(kims), found(opened)) == (None, kims.sign_in, opened.sign_in)
    assert kim.link_serial == 0
    line = db_session.query(Activity).order_by(Activity.id.desc()).first()
    assert (line.verb, line.client_id, line.client_login_id) == ("access.password_set", cast.alice.id, login.id)


def test_set_password_of_staff_ends_the_portals_they_look_at(cast, fresh, db_session):
    login = make.staff_login(cast.olivia)
    office = log_in("olivia@example.com", realm=Realm.STAFF)
    view = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=office.sign_in)
    login_links.set_password(login, "a new good password", serial=0)
    fresh()
    assert (found(office), found(view)) == (None, None)
    line = db_session.query(Activity).order_by(Activity.id.desc()).first()
    assert (line.verb, line.staff_id, line.client_id) == ("access.password_set", cast.olivia.id, None)


@pytest.mark.parametrize(
    ("password", "repeated", "code", "field"),
    [
        ("1234567", None, "password_short", "password"),
        ("x" * 199 + "yz", None, "password_long", "password"),
        ("PassWord1", None, "password_common", "password"),
        ("abababababab", None, "password_common", "password"),
        ("leash and biscuit", "leash and biscuits", "password_differs", "repeated"),
        ("leash und Keks", "leash und Keksé", "password_differs", "repeated"),
    ],
    ids=["short", "long", "common", "two signs", "differs", "differs beyond ASCII"],
)
def test_check_password_refuses_poor_ones(password, repeated, code, field):
    with pytest.raises(Invalid) as refused:
        access.check_password(password, repeated)
    assert (refused.value.code, refused.value.field) == (code, field)


@pytest.mark.parametrize("password", ["w? x, 7u", "x" * 198 + "yz", "ключ под ковриком"])
def test_check_password_asks_for_nothing_but_length(password):
    access.check_password(password, password)


def test_password_of_the_greatest_length_works(cast):
    password = "x" * 198 + "yz"
    make.client_login(cast.alice, password=password)
    assert log_in("alice@example.com", password)
    assert log_in("alice@example.com", password + "!") is None


# --------------------------------------------------------------------------------------------------- "go to portal"


@pytest.fixture
def office(cast):
    """Olivia at work in the back office."""
    make.staff_login(cast.olivia)
    return log_in("olivia@example.com", realm=Realm.STAFF)


@pytest.mark.covers("B14")
def test_open_portal_as_a_client_shows_that_client_s_portal_and_is_logged(cast, office, db_session, fresh):
    view = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=office.sign_in)
    fresh()
    seen = found(view)
    assert (seen.realm, seen.viewed_client, seen.viewing_staff) == (Realm.CLIENT, cast.alice, cast.olivia)
    line = db_session.query(Activity).order_by(Activity.id.desc()).first()
    assert (line.verb, line.actor_name, line.client_id) == ("access.portal_opened", "Olivia Owens", cast.alice.id)


@pytest.mark.covers("B14")
def test_portal_view_ends_after_thirty_minutes(cast, office, clock_at):
    view = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=office.sign_in)
    clock_at("2026-11-23 10:29:59")
    assert found(view)
    clock_at("2026-11-23 10:30")
    assert found(view) is None


@pytest.mark.covers("B14")
@pytest.mark.parametrize(
    "how", ["log out", "row ended", "expired", "deactivated", "log-in closed", "removed sitter role"]
)
def test_portal_view_ends_with_the_staff_member_s_own_sign_in(cast, office, clock_at, fresh, db_session, how):
    clock_at("2026-11-24 09:50")  # ten minutes before the sign-in itself expires
    view = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=office.sign_in)
    fresh()
    assert found(view)
    if how == "log out":
        sign_ins.log_out(office.sign_in)
    elif how == "row ended":
        office.sign_in.ended_at = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    elif how == "expired":
        clock_at("2026-11-24 10:00")
    elif how == "deactivated":
        cast.olivia.is_active = False
    elif how == "log-in closed":
        cast.olivia.login.is_active = False
    else:
        cast.olivia.role = StaffRole.SITTER
    fresh()
    assert found(view) is None


def test_portal_view_survives_the_client_s_own_log_out(cast, office, fresh):
    make.client_login(cast.alice)
    own = log_in("alice@example.com")
    view = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=office.sign_in)
    sign_ins.log_out(own.sign_in)
    fresh()
    assert found(view)


@pytest.mark.covers("B14")
def test_close_portal_view_is_logged_once(cast, office, db_session, fresh):
    view = portal_views.open_portal_as(cast.alice, actor=cast.as_olivia, opened_by=office.sign_in)
    portal_views.close_portal_view(view.sign_in)
    portal_views.close_portal_view(view.sign_in)
    fresh()
    assert (found(view), found(office)) == (None, office.sign_in)
    assert count(Activity, Activity.verb == "access.portal_closed", Activity.client_id == cast.alice.id) == 1


def test_close_portal_view_of_a_client_s_own_sign_in_changes_nothing(cast, fresh):
    make.client_login(cast.alice)
    own = log_in("alice@example.com")
    portal_views.close_portal_view(own.sign_in)
    fresh()
    assert found(own)


def test_open_portal_as_a_client_needs_the_permission_and_a_person(cast, office):
    for actor in (cast.as_sam, cast.as_alice, COMMAND_LINE):
        with pytest.raises(NotAllowed):
            portal_views.open_portal_as(cast.bob, actor=actor, opened_by=office.sign_in)


# ------------------------------------------------------------------------------------------------------- first owner


def test_create_owner_can_log_in_at_once(app, db_session):
    staff = access.create_owner(" Olivia ", "Owens", "Olivia@Example.com", PASSWORD, actor=COMMAND_LINE)
    assert (staff.first_name, staff.role, staff.is_sitter, staff.login.email) == (
        "Olivia", StaffRole.OWNER, False, "olivia@example.com",
    )  # fmt: skip
    assert log_in("olivia@example.com", realm=Realm.STAFF)
    assert db_session.query(Activity.verb).order_by(Activity.id).first() == ("staff.added",)


@pytest.mark.parametrize(
    ("first_name", "email", "password", "code"),
    [
        ("Olivia", "", PASSWORD, "no_email"), ("Olivia", "nowhere", PASSWORD, "bad_email"),
        ("Olivia", "o@example.com", "short", "password_short"), ("Olivia", "TAKEN@example.com", PASSWORD, "email_taken"),
        (" ", "o@example.com", PASSWORD, "required"),
    ],
)  # fmt: skip
def test_create_owner_refuses_what_cannot_work(app, first_name, email, password, code):
    make.staff_login(email="taken@example.com")
    with pytest.raises(Invalid) as refused:
        access.create_owner(first_name, "", email, password, actor=COMMAND_LINE)
    assert (refused.value.code, count(StaffLogin)) == (code, 1)


def test_create_owner_is_no_manager_s_business(cast):
    with pytest.raises(NotAllowed):
        access.create_owner("Mallory", "", "m@example.com", PASSWORD, actor=staff_actor(cast.max))
    assert count(Staff) == 4
