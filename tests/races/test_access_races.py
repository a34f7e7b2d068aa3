"""Log-ins and orders in the same second: each once, and nobody reads of a fault."""

import pytest
import sqlalchemy as sa

from foundation.db import db, mark_request
from models import (
    Client,
    ClientLogin,
    DataArchive,
    LoginAttempt,
    Pet,
    Realm,
    Staff,
    StaffLogin,
    StaffRole,
    Vaccination,
)
from tests import factories as make
from tests.coming_in import HOME, log_in
from tests.databases import count
from tests.factories import PASSWORD
from workflows import (
    access,
    archives,
    calendar_feeds,
    invitations,
    login_links,
    people,
    roles,
    second_factor,
    settings,
    tries,
    vaccinations,
)
from workflows.actors import client_actor, staff_actor
from workflows.errors import WorkflowError
from workflows.mail_facts import MailKind
from workflows.permissions import Permission


def by(staff_id):
    """Somebody of the office, from the thread's own session."""
    return staff_actor(db.session.get(Staff, staff_id))


def test_a_client_who_is_invited_by_four_presses_has_one_log_in(cast, together, outbox):
    olivia, alice = cast.olivia.id, cast.alice.id
    made = together(*[lambda: invitations.invite_client(db.session.get(Client, alice), actor=by(olivia)).id] * 4)
    assert (len(set(made)), count(ClientLogin)) == (1, 1)
    serials = [mail.facts["link_serial"] for mail in outbox.mails(MailKind.SET_PASSWORD)]
    assert (sorted(serials), db.session.scalars(sa.select(ClientLogin.link_serial)).one()) == ([1, 2, 3, 4], 4)


def test_a_sitter_who_is_invited_by_four_presses_has_one_log_in(cast, together):
    olivia, sam = cast.olivia.id, cast.sam.id
    made = together(*[lambda: invitations.invite_staff(db.session.get(Staff, sam), actor=by(olivia)).id] * 4)
    assert (len(set(made)), count(StaffLogin)) == (1, 1)


def test_of_two_people_with_one_address_one_is_invited(cast, together):
    olivia, ids = cast.olivia.id, [make.staff(email="same@example.com").id for _ in range(2)]
    done = together(
        *(lambda one=one: invitations.invite_staff(db.session.get(Staff, one), actor=by(olivia)).id for one in ids)
    )
    assert [r.code for r in done if isinstance(r, WorkflowError)] == ["email_taken"]
    assert count(StaffLogin) == 1


@pytest.mark.parametrize("what", [{"is_active": False}, {"role": StaffRole.SITTER}], ids=["out", "no owner"])
def test_two_owners_who_send_each_other_away_leave_one(cast, together, what):
    other = make.owner()
    make.staff_login(other)
    make.staff_login(cast.olivia)
    pair = (cast.olivia.id, other.id)
    done = together(
        lambda: people.change_staff(db.session.get(Staff, pair[0]), what, actor=by(pair[1])),
        lambda: people.change_staff(db.session.get(Staff, pair[1]), what, actor=by(pair[0])),
    )
    assert sum(isinstance(r, WorkflowError) for r in done) == 1
    assert count(Staff, Staff.role == StaffRole.OWNER, Staff.is_active) == 1


def test_an_archive_that_is_ordered_by_four_presses_is_made_once(cast, together):
    olivia = cast.olivia.id
    done = together(*[lambda: archives.order(with_files=False, actor=by(olivia)).id] * 4)
    assert [r.code for r in done if isinstance(r, WorkflowError)] == ["one_at_a_time"] * 3
    assert count(DataArchive) == 1


def test_what_is_set_or_turned_on_by_four_presses_is_there_once(cast, together):
    olivia, alice, biscuit = cast.olivia.id, cast.alice.id, cast.biscuit.id
    login = make.client_login(cast.alice).id
    wanted = {StaffRole.MANAGER: {Permission.OFFICE}}

    def client():
        return client_actor(db.session.get(Client, alice), db.session.get(ClientLogin, login))

    def rabies():
        values = {"name": "Rabies", "expires_on": make.DAY}
        return vaccinations.add(db.session.get(Pet, biscuit), values, actor=by(olivia)).id

    assert sum(together(*[lambda: len(settings.change({"portal.tips": True}, actor=by(olivia)))] * 4)) == 1
    assert sum(n > 0 for n in together(*[lambda: roles.change(wanted, actor=by(olivia))] * 4)) == 1
    feeds = together(*[lambda: calendar_feeds.turn_on(db.session.get(ClientLogin, login), actor=client()).id] * 4)
    secrets = together(*[lambda: second_factor.start(db.session.get(ClientLogin, login))] * 4)
    assert (len(set(feeds)), len(set(secrets))) == (1, 1)
    assert len(set(together(*[rabies] * 4))) == 4
    assert count(Vaccination, Vaccination.ended_at.is_(None)) == 1


def test_links_asked_for_by_eight_at_once_are_three(cast, together, outbox):
    make.client_login(cast.alice)
    together(*[lambda: login_links.ask_for_link(Realm.CLIENT, "alice@example.com", address=HOME)] * 8)
    assert len(outbox.mails(MailKind.SET_PASSWORD)) == 3


def test_of_fourteen_guesses_at_once_ten_are_answered_and_the_right_one_is_none_of_the_others(cast, together):
    make.client_login(cast.alice)
    guesses = ["wrong"] * 13 + [PASSWORD]

    def guess(n, password):
        opened = log_in("alice@example.com", password, address=f"192.0.2.{n}")
        return "in" if opened else "no"

    answers = together(*(lambda n=n, p=p: guess(n, p) for n, p in enumerate(guesses)))
    wrong = sum(answer == "no" for answer in answers)
    assert wrong == 10
    assert sum(isinstance(answer, tries.TooManyTries) for answer in answers) in {3, 4}
    assert count(LoginAttempt, LoginAttempt.succeeded.is_(False)) == 10


def test_a_password_that_was_replaced_while_it_was_compared_opens_nothing(cast, elsewhere, monkeypatch):
    login_id = make.client_login(cast.alice).id
    db.session.commit()
    compare, done = access.matches, []

    def slow(password_hash, password):
        fits = compare(password_hash, password)
        if not done:
            done.append(1)
            elsewhere(
                lambda: login_links.set_password(db.session.get(ClientLogin, login_id), "a new good password", serial=0)
            )
        return fits

    monkeypatch.setattr(access, "matches", slow)
    mark_request(reads_only=False, reads_first=True)  # as the page does
    try:
        assert log_in("alice@example.com") is None
    finally:
        db.session.commit()
        mark_request(reads_only=False)
