"""The same things at the same moment at two web servers and in two workers; and servers and workers that are told to go."""

import contextlib
import datetime as dt
import http.client
import signal
import socket
import sys
import threading
from collections import Counter

import psutil
import pytest
import sqlalchemy as sa

from foundation import clock
from foundation.db import db
from mailer import deliver
from models import (
    InvoiceState,
    Job,
    JobRequest,
    JobRequestLine,
    LineState,
    MailState,
    OutboxMail,
    Payment,
    VisitAlert,
)
from tests import factories, issued, money_world
from tests.databases import count
from tests.mails.beside import queue_mails
from tests.scale.town import eventually, quiet, token
from workflows.billing import books
from workflows.mail_facts import MailKind

pytestmark = [pytest.mark.own_postgres, pytest.mark.redis]


def mails(client, kind):
    return count(OutboxMail, OutboxMail.client_id == client.id, OutboxMail.kind == kind.value)


@pytest.fixture
def basket(newcomer, cast, day):
    """`basket()`: a newcomer with two visits in a basket that is a day old."""

    def make():
        client, pet = newcomer()
        request = factories.basket(client, cast.walk, n_lines=2, first_on=day, pets=[pet])
        request.changed_at = clock.now() - dt.timedelta(hours=25)
        db.session.commit()
        return client, request.public_id

    return make


@pytest.fixture
def both(town, visitor):
    """`both("portal", address)`: two browsers of this person, one at each server, with their ports."""

    def make(realm, name):
        found = []
        for port in (town.a, town.b):
            browser = visitor()
            assert browser.log_in(port, realm, name, factories.PASSWORD).status == 200
            found.append((browser, port))
        return found

    return make


@pytest.mark.covers("B6", "B8")
@pytest.mark.parametrize("with_the_clock", [False, True])
def test_send_at_both_servers_while_the_workers_send_forgotten_baskets_is_one_request(
    town, basket, both, together, with_the_clock
):
    client, shown = basket()
    tabs = [
        (browser, port, token(browser.get(port, "/portal/request"))) for browser, port in both("portal", client.email)
    ]

    def press(browser, port, csrf):
        return lambda: browser.ask(port, "/portal/request/submission", {"csrf_token": csrf, "basket": shown}).status

    def wake():
        for _ in range(4):
            town.app.extensions["tasks"]["auto_submit"]()

    answers = together(*[press(*tab) for tab in tabs], *([wake] if with_the_clock else []))
    assert set(answers[:2]) <= {200, 302, 303}, answers
    quiet(town)
    assert count(JobRequest, JobRequest.client_id == client.id, JobRequest.number.is_not(None)) == 1
    assert (
        count(JobRequestLine, JobRequestLine.client_id == client.id, JobRequestLine.state == LineState.SUBMITTED) == 2
    )
    assert len(town.mails_to(client.email)) == count(OutboxMail, OutboxMail.client_id == client.id) == 1


@pytest.mark.covers("C4")
@pytest.mark.parametrize("round_", range(3))
def test_office_schedules_at_one_server_while_the_client_cancels_at_the_other_and_one_wins(
    town, cast, newcomer, both, together, day, round_
):
    client, pet = newcomer()
    request = factories.sent_request(client, cast.walk, first_on=day, pets=[pet])
    db.session.commit()
    line = request.lines[0]
    (nora, a), _ = both("portal", client.email)
    _, (olivia, b) = both("office", cast.olivia.email)
    path = f"/portal/requests/lines/{line.public_id}/cancellation"
    for_nora, for_olivia = token(nora.get(a, path)), token(olivia.get(b, f"/admin/job-requests/{client.id}/"))
    asked = {"csrf_token": for_olivia, "line": line.id, f"sitter-{line.id}": cast.sam.id}
    answers = together(
        lambda: nora.ask(a, path, {"csrf_token": for_nora}).status,
        lambda: olivia.ask(b, f"/admin/job-requests/{client.id}/scheduling", asked).status,
    )
    assert max(answers) < 500, answers
    quiet(town)
    state = db.session.get(JobRequestLine, line.id, populate_existing=True).state
    won, lost = MailKind.REQUEST_CANCELLED, MailKind.JOB_SCHEDULED
    if state is LineState.SCHEDULED:
        won, lost = lost, won
    assert (state, count(Job, Job.request_line_id == line.id)) in {(LineState.CANCELLED, 0), (LineState.SCHEDULED, 1)}
    assert (mails(client, won), mails(client, lost)) == (1, 0)


@pytest.mark.covers("M5", "P2")
def test_paying_at_both_servers_at_the_same_moment_takes_the_money_once(town, newcomer, both, together):
    client, _pet = newcomer()
    invoice = issued.invoice(client, 40, due=0)
    db.session.commit()
    before = len(sales(town))
    forms = []
    for browser, port in both("portal", client.email):
        page = browser.get(port, f"/portal/pay?invoice={invoice.public_id}")
        forms.append((browser, port, page.form("/portal/pay").filled(method="card", nonce="fake-valid-visa-nonce")))
    answers = together(*[lambda b=b, p=p, f=f: b.ask(p, "/portal/pay", f).status for b, p, f in forms])
    assert set(answers) <= {302, 303, 422}, answers
    db.session.expire_all()
    assert count(Payment, Payment.client_id == client.id) == 1
    assert len(sales(town)) - before == 1
    assert invoice.state is InvoiceState.PAID
    assert books.check() == []
    quiet(town)
    assert mails(client, MailKind.PAYMENT_RECEIPT) == 1


def sales(town):
    """The charges that the gateway, at the other end of the line, took money for."""
    with town.gateway.store.begin() as kept:
        return [d for d in kept.created("transaction") if d["type"] == "sale" and d["status"] not in money_world._GONE]


def test_every_timed_task_four_times_in_two_workers_does_its_work_once(town, cast, basket, newcomer):
    """Each worker has a clock of its own, so each task is due in both; here all of them are, at the same moment."""
    forgotten = [basket()[0] for _ in range(4)]
    late, pet = newcomer()
    job = factories.job(late, cast.walk, sitter=cast.sam, pets=[pet], on_date=clock.today() - dt.timedelta(days=1))
    db.session.commit()
    for _ in range(4):
        for name, task in town.app.extensions["tasks"].items():
            if not name.endswith("nudge"):
                task()
    eventually(lambda: town.app.extensions["huey"].pending_count() == 0, town)
    numbers = sa.select(JobRequest.client_id).where(JobRequest.number.is_not(None))
    ids = [client.id for client in forgotten]
    eventually(lambda: sorted(i for i in db.session.scalars(numbers) if i in ids) == sorted(ids), town)
    eventually(lambda: count(VisitAlert, VisitAlert.job_id == job.id) >= 1, town)
    quiet(town)
    for client in forgotten:
        assert (len(town.mails_to(client.email)), mails(client, MailKind.REQUEST_AUTO_SUBMITTED)) == (1, 1)
    assert town.complaints() == []


def test_a_worker_that_is_told_to_go_gives_its_mails_to_the_other(town):
    quiet(town)
    town.postbox.silence = 0.02
    before = len(town.postbox.letters)
    wanted = queue_mails(60)
    for _ in range(2):
        town.app.extensions["tasks"]["sweep"]()
    eventually(lambda: len(town.postbox.letters) >= before + 8, town)
    assert town.stop("worker-1") == 0
    held = count(OutboxMail, OutboxMail.state == MailState.SENDING, OutboxMail.locked_by.like("%"))
    assert held <= deliver.BATCH, "only what the other one has in hand"
    town.app.extensions["tasks"]["sweep"]()
    quiet(town)
    town.postbox.silence = 0
    times = Counter({i: n for i, n in town.postbox.by_id().items() if i in wanted})
    assert (set(times), set(times.values())) == (wanted, {1})
    town.start_worker("worker-1")


# ------------------------------------------------------------------------------------------------ restarts of the web


@pytest.fixture
def socket_of_the_machine():
    """A listening socket that outlives every web server, as systemd holds it."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        yield listening


@pytest.fixture
def start_behind(town, socket_of_the_machine):
    """`start_behind()`: gunicorn that is handed that socket, as `latchkey-web.socket` hands it."""

    def start():
        number = socket_of_the_machine.fileno()
        # What systemd does: the socket is number 3, and LISTEN_PID says for whom it is.
        handing = (
            f"import os, sys; os.dup2({number}, 3); os.set_inheritable(3, True); "
            "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); os.execv(sys.executable, sys.argv[1:])"
        )
        command = [
            sys.executable, "-c", handing, sys.executable, "-m", "gunicorn", "--config", "application/gunicorn_conf.py",
            "--log-level", "warning", "wsgi:app",
        ]  # fmt: skip
        town.start("restarted", *command, pass_fds=(number,), WEB_CONCURRENCY="1")
        town.wait_until_ready(socket_of_the_machine.getsockname()[1])
        return psutil.Process(town.processes["restarted"].pid)

    yield start
    if "restarted" in town.processes:
        town.stop("restarted")


class Crowd:
    """Visitors who ask again and again; each answer is kept, and so is what went wrong."""

    def __init__(self, port, n=3):
        self.port, self.answers, self.problems, self.enough = port, Counter(), [], threading.Event()
        self.threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(n)]

    def _ask(self):
        while not self.enough.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                connection.request("GET", "/portal/log-in")
                answer = connection.getresponse()
                whole = answer.read().rstrip().endswith(b"</html>")
                self.answers[answer.status, whole] += 1
            except (OSError, http.client.HTTPException) as problem:
                self.problems.append(repr(problem))
            finally:
                connection.close()
            self.enough.wait(0.05)  # so that those who load the program get on with it

    def n(self):
        return sum(self.answers.values())

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_problem):
        self.enough.set()
        for thread in self.threads:
            thread.join(90)


def children(master):
    with contextlib.suppress(psutil.NoSuchProcess):
        return {child.pid for child in master.children()}
    return set()


def test_reload_and_restart_under_load_lose_no_request(town, start_behind, socket_of_the_machine):
    """SIGHUP replaces the only worker; a full stop and a new start find the same socket with those who wait in it."""
    master = start_behind()
    old = children(master)
    with Crowd(socket_of_the_machine.getsockname()[1]) as crowd:
        eventually(lambda: crowd.n() > 20, town)
        master.send_signal(signal.SIGHUP)
        eventually(lambda: len(children(master)) > 1, town)
        # The old one goes on answering while the new one loads the program; held up, it does so long enough to be seen.
        (new,) = map(psutil.Process, children(master) - old)
        new.suspend()
        while_loading = crowd.n()
        eventually(lambda: crowd.n() > while_loading + 10, town)
        assert old <= children(master), "it went before the other could answer"
        new.resume()
        eventually(lambda: len(children(master)) == 1 and not children(master) & old, town)
        n_reloaded = crowd.n()
        eventually(lambda: crowd.n() > n_reloaded + 20, town)
        assert town.stop("restarted") == 0
        start_behind()
        n_restarted = crowd.n()
        eventually(lambda: crowd.n() > n_restarted + 20, town)
    assert crowd.problems == []
    assert set(crowd.answers) == {(200, True)}
