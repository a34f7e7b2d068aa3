"""Who holds a mail while it is being sent, and what happens when time, patience or the worker runs out."""

import datetime as dt

import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from mailer import deliver, render, smtp
from models import MailState, Notification, OutboxMail, Setting
from tests.mails.beside import states
from workflows import settings

pytestmark = pytest.mark.usefixtures("business")


def fresh(mail):
    db.session.expire_all()
    return db.session.get(OutboxMail, mail.id)


def now_plus(**span):
    return clock.now() + dt.timedelta(**span)


def test_a_claimed_mail_is_nobody_elses_until_its_lease_is_over(queue, clock_at):
    mail = queue()
    (mine,) = deliver.claim("one")
    assert (mine.id, mine.locked_by, mine.attempts) == (mail.id, "one", 1)
    assert mine.locked_until == now_plus(minutes=10)
    assert deliver.claim("two") == []
    clock_at(now_plus(minutes=10, seconds=1))
    (again,) = deliver.claim("two")
    assert (again.id, again.attempts) == (mail.id, 2)


def test_only_the_holder_of_the_lease_writes_the_result(queue, clock_at):
    mail = queue()
    (mine,) = deliver.claim("one")
    clock_at(now_plus(minutes=11))
    (theirs,) = deliver.claim("two")
    assert not deliver.finish(mine, "one", state=MailState.FAILED, last_error="late")
    assert (fresh(mail).state, fresh(mail).locked_by) == (MailState.SENDING, "two")
    assert list(db.session.scalars(sa.select(Notification))) == []
    assert deliver.finish(theirs, "two", state=MailState.SENT)
    assert not deliver.finish(theirs, "two", state=MailState.QUEUED)
    assert fresh(mail).state is MailState.SENT


def test_a_mail_is_not_begun_when_its_lease_is_nearly_over(server, queue, drain, monkeypatch, clock_at):
    mails = [queue(to=f"c{n}@example.com") for n in range(3)]

    def slow(mail):
        clock_at(now_plus(minutes=8, seconds=1))
        return render.render(mail)

    def counted(worker):
        mails = claim(worker)
        claims.append(len(mails))
        return mails

    claim, claims = deliver.claim, []
    monkeypatch.setattr(deliver, "claim", counted)
    monkeypatch.setattr(deliver, "render_for_sending", slow)
    assert drain() == 3
    assert claims == [3, 2, 1]  # the others went back and were claimed afresh
    assert {fresh(m).attempts for m in mails} == {1}


def test_a_mail_whose_every_try_killed_the_worker_is_given_up(server, queue, drain, clock_at):
    mail = queue()
    for n in range(8):
        (claimed,) = deliver.claim(f"dies {n}")
        clock_at(now_plus(minutes=11))
    assert claimed.attempts == 8
    assert drain() == 0
    assert (fresh(mail).state, server.letters) == (MailState.FAILED, [])
    assert fresh(mail).last_error == "the worker stopped in the middle of every try"


def test_a_worker_that_is_stopped_puts_back_what_it_has_not_begun(server, queue, drain):
    mails = [queue(to=f"c{n}@example.com") for n in range(5)]
    assert drain(should_stop=lambda: len(server.letters) >= 2) == 2
    assert states() == {"sent": 2, "queued": 3}
    assert {fresh(m).attempts for m in mails[2:]} == {0}


def test_a_worker_that_is_interrupted_leaves_nothing_locked(server, queue, drain, monkeypatch):
    mails = [queue(to=f"c{n}@example.com") for n in range(3)]

    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(smtp.SafeConnection, "deliver", interrupted)
    with pytest.raises(KeyboardInterrupt):
        drain()
    rows = [fresh(m) for m in mails]
    assert {(r.state, r.locked_by) for r in rows} == {(MailState.QUEUED, None)}
    assert [r.attempts for r in rows] == [1, 0, 0]


def test_what_a_round_held_when_the_database_went_away_is_due_at_the_next(server, queue, drain, monkeypatch):
    mails = [queue(to=f"c{n}@example.com") for n in range(4)]
    beside = queue(to="other@example.com")
    db.session.execute(
        sa.update(OutboxMail)
        .where(OutboxMail.id == beside.id)
        .values(state=MailState.SENDING, locked_by="another worker", locked_until=now_plus(minutes=5))
    )
    finish, n_written = deliver.finish, []

    def gone_after_one(mail, worker, **values):
        if n_written:
            raise sa.exc.OperationalError("UPDATE outbox_mail", {}, ConnectionError("gone"))
        n_written.append(mail.id)
        return finish(mail, worker, **values)

    with monkeypatch.context() as patch:
        patch.setattr(deliver, "finish", gone_after_one)
        with pytest.raises(sa.exc.OperationalError):
            drain()
    assert states() == {"sent": 1, "sending": 4}
    assert drain() == 3  # no lease has ended: the clock stands still
    assert states() == {"sent": 4, "sending": 1}
    assert fresh(beside).locked_by == "another worker"
    # The second had gone out when its result could not be written: it came again, as the same mail.
    ids = [x.message["Message-ID"] for x in server.letters]
    assert sorted(ids.count(fresh(m).message_id) for m in mails) == [1, 1, 1, 2]
    assert sorted(fresh(m).attempts for m in mails) == [1, 2, 2, 2]


def test_settings_that_changed_meanwhile_count_for_the_next_batch(server, queue, drain):
    queue()
    drain()
    db.session.merge(Setting(key="business.name", value="Mill Road Pets"))
    queue()
    drain()
    assert [str(x.message["From"]) for x in server.letters] == [
        "Maple Lane Pet Care <post@maple.example>", "Mill Road Pets <post@maple.example>",
    ]  # fmt: skip
    settings.forget()
