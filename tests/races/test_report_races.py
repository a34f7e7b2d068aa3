"""Two at the same moment about one report card: one card, one sending, one thank-you."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Job, JobState, OutboxMail, ReportCard
from tests import factories as make
from workflows import report_cards
from workflows.actors import client_actor, staff_actor
from workflows.errors import WorkflowError
from workflows.report_cards import Typed

pytestmark = pytest.mark.covers("V2")


@pytest.fixture
def job_id(cast):
    job = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 11, 23), state=JobState.IN_PROGRESS)
    db.session.commit()
    return job.id


def test_two_first_savings_make_one_card_and_lose_nothing(cast, job_id, together):
    def write(key, text):
        def doing():
            job = db.session.get(Job, job_id)
            actor = staff_actor(job.sitter)
            card = report_cards.draft_of(job, actor=actor)
            report_cards.save_draft(card, Typed(texts={key: text}, base=0), actor=actor)
            db.session.commit()

        return doing

    together(write("message", "Wet"), write("office_note", "Food"))
    db.session.expire_all()
    (card,) = db.session.scalars(sa.select(ReportCard))
    assert (card.message, card.office_note) == ("Wet", "Food")


def test_sent_and_thanked_twice_at_once_is_done_once(cast, job_id, together):
    sam = staff_actor(cast.sam)
    card = report_cards.draft_of(db.session.get(Job, job_id), actor=sam)
    report_cards.save_draft(card, Typed(texts={"message": "Wet"}, base=card.version), actor=sam)
    db.session.commit()
    card_id, refused = card.id, []

    def once(doing):
        def run():
            try:
                doing(db.session.get(ReportCard, card_id))
                db.session.commit()
            except WorkflowError as problem:
                db.session.rollback()
                refused.append(problem.code)

        return run

    def send(one):
        report_cards.send(one, actor=staff_actor(one.job.sitter))

    def thank(one):
        report_cards.thank(one, actor=client_actor(one.job.client))

    together(once(send), once(send))
    together(once(thank), once(thank))
    assert sorted(refused) == ["report_sent", "thanked"]
    kinds = sorted(db.session.scalars(sa.select(OutboxMail.kind)))
    assert kinds == ["report_card", "report_thanked"]
