"""The tests' own tools: nothing reaches the outside, the clock stands, a browser is a stranger to the test's session."""

import datetime as dt
import socket
import threading
import time

import pytest
from flask import g

from foundation import clock
from foundation.db import db
from models import Client, Vet
from tests import factories as make
from tests.databases import count, empty
from workflows.errors import Invalid


def test_no_socket_leaves_this_machine():
    with socket.socket() as s, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        s.connect(("192.0.2.1", 80))


def test_loopback_may_be_talked_to():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), timeout=5):
        pass


def test_clock_stands_where_it_is_put_in_every_thread(clock_at):
    at = clock_at("2026-11-26 18:00")
    seen = []
    thread = threading.Thread(target=lambda: seen.append((clock.now(), time.time())))
    thread.start()
    thread.join()
    assert seen == [(at, at.timestamp())]
    assert clock_at("2026-11-26 18:00", zone="Europe/Berlin") == dt.datetime(2026, 11, 26, 17, tzinfo=dt.UTC)
    assert clock_at("2026-11-01 01:30", fold=1) - clock_at("2026-11-01 01:30") == dt.timedelta(hours=1)
    assert clock_at("2026-11-01T01:30Z") == dt.datetime(2026, 11, 1, 1, 30, tzinfo=dt.UTC)


def test_machine_and_business_live_in_different_zones():
    assert time.localtime().tm_hour != clock.local_now().hour


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_begins_with_an_empty_database(db_session, turn):
    assert count(Client) == 0
    make.client()
    db_session.commit()


def test_database_can_be_emptied_however_full_it_is(cast, app):
    for factory in make.FACTORIES.values():
        if factory not in {make.counter}:
            factory()
    db.session.commit()
    empty(app)
    assert count(Client) == 0


def test_together_gives_results_refusals_and_bugs_back(app, together):
    def refuse():
        make.vet("Undone")
        raise Invalid("no", "No.")

    def keep():
        return make.vet("Kept").name

    result, refusal = together(keep, refuse)
    assert (result, refusal.code, db.session.query(Vet.name).all()) == ("Kept", "no", [("Kept",)])
    with pytest.raises(ZeroDivisionError):
        together(lambda: 1 / 0)


def test_browser_s_requests_share_nothing_with_the_test_but_the_database(
    cast, http, sign_in_as_staff, sign_in_as_client
):
    g.of_the_test = True
    office, portal, nobody = sign_in_as_staff(http(), cast.olivia), sign_in_as_client(http(), cast.alice), http()
    cast.alice.first_name = "Alicia"
    assert [b.get("/admin/").status_code == 302 for b in (office, portal, nobody)] == [False, True, True]
    page = portal.get("/portal/schedule")
    assert (page.status_code, "Alicia" in page.text) == (200, True)
    assert "/portal/log-in" in nobody.get("/portal/").location


def test_outbox_tells_mails_apart(cast, outbox):
    make.outbox_mail(to_address="a@example.com")
    make.outbox_mail(to_address="b@example.com")
    assert (len(outbox), outbox.one(to="a@example.com").to_address, outbox.facts(to="b@example.com").client_name) == (
        2, "a@example.com", "Carla Clark",
    )  # fmt: skip
    outbox.clear()
    assert outbox.kinds() == []
