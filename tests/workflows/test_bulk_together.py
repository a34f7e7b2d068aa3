"""A snow day goes several clients at a time: what comes of it is as if they went one after the other."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from application import tasks
from foundation.db import db
from models import (
    Activity,
    BulkKind,
    BulkState,
    CreditNote,
    Initiator,
    Job,
    JobState,
    Notification,
    OutboxMail,
    PolicyBasis,
)
from tests import factories as make
from tests.databases import statements
from tests.workflows.billing.bills import issued
from tests.workflows.bulk_work import finish
from workflows import bulk, bulk_kinds, cancel_news
from workflows.bulk import Wish
from workflows.mail_facts import MailKind

THU, FRI = dt.date(2026, 11, 26), dt.date(2026, 11, 27)
NAMES = ("Ann", "Ben", "Cat", "Dan")


@pytest.fixture
def street(cast, db_session):
    """street("a"): four clients with two walks on Friday, by Sam and by Sita, and what can be about them.

    Ann's contact gets copies, Ben has turned off a mail that nobody can, Cat has asked to cancel hers, Dan's first walk is invoiced.
    """

    def make_it(tag):
        visits = []
        for name in NAMES:
            client = make.client(name, "Street", email=f"{name}.{tag}@example.com")
            pet = make.pet(client)
            visits += [
                make.job(client, cast.walk, sitter=sitter, on_date=FRI, start_time=dt.time(hour), pets=[pet])
                for sitter, hour in ((cast.sam, 9), (cast.sita, 10))
            ]
        ann, ben, cat, dan = (visit.client for visit in visits[::2])
        make.client_contact(ann, email=f"kim.{tag}@example.com", receives_copies=True)
        make.client_login(ben, mails_off=[MailKind.VISIT_CANCELLED.value])
        make.change_item(make.change_request(cat), visits[4])
        issued(cast, visits[6], client=dan)
        db_session.commit()
        return visits

    return make_it


@pytest.fixture
def order(cast, db_session):
    """order(visits, reason="Snow"): Max has these visits called off."""

    def do(visits, **wish):
        run = bulk.order(BulkKind.CANCEL, [v.id for v in visits], Wish(**{"reason": "Snow", **wish}), actor=cast.as_max)
        db_session.commit()
        return run

    return do


def written(since):
    """All that was written after these numbers, without what tells one street from the other."""

    def rows(what, *columns):
        found = db.session.execute(sa.select(*columns).where(what.id > since[what]).order_by(what.id))
        return [re.sub(r"\.[ab]@|INV-\d+|'note_id': \d+|'\d{4,}'", "~", str(tuple(row))) for row in found]

    mails = rows(OutboxMail, OutboxMail.kind, OutboxMail.to_address, OutboxMail.cc_addresses, OutboxMail.facts)
    return (
        rows(Activity, Activity.verb, Activity.subject_type, Activity.facts),
        sorted(mails, key=lambda mail: "sitter_changes" in mail),  # these wait for the end of the order, whenever begun
        rows(Notification, Notification.kind, Notification.facts),
        rows(CreditNote, CreditNote.state, CreditNote.total, CreditNote.reason),
    )


def highest():
    return {
        what: db.session.scalar(sa.select(sa.func.max(what.id))) or 0
        for what in (Activity, OutboxMail, Notification, CreditNote)
    }


def figures(visits):
    return [(v.state, v.price, v.sitter_pay, v.prior_price, v.cancel_reason, v.fee_reason, v.version) for v in visits]


@pytest.mark.parametrize("waive", [True, False])
def test_together_is_as_one_after_the_other(cast, street, order, monkeypatch, waive):
    make.cancellation_rule(charge_percent=50, pay_percent=25, basis=PolicyBasis.VISIT, initiator=Initiator.OFFICE)
    one_by_one, together = street("a"), street("b")
    wish = {"waive_fee": waive, "fee_reason": "Snow day" if waive else ""}
    before = highest()
    run = order(together, **wish)
    assert finish(run) == 1
    of_all = written(before)
    monkeypatch.setattr(bulk_kinds, "AT_ONCE", 1)
    before = highest()
    run = order(one_by_one, **wish)
    assert finish(run) == 4
    assert of_all == written(before)
    assert figures(together) == figures(one_by_one)
    log, mails, _home, notes = of_all
    assert [len(x) for x in (mails, notes)] == [4 + 2, 1]  # the sitters have one each
    assert sum("job.cancelled" in line for line in log) == 8
    assert sum("superseded" in line for line in log) == 1


def test_pieces_are_whole_clients_up_to_a_number_of_visits(street, order, monkeypatch):
    visits = street("a")
    monkeypatch.setattr(bulk_kinds, "AT_ONCE", 5)  # two clients' four, and no half of a third
    run = order(visits)
    assert bulk.work(run.id)
    assert run.n_done == 4
    monkeypatch.setattr(bulk_kinds, "AT_ONCE", 4)
    assert finish(run) == 1
    assert (run.state, run.n_done, run.failures) == (BulkState.DONE, 8, [])


def test_a_client_with_more_than_a_pieces_visits_is_one_piece(cast, order, monkeypatch):
    monkeypatch.setattr(bulk_kinds, "AT_ONCE", 2)
    alice = [make.job(cast.alice, cast.walk, on_date=FRI, start_time=dt.time(hour)) for hour in range(8, 12)]
    run = order([*alice, make.job(cast.bob, cast.walk, on_date=FRI)])
    assert bulk.work(run.id)
    assert run.n_done == 4
    assert not bulk.work(run.id)


def test_what_is_refused_for_one_leaves_the_other_clients_done(street, order, outbox, db_session):
    visits = street("a")
    visits[3].state = JobState.IN_PROGRESS
    run = order(visits)
    gone = visits[5].id
    db_session.execute(sa.delete(Job).where(Job.id == gone))
    db_session.commit()
    finish(run)
    assert [(f["job_id"], f["why"] % f["values"]) for f in run.failures] == [
        (visits[3].id, "This visit is in progress. Nothing was changed."),
        (gone, "This visit no longer exists."),
    ]
    assert (run.state, run.n_done) == (BulkState.DONE, 6)
    assert len(outbox.mails(MailKind.VISIT_CANCELLED)) == 4
    assert [v.client_name for v in outbox.facts(MailKind.SITTER_CHANGES, to="sam@example.com").gone] == [
        f"{name} Street" for name in NAMES
    ]


@pytest.mark.parametrize("broken", NAMES)
def test_what_breaks_for_one_client_is_listed_alone(app, cast, street, order, outbox, monkeypatch, db_session, broken):
    visits = street("a")
    run = order(visits)
    real = cancel_news.note_hooks.follow

    def breaks(jobs, **more):
        if jobs[0].client.first_name == broken:
            raise ZeroDivisionError
        return real(jobs, **more)

    monkeypatch.setattr(cancel_news.note_hooks, "follow", breaks)
    tasks.orders.bulk_orders(app)
    db_session.expire_all()
    theirs = [v for v in visits if v.client.first_name == broken]
    assert [(f["job_id"], f["why"]) for f in run.failures] == [
        (v.id, "Something went wrong with this visit. Nothing was changed.") for v in theirs
    ]
    assert {v.state for v in theirs} == {JobState.SCHEDULED}
    assert (run.state, run.n_done) == (BulkState.DONE, 6)
    sams = outbox.facts(MailKind.SITTER_CHANGES, to="sam@example.com")
    assert [v.client_name for v in sams.gone] == [f"{name} Street" for name in NAMES if name != broken]


def test_two_orders_about_the_same_clients_at_once_never_wait_in_a_ring(app, street, order, together, db_session):
    visits = street("a")
    runs = [order(visits[::2]), order(visits[1::2]), order(visits)]
    ids = [run.id for run in runs]

    def worker(run_id):
        while bulk.work(run_id):
            db.session.commit()

    together(*(lambda i=i: worker(i) for i in ids))
    db_session.expire_all()
    assert {v.state for v in visits} == {JobState.CANCELLED}
    assert sum(run.n_done for run in runs) == 8
    assert {run.state for run in runs} == {BulkState.DONE}


def test_the_clients_of_a_piece_are_asked_for_together(cast, order):
    """Statements of a piece do not grow with its clients, but for the visits' own rows, which are versioned."""

    def n_of(n_clients):
        visits = [
            make.job(make.client("No", str(n), email=f"{n_clients}.{n}@example.com"), cast.walk, sitter=cast.sam, on_date=FRI)
            for n in range(n_clients)
        ]  # fmt: skip
        run = order(visits)
        with statements() as seen:
            bulk.work(run.id)
        assert run.n_done == n_clients
        return len(seen)

    n_of(3)
    assert n_of(12) - n_of(4) == 8
