"""S3, list by list: add, change, delete, show, list, find, filter, sort, save as a file, several at once."""

import csv
import io

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity
from tests.admin.crud.desk import forms_of
from tests.admin.crud.tables import TABLES

pytestmark = pytest.mark.covers("S3")
EACH = pytest.mark.parametrize("name", TABLES)
#: short lists have no filters, or none that drops their only row
EACH_WITH_FILTERS = pytest.mark.parametrize("name", [n for n in TABLES if n != "service_groups"])
EACH_WITH_TRIED_FILTERS = pytest.mark.parametrize("name", [n for n, t in TABLES.items() if t.filters[0]])


def the_log() -> list[str]:
    return list(db.session.scalars(sa.select(Activity.verb).order_by(Activity.id)))


def rows_of(page) -> list[str]:
    body = page.text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [row for row in body.split("</tr>") if row.strip()]


@EACH
def test_a_record_is_added_by_its_form_and_logged(office, cast, name):
    t = TABLES[name]
    typed = t.new(cast)
    answer = office.fill(f"{t.url}new/", **typed)
    office.after(answer)
    made = db.session.scalars(sa.select(t.kind).order_by(t.kind.id.desc())).first()
    assert {field: getattr(made, field) for field in t.becomes} == t.becomes
    assert the_log()[-1] == f"{t.log}.added"


@EACH
def test_a_record_is_changed_by_its_form_and_only_that_is_logged(office, cast, name):
    t = TABLES[name]
    record = t.make(cast)
    before = {c.key: getattr(record, c.key) for c in sa.inspect(t.kind).column_attrs}
    office.after(office.fill(f"{t.url}edit/?id={record.id}", **{t.field: t.typed}))
    after = {c.key: getattr(record, c.key) for c in sa.inspect(t.kind).column_attrs}
    changed = {key: value for key, value in after.items() if before[key] != value and key != "version"}
    assert changed == {t.field: t.stored}
    line = db.session.scalars(sa.select(Activity).order_by(Activity.id.desc())).first()
    assert (line.verb, list(line.facts["changes"])) == (f"{t.log}.changed", [t.field])


@EACH
def test_saving_the_form_as_it_is_changes_nothing_and_logs_nothing(office, cast, name):
    t = TABLES[name]
    record = t.make(cast)
    office.open(f"{t.url}edit/?id={record.id}")
    n_lines = len(the_log())
    version = getattr(record, "version", None)
    office.after(office.send(office.form()))
    assert (len(the_log()), getattr(record, "version", None)) == (n_lines, version)


@EACH
def test_a_record_that_nothing_needs_is_deleted(office, cast, name):
    t = TABLES[name]
    record = t.make(cast)
    page = office.open(f"{t.url}delete/?id={record.id}")
    assert "Yes, delete" in page.text
    assert db.session.get(t.kind, record.id) is not None, "the question alone deletes nothing"
    key = record.id
    office.after(office.send(office.form("/delete/") if "/delete/" in page.text else office.form()))
    assert db.session.get(t.kind, key) is None
    assert the_log()[-1] == f"{t.log}.removed"


@EACH
def test_its_details_say_everything_and_lead_to_the_form(office, cast, name):
    t = TABLES[name]
    record = t.make(cast)
    text = office.open(f"{t.url}details/?id={record.id}").text
    assert t.name in text
    assert f"{t.url}edit/?id={record.id}" in text


@EACH
def test_the_list_shows_it_and_a_search_whatever_its_case_finds_only_it(office, cast, name):
    t = TABLES[name]
    t.make(cast)
    assert t.name in office.open(f"{t.url}?view={t.view}").text
    for typed in (t.search, t.search.upper()):
        page = office.open(f"{t.url}?view={t.view}&search={typed}")
        assert len(rows_of(page)) == 1, typed
        assert t.name in page.text
    assert "Nothing found" in office.open(f"{t.url}?search=nobodyiscalledso").text


@EACH_WITH_TRIED_FILTERS
def test_filters_keep_what_fits_and_show_as_chips(office, cast, name):
    t = TABLES[name]
    t.make(cast)
    keeps, drops = t.filters
    page = office.open(f"{t.url}?view={t.view}&search={t.search}&{keeps}")
    assert (len(rows_of(page)), "take out" in page.text) == (1, True)
    assert rows_of(office.open(f"{t.url}?view={t.view}&search={t.search}&{drops}")) == []


@EACH_WITH_FILTERS
def test_the_form_of_filters_works_without_javascript_and_keeps_the_rest_of_the_address(office, cast, lists, name):
    t, view = TABLES[name], lists[name]
    page = office.open(f"{t.url}?view={t.view}&search={t.search}&panel=filters")
    panel = next(f for f in forms_of(page.text) if any(n.startswith("flt_") for n in f.fields))
    assert (panel.method, panel.fields["search"]) == ("get", t.search)
    assert {f"flt_{one.key}" for one in view.filters if one.input} <= set(panel.fields)


@EACH
def test_it_is_sorted_both_ways_and_says_so(office, cast, name):
    t = TABLES[name]
    t.make(cast)
    up = office.open(f"{t.url}?view={t.view}&sort={t.sort}&page_size=100")
    down = office.open(f"{t.url}?view={t.view}&sort={t.sort}&desc=1&page_size=100")
    assert 'aria-sort="ascending"' in up.text
    assert 'aria-sort="descending"' in down.text
    assert rows_of(up) == rows_of(down)[::-1]


@EACH
def test_the_file_holds_every_row_and_every_column_of_the_list(office, cast, lists, name):
    t = TABLES[name]
    t.make(cast)
    answer = office.export(t.url, view=t.view, search=t.search)
    header, *lines = csv.reader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert header == [str(c.label) for c in lists[name].columns if c.export]
    assert len(lines) == 1
    assert (answer.headers["Cache-Control"], answer.mimetype) == ("no-store", "text/csv")
    assert the_log()[-1] == "list.exported"


@EACH
def test_several_ticked_ones_are_deleted_at_once(office, cast, name):
    t = TABLES[name]
    record = t.make(cast)
    key = record.id
    asked = office.press("delete", [record], at=t.url, confirmed=False)
    assert asked.status_code == 200
    assert db.session.get(t.kind, key) is not None, "asked first"
    office.after(office.send(office.form("/action/")))
    assert db.session.get(t.kind, key) is None


@EACH
def test_a_new_list_is_empty_and_says_what_to_do(http, sign_in_as_staff, app, name):
    from tests import factories as make
    from tests.admin.crud.desk import Desk

    t = TABLES[name]
    desk = Desk(sign_in_as_staff(http(), make.owner(email="oona@example.com")))
    text = desk.open(t.url).text
    if name == "team":
        assert "Oona Boss" in text
    else:
        _above, empty = text.split('class="ui-empty')
        assert f'href="{t.url}new/"' in empty, "the way on stands where the eye is"
