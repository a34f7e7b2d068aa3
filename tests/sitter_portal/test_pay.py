"""The sitter's own pay: not final yet, statements, PDF; nobody else's, and nothing where the office says no."""

from decimal import Decimal

import pytest

from foundation.db import db
from models import StaffRole
from tests import factories as make
from tests.databases import statements
from tests.workflows.pay.earned import TODAY, done, run, statement_of
from workflows.pay import extras, runs

pytestmark = pytest.mark.covers("V5")


@pytest.fixture
def sams(http, cast, sign_in_as_staff):
    return sign_in_as_staff(http(), cast.sam)


def test_a_sitter_reads_own_pay_and_nobody_elses(cast, sams):
    done(cast.alice, cast.sam, item=cast.walk, pay=12)
    done(cast.bob, cast.sita, item=cast.walk, pay=9)
    first = run(cast.as_olivia)
    done(cast.alice, cast.sam, item=cast.cat_visit, pay=8)
    extras.add(cast.sam, on_date=TODAY, text="Bus fare", amount=Decimal("2.50"), actor=cast.as_olivia)
    runs.mark_paid(statement_of(first, cast.sam), TODAY, actor=cast.as_olivia)
    db.session.commit()
    page = sams.get("/staff/pay").text
    for words in ("So far, not final", "$10.50", "Cat visit, Alice Archer", "Bus fare", "$12.00", "Paid"):
        assert words in page
    assert "Bob" not in page
    own, others = (statement_of(first, s).public_id for s in (cast.sam, cast.sita))
    assert f"/staff/pay/{own}/" in page
    assert "Dog walk, Alice Archer" in sams.get(f"/staff/pay/{own}/").text
    assert sams.get(f"/staff/pay/{own}/pdf").data.startswith(b"%PDF")
    for path in (f"/staff/pay/{others}/", f"/staff/pay/{others}/pdf", f"/staff/pay/{first.public_id}/"):
        assert sams.get(path).status_code == 404


def test_an_undone_statement_says_so_and_leaves_the_list(cast, sams):
    done(cast.alice, cast.sam, pay=12)
    first = run(cast.as_olivia)
    runs.undo(first, reason="Wrong day", actor=cast.as_olivia)
    db.session.commit()
    own = statement_of(first, cast.sam).public_id
    assert own not in sams.get("/staff/pay").text
    assert "took this pay run back" in sams.get(f"/staff/pay/{own}/").text


def test_without_the_permission_there_is_no_pay(cast, sams):
    done(cast.alice, cast.sam)
    own = statement_of(run(cast.as_olivia), cast.sam).public_id
    make.role_permission(StaffRole.SITTER, "sitter:pay:see")
    db.session.commit()
    assert "/staff/pay" not in sams.get("/staff/").text
    for path in ("", f"/{own}/", f"/{own}/pdf"):
        assert sams.get(f"/staff/pay{path}").status_code == 403


def test_the_page_asks_as_much_for_many_visits_as_for_one(cast, sams):
    def asked():
        db.session.commit()
        db.session.expire_all()
        with statements() as sent:
            answer = sams.get("/staff/pay")
        assert len(answer.data) < 30_000
        return len(sent)

    done(cast.alice, cast.sam)
    few = asked()
    for _ in range(80):
        done(cast.alice, cast.sam)
    assert asked() == few
