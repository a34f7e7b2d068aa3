"""Typed text without what nobody sees."""

import pytest

from foundation import text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Biscuit \n", "Biscuit"),
        ("one\r\ntwo\rthree\tfour", "one\ntwo\nthree\tfour"),
        ("nul\0 and bell\x07", "nul and bell"),
        ("Morning\u202e", "Morning"),
        ("a\u2067b\u2069c", "abc"),
        # The joiner holds this family together, and right-to-left languages need no such marks to be written.
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467 שלום", "\U0001f468\u200d\U0001f469\u200d\U0001f467 שלום"),
    ],
)
def test_tidy_keeps_what_can_be_read(typed, kept):
    assert text.tidy(typed) == kept


def test_visible_keeps_the_space_around():
    assert text.visible(" a\0 ") == " a "
