"""The traps of Flask-Admin 2.2 (engineering notes, 1 to 24), each closed. Run these first after an upgrade of it."""

import re
from pathlib import Path
from urllib.parse import quote

import flask_admin
import pytest
import sqlalchemy as sa
from flask_admin.contrib.sqla import ModelView
from flask_wtf.csrf import generate_csrf
from jinja2 import FileSystemLoader
from sqlalchemy.exc import DataError, IntegrityError
from wtforms import Form

import admin_site
from admin_site.base import OfficeList, OfficePage
from admin_site.theme import OfficeTheme
from foundation.db import Base, db
from models import Activity, Client, Pet, Vet
from tests import factories as make
from tests import money_factories as money
from tests.admin.crud.desk import forms_of
from tests.admin.crud.tables import TABLES
from tests.databases import count

ROOT = Path(admin_site.__file__).parent
TEMPLATES = sorted((ROOT / "templates" / "admin").rglob("*.html"))
ELSEWHERE = [
    "http:evil.com", "http://localhost\\@evil.com", "//evil.com", "https://evil.com/admin/", "/\\evil.com", "javascript:alert(1)",
    "/admin/\r\nSet-Cookie: a=b", "\thttp://evil.com", "evil.com", "///evil.com", "/admin/\0",
]  # fmt: skip


# 1
def test_1_no_address_leads_off_the_site(office, cast):
    vet = make.vet()
    for target in ELSEWHERE:
        for answer in (
            office.browser.get("/admin/vets/edit/", query_string={"id": vet.id, "url": target}),
            office.post(f"/admin/vets/edit/?id={vet.id}", name="x", row_version="1", url=target),
            office.post("/admin/vets/new/", name="y", url=target),
            office.post("/admin/vets/delete/", id=vet.id, url=target),
            office.post("/admin/vets/action/", action="deactivate", rowid=vet.id, url=target),
        ):
            assert (answer.status_code, "Location" in answer.headers) == (400, False), target
    assert (count(Vet), vet.is_active) == (1, True)


def test_1_an_address_of_ours_outside_the_office_is_not_followed_either(office, cast):
    answer = office.fill("/admin/vets/new/?url=/portal/", name="Oakfield")
    assert answer.headers["Location"].startswith("/admin/vets/")


# 2
def test_2_one_scope_holds_for_list_count_record_change_delete_bulk_and_file(office, cast, lists, monkeypatch):
    hidden, seen = make.vet("Hidden"), make.vet("Seen")
    monkeypatch.setattr(lists["vets"], "scope", lambda statement: statement.where(Vet.name != "Hidden"))
    page = office.open("/admin/vets/?view=all")
    assert ("Hidden" in page.text, "1 to 1 of 1" in page.text) == (False, True)
    for path in ("details", "edit", "delete"):
        assert office.browser.get(f"/admin/vets/{path}/?id={hidden.id}").status_code == 404
    assert office.post("/admin/vets/delete/", id=hidden.id).status_code == 404
    assert office.post(f"/admin/vets/edit/?id={hidden.id}", name="x", row_version="1").status_code == 404
    office.press("delete", [hidden, seen], at="/admin/vets/?view=all")
    assert db.session.scalars(sa.select(Vet.name)).all() == ["Hidden"]
    assert "Hidden" not in office.export("/admin/vets/", view="all").text
    with office.browser.application.test_request_context():
        assert (lists["vets"].get_query().count(), lists["vets"].get_count_query().scalar()) == (0, 0)


# 3
def test_3_there_is_no_cell_editor_of_flask_admins(office, cast, lists):
    for view in lists.values():
        answer = office.post(f"{view.url}/ajax/update/", list_form_pk="1", name="x")
        assert answer.status_code == 404, view.endpoint
        assert not view.column_editable_list


def test_3_what_may_not_be_changed_cannot_be_changed_by_hand(managers, cast, lists):
    for path in ("new/", f"edit/?id={cast.sam.id}", f"delete/?id={cast.sam.id}"):
        assert managers.browser.get(f"/admin/staff/{path}").status_code == 403
        assert managers.post(f"/admin/staff/{path}", first_name="x", row_version="1", id=cast.sam.id).status_code == 403
    for action in ("invite", "deactivate", "delete"):
        assert (
            managers.post("/admin/staff/action/", action=action, rowid=cast.sam.id, confirmed="yes").status_code == 403
        )
    assert (cast.sam.first_name, cast.sam.is_active) == ("Sam", True)


# 4
@pytest.mark.parametrize("name", TABLES)
def test_4_no_post_without_its_token(office, cast, name):
    t = TABLES[name]
    record = t.make(cast)
    n = count(t.kind)
    for url, data in (
        (f"{t.url}new/", t.new(cast)),
        (f"{t.url}edit/?id={record.id}", {t.field: t.typed, "row_version": "1"}),
        (f"{t.url}delete/", {"id": record.id}),
        (f"{t.url}action/", {"action": "delete", "rowid": record.id, "confirmed": "yes"}),
        (f"{t.url}export/csv/", {}),
    ):
        for token in ({}, {"csrf_token": ""}, {"csrf_token": "x" * 40}):
            answer = office.browser.post(url, data={**data, **token})
            assert answer.status_code == 400
            assert "This page was open for too long" in answer.text
    assert (count(t.kind), getattr(record, "version", 1)) == (n, 1)


def test_4_every_form_that_posts_has_one_token(office, cast, lists):
    for view in lists.values():
        for form in forms_of(office.open(f"{view.url}/").text):
            assert len(form.fields.getlist("csrf_token")) == (1 if form.method == "post" else 0), view.endpoint
    assert generate_csrf is not None


# 5
def test_5_nothing_is_inline_and_every_script_is_ours(office, cast, lists):
    pages = [f"{view.url}/" for view in lists.values()]
    pages += [
        f"/admin/services/edit/?id={cast.walk.id}",
        "/admin/pets/new/",
        f"/admin/clients/delete/?id={cast.bob.id}",
        f"/admin/staff/details/?id={cast.sam.id}",
    ]
    for url in pages:
        page = office.open(url)
        assert not re.search(r"\son[a-z]+\s*=", page.text), url
        assert not re.search(r"\sstyle\s*=|<style|javascript:", page.text), url
        for script in re.findall(r"<script([^>]*)>", page.text):
            assert re.search(r'src="/static/[^"]+\.js"', script), (url, script)
        assert not re.search(r"jquery|bootstrap|select2|moment|x-editable", page.text, re.IGNORECASE), url
        assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_5_no_template_of_flask_admins_is_used(office, cast, lists, app, monkeypatch):
    """Every stock template of a page that our views can show has one of ours before it."""
    stock = Path(flask_admin.__file__).parent / "templates" / "bootstrap4"
    loaded: list[str] = []
    real = FileSystemLoader.get_source

    def note(self, environment, template):
        found = real(self, environment, template)
        loaded.append(found[1])
        return found

    monkeypatch.setattr(FileSystemLoader, "get_source", note)
    app.jinja_env.cache.clear()
    for view in lists.values():
        office.open(f"{view.url}/")
    office.open("/admin/pets/new/")
    office.open(f"/admin/pets/edit/?id={cast.biscuit.id}")
    office.open(f"/admin/pets/details/?id={cast.biscuit.id}")
    assert loaded
    assert [t for t in loaded if t.startswith(str(stock))] == []
    assert isinstance(app.extensions["admin"][0].theme, OfficeTheme)


# 6
def test_6_what_the_database_says_is_never_shown(office, cast, monkeypatch):
    from admin_site.animals import VetList

    vet = make.vet()

    def refuse(*_):
        raise IntegrityError(
            "INSERT INTO vet (name) VALUES (?)", {"name": "secret"}, Exception("UNIQUE constraint failed: vet.name")
        )

    for method in ("add", "change", "remove"):
        monkeypatch.setattr(VetList, method, refuse)
    texts = [
        office.fill("/admin/vets/new/", name="x").text,
        office.fill(f"/admin/vets/edit/?id={vet.id}", name="x").text,
        office.after(office.post("/admin/vets/delete/", id=vet.id)),
        office.after(office.press("delete", [vet], at="/admin/vets/")),
    ]
    for text in texts:
        assert "Nothing was changed." in text
        assert not re.search(r"INSERT|UNIQUE|sqlite3|psycopg|IntegrityError", text)


def test_6_other_faults_of_the_database_are_said_without_its_words(office, cast, lists, app):
    with app.test_request_context():
        assert lists["vets"].handle_view_exception(DataError("SELECT 1", {}, Exception("bad"))) is True
        assert lists["vets"].handle_view_exception(ValueError("a bug")) is False
        assert lists["vets"].explain(ValueError("a bug")) is None


# 7 stands in test_lists.py, with all the nonsense that addresses can hold


# 8
def test_8_a_type_error_is_raised_as_it_is(office, cast, lists, monkeypatch, app):
    monkeypatch.setitem(app.config, "PROPAGATE_BUGS", True)

    def bug(*_):
        raise TypeError("the real fault")

    monkeypatch.setattr(lists["vets"], "list_context", bug)
    with pytest.raises(TypeError, match="the real fault"):
        office.browser.get("/admin/vets/")
    assert OfficePage._run_view is not flask_admin.BaseView._run_view
    assert OfficeList._run_view is OfficePage._run_view


def test_8_a_bug_in_a_workflow_is_no_refusal(office, cast, monkeypatch, app):
    from admin_site.animals import VetList

    vet = make.vet()

    def bug(*_):
        raise TypeError("the real fault")

    monkeypatch.setitem(app.config, "PROPAGATE_BUGS", True)
    for method in ("add", "change", "remove"):
        monkeypatch.setattr(VetList, method, bug)
    for send in (
        lambda: office.fill("/admin/vets/new/", name="x"),
        lambda: office.fill(f"/admin/vets/edit/?id={vet.id}", name="x"),
        lambda: office.post("/admin/vets/delete/", id=vet.id),
        lambda: office.press("delete", [vet], at="/admin/vets/"),
    ):
        with pytest.raises(TypeError, match="the real fault"):
            send()


# 9
def test_9_flask_babel_is_on_the_app(app):
    assert "babel" in app.extensions


# 10
def test_10_no_column_is_called_like_a_part_of_a_form(lists):
    taken = {name for name in dir(Form) if not name.startswith("_")} | {"url"}
    for view in lists.values():
        assert {c.key for c in sa.inspect(view.model).column_attrs} & taken == set()


# 11
def test_11_models_are_plain_classes(app):
    assert not any(hasattr(m.class_, "__dataclass_fields__") for m in Base.registry.mappers)


# 12
def test_12_no_choices_are_tuples_and_wtforms_is_capped(office, cast):
    """Warnings are errors in tests: a tuple in a choice of ours would have failed every form here."""
    setup = (ROOT.parent / "setup.cfg").read_text("utf-8")
    assert "WTForms>=3.3,<3.4" in setup
    office.open("/admin/services/new/")


# 13
def test_13_every_form_names_its_columns_and_leaves_out_the_ways_back(lists):
    for view in lists.values():
        relations = {r.key for r in sa.inspect(view.model).relationships if r.direction.name == "ONETOMANY"}
        assert view.form_columns
        assert set(view.form_columns) & relations == set()


def test_13_saving_a_client_unlinks_nothing(office, cast):
    office.after(office.fill(f"/admin/clients/edit/?id={cast.alice.id}", city="Springfield"))
    assert count(Pet, Pet.client_id == cast.alice.id) == 2


# 14
def test_14_details_are_always_there(lists):
    assert all(type(view).can_view_details is True for view in lists.values())
    assert all(isinstance(view.__class__.__dict__.get("can_view_details", True), bool) for view in lists.values())


# 15
def test_15_the_fields_of_our_own_are_in_every_form(lists):
    for view in lists.values():
        assert hasattr(view._create_form_class, "form_key")
        assert hasattr(view._edit_form_class, "row_version")


# 16 stands in test_files.py


# 17
#: what must never stand in a page as it was typed; the last is shown as it is, and never as 49
MARKS = ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><b>x</b>', "{{ 7*7 }}")


def test_17_nothing_that_people_typed_becomes_markup(office, cast, lists):
    mark = " ".join(MARKS)
    client = make.client(mark, mark, city=mark, notes=mark)
    make.client_contact(client, mark, relation=mark)
    pet = make.pet(client, mark, breed=mark, warning=mark, vet=make.vet(mark, address=mark))
    make.staff(mark, mark, notes=mark)
    make.time_off(cast.sam, note=mark)
    make.service_item(mark, code="X", description=mark, group=make.service_group(mark))
    make.time_block(mark)
    page = make.field_page(name=mark, help=mark)
    make.custom_field(make.field_section(page, name=mark, help=mark), label=mark, help=mark)
    make.public_holiday(name=mark)
    make.closed_day(reason=mark)
    make.notification(client=client)
    make.activity_line(
        "client.changed",
        client=client,
        actor_name=mark,
        facts={"name": mark, "changes": {"city": [mark, mark]}, "reason": mark},
    )
    make.outbox_mail(client_id=client.id, subject=mark, to_address=mark, last_error=mark, body_text=mark)
    job = make.job(client, cast.walk, note=mark, pets=[pet])
    make.visit_alert(job)
    make.report_card(job, message=mark, office_note=mark, thanks=mark)
    make.key(client, name=mark, description=mark)
    make.pay_line(text=mark)
    asked = make.change_request(client, body=mark, answer=mark)
    make.change_item(asked, job, rule_name=mark, fee_reason=mark, note=mark)
    make.price_rule(mark, client_type=make.client_type(mark))
    make.cancellation_rule(mark)
    make.cancellation_reason(mark)
    make.extra_pet_price(cast.walk)
    make.client_price(client, cast.walk)
    make.repeat(client, cast.walk, note=mark, staff_note=mark, pets=[pet])
    make.vaccination(pet, name=mark)
    accepted = make.agreement_version(make.agreement(mark), body=mark)
    make.agreement_acceptance(accepted, client, typed_name=mark, file=make.stored_file(client, name=mark, note=mark))
    money.tax_rate(mark)
    money.payment_terms(mark, text=mark)
    money.client_package(client, money.visit_package(mark, service_item=cast.walk))
    money.credit_note(money.invoice(client, note=mark, end_reason=mark), reason=mark)
    money.refund(money.payment(client, reference=mark, description=mark, shown_as=mark), reason=mark, message=mark)
    money.payment_attempt(client, message=mark, code=mark[:60])
    money.gateway_event(remark=mark, kind=mark, facts={"subject": mark})
    for view in lists.values():
        record = db.session.scalars(sa.select(view.model).order_by(view.model.id.desc())).first()
        urls = [
            f"{view.url}/?view=all&panel=filters&search={quote(mark)}",
            f"{view.url}/?view=all",
            f"{view.url}/details/?id={record.id}",
        ]
        urls += [f"{view.url}/edit/?id={record.id}", f"{view.url}/delete/?id={record.id}"] if view.sections else []
        for url in urls:
            text = office.browser.get(url).text
            assert [typed for typed in MARKS[:-1] if typed in text] == [], url
            assert not re.search(r"\b49\b<", text), url


def test_17_descriptions_of_fields_are_escaped():
    for path in TEMPLATES:
        assert "|safe" not in path.read_text("utf-8").replace(" ", ""), path


# 18
def test_18_no_list_uploads_files(lists):
    for view in lists.values():
        for name in dir(view._create_form_class):
            field = getattr(view._create_form_class, name)
            assert "File" not in getattr(getattr(field, "field_class", None), "__name__", "")


# 19 and 20 stand in test_forms.py


# 21
def test_21_filters_have_names_of_their_own_in_addresses(lists):
    for view in lists.values():
        assert view.named_filter_urls
        keys = [view.get_filter_arg(i, f) for i, f in enumerate(view.filters)]
        assert len(set(keys)) == len(keys)
        assert all(re.fullmatch(r"[a-z]+", key) for key in keys), view.endpoint


# 22 and 23
def test_22_23_no_stock_widgets_or_rules_are_used(lists):
    for view in lists.values():
        assert (view.form_rules, view.form_create_rules, view.form_edit_rules, view.inline_models) == (
            None,
            None,
            None,
            None,
        )
        for name in dir(view._create_form_class):
            kind = getattr(getattr(view._create_form_class, name), "field_class", None)
            assert kind is None or kind.__module__.startswith(("admin_site", "ui_kit", "wtforms")), (
                view.endpoint,
                name,
            )


# 24
def test_24_each_app_has_views_of_its_own(app, lists, tmp_path):
    from application import create_app

    other = create_app(
        {"SQLALCHEMY_DATABASE_URI": f"sqlite:///{tmp_path / 'x.db'}", "DATA_DIR": str(tmp_path), "SECRET_KEY": "x" * 40}
    )
    theirs = {v.endpoint: v for v in other.extensions["admin"][0]._views}
    assert all(theirs[name] is not view for name, view in lists.items())


def test_every_trap_has_a_test_that_bears_its_number():
    closed = set()
    for file in Path(__file__).parent.glob("test_*.py"):
        for numbers in re.findall(r"^def test_(\d+(?:_\d+)*)_", file.read_text("utf-8"), re.MULTILINE):
            closed |= set(map(int, numbers.split("_")))
    assert closed == set(range(1, 25))


# ------------------------------------------------------------------------------------- Flask-Admin's own ways still lead here


def test_flask_admins_own_hooks_go_through_ours(office, cast, lists, app):
    make.vet("Oakfield")
    make.vet("Gone", is_active=False)
    with app.test_request_context("/admin/vets/"):
        view = lists["vets"]
        total, records = view.get_list(0, "name", True, "oak", [], page_size=20)
        assert (total, [str(r) for r in records]) == (1, ["Oakfield"])
        active = next(i for i, f in enumerate(view._filters) if f.key == "active")
        total, records = view.get_list(None, None, None, None, [(active, "Active", "no")])
        assert [str(r) for r in records] == ["Gone"]
        query = view._filters[active].apply(db.session.query(Vet), "yes")
        assert [str(v) for v in query] == ["Oakfield"]
        assert view._filters[active].operation() == ""
        with pytest.raises(NotImplementedError):
            ModelView.delete_model  # noqa: B018 -- exists
            lists["notifications"].add({}, None)
    assert count(Activity, Activity.verb == "vet.removed") == 0
    assert count(Client) == 2
