"""Which rows of a file were there before, kept on the disk."""

from workflows.importing.seen import Seen


def test_the_first_line_with_a_mark_is_told_to_all_after_it():
    seen = Seen()
    assert seen.firsts({2: "a", 3: "b", 4: "a"}) == {2: 2, 3: 3, 4: 2}
    assert seen.firsts({5: "b", 6: "c"}) == {5: 3, 6: 6}
    seen.close()


def test_a_piece_that_is_done_again_finds_its_own_lines():
    seen = Seen()
    seen.firsts({2: "a"})
    assert seen.firsts({2: "a", 3: "a"}) == {2: 2, 3: 2}
    seen.close()


def test_what_is_closed_has_forgotten():
    seen = Seen()
    seen.firsts({2: "a"})
    seen.close()
    assert seen.firsts({3: "a"}) == {3: 3}
    seen.close()
    seen.close()
