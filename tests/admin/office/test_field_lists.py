"""Custom fields in the lists of clients, pets, the team and report cards: columns, order and filters by their type, files, secrets, the cost."""

import csv
import datetime as dt
import io
import re
from decimal import Decimal
from urllib.parse import quote

import pytest

from models import FieldArea, FieldKind
from tests import factories as make
from tests.admin.office.test_field_data import fill
from tests.databases import statements
from workflows import field_lists, settings

pytestmark = pytest.mark.covers("D3", "S3")

CLIENTS, PETS = "/admin/clients/", "/admin/pets/"
HOSTILE = "<img src=x onerror=alert(1)>"
FOOD = [{"key": "raw", "label": "Raw"}, {"key": "dry", "label": "Dry"}]


def a_field(label="Age", kind=FieldKind.NUMBER, *, area=FieldArea.CLIENT, **more):
    return make.custom_field(make.field_section(make.field_page(area)), label=label, kind=kind, **more)


def shown(office, url):
    """The names of the clients in the list, in order."""
    page = office.get(url)
    names = [link for link, href in page._inner.links if href.startswith("/admin/client/")]
    return [n for n in names if n]


@pytest.fixture
def three(cast):
    """Alice, Bob and Carla."""
    carla = make.client("Carla", "Clark")
    return cast.alice, cast.bob, carla


def column(office, *fields, area="client"):
    return office.get(f"/admin/field-lists/{area}/").press("Save columns", columns=[f.public_id for f in fields])


def test_chosen_fields_are_columns_that_sort_by_their_type(office, three):
    number, day, food = a_field("Cats", FieldKind.NUMBER), a_field("Since", FieldKind.DATE), a_field("Food", FieldKind.CHOICE, choices=FOOD)  # fmt: skip
    for client, n, on, key in zip(three, (10, 9, Decimal("-1.5")), (3, 1, 2), ("dry", "raw", "dry"), strict=True):
        fill(client, number, Decimal(n))
        fill(client, day, dt.date(2026, 11, on))
        fill(client, food, key)
    page = column(office, number, day, food)
    assert "The list shows them from now on" in page.text
    assert all(word in page.main for word in ("Cats", "-1.5", "Nov 3, 2026", "Raw"))
    names = ["Alice Archer", "Bob Baker", "Carla Clark"]
    for field, order in ((number, (2, 1, 0)), (day, (1, 2, 0))):
        key = f"{CLIENTS}?sort=f-{field.public_id}"
        assert shown(office, key) == [names[i] for i in order]
        assert shown(office, key + "&desc=1") == [names[i] for i in reversed(order)]
    assert shown(office, f"{CLIENTS}?sort=f-{food.public_id}")[0] == "Bob Baker"


@pytest.mark.parametrize(
    ("kind", "values", "value", "found"),
    [
        (FieldKind.NUMBER, (1, 10, Decimal("2.5")), "least:2.5", "BC"),
        (FieldKind.NUMBER, (1, 10, Decimal("2.5")), "most:2.5", "AC"),
        (FieldKind.NUMBER, (1, 10, Decimal("2.5")), "is:10", "B"),
        (FieldKind.DATE, (dt.date(2026, 1, 1), dt.date(2026, 2, 1), None), "from:2026-01-15", "B"),
        (FieldKind.DATE, (dt.date(2026, 1, 1), dt.date(2026, 2, 1), None), "until:2026-02-01", "AB"),
        (FieldKind.DATE, (dt.date(2026, 1, 1), dt.date(2026, 2, 1), None), "on:2026-01-01", "A"),
        (FieldKind.YES_NO, (True, False, None), "is:no", "B"),
        (FieldKind.CHOICE, ("raw", "dry", None), "is:raw", "A"),
        (FieldKind.MULTI_CHOICE, (("raw",), ("raw", "dry"), ("dry",)), "has:raw", "AB"),
        (FieldKind.TEXT, ("100 % wool", "Cotton", None), "has:0 % W", "A"),
        (FieldKind.TEXT, ("100 % wool", "Cotton", None), "is:cotton", "B"),
        (FieldKind.LONG_TEXT, ("a_b", "axb", None), "has:a_b", "A"),
        (FieldKind.PHONE, ("+12125550134", "+12125550199", None), "has:(212) 555-0134", "A"),
        (FieldKind.TEXT, ("x", None, None), "filled:", "A"),
        (FieldKind.TEXT, ("x", None, None), "empty:", "BC"),
    ],
    ids=str,
)  # fmt: skip
def test_lists_are_filtered_by_a_field_with_the_comparisons_of_its_kind(office, three, kind, values, value, found):
    field = a_field(kind=kind, choices=FOOD if "choice" in kind else [])
    for client, held in zip(three, values, strict=True):
        if held is not None:
            fill(client, field, Decimal(held) if kind is FieldKind.NUMBER else held)
    url = f"{CLIENTS}?view=all&flt_f-{field.public_id}={quote(value)}"
    assert "".join(n[0] for n in shown(office, url)) == found
    assert f"{field.label}: " in office.get(url).main


def test_a_filter_is_put_together_on_a_page(office, three):
    field = a_field("Food", FieldKind.CHOICE, choices=FOOD)
    fill(three[1], field, "dry")
    page = office.get(f"/admin/field-lists/client/?field={field.public_id}")
    assert all(word in page.main for word in ("is", "not filled in", "Raw", "Dry"))
    answer = office.browser.get(f"/admin/field-lists/client/find?field={field.public_id}&operator=is&value=dry")
    assert answer.status_code == 302
    found = office.get(answer.headers["Location"])
    assert ("Bob Baker" in found.main, "Alice Archer" in found.main, "Food: is Dry" in found.main) == (True, False, True)  # fmt: skip
    again = office.get(f"/admin/field-lists/client/find?field={field.public_id}&operator=is&value=", 302)
    assert again.status == 302


def test_columns_of_ours_can_be_chosen_too(office, three):
    town = a_field("Town", FieldKind.TEXT, column="client.city")
    three[0].city, three[1].city = "Zwolle", "Aachen"
    column(office, town)
    url = f"{CLIENTS}?view=all&sort=f-{town.public_id}&flt_f-{town.public_id}=filled:"
    assert shown(office, url) == ["Bob Baker", "Alice Archer"]
    assert shown(office, f"{CLIENTS}?view=all&flt_f-{town.public_id}=has:zwol") == ["Alice Archer"]


def test_secrets_are_masked_in_the_list_and_sort_and_search_nothing(office, three):
    code = a_field("Alarm code", FieldKind.TEXT, is_secret=True)
    fill(three[0], code, "4711-geheim")
    page = column(office, code)
    assert ("••••" in page.main, "4711" in page.html, f"sort=f-{code.public_id}" in page.html) == (True, False, False)
    assert "was left out" in office.get(f"{CLIENTS}?flt_f-{code.public_id}=has:4711").main
    assert shown(office, f"{CLIENTS}?view=all&flt_f-{code.public_id}=filled:") == ["Alice Archer"]


def the_file(office, url=CLIENTS):
    answer = office.browser.post(url.replace("/?", "/export/csv/?") if "?" in url else f"{url}export/csv/", data={"csrf_token": office.token()})  # fmt: skip
    assert answer.status_code == 200
    return answer.text, list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))


def test_files_hold_every_field_typed_and_masked_and_no_formula(office, three):
    number, food = a_field("Cats", FieldKind.NUMBER), a_field("Food", FieldKind.MULTI_CHOICE, choices=FOOD)
    code = a_field("Alarm code", FieldKind.TEXT, is_secret=True)
    evil = a_field("=cmd|' /C calc'!A0", FieldKind.TEXT)
    day, yes = a_field("Since", FieldKind.DATE), a_field("Garden", FieldKind.YES_NO)
    alice = three[0]
    for field, value in ((number, Decimal("-2.5")), (food, ("raw", "dry")), (code, "4711-geheim"), (evil, "=1+1"), (day, dt.date(2026, 11, 1)), (yes, False)):  # fmt: skip
        fill(alice, field, value)
    text, rows = the_file(office)
    (row,) = [r for r in rows if r["Name"] == "Alice Archer"]
    assert {k: row[k] for k in ("Cats", "Food", "Alarm code", "Since", "Garden")} == {
        "Cats": "-2.5", "Food": "Raw, Dry", "Alarm code": "••••", "Since": "2026-11-01", "Garden": "No",
    }  # fmt: skip
    assert (row["'=cmd|' /C calc'!A0"], "4711" in text) == ("'=1+1", False)
    (bob,) = [r for r in rows if r["Name"] == "Bob Baker"]
    assert (bob["Cats"], bob["Alarm code"]) == ("", "")
    _text, only = the_file(office, f"{CLIENTS}?view=all&flt_f-{number.public_id}=most:0")
    assert [r["Name"] for r in only] == ["Alice Archer"]


@pytest.mark.covers("D2")
def test_pets_have_theirs(office, cast):
    field = a_field("Microchip", FieldKind.TEXT, area=FieldArea.PET)
    mine = a_field("Parking", FieldKind.TEXT)
    fill(cast.mochi, field, "985-1")
    page = column(office, field, area="pet")
    assert "985-1" in page.main
    assert office.post("/admin/field-lists/pet/", columns=mine.public_id).status == 200
    assert field_lists.chosen(FieldArea.PET) == []
    _text, rows = the_file(office, PETS)
    assert {r["Name"]: r["Microchip"] for r in rows}["Mochi"] == "985-1"
    column(office, field, area="pet")
    assert "985-1" in office.get(f"/admin/pets/details/?id={cast.mochi.id}").main


def test_the_team_has_theirs(office, manager, cast):
    day = a_field("First aid until", FieldKind.DATE, area=FieldArea.STAFF)
    code = a_field("Bank code", FieldKind.TEXT, area=FieldArea.STAFF, is_secret=True)
    for one, on in ((cast.olivia, 3), (cast.max, 1), (cast.sam, 2)):
        fill(one, day, dt.date(2026, 11, on))
    fill(cast.sam, code, "4711-geheim")
    page = column(office, day, code, area="staff")
    assert (page.path, "Nov 2, 2026" in page.main, "••••" in page.main, "4711" in page.html) == ("/admin/staff/", True, True, False)  # fmt: skip

    def people(query):
        names = re.findall(r'ui-table__main"[^>]*>([^<]+)<', office.get(f"/admin/staff/?{query}").html)
        return [n for n in names if n in {str(cast.olivia), str(cast.max), str(cast.sam)}]

    key = f"f-{day.public_id}"
    assert people(f"flt_{key}=filled:&sort={key}") == [str(cast.max), str(cast.sam), str(cast.olivia)]
    assert people(f"flt_{key}=from:2026-11-02&sort={key}&desc=1") == [str(cast.olivia), str(cast.sam)]
    assert people(f"flt_f-{code.public_id}=filled:") == [str(cast.sam)]
    text, rows = the_file(office, "/admin/staff/")
    (sam,) = [r for r in rows if r["Name"] == str(cast.sam)]
    assert (sam["First aid until"], sam["Bank code"], "4711" in text) == ("2026-11-02", "••••", False)
    # A field of clients is no column of the team, whatever is sent.
    office.post("/admin/field-lists/staff/", columns=a_field("Parking").public_id)
    settings.forget()
    assert field_lists.chosen(FieldArea.STAFF) == []


def test_report_cards_have_theirs(office, cast):
    fed = a_field("Fed", FieldKind.TASK, area=FieldArea.REPORT)
    walked = a_field("Minutes", FieldKind.NUMBER, area=FieldArea.REPORT)
    cards = [make.report_card(message=m) for m in ("Long", "Short", "None")]
    fill(cards[0], fed, True)
    fill(cards[0], walked, Decimal(100))
    fill(cards[1], walked, Decimal("9.5"))
    assert column(office, fed, walked, area="report").path == "/admin/report-cards/"
    page = office.get("/admin/report-cards/?view=all")
    assert (page.path, "Done" in page.main, "9.5" in page.main) == ("/admin/report-cards/?view=all", True, True)

    def found(query):
        return re.findall(
            r'ui-table__main"[^>]*href="/admin/visit/(\d+)/', office.get(f"/admin/report-cards/?view=all&{query}").html
        )

    def of(*which):
        return [str(c.job_id) for c in which]

    assert found(f"flt_f-{fed.public_id}=is:yes") == of(cards[0])
    assert found(f"flt_f-{fed.public_id}=empty:&sort=id") == of(cards[2], cards[1])
    assert found(f"flt_f-{walked.public_id}=filled:&sort=f-{walked.public_id}") == of(cards[1], cards[0])
    assert found(f"flt_f-{walked.public_id}=most:10") == of(cards[1])
    _text, rows = the_file(office, "/admin/report-cards/?view=all")
    assert sorted((r["Fed"], r["Minutes"]) for r in rows) == [("", ""), ("", "9.5"), ("Done", "100")]


def test_at_most_three_columns_and_only_from_who_designs(office, manager, cast, http, sign_in_as_staff):
    fields = [a_field(f"F{n}") for n in range(4)]
    refused = column(manager, *fields)
    assert "Choose at most 3." in refused.text
    column(manager, *fields[:3])
    settings.forget()
    assert field_lists.chosen(FieldArea.CLIENT) == [f.public_id for f in fields[:3]]
    assert sign_in_as_staff(http(), cast.sam).get("/admin/field-lists/client/").status_code == 403


def test_what_was_retired_is_no_column_any_more(office, three):
    field = a_field("Old thing")
    column(office, field)
    field.retired_at = three[0].created_at
    page = office.get(f"{CLIENTS}?sort=f-{field.public_id}&flt_f-{field.public_id}=least:1")
    assert (page.status, "Old thing" in page.main) == (200, False)


@pytest.mark.parametrize("value", ["", ":", "least:x", "least:", "has:1", "is:" + "9" * 400, "nothing", "least:1e999", "filled", "empty\x00:", "on:9999-99-99"])  # fmt: skip
def test_nonsense_in_an_address_is_left_out(office, three, value):
    field = a_field()
    for key in (field.public_id, "nothing", "%00", "x" * 500):
        page = office.get(f"{CLIENTS}?flt_f-{key}={quote(value)}")
        assert "Alice Archer" in page.main
    office.get("/admin/field-lists/client/?field=nothing", 404)
    office.get("/admin/field-lists/client/find?field=nothing", 404)


def test_labels_and_values_are_texts_in_the_list(office, three):
    field = a_field(HOSTILE, FieldKind.TEXT)
    fill(three[0], field, HOSTILE + "x" * 300)
    page = column(office, field)
    assert ("<img src=x" in page.html, HOSTILE in page.main, "x" * 90 in page.html) == (False, True, False)
    assert "<img src=x" not in office.get(f"{CLIENTS}?flt_f-{field.public_id}={quote('has:' + HOSTILE)}").html


@pytest.mark.parametrize("n", [2, 20])
def test_three_columns_cost_two_queries_however_many_rows_and_keep_the_page_small(office, cast, n):
    fields = [a_field(f"F{k}", FieldKind.TEXT) for k in range(3)]
    for k in range(n):
        client = make.client("Hannah", f"Okafor {k}", primary_sitter=cast.sam)
        for field in fields:
            fill(client, field, "As long as a usual answer is")
    with statements() as without:
        plain = office.get(CLIENTS)
    column(office, *fields)
    with statements() as seen:
        page = office.get(CLIENTS)
    # Rows with fields are entities, which ask for their log-ins by themselves.
    assert len(seen) == len(without) + 3 <= 6, "\n".join(seen)
    assert len(page.html) - len(plain.html) <= (n + 2) * 3 * 90 + 1000
