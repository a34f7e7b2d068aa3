"""Two visits of one person: the short rule agrees with trying every minute."""

import datetime as dt

from hypothesis import example, given
from hypothesis import strategies as st

from workflows.plans import MOST_TRIED, Window, clash, have_room

ZERO = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)


def minutes(n):
    return ZERO + dt.timedelta(minutes=n)


@st.composite
def windows(draw):
    """A window of up to 40 minutes within the same hour, with some work that fits into it."""
    earliest = draw(st.integers(0, 40))
    span = draw(st.integers(1, 40))
    return earliest, earliest + span, draw(st.integers(1, span))


def as_window(triple):
    earliest, latest, length = triple
    return Window(minutes(earliest), minutes(latest), dt.timedelta(minutes=length))


def can_do_both(one, other):
    """By trying: is there a start for each so that the two do not overlap?"""
    (e1, l1, n1), (e2, l2, n2) = one, other
    return any(s1 + n1 <= s2 or s2 + n2 <= s1 for s1 in range(e1, l1 - n1 + 1) for s2 in range(e2, l2 - n2 + 1))


@given(windows(), windows())
@example((0, 30, 30), (30, 60, 30))
@example((0, 31, 30), (30, 60, 30))
@example((0, 60, 30), (0, 60, 30))
@example((0, 60, 31), (0, 60, 30))
def test_clash_agrees_with_trying_every_minute(one, other):
    assert clash(as_window(one), as_window(other)) is not can_do_both(one, other)


@given(windows(), windows())
def test_clash_does_not_depend_on_who_is_asked_first(one, other):
    assert clash(as_window(one), as_window(other)) is clash(as_window(other), as_window(one))


@given(windows())
def test_clash_with_an_equal_visit_just_when_the_window_is_too_short_for_two(one):
    assert clash(as_window(one), as_window(one)) is (2 * one[2] > one[1] - one[0])


@given(windows(), windows(), st.integers(0, 30))
def test_clash_never_goes_away_by_making_a_window_narrower(one, other, less):
    narrower = (one[0], max(one[1] - less, one[0] + one[2]), one[2])
    assert not clash(as_window(one), as_window(other)) or clash(as_window(narrower), as_window(other))


def can_do_all(todo, free=0):
    """By trying every order, each visit as early as it may."""
    return not todo or any(
        max(free, earliest) + length <= latest and can_do_all([*todo[:i], *todo[i + 1 :]], max(free, earliest) + length)
        for i, (earliest, latest, length) in enumerate(todo)
    )


@given(st.lists(windows(), min_size=1, max_size=6))
@example([(0, 30, 12), (0, 30, 12), (0, 30, 12)])
@example([(0, 30, 8), (10, 18, 8), (0, 30, 8), (0, 30, 6)])
def test_have_room_agrees_with_trying_every_order(several):
    assert have_room([as_window(w) for w in several]) is can_do_all(several)


@given(windows(), windows())
def test_have_room_for_two_just_when_they_do_not_clash(one, other):
    assert have_room([as_window(one), as_window(other)]) is not clash(as_window(one), as_window(other))


@given(st.lists(windows(), min_size=MOST_TRIED + 1, max_size=MOST_TRIED + 4))
def test_have_room_for_very_many_is_never_denied_without_reason(many):
    if can_do_all(many):
        assert have_room([as_window(w) for w in many])


def test_have_room_for_very_many_is_denied_when_their_minutes_do_not_fit():
    assert not have_room([as_window((0, 40, 5))] * (MOST_TRIED + 1))
    assert have_room([as_window((0, 45, 5))] * (MOST_TRIED + 1))
