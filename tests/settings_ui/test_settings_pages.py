"""The settings pages: generated from the registry, saved whole or not at all, every change in the log."""

import io
import re

import pytest
import sqlalchemy as sa
from PIL import Image

from foundation.db import db
from models import Activity, StaffRole
from settings_ui import finding
from tests.databases import statements
from workflows import roles, settings
from workflows.actors import COMMAND_LINE
from workflows.permissions import ROLE_PERMISSIONS, Permission


def fields_of(page):
    """What a browser would send back: every named field of the page's settings form with its value."""
    form = re.search(r'<form method="post" enctype="multipart/form-data".*?</form>', page.text, re.DOTALL)[0]
    data = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]+)"', tag)
        kind = re.search(r'type="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if not name or (kind and kind[1] == "file"):
            continue
        if kind and kind[1] == "checkbox":
            if " checked" in tag:
                data[name[1]] = "y"
        else:
            data[name[1]] = value[1] if value else ""
    for name, body in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        data[name] = body.removeprefix("\r\n").removeprefix("\n")
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option selected value="([^"]*)"', body)
        data[name] = chosen[1] if chosen else re.search(r'<option value="([^"]*)"', body)[1]
    return data


def csrf(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page)[1]


@pytest.fixture
def owner(http, cast, sign_in_as_staff):
    return sign_in_as_staff(http(), cast.olivia)


@pytest.mark.covers("S5")
@pytest.mark.parametrize("page", ["business", "billing", "portal"])
def test_every_setting_of_the_registry_has_a_labelled_field_with_its_effect(owner, page):
    answer = owner.get(f"/admin/settings/{page}")
    assert answer.status_code == 200
    groups = {g.key for g in settings.GROUPS if g.page == page}
    for entry in settings.REGISTRY.values():
        if entry.group in groups:
            assert f'name="{entry.key.replace(".", "__")}"' in answer.text
            assert entry.label in answer.text
            assert entry.help in answer.text.replace("&#39;", "'")


@pytest.mark.covers("S5")
def test_saving_the_page_as_it_is_changes_nothing(owner):
    for page in ("business", "billing", "portal"):
        before = owner.get(f"/admin/settings/{page}")
        answer = owner.post(f"/admin/settings/{page}", data=fields_of(before))
        assert answer.status_code == 302
        assert "Nothing was changed" in owner.get(f"/admin/settings/{page}").text
    assert db.session.scalars(sa.select(Activity).where(Activity.verb == "setting.changed")).all() == []


@pytest.mark.covers("S5")
def test_a_long_selection_marks_what_is_set_and_nothing_else(owner):
    for zone in ("America/New_York", "Europe/Berlin", "America/New_York"):
        settings.change({"business.time_zone": zone, "business.locale": "de_DE"}, actor=COMMAND_LINE)
        db.session.commit()
        html = owner.get("/admin/settings/business").text
        select = re.search(r'<select[^>]*name="business__time_zone".*?</select>', html)[0]
        assert re.findall(r'<option selected value="([^"]*)"', select) == [zone]
        assert select.count("<option") > 300
        assert "Euro" in re.search(r'<option value="EUR">([^<]*)<', html)[1]


@pytest.mark.covers("S5")
def test_a_change_is_saved_logged_and_shown_with_who_and_what(owner, cast):
    data = fields_of(owner.get("/admin/settings/portal"))
    data["portal__auto_submit_hours"] = "12"
    assert owner.post("/admin/settings/portal", data=data).status_code == 302
    settings.forget()
    assert settings.read()["portal.auto_submit_hours"] == 12
    line = db.session.scalars(sa.select(Activity).where(Activity.verb == "setting.changed")).one()
    assert (line.staff_id, line.facts["changes"]) == (cast.olivia.id, {"portal.auto_submit_hours": [24, 12]})
    page = owner.get("/admin/settings/portal").text
    assert "Olivia" in page
    assert "The default: 24." in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("portal__auto_submit_hours", "0", "whole number from 1 to 720"),
        ("portal__auto_submit_hours", "99999999999999999999", "whole number from 1 to 720"),
        ("booking__limit_kind", "hours", "how many hours or days"),
        ("booking__limit_kind", "never", "listed values"),
        ("portal__button_url", "javascript:alert(1)", "begins with https://"),
        ("portal__button_label", "Shop", "both a text and an address"),
    ],
)
def test_a_wrong_value_saves_nothing_and_brings_the_form_back_filled(owner, field, value, words):
    data = fields_of(owner.get("/admin/settings/portal"))
    data["portal__notice"] = "We are away in May"
    data[field] = value
    answer = owner.post("/admin/settings/portal", data=data)
    assert answer.status_code == 422
    assert words in answer.text
    assert "We are away in May" in answer.text
    settings.forget()
    assert settings.read()["portal.notice"] == ""


def test_all_that_is_wrong_is_said_in_one_round_and_nothing_is_saved(owner):
    data = fields_of(owner.get("/admin/settings/portal"))
    data |= {
        "portal__auto_submit_hours": "many",
        "portal__button_url": "javascript:alert(1)",
        "booking__limit_kind": "hours",
        "booking__cancel_limit_kind": "today_after",
    }
    answer = owner.post("/admin/settings/portal", data=data)
    for words in ("Enter a whole number", "begins with https://", "how many hours or days", "until what time of day"):
        assert words in answer.text
    assert (answer.status_code, 'value="many"' in answer.text) == (422, True)
    settings.forget()
    assert settings.read()["booking.limit_kind"] != "hours"


@pytest.mark.parametrize(
    "value", ["not-an-address", "a@b", "x@example.com,y@example.com", "x@example.com\r\nBcc: y@z.com"]
)
def test_the_admin_inbox_takes_one_mail_address(owner, value):
    data = fields_of(owner.get("/admin/settings/business"))
    data["business__admin_inbox"] = value
    answer = owner.post("/admin/settings/business", data=data)
    assert answer.status_code == 422
    settings.forget()
    assert settings.read()["business.admin_inbox"] == ""


@pytest.mark.covers("S5")
def test_two_owners_who_save_at_once_do_not_overwrite_each_other(owner):
    first = fields_of(owner.get("/admin/settings/business"))
    second = dict(first)
    first["business__name"] = "Maple Lane"
    assert owner.post("/admin/settings/business", data=first).status_code == 302
    second["business__phone"] = "555-0100"
    late = owner.post("/admin/settings/business", data=second)
    assert late.status_code == 409
    assert "Someone changed these settings meanwhile" in late.text
    settings.forget()
    assert settings.read()["business.name"] == "Maple Lane"
    assert settings.read()["business.phone"] == ""


def picture(kind="PNG", size=(600, 300)):
    out = io.BytesIO()
    Image.new("RGB", size, "#0b6b54").save(out, kind)
    return out.getvalue()


@pytest.mark.covers("P9")
def test_the_logo_is_made_anew_shown_and_can_be_removed(owner, http, app):
    data = fields_of(owner.get("/admin/settings/business"))
    data["business__logo"] = (io.BytesIO(picture()), "../../logo.png")
    assert owner.post("/admin/settings/business", data=data, content_type="multipart/form-data").status_code == 302
    settings.forget()
    key = settings.read()["business.logo"]
    logo = http().get(f"/business-logo/{key}")
    assert (logo.status_code, logo.mimetype, logo.data[8:12]) == (200, "image/webp", b"WEBP")
    assert f"/business-logo/{key}" in owner.get("/admin/settings/business").text
    data = fields_of(owner.get("/admin/settings/business"))
    data["remove_business__logo"] = "y"
    assert owner.post("/admin/settings/business", data=data).status_code == 302
    assert http().get(f"/business-logo/{key}").status_code == 404
    assert app.extensions["store"].read(key) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a" + b"\0" * 40,
        picture()[:200],
        b"\xff\xd8\xff" + b"x" * 99,
    ],
)
def test_what_is_no_picture_is_refused_with_a_sentence(owner, data):
    form = fields_of(owner.get("/admin/settings/business"))
    form["business__name"] = "Still here"
    form["business__logo"] = (io.BytesIO(data), "logo.png")
    answer = owner.post("/admin/settings/business", data=form, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert ("not a JPEG, PNG, WebP or HEIC" if data else "This file is empty") in answer.text
    assert "Still here" in answer.text


def test_other_keys_of_the_store_are_not_served(http, app, cast):
    key = app.extensions["store"].put(b"secret", folder="files", suffix="webp")
    assert http().get(f"/business-logo/{key}").status_code == 404
    assert http().get("/business-logo/../latchkey.db").status_code == 404


@pytest.mark.covers("S5")
def test_managers_sitters_and_clients_cannot_open_the_settings(http, cast, sign_in_as_staff, sign_in_as_client):
    manager = sign_in_as_staff(http(), cast.max)
    assert manager.get("/admin/settings/business").status_code == 403
    assert "Settings" not in manager.get("/admin/").text
    assert sign_in_as_staff(http(), cast.sam).get("/admin/settings/business").status_code == 403
    assert sign_in_as_client(http(), cast.alice).get("/admin/settings/business").status_code == 302


def test_the_way_to_the_mail_templates_is_shown_to_those_who_may_go_there(owner, http, cast, sign_in_as_staff):
    assert "/admin/mail-templates/" in owner.get("/admin/settings/business").text
    own = ROLE_PERMISSIONS[StaffRole.MANAGER]
    roles.change({StaffRole.MANAGER: (own | {Permission.SETTINGS}) - {Permission.TEMPLATES}}, actor=cast.as_olivia)
    db.session.commit()
    manager = sign_in_as_staff(http(), cast.max)
    for page in ("business", "search?q=tax"):
        text = manager.get(f"/admin/settings/{page}").text
        assert "Settings pages" in text
        assert "/admin/mail-templates/" not in text
    assert manager.get("/admin/mail-templates/").status_code == 403


def test_a_page_that_does_not_exist_is_not_found(owner):
    assert owner.get("/admin/settings/nothing").status_code == 404


@pytest.mark.covers("S5")
def test_a_setting_goes_back_to_its_default_alone_and_who_changed_it_is_told(owner, cast):
    settings.change({"portal.auto_submit_hours": 12, "portal.notice": "Closed on Monday"}, actor=cast.as_olivia)
    db.session.commit()
    page = owner.get("/admin/settings/portal").text
    assert f"Changed by {cast.as_olivia.name}" in page
    assert 'name="key" value="portal.auto_submit_hours"' in page
    data = {"key": "portal.auto_submit_hours", "csrf_token": csrf(page)}
    for _ in range(2):
        answer = owner.post("/admin/settings/portal/default", data=data)
        assert answer.headers["Location"] == "/admin/settings/portal#row-portal__auto_submit_hours"
    settings.forget()
    assert settings.read()["portal.auto_submit_hours"] == 24
    assert settings.read()["portal.notice"] == "Closed on Monday"
    changed = sa.select(Activity).where(Activity.verb == "setting.changed").order_by(Activity.id)
    lines = db.session.scalars(changed).all()
    assert [line.facts["changes"] for line in lines][2:] == [{"portal.auto_submit_hours": [12, 24]}]
    page = owner.get("/admin/settings/portal").text
    assert 'name="key" value="portal.auto_submit_hours"' not in page


@pytest.mark.parametrize(
    ("page", "key"),
    [
        ("portal", "business.name"),
        ("portal", "no.such"),
        ("nowhere", "portal.notice"),
        ("portal", ""),
        ("portal", "\0"),
    ],
)
def test_only_a_setting_of_the_page_goes_back_to_its_default(owner, page, key):
    token = csrf(owner.get("/admin/settings/portal").text)
    assert owner.post(f"/admin/settings/{page}/default", data={"key": key, "csrf_token": token}).status_code == 404
    assert owner.get("/admin/settings/portal/default").status_code == 405


def test_a_default_that_no_longer_fits_is_refused_with_a_sentence(owner, cast):
    both = {"portal.button_label": "Our site", "portal.button_url": "https://example.com"}
    settings.change(both, actor=cast.as_olivia)
    db.session.commit()
    data = {"key": "portal.button_url", "csrf_token": csrf(owner.get("/admin/settings/portal").text)}
    assert owner.post("/admin/settings/portal/default", data=data).status_code == 302
    page = owner.get("/admin/settings/portal").text
    assert "The link button needs both a text and an address." in page
    settings.forget()
    assert settings.read()["portal.button_url"] == "https://example.com"


@pytest.mark.covers("S5")
def test_settings_are_found_by_their_words_with_what_they_are_now(owner, cast):
    settings.change({"portal.auto_submit_hours": 12}, actor=cast.as_olivia)
    db.session.commit()
    page = owner.get("/admin/settings/search?q=FORGOTTEN%20hours").text
    assert '/admin/settings/portal#row-portal__auto_submit_hours"' in page
    assert "Now: 12" in page
    assert "1 setting fits." in page
    assert "No setting has these words" in owner.get("/admin/settings/search?q=zebra").text
    for odd in ("", "%20", "%00", "x" * 5000, "%3Cscript%3E", "\\", "%25"):
        answer = owner.get(f"/admin/settings/search?q={odd}")
        assert answer.status_code == 200
        assert "<script>" not in answer.text.partition("<main")[2]


def test_every_setting_is_found_by_its_own_name(owner):
    with owner.application.test_request_context():
        for entry in settings.REGISTRY.values():
            if entry.group != "lists":
                assert entry in [found.entry for found in finding.find(entry.label)], entry.key


@pytest.mark.covers("P8")
def test_the_portal_can_be_previewed_as_a_client_from_beside_its_switches(owner, cast):
    page = owner.get("/admin/settings/portal").text
    assert f'<option value="{cast.alice.id}">Alice Archer</option>' in page
    token = csrf(page)
    data = {"client_id": str(cast.alice.id), "csrf_token": token}
    answer = owner.post("/admin/settings/portal/preview", data=data)
    assert (answer.status_code, answer.headers["Location"]) == (307, f"/admin/client/{cast.alice.id}/portal-visit")
    assert owner.post(answer.headers["Location"], data=data).headers["Location"] == "/portal/"
    assert "Alice" in owner.get("/portal/account").text
    assert [
        x.client_id for x in db.session.scalars(sa.select(Activity).where(Activity.verb == "access.portal_opened"))
    ] == [cast.alice.id]
    for wrong in ("", "x", "9" * 30, "-1"):
        answer = owner.post("/admin/settings/portal/preview", data={"client_id": wrong, "csrf_token": token})
        assert answer.headers["Location"] == "/admin/settings/portal#preview"


def test_pages_of_settings_take_a_fixed_number_of_queries(owner, cast):
    n = {}
    for value in (12, 13, 14, 15, 16):
        settings.change({"portal.auto_submit_hours": value, "portal.notice": f"Notice {value}"}, actor=cast.as_olivia)
        db.session.commit()
        with statements() as sent:
            owner.get("/admin/settings/portal")
        n[value] = len(sent)
    assert len(set(n.values())) == 1, n
    assert n[16] <= 8, n
