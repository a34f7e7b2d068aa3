"""Business settings: defaults, what may be typed, what is logged, and the process's zone and currency."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation import clock, money
from models import Activity, LimitKind, Setting
from tests import factories as make
from tests.databases import count, statements
from workflows import settings
from workflows.actors import COMMAND_LINE
from workflows.errors import Invalid, NotAllowed
from workflows.settings import GROUPS, REGISTRY, Kind


def change(**values):
    """change(portal__requests=False)"""
    return settings.change({k.replace("__", "."): v for k, v in values.items()}, actor=COMMAND_LINE)


def refusal(**values):
    with pytest.raises(Invalid) as refused:
        change(**values)
    return refused.value.code, refused.value.field


# --------------------------------------------------------------------------------------------------------- registry


def test_default_of_every_setting_is_itself_allowed(db_session):
    assert len(REGISTRY) > 100
    assert {key: settings.clean(key, entry.default) for key, entry in REGISTRY.items()} == {
        key: entry.default for key, entry in REGISTRY.items()
    }


def test_every_setting_stands_in_a_group_and_every_group_is_used():
    assert {e.group for e in REGISTRY.values()} == {g.key for g in GROUPS}
    assert all(e.label and e.help for e in REGISTRY.values())


def test_choices_are_offered_where_a_choice_is_asked_for(app):
    for entry in REGISTRY.values():
        assert (entry.choices is not None) == (entry.kind is Kind.CHOICE)
    assert ("Europe/Berlin", "Europe/Berlin") in REGISTRY["business.time_zone"].choices()
    assert ("JPY", "JPY - Japanese Yen") in REGISTRY["business.currency"].choices()
    assert [code for code, _label in REGISTRY["booking.limit_kind"].choices()] == [k.value for k in LimitKind]
    assert ("de_DE", "Deutsch (Deutschland)") in REGISTRY["business.locale"].choices()


# ---------------------------------------------------------------------------------------------------------- reading


def test_read_gives_defaults_where_nothing_was_changed(db_session):
    values = settings.read()
    assert (values["portal.requests"], values["portal.auto_submit_hours"], values["booking.limit_number"]) == (
        True,
        24,
        None,
    )
    assert (values["mail.schedule_time"], values["booking.limit_time"]) == (dt.time(18), None)
    assert not values.is_changed("portal.requests")


def test_read_of_an_unknown_key_is_a_bug(db_session):
    with pytest.raises(KeyError):
        settings.read()["portal.magic"]
    with pytest.raises(KeyError):
        settings.clean("portal.magic", 1)


def test_read_leaves_stored_keys_alone_that_are_no_settings_any_more(db_session):
    make.setting("portal.of_an_older_version", "x")
    assert settings.read().stored == {}


def test_read_asks_once_until_it_is_forgotten(db_session):
    with statements() as sent:
        settings.read()
        settings.read()
        assert len(sent) == 1
        settings.forget()
        settings.read()
        assert len(sent) == 2


def test_read_sets_the_process_s_zone_and_currency(db_session):
    change(business__time_zone="Europe/Berlin", business__currency="EUR")
    clock.use_zone("UTC")
    money.use_currency("USD")
    settings.read()
    assert (clock.zone().key, money.currency()) == ("Europe/Berlin", "EUR")


# --------------------------------------------------------------------------------------------------------- changing


@pytest.mark.covers("B1")
def test_change_is_stored_read_and_logged_old_to_new(cast, db_session):
    done = settings.change({"portal.requests": False, "portal.auto_submit_hours": "48"}, actor=cast.as_olivia)
    db_session.commit()
    settings.forget()
    assert done == {"portal.requests": (True, False), "portal.auto_submit_hours": (24, 48)}
    assert (settings.read()["portal.requests"], settings.read()["portal.auto_submit_hours"]) == (False, 48)
    assert settings.read().is_changed("portal.requests")
    assert [(a.verb, a.staff_id, a.facts["changes"]) for a in db_session.query(Activity).order_by(Activity.id)] == [
        ("setting.changed", cast.olivia.id, {"portal.requests": [True, False]}),
        ("setting.changed", cast.olivia.id, {"portal.auto_submit_hours": [24, 48]}),
    ]


def test_change_to_the_same_value_logs_nothing(db_session):
    assert change(portal__requests=True, mail__schedule_time="18:00") == {}
    assert (count(Setting), count(Activity)) == (0, 0)


def test_change_again_keeps_one_row_and_the_moment(db_session, clock_at):
    change(portal__auto_submit_hours=48)
    at = clock_at("2026-11-24 09:00")
    assert change(portal__auto_submit_hours=24) == {"portal.auto_submit_hours": (48, 24)}
    db_session.expire_all()
    row = db_session.query(Setting).one()
    assert (row.value, row.changed_at, settings.read().is_changed(row.key)) == (24, at, False)


def test_change_of_several_is_refused_as_a_whole_when_one_is_wrong(db_session):
    assert refusal(portal__requests=False, mail__sitter_days="many") == ("setting_number", "mail.sitter_days")
    assert (count(Setting), settings.read()["portal.requests"]) == (0, True)


def test_change_that_is_rolled_back_is_not_remembered(db_session):
    change(portal__requests=False, business__time_zone="Europe/Berlin")
    db_session.rollback()
    assert (settings.read()["portal.requests"], clock.zone().key) == (True, "America/New_York")


def test_change_needs_the_owner(cast):
    for actor in (cast.as_max, cast.as_sam, cast.as_alice):
        with pytest.raises(NotAllowed):
            settings.change({"portal.requests": False}, actor=actor)


# ------------------------------------------------------------------------------------------------- what may be typed


@pytest.mark.parametrize(
    ("key", "raw", "kept"),
    [
        ("portal.requests", "y", True), ("portal.requests", "", False), ("portal.requests", None, False),
        ("portal.auto_submit_hours", "", None), ("portal.auto_submit_hours", " 12 ", 12), ("portal.auto_submit_hours", 720, 720),
        ("mail.sitter_days", "0", 0), ("mail.sitter_days", "7.0", 7),
        ("mail.schedule_time", "06:30", "06:30"), ("mail.schedule_time", dt.time(6, 30), "06:30"), ("mail.schedule_time", "19:15:00", "19:15"),
        ("booking.limit_time", "", None),
        ("business.name", " Paws & Co\0 ", "Paws & Co"), ("business.address", "1 High St\r\nAlbany", "1 High St\nAlbany"),
        ("business.address", "  ", ""), ("business.admin_inbox", "office@example.com", "office@example.com"),
        ("business.logo", "", None), ("business.time_zone", "Europe/Berlin", "Europe/Berlin"),
        ("portal.button_url", "https://example.com/x?y=1", "https://example.com/x?y=1"),
        ("booking.limit_kind", "hours", "hours"),
    ],
)  # fmt: skip
def test_clean_keeps(db_session, key, raw, kept):
    assert settings.clean(key, raw) == kept


@pytest.mark.parametrize(
    ("key", "raw", "code"),
    [
        ("business.name", " ", "setting_blank"), ("business.name", "x" * 81, "setting_long"),
        ("portal.auto_submit_hours", "0", "setting_number"), ("portal.auto_submit_hours", "721", "setting_number"),
        ("portal.auto_submit_hours", "1.5", "setting_number"), ("portal.auto_submit_hours", "-1", "setting_number"),
        ("portal.auto_submit_hours", "NaN", "setting_number"), ("portal.auto_submit_hours", "1e999999999", "setting_number"),
        ("mail.sitter_days", "", "setting_blank"), ("mail.sitter_days", Decimal("2.5"), "setting_number"),
        ("mail.schedule_time", "25:00", "setting_time"), ("mail.schedule_time", "noon", "setting_time"),
        ("business.time_zone", "Mars/Olympus", "setting_choice"), ("business.time_zone", "", "setting_blank"),
        ("business.currency", "XXY", "setting_choice"), ("business.locale", "tlh", "setting_choice"),
        ("business.admin_inbox", "office", "bad_email"), ("business.email", "a@b@c", "bad_email"),
        ("portal.button_url", "javascript:alert(1)", "bad_url"), ("portal.button_url", "/here", "bad_url"),
        ("portal.button_url", "https://", "bad_url"), ("portal.button_url", "https://a b.com", "bad_url"),
        ("portal.button_url", "https:\\\\example.com", "bad_url"), ("portal.button_url", "https://[broken", "bad_url"),
        ("booking.limit_kind", "sometimes", "setting_choice"),
    ],
)  # fmt: skip
def test_clean_refuses_and_names_the_setting(db_session, key, raw, code):
    with pytest.raises(Invalid) as refused:
        settings.clean(key, raw)
    assert (refused.value.code, refused.value.field) == (code, key)


def test_currency_with_other_decimals_is_refused_once_there_are_prices(db_session):
    assert change(business__currency="JPY")
    assert change(business__currency="USD")
    make.service_item()
    assert refusal(business__currency="JPY") == ("currency_decimals", "business.currency")
    assert change(business__currency="GBP")


@pytest.mark.covers("B9")
@pytest.mark.parametrize("kind", ["hours", "days"])
def test_limit_in_hours_or_days_needs_its_number(db_session, kind):
    assert refusal(booking__limit_kind=kind) == ("limit_number", "booking.limit_number")
    assert change(booking__limit_kind=kind, booking__limit_number=0)
    assert refusal(booking__limit_number="") == ("limit_number", "booking.limit_number")


@pytest.mark.covers("B9")
@pytest.mark.parametrize("kind", ["today_after", "tomorrow_after"])
def test_limit_after_a_time_needs_its_time(db_session, kind):
    assert refusal(booking__limit_kind=kind) == ("limit_time", "booking.limit_time")
    assert change(booking__limit_kind=kind, booking__limit_time="17:00")


@pytest.mark.covers("P9")
def test_link_button_needs_text_and_address(db_session):
    assert refusal(portal__button_label="Our site") == ("button_half", "portal.button_url")
    assert refusal(portal__button_url="https://example.com") == ("button_half", "portal.button_label")
    assert change(portal__button_label="Our site", portal__button_url="https://example.com")
    assert change(portal__button_label="", portal__button_url="")
