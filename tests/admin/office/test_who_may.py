"""Who gets in, and that nonsense in addresses and forms is an answer and never a fault."""

import pytest

from foundation.db import db
from models import JobState, LineState, StaffRole
from tests.admin.office.walk import Office
from tests.asked import listen
from tests.databases import statements
from workflows.permissions import ROLE_PERMISSIONS, Permission

PAGES = (
    "/admin/", "/admin/schedule/", "/admin/job-requests/", "/admin/job-requests/baskets/", "/admin/job-requests/declined/",
    "/admin/job-requests/done/", "/admin/job-requests/{alice}/", "/admin/job-requests/{bob}/lines",
    "/admin/job-requests/{bob}/lines/{line}/", "/admin/visit/new", "/admin/visit/new?client={alice}",
    "/admin/visit/{job}/", "/admin/visit/{job}/cancellation", "/admin/client/{alice}/", "/admin/client/{alice}/?tab=log",
)  # fmt: skip
POSTS = (
    "/admin/dismissal", "/admin/dismissal/1", "/admin/job-requests/baskets/{basket}/reminder",
    *(f"/admin/job-requests/{{bob}}/{part}" for part in ("sitters", "scheduling", "declining", "deletion", "message", "dismissal", "lines", "lines/{line}/")),
    "/admin/visit/new?client={alice}", "/admin/visit/{job}/", "/admin/visit/{job}/cancellation",
    "/admin/client/{alice}/portal-visit", "/admin/client/{alice}/invitation",
)  # fmt: skip


@pytest.fixture
def real(cast):
    """Puts real ids into an address."""
    ids = {
        "alice": cast.alice.id, "bob": cast.bob.id, "job": cast.bobs_job.id, "line": cast.bobs_request.lines[0].id,
        "basket": cast.bobs_basket.id,
    }  # fmt: skip
    return lambda path: path.format(**ids)


def test_anonymous_is_sent_to_the_log_in_and_a_sitter_or_client_is_refused(
    http, cast, real, sign_in_as_staff, sign_in_as_client
):
    sitter, client = sign_in_as_staff(http(), cast.sam), sign_in_as_client(http(), cast.alice)
    for path in map(real, PAGES):
        for answer in (http().get(path), client.get(path)):
            assert (path, answer.status_code) == (path, 302)
            assert answer.headers["Location"].startswith("/office/log-in")
        answer = sitter.get(path)
        assert (path, answer.status_code) == (path, 403)
        assert "Alice" not in answer.text
        assert "Bob" not in answer.text


@pytest.mark.parametrize("path", POSTS)
def test_no_post_works_for_a_sitter_or_without_the_token(office, http, cast, real, sign_in_as_staff, path):
    sitter = sign_in_as_staff(http(), cast.sam)
    page = sitter.get("/staff/")
    token = page.text.partition('name="csrf-token" content="')[2].partition('"')[0]
    data = {"line": str(cast.bobs_request.lines[0].id), "reason": "x", "body": "x", "to_client": "1", "up_to_id": "99"}
    assert sitter.post(real(path), data={**data, "csrf_token": token}).status_code == 403
    assert office.browser.post(real(path), data=data).status_code == 400
    db.session.expire_all()
    assert cast.bobs_request.lines[0].state is LineState.SUBMITTED
    assert cast.bobs_job.state is JobState.SCHEDULED


def test_a_manager_may_open_all_of_it(manager, real):
    for path in map(real, PAGES):
        manager.get(path)


def test_without_the_permission_the_menu_has_no_entry_and_the_page_is_closed(manager, cast, monkeypatch):
    monkeypatch.setitem(ROLE_PERMISSIONS, StaffRole.MANAGER, frozenset({Permission.OFFICE}))
    home = manager.get("/admin/")
    for href in ("/admin/job-requests/", "/admin/log/", "/admin/outbox/", "/admin/settings/"):
        assert not home.has_link(href), href
    for path in ("/admin/job-requests/", "/admin/visit/new", f"/admin/visit/{cast.bobs_job.id}/"):
        manager.get(path, 403)
    page = manager.get(f"/admin/client/{cast.alice.id}/")
    assert "Go to portal" not in page.main
    assert "Book visits" not in page.main
    assert manager.post(f"/admin/client/{cast.alice.id}/portal-visit").status == 403
    assert manager.post(f"/admin/client/{cast.alice.id}/invitation").status in {200, 403}
    assert cast.alice.logins == []


def test_the_menu_of_an_owner_has_every_page(office):
    home = office.get("/admin/")
    for label in (
        "Home", "Schedule", "Job requests", "Clients", "Pets", "Vets", "Team", "Time off", "Services",
        "Opening and holidays", "Visits", "Notifications", "Log", "Outbox", "Settings",
    ):  # fmt: skip
        assert office.browser.get(home.link(label)).status_code in {200, 302}, label


def test_pages_that_share_an_entry_of_the_menu_show_each_other(office):
    for entry, beside in {
        "Services": ("Groups", "Time blocks"), "Opening and holidays": ("Holidays", "Closed days"), "Visits": ("Requests",),
    }.items():  # fmt: skip
        page = office.get(office.get("/admin/").link(entry))
        for label in beside:
            other = office.get(page.link(label))
            assert other.has_link(page.link(label))
            assert (
                office.browser.get(
                    other.link(entry if entry != "Opening and holidays" else "Opening hours")
                ).status_code
                == 200
            )


BAD_IDS = ("0", "-1", "99999", "2147483648", "99999999999999999999", "abc", "1.5", "%00", "1%0a", "1'--", "٣")
BAD_PATHS = tuple(
    f"/admin/{place.format(bad)}"
    for bad in BAD_IDS
    for place in (
        "client/{}/", "visit/{}/", "visit/{}/cancellation", "job-requests/{}/", "job-requests/{}/lines", "job-requests/1/lines/{}/",
    )
)  # fmt: skip


def test_an_address_of_nothing_is_not_found(office):
    answers = {path: office.browser.get(path).status_code for path in BAD_PATHS}
    assert {path: code for path, code in answers.items() if code != 404} == {}


BAD_QUERIES = tuple(
    f"{path}{name}={value}"
    for path, names in {
        "/admin/schedule/?": ("on", "view", "by", "sitter", "group", "state", "requests", "page"),
        "/admin/schedule/?view=day&": ("on", "sitter", "page"),
        "/admin/job-requests/?": ("sort", "desc", "page"),
        "/admin/job-requests/done/?": ("page",),
        "/admin/visit/new?": ("client", "search", "on"),
        "/admin/visit/new?client=1&": ("on",),
        "/admin/client/1/?": ("tab", "page"),
    }.items()
    for name in names
    for value in ("", "-1", "0", "99999999999999999999", "9999-12-31", "0001-01-01", "2026-13-45", "%00", "%ff%fe", "'\"<x>", "a" * 3000, "٣", "%F0%9F%90%95")
)  # fmt: skip


def test_nonsense_in_a_query_string_never_fails(office, cast):
    failed = []
    for query in BAD_QUERIES:
        path = query.replace("client=1&", f"client={cast.alice.id}&").replace("client/1/", f"client/{cast.alice.id}/")
        status = office.browser.get(path).status_code
        if status not in {200, 302, 404}:
            failed.append((path[:120], status))
    assert failed == []


NONSENSE = (
    "",
    "x",
    "-1",
    "99999999999999999999",
    "\0",
    "é🐕",
    "2026-99-99",
    "0001-01-01",
    "9999-12-31",
    "[" * 3000,
    "a" * 20_000,
)
FIELDS = (
    "line", "accept", "give", "reason", "body", "message", "form_key", "service", "on_date", "ends_on", "start_time", "end_time",
    "block", "blocks", "pets", "sitter", "note", "staff_note", "version", "dates", "month", "shown", "range_from", "range_until",
    "weekdays", "span", "up_to_id", "refresh", "ask",
)  # fmt: skip


@pytest.mark.parametrize("path", POSTS)
def test_nonsense_in_a_form_never_fails(app, office, cast, real, path, monkeypatch):
    token, failed = office.token(), []
    asked = listen(app, monkeypatch)
    office.browser.post(real(path), data={"csrf_token": token, "service": str(cast.overnight.id)})
    for word in NONSENSE:
        data = {name: word for name in FIELDS if (name not in {"refresh", "ask", "month"} or word == "x")}
        data |= {f"sitter-{cast.bobs_request.lines[0].id}": word, "csrf_token": token}
        status = office.browser.post(real(path), data=data).status_code
        if status >= 500:
            failed.append((word[:20], status))
    for name in asked.one_by_one(FIELDS):
        for word in NONSENSE[3:9]:
            status = office.browser.post(
                real(path), data={name: word, "csrf_token": token, "service": str(cast.overnight.id)}
            ).status_code
            if status >= 500:
                failed.append((name, word[:20], status))
    assert failed == []


def test_reading_pages_writes_nothing(office, real):
    with statements() as sent:
        for path in PAGES:
            office.get(real(path))
    assert [s for s in sent if not s.startswith(("SELECT", "WITH"))] == []


def test_every_page_is_kept_out_of_caches_and_frames(office, real):
    for path in PAGES:
        headers = office.get(real(path)).answer.headers
        assert headers["Cache-Control"] == "no-store"
        assert "style-src 'self'" in headers["Content-Security-Policy"]


def test_a_page_works_for_two_people_at_once(office, manager, cast):
    assert isinstance(manager, Office)
    assert "Good morning, Max" in manager.get("/admin/").main
    assert "Good morning, Olivia" in office.get("/admin/").main
