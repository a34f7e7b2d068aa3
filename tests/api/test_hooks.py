"""Web hooks: what is told and what is not, signed, at least once under one id, and never into our own network."""

import base64
import datetime as dt
import hashlib
import hmac
import json

import pytest
import sqlalchemy as sa

from application import tasks
from foundation import clock, sealing
from foundation.db import db
from gateways import hook_post
from models import (
    Activity,
    DeliveryState,
    HookDelivery,
    Job,
    JobRequest,
    Notification,
    NotificationKind,
    PaymentKind,
    WebHook,
)
from tests import connection_factories as make
from tests import factories, issued
from tests.api.hook_peer import listening
from tests.databases import statements
from tests.loaded_python import Python
from workflows import (
    api_tokens,
    cancelling,
    hook_events,
    hooks,
    jobs,
    moving,
    people,
    repeat_runs,
    settings,
    visits,
)
from workflows.actors import COMMAND_LINE
from workflows.billing import recording
from workflows.visit_checks import Place
from workflows.wanted import Wanted


@pytest.fixture
def peer():
    with listening() as started:
        yield started


@pytest.fixture
def hook(on, peer):
    """A hook that is told everything."""
    made = make.web_hook(f"{peer.url}/in?key=1", events=list(hook_events.EVENTS))
    db.session.commit()
    return made


def told():
    """Event and state of all that was written, in order."""
    rows = db.session.scalars(sa.select(HookDelivery).order_by(HookDelivery.id)).all()
    return [(row.event, row.data["state"]) for row in rows]


def send(app):
    db.session.commit()
    n = tasks.hooks.deliver_hooks(app)
    db.session.expire_all()
    return n


# ------------------------------------------------------------------------------------------------------ what is told


def test_the_life_of_a_visit_is_told_with_ids_and_states_alone(on, hook):
    wanted = Wanted(on.walk, [clock.today()], clock.local_now().time(), pets=[on.biscuit], note="Code 4711")
    (job,) = jobs.book(on.alice, wanted, sitter=on.sam, actor=on.as_olivia)
    db.session.commit()
    visits.check_in(job, place=Place(), actor=on.as_sam)
    db.session.commit()
    visits.check_out(job, place=Place(), actor=on.as_sam)
    db.session.commit()
    assert told() == [
        ("visit.scheduled", "scheduled"), ("visit.changed", "in_progress"), ("visit.changed", "completed"),
        ("visit.completed", "completed"),
    ]  # fmt: skip
    first = db.session.scalars(sa.select(HookDelivery).order_by(HookDelivery.id)).first()
    assert first.data == {"id": job.public_id, "client_id": on.alice.public_id, "state": "scheduled"}


def test_moving_and_cancelling_are_told(on, hook):
    place = moving.Place(on.bobs_job.on_date, on.bobs_job.start_time, None, on.sam)
    moving.move(on.bobs_job, place, actor=on.as_olivia)
    db.session.commit()
    cancelling.cancel([on.bobs_job], actor=on.as_olivia)
    db.session.commit()
    assert told() == [("visit.changed", "scheduled"), ("visit.cancelled", "cancelled")]


def test_each_visit_that_enters_the_schedule_is_told_also_of_a_series(on, hook):
    wanted = Wanted(on.walk, [clock.today().replace(day=d) for d in (25, 26, 27)], None, pets=[on.biscuit])
    jobs.book(on.alice, wanted, sitter=None, actor=on.as_olivia)
    db.session.commit()
    assert told() == [("visit.scheduled", "scheduled")] * 3
    repeat = factories.repeat(on.alice, on.walk, pets=[on.biscuit])
    db.session.commit()
    made = repeat_runs.generate([repeat], until=clock.today() + dt.timedelta(days=21), actor=COMMAND_LINE)
    db.session.commit()
    rows = db.session.scalars(sa.select(HookDelivery).order_by(HookDelivery.id)).all()[3:]
    visits_of_series = db.session.scalars(sa.select(Job.public_id).where(Job.repeat_id == repeat.id)).all()
    assert made.outlooks
    assert sorted(row.data["id"] for row in rows) == sorted(visits_of_series)
    assert len(rows) >= 2


def test_requests_money_and_people_are_told(on, hook, office):
    body = {"client_id": on.alice.public_id, "visits": [{"service_id": on.walk.public_id, "dates": ["2026-12-01"], "pet_ids": [on.biscuit.public_id]}]}  # fmt: skip
    made = office.post("/requests", body).json
    line = made["lines"][0]["id"]
    office.post(f"/requests/{made['id']}/lines/{line}/scheduling", {"sitter_id": on.sam.public_id})
    invoice = issued.invoice(on.alice, 40)
    recording.record_payment(
        on.alice, kind=PaymentKind.CASH, amount=invoice.total, received_on=clock.today(), actor=on.as_olivia
    )
    db.session.commit()
    people.change_client(on.bob, {"phone": "212 555 0100", "primary_sitter": on.bob.primary_sitter}, actor=on.as_olivia)
    people.change_pet(on.bella, {"breed": "Pug"}, actor=on.as_olivia)
    db.session.commit()
    assert told() == [
        ("request.received", "waiting"), ("visit.scheduled", "scheduled"), ("request.changed", "decided"),
        ("invoice.paid", "paid"), ("payment.received", "received"), ("client.changed", "active"), ("pet.changed", "active"),
    ]  # fmt: skip


def test_a_change_that_is_rolled_back_tells_nothing(on, hook):
    cancelling.cancel([on.bobs_job], actor=on.as_olivia)
    db.session.rollback()
    db.session.commit()
    assert told() == []


def test_only_chosen_events_go_and_none_to_a_hook_that_is_off(on, peer):
    one = make.web_hook(peer.url, events=["visit.cancelled"])
    make.web_hook(peer.url, events=list(hook_events.EVENTS), is_on=False)
    db.session.commit()
    people.change_pet(on.bella, {"breed": "Pug"}, actor=on.as_olivia)
    cancelling.cancel([on.bobs_job], actor=on.as_olivia)
    db.session.commit()
    rows = db.session.scalars(sa.select(HookDelivery)).all()
    assert [(row.event, row.hook_id) for row in rows] == [("visit.cancelled", one.id)]


def test_while_the_api_is_off_nothing_is_written_and_nothing_asked(on, hook):
    settings.change({"api.on": False}, actor=COMMAND_LINE)
    db.session.commit()
    settings.read()
    people.change_pet(on.bella, {"breed": "Pug"}, actor=on.as_olivia)
    with statements() as asked:
        db.session.commit()
    assert ([s for s in asked if "hook" in s], told()) == ([], [])


# ------------------------------------------------------------------------------------------------------ how it is sent


def test_a_message_is_signed_and_sent_once(on, hook, peer, app):
    hooks.ping(hook, actor=on.as_olivia)
    assert (send(app), send(app)) == (1, 0)
    ((path, headers, body),) = peer.got
    assert path == "/in?key=1"
    message = json.loads(body)
    assert message == {"type": "ping", "timestamp": clock.local_now().isoformat(), "data": {"id": hook.public_id}}
    key = base64.b64decode(sealing.unseal(hook.sealed).removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert int(headers["webhook-timestamp"]) == int(clock.now().timestamp())
    row = db.session.scalars(sa.select(HookDelivery)).one()
    assert (row.state, row.last_status, row.attempts) == (DeliveryState.DELIVERED, 200, 1)


@pytest.mark.parametrize(
    ("answer", "status", "word"), [(500, 500, "500"), (404, 404, "404"), (302, 302, "302"), ("hang", None, "Timeout"), ("drip", None, "")]
)  # fmt: skip
def test_a_failure_is_tried_again_under_the_same_id(on, hook, peer, app, clock_at, monkeypatch, answer, status, word):
    monkeypatch.setattr(hook_post, "STEP_SECONDS", 0.3)
    monkeypatch.setattr(hook_post, "ALL_SECONDS", 0.6)
    hooks.ping(hook, actor=on.as_olivia)
    peer.answers.append(answer)
    assert send(app) == 0
    row = db.session.scalars(sa.select(HookDelivery)).one()
    assert (row.state, row.last_status, row.attempts) == (DeliveryState.WAITING, status, 1)
    assert word in row.last_error
    assert send(app) == 0
    assert len(peer.got) == 1
    clock_at("2026-11-23 10:01")
    assert send(app) == 1
    assert len(set(peer.ids)) == 1
    assert all(path == "/in?key=1" for path, _headers, _body in peer.got)


def test_after_the_last_try_it_is_given_up_marked_and_told_once(on, hook, peer, app, clock_at, db_session):
    hooks.ping(hook, actor=on.as_olivia)
    hooks.ping(hook, actor=on.as_olivia)
    for _try in range(2 * len(hooks.WAITS) + 4):
        peer.answers.append(500)
        send(app)
        clock_at(clock.now() + hooks.WAITS[-1])
    states = [row.state for row in db.session.scalars(sa.select(HookDelivery))]
    assert states == [DeliveryState.FAILED] * 2
    assert {row.attempts for row in db.session.scalars(sa.select(HookDelivery))} == {len(hooks.WAITS) + 1}
    assert db.session.get(WebHook, hook.id).gave_up_at is not None
    (note,) = db.session.scalars(sa.select(Notification).filter_by(kind=NotificationKind.HOOK_FAILED))
    assert note.facts == {"about": ["127.0.0.1"]}
    first = db.session.scalars(sa.select(HookDelivery).order_by(HookDelivery.id)).first()
    peer.answers.clear()
    hooks.retry(first, actor=on.as_olivia)
    assert send(app) == 1
    assert db.session.get(WebHook, hook.id).gave_up_at is None
    with pytest.raises(hooks.WrongState):
        hooks.retry(first, actor=on.as_olivia)


def test_a_dead_address_does_not_hold_up_the_others(on, hook, peer, app):
    dead = make.web_hook("http://127.0.0.1:9/", events=[])
    for _ in range(3):
        hooks.ping(dead, actor=on.as_olivia)
    hooks.ping(hook, actor=on.as_olivia)
    assert send(app) == 1
    tries = sorted(row.attempts for row in db.session.scalars(sa.select(HookDelivery)))
    assert tries == [0, 0, 1, 1]


def test_two_workers_send_one_message_once(on, hook, peer, app, together):
    for _ in range(4):
        hooks.ping(hook, actor=on.as_olivia)
    db.session.commit()
    together(lambda: tasks.hooks.deliver_hooks(app), lambda: tasks.hooks.deliver_hooks(app))
    assert (len(peer.got), len(set(peer.ids))) == (4, 4)


WORKER = """
import sys
from application import create_app, tasks
app = create_app({"SQLALCHEMY_DATABASE_URI": sys.argv[1], "DATA_DIR": sys.argv[2], "TESTING": True,
    "SECRET_KEY": "x" * 40, "FIELD_KEYS": "a2V5IGZvciB0ZXN0cyBvbmx5LCBub3Qgc2VjcmV0ISE=", "PUBLIC_URL": "http://127.0.0.1:8000"})
tasks.hooks.deliver_hooks(app)
"""


def test_a_worker_that_is_killed_leaves_the_message_to_the_next_under_the_same_id(on, hook, peer, app, clock_at):
    hooks.ping(hook, actor=on.as_olivia)
    db.session.scalars(sa.select(HookDelivery)).one().next_at = clock.now().replace(year=2020)
    db.session.commit()
    peer.answers.append("hang")
    url = db.engine.url.render_as_string(hide_password=False)
    worker = Python("-c", WORKER, url, app.config["DATA_DIR"])
    with worker.stdout:
        assert peer.arrived.wait(300), "the worker never came"
        worker.kill()
        worker.wait(60)
    db.session.expire_all()
    row = db.session.scalars(sa.select(HookDelivery)).one()
    assert (row.state, row.attempts) == (DeliveryState.SENDING, 1)
    clock_at(row.locked_until - hooks.LEASE / 2)
    assert send(app) == 0
    clock_at(row.locked_until + hooks.LEASE)
    assert send(app) == 1
    assert (len(peer.got), len(set(peer.ids))) == (2, 1)


def test_nothing_is_sent_while_the_api_or_the_hook_is_off(on, hook, peer, app):
    hooks.ping(hook, actor=on.as_olivia)
    hooks.switch(hook, on=False, actor=on.as_olivia)
    assert send(app) == 0
    hooks.switch(hook, on=True, actor=on.as_olivia)
    settings.change({"api.on": False}, actor=COMMAND_LINE)
    assert send(app) == 0
    make.switch_on()
    assert send(app) == 1


def test_old_messages_go_after_a_month(on, hook, app, peer, clock_at):
    hooks.ping(hook, actor=on.as_olivia)
    send(app)
    assert hooks.forget_old() == 0
    clock_at("2026-12-24 10:00")
    assert hooks.forget_old() == 1


# ---------------------------------------------------------------------------------------------- where it is not sent


@pytest.mark.parametrize(
    "number",
    [
        "127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "0.0.0.1", "100.64.0.1", "224.0.0.1",
        "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::",
        "255.255.255.255", "::10.0.0.1", "::127.0.0.1", "64:ff9b:1::a00:1", "fec0::1", "2001:db8::1", "::",
    ],
)  # fmt: skip
def test_no_address_inside_is_allowed_in_production(number):
    assert hook_post.is_allowed(number, may_be_local=False) is False


def test_public_addresses_are_allowed_and_this_machine_in_development_only():
    assert all(hook_post.is_allowed(n, may_be_local=False) for n in ("93.184.215.14", "2606:2800:220:1::1"))
    assert hook_post.is_allowed("127.0.0.1", may_be_local=True)
    assert not hook_post.is_allowed("10.0.0.1", may_be_local=True)


def test_a_name_that_leads_inside_gets_nothing(peer):
    port = peer.url.rpartition(":")[2]
    for url in (
        f"https://localhost:{port}/",
        f"http://127.0.0.1:{port}/",
        f"http://[::ffff:127.0.0.1]:{port}/",
        "https://",
    ):
        answer = hook_post.send(url, b"{}", {}, may_be_local=False)
        assert answer.status is None
        assert answer.error
    assert peer.got == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("", "hook_url"), ("ftp://a.example", "hook_url"), ("http://shop.example/in", "hook_url"), ("https://", "hook_url"),
        ("https://user:secret@shop.example", "hook_url"), ("https://shop.example/#x", "hook_url"), ("https://[::1", "hook_url"),
        ("https://10.0.0.1/", "hook_private"), ("https://localhost/", "hook_private"), ("https://db.internal/", "hook_private"),
        ("https://169.254.169.254/latest", "hook_private"), ("https://a.example/\r\nX: y", "hook_url"),
    ],
)  # fmt: skip
def test_an_address_that_is_none_or_inside_is_refused(on, url, code):
    with pytest.raises(hooks.Invalid) as refused:
        hooks.add(url=url, events=["visit.changed"], may_be_local=False, actor=on.as_olivia)
    assert (refused.value.code, refused.value.field) == (code, "url")


def test_a_hook_is_added_with_a_secret_that_is_shown_once(on):
    made = hooks.add(url=" https://shop.example/in ", events=["visit.changed"], may_be_local=False, actor=on.as_olivia)
    assert made.secret.startswith("whsec_")
    assert (made.hook.url, sealing.unseal(made.hook.sealed)) == ("https://shop.example/in", made.secret)
    assert made.secret not in made.hook.sealed
    hooks.switch(made.hook, on=False, actor=on.as_olivia)
    hooks.switch(made.hook, on=False, actor=on.as_olivia)
    hooks.remove(made.hook, actor=on.as_olivia)
    verbs = db.session.scalars(
        sa.select(Activity.verb).where(Activity.verb.like("web_hook.%")).order_by(Activity.id)
    ).all()
    assert verbs == ["web_hook.added", "web_hook.off", "web_hook.removed"]


def test_only_owners_may_and_events_must_be_known(on):
    hook = make.web_hook()
    for doing in (
        lambda: hooks.add(url="https://a.example", events=["visit.changed"], may_be_local=False, actor=on.as_max),
        lambda: hooks.ping(hook, actor=on.as_max), lambda: hooks.remove(hook, actor=on.as_sam),
        lambda: hooks.all_of(actor=on.as_max), lambda: hooks.switch(hook, on=False, actor=on.as_max),
    ):  # fmt: skip
        with pytest.raises(api_tokens.NotAllowed):
            doing()
    for events in ([], ["all"]):
        with pytest.raises(hooks.Invalid) as refused:
            hooks.add(url="https://a.example", events=events, may_be_local=False, actor=on.as_olivia)
        assert refused.value.field == "events"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(JobRequest)) == 2
