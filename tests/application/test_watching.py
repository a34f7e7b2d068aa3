"""Nobody goes faster than people do; files that leave and refusals are in the log, by whom and without anybody's words."""

import datetime as dt
import json

import pytest
import sqlalchemy as sa

from application import watching
from foundation import clock, storage
from foundation.db import db
from models import Activity, FilePurpose, LoginAttempt, Realm
from tests import factories, money_factories
from tests.access.test_access_table import table
from workflows import paces
from workflows.paces import Pace

SLOW = Pace("words", 3, dt.timedelta(hours=1))


def log_of(verb):
    db.session.rollback()
    return list(db.session.scalars(sa.select(Activity).where(Activity.verb == verb).order_by(Activity.id)))


def ask(pace, who="client:1"):
    """One of them; False when it is refused."""
    try:
        if paces.is_written(pace, who):
            paces.keep(pace, Realm.CLIENT, who)
            db.session.commit()
    except paces.TooOften:
        db.session.rollback()
        return False
    return True


# ---------------------------------------------------------------------------------------------------------- the rule


def test_so_many_pass_then_none_until_the_first_has_left_the_window(app, clock_at):
    now = clock.now()
    assert [ask(SLOW) for _ in range(4)] == [True, True, True, False]
    assert ask(SLOW, "client:2")  # nobody else waits
    assert ask(Pace("asks", 3, dt.timedelta(hours=1)))  # nor for anything else
    clock_at(now + dt.timedelta(minutes=59))
    with pytest.raises(paces.TooOften) as slow:
        paces.keep(SLOW, Realm.CLIENT, "client:1")
    assert (0 < slow.value.retry_after <= 61, "Wait 2 minutes" in slow.value.say()) == (True, True)
    clock_at(now + dt.timedelta(minutes=61))
    assert ask(SLOW)


def test_all_processes_count_together(app):
    for _ in range(3):
        assert ask(SLOW)
        paces.forget()  # as another process, which knows nothing of this one
    assert not ask(SLOW)


def test_a_step_writes_once_in_so_many_and_still_ends(app, clock_at):
    pace = Pace("searches", 60, dt.timedelta(minutes=10), step=20)
    passed = [ask(pace) for _ in range(80)]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(LoginAttempt)) == 3
    assert passed == [True] * 79 + [False]
    assert not ask(pace)
    clock_at(clock.now() + dt.timedelta(minutes=11))
    assert ask(pace)


def test_counting_keeps_no_one_out_of_the_log_in(app, cast, http):
    """What is counted here stands in the same table as wrong passwords."""
    for _ in range(3):
        ask(SLOW)
    assert {row.succeeded for row in db.session.scalars(sa.select(LoginAttempt))} == {True}
    assert {row.address for row in db.session.scalars(sa.select(LoginAttempt))} == {""}


# ---------------------------------------------------------------------------------------------------------- the pages


def test_every_post_of_the_portal_has_a_pace_and_every_pace_a_page(app):
    rules = {(rule.endpoint, method) for rule in app.url_map.iter_rules() for method in rule.methods}
    assert sorted(watching.PACES.keys() - rules) == []
    for (method, rule), needed in table().items():
        if method != "POST" or needed != "client":
            continue
        found = next(r for r in app.url_map.iter_rules() if r.rule == rule and "POST" in r.methods)
        with app.test_request_context(path_of(rule), method="POST"):
            assert watching.request.endpoint == found.endpoint
            assert watching.pace_of() is not None, rule


def path_of(rule):
    from tests.access.test_access_table import path_of as fill

    return fill(next(r for r in __import__("flask").current_app.url_map.iter_rules() if r.rule == rule))


@pytest.mark.parametrize(
    ("who", "method", "path", "name"),
    [
        ("alice", "post", "/portal/messages/", "portal_letters.write"),
        ("alice", "post", "/portal/request/submission", "portal_requesting.submit"),
        ("alice", "post", "/portal/files", "portal_uploads.upload"),
        ("sam", "post", "/staff/messages", "staff_messages.write"),
        ("olivia", "get", "/admin/search/?q=x", "global_search.show"),
        ("olivia", "get", "/admin/reports/unpaid/", "reports.show"),
        ("olivia", "post", "/admin/reports/unpaid/file", "reports.file"),
        ("olivia", "post", "/admin/clients/export/csv/", None),
    ],
)
def test_whoever_is_too_fast_gets_a_sentence_and_when_to_come_back(
    app, http, cast, monkeypatch, sign_in_as_client, sign_in_as_staff, who, method, path, name
):
    monkeypatch.setitem(app.config, "WTF_CSRF_CHECK_DEFAULT", False)  # a token for each would be beside the point
    as_staff = who != "alice"
    browser = (sign_in_as_staff if as_staff else sign_in_as_client)(http(), getattr(cast, who))
    other = sign_in_as_staff(http(), cast.max) if as_staff else sign_in_as_client(http(), cast.bob)
    slow = Pace("slow", 2, dt.timedelta(hours=1))
    if name is None:
        monkeypatch.setattr(paces, "EXPORTS", slow)
    else:
        monkeypatch.setitem(watching.PACES, (name, method.upper()), slow)
    send = {"follow_redirects": False}
    codes = [getattr(browser, method)(path, **send).status_code for _ in range(2)]
    assert 429 not in codes
    answer = getattr(browser, method)(path, **send)
    assert (answer.status_code, int(answer.headers["Retry-After"]) > 3000) == (429, True)
    assert "That was a lot in a short time. Wait 61 minutes" in answer.text
    assert getattr(other, method)(path, **send).status_code != 429


def test_what_people_do_in_an_hour_is_far_below_every_pace():
    """A conversation, a month of visits called off one by one, an album, all lists twice, typing without a pause."""
    assert paces.WORDS.most >= 2 * 30
    assert paces.ASKS.most >= 2 * 31
    assert paces.UPLOADS.most >= 100
    assert paces.EXPORTS.most >= 2 * 2 * 50
    assert paces.SEARCHES.most / paces.SEARCHES.within.total_seconds() >= 1
    assert all(p.most // p.step >= 3 for p in vars(paces).values() if isinstance(p, Pace))


# ------------------------------------------------------------------------------------------------------------ the log


def test_single_files_and_papers_are_logged_by_whom_and_never_by_their_own_names(
    app, http, cast, sign_in_as_client, sign_in_as_staff
):
    key = storage.here().put(b"%PDF-1.7 plan", folder="files", suffix="pdf")
    file = factories.stored_file(
        cast.alice, key=key, name="Alices-alarm-code.pdf", media_type="application/pdf", n_bytes=13,
        purpose=FilePurpose.UPLOAD, thumbnail_key=None,
    )  # fmt: skip
    invoice = money_factories.invoice(cast.alice)
    db.session.commit()
    office, alice = sign_in_as_staff(http(), cast.olivia), sign_in_as_client(http(), cast.alice)
    assert office.get(f"/admin/files/{file.id}/download").status_code == 200
    assert alice.get(f"/portal/files/{file.public_id}/download").status_code == 200
    assert office.head(f"/admin/files/{file.id}/download").status_code == 200
    taken = log_of("file.taken")
    assert [(a.actor_name, a.subject_type, a.subject_id, a.client_id) for a in taken] == [
        (str(cast.olivia), "stored_file", file.id, cast.alice.id),
        (str(cast.alice), "stored_file", file.id, cast.alice.id),
    ]
    answer = office.get(f"/admin/invoice/{invoice.id}/pdf")
    assert answer.status_code == 200
    (paper,) = log_of("paper.taken")
    assert paper.actor_name == str(cast.olivia)
    assert paper.facts["name"] in answer.headers["Content-Disposition"]
    again = office.get(f"/admin/invoice/{invoice.id}/pdf", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, len(log_of("paper.taken"))) == (304, 1)
    assert "alarm" not in json.dumps([a.facts for a in [*taken, paper]])
    page = office.get("/admin/log/").text
    assert f"{cast.olivia} saved a stored file" in page


def test_refusals_are_logged_by_rule_and_not_without_end(app, http, cast, sign_in_as_staff, sign_in_as_client):
    max_ = sign_in_as_staff(http(), cast.max)
    assert max_.get("/admin/roles/?q=secret-words").status_code == 403
    (line,) = log_of("access.refused")
    assert (line.actor_name, line.facts) == (str(cast.max), {"name": "GET /admin/roles/"})
    for _ in range(paces.REFUSALS.most + 5):
        assert max_.get("/admin/roles/").status_code == 403
    assert len(log_of("access.refused")) == paces.REFUSALS.most
    http().get("/admin/roles/")  # a stranger is led to the log-in and refused nothing
    assert sign_in_as_client(http(), cast.alice).get("/portal/invoices/nothing").status_code == 404
    assert len(log_of("access.refused")) == paces.REFUSALS.most
