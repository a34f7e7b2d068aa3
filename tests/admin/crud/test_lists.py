"""Lists: views, searches, pages, orders, counts; nonsense in the address; how many queries and bytes a page takes."""

import datetime as dt
import itertools
import re
from decimal import Decimal
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa

from admin_site import listing, search
from admin_site.base import OfficeList
from foundation import clock
from foundation.db import Base, db
from models import (
    Activity,
    ActorKind,
    ChangeKind,
    ChangeState,
    ClientStatus,
    FilePurpose,
    InvoiceState,
    JobState,
    LineState,
    MailState,
    PetStatus,
    Species,
    StaffRole,
    Via,
)
from tests import factories as make
from tests import money_factories as money
from tests.admin.crud.test_tables import rows_of
from tests.asked import listen
from tests.databases import statements
from workflows import permissions

DAY = dt.date(2026, 11, 26)


def names_in(page) -> list[str]:
    """The first words of each row's link."""
    return [re.search(r'ui-table__main"[^>]*>([^<]*)<', row)[1] for row in rows_of(page)]


# ----------------------------------------------------------------------------------------------------------- views


@pytest.mark.covers("S3")
def test_views_of_clients(office, cast):
    cast.bob.status = ClientStatus.ARCHIVED
    make.client("Grace", "Lindqvist", status=ClientStatus.PROSPECT)
    make.client("Ida", "Idle", status=ClientStatus.INACTIVE)
    url = "/admin/clients/"
    assert names_in(office.open(url)) == ["Alice Archer"]
    assert names_in(office.open(f"{url}?view=prospects")) == ["Grace Lindqvist"]
    assert names_in(office.open(f"{url}?view=inactive")) == ["Ida Idle"]
    assert names_in(office.open(f"{url}?view=archived")) == ["Bob Baker"]
    assert names_in(office.open(f"{url}?view=all")) == ["Alice Archer", "Bob Baker", "Ida Idle", "Grace Lindqvist"]
    assert names_in(office.open(f"{url}?search=baker")) == ["Bob Baker"], "a search looks at all of them"
    assert names_in(office.open(f"{url}?search=baker&view=active")) == [], "unless one says where"


def test_views_of_the_others(office, cast):
    cast.mochi.status = PetStatus.DECEASED
    make.time_off(cast.sam, DAY - dt.timedelta(days=30), note="past")
    make.time_off(cast.sita, DAY, note="coming")
    assert names_in(office.open("/admin/pets/")) == ["Bella", "Biscuit"]
    assert names_in(office.open("/admin/pets/?view=gone")) == ["Mochi"]
    assert names_in(office.open("/admin/time-off/")) == ["Sita Singh"]
    assert names_in(office.open("/admin/time-off/?view=past")) == ["Sam Stone"]
    cast.walk.visible_in_portal = False
    assert names_in(office.open("/admin/services/?view=portal")) == ["Cat visit", "Overnight"]
    cast.walk.is_active = False
    assert names_in(office.open("/admin/services/?view=inactive")) == ["Dog walk"]
    old = make.job(cast.alice, cast.walk, on_date=DAY - dt.timedelta(days=9), state=JobState.COMPLETED)
    nobody = make.job(cast.alice, cast.walk, on_date=DAY)
    assert f"/admin/visit/{old.id}/" in office.open("/admin/visits/?view=past").text
    assert rows_of(office.open("/admin/visits/?view=nobody"))[0].count(f"/admin/visit/{nobody.id}/") == 1
    assert len(rows_of(office.open("/admin/visits/"))) == 2
    assert len(rows_of(office.open("/admin/request-lines/"))) == 1, "Bob's line that waits"
    assert len(rows_of(office.open("/admin/request-lines/?view=unsent"))) == 1, "Bob's basket"
    assert rows_of(office.open("/admin/request-lines/?view=decided")) == []


def test_what_comes_is_read_from_now_on(office, cast):
    """The next visit and the next absence stand first, the latest of the past too."""
    days = [DAY + dt.timedelta(days=n) for n in (60, 1, 30, -20, -40)]
    far, near, middle, late, old = [make.job(cast.bob, cast.walk, on_date=day).id for day in days]
    make.time_off(cast.sita, days[0])
    make.time_off(cast.sam, days[1])

    def visits(view: str) -> list[int]:
        page = office.open(f"/admin/visits/?view={view}")
        return [int(re.search(r"/admin/visit/(\d+)/", row)[1]) for row in rows_of(page)]

    assert [visit for visit in visits("coming") if visit in {far, near, middle}] == [near, middle, far]
    assert [visit for visit in visits("nobody") if visit in {far, near, middle}] == [near, middle, far]
    assert visits("past") == [late, old]
    assert names_in(office.open("/admin/time-off/")) == ["Sam Stone", "Sita Singh"]


# --------------------------------------------------------------------------------------------------------- searches


@pytest.mark.covers("S3")
@pytest.mark.parametrize(
    "typed",
    [
        "müller", "MÜLLER", "gre", "grete müller", "müller grete", "G.MÜLLER@EXAMPLE", "4417 209 319", "4417209319", "209 319",
        "07700 900123", "(07700) 900-123", "447700900123", "+44 7700 900123", "ødegård", "ØDEGÅRD", "  müller  ",
    ],
)  # fmt: skip
def test_clients_are_found_by_what_people_know_of_them(office, cast, typed):
    grete = make.client(
        "Grete", "Müller", email="g.müller@example.com", phone="+447700900123", account_number="4417209319"
    )
    make.pet(grete, "Ødegård")
    assert names_in(office.browser.get("/admin/clients/", query_string={"search": typed})) == ["Grete Müller"]


@pytest.mark.parametrize(
    "typed", ["%", "_", "\\", "m_ller", "%%%", "a%r", "grete nobody", "9999999999", "''; DROP TABLE client; --"]
)
def test_signs_that_databases_read_their_own_way_are_taken_literally(office, cast, typed):
    make.client("Grete", "Müller")
    assert names_in(office.browser.get("/admin/clients/", query_string={"search": typed})) == []


def test_a_percent_sign_in_a_name_is_found(office, cast):
    make.client("100%", "Pets_and\\more")
    for typed in ("100%", "s_a", "\\more"):
        assert names_in(office.browser.get("/admin/clients/", query_string={"search": typed})) == [
            "100% Pets_and\\more"
        ]


FOUND = [
    ("pets", "bella", 1), ("pets", "archer", 2), ("pets", "biscuit archer", 1), ("contacts", "kim archer", 1),
    ("visits", "baker", 1), ("visits", "bella", 1), ("visits", "dog walk", 1), ("visits", "sita", 1), ("visits", "sita baker walk", 1),
    ("visits", "alice", 0), ("visits", "sam", 0), ("request-lines", "cat visit", 1), ("request-lines", "bella", 2),
    ("change-items", "baker", 1), ("change-items", "bella", 1), ("change-items", "baker bella", 1), ("change-items", "baker alice", 0),
    ("stored-files", "baker", 1), ("stored-files", "bella", 1), ("stored-files", "lan.p", 2), ("stored-files", "sam", 0),
    ("outbox", "alice@ex", 1), ("outbox", "archer", 1), ("outbox", "zebra.example", 0), ("log", "archer", 1), ("log", "zebra", 0),
]  # fmt: skip


@pytest.mark.covers("S3")
def test_other_records_are_found_through_the_people_they_belong_to(office, cast):
    make.client_contact(cast.alice, "Kim")
    make.change_item(make.change_request(cast.bob), cast.bobs_job)
    make.outbox_mail(to_address="alice@example.com", client_id=cast.alice.id)
    make.activity_line(client_id=cast.alice.id)
    make.stored_file(cast.bob, name="Plan.pdf"), make.stored_file(cast.alice, name="plan.pdf")
    found = [
        (url, typed, len(rows_of(office.browser.get(f"/admin/{url}/", query_string={"search": typed, "view": "all"}))))
        for url, typed, _n in FOUND
    ]
    assert found == FOUND


def test_a_word_that_many_clients_have_finds_the_visits_of_all(office, cast):
    for n in range(60):
        client = make.client("Hannah", f"Okafor {n}")
        make.job(client, cast.walk, on_date=DAY + dt.timedelta(days=n))
    page = office.open("/admin/visits/?view=all&search=hannah&page_size=100")
    assert len(rows_of(page)) == 60
    assert len(rows_of(office.open("/admin/visits/?view=all&search=okafor+walk&page_size=100"))) == 60
    assert len(rows_of(office.open("/admin/visits/?view=all&search=hannah+nobodyiscalledso"))) == 0
    hannah = make.staff("Hannah", "Hart")
    make.job(client, cast.walk, sitter=hannah), make.job(cast.alice, cast.walk, sitter=hannah)
    page = office.open("/admin/visits/?view=all&search=hannah&page_size=20")
    assert "of 62" in page.text, "a visit of a Hannah by a Hannah is counted once"


@pytest.mark.covers("S3")
@pytest.mark.parametrize("listed", [1000, 1])
def test_invoices_are_found_by_their_client_or_by_a_part_of_their_number(office, cast, monkeypatch, listed):
    monkeypatch.setattr(search, "_LISTED", listed)
    alices = [money.invoice(cast.alice, number=f"INV-{n}", sequence=n) for n in (1024, 1025, 2024)]
    bobs = money.invoice(cast.bob, number="INV-3102", sequence=3102)
    money.invoice(cast.bob, state=InvoiceState.DRAFT)

    def found(typed):
        page = office.browser.get("/admin/invoices/", query_string={"search": typed, "view": "all"})
        shown = re.findall(r"INV-\d+", "".join(rows_of(page)))
        of = re.search(r"of (\d+)", page.text)
        assert len(rows_of(page)) == int(of[1] if of else 0), "as many as are counted"
        return sorted(set(shown))

    every = [i.number for i in (*alices, bobs)]
    assert found("archer") == every[:3]
    assert found("baker") == every[3:]
    assert found("INV-1024") == found("inv-1024") == every[:1]
    assert found("102") == [every[0], every[1], every[3]]
    assert found("INV") == every, "words that name nobody are looked for in the numbers"
    assert found("archer 1024") == found("archer baker") == found("zebra") == []
    money.invoice(make.client("Ina", "Invers"), number="INV-4000", sequence=4000)
    assert found("inv") == ["INV-4000"], "words that name somebody are not"


# ---------------------------------------------------------------------------------------------------------- filters


@pytest.mark.covers("S3")
def test_requests_are_filtered_by_state_client_and_day(office, cast):
    make.line(
        cast.bobs_request, cast.walk, on_date=DAY + dt.timedelta(days=1), pets=[cast.bella], state=LineState.DECLINED
    )
    url = "/admin/request-lines/?view=all"
    assert len(rows_of(office.open(url))) == 3
    assert len(rows_of(office.open(f"{url}&flt_state=declined"))) == 1
    assert len(rows_of(office.open(f"{url}&flt_of=bella"))) == 3
    assert len(rows_of(office.open(f"{url}&flt_of=archer"))) == 0
    assert len(rows_of(office.open(f"{url}&flt_client={cast.bob.id}"))) == 3
    assert len(rows_of(office.open(f"{url}&flt_from=2026-11-27"))) == 1
    assert len(rows_of(office.open(f"{url}&flt_until=2026-11-26"))) == 2
    assert len(rows_of(office.open(f"{url}&flt_service={cast.cat_visit.id}"))) == 1
    text = office.open(f"{url}&flt_state=declined&flt_client={cast.bob.id}").text
    assert "State: Declined" in text
    assert "Client: Bob Baker" in text


@pytest.mark.covers("S3")
def test_changes_asked_for_are_viewed_and_filtered_by_state_kind_client_reason_and_day(office, cast):
    ill = make.cancellation_reason("My pet is ill")
    waiting = make.change_item(make.change_request(cast.bob, ChangeKind.CANCEL, reason=ill), cast.bobs_job)
    early = make.change_request(cast.alice, ChangeKind.CHANGE, created_at=clock.now() - dt.timedelta(days=3))
    make.change_item(early, state=ChangeState.DENIED)
    make.change_item(early, state=ChangeState.WITHDRAWN)
    at_once = make.change_request(cast.alice, auto_approved=True)
    make.change_item(at_once, state=ChangeState.APPROVED)
    url = "/admin/change-items/"
    (row,) = rows_of(office.open(url))
    assert f"/admin/change-items/details/?id={waiting.id}" in row
    shown = {
        query: len(rows_of(office.open(f"{url}?{query}")))
        for query in (
            "view=decided", "view=over", "view=all", "view=all&flt_state=denied", "view=all&flt_kind=change",
            f"view=all&flt_client={cast.alice.id}", "view=all&flt_of=bella", "view=all&flt_auto=yes",
            f"view=all&flt_reason={ill.id}", "view=all&flt_reason=none", "view=all&flt_until=2026-11-22", "view=all&flt_from=2026-11-23",
        )
    }  # fmt: skip
    assert list(shown.values()) == [2, 1, 4, 1, 2, 3, 1, 1, 1, 3, 2, 2]


def test_what_was_asked_tells_who_decided_what_and_leads_to_its_request(office, managers, cast, monkeypatch):
    asked = make.change_request(cast.bob, ChangeKind.CHANGE, body="We are away", answer="Gladly", decided_by=cast.max)
    item = make.change_item(
        asked, cast.bobs_job, state=ChangeState.APPROVED, new_service_item=cast.walk, new_on_date=DAY, fee=Decimal(7),
        fee_reason="As agreed", rule_name="Late walk",
    )  # fmt: skip
    url = f"/admin/change-items/details/?id={item.id}"
    text = office.open(url).text
    for words in ("Bob Baker", "We are away", "Gladly", "Max", "$7.00", "As agreed", "Late walk", "→", "Approved"):
        assert words in text, words
    assert f"/admin/change-requests/{asked.id}/" in text
    less = permissions.ROLE_PERMISSIONS[StaffRole.MANAGER] - {permissions.Permission.SCHEDULE}
    monkeypatch.setitem(permissions.ROLE_PERMISSIONS, StaffRole.MANAGER, less)
    assert f"/admin/change-requests/{asked.id}/" not in managers.open(url).text


@pytest.mark.covers("D4", "S3")
def test_stored_files_are_filtered_by_kind_client_and_day_and_those_taken_away_are_gone(office, cast):
    own = make.stored_file(
        cast.alice, pet=cast.biscuit, purpose=FilePurpose.PET_PHOTO, name="Biscuit.webp", n_bytes=1_234_567
    )
    make.stored_file(cast.bob, created_at=clock.now() - dt.timedelta(days=3))
    gone = make.stored_file(cast.bob, removed_at=clock.now(), name="gone.pdf")
    for_all = make.stored_file(cast.bob, purpose=FilePurpose.FORM, name="rules.pdf")
    for_all.client = None
    url = "/admin/stored-files/"
    text = office.open(url).text
    assert ("1.2 MB" in text, "Picture of a pet" in text, "gone.pdf" in text, "rules.pdf" in text) == (
        True,
        True,
        False,
        True,
    )
    shown = {
        q: len(rows_of(office.open(f"{url}?{q}")))
        for q in (
            "flt_purpose=pet_photo",
            f"flt_client={cast.bob.id}",
            "flt_of=alice",
            "flt_until=2026-11-22",
            "flt_from=2026-11-23",
        )
    }
    assert list(shown.values()) == [1, 1, 1, 1, 2]
    assert f"/admin/files/{own.id}/download" in office.open(f"{url}details/?id={own.id}").text
    assert office.browser.get(f"{url}details/?id={gone.id}").status_code == 404


def test_visits_are_filtered_by_sitter_and_by_nobody(office, cast):
    make.job(cast.alice, cast.walk)
    assert len(rows_of(office.open(f"/admin/visits/?view=all&flt_sitter={cast.sita.id}"))) == 1
    page = office.open("/admin/visits/?view=all&flt_sitter=none")
    assert (len(rows_of(page)), "Sitter: Nobody" in page.text) == (1, True)
    assert "not there any more" in office.open("/admin/visits/?view=all&flt_sitter=99999").text


def test_days_of_moments_are_the_businesss_days(office, cast):
    make.outbox_mail(created_at=dt.datetime(2026, 11, 21, 4, 59, tzinfo=dt.UTC), subject="late on Friday in New York")
    make.outbox_mail(created_at=dt.datetime(2026, 11, 21, 5, 0, tzinfo=dt.UTC), subject="first minute of Saturday")
    assert "late on Friday" in office.open("/admin/outbox/?flt_until=2026-11-20").text
    text = office.open("/admin/outbox/?flt_from=2026-11-21").text
    assert ("first minute" in text, "late on Friday" in text) == (True, False)


def test_the_log_is_filtered_by_whose_doing_it_was_and_what_it_was_about(office, cast):
    make.activity_line(
        "client.changed", subject_type="client", actor_kind=ActorKind.CLIENT, via=Via.PORTAL, actor_name="Bob"
    )
    make.activity_line("pet.changed", subject_type="pet", actor_name="Latchkey")
    assert len(rows_of(office.open("/admin/log/?flt_by=client"))) == 1
    assert len(rows_of(office.open("/admin/log/?flt_about=pet"))) == 1
    assert len(rows_of(office.open("/admin/log/?flt_via=portal&flt_about=client"))) == 1


# ------------------------------------------------------------------------------------------------------- pages, counts


def many_vets(n: int) -> None:
    for k in range(n):
        make.vet(f"Vet {k:03}")


def test_pages_follow_each_other_without_a_gap_from_both_ends(office, cast):
    many_vets(95)
    seen = list(itertools.chain(*(names_in(office.open(f"/admin/vets/?page={n}")) for n in range(1, 6))))
    assert seen == [f"Vet {k:03}" for k in range(95)]
    last = office.open("/admin/vets/?page=5")
    assert "81 to 95 of 95" in last.text
    assert names_in(office.open("/admin/vets/?page=99")) == names_in(last), "a page behind the last is the last"
    assert names_in(office.open("/admin/vets/?sort=name&desc=1&page=5")) == [f"Vet {k:03}" for k in range(14, -1, -1)]
    assert len(rows_of(office.open("/admin/vets/?page_size=50"))) == 50
    assert len(rows_of(office.open("/admin/vets/?page_size=7"))) == 20
    assert 'aria-current="page"' in last.text


def test_equal_rows_keep_their_order_over_pages(office, cast):
    ids = [make.pet(cast.alice, "Luna").id for _ in range(45)]
    shown = []
    for n in range(1, 4):
        shown += [
            int(i)
            for i in re.findall(r"name=rowid value=(\d+)", office.open(f"/admin/pets/?search=luna&page={n}").text)
        ]
    assert shown == ids


@pytest.mark.parametrize("order", ["", "&sort=name&desc=1"])
def test_a_search_that_reads_its_table_once_shows_the_same_pages_as_one_that_counts(office, cast, monkeypatch, order):
    many_vets(45)

    def pages():
        return [names_in(office.open(f"/admin/vets/?search=vet{order}&page={n}")) for n in (1, 2, 3, 9)]

    at_once = pages()
    assert [len(p) for p in at_once] == [20, 20, 5, 5]
    assert at_once[0] == [f"Vet {k:03}" for k in (range(44, 24, -1) if order else range(20))]
    assert "41 to 45 of 45" in office.page.text
    monkeypatch.setattr(listing, "_searched", lambda *_asked: None)
    assert pages() == at_once
    assert "41 to 45 of 45" in office.page.text


@pytest.mark.parametrize("word", ["50%", "a_b", "c:\\d", "ZÜRICH", "\u212a"])
def test_signs_of_a_pattern_and_other_letters_are_found_as_they_are(office, cast, word):
    make.vet(f"Vet {word.lower() if word.isascii() else word} x")
    for other in ("Vet 50x", "Vet axb", "Vet c:d", "Vet ZURICH"):
        make.vet(other)
    page = office.open(f"/admin/vets/?{urlencode({'search': word})}")
    assert len(rows_of(page)) == 1


@pytest.mark.parametrize(("few", "listed"), [(40, 1000), (1, 1000), (1, 1)])
def test_visits_are_counted_as_many_as_they_are_however_they_are_looked_for(office, cast, monkeypatch, few, listed):
    monkeypatch.setattr(search, "_FEW", few)
    monkeypatch.setattr(search, "_LISTED", listed)
    for n in range(25):
        make.job(make.client("Hannah", f"Okafor {n}"), cast.walk, on_date=DAY + dt.timedelta(days=n))
    page = office.open("/admin/visits/?view=all&search=hannah+walk&page=2")
    assert ("21 to 25 of 25" in page.text, len(rows_of(page))) == (True, 5)


def test_a_narrowed_list_is_counted_up_to_a_limit(office, cast, monkeypatch):
    many_vets(30)
    monkeypatch.setattr(listing, "MOST_COUNTED", 25)
    page = office.open("/admin/vets/?search=vet")
    assert "more than 25" in page.text
    assert "25+" in page.text
    assert len(rows_of(office.open("/admin/vets/?search=vet&page=2"))) == 5, "what is not counted cannot be paged to"


def test_a_big_tables_number_of_rows_is_believed_for_a_while_but_not_after_ones_own_change(office, cast, monkeypatch):
    monkeypatch.setattr(listing, "_COUNT_FROM", 3)
    monkeypatch.setattr(listing, "_counts", {})
    many_vets(5)
    url = "/admin/vets/?view=all"
    office.open(url)
    make.vet("Another by somebody else")
    assert "1 to 6 of 6" not in office.open(url).text
    office.after(office.fill("/admin/vets/new/", name="Mine"))
    assert "1 to 7 of 7" in office.open(url).text


def test_the_log_has_newer_and_older_and_counts_nothing(office, cast):
    for n in range(45):
        make.activity_line("vet.added", facts={"name": f"Vet {n}"}, at=clock.now() - dt.timedelta(hours=1, minutes=n))
    with statements() as sent:
        first = office.open("/admin/log/")
    assert not any("count(*)" in s and "activity" in s for s in sent)
    assert ('rel="next"' in first.text, 'rel="prev"' in first.text) == (True, False)
    last = office.open("/admin/log/?page=3")
    assert ('rel="next"' in last.text, 'rel="prev"' in last.text) == (False, True)
    assert "Nothing happened yet" in office.open("/admin/log/?page=50").text


# ----------------------------------------------------------------------------------------- nonsense in the address (7)

NONSENSE = [
    "page=99999999999999999999", "page=-1", "page=abc", "page=%00", "page=1.5", "page=", "page=1&page=2", "page=١",
    "page_size=99999999999", "page_size=0", "page_size=-20", "page_size=x", "sort=99", "sort=-1", "sort=name%27--", "sort=%00",
    "sort=0", "sort=email", "desc=abc", "desc=%00", "search=%00", "search=" + "x" * 3000, "search=%25%25%25", "search=%F0%9F%98%80",
    "search=%ff%fe", "search=[]()*+?{}|^$\\", "view=nothing", "view=%00", "panel=x", "panel=filters", "url=//evil.example",
    "flt_status=nothing", "flt_status=ACTIVE", "flt_state=%00", "flt_species=0", "flt_client=abc", "flt_client=99999999999999999999",
    "flt_client=-1", "flt_client=1,2", "flt_client=1&flt_client=2", "flt_sitter=1e9", "flt_from=2026-13-45", "flt_from=99999-01-01",
    "flt_from=0000-00-00", "flt_until=9999-12-31", "flt_from=%00", "flt_of=%00%25", "flt_=x", "flt0_status_equals=active", "flt_nothing=1",
    "flt_kind=zzz", "flt_about=zzz", "flt_active=maybe", "flt_service=x", "flt_group=none", "id=1", "%00=%00", "=", "&&&", "a[]=1",
]  # fmt: skip
#: read by the same code for all lists that open in the same way, and never by a database
READ_ALIKE = {"page", "page_size", "sort", "desc", "view", "panel", "url"}
SOME_NONSENSE = [
    query for n, query in enumerate(NONSENSE)
    if query.partition("=")[0] not in READ_ALIKE or not any(q.startswith(query.partition("=")[0] + "=") for q in NONSENSE[:n])
]  # fmt: skip
NO_IDS = (
    "id=1,2", "id=abc", "id=99999999999999999999", "id=%00", "id=-1", "id=0", "id=1&id=2", "id=", "", "id=1.0", "id=９",
    "id[]=1", "id=999999",
)  # fmt: skip


@pytest.mark.covers("S3")
def test_7_no_query_string_makes_a_list_or_a_record_fail(app, office, cast, lists, monkeypatch):
    asked, nobodys = listen(app, monkeypatch), ("url", "flt_", "flt_nothing", "flt0_status_equals", "%00", "", "&&&", "a[]")  # fmt: skip
    ways = set()
    for view in lists.values():
        asked.forget(*nobodys)
        office.browser.get(f"{view.url}/")
        way = tuple(getattr(type(view), name) for name in ("index_view", "list_context", "get_list"))
        for query in asked.one_by_one(
            SOME_NONSENSE if way in ways else NONSENSE, lambda query: query.partition("=")[0]
        ):
            answer = office.browser.get(f"{view.url}/?{query}")
            assert answer.status_code == (400 if "evil" in query else 200), (view.endpoint, query)
        ways.add(way)
        for page in ("details", "edit", "delete"):
            if f"{view.endpoint}.{page}_view" not in app.view_functions:
                continue
            # The same code reads the same key: all that is odd once for each way, of every list what a database could trip over.
            way = (getattr(type(view), f"{page}_view"), type(view).asked_record, type(view).get_one)
            for query in NO_IDS if way not in ways else ("id=99999999999999999999", "id=abc", "id=999999"):
                answer = office.browser.get(f"{view.url}/{page}/?{query}")
                assert answer.status_code == 404, (view.endpoint, page, query, answer.status_code)
            ways.add(way)


def test_a_filter_that_is_none_is_left_out_and_named(office, cast):
    text = office.open("/admin/clients/?view=all&flt_status=nothing").text
    assert "“nothing” is no value of the filter Status and was left out." in text
    assert len(rows_of(office.page)) == 2


# ------------------------------------------------------------------------------------------------- queries and bytes

LIST_URLS = [
    "/admin/clients/", "/admin/clients/?search=a", "/admin/contacts/", "/admin/pets/?view=all", "/admin/vets/", "/admin/staff/",
    "/admin/time-off/?view=all", "/admin/services/?view=all", "/admin/service-groups/", "/admin/time-blocks/", "/admin/holidays/?view=all",
    "/admin/closed-days/?view=all", "/admin/request-lines/?view=all", "/admin/visits/?view=all", "/admin/visits/?view=all&search=a+b+c+d+e+f",
    "/admin/change-items/?view=all", "/admin/change-items/?view=all&search=a+b+c",
    "/admin/cancellation-rules/", "/admin/cancellation-reasons/", "/admin/notifications/?view=all", "/admin/alerts/?view=all", "/admin/log/", "/admin/outbox/",
    "/admin/price-rules/", "/admin/agreed-prices/", "/admin/client-types/", "/admin/extra-pets/", "/admin/repeats/", "/admin/agreements/", "/admin/acceptances/", "/admin/vaccinations/", "/admin/keys/", "/admin/stored-files/", "/admin/stored-files/?search=a+b+c", "/admin/report-cards/?view=all", "/admin/report-cards/?search=a+b+c",
    "/admin/custom-fields/", "/admin/custom-fields/?search=a+b+c", "/admin/field-sections/", "/admin/field-pages/",
    "/admin/invoices/?view=all", "/admin/invoices/?view=all&search=a+b+c", "/admin/credit-notes/?view=all", "/admin/payments/", "/admin/refunds/",
    "/admin/client-packages/", "/admin/visit-packages/", "/admin/tax-rates/", "/admin/payment-terms/", "/admin/payment-attempts/", "/admin/gateway-events/",
]  # fmt: skip


def fill(n: int, cast) -> None:
    """`n` more rows for every list."""
    for k in range(n):
        client = make.client("Hannah", f"Okafor-Lindqvist {k}", phone=f"+1212555{k:04}", primary_sitter=cast.sam)
        make.client_contact(client, receives_copies=True, email="kim@example.com")
        vet = make.vet(f"Vet {k}", phone="+12125550100")
        pet = make.pet(client, "Luna", species=Species.CAT, vet=vet, breed="Siamese")
        staff = make.staff("Una", f"Vance {k}", email=f"u{k}@example.com")
        make.time_off(staff, DAY + dt.timedelta(days=k))
        make.service_item(f"Visit {k}", group=cast.dog_walks, time_blocks=[cast.morning, cast.evening])
        make.service_group()
        make.time_block()
        make.public_holiday(DAY + dt.timedelta(days=100 * n + k))
        make.closed_day(DAY + dt.timedelta(days=k), service_group=cast.dog_walks)
        make.cancellation_rule(service_group=cast.dog_walks)
        make.cancellation_reason()
        make.price_rule(client_type=make.client_type())
        item = make.service_item(f"Walk {k}", group=cast.dog_walks)
        make.extra_pet_price(item)
        make.client_price(client, item)
        make.repeat(client, cast.walk, pets=[pet], sitter=staff)
        make.vaccination(pet, expires_on=DAY)
        make.key(client, holder=staff)
        make.agreement_acceptance(make.agreement_version(), client, file=make.stored_file(client))
        request = make.job_request(client, number=100 + k + n * 1000)
        make.line(request, cast.walk, sitter=staff, pets=[pet], on_date=DAY + dt.timedelta(days=k))
        job = make.job(
            client, cast.walk, sitter=staff, block=cast.morning, pets=[pet], on_date=DAY + dt.timedelta(days=k)
        )
        make.visit_alert(job, sitter=staff, seen_by=staff)
        make.report_card(job, staff=staff)
        make.pay_line(staff)
        asked = make.change_request(client, ChangeKind.CHANGE, reason=make.cancellation_reason(), decided_by=staff)
        make.change_item(
            asked,
            job,
            new_service_item=item,
            new_on_date=DAY,
            new_time_block=cast.evening,
            new_pets=[pet],
            fee=Decimal(5),
        )
        make.stored_file(client, pet=pet, by_staff=staff)
        make.custom_field(make.field_section(make.field_page("pet")), is_secret=True)
        money.tax_rate()
        note = money.credit_note(money.invoice(client, payment_terms=money.payment_terms(), staff=staff), staff=staff)
        money.client_package(client, money.visit_package(service_item=item))
        method = money.stored_method(client)
        attempt = money.payment_attempt(client, method=method, staff=staff)
        paid = money.payment(client, attempt=attempt, staff=staff)
        money.allocation(paid, note.invoice)
        money.refund(paid, staff=staff)
        money.gateway_event()
        make.notification(client=client, dismissed_at=clock.now(), dismissed_by=staff)
        make.activity_line(
            "client.changed", client=client, facts={"name": str(client), "changes": {"city": ["a", "b"]}}
        )
        make.outbox_mail(
            client_id=client.id, state=MailState.SENT, subject="Your visits", body_text="x" * 2000, body_html="y" * 9000
        )


def test_a_list_takes_at_most_six_queries_however_many_rows_it_shows_and_thirty_kilobytes(office, cast):
    fill(1, cast)
    with_few = {}
    for url in LIST_URLS:
        with statements() as sent:
            office.open(url)
        with_few[url] = len(sent)
    fill(30, cast)
    for url in LIST_URLS:
        with statements() as sent:
            page = office.open(url)
        assert len(sent) == with_few[url], f"{url}: {sent}"
        assert len(sent) <= 6, f"{url}: {sent}"
        most = 40 if url == "/admin/price-rules/" else 30  # two buttons a row that move the rule
        assert len(page.data) <= most * 1024, url


def test_many_clients_with_log_ins_take_as_many_queries_as_one(office, cast):
    for last_name in ("Okafor", "Lindqvist", "Brandt"):
        make.client_login(make.client("Hannah", last_name))
    db.session.commit()
    counted = []
    for word, n_rows in (("okafor", 1), ("hannah", 3)):
        db.session.expunge_all()
        with statements() as sent:
            page = office.open(f"/admin/clients/?view=all&search={word}")
        assert len(rows_of(page)) == n_rows
        counted.append(len(sent))
    assert counted[0] == counted[1], sent


def test_forms_take_at_most_twelve_queries(office, cast, lists):
    fill(30, cast)
    for view in lists.values():
        record = db.session.scalar(sa.select(view.model).limit(1))
        for path in (f"edit/?id={record.id}", f"details/?id={record.id}", "new/"):
            if view.endpoint == "repeats" or (view.endpoint == "agreements" and path == "new/"):  # pages of their own
                continue
            offered = view.may_change if path.startswith("edit") else view.may_add
            if path.startswith("details") or (view.sections and offered):
                with statements() as sent:
                    office.open(f"{view.url}/{path}")
                assert len(sent) <= 12, (view.url, path, sent)


def test_no_list_reads_texts_of_mails(office, cast):
    fill(3, cast)
    with statements() as sent:
        office.open("/admin/outbox/")
    assert not any("body_html" in s or "body_text" in s for s in sent)


def test_the_inner_query_finds_keys_only_and_a_far_page_is_walked_from_its_end(office, cast):
    many_vets(100)
    with statements() as sent:
        office.open("/admin/vets/?view=all&page=5")
    rows = next(s for s in sent if "FROM vet" in s and "IN (SELECT vet.id" in s)
    assert "DESC" in rows, "from the end"
    with statements() as sent:
        office.open("/admin/vets/?view=all&page=2")
    assert "DESC" not in next(s for s in sent if "IN (SELECT vet.id" in s)


@pytest.mark.covers("S3")
def test_every_order_that_is_offered_has_an_index(lists):
    """Where a table can grow; a price list is sorted in no time."""
    small = {
        "service_group",
        "time_block",
        "closed_day",
        "public_holiday",
        "time_off",
        "cancellation_rule",
        "cancellation_reason",
        "client_type",
        "price_rule",
        "extra_pet_price",
        "agreement",
        "visit_package",
        "field_page",
        "field_section",
        "custom_field",
    }
    missing = []
    for view in lists.values():
        table = view.model.__table__
        orders = [c.sort for c in view.columns if c.sort] + [[getattr(o, "element", o) for o in view.default_order]]
        indexes = [[c.name for c in i.columns] for i in table.indexes] + [["id"]]
        indexes += [[c.name] for c in table.columns if c.unique]
        indexes += [[c.name for c in u.columns] for u in table.constraints if isinstance(u, sa.UniqueConstraint)]
        for order in orders:
            first = order[0].key
            if table.name not in small and not any(i[0] == first for i in indexes):
                missing.append((table.name, first))
    assert missing == [("service_item", "position")], "a price list has a few dozen rows"


@pytest.mark.covers("S3")
def test_every_list_is_reached_by_links_from_home(office, cast, lists):
    """Three clicks at most; what belongs to one record is reached over a record."""
    make.client_contact(cast.bob)
    seen, here = {"/admin/"}, ["/admin/"]
    for _click in range(3):
        text = "".join(office.browser.get(url).text for url in here)
        here = sorted({u.partition("?")[0] for u in re.findall(r'href="(/admin/[^"#]*)"', text)} - seen)
        seen.update(here)
        here = [u for u in here if not re.search(r"\d", u)]
    assert {f"{view.url}/" for view in lists.values()} - seen == set()
    assert "/admin/orders/" in seen or "/admin/orders/" in office.browser.get("/admin/schedule/?pick=1").text


def test_lists_are_all_there(lists):
    assert set(lists) == {
        "clients", "contacts", "pets", "vets", "team", "time_off", "services", "service_groups", "time_blocks", "holidays",
        "closed_days", "cancellation_rules", "cancellation_reasons", "request_lines", "visits", "change_items", "repeats", "notifications", "activity",
        "outbox", "price_rules", "agreed_prices", "client_types", "extra_pets", "agreements", "acceptances", "vaccinations", "keys", "stored_files", "report_cards", "alerts", "invoices", "credit_notes", "payments", "refunds", "client_packages",
        "visit_packages", "tax_rates", "payment_terms", "payment_attempts", "gateway_events", "pay_lines", "custom_fields", "field_sections", "field_pages",
    }  # fmt: skip
    assert all(isinstance(view, OfficeList) for view in lists.values())
    assert {t.name for t in Base.metadata.sorted_tables if not any(v.model.__table__ is t for v in lists.values())} >= {
        "sign_in",
        "staff_login",
        "client_login",
        "setting",
    }
    assert Activity.__tablename__ == "activity"


# ---------------------------------------------------------------------------------------------- without entities


@pytest.mark.parametrize("url", ["clients", "pets", "visits", "invoices"])
def test_rows_that_are_read_without_entities_look_as_ever(office, cast, lists, monkeypatch, url):
    """Whoever sees the usual columns gets plain rows; chosen columns, and what they show, still come from entities."""
    vet = make.vet()
    cast.biscuit.vet, cast.alice.primary_sitter = vet, cast.sam
    make.client_login(make.client("Nina", "Grey"), password="a long enough one")
    make.job(cast.alice, cast.walk, sitter=cast.sam)
    make.job(cast.alice, cast.walk, sitter=None, state=JobState.CANCELLED)
    money.invoice(cast.alice, due_on=clock.today() - dt.timedelta(days=3))
    db.session.commit()
    of = lists[url]
    assert of.twin is not None

    def shown(query: str) -> list[str]:
        return rows_of(office.open(f"/admin/{url}/?view=all{query}"))

    plain = [shown(query) for query in ("", "&search=a", "&page_size=50&desc=1")]
    monkeypatch.setattr(type(of), "twin", None)
    assert plain[0]
    assert plain == [shown(query) for query in ("", "&search=a", "&page_size=50&desc=1")]
