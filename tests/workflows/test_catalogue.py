"""The price list and the business's calendar: what may be saved, what may be removed, what hiding an item does."""

import datetime as dt
from decimal import Decimal

import pytest

from models import (
    Activity,
    ClosedDay,
    LimitKind,
    Notification,
    NotificationKind,
    PayKind,
    PublicHoliday,
    ServiceGroup,
    ServiceItem,
    TimeBlock,
    TimeType,
)
from tests import factories as make
from tests.databases import count
from workflows import catalogue
from workflows.errors import Invalid, NotAllowed

GOOD = {
    "name": "Puppy visit", "code": "Pup-20", "price": Decimal("18.00"), "extra_pet_price": Decimal(0), "pay_kind": PayKind.PERCENT,
    "pay_amount": Decimal(0), "pay_percent": Decimal(50), "duration_minutes": 20, "time_type": TimeType.STANDARD,
    "visible_in_portal": True, "is_active": True,
}  # fmt: skip


def verbs(db_session):
    return [v for (v,) in db_session.query(Activity.verb).order_by(Activity.id)]


# ---------------------------------------------------------------------------------------------------- service items


def test_save_item_adds_and_logs(cast, db_session):
    item = catalogue.save_item(ServiceItem(), GOOD, actor=cast.as_max)
    db_session.commit()
    assert (item.id is not None, item.name, verbs(db_session)) == (True, "Puppy visit", ["service_item.added"])


def test_save_item_changes_one_field_and_leaves_visits_their_price(cast, db_session):
    db_session.expire_all()
    catalogue.save_item(cast.walk, {"price": Decimal("25.00")}, actor=cast.as_max)
    db_session.expire_all()
    assert (cast.walk.price, cast.bobs_job.price) == (Decimal("25.00"), Decimal("20.00"))
    assert db_session.query(Activity.facts).one()[0]["changes"] == {"price": ["20.00", "25.00"]}


def test_save_item_strips_what_no_database_can_hold(cast):
    item = catalogue.save_item(ServiceItem(), {**GOOD, "name": " Puppy\0 visit ", "code": " Pup20 "}, actor=cast.as_max)
    assert (item.name, item.code, item.time_type) == ("Puppy visit", "Pup20", TimeType.STANDARD)


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"name": " "}, "required", "name"),
        ({"code": ""}, "bad_code", "code"), ({"code": "two words"}, "bad_code", "code"), ({"code": "x" * 21}, "bad_code", "code"),
        ({"code": "WALK30"}, "code_taken", "code"),
        ({"price": Decimal("-0.01")}, "bad_amount", "price"), ({"price": None}, "bad_amount", "price"),
        ({"price": Decimal(1_000_001)}, "bad_amount", "price"), ({"price": Decimal("1.005")}, "bad_amount", "price"),
        ({"extra_pet_price": Decimal("NaN")}, "bad_amount", "extra_pet_price"), ({"pay_amount": Decimal(-1)}, "bad_amount", "pay_amount"),
        ({"pay_percent": Decimal("100.01")}, "bad_percent", "pay_percent"), ({"pay_percent": Decimal(-1)}, "bad_percent", "pay_percent"),
        ({"pay_percent": Decimal("33.333")}, "bad_percent", "pay_percent"), ({"pay_percent": Decimal("NaN")}, "bad_percent", "pay_percent"),
        ({"duration_minutes": 0}, "bad_minutes", "duration_minutes"), ({"duration_minutes": 1441}, "bad_minutes", "duration_minutes"),
        ({"duration_minutes": None}, "bad_minutes", "duration_minutes"),
        ({"time_type": TimeType.TIME_BLOCK}, "needs_blocks", "time_blocks"),
        ({"request_limit_kind": LimitKind.HOURS}, "limit_number", "request_limit_number"),
        ({"request_limit_kind": LimitKind.DAYS, "request_limit_number": -1}, "limit_number", "request_limit_number"),
        ({"request_limit_number": 8761}, "limit_number", "request_limit_number"),
        ({"request_limit_kind": LimitKind.TODAY_AFTER}, "limit_time", "request_limit_time"),
        ({"request_limit_kind": LimitKind.TOMORROW_AFTER, "request_limit_number": 5}, "limit_time", "request_limit_time"),
    ],
)  # fmt: skip
def test_save_item_refuses_what_makes_no_sense(cast, db_session, values, code, field):
    with pytest.raises(Invalid) as refused:
        catalogue.save_item(ServiceItem(), {**GOOD, **values}, actor=cast.as_max)
    db_session.commit()
    assert (refused.value.code, refused.value.field, count(ServiceItem), verbs(db_session)) == (code, field, 3, [])


def test_save_item_keeps_its_own_code_in_other_letters(cast):
    catalogue.save_item(cast.walk, {"code": "WALK30"}, actor=cast.as_max)
    assert cast.walk.code == "WALK30"


def test_save_item_with_a_fixed_amount_does_not_look_at_the_share(cast):
    values = {**GOOD, "pay_kind": PayKind.AMOUNT, "pay_percent": Decimal(0), "pay_amount": Decimal("9.50")}
    assert catalogue.save_item(ServiceItem(), values, actor=cast.as_max).pay_amount == Decimal("9.50")


def test_save_item_of_a_new_one_takes_what_is_not_given_from_the_defaults(cast):
    item = catalogue.save_item(ServiceItem(), {"name": "Plain", "code": "P", "price": Decimal(5)}, actor=cast.as_max)
    assert (item.extra_pet_price, item.duration_minutes, item.time_type) == (0, 30, TimeType.STANDARD)


def test_save_item_of_time_blocks(cast):
    values = {**GOOD, "time_type": TimeType.TIME_BLOCK, "time_blocks": [cast.evening, cast.morning]}
    item = catalogue.save_item(ServiceItem(), values, actor=cast.as_max)
    assert item.time_blocks == [cast.evening, cast.morning]


@pytest.mark.covers("B2")
@pytest.mark.parametrize("values", [{"visible_in_portal": False}, {"is_active": False}], ids=["hidden", "inactive"])
def test_save_item_that_hides_it_flags_it_in_baskets_and_tells_home_and_the_client_s_log(cast, db_session, values):
    mine = make.basket(cast.alice, cast.cat_visit, n_lines=2, block=cast.morning)
    other = make.line(mine, cast.walk, on_date=make.DAY)
    catalogue.save_item(cast.cat_visit, values, actor=cast.as_max)
    db_session.commit()
    db_session.expire_all()
    assert [x.blocked_code for x in cast.bobs_basket.lines] == ["item_hidden"]
    assert [(x.service_item, x.blocked_code) for x in mine.lines] == [
        (cast.cat_visit, "item_hidden"), (cast.walk, None), (cast.cat_visit, "item_hidden"),
    ]  # fmt: skip
    assert other.blocked_code is None
    logged = {a.client_id: a.facts["n_lines"] for a in db_session.query(Activity).filter_by(verb="basket.item_hidden")}
    assert logged == {cast.alice.id: 2, cast.bob.id: 1}
    notices = {n.client_id: (n.kind, n.facts["n_lines"]) for n in db_session.query(Notification)}
    assert notices == {
        cast.alice.id: (NotificationKind.BASKET_BLOCKED, 2), cast.bob.id: (NotificationKind.BASKET_BLOCKED, 1),
    }  # fmt: skip


@pytest.mark.covers("B2")
def test_save_item_that_was_hidden_already_flags_nothing_again(cast, db_session):
    catalogue.save_item(cast.cat_visit, {"visible_in_portal": False}, actor=cast.as_max)
    catalogue.save_item(cast.cat_visit, {"is_active": False}, actor=cast.as_max)
    assert verbs(db_session).count("basket.item_hidden") == 1


def test_save_item_leaves_requests_that_are_sent_alone(cast, db_session):
    catalogue.save_item(cast.walk, {"visible_in_portal": False}, actor=cast.as_max)
    assert (cast.bobs_request.lines[0].blocked_code, count(Notification)) == (None, 0)


# ------------------------------------------------------------------------------------------------ groups and blocks


def test_save_plain_adds_and_changes_each_kind(cast, db_session):
    for record, new, changed in (
        (ServiceGroup(), {"name": "Boarding"}, {"name": "Boarding & day care"}),
        (TimeBlock(), {"name": "Noon", "starts_at": dt.time(11), "ends_at": dt.time(14)}, {"name": "Lunch"}),
        (PublicHoliday(), {"name": "Christmas", "on_date": dt.date(2026, 12, 25)}, {"is_closed": True}),
        (ClosedDay(), {"first_on": dt.date(2026, 12, 24), "last_on": dt.date(2026, 12, 26)}, {"reason": "Holidays"}),
    ):
        catalogue.save_plain(record, new, actor=cast.as_max)
        catalogue.save_plain(record, changed, actor=cast.as_max)
        assert {f: getattr(record, f) for f in {**new, **changed}} == {**new, **changed}
    assert len(verbs(db_session)) == 8


def test_save_plain_of_a_record_that_the_form_put_into_the_session_already(cast, db_session):
    group = ServiceGroup(name="Boarding")
    db_session.add(group)
    catalogue.save_plain(group, {"name": "Boarding"}, actor=cast.as_max)
    assert verbs(db_session) == ["service_group.added"]


def test_save_plain_strips_names(cast):
    group = ServiceGroup()
    catalogue.save_plain(group, {"name": " Board\0ing "}, actor=cast.as_max)
    assert group.name == "Boarding"


@pytest.mark.parametrize(
    ("kind", "values", "code", "field"),
    [
        (ServiceGroup, {"name": ""}, "required", "name"), (ServiceGroup, {"name": "dog WALKS"}, "name_taken", "name"),
        (ServiceGroup, {"name": "X", "request_limit_kind": LimitKind.DAYS}, "limit_number", "request_limit_number"),
        (TimeBlock, {"name": "X", "starts_at": dt.time(7), "ends_at": dt.time(7)}, "block_empty", "ends_at"),
        (TimeBlock, {"name": "MORNING", "starts_at": dt.time(7), "ends_at": dt.time(8)}, "name_taken", "name"),
        (PublicHoliday, {"name": "Again", "on_date": make.DAY}, "date_taken", "on_date"),
        (PublicHoliday, {"name": " ", "on_date": dt.date(2026, 12, 25)}, "required", "name"),
        (ClosedDay, {"first_on": make.DAY, "last_on": make.DAY - dt.timedelta(1)}, "order", "last_on"),
    ],
)  # fmt: skip
def test_save_plain_refuses_what_makes_no_sense(cast, db_session, kind, values, code, field):
    make.public_holiday(make.DAY)
    with pytest.raises(Invalid) as refused:
        catalogue.save_plain(kind(), values, actor=cast.as_max)
    assert (refused.value.code, refused.value.field, verbs(db_session)) == (code, field, [])


def test_save_plain_changes_one_field_and_looks_at_the_others_as_they_are(cast):
    catalogue.save_plain(cast.morning, {"name": "Early"}, actor=cast.as_max)
    closed = make.closed_day(make.DAY)
    catalogue.save_plain(closed, {"reason": "Holidays"}, actor=cast.as_max)
    for record, values in ((cast.morning, {"ends_at": dt.time(7)}), (closed, {"last_on": dt.date(2026, 1, 1)})):
        with pytest.raises(Invalid):
            catalogue.save_plain(record, values, actor=cast.as_max)
    assert (cast.morning.name, cast.morning.ends_at, closed.reason) == ("Early", dt.time(10), "Holidays")


def test_save_plain_keeps_its_own_name_and_date(cast):
    holiday = make.public_holiday(make.DAY)
    catalogue.save_plain(holiday, {"on_date": make.DAY, "name": "Turkey day"}, actor=cast.as_max)
    catalogue.save_plain(cast.dog_walks, {"name": "DOG WALKS"}, actor=cast.as_max)
    assert (holiday.name, cast.dog_walks.name) == ("Turkey day", "DOG WALKS")


def test_names_of_the_calendar_read_as_people_say_them(cast):
    assert [str(x) for x in (make.closed_day(make.DAY), make.closed_day(make.DAY, reason="Closed for us"), make.public_holiday())] == [
        "2026-11-26 - 2026-11-26", "Closed for us", "Thanksgiving Day",
    ]  # fmt: skip


# --------------------------------------------------------------------------------------------------------- removing


def test_remove_what_nothing_uses(cast, db_session):
    unused = [
        make.service_item("Never"),
        make.service_group(),
        make.time_block(),
        make.public_holiday(),
        make.closed_day(),
    ]
    for record in unused:
        catalogue.remove(record, actor=cast.as_max)
    db_session.commit()
    assert [v.split(".")[1] for v in verbs(db_session)] == ["removed"] * 5


def test_remove_what_is_used_is_refused(cast, db_session):
    for record in (cast.walk, cast.dog_walks, cast.morning):
        with pytest.raises(Invalid) as refused:
            catalogue.remove(record, actor=cast.as_max)
        assert refused.value.code == "still_used"
    db_session.commit()
    assert (cast.walk.group, cast.cat_visit.time_blocks, verbs(db_session)) == (
        cast.dog_walks,
        [cast.morning, cast.evening],
        [],
    )


# --------------------------------------------------------------------------------------------------------- holidays


@pytest.mark.covers("B9")
def test_load_holidays_adds_what_is_not_there_yet(cast, db_session):
    make.public_holiday(dt.date(2026, 11, 26), "Our own name")
    n = catalogue.load_holidays("US", 2026, actor=cast.as_max)
    names = dict(db_session.query(PublicHoliday.on_date, PublicHoliday.name))
    assert (n, names[dt.date(2026, 12, 25)], names[dt.date(2026, 11, 26)]) == (
        len(names) - 1,
        "Christmas Day",
        "Our own name",
    )
    assert catalogue.load_holidays("US", 2026, actor=cast.as_max) == 0


@pytest.mark.parametrize("country", ["DE", "GB", "FR", "JP"])
def test_load_holidays_names_them_in_english(cast, db_session, country):
    assert catalogue.load_holidays(country, 2027, actor=cast.as_max) > 5
    assert all(name.isascii() for (name,) in db_session.query(PublicHoliday.name))


@pytest.mark.parametrize("country", ["XX", "", "Atlantis"])
def test_load_holidays_of_an_unknown_country_is_refused(cast, country):
    with pytest.raises(Invalid) as refused:
        catalogue.load_holidays(country, 2026, actor=cast.as_max)
    assert (refused.value.code, refused.value.field) == ("no_country", "country")


def test_the_catalogue_is_closed_to_sitters_and_clients(cast, db_session):
    for who in (cast.as_sam, cast.as_alice):
        for do in (
            lambda who=who: catalogue.save_item(cast.walk, {"name": "X"}, actor=who),
            lambda who=who: catalogue.save_plain(cast.morning, {"name": "X"}, actor=who),
            lambda who=who: catalogue.remove(cast.night, actor=who),
            lambda who=who: catalogue.load_holidays("US", 2026, actor=who),
        ):
            with pytest.raises(NotAllowed):
                do()
    assert verbs(db_session) == []
