"""The queue and the timed work: what wakes the worker, what each task does, and that doing it twice is doing it once."""

import datetime as dt
import logging
import sqlite3

import pytest
import sqlalchemy as sa
from huey import PostgresHuey
from huey.api import PeriodicTask

from application import tasks
from application.config import ConfigError
from foundation import clock
from foundation.db import db
from mailer.examples import PREVIEWS
from models import (
    Activity,
    ActorKind,
    FormKey,
    Job,
    JobRequest,
    LineState,
    LoginAttempt,
    Notification,
    OutboxMail,
    Setting,
)
from tests import factories
from workflows import cancelling, changing, job_requests, jobs, outbox, sending, settings
from workflows.mail_facts import MailKind
from workflows.wanted import Wanted


@pytest.fixture
def woken(app, monkeypatch):
    """How often the worker was woken."""
    calls = []
    monkeypatch.setitem(app.extensions, "nudge", lambda: calls.append(1))
    return calls


def queue_mail():
    return outbox.queue_mail(MailKind.VISITS_BOOKED, PREVIEWS[MailKind.VISITS_BOOKED], to="alice@example.com")


def now_plus(**span):
    return clock.now() + dt.timedelta(**span)


# ------------------------------------------------------------------------------------------------------- the nudge


def test_a_commit_with_a_mail_wakes_the_worker_once(woken):
    queue_mail()
    queue_mail()
    assert woken == []
    db.session.commit()
    db.session.commit()
    assert woken == [1]


def test_a_commit_without_a_mail_and_a_rollback_wake_nobody(woken):
    factories.client()
    db.session.commit()
    queue_mail()
    db.session.flush()
    db.session.rollback()
    factories.client()
    db.session.commit()
    assert woken == []


def test_a_savepoint_is_no_commit(woken):
    queue_mail()
    with db.session.begin_nested():
        factories.client()
    assert woken == []
    with pytest.raises(ZeroDivisionError), db.session.begin_nested():
        raise ZeroDivisionError
    db.session.commit()
    assert woken == [1]


def test_a_queue_that_is_broken_does_not_break_the_request(app, monkeypatch, caplog):
    def broken():
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setitem(app.extensions, "nudge", broken)
    mail = queue_mail()
    db.session.commit()
    assert db.session.get(OutboxMail, mail.id) is not None
    assert "the worker could not be woken" in caplog.text


def test_the_nudge_puts_a_task_into_the_queue_and_the_task_delivers(app, server, queue):
    huey = app.extensions["huey"]
    huey.storage.flush_all()
    queue()
    (task,) = huey.pending()
    assert task.name == "nudge"
    huey.execute(huey.dequeue())
    assert len(server.letters) == 1
    assert huey.pending() == []


# ------------------------------------------------------------------------------------------------------- the queue


def test_the_default_queue_is_a_signed_file_beside_the_database(tmp_path):
    config = {"DATA_DIR": str(tmp_path), "SECRET_KEY": "x" * 40}
    huey, other = tasks.queue.make_huey(config), tasks.queue.make_huey({**config, "SECRET_KEY": "y" * 40})
    (synchronous,) = huey.storage.sql("PRAGMA synchronous", results=True)[0]
    (mode,) = huey.storage.sql("PRAGMA journal_mode", results=True)[0]
    assert (synchronous, mode) == (1, "wal")
    assert not huey.immediate
    other.task(name="forged")(print)()
    with pytest.raises(ValueError, match="mismatch"):
        huey.dequeue()


def test_a_broken_queue_file_is_set_aside(tmp_path, caplog):
    file = tmp_path / "queue.db"
    file.write_bytes(b"this is no database, and it is longer than the head of one" * 40)
    huey = tasks.queue.make_huey({"DATA_DIR": str(tmp_path), "SECRET_KEY": "x" * 40})
    assert huey.pending_count() == 0
    assert (tmp_path / "queue.db.broken").exists()
    assert "the queue file is broken" in caplog.text


@pytest.mark.postgres
def test_postgresql_can_hold_the_queue_and_its_tables_are_made_once(postgres_url):
    config = {"QUEUE_URL": postgres_url, "SECRET_KEY": "x" * 40}
    first, second = tasks.queue.make_huey(config), tasks.queue.make_huey(config)
    assert isinstance(first, PostgresHuey)
    first.task(name="hello")(print)()
    assert second.pending_count() == 1
    second.storage.flush_all()
    first.storage.close()
    second.storage.close()


def test_a_queue_server_that_is_away_does_not_keep_the_web_from_starting(caplog):
    huey = tasks.queue.make_huey(
        {"QUEUE_URL": "postgresql://127.0.0.1:1/none?connect_timeout=1", "SECRET_KEY": "x" * 40}
    )
    assert isinstance(huey, PostgresHuey)
    assert "the queue's tables could not be made now" in caplog.text


def test_an_unknown_queue_address_is_refused():
    with pytest.raises(ConfigError, match="QUEUE_URL"):
        tasks.queue.make_huey({"QUEUE_URL": "amqp://rabbit", "SECRET_KEY": "x" * 40})


def test_redis_is_spoken_to_when_the_queue_address_says_so():
    assert (
        type(tasks.queue.make_huey({"QUEUE_URL": "redis://127.0.0.1:1", "SECRET_KEY": "x" * 40})).__name__
        == "RedisHuey"
    )


#: done each minute
MINUTELY = {
    "auto_submit", "bring_in", "bulk_orders", "deliver_hooks", "draw_papers", "make_archives", "reconcile_payments",
    "send_mails", "show_life", "watch_visits",
}  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        (dt.datetime(2026, 11, 23, 12, 1), set()),
        (
            dt.datetime(2026, 11, 23, 12, 5),
            {
                "back_up", "check_backup", "evening_schedules", "expire_changes", "forget_removed_files", "send_data_digest",
                "send_master_schedule",
            },
        ),
        (dt.datetime(2026, 11, 23, 3, 17), {"clean_up", "make_repeating_visits"}),
        (dt.datetime(2026, 11, 23, 4, 41), {"compare_books"}),
    ],
)  # fmt: skip
def test_what_is_done_when(app, moment, due):
    found = app.extensions["huey"].read_periodic(moment)
    assert sorted(t.name for t in found) == sorted(MINUTELY | due)
    assert all(isinstance(t, PeriodicTask) and t.expires == tasks.STALE for t in found)


# ------------------------------------------------------------------------------------------------------- the tasks


@pytest.fixture
def baskets(cast):
    """Alice's and Bob's baskets, forgotten for a day and a minute."""
    factories.basket(cast.alice, cast.walk, n_lines=2, pets=[cast.biscuit])
    db.session.execute(
        sa.update(JobRequest).where(JobRequest.submitted_at.is_(None)).values(changed_at=now_plus(hours=-25))
    )
    db.session.commit()


def requests_of(client):
    db.session.rollback()
    return list(
        db.session.scalars(
            sa.select(JobRequest).where(JobRequest.client_id == client.id, JobRequest.number.is_not(None))
        )
    )


@pytest.mark.usefixtures("baskets")
def test_forgotten_baskets_are_sent_once_however_often_it_is_tried(app, cast, outbox):
    assert tasks.visits.auto_submit(app) == 2
    assert tasks.visits.auto_submit(app) == 0
    (request,) = requests_of(cast.alice)
    assert {(line.state, line.auto_submitted) for line in request.lines} == {(LineState.SUBMITTED, True)}
    told = {m.to_address for m in outbox.mails(MailKind.REQUEST_AUTO_SUBMITTED)}
    assert (told, len(outbox.mails(MailKind.REQUEST_AUTO_SUBMITTED))) == ({"alice@example.com", "bob@example.com"}, 2)


@pytest.mark.usefixtures("baskets")
def test_two_workers_send_a_forgotten_basket_once(app, cast, outbox, together):
    assert (
        sum(
            together(
                lambda: tasks.visits.auto_submit(app),
                lambda: tasks.visits.auto_submit(app),
                lambda: tasks.visits.auto_submit(app),
            )
        )
        == 2
    )
    assert len(requests_of(cast.alice)) == 1
    assert len(outbox.mails(MailKind.REQUEST_AUTO_SUBMITTED)) == 2


@pytest.mark.usefixtures("baskets")
def test_a_basket_that_fails_is_rolled_back_and_the_next_is_sent(app, cast, outbox, monkeypatch, caplog):
    send, first = sending.auto_submit, sending.auto_submit_due()[0]
    db.session.rollback()

    def fails_for_the_first(client):
        sent = send(client)
        if client.id == first:
            raise ZeroDivisionError
        return sent

    monkeypatch.setattr(sending, "auto_submit", fails_for_the_first)
    assert tasks.visits.auto_submit(app) == 1
    db.session.rollback()
    (mail,) = outbox.mails(MailKind.REQUEST_AUTO_SUBMITTED)
    assert {first, mail.client_id} == {cast.alice.id, cast.bob.id}
    assert f"the basket of client {first} could not be sent" in caplog.text


@pytest.mark.usefixtures("baskets")
def test_with_the_clock_switched_off_no_basket_is_sent(app, cast):
    db.session.add(Setting(key="portal.auto_submit_hours", value=None))
    db.session.commit()
    assert tasks.visits.auto_submit(app) == 0


def test_evening_schedules_are_queued_once_an_evening(app, cast, outbox, clock_at, together):
    factories.job(cast.alice, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 11, 24), pets=[cast.biscuit])
    db.session.commit()
    clock_at("2026-11-23 17:55")
    assert tasks.mails.evening_schedules(app) == 0
    clock_at("2026-11-23 18:00")
    together(lambda: tasks.mails.evening_schedules(app), lambda: tasks.mails.evening_schedules(app))
    tasks.mails.evening_schedules(app)
    mail = outbox.one(MailKind.SITTER_SCHEDULE)
    assert (mail.to_address, mail.facts["for_date"]) == ("sam@example.com", "2026-11-24")


def test_old_keys_and_tries_are_dropped_at_night(app):
    factories.form_key("old" * 8, used_at=now_plus(days=-8))
    factories.form_key("new" * 8)
    factories.login_attempt(at=now_plus(days=-3))
    factories.login_attempt()
    db.session.commit()
    tasks.tidying.clean_up(app)
    db.session.rollback()
    assert [k.key for k in db.session.scalars(sa.select(FormKey))] == ["new" * 8]
    assert [a.at for a in db.session.scalars(sa.select(LoginAttempt))] == [clock.now()]


def test_a_unit_of_work_commits_or_rolls_back_and_reads_the_settings_afresh(app):
    settings.read()
    db.session.add(Setting(key="business.time_zone", value="Europe/Berlin"))
    db.session.commit()
    with tasks.unit_of_work(app):
        assert clock.zone().key == "Europe/Berlin"
        factories.client("Kept")

    def fail_half_way():
        with tasks.unit_of_work(app):
            factories.client("Lost")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_half_way()
    assert [c.first_name for c in db.session.scalars(sa.select(factories.Client))] == ["Kept"]


def test_a_task_that_fails_is_logged_and_kills_no_worker(app, monkeypatch, caplog):
    monkeypatch.setattr(tasks.mails.deliver, "drain", lambda *_a, **_k: 1 // 0)
    tasks._quietly(tasks.mails.send_mails, app)
    (record,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert record.getMessage() == "task send_mails failed; it is tried again at its next time"
    assert record.exc_info[0] is ZeroDivisionError


# ------------------------------------------------------------------------------------ the whole way, to the letter box


@pytest.mark.covers("B6")
@pytest.mark.usefixtures("business")
def test_sending_a_request_tells_client_copies_and_office_in_one_transaction(app, cast, server, drain):
    factories.client_contact(cast.alice, "Kim", email="kim@example.com", receives_copies=True)
    factories.client_contact(cast.alice, "Uncle", email="uncle@example.com", is_emergency=True)
    db.session.add(Setting(key="business.admin_inbox", value="inbox@maple.example"))
    basket = factories.basket(cast.alice, cast.walk, n_lines=2, pets=[cast.biscuit], start_time=factories.NOON)
    db.session.commit()
    settings.forget()
    waiting, n_jobs = job_requests.n_clients_waiting(), count(Job)

    sending.submit(cast.alice, actor=cast.as_alice)
    db.session.rollback()
    assert drain() == 0
    assert (job_requests.n_clients_waiting(), count(Notification), server.letters) == (waiting, 0, [])

    number = sending.submit(cast.alice, actor=cast.as_alice).request.number
    db.session.commit()
    assert drain() == 1
    (letter,) = server.letters
    assert sorted(letter.recipients) == ["alice@example.com", "inbox@maple.example", "kim@example.com"]
    assert letter.message["To"] == "alice@example.com"
    assert letter.message["Subject"] == f"We have your request {number}"
    words = " ".join(letter.part("plain").split())
    assert "They are requested, not booked yet. Maple Lane Pet Care looks at it next and writes to you" in words
    assert "Dog walk Thu, Nov 26, 12:00 PM Pets: Biscuit" in words
    assert {line.state for line in basket.lines} == {LineState.SUBMITTED}
    assert count(Job) == n_jobs
    assert job_requests.n_clients_waiting() == waiting + 1
    (line,) = db.session.scalars(sa.select(Notification))
    assert (line.client_id, line.request_id) == (cast.alice.id, basket.id)
    (entry,) = db.session.scalars(sa.select(Activity).where(Activity.client_id == cast.alice.id))
    assert (entry.verb, entry.actor_kind, entry.at) == ("job_request.submitted", ActorKind.CLIENT, clock.now())


@pytest.mark.covers("B16")
@pytest.mark.usefixtures("business")
def test_sitters_hear_of_near_visits_at_once_and_of_others_in_the_evening(app, cast, server, drain, clock_at):
    def letters():
        drain()
        found = [(x.recipients, str(x.message["Subject"])) for x in server.letters]
        server.letters.clear()
        return found

    def book(day, hour, sitter):
        wanted = Wanted(cast.walk, dates=[dt.date(2026, 11, day)], start_time=dt.time(hour), pets=[cast.biscuit])
        (job,) = jobs.book(cast.alice, wanted, sitter=sitter, actor=cast.as_olivia, mail_client=False)
        return job

    def change(job, **more):
        same = {
            "item": job.service_item, "on_date": job.on_date, "start_time": job.start_time, "block": None,
            "sitter": job.sitter, "pets": list(job.pets), **more,
        }  # fmt: skip
        changing.change(job, changing.Change(**same), actor=cast.as_olivia)

    near, far = book(25, 9, cast.sam), book(30, 9, cast.sam)
    assert letters() == [(["sam@example.com"], "New visit: Alice Archer, Wed, Nov 25")]
    change(near, start_time=dt.time(10))
    assert letters() == [(["sam@example.com"], "Visit moved: Alice Archer, now Wed, Nov 25")]
    change(near, sitter=cast.sita)
    assert sorted(letters()) == [
        (["sam@example.com"], "No longer yours: Alice Archer, Wed, Nov 25"),
        (["sita@example.com"], "New visit: Alice Archer, Wed, Nov 25"),
    ]
    cancelling.cancel([near], actor=cast.as_olivia, mail_client=False)
    assert letters() == [(["sita@example.com"], "Visit cancelled: Alice Archer, Wed, Nov 25")]
    change(far, start_time=dt.time(11))
    assert letters() == []

    clock_at("2026-11-23 18:00")
    db.session.commit()
    tasks.mails.evening_schedules(app)
    drain()
    (sam,) = [x for x in server.letters if x.recipients == ["sam@example.com"]]
    words = " ".join(sam.part("plain").split())
    assert "Changed since yesterday evening:" in words
    assert "Dog walk, Mon, Nov 30, 9:00 AM" in words
    assert "Dog walk, Mon, Nov 30, 11:00 AM" in words


def count(kind):
    return db.session.scalar(sa.select(sa.func.count()).select_from(kind))
