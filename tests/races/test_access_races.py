"""Log-ins and orders in the same second: each once, and nobody reads of a fault."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Client, ClientLogin, DataArchive, Staff, StaffLogin, StaffRole
from tests import factories as make
from tests.databases import count
from workflows import archives, invitations, people
from workflows.actors import staff_actor
from workflows.errors import WorkflowError
from workflows.mail_facts import MailKind


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
