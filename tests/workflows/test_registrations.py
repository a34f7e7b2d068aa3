"""New clients who come by themselves: link, names, the office's yes; and who is a client already."""

import dataclasses

import pytest

from foundation import clock
from foundation.db import db
from models import (  # fmt: skip
    Activity,
    Client,
    ClientLogin,
    ClientStatus,
    LoginAttempt,
    Notification,
    NotificationKind,
    Registration,
    RegistrationState,
)
from tests import factories as make
from tests.databases import count, statements
from workflows import access, agreement_copies, agreements, login_links, registrations, settings, sign_ins
from workflows.errors import Conflict, Invalid, NotAllowed, WrongState
from workflows.mail_facts import MailKind, SetPassword
from workflows.registrations import Person
from workflows.sign_ins import NOWHERE, Browser
from workflows.tries import TooManyTries

KEY = "k" * 40
NEW = "nora@example.com"
NORA = Person("Nora", "New", "a long new password", "a long new password")


@pytest.fixture(autouse=True)
def open_house(cast):
    settings.change({"portal.registration": "open"}, actor=cast.as_olivia)


@pytest.fixture
def approval(cast):
    settings.change({"portal.registration": "approval"}, actor=cast.as_olivia)


def asked(outbox, email=NEW):
    """(registration, serial) of the newest link mailed there."""
    registrations.ask(email, address="192.0.2.1")
    mail = outbox.mails(MailKind.REGISTRATION_LINK, to=email.lower())[-1]
    token = registrations.sign_link(KEY, registrations.RegistrationLink(**mail.facts))
    return registrations.read_link(KEY, token)


def finish(found, person=NORA):
    return registrations.register(found[0], person, serial=found[1], browser=NOWHERE)


@pytest.mark.covers("A2")
def test_a_stranger_becomes_a_prospect_is_in_and_the_office_is_told(cast, outbox, db_session):
    opened = finish(asked(outbox, "Nora@Example.com"))
    login = opened.sign_in.client_login
    client = login.client
    assert (str(client), client.email, client.status) == ("Nora New", NEW, ClientStatus.PROSPECT)
    assert access.matches(login.password_hash, NORA.password)
    assert sign_ins.find_sign_in(opened.sign_in.realm, opened.token) is not None
    assert outbox.facts(MailKind.REGISTRATION_TOLD, to="olivia@example.com").is_waiting is False
    answer = outbox.facts(MailKind.REGISTRATION_ANSWERED, to=NEW)
    assert (answer.outcome, answer.account_number) == ("accepted", client.account_number)
    assert answer.message.startswith("Welcome!")
    told = db_session.query(Notification).one()
    assert (told.kind, told.client_id) == (NotificationKind.CLIENT_REGISTERED, client.id)
    assert count(Activity, Activity.verb == "registration.finished", Activity.client_id == client.id) == 1
    assert (db_session.query(Registration).one().state, db_session.query(Registration).one().password_hash) == (RegistrationState.ACCEPTED, None)  # fmt: skip


@pytest.mark.covers("A2")
def test_with_approval_nobody_is_a_client_before_the_office_s_yes(cast, outbox, approval, db_session):
    found = asked(outbox)
    assert finish(found) is None
    assert (count(Client, Client.email == NEW), count(ClientLogin)) == (0, 0)
    assert outbox.facts(MailKind.REGISTRATION_TOLD).is_waiting
    assert outbox.facts(MailKind.REGISTRATION_ANSWERED).outcome == "waiting"
    assert db_session.query(Notification).one().kind is NotificationKind.REGISTRATION_WAITING
    (waiting,) = registrations.waiting()
    outbox.clear()
    client = registrations.accept(waiting, actor=cast.as_max, message="See you soon")
    assert (client.status, client.logins[0].email) == (ClientStatus.ACTIVE, NEW)
    assert outbox.facts(MailKind.REGISTRATION_ANSWERED, to=NEW).message.startswith("See you soon\n\nWelcome!")
    assert access.log_in(sign_ins.Realm.CLIENT, NEW, NORA.password, browser=NOWHERE) is not None
    assert list(registrations.waiting()) == []


def test_declining_takes_a_word_and_forgets_the_password(cast, outbox, approval):
    finish(asked(outbox))
    (waiting,) = registrations.waiting()
    with pytest.raises(Invalid):
        registrations.decline(waiting, actor=cast.as_max, message=" ")
    registrations.decline(waiting, actor=cast.as_max, message="We do not come to your town.")
    assert (waiting.state, waiting.password_hash, count(ClientLogin)) == (RegistrationState.DECLINED, None, 0)
    assert outbox.mails(MailKind.REGISTRATION_ANSWERED)[-1].facts["message"] == "We do not come to your town."
    for again in (
        lambda: registrations.accept(waiting, actor=cast.as_max),
        lambda: registrations.decline(waiting, actor=cast.as_max, message="No"),
    ):
        with pytest.raises(WrongState):
            again()


def test_deciding_needs_the_permission(cast, outbox, approval):
    finish(asked(outbox))
    (waiting,) = registrations.waiting()
    with pytest.raises(NotAllowed):
        registrations.accept(waiting, actor=cast.as_sam)
    with pytest.raises(NotAllowed):
        registrations.decline(waiting, actor=cast.as_sam, message="No")


def test_accepting_is_refused_when_the_office_added_that_client_meanwhile(cast, outbox, approval):
    finish(asked(outbox))
    make.client("Nora", email=NEW)
    with pytest.raises(Conflict):
        registrations.accept(registrations.waiting()[0], actor=cast.as_max)
    assert count(Client, Client.email == NEW) == 1


@pytest.mark.covers("A2")
def test_a_client_with_a_log_in_gets_a_link_to_it_and_no_second_account(cast, outbox):
    login = make.client_login(cast.alice, email="alice@example.com")
    registrations.ask("ALICE@example.com", address="192.0.2.1")
    facts = outbox.facts(MailKind.REGISTRATION_KNOWN, to="alice@example.com")
    assert (facts.has_login, count(Registration), len(outbox)) == (True, 0, 1)
    token = login_links.sign_link(KEY, SetPassword("A", "client", facts.login_id, facts.link_serial, "forgotten"))
    assert login_links.read_link(KEY, sign_ins.Realm.CLIENT, token) is login


@pytest.mark.parametrize("shut", ["no log-in", "closed", "archived"])
def test_a_client_who_cannot_log_in_is_told_to_ask(cast, outbox, shut):
    if shut != "no log-in":
        make.client_login(cast.alice, email="alice@example.com")
    cast.alice.portal_enabled = shut != "closed"
    cast.alice.status = ClientStatus.ARCHIVED if shut == "archived" else ClientStatus.ACTIVE
    registrations.ask("alice@example.com", address="192.0.2.1")
    assert outbox.facts(MailKind.REGISTRATION_KNOWN).has_login is False
    assert count(Registration) == 0


@pytest.mark.covers("A2", "A3")
def test_asking_costs_the_same_whether_or_not_the_address_is_known(cast, outbox):
    make.client_login(cast.alice, email="alice@example.com")
    registrations.ask("warm@example.com", address="192.0.2.9")
    n = {}
    for email in ("alice@example.com", "stranger@example.com"):
        with statements() as asked_for:
            assert registrations.ask(email, address="192.0.2.1") is None
        n[email] = len(asked_for)
    assert abs(n["alice@example.com"] - n["stranger@example.com"]) <= 1


def test_a_fourth_mail_in_an_hour_is_not_sent_and_twenty_from_one_place_are_refused(cast, outbox, clock_at):
    for _ in range(4):
        registrations.ask(NEW, address="192.0.2.1")
    assert len(outbox.mails(MailKind.REGISTRATION_LINK)) == 3
    for n in range(16):
        registrations.ask(f"n{n}@example.com", address="192.0.2.1")
    with pytest.raises(TooManyTries):
        registrations.ask("more@example.com", address="192.0.2.1")
    registrations.ask("more@example.com", address="198.51.100.7")
    clock_at("2026-11-23 11:00")
    registrations.ask(NEW, address="192.0.2.1")
    assert count(LoginAttempt, LoginAttempt.purpose == "register") == 22


def test_a_newer_link_kills_the_older_and_a_used_or_old_one_is_dead(outbox, clock_at):
    first = asked(outbox)
    second = asked(outbox)
    assert (first[0].id, second[1]) == (second[0].id, first[1] + 1)
    with pytest.raises(Conflict):
        finish(first)
    old = registrations.sign_link(KEY, registrations.RegistrationLink(second[0].id, second[1]))
    assert registrations.read_link(KEY, old)
    clock_at("2026-11-24 10:00:01")
    with pytest.raises(Invalid):
        registrations.read_link(KEY, old)
    clock_at("2026-11-23 10:00")
    finish(second)
    with pytest.raises(Invalid):
        registrations.read_link(KEY, old)
    with pytest.raises(Conflict):
        finish(second)


@pytest.mark.parametrize("token", ["", "x", "x.y.z", "é" * 40, "A" * 5000])
def test_a_made_up_link_is_dead(token):
    with pytest.raises(Invalid):
        registrations.read_link(KEY, token)


@pytest.mark.parametrize(
    ("person", "field"),
    [
        (Person("", "New", NORA.password, NORA.password), "first_name"),
        (Person("Nora", "\0 ", NORA.password, NORA.password), "last_name"),
        (Person("Nora", "New", "short", "short"), "password"),
        (Person("Nora", "New", NORA.password, "else"), "repeated"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_the_link_stays_good(outbox, person, field):
    found = asked(outbox)
    with pytest.raises(Invalid) as refused:
        finish(found, person)
    assert refused.value.field == field
    assert finish(found) is not None


@pytest.mark.covers("A2")
def test_two_registrations_of_one_address_at_the_same_moment_make_one_client(cast, outbox, together, db_session):
    one = asked(outbox)
    other = make.registration(NEW, link_serial=7)
    db_session.commit()

    def register(registration_id, serial):
        return lambda: registrations.register(
            db.session.get(Registration, registration_id), NORA, serial=serial, browser=NOWHERE
        )

    results = together(register(one[0].id, one[1]), register(other.id, 7))
    assert sorted(type(r).__name__ for r in results) == ["Conflict", "Opened"]
    assert (count(Client, Client.email == NEW), count(ClientLogin)) == (1, 1)


def test_switched_off_nothing_works_not_even_an_older_link(cast, outbox):
    found = asked(outbox)
    token = registrations.sign_link(KEY, registrations.RegistrationLink(found[0].id, found[1]))
    settings.change({"portal.registration": "off"}, actor=cast.as_olivia)
    for do in (
        lambda: registrations.ask(NEW, address=""),
        lambda: registrations.read_link(KEY, token),
        lambda: finish(found),
    ):
        with pytest.raises(NotAllowed):
            do()
    assert count(Client, Client.email == NEW) == 0


def test_forget_old_drops_what_nobody_finished(outbox, clock_at):
    asked(outbox)
    clock_at("2026-12-23 09:00")
    assert registrations.forget_old() == 0
    clock_at("2026-12-24 11:00")
    assert (registrations.forget_old(), count(Registration)) == (1, 0)


def _terms(**more):
    version = make.agreement_version(make.agreement("Terms", at_registration=True, **more))
    db.session.flush()
    return version


@pytest.mark.covers("A2", "D7")
def test_the_terms_are_accepted_with_the_registration(cast, outbox):
    version, found = _terms(), asked(outbox)
    make.agreement_version(make.agreement("For some", at_registration=True, for_all=False))
    assert registrations.terms() == [version]
    for ticked in (
        (),
        (registrations.Shown(version.public_id, "x" * 64),),
        (registrations.Shown("x", version.text_hash),),
    ):
        with pytest.raises(Invalid) as refused:
            finish(found, dataclasses.replace(NORA, accepted=ticked))
        assert refused.value.field == "terms"
    ticked = (registrations.Shown(version.public_id, version.text_hash),)
    opened = registrations.register(
        found[0], dataclasses.replace(NORA, accepted=ticked), serial=found[1], browser=Browser("192.0.2.5")
    )
    client = opened.sign_in.client_login.client
    (yes,) = agreements.accepted_by(client)
    assert (yes.typed_name, yes.address, yes.version_id) == ("Nora New", "192.0.2.5", version.id)
    assert agreements.outstanding(client) == []


@pytest.mark.covers("A2", "D7")
def test_where_the_office_decides_first_the_terms_are_accepted_with_the_registration_too(cast, outbox, approval, clock_at, db_session):  # fmt: skip
    version, kept = _terms(), _terms(position=2)
    found = asked(outbox)
    with pytest.raises(Invalid) as refused:
        finish(found)
    assert refused.value.field == "terms"
    ticked = tuple(registrations.Shown(v.public_id, v.text_hash) for v in (version, kept))
    long = dataclasses.replace(NORA, first_name="N" * 90, last_name="W" * 90, accepted=ticked)
    registrations.register(found[0], long, serial=found[1], browser=Browser("192.0.2.5"))
    db_session.commit()
    when = clock.now()
    clock_at("2026-11-25 09:00")
    # One of the texts is changed while the registration waits: that one is asked again, the other one is not.
    newer = agreements.revise(
        version.agreement, "Quite another text", keeps_consent=False, seen=1, actor=cast.as_olivia
    )
    client = registrations.accept(registrations.waiting()[0], actor=cast.as_max)
    db_session.commit()
    yes = sorted(agreements.accepted_by(client), key=lambda a: a.version_id)
    assert [(a.version_id, a.typed_name, a.address, a.accepted_at, a.text_hash) for a in yes] == [
        (v.id, "N" * 90 + " " + "W" * 29, "192.0.2.5", when, v.text_hash) for v in (version, kept)
    ]
    assert yes[0].client_login.client is client
    assert agreements.outstanding(client) == [newer]
    assert db_session.query(Registration).one().terms is None
    assert len(agreement_copies.due()) == 2


def test_a_name_as_long_as_it_may_be_is_no_trouble_for_the_terms(cast, outbox):
    version, found = _terms(), asked(outbox)
    ticked = (registrations.Shown(version.public_id, version.text_hash),)
    long = dataclasses.replace(NORA, first_name="N" * 120, last_name="W" * 120, accepted=ticked)
    (yes,) = agreements.accepted_by(finish(found, long).sign_in.client_login.client)
    assert len(yes.typed_name) == 120


def test_what_was_declined_is_forgotten_with_all_that_was_typed(cast, outbox, approval, clock_at):
    version = _terms()
    ticked = (registrations.Shown(version.public_id, version.text_hash),)
    finish(asked(outbox), dataclasses.replace(NORA, accepted=ticked))
    declined = registrations.decline(registrations.waiting()[0], actor=cast.as_max, message="We are full")
    assert declined.terms is None
    clock_at("2026-12-22 09:00")
    assert registrations.forget_old() == 0
    clock_at("2026-12-24 11:00")
    assert (registrations.forget_old(), count(Registration)) == (1, 0)
