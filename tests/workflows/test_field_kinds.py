"""Every kind of field: what it takes, what it refuses, and how it is written."""

import datetime as dt
from decimal import Decimal

import pytest

from foundation import clock
from models import FieldKind, FilePurpose
from tests import factories as make
from workflows import field_kinds
from workflows.errors import Invalid

pytestmark = pytest.mark.covers("D3")
FOOD = [{"key": "raw", "label": "Raw food"}, {"key": "dry", "label": "Dry food"}]


def field(kind, **more):
    return make.custom_field(kind=kind, **{"choices": FOOD if "choice" in kind else [], **more})


@pytest.mark.parametrize(
    ("kind", "raw", "value", "words"),
    [
        (FieldKind.TEXT, "  Back door\x00 ", "Back door", "Back door"),
        (FieldKind.TEXT, "two\r\nlines", "two lines", "two lines"),
        (FieldKind.TEXT, "🐕 <b>&amp;", "🐕 <b>&amp;", "🐕 <b>&amp;"),
        (FieldKind.TEXT, "   ", None, ""),
        (FieldKind.TEXT, None, None, ""),
        (FieldKind.LONG_TEXT, "one\r\n\r\ntwo ", "one\n\ntwo", "one\n\ntwo"),
        (FieldKind.NUMBER, "1.5", Decimal("1.5"), "1.5"),
        (FieldKind.NUMBER, "-0.0001", Decimal("-0.0001"), "-0.0001"),
        (FieldKind.NUMBER, "12,345.5", Decimal("12345.5"), "12,345.5"),
        (FieldKind.NUMBER, "+7", Decimal(7), "7"),
        (FieldKind.NUMBER, "100", Decimal(100), "100"),
        (FieldKind.NUMBER, "\u22123", Decimal(-3), "-3"),
        (FieldKind.NUMBER, "", None, ""),
        (FieldKind.NUMBER, "0", Decimal(0), "0"),
        (FieldKind.DATE, "2026-02-03", dt.date(2026, 2, 3), "Feb 3, 2026"),
        (FieldKind.DATE, "", None, ""),
        (FieldKind.YES_NO, "yes", True, "Yes"),
        (FieldKind.YES_NO, "no", False, "No"),
        (FieldKind.YES_NO, "", None, ""),
        (FieldKind.CHOICE, "raw", "raw", "Raw food"),
        (FieldKind.CHOICE, "", None, ""),
        (FieldKind.MULTI_CHOICE, ["dry", "raw", "dry"], ("raw", "dry"), "Raw food, Dry food"),
        (FieldKind.MULTI_CHOICE, "dry", ("dry",), "Dry food"),
        (FieldKind.MULTI_CHOICE, [], None, ""),
        (FieldKind.EMAIL, " Ann@Example.COM ", "ann@example.com", "ann@example.com"),
        (FieldKind.PHONE, "(212) 555-0134", "+12125550134", "(212) 555-0134"),
        (FieldKind.PHONE, "+44 7700 900123", "+447700900123", "+44 7700 900123"),
        (FieldKind.LINK, "https://example.com/a?b=c", "https://example.com/a?b=c", "https://example.com/a?b=c"),
    ],
)
def test_what_is_typed_becomes_a_value_and_words(app, kind, raw, value, words):
    one = field(kind)
    assert field_kinds.clean(one, raw) == value
    assert field_kinds.shown(one, value) == words
    assert field_kinds.clean(one, field_kinds.typed(one, value)) == value
    assert field_kinds.clean(one, value) == value
    assert field_kinds.unpack(one, field_kinds.pack(value)) == value


@pytest.mark.parametrize(
    ("kind", "raw", "code"),
    [
        (FieldKind.TEXT, "x" * 256, "value_long"),
        (FieldKind.LONG_TEXT, "x" * 10_001, "value_long"),
        *[(FieldKind.NUMBER, raw, "value_number") for raw in ("x", "1e5", "NaN", "1,5", "1.2.3", "--1", "٣", "1_000", "0x1", True)],
        (FieldKind.NUMBER, "1.00001", "value_decimals"),
        (FieldKind.NUMBER, "1000000000000", "value_number_big"),
        (FieldKind.NUMBER, Decimal("NaN"), "value_number_big"),
        *[(FieldKind.DATE, raw, "value_date") for raw in ("26/11/2026", "2026-02-30", "1899-12-31", "2200-01-01", "٢٠٢٦-٠١-٠١", "0001-01-01")],
        (FieldKind.YES_NO, "maybe", "value_yes_no"),
        (FieldKind.CHOICE, "meat", "value_choice"),
        (FieldKind.MULTI_CHOICE, ["raw", "meat"], "value_choice"),
        (FieldKind.EMAIL, "ann@", "bad_email"),
        (FieldKind.PHONE, "none", "bad_phone"),
        *[(FieldKind.LINK, raw, "value_link") for raw in ("javascript:alert(1)", "example.com", "ftp://x.org", "https://", "http://[", "https://a b", "data:text/html,x", 'https://a"b')],
        (FieldKind.LINK, "https://example.com/" + "x" * 1000, "value_long"),
    ],
)  # fmt: skip
def test_what_is_refused_and_which_field_it_is_about(app, kind, raw, code):
    one = field(kind)
    with pytest.raises(Invalid) as refused:
        field_kinds.clean(one, raw)
    assert (refused.value.code, refused.value.field) == (code, one.public_id)


def test_numbers_are_read_as_the_country_writes_them(app):
    make.setting("business.locale", "de_DE")
    one = field(FieldKind.NUMBER)
    assert field_kinds.clean(one, "1.234,5") == Decimal("1234.5")
    assert field_kinds.typed(one, Decimal("1234.5")) == "1234,5"
    assert field_kinds.shown(one, Decimal("1234.5")) == "1.234,5"
    with pytest.raises(Invalid, match="12,5"):
        field_kinds.clean(one, "1.5")


def test_a_choice_that_is_offered_no_more_may_stay_but_not_be_chosen_anew(app):
    one, many = field(FieldKind.CHOICE), field(FieldKind.MULTI_CHOICE)
    assert field_kinds.clean(one, "meat", now="meat") == "meat"
    assert field_kinds.shown(one, "meat") == "meat"
    assert field_kinds.clean(many, ["meat", "raw"], now=("meat",)) == ("raw", "meat")
    assert field_kinds.choices(many, ("meat",)) == {"raw": "Raw food", "dry": "Dry food", "meat": "meat"}


def test_a_column_s_kind_and_length_are_its_own(cast):
    one = make.custom_field(kind=FieldKind.DATE, column="client.postcode")
    assert field_kinds.kind_of(one) is FieldKind.TEXT
    assert field_kinds.clean(one, "x" * 20) == "x" * 20
    with pytest.raises(Invalid, match="at most 20"):
        field_kinds.clean(one, "x" * 21)
    assert not field_kinds.is_needed(one)
    assert field_kinds.is_needed(make.custom_field(column="client.first_name"))
    assert field_kinds.is_needed(make.custom_field(is_required=True))


@pytest.mark.covers("D4")
def test_a_file_must_be_this_owner_s_own_and_still_there(cast):
    picture = {"purpose": FilePurpose.FIELD, "media_type": "image/webp", "name": "gate.webp"}
    mine = make.stored_file(cast.alice, **picture)
    pets = make.stored_file(cast.alice, pet=cast.mochi, **picture)
    image, file = field(FieldKind.IMAGE), field(FieldKind.FILE)
    assert field_kinds.clean(image, mine.public_id, owner=cast.alice) is mine
    assert field_kinds.clean(file, pets, owner=cast.mochi) is pets
    assert field_kinds.shown(file, mine) == "gate.webp"
    assert field_kinds.typed(file, mine) == mine.public_id
    assert field_kinds.clean(image, "", owner=cast.alice) is None
    document = make.stored_file(cast.alice, purpose=FilePurpose.FIELD)
    staffs = make.stored_file(cast.alice, staff_id=cast.sam.id, **picture)
    assert field_kinds.clean(file, staffs, owner=cast.sam) is staffs
    refused = [
        (file, mine, cast.bob), (file, mine, cast.mochi), (file, pets, cast.alice), (file, pets, cast.biscuit),
        (file, staffs, cast.sita), (file, mine, None), (image, document, cast.alice), (file, "nothing", cast.alice),
        (file, "../../etc/passwd", cast.alice), (file, make.stored_file(cast.alice), cast.alice),
        (file, make.stored_file(cast.alice, removed_at=clock.now(), **picture), cast.alice),
    ]  # fmt: skip
    for one, raw, owner in refused:
        with pytest.raises(Invalid):
            field_kinds.clean(one, raw, owner=owner)


def test_secrets_are_masked_unless_revealed(app):
    code = field(FieldKind.TEXT, is_secret=True)
    assert field_kinds.shown(code, "4711") == "••••"
    assert field_kinds.shown(code, "4711", reveal=True) == "4711"
    assert field_kinds.shown(code, None) == ""


def test_conditions_compare_keys(app):
    assert list(field_kinds.keys_of(None)) == []
    assert list(field_kinds.keys_of(True)) == ["yes"]
    assert list(field_kinds.keys_of(False)) == ["no"]
    assert list(field_kinds.keys_of(("a", "b"))) == ["a", "b"]
    assert list(field_kinds.keys_of("raw")) == ["raw"]
    assert list(field_kinds.keys_of(Decimal("1.5"))) == ["1.5"]


def test_what_a_field_cannot_be_any_more_is_not_filled_in(app):
    assert field_kinds.unpack(field(FieldKind.NUMBER), "many") is None
    assert field_kinds.unpack(field(FieldKind.DATE), "soon") is None
    assert field_kinds.unpack(field(FieldKind.YES_NO), "x") is None
    assert field_kinds.unpack(field(FieldKind.TEXT), ["x"]) is None
    assert field_kinds.unpack(field(FieldKind.MULTI_CHOICE), "x") is None
    assert field_kinds.unpack(field(FieldKind.FILE), "none") is None


def test_marks_tell_values_apart(app):
    values = [None, "", "a", True, False, Decimal(1), Decimal("1.1"), ("a",), ("a", "b"), dt.date(2026, 1, 2)]
    assert len({field_kinds.mark(v) for v in values}) == len(values)
    assert field_kinds.mark(Decimal("1.50").normalize()) == field_kinds.mark(Decimal("1.5"))


def test_a_retired_choice_is_offered_no_more_and_keeps_its_words_where_it_was_chosen(app):
    of = field(FieldKind.CHOICE, choices=[*FOOD, {"key": "fish", "label": "Fish", "retired": "yes"}])
    assert "fish" not in field_kinds.choices(of)
    assert (field_kinds.clean(of, "fish", now="fish"), field_kinds.shown(of, "fish")) == ("fish", "Fish")
    with pytest.raises(Invalid):
        field_kinds.clean(of, "fish")
