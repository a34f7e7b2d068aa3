"""kill -9 of the web server, and of the worker with it, while clients send requests and 200 mails go out.

What a client was told is sent must be there, whole; of what nobody was told, there is all or nothing; no mail is lost.
"""

import datetime as dt
import http.client
import http.cookiejar
import os
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import (
    Activity,
    Job,
    JobRequest,
    JobRequestLine,
    LineState,
    Notification,
    NotificationKind,
    OutboxMail,
    Realm,
)
from models import Counter as Numbers
from sign_in import cookie_name
from tests import factories
from tests.loaded_python import Python
from tests.mails.beside import all_due_now, count_leases, count_states, kill, look, queue_mails, wait_until
from tests.own_servers import free_port
from workflows import access
from workflows.mail_facts import MailKind
from workflows.sign_ins import Browser

CLIENTS = 6
#: after how many answers each server is killed
KILLED_AFTER = (10, 15)


@pytest.fixture(autouse=True)
def _stopped_clock():
    """It runs here: other processes live in real time, so this one does too."""


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def serve(app, tmp_path, started, port):
    """`serve()` starts the real web server, as `make run` does, and returns when it answers."""

    def start():
        environment = {
            **os.environ, "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"], "DATA_DIR": str(tmp_path),
            "SECRET_KEY": app.config["SECRET_KEY"], "PUBLIC_URL": f"http://127.0.0.1:{port}",
        }  # fmt: skip
        server = Python(
            "-m", "gunicorn", "--config", "application/gunicorn_conf.py", "--log-level", "critical",
            "--bind", f"127.0.0.1:{port}", "wsgi:app", env=environment,
        )  # fmt: skip
        started.append(server)
        wait_until(lambda: server.poll() is None and answers(port))
        return server

    return start


def answers(port):
    try:
        return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"http://127.0.0.1:{port}/healthz").status == 200  # fmt: skip
    except OSError:
        return False


class Sender:
    """A client's browser that adds two visits and sends them, again and again, until nobody answers any more."""

    def __init__(self, app, client, item, pet, port):
        login = factories.client_login(client, email=client.email)
        db.session.flush()
        opened = access.log_in(Realm.CLIENT, login.email, factories.PASSWORD, browser=Browser("127.0.0.1"))
        db.session.commit()
        signer = app.session_interface.get_signing_serializer(app)
        self.cookie_name = cookie_name(app, Realm.CLIENT)
        self.cookie = signer.dumps(
            {"_user_id": f"{Realm.CLIENT.value}.{opened.token}", "_fresh": True, "_permanent": True}
        )
        self.url = f"http://127.0.0.1:{port}"
        self.item, self.pet = item.public_id, pet.public_id
        self.next_day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=10)
        #: numbers of the requests that the page said are sent
        self.told: list[int] = []
        self.problems: list[str] = []

    def browse(self):
        """A browser with the sign-in's cookie, and the request page."""
        jar = http.cookiejar.CookieJar()
        jar.set_cookie(
            http.cookiejar.Cookie(
                0,
                self.cookie_name,
                self.cookie,
                None,
                False,
                "127.0.0.1",
                True,
                False,
                "/",
                True,
                False,
                None,
                True,
                None,
                None,
                {},
            )
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
        with opener.open(self.url + "/portal/request", timeout=30) as page:
            return opener, page.read().decode()

    def send_until_nobody_answers(self, enough):
        """One request after the other; stops at the first broken connection, or when `enough` says so."""
        try:
            opener, page = self.browse()
            while not enough():
                page = self.send_one(opener, page)
        except urllib.error.HTTPError as answer:
            self.problems.append(f"{answer.code} {answer.url}")
        except (OSError, http.client.HTTPException):
            pass

    def send_one(self, opener, page):
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
        if not (basket := re.search(r'name="basket" value="([^"]+)"', page)):
            days = [(self.next_day + dt.timedelta(days=n)).isoformat() for n in range(2)]
            self.next_day += dt.timedelta(days=2)
            page = self.post(opener, "/portal/request", token, dates=days, service=self.item, pets=[self.pet])
            basket = re.search(r'name="basket" value="([^"]+)"', page)
        page = self.post(opener, "/portal/request/submission", token, basket=basket[1])
        self.told.append(int(re.search(r"Request (\d+) sent", page)[1]))
        with opener.open(self.url + "/portal/request", timeout=30) as form:
            return form.read().decode()

    def post(self, opener, path, token, **fields):
        data = urllib.parse.urlencode({"csrf_token": token, **fields}, doseq=True).encode()
        with opener.open(self.url + path, data, timeout=30) as page:
            return page.read().decode()


def send_and_kill(senders, server, worker, *, after):
    """Let all of them send at once, and kill the server and the worker when `after` of their requests are answered."""
    already = sum(len(s.told) for s in senders)
    killed = threading.Event()
    threads = [threading.Thread(target=s.send_until_nobody_answers, args=(killed.is_set,)) for s in senders]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while sum(len(s.told) for s in senders) < already + after:
        assert time.monotonic() < deadline, [s.problems for s in senders]
        time.sleep(0.002)
    kill(server)
    kill(worker)
    killed.set()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


def of_request(request):
    """All that belongs to one sent request, counted."""

    def n(kind, *where):
        return db.session.scalar(sa.select(sa.func.count()).select_from(kind).where(*where))

    lines = Counter(db.session.scalars(sa.select(JobRequestLine.state).where(JobRequestLine.request_id == request.id)))
    return {
        "lines": dict(lines),
        "mails": n(OutboxMail, OutboxMail.dedupe_key.like(f"request_received:{request.id}:%")),
        "notices": n(Notification, Notification.request_id == request.id),
        "log": n(Activity, Activity.verb == "job_request.submitted", Activity.subject_id == request.id),
    }


WHOLE = {"lines": {LineState.SUBMITTED: 2}, "mails": 1, "notices": 1, "log": 1}


@pytest.mark.covers("B6")
def test_a_killed_web_server_leaves_no_half_request_and_loses_no_mail(app, cast, peer, programs, serve, port):
    others = [factories.client("Cleo", f"Nr{n}", email=f"cleo{n}@example.com") for n in range(CLIENTS)]
    factories.setting("alerts.mail", value=False)  # the cast's visit may be late by now; that mail is not counted here
    senders = [Sender(app, who, cast.walk, factories.pet(who, "Rex"), port) for who in others]
    queued = queue_mails(200)
    peer.silence = 0.5  # two at a time: the last leaves after fifty seconds
    still_to_go = []
    for after in KILLED_AFTER:
        server = serve()
        worker = programs("work", mail_port=peer.port, lease_seconds=2, processes=2)
        n_letters = len(peer.letters)
        wait_until(lambda n=n_letters: len(peer.letters) > n + 5)
        send_and_kill(senders, server, worker, after=after)
        still_to_go.append(count_states().get("queued", 0))
    assert still_to_go[0] > 0, "the first kill came after the last delivery"

    assert [s.problems for s in senders] == [[]] * CLIENTS
    sent = look(
        lambda: db.session.scalars(
            sa.select(JobRequest).where(
                JobRequest.client_id.in_([c.id for c in others]), JobRequest.number.is_not(None)
            )
        ).all()
    )
    told = [number for s in senders for number in s.told]
    # What was said is there, once; and at most what was under way at each of the kills beside it.
    assert len(set(told)) == len(told) >= sum(KILLED_AFTER)
    assert set(told) <= {r.number for r in sent}
    assert len(sent) - len(told) <= len(KILLED_AFTER) * CLIENTS
    # No number was lost or given twice. Number 1 is Bob's of the cast.
    assert sorted(r.number for r in sent) == list(range(2, len(sent) + 2))
    assert (
        look(lambda: db.session.scalar(sa.select(Numbers.value).where(Numbers.name == "job_request"))) == len(sent) + 1
    )
    assert {r.number: found for r in sent if (found := look(lambda r=r: of_request(r))) != WHOLE} == {}
    # What was not sent is a basket of whole lines, and nothing came into the schedule.
    loose = sa.select(sa.func.count()).select_from(JobRequestLine).join(JobRequest).where(
        JobRequest.submitted_at.is_(None), JobRequestLine.state != LineState.DRAFT
    )  # fmt: skip
    assert look(lambda: db.session.scalar(loose)) == 0
    assert look(lambda: db.session.scalar(sa.select(sa.func.count()).select_from(Job))) == 1
    if db.engine.dialect.name == "sqlite":
        assert look(lambda: db.session.execute(sa.text("PRAGMA integrity_check")).scalar()) == "ok"
        assert look(lambda: db.session.execute(sa.text("PRAGMA foreign_key_check")).all()) == []

    # The next worker brings all that the killed ones left.
    all_due_now()
    wait_until(lambda: count_leases() == 0)
    peer.silence = 0
    programs("work", mail_port=peer.port, lease_seconds=2, processes=2)
    wait_until(lambda: count_states() == {"sent": 200 + len(sent)})
    received = set(look(lambda: db.session.scalars(sa.select(OutboxMail.message_id).where(OutboxMail.kind == MailKind.REQUEST_RECEIVED.value)).all()))  # fmt: skip
    arrived = peer.by_id()
    assert set(arrived) == queued | received
    # A killed process had at most one mail between the server's "250" and its own note of it.
    again = {message_id: times for message_id, times in arrived.items() if times > 1}
    assert len(again) <= 2 * len(KILLED_AFTER)


def test_people_stay_signed_in_and_finish_what_they_began_after_a_kill(app, cast, programs, serve, port):
    who = factories.client("Cleo", "Clark", email="cleo@example.com")
    sender = Sender(app, who, cast.walk, factories.pet(who, "Rex"), port)
    server = serve()
    opener, page = sender.browse()
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    sender.post(opener, "/portal/request", token, dates=[sender.next_day.isoformat()], service=sender.item, pets=[sender.pet])  # fmt: skip
    kill(server)
    serve()
    opener, page = sender.browse()
    basket = re.search(r'name="basket" value="([^"]+)"', page)[1]
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    assert "Request 2 sent: 1 visit." in sender.post(opener, "/portal/request/submission", token, basket=basket)
    notices = sa.select(Notification.kind).where(Notification.client_id == who.id)
    assert look(lambda: db.session.scalars(notices).all()) == [NotificationKind.REQUEST_RECEIVED]
