"""V1: the sitter's day on a phone without a connection: what is kept, what is sent later, each once, with its own time."""

import datetime as dt
import json

import pytest

from foundation import clock, sealing
from foundation.db import db
from models import (
    CheckKind,
    FieldArea,
    FieldKind,
    Job,
    JobState,
    Notification,
    NotificationKind,
    PortalAccess,
    ReportState,
    StaffAccess,
    VisitCheck,
)
from tests import factories as make
from tests.databases import count, statements
from workflows import back_to_request, field_kinds, report_cards, settings
from workflows.actors import COMMAND_LINE, staff_actor
from workflows.report_cards import Typed

pytestmark = pytest.mark.covers("V1")
TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def sam(cast, http, sign_in_as_staff):
    return sign_in_as_staff(http(), cast.sam)


@pytest.fixture
def visit(cast):
    """Sam's visit of today at 11:00; it is 10:00."""
    return make.job(
        cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, start_time=dt.time(11), pets=[cast.biscuit],
        note="Blue lead", staff_note="Gate sticks",
    )  # fmt: skip


def day_of(browser):
    return browser.get("/staff/offline/day.json").get_json()


def send(browser, sent):
    """As the phone does: the token comes with the day."""
    return browser.post("/staff/offline/taps", json=sent, headers={"X-CSRFToken": day_of(browser)["token"]})


def tap(browser, visit, kind, at, key, *, phone_now=None, **place):
    one = {"key": key, "tap": kind, "visit": visit.public_id, "at": at, **place}
    answer = send(browser, {"phone_now": (phone_now or clock.now()).isoformat(), "taps": [one]})
    assert answer.status_code == 200
    return answer.get_json()["results"][0]


def test_the_day_holds_what_is_needed_at_the_door_and_no_code(cast, sam, visit):
    field = make.custom_field(label="Alarm code", is_secret=True)
    make.field_value(field, cast.alice, text=None, sealed=sealing.seal('"4711-alarm"'))
    cast.biscuit.warning = "Bolts at doors"
    make.job(cast.bob, cast.walk, sitter=cast.sita, on_date=TODAY, note="Not for Sam")
    make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY + dt.timedelta(days=9))
    db.session.commit()
    answer = sam.get("/staff/offline/day.json")
    day = answer.get_json()
    (own,) = [v for d in day["days"] for v in d["visits"] if v["id"] == visit.public_id]
    assert (own["client"], own["note"], own["staff_note"]) == ("Alice Archer", "Blue lead", "Gate sticks")
    assert own["pets"][0]["warning"] == "Bolts at doors"
    assert cast.alice.address_line1 in own["address"]
    assert "4711" not in answer.text
    assert "Not for Sam" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert day["who"] == cast.sam.public_id
    assert (day["first"], day["last"], day["zone"]) == ("2026-11-23", "2026-11-25", "America/New_York")


def test_a_stay_says_from_when_to_when(cast, sam):
    make.job(
        cast.alice, cast.overnight, sitter=cast.sam, on_date=TODAY - dt.timedelta(days=1), start_time=dt.time(20),
        ends_on=TODAY + dt.timedelta(days=1),
    )  # fmt: skip
    db.session.commit()
    times = [v["time"] for d in sam.get("/staff/offline/day.json").get_json()["days"] for v in d["visits"]]
    assert [time.replace("\u202f", " ").replace("\u00a0", " ") for time in times] == [
        "Sun, Nov 22, 8:00 PM until Tue, Nov 24"
    ]


def test_a_visit_that_was_taken_away_leaves_the_phone_with_the_next_contact(cast, sam, visit):
    assert visit.public_id in sam.get("/staff/offline/day.json").text
    visit.sitter = cast.sita
    db.session.commit()
    assert visit.public_id not in sam.get("/staff/offline/day.json").text


def test_taps_made_offline_keep_their_own_time_and_place_and_count_once(sam, visit, clock_at):
    clock_at("2026-11-23 13:00")
    at = "2026-11-23T11:02:00-05:00"
    for _again in range(2):
        told = tap(sam, visit, "arrival", at, "a" * 32, place="given", latitude=40.7, longitude=-74.0, accuracy=12)
        assert told["outcome"] == "done"
    assert "11:02" in told["said"]
    left = tap(sam, visit, "departure", "2026-11-23T11:33:00-05:00", "b" * 32, place="refused")
    assert left["outcome"] == "done"
    db.session.expire_all()
    job = db.session.get(Job, visit.id)
    assert job.state is JobState.COMPLETED
    assert [clock.to_local(t).strftime("%H:%M") for t in (job.checked_in_at, job.checked_out_at)] == ["11:02", "11:33"]
    assert count(VisitCheck) == 2
    came = db.session.scalars(db.select(VisitCheck).where(VisitCheck.kind == CheckKind.IN)).one()
    assert (came.latitude, came.longitude, clock.to_local(came.received_at).hour) == (40.7, -74.0, 13)


def test_a_whole_day_offline_arrives_at_once_in_its_order(cast, sam, clock_at):
    own = [make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, start_time=dt.time(h)) for h in (11, 12, 13)]
    db.session.commit()
    clock_at("2026-11-23 18:00")
    taps = [
        {
            "key": f"{kind}{h}".ljust(20, "x"),
            "tap": kind,
            "visit": job.public_id,
            "at": f"2026-11-23T{h}:{minute}:00-05:00",
        }
        for job, h in zip(own, (11, 12, 13), strict=True)
        for kind, minute in (("acknowledgement", "00"), ("arrival", "01"), ("departure", "31"))
    ]
    sent = {"phone_now": clock.now().isoformat(), "taps": taps}
    for _again in range(2):
        results = send(sam, sent).get_json()["results"]
        assert {r["outcome"] for r in results} == {"done"}
    assert count(VisitCheck) == 6
    db.session.expire_all()
    assert {db.session.get(Job, job.id).state for job in own} == {JobState.COMPLETED}


def test_whoever_was_there_when_the_visit_was_called_off_hears_of_it_and_so_does_the_office(sam, visit, clock_at):
    visit.state = JobState.CANCELLED
    db.session.commit()
    clock_at("2026-11-23 13:00")
    told = tap(sam, visit, "arrival", "2026-11-23T11:02:00-05:00", "a" * 32)
    assert told["outcome"] == "refused"
    assert told["said"]
    assert count(Notification, Notification.kind == NotificationKind.CHECK_REFUSED) == 1


def test_a_visit_that_is_a_request_again_is_told_to_the_office_once_and_only_by_its_sitter(
    cast, sam, visit, clock_at, http, sign_in_as_staff
):
    back_to_request.back_to_request([visit], actor=cast.as_max)
    db.session.commit()
    clock_at("2026-11-23 13:00")
    sita = sign_in_as_staff(http(), cast.sita)
    told = tap(sita, visit, "arrival", "2026-11-23T11:02:00-05:00", "b" * 32)
    assert "not yours any more" in told["said"]
    assert count(Notification, Notification.kind == NotificationKind.CHECK_REFUSED) == 0
    for _again in range(2):
        told = tap(sam, visit, "arrival", "2026-11-23T11:02:00-05:00", "a" * 32)
        assert (told["outcome"], "is a request again" in told["said"]) == ("refused", True)
    assert tap(sam, visit, "acknowledgement", "2026-11-23T11:02:00-05:00", "c" * 32)["outcome"] == "refused"
    (note,) = db.session.scalars(db.select(Notification).filter_by(kind=NotificationKind.CHECK_REFUSED))
    assert (note.facts["sitter"], note.client_id) == (str(cast.sam), cast.alice.id)
    assert count(VisitCheck) == 0


def test_anothers_visit_is_refused_whatever_is_sent(cast, sam):
    other = make.job(cast.bob, cast.walk, sitter=cast.sita, on_date=TODAY, start_time=dt.time(10))
    db.session.commit()
    told = tap(sam, other, "arrival", "2026-11-23T10:00:00-05:00", "a" * 32)
    assert (told["outcome"], "Bob" in json.dumps(told)) == ("refused", False)
    assert count(VisitCheck) == 0


@pytest.mark.parametrize("sent", [None, [], {}, {"taps": 3}, {"taps": ["x"]}, {"taps": [{"tap": "explode"}] * 201}])
def test_nonsense_is_400(sam, sent):
    assert send(sam, sent).status_code == 400


@pytest.mark.parametrize("at", [None, "yesterday", "2026-11-23T10:00:00", 17])
def test_a_moment_that_cannot_be_read_counts_as_now(sam, visit, at):
    assert tap(sam, visit, "arrival", at, "a" * 32)["outcome"] == "done"


def test_without_a_session_there_is_no_day_and_nothing_is_taken(http, visit):
    stranger = http()
    assert stranger.get("/staff/offline/day.json").status_code == 302
    assert stranger.post("/staff/offline/taps", json={"taps": []}).status_code in {302, 400}


def test_a_client_has_no_sitters_day(cast, http, sign_in_as_client):
    assert sign_in_as_client(http(), cast.alice).get("/staff/offline/day.json").status_code in {302, 403}


@pytest.mark.covers("V2")
def test_each_report_form_is_kept_once_and_each_card_with_what_stands_there(cast, sam, visit):
    other_group = make.service_item("Sitting", group=make.service_group("Nights"))
    page = make.field_page(FieldArea.REPORT, portal_access=PortalAccess.VIEW)
    section = make.field_section(page, name="How it went")
    mood = make.custom_field(section, label="Mood", kind=FieldKind.CHOICE, choices=[{"key": "shy", "label": "Shy"}, {"key": "old", "label": "Old", "retired": True}])  # fmt: skip
    door = make.custom_field(section, label="Door locked", kind=FieldKind.TASK, is_required=True, position=1)
    nights = make.field_page(FieldArea.REPORT, service_group_id=other_group.group.id, portal_access=PortalAccess.VIEW)
    make.custom_field(make.field_section(nights), label="Slept well", kind=FieldKind.YES_NO)
    second, night, third = (
        make.job(cast.alice, item, sitter=cast.sam, on_date=TODAY, start_time=dt.time(hour))
        for item, hour in ((cast.walk, 12), (other_group, 13), (cast.walk, 14))
    )
    as_sam = staff_actor(cast.sam)
    card = report_cards.draft_of(visit, actor=as_sam)
    report_cards.save_draft(card, Typed({door.public_id: "yes"}, {"message": "Well"}, base=1), actor=as_sam)
    holds_old = make.report_card(third, message="")
    make.field_value(mood, report_card=holds_old, text="old")
    db.session.commit()
    day = day_of(sam)
    reports = {v["id"]: v["report"] for d in day["days"] for v in d["visits"]}
    first = reports[visit.public_id]
    assert first == {
        "is_sent": False, "base": card.version, "form": first["form"], "texts": {"message": "Well", "office_note": ""},
        "fields": {door.public_id: "yes"},
        "seen": {door.public_id: field_kinds.mark(True), "message": field_kinds.mark("Well")},
    }  # fmt: skip
    assert reports[second.public_id] == {
        "is_sent": False, "base": 0, "form": first["form"], "texts": {"message": "", "office_note": ""}, "fields": {},
        "seen": {},
    }  # fmt: skip
    assert day["nothing"] == field_kinds.mark(None)
    forms, odd = day["forms"], reports[third.public_id]["form"]
    assert len(forms) == 3
    assert [label in forms[first["form"]] for label in ("Mood", "Shy", "Door locked", "must be done", "Slept", "Old")] == [True] * 4 + [False] * 2  # fmt: skip
    assert ("Slept well" in forms[reports[night.public_id]["form"]], "Old" in forms[odd]) == (True, True)
    card.state, card.sent_at = ReportState.SENT, clock.now()
    db.session.commit()
    assert {"is_sent": True} in [v["report"] for d in day_of(sam)["days"] for v in d["visits"]]
    settings.change({"reports.on": False}, actor=COMMAND_LINE)
    db.session.commit()
    day = day_of(sam)
    assert (day["forms"], {v["report"] for d in day["days"] for v in d["visits"]}) == ({}, {None})


@pytest.mark.covers("V2", "V6")
def test_what_is_restricted_hidden_or_a_file_of_a_report_never_goes_to_the_phone(cast, sam, visit):
    section = make.field_section(make.field_page(FieldArea.REPORT, portal_access=PortalAccess.VIEW))
    safe = make.custom_field(section, label="Safe", staff_access=StaffAccess.RESTRICTED)
    office = make.custom_field(section, label="For the office", staff_access=StaffAccess.HIDDEN, position=1)
    make.custom_field(section, label="Bowl", kind=FieldKind.IMAGE, position=2)
    asked = make.custom_field(section, label="Which code", position=3, show_if={"field": safe.public_id, "values": []})
    card = make.report_card(visit, message="")
    for field, text in ((safe, "4711-safe"), (office, "0815-office")):
        make.field_value(field, report_card=card, text=text)
    db.session.commit()
    answer = sam.get("/staff/offline/day.json")
    (form,) = answer.get_json()["forms"].values()
    assert "4711" not in answer.text
    assert "0815" not in answer.text
    assert "For the office" not in form
    assert "With a connection only: Safe, Bowl." in form
    assert all(field.public_id not in answer.text for field in (safe, office))
    # What hangs on an answer that the phone does not have is asked.
    assert asked.public_id in form
    assert "data-only-if" not in form


def test_the_day_costs_as_many_queries_for_many_visits(cast, sam):
    section = make.field_section(make.field_page(FieldArea.REPORT, portal_access=PortalAccess.VIEW))
    mood = make.custom_field(section, label="Mood")

    def queries(n):
        for hour in range(n):
            job = make.job(
                cast.alice, cast.walk, sitter=cast.sam, on_date=TODAY, start_time=dt.time(hour), pets=[cast.biscuit]
            )
            make.field_value(mood, report_card=make.report_card(job), text="Shy")
        db.session.commit()
        with statements() as seen:
            day_of(sam)
        return len(seen)

    assert queries(1) == queries(9) <= 12
