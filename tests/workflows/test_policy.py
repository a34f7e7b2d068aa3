"""Editing the cancellation policy and the opening hours: refusals with their field, the order, the log, who may."""

import datetime as dt
from decimal import Decimal

import pytest
import sqlalchemy as sa

from foundation.db import db
from models import Activity, CancellationReason, CancellationRule, LimitKind, NoticeKind, OpeningHours
from tests import factories as make
from workflows import catalogue, policy
from workflows.errors import Invalid, NotAllowed

pytestmark = pytest.mark.covers("X10")


def t(text):
    return dt.time.fromisoformat(text)


def last_log():
    return db.session.scalars(sa.select(Activity).order_by(Activity.id.desc()).limit(1)).one()


# --------------------------------------------------------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"name": " "}, "required", "name"),
        ({"notice_kind": NoticeKind.HOURS}, "notice_number", "notice_number"),
        ({"notice_kind": NoticeKind.DAYS, "notice_number": -1}, "bad_number", "notice_number"),
        ({"notice_kind": NoticeKind.HOURS, "notice_number": 8761}, "bad_number", "notice_number"),
        ({"notice_kind": NoticeKind.CLOCK, "notice_number": 1}, "notice_time", "notice_time"),
        ({"notice_kind": NoticeKind.BUSINESS_CLOCK, "notice_time": dt.time(17), "notice_number": 366}, "bad_number", "notice_number"),
        ({"season_from": "12-01"}, "season_half", "season_to"),
        ({"season_to": "12-01"}, "season_half", "season_from"),
        ({"season_from": "13-01", "season_to": "01-31"}, "season_day", "season_from"),
        ({"season_from": "12-01", "season_to": "1 Feb"}, "season_day", "season_to"),
        ({"season_from": "02-30", "season_to": "03-01"}, "season_day", "season_from"),
        ({"stay_day_from": 0}, "bad_number", "stay_day_from"),
        ({"stay_day_from": 4, "stay_day_to": 3}, "order", "stay_day_to"),
        ({"allowance_visits": -1}, "bad_number", "allowance_visits"),
        ({"allowance_months": 1001}, "bad_number", "allowance_months"),
        ({"charge_percent": Decimal("100.01")}, "bad_percent", "charge_percent"),
        ({"pay_percent": Decimal(-1)}, "bad_percent", "pay_percent"),
        ({"charge_percent": Decimal("33.333")}, "bad_percent", "charge_percent"),
        ({"charge_amount": Decimal("-0.01")}, "bad_amount", "charge_amount"),
        ({"charge_cap": Decimal("1.001")}, "bad_amount", "charge_cap"),
        ({"pay_amount": Decimal("NaN")}, "bad_amount", "pay_amount"),
    ],
)  # fmt: skip
def test_rule_that_makes_no_sense_is_refused_at_its_field(cast, values, code, field):
    with pytest.raises(Invalid) as refused:
        policy.save_rule(CancellationRule(), {"name": "Late", **values}, actor=cast.as_max)
    assert (refused.value.code, refused.value.field) == (code, field)
    db.session.expunge_all()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CancellationRule)) == 0


def test_rules_are_added_at_the_end_changed_and_removed_with_a_log_line_each(cast):
    first = policy.save_rule(CancellationRule(), {"name": "A"}, actor=cast.as_max)
    second = policy.save_rule(
        CancellationRule(), {"name": "B", "season_from": "02-29", "season_to": "03-01"}, actor=cast.as_max
    )
    assert [(r.name, r.position) for r in (first, second)] == [("A", 1), ("B", 2)]
    assert last_log().verb == "cancellation_rule.added"
    policy.save_rule(second, {"charge_percent": Decimal(50), "charge_cap": Decimal(20)}, actor=cast.as_max)
    assert last_log().facts["changes"]["charge_cap"] == [None, "20"]
    policy.remove(second, actor=cast.as_max)
    assert (last_log().verb, last_log().facts["name"]) == ("cancellation_rule.removed", "B")


def test_what_a_kind_of_notice_does_not_use_is_emptied(cast):
    rule = policy.save_rule(
        CancellationRule(), {"name": "A", "notice_kind": NoticeKind.CLOCK, "notice_time": t("21:00")}, actor=cast.as_max
    )
    assert (rule.notice_number, rule.notice_time) == (0, t("21:00"))
    policy.save_rule(rule, {"notice_kind": NoticeKind.HOURS, "notice_number": 24}, actor=cast.as_max)
    assert (rule.notice_number, rule.notice_time) == (24, None)
    policy.save_rule(rule, {"notice_kind": None}, actor=cast.as_max)
    assert (rule.notice_number, rule.notice_time) == (None, None)


def order(kind):
    return [r.name for r in db.session.scalars(sa.select(kind).order_by(kind.position, kind.id))]


def test_move_changes_places_and_mends_places_that_are_the_same(cast):
    rules = [make.cancellation_rule(n) for n in "ABC"]
    assert {r.position for r in rules} == {0}
    assert policy.move(rules[2], earlier=True, actor=cast.as_max)
    assert (order(CancellationRule), [r.position for r in rules]) == (["A", "C", "B"], [1, 3, 2])
    assert (last_log().verb, last_log().facts["changes"]) == ("cancellation_rule.moved", {"position": [3, 2]})
    assert policy.move(rules[0], earlier=False, actor=cast.as_max)
    assert order(CancellationRule) == ["C", "A", "B"]
    before = last_log().id
    assert not policy.move(rules[2], earlier=True, actor=cast.as_max)
    assert not policy.move(rules[1], earlier=False, actor=cast.as_max)
    assert (order(CancellationRule), last_log().id) == (["C", "A", "B"], before)


def test_reasons_have_names_of_their_own_and_an_order(cast):
    for name in ("My pet is ill", "Snow"):
        policy.save_reason(CancellationReason(), {"name": name}, actor=cast.as_max)
    for name, code in (("", "required"), (" snow ", "name_taken")):
        with pytest.raises(Invalid) as refused:
            policy.save_reason(CancellationReason(), {"name": name}, actor=cast.as_max)
        assert (refused.value.code, refused.value.field) == (code, "name")
    snow = db.session.scalars(sa.select(CancellationReason).where(CancellationReason.name == "Snow")).one()
    policy.save_reason(snow, {"name": "Snow", "for_clients": False}, actor=cast.as_max)
    policy.move(snow, earlier=True, actor=cast.as_max)
    assert (order(CancellationReason), snow.for_clients) == (["Snow", "My pet is ill"], False)


def test_only_who_may_edit_the_catalogue_edits_the_policy(cast):
    rule, reason = make.cancellation_rule(), make.cancellation_reason()
    for doing in (
        lambda: policy.save_rule(rule, {"name": "X"}, actor=cast.as_sam),
        lambda: policy.save_reason(reason, {"name": "X"}, actor=cast.as_sam),
        lambda: policy.move(rule, earlier=True, actor=cast.as_sam),
        lambda: policy.remove(reason, actor=cast.as_sam),
        lambda: policy.save_week({}, actor=cast.as_sam),
    ):
        with pytest.raises(NotAllowed):
            doing()


# ------------------------------------------------------------------------------------------------------- opening hours

WEEK = {0: [(t("08:00"), t("12:00")), (t("14:00"), t("18:00"))], 7: [(t("10:00"), t("12:00"))]}


def stored():
    rows = db.session.scalars(sa.select(OpeningHours).order_by(OpeningHours.weekday, OpeningHours.opens_at))
    return [(r.weekday, str(r), r.service_group_id, r.service_item_id) for r in rows]


@pytest.mark.covers("B9")
def test_week_is_replaced_for_its_scope_alone_and_logged_day_by_day(cast):
    policy.save_week(WEEK, actor=cast.as_max)
    policy.save_week({0: [(t("09:00"), t("10:00"))]}, actor=cast.as_max, group=cast.dog_walks)
    policy.save_week({0: [(t("05:00"), t("06:00"))]}, actor=cast.as_max, item=cast.walk)
    assert stored() == [
        (0, "05:00-06:00", None, cast.walk.id), (0, "08:00-12:00", None, None), (0, "09:00-10:00", cast.dog_walks.id, None),
        (0, "14:00-18:00", None, None), (7, "10:00-12:00", None, None),
    ]  # fmt: skip
    assert policy.save_week({0: [(t("08:00"), t("12:00"))], 7: WEEK[7]}, actor=cast.as_max)
    assert last_log().facts["changes"] == {"day0": ["08:00-12:00, 14:00-18:00", "08:00-12:00"]}
    assert not policy.save_week({0: [(t("08:00"), t("12:00"))], 7: WEEK[7]}, actor=cast.as_max)
    policy.save_week({}, actor=cast.as_max)
    assert {(group, item) for _day, _hours, group, item in stored()} == {
        (cast.dog_walks.id, None),
        (None, cast.walk.id),
    }


@pytest.mark.covers("B9")
@pytest.mark.parametrize(
    ("stretches", "code"),
    [
        ([("12:00", "08:00")], "order"), ([("08:00", "08:00")], "order"),
        ([("08:00", "12:00"), ("11:00", "14:00")], "overlap"), ([("12:00", "14:00"), ("08:00", "12:00")], "overlap"),
    ],
)  # fmt: skip
def test_hours_that_make_no_sense_are_refused_at_their_day(cast, stretches, code):
    with pytest.raises(Invalid) as refused:
        policy.save_week({3: [(t(a), t(b)) for a, b in stretches]}, actor=cast.as_max)
    assert (refused.value.code, refused.value.field, stored()) == (code, "day3", [])


# ---------------------------------------------------------------------------------------- limits and closed days' scope


@pytest.mark.covers("X8")
@pytest.mark.parametrize("limit", ["change_limit", "cancel_limit"])
def test_limits_of_changing_and_cancelling_are_checked_like_that_of_requesting(cast, limit):
    for record, save in ((cast.walk, catalogue.save_item), (cast.dog_walks, catalogue.save_plain)):
        for kind, field in ((LimitKind.HOURS, "number"), (LimitKind.TOMORROW_AFTER, "time")):
            with pytest.raises(Invalid) as refused:
                save(record, {f"{limit}_kind": kind}, actor=cast.as_max)
            assert (refused.value.code, refused.value.field) == (f"limit_{field}", f"{limit}_{field}")
        save(record, {f"{limit}_kind": LimitKind.HOURS, f"{limit}_number": 24}, actor=cast.as_max)
        assert getattr(record, f"{limit}_number") == 24


@pytest.mark.covers("B9")
def test_closed_stretch_is_for_a_group_or_a_service_not_both(cast):
    stretch = make.closed_day()
    with pytest.raises(Invalid) as refused:
        catalogue.save_plain(stretch, {"service_group": cast.dog_walks, "service_item": cast.walk}, actor=cast.as_max)
    assert (refused.value.code, refused.value.field) == ("two_scopes", "service_item")
    catalogue.save_plain(stretch, {"service_group": cast.dog_walks}, actor=cast.as_max)
    assert last_log().facts["changes"] == {"service_group": [None, "Dog walks"]}
