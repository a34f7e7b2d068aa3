"""What programs change: through the workflows, once for each key, and not over what was changed meanwhile."""

import datetime as dt

import pytest
import sqlalchemy as sa

from api import sentences
from api.calls import CALLS
from foundation.db import db
from models import (
    Activity,
    ApiAnswer,
    Client,
    Job,
    JobRequest,
    JobState,
    LineState,
    Notification,
    NotificationKind,
    Payment,
    Pet,
)
from tests import factories as make
from tests import issued
from workflows import api_answers, erasing, settings
from workflows.mail_facts import MailKind


def count(model):
    return db.session.scalar(sa.select(sa.func.count()).select_from(model))


def test_a_client_is_added_and_changed_and_the_log_names_the_program(office, on):
    answer = office.post("/clients", {"first_name": "Nina", "last_name": "New", "email": "Nina@Example.com", "phone": "(212) 555-0123"})  # fmt: skip
    assert (answer.status_code, answer.json["email"], answer.json["version"]) == (201, "nina@example.com", 1)
    changed = office.patch(f"/clients/{answer.json['id']}", {"city": "Boston", "email": None}, headers={"If-Match": '"1"'})  # fmt: skip
    assert (changed.status_code, changed.json["city"], changed.json["email"], changed.json["first_name"]) == (200, "Boston", None, "Nina")  # fmt: skip
    lines = db.session.scalars(sa.select(Activity).where(Activity.verb.in_(["client.added", "client.changed"]))).all()
    assert {line.actor_name for line in lines} == {f"Olivia Owens ({office.token.name})"}
    assert {line.staff_id for line in lines} == {on.olivia.id}


def test_changing_a_client_keeps_its_sitter(office, on):
    answer = office.patch(f"/clients/{on.alice.public_id}", {"city": "Boston"})
    assert (answer.status_code, answer.json["primary_sitter_id"]) == (200, on.sam.public_id)


def test_all_that_is_wrong_is_said_at_once_in_sentences_that_name_their_fields(office, on):
    rules = office.post("/clients", {"first_name": "A", "email": "nonsense", "phone": "12"}).json["errors"]
    assert [(e["field"], e["message"].split(",")[0]) for e in rules] == [
        ("email", "Enter a full mail address"),
        ("phone", "Enter a full number"),
    ]
    shapes = office.post("/clients", {"last_name": "x" * 121, "notes": "x", "city": 7}).json["errors"]
    assert {e["field"]: e["message"] for e in shapes} == {
        "first_name": "This must be filled in.", "notes": "There is no such field here.",
        "last_name": "Write at most 120 letters.", "city": "This must be a text.",
    }  # fmt: skip


def test_a_pet_is_added_and_changed(office, on):
    answer = office.post("/pets", {"client_id": on.alice.public_id, "name": "Rex", "species": "dog", "born_on": "2020-05-01"})  # fmt: skip
    assert (answer.status_code, answer.json["client_id"], answer.json["born_on"]) == (201, on.alice.public_id, "2020-05-01")  # fmt: skip
    changed = office.patch(f"/pets/{answer.json['id']}", {"warning": "bites", "status": "inactive"})
    assert (changed.json["warning"], changed.json["status"], changed.json["name"]) == ("bites", "inactive", "Rex")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "first_name"), ({"first_name": ""}, "first_name"), ({"first_name": "A", "notes": "x"}, "notes"),
        ({"first_name": "A", "email": "nonsense"}, "email"), ({"first_name": "A", "phone": "abc"}, "phone"),
        ({"first_name": 7}, "first_name"), ({"first_name": "A\u0000"}, "first_name"), ({"first_name": "   "}, "first_name"),
        ({"first_name": "A", "id": 7}, "id"), ([], "body"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_and_nothing_is_added(office, on, body, field):
    before = count(Client)
    answer = office.post("/clients", body)
    assert (answer.status_code, [e["field"] for e in answer.json["errors"]][:1]) == (422, [field])
    assert count(Client) == before


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{", "application/json", 400), ('"\\ud800"', "application/json", 400), ("first_name=A", "application/x-www-form-urlencoded", 415),
        ('{"first_name": "' + "x" * 300_000 + '"}', "application/json", 413), ("\xff", "application/json", 422),
    ],
)  # fmt: skip
def test_a_body_that_is_none_is_refused(office, on, body, kind, status):
    answer = office.post("/clients", body, headers={"Content-Type": kind})
    assert answer.status_code in {status, 400}
    assert answer.mimetype == "application/problem+json"


def test_an_older_version_is_refused_with_412_and_changes_nothing(office, on):
    version = on.alice.version
    assert office.patch(f"/clients/{on.alice.public_id}", {"city": "Boston"}, headers={"If-Match": f'"{version}"'}).status_code == 200  # fmt: skip
    for seen in (f'"{version}"', str(version), "garbage"):
        answer = office.patch(f"/clients/{on.alice.public_id}", {"city": "Paris"}, headers={"If-Match": seen})
        assert (answer.status_code, answer.json["code"]) == (412, "stale")
    assert db.session.get(Client, on.alice.id).city == "Boston"


def test_the_same_key_again_gives_the_same_answer_and_no_second_row(office, on):
    before = count(Client)
    first = office.post("/clients", {"first_name": "Once"}, headers={"Idempotency-Key": "abc-1"})
    on.alice.city = "elsewhere"
    again = office.post("/clients", {"first_name": "Once"}, headers={"Idempotency-Key": "abc-1"})
    assert (first.status_code, first.data) == (201, again.data)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert count(Client) == before + 1
    other = office.post("/clients", {"first_name": "Twice"}, headers={"Idempotency-Key": "abc-1"})
    assert (other.status_code, other.json["code"]) == (422, "key_reused")


def test_a_key_is_free_again_after_a_refusal_and_belongs_to_its_token(office, program, on):
    bad = office.post("/clients", {"first_name": "A", "email": "x"}, headers={"Idempotency-Key": "k"})
    good = office.post("/clients", {"first_name": "A"}, headers={"Idempotency-Key": "k"})
    other = program(on.max).post("/clients", {"first_name": "A"}, headers={"Idempotency-Key": "k"})
    assert (bad.status_code, good.status_code, other.status_code) == (422, 201, 201)
    assert good.json["id"] != other.json["id"]
    assert office.post("/clients", {"first_name": "A"}, headers={"Idempotency-Key": "k" * 81}).status_code == 422


def test_two_at_once_with_one_key_add_one(office, on, together):
    before, answers = count(Client), []

    def send():
        answers.append(office.browser.post("/api/v1/clients", json={"first_name": "Once"}, headers={"Authorization": f"Bearer {office.secret}", "Idempotency-Key": "same"}))  # fmt: skip

    db.session.commit()
    together(send, send)
    assert sorted(a.status_code for a in answers) == [201, 201]
    assert len({a.json["id"] for a in answers}) == 1
    assert count(Client) == before + 1


def test_kept_answers_go_after_a_day_and_with_the_client(office, on, clock_at):
    made = office.post("/clients", {"first_name": "Gone"}, headers={"Idempotency-Key": "a"}).json
    office.post("/clients", {"first_name": "Stays"}, headers={"Idempotency-Key": "b"})
    erasing.erase(db.session.scalar(sa.select(Client).filter_by(public_id=made["id"])), typed=made["account_number"], actor=on.as_olivia)  # fmt: skip
    assert [row.key for row in db.session.scalars(sa.select(ApiAnswer))] == ["b"]
    clock_at("2026-11-25 10:00")
    assert (api_answers.forget_old(), count(ApiAnswer)) == (1, 0)


# ---------------------------------------------------------------------------------------------------------- requests


def wish(on, **more):
    one = {"service_id": on.walk.public_id, "dates": ["2026-12-01", "2026-12-02"], "start_time": "12:30", "pet_ids": [on.biscuit.public_id], "note": "Gate is stuck", **more}  # fmt: skip
    return {"client_id": on.alice.public_id, "visits": [one]}


def test_a_request_is_taken_down_like_one_from_the_portal(office, on, outbox):
    answer = office.post("/requests", wish(on))
    assert (answer.status_code, answer.json["number"], answer.json["is_waiting"]) == (201, 2, True)
    assert [(line["on_date"], line["start_time"], line["note"], line["state"]) for line in answer.json["lines"]] == [
        ("2026-12-01", "12:30", "Gate is stuck", "submitted"), ("2026-12-02", "12:30", "Gate is stuck", "submitted"),
    ]  # fmt: skip
    assert outbox.one(MailKind.REQUEST_RECEIVED).to_address == "alice@example.com"
    (told,) = db.session.scalars(sa.select(Notification).filter_by(kind=NotificationKind.REQUEST_RECEIVED))
    assert told.client_id == on.alice.id
    assert count(Job) == 1


def test_blocks_go_by_their_names(office, on):
    answer = office.post("/requests", wish(on, service_id=on.cat_visit.public_id, time_blocks=["Morning", "Evening"], start_time=None))  # fmt: skip
    assert [line["time_block"] for line in answer.json["lines"]] == ["Morning", "Evening"] * 2


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"service_id": "AAAA"}, "visits.0.service_id"), ({"pet_ids": ["AAAA"]}, "visits.0.pet_ids"),
        ({"time_blocks": ["Noon"]}, "visits.0.time_blocks"), ({"dates": []}, "visits.0.dates"),
        ({"start_time": "25:00"}, "visits.0.start_time"), ({"pet_ids": []}, "pets"), ({"dates": ["9999-12-31"]}, "visits.0.dates.0"),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_refused(office, on, more, field):
    answer = office.post("/requests", wish(on, **more))
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)
    assert count(JobRequest) == 2


def test_a_pet_of_others_is_refused(office, on):
    assert office.post("/requests", wish(on, pet_ids=[on.bella.public_id])).status_code == 422


def test_an_archived_client_gets_nothing(office, on):
    office.patch(f"/pets/{on.biscuit.public_id}", {"notes": "x"})
    on.alice.status = "archived"
    assert office.post("/requests", wish(on)).status_code == 409


def test_a_line_is_scheduled(office, on):
    (line,) = on.bobs_request.lines
    path = f"/requests/{on.bobs_request.public_id}/lines/{line.public_id}/scheduling"
    answer = office.post(path, {"sitter_id": on.sam.public_id})
    assert (answer.status_code, answer.json["sitter_id"], answer.json["state"]) == (201, on.sam.public_id, "scheduled")
    assert db.session.get(type(line), line.id).state is LineState.SCHEDULED
    again = office.post(path, {})
    assert (again.status_code, again.json["code"]) == (409, "line_scheduled")
    assert office.post(path, {"sitter_id": on.sam.public_id, "unassigned": True}).status_code == 422
    assert office.post(path.replace(line.public_id, "AAAA"), {}).status_code == 404


# ------------------------------------------------------------------------------------------------------------ visits


def test_a_visit_moves_and_what_is_left_out_stays(office, on):
    path = f"/visits/{on.bobs_job.public_id}/move"
    answer = office.post(path, {"on_date": "2026-11-27"}, headers={"If-Match": f'"{on.bobs_job.version}"'})
    assert (answer.status_code, answer.json["on_date"], answer.json["start_time"], answer.json["sitter_id"]) == (200, "2026-11-27", "12:00", on.sita.public_id)  # fmt: skip
    stale = office.post(path, {"on_date": "2026-11-28"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json["code"]) == (412, "stale")
    off = office.post(path, {"sitter_id": None})
    assert off.json["sitter_id"] is None


def test_conflicts_are_told_and_can_be_overridden(office, on):
    make.job(on.alice, on.walk, sitter=on.sita, on_date=dt.date(2026, 11, 27), pets=[on.biscuit])
    path = f"/visits/{on.bobs_job.public_id}/move"
    refused = office.post(path, {"on_date": "2026-11-27"})
    assert (refused.status_code, refused.json["code"], len(refused.json["conflicts"])) == (409, "conflicts", 1)
    done = office.post(path, {"on_date": "2026-11-27", "accept": refused.json["conflicts"]})
    assert (done.status_code, done.json["on_date"]) == (200, "2026-11-27")


def test_a_visit_is_cancelled_once(office, on, outbox):
    path = f"/visits/{on.bobs_job.public_id}/cancellation"
    assert office.post(path, {}, headers={"If-Match": '"99"'}).status_code == 412
    answer = office.post(path, {"reason": "Rain"})
    assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
    assert outbox.one(MailKind.VISIT_CANCELLED).to_address == "bob@example.com"
    assert office.post(path, {}).status_code == 409
    assert db.session.get(Job, on.bobs_job.id).state is JobState.CANCELLED


# ---------------------------------------------------------------------------------------------------------- invoices


def test_a_transfer_pays_an_invoice_and_no_more_than_its_balance(office, on):
    invoice = issued.invoice(on.alice, 40)
    path = f"/invoices/{invoice.public_id}/payments"
    paid = {"kind": "transfer", "amount_minor": 1500, "received_on": "2026-11-20", "reference": "R-7"}
    answer = office.post(path, paid, headers={"Idempotency-Key": "bank-1"})
    assert (answer.status_code, answer.json["amount"], answer.json["invoice_id"]) == (201, {"minor": 1500, "currency": "USD"}, invoice.public_id)  # fmt: skip
    assert office.post(path, paid, headers={"Idempotency-Key": "bank-1"}).json["id"] == answer.json["id"]
    assert office.get(f"/invoices/{invoice.public_id}").json["balance_minor"] == 2500
    assert office.post(path, {**paid, "amount_minor": 2501}).status_code in {409, 422}
    assert office.post(path, {**paid, "kind": "card"}).status_code == 422
    assert office.post(path, {**paid, "received_on": "2026-12-24"}).json["errors"][0]["field"] == "received_on"
    assert office.post(path, {**paid, "amount_minor": 15.5}).status_code == 422
    assert count(Payment) == 1
    assert count(Pet) == 3


SHAPED_WRONG = [
    (("POST", "/clients", {}), "first_name", "Das muss ausgefüllt sein."),
    (("POST", "/clients", []), "body", "Das muss ein Objekt mit Feldern sein."),
    (("POST", "/clients", {"first_name": ""}), "first_name", "Bitte mindestens einen Buchstaben."),
    (("POST", "/clients", {"first_name": "x" * 121}), "first_name", "Bitte höchstens 120 Buchstaben."),
    (("POST", "/clients", {"first_name": 7}), "first_name", "Das muss ein Text sein."),
    (("POST", "/clients", {"first_name": "a\u0007"}), "first_name", "Darin ist ein Zeichen, das sich nicht aufheben lässt."),
    (("POST", "/clients", {"first_name": "a", "x": 1}), "x", "Ein solches Feld gibt es hier nicht."),
    (("PATCH", "/pets/PET", {"species": "dragon"}), "species", "Bitte eines davon: "),
    (("PATCH", "/pets/PET", {"born_on": "30.11.2026"}), "born_on", "Schreiben Sie den Tag als 2026-11-30."),
    (("PATCH", "/pets/PET", {"born_on": "1890-01-01"}), "born_on", "Der Tag muss zwischen 1990 und 2190 liegen."),
    (("POST", "/requests", {"client_id": "!", "visits": 1}), "client_id", "Das ist keine Kennung."),
    (("POST", "/requests", {"client_id": "!", "visits": 1}), "visits", "Das muss eine Liste sein."),
    (("POST", "/requests", {"client_id": "a", "visits": []}), "visits", "Bitte mindestens einen Eintrag."),
    (("POST", "/requests", {"client_id": "a", "visits": [{"start_time": "9"}]}), "visits.0.start_time", "Stunden und Minuten, wie 09:30."),
    (("POST", "/requests", {"client_id": "a", "visits": [{"time_blocks": ["a"] * 11}]}), "visits.0.time_blocks", "Bitte höchstens 10 Einträge."),
    (("POST", "/requests", {"client_id": "a", "visits": [], "tell_client": 3}), "tell_client", "Das muss true oder false sein."),
    (("GET", "/clients?limit=x", None), "limit", "Das muss eine ganze Zahl sein."),
    (("GET", "/clients?limit=0", None), "limit", "Das muss 1 oder mehr sein."),
    (("GET", "/clients?limit=101", None), "limit", "Das muss 100 oder weniger sein."),
    (("GET", "/clients?limit=1&limit=2", None), "limit", "Das wurde zweimal angegeben."),
    (("GET", "/visits/AAAA?x=1", None), "x", "Ein solches Feld gibt es hier nicht."),
    (("GET", "/clients?updated_since=2026-11-01T00:00:00", None), "updated_since", "Schreiben Sie den Zeitpunkt mit Versatz"),
]  # fmt: skip


def test_what_is_shaped_wrong_is_said_in_the_language_of_the_business(office, on):
    settings.change({"business.locale": "de_DE"}, actor=on.as_olivia)
    for (method, path, body), field, said in SHAPED_WRONG:
        errors = office.call(method, path.replace("PET", on.biscuit.public_id), body).json["errors"]
        assert {e["field"]: e["message"] for e in errors}[field].startswith(said), (path, body, errors)


def test_every_kind_of_error_that_a_schema_can_bring_has_its_sentence():
    """Read from pydantic's own tree of each schema: its types and limits are what errors are named after."""
    of_type = {
        "bool": {"bool_type", "bool_parsing"}, "int": {"int_type", "int_parsing", "int_from_float", "int_parsing_size"},
        "str": {"string_type", "string_unicode"}, "list": {"list_type"}, "model": {"model_type"}, "enum": {"enum"},
        "date": {"date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"},
        "datetime": {"datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_aware"},
        "function-after": {"day_is_far"}, "model-field": {"missing", "extra_forbidden"},
        "default": set(), "nullable": set(), "model-fields": set(), "definitions": set(), "definition-ref": set(),
    }  # fmt: skip
    of_limit = {
        "ge": "greater_than_equal", "le": "less_than_equal", ("str", "min_length"): "string_too_short",
        ("str", "max_length"): "string_too_long", ("list", "min_length"): "too_short", ("list", "max_length"): "too_long",
        "pattern": "string_pattern_mismatch",
    }  # fmt: skip
    found = set()

    def walk(part):
        if isinstance(part, dict):
            if isinstance(kind := part.get("type"), str) and kind in of_type:
                found.update(of_type[kind])
                for limit in {"ge", "le", "gt", "lt", "multiple_of", "min_length", "max_length", "pattern"} & set(part):
                    found.add(of_limit.get(limit) or of_limit[kind, limit])
            part = [part[key] for key in part if key not in {"metadata", "serialization", "ref"}]
        for one in part if isinstance(part, list | tuple) else ():
            walk(one)

    for made in CALLS:
        for kind in (made.query, made.body):
            walk(kind.__pydantic_core_schema__ if kind else ())
    assert len(found) > 20
    assert found - set(sentences.SENTENCES) == set()
