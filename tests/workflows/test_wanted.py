"""What somebody asks for: the single visits of it, and what makes no sense."""

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models import Pet, PetStatus, ServiceItem, TimeBlock, TimeType
from tests import factories as make
from workflows.errors import Invalid
from workflows.wanted import MAX_LINES, MAX_NOTE, Slot, Wanted, check_pets, clean_note, fingerprint, slots

THU, FRI = make.DAY, make.DAY + dt.timedelta(days=1)


def refusal(wanted, client, **more):
    with pytest.raises(Invalid) as refused:
        list(slots(wanted, client, **more))
    return refused.value.code, refused.value.field


@pytest.mark.covers("B4")
def test_slots_of_a_standard_item_are_one_a_day_at_the_preferred_time(cast):
    wanted = Wanted(cast.walk, [FRI, THU, FRI], dt.time(12), pets=[cast.biscuit])
    assert list(slots(wanted, cast.alice)) == [Slot(THU, dt.time(12)), Slot(FRI, dt.time(12))]


@pytest.mark.covers("B4")
def test_slots_of_a_standard_item_need_no_time_and_leave_blocks_out(cast):
    wanted = Wanted(cast.walk, [THU], blocks=[cast.morning], pets=[cast.biscuit])
    assert list(slots(wanted, cast.alice)) == [Slot(THU, None)]


@pytest.mark.covers("B4")
def test_slots_of_a_time_block_item_are_one_for_each_day_and_block(cast):
    wanted = Wanted(cast.cat_visit, [THU, FRI], dt.time(8), [cast.evening, cast.morning, cast.evening], [cast.mochi])
    assert list(slots(wanted, cast.alice)) == [
        Slot(THU, None, cast.morning), Slot(THU, None, cast.evening), Slot(FRI, None, cast.morning), Slot(FRI, None, cast.evening),
    ]  # fmt: skip


@pytest.mark.covers("B4")
@pytest.mark.parametrize("time_type", [TimeType.ANYTIME, TimeType.ALL_DAY], ids=str)
def test_slots_of_an_item_without_a_time_leave_the_time_out_for_clients_not_for_the_office(cast, time_type):
    cast.walk.time_type = time_type
    wanted = Wanted(cast.walk, [THU], dt.time(12), [cast.morning], [cast.biscuit])
    assert list(slots(wanted, cast.alice)) == [Slot(THU, None)]
    assert list(slots(wanted, cast.alice, any_block=True)) == [Slot(THU, dt.time(12))]


def test_slots_for_the_office_may_have_any_block_and_an_exact_time_in_it(cast):
    cast.night.is_active = False
    wanted = Wanted(cast.cat_visit, [THU], dt.time(23), [cast.night], [cast.mochi])
    assert refusal(wanted, cast.alice) == ("foreign_block", "blocks")
    assert list(slots(wanted, cast.alice, any_block=True)) == [Slot(THU, dt.time(23), cast.night)]


def test_slots_in_a_block_that_was_made_inactive_are_refused(cast):
    cast.evening.is_active = False
    assert refusal(Wanted(cast.cat_visit, [THU], blocks=[cast.evening], pets=[cast.mochi]), cast.alice) == (
        "foreign_block",
        "blocks",
    )


@pytest.mark.covers("B4")
def test_slots_refuse_nothing_chosen(cast):
    assert refusal(Wanted(cast.walk, [], pets=[cast.biscuit]), cast.alice) == ("no_date", "dates")
    assert refusal(Wanted(cast.cat_visit, [THU], pets=[cast.mochi]), cast.alice) == ("no_block", "blocks")
    assert refusal(Wanted(cast.walk, [THU]), cast.alice) == ("no_pet", "pets")


def test_slots_refuse_more_than_two_hundred(cast):
    days = [THU + dt.timedelta(days=i) for i in range(MAX_LINES)]
    assert len(list(slots(Wanted(cast.walk, days, pets=[cast.biscuit]), cast.alice))) == MAX_LINES
    for item, blocks in ((cast.walk, ()), (cast.cat_visit, [cast.morning, cast.evening])):
        too_many = [*days, FRI + dt.timedelta(days=MAX_LINES)] if not blocks else days
        assert refusal(Wanted(item, too_many, blocks=blocks, pets=[cast.biscuit]), cast.alice) == ("too_many", "dates")


@pytest.mark.covers("B4")
def test_check_pets_refuses_pets_of_others_and_pets_that_are_gone(cast):
    cast.mochi.status = PetStatus.DECEASED
    for pets, code in (([cast.biscuit, cast.bella], "foreign_pet"), ([cast.mochi], "pet_gone"), ([], "no_pet")):
        with pytest.raises(Invalid) as refused:
            check_pets(pets, cast.alice)
        assert (refused.value.code, refused.value.field) == (code, "pets")
    check_pets([cast.biscuit], cast.alice)


def test_check_pets_lets_a_client_without_pets_go_without(cast):
    check_pets([], make.client())
    cast.biscuit.status = cast.mochi.status = PetStatus.INACTIVE
    check_pets([], cast.alice)


def test_wanted_counts_a_pet_that_is_named_twice_once(cast):
    assert list(Wanted(cast.walk, [THU], pets=[cast.biscuit, cast.mochi, cast.biscuit]).pets) == [
        cast.biscuit,
        cast.mochi,
    ]


@pytest.mark.parametrize(
    ("note", "kept"),
    [("", ""), ("  a\r\nb\0 ", "a\nb"), ("x" * MAX_NOTE, "x" * MAX_NOTE)],
    ids=["empty", "odd", "long"],
)
def test_clean_note_keeps_what_can_be_kept(note, kept):
    assert clean_note(note) == kept


def test_clean_note_refuses_a_book():
    with pytest.raises(Invalid) as refused:
        clean_note("x" * (MAX_NOTE + 1))
    assert (refused.value.code, refused.value.field) == ("note_long", "note")


# ------------------------------------------------------------------------------------------------------ fingerprints

_ids = st.integers(1, 10**9)
_wishes = st.tuples(
    _ids, st.dates(), st.none() | st.times().map(lambda t: t.replace(second=0, microsecond=0)), st.none() | _ids,
    st.lists(_ids, unique=True, max_size=60),
)  # fmt: skip


def mark(wish):
    item, day, start, block, pets = wish
    return fingerprint(
        ServiceItem(id=item), Slot(day, start, TimeBlock(id=block) if block else None), [Pet(id=i) for i in pets]
    )


@given(_wishes, _wishes)
def test_fingerprints_are_equal_just_when_the_wishes_are(one, other):
    same = one[:4] == other[:4] and set(one[4]) == set(other[4])
    assert (mark(one) == mark(other)) is same


@given(_wishes, _ids)
@example((1, THU, None, None, list(range(10**8, 10**8 + 40))), 10**9)
def test_fingerprint_tells_one_more_pet_however_many_there_are(wish, pet):
    item, day, start, block, pets = wish
    others = [p for p in pets if p != pet]
    assert mark((item, day, start, block, others)) != mark((item, day, start, block, [*others, pet]))


@given(_wishes)
def test_fingerprint_does_not_depend_on_the_order_and_fits_its_column(wish):
    item, day, start, block, pets = wish
    assert mark(wish) == mark((item, day, start, block, pets[::-1]))
    assert len(mark(wish)) <= 200
