"""Two offices run the pay at the same moment: each visit, tip and extra is paid once, and the other reads why."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import PayLine, PayLineKind, PayRun, PayStatement, Staff
from tests.databases import count
from tests.workflows.pay.earned import TODAY, done, run, would_get
from workflows.actors import staff_actor
from workflows.errors import Conflict, WorkflowError
from workflows.pay import extras, previews, runs

D = Decimal
pytestmark = pytest.mark.covers("V5")


def runner(staff_ids, seen, actor_id):
    """An office that presses Run after its own look."""

    def press():
        return runs.make(TODAY, staff_ids, actor=staff_actor(db.session.get(Staff, actor_id)), key=None, seen=seen).id

    return press


@pytest.mark.parametrize("runs_before", [0, 1])
def test_two_offices_pay_the_same_visits_once(cast, together, runs_before):
    if runs_before:
        done(cast.bob, cast.sita)
        run(cast.as_olivia)
    for n in range(6):
        done(cast.alice, cast.sam, on_date=TODAY - dt.timedelta(n))
    extras.add(cast.sam, on_date=TODAY, text="Bus", amount=D(2), actor=cast.as_olivia)
    db.session.commit()
    seen = {s.staff.id: s.seen for s in previews.preview(TODAY).sitters if s.lines}
    answers = together(*(runner(list(seen), seen, who.id) for who in (cast.olivia, cast.max)))
    (refused,) = [a for a in answers if isinstance(a, WorkflowError)]
    assert isinstance(refused, Conflict)
    assert "Nothing was paid" in refused.say()
    assert count(PayRun) == 1 + runs_before
    assert count(PayLine, PayLine.staff_id == cast.sam.id, PayLine.statement_id.is_not(None)) == 7
    assert sorted(db.session.scalars(sa.select(PayRun.number))) == list(range(1, 2 + runs_before))
    assert would_get(cast.sam) == 0


def test_an_extra_that_changes_while_a_run_takes_it_is_paid_as_it_was_seen_or_not_at_all(cast, together):
    line = extras.add(cast.sam, on_date=TODAY, text="Bonus", amount=D(20), actor=cast.as_olivia)
    db.session.commit()
    seen = {s.staff.id: s.seen for s in previews.preview(TODAY).sitters if s.lines}
    line_id, max_id = line.id, cast.max.id

    def change():
        actor = staff_actor(db.session.get(Staff, max_id))
        extras.change(db.session.get(PayLine, line_id), on_date=TODAY, text="Bonus", amount=D(90), actor=actor)

    answers = together(runner(list(seen), seen, cast.olivia.id), change)
    assert sum(isinstance(a, WorkflowError) for a in answers) == 1
    for statement in db.session.scalars(sa.select(PayStatement)):
        assert statement.total == sum(x.amount for x in statement.lines) == D(20)
    assert count(PayLine, PayLine.kind == PayLineKind.EXTRA) == 1


def test_undoing_and_paying_at_the_same_moment_one_of_them(cast, together):
    done(cast.alice, cast.sam)
    statement_id = run(cast.as_olivia).statements[0].id
    olivia, max_ = cast.olivia.id, cast.max.id
    db.session.commit()

    def undo():
        run_ = db.session.get(PayStatement, statement_id).run
        runs.undo(run_, reason="Wrong", actor=staff_actor(db.session.get(Staff, olivia)))

    def pay():
        runs.mark_paid(
            db.session.get(PayStatement, statement_id), TODAY, actor=staff_actor(db.session.get(Staff, max_))
        )

    answers = together(undo, pay)
    assert sum(isinstance(a, WorkflowError) for a in answers) == 1
    statement = db.session.get(PayStatement, statement_id)
    assert (statement.paid_on is None) == (statement.run.undone_at is not None)
