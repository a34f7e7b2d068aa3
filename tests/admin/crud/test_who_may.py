"""Who may: each list asks for a permission to read and one to write; buttons and addresses agree."""

import pytest

from models import StaffRole
from tests import factories as make
from tests.admin.crud.desk import Desk
from workflows import permissions
from workflows.permissions import Permission

READ = dict.fromkeys(
    ["clients", "contacts", "pets", "vets", "team", "time_off", "services", "service_groups", "time_blocks", "holidays", "closed_days", "cancellation_rules", "cancellation_reasons", "request_lines", "visits", "change_items", "notifications", "repeats", "price_rules", "agreed_prices", "client_types", "extra_pets", "agreements", "acceptances", "vaccinations", "keys", "stored_files", "report_cards", "alerts"],
    Permission.OFFICE,
) | {"activity": Permission.RECORDS, "outbox": Permission.RECORDS} | dict.fromkeys(["custom_fields", "field_sections", "field_pages"], Permission.FIELDS) | dict.fromkeys(
    ["invoices", "credit_notes", "payments", "refunds", "client_packages", "visit_packages", "tax_rates", "payment_terms", "payment_attempts", "gateway_events"],
    Permission.BILLING,
) | {"pay_lines": Permission.PAY}  # fmt: skip
WRITE = {
    "clients": Permission.CLIENTS, "contacts": Permission.CLIENTS, "pets": Permission.CLIENTS, "vets": Permission.CLIENTS,
    "team": Permission.STAFF, "time_off": Permission.SCHEDULE, "services": Permission.CATALOGUE,
    "service_groups": Permission.CATALOGUE, "time_blocks": Permission.CATALOGUE, "holidays": Permission.CATALOGUE,
    "closed_days": Permission.CATALOGUE, "cancellation_rules": Permission.CATALOGUE,
    "price_rules": Permission.CATALOGUE, "agreed_prices": Permission.CATALOGUE, "client_types": Permission.CATALOGUE,
    "extra_pets": Permission.CATALOGUE, "cancellation_reasons": Permission.CATALOGUE, "visits": Permission.SCHEDULE,
    "repeats": Permission.SCHEDULE, "agreements": Permission.SETTINGS,
    "vaccinations": Permission.CLIENTS, "keys": Permission.KEYS,
    "visit_packages": Permission.BILLING, "tax_rates": Permission.BILLING, "payment_terms": Permission.BILLING,
}  # fmt: skip


@pytest.mark.covers("S3")
def test_each_list_asks_for_its_permissions(lists):
    assert {name: view.reading for name, view in lists.items()} == READ
    assert {name: view.writing for name, view in lists.items() if view.may_add or view.may_change} == WRITE


@pytest.fixture
def may_only(monkeypatch):
    """`may_only(Permission.X)` leaves managers that and the office."""

    def leave(*kept):
        monkeypatch.setitem(permissions.ROLE_PERMISSIONS, StaffRole.MANAGER, frozenset({Permission.OFFICE, *kept}))

    return leave


def test_who_may_only_look_sees_lists_without_buttons_and_gets_no_further(managers, cast, lists, may_only):
    may_only()
    for name, view in lists.items():
        answer = managers.browser.get(f"{view.url}/")
        if READ[name] is not Permission.OFFICE:
            assert answer.status_code == 403, name
            continue
        assert answer.status_code == 200
        for sign in (f"{view.url}/new/", 'aria-label="Edit ', "data-cell", "/export/", 'value="delete"'):
            assert sign not in answer.text, (name, sign)
        for path in (
            "new/",
            f"edit/?id={cast.alice.id}",
            f"delete/?id={cast.alice.id}",
            "ajax/lookup/?name=client",
            "cell/?id=1&field=price",
        ):
            endpoint = f"{name}.{ {'n': 'create_view', 'e': 'edit_view', 'd': 'delete_view', 'a': 'ajax_lookup', 'c': 'cell_view'}[path[0]] }"
            if endpoint in managers.browser.application.view_functions and name not in {
                "visits",
                "repeats",
                "agreements",
            }:
                assert managers.browser.get(f"{view.url}/{path}").status_code == 403, (name, path)
    assert 'value="archive"' not in managers.open("/admin/clients/").text
    assert (
        managers.post("/admin/clients/action/", action="archive", rowid=cast.alice.id, confirmed="yes").status_code
        == 403
    )
    assert managers.post("/admin/holidays/load/", country="CA", year="2027").status_code == 403


@pytest.mark.parametrize(
    ("permission", "opens"),
    [
        (Permission.CLIENTS, {"clients", "contacts", "pets", "vets", "vaccinations"}),
        (
            Permission.CATALOGUE,
            {
                "services",
                "service_groups",
                "time_blocks",
                "holidays",
                "closed_days",
                "cancellation_rules",
                "cancellation_reasons",
                "price_rules",
                "agreed_prices",
                "client_types",
                "extra_pets",
            },
        ),
        (Permission.SCHEDULE, {"time_off"}),
        (Permission.BILLING, {"visit_packages", "tax_rates", "payment_terms"}),
        (Permission.STAFF, {"team"}),
        (Permission.KEYS, {"keys"}),
    ],
)
def test_each_permission_opens_exactly_its_forms(managers, cast, lists, may_only, permission, opens):
    may_only(permission)
    opened = {
        name
        for name, view in lists.items()
        if view.sections and managers.browser.get(f"{view.url}/new/").status_code == 200
    }
    assert opened == opens


def test_managers_see_the_team_without_its_forms(managers, cast):
    page = managers.open("/admin/staff/")
    assert "Sam Stone" in page.text
    assert 'aria-label="Edit ' not in page.text
    details = managers.open(f"/admin/staff/details/?id={cast.sam.id}").text
    assert "/edit/" not in details
    assert "Invite" not in details


def test_sitters_and_strangers_get_nothing(http, cast, sign_in_as_staff, lists):
    sams, nobodys = sign_in_as_staff(http(), cast.sam), http()
    for view in lists.values():
        assert sams.get(f"{view.url}/").status_code == 403
        assert nobodys.get(f"{view.url}/").headers["Location"].startswith("/office/log-in?next=")
    assert sams.post("/admin/clients/delete/", data={"id": cast.alice.id}).status_code in {400, 403}


def test_who_is_made_a_sitter_is_out_at_once(http, cast, sign_in_as_staff):
    una = make.staff("Una", "Vance", email="una@example.com", role=StaffRole.MANAGER)
    desk = Desk(sign_in_as_staff(http(), una))
    desk.open("/admin/clients/")
    olivias = Desk(sign_in_as_staff(http(), cast.olivia))
    olivias.after(olivias.fill(f"/admin/staff/edit/?id={una.id}", role="sitter"))
    assert desk.browser.get("/admin/clients/").status_code == 302
