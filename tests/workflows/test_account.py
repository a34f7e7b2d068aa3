"""One's own log-in: password, the household's log-ins, the mails one does not want."""

import pytest

from models import Activity, ClientLogin
from tests import factories as make
from tests.databases import count
from workflows import access, account, calendar_feeds, outbox, passkeys, sign_ins
from workflows.account import NotProved
from workflows.actors import staff_as_client
from workflows.errors import Invalid, NotAllowed
from workflows.mail_facts import REFUSABLE_KINDS, SENSITIVE_KINDS, BasketReminder, MailKind
from workflows.sign_ins import NOWHERE

NEW = "a brand new password"


@pytest.fixture
def hannah(cast):
    return make.client_login(cast.alice, email="alice@example.com")


def change(login, present=make.PASSWORD, new=NEW, *, repeated=None, keep=None):
    keep = keep or sign_ins.begin(login).sign_in
    account.change_password(login, present, new, repeated=repeated or new, keep=keep, browser=NOWHERE)


@pytest.mark.covers("P7")
def test_change_password_ends_all_other_sign_ins_and_kills_links(cast, hannah, db_session, outbox):
    here, there = sign_ins.begin(hannah), sign_ins.begin(hannah)
    db_session.flush()
    serial = hannah.link_serial
    change(hannah, keep=here.sign_in)
    db_session.expire_all()
    assert access.matches(hannah.password_hash, NEW)
    assert sign_ins.find_sign_in(here.sign_in.realm, here.token) is not None
    assert sign_ins.find_sign_in(there.sign_in.realm, there.token) is None
    assert hannah.link_serial == serial + 1
    assert outbox.facts(MailKind.SECURITY_NEWS, to="alice@example.com").what == "password_changed"
    assert count(Activity, Activity.verb == "access.password_set", Activity.client_id == cast.alice.id) == 1


def test_change_password_asks_for_the_present_one(hannah):
    before = hannah.password_hash
    with pytest.raises(NotProved) as refused:
        change(hannah, "not this one")
    assert (refused.value.field, hannah.password_hash) == ("present", before)


@pytest.mark.parametrize(
    ("new", "repeated", "field"), [("short", None, "password"), ("password1", None, "password"), (NEW, "x", "repeated")]
)
def test_change_password_refuses_poor_ones(hannah, new, repeated, field):
    with pytest.raises(Invalid) as refused:
        change(hannah, new=new, repeated=repeated)
    assert refused.value.field == field


@pytest.mark.covers("A1")
def test_a_household_invites_another_log_in_which_gets_its_own_password(cast, hannah, outbox):
    added = account.add_login(hannah, " Kim@Example.com ", actor=sign_ins.person(hannah))
    assert (added.client_id, added.email, added.password_hash) == (cast.alice.id, "kim@example.com", None)
    facts = outbox.facts(MailKind.SET_PASSWORD, to="kim@example.com")
    assert (facts.login_id, facts.link_serial, facts.reason) == (added.id, added.link_serial, "invitation")
    assert count(Activity, Activity.verb == "access.invited", Activity.client_id == cast.alice.id) == 1
    again = account.add_login(hannah, "kim@example.com", actor=sign_ins.person(hannah))
    assert (again.id, again.link_serial) == (added.id, facts.link_serial + 1)


@pytest.mark.parametrize(
    "email", ["", "no address", "a@b", "kim@example.com,eve@example.com", "x" * 300 + "@example.com"]
)
def test_a_household_invites_real_addresses_only(hannah, email):
    with pytest.raises(Invalid) as refused:
        account.add_login(hannah, email, actor=sign_ins.person(hannah))
    assert (refused.value.field, count(ClientLogin)) == ("email", 1)


def test_a_household_does_not_invite_who_is_in_already_nor_more_than_ten(cast, hannah):
    make.client_login(cast.alice, email="kim@example.com")
    with pytest.raises(Invalid):
        account.add_login(hannah, "kim@example.com", actor=sign_ins.person(hannah))
    for n in range(8):
        account.add_login(hannah, f"more{n}@example.com", actor=sign_ins.person(hannah))
    with pytest.raises(Invalid) as refused:
        account.add_login(hannah, "eleventh@example.com", actor=sign_ins.person(hannah))
    assert refused.value.code == "too_many"


def test_closing_a_log_in_signs_it_out_and_kills_its_links(cast, hannah, db_session):
    kim = make.client_login(cast.alice, email="kim@example.com")
    opened, serial = sign_ins.begin(kim), kim.link_serial
    db_session.flush()
    feed = calendar_feeds.turn_on(kim, actor=sign_ins.person(kim))
    address = calendar_feeds.sign("k" * 40, feed)
    make.passkey(client_login=kim)
    own = make.passkey(client_login=hannah)
    account.close_login(hannah, kim.id, actor=sign_ins.person(hannah))
    account.close_login(hannah, kim.id, actor=sign_ins.person(hannah))
    db_session.expire_all()
    assert (passkeys.list_of(kim), passkeys.list_of(hannah)) == ([], [own])
    assert (kim.is_active, kim.link_serial) == (False, serial + 1)
    assert sign_ins.find_sign_in(opened.sign_in.realm, opened.token) is None
    assert count(Activity, Activity.verb == "access.login_closed") == 1
    account.add_login(hannah, "kim@example.com", actor=sign_ins.person(hannah))
    assert (kim.is_active, calendar_feeds.read("k" * 40, address)) == (True, None)


def test_nobody_closes_their_own_log_in_nor_another_household_s(cast, hannah):
    bobs = make.client_login(cast.bob)
    for wanted in (hannah.id, bobs.id, 0):
        with pytest.raises(Invalid):
            account.close_login(hannah, wanted, actor=sign_ins.person(hannah))
    assert (hannah.is_active, bobs.is_active) == (True, True)


@pytest.mark.covers("B14")
def test_the_office_in_a_client_s_portal_changes_no_log_in(cast, hannah):
    office = staff_as_client(cast.olivia, cast.alice)
    for do in (
        lambda: account.add_login(hannah, "eve@example.com", actor=office),
        lambda: account.close_login(hannah, hannah.id, actor=office),
        lambda: account.choose_mails(hannah, set(), actor=office),
    ):
        with pytest.raises(NotAllowed):
            do()
    assert count(ClientLogin) == 1


# ------------------------------------------------------------------------------------------------------------- mails


def remind(client):
    return outbox.queue_client_mail(MailKind.BASKET_REMINDER, BasketReminder("A", "1", (), "x"), client=client)


def refuse_all(login):
    account.choose_mails(login, set(), actor=sign_ins.person(login))


@pytest.mark.covers("P7")
def test_a_mail_that_is_not_wanted_is_not_queued_and_others_keep_theirs(cast, hannah):
    assert remind(cast.alice).to_address == "alice@example.com"
    refuse_all(hannah)
    assert remind(cast.alice) is None
    assert remind(cast.bob).to_address == "bob@example.com"
    make.client_contact(cast.alice, email="kim@example.com", receives_copies=True)
    mail = remind(cast.alice)
    assert (mail.to_address, mail.cc_addresses) == ("kim@example.com", [])


def test_what_another_of_the_household_does_not_want_still_comes_to_the_first(cast, hannah):
    refuse_all(make.client_login(cast.alice, email="kim@example.com"))
    assert remind(cast.alice).to_address == "alice@example.com"


@pytest.mark.covers("P7")
def test_what_must_be_known_cannot_be_refused(cast, hannah):
    must = {MailKind.SET_PASSWORD, MailKind.SECURITY_NEWS, MailKind.VISIT_CANCELLED, MailKind.VISIT_MOVED}
    assert not (must | SENSITIVE_KINDS) & set(REFUSABLE_KINDS)
    hannah.mails_off = [kind.value for kind in MailKind]
    facts = BasketReminder("A", "1", (), "x")
    assert outbox.queue_client_mail(MailKind.VISIT_CANCELLED, facts, client=cast.alice) is not None


def test_choosing_mails_takes_known_kinds_only_and_logs_changes(hannah):
    account.choose_mails(hannah, {MailKind.BASKET_REMINDER.value, "nonsense"}, actor=sign_ins.person(hannah))
    assert account.sorted_off(hannah) == [k.value for k in REFUSABLE_KINDS if k is not MailKind.BASKET_REMINDER]
    account.choose_mails(hannah, {MailKind.BASKET_REMINDER.value}, actor=sign_ins.person(hannah))
    assert count(Activity, Activity.verb == "access.mails_chosen") == 1
