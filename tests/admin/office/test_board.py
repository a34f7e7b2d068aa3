"""The schedule board: what its script is given, and what comes of a drop."""

import datetime as dt
import html
import json
import re

import pytest

from foundation import clock
from foundation.db import db
from models import Job, JobState
from tests import factories as make
from tests.admin.office.conftest import NOON, THURSDAY
from tests.databases import statements
from workflows import settings
from workflows.mail_facts import MailKind

FRIDAY = THURSDAY + dt.timedelta(days=1)
VISITS = f"/admin/board/visits?start={THURSDAY}T00:00:00&end={FRIDAY}T00:00:00"


@pytest.fixture
def job(cast):
    """Alice's walk on Thursday at noon by Sam."""
    return make.job(cast.alice, cast.walk, sitter=cast.sam, pets=[cast.biscuit])


@pytest.fixture
def drop(office, job):
    """drop(time="15:30"): what the script sends when the visit is dropped there, and the answer."""

    def do(by=office, *, visit=job, status=200, **more):
        data = {
            "job": visit.id, "version": visit.version, "date": visit.on_date, "time": "", "sitter": visit.sitter_id or "0",
            "tell_client": "1", **more,
        }  # fmt: skip
        token = by.token()
        answer = by.browser.post("/admin/board/moves", data=data, headers={"X-CSRFToken": token})
        assert answer.status_code == status, answer.text[:500]
        db.session.expire_all()
        return plain(answer)

    return do


def config(office):
    return json.loads(html.unescape(re.search(r'data-config="([^"]*)"', office.get("/admin/board/").html)[1]))


def test_the_day_shown_is_that_of_the_business(office, cast):
    assert [config(office)[name] for name in ("opens", "closes")] == [7, 21]
    make.opening_hours(0, dt.time(9, 30), dt.time(17))
    make.opening_hours(5, dt.time(10), dt.time(18, 15))
    assert [config(office)[name] for name in ("opens", "closes")] == [9, 19]
    make.opening_hours(1, dt.time(5), dt.time(12), service_item=cast.walk)
    assert config(office)["opens"] == 5


def plain(answer):
    """The answer with plain spaces where times have unbreakable ones."""
    return json.loads(answer.text.replace("\\u00a0", " "))


def by_id(answer):
    """Visits with their looks, as the script puts them together: {"job-1": {...}, "line-2": {...}}."""
    return {
        f"job-{v['job']}" if "job" in v else f"line-{v['line']}": {**v, **answer["looks"][v["look"]]} for v in answer["visits"]
    }  # fmt: skip


def seen(office, url=VISITS):
    return by_id(office.browser.get(url).json)


def undo(by, url):
    answer = by.browser.post(url, headers={"X-CSRFToken": by.token()})
    db.session.expire_all()
    return answer.status_code, plain(answer)


def test_the_page_has_the_frame_and_a_way_without_script(office, job):
    page = office.get(f"/admin/board/?on={THURSDAY}")
    assert "The board needs JavaScript. The list shows the same visits" in page.main
    assert page.link("As a list").startswith("/admin/schedule/?view=day&on=2026-11-26")
    assert office.get(page.link("As a list")).has_link(f"/admin/board/?view=day&on={THURSDAY}")


def test_visits_stand_with_their_sitter_and_nobodys_in_a_row_of_their_own(office, cast, job):
    nobody = make.job(cast.alice, cast.cat_visit, block=cast.evening, start_time=None, pets=[cast.mochi])
    off = make.job(cast.alice, cast.walk, sitter=cast.sam, state=JobState.CANCELLED)
    make.time_off(cast.sita, THURSDAY)
    answer = plain(office.browser.get(VISITS))
    assert [r["title"] for r in answer["resources"]] == ["Nobody yet", "Sam Stone", "Sita Singh"]
    visits = by_id(answer)
    walk = visits[f"job-{job.id}"]
    assert (walk["row"], walk["start"], walk["end"]) == (str(cast.sam.id), "2026-11-26T12:00:00", "2026-11-26T12:30:00")
    assert (walk["span"], walk["who"], walk["service"], walk["word"], walk["movable"], walk["class"]) == (
        "12:00 PM to 12:30 PM", "Alice Archer (Biscuit)", "Dog walk", "Scheduled", True, "",
    )  # fmt: skip
    evening = visits[f"job-{nobody.id}"]
    assert (evening["row"], evening["start"], evening["class"]) == ("0", "2026-11-26T17:00:00", "is-none")
    cancelled = visits[f"job-{off.id}"]
    assert (cancelled["class"], cancelled["movable"], cancelled["word"]) == ("is-off", False, "Cancelled")
    settings.change({"schedule.cancelled_days": 0}, actor=cast.as_olivia)
    long_ago = make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=dt.date(2026, 11, 20), state=JobState.CANCELLED)
    assert f"job-{long_ago.id}" not in seen(office, "/admin/board/visits?start=2026-11-20&end=2026-11-21")
    request = visits[f"line-{cast.bobs_request.lines[0].id}"]
    assert (request["movable"], request["who"], request["client"]) == (False, "Bob Baker (Bella)", cast.bob.id)
    assert [e["display"] for e in answer["away"]] == ["background"]


def test_a_visit_says_only_what_it_does_not_share(office, cast):
    for n in range(40):
        make.job(cast.alice, cast.walk, sitter=cast.sam, start_time=dt.time(8 + n % 10), pets=[cast.biscuit])
    db.session.commit()
    answer = office.browser.get(VISITS)
    assert (len(answer.json["visits"]) >= 40, len(answer.json["looks"]) < 20) == (True, True)
    assert len(answer.data) < 40 * 220


def test_filters_and_a_sitter_who_left(office, cast, job):
    job.sitter = gone = make.staff("Gone", "Away", is_active=False)
    assert "Gone Away" in [r["title"] for r in office.browser.get(VISITS).json["resources"]]
    assert set(seen(office, f"{VISITS}&sitter={gone.id}")) == {f"job-{job.id}"}
    assert set(seen(office, f"{VISITS}&sitter={cast.sam.id}")) == set()
    assert f"job-{job.id}" in seen(office, f"{VISITS}&group={cast.dog_walks.id}")


@pytest.mark.parametrize("n", [1, 60])
def test_the_answer_costs_the_same_few_queries_for_any_number(office, cast, n):
    for i in range(n):
        make.job(
            cast.alice, cast.walk, sitter=cast.sam, start_time=dt.time(8 + i % 10), pets=[cast.biscuit, cast.mochi]
        )
    db.session.commit()
    office.browser.get(VISITS)
    with statements() as sent:
        assert len(seen(office)) >= n
    assert len(sent) <= 6, sent


@pytest.mark.parametrize(
    "query", ["", "?start=x&end=y", f"?start={FRIDAY}&end={THURSDAY}", f"?start={THURSDAY}&end=2027-11-26"]
)
def test_a_span_that_makes_no_sense_is_refused(office, query):
    assert office.browser.get(f"/admin/board/visits{query}").status_code == 400


@pytest.mark.covers("V3")
def test_a_drop_on_another_time_and_sitter_moves_and_can_be_undone(office, cast, job, drop, outbox):
    answer = drop(time="15:30", sitter=cast.sita.id, date=FRIDAY)
    assert (job.on_date, job.start_time, job.sitter) == (FRIDAY, dt.time(15, 30), cast.sita)
    assert answer["text"] == "Alice Archer moved: Fri, Nov 27, 3:30 PM to 4:00 PM, Sita Singh."
    assert answer["visit"]["version"] == job.version
    assert answer["seconds"] == 60
    assert {m.next_at - clock.now() for m in outbox.mails()} == {dt.timedelta(seconds=60)}
    assert sorted(outbox.kinds()) == ["sitter_visit_taken_away", "visit_moved"]  # Friday is too far for a mail at once
    status, back = undo(office, answer["undo"])
    assert (status, back["text"]) == (
        200,
        "Undone. Alice Archer is back: Thu, Nov 26, 12:00 PM to 12:30 PM, Sam Stone.",
    )
    assert (job.on_date, job.start_time, job.sitter) == (THURSDAY, NOON, cast.sam)
    assert {m.state.value for m in outbox.mails()} == {"cancelled"}


@pytest.mark.covers("V3")
def test_a_drop_into_a_conflict_asks_before_it_saves(cast, job, drop, outbox):
    make.job(make.client("Leo", "Feld"), cast.walk, sitter=cast.sita)
    asked = drop(sitter=cast.sita.id, status=409)
    assert asked["conflicts"] == ["Sita Singh has another visit then: Dog walk, Leo Feld, Thu, Nov 26, 12:00 PM."]
    assert (job.sitter, len(outbox)) == (cast.sam, 0)
    drop(sitter=cast.sita.id, accept=asked["accept"])
    assert job.sitter == cast.sita


def test_tokens_of_other_conflicts_do_not_help(cast, job, drop):
    make.job(make.client("Leo", "Feld"), cast.walk, sitter=cast.sita)
    drop(sitter=cast.sita.id, accept=json.dumps(["something else"]), status=409)
    assert job.sitter == cast.sam


@pytest.mark.covers("V3")
def test_who_drops_second_is_told_and_sees_where_the_visit_is(office, manager, cast, job, drop):
    version = job.version
    drop(time="15:30")
    told = drop(manager, version=version, time="9:00", status=409)
    assert told["error"].startswith("Someone changed this visit meanwhile.")
    assert told["visit"]["look"]["start"] == "2026-11-26T15:30:00"
    assert job.start_time == dt.time(15, 30)


def test_an_undo_after_somebody_else_changed_it_is_refused(office, manager, job, drop):
    first = drop(time="15:30")
    drop(manager, time="9:00")
    status, told = undo(office, first["undo"])
    assert (status, told["error"]) == (409, "Someone changed this visit since. Nothing was undone.")
    assert job.start_time == dt.time(9)


def test_a_drop_by_week_keeps_the_time(job, drop):
    drop(date=FRIDAY, time="")
    assert (job.on_date, job.start_time) == (FRIDAY, NOON)


def test_the_client_is_told_only_if_ticked(job, drop, outbox):
    drop(time="15:30", tell_client="")
    assert outbox.mails(MailKind.VISIT_MOVED) == []


@pytest.mark.parametrize(
    ("time", "block"), [("17:15", "evening"), ("16:00", "evening"), ("7:00", "morning"), ("8:30", "morning")]
)
def test_a_block_visit_goes_to_the_nearest_block(cast, drop, time, block):
    visit = make.job(
        cast.alice, cast.cat_visit, sitter=cast.sam, block=cast.morning, start_time=None, pets=[cast.mochi]
    )
    db.session.commit()
    drop(visit=visit, time=time)
    assert (visit.time_block, visit.start_time) == (getattr(cast, block), None)


def test_a_stay_moves_by_days_and_keeps_its_times(cast, drop):
    stay = make.job(
        cast.alice, cast.overnight, sitter=cast.sam, ends_on=FRIDAY, start_time=dt.time(18), end_time=dt.time(9), pets=[cast.mochi]
    )  # fmt: skip
    db.session.commit()
    drop(visit=stay, date="2026-12-10", time="20:00")
    assert (stay.on_date, stay.ends_on) == (dt.date(2026, 12, 10), dt.date(2026, 12, 11))
    assert (stay.start_time, stay.end_time) == (dt.time(18), dt.time(9))


def test_a_drop_on_nobody_takes_the_sitter_off(job, drop):
    drop(sitter="0")
    assert job.sitter is None


@pytest.mark.parametrize("more", [{"date": "soon"}, {"sitter": "999999"}, {"sitter": ""}])
def test_a_drop_on_nothing_is_refused(job, drop, more):
    assert drop(status=422, **more)["error"] == "Choose a day and a sitter."
    assert job.on_date == THURSDAY


def test_a_visit_that_was_cancelled_meanwhile_disappears(job, drop):
    job.state = JobState.CANCELLED
    db.session.commit()
    assert drop(time="15:30", status=409) == {"error": "This visit is cancelled. Nothing was changed.", "visit": None}


def test_a_visit_that_is_gone_is_not_found(office, job):
    headers = {"X-CSRFToken": office.token()}
    assert office.browser.post("/admin/board/moves", data={"job": "999999"}, headers=headers).status_code == 404


def test_only_who_may_schedule_gets_in(http, cast, sign_in_as_staff, job):
    sitter = sign_in_as_staff(http(), cast.sam)
    for path in ("/admin/board/", VISITS, f"/admin/moves/{job.id}/"):
        assert sitter.get(path).status_code == 403
    assert db.session.get(Job, job.id).on_date == THURSDAY
