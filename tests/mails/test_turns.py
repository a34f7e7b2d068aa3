"""Work that comes in pieces lets others go on: after its turn, if somebody waits, it queues up behind them."""

import pytest
import sqlalchemy as sa

from application import tasks
from application.tasks import turns
from foundation.db import db
from models import ArchiveState, DataArchive, MailState, OutboxMail
from tests import connection_factories
from tests.databases import count
from workflows import archives

N_MAILS = 4


@pytest.fixture
def huey(app):
    """The queue, with nothing in it."""
    found = app.extensions["huey"]
    found.storage.flush_all()
    yield found
    found.storage.flush_all()


@pytest.fixture
def short_turns(monkeypatch):
    """Whoever has worked on one piece has worked long enough."""
    monkeypatch.setattr(turns, "TURN_SECONDS", 0)
    monkeypatch.setattr(turns, "LOOK_SECONDS", 0)


def waiting(huey):
    return [task.name for task in huey.pending()]


def test_a_turn_is_not_over_while_nobody_waits_or_before_its_time(app, huey, monkeypatch):
    turn = turns.Turn(app)
    app.extensions["papers_nudge"]()
    assert (turn.is_over(), turn.gave_way) == (False, False)
    monkeypatch.setattr(turns, "TURN_SECONDS", 0)
    assert turns.Turn(app).is_over() is True
    huey.storage.flush_all()
    assert turns.Turn(app).is_over() is False


def test_mails_go_on_to_the_last_while_nobody_waits(app, huey, short_turns, server, queue):
    for _ in range(N_MAILS):
        queue()
    huey.storage.flush_all()
    assert tasks.mails.send_mails(app) == N_MAILS
    assert waiting(huey) == []


def test_mails_give_way_to_what_waits_and_none_is_lost(app, huey, short_turns, server, queue, monkeypatch):
    for _ in range(N_MAILS):
        queue()
    huey.storage.flush_all()
    app.extensions["imports_nudge"]()
    assert tasks.mails.send_mails(app) < N_MAILS
    assert waiting(huey) == ["imports_nudge", "nudge"]
    assert count(OutboxMail, OutboxMail.state == MailState.SENDING) == 0, "nobody holds what is left"
    db.session.rollback()
    monkeypatch.setattr(turns, "TURN_SECONDS", 60)
    for _ in range(2):
        huey.execute(huey.dequeue())
    assert waiting(huey) == []
    assert (len(server.letters), count(OutboxMail, OutboxMail.state == MailState.SENT)) == (N_MAILS, N_MAILS)


def test_what_cannot_be_put_down_serves_those_who_wait_in_its_midst(
    app, cast, huey, short_turns, server, queue, monkeypatch
):
    """An archive is made out of one snapshot, by a worker of a single process; a mail need not wait for its end."""
    archives.order(with_files=True, actor=cast.as_olivia)
    queue()
    db.session.commit()
    huey.storage.flush_all()
    app.extensions["archives_nudge"]()
    app.extensions["nudge"]()
    states = []

    def noting(step):
        def noted(*args, **more):
            states.append(db.session.scalar(sa.select(OutboxMail.state)))
            return step(*args, **more)

        return noted

    for name in ("begin", "finish"):
        monkeypatch.setattr(archives, name, noting(getattr(archives, name)))
    huey.execute(huey.dequeue())
    assert states == [MailState.QUEUED, MailState.SENT]
    assert (waiting(huey), len(server.letters)) == ([], 1)
    db.session.rollback()
    assert db.session.scalar(sa.select(DataArchive.state)) is ArchiveState.DONE


def test_hooks_take_turns_too(app, huey, short_turns):
    connection_factories.switch_on()
    db.session.commit()
    huey.storage.flush_all()
    app.extensions["nudge"]()
    assert tasks.hooks.deliver_hooks(app) == 0
    assert waiting(huey) == ["nudge", "hooks_nudge"]


def test_a_queue_that_is_away_serves_nobody_and_ends_nothing(app, short_turns, monkeypatch, caplog):
    def away():
        raise OSError("refused")

    monkeypatch.setattr(app.extensions["huey"], "pending_count", lambda: 1)
    monkeypatch.setattr(app.extensions["huey"], "dequeue", away)
    turns.Turn(app).serve_others()
    assert "the queue gave nothing" in caplog.text


def test_a_queue_that_is_away_ends_no_turn(app, short_turns, monkeypatch, caplog):
    def away():
        raise OSError("refused")

    monkeypatch.setattr(app.extensions["huey"], "pending_count", away)
    assert turns.Turn(app).is_over() is False
    assert "the queue cannot be asked" in caplog.text
