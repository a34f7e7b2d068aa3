"""Forms: refusals beside their fields, two people at one record, double clicks, figures as people type them, look-ups."""

import datetime as dt
import re
from decimal import Decimal

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import MultiDict

from admin_site.converters import OfficeConverter, RecordField, RecordsField
from admin_site.number_fields import MoneyField, ShareField
from foundation import clock, money
from foundation.db import Base, db
from models import (
    Activity,
    Client,
    ClientStatus,
    JobRequestLine,
    LimitKind,
    Pet,
    ServiceItem,
    Staff,
    StaffRole,
    TimeOff,
    TimeType,
    Vet,
)
from tests import factories as make
from tests.admin.crud.desk import Desk
from tests.admin.crud.tables import TABLES
from tests.databases import count
from workflows import settings

#: columns that no person types in: keys, versions, times of the clock, numbers that are allotted
KEPT = {"id", "public_id", "created_at", "version", "account_number", "erased_at"}
#: changed on pages of their own, not in the form; or typed together with its other half
PLACES = {
    ("cancellation_rules", "position"), ("cancellation_reasons", "position"), ("price_rules", "position"),
    ("time_off", "state"), ("time_off", "answer"), ("time_off", "decided_at"), ("time_off", "decided_by_id"),
    ("team", "mails_off"), ("team", "quiet_from"), ("team", "quiet_until"),
    ("clients", "longitude"), ("keys", "place"), ("keys", "holder_id"), ("keys", "moved_at"), ("keys", "retired_at"),
}  # fmt: skip


# ------------------------------------------------------------------------------------------------------- every form


@pytest.mark.covers("S3")
@pytest.mark.parametrize("name", TABLES)
def test_every_editable_column_and_relation_has_a_field(lists, app, name):
    view = lists[name]
    with app.test_request_context():
        fields = set(view._create_form_class()._fields)
    columns = set()
    for prop in sa.inspect(view.model).column_attrs:
        column = prop.columns[0]
        if prop.key not in KEPT and (name, prop.key) not in PLACES:
            columns.add(prop.key.removesuffix("_id") if column.foreign_keys else prop.key)
    assert columns - fields == set()
    assert fields - columns - {"row_version", "form_key"} == ({"time_blocks"} if name == "services" else set())


def test_no_column_type_of_the_tables_is_without_a_converter(lists):
    converter = OfficeConverter(db, lists["clients"])
    unknown = {
        type(column.type).__name__
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if not column.foreign_keys and not column.primary_key and converter.get_converter(column) is None
    }
    assert unknown == set()


def test_no_list_of_options_is_longer_than_two_hundred(office, cast, lists):
    with make.at_once():
        for _ in range(210):
            client = make.client()
            make.staff("Zoe", "Zane")
            make.vet("Vet")
            make.service_group()
    for table in TABLES.values():
        record = table.make(cast)
        for url in (
            f"{table.url}new/?client={client.id}",
            f"{table.url}edit/?id={record.id}",
            f"{table.url}?panel=filters",
        ):
            page = office.open(url)
            for body in re.findall(r"<select.*?</select>", page.text, re.DOTALL):
                assert body.count("<option") <= 200, url
            assert len(page.data) < 40_000, url


@pytest.mark.parametrize("name", TABLES)
def test_a_form_that_is_sent_empty_comes_back_with_words_beside_its_fields(office, cast, name):
    office.open(f"{TABLES[name].url}new/")
    form = office.form()
    blank = {key: "" for key in form.fields if key not in {"csrf_token", "form_key"}}
    answer = office.send(form, **blank)
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert 'class="ui-problems' in answer.text


# ----------------------------------------------------------------------------------------------- refusals of workflows


@pytest.mark.covers("S3")
def test_a_refusal_stands_beside_its_field_and_what_was_typed_is_still_there(office, cast):
    answer = office.fill("/admin/clients/new/", first_name="Grace", email="not an address", city="Springfield")
    assert answer.status_code == 422
    assert "Enter a full mail address" in answer.text
    assert re.search(
        r'aria-describedby="email-error"[^>]*value="not an address"|value="not an address"[^>]*', answer.text
    )
    assert 'value="Springfield"' in answer.text
    assert count(Client, Client.first_name == "Grace") == 0


def errors_of(answer):
    """The fields with a sentence beside them."""
    return set(re.findall(r'id="([a-z_]+)-error"', answer.text))


@pytest.mark.parametrize(
    ("url", "typed", "wrong"),
    [
        ("clients", {"first_name": "", "email": "no address", "phone": "soon"}, {"first_name", "email", "phone"}),
        ("clients", {"first_name": "Grace", "postcode": "9" * 21, "email": "no address"}, {"postcode", "email"}),
        ("contacts", {"name": "", "email": "", "phone": "soon", "receives_copies": "y"}, {"client", "name", "email", "phone"}),
        ("pets", {"name": "", "born_on": "3000-01-01"}, {"client", "name", "born_on"}),
        ("pets", {"name": "Rex", "vaccinations_expire_on": "soon", "born_on": "3000-01-01"}, {"client", "vaccinations_expire_on", "born_on"}),
        ("vets", {"name": "", "phone": "soon", "email": "no address"}, {"name", "phone", "email"}),
        ("staff", {"first_name": "", "phone": "soon", "email": "no address"}, {"first_name", "phone", "email"}),
        ("services", {"name": "", "code": "two words", "price": "a lot", "duration_minutes": "0", "cancel_limit_kind": "days"},
         {"name", "code", "price", "duration_minutes", "cancel_limit_number"}),
        ("services", {"name": "Walk", "code": "walk30", "price": "-1", "duration_minutes": "30"}, {"code", "price"}),
        ("time-blocks", {"name": "", "starts_at": "09:00", "ends_at": "09:00"}, {"name", "ends_at"}),
        ("closed-days", {"first_on": "2026-12-24", "last_on": "2026-12-01", "reason": "x" * 256}, {"last_on", "reason"}),
        ("cancellation-rules", {"name": "", "notice_kind": "days", "season_from": "soon", "season_to": "13-40", "stay_day_from": "0", "charge_percent": "101", "charge_cap": "-1"},
         {"name", "notice_number", "season_from", "season_to", "stay_day_from", "charge_percent", "charge_cap"}),
        ("price-rules", {"name": "", "amount": "a lot", "starts_from": "09:00", "starts_before": "09:00", "pets_from": "0", "booked_within_hours": "0"},
         {"name", "amount", "starts_before", "pets_from", "booked_within_hours"}),
        ("extra-pets", {"from_pet": "1", "amount": "-1"}, {"service_item", "from_pet", "amount"}),
        ("agreed-prices", {"price": "-1"}, {"client", "service_item", "price"}),
    ],
)  # fmt: skip
def test_all_that_is_wrong_is_said_in_one_round(office, cast, url, typed, wrong):
    answer = office.fill(f"/admin/{url}/new/", **typed)
    assert (answer.status_code, errors_of(answer)) == (422, wrong)
    assert all(f'value="{text}"' in answer.text for text in typed.values() if text and text not in {"y", "days"})


def test_a_change_with_a_field_that_cannot_be_read_says_what_the_rules_say_of_the_others(office, cast):
    before = cast.alice.version
    answer = office.fill(f"/admin/clients/edit/?id={cast.alice.id}", postcode="9" * 21, phone="soon", first_name="")
    assert (answer.status_code, errors_of(answer)) == (422, {"postcode", "phone", "first_name"})
    fine = office.fill(f"/admin/clients/edit/?id={cast.alice.id}", postcode="9" * 21, city="Springfield")
    assert (errors_of(fine), cast.alice.version) == ({"postcode"}, before)


@pytest.mark.covers("S3")
def test_a_client_with_anothers_address_or_number_is_saved_and_pointed_out_with_a_way_there(office, cast):
    cast.alice.phone = "+12125550123"
    hal = {"first_name": "Hal", "last_name": "<b>Archer</b>", "email": "ALICE@example.com", "phone": "212 555 0123"}
    text = office.open(office.fill("/admin/clients/new/", **hal).headers["Location"]).text
    added = db.session.scalars(sa.select(Client).where(Client.first_name == "Hal")).one()
    link = f'href="/admin/client/{cast.alice.id}/"'
    assert [
        words in text
        for words in ("Another client has this mail address too:", "Another client has this phone number too:")
    ] == [True, True]
    assert (text.count(link), added.email) == (2, "alice@example.com")
    again = office.fill(f"/admin/clients/edit/?id={added.id}", city="Springfield")
    assert "Another client" not in office.open(again.headers["Location"]).text, "nothing of it was changed"
    changed = office.fill(f"/admin/clients/edit/?id={cast.bob.id}", email="alice@example.com")
    said = office.open(changed.headers["Location"]).text
    assert (
        "2 other clients have this mail address too:" in said,
        "phone number too" in said,
        "&lt;b&gt;Archer" in said,
    ) == (True, False, True)


def test_a_client_whose_twin_was_erased_or_who_shares_nothing_hears_nothing(office, cast):
    cast.alice.erased_at = clock.now()
    for typed in ({"first_name": "Hal", "email": "alice@example.com"}, {"first_name": "Ida", "email": ""}):
        assert "Another client" not in office.open(office.fill("/admin/clients/new/", **typed).headers["Location"]).text


def test_a_refusal_about_no_field_stands_above_the_form(office, cast):
    db.session.execute(sa.update(Staff).values(role=StaffRole.SITTER).where(Staff.id == cast.max.id))
    answer = office.fill(f"/admin/staff/edit/?id={cast.olivia.id}", role="sitter")
    assert (answer.status_code, "at least one active owner" in answer.text) == (422, True)
    assert cast.olivia.role is StaffRole.OWNER


@pytest.mark.parametrize(
    ("changes", "field", "says"),
    [
        ({"code": "two words"}, "code", "without spaces"),
        ({"code": "walk30"}, "code", "Another service has this code"),
        ({"price": "-1"}, "price", "0 or more"),
        ({"price": "1.234"}, "price", "at most 2 decimals"),
        ({"price": "a lot"}, "price", "Enter a number, for example 12.50"),
        ({"price": ""}, "price", "0 or more"),
        ({"pay_percent": "101"}, "pay_percent", "0 to 100"),
        ({"pay_percent": "NaN"}, "pay_percent", "Enter a number"),
        ({"duration_minutes": "0"}, "duration_minutes", "1 to 1440"),
        ({"duration_minutes": "9" * 30}, "duration_minutes", "whole number"),
        ({"time_type": "time_block", "time_blocks": None}, "time_blocks", "at least one time block"),
        ({"request_limit_kind": "hours", "request_limit_number": ""}, "request_limit_number", "how many hours"),
        ({"request_limit_kind": "today_after"}, "request_limit_time", "time of day"),
        ({"request_limit_kind": "whenever"}, "request_limit_kind", "Choose one of the list"),
        ({"group": "999999"}, "group", "Choose one of the list"),
        ({"time_blocks": ["1", "999999"]}, "time_blocks", "Choose from the list"),
        ({"name": "x" * 121}, "name", "At most 120 characters"),
    ],
)
def test_what_makes_no_sense_of_a_service_is_said_and_changes_nothing(office, cast, changes, field, says):
    item = make.service_item("Cat taxi", code="Taxi")
    answer = office.fill(f"/admin/services/edit/?id={item.id}", **changes)
    assert answer.status_code == 422
    error = re.search(rf'id="{field}-error">(.*?)</span></span>', answer.text, re.DOTALL)
    assert error is not None, answer.text[:3000]
    assert says in error[1]
    assert (item.version, item.code) == (1, "Taxi")


def test_nul_bytes_are_left_out_and_never_reach_the_database(office, cast):
    office.after(office.fill("/admin/vets/new/", name="Oak\0field", notes="a\0b"))
    vet = db.session.scalars(sa.select(Vet)).one()
    assert (vet.name, vet.notes) == ("Oakfield", "ab")


@pytest.mark.covers("S3")
def test_nothing_that_the_form_does_not_ask_for_can_be_set(office, cast):
    more = {c.key: "7" for c in sa.inspect(Client).column_attrs if c.key not in {"first_name", "email"}}
    more |= {"status": "active", "portal_enabled": "y", "phone": "", "primary_sitter": "", "latitude": ""}
    office.open("/admin/clients/new/")
    office.after(
        office.send(
            office.form(),
            first_name="Grace",
            account_number="1111111111",
            **{k: v for k, v in more.items() if k != "account_number"},
        )
    )
    made = db.session.scalars(sa.select(Client).order_by(Client.id.desc())).first()
    assert made.account_number != "1111111111"
    assert (made.id != 7, made.version, made.public_id != "7") == (True, 1, True)


# ------------------------------------------------------------------------------------------- two people, double clicks


@pytest.mark.covers("S3")
def test_19_two_people_at_one_record_the_second_sees_what_the_first_wrote_and_decides(office, managers, cast):
    url = f"/admin/clients/edit/?id={cast.alice.id}"
    office.open(url)
    mine = office.form()
    managers.after(managers.fill(url, city="Springfield", notes="Key is at the neighbour's"))
    answer = office.send(mine, city="Shelbyville")
    assert answer.status_code == 409
    assert "Someone changed this record meanwhile" in answer.text
    assert 'value="Shelbyville"' in answer.text
    assert "Now: Springfield" in answer.text
    assert "Now: Key is at the neighbour&#39;s" in answer.text
    assert (cast.alice.city, cast.alice.version) == ("Springfield", 2)
    office.after(office.send(office.form(), city="Shelbyville"))
    assert (cast.alice.city, cast.alice.notes) == ("Shelbyville", ""), "the second save was made knowing of the first"


@pytest.mark.parametrize("name", [n for n, t in TABLES.items() if hasattr(t.kind, "version")])
def test_19_every_record_with_a_version_is_guarded(office, cast, name):
    t = TABLES[name]
    record = t.make(cast)
    url = f"{t.url}edit/?id={record.id}"
    office.open(url)
    late = office.form()
    office.after(office.send(office.form(), **{t.field: t.typed}))
    assert office.send(late, **{t.field: t.typed}).status_code == 409
    assert office.send(late, row_version="").status_code == 409
    assert office.send(late, row_version=None).status_code == 409
    assert record.version == 2


def test_19_a_change_in_the_very_same_moment_is_caught_by_the_database(office, cast, monkeypatch):
    from admin_site.people import ClientList

    def and_meanwhile(self, record, values, actor):
        with db.engine.connect() as other:
            if other.dialect.name == "postgresql":
                other.execute(
                    sa.text("UPDATE client SET version = version + 1, city = 'Springfield' WHERE id = :i"),
                    {"i": record.id},
                )
                other.commit()
        if db.engine.dialect.name == "sqlite":
            db.session.execute(
                sa.text("UPDATE client SET version = version + 1, city = 'Springfield' WHERE id = :i"), {"i": record.id}
            )
        real(self, record, values, actor)

    real = ClientList.change
    monkeypatch.setattr(ClientList, "change", and_meanwhile)
    answer = office.fill(f"/admin/clients/edit/?id={cast.alice.id}", city="Shelbyville")
    assert (answer.status_code, "Someone changed this record meanwhile" in answer.text) == (409, True)


@pytest.mark.covers("S3")
@pytest.mark.parametrize("name", TABLES)
def test_a_double_click_adds_one_record(office, cast, name):
    t = TABLES[name]
    office.open(f"{t.url}new/")
    form, n = office.form(), count(t.kind)
    assert form.fields["form_key"]
    first, second = office.send(form, **t.new(cast)), office.send(form, **t.new(cast))
    assert (first.status_code, count(t.kind)) == (302, n + 1)
    assert "Nothing was done twice" in office.after(second) or second.status_code == 422


def test_a_form_that_was_refused_can_be_sent_again_with_its_key(office, cast):
    office.open("/admin/vets/new/")
    office.send(office.form(), name="")
    office.after(office.send(office.form(), name="Oakfield"))
    assert count(Vet) == 1


# ------------------------------------------------------------------------------------------------------- where it leads


def test_a_new_client_leads_to_their_page_and_another_can_follow_at_once(office, cast):
    answer = office.fill("/admin/clients/new/", first_name="Grace")
    made = db.session.scalars(sa.select(Client).order_by(Client.id.desc())).first()
    assert answer.headers["Location"] == f"/admin/client/{made.id}/"
    answer = office.fill("/admin/clients/new/", first_name="Ruth", _add_another="yes")
    assert answer.headers["Location"] == "/admin/clients/new/"


def test_a_form_opened_from_a_page_leads_back_there(office, cast):
    back = f"/admin/client/{cast.alice.id}/"
    answer = office.fill(f"/admin/pets/new/?client={cast.alice.id}&url={back}", name="Otis")
    assert answer.headers["Location"] == back
    made = db.session.scalars(sa.select(Pet).order_by(Pet.id.desc())).first()
    assert made.client_id == cast.alice.id


def test_a_form_opened_from_a_filtered_list_leads_back_to_that_page_of_it(office, cast):
    page = office.browser.get(
        f"/admin/clients/edit/?id={cast.alice.id}",
        headers={"Referer": "http://localhost/admin/clients/?view=all&page=2"},
    )
    assert 'name="url" value="/admin/clients/?view=all&amp;page=2"' in page.text
    elsewhere = {"Referer": "http://evil.example/admin/clients/?view=all"}
    assert "view=all" not in office.browser.get(f"/admin/clients/edit/?id={cast.alice.id}", headers=elsewhere).text


def test_pets_and_contacts_keep_their_client(office, cast):
    contact = make.client_contact(cast.alice)
    for url in (f"/admin/pets/edit/?id={cast.biscuit.id}", f"/admin/contacts/edit/?id={contact.id}"):
        office.open(url)
        assert "client" not in office.form().fields
        office.after(office.send(office.form(), client=str(cast.bob.id)))
    assert (cast.biscuit.client_id, contact.client_id) == (cast.alice.id, cast.alice.id)


# ----------------------------------------------------------------------------------------------------- Advanced (B2)


@pytest.mark.covers("B2")
def test_visible_in_portal_stands_in_the_advanced_section_with_its_line_of_help(office, cast):
    text = office.open(f"/admin/services/edit/?id={cast.walk.id}").text
    advanced = re.search(r'<details class="ui-advanced">.*?</details>', text, re.DOTALL)[0]
    for name in (
        "visible_in_portal",
        "is_active",
        "is_internal",
        "key_not_needed",
        "time_type",
        "time_blocks",
        "request_limit_kind",
        "request_limit_number",
        "request_limit_time",
    ):
        assert f'name="{name}"' in advanced, name
        assert text.count(f'name="{name}"') == advanced.count(f'name="{name}"')
    assert "Clients can request this service from the portal." in advanced
    assert 'name="price"' not in advanced


@pytest.mark.covers("B2")
def test_the_advanced_section_opens_itself_when_something_in_it_is_wrong(office, cast):
    url = f"/admin/services/edit/?id={cast.walk.id}"
    assert '<details class="ui-advanced">' in office.open(url).text
    assert '<details class="ui-advanced" open>' in office.fill(url, request_limit_kind="hours").text
    assert '<details class="ui-advanced">' in office.fill(url, price="a lot").text


@pytest.mark.covers("B2")
@pytest.mark.parametrize("how", [{"visible_in_portal": None}, {"is_active": None}])
def test_hiding_a_service_by_its_form_flags_it_in_baskets(office, cast, how):
    line = cast.bobs_basket.lines[0]
    office.after(office.fill(f"/admin/services/edit/?id={cast.cat_visit.id}", **how))
    line = db.session.get(JobRequestLine, line.id)
    assert line.blocked_code == "item_hidden"
    assert "basket.item_hidden" in db.session.scalars(sa.select(Activity.verb)).all()


@pytest.mark.covers("B2")
@pytest.mark.parametrize("action", ["hide", "deactivate"])
def test_hiding_services_in_bulk_flags_them_in_baskets(office, cast, action):
    line = cast.bobs_basket.lines[0]
    office.after(office.press(action, [cast.cat_visit], at="/admin/services/"))
    assert db.session.get(JobRequestLine, line.id).blocked_code == "item_hidden"


def test_all_of_a_services_form_is_kept(office, cast):
    office.after(
        office.fill(
            "/admin/services/new/", name="Midday", code="Mid", description="One hour", group=str(cast.dog_walks.id), position="3",
            price="1,032.50", extra_pet_price="4", pay_kind="amount", pay_amount="12.25", pay_percent="33.3", duration_minutes="45",
            visible_in_portal="y", is_internal="y", key_not_needed="y", time_type="time_block",
            time_blocks=[str(cast.morning.id), str(cast.evening.id)], request_limit_kind="tomorrow_after", request_limit_time="17:00",
        )
    )  # fmt: skip
    item = db.session.scalar(sa.select(ServiceItem).where(ServiceItem.code == "Mid"))
    assert (item.price, item.extra_pet_price, item.pay_amount, item.pay_percent) == (
        Decimal("1032.50"),
        Decimal(4),
        Decimal("12.25"),
        Decimal("33.3"),
    )
    assert [b.id for b in item.time_blocks] == [cast.morning.id, cast.evening.id]
    assert (item.time_type, item.request_limit_kind, item.request_limit_time) == (
        TimeType.TIME_BLOCK,
        LimitKind.TOMORROW_AFTER,
        dt.time(17),
    )
    assert (item.visible_in_portal, item.is_internal, item.key_not_needed, item.position, item.group_id) == (
        True,
        True,
        True,
        3,
        cast.dog_walks.id,
    )


# ---------------------------------------------------------------------------------------------------- figures and times


@pytest.fixture
def in_german(app):
    make.setting("business.locale", "de_DE")
    settings.forget()


MONEY = [
    ("12", "12"), ("12.5", "12.50"), ("12,50", "12.50"), ("1,250.00", "1250"), ("1.250,00", "1250"), ("1,250", "1250"),
    (" $ 12.50 ", "12.50"), ("1 250.00", "1250"), ("0", "0"), ("1.5e3", None), ("12.505", None), ("twelve", None), ("1,2,3.4.5", None),
    ("NaN", None), ("9" * 40, None), ("--5", None),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "means"), MONEY)
def test_money_as_people_type_it(app, typed, means):
    with app.test_request_context():
        settings.read()
        field = MoneyField().bind(form=None, name="price", _meta=_Meta())
        field.process(MultiDict({"price": typed}))
        assert (field.data, bool(field.process_errors)) == ((None, True) if means is None else (Decimal(means), False))


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("12,50", "12.50"),
        ("1.250,00", "1250"),
        ("1.250", "1250"),
        ("12.50", "12.50"),
        ("1,250.00", "1250"),
        ("1.250,5", "1250.50"),
    ],
)
def test_money_as_germans_type_it(app, in_german, typed, means):
    with app.test_request_context():
        settings.read()
        field = MoneyField().bind(form=None, name="price", _meta=_Meta())
        field.process(MultiDict({"price": typed}))
        assert (field.data, list(field.process_errors)) == (Decimal(means), [])


def test_money_is_shown_as_the_business_writes_it(office, cast, in_german):
    page = office.open(f"/admin/services/edit/?id={cast.walk.id}").text
    assert 'value="20,00"' in page
    office.after(office.fill(f"/admin/services/edit/?id={cast.walk.id}", price="21,5"))
    assert cast.walk.price == Decimal("21.50")


def test_a_currency_without_decimals_takes_none(app):
    with app.test_request_context():
        settings.read()
        money.use_currency("JPY")
        field = MoneyField().bind(form=None, name="price", _meta=_Meta())
        field.process(MultiDict({"price": "1200.5"}))
        assert field.process_errors == ["Enter a number with at most 0 decimals."]
        field.process(MultiDict({"price": "1200"}))
        assert (field.data, field._value()) == (Decimal(1200), "1200")


def test_shares_are_shown_without_needless_decimals(app):
    with app.test_request_context():
        field = ShareField().bind(form=None, name="share", _meta=_Meta())
        for share, shown in ((Decimal("50.00"), "50"), (Decimal("33.30"), "33.3"), (Decimal(0), "0"), (None, "")):
            field.process(None, share)
            assert field._value() == shown


def test_a_moment_is_typed_on_the_businesss_clock_and_kept_in_utc(app, lists):
    column = Client.__table__.c.created_at
    with app.test_request_context():
        unbound = OfficeConverter(db, lists["clients"]).conv_moment({"validators": []}, column=column)
        field = unbound.bind(form=None, name="at", _meta=_Meta())
        field.process(MultiDict({"at": "2026-07-01T12:00"}))
        assert field.data == dt.datetime(2026, 7, 1, 16, 0, tzinfo=clock.UTC)
        field = unbound.bind(form=None, name="at", _meta=_Meta())
        field.process(None, dt.datetime(2026, 12, 1, 17, 0, tzinfo=clock.UTC))
        assert field._value() == "2026-12-01T12:00"


class _Meta:
    """What a field asks of its form's Meta."""

    def get_translations(self, _form):
        return None

    def render_field(self, field, render_kw):
        return field.widget(field, **render_kw)


# ------------------------------------------------------------------------------------------------------- look-ups


def many_clients() -> Client:
    for n in range(205):
        make.client("Hannah", f"Okafor {n}")
    return make.client("Grace", "Lindqvist", account_number="4417000001")


def test_a_long_list_holds_only_what_is_chosen_and_asks_while_one_types(office, cast):
    many_clients()
    page = office.open(f"/admin/pets/new/?client={cast.alice.id}")
    select = re.search(r'<select[^>]*name="client".*?</select>', page.text, re.DOTALL)[0]
    assert 'data-lookup="/admin/pets/ajax/lookup/?name=client"' in select
    assert select.count("<option") == 1
    assert "Alice Archer, 4417 209 318" in select


def test_without_javascript_a_name_is_typed_into_the_box_beside_a_long_list(office, cast):
    grace = many_clients()
    answer = office.fill("/admin/pets/new/", name="Otis", client="", **{"client-search": "lindq"})
    office.after(answer)
    assert db.session.scalars(sa.select(Pet).where(Pet.name == "Otis")).one().client_id == grace.id


def test_a_name_that_several_have_offers_them_and_one_that_nobody_has_says_so(office, cast):
    many_clients()
    answer = office.fill("/admin/pets/new/", name="Otis", client="", **{"client-search": "okafor"})
    assert (answer.status_code, "Several are called so" in answer.text) == (422, True)
    options = re.search(r'<select[^>]*name="client".*?</select>', answer.text, re.DOTALL)[0]
    assert 2 <= options.count("<option") <= 21
    office.after(office.send(office.form(), client=re.search(r'value="(\d+)"', options)[1]))
    assert count(Pet, Pet.name == "Otis") == 1
    answer = office.fill("/admin/pets/new/", name="Luna", client="", **{"client-search": "nobodyiscalledso"})
    assert "Nothing is called" in answer.text


def test_20_looking_up_finds_by_a_few_letters_at_most_twenty(office, cast):
    grace = many_clients()
    found = office.open("/admin/pets/ajax/lookup/?name=client&query=LINDQ&limit=9999&offset=0").json
    assert found == [[grace.id, "Grace Lindqvist, 4417 000 001"]]
    assert len(office.open("/admin/pets/ajax/lookup/?name=client&query=okafor&limit=9999").json) == 20
    assert office.open("/admin/pets/ajax/lookup/?name=client&query=%25").json == []
    assert office.open("/admin/pets/ajax/lookup/?name=client&query=_______").json == []
    assert office.open("/admin/pets/ajax/lookup/?name=client&query=%00lindq").json[0][0] == grace.id
    office.open("/admin/pets/ajax/lookup/?name=nothing", 404)
    office.open("/admin/pets/ajax/lookup/", 404)


def test_who_is_gone_is_offered_no_more_but_stays_where_it_is(office, cast):
    gone = make.staff("Gone", "Girl", is_active=False)
    cast.alice.primary_sitter = gone
    text = office.open(f"/admin/clients/edit/?id={cast.alice.id}").text
    assert "Gone Girl (inactive)" in text
    office.after(office.send(office.form(), city="Springfield"))
    assert cast.alice.primary_sitter_id == gone.id
    assert "Gone Girl" not in office.open(f"/admin/clients/edit/?id={cast.bob.id}").text
    answer = office.send(office.form(), primary_sitter=str(gone.id))
    assert (answer.status_code, cast.bob.primary_sitter_id) == (422, cast.sita.id)


def test_a_time_block_that_is_gone_stays_with_the_services_that_have_it(office, cast):
    cast.morning.is_active = False
    office.after(office.fill(f"/admin/services/edit/?id={cast.cat_visit.id}", description="x"))
    assert [b.id for b in cast.cat_visit.time_blocks] == [cast.morning.id, cast.evening.id]
    assert "Morning" not in office.open(f"/admin/services/edit/?id={cast.walk.id}").text


def test_fields_of_records_say_what_they_are(lists):
    assert lists["pets"]._create_form_class.client.field_class is RecordField
    assert lists["services"]._create_form_class.time_blocks.field_class is RecordsField


# ------------------------------------------------------------------------------------------------ one value in its place


@pytest.mark.covers("S3")
def test_a_price_is_changed_in_its_place(office, cast):
    page = office.open("/admin/services/?view=all").text
    cell = f"/admin/services/cell/?id={cast.walk.id}&field=price"
    assert f'<a href="edit/?id={cast.walk.id}#price" data-cell>$20.00</a>' in page, (
        "without JavaScript it leads to the form"
    )
    office.open(cell)
    answer = office.send(office.form("/cell/"), price="21,50")
    assert (answer.status_code, "$21.50" in answer.text) == (200, True)
    assert (cast.walk.price, cast.walk.name, cast.walk.duration_minutes) == (Decimal("21.50"), "Dog walk", 30)


def test_a_value_in_its_place_is_refused_with_words_and_guarded_like_the_form(office, cast):
    cell = f"/admin/services/cell/?id={cast.walk.id}&field=price"
    office.open(cell)
    late = office.form("/cell/")
    answer = office.send(late, price="a lot")
    assert (answer.status_code, "Enter a number" in answer.text) == (422, True)
    office.send(late, price="21")
    answer = office.send(late, price="22")
    assert (answer.status_code, "Someone changed" in answer.text, cast.walk.price) == (422, True, Decimal(21))


def test_a_tick_is_changed_in_its_place_and_baskets_are_flagged(office, cast):
    office.open(f"/admin/services/cell/?id={cast.cat_visit.id}&field=visible_in_portal")
    answer = office.send(office.form("/cell/"), visible_in_portal=None)
    assert "Hidden" in answer.text
    assert cast.bobs_basket.lines[0].blocked_code == "item_hidden"


def test_only_what_the_list_offers_can_be_changed_in_its_place(office, cast):
    for field in ("name", "code", "version", "id", "", "price%00"):
        office.open(f"/admin/services/cell/?id={cast.walk.id}&field={field}", 404)
    office.open("/admin/services/cell/?id=999999&field=price", 404)


# --------------------------------------------------------------------------------------------------------- deleting


@pytest.mark.covers("S3")
@pytest.mark.parametrize(
    ("url", "which", "says"),
    [
        ("/admin/clients/", "bob", "Make it inactive instead"),
        ("/admin/pets/", "bella", "Make it inactive instead"),
        ("/admin/staff/", "sita", "Make it inactive instead"),
        ("/admin/services/", "walk", "Make it inactive instead"),
        ("/admin/time-blocks/", "morning", "Make it inactive instead"),
        ("/admin/service-groups/", "dog_walks", "Move them to another group"),
    ],
)
def test_what_other_records_need_stays_and_it_is_said(office, cast, url, which, says):
    record = getattr(cast, which)
    office.open(f"{url}delete/?id={record.id}")
    text = office.after(office.send(office.form()))
    assert says in text
    assert db.session.get(type(record), record.id) is not None


def test_a_vet_that_pets_go_to_stays(office, cast):
    vet = make.vet("Oakfield")
    cast.biscuit.vet = vet
    office.open(f"/admin/vets/delete/?id={vet.id}")
    assert "Make it inactive instead" in office.after(office.send(office.form()))
    assert cast.biscuit.vet_id == vet.id


def test_archiving_by_the_form_signs_the_household_out(office, cast, http, sign_in_as_client):
    alices = sign_in_as_client(http(), cast.alice)
    assert "/log-in" not in alices.get("/portal/").headers["Location"]
    office.after(office.fill(f"/admin/clients/edit/?id={cast.alice.id}", status="archived"))
    assert cast.alice.status is ClientStatus.ARCHIVED
    assert "/log-in" in alices.get("/portal/").headers["Location"]


def test_time_off_says_when_its_end_is_before_its_start(office, cast):
    answer = office.fill("/admin/time-off/new/", staff=str(cast.sam.id), first_on="2026-12-03", last_on="2026-12-01")
    assert (answer.status_code, "cannot be before the first" in answer.text, count(TimeOff)) == (422, True, 0)


def test_a_desk_is_needed(http, cast):
    assert Desk(http()).browser.get("/admin/clients/").headers["Location"].startswith("/office/log-in")


def test_a_phone_stands_in_the_form_as_people_write_it_and_saving_it_changes_nothing(office, cast):
    cast.alice.phone = "+14135550170"
    db.session.flush()
    url = f"/admin/clients/edit/?id={cast.alice.id}"
    page = office.open(url)
    assert 'value="(413) 555-0170"' in page.text
    before = db.session.scalar(sa.select(sa.func.count(Activity.id)))
    office.after(office.send(office.form("/edit/"), notes="The gate sticks."))
    db.session.refresh(cast.alice)
    assert (cast.alice.phone, cast.alice.notes) == ("+14135550170", "The gate sticks.")
    line = db.session.scalars(sa.select(Activity).order_by(Activity.id.desc())).first()
    assert db.session.scalar(sa.select(sa.func.count(Activity.id))) == before + 1
    assert set(line.facts["changes"]) == {"notes"}
