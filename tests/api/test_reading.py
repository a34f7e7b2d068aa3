"""What programs read: lists in pages that stay put, filters, and nothing that the person may not see."""

import datetime as dt

import pytest

from foundation import clock
from models import FieldArea, JobState, StaffAccess
from tests import factories as make
from tests import issued
from tests.databases import statements
from workflows import people, settings
from workflows.actors import COMMAND_LINE


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json["data"]]


def test_a_client_is_shown_with_public_ids_and_without_secrets(office, on):
    on.alice.notes = "Alarm code 4711"
    answer = office.get(f"/clients/{on.alice.public_id}")
    assert answer.json == {
        "id": on.alice.public_id, "account_number": "4417209318", "first_name": "Alice", "last_name": "Archer",
        "email": "alice@example.com", "phone": None, "address_line1": on.alice.address_line1,
        "address_line2": "", "city": on.alice.city, "region": on.alice.region, "postcode": on.alice.postcode, "status": "active",
        "primary_sitter_id": on.sam.public_id, "created_at": "2026-11-23T10:00:00-05:00", "version": on.alice.version,
    }  # fmt: skip


def test_a_visit_has_its_window_on_the_clock_of_the_business(office, on):
    job = make.job(
        on.alice,
        on.cat_visit,
        block=on.evening,
        start_time=None,
        sitter=on.sam,
        on_date=dt.date(2027, 7, 1),
        pets=[on.mochi],
    )
    found = office.get(f"/visits/{job.public_id}").json
    assert (found["starts_at"], found["ends_at"], found["time_zone"]) == (
        "2027-07-01T17:00:00-04:00", "2027-07-01T20:00:00-04:00", "America/New_York",
    )  # fmt: skip
    assert (found["time_block"], found["pet_ids"], found["sitter_id"]) == (
        "Evening", [on.mochi.public_id], on.sam.public_id,
    )  # fmt: skip
    assert found["price"] == {"minor": int(job.price * 100), "currency": "USD"}


def test_an_invoice_has_lines_totals_and_balance_in_minor_units(office, on):
    invoice = issued.invoice(on.alice, 40)
    found = office.get(f"/invoices/{invoice.public_id}").json
    assert (found["number"], found["state"], found["currency"]) == (invoice.number, "open", "USD")
    assert (found["total_minor"], found["balance_minor"], found["paid_minor"]) == (4000, 4000, 0)
    assert [line["amount_minor"] for line in found["lines"]] == [4000]
    assert (found["client_id"], found["is_overdue"]) == (on.alice.public_id, False)


def test_a_request_shows_its_lines_but_no_basket_is_shown(office, on):
    (only,) = office.get("/requests").json["data"]
    assert (only["id"], only["number"], only["is_waiting"]) == (on.bobs_request.public_id, 1, True)
    assert [line["state"] for line in only["lines"]] == ["submitted"]
    assert office.get(f"/requests/{on.bobs_basket.public_id}").status_code == 404


def test_filters_choose(office, on):
    old = make.job(on.alice, on.walk, on_date=dt.date(2026, 11, 20), state=JobState.CANCELLED, pets=[on.biscuit])
    assert ids(office.get("/visits?from=2026-11-21&to=2026-11-30")) == [on.bobs_job.public_id]
    assert ids(office.get("/visits?state=cancelled")) == [old.public_id]
    assert ids(office.get(f"/visits?client_id={on.alice.public_id}")) == [old.public_id]
    assert ids(office.get(f"/visits?sitter_id={on.sita.public_id}")) == [on.bobs_job.public_id]
    assert ids(office.get("/clients?email=BOB@example.com")) == [on.bob.public_id]
    assert ids(office.get("/clients?status=archived")) == []
    assert ids(office.get(f"/pets?client_id={on.bob.public_id}&status=active")) == [on.bella.public_id]
    assert ids(office.get("/requests?is_waiting=false")) == []
    assert len(ids(office.get("/services?is_active=true"))) == 3
    invoice = issued.invoice(on.alice, 40)
    assert ids(office.get("/invoices?state=open")) == [invoice.public_id]
    assert ids(office.get(f"/invoices?client_id={on.bob.public_id}")) == []


def test_updated_since_finds_what_was_made_or_changed(office, on, clock_at):
    clock_at("2026-11-24 09:00")
    since = clock.now().isoformat().replace("+", "%2B")
    assert ids(office.get(f"/clients?updated_since={since}")) == []
    people.change_client(on.bob, {"phone": "555 0100", "primary_sitter": on.bob.primary_sitter}, actor=on.as_olivia)
    assert ids(office.get(f"/clients?updated_since={since}")) == [on.bob.public_id]
    new = people.add_client({"first_name": "New"}, actor=on.as_olivia)
    assert ids(office.get(f"/clients?updated_since={since}")) == [on.bob.public_id, new.public_id]


def test_pages_stay_put_while_rows_are_added(office, on):
    for n in range(5):
        make.client(f"C{n}", "Many")
    first = office.get("/clients?limit=3").json
    make.client("Late", "Comer")
    on.alice.last_name = "Renamed"
    second = office.get(f"/clients?limit=3&cursor={first['next_cursor']}").json
    third = office.get(f"/clients?limit=3&cursor={second['next_cursor']}").json
    seen = [row["first_name"] for part in (first, second, third) for row in part["data"]]
    assert seen == ["Alice", "Bob", "C0", "C1", "C2", "C3", "C4", "Late"]
    assert third["next_cursor"] is None


def test_a_cursor_of_another_list_or_made_up_is_refused(office, on):
    cursor = office.get("/clients?limit=1").json["next_cursor"]
    for wrong in (f"/pets?cursor={cursor}", "/clients?cursor=abc", "/clients?cursor=%E2%82%AC"):
        answer = office.get(wrong)
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "cursor")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/clients?limit=0", "limit"), ("/clients?limit=101", "limit"), ("/clients?limit=x", "limit"),
        ("/clients?colour=red", "colour"), ("/visits?from=2026-13-01", "from"), ("/visits?from=9999-12-31", "from"),
        ("/visits?from=2026-11-02&to=2026-11-01", "to"), ("/visits?state=open", "state"),
        ("/clients?limit=1&limit=2", "limit"), ("/clients?updated_since=2026-11-01T00:00:00", "updated_since"),
        ("/visits/AAAA?x=1", "x"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(office, path, field):
    answer = office.get(path)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert answer.json["errors"][0]["field"] == field


# ---------------------------------------------------------------------------------------------------------- sitters


def test_a_sitter_sees_own_visits_and_their_clients_only(program, on):
    mine = make.job(on.alice, on.walk, sitter=on.sam, on_date=dt.date(2026, 11, 26), pets=[on.biscuit])
    sam = program(on.sam)
    assert ids(sam.get("/visits")) == [mine.public_id]
    assert ids(sam.get("/clients")) == [on.alice.public_id]
    assert ids(sam.get("/pets")) == [on.biscuit.public_id, on.mochi.public_id]
    for path in (f"/visits/{on.bobs_job.public_id}", f"/clients/{on.bob.public_id}", f"/pets/{on.bella.public_id}"):
        assert sam.get(path).status_code == 404
    assert ids(sam.get(f"/visits?client_id={on.bob.public_id}")) == []
    found = sam.get(f"/clients/{on.alice.public_id}").json
    assert (found["email"], found["account_number"], found["first_name"]) == (None, "", "Alice")
    assert ids(sam.get("/clients?email=alice@example.com")) == []
    assert sam.get(f"/visits/{mine.public_id}").json["price"] is None
    assert {row["price"] for row in sam.get("/services").json["data"]} == {None}


def test_a_sitter_loses_a_client_with_the_visit(program, on):
    job = make.job(on.alice, on.walk, sitter=on.sam, on_date=dt.date(2026, 11, 26), pets=[on.biscuit])
    sam = program(on.sam)
    assert ids(sam.get("/clients")) == [on.alice.public_id]
    job.sitter = on.sita
    assert (ids(sam.get("/clients")), ids(sam.get("/visits"))) == ([], [])


def test_what_the_office_hides_from_sitters_is_hidden_here(program, on):
    make.job(on.alice, on.walk, sitter=on.sam, on_date=dt.date(2026, 11, 26), pets=[on.biscuit])
    on.alice.phone, on.alice.address_line1, on.biscuit.medication = "+12125550100", "1 Elm Street", "insulin"
    page = make.field_page(FieldArea.CLIENT)
    section = make.field_section(page)
    make.custom_field(section, column="client.phone", staff_access=StaffAccess.HIDDEN)
    sam = program(on.sam)
    found = sam.get(f"/clients/{on.alice.public_id}").json
    assert (found["phone"], found["address_line1"]) == (None, "1 Elm Street")
    assert sam.get(f"/pets/{on.biscuit.public_id}").json["medication"] == ""


# ----------------------------------------------------------------------------------------------------------- queries


@pytest.mark.parametrize(
    ("path", "most"),
    [("/clients", 4), ("/pets", 4), ("/visits", 5), ("/requests", 6), ("/invoices", 6), ("/services", 5)],
)
def test_lists_take_a_fixed_number_of_queries(office, on, path, most):
    office.get("/services")  # notes that the token is used

    def n_queries():
        with statements() as asked:
            assert office.get(path).status_code == 200
        return len([s for s in asked if s.lstrip().upper().startswith("SELECT")])

    def add():
        client = make.client("More", "Of these")
        pet = make.pet(client, "Zed")
        job = make.job(client, on.walk, sitter=on.sam, on_date=dt.date(2026, 12, 1), pets=[pet])
        make.line(make.sent_request(client, on.walk, pets=[pet]), on.cat_visit, block=on.morning, pets=[pet])
        make.service_item(f"S{job.id}", code=f"S{job.id}", time_blocks=[on.morning])
        issued.invoice(client, 30)

    add()
    few = n_queries()
    for _ in range(4):
        add()
    assert (n_queries(), few <= most) == (few, True), few


def test_the_settings_decide_the_zone(office, on):
    settings.change({"business.time_zone": "Europe/Berlin"}, actor=COMMAND_LINE)
    found = office.get(f"/visits/{on.bobs_job.public_id}").json
    assert (found["time_zone"], found["created_at"]) == ("Europe/Berlin", "2026-11-23T16:00:00+01:00")
