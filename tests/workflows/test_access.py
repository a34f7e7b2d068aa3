"""Getting in with a password: log-in, its limits, sign-ins that end, the first owner."""

import datetime as dt
import sys

import pytest
import sqlalchemy as sa

from models import (
    Activity,
    ActorKind,
    ClientStatus,
    LoginAttempt,
    Realm,
    SignIn,
    Staff,
    StaffLogin,
    StaffRole,
)
from tests import factories as make
from tests.coming_in import CAFE, HOME, found, log_in
from tests.databases import count, statements
from tests.factories import PASSWORD
from workflows import access, sign_ins, tries
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.errors import Invalid, NotAllowed


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


def test_log_in_compares_as_many_hashes_whether_one_several_or_nobody_has_the_name(cast):
    make.client_login(cast.alice)
    make.staff_login(cast.olivia)
    for n in range(5):
        make.client_login(make.client(f"2000000{n}00"), email="shared@example.com")
    make.client_login(cast.bob).password_hash = None
    access._nobody()

    def n_hashes(name, realm=Realm.CLIENT):
        calls = []
        sys.setprofile(
            lambda frame, event, _arg: event == "call" and frame.f_code.co_name == "matches" and calls.append(1)
        )
        try:
            log_in(name, "wrong", realm=realm)
        finally:
            sys.setprofile(None)
        return len(calls)

    names = ("alice@example.com", "4417209318", "nobody@example.com", "0000000000", "shared@example.com", "bob@example.com")  # fmt: skip
    assert {n_hashes(n) for n in names} == {4}
    assert {n_hashes(n, Realm.STAFF) for n in ("olivia@example.com", "nobody@example.com")} == {1}


def test_log_ins_that_were_never_used_do_not_keep_others_of_the_address_out(cast):
    for n in range(4):
        make.client_login(make.client(f"2000000{n}00"), email="shared@example.com").password_hash = None
    bobs = make.client_login(cast.bob, email="shared@example.com")
    assert log_in("shared@example.com").sign_in.client_login is bobs


def test_of_a_large_household_four_open_log_ins_go_by_the_account_number_and_each_by_its_address(cast, db_session):
    logins = [make.client_login(cast.alice, email=f"a{n}@example.com", password=f"password of {n}") for n in range(6)]
    logins[0].is_active = False

    def open_by(name, n):
        opened = log_in(name, f"password of {n}")
        return opened and opened.sign_in.client_login is logins[n]

    db_session.flush()
    assert [open_by("4417209318", n) for n in range(6)] == [None, True, True, True, True, None]
    assert open_by("a5@example.com", 5)
    assert [access.opens_by_number(x) for x in logins[1:]] == [True, True, True, True, False]


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
