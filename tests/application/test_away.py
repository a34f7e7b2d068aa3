"""What a page stands on is not there: a sentence, 503 and when to try again; never a stack trace, and nothing half done."""

import errno

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import InterfaceError, OperationalError, PendingRollbackError

from foundation.db import db
from foundation.storage import StoreAwayError

AWAY = {
    "the database does not answer": OperationalError("SELECT secret", {}, Exception("server closed the connection")),
    "the connection broke": InterfaceError("SELECT secret", {}, Exception("closed"), connection_invalidated=True),
    "it broke before": PendingRollbackError("Can't reconnect until invalid transaction is rolled back"),
    "the disk is full": OSError(errno.ENOSPC, "No space left on device"),
    "the quota is used up": OSError(errno.EDQUOT, "Disk quota exceeded"),
    "the file store is away": StoreAwayError("cannot write"),
}


def breaks(app, monkeypatch, problem):
    def view():
        raise problem

    monkeypatch.setitem(app.view_functions, "healthz", view)


@pytest.mark.parametrize("problem", AWAY.values(), ids=AWAY.keys())
def test_who_meets_it_reads_a_sentence_and_when_to_try_again(app, http, monkeypatch, problem):
    breaks(app, monkeypatch, problem)
    answer = http().get("/healthz")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "We are busy for a moment" in answer.text
    assert "Nothing that you saved before is lost." in answer.text
    assert not any(words in answer.text for words in ("Traceback", "secret", "server closed", "No space", "reconnect"))


@pytest.mark.parametrize("asks_again", [False, True])
def test_a_connection_that_breaks_under_a_request_is_a_page_or_a_sentence(app, http, monkeypatch, asks_again):
    if db.engine.dialect.name == "sqlite":
        return
    others = sa.create_engine(db.engine.url, poolclass=sa.NullPool)

    def view():
        of_server = db.session.scalar(sa.text("SELECT pg_backend_pid()"))
        with others.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": of_server})
        if asks_again:
            db.session.execute(sa.text("SELECT 1"))
        return "ready"

    with monkeypatch.context() as patch:
        patch.setitem(app.view_functions, "healthz", view)
        answer = http().get("/healthz")
    assert (answer.status_code, answer.text == "ready") == ((503, False) if asks_again else (200, True))
    assert http().get("/healthz").status_code == 200


def test_another_refusal_of_the_machine_is_a_fault_of_ours(app, http, monkeypatch):
    monkeypatch.setitem(app.config, "PROPAGATE_BUGS", False)
    breaks(app, monkeypatch, PermissionError(errno.EACCES, "Permission denied"))
    answer = http().get("/healthz")
    assert (answer.status_code, "Permission denied" in answer.text) == (500, False)
    breaks(app, monkeypatch, InterfaceError("SELECT secret", {}, Exception("no such type")))
    assert http().get("/healthz").status_code == 500
