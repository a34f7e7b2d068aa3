"""S2, S3: what happened to a record and what the team remarked on it, for whoever may read the record's list."""

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, Comment, StaffRole
from tests import factories as make
from tests import money_factories as money
from tests.databases import count, statements
from workflows import comments, people
from workflows.errors import Invalid, NotAllowed
from workflows.permissions import Permission


@pytest.mark.covers("S2", "S3")
def test_a_pets_history_says_who_changed_what_and_takes_remarks(office, cast):
    people.change_pet(cast.biscuit, {"breed": "Beagle"}, actor=cast.as_max)
    db.session.commit()
    page = office.get(f"/admin/pets/details/?id={cast.biscuit.id}").follow("History")
    assert "Beagle" in page.main
    assert cast.as_max.name in page.main
    assert "Write a remark first." in page.press("Add remark", body="  ").main
    page = page.press("Add remark", body="Pulls on the lead.\n<b>Use the harness.</b>")
    assert "Remark added." in page.text
    assert "&lt;b&gt;Use the harness.&lt;/b&gt;" in page.html
    assert count(Comment) == 1
    assert "Pulls" not in str([line.facts for line in db.session.scalars(sa.select(Activity))])
    page = page.press("Take back")
    assert "Pulls" not in page.html
    assert db.session.scalars(sa.select(Comment.body)).all() == [""]
    assert "took a remark back" in page.main


def test_a_remark_that_is_too_long_comes_back_as_it_was(office, cast):
    page = office.get(f"/admin/history/client/{cast.alice.id}/").press("Add remark", body="x" * 2001)
    assert page.status == 422
    assert "x" * 2001 in page.html
    assert "Use at most 2000 characters." in page.main
    assert count(Comment) == 0


def test_the_same_form_sent_twice_is_one_remark(office, cast):
    form = office.get(f"/admin/history/job/{cast.bobs_job.id}/")
    for _ in range(2):
        form.press("Add remark", body="Ring twice.")
    assert count(Comment) == 1
    assert office.get(f"/admin/visit/{cast.bobs_job.id}/").has_link(f"/admin/history/job/{cast.bobs_job.id}/")


@pytest.mark.parametrize("path", ["history/nothing/1/", "history/client/99999/", "history/client/99999999999999999999/", "history/%00/1/", "history/staff_login/1/", "history/setting/1/"])  # fmt: skip
def test_what_has_no_list_has_no_history(office, path):
    assert office.browser.get(f"/admin/{path}").status_code == 404


def test_remarks_of_others_stay_and_so_do_closed_lists(office, manager, cast):
    comment = comments.add(cast.alice, "Olivia's", actor=cast.as_olivia)
    invoice = money.invoice(cast.alice)
    db.session.commit()
    page = manager.get(f"/admin/history/client/{cast.alice.id}/")
    assert "Olivia's" in page.text
    assert "Take back" not in page.main
    url = f"/admin/history/client/{cast.alice.id}/remarks/{comment.public_id}"
    manager.post(url)
    assert office.post(f"/admin/history/client/{cast.bob.id}/remarks/{comment.public_id}").status == 404
    db.session.expire_all()
    assert comment.removed_at is None
    make.role_permission(role=StaffRole.MANAGER, permission=Permission.BILLING.value, is_allowed=False)
    db.session.commit()
    assert manager.browser.get(f"/admin/history/invoice/{invoice.id}/").status_code == 403
    assert office.browser.get(f"/admin/history/invoice/{invoice.id}/").status_code == 200


def test_rules_of_remarks(cast):
    for who, error in ((cast.as_sam, NotAllowed), (cast.as_alice, NotAllowed)):
        with pytest.raises(error):
            comments.add(cast.alice, "Hello", actor=who)
    with pytest.raises(Invalid):
        comments.add(cast.alice, "\0 ", actor=cast.as_max)
    comment = comments.add(cast.alice, "Hello", actor=cast.as_max)
    with pytest.raises(NotAllowed):
        comments.take_back(comment, cast.alice, actor=cast.as_sam)
    comments.take_back(comment, cast.alice, actor=cast.as_olivia)
    assert comments.of_record("client", cast.alice.id) == []


def test_an_erased_clients_remarks_are_gone(cast):
    for record in (cast.bob, *cast.bob.pets, cast.bobs_job):
        comments.add(record, "A word", actor=cast.as_max)
    kept = comments.add(cast.alice, "A word", actor=cast.as_max)
    comments.forget_client(cast.bob)
    assert db.session.scalars(sa.select(Comment.id)).all() == [kept.id]


def test_the_page_costs_the_same_however_much_happened(office, cast):
    n = []
    for _ in range(2):
        for _line in range(20):
            comments.add(cast.alice, "A word", actor=cast.as_max)
        db.session.commit()
        with statements() as sent:
            office.get(f"/admin/history/client/{cast.alice.id}/")
        n.append(len(sent))
    assert n[0] == n[1] <= 8
