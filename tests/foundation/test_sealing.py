"""What is sealed opens only with a key that is there, also after keys were replaced."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import sealing


@pytest.fixture(autouse=True)
def _own_keys():
    kept = sealing._ring.fernet, sealing._ring.newest
    sealing.use_keys([sealing.new_key()])
    yield
    sealing._ring.fernet, sealing._ring.newest = kept


@given(st.text())
def test_unseal_gives_back_what_was_sealed(text):
    sealed = sealing.seal(text)
    assert sealing.unseal(sealed) == text
    assert text not in sealed or len(text) < 4


def test_same_text_looks_different_each_time():
    assert sealing.seal("4711") != sealing.seal("4711")


def test_replaced_key_still_opens_until_it_is_dropped():
    old, new = sealing.new_key(), sealing.new_key()
    sealing.use_keys([old])
    sealed = sealing.seal("4711")
    sealing.use_keys([new, old])
    again = sealing.reseal(sealed)
    sealing.use_keys([new])
    assert sealing.unseal(again) == "4711"
    with pytest.raises(sealing.UnreadableError):
        sealing.unseal(sealed)
    with pytest.raises(sealing.UnreadableError):
        sealing.reseal(sealed)


def test_altered_text_is_unreadable():
    sealed = sealing.seal("4711")
    with pytest.raises(sealing.UnreadableError):
        sealing.unseal(sealed[:-4] + "AAAA")


def test_without_keys_nothing_is_sealed():
    sealing.use_keys([])
    with pytest.raises(RuntimeError):
        sealing.seal("4711")


def test_key_that_is_none_is_refused():
    with pytest.raises(ValueError, match="Fernet key"):
        sealing.use_keys(["short"])


def test_signs_tell_texts_apart_and_need_the_key():
    first = sealing.sign("4711")
    assert sealing.sign("4711") == first != sealing.sign("4712")
    sealing.use_keys([sealing.new_key()])
    assert sealing.sign("4711") != first
    sealing.use_keys([])
    with pytest.raises(RuntimeError):
        sealing.sign("4711")
