"""One-time links: invitations, forgotten passwords, what a good password is."""

import datetime as dt

import pytest

from models import (
    Activity,
    ClientLogin,
    ClientStatus,
    LoginAttempt,
    Realm,
)
from tests import factories as make
from tests.coming_in import CAFE, HOME, KEY, found, log_in
from tests.databases import count
from tests.factories import PASSWORD
from workflows import access, invitations, login_links, people, portal_views, tries
from workflows.errors import Conflict, Invalid, NotAllowed
from workflows.mail_facts import MailKind, SetPassword


@pytest.fixture
def fresh(db_session):
    """Commit and forget what was loaded, as the next request would."""

    def again():
        db_session.commit()
        db_session.expire_all()

    return again


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
