"""A list as a file: what is on the screen, safe for spreadsheets, capped, logged, never by a GET."""

import csv
import datetime as dt
import io
import re
import zipfile

import pytest
import sqlalchemy as sa

from admin_site import export
from admin_site.rows import plain
from foundation.cells import read_cell, safe_cell
from foundation.db import db
from models import Activity, ClientStatus
from tests import factories as make
from tests import money_factories as money
from tests.databases import statements
from tests.sheets import sheet_rows
from workflows.importing import excel

pytestmark = pytest.mark.covers("S3")
#: what a spreadsheet takes for the beginning of a formula
SIGNS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def table_of(answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_the_file_is_what_the_screen_shows_over_all_its_pages_in_its_order(office, cast):
    for n in range(45):
        make.vet(f"Vet {n:02}")
    make.vet("Gone", is_active=False)
    answer = office.export("/admin/vets/", view="active", sort="name", desc="1", page="2", search="vet")
    assert [row[0] for row in table_of(answer)[1:]] == [f"Vet {n:02}" for n in range(44, -1, -1)]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="vets-2026-11-23.csv"'
    line = db.session.scalars(sa.select(Activity).order_by(Activity.id.desc())).first()
    assert (line.verb, line.staff_id, line.facts["list"], line.facts["n_rows"]) == (
        "list.exported",
        cast.olivia.id,
        "vets",
        45,
    )
    assert line.facts["of"] == {"view": "active", "search": "vet", "sort": "name", "desc": "1"}


def test_the_button_on_the_page_posts_what_the_page_shows(office, cast):
    office.open("/admin/clients/?view=all&search=archer&flt_status=active")
    answer = office.send(office.form("/export/"))
    assert [row[0] for row in table_of(answer)[1:]] == ["Alice Archer"]


def test_cells_are_plain_values(office, cast):
    cast.alice.phone, cast.alice.status = "+12125550100", ClientStatus.PROSPECT
    header, row = table_of(office.export("/admin/clients/", search="archer"))
    cells = dict(zip(header, row, strict=True))
    assert (cells["Account number"], cells["Phone"], cells["Status"], cells["Portal"], cells["Client since"]) == (
        "4417209318",
        "'+12125550100",
        "Prospect",
        "Yes",
        "2026-11-23",
    )
    header, *rows = table_of(office.export("/admin/services/", view="all"))
    assert [r[header.index("Price")] for r in rows] == ["20.00", "20.00", "100.00"]
    header, *rows = table_of(office.export("/admin/time-blocks/"))
    assert rows[0] == ["Morning", "07:00", "10:00", "Yes"]


def test_the_same_rows_as_an_excel_file_with_real_days_and_amounts(office, cast):
    cast.alice.phone, cast.alice.notes = "+12125550100", "=HYPERLINK(1)"
    db.session.commit()
    answer = office.post("/admin/clients/export/xlsx/?search=archer&cols=city")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="clients-2026-11-23.xlsx"'
    header, row = csv.reader(io.StringIO(excel.as_csv(answer.data).decode("utf-8-sig")))
    assert header == table_of(office.export("/admin/clients/", search="archer"))[0]
    cells = dict(zip(header, row, strict=True))
    assert (cells["Account number"], cells["Phone"], cells["Portal"], cells["Client since"], cells["Notes"]) == (
        "4417209318", "'+12125550100", "Yes", "2026-11-23", "'=HYPERLINK(1)",
    )  # fmt: skip
    sheet = zipfile.ZipFile(io.BytesIO(answer.data)).read("xl/worksheets/sheet1.xml").decode()
    assert f"<v>{(dt.date(2026, 11, 23) - dt.date(1899, 12, 30)).days}</v>" in sheet
    services = office.post("/admin/services/export/xlsx/?view=all")
    assert (
        ' s="4"><v>20.00</v></c>'
        in zipfile.ZipFile(io.BytesIO(services.data)).read("xl/worksheets/sheet1.xml").decode()
    )
    line = db.session.scalars(sa.select(Activity).where(Activity.verb == "list.exported").order_by(Activity.id)).first()
    assert (line.facts["list"], line.facts["n_rows"], line.facts["of"]) == (
        "clients",
        1,
        {"view": "all", "search": "archer"},
    )


FORMULAS = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", "\rx", "\nx", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", '=HYPERLINK("http://evil")', "=cmd|' /C calc'!A0"]  # fmt: skip


def test_16_no_cell_of_any_list_begins_like_a_formula(office, cast, lists):
    for formula in FORMULAS:
        client = make.client(formula, formula, notes=formula, city=formula)
        make.client_contact(client, formula, relation=formula)
        make.vaccination(make.pet(client, formula, warning=formula), name=formula)
        make.vet(formula, notes=formula)
        page = make.field_page(name=formula, help=formula)
        make.custom_field(make.field_section(page, name=formula, help=formula), label=formula, help=formula)
        make.staff(formula, formula, notes=formula)
        make.service_item(formula, description=formula)
        make.service_group(formula)
        make.time_block(formula)
        make.notification(client=client)
        make.activity_line("client.changed", client=client, actor_name=formula)
        make.outbox_mail(client_id=client.id, subject=formula, to_address=formula, last_error=formula)
        job = make.job(client, cast.walk, note=formula)
        make.key(client, name=formula, description=formula)
        make.visit_alert(job, facts={"minutes": 5})
        make.report_card(job, message=formula, office_note=formula, thanks=formula)
        make.pay_line(text=formula)
        make.change_item(make.change_request(client, body=formula), job, rule_name=formula, fee_reason=formula)
        make.line(make.job_request(client), cast.walk, note=formula)
        make.price_rule(formula)
        make.cancellation_rule(formula)
        make.cancellation_reason(formula)
        item = make.service_item(formula)
        make.extra_pet_price(item)
        make.client_price(client, item)
        make.client_type(formula)
        money.tax_rate(formula)
        money.payment_terms(formula, text=formula)
        package = money.visit_package(formula, service_item=item)
        money.client_package(client, package)
        money.credit_note(money.invoice(client, note=formula, end_reason=formula), reason=formula)
        paid = money.payment(client, reference=formula, description=formula)
        money.refund(paid, reason=formula)
        money.payment_attempt(client, message=formula)
        money.gateway_event(remark=formula, kind=formula)
        make.repeat(client, cast.walk, note=formula)
        version = make.agreement_version(make.agreement(formula))
        make.agreement_acceptance(
            version, client, typed_name=formula, file=make.stored_file(client, name=formula, note=formula)
        )
    make.public_holiday(name=FORMULAS[0])
    make.closed_day(reason=FORMULAS[1])
    make.time_off(cast.sam, note=FORMULAS[2])
    for view in lists.values():
        table = table_of(office.export(f"{view.url}/", view="all"))
        assert len(table) > 1, view.endpoint
        sheet = sheet_rows(office.export(f"{view.url}/", view="all", kind="xlsx").data)
        bad = [cell for row in (*table, *sheet) for cell in row if cell.startswith(SIGNS)]
        assert [cell for cell in bad if not re.fullmatch(r"-\d+(\.\d+)?", cell)] == [], view.endpoint


def test_a_text_comes_back_as_it_was():
    for text in ("=1+1", "+1 555", "-5x", "\ttab", "\uff1dx", "plain", "'tis", "-5", "5", ""):
        assert read_cell(safe_cell(text)) == text


def test_numbers_stay_numbers():
    assert [safe_cell(t) for t in ("-5", "-5.25", "5", "", "a=b", "-", "-5x", "5-")] == [
        "-5",
        "-5.25",
        "5",
        "",
        "a=b",
        "'-",
        "'-5x",
        "5-",
    ]
    assert plain(None) == ""


def test_16_the_number_of_rows_is_capped_and_they_are_read_in_pieces(office, cast, lists, monkeypatch):
    for n in range(25):
        make.vet(f"Vet {n:02}")
    monkeypatch.setattr(lists["vets"], "export_max_rows", 23)
    monkeypatch.setattr(export, "_CHUNK", 10)
    with statements() as sent:
        answer = office.export("/admin/vets/")
    assert len(table_of(answer)) == 24
    assert sum("vet.name" in s and " IN (" in s and "SELECT vet.id" not in s.partition(" IN (")[2] for s in sent) == 3


def test_a_get_makes_no_file_and_only_csv_and_excel_are_made(office, managers, cast):
    for kind in ("csv", "xlsx"):
        assert office.browser.get(f"/admin/clients/export/{kind}/").status_code == 405
    assert office.post("/admin/clients/export/ods/").status_code == 404
    assert managers.export("/admin/clients/").status_code == 200


def test_without_the_permission_there_is_no_button_and_no_file(managers, cast, monkeypatch):
    from models import StaffRole
    from workflows import permissions

    less = permissions.ROLE_PERMISSIONS[StaffRole.MANAGER] - {permissions.Permission.EXPORT}
    monkeypatch.setitem(permissions.ROLE_PERMISSIONS, StaffRole.MANAGER, less)
    assert "/export/" not in managers.open("/admin/clients/").text
    assert managers.export("/admin/clients/").status_code == 403
    assert managers.post("/admin/clients/export/xlsx/").status_code == 403
