"""Reports as the office sees them: the index, periods in the address, the table, the file, and who may see figures."""

import csv
import datetime as dt
import io
import zipfile
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, JobState, StaffRole
from tests import factories as make
from tests import issued
from tests.admin.office.walk import Office
from tests.databases import statements
from tests.sheets import sheet_rows
from workflows.permissions import ROLE_PERMISSIONS, Permission
from workflows.reports import catalogue

D = Decimal
pytestmark = pytest.mark.covers("S7")
MON = dt.date(2026, 11, 23)
REVENUE = "/admin/reports/revenue/"


@pytest.fixture
def visits(cast):
    """Alice's walk of 20 in October and two of 30 in November; Alice owes 52.50 for long."""
    for day, price in ((dt.date(2026, 10, 5), 20), (MON, 30), (dt.date(2026, 11, 2), 30)):
        make.job(cast.alice, cast.walk, sitter=cast.sam, on_date=day, price=D(price), state=JobState.COMPLETED)
    issued.invoice(cast.alice, "52.50", due=-45)
    db.session.commit()


def rows_of(answer):
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))


def test_from_the_menu_to_the_figures_and_their_visits(office, cast, visits):
    index = office.get("/admin/").follow("Reports")
    assert "Unpaid and ageing Who owes how much, and for how long." in index.main
    page = index.follow("Revenue by visit")
    assert "Nov 1, 2026 to Nov 30, 2026" in page.main
    assert "Revenue $60.00 Visits done 2 Of it cancellation fees $0.00 Still scheduled $20.00" in page.main
    page = office.get(f"{REVENUE}?by=client&compare=previous")
    assert "Compared with Oct 1, 2026 to Oct 31, 2026." in page.main
    assert "Alice Archer $60.00 $20.00 +200 % 2" in page.main
    assert "In all $60.00 $20.00 +200 % 2" in page.main
    listed = page.follow("Alice Archer")
    assert listed.path.startswith("/admin/visits/")
    assert f"flt_client={cast.alice.id}" in listed.path
    assert "flt_from=2026-11-01" in listed.path
    assert "Dog walk" in listed.main
    by_month = office.get(f"{REVENUE}?by=time&step=month&period=own&first=2026-10-01&last=2026-11-30")
    assert "October 2026 $20.00" in by_month.main
    assert "Revenue, highest: November 2026 with $60.00." in by_month.main
    # The days stay from one way to count to the next.
    other = by_month.follow("Revenue by invoice")
    assert "first=2026-10-01" in other.path
    assert "$52.50" in other.main
    owed = office.get("/admin/reports/unpaid/")
    assert "Alice Archer $52.50 $0.00 $0.00 $52.50" in owed.main
    assert owed.follow("Alice Archer").path.startswith("/admin/invoices/")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("period=own", "Enter the first day"),
        ("period=own&first=2026-11-01", "Enter the last day"),
        ("period=own&first=2026-11-02&last=2026-11-01", "The last day is before the first."),
        ("period=own&first=2016-11-01&last=2026-11-02", "At most 10 years at once."),
        ("period=own&first=99999999999999999999&last=2026-11-01", "Choose a day, for example"),
        ("period=x%00", "Choose one of the listed values."),
        ("by=secrets&name=x&_external=1", "Choose one of the listed values."),
        ("step=century", "Choose one of the listed values."),
    ],
)
def test_nonsense_is_a_sentence_and_the_form_comes_back(office, visits, query, words):
    page = office.get(f"{REVENUE}?{query}", 422)
    assert words in page.main
    assert "Save as file" not in page.main
    assert office.post(f"{REVENUE}file?{query}").status == 422


def test_no_such_report_and_an_empty_one(office, cast):
    for name in ("nothing", "%00", "revenue'"):
        office.get(f"/admin/reports/{name}/", 404)
    page = office.get("/admin/reports/revenue/?period=own&first=2020-01-01&last=2020-01-31&by=client&name=x&_scheme=y")
    assert "Nothing to count There is nothing of this kind in these days." in page.main
    assert "Choose one of the listed values." in office.get("/admin/reports/lapsed/?days=77", 422).main


def test_the_file_has_every_row_is_safe_and_logged_without_figures(office, cast, visits):
    cast.alice.first_name = "=SUM(A1)"
    with make.at_once():
        for n in range(120):
            make.job(make.client(f"Client {n:03d}"), cast.walk, on_date=MON, state=JobState.COMPLETED)
    db.session.commit()
    page = office.get(f"{REVENUE}?by=client&compare=previous")
    assert "22 more rows are in the file." in page.main
    lines = rows_of(office.post(f"{REVENUE}file?by=client&compare=previous").answer)
    assert lines[0] == [
        "Client",
        "Revenue",
        "Visits done",
        "Of it cancellation fees",
        "Still scheduled",
        "Revenue before",
    ]
    assert lines[1] == ["'=SUM(A1) Archer", "60.00", "2", "0.00", "0.00", "20.00"]
    assert len(lines) == 1 + 121 + 1
    line = db.session.scalars(sa.select(Activity).where(Activity.verb == "list.exported")).one()
    assert line.facts == {
        "list": "report_revenue", "n_rows": 122,
        "of": {"by": "client", "compare": "previous", "first": "2026-11-01", "last": "2026-11-30"},
    }  # fmt: skip
    assert rows_of(office.post("/admin/reports/visits/file?by=time&step=month").answer)[1][:2] == ["2026-11-01", "122"]


def test_the_same_report_as_an_excel_file_with_text_as_text_and_amounts_as_amounts(office, manager, cast, visits, monkeypatch):  # fmt: skip
    cast.alice.first_name = "=SUM(A1)"
    db.session.commit()
    page = office.get(f"{REVENUE}?by=client")
    assert 'name="as" value="xlsx"' in page.html
    answer = office.browser.post(f"{REVENUE}file?by=client", data={"as": "xlsx", "csrf_token": office.token()})
    assert answer.headers["Content-Disposition"].endswith('.xlsx"')
    sheet = zipfile.ZipFile(io.BytesIO(answer.data)).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert ' s="4"><v>60.00</v></c>' in sheet
    rows = sheet_rows(answer.data)
    assert rows[1][:2] == ["'=SUM(A1) Archer", "60"]
    assert [line[0] for line in rows] == [line[0] for line in rows_of(office.post(f"{REVENUE}file?by=client").answer)]  # fmt: skip
    assert db.session.scalar(sa.select(sa.func.count()).where(Activity.verb == "list.exported")) == 2
    monkeypatch.setitem(ROLE_PERMISSIONS, StaffRole.MANAGER, frozenset(Permission) - {Permission.EXPORT})
    assert "xlsx" not in manager.get(f"{REVENUE}?by=client").html
    assert manager.post(f"{REVENUE}file?by=client", **{"as": "xlsx"}).status == 403


def test_who_may_not_see_finances_finds_no_figure_by_page_file_or_log(manager, cast, visits, monkeypatch):
    without = frozenset(Permission) - {Permission.FINANCES, Permission.PAY}
    monkeypatch.setitem(ROLE_PERMISSIONS, StaffRole.MANAGER, without)
    index = manager.get("/admin/reports/")
    for subject in catalogue.SUBJECTS:
        url = f"/admin/reports/{subject.name}/"
        assert index.has_link(url) is not bool(subject.needs)
        if subject.needs:
            manager.get(url, 403)
            assert manager.post(f"{url}file").status == 403
        else:
            assert "$" not in manager.get(url).main, subject.name
            said = repr(rows_of(manager.post(f"{url}file").answer))
            assert not [figure for figure in ("52.50", "60.00", "20.00", "30.00") if figure in said], subject.name
    home = manager.get("/admin/")
    assert "Money owed" not in home.main
    assert "$52.50" not in home.main
    logged = db.session.scalars(sa.select(Activity).where(Activity.verb == "list.exported")).all()
    assert len(logged) == sum(not s.needs for s in catalogue.SUBJECTS)
    assert "52.5" not in repr([line.facts for line in logged])


def test_pay_and_files_have_their_own_permissions(manager, http, cast, visits, sign_in_as_staff, monkeypatch):
    monkeypatch.setitem(ROLE_PERMISSIONS, StaffRole.MANAGER, frozenset({Permission.OFFICE, Permission.PAY}))
    assert "Sam Stone" in manager.get("/admin/reports/staff-pay/?period=this-year").main
    assert "Save as file" not in manager.get("/admin/reports/visits/").main
    assert manager.post("/admin/reports/visits/file").status == 403
    assert not manager.get("/admin/reports/").has_link(REVENUE)
    sitter = Office(sign_in_as_staff(http(), cast.sam))
    sitter.get("/admin/reports/", 403)
    sitter.get("/admin/reports/visits/", 403)


def test_every_report_opens_with_few_queries_and_few_bytes_at_any_size(office, cast, visits):
    def look(subject):
        with statements() as sent:
            page = office.get(f"/admin/reports/{subject.name}/?compare=previous" if subject.has_period else f"/admin/reports/{subject.name}/")  # fmt: skip
        # Every tenth look of a person is noted (`workflows.paces`), whatever the report; then the badges are counted anew.
        noted = [one for one in sent if "login_attempt" in one]
        return len(sent) - len(noted) - bool(noted), len(page.html)

    office.get("/admin/reports/")
    few = {subject.name: look(subject)[0] for subject in catalogue.SUBJECTS}
    with make.at_once():
        for n in range(500):
            client = make.client(f"Client {n}", "With a Long Surname")
            make.job(client, cast.walk, sitter=cast.sam, on_date=MON, state=JobState.COMPLETED)
    db.session.commit()
    for subject in catalogue.SUBJECTS:
        n_queries, n_bytes = look(subject)
        assert n_queries == few[subject.name], subject.name
        assert n_queries <= 5 + (10 if subject.name in {"staff-pay", "growth"} else 6), subject.name
        assert n_bytes < 60_000, (subject.name, n_bytes)
    n_bytes = len(office.get(f"{REVENUE}?by=client&compare=previous").html)
    assert n_bytes < 60_000
